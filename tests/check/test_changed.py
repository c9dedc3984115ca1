"""`--changed`: what a change touches, and nothing else."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.check.program import PROGRAM, check, target, write
from tests.cli.program import environment

if TYPE_CHECKING:
    from pathlib import Path

WRONG = target("ghcr.io/acme/app:cache").replace("ref=", "reff=")
LOADING = 'load("//lib/shared.envd", "declare")\n\ndef build():\n    declare("{name}")\n'
SHARED = "def declare(name):\n    base()\n    cache.registry(reff=name)\n"


def git(folder: Path, *words: str) -> None:
    """Run git as nobody in particular."""
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    files = {
        "a/build.envd": WRONG,
        "b/build.envd": WRONG.replace("app", "b"),
        "c/build.envd": LOADING.format(name="c"),
        "d/build.envd": LOADING.format(name="d"),
        "lib/shared.envd": SHARED,
    }
    write(tmp_path, files)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def files(folder: Path, revision: str = "main", *words: str) -> set[str]:
    """Return the files that a check of a change has findings in."""
    done = check(folder, "--changed", revision, "--format", "json", *words)
    return {one["file"] for one in json.loads(done.out)["diagnostics"]}


def test_nothing_changed(repo: Path) -> None:
    assert files(repo) == set()
    assert check(repo, "--changed", "main").code == 0
    assert check(repo).code == 1


def test_what_was_changed_in_the_working_tree_and_in_the_index(repo: Path) -> None:
    (repo / "a" / "build.envd").write_text(WRONG + "# more\n")
    assert files(repo) == {"a/build.envd"}
    git(repo, "add", ".")
    assert files(repo) == {"a/build.envd"}


def test_a_file_that_git_does_not_know(repo: Path) -> None:
    (repo / "e").mkdir()
    (repo / "e" / "build.envd").write_text(WRONG)
    assert files(repo) == {"e/build.envd"}


def test_a_commit_since(repo: Path) -> None:
    git(repo, "checkout", "-q", "-b", "work")
    (repo / "b" / "build.envd").write_text(WRONG + "# more\n")
    git(repo, "commit", "-q", "-a", "-m", "second")
    git(repo, "checkout", "-q", "main")
    (repo / "a" / "build.envd").write_text(WRONG + "# more\n")
    git(repo, "commit", "-q", "-a", "-m", "on main")
    git(repo, "checkout", "-q", "work")
    assert files(repo) == {"b/build.envd"}, "not what happened on main meanwhile"


def test_a_loaded_file_touches_what_loads_it(repo: Path) -> None:
    (repo / "lib" / "shared.envd").write_text(SHARED + "# more\n")
    found = json.loads(check(repo, "--changed", "main", "--format", "json").out)["diagnostics"]
    places = {one["file"] for one in found} | {
        label["file"] for one in found for label in one.get("related", ())
    }
    assert places == {"lib/shared.envd", "c/build.envd", "d/build.envd"}


def test_a_deleted_loaded_file(repo: Path) -> None:
    (repo / "lib" / "shared.envd").unlink()
    assert files(repo) == {"c/build.envd", "d/build.envd"}


def test_the_configuration_touches_everything(repo: Path) -> None:
    (repo / "envd-cache.toml").write_text('fail-on = "error"\n')
    assert {"a/build.envd", "b/build.envd"} <= files(repo)
    (repo / "envd-cache.toml").unlink()
    assert {"a/build.envd", "b/build.envd"} <= files(repo)


def test_a_configuration_that_became_wrong(repo: Path) -> None:
    (repo / "envd-cache.toml").write_text("bogus = 1\n")
    assert str(repo / "envd-cache.toml") in files(repo)
    git(repo, "commit", "-q", "-a", "-m", "second")
    assert files(repo) == set()


@pytest.mark.parametrize("name", ["envd-cache.toml", "pyproject.toml"])
def test_a_configuration_of_a_folder_touches_that_folder(repo: Path, name: str) -> None:
    """When it goes, the folder belongs to the repository around it."""
    (repo / "a" / name).write_text("[tool.envd-cache]\n" if name == "pyproject.toml" else "")
    assert files(repo) == {"a/build.envd"}
    git(repo, "add", ".")
    git(repo, "commit", "-q", "-m", "second")
    assert files(repo) == set()
    (repo / "a" / name).unlink()
    assert files(repo) == {"a/build.envd"}


def test_another_commit_of_a_submodule(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "build.envd").write_text(WRONG.replace("app", "sub"))
    git(other, "init", "-q", "-b", "main")
    git(other, "add", ".")
    git(other, "commit", "-q", "-m", "first")
    git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
    git(repo, "commit", "-q", "-m", "second")
    assert files(repo) == set()
    (repo / "sub" / "more").touch()
    git(repo / "sub", "add", ".")
    git(repo / "sub", "commit", "-q", "-m", "more")
    assert files(repo) == {"sub/build.envd"}


def test_from_elsewhere(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (repo / "a" / "build.envd").write_text(WRONG + "# more\n")
    words = ("--changed", "main", "--format", "json", str(repo))
    done = check(tmp_path_factory.mktemp("elsewhere"), *words)
    assert [one["file"] for one in json.loads(done.out)["diagnostics"]] == [str(repo / "a" / "build.envd")]


def test_from_a_folder_below(repo: Path) -> None:
    (repo / "a" / "build.envd").write_text(WRONG + "# more\n")
    done = check(repo / "a", "--changed", "main", "--format", "json")
    assert [one["file"] for one in json.loads(done.out)["diagnostics"]] == ["build.envd"]


@pytest.mark.parametrize("revision", ["nowhere", "--help", "-x", "", "main..nowhere"])
def test_a_revision_that_is_none(repo: Path, revision: str) -> None:
    done = check(repo, f"--changed={revision or ' '}")
    assert done.code != 0
    assert "error: --changed" in done.err
    assert "Traceback" not in done.err


def test_no_repository(tmp_path: Path) -> None:
    write(tmp_path, {"build.envd": WRONG})
    done = check(tmp_path, "--changed", "main", GIT_CEILING_DIRECTORIES=str(tmp_path.parent))
    assert "not a git repository" in done.err


def test_no_git(repo: Path) -> None:
    assert "git cannot be run" in check(repo, "--changed", "main", PATH="/nowhere").err


# ---- what a change brings to files that it does not touch ----

WRITER = target("ghcr.io/acme/{name}:cache").replace('")', '", use="export")')
READER = target("ghcr.io/acme/{name}:cache").replace('")', '", use="import")')


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A repository where what is written is read, but for two that were left over long ago."""
    write(
        tmp_path,
        {
            "caches.envd": 'NAME = "ghcr.io/acme/shared:cache"\n',
            "left/read/build.envd": READER.replace("{name}", "left-read"),
            "left/written/build.envd": WRITER.replace("{name}", "left-written"),
            "reader/build.envd": READER.replace("{name}", "app"),
            "shared/build.envd": 'load("//caches.envd", "NAME")\n'
            + WRITER.replace('"ghcr.io/acme/{name}:cache"', "NAME"),
            "shared-reader/build.envd": READER.replace("{name}", "shared"),
            "writer/build.envd": WRITER.replace("{name}", "app"),
            "writer/link.envd": "x = 1\n",
        },
    )
    (tmp_path / "link.envd").symlink_to("caches.envd")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def codes(folder: Path, *words: str) -> list[tuple[str, str]]:
    """Return the files and codes of what a check of a change finds."""
    done = check(folder, "--changed", "main", "--format", "json", *words)
    return [(one["file"], one["code"]) for one in json.loads(done.out)["diagnostics"]]


def test_what_was_there_before_is_not_told(pair: Path) -> None:
    assert codes(pair) == []
    (pair / "writer" / "build.envd").write_text(WRITER.replace("{name}", "app") + "# more\n")
    assert codes(pair) == []


def test_the_only_writer_goes(pair: Path) -> None:
    (pair / "writer" / "build.envd").unlink()
    assert codes(pair) == [("reader/build.envd", "EC345")]
    assert codes(pair, ".") == [("reader/build.envd", "EC345")]
    assert codes(pair, "reader") == [], "who looks at a part cannot tell what the rest writes"


def test_the_only_writer_writes_elsewhere(pair: Path) -> None:
    (pair / "writer" / "build.envd").write_text(WRITER.replace("{name}", "other"))
    assert codes(pair) == [("reader/build.envd", "EC345"), ("writer/build.envd", "EC344")]


def test_the_only_reader_goes(pair: Path) -> None:
    (pair / "reader" / "build.envd").unlink()
    assert codes(pair) == [("writer/build.envd", "EC344")]


def test_a_loaded_file_that_names_the_place(pair: Path) -> None:
    (pair / "caches.envd").write_text('NAME = "ghcr.io/acme/other:cache"\n')
    assert ("shared-reader/build.envd", "EC345") in codes(pair)


def test_an_allowance_that_allows_nothing_any_more(pair: Path) -> None:
    path = pair / "left" / "read" / "build.envd"
    path.write_text(path.read_text().replace("\n    cache", "\n    # envd-cache: allow(EC345)\n    cache"))
    git(pair, "commit", "-q", "-a", "-m", "second")
    assert codes(pair) == []
    write(pair, {"new/build.envd": WRITER.replace("{name}", "left-read")})
    assert codes(pair) == [("left/read/build.envd", "EC348")]


def test_a_commit_on_a_branch_and_a_folder_with_the_configuration(pair: Path) -> None:
    git(pair, "checkout", "-q", "-b", "work")
    write(pair, {"inner/a/build.envd": READER.replace("{name}", "inner")})
    write(pair / "inner", {"b/build.envd": WRITER.replace("{name}", "inner")})
    git(pair, "add", ".")
    git(pair, "commit", "-q", "-m", "second")
    git(pair, "branch", "-f", "main", "work")
    (pair / "inner" / "b" / "build.envd").unlink()
    git(pair, "commit", "-q", "-a", "-m", "third")
    assert codes(pair) == [("inner/a/build.envd", "EC345")]
    assert codes(pair / "inner") == [("a/build.envd", "EC345")]


def test_what_is_ignored_since_is_gone(pair: Path) -> None:
    (pair / ".gitignore").write_text("writer/\n")
    assert codes(pair) == [("reader/build.envd", "EC345")]
    git(pair, "add", ".")
    git(pair, "commit", "-q", "-m", "second")
    assert [
        (one["file"], one["code"])
        for one in json.loads(check(pair, "--changed", "main~", "--format", "json").out)["diagnostics"]
    ] == [("reader/build.envd", "EC345")]


def test_another_partner_is_no_other_finding(tmp_path: Path) -> None:
    write(tmp_path, {f"{name}/build.envd": target("ghcr.io/acme/app:cache") for name in "abc"})
    write(tmp_path, {"shared/lib.envd": 'REF = "ghcr.io/acme/other:cache"\n'})
    loading = 'load("//lib/lib.envd", "REF")\n' + target("").replace('""', "REF")
    write(tmp_path, {f"{name}/build.envd": loading for name in "012"})
    (tmp_path / "lib").symlink_to("shared")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    assert len(json.loads(check(tmp_path, "--format", "json").out)["diagnostics"]) == 4
    (tmp_path / "1" / "build.envd").write_text(loading + "# more\n")
    assert {file for file, _ in codes(tmp_path)} <= {"1/build.envd", "2/build.envd"}
    git(tmp_path, "checkout", "-q", ".")
    git(tmp_path, "rm", "-q", "-r", "a")
    assert codes(tmp_path) == []
    write(tmp_path, {"d/build.envd": target("ghcr.io/acme/app:cache")})
    assert {file for file, _ in codes(tmp_path)} == {"d/build.envd"}


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_INDEX_FILE"])
def test_in_a_hook(pair: Path, name: str) -> None:
    (pair / "writer" / "build.envd").unlink()
    value = ".git" if name == "GIT_DIR" else ".git/index"
    words = ("--changed", "main", "--format", "json", "reader", "left")
    done = check(pair, *words, store=None, timeout=300, **{name: value})
    assert (done.code, json.loads(done.out)["diagnostics"]) == (0, [])


def test_an_object_that_the_clone_lacks(pair: Path) -> None:
    (pair / "writer" / "build.envd").unlink()
    blob = subprocess.run(
        ["git", "rev-parse", "main:writer/build.envd"], cwd=pair, check=True, capture_output=True, text=True
    ).stdout.strip()
    (pair / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    done = check(pair, "--changed", "main")
    assert done.code == 2
    assert "error: --changed main: this clone has no `writer/build.envd` of `" in done.err


def test_no_room_for_temporary_files(pair: Path) -> None:
    (pair / "writer" / "build.envd").unlink()
    words = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *PROGRAM, "--changed", "main", "--no-cache"]
    done = subprocess.run(words, cwd=pair, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    said = "envd-cache: error: --changed main: temporary files cannot be written: "
    assert re.fullmatch(rf"{said}No usable temporary directory found in .*\n", done.stderr)
