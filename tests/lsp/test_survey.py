"""What is wrong between the targets of a repository, shown in open files as a check tells it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from envd_cache.lsp.background import outermost
from envd_cache.lsp.client import Client, uri_of
from tests.lsp.launch import SERVER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ONE = """\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app", key="one", mode="max")
"""
TWO = f"""\
{ONE}    cache.registry(ref="ghcr.io/acme/nobody", key="x", use="import")
"""
BOTH = ["EC341", "EC345"]


class Team:
    """An editor in a repository of several build files, and the command line beside it."""

    def __init__(self, folder: Path, folders: tuple[str, ...] = ("",)) -> None:
        self.folder = folder
        self.environ = {**os.environ, "XDG_CACHE_HOME": str(folder.parent / "cache-home")}
        self.client = Client(SERVER, folder="/", environ=self.environ)
        uris = [uri_of(str(folder / name)) for name in folders]
        params = {
            "processId": None,
            "rootUri": None,
            "workspaceFolders": [{"uri": uri.rstrip("/"), "name": uri} for uri in uris],
            "capabilities": {"textDocument": {"publishDiagnostics": {"relatedInformation": True}}},
        }
        self.client.request("initialize", params)
        self.client.notify("initialized", {})
        self.version = 1

    def open(self, name: str) -> str:
        path = self.folder / name
        return self.client.open(str(path), path.read_text())

    def write(self, uri: str, text: str) -> None:
        self.version += 1
        document = {"uri": uri, "version": self.version}
        self.client.notify(
            "textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]}
        )

    def found(self, uri: str) -> list[Any]:
        self.client.request("envd-cache/settled", {"uri": uri})
        return self.client.published(uri) or []

    def codes(self, uri: str) -> list[str]:
        return [one["code"] for one in self.found(uri)]

    def changed(self, name: str, kind: int) -> None:
        change = {"uri": uri_of(str(self.folder / name)), "type": kind}
        self.client.notify("workspace/didChangeWatchedFiles", {"changes": [change]})

    def check(self, name: str) -> list[tuple[str, int, str]]:
        """Return what `envd-cache check` tells of a file: code, line, message."""
        words = [sys.executable, "-P", "-m", "envd_cache", "check", "--format", "json", "--no-cache"]
        done = subprocess.run(
            words, cwd=self.folder, env=self.environ, capture_output=True, text=True, check=False
        )
        told = [one for one in json.loads(done.stdout)["diagnostics"] if one["file"] == name]
        return sorted((one["code"], one["start"]["line"], one["message"]) for one in told)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    for name, text in (("a", ONE), ("b", TWO)):
        (made / name).mkdir(parents=True)
        (made / name / "build.envd").write_text(text)
    (made / ".git").mkdir()
    return made


@pytest.fixture
def team(folder: Path) -> Iterator[Team]:
    made = Team(folder)
    try:
        yield made
    finally:
        code = made.client.close()
    assert code == 0
    assert made.client.errors == b""


def test_an_open_file_has_what_a_check_tells_between_targets(team: Team) -> None:
    uri = team.open("b/build.envd")
    found = team.found(uri)
    shown = [
        (one["code"], one["range"]["start"]["line"] + 1, one["message"].split("\nhint: ")[0]) for one in found
    ]
    assert sorted(shown) == team.check("b/build.envd")
    assert [code for code, _, _ in shown] == BOTH
    (related,) = found[0]["relatedInformation"]
    assert related["location"]["uri"] == uri_of(str(team.folder / "a/build.envd"))
    assert related["location"]["range"]["start"] == {"line": 2, "character": 4}


def test_what_is_typed_counts_and_not_what_is_on_disk(team: Team) -> None:
    uri = team.open("b/build.envd")
    assert team.codes(uri) == BOTH
    team.write(uri, "# a line more\n" + TWO.replace('key="one"', 'key="two"'))
    assert [(one["code"], one["range"]["start"]["line"]) for one in team.found(uri)] == [("EC345", 4)]
    other = team.open("a/build.envd")
    team.write(other, ONE.replace('key="one"', 'key="two"').replace("def", "\n\ndef"))
    found = team.found(uri)
    assert [one["code"] for one in found] == BOTH
    assert found[0]["relatedInformation"][0]["location"]["range"]["start"]["line"] == 4
    team.client.notify("textDocument/didClose", {"textDocument": {"uri": other}})
    assert team.codes(uri) == ["EC345"]


def test_files_that_come_and_go_on_disk_count(team: Team) -> None:
    uri = team.open("b/build.envd")
    assert team.codes(uri) == BOTH
    (team.folder / "a/build.envd").unlink()
    team.changed("a/build.envd", 3)
    assert team.codes(uri) == ["EC345"]
    (team.folder / "c").mkdir()
    (team.folder / "c/build.envd").write_text(TWO.replace("app", "nobody").replace('"one"', '"x"'))
    team.changed("c/build.envd", 1)
    assert team.codes(uri) == []


def test_a_hostile_file_elsewhere_keeps_nothing_from_being_told(folder: Path) -> None:
    (folder / "a/build.envd").write_text(ONE + '\n\nX = "a" * 100000000000\n')
    (folder / "c").mkdir()
    (folder / "c/build.envd").write_text(ONE)
    team = Team(folder)
    uri = team.open("c/build.envd")
    at = {"line": 2, "character": 11}
    assert team.client.request("textDocument/hover", {"textDocument": {"uri": uri}, "position": at})
    assert team.codes(uri) == ["EC341"]
    assert team.client.close() == 0


def test_an_allowance_is_used_by_what_others_do(team: Team) -> None:
    uri = team.open("b/build.envd")
    allowed = TWO.replace("    cache", "    # envd-cache: allow(shared-place)\n    cache", 1)
    team.write(uri, allowed)
    assert team.codes(uri) == ["EC345"]
    team.write(uri, allowed.replace('key="one"', 'key="two"'))
    assert team.codes(uri) == ["EC348", "EC345"]


def test_repositories_have_nothing_to_do_with_each_other(folder: Path) -> None:
    for name in ("a", "b"):
        (folder / name / ".git").mkdir()
    team = Team(folder, ("a",))
    uri = team.open("b/build.envd")
    # Of a repository that is not in the workspace nobody knows what is not written.
    assert team.codes(uri) == []
    added = {"added": [{"uri": uri_of(str(folder / "b")), "name": "b"}], "removed": []}
    team.client.notify("workspace/didChangeWorkspaceFolders", {"event": added})
    assert team.codes(uri) == ["EC345"]
    assert [one["containerName"] for one in team.client.request("workspace/symbol", {"query": "build"})] == [
        "//build.envd"
    ] * 2
    removed = {"added": [], "removed": [{"uri": uri_of(str(folder / name)), "name": name} for name in "ab"]}
    team.client.notify("workspace/didChangeWorkspaceFolders", {"event": removed})
    assert team.codes(uri) == []
    assert team.client.close() == 0


def test_a_folder_inside_another_is_checked_with_it() -> None:
    assert outermost(["/w", "/w/a", "/v", "/wa"]) == ("/w", "/v", "/wa")
