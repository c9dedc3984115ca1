"""What is seen of a build file at a glance is what its tree says; in doubt nothing is seen."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from envd_cache.engine import plain
from envd_cache.engine.plain_glance import glance
from envd_cache.source import SourceFile
from tests.engine.test_plain import CASES, lowered

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.cases import Case

PIECES = (
    'cache.local("p")',
    'cache.registry(ref="r.io/a:" + cache.branch("main"))',
    "cache.branch ()",
    "x = cache.local",
    "c = cache",
    "(cache).branch()",
    "cache . branch()",
    "cache.\\\n        branch()",
    "pass # cache.branch()",
    'print("cache.none()", cache.slug("a/b"))',
    "print(len([cache.branch()]))",
    "[cache.branch() for _ in [1]]",
    'cache.env("A", default = cache.branch())',
    "declare(cache = 1)",
    'struct_ = {"cache": cache.branch()}',
    'run(["echo cache.x"])',
)
BUILD = """load("lib.envd", "NAME", other = "NAME")
def declare(cache):
    print(cache)
def build():
    base()
    print(NAME, other)
    {}
"""


def source(text: str) -> SourceFile:
    return SourceFile("build.envd", text, "//build.envd")


def both(folder: Path, texts: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Lower files in both ways, which must agree; return whether a glance did."""
    seen: list[bool] = []

    def noted(file: SourceFile) -> object:
        found = glance(file)
        seen.append(found is not None)
        return found

    monkeypatch.setattr(plain, "glance", noted)
    at_a_glance = lowered(folder, texts)
    monkeypatch.setattr(plain, "glance", lambda _: None)
    assert at_a_glance == lowered(folder, texts)
    return all(seen)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_cases(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both(tmp_path, case.files, monkeypatch)


def test_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = random.Random(4)
    glances: list[bool] = []
    for number in range(120):
        lines = "\n    ".join(chosen.sample(PIECES, chosen.randint(1, 4)))
        texts = {"build.envd": BUILD.format(lines), "lib.envd": "NAME = 1 # cache\n"}
        if number % 3 == 0:
            # A parameter with another name, so that a glance can be enough.
            for old, new in (("declare(cache", "declare(kept"), ("print(cache)", "print(kept)")):
                texts["build.envd"] = texts["build.envd"].replace(old, new)
        folder = tmp_path / str(number)
        folder.mkdir()
        glances.append(both(folder, texts, monkeypatch))
    assert {True, False} == set(glances)


@pytest.mark.parametrize(
    "text",
    [
        "x = cache\n",
        "cache.local\n",
        "cache.nope()\n",
        "cache.local[0] = 1\n",
        "cache = 1\n",
        "a.cache.none()\n",
        "(cache).none()\n",
        "f(cache=1)\n",
        "def f(cache):\n    cache.none()\n",
        "def len(x): return 1\nx = cache.slug('a')\n",
        'load("lib.envd", "cache")\ncache.none()\n',
        'load("lib.envd", cache="x")\ncache.none()\n',
        'load("lib.envd", "\\x63ache")\ncache.none()\n',
        'load(r"lib.envd", "x")\n',
        'load("""lib.envd""", "x")\n',
        'load("\\x6cib.envd", "x")\n',
        'x = 1; load("lib.envd", "y")\n',
        'def f():\n    load("lib.envd", "y")\n',
        "x.load(1)\n",
    ],
)
def test_in_doubt_nothing_is_seen(text: str) -> None:
    assert glance(source(text)) is None


def test_what_is_seen() -> None:
    text = "load('a b', 'x')\r# cache\r\ncache.local( 'p' ); y = [cache.branch()]\n"
    found = glance(source(text))
    assert found is not None
    assert [(text[span.start : span.end], name) for span, name in found.calls] == [
        ("cache.local", "local"),
        ("cache.branch", "branch"),
    ]
    assert [(text[span.start : span.end], module) for span, module in found.loads] == [("'a b'", "a b")]


def test_no_parser_is_made_for_a_usual_file(tmp_path: Path) -> None:
    (tmp_path / "envd-cache.toml").touch()
    (tmp_path / "lib.envd").write_text("def declare(name):\n    cache.local(name)\n")
    text = 'load("lib.envd", "declare")\n\ndef build():\n    base()\n    declare(cache.branch())\n'
    (tmp_path / "build.envd").write_text(text)
    code = (
        "import sys; from envd_cache.cli.main import main; "
        "code = main(['plain', '--output', 'out']); sys.exit(code or 'lark' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "cache" not in (tmp_path / "out/build.envd").read_text().replace("/loaded/", "")
