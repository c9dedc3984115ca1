"""The rules of the house, read from the source: who may import whom, who may touch the process, and sizes."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest
import starlark

import envd_cache
from envd_cache.catalog import BACKENDS
from envd_cache.cli.commands import COMMANDS
from envd_cache.emit.registry import EMITTERS

ROOT = Path(envd_cache.__file__).parent
REPOSITORY = ROOT.parent
FILES = sorted(ROOT.rglob("*.py"))

# A unit is a package or a module of `envd_cache`. It imports only from rows above its own in this table.
ROWS: tuple[tuple[str, ...], ...] = (
    ("record",),
    ("problem", "source", "diagnostics"),
    ("catalog", "syntax", "codes", "config_text", "globs", "wholefile"),
    ("config_keys", "report"),
    ("config", "config_schema"),
    ("evaluate",),
    ("ir",),
    ("emit",),
    ("remote", "lint"),
    ("engine",),
    ("pipeline",),
    ("check",),
    ("lsp",),
    ("api",),
    ("cli",),
    ("__main__",),
)
SAME_ROW = {
    ("diagnostics", "source"): "a problem has a place",
    ("problem", "diagnostics"): "a problem has a severity, and becomes a diagnostic",
}
# The package itself offers its interface by name and loads it when it is used.
LAZY_PACKAGE = {"api", "evaluate"}

ONLY_IMPORTERS = {
    "starlark": {"evaluate/engine.py"},
    "lark": {"syntax/parse.py"},
    "typeguard": {"catalog/refusal.py", "ir/envd_refusals.py"},
    "argparse": {"cli/parser.py"},
    "pygls": {"lsp/server.py", "lsp/serving.py", "lsp/answers.py", "lsp/requests.py", "lsp/protocol.py"},
    "lsprotocol": {"lsp/server.py", "lsp/answers.py", "lsp/requests.py", "lsp/protocol.py"},
}
IN_FUNCTIONS_ONLY = {"typeguard"}

# What a compile without findings must not load: each costs a good part of its whole time.
EXPENSIVE = {
    *("lark", "typeguard", "asyncio", "rich", "argparse", "dataclasses", "typing", "re", "json"),
    *("inspect", "enum", "pathlib"),
}

# A string that is the name of a backend and means something else.
NOT_BACKENDS = {
    ("evaluate/bindings.py", "local"): "envd's word for a name that a file loaded",
    ("syntax/rules.py", "local"): "envd's word for a name that a file loaded",
}

EMIT_HELPERS = {"__init__", "jsontext", "losses", "registry", "wire", "yamltext"}
CLI_HELPERS = {
    *("__init__", "child", "commands", "crash", "data", "dispatch", "main", "options", "parser", "process"),
    *("checked", "rest", "running", "watch"),
}
MAX_LINES = 400
REASON = "one file because"


class Import(NamedTuple):
    """One import: the module, and whether it runs when the file is loaded."""

    module: str
    at_top: bool
    for_types: bool


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def unit_of(module: str) -> str:
    """Return the unit of a module of ours, "" for the package itself."""
    return module.removeprefix("envd_cache").lstrip(".").split(".")[0]


def imports_of(file: Path) -> list[Import]:
    found: list[Import] = []

    def visit(node: ast.AST, at_top: bool, for_types: bool) -> None:
        if isinstance(node, ast.Import):
            found.extend(Import(alias.name, at_top, for_types) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(file)}: imports are absolute"
            module = str(node.module)
            if module == "envd_cache":
                found.extend(Import(f"envd_cache.{alias.name}", at_top, for_types) for alias in node.names)
            else:
                found.append(Import(module, at_top, for_types))
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for statement in node.body:
                visit(statement, at_top, True)
            for statement in node.orelse:
                visit(statement, at_top, for_types)
            return
        inside = at_top and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            visit(child, inside, for_types)

    visit(ast.parse(file.read_text()), True, False)
    return found


each_file = pytest.mark.parametrize("file", FILES, ids=name_of)


# ---- layers ----


def test_no_modules_import_each_other() -> None:
    """Neither when they are loaded, nor later, nor for types: each can be read without the others."""
    modules = {".".join(file.relative_to(ROOT.parent).with_suffix("").parts): file for file in FILES}
    imported: dict[str, set[str]] = {}
    for module, file in modules.items():
        for node in ast.walk(ast.parse(file.read_text())):
            names: set[str] = set()
            if isinstance(node, ast.Import):
                names = {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
            imported.setdefault(module, set()).update(names & modules.keys())
    TopologicalSorter(imported).prepare()  # it raises with the circle


def test_every_unit_has_a_row() -> None:
    units = {name_of(file).split("/")[0].removesuffix(".py") for file in FILES} - {"__init__"}
    assert sorted(unit for row in ROWS for unit in row) == sorted(units)


@each_file
def test_imports_come_from_rows_above(file: Path) -> None:
    own = name_of(file).split("/")[0].removesuffix(".py")
    row_of = {unit: number for number, row in enumerate(ROWS) for unit in row}
    for found in imports_of(file):
        if found.module.split(".")[0] != "envd_cache":
            continue
        unit = unit_of(found.module)
        if name_of(file) == "__init__.py":
            assert unit in LAZY_PACKAGE
            assert found.for_types
        elif unit not in (own, "__version__"):
            allowed = row_of[unit] < row_of[own] or (own, unit) in SAME_ROW
            assert allowed, f"{name_of(file)} imports {found.module}"


def test_each_exception_is_used() -> None:
    used = {
        (name_of(file).removesuffix(".py"), unit_of(found.module))
        for file in FILES
        for found in imports_of(file)
        if found.module.startswith("envd_cache.")
    }
    assert used >= set(SAME_ROW)


# ---- libraries ----


@each_file
def test_libraries_have_one_door(file: Path) -> None:
    for found in imports_of(file):
        library = found.module.split(".")[0]
        if library in ONLY_IMPORTERS:
            assert name_of(file) in ONLY_IMPORTERS[library]
            assert not (library in IN_FUNCTIONS_ONLY and found.at_top and not found.for_types)


@each_file
def test_only_these_libraries(file: Path) -> None:
    ours = {"envd_cache", "starlark", "lark", "typeguard", "pygls", "lsprotocol"}
    libraries = {found.module.split(".")[0] for found in imports_of(file)}
    assert libraries - ours - {"_json"} <= sys.stdlib_module_names


COMPILE = """
import sys
sys.path[:0] = {path!r}
from envd_cache.cli.main import main
code = main(["compile", *{words!r}])
sys.stderr.write("LOADED " + " ".join(sorted(sys.modules)) + "\\n")
sys.exit(code)
"""
BUILD_FILE = """
def build():
    base(image="ubuntu:22.04", dev=True)
    install.python_packages(name=["numpy"])
    cache.registry(ref="ghcr.io/acme/app", key=["a/b", "main"], mode="max", compression="zstd")
    cache.local(path="cache", tag="x y")
    cache.azblob(account_url="https://a.example.org", container="c")
"""


@pytest.mark.parametrize("to", ["llb", "buildctl", "buildx", "envd", "bake", "compose", "github-actions"])
def test_a_clean_compile_loads_nothing_expensive(tmp_path: Path, to: str) -> None:
    (tmp_path / "build.envd").write_text(BUILD_FILE)
    path = [str(REPOSITORY), str(Path(starlark.__file__).parents[1])]
    # envd takes one export and would warn of the others.
    target = "build.envd"
    if to == "envd":
        text = 'def build():\n    base()\n    cache.registry(ref="r")\n'
        (tmp_path / target).write_text(text)
    words = [target, "--to", to]
    done = subprocess.run(
        # Without `site`, whose .pth files load modules of their own.
        [sys.executable, "-I", "-S", "-X", "importtime", "-c", COMPILE.format(path=path, words=words)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    *lines, last = done.stderr.splitlines()
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert {line for line in lines if not line.startswith("import time:")} == set()
    loaded = {line.rpartition("|")[2].strip() for line in lines} | set(last.split()[1:])
    assert "envd_cache.pipeline" in loaded
    assert {name for name in loaded if name.split(".")[0] in EXPENSIVE} == set()


# ---- the process ----


@each_file
def test_only_the_command_line_touches_the_process(file: Path) -> None:
    if name_of(file).split("/")[0] in ("cli", "__main__.py"):
        return
    # A forked child must not run what its parent runs at its end.
    allowed = {"os._exit"} if name_of(file) == "check/forked.py" else set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("print", "input", "exit", "quit"), ast.unparse(node)
        if isinstance(node, ast.Attribute):
            name = ast.unparse(node)
            touched = ("os.environ", "os.getenv", "os.getcwd", "os._exit", "os.chdir")
            assert name in allowed or not name.startswith(touched), name
            assert not name.startswith(("sys.exit", "sys.std", "sys.argv", "sys.__std")), name
        if isinstance(node, ast.ImportFrom) and node.module in ("os", "sys"):
            raise AssertionError(
                f"{name_of(file)}: write `import {node.module}`, so that this test sees its use"
            )
        if isinstance(node, ast.Name):
            assert node.id != "SystemExit"


# ---- tables are complete ----


def test_every_output_is_in_the_table() -> None:
    named = {emitter.module for emitter in EMITTERS}
    files = {path.stem for path in (ROOT / "emit").glob("*.py")} - EMIT_HELPERS
    assert named == {f"envd_cache.emit.{name}" for name in files}
    names = [emitter.name for emitter in EMITTERS]
    assert len(set(names)) == len(names)


def test_every_command_is_in_the_table() -> None:
    names = [command.name for command in COMMANDS]
    assert len(set(names)) == len(names)
    files = {path.stem for path in (ROOT / "cli").glob("*.py")} - CLI_HELPERS
    assert files <= set(names)


def test_every_backend_is_in_the_table() -> None:
    with_one = {
        path.stem
        for path in (ROOT / "catalog").glob("*.py")
        if any(line.startswith("BACKEND = ") for line in path.read_text().splitlines())
    }
    assert with_one == {backend.name for backend in BACKENDS}


@each_file
def test_backends_are_named_in_the_catalog_only(file: Path) -> None:
    if name_of(file).startswith("catalog/"):
        return
    names = {backend.name for backend in BACKENDS}
    found = {
        (name_of(file), str(node.value))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names
    }
    assert found <= set(NOT_BACKENDS)


# ---- sizes ----

SOURCES = sorted(
    path for part in ("envd_cache", "tests", "benchmarks") for path in (REPOSITORY / part).rglob("*.py")
)


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.relative_to(REPOSITORY).as_posix())
def test_files_are_short_or_say_why_not(file: Path) -> None:
    lines = file.read_text().splitlines()
    assert len(lines) <= MAX_LINES or any(REASON in line for line in lines[:12])


@each_file
def test_every_file_says_what_it_is(file: Path) -> None:
    assert ast.get_docstring(ast.parse(file.read_text()))
