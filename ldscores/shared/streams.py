"""Opening what users bring: any compression, and one message for whatever is broken."""

from __future__ import annotations

import contextlib
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

from ldscores.shared.errors import InputError
from ldscores.shared.messages import first_of
from ldscores.shared.outputs import check_name

_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
_PARQUET_MAGIC = b"PAR1"


def open_stream(path: str | Path) -> IO[bytes]:
    """Decompressed bytes of a file (plain, gzip or bgzip, bz2, xz, zstd; told by its first bytes).

    Raises
    ------
    InputError
        The file is missing, a folder, unreadable or empty.
    """
    path = Path(path)
    compression = _compression(path)
    if compression == "xz":
        import lzma

        return lzma.open(path, "rb")
    if compression == "bz2":
        import bz2

        return bz2.open(path, "rb")
    if compression == "gzip":
        # The standard library's reader takes bgzip's many members and says so when the last one is cut short.
        import gzip

        return cast(IO[bytes], gzip.open(path, "rb"))
    if compression == "zstd":
        return pa.input_stream(str(path), compression="zstd")
    return path.open("rb")


def check_files(paths: Iterable[str | Path]) -> None:
    """Raise InputError where a file is missing, a folder, unreadable or empty; of several missing all are named."""
    listed = [Path(path) for path in paths]
    missing = [path for path in listed if not os.path.lexists(path)]
    if len(missing) > 1:
        raise InputError(
            f"{first_of(missing, 10)}: {len(missing)} files that are not there; check the names and the folder "
            f"({Path.cwd()})"
        )
    for path in listed:
        _first_bytes(path)


def is_parquet(path: str | Path) -> bool:
    """Whether the first bytes of a file are Parquet's."""
    return _first_bytes(Path(path)).startswith(_PARQUET_MAGIC)


def _first_bytes(path: Path) -> bytes:
    check_name(path)
    try:
        with path.open("rb") as stream:
            first = stream.read(8)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the name and the folder ({Path.cwd()})") from None
    except IsADirectoryError:
        raise InputError(f"{path}: found a folder, expected a file; name the file itself") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    if not first:
        raise InputError(f"{path}: the file is empty; expected a table; download or write it again")
    return first


def _compression(path: Path) -> str | None:
    first = _first_bytes(path)
    return next((name for magic, name in _MAGIC.items() if first.startswith(magic)), None)


@contextlib.contextmanager
def reading(path: Path, header: Sequence[str] = (), missing_allowed: bool = True) -> Iterator[None]:
    """Turn what decompressors and parsers raise about broken files into one message.

    Parameters
    ----------
    header
        Names of the columns.
    missing_allowed
        Whether a number may be missing; else the message does not advise to write NA.
    """
    try:
        yield
    except (EOFError, zlib.error) as error:
        raise InputError(
            f"{path}: the compressed data end too early ({error}); the file is truncated: download or copy it again"
        ) from error
    except pa.ArrowInvalid as error:
        raise InputError(f"{path}: {_arrow_message(error, header, missing_allowed)}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: text is not UTF-8 ({error}); convert it, e.g. with iconv -t utf-8") from error
    except OSError as error:
        broken = type(error).__name__ == "BadGzipFile" or "compress" in str(error).lower() or "CRC" in str(error)
        what = "the compressed data are damaged" if broken else "cannot be read"
        raise InputError(f"{path}: {what} ({error}); download or copy the file again") from error
    except Exception as error:
        # lzma.LZMAError has no place in the tree above, and importing lzma costs time that most runs do not owe.
        if type(error).__name__ != "LZMAError":
            raise
        raise InputError(f"{path}: the compressed data are damaged ({error}); download or copy it again") from error


def _arrow_message(error: pa.ArrowInvalid, header: Sequence[str], missing_allowed: bool) -> str:
    text = str(error)
    if found := re.search(r"Expected (\d+) columns, got (\d+): (.*)", text, re.DOTALL):
        expected, got, line = found.groups()
        return (
            f"a line has {got} fields where the header has {expected}: {line.strip()[:120]!r}; "
            "repair that line, or check that the file is complete and its separator is the same throughout"
        )
    if found := re.search(r"column #(\d+): CSV conversion error to (\w+): invalid value '(.*)'", text, re.DOTALL):
        number, kind, value = found.groups()
        column = header[int(number)] if int(number) < len(header) else f"number {int(number) + 1}"
        wanted = {"double": "a number", "int64": "a whole number"}.get(kind, kind)
        remedy = "correct the value or write NA" if missing_allowed else "correct the value: every line needs one"
        return f"column {column}: found {value[:60]!r}, expected {wanted}; {remedy}"
    if "invalid UTF8" in text:
        return "text is not UTF-8; convert it, e.g. with iconv -t utf-8"
    return f"cannot be parsed as a table ({text[:200]}); check that it is complete"
