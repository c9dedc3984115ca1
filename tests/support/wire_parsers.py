"""Readers of everything that `envd-cache compile` writes, one for each tool that will read it.

They are written from the tools' own rules, not from `envd_cache.emit`, so that a plan which survives
emitter and reader was spelled right. An `Entry` is BuildKit's CacheOptionsEntry: type and attributes.
A text that the tool refuses raises `WireError` with the words of the tool.

What a tool takes from its environment (the GitHub token and URLs) is modelled only when `environment`
is given; without it entries come back as they were written.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import yaml
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.unknown_fields import UnknownFieldSet

from tests.support import templates
from tests.support.csv_forms import Dialect, WireError, csv_fields, node_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from google.protobuf.message import Message

__all__ = [
    "Entries",
    "Entry",
    "WireError",
    "bake",
    "buildctl",
    "buildx",
    "compose",
    "csv_fields",
    "envd",
    "frontend",
    "github_actions",
    "llb",
    "protobuf",
]

Entry = tuple[str, dict[str, str]]
Entries = tuple[list[Entry], list[Entry]]
"""(exports, imports)"""

# What String.prototype.trim() of JavaScript takes away.
_JS_SPACE = "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
_JS_SPACE += "\u2028\u2029\u202f\u205f\u3000\ufeff"

_REQUIRED = {("registry", "exporter"): "ref", ("registry", "importer"): "ref"}
_REQUIRED |= {("local", "exporter"): "dest", ("local", "importer"): "src"}


def buildctl(argv: Sequence[str], environment: Mapping[str, str] | None = None) -> Entries:
    """Read `buildctl build` flags (v0.15 and later): --export-cache and --import-cache, each repeatable."""
    exports, imports = _flags(argv, {"--export-cache": 0, "--import-cache": 1})
    entries = (
        [_moby_entry(text, "--export-cache", "go-csvvalue") for text in exports],
        [_moby_entry(text, "--import-cache", "go-csvvalue") for text in imports],
    )
    if environment is not None:
        entries = ([_github_env(e, environment, strict=True) for e in entries[0]], entries[1])
    _check_client(entries[0], "exporter")
    _check_client(entries[1], "importer")
    _check_duplicates(entries[0])
    return entries


def envd(argv: Sequence[str]) -> Entries:
    """Read `envd build` flags: of each flag only the last counts, and an empty one says nothing."""
    names = {"--export-cache": 0, "-ec": 0, "--import-cache": 1, "-ic": 1}
    exports, imports = _flags(argv, names)
    entries = (
        [_moby_entry(text, "--export-cache", "encoding-csv") for text in exports[-1:] if text],
        [_moby_entry(text, "--import-cache", "encoding-csv") for text in imports[-1:] if text],
    )
    _check_client(entries[0], "exporter")
    return entries


def buildx(argv: Sequence[str], environment: Mapping[str, str] | None = None) -> Entries:
    """Read `docker buildx build` flags (v0.16 and later): --cache-to and --cache-from, each repeatable."""
    exports, imports = _flags(argv, {"--cache-to": 0, "--cache-from": 1})
    return _buildx(exports, imports, environment)


def bake(text: str, variables: Mapping[str, str]) -> dict[str, Entries]:
    """Read a bake JSON file: {target: entries}. `variables` is the environment that bake runs in."""
    document = json.loads(text, object_pairs_hook=_unique)
    for kind in ("variable", "group", "target"):
        if document.get(kind) == {}:
            raise WireError(
                "Missing block label; At least one object property is required, "
                f"whose name represents the {kind} block's name."
            )
    known: dict[str, str | None] = {}
    for name, block in document.get("variable", {}).items():
        default = block.get("default", "")
        known[name] = variables.get(name, default and templates.hcl(default, known))
    found: dict[str, Entries] = {}
    for name, target in document.get("target", {}).items():
        if re.fullmatch("[a-zA-Z0-9_-]+", name) is None:
            raise WireError('Invalid name; only "[a-zA-Z0-9_-]+" are allowed')
        if "inherits" in target:
            raise WireError("inherits is not modelled")
        lists = [
            [templates.hcl(item, known) for item in _strings(target.get(key, []))]
            for key in ("cache-to", "cache-from")
        ]
        found[name] = _merged(lists)
    return found


def compose(text: str, environment: Mapping[str, str], *, via_bake: bool = False) -> dict[str, Entries]:
    """Read a compose file: {service: entries} of its services that have `build`.

    `via_bake` is how docker compose builds today: it hands the interpolated strings to `buildx bake`
    unescaped, so that `${` and `%{` in them are read once more.
    """
    found: dict[str, Entries] = {}
    for name, service in _yaml(text)["services"].items():
        if "build" not in service:
            continue
        lists = []
        for key in ("cache_to", "cache_from"):
            items = [templates.compose(i, environment) for i in _strings(service["build"].get(key, []))]
            lists.append([templates.hcl(item, {}) for item in items] if via_bake else items)
        found[name] = _merged(lists)
    return found


def github_actions(text: str, secrets: Mapping[str, str]) -> Entries:
    """Read the inputs `cache-to` and `cache-from` of docker/build-push-action, wherever they stand in a YAML.

    The runner evaluates expressions; the action splits the input into records (csv-parse), joins the
    fields of each again with commas, without their quotes, trims it and hands it to buildx.
    """
    holders = list(_holders(_yaml(text), {"cache-to", "cache-from"}))
    if len(holders) != 1:
        raise WireError(f"{len(holders)} steps with caches")
    lists = []
    for key in ("cache-to", "cache-from"):
        value = holders[0].get(key, "")
        if not isinstance(value, str):
            raise WireError(f"the input {key} is no string")
        records = node_records(templates.github(value, secrets).strip(_JS_SPACE))
        joined = [",".join(record) for record in records]
        lists.append([item.strip(_JS_SPACE) for item in joined if item])
    return _buildx(lists[0], lists[1], None)


def llb(text: str) -> Entries:
    """Read moby.buildkit.v1.CacheOptions as JSON. `Secrets` beside the attributes of an entry is left out."""
    document = json.loads(text, object_pairs_hook=_unique)
    _only(document, {"Exports", "Imports"})
    exports, imports = document.get("Exports", []), document.get("Imports", [])
    allowed = {"Type", "Attrs", "Secrets"}
    return [_json_entry(e, allowed) for e in exports], [_json_entry(e, allowed) for e in imports]


def frontend(text: str) -> list[Entry]:
    """Read the frontend attribute `cache-imports`: a JSON array of entries with capital keys."""
    return [_json_entry(e, {"Type", "Attrs"}) for e in json.loads(text, object_pairs_hook=_unique)]


def protobuf(data: bytes) -> Entries:
    """Read the bytes of moby.buildkit.v1.CacheOptions: Exports is field 4, Imports is field 5."""
    message: Any = _cache_options()()
    message.ParseFromString(data)
    for part in (message, *message.Exports, *message.Imports):
        if len(UnknownFieldSet(part)):
            raise WireError("fields that CacheOptions does not have")
    exports, imports = message.Exports, message.Imports
    return [(e.Type, dict(e.Attrs)) for e in exports], [(e.Type, dict(e.Attrs)) for e in imports]


def _cache_options() -> type[Message]:
    """Return the class of CacheOptions, made from its fields in api/services/control/control.proto."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="control.proto", package="moby.buildkit.v1", syntax="proto3"
    )
    entry = file.message_type.add(name="CacheOptionsEntry")
    pair = entry.nested_type.add(name="AttrsEntry")
    pair.options.map_entry = True
    for number, name in enumerate(("key", "value"), 1):
        pair.field.add(name=name, number=number, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    entry.field.add(name="Type", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    kinds = {"type": field.TYPE_MESSAGE, "label": field.LABEL_REPEATED}
    entry.field.add(
        name="Attrs", number=2, type_name=".moby.buildkit.v1.CacheOptionsEntry.AttrsEntry", **kinds
    )
    options = file.message_type.add(name="CacheOptions")
    for number, name in ((4, "Exports"), (5, "Imports")):
        options.field.add(name=name, number=number, type_name=".moby.buildkit.v1.CacheOptionsEntry", **kinds)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("moby.buildkit.v1.CacheOptions"))


def _flags(argv: Sequence[str], names: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """Sort the values of `--flag VALUE` and `--flag=VALUE` into the list that `names` gives to the flag."""
    values: tuple[list[str], list[str]] = ([], [])
    rest = iter(argv)
    for argument in rest:
        flag, equals, value = argument.partition("=")
        if flag not in names:
            raise WireError(f"not a cache flag: {argument}")
        if not equals:
            value = next(rest, "\0")
            if value == "\0":
                raise WireError(f"flag needs an argument: {flag}")
        values[names[flag]].append(value)
    return values


def _moby_entry(text: str, flag: str, dialect: Dialect) -> Entry:
    """Read the value of a flag of buildctl or envd. A text without `type=` is the ref of a registry."""
    mode = {"mode": "min"} if flag == "--export-cache" else {}
    if "type=" not in text:
        return "registry", {**mode, "ref": text}
    kind, attrs = _pairs(csv_fields(text, dialect))
    if not kind:
        raise WireError(f"{flag} requires type=<type>")
    return kind, {**mode, **attrs}


def _pairs(fields: Iterable[str]) -> Entry:
    """Split `key=value` fields. Keys are lower-cased, spaces stay, the last of a repeated key wins."""
    kind, attrs = "", {}
    for field in fields:
        key, equals, value = field.partition("=")
        if not equals:
            raise WireError(f"invalid value {field}")
        if key.lower() == "type":
            kind = value
        else:
            attrs[key.lower()] = value
    return kind, attrs


def _buildx_entries(texts: Iterable[str]) -> list[Entry]:
    """Read strings as buildx does; one without `=` is a list of refs, and an empty one says nothing."""
    entries: list[Entry] = []
    for text in texts:
        if not text:
            continue
        fields = csv_fields(text, "go-csvvalue")
        if "=" not in text:
            entries += [
                ("registry", {"ref": ref}) for part in fields for ref in csv_fields(part, "go-csvvalue")
            ]
            continue
        kind, attrs = _pairs(fields)
        if not kind:
            raise WireError(f"type required for {json.dumps(text, ensure_ascii=False)}")
        entries.append((kind, attrs))
    return entries


def _buildx(exports: list[str], imports: list[str], environment: Mapping[str, str] | None) -> Entries:
    entries = _buildx_entries(exports), _buildx_entries(imports)
    if environment is not None:
        filled = [[_github_env(e, environment, strict=False) for e in each] for each in entries]
        entries = [e for e in filled[0] if _active(e)], [e for e in filled[1] if _active(e)]
    _check_client(entries[0], "exporter")
    _check_client(entries[1], "importer")
    _check_duplicates(entries[0])
    return entries


def _merged(lists: list[list[str]]) -> Entries:
    """Read the two lists of a bake target or service, in which equal entries are one."""
    entries: Entries = ([], [])
    for each, texts in zip(entries, lists, strict=True):
        for entry in _buildx_entries(texts):
            if entry not in each:
                each.append(entry)
    _check_client(entries[0], "exporter")
    _check_client(entries[1], "importer")
    _check_duplicates(entries[0])
    return entries


def _active(entry: Entry) -> bool:
    """Tell whether buildx keeps an entry: it drops `gha` without a token or a URL, and does not say so."""
    kind, attrs = entry
    return kind != "gha" or ("token" in attrs and ("url" in attrs or "url_v2" in attrs))


def _github_env(entry: Entry, environment: Mapping[str, str], *, strict: bool) -> Entry:
    """Fill the token and the URLs of `gha` from the environment. buildctl is `strict`: it asks for them."""
    kind, attrs = entry[0], dict(entry[1])
    if kind != "gha":
        return entry
    truthy = environment.get("ACTIONS_CACHE_SERVICE_V2") in ("1", "t", "T", "TRUE", "true", "True")
    results = environment.get("ACTIONS_RESULTS_URL")
    if results is not None and (attrs.get("version") == "2" or ("version" not in attrs and truthy)):
        attrs.setdefault("url_v2", results)
    url = environment.get("ACTIONS_CACHE_URL", results)
    if url is not None:
        attrs.setdefault("url", url)
    elif strict and "url" not in attrs and "url_v2" not in attrs:
        raise WireError("cache with type gha requires url parameter to be set")
    if "ACTIONS_RUNTIME_TOKEN" in environment:
        attrs.setdefault("token", environment["ACTIONS_RUNTIME_TOKEN"])
    elif strict and "token" not in attrs:
        raise WireError("cache with type gha requires token parameter or $ACTIONS_RUNTIME_TOKEN")
    return kind, attrs


def _check_client(entries: Iterable[Entry], role: str) -> None:
    """Ask for what the Go client library asks for before it calls the daemon."""
    for kind, attrs in entries:
        needed = _REQUIRED.get((kind, role))
        if needed and not attrs.get(needed):
            raise WireError(f"{kind} cache {role} requires {needed}")


def _check_duplicates(exports: list[Entry]) -> None:
    """Refuse two exports to one place, as the daemon does: registry by its raw ref, others by everything."""
    places = [(kind, attrs.get("ref") if kind == "registry" else attrs) for kind, attrs in exports]
    twice = [place for i, place in enumerate(places) if places.index(place) == i and place in places[i + 1 :]]
    if twice:
        raise WireError(f"duplicate cache exports [{' '.join(kind for kind, _ in twice)}]")


def _strings(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise WireError(f"not a list of strings: {value!r}")
    return value


def _json_entry(value: dict[str, Any], allowed: set[str]) -> Entry:
    _only(value, allowed)
    attrs = value.get("Attrs", {})
    if not all(isinstance(item, str) for item in (value["Type"], *attrs.values())):
        raise WireError(f"attributes are strings: {value!r}")
    return value["Type"], attrs


def _only(value: Mapping[str, object], allowed: set[str]) -> None:
    if extra := sorted(value.keys() - allowed):
        raise WireError(f"unknown field {extra[0]}")


def _holders(value: object, keys: set[str]) -> Iterable[dict[str, object]]:
    """Yield the mappings, at any depth, that have one of the keys."""
    if isinstance(value, dict):
        if value.keys() & keys:
            yield value
        for item in value.values():
            yield from _holders(item, keys)
    elif isinstance(value, list):
        for item in value:
            yield from _holders(item, keys)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object of JSON and refuse a key that stands twice, as HCL does."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise WireError("a key stands twice in one object")
    return made


class _Loader(yaml.SafeLoader):
    """YAML with mappings in which no key stands twice, as compose and GitHub ask for."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        made = super().construct_mapping(node, deep=deep)
        if len(made) != len(node.value):
            raise WireError("a key stands twice in one mapping")
        return made


def _yaml(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)
