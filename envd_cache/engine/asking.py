"""Asks an engine what it can do, while the build file is run: `engine.probe` says how, this says when.

A builder of buildx that can be nothing but docker's engine is not asked through buildx.
"""

from __future__ import annotations

from envd_cache.engine import contexts
from envd_cache.engine.ahead import ahead
from envd_cache.engine.probe import abilities, buildx_abilities, inspect_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from envd_cache.diagnostics import Result
    from envd_cache.engine.contexts import Engine
    from envd_cache.engine.probe import Abilities, Run

    # Waits for what an engine says that it can do.
    Asked: TypeAlias = Callable[[], Result[Abilities | None]]

_BUILDX = ("docker", "buildx")


def ask_engine(
    engine: Engine,
    environ: Mapping[str, str],
    home: str,
    run: Run,
    begin: Callable[[Sequence[str]], None],
    *,
    base: Sequence[str] = (),
) -> Asked:
    """Begin to ask an engine what it can do; return what waits for its answer.

    `run` runs a program, and `begin` starts one that `run` will be called for. `base` are the words that
    start the client's buildx, () when there is none.
    """
    words = tuple(base or _BUILDX)
    if engine.kind != contexts.BUILDER:
        return ahead(lambda: abilities(engine, environ, home, run))
    # With options of docker's own it can be another engine, or another configuration.
    plain = words[1:] in ((), _BUILDX[1:])
    own = contexts.own_builder(environ, home, engine.address) if plain else None

    def through_buildx() -> Result[Abilities | None]:
        return buildx_abilities(
            engine.address, run, environ=environ, home=home, words=words, host=_host(words)
        )

    if own is None:
        begin(inspect_words(engine.address, words))
        return through_buildx
    answer = ahead(lambda: abilities(own, environ, home, run))

    def of_own() -> Result[Abilities | None]:
        found = answer()
        missing, _, _ = run((*words, "version"))
        # Of an engine that does not answer buildx says more, and that there is no buildx is an error too.
        return through_buildx() if found.value is None or missing else found

    return of_own


def _host(words: Sequence[str]) -> str:
    """Return the engine that docker's own option names, "" when there is none."""
    for word, following in zip(words, (*words[1:], ""), strict=True):
        if word in ("-H", "--host"):
            return following
        if word.startswith("--host="):
            return word.partition("=")[2]
    return ""
