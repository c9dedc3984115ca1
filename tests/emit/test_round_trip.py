"""What each output says, read back by rules of the tool that will read it, is the plan.

The readers are in `tests/support/wire_parsers.py`; shell lines go through a real shell.
"""

from __future__ import annotations

import json
import os
import string
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from envd_cache.catalog.clients import CLIENTS
from envd_cache.catalog.model import Secret
from envd_cache.emit.flags import shell_word
from envd_cache.emit.losses import reduced
from envd_cache.emit.registry import Options, emitter
from envd_cache.emit.wire import wire
from tests.emit.strategies import SECRETS, SEVERAL, Declaration
from tests.support import wire_parsers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from envd_cache.emit.wire import WireEntry
    from envd_cache.ir.model import CachePlan
    from tests.emit.workshop import Workshop
    from tests.support.wire_parsers import Entries, Entry

# A reference puts the value into CSV as it is, so a value with a comma or a quote cannot come through it.
VALUES = {name: f"{name}/+= $HOME ${{x}} `id` %{{y}} ${{{{ z }}}} \\n'#" for name in SECRETS}
AWKWARD = {name: f'{name},"x", $HOME ${{x}} %{{y}} ${{{{ z }}}}\n\t\\' for name in SECRETS}
FLAGS: dict[str, Callable[[Sequence[str]], Entries]] = {
    "buildctl": wire_parsers.buildctl,
    "buildx": wire_parsers.buildx,
    "envd": wire_parsers.envd,
}
INJECTS_MODE = {"buildctl", "envd"}
BATCH = st.lists(SEVERAL, min_size=1, max_size=6)

each_flags = pytest.mark.parametrize("to", FLAGS)


def expected(
    plan: CachePlan, to: str, secrets: Mapping[str, str] | None, options: Options | None = None
) -> Entries:
    """Return a plan's entries less what the output says it loses; without `secrets` they are left out."""
    chosen = emitter(to)
    assert chosen is not None
    client = next((client for client in CLIENTS if client.name == chosen.client), None)
    said = reduced(wire(plan), (options or Options()).replace(client=client)).value
    exports = [_entry(entry, secrets) for entry in said.exports]
    if to in INJECTS_MODE:
        exports = [(kind, {"mode": "min"} | attrs) for kind, attrs in exports]
    return exports, [_entry(entry, secrets) for entry in said.imports]


def _entry(entry: WireEntry, secrets: Mapping[str, str] | None) -> Entry:
    attrs: dict[str, str] = {}
    for name, value in entry.attrs:
        if not isinstance(value, Secret):
            attrs[name] = value
        elif secrets is not None:
            attrs[name] = secrets[value.name]
    return entry.type, attrs


def plans_of(workshop: Workshop, batch: Sequence[Sequence[Declaration]]) -> list[CachePlan]:
    return [workshop.plan(declarations, f"target_{number}") for number, declarations in enumerate(batch)]


def text_of(workshop: Workshop, to: str, plans: Sequence[CachePlan], options: Options | None = None) -> str:
    value = workshop.compile_to(to, plans, options).value
    assert isinstance(value, str)
    return value


def bytes_of(workshop: Workshop, to: str, plans: Sequence[CachePlan], options: Options) -> bytes:
    value = workshop.compile_to(to, plans, options).value
    assert isinstance(value, bytes)
    return value


def words_of(lines: Sequence[str]) -> list[list[str]]:
    """Return what one real shell makes of each line when it evaluates it."""
    script = """
    for line in "$@"; do eval "set -- $line"; printf '%s\\0' "$#" "$@"; done
    """
    done = subprocess.run(
        ["sh", "-c", script, "sh", *lines], capture_output=True, check=True, env=os.environ | VALUES
    )
    assert done.stderr == b""
    words = done.stdout.decode().split("\0")[:-1]
    found: list[list[str]] = []
    while words:
        number = int(words[0])
        found.append(words[1 : number + 1])
        del words[: number + 1]
    return found


# ---- flags ----


@each_flags
@settings(max_examples=40, deadline=None)
@given(batch=BATCH)
def test_shell_lines(workshop: Workshop, to: str, batch: list[list[Declaration]]) -> None:
    plans = plans_of(workshop, batch)
    lines = [text_of(workshop, to, [plan]) for plan in plans]
    found = [FLAGS[to](words) for words in words_of(lines)]
    assert found == [expected(plan, to, VALUES) for plan in plans]


@each_flags
@settings(max_examples=20, deadline=None)
@given(batch=BATCH)
def test_shell_lines_of_several_targets(workshop: Workshop, to: str, batch: list[list[Declaration]]) -> None:
    plans = plans_of(workshop, batch)
    text = text_of(workshop, to, plans, Options(keyed=True))
    lines = [text_of(workshop, to, [plan]) for plan in plans]
    assert text == "".join(f"# {plan.label}\n{line}" for plan, line in zip(plans, lines, strict=True))


@each_flags
@settings(max_examples=60, deadline=None)
@given(declarations=SEVERAL)
def test_arguments_with_nul(workshop: Workshop, to: str, declarations: list[Declaration]) -> None:
    plan = workshop.plan(declarations)
    data = bytes_of(workshop, to, [plan], Options(null=True))
    assert data == b"" or data.endswith(b"\0")
    assert FLAGS[to](data.decode().split("\0")[:-1]) == expected(plan, to, None, Options(null=True))


@each_flags
@settings(max_examples=60, deadline=None)
@given(declarations=SEVERAL)
def test_arguments_with_the_values_of_secrets(
    workshop: Workshop, to: str, declarations: list[Declaration]
) -> None:
    plan = workshop.plan(declarations)
    options = Options(null=True, secrets=VALUES if to == "envd" else AWKWARD)
    data = bytes_of(workshop, to, [plan], options)
    assert FLAGS[to](data.decode().split("\0")[:-1]) == expected(plan, to, options.secrets, options)


def test_no_cache_is_no_line(workshop: Workshop) -> None:
    plan = workshop.plan_of("def build():\n    base()\n    cache.none()\n")
    for to in FLAGS:
        assert text_of(workshop, to, [plan]) == ""
        assert bytes_of(workshop, to, [plan], Options(null=True)) == b""


def test_only_harmless_words_are_bare() -> None:
    """What a shell might expand is quoted, also where no file matches."""
    bare = [mark for mark in map(chr, range(1, 128)) if shell_word((f"a{mark}b",)) == f"a{mark}b"]
    assert bare == sorted(f"{string.ascii_letters}{string.digits}_@%+=:,./-")
    assert shell_word(("",)) == "''"


# ---- BuildKit's own forms ----


def _json_secrets(text: str) -> list[dict[str, str]]:
    document = json.loads(text)
    return [entry.get("Secrets", {}) for entry in document["Exports"] + document["Imports"]]


@settings(max_examples=80, deadline=None)
@given(declarations=SEVERAL)
def test_llb(workshop: Workshop, declarations: list[Declaration]) -> None:
    plan = workshop.plan(declarations)
    text = text_of(workshop, "llb", [plan])
    assert wire_parsers.llb(text) == expected(plan, "llb", None)
    wired = wire(plan)
    assert _json_secrets(text) == [
        {name: value.name for name, value in entry.attrs if isinstance(value, Secret)}
        for entry in (*wired.exports, *wired.imports)
    ]


@settings(max_examples=60, deadline=None)
@given(declarations=SEVERAL)
def test_llb_with_the_values_of_secrets(workshop: Workshop, declarations: list[Declaration]) -> None:
    plan = workshop.plan(declarations)
    text = text_of(workshop, "llb", [plan], Options(secrets=AWKWARD))
    assert wire_parsers.llb(text) == expected(plan, "llb", AWKWARD)
    assert not any(_json_secrets(text))


@settings(max_examples=40, deadline=None)
@given(batch=BATCH)
def test_llb_of_several_targets(workshop: Workshop, batch: list[list[Declaration]]) -> None:
    plans = plans_of(workshop, batch)
    document = json.loads(text_of(workshop, "llb", plans, Options(keyed=True)))
    assert list(document) == [plan.label for plan in plans]
    assert document == {plan.label: json.loads(text_of(workshop, "llb", [plan])) for plan in plans}


@pytest.mark.parametrize("secrets", [None, AWKWARD], ids=["references", "values"])
@settings(max_examples=60, deadline=None)
@given(declarations=SEVERAL)
def test_protobuf(
    workshop: Workshop, secrets: Mapping[str, str] | None, declarations: list[Declaration]
) -> None:
    plan = workshop.plan(declarations)
    options = Options(binary=True, secrets=secrets)
    data = bytes_of(workshop, "llb", [plan], options)
    assert wire_parsers.protobuf(data) == expected(plan, "llb", secrets, options)


def test_protobuf_of_long_values(workshop: Workshop) -> None:
    """Lengths of one, two and three bytes of a varint."""
    for size in (1, 126, 127, 128, 129, 16383, 16384, 70000):
        plan = workshop.plan_of(f'def build():\n    base()\n    cache.gha(scope="{"x" * size}")\n')
        data = bytes_of(workshop, "llb", [plan], Options(binary=True))
        entry = ("gha", {"scope": "x" * size})
        assert wire_parsers.protobuf(data) == ([entry], [entry])


@pytest.mark.parametrize("secrets", [None, AWKWARD], ids=["references", "values"])
@settings(max_examples=60, deadline=None)
@given(declarations=SEVERAL)
def test_frontend_attribute(
    workshop: Workshop, secrets: Mapping[str, str] | None, declarations: list[Declaration]
) -> None:
    plan = workshop.plan(declarations)
    options = Options(frontend=True, secrets=secrets)
    text = text_of(workshop, "llb", [plan], options)
    assert text.count("\n") == 1
    assert wire_parsers.frontend(text) == expected(plan, "llb", secrets, options)[1]


# ---- files for other tools ----


@settings(max_examples=60, deadline=None)
@given(batch=BATCH)
def test_bake(workshop: Workshop, batch: list[list[Declaration]]) -> None:
    plans = plans_of(workshop, batch)
    text = text_of(workshop, "bake", plans, Options(keyed=True))
    assert wire_parsers.bake(text, VALUES) == {plan.name: expected(plan, "bake", VALUES) for plan in plans}


@settings(max_examples=40, deadline=None)
@given(declarations=SEVERAL)
def test_bake_with_the_values_of_secrets(workshop: Workshop, declarations: list[Declaration]) -> None:
    plan = workshop.plan(declarations)
    text = text_of(workshop, "bake", [plan], Options(secrets=AWKWARD))
    assert wire_parsers.bake(text, {}) == {"build": expected(plan, "bake", AWKWARD)}


@settings(max_examples=60, deadline=None)
@given(batch=BATCH)
def test_compose(workshop: Workshop, batch: list[list[Declaration]]) -> None:
    plans = plans_of(workshop, batch)
    text = text_of(workshop, "compose", plans, Options(keyed=True))
    wanted = {plan.name: expected(plan, "compose", VALUES) for plan in plans}
    found = wire_parsers.compose(text, VALUES)
    assert found == {name: entries for name, entries in wanted.items() if entries != ([], [])}
    assert list(yaml.safe_load(text)["services"]) == list(wanted)


@settings(max_examples=80, deadline=None)
@given(declarations=SEVERAL)
def test_github_actions(workshop: Workshop, declarations: list[Declaration]) -> None:
    plan = workshop.plan(declarations)
    text = text_of(workshop, "github-actions", [plan])
    wanted = expected(plan, "github-actions", VALUES)
    if wanted == ([], []):
        assert text == ""
    else:
        assert wire_parsers.github_actions(text, VALUES) == wanted


@settings(max_examples=40, deadline=None)
@given(batch=BATCH)
def test_github_actions_of_several_targets(workshop: Workshop, batch: list[list[Declaration]]) -> None:
    plans = plans_of(workshop, batch)
    document = yaml.safe_load(text_of(workshop, "github-actions", plans, Options(keyed=True)))
    assert list(document) == [plan.label for plan in plans]
    for plan in plans:
        alone = yaml.safe_load(text_of(workshop, "github-actions", [plan]))
        assert document[plan.label] == (alone or {})


# ---- the same input, the same bytes ----

FORMS = (
    *(
        (name, Options())
        for name in ("llb", "buildctl", "buildx", "envd", "bake", "compose", "github-actions")
    ),
    *((name, Options(keyed=True)) for name in ("llb", "buildctl", "bake", "compose", "github-actions")),
    *((name, Options(null=True)) for name in FLAGS),
    ("llb", Options(binary=True)),
    ("llb", Options(frontend=True)),
    ("llb", Options(secrets=VALUES)),
)


@settings(max_examples=40, deadline=None)
@given(declarations=SEVERAL)
def test_twice_gives_the_same_bytes(workshop: Workshop, declarations: list[Declaration]) -> None:
    first, second = workshop.plan(declarations), workshop.plan(declarations)
    for to, options in FORMS:
        once, again = workshop.compile_to(to, [first], options), workshop.compile_to(to, [second], options)
        assert once.value == again.value
        assert once.diagnostics == again.diagnostics


BUILD_FILE = """
def build():
    base()
    cache.registry(ref="ghcr.io/acme/app", key=["feature/x", "main"], mode="max", compression="zstd")
    cache.gha(scope="a,b", token=cache.secret("TOKEN"), url_v2="https://example.org/")
    cache.s3(bucket="b", region="r", key=["one", "two"], access_key_id=cache.secret("A"),
             secret_access_key=cache.secret("S3_SECRET__KEY"), session_token=cache.secret("_TOKEN"))
    cache.azblob(account_url="https://a.example.org", name="x;y", secret_access_key=cache.secret("TOKEN"))
    cache.local(path="cache", tag="${x}")
    cache.inline(ref="ghcr.io/acme/app")
"""
COMMANDS = (
    *(("compile", "--to", name) for name in ("llb", "buildctl", "buildx", "envd")),
    *(("compile", "--to", name, "--all") for name in ("llb", "bake", "compose", "github-actions")),
    ("compile", "--binary"),
    ("compile", "--format", "json"),
    ("explain",),
    ("explain", "--format", "json"),
    ("schema",),
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_order_of_sets_has_no_effect(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "build.envd").write_text(BUILD_FILE)
    outputs = set()
    for seed in ("0", "1", "2"):
        done = subprocess.run(
            [sys.executable, "-m", "envd_cache", *words],
            cwd=tmp_path,
            capture_output=True,
            check=False,
            env=os.environ | {"PYTHONHASHSEED": seed},
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout
        outputs.add((done.stdout, done.stderr))
    assert len(outputs) == 1
