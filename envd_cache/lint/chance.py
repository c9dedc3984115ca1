"""Says of each comment that allows something whether one run could show that it allows nothing.

That is certain only where the statement ran, or no statement there can have a finding: an error, or a fact
that another run may answer in another way, can keep a finding away that the comment is for.
"""

from __future__ import annotations

import re
from itertools import chain

from envd_cache.catalog.envd import UNIVERSE
from envd_cache.evaluate.prelude import NAMESPACE
from envd_cache.lint.rule import SYNTAX
from envd_cache.lint.rules import RULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from envd_cache.evaluate.model import Evaluation
    from envd_cache.lint.suppress import Allowance, Kept
    from envd_cache.source import Location, SourceFile

# In the order in which one chance wins over another: none; one for certain; one in a file that another build
# file may load; a doubt, which nothing can take away.
NONE, HERE, LOADED, DOUBT = range(4)

_CALLED = re.compile(r"([\w.]*)[ \t]*\(")
_OF_TEXT = frozenset(name for rule in RULES if rule.scope == SYNTAX for name in (rule.name, rule.code))

# Asking for a place costs as much as the call. Who makes more calls keeps the comment.
MOST_CALLS = 2_000
_OURS = f"{NAMESPACE}."


def with_chances(
    kept: Kept,
    own: SourceFile | None,
    sources: Iterable[SourceFile],
    evaluations: Iterable[Evaluation],
    *,
    broken: bool,
    changing: bool,
) -> tuple[Allowance, ...]:
    """Return the allowances of a run with their chances.

    `own` is the file that was checked, `evaluations` its targets. `broken` says that something is wrong with
    it or with one of them, `changing` that one asked for a fact that another run may answer in another way.
    """
    texts = {source.label: source.text for source in sources}
    ran = _Ran(evaluations, texts)
    made = []
    for allowance in kept.allowances:
        chance = NONE
        if allowance.problem or allowance in kept.used:
            pass
        elif broken:
            chance = DOUBT
        elif allowance.name in _OF_TEXT:
            # The rules for texts look at the file itself; what it loads is a file of its own to them.
            chance = HERE if own and own.label == allowance.label else NONE
        elif not _may_declare(texts.get(allowance.label, "?("), allowance):
            chance = HERE
        elif changing:
            chance = DOUBT
        elif ran.inside(allowance):
            chance = HERE if own and own.label == allowance.label else LOADED
        made.append(allowance.replace(chance=chance) if chance else allowance)
    return tuple(made)


def chances_of(allowances: Iterable[Allowance]) -> Mapping[Allowance, int]:
    """Return the chances of all runs for each comment: the one that wins."""
    found: dict[Allowance, int] = {}
    for allowance in allowances:
        found[allowance] = max(found.get(allowance, NONE), allowance.chance)
    return found


def _may_declare(text: str, allowance: Allowance) -> bool:
    """Say whether something that a comment covers calls more than what Starlark itself has."""
    called = _CALLED.finditer(text, allowance.covers_start, allowance.covers_end)
    return any(one[1] not in UNIVERSE for one in called)


class _Ran:
    """Where calls were made in files of which there are comments.

    Those of envd's own functions are asked for their places last: a check has to run the target again.
    """

    def __init__(self, evaluations: Iterable[Evaluation], labels: Container[str]) -> None:
        calls = [call for evaluation in evaluations for call in evaluation.calls[:MOST_CALLS]]
        calls.sort(key=lambda call: not call.function.startswith(_OURS))
        self._calls = iter(calls)
        self._labels = labels
        self._known: list[Location] = []

    def inside(self, allowance: Allowance) -> bool:
        """Say whether a call was made in what a comment covers."""
        return any(
            place.source.label == allowance.label
            and allowance.covers_start <= place.span.start < allowance.covers_end
            for place in chain(self._known, self._more())
        )

    def _more(self) -> Iterator[Location]:
        for call in self._calls:
            places = [frame.location for frame in call.site.frames]
            known = [place for place in places if place.source.label in self._labels]
            self._known += known
            yield from known
