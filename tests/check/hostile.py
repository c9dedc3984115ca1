"""Build files that are meant to hurt: each must cost itself only. Names say what each does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

GOOD = 'def build():\n    base()\n    cache.registry(ref="ghcr.io/acme/good{number}:cache")\n'
HEAD = "def build():\n    base()\n"


def run(*lines: str) -> str:
    """Return a file whose `build` runs some lines."""
    return HEAD + "".join(f"    {line}\n" for line in lines)


def nested(opening: str, closing: str, depth: int, inner: str = "1") -> str:
    return f"x = {opening * depth}{inner}{closing * depth}\n{HEAD}"


def blocks(head: str, depth: int) -> str:
    """Return a file with a block in a block in a block."""
    inner = "".join(f"{' ' * number}{head}\n" for number in range(1, depth))
    return f"def f():\n{inner}{' ' * depth}pass\n{HEAD}"


def made_by(*lines: str, then: str) -> str:
    """Return a file in which a function makes `x`, and what is done with the function."""
    return "def f():\n" + "".join(f"    {line}\n" for line in (*lines, "return x")) + then


# What stops at the interpreter's own limits, or at those that are checked before it runs.
REFUSED: dict[str, str] = {
    "brackets": nested("[", "]", 5_000),
    "braces": nested("{1: ", "}", 5_000),
    "calls": nested("len(", ")", 5_000, "[]"),
    "many-calls": "x = " + "f" + "()" * 5_000 + "\n" + HEAD,
    "indexes": "x = [[1]]" + "[0]" * 5_000 + "\n" + HEAD,
    "attributes": "x = cache" + ".a" * 5_000 + "\n" + HEAD,
    "plus": "x = " + "1 + " * 60_000 + "1\n" + HEAD,
    "and": "x = " + "True and " * 60_000 + "True\n" + HEAD,
    "not": "x = " + "not " * 60_000 + "True\n" + HEAD,
    "minus": "x = " + "-" * 60_000 + "1\n" + HEAD,
    "ternary": "x = " + "1 if True else " * 20_000 + "2\n" + HEAD,
    "lambdas": "x = " + "lambda: " * 5_000 + "1\n" + HEAD,
    "elif": "def f(x):\n    if x == 0:\n        pass\n"
    + "".join(f"    elif x == {n}:\n        pass\n" for n in range(5_000))
    + HEAD,
    "nested-def": blocks("def g():", 2_000),
    "nested-if": "def f():\n"
    + "".join(f"{' ' * n}if True:\n" for n in range(1, 2_000))
    + " " * 2_000
    + "pass\n"
    + HEAD,
    "nested-for": "def f():\n"
    + "".join(f"{' ' * n}for a{n} in [1]:\n" for n in range(1, 1_000))
    + " " * 1_000
    + "pass\n",
    "open-bracket": "x = (" * 3_000 + "\n" + HEAD,
    "open-string": 'x = "' + "a" * 100_000,
    "open-long-string": 'x = """' + "a\n" * 100_000,
    "tabs": "def build():\n" + "\t" * 5_000 + "base()\n" + " " * 9 + "x = 1\n",
    "bad-indent": "def build():\n    base()\n  base()\n",
    "nul": "x = '\0'\n" + HEAD,
    "bom": "\ufeff" + HEAD,
    "lone-escape": 'x = "\\ud800"\n' + HEAD,
    "bad-escape": 'x = "\\d"\n' + HEAD,
    "not-starlark": "import os\nos.system('true')\n",
    "while": "def build():\n    while True:\n        pass\n",
    "top-level-for": "for x in [1]:\n    pass\n" + HEAD,
    "undefined": run("does_not_exist()"),
    "fail": run('fail("\\n --> x:9:9 error: spoofed")'),
    "self-load": 'load("self-load/build.envd", "x")\n' + HEAD,
    "absent-load": 'load("nowhere.envd", "x")\n' + HEAD,
    "outside-load": 'load("../../../../../../etc/passwd", "x")\n' + HEAD,
    "folder-load": 'load("//", "x")\n' + HEAD,
    "device-load": 'load("/dev/zero", "x")\n' + HEAD,
    "private-load": 'load("//shared.envd", "_private")\n' + HEAD,
    "url-load": 'load("https://example.org/x.envd", "x")\n' + HEAD,
    "recursion": "def f():\n    return f()\n" + run("f()"),
    "mutual-recursion": "def f():\n    return g()\n\ndef g():\n    return f()\n" + run("f()"),
    "division": run("x = 1 // 0"),
    "huge-shift": run("x = 1 << 10000000000"),
    "huge-range": run("x = list(range(1 << 62))"),
    "huge-repeat": run('x = "a" * (1 << 40)'),
    "frozen": "x = []\n" + run("x.append(1)"),
    "wrong-value": run("cache.registry(ref=[[]] * 100000)"),
    "wrong-name": run(f'cache.registry(**{{"{"a" * 100_000}": 1}})'),
    "wrong-mode": run('cache.registry(ref="ghcr.io/a/b:c", mode="' + "x" * 100_000 + '")'),
    "self-containing": "def f():\n    x = []\n    x.append(x)\n    return x\n"
    + run("cache.registry(ref=f())"),
    "deep-data": "def f():\n    x = []\n    for i in range(2000):\n        x = [x]\n    return x\n"
    + run("cache.registry(ref=f())"),
    "printing": run("for i in range(20000):", '    print("x" * 200)', "fail('printed')"),
    "binary": "\x01\x02\x03" * 1000,
    "carriage": "def build():\r    base()\r    x = = 1\r",
    "zero-width": "def bu\u200bild():\n    base()\n",
}

# What runs until it is stopped.
ENDLESS: dict[str, str] = {
    "loops": run("for a in range(1 << 30):", "    for b in range(1 << 30):", "        pass"),
    "top-level-loop": "x = [a for a in range(1 << 30) if a < 0]\n" + HEAD,
    "comprehension": run("x = {a: b for a in range(1 << 15) for b in range(1 << 15)}", "fail('done')"),
    "fibonacci": "def f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)\n" + run("f(60)"),
    "big-number": run("x = 3", "for i in range(40):", "    x = x * x"),
}

# What the process does not survive, or only with luck.
DEADLY: dict[str, str] = {
    "huge-list": run("x = [0] * 1000000000"),
    "huge-list-at-top": "x = [0] * 1000000000\n" + HEAD,
    "huge-join": run('x = "".join(["a" * 100000000] * 1000)'),
    "huge-replace": run('x = ("a" * 10000000).replace("a", "b" * 10000)'),
    "doubling-text": run('x = "a"', "for i in range(60):", "    x = x + x"),
    "doubling-list": run("x = [1]", "for i in range(60):", "    x = x + x"),
    "huge-dict": run("x = {i: [i] * 1000 for i in range(1 << 30)}"),
    "deep-frozen-data": made_by("x = []", "for i in range(3000000):", "    x = [x]", then="y = f()\n" + HEAD),
}


def make(folder: Path, good: int) -> dict[str, set[str]]:
    """Write all of them and some good files into a repository; return the paths of both kinds."""
    (folder / "envd-cache.toml").touch()
    (folder / "shared.envd").write_text("_private = 1\n")
    made: dict[str, set[str]] = {"hostile": set(), "good": set()}
    for name, text in {**REFUSED, **ENDLESS, **DEADLY}.items():
        (folder / name).mkdir()
        (folder / name / "build.envd").write_bytes(text.encode(errors="surrogatepass"))
        made["hostile"].add(f"{name}/build.envd")
    made["hostile"] |= _odd(folder)
    for number in range(good):
        place = folder / f"good{number:02}"
        place.mkdir()
        (place / "build.envd").write_text(GOOD.format(number=number))
        made["good"].add(f"good{number:02}/build.envd")
    return made


def _odd(folder: Path) -> set[str]:
    """Write what is no ordinary file."""
    places = {
        name: folder / name / "build.envd"
        for name in ("latin", "loop", "dangling", "pipe", "folder", "large", "cycle", "surrogate")
    }
    for place in places.values():
        place.parent.mkdir()
    places["latin"].write_bytes(HEAD.encode() + b"# caf\xe9\n")
    places["surrogate"].write_bytes(HEAD.encode() + b'x = "\xed\xa0\x80"\n')
    places["loop"].symlink_to("build.envd")
    places["dangling"].symlink_to("nowhere")
    os.mkfifo(places["pipe"])
    places["folder"].mkdir()
    places["large"].write_bytes(b"# " + b"x" * 100_000_000 + b"\n")
    places["cycle"].write_text('load("other.envd", "x")\n' + HEAD)
    (folder / "cycle" / "other.envd").write_text('load("build.envd", "build")\nx = 1\n')
    (folder / "around").mkdir()
    (folder / "around" / "and").symlink_to("..")
    # A circle is told of where it closes.
    return {f"{name}/build.envd" for name in places if name != "cycle"} | {"cycle/other.envd"}
