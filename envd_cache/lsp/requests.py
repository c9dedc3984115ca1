"""The requests of the protocol: each asks one feature and puts its answer into the protocol's types."""

from __future__ import annotations

import asyncio

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams

from envd_cache.lsp import calls, hints, outline, symbols
from envd_cache.lsp.actions import FIX_ALL, QUICK, actions, fix_all
from envd_cache.lsp.completion import completion
from envd_cache.lsp.formatting import HOW, FormatError, changes, find_ruff, formatted
from envd_cache.lsp.hover import hover
from envd_cache.lsp.rename import RenameError, renamable, rename
from envd_cache.lsp.signature_help import signature_help

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from envd_cache.lsp.document import Document
    from envd_cache.lsp.server import Server

LEGEND = lsp.SemanticTokensLegend(list(hints.TYPES), list(hints.MODIFIERS))


def register(server: Server) -> None:
    """Give a server all its features."""
    _life(server)
    _typing(server)
    _names(server)
    _whole(server)
    _editing(server)
    _calls(server)
    _tests(server)


def _life(server: Server) -> None:
    steps: dict[str, Callable[[Any], None]] = {
        lsp.INITIALIZE: server.begin,
        lsp.INITIALIZED: lambda _: server.start(),
        lsp.TEXT_DOCUMENT_DID_OPEN: server.opened,
        lsp.TEXT_DOCUMENT_DID_CHANGE: server.changed,
        lsp.TEXT_DOCUMENT_DID_CLOSE: server.closed,
        lsp.TEXT_DOCUMENT_DID_SAVE: server.saved,
        lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES: server.files_changed,
    }
    for method, step in steps.items():
        server.feature(method)(_function(step))

    @server.feature(lsp.SHUTDOWN)
    async def shutdown(_: Any) -> None:
        await server.end()


def _tests(server: Server) -> None:
    """Answer what only tests and people who debug ask."""

    @server.feature("envd-cache/text")
    def text(params: Any) -> str | None:
        document = server.session.document(server.path_of(params.uri))
        return document.text if document else None

    @server.feature("envd-cache/settled")
    async def settled(params: Any) -> bool:
        """Answer when nothing is left to be evaluated, and the findings were sent."""
        while not server.schedule.is_idle or server.session.reading:
            await asyncio.sleep(0.01)
        return server.session.document(server.path_of(params.uri)) is not None


def _function(step: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return a function of its own, because pygls writes into what it registers."""

    def handler(params: Any) -> None:
        step(params)

    return handler


def _at(server: Server, params: Any) -> tuple[Document, int] | None:
    """Return the document of a request and the offset in it, None for one that is not open."""
    document = server.session.document(server.path_of(params.text_document.uri))
    if document is None:
        return None
    position = params.position
    return document, document.index.offset(position.line, position.character)


def _of(server: Server, params: Any) -> Document | None:
    return server.session.document(server.path_of(params.text_document.uri))


def _span(document: Document, given: lsp.Range) -> tuple[int, int]:
    index = document.index
    start = index.offset(given.start.line, given.start.character)
    return start, max(start, index.offset(given.end.line, given.end.character))


# ---- while typing ----


def _typing(server: Server) -> None:
    @server.feature(
        lsp.TEXT_DOCUMENT_COMPLETION,
        lsp.CompletionOptions(trigger_characters=[".", "(", ",", '"', "'", "=", "/", "["]),
    )
    def complete(params: lsp.CompletionParams) -> lsp.CompletionList | None:
        at = _at(server, params)
        if at is None:
            return None
        items = completion(at[0], server.session.project, at[1])
        return server.answers.completions(at[0].index, items, snippets=server.snippets)

    @server.feature(
        lsp.TEXT_DOCUMENT_SIGNATURE_HELP,
        lsp.SignatureHelpOptions(trigger_characters=["(", ","], retrigger_characters=["=", ")"]),
    )
    def signature(params: lsp.SignatureHelpParams) -> lsp.SignatureHelp | None:
        at = _at(server, params)
        found = signature_help(at[0], server.session.project, at[1]) if at else None
        return server.answers.signature(found) if found else None

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    def show(params: lsp.HoverParams) -> lsp.Hover | None:
        at = _at(server, params)
        if at is None:
            return None
        document, offset = at
        declared = server.session.declarations(document.path)
        found = hover(document, server.session.project, offset, declared)
        if found is None:
            return None
        text = lsp.MarkupContent(lsp.MarkupKind.Markdown, found.text)
        return lsp.Hover(text, server.answers.range(document.path, found.start, found.end))


# ---- names ----


def _names(server: Server) -> None:
    def sites(found: list[symbols.Site]) -> list[lsp.Location]:
        return [server.answers.location(one.path, one.start, one.end) for one in found]

    @server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    def definition(params: lsp.DefinitionParams) -> list[lsp.Location] | None:
        at = _at(server, params)
        return sites(symbols.definitions(at[0], server.session.project, at[1])) if at else None

    @server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
    def references(params: lsp.ReferenceParams) -> list[lsp.Location] | None:
        at = _at(server, params)
        if at is None:
            return None
        declaration = params.context.include_declaration
        return sites(symbols.references(at[0], server.session.project, at[1], declaration=declaration))

    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    def highlight(params: lsp.DocumentHighlightParams) -> list[lsp.DocumentHighlight] | None:
        at = _at(server, params)
        if at is None:
            return None
        found = symbols.references(at[0], server.session.project, at[1])
        path = at[0].path
        return [
            lsp.DocumentHighlight(server.answers.range(path, one.start, one.end))
            for one in found
            if one.path == path
        ]

    @server.feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)
    def prepare(params: lsp.PrepareRenameParams) -> lsp.PrepareRenamePlaceholder | None:
        at = _at(server, params)
        found = renamable(at[0], server.session.project, at[1]) if at else None
        if at is None or found is None:
            return None
        where = server.answers.range(at[0].path, found.start, found.end)
        return lsp.PrepareRenamePlaceholder(where, found.name)

    @server.feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
    def change_name(params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
        at = _at(server, params)
        if at is None:
            return None
        try:
            found = rename(at[0], server.session.project, at[1], params.new_name)
        except RenameError as refused:
            raise JsonRpcInvalidParams(message=str(refused)) from None
        return server.answers.edit(found)


# ---- the whole file ----


def _whole(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def symbols_of(params: lsp.DocumentSymbolParams) -> list[Any] | None:
        document = _of(server, params)
        if document is None:
            return None
        entries = outline.outline(document)
        capabilities = server.client_capabilities.text_document
        own = capabilities.document_symbol if capabilities else None
        if own and own.hierarchical_document_symbol_support:
            return [server.answers.symbol(document.index, entry) for entry in entries]
        flat = [one for entry in entries for one in (entry, *entry.children)]
        return [server.answers.flat_symbol(document.path, entry) for entry in flat]

    @server.feature(lsp.WORKSPACE_SYMBOL)
    def search(params: lsp.WorkspaceSymbolParams) -> list[lsp.WorkspaceSymbol]:
        found = outline.workspace_symbols(server.session.project, params.query)
        return [server.answers.found(one) for one in found]

    @server.feature(lsp.TEXT_DOCUMENT_FOLDING_RANGE)
    def folds(params: lsp.FoldingRangeParams) -> list[lsp.FoldingRange] | None:
        document = _of(server, params)
        if document is None:
            return None
        return [server.answers.fold(document.index, one) for one in outline.folding(document)]

    @server.feature(lsp.TEXT_DOCUMENT_SELECTION_RANGE)
    def selections(params: lsp.SelectionRangeParams) -> list[lsp.SelectionRange] | None:
        document = _of(server, params)
        if document is None:
            return None
        made = []
        for position in params.positions:
            offset = document.index.offset(position.line, position.character)
            made.append(server.answers.selection(document.index, outline.selections(document, offset)))
        return made

    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_LINK)
    def links(params: lsp.DocumentLinkParams) -> list[lsp.DocumentLink] | None:
        document = _of(server, params)
        if document is None:
            return None
        found = hints.links(document, server.session.project)
        return [server.answers.link(document.index, one) for one in found]

    @server.feature(lsp.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, LEGEND)
    def tokens(params: lsp.SemanticTokensParams) -> lsp.SemanticTokens | None:
        document = _of(server, params)
        if document is None:
            return None
        return lsp.SemanticTokens(server.answers.tokens(document.index, hints.tokens(document)))

    @server.feature(lsp.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE, LEGEND)
    def some_tokens(params: lsp.SemanticTokensRangeParams) -> lsp.SemanticTokens | None:
        document = _of(server, params)
        if document is None:
            return None
        found = hints.tokens(document, *_span(document, params.range))
        return lsp.SemanticTokens(server.answers.tokens(document.index, found))

    @server.feature(lsp.TEXT_DOCUMENT_INLAY_HINT)
    def inlays(params: lsp.InlayHintParams) -> list[lsp.InlayHint] | None:
        document = _of(server, params)
        if document is None:
            return None
        declared = server.session.declarations(document.path)
        found = hints.inlay_hints(document, declared, *_span(document, params.range))
        return [
            lsp.InlayHint(
                lsp.Position(*document.index.position(one.offset)),
                one.text,
                padding_left=True,
                tooltip=one.tip,
            )
            for one in found
        ]

    @server.feature(lsp.TEXT_DOCUMENT_CODE_LENS)
    def lenses(params: lsp.CodeLensParams) -> list[lsp.CodeLens] | None:
        document = _of(server, params)
        if document is None:
            return None
        found = hints.code_lenses(document, server.session.targets(document.path))
        return [
            lsp.CodeLens(server.answers.range(document.path, one.start, one.end), lsp.Command(one.text, ""))
            for one in found
        ]


# ---- changes ----


def _editing(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions([QUICK, FIX_ALL]))
    def act(params: lsp.CodeActionParams) -> list[lsp.CodeAction] | None:
        document = _of(server, params)
        if document is None:
            return None
        findings = server.session.findings(document.path)
        only = params.context.only

        def wanted(kind: str) -> bool:
            return only is None or any(kind == one or kind.startswith(f"{one}.") for one in only)

        found = actions(document, findings, *_span(document, params.range))
        if only and not wanted(QUICK):
            everything = fix_all(document, findings)
            found = [everything] if everything else []
        given = list(params.context.diagnostics)
        return [server.answers.action(one, given, document.path) for one in found if wanted(one.kind)]

    async def format_lines(document: Document, lines: tuple[int, int] | None) -> list[lsp.TextEdit] | None:
        ruff = find_ruff(server.world.python, server.world.path)
        if not ruff:
            server.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Info, HOW))
            return None
        before = document.text
        try:
            after = await formatted(ruff, document.path, before, lines)
        except FormatError as error:
            server.window_log_message(lsp.LogMessageParams(lsp.MessageType.Info, str(error)))
            return None
        if document.text != before:
            return None
        return server.answers.edits(changes(document.path, before, after))

    @server.feature(lsp.TEXT_DOCUMENT_FORMATTING)
    async def format_all(params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit] | None:
        document = _of(server, params)
        return await format_lines(document, None) if document else None

    @server.feature(lsp.TEXT_DOCUMENT_RANGE_FORMATTING)
    async def format_some(params: lsp.DocumentRangeFormattingParams) -> list[lsp.TextEdit] | None:
        document = _of(server, params)
        if document is None:
            return None
        last = params.range.end.line - (params.range.end.character == 0 < params.range.end.line)
        return await format_lines(document, (params.range.start.line, max(last, params.range.start.line)))


def _calls(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_PREPARE_CALL_HIERARCHY)
    def prepare(params: lsp.CallHierarchyPrepareParams) -> list[lsp.CallHierarchyItem] | None:
        at = _at(server, params)
        item = calls.item_at(at[0], server.session.project, at[1]) if at else None
        return [server.answers.call_item(item)] if item else None

    def item_of(given: lsp.CallHierarchyItem) -> calls.Item | None:
        data: Any = given.data
        path = data.get("path", "") if isinstance(data, dict) else server.path_of(given.uri)
        document = server.session.project.document(path)
        function = document.function(given.name) if document else None
        if document is None or function is None:
            return None
        return calls.item_at(document, server.session.project, function.name_start)

    @server.feature(lsp.CALL_HIERARCHY_INCOMING_CALLS)
    def incoming(params: lsp.CallHierarchyIncomingCallsParams) -> list[lsp.CallHierarchyIncomingCall] | None:
        item = item_of(params.item)
        if item is None:
            return None
        return [
            lsp.CallHierarchyIncomingCall(
                server.answers.call_item(one.item),
                [server.answers.range(one.item.path, *place) for place in one.places],
            )
            for one in calls.incoming(item, server.session.project)
        ]

    @server.feature(lsp.CALL_HIERARCHY_OUTGOING_CALLS)
    def outgoing(params: lsp.CallHierarchyOutgoingCallsParams) -> list[lsp.CallHierarchyOutgoingCall] | None:
        item = item_of(params.item)
        if item is None:
            return None
        return [
            lsp.CallHierarchyOutgoingCall(
                server.answers.call_item(one.item),
                [server.answers.range(item.path, *place) for place in one.places],
            )
            for one in calls.outgoing(item, server.session.project)
        ]
