"""The JSON Schema of cache declarations, from the catalog: for editors, generators and other tools."""

from __future__ import annotations

from envd_cache.catalog import BACKENDS
from envd_cache.catalog.common import KEY, USE
from envd_cache.catalog.model import BOTH, Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.catalog.model import Backend, Param

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, object]:
    """Return the schema of a list of declarations, each an object with `backend` and its arguments.

    A secret is `{"secret": "NAME"}`, as `cache.secret("NAME")`. What lies between arguments (a digest
    with an export, two parameters that exclude each other) is not in it; `envd-cache compile` checks that.
    """
    return {
        "$schema": DIALECT,
        "title": "Cache declarations",
        "description": "The arguments of envd-cache's `cache.*` functions.",
        "type": "array",
        "items": {"oneOf": [{"$ref": f"#/$defs/{backend.name}"} for backend in BACKENDS]},
        "$defs": {
            "secret": {
                "description": "The name of an environment variable that holds a credential.",
                "type": "object",
                "properties": {"secret": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}},
                "required": ["secret"],
                "additionalProperties": False,
            },
            **{backend.name: _backend(backend) for backend in BACKENDS},
        },
    }


def _backend(backend: Backend) -> dict[str, object]:
    params = (*backend.params, USE, KEY)
    made: dict[str, object] = {
        "title": backend.title,
        "description": backend.doc,
        "type": "object",
        "properties": {
            "backend": {"const": backend.name},
            **{param.name: _param(param) for param in params},
        },
        "required": ["backend", *(param.name for param in params if param.required and not param.env)],
        "additionalProperties": False,
        "x-since": backend.since,
    }
    if backend.exports_when and backend.imports_when:
        names = dict.fromkeys((*backend.exports_when, *backend.imports_when))
        made["anyOf"] = [{"required": [name]} for name in names]
    if backend.exclusive:
        made["not"] = {"anyOf": [{"required": list(pair)} for pair in backend.exclusive]}
    return made


def _param(param: Param) -> dict[str, object]:
    made = _type(param.type)
    if param.choices:
        made["enum"] = list(param.choices)
    if param.minimum is not None:
        made["minimum"] = param.minimum
    made["description"] = f"{param.doc} {param.note}".strip()
    if param.default is not None:
        made["default"] = param.default
    if param.direction != BOTH:
        made["x-direction"] = param.direction
    if param.since:
        made["x-since"] = param.since
    if param.env:
        readers = dict.fromkeys(env.reader for env in param.env)
        made["x-environment"] = {
            reader: [env.variable for env in param.env if env.reader == reader] for reader in readers
        }
    return made


def _type(form: object) -> dict[str, object]:
    simple: dict[object, dict[str, object]] = {
        str: {"type": "string"},
        bool: {"type": "boolean"},
        int: {"type": "integer"},
        Secret: {"$ref": "#/$defs/secret"},
    }
    if form in simple:
        return dict(simple[form])
    arguments: tuple[object, ...] = getattr(form, "__args__", ())
    if getattr(form, "__origin__", None) is list:
        return {"type": "array", "items": _type(arguments[0]), "minItems": 1}
    return {"anyOf": [_type(choice) for choice in arguments]}
