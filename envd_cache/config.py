"""The root of a repository and what it says about caches: `envd-cache.toml` or `[tool.envd-cache]`."""

from __future__ import annotations

import os

from envd_cache.diagnostics import Result
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from envd_cache.globs import Patterns

CONFIG_FILE = "envd-cache.toml"
PROJECT_FILE = "pyproject.toml"
TABLE = ("tool", "envd-cache")


class Config(Record):
    """Settings of a repository; `config_keys.KEYS` tells what each of them means.

    `path` is the file, "" when there is none. `rules` are pairs of a rule's name or code and a level,
    `per_path` pairs of globs and rules. A text that is "" is not stated.
    """

    path: str = ""
    defaults: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    buildkit: str = ""
    buildx: str = ""
    driver: str = ""
    client: str = ""
    fail_on: str = "warning"
    rules: tuple[tuple[str, str], ...] = ()
    per_path: tuple[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], ...] = ()


class Root(Record):
    """The folder at which `//` starts, and the settings found there."""

    folder: str
    config: Config


def find_root(folder: str, rules: Mapping[str, str] | None = None) -> Result[Root]:
    """Return the nearest folder upward that has a configuration or `.git`; else the folder itself.

    `rules` are the names of the known rules by code; with them a rule that nobody knows is an error.
    """
    start = current = os.path.abspath(folder)
    while True:
        own = os.path.join(current, CONFIG_FILE)
        if os.path.isfile(own):
            return _read(current, own, (), rules) or Result(Root(current, Config()))
        project = os.path.join(current, PROJECT_FILE)
        if _mentions_us(project) and (found := _read(current, project, TABLE, rules)):
            return found
        if os.path.lexists(os.path.join(current, ".git")):
            return Result(Root(current, Config()))
        parent = os.path.dirname(current)
        if parent == current:
            return Result(Root(start, Config()))
        current = parent


def git_top(folder: str) -> str:
    """Return the top of the git repository around an absolute folder, "" without one."""
    while not os.path.lexists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return ""
        folder = parent
    return folder


def severity(config: Config, name: str, code: str, path: str, default: str) -> str:
    """Return the level of a rule's findings in a file: a severity, or "off".

    `path` starts at the root, as `team/build.envd`. The last section of `per_path` that fits the file and
    names the rule decides, then `rules`, then the `default` of the rule itself.
    """
    for globs, rules in reversed(config.per_path):
        for rule, level in rules:
            if rule in (name, code) and _patterns(globs).covers(path):
                return level
    for rule, level in config.rules:
        if rule in (name, code):
            return level
    return default


_PATTERNS: dict[tuple[str, ...], Patterns] = {}


def _patterns(globs: tuple[str, ...]) -> Patterns:
    from envd_cache.globs import Patterns  # noqa: PLC0415 - loads re, and hardly a repository has sections

    if globs not in _PATTERNS:
        _PATTERNS[globs] = Patterns(globs)
    return _PATTERNS[globs]


def _mentions_us(path: str) -> bool:
    # Reading TOML costs 6 ms; most pyproject.toml files do not speak of us.
    if not os.path.isfile(path):
        return False  # a pipe would wait for ever
    try:
        with open(path, "rb") as file:
            return b"envd-cache" in file.read(1 << 20)
    except OSError:
        return False


def _read(
    folder: str, path: str, table: tuple[str, ...], rules: Mapping[str, str] | None
) -> Result[Root] | None:
    """Return the settings in one table of a file, or None when the file has no such table."""
    if os.path.islink(path) and _leads_out(folder, path):
        from envd_cache.diagnostics import ERROR, Diagnostic  # noqa: PLC0415 - only for problems

        message = "the configuration cannot be read: it is a link that leads out of the repository"
        hint = "keep it in the repository"
        problem = Diagnostic("EC020", ERROR, message, path=path, hint=hint)
        return Result(Root(folder, Config(path)), (problem,))
    from envd_cache.config_keys import read  # noqa: PLC0415 - only a configured repository needs it

    found = read(path, table, rules)
    if found is None:
        return None
    return Result(Root(folder, Config(path).replace(**found.value)), found.diagnostics)


def _leads_out(folder: str, path: str) -> bool:
    """Say whether a link leads out of the git repository around a folder, or out of the folder itself."""
    from envd_cache.source import lies_in  # noqa: PLC0415 - hardly a configuration is a link

    return not lies_in(os.path.realpath(path), os.path.realpath(git_top(folder) or folder))
