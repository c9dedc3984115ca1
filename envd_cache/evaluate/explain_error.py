"""Words for the interpreter's errors: envd's familiar ones where envd has the same error."""

from __future__ import annotations

from envd_cache.catalog.model import HIGHEST, LOWEST
from envd_cache.diagnostics import ERROR, Diagnostic, Label, suggestion
from envd_cache.evaluate import prelude
from envd_cache.source import Location

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from envd_cache.evaluate.traceback import RawError
    from envd_cache.source import SourceFile

    Place = Callable[[str, int, int, int], Location | None]

MAX_STACK = 5
UNDEFINED = "EC006"

# So many members of a namespace are listed for a name that is like none of them.
MOST_MEMBERS = 12

# Up to this many characters a file is parsed as a whole to find every error of a kind.
LARGE = 200_000


def explained(raw: RawError, text: str, place: Place) -> tuple[Diagnostic, ...]:
    """Return what an error means; `text` is the interpreter's whole text, with the call stack.

    For a name that is not known these are all such names of the file, else it is one diagnostic.
    """
    location = place(raw.file, raw.line, raw.column, raw.width)
    code, message, hint = _words(raw.message, location)
    if code == UNDEFINED and location is not None and len(location.source.text) <= LARGE:
        found = undefined_names(location.source)
        if found:
            return found
    labels = tuple(
        Label(where, "called from here") for where in _stack(text, place) if not _same_line(where, location)
    )
    return (Diagnostic(code, ERROR, message, location, labels[:MAX_STACK], hint),)


def undefined_names(source: SourceFile) -> tuple[Diagnostic, ...]:
    """Return a diagnostic for every name of a file that is bound nowhere, with what may be meant."""
    from envd_cache.catalog.envd import CONSTANTS, UNIVERSE  # noqa: PLC0415 - only for problems
    from envd_cache.syntax.names import bound, dotted, unbound  # noqa: PLC0415 - loads lark
    from envd_cache.syntax.nodes import Attribute  # noqa: PLC0415 - only for problems
    from envd_cache.syntax.parse import parse  # noqa: PLC0415 - loads lark

    file = parse(source).value
    if file is None:
        return ()
    members: dict[str, list[str]] = {"": [*UNIVERSE]}
    for name in (*prelude.functions(), *(constant.name for constant in CONSTANTS)):
        space, _, member = name.rpartition(".")
        members.setdefault(space, []).append(member)
        if space and "." not in space:
            members[""].append(space)
        elif space:
            members.setdefault(space.partition(".")[0], []).append(space.partition(".")[2])
    known = members.pop("")
    own = dict.fromkeys(bound(file.statements))
    found: list[Diagnostic] = []
    for node in unbound(file, known, members):
        if isinstance(node, Attribute):
            space = dotted(node.value)
            message = f"`{space}` has no field or method `{node.name}`"
            having = ", ".join(f"`{name}`" for name in sorted(members[space])[:MOST_MEMBERS])
            more = " and more" if len(members[space]) > MOST_MEMBERS else ""
            hint = suggestion(node.name, members[space], f"it has {having}{more}")
            span = node.name_span
        else:
            message = f"undefined: `{node.name}`"
            hint, span = suggestion(node.name, [*known, *own], "define it, or load it"), node.span
        found.append(Diagnostic(UNDEFINED, ERROR, message, Location(source, span), hint=hint))
    return tuple(found)


def not_a_target(source: SourceFile, function: str, raw: RawError) -> Diagnostic:
    """Return the diagnostic for a target that cannot be called, at its definition if there is one."""
    from envd_cache.syntax.calls import functions  # noqa: PLC0415 - loads lark

    defined = {definition.name: definition for definition in functions(source)}
    if function in defined:
        location = Location(source, defined[function].name_span)
        message = f"`{function}` takes arguments, a target takes none"
        hint = "call it from a function without arguments, and name that as the target"
        if function.startswith("_"):
            message = f"`{function}` is private to its file"
            hint = "a target is a function whose name does not start with `_`"
        return Diagnostic("EC013", ERROR, message, location, hint=hint)
    if not raw.message.startswith("Module has no symbol") and _is_value(source, function):
        return Diagnostic("EC013", ERROR, f"`{function}` is not a function", path=source.path)
    public = [f"`{name}`" for name in defined if not name.startswith("_")]
    hint = suggestion(function, defined, f"functions of the file: {', '.join(public) or 'none'}")
    message = f"`{source.path}` has no function `{function}`"
    return Diagnostic("EC013", ERROR, message, path=source.path, hint=hint)


def never_callable(source: SourceFile, function: str) -> tuple[Diagnostic, ...]:
    """Return why a function of a file cannot be a target, as far as the text alone tells; else nothing."""
    from envd_cache.evaluate.traceback import RawError  # noqa: PLC0415 - only for problems
    from envd_cache.syntax.calls import functions  # noqa: PLC0415 - loads lark

    defined = {definition.name: definition for definition in functions(source)}
    if function in defined:
        wrong = function.startswith("_") or bool(defined[function].required)
    else:
        wrong = len(source.text) <= LARGE and not _is_value(source, function)
    return (not_a_target(source, function, RawError("Module has no symbol")),) if wrong else ()


def _is_value(source: SourceFile, name: str) -> bool:
    """Say whether a file gives a name a value itself; what it loads and what envd has is no target of it."""
    from envd_cache.syntax.names import bound  # noqa: PLC0415 - loads lark
    from envd_cache.syntax.nodes import Load  # noqa: PLC0415 - only for problems
    from envd_cache.syntax.parse import parse  # noqa: PLC0415 - loads lark

    file = parse(source).value
    return file is None or name in bound(one for one in file.statements if not isinstance(one, Load))


def too_long(raw: RawError, place: Place, limit: float, path: str) -> Diagnostic:
    """Return the diagnostic for an evaluation that was stopped after `limit` seconds."""
    location = place(raw.file, raw.line, raw.column, raw.width)
    hint = "is there an endless loop? `--time-limit` gives it more time"
    message = f"the evaluation took longer than {limit:g} seconds"
    return Diagnostic("EC009", ERROR, message, location, path="" if location else path, hint=hint)


def _words(message: str, location: Location | None) -> tuple[str, str, str]:
    """Return code, message and hint for an error text of starlark-rust."""
    if message.startswith("fail:"):  # first of all: the text is the file's own
        return ("EC011", message.removeprefix("fail:").strip() or "`fail` was called without a text", "")
    stated, _, suggested = message.partition(", did you mean `")
    near = suggested.partition("`")[0]
    hint = f"did you mean `{near}`?" if near else ""
    quoted = stated.split("`")
    if stated.startswith("Variable `") and stated.endswith("not found"):
        return (UNDEFINED, f"undefined: `{quoted[1]}`", hint)
    if " has no attribute `" in stated:
        name = quoted[3]
        owner = _text(location).rpartition(f".{name}")[0].strip() if location else ""
        if owner.isidentifier() or owner.replace(".", "").isidentifier():
            return (UNDEFINED, f"`{owner}` has no field or method `{name}`", hint)
        return (UNDEFINED, f"a value of type `{quoted[1]}` has no field or method `{name}`", hint)
    if stated.startswith("Parse error: "):
        return ("EC005", stated.removeprefix("Parse error: "), "")
    if "call stack overflow" in stated:
        return ("EC010", "the calls are nested too deeply", "does a function call itself without an end?")
    if stated == "Immutable":
        hint = "a value of the top level or of another file is frozen; make a copy and change that"
        return ("EC008", "cannot change a frozen value", hint)
    if stated.startswith("Module has no symbol `"):
        hint = suggestion(quoted[1], [near]) if near else ""
        return ("EC015", f"the loaded file has no `{quoted[1]}`", hint)
    if stated.startswith("Module symbol `") and stated.endswith("is not exported"):
        hint = "load it from the file that defines it"
        return (
            "EC015",
            f"the loaded file has `{quoted[1]}` from another file, and does not give it on",
            hint,
        )
    if stated.startswith("Unsupported format character"):
        return ("EC018", stated[:1].lower() + stated[1:], "use `format`, or `%s`, `%d`, `%r` or `%x`")
    if stated.startswith(("Missing parameter", "Missing positional", "Missing named-only")):
        return ("EC008", f"missing argument for `{quoted[1]}`", "")
    if stated.startswith("Error unpacking value for parameter `"):
        # starlark-pyo3 2026.1 ends this text before the last mark. What it cannot unpack is a large number.
        if quoted[3:] and "int" in quoted[3]:
            hint = f"write one from {LOWEST} to {HIGHEST}"
            return ("EC008", f"the number for the parameter `{quoted[1]}` is out of range", hint)
        stated += "`" * (stated.count("`") % 2)
    if "extra named parameter" in stated:
        names = ", ".join(f"`{name}`" for name in quoted[1::2])
        return ("EC008", f"`{stated.rpartition('.')[2]}` has no parameter {names}", "")
    if "extra positional argument" in stated:
        return ("EC008", f"too many arguments: {quoted[0].split(' argument')[0].removeprefix('Found ')}", "")
    return ("EC008", stated[:1].lower() + stated[1:] if stated[1:2].islower() else stated, hint)


def _stack(text: str, place: Place) -> list[Location]:
    """Return the places of the calls on the stack, the innermost first."""
    found: list[Location] = []
    head = text.partition("\nerror: ")[0]
    for line in reversed(head[-20_000:].split("\n")):
        if not line.startswith("  * "):
            continue
        where = line[4:].partition(", in ")[0]
        file, _, number = where.rpartition(":")
        location = place(file, int(number), 0, 0) if number.isdigit() else None
        if location is not None:
            found.append(location)
        if len(found) > MAX_STACK:
            break
    return found


def _same_line(one: Location, other: Location | None) -> bool:
    if other is None or one.source is not other.source:
        return False
    return one.source.position(one.span.start).line == one.source.position(other.span.start).line


def _text(location: Location) -> str:
    return location.source.text[location.span.start : location.span.end]
