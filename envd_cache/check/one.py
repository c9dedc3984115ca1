"""Checks one file: evaluates its targets, runs the rules of one file over it, and packs what came out.

This is what a worker does with a task. Nothing that a file holds may raise here.
"""

from __future__ import annotations

from envd_cache.check.result import FileResult, Packer
from envd_cache.check.targets import of_known_values
from envd_cache.diagnostics import has_errors
from envd_cache.lint.chance import with_chances
from envd_cache.lint.engine import finish, lint_source, lint_target
from envd_cache.lint.places import CHANGING
from envd_cache.lint.summary import as_data, summary_of, summary_of_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from envd_cache.check.bench import Bench, Checked, FileChecked
    from envd_cache.diagnostics import Diagnostic
    from envd_cache.lint.engine import Settings


class Inspector:
    """Checks files in one process. `settings_of` gives what the configuration of a root says.

    `listing` makes what `--list` shows of a target.
    """

    def __init__(
        self,
        bench: Bench,
        settings_of: Callable[[str], Settings],
        listing: Callable[[Checked], object] | None = None,
    ) -> None:
        self._bench = bench
        self._settings_of = settings_of
        self._listing = listing

    def build_file(self, path: str, began: Callable[[], None] = lambda: None) -> FileResult:
        """Return what a build file and its targets do, and what is wrong with them."""
        checked = self._bench.check(path, began)
        settings = self._settings_of(checked.root)
        found = list(checked.diagnostics)
        for target in checked.targets:
            found += target.diagnostics
        broken = has_errors(found)
        if checked.source:
            found += lint_source(checked.source, settings)
        for target in checked.targets:
            advice = lint_target(target.evaluation, target.plan, settings)
            if advice and target.invented:
                advice = of_known_values(target.evaluation, advice, target.invented)
            found += advice
        made = [
            summary_of(target.evaluation, target.plan, invented=bool(target.invented))
            for target in checked.targets
        ]
        changing = any(name in CHANGING for name, _, _ in checked.asked)
        # A function that is no target here may be one where it is answered in another way.
        if broken or (changing and not any(summary.changing for summary in made)):
            label = checked.source.label if checked.source else checked.path
            made.append(summary_of_file(checked.path, label, changing=changing, broken=broken))
        summaries = [as_data(summary) for summary in made]
        listings = [self._listing(target) for target in checked.targets] if self._listing else []
        targets = tuple([(target.plan.name, target.plan.label) for target in checked.targets])
        return self._packed(checked, found, settings, broken=broken, changing=changing).replace(
            targets=targets, summaries=tuple(summaries), listings=tuple(listings)
        )

    def library(self, path: str) -> FileResult:
        """Return what the rules for texts find in a file that others load."""
        checked = self._bench.read(path)
        settings = self._settings_of(checked.root)
        found = list(checked.diagnostics)
        broken = has_errors(found)
        if checked.source:
            found += lint_source(checked.source, settings)
        return self._packed(checked, found, settings, broken=broken, changing=False)

    def _packed(
        self,
        checked: FileChecked,
        found: list[Diagnostic],
        settings: Settings,
        *,
        broken: bool,
        changing: bool,
    ) -> FileResult:
        kept = finish(found, checked.sources, settings)
        packer = Packer()
        allowances = kept.allowances
        if allowances:
            evaluations = [target.evaluation for target in checked.targets]
            allowances = with_chances(
                kept, checked.source, checked.sources, evaluations, broken=broken, changing=changing
            )
        fields = [tuple([getattr(one, name) for name in one._fields]) for one in allowances]
        return FileResult(
            path=checked.path,
            root=checked.root,
            problems=packer.pack(kept.diagnostics),
            files=tuple(packer.files),
            allowances=tuple(fields),
            used=tuple([number for number, one in enumerate(kept.allowances) if one in kept.used]),
            inputs=checked.inputs,
            asked=checked.asked,
            whole=checked.whole,
        )
