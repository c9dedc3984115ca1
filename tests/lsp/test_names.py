"""Definition, references, rename, call hierarchy: in one file, and across loads."""

from __future__ import annotations

from pathlib import Path

import pytest

from envd_cache.lsp import calls
from envd_cache.lsp.rename import RenameError, renamable, rename
from envd_cache.lsp.steps import at_once
from envd_cache.lsp.symbols import Site, definitions, references
from tests.lsp.marked import Desk

LIB = '''\
LIMIT = 3


def shared(name, size=LIMIT):
    """Declare it."""
    cache.gha(scope=name)
    return size


def both():
    shared("a")
    shared(name="b")
'''
USER = """\
load("//lib.envd", "shared", limit="LIMIT")


def build():
    base()
    shared("c", size=limit)
"""
OTHER = 'load("lib.envd", pic="shared")\n\n\ndef build():\n    base()\n    pic(name="d")\n'


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, {"lib.envd": LIB, "build.envd": USER, "other.envd": OTHER})


def shown(desk: Desk, sites: list[Site]) -> list[str]:
    """Return places as `file:line:text`."""
    found = []
    for site in sites:
        document = desk.session.project.document(site.path)
        assert document is not None
        line = document.index.position(site.start)[0] + 1
        found.append(f"{Path(site.path).name}:{line}:{document.text[site.start : site.end]}")
    return found


def definition(desk: Desk, text: str, name: str = "build.envd") -> list[str]:
    document, offset = desk.at(text, name)
    return shown(desk, definitions(document, desk.session.project, offset))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (USER.replace("shared(", "sha<|>red("), "lib.envd:4:shared"),
        (USER.replace('"shared"', '"sha<|>red"'), "lib.envd:4:shared"),
        (USER.replace("size=limit", "si<|>ze=limit"), "lib.envd:4:size"),
        (USER.replace("=limit)", "=li<|>mit)"), "build.envd:1:limit"),
        (USER.replace('"LIMIT"', '"LI<|>MIT"'), "lib.envd:1:LIMIT"),
        (USER.replace("//lib", "//l<|>ib"), "lib.envd:1:"),
        ("def f(a):\n    b = a\n    return <|>b\n", "build.envd:2:b"),
        ("def f(a):\n    b = <|>a\n", "build.envd:1:a"),
        ("x = 1\ndef f():\n    return <|>x\n", "build.envd:1:x"),
        ("x = 1\ndef f():\n    x = 2\n    return <|>x\n", "build.envd:3:x"),
        ("x = [y for y in [1] if <|>y]", "build.envd:1:y"),
        ("def g():\n    f(k=1<|>)\ndef f(k):\n    pass", None),
        ("def g():\n    f(<|>k=1)\ndef f(k):\n    pass", "build.envd:3:k"),
        ("cache.s<|>3()", None),
        ("load('nothing.env<|>d', 'x')", None),
    ],
)
def test_definition(desk: Desk, text: str, expected: str | None) -> None:
    assert definition(desk, text) == ([expected] if expected else [])


def test_references_across_loads(desk: Desk) -> None:
    document, offset = desk.at(LIB.replace("def shared", "def sha<|>red"), "lib.envd")
    found = at_once(references(document, desk.session.project, offset))
    assert shown(desk, found) == [
        *("build.envd:1:shared", "build.envd:6:shared"),
        *("lib.envd:4:shared", "lib.envd:11:shared", "lib.envd:12:shared"),
        "other.envd:1:shared",
    ]
    uses = at_once(references(document, desk.session.project, offset, declaration=False))
    assert "lib.envd:4:shared" not in shown(desk, uses)


def test_references_of_a_parameter_are_keywords_too(desk: Desk) -> None:
    document, offset = desk.at(LIB.replace("(name,", "(na<|>me,"), "lib.envd")
    found = at_once(references(document, desk.session.project, offset))
    assert shown(desk, found) == [
        *("lib.envd:4:name", "lib.envd:6:name", "lib.envd:12:name"),
        "other.envd:6:name",
    ]


def test_a_comprehension_has_names_of_its_own(desk: Desk) -> None:
    document, offset = desk.at("x = 1\ny = [<|>x for x in [x]]\n")
    found = at_once(references(document, desk.session.project, offset))
    assert [site.start for site in found] == [11, 17]


def renamed(desk: Desk, text: str, new: str, name: str = "build.envd") -> dict[str, str]:
    """Return the texts of the files that a rename changes."""
    document, offset = desk.at(text, name)
    texts: dict[str, str] = {}
    for change in sorted(
        at_once(rename(document, desk.session.project, offset, new)), key=lambda one: -one.start
    ):
        other = desk.session.project.document(change.path)
        assert other is not None
        before = texts.get(change.path, other.text)
        texts[change.path] = before[: change.start] + change.text + before[change.end :]
    return {Path(path).name: text for path, text in texts.items()}


def test_rename_across_loads(desk: Desk) -> None:
    texts = renamed(desk, USER.replace("    shared(", "    sha<|>red("), "common")
    assert texts == {
        "lib.envd": LIB.replace("shared(", "common("),
        "build.envd": USER.replace("shared", "common"),
        "other.envd": OTHER.replace('"shared"', '"common"'),
    }


def test_rename_of_an_alias_stays_in_its_file(desk: Desk) -> None:
    texts = renamed(desk, USER.replace("=limit)", "=li<|>mit)"), "most")
    assert texts == {"build.envd": USER.replace("limit=", "most=").replace("=limit)", "=most)")}


def test_rename_of_a_parameter(desk: Desk) -> None:
    texts = renamed(desk, LIB.replace("scope=name", "scope=na<|>me"), "scope", "lib.envd")
    assert texts["lib.envd"] == LIB.replace("(name,", "(scope,").replace("=name)", "=scope)").replace(
        "(name=", "(scope="
    )
    assert texts["other.envd"] == OTHER.replace("(name=", "(scope=")


@pytest.mark.parametrize(
    ("text", "new", "reason"),
    [
        ("x<|> = 1\n", "2", "`2` is not a name"),
        ("x<|> = 1\n", "for", "`for` is a word of the language"),
        ("x<|> = 1\n", "cache", "`cache` is a builtin, which it would hide"),
        ("x<|> = 1\ny = 2\n", "y", "`y` is taken in `//build.envd`"),
        ("cache.<|>gha()\n", "x", "there is nothing to rename here"),
        ("y = 1\ndef f(x<|>):\n    return x + y\n", "y", "`y` is taken in `//build.envd`"),
        (
            USER.replace("    shared(", "    sha<|>red("),
            "_own",
            "`_own` would be private, and other files load it",
        ),
    ],
)
def test_refused_renames(desk: Desk, text: str, new: str, reason: str) -> None:
    document, offset = desk.at(text)
    with pytest.raises(RenameError) as refused:
        at_once(rename(document, desk.session.project, offset, new))
    assert str(refused.value) == reason


def test_what_cannot_be_renamed(desk: Desk) -> None:
    for text in ("cache.<|>gha()", "x = <|>nothing", 'load("//li<|>b.envd", "shared")', "x = 'a<|>'"):
        document, offset = desk.at(text)
        assert renamable(document, desk.session.project, offset) is None


def test_call_hierarchy(desk: Desk) -> None:
    document, offset = desk.at(USER.replace("    shared(", "    sha<|>red("))
    item = calls.item_at(document, desk.session.project, offset)
    assert item is not None
    assert (item.name, Path(item.path).name) == ("shared", "lib.envd")
    incoming = at_once(calls.incoming(item, desk.session.project))
    callers = [(Path(one.item.path).name, one.item.name, len(one.places)) for one in incoming]
    assert sorted(callers) == [
        ("build.envd", "build", 1),
        ("lib.envd", "both", 2),
        ("other.envd", "build", 1),
    ]
    caller = next(one.item for one in incoming if one.item.name == "both")
    outgoing = calls.outgoing(caller, desk.session.project)
    assert [(one.item.name, len(one.places)) for one in outgoing] == [("shared", 2)]
