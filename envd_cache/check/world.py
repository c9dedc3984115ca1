"""What build files ask of the world, each question answered once for all files of a repository."""

from __future__ import annotations

import os
from hashlib import blake2b

from envd_cache.evaluate.facts import known, variable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.evaluate.facts import Answer, Facts

DIGEST_SIZE = 16


class World:
    """The answers to what build files ask, by name and argument; git is asked once a repository."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._answers: dict[tuple[str, str, str], Answer | None] = {}
        self._digests: dict[tuple[str, str, str], bytes] = {}
        self._repositories: dict[str, str] = {}
        self._real: dict[str, str] = {}
        self._last = "", ""

    def answer(self, name: str, argument: str, folder: str) -> Answer | None:
        """Return what `facts.known` or `facts.variable` says; `folder` is where git would be asked."""
        if name == "env":
            return variable(self.facts, argument)
        key = name, argument, self.repository(folder)
        if key not in self._answers:
            self._answers[key] = known(self.facts, name, folder)
        return self._answers[key]

    def digest(self, name: str, argument: str, folder: str) -> bytes:
        """Return what tells one answer from another, without being the answer: b"" when nobody knows.

        Of a secret that is whether it is set.
        """
        if name == "secret":
            return b"set" if argument in self.facts.environ else b""
        key = name, argument, "" if name == "env" else self.repository(folder)
        if key not in self._digests:
            answer = self.answer(name, argument, folder)
            self._digests[key] = b"" if answer is None else digest(f"{answer.origin}\0{answer.value}")
        return self._digests[key]

    def repository(self, folder: str) -> str:
        """Return the top of the git repository around an absolute folder, or of the file system."""
        found = self._repositories.get(folder)
        if found is None:
            parent = folder.rpartition("/")[0] or "/"
            here = parent == folder or os.path.lexists(f"{folder}/.git")
            found = self._repositories[folder] = folder if here else self.repository(parent)
        return found

    def real(self, path: str) -> str:
        """Return an absolute path of a file with all links followed; what was asked last is remembered."""
        if path != self._last[0]:
            if os.path.islink(path):
                real = os.path.realpath(path)
            else:
                folder, _, name = path.rpartition("/")
                real = f"{self.real_folder(folder or '/').rstrip('/')}/{name}"
            self._last = path, real
        return self._last[1]

    def real_folder(self, folder: str) -> str:
        """Return an absolute folder with all links followed; each is looked at once."""
        found = self._real.get(folder)
        if found is None:
            parent, _, name = folder.rpartition("/")
            if not parent or os.path.islink(folder):
                found = os.path.realpath(folder)
            else:
                found = f"{self.real_folder(parent).rstrip('/')}/{name}"
            self._real[folder] = found
        return found


def digest(text: str) -> bytes:
    """Return the digest of a text, equal for equal texts."""
    return digest_of(text.encode(errors="surrogatepass"))


def digest_of(content: bytes) -> bytes:
    """Return the digest of some bytes, the same as that of the text which they spell."""
    return blake2b(content, digest_size=DIGEST_SIZE).digest()


def signature(path: str) -> tuple[int, ...] | None:
    """Return what changes whenever a file is written, as the system tells without reading it.

    The time of the last change of the inode is in it, which no program can set back. None without a file.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
