"""The texts of the installed interpreter are read as they are: if they change, these tests tell."""

from __future__ import annotations

import pytest
import starlark

from envd_cache.evaluate.traceback import RawError, RawFrame, parse_error, parse_frame


def frames(text: str, name: str = "id") -> list[str]:
    """Run a text that calls `look()` and return the debug texts of the stack, the innermost first."""
    module = starlark.Module()
    found: list[str] = []
    module.add_callable("take", found.append)
    extensions = starlark.LibraryExtension
    known = starlark.Globals.extended_by([extensions.Debug, extensions.CallStack])
    look = "def look():\n    [take(debug(call_stack_frame(n))) for n in range(1, 4) if call_stack_frame(n)]\n"
    starlark.eval(module, starlark.parse("look", look), known)
    made = starlark.Module()
    frozen = module.freeze()
    starlark.eval(
        made,
        starlark.parse(name, 'load("look", "look")\n' + text),
        starlark.Globals.standard(),
        starlark.FileLoader(lambda _: frozen),
    )
    return found


def error(text: str, name: str = "id") -> str:
    with pytest.raises(starlark.StarlarkError) as caught:
        starlark.eval(starlark.Module(), starlark.parse(name, text), starlark.Globals.standard())
    return str(caught.value)


# ---- frames ----


def test_a_frame_of_the_installed_interpreter() -> None:
    text = "def outer():\n    look()\n\nouter()\n"
    whole = 'load("look", "look")\n' + text
    inner, outer = [frame for frame in map(parse_frame, frames(text)) if frame and frame.file == "id"][:2]
    assert (inner.function, outer.function) == ("look", "outer")
    assert whole[inner.start : inner.end] == "look()"
    assert whole[outer.start : outer.end] == "outer()"


def test_offsets_are_bytes() -> None:
    text = 'x = "ü中😀"; look()\n'
    whole = ('load("look", "look")\n' + text).encode()
    (frame,) = [frame for frame in map(parse_frame, frames(text)) if frame and frame.file == "id"]
    assert whole[frame.start : frame.end] == b"look()"


@pytest.mark.parametrize("name", ["#0", "//a b/c.envd", "ü", "a'b"])
def test_names_of_files(name: str) -> None:
    assert [frame.file for frame in map(parse_frame, frames("look()\n", name)) if frame][:1] == [name]


def test_the_exact_shape() -> None:
    text = (
        'Value(StackFrame { name: "f", location: Some(FileSpan { file: CodeMap("id"), '
        "span: Span { begin: Pos(12), end: Pos(345) } }) })"
    )
    assert parse_frame(text) == RawFrame("f", "id", 12, 345)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "None",
        'Value(StackFrame { name: "f", location: None })',
        'Value(StackFrame { name: "f", location: Some(FileSpan { file: CodeMap("id"), span: 3 }) })',
        'name: "f", location: CodeMap("id") begin: Pos(x) end: Pos(2)',
    ],
)
def test_no_place(text: str) -> None:
    assert parse_frame(text) is None


# ---- errors ----


@pytest.mark.parametrize("lines", [0, 7, 8, 9, 97, 98, 99, 997, 998, 9997, 9998])
def test_the_width_of_the_line_number_does_not_matter(lines: int) -> None:
    found = parse_error(error("\n" * lines + '  \ndef f():\n    fail("no")\nf()\n'))
    assert found == RawError("fail: no", "id", lines + 3, 5, 10)


@pytest.mark.parametrize("letters", ["abc", "ü中😀", "e\u0301", "한국", "\u3000", "\uff46"])
def test_columns_and_widths_are_characters(letters: str) -> None:
    before = f'x = "{letters}"; y = '
    wrong = f'"{letters}" + 1'
    found = parse_error(error(f"{before}{wrong} # {letters}\n"))
    assert (found.line, found.column, found.width) == (1, len(before) + 1, len(wrong))


def test_an_error_over_several_lines_has_no_width() -> None:
    found = parse_error(error('fail(\n    "a",\n    "b",\n)\n'))
    assert found == RawError("fail: a b", "id", 1, 1, 0)


def test_a_message_of_several_lines() -> None:
    assert parse_error(error('fail("a\\nb\\n\\n  c")\n')).message == "fail: a\nb\n\n  c"


@pytest.mark.parametrize("lines", [0, 8, 9, 98, 99, 100])
@pytest.mark.parametrize(
    "spoof",
    [
        "\n --> x:9:9",
        "\n  --> x:9:9\n  |\n9 | zz\n  | ^^^^\n  |",
        "\nerror: other",
        "\nerror: other\n --> x:9:9\n",
        "Traceback (most recent call last):\n  * x:1, in y\nerror: z\n --> x:9:9",
        "error: other",
        " --> x:9:9",
        "\n --> x",
        "\n    --> x:1:1\n\n\n",
        "did you mean `x`?",
    ],
)
def test_a_message_cannot_move_the_place(spoof: str, lines: int) -> None:
    literal = '"' + spoof.replace("\n", "\\n") + '"'
    found = parse_error(error("\n" * lines + f"fail({literal})\n"))
    assert (found.file, found.line, found.column) == ("id", lines + 1, 1)
    assert found.width == len(literal) + 6
    assert found.message == ("fail: " + spoof).strip()


def test_a_line_that_looks_like_a_place() -> None:
    found = parse_error(error('x = """\n --> x:1:1\n""" + 1\n'))
    assert (found.file, found.line, found.column) == ("id", 1, 5)


def test_a_syntax_error() -> None:
    with pytest.raises(starlark.StarlarkError) as caught:
        starlark.parse("id", "\n" * 11 + "x = = 1\n")
    found = parse_error(str(caught.value))
    assert (found.file, found.line, found.column) == ("id", 12, 5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Module has no symbol `x`", "Module has no symbol `x`"),
        ("error: text\nmore\n", "text\nmore"),
        ("error: text\n --> id", "text\n --> id"),
        ("error: text\n --> id:x:1", "text\n --> id:x:1"),
        ("--> id:1:1", "--> id:1:1"),
        ("", ""),
    ],
)
def test_errors_without_a_place(text: str, message: str) -> None:
    assert parse_error(text) == RawError(message)
