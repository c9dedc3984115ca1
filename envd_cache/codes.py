"""Every code that a problem can have: its name, what it means, and what to do. Codes are never reused.

EC0xx reading and running a file, EC1xx arguments, EC2xx the plan, EC4xx what an output cannot say,
EC5xx what happens around a real build. EC3xx are rules, each with a file of its own in `lint/rules`.
It is one file because a table is read as a whole.
"""

from __future__ import annotations

from envd_cache.record import Record


class Code(Record):
    """One code: a kebab-case name that states what is wrong, why it matters, and the way out."""

    code: str
    name: str
    why: str
    instead: str


CODES: tuple[Code, ...] = (
    Code(
        "EC001",
        "unreadable-file",
        "The build file, or a file that it loads, is missing, is a folder, or may not be read.",
        "Check the path. A target is `FILE:FUNCTION`; without a file it is `build.envd`.",
    ),
    Code(
        "EC002",
        "not-plain-text",
        "Build files are UTF-8 without a byte order mark and without NUL. envd refuses others too.",
        "Save the file as UTF-8.",
    ),
    Code(
        "EC003",
        "file-too-large",
        "A file of more than 2 MiB is no build file that a person wrote.",
        "Split it, or build its lists with a loop.",
    ),
    Code(
        "EC005",
        "syntax-error",
        "The file is not envd's Starlark. Nothing of it was evaluated.",
        "The message says what was expected where.",
    ),
    Code(
        "EC006",
        "undefined-name",
        "Starlark resolves names before it runs, so a misspelt name is an error even in a function that "
        "nobody calls. envd refuses the file too.",
        "Correct the name, or define or load it.",
    ),
    Code(
        "EC007",
        "nested-too-deeply",
        "Brackets, operators or blocks are nested deeper than the interpreter's stack allows.",
        "Split the statement.",
    ),
    Code(
        "EC008",
        "evaluation-failed",
        "An operation failed while the file ran: a wrong type, an index out of range, a frozen value. "
        "What had been recorded before was still checked.",
        "The message says which, and the places below it how the file got there.",
    ),
    Code(
        "EC009",
        "time-limit-reached",
        "The evaluation was stopped after its time limit, 10 seconds unless `--time-limit` says otherwise.",
        "Look for a loop that does not end.",
    ),
    Code(
        "EC010",
        "endless-recursion",
        "Functions called each other more than 100,000 deep; envd stops at 99,998.",
        "Give the recursion an end.",
    ),
    Code("EC011", "fail-called", "The file itself called `fail`.", "The message is the file's own."),
    Code(
        "EC012",
        "load-outside-root",
        "`load` reads files below the root of the repository only, links followed. The root is the nearest "
        "folder with `envd-cache.toml`, `[tool.envd-cache]` in `pyproject.toml`, or `.git`.",
        "Move the file into the repository.",
    ),
    Code(
        "EC013",
        "not-a-target",
        "What is built must be a function without arguments; with `--all`, one that calls `base()`.",
        "Name another function: `FILE:FUNCTION`.",
    ),
    Code(
        "EC014",
        "load-cycle",
        "A file loads itself, directly or through others.",
        "Move what both need to a third file.",
    ),
    Code(
        "EC015",
        "not-loadable",
        "The loaded file has no such name, or the name starts with `_`, which keeps it private.",
        "Load another name, or rename it.",
    ),
    Code(
        "EC016",
        "global-reassigned",
        "envd lets a global name be bound once; a second assignment, `def` or `load` of it is refused.",
        "Use another name.",
    ),
    Code(
        "EC017",
        "invalid-escape",
        "A string holds an escape that envd refuses, such as `\\d`.",
        'Double the backslash, or write a raw string r"...".',
    ),
    Code(
        "EC018",
        "unsupported-by-envd-cache",
        "envd accepts this, our interpreter does not.",
        "Write it in another way; the hint says which.",
    ),
    Code(
        "EC019",
        "fault-of-envd-cache",
        "envd-cache itself failed on this file; the others were checked.",
        "Report it with the file.",
    ),
    Code(
        "EC020",
        "bad-configuration",
        "`envd-cache.toml` or `[tool.envd-cache]` cannot be read, or has a key, a value or a rule that "
        "nobody knows.",
        "Correct it. `envd-cache schema --config` writes a JSON Schema for editors.",
    ),
    Code(
        "EC021",
        "bad-override",
        "`--set` names no target, cache or parameter that there is, or would change nothing. A change that "
        "is passed over in silence would build with other caches than were asked for.",
        "Write `--set TARGET.BACKEND.PARAMETER=VALUE`, such as `--set '//team/*:build.registry.mode=min'`.",
    ),
    Code(
        "EC101",
        "missing-argument",
        "BuildKit refuses the cache without it, or would never find it.",
        "Give the argument.",
    ),
    Code(
        "EC102",
        "unknown-argument",
        "BuildKit accepts any attribute name and ignores the ones that it does not know: a misspelt "
        "`mode` means `min`, without a word.",
        "Correct the name. `envd-cache schema` and the README list them all.",
    ),
    Code(
        "EC103",
        "wrong-type",
        "Types are exact, as in envd: no number or string for a bool, no tuple for a list, never None.",
        "Give a value of the type in the message, or leave the argument out.",
    ),
    Code(
        "EC104",
        "too-many-arguments",
        "Only the first parameter may be given without its name.",
        "Write the names.",
    ),
    Code("EC105", "argument-given-twice", "The same parameter has two values.", "Remove one of them."),
    Code(
        "EC106",
        "invalid-value",
        "The value is none that BuildKit knows. For many attributes BuildKit says nothing and takes the "
        'default: `mode="MAX"` is `min`.',
        "Use one of the values in the message.",
    ),
    Code(
        "EC107",
        "out-of-range",
        "The number is outside of what BuildKit can do. It would fail at the end of the build, or use "
        "another number.",
        "Use a number in the range.",
    ),
    Code(
        "EC108",
        "invalid-reference",
        "This is no image reference. As an import BuildKit would only note a failed step and build without "
        "the cache.",
        "Write `registry/name:tag`; `cache.slug` makes a valid tag of a branch name.",
    ),
    Code(
        "EC109",
        "digest-exported",
        "BuildKit pushes an export to `name@digest` by its own digest and never moves a tag: the cache is "
        "written and cannot be found.",
        'Write a tag, or read that digest with `use="import"`.',
    ),
    Code(
        "EC110",
        "invalid-path",
        "BuildKit takes a directory as it stands: `~` and `$HOME` are not expanded, and a character outside "
        "printable ASCII makes the export fail at its end.",
        'Use a plain path, or `cache.env("HOME") + "/…"`.',
    ),
    Code(
        "EC111",
        "literal-secret",
        "A credential in a file ends in version control, in outputs and in logs.",
        'Write `cache.secret("NAME")`; the value stays in the environment.',
    ),
    Code(
        "EC112",
        "conflicting-arguments",
        "Two arguments contradict each other.",
        "Keep one of them.",
    ),
    Code(
        "EC113",
        "left-to-the-daemon",
        "BuildKit reads this value from the environment of its daemon when it is missing, not from the "
        "client's. Whether it is there cannot be seen from here.",
        "Write the value.",
    ),
    Code(
        "EC114",
        "envd-argument",
        "envd refuses this call of its own function.",
        "The message is envd's.",
    ),
    Code(
        "EC115",
        "envd-value",
        "envd refuses this value, or this order of calls.",
        "The message is envd's.",
    ),
    Code(
        "EC116",
        "unknown-fact",
        "The file asks for something that nobody knows here: a variable that is not set, a commit outside "
        "of a repository.",
        "Set it, give it with `--fact NAME=VALUE`, or write a default.",
    ),
    Code(
        "EC117",
        "ineffective-argument",
        "BuildKit ignores this argument here: an import takes no `mode`, `uncompressed` no level.",
        "Remove it.",
    ),
    Code(
        "EC201",
        "repeated-declaration",
        "The same cache is declared twice; it is used once.",
        "Delete one.",
    ),
    Code(
        "EC202",
        "two-writers",
        "Two exports, of one target or of several, write one place with different settings. Places are "
        "compared as they are meant: `r` is `r:latest`, `x` is `docker.io/library/x`. BuildKit writes both, "
        "and the later one wins.",
        "Give each its own place.",
    ),
    Code(
        "EC203",
        "two-readers",
        "Two imports read one place with different settings. BuildKit merges imports by their reference and "
        "drops the settings of the second.",
        "Use the same settings.",
    ),
    Code(
        "EC204",
        "none-and-some",
        "`cache.none()` says that the target has no cache on purpose, and a cache is declared too.",
        "Delete one.",
    ),
    Code(
        "EC205",
        "credential-on-import",
        "BuildKit hands the attributes of an import to the frontend and keeps them in clear text in its "
        "build history.",
        'Let the daemon have an identity of its own, or write `use="export"`.',
    ),
    Code(
        "EC206",
        "one-directory",
        "A relative path counts from the folder in which the client runs, not from that of the build file. "
        "In an output for a whole repository two files that name `cache` write one directory.",
        "Name the folder of each, or one directory for each target.",
    ),
    Code("EC401", "second-export", "The client takes one export only.", "Put the one that counts first."),
    Code("EC402", "second-import", "The client takes one import only.", "Put the one that counts first."),
    Code(
        "EC403",
        "dropped-by-client",
        "The client accepts this entry and does not use it.",
        "The hint says when it does, or which client to use.",
    ),
    Code(
        "EC404",
        "secret-left-out",
        "This form of the output has no way to refer to an environment variable.",
        "`--resolve-secrets` writes the value; do not keep that output.",
    ),
    Code(
        "EC405",
        "line-end-lost",
        "The client cuts a value at its first line end.",
        "Use a value without one.",
    ),
    Code(
        "EC406",
        "secret-not-set",
        "The value of a secret is needed, for `--resolve-secrets` or for a build, and the variable is not in "
        "the environment, or is no UTF-8.",
        "Set it.",
    ),
    Code(
        "EC407",
        "template-read-twice",
        "Newer releases of docker compose hand builds to bake, which takes `${` and `%{` in a value for a "
        "template even after compose has read it; older ones do not. No spelling suits both.",
        "Use a value without these marks.",
    ),
    Code(
        "EC501",
        "export-not-possible",
        "The engine that would run the build does not have this kind of cache export. BuildKit says so only "
        "after seconds, or a client drops the entry in silence.",
        "Use a backend that the engine has, or another engine; the hint says which.",
    ),
    Code(
        "EC502",
        "import-not-possible",
        "The engine does not have this kind of cache import. BuildKit builds on without it.",
        "Use a backend that the engine has, or another engine.",
    ),
    Code(
        "EC503",
        "own-flag-wins",
        "The command has a cache option of its own, so the declared caches of that direction are left out.",
        "Remove the option from the command to use the declared caches.",
    ),
    Code(
        "EC504",
        "secret-in-process-list",
        "The client takes this secret on its command line only, where every user of the machine can read it.",
        "docker buildx bake and docker compose get it in a file, docker buildx some in its environment.",
    ),
    Code(
        "EC505",
        "import-failed",
        "The build ran without this cache: BuildKit takes a failed import for no reason to stop.",
        "The message has the engine's own reason. With --strict it makes the exit code 1.",
    ),
    Code(
        "EC506",
        "export-failed",
        "The cache was not written. Unless `ignore_error=True` is declared, that fails the build too.",
        "The message has the engine's own reason.",
    ),
    Code(
        "EC507",
        "cache-too-large-to-read",
        "BuildKit reads at most 1 MiB of a cache's manifest or configuration; a larger cache is written, and "
        "never read again.",
        'Use `mode="min"`, or split the build so that each cache has fewer layers.',
    ),
    Code(
        "EC508",
        "not-for-plain-envd",
        "The file uses `cache` in a way that cannot be handed to plain envd.",
        "The hint says how to write it.",
    ),
    Code(
        "EC509",
        "engine-unreachable",
        "The engine did not answer, so what it can do is not known; or it went away during the build.",
        "Check that it runs, and DOCKER_HOST, BUILDKIT_HOST or --builder.",
    ),
    Code(
        "EC510",
        "no-such-bake-target",
        "No target of the bake or compose file has the name of this target, so its caches have no place. "
        "Where others have theirs it is a warning: a call need not build all that is declared.",
        "Give both the same name, or build one target alone.",
    ),
    Code(
        "EC511",
        "service-not-known",
        "The cache is a service of a CI system, and neither the declaration nor the environment says where "
        "it is or how to get in. Clients drop such an entry in silence.",
        "Run it in a job that has the service, or give the parameters.",
    ),
    Code(
        "EC512",
        "newer-than-the-engine",
        "The engine's BuildKit is older than this attribute, and passes over what it does not know.",
        "Leave it out, or use a newer engine.",
    ),
)


def page(code: str, name: str, why: str, instead: str) -> str:
    """Return what `envd-cache explain CODE` prints, of a code or a rule."""
    return f"{code} {name}\n\n{_wrapped(why)}\n\n{_wrapped(f'Instead: {instead}')}\n"


def _wrapped(text: str) -> str:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > 80:
            lines.append(word)
        else:
            lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(lines)
