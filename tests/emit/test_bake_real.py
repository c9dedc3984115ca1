"""Bake files through the real `docker-buildx bake --print`: what it prints has the same entries."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from envd_cache.emit.registry import Options
from tests.emit.strategies import SEVERAL, Declaration
from tests.emit.test_round_trip import VALUES, expected
from tests.support.wire_parsers import Entries, Entry, buildx

if TYPE_CHECKING:
    from pathlib import Path

    from tests.emit.workshop import Workshop

BATCH = st.lists(SEVERAL, min_size=1, max_size=12)


def printed(program: Path, file: Path, names: list[str]) -> dict[str, Entries]:
    """Return the entries of each target as bake prints them: as strings before 0.19, then as objects."""
    done = subprocess.run(
        [program, "bake", "--print", "--file", file, *names],
        capture_output=True,
        text=True,
        check=False,
        # buildx asks the cloud for credentials when an s3 entry has none.
        env=os.environ | VALUES | {"HOME": str(file.parent), "AWS_EC2_METADATA_DISABLED": "true"},
    )
    assert done.returncode == 0, done.stderr
    targets = json.loads(done.stdout)["target"]
    return {
        name: (
            [_entry(item, "--cache-to") for item in target.get("cache-to", [])],
            [_entry(item, "--cache-from") for item in target.get("cache-from", [])],
        )
        for name, target in targets.items()
    }


def _entry(item: str | dict[str, str], flag: str) -> Entry:
    if isinstance(item, dict):
        return item.pop("type"), item
    exports, imports = buildx([flag, item])
    (entry,) = exports or imports
    return entry


# Without shrinking: each step of it would be another run of the program.
@settings(max_examples=15, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(batch=BATCH)
def test_every_target_is_read_as_it_was_meant(
    docker_buildx: Path, workshop: Workshop, batch: list[list[Declaration]]
) -> None:
    plans = [workshop.plan(declarations, f"t{number}") for number, declarations in enumerate(batch)]
    text = workshop.compile_to("bake", plans, Options(keyed=True)).value
    assert isinstance(text, str)
    file = workshop.file.with_name("docker-bake.json")
    file.write_text(text, encoding="utf-8")
    found = printed(docker_buildx, file, [plan.name for plan in plans])
    assert found == {plan.name: expected(plan, "bake", VALUES) for plan in plans}


def test_a_whole_repository(docker_buildx: Path, workshop: Workshop) -> None:
    """Targets of one name in several files get names that bake takes."""
    plans = [
        workshop.plan_of(f'def build():\n    base()\n    cache.registry(ref="r{number}")\n').replace(
            label=label
        )
        for number, label in enumerate(("//a:build", "//b/c.d:build", "//:build"))
    ]
    text = workshop.compile_to("bake", plans, Options(keyed=True)).value
    assert isinstance(text, str)
    file = workshop.file.with_name("docker-bake.json")
    file.write_text(text)
    names = ["a-build", "b-c-d-build", "build"]
    assert list(json.loads(text)["target"]) == names
    found = printed(docker_buildx, file, names)
    assert [entries[1] for entries in found.values()] == [[("registry", {"ref": f"r{n}"})] for n in range(3)]
