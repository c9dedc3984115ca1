"""The server: its life, the texts, the findings. The requests are in `requests`; what they answer elsewhere.

All of it runs in one thread. Evaluations run in another process, and long readings in small pieces.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import stat
import threading
import time

from lsprotocol import types as lsp
from pygls import uris
from pygls.exceptions import JsonRpcInvalidParams
from pygls.io_ import StdoutWriter, run_async
from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter
from pygls.protocol.language_server import LanguageServerProtocol, lsp_method

from envd_cache.lint.engine import NAMES
from envd_cache.lsp.answers import Answers
from envd_cache.lsp.evaluator import Evaluator, Schedule
from envd_cache.lsp.pages import Pages
from envd_cache.lsp.session import Session
from envd_cache.lsp.worker import DONE, WRONG
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any, BinaryIO

    from envd_cache.evaluate.facts import Facts

NAME = "envd-cache"
# How long one piece of a long work may take.
PIECE_SECONDS = 0.004
PROGRESS_AFTER_SECONDS = 0.5
# What others may change, and matters here.
WATCHED = ("**/*.envd", "**/envd-cache.toml", "**/pyproject.toml", "**/.gitignore")


class World(Record):
    """What the process gives to the server: facts, the time limit of a target, PATH, the running Python,

    a folder for the pages of rules ("" for none), and the version of the program.
    """

    facts: Facts
    time_limit: float
    path: str = ""
    python: str = ""
    pages: str = ""
    version: str = ""


class _Protocol(LanguageServerProtocol):
    """pygls's protocol, but for the texts: they are kept in `session`, in every encoding right."""

    @lsp_method(lsp.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: lsp.DidOpenTextDocumentParams) -> Generator[Any, Any, None]:
        """Hand the notification on."""
        yield self.fm.features[lsp.TEXT_DOCUMENT_DID_OPEN], (params,), None

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(
        self, params: lsp.DidChangeTextDocumentParams
    ) -> Generator[Any, Any, None]:
        """Hand the notification on."""
        yield self.fm.features[lsp.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(
        self, params: lsp.DidCloseTextDocumentParams
    ) -> Generator[Any, Any, None]:
        """Hand the notification on."""
        yield self.fm.features[lsp.TEXT_DOCUMENT_DID_CLOSE], (params,), None


class Server(LanguageServer):
    """One server for one client."""

    def __init__(self, world: World) -> None:
        super().__init__(
            name=NAME,
            version=world.version,
            text_document_sync_kind=lsp.TextDocumentSyncKind.Incremental,
            protocol_cls=_Protocol,
            converter_factory=default_converter,
        )
        self.world = world
        self.session = Session((), "utf-16")
        self.answers = Answers(self.session)
        self.pages = Pages(world.pages)
        self.evaluator = Evaluator(world.facts, world.time_limit)
        self.schedule = Schedule(self._evaluate)
        self.snippets = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._published: set[str] = set()

    # ---- life ----

    def begin(self, params: lsp.InitializeParams) -> None:
        """Take note of the client: its folders, its encoding, what it can do."""
        folders = [uris.to_fs_path(folder.uri) for folder in params.workspace_folders or ()]
        if not folders and params.root_uri:
            folders = [uris.to_fs_path(params.root_uri)]
        encoding = str(getattr(self.workspace.position_encoding, "value", self.workspace.position_encoding))
        self.session = Session(tuple([folder for folder in folders if folder]), encoding)
        self.answers = Answers(self.session)
        document = params.capabilities.text_document
        item = document.completion.completion_item if document and document.completion else None
        self.snippets = bool(item and item.snippet_support)

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
        self.spawn(self._index())
        self.spawn(self._warm())

    def spawn(self, work: Any) -> None:
        """Run a piece of work beside the requests, and keep it from being collected."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end(self) -> None:
        """End the evaluating process and all work."""
        for task in list(self._tasks):
            task.cancel()
        await self.evaluator.close()

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
        for other in self.session.close(path):
            self.publish(other)
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

    def files_changed(self, params: lsp.DidChangeWatchedFilesParams) -> None:
        """Take note of files that others changed: build files, configurations."""
        project = self.session.project
        project.forget()
        for change in params.changes:
            path = self.path_of(change.uri)
            if path.endswith(".envd"):
                project.note(path)
        for path in project.open:
            self.schedule.want(path)

    # ---- findings ----

    def publish(self, path: str) -> None:
        """Send the findings of a file as they are known now."""
        session = self.session
        document = session.document(path)
        findings = session.findings(path)
        if document is None and not findings and path not in self._published:
            return
        index = document.index if document else self.answers.index(path)
        made = [
            self.answers.diagnostic(index, one, self.pages.uri(one.code), NAMES.get(one.code, ""))
            for one in findings
        ]
        if document is None and not findings:
            self._published.discard(path)
        else:
            self._published.add(path)
        version = document.version if document else None
        self.text_document_publish_diagnostics(
            lsp.PublishDiagnosticsParams(self.answers.uri(path), made, version)
        )

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
        capabilities = self.client_capabilities.workspace
        if capabilities and capabilities.inlay_hint and capabilities.inlay_hint.refresh_support:
            self.workspace_inlay_hint_refresh(None)
        if capabilities and capabilities.code_lens and capabilities.code_lens.refresh_support:
            self.workspace_code_lens_refresh(None)

    # ---- long work ----

    async def _read(self, path: str) -> None:
        """Read a large file, then send its findings."""
        await _in_pieces(self.session.read_on(path))
        if path in self.session.project.open:
            self.publish(path)

    async def _warm(self) -> None:
        """Load what the first mistake and the first completion need."""
        await asyncio.sleep(0)
        loads = (
            lambda: __import__("envd_cache.syntax.parse"),
            _first_parse,
            _first_mistake,
            lambda: __import__("envd_cache.lsp.completion"),
        )
        for load in loads:
            load()
            await asyncio.sleep(0.01)

    async def _index(self) -> None:
        """Read all build files of the workspace, and say so while it takes long."""
        project = self.session.project
        if not project.folders:
            return
        token = ""
        began = time.monotonic()
        number = 0
        async for _ in _pieces(project.scan()):
            number = len(project.index)
            window = self.client_capabilities.window
            if token or not (window and window.work_done_progress):
                if token:
                    self.work_done_progress.report(
                        token, lsp.WorkDoneProgressReport(message=f"{number:,} files")
                    )
                continue
            if time.monotonic() - began > PROGRESS_AFTER_SECONDS:
                token = f"{NAME}/index"
                await self.work_done_progress.create_async(token)
                begin = lsp.WorkDoneProgressBegin(title="indexing build files", cancellable=False)
                self.work_done_progress.begin(token, begin)
        if token:
            self.work_done_progress.end(token, lsp.WorkDoneProgressEnd(message=f"{number:,} files"))
        # Only now is it known who loads the open files.
        for path in list(project.open):
            if project.loaders(path):
                for other in self.session.concerned(path):
                    self.schedule.want(other)


def _first_parse() -> None:
    from envd_cache.lsp.line import line_of  # noqa: PLC0415 - loads lark

    _ = line_of("def f():").faults, line_of('cache.gha(scope="a")').faults


def _first_mistake() -> None:
    from envd_cache.lsp.line import line_of  # noqa: PLC0415 - loads lark

    _ = line_of("cache.gha(scope=1)").faults


async def _in_pieces(work: Iterator[Any]) -> None:
    async for _ in _pieces(work):
        pass


async def _pieces(work: Iterator[Any]):  # type: ignore[no-untyped-def]
    """Do work in small pieces, and let requests through between them."""
    while True:
        until = time.monotonic() + PIECE_SECONDS
        while time.monotonic() < until:
            try:
                next(work)
            except StopIteration:
                return
        yield None
        await asyncio.sleep(0.001)


def make(world: World) -> Server:
    """Return a server with all its features."""
    from envd_cache.lsp.requests import register  # noqa: PLC0415 - a circle otherwise

    server = Server(world)
    register(server)
    return server


def run(world: World, take: BinaryIO, give: BinaryIO) -> None:
    """Serve one client over two streams until it is done."""
    server = make(world)
    logging.getLogger("pygls.protocol.json_rpc").addFilter(_is_fault)
    try:
        mode = os.fstat(take.fileno()).st_mode
        if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
            asyncio.run(_serve(server, take, give))
        else:
            server.start_io(take, give)
    except BrokenPipeError:
        return  # the client is gone


def _is_fault(record: logging.LogRecord) -> bool:
    """Say whether a record tells of a fault; a request that was refused with a reason is none."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, JsonRpcInvalidParams)


async def _serve(server: Server, take: BinaryIO, give: BinaryIO) -> None:
    """Read from a pipe without threads: pygls's own reader takes three of them for each message."""
    stop = server._stop_event = threading.Event()
    server.protocol.set_writer(StdoutWriter(give))
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), take)
    try:
        await run_async(stop, reader, server.protocol, error_handler=server.report_server_error)
    except asyncio.IncompleteReadError:
        pass  # the client went away in the middle of a message
    finally:
        await server.end()
