"""Outputs: a plan in the words of each client. One file an output, and a table of them all.

`compile_plans` is the one way through: what an output cannot say is found first, then it is written.
"""

from __future__ import annotations

from envd_cache.diagnostics import Diagnostic, Result, has_errors
from envd_cache.emit.wire import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envd_cache.catalog.clients import Client
    from envd_cache.emit.registry import Emitter, Options
    from envd_cache.ir.model import CachePlan


def compile_plans(
    plans: Sequence[CachePlan], emitter: Emitter, options: Options
) -> Result[str | bytes | None]:
    """Return plans as one output, and a diagnostic for everything that the output cannot say.

    The value is None when a secret was to be filled in and is not there.
    """
    options = options.replace(client=_client(emitter.client))
    diagnostics: list[Diagnostic] = []
    wired = []
    for plan in plans:
        said = Result(wire(plan))
        if _may_lose(options):
            from envd_cache.emit.losses import said_of  # noqa: PLC0415 - not for the default output

            said = said_of(said.value, options)
        diagnostics += said.diagnostics
        wired.append(said.value)
    if has_errors(diagnostics):
        return Result(None, tuple(diagnostics))
    # `importlib` itself would cost as much as two modules.
    module = __import__(emitter.module, fromlist=("emit",))
    return Result(module.emit(tuple(wired), options), tuple(diagnostics))


def _may_lose(options: Options) -> bool:
    forms = options.null or options.binary or options.frontend
    return forms or options.client is not None or options.secrets is not None


def _client(name: str) -> Client | None:
    if not name:
        return None
    from envd_cache.catalog.clients import CLIENTS  # noqa: PLC0415 - not for the default output

    return next(client for client in CLIENTS if client.name == name)
