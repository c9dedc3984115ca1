"""What a check finds in and between files, and what it says and returns."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from envd_cache.check.kept import RACY_NS
from tests.check.program import PROGRAM, check, codes, target, write
from tests.cli.program import environment

RIGHT = target("ghcr.io/acme/app:cache")


def test_a_right_repository_has_no_finding(tmp_path: Path) -> None:
    write(tmp_path, {"a/build.envd": RIGHT, "b/build.envd": target("ghcr.io/acme/b:cache")})
    done = check(tmp_path)
    assert (done.code, done.out, done.err) == (0, "2 build files, 2 targets: nothing found\n", "")


def test_nothing_to_check(tmp_path: Path) -> None:
    done = check(tmp_path)
    assert (done.code, done.out) == (0, "0 build files, 0 targets: nothing found\n")


def test_findings_come_in_the_order_of_paths_and_places(tmp_path: Path) -> None:
    wrong = 'def build():\n    base()\n    cache.registry(reff="r", mode="MAX")\n'
    write(tmp_path, {f"{name}/build.envd": wrong for name in "cabd"})
    first = check(tmp_path, "--format", "json")
    found = json.loads(first.out)["diagnostics"]
    places = [(one["file"], one["start"]["column"]) for one in found]
    assert places == sorted(places)
    assert len(found) == 8
    assert all(check(tmp_path, "--format", "json").out == first.out for _ in range(3))


def test_every_target_is_evaluated_and_helpers_are_not_targets(tmp_path: Path) -> None:
    text = """
def _private():
    base()

def with_arguments(name):
    base()

def helper():
    return lambda: 1

def installs():
    install.conda()

def one():
    base()
    cache.registry(ref="ghcr.io/acme/one:cache")

def two(
    # no arguments
):
    one_more()

def one_more():
    base()
"""
    write(tmp_path, {"build.envd": text})
    listed = json.loads(check(tmp_path, "--list", "--format", "json").out)
    assert [one["target"] for one in listed["targets"]] == ["//:one", "//:two", "//:one_more"]
    assert listed["diagnostics"] == []


def test_a_build_file_without_a_target(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"a/build.envd": "x = 1\n", "b/build.envd": "def build():\n    shell('zsh')\n", "c.envd": "x = 1\n"},
    )
    assert codes(tmp_path) == [("warning", "EC013", "a/build.envd"), ("warning", "EC013", "b/build.envd")]
    assert codes(tmp_path, "c.envd") == []


@pytest.mark.parametrize(("level", "expected"), [("error", 0), ("warning", 1), ("note", 1), ("never", 0)])
def test_fail_on(tmp_path: Path, level: str, expected: int) -> None:
    write(tmp_path, {"build.envd": "x = 1\n"})
    assert check(tmp_path, "--fail-on", level).code == expected
    (tmp_path / "envd-cache.toml").write_text(f'fail-on = "{level}"\n')
    assert check(tmp_path).code == expected
    assert check(tmp_path, "--fail-on", "warning").code == 1


def test_a_fact_that_nobody_knows_is_made_up(tmp_path: Path) -> None:
    text = """
def build():
    base()
    cache.registry(ref="%s/%s:cache" % (cache.env("NO_REGISTRY"), cache.env("NO_NAME", default="app")))
    cache.azblob(account_url=cache.env("NO_URL"), container="c")
    cache.s3(bucket="b", region=cache.env("NO_REGION"), name=cache.commit())
"""
    write(tmp_path, {"build.envd": text})
    assert [one for one in codes(tmp_path) if one[0] == "error"] == []
    listed = check(tmp_path, "--list").out
    assert "ref=unknown-fact-no-registry/app:cache" in listed
    assert "ref=ghcr.io/app:cache" in check(tmp_path, "--list", NO_REGISTRY="ghcr.io").out
    assert "ref=x/app:cache" in check(tmp_path, "--list", "--fact", "env.NO_REGISTRY=x").out


def test_what_is_known_is_checked(tmp_path: Path) -> None:
    write(tmp_path, {"build.envd": 'def build():\n    base()\n    cache.registry(ref=cache.env("REF"))\n'})
    assert codes(tmp_path) == []
    assert [one[0] for one in codes(tmp_path, REF="Not A Reference")] == ["error"]


@pytest.mark.parametrize(("value", "ending"), [("cache.target()", "-build"), ("_build_context_dir", "")])
def test_a_shared_file_is_run_for_each_target_that_differs(tmp_path: Path, value: str, ending: str) -> None:
    """What depends on the target must not be taken from the file that loaded it first."""
    shared = """
NAME = {value}

def declare():
    base()
    cache.registry(ref="ghcr.io/acme/app", key=NAME)
"""
    own = 'load("//shared.envd", "declare")\n\ndef build():\n    declare()\n'
    files = {"shared.envd": shared.replace("{value}", value), **{f"t{n}/build.envd": own for n in range(6)}}
    write(tmp_path, files)
    listed = check(tmp_path, "--list").out
    assert all(re.search(rf"ref=.*t{n}{ending}(,|$)", listed, re.MULTILINE) for n in range(6)), listed


def test_findings_in_a_shared_file_are_told_once(tmp_path: Path) -> None:
    shared = 'def declare():\n    base()\n    cache.registry(ref="ghcr.io/acme/app:cache", mode="MAX")\n'
    own = 'load("//shared.envd", "declare")\n\ndef build():\n    declare()\n'
    write(tmp_path, {"shared.envd": shared, **{f"t{n}/build.envd": own for n in range(5)}})
    found = json.loads(check(tmp_path, "--format", "json").out)["diagnostics"]
    assert {one["file"] for one in found if one["code"] == "EC106"} == {"shared.envd"}


def test_rules_look_at_loaded_files_too(tmp_path: Path) -> None:
    shared = 'load("//other.envd", "x")\n\ndef declare():\n    base()\n'
    own = 'load("//shared.envd", "declare")\n\ndef build():\n    declare()\n'
    write(
        tmp_path, {"shared.envd": shared, "other.envd": "x = 1\n", "a/build.envd": own, "b/build.envd": own}
    )
    assert codes(tmp_path) == [("warning", "EC301", "shared.envd")]


def test_two_files_write_one_place(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"a/build.envd": RIGHT, "b/build.envd": RIGHT, "c/build.envd": target("ghcr.io/acme/c:cache")},
    )
    done = check(tmp_path, "--format", "json")
    found = json.loads(done.out)["diagnostics"]
    assert done.code == 1
    places = {one["file"] for one in found} | {
        label["file"] for one in found for label in one.get("related", ())
    }
    assert places == {"a/build.envd", "b/build.envd"}


def test_the_configuration_sets_severities(tmp_path: Path) -> None:
    text = 'load("//x.envd", "x")\n' + RIGHT
    write(tmp_path, {"a/build.envd": text, "b/build.envd": text.replace("app", "b"), "x.envd": "x = 1\n"})
    assert [one[:2] for one in codes(tmp_path)] == [("warning", "EC301")] * 2
    (tmp_path / "envd-cache.toml").write_text(
        '[rules]\nunused-load = "error"\n[[per-path]]\npaths = ["/b/"]\nrules = { EC301 = "off" }\n'
    )
    assert codes(tmp_path) == [("error", "EC301", "a/build.envd")]


def test_a_wrong_configuration_is_told_once(tmp_path: Path) -> None:
    write(tmp_path, {"a/build.envd": RIGHT, "b/build.envd": target("ghcr.io/acme/b:cache")})
    (tmp_path / "envd-cache.toml").write_text('[rules]\nunused-lod = "off"\n')
    assert [one[1] for one in codes(tmp_path)] == ["EC020"]


def test_a_wrong_configuration_is_told_without_any_build_file(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    write(repo, {"envd-cache.toml": 'includ = ["*.star"]\n', "inner/envd-cache.toml": "x = 1\n"})
    store = tmp_path / "store"
    time.sleep(RACY_NS / 1e9 + 0.1)
    for _ in range(2):
        done = check(repo, "--format", "json", store=store)
        found = [one["code"] for one in json.loads(done.out)["diagnostics"]]
        assert (done.code, found) == (1, ["EC020", "EC020"])


def test_allowances_count_and_unused_ones_are_told(tmp_path: Path) -> None:
    allowed = 'load("//x.envd", "x")  # envd-cache: allow(unused-load)\n' + RIGHT
    unused = "# envd-cache: allow(unused-load)\n" + target("ghcr.io/acme/b:cache")
    write(tmp_path, {"a/build.envd": allowed, "b/build.envd": unused, "x.envd": "x = 1\n"})
    found = codes(tmp_path)
    assert [one[2] for one in found] == ["b/build.envd"]


def test_defaults_and_prints(tmp_path: Path) -> None:
    write(tmp_path, {"a/build.envd": 'def build():\n    print("hello")\n    base()\n'})
    (tmp_path / "envd-cache.toml").write_text('defaults = "//d.envd:declare"\n')
    (tmp_path / "d.envd").write_text('def declare():\n    cache.registry(ref="ghcr.io/acme/d:cache")\n')
    done = check(tmp_path, "--list")
    assert "ref=ghcr.io/acme/d:cache" in done.out
    assert "hello" not in done.out + done.err


def test_the_text_report_shows_the_line(tmp_path: Path) -> None:
    write(tmp_path, {"a/build.envd": RIGHT.replace("ref=", "reff=")})
    done = check(tmp_path)
    assert done.code == 1
    assert "a/build.envd:3:20: error[EC102]" in done.out
    assert "^^^^" in done.out
    counts = "1 build file, 1 target: 1 error; `--fix` mends 1"
    assert done.out.endswith(f"\n{counts}; `envd-cache explain EC102` tells more\n")


def test_no_credential_is_in_a_report(tmp_path: Path) -> None:
    text = 'def build():\n    base()\n    cache.gha(token="ghp_0123456789abcdefghij0123456789abcdef")\n'
    write(tmp_path, {"build.envd": text})
    store = tmp_path / "store"
    for _ in range(2):
        done = check(tmp_path, store=store)
        assert done.code == 1
        assert "ghp_" not in done.out + done.err
    assert all(b"ghp_" not in path.read_bytes() for path in store.rglob("*") if path.is_file())


def test_a_file_outside_the_folder(tmp_path: Path) -> None:
    write(tmp_path, {"a/build.envd": RIGHT, "b/x": ""})
    done = check(tmp_path / "b", "../a/build.envd", "--list")
    assert done.out.startswith("//a:build  (../a/build.envd)\n")
    done = check(tmp_path, "nowhere/build.envd")
    assert (done.code, done.out.split(": ")[:2]) == (1, ["nowhere/build.envd", "error[EC001]"])


def test_fixes_are_made_and_settle(tmp_path: Path) -> None:
    text = "# kept\n" + target("ghcr.io/acme/app:cache").replace("ref=", "reff=") + "# and this\n"
    write(tmp_path, {"build.envd": text})
    file = tmp_path / "build.envd"
    file.chmod(0o640)
    shown = check(tmp_path, "--diff")
    assert shown.code == 1
    assert '-    cache.registry(reff="ghcr.io/acme/app:cache")\n+    cache.registry(ref=' in shown.out
    assert file.read_text() == text
    done = check(tmp_path, "--fix")
    assert (done.code, done.err) == (0, "fixed 1 file\n")
    assert file.read_text() == text.replace("reff", "ref")
    assert file.stat().st_mode & 0o777 == 0o640
    again = check(tmp_path, "--fix")
    assert (again.code, again.err) == (0, "")
    assert (check(tmp_path, "--diff").code, check(tmp_path, "--diff").out) == (0, "")


def test_the_difference_is_one_that_patch_reads(tmp_path: Path) -> None:
    text = target("ghcr.io/acme/app:cache").replace("ref=", "reff=").rstrip("\n")
    write(tmp_path, {"a/build.envd": text})
    difference = check(tmp_path, "--diff").out
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    subprocess.run(["git", "apply"], cwd=tmp_path, input=difference.encode(), check=True)
    assert (tmp_path / "a" / "build.envd").read_text() == text.replace("reff", "ref")


def test_no_name_reaches_the_terminal_as_a_command(tmp_path: Path) -> None:
    write(tmp_path, {"a\x1b[2J\nb/build.envd": RIGHT})
    done = check(tmp_path, "--list")
    assert done.out.split("\n")[0] == "//a\ufffd[2J\ufffdb:build  (a\ufffd[2J\ufffdb/build.envd)"


NAMES = ["a b", 'a"b', "a\tb", "a\nb", "a\\b", "\u00e9\u4e00", "-a", " a "]


@pytest.mark.parametrize("command", [["git", "apply"], ["patch", "-p1", "-s"]], ids=" ".join)
def test_patch_reads_names_and_lines_of_all_kinds(tmp_path: Path, command: list[str]) -> None:
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    text = f"# \f\v\x1c\u2028\x85 \r\n{target('ghcr.io/acme/app:cache').replace('ref=', 'reff=')}"
    write(tmp_path, {f"{name}/x": "" for name in NAMES})
    for name in NAMES:
        (tmp_path / name / "build.envd").write_bytes(text.encode())
    difference = check(tmp_path, "--diff", "--output", "diff").out
    assert difference == ""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    subprocess.run(command, cwd=tmp_path, input=(tmp_path / "diff").read_bytes(), check=True)
    for name in NAMES:
        assert (tmp_path / name / "build.envd").read_bytes() == text.replace("reff", "ref").encode()


def test_the_other_formats(tmp_path: Path) -> None:
    write(tmp_path, {"sub/a/build.envd": RIGHT.replace("ref=", "reff=")})
    (tmp_path / ".git").mkdir()
    done = check(tmp_path / "sub", "--format", "github")
    assert done.out.startswith("::error file=sub/a/build.envd,line=3,endLine=3,col=20,")
    log = json.loads(check(tmp_path / "sub", "--format", "sarif").out)
    assert [one["ruleId"] for one in log["runs"][0]["results"]] == ["EC102"]
    assert log["runs"][0]["tool"]["driver"]["rules"][0]["name"] == "UnknownArgument"
    assert check(tmp_path, "--format", "sarif", "--output", "log.sarif").out == ""
    assert json.loads((tmp_path / "log.sarif").read_text())["version"] == "2.1.0"


def test_a_fault_of_ours_costs_one_file(tmp_path: Path) -> None:
    write(
        tmp_path, {"a/build.envd": "def build():\n    base()\n", "b/build.envd": "def build():\n    base()\n"}
    )
    code = """
import sys
from envd_cache.check import bench
from envd_cache.cli.main import main
right = bench.Bench.check
def broken(self, path, *rest, **more):
    if "a/build" in path:
        raise RuntimeError("a text that nobody may see")
    return right(self, path, *rest, **more)
bench.Bench.check = broken
sys.exit(main(["check", "--no-cache"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "a/build.envd: error[EC019]: envd-cache failed on this file: RuntimeError" in done.stdout
    assert "b/build.envd" not in done.stdout
    assert "nobody may see" not in done.stdout + done.stderr


def test_the_examples_have_no_finding() -> None:
    done = check(Path(__file__).parents[2] / "examples", "--fail-on", "note")
    assert done.code == 0, done.out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_who_ends_a_check_ends_its_workers(tmp_path: Path, number: signal.Signals) -> None:
    """The workers hang: one operation on huge numbers takes longer than anybody waits."""
    hang = "def build():\n    base()\n    x = 7\n    for _ in range(40):\n        x = x * x\n"
    write(tmp_path, {f"{name}/build.envd": hang for name in "abc"})
    words = [*PROGRAM, "--no-cache", "--time-limit", "1000"]
    process = subprocess.Popen(
        words, cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        children: list[str] = []
        until = time.monotonic() + 60
        while not children and time.monotonic() < until:
            time.sleep(0.05)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert children
        process.send_signal(number)
        assert process.wait(timeout=60) == 128 + number
        assert not any(os.path.exists(f"/proc/{child}") for child in children)
    finally:
        process.kill()
        process.wait()
