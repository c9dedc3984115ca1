"""A bench that evaluates many files sees of each what a compile sees."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from envd_cache.check.bench import Bench
from envd_cache.evaluate.facts import Facts
from envd_cache.pipeline import evaluate, plan, session
from envd_cache.source import Target

FACTS = Facts(environ={"K": "v"}, given={"branch": "feature/x"}, use_git=False)

VALUES = """\
def build():
    base(image="ubuntu:22.04")
    runtime.environ(["a", ("b", 1), {"c": [2, {"d": ("e",)}]}], 1 << 70, -3, True, None, 1.5, build)
    runtime.environ({1: "a", (2, "b"): {}, "dict": {"pairs": [["x", "y"]]}}, x={"other": "opaque"})
    runtime.environ("\\"|[\\\\ \\n\\t\\x7f \\u4e2d\\U0001f600", a="", b=[], c={}, d=())
    runtime.environ('{"other":"opaque_python_object"}', {"other": "opaque_python_object"})
    runtime.environ([[[[[[[[[["deep"]]]]]]]]]], **{"with space": 1})
    cache.s3(bucket="b", region="r", name=cache.branch(), secret_access_key=cache.secret("K"))
    io.copy(source=data.envd("x"), target=[cache.secret("K")])
"""

# Wrong calls of which the places are worked out by another run: in a loop, twice on a line, through helpers.
WRONG = {
    "loop": "def build():\n    base()\n    for one in ['zsh', 3, 4]:\n        shell(one)\n",
    "line": "def build():\n    base(); shell(1); shell('zsh'); shell(2)\n",
    "helper": 'load("team.envd", "team")\ndef build():\n    base()\n    team(1)\n    team(2)\n',
    "alone": "def build():\n    shell(1)\n    base()\ndef other():\n    base()\n    shell(2)\n",
    "inner": "def build():\n    base()\n    [shell(x) for x in ['a', 3]]\n    (lambda: shell(1))()\n",
    "two": "def one():\n    base()\n    shell(1)\ndef two():\n    base()\n    shell(2)\n",
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "envd-cache.toml").touch()
    (tmp_path / "team.envd").write_text("def team(x):\n    shell('zsh')\n    shell(x)\n")


def test_values_are_those_of_a_compile() -> None:
    Path("build.envd").write_text(VALUES)
    bench = Bench(FACTS, 10.0)
    [target] = bench.check("build.envd").targets
    expected = evaluate(Target("build.envd"), session(FACTS))
    assert not expected.diagnostics
    assert len(expected.value.calls) == 9
    assert [(c.function, c.args, c.kwargs) for c in target.evaluation.calls] == [
        (c.function, c.args, c.kwargs) for c in expected.value.calls
    ]
    assert [c.site.frames for c in target.evaluation.calls] == [c.site.frames for c in expected.value.calls]
    assert target.evaluation.facts == expected.value.facts


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_places_are_those_of_a_compile(text: str) -> None:
    Path("build.envd").write_text(text)
    bench = Bench(FACTS, 10.0)
    # A second time, when places are known for the file that was there before.
    for _ in range(2):
        targets = bench.check("build.envd").targets
        assert targets
        for target in targets:
            of_compile = plan(target.evaluation.target, session(FACTS)).diagnostics
            assert {found.code for found in of_compile} == {"EC114"}
            assert all(found.location for found in of_compile)
            assert set(target.diagnostics) == set(of_compile)


def test_nothing_is_left_in_circles() -> None:
    Path("build.envd").write_text(WRONG["helper"] + "def more():\n    base()\n    cache.gha()\n")
    bench = Bench(FACTS, 10.0)
    bench.check("build.envd")
    bench.check("build.envd")
    gc.collect()
    gc.disable()  # as in a worker
    try:
        for _ in range(5):
            bench.check("build.envd")
        bench.check("team.envd")
        assert gc.collect() == 0
    finally:
        gc.enable()
