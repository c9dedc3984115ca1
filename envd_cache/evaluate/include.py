"""`include(git)` without a network.

envd clones the repository into `~/.cache/envd/envdlib/<url, "/" as "_">`, runs every `*.envd` file in it
and gives back a module of their public names (envd 1.3.6 `pkg/lang/frontend/starlark/v1/universe`). When
that clone is there, its files are run here too; when it is not, every name that the file uses is a
function that does nothing, so that the rest of the file can still be evaluated.
"""

from __future__ import annotations

import os
import re
from keyword import kwlist

from envd_cache.evaluate.bindings import GLOBAL, bindings
from envd_cache.syntax.scan import logical_lines, skeleton

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_INCLUDE = re.compile(r"""\binclude\s*\(\s*(?:git\s*=\s*)?(["'])(?P<url>[^"'\n]+)\1""")
_MEMBER = re.compile(r"\.\s*([A-Za-z]\w*)", re.ASCII)
_MAX_FILES = 200


def included_names(text: str) -> tuple[str, ...]:
    """Return the URLs that a file includes, as far as they are written as plain strings."""
    code = skeleton(text).code
    found = [match["url"] for match in _INCLUDE.finditer(text) if code.startswith("include", match.start())]
    return tuple(dict.fromkeys(found))


def clone_folder(clones: str, url: str) -> str:
    """Return where envd keeps the clone of a repository."""
    return os.path.join(clones, url.replace("/", "_"))


def clone_files(clones: str, url: str) -> tuple[str, ...]:
    """Return the build files of a repository that envd has cloned, in the order in which envd runs them."""
    if not clones:
        return ()
    found: list[str] = []
    for folder, folders, files in os.walk(clone_folder(clones, url)):
        folders[:] = sorted(name for name in folders if name != ".git")
        found += [os.path.join(folder, name) for name in sorted(files) if name.endswith(".envd")]
    return tuple(found[:_MAX_FILES])


def include_source(text: str, included: Mapping[str, Mapping[str, str]]) -> str:
    """Return Starlark that defines `include` for a file.

    `included` maps the URL of each repository that is at hand to the names that it defines and the module
    of each. The function returns these, or no-ops under every name that the file uses, and records the
    call.
    """
    lines = ['load("@prelude", recorded = "include")', "def _nothing(*args, **kwargs):", "    return None"]
    table: list[str] = []
    for number, (url, names) in enumerate(included.items()):
        lines += [f'load("{module}", _m{number}_{name} = "{name}")' for name, module in names.items()]
        members = ", ".join([f"{name} = _m{number}_{name}" for name in names])
        lines.append(f"_included_{number} = struct({members})")
        table.append(f'"{url}": _included_{number}')
    no_ops = sorted(set(_MEMBER.findall(skeleton(text).code)).difference(kwlist, ("load",)))
    lines += [
        f"_no_ops = struct({', '.join(f'{name} = _nothing' for name in no_ops)})",
        f"_table = {{{', '.join(table)}}}",
        "def include(*args, **kwargs):",
        "    recorded(*args, **kwargs)",
        '    return _table.get(args[0] if args else kwargs.get("git"), _no_ops)',
    ]
    return "\n".join(lines) + "\n"


def public_names(text: str) -> tuple[str, ...]:
    """Return the names that a file may define at its top level and that do not start with `_`."""
    code = skeleton(text).code
    bound = bindings(text, code, logical_lines(code))
    found = [
        one.name for one in bound if one.kind == GLOBAL and one.name.isascii() and one.name.isidentifier()
    ]
    return tuple(dict.fromkeys([name for name in found if not name.startswith("_")]))
