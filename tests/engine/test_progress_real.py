"""The report of real builds: real clients, a real engine, a real registry."""

from __future__ import annotations

import re
import subprocess
import uuid
from typing import TYPE_CHECKING, NamedTuple

import pytest

from envd_cache.emit.wire import csv, plain
from envd_cache.engine.matched import diagnostics_of, settled
from envd_cache.engine.outcome import Steps
from envd_cache.engine.plaintext import PlainText
from envd_cache.engine.rawjson import RawJson
from envd_cache.engine.telling import measured, text
from envd_cache.remote import local, registry
from tests.emit.workshop import Workshop
from tests.engine.conftest import STAMPED
from tests.engine.recordings import plan_of

if TYPE_CHECKING:
    from pathlib import Path

    from envd_cache.diagnostics import Diagnostic
    from envd_cache.emit.wire import WireEntry, WirePlan
    from envd_cache.engine.outcome import Outcome
    from envd_cache.remote.held import Held
    from tests.engine.conftest import Engines, MakeEnvironment, Prune


def look(entry: WireEntry) -> Held | str | None:
    attrs = dict(entry.attrs)
    if "ref" in attrs:
        return registry.look(str(attrs["ref"]))
    return local.look(str(attrs["dest"]))


def told(
    reader: RawJson | PlainText, code: int, plan: WirePlan
) -> tuple[Outcome, tuple[Diagnostic, ...], str]:
    outcome = settled(reader.outcome(code), plan, digest_of=local.digest_of)
    problems = diagnostics_of(outcome, plan)
    outcome, more = measured(outcome, look)
    assert more == ()
    return outcome, problems, text(outcome, plan.label)


class Bench(NamedTuple):
    """What a test builds with."""

    registry: str
    base: str
    environment: MakeEnvironment
    prune: Prune


@pytest.fixture
def bench(engines: Engines, base_image: str, environment: MakeEnvironment, prune: Prune) -> Bench:
    return Bench(engines.registry, base_image, environment, prune)


@pytest.mark.parametrize("suite", ["trixie", "forky"])
@pytest.mark.parametrize("progress", ["rawjson", "plain"])
def test_docker_buildx(bench: Bench, tmp_path: Path, suite: str, progress: str) -> None:
    (tmp_path / "context").mkdir()
    (tmp_path / "context/Dockerfile").write_text(STAMPED.format(base=bench.base))
    environ = bench.environment("new", suite=suite)
    name, folder = uuid.uuid4().hex, tmp_path / "cache"

    def build(plan: WirePlan, *more: str) -> tuple[Outcome, tuple[Diagnostic, ...], str]:
        words = ["/usr/bin/env", "docker", "buildx", "build", f"--progress={progress}", *more]
        words += [f"--cache-to={plain(csv(entry))}" for entry in plan.exports]
        words += [f"--cache-from={plain(csv(entry))}" for entry in plan.imports]
        bench.prune("new")
        done = subprocess.run(
            [*words, str(tmp_path / "context")], env=environ, capture_output=True, check=False, timeout=120
        )
        reader: RawJson | PlainText = RawJson() if progress == "rawjson" else PlainText()
        reader.feed(done.stderr)
        reader.close()
        return told(reader, done.returncode, plan)

    workshop = Workshop(tmp_path)
    ref = f"{bench.registry}/progress/{name}:1"
    both = f'cache.registry(ref="{ref}", mode="max")\n    cache.local(path="{folder}", mode="max")'

    outcome, problems, report = build(plan_of(workshop, both))
    assert [(each.state, each.type) for each in outcome.imports] == [
        ("missing", "registry"),
        ("missing", "local"),
    ]
    assert [each.severity for each in problems] == ["note", "note"]
    assert [each.state for each in outcome.exports] == ["written", "written"]
    held = registry.look(ref)
    assert not isinstance(held, str)
    assert [(each.digest, each.bytes) for each in outcome.exports] == [(held.digest, held.total)] * 2
    assert outcome.steps == Steps(0, 1)
    assert re.search(rf"^  import  registry {ref} +missing \(not found\)$", report, re.MULTILINE)
    assert "1 step: 0 cached, 1 run" in report

    outcome, problems, _ = build(plan_of(workshop, both))
    assert [each.state for each in outcome.imports] == ["found", "found"]
    assert problems == ()
    assert outcome.steps == Steps(1)

    bad = 'cache.registry(ref="127.0.0.1:1/x:1")'
    outcome, problems, report = build(plan_of(workshop, bad))
    assert [each.state for each in outcome.imports] == ["failed"]
    assert [(each.state, each.fatal) for each in outcome.exports] == [("failed", True)]
    assert [(each.code, each.severity) for each in problems] == [("EC505", "warning"), ("EC506", "error")]
    assert "failed: connection refused; this failed the build\n" in report

    ignored = 'cache.registry(ref="127.0.0.1:1/x:1", use="export", ignore_error=True)'
    outcome, problems, _ = build(plan_of(workshop, ignored))
    assert (outcome.error, outcome.exports[0].state, outcome.exports[0].fatal) == ("", "failed", False)
    assert [(each.code, each.severity) for each in problems] == [("EC506", "warning")]


def test_envd(bench: Bench, tmp_path: Path) -> None:
    environ = bench.environment("new")
    project = tmp_path / "project"
    project.mkdir()
    stamp = 'run(commands=["head -c 16 /dev/urandom | md5sum > /stamp", "echo done"])'
    good = f'def build():\n    base(image="{bench.base}")\n    {stamp}\n'
    (project / "build.envd").write_text(good)
    (project / "wrong.envd").write_text(good.replace("echo done", "echo first; exit 3"))

    def build(plan: WirePlan, *more: str) -> tuple[Outcome, tuple[Diagnostic, ...], str]:
        words = ["/usr/bin/env", "envd", "build", "--force", *more]
        words += [f"--export-cache={plain(csv(entry))}" for entry in plan.exports]
        words += [f"--import-cache={plain(csv(entry))}" for entry in plan.imports]
        bench.prune("new")
        done = subprocess.run(words, env=environ, cwd=project, capture_output=True, check=False, timeout=120)
        reader = PlainText()
        reader.feed(done.stdout, "stdout")
        reader.feed(done.stderr, "stderr")
        reader.close()
        return told(reader, done.returncode, plan)

    workshop = Workshop(tmp_path)
    ref = f"{bench.registry}/progress/{uuid.uuid4().hex}:1"
    plan = plan_of(workshop, f'cache.registry(ref="{ref}", mode="max")')

    outcome, problems, _ = build(plan)
    assert [each.state for each in outcome.imports] == ["missing"]
    assert [(each.code, each.severity) for each in problems] == [("EC505", "note")]
    assert outcome.exports[0].state == "written"
    assert outcome.exports[0].bytes
    assert outcome.steps == Steps(0, 1)

    outcome, problems, _ = build(plan)
    assert ([each.state for each in outcome.imports], problems) == (["found"], ())
    assert outcome.steps == Steps(1)

    outcome, problems, report = build(plan, "--from", "wrong.envd:build")
    assert outcome.exports[0].state == "not reached"
    assert outcome.steps == Steps(0, 0, 1)
    assert outcome.failed_step.endswith("; echo first; exit 3")
    assert "first" in outcome.failed_log
    assert "did not complete successfully: exit code: 3" in report
    assert problems == ()
