"""The extension of VS Code: what it says of itself, its grammar, and that it can be built."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest

from envd_cache.catalog import BACKENDS, FACTS
from envd_cache.catalog.envd import BUILTINS, CONSTANTS, UNIVERSE
from envd_cache.emit.registry import EMITTERS
from tests.editors.extension import SOURCE, VSIX, npm, prepared
from tests.support import packages

if TYPE_CHECKING:
    from pathlib import Path

REPOSITORY = SOURCE.parents[1]
CATALOG = {
    "cache": [entry.name for entry in BACKENDS] + [entry.name for entry in FACTS],
    "builtins": [entry.name for entry in BUILTINS],
    "constants": [entry.name for entry in CONSTANTS],
    "universe": list(UNIVERSE),
}

# Modules that Node itself has, as `vscode-languageclient` names them.
NODE = (
    "assert",
    "child_process",
    "crypto",
    "fs",
    "net",
    "os",
    "path",
    "process",
    "readline",
    "stream",
    "url",
    "util",
)


@pytest.fixture(scope="session")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the extension with its npm packages."""
    if shutil.which("npm") is None:
        pytest.skip("the extension of VS Code is built with npm, which this machine has not")
    try:
        return prepared(tmp_path_factory.mktemp("extension"))
    except packages.CannotFetch as error:
        pytest.skip(str(error))


def manifest() -> dict[str, object]:
    found = json.loads((SOURCE / "package.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


# ---- without npm ----


def test_the_settings_offer_every_output() -> None:
    contributes = manifest()["contributes"]
    assert isinstance(contributes, dict)
    properties = contributes["configuration"]["properties"]
    offered = properties["envd-cache.compile.to"]
    assert offered["enum"] == [emitter.name for emitter in EMITTERS]
    assert offered["default"] in offered["enum"]
    readme = (SOURCE / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in readme for name in properties)
    assert all(f"envd-cache: {command['title']}" in readme for command in contributes["commands"])


def test_every_file_that_the_manifest_names_is_there() -> None:
    named = re.findall(r'"(\./[^"]+)"', (SOURCE / "package.json").read_text(encoding="utf-8"))
    assert {name for name in named if not (SOURCE / name).exists()} == {"./dist/extension.js"}


def test_the_grammar_names_what_the_catalog_has_and_no_more() -> None:
    grammar = json.loads((SOURCE / "syntaxes/envd.tmLanguage.json").read_text(encoding="utf-8"))
    named: dict[str, set[str]] = {"": set()}
    rules = [*grammar["repository"]["cache"]["patterns"], *grammar["repository"]["builtin"]["patterns"]]
    for rule in rules:
        if found := re.fullmatch(
            r"\(\?<!\[\\w\.\]\)\((\w+)\)\\s\*\(\\\.\)\\s\*\(([\w|]+)\)\\b", rule["match"]
        ):
            named.setdefault(found[1], set()).update(found[2].split("|"))
        elif found := re.fullmatch(r"\(\?<!\[\\w\.\]\)\(([\w|]+)\)\(\?=\\s\*\\\(\)", rule["match"]):
            named[""].update(found[1].split("|"))
    expected: dict[str, set[str]] = {"": {name for name in UNIVERSE if name[0].islower()}}
    expected["cache"] = set(CATALOG["cache"])
    for builtin in BUILTINS:
        space, _, name = builtin.name.rpartition(".")
        expected.setdefault(space, set()).add(name)
    assert named == expected


# ---- with npm ----


def test_its_types_are_right(extension: Path) -> None:
    done = npm(extension, "run", "check")
    assert done.returncode == 0, done.stdout


def test_the_grammar_as_vs_code_runs_it(extension: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.json"
    catalog.write_text(json.dumps(CATALOG))
    done = npm(extension, "test", CATALOG=str(catalog), EXAMPLES=str(REPOSITORY / "examples"))
    assert done.returncode == 0, done.stdout
    # None was skipped.
    assert re.search(r"^# skipped 0$", done.stdout, re.MULTILINE), done.stdout


def test_it_can_be_packaged(extension: Path) -> None:
    done = npm(extension, "run", "package")
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(extension / VSIX) as made:
        inside = {
            name.removeprefix("extension/") for name in made.namelist() if name.startswith("extension/")
        }
        program = made.read("extension/dist/extension.js").decode()
    assert {name.lower().removesuffix(".txt").removesuffix(".md") for name in inside} == {
        "package.json",
        "readme",
        "license",
        "language-configuration.json",
        "syntaxes/envd.tmlanguage.json",
        "dist/extension.js",
    }
    # What it runs on is VS Code and Node alone: all else is inside.
    required = set(re.findall(r'\brequire\("([^"]+)"\)', program))
    assert {name for name in required if not name.startswith("node:")} <= {"vscode", *NODE}
