"""SARIF: valid against its schema, places as they are, nothing of a credential.

`tests/data/sarif-2.1.0.json` is the schema of OASIS as `@microsoft/jest-sarif` 1.0.0-beta.0 on npm has it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from envd_cache.diagnostics import ERROR, Diagnostic, Edit, Fix
from envd_cache.report.places import Paths
from envd_cache.report.sarif import Tool, sarif
from envd_cache.source import Location, SourceFile, Span
from tests.report.findings import ALL, LONG, MISSPELT, NOWHERE, RULES, SECRET, WHOLE_FILE

SCHEMA = Path(__file__).parents[1] / "data" / "sarif-2.1.0.json"
TOOL = Tool("1.2.3", "https://example.org")


@cache
def validator() -> Draft4Validator:
    return Draft4Validator(json.loads(SCHEMA.read_text()))


def log(*diagnostics: Diagnostic, paths: Paths | None = None) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(sarif(diagnostics, RULES, TOOL, paths)))
    validator().validate(made)
    return made


def results(*diagnostics: Diagnostic, paths: Paths | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = log(*diagnostics, paths=paths)["runs"][0]["results"]
    return found


def test_the_schema_refuses_what_is_no_log() -> None:
    for wrong in ("runs", "version"):
        made = log(*ALL)
        del made[wrong]
        assert not validator().is_valid(made)
    made = log(*ALL)
    made["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert not validator().is_valid(made)


def test_the_tool_and_the_rules_that_have_a_finding() -> None:
    run = log(*ALL, MISSPELT)["runs"][0]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("envd-cache", "1.2.3")
    assert driver["informationUri"] == "https://example.org"
    assert run["columnKind"] == "unicodeCodePoints"
    assert [rule["id"] for rule in driver["rules"]] == ["EC001", "EC102", "EC111", "EC202", "EC406"]
    assert driver["rules"][1] == {
        "id": "EC102",
        "name": "UnknownArgument",
        "shortDescription": {"text": "Unknown argument."},
        "fullDescription": {"text": next(rule.why for rule in RULES if rule.code == "EC102")},
        "help": driver["rules"][1]["help"],
        "helpUri": "https://example.org/EC102",
        "defaultConfiguration": {"level": "error"},
    }
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_nothing_found() -> None:
    made = log()
    assert made["version"] == "2.1.0"
    assert made["runs"][0]["results"] == []
    assert made["runs"][0]["tool"]["driver"]["rules"] == []


def test_a_finding_with_a_fix() -> None:
    region = {"startLine": 3, "startColumn": 27, "endLine": 3, "endColumn": 33}
    file = {"uri": "team/build.envd", "uriBaseId": "%SRCROOT%"}
    assert results(MISSPELT) == [
        {
            "ruleId": "EC102",
            "ruleIndex": 0,
            "level": "error",
            "message": {"text": "`cache.s3` has no argument `regoin`\nhint: did you mean `region`?"},
            "locations": [{"physicalLocation": {"artifactLocation": file, "region": region}}],
            "fixes": [
                {
                    "description": {"text": "write `region`"},
                    "artifactChanges": [
                        {
                            "artifactLocation": file,
                            "replacements": [
                                {"deletedRegion": region, "insertedContent": {"text": "region"}}
                            ],
                        }
                    ],
                }
            ],
        }
    ]


def test_other_places_and_an_unsafe_fix() -> None:
    (made,) = results(LONG)
    assert made["level"] == "warning"
    region = made["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 2, "startColumn": 5, "endLine": 3, "endColumn": 5}
    uri = made["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "caches%20%26%20co.envd"
    assert [(one["id"], one["message"]["text"]) for one in made["relatedLocations"]] == [
        (1, "the other export"),
        (2, "and this"),
    ]
    assert "fixes" not in made


def test_a_finding_without_a_place() -> None:
    whole, nowhere = results(WHOLE_FILE, NOWHERE)
    assert whole["level"] == "note"
    assert whole["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "x.envd", "uriBaseId": "%SRCROOT%"}}}
    ]
    assert "locations" not in nowhere


def test_nothing_of_a_credential() -> None:
    text = json.dumps(log(*ALL))
    assert "hunter2" not in text
    assert "***" in text
    assert "fixes" not in results(SECRET)[0]


def test_a_code_that_no_rule_describes() -> None:
    made = log(NOWHERE.replace(code="EC999"))
    assert made["runs"][0]["tool"]["driver"]["rules"] == []
    assert "ruleIndex" not in made["runs"][0]["results"][0]


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("build.envd", "sub/build.envd"),
        ("../build.envd", "build.envd"),
        ("/repo/a b/é.envd", "a%20b/%C3%A9.envd"),
        ("../../other/x.envd", "file:///other/x.envd"),
        ("/other/50%.envd", "file:///other/50%25.envd"),
        ("../a:b/c", "./a%3Ab/c"),
        ("..x/..", "sub"),
        ("../..x", "..x"),
        ("../..", "file:///"),
    ],
)
def test_paths_from_the_root(path: str, uri: str) -> None:
    paths = Paths("/repo/sub", "/repo")
    (made,) = results(WHOLE_FILE.replace(path=path), paths=paths)
    file = made["locations"][0]["physicalLocation"]["artifactLocation"]
    assert file["uri"] == uri
    assert ("uriBaseId" in file) != uri.startswith("file:")


LETTERS = st.sampled_from(["a", "\n", "\r", "é", "😀", " ", "\u2028", "\t"])


@given(st.lists(LETTERS, max_size=12).map("".join), st.data())
def test_a_reader_finds_the_text_that_is_meant(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    place = Location(SourceFile("f", text), Span(start, end))
    fix = Fix("t", (Edit(place, data.draw(st.sampled_from(["", "new"]))),))
    (made,) = results(Diagnostic("EC001", ERROR, "m", place, fix=fix))
    region = made["locations"][0]["physicalLocation"]["region"]
    assert made["fixes"][0]["artifactChanges"][0]["replacements"][0]["deletedRegion"] == region
    lines = text.split("\n")

    def offset(line: int, column: int) -> int:
        return sum(len(one) + 1 for one in lines[: line - 1]) + column - 1

    assert offset(region["startLine"], region["startColumn"]) == start
    assert offset(region["endLine"], region["endColumn"]) == end
