"""What people read when a file is bad: the whole report, through the real program.

The plain ones are in `cases/error_texts*.txt`: a name, a build file, `===`, the report; `---` between.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CASES = Path(__file__).parent / "cases"

LISTED = [
    (chunk.partition("\n")[0].removeprefix("# "), *chunk.partition("\n")[2].split("===\n"))
    for path in sorted(CASES.glob("error_texts*.txt"))
    for chunk in path.read_text().split("---\n")
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "repository"
    (made / ".git").mkdir(parents=True)
    return made


def refused(folder: Path, *words: str, **environ: str) -> str:
    """Compile to a file, expect a refusal without any output, and return the report."""
    before = sorted(folder.rglob("*"))
    ran = subprocess.run(
        [sys.executable, "-m", "envd_cache", "compile", "--output", "out.json", *words],
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        check=False,
        timeout=120,
    )
    report = ran.stderr.decode()
    assert "Traceback" not in report
    assert (ran.returncode, ran.stdout) == (1, b""), report
    assert sorted(folder.rglob("*")) == before
    return report


def report_of(folder: Path, text: str | bytes) -> str:
    data = text if isinstance(text, bytes) else text.encode()
    (folder / "build.envd").write_bytes(data)
    return refused(folder)


@pytest.mark.parametrize(("text", "report"), [case[1:] for case in LISTED], ids=[case[0] for case in LISTED])
def test_listed(folder: Path, text: str, report: str) -> None:
    assert report_of(folder, text) == report


def test_many_are_listed() -> None:
    assert len(LISTED) >= 40
    assert len({name for name, *_ in LISTED}) == len(LISTED)


# ---- the file itself ----

MORE = "1 error; `envd-cache explain EC001` tells more\n"
NO_FILE = "  = hint: there is no `.envd` file in its folder; name another one, as FILE or FILE:FUNCTION\n"


def test_a_missing_file(folder: Path) -> None:
    assert refused(folder) == f"build.envd: error[EC001]: `build.envd` does not exist\n{NO_FILE}{MORE}"
    assert (
        refused(folder, "no/such.envd:serve") == "no/such.envd: error[EC001]: `no/such.envd` does not exist\n"
        "  = hint: there is no folder `no`\n1 error; `envd-cache explain EC001` tells more\n"
    )


def test_a_folder(folder: Path) -> None:
    (folder / "service").mkdir()
    assert refused(folder, "service") == (
        "service: error[EC001]: `service` is a folder\n  = hint: name a build file\n" + MORE
    )
    (folder / "service/build.envd").touch()
    assert refused(folder, "service") == (
        "service: error[EC001]: `service` is a folder\n"
        "  = hint: did you mean `service/build.envd`?\n"
        "1 error; `envd-cache explain EC001` tells more\n"
    )


def test_an_empty_file(folder: Path) -> None:
    assert report_of(folder, "") == (
        "build.envd: error[EC013]: `build.envd` has no function `build`\n"
        "  = hint: functions of the file: none\n"
        "1 error; `envd-cache explain EC013` tells more\n"
    )


def test_not_utf8(folder: Path) -> None:
    assert report_of(folder, b'def build():\n    cache.registry("caf\xe9")\n') == (
        "build.envd:2:24: error[EC002]: the file is not UTF-8: byte 0xe9\n"
        '2 |     cache.registry("caf\ufffd")\n'
        "  |                        ^\n"
        "  = hint: save the file as UTF-8\n"
        "1 error; `envd-cache explain EC002` tells more\n"
    )


def test_utf16(folder: Path) -> None:
    assert report_of(folder, "def build():\n    pass\n".encode("utf-16")).startswith(
        "build.envd:1:1: error[EC002]: the file is not UTF-8: byte 0xff\n"
    )


def test_nul(folder: Path) -> None:
    assert report_of(folder, 'def build():\n    x = "a\0b"\n') == (
        "build.envd:2:11: error[EC002]: the file holds a NUL character\n"
        '2 |     x = "a\ufffdb"\n'
        "  |           ^\n"
        "  = hint: is it a text file?\n"
        "1 error; `envd-cache explain EC002` tells more\n"
    )


def test_byte_order_mark(folder: Path) -> None:
    assert report_of(folder, "\ufeffdef build():\n    pass\n") == (
        "build.envd:1:1: error[EC002]: the file starts with a byte order mark\n"
        "1 | \ufffddef build():\n"
        "  | ^\n"
        "  = hint: save the file as UTF-8 without BOM\n"
        "1 error; `envd-cache explain EC002` tells more\n"
    )


def test_a_file_of_100_megabytes(folder: Path) -> None:
    with (folder / "build.envd").open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    assert refused(folder) == (
        "build.envd: error[EC003]: `build.envd` is too large: 104857600 bytes\n"
        "  = hint: a build file has at most 2 MiB\n"
        "1 error; `envd-cache explain EC003` tells more\n"
    )


def test_a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "build.envd")
    assert refused(folder) == "build.envd: error[EC001]: `build.envd` is not a regular file\n" + MORE


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_an_unreadable_file(folder: Path) -> None:
    (folder / "build.envd").touch(mode=0o000)
    assert refused(folder) == (
        "build.envd: error[EC001]: `build.envd` cannot be read: Permission denied\n" + MORE
    )


def test_a_name_that_is_too_long(folder: Path) -> None:
    name = "x" * 300
    assert (
        refused(folder, name) == f"{name}: error[EC001]: `{name}` cannot be read: File name too long\n{MORE}"
    )


def test_a_name_with_terminal_commands(folder: Path) -> None:
    shown = "a\ufffd[31m.envd"
    text = f"{shown}: error[EC001]: `{shown}` does not exist\n{NO_FILE}{MORE}"
    assert refused(folder, "a\x1b[31m.envd") == text


# ---- running it ----


def test_an_endless_loop(folder: Path) -> None:
    (folder / "build.envd").write_text("def build():\n    for x in range(2000000000):\n        pass\n")
    assert refused(folder, "--time-limit", "0.05") == (
        "build.envd:2:5: error[EC009]: the evaluation took longer than 0.05 seconds\n"
        "2 |     for x in range(2000000000):\n"
        "  |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  = hint: is there an endless loop? `--time-limit` gives it more time\n"
        "1 error; `envd-cache explain EC009` tells more\n"
    )


def test_deep_nesting(folder: Path) -> None:
    report = report_of(folder, "x = " + "[" * 50_000 + "]" * 50_000 + "\n")
    assert report == (
        "build.envd:1:80: error[EC007]: nested too deeply\n"
        f"1 | {'[' * 120}\n"
        f"  | {' ' * 40}^\n"
        "  = hint: split it into several statements\n"
        "1 error; `envd-cache explain EC007` tells more\n"
    )


def test_deep_blocks(folder: Path) -> None:
    lines = ["def build():"] + [" " * depth + "if True:" for depth in range(1, 200)] + [" " * 200 + "pass"]
    report = report_of(folder, "\n".join(lines))
    assert report.startswith("build.envd:101:101: error[EC007]: nested too deeply\n")


def test_a_fact_that_is_not_utf8(folder: Path) -> None:
    (folder / "build.envd").write_text('def build():\n    cache.local(cache.env("X"))\n')
    assert refused(folder, X=os.fsdecode(b"a\xff")) == (
        "build.envd:2:17: error[EC116]: the environment variable `X` is not UTF-8, from the environment\n"
        '2 |     cache.local(cache.env("X"))\n'
        "  |                 ^^^^^^^^^^^^^^\n"
        "1 error; `envd-cache explain EC116` tells more\n"
    )


# ---- loading others ----


def loading(folder: Path, module: str) -> str:
    return report_of(folder, f'load("{module}", "a")\n\ndef build():\n    a()\n')


def outside(module: str) -> str:
    return (
        f"build.envd:1:6: error[EC012]: `{module}` lies outside the repository\n"
        f'1 | load("{module}", "a")\n'
        f"  |      {'^' * (len(module) + 2)}\n"
        "  = hint: only files below the root of the repository are read, links followed\n"
        "1 error; `envd-cache explain EC012` tells more\n"
    )


@pytest.mark.parametrize("module", ["../outside.envd", "//../outside.envd", "a/../../outside.envd", "/etc/x"])
def test_loading_from_outside(folder: Path, module: str) -> None:
    (folder.parent / "outside.envd").write_text("def a():\n    pass\n")
    assert loading(folder, module) == outside(module)


def test_loading_from_outside_by_an_absolute_path(folder: Path) -> None:
    (folder.parent / "outside.envd").write_text("def a():\n    pass\n")
    report = loading(folder, f"{folder.parent}/outside.envd")
    assert report.startswith(
        f"build.envd:1:6: error[EC012]: `{folder.parent}/outside.envd` lies outside the repository\n"
    )


def test_loading_from_outside_through_links(folder: Path) -> None:
    (folder.parent / "outside.envd").write_text("def a():\n    pass\n")
    (folder / "file.envd").symlink_to("../outside.envd")
    assert loading(folder, "file.envd") == outside("file.envd")
    (folder / "link").symlink_to("..")
    assert loading(folder, "link/outside.envd") == outside("link/outside.envd")


def test_a_folder_beside_the_root_with_a_longer_name(folder: Path) -> None:
    (folder.parent / f"{folder.name}-2").mkdir()
    (folder.parent / f"{folder.name}-2/a.envd").write_text("def a():\n    pass\n")
    assert loading(folder, f"../{folder.name}-2/a.envd") == outside(f"../{folder.name}-2/a.envd")


def test_a_load_cycle(folder: Path) -> None:
    (folder / "one.envd").write_text('load("two.envd", "b")\n\ndef a():\n    b()\n')
    (folder / "two.envd").write_text('load("one.envd", "a")\n\ndef b():\n    a()\n')
    assert loading(folder, "one.envd") == (
        "two.envd:1:6: error[EC014]: `one.envd` loads itself, directly or through other files\n"
        '1 | load("one.envd", "a")\n'
        "  |      ^^^^^^^^^^\n"
        "  = hint: move what both need to a third file\n"
        "1 error; `envd-cache explain EC014` tells more\n"
    )


def test_loading_a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "a.envd")
    assert loading(folder, "a.envd") == (
        "build.envd:1:6: error[EC001]: `a.envd` is not a regular file\n"
        '1 | load("a.envd", "a")\n'
        "  |      ^^^^^^^^\n"
        "1 error; `envd-cache explain EC001` tells more\n"
    )


def test_loading_a_file_that_is_not_utf8(folder: Path) -> None:
    (folder / "a.envd").write_bytes(b"a = '\xff'\n")
    assert loading(folder, "a.envd") == (
        "a.envd:1:6: error[EC002]: the file is not UTF-8: byte 0xff\n"
        "1 | a = '\ufffd'\n"
        "  |      ^\n"
        "  = build.envd:1:6: loaded here\n"
        "  = hint: save the file as UTF-8\n"
        "1 error; `envd-cache explain EC002` tells more\n"
    )


# ---- odd characters ----


def test_tabs_stay_under_the_line(folder: Path) -> None:
    assert report_of(folder, 'def build():\n\tcache.registry("r",\tmode="MAX")\n') == (
        'build.envd:2:27: error[EC106]: `mode` must be "min" or "max", not "MAX"\n'
        '2 | \tcache.registry("r",\tmode="MAX")\n'
        "  | \t                   \t     ^^^^^\n"
        '  = hint: did you mean "max"?\n'
        "1 error; `envd-cache explain EC106` tells more\n"
    )


def test_carriage_returns(folder: Path) -> None:
    text = 'def build():\r\n    cache.registry(\r\n        "r",\r\n        mode="MAX",\r\n    )\r\n'
    assert report_of(folder, text) == (
        'build.envd:4:14: error[EC106]: `mode` must be "min" or "max", not "MAX"\n'
        '4 |         mode="MAX",\n'
        "  |              ^^^^^\n"
        '  = hint: did you mean "max"?\n'
        "1 error; `envd-cache explain EC106` tells more\n"
    )


def test_terminal_commands_in_a_value(folder: Path) -> None:
    report = report_of(folder, 'def build():\n    cache.registry("r", mode="a\x1b[31mb")\n')
    assert report == (
        'build.envd:2:30: error[EC106]: `mode` must be "min" or "max", not "a\ufffd[31mb"\n'
        '2 |     cache.registry("r", mode="a\ufffd[31mb")\n'
        "  |                              ^^^^^^^^^\n"
        "  = hint: BuildKit takes any other word for `min` and says nothing.\n"
        "1 error; `envd-cache explain EC106` tells more\n"
    )


def test_a_long_line_is_cut_around_the_marker(folder: Path) -> None:
    text = f'def build():\n    x = "{"a" * 200}"; cache.registry("r", mode="MAX"); y = "{"b" * 200}"\n'
    assert report_of(folder, text) == (
        'build.envd:2:238: error[EC106]: `mode` must be "min" or "max", not "MAX"\n'
        f'2 | {"a" * 12}"; cache.registry("r", mode="MAX"); y = "{"b" * 67}\n'
        f"  | {' ' * 40}^^^^^\n"
        '  = hint: did you mean "max"?\n'
        "1 error; `envd-cache explain EC106` tells more\n"
    )
