"""A build file as files that plain envd reads: the same lines, without `cache`, and the same LLB.

envd (1.3.6) refuses a file that says `cache` anywhere, even in a function that nobody calls, because
names are resolved before anything runs. So each `cache.X` is replaced, where it stands, by an expression
that does what X did in the evaluation: nothing for a declaration, its answer for a fact. A `load` gets
the absolute path of what it loads, for envd looks for files in its working directory.

Other ways were tried and are worse. `cache = include("/a/repository")`, the only value of envd's whose
fields one can choose, starts the program `git`, so it fails where there is none; it leaves a clone in
`~/.cache/envd/envdlib`, of which an old one is used in silence when the repository was made anew; it
needs a statement before the first use, which a `def` on the first line leaves no room for. Names loaded
from a generated file need such a statement too, and a second file. All of them take the same time.

Where `cache` is a value (`c = cache`, `declare(cache)`), it becomes a dict, and every field that could be
one of its is looked up in the dict first. `str` and `==` of it are those of a dict, then.
"""

from __future__ import annotations

import os

from envd_cache.diagnostics import ERROR, Diagnostic, Result, has_errors
from envd_cache.engine.plain_edits import Change, Uses, changed, changes, uses_of, words
from envd_cache.engine.plain_glance import glance
from envd_cache.engine.plain_values import literal
from envd_cache.evaluate.bindings import bindings
from envd_cache.evaluate.loader import Files
from envd_cache.evaluate.prelude import NAMESPACE
from envd_cache.record import Record
from envd_cache.source import Location, SourceFile
from envd_cache.syntax import nodes
from envd_cache.syntax.scan import logical_lines, skeleton, unify_newlines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envd_cache.config import Root
    from envd_cache.engine.plain_glance import Glance
    from envd_cache.evaluate.model import Evaluation
    from envd_cache.source import Span

_LOADED = "loaded"
_INCLUDE = "include"


class PlainFile(Record):
    """A file to write: its path in the folder, with `/`, and its bytes."""

    path: str
    content: bytes


class Plain(Record):
    """What envd is given in place of a target.

    `entry` is the value of envd's `--from`; the first file is the build file. `names` are pairs: the
    absolute path of a file to write, and the path of the user's file that it stands for.
    """

    entry: str
    files: tuple[PlainFile, ...]
    names: tuple[tuple[str, str], ...]


class _File(Record):
    """A file that is reached: where it lies, its text, and what it loads: spans of paths and real paths.

    What it says of `cache` is seen at a glance, or in its tree; a file that says nothing has no tree.
    """

    path: str
    source: SourceFile
    glance: Glance | None
    tree: nodes.File | None
    uses: Uses
    loads: tuple[tuple[Span, str], ...]


def plain(evaluation: Evaluation, root: Root, folder: str) -> Result[Plain | None]:
    """Return the files for a target that was evaluated without an error; None with errors.

    `folder` is the absolute path of the folder that they will be written to: loads name it. They hold
    the answers of the facts that were read, so they are for this target in this environment. EC508 is
    what cannot be said to plain envd. Files are read, nothing is written.
    """
    if evaluation.source is None:
        return Result(None)
    files = Files(root.folder, evaluation.target.path)
    entry = os.path.abspath(evaluation.target.path)
    reached, diagnostics = _reached(files, entry, evaluation.source)
    if has_errors(diagnostics):
        return Result(None, diagnostics)
    diagnostics = tuple(_out_of_reach(evaluation, files, reached))
    using = words(evaluation.facts, as_value=any(file.uses.values for file in reached.values()))
    made: dict[str, tuple[Change, ...]] = {}
    for real, file in reached.items():
        if file.glance is not None:
            made[real] = tuple(
                [Change(at.start, at.end, using.members[name].text) for at, name in file.glance.calls]
            )
        elif file.tree is not None:
            found = changes(file.source, file.tree, file.uses, using)
            diagnostics += found.diagnostics
            made[real] = found.value
    if diagnostics:
        return Result(None, diagnostics)
    first = os.path.realpath(entry)
    # A file that needs no change is loaded from where it lies.
    written = {
        real: os.path.basename(entry) if real == first else f"{_LOADED}/{file.source.label[2:]}"
        for real, file in reached.items()
        if real == first or made.get(real) or file.loads
    }
    places = {
        real: f"{folder}/{written[real]}" if real in written else reached[real].path for real in reached
    }
    texts = [
        PlainFile(path, _text(reached[real], made.get(real, ()), places)) for real, path in written.items()
    ]
    names = [(places[real], reached[real].source.path) for real in written]
    return Result(Plain(f"{places[first]}:{evaluation.target.function}", tuple(texts), tuple(names)))


def write(plain: Plain, folder: str) -> None:
    """Write the files into a folder, which is made when it is not there; only its owner may read them.

    Raises OSError. What is in the way of a file is replaced.
    """
    for file in plain.files:
        path = os.path.join(folder, file.path)
        for part in (folder, os.path.dirname(path)):
            os.makedirs(part, mode=0o700, exist_ok=True)
        if os.path.lexists(path):
            os.unlink(path)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(file.content)


def _text(file: _File, made: tuple[Change, ...], places: dict[str, str]) -> bytes:
    loads = [Change(span.start, span.end, literal(places[real])) for span, real in file.loads]
    every = sorted((*made, *loads), key=lambda change: change.start)
    return changed(file.source.text, every).encode(errors="surrogateescape")


# ---- reading ----


def _reached(files: Files, path: str, source: SourceFile) -> tuple[dict[str, _File], tuple[Diagnostic, ...]]:
    """Return a file and what it loads, directly or not, by real path: one file is one module.

    Either a glance does for every file or trees are made, for `cache` as a value goes from file to file.
    """
    found = _followed(files, path, source, at_a_glance=True)
    return found or _followed(files, path, source, at_a_glance=False) or ({}, ())


def _followed(
    files: Files, path: str, source: SourceFile, *, at_a_glance: bool
) -> tuple[dict[str, _File], tuple[Diagnostic, ...]] | None:
    """Return what `_reached` does, None where a glance tells too little."""
    found: dict[str, _File] = {}
    diagnostics: tuple[Diagnostic, ...] = ()
    rest = [(path, source)]
    while rest:
        path, source = rest.pop()
        real = os.path.realpath(path)
        if real in found:
            continue
        seen = glance(source) if at_a_glance else None
        if at_a_glance and seen is None:
            return None
        tree = None
        if seen is None and (NAMESPACE in source.text or "load" in source.text):
            from envd_cache.syntax.parse import parse  # noqa: PLC0415 - lark, for few files

            parsed = parse(source)
            diagnostics += parsed.diagnostics
            tree = parsed.value
        loads: list[tuple[Span, str]] = []
        for span, module in seen.loads if seen else _loads(tree):
            resolved = files.resolve(module, source)
            read = files.read(resolved.value) if not resolved.diagnostics else Result(None)
            diagnostics += resolved.diagnostics + read.diagnostics
            if read.value is not None:
                loads.append((span, os.path.realpath(resolved.value)))
                rest.append((resolved.value, read.value))
        uses = uses_of(tree) if tree else Uses({})
        found[real] = _File(path, source, seen, tree, uses, tuple(loads))
    return found, diagnostics


def _loads(tree: nodes.File | None) -> list[tuple[Span, str]]:
    """Return the paths that a file loads, with their spans."""
    statements = tree.statements if tree else ()
    return [(node.module_span, node.module) for node in statements if isinstance(node, nodes.Load)]


# ---- what cannot be said ----


def _out_of_reach(evaluation: Evaluation, files: Files, reached: Mapping[str, _File]) -> Iterator[Diagnostic]:
    """Yield EC508 for each use of our `cache` in a file whose text envd takes as it is.

    These are files of included repositories, which envd fetches itself, and uses above the place where a
    file gives `cache` another meaning: envd takes all of them for that one.
    """
    binding = {file.source.label for file in reached.values() if _binds_cache(file.source)}
    includes = any(_INCLUDE in file.source.text for file in reached.values())
    if not binding and not includes:
        return
    known = {file.source.label for file in reached.values()} | _labels_of_default(
        files, evaluation.by_default
    )
    calls = [call.site for call in evaluation.calls if call.function.startswith(f"{NAMESPACE}.")]
    for site in (*calls, *(fact.site for fact in evaluation.facts)):
        where = site.location
        if where is None:
            continue
        if where.source.label not in known and _reads_a_field(where):
            message = "plain envd fetches an included repository by itself, and knows no `cache` in it"
            hint = "declare the cache in a file of this repository"
            yield Diagnostic("EC508", ERROR, message, where, hint=hint)
        elif where.source.label in binding and where.source.text.startswith(
            f"{NAMESPACE}.", where.span.start
        ):
            message = "the file gives `cache` another meaning, which plain envd takes for the whole file"
            yield Diagnostic("EC508", ERROR, message, where, hint="use another name for the other meaning")


def _labels_of_default(files: Files, defaults: str) -> set[str]:
    """Return the labels of the files that a repository's default is in: plain envd runs none of them."""
    path = files.resolve(defaults.rpartition(":")[0], SourceFile("", "")).value if defaults else ""
    source = files.read(path).value if path else None
    reached = _reached(files, path, source)[0] if source else {}
    return {file.source.label for file in reached.values()}


def _binds_cache(source: SourceFile) -> bool:
    if NAMESPACE not in source.text:
        return False
    text = unify_newlines(source.text)
    code = skeleton(text).code
    return any(found.name == NAMESPACE for found in bindings(text, code, logical_lines(code)))


def _reads_a_field(where: Location) -> bool:
    """Say whether a call is of the form `a.b(…)`; a function that was handed over works anywhere."""
    from envd_cache.syntax.calls import arguments_of  # noqa: PLC0415 - lark, for few files

    call = arguments_of(where.source, where.span)
    return call is None or isinstance(call.callee, nodes.Attribute)
