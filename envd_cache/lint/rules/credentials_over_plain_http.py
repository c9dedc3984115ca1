"""EC330: a credential goes over a connection that is not encrypted."""

from __future__ import annotations

from envd_cache.catalog import azblob, gha, s3
from envd_cache.lint.context import at
from envd_cache.lint.hosts import is_this_machine, url_host
from envd_cache.lint.rule import PLAN, Finding, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envd_cache.lint.context import PlanContext


def check(context: PlanContext) -> Iterator[Finding]:
    """Yield each `http://` address with a dot in its host, in a declaration with a credential."""
    for decl in context.plan.declarations:
        params = decl.backend.params
        if not any(param.is_credential and param.name in decl.values for param in params):
            continue
        for param in params:
            url = decl.values.get(param.name)
            if param.format != "url" or not isinstance(url, str) or not url.startswith("http://"):
                continue
            host = url_host(url)
            # A name without a dot lies in the same network, as that of a container beside it.
            if "." in host and not is_this_machine(host):
                message = f"the credential for `{host}` goes over plain HTTP"
                yield Finding(message, at(decl, param.name), "write `https://`")


RULE = Rule(
    code="EC330",
    name="credentials-over-plain-http",
    why="Whoever sees the traffic sees the token, or what is signed with the key, and the cache, "
    "which is code that later builds use.",
    instead="Use an address with `https://`.",
    bad="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.azblob(
        account_url="http://acme.blob.core.windows.net",
        name="app",
        secret_access_key=cache.secret("CACHE_KEY"),
        use="export",
    )
""",
    good="""\
def build():
    base(image="ubuntu:22.04", dev=True)
    cache.azblob(
        account_url="https://acme.blob.core.windows.net",
        name="app",
        secret_access_key=cache.secret("CACHE_KEY"),
        use="export",
    )
    cache.azblob(account_url="https://acme.blob.core.windows.net", name="app", use="import")
""",
    scope=PLAN,
    check=check,
    severity="note",
    backends=(azblob.BACKEND.name, gha.BACKEND.name, s3.BACKEND.name),
    also=("EC344",),
)
