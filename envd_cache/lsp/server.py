"""The server: its life, the texts, the findings. The requests are in `requests`; what they answer elsewhere.

All of it runs in one thread. Evaluations run in other processes, and long readings in small pieces.
"""

from __future__ import annotations

import asyncio
import gc
import os

from lsprotocol import types as lsp
from pygls import uris
from pygls.exceptions import FeatureRequestError, JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter

from envd_cache.lint.engine import NAMES
from envd_cache.lsp.answers import Answers
from envd_cache.lsp.background import Background, in_pieces
from envd_cache.lsp.evaluator import Evaluator, Schedule
from envd_cache.lsp.pages import Pages
from envd_cache.lsp.protocol import Protocol
from envd_cache.lsp.session import Session
from envd_cache.lsp.worker import DONE, WRONG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from envd_cache.lsp.world import World

NAME = "envd-cache"
# What others may change, and matters here.
WATCHED = ("**/*.envd", "**/envd-cache.toml", "**/pyproject.toml", "**/.gitignore")


class Server(LanguageServer):
    """One server for one client."""

    def __init__(self, world: World) -> None:
        super().__init__(
            name=NAME,
            version=world.version,
            text_document_sync_kind=lsp.TextDocumentSyncKind.Incremental,
            protocol_cls=Protocol,
            converter_factory=default_converter,
        )
        self.world = world
        self.session = Session((), "utf-16")
        self.answers = Answers(self.session)
        self.pages = Pages(world.pages)
        self.evaluator = Evaluator(world.facts, world.time_limit)
        self.schedule = Schedule(self._evaluate, self.failed)
        self.background = Background(self, world)
        self.snippets = False
        self.pulls = False
        self._tokens = 0
        self._said: set[str] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ending: asyncio.Task[None] | None = None
        self._published: set[str] = set()

    # ---- life ----

    def begin(self, params: lsp.InitializeParams) -> None:
        """Take note of the client: its folders, its encoding, what it can do."""
        folders = [uris.to_fs_path(folder.uri) for folder in params.workspace_folders or ()]
        if not folders and params.root_uri:
            folders = [uris.to_fs_path(params.root_uri)]
        encoding = str(getattr(self.workspace.position_encoding, "value", self.workspace.position_encoding))
        self.session = Session(tuple([folder for folder in folders if folder]), encoding)
        document = params.capabilities.text_document
        self.answers = Answers(self.session, document)
        item = document.completion.completion_item if document and document.completion else None
        self.snippets = bool(item and item.snippet_support)
        # One way is enough: an editor that knows both would show everything twice.
        self.pulls = bool(document and document.diagnostic and not document.publish_diagnostics)

    def start(self) -> None:
        """Begin to evaluate and to index. The garbage of typing is looked for seldom: that takes long."""
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        workspace = self.client_capabilities.workspace
        watching = workspace.did_change_watched_files if workspace else None
        if watching and watching.dynamic_registration:
            watchers = [lsp.FileSystemWatcher(pattern) for pattern in WATCHED]
            options = lsp.DidChangeWatchedFilesRegistrationOptions(watchers)
            method = lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES
            self.client_register_capability(
                lsp.RegistrationParams([lsp.Registration(f"{NAME}/files", method, options)])
            )
        self.spawn(self.schedule.run())
        self.background.start()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a piece of work beside the requests, and keep it from being collected."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def end(self) -> None:
        """End the evaluating process and all work, once, however many ask for it."""
        if self._ending is None:
            self._ending = asyncio.ensure_future(self._end())
        await asyncio.shield(self._ending)

    async def _end(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await self.evaluator.close()
        await self.background.close()

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Tell of a fault that has no request to answer."""
        if source is not FeatureRequestError:
            self.failed(error)

    def failed(self, error: Exception) -> None:
        """Log a fault of ours; what pops up with every keystroke helps nobody."""
        text = f"{type(error).__name__}: {error}"
        self.window_log_message(lsp.LogMessageParams(lsp.MessageType.Error, text))

    def say_once(self, text: str) -> None:
        """Show a person a message, if it was not shown before."""
        if text not in self._said:
            self._said.add(text)
            self.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Info, text))

    # ---- folders ----

    def folders_changed(self, params: lsp.DidChangeWorkspaceFoldersParams) -> None:
        """Take note of folders that were added to the workspace, or taken out of it."""
        gone = {uris.to_fs_path(folder.uri) for folder in params.event.removed}
        project = self.session.project
        folders = [folder for folder in project.folders if folder not in gone]
        folders += [folder for one in params.event.added if (folder := uris.to_fs_path(one.uri))]
        project.set_folders(tuple(dict.fromkeys(folders)))
        self.background.index()
        for path in project.open:
            self.schedule.want(path)

    # ---- texts ----

    def path_of(self, uri: str) -> str:
        """Return the absolute path of a URI; the URI itself for a text that is no file."""
        path = uris.to_fs_path(uri) if uri.startswith("file:") else None
        return os.path.normpath(path) if path else uri

    def opened(self, params: lsp.DidOpenTextDocumentParams) -> None:
        """Keep a text that was opened."""
        item = params.text_document
        path = self.path_of(item.uri)
        self.session.open(item.uri, path, item.text, item.version)
        if path in self.session.reading:
            self.spawn(self._read(path))
        self._touched(path, delay=0.0)

    def changed(self, params: lsp.DidChangeTextDocumentParams) -> None:
        """Change a text."""
        path = self.path_of(params.text_document.uri)
        document = self.session.document(path)
        if document is None:
            return
        for change in params.content_changes:
            if isinstance(change, lsp.TextDocumentContentChangePartial):
                start, end = change.range.start, change.range.end
                index = document.index
                document.change(
                    change.text,
                    index.offset(start.line, start.character),
                    index.offset(end.line, end.character),
                )
            else:
                document.change(change.text)
        document.version = params.text_document.version
        self._touched(path)

    def closed(self, params: lsp.DidCloseTextDocumentParams) -> None:
        """Forget a text."""
        path = self.path_of(params.text_document.uri)
        uri = self.answers.uri(path)
        self.schedule.drop(path)
        concerned = self.session.concerned(path)
        for other in self.session.close(path):
            self.publish(other)
        # What loads it was evaluated with a text that may never have been saved.
        for other in concerned:
            if other in self.session.project.open:
                self.schedule.want(other)
        self.background.overview.evaluated(*self.session.parts())
        if path not in self._published:
            return
        self._published.discard(path)
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))

    def _touched(self, path: str, delay: float | None = None) -> None:
        self.publish(path)
        for other in self.session.concerned(path):
            if other == self.schedule.current:
                self.evaluator.cancel()
            if delay is None:
                self.schedule.want(other)
            else:
                self.schedule.want(other, delay)

    def saved(self, params: lsp.DidSaveTextDocumentParams) -> None:
        """Evaluate a file again: what is no text, such as the branch, may have changed too."""
        self.session.project.forget()
        for other in self.session.concerned(self.path_of(params.text_document.uri)):
            self.schedule.want(other)
        self.background.survey()

    def files_changed(self, params: lsp.DidChangeWatchedFilesParams) -> None:
        """Take note of files that others changed: build files, configurations."""
        self.session.project.forget()
        paths = [self.path_of(change.uri) for change in params.changes]
        self.background.note([path for path in paths if path.endswith(".envd")])

    # ---- findings ----

    def publish(self, path: str) -> None:
        """Send the findings of a file as they are known now."""
        document = self.session.document(path)
        if self.pulls:
            self._refresh()
            return
        made = self.diagnostics(path)
        if document is None and not made:
            if path not in self._published:
                return
            self._published.discard(path)
        else:
            self._published.add(path)
        version = document.version if document else None
        self.text_document_publish_diagnostics(
            lsp.PublishDiagnosticsParams(self.answers.uri(path), made, version)
        )

    def diagnostics(self, path: str) -> list[lsp.Diagnostic]:
        """Return the findings of a file in the protocol's types."""
        findings = self.session.findings(path)
        index = self.answers.index(path)
        return [
            self.answers.diagnostic(index, one, self.pages.uri(one.code), NAMES.get(one.code, ""))
            for one in findings
        ]

    def _refresh(self) -> None:
        """Have the editor ask again for what an evaluation changes."""
        can = self.client_capabilities.workspace
        if can is None:
            return
        for known, ask in (
            (can.inlay_hint, self.workspace_inlay_hint_refresh),
            (can.code_lens, self.workspace_code_lens_refresh),
            (self.pulls and can.diagnostics, self.workspace_diagnostic_refresh),
        ):
            if known and known.refresh_support:
                ask(None)

    async def _evaluate(self, path: str) -> None:
        session = self.session
        if path not in session.project.open and path not in session.project.index:
            return
        texts = session.texts()
        try:
            answer = await self.evaluator.evaluate(path, texts, library=session.is_library(path))
        except OSError as error:  # no room for another process: the next edit tries again
            answer = WRONG, str(error)
        if answer is None:
            return
        kind, data = answer
        if kind == WRONG:
            self.window_log_message(lsp.LogMessageParams(lsp.MessageType.Error, data))
            return
        touched = (session.evaluated if kind == DONE else session.died)(path, texts, data)
        for other in touched:
            self.publish(other)
        self.background.overview.evaluated(*session.parts())
        self._refresh()

    # ---- long work ----

    async def _read(self, path: str) -> None:
        """Read a large file, then send its findings."""
        await in_pieces(self.session.read_on(path))
        if path in self.session.project.open:
            self.publish(path)

    def new_token(self) -> str:
        """Return a token for a work to be shown, "" when the editor shows none."""
        window = self.client_capabilities.window
        self._tokens += 1
        return f"{NAME}/{self._tokens}" if window and window.work_done_progress else ""

    async def begin_progress(self, token: str, title: str) -> bool:
        """Have the editor show a work; say whether it does."""
        try:
            await self.work_done_progress.create_async(token)
        except JsonRpcException:
            return False
        self.work_done_progress.begin(token, lsp.WorkDoneProgressBegin(title=title, cancellable=True))
        return True

    def report_progress(self, token: str, message: str) -> None:
        """Have the editor show how far a work is."""
        self.work_done_progress.report(token, lsp.WorkDoneProgressReport(message=message))

    def end_progress(self, token: str, message: str) -> None:
        """Have the editor show that a work is done."""
        self.work_done_progress.end(token, lsp.WorkDoneProgressEnd(message=message))

    def is_progress_cancelled(self, token: str) -> bool:
        """Say whether the person stopped a work."""
        found = self.work_done_progress.tokens.get(token)
        return found is not None and found.cancelled()
