"""The GitHub action and the pre-commit hook: what they run exists, and inputs reach it as they are."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from envd_cache.cli.commands import command

ROOT = Path(__file__).parents[1]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
CHECK = STEPS["check"]
INSTALL = STEPS["install envd-cache"]

# Tells its words, each in a line, and fails if the last one says so.
PROGRAM = """#!/bin/sh
printf '%s\\n' --- "$@" >> "$RUNNER_TEMP/words"
for word; do :; done
[ "$word" != fails ]
"""
NOTHING = {"INPUT_PATHS": ".", "INPUT_CHANGED": "", "INPUT_FAIL_ON": "", "INPUT_SARIF": ""}


def run_check(folder: Path, **inputs: str) -> tuple[int, list[list[str]]]:
    """Run the last step as the runner does; return its exit code and the words of each call."""
    program = folder / "envd-cache" / "bin" / "envd-cache"
    program.parent.mkdir(parents=True)
    program.write_text(PROGRAM)
    program.chmod(0o755)
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", CHECK["run"]],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "RUNNER_TEMP": str(folder), **NOTHING, **inputs},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    words = (folder / "words").read_text().split("---\n")[1:]
    return done.returncode, [call.splitlines() for call in words]


def options(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][\w-]*", text))


# ---- what they run exists ----


def test_every_option_exists() -> None:
    check = command("check")
    assert check is not None
    known = {option.name: option for option in check.options}
    used = options(CHECK["run"]) | options(HOOK["entry"])
    assert used == {"--changed", "--fail-on", "--format", "--output"}
    assert used <= set(known)
    for name, value in re.findall(r"(--(?:format|fail-on)) (\w+)", CHECK["run"]):
        assert value in known[name].choices
    levels = re.findall(r"\b(error|warning|note|never)\b", ACTION["inputs"]["fail-on"]["description"])
    assert set(levels) == set(known["--fail-on"].choices)


def test_the_hook() -> None:
    assert HOOK["id"] == "envd-cache-check"
    assert HOOK["entry"].split() == ["envd-cache", "check"]
    assert HOOK["language"] == "python"
    assert not HOOK["pass_filenames"]


def test_the_hook_runs_whatever_a_commit_changes() -> None:
    """pre-commit names no deleted file, and `files` cannot know what a configuration includes."""
    assert HOOK["always_run"]
    assert not {"files", "types", "types_or", "exclude", "stages"} & HOOK.keys()


# ---- the action ----


def test_every_input_is_used_and_described() -> None:
    text = (ROOT / "action.yml").read_text()
    used = set(re.findall(r"\$\{\{ inputs\.([\w-]+) \}\}", text))
    assert used == set(ACTION["inputs"])
    for name, made in ACTION["inputs"].items():
        assert made["description"].endswith("."), name
        assert isinstance(made["default"], str), name


def test_no_input_is_put_into_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert ("run" in step) == ("shell" in step)
    for step in (CHECK, INSTALL):
        assert set(re.findall(r"\$(INPUT_\w+|PYTHON)", step["run"])) == set(step["env"])


def test_the_python_of_the_job_stays() -> None:
    python = STEPS["set up Python"]
    assert python["with"]["update-environment"] is False
    assert f"steps.{python['id']}.outputs.python-path" in INSTALL["env"]["PYTHON"]


def test_without_inputs(tmp_path: Path) -> None:
    defaults = {
        f"INPUT_{name.upper().replace('-', '_')}": made["default"] for name, made in ACTION["inputs"].items()
    }
    assert defaults.items() >= NOTHING.items()
    assert run_check(tmp_path) == (0, [["check", "--format", "github", "."]])


def test_with_all_inputs(tmp_path: Path) -> None:
    inputs = {
        "INPUT_PATHS": "team/* other",
        "INPUT_CHANGED": "HEAD@{1 day ago}",
        "INPUT_FAIL_ON": "error",
        "INPUT_SARIF": "out/a b.sarif",
    }
    (tmp_path / "team" / "app").mkdir(parents=True)
    assert run_check(tmp_path, **inputs) == (
        0,
        [
            [
                *("check", "--format", "sarif", "--output", "out/a b.sarif", "--fail-on", "never"),
                *("--changed=HEAD@{1 day ago}", "team/*", "other"),
            ],
            [
                "check",
                "--format",
                "github",
                "--changed=HEAD@{1 day ago}",
                "--fail-on=error",
                "team/*",
                "other",
            ],
        ],
    )


def test_an_input_is_no_command(tmp_path: Path) -> None:
    text = "$(touch${IFS}made);`touch${IFS}made`"
    _, calls = run_check(tmp_path, INPUT_PATHS=text, INPUT_CHANGED=f'";{text}', INPUT_FAIL_ON=text)
    assert not (tmp_path / "made").exists()
    assert calls == [["check", "--format", "github", f'--changed=";{text}', f"--fail-on={text}", text]]


def test_a_finding_fails_the_job(tmp_path: Path) -> None:
    assert run_check(tmp_path, INPUT_PATHS="fails")[0] == 1
