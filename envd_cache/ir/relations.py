"""What can be wrong between the arguments of one declaration, each of which is right by itself."""

from __future__ import annotations

from envd_cache.catalog.common import COMPRESSION, COMPRESSION_LEVEL, IMAGE_MANIFEST, OCI_MEDIATYPES
from envd_cache.catalog.model import EXPORT, IMPORT, Secret
from envd_cache.catalog.reference import split_reference
from envd_cache.diagnostics import WARNING
from envd_cache.problem import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.catalog.model import Backend, Param
    from envd_cache.ir.model import CacheDecl

# BuildKit's README; v0.32.2 itself fails late for gzip and clamps zstd in silence.
LEVELS = {"gzip": (0, 9), "estargz": (0, 9), "zstd": (0, 22)}


def problems_between(decl: CacheDecl, use: str) -> tuple[Problem, ...]:
    """Return the problems between a declaration's arguments. `use` is as it was written."""
    given = [param for param in decl.backend.params if param.name in decl.values]
    return (
        *_exclusive(decl),
        *_direction(decl, use),
        *_key(decl),
        *_digest(decl, given),
        *_ineffective(decl, given),
        *_without_need(decl, given),
        *_unread_keys(decl),
        *_compression(decl),
        *_manifest(decl),
        *_left_to_daemon(decl),
        *_credentials_on_import(decl, given),
    )


def _exclusive(decl: CacheDecl) -> Iterator[Problem]:
    for first, second in decl.backend.exclusive:
        if first in decl.values and second in decl.values:
            message = f"`{first}` and `{second}` cannot be given together"
            yield Problem("EC112", message, decl.places[second], on_name=True, hint="keep one of them")


def _direction(decl: CacheDecl, use: str) -> Iterator[Problem]:
    backend = decl.backend
    function = f"cache.{backend.name}"
    for wanted, possible, needed in (
        ("export", decl.exports, backend.exports_when),
        ("import", decl.imports, backend.imports_when),
    ):
        if use == wanted and not possible:
            listed = _listed(needed)
            message = f'`{function}` with `use="{use}"` needs {listed}'
            yield Problem("EC101", message, decl.places.get("use"), hint=_meaning(backend, needed[0]))
    if use == "both" and not decl.exports and not decl.imports:
        needed = (*backend.exports_when, *backend.imports_when)
        yield Problem("EC101", f"`{function}` needs {_listed(needed)}", hint=_meaning(backend, needed[0]))


def _meaning(backend: Backend, name: str) -> str:
    """Return the hint to give a parameter that is missing."""
    param = backend.param(name)
    return f"give `{name}`: {param.doc[:1].lower()}{param.doc[1:].rstrip('.')}" if param else ""


def _listed(names: tuple[str, ...]) -> str:
    quoted = [f"`{name}`" for name in dict.fromkeys(names)]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _key(decl: CacheDecl) -> Iterator[Problem]:
    key = decl.backend.key
    if not decl.keys or key is None:
        return
    argument = decl.places["key"]
    if key.style != "tag":
        if key.param in decl.values:
            message = f"`key` and `{key.param}` cannot be given together: the key is the {key.param}"
            yield Problem("EC112", message, argument, on_name=True, hint="keep one of them")
        if key.param == "tag" and "digest" in decl.values:
            message = "`key` and `digest` cannot be given together"
            yield Problem("EC112", message, argument, on_name=True, hint="keep one of them")
        return
    if key.param not in decl.places:
        param = decl.backend.param(key.param)
        if param is None or param.required:
            return  # is said already
        message = f"`cache.{decl.backend.name}` with `key` needs `{key.param}`"
        yield Problem("EC101", message, hint=_meaning(decl.backend, key.param))
    elif key.param in decl.values:
        parts = split_reference(str(decl.values[key.param]))
        if parts.tag or parts.digest:
            what = f"the tag `{parts.tag}`" if parts.tag else "a digest"
            message = f"`{key.param}` has {what}, and `key` is the tag"
            yield Problem("EC112", message, decl.places[key.param], hint="write the reference without it")


def _digest(decl: CacheDecl, given: list[Param]) -> Iterator[Problem]:
    for param in given:
        if param.format != "reference" or not param.takes(EXPORT):
            continue
        if decl.exports and split_reference(str(decl.values[param.name])).digest:
            message = f"`{param.name}` has a digest: an export never moves a tag then, and nothing finds it"
            hint = 'write a tag, or `use="import"` to read this digest only'
            yield Problem("EC109", message, decl.places[param.name], hint=hint)


def _ineffective(decl: CacheDecl, given: list[Param]) -> Iterator[Problem]:
    if not decl.exports and not decl.imports:
        return
    for param in given:
        if (param.takes(EXPORT) and decl.exports) or (param.takes(IMPORT) and decl.imports):
            continue
        only = "an export" if param.direction == EXPORT else "an import"
        message = f"`{param.name}` has no effect: only {only} takes it"
        argument = decl.places[param.name]
        key = decl.backend.key
        keyed = decl.keys and key and key.style == "tag" and key.param == param.name
        hint = "remove it and `key`" if keyed else "remove it"
        yield Problem("EC117", message, argument, on_name=True, severity=WARNING, hint=hint)


def _without_need(decl: CacheDecl, given: list[Param]) -> Iterator[Problem]:
    for param in given:
        if param.needs and param.needs not in decl.places:
            message = f"`{param.name}` has no effect without `{param.needs}`"
            hint = f"give `{param.needs}` too, or remove it"
            argument = decl.places[param.name]
            yield Problem("EC117", message, argument, on_name=True, severity=WARNING, hint=hint)


def _unread_keys(decl: CacheDecl) -> Iterator[Problem]:
    if decl.exports and not decl.imports and len(decl.keys) > 1:
        message = f'only the first key has an effect with `use="{EXPORT}"`: the others are for reading'
        hint = "keep the first key only"
        yield Problem("EC117", message, decl.places["key"], (1,), severity=WARNING, hint=hint)


def _compression(decl: CacheDecl) -> Iterator[Problem]:
    level = decl.values.get(COMPRESSION_LEVEL.name)
    if not isinstance(level, int) or (
        COMPRESSION.name in decl.places and COMPRESSION.name not in decl.values
    ):
        return
    kind = str(decl.values.get(COMPRESSION.name, COMPRESSION.default))
    argument = decl.places[COMPRESSION_LEVEL.name]
    if kind not in LEVELS:
        message = f'`{COMPRESSION_LEVEL.name}` has no effect with `{COMPRESSION.name}="{kind}"`'
        yield Problem("EC117", message, argument, on_name=True, severity=WARNING, hint="remove it")
        return
    lowest, highest = LEVELS[kind]
    if not lowest <= level <= highest:
        message = f"`{COMPRESSION_LEVEL.name}` must be from {lowest} to {highest} for {kind}, not {level}"
        yield Problem("EC107", message, argument, hint=f"give a level from {lowest} to {highest}")


def _manifest(decl: CacheDecl) -> Iterator[Problem]:
    image, oci = IMAGE_MANIFEST.name, OCI_MEDIATYPES.name
    if decl.values.get(image) is True and decl.values.get(oci) is False:
        message = f"`{image}=True` needs OCI media types, and `{oci}` is False"
        yield Problem(
            "EC112", message, decl.places[image], hint="BuildKit would fail at the end of the build"
        )


def _left_to_daemon(decl: CacheDecl) -> Iterator[Problem]:
    for param in decl.backend.params:
        if param.required and param.env and param.name not in decl.places:
            names = " or ".join(f"`{env.variable}`" for env in param.env)
            message = f"`cache.{decl.backend.name}` does not say `{param.name}`"
            hint = f"it works only where the BuildKit daemon itself has {names} in its environment"
            yield Problem("EC113", message, severity=WARNING, hint=hint)


def _credentials_on_import(decl: CacheDecl, given: list[Param]) -> Iterator[Problem]:
    if not decl.imports:
        return
    for param in given:
        if param.takes(IMPORT) and isinstance(decl.values[param.name], Secret):
            message = f"`{param.name}` on an import is kept in clear text in BuildKit's build history"
            hint = 'let the daemon have its own identity, or write `use="export"`'
            yield Problem("EC205", message, decl.places[param.name], severity=WARNING, hint=hint)
