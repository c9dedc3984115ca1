"""Looks at the place of one export or import of a plan, where that is a registry or a directory."""

from __future__ import annotations

from envd_cache.catalog.progress import DIRECTORY_TYPE, REFERENCE_TYPE
from envd_cache.remote import local, registry
from envd_cache.remote.held import Absent, Held
from envd_cache.remote.registry import FOR_LOGIN

__all__ = ("FOR_LOGIN", "is_there", "look")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.emit.wire import WireEntry
    from envd_cache.remote.registry import Credentials


def look(
    entry: WireEntry, credentials: Credentials | None = None, timeout: float = registry.TIMEOUT
) -> Held | str | None:
    """Return what lies there; a str says why nobody knows, None that such a place cannot be asked.

    A directory is taken as the client takes it, relative to where the process runs.
    """
    attrs = {name: value for name, value in entry.attrs if isinstance(value, str)}
    if entry.type == REFERENCE_TYPE and "ref" in attrs:
        insecure = attrs.get("registry.insecure") == "true"
        return registry.look(attrs["ref"], credentials, insecure=insecure, timeout=timeout)
    directory = attrs.get("dest") or attrs.get("src")
    if entry.type == DIRECTORY_TYPE and directory:
        return local.look(directory, attrs.get("tag", "latest"), attrs.get("digest", ""))
    return None


def is_there(
    entry: WireEntry, credentials: Credentials | None = None, timeout: float = registry.TIMEOUT
) -> bool | None:
    """Say whether a cache can be read now, None when nobody knows."""
    found = look(entry, credentials, timeout)
    if isinstance(found, Held):
        return True
    return False if isinstance(found, Absent) else None
