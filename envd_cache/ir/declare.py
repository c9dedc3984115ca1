"""Turns one `cache.<backend>` call into a declaration, and a declaration into exports and imports."""

from __future__ import annotations

from envd_cache.catalog.bind import bind
from envd_cache.catalog.common import COMPRESSION_LEVEL, IMAGE_MANIFEST, KEY, USE
from envd_cache.catalog.model import EXPORT, IMPORT, Secret
from envd_cache.catalog.reference import is_tag
from envd_cache.ir.model import CacheDecl, CacheEntry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from envd_cache.catalog.model import Backend, Direction, Key
    from envd_cache.evaluate.model import RecordedCall
    from envd_cache.problem import Problem


def declare(backend: Backend, call: RecordedCall) -> tuple[CacheDecl | None, tuple[Problem, ...]]:
    """Return what a call declares, and all that is wrong with it; None when it cannot be used."""
    bound = bind(call.function, (*backend.params, USE, KEY), call.args, call.kwargs)
    values = dict(bound.values)
    use = values.pop("use", "both")
    given = values.pop("key", ())
    keys = _slugs(given if isinstance(given, list) else [given]) if given else ()
    decl = CacheDecl(
        backend=backend,
        exports=use != "import" and _possible(backend.exports_when, bound.places),
        imports=use != "export" and _possible(backend.imports_when, bound.places),
        keys=keys,
        values=values,
        places={**dict.fromkeys(bound.meant, ""), **bound.places},
        site=call.site,
    )
    problems = bound.problems
    if problems or not _stands_plainly(decl):
        from envd_cache.ir.relations import problems_between  # noqa: PLC0415 - only where it may say much

        problems += problems_between(decl, str(use))
    refused = any(problem.severity == "error" for problem in problems)
    return (None if refused else decl), problems


def _stands_plainly(decl: CacheDecl) -> bool:
    """Say whether nothing can be wrong between the arguments of a declaration that are right one by one.

    It may only accept what `relations` accepts, which decides the rest.
    """
    backend, key, given = decl.backend, decl.backend.key, decl.places
    if not (decl.exports and decl.imports):
        return False
    if decl.keys and (key is None or key.style == "tag" or key.param in given or "digest" in given):
        return False
    for param in backend.params:
        name = param.name
        if name not in given:
            if param.required:
                return False
            continue
        value = decl.values[name]
        if param.needs or param is COMPRESSION_LEVEL or param is IMAGE_MANIFEST or isinstance(value, Secret):
            return False
        if param.format == "reference" and "@" in str(value):
            return False
    return not any(first in given and second in given for first, second in backend.exclusive)


def _slugs(keys: list[object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([_slug(str(key)) for key in keys]))


def _slug(key: str) -> str:
    if is_tag(key):
        return key
    from envd_cache.evaluate.slug import slug  # noqa: PLC0415 - most keys are tags as they are

    return slug(key)


def _possible(needed: tuple[str, ...], given: Mapping[str, object]) -> bool:
    return not needed or any(name in given for name in needed)


def entries(decl: CacheDecl) -> tuple[tuple[CacheEntry, ...], tuple[CacheEntry, ...]]:
    """Return a declaration's exports (one at most) and its imports (one a key)."""
    backend, keys = decl.backend, decl.keys
    exports: tuple[CacheEntry, ...] = ()
    imports: tuple[CacheEntry, ...] = ()
    if decl.exports:
        exports = (_entry(decl, EXPORT, backend.name, keys[:1]),)
    if decl.imports:
        kind = backend.import_type or backend.name
        groups = [keys] if backend.key and backend.key.style == "joined" else [(key,) for key in keys]
        imports = tuple([_entry(decl, IMPORT, kind, group) for group in groups or [()]])
    return exports, imports


def _entry(decl: CacheDecl, direction: Direction, kind: str, keys: tuple[str, ...]) -> CacheEntry:
    values = decl.values
    backend = decl.backend
    if keys and backend.key:
        values = {**values, backend.key.param: _keyed(backend.key, values.get(backend.key.param), keys)}
    attrs: list[tuple[str, object]] = []
    for param in backend.params:
        if param.name in values and param.takes(direction):
            attrs.append((param.wire_name(direction), values[param.name]))
    return CacheEntry(kind, direction, tuple(attrs), decl)


def _keyed(key: Key, value: object, keys: tuple[str, ...]) -> str:
    if key.style == "tag":
        return f"{value}:{keys[0]}"
    return ";".join(keys)
