"""Kept results: a second run is told from them, and never what is not so any more."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from envd_cache.check import repository
from envd_cache.check.discover import discover
from envd_cache.check.kept import RACY_NS, program_key, run_key
from envd_cache.check.repository import Wish, check
from envd_cache.check.roots import Roots
from envd_cache.check.store import Store
from envd_cache.evaluate.facts import Facts
from tests.check import program
from tests.check.program import target, write
from tests.cli.program import environment

if TYPE_CHECKING:
    from pathlib import Path

    from envd_cache.check.result import Report

SHARED = """REGISTRY = "ghcr.io/acme"

def declare(name):
    base()
    cache.registry(ref=REGISTRY + "/" + name + ":cache")
"""
LOADING = 'load("//lib/shared.envd", "declare")\n\ndef build():\n    declare("{name}")\n'


class Bed:
    """A repository with a folder for results, and what each check of it did anew."""

    def __init__(self, folder: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.store = store
        self.environ: dict[str, str] = {}
        self.given: dict[str, str] = {}
        self.anew: list[str] = []
        found = Store.find

        def find(store: Store, path: str) -> tuple[object, ...] | None:
            data = found(store, path)
            if data is None:
                self.anew.append(path.rstrip("\0"))
            return data

        monkeypatch.setattr(Store, "find", find)
        monkeypatch.delattr(os, "fork")  # in this process, which has threads
        files = {f"{name}/build.envd": LOADING.format(name=name) for name in "abc"}
        write(folder, {**files, "lib/shared.envd": SHARED})
        monkeypatch.chdir(folder)
        self.settle()

    def check(self, *paths: str) -> Report:
        """Check, and note in `anew` what was not known."""
        self.anew = []
        facts = Facts(self.environ, self.given)
        wish = Wish(facts, 10.0, 1, str(self.store), walked=() if paths else (str(self.folder),))
        roots = Roots()
        return check(discover(paths or (".",), roots), wish, roots)

    def settle(self) -> None:
        """Let what was written be so old that its times can be trusted."""
        past = time.time_ns() - 10**12
        for path in self.folder.rglob("*"):
            if path.is_file():
                os.utime(path, ns=(past, past))


@pytest.fixture
def bed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bed:
    # The time of the last change of an inode cannot be set back, so a test cannot wait for it to be old.
    monkeypatch.setattr("envd_cache.check.kept.RACY_NS", -(10**12))
    return Bed(tmp_path / "repo", tmp_path / "store", monkeypatch)


ALL = ["a/build.envd", "b/build.envd", "c/build.envd", "lib/shared.envd"]


def test_the_second_run_knows_everything(bed: Bed) -> None:
    first = bed.check()
    assert bed.anew == ALL
    assert bed.check() == first
    assert bed.anew == []


def test_a_changed_file_is_checked_again(bed: Bed) -> None:
    bed.check()
    (bed.folder / "b" / "build.envd").write_text("x = 1\n")
    assert [one.code for one in bed.check().diagnostics] == ["EC013"]
    assert bed.anew == ["b/build.envd"]
    assert [one.code for one in bed.check().diagnostics] == ["EC013"]
    assert bed.anew == []


def test_a_changed_shared_file_concerns_all_that_load_it(bed: Bed) -> None:
    bed.check()
    (bed.folder / "lib" / "shared.envd").write_text(SHARED.replace("ref", "reff"))
    assert {one.code for one in bed.check().diagnostics} == {"EC102"}
    assert bed.anew == ALL


def test_a_file_loaded_by_a_loaded_one_counts(bed: Bed) -> None:
    (bed.folder / "lib" / "deep.envd").write_text('REGISTRY = "ghcr.io/acme"\n')
    deep = SHARED.replace('REGISTRY = "ghcr.io/acme"\n', 'load("//lib/deep.envd", "REGISTRY")\n')
    (bed.folder / "lib" / "shared.envd").write_text(deep)
    assert bed.check().diagnostics == ()
    (bed.folder / "lib" / "deep.envd").write_text('REGISTRY = "Not A Registry"\n')
    assert {one.code for one in bed.check().diagnostics} != set()


def test_the_same_bytes_with_other_times_are_the_same(bed: Bed) -> None:
    bed.check()
    for path in bed.folder.rglob("*.envd"):
        text = path.read_text()
        path.unlink()
        path.write_text(text)
    bed.check()
    assert bed.anew == []


def test_the_same_size_and_times_with_other_bytes_are_another_file(bed: Bed) -> None:
    path = bed.folder / "a" / "build.envd"
    bed.check()
    status = path.stat()
    path.write_text(path.read_text().replace("declare(", "declare (")[:-1])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    bed.check()
    assert "a/build.envd" in bed.anew


def test_what_was_just_written_is_read_again(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second write within the tick of a file system's clock has the same times."""
    path = bed.folder / "a" / "build.envd"
    now = time.time_ns()
    same = (path.stat().st_size, now, now, 1)
    monkeypatch.setattr("envd_cache.check.memory.signature", lambda _: same)
    monkeypatch.setattr("envd_cache.check.store.signature", lambda _: same)
    monkeypatch.setattr("envd_cache.check.kept.RACY_NS", RACY_NS)
    bed.check()
    path.write_text("x = 1\n")
    assert [one.code for one in bed.check().diagnostics] == ["EC013"]


def test_a_file_that_appears_counts(bed: Bed) -> None:
    (bed.folder / "lib" / "shared.envd").rename(bed.folder / "lib" / "away.envd")
    assert {one.code for one in bed.check().diagnostics} == {"EC001"}
    (bed.folder / "lib" / "away.envd").rename(bed.folder / "lib" / "shared.envd")
    assert bed.check().diagnostics == ()


def test_a_file_that_goes_counts(bed: Bed) -> None:
    bed.check()
    (bed.folder / "lib" / "shared.envd").unlink()
    assert {one.code for one in bed.check().diagnostics} == {"EC001"}
    (bed.folder / "c" / "build.envd").unlink()
    assert {one.location.source.path for one in bed.check().diagnostics if one.location} == set(ALL[:2])


def test_facts_count(bed: Bed) -> None:
    text = (
        'def build():\n    base()\n    cache.registry(ref=cache.env("REF", default="ghcr.io/acme/x:cache"))\n'
    )
    (bed.folder / "a" / "build.envd").write_text(text)
    assert bed.check().diagnostics == ()
    bed.environ = {"OTHER": "1"}
    bed.check()
    assert bed.anew == []
    bed.environ = {"REF": "Not A Reference"}
    assert bed.check().diagnostics != ()
    assert bed.anew == ["a/build.envd"]
    bed.environ = {}
    bed.given = {"env.REF": "Not A Reference"}
    assert bed.check().diagnostics != ()
    bed.given = {}
    assert bed.check().diagnostics == ()


def test_the_branch_counts(bed: Bed) -> None:
    text = (
        'def build():\n    base()\n    cache.registry(ref="ghcr.io/acme/x", key=[cache.branch(), "main"])\n'
    )
    (bed.folder / "a" / "build.envd").write_text(text)
    (bed.folder / ".git").mkdir()
    (bed.folder / ".git" / "HEAD").write_text("ref: refs/heads/one\n")
    bed.check()
    bed.check()
    assert bed.anew == []
    (bed.folder / ".git" / "HEAD").write_text("ref: refs/heads/two\n")
    bed.check()
    assert bed.anew == ["a/build.envd"]


def test_no_value_of_a_fact_or_secret_is_kept(bed: Bed) -> None:
    text = """
def build():
    base()
    cache.gha(token=cache.secret("TOKEN"), url=cache.env("URL"))
    if cache.env("PRIVATE").startswith("abc"):
        shell("zsh")
"""
    (bed.folder / "a" / "build.envd").write_text(text)
    bed.environ = {"TOKEN": "abc-token-abc", "PRIVATE": "abc-private-abc", "URL": "https://example.org/"}
    bed.check()
    content = b"".join(path.read_bytes() for path in bed.store.iterdir())
    assert b"TOKEN" in content
    assert b"abc-" not in content


def test_the_configuration_counts(bed: Bed) -> None:
    bed.check()
    (bed.folder / "envd-cache.toml").write_text('[rules]\nunused-load = "off"\n')
    bed.check()
    assert bed.anew == ALL
    (bed.folder / "b" / "envd-cache.toml").write_text("")
    assert {one.code for one in bed.check().diagnostics} == {"EC001"}, "`//` starts somewhere else now"


@pytest.mark.parametrize("name", ["envd-cache.toml", "pyproject.toml"])
def test_a_new_configuration_counts(bed: Bed, name: str) -> None:
    (bed.folder / ".git").mkdir()
    (bed.folder / "envd-cache.toml").unlink()
    bed.check()
    (bed.folder / name).write_text("[tool.envd-cache]\n" if name == "pyproject.toml" else "")
    bed.check()
    assert bed.anew == ALL
    (bed.folder / name).unlink()
    bed.check()
    assert bed.anew == ALL


def test_a_folder_that_goes_out_behind_a_link_counts(bed: Bed) -> None:
    """Each of its files stays as it was, but nothing outside of the repository may be loaded."""
    assert bed.check().diagnostics == ()
    (bed.folder / "lib").rename(bed.folder.parent / "outside")
    (bed.folder / "lib").symlink_to(bed.folder.parent / "outside")
    assert {one.code for one in bed.check().diagnostics} == {"EC012"}


def test_the_libraries_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What an interpreter finds may change with its release."""
    facts = Facts({}, {})
    first = run_key(facts)
    assert run_key(facts) == first
    (tmp_path / "starlark").mkdir()
    (tmp_path / "starlark" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    second = run_key(facts)
    (tmp_path / "starlark" / "another.so").touch()
    assert len({first, second, run_key(facts)}) == 3


def test_the_program_counts(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    bed.check()
    monkeypatch.setattr(repository, "run_key", lambda _: "another")
    bed.check()
    assert bed.anew == ALL


def test_the_program_key_is_of_all_modules(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "rule.py").write_text("1")
    first = program_key(str(tmp_path))
    assert program_key(str(tmp_path)) == first
    (tmp_path / "inner" / "rule.py").write_text("12")
    second = program_key(str(tmp_path))
    (tmp_path / "inner" / "more.py").touch()
    assert len({first, second, program_key(str(tmp_path))}) == 3


def test_a_part_of_the_repository_leaves_the_rest(bed: Bed) -> None:
    bed.check()
    (bed.folder / "a" / "build.envd").write_text(LOADING.format(name="other"))
    bed.check("a")
    assert bed.anew == ["a/build.envd"]
    bed.check()
    assert bed.anew == []


def test_includes_are_looked_at_each_time(bed: Bed) -> None:
    (bed.folder / "a" / "build.envd").write_text(
        'x = include("https://example.org/x")\n\ndef build():\n    base()\n'
    )
    bed.check()
    bed.check()
    assert bed.anew == ["a/build.envd"]


@pytest.mark.parametrize("damage", ["cut", "empty", "flipped", "text", "folder"])
def test_a_damaged_file_is_none(bed: Bed, damage: str) -> None:
    first = bed.check()
    (file,) = bed.store.iterdir()
    content = file.read_bytes()
    if damage == "folder":
        file.unlink()
        file.mkdir()
    else:
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        file.write_bytes(
            {"cut": content[:middle], "empty": b"", "flipped": flipped, "text": b"x" * 100}[damage]
        )
    assert bed.check() == first
    assert bed.anew == ALL


def test_a_folder_that_cannot_be_written_is_no_problem(bed: Bed) -> None:
    bed.store.write_text("a file")
    assert bed.check().diagnostics == ()
    assert bed.check().diagnostics == ()


def test_results_are_for_their_owner_only(bed: Bed) -> None:
    bed.check()
    (file,) = bed.store.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert bed.store.stat().st_mode & 0o777 == 0o700


def test_old_results_are_deleted(bed: Bed) -> None:
    bed.store.mkdir()
    old, new = bed.store / "old", bed.store / "new"
    old.touch()
    new.touch()
    os.utime(old, (0, 0))
    bed.check()
    assert not old.exists()
    assert new.exists()


def test_findings_are_the_same_from_kept_results(tmp_path: Path) -> None:
    files = {
        "a/build.envd": target("ghcr.io/acme/app:cache").replace("ref=", "reff="),
        "b/build.envd": 'load("//x.envd", "x")  # envd-cache: allow(unused-load)\n'
        + target("ghcr.io/acme/b:cache"),
        "c/build.envd": "# envd-cache: allow(unused-load)\n" + target("ghcr.io/acme/b:cache"),
        "d/build.envd": 'load("//nowhere.envd", "x")\n',
        "x.envd": 'load("//y.envd", "y")\nx = 1\n',
        "y.envd": "y = 1\n",
    }
    write(tmp_path / "repo", files)
    done = [program.check(tmp_path / "repo", "--format", "json", store=tmp_path / "store") for _ in range(3)]
    plain = program.check(tmp_path / "repo", "--format", "json")
    assert len(json.loads(plain.out)["diagnostics"]) >= 5
    assert {one.out for one in done} == {plain.out}


def test_runs_at_the_same_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    write(tmp_path / "repo", {f"{n}/build.envd": target(f"ghcr.io/acme/a{n}:cache") for n in range(50)})
    runs = [
        subprocess.Popen(
            program.PROGRAM,
            cwd=tmp_path / "repo",
            env=environment(XDG_CACHE_HOME=str(tmp_path / "store")),
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    assert {run.communicate()[0] for run in runs} == {"50 build files, 50 targets: nothing found\n"}
    assert len(list((tmp_path / "store" / "envd-cache" / "check").iterdir())) == 1


def test_a_file_that_was_loaded_before_is_not_taken_for_shared(bed: Bed) -> None:
    """What a loaded file declares counts for each that loads it, by whatever way."""
    (bed.folder / "lib" / "deep.envd").write_text('cache.registry(ref="ghcr.io/acme/deep:x")\ny = 1\n')
    (bed.folder / "lib" / "over.envd").write_text('load("//lib/deep.envd", "y")\nz = y\n')
    over = 'load("//lib/over.envd", "z")\n\ndef build():\n    base()\n    print(z)\n'
    first, second = f'load("//lib/deep.envd", "y")\n{over}    print(y)\n', over
    (bed.folder / "a" / "build.envd").write_text(first)
    (bed.folder / "b" / "build.envd").write_text(second)
    assert "EC341" in [one.code for one in bed.check().diagnostics]
    (bed.folder / "lib" / "deep.envd").write_text("y = 1\n")
    assert bed.check().diagnostics == ()


def test_one_file_that_becomes_two_counts(bed: Bed) -> None:
    """A file is run once, whatever it is called."""
    (bed.folder / "lib" / "one.envd").write_text('cache.registry(ref="ghcr.io/acme/a:x")\ny = 1\n')
    (bed.folder / "lib" / "two.envd").symlink_to("one.envd")
    both = 'load("//lib/one.envd", "y")\nload("//lib/two.envd", z="y")\n'
    (bed.folder / "a" / "build.envd").write_text(f"{both}\ndef build():\n    base()\n    print(y, z)\n")
    before = [one.code for one in bed.check().diagnostics]
    bed.check()
    assert bed.anew == []
    (bed.folder / "lib" / "two.envd").unlink()
    shutil.copy(bed.folder / "lib" / "one.envd", bed.folder / "lib" / "two.envd")
    after = [one.code for one in bed.check().diagnostics]
    assert ("EC201" in before, "EC201" in after) == (False, True)
