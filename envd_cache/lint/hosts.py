"""Registries with rules of their own."""

from __future__ import annotations

from envd_cache.catalog.formats import split_reference


def host_of(reference: object) -> str:
    """Return the registry of an image reference, `docker.io` when it names none."""
    return split_reference(str(reference)).normalised.partition("/")[0]


def refuses_indexes(host: str) -> bool:
    """Say whether a registry takes a cache only as an image manifest.

    Amazon's ECR refuses an index whose entries are no manifests (BuildKit v0.32.2, pitfall `ecr-old`).
    """
    amazon = host.endswith((".amazonaws.com", ".amazonaws.com.cn")) and ".dkr.ecr" in host
    return amazon or host == "public.ecr.aws"


def is_this_machine(host: str) -> bool:
    """Say whether a host, perhaps with a port, is the machine itself."""
    name = host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
    return name in ("localhost", "[::1]") or name.startswith("127.") or name.endswith(".localhost")


def url_host(url: str) -> str:
    """Return the host of a URL, without the port."""
    host = url.partition("://")[2].partition("/")[0]
    return host if host.endswith("]") or ":" not in host else host.rpartition(":")[0]
