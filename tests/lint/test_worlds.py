"""What is found does not depend on where and when a check runs: branches, pull requests, broken files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from envd_cache.check.bench import Bench
from envd_cache.check.between import between
from envd_cache.check.one import Inspector
from envd_cache.check.result import source_reader
from envd_cache.evaluate.facts import Facts
from envd_cache.lint.engine import Settings
from tests.check.program import check, write

if TYPE_CHECKING:
    from pathlib import Path

B = 'def build():\n    base(image="ubuntu:22.04", dev=True)\n'
APP = "ghcr.io/acme/app"
WORLDS = (
    ("--fact", "branch=main", "--fact", "pull_request="),
    ("--fact", "branch=feature/x", "--fact", "pull_request="),
    ("--fact", "branch=feature/x", "--fact", "pull_request=7"),
    ("--fact", "branch=main", "--fact", "pull_request=", "--fact", "env.TEAM=acme"),
)

ALWAYS_CLEAN = {
    "no cache in a pull request": {
        "build.envd": B
        + "    if cache.pull_request():\n        cache.none()\n        return\n"
        + '    cache.gha(mode="max")  # envd-cache: allow(default-scope) only one\n'
    },
    "shared on one branch": {
        "a/build.envd": B + f'    cache.registry("{APP}", key=[cache.branch(), "main"])\n',
        "b/build.envd": B
        + f'    cache.registry("{APP}", key="main")  # envd-cache: allow(shared-place) at night\n',
    },
    "a variable elsewhere": {
        "a/build.envd": B
        + f'    cache.registry("{APP}:c", use="import")  # envd-cache: allow(unwritten-import) by hand\n',
        "b/build.envd": B + f'    cache.registry(cache.env("TEAM", default="x") + "{APP}:c")\n',
    },
    "a pull request writes nothing": {
        "a/build.envd": B + f'    if not cache.pull_request():\n        cache.registry("{APP}:c")\n',
        "b/build.envd": B + f'    cache.registry("{APP}:c", use="import")\n',
    },
    "a function that is a target on one branch": {
        "a/build.envd": "def build():\n    if cache.branch() == 'main':\n        base()\n"
        "        cache.gha(scope='a')\ndef dev():\n    base()\n    cache.gha(scope='b')\n",
        "b/build.envd": B + '    cache.gha(scope="a")  # envd-cache: allow(shared-place) seldom\n',
    },
}


def codes(folder: Path, *words: str) -> list[tuple[str, str]]:
    """Return the codes that a check finds, each with its file."""
    done = check(folder, "--format", "json", *words)
    return [(one["code"], one["file"]) for one in json.loads(done.out)["diagnostics"]]


@pytest.mark.parametrize("name", ALWAYS_CLEAN)
def test_clean_in_every_world(name: str, tmp_path: Path) -> None:
    write(tmp_path, ALWAYS_CLEAN[name])
    assert [codes(tmp_path, *world) for world in WORLDS] == [[]] * len(WORLDS)


def test_a_variable_that_nobody_knows_silences_its_own_image_alone(tmp_path: Path) -> None:
    allowed = f'    cache.registry("{APP}:c", use="import")  # envd-cache: allow(unwritten-import)\n'
    unknown = {"b/build.envd": B + '    cache.registry(cache.env("TEAM") + "/app:c")\n'}
    write(tmp_path, {"a/build.envd": B + allowed, **unknown})
    assert codes(tmp_path) == []
    keyed = {"b/build.envd": B + f'    cache.registry("{APP}", key=cache.env("TEAM"))\n'}
    read = f'    cache.registry("{APP}:c", use="import")\n    cache.registry("{APP}s:c", use="import")\n'
    write(tmp_path, {"a/build.envd": B + read, **keyed})
    assert codes(tmp_path) == [("EC345", "a/build.envd")]


BROKEN = {
    "syntax": "def build(:\n    base()\n",
    "a wrong value": B + f'    cache.registry("{APP}:c", mode="MAXI")\n',
    "a missing file": 'load("//nowhere.envd", "x")\n' + B,
    "a wrong statement": B + "    1 + None\n",
    "no text": "def build():\n\0",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_speaks_for_itself_alone(name: str, tmp_path: Path) -> None:
    own = B + f'    cache.registry("{APP}:c", use="import")\n    cache.gha(scope="a", use="export")\n'
    allowed = B + f'    cache.registry("{APP}:d")  # envd-cache: allow(shared-place) on purpose\n'
    whole = {"a/build.envd": own, "b/build.envd": allowed, "c/build.envd": BROKEN[name]}
    write(tmp_path, whole)
    assert {file for _, file in codes(tmp_path)} == {"c/build.envd"}
    write(tmp_path, {"c/build.envd": B})
    assert sorted(codes(tmp_path)) == [
        ("EC344", "a/build.envd"),
        ("EC345", "a/build.envd"),
        ("EC348", "b/build.envd"),
    ]


@pytest.mark.parametrize("name", BROKEN)
def test_a_result_says_itself_that_its_targets_are_not_known(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = B + f'    cache.registry("{APP}:c", use="import")\n    cache.gha(scope="a", use="export")\n'
    own += f'    cache.registry("{APP}:d", use="export")  # envd-cache: allow(shared-place) on purpose\n'
    write(tmp_path, {"a/build.envd": own, "c/build.envd": BROKEN[name]})
    monkeypatch.chdir(tmp_path)
    inspector = Inspector(Bench(Facts(), 10), lambda _: Settings())
    results = [inspector.build_file(path) for path in ("a/build.envd", "c/build.envd")]
    assert between(results, Settings(), source_reader(), whole=True) == ()
    alone = between(results[:1], Settings(), source_reader(), whole=True)
    assert [one.code for one in alone] == ["EC345", "EC344", "EC344", "EC348"]


def test_a_fix_takes_no_comment_from_a_statement_that_is_wrong(tmp_path: Path) -> None:
    write(tmp_path, {"build.envd": B + '    cache.gha(mode="MAX")  # envd-cache: allow(default-scope)\n'})
    check(tmp_path, "--fix")
    mended = B + '    cache.gha(mode="max")  # envd-cache: allow(default-scope)\n'
    assert (tmp_path / "build.envd").read_text() == mended
    assert codes(tmp_path) == []


def test_a_file_that_others_load_needs_all_of_them(tmp_path: Path) -> None:
    load = 'load("//team.envd", "team")\n'
    write(
        tmp_path,
        {
            "a/build.envd": load + B + '    team(scope="a")\n',
            "b/build.envd": load + B + "    team()\n",
            "team.envd": "def team(**more):\n    cache.gha(**more)  # envd-cache: allow(default-scope) b\n",
        },
    )
    assert codes(tmp_path) == []
    assert codes(tmp_path, "a/build.envd") == []
    write(tmp_path, {"b/build.envd": load + B + '    team(scope="b")\n'})
    assert codes(tmp_path) == [("EC348", "team.envd")]


def test_a_file_without_a_target_may_say_so(tmp_path: Path) -> None:
    text = "def helper(x):\n    pass\n"
    write(tmp_path, {"build.envd": text})
    assert [code for code, _ in codes(tmp_path)] == ["EC013"]
    write(tmp_path, {"build.envd": f"# envd-cache: allow-file(EC013) for others\n{text}"})
    assert codes(tmp_path) == []
