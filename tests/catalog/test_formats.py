"""The checks of single values, against the grammars of the programs that read them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envd_cache.catalog.formats import FORMATS, Refused, split_reference

# The regular expressions of distribution/reference v0.6, put together as it does.
SEPARATOR = r"(?:[._]|__|[-]+)"
COMPONENT = rf"[a-z0-9]+(?:{SEPARATOR}[a-z0-9]+)*"
LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
HOST = rf"(?:{LABEL}(?:\.{LABEL})*|\[[a-fA-F0-9:]+\])"
DOMAIN = rf"{HOST}(?::[0-9]+)?"
TAG = r"[\w][\w.-]{0,127}"
DIGEST = "sha256:[0-9a-f]{64}"
REFERENCE = re.compile(rf"(?:{DOMAIN}/)?{COMPONENT}(?:/{COMPONENT})*(?::{TAG})?(?:@{DIGEST})?", re.ASCII)
HASH = "sha256:" + "0123456789abcdef" * 4


SCHEME = "must be a URL that starts with `https://` or `http://`"
OWNER = "write the owner, a `/` and the name, such as `acme/app`"
WHOLE = "write the whole address, such as `https://example.org`"


def hint_of(form: str, value: object) -> str:
    found = FORMATS[form](value)
    return found.hint if found else ""


def refused(form: str, value: object) -> str:
    found = FORMATS[form](value)
    assert found is None or isinstance(found, Refused)
    return found.message if found else ""


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("r", "docker.io/library/r:latest"),
        ("r:t", "docker.io/library/r:t"),
        ("acme/r", "docker.io/acme/r:latest"),
        ("docker.io/r", "docker.io/library/r:latest"),
        ("index.docker.io/r:t", "docker.io/library/r:t"),
        ("index.docker.io/acme/r", "docker.io/acme/r:latest"),
        ("localhost/r", "localhost/r:latest"),
        ("localhost:5000/x", "localhost:5000/x:latest"),
        ("localhost:5000", "docker.io/library/localhost:5000"),
        ("example.org/a/b/c:T_1.2-3", "example.org/a/b/c:T_1.2-3"),
        ("Example/r", "Example/r:latest"),
        ("[::1]:5000/x", "[::1]:5000/x:latest"),
        ("[2001:db8::1]/x:t", "[2001:db8::1]/x:t"),
        ("a__b/c--d/e.f_g", "docker.io/a__b/c--d/e.f_g:latest"),
        (f"r@{HASH}", f"docker.io/library/r@{HASH}"),
        (f"example.org:1/r:t@{HASH}", f"example.org:1/r@{HASH}"),
        ("r:" + "t" * 128, "docker.io/library/r:" + "t" * 128),
        ("a" * 255, "docker.io/library/" + "a" * 255 + ":latest"),
        ("0/1:2", "docker.io/0/1:2"),
    ],
)
def test_references(text: str, place: str) -> None:
    assert refused("reference", text) == ""
    assert split_reference(text).normalised == place
    assert split_reference(place).normalised == place


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (" r", "starts or ends with white space"),
        ("r\n", "starts or ends with white space"),
        ("docker://r", "is a URL, not an image reference"),
        ("R", "is no image reference: the name must be lower case"),
        ("example.org/R", "is no image reference: the name must be lower case"),
        ("ACME_1/r", "is no image reference: the name must be lower case"),
        ("r:", "has an invalid tag: ``"),
        ("r:-t", "has an invalid tag: `-t`"),
        ("r:.t", "has an invalid tag: `.t`"),
        ("r:a b", "has an invalid tag: `a b`"),
        ("r:ü", "has an invalid tag: `ü`"),
        ("r:" + "t" * 129, f"has an invalid tag: `{'t' * 129}`"),
        ("example.org/r:a/b", "has a `/` in its tag: `a/b`"),
        ("r:a/b", "is no image reference: `r:a` is no registry"),
        ("/r", "is no image reference: `/r` is no name of an image"),
        ("a/", "is no image reference: `a/` is no name of an image"),
        ("example.org/", "is no image reference: `` is no name of an image"),
        ("example.org//r", "is no image reference: `/r` is no name of an image"),
        ("a-", "is no image reference: `a-` is no name of an image"),
        ("-a", "is no image reference: `-a` is no name of an image"),
        ("a..b", "is no image reference: `a..b` is no name of an image"),
        ("a___b", "is no image reference: `a___b` is no name of an image"),
        ("a._b", "is no image reference: `a._b` is no name of an image"),
        ("a b", "is no image reference: `a b` is no name of an image"),
        ("caché", "is no image reference: `caché` is no name of an image"),
        ("-a.org/r", "is no image reference: `-a.org` is no registry"),
        ("a-.org/r", "is no image reference: `a-.org` is no registry"),
        ("a..org/r", "is no image reference: `a..org` is no registry"),
        ("a_b.org/r", "is no image reference: `a_b.org` is no registry"),
        ("localhost:/r", "is no image reference: `localhost:` is no registry"),
        ("localhost:x/r", "is no image reference: `localhost:x` is no registry"),
        ("localhost:²/r", "is no image reference: `localhost:²` is no registry"),
        (":5000/r", "is no image reference: `:5000` is no registry"),
        ("[]:5000/r", "is no image reference: `[]:5000` is no registry"),
        ("[::g]/r", "is no image reference: `[::g]` is no registry"),
        ("[::1/r", "is no image reference: `[::1` is no registry"),
        ("a" * 256, "is no image reference: the name has more than 255 characters"),
        ("0" * 64, "is the id of an image, not its name"),
        ("r@", "has a wrong digest"),
        ("r@sha256:0", "has a wrong digest"),
        (f"r@{HASH.upper()}", "has a wrong digest"),
        (f"r@{HASH}@{HASH}", "has a wrong digest"),
        (f"@{HASH}", "is no image reference: `` is no name of an image"),
    ],
)
def test_what_is_no_reference(text: str, message: str) -> None:
    assert refused("reference", text) == message
    assert FORMATS["reference"](text).code == "EC108"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "password"),
    [
        ("user:hunter22pw@ghcr.io/a", "hunter22pw"),
        ("user:hunter22pw@ghcr.io", "hunter22pw"),
        ("user:12345@localhost:5000", "12345"),
        ("user:p@ss:w@ghcr.io/a", "p@ss:w"),
        ("user:p/w@ghcr.io/a", "p/w"),
        ("https://user:pw@ghcr.io/a", "pw"),
        (" user:pw@ghcr.io/a\n", "pw"),
    ],
)
def test_logins_in_references(text: str, password: str) -> None:
    found = FORMATS["reference"](text)
    assert found is not None
    assert (found.code, found.message, found.redact) == ("EC111", "holds a credential", (password,))
    assert found.hint == "log in with `docker login`; a reference has no password"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("r@", "write `sha256:` and 64 hexadecimal digits"),
        ("r:t@sha256:xyz", "write `sha256:` and 64 hexadecimal digits"),
        ("r:t@md5:" + "0" * 32, "write `sha256:` and 64 hexadecimal digits"),
        ("user@ghcr.io/a", "write `sha256:` and 64 hexadecimal digits"),
        ("localhost:5000/r@v1", "write `sha256:` and 64 hexadecimal digits"),
        ("ghcr.io/r:t@latest", "write `sha256:` and 64 hexadecimal digits"),
        ("[::1]:5000/r@v1", "write `sha256:` and 64 hexadecimal digits"),
        (f"r:t@{HASH.upper()}", f"write `r:t@{HASH}`"),
        ("A/B", "write `a/b`"),
        ("A/B:T", "write `a/b:T`"),
        ("A.org/A", "write `A.org/a`"),
        ("ACME_1/r", "write `acme_1/r`"),
        ("CAFÉ", "write the name in lower-case letters"),
        ("A B", "write the name in lower-case letters"),
        ("$REG/App", 'write `cache.env("REG")` to read the environment variable'),
        ("r:${TAG:-x}", 'write `cache.env("TAG")` to read the environment variable'),
        ("r:$(git)", 'write `cache.env("NAME")` to read an environment variable'),
        ("a/b\n", "write `a/b`"),
        (" A", "remove the white space"),
        (" ", "name an image"),
        ("docker://r/", "write `r`"),
        ("docker://R", "write the host and the name, without the scheme"),
        ("r:", "write a tag behind the `:`, or leave the `:` out"),
        ("/r", "write `r`"),
        ("example.org/", "write lower-case letters and digits, with one `.`, `_`, `-` or `/` between them"),
    ],
)
def test_hints_for_references(text: str, hint: str) -> None:
    assert hint_of("reference", text) == hint


WORDS = st.text(alphabet="abA01._-:/@[] ü", max_size=12)
LIKELY = st.from_regex(REFERENCE, fullmatch=True).filter(lambda text: len(text) < 200)


@given(WORDS | LIKELY)
def test_the_check_is_the_grammar(text: str) -> None:
    parts = split_reference(text)
    # A first part without a dot, a colon or a capital letter is no registry, so it must fit a name. Go takes
    # `a_b.org/r` for a name without a registry; nobody means that.
    whole = text if parts.domain else f"docker.io/{text}"
    host = not parts.domain or re.fullmatch(DOMAIN, parts.domain, re.ASCII)
    accepted = bool(REFERENCE.fullmatch(whole) and host) and parts.path == parts.path.lower()
    assert (refused("reference", text) == "") == accepted


@given(WORDS | st.text() | LIKELY.map(str.upper) | LIKELY.map(lambda text: f" https://{text}"))
def test_every_refusal_has_a_hint_that_holds(text: str) -> None:
    for form in FORMATS:
        found = FORMATS[form](text)
        assert found is None or found.hint
        if found and form in ("reference", "names", "digest", "repository", "duration"):
            suggested = re.fullmatch("write `([^`]*)`", found.hint)
            assert suggested is None or refused(form, suggested[1]) == ""


@given(LIKELY)
def test_a_normalised_reference_stays(text: str) -> None:
    place = split_reference(text).normalised
    assert split_reference(place).normalised == place
    if refused("reference", text) == "":
        assert refused("reference", place) == ""


@pytest.mark.parametrize(
    "text",
    ["0", "+0", "10m", "1h30m", "1.5h", ".5s", "5.s", "300ms", "1us", "1µs", "1μs", "1ns", "24h", "2540400h"],
)
def test_durations(text: str) -> None:
    assert refused("duration", text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "10",
        "1d",
        "h",
        ".",
        ".h",
        "1..5h",
        "-1h",
        "1 h",
        "1h ",
        "1H",
        "1h30",
        "h1",
        "1hs",
        "²s",
        "1e3s",
    ],
)
def test_what_is_no_duration(text: str) -> None:
    assert refused("duration", text) == "must be a duration such as `10m` or `1h30m`"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("10", "write a unit too: `10s`, `10m` or `10h`"),
        ("1d", "write `24h`"),
        ("2 days", "write `48h`"),
        ("10 minutes", "write `10m`"),
        ("5min", "write `5m`"),
        ("1H", "write `1h`"),
        ("-1h", "write `1h`"),
        ("1 h 30 m", "write `1h30m`"),
        ("soon", "write hours, minutes and seconds as `h`, `m` and `s`"),
    ],
)
def test_hints_for_durations(text: str, hint: str) -> None:
    assert hint_of("duration", text) == hint


def test_a_duration_that_go_cannot_hold() -> None:
    assert refused("duration", "3000000h") == "is longer than Go's longest duration, 292 years"


@pytest.mark.parametrize(
    "text", ["https://a", "http://a:1/b?c", "https://[::1]:9000/", "https://a.blob.core.windows.net/"]
)
def test_urls(text: str) -> None:
    assert refused("url", text) == ""


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", SCHEME, WHOLE),
        ("a", SCHEME, WHOLE),
        ("a b.org", SCHEME, WHOLE),
        ("ftp://a", SCHEME, WHOLE),
        ("HTTPS//a", SCHEME, WHOLE),
        ("a.org/b", SCHEME, "write `https://a.org/b` or `http://a.org/b`"),
        ("HTTPS://A/b", SCHEME, "write `https://A/b`"),
        ("https://", "has no host", "write the host behind `https://`"),
        ("http:///b", "has no host", "write the host behind `http://`"),
        ("https://a b", "holds a space", "remove it"),
        ("https://a/b c", "holds a space", "remove it, or write `%20` in its place"),
        ("https://a\x00b", "holds a control character", "remove it"),
        ("https://a\n", "starts or ends with white space", "remove the white space"),
    ],
)
def test_what_is_no_url(text: str, message: str, hint: str) -> None:
    assert refused("url", text) == message
    assert hint_of("url", text) == hint


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("https://user:hunter22@a.org", {"hunter22"}),
        ("https://user:hun/ter@a.org/b", {"hun/ter"}),
        ("https://user:hun?t#r@a.org/b", {"hun?t#r"}),
        ("user:hunter22@a.org", {"hunter22"}),
        ("ftp://user:hunter22@a.org", {"hunter22"}),
        ("https://a.org?sig=abc", {"abc"}),
        ("https://a.org/b?c=d&SIG=abc&e=f", {"abc", "abc&e=f"}),
        ("https://a.org/b?token=a&secret=b", {"a", "a&secret=b", "b"}),
        ("https://a.org/?Password=a", {"a"}),
        ("https://a.org/?ACCESS_KEY=a#b", {"a", "a#b"}),
        ("https://a.org/#token=a", {"a"}),
        ("a.org ?token=a;b&c", {"a", "a;b", "a;b&c"}),
    ],
)
def test_credentials_in_urls(text: str, secrets: set[str]) -> None:
    found = FORMATS["url"](text)
    assert found is not None
    assert (found.code, found.message, set(found.redact)) == ("EC111", "holds a credential", secrets)


@pytest.mark.parametrize(
    "text",
    [
        "https://a/sig=b",
        "https://a?b=sig",
        "https://a?signature=b",
        "https://a?sig=",
        "https://a:80/b@c:d",
        "https://user@a",
        "https://[::a]/b@c",
        "https://user,x@[::1]:80/a@b?c=d",
    ],
)
def test_urls_without_credentials(text: str) -> None:
    assert refused("url", text) == ""


@pytest.mark.parametrize(
    ("form", "right", "wrong"),
    [
        (
            "digest",
            [HASH, "sha384:" + "0" * 96, "sha512:" + "f" * 128],
            ["", "sha256", HASH[7:], "md5:0", HASH[:-1]],
        ),
        (
            "path",
            ["a", "/a b/c", "..", "-", "a~b"],
            ["", "~", "~a/b", "$A", "a/${B}", "a\n", "\x7f", "ü", " a"],
        ),
        ("names", ["a", "a;b", "a b"], ["", ";", "a;", "a;;b", "a; b"]),
        ("nonempty", ["a", " "], [""]),
        ("repository", ["a/b", "a.b/c_d-1"], ["", "a", "a/", "/b", "a/b/c", "a/b c", "https://a/b"]),
        ("variable", ["A", "_", "a1_B"], ["", "1A", "A-B", "A B", "Ä", "$A", "A="]),
        ("key", ["a", ["a"], ["a", "b"]], ["", [], [""], ["a", ""]]),
    ],
)
def test_other_formats(form: str, right: list[object], wrong: list[object]) -> None:
    assert [value for value in right if refused(form, value)] == []
    assert [value for value in wrong if not refused(form, value)] == []


@pytest.mark.parametrize(
    ("form", "value", "hint"),
    [
        ("digest", HASH[7:], f"write `{HASH}`"),
        ("digest", HASH.upper(), f"write `{HASH}`"),
        ("digest", "latest", "copy the whole digest; the name of a cache is no digest"),
        ("names", "a;; b", "write `a;b`"),
        ("names", ";", "write a name, or leave the argument out"),
        ("repository", "https://github.com/acme/app.git", "write `acme/app`"),
        ("repository", "https://github.com/acme/app/tree/main", OWNER),
        ("repository", "acme", OWNER),
        ("variable", "${HOME}", "write the name alone, without a `$`"),
        ("variable", "A-B", "write letters, digits and `_` only, and no digit first"),
        ("path", "$HOME/c", 'write `cache.env("HOME")` to read the environment variable'),
        ("path", " a", "write `a`"),
    ],
)
def test_other_hints(form: str, value: object, hint: str) -> None:
    assert hint_of(form, value) == hint


def test_the_empty_key_of_a_list_is_pointed_at() -> None:
    found = FORMATS["key"](["a", "", "b"])
    assert found is not None
    assert found.item == (1,)


@given(st.text())
def test_no_text_breaks_a_check(text: str) -> None:
    for form in FORMATS:
        refused(form, text)
