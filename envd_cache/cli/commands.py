"""The table of commands: what the help, the quick reader, argparse and the completion scripts are made of."""

from __future__ import annotations

from envd_cache.catalog import GIVEN_FACTS
from envd_cache.cli.options import Command, Operand, Option
from envd_cache.emit.registry import DEFAULT, DRIVERS, EMITTERS

_TARGET = Operand("target", "build file and function, as in envd; default: build.envd:build")
_SHARED = (
    Option("--from", "the same as TARGET, for those used to envd", short="-f", metavar="FILE[:FUNCTION]"),
    Option("--path", "folder of the build file; default: the current one", short="-p", metavar="DIR"),
    Option(
        "--fact",
        f"a fact the build file may ask for: {', '.join(GIVEN_FACTS)}, env.NAME",
        kind="list",
        metavar="NAME=VALUE",
    ),
    Option(
        "--set",
        "change a declaration: `=` sets a parameter, `+=` adds to it, an empty value takes it away",
        kind="list",
        metavar="TARGET.BACKEND.PARAMETER=VALUE",
    ),
    Option("--time-limit", "stop the evaluation after this time; default: 10", metavar="SECONDS"),
    Option("--format", "how to write what was found", choices=("text", "json")),
    Option("--color", "colour in messages; default: on a terminal", choices=("auto", "always", "never")),
)

COMPILE = Command(
    "compile",
    "evaluate a build file and write its caches for an engine",
    _TARGET,
    (
        Option(
            "--to",
            f"the output; default: {DEFAULT.name}",
            short="-t",
            choices=tuple(emitter.name for emitter in EMITTERS),
        ),
        Option("--all", "every target of the file", kind="flag"),
        Option("--output", "write to a file, whole or not at all", short="-o", metavar="FILE"),
        Option("--strict", "take warnings for errors", kind="flag"),
        Option("--null", "NUL-separated arguments in place of a shell line", kind="flag"),
        Option("--binary", "protobuf in place of JSON", kind="flag"),
        Option("--frontend", "the imports as the value of a frontend's `cache-imports`", kind="flag"),
        Option("--driver", "the buildx driver that will read the output", choices=DRIVERS),
        Option("--resolve-secrets", "write the values of secrets; never to a terminal", kind="flag"),
        *_SHARED,
    ),
)

EXPLAIN = Command(
    "explain",
    "tell in words what a target caches and why, or what a code such as EC102 means",
    Operand("target", "build file and function, or the code of a message"),
    (Option("--all", "every target of the file", kind="flag"), *_SHARED),
)

_STRICT = Option("--strict", "take warnings for errors, and a cache that failed too", kind="flag")
_RUNNING = (
    _STRICT,
    Option("--dry-run", "print the command in place of running it, secrets as $NAME", kind="flag"),
    Option("--no-preflight", "do not ask the engine first what it can do", kind="flag"),
    Option("--report", "write what the caches did to a file, as JSON", metavar="FILE"),
    *_SHARED,
)
_ENVD = Option("--envd", "the envd to run; default: the first on PATH", metavar="PROGRAM")

BUILD = Command(
    "build",
    "run `envd build` with the declared caches, and tell what they did",
    _TARGET,
    (*_RUNNING, _ENVD),
    rest="every other flag goes to `envd build`",
)

UP = Command(
    "up",
    "build as `build` does, then run `envd up`",
    _TARGET,
    (*_RUNNING, _ENVD),
    rest="every other flag goes to `envd up`",
)

EXEC = Command(
    "exec",
    "run docker buildx, docker compose or buildctl with the declared caches, and tell what they did",
    _TARGET,
    (Option("--all", "every target of the file, for a bake or compose file", kind="flag"), *_RUNNING),
    rest="CLIENT and its arguments: `docker buildx build .`, `docker buildx bake`, `docker build .`, "
    "`docker compose build`, `buildctl build …`",
    after_dashes=True,
)

PLAIN = Command(
    "plain",
    "write a build file as envd itself can read it, without its caches",
    _TARGET,
    (
        Option("--output", "folder for the file and all that it loads", short="-o", metavar="DIR"),
        *_SHARED,
    ),
)

SCHEMA = Command(
    "schema",
    "write the JSON Schema of all cache declarations",
    None,
    (
        Option("--config", "the schema of the repository's configuration", kind="flag"),
        Option("--output", "write to a file, whole or not at all", short="-o", metavar="FILE"),
        Option("--format", "a schema is JSON in any case", choices=("json",)),
    ),
)

COMPLETION = Command(
    "completion",
    "write a completion script for a shell",
    Operand("shell", "the shell", choices=("bash", "zsh", "fish"), required=True),
    (),
)

COMMANDS: tuple[Command, ...] = (COMPILE, EXPLAIN, BUILD, UP, EXEC, PLAIN, SCHEMA, COMPLETION)


def command(name: str) -> Command | None:
    """Return a command by name, or None."""
    for candidate in COMMANDS:
        if candidate.name == name:
            return candidate
    return None
