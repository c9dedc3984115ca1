"""`include(git)` without a network.

envd clones the repository into `~/.cache/envd/envdlib/<url, "/" as "_">`, runs every `*.envd` file in it
and gives back a module of their public names (envd 1.3.6 `pkg/lang/frontend/starlark/v1/universe`). When
that clone is there, its files are run here too; when it is not, every name that the file uses is a
function that does nothing, so that the rest of the file can still be evaluated.
"""

from __future__ import annotations

import os
import re

import starlark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.evaluate.interpreter import Interpreter, _Run
    from envd_cache.source import SourceFile

_INCLUDE = re.compile(r"""\binclude\s*\(\s*(?:git\s*=\s*)?(["'])(?P<url>[^"'\n]+)\1""")
_MEMBER = re.compile(r"\.\s*([A-Za-z]\w*)")
_PUBLIC = re.compile(r"^(?:def\s+([A-Za-z]\w*)\s*\(|([A-Za-z]\w*)\s*=[^=])", re.MULTILINE)
_MAX_FILES = 200


def included_names(text: str) -> tuple[str, ...]:
    """Return the URLs that a file includes, as far as they are written as plain strings."""
    return tuple(dict.fromkeys(match["url"] for match in _INCLUDE.finditer(text)))


def clone_folder(clones: str, url: str) -> str:
    """Return where envd keeps the clone of a repository."""
    return os.path.join(clones, url.replace("/", "_"))


def add_include(run: _Run, module: starlark.Module, source: SourceFile) -> None:
    """Define `include` in a module: it returns what a repository defines, and is recorded as a call."""
    interpreter = run.interpreter
    loaded: dict[str, starlark.FrozenModule] = {"@prelude": interpreter.prelude}
    table: list[str] = []
    lines = ['load("@prelude", recorded = "include")', "def _nothing(*args, **kwargs):", "    return None"]
    for number, url in enumerate(included_names(source.text)):
        names: list[str] = []
        for path in _files(run, url):
            found = run.included(path)
            if found is None:
                continue
            public, frozen = found
            name = f"@included/{len(loaded)}"
            loaded[name] = frozen
            for public_name in public:
                local = f"_m{number}_{public_name}"
                lines.append(f'load("{name}", {local} = "{public_name}")')
                names.append(f"{public_name} = {local}")
        if names:
            lines.append(f"_included_{number} = struct({', '.join(names)})")
            table.append(f'"{url}": _included_{number}')
    members = sorted(set(_MEMBER.findall(source.text)))
    lines += [
        f"_no_ops = struct({', '.join(f'{member} = _nothing' for member in members)})",
        f"_table = {{{', '.join(table)}}}",
        "def include(*args, **kwargs):",
        "    recorded(*args, **kwargs)",
        '    return _table.get(args[0] if args else kwargs.get("git"), _no_ops)',
    ]
    _define(interpreter, module, "\n".join(lines) + "\n", loaded)


def _define(
    interpreter: Interpreter,
    module: starlark.Module,
    text: str,
    loaded: dict[str, starlark.FrozenModule],
) -> None:
    made = starlark.Module()
    loader = starlark.FileLoader(loaded.__getitem__)
    starlark.eval(made, starlark.parse("@include", text), interpreter.own_globals, loader)
    frozen = made.freeze()
    inject = starlark.parse("@inject", 'load("@include", "include")', interpreter.dialect)
    starlark.eval(module, inject, interpreter.globals, starlark.FileLoader(lambda _: frozen))


def _files(run: _Run, url: str) -> list[str]:
    """Return the build files of a repository that envd has cloned, in the order in which envd runs them."""
    if not run.facts.clones:
        return []
    found: list[str] = []
    for folder, folders, files in os.walk(clone_folder(run.facts.clones, url)):
        folders.sort()
        folders[:] = [name for name in folders if name != ".git"]
        found += [os.path.join(folder, name) for name in sorted(files) if name.endswith(".envd")]
    return found[:_MAX_FILES]


def public_names(text: str) -> tuple[str, ...]:
    """Return the names that a file may define at its top level and that do not start with `_`."""
    return tuple(dict.fromkeys(match[1] or match[2] for match in _PUBLIC.finditer(text)))
