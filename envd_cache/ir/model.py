"""The intermediate representation: declared caches and the plan that they make, free of any dialect."""

from __future__ import annotations

from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from envd_cache.catalog.model import Backend, Direction
    from envd_cache.evaluate.model import CallSite, FactRead


class CacheDecl(Record, apart=("site", "places")):
    """One `cache.<backend>` call with its values by parameter name; an absent name was not given.

    `keys` are valid tags, without repeats: the first is written, all are read. `places` holds the
    position or keyword under which each value was given, for messages.
    """

    backend: Backend
    exports: bool
    imports: bool
    keys: tuple[str, ...]
    values: Mapping[str, object]
    places: Mapping[str, int | str]
    site: CallSite

    def __hash__(self) -> int:
        return hash((self.backend.name, self.keys, self.exports, self.imports))


class CacheEntry(Record, apart=("decl",)):
    """One export or import: BuildKit's type and attributes, in the order of the catalog.

    `name` is BuildKit's attribute, the value a str, bool, int or Secret; `emit.wire` spells it.
    """

    type: str
    direction: Direction
    attrs: tuple[tuple[str, object], ...]
    decl: CacheDecl

    def attr(self, name: str) -> object:
        """Return one attribute, or None when it is not set."""
        for known, value in self.attrs:
            if known == name:
                return value
        return None


class CachePlan(Record):
    """The caches of one target, each direction in declared order, and what the file asked of the world.

    `label` is the target as `//team/service:build`, `name` its function. `none` says that the file asked
    for no cache (`cache.none()`). `by_default` names the repository's default if that declared them.
    """

    label: str
    name: str
    exports: tuple[CacheEntry, ...] = ()
    imports: tuple[CacheEntry, ...] = ()
    declarations: tuple[CacheDecl, ...] = ()
    facts: tuple[FactRead, ...] = ()
    none: bool = False
    by_default: str = ""
