"""Against real repositories, made with git itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from envd_cache.evaluate.git import Head, is_commit, read_head

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

QUIET = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


def git(folder: Path, *words: str) -> str:
    # Variables such as GIT_DIR are set when the tests run in a hook.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    ran = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *words],
        cwd=folder,
        env=environ | QUIET,
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.strip()


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "trunk")
    return folder


@pytest.fixture
def repository(empty: Path) -> Path:
    git(empty, "commit", "--quiet", "--allow-empty", "--message", "first")
    return empty


def commit_of(folder: Path) -> str:
    return git(folder, "rev-parse", "HEAD")


def test_a_branch(repository: Path) -> None:
    assert read_head(str(repository)) == Head("trunk", commit_of(repository))


def test_a_branch_with_slashes(repository: Path) -> None:
    git(repository, "switch", "--quiet", "--create", "team/feature/ünï-1")
    assert read_head(str(repository)) == Head("team/feature/ünï-1", commit_of(repository))


def test_from_a_folder_inside(repository: Path) -> None:
    (repository / "a/b").mkdir(parents=True)
    assert read_head(str(repository / "a/b")) == Head("trunk", commit_of(repository))


def test_before_the_first_commit(empty: Path) -> None:
    assert read_head(str(empty)) == Head("trunk", "")


def test_detached(repository: Path) -> None:
    git(repository, "switch", "--quiet", "--detach")
    assert read_head(str(repository)) == Head("", commit_of(repository))


def test_detached_at_a_tag(repository: Path) -> None:
    git(repository, "tag", "v1")
    git(repository, "checkout", "--quiet", "v1")
    assert read_head(str(repository)) == Head("", commit_of(repository))


def test_packed_refs(repository: Path) -> None:
    git(repository, "branch", "other")
    git(repository, "tag", "--annotate", "v1", "--message", "x")
    git(repository, "pack-refs", "--all")
    assert not (repository / ".git/refs/heads/trunk").exists()
    assert read_head(str(repository)) == Head("trunk", commit_of(repository))


def test_a_newer_commit_than_the_packed_one(repository: Path) -> None:
    git(repository, "pack-refs", "--all")
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "second")
    assert read_head(str(repository)) == Head("trunk", commit_of(repository))


@pytest.mark.parametrize("packed", [False, True])
def test_a_worktree(repository: Path, tmp_path: Path, packed: bool) -> None:
    tree = tmp_path / "tree"
    git(repository, "worktree", "add", "--quiet", "-b", "side", str(tree))
    git(tree, "commit", "--quiet", "--allow-empty", "--message", "on the side")
    if packed:
        git(repository, "pack-refs", "--all")
    assert (tree / ".git").is_file()
    assert read_head(str(tree)) == Head("side", commit_of(tree))
    assert read_head(str(repository)) == Head("trunk", commit_of(repository))
    assert commit_of(tree) != commit_of(repository)


def test_a_submodule(repository: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "--quiet", "--initial-branch", "main")
    git(outer, "submodule", "--quiet", "add", "../repository", "inner")
    assert (outer / "inner/.git").is_file()
    assert read_head(str(outer / "inner")) == Head("trunk", commit_of(repository))
    assert read_head(str(outer)) == Head("main", "")


def test_sha256(tmp_path: Path) -> None:
    try:
        git(tmp_path, "init", "--quiet", "--initial-branch", "main", "--object-format", "sha256")
    except subprocess.CalledProcessError:
        pytest.skip("this git knows SHA-1 only")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "x")
    head = read_head(str(tmp_path))
    assert head == Head("main", commit_of(tmp_path))
    assert len(head.commit) == 64


def test_reftable(tmp_path: Path) -> None:
    try:
        git(tmp_path, "init", "--quiet", "--initial-branch", "main", "--ref-format", "reftable")
    except subprocess.CalledProcessError:
        pytest.skip("this git does not know the format")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "x")
    assert read_head(str(tmp_path)) is None


def test_during_a_rebase_there_is_no_branch(repository: Path) -> None:
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "second")
    git(
        repository, "-c", "sequence.editor=sed -i s/pick/edit/", "rebase", "--interactive", "--quiet", "HEAD^"
    )
    assert read_head(str(repository)) == Head("", commit_of(repository))


# ---- what git would not write ----


def test_no_repository(tmp_path: Path) -> None:
    assert read_head(str(tmp_path)) is None


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"nonsense",
        b"ref: refs/tags/v1",
        b"ref: elsewhere",
        b"\xff\xfe",
        b"0123",
        b"G" * 40,
        b"ref: refs/heads/.invalid\n",
    ],
)
def test_a_broken_head(tmp_path: Path, head: bytes) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/HEAD").write_bytes(head)
    assert read_head(str(tmp_path)) is None


@pytest.mark.parametrize("text", ["", "nonsense", "gitdir: missing", "gitdir:"])
def test_a_broken_pointer(tmp_path: Path, text: str) -> None:
    (tmp_path / ".git").write_text(text)
    assert read_head(str(tmp_path)) is None


def test_a_broken_ref_has_a_branch_and_no_commit(tmp_path: Path) -> None:
    (tmp_path / ".git/refs/heads").mkdir(parents=True)
    (tmp_path / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / ".git/refs/heads/main").write_text("nonsense")
    (tmp_path / ".git/packed-refs").write_text("# header\nnonsense refs/heads/main\n^1\n\n")
    assert read_head(str(tmp_path)) == Head("main", "")


@pytest.mark.parametrize("length", [40, 64])
def test_full_commits(length: int) -> None:
    assert is_commit("0" * length)
    assert is_commit("0a" * (length // 2))
    assert not is_commit("0A" * (length // 2))
    assert not is_commit("0" * (length - 1))
    assert not is_commit("0" * (length + 1))
    assert not is_commit("0" * (length - 1) + "\n")


@pytest.mark.parametrize("text", ["", "HEAD", "main", "0a1b"])
def test_what_is_no_commit(text: str) -> None:
    assert not is_commit(text)


@pytest.mark.parametrize("text", ["", "nothing of git's\n", "gitdir:\n", "gitdir: nowhere\n"])
def test_a_pointer_that_leads_nowhere(tmp_path: Path, text: str) -> None:
    (tmp_path / ".git").write_text(text)
    assert read_head(str(tmp_path)) is None


def test_what_is_no_pointer_is_not_followed(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / ".git").write_text(f"elsewhere: {repository / '.git'}\n")
    assert read_head(str(tmp_path / "tree")) is None
    (tmp_path / "tree" / ".git").write_text(f"gitdir: {repository / '.git'}\n")
    assert read_head(str(tmp_path / "tree")) == Head("trunk", commit_of(repository))
