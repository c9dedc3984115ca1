"""`envd-cache schema`: valid, and it accepts the declarations that a compile accepts."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from envd_cache.catalog import BACKENDS
from envd_cache.catalog.schema import schema
from tests.cli.program import run
from tests.emit.strategies import SEVERAL, Declaration, as_json

if TYPE_CHECKING:
    from pathlib import Path

    from envd_cache.catalog.model import Backend

S3 = {"backend": "s3", "bucket": "b", "region": "r"}
AZBLOB = {"backend": "azblob", "account_url": "https://x"}
WRONG: dict[str, Any] = {
    "no list": {"backend": "inline"},
    "no backend": [{"ref": "r"}],
    "unknown backend": [{"backend": "ftp"}],
    "a required argument is missing": [{"backend": "registry"}],
    "unknown argument": [{"backend": "registry", "ref": "r", "moed": "max"}],
    "wrong choice": [{"backend": "registry", "ref": "r", "mode": "MAX"}],
    "text for a bool": [{"backend": "registry", "ref": "r", "insecure": "true"}],
    "text for a number": [{"backend": "gha", "version": "2"}],
    "bool for a number": [{"backend": "gha", "version": True}],
    "number too small": [{**S3, "upload_parallelism": 0}],
    "wrong use": [{"backend": "inline", "use": "read"}],
    "empty list of keys": [{"backend": "gha", "key": []}],
    "number as a key": [{"backend": "gha", "key": ["a", 1]}],
    "text for a credential": [{**S3, "secret_access_key": "x"}],
    "secret for a text": [{"backend": "registry", "ref": {"secret": "REF"}}],
    "no name of a variable": [{"backend": "gha", "token": {"secret": "1X"}}],
    "secret with more": [{"backend": "gha", "token": {"secret": "X", "value": "y"}}],
    "directory without a path": [{"backend": "local"}],
    "two directories for one thing": [{"backend": "local", "path": "c", "dest": "d"}],
    "tag and digest": [{"backend": "local", "src": "c", "tag": "t", "digest": "sha256:" + "0" * 64}],
    "one right, one wrong": [{"backend": "inline"}, {"backend": "inline", "mode": "max"}],
}
RIGHT: dict[str, Any] = {
    "nothing": [],
    "inline": [{"backend": "inline"}],
    "secret": [{**S3, "access_key_id": {"secret": "ID"}, "secret_access_key": {"secret": "_KEY1"}}],
    "open access key": [{**S3, "access_key_id": "AKIA"}],
    "left to the daemon": [{"backend": "s3"}, {"backend": "azblob"}],
    "keys": [{"backend": "gha", "key": "a"}, {"backend": "s3", "key": ["a", "b"]}],
    "everything of a kind": [{**AZBLOB, "container": "c", "prefix": "", "mode": "min", "use": "both"}],
}


@cache
def validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(json.dumps(schema())))


def test_what_the_program_writes(tmp_path: Path) -> None:
    done = run(tmp_path, "schema")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == schema()
    assert run(tmp_path, "schema", "-o", "schema.json") == (0, "", "")
    assert (tmp_path / "schema.json").read_text() == done.out


def test_the_schema_is_valid() -> None:
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema())


@given(declarations=SEVERAL)
def test_right_declarations(declarations: list[Declaration]) -> None:
    document = [as_json(declaration) for declaration in declarations]
    validator().validate(document)


@pytest.mark.parametrize("document", RIGHT.values(), ids=RIGHT)
def test_right(document: object) -> None:
    validator().validate(document)


@pytest.mark.parametrize("document", WRONG.values(), ids=WRONG)
def test_wrong(document: object) -> None:
    assert not validator().is_valid(document)


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
def test_everything_of_the_catalog_is_in_it(backend: Backend) -> None:
    definitions: Any = schema()["$defs"]
    made = definitions[backend.name]
    assert made["description"] == backend.doc
    assert list(made["properties"]) == ["backend", *(param.name for param in backend.params), "use", "key"]
    for param in backend.params:
        described = made["properties"][param.name]
        assert described["description"].startswith(param.doc)
        assert described.get("default") == param.default
        assert described.get("x-since", "") == param.since
        found = [
            (variable, reader)
            for reader, variables in described.get("x-environment", {}).items()
            for variable in variables
        ]
        assert sorted(found) == sorted((env.variable, env.reader) for env in param.env)


def test_the_schema_of_the_configuration(tmp_path: Path) -> None:
    done = run(tmp_path, "schema", "--config")
    assert (done.code, done.err) == (0, "")
    made = json.loads(done.out)
    Draft202012Validator.check_schema(made)
    accepts = Draft202012Validator(made).is_valid
    assert accepts({"defaults": "//caches.envd:defaults", "rules": {"unused-load": "off"}})
    assert not accepts({"default": "//caches.envd:defaults"})
    assert not accepts({"rules": {"no-such-rule": "off"}})
