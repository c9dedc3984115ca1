"""Immutable records: defaults, equality, a readable repr. Knows nothing of the product.

Why not `dataclasses`: importing it costs about 10 ms (it pulls in `inspect` and `re`) and each class
0.4 ms more, while a whole `envd-cache compile` takes about 14 ms. A class here costs 10 microseconds and
type checkers see an ordinary frozen dataclass. Values lie in the instance's dictionary and defaults in
the class: the catalog makes two hundred records at each start, and most of their fields have defaults.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self, dataclass_transform
else:

    def dataclass_transform(**_options):  # noqa: D103 - stands in for typing's
        return lambda cls: cls


class _RecordType(type):
    """Collects the annotated names of a class body; their values in the body are defaults."""

    def __new__(
        cls, name: str, bases: tuple[type, ...], body: dict[str, Any], *, apart: tuple[str, ...] = ()
    ) -> _RecordType:
        made: Any = super().__new__(cls, name, bases, body)
        own = tuple(body.get("__annotations__", ()))
        made._fields = getattr(made, "_fields", ()) + own
        made._known = frozenset(made._fields)
        made._required = getattr(made, "_required", frozenset()).union(own).difference(body)
        made._apart = getattr(made, "_apart", frozenset()).union(apart)
        return made  # type: ignore[no-any-return]


@dataclass_transform(frozen_default=True)
class Record(metaclass=_RecordType):
    """Base of all values that the phases hand to each other.

    Fields are given by position or by name. `class X(Record, apart=("span",))` keeps `span` out of
    equality and hash: where a thing was written takes no part in what it is.
    """

    if TYPE_CHECKING:
        _fields: tuple[str, ...]
        _apart: frozenset[str]

        def __init_subclass__(cls, *, apart: tuple[str, ...] = ()) -> None: ...

    else:

        def __init__(self, *values, **named):
            if values:
                given = dict(zip(self._fields, values, strict=False))
                if len(values) > len(self._fields) or not given.keys().isdisjoint(named):
                    raise TypeError(f"{type(self).__name__} got too many values, or one of them twice")
                named |= given
            if not self._required <= named.keys() <= self._known:
                missing = sorted(self._required - named.keys()) or sorted(named.keys() - self._known)
                raise TypeError(f"{type(self).__name__}: missing or unknown field `{missing[0]}`")
            self.__dict__.update(named)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def _identity(self) -> tuple[object, ...]:
        return tuple(getattr(self, field) for field in self._fields if field not in self._apart)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash((type(self), self._identity()))

    def __repr__(self) -> str:
        shown = ", ".join(f"{field}={getattr(self, field)!r}" for field in self._fields)
        return f"{type(self).__name__}({shown})"

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        return (type(self), tuple(getattr(self, field) for field in self._fields))

    def replace(self, **changes: object) -> Self:
        """Return a copy with the named fields changed."""
        return type(self)(**{**self.__dict__, **changes})
