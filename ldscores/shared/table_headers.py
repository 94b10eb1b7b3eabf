"""The header line of a text table: its column names and what separates them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pyarrow as pa

from ldscores.shared.binary_kinds import describe_binary
from ldscores.shared.errors import InputError
from ldscores.shared.streams import open_stream, reading

#: Separator that stands for any run of blanks and tabs, as in LDSC's readers.
WHITESPACE = "whitespace"


def read_header(path: str | os.PathLike[str], comment: str | tuple[str, ...] | None = None) -> tuple[list[str], str]:
    """Column names of a text table and its separator (a tab, a comma, a semicolon or :data:`WHITESPACE`).

    Lines that begin with ``comment`` are passed over.  The names are as they stand in the file, without a byte order
    mark and quotation marks.  The separator is the one that gives the next line as many fields as the header, and of
    several such the one with most fields; a tab in the header separates unless only blanks do so throughout.
    """
    path = Path(path)
    lines, _ = _first_lines(path, comment)
    separator = _separator(*lines)
    return [field.strip().strip('"') for field in split_line(lines[0], separator)], separator


def split_line(line: str, separator: str) -> list[str]:
    """The fields of a line."""
    return line.split(None if separator == WHITESPACE else separator)


def _separator(header: str, row: str = "") -> str:
    # Of equals the first wins.
    candidates = [mark for mark in ("\t", WHITESPACE, ",", ";") if len(split_line(header, mark)) > 1]

    def merit(mark: str) -> tuple[bool, bool, int]:
        n_fields = len(split_line(header, mark))
        return (not row.strip() or len(split_line(row, mark)) == n_fields, mark == "\t", n_fields)

    return max(candidates, key=merit, default=WHITESPACE)


def is_number(word: str) -> bool:
    """Whether a word is a number: where a header should be, the first line has values already."""
    try:
        float(word)
    except ValueError:
        return False
    return True


def count_comments(path: Path, comment: str | tuple[str, ...] | None) -> int:
    """Lines of comments before the header."""
    return _first_lines(path, comment)[1]


def _first_lines(path: Path, comment: str | tuple[str, ...] | None) -> tuple[list[str], int]:
    """The header line with the line after it, if any, and the number of comment lines before it."""
    found: list[str] = []
    n_before = 0
    with reading(path), open_stream(path) as stream:
        for raw in _lines(stream):
            if found:
                # What is no UTF-8 here is the parser's to refuse.
                return [*found, raw.decode("utf-8", "replace").rstrip("\r\n")], n_before
            no_text = describe_binary(path, raw)
            if no_text is not None:
                raise InputError(f"{path}: {no_text}")
            text = raw.decode("utf-8-sig").rstrip("\r\n")
            if comment is not None and text.startswith(comment):
                n_before += 1
            elif text.strip():
                found.append(text)
            else:
                break
    if not found:
        raise InputError(f"{path}: found no header line; expected column names in the first line; add them")
    return found, n_before


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Lines of the beginning of a stream (Arrow's streams have no readline)."""
    if hasattr(stream, "readline") and not isinstance(stream, pa.NativeFile):
        yield from iter(stream.readline, b"")
        return
    yield from stream.read(1 << 20).splitlines(keepends=True)
