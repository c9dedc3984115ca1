"""Run as a process of its own: evaluates programs just inside the limits on a stack of 256 MB."""

from __future__ import annotations

import sys
import threading

import starlark

from envd_cache.evaluate.dialect import prepare
from envd_cache.source import SourceFile
from tests.syntax.starlark_side import ENVD_LIKE


def nested(count: int, opening: str, closing: str = "", inside: str = "1") -> str:
    """Return an assignment with brackets or signs around a value."""
    return "x = " + opening * count + inside + closing * count + "\n"


DEEP = "".join(" " * number + "def f(a):\n" for number in range(99))
FILL = " " * 99
INSIDE = {
    "brackets": nested(75, "(", ")"),
    "lists": nested(75, "[", "]"),
    "dicts": nested(75, "{1: ", "}"),
    "calls": nested(82, "str(", ")"),
    "comprehensions": nested(70, "[y for y in ", "]", "[]"),
    "signs": nested(980, "- "),
    "negations": nested(980, "not "),
    "conditionals": nested(980, "1 if 2 else "),
    "lambdas": nested(490, "lambda: "),
    "lambdas with parameters": nested(490, "lambda a, b: "),
    "sum": nested(990, "1 + "),
    "conjunction": nested(990, "1 and "),
    "fields": "x = lambda y: y" + ".z" * 990,
    "indexes": "x = lambda y: y" + "[0]" * 990,
    "calls of calls": "x = lambda y: y" + "()" * 990,
    "clauses": "x = [1 " + "for a in [] " * 490 + "]",
    "branches": "def f(a):\n if a: pass\n" + " elif a: pass\n" * 990,
    "blocks": DEEP + FILL + "pass\n",
    "a chain in blocks": DEEP + FILL + "return a" + " + a" * 990 + "\n",
    "all of it": DEEP
    + f"{FILL}if a: pass\n"
    + f"{FILL}elif a.b: pass\n" * 990
    + f"{FILL}else: return "
    + "[(" * 30
    + "a"
    + " + a" * 800
    + ")]" * 30
    + "\n",
    "a long list": "x = [" + "str(1 + 1), " * 60_000 + "]\n",
    "a long string": 'x = "' + "a\\\\" * 300_000 + '"\n',
    "many strings": "x = [" + "'\\n', " * 100_000 + "]\n",
    "many statements": "".join(f"x{number} = [1]\n" for number in range(50_000)),
}


def run() -> None:
    """Evaluate each program; a refusal is a failure too."""
    for name, text in INSIDE.items():
        prepared = prepare(SourceFile("build.envd", text))
        assert not prepared.diagnostics, (name, prepared.diagnostics[0])
        module = starlark.Module()
        tree = starlark.parse("build.envd", prepared.value.text + "\nNone\n", ENVD_LIKE)
        starlark.eval(module, tree, starlark.Globals.standard())
        module.freeze()
        sys.stdout.write(name + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    threading.stack_size(256 * 1024 * 1024)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    sys.exit(0)
