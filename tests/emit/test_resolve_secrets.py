"""`secrets` in the options: values are filled in, and without one there is no output."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from envd_cache.catalog import BACKENDS
from envd_cache.emit.registry import EMITTERS, Options
from tests.support import wire_parsers

if TYPE_CHECKING:
    from tests.emit.workshop import Workshop

BUILD_FILE = """
def build():
    base()
    cache.s3(bucket="b", region="r", access_key_id=cache.secret("ID"), secret_access_key=cache.secret("KEY"))
"""
VALUES = {"ID": "my id", "KEY": 'a,b"c\n${d}'}
each_output = pytest.mark.parametrize("to", [emitter.name for emitter in EMITTERS])


def test_values_are_filled_in(workshop: Workshop) -> None:
    plan = workshop.plan_of(BUILD_FILE)
    result = workshop.compile_to("llb", [plan], Options(secrets=VALUES))
    assert isinstance(result.value, str)
    attrs = {"bucket": "b", "region": "r", "access_key_id": "my id", "secret_access_key": 'a,b"c\n${d}'}
    assert json.loads(result.value) == {
        "Exports": [{"Type": "s3", "Attrs": attrs}],
        "Imports": [{"Type": "s3", "Attrs": attrs}],
    }
    assert result.diagnostics == ()


def test_every_client_reads_the_value(workshop: Workshop) -> None:
    plan = workshop.plan_of(BUILD_FILE)
    attrs = {"bucket": "b", "region": "r", "access_key_id": "my id", "secret_access_key": 'a,b"c\n${d}'}
    wanted = [("s3", attrs)], [("s3", attrs)]

    def text(to: str) -> str:
        value = workshop.compile_to(to, [plan], Options(secrets=VALUES)).value
        assert isinstance(value, str)
        return value

    assert wire_parsers.bake(text("bake"), {})["build"] == wanted
    assert wire_parsers.compose(text("compose"), {})["build"] == wanted
    assert wire_parsers.github_actions(text("github-actions"), {}) == wanted
    assert wire_parsers.llb(text("llb")) == wanted


@each_output
def test_a_secret_that_is_not_set_is_an_error(workshop: Workshop, to: str) -> None:
    plan = workshop.plan_of(BUILD_FILE)
    result = workshop.compile_to(to, [plan], Options(secrets={"ID": "my id"}))
    assert result.value is None
    errors = [(found.code, found.message) for found in result.diagnostics if found.severity == "error"]
    error = ("EC406", "the environment variable `KEY` for `secret_access_key` is not set")
    assert errors == [error, error]
    hints = {found.hint for found in result.diagnostics if found.severity == "error"}
    assert hints == {"set it where this command runs"}


@each_output
def test_an_empty_value_is_a_value(workshop: Workshop, to: str) -> None:
    plan = workshop.plan_of(BUILD_FILE)
    result = workshop.compile_to(to, [plan], Options(secrets={"ID": "", "KEY": ""}))
    assert isinstance(result.value, str)
    assert "secret_access_key" in result.value


@each_output
def test_without_the_option_no_value_is_written(workshop: Workshop, to: str) -> None:
    plan = workshop.plan_of(BUILD_FILE)
    value = workshop.compile_to(to, [plan], Options(environ={"KEY": "V4LUE", "ID": "1D"})).value
    assert isinstance(value, str)
    assert "V4LUE" not in value
    assert "KEY" in value


@each_output
def test_each_reference_form(workshop: Workshop, to: str) -> None:
    plan = workshop.plan_of(BUILD_FILE)
    value = workshop.compile_to(to, [plan]).value
    assert isinstance(value, str)
    reference = {"llb": '"secret_access_key": "KEY"', "bake": "=${KEY}", "compose": "=${KEY}"}
    reference["github-actions"] = "=${{ secrets.KEY }}"
    assert reference.get(to, "=$KEY") in value


def test_two_targets_report_what_each_lacks(workshop: Workshop) -> None:
    first = workshop.plan_of(BUILD_FILE)
    second = workshop.plan_of('def dev():\n    base()\n    cache.gha(token=cache.secret("T"))\n', "dev")
    result = workshop.compile_to("llb", [first, second], Options(keyed=True, secrets=VALUES))
    assert result.value is None
    assert [found.message for found in result.diagnostics] == [
        "the environment variable `T` for `token` is not set"
    ] * 2


def test_envd_asks_only_for_what_it_writes(workshop: Workshop) -> None:
    plan = workshop.plan_of(
        'def build():\n    base()\n    cache.registry(ref="r")\n    cache.gha(token=cache.secret("T"))\n'
    )
    result = workshop.compile_to("envd", [plan], Options(secrets={}))
    assert result.value == "--export-cache type=registry,ref=r --import-cache type=registry,ref=r\n"


def told(workshop: Workshop, to: str, secrets: dict[str, str]) -> tuple[object, list[tuple[str, str]]]:
    """Return what is written of one export with a secret, and what is said about its value."""
    use = 'cache.gha(token=cache.secret("T"), url_v2="https://x.example", use="export")'
    plan = workshop.plan_of(f"def build():\n    base()\n    {use}\n")
    result = workshop.compile_to(to, [plan], Options(secrets=secrets))
    return result.value, [(found.code, found.message) for found in result.diagnostics]


def test_envd_takes_no_line_end_of_a_secret_either(workshop: Workshop) -> None:
    message = "envd build cannot take a line end, and `token` has one"
    assert told(workshop, "envd", {"T": "s3cr3t\r\nm0re"}) == ("", [("EC405", message)])
    _, plain = told(workshop, "envd", {"T": "s3cr3t"})
    assert plain == []


def test_a_secret_that_compose_would_fill_in_again(workshop: Workshop) -> None:
    """The message says nothing of the value, not even the mark."""
    value, said = told(workshop, "compose", {"T": "s3%{cr3t"})
    assert isinstance(value, str)
    message = "`token` holds a mark, which some releases of docker compose fill in again"
    assert said == [("EC407", message)]
    assert told(workshop, "compose", {"T": "s3cr3t"})[1] == []


def test_credentials_take_a_secret_and_nothing_else() -> None:
    """The catalog's own word: these parameters are the credentials."""
    found = {
        f"{backend.name}.{param.name}" for backend in BACKENDS for param in backend.params if param.secret
    }
    assert found == {
        "gha.token",
        "gha.ghtoken",
        "s3.access_key_id",
        "s3.secret_access_key",
        "s3.session_token",
        "azblob.secret_access_key",
    }
    only_secrets = {
        f"{backend.name}.{param.name}"
        for backend in BACKENDS
        for param in backend.params
        if param.is_credential
    }
    assert found - only_secrets == {"s3.access_key_id"}
