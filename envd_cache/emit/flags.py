"""Command-line flags: for buildctl, docker buildx and envd, which differ in names and limits only.

One line, quoted for a POSIX shell, so that both `eval "docker buildx build $(…) ."` and `xargs` work;
or NUL-separated arguments for programs.
"""

from __future__ import annotations

from envd_cache.catalog.model import Secret
from envd_cache.emit.wire import csv, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.emit.registry import Options
    from envd_cache.emit.wire import Text, WirePlan

_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-")


def emit(plans: tuple[WirePlan, ...], options: Options) -> str | bytes:
    """Return the flags of one target on one line, or of several, each below a comment with its label."""
    client = options.client
    if client is None:
        raise ValueError("flags need a client")
    if options.null:
        words = [word for plan in plans for word in arguments(plan, client.export_flag, client.import_flag)]
        return b"".join([plain(word).encode(errors="surrogateescape") + b"\0" for word in words])
    lines = []
    for plan in plans:
        if options.keyed:
            lines.append(f"# {plan.label}\n")
        if words := arguments(plan, client.export_flag, client.import_flag):
            lines.append(" ".join([shell_word(word) for word in words]) + "\n")
    return "".join(lines)


def arguments(plan: WirePlan, export_flag: str, import_flag: str) -> list[Text]:
    """Return a plan as arguments of a program: each flag, and its value."""
    words: list[Text] = []
    for flag, entries in ((export_flag, plan.exports), (import_flag, plan.imports)):
        for entry in entries:
            words += [(flag,), csv(entry)]
    return words


def shell_word(text: Text) -> str:
    """Return a text as one word of a POSIX shell; a secret is a reference that the shell expands."""
    if not any(isinstance(piece, Secret) for piece in text):
        whole = plain(text)
        if whole and _SAFE.issuperset(whole):
            return whole
        return "'" + whole.replace("'", "'\"'\"'") + "'"
    pieces = [f"${piece.name}" if isinstance(piece, Secret) else _in_double_quotes(piece) for piece in text]
    return '"' + "".join(pieces) + '"'


def _in_double_quotes(text: str) -> str:
    for mark in ("\\", '"', "$", "`"):
        text = text.replace(mark, "\\" + mark)
    return text
