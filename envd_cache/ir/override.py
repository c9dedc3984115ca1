"""Changes to declarations from outside of the file: `--set '//team/*:build.registry.mode=min'`.

    TARGET.BACKEND.PARAMETER=VALUE     sets it, whether the file does or not
    TARGET.BACKEND.PARAMETER+=VALUE    adds one more; for a parameter that takes a list
    TARGET.BACKEND.PARAMETER=          takes it away, so that its default holds

TARGET is a function (`build`), or a label (`//team/service:build`; without a function, all of the file's).
In both `*` and `?` stop at `/` and `:`, `**` does not, and `//team/...` is a folder with all below it.
BACKEND is the function in `cache`, or `*` for every one that has the parameter. A value is read by the
type of the parameter: `true`, `5`, or the text as it stands; a credential is `$NAME`, the name of a
variable. Of several changes of one thing the later one wins. A parameter that exports alone take, or
imports alone, is set where the declaration has that direction.

A change is made to the recorded call, before it is bound. So all that a declaration is checked for holds
for what comes out, as if the file said it.
"""

from __future__ import annotations

import re

from envd_cache.catalog import BACKENDS
from envd_cache.catalog.bind import check_value
from envd_cache.catalog.common import KEY, USE
from envd_cache.catalog.formats import FORMATS
from envd_cache.catalog.model import BOTH, EXPORT, IMPORT, Secret
from envd_cache.diagnostics import ERROR, Diagnostic, Label, Result, did_you_mean, suggestion
from envd_cache.problem import Problem, names_credential
from envd_cache.record import Record
from envd_cache.source import Location, SourceFile, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envd_cache.catalog.model import Backend, Direction, Param
    from envd_cache.evaluate.model import CallSite, Evaluation, RecordedCall

# What a text with changes is called in a message.
OPTION = "--set"
WRONG = "EC021"
EVERY = "*"

_FORM = re.compile(r"([^=]*)\.([^.=]*)\.([^.=+]*)(\+?=)(.*)", re.DOTALL)
_FUNCTIONS = {f"cache.{backend.name}": backend for backend in BACKENDS}
_NAMES = {backend.name: backend for backend in BACKENDS}
_GLOB = re.compile(r"\*\*|\*|\?")
_TRUE, _FALSE = ("true", "True"), ("false", "False")


class Override(Record, apart=("location",)):
    """One change. `value` is None to take the parameter away; `adds` puts it behind what is there."""

    target: str
    backend: str
    param: str
    value: object
    adds: bool
    location: Location


class Applied(Record):
    """A target after its changes. `used` are those that changed something, `made` where each one did."""

    evaluation: Evaluation
    used: frozenset[Override] = frozenset()
    made: tuple[tuple[CallSite, Override], ...] = ()


def parse(texts: Sequence[str]) -> Result[tuple[Override, ...]]:
    """Return the changes that some texts ask for, and all that is wrong with them."""
    source = SourceFile(OPTION, "\n".join(texts))
    found: list[Override] = []
    problems: list[Diagnostic] = []
    start = 0
    for text in texts:
        made = _parse(source, text, start)
        if isinstance(made, Override):
            found.append(made)
        else:
            problems += made
        start += len(text) + 1
    return Result(tuple(found), tuple(problems))


def apply(overrides: Iterable[Override], evaluation: Evaluation) -> Applied:
    """Return an evaluation whose calls are those of the file with the changes made to them."""
    meant = [override for override in overrides if _pattern(override.target).fullmatch(evaluation.label)]
    if not meant:
        return Applied(evaluation)
    calls: list[RecordedCall] = []
    made: list[tuple[CallSite, Override]] = []
    for call in evaluation.calls:
        backend = _FUNCTIONS.get(call.function)
        if backend is None:
            calls.append(call)
            continue
        changed = call
        params = {param.name: param for param in _params(backend)}
        mine = [one for one in meant if one.backend in (EVERY, backend.name) and one.param in params]
        directions = _directions(call, backend, mine)
        mine = [one for one in mine if _has_effect(one, params[one.param], directions)]
        for override in mine:
            changed = _changed(changed, backend, override)
            made.append((call.site, override))
        calls.append(_one_way(changed, backend, mine))
    used = frozenset([override for _, override in made])
    return Applied(evaluation.replace(calls=tuple(calls)), used, tuple(made))


def unused(overrides: Iterable[Override], targets: Sequence[Applied]) -> tuple[Diagnostic, ...]:
    """Return a problem for each change that changed nothing in any of the targets."""
    used = frozenset([override for target in targets for override in target.used])
    labels = [target.evaluation.label for target in targets]
    problems = []
    for override in overrides:
        if override in used:
            continue
        pattern = _pattern(override.target)
        hit = [target for target in targets if pattern.fullmatch(target.evaluation.label)]
        if hit:
            calls = {call.function for target in hit for call in target.evaluation.calls}
            declared = [name for name in _FUNCTIONS if name in calls]
            message = f"no target of `{override.target}` declares `cache.{override.backend}`"
            if override.backend == EVERY:
                message = f"no target of `{override.target}` declares a cache with `{override.param}`"
            hint = f"declared is {_listed(declared)}" if declared else "no cache is declared there"
            if direction := _missing_direction(override, declared):
                which = "cache" if override.backend == EVERY else f"`cache.{override.backend}`"
                message = f"no {which} of `{override.target}` has an {direction}, which alone takes "
                message += f"`{override.param}`"
                hint = "leave the change out, or change `use` too"
        else:
            message = f"no target is meant by `{override.target}`"
            near = did_you_mean(override.target, [*labels, *(label.rpartition(":")[2] for label in labels)])
            hint = f"did you mean `{near}`?" if near else f"there is {_listed(sorted(set(labels))[:3])}"
        problems.append(
            Diagnostic(WRONG, ERROR, message, _part(override.location, override.target), hint=hint)
        )
    return tuple(problems)


def blamed(diagnostics: Iterable[Diagnostic], targets: Iterable[Applied]) -> tuple[Diagnostic, ...]:
    """Return the diagnostics; those about a call that was changed tell by what."""
    places = [(site.location, override) for target in targets for site, override in target.made]
    found = []
    for diagnostic in diagnostics:
        where = diagnostic.location
        labels = [
            Label(override.location, "changed by this")
            for place, override in places
            if where is not None and place is not None and where.is_inside(place)
        ]
        new = tuple(dict.fromkeys(label for label in labels if label not in diagnostic.labels))
        found.append(diagnostic.replace(labels=diagnostic.labels + new) if new else diagnostic)
    return tuple(found)


# ---- reading ----


def _parse(source: SourceFile, text: str, start: int) -> Override | tuple[Diagnostic, ...]:
    found = _FORM.fullmatch(text)
    if found is None or not found[1]:
        name, _, value = text.partition("=")
        redact = (value,) if names_credential(name) else ()
        message, hint = "a change is TARGET.BACKEND.PARAMETER=VALUE", "such as `*.registry.mode=max`"
        return (_wrong(source, Span(start, start + len(text)), message, hint, redact),)

    def span(group: int) -> Span:
        return Span(start + found.start(group), start + found.end(group))

    target, name, param_name, sign, value = found.groups()
    secret = (value,) if names_credential(param_name) else ()
    problems: list[Diagnostic] = []
    if "/" in target and not target.startswith("//"):
        hint = f"write `//{target.lstrip('/')}`"
        problems.append(
            _wrong(source, span(1), f"`{target}` is neither a label nor a function", hint, secret)
        )
    if name != EVERY and name not in _NAMES:
        hint = suggestion(name, _NAMES, f"backends: {', '.join(_NAMES)}, or `*` for all")
        problems.append(_wrong(source, span(2), f"there is no `cache.{name}`", hint, secret))
        return tuple(problems)
    backends = BACKENDS if name == EVERY else (_NAMES[name],)
    params = {param.name: param for backend in reversed(backends) for param in _params(backend)}
    param = params.get(param_name)
    if param is None:
        near = did_you_mean(param_name.replace("-", "_"), params)
        secret = (value,) if names_credential(f"{param_name} {near}") else ()
        hint = f"did you mean `{near}`?" if near else f"parameters: {', '.join(sorted(params))}"
        whose = "no cache" if name == EVERY else f"`cache.{name}`"
        message = f"{whose} has {'a' if name == EVERY else 'no'} parameter `{param_name}`"
        problems.append(_wrong(source, span(3), message, hint, secret))
        return tuple(problems)
    adds = sign == "+="
    if adds and not _takes_list(param):
        message = f"`{param.name}` takes one value, so nothing can be added to it"
        problems.append(_wrong(source, span(4), message, f"write `{param.name}=`", secret))
    if value == "" and not adds:
        if param.required and not param.env:
            message = f"`cache.{name}` needs `{param.name}`, so it cannot be taken away"
            problems.append(_wrong(source, span(3), message, "give another value"))
        read: object = None
    else:
        read, refused = _read(param, value)
        where = Location(source, span(5) if value else span(4))
        problems += [
            Diagnostic(found.code, found.severity, found.message, where, hint=found.hint, redact=found.redact)
            for found in refused
        ]
    if problems:
        return tuple(problems)
    return Override(target, name, param.name, read, adds, Location(source, Span(start, start + len(text))))


def _read(param: Param, text: str) -> tuple[object, tuple[Problem, ...]]:
    """Return a value as the file would have it, and what is wrong with it."""
    value: object = text
    forms = (param.type, *getattr(param.type, "__args__", ()))
    if Secret in forms:
        if text.startswith("$"):
            return _secret(param, text)
        if str not in forms:
            message = f"`{param.name}` holds a credential; it cannot be written on a command line"
            hint = (
                f"write `{param.name}=$NAME`, with the name of an environment variable, quoted for the shell"
            )
            return text, (Problem("EC111", message, param.name, hint=hint, redact=(text,)),)
    elif bool in forms:
        if text not in (*_TRUE, *_FALSE):
            message = f"`{param.name}` must be true or false, not `{text}`"
            near = suggestion(text, ("true", "false"), f"write `{param.name}=true` or `{param.name}=false`")
            return text, (Problem("EC103", message, param.name, hint=near),)
        value = text in _TRUE
    elif int in forms:
        # Python reads no more than 4300 digits, and Go no more than ten.
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
            message = f"`{param.name}` must be a whole number, not `{text}`"
            return text, (Problem("EC103", message, param.name, hint="write digits only"),)
        value = int(text)
    return value, check_value(param, value, param.name)


def _secret(param: Param, text: str) -> tuple[object, tuple[Problem, ...]]:
    name = text[1:]
    if name.startswith("{") and name.endswith("}"):
        name = name[1:-1]
    check = FORMATS["variable"]
    if refused := check(name):
        message = f"`{param.name}` {refused.message}"
        return text, (Problem(refused.code, message, param.name, hint=refused.hint, redact=(name,)),)
    return Secret(name), ()


def _wrong(
    source: SourceFile, span: Span, message: str, hint: str, redact: tuple[str, ...] = ()
) -> Diagnostic:
    return Diagnostic(WRONG, ERROR, message, Location(source, span), hint=hint, redact=redact)


def _params(backend: Backend) -> tuple[Param, ...]:
    return (*backend.params, USE, KEY)


def _takes_list(param: Param) -> bool:
    return any(getattr(form, "__origin__", None) is list for form in getattr(param.type, "__args__", ()))


def _pattern(target: str) -> re.Pattern[str]:
    """Return what matches the labels that a target means."""
    if not target.startswith("//"):
        return re.compile(rf".*:{_globbed(target.removeprefix(':'))}", re.DOTALL)
    path, colon, function = target.rpartition(":")
    path, function = (path, function) if colon else (target, "*")
    if path.endswith("/..."):
        inside = _globbed(path.removesuffix("..."))
        # The folder itself counts too: `//team/...` has `//team:build`.
        where = inside + ".*" if path == "//..." else f"{inside.removesuffix('/')}(?:/.*)?"
    else:
        where = _globbed(path)
    return re.compile(f"{where}:{_globbed(function)}", re.DOTALL)


def _globbed(text: str) -> str:
    made, at = "", 0
    marks = {"**": ".*", "*": "[^/:]*", "?": "[^/:]"}
    for found in _GLOB.finditer(text):
        made += re.escape(text[at : found.start()]) + marks[found[0]]
        at = found.end()
    return made + re.escape(text[at:])


def _part(location: Location, text: str) -> Location:
    start = location.span.start
    return Location(location.source, Span(start, start + len(text)))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


# ---- changing ----


def _directions(call: RecordedCall, backend: Backend, made: Sequence[Override]) -> frozenset[Direction]:
    """Return the directions that a declaration has after some changes; both where it has none by then.

    A parameter that makes a direction, such as `dest` of a local cache, counts when it is set.
    """
    use = call.kwargs.get(USE.name)
    given = {*call.kwargs, *(param.name for param in backend.params[: len(call.args)])}
    for override in made:
        if override.param == USE.name:
            use = override.value
        elif override.value is None:
            given.discard(override.param)
        else:
            given.add(override.param)
    needed: dict[Direction, tuple[str, ...]] = {EXPORT: backend.exports_when, IMPORT: backend.imports_when}
    found: list[Direction] = [
        direction
        for direction, names in needed.items()
        if use in (None, BOTH, direction) and (not names or not given.isdisjoint(names))
    ]
    return frozenset(found or needed)


def _has_effect(override: Override, param: Param, directions: Iterable[Direction]) -> bool:
    """Say whether to make a change: to take away something needless does no harm."""
    return override.value is None or any(param.takes(direction) for direction in directions)


def _missing_direction(override: Override, declared: Iterable[str]) -> str:
    """Return the direction that alone takes a parameter, if caches are declared that have the parameter."""
    for name in declared:
        backend = _FUNCTIONS[name]
        param = backend.param(override.param)
        if param is not None and override.backend in (EVERY, backend.name):
            return param.direction
    return ""


def _changed(call: RecordedCall, backend: Backend, override: Override) -> RecordedCall:
    """Return a call with one parameter changed; the first one can be given by position."""
    name, value = override.param, override.value
    by_position = bool(call.args) and backend.params[0].name == name
    kwargs = dict(call.kwargs)
    if value is None:
        kwargs.pop(name, None)
        return call.replace(args=call.args[1:] if by_position else call.args, kwargs=kwargs)
    if override.adds:
        before = kwargs.get(name, [])
        value = [*(before if isinstance(before, list) else [before]), value]
    if by_position:
        return call.replace(args=(value, *call.args[1:]))
    return call.replace(kwargs={**kwargs, name: value})


def _one_way(call: RecordedCall, backend: Backend, made: Iterable[Override]) -> RecordedCall:
    """Leave out what the file says of the export, if a change makes an import of it, and the reverse.

    It has no effect any more, and the file is not to blame for it.
    """
    set_here = {override.param for override in made}
    use = call.kwargs.get(USE.name)
    if USE.name not in set_here or use in (None, BOTH):
        return call
    idle = {param.name for param in backend.params if param.direction not in (BOTH, use)} - set_here
    return call.replace(kwargs={name: value for name, value in call.kwargs.items() if name not in idle})
