"""Outputs: a plan in the words of each client. One file an output, and a table of them all.

`compile_plans` is the one way through: what an output cannot say is found first, then it is written.
"""

from __future__ import annotations

from importlib import import_module

from envd_cache.diagnostics import Diagnostic, Result, has_errors
from envd_cache.emit.losses import reduced, unset_secret
from envd_cache.emit.wire import resolved, secrets_of, wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envd_cache.emit.emitter import Emitter, Options
    from envd_cache.ir.model import CachePlan


def compile_plans(
    plans: Sequence[CachePlan], emitter: Emitter, options: Options
) -> Result[str | bytes | None]:
    """Return plans as one output, and a diagnostic for everything that the output cannot say.

    The value is None when a secret was to be filled in and is not there.
    """
    diagnostics: list[Diagnostic] = []
    wired = []
    for plan in plans:
        found = reduced(wire(plan), emitter, options)
        diagnostics += found.diagnostics
        said = found.value
        if options.secrets is not None:
            for entry in (*said.exports, *said.imports):
                for name, secret in secrets_of(entry):
                    if secret.name not in options.secrets:
                        diagnostics.append(unset_secret(entry, name, secret.name))
            if not has_errors(diagnostics):
                said = resolved(said, dict(options.secrets))
        wired.append(said)
    if has_errors(diagnostics):
        return Result(None, tuple(diagnostics))
    written = import_module(emitter.module).emit(tuple(wired), options.replace(client=emitter.client))
    return Result(written, tuple(diagnostics))
