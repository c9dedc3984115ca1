"""The `envd-cache` program. One function a command; the process (arguments, environment, terminal,
exit code) is known here and nowhere below.
"""

from __future__ import annotations

import os
import sys

from envd_cache import __version__
from envd_cache.cli import compile  # noqa: A004 - a module, and the name of its command
from envd_cache.cli.compile import COMPILE
from envd_cache.cli.options import quick
from envd_cache.cli.process import CTRL_C, DONE, INTERRUPTED, WRONG_USE, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(words: Sequence[str]) -> int:
    """Run one command and return the exit code: 0 done, 1 findings, 2 wrong use or a fault of ours."""
    try:
        return _run(words)
    except FileNotFoundError as error:
        # Only os.getcwd raises it without a name; every file that is read has its own diagnostic.
        if error.filename is not None:
            raise
        sys.stderr.write("envd-cache: error: the current folder does not exist any more\n")
        return WRONG_USE
    except UsageError as error:
        from envd_cache.report.text import printable  # noqa: PLC0415 - only for mistakes

        sys.stderr.write(printable(f"envd-cache: error: {error}\n"))
        return WRONG_USE
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else WRONG_USE
    except KeyboardInterrupt as error:
        return INTERRUPTED + (error.args[0] if error.args else CTRL_C)
    except BrokenPipeError:
        # The reader went away (`| head`); the interpreter must not complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception:
        from envd_cache.cli.crash import report_crash  # noqa: PLC0415 - only for a fault of ours

        sys.stderr.write(report_crash(__version__))
        return WRONG_USE


def _run(words: Sequence[str]) -> int:
    if words and words[0] == COMPILE.name and (values := quick(COMPILE, words[1:])) is not None:
        return compile.run(values)
    from envd_cache.cli.dispatch import dispatch  # noqa: PLC0415 - not for a compile

    return dispatch(words)
