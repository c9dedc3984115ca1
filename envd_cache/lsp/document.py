"""One text as the features see it: its lines, its functions, and which names mean the same thing."""

from __future__ import annotations

from envd_cache.lsp.convert import UTF16, Index
from envd_cache.lsp.lines import Lines
from envd_cache.lsp.names import BINDING, PARAM
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lsp.lines import Unit
    from envd_cache.lsp.names import Occurrence
    from envd_cache.syntax.nodes import FunctionDef, Node

# The scope of what is bound at the top level.
FILE = -1


class Function(Record):
    """A function: the numbers of its first line and of the line behind its last, and its head."""

    name: str
    first: int
    behind: int
    definition: FunctionDef
    start: int
    end: int
    name_start: int
    outer: int = FILE


class Place(Record):
    """One name at its place in a text. `scope` is the number of the line that begins its function, or FILE;

    `inside` where the expression begins that it lives in, -1 for none.
    """

    occurrence: Occurrence
    start: int
    end: int
    scope: int
    inside: int = -1


class Document:
    """A text with its lines. `path` is absolute, "" for a text that is no file."""

    def __init__(self, path: str, text: str, version: int | None = None, encoding: str = UTF16) -> None:
        self.path = path
        self.version = version
        self.encoding = encoding
        self.lines = Lines(text)
        self._index: Index | None = None
        self._functions: tuple[Function, ...] | None = None
        self._tops: dict[str, Function] | None = None
        self._bound: dict[int, dict[str, list[Place]]] | None = None
        self._scopes: list[int] | None = None
        self._outer: dict[int, int] | None = None

    @property
    def text(self) -> str:
        """The text as it is now."""
        return self.lines.text

    @property
    def index(self) -> Index:
        """The positions of the text as it is now."""
        if self._index is None:
            self._index = Index(self.text, self.encoding)
        return self._index

    @property
    def units(self) -> list[Unit]:
        """The logical lines."""
        return self.lines.units

    def change(self, text: str, start: int | None = None, end: int | None = None) -> None:
        """Replace a range of the text, or all of it."""
        if start is None or end is None:
            self.lines = Lines(text)
        else:
            self.lines.edit(start, max(start, end), text)
        self._index = None
        self._functions = None
        self._tops = None
        self._bound = None
        self._scopes = None
        self._outer = None

    # ---- blocks ----

    @property
    def functions(self) -> tuple[Function, ...]:
        """All functions, in the order in which they begin."""
        if self._functions is None:
            self._functions = tuple(self._find_functions())
        return self._functions

    def _find_functions(self) -> Iterator[Function]:
        from envd_cache.syntax import nodes  # noqa: PLC0415 - with the parser

        # This runs with every edit: one way through the lines, and little done at most of them.
        units = self.units
        found: list[list[int]] = []  # number, outer function, line behind the last one
        heads: list[FunctionDef] = []
        open_: list[tuple[int, list[int]]] = []  # indentation of the functions around
        last = -1
        for number, unit in enumerate(units):
            line = unit.line
            if line.text[0] == "#":
                continue
            indent = unit.start - unit.head
            while open_ and indent <= open_[-1][0]:
                open_.pop()[1][2] = last + 1
            last = number
            if line.word == "def" and line.statements:
                head = line.statements[0]
                if isinstance(head, nodes.FunctionDef):
                    own = [number, open_[-1][1][0] if open_ else FILE, 0]
                    found.append(own)
                    heads.append(head)
                    open_.append((indent, own))
        for _, own in open_:
            own[2] = last + 1
        for (number, outer, behind), head in zip(found, heads, strict=True):
            unit = units[number]
            end = max(units[behind - 1].end, unit.end)
            name_start = unit.start + head.name_span.start
            yield Function(head.name, number, behind, head, unit.start, end, name_start, outer)

    def block_end(self, number: int) -> int:
        """Return the number of the line behind the block that a header begins."""
        units = self.units
        indent = units[number].indent
        last = number
        for inner in range(number + 1, len(units)):
            if units[inner].line.is_comment:
                continue
            if units[inner].indent <= indent:
                break
            last = inner
        return last + 1

    def function(self, name: str) -> Function | None:
        """Return a function of the top level."""
        if self._tops is None:
            # Of two the first: so it is put in last.
            tops = [function for function in self.functions if function.outer == FILE]
            self._tops = {function.name: function for function in reversed(tops)}
        return self._tops.get(name)

    def function_at(self, offset: int) -> Function | None:
        """Return the innermost function that an offset is in; below its last line the indentation decides."""
        number = self.lines.before(offset)
        if number < 0:
            return None
        unit = self.units[number]
        line = self.text.rfind("\n", 0, offset) + 1
        column = unit.indent if offset <= unit.end else offset - line
        found = None
        for function in self.functions:
            inside = function.first <= number < function.behind
            if inside and (function.first == number or column > self.units[function.first].indent):
                found = function
        return found

    # ---- names ----

    @property
    def scopes(self) -> list[int]:
        """For each line the number of the line that begins its innermost function, or FILE."""
        if self._scopes is None:
            made = [FILE] * len(self.units)
            for function in self.functions:
                size = function.behind - function.first - 1
                made[function.first + 1 : function.behind] = [function.first] * size
            self._scopes = made
        return self._scopes

    @property
    def bound(self) -> dict[int, dict[str, list[Place]]]:
        """The names that each scope binds, each with all the places that bind it."""
        if self._bound is None:
            made: dict[int, dict[str, list[Place]]] = {FILE: {}}
            scopes = self.scopes
            for number, unit in enumerate(self.units):
                bindings = unit.line.bindings
                if not bindings:
                    continue
                for one in bindings:
                    scope = number if one.role == PARAM else scopes[number]
                    place = Place(one, unit.start + one.start, unit.start + one.end, scope)
                    made.setdefault(scope, {}).setdefault(one.name, []).append(place)
            self._bound = made
        return self._bound

    def _own_places(self, number: int) -> Iterator[Place]:
        """Yield the names of a line with the scope that their line gives them."""
        unit = self.units[number]
        scope = self.scopes[number]
        for one in unit.line.occurrences:
            of_function = one.role == PARAM and one.scope < 0
            inside = unit.start + one.scope if one.scope >= 0 else -1
            yield Place(
                one, unit.start + one.start, unit.start + one.end, number if of_function else scope, inside
            )

    def places(self, number: int) -> list[Place]:
        """Return the names of a line with the scope in which each of them is bound."""
        return [self._resolved(place) for place in self._own_places(number)]

    def _resolved(self, place: Place) -> Place:
        if place.occurrence.role == PARAM or place.inside >= 0:
            return place
        scope = self.scope_of(place.occurrence.name, place.scope)
        return place if scope == place.scope else place.replace(scope=scope)

    def scope_of(self, name: str, scope: int) -> int:
        """Return the scope that a name means when it is written in a scope; FILE when nothing binds it."""
        while scope != FILE:
            if name in self.bound.get(scope, {}):
                return scope
            scope = self.outer.get(scope, FILE)
        return FILE

    @property
    def outer(self) -> dict[int, int]:
        """The scope around the scope of each function."""
        if self._outer is None:
            self._outer = {function.first: function.outer for function in self.functions}
        return self._outer

    def place_at(self, offset: int) -> Place | None:
        """Return the name that an offset is in, or right behind."""
        number = self.lines.before(offset)
        if number < 0 or offset > self.units[number].end:
            return None
        found = None
        for place in self.places(number):
            # Of two that touch, the one that begins here.
            if place.start <= offset <= place.end:
                found = place
        return found

    def same(self, name: str, scope: int, inside: int = -1) -> list[Place]:
        """Return all places at which a name means what it means in a scope, in their order."""
        found: list[Place] = []
        for number, unit in enumerate(self.units):
            if name in unit.line.text:
                for place in self.places(number):
                    one = place.occurrence
                    if (
                        one.name == name
                        and place.scope == scope
                        and place.inside == inside
                        and (one.role in BINDING or (one.role == "use" and one.whole == name))
                    ):
                        found.append(place)
        return found

    def binds(self, name: str) -> bool:
        """Say whether the file itself binds a name at its top level."""
        if self._bound is None and not any(
            one.name == name for unit in self.units for one in unit.line.bindings
        ):
            # Sorting all names by their scope takes many times as long.
            return False
        return name in self.bound[FILE]

    def path_to(self, offset: int) -> list[tuple[Node, int]]:
        """Return the nodes around an offset, outermost first, each with what its spans count from."""
        from envd_cache.syntax.walk import children  # noqa: PLC0415 - with the parser

        unit = self.lines.at(offset)
        if unit is None:
            return []
        at = offset - unit.start
        found: list[tuple[Node, int]] = []
        rest = list(unit.line.statements)
        while rest:
            inside = [node for node in rest if node.span.start <= at <= node.span.end]
            # Between two that touch, the one that begins here.
            node = next((node for node in reversed(inside)), None)
            if node is None:
                break
            found.append((node, unit.start))
            rest = children(node)
        return found
