"""Finds out what a build file asks of the world: from `Facts`, the files of git and those of a CI system."""

from __future__ import annotations

import os

from envd_cache.evaluate.model import Facts
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from envd_cache.catalog.ci import Event, System, Variable

_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}

__all__ = ("PLACEHOLDER", "Answer", "Facts", "is_utf8", "known", "variable")

# What stands in for a fact that nobody knows, so that the rest of the file can still be checked. It fits into
# a reference, a tag, a bucket and a path, and nobody writes it by chance.
PLACEHOLDER = "unknown-fact"

_EVENT_LIMIT = 10 * 1024 * 1024
_DIGITS = "0123456789"


class Answer(Record):
    """The value of a fact and who said so."""

    value: str
    origin: str


def variable(facts: Facts, name: str) -> Answer | None:
    """Return an environment variable, or None when it is not set."""
    given = facts.given.get(f"env.{name}")
    if given is not None:
        return Answer(given, "--fact")
    value = facts.environ.get(name)
    return None if value is None else Answer(value, "the environment")


def known(facts: Facts, name: str, folder: str) -> Answer | None:
    """Return the branch, commit, pull request or platform, or None when nobody knows.

    A value of "" for a branch: a CI system names one, and it is no plain text. It is not unknown, because
    the default would then stand in for what a fork can choose.
    `folder` is where git is asked; CI systems are asked first, because they check out detached heads.
    """
    given = facts.given.get(name)
    if given is not None:
        return Answer(given, "--fact")
    if name == "platform":
        platform = f"linux/{_MACHINES.get(facts.machine, facts.machine)}"
        return Answer(platform, "this machine") if _is_text(platform) else None
    from envd_cache.catalog.ci import SYSTEMS  # noqa: PLC0415 - only when a file asks

    system = next((system for system in SYSTEMS if facts.environ.get(system.detect)), None)
    if name == "pull_request":
        return _pull_request(facts.environ, system)
    if system and (answer := _said(facts.environ, system, name)):
        return answer
    if not facts.use_git:
        return None
    from envd_cache.evaluate.git import read_head  # noqa: PLC0415 - only when a file asks

    head = read_head(folder)
    value = getattr(head, name) if head else ""
    return Answer(value, "git") if _is_text(value) else None


def _said(environ: Mapping[str, str], system: System, name: str) -> Answer | None:
    """Return the first answer of a CI system's variables; it is "" when that is no text.

    Then no other is asked: the next one may name the branch that a fork wants to get into.
    """
    from envd_cache.catalog.ci import NO_PULL_REQUEST  # noqa: PLC0415 - only when a file asks
    from envd_cache.evaluate.git import is_commit  # noqa: PLC0415 - only when a file asks

    for source in getattr(system, name):
        value = _value(environ, source)
        if source.number and not _is_number(value):
            continue
        if name == "pull_request" and value in NO_PULL_REQUEST:
            continue
        if is_commit(value) if name == "commit" else value:
            return Answer(value if _is_text(value) else "", f"{system.name} ({source.name})")
    return None


def _pull_request(environ: Mapping[str, str], system: System | None) -> Answer | None:
    """Return the number, "" when no pull request is built, or None when one is and nobody knows which."""
    from envd_cache.catalog.ci import NO_PULL_REQUEST  # noqa: PLC0415 - only when a file asks

    if system:
        if answer := _said(environ, system, "pull_request"):
            return answer if answer.value else None
        event = system.event
        if event and environ.get(event.kind, "").startswith(event.starts):
            number = _number_in(environ.get(event.path, ""), event)
            return Answer(number, f"{system.name} ({event.path})") if number else None
        if any(environ.get(variable_name) for variable_name in system.in_pull_request):
            return None
        # A variable tells of a pull request, and what it says is no number.
        if any(_value(environ, source) not in NO_PULL_REQUEST for source in system.pull_request):
            return None
    return Answer("", "no pull request is built")


def _number_in(path: str, event: Event) -> str:
    """Return the number that an event's file has, "" when the file does not tell."""
    import json  # noqa: PLC0415 - costly, and only for pull requests that no variable numbers

    try:
        # Not a pipe, which would wait for ever.
        if not os.path.isfile(path):
            return ""
        with open(path, "rb") as file:
            content = file.read(_EVENT_LIMIT + 1)
        if len(content) > _EVENT_LIMIT:
            return ""
        whole: object = json.loads(content)
    except (OSError, ValueError, RecursionError):
        return ""
    for keys in event.numbers:
        found = whole
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if type(found) is int and found > 0:
            return str(found)
    return ""


def _value(environ: Mapping[str, str], source: Variable) -> str:
    """Return what counts of a variable, "" for nothing."""
    value = environ.get(source.name, "")
    fits = value.startswith(source.prefix) and value.endswith(source.suffix)
    if source.required and not fits:
        return ""
    value = value.removeprefix(source.prefix).removesuffix(source.suffix)
    if any(_matches(value, word) for word in source.not_these):
        return ""
    return value.rpartition("/")[2] or value if source.last_part else value


def _matches(value: str, word: str) -> bool:
    if word.endswith("#"):
        return value.startswith(word[:-1]) and _is_number(value[len(word) - 1 :])
    if word.endswith("*"):
        return value.startswith(word[:-1])
    return value == word


def _is_number(text: str) -> bool:
    return bool(text) and not text.strip(_DIGITS)


def is_utf8(value: str) -> bool:
    """Say whether a variable was UTF-8: Python keeps other bytes of it as lone surrogates."""
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


def _is_text(text: str) -> bool:
    return bool(text) and text.isprintable() and text == text.strip()
