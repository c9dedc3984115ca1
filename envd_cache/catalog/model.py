"""The types of the catalog: what a backend, its parameters and envd's builtins are. No backend is here.

A parameter's `type` is an ordinary annotation: `str`, `bool`, `int`, `list[str]`, `str | Secret`.
"""

from __future__ import annotations

from envd_cache.catalog.reference import is_digest
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    Direction: TypeAlias = Literal["both", "export", "import"]

BOTH: Direction = "both"
EXPORT: Direction = "export"
IMPORT: Direction = "import"

# What BuildKit's daemon can read: Go refuses more.
LOWEST, HIGHEST = -(2**31), 2**31 - 1

# How the interpreter spells a handle such as a secret's inside a text.
OPAQUE_TEXT = "<opaque python object>"


class Secret(Record):
    """What `cache.secret(name)` returns: the name of an environment variable, never its value."""

    name: str


class DataSource(Record):
    """What envd's `data.envd(name)` returns: a volume that envd manages, for `runtime.mount`."""

    name: str


class Env(Record):
    """An environment variable that fills in a parameter nobody gave, and the program that reads it."""

    variable: str
    reader: str


class Param(Record):
    """One parameter of a backend, and BuildKit's attribute behind it.

    `wire` is BuildKit's spelling (default: the name); `wire_import` where the import differs. `choices`
    closes a string to a set. `format` names a check in `catalog.formats`. `default` is what BuildKit
    takes when the attribute is absent; it is documented and never written. `needs` is a parameter without
    which this one has no effect. `since` is the first BuildKit
    release that reads the attribute, `since_note` what a client must have besides. `transport`: it says how
    the cache is carried or who may do it; what a reader finds is the same with any value.
    """

    name: str
    type: object
    doc: str
    wire: str = ""
    wire_import: str = ""
    direction: Direction = BOTH
    required: bool = False
    default: str | int | bool | None = None
    needs: str = ""
    choices: tuple[str | int, ...] = ()
    format: str = ""
    minimum: int | None = None
    secret: bool = False
    env: tuple[Env, ...] = ()
    since: str = ""
    since_note: str = ""
    note: str = ""
    transport: bool = False

    def wire_name(self, direction: Direction) -> str:
        """Return BuildKit's name of the attribute in one direction."""
        if direction == IMPORT and self.wire_import:
            return self.wire_import
        return self.wire or self.name

    def takes(self, direction: Direction) -> bool:
        """Say whether the attribute means anything in one direction."""
        return self.direction in (BOTH, direction)

    @property
    def is_credential(self) -> bool:
        """Whether only a `cache.secret` handle is accepted."""
        return self.type is Secret


class Key(Record):
    """Where a backend keeps `key`.

    `style` is "tag" (the tag of the reference), "value" (the whole parameter, one import a key) or
    "joined" (all keys in one import, with `;` between them).
    """

    param: str
    style: str


class Backend(Record):
    """One cache backend: one `cache.<name>` function, one BuildKit cache type.

    `exports_when` and `imports_when` name the parameters of which one must be given for the direction to
    exist; empty: it always does. `import_type` is the type of the import where it is another backend's.
    `place` names the parameters that say where the cache lies: equal places are one cache. `exclusive`
    lists parameters of which only one can be given.
    """

    name: str
    title: str
    doc: str
    since: str
    url: str
    params: tuple[Param, ...]
    key: Key | None
    place: tuple[str, ...]
    status: str = ""
    capability: str = ""
    export_only: bool = False
    import_type: str = ""
    exports_when: tuple[str, ...] = ()
    imports_when: tuple[str, ...] = ()
    exclusive: tuple[tuple[str, str], ...] = ()

    def param(self, name: str) -> Param | None:
        """Return one parameter, or None."""
        for param in self.params:
            if param.name == name:
                return param
        return None


class Fact(Record):
    """A `cache.*` function that returns something the build file may ask for (or `cache.none`)."""

    name: str
    params: tuple[Param, ...]
    doc: str
    returns: str
    from_command_line: str = ""


class Rule(Record):
    """What one of envd's builtins demands of an argument beyond its type.

    `check` is "given" (not left out), "required" (neither left out nor ""), "range" (`lowest` to
    `highest`), "python3", "ip", "digest", "extensions" or "filled" (a list that is not empty).
    `message` is envd's own text.
    """

    param: str
    check: str
    message: str
    hint: str = ""
    lowest: int = 0
    highest: int = 0

    @property
    def needs_value(self) -> bool:
        """Whether the argument cannot be left out."""
        return self.check in ("given", "required")

    def keeps(self, value: object) -> bool:
        """Say whether a value keeps the rule. One of another type than the rule is for does."""
        match self.check, value:
            case "required", str():
                return value != ""
            case "range", int():
                return self.lowest <= value <= self.highest
            case "python3", str():
                return not value.startswith("2")
            case "filled", list():
                return bool(value)
            case "ip", str():
                return _is_ip(value)
            case "digest", str():
                # "" stands for no digest at all, which envd takes.
                return not value or is_digest(value)
            case "extensions", list():
                return all("." in name and not name.endswith("-") for name in value)
        return True


class Builtin(Record):
    """One of envd's own functions, with envd's argument rules (envd 1.3.6).

    `error_name` is the name that envd itself uses in messages where it uses a wrong one. `after` is
    (builtin, message): calling it before that builtin is an error. `any_arguments`: envd never looks.
    `conflicts` are (parameter, parameters, message): envd refuses the first beside any of the others.
    `rules` are checked in their order, each against a value of the right type.
    """

    name: str
    params: tuple[Param, ...] = ()
    doc: str = ""
    positional_only: bool = False
    any_arguments: bool = False
    error_name: str = ""
    after: tuple[str, str] = ("", "")
    conflicts: tuple[tuple[str, tuple[str, ...], str], ...] = ()
    rules: tuple[Rule, ...] = ()
    returns: str = ""


class Constant(Record):
    """One of envd's own values."""

    name: str
    value: str
    doc: str = ""


# ---- annotations ----


def accepts(form: object, value: object) -> bool:
    """Say whether a value has a type exactly: no bool for an int, every item of a list or dict looked at.

    It accepts what typeguard accepts, or less.
    """
    if form is type(value):
        return True
    arguments: tuple[object, ...] = getattr(form, "__args__", ())
    if not arguments:
        return False
    if getattr(form, "__origin__", None) is list:
        return type(value) is list and all(accepts(arguments[0], item) for item in value)
    if getattr(form, "__origin__", None) is dict:
        return type(value) is dict and all(
            accepts(arguments[0], key) and accepts(arguments[1], item) for key, item in value.items()
        )
    return any(accepts(choice, value) for choice in arguments)


def form_name(form: object) -> str:
    """Return an annotation in the words of Starlark."""
    arguments: tuple[object, ...] = getattr(form, "__args__", ())
    if getattr(form, "__origin__", None) is list:
        return f"list of {form_name(arguments[0])}s"
    if arguments:
        return " or ".join(form_name(choice) for choice in arguments)
    names: dict[object, str] = {str: "string", bool: "bool", int: "int", Secret: '`cache.secret("NAME")`'}
    return names.get(form, str(form))


def _is_ip(text: str) -> bool:
    if text in ("127.0.0.1", "0.0.0.0"):  # noqa: S104 - a name that people write, not an address to bind
        return True
    from ipaddress import ip_address  # noqa: PLC0415 - 3 ms, and hardly anyone gives another address

    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text  # Go knows no zones here
