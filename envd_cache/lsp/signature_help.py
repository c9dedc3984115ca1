"""Signature help: what the call around the cursor takes, and which parameter is being written."""

from __future__ import annotations

from envd_cache.lsp.known import KNOWN, form_of, written_default
from envd_cache.lsp.symbols import function_named
from envd_cache.record import Record
from envd_cache.syntax.cursor import Cursor, cursor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.catalog.model import Param
    from envd_cache.lsp.document import Document, Function
    from envd_cache.lsp.known import Known
    from envd_cache.lsp.project import Project
    from envd_cache.syntax.cursor import Open
    from envd_cache.syntax.nodes import Parameter


class ParameterHelp(Record):
    """One parameter: where it stands in the label, and its documentation in Markdown."""

    start: int
    end: int
    doc: str


class SignatureHelp(Record):
    """A signature; `active` is the number of the parameter that is being written, -1 for none."""

    label: str
    doc: str
    parameters: tuple[ParameterHelp, ...]
    active: int


def cursor_at(document: Document, offset: int) -> Cursor:
    """Return what stands left of an offset, in its logical line or in the one that it goes on with."""
    number = document.lines.before(offset)
    if number < 0:
        return cursor(document.text, offset, offset)
    unit = document.units[number]
    between = document.text[unit.end : offset] if offset > unit.end else ""
    if "\n" in between and not unit.unclosed:
        start = document.text.rfind("\n", 0, offset) + 1
        return cursor(document.text, start, offset)
    return cursor(document.text, unit.start, offset)


def signature_help(document: Document, project: Project, offset: int) -> SignatureHelp | None:
    """Return help for the innermost call around an offset, None outside of calls."""
    at = cursor_at(document, offset)
    call = at.call
    if call is None or (at.first == "def" and at.open[0] is call) or at.comment:
        return None
    known = known_function(document, call.callee)
    if known is not None:
        return _of_known(known, call)
    found = function_named(document, project, call.callee)
    return _of_function(call.callee, found[0], found[1], call) if found else None


def known_function(document: Document, name: str) -> Known | None:
    """Return a builtin by its whole name, None when the file means something of its own by it."""
    known = KNOWN.get(name)
    if known is None or document.binds(name.partition(".")[0]):
        return None
    return known


def _of_known(known: Known, call: Open) -> SignatureHelp:
    pieces = []
    for number, param in enumerate(known.params):
        default = written_default(param)
        text = f"{param.name}: {form_of(param)}" + (f" = {default}" if default else "")
        if not default and not param.required:
            text = f"{param.name}?: {form_of(param)}"
        if known.kind == "backend" and number == 1:
            text = f"*, {text}"
        pieces.append(text)
    label, spans = _label(known.name, pieces, known.returns if known.kind != "backend" else "")
    docs = [parameter_doc(param) for param in known.params]
    helps = tuple([ParameterHelp(*span, doc) for span, doc in zip(spans, docs, strict=True)])
    names = [param.name for param in known.params]
    return SignatureHelp(label, known.doc, helps, _active(names, call, known.by_position))


def _active(names: list[str], call: Open, by_position: int) -> int:
    if call.keyword:
        return names.index(call.keyword) if call.keyword in names else -1
    if call.positional < by_position and len(call.given) == 0:
        return call.positional
    return -1


def _label(name: str, pieces: list[str], returns: str) -> tuple[str, list[tuple[int, int]]]:
    label = f"{name}("
    spans = []
    for number, piece in enumerate(pieces):
        label += ", " * (number > 0)
        start = len(label) + (3 if piece.startswith("*, ") else 0)
        label += piece
        spans.append((start, len(label)))
    return f"{label})" + (f" -> {returns}" if returns and returns != "None" else ""), spans


def parameter_doc(param: Param) -> str:
    """Return what a parameter means, in Markdown: its meaning, its default, since when it is known."""
    parts = [param.doc]
    if param.note:
        parts.append(param.note)
    default = written_default(param)
    facts = []
    if default:
        facts.append(f"default: `{default}`")
    if param.required:
        facts.append("required")
    if param.direction != "both":
        facts.append(f"{param.direction} only")
    if param.since:
        facts.append(f"since BuildKit {param.since}" + (f", {param.since_note}" if param.since_note else ""))
    facts += [f"environment: `{env.variable}` ({env.reader})" for env in param.env]
    if param.needs:
        facts.append(f"only with `{param.needs}`")
    text = " ".join(parts)
    return f"{text}\n\n{'; '.join(facts)}" if facts else text


def written_parameter(parameter: Parameter, text: str) -> str:
    """Return a parameter of a function as it is written in its line."""
    return text[parameter.span.start : parameter.span.end]


def _of_function(name: str, document: Document, function: Function, call: Open) -> SignatureHelp:
    line = document.units[function.first].line.text
    parameters = function.definition.parameters
    label, spans = _label(name, [written_parameter(one, line) for one in parameters], "")
    names = [one.name for one in parameters]
    by_position = sum(one.kind == "positional" for one in parameters)
    active = _active(names, call, by_position)
    stars = [number for number, one in enumerate(parameters) if one.kind == "*"]
    if active < 0 and not call.keyword and stars:
        active = stars[0]
    doc = docstring(document, function)
    return SignatureHelp(label, doc, tuple([ParameterHelp(*span, "") for span in spans]), active)


def docstring(document: Document, function: Function) -> str:
    """Return the string or the comments at the head of a function, "" when it has none."""
    units = document.units
    from envd_cache.syntax import nodes  # noqa: PLC0415 - with the parser

    if function.first + 1 < function.behind:
        statements = units[function.first + 1].line.statements
        if statements and isinstance(statements[0], nodes.Expression):
            value = statements[0].value
            if isinstance(value, nodes.String):
                return "\n".join([line.strip() for line in value.value.strip().split("\n")])
    lines: list[str] = []
    number = function.first - 1
    below = units[function.first].head
    while (
        number >= 0 and units[number].line.is_comment and units[number].indent == units[function.first].indent
    ):
        if document.text.count("\n", units[number].end, below) > 1:
            break
        below = units[number].head
        lines.insert(0, units[number].line.text.lstrip("#").strip())
        number -= 1
    return "\n".join(lines)
