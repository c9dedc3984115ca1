"""Hypothesis strategies for valid declarations, made from the catalog: a new parameter is covered at once.

A declaration is a backend and its arguments as Python values. `starlark` writes it as a call in a build
file, `as_json` as an element of what `envd-cache schema` describes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from envd_cache.catalog import BACKENDS
from envd_cache.catalog.common import COMPRESSION, COMPRESSION_LEVEL, IMAGE_MANIFEST, OCI_MEDIATYPES
from envd_cache.catalog.model import Backend, Param, Secret
from envd_cache.ir.relations import LEVELS
from envd_cache.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# What one of the readers behind the outputs takes for something of its own.
PIECES = (
    *(
        "a",
        "b",
        "Z",
        "0",
        "-",
        "_",
        "/",
        ":",
        ";",
        "=",
        ".",
        "+",
        "@",
        "!",
        "*",
        "?",
        "~",
        "&",
        "|",
        "<",
        ">",
    ),
    *(",", '"', '""', "'", " ", "  ", "\t", "#", " #", "\\", "\\n", "\\\\", "`", "`id`", "%", "%s", "5%"),
    *(
        "$",
        "$$",
        "${",
        "$${",
        "$$${",
        "${A}",
        "$A",
        "$(id)",
        "${A:-b}",
        "%{",
        "%%{",
        "%{ if true }",
        "}",
        "}}",
    ),
    *(
        "{",
        "{{",
        "${{",
        "$${{",
        "${{ secrets.A }}",
        "${{'",
        "''",
        "\n",
        "\r",
        "\r\n",
        "$\r",
        "\n\n",
        "\n#",
        "\n- ",
    ),
    *(
        "type=x",
        "type=registry,ref=x",
        "true",
        "null",
        "é",
        "漢字",
        "😀",
        "\xa0",
        "\u2028",
        "\u3000",
        "\ufeff",
    ),
    *("\x01", "\x1b", "\x7f", "\x85", "\u200b", "\ue000", "\U0010ffff"),
)
PRINTABLE = tuple(piece for piece in PIECES if piece.isascii() and piece.isprintable())
TEXT = st.lists(st.sampled_from(PIECES), max_size=5).map("".join)

# Names that shells, bake and compose take for variables; none has an effect on them.
SECRETS = ("TOKEN", "_TOKEN", "Token9", "A", "S3_SECRET__KEY", "aws_secret")


class Declaration(Record):
    """One `cache.<backend>` call that has no errors."""

    backend: Backend
    arguments: dict[str, Any]

    def __repr__(self) -> str:
        return call(self)


def _printable(refused: str) -> st.SearchStrategy[str]:
    pieces = [piece for piece in PRINTABLE if set(piece).isdisjoint(refused)]
    return st.lists(st.sampled_from(pieces), max_size=4).map("".join)


DIGESTS = st.sampled_from(["sha256:" + "0" * 64, "sha256:" + "09af" * 16, "sha512:" + "b" * 128])
TAGS = st.sampled_from(["cache", "latest", "_", "A", "v1.2-rc_3", "x" * 128])
NAMES = st.builds(
    lambda domain, path: f"{domain}/{path}" if domain else path,
    st.sampled_from(
        ["", "", "ghcr.io", "localhost", "localhost:5000", "Registry.Example.org:80", "[::1]:5000"]
    ),
    st.sampled_from(["app", "acme/app", "a/b/c__d", "a--b.c/d_e", "0", "library/app"]),
)
REFERENCES = st.builds(
    lambda name, tag, digest: name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else ""),
    NAMES,
    st.one_of(st.just(""), TAGS),
    st.one_of(st.just(""), st.just(""), DIGESTS),
)
PATHS = st.builds(
    lambda start, rest: (start + rest).rstrip(" "),
    st.sampled_from([".", "/c", "..", "cache", "a b"]),
    _printable("$"),
)
URLS = st.builds(
    lambda scheme, host, rest: f"{scheme}://{host}/{rest}".removesuffix("/"),
    st.sampled_from(["http", "https"]),
    st.sampled_from(["example.org", "127.0.0.1:9000", "user,x@[::1]:80"]),
    _printable(" "),
)
ONE_NAME = TEXT.map(lambda text: text.replace(";", "").strip()).filter(bool)
FORMATS: dict[str, st.SearchStrategy[Any]] = {
    "": TEXT,
    "compression-level": st.integers(0, 9),
    "folder": TEXT,
    "digest": DIGESTS,
    "duration": st.sampled_from(["0", "10m", "1h30m", "1.5h", "+2s", "100ms", "7µs", "1h0m0.5s"]),
    "key": st.one_of(TEXT.filter(bool), st.lists(TEXT.filter(bool), min_size=1, max_size=3)),
    "names": st.lists(ONE_NAME, min_size=1, max_size=3).map(";".join),
    "nonempty": TEXT.filter(bool),
    "path": PATHS,
    "reference": REFERENCES,
    "repository": st.sampled_from(["acme/app", "a.b/c_d", "A-1/b"]),
    "url": URLS,
}


def _values(param: Param) -> st.SearchStrategy[Any]:
    if param.choices:
        return st.sampled_from(param.choices)
    if param.format:
        return FORMATS[param.format]
    forms: dict[object, st.SearchStrategy[Any]] = {
        str: TEXT,
        bool: st.booleans(),
        int: st.integers(1 if param.minimum is None else param.minimum, 10**6),
        Secret: st.builds(Secret, st.sampled_from(SECRETS)),
    }
    if param.type in forms:
        return forms[param.type]
    return st.one_of(*(forms[choice] for choice in getattr(param.type, "__args__", ())))


@st.composite
def declarations(draw: Callable[[st.SearchStrategy[Any]], Any], backend: Backend) -> Declaration:
    """Return a strategy for calls of one backend: any of its parameters, `use` and `key`."""
    wanted = draw(st.sets(st.sampled_from([param.name for param in backend.params])))
    arguments = {
        param.name: draw(_values(param))
        for param in backend.params
        if param.name in wanted or (param.required and not (param.env and draw(st.booleans())))
    }
    for first, second in backend.exclusive:
        if first in arguments and second in arguments:
            del arguments[draw(st.sampled_from([first, second]))]
    use = draw(st.sampled_from(["", "both", "export", "import"]))
    exports = use != "import" and _possible(backend.exports_when, arguments)
    imports = use != "export" and _possible(backend.imports_when, arguments)
    if not exports and not imports:
        # Only a backend that needs a parameter for a direction comes here.
        needed = backend.imports_when if use == "import" else backend.exports_when
        name = needed[0]
        for pair in backend.exclusive:
            if name in pair:
                arguments.pop(pair[0] if name == pair[1] else pair[1], None)
        arguments[name] = draw(_values(next(param for param in backend.params if param.name == name)))
        exports, imports = use != "import", use != "export"
    if draw(st.booleans()):
        _add_key(backend, arguments, draw)
    if exports:
        _move_tags(backend, arguments)
    _mend_relations(arguments)
    if use:
        arguments["use"] = use
    return Declaration(backend, arguments)


def _possible(needed: Sequence[str], arguments: dict[str, Any]) -> bool:
    return not needed or any(name in arguments for name in needed)


def _add_key(
    backend: Backend, arguments: dict[str, Any], draw: Callable[[st.SearchStrategy[Any]], Any]
) -> None:
    key = backend.key
    assert key is not None
    if key.style == "tag":
        if key.param not in arguments:
            return
        arguments[key.param] = draw(NAMES)
    else:
        arguments.pop(key.param, None)
        arguments.pop("digest", None)
    arguments["key"] = draw(FORMATS["key"])


def _move_tags(backend: Backend, arguments: dict[str, Any]) -> None:
    """Take the digest off a reference that is written: an export by digest moves no tag."""
    for param in backend.params:
        if param.format == "reference" and param.name in arguments and param.takes("export"):
            arguments[param.name] = arguments[param.name].partition("@")[0]


def _mend_relations(arguments: dict[str, Any]) -> None:
    if arguments.get(IMAGE_MANIFEST.name) is True and arguments.get(OCI_MEDIATYPES.name) is False:
        del arguments[OCI_MEDIATYPES.name]
    kind = arguments.get(COMPRESSION.name, COMPRESSION.default)
    if kind not in LEVELS:
        arguments.pop(COMPRESSION_LEVEL.name, None)


ONE = st.one_of(*(declarations(backend) for backend in BACKENDS))
# One of each backend at most, so that no two write one place.
SEVERAL = st.lists(ONE, min_size=1, max_size=6, unique_by=lambda declaration: declaration.backend.name)


def starlark(declarations: Sequence[Declaration], function: str = "build") -> str:
    """Return a build file with one target that makes these declarations."""
    calls = "".join(f"    {call(declaration)}\n" for declaration in declarations)
    return f"def {function}():\n    base()\n{calls}"


def call(declaration: Declaration) -> str:
    """Return one declaration as a Starlark call with keywords."""
    arguments = ", ".join(f"{name}={literal(value)}" for name, value in declaration.arguments.items())
    return f"cache.{declaration.backend.name}({arguments})"


def literal(value: object) -> str:
    """Return a value as Starlark writes it."""
    if isinstance(value, Secret):
        return f"cache.secret({literal(value.name)})"
    if isinstance(value, list):
        return f"[{', '.join(literal(item) for item in value)}]"
    if isinstance(value, str):
        for raw, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
            value = value.replace(raw, escaped)
        return f'"{value}"'
    return repr(value)


def as_json(declaration: Declaration) -> dict[str, object]:
    """Return one declaration as an element of the list that the JSON Schema describes."""
    arguments = {
        name: {"secret": value.name} if isinstance(value, Secret) else value
        for name, value in declaration.arguments.items()
    }
    return {"backend": declaration.backend.name, **arguments}
