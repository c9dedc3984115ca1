"""The pages: generated parts are up to date, what they show is what happens, and no link is dead."""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
from pathlib import Path

import pytest

import envd_cache
from tests.support.documents import blocks, environment, rerun, transcript
from tools import generate_docs, zh

ROOT = Path(__file__).parents[1]
READMES = tuple(generate_docs.READMES)
SET_UP = {"README.md": "Set-up", "README.zh-CN.md": "安装"}

_HEADING = re.compile(r"^(#+) ", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)

# Written apart, so that this file may be looked through too.
_REGISTRIES = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".", "debian" + ".org", "crates" + ".io")
_MACHINE_PATHS = ("/" + "work/", "/" + "tmp/w/", "/" + "root/", "/" + "Users/", "/" + "opt/pypi")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _tracked() -> list[Path]:
    """Return the files of the repository, also those not committed yet."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    if listed.returncode:
        pytest.skip("this is no git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def _text(path: Path) -> str:
    """Return the text of a file, "" when it is none."""
    try:
        return _read(path)
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("path", generate_docs.wanted(), ids=lambda path: str(path.relative_to(ROOT)))
def test_generated_parts_are_up_to_date(path: Path) -> None:
    assert _read(path) == generate_docs.wanted()[path], f"run `{generate_docs.COMMAND}`"


def test_every_part_is_in_both_readmes() -> None:
    for path in READMES:
        marked = re.findall(r"<!-- generated: ([\w-]+) -->", _read(path))
        assert marked == list(generate_docs.PARTS), path.name


def test_every_text_has_a_translation() -> None:
    used = generate_docs.used_texts()
    assert not sorted(used - zh.TEXTS.keys()), "add these to tools/zh.py"
    assert not sorted(zh.TEXTS.keys() - used), "nothing shows these any more: take them out of tools/zh.py"


def test_translations_keep_names_and_code() -> None:
    for text, translated in zh.TEXTS.items():
        for pattern in (r"\{\w+\}", r"`[^`]*`"):
            assert sorted(re.findall(pattern, text)) == sorted(re.findall(pattern, translated)), text


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_readme_shows_what_the_commands_print(path: Path, update_goldens: bool, tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    made = rerun(_read(path), folder, environment(tmp_path))
    if update_goldens:
        path.write_text(made, encoding="utf-8")
    else:
        assert made == _read(path), "write it with `pytest tests/test_docs.py --update`"


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_readme_starts_with_ten_lines_and_their_output(path: Path) -> None:
    first, second, *_ = blocks(_read(path))
    assert (first.language, second.language) == ("starlark", "console")
    assert len(first.text.splitlines()) <= 10


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_python_examples(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    shown = "".join(block.text for block in blocks(_read(path)) if block.language == "pycon")
    assert shown
    _run_examples(shown, path.name)


def test_package_docstring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    _run_examples(envd_cache.__doc__ or "", "envd_cache")


def _run_examples(text: str, name: str) -> None:
    test = doctest.DocTestParser().get_doctest(text, {}, name, name, 0)
    assert test.examples
    failures: list[str] = []
    doctest.DocTestRunner(verbose=False).run(test, out=failures.append)
    assert not failures, "".join(failures)


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_set_up_is_two_commands(path: Path, tmp_path: Path) -> None:
    page = _read(path)
    section = page.partition(f"\n## {SET_UP[path.name]}\n")[2].partition("\n## ")[0]
    commands = [block.text for block in blocks(section)]
    assert [block.language for block in blocks(section)] == ["sh", "sh"]
    assert all(command.count("\n") == 1 for command in commands), "each is one line"
    # The last step of the first, with the program under test in place of a new installation.
    last = commands[0].rpartition("&&")[2].strip()
    assert last.startswith(".venv/bin/envd-cache ")
    shown = transcript(f"$ {last.removeprefix('.venv/bin/')}", ROOT, environment(tmp_path))
    assert shown.partition("\n")[2] == _read(ROOT / "examples/quickstart/expected.llb")
    extras = re.findall(r"\.\[(\w+)\]", commands[1])
    assert extras == ["test"]
    assert shlex.split(commands[1])[-4:-2] == ["-m", "pytest"]


def test_readmes_have_the_same_parts() -> None:
    first, second = (_read(path) for path in READMES)
    assert [block[:2] for block in blocks(first)] == [block[:2] for block in blocks(second)]
    levels = [_HEADING.findall(_FENCED.sub("", page)) for page in (first, second)]
    assert levels[0] == levels[1]
    links = [sorted(set(_LINK.findall(page)) - {path.name for path in READMES}) for page in (first, second)]
    assert links[0] == links[1]


def test_relative_links_exist() -> None:
    dead = [
        f"{path.relative_to(ROOT)}: {link}"
        for path in _tracked()
        if path.suffix == ".md"
        for link in _LINK.findall(_FENCED.sub("", _read(path)))
        if "://" not in link
        and not link.startswith("#")
        and not (path.parent / link.partition("#")[0]).exists()
    ]
    assert not dead


def test_no_host_of_a_package_registry_and_no_path_of_a_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {word}"
        for path in _tracked()
        for number, line in enumerate(_text(path).splitlines(), 1)
        for word in (*_REGISTRIES, *_MACHINE_PATHS)
        if re.search(rf"(?<![\w.~}}]){re.escape(word)}", line)
    ]
    assert not found
