"""The table of commands: what the help, the quick reader, argparse and the completion scripts are made of."""

from __future__ import annotations

from envd_cache.cli.compile import COMPILE, SHARED, TARGET
from envd_cache.cli.options import Command, Operand, Option

EXPLAIN = Command(
    "explain",
    "tell in words what a target caches and why, or what a code such as EC102 means",
    Operand("target", "build file and function, or the code of a message"),
    (Option("--all", "every target of the file, or with `//...` of the repository", kind="flag"), *SHARED),
)

_STRICT = Option("--strict", "take warnings for errors, and a cache that failed too", kind="flag")
_RUNNING = (
    _STRICT,
    Option("--dry-run", "print the command in place of running it, secrets as $NAME", kind="flag"),
    Option("--no-preflight", "do not ask the engine first what it can do", kind="flag"),
    Option("--report", "write what the caches did to a file, as JSON", metavar="FILE"),
    *SHARED,
)
_ENVD = Option("--envd", "the envd to run; default: the first on PATH", metavar="PROGRAM")

CHECK = Command(
    "check",
    "check all build files of a repository, and what their targets do to each other",
    Operand("paths", "files and folders; default: the current folder", many=True),
    (
        Option("--fix", "mend what can be mended without changing what a file means", kind="flag"),
        Option("--unsafe-fixes", "mend more: what changes the caches, too", kind="flag"),
        Option("--diff", "show what --fix would change, and change nothing", kind="flag"),
        Option("--list", "list all targets with their caches", kind="flag"),
        Option("--changed", "tell only what a change since a revision of git touches", metavar="REV"),
        Option(
            "--fail-on",
            "exit with 1 from this on; default: warning",
            choices=("error", "warning", "note", "never"),
        ),
        Option("--format", "how to write what was found", choices=("text", "json", "sarif", "github")),
        Option("--output", "write to a file, whole or not at all", short="-o", metavar="FILE"),
        Option("--no-cache", "neither read nor keep results of earlier runs", kind="flag"),
        *(option for option in SHARED if option.name in ("--fact", "--time-limit", "--color")),
    ),
)

BUILD = Command(
    "build",
    "run `envd build` with the declared caches, and tell what they did",
    TARGET,
    (*_RUNNING, _ENVD),
    rest="every other flag goes to `envd build`",
)

UP = Command(
    "up",
    "build as `build` does, then run `envd up`",
    TARGET,
    (*_RUNNING, _ENVD),
    rest="every other flag goes to `envd up`",
)

EXEC = Command(
    "exec",
    "run docker buildx, docker compose or buildctl with the declared caches, and tell what they did",
    TARGET,
    (Option("--all", "every target of the file, or with `//...` of the repository", kind="flag"), *_RUNNING),
    rest="CLIENT and its arguments: `docker buildx build .`, `docker buildx bake`, `docker build .`, "
    "`docker compose build`, `buildctl build …`",
    after_dashes=True,
)

PLAIN = Command(
    "plain",
    "write a build file as envd itself can read it, without its caches",
    TARGET,
    (
        Option("--output", "folder for the file and all that it loads", short="-o", metavar="DIR"),
        *(option for option in SHARED if option.name != "--set"),
    ),
)

LSP = Command(
    "lsp",
    "run the language server for editors, on standard input and output",
    None,
    (
        Option("--check", "try the server out on a build file and tell what it answers", metavar="FILE"),
        *(option for option in SHARED if option.name in ("--fact", "--time-limit")),
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

COMMANDS: tuple[Command, ...] = (COMPILE, CHECK, EXPLAIN, BUILD, UP, EXEC, PLAIN, LSP, SCHEMA, COMPLETION)


def command(name: str) -> Command | None:
    """Return a command by name, or None."""
    for candidate in COMMANDS:
        if candidate.name == name:
            return candidate
    return None
