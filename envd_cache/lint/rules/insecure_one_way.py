"""EC316: a registry is read over another protocol than it is written."""

from __future__ import annotations

from envd_cache.catalog import registry
from envd_cache.lint.context import at, labelled
from envd_cache.lint.hosts import host_of, is_this_machine
from envd_cache.lint.mending import adding
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.ir.model import CacheDecl, CacheEntry
    from envd_cache.lint.context import PlanContext


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each entry without `insecure` at a registry at which another entry has it."""
    insecure: dict[str, CacheDecl] = {}
    without: dict[str, CacheEntry] = {}
    for entry in (*context.plan.exports, *context.plan.imports):
        if entry.attr("ref") is None:
            continue
        host = host_of(entry.attr("ref"))
        if _is_insecure(entry):
            insecure.setdefault(host, entry.decl)
        elif not is_this_machine(host):
            without.setdefault(host, entry)
    for host, entry in without.items():
        if host in insecure:
            message = f"`{host}` needs `insecure=True` here too: this {entry.direction} would use HTTPS"
            hint, fix = "write `insecure=True` at each, or at none", adding(entry.decl, "insecure=True")
            if entry.decl.backend.param("insecure") is None:
                # The image of an inline cache is read as a registry import, but takes no such argument.
                hint, fix = 'read the image with `cache.registry(…, use="import", insecure=True)`', None
            labels = labelled(at(insecure[host], "insecure"), "insecure here")
            yield Finding(message, at(entry.decl, "ref"), hint, labels, fix)


def _is_insecure(entry: CacheEntry) -> bool:
    return any(name.endswith("insecure") and value is True for name, value in entry.attrs)


RULE = Rule(
    code="EC316",
    name="insecure-one-way",
    why="`insecure` belongs to one entry, not to the registry. An import without it asks for HTTPS, "
    "fails, and the build goes on without its cache.",
    instead="Write `insecure=True` at every entry of the registry, or serve it with TLS.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="registry.example.org/app:cache", insecure=True, use="export")
    cache.registry(ref="registry.example.org/app:cache", use="import")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="registry.example.org/app:cache", insecure=True)
""",
    scope=PLAN,
    check=check,
    pitfalls=("registry-insecure-asym", "dup-ref-import"),
    backends=(registry.BACKEND.name,),
)
