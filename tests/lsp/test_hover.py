"""Hover and signature help with the cursor at `<|>`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envd_cache.lsp.findings import Declaration
from envd_cache.lsp.hover import hover
from envd_cache.lsp.known import KNOWN
from envd_cache.lsp.signature_help import SignatureHelp, signature_help
from tests.lsp.marked import Desk

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "def build():\n    base()\n    "


def text_of(desk: Desk, text: str) -> str:
    document, offset = desk.at(text)
    found = hover(document, desk.session.project, offset)
    return found.text if found else ""


def help_of(desk: Desk, text: str) -> SignatureHelp:
    document, offset = desk.at(text)
    found = signature_help(document, desk.session.project, offset)
    assert found is not None
    return found


def active(found: SignatureHelp) -> str:
    if found.active < 0:
        return ""
    one = found.parameters[found.active]
    return found.label[one.start : one.end].split(":")[0].split("=")[0].rstrip("?")


def test_a_backend_has_defaults_and_releases(desk: Desk) -> None:
    text = text_of(desk, f'{HEAD}cache.regi<|>stry("r")')
    assert '    mode: "min" | "max" = "min",\n' in text
    assert "Since BuildKit v0.4.0" in text
    assert "https://docs.docker.com/build/cache/backends/registry/" in text


def test_a_parameter_says_what_it_means(desk: Desk) -> None:
    text = text_of(desk, f'{HEAD}cache.registry("r", mo<|>de="max")')
    assert text.startswith('```python\nmode: "min" | "max"\n```')
    assert 'default: `"min"`' in text
    assert "since BuildKit v0.3.0" in text


@pytest.mark.parametrize("name", [name for name in KNOWN if "." in name and KNOWN[name].doc])
def test_every_builtin_has_a_hover(desk: Desk, name: str) -> None:
    assert KNOWN[name].doc in text_of(desk, f"X = {name}<|>")


def test_a_declaration_says_what_it_compiles_to(desk: Desk) -> None:
    source = f'{HEAD}cache.gha<|>(scope="a")\n'
    document, offset = desk.at(source)
    start = document.text.index("cache.gha")
    uses = (
        ("build", "export", "gha `a`", "type=gha,scope=a"),
        ("build", "import", "gha `a`", "type=gha,scope=a"),
    )
    declared = Declaration(document.path, start, start + len('cache.gha(scope="a")'), uses)
    found = hover(document, desk.session.project, offset, [declared])
    assert found is not None
    assert found.text.startswith("```\nexport type=gha,scope=a\nimport type=gha,scope=a\n```")


def test_a_function_shows_its_head_and_its_words(tmp_path: Path) -> None:
    lib = '# Declares the shared cache.\ndef shared(name, mode="max"):\n    pass\n'
    desk = Desk(tmp_path, {"lib.envd": lib})
    text = text_of(desk, 'load("lib.envd", "shared")\nsha<|>red("a")')
    assert 'def shared(name, mode="max"):' in text
    assert "Declares the shared cache." in text
    assert "`//lib.envd`" in text


def test_a_shadowed_name_is_the_files_own(desk: Desk) -> None:
    assert "apt" not in text_of(desk, "install = [1]\nX = install<|>")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cache.registry(<|>", "ref"),
        ('cache.registry("r<|>', "ref"),
        ('cache.registry("r", <|>', ""),
        ('cache.registry("r", mode=<|>', "mode"),
        ('cache.registry("r", key=[cache.branch(), <|>', "key"),
        ('cache.registry("r", key=[cache.branch(<|>', "default"),
        ("install.conda_packages([], <|>", "channel"),
        ("install.conda_packages([1, 2, 3], <|>)\n    base(", "channel"),
        ("run(commands=[f(1), <|>]", "commands"),
    ],
)
def test_the_parameter_that_is_being_written(desk: Desk, text: str, expected: str) -> None:
    assert active(help_of(desk, HEAD + text)) == expected


def test_own_functions_have_signatures(tmp_path: Path) -> None:
    desk = Desk(tmp_path, {"lib.envd": "def shared(name, *rest, size=1):\n    pass\n"})
    found = help_of(desk, 'load("lib.envd", s="shared")\ns("a", "b", <|>')
    assert found.label == "s(name, *rest, size=1)"
    assert active(found) == "*rest"


@pytest.mark.parametrize("text", ["cache.registry()<|>", "def f(<|>", "x = (1, <|>", "# f(<|>", "load(<|>"])
def test_no_help_outside_of_calls(desk: Desk, text: str) -> None:
    document, offset = desk.at(text)
    assert signature_help(document, desk.session.project, offset) is None
