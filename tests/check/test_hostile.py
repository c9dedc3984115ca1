"""Files that are meant to hurt, all in one run: each costs itself only."""

from __future__ import annotations

import json
import os
import resource
from typing import TYPE_CHECKING

from tests.check import hostile
from tests.check.program import check

if TYPE_CHECKING:
    from pathlib import Path

GOOD = 40


def test_each_hostile_file_costs_itself_only(tmp_path: Path) -> None:
    made = hostile.make(tmp_path, GOOD)
    assert len(made["hostile"]) >= 60
    done = check(tmp_path, "--format", "json", "--time-limit", "1")
    document = json.loads(done.out)
    assert done.code == 1
    assert "Traceback" not in done.err
    assert document["files"] == len(made["hostile"]) + GOOD
    errors = {one["file"] for one in document["diagnostics"] if one["severity"] == "error"}
    assert made["hostile"] <= errors
    assert not {one["file"] for one in document["diagnostics"]} & made["good"]
    # The codes say what happened: nothing is a fault of ours.
    assert {one["code"][:3] for one in document["diagnostics"]} <= {"EC0", "EC1", "EC3"}


def test_the_memory_of_a_run_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "envd-cache.toml").touch()
    for number, text in enumerate(hostile.DEADLY.values()):
        (tmp_path / f"f{number}").mkdir()
        (tmp_path / f"f{number}" / "build.envd").write_text(text)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    done = check(tmp_path, "--time-limit", "1")
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert done.code == 1
    assert after <= max(before, 1_400_000), "kilobytes of the largest process"


def test_no_process_is_left(tmp_path: Path) -> None:
    for number, text in enumerate(hostile.DEADLY.values()):
        (tmp_path / f"f{number}").mkdir()
        (tmp_path / f"f{number}" / "build.envd").write_text(text)
    check(tmp_path, "--time-limit", "1", MARK_OF_THIS_TEST=str(tmp_path))
    left = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{process}/environ", "rb") as file:
                left += [process] if f"MARK_OF_THIS_TEST={tmp_path}".encode() in file.read() else []
        except OSError:
            continue
    assert left == []
