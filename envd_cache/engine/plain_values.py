"""What stands in plain envd's language for each thing that `cache` has: expressions of one line.

Each is a lambda in brackets, so it can stand wherever a name can, needs no statement of its own and no
other file, and takes the same arguments. A declaration does nothing, a fact answers what it answered in
the evaluation, a slug is worked out again. All of it is go-starlark of envd 1.3.6.
"""

from __future__ import annotations

from envd_cache.catalog import BACKENDS, FACTS
from envd_cache.evaluate.prelude import NAMESPACE
from envd_cache.evaluate.slug import MAX_TAG, TAG_CHARACTERS
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envd_cache.catalog.model import Fact
    from envd_cache.evaluate.model import FactRead

# The names of `cache`, in the order of the catalog.
MEMBERS = (*(backend.name for backend in BACKENDS), *(fact.name for fact in FACTS))

_NOTHING = "(lambda *args, **kwargs: None)"
# True in a condition, and nothing that a function of envd's takes: as the handle is in the evaluation.
_HANDLE = "(lambda name: lambda: None)"
# How the recorder says that nobody knew a fact and the file's own default was the answer.
_BY_DEFAULT = "the default"
_BRANCH = "main"

# SHA-256 of FIPS 180-4; the first digits of it are in a slug that had to be cut.
_ROUNDS = """
    428a2f98 71374491 b5c0fbcf e9b5dba5 3956c25b 59f111f1 923f82a4 ab1c5ed5
    d807aa98 12835b01 243185be 550c7dc3 72be5d74 80deb1fe 9bdc06a7 c19bf174
    e49b69c1 efbe4786 0fc19dc6 240ca1cc 2de92c6f 4a7484aa 5cb0a9dc 76f988da
    983e5152 a831c66d b00327c8 bf597fc7 c6e00bf3 d5a79147 06ca6351 14292967
    27b70a85 2e1b2138 4d2c6dfc 53380d13 650a7354 766a0abb 81c2c92e 92722c85
    a2bfe8a1 a81a664b c24b8b70 c76c51a3 d192e819 d6990624 f40e3585 106aa070
    19a4c116 1e376c08 2748774c 34b0bcb5 391c0cb3 4ed8aa4a 5b9cca4f 682e6ff3
    748f82ee 78a5636f 84c87814 8cc70208 90befffa a4506ceb bef9a3f7 c67178f2
"""
_START = "6a09e667 bb67ae85 3c6ef372 a54ff53a 510e527f 9b05688c 1f83d9ab 5be0cd19"

# A slash stands for what becomes a `-`: no tag has one. Nothing here loops but comprehensions, which
# change lists as they go: `rest` are the bytes to come, `sums` the hash after each block, `states` the
# eight words after each round.
_SLUG = """
(lambda text: (lambda tag, digits:
    tag if tag and not tag[{limit}:] and not [char for char in text.elems() if char > "{last}"]
    else tag[:{kept}] + ("-" if tag else "") + digits(text)
)(
    (lambda marked:
        ("-".join([part for part in marked.split("/") if part]) + ("-" if marked.endswith("/") else ""))
        .lstrip(".-")
    )("".join([char if char in "{characters}" else "/" for char in text.elems()])),
    lambda text: (lambda rest, sums, constants, turn: [
        (lambda words, states:
            [words.append((
                words[-16] + words[-7]
                + (turn(words[-15], 7) ^ turn(words[-15], 18) ^ words[-15] >> 3)
                + (turn(words[-2], 17) ^ turn(words[-2], 19) ^ words[-2] >> 10)
            ) & 0xffffffff) for _ in constants[16:]]
            + [states.append((lambda a, b, c, d, e, f, g, sum: [
                sum + (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + (a & b ^ a & c ^ b & c) & 0xffffffff,
                a, b, c, d + sum & 0xffffffff, e, f, g,
            ])(*(states[-1][:7] + [
                states[-1][7] + constant + words.pop(0)
                + (turn(states[-1][4], 6) ^ turn(states[-1][4], 11) ^ turn(states[-1][4], 25))
                + (states[-1][4] & states[-1][5] ^ ~states[-1][4] & states[-1][6])
            ]))) for constant in constants]
            + [sums.append([sums[-1][at] + states[-1][at] & 0xffffffff for at in [0, 1, 2, 3, 4, 5, 6, 7]])]
        )([
            rest.pop(0) << 24 | rest.pop(0) << 16 | rest.pop(0) << 8 | rest.pop(0)
            for _ in constants[:16]
        ], [sums[-1]])
        for _ in rest[::64]
    ] and ("0000000%x" % sums[-1][0])[-8:])(
        [byte for byte in text.elem_ords()] + [128] + [0] * ((55 - len(text)) % 64)
        + [len(text) * 8 >> shift & 255 for shift in [56, 48, 40, 32, 24, 16, 8, 0]],
        [[{start}]],
        [{rounds}],
        lambda word, by: (word >> by | word << 32 - by) & 0xffffffff,
    )
))
"""

# `cache` itself as a value is a dict with these keys, because plain envd has no value whose fields a file
# can choose. The prefix keeps it apart from a dict of the file's own.
_KEY = f"{NAMESPACE}."
_IS_OURS = f'type(value) == "dict" and "{_KEY}none" in value'


class Expression(Record):
    """An expression, and the names of envd's that it uses."""

    text: str
    uses: tuple[str, ...] = ()


# What has to know of such a dict when `cache` is used as a value.
_READERS = {
    "getattr": '(lambda value, name, *default: value["{key}" + name] if {ours} and "{key}" + name in value '
    "else getattr(value, name, *default))",
    "hasattr": '(lambda value, name: "{key}" + name in value if {ours} else hasattr(value, name))',
    "dir": "(lambda value: sorted([key[{width}:] for key in value]) if {ours} else dir(value))",
    "type": '(lambda value: "struct" if {ours} else type(value))',
}
# Each also uses what it stands for, which is envd's own wherever the file means that.
READERS: Mapping[str, Expression] = {
    name: Expression(
        text.format(key=_KEY, ours=_IS_OURS, width=len(_KEY)), uses=() if name == "type" else ("type",)
    )
    for name, text in _READERS.items()
}


def members(facts: Iterable[FactRead]) -> dict[str, Expression]:
    """Return the expression for each name of `cache`, with the answers that an evaluation got."""
    read = tuple(facts)
    made = {backend.name: Expression(_NOTHING) for backend in BACKENDS}
    for fact in FACTS:
        known = {found.argument: found.value for found in read if found.name == fact.name and _known(found)}
        made[fact.name] = _fact(fact, known)
    return made


def namespace(expressions: Mapping[str, Expression]) -> Expression:
    """Return the expression for `cache` itself."""
    entries = ", ".join([f'"{_KEY}{name}": {found.text}' for name, found in expressions.items()])
    return Expression(
        f"{{{entries}}}", tuple({use: None for found in expressions.values() for use in found.uses})
    )


def reader(name: str) -> Expression:
    """Return what reads a field of a value that may be `cache`; called with the value."""
    return Expression(
        f'(lambda value: value["{_KEY}{name}"] if {_IS_OURS} else value.{name})', uses=("type",)
    )


def literal(text: str) -> str:
    """Return a string of one line that stands for a text."""
    return '"' + "".join([_SPELLED.get(char) or _letter(char) for char in text]) + '"'


_SPELLED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _letter(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _known(fact: FactRead) -> bool:
    return fact.origin != _BY_DEFAULT


def _fact(fact: Fact, known: Mapping[str, str]) -> Expression:
    """Return the expression for a fact; `known` are the answers by argument, "" where it takes none."""
    if fact.returns == "None":
        return Expression(_NOTHING)
    if fact.returns == "secret":
        return Expression(_HANDLE)
    names = tuple(param.name for param in fact.params)
    if names == ("text",):
        return Expression(_slug(), uses=("len",))
    if names == ("name", "default"):
        table = ", ".join([f"{literal(name)}: {literal(value)}" for name, value in known.items()])
        return Expression(f"(lambda name, default=None: {{{table}}}.get(name, default))")
    answer = literal(known[""]) if "" in known else ""
    if names == ("default",):
        return Expression(f"(lambda default={literal(_BRANCH)}: {answer or 'default'})")
    # An answer that nobody asked for is never read.
    return Expression(f"(lambda: {answer or literal('')})")


def _slug() -> str:
    text = _SLUG.format(
        limit=MAX_TAG,
        kept=MAX_TAG - 9,
        last="\\x7f",
        characters="".join(sorted(TAG_CHARACTERS)),
        start=_numbers(_START),
        rounds=_numbers(_ROUNDS),
    )
    return " ".join(text.split())


def _numbers(digits: str) -> str:
    return ", ".join([f"0x{word}" for word in digits.split()])
