"""A check after which nothing changed is told from the last one, and one after any change never is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from envd_cache.check.discover import discover
from envd_cache.check.kept import RACY_NS, run_key
from envd_cache.check.repository import Wish, check
from envd_cache.check.roots import Roots
from envd_cache.check.unchanged import Unchanged
from envd_cache.check.world import World
from envd_cache.evaluate.facts import Facts
from tests.check.program import write
from tests.cli.program import environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envd_cache.check.result import Report

FILES = {
    "top/repo/.git/HEAD": "ref: refs/heads/main\n",
    "top/repo/envd-cache.toml": 'include = ["*.star"]\n',
    "top/repo/.gitignore": "out/\n",
    "top/repo/lib/shared.envd": 'def declare(name):\n    base()\n    cache.registry(ref="r/" + name)\n',
    "top/repo/a/build.envd": 'load("//lib/shared.envd", "declare")\ndef build():\n    declare("a")\n',
    "top/repo/b/build.envd": (
        'def build():\n    base()\n    cache.registry(ref="r/b:" + cache.branch(), mode="max")\n'
        '    cache.local(path=cache.env("PLACE", default="/x"))\n'
    ),
    "top/repo/c/wrong.star": 'def build():\n    base()\n    cache.registry(reff="r")\n',
    "top/repo/out/build.envd": "x = 1\n",
    "top/repo/out/in/lib.envd": 'load("//lib/shared.envd", "declare")\nplace = "/y"\n',
    "top/repo/d/build.envd": (
        'load("//out/in/lib.envd", "place")\ndef build():\n    base()\n    cache.local(path=place)\n'
    ),
}


class Bed:
    """A repository below another folder, checked in this process."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = str(folder / "store")
        self.folder = folder / "top" / "repo"
        self.environ: dict[str, str] = {}
        self.given: dict[str, str] = {}
        monkeypatch.delattr(os, "fork")  # in this process, which has threads
        write(folder, FILES)
        monkeypatch.chdir(self.folder)

    def last(self, *paths: str) -> Unchanged:
        facts = Facts(self.environ, self.given)
        return Unchanged(self.store, run_key(facts), paths, World(facts))

    def check(self, *paths: str, store: bool = True) -> Report:
        """Look at everything, and keep the report."""
        last = self.last(*paths)
        roots = Roots()
        store_folder = self.store if store else ""
        wish = Wish(
            Facts(self.environ, self.given),
            10.0,
            1,
            store_folder,
            walked=() if paths else (str(self.folder),),
        )
        return check(discover(paths or (".",), roots, last.trail), wish, roots, last)


@pytest.fixture
def bed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bed:
    # The time of the last change of an inode cannot be set back, so a test cannot wait for it to be old.
    monkeypatch.setattr("envd_cache.check.kept.RACY_NS", -(10**12))
    return Bed(tmp_path, monkeypatch)


def behind_link(path: Path) -> None:
    """Move a file or a folder out of the repository, and leave a link to it."""
    outside = path.parents[len(path.parts) - path.parts.index("repo") - 1] / "outside"
    path.rename(outside)
    path.symlink_to(outside)


def shown(report: Report | None) -> tuple[object, ...] | None:
    return (report.files, report.targets, report.diagnostics) if report else None


def test_nothing_changed(bed: Bed) -> None:
    assert bed.last().report() is None
    first = bed.check()
    assert "EC102" in [one.code for one in first.diagnostics]
    assert shown(bed.last().report()) == shown(first)
    assert shown(bed.check(store=False)) == shown(first)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a build file": lambda repo: (repo / "a/build.envd").write_text("x = 1\n"),
    "a build file of the same size": lambda repo: (repo / "a/build.envd").write_text(
        (repo / "a/build.envd").read_text().replace('"a"', '"z"')
    ),
    "a loaded file": lambda repo: (repo / "lib/shared.envd").write_text("x = 1\n"),
    "a file that the configuration includes": lambda repo: (repo / "c/wrong.star").write_text("x = 1\n"),
    "a new build file": lambda repo: (repo / "c/build.envd").write_text("x = 1\n"),
    "a new build file in a new folder": lambda repo: write(repo, {"d/e/build.envd": "x = 1\n"}),
    "one less": lambda repo: (repo / "b/build.envd").unlink(),
    "a folder less": lambda repo: shutil.rmtree(repo / "b"),
    "another name": lambda repo: (repo / "b").rename(repo / "z"),
    "what git ignores": lambda repo: (repo / ".gitignore").write_text("b/\n"),
    "nothing ignored": lambda repo: (repo / ".gitignore").unlink(),
    "ignored in a folder": lambda repo: (repo / "a/.gitignore").write_text("*\n"),
    "ignored for one person": lambda repo: write(repo, {".git/info/exclude": "b/\n"}),
    "ignored from above": lambda repo: (repo.parent / ".gitignore").write_text("repo/\n"),
    "the configuration": lambda repo: (repo / "envd-cache.toml").write_text('exclude = ["b/**"]\n'),
    "no configuration": lambda repo: (repo / "envd-cache.toml").unlink(),
    "a configuration in a folder": lambda repo: (repo / "a/envd-cache.toml").write_text(""),
    "a project file": lambda repo: (repo / "a/pyproject.toml").write_text("[tool.envd-cache]\n"),
    "a repository inside": lambda repo: (repo / "a/.git").mkdir(),
    "a configuration in an ignored folder": lambda repo: (repo / "out/in/envd-cache.toml").write_text(""),
    "a configuration above it": lambda repo: (repo / "out/envd-cache.toml").write_text(""),
    "a folder behind a link": lambda repo: behind_link(repo / "lib"),
    "an ignored folder behind a link": lambda repo: behind_link(repo / "out"),
    "a file behind a link": lambda repo: behind_link(repo / "out/in/lib.envd"),
    "the branch": lambda repo: (repo / ".git/HEAD").write_text("ref: refs/heads/other\n"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_every_change_is_seen(bed: Bed, what: str) -> None:
    bed.check()
    assert bed.last().report() is not None
    CHANGES[what](bed.folder)
    assert bed.last().report() is None
    anew = bed.check()
    assert shown(anew) == shown(bed.check(store=False))
    again = bed.last().report()
    assert again is None or shown(again) == shown(anew)


WORKTREE_CHANGES: dict[str, Callable[[Path], object]] = {
    "ignored for one person": lambda git: write(git, {"info/exclude": "b/\n"}),
    "another directory for all": lambda git: write(git, {"trees/t/commondir": "../.."}),
    "another directory": lambda git: (git.parent / "repo/.git").write_text("gitdir: ../elsewhere\n"),
}


@pytest.mark.parametrize("what", WORKTREE_CHANGES)
@pytest.mark.parametrize("below", ["", "a"])
def test_every_change_beside_a_worktree_is_seen(
    bed: Bed, what: str, below: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(bed.folder / ".git")
    write(bed.folder.parent, {"repo/.git": "gitdir: ../git/trees/t\n", "git/trees/t/commondir": "../../."})
    monkeypatch.chdir(bed.folder / below)
    bed.check()
    assert bed.last().report() is not None
    WORKTREE_CHANGES[what](bed.folder.parent / "git")
    assert bed.last().report() is None


def test_other_facts_and_paths_are_another_check(bed: Bed) -> None:
    bed.check()
    bed.environ["PLACE"] = "/y"
    assert bed.last().report() is None
    bed.environ.clear()
    assert bed.last().report() is not None
    bed.environ["OTHER"] = "/y"
    assert bed.last().report() is not None
    bed.given["branch"] = "other"
    assert bed.last().report() is None
    bed.given.clear()
    bed.given["target"] = "other"
    assert bed.last().report() is None
    bed.given.clear()
    assert bed.last("a").report() is None
    bed.check("a")
    assert bed.last("a").report() is not None
    assert bed.last().report() is not None


def test_a_file_elsewhere_or_ignored_is_no_change(bed: Bed) -> None:
    bed.check()
    (bed.folder / "out" / "build.envd").write_text("y = 1\n")
    (bed.folder.parent / "build.envd").write_text("y = 1\n")
    assert bed.last().report() is not None


@pytest.mark.parametrize("text", ["def build()\n", 'load("gone.envd", "x")\ndef build():\n    base()\n'])
def test_a_missing_file_that_appears(bed: Bed, text: str) -> None:
    """A load of a missing file depends on more than what was read."""
    (bed.folder / "a" / "build.envd").write_text(text)
    bed.check()
    before = bed.last().report()
    (bed.folder / "a" / "gone.envd").write_text("x = 1\n")
    assert bed.last().report() is None
    assert ("gone" in text) == (before is None)


def test_what_was_just_written_is_looked_at(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second write within the tick of a file system's clock has the same times."""
    monkeypatch.setattr("envd_cache.check.kept.RACY_NS", RACY_NS)
    bed.check()
    assert bed.last().report() is None


def test_what_is_kept_may_be_broken(bed: Bed) -> None:
    bed.check()
    (kept,) = [path for path in os.listdir(bed.store) if path.endswith(".whole")]
    path = os.path.join(bed.store, kept)
    with open(path, "r+b") as file:
        file.seek(100)
        file.write(b"\0\0\0\0")
    assert bed.last().report() is None


def test_the_program_tells_the_same_again(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    folder, store = tmp_path / "top" / "repo", tmp_path / "store"
    time.sleep(RACY_NS / 1e9 + 0.1)
    words = [sys.executable, "-X", "importtime", "-m", "envd_cache", "check", "--format", "json"]
    environ = environment(XDG_CACHE_HOME=str(store))
    first, second = (
        subprocess.run(words, cwd=folder, env=environ, capture_output=True, text=True, check=False)
        for _ in range(2)
    )
    assert (first.returncode, first.stdout) == (second.returncode, second.stdout) == (1, first.stdout)
    assert "envd_cache.check.repository" in first.stderr
    assert "envd_cache.check.repository" not in second.stderr
