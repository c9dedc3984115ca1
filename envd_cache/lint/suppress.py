"""Comments that allow a finding, in three forms.

    # envd-cache: allow-file(rule-name)       in front of the first statement: the whole file
    # envd-cache: allow(rule-name, EC301)     on a line of its own: the statement or block below it
    cache.gha()  # envd-cache: allow(...)     behind a statement: that statement, or the block it begins

A name is a rule's, or one of `envd_cache.codes`; a code does as well. What stands behind the bracket is free
for a reason. Errors of the language itself (EC0xx to EC2xx that stop a compile) are not allowed away. What
allows nothing is a finding too, and so is a name that nobody knows, and a comment that only looks like one.
"""

from __future__ import annotations

import re

from envd_cache.diagnostics import Edit, Fix, suggestion
from envd_cache.record import Record
from envd_cache.source import Location, Span
from envd_cache.syntax.walk import statements_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from envd_cache.diagnostics import Diagnostic
    from envd_cache.source import SourceFile
    from envd_cache.syntax.nodes import Comment, File, Node

_NAME = "envd-cache"
_LINE_END = re.compile(r"\r\n?|\n")
_FORM = re.compile(r"#\s*envd-cache:\s*(allow-file|allow)(?![\w-])\s*(\(([^()]*)\))?")
# What a person may write who means an allowance: another word in front of brackets or of a name, or no colon.
_WORDS = (
    r"(?:allow|ignore|disable|suppress|skip|permit|exclude|noqa|nolint|off)(?:[-_](?:file|line|next-line))?"
)
_LIKE = re.compile(
    rf"#\s*envd-cache(?:(:)\s*(?:(\w[\w-]*)\(|({_WORDS})(?:\s*[(\[=:]|\s+(?:EC\d|[a-z]+-[a-z-]+\s*$)|\s*$))"
    rf"|\s*:?\s*({_WORDS})\s*\()",
    re.IGNORECASE,
)
_COMMENT = re.compile(rf"#\s*envd-cache(?:\s*:|\s+{_WORDS}\s*\()", re.IGNORECASE)


class Allowance(Record, apart=("chance",)):
    """One name of one comment: what it allows, where it is written, and what it covers, in code points.

    All fields are plain values, so that it may be kept on disk. `problem` says what is wrong with the
    comment, "" when nothing is. `of_file`: it covers the whole file, and what is found in no place of it.
    `chance` is one of those of `lint.chance`: whether it could have allowed something in one run.
    """

    path: str
    label: str
    name: str
    start: int
    end: int
    covers_start: int
    covers_end: int
    problem: str = ""
    of_file: bool = False
    chance: int = 0


class Kept(Record):
    """The diagnostics that nobody allowed, all allowances of the files, and those that were used."""

    diagnostics: tuple[Diagnostic, ...]
    allowances: tuple[Allowance, ...] = ()
    used: frozenset[Allowance] = frozenset()


def allowances_of(source: SourceFile) -> tuple[Allowance, ...]:
    """Return what the comments of a file allow; nothing for a file that cannot be read."""
    if not may_allow(source):
        return ()
    from envd_cache.syntax.parse import parse  # noqa: PLC0415 - loads lark

    tree = parse(source).value
    if tree is None:
        return ()
    return tuple([one for comment in tree.comments for one in _allowances(source, tree, comment)])


def may_allow(source: SourceFile) -> bool:
    """Say whether a file may have such comments: without a parser, and never False for one that has."""
    return _NAME in source.text and _COMMENT.search(source.text) is not None


def keep(
    diagnostics: Iterable[Diagnostic],
    allowances: Iterable[Allowance],
    aliases: Mapping[str, str],
    may_be_allowed: Callable[[Diagnostic], bool],
) -> Kept:
    """Return the diagnostics that no allowance covers. `aliases` gives the name of each code."""
    known = tuple(allowances)
    by_label: dict[str, list[Allowance]] = {}
    by_path: dict[str, list[Allowance]] = {}
    for allowance in known:
        if not allowance.problem:
            by_label.setdefault(allowance.label, []).append(allowance)
        if allowance.of_file:
            by_path.setdefault(allowance.path, []).append(allowance)
    kept: list[Diagnostic] = []
    used: set[Allowance] = set()
    for found in diagnostics:
        where = found.location
        over = by_label.get(where.source.label) if where else by_path.get(found.path)
        if not over or not may_be_allowed(found):
            kept.append(found)
            continue
        name = aliases.get(found.code, "")
        by = [
            allowance
            for allowance in over
            if allowance.name in (found.code, name)
            and (where is None or allowance.covers_start <= where.span.start < allowance.covers_end)
        ]
        used.update(by)
        if not by:
            kept.append(found)
    return Kept(tuple(kept), known, frozenset(used))


def unknown_names(allowance: Allowance, known: Collection[str]) -> str:
    """Return the hint for a name that is no rule's, "" when it is one."""
    if allowance.name in known:
        return ""
    return suggestion(allowance.name, known, "`envd-cache explain EC301` shows a rule and its name")


def location_in(source: SourceFile, allowance: Allowance) -> Location:
    """Return where an allowance is written."""
    return Location(source, Span(allowance.start, allowance.end))


def without(source: SourceFile, allowance: Allowance) -> Fix | None:
    """Return the fix that takes a name out of its comment, or the comment out of the file with its last name.

    What else the comment says stays. Safe: a comment does nothing.
    """
    text = source.text
    start = text.rfind("#", 0, allowance.start)
    broken = _LINE_END.search(text, start)
    end = broken.start() if broken else len(text)
    form = _FORM.match(text, start, end)
    if form is None or form[3] is None:
        return None
    names = [name.strip() for name in form[3].split(",")]
    others = [name for name in names if name and name != allowance.name]
    title = f"remove `{allowance.name}`"
    if others:
        written = text[start : form.start(3)] + ", ".join(others) + text[form.end(3) : end]
    elif text[form.end() : end].strip():
        written = "# " + text[form.end() : end].strip().removeprefix("#").strip()
    else:
        written = ""
        before = text[:start].rstrip(" \t")
        # With a line of its own the comment takes the line along.
        if broken and (not before or before[-1] in "\r\n"):
            end = broken.end()
        start = len(before)
    return Fix(title, (Edit(Location(source, Span(start, end)), written),))


# ---- comments ----


def _allowances(source: SourceFile, tree: File, comment: Comment) -> list[Allowance]:
    form = _FORM.search(comment.text)
    like = None if form else _LIKE.search(comment.text)
    found = form or like
    if found is None:
        return []
    begin = comment.span.start + found.start()
    whole = (begin, comment.span.start + len(comment.text[: found.end()].rstrip(" \t(")))

    def made(name: str, where: tuple[int, int], covers: Span | None, problem: str = "") -> Allowance:
        covered = covers or Span(0, 0)
        of_file = form is not None and form[1] == "allow-file" and not problem
        return Allowance(
            source.path, source.label, name, *where, covered.start, covered.end, problem, of_file
        )

    if form is None:
        word = found[2] or found[3]
        problem = f"`{word}` allows nothing" if word else "there is no `envd-cache:` in front of `{}`"
        return [made("", whole, None, problem.format(found[4]))]
    if form[2] is None or not form[3].strip():
        return [made("", whole, None, f"`{form[1]}` needs the names of rules in brackets")]
    if form[1] == "allow-file":
        if tree.statements and tree.statements[0].span.start < begin:
            return [made("", whole, None, "`allow-file` must stand in front of the first statement")]
        covers: Span | None = Span(0, len(source.text) + 1)
    else:
        covers = _covered(source, tree, comment)
    allowances = []
    at = comment.span.start + form.start(3)
    for part in form[3].split(","):
        name = part.strip()
        start = at + len(part) - len(part.lstrip())
        at += len(part) + 1
        if name:
            allowances.append(made(name, (start, start + len(name)), covers))
    return allowances


def _covered(source: SourceFile, tree: File, comment: Comment) -> Span | None:
    """Return the span of the statements that a comment speaks of, None when there are none."""
    at = comment.span.start
    line = _line_start(source, at)
    own_line = not source.text[line:at].strip()
    around = _innermost(tree.statements, at, at + 1)
    if around and not statements_of(around[-1]) and around[-1].span.end > at:
        return around[-1].span  # inside the brackets of a statement
    if not own_line:
        on_line = _innermost(tree.statements, line, at)
        return Span(on_line[0].span.start, on_line[-1].span.end) if on_line else None
    following: Node | None = None
    rest = list(tree.statements)
    while rest:
        node = rest.pop()
        if node.span.start > at and (following is None or node.span.start < following.span.start):
            following = node
        rest += statements_of(node)
    if following is None:
        return None
    start = following.span.start
    indent = start - _line_start(source, start)
    # A comment that is indented deeper is the end of a block, not the head of what comes next.
    return following.span if at - line <= indent else None


def _line_start(source: SourceFile, at: int) -> int:
    return max(source.text.rfind("\n", 0, at), source.text.rfind("\r", 0, at)) + 1


def _innermost(statements: tuple[Node, ...], start: int, end: int) -> list[Node]:
    """Return the statements that a range touches and in which no other statement is touched."""
    found: list[Node] = []
    for node in statements:
        if node.span.start < end and start < node.span.end:
            inner = _innermost(statements_of(node), start, end) if statements_of(node) else []
            found += inner or [node]
    return found
