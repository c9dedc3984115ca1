"""Fixes: the text they make, and the laws that each of them keeps."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, given, seed, settings

from envd_cache.diagnostics import Diagnostic, Edit, Fix, has_errors
from envd_cache.ir.lower import lower
from envd_cache.ir.merge import normalised
from envd_cache.lint.engine import Settings
from envd_cache.lint.fixes import apply, fixed, with_fixes
from envd_cache.lint.rules import RULES
from envd_cache.pipeline import evaluate, session
from envd_cache.source import Location, SourceFile, Span, Target
from tests.lint.generated import targets
from tests.lint.running import lint
from tests.support.cases import parse_cases, read_cases

if TYPE_CHECKING:
    from envd_cache.lint.rule import Rule
    from tests.support.cases import Case

CASES = Path(__file__).parent / "cases"
HEAD = "def build():\n    base()\n"
LIMIT = 4

# Files that other phases refuse or warn of: what is written, and what a safe fix makes of it.
SAFE = {
    "misspelt": (
        'cache.registry("acme/app:c", modee="max")',
        'cache.registry("acme/app:c", mode="max")',
    ),
    "misspelt, and its value too": (
        'cache.registry(rf="acme/app:c", mod="MAX")',
        'cache.registry(ref="acme/app:c", mode="max")',
    ),
    "word": ("cache.gha(scope='a', mode='MAX')", "cache.gha(scope='a', mode='max')"),
    "use": ('cache.gha(scope="a", use="pull")', 'cache.gha(scope="a", use="import")'),
    "bool": ('cache.registry("acme/app:c", insecure="yes")', 'cache.registry("acme/app:c", insecure=True)'),
    "number": (
        'cache.registry("acme/app:c", compression_level="5")',
        'cache.registry("acme/app:c", compression_level=5)',
    ),
    "in quotes": ("cache.gha(scope=5)", 'cache.gha(scope="5")'),
    "none": ('cache.gha(scope="a", mode=None)', 'cache.gha(scope="a")'),
    "url": ('cache.registry("https://ghcr.io/acme/app")', 'cache.registry("ghcr.io/acme/app")'),
    "capitals": ('cache.registry("ghcr.io/Acme/App:C")', 'cache.registry("ghcr.io/acme/app:C")'),
    "blank": ('cache.local(path=" cache")', 'cache.local(path="cache")'),
    "duration": ('cache.gha(scope="a", timeout="10 minutes")', 'cache.gha(scope="a", timeout="10m")'),
    "ineffective": (
        'cache.gha(scope="a", mode="max", use="import")',
        'cache.gha(scope="a", use="import")',
    ),
    "ineffective, a line each": (
        'cache.registry(\n        "r:c",  # ours, all\n        mode="max",\n        use="import",\n    )',
        'cache.registry(\n        "r:c",  # ours, all\n        use="import",\n    )',
    ),
    "ineffective, its comment stays": (
        'cache.registry(\n        ref="a:c",\n        mode="max",  # why\n        use="import",\n    )',
        'cache.registry(\n        ref="a:c",\n        # why\n        use="import",\n    )',
    ),
    "last": (
        'cache.registry("acme/app:c", use="import", mode="max")',
        'cache.registry("acme/app:c", use="import")',
    ),
    "name": ('cahce.gha(scope="a")', 'cache.gha(scope="a")'),
    "member": ('cache.registy("acme/app:c")', 'cache.registry("acme/app:c")'),
    "twice": ('cache.gha(scope="a")\n    cache.gha(scope="a")', 'cache.gha(scope="a")'),
    "allowance": (
        'cache.gha(scope="a")  # envd-cache: allow(default-scope)',
        'cache.gha(scope="a")',
    ),
    "allowance with a reason": (
        'cache.gha(scope="a")  # envd-cache: allow(default-scope) for now',
        'cache.gha(scope="a")  # for now',
    ),
    "two allowances": (
        "cache.gha()  # envd-cache: allow(EC341, default-scope)",
        "cache.gha()  # envd-cache: allow(default-scope)",
    ),
    "allowance on a line": (
        'cache.gha(scope="a")\n    # envd-cache: allow(default-scope)\n    print("a")',
        'cache.gha(scope="a")\n    print("a")',
    ),
}

# Other ends of lines, and comments between names: the whole text, and what a safe fix makes of it.
LINE_ENDS = {
    "allowance": (
        'def build():\r\n    base()\r\n    cache.gha(scope="a")  # envd-cache: allow(default-scope)\r\n',
        'def build():\r\n    base()\r\n    cache.gha(scope="a")\r\n',
    ),
    "allowance with a reason": (
        'def build():\r\n    base()\r\n    cache.gha(scope="a")  # envd-cache: allow(default-scope) why\r\n',
        'def build():\r\n    base()\r\n    cache.gha(scope="a")  # why\r\n',
    ),
    "allowance on a line": (
        'def build():\r\n    base()\r\n    # envd-cache: allow(EC324)\r\n    cache.gha(scope="a")\r\n',
        'def build():\r\n    base()\r\n    cache.gha(scope="a")\r\n',
    ),
    "old ones": (
        '# envd-cache: allow-file(default-scope)\rdef build():\r    base()\r    cache.gha(scope="a")\r',
        'def build():\r    base()\r    cache.gha(scope="a")\r',
    ),
}

# What no fix may touch, because the place does not tell what was meant.
LEFT_ALONE = {
    "from a variable": 'MODE = "MAX"\n    cache.registry("acme/app:c", mode=MODE)',
    "of another type, from a variable": 'yes = "yes"\n    cache.registry("acme/app:c", insecure=yes)',
    "a comment between": (
        'cache.gha(\n        scope="a",\n        use="import",  # why\n        mode="max"\n    )'
    ),
    "argument there already": 'cache.registry("acme/app:c", mode="max", modee="min")',
    "position taken": 'cache.registry("acme/app:c", reff="acme/app:d")',
    "splat": 'more = {"mode": "max"}\n    cache.registry("acme/app:c", modee="max", **more)',
    "different branches": (
        'if True:\n        cache.gha(scope="a")\n    cache.gha(scope="a")\n    print("a")'
    ),
    "computed": 'name = "a"\n    cache.gha(scope=name)\n    cache.gha(scope="a")',
    "in a loop": 'for name in ["a", "a"]:\n        cache.gha(scope=name)',
    "two addresses": 'cache.azblob("acme.example.org")',
    "secret": 'cache.azblob("https://a.example.org", secret_access_key="K", use="export")',
    "what `key` completes": 'cache.inline(use="export", key="main", ref="ghcr.io/acme/app")',
    "direction from outside": (
        'use = "import" if cache.branch("x") else "both"\n    cache.gha(scope="a", mode="max", use=use)'
    ),
}


def rerun(folder: Path, *, unsafe: bool, settings: Settings | None = None) -> tuple[dict[str, str], int]:
    """Fix until nothing changes; return the files and the number of runs that changed something."""
    for number in range(LIMIT + 1):
        found = lint(folder, settings)
        texts = fixed(with_fixes(found.diagnostics), unsafe=unsafe)
        if not texts:
            return {name: source.text for name, source in found.sources.items()}, number
        for source, text in texts.items():
            (folder / source.path).write_text(text)
    raise AssertionError(f"fixes do not settle within {LIMIT} runs")


def build_file(body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()
    text = f"{HEAD}    {body}\n"
    Path("build.envd").write_text(text)
    return text


@pytest.mark.parametrize("name", SAFE)
def test_safe_fix(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written, wanted = SAFE[name]
    build_file(written, tmp_path, monkeypatch)
    files, runs = rerun(Path(), unsafe=False)
    assert files["build.envd"] == f"{HEAD}    {wanted}\n"
    assert 1 <= runs <= 2


@pytest.mark.parametrize("name", LINE_ENDS)
def test_line_ends_stay(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()
    text, wanted = LINE_ENDS[name]
    Path("build.envd").write_bytes(text.encode())
    (new,) = fixed(with_fixes(lint(Path()).diagnostics)).values()
    assert new == wanted


def test_an_argument_more_gets_the_line_end_of_its_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()
    text = 'def build():\r\n    base()\r\n    cache.local(\r\n        path="cache",\r\n    )\r\n'
    Path("build.envd").write_bytes(text.encode())
    (new,) = fixed(with_fixes(lint(Path()).diagnostics), unsafe=True).values()
    assert new == text.replace('"cache",', '"cache",\r\n        reset=True,')


@pytest.mark.parametrize("names", ['"one",  # why\n    "two"', '\n    # why\n    "two", "three"'])
def test_a_load_with_comments_is_left_alone(
    names: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()
    Path("a.envd").write_text("one = 1\ntwo = 2\nthree = 3\n")
    Path("build.envd").write_text(f'load("//a.envd", {names})\n\n{HEAD}')
    found = lint(Path()).diagnostics
    assert "EC301" in [one.code for one in found]
    assert fixed(with_fixes(found), unsafe=True) == {}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_left_alone(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = build_file(LEFT_ALONE[name], tmp_path, monkeypatch)
    assert lint(Path()).diagnostics
    assert rerun(Path(), unsafe=False) == ({"build.envd": text}, 0)


# ---- laws ----

BAD = [
    pytest.param(case, Settings(rule.engines), id=f"{rule.name}-{number}")
    for rule in RULES
    for number, case in enumerate(
        [*parse_cases(rule.bad), *read_cases(CASES / f"{rule.name.replace('-', '_')}.envd-cases")]
    )
]


def plans(folder: Path) -> list[object]:
    """Return what each target means that has a plan."""
    during = session()
    made: list[object] = []
    for path in sorted(folder.rglob("build.envd")):
        for line in path.read_text().splitlines():
            if line.startswith("def ") and line.endswith("():") and not line.startswith("def _"):
                evaluation = evaluate(Target(str(path), line[4:-3]), during)
                lowered = lower(evaluation.value)
                if not has_errors(evaluation.diagnostics + lowered.diagnostics):
                    plan = lowered.value
                    made.append((plan.label, [normalised(one) for one in (*plan.exports, *plan.imports)]))
    return made


@pytest.mark.parametrize(("case", "stated"), BAD)
def test_safe_fixes_keep_the_plan_and_settle(
    case: Case, stated: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()
    case.write(Path())
    before = plans(Path())
    _, runs = rerun(Path(), unsafe=False, settings=stated)
    assert runs <= 2
    assert [one for one in before if one not in plans(Path())] == []


@pytest.mark.parametrize(("case", "stated"), BAD)
def test_all_fixes_settle_and_keep_comments(
    case: Case, stated: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()
    case.write(Path())
    before = {path: path.read_text() for path in Path().rglob("*.envd")}
    unchanged = [one for one in lint(Path(), stated).diagnostics if one.severity == "error"]
    files, runs = rerun(Path(), unsafe=True, settings=stated)
    assert runs <= 3
    for path, text in before.items():
        gone = [
            line[2:]
            for line in difflib.ndiff(text.splitlines(), files.get(str(path), text).splitlines())
            if line.startswith("- ") and line[2:].lstrip().startswith("#") and "envd-cache:" not in line
        ]
        assert gone == []
    errors = [one for one in lint(Path(), stated).diagnostics if one.severity == "error"]
    assert len(errors) <= len(unchanged)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_fix_mends_its_finding(rule: Rule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()
    [case] = parse_cases(rule.bad)
    case.write(Path())
    stated = Settings(rule.engines)
    code = rule.code
    if any(one.fix for one in lint(Path(), stated).diagnostics if one.code == code):
        rerun(Path(), unsafe=True, settings=stated)
        assert [one for one in lint(Path(), stated).diagnostics if one.code == code] == []


@seed(4)
@settings(max_examples=60, deadline=None, database=None, phases=[Phase.generate])
@given(text=targets())
def test_a_correct_file_has_no_safe_fix_and_survives_the_others(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("app")
    (folder / ".git").mkdir()
    (folder / "build.envd").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert rerun(Path(), unsafe=False) == ({"build.envd": text}, 0)
        changed, runs = rerun(Path(), unsafe=True)
        assert runs <= 2
        assert not has_errors(lint(Path()).diagnostics), changed


# ---- edits ----

SOURCE = SourceFile("x", "0123456789")


def a_fix(*edits: tuple[int, int, str]) -> Fix:
    return Fix("t", tuple(Edit(Location(SOURCE, Span(start, end)), text) for start, end, text in edits))


def test_edits_are_applied_from_the_end() -> None:
    assert apply("0123456789", [a_fix((1, 2, "a"), (8, 9, "")), a_fix((4, 4, "xx"))]) == "0a23xx45679"


def test_a_fix_that_overlaps_waits_as_a_whole() -> None:
    fixes = [a_fix((2, 5, "-")), a_fix((0, 1, "z"), (4, 6, "!")), a_fix((2, 5, "-")), a_fix((5, 6, "+"))]
    assert apply("0123456789", fixes) == "01-+6789"


def test_two_insertions_at_one_place_wait() -> None:
    assert apply("0123456789", [a_fix((3, 3, "a")), a_fix((3, 3, "b"))]) == "012a3456789"


def test_unsafe_fixes_are_asked_for() -> None:
    found = Diagnostic(
        "EC326", "warning", "m", Location(SOURCE, Span(0, 1)), fix=a_fix((0, 1, "x")).replace(safe=False)
    )
    assert fixed([found]) == {}
    assert fixed([found], unsafe=True) == {SOURCE: "x123456789"}
