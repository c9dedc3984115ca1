"""What the server knows, without the protocol: open documents, evaluations, findings of each file."""

from __future__ import annotations

import os
from itertools import islice

from envd_cache.lsp.convert import Mapping
from envd_cache.lsp.document import Document
from envd_cache.lsp.findings import Finding, Insight, at_once, by_file, insight_of, merged, refuted_of
from envd_cache.lsp.project import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from envd_cache.lsp.findings import Declaration, Target
    from envd_cache.lsp.steps import Steps

# Files that load an open one are evaluated too, but not a whole repository of them.
MOST_LOADERS = 8
# A file of so many lines is read in pieces, so that nothing waits for it.
LARGE = 1500


class Session:
    """The state of one client."""

    def __init__(self, folders: tuple[str, ...], encoding: str) -> None:
        self.encoding = encoding
        self.project = Project(folders, encoding)
        self.uris: dict[str, str] = {}
        self.insights: dict[str, Insight] = {}
        self.reading: set[str] = set()
        # What is wrong between the targets of the repository, and for which files that is known.
        self.survey = Insight("", {}, {})
        self.surveyed: frozenset[str] = frozenset()

    # ---- documents ----

    def open(self, uri: str, path: str, text: str, version: int) -> Document:
        """Take note of a document that the editor opened."""
        document = Document(path, text, version, self.encoding)
        self.project.open[path] = document
        self.uris[path] = uri
        if len(document.units) > LARGE:
            self.reading.add(path)
        return document

    def close(self, path: str) -> set[str]:
        """Forget a document; return the files whose findings that changes."""
        self.project.open.pop(path, None)
        self.reading.discard(path)
        insight = self.insights.pop(path, None)
        if path in self.project.index:
            self.project.note(path)
        self.uris.pop(path, None)
        return {path, *(insight.findings if insight else ())}

    def document(self, path: str) -> Document | None:
        """Return an open document."""
        return self.project.open.get(path)

    def read_on(self, path: str) -> Steps[None]:
        """Read the lines of a large document, a few at a time."""
        document = self.document(path)
        if document is None:
            return
        for number, unit in enumerate(list(document.units)):
            _ = unit.line.faults, unit.line.occurrences
            if number % 10 == 0:
                yield
        self.reading.discard(path)

    # ---- evaluations ----

    def texts(self) -> dict[str, str]:
        """Return the texts of all open files."""
        return {path: document.text for path, document in self.project.open.items() if os.path.isabs(path)}

    def is_library(self, path: str) -> bool:
        """Say whether other files load a file, and it is no build file by its name."""
        return not self.project.is_build_file(path)

    def concerned(self, path: str) -> list[str]:
        """Return the files to evaluate after a change of one: itself, and those that load it."""
        if not os.path.isabs(path):
            return []
        loaders = [
            other for other, insight in self.insights.items() if path in insight.inputs and other != path
        ]
        if not loaders:
            known = (other for other in self.project.loaders(path) if other != path)
            loaders = list(islice(known, MOST_LOADERS))
        loaders.sort(key=lambda other: (other not in self.project.open, other))
        return [path, *loaders[:MOST_LOADERS]]

    def evaluated(self, path: str, texts: dict[str, str], data: Any) -> set[str]:
        """Take note of an evaluation; return the files whose findings it may change."""
        before = self.insights.get(path)
        insight = insight_of(path, texts, data)
        document = self.document(path)
        if document is not None and path in texts and path not in self.reading:
            evaluated = document if document.text == texts[path] else Document(path, texts[path])
            insight = insight.replace(refuted=refuted_of(evaluated, insight))
        self.insights[path] = insight
        touched = {path, *insight.findings, *insight.alone}
        return touched | ({*before.findings, *before.alone} if before else set())

    def died(self, path: str, texts: dict[str, str], signal: int) -> set[str]:
        """Take note of an evaluation that its process did not survive."""
        if signal == 0:
            code, message = "EC009", "the evaluation was stopped: it took too long"
        else:
            code, message = (
                "EC008",
                "the interpreter gave up: the file needs too much memory, or nests too deeply",
            )
        finding = (code, "error", message, None, (), "look for huge numbers, lists or texts", path, None, ())
        return self.evaluated(path, texts, ((finding,), (), (), (), (path,), ()))

    def parts(self) -> tuple[dict[str, str], dict[str, Any]]:
        """Return what evaluations told of the targets of open files, and the texts that they had."""
        texts: dict[str, str] = {}
        parts: dict[str, Any] = {}
        for path, insight in self.insights.items():
            if not insight.parts:
                continue
            if path in self.project.open and path in insight.texts:
                texts[path] = insight.texts[path]
                parts[path] = insight.parts
            elif any(one in self.project.open for one in insight.inputs):
                parts[path] = insight.parts
        return texts, parts

    def told(self, texts: dict[str, str], known: Iterable[str], problems: Any, files: Any) -> set[str]:
        """Take note of what is wrong between all targets; return the open files that it is new for.

        `texts` are those that `parts` returned, `known` the files that it holds for.
        """
        before, was = self.survey, self.surveyed
        found = {path: one for path, one in by_file(problems, files, "").items() if path in texts}
        self.survey, self.surveyed = Insight("", texts, found), frozenset(known) & texts.keys()
        return {
            path
            for path in self.project.open
            if (path in was) != (path in self.surveyed) or before.findings.get(path) != found.get(path)
        }

    # ---- findings ----

    def findings(self, path: str) -> list[Finding]:
        """Return what is wrong with a file, as far as it is known now."""
        insights = [
            insight
            for insight in self.insights.values()
            if path in insight.findings or path in insight.alone or insight.path == path
        ]
        document = self.document(path) or self.project.document(path)
        if document is None:
            return []
        own = self.insights.get(path)
        if self.document(path) is None:
            insights = [insight for insight in insights if insight.path in self.project.open]
            found: dict[Finding, None] = {}
            for insight in insights:
                found.update(dict.fromkeys(insight.findings.get(path, ()) + insight.alone.get(path, ())))
            return sorted(found, key=lambda one: (one.start, one.end, one.code))
        fast = [] if path in self.reading else at_once(document)
        survey = self.survey if path in self.surveyed else None
        return merged(document, fast, insights, own=own, survey=survey)

    def declarations(self, path: str) -> list[Declaration]:
        """Return the declarations of an open file where they stand now."""
        document = self.document(path)
        found: dict[tuple[int, int], Declaration] = {}
        if document is None:
            return []
        for insight in self.insights.values():
            before = insight.texts.get(path)
            if before is None:
                continue
            mapping = None if before == document.text else Mapping(before, document.text)
            for one in insight.declarations:
                if one.path != path:
                    continue
                span = (one.start, one.end) if mapping is None else mapping.span(one.start, one.end)
                if span is not None:
                    known = found.get(span)
                    uses = (known.uses if known else ()) + one.uses
                    found[span] = one.replace(start=span[0], end=span[1], uses=tuple(dict.fromkeys(uses)))
        return [found[span] for span in sorted(found)]

    def targets(self, path: str) -> tuple[Target, ...]:
        """Return the targets of a file, as the last evaluation found them."""
        insight = self.insights.get(path)
        return insight.targets if insight else ()
