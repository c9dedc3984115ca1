"""What a worker process may use. A file that goes over it costs its worker, and itself a diagnostic.

The interpreter cannot be stopped inside one operation: `[0] * 10**9` asks for all memory and aborts the
process, the product of two huge numbers runs for hours (starlark-pyo3 2026.1). Only a process of its own,
with limits that the system holds, stops those.
"""

from __future__ import annotations

import os

# Address space: of the 1.25 GiB a quarter is the stack, of which the system hands out only what is used.
# The largest build file that is read (2 MiB, ten thousand declarations) needs a fifth of the rest.
ADDRESS_SPACE = 1280 * 1024 * 1024

# A watched process has a second more than the interpreter, which says where it was when it stops.
GRACE = 1.0

# So many times the limit of one target for all targets of a file.
MOST_TARGETS = 6


def confine() -> None:
    """Put the limits on this process, as far as the system knows them, and take its terminal away."""
    import resource  # noqa: PLC0415 - POSIX only, as are workers

    for kind, value in ((resource.RLIMIT_AS, ADDRESS_SPACE), (resource.RLIMIT_CORE, 0)):
        _lower(kind, value)
    null = os.open(os.devnull, os.O_RDWR)
    # The interpreter writes of its panics and of failed allocations; a report says it better.
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)


def allow_seconds(seconds: float) -> None:
    """Let this process run that many more seconds of processor time: nothing must run for ever."""
    import resource  # noqa: PLC0415 - POSIX only, as are workers

    used = resource.getrusage(resource.RUSAGE_SELF)
    _lower(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime + seconds) + 1)


def _lower(kind: int, value: int) -> None:
    """Set a soft limit, never above the hard one."""
    import resource  # noqa: PLC0415 - POSIX only, as are workers

    _, hard = resource.getrlimit(kind)
    try:
        resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
    except (OSError, ValueError):
        return  # macOS refuses some; the watch over the time stays
