"""Turns a refused argument into a diagnostic at its exact place.

The syntax tree is needed for that, so it is loaded here, and only when there is a problem to show.
"""

from __future__ import annotations

from envd_cache.diagnostics import Diagnostic, Label
from envd_cache.source import Location

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.evaluate.model import CallSite
    from envd_cache.problem import Problem
    from envd_cache.source import Span


# A recursive helper can be on the stack forty times; nobody reads that.
MAX_HELPERS = 5


def diagnostic_at(site: CallSite, problem: Problem) -> Diagnostic:
    """Return the diagnostic for a problem of the call at `site`; helpers on the way become labels."""
    return Diagnostic(
        problem.code,
        problem.severity,
        problem.message,
        argument_location(site, problem.argument, problem.item, on_name=problem.on_name),
        called_from(site),
        problem.hint,
        redact=problem.redact,
    )


def called_from(site: CallSite) -> tuple[Label, ...]:
    """Return a label for each call that led to `site`, outward."""
    return tuple(Label(frame.location, "called from here") for frame in site.frames[1 : MAX_HELPERS + 1])


def argument_location(
    site: CallSite,
    argument: int | str | None,
    item: tuple[int | str, ...] = (),
    *,
    on_name: bool = False,
) -> Location | None:
    """Return where an argument of a call is written.

    `argument` is a position or a keyword; `item` leads to an element of its value. An argument that came
    through `*args` or `**kwargs` is the splat; when even that cannot be told, it is the whole call.
    """
    call = site.location
    if call is None or argument is None:
        return call
    from envd_cache.syntax.calls import arguments_of, item_span  # noqa: PLC0415 - loads lark

    tree = arguments_of(call.source, call.span)
    position = -1
    splat: Span | None = None
    for written in tree.arguments if tree else ():
        if written.kind == "positional":
            position += 1
        if argument == (position if written.kind == "positional" else written.name):
            if on_name and written.name_span:
                return Location(call.source, written.name_span)
            return Location(call.source, item_span(written.value, item))
        if written.kind == ("*" if isinstance(argument, int) else "**"):
            splat = written.span
    return Location(call.source, splat) if splat else call
