"""Which files a check looks at."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from envd_cache.check.discover import discover
from envd_cache.check.roots import Roots
from envd_cache.config import find_root
from tests.check.program import write

if TYPE_CHECKING:
    from pathlib import Path

    from envd_cache.diagnostics import Diagnostic


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(*paths: str) -> list[str]:
    return list(discover(paths or (".",), Roots()))


def test_build_files_are_found_in_the_order_of_paths(here: Path) -> None:
    write(
        here, {"b/build.envd": "", "a/c/build.envd": "", "a/build.envd": "", "build.envd": "", "a/x.envd": ""}
    )
    assert found() == ["build.envd", "a/build.envd", "a/c/build.envd", "b/build.envd"]
    assert found("a") == ["a/build.envd", "a/c/build.envd"]
    assert found("a/", "./a") == ["a/build.envd", "a/c/build.envd"]
    assert found(str(here / "b")) == [f"{here}/b/build.envd"]


def test_what_is_named_is_checked_in_any_case(here: Path) -> None:
    write(here, {".gitignore": "*", "a/x.envd": "", "a/build.envd": ""})
    assert found("a/x.envd", "nowhere.envd", "a/x.envd") == ["a/x.envd", "nowhere.envd"]
    assert found() == []


def test_a_folder_above_is_not_left_behind(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(here, {"a/build.envd": "", "b/build.envd": ""})
    monkeypatch.chdir(here / "a")
    assert found("..") == ["../a/build.envd", "../b/build.envd"]


ALL = {"gone/build.envd", "kept/build.envd", "a/gone/build.envd", "a/kept/build.envd"}
OTHER = "é\u4e00e/build.envd"
IGNORED = {
    "plain name": ("gone\n", {"gone/build.envd", "a/gone/build.envd"}),
    "folders only": ("gone/\n", {"gone/build.envd", "a/gone/build.envd"}),
    "from here": ("/gone\n", {"gone/build.envd"}),
    "with a slash": ("a/gone\n", {"a/gone/build.envd"}),
    "any depth": ("**/gone\n", {"gone/build.envd", "a/gone/build.envd"}),
    "all inside": ("a/**\n", {"a/gone/build.envd", "a/kept/build.envd"}),
    "star": ("g*e\n", {"gone/build.envd", "a/gone/build.envd"}),
    "question": ("g?ne\n", {"gone/build.envd", "a/gone/build.envd"}),
    "letters": ("[f-h]one\n", {"gone/build.envd", "a/gone/build.envd"}),
    "not letters": ("[!g]one\n", set()),
    "taken out": ("gone\n!/gone\n", {"a/gone/build.envd"}),
    "taken out of an ignored folder": ("/gone\n!/gone/build.envd\n", {"gone/build.envd"}),
    "comment": ("# gone\n\\#x\n", set()),
    "blanks behind": ("gone  \n", {"gone/build.envd", "a/gone/build.envd"}),
    "file": (
        "build.envd\n!/kept/build.envd\n",
        ALL - {"kept/build.envd"} | {OTHER},
    ),
    "kinds of letters": ("[[:lower:]]one\n[[:foo:]ak]ept\n", {"gone/build.envd", "a/gone/build.envd"}),
    "a bracket as a letter": ("[]g]one\n[!]g]ept\n", ALL),
    "stars in a name": ("a**/gone\na/k**t\n", {"a/gone/build.envd", "a/kept/build.envd"}),
    "a byte order mark": ("\ufeffgone/\n", {"gone/build.envd", "a/gone/build.envd"}),
    "a carriage return": ("gone\r\nk\rkept\n", {"gone/build.envd", "a/gone/build.envd"}),
    "blanks behind backslashes": ("gone\\\\ \nkept\\ \n", set()),
    "two slashes": ("gone//\n", set()),
    "other letters": ("??????\n!gone\n!kept\n", {OTHER}),
    "half a range": ("[z-a]\n[\n", set()),
}


@pytest.mark.parametrize("name", IGNORED)
def test_what_git_ignores_is_left_out(here: Path, name: str) -> None:
    text, gone = IGNORED[name]
    places = ALL | {OTHER}
    write(here, dict.fromkeys(places, "") | {".gitignore": text})
    subprocess.run(["git", "init", "-q", str(here)], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard", "-z"],
        cwd=here,
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    assert {line for line in listed.stdout.split("\0") if line.endswith("build.envd")} == places - gone
    assert set(found()) == places - gone


def test_ignore_files_count_in_folders_and_from_above(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        here,
        {
            ".gitignore": "out/\n",
            "a/.gitignore": "/b\n!out/\n",
            "a/b/build.envd": "",
            "a/out/build.envd": "",
            "a/c/b/build.envd": "",
            "out/build.envd": "",
        },
    )
    (here / ".git" / "info").mkdir(parents=True)
    assert found() == ["a/c/b/build.envd", "a/out/build.envd"]
    monkeypatch.chdir(here / "a" / "c")
    assert found() == ["b/build.envd"]
    (here / ".git" / "info" / "exclude").write_text("c\n")
    monkeypatch.chdir(here)
    assert found() == ["a/out/build.envd"]


def test_another_repository_inside_has_its_own_rules(here: Path) -> None:
    write(here, {".gitignore": "x\n", "sub/x/build.envd": "", "x/build.envd": ""})
    (here / ".git").mkdir()
    (here / "sub" / ".git").write_text("gitdir: ../.git/modules/sub\n")
    assert found() == ["sub/x/build.envd"]


def test_a_worktree_has_the_excludes_of_its_repository(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(here / "main"), *words], check=True
        )

    write(here, {"main/a/build.envd": "", "main/b/build.envd": "", "main/c/build.envd": ""})
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "all")
    git("worktree", "add", "-q", "../tree")
    (here / "main" / ".git" / "info" / "exclude").write_text("b\n")
    monkeypatch.chdir(here / "tree")
    assert found() == ["a/build.envd", "c/build.envd"]
    monkeypatch.chdir(here / "tree" / "c")
    assert found() == ["build.envd"]


def test_a_submodule_has_excludes_of_its_own(here: Path) -> None:
    write(here, {"sub/x/build.envd": "", "sub/y/build.envd": "", "x/build.envd": ""})
    own = here / ".git" / "modules" / "sub" / "info"
    own.mkdir(parents=True)
    (own / "exclude").write_text("x\n")
    (here / "sub" / ".git").write_text("gitdir: ../.git/modules/sub\n")
    assert found() == ["sub/y/build.envd", "x/build.envd"]


def test_the_configuration_includes_and_excludes(here: Path) -> None:
    files = {"a/app.envd": "", "a/build.envd": "", "b/build.envd": "", "b/c/build.envd": "", "b/app.envd": ""}
    write(here, files)
    (here / "envd-cache.toml").write_text('include = ["/a/*.envd"]\nexclude = ["b/c"]\n')
    assert found() == ["a/app.envd", "a/build.envd", "b/build.envd"]
    assert found("b") == ["b/build.envd"]


def test_links_to_folders_are_not_followed(here: Path) -> None:
    write(here, {"a/build.envd": ""})
    (here / "a" / "loop").symlink_to("..")
    (here / "elsewhere").symlink_to("a")
    assert found() == ["a/build.envd"]


def test_what_is_no_file_is_found_too(here: Path) -> None:
    """A person who has such a thing wants to hear of it."""
    for name in ("folder", "pipe", "dangling"):
        (here / name).mkdir()
    (here / "folder" / "build.envd").mkdir()
    os.mkfifo(here / "pipe" / "build.envd")
    (here / "dangling" / "build.envd").symlink_to("nowhere")
    assert found() == ["dangling/build.envd", "folder/build.envd", "pipe/build.envd"]


def test_a_pipe_instead_of_an_ignore_file_does_not_wait(here: Path) -> None:
    write(here, {"a/build.envd": ""})
    os.mkfifo(here / ".gitignore")
    os.mkfifo(here / "a" / "pyproject.toml")
    assert found() == ["a/build.envd"]


def test_roots_are_those_of_find_root(here: Path) -> None:
    write(here, {"a/b/c/build.envd": "", "d/build.envd": "", "a/pyproject.toml": "[tool.other]\n"})
    (here / "a" / "b" / ".git").mkdir()
    (here / "d" / "pyproject.toml").write_text("[tool.envd-cache]\n")
    roots = Roots()
    for folder in ("a/b/c", "a/b", "a", "d", ".", "a/b/c"):
        place = str((here / folder).resolve())
        assert roots.of(place) == find_root(place)


def test_without_any_mark_each_folder_is_its_own_root(here: Path) -> None:
    (here / "x" / "y").mkdir(parents=True)
    roots = Roots()
    assert roots.of(str(here / "x" / "y")).value.folder == str(here / "x" / "y")
    assert roots.of(str(here / "x")).value.folder == str(here / "x")


def test_a_folder_that_cannot_be_read_is_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root every folder can be read, so the system's answer is made up."""
    write(here, {"a/build.envd": "", "b/build.envd": "", "b/c/build.envd": ""})
    real = os.scandir

    def scandir(folder: str) -> object:
        if folder.endswith("/b"):
            raise PermissionError(13, "Permission denied", folder)
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    problems: list[Diagnostic] = []
    assert list(discover(["."], Roots(), problems=problems)) == ["a/build.envd"]
    assert [(one.code, one.path, one.message) for one in problems] == [
        ("EC001", "b", "`b` cannot be read: Permission denied")
    ]
