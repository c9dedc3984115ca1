"""Where the repository of each of many folders starts, looked for once a folder."""

from __future__ import annotations

import os

from envd_cache.config import CONFIG_FILE, PROJECT_FILE, find_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envd_cache.config import Root
    from envd_cache.diagnostics import Diagnostic, Result

# Only a folder with one of these can be a root; see `config.find_root`.
GIT = ".git"
MARKS = (CONFIG_FILE, PROJECT_FILE, GIT)


class Roots:
    """Remembers what `find_root` said, and asks it only where a root may be.

    `rules` returns the names of the known rules by code; it is called for a configuration that names some.
    """

    def __init__(self, rules: Callable[[], Mapping[str, str]] | None = None) -> None:
        self._rules = rules
        self._found: dict[str, Result[Root]] = {}

    def of(self, folder: str, names: frozenset[str] | None = None) -> Result[Root]:
        """Return the root around an absolute folder. `names` is what the folder holds, if that is known."""
        found = self._found.get(folder)
        if found is None:
            found = self._found[folder] = self._look(folder, names)
        return found

    def problems(self) -> tuple[Diagnostic, ...]:
        """Return what is wrong with the configurations that were asked for."""
        found = {id(result): result for result in self._found.values() if result.diagnostics}
        return tuple([one for result in found.values() for one in result.diagnostics])

    def _look(self, folder: str, names: frozenset[str] | None) -> Result[Root]:
        parent = folder.rpartition("/")[0] or "/"
        marked = not names.isdisjoint(MARKS) if names is not None else _is_marked(folder)
        if marked or parent == folder:
            return self._find(folder)
        above = self.of(parent)
        # Without any mark above, each folder is a root of its own.
        if above.value.folder == parent and not _is_marked(parent):
            return self._find(folder)
        return above

    def _find(self, folder: str) -> Result[Root]:
        found = find_root(folder)
        config = found.value.config
        if self._rules and (config.rules or config.per_path):
            return find_root(folder, self._rules())
        return found


def _is_marked(folder: str) -> bool:
    return any(os.path.lexists(os.path.join(folder, name)) for name in MARKS)
