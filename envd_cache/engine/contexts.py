"""Which engine a command will use, found as the command itself finds it.

envd 1.3.6 keeps its contexts in `$HOME/.config/envd/contexts` (gob; XDG_CONFIG_HOME is not read) and makes
one named `default` with the builder `moby-worker` when there is none: that is the docker engine of
DOCKER_HOST; docker's own contexts are not read. docker and buildx (measured with 26.1.5 and 0.13.1, 0.29.1)
read DOCKER_HOST, then DOCKER_CONTEXT, then `currentContext` of `$DOCKER_CONFIG/config.json`.
buildctl: `--addr`, then BUILDKIT_HOST.
"""

from __future__ import annotations

import json
import os

from envd_cache.diagnostics import ERROR, Diagnostic, Result, suggestion
from envd_cache.engine.dockerapi import DEFAULT_HOST
from envd_cache.engine.gob import decode
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# What kind of thing an address leads to: docker's own BuildKit, a BuildKit, or a builder of buildx, which
# has to be looked at (`probe.buildx_abilities`).
DOCKER, BUILDKIT, BUILDER = "docker", "buildkit", "builder"

DEFAULT_BUILDKIT = "unix:///run/buildkit/buildkitd.sock"
_DEFAULT = "default"
_MOBY = "moby-worker"
_MAX_FILE = 1024 * 1024


class Engine(Record, apart=("hint",)):
    """The engine that a command will use.

    `kind` is DOCKER, BUILDKIT or BUILDER. `address` is docker's or BuildKit's address, or the name of a
    builder ("" is the current one). `because` says what chose it, in words for people. `tls` are the
    DOCKER_TLS_VERIFY and DOCKER_CERT_PATH that go with the address, None for those of the environment.
    `hint` is what to do when nothing answers there, "" for the usual.
    """

    kind: str
    address: str
    because: str
    tls: Mapping[str, str] | None = None
    hint: str = ""

    def environ(self, environ: Mapping[str, str]) -> Mapping[str, str]:
        """Return the environment with the TLS variables that go with this engine."""
        if self.tls is None:
            return environ
        kept = {name: value for name, value in environ.items() if not name.startswith("DOCKER_")}
        return {**kept, **self.tls}


def envd_engine(environ: Mapping[str, str], home: str) -> Result[Engine | None]:
    """Return the engine of `envd build` and `envd up`. EC509 when envd could not read its contexts either."""
    path = os.path.join(home, ".config", "envd", "contexts")
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_FILE)
    except FileNotFoundError:
        return Result(_moby(environ, "envd's default context"))
    except OSError as error:
        return _broken(f"`{path}` cannot be read: {(error.strerror or str(error)).lower()}", path)
    try:
        current, contexts = _contexts(decode(data))
    except (ValueError, KeyError, TypeError, AttributeError):
        return _broken(f"`{path}` does not hold envd's contexts", path)
    if current not in contexts:
        return _broken(f"envd's current context `{current}` does not exist", path)
    builder, address = contexts[current]
    because = f"the envd context `{current}`"
    if builder == _MOBY:
        return Result(_moby(environ, because))
    hint = "check that it runs; `envd context use` takes another one"
    return Result(Engine(BUILDKIT, f"{builder}://{address}", because, hint=hint))


def _contexts(found: Any) -> tuple[str, dict[str, tuple[str, str]]]:
    contexts = {
        str(context.get("Name", "")): (str(context["Builder"]), str(context.get("BuilderAddress", "")))
        for context in found["Contexts"]
    }
    return str(found.get("Current", "")), contexts


def _moby(environ: Mapping[str, str], because: str) -> Engine:
    host = environ.get("DOCKER_HOST", "")
    return Engine(DOCKER, host or DEFAULT_HOST, f"{because} and DOCKER_HOST" if host else because)


def _broken(message: str, path: str) -> Result[Engine | None]:
    hint = "`envd context ls` shows what envd makes of it"
    return Result(None, (Diagnostic("EC509", ERROR, message, path=path, hint=hint),))


def docker_engine(
    environ: Mapping[str, str], home: str, context: str = "", host: str = ""
) -> Result[Engine | None]:
    """Return the docker engine that docker's own programs would use.

    `context` and `host` are the values of `--context` and `--host`, "" when they are not given.
    """
    if host and not context:
        return Result(Engine(DOCKER, host, "--host"))
    name, because = _chosen_context(environ, home, context)
    if name == _DEFAULT:
        host = environ.get("DOCKER_HOST", "")
        return Result(Engine(DOCKER, host or DEFAULT_HOST, "DOCKER_HOST" if host else because))
    return _stored_context(name, because, config_folder(environ, home))


def default_builder(environ: Mapping[str, str], home: str, context: str = "") -> Engine:
    """Return the builder of `docker build`: BUILDX_BUILDER, else that of docker's context.

    A builder chosen with `docker buildx use` is not looked at by `docker build`.
    """
    if builder := environ.get("BUILDX_BUILDER", ""):
        return Engine(BUILDER, builder, "BUILDX_BUILDER")
    return Engine(BUILDER, *_chosen_context(environ, home, context))


def buildx_engine(environ: Mapping[str, str], builder: str = "") -> Engine:
    """Return the builder of `docker buildx build` and `bake`; `builder` is the value of `--builder`."""
    if builder:
        return Engine(BUILDER, builder, "--builder")
    builder = environ.get("BUILDX_BUILDER", "")
    return Engine(BUILDER, builder, "BUILDX_BUILDER" if builder else "buildx's current builder")


def own_builder(environ: Mapping[str, str], home: str, builder: str) -> Engine | None:
    """Return docker's engine where a builder of buildx can be nothing else, None where buildx must be asked.

    So it is while nobody has made or chosen a builder: buildx (0.13.1 and 0.29.1, measured) keeps those that
    were made in `instances`, the one in use in `current`, and that of each engine in `defaults`. `builder`
    is "" for the current one. To ask starts docker and buildx, for 0.02 to 0.13 s.
    """
    if builder not in ("", _chosen_context(environ, home, "")[0]):
        return None
    folder = environ.get("BUILDX_CONFIG") or os.path.join(config_folder(environ, home), "buildx")
    for part in ("instances", "defaults"):
        try:
            if os.listdir(os.path.join(folder, part)):
                return None
        except FileNotFoundError:
            continue
        except OSError:
            return None
    current = _read_json(os.path.join(folder, "current")).value
    if current is None or current.get("Name"):
        return None
    return docker_engine(environ, home).value


def buildctl_engine(environ: Mapping[str, str], address: str = "") -> Engine:
    """Return the BuildKit of `buildctl build`; `address` is the value of `--addr`."""
    if address:
        return Engine(BUILDKIT, address, "--addr")
    address = environ.get("BUILDKIT_HOST", "")
    if address:
        return Engine(BUILDKIT, address, "BUILDKIT_HOST")
    return Engine(BUILDKIT, DEFAULT_BUILDKIT, "buildctl's default address")


def config_folder(environ: Mapping[str, str], home: str) -> str:
    """Return the folder of docker's configuration."""
    return environ.get("DOCKER_CONFIG") or os.path.join(home, ".docker")


def _chosen_context(environ: Mapping[str, str], home: str, context: str) -> tuple[str, str]:
    """Return the name of docker's context, and what chose it. Docker takes a broken file for an empty one."""
    if context:
        return context, "--context"
    if environ.get("DOCKER_HOST"):
        return _DEFAULT, "DOCKER_HOST"
    if name := environ.get("DOCKER_CONTEXT", ""):
        return name, "DOCKER_CONTEXT"
    read = _read_json(os.path.join(config_folder(environ, home), "config.json"))
    current = (read.value or {}).get("currentContext")
    if isinstance(current, str) and current:
        return current, f"the docker context `{current}`"
    return _DEFAULT, "docker's default address"


def _stored_context(name: str, because: str, folder: str) -> Result[Engine | None]:
    """Return the engine of a context in docker's store, which is by the SHA-256 of its name."""
    import hashlib  # noqa: PLC0415 - OpenSSL, for few people

    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    meta = os.path.join(folder, "contexts", "meta", digest, "meta.json")
    read = _read_json(meta)
    if read.value is None:
        return Result(None, read.diagnostics)
    if not read.value:
        hint = suggestion(name, _context_names(folder), "`docker context ls` lists them")
        return Result(None, (Diagnostic("EC509", ERROR, f"docker has no context `{name}`", hint=hint),))
    endpoints = read.value.get("Endpoints")
    endpoint = endpoints.get("docker") if isinstance(endpoints, dict) else None
    host = endpoint.get("Host") if isinstance(endpoint, dict) else None
    if not isinstance(host, str) or not isinstance(endpoint, dict):
        message = f"docker's context `{name}` has no address of an engine"
        return Result(None, (Diagnostic("EC509", ERROR, message, path=meta),))
    tls: dict[str, str] = {}
    certificates = os.path.join(folder, "contexts", "tls", digest, "docker")
    unverified = bool(endpoint.get("SkipTLSVerify")) and not host.startswith("unix:")
    if unverified or os.path.isdir(certificates):
        tls["DOCKER_CERT_PATH"] = certificates
        if not unverified:
            tls["DOCKER_TLS_VERIFY"] = "1"
    return Result(Engine(DOCKER, host or DEFAULT_HOST, because, tls=tls))


def _context_names(folder: str) -> list[str]:
    store = os.path.join(folder, "contexts", "meta")
    names = [_DEFAULT]
    try:
        digests = sorted(os.listdir(store))
    except OSError:
        return names
    for digest in digests:
        name = (_read_json(os.path.join(store, digest, "meta.json")).value or {}).get("Name")
        if isinstance(name, str):
            names.append(name)
    return names


def _read_json(path: str) -> Result[dict[str, Any] | None]:
    """Return an object of a file, {} when there is no such file, None when it is broken."""
    try:
        with open(path, "rb") as file:
            found = json.loads(file.read(_MAX_FILE))
    except FileNotFoundError:
        return Result({})
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
    except (ValueError, RecursionError):
        reason = "it is not JSON"
    else:
        if isinstance(found, dict):
            return Result(found)
        reason = "it is not an object"
    message = f"docker's `{path}` cannot be read: {reason}"
    return Result(None, (Diagnostic("EC509", ERROR, message, path=path, hint="correct the file"),))
