"""Placed commands read by the real docker-buildx of two Debian releases: it takes them as we meant them.

0.13 (trixie) and 0.29 (forky). No engine is needed: buildx tells of an option that is none before it looks
for one, and `bake --print` never does.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest

from envd_cache.engine.bakefile import (
    Where,
    print_words,
    printed_targets,
    printed_version,
    version_words,
    with_bake_file,
)
from envd_cache.engine.place import Placed, matched
from envd_cache.engine.secret_routes import secret_routes
from tests.emit.workshop import Workshop
from tests.engine.placing import command, plan_of, plugins, run, write
from tests.engine.test_place import LINES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from envd_cache.emit.wire import WirePlan


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.fixture(scope="module", params=["trixie", "forky"])
def buildx(request: pytest.FixtureRequest) -> str:
    if request.param == "trixie":
        return str(request.getfixturevalue("docker_buildx"))
    return str(plugins("forky") / "docker-buildx")


# ---- flags ----

NO_OPTION = 'type required form> "{}"'
FLAG_LINES = [
    line.partition(" #")[0].replace(" @", "")
    for line in LINES
    # Not those that buildx refuses for another reason.
    if line.startswith("docker buildx b")
    and "bake" not in line
    and all(odd not in line for odd in ("--new-flag", "-- . --", "--cache-to= "))
]


def through(buildx: str, line: str) -> list[str]:
    """Return a line with the program in the place of `docker buildx`, and one folder for all contexts."""
    return [buildx, *shlex.split(line)[2:]]


@pytest.mark.parametrize("line", FLAG_LINES)
def test_buildx_takes_our_words_for_options(tmp_path: Path, buildx: str, line: str) -> None:
    found = command(through(buildx, line))
    for flag in (found.settings.export_flag, found.settings.import_flag):
        words = (*found.words[: found.at], flag, "mode=max", *found.words[found.at :])
        assert NO_OPTION.format("mode=max") in run(words, tmp_path).stderr


def test_there_are_enough_lines() -> None:
    assert len(FLAG_LINES) > 25


@pytest.mark.parametrize(
    "line",
    [
        "build {} .",
        "build . {}",
        "build --pull {} .",
        "build --builder default {} .",
        "--builder default build {} .",
        "b -qt name {} .",
        "build -tq {} .",
        "build -t=q {} .",
        "build --tag=x {} -- .",
        "build --tag {} .",
        "build -t {} .",
        "build -qt {} .",
        "build --label {} .",
        "build -m {} .",
        "build --cpu-quota {} .",
        "build --metadata-file {} .",
        "build -f {} .",
        "build -- {} .",
        "build . -- {}",
    ],
)
@pytest.mark.parametrize("flag", ["--cache-to", "--cache-from"])
def test_an_option_is_the_users_own_where_buildx_takes_it(
    tmp_path: Path, buildx: str, line: str, flag: str
) -> None:
    words = [buildx, *shlex.split(line.format(f"{flag}=mode=min"))]
    found = command(words)
    own = found.own_exports if flag == "--cache-to" else found.own_imports
    assert own == (NO_OPTION.format("mode=min") in run(words, tmp_path).stderr)


# ---- bake ----

HCL = """
group "default" { targets = ["app", "web"] }
variable "TOKEN" { default = "mine" }
target "app" { args = { T = TOKEN } }
target "web" { cache-to = ["type=registry,ref=own"] }
target "kid" { inherits = ["app"] }
target "other" { inherits = ["web", "app"] }
target "cell" {
  name = "cell-${n}"
  matrix = { n = ["1", "2"] }
}
"""
PLAN = ('cache.registry(ref="r", mode="max")', 'cache.s3(bucket="${TOKEN}%{", region="r")')
EXPORTS = ["type=registry,ref=r,mode=max", "type=s3,bucket=${TOKEN}%{,region=r"]
IMPORTS = ["type=registry,ref=r", "type=s3,bucket=${TOKEN}%{,region=r"]


def bake(
    words: Sequence[str], plans: Sequence[WirePlan], folder: Path, environ: Mapping[str, str] | None = None
) -> dict[str, tuple[list[str], list[str]]]:
    """Return the options of each target after caches were placed into a command that prints."""
    environ = environ or {}
    found = command(words, environ)
    targets = printed_targets(run(print_words(found), folder, environ).stdout)
    assert targets is not None
    routed = [secret_routes(plan, found.client, environ, found.kind) for plan in plans]
    which = matched([routes.value.plan for routes in routed], [target.name for target in targets], "target")
    assert which.diagnostics == ()
    where = Where(
        str(folder),
        environ,
        lambda path: (folder / path).exists(),
        printed_version(run(version_words(found), folder).stdout),
    )
    placed = with_bake_file(found, which.value, targets, str(folder / "private/caches.json"), where).value
    assert isinstance(placed, Placed), placed
    write(placed)
    done = run((*placed.words, "--print"), folder, {**environ, **placed.environ})
    after = printed_targets(done.stdout)
    assert after is not None, done.stderr
    return {target.name: (sorted(target.exports), sorted(target.imports)) for target in after}


def in_any_order(options: Sequence[str]) -> list[str]:
    """Return options as the newer buildx prints them too: fields by name, the type first."""
    made = []
    for option in options:
        kind, *fields = option.split(",")
        made.append(",".join([kind, *sorted(fields)]))
    return sorted(made)


def checked(found: dict[str, tuple[list[str], list[str]]]) -> dict[str, tuple[list[str], list[str]]]:
    return {
        name: (in_any_order(exports), in_any_order(imports)) for name, (exports, imports) in found.items()
    }


CACHES = (in_any_order(EXPORTS), in_any_order(IMPORTS))
NOTHING: tuple[list[str], list[str]] = ([], [])
OWN: tuple[list[str], list[str]] = (["type=registry,ref=own"], [])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("bake", {"app": CACHES, "web": OWN}),
        ("bake app", {"app": CACHES}),
        ("bake -f docker-bake.hcl app", {"app": CACHES}),
        ("bake app --file=docker-bake.hcl --pull", {"app": CACHES}),
        ("bake app kid", {"app": CACHES, "kid": NOTHING}),
        # Its own caches are those of its second parent, the last that has any.
        ("bake app other", {"app": CACHES, "other": OWN}),
        ("bake kid", {"kid": CACHES}),
        ("bake --set *.cache-to=type=inline app", {"app": (["type=inline"], CACHES[1])}),
        ("bake cell-1", {"cell-1": CACHES}),
    ],
)
def test_bake_gives_the_caches_to_the_target(
    tmp_path: Path, workshop: Workshop, buildx: str, line: str, expected: object
) -> None:
    (tmp_path / "docker-bake.hcl").write_text(HCL)
    name = "app" if " app" in line or line == "bake" else "build"
    found = bake([buildx, *line.split()], [plan_of(workshop, *PLAN, name=name)], tmp_path)
    assert checked(found) == expected


def test_bake_reads_the_files_it_would_have_read(tmp_path: Path, workshop: Workshop, buildx: str) -> None:
    """Each file has a target of its own, and all say something of one: the last that says it counts."""
    names = [
        *("compose.yaml", "docker-compose.yml", "docker-bake.json", "docker-bake.hcl"),
        *("docker-bake.override.json", "docker-bake.override.hcl"),
    ]
    for number, name in enumerate(names):
        only = f"only{number}"
        if name.endswith(("yaml", "yml")):
            text = f"services:\n  all: {{build: {{target: s{number}}}}}\n  {only}: {{build: .}}\n"
        elif name.endswith("json"):
            text = json.dumps({"target": {"all": {"target": f"s{number}"}, only: {}}})
        else:
            text = f'target "all" {{ target = "s{number}" }}\ntarget "{only}" {{}}\n'
        (tmp_path / name).write_text(text)
    all_names = [f"only{number}" for number in range(len(names))]
    for there in (names, names[:5], names[:4]):
        for name in set(names) - set(there):
            (tmp_path / name).unlink(missing_ok=True)
        words = [buildx, "bake", "--print", "all", *all_names[: len(there)]]
        before = json.loads(run(words, tmp_path).stdout)["target"]
        found = command(words)
        where = Where(
            str(tmp_path),
            {},
            lambda path: (tmp_path / path).exists(),
            printed_version(run(version_words(found), tmp_path).stdout),
        )
        plan = plan_of(workshop, 'cache.registry(ref="r")')
        placed = with_bake_file(found, [("all", plan)], [], str(tmp_path / "p/caches.json"), where).value
        assert isinstance(placed, Placed), placed
        write(placed)
        done = run(placed.words, tmp_path)
        after = json.loads(done.stdout)["target"]
        assert {name: target.get("target") for name, target in after.items()} == {
            name: target.get("target") for name, target in before.items()
        }
        assert "cache-to" in after["all"]


def test_bake_fills_in_secrets(tmp_path: Path, workshop: Workshop, buildx: str) -> None:
    (tmp_path / "docker-bake.hcl").write_text(HCL)
    call = 'cache.gha(url="https://x", scope="$${{TOKEN}}%{", token=cache.secret("TOKEN"), use="export")'
    environ = {"TOKEN": "a-secret/+=${x}"}
    found = bake([buildx, "bake", "app"], [plan_of(workshop, call, name="app")], tmp_path, environ)
    expected = in_any_order(["type=gha,scope=$${{TOKEN}}%{,url=https://x,token=a-secret/+=${x}"])
    assert checked(found) == {"app": (expected, [])}


def test_the_users_variable_keeps_its_default(tmp_path: Path, workshop: Workshop, buildx: str) -> None:
    (tmp_path / "docker-bake.hcl").write_text(HCL)
    call = 'cache.gha(url="https://x", token=cache.secret("T"))'
    environ = {"T": "hidden"}
    bake([buildx, "bake", "app"], [plan_of(workshop, call, name="app")], tmp_path, environ)
    words = [buildx, "bake", "-f", "docker-bake.hcl", "-f", "private/caches.json", "app", "--print"]
    done = run(words, tmp_path, {**environ, "ENVD_CACHE_OPTION_1": "type=inline"})
    assert json.loads(done.stdout)["target"]["app"]["args"] == {"T": "mine"}
