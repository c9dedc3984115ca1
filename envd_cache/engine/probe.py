"""What an engine can do, asked before the build.

The docker engine has no call that lists its cache backends, and Debian's report no version of their
BuildKit, so it is asked for what decides: the version of its API and its image store (`GET /info`, about
5 ms); `catalog.engines` knows the rest. A builder of buildx is asked through `docker buildx inspect`
(0.02 to 0.13 s), which starts nothing, if it can be another than docker's engine (`engine.asking`).

Trying it out was measured and is not done: a build with an export that must be refused answers
`unknown cache exporter: "s3"` or that export's own complaint. But the clients wait 3.1 s after every refusal
(docker 26.1.5, buildx 0.13.1), `inline` and a reference that does parse build and keep an image, on the
classic store buildx answers by itself, without asking the engine, and each try stays in the build history.
"""

from __future__ import annotations

import json

from envd_cache.catalog import backend
from envd_cache.catalog.engines import (
    BUILDKIT,
    CONTAINERD_STORE,
    DOCKER_BUILDKIT,
    DOCKER_CLASSIC,
    DOCKER_CONTAINERD,
    DOCKER_OLD,
    DOCKER_SINCE_API,
    SEVERAL_EXPORTS_SINCE,
)
from envd_cache.diagnostics import ERROR, WARNING, Diagnostic, Result
from envd_cache.engine import contexts
from envd_cache.engine.dockerapi import Failure, connects, get, shown, split
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeAlias

    from envd_cache.catalog.engines import EngineKind
    from envd_cache.engine.contexts import Engine

    # Runs a program: words in; exit code, output and error output out. Code 127: there is no such program.
    Run: TypeAlias = Callable[[Sequence[str]], tuple[int, str, str]]

# Seconds for an engine to say what it is. A busy one answers in milliseconds.
TIMEOUT = 5.0
DOCKER_HINT = "check that docker runs, and DOCKER_HOST"
BUILDKIT_HINT = "check that buildkitd runs, and BUILDKIT_HOST"
BUILDER_HINT = "`docker buildx ls` shows the builders and whether they answer"
_BUILDX = ("docker", "buildx")
_DOCKER_DRIVER = "docker"
_REMOTE_DRIVER = "remote"
_RUNNING = "running"


class Abilities(Record):
    """What an engine can do with caches.

    `engine` are words for people: "docker 26.1.5, containerd image store, at unix:///…". `exports` and
    `imports` are BuildKit's types, None when they are not known. `max_exports` of 0 is no limit. `version`
    is that of its BuildKit, "" when not known; for a docker engine the newest that it can have. `kind` is
    a name of `catalog.engines.KINDS`, "" when not known.
    """

    engine: str
    exports: frozenset[str] | None
    imports: frozenset[str] | None
    max_exports: int = 0
    version: str = ""
    kind: str = ""


def abilities(
    engine: Engine,
    environ: Mapping[str, str],
    home: str,
    run: Run,
    *,
    timeout: float = TIMEOUT,
    words: Sequence[str] = _BUILDX,
) -> Result[Abilities | None]:
    """Return what the engine of a command can do. `contexts` finds the engine; `words` start buildx."""
    if engine.kind == contexts.DOCKER:
        return docker_abilities(engine.address, engine.environ(environ), timeout, run)
    if engine.kind == contexts.BUILDER:
        return buildx_abilities(engine.address, run, environ=environ, home=home, timeout=timeout, words=words)
    return buildkit_abilities(engine, timeout)


def docker_abilities(
    address: str, environ: Mapping[str, str], timeout: float = TIMEOUT, run: Run | None = None
) -> Result[Abilities | None]:
    """Return what a docker engine's own BuildKit can do.

    None with EC509 when nothing answers. An engine that answers, but not what was asked (a proxy in front
    of it that allows builds only), gives a warning: what it can do is not known, and it may well build.
    `ssh://` addresses are asked through `docker` itself, if `run` is given.
    """
    if split(address)[0] == "ssh":
        return _through_docker(address, run)
    at = shown(address)
    answer = get(address, "/info", environ, timeout)
    if isinstance(answer, Failure):
        return _unreachable(f"docker does not answer at `{at}`: {answer.reason}", answer.hint or DOCKER_HINT)
    if answer.status != 200:
        return _unknown(f"docker at `{at}`", f"it answers {answer.status} to `/info`")
    info = _object(answer.body)
    if info is None or not isinstance(info.get("ServerVersion"), str):
        return _unknown(f"docker at `{at}`", "what it answers is not docker's")
    return Result(_of_info(info, answer.api_version, at))


def _through_docker(address: str, run: Run | None) -> Result[Abilities | None]:
    at = shown(address)
    if run is None:
        return _unknown(f"docker at `{at}`", "an address with `ssh://` cannot be asked from here")
    code, output, errors = run(["docker", "--host", address, "info", "--format", "{{json .}}"])
    info = _object(output.encode("utf-8", "surrogateescape"))
    if code or info is None or not info.get("ServerVersion"):
        # `docker info` answers for itself, with `ServerErrors`, when the engine does not.
        failed = info.get("ServerErrors") if info else None
        reason = str(failed[0]) if isinstance(failed, list) and failed else _last_line(errors)
        return _unreachable(f"docker does not answer at `{at}`: {reason}", DOCKER_HINT)
    words = ["docker", "--host", address, "version", "--format", "{{.Server.APIVersion}}"]
    code, output, _ = run(words)
    return Result(_of_info(info, "" if code else output.strip(), at))


def _of_info(info: dict[str, Any], api_version: str, at: str) -> Abilities:
    server = _number(info["ServerVersion"])
    name = f"docker {server}" if server else "docker"
    status = info.get("DriverStatus")
    if not isinstance(status, list):
        return Abilities(f"{name} at {at}", None, None)
    stores = [row[1] for row in status if isinstance(row, list) and len(row) == 2]
    kind = DOCKER_CONTAINERD if CONTAINERD_STORE in stores else DOCKER_CLASSIC
    words = f"{name}, {kind.title}, at {at}"
    api = _version(api_version)
    if api and api < _version(DOCKER_SINCE_API):
        kind = DOCKER_OLD
    newest = next((buildkit for since, buildkit in DOCKER_BUILDKIT if api and api <= _version(since)), "")
    return _of_kind(kind, words, newest)


def inspect_words(builder: str, words: Sequence[str] = _BUILDX) -> tuple[str, ...]:
    """Return the words that `buildx_abilities` asks about a builder with."""
    return (*words, "inspect", *([builder] if builder else []))


def buildx_abilities(
    builder: str,
    run: Run,
    *,
    environ: Mapping[str, str] | None = None,
    home: str = "",
    timeout: float = TIMEOUT,
    words: Sequence[str] = _BUILDX,
    host: str = "",
) -> Result[Abilities | None]:
    """Return what a builder of buildx can do; "" is the one that buildx itself would take.

    `words` start buildx, with docker's own options if the command has any; `host` is the value of docker's
    `--host`. A builder of the docker driver is docker's engine, which is asked itself.
    """
    code, output, errors = run(inspect_words(builder, words))
    if code:
        name = f"the builder `{builder}`" if builder else "buildx's current builder"
        return _unreachable(f"{name} cannot be used: {_last_line(errors)}", BUILDER_HINT)
    found = read_inspect(output)
    name = f"the builder `{found.name}`"
    if found.error or not found.driver:
        reason = found.error or "buildx does not say what it is"
        return _unreachable(f"{name} cannot be used: {_plain(reason)}", BUILDER_HINT)
    if found.driver == _DOCKER_DRIVER:
        context = found.nodes[0].endpoint if found.nodes else ""
        own = environ or {}
        engine = contexts.docker_engine(own, home, "" if context == "default" else context, host)
        if engine.value is None:
            return Result(None, engine.diagnostics)
        return docker_abilities(engine.value.address, engine.value.environ(own), timeout, run)
    # Of these drivers only this one does not start its BuildKit itself.
    if found.driver == _REMOTE_DRIVER and all(node.status != _RUNNING for node in found.nodes):
        endpoint = shown(found.nodes[0].endpoint) if found.nodes else "its address"
        return _unreachable(f"{name} cannot be used: no BuildKit answers at `{endpoint}`", BUILDER_HINT)
    versions = [_exact(node.version) for node in found.nodes]
    oldest = min(versions, key=_version) if versions and all(versions) else ""
    return Result(_of_kind(BUILDKIT, f"{name} ({found.driver})", oldest))


def buildkit_abilities(engine: Engine, timeout: float = TIMEOUT) -> Result[Abilities | None]:
    """Return what a BuildKit of its own can do: everything. Whether it is there is found by connecting.

    Addresses such as `docker-container://` are not looked at: their clients start what does not run.
    """
    at = shown(engine.address)
    if failure := connects(engine.address, timeout):
        message = f"BuildKit does not answer at `{at}` ({engine.because}): {failure.reason}"
        return _unreachable(message, failure.hint or engine.hint or BUILDKIT_HINT)
    return Result(_of_kind(BUILDKIT, f"BuildKit at {at}", ""))


class Node(Record):
    """One node of a builder. `version` is that of its BuildKit as buildx has it, "" when it does not run."""

    name: str
    endpoint: str = ""
    status: str = ""
    version: str = ""
    error: str = ""


class Inspected(Record):
    """What `docker buildx inspect` says of a builder."""

    name: str = ""
    driver: str = ""
    error: str = ""
    nodes: tuple[Node, ...] = ()


# buildx up to 0.12 writes `Buildkit:`.
_NODE_FIELDS = {
    "Endpoint": "endpoint",
    "Status": "status",
    "BuildKit version": "version",
    "Buildkit": "version",
    "Error": "error",
}


def read_inspect(text: str) -> Inspected:
    """Return what the output of `docker buildx inspect` says (0.13.1 and 0.29.1). It never fails.

    The builder comes first, as `Name: value` lines; after `Nodes:` each node starts with its `Name:`.
    What is not known is passed over; what is indented (labels, rules) has no name that is.
    """
    builder: dict[str, str] = {}
    nodes: list[dict[str, str]] = []
    at_nodes = False
    for line in text.splitlines():
        field, mark, value = line.partition(":")
        value = value.strip()
        if not mark:
            continue
        if field == "Nodes" and not value:
            at_nodes = True
        elif not at_nodes:
            builder[field] = value
        elif field == "Name":
            nodes.append({"name": value})
        elif nodes and field in _NODE_FIELDS:
            nodes[-1].setdefault(_NODE_FIELDS[field], value)
    return Inspected(
        builder.get("Name", ""),
        builder.get("Driver", ""),
        builder.get("Error", ""),
        tuple([Node(**node) for node in nodes]),
    )


def newer(since: str, version: str) -> bool:
    """Say whether something of one version is missing in another; not when either is not known."""
    return bool(since and version) and _version(since) > _version(version)


def _of_kind(kind: EngineKind, words: str, version: str) -> Abilities:
    # An older BuildKit has not every backend yet; docker's own sets say already what they lack.
    exports = [name for name in kind.exports if not newer(backend(name).since, version)]
    imports = [name for name in kind.imports if not newer(backend(name).since, version)]
    limit = kind.max_exports or (1 if newer(SEVERAL_EXPORTS_SINCE, version) else 0)
    return Abilities(words, frozenset(exports), frozenset(imports), limit, version, kind.name)


def _exact(text: str) -> str:
    """Return a version that can be relied on: not `v0.0.0+unknown`, as distributions build it."""
    numbers = _version(text)
    return text if len(numbers) > 1 and any(numbers) and "unknown" not in text else ""


def _version(text: str) -> tuple[int, ...]:
    """Return a version as numbers: `v0.13.1-rc2` is (0, 13, 1); () when it is none."""
    numbers: list[int] = []
    for part in text.removeprefix("v").split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits or len(digits) > 9:
            break
        numbers.append(int(digits))
        if digits != part:
            break
    return tuple(numbers)


def _number(text: str) -> str:
    """Return the plain number in a version that an engine says: `26.1.5` of `26.1.5+dfsg1`."""
    return ".".join([str(number) for number in _version(text)])


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return _plain(lines[-1].removeprefix("ERROR: ")) if lines else "it gives no reason"


def _plain(text: str) -> str:
    """Return a program's own words on one line, cut where they stop to be a reason."""
    return "".join([letter if letter.isprintable() else " " for letter in text])[:300]


def _unreachable(message: str, hint: str) -> Result[Abilities | None]:
    return Result(None, (Diagnostic("EC509", ERROR, message, hint=hint),))


def _unknown(words: str, reason: str) -> Result[Abilities | None]:
    message = f"what {words} can do is not known: {reason}"
    found = Abilities(words.replace("`", ""), None, None)
    return Result(found, (Diagnostic("EC509", WARNING, message, hint=DOCKER_HINT),))
