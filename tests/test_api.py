"""The interface for programs: what `import envd_cache` offers."""

from __future__ import annotations

import doctest
import json
import subprocess
import sys
from pathlib import Path

import pytest

import envd_cache
from envd_cache.emit.registry import EMITTERS, Options
from envd_cache.evaluate.facts import Facts

REPOSITORY = Path(__file__).parents[1]
BUILD_FILE = """
def build():
    base()
    cache.registry(ref="r", key=[cache.branch()], mode="max")

def dev():
    base()
    cache.gha(scope=cache.env("SCOPE"), token=cache.secret("T"), url_v2="https://x", use="export")
"""
BROKEN = 'def build():\n    base()\n    cache.registry(ref="R")\n'


@pytest.fixture
def target(tmp_path: Path) -> str:
    (tmp_path / "envd-cache.toml").touch()
    (tmp_path / "build.envd").write_text(BUILD_FILE)
    return str(tmp_path / "build.envd")


def test_the_example_of_the_docs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    result = doctest.testmod(envd_cache)
    assert (result.failed, result.attempted) == (0, 5)


def test_what_is_offered() -> None:
    assert envd_cache.__all__ == ("Facts", "evaluation", "output", "plan")
    for name in envd_cache.__all__:
        assert callable(getattr(envd_cache, name))
    assert envd_cache.Facts is Facts
    with pytest.raises(AttributeError, match=r"^module `envd_cache` has no attribute `compile`$"):
        getattr(envd_cache, "compile")  # noqa: B009 - mypy knows that there is none


def test_the_version_is_that_of_the_package() -> None:
    text = (REPOSITORY / "pyproject.toml").read_text()
    assert f'\nversion = "{envd_cache.__version__}"\n' in text


def test_nothing_is_loaded_before_it_is_used() -> None:
    code = (
        "import sys, envd_cache; print([n for n in sys.modules if n.startswith(('envd_cache', 'starlark'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['envd_cache']\n"


def test_plan(target: str) -> None:
    result = envd_cache.plan(target, Facts(given={"branch": "a/b"}))
    assert result.diagnostics == ()
    plan = result.value
    assert (plan.label, plan.name, plan.none, plan.by_default) == ("//:build", "build", False, "")
    assert [(entry.type, entry.attrs) for entry in plan.exports] == [
        ("registry", (("ref", "r:a-b"), ("mode", "max")))
    ]
    assert [(entry.type, entry.attrs) for entry in plan.imports] == [("registry", (("ref", "r:a-b"),))]
    assert [(fact.name, fact.value, fact.origin) for fact in plan.facts] == [("branch", "a/b", "--fact")]


def test_evaluation(target: str) -> None:
    result = envd_cache.evaluation(f"{target}:dev", Facts({"SCOPE": "s", "T": "never read"}))
    assert result.diagnostics == ()
    assert [call.function for call in result.value.calls] == ["base", "cache.gha"]
    assert result.value.calls[1].kwargs["scope"] == "s"
    assert [(fact.name, fact.argument, fact.value) for fact in result.value.facts] == [
        ("env", "SCOPE", "s"),
        ("secret", "T", ""),
    ]
    assert "never read" not in repr(result)


def test_the_environment_of_the_process_is_not_read(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCOPE", "of the process")
    (problem,) = envd_cache.plan(f"{target}:dev").diagnostics
    assert (problem.code, problem.severity) == ("EC116", "error")


def test_output(target: str) -> None:
    plan = envd_cache.plan(target, Facts(given={"branch": "main"})).value
    assert envd_cache.output(plan, "buildx").value == (
        "--cache-to type=registry,ref=r:main,mode=max --cache-from type=registry,ref=r:main\n"
    )
    by_default = envd_cache.output(plan).value
    assert isinstance(by_default, str)
    assert list(json.loads(by_default)) == ["Exports", "Imports"]
    assert envd_cache.output(plan, "llb", Options(frontend=True)).value == (
        '[{"Type":"registry","Attrs":{"ref":"r:main"}}]\n'
    )
    for emitter in EMITTERS:
        assert envd_cache.output(plan, emitter.name).value


def test_what_an_output_cannot_say_is_a_warning(target: str) -> None:
    plan = envd_cache.plan(f"{target}:dev", Facts({"SCOPE": "s"})).value
    result = envd_cache.output(plan, "buildctl", Options(null=True))
    assert isinstance(result.value, bytes)
    assert [(found.code, found.severity) for found in result.diagnostics] == [("EC404", "warning")]


def test_an_unknown_output_is_a_fault_of_the_caller(target: str) -> None:
    plan = envd_cache.plan(target).value
    names = ", ".join(emitter.name for emitter in EMITTERS)
    with pytest.raises(ValueError, match=f"^no output `docker`; there are {names}$"):
        envd_cache.output(plan, "docker")


@pytest.mark.parametrize("function", [envd_cache.plan, envd_cache.evaluation], ids=["plan", "evaluation"])
def test_two_colons_are_a_fault_of_the_caller(function: object) -> None:
    assert callable(function)
    with pytest.raises(ValueError, match=r"^`a:b:c`: write FILE or FILE:FUNCTION$"):
        function("a:b:c")


def test_a_fact_that_there_is_not(target: str) -> None:
    with pytest.raises(ValueError, match="no fact `brnch`; did you mean `branch`"):
        envd_cache.plan(target, Facts(given={"brnch": "a"}))
    with pytest.raises(TypeError, match="the fact `branch` must be a string, not int"):
        envd_cache.evaluation(target, Facts(given={"branch": 3}))  # type: ignore[dict-item]
    assert envd_cache.plan(target, Facts(given={"env.SCOPE": "s"})).diagnostics == ()


def test_the_names_can_be_listed() -> None:
    assert {"Facts", "evaluation", "output", "plan"} <= set(dir(envd_cache))


def test_a_bad_build_file_does_not_raise(tmp_path: Path) -> None:
    file = tmp_path / "build.envd"
    assert [found.code for found in envd_cache.plan(str(file)).diagnostics] == ["EC001"]
    file.write_text(BROKEN)
    result = envd_cache.plan(str(file))
    assert [found.code for found in result.diagnostics] == ["EC108"]
    assert result.value.exports == ()
    file.write_text("def build(:\n")
    assert [found.code for found in envd_cache.evaluation(str(file)).diagnostics] == ["EC005"]


def test_time_limit(tmp_path: Path) -> None:
    file = tmp_path / "build.envd"
    file.write_text(
        "def build():\n    for i in range(10000000):\n        for j in range(10000000):\n            pass\n"
    )
    for function in (envd_cache.plan, envd_cache.evaluation):
        assert [found.code for found in function(str(file), time_limit=0.2).diagnostics] == ["EC009"]
