"""Reads the snippet files: build files to show to both, envd and us.

A snippet starts with a comment that names it and ends at a line `---`. A line `=== NAME` in it starts
another file of the same snippet; the first is `build.envd`. The folder says what envd does with them:
its name ends in `_accepted` or `_refused`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "snippets"


@dataclass(frozen=True)
class Snippet:
    """One build file, perhaps with files that it loads."""

    topic: str
    name: str
    files: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return f"{self.topic}/{self.name}"

    def write(self, parent: Path) -> Path:
        """Write the files into a new folder, under a name that an image can have."""
        folder = parent / "app"
        folder.mkdir()
        for name, text in self.files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(text.encode(errors="surrogateescape"))
        return folder


def read(path: Path) -> list[Snippet]:
    """Return the snippets of one file."""
    found = []
    for chunk in path.read_text().split("\n---\n"):
        text = chunk.strip("\n") + "\n"
        first = text.partition("\n")[0]
        if not first.startswith("# "):
            raise ValueError(f"{path.name}: a snippet starts with its name, not with {first!r}")
        files, name, lines = [], "build.envd", list[str]()
        for line in text.splitlines(keepends=True):
            if line.startswith("=== "):
                files.append((name, "".join(lines)))
                name, lines = line[4:].strip(), []
            else:
                lines.append(line)
        files.append((name, "".join(lines)))
        found.append(Snippet(path.parent.name, first[2:], tuple(files)))
    return found


def every() -> list[Snippet]:
    """Return all snippets of the folder."""
    return [snippet for path in sorted(FOLDER.glob("*/*.txt")) for snippet in read(path)]
