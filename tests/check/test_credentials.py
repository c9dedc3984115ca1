"""A credential that stands in a build file is in nothing that a check shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.check.program import check, write

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "ghp_0123456789abcdefABCDEF"
WRONG = 'def build():\n    base()\n    cache.local(path="c", mode="MAX")\n'


def test_a_difference_leaves_out_a_file_with_one(tmp_path: Path) -> None:
    held = WRONG.replace("    cache", f'    cache.gha(scope="x", token="{TOKEN}")\n    cache')
    write(tmp_path, {"a/build.envd": held, "b/build.envd": WRONG})
    done = check(tmp_path, "--diff")
    assert done.code == 1
    assert TOKEN not in done.out + done.err
    assert done.err == "`a/build.envd` holds a credential: its difference is not shown\n"
    assert "+++ b/b/build.envd" in done.out
    check(tmp_path, "--fix")
    assert (tmp_path / "a" / "build.envd").read_text() == held.replace("MAX", "max")


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
@pytest.mark.parametrize("escape", [r"\u0030", r"\x30", r"\060", r"\U00000030"])
def test_one_that_is_escaped_is_masked_by_its_value(tmp_path: Path, form: str, escape: str) -> None:
    written = TOKEN.replace("0", escape, 1)
    text = (
        f'def build():\n    base()\n    y = {{}}["{written}"]\n    cache.gha(scope="x", token="{written}")\n'
    )
    write(tmp_path, {"build.envd": text})
    done = check(tmp_path, "--format", form)
    assert done.code == 1
    assert "EC008" in done.out
    for shown in (TOKEN, written, TOKEN[8:]):
        assert shown not in done.out + done.err


@pytest.mark.parametrize(
    "given",
    ["--set=*.s3.secret_access_key=hunter2", "--set=a.gha.token=one=hunter2\tthree", "--token=hunter2"],
)
def test_a_wrong_call_does_not_repeat_one(tmp_path: Path, given: str) -> None:
    done = check(tmp_path, given, "--bogus=1")
    assert done.code == 2
    assert "hunter2" not in done.err
    assert "=*** --bogus=1" in done.err
