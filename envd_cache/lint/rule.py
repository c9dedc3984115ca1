"""What a rule is, and what it finds. A rule is data and one function; `lint.engine` runs it."""

from __future__ import annotations

from envd_cache.diagnostics import WARNING
from envd_cache.lint.engines_wanted import ANY, Engines
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Literal, TypeAlias

    from envd_cache.diagnostics import Fix, Label, Severity
    from envd_cache.lint.summary import Spot
    from envd_cache.source import Location

    Scope: TypeAlias = Literal["syntax", "plan", "repository"]

SYNTAX: Scope = "syntax"
PLAN: Scope = "plan"
REPOSITORY: Scope = "repository"


class Finding(Record):
    """One place where a rule applies; the engine adds the code and the severity.

    `redact` holds texts of the file that must not be shown.
    """

    message: str
    location: Location | None
    hint: str = ""
    labels: tuple[Label, ...] = ()
    fix: Fix | None = None
    redact: tuple[str, ...] = ()


class SpotFinding(Record):
    """A finding between targets. Its places are plain numbers, because targets come from other processes."""

    message: str
    spot: Spot | None
    hint: str = ""
    labels: tuple[tuple[Spot, str], ...] = ()


class Rule(Record):
    """One rule: its page, an example of what it finds and of what it leaves alone, and the check.

    `name` states what is wrong, so that `allow(name)` reads well. `check` gets a `SyntaxContext`, a
    `PlanContext` or a `RepositoryContext` according to `scope`, and yields `Finding`, or `SpotFinding`
    between targets. `bad` and `good` are build files, further files behind a line `# file: NAME`;
    `engines` is what the configuration must state for the example, `also` the other codes that the bad
    example has. `pitfalls` are ids of `lint.pitfalls`.

    Reading a tree costs many times an evaluation, so a syntax rule says with `suspects` which texts are
    worth it: never False for a text in which `check` finds something. A plan rule with `backends` runs
    only for targets that declare one of them. One between targets with `of_all` says that something is
    nowhere, so it runs only when the whole repository was looked at.
    """

    code: str
    name: str
    why: str
    instead: str
    bad: str
    good: str
    scope: Scope
    check: Callable[..., Iterator[Finding] | Iterator[SpotFinding]]
    severity: Severity = WARNING
    pitfalls: tuple[str, ...] = ()
    suspects: Callable[[str], bool] | None = None
    backends: tuple[str, ...] = ()
    engines: Engines = ANY
    also: tuple[str, ...] = ()
    of_all: bool = False
