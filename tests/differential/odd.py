"""Build files with characters that a snippet file cannot show. Lone surrogates stand for raw bytes."""

from __future__ import annotations

from tests.differential.snippets import Snippet

DEEP = "(" * 60 + "1" + ")" * 60
DEEPER = "[" * 120 + "]" * 120
LONG_LINE = " + ".join(["1"] * 3000)

CHAIN = '"a"' + ".strip()" * 200
CASES = "    if False:\n        pass\n" + "    elif False:\n        pass\n" * 100
NESTED_IFS = "".join("    " * (depth + 1) + "if True:\n" for depth in range(50)) + "    " * 51 + "base()\n"
NESTED_DEFS = "".join("    " * (depth + 1) + f"def f{depth}():\n" for depth in range(30)) + "    " * 31
STATEMENTS = "".join(f"    x{number} = {number}\n" for number in range(2000))

ACCEPTED = {
    "a tab as indentation": "def build():\n\tbase()\n",
    "two tabs as indentation": "def build():\n\tif True:\n\t\tbase()\n\telse:\n\t\tpass\n",
    "tabs between tokens": 'def\tbuild():\n    run(\t["a",\t"b"]\t)\t\n',
    "tabs inside brackets": 'def build():\n    run([\n\t"a",\n\t\t"b",\n\t])\n',
    "tabs in comments and strings": 'def build():\n    # a\tb\n    run(["a\tb"])\n',
    "tabs on blank lines": "def build():\n\t\n    base()\n\t\t\n",
    "carriage return and line feed": "def build():\r\n    base()\r\n    run(['a'])\r\n",
    "carriage returns alone": "def build():\r    base()\r",
    "a string over several lines that end in CRLF": 'def build():\r\n    run(["""a\r\nb"""])\r\n',
    "no line end at the end": "def build():\n    base()",
    "a letter outside ASCII in a name": "def größe():\n    base()\n\ndef build():\n    größe()\n",
    "letters outside ASCII in strings and comments": '# é\ndef build():\n    run(["é漢字🎉"])\n',
    "a bytes literal": 'x = b"abc"\n\ndef build():\n    print(x)\n',
    "the function bytes": 'def build():\n    print(bytes("abc"))\n',
    "percent c": 'def build():\n    run(["%c" % 65])\n',
    "percent i": 'def build():\n    run(["%i" % 65])\n',
    "percent with a name": 'def build():\n    run(["%(x)s" % {"x": "a"}])\n',
    "elem_ords": 'def build():\n    print(list("ab".elem_ords()))\n',
    "codepoint_ords": 'def build():\n    print(list("ab".codepoint_ords()))\n',
    "brackets 60 deep": f"def build():\n    print({DEEP})\n",
    "a long sum": f"def build():\n    print({LONG_LINE})\n",
    "recursion of 20000 calls": "def down(n):\n    return n if n == 0 else down(n - 1)\n\n"
    "def build():\n    down(20000)\n",
    "brackets 75 deep": f"def build():\n    x = {'[' * 75 + '1' + ']' * 75}\n",
    "calls 82 deep": f"def f(x):\n    return x\n\ndef build():\n    x = {'f(' * 82 + '1' + ')' * 82}\n",
    "a chain of 200 calls": f"def build():\n    x = {CHAIN}\n",
    "a condition in 100 parts": f"def build():\n{CASES}    else:\n        base()\n",
    "conditions 50 deep": f"def build():\n{NESTED_IFS}",
    "functions 30 deep": f"def build():\n{NESTED_DEFS}base()\n",
    "2000 statements": f"def build():\n{STATEMENTS}",
    "a name of 500 letters": f"def build():\n    {'x' * 500} = 1\n",
    "a text of 100 kB": f'def build():\n    x = "{"a" * 100_000}"\n',
    "an empty line before everything": "\n\n\ndef build():\n    base()\n",
}
REFUSED = {
    "nothing at all": "",
    "a byte order mark": "\ufeffdef build():\n    base()\n",
    "a form feed": "def build():\n\f    base()\n",
    "tabs and spaces that do not agree": "def build():\n    if True:\n\tbase()\n      run(['a'])\n",
    "brackets 76 deep": f"def build():\n    x = {'[' * 76 + '1' + ']' * 76}\n",
    "calls 83 deep": f"def f(x):\n    return x\n\ndef build():\n    x = {'f(' * 83 + '1' + ')' * 83}\n",
    "brackets 120 deep": f"def build():\n    print({DEEPER})\n",
    "a NUL": "def build():\n    x = \0\n",
    "a typographic quote": "def build():\n    run([“a”])\n",
    "a no-break space": "def build():\n    run(\u00a0['a'])\n",
    "a backslash at the end of the file": "def build():\n    x = 1\\",
    "300 arguments": f"def f(*a):\n    pass\n\ndef build():\n    f({', '.join('1' * 300)})\n",
    "endless recursion": "def down(n):\n    return down(n + 1)\n\ndef build():\n    down(0)\n",
    "the syntax of v0": "# syntax=v0\ndef build():\n    pass\n",
}


def every() -> list[Snippet]:
    """Return all of them as snippets."""
    return [
        Snippet(f"odd_{verdict}", name, (("build.envd", text),))
        for verdict, texts in (("accepted", ACCEPTED), ("refused", REFUSED))
        for name, text in texts.items()
    ]
