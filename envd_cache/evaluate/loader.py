"""Finds and reads files: labels to paths, nothing outside the root, nothing that is not UTF-8 text."""

from __future__ import annotations

import os
import stat

from envd_cache.diagnostics import ERROR, Diagnostic, Result, did_you_mean
from envd_cache.source import BUILD_FILE, Location, SourceFile, Span, lies_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envd_cache.config import Config

# A build file of ten thousand declarations has 0.8 MB.
MAX_BYTES = 2 * 1024 * 1024

_ENDING = ".envd"


class Files:
    """Reads the files of one repository, each once.

    `folder` is the root, `start` the path of the build file as the person gave it: other files are shown
    relative to it, so that a message can be followed from where the person stands.
    """

    def __init__(self, folder: str, start: str) -> None:
        self.folder = folder
        self._real_root = os.path.realpath(folder)
        self._start = start
        self._start_folder = os.path.dirname(os.path.abspath(start))
        self._read: dict[str, Result[SourceFile | None]] = {}

    def label(self, path: str) -> str:
        """Return `//folder/file` for an absolute path in the root, else the path itself."""
        return label_of(path, self.folder)

    def shown(self, path: str) -> str:
        """Return an absolute path as the person would write it."""
        if path == os.path.abspath(self._start):
            return self._start
        relative = os.path.relpath(path, self._start_folder)
        return os.path.normpath(os.path.join(os.path.dirname(self._start), relative))

    def resolve(self, module: str, importer: SourceFile) -> Result[str]:
        """Return the absolute path that a `load` names.

        `//file` starts at the root, anything else at the folder of the loading file. Links are followed
        before it is decided whether the file lies in the root.
        """
        if module.startswith("//"):
            path = os.path.join(self.folder, module[2:].lstrip("/"))
        else:
            base = importer.label.removeprefix("//")
            path = os.path.join(self.folder, os.path.dirname(base), module)
        path = os.path.normpath(path)
        if "\0" in module:
            return Result("", (Diagnostic("EC001", ERROR, "the path holds a NUL character"),))
        if "://" in module or module.startswith("git@"):
            message = f"`load` reads files of this repository, not `{module}`"
            return Result(
                "", (Diagnostic("EC012", ERROR, message, hint="use `include` for a git repository"),)
            )
        real = os.path.realpath(path)
        outside = refused_outside(module, real, self._real_root)
        return Result("" if outside else path, outside)

    def read(self, path: str) -> Result[SourceFile | None]:
        """Return a file's text, or None and why it cannot be read."""
        path = os.path.abspath(path)
        if path not in self._read:
            self._read[path] = read_source(path, self.shown(path), self.label(path))
        return self._read[path]


def read_default(files: Files, config: Config) -> Result[tuple[str, SourceFile] | None]:
    """Return the file of a repository's default, with its absolute path, or why it cannot be read."""
    resolved = files.resolve(config.defaults.rpartition(":")[0], SourceFile(config.path, ""))
    if resolved.diagnostics:
        return Result(None, tuple([problem.replace(path=config.path) for problem in resolved.diagnostics]))
    read = files.read(resolved.value)
    if read.value is None:
        hint = f"`defaults` in {config.path} names it"
        return Result(None, tuple([one.replace(hint=one.hint or hint) for one in read.diagnostics]))
    return Result((resolved.value, read.value))


def default_hint(config: Config) -> str:
    """Return the hint for a default that is no target."""
    return f"{config.path} names it as the default"


def refused_outside(shown: str, real: str, real_root: str) -> tuple[Diagnostic, ...]:
    """Return what to say of a file that does not lie in the root of its repository, links followed."""
    if lies_in(real, real_root):
        return ()
    hint = "only files below the root of the repository are read, links followed"
    return (Diagnostic("EC012", ERROR, f"`{shown}` lies outside the repository", hint=hint),)


def relative_path(path: str, folder: str) -> str:
    """Return an absolute path as it is written in an absolute folder."""
    start = folder.rstrip(os.sep) + os.sep
    return path[len(start) :] if path.startswith(start) else os.path.relpath(path, folder)


def label_of(path: str, folder: str) -> str:
    """Return `//folder/file` for an absolute path in a root, else the path itself."""
    relative = relative_path(path, folder)
    outside = relative == os.pardir or relative.startswith(os.pardir + os.sep)
    return path if outside else "//" + relative.replace(os.sep, "/")


def read_source(path: str, shown: str, label: str) -> Result[SourceFile | None]:
    """Return a text file of at most 2 MiB of UTF-8 without a byte order mark or NUL."""

    def refused(code: str, message: str, hint: str = "") -> Result[SourceFile | None]:
        return Result(None, (Diagnostic(code, ERROR, message, path=shown, hint=hint),))

    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            inside = os.path.join(shown, BUILD_FILE)
            there = os.path.isfile(os.path.join(path, BUILD_FILE))
            hint = f"did you mean `{inside}`?" if there else "name a build file"
            return refused("EC001", f"`{shown}` is a folder", hint)
        if not stat.S_ISREG(status.st_mode):
            return refused("EC001", f"`{shown}` is not a regular file")
        if status.st_size > MAX_BYTES:
            hint = f"a build file has at most {MAX_BYTES // 1024 // 1024} MiB"
            return refused("EC003", f"`{shown}` is too large: {status.st_size} bytes", hint)
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        if os.path.islink(path):
            hint = f"it leads to `{os.readlink(path)}`; mend the link, or remove it"
            return refused("EC001", f"`{shown}` is a link to nothing", hint)
        return refused("EC001", f"`{shown}` does not exist", _near(path, shown))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return refused("EC001", f"`{shown}` cannot be read: {reason}")
    if len(data) > MAX_BYTES:
        return refused("EC003", f"`{shown}` is too large")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        source = SourceFile(shown, before + data[error.start :].decode(errors="replace"), label)
        message = f"the file is not UTF-8: byte 0x{data[error.start]:02x}"
        return Result(None, _refused_at(source, len(before), message, "save the file as UTF-8"))
    source = SourceFile(shown, text, label)
    wrong = refused_text(source)
    return Result(None if wrong else source, wrong)


def refused_text(source: SourceFile) -> tuple[Diagnostic, ...]:
    """Return why a text cannot be that of a build file: it starts with a byte order mark, or has a NUL."""
    if source.text.startswith("\ufeff"):
        return _refused_at(
            source, 0, "the file starts with a byte order mark", "save the file as UTF-8 without BOM"
        )
    nul = source.text.find("\0")
    if nul >= 0:
        return _refused_at(source, nul, "the file holds a NUL character", "is it a text file?")
    return ()


def _near(path: str, shown: str) -> str:
    """Return a hint for a file that is not there: one with nearly its name, else those in its folder."""
    folder = os.path.dirname(path)
    try:
        stems = sorted(name[: -len(_ENDING)] for name in os.listdir(folder) if name.endswith(_ENDING))
    except OSError:
        return f"there is no folder `{os.path.dirname(shown)}`"
    beside = os.path.dirname(shown)
    if near := did_you_mean(os.path.basename(path).removesuffix(_ENDING), stems):
        return f"did you mean `{os.path.join(beside, near + _ENDING)}`?"
    if stems:
        listed = ", ".join(f"`{os.path.join(beside, stem + _ENDING)}`" for stem in stems[:3])
        return f"its folder has {listed}{' and more' if len(stems) > 3 else ''}"
    return "there is no `.envd` file in its folder; name another one, as FILE or FILE:FUNCTION"


def _refused_at(source: SourceFile, at: int, message: str, hint: str) -> tuple[Diagnostic, ...]:
    return (Diagnostic("EC002", ERROR, message, Location(source, Span(at, at + 1)), hint=hint),)
