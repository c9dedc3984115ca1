"""The help texts, compared with `help/<name>.txt`; `pytest --update` writes them anew."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from envd_cache import __version__
from envd_cache.cli.commands import COMMANDS
from envd_cache.cli.main import main

FOLDER = Path(__file__).parent / "help"
TEXTS = {"envd-cache": ["--help"], **{command.name: [command.name, "--help"] for command in COMMANDS}}


@pytest.mark.parametrize("name", TEXTS)
def test_help(
    name: str, update_goldens: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(TEXTS[name]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    golden = FOLDER / f"{name}.txt"
    if update_goldens:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(out)
    if sys.version_info < (3, 13):
        assert out == golden.read_text()
    else:  # names an option's value once, and breaks lines elsewhere
        assert _words(out) == _words(golden.read_text())


def _words(text: str) -> set[str]:
    return set(text.replace("[", " ").replace("]", " ").replace(",", " ").split())


def test_every_text_has_a_command() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(TEXTS)


def test_the_help_names_every_option_and_what_it_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        assert main([command.name, "-h"]) == 0
        text = "".join(capsys.readouterr().out.split())
        for option in command.options:
            assert option.name in text
            assert "".join(option.help.split()) in text


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"envd-cache {__version__}\n"


def test_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1] == "envd-cache: error: the following arguments are required: COMMAND"


def test_an_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compil"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage: envd-cache ")
    for command in COMMANDS:
        assert command.name in err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["compil"], "compile"),
        (["compile", "--to", "bak"], "bake"),
        (["compile", "--strct"], "--strict"),
        (["compile", "--fcat=branch=x"], "--fact"),
    ],
)
def test_error_what_was_meant(words: list[str], meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.endswith(f"\ndid you mean `{meant}`?\n")
