"""What is inside: hashes of content that hold whatever the archive and the compression.

A publisher may pack the same table in another archive tomorrow.  A hash by *content* names a file without its
compression, ``22.l2.M_5_50``, and is the SHA-256 of the decompressed bytes.  Where copies of a table differ in columns
that no fit reads, the name goes on with the columns that count, ``22.l2.ldscore:SNP,L2``: the SHA-256 of these columns,
a line each, tabs between, numbers with a decimal point rounded to three decimals.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ldscores.shared.errors import InputError
from ldscores.shared.progress import progress

_MIB = 1 << 20
_COMPRESSIONS = (".gz", ".bz2", ".xz", ".zst")
_DECIMAL = re.compile(rb"[+-]?\d*\.\d*(?:[eE][+-]?\d+)?")


def files_below(folder: Path) -> list[Path]:
    """All files of a folder and of the folders in it, sorted."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def content_hash(path: Path, columns: str = "") -> str:
    """SHA-256 of the decompressed bytes, or of some columns of the table.

    Parameters
    ----------
    columns
        Names with commas between; all bytes without.

    Raises
    ------
    InputError
        The file is damaged, or lacks a column.
    """
    from ldscores.shared.streams import open_stream, reading  # pyarrow, that a list need not wait for

    digest = hashlib.sha256()
    with reading(path), open_stream(path) as stream:
        for piece in _lines_of(stream, columns.split(","), path) if columns else iter(lambda: stream.read(_MIB), b""):
            digest.update(piece)
    return digest.hexdigest()


def _lines_of(stream: Iterable[bytes], columns: list[str], path: Path) -> Iterator[bytes]:
    lines = iter(stream)
    header = next(lines, b"").decode(errors="replace").split()
    if missing := [name for name in columns if name not in header]:
        raise InputError(f"{path}: found no column {', '.join(missing)}; expected {', '.join(columns)}")
    places = [header.index(name) for name in columns]
    yield "\t".join(columns).encode() + b"\n"
    for line in lines:
        words = line.split()
        if len(words) != len(header):
            raise InputError(f"{path}: found a line of {len(words)} words, expected {len(header)}; it is damaged")
        yield b"\t".join(_rounded(words[place]) for place in places) + b"\n"


def _rounded(word: bytes) -> bytes:
    return b"%.3f" % float(word) if _DECIMAL.fullmatch(word) and word not in (b".", b"-.", b"+.") else word


def check_contents(folder: Path, contents: Mapping[str, str], name: str) -> list[str]:
    """What differs from the content that a catalogue knows, a sentence each; nothing when all is the same."""
    by_name: dict[str, list[Path]] = {}
    for path in files_below(folder):
        by_name.setdefault(_uncompressed(path.name), []).append(path)
    problems = []
    for key in progress(contents, label=f"checking the content of {name}", unit="files"):
        file, _, columns = key.partition(":")
        paths = by_name.get(file, [])
        if len(paths) != 1:
            problems.append(f"{file}: found {len(paths)} such files, expected one")
        elif (found := content_hash(paths[0], columns)) != contents[key]:
            problems.append(f"{key}: found content {found[:12]}..., expected {contents[key][:12]}...")
    return problems


def _uncompressed(name: str) -> str:
    return next((name.removesuffix(ending) for ending in _COMPRESSIONS if name.endswith(ending)), name)
