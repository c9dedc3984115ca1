"""Answers what a build file asks with `cache.branch()` and the like, and records each answer."""

from __future__ import annotations

from envd_cache.catalog import fact
from envd_cache.catalog.bind import bind
from envd_cache.catalog.model import Secret
from envd_cache.evaluate.facts import PLACEHOLDER, is_utf8, known, variable
from envd_cache.evaluate.model import FactRead
from envd_cache.problem import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from envd_cache.diagnostics import Diagnostic
    from envd_cache.evaluate.facts import Answer
    from envd_cache.evaluate.model import Facts, RecordedCall


class Answers:
    """What one evaluation is told.

    `label` is the target, `facts` the world, `folder` where git is asked. What was read and what is wrong
    is added to `facts_read` and `diagnostics`.
    """

    def __init__(
        self,
        label: str,
        facts: Facts,
        folder: str,
        facts_read: list[FactRead],
        diagnostics: list[Diagnostic],
    ) -> None:
        self.facts = facts
        self.folder = folder
        self._label = label
        self._facts_read = facts_read
        self._diagnostics = diagnostics

    def answer(self, name: str, call: RecordedCall) -> str | Secret | None:
        """Return what the build file gets for a call of `cache.<name>`."""
        signature = fact(name)
        if signature is None:
            return None
        bound = bind(call.function, signature.params, call.args, call.kwargs, len(signature.params))
        if bound.problems:
            self._refuse(call, bound.problems)
            return Secret("") if name == "secret" else PLACEHOLDER
        values = bound.values
        if name == "slug":
            text = str(values["text"])
            if not text:
                empty = Problem("EC106", "`cache.slug` needs a text that is not empty", bound.places["text"])
                self._refuse(call, (empty,))
                return PLACEHOLDER
            from envd_cache.evaluate.slug import slug  # noqa: PLC0415 - many files ask for none

            return slug(text)
        if name == "secret":
            variable_name = str(values["name"])
            self._facts_read.append(FactRead(name, variable_name, "", "the environment", call.site))
            return Secret(variable_name)
        return self.known_fact(name, values, call)

    def known_fact(self, name: str, values: Mapping[str, object], call: RecordedCall) -> str:
        """Return what somebody knows, or what stands in for it; that nobody knows is a problem."""
        argument = str(values.get("name", ""))
        if name == "target":
            value, origin = self._label, "the target"
        elif found := variable(self.facts, argument) if name == "env" else self.of_world(name):
            value, origin = found.value, found.origin
        elif "default" in values or name == "branch":
            value, origin = str(values.get("default", "main")), "the default"
        else:
            what = (
                f"the environment variable `{argument}` is not set"
                if name == "env"
                else f"no {name} is known"
            )
            given = f"env.{argument}" if name == "env" else name
            hint = f"give it with `--fact {given}=…`"
            if name == "env":
                hint = f'set it, give it with `--fact {given}=…`, or write `default="…"`'
            self._refuse(call, (Problem("EC116", what, hint=hint),))
            return PLACEHOLDER
        if not is_utf8(value):
            what = f"the environment variable `{argument}`" if name == "env" else f"the {name}"
            self._refuse(call, (Problem("EC116", f"{what} is not UTF-8, from {origin}"),))
            return PLACEHOLDER
        if name in ("branch", "commit") and not value and origin != "--fact":
            self._refuse(call, (Problem("EC116", f"the {name} from {origin} is no plain text"),))
            return PLACEHOLDER
        self._facts_read.append(FactRead(name, argument, value, origin, call.site))
        return value

    def of_world(self, name: str) -> Answer | None:
        """Return the branch, commit, pull request or platform, None when nobody knows."""
        return known(self.facts, name, self.folder)

    def _refuse(self, call: RecordedCall, problems: tuple[Problem, ...]) -> None:
        from envd_cache.evaluate.locate import diagnostic_at  # noqa: PLC0415 - only for problems

        self._diagnostics += (diagnostic_at(call.site, problem) for problem in problems)
