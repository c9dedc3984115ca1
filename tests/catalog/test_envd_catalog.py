"""The catalog of envd's builtins says what was measured on envd 1.3.6 (`tests/data/envd-api.json`)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from envd_cache.catalog.envd import BUILTINS, CONSTANTS
from envd_cache.catalog.model import Builtin, DataSource

FACTS = json.loads((Path(__file__).parents[1] / "data" / "envd-api.json").read_text())
FUNCTIONS = {function["name"]: function for function in FACTS["functions"]}
BY_NAME = {builtin.name: builtin for builtin in BUILTINS}
TYPES: dict[object, str] = {
    str: "string",
    bool: "bool",
    int: "int",
    list[str]: "list[string]",
    list[list[str]]: "list[list[string]]",
    dict[str, str]: "dict[string,string]",
    str | DataSource: "string|data_source",
}
CHECKS = {"given", "required", "range", "python3", "ip", "digest", "extensions", "filled"}

each_builtin = pytest.mark.parametrize("builtin", BUILTINS, ids=lambda builtin: builtin.name)


def test_every_function_is_there_once() -> None:
    assert len(BUILTINS) == 43
    assert sorted(builtin.name for builtin in BUILTINS) == sorted(FUNCTIONS)


def test_every_constant_is_there() -> None:
    assert {constant.name: constant.value for constant in CONSTANTS} == {
        constant["name"]: constant["value"] for constant in FACTS["constants"]
    }


@each_builtin
def test_parameters_have_envds_order_types_and_needs(builtin: Builtin) -> None:
    ours = [
        {"name": param.name, "type": TYPES[param.type], "required": param.required}
        for param in builtin.params
    ]
    assert ours == FUNCTIONS[builtin.name]["params"]


@each_builtin
def test_how_arguments_are_taken(builtin: Builtin) -> None:
    facts = FUNCTIONS[builtin.name]
    assert builtin.positional_only is facts["positional_only"]
    assert builtin.any_arguments is facts["any_arguments"]


@each_builtin
def test_required_parameters_come_first(builtin: Builtin) -> None:
    needs = [param.required for param in builtin.params]
    assert needs == sorted(needs, reverse=True)


@each_builtin
def test_rules_speak_of_parameters_that_exist(builtin: Builtin) -> None:
    names = {param.name for param in builtin.params}
    assert {rule.param for rule in builtin.rules} <= names
    assert {rule.check for rule in builtin.rules} <= CHECKS
    for name, others, message in builtin.conflicts:
        assert {name, *others} <= names
        assert message
    before, message = builtin.after
    assert bool(before) == bool(message)
    assert not before or before in BY_NAME


@each_builtin
def test_everything_is_documented_in_one_sentence(builtin: Builtin) -> None:
    for text in (builtin.doc, *(param.doc for param in builtin.params)):
        assert text.endswith(".")
        assert text[0].isupper()
        assert "\n" not in text


def test_the_names_that_envd_gets_wrong() -> None:
    assert {builtin.name: builtin.error_name for builtin in BUILTINS if builtin.error_name} == {
        "install.conda": "install.python",
        "runtime.environ": "runtime.command",
        "runtime.init": "runtime.command",
    }
