"""Finds programs that Debian packages and the tests run, wherever a machine may have them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

VARIABLE = "ENVD_CACHE_DOCKER_BUILDX"
HOW = f"docker-buildx not found: run tests/tools/fetch-docker-buildx, or say where it is in {VARIABLE}"

_PLUGIN_FOLDERS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)


def docker_buildx() -> Path | None:
    """Return the path of the program docker-buildx, or None.

    In this order: the variable ENVD_CACHE_DOCKER_BUILDX, PATH, the folders of docker's plugins, what
    `tests/tools/fetch-docker-buildx` fetched. A variable that names no program is an error: it was meant.
    """
    named = os.environ.get(VARIABLE)
    if named:
        path = Path(named)
        if not _runs(path):
            raise FileNotFoundError(f"{VARIABLE} is {named}, which is no program")
        return path
    found = shutil.which("docker-buildx")
    if found:
        return Path(found)
    return next((path for path in _places() if _runs(path)), None)


def _places() -> list[Path]:
    home = Path.home()
    config = Path(os.environ.get("DOCKER_CONFIG") or home / ".docker")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "envd-cache-tests"
    folders = [config / "cli-plugins", *map(Path, _PLUGIN_FOLDERS), cache / "docker-buildx-trixie"]
    return [folder / "docker-buildx" for folder in folders]


def _runs(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
