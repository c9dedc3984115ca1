"""What a build file may learn of the world. It comes in as one value, so that a compile is a pure
function of files and facts; only the command line fills it from the process.
"""

from __future__ import annotations

from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from envd_cache.catalog.ci import Variable

_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}

# What stands in for a fact that nobody knows, so that the rest of the file can still be checked.
PLACEHOLDER = "unknown"


class Facts(Record):
    """The world as one compile sees it.

    `environ` are environment variables, `given` facts from the command line (`branch`, `env.NAME`, …),
    which win. `machine` is the processor as `uname -m` says it. `clones` is the folder in which envd
    keeps what `include` cloned ("" to use none). An empty `Facts()` knows nothing and reads only git.
    """

    environ: Mapping[str, str] = {}
    given: Mapping[str, str] = {}
    machine: str = "x86_64"
    clones: str = ""
    use_git: bool = True


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

    `folder` is where git is asked; CI systems are asked first, because they check out detached heads.
    """
    given = facts.given.get(name)
    if given is not None:
        return Answer(given, "--fact")
    if name == "platform":
        return Answer(f"linux/{_MACHINES.get(facts.machine, facts.machine)}", "this machine")
    from envd_cache.catalog.ci import NO_PULL_REQUEST, SYSTEMS  # noqa: PLC0415 - only when a file asks

    for system in SYSTEMS:
        if not facts.environ.get(system.detect):
            continue
        for candidate in getattr(system, name):
            value = _value(facts.environ, candidate)
            if value and not (name == "pull_request" and value in NO_PULL_REQUEST):
                return Answer(value, f"{system.name} ({candidate.name})")
        break
    if name == "pull_request":
        return Answer("", "no pull request is built")
    if not facts.use_git:
        return None
    from envd_cache.evaluate.git import read_head  # noqa: PLC0415 - only when a file asks

    head = read_head(folder)
    value = getattr(head, name) if head else ""
    return Answer(value, "git") if value else None


def _value(environ: Mapping[str, str], source: Variable) -> str:
    value = environ.get(source.name, "")
    fits = value.startswith(source.prefix) and value.endswith(source.suffix)
    if source.required and not fits:
        return ""
    return value.removeprefix(source.prefix).removesuffix(source.suffix)
