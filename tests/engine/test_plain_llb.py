"""Plain envd makes the same LLB of a lowered file as of the same file written without `cache`.

A text here is two files in one: `<<a||b>>` is `a` for envd-cache and `b` for whoever writes the file
without it, by hand.
"""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envd_cache import pipeline
from envd_cache.config import find_root
from envd_cache.diagnostics import has_errors
from envd_cache.engine.plain import plain, write
from envd_cache.engine.plain_values import MEMBERS, READERS
from envd_cache.evaluate.facts import Facts
from envd_cache.source import Target
from tests.differential import oracle
from tests.support.image_registry import image_registry, trust

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envd_cache.engine.plain import Plain

pytestmark = pytest.mark.skipif(oracle.envd() is None, reason="envd is not installed")

EXAMPLES = Path(__file__).parents[2] / "examples"
CHOICE = re.compile(r"<<(.*?)\|\|(.*?)>>", re.DOTALL)
SEEDS = 48
# A line without one of these stays as it is.
CHANGED = ("cache", "load", ".  # two", *MEMBERS, *READERS)
DATA = Path(__file__).with_name("plain") / "pieces.txt"
FACTS = {
    "branch": "feature/log-in",
    "commit": "0123456789abcdef0123456789abcdef01234567",
    "pull_request": "7",
    "platform": "linux/arm64",
    "env.ODD": 'a "b" \\ c\nd\t\u00e9\u2028\U0001f389',
    "env.LONG": "x" * 200,
}


@pytest.fixture(scope="module")
def registry() -> Iterator[str]:
    with image_registry() as address:
        yield address


@pytest.fixture(scope="module")
def llb(registry: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Path], str]:
    """Return a function that gives the LLB of a target; the project's folder is the same for all."""
    home = tmp_path_factory.mktemp("home")
    trust(home, registry)
    project = tmp_path_factory.mktemp("project")

    def run(target: str, cwd: Path) -> str:
        done = subprocess.run(
            [str(oracle.envd()), "debug", "llb", "-p", str(project), "-f", target],
            cwd=cwd,
            env=oracle.environment(str(home)),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("\n") > 0
        return done.stdout

    return run


def lowered(target: Target, folder: Path, given: dict[str, str] | None = None) -> Plain:
    """Lower a target into a folder, and check that every line is where it was."""
    during = pipeline.session(Facts(given=given if given is not None else FACTS))
    evaluation = pipeline.evaluate(target, during)
    assert not has_errors(evaluation.diagnostics), evaluation.diagnostics
    root = find_root(str(Path(target.path).parent)).value
    made = plain(evaluation.value, root, str(folder))
    assert made.value is not None, made.diagnostics
    assert made.diagnostics == ()
    write(made.value, str(folder))
    for file, (_, shown) in zip(made.value.files, made.value.names, strict=True):
        before, after = Path(shown).read_bytes().split(b"\n"), file.content.split(b"\n")
        assert len(before) == len(after)
        for old, new in zip(before, after, strict=True):
            assert old == new or any(word in old.decode() for word in CHANGED)
    return made.value


# ---- the examples ----


def example_targets() -> list[tuple[Path, str]]:
    return [
        (path, function)
        for path in sorted(EXAMPLES.rglob("build.envd"))
        for function in re.findall(r"^def ([a-z]\w*)\(\)", path.read_text(), re.MULTILINE)
    ]


STATEMENT = re.compile(r"^ *(?:cache\.\w+|team_cache)\(.*?\)$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    ("path", "function"),
    example_targets(),
    ids=lambda part: part if isinstance(part, str) else part.parent.name,
)
def test_example(
    path: Path, function: str, llb: Callable[[str, Path], str], registry: str, tmp_path: Path
) -> None:
    repository = tmp_path / "repository"
    for file in EXAMPLES.rglob("*"):
        if file.suffix in (".envd", ".toml"):
            copy = repository / file.relative_to(EXAMPLES)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(file.read_text().replace("ubuntu:22.04", f"{registry}/base:1"))
    ours = repository / path.relative_to(EXAMPLES)
    made = lowered(Target(str(ours), function), tmp_path / "plain", {})
    by_hand = tmp_path / "by-hand.envd"
    text = re.sub(r"^(load|KEYS).*$", "", ours.read_text(), flags=re.MULTILINE)
    by_hand.write_text(STATEMENT.sub("    pass", text))
    assert "cache." not in by_hand.read_text().partition("def ")[2]
    assert llb(made.entry, tmp_path) == llb(f"{by_hand}:{function}", tmp_path)


# ---- generated files ----

LOADED = {
    "lib/caches.envd": 'const = "c"\ninner = <<cache.branch()||"feature/log-in">>\n',
    "lib/constants.envd": 'inner = "none of ours"\n',
    "lib/more.envd": """
def _f(c):
    return <<c.branch()||"feature/log-in">>
inner = _f(<<cache||None>>)
""",
    "team/own.envd": """# loads another
load("<<//lib/more.envd||ROOT/lib/more.envd>>", inner2="inner")
inner = inner2
""",
}


def pieces() -> list[tuple[str, str]]:
    """Return pairs: lines of the top level, and lines of the function."""
    _, *found = DATA.read_text(encoding="utf-8").split("---\n")
    return [(above, inside) for above, _, inside in (piece.partition("build:\n") for piece in found)]


def repository_of(seed: int, image: str) -> dict[str, str]:
    """Return a repository as texts by path, with some of the pieces; the same seed gives the same."""
    chosen = random.Random(seed)
    known = pieces()
    top: list[str] = []
    function = f'def build():\n    base(image="{image}")\n'
    for number, piece in enumerate(dict.fromkeys([known[seed % len(known)], *chosen.sample(known, 4)])):
        above, inside = (part.replace("@", str(number)) for part in piece)
        top.append(above)
        function += inside
    # A file may use a name that `load` binds further down in a function only.
    order = [*top, function] if chosen.random() < 0.7 else [function, *top]
    text = chosen.choice(("", "", "# syntax=v1\n", "# cache.registry\n\n")) + "".join(order)
    if chosen.random() < 0.3:
        text = text.replace("    ", "\t")
    if chosen.random() < 0.3:
        text = text.rstrip("\n")
    if chosen.random() < 0.3:
        text = text.replace("\n", "\r\n")
    return LOADED | {"team/build.envd": text}


def write_repository(texts: dict[str, str], folder: Path, side: int) -> Path:
    """Write one side of a repository: 1 is ours, 2 is by hand. Returns the build file."""
    for path, text in texts.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        made = CHOICE.sub(lambda found: found[side], text).replace("ROOT", str(folder))
        file.write_bytes(made.encode())
    (folder / "envd-cache.toml").touch()
    return folder / "team/build.envd"


@pytest.mark.parametrize("seed", range(SEEDS))
def test_generated(seed: int, llb: Callable[[str, Path], str], registry: str, tmp_path: Path) -> None:
    texts = repository_of(seed, f"{registry}/base:1")
    ours = write_repository(texts, tmp_path / "ours", 1)
    by_hand = write_repository(texts, tmp_path / "by-hand", 2)
    made = lowered(Target(str(ours)), tmp_path / "plain")
    assert llb(made.entry, tmp_path) == llb(f"{by_hand}:build", tmp_path)


def test_every_piece_is_in_a_file() -> None:
    assert 20 < len(pieces()) <= SEEDS
