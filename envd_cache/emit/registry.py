"""The outputs, in the order in which people read about them, and what they may be asked for."""

from __future__ import annotations

from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from envd_cache.catalog.clients import Client


class Options(Record):
    """How an output is wanted.

    `keyed`: several targets in one document, each under its name. `null`, `binary`, `frontend`: other
    forms of one output. `driver` is the buildx driver, "" when nobody knows. `environ` is where a client
    will look for its own variables. `secrets` are the values to fill in, None to leave references.
    `client` is filled in with the emitter's.
    """

    keyed: bool = False
    null: bool = False
    binary: bool = False
    frontend: bool = False
    driver: str = ""
    environ: Mapping[str, str] = {}
    secrets: Mapping[str, str] | None = None
    client: Client | None = None


class Emitter(Record):
    """One output: what people call it, who reads it, the module that writes it.

    The module has `emit(plans, options) -> str | bytes`; it is loaded when the output is asked for.
    `client` names one of `catalog.clients`, "" when the output is for none of them. `forms` are the options
    that change the form; `reference_form` says how secrets are written.
    """

    name: str
    title: str
    module: str
    client: str
    reference_form: str
    forms: tuple[str, ...] = ()


EMITTERS: tuple[Emitter, ...] = (
    Emitter(
        "llb",
        "BuildKit's `CacheOptions`, as JSON or protobuf",
        module="envd_cache.emit.llb",
        client="",
        reference_form='named beside the attributes, `"Secrets": {…}`',
        forms=("binary", "frontend"),
    ),
    Emitter(
        "buildctl",
        "flags for `buildctl build`",
        module="envd_cache.emit.flags",
        client="buildctl",
        reference_form="`$NAME`",
        forms=("null",),
    ),
    Emitter(
        "buildx",
        "flags for `docker buildx build`",
        module="envd_cache.emit.flags",
        client="buildx",
        reference_form="`$NAME`",
        forms=("null",),
    ),
    Emitter(
        "envd",
        "flags for `envd build` and `envd up`",
        module="envd_cache.emit.flags",
        client="envd",
        reference_form="`$NAME`",
        forms=("null",),
    ),
    Emitter(
        "bake",
        "a file for `docker buildx bake`",
        module="envd_cache.emit.bake",
        client="buildx",
        reference_form="`${NAME}`, a variable of the file",
    ),
    Emitter(
        "compose",
        "a fragment for `docker compose build`",
        module="envd_cache.emit.compose",
        client="compose",
        reference_form="`${NAME}`",
    ),
    Emitter(
        "github-actions",
        "inputs for `docker/build-push-action`",
        module="envd_cache.emit.github_actions",
        client="build-push-action",
        reference_form="`${{ secrets.NAME }}`",
    ),
)

DEFAULT = EMITTERS[0]

# The buildx drivers (`docker buildx create --driver`); `catalog.clients` knows what each of them lacks.
DRIVERS = ("docker", "docker-container", "kubernetes", "remote")


def emitter(name: str) -> Emitter | None:
    """Return an output by name, or None."""
    for candidate in EMITTERS:
        if candidate.name == name:
            return candidate
    return None
