"""The catalog of backends says what was found in BuildKit (`tests/data/buildkit-cache-attrs.json`)."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

import envd_cache.catalog
from envd_cache.catalog import BACKENDS, backend, facts
from envd_cache.catalog.common import KEY, USE
from envd_cache.catalog.formats import FORMATS
from envd_cache.catalog.model import BOTH, EXPORT, IMPORT, Backend, Param, Secret

BUILDKIT = json.loads((Path(__file__).parents[1] / "data" / "buildkit-cache-attrs.json").read_text())[
    "backends"
]
FOLDER = Path(envd_cache.catalog.__file__).parent

# Files of the catalog that hold no backend.
OTHER_FILES = {
    "__init__.py",
    "bind.py",
    "ci.py",
    "client_flags.py",
    "clients.py",
    "common.py",
    "engines.py",
    "envd.py",
    "envd_flags.py",
    "envd_install.py",
    "facts.py",
    "formats.py",
    "model.py",
    "progress.py",
    "reference.py",
    "refusal.py",
    "schema.py",
}

# Attributes that BuildKit's table has and a backend of ours has not.
NOT_OURS = {
    ("inline", "mode"): "BuildKit takes it and never reads it",
    ("inline", "ignore-error"): "BuildKit takes it and never reads it",
}
# Parameters that are no attribute of BuildKit.
OURS = {
    ("local", "path"): "`dest` and `src` in one, because most builds write and read one directory",
    ("inline", "ref"): "the `ref` of the registry import that reads an inline cache",
}
# BuildKit needs these attributes; a declaration may leave them out.
NOT_REQUIRED = {
    ("gha", "token"): "clients take it from ACTIONS_RUNTIME_TOKEN",
    ("gha", "url"): "one address of two, and clients take it from ACTIONS_CACHE_URL",
    ("gha", "url_v2"): "one address of two, and clients take it from ACTIONS_RESULTS_URL",
    ("local", "dest"): "`path` says it too, and a local cache may be read only",
    ("local", "src"): "`path` says it too, and a local cache may be written only",
}
# Defaults that the facts tell in prose.
DEFAULTS: dict[tuple[str, str], object] = {
    ("local", "digest"): None,  # what the tag refers to
    ("gha", "version"): None,  # found out from the address
    ("s3", "access_key_id"): None,  # the identity of the daemon
    ("s3", "secret_access_key"): None,
    ("s3", "session_token"): None,
    ("s3", "retry_mode"): "standard",  # of the AWS SDK
    ("s3", "retry_max_attempts"): 3,
    ("azblob", "account_name"): None,  # the first part of the host
    ("azblob", "secret_access_key"): None,  # the identity of the daemon
}
# The AWS SDK in buildx reads more than variables (profiles, the machine's identity); these are its variables.
SDK_VARIABLES = {
    "access_key_id": "AWS_ACCESS_KEY_ID",
    "secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "session_token": "AWS_SESSION_TOKEN",
}
SINCE = {
    ("local", "tag"): "v0.11.0",  # exports; imports had it in v0.7.0, as `since_note` says
}
TYPES = {"enum": str, "gobool": bool, "gobool_or_empty": bool, "int": int, "int64": int}

ATTRS = [
    pytest.param(name, attr, id=f"{name}-{attr}")
    for name, found in BUILDKIT.items()
    for attr in found["attrs"]
    if (name, attr) not in NOT_OURS
]
PARAMS = [
    pytest.param(each, param, id=f"{each.name}-{param.name}") for each in BACKENDS for param in each.params
]
each_attr = pytest.mark.parametrize(("name", "attr"), ATTRS)
each_param = pytest.mark.parametrize(("owner", "param"), PARAMS)
each_backend = pytest.mark.parametrize("owner", BACKENDS, ids=lambda owner: owner.name)


def fact(name: str, attr: str) -> dict[str, Any]:
    found: dict[str, Any] = BUILDKIT[name]["attrs"][attr]
    return found


def param_of(name: str, attr: str) -> Param:
    """Return the parameter that is an attribute of BuildKit, with the attribute's own spelling."""
    (param,) = (
        param
        for param in backend(name).params
        if (name, param.name) not in OURS and param.wire_name(EXPORT) == attr
    )
    return param


# ---- against BuildKit ----


def test_every_backend_is_there() -> None:
    assert sorted(each.name for each in BACKENDS) == sorted(BUILDKIT)


@each_backend
def test_every_attribute_is_there_once(owner: Backend) -> None:
    ours = [param.wire_name(EXPORT) for param in owner.params if (owner.name, param.name) not in OURS]
    theirs = [attr for attr in BUILDKIT[owner.name]["attrs"] if (owner.name, attr) not in NOT_OURS]
    assert sorted(ours) == sorted(theirs)


@pytest.mark.parametrize(("name", "attr"), NOT_OURS)
def test_what_is_left_out_has_no_effect(name: str, attr: str) -> None:
    assert fact(name, attr)["has_effect"] is False


@each_attr
def test_direction(name: str, attr: str) -> None:
    directions = fact(name, attr)["direction"]
    assert param_of(name, attr).direction == (BOTH if len(directions) == 2 else directions[0])


@each_attr
def test_wire_name_in_each_direction(name: str, attr: str) -> None:
    param = param_of(name, attr)
    for direction in fact(name, attr)["direction"]:
        assert param.takes(direction)
        assert param.wire_name(direction) == attr


@each_attr
def test_python_name(name: str, attr: str) -> None:
    assert param_of(name, attr).name == attr.removeprefix("registry.").replace("-", "_")


@each_attr
def test_type(name: str, attr: str) -> None:
    facts, param = fact(name, attr), param_of(name, attr)
    if facts["secret"]:
        assert param.type in (Secret, str | Secret)
    else:
        assert param.type is TYPES.get(facts["type"], str)


@each_attr
def test_choices(name: str, attr: str) -> None:
    choices = {("gha", "version"): (1, 2)}.get((name, attr), tuple(fact(name, attr).get("values", ())))
    assert param_of(name, attr).choices == choices


@each_attr
def test_default(name: str, attr: str) -> None:
    facts, param = fact(name, attr), param_of(name, attr)
    if (name, attr) in DEFAULTS:
        assert param.default == DEFAULTS[name, attr]
        return
    told = facts["default"]
    if attr == "compression-level" or told is None:
        assert param.default is None
        return
    # What stands behind the first word is a remark.
    word = told.replace(",", " ").split(" ")[0]
    typed: object = {"true": True, "false": False}.get(word, int(word) if word.isdigit() else word)
    assert (param.default, type(param.default)) == (typed, type(typed))


@each_attr
def test_required(name: str, attr: str) -> None:
    needed = bool(fact(name, attr)["required"])
    assert param_of(name, attr).required is (needed and (name, attr) not in NOT_REQUIRED)
    assert needed or (name, attr) not in NOT_REQUIRED


@each_attr
def test_first_release(name: str, attr: str) -> None:
    told = fact(name, attr)["since_buildkit"]
    assert param_of(name, attr).since == SINCE.get((name, attr), told.split(" ")[0])


@each_attr
def test_secrecy(name: str, attr: str) -> None:
    assert param_of(name, attr).secret is fact(name, attr)["secret"]


@each_attr
def test_environment(name: str, attr: str) -> None:
    wanted: set[tuple[str, str]] = set()
    for readers, told in (fact(name, attr).get("env_fallback") or {}).items():
        for reader in readers.split(","):
            program = {"daemon": "buildkitd"}.get(reader.split(">=")[0], reader.split(">=")[0])
            if told and told.startswith("client AWS SDK default chain"):
                wanted.add((SDK_VARIABLES[attr], program))
            elif told:
                wanted |= {(word, program) for word in told.split(" ") if word.isupper() and "_" in word}
    assert {(env.variable, env.reader) for env in param_of(name, attr).env} == wanted


@each_backend
def test_the_backend_itself(owner: Backend) -> None:
    facts = BUILDKIT[owner.name]
    assert owner.export_only is not facts["import"]
    assert facts["export"] is True
    assert owner.capability == facts.get("cap", "")
    if "status" in facts:
        assert owner.status == facts["status"]
    first = {"registry": "v0.4.0"}.get(owner.name, facts["since_buildkit"])  # `type=registry`, as we write it
    assert owner.since == first
    assert first in facts["since_buildkit"]


# ---- within the catalog ----


@each_backend
def test_names_that_refer_to_parameters(owner: Backend) -> None:
    names = {param.name for param in owner.params}
    assert len(names) == len(owner.params)
    assert names.isdisjoint({USE.name, KEY.name})
    assert owner.key is not None
    assert owner.key.style in ("tag", "value", "joined")
    pairs = {name for pair in owner.exclusive for name in pair}
    assert {owner.key.param, *owner.place, *owner.exports_when, *owner.imports_when, *pairs} <= names
    for name in owner.exports_when:
        assert next(param for param in owner.params if param.name == name).takes(EXPORT)
    for name in owner.imports_when:
        assert next(param for param in owner.params if param.name == name).takes(IMPORT)


@each_param
def test_parameters_are_whole(owner: Backend, param: Param) -> None:
    del owner
    # The level is checked beside the kind of compression, and any text is a folder of a container.
    assert param.format in ("", "compression-level", "folder", *FORMATS)
    if param.choices:
        assert param.default is None or param.default in param.choices
    assert param.minimum is None or param.type is int
    assert not param.wire_import or param.direction == BOTH
    assert param.is_credential <= param.secret


@each_param
def test_docs_are_sentences(owner: Backend, param: Param) -> None:
    for text in (owner.doc, param.doc, *filter(None, [param.note])):
        assert text.endswith(".")
        assert text[0].isupper() or text[0] == "`"
        assert "\n" not in text
        assert "  " not in text
    assert not owner.title.endswith(".")


@pytest.mark.parametrize("known", facts.FACTS, ids=lambda known: known.name)
def test_docs_of_facts_are_sentences(known: Any) -> None:
    for text in (known.doc, *(param.doc for param in known.params)):
        assert text.endswith((".", '""`.'))
        assert text[0].isupper()
        assert "\n" not in text


# ---- one backend, one literal, one file ----


def test_the_files_of_the_folder_are_the_backends() -> None:
    files = {path.name for path in FOLDER.glob("*.py")}
    assert files >= OTHER_FILES
    assert sorted(path.removesuffix(".py") for path in files - OTHER_FILES) == sorted(
        b.name for b in BACKENDS
    )


@each_backend
def test_each_backend_is_one_literal(owner: Backend) -> None:
    tree = ast.parse((FOLDER / f"{owner.name}.py").read_text())
    docstring, *rest = tree.body
    assert isinstance(docstring, ast.Expr)
    statements = [node for node in rest if not isinstance(node, ast.ImportFrom)]
    (assigned,) = statements
    assert isinstance(assigned, ast.Assign)
    assert ast.unparse(assigned.targets[0]) == "BACKEND"
    assert isinstance(assigned.value, ast.Call)
    assert ast.unparse(assigned.value.func) == "Backend"
    called = {ast.unparse(node.func) for node in ast.walk(assigned.value) if isinstance(node, ast.Call)}
    assert called <= {"Backend", "Param", "Key", "Env"}
    for node in ast.walk(assigned.value):
        assert not isinstance(node, ast.IfExp | ast.Lambda | ast.comprehension | ast.JoinedStr)
