"""`envd-cache plain`: a build file without `cache`, as plain envd reads it."""

from __future__ import annotations

import os

from envd_cache.cli import process
from envd_cache.config import find_root
from envd_cache.diagnostics import has_errors, in_order
from envd_cache.engine.plain import plain as plain_of
from envd_cache.engine.plain import write as write_files
from envd_cache.pipeline import plans

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envd_cache.cli.options import Values
    from envd_cache.diagnostics import Diagnostic
    from envd_cache.engine.plain import Plain


def plain(values: Values) -> int:
    """Run the command and return the exit code.

    Without a folder the build file goes to standard output. That works when no file that it loads has to
    change: such a file is loaded from where it lies.
    """
    output = process.text(values, "output")
    folder = os.path.abspath(output)
    if ":" in folder and output:
        raise process.UsageError(f"--output {output}: envd takes what follows a `:` for a function")
    if output and os.path.lexists(folder) and (not os.path.isdir(folder) or os.listdir(folder)):
        raise process.UsageError(f"--output {output}: name a new or an empty folder")
    made, diagnostics = _made(values, folder)
    if made is not None and not output and len(made.files) > 1:
        loaded = ", ".join([f"`{shown}`" for _, shown in made.names[1:]])
        raise process.UsageError(f"plain envd cannot load {loaded} either; write all files with --output DIR")
    if made is not None and output:
        _write(made, folder, output)
    if made is not None and values.get("format") == "json":
        return process.write(_document(made, diagnostics), "")
    code = process.report(diagnostics, values)
    if made is not None and not output:
        code = process.write(made.files[0].content, "") or code
    return code


def _made(values: Values, folder: str) -> tuple[Plain | None, tuple[Diagnostic, ...]]:
    """Return the files of the target that a call names, None after an error."""
    during = process.open_session(values)
    (target,), diagnostics = process.chosen_targets({**values, "all": None}, during)
    run = plans((target,), during)
    diagnostics += run.diagnostics
    if has_errors(diagnostics):
        return None, in_order(diagnostics)
    root = find_root(os.path.dirname(os.path.abspath(target.path)))
    found = plain_of(run.value[0].evaluation, root.value, folder)
    return found.value, in_order(diagnostics + found.diagnostics)


def _write(made: Plain, folder: str, output: str) -> None:
    try:
        write_files(made, folder)
    except OSError as error:
        raise process.UsageError(f"`{output}` cannot be written: {error.strerror}") from None


def _document(made: Plain, diagnostics: Sequence[Diagnostic]) -> str:
    from envd_cache.cli.data import VERSION  # noqa: PLC0415 - only for JSON
    from envd_cache.emit.jsontext import dumps  # noqa: PLC0415 - only for JSON
    from envd_cache.report.data import diagnostics_data  # noqa: PLC0415 - only for JSON

    content = {
        "version": VERSION,
        "from": made.entry,
        "files": [
            {"path": file.path, "of": shown, "content": file.content.decode(errors="surrogateescape")}
            for file, (_, shown) in zip(made.files, made.names, strict=True)
        ],
        "diagnostics": diagnostics_data(diagnostics),
    }
    return dumps(content) + "\n"
