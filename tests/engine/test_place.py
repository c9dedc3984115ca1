"""Where caches go in the commands of other clients: the place, what is the user's own, what is refused."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envd_cache.emit.wire import WirePlan, wire
from envd_cache.engine.place import Command, Placed, read_command, with_flags, with_words
from tests.emit.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.fixture(scope="module")
def plan(workshop: Workshop) -> WirePlan:
    return wire(workshop.plan_of('def build():\n    base()\n    cache.registry(ref="r", mode="max")\n'))


def command(line: str, environ: Mapping[str, str] | None = None) -> Command:
    found = read_command(shlex.split(line), environ or {})
    assert isinstance(found, Command), found
    return found


# `@` is where our words go; behind `#` stands what else was read: fields that are not at their default.
LINES = """
docker buildx build @ .
docker buildx b @ .
/usr/bin/docker buildx build @ .
./docker buildx build @ -t a:b .
docker buildx build @ . -t a:b
docker buildx build @ -- .
docker buildx build @ -
docker buildx build @ -q . # progress=quiet
docker buildx build @ --quiet . # progress=quiet
docker buildx build @ --quiet=false . #
docker buildx build @ -q --quiet=0 . #
docker buildx build @ --progress plain . # progress=plain
docker buildx build @ --progress=plain --progress=rawjson . # progress=rawjson
docker buildx build @ . --progress=tty # progress=tty
docker buildx build @ -- . --progress=tty #
docker buildx build @ --tag --progress=plain . #
docker buildx build @ -t --progress=plain . #
docker buildx build @ -qt name --progress=plain . # progress=quiet
docker buildx build @ -tq --progress=plain . # progress=plain
docker buildx build @ -t=q . #
docker buildx build @ -q=true . # progress=quiet
docker buildx build @ --cache-to type=inline . # own_exports
docker buildx build @ --cache-to=type=inline . # own_exports
docker buildx build @ . --cache-to type=inline # own_exports
docker buildx build @ --cache-from a/b . # own_imports
docker buildx build @ --cache-from=a/b --cache-to=c . # own_exports own_imports
docker buildx build @ --cache-to= --cache-from '' . #
docker buildx build @ -- --cache-to=x #
docker buildx build @ --label --cache-to=x . #
docker buildx build @ --build-arg --cache-from --cache-to x . # own_exports
docker buildx build @ -f --cache-to=x . #
docker buildx build @ -m --cache-to=x . #
docker buildx build @ --pull --cache-to=x . # own_exports
docker buildx build @ --new-flag --cache-to=x . # own_exports
docker buildx --builder b build @ . # builder=b
docker buildx --builder=b build @ . # builder=b
docker buildx build @ --builder b . # builder=b
docker buildx --builder a build @ --builder b . # builder=b
docker buildx -D build @ .
docker --context c buildx build @ . # base='docker --context c buildx'
docker -c c buildx build @ . # base='docker -c c buildx'
docker -cc buildx build @ . # base='docker -cc buildx'
docker -Dc c buildx build @ . # base='docker -Dc c buildx'
docker -H unix:///x --tls=false buildx build @ . # base='docker -H unix:///x --tls=false buildx'
docker --config build buildx build @ . # base='docker --config build buildx'
docker -- buildx build @ .
docker -D -- buildx build @ . # base='docker -D buildx'
docker-buildx build @ . # base=docker-buildx
docker-buildx --builder b b @ . # base='docker-buildx --builder b' builder=b
/opt/docker-buildx build @ . # base=/opt/docker-buildx
docker build @ . # by_context
docker build @ -c 5 . # by_context
docker -c x build @ . # by_context builder=x base='docker -c x buildx'
docker build @ --builder b . # builder=b
docker image build @ . # by_context
docker --log-level debug image build @ -t x . # by_context base='docker --log-level debug buildx'
docker builder build @ .
docker builder --builder b b @ . # builder=b
docker buildx bake @ # kind=bake
docker buildx f @ app web # kind=bake names='app web'
docker bake @ # kind=bake
docker builder bake @ # kind=bake
docker-buildx bake @ --print app # kind=bake names=app base=docker-buildx
docker buildx bake @ -f a.hcl -f b.json app # kind=bake files='a.hcl b.json' names=app
docker buildx bake @ app --file=a.hcl # kind=bake files=a.hcl names=app
docker buildx bake @ -fa.hcl # kind=bake files=a.hcl
docker buildx bake @ -f - # kind=bake files=- stdin
docker buildx bake @ --set app.cache-to=x --set=*.y=z # kind=bake
docker buildx bake @ https://example.org/x.git app # kind=bake names='https://example.org/x.git app' remote
docker buildx bake @ git@example.org:x # kind=bake names=git@example.org:x remote
docker compose build @ # kind=compose
docker compose build @ app --no-cache # kind=compose names=app
docker compose build @ -- app # kind=compose names=app
docker compose -f a.yaml --file b.yaml build @ -q # kind=compose files='a.yaml b.yaml' progress=quiet
docker compose -f - build @ # kind=compose files=- stdin
docker compose --progress plain -p build build @ # kind=compose progress=plain
docker compose --project-directory d --env-file e build @ # kind=compose project_directory=d env_files=e
docker compose --profile p build @ --builder b --ssh default app # kind=compose builder=b names=app
docker --context c compose build @ # kind=compose base='docker --context c buildx'
docker-compose build @ app # kind=compose names=app base='docker buildx'
docker-compose --context c -f a build @ # kind=compose files=a base='docker buildx'
buildctl build @ --frontend dockerfile.v0 --local context=.
buildctl b @ --progress=plain # progress=plain
buildctl build @ -progress plain # progress=plain
buildctl --addr tcp://x:1 build @ -o type=image # builder=tcp://x:1 base='buildctl --addr tcp://x:1'
buildctl -addr=x --debug build @ # builder=x base='buildctl -addr=x --debug'
buildctl build @ --export-cache type=inline # own_exports
buildctl build @ -import-cache=type=registry,ref=x # own_imports
buildctl build @ --opt --export-cache=x #
buildctl build @ word --export-cache=x # names='word --export-cache=x'
buildctl build @ -- --export-cache=x # names=--export-cache=x
""".strip().splitlines()

CLIENTS = {"buildctl": "buildctl", "compose": "compose"}


@pytest.mark.parametrize("line", LINES)
def test_a_command_is_read(line: str) -> None:
    text, _, rest = line.partition(" #")
    words = shlex.split(text)
    at = words.index("@")
    found = command(text.replace(" @", "", 1))
    expected: dict[str, object] = {
        field.partition("=")[0]: field.partition("=")[2] if "=" in field else True
        for field in shlex.split(rest)
    }
    client = next((name for key, name in CLIENTS.items() if key in text.split("@")[0]), "buildx")
    names = expected.pop("names", None)
    if names is not None:
        expected["names"] = tuple(str(names).split())
    for field in ("files", "env_files", "base"):
        if field in expected:
            expected[field] = tuple(str(expected[field]).split())
    if "base" not in expected:
        expected["base"] = (words[0],) if client == "buildctl" else (words[0], "buildx")
    whole = Command(client, str(expected.pop("kind", "flags")), (*words[:at], *words[at + 1 :]), at)
    if whole.kind == "flags" and names is None:
        expected["names"] = found.names
    assert found.replace(files_end=0) == whole.replace(**expected)


def test_there_are_many_lines() -> None:
    assert len(set(LINES)) >= 60


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "no command is given; known are docker buildx build,"),
        ("podman build .", "`podman` is no client that takes caches; known are docker buildx build,"),
        ("env X=y docker build .", "`env` is no client that takes caches"),
        ("docker", "`docker` is no build command; known are"),
        ("docker run x", "`docker run` is no build command that takes caches"),
        ("docker b .", "`docker b` is no build command that takes caches"),
        ("docker image b .", "`docker image b` is no build command that takes caches"),
        ("docker buildx", "`docker buildx` is no build command; known are"),
        ("docker buildx --builder build", "`docker buildx` is no build command; known are"),
        ("docker buildx -- build .", "`docker buildx` is no build command; known are"),
        ("docker compose -- build", "`docker compose` is no build command; known are"),
        ("docker buildx prune", "`docker buildx prune` is no build command that takes caches"),
        ("docker --tls false build .", "`docker false` is no build command that takes caches"),
        ("docker compose up --build", "`docker compose up` is no build command that takes caches"),
        ("buildctl du", "`buildctl du` is no build command that takes caches"),
    ],
)
def test_another_command_is_refused(line: str, problem: str) -> None:
    found = read_command(shlex.split(line), {})
    assert isinstance(found, str)
    assert found.startswith(problem)


@pytest.mark.parametrize("value", ["0", "f", "F", "false", "FALSE", "False"])
@pytest.mark.parametrize(
    "line",
    [
        "docker build .",
        "docker image build .",
        "docker builder build .",
        "docker compose build",
        "docker-compose build",
    ],
)
def test_a_build_without_buildkit_is_refused(line: str, value: str) -> None:
    assert read_command(line.split(), {"DOCKER_BUILDKIT": value}) == (
        "DOCKER_BUILDKIT turns BuildKit off, and without it docker has no cache exports; unset it"
    )


@pytest.mark.parametrize("line", ["docker buildx build .", "docker-buildx build .", "docker buildx bake"])
def test_buildx_itself_does_not_heed_docker_buildkit(line: str) -> None:
    assert isinstance(read_command(line.split(), {"DOCKER_BUILDKIT": "0"}), Command)


@pytest.mark.parametrize("value", ["", "1", "true", "no"])
def test_docker_buildkit_may_be_on(value: str) -> None:
    assert isinstance(read_command(["docker", "build", "."], {"DOCKER_BUILDKIT": value}), Command)


@pytest.mark.parametrize(
    ("line", "variable"),
    [
        ("docker buildx build .", "BUILDX_BUILDER"),
        ("docker build .", "BUILDX_BUILDER"),
        ("docker compose build", "BUILDX_BUILDER"),
        ("buildctl build", "BUILDKIT_HOST"),
    ],
)
def test_the_environment_names_a_builder(line: str, variable: str) -> None:
    found = command(line, {variable: "here"})
    assert (found.builder, found.by_context) == ("here", False)


def test_a_flag_names_the_builder_before_the_environment() -> None:
    assert command("docker buildx build --builder b .", {"BUILDX_BUILDER": "a"}).builder == "b"


# ---- flags ----


@pytest.mark.parametrize(
    ("line", "export_flag", "import_flag"),
    [
        ("docker buildx build @ -t x .", "--cache-to", "--cache-from"),
        ("docker build @ .", "--cache-to", "--cache-from"),
        ("buildctl build @ --opt a=b", "--export-cache", "--import-cache"),
    ],
)
def test_caches_are_placed(plan: WirePlan, line: str, export_flag: str, import_flag: str) -> None:
    found = with_flags(command(line.replace("@ ", "")), plan)
    ours = f"{export_flag} type=registry,ref=r,mode=max {import_flag} type=registry,ref=r"
    assert found.value == tuple(line.replace("@", ours).split())
    assert found.diagnostics == ()


@pytest.mark.parametrize(
    ("line", "placed"),
    [
        ("docker buildx build .", "docker buildx build --progress rawjson --x ."),
        ("buildctl build", "buildctl build --progress rawjson --x"),
        ("docker compose -f a build b", "docker compose -f a --progress rawjson build --x b"),
    ],
)
def test_progress_is_placed(line: str, placed: str) -> None:
    assert with_words(command(line), ["--x"], "rawjson") == tuple(placed.split())


def test_own_flags_win_in_their_direction(plan: WirePlan) -> None:
    line = "docker buildx build --cache-to type=inline ."
    found = with_flags(command(line), plan)
    placed = "docker buildx build --cache-from type=registry,ref=r --cache-to type=inline ."
    assert " ".join(found.value) == placed
    (told,) = found.diagnostics
    assert (told.code, told.severity) == ("EC503", "warning")
    assert told.message == "the command has `--cache-to` of its own: the declared export is left out"
    assert told.hint == "remove it to use the declared exports"


def test_own_flags_win_in_both_directions(workshop: Workshop) -> None:
    text = 'def build():\n    base()\n    cache.registry(ref="r", key=["a", "b"])\n'
    plan = wire(workshop.plan_of(text))
    line = "buildctl build --export-cache type=inline --import-cache x"
    found = with_flags(command(line), plan)
    assert " ".join(found.value) == line
    assert [told.message for told in found.diagnostics] == [
        "the command has `--export-cache` of its own: the declared export is left out",
        "the command has `--import-cache` of its own: 2 declared imports are left out",
    ]


def test_own_flags_are_not_told_of_without_declared_caches(plan: WirePlan) -> None:
    nothing = plan.replace(exports=(), imports=())
    line = "docker build --cache-to a --cache-from b ."
    found = with_flags(command(line), nothing)
    assert (" ".join(found.value), found.diagnostics) == (line, ())


def test_a_secret_is_never_written_as_its_name(workshop: Workshop) -> None:
    text = 'def build():\n    base()\n    cache.gha(token=cache.secret("T"), url="https://x")\n'
    plan = wire(workshop.plan_of(text))
    with pytest.raises(ValueError, match="a secret has no text"):
        with_flags(command("docker build ."), plan)


WORDS = st.sampled_from(
    [
        *("docker", "docker-buildx", "docker-compose", "buildctl", "buildx", "build", "b", "bake", "image"),
        *("compose", "builder", ".", "-", "--", "-q", "-t", "-f", "-qt", "-c", "--builder", "--builder=x"),
        *("--cache-to", "--cache-to=x", "--cache-from", "--export-cache=y", "--progress", "--pull", "--x"),
        *("", "a b", "type=x", "--context", "-H", "--tag", "app", "--set", "--opt"),
    ]
)
STARTS = st.sampled_from(
    [
        *(["docker", "buildx", "build"], ["docker", "build"], ["docker-buildx", "bake"], ["docker"]),
        *(["docker", "--context", "x", "buildx"], ["buildctl", "build"], ["docker", "compose"]),
    ]
)


@given(start=STARTS, rest=st.lists(WORDS, max_size=8))
def test_no_word_is_lost_or_moved(plan: WirePlan, start: list[str], rest: list[str]) -> None:
    words = (*start, *rest)
    found = read_command(words, {})
    if isinstance(found, str):
        assert "known are" in found
        return
    assert found.words == words
    assert words[found.at - 1] in ("build", "b", "bake", "f")
    client = found.settings
    exports = [] if found.own_exports else [client.export_flag, "type=registry,ref=r,mode=max"]
    imports = [] if found.own_imports else [client.import_flag, "type=registry,ref=r"]
    ours = (*exports, *imports)
    placed = with_flags(found, plan).value
    assert placed == (*words[: found.at], *ours, *words[found.at :])
    # Before a `--`, but for one that stands before the build word.
    assert placed[: found.at].count("--") <= (words[0] == "docker")


def test_a_placed_command_does_not_show_its_secrets() -> None:
    shown = repr(Placed(("docker", "hidden-1"), environ={"NAME": "hidden-2"}))
    assert shown == "Placed(2 words, ['NAME'])"
