"""The keys of a repository's configuration as one table, and the reader that checks a file against it.

A repository without a configuration never loads this module. Every problem of a file is found at once,
each at the key or the value that is wrong.
"""

from __future__ import annotations

import re

from envd_cache.catalog.clients import CLIENTS
from envd_cache.config_text import places
from envd_cache.diagnostics import ERROR, Diagnostic, Result, did_you_mean, suggestion
from envd_cache.globs import FORM, refusal
from envd_cache.record import Record
from envd_cache.source import Location, Position, SourceFile, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from envd_cache.config_text import Path, Place

MAX_BYTES = 1 << 20

# The buildx drivers (`docker buildx create --driver`).
DRIVERS = ("docker", "docker-container", "kubernetes", "remote")
OFF = "off"
LEVELS = ("error", "warning", "note", OFF)
# What a finding of the language is called when it is an error, and nothing but that.
ALWAYS = LEVELS[0]
# Codes of the language (EC0xx to EC2xx) whose findings can be warnings.
ADVICE = ("EC013", "EC113", "EC117", "EC201", "EC203", "EC205", "EC206")
_LANGUAGE = ("EC0", "EC1", "EC2")

FUNCTION, GLOBS, RELEASE, CHOICE, RULES, SECTIONS = (
    "function",
    "globs",
    "release",
    "choice",
    "rules",
    "sections",
)

# The forms of texts, for the reader and for the JSON Schema. A form is searched in a text without line ends.
FORMS = {
    FUNCTION: r"^(//.*:[^\W\d]\w*)?$",
    GLOBS: FORM,
    RELEASE: r"^v?[0-9]+\.[0-9]+(\.[0-9]+)?$",
}


class Key(Record):
    """One key: what its value is, what it means, and how it is written.

    `kind` is "function" (a label), "globs" (a list), "release", "choice" (of `choices`), "rules" (a table
    of rule to level) or "sections" (an array of tables with the keys `keys`). `default` is what holds
    without the key. A list that is `needed` is not empty.
    """

    name: str
    kind: str
    doc: str
    example: str
    choices: tuple[str, ...] = ()
    default: str = ""
    keys: tuple[Key, ...] = ()
    needed: bool = False

    @property
    def field(self) -> str:
        """The name of the setting in `config.Config`."""
        return self.name.replace("-", "_")


_RULES = Key(
    "rules",
    RULES,
    "How much a finding matters, by the name or the code of its rule. An error of the language stays one.",
    'rules = { unused-load = "off" }',
)

KEYS: tuple[Key, ...] = (
    Key(
        "defaults",
        FUNCTION,
        "The function that is called for every target that declares no cache itself.",
        'defaults = "//caches.envd:defaults"',
    ),
    Key(
        "include",
        GLOBS,
        "Files that are build files though they are not called build.envd. Globs are those of .gitignore, "
        "from the root of the repository.",
        'include = ["/services/**/*.envd"]',
    ),
    Key(
        "exclude",
        GLOBS,
        "Files and folders that are left out, besides those that git ignores. Globs as in `include`.",
        'exclude = ["/third_party/"]',
    ),
    Key("buildkit", RELEASE, "The oldest BuildKit that the repository works with.", 'buildkit = "0.20"'),
    Key("buildx", RELEASE, "The oldest docker buildx that the repository works with.", 'buildx = "0.21"'),
    Key("driver", CHOICE, "The buildx driver of the repository's builders.", 'driver = "docker"', DRIVERS),
    Key(
        "client",
        CHOICE,
        "The program that starts the builds.",
        'client = "envd"',
        tuple([client.name for client in CLIENTS]),
    ),
    Key(
        "fail-on",
        CHOICE,
        "The least finding for which `envd-cache check` fails.",
        'fail-on = "error"',
        ("error", "warning", "note", "never"),
        "warning",
    ),
    _RULES.replace(example='[rules]\nunused-load = "off"'),
    Key(
        "per-path",
        SECTIONS,
        "Rules for some files only. They come before `rules`, and a later section before an earlier one.",
        '[[per-path]]\npaths = ["/team/"]\nrules = { unused-load = "off" }',
        keys=(
            Key(
                "paths",
                GLOBS,
                "The files that are meant. Globs as in `include`.",
                'paths = ["/team/"]',
                needed=True,
            ),
            _RULES,
        ),
    ),
)

# What other tools call it.
_MEANT = {
    **dict.fromkeys(("select", "ignore", "extend-select", "extend-ignore", "disable", "severity"), KEYS[-2]),
    **dict.fromkeys(("overrides", "per-file-ignores", "extend-per-file-ignores"), KEYS[-1]),
    **dict.fromkeys(("extend-exclude", "excludes"), KEYS[2]),
    **dict.fromkeys(("extend-include", "includes", "files"), KEYS[1]),
}
_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read(
    path: str, table: tuple[str, ...], rules: Mapping[str, str] | None
) -> Result[Mapping[str, object]] | None:
    """Return the settings in one table of a TOML file by field, or None when the file has no such table.

    `rules` are the names of the known rules by code; without them any name is taken. A setting that is
    wrong is left out.
    """
    import tomllib  # noqa: PLC0415 - 6 ms; a schema needs the table of keys only

    label = f"//{path.rpartition('/')[2]}"
    text = ""
    try:
        text = _text(path)
        if text.startswith("\ufeff"):
            return Result({}, (_marked(SourceFile(path, text, label)),))
        values: object = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        return Result({}, (_unreadable(SourceFile(path, text, label), error),))
    for part in table:
        values = values.get(part) if isinstance(values, dict) else None
    if values is None:
        return None
    reader = _Reader(SourceFile(path, text, label), rules)
    if not isinstance(values, dict):
        reader.refuse(table, f"`{'.'.join(table)}` must be a table, not {_kind(values)}")
        return Result({}, tuple(reader.problems))
    settings = reader.table(KEYS, values, table)
    return Result(settings, tuple(reader.problems))


def _text(path: str) -> str:
    with open(path, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 1024} KiB")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8: byte 0x{data[error.start]:02x}") from error


def _marked(source: SourceFile) -> Diagnostic:
    message = "the configuration cannot be read: it starts with a byte order mark"
    hint = "save the file as UTF-8 without BOM"
    return Diagnostic("EC020", ERROR, message, Location(source, Span(0, 1)), hint=hint, path=source.path)


def _unreadable(source: SourceFile, error: Exception) -> Diagnostic:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if isinstance(error, RecursionError):
        reason = "it is nested too deeply"
    location = None
    if found := _POSITION.search(reason):
        reason = reason[: found.start()]
        end = len(source.text)
        at = source.offset(Position(int(found[1]) - 1, int(found[2]) - 1)) if found[1] else end
        location = Location(source, Span(at, min(at + 1, end)))
    message = f"the configuration cannot be read: {reason}"
    return Diagnostic("EC020", ERROR, message, location, path=source.path)


class _Reader:
    """Checks values against keys, and notes what is wrong and where."""

    def __init__(self, source: SourceFile, rules: Mapping[str, str] | None) -> None:
        self.problems: list[Diagnostic] = []
        self._source = source
        self._rules = rules
        self._places: dict[Path, Place] | None = None

    def refuse(self, path: Path, message: str, hint: str = "", *, on_key: bool = False) -> None:
        """Note a problem at the value of a path, or at its key."""
        if self._places is None:
            self._places = places(self._source.text)
        place = self._places.get(path)
        location = Location(self._source, place.key if on_key else place.value) if place else None
        self.problems.append(Diagnostic("EC020", ERROR, message, location, hint=hint, path=self._source.path))

    def table(self, keys: tuple[Key, ...], values: Mapping[str, object], path: Path) -> dict[str, object]:
        """Return what is right in a table, by field."""
        known = {key.name: key for key in keys}
        found: dict[str, object] = {}
        for name, value in values.items():
            key = known.get(name)
            if key is None:
                hint = self._hint(name, known, path)
                self.refuse((*path, name), f"unknown key `{name}`", hint, on_key=True)
            elif (setting := self._setting(key, value, (*path, name))) is not None:
                found[key.field] = setting
        return found

    def _hint(self, name: str, known: Mapping[str, Key], path: Path) -> str:
        if name == "tool" and not path:
            return "in envd-cache.toml the keys stand at the top, without a table"
        if near := did_you_mean(name.replace("_", "-"), known):
            return f"did you mean `{near}`?"
        meant = _MEANT.get(name.replace("_", "-").lower())
        if meant and meant.name in known:
            return _write(known[meant.name])
        return f"known keys: {', '.join(known)}"

    def _setting(self, key: Key, value: object, path: Path) -> object:
        """Return a value as `config.Config` has it, None when it is wrong."""
        if key.kind == GLOBS:
            return self._globs(key, value, path)
        if key.kind == RULES:
            return self._levels(key, value, path)
        if key.kind == SECTIONS:
            return self._sections(key, value, path)
        if key.kind == CHOICE and value not in key.choices:
            listed = _listed(key.choices)
            hint = suggestion(str(value), key.choices, _write(key))
            self.refuse(path, f"`{key.name}` must be {listed}, not {_shown(value)}", hint)
            return None
        if key.kind in FORMS and not (isinstance(value, str) and _fits(key.kind, value)):
            self._malformed(key, value, path)
            return None
        return value

    def _malformed(self, key: Key, value: object, path: Path) -> None:
        if key.kind == FUNCTION:
            self.refuse(path, f"`{key.name}` must name a function as `//file:function`", _write(key))
            return
        hint = _write(key)
        # The text of the file, because the number 0.20 is 0.2.
        if isinstance(value, int | float) and self._places_value(path):
            hint = f'write it in quotes: `{key.name} = "{self._places_value(path)}"`'
        self.refuse(path, f"`{key.name}` must be a version such as `0.20`, not {_shown(value)}", hint)

    def _places_value(self, path: Path) -> str:
        place = places(self._source.text).get(path)
        text = self._source.text[place.value.start : place.value.end] if place else ""
        return text if _fits(RELEASE, text) else ""

    def _globs(self, key: Key, value: object, path: Path) -> tuple[str, ...] | None:
        if not isinstance(value, list):
            self.refuse(path, f"`{key.name}` must be a list of globs, not {_kind(value)}", _write(key))
            return None
        right = []
        for number, glob in enumerate(value):
            if not isinstance(glob, str):
                message = f"`{key.name}` must be a list of globs; item {number} is {_kind(glob)}"
                self.refuse((*path, number), message, _write(key))
                continue
            wrong, hint = refusal(glob)
            if wrong:
                self.refuse((*path, number), f"the glob {_shown(glob)} {wrong}", hint)
            else:
                right.append(glob)
        if key.needed and not value:
            message = f"`{key.name}` is empty, so the section is for no file"
            self.refuse(path, message, "name its files, or remove the section")
        return tuple(right)

    def _levels(self, key: Key, value: object, path: Path) -> tuple[tuple[str, str], ...] | None:
        if not isinstance(value, dict):
            message = f"`{key.name}` must be a table of rules, not {_kind(value)}"
            self.refuse(path, message, _write(key))
            return None
        found: dict[str, str] = {}
        seen: dict[str, str] = {}
        for rule, level in value.items():
            if level not in LEVELS:
                hint = f'write `{rule} = "{OFF}"`' if level is False else _near_level(level)
                listed = _listed(LEVELS)
                self.refuse((*path, rule), f"`{rule}` must be {listed}, not {_shown(level)}", hint)
            if not self._is_known(rule, (*path, rule)):
                continue
            name = self._rules.get(rule, rule) if self._rules else rule
            if name in seen:
                message = f"`{seen[name]}` and `{rule}` are one rule"
                self.refuse((*path, rule), message, "keep one of them", on_key=True)
            elif level in LEVELS and level != ALWAYS and self._is_always_an_error(name):
                way = "off" if level == OFF else "down"
                message = f"`{rule}` is an error of the language, which cannot be turned {way}"
                hint = f"rules (EC3xx) can be, and {', '.join(ADVICE[:-1])} and {ADVICE[-1]}"
                self.refuse((*path, rule), message, hint, on_key=True)
            elif level in LEVELS:
                found[rule] = str(level)
            seen.setdefault(name, rule)
        return tuple(found.items())

    def _is_known(self, rule: str, path: Path) -> bool:
        if self._rules is None:
            return True
        known = (*self._rules, *self._rules.values())
        if rule in known:
            return True
        hint = suggestion(rule.replace("_", "-"), known, "`envd-cache explain CODE` tells of each rule")
        self.refuse(path, f"there is no rule `{rule}`", hint, on_key=True)
        return False

    def _is_always_an_error(self, name: str) -> bool:
        """Say of a rule, by its name, whether its findings are errors whatever a configuration says."""
        codes = [code for code, known in self._rules.items() if known == name] if self._rules else ()
        return any(code.startswith(_LANGUAGE) and code not in ADVICE for code in codes)

    def _sections(self, key: Key, value: object, path: Path) -> tuple[object, ...] | None:
        if not isinstance(value, list) or not all(isinstance(section, dict) for section in value):
            hint = f"write `[[{key.name}]]` above its keys"
            self.refuse(path, f"`{key.name}` must be an array of tables, not {_kind(value)}", hint)
            return None
        found: list[object] = []
        for number, section in enumerate(value):
            meant = {did_you_mean(name, [part.name for part in key.keys]) for name in section}
            for part in key.keys:
                if part.name not in section and part.name not in meant:
                    message = f"a section of `{key.name}` needs `{part.name}`"
                    self.refuse((*path, number), message, _write(part))
            made = self.table(key.keys, section, (*path, number))
            if len(made) == len(key.keys):
                found.append(tuple([made[part.field] for part in key.keys]))
        return tuple(found)


def _fits(kind: str, text: str) -> bool:
    return "\n" not in text and bool(re.search(FORMS[kind], text))


def _near_level(level: object) -> str:
    words = {"ignore": OFF, "disable": OFF, "disabled": OFF, "warn": "warning", "info": "note"}
    word = level.lower() if isinstance(level, str) else ""
    return f"did you mean `{words[word]}`?" if word in words else suggestion(word, LEVELS)


def _write(key: Key) -> str:
    return f"write `{key.example.replace(chr(10), '; ')}`"


def _listed(choices: tuple[str, ...]) -> str:
    quoted = [f'"{choice}"' for choice in choices]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else _kind(value)


def _kind(value: object) -> str:
    names = {bool: "a boolean", int: "an integer", float: "a float", str: "a string", list: "an array"}
    return names.get(type(value), "a table" if isinstance(value, dict) else "a date or time")
