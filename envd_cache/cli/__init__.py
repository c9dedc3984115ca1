"""The command line: reads arguments, calls one function of the pipeline, prints."""

from __future__ import annotations


def run() -> None:
    """Run the program and end the process; the entry point of the console script."""
    import gc  # noqa: PLC0415 - all imports wait for this call

    # A compile makes no cycles worth collecting, and the collector would run while modules are loaded.
    gc.disable()
    import os  # noqa: PLC0415 - after the collector is off
    import sys  # noqa: PLC0415 - after the collector is off

    if None in (sys.stdin, sys.stdout, sys.stderr):
        from envd_cache.cli.child import open_streams  # noqa: PLC0415 - rare: `>&-`

        open_streams()
    from envd_cache.cli.main import main  # noqa: PLC0415 - after the collector is off

    code = main(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = code or 2
    # Nothing is left to clean up, and an orderly end of Python costs 2 ms.
    os._exit(code)
