"""The quick reader accepts only what argparse accepts, with the same values."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from envd_cache.cli.commands import COMMANDS, command
from envd_cache.cli.options import quick
from envd_cache.cli.parser import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from envd_cache.cli.options import Command, Option

ODD: tuple[str, ...] = (
    "",
    "-",
    "--",
    "-1",
    "-x",
    "--nothing",
    "a b",
    "-a b",
    "a=b",
    "=",
    "main",
    "file:build",
    "é",
    "@file",
    "-h",
)
ODD += (
    "--help",
    "--version",
    "--outp",
    "--o=x",
    "-ofile",
    "-o=file",
    "--all=yes",
    "--strict=",
    "-tbake",
    "0",
    "5",
)


def given_words(command: Command) -> st.SearchStrategy[list[str]]:
    """Return a strategy for argument lists in which right and wrong words stand side by side."""
    values = [choice for option in command.options for choice in option.choices]
    values += command.operand.choices if command.operand else ()
    names = [name for option in command.options for name in (option.name, option.short) if name]
    word = st.one_of(
        st.sampled_from(names),
        st.sampled_from(ODD),
        st.sampled_from(values or ["x"]),
        st.builds(
            lambda name, value: f"{name}={value}", st.sampled_from(names or ["--x"]), st.sampled_from(ODD)
        ),
        st.builds(
            lambda name, value: f"{name}={value}",
            st.sampled_from(names or ["--x"]),
            st.sampled_from(values or ["x"]),
        ),
    )
    if not names:
        word = st.sampled_from([*ODD, *values])
    right = st.sampled_from(command.options).flatmap(_right) if command.options else st.just([])
    return st.lists(st.one_of(word.map(lambda one: [one]), right), max_size=6).map(
        lambda parts: [one for part in parts for one in part]
    )


def _right(option: Option) -> st.SearchStrategy[list[str]]:
    names = st.sampled_from([name for name in (option.name, option.short) if name])
    if option.kind == "flag":
        return names.map(lambda name: [name])
    value = st.sampled_from(option.choices or ("x", "a b", "main", "k=v"))
    return st.one_of(
        st.tuples(names, value).map(list),
        value.map(lambda text: [f"{option.name}={text}"]),
    )


@st.composite
def calls(draw: Callable[[st.SearchStrategy[Any]], Any]) -> tuple[Command, list[str]]:
    chosen = draw(st.sampled_from(COMMANDS))
    return chosen, draw(given_words(chosen))


def by_argparse(name: str, words: list[str]) -> tuple[str, dict[str, Any]] | None:
    """Return what argparse reads, or None where it refuses or prints."""
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        try:
            return parse([name, *words], "0")
        except SystemExit:
            return None


@given(call=calls())
@example((COMMANDS[0], ["--fact", "a=b", "--fact=c=d", "file"]))
@example((COMMANDS[0], ["-t", "bake", "--to", "llb"]))
@example((COMMANDS[0], ["--output", "a b"]))
@example((COMMANDS[0], ["--output=-"]))
@example((COMMANDS[0], ["file", "--all", "--", "other"]))
def test_never_more_than_argparse(call: tuple[Command, list[str]]) -> None:
    chosen, words = call
    values = quick(chosen, words)
    if values is not None:
        assert by_argparse(chosen.name, words) == (chosen.name, values)


def _named(name: str) -> Command:
    found = command(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("compile", {}),
        ("compile file:dev", {"target": "file:dev"}),
        ("compile :dev --to bake", {"target": ":dev", "to": "bake"}),
        ("compile -t buildx --null", {"to": "buildx", "null": True}),
        ("compile --to=compose -o out.yaml", {"to": "compose", "output": "out.yaml"}),
        ("compile --fact branch=a --fact env.X=y=z", {"fact": ["branch=a", "env.X=y=z"]}),
        ("compile -f build.envd:build -p sub", {"from": "build.envd:build", "path": "sub"}),
        (
            "compile --all --strict --binary --frontend",
            dict.fromkeys(("all", "strict", "binary", "frontend"), True),
        ),
        ("compile --resolve-secrets --driver docker", {"resolve_secrets": True, "driver": "docker"}),
        ("compile --format json --color never", {"format": "json", "color": "never"}),
        ("compile --time-limit 0.5", {"time_limit": "0.5"}),
        ("explain EC102", {"target": "EC102"}),
        ("schema -o file", {"output": "file"}),
        ("completion zsh", {"shell": "zsh"}),
    ],
)
def test_plain_calls_are_read_without_argparse(line: str, changed: dict[str, object]) -> None:
    name, *words = line.split()
    values = quick(_named(name), words)
    assert values is not None
    without = quick(_named(name), words[:1] if name == "completion" else [])
    assert without is not None
    assert values == {**without, **changed}
    assert by_argparse(name, words) == (name, values)


@pytest.mark.parametrize(
    "words",
    [
        ["compile", "--help"],
        ["compile", "-h"],
        ["compile", "--nothing"],
        ["compile", "--to"],
        ["compile", "--to", "docker"],
        ["compile", "--to=docker"],
        ["compile", "--to", "--all"],
        ["compile", "--outp", "x"],
        ["compile", "-ofile"],
        ["compile", "-o=file"],
        ["compile", "--all=yes"],
        ["compile", "--output="],
        ["compile", "--output", ""],
        ["compile", "--output", "-"],
        ["compile", "--output=-x"],
        ["compile", "--time-limit", "-1"],
        ["compile", "a", "b"],
        ["compile", ""],
        ["compile", "-"],
        ["compile", "--"],
        ["compile", "--", "file"],
        ["compile", "--strict", "-1"],
        ["completion"],
        ["completion", "tcsh"],
        ["completion", "bash", "zsh"],
        ["schema", "file"],
    ],
    ids=" ".join,
)
def test_whatever_is_not_plain_goes_to_argparse(words: list[str]) -> None:
    assert quick(_named(words[0]), words[1:]) is None
