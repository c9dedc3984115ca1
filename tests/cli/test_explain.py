"""`envd-cache explain`: a plan in words, and the meaning of codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envd_cache.codes import CODES
from envd_cache.lint.rules import RULES
from tests.cli.program import repository, run
from tests.cli.test_compile import ERROR, ERROR_TEXT, WARNING, WARNING_TEXT

if TYPE_CHECKING:
    from pathlib import Path

MANY = """
def team(name):
    cache.registry(ref="ghcr.io/acme/" + name, key=[cache.branch(), "main"], mode="max")

def build():
    base()
    team("app")
    cache.s3(bucket="b", region=cache.env("REGION"), secret_access_key=cache.secret("K"), use="export")
"""
MANY_TEXT = """\
//:build
  export 1 of 2: type=registry,ref=ghcr.io/acme/app:feature-x,mode=max
    declared at build.envd:3:5, called from build.envd:7:5
  export 2 of 2: type=s3,bucket=b,region=eu,secret_access_key=$K
    declared at build.envd:8:5
  import 1 of 2: type=registry,ref=ghcr.io/acme/app:feature-x
    declared at build.envd:3:5, called from build.envd:7:5
  import 2 of 2: type=registry,ref=ghcr.io/acme/app:main
    declared at build.envd:3:5, called from build.envd:7:5
  facts:
    branch = "feature/x", from --fact (build.envd:3:53, called from build.envd:7:5)
    env REGION = "eu", from --fact (build.envd:8:33)
    secret K: its value stays in the environment (build.envd:8:72)
  docker buildx with the driver docker:
    build.envd:8:5: the docker driver has no s3 cache
  envd build:
    build.envd:8:5: envd build takes one export: `type=s3,bucket=b,region=eu,secret_access_key=$K` is left out
    build.envd:3:5: envd build takes one import: `type=registry,ref=ghcr.io/acme/app:main` is left out
"""
DEFAULTS = 'def defaults():\n    cache.registry(ref="r", use="import")\n'


def test_a_plan_in_words(tmp_path: Path) -> None:
    facts = ("--fact", "branch=feature/x", "--fact", "env.REGION=eu")
    assert run(repository(tmp_path, MANY), "explain", *facts, K="s3cr3t") == (0, MANY_TEXT, "")


def test_no_terminal_takes_a_value_for_commands(tmp_path: Path) -> None:
    text = 'def build():\n    base()\n    cache.gha(scope="a\\x1b[2Jb", use="export")\n'
    done = run(repository(tmp_path, text), "explain")
    assert "  export: type=gha,scope=a\ufffd[2Jb\n" in done.out
    assert "\x1b" not in done.out


def test_no_cache(tmp_path: Path) -> None:
    folder = repository(tmp_path, "def build():\n    base()\n\ndef dev():\n    base()\n    cache.none()\n")
    assert run(folder, "explain") == (0, "//:build\n  declares no cache\n", "")
    purpose = "//:dev\n  has no cache on purpose: cache.none()\n"
    assert run(folder, "explain", ":dev") == (0, purpose, "")
    assert run(folder, "explain", "--all") == (0, f"//:build\n  declares no cache\n\n{purpose}", "")


def test_the_default_of_the_repository(tmp_path: Path) -> None:
    folder = repository(tmp_path, "def build():\n    base()\n")
    (folder / "caches.envd").write_text(DEFAULTS)
    (folder / "envd-cache.toml").write_text('defaults = "//caches.envd:defaults"\n')
    done = run(folder, "explain")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "//:build",
        "  declares nothing itself; the repository's default is //caches.envd:defaults",
        "  import: type=registry,ref=r",
        "    declared at caches.envd:2:5",
    ]


def test_findings(tmp_path: Path) -> None:
    assert run(repository(tmp_path, ERROR), "explain") == (1, "", ERROR_TEXT)
    done = run(repository(tmp_path, WARNING), "explain")
    assert (done.code, done.err) == (0, WARNING_TEXT)
    assert done.out == "//:build\n  import: type=registry,ref=r\n    declared at build.envd:4:5\n"


@pytest.mark.parametrize("word", ["EC106", "ec106"])
def test_a_code(tmp_path: Path, word: str) -> None:
    (code,) = (code for code in CODES if code.code == "EC106")
    done = run(tmp_path, "explain", word)
    assert (done.code, done.err) == (0, "")
    first, empty, *rest = done.out.splitlines()
    assert (first, empty) == (f"EC106 {code.name}", "")
    assert " ".join(" ".join(rest).split()) == f"{code.why} Instead: {code.instead}"
    assert max(map(len, rest)) <= 80


def test_a_rule(tmp_path: Path) -> None:
    done = run(tmp_path, "explain", RULES[0].code)
    assert done.out.startswith(f"{RULES[0].code} {RULES[0].name}\n\n")


def test_an_unknown_code(tmp_path: Path) -> None:
    done = run(tmp_path, "explain", "EC999")
    known = ", ".join(sorted([*(code.code for code in CODES), *(rule.code for rule in RULES)]))
    assert done == (2, "", f"envd-cache: error: there is no code `EC999`; there are {known}\n")


def test_codes_are_in_order_and_never_repeated() -> None:
    codes = [code.code for code in CODES]
    assert codes == sorted(set(codes))
    names = [code.name for code in CODES]
    assert len(set(names)) == len(names)
    for code in CODES:
        assert code.name == code.name.lower().replace(" ", "-")
        assert code.why.endswith(".")
        assert code.instead.endswith(".")
