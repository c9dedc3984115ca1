"""Writes the generated parts of the pages: the tables of both READMEs, and the page of all codes.

Run `python -m tools.generate_docs` in the checkout after a change in the catalog, the outputs, the commands
or the codes. A part stands between `<!-- generated: NAME -->` and `<!-- end -->`; the text between is
written anew. `tools/zh.py` has the Chinese for `README.zh-CN.md`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from envd_cache.catalog import BACKENDS, FACTS
from envd_cache.catalog.ci import SYSTEMS
from envd_cache.catalog.clients import CLIENTS
from envd_cache.catalog.common import KEY, USE
from envd_cache.catalog.model import BOTH, EXPORT, Secret
from envd_cache.cli.commands import COMMANDS
from envd_cache.codes import CODES
from envd_cache.emit.registry import EMITTERS
from tools import zh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from envd_cache.catalog.clients import Client, Drop
    from envd_cache.catalog.model import Backend, Fact, Param

    Translate = Callable[[str], str]

ROOT = Path(__file__).resolve().parents[1]
COMMAND = "python -m tools.generate_docs"
CODES_PAGE = ROOT / "docs" / "codes.md"
FAMILIES = {
    "0": "Reading and running a file",
    "1": "Arguments",
    "2": "The plan",
    "4": "What an output cannot say",
    "5": "Around a real build",
}
_CODE = re.compile(r"`[^`]*`")
_PART = re.compile(r"(<!-- generated: ([\w-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def english(text: str) -> str:
    """Return a text as the code has it."""
    return text


def chinese(text: str) -> str:
    """Return the Chinese for a text of the code; the text itself when there is none."""
    return zh.TEXTS.get(text, text)


READMES: dict[Path, Translate] = {ROOT / "README.md": english, ROOT / "README.zh-CN.md": chinese}


def main() -> int:
    """Write all pages and say which of them changed."""
    for path, text in wanted().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")
    return 0


def wanted() -> dict[Path, str]:
    """Return every page as it should be, by its path."""
    pages = {path: _filled(path.read_text(encoding="utf-8"), say) for path, say in READMES.items()}
    return {**pages, CODES_PAGE: codes_page()}


def used_texts() -> set[str]:
    """Return every text that the tables ask a translation for; code alone needs none."""
    asked: set[str] = set()

    def note(text: str) -> str:
        if not _CODE.fullmatch(text):
            asked.add(text)
        return text

    for part in PARTS.values():
        part(note)
    return asked - {""}


def _filled(page: str, say: Translate) -> str:
    return _PART.sub(lambda match: f"{match[1]}\n{PARTS[match[2]](say)}\n{match[4]}", page)


# ---- the parts ----


def commands(say: Translate) -> str:
    """Return the table of commands and the table of their options."""
    rows: list[tuple[str, ...]] = []
    # One option can mean different things in two commands; each of them has a row then.
    options: dict[tuple[str, str], list[str]] = {}
    for command in COMMANDS:
        operand = ""
        if command.operand:
            name = command.operand.name.upper()
            operand = f" {name}" if command.operand.required else f" [{name}]"
        rest = " -- CLIENT …" if command.after_dashes else " [ENVD FLAG …]" if command.rest else ""
        rows.append((f"`envd-cache {command.name}{operand}{rest}`", say(command.help)))
        for option in command.options:
            value = "" if option.kind == "flag" else f" {option.metavar or option.key.upper()}"
            short = f"`{option.short}`, " if option.short else ""
            help_ = say(option.help)
            if option.choices and option.name != "--to":
                help_ += f" ({', '.join(f'`{choice}`' for choice in option.choices)})"
            options.setdefault((f"{short}`{option.name}{value}`", help_), []).append(command.name)
    first = _table([say("command"), say("what it does")], rows)
    second = _table(
        [say("option"), say("of"), say("meaning")],
        ((name, ", ".join(options[name, help_]), help_) for name, help_ in _together(options)),
    )
    return f"{first}\n{second}"


def _together(options: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return names and meanings with those of one name in a row, in the order of the first of each."""
    first: dict[str, int] = {}
    for name, _ in options:
        first.setdefault(name, len(first))
    return sorted(options, key=lambda option: first[option[0]])


def backends(say: Translate) -> str:
    """Return the table of backends."""
    heads = ["call", "backend", "where the cache lies", "writes", "reads", "`key` is", "since BuildKit"]
    return _table([say(head) for head in heads], (_backend(backend, say) for backend in BACKENDS))


def _backend(backend: Backend, say: Translate) -> tuple[str, ...]:
    def when(names: tuple[str, ...]) -> str:
        return say("with {names}").format(names=_or(names, say)) if names else say("yes")

    reads = when(backend.imports_when)
    if backend.import_type:
        reads = say("{when}, as `{type}`").format(when=reads, type=backend.import_type)
    key = f"`{backend.key.param}`" if backend.key else ""
    if backend.key and backend.key.style == "tag":
        key = say("the tag of {param}").format(param=key)
    since = _version(backend.since)
    if backend.status:
        since += f" ({say(backend.status)})"
    title = f"[{say(backend.title)}]({backend.url})"
    return (f"`cache.{backend.name}`", title, say(backend.doc), when(backend.exports_when), reads, key, since)


def parameters(say: Translate) -> str:
    """Return one table of parameters for each backend, after the one that all backends share."""
    heads = ["parameter", "type", "direction", "default", "since BuildKit", "environment", "meaning"]
    headings = [say(head) for head in heads]
    tables = [f"#### {say('All backends')}\n\n{_table(headings, _parameters((USE, KEY), say))}"]
    tables += [
        f"#### `cache.{backend.name}`\n\n{_table(headings, _parameters(backend.params, say))}"
        for backend in BACKENDS
    ]
    return "\n".join(tables)


def _parameters(params: Iterable[Param], say: Translate) -> Iterator[tuple[str, ...]]:
    for param in params:
        since = _version(param.since)
        if param.since_note:
            since += f"; {say(param.since_note)}"
        readers: dict[str, list[str]] = {}
        for env in param.env:
            readers.setdefault(env.variable, []).append(env.reader)
        variables = [f"`{name}` ({', '.join(by)})" for name, by in readers.items()]
        meaning = say(param.doc)
        if param.note:
            meaning += say(" ") + say(param.note)
        yield (
            f"`{param.name}`",
            _type(param, say),
            say(param.direction),
            say("required") if param.required else _literal(param.default),
            since,
            "<br>".join(variables),
            meaning,
        )


def facts(say: Translate) -> str:
    """Return the table of what a build file may ask for, and the CI systems that are asked."""
    heads = ["call", "meaning", "set it with"]
    rows = [(f"`{_signature(fact)}`", say(fact.doc), _fact_option(fact)) for fact in FACTS]
    names = say(", ").join(system.name for system in SYSTEMS)
    asked = say("CI systems that are known: {names}.").format(names=names)
    return f"{_table([say(head) for head in heads], rows)}\n{asked}\n"


def _signature(fact: Fact) -> str:
    names = [param.name if param.required else f"[{param.name}]" for param in fact.params]
    return f"cache.{fact.name}({', '.join(names)})"


def _fact_option(fact: Fact) -> str:
    return f"`--fact {fact.from_command_line}=…`" if fact.from_command_line else ""


def outputs(say: Translate) -> str:
    """Return the table of outputs."""
    heads = ["`--to`", "what it is", "other forms", "how a secret is written", "what it warns about"]
    rows = []
    for emitter in EMITTERS:
        client = next((client for client in CLIENTS if client.name == emitter.client), None)
        forms = ", ".join(f"`--{form}`" for form in emitter.forms)
        losses = [] if client is None else _losses(client, say)
        rows.append(
            (
                f"`{emitter.name}`",
                say(emitter.title),
                forms,
                say(emitter.reference_form),
                say("; ").join(losses) or say("nothing"),
            )
        )
    return _table([say(head) for head in heads], rows)


def _losses(client: Client, say: Translate) -> list[str]:
    found = []
    if client.max_exports:
        found.append(say("more than one export"))
    if client.max_imports:
        found.append(say("more than one import"))
    together: dict[Drop, list[str]] = {}
    for drop in client.drops:
        together.setdefault(drop.replace(direction=BOTH, reason="", hint=""), []).append(drop.direction)
    for drop, directions in together.items():
        what = f"`{drop.type}`"
        if len(directions) == 1 and directions[0] != BOTH:
            word = "{what} as an export" if directions[0] == EXPORT else "{what} as an import"
            what = say(word).format(what=what)
        if drop.needs:
            groups = [_or((*need.attrs, *(f"${name}" for name in need.env)), say) for need in drop.needs]
            what = say("{what} without {attributes}").format(what=what, attributes=say(" and ").join(groups))
        if drop.driver:
            what = say("{what} with `--driver {driver}`").format(what=what, driver=drop.driver)
        found.append(what)
    if not client.keeps_newlines:
        found.append(say("a line end in a value"))
    if client.reads_twice:
        marks = ", ".join(f"`{mark}`" for mark in client.reads_twice)
        found.append(say("{marks} in a value").format(marks=marks))
    return found


PARTS: dict[str, Callable[[Translate], str]] = {
    "commands": commands,
    "backends": backends,
    "parameters": parameters,
    "facts": facts,
    "outputs": outputs,
}


def codes_page() -> str:
    """Return the page of all codes."""
    made = [
        "# Codes",
        f"<!-- generated by `{COMMAND}` from `envd_cache/codes.py` -->",
        "Every message has a code, which never changes its meaning.",
        "`envd-cache explain EC102` prints what this page says of one.",
    ]
    family = ""
    for code in CODES:
        if code.code[2] != family:
            family = code.code[2]
            made.append(f"## EC{family}xx: {FAMILIES[family]}")
        made += [f"### {code.code} {code.name}", code.why, f"Instead: {code.instead}"]
    return "\n\n".join(made) + "\n"


# ---- cells ----


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines)


def _type(param: Param, say: Translate) -> str:
    if param.choices:
        return say(" or ").join(_literal(choice) for choice in param.choices)
    return _type_name(param.type, say)


def _type_name(form: object, say: Translate) -> str:
    names: dict[object, str] = {str: "string", bool: "bool", int: "int", Secret: "secret"}
    if form in names:
        return say(names[form])
    inner = [_type_name(argument, say) for argument in getattr(form, "__args__", ())]
    if getattr(form, "__origin__", None) is list:
        return say("list of {type}s").format(type=inner[0])
    return say(" or ").join(inner)


def _literal(value: str | int | bool | None) -> str:
    if value is None:
        return ""
    return f'`"{value}"`' if isinstance(value, str) else f"`{value!r}`"


def _version(text: str) -> str:
    return text.removeprefix("v")


def _or(names: Sequence[str], say: Translate) -> str:
    return say(" or ").join(f"`{name}`" for name in names)


if __name__ == "__main__":
    sys.exit(main())
