"""Three readers of comma-separated text, each as one tool has it. Nothing here writes such text.

Columns in messages count UTF-8 bytes from 1, as Go does.
"""

from __future__ import annotations

from typing import Literal

Dialect = Literal["go-csvvalue", "encoding-csv"]

BARE_QUOTE = 'bare " in non-quoted-field'
LOOSE_QUOTE = 'extraneous or missing " in quoted-field'


class WireError(ValueError):
    """The tool refuses the text; `str()` is what the tool says."""


def csv_fields(text: str, dialect: Dialect) -> list[str]:
    """Return the fields of one record, as buildctl and buildx (go-csvvalue) or envd (encoding-csv) read it.

    go-csvvalue takes the whole text as one record, without one line end at its end. encoding-csv reads
    the first record: empty lines before it are skipped, a CRLF is a LF, what follows it is never seen.
    """
    if dialect == "go-csvvalue":
        return _csvvalue(text)
    return _encoding_csv(text)


def _csvvalue(text: str) -> list[str]:
    if text.endswith("\r\n"):
        text = text[:-2]
    elif text.endswith("\n"):
        text = text[:-1]
    if not text:
        raise WireError("EOF")
    fields: list[str] = []
    at = 0
    while True:
        if not text.startswith('"', at):
            comma = text.find(",", at)
            end = len(text) if comma < 0 else comma
            quote = text.find('"', at, end)
            if quote >= 0:
                raise _parse_error(1, 1, text[:quote], BARE_QUOTE)
            fields.append(text[at:end])
            if comma < 0:
                return fields
            at = comma + 1
            continue
        at += 1
        field = ""
        while True:
            quote = text.find('"', at)
            if quote < 0:
                raise _parse_error(1, 1, text[:at], LOOSE_QUOTE)
            field += text[at:quote]
            at = quote + 1
            if text.startswith('"', at):
                field += '"'
                at += 1
            elif text.startswith(",", at):
                at += 1
                break
            elif at == len(text):
                return [*fields, field]
            else:
                raise _parse_error(1, 1, text[:quote], LOOSE_QUOTE)
        fields.append(field)


def _encoding_csv(text: str) -> list[str]:
    lines = _go_lines(text)
    number = next((i for i, line in enumerate(lines) if line not in ("", "\n")), None)
    if number is None:
        raise WireError("EOF")
    first, line, at = number + 1, lines[number], 0
    fields: list[str] = []
    while True:
        if not line.startswith('"', at):
            comma = line.find(",", at)
            end = len(line.removesuffix("\n")) if comma < 0 else comma
            quote = line.find('"', at, end)
            if quote >= 0:
                raise _parse_error(first, number + 1, line[:quote], BARE_QUOTE)
            fields.append(line[at:end])
            if comma < 0:
                return fields
            at = comma + 1
            continue
        at += 1
        field = ""
        while True:
            quote = line.find('"', at)
            if quote < 0 and at < len(line):
                field += line[at:]
                number += 1
                if number == len(lines):
                    raise _parse_error(first, number, line, LOOSE_QUOTE)
                line, at = lines[number], 0
                continue
            if quote < 0:
                raise _parse_error(first, number + 1, line[:at], LOOSE_QUOTE)
            field += line[at:quote]
            at = quote + 1
            if line.startswith('"', at):
                field += '"'
                at += 1
            elif line.startswith(",", at):
                at += 1
                break
            elif line[at:] in ("", "\n"):
                return [*fields, field]
            else:
                raise _parse_error(first, number + 1, line[:quote], LOOSE_QUOTE)
        fields.append(field)


def _go_lines(text: str) -> list[str]:
    """Split after each LF; CRLF becomes LF, and a CR that ends the text is dropped."""
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1].removesuffix("\r")
    return [line[:-2] + "\n" if line.endswith("\r\n") else line for line in lines if line]


def _parse_error(first: int, line: int, before: str, what: str) -> WireError:
    place = f"parse error on line {line}, column {len(before.encode()) + 1}: {what}"
    return WireError(place if first == line else f"record on line {first}; {place}")


def node_records(text: str) -> list[list[str]]:
    """Return the records of a text as csv-parse 4 to 7 for Node reads them with `relaxQuotes`.

    Options as docker/actions-toolkit sets them: no columns, any number of fields, empty lines skipped,
    the quote is `"`, no comments. The first line end outside quotes (CRLF, LF or CR) is the line end.
    """
    records: list[list[str]] = []
    record: list[str] = []
    field, quoting, quoted, line_end, at = "", False, False, "", 0
    while at < len(text):
        char = text[at]
        if not quoting and not line_end:
            line_end = _line_end(text, at)
        if quoting and text.startswith('""', at):
            field += '"'
            at += 2
            continue
        if char == '"' and quoting:
            quoting, quoted = False, True
            after = text[at + 1 : at + 2]
            if not line_end:
                line_end = _line_end(text, at + 1)
            if after in ("", ",", "\0") or (line_end and text.startswith(line_end, at + 1)):
                at += 1
                continue
            field = '"' + field  # not the end of the field after all: both quotes stay in it
        elif char == '"' and not field:
            quoting = True
            at += 1
            continue
        if not quoting and line_end and text.startswith(line_end, at):
            at += len(line_end)
            if quoted or record or field:
                records.append([*record, field])
            record, field, quoted = [], "", False
        elif not quoting and char == ",":
            record.append(field)
            field, quoted = "", False
            at += 1
        else:
            field += char
            at += 1
    if quoting:
        raise WireError("Quote Not Closed")
    if quoted or record or field:
        records.append([*record, field])
    return records


def _line_end(text: str, at: int) -> str:
    return next((end for end in ("\r\n", "\n", "\r") if text.startswith(end, at)), "")
