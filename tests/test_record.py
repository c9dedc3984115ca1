from __future__ import annotations

import copy
import pickle

import pytest

from envd_cache.record import Record


class Point(Record):
    """Two numbers."""

    x: int
    y: int = 0


class Named(Point, apart=("note",)):
    """A point with a name, and a note that does not count."""

    name: str = ""
    note: str = ""


class Other(Record):
    """The same fields as a point."""

    x: int
    y: int = 0


class Shared(Record):
    """A value that could be changed, were it not a default."""

    items: tuple[int, ...] = ()


def test_fields_by_position_and_by_name() -> None:
    assert (Point(1).x, Point(1).y) == (1, 0)
    assert Point(1, 2) == Point(x=1, y=2) == Point(1, y=2) == Point(y=2, x=1)


def test_inherited_fields_come_first() -> None:
    made = Named(1, 2, "a", "b")
    assert (made.x, made.y, made.name, made.note) == (1, 2, "a", "b")


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((), {}),
        ((), {"y": 1}),
        ((1, 2, 3), {}),
        ((1,), {"x": 1}),
        ((1,), {"z": 1}),
        ((1,), {"_fields": ()}),
    ],
)
def test_wrong_fields(args: tuple[int, ...], kwargs: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="Point"):
        Point(*args, **kwargs)  # type: ignore[arg-type]


def test_equality() -> None:
    assert Point(1, 2) == Point(1, 2)
    assert Point(1, 2) != Point(2, 1)
    assert Point(1, 2) != Other(1, 2)
    assert Point(1, 2) != Named(1, 2)
    assert Point(1, 2) != (1, 2)


def test_what_is_apart_takes_no_part() -> None:
    assert Named(1, note="a") == Named(1, note="b")
    assert hash(Named(1, note="a")) == hash(Named(1, note="b"))
    assert Named(1, name="a") != Named(1, name="b")


def test_hash() -> None:
    assert hash(Point(1, 2)) == hash(Point(1, 2))
    assert len({Point(1), Point(1, 0), Point(2), Other(1)}) == 3


def test_records_do_not_change() -> None:
    made = Point(1)
    for name in ("x", "y", "z"):
        with pytest.raises(AttributeError, match="Point is immutable"):
            setattr(made, name, 2)
        with pytest.raises(AttributeError, match="Point is immutable"):
            delattr(made, name)
    assert made == Point(1)


def test_replace() -> None:
    made = Named(1, 2, "a", "b")
    changed = made.replace(y=3, note="c")
    assert type(changed) is Named
    assert (changed.x, changed.y, changed.name, changed.note) == (1, 3, "a", "c")
    assert (made.y, made.note) == (2, "b")
    with pytest.raises(TypeError):
        made.replace(z=1)


def test_repr() -> None:
    assert repr(Point(1)) == "Point(x=1, y=0)"
    assert repr(Named(1, 2, "a")) == "Named(x=1, y=2, name='a', note='')"


def test_copies() -> None:
    made = Named(1, 2, "a", "b")
    for copied in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert copied == made
        assert (type(copied), copied.note) == (Named, "b")


def test_defaults_are_not_shared_by_assignment() -> None:
    one = Shared((1,))
    assert (one.items, Shared().items) == ((1,), ())


def test_a_match_statement_reads_fields() -> None:
    match Point(1, 2):
        case Point(x=1, y=y):
            assert y == 2
        case _:
            pytest.fail("no match")


def test_the_module_stays_light() -> None:
    import subprocess  # noqa: PLC0415 (only this test starts a process)
    import sys  # noqa: PLC0415

    program = (
        "import sys; before = set(sys.modules); import envd_cache.record; "
        "print(*sorted(set(sys.modules) - before - {'envd_cache', 'envd_cache.record', '__future__'}))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
