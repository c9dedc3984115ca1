"""Completion: what can stand at a cursor, in whole and in broken text.

Members of `cache`, `install` and the others, names of the file and of Starlark, keyword arguments that a
call does not have yet, values of arguments (modes, compressions, references and keys that the repository
uses already), labels and names in `load`.
"""

from __future__ import annotations

from envd_cache.lsp.document import FILE
from envd_cache.lsp.known import (
    CACHE,
    KNOWN,
    SECRET,
    SPACES,
    TOP,
    WORDS,
    form_of,
    takes_secret,
    values_of,
    written_default,
)
from envd_cache.lsp.load_completion import MOST_NAMES, Item, head_of, in_load, string_end
from envd_cache.lsp.names import DEF
from envd_cache.lsp.signature_help import (
    cursor_at,
    docstring,
    known_function,
    parameter_doc,
    written_parameter,
)
from envd_cache.lsp.symbols import function_named
from envd_cache.syntax.cursor import given_right

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.catalog.model import Param
    from envd_cache.lsp.document import Document
    from envd_cache.lsp.known import Known
    from envd_cache.lsp.project import Project
    from envd_cache.syntax.cursor import Cursor, Open


def completion(document: Document, project: Project, offset: int) -> list[Item]:
    """Return what can stand at an offset, the likeliest first."""
    at = cursor_at(document, offset)
    if at.comment:
        return []
    if at.string is not None:
        return list(_in_string(document, project, at, offset))
    if at.space:
        return list(_members(document, at, offset))
    if at.first == "def" and (not at.open or at.open[0].callee):
        inside = document.text[at.open[0].start : offset] if at.open else ""
        if not at.open or ")" not in inside:
            return []
    call = at.open[-1] if at.open else None
    if call is not None and call.callee == "load":
        return []
    found: list[Item] = []
    if call is not None and call.callee and not call.keyword:
        found += _keywords(document, project, at, call, offset)
    inner = at.call
    if inner is not None:
        found += _values(document, project, at, inner, offset)
    found += _names(document, at, offset)
    return found


# ---- members ----


def _members(document: Document, at: Cursor, offset: int) -> Iterator[Item]:
    if document.binds(at.space.partition(".")[0]):
        return
    for name in SPACES.get(at.space, ()):
        whole = f"{at.space}.{name}"
        known = KNOWN.get(whole)
        if known is None:
            yield Item(name, "module", at.word_start, offset, name, detail=whole)
        elif known.is_function:
            yield _called(known, name, at, offset, document)
        else:
            yield Item(name, "constant", at.word_start, offset, name, detail=known.value, doc=known.doc)


def _called(known: Known, name: str, at: Cursor, offset: int, document: Document) -> Item:
    """Return a function with its brackets, and a stop for each argument that it must have."""
    behind = document.text[offset : offset + 1]
    text = name
    if behind != "(":
        needed = [param for param in known.params if param.required and not param.env]
        if known.kind == "builtin" and known.of is not None and getattr(known.of, "positional_only", False):
            text = name + "(" + ", ".join(f"${number}" for number, _ in enumerate(needed, 1)) + ")"
        elif needed:
            stops = [f"{param.name}={_stop(number, param)}" for number, param in enumerate(needed, 1)]
            text = f"{name}({', '.join(stops)})"
        else:
            text = f"{name}(${{0}})" if known.params else f"{name}()"
    order = "1" if known.kind == "fact" else "0"
    return Item(
        name,
        "function",
        at.word_start,
        offset,
        text,
        plain=name,
        detail=_detail(known),
        doc=known.doc,
        order=order + name,
        snippet="$" in text,
    )


def is_cut(items: list[Item]) -> bool:
    """Say whether there may be more than these, so that an editor must ask again with the next letter."""
    return sum(item.kind in ("file", "text") for item in items) >= MOST_NAMES


def _stop(number: int, param: Param) -> str:
    """Return where a value goes in a snippet; of one with few values the editor shows the list."""
    choices = values_of(param)
    if choices:
        return f"${{{number}|{','.join(choices)}|}}"
    if takes_secret(param) and param.type is not str:
        return f'{SECRET}("${{{number}}}")'
    if param.type is str:
        return f'"${{{number}}}"'
    if getattr(param.type, "__origin__", None) is list:
        return f'["${{{number}}}"]'
    return f"${{{number}}}"


def _detail(known: Known) -> str:
    return f"{known.name}({', '.join(param.name for param in known.params)})"


# ---- arguments ----


def _keywords(document: Document, project: Project, at: Cursor, call: Open, offset: int) -> list[Item]:
    number = document.lines.before(offset)
    end = document.units[number].end if number >= 0 else offset
    given = {*call.given, *given_right(document.text, offset, max(end, offset))}
    behind = document.text[offset : offset + 1]
    made: list[Item] = []
    known = known_function(document, call.callee)
    if known is not None:
        if getattr(known.of, "positional_only", False):
            return []
        taken = {param.name for param in known.params[: call.positional]} if known.by_position else set()
        for place, param in enumerate(known.params):
            if param.name in given or param.name in taken:
                continue
            order = f"{0 if param.required else 1}{place:03}"
            made.append(_keyword(at, offset, param.name, order, param, assigned=behind == "="))
        return made
    found = function_named(document, project, call.callee)
    if found is None:
        return []
    other, function = found
    line = other.units[function.first].line.text
    parameters = [one for one in function.definition.parameters if one.kind in ("positional", "keyword-only")]
    for place, parameter in enumerate(parameters):
        if parameter.name not in given and place >= call.positional:
            detail = written_parameter(parameter, line)
            item = _keyword(at, offset, parameter.name, f"0{place:03}", None, assigned=behind == "=")
            made.append(item.replace(detail=detail))
    return made


def _keyword(at: Cursor, offset: int, name: str, order: str, param: Param | None, *, assigned: bool) -> Item:
    text = name if assigned else f"{name}="
    detail = doc = ""
    snippet = False
    if param is not None:
        default = written_default(param)
        detail = form_of(param) + (f" = {default}" if default else "")
        doc = parameter_doc(param)
        if not assigned:
            stop = _stop(1, param)
            snippet = stop != "${1}"
            text = f"{name}={stop}" if snippet else text
    plain = name if assigned else f"{name}="
    return Item(f"{name}=", "property", at.word_start, offset, text, plain, detail, doc, f"0{order}", snippet)


def _param_of(document: Document, call: Open) -> Param | None:
    """Return the parameter of a builtin whose value is being written."""
    known = known_function(document, call.callee)
    if known is None:
        return None
    if call.keyword:
        return known.param(call.keyword)
    if not call.given and call.positional < known.by_position:
        return known.params[call.positional]
    return None


def _values(document: Document, project: Project, at: Cursor, call: Open, offset: int) -> Iterator[Item]:
    param = _param_of(document, call)
    if param is None:
        return
    for number, value in enumerate(values_of(param)):
        default = "default" if value == written_default(param) else ""
        yield Item(value, "value", at.word_start, offset, value, detail=default, order=f"00{number:03}")
    if takes_secret(param):
        text = f'{SECRET}("${{1:NAME}}")'
        yield Item(
            f'{SECRET}("NAME")',
            "function",
            at.word_start,
            offset,
            text,
            f'{SECRET}("")',
            order="00",
            snippet=True,
        )
    inside_list = at.open[-1].mark == "["
    if param.format == "key":
        for text in (f"{CACHE}.branch()", f'"{BRANCHES[0]}"', f'[{CACHE}.branch(), "{BRANCHES[0]}"]'):
            if not (inside_list and text.startswith("[")):
                yield Item(text, "value", at.word_start, offset, text, order="00")
    for text in _used(document, project, param, ""):
        quoted = f'"{text}"'
        yield Item(
            quoted, "text", at.word_start, offset, quoted, detail="used in this repository", order=f"01{text}"
        )


BRANCHES = ("main", "master")


def _used(document: Document, project: Project, param: Param, typed: str) -> list[str]:
    """Return the texts that the repository has for a parameter of this kind already."""
    if param.format == "key":
        return project.keys(document.path, typed)
    if param.format in ("reference", "repository"):
        return project.refs(document.path, typed)
    return []


# ---- strings ----


def _in_string(document: Document, project: Project, at: Cursor, offset: int) -> Iterator[Item]:
    call = at.call
    if call is None or at.string is None:
        return
    if call.callee == "load":
        yield from in_load(document, project, at, call, offset)
        return
    param = _param_of(document, call)
    if param is None:
        return
    end = string_end(document, at, offset)
    texts = [str(choice) for choice in param.choices if isinstance(choice, str)]
    for number, text in enumerate(texts):
        default = "default" if text == param.default else ""
        yield Item(text, "value", at.string_start, end, text, detail=default, order=f"0{number:03}")
    if not texts:
        for text in _used(document, project, param, at.string):
            if text != at.string:
                yield Item(
                    text,
                    "text",
                    at.string_start,
                    end,
                    text,
                    detail="used in this repository",
                    order=f"1{text}",
                )
        if param.format == "key":
            for text in BRANCHES:
                yield Item(text, "text", at.string_start, end, text, order=f"2{text}")


# ---- names ----


def _names(document: Document, at: Cursor, offset: int) -> Iterator[Item]:
    """Yield the names that can begin an expression or a statement."""
    function = document.function_at(offset)
    seen: set[str] = set()
    scopes = [function.first] if function else []
    for scope in (*scopes, FILE):
        for name, places in document.bound.get(scope, {}).items():
            if name in seen or (name == at.word and all(one.start == at.word_start for one in places)):
                continue
            seen.add(name)
            yield _own(document, name, at, offset, scope)
    for name in TOP:
        known = KNOWN.get(name)
        if name in seen:
            continue
        if known is None:
            yield Item(name, "module", at.word_start, offset, name, order=f"3{name}")
        elif known.kind == "builtin":
            item = _called(known, name, at, offset, document)
            yield item.replace(order=f"3{name}")
        else:
            kind = "function" if known.is_function else "constant"
            yield Item(name, kind, at.word_start, offset, name, doc=known.doc, order=f"5{name}")
    if not at.open:
        for word in WORDS:
            yield Item(word, "keyword", at.word_start, offset, word, order=f"6{word}")
        if at.first in ("", at.word):
            yield from _templates(document, at, offset)


def _own(document: Document, name: str, at: Cursor, offset: int, scope: int) -> Item:
    place = document.bound[scope][name][0]
    function = document.function(name) if scope == FILE else None
    kind = (
        "function" if place.occurrence.role == DEF or (place.occurrence.of and scope == FILE) else "variable"
    )
    detail = head_of(document, function.first) if function else ""
    if place.occurrence.of and scope == FILE:
        detail = f"from {place.occurrence.of}"
    doc = docstring(document, function) if function else ""
    return Item(
        name, kind, at.word_start, offset, name, detail=detail, doc=doc, order=f"2{scope == FILE:d}{name}"
    )


_TEMPLATES = (
    (
        "def build",
        "a target that is built",
        'def ${1:build}():\n    base(image="${2:ubuntu:22.04}", dev=${3|True,False|})\n    $0',
    ),
    ("load", "take names from another file", 'load("$1", "$2")'),
)


def _templates(document: Document, at: Cursor, offset: int) -> Iterator[Item]:
    line = document.text.rfind("\n", 0, at.word_start) + 1
    if document.text[line : at.word_start].strip() or at.word_start > line:
        return
    for label, detail, text in _TEMPLATES:
        yield Item(
            label, "snippet", at.word_start, offset, text, label, detail, order=f"4{label}", snippet=True
        )
