"""What is shown between and beside the lines: effective places, what targets do, links, kinds of names."""

from __future__ import annotations

from envd_cache.lsp.document import FILE
from envd_cache.lsp.known import KNOWN, SPACES
from envd_cache.lsp.names import BIND, DEF, KEYWORD, LOADED, MODULE, ORIGIN, PARAM
from envd_cache.record import Record
from envd_cache.syntax import nodes
from envd_cache.syntax.names import dotted
from envd_cache.syntax.walk import walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from envd_cache.lsp.document import Document, Place
    from envd_cache.lsp.findings import Declaration, Target
    from envd_cache.lsp.project import Project

TYPES = (
    "namespace",
    "function",
    "variable",
    "parameter",
    "property",
    "keyword",
    "comment",
    "string",
    "number",
)
MODIFIERS = ("declaration", "defaultLibrary", "readonly")
_WORDS = frozenset(("and", "or", "not", "in", "if", "else", "for", "lambda"))


class Hint(Record):
    """A text that is shown behind an offset, and one that is shown when someone points at it."""

    offset: int
    text: str
    tip: str


class Lens(Record):
    """A text that is shown above a span."""

    start: int
    end: int
    text: str


class Link(Record):
    """A span that leads to a file (an absolute path) or to an address."""

    start: int
    end: int
    path: str
    address: str
    tip: str


class Token(Record):
    """A span of one kind: a number of `TYPES`, and a set of bits of `MODIFIERS`."""

    start: int
    end: int
    type: int
    modifiers: int


# ---- after an evaluation ----


def inlay_hints(document: Document, declarations: Iterable[Declaration], start: int, end: int) -> list[Hint]:
    """Return for each declaration in a range where its cache really lies, if the text does not say so."""
    found: list[Hint] = []
    for one in declarations:
        if not start <= one.end <= end:
            continue
        written = document.text[one.start : one.end]
        exports: dict[str, None] = {}
        imports: dict[str, None] = {}
        for _, direction, place, _ in one.uses:
            (exports if direction == "export" else imports)[_place(place)] = None
        shown = list(exports) or list(imports)
        if not shown or (len(shown) == 1 and f'"{shown[0]}"' in written):
            continue
        more = f" +{len(shown) - 1}" if len(shown) > 1 else ""
        arrow = "→" if exports else "←"
        tips = [f"{direction} {entry}" for _, direction, _, entry in one.uses]
        found.append(Hint(one.end, f"{arrow} {shown[0]}{more}", "\n".join(dict.fromkeys(tips))))
    return found


def _place(text: str) -> str:
    """Return the place of a summary without its backend and quotes: `registry `r:c`` is `r:c`."""
    kind, _, rest = text.partition(" ")
    return rest.strip("`") or kind


def code_lenses(document: Document, targets: Iterable[Target]) -> list[Lens]:
    """Return above each target how many caches it writes and reads."""
    found = []
    by_name = {target.function: target for target in targets}
    for function in document.functions:
        target = by_name.get(function.name)
        if target is None or function.outer != FILE:
            continue
        if target.none:
            text = "no cache, on purpose"
        elif not target.exports and not target.imports:
            text = "no cache"
        else:
            text = f"exports {target.exports}, imports {target.imports}"
            if target.by_default:
                text += f" by {target.by_default}"
        end = function.name_start + len(function.name)
        found.append(Lens(function.name_start, end, f"{target.label}: {text}"))
    return found


# ---- of the text alone ----


def links(document: Document, project: Project) -> list[Link]:
    """Return the labels of loads as links to their files, and addresses of images and services."""
    found: list[Link] = []
    for number, unit in enumerate(document.units):
        if unit.line.word == "load" and unit.indent == 0:
            for place in document.places(number):
                if place.occurrence.role == MODULE:
                    path = project.resolve(place.occurrence.name, document.path)
                    if path and (path in project.open or project.document(path) is not None):
                        found.append(Link(place.start + 1, place.end - 1, path, "", project.label(path)))
        elif '"' in unit.line.text or "'" in unit.line.text:
            found += _addresses(unit.start, unit.line.statements, len(unit.line.text))
    return found


def _addresses(base: int, statements: tuple[nodes.Node, ...], size: int) -> list[Link]:
    found = []
    for statement in statements:
        for node in walk(statement):
            if not isinstance(node, nodes.Call):
                continue
            known = KNOWN.get(dotted(node.callee))
            if known is None:
                continue
            for place, argument in enumerate(node.arguments):
                value = argument.value
                if not isinstance(value, nodes.String) or value.span.end > size:
                    continue
                param = known.param(argument.name) if argument.name else None
                if param is None and argument.kind == "positional" and place < known.by_position:
                    param = known.params[place]
                if param is not None and (address := _address(param.format or param.name, value.value)):
                    width = len(value.prefix) + 1
                    span = base + value.span.start + width, base + value.span.end - 1
                    found.append(Link(*span, "", address, address))
    return found


def _address(form: str, text: str) -> str:
    """Return the page of a reference or of an address, "" when nobody knows one."""
    if text.startswith("https://"):
        return text if not set(text) & set(' "<>\\') else ""
    if form not in ("reference", "repository", "image"):
        return ""
    name = text.partition("@")[0]
    host, _, rest = name.partition("/")
    last = rest.rpartition("/")[2]
    path = rest[: len(rest) - len(last)] + last.partition(":")[0]
    if not path or not all(letter.isalnum() or letter in "._-/" for letter in path):
        return ""
    if host == "ghcr.io":
        owner, _, package = path.partition("/")
        return (
            f"https://github.com/{owner}/packages/container/{package.replace('/', '%2F')}" if package else ""
        )
    if host in ("docker.io", "index.docker.io"):
        return f"https://hub.docker.com/r/{path}" if "/" in path else f"https://hub.docker.com/_/{path}"
    if host == "quay.io":
        return f"https://quay.io/repository/{path}"
    return ""


def tokens(document: Document, start: int = 0, end: int | None = None) -> list[Token]:
    """Return the kinds of the names in a range of the text, in order, none over another."""
    end = len(document.text) if end is None else end
    found: list[Token] = []
    own = document.bound[FILE]
    functions = {function.name for function in document.functions}
    for number, unit in enumerate(document.units):
        if unit.end < start:
            continue
        if unit.start > end:
            break
        if unit.line.is_comment:
            continue
        for place in document.places(number):
            kind = _kind(place, own, functions)
            if kind is not None:
                found.append(Token(place.start, place.end, TYPES.index(kind[0]), kind[1]))
    found.sort(key=lambda token: (token.start, -token.end))
    flat: list[Token] = []
    for token in found:
        if not flat or token.start >= flat[-1].end:
            flat.append(token)
    return flat


def _kind(
    place: Place, own: Mapping[str, Sequence[Place]], functions: Collection[str]
) -> tuple[str, int] | None:
    """Return the type of a name and its modifiers, None for what a grammar colours better."""
    role, name, whole = place.occurrence.role, place.occurrence.name, place.occurrence.whole
    declared, builtin, readonly = 1, 2, 4
    if role == DEF:
        return "function", declared
    if role == PARAM:
        return "parameter", declared
    if role == KEYWORD:
        return "property", 0
    if role == BIND:
        return "variable", declared
    if role in (LOADED, ORIGIN):
        return "function", declared if role == LOADED else 0
    if role == MODULE or name in ("None", "True", "False"):
        return None
    top = whole.partition(".")[0]
    if top in own or place.scope != FILE or place.inside >= 0:
        if whole != name:
            return "property", 0
        if place.scope != FILE or place.inside >= 0:
            return "variable", 0
        return ("function" if name in functions or own[name][0].occurrence.of else "variable"), 0
    if whole in SPACES:
        return "namespace", builtin
    known = KNOWN.get(whole)
    if known is None:
        return ("property", 0) if whole != name else None
    return ("function", builtin) if known.is_function else ("variable", builtin | readonly)


__all__ = (
    "MODIFIERS",
    "TYPES",
    "Hint",
    "Lens",
    "Link",
    "Token",
    "code_lenses",
    "inlay_hints",
    "links",
    "tokens",
)
