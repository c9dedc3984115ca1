"""How the time of a compile grows with the number of declarations in one build file.

Measured in this process: `pipeline.compile_targets` of one file, that is reading it from disk, running
it, checking it, planning and writing the `llb` text. Starting Python and making the interpreter's prelude
are not in it. Each number is the best of some runs. "constant" is the same for a file without caches;
"less constant" is a declaration's share of the rest. Nothing is asserted about time.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from envd_cache import pipeline
from envd_cache.evaluate.facts import Facts
from envd_cache.source import Target

SIZES = (10, 100, 1_000, 10_000)
HEAD = 'def build():\n    base(image="ubuntu:22.04", dev=True)\n'
ENOUGH_SECONDS = 1.0


def direct(count: int) -> str:
    """Return a build file that calls `cache.registry` in one function, each time with another ref."""
    return HEAD + "".join(
        f'    cache.registry(ref="ghcr.io/acme/app{n}:cache", mode="max")\n' for n in range(count)
    )


def helper(count: int) -> str:
    """Return a build file that calls its own function, which declares the cache."""
    declare = 'def declare(app):\n    cache.registry(ref="ghcr.io/acme/%s:cache" % app, mode="max")\n\n\n'
    return declare + HEAD + "".join(f'    declare("app{n}")\n' for n in range(count))


FORMS = {"direct": direct, "through a helper": helper}


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="how many declarations")
    sizes: list[int] = parser.parse_args().sizes
    gc.disable()  # as the command line does
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "build.envd"
        (Path(folder) / ".git").mkdir()
        for name, form in FORMS.items():
            constant = _seconds(path, form(0), 0)
            print(f"{name}: constant {constant * 1000:.2f} ms")
            print(f"{'declarations':>14}{'ms':>12}{'us each':>12}{'less constant':>16}")
            whole: list[float] = []
            rest: list[float] = []
            for size in sizes:
                seconds = _seconds(path, form(size), size)
                whole.append(seconds / size * 1e6)
                rest.append((seconds - constant) / size * 1e6)
                print(f"{size:>14,}{seconds * 1000:>12.1f}{whole[-1]:>12.1f}{rest[-1]:>16.1f}")
            print(f"{'max / min':>14}{max(whole) / min(whole):>24.2f}{max(rest) / min(rest):>16.2f}\n")
    return 0


def _seconds(path: Path, text: str, declared: int) -> float:
    """Return the seconds of the fastest run, out of at least three and about a second's worth."""
    path.write_text(text)
    during = pipeline.session(Facts(use_git=False), time_limit=600)
    times: list[float] = []
    while len(times) < 3 or sum(times) < ENOUGH_SECONDS:
        start = perf_counter()
        made = pipeline.compile_targets([Target(str(path))], during)
        times.append(perf_counter() - start)
        if made.diagnostics:
            raise SystemExit("\n".join(str(found) for found in made.diagnostics[:3]))
        exports = made.value.plans[0].exports
        if len(exports) != declared or not made.value.output:
            raise SystemExit(f"{declared} declarations made {len(exports)} exports")
    return min(times)


if __name__ == "__main__":
    sys.exit(main())
