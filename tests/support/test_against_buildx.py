"""The readers for bake and compose against the program itself, where the machine has it."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.wire_parsers import Entry, bake, buildx, compose

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = {"REF": "r$$x", "SPACE": " a b "}
TEXTS = (
    "type=registry,ref=${REF}",
    "type=registry,ref=a,TAG=x, k=${SPACE}",
    "type=x,a=$${REF},b=$$$${REF},c=%%{if},d=5%,e=$x$,f=%$${REF}",
    'type=x,"a=b,""c""","d=e\nf"',
    "type=x,a=é\\n'\t",
    "ghcr.io/acme/app:cache",
)
COMPOSE_TEXTS = (
    "type=registry,ref=${REF}",
    "type=x,a=$REF,b=$$REF,c=$${REF},d=${NONE:-$SPACE},e=${NONE-},f=${REF:+z},g=5$,h=$1",
    'type=x,"a=b,""c"""',
    "type=x,a=é\\n'# b",
)


def printed(program: Path, file: Path, targets: list[str]) -> dict[str, list[Entry]]:
    """Run `buildx bake --print`; before 0.19 it prints each entry as the string it was given."""
    done = subprocess.run(
        [program, "bake", "--print", "--file", file, *targets],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | ENVIRONMENT | {"HOME": str(file.parent)},
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[Entry]] = {}
    for name, target in json.loads(done.stdout)["target"].items():
        (entry,) = target["cache-from"]
        if isinstance(entry, str):
            found[name] = buildx(["--cache-from", entry])[1]
        else:
            found[name] = [(entry.pop("type"), entry)]
    return found


def test_bake(docker_buildx: Path, tmp_path: Path) -> None:
    targets = {f"t{i}": {"cache-from": [text]} for i, text in enumerate(TEXTS)}
    text = json.dumps({"variable": {"REF": {"default": "no"}, "SPACE": {}}, "target": targets})
    file = tmp_path / "docker-bake.json"
    file.write_text(text)
    mine = {name: imports for name, (_, imports) in bake(text, ENVIRONMENT).items()}
    assert printed(docker_buildx, file, list(targets)) == mine


def test_compose(docker_buildx: Path, tmp_path: Path) -> None:
    services = {f"t{i}": {"build": {"cache_from": [text]}} for i, text in enumerate(COMPOSE_TEXTS)}
    text = json.dumps({"services": services})
    file = tmp_path / "compose.yaml"
    file.write_text(text)
    mine = {name: imports for name, (_, imports) in compose(text, ENVIRONMENT).items()}
    assert printed(docker_buildx, file, list(services)) == mine


@pytest.mark.parametrize("text", ['{"variable": {}, "target": {"a": {}}}', '{"target": {"a.b": {}}}'])
def test_bake_refuses_what_the_reader_refuses(docker_buildx: Path, tmp_path: Path, text: str) -> None:
    file = tmp_path / "docker-bake.json"
    file.write_text(text)
    done = subprocess.run(
        [docker_buildx, "bake", "--print", "--file", file], capture_output=True, text=True, check=False
    )
    with pytest.raises(ValueError, match=r"^(Missing block label|Invalid name)") as caught:
        bake(text, {})
    assert done.returncode == 1
    assert str(caught.value) in done.stderr
