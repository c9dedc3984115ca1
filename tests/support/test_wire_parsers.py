"""The readers against the tools' own words: BuildKit v0.32.2, buildx v0.36.1, envd 1.3.6."""

from __future__ import annotations

import json

import pytest

from tests.support.refused import refused
from tests.support.wire_parsers import (
    Entry,
    WireError,
    bake,
    buildctl,
    buildx,
    compose,
    envd,
    frontend,
    github_actions,
    llb,
    protobuf,
)

NOT_CLOSED = (
    "The expression is not closed. An unescaped ${{ sequence was found, "
    "but the closing }} sequence was not found."
)
NO_LABEL = (
    "Missing block label; At least one object property is required, "
    "whose name represents the variable block's name."
)
IS_NULL = (
    "Invalid template interpolation value; The expression result is null. "
    "Cannot include a null value in a string template."
)


def test_flags_are_read_in_both_spellings() -> None:
    one = ["--export-cache", "type=registry,ref=r", "--import-cache=type=registry,ref=i"]
    entries: tuple[list[Entry], list[Entry]] = (
        [("registry", {"mode": "min", "ref": "r"})],
        [("registry", {"ref": "i"})],
    )
    assert buildctl(one) == entries
    assert envd(one) == entries
    assert buildx(["--cache-to=type=registry,ref=r", "--cache-from", "i"]) == (
        [("registry", {"ref": "r"})],
        [("registry", {"ref": "i"})],
    )


@pytest.mark.parametrize("read", [buildctl, buildx, envd])
def test_other_arguments_are_refused(read: object) -> None:
    assert callable(read)
    with refused("not a cache flag: --push"):
        read(["--push"])


def test_a_flag_without_value_is_refused() -> None:
    with refused("flag needs an argument: --cache-to"):
        buildx(["--cache-to"])


def test_keys_are_lowered_spaces_stay_and_the_last_key_wins() -> None:
    text = "TYPE=registry,type=local,DEST=/a, mode=max,dest=/b"
    assert buildctl(["--export-cache", text])[0] == [("local", {"mode": "min", "dest": "/b", " mode": "max"})]
    assert buildx(["--cache-to", text])[0] == [("local", {"dest": "/b", " mode": "max"})]


def test_a_text_without_type_is_a_ref() -> None:
    export = ["--export-cache", "TYPE=registry,ref=r"]
    assert buildctl(export)[0] == [("registry", {"mode": "min", "ref": "TYPE=registry,ref=r"})]
    assert envd(["-ic", "ref=r,mode=max"])[1] == [("registry", {"ref": "ref=r,mode=max"})]
    assert buildx(["--cache-from", "a,b"])[1] == [("registry", {"ref": "a"}), ("registry", {"ref": "b"})]
    assert buildx(["--cache-to", "TYPE=registry,ref=x"])[0] == [("registry", {"ref": "x"})]


def test_a_missing_type_is_refused() -> None:
    with refused("--export-cache requires type=<type>"):
        buildctl(["--export-cache", "type=,ref=r"])
    with refused("--import-cache requires type=<type>"):
        envd(["--import-cache", "notype=registry"])
    with refused('type required for "ref=x,mode=max"'):
        buildx(["--cache-to", "ref=x,mode=max"])


def test_a_field_without_equals_is_refused() -> None:
    with refused("invalid value ref"):
        envd(["--export-cache", "type=registry,ref"])
    with refused("invalid value "):
        buildctl(["--import-cache", "type=registry,ref=r,"])
    with refused("invalid value b"):
        buildx(["--cache-to", "type=local,dest=/a,b"])


def test_an_empty_string() -> None:
    with refused("registry cache exporter requires ref"):
        buildctl(["--export-cache", ""])
    with refused("registry cache importer requires ref"):
        buildctl(["--import-cache", ""])
    assert buildx(["--cache-to", "", "--cache-from", ""]) == ([], [])
    assert envd(["--export-cache", "", "--import-cache", ""]) == ([], [])


def test_what_the_client_library_asks_for() -> None:
    with refused("local cache exporter requires dest"):
        buildx(["--cache-to", "type=local,src=/x"])
    with refused("local cache importer requires src"):
        buildctl(["--import-cache", "type=local,dest=/x"])
    with refused("local cache exporter requires dest"):
        envd(["--export-cache", "type=local"])
    with refused("local cache importer requires src"):
        buildx(["--cache-from", "type=local"])
    with refused("registry cache importer requires ref"):
        bake('{"target": {"t": {"cache-from": ["type=registry"]}}}', {})
    with refused("registry cache exporter requires ref"):
        bake('{"target": {"t": {"cache-to": ["type=registry"]}}}', {})
    assert envd(["--import-cache", "type=local"])[1] == [("local", {})]


def test_the_daemon_refuses_two_exports_to_one_place() -> None:
    one, other = "type=registry,ref=r", "type=registry,ref=r,mode=max"
    with refused("duplicate cache exports [registry]"):
        buildctl(["--export-cache", one, "--export-cache", other])
    with refused("duplicate cache exports [registry inline]"):
        buildx([f"--cache-to={t}" for t in (one, "type=inline", one, one, "type=inline")])
    assert len(buildctl(["--export-cache", one, "--export-cache", "r:latest"])[0]) == 2


def test_envd_keeps_the_last_flag_and_the_first_line() -> None:
    for text in ("type=registry,ref=r\n,mode=max", "type=registry,ref=r\r"):
        argv = ["-ec", "type=inline", "-ec", text, "-ic", "type=inline", "-ic", text]
        assert envd(argv) == ([("registry", {"mode": "min", "ref": "r"})], [("registry", {"ref": "r"})])


def test_buildctl_and_buildx_keep_every_flag_and_line() -> None:
    text = "type=registry,ref=r\r"
    ref = ("registry", {"ref": "r\r"})
    assert buildctl(["--import-cache", text, "--import-cache", text])[1] == [ref, ref]
    assert buildctl(["--export-cache", text])[0] == [("registry", {"mode": "min", "ref": "r\r"})]
    assert buildx(["--cache-from", text, "--cache-from", text])[1] == [ref, ref]


def test_the_github_token_comes_from_the_environment() -> None:
    argv = ["--export-cache", "type=gha,scope=s"]
    known = {"ACTIONS_RUNTIME_TOKEN": "t", "ACTIONS_CACHE_URL": "u", "ACTIONS_RESULTS_URL": "v"}
    filled = {"mode": "min", "scope": "s", "token": "t", "url": "u"}
    assert buildctl(argv)[0] == [("gha", {"mode": "min", "scope": "s"})]
    assert buildctl(argv, known)[0] == [("gha", filled)]
    second = {**known, "ACTIONS_CACHE_SERVICE_V2": "true"}
    assert buildctl(argv, second)[0] == [("gha", {**filled, "url_v2": "v"})]
    for truthy in ("1", "t", "T", "TRUE", "True"):
        assert buildctl(argv, {**known, "ACTIONS_CACHE_SERVICE_V2": truthy})[0][0][1]["url_v2"] == "v"
    for more, url_v2 in ((",version=2", "v"), (",version=1", None), (",version=2,url_v2=w", "w")):
        assert buildctl([argv[0], argv[1] + more], known)[0][0][1].get("url_v2") == url_v2
    assert buildctl([argv[0], argv[1] + ",version=1"], second)[0][0][1].get("url_v2") is None
    given = buildctl([argv[0], argv[1] + ",url=x,token=y"], second)[0][0][1]
    assert (given["url"], given["token"]) == ("x", "y")
    for name in ("url", "url_v2"):
        assert buildctl([argv[0], argv[1] + f",{name}=x,token=y"], {})[0][0][1][name] == "x"
    with refused("cache with type gha requires url parameter to be set"):
        buildctl(argv, {})
    with refused("cache with type gha requires token parameter or $ACTIONS_RUNTIME_TOKEN"):
        buildctl(argv, {"ACTIONS_RESULTS_URL": "v"})


def test_buildx_drops_gha_without_a_token() -> None:
    texts = ("type=gha", "type=gha,token=t", "type=gha,url=u", "type=gha,token=t,url=u", "r")
    kept = [("gha", {"token": "t", "url": "u"}), ("registry", {"ref": "r"})]
    assert buildx([f"--cache-from={text}" for text in texts], {}) == ([], kept)
    assert buildx([f"--cache-to={text}" for text in texts], {}) == (kept, [])
    assert len(buildx(["--cache-to=type=gha,token=t,url_v2=u"], {})[0]) == 1


def bake_text(*entries: str, variable: object = None) -> str:
    blocks = {} if variable is None else {"variable": variable}
    return json.dumps({**blocks, "target": {"t": {"cache-to": list(entries)}}})


def test_bake_interpolates_every_string() -> None:
    text = bake_text("type=registry,ref=${REF},a=$${X},b=$$${X},c=%%{x},d=5%,e=$x$", variable={"REF": {}})
    attrs = {"ref": "r", "a": "${X}", "b": "$${X}", "c": "%{x}", "d": "5%", "e": "$x$"}
    assert bake(text, {"REF": "r"}) == {"t": ([("registry", attrs)], [])}


def test_bake_takes_the_default_of_a_variable() -> None:
    text = bake_text("type=registry,ref=${A}/${B}", variable={"A": {"default": "a"}, "B": {"default": "b"}})
    assert bake(text, {"A": "x"})["t"][0] == [("registry", {"ref": "x/b"})]


@pytest.mark.parametrize(
    ("entry", "variable", "message"),
    [
        ("${X}", None, 'Unknown variable; There is no variable named "X".'),
        ("%{x", None, "a template directive, not text: %{x"),
        ("${1}", None, "not a plain variable: ${1}"),
        ("$%{x}", None, "a template directive, not text: %{x}"),
        ("${X}", {"X": {"default": None}}, IS_NULL),
        ("", {}, NO_LABEL),
    ],
)
def test_bake_refuses(entry: str, variable: object, message: str) -> None:
    with refused(message):
        bake(bake_text(entry, variable=variable), {})


def test_bake_refuses_names_and_keys() -> None:
    with refused('Invalid name; only "[a-zA-Z0-9_-]+" are allowed'):
        bake('{"target": {"a.b": {}}}', {})
    for kind in ("group", "target"):
        with refused(NO_LABEL.replace("variable", kind)):
            bake(json.dumps({"target": {"a": {}}} | {kind: {}}), {})
    with refused("inherits is not modelled"):
        bake('{"target": {"a": {"inherits": ["b"]}}}', {})
    with refused("not a list of strings: [{'type': 'inline'}]"):
        bake('{"target": {"a": {"cache-to": [{"type": "inline"}]}}}', {})
    with refused("not a list of strings: 'type=inline'"):
        bake('{"target": {"a": {"cache-to": "type=inline"}}}', {})
    with refused("a key stands twice in one object"):
        bake('{"target": {"a": {}, "a": {}}}', {})


def test_bake_makes_one_of_equal_entries() -> None:
    text = bake_text("type=registry,ref=r", "r", "type=inline")
    made = [("registry", {"ref": "r"}), ("inline", {})]
    assert bake(text, {}) == {"t": (made, [])}
    assert bake(text.replace("cache-to", "cache-from"), {}) == {"t": ([], made)}


COMPOSE = """
services:
  web:
    build:
      context: .
      cache_to: ["{}"]
      cache_from: [base]
  db: {{image: postgres}}
"""


def test_compose_reads_services_with_build() -> None:
    found = compose(COMPOSE.format("type=inline"), {})
    assert found == {"web": ([("inline", {})], [("registry", {"ref": "base"})])}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$X", "val"),
        ("a${X}b", "avalb"),
        ("$X-$Xb", "val-"),
        ("$$X", "$X"),
        ("$${X}", "${X}"),
        ("$$$X", "$val"),
        ("a$", "a$"),
        ("a$1", "a$1"),
        ("${NONE}", ""),
        ("${NONE:-d$X}", "dval"),
        ("${NONE-${X}}", "val"),
        ("${EMPTY:-d}", "d"),
        ("${EMPTY-d}", ""),
        ("${X:+yes}${NONE+no}", "yes"),
        ("${X:?must}", "val"),
        ("${X}}", "val}"),
    ],
)
def test_compose_interpolates(text: str, value: str) -> None:
    found = compose(COMPOSE.format(f"type=x,k={text}"), {"X": "val", "EMPTY": ""})
    assert found["web"][0] == [("x", {"k": value})]


def test_compose_refuses() -> None:
    with refused("required variable X is missing a value: must"):
        compose(COMPOSE.format("${X:?must}"), {})
    for text in ("a${", "${}", "${1}", "${X y}"):
        with pytest.raises(WireError, match=r"^invalid interpolation format"):
            compose(COMPOSE.format(text), {})
    with refused("a key stands twice in one mapping"):
        compose("services: {a: {}, a: {}}", {})


def test_compose_through_bake_reads_templates_twice() -> None:
    text = COMPOSE.format("type=x,k=$${X}")
    assert compose(text, {})["web"][0] == [("x", {"k": "${X}"})]
    with refused('Unknown variable; There is no variable named "X".'):
        compose(text, {}, via_bake=True)


def test_github_actions_joins_the_fields_of_a_line() -> None:
    text = """
    steps:
      - uses: docker/setup-buildx-action@v3
      - uses: docker/build-push-action@v6
        with:
          cache-from: |
            type=registry,ref=a

            type=gha
          cache-to: type=registry,ref=a,mode=max  # a comment of YAML
    """
    assert github_actions(text, {}) == (
        [("registry", {"ref": "a", "mode": "max"})],
        [("registry", {"ref": "a"}), ("gha", {})],
    )


def line(text: str) -> str:
    return json.dumps({"with": {"cache-to": text}})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"type=x,""k=a,b"""', "a,b"),
        ('"type=x,""k=a""""b"""', 'a"b'),
        ('"type=x,""k=a\nb"""', "a\nb"),
        ('"type=x,""k=a\r\nb"""', "a\r\nb"),
        ('"type=x,""k= a """', " a "),
        ("\ufefftype=x,k= a \xa0", " a"),
        ("type=x,k=a # b", "a # b"),
        ("type=x,k=${{ '${{' }} a }}", "${{ a }}"),
        ("type=x,k=${{ 'it''s }}' }}", "it's }}"),
        ("type=x,k=${{secrets.Key}}", "value"),
        ("type=x,k=${{ secrets.NONE }}", ""),
    ],
)
def test_github_actions_values(text: str, value: str) -> None:
    assert github_actions(line(text), {"KEY": "value"})[0] == [("x", {"k": value})]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('type=x,"k=a,b"', "invalid value b"),  # the action takes the quotes and leaves the comma
        ('type=x,k=a"b', 'parse error on line 1, column 11: bare " in non-quoted-field'),
        ('"type=x', "Quote Not Closed"),
        ("${{ secrets.A", NOT_CLOSED),
        ("${{ env.A }}", "an expression that no emitter has a use for: env.A"),
    ],
)
def test_github_actions_refuses(text: str, message: str) -> None:
    with refused(message):
        github_actions(line(text), {})


def test_github_actions_wants_one_step() -> None:
    with refused("0 steps with caches"):
        github_actions("steps: []", {})
    with refused("the input cache-to is no string"):
        github_actions("cache-to: [a]", {})
    assert github_actions("cache-from: type=x", {}) == ([], [("x", {})])


def test_llb_and_frontend() -> None:
    export = {"Type": "s3", "Attrs": {"a": "b"}, "Secrets": {"c": "NAME"}}
    assert llb(json.dumps({"Exports": [export], "Imports": [{"Type": "x"}]})) == (
        [("s3", {"a": "b"})],
        [("x", {})],
    )
    assert llb("{}") == ([], [])
    assert frontend('[{"Type":"registry","Attrs":{"ref":"r"}}]') == [("registry", {"ref": "r"})]
    with refused("unknown field Secrets"):
        frontend('[{"Type":"x","Secrets":{}}]')
    with refused("unknown field exports"):
        llb('{"exports": []}')
    with pytest.raises(WireError, match=r"^attributes are strings"):
        llb('{"Exports": [{"Type": "x", "Attrs": {"a": true}}]}')


def test_protobuf() -> None:
    pair = b"\n\x03ref\x12\x01r"
    entry = b"\n\x08registry" + b"\x12" + bytes([len(pair)]) + pair
    inline = b"\n\x06inline"
    data = b"\x22" + bytes([len(entry)]) + entry + b"\x22" + bytes([len(inline)]) + inline
    data += b"\x2a" + bytes([len(entry)]) + entry
    registry = ("registry", {"ref": "r"})
    assert protobuf(data) == ([registry, ("inline", {})], [registry])
    assert protobuf(b"") == ([], [])
    with refused("fields that CacheOptions does not have"):
        protobuf(b"\x0a\x01x")
