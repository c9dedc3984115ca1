"""What a check knows of targets beside what evaluation tells: where they are, and facts that nobody knows."""

from __future__ import annotations

import os

from envd_cache.diagnostics import WARNING, Diagnostic
from envd_cache.evaluate.facts import PLACEHOLDER
from envd_cache.source import BUILD_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from envd_cache.evaluate.model import Evaluation


def placeholder(name: str) -> str:
    """Return what stands in for a fact that nobody knows: lower case letters, digits and `-`.

    The name in it keeps two variables from looking like one place.
    """
    letters = [letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower()]
    return f"{PLACEHOLDER}-{''.join(letters)}".rstrip("-")


def of_known_values(
    evaluation: Evaluation, diagnostics: tuple[Diagnostic, ...], invented: Collection[str]
) -> tuple[Diagnostic, ...]:
    """Leave out what is wrong with a value that was made up here, or that speaks of one."""
    from envd_cache.evaluate.locate import argument_location  # noqa: PLC0415 - loads lark

    places = []
    for call in evaluation.calls:
        given: dict[int | str, object] = dict(enumerate(call.args))
        given.update(call.kwargs.items())
        for argument, value in given.items():
            if any(text in repr(value) for text in invented):
                places.append(argument_location(call.site, argument))
    return tuple(
        found
        for found in diagnostics
        if not any(text in found.message or text in found.hint for text in invented)
        and (found.location is None or not any(place and found.location.is_inside(place) for place in places))
    )


def without_target(path: str, *, helpers: bool) -> list[Diagnostic]:
    """Return what to say of a file without a target: nothing unless it is named as a build file."""
    if os.path.basename(path) != BUILD_FILE:
        return []
    hint = "a target is a function without arguments that calls `base()`"
    if helpers:
        hint = "none of its functions without arguments calls `base()`"
    return [Diagnostic("EC013", WARNING, f"`{path}` has no target", path=path, hint=hint)]
