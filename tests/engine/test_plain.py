"""Lowering build files for plain envd: the texts, what cannot be lowered, and that envd takes the rest."""

from __future__ import annotations

import random
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envd_cache import pipeline
from envd_cache.config import find_root
from envd_cache.diagnostics import has_errors
from envd_cache.engine.plain import plain, write
from envd_cache.engine.plain_values import MEMBERS, literal, members
from envd_cache.evaluate import prelude
from envd_cache.evaluate.facts import Facts
from envd_cache.evaluate.slug import slug
from envd_cache.report.text import render
from envd_cache.source import Target
from tests.differential import odd, oracle
from tests.support.cases import Case, read_cases

if TYPE_CHECKING:
    from envd_cache.diagnostics import Result
    from envd_cache.engine.plain import Plain

needs_envd = pytest.mark.skipif(oracle.envd() is None, reason="envd is not installed")

CASES = [
    case
    for path in sorted((Path(__file__).parents[1] / "cases").glob("*.envd-cases"))
    for case in read_cases(path)
    if not case.expected
    and "def build()" in "".join(case.files.values())
    and "include" not in str(case.files)
]
NOTHING = "(lambda *args, **kwargs: None)"


def lowered(folder: Path, texts: dict[str, str], facts: Facts | None = None) -> Result[Plain | None]:
    """Write files, the build file first, and lower it for a folder `/out`."""
    (folder / "envd-cache.toml").touch()
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, newline="")
    target = Target(str(folder / next(iter(texts))))
    evaluation = pipeline.evaluate(target, pipeline.session(facts or Facts(use_git=False)))
    assert not has_errors(evaluation.diagnostics), evaluation.diagnostics
    return plain(evaluation.value, find_root(str(folder)).value, "/out")


def text_of(folder: Path, text: str, facts: Facts | None = None) -> str:
    """Return a build file lowered, which must be the only file."""
    made = lowered(folder, {"build.envd": text}, facts)
    assert made.value is not None, made.diagnostics
    (file,) = made.value.files
    return file.content.decode()


# ---- texts ----


def test_declarations_do_nothing(tmp_path: Path) -> None:
    text = 'def build():\n    base()\n    cache.local("p"); x = cache.none()\n'
    assert text_of(tmp_path, text) == f'def build():\n    base()\n    {NOTHING}("p"); x = {NOTHING}()\n'


def test_facts_are_answered(tmp_path: Path) -> None:
    text = 'def build():\n    print(cache.env("A"), cache.env("B", "b"), cache.branch(), cache.branch("x"))\n'
    facts = Facts({"A": 'a"\n\x01\u2028'}, use_git=False)
    env = '(lambda name, default=None: {"A": "a\\"\\n\\x01\\u2028"}.get(name, default))'
    branch = '(lambda default="main": default)'
    printed = f'{env}("A"), {env}("B", "b"), {branch}(), {branch}("x")'
    assert text_of(tmp_path, text, facts) == f"def build():\n    print({printed})\n"
    given = Facts(given={"branch": "b", "commit": "c"})
    text = "def build():\n    print(cache.branch(), cache.commit(), cache.target())\n"
    printed = '(lambda default="main": "b")(), (lambda: "c")(), (lambda: "//:build")()'
    assert text_of(tmp_path, text, given) == f"def build():\n    print({printed})\n"


def test_a_fact_that_nobody_asked_for(tmp_path: Path) -> None:
    text = 'def other():\n    cache.commit()\n    cache.env("A")\ndef build():\n    pass\n'
    made = text_of(tmp_path, text, Facts({"A": "not asked for"}))
    assert '(lambda: "")()' in made
    assert "{}.get(name, default)" in made


def test_a_secret_stays_where_it_is(tmp_path: Path) -> None:
    text = 'def build():\n    cache.gha(token=cache.secret("TOKEN"))\n'
    made = text_of(tmp_path, text, Facts({"TOKEN": "not to be seen"}))
    assert made == f'def build():\n    {NOTHING}(token=(lambda name: lambda: None)("TOKEN"))\n'


def test_a_field_of_another_value_stays_as_it_is(tmp_path: Path) -> None:
    text = "def f(x): return getattr(x.env, 'a')\ndef build():\n    cache.none()\n"
    assert text_of(tmp_path, text) == text.replace("cache.none", NOTHING)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# cache.registry()\n",
        'x = "cache.registry()"\n',
        "def cache(): pass\nx = cache\n",
        "def f(cache): return cache.registry()\n",
        "f = [cache.none for cache in []]\n",
        "def f():\n    for cache in []: cache.none()\n    return cache\n",
        "f = lambda cache=1: cache\n",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_without_our_cache_stays_as_it_is(tmp_path: Path, text: str, end: str) -> None:
    text = f"{text}def build():\n    base()".replace("\n", end)
    assert text_of(tmp_path, text).encode() == text.encode()


def test_loads_name_absolute_paths(tmp_path: Path) -> None:
    texts = {
        "team/build.envd": 'load("//lib/a.envd", "a")\nload(\n"""b.en\\\nvd""",\n"b")\ndef build():\n    a\n',
        "lib/a.envd": 'load("c.envd", "c")\ndef a():\n    cache.none()\n',
        "team/b.envd": 'load("../lib/c.envd", b2="c")\nb = b2\n',
        "lib/c.envd": "c = 1\n",
    }
    made = lowered(tmp_path, texts)
    assert made.value is not None
    assert made.value.entry == "/out/build.envd:build"
    assert {file.path: file.content.decode() for file in made.value.files} == {
        "build.envd": 'load("/out/loaded/lib/a.envd", "a")\nload(\n"/out/loaded/team/b.envd"\n,\n"b")\n'
        "def build():\n    a\n",
        "loaded/lib/a.envd": f'load("{tmp_path}/lib/c.envd", "c")\ndef a():\n    {NOTHING}()\n',
        "loaded/team/b.envd": f'load("{tmp_path}/lib/c.envd", b2="c")\nb = b2\n',
    }
    assert dict(made.value.names) == {
        "/out/build.envd": str(tmp_path / "team/build.envd"),
        "/out/loaded/lib/a.envd": str(tmp_path / "lib/a.envd"),
        "/out/loaded/team/b.envd": str(tmp_path / "team/b.envd"),
    }


def test_one_file_under_two_names_is_one_module(tmp_path: Path) -> None:
    (tmp_path / "other.envd").symlink_to("a.envd")
    texts = {
        "build.envd": 'load("a.envd", "a")\nload("other.envd", b="a")\ndef build():\n    pass\n',
        "a.envd": "a = cache.branch()\n",
    }
    made = lowered(tmp_path, texts)
    assert made.value is not None
    assert len(made.value.files) == 2
    assert made.value.files[0].content.count(b"/out/loaded/") == 2
    assert len({line.split(b'"')[1] for line in made.value.files[0].content.splitlines()[:2]}) == 1


def test_the_default_of_the_repository_is_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "envd-cache.toml").write_text('defaults = "//caches.envd:defaults"\n')
    texts = {
        "build.envd": "def build():\n    include\n",
        "caches.envd": 'def defaults():\n    cache.registry(ref="r", key=cache.branch())\n',
    }
    made = lowered(tmp_path, texts)
    assert made.value is not None, made.diagnostics
    assert [file.content.decode() for file in made.value.files] == [texts["build.envd"]]


def test_every_name_of_cache_has_an_expression() -> None:
    named = {name.removeprefix("cache.") for name in prelude.functions() if name.startswith("cache.")}
    assert set(members(())) == set(MEMBERS) == named


# ---- what cannot be lowered ----


def refused(folder: Path, texts: dict[str, str], facts: Facts | None = None) -> str:
    made = lowered(folder, texts, facts)
    assert made.value is None
    return render(made.diagnostics).replace(f"{folder}/", "")


def test_a_field_that_is_set(tmp_path: Path) -> None:
    text = "def f():\n    cache.registry = 1\ndef build():\n    pass\n"
    assert refused(tmp_path, {"build.envd": text}) == (
        "build.envd:2:5: error[EC508]: a field of `cache` cannot be set\n"
        "2 |     cache.registry = 1\n"
        "  |     ^^^^^^^^^^^^^^\n"
        "  = hint: remove the assignment\n"
    )


def test_a_name_of_envd_that_is_taken(tmp_path: Path) -> None:
    text = "len = 1\ndef build():\n    c = cache\n"
    assert refused(tmp_path, {"build.envd": text}) == (
        "build.envd:3:9: error[EC508]: plain envd needs its own `len` here, and the file gives that name "
        "another meaning\n"
        "3 |     c = cache\n"
        "  |         ^^^^^\n"
        "  = hint: use another name than `len`\n"
    )
    text = "def f(type): pass\ndef build():\n    f(cache.branch())\n"
    assert "f(type): pass" in text_of(tmp_path, text)


def test_another_meaning_below_the_use(tmp_path: Path) -> None:
    text = "x = cache.branch()\ncache = 1\ndef build():\n    pass\n"
    assert refused(tmp_path, {"build.envd": text}) == (
        "build.envd:1:5: error[EC508]: the file gives `cache` another meaning, which plain envd takes for "
        "the whole file\n"
        "1 | x = cache.branch()\n"
        "  |     ^^^^^^^^^^^^^^\n"
        "  = hint: use another name for the other meaning\n"
    )


def test_an_included_repository(tmp_path: Path) -> None:
    clone = tmp_path / "clones/git@example.org:acme_lib"
    clone.mkdir(parents=True)
    (clone / "lib.envd").write_text("def declare():\n    cache.none()\ndef call(f):\n    f()\n")
    facts = Facts(clones=str(tmp_path / "clones"))
    project = tmp_path / "project"
    project.mkdir()
    top = 'lib = include("git@example.org:acme/lib")\ndef build():\n    '
    found = refused(project, {"build.envd": f"{top}lib.declare()\n"}, facts)
    assert found.removeprefix(f"{tmp_path}/clones/git@example.org:acme_lib/") == (
        "lib.envd:2:5: error[EC508]: plain envd fetches an included repository by itself, and knows no "
        "`cache` in it\n"
        "2 |     cache.none()\n"
        "  |     ^^^^^^^^^^^^\n"
        "  = hint: declare the cache in a file of this repository\n"
    )
    made = text_of(project, f"{top}lib.call(cache.none)\n", facts)
    assert made == f"{top}lib.call({NOTHING})\n"


# ---- envd itself ----


@needs_envd
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_envd_takes_what_is_lowered(case: Case, tmp_path: Path) -> None:
    root = tmp_path / "app"
    root.mkdir()
    (root / "envd-cache.toml").touch()
    path = case.write(root)
    if path.suffix != ".envd":
        path = root / next(name for name in case.files if name.endswith(".envd"))
    given = {name: value for name, value in case.facts.items() if not name.startswith("environ.")}
    environ = {name[8:]: value for name, value in case.facts.items() if name.startswith("environ.")}
    target = Target(str(path))
    evaluation = pipeline.evaluate(target, pipeline.session(Facts(environ, given)))
    assert not has_errors(evaluation.diagnostics)
    made = plain(evaluation.value, find_root(str(path.parent)).value, str(tmp_path / "out"))
    assert made.value is not None, made.diagnostics
    write(made.value, str(tmp_path / "out"))
    name, _, function = made.value.entry.rpartition(":")
    found = oracle.verdict(root, name, function)
    assert found.message == ""


@needs_envd
@pytest.mark.parametrize("name", odd.ACCEPTED)
def test_envd_takes_odd_files_with_a_cache(name: str, tmp_path: Path) -> None:
    line_end = "\r" if "alone" in name else "\n"
    text = f"C = [cache, cache.branch]{line_end}{odd.ACCEPTED[name]}"
    (tmp_path / "app").mkdir()
    path = tmp_path / "app/build.envd"
    path.write_bytes(text.encode(errors="surrogateescape"))
    evaluation = pipeline.evaluate(Target(str(path)), pipeline.session())
    if any(found.code in ("EC007", "EC018") for found in evaluation.diagnostics):
        return  # what envd-cache does not run, it does not lower
    made = plain(evaluation.value, find_root(str(path.parent)).value, str(tmp_path))
    assert made.value is not None, (evaluation.diagnostics, made.diagnostics)
    write(made.value, str(tmp_path))
    assert oracle.verdict(tmp_path / "app", str(tmp_path / "build.envd")).message == ""


@needs_envd
def test_slugs_are_the_same(tmp_path: Path) -> None:
    chosen = random.Random(1)
    letters = 'ab-._/ é功🎉\n"\\'
    texts = ["".join(chosen.choices(letters, k=size)) for size in range(1, 160)]
    texts += ["é" * size for size in range(1, 140)] + ["x" * size for size in (127, 128, 129, 500)]
    listed = ", ".join(map(literal, texts))
    function = members(())["slug"].text
    text = f"def build():\n    for t in [{listed}]:\n        print({function}(text=t))\n    base()\n"
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "build.envd").write_text(text)
    ran = oracle.run("debug", "llb", "-p", str(folder), cwd=folder)
    *printed, _ = ran.stderr.splitlines()
    assert printed == [slug(text) for text in texts]


# ---- writing ----


def test_only_the_owner_reads_the_files(tmp_path: Path) -> None:
    made = lowered(
        tmp_path, {"build.envd": 'load("a.envd", "a")\ndef build():\n    a()\n', "a.envd": "a = cache.none\n"}
    )
    assert made.value is not None
    folder = tmp_path / "new"
    write(made.value, str(folder))
    (folder / "build.envd").chmod(0o644)
    write(made.value, str(folder))
    found = {
        path.relative_to(folder).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")
    }
    assert found == {"build.envd": 0o600, "loaded": 0o700, "loaded/a.envd": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
