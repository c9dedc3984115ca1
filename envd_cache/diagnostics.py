"""Problems as data. A phase returns them; only `report` (and an editor) turns them into text."""

from __future__ import annotations

from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Generic, Literal, TypeAlias, TypeVar

    from envd_cache.source import Location

    Severity: TypeAlias = Literal["error", "warning", "note"]
    Value_co = TypeVar("Value_co", covariant=True)

ERROR: Severity = "error"
WARNING: Severity = "warning"
NOTE: Severity = "note"


class Label(Record):
    """Another place that matters to a problem, and what is there ("first declared here")."""

    location: Location
    text: str


class Edit(Record):
    """A replacement of one span by a text."""

    location: Location
    text: str


class Fix(Record):
    """Edits that mend a problem. A safe fix never changes what the file means."""

    title: str
    edits: tuple[Edit, ...]
    safe: bool = True


class Diagnostic(Record, apart=("redact",)):
    """One problem, at one place, with one code.

    `message` states a fact in lower case, names in backticks. `hint` is one thing to do. `location` is
    the smallest wrong thing, or None when the problem is not in a text (a missing file). `redact` holds
    texts that must not be shown wherever this problem is (a credential written into the file).
    """

    code: str
    severity: Severity
    message: str
    location: Location | None = None
    labels: tuple[Label, ...] = ()
    hint: str = ""
    path: str = ""
    fix: Fix | None = None
    redact: tuple[str, ...] = ()

    @property
    def help(self) -> str:
        """The command that tells more of the code."""
        return f"envd-cache explain {self.code}"


if TYPE_CHECKING:

    class Result(Record, Generic[Value_co]):
        """What a phase could make, and every problem it met on the way."""

        value: Value_co
        diagnostics: tuple[Diagnostic, ...] = ()

else:

    class Result(Record):
        """What a phase could make, and every problem it met on the way."""

        value: object
        diagnostics: tuple = ()


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Say whether any of the problems stops a compile."""
    return any(diagnostic.severity == ERROR for diagnostic in diagnostics)


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the problems without repeats, by file, place and code: the same input gives the same report."""
    seen: dict[Diagnostic, Diagnostic] = {}
    for diagnostic in diagnostics:
        same = seen.setdefault(diagnostic, diagnostic)
        if same.redact != diagnostic.redact:
            seen[diagnostic] = same.replace(redact=same.redact + diagnostic.redact)

    def key(diagnostic: Diagnostic) -> tuple[str, int, int, str, str]:
        where = diagnostic.location
        if where is None:
            return (diagnostic.path, -1, -1, diagnostic.code, diagnostic.message)
        return (where.source.path, where.span.start, where.span.end, diagnostic.code, diagnostic.message)

    return tuple(sorted(seen.values(), key=key))


def folded(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the problems, one for all that differ only in where they were called from, in the same order.

    What is wrong in a function is found once for each call of it. The first two calls are told, and how many
    more there are.
    """
    groups: dict[tuple[object, ...], list[Diagnostic]] = {}
    for one in diagnostics:
        # One without a place, or without a call that led there, is alone.
        alone = object() if one.location is None or not one.labels else None
        key = one.code, one.severity, one.message, one.location, one.hint, one.path, alone
        groups.setdefault(key, []).append(one)
    found = []
    for first, *others in groups.values():
        if others:
            rest = len(others) - 1
            text = f"{others[0].labels[0].text} too" + (f", and {rest:,} more" if rest else "")
            more = others[0].labels[0].replace(text=text)
            redact = tuple([word for other in others for word in other.redact])
            first = first.replace(labels=(*first.labels, more), redact=first.redact + redact)  # noqa: PLW2901
        found.append(first)
    return tuple(found)


def suggestion(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return the hint for a mistyped name: the nearest known one, or `otherwise` when none is near."""
    near = did_you_mean(word, known)
    return f"did you mean `{near}`?" if near else otherwise


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the known name nearest to a mistyped one, or "" when none is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - 6 ms, and only a refused name needs it

    names = list(known)
    lowered = {name.lower(): name for name in names}
    if word.lower() in lowered:
        return lowered[word.lower()]
    near = get_close_matches(word.lower(), lowered, n=1, cutoff=0.7)
    return lowered[near[0]] if near else ""
