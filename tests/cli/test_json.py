"""`--format json` of compile and explain: one document, whose shape is fixed here."""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING

import jsonschema
import pytest

from tests.cli.program import repository, run
from tests.cli.test_compile import ERROR, PLAIN, SECRET, WARNING
from tests.emit.test_losses import BUILDX_GHA, ENVD_GHA_EXPORT
from tests.support import wire_parsers

if TYPE_CHECKING:
    from pathlib import Path

PLACE = {
    "type": "object",
    "required": ["line", "column"],
    "properties": {name: {"type": "integer", "minimum": 1} for name in ("line", "column")},
    "additionalProperties": False,
}
LOCATED = {"file": {"type": "string"}, "start": PLACE, "end": PLACE}
ENTRY = {
    "type": "object",
    "required": ["type", "attrs", "declared"],
    "properties": {
        "type": {"type": "string"},
        "attrs": {"type": "object", "additionalProperties": {"type": "string"}},
        "secrets": {"type": "object", "additionalProperties": {"type": "string"}},
        "declared": {
            "type": "object",
            "required": ["file", "start", "end"],
            "properties": {**LOCATED, "called_from": {"type": "array"}},
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
TARGET = {
    "type": "object",
    "required": ["target", "none", "by_default", "exports", "imports", "facts"],
    "properties": {
        "target": {"type": "string", "pattern": "^//.*:"},
        "none": {"type": "boolean"},
        "by_default": {"type": ["string", "null"]},
        "exports": {"type": "array", "items": ENTRY},
        "imports": {"type": "array", "items": ENTRY},
        "facts": {"type": "array", "items": {"required": ["name", "origin"]}},
    },
    "additionalProperties": False,
}
FINDING = {
    "type": "object",
    "required": ["code", "severity", "message", "help"],
    "properties": {
        "code": {"pattern": "^EC[0-9]{3}$"},
        "severity": {"enum": ["error", "warning", "note"]},
        "message": {"type": "string"},
        "hint": {"type": "string"},
        "help": {"pattern": "^envd-cache explain EC[0-9]{3}$"},
        "related": {"type": "array"},
        **LOCATED,
    },
    "additionalProperties": False,
}
DOCUMENT = {
    "type": "object",
    "required": ["version", "to", "targets", "output", "diagnostics"],
    "properties": {
        "version": {"const": 1},
        "to": {"type": "string"},
        "targets": {"type": "array", "items": TARGET},
        "output": {"type": ["string", "null", "object"]},
        "diagnostics": {"type": "array", "items": FINDING},
    },
    "additionalProperties": False,
}

EXPLAINED = {
    "type": "object",
    "required": ["version", "targets", "drops", "diagnostics"],
    "properties": {
        "version": {"const": 1},
        "targets": {"type": "array", "items": TARGET},
        "drops": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["target", "clients"],
                "properties": {
                    "target": {"type": "string"},
                    "clients": {
                        "type": "object",
                        "additionalProperties": {"type": "array", "items": {"type": "string"}},
                    },
                },
                "additionalProperties": False,
            },
        },
        "diagnostics": {"type": "array", "items": FINDING},
    },
    "additionalProperties": False,
}


def test_json(tmp_path: Path) -> None:
    done = run(repository(tmp_path, WARNING), "compile", "--to", "buildx", "--format", "json")
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out)
    jsonschema.validate(document, DOCUMENT)
    assert document["output"] == "--cache-from type=registry,ref=r\n"
    assert document["to"] == "buildx"
    (finding,) = document["diagnostics"]
    assert finding == {
        "code": "EC117",
        "severity": "warning",
        "message": "`mode` has no effect: only an export takes it",
        "file": "build.envd",
        "start": {"line": 4, "column": 29},
        "end": {"line": 4, "column": 33},
        "hint": "remove it",
        "help": "envd-cache explain EC117",
    }
    (target,) = document["targets"]
    assert target["imports"] == [
        {
            "type": "registry",
            "attrs": {"ref": "r"},
            "declared": {
                "file": "build.envd",
                "start": {"line": 4, "column": 5},
                "end": {"line": 4, "column": 54},
            },
        }
    ]


def test_json_of_bytes_secrets_and_facts(tmp_path: Path) -> None:
    folder = repository(tmp_path, SECRET + "    cache.inline()\n")
    document = json.loads(run(folder, "compile", "--binary", "--format", "json").out)
    jsonschema.validate(document, DOCUMENT)
    entries = wire_parsers.protobuf(base64.b64decode(document["output"]["base64"]))
    assert entries == ([("gha", {"url_v2": "https://example.org"}), ("inline", {})], [])
    assert document["targets"][0]["exports"][0]["secrets"] == {"token": "RUN_TOKEN"}
    (fact,) = document["targets"][0]["facts"]
    assert (fact["name"], fact["argument"], "value" in fact) == ("secret", "RUN_TOKEN", False)


@pytest.mark.parametrize("words", [[], ["--all"]], ids=["one", "all"])
def test_json_of_an_error(tmp_path: Path, words: list[str]) -> None:
    done = run(repository(tmp_path, ERROR), "compile", "--format", "json", *words)
    assert (done.code, done.err) == (1, "")
    document = json.loads(done.out)
    jsonschema.validate(document, DOCUMENT)
    assert (document["output"], document["targets"]) == (None, [])
    assert [finding["code"] for finding in document["diagnostics"]] == ["EC106"]


def test_json_of_a_file_without_targets(tmp_path: Path) -> None:
    done = run(repository(tmp_path, "x = 1\n"), "compile", "--format", "json", "--all")
    assert (done.code, done.err) == (1, "")
    document = json.loads(done.out)
    assert document.keys() == {"version", "diagnostics"}
    assert [finding["code"] for finding in document["diagnostics"]] == ["EC013"]


def test_json_into_a_file(tmp_path: Path) -> None:
    folder = repository(tmp_path, PLAIN)
    assert run(folder, "compile", "--format", "json", "-o", "out.json") == (0, "", "")
    jsonschema.validate(json.loads((folder / "out.json").read_text()), DOCUMENT)
    assert sorted(os.listdir(folder)) == ["build.envd", "envd-cache.toml", "out.json"]


def test_json_of_explain(tmp_path: Path) -> None:
    folder = repository(
        tmp_path, 'def build():\n    base()\n    cache.gha(scope=cache.env("S"), use="export")\n'
    )
    done = run(folder, "explain", "--format", "json", "--fact", "env.S=x")
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out)
    jsonschema.validate(document, EXPLAINED)
    (target,) = document["targets"]
    assert [(entry["type"], entry["attrs"]) for entry in target["exports"]] == [("gha", {"scope": "x"})]
    (fact,) = target["facts"]
    assert (fact["name"], fact["argument"], fact["value"], fact["origin"]) == ("env", "S", "x", "--fact")
    assert fact["start"] == {"line": 3, "column": 21}
    (drops,) = document["drops"]
    assert drops == {
        "target": "//:build",
        "clients": {
            "docker buildx": [
                f"build.envd:3:5: {BUILDX_GHA[1]}",
            ],
            "envd build": [
                f"build.envd:3:5: {ENVD_GHA_EXPORT[1]}",
            ],
        },
    }


def test_json_of_explain_with_an_error(tmp_path: Path) -> None:
    done = run(repository(tmp_path, ERROR), "explain", "--format", "json")
    assert (done.code, done.err) == (1, "")
    document = json.loads(done.out)
    jsonschema.validate(document, EXPLAINED)
    assert (document["targets"], document["drops"]) == ([], [])
    assert [finding["code"] for finding in document["diagnostics"]] == ["EC106"]
