"""The root of a repository and what it says about caches: `envd-cache.toml` or `[tool.envd-cache]`."""

from __future__ import annotations

import os

from envd_cache.diagnostics import ERROR, Diagnostic, Result, suggestion
from envd_cache.record import Record

CONFIG_FILE = "envd-cache.toml"
PROJECT_FILE = "pyproject.toml"
TABLE = ("tool", "envd-cache")
KEYS = ("defaults",)


class Config(Record):
    """Settings of a repository. `defaults` is `//file:function`, called where a target declares nothing."""

    path: str = ""
    defaults: str = ""


class Root(Record):
    """The folder at which `//` starts, and the settings found there."""

    folder: str
    config: Config


def find_root(folder: str) -> Result[Root]:
    """Return the nearest folder upward that has a configuration or `.git`; else the folder itself."""
    start = current = os.path.abspath(folder)
    while True:
        own = os.path.join(current, CONFIG_FILE)
        if os.path.isfile(own):
            return _read(current, own, ()) or Result(Root(current, Config()))
        project = os.path.join(current, PROJECT_FILE)
        if _mentions_us(project) and (found := _read(current, project, TABLE)):
            return found
        if os.path.lexists(os.path.join(current, ".git")):
            return Result(Root(current, Config()))
        parent = os.path.dirname(current)
        if parent == current:
            return Result(Root(start, Config()))
        current = parent


def _mentions_us(path: str) -> bool:
    # Reading TOML costs 6 ms; most pyproject.toml files do not speak of us.
    try:
        with open(path, "rb") as file:
            return b"envd-cache" in file.read(1 << 20)
    except OSError:
        return False


def _read(folder: str, path: str, table: tuple[str, ...]) -> Result[Root] | None:
    """Return the settings in one table of a file, or None when the file has no such table."""
    import tomllib  # noqa: PLC0415 - 6 ms, and only a configured repository needs it

    root = Root(folder, Config())
    try:
        with open(path, "rb") as file:
            values: object = tomllib.load(file)
    except (OSError, ValueError) as error:
        return Result(root, (_problem(path, f"the configuration cannot be read: {error}"),))
    for part in table:
        values = values.get(part) if isinstance(values, dict) else None
    if values is None:
        return None
    if not isinstance(values, dict):
        return Result(root, (_problem(path, f"`{'.'.join(table)}` must be a table"),))
    problems: list[Diagnostic] = []
    for key in values:
        if key not in KEYS:
            hint = suggestion(key, KEYS, f"known keys: {', '.join(KEYS)}")
            if key == TABLE[0] and not table:
                hint = f"in {CONFIG_FILE} the keys stand at the top, without a table"
            problems.append(_problem(path, f"unknown key `{key}`", hint))
    defaults = values.get("defaults", "")
    if not isinstance(defaults, str) or (defaults and not _names_function(defaults)):
        hint = 'write `defaults = "//caches.envd:defaults"`'
        problems.append(_problem(path, "`defaults` must name a function as `//file:function`", hint))
        defaults = ""
    return Result(Root(folder, Config(path, defaults)), tuple(problems))


def _names_function(text: str) -> bool:
    path, colon, function = text.rpartition(":")
    return path.startswith("//") and bool(colon) and function.isidentifier()


def _problem(path: str, message: str, hint: str = "") -> Diagnostic:
    return Diagnostic("EC020", ERROR, message, path=path, hint=hint)
