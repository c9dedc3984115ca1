"""What `build`, `up` and `exec` share: a plan before the build, a question to the engine, a report after."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager

from envd_cache.cli import process
from envd_cache.cli.child import Questions, handled
from envd_cache.cli.watch import silence, write
from envd_cache.diagnostics import ERROR, NOTE, WARNING, Diagnostic, has_errors, in_order
from envd_cache.emit.wire import WirePlan, secrets_of
from envd_cache.engine import contexts
from envd_cache.engine.asking import ask_engine
from envd_cache.engine.preflight import preflight
from envd_cache.pipeline import plans
from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

    from envd_cache.catalog.clients import Client
    from envd_cache.cli.options import Values
    from envd_cache.emit.wire import WireEntry
    from envd_cache.engine.asking import Asked
    from envd_cache.engine.contexts import Engine
    from envd_cache.engine.outcome import Outcome
    from envd_cache.pipeline import Planned, Session
    from envd_cache.remote.held import Held
    from envd_cache.source import Target

# Seconds for a client to answer a question about its builder or its files.
PATIENCE = 60.0

# Seconds for a registry to say whether a cache is there.
GLANCE = 5.0


class Built(Record):
    """What was built with which caches. `target` is the bake target or service, "" for the only thing."""

    plan: WirePlan
    target: str = ""


class Stop(Exception):  # noqa: N818 - not a mistake of the program
    """The build is not started; the problems say why."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__()
        self.diagnostics = diagnostics


class Call:
    """One call of a command: its options, the environment of the client, and what was found so far."""

    def __init__(self, values: Values, environ: Mapping[str, str]) -> None:
        self.values = values
        self.environ = environ
        self.strict = bool(values["strict"])
        self.as_data = values["format"] == "json"
        self.ask = Questions(environ, PATIENCE)
        self._before: tuple[Diagnostic, ...] = ()

    def ask_engine(self, engine: Engine, base: Sequence[str] = ()) -> Asked:
        """Begin to ask an engine what it can do. `base` are the words that start the client's buildx."""
        return ask_engine(engine, self.environ, home(self.environ), self.ask, self.ask.ahead, base=base)

    def add(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Keep some problems. Raises Stop when one of them is an error."""
        self._before += self.weighed(diagnostics)
        if has_errors(self._before):
            raise Stop(self.all())

    def weighed(self, diagnostics: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
        """Return problems as severe as the call wants them."""
        if not self.strict:
            return tuple(diagnostics)
        return tuple(
            found.replace(severity=ERROR) if found.severity == WARNING else found for found in diagnostics
        )

    def all(self, more: Sequence[Diagnostic] = ()) -> tuple[Diagnostic, ...]:
        """Return everything that was kept, and more."""
        return in_order((*self._before, *self.weighed(more)))

    def say(self) -> None:
        """Print what is known before the build; as JSON it is part of the report."""
        if self.values["dry_run"]:
            # Then there is no report, and standard output is the command's.
            _said(self.all(), {**self.values, "format": "text"})
        elif not self.as_data:
            _said(self.all(), self.values)


@contextmanager
def workplace(values: Values) -> Iterator[str]:
    """Give a folder for files of ours. It is gone afterwards, whatever ends the call.

    Raises UsageError, before anything was done, when there is no room for it or for the report.
    """
    _can_report(process.text(values, "report"))
    # While the client runs, these are the client's to answer.
    with handled((signal.SIGTERM, signal.SIGHUP), _end):
        try:
            folder = _made_folder()
        except OSError as error:
            reason = f"no folder for temporary files can be made: {error.strerror}"
            raise process.UsageError(f"{reason}; set TMPDIR") from None
        try:
            yield folder
        finally:
            import shutil  # noqa: PLC0415 - see `get_ready`

            shutil.rmtree(folder, ignore_errors=True)


def _made_folder() -> str:
    """Make a folder for nobody else to read, where temporary files go. Raises OSError."""
    named = [os.environ[name] for name in ("TMPDIR", "TEMP", "TMP") if os.environ.get(name)]
    path = os.path.join(*named[:1] or ["/tmp"], f"envd-cache-{os.urandom(8).hex()}")  # noqa: S108
    try:
        os.mkdir(path, 0o700)
    except OSError:
        # It knows more places, and takes 2 ms to load.
        import tempfile  # noqa: PLC0415 - rare

        return tempfile.mkdtemp(prefix="envd-cache-")
    return os.path.abspath(path)


def _end(number: int, frame: FrameType | None) -> None:
    del frame
    raise SystemExit(128 + number)


def _can_report(path: str) -> None:
    """Raise UsageError when a report cannot be written. A long build must not be the one to find out."""
    if not path:
        return
    whole = os.path.realpath(path)
    folder = os.path.dirname(whole)
    reason = ""
    if os.path.isdir(whole):
        reason = "it is a folder"
    elif not os.path.isdir(folder):
        reason = f"there is no folder `{os.path.dirname(path)}`"
    elif not os.access(whole if os.path.exists(whole) and not os.path.isfile(whole) else folder, os.W_OK):
        reason = "no permission to write there"
    if reason:
        raise process.UsageError(f"the report `{path}` cannot be written: {reason}")


def planned(targets: Sequence[Target], call: Call, during: Session) -> tuple[Planned, ...]:
    """Run targets with the changes of `--set`; what they print goes to standard error. Raises Stop."""
    changing = process.with_changes(during, call.values)
    call.add(changing.diagnostics)
    found = plans(targets, changing.value)
    printed = [line for one in found.value for line in one.evaluation.printed]
    if printed:
        from envd_cache.report.redact import Redactor  # noqa: PLC0415 - hardly a file prints

        redactor = Redactor(found.diagnostics)
        for line in printed:
            write(redactor.text(line) + "\n")
    call.add(found.diagnostics)
    return found.value


def checked(
    plans: Sequence[WirePlan],
    client: Client,
    asked: Asked,
    environ: Mapping[str, str],
) -> tuple[tuple[WirePlan, ...], tuple[Diagnostic, ...]]:
    """Return the plans without what the engine lacks, and what stands in the way.

    `asked` is what `engine.asking` returned; without caches nobody waits for it.
    """
    if not any(plan.exports or plan.imports for plan in plans):
        return tuple(plans), ()
    found = asked()
    diagnostics = list(found.diagnostics)
    if found.value is None:
        return tuple(plans), tuple(diagnostics)
    able = found.value
    kept = []
    for plan in plans:
        diagnostics += preflight(plan, able, client, environ)
        imports = [entry for entry in plan.imports if able.imports is None or entry.type in able.imports]
        kept.append(plan.replace(imports=tuple(imports)))
    return tuple(kept), tuple(diagnostics)


def without_repeats(losses: Sequence[Diagnostic], asked: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return problems of both kinds without those that the engine's own answer says better."""
    known = [found.location for found in asked]
    return (
        *(found for found in losses if found.code != "EC403" or found.location not in known),
        *asked,
    )


def home(environ: Mapping[str, str]) -> str:
    """Return the home folder as the clients find it."""
    return environ.get("HOME") or os.path.expanduser("~")


def secrets_in(plans: Sequence[WirePlan], environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of the secrets of some plans, so that what is shown can leave them out."""
    names = {
        secret.name
        for plan in plans
        for entry in (*plan.exports, *plan.imports)
        for _, secret in secrets_of(entry)
    }
    return tuple([environ[name] for name in sorted(names) if environ.get(name)])


def with_references(plans: Sequence[WirePlan], environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which each secret is a reference to itself, to show a command."""
    names = {
        secret.name
        for plan in plans
        for entry in (*plan.exports, *plan.imports)
        for _, secret in secrets_of(entry)
    }
    return {**environ, **{name: f"${name}" for name in names if name in environ}}


def show_command(words: Sequence[str], environ: Mapping[str, str], files: Sequence[tuple[str, str]]) -> int:
    """Print a command in place of running it, with the variables and the files that it would get."""
    import shlex  # noqa: PLC0415 - for this option only

    lines = [f"# {path}\n{content}" for path, content in files]
    lines.append(shlex.join([*[f"{name}={value}" for name, value in sorted(environ.items())], *words]) + "\n")
    return process.write("".join(lines), "")


# ---- where caches lie ----


class Looking:
    """Asks the places of caches, with the logins of docker's configuration."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._logins: dict[str, tuple[str, str]] | None = None
        self._unused = ""

    def __call__(self, entry: WireEntry) -> Held | str | None:
        """Return what lies where an entry points; None when it cannot be asked, a str with the reason."""
        from envd_cache.remote import look  # noqa: PLC0415 - see `get_ready`

        found = look.look(entry, self._known(), GLANCE)
        if isinstance(found, str) and found.endswith(look.FOR_LOGIN) and self._unused:
            return f"{found}; {self._unused}"
        return found

    def is_there(self, entry: WireEntry) -> bool | None:
        """Say whether a cache can be read now; None when nobody knows."""
        from envd_cache.remote import look  # noqa: PLC0415 - see `get_ready`

        return look.is_there(entry, self._known(), GLANCE)

    def _known(self) -> dict[str, tuple[str, str]]:
        if self._logins is None:
            from envd_cache.remote import registry  # noqa: PLC0415 - see `get_ready`

            folder = contexts.config_folder(self._environ, home(self._environ))
            try:
                with open(os.path.join(folder, "config.json"), "rb") as file:
                    self._logins, self._unused = registry.credentials_of(file.read(1 << 20))
            except OSError:
                self._logins = {}
        return self._logins


def digest_of(directory: str, tag: str) -> str:
    """Return the digest of a tag in a directory of caches, "" when there is none."""
    from envd_cache.remote import local  # noqa: PLC0415 - see `get_ready`

    return local.digest_of(directory, tag)


# ---- after the build ----


def get_ready() -> None:
    """Load what `report` needs: while the client starts nobody waits for the 12 ms that it takes."""
    import shutil  # noqa: F401, PLC0415

    import envd_cache.engine.matched  # noqa: PLC0415
    import envd_cache.engine.telling  # noqa: PLC0415
    import envd_cache.remote.look  # noqa: F401, PLC0415


def report(call: Call, built: Sequence[Built], outcome: Outcome, code: int) -> int:
    """Tell what the caches did, as text or as data; return the exit code of the whole run.

    That is the client's own; 1 when it is 0 and `--strict` finds a cache that was not read or written.
    """
    from envd_cache.engine.matched import diagnostics_of, settled  # noqa: PLC0415 - see `get_ready`
    from envd_cache.engine.telling import measured  # noqa: PLC0415 - see `get_ready`
    from envd_cache.engine.telling import text as told  # noqa: PLC0415 - see `get_ready`

    looking = Looking(call.environ)
    after: list[Diagnostic] = []
    outcomes = []
    for each in built or (Built(WirePlan("", "", (), ())),):
        found = settled(outcome, each.plan, each.target, digest_of)
        found, problems = measured(found, looking)
        outcomes.append((each, found))
        after += [*diagnostics_of(found, each.plan, each.target), *problems]
    everything = call.all(after)
    wanted = call.as_data or process.text(call.values, "report")
    document = _document(outcomes, code, everything) if wanted else ""
    if not call.as_data:
        if outcome.seen and not sys.stderr.isatty():
            write("\n")
        for each, found in outcomes:
            write(told(found, each.plan.label, ends=found is outcomes[-1][1]))
        # The table says what a note would say.
        _said(in_order(call.weighed([one for one in after if one.severity != NOTE])), call.values)
    code = code or (process.FINDINGS if has_errors(everything) else process.DONE)
    return _written(call, document, code)


def refused(call: Call, diagnostics: tuple[Diagnostic, ...]) -> int:
    """Tell why the build was not started; return the exit code."""
    code = _said(diagnostics, call.values)
    if path := process.text(call.values, "report"):
        process.write(_document((), None, diagnostics), path)
    return code


def _said(diagnostics: tuple[Diagnostic, ...], values: Values) -> int:
    """Print problems and return the exit code, whether somebody reads them or not."""
    try:
        return process.report(diagnostics, values)
    except BrokenPipeError:
        silence(sys.stdout if values["format"] == "json" else sys.stderr)
        return process.FINDINGS if has_errors(diagnostics) else process.DONE


def _written(call: Call, document: str, code: int) -> int:
    """Write the report as data where the call wants it; return the exit code of the build that it is about.

    That is over: that nobody takes its report does not make it a good or a bad one.
    """
    path = process.text(call.values, "report")
    for place in [*([path] if path else []), *([""] if call.as_data else [])]:
        try:
            process.write(document, place)
        except BrokenPipeError:
            silence(sys.stdout)
        except process.UsageError as error:
            write(f"envd-cache: error: {error}\n")
            code = code or process.WRONG_USE
    return code


def _document(
    outcomes: Sequence[tuple[Built, Outcome]], code: int | None, diagnostics: Sequence[Diagnostic]
) -> str:
    import json  # noqa: PLC0415 - only for JSON

    from envd_cache.cli.data import VERSION  # noqa: PLC0415 - only for JSON
    from envd_cache.engine.telling import as_data  # noqa: PLC0415 - only for JSON
    from envd_cache.report.data import diagnostics_data  # noqa: PLC0415 - only for JSON

    content = {
        "version": VERSION,
        "exit_code": code,
        "targets": [
            {"target": each.plan.label, **({"name": each.target} if each.target else {}), **as_data(found)}
            for each, found in outcomes
        ],
        "diagnostics": diagnostics_data(diagnostics),
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
