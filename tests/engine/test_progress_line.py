"""The live progress: what is written, when, and that nothing stays of the status line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envd_cache.engine.line import CLEAR, PlainLines, StatusLine, cut, failure
from envd_cache.engine.outcome import Outcome
from envd_cache.engine.plaintext import PlainText
from envd_cache.engine.rawjson import RawJson
from envd_cache.engine.vertices import title
from tests.engine import status_lines
from tests.engine.recordings import FOLDER, NAMES

if TYPE_CHECKING:
    from envd_cache.engine.vertices import Event


class Show:
    """A reader, a view and a clock that goes when it is told to."""

    def __init__(self, reader: RawJson | PlainText | None = None, width: int = 0) -> None:
        self.reader = reader or RawJson()
        self.now = 100.0
        self.written: list[str] = []
        self.view: PlainLines | StatusLine
        if width:
            self.view = StatusLine(self.reader.build, self.written.append, lambda: self.now, lambda: width)
        else:
            self.view = PlainLines(self.reader.build, self.written.append, lambda: self.now)

    def after(self, seconds: float, data: bytes = b"") -> str:
        """Let time go by, give some bytes, and return what was written."""
        self.now += seconds
        events: list[Event] = self.reader.feed(data)
        self.view.take(events) if events else self.view.tick()
        return self.taken()

    def end(self, exit_code: int = 0) -> str:
        self.view.take(self.reader.close())
        self.view.finish(self.reader.outcome(exit_code))
        return self.taken()

    def taken(self) -> str:
        text, self.written[:] = "".join(self.written), []
        return text


def on_screen(text: str) -> list[str]:
    """Return the lines of a terminal after a text."""
    lines = [""]
    for piece in re.split(f"({re.escape(CLEAR)}|\n)", text):
        if piece == "\n":
            lines.append("")
        elif piece == CLEAR:
            lines[-1] = ""
        else:
            lines[-1] += piece
    return lines


# ---- plain lines ----


def test_lines_as_buildx_writes_them() -> None:
    show = Show()
    assert show.after(0, status_lines.vertex("a", "[1/2] RUN pip", started=1)) == ""
    assert show.after(0.2) == "#1 [1/2] RUN pip\n"
    assert show.after(1, status_lines.log("a", "hello\n")) == "#1 2.000 hello\n"
    assert show.after(1, status_lines.vertex("a", "[1/2] RUN pip", started=1, completed=5.25)) == ""
    assert show.after(0.2) == "#1 DONE 4.2s\n"
    cached = {"digest": "b", "name": "[2/2] RUN x", "started": status_lines.time(6), "cached": True}
    line = status_lines.line({"vertexes": [{**cached, "completed": status_lines.time(6)}]})
    assert show.after(0, line + b"WARNING: careful\n") == "\n#2 [2/2] RUN x\n#2 CACHED\nWARNING: careful\n"
    assert show.end() == ""


def test_a_vertex_that_goes_on_at_once_ends_once() -> None:
    show = Show()
    for _ in range(3):
        show.after(0.01, status_lines.vertex("a", "[1/1] FROM x", started=1, completed=1))
    show.after(0.01, status_lines.vertex("a", "[1/1] FROM x", started=2))
    assert show.after(5) == "#1 [1/1] FROM x\n"
    show.after(0, status_lines.vertex("a", "[1/1] FROM x", started=2, completed=3))
    assert show.end() == "#1 DONE 1.0s\n"


def test_layers_that_are_fetched_for_a_cached_step_do_not_make_it_done() -> None:
    show = Show()
    cached = {"digest": "a", "name": "[1/1] RUN x", "started": status_lines.time(1), "cached": True}
    show.after(0, status_lines.line({"vertexes": [{**cached, "completed": status_lines.time(1)}]}))
    assert show.after(1) == "#1 [1/1] RUN x\n#1 CACHED\n"
    show.after(0, status_lines.vertex("a", "[1/1] RUN x", started=2))
    show.after(0, status_lines.vertex("a", "[1/1] RUN x", started=2, completed=3))
    assert show.after(1) == ""
    assert show.end() == ""


@pytest.mark.parametrize(("log", "end"), [(b"", "CACHED"), (status_lines.log("a", "hi\n"), "DONE 1.0s")])
def test_a_cached_step_whose_layers_are_fetched_at_once_is_shown_as_cached(log: bytes, end: str) -> None:
    """What an import is for; a step with a log ran all the same."""
    show = Show()
    cached = {"digest": "a", "name": "[1/1] RUN x", "started": status_lines.time(1), "cached": True}
    hit = status_lines.line({"vertexes": [{**cached, "completed": status_lines.time(1)}]})
    again = status_lines.vertex("a", "[1/1] RUN x", started=2)
    show.after(0, hit + again)
    show.after(0.01, log + status_lines.vertex("a", "[1/1] RUN x", started=2, completed=3))
    show.after(1)
    show.after(0, again + status_lines.vertex("a", "[1/1] RUN x", started=2, completed=4))
    assert show.end() == ("" if end == "CACHED" else "#1 DONE 2.0s\n")
    show = Show()
    text = show.after(0, hit + again + log + status_lines.vertex("a", "[1/1] RUN x", started=2, completed=3))
    assert (text + show.end()).splitlines()[-1] == f"#1 {end}"


def test_a_script_of_envd_is_shown_in_one_line() -> None:
    show = Show(PlainText())
    show.after(0, b"#1 bash -c set -euo pipefail\n")
    show.after(0, b"pip install a\nls\n\n")
    assert show.after(1) == "#1 pip install a; ls\n"
    assert show.after(0, b"#1 0.091 text\n#1 ERROR: it broke\n") == "#1 0.091 text\n"
    text = "#1 ERROR: it broke\nfailed: pip install a; ls\n  | text\nerror: boom\n"
    show.after(0, b"ERROR: failed to solve: boom\n")
    assert show.end(1) == text


@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_a_log_is_shown_once(name: str) -> None:
    raw = name.endswith(".rawjson")
    show = Show(RawJson() if raw else PlainText())
    text = "".join(show.after(0.01, line + b"\n") for line in (FOLDER / name).read_bytes().split(b"\n"))
    text += show.end()
    logs = [line for vertex in show.reader.build.vertices.values() for line in vertex.log]
    shown = [found[1] for found in re.finditer(r"^#\d+ \d+\.\d+ (.*)$", text, re.MULTILINE)]
    assert sorted(shown) == sorted(logs)
    names = [found[1] for found in re.finditer(r"^(#\d+) \[?[a-zA-Z]", text, re.MULTILINE)]
    assert len(set(names)) <= len(show.reader.build.vertices)
    assert "\x1b" not in text


# ---- the status line ----


def test_one_line_that_is_written_over() -> None:
    show = Show(width=60)
    two = status_lines.vertex("a", "[1/2] RUN pip", started=1) + status_lines.vertex("b", "[2/2] RUN x")
    assert show.after(0, two) == f"{CLEAR}[0/2] RUN pip  0.0s"
    assert show.after(0.05) == ""
    assert show.after(0.0625) == f"{CLEAR}[0/2] RUN pip  0.1s"
    assert show.after(8) == f"{CLEAR}[0/2] RUN pip  8.1s"
    # The engine's own work does not take the place of a step.
    other = status_lines.vertex("c", "[internal] load build context", started=2)
    assert show.after(1, other) == f"{CLEAR}[0/3] RUN pip (+1)  9.1s"
    both = status_lines.vertex("a", "[1/2] RUN pip", started=1, completed=9)
    assert show.after(1, both) == f"{CLEAR}[1/3] load build context  1.0s"
    assert show.after(
        1, status_lines.vertex("c", "[internal] load build context", started=2, completed=9)
    ) == (f"{CLEAR}[2/3] building  11.1s")
    assert show.after(0, b"WARNING: careful\n") == f"{CLEAR}WARNING: careful\n"
    assert show.after(1) == f"{CLEAR}[2/3] building  12.1s"
    assert show.end() == CLEAR


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [1, 20, 80])
def test_nothing_stays_of_the_line(name: str, width: int) -> None:
    show = Show(RawJson() if name.endswith(".rawjson") else PlainText(), width)
    text = "".join(show.after(0.05, line + b"\n") for line in (FOLDER / name).read_bytes().split(b"\n"))
    lines = re.findall(rf"{re.escape(CLEAR)}(\[\d+/\d+\][^\r\n]*)", text)
    assert all(len(line) < max(width, 2) for line in lines)
    assert lines or width == 1 or "unknown_export" in name or "wrong" in name or "docker20_two" in name
    text += show.end()
    screen = on_screen(text)
    assert not [line for line in screen if re.match(r"\[\d+/\d+\] ", line)]
    assert screen[-1] == ""


def test_why_a_build_failed() -> None:
    assert failure(Outcome()) == ""
    assert failure(Outcome(error="boom")) == "error: boom\n"
    told = Outcome(error="boom", failed_step="RUN x", failed_log=("one", "two"))
    assert failure(told) == "failed: RUN x\n  | one\n  | two\nerror: boom\n"


# ---- texts ----


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("[2/3] RUN x", "[2/3] RUN x"),
        ("bash -c set -euo pipefail\na\n\n  b\n", "a; b"),
        ("bash -c set -euo pipefail\n\n", "bash -c set -euo pipefail"),
        ("", ""),
    ],
)
def test_a_title(name: str, shown: str) -> None:
    assert title(name) == shown


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (40, "[1/2] RUN pip install 数据  8.2s"),
        (31, "[1/2] RUN pip install 数…  8.2s"),
        (30, "[1/2] RUN pip install …  8.2s"),
        (29, "[1/2] RUN pip install …  8.2s"),
        (14, "[1/2] R…  8.2s"),
        (12, "[1/2]   8.2s"),
        (5, "[1/2]"),
        (0, ""),
        (-1, ""),
    ],
)
def test_a_line_is_cut_by_cells(width: int, shown: str) -> None:
    assert cut("[1/2] ", "RUN pip install 数据", "  8.2s", width) == shown


@given(st.text(max_size=30), st.integers(0, 40))
def test_a_line_is_never_too_wide(name: str, width: int) -> None:
    wide = cut("[1/2] ", "数" * 30 + name, "  8.2s", width)
    assert len(wide) + wide.count("数") <= width
