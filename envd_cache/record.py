"""Immutable records: defaults, equality, a readable repr. Knows nothing of the product.

Why not `dataclasses`: importing it costs about 10 ms (it pulls in `inspect` and `re`) and each class
0.4 ms more, while a whole `envd-cache compile` takes about 14 ms. A class here costs 10 microseconds and
type checkers see an ordinary frozen dataclass. Values lie in the instance's dictionary and defaults in
the class: the catalog makes two hundred records at each start, and most of their fields have defaults.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self, dataclass_transform
else:

    def dataclass_transform(**_options):  # noqa: D103 - stands in for typing's
        return lambda cls: cls


@dataclass_transform(frozen_default=True)
class Record:
    """Base of all values that the phases hand to each other.

    Fields are the annotated names of a class body; their values in the body are defaults. They are given
    by position or by name. `class X(Record, apart=("span",))` keeps `span` out of equality and hash:
    where a thing was written takes no part in what it is.
    """

    if TYPE_CHECKING:
        _fields: tuple[str, ...]
        _apart: frozenset[str]

        def __init_subclass__(cls, *, apart: tuple[str, ...] = ()) -> None: ...

    else:
        _fields = ()
        _known = _required = _apart = frozenset()

        def __init_subclass__(cls, *, apart=()):
            body = vars(cls)
            own = tuple(body.get("__annotations__", ()))
            cls._fields += own
            cls._known = frozenset(cls._fields)
            cls._required = cls._required.union(own).difference(body)
            if apart:
                cls._apart = cls._apart.union(apart)

        def __init__(self, *values, **named):
            if values:
                fields, given, at = self._fields, len(values) + len(named), 0
                # Without `zip`, `enumerate` and `|`, which take as long as all the rest of this.
                for value in values[: len(fields)]:
                    named[fields[at]] = value
                    at += 1  # noqa: SIM113 - see above
                if len(named) != given:
                    raise TypeError(f"{type(self).__name__} got too many values, or one of them twice")
            if self._required.difference(named) or not self._known.issuperset(named):
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
