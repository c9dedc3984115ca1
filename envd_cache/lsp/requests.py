"""The requests of the protocol: each asks one feature and puts its answer into the protocol's types."""

from __future__ import annotations

import asyncio

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcContentModified, JsonRpcInvalidParams

from envd_cache.lsp import calls, hints, outline, symbols
from envd_cache.lsp.actions import FIX_ALL, QUICK, actions, fix_all
from envd_cache.lsp.background import in_pieces
from envd_cache.lsp.completion import completion, is_cut
from envd_cache.lsp.formatting import HOW, FormatError, changes, find_ruff, formatted
from envd_cache.lsp.hover import hover
from envd_cache.lsp.rename import RenameError, renamable, rename
from envd_cache.lsp.signature_help import signature_help
from envd_cache.lsp.steps import at_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from envd_cache.lsp.answers import Answers
    from envd_cache.lsp.document import Document
    from envd_cache.lsp.server import Server
    from envd_cache.lsp.steps import Steps

NAME = "envd-cache"
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
    def begin(params: lsp.InitializeParams) -> None:
        server.begin(params)
        if server.pulls:
            _pull(server)

    steps: dict[str, Callable[[Any], None]] = {
        lsp.INITIALIZE: begin,
        lsp.INITIALIZED: lambda _: server.start(),
        lsp.TEXT_DOCUMENT_DID_OPEN: server.opened,
        lsp.TEXT_DOCUMENT_DID_CHANGE: server.changed,
        lsp.TEXT_DOCUMENT_DID_CLOSE: server.closed,
        lsp.TEXT_DOCUMENT_DID_SAVE: server.saved,
        lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES: server.files_changed,
        lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: server.folders_changed,
    }
    for method, step in steps.items():
        server.feature(method)(_function(step))

    @server.feature(lsp.SHUTDOWN)
    async def shutdown(_: Any) -> None:
        await server.end()


def _pull(server: Server) -> None:
    """Give findings to a client that asks for them and is not told of them by itself."""

    @server.feature(lsp.TEXT_DOCUMENT_DIAGNOSTIC, lsp.DiagnosticOptions(True, False, identifier=NAME))
    async def diagnostics(params: lsp.DocumentDiagnosticParams) -> lsp.RelatedFullDocumentDiagnosticReport:
        path = server.path_of(params.text_document.uri)
        while not server.schedule.is_done_with(path):
            await asyncio.sleep(0.01)
        return lsp.RelatedFullDocumentDiagnosticReport(server.diagnostics(path))


def _tests(server: Server) -> None:
    """Answer what only tests and people who debug ask."""

    @server.feature("envd-cache/text")
    def text(params: Any) -> str | None:
        document = server.session.document(server.path_of(params.uri))
        return document.text if document else None

    @server.feature("envd-cache/settled")
    async def settled(params: Any) -> bool:
        """Answer when nothing is left to be evaluated, and the findings were sent."""
        while not (server.schedule.is_idle and server.background.is_idle) or server.session.reading:
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


def _slowly(server: Server, work: Steps[Any]) -> Generator[Any, Any, Any]:
    """Do a work in pieces for a handler that pygls runs as a generator, and return what it makes.

    Its places would be wrong if somebody typed meanwhile: editors ask again then.
    """
    before = server.session.texts()
    made = yield in_pieces, (work,), None
    if server.session.texts() != before:
        raise JsonRpcContentModified
    return made


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
        return server.answers.completions(at[0].index, items, snippets=server.snippets, cut=is_cut(items))

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
        return server.answers.hover(document.path, found)


# ---- names ----


def _names(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    def definition(params: lsp.DefinitionParams) -> list[lsp.Location] | None:
        at = _at(server, params)
        if at is None:
            return None
        return at_once(server.answers.locations(symbols.definitions(at[0], server.session.project, at[1])))

    @server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
    def references(params: lsp.ReferenceParams) -> Generator[Any, Any, list[lsp.Location] | None]:
        at = _at(server, params)
        if at is None:
            return None
        declaration = params.context.include_declaration

        def work() -> Steps[list[lsp.Location]]:
            project = server.session.project
            found = yield from symbols.references(at[0], project, at[1], declaration=declaration)
            return (yield from server.answers.locations(found))

        made: list[lsp.Location] = yield from _slowly(server, work())
        return made

    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    def highlight(params: lsp.DocumentHighlightParams) -> list[lsp.DocumentHighlight] | None:
        at = _at(server, params)
        if at is None:
            return None
        found = symbols.highlights(at[0], server.session.project, at[1])
        return [lsp.DocumentHighlight(server.answers.range(at[0].path, *one)) for one in found]

    @server.feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)
    def prepare(params: lsp.PrepareRenameParams) -> lsp.PrepareRenamePlaceholder | None:
        at = _at(server, params)
        found = renamable(at[0], server.session.project, at[1]) if at else None
        if at is None or found is None:
            return None
        where = server.answers.range(at[0].path, found.start, found.end)
        return lsp.PrepareRenamePlaceholder(where, found.name)

    @server.feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
    def change_name(params: lsp.RenameParams) -> Generator[Any, Any, lsp.WorkspaceEdit | None]:
        at = _at(server, params)
        if at is None:
            return None

        def work() -> Steps[Any]:
            try:
                found = yield from rename(at[0], server.session.project, at[1], params.new_name)
            except RenameError as refused:
                raise JsonRpcInvalidParams(message=str(refused)) from None
            return (yield from server.answers.edit_in_steps(found))

        made: lsp.WorkspaceEdit = yield from _slowly(server, work())
        return made


# ---- the whole file ----


def _whole(server: Server) -> None:
    def about(method: str, options: Any = None) -> Callable[[Callable[[Document, Any], Any]], None]:
        """Register what answers a request about one document; about one that is not open there is nothing."""

        def register(make: Callable[[Document, Any], Any]) -> None:
            @server.feature(method, options)
            def handler(params: Any) -> Any:
                document = _of(server, params)
                return make(document, params) if document else None

        return register

    def answers() -> Answers:
        return server.answers  # other ones after `initialize`

    @about(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def symbols_of(document: Document, _: Any) -> list[Any]:
        entries = outline.outline(document)
        capabilities = server.client_capabilities.text_document
        own = capabilities.document_symbol if capabilities else None
        if own and own.hierarchical_document_symbol_support:
            return [answers().symbol(document.index, entry) for entry in entries]
        flat = [one for entry in entries for one in (entry, *entry.children)]
        return [answers().flat_symbol(document.path, entry) for entry in flat]

    @server.feature(lsp.WORKSPACE_SYMBOL)
    def search(params: lsp.WorkspaceSymbolParams) -> Generator[Any, Any, list[lsp.WorkspaceSymbol]]:
        found = yield in_pieces, (outline.workspace_symbols(server.session.project, params.query),), None
        return [answers().found(one) for one in found]

    @about(lsp.TEXT_DOCUMENT_FOLDING_RANGE)
    def folds(document: Document, _: Any) -> list[lsp.FoldingRange]:
        return [answers().fold(document.index, one) for one in outline.folding(document)]

    @about(lsp.TEXT_DOCUMENT_SELECTION_RANGE)
    def selections(document: Document, params: lsp.SelectionRangeParams) -> list[lsp.SelectionRange]:
        index = document.index
        offsets = [index.offset(position.line, position.character) for position in params.positions]
        return [answers().selection(index, outline.selections(document, offset)) for offset in offsets]

    @about(lsp.TEXT_DOCUMENT_DOCUMENT_LINK)
    def links(document: Document, _: Any) -> list[lsp.DocumentLink]:
        found = hints.links(document, server.session.project)
        return [answers().link(document.index, one) for one in found]

    @about(lsp.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, LEGEND)
    def tokens(document: Document, _: Any) -> lsp.SemanticTokens:
        return lsp.SemanticTokens(answers().tokens(document.index, hints.tokens(document)))

    @about(lsp.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE, LEGEND)
    def some_tokens(document: Document, params: lsp.SemanticTokensRangeParams) -> lsp.SemanticTokens:
        found = hints.tokens(document, *_span(document, params.range))
        return lsp.SemanticTokens(answers().tokens(document.index, found))

    @about(lsp.TEXT_DOCUMENT_INLAY_HINT)
    def inlays(document: Document, params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
        declared = server.session.declarations(document.path)
        found = hints.inlay_hints(document, declared, *_span(document, params.range))
        return [answers().hint(document.index, one) for one in found]

    @about(lsp.TEXT_DOCUMENT_CODE_LENS)
    def lenses(document: Document, _: Any) -> list[lsp.CodeLens]:
        found = hints.code_lenses(document, server.session.targets(document.path))
        return [answers().lens(document.index, one) for one in found]


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
            server.say_once(HOW)  # an editor may format with every save
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
    def incoming(
        params: lsp.CallHierarchyIncomingCallsParams,
    ) -> Generator[Any, Any, list[lsp.CallHierarchyIncomingCall] | None]:
        item = item_of(params.item)
        if item is None:
            return None
        found = yield from _slowly(server, calls.incoming(item, server.session.project))
        return [
            lsp.CallHierarchyIncomingCall(
                server.answers.call_item(one.item),
                [server.answers.range(one.item.path, *place) for place in one.places],
            )
            for one in found
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
