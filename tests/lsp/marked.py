"""Sources with the cursor marked `<|>`, and a project of files in memory and on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envd_cache.lsp.session import Session

if TYPE_CHECKING:
    from pathlib import Path

    from envd_cache.lsp.document import Document

MARK = "<|>"


def marked(text: str) -> tuple[str, int]:
    """Return a text without its mark, and where the mark was."""
    assert text.count(MARK) == 1, text
    at = text.index(MARK)
    return text.replace(MARK, ""), at


class Desk:
    """An editor without a server: files on disk, some of them open."""

    def __init__(self, folder: Path, files: dict[str, str] | None = None) -> None:
        self.folder = folder
        (folder / ".git").mkdir(exist_ok=True)
        for name, text in (files or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        self.session = Session((str(folder),), "utf-16")
        for _ in self.session.project.scan():
            pass

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def open(self, text: str, name: str = "build.envd") -> Document:
        path = self.path(name)
        return self.session.open(f"file://{path}", path, text, 1)

    def at(self, text: str, name: str = "build.envd") -> tuple[Document, int]:
        """Open a text with a mark; return the document and the offset."""
        source, offset = marked(text)
        return self.open(source, name), offset
