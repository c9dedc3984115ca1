"""The configuration of a repository: what is read, what is refused and where, and its JSON Schema."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

import envd_cache
from envd_cache.config import CONFIG_FILE, PROJECT_FILE, Config, find_root, severity
from envd_cache.config_keys import ADVICE, DRIVERS, KEYS, MAX_BYTES
from envd_cache.config_schema import schema
from envd_cache.emit import registry
from envd_cache.report.text import position, render
from tests.config_samples import BEYOND_THE_SCHEMA, EVERYTHING, SETTINGS, VALID, WRONG

if TYPE_CHECKING:
    from envd_cache.diagnostics import Diagnostic

NAMES = {
    "EC301": "unused-load",
    "EC302": "uncalled-declaration",
    "EC113": "left-to-the-daemon",
    "EC102": "unknown-argument",
}


def read(folder: Path, text: str, name: str = CONFIG_FILE) -> tuple[Config, tuple[Diagnostic, ...]]:
    (folder / name).write_bytes(text.encode())
    found = find_root(str(folder), NAMES)
    assert found.value.folder == str(folder)
    assert found.value.config.path == str(folder / name)
    return found.value.config.replace(path=""), found.diagnostics


def told(problem: Diagnostic) -> str:
    return f"{problem.message} ({problem.hint})" if problem.hint else problem.message


def where(problem: Diagnostic) -> str:
    assert problem.location is not None
    assert problem.location.source.path == problem.path
    return position(problem.location).removeprefix(f"{problem.path}:")


# ---- what is read ----


def test_everything_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, EVERYTHING) == (SETTINGS, ())


def test_everything_is_read_from_a_project(tmp_path: Path) -> None:
    head, tables = EVERYTHING.split("\n[rules]")
    tables = tables.replace("[[per-path", "[[tool.envd-cache.per-path").replace(
        "[per-path.", "[tool.envd-cache.per-path."
    )
    text = f'[project]\nname = "x"\n[tool.envd-cache]\n{head}\n[tool.envd-cache.rules]{tables}'
    assert read(tmp_path, text, PROJECT_FILE) == (SETTINGS, ())


def test_a_place_in_a_project(tmp_path: Path) -> None:
    text = '[tool.other]\nx = 1\n\n[tool.envd-cache.rules]\n"unusedload" = "off"\n'
    _, problems = read(tmp_path, text, PROJECT_FILE)
    assert [(where(problem), problem.message) for problem in problems] == [
        ("5:1", "there is no rule `unusedload`")
    ]


def test_a_setting_that_is_wrong_costs_itself_only(tmp_path: Path) -> None:
    text = 'driver = 1\nclient = "envd"\nexclude = ["a", 1]\n[rules]\nEC301 = "x"\nEC302 = "off"\n'
    config, problems = read(tmp_path, text)
    assert config == Config(client="envd", exclude=("a",), rules=(("EC302", "off"),))
    assert len(problems) == 3


def test_without_the_known_rules_any_name_is_taken(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).write_text('rules.whatever = "off"')
    found = find_root(str(tmp_path))
    assert (found.value.config.rules, found.diagnostics) == ((("whatever", "off"),), ())


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        (b"a = 1\nb = [\n", "3:1", "Invalid value"),
        (b"a = 1\n\nb == 2\n", "3:4", "Invalid value"),
        (b"a = '\xe9'\n", "", "it is not UTF-8: byte 0xe9"),
        (b"a = " + b"[" * 100_000, "", "it is nested too deeply"),
        (b"#" * (MAX_BYTES + 1), "", "it is larger than 1024 KiB"),
    ],
    ids=["end", "middle", "bytes", "deep", "large"],
)
def test_what_is_no_toml(tmp_path: Path, text: bytes, place: str, reason: str) -> None:
    (tmp_path / CONFIG_FILE).write_bytes(text)
    (problem,) = find_root(str(tmp_path)).diagnostics
    assert problem.message == f"the configuration cannot be read: {reason}"
    assert (where(problem) if problem.location else "") == place


@pytest.mark.parametrize("name", [CONFIG_FILE, PROJECT_FILE])
def test_a_byte_order_mark(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf[tool.envd-cache]\n")
    (problem,) = find_root(str(tmp_path)).diagnostics
    assert (problem.code, where(problem)) == ("EC020", "1:1")
    message = "the configuration cannot be read: it starts with a byte order mark"
    assert told(problem) == f"{message} (save the file as UTF-8 without BOM)"


def test_a_pipe_is_no_configuration(tmp_path: Path) -> None:
    for name in (CONFIG_FILE, PROJECT_FILE):
        os.mkfifo(tmp_path / name)
    (tmp_path / ".git").mkdir()
    assert find_root(str(tmp_path)).value.config == Config()


LOADED = """
import sys
before = set(sys.modules)
from envd_cache.config import find_root
find_root(sys.argv[1])
print(*sorted(set(sys.modules) - before))
"""


def test_a_repository_without_a_configuration_loads_nothing(tmp_path: Path) -> None:
    (tmp_path / PROJECT_FILE).write_text("[project]\n")
    (tmp_path / ".git").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(tmp_path)], capture_output=True, text=True, check=True
    )
    ours = {"envd_cache", "envd_cache.config", "envd_cache.diagnostics", "envd_cache.record"}
    assert set(done.stdout.split()) <= ours


# ---- what is refused, and where ----


@pytest.mark.parametrize("text", VALID.values(), ids=VALID)
def test_valid(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text)[1] == ()
    assert list(validator().iter_errors(tomllib.loads(text))) == []


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG)
def test_wrong(tmp_path: Path, text: str, expected: list[tuple[str, str]]) -> None:
    _, problems = read(tmp_path, text)
    assert {(problem.code, problem.severity) for problem in problems} == {("EC020", "error")}
    found = sorted((where(problem), told(problem)) for problem in problems)
    assert found == sorted(expected)
    assert not validator().is_valid(tomllib.loads(text))


@pytest.mark.parametrize(("text", "expected"), BEYOND_THE_SCHEMA.values(), ids=BEYOND_THE_SCHEMA)
def test_wrong_beyond_the_schema(tmp_path: Path, text: str, expected: str) -> None:
    _, problems = read(tmp_path, text)
    assert [told(problem) for problem in problems] == [expected]
    assert validator().is_valid(tomllib.loads(text))


def test_a_report_shows_the_line(tmp_path: Path) -> None:
    _, problems = read(tmp_path, 'buildx = "x"\r\n[rules]\r\nEC301 = "none"\r\n')
    assert render(problems).splitlines()[4:] == [
        (
            f"{tmp_path}/envd-cache.toml:3:9: error[EC020]: "
            '`EC301` must be "error", "warning", "note" or "off", not "none"'
        ),
        '3 | EC301 = "none"',
        "  |         ^^^^^^",
        "  = hint: did you mean `note`?",
    ]


def test_a_level_of_an_error_is_refused_at_its_key(tmp_path: Path) -> None:
    config, problems = read(tmp_path, '[rules]\nEC302 = "note"\nunknown-argument = "off"\n')
    assert [where(problem) for problem in problems] == ["3:1"]
    assert config.rules == (("EC302", "note"),)


def test_what_can_be_turned_down_is_what_somebody_makes_a_warning() -> None:
    found: set[str] = set()
    for file in Path(envd_cache.__file__).parent.rglob("*.py"):
        if file.name == "discover.py":
            continue  # what it tells is of no file, and no level is asked for
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant):
                given = [*call.args, *[keyword.value for keyword in call.keywords]]
                names = {one.id for one in given if isinstance(one, ast.Name)}
                code = str(call.args[0].value)
                if names & {"WARNING", "NOTE"} and code.startswith(("EC0", "EC1", "EC2")):
                    found.add(code)
    assert found == set(ADVICE)


# ---- the schema ----


def validator(rules: dict[str, str] | None = NAMES) -> Draft202012Validator:
    return Draft202012Validator(json.loads(json.dumps(schema(rules))))


def test_the_schema_is_valid_and_has_every_key() -> None:
    Draft202012Validator.check_schema(schema())
    made: Any = schema()["properties"]
    assert list(made) == [key.name for key in KEYS]
    fields = Config._fields[1:]
    assert [key.field for key in KEYS] == list(fields)
    for key in KEYS:
        validator().validate({key.name: made[key.name]["examples"][0]})
        assert made[key.name].get("default", "") == key.default
        assert key.default == (getattr(Config(), key.field) or "")


def test_the_schema_without_known_rules() -> None:
    assert validator(None).is_valid({"rules": {"whatever": "off"}})
    assert not validator(None).is_valid({"rules": {"whatever": "no"}})
    assert not validator().is_valid({"rules": {"whatever": "off"}})


def test_the_drivers_are_those_of_the_outputs() -> None:
    assert DRIVERS == registry.DRIVERS


# ---- rules for paths ----


@pytest.mark.parametrize(
    ("name", "code", "path", "level"),
    [
        ("unused-load", "EC301", "app/other.envd", "off"),
        ("unused-load", "EC301", "team/a/b.envd", "note"),
        ("unused-load", "EC301", "team/build.envd", "warning"),
        ("uncalled-declaration", "EC302", "team/build.envd", "error"),
        ("left-to-the-daemon", "EC113", "team/x/y.envd", "off"),
        ("left-to-the-daemon", "EC113", "other/team/y.envd", "default"),
        ("unknown", "EC999", "team/x", "default"),
    ],
)
def test_severity(name: str, code: str, path: str, level: str) -> None:
    assert severity(SETTINGS, name, code, path, "default") == level
