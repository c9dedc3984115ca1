"""Reads case files: many small build files in one file, each with the findings it must have.

    # args: --strict
    # facts: branch=main env.HOME=/root
    def build():
        cache.registry(ref="r", mode="MAX")   ### EC101 "`mode` is \\"min\\" or \\"max\\""
    ---
    load("caches.envd", "team")
    # file: caches.envd
    def team(): pass

A line `---` ends a case. `# args:` and `# facts:` stand at the top of a case, `# file:` before each file
but the first, which is `build.envd` unless it has one too. These lines and the empty lines above them are
not part of the files; everything else is, the expectations included. A message is a JSON string.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

_SEPARATOR = "---"
_HEADER = re.compile(r"#\s*(file|facts|args):(.*)")
_FINDING = re.compile(r'\s*### (EC\d{3}) ("(?:[^"\\]|\\.)*")')


class Expected(NamedTuple):
    """One finding; `line` counts from 1 in the file as it is written."""

    file: str
    line: int
    code: str
    message: str


@dataclass
class Case:
    """One chunk. `name` is FILE:LINE of its first line, for people and for `pytest -k`."""

    name: str
    files: dict[str, str] = field(default_factory=dict)
    expected: list[Expected] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    args: list[str] = field(default_factory=list)

    def write(self, folder: Path) -> Path:
        """Write the files into a folder and return the path of the first."""
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        return folder / next(iter(self.files))


def read_cases(path: Path) -> list[Case]:
    """Return the cases of a file. A file that breaks the format raises ValueError with the line."""
    return parse_cases(path.read_bytes().decode(), path.name)


def parse_cases(text: str, name: str = "cases") -> list[Case]:
    """Return the cases of a text; `name` is what the names of the cases and the errors begin with."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    cases: list[Case] = []
    start = 0
    for end in [*(i for i, line in enumerate(lines) if line.rstrip("\r") == _SEPARATOR), len(lines)]:
        cases.append(_case(lines[start:end], name, start + 1))
        start = end + 1
    return cases


def _case(lines: list[str], name: str, first: int) -> Case:
    case = Case(f"{name}:{first}")
    body: dict[str, list[str]] = {}
    current: list[str] | None = None
    for number, line in enumerate(lines, first):
        header = _HEADER.fullmatch(line.rstrip("\r"))
        where = f"{name}:{number}"
        if header is None:
            if current is None and line.strip():
                current = body.setdefault("build.envd", [])
            if current is not None:
                current.append(line)
        elif header[1] == "file":
            current = body[_file_name(header[2].strip(), body, where)] = []
        elif current is not None:
            raise ValueError(f"{where}: `# {header[1]}:` stands at the top of a case")
        elif header[1] == "args":
            case.args += shlex.split(header[2])
        else:
            case.facts |= _facts(header[2], where)
    if not body:
        raise ValueError(f"{name}:{first}: an empty case")
    for file, content in body.items():
        case.files[file] = "".join(f"{line}\n" for line in content)
        for number, line in enumerate(content, 1):
            case.expected += _findings(file, number, line, case.name)
    return case


def _file_name(file: str, known: dict[str, list[str]], where: str) -> str:
    path = PurePosixPath(file)
    if not file or path.is_absolute() or ".." in path.parts or str(path) != file:
        raise ValueError(f"{where}: not a path inside the folder of the case: {file!r}")
    if file in known:
        raise ValueError(f"{where}: a second file {file!r}")
    return file


def _facts(text: str, where: str) -> dict[str, str]:
    pairs = [item.partition("=") for item in shlex.split(text)]
    if not all(equals for _, equals, _ in pairs):
        raise ValueError(f"{where}: facts are NAME=VALUE")
    return {fact: value for fact, _, value in pairs}


def _findings(file: str, number: int, line: str, case: str) -> list[Expected]:
    start = line.find("###")
    if start < 0:
        return []
    findings: list[Expected] = []
    at = start
    while found := _FINDING.match(line, at):
        findings.append(Expected(file, number, found[1], json.loads(found[2])))
        at = found.end()
    if line[at:].strip():
        raise ValueError(f'{case}: line {number} of {file}: not `### EC000 "text"`: {line[at:].strip()}')
    return findings
