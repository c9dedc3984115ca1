"""What the features found, in the protocol's types."""

from __future__ import annotations

import os

from lsprotocol import types as lsp
from pygls import uris

from envd_cache.lsp.convert import Index
from envd_cache.lsp.steps import at_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envd_cache.lsp import actions, calls, hints, load_completion, outline
    from envd_cache.lsp.findings import Change, Finding
    from envd_cache.lsp.hover import Hover
    from envd_cache.lsp.session import Session
    from envd_cache.lsp.signature_help import SignatureHelp
    from envd_cache.lsp.steps import Steps
    from envd_cache.lsp.symbols import Site

SOURCE = "envd-cache"
SEVERITIES = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "note": lsp.DiagnosticSeverity.Information,
}
# What has no effect is shown faintly.
_FAINT = frozenset(("unused-load", "unused-allowance", "unreachable-declaration"))
_KINDS = {
    "function": lsp.CompletionItemKind.Function,
    "module": lsp.CompletionItemKind.Module,
    "constant": lsp.CompletionItemKind.Constant,
    "property": lsp.CompletionItemKind.Property,
    "value": lsp.CompletionItemKind.EnumMember,
    "text": lsp.CompletionItemKind.Text,
    "file": lsp.CompletionItemKind.File,
    "variable": lsp.CompletionItemKind.Variable,
    "keyword": lsp.CompletionItemKind.Keyword,
    "snippet": lsp.CompletionItemKind.Snippet,
}
_SYMBOLS = {
    "function": lsp.SymbolKind.Function,
    "variable": lsp.SymbolKind.Variable,
    "module": lsp.SymbolKind.Module,
    "object": lsp.SymbolKind.Object,
}
_FOLDS = {"comment": lsp.FoldingRangeKind.Comment, "imports": lsp.FoldingRangeKind.Imports}


class Answers:
    """Turns offsets into positions, paths into URIs, and records into the protocol's types."""

    def __init__(self, session: Session, client: lsp.TextDocumentClientCapabilities | None = None) -> None:
        self._session = session
        # What the client says that it can show; one that says nothing of a form takes plain texts.
        able = client or lsp.TextDocumentClientCapabilities()
        completion = able.completion and able.completion.completion_item
        signature = able.signature_help and able.signature_help.signature_information
        self._item_forms = (completion and completion.documentation_format) or ()
        self._signature_forms = (signature and signature.documentation_format) or ()
        self._hover_forms = (able.hover and able.hover.content_format) or ()
        self._tips = bool(able.document_link and able.document_link.tooltip_support)

    def uri(self, path: str) -> str:
        """Return the URI of a path, the client's own for what it opened."""
        known = self._session.uris.get(path)
        return known or uris.from_fs_path(path) or path

    def index(self, path: str) -> Index:
        """Return the positions of a file, of the open text if there is one."""
        document = self._session.project.document(path)
        return document.index if document else Index("", self._session.encoding)

    def range(self, path: str, start: int, end: int) -> lsp.Range:
        """Return a span of a file."""
        return _range(self.index(path), start, end)

    def location(self, path: str, start: int, end: int) -> lsp.Location:
        """Return a span of a file with its URI."""
        return lsp.Location(self.uri(path), self.range(path, start, end))

    def locations(self, sites: Iterable[Site]) -> Steps[list[lsp.Location]]:
        """Return places in many files, of which not all can be kept open at once."""
        made = []
        for site in sites:
            yield
            made.append(self.location(site.path, site.start, site.end))
        return made

    # ---- findings ----

    def diagnostic(self, index: Index, finding: Finding, page: str, name: str) -> lsp.Diagnostic:
        """Return a finding; `page` is the address of its code's page, `name` the name of its rule."""
        message = finding.message + (f"\nhint: {finding.hint}" if finding.hint else "")
        end = finding.end
        if end == finding.start and end < len(index.text) and index.text[end] not in "\r\n":
            end += 1
        related = [
            lsp.DiagnosticRelatedInformation(self.location(one.path, one.start, one.end), one.text)
            for one in finding.related
        ]
        return lsp.Diagnostic(
            range=_range(index, finding.start, end),
            message=message,
            severity=SEVERITIES[finding.severity],
            code=finding.code,
            code_description=lsp.CodeDescription(page) if page else None,
            source=SOURCE,
            tags=[lsp.DiagnosticTag.Unnecessary] if name in _FAINT else None,
            related_information=related or None,
        )

    def edit(self, changes: Iterable[Change]) -> lsp.WorkspaceEdit:
        """Return changes of files."""
        return at_once(self.edit_in_steps(changes))

    def edit_in_steps(self, changes: Iterable[Change]) -> Steps[lsp.WorkspaceEdit]:
        """Return changes of many files."""
        made: dict[str, list[lsp.TextEdit]] = {}
        for change in changes:
            yield
            edit = lsp.TextEdit(self.range(change.path, change.start, change.end), change.text)
            made.setdefault(self.uri(change.path), []).append(edit)
        return lsp.WorkspaceEdit(changes=made)

    def edits(self, changes: Iterable[Change]) -> list[lsp.TextEdit]:
        """Return changes of one file."""
        return [lsp.TextEdit(self.range(one.path, one.start, one.end), one.text) for one in changes]

    def action(self, action: actions.Action, given: list[lsp.Diagnostic], path: str) -> lsp.CodeAction:
        """Return a code action; `given` are the diagnostics that the client asked about."""
        mine = None
        if action.finding is not None:
            where = self.range(path, action.finding.start, action.finding.end).start
            mine = [one for one in given if one.code == action.finding.code and one.range.start == where]
        return lsp.CodeAction(
            title=action.title,
            kind=action.kind,
            diagnostics=mine or None,
            is_preferred=action.preferred or None,
            edit=self.edit(action.changes),
        )

    # ---- completion ----

    def completions(
        self, index: Index, items: list[load_completion.Item], *, snippets: bool, cut: bool
    ) -> lsp.CompletionList:
        """Return what can be inserted, with snippets only for editors that take them.

        `cut`: there may be more.
        """
        made = []
        spans: dict[tuple[int, int], lsp.Range] = {}
        for item in items:
            if item.kind == "snippet" and not snippets:
                continue
            as_snippet = item.snippet and snippets
            text = item.text if as_snippet or not item.snippet else item.plain or item.label
            key = item.start, item.end
            if key not in spans:
                spans[key] = _range(index, *key)
            made.append(
                lsp.CompletionItem(
                    label=item.label,
                    kind=_KINDS[item.kind],
                    detail=item.detail or None,
                    documentation=_doc(item.doc, self._item_forms),
                    sort_text=item.order or None,
                    filter_text=item.label if item.label != text else None,
                    insert_text_format=lsp.InsertTextFormat.Snippet if as_snippet else None,
                    text_edit=lsp.TextEdit(spans[key], text),
                )
            )
        return lsp.CompletionList(is_incomplete=cut, items=made)

    def hover(self, path: str, found: Hover) -> lsp.Hover:
        """Return what is known of a place."""
        text = _doc(found.text, self._hover_forms) or found.text
        return lsp.Hover(text, self.range(path, found.start, found.end))

    def signature(self, found: SignatureHelp) -> lsp.SignatureHelp:
        """Return help for a call. Labels of parameters are offsets in UTF-16, whatever positions are."""
        parameters = [
            lsp.ParameterInformation(
                (_words(found.label[: one.start]), _words(found.label[: one.end])),
                _doc(one.doc, self._signature_forms),
            )
            for one in found.parameters
        ]
        active = found.active if found.active >= 0 else len(parameters)
        doc = _doc(found.doc, self._signature_forms)
        return lsp.SignatureHelp(
            [lsp.SignatureInformation(found.label, doc, parameters, active)],
            active_signature=0,
            active_parameter=active,
        )

    # ---- outline ----

    def symbol(self, index: Index, entry: outline.Entry) -> lsp.DocumentSymbol:
        """Return one symbol of a file with what is in it."""
        return lsp.DocumentSymbol(
            name=entry.name or "?",
            kind=_SYMBOLS[entry.kind],
            range=_range(index, entry.start, entry.end),
            selection_range=_range(index, entry.name_start, entry.name_end),
            detail=entry.detail or None,
            children=[self.symbol(index, child) for child in entry.children] or None,
        )

    def flat_symbol(self, path: str, entry: outline.Entry) -> lsp.SymbolInformation:
        """Return one symbol for an editor that knows no trees."""
        return lsp.SymbolInformation(
            location=self.location(path, entry.start, entry.end), name=entry.name, kind=_SYMBOLS[entry.kind]
        )

    def found(self, one: outline.Found) -> lsp.WorkspaceSymbol:
        """Return one symbol of the workspace."""
        site = one.site
        return lsp.WorkspaceSymbol(
            location=self.location(site.path, site.start, site.end),
            name=one.name,
            kind=_SYMBOLS[one.kind],
            container_name=one.container,
        )

    def fold(self, index: Index, fold: outline.Fold) -> lsp.FoldingRange:
        """Return lines that can be folded."""
        start, end = index.position(fold.start), index.position(fold.end)
        return lsp.FoldingRange(start[0], end[0], kind=_FOLDS.get(fold.kind))

    def selection(self, index: Index, spans: list[tuple[int, int]]) -> lsp.SelectionRange:
        """Return spans, each in the next."""
        made = None
        for start, end in reversed(spans):
            made = lsp.SelectionRange(_range(index, start, end), made)
        return made or lsp.SelectionRange(_range(index, 0, 0))

    # ---- hints ----

    def link(self, index: Index, link: hints.Link) -> lsp.DocumentLink:
        """Return a link."""
        target = self.uri(link.path) if link.path else link.address
        return lsp.DocumentLink(_range(index, link.start, link.end), target, link.tip if self._tips else None)

    def hint(self, index: Index, hint: hints.Hint) -> lsp.InlayHint:
        """Return a text that is shown in a line."""
        place = lsp.Position(*index.position(hint.offset))
        return lsp.InlayHint(place, hint.text, padding_left=True, tooltip=hint.tip)

    def lens(self, index: Index, lens: hints.Lens) -> lsp.CodeLens:
        """Return a text that is shown above a line."""
        return lsp.CodeLens(_range(index, lens.start, lens.end), lsp.Command(lens.text, ""))

    def tokens(self, index: Index, tokens: list[hints.Token]) -> list[int]:
        """Return kinds of names as the protocol packs them: each relative to the one before it."""
        data: list[int] = []
        line = character = 0
        for token in tokens:
            (first, start), (last, end) = index.range(token.start, token.end)
            if first != last:
                continue
            data += [first - line, start - character if first == line else start, end - start]
            data += [token.type, token.modifiers]
            line, character = first, start
        return data

    def call_item(self, item: calls.Item) -> lsp.CallHierarchyItem:
        """Return a function of a call hierarchy."""
        kind = lsp.SymbolKind.File if item.top_level else lsp.SymbolKind.Function
        return lsp.CallHierarchyItem(
            name=item.name,
            kind=kind,
            uri=self.uri(item.path),
            range=self.range(item.path, item.start, item.end),
            selection_range=self.range(item.path, item.name_start, item.name_end),
            detail=os.path.basename(item.path),
            data={"path": item.path, "name": item.name, "top": item.top_level},
        )


def _words(text: str) -> int:
    return len(text) + sum(letter > "\uffff" for letter in text)


def _range(index: Index, start: int, end: int) -> lsp.Range:
    first, last = index.range(start, end)
    return lsp.Range(lsp.Position(*first), lsp.Position(*last))


def _doc(text: str, forms: Sequence[lsp.MarkupKind]) -> lsp.MarkupContent | str | None:
    """Return a documentation, which is written in Markdown, in a form that the client takes."""
    if not text:
        return None
    if lsp.MarkupKind.Markdown in forms:
        return lsp.MarkupContent(lsp.MarkupKind.Markdown, text)
    return lsp.MarkupContent(lsp.MarkupKind.PlainText, text) if forms else text
