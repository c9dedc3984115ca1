"""What a check reads, what it takes for a whole repository, and what it tells once."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.check.program import check, codes, target, write

if TYPE_CHECKING:
    from pathlib import Path


def test_a_part_does_not_tell_what_the_rest_lacks(tmp_path: Path) -> None:
    """What nobody reads or writes is known of a whole repository only; two writers are known at once."""
    head = 'def build():\n    base(image="ubuntu:22.04", dev=True)\n'
    writer = f'{head}    cache.registry(ref="r/x:1", use="export")\n'
    reader = writer.replace("export", "import")
    write(tmp_path, {"a/build.envd": writer, "b/build.envd": writer, "c/build.envd": reader})
    assert "EC344" not in check(tmp_path, "a/build.envd").out
    assert "EC345" not in check(tmp_path, "c").out
    assert "EC341" in check(tmp_path, "a", "b").out
    (tmp_path / "c" / "build.envd").unlink()
    assert "EC344" in check(tmp_path).out
    (tmp_path / "c" / "build.envd").write_text(reader.replace("r/x", "r/y"))
    assert "EC345" in check(tmp_path).out


def test_what_counts_as_the_whole(tmp_path: Path) -> None:
    text = target("ghcr.io/acme/app:cache")
    read = text.replace('")', '", use="import")')
    write(tmp_path, {"a/build.envd": read.replace("app", "nobody"), "b/build.envd": read.replace("app", "b")})
    told = [("note", "EC345", "a/build.envd"), ("note", "EC345", "b/build.envd")]
    assert codes(tmp_path) == codes(tmp_path, "./") == codes(tmp_path, ".", "b") == told
    assert len(codes(tmp_path, str(tmp_path))) == len(codes(tmp_path / "a", "..")) == 2
    assert codes(tmp_path / "b") == codes(tmp_path, "a", "b") == []
    (tmp_path / "b" / "envd-cache.toml").touch()
    assert codes(tmp_path / "b") == [("note", "EC345", "build.envd")]
    assert codes(tmp_path, "a", "b") == told[1:]


def test_of_a_broken_repository_nobody_knows_what_is_missing(tmp_path: Path) -> None:
    read = target("ghcr.io/acme/app:cache").replace('")', '", use="import")')
    write(tmp_path, {"a/build.envd": read, "b/build.envd": "def build(:\n"})
    assert [code for _, code, _ in codes(tmp_path)] == ["EC005"]


def test_nothing_outside_the_repository_is_read_or_written(tmp_path: Path) -> None:
    outside = 'def build():\n    base()\n    cache.gha(scope="a", mode="MAX")\n'
    (tmp_path / "outside.envd").write_text(outside)
    write(tmp_path / "repo", {"lib/real.envd": outside, "c/x": ""})
    for name, to in (("a", "../../outside.envd"), ("b", "/proc/self/environ"), ("c", "../lib/real.envd")):
        (tmp_path / "repo" / name).mkdir(exist_ok=True)
        (tmp_path / "repo" / name / "build.envd").symlink_to(to)
    done = check(tmp_path / "repo", "--fix", MYTOKEN="abcdef")
    assert "a/build.envd: error[EC012]: `a/build.envd` lies outside the repository" in done.out
    assert "b/build.envd: error[EC012]" in done.out
    assert "abcdef" not in done.out
    assert (tmp_path / "outside.envd").read_text() == outside
    assert (tmp_path / "repo" / "c" / "build.envd").read_text() == outside.replace("MAX", "max")


def test_a_mistake_that_many_call_is_told_once_in_the_same_words(tmp_path: Path) -> None:
    calling = 'load("//c.envd", "team")\ndef build():\n    base()\n    team("{0}")\n'
    write(tmp_path, {"c.envd": "def team(n):\n    cache.gha(scop=n)\n"})
    write(tmp_path, {f"t{n:02}/build.envd": calling.format(n) for n in range(60)})
    first = check(tmp_path, "--format", "json").out
    assert {check(tmp_path, "--format", "json").out for _ in range(4)} == {first}
    (finding,) = json.loads(first)["diagnostics"]
    assert [(one["file"], one["message"]) for one in finding["related"]] == [
        ("t00/build.envd", "called from here"),
        ("t01/build.envd", "called from here too, and 58 more"),
    ]
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *words], cwd=tmp_path, check=True)
    assert json.loads(check(tmp_path, "--changed", "HEAD", "--format", "json").out)["diagnostics"] == []
    (tmp_path / "t30" / "build.envd").write_text(calling.format("changed"))
    (finding,) = json.loads(check(tmp_path, "--changed", "HEAD", "--format", "json").out)["diagnostics"]
    assert [one["file"] for one in finding["related"]] == ["t30/build.envd"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    read = target("ghcr.io/acme/app:cache").replace('")', '", use="import")')
    write(tmp_path, {"a/build.envd": read, "secret/build.envd": target("ghcr.io/acme/app:cache")})
    (tmp_path / "secret").chmod(0)
    try:
        assert codes(tmp_path) == [("warning", "EC001", "secret")]
    finally:
        (tmp_path / "secret").chmod(0o755)


def test_a_configuration_outside_the_repository_is_not_read(tmp_path: Path) -> None:
    write(tmp_path / "repo" / "in", {"build.envd": target("ghcr.io/acme/app:cache")})
    (tmp_path / "repo" / ".git").mkdir()
    config = tmp_path / "repo" / "in" / "envd-cache.toml"
    config.unlink()
    config.symlink_to("/proc/self/environ")
    done = check(tmp_path / "repo", MYTOKEN="abcdef")
    assert "cannot be read: it is a link that leads out of the repository" in done.out
    assert "abcdef" not in done.out
    config.unlink()
    (tmp_path / "repo" / "shared.toml").write_text('fail-on = "never"\n')
    config.symlink_to("../shared.toml")
    assert codes(tmp_path / "repo") == []
