"""EC342: several targets write one place with different settings."""

from __future__ import annotations

from envd_cache.lint.rule import REPOSITORY, Rule, SpotFinding
from envd_cache.lint.rules.shared_place import differ, groups, lasting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.summary import RepositoryContext


def check(context: RepositoryContext) -> Iterator[SpotFinding]:
    """Yield a finding for each writer whose settings are not those of the first."""
    for writers in groups(context):
        first, written = writers[0]
        seen = set()
        for target, entry in writers[1:] if differ(writers) else ():
            names = sorted({name for name, _ in lasting(written) ^ lasting(entry)})
            if not names or entry.spot in seen:
                continue
            seen.add(entry.spot)
            message = (
                f"`{target.label}` and `{first.label}` write one place, {entry.text}, with different "
                + ", ".join(f"`{name}`" for name in names)
            )
            label = written.spot
            labels = ((label, f"`{first.label}` writes it here"),) if label and label != entry.spot else ()
            yield SpotFinding(message, entry.spot, "give each its own place", labels)


RULE = Rule(
    code="EC342",
    name="one-place-two-settings",
    why="Each of the two targets replaces what the other wrote, by a cache of another kind: what "
    '`mode="max"` kept is gone after the next build with `min`. Settings of the transport, such as '
    "`ignore_error` or credentials, do not count: what a reader finds is the same.",
    instead="Give each its own place.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app:cache", mode="max")
# file: test/build.envd
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app:cache")
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app:cache", mode="max")
# file: test/build.envd
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.registry(ref="ghcr.io/acme/app:test-cache")
""",
    scope=REPOSITORY,
    check=check,
    severity="error",
    pitfalls=("shared-target", "dup-export-normal"),
)
