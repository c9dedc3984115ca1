"""What is said of the arguments of envd's own functions, to the letter, and where it points."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from envd_cache.catalog.envd import BUILTINS
from envd_cache.catalog.model import DataSource, Secret
from envd_cache.ir.envd_arguments import check
from envd_cache.problem import Foreign, Problem

BY_NAME = {builtin.name: builtin for builtin in BUILTINS}
HUGE = 10**22
ODD: dict[str, Any] = {'a "b': 1}
SHA256 = "sha256:" + "a" * 64


def found(name: str, /, *args: object, called: tuple[str, ...] = (), **kwargs: object) -> tuple[Problem, ...]:
    return check(BY_NAME[name], args, kwargs, called)


def said(name: str, /, *args: object, called: tuple[str, ...] = (), **kwargs: object) -> list[str]:
    return [problem.message for problem in found(name, *args, called=called, **kwargs)]


def only(name: str, /, *args: object, called: tuple[str, ...] = (), **kwargs: object) -> Problem:
    (problem,) = found(name, *args, called=called, **kwargs)
    return problem


RIGHT: list[tuple[str, tuple[object, ...], dict[str, object]]] = [
    ("base", (), {}),
    ("base", ("ubuntu:22.04", True), {}),
    ("base", ("",), {"dev": False}),
    ("shell", ("zsh",), {}),
    ("run", ([],), {}),
    ("run", (), {"mount_host": True, "commands": ["make"]}),
    ("include", ("https://example.org/x",), {}),
    ("config.gpu", (HUGE,), {}),
    ("config.jupyter", (), {"port": 2**63 - 1}),
    ("config.owner", (0, 0), {}),
    ("config.owner", (65535, 65535), {}),
    ("config.pip_index", ("https://example.org", "", True), {}),
    ("config.rstudio_server", (None, 1), {"anything": 1}),
    ("install.r_lang", (Foreign("function"),), {}),
    ("install.julia", (), {"version": None}),
    ("install.python", (), {}),
    ("install.python", ("3.12",), {}),
    ("install.uv", ("2.7",), {}),
    ("install.vscode_extensions", ([],), {}),
    ("install.vscode_extensions", (["a.b", "ms-python.python-2021.12.1", ".", "a.b-c"],), {}),
    ("io.http", ("u", ""), {}),
    ("io.http", ("u", SHA256), {}),
    ("io.http", ("u", "sha384:" + "0" * 96), {}),
    ("io.http", ("u", "sha512:" + "f" * 128), {}),
    ("runtime.command", ({},), {}),
    ("runtime.daemon", ([[], ["a", "b"]],), {}),
    ("runtime.environ", (), {"env": {"A": "b"}, "extra_path": ["/x"]}),
    ("runtime.expose", (1, 65535, "x", "::1"), {}),
    ("runtime.expose", (65535, 0), {"listen_addr": "0.0.0.0"}),
    ("runtime.mount", (DataSource("x"),), {}),
    ("runtime.mount", ("~/x", "/y"), {}),
    ("data.envd", (), {}),
]


@pytest.mark.parametrize(("name", "args", "kwargs"), RIGHT, ids=lambda value: str(value)[:40])
def test_right_arguments(name: str, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
    assert check(BY_NAME[name], args, kwargs, ()) == ()


def test_nothing_heavy_is_imported_for_right_arguments() -> None:
    program = """if True:
        import sys
        before = set(sys.modules)
        from envd_cache.catalog.envd import BUILTINS
        from envd_cache.ir.envd_arguments import check
        for builtin in BUILTINS:
            if builtin.name == "runtime.expose":
                assert check(builtin, (80,), {"listen_addr": "0.0.0.0"}, ()) == ()
            if builtin.name == "io.http":
                assert check(builtin, ("u", "sha256:" + "a" * 64), {}, ()) == ()
        heavy = "typeguard re typing enum functools dataclasses json difflib ipaddress inspect"
        print(*(name for name in heavy.split() if name in sys.modules and name not in before))
    """
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


@pytest.mark.parametrize(
    ("problem", "message", "argument"),
    [
        (only("base", 1), "base: for parameter image: got int, want string", 0),
        (only("base", dev=1), 'base: for parameter "dev": got int, want bool', "dev"),
        (only("base", image=None), 'base: for parameter "image": got NoneType, want string', "image"),
        (only("run", ("a",)), "run: for parameter commands: got tuple, want list", 0),
        (only("run", "a"), "run: for parameter commands: got string, want list", 0),
        (only("run", Foreign("range")), "run: for parameter commands: got range, want list", 0),
        (only("run", Foreign("struct")), "run: for parameter commands: got module, want list", 0),
        (only("config.gpu", True), "config.gpu: for parameter count: got bool, want int", 0),
        (only("config.gpu", 1.5), "config.gpu: for parameter count: got float, want int", 0),
        (only("shell", 1), "shell: for parameter 1: got int, want string", 0),
        (
            only("run", DataSource("x")),
            "run: for parameter commands: got envd managed data source, want list",
            0,
        ),
        (only("run", Secret("X")), "run: for parameter commands: got secret, want list", 0),
        (only("runtime.mount", 1, "/x"), "invalid data source", 0),
        (only("runtime.command", [1]), "runtime.command: for parameter commands: got list, want dict", 0),
        (
            only("runtime.environ", env=1),
            'runtime.environ: for parameter "env": got int, want dict',
            "env",
        ),
        (only("install.conda", 1), "install.conda: for parameter use_mamba: got int, want bool", 0),
    ],
    ids=lambda value: value.message if isinstance(value, Problem) else "",
)
def test_wrong_types(problem: Problem, message: str, argument: int | str) -> None:
    assert (problem.code, problem.message, problem.argument) == ("EC114", message, argument)
    assert (problem.item, problem.severity, problem.on_name) == ((), "error", False)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (1, "1 as int"),
        (-5, "-5 as int"),
        (True, "True as bool"),
        (None, "None as NoneType"),
        (1.5, "1.5 as float"),
        (1e30, "1e+30 as float"),
        (("a",), '("a",) as tuple'),
        (("a", 1), '("a", 1) as tuple'),
        ((), "() as tuple"),
        (['b"c\n'], '["b\\"c\\n"] as list'),
        ({"x": [1, (3,)], 2: None}, '{"x": [1, (3,)], 2: None} as dict'),
        (DataSource("x"), "envd managed data source as envd managed data source"),
        (Foreign("function"), "function"),
        ("a" * 3, None),
        (["x" * 100], '["' + "x" * 77 + "… as list"),
    ],
    ids=str,
)
def test_wrong_elements(value: object, told: str | None) -> None:
    problems = found("install.python_packages", name=["numpy", value])
    if told is None:
        assert problems == ()
        return
    (problem,) = problems
    assert problem.code == "EC114"
    assert problem.message == f"Conversion failed, expect string type, but got {told}"
    assert (problem.argument, problem.item) == ("name", (1,))


def test_every_wrong_element_is_named() -> None:
    problems = found("install.python_packages", ["a", 1, "b", None], local_wheels=[2])
    assert [(problem.argument, problem.item) for problem in problems] == [
        (0, (1,)),
        (0, (3,)),
        ("local_wheels", (0,)),
    ]


def test_values_of_dicts_crash_envd() -> None:
    problem = only("runtime.environ", {"A": "b", "C": 1})
    assert problem.message == "Conversion failed, expect string type, but got 1 as int"
    assert (problem.argument, problem.item, problem.hint) == (0, ("C",), "envd 1.3.6 crashes on this")


def test_keys_of_dicts_crash_envd() -> None:
    problems = found("runtime.command", {1: "a", ("x",): None})
    assert [(problem.message, problem.item) for problem in problems] == [
        ("Conversion failed, expect string type, but got the key 1 as int", ()),
        ('Conversion failed, expect string type, but got the key ("x",) as tuple', ()),
        ("Conversion failed, expect string type, but got None as NoneType", ()),
    ]


def test_daemons() -> None:
    problems = found("runtime.daemon", [["a"], "b", ("c",), ["d", 1]])
    assert [(problem.message, problem.item) for problem in problems] == [
        ('invalid daemon commands ("b")', (1,)),
        ('invalid daemon commands (("c",))', (2,)),
        ("Conversion failed, expect string type, but got 1 as int", (3, 1)),
    ]
    assert problems[0].hint == 'write each command as a list of words, such as ["python3", "serve.py"]'
    assert problems[2].hint == "envd 1.3.6 crashes on this"


@pytest.mark.parametrize(
    ("problem", "hint"),
    [
        (only("base", None), "leave the argument out: envd takes None for nothing"),
        (only("run", ("a",)), "write a list, in square brackets: envd takes no tuple for it"),
        (only("run", "make"), 'write a list: ["make"]'),
        (only("install.go", 1.2), 'write it in quotes: "1.2"'),
        (only("run", [1]), 'write it in quotes: "1"'),
        (only("config.gpu", "2"), "write it without quotes: 2"),
        (only("config.gpu", "two"), ""),
        (only("base", dev="yes"), "write True or False"),
        (only("run", [Secret("X")]), "a secret is for the parameters of `cache.*` that hold credentials"),
    ],
)
def test_hints(problem: Problem, hint: str) -> None:
    assert problem.hint == hint


@pytest.mark.parametrize(
    ("problem", "message", "argument"),
    [
        (
            only("base", imag="x"),
            'base: unexpected keyword argument "imag" (did you mean image?)',
            "imag",
        ),
        (only("base", zzz=1), 'base: unexpected keyword argument "zzz"', "zzz"),
        (only("base", **ODD), 'base: unexpected keyword argument "a \\"b"', 'a "b'),
        (only("base", "a", image="b"), 'base: got multiple values for keyword argument "image"', "image"),
        (
            only("run", command=["a"]),
            'run: unexpected keyword argument "command" (did you mean commands?)',
            "command",
        ),
        (only("shell", name="zsh"), "shell: unexpected keyword arguments", "name"),
    ],
)
def test_refused_keywords(problem: Problem, message: str, argument: str) -> None:
    assert (problem.code, problem.message, problem.argument) == ("EC114", message, argument)
    assert problem.on_name


def test_too_many_arguments() -> None:
    problem = only("base", "a", True, "c")
    assert problem == Problem("EC114", "base: got 3 arguments, want at most 2", 2)
    assert only("shell", "a", "b") == Problem("EC114", "shell: got 2 arguments, want 1", 1)


def test_missing_arguments() -> None:
    assert only("run") == Problem("EC114", "run: missing argument for commands")
    assert only("shell") == Problem("EC114", "shell: got 0 arguments, want 1")
    assert said("io.copy") == [
        "io.copy: missing argument for source",
        "io.copy: missing argument for target",
    ]


def test_all_problems_in_envds_order() -> None:
    problems = found("runtime.expose", 0, "x", None, "nowhere", 5, sevice=1, envd_port=1)
    assert [problem.message for problem in problems] == [
        "runtime.expose: got 5 arguments, want at most 4",
        'runtime.expose: unexpected keyword argument "sevice" (did you mean service?)',
        'runtime.expose: got multiple values for keyword argument "envd_port"',
        "runtime.expose: for parameter host_port: got string, want int",
        "runtime.expose: for parameter service: got NoneType, want string",
        "envd_port must be a positive integer less than 65535",
        "listen_addr must be a valid IP address",
    ]


REFUSED: list[tuple[Problem, str]] = [
    (only("config.apt_source", ""), "source is required"),
    (only("include", git=""), "git is required"),
    (only("config.pip_index", ""), "url is required"),
    (only("config.jupyter", port=HUGE), "port must be an integer"),
    (only("config.owner", -1, 0), "get a wrong uid or gid"),
    (only("config.owner", 0, gid=65536), "get a wrong uid or gid"),
    (only("install.python", "2.7"), "envd doesn't support this Python version"),
    (only("install.r_packages", []), "Can not install empty R package"),
    (only("install.julia_packages", []), "Can not install empty Julia package"),
    (only("install.vscode_extensions", ["a.b", "x"]), "invalid publisher"),
    (only("install.vscode_extensions", ["a.b-"]), 'the version after `-` is missing in "a.b-"'),
    (only("io.http", "u", "sha256:abc"), "invalid checksum digest length"),
    (only("io.http", "u", "sha256:" + "A" * 64), "invalid checksum digest format"),
    (only("io.http", "u", "a" * 64), "invalid checksum digest format"),
    (only("io.http", "u", "md5:" + "a" * 32), "unsupported digest algorithm"),
    (only("runtime.expose", 0), "envd_port must be a positive integer less than 65535"),
    (only("runtime.expose", HUGE), "envd_port must be a positive integer less than 65535"),
    (only("runtime.expose", 1, -1), "host_port must be a positive integer less than 65535"),
    (only("runtime.expose", 1, listen_addr="localhost"), "listen_addr must be a valid IP address"),
    (only("runtime.expose", 1, listen_addr="fe80::1%eth0"), "listen_addr must be a valid IP address"),
    (only("runtime.expose", 1, listen_addr="127.0.0.01"), "listen_addr must be a valid IP address"),
    (
        only("install.conda_packages", ["a"], env_file="x", called=("install.conda",)),
        "env_file and name/channel are mutually exclusive",
    ),
]


@pytest.mark.parametrize(("problem", "message"), REFUSED)
def test_refused_values(problem: Problem, message: str) -> None:
    assert (problem.code, problem.message, problem.severity) == ("EC115", message, "error")
    assert problem.argument is not None
    assert problem.hint


def test_what_only_typeguard_accepts_is_held_to_the_rules_too() -> None:
    class Text(str):
        __slots__ = ()

    assert found("config.apt_source", Text("deb x")) == ()
    assert said("config.apt_source", Text("")) == ["source is required"]


def test_a_refused_extension_is_pointed_at() -> None:
    assert only("install.vscode_extensions", ["a.b", "x"]).item == (1,)


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (only("config.apt_source"), "source is required"),
        (only("include"), "git is required"),
        (only("runtime.command"), "runtime.command: missing argument for commands"),
        (only("runtime.mount"), "invalid data source"),
    ],
)
def test_arguments_that_only_look_optional(problem: Problem, message: str) -> None:
    assert (problem.code, problem.message, problem.argument) == ("EC114", message, None)
    assert problem.hint


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("config.conda_channel", "cannot config conda when conda is not installed"),
        ("install.conda_packages", "cannot install conda packages when conda is not installed"),
    ],
)
def test_conda_comes_first(name: str, message: str) -> None:
    problem = only(name, called=("base", "install.python"))
    assert problem == Problem("EC115", message, hint="call `install.conda()` before this")
    assert found(name, called=("install.conda", "base")) == ()


def test_an_environment_file_alone_or_empty_is_fine() -> None:
    called = ("install.conda",)
    assert found("install.conda_packages", env_file="x", channel=[], called=called) == ()
    assert found("install.conda_packages", ["a"], env_file="", called=called) == ()
