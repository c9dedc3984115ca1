"""What goes on beside the requests: loading, the index of the workspace, the survey of its targets."""

from __future__ import annotations

import asyncio
import os
import time

from envd_cache.lsp.overview import Overview
from envd_cache.source import lies_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
    from typing import Any, Protocol, TypeVar

    from envd_cache.lsp.evaluator import Schedule
    from envd_cache.lsp.session import Session
    from envd_cache.lsp.steps import Steps
    from envd_cache.lsp.world import World

    Value = TypeVar("Value")

    class Window(Protocol):
        """What an editor shows of a long work; see `server.Server`."""

        def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
            """Run a piece of work beside the requests."""

        def new_token(self) -> str:
            """Return a token for a work to be shown, nothing when none is shown."""

        async def begin_progress(self, token: str, title: str) -> bool:
            """Have a work shown; say whether it is."""

        def report_progress(self, token: str, message: str) -> None:
            """Show how far a work is."""

        def end_progress(self, token: str, message: str) -> None:
            """Show that a work is done."""

        def is_progress_cancelled(self, token: str) -> bool:
            """Say whether the person stopped a work."""

    class Host(Window, Protocol):
        """What the long work reads and changes of a server."""

        session: Session
        schedule: Schedule

        def publish(self, path: str) -> None:
            """Send the findings of a file."""

        def failed(self, error: Exception) -> None:
            """Tell of a fault of ours."""


# How long one piece of a long work may take.
PIECE_SECONDS = 0.004
# Between two pieces of what nobody waits for.
REST_SECONDS = 0.001
PROGRESS_AFTER_SECONDS = 0.5


class Background:
    """The long work of one server."""

    def __init__(self, server: Host, world: World) -> None:
        self._server = server
        self.overview = Overview(
            world.facts,
            world.time_limit,
            world.store,
            found=self._told,
            progress=self._progress,
            failed=server.failed,
        )
        self._survey = Progress(server, "checking build files")
        self._index: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether the workspace is indexed and surveyed."""
        return (self._index is None or self._index.done()) and self.overview.is_idle

    def start(self) -> None:
        """Load what the first requests need, then index the workspace."""
        self._index = self._server.spawn(self._start())

    async def _start(self) -> None:
        await self._warm()
        await self._read_all()

    def index(self) -> None:
        """Read all build files of the workspace folders, from the beginning."""
        if self._index is not None:
            self._index.cancel()
        self._index = self._server.spawn(self._read_all())

    def note(self, paths: list[str]) -> None:
        """Read files that others changed into the index again."""
        self._server.spawn(self._note(paths))

    def survey(self, delay: float | None = None) -> None:
        """Have all build files checked, because something on disk changed."""
        given = self._server.session.project.folders
        folders = outermost(folder for folder in given if os.path.isdir(folder))
        if not folders:
            self._told({}, (), (), ())
        elif delay is None:
            self.overview.check(folders)
        else:
            self.overview.check(folders, delay)

    async def close(self) -> None:
        """End the process of the survey."""
        await self.overview.close()

    # ---- the survey ----

    def _told(self, texts: dict[str, str], known: Any, problems: Any, files: Any) -> None:
        for path in self._server.session.told(texts, known, problems, files):
            self._server.publish(path)

    def _progress(self, done: int, found: int) -> None:
        if found:
            self._survey.report(f"{done:,} of {found:,}")
        else:
            self._survey.end("done")

    # ---- the index ----

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

    async def _read_all(self) -> None:
        server = self._server
        project = server.session.project
        if not project.folders:
            self.survey()
            return
        progress = Progress(server, "indexing build files")
        try:
            async for _ in pieces(project.scan(), REST_SECONDS):
                progress.report(f"{len(project.index):,} files")
                if progress.is_cancelled:
                    break
        finally:
            progress.end(f"{len(project.index):,} files")
        # Only now is it known who loads the open files.
        for path in list(project.open):
            if any(True for _ in project.loaders(path)):
                for other in server.session.concerned(path):
                    server.schedule.want(other)
        self.survey(0.0)

    async def _note(self, paths: list[str]) -> None:
        project = self._server.session.project

        def notes() -> Steps[None]:
            for path in paths:
                project.note(path)
                yield

        await in_pieces(notes())
        for path in project.open:
            self._server.schedule.want(path)
        self.survey()


class Progress:
    """What an editor shows of a long work; nothing of one that is short.

    An editor answers before it may be told more, so what comes before that is left out.
    """

    def __init__(self, server: Window, title: str) -> None:
        self._server = server
        self._title = title
        self._began = 0.0
        self._token = ""
        self._is_shown = False

    @property
    def is_cancelled(self) -> bool:
        """Whether the person does not want it any longer."""
        return self._is_shown and self._server.is_progress_cancelled(self._token)

    def report(self, message: str) -> None:
        """Say how far the work is."""
        now = time.monotonic()
        self._began = self._began or now
        if self._is_shown:
            self._server.report_progress(self._token, message)
        elif not self._token and now - self._began > PROGRESS_AFTER_SECONDS:
            self._token = self._server.new_token()
            if self._token:
                self._server.spawn(self._show())

    async def _show(self) -> None:
        token = self._token
        if await self._server.begin_progress(token, self._title) and self._token == token:
            self._is_shown = True
        elif self._token != token:
            self._server.end_progress(token, "")

    def end(self, message: str) -> None:
        """Say that the work is done."""
        if self._is_shown:
            self._server.end_progress(self._token, message)
        self._began, self._token, self._is_shown = 0.0, "", False


def outermost(folders: Iterable[str]) -> tuple[str, ...]:
    """Return the folders that lie in no other of them."""
    chosen = dict.fromkeys(folders)
    return tuple([one for one in chosen if not any(lies_in(one, other) for other in chosen if other != one)])


def _first_parse() -> None:
    from envd_cache.lsp.line import line_of  # noqa: PLC0415 - loads lark

    _ = line_of("def f():").faults, line_of('cache.gha(scope="a")').faults


def _first_mistake() -> None:
    from envd_cache.lsp.line import line_of  # noqa: PLC0415 - loads lark

    _ = line_of("cache.gha(scope=1)").faults


async def in_pieces(work: Steps[Value]) -> Value:
    """Do work in small pieces, let requests through between them, and return what it makes."""
    while True:
        until = time.monotonic() + PIECE_SECONDS
        while time.monotonic() < until:
            try:
                next(work)
            except StopIteration as end:
                made: Value = end.value
                return made
        await asyncio.sleep(0)


async def pieces(work: Iterator[Any], rest: float) -> AsyncIterator[None]:
    """Do work in small pieces, and rest between them so that all else comes first."""
    while True:
        until = time.monotonic() + PIECE_SECONDS
        while time.monotonic() < until:
            try:
                next(work)
            except StopIteration:
                return
        yield None
        await asyncio.sleep(rest)
