"""`envd-cache plain`: what goes to standard output, what into a folder, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from envd_cache.cli.plain import plain as command
from envd_cache.cli.process import UsageError
from tests.differential import oracle

if TYPE_CHECKING:
    from pathlib import Path

    from envd_cache.cli.options import Values

NOTHING = "(lambda *args, **kwargs: None)"


def values(**given: str) -> Values:
    known: Values = dict.fromkeys(("target", "output", "from", "path", "time_limit", "format", "color"))
    return known | {"fact": []} | given


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "envd-cache.toml").touch()
    (tmp_path / "build.envd").write_bytes(b"def build():\r\n    base()\r\n    cache.none()")
    (tmp_path / "two.envd").write_text('load("//one.envd", "one")\ndef build():\n    one()\n')
    (tmp_path / "one.envd").write_text("one = cache.none\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("repository")
def test_a_file_goes_to_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert command(values()) == 0
    out, err = capfdbinary.readouterr()
    assert out == f"def build():\r\n    base()\r\n    {NOTHING}()".encode()
    assert err == b""


@pytest.mark.usefixtures("repository")
def test_several_files_need_a_folder() -> None:
    with pytest.raises(UsageError) as refused:
        command(values(target="two.envd"))
    message = "plain envd cannot load `one.envd` either; write all files with --output DIR"
    assert str(refused.value) == message


@pytest.mark.skipif(oracle.envd() is None, reason="envd is not installed")
def test_a_folder_works_from_anywhere(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert command(values(target="two.envd", output="out")) == 0
    assert capfd.readouterr() == ("", "")
    elsewhere = repository / "elsewhere"
    elsewhere.mkdir()
    assert oracle.verdict(elsewhere, str(repository / "out/two.envd")).message == ""


@pytest.mark.parametrize("name", [".", "build.envd", "link"])
def test_nothing_is_overwritten(repository: Path, name: str) -> None:
    (repository / "link").symlink_to("nowhere")
    with pytest.raises(UsageError) as refused:
        command(values(output=name))
    assert str(refused.value) == f"--output {name}: name a new or an empty folder"


@pytest.mark.usefixtures("repository")
def test_a_colon_in_the_folder() -> None:
    with pytest.raises(UsageError) as refused:
        command(values(output="a:b"))
    assert str(refused.value) == "--output a:b: envd takes what follows a `:` for a function"


def test_a_folder_that_cannot_be_made(repository: Path) -> None:
    with pytest.raises(UsageError) as refused:
        command(values(output="build.envd/x"))
    assert str(refused.value) == "`build.envd/x` cannot be written: Not a directory"
    assert sorted(path.name for path in repository.iterdir()) == [
        *("build.envd", "envd-cache.toml", "one.envd", "two.envd")
    ]


def test_problems_stop_it(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (repository / "build.envd").write_text("def build():\n    cache.registry()\n    base(1)\n")
    assert command(values(output="out")) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines()[-1].startswith("2 errors")
    assert not (repository / "out").exists()


@pytest.mark.usefixtures("repository")
def test_files_as_json(capfd: pytest.CaptureFixture[str]) -> None:
    assert command(values(target="two.envd", output="out", format="json")) == 0
    found = json.loads(capfd.readouterr().out)
    assert list(found) == ["version", "from", "files", "diagnostics"]
    assert [(file["path"], file["of"]) for file in found["files"]] == [
        ("two.envd", "two.envd"),
        ("loaded/one.envd", "one.envd"),
    ]
    assert found["files"][1]["content"] == f"one = {NOTHING}\n"
    assert found["diagnostics"] == []
