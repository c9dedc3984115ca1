"""The readers of a build's progress: pieces, noise, odd names, secrets. None of it makes them raise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envd_cache.engine.outcome import Steps
from envd_cache.engine.plaintext import PlainText
from envd_cache.engine.rawjson import RawJson
from tests.engine import status_lines
from tests.engine.recordings import FOLDER, NAMES, outcome_of, replayed

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.mark.parametrize("name", NAMES)
def test_pieces_make_no_difference(name: str) -> None:
    whole = outcome_of(name)
    for size in (1 if len((FOLDER / name).read_bytes()) < 4000 else 61, 4096):
        assert replayed(name, size).outcome() == whole


@pytest.mark.parametrize("name", NAMES)
def test_a_cut_anywhere_is_no_fault(name: str) -> None:
    data = (FOLDER / name).read_bytes()
    for at in range(0, len(data), max(len(data) // 40, 1)):
        reader: RawJson | PlainText = RawJson() if name.endswith(".rawjson") else PlainText()
        reader.feed(data[:at])
        reader.close()
        outcome = reader.outcome()
        assert all(export.state != "unclear" for export in outcome.exports)
        # The rest of another build, of which the beginning is lost.
        reader.feed(data[at:])
        reader.outcome(1)


@pytest.mark.parametrize("name", ["imports_bad.buildx-0.13.rawjson", "imports_bad.buildx-0.29.rawjson"])
def test_lines_between_the_objects(name: str) -> None:
    lines = (FOLDER / name).read_bytes().splitlines(keepends=True)
    mixed = []
    for line in lines:
        mixed.append(line)
        if line.startswith(b"}") or line.endswith(b"}\n"):
            mixed.append(b"WARNING: something \xff\xfe else\n")
    reader = RawJson()
    texts = [event.text for event in reader.feed(b"".join(mixed)) if event.kind == "text"]
    assert sum("something" in text for text in texts) > 20
    assert reader.outcome() == outcome_of(name)


def test_an_object_that_was_cut_does_not_take_the_next_one_with_it() -> None:
    reader = RawJson()
    whole = json.dumps(
        {"vertexes": [{"digest": "a", "name": "[1/1] RUN x", "started": status_lines.time(1)}]}, indent=2
    )
    reader.feed(whole[:30].encode() + b"\n" + whole.encode() + b"\n")
    assert [vertex.name for vertex in reader.build.vertices.values()] == ["[1/1] RUN x"]
    reader.feed(status_lines.line({})[:-1] + status_lines.vertex("b", "[2/2] RUN y")[:-1] + b" and a word\n")
    assert len(reader.build.vertices) == 2


@pytest.mark.parametrize(
    "value",
    [
        {"vertexes": None, "statuses": 1, "logs": "x", "warnings": [{}], "new": {}},
        {"vertexes": [1, None, {}, {"digest": 1, "name": "x"}, {"digest": "a", "name": None}]},
        {"vertexes": [{"digest": "a", "name": "x", "started": "yesterday", "completed": 5, "error": 1}]},
        {"vertexes": [{"digest": "a", "name": "x", "started": "9999-12-31T23:59:59.999999999-23:59"}]},
        {"statuses": [{"vertex": "a", "id": 1}, {"vertex": [], "id": "x"}, {"vertex": "zz", "id": "x"}]},
        {
            "logs": [
                {"vertex": "a", "data": "!"},
                {"vertex": "a", "data": "YQ"},
                {"vertex": 1, "data": "YQ=="},
            ]
        },
        {"vertexes": [{"digest": "a", "name": "x", "started": "2026-01-01T00:00:00Z", "cached": "yes"}]},
    ],
)
def test_values_that_buildkit_does_not_write(value: dict[str, object]) -> None:
    reader = RawJson()
    reader.feed(status_lines.vertex("a", "[1/1] RUN x", started=1, completed=2))
    reader.feed(status_lines.line(value))
    reader.close()
    assert reader.outcome().steps.total <= 1


pieces = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from(
            [
                *[b"#1 ", b"#2 [1/2] RUN x\n", b"#2 0.1 text\n", b"#0 1.25 x\n", b"\n", b"------\n"],
                *[b"#1 importing cache manifest from r:1\n", b"#1 ERROR: not found\n", b"#2 CACHED\n"],
                *[
                    b"{",
                    b"}",
                    b"{\n",
                    b"}\n",
                    b'{"vertexes":[{"digest":"a","name":"x"}]}\n',
                    b'{"logs":[{}]}',
                ],
                *[b"ERROR: ", b"\xff", b"\r", b'level=fatal error="x\\', b"[" * 5000],
            ]
        ),
    ),
    max_size=30,
)


@settings(deadline=None)
@given(pieces)
def test_nothing_makes_a_reader_raise(parts: list[bytes]) -> None:
    readers: Sequence[RawJson | PlainText] = (RawJson(), PlainText())
    for reader in readers:
        for part in parts:
            reader.feed(part)
        reader.outcome()
        reader.close()
        whole = RawJson() if isinstance(reader, RawJson) else PlainText()
        whole.feed(b"".join(parts))
        whole.close()
        assert whole.outcome(1) == reader.outcome(1)


# ---- names and logs ----


def test_a_script_that_looks_like_progress_is_a_name() -> None:
    text = (
        "#1 bash -c set -euo pipefail\necho a\n#7 DONE 9.9s\n#8 CACHED\necho b\n\n"
        "#1 0.100 a\n#1 DONE 0.1s\n\n"
        "#2 bash -c set -euo pipefail\nls\n\n#2 CACHED\n"
    )
    reader = PlainText()
    reader.feed(text.encode())
    names = [vertex.name for vertex in reader.build.vertices.values()]
    assert names == [
        "bash -c set -euo pipefail\necho a\n#7 DONE 9.9s\n#8 CACHED\necho b\n",
        "bash -c set -euo pipefail\nls\n",
    ]
    assert reader.outcome().steps == Steps(1, 1)


def test_a_log_that_looks_like_progress_is_a_log() -> None:
    text = "#1 [1/1] RUN x\n#1 0.1 #1 CACHED\n#1 0.2 ERROR: no\n#1 0.3 importing cache manifest from r\n"
    reader = PlainText()
    events = reader.feed(text.encode() + b"#1 12.34\n#1 DONE 0.4s\n")
    assert [event.text for event in events if event.kind == "log"] == [
        "#1 CACHED",
        "ERROR: no",
        "importing cache manifest from r",
        "",
    ]
    outcome = reader.outcome()
    assert (outcome.steps, outcome.imports, outcome.error) == (Steps(0, 1), (), "")


def test_a_log_without_a_number_belongs_to_the_step_before_it() -> None:
    # envd 1.3.6 numbers the first lines of a log `#0`.
    reader = PlainText()
    reader.feed(
        b"#0 building with x\n\n#3 bash -c set -euo pipefail\nls\n\n#0 0.099 first\n#3 0.100 second\n"
    )
    assert [list(vertex.log) for vertex in reader.build.vertices.values()] == [["first", "second"]]


def test_a_step_that_is_left_and_taken_up_again() -> None:
    begun = b"#1 [1/2] RUN a\n#1 0.1 x\n#1 ...\n\n"
    again = b"#1 [1/2] RUN a\n#1 0.2 y\n#1 CANCELED\n"
    reader = PlainText()
    reader.feed(begun + b"#2 [2/2] RUN b\n#2 DONE 0.1s\n\n" + again)
    assert [list(vertex.log) for vertex in reader.build.vertices.values()] == [["x", "y"], []]
    assert reader.outcome(1).steps == Steps(0, 1, 0, 1)


def test_two_streams_do_not_cut_each_other() -> None:
    reader = PlainText()
    reader.feed(b"#1 [1/1] RUN", "stdout")
    reader.feed(b"time=x level=warning msg=hello\n", "stderr")
    reader.feed(b" x\n#1 CACHED\n", "stdout")
    assert reader.outcome().steps == Steps(1)


def test_a_log_beside_a_name_of_several_lines() -> None:
    reader = PlainText()
    reader.feed(b"#1 bash -c set -euo pipefail\nls\n", "stdout")
    events = reader.feed(b"time=x level=warning msg=careful\n", "stderr")
    reader.feed(b"pwd\n\n#1 CACHED\n", "stdout")
    assert [event.text for event in events] == ["time=x level=warning msg=careful"]
    assert reader.build.vertices[1].name == "bash -c set -euo pipefail\nls\npwd\n"


def test_a_step_with_a_log_ran() -> None:
    reader = PlainText()
    reader.feed(b"#1 [1/2] RUN a\n#1 sha256:ab 1B / 1B done\n#1 DONE 0.1s\n\n")
    reader.feed(b"#2 [2/2] RUN b\n#2 sha256:ab 1B / 1B done\n#2 0.1 text\n#2 DONE 0.1s\n")
    assert reader.outcome().steps == Steps(1, 1)


def test_an_object_that_is_nested_too_deeply() -> None:
    reader = RawJson()
    reader.feed(b'{"a":' * 100_000 + b"\n" + status_lines.vertex("a", "[1/1] RUN x"))
    assert len(reader.build.vertices) == 1


def test_a_line_of_a_log_is_whole() -> None:
    reader = RawJson()
    reader.feed(status_lines.vertex("a", "[1/1] RUN x", started=1))
    events = reader.feed(status_lines.log("a", "one\ntw"))
    events += reader.feed(status_lines.log("a", "o\r\n10%\r50%\r100%\nlast"))
    assert [event.text for event in events] == ["one", "two", "100%"]
    assert [event.text for event in reader.close()] == ["last"]


def test_the_last_word_of_envd_after_a_name() -> None:
    reader = PlainText()
    last = 'time="x" level=fatal msg=exit app=envd error="failed to solve: boom" version=v1.3.6'
    reader.feed(f"#1 bash -c set -euo pipefail\nls\n\n{last}\n".encode())
    assert reader.outcome().error == "boom"


# ---- secrets and terminals ----

SECRET = 's3cr"et/+\\value'


def test_a_secret_is_nowhere() -> None:
    lines = [f"a {SECRET} b", json.dumps(SECRET), "s3cr%22et%2F%2B%5Cvalue"]
    raw = RawJson([SECRET, "ab"])
    events = raw.feed(
        status_lines.vertex("a", f"[1/1] RUN {SECRET}", started=1, completed=2, error=f"bad {SECRET}")
    )
    for line in lines:
        half = len(line) // 2
        events += raw.feed(status_lines.log("a", line[:half])) + raw.feed(
            status_lines.log("a", line[half:] + "\n")
        )
    name = f"importing cache manifest from r:{SECRET}"
    events += raw.feed(status_lines.vertex("b", name, started=1, completed=2, error=SECRET))
    events += raw.feed(f"ERROR: failed to solve: {SECRET}\nwarning {SECRET}\n".encode())
    plain = PlainText([SECRET])
    for line in lines:
        events += plain.feed(f"#1 [1/1] RUN {line}\n#1 0.1 {line}\n#1 ERROR: {line}\n".encode())
    events += plain.feed(f"level=fatal error={json.dumps(SECRET)} x=1\n{SECRET}\n".encode())
    shown = repr((events, raw.outcome(1), plain.outcome(1), [v.name for v in raw.build.vertices.values()]))
    assert "***" in shown
    assert "s3cr" not in shown
    assert "a *** b" in shown


def test_a_secret_of_several_lines_is_nowhere() -> None:
    reader = PlainText(["first line\nsecond line"])
    events = reader.feed(b"#1 [1/1] RUN x\n#1 0.1 first line\n#1 0.1 second line\n")
    assert [event.text for event in events if event.kind == "log"] == ["***", "***"]


def test_no_commands_for_a_terminal() -> None:
    reader = PlainText()
    events = reader.feed(
        "#1 [1/1] RUN \x1b[31mx\x1b]0;title\x07\n#1 0.1 \x1b[1mbold\x1b[0m\x9b2J\tend\n".encode()
    )
    assert [event.text for event in events] == ["[1/1] RUN x", "bold 2J\tend"]
