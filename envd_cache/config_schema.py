"""The JSON Schema of the configuration, from the same table as its reader: for editors."""

from __future__ import annotations

from envd_cache.config_keys import CHOICE, FORMS, FUNCTION, GLOBS, KEYS, LEVELS, RELEASE, RULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from envd_cache.config_keys import Key

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(rules: Mapping[str, str] | None = None) -> dict[str, object]:
    """Return the schema of `envd-cache.toml`, and of `[tool.envd-cache]` in `pyproject.toml`.

    `rules` are the names of the known rules by code; without them any name is taken. Five mistakes are
    beyond it, which the reader finds: letters in `[` and `]` that a glob cannot have, a backslash at the
    end of a glob, a rule that is set by its name and by its code, an error that is turned down, and a
    section for no file.
    """
    return {
        "$schema": DIALECT,
        "title": "envd-cache.toml",
        "description": "What a repository says about its caches.",
        **_table(KEYS, rules),
    }


def _table(keys: tuple[Key, ...], rules: Mapping[str, str] | None) -> dict[str, object]:
    return {
        "type": "object",
        "properties": {key.name: _key(key, rules) for key in keys},
        "additionalProperties": False,
    }


def _key(key: Key, rules: Mapping[str, str] | None) -> dict[str, object]:
    made = _value(key, rules)
    made["description"] = key.doc
    if key.default:
        made["default"] = key.default
    made["examples"] = [_example(key)]
    return made


def _value(key: Key, rules: Mapping[str, str] | None) -> dict[str, object]:
    if key.kind in (FUNCTION, RELEASE):
        return {"type": "string", "pattern": FORMS[key.kind]}
    if key.kind == CHOICE:
        return {"enum": list(key.choices)}
    if key.kind == GLOBS:
        return {"type": "array", "items": {"type": "string", "pattern": FORMS[GLOBS]}}
    if key.kind == RULES:
        level: dict[str, object] = {"enum": list(LEVELS)}
        if rules is None:
            return {"type": "object", "additionalProperties": level}
        known = [*rules, *sorted(rules.values())]
        return {
            "type": "object",
            "properties": dict.fromkeys(known, level),
            "additionalProperties": False,
        }
    sections = _table(key.keys, rules) | {"required": [part.name for part in key.keys]}
    return {"type": "array", "items": sections}


def _example(key: Key) -> object:
    import tomllib  # noqa: PLC0415 - only for a schema

    return tomllib.loads(key.example)[key.name]
