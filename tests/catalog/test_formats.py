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


def test_a_duration_that_go_cannot_hold() -> None:
    assert refused("duration", "3000000h") == "is longer than Go's longest duration, 292 years"


@pytest.mark.parametrize(
    "text", ["https://a", "http://a:1/b?c", "https://[::1]:9000/", "https://a.blob.core.windows.net/"]
)
def test_urls(text: str) -> None:
    assert refused("url", text) == ""


@pytest.mark.parametrize(
    "text", ["", "a", "a.org/b", "https://", "https:///b", "ftp://a", "HTTPS//a", "https://a b"]
)
def test_what_is_no_url(text: str) -> None:
    assert refused("url", text) == "must be a URL that starts with `https://` or `http://`"


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


def test_the_empty_key_of_a_list_is_pointed_at() -> None:
    found = FORMATS["key"](["a", "", "b"])
    assert found is not None
    assert found.item == (1,)


@given(st.text())
def test_no_text_breaks_a_check(text: str) -> None:
    for form in FORMATS:
        refused(form, text)
