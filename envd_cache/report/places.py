"""Where files lie for readers of a report: paths from the root of the repository, and URIs of them."""

from __future__ import annotations

import os

from envd_cache.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.diagnostics import Diagnostic


class Paths(Record):
    """How paths become those that a reader knows.

    Diagnostics have paths as the person gave them, from `folder` if they are not absolute; a service wants
    them from `root`. Both are absolute; where they are "", a path stays as it is.
    """

    folder: str = ""
    root: str = ""

    def shown(self, path: str) -> str:
        """Return a path from the root, with `/`; one outside of it as an absolute path."""
        if self.folder and self.root:
            absolute = os.path.normpath(os.path.join(self.folder, path))
            inside = os.path.relpath(absolute, self.root)
            path = absolute if inside == ".." or inside.startswith(f"..{os.sep}") else inside
        return path.replace(os.sep, "/")

    def uri(self, path: str) -> str:
        """Return the URI of a path: relative for one in the root, else a `file:` URI."""
        from urllib.parse import quote  # noqa: PLC0415 - only for one report

        shown = self.shown(path)
        # A path is bytes, and need not be text.
        quoted = quote(os.fsencode(shown))
        if shown.startswith("/"):
            return f"file://{quoted}"
        # What stands before a colon would be a scheme.
        return f"./{quoted}" if "%3A" in quoted.partition("/")[0] else quoted


def file_of(diagnostic: Diagnostic) -> str:
    """Return the path of the file that a problem is in, "" for none."""
    return diagnostic.location.source.path if diagnostic.location else diagnostic.path
