from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envd_cache.evaluate.loader import MAX_BYTES, Files, read_source
from envd_cache.source import SourceFile

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "root"
    (made / "team/service").mkdir(parents=True)
    return made


def files(root: Path, start: str = "team/build.envd") -> Files:
    return Files(str(root), str(root / start))


def importer(root: Path, path: str) -> SourceFile:
    return SourceFile(str(root / path), "", f"//{path}")


# ---- names of files ----


@pytest.mark.parametrize(
    ("module", "path"),
    [
        ("//a.envd", "a.envd"),
        ("//x/y/a.envd", "x/y/a.envd"),
        ("///a.envd", "a.envd"),
        ("a.envd", "team/a.envd"),
        ("./a.envd", "team/a.envd"),
        ("service/a.envd", "team/service/a.envd"),
        ("../a.envd", "a.envd"),
        ("../team/../a.envd", "a.envd"),
        ("a b/ü.envd", "team/a b/ü.envd"),
        ("..a.envd", "team/..a.envd"),
    ],
)
def test_paths(root: Path, module: str, path: str) -> None:
    result = files(root).resolve(module, importer(root, "team/build.envd"))
    assert (result.value, result.diagnostics) == (str(root / path), ())


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("../../a.envd", "EC012"),
        ("//../a.envd", "EC012"),
        ("//team/../../a.envd", "EC012"),
        ("/etc/passwd", "EC012"),
        ("/", "EC012"),
        ("../../root-2/a.envd", "EC012"),
        ("https://example.org/a.envd", "EC012"),
        ("file:///a.envd", "EC012"),
        ("git@example.org:a/b", "EC012"),
        ("a\0.envd", "EC001"),
        ("//a\0", "EC001"),
    ],
)
def test_refused_paths(root: Path, module: str, code: str) -> None:
    result = files(root).resolve(module, importer(root, "team/build.envd"))
    (diagnostic,) = result.diagnostics
    assert (result.value, diagnostic.code) == ("", code)


def test_links_are_followed_first(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.envd").touch()
    (root / "file.envd").symlink_to(tmp_path / "outside.envd")
    (root / "up").symlink_to("..")
    (root / "inner").symlink_to("team")
    asked = files(root)
    assert asked.resolve("//file.envd", importer(root, "a.envd")).diagnostics
    assert asked.resolve("//up/outside.envd", importer(root, "a.envd")).diagnostics
    assert asked.resolve("//inner/a.envd", importer(root, "a.envd")).value == str(root / "inner/a.envd")


def test_the_root_itself_may_be_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("root")
    link = tmp_path / "link"
    asked = Files(str(link), str(link / "build.envd"))
    assert asked.resolve("//a.envd", importer(link, "build.envd")).value == str(link / "a.envd")


PARTS = st.lists(
    st.sampled_from(["..", ".", "", "a", "team", "link", "up", "~", "a\0b"]), min_size=1, max_size=6
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PARTS, st.sampled_from(["", "/", "//"]))
def test_nothing_outside_is_ever_resolved(root: Path, parts: list[str], prefix: str) -> None:
    if not (root / "link").is_symlink():
        (root / "link").symlink_to("../..")
        (root / "team/up").symlink_to("..")
    result = files(root).resolve(prefix + "/".join(parts), importer(root, "team/build.envd"))
    assert bool(result.value) != bool(result.diagnostics)
    if result.value:
        real = os.path.realpath(result.value)
        assert os.path.commonpath([real, os.path.realpath(root)]) == os.path.realpath(root)


# ---- how files are shown ----


def test_labels(root: Path) -> None:
    asked = files(root)
    assert asked.label(str(root / "team/a.envd")) == "//team/a.envd"
    assert asked.label(str(root / "a.envd")) == "//a.envd"
    assert asked.label(str(root.parent / "a.envd")) == str(root.parent / "a.envd")


@pytest.mark.parametrize(
    ("start", "other", "shown"),
    [
        ("build.envd", "a.envd", "a.envd"),
        ("./build.envd", "a.envd", "a.envd"),
        ("team/build.envd", "a.envd", "a.envd"),
        ("team/build.envd", "team/service/a.envd", "team/service/a.envd"),
        ("build.envd", "../a.envd", "../a.envd"),
    ],
)
def test_others_are_shown_from_where_the_person_stands(
    root: Path, monkeypatch: pytest.MonkeyPatch, start: str, other: str, shown: str
) -> None:
    monkeypatch.chdir(root)
    asked = Files(str(root), start)
    assert asked.shown(os.path.abspath(other)) == shown
    assert asked.shown(os.path.abspath(start)) == start


# ---- reading ----


def read(path: Path, data: bytes) -> tuple[str, str]:
    path.write_bytes(data)
    result = read_source(str(path), "shown", "//label")
    if result.value is not None:
        assert result.diagnostics == ()
        assert (result.value.path, result.value.label) == ("shown", "//label")
        return "", result.value.text
    (diagnostic,) = result.diagnostics
    return diagnostic.code, diagnostic.message


def test_text(tmp_path: Path) -> None:
    assert read(tmp_path / "f", "a = 'ü中😀'\r\n\tb\r".encode()) == ("", "a = 'ü中😀'\r\n\tb\r")
    assert read(tmp_path / "f", b"") == ("", "")


def test_what_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "f"
    assert read(path, b"\xff") == ("EC002", "the file is not UTF-8: byte 0xff")
    assert read(path, b"ab\xed\xa0\x80") == ("EC002", "the file is not UTF-8: byte 0xed")
    assert read(path, b"ab\xc3") == ("EC002", "the file is not UTF-8: byte 0xc3")
    assert read(path, b"\xef\xbb\xbfa") == ("EC002", "the file starts with a byte order mark")
    assert read(path, b"a\0b") == ("EC002", "the file holds a NUL character")


def test_the_largest_file(tmp_path: Path) -> None:
    assert read(tmp_path / "f", b"#" * MAX_BYTES) == ("", "#" * MAX_BYTES)
    code, message = read(tmp_path / "f", b"#" * (MAX_BYTES + 1))
    assert (code, message) == ("EC003", f"`shown` is too large: {MAX_BYTES + 1} bytes")


def test_a_file_that_says_it_is_empty_is_read_to_its_limit() -> None:
    path = "/proc/self/environ"
    if not os.path.exists(path):
        pytest.skip("only Linux has such files")
    result = read_source(path, path, path)
    assert result.value is None or len(result.value.text) <= MAX_BYTES


def test_devices_are_not_read() -> None:
    result = read_source(os.devnull, "f", "f")
    assert [found.message for found in result.diagnostics] == ["`f` is not a regular file"]


def test_each_file_is_read_once(root: Path) -> None:
    path = root / "a.envd"
    path.write_text("one")
    asked = files(root)
    first = asked.read(str(path))
    path.write_text("two")
    assert asked.read(f"{root}/team/../a.envd") is first
    assert first.value is not None
    assert first.value.text == "one"
