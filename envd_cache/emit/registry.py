"""The outputs, in the order in which people read about them."""

from __future__ import annotations

from envd_cache.catalog.clients import BUILDCTL, BUILDX, ENVD, GITHUB_ACTION
from envd_cache.emit.emitter import Emitter

EMITTERS: tuple[Emitter, ...] = (
    Emitter(
        "llb",
        "BuildKit's `CacheOptions`, as JSON or protobuf",
        module="envd_cache.emit.llb",
        media_type="application/json",
        client=None,
        secret_form='named beside the attributes, `"Secrets": {…}`',
        forms=("binary", "frontend"),
    ),
    Emitter(
        "buildctl",
        "flags for `buildctl build`",
        module="envd_cache.emit.flags",
        media_type="text/x-shellscript",
        client=BUILDCTL,
        secret_form="`$NAME`",
        forms=("null",),
    ),
    Emitter(
        "buildx",
        "flags for `docker buildx build`",
        module="envd_cache.emit.flags",
        media_type="text/x-shellscript",
        client=BUILDX,
        secret_form="`$NAME`",
        forms=("null",),
    ),
    Emitter(
        "envd",
        "flags for `envd build` and `envd up`",
        module="envd_cache.emit.flags",
        media_type="text/x-shellscript",
        client=ENVD,
        secret_form="`$NAME`",
        forms=("null",),
    ),
    Emitter(
        "bake",
        "a file for `docker buildx bake`",
        module="envd_cache.emit.bake",
        media_type="application/json",
        client=BUILDX,
        secret_form="`${NAME}`, a variable of the file",
    ),
    Emitter(
        "compose",
        "a fragment for `docker compose build`",
        module="envd_cache.emit.compose",
        media_type="application/yaml",
        client=BUILDX,
        secret_form="`${NAME}`",
    ),
    Emitter(
        "github-actions",
        "inputs for `docker/build-push-action`",
        module="envd_cache.emit.github_actions",
        media_type="application/yaml",
        client=GITHUB_ACTION,
        secret_form="`${{ secrets.NAME }}`",
    ),
)

DEFAULT = EMITTERS[0]


def emitter(name: str) -> Emitter | None:
    """Return an output by name, or None."""
    for candidate in EMITTERS:
        if candidate.name == name:
            return candidate
    return None
