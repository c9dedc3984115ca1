"""Reads the command of another client and puts declared caches into it: words in, words out.

A command is never put together anew. Our words are added right behind the word that starts the build
(`docker buildx build HERE …`): flags may stand there in every client, whatever follows, and a `--` can only
come later. buildx 0.13.1 and 0.29.1 take `--flag value` and `--flag=value` alike, flags after the context
too, and no shortened names (measured).
"""

from __future__ import annotations

from envd_cache.catalog.client_flags import BAKE, BUILDER_VARIABLES, COMPOSE, NAMES, PROGRAMS
from envd_cache.catalog.clients import CLIENTS
from envd_cache.diagnostics import ERROR, WARNING, Diagnostic, Result, did_you_mean
from envd_cache.emit.bake import label_name, target_names
from envd_cache.emit.wire import csv, plain, secrets_of
from envd_cache.engine.words import head, last, scan
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envd_cache.catalog.client_flags import Level, Program
    from envd_cache.catalog.clients import Client
    from envd_cache.emit.wire import WireEntry, WirePlan
    from envd_cache.engine.words import Item

# What Go takes for false and true in a variable (strconv.ParseBool).
_FALSE = ("0", "f", "F", "FALSE", "false", "False")
_TRUE = ("1", "t", "T", "TRUE", "true", "True")

_KNOWN = "docker buildx build, docker buildx bake, docker build, docker compose build, buildctl build"
# Names that a message lists; the others are counted.
_SHOWN = 5
# A first word with which bake reads its definition from elsewhere (buildx `util/urlutil`).
_REMOTE = ("http://", "https://", "git://", "ssh://", "git@", "github.com/")


class Command(Record):
    """A build command of another client, read.

    `client` is a name in `catalog.clients`, `kind` one of `catalog.client_flags`: flags, bake, compose.
    `at` is where our flags go, right behind the build word. `own_exports` and `own_imports`: it has cache
    flags itself. `progress` is its own `--progress`, "quiet" for `-q`, "" for none. `builder` is the
    builder that it names, or that the environment names; `by_context`: neither, and it builds with the
    builder of docker's context (named `builder` if `--context` is there). `files` are its own definition
    files, `files_end` is behind the last of them (0: none). `names` are its other words: the context, or
    targets and services. `remote`: bake reads its definition from elsewhere. `stdin`: a definition comes
    from the standard input, which can be read once only. `base` are the words with which the same docker
    buildx, or buildctl, is asked something else: `(*base, "inspect")`.
    """

    client: str
    kind: str
    words: tuple[str, ...]
    at: int
    own_exports: bool = False
    own_imports: bool = False
    progress: str = ""
    builder: str = ""
    by_context: bool = False
    files: tuple[str, ...] = ()
    files_end: int = 0
    names: tuple[str, ...] = ()
    remote: bool = False
    stdin: bool = False
    project_directory: str = ""
    env_files: tuple[str, ...] = ()
    base: tuple[str, ...] = ()

    @property
    def settings(self) -> Client:
        """The client's entry in the catalog."""
        return next(client for client in CLIENTS if client.name == self.client)


class PlacedFile(Record):
    """A file that a placed command reads; the caller writes it, for nobody else to read."""

    path: str
    content: str


class Placed(Record):
    """A command with caches in it.

    `environ` is added to the environment of the child, and of it alone: it holds secrets. `folders` must
    exist when the command starts; BuildKit makes them itself, but too late for bake.
    """

    words: tuple[str, ...]
    files: tuple[PlacedFile, ...] = ()
    environ: Mapping[str, str] = {}
    folders: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Placed({len(self.words)} words, {sorted(self.environ)})"


def read_command(words: Sequence[str], environ: Mapping[str, str]) -> Command | str:
    """Return a command of a client that is known, or what is wrong with it, for a usage error."""
    if not words:
        return f"no command is given; known are {_KNOWN}"
    program = _program(words[0])
    if program is None:
        if any(_program(word) for word in words[1:]):
            return f"`{words[0]}` is no client that takes caches; write it before `envd-cache`"
        return f"`{words[0]}` is no client that takes caches; known are {_KNOWN}"
    one_dash = program.syntax.one_dash
    level, start, base = program.level, 1, words[:1]
    path = [words[0]]
    before: list[Item] = []
    while not level.client:
        flags, word = head(words, start, level.values, one_dash=one_dash)
        before += flags
        if level is program.level:
            base = words[: flags[-1].end] if flags else base
        if word is None or ("--" in words[start : word.start] and not level.dashes):
            return f"`{' '.join(path)}` is no build command; known are {_KNOWN}"
        path.append(word.value)
        child = next((child for child in level.children if word.value in child.names), None)
        if child is None:
            return f"`{' '.join(path)}` is no build command that takes caches; known are {_KNOWN}"
        level, start = child, word.end
    if level.classic and environ.get("DOCKER_BUILDKIT") in _FALSE:
        return "DOCKER_BUILDKIT turns BuildKit off, and without it docker has no cache exports; unset it"
    after = list(scan(words, start, level.values, one_dash=one_dash))
    base = [program.instead] if program.instead else base
    command = _command(level, before, after, environ)
    return command.replace(words=tuple(words), at=start, base=(*base, *program.asked))


def _command(
    level: Level, before: Sequence[Item], after: Sequence[Item], environ: Mapping[str, str]
) -> Command:
    names = NAMES[level.client]
    client = next(client for client in CLIENTS if client.name == level.client)
    everything = [*before, *after]
    # A short flag can mean another thing before the build word (`docker -c`) than behind it (`build -c`).
    where = {BAKE: after, COMPOSE: before}.get(level.kind, ())
    files = [item for item in where if item.name in names.file]
    others = tuple([item.value for item in after if not item.name])
    builder = last(everything, names.builder) or environ.get(BUILDER_VARIABLES[level.client], "")
    by_context = level.by_context and not builder
    quiet = [item.replace(value=item.value or "true") for item in after if item.name in names.quiet]
    return Command(
        client=level.client,
        kind=level.kind,
        words=(),
        at=0,
        # An empty option is none: buildx passes over it (0.13.1 stops instead).
        own_exports=any(item.value for item in after if item.name == client.export_flag),
        own_imports=any(item.value for item in after if item.name == client.import_flag),
        progress="quiet" if truth(last(quiet, names.quiet)) else last(everything, names.progress),
        builder=builder or (last(before, names.context) if by_context else ""),
        by_context=by_context,
        files=tuple([item.value for item in files]),
        files_end=files[-1].end if files else 0,
        names=others,
        remote=bool(others) and others[0].startswith(_REMOTE),
        stdin=any(item.value == "-" for item in files),
        project_directory=last(before, names.project_directory),
        env_files=tuple([item.value for item in before if item.name in names.env_file]),
    )


def with_flags(command: Command, plan: WirePlan, progress: str = "") -> Result[tuple[str, ...]]:
    """Return a command with the caches of a plan as flags, each a word of its own, and `--progress`.

    The plan has no secrets left (see `secret_routes`). A direction for which the command has flags of its
    own is left out, with EC503. `progress` is added unless it is "".
    """
    client = command.settings
    said, diagnostics = without_own(
        plan, client, exports=command.own_exports, imports=command.own_imports, what="the command"
    )
    flags: list[str] = []
    for flag, entries in ((client.export_flag, said.exports), (client.import_flag, said.imports)):
        for entry in entries:
            flags += [flag, text_of(entry)]
    return Result(with_words(command, flags, progress), diagnostics)


def with_words(command: Command, flags: Sequence[str], progress: str = "") -> tuple[str, ...]:
    """Return the words of a command with flags behind the build word, and `--progress` where it belongs."""
    words, at = command.words, command.at
    shown = ("--progress", progress) if progress else ()
    if command.kind == COMPOSE:
        # A flag of compose itself; behind `build` it is deprecated.
        return (*words[: at - 1], *shown, words[at - 1], *flags, *words[at:])
    return (*words[:at], *shown, *flags, *words[at:])


def text_of(entry: WireEntry) -> str:
    """Return an entry without secrets as one word."""
    if secrets_of(entry):
        raise ValueError("a secret has no text; see `secret_routes`")
    return plain(csv(entry))


def without_own(
    plan: WirePlan, client: Client, *, exports: bool, imports: bool, what: str
) -> tuple[WirePlan, tuple[Diagnostic, ...]]:
    """Return the part of a plan for which `what` has nothing of its own; EC503 for a direction left out."""
    diagnostics: list[Diagnostic] = []
    if exports and plan.exports:
        diagnostics.append(_own_wins(what, client.export_flag, len(plan.exports), "export"))
        plan = plan.replace(exports=())
    if imports and plan.imports:
        diagnostics.append(_own_wins(what, client.import_flag, len(plan.imports), "import"))
        plan = plan.replace(imports=())
    return plan, tuple(diagnostics)


def matched(
    plans: Sequence[WirePlan], names: Sequence[str], what: str
) -> Result[tuple[tuple[str, WirePlan], ...]]:
    """Return which target or service (`what`) gets the caches of which plan; EC510 for a plan without one.

    The one with the plan's name: the function where no other one with caches has it, or the label, as in the
    bake file that is compiled of the same plans or of the whole repository. `-` and `.` count as `_`, for a
    function's name cannot have them. One plan and one target belong together anyhow. EC510 is an error, and
    a warning where another plan has its place: a call need not build all that is declared.
    """
    taken: dict[str, WirePlan] = {}
    homeless: list[tuple[str, ...]] = []
    labels = target_names(tuple(plans))
    caching = [plan for plan in plans if plan.exports or plan.imports]
    functions = [plan.name for plan in caching]
    for plan in caching:
        wanted = (plan.name,) if functions.count(plan.name) == 1 else ()
        # Beside another plan with the same function the label is written out.
        for name in (labels[plan.label], label_name(plan.label)):
            if _alike(name) not in [_alike(known) for known in wanted]:
                wanted = (*wanted, name)
        exact = [name for name in names if name in wanted]
        alike = [name for name in names if _alike(name) in [_alike(known) for known in wanted]]
        name = next(iter(exact or (alike if len(alike) == 1 else ())), "")
        if not name and len(plans) == 1 and len(names) == 1:
            name = names[0]
        if not name or name in taken:
            homeless.append(wanted)
        else:
            taken[name] = plan
    if taken and homeless:
        return Result(tuple(taken.items()), (_some_left_out([wanted[0] for wanted in homeless], what),))
    return Result(tuple(taken.items()), tuple([_no_place(wanted, names, what) for wanted in homeless]))


def truth(value: str | None) -> bool:
    """Say whether Go takes the value of a variable for true."""
    return value in _TRUE


def _no_place(wanted: Sequence[str], names: Sequence[str], what: str) -> Diagnostic:
    there = "there are " + ", ".join([f"`{name}`" for name in names]) if names else "there is none"
    called = " or ".join([f"`{name}`" for name in wanted])
    message = f"no {what} that is built is called {called}; {there}"
    near = next(iter([near for name in wanted if (near := did_you_mean(name, names))]), "")
    otherwise = f"name the function as the {what}, or build one {what} alone"
    hint = f"did you mean `{near}`?" if near else otherwise
    return Diagnostic("EC510", ERROR, message, hint=hint)


def _some_left_out(wanted: Sequence[str], what: str) -> Diagnostic:
    """Tell in one line of plans without a place: of a repository few may be built at a time."""
    called = ", ".join([f"`{name}`" for name in wanted[:_SHOWN]])
    more = f" and {len(wanted) - _SHOWN} more" if len(wanted) > _SHOWN else ""
    message = f"no {what} that is built is called {called}{more}: the caches declared there are left out"
    hint = f"name the {what} so, or build it too; if it is not wanted now, all is well"
    return Diagnostic("EC510", WARNING, message, hint=hint)


def _alike(name: str) -> str:
    return name.replace("-", "_").replace(".", "_")


def _own_wins(what: str, flag: str, count: int, direction: str) -> Diagnostic:
    left = f"the declared {direction} is" if count == 1 else f"{count} declared {direction}s are"
    message = f"{what} has `{flag}` of its own: {left} left out"
    return Diagnostic("EC503", WARNING, message, hint=f"remove it to use the declared {direction}s")


def _program(path: str) -> Program | None:
    name = path.rpartition("/")[2]
    return next((program for program in PROGRAMS if name in program.level.names), None)
