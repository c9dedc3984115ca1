"""The facade: targets of a file, the root of a repository and its defaults, one session for many targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envd_cache import pipeline
from envd_cache.config import find_root
from envd_cache.emit.registry import Options, emitter
from envd_cache.evaluate.facts import Facts
from envd_cache.source import Target

if TYPE_CHECKING:
    from pathlib import Path

    from envd_cache.diagnostics import Diagnostic

# The shape of the template that `envd init` writes for torch.
TORCH = """
def default():
    shell("fish")
    install.conda()
    install.python()
    install.apt_packages(name=["build-essential"])


def others():
    install.python_packages(name=["transformers"])


def gpu():
    base(dev=True, image="nvidia/cuda:12.6.3-cudnn-devel-ubuntu22.04")
    default()
    install.python_packages(name=["torch --index-url https://example.org/gpu"])
    others()


def cpu():
    base(dev=True)
    default()
    install.python_packages(name=["torch --index-url https://example.org/cpu"])
    others()


def build():
    cpu()
"""
DEFAULTS = """
def defaults():
    cache.registry(ref="ghcr.io/acme/cache", key=cache.slug(cache.target()))
"""
SILENT = "def build():\n    base()\n"
NONE = "def build():\n    base()\n    cache.none()\n"
OWN = 'def build():\n    base()\n    cache.inline(ref="r")\n'
FACTS = Facts(use_git=False)


def write(folder: Path, **files: str) -> None:
    """Write files; `a__b_c` is the file `a/b.c`."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def codes(diagnostics: tuple[Diagnostic, ...]) -> list[str]:
    return [found.code for found in diagnostics]


def refs(folder: Path, file: str = "build.envd") -> list[str]:
    """Return what a target exports and imports, as `type ref`, and expect no problem."""
    found = pipeline.plan(Target(str(folder / file)), pipeline.session(FACTS))
    assert found.diagnostics == ()
    entries = (*found.value.exports, *found.value.imports)
    return [f"{entry.direction} {entry.type} {entry.attr('ref') or ''}".rstrip() for entry in entries]


BY_DEFAULT = [
    "export registry ghcr.io/acme/cache:build",
    "import registry ghcr.io/acme/cache:build",
]


# ---- targets ----


def targets(folder: Path, text: str) -> tuple[list[str], list[str]]:
    """Return the functions of a file that are targets, and the codes of what is wrong."""
    write(folder, build_envd=text)
    found = pipeline.targets_of(str(folder / "build.envd"), pipeline.session(FACTS))
    assert {target.path for target in found.value} <= {str(folder / "build.envd")}
    return [target.function for target in found.value], codes(found.diagnostics)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (TORCH, ["gpu", "cpu", "build"]),
        ("def _private():\n    base()\n\n" + SILENT, ["build"]),
        ("def one(name):\n    base()\n\n" + SILENT, ["build"]),
        ('def one(name="x"):\n    base(image=name)\n', []),
        ("def one(*args, **kwargs):\n    base()\n", []),
        ("def helper():\n    cache.inline()\n\n" + SILENT, ["build"]),
        ("def two():\n    base()\n\ndef one():\n    base()\n", ["two", "one"]),
        ("def helper():\n    fail('not alone')\n\n" + SILENT, ["build"]),
    ],
    ids=["torch", "private", "needs", "default", "any", "declares", "order", "fails"],
)
def test_targets(tmp_path: Path, text: str, wanted: list[str]) -> None:
    names, found = targets(tmp_path, text)
    assert names == wanted
    assert found == (["EC011"] if "fail(" in text else [] if wanted else ["EC013"])


def test_no_target(tmp_path: Path) -> None:
    assert targets(tmp_path, "def helper():\n    pass\n") == ([], ["EC013"])
    assert targets(tmp_path, "x = 1\n") == ([], ["EC013"])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    found = pipeline.targets_of(str(tmp_path / "build.envd"), pipeline.session(FACTS))
    assert (found.value, codes(found.diagnostics)) == ((), ["EC001"])


def test_a_broken_file_has_no_targets(tmp_path: Path) -> None:
    names, found = targets(tmp_path, SILENT + "\ndef (:\n")
    assert names == []
    assert set(found) == {"EC005"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("def build(:\n    base()\n", "EC005"),
        ("def build)(:\n    base()\n", "EC005"),
        ("def build-x():\n    base()\n", "EC005"),
        ("Def build():\n    base()\n", "EC005"),
        ('x = """\n' + SILENT, "EC005"),
        ('load("//nowhere.envd", "build")\n', "EC001"),
        ("fail('no')\n", "EC011"),
    ],
)
def test_why_a_broken_file_has_no_function_is_told(tmp_path: Path, text: str, code: str) -> None:
    names, found = targets(tmp_path, text)
    assert names == []
    assert set(found) == {code}


def test_what_the_top_level_calls_makes_no_target(tmp_path: Path) -> None:
    assert targets(tmp_path, "base()\n") == ([], ["EC013"])


# ---- the root ----


@pytest.mark.parametrize("name", ["envd-cache.toml", "pyproject.toml", ".git"])
def test_the_root_is_the_nearest_folder_with_a_mark(tmp_path: Path, name: str) -> None:
    (tmp_path / ".git").mkdir()
    inner = tmp_path / "a" / "b"
    (inner / "c").mkdir(parents=True)
    mark = inner / name
    mark.write_text("[tool.envd-cache]\n" if name == "pyproject.toml" else "")
    assert find_root(str(inner / "c")).value.folder == str(inner)
    assert find_root(str(inner)).value.folder == str(inner)
    assert find_root(str(tmp_path / "a")).value.folder == str(tmp_path)


def test_other_projects_are_no_root(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    inner = tmp_path / "a"
    inner.mkdir()
    for text in ("", "[project]\n", '[tool.other]\nname = "envd-cache"\n', "# envd-cache\n"):
        (inner / "pyproject.toml").write_text(text)
        found = find_root(str(inner))
        assert (found.value.folder, found.diagnostics) == (str(tmp_path), ())


def test_labels_start_at_the_root(tmp_path: Path) -> None:
    write(tmp_path, **{"envd-cache_toml": "", "team__build_envd": SILENT, "team__other_envd": SILENT})
    for file, label in (("build.envd", "//team:build"), ("other.envd", "//team/other.envd:build")):
        found = pipeline.plan(Target(str(tmp_path / "team" / file)), pipeline.session(FACTS))
        assert found.value.label == label


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("defaults = 1\n", "`defaults` must name a function as `//file:function`"),
        ('defaults = "caches.envd:f"\n', "`defaults` must name a function as `//file:function`"),
        ('defaults = "//caches.envd"\n', "`defaults` must name a function as `//file:function`"),
        ('default = "//a:b"\n', "unknown key `default`"),
        ("defaults\n", None),
    ],
    ids=["number", "relative", "no function", "misspelt", "no TOML"],
)
def test_a_wrong_configuration_is_an_error(tmp_path: Path, text: str, message: str | None) -> None:
    write(tmp_path, **{"envd-cache_toml": text, "build_envd": SILENT})
    (problem,) = pipeline.plan(Target(str(tmp_path / "build.envd")), pipeline.session(FACTS)).diagnostics
    assert (problem.code, problem.severity) == ("EC020", "error")
    assert problem.path == str(tmp_path / "envd-cache.toml")
    assert problem.message == message or problem.message.startswith("the configuration cannot be read: ")


# ---- defaults ----

TOML = 'defaults = "//shared/caches.envd:defaults"\n'
CONFIGURATIONS = {"envd-cache_toml": TOML, "pyproject_toml": f"[tool.envd-cache]\n{TOML}"}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_defaults_for_a_target_that_declares_nothing(tmp_path: Path, name: str) -> None:
    write(tmp_path, **{name: CONFIGURATIONS[name], "shared__caches_envd": DEFAULTS, "build_envd": SILENT})
    assert refs(tmp_path) == BY_DEFAULT
    plan = pipeline.plan(Target(str(tmp_path / "build.envd")), pipeline.session(FACTS)).value
    assert plan.by_default == "//shared/caches.envd:defaults"


def test_defaults_in_a_folder_below(tmp_path: Path) -> None:
    write(
        tmp_path,
        **CONFIGURATIONS,
        shared__caches_envd=DEFAULTS.replace("cache.slug(cache.target())", '"x"'),
        team__build_envd=SILENT,
    )
    assert refs(tmp_path, "team/build.envd") == [text.replace(":build", ":x") for text in BY_DEFAULT]


def test_own_declarations_come_first(tmp_path: Path) -> None:
    write(tmp_path, **CONFIGURATIONS, shared__caches_envd=DEFAULTS, build_envd=OWN)
    assert refs(tmp_path) == ["export inline", "import registry r"]


def test_none_means_none(tmp_path: Path) -> None:
    write(tmp_path, **CONFIGURATIONS, shared__caches_envd=DEFAULTS, build_envd=NONE)
    assert refs(tmp_path) == []
    plan = pipeline.plan(Target(str(tmp_path / "build.envd")), pipeline.session(FACTS)).value
    assert (plan.none, plan.by_default) == (True, "")


def test_none_beside_a_declaration(tmp_path: Path) -> None:
    write(tmp_path, build_envd=NONE + "    cache.inline()\n")
    found = pipeline.plan(Target(str(tmp_path / "build.envd")), pipeline.session(FACTS))
    assert codes(found.diagnostics) == ["EC204"]


def test_one_file_wins_over_the_other(tmp_path: Path) -> None:
    """`envd-cache.toml` is read first, also when it says nothing."""
    write(
        tmp_path,
        **{"envd-cache_toml": "", "pyproject_toml": CONFIGURATIONS["pyproject_toml"]},
        shared__caches_envd=DEFAULTS,
        build_envd=SILENT,
    )
    assert refs(tmp_path) == []


def test_defaults_that_are_not_there(tmp_path: Path) -> None:
    write(tmp_path, **{"envd-cache_toml": TOML, "build_envd": SILENT})
    found = pipeline.plan(Target(str(tmp_path / "build.envd")), pipeline.session(FACTS))
    assert codes(found.diagnostics) == ["EC001"]


def test_a_default_of_which_the_text_tells_that_it_cannot_be_called(tmp_path: Path) -> None:
    write(tmp_path, build_envd=SILENT, shared__caches_envd="x = 1\n")
    (tmp_path / "shared" / "folder.envd").mkdir()
    (tmp_path / "link.envd").symlink_to(tmp_path.parent / "outside.envd")
    found = {}
    for defaults, text in WRONG_DEFAULTS:
        write(tmp_path, **{"envd-cache_toml": f'defaults = "{defaults}"\n', "shared__caches_envd": text})
        root = find_root(str(tmp_path)).value
        (problem,) = pipeline.wrong_defaults(root, root.config.path)
        # The same words as from a target that needs it, so that both are one finding.
        run = pipeline.plan(Target(str(tmp_path / "build.envd")), pipeline.session(FACTS))
        assert run.diagnostics == (problem,), (defaults, text)
        found[problem.message.replace(f"{tmp_path}/", "")] = problem.code
    assert found == {
        "`nosuch.envd` does not exist": "EC001",
        "`shared/folder.envd` is a folder": "EC001",
        "`//link.envd` lies outside the repository": "EC012",
        "`//../caches.envd` lies outside the repository": "EC012",
        "`shared/caches.envd` has no function `defaults`": "EC013",
        "`defaults` takes arguments, a target takes none": "EC013",
        "`_defaults` is private to its file": "EC013",
    }


WRONG_DEFAULTS = [
    ("//nosuch.envd:defaults", ""),
    ("//shared/folder.envd:defaults", ""),
    ("//link.envd:defaults", ""),
    ("//../caches.envd:defaults", ""),
    ("//shared/caches.envd:defaults", "x = 1\n"),
    ("//shared/caches.envd:defaults", "def defalts():\n    pass\n"),
    ("//shared/caches.envd:defaults", "def defaults(name):\n    pass\n"),
    ("//shared/caches.envd:_defaults", "def _defaults():\n    pass\n"),
]


@pytest.mark.parametrize(
    "text",
    [
        DEFAULTS,
        "def defaults(name='x', *rest, **more):\n    pass\n",
        "defaults = lambda: cache.inline()\n",
        "def defaults():\n    fail('not without a target')\n",
        None,
    ],
)
def test_a_default_that_may_be_right_is_not_run_to_find_out(tmp_path: Path, text: str | None) -> None:
    write(tmp_path, **{"envd-cache_toml": TOML if text else "", "shared__caches_envd": text or ""})
    root = find_root(str(tmp_path)).value
    assert pipeline.wrong_defaults(root, root.config.path) == ()


# ---- several targets ----


def test_compile_targets(tmp_path: Path) -> None:
    text = (
        SILENT
        + '    cache.registry(ref="r")\n    print("built")\n\ndef dev():\n    base()\n    cache.inline()\n'
    )
    write(tmp_path, **{"envd-cache_toml": "", "build_envd": text})
    file = str(tmp_path / "build.envd")
    buildx = emitter("buildx")
    assert buildx is not None
    found = pipeline.compile_targets(
        [Target(file), Target(file, "dev")], pipeline.session(FACTS), buildx, Options(keyed=True)
    )
    assert found.diagnostics == ()
    assert [plan.label for plan in found.value.plans] == ["//:build", "//:dev"]
    assert found.value.printed == ("built",)
    assert found.value.output == (
        "# //:build\n--cache-to type=registry,ref=r --cache-from type=registry,ref=r\n"
        "# //:dev\n--cache-to type=inline\n"
    )


def test_a_printed_builtin_shows_as_in_envd(tmp_path: Path) -> None:
    write(tmp_path, build_envd="def build():\n    base()\n    print(cache.gha, [base], 1)\n")
    found = pipeline.compile_targets([Target(str(tmp_path / "build.envd"))], pipeline.session(FACTS))
    assert found.value.printed == ("<built-in function cache.gha> [<built-in function base>] 1",)


def test_one_wrong_target_stops_all(tmp_path: Path) -> None:
    text = SILENT + "    cache.inline()\n\ndef dev():\n    base()\n    cache.registry()\n"
    write(tmp_path, build_envd=text)
    file = str(tmp_path / "build.envd")
    found = pipeline.compile_targets([Target(file), Target(file, "dev")], pipeline.session(FACTS))
    assert codes(found.diagnostics) == ["EC101"]
    assert found.value.output is None


def test_strict(tmp_path: Path) -> None:
    write(tmp_path, build_envd=SILENT + '    cache.registry(ref="r", mode="max", use="import")\n')
    target = Target(str(tmp_path / "build.envd"))
    lax = pipeline.compile_targets([target], pipeline.session(FACTS))
    assert [(found.code, found.severity) for found in lax.diagnostics] == [("EC117", "warning")]
    assert lax.value.output is not None
    strict = pipeline.compile_targets([target], pipeline.session(FACTS), strict=True)
    assert [(found.code, found.severity) for found in strict.diagnostics] == [("EC117", "error")]
    assert strict.value.output is None
