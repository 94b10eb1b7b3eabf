"""The only reader and writer of text tables, Parquet and JSON.

Tables are Arrow tables: parsing is columnar and threaded, names of SNPs stay compact strings, and numbers become numpy
arrays without a copy.  Compression is told from the first bytes of a file, not from its name.  Whatever is written is
written under a temporary name and then renamed, so that a file that is there is a whole file.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError
from ldscores.shared.outputs import written_whole
from ldscores.shared.streams import is_parquet, open_stream, reading
from ldscores.shared.table_headers import WHITESPACE, count_comments, read_header
from ldscores.shared.text_columns import as_text

#: Texts that mean "missing": the defaults of pandas, which LDSC uses, and the full stop.
NULL_TEXTS = (
    "", ".", "NA", "#NA", "#N/A", "#N/A N/A", "N/A", "n/a", "NULL", "null", "NaN", "-NaN", "nan", "-nan", "<NA>",
    "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN",
)  # fmt: skip

_METADATA_KEY = b"sumh2"

#: How a matrix is read: eight doubles fill a cache line, and so many rows of them stay in the cache.
_COLUMNS_AT_A_TIME, _ROWS_AT_A_TIME = 8, 4096


# ---------------------------------------------------------------------------------------------------------------------
# Reading text tables


def read_table(
    path: str | os.PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    types: Mapping[str, pa.DataType] | None = None,
    separator: str | None = None,
    comment: str | tuple[str, ...] | None = None,
    column_names: Sequence[str] | None = None,
    fill_short_lines: bool = True,
    null_texts: Sequence[str] = NULL_TEXTS,
) -> pa.Table:
    """A text table or a Parquet file as an Arrow table; each column is one contiguous chunk.

    Parameters
    ----------
    path
        Plain, gzip, bz2, xz or zstd text, or Parquet.
    columns
        Columns to keep, in this order; all by default.
    types
        Arrow types by column name; other columns are inferred.
    separator
        A character or :data:`WHITESPACE`; by default told from the header line.
    comment
        Lines before the header, or before the first line without one, that begin with this text are passed over.
    column_names
        Names for a file without a header line.
    fill_short_lines
        Whether a line with too few fields of a table separated by blanks ends in missing values, as in LDSC's
        readers, or is an error.  A blank cell there shifts the cells after it, so that munge refuses such lines.
    null_texts
        Texts that mean missing.

    Raises
    ------
    InputError
        The file is missing, truncated, ragged, lacks a column or holds text where a number belongs.
    """
    path = Path(path)
    if is_parquet(path):
        return _contiguous(read_parquet(path, columns=columns)[0])
    n_before = 0
    if column_names is None:
        header, sniffed = read_header(path, comment)
    else:
        header, sniffed = list(column_names), read_header(path, comment)[1]
    if comment is not None:
        n_before = count_comments(path, comment)
    duplicated = sorted({name for name in header if header.count(name) > 1})
    if duplicated:
        raise InputError(f"{path}: found column {duplicated[0]!r} twice; expected unique names; rename one of them")
    wanted = list(columns) if columns is not None else header
    check_columns(path, header, wanted)
    separator = separator or sniffed
    n_skip = n_before + (column_names is None)
    with reading(path, header, bool(null_texts)):
        if separator == WHITESPACE:
            table = _read_blank_separated(path, header, wanted, types or {}, list(null_texts), n_skip, fill_short_lines)
        else:
            table = _read_delimited(path, header, wanted, types or {}, separator, list(null_texts), n_skip)
    return _contiguous(table)


def is_empty(path: str | os.PathLike[str]) -> bool:
    """Whether a file that is there has nothing but white space in it."""
    path = Path(path)
    return path.is_file() and path.stat().st_size < 1 << 10 and not path.read_bytes().strip()


def check_columns(path: str | Path, found: Sequence[str], expected: Sequence[str]) -> None:
    """Raise InputError unless every expected column name is there."""
    missing = [name for name in expected if name not in found]
    if missing:
        raise InputError(
            f"{path}: no column {', '.join(missing)}; found {' '.join(map(str, found[:30]))}; "
            f"rename the columns, or check that this is the right file"
        )


def _read_delimited(path, header, columns, types, separator, null_texts, n_skip) -> pa.Table:
    with open_stream(path) as stream:
        return _parse_delimited(stream, header, columns, types, separator, null_texts, n_skip)


def _parse_delimited(stream, header, columns, types, separator, null_texts, n_skip) -> pa.Table:
    return pa.csv.read_csv(
        stream,
        read_options=pa.csv.ReadOptions(column_names=header, skip_rows=n_skip, block_size=1 << 23),
        parse_options=pa.csv.ParseOptions(delimiter=separator),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict(types),
            include_columns=columns,
            null_values=null_texts,
            strings_can_be_null=True,
            auto_dict_encode=False,
        ),
    )


def _read_blank_separated(path, header, columns, types, null_texts, n_skip, fill_short_lines) -> pa.Table:
    """Runs of blanks as separators: squeezed to one tab each on the way to Arrow's parser."""
    try:
        with open_stream(path) as stream, _SqueezedBlanks(stream) as squeezed:
            return _parse_delimited(squeezed, header, columns, types, "\t", null_texts, n_skip)
    except pa.ArrowInvalid as error:
        ragged = re.search(r"Expected (\d+) columns, got (\d+)", str(error))
        if not (_QUOTED in str(error) or (ragged and fill_short_lines)):
            raise
    # Blanks in quoted fields and short lines are rare, and only pandas' parser, several times slower, knows them.
    return _read_with_pandas(path, header, columns, types, null_texts, n_skip)


_QUOTED = "a quoted field"

#: Bytes whose blanks are squeezed together.
_SQUEEZED_AT_A_TIME = 1 << 18


class _SqueezedBlanks(io.RawIOBase):
    """A byte stream in which every run of blanks and tabs is one tab, and lines neither begin nor end with one."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream = stream
        self._held_back = b""  # the blank at the end of the last block: dropped if a newline follows
        self._after_separator = True

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(1 << 23), b""))
        # Small pieces stay in the cache; whole blocks would be half a dozen fresh arrays of megabytes each, and a system
        # that hands out new memory page by page makes the first of them ten times slower.
        pieces, left = [], max(size - 1, 1)
        while left > 0 and (block := self._stream.read(min(left, _SQUEEZED_AT_A_TIME))):
            if b'"' in block:
                raise pa.ArrowInvalid(_QUOTED)
            left -= len(block)
            pieces.append(self._squeeze(self._held_back + block))
            if left <= 0 and not any(pieces):
                left = max(size - 1, 1)  # nothing but blanks so far: an empty answer would mean the end
        return b"".join(pieces)

    def _squeeze(self, text: bytes) -> bytes:
        codes = np.frombuffer(text, dtype=np.uint8)
        blank = (codes == ord(" ")) | (codes == ord("\t"))
        newline = (codes == ord("\n")) | (codes == ord("\r"))
        after_separator = np.empty_like(blank)
        after_separator[0] = self._after_separator
        after_separator[1:] = blank[:-1] | newline[:-1]
        kept = ~(blank & after_separator)
        codes = np.where(blank, np.uint8(ord("\t")), codes)[kept]
        ends_in_separator = bool(blank[-1] or newline[-1])
        blank, newline = blank[kept], newline[kept]
        # What follows the last blank is not known yet: it waits for the next block, or for the end.
        self._held_back = b"\t" if len(codes) and blank[-1] else b""
        self._after_separator = ends_in_separator and not self._held_back
        blank[:-1] &= newline[1:]
        return codes[~blank].tobytes()


def _read_with_pandas(path, header, columns, types, null_texts, n_skip) -> pa.Table:
    """Tables separated by blanks that have quoted fields or short lines."""
    import pandas as pd

    pandas_types = {
        name: "float64" if pa.types.is_floating(kind) else "object"
        for name, kind in types.items()
        if pa.types.is_floating(kind) or pa.types.is_string(kind) or pa.types.is_dictionary(kind)
    }
    try:
        with open_stream(path) as stream:
            frame = pd.read_csv(
                stream,
                sep=r"\s+",
                header=None,
                names=header,
                usecols=list(columns),
                skiprows=n_skip,
                dtype={name: kind for name, kind in pandas_types.items() if name in columns},
                na_values=null_texts,
                keep_default_na=False,
                index_col=False,
            )
    except pd.errors.ParserError as error:
        raise InputError(f"{path}: {error}; repair that line") from error
    except pd.errors.EmptyDataError:
        frame = pd.DataFrame({name: [] for name in columns})
    except ValueError as error:
        raise InputError(f"{path}: found text where a number was expected ({error}); correct it or write NA") from error
    table = pa.Table.from_pandas(frame[list(columns)], preserve_index=False).replace_schema_metadata(None)
    for name, kind in types.items():
        if name in table.column_names and table.schema.field(name).type != kind:
            position = table.column_names.index(name)
            table = table.set_column(position, name, table.column(name).cast(kind))
    return table


def _contiguous(table: pa.Table) -> pa.Table:
    return table.combine_chunks()


# ---------------------------------------------------------------------------------------------------------------------
# Parquet with provenance


def parquet_columns(path: str | Path) -> list[str]:
    """Names of the columns of a Parquet file."""
    import pyarrow.parquet as pq

    with reading(Path(path)):
        return pq.read_schema(path).names


def read_parquet(path: str | Path, columns: Sequence[str] | None = None) -> tuple[pa.Table, dict[str, Any]]:
    """A Parquet table and the metadata that :func:`write_parquet` stored in it ({} for a foreign file)."""
    import pyarrow.parquet as pq

    path = Path(path)
    if not is_parquet(path):
        raise InputError(f"{path}: found another kind of file, expected Parquet; check the name")
    with reading(path):
        stored = pq.ParquetFile(path)
        schema = stored.schema_arrow
        if columns is not None:
            check_columns(path, schema.names, columns)
        table = stored.read(columns=list(columns) if columns is not None else None)
    text = (schema.metadata or {}).get(_METADATA_KEY)
    return table.replace_schema_metadata(None), json.loads(text) if text else {}


def read_metadata(path: str | Path) -> tuple[list[str], dict[str, Any]]:
    """Names of the columns of a Parquet file and the metadata that :func:`write_parquet` stored in it."""
    import pyarrow.parquet as pq

    path = Path(path)
    if not is_parquet(path):
        raise InputError(f"{path}: found another kind of file, expected Parquet; check the name")
    with reading(path):
        schema = pq.read_schema(path)
    text = (schema.metadata or {}).get(_METADATA_KEY)
    return schema.names, json.loads(text) if text else {}


def read_number_matrix(path: str | Path, columns: Sequence[str]) -> np.ndarray:
    """Columns of numbers of a Parquet file side by side, float64, (n_rows, n_columns), C-contiguous.

    A few columns are decoded at a time and put in their places by blocks of rows, which stay in the cache: memory holds
    the matrix and those few, and no cache line is written more often than need be.
    """
    import pyarrow.parquet as pq

    path = Path(path)
    with reading(path):
        stored = pq.ParquetFile(path)
        check_columns(path, stored.schema_arrow.names, columns)
        matrix = np.empty((stored.metadata.num_rows, len(columns)))
        for start in range(0, len(columns), _COLUMNS_AT_A_TIME):
            names = list(columns[start : start + _COLUMNS_AT_A_TIME])
            places, done = slice(start, start + len(names)), 0
            for batch in stored.read(columns=names).to_batches():
                decoded = [as_numpy(batch.column(name)) for name in names]
                for first in range(0, batch.num_rows, _ROWS_AT_A_TIME):
                    block = np.array([column[first : first + _ROWS_AT_A_TIME] for column in decoded])
                    matrix[done + first : done + first + block.shape[1], places] = block.T
                done += batch.num_rows
    return matrix


def write_parquet(
    path: str | Path,
    table: pa.Table | Iterable[pa.Table],
    metadata: Mapping[str, Any],
    dictionary_columns: Sequence[str] | None = None,
) -> None:
    """Write a table and its metadata (JSON) as Parquet, whole or not at all.

    Parameters
    ----------
    table
        A table, or its parts in their order: one after another, so that memory holds one of them.
    dictionary_columns
        Columns with few different values.  Trying a dictionary on the others costs time when writing and reading and
        saves no space; by default Parquet tries it on all.
    """
    import pyarrow.parquet as pq

    stored = {_METADATA_KEY: json.dumps(metadata).encode()}
    dictionaries = True if dictionary_columns is None else list(dictionary_columns)
    parts = iter([table] if isinstance(table, pa.Table) else table)
    first = next(parts).replace_schema_metadata(stored)
    with (
        written_whole(path) as partial,
        pq.ParquetWriter(partial, first.schema, compression="zstd", use_dictionary=dictionaries) as writer,
    ):
        writer.write_table(first)
        del first
        for part in parts:
            writer.write_table(part.replace_schema_metadata(stored))


def check_format(path: str | Path, metadata: Mapping[str, Any], name: str, version: int) -> None:
    """Raise InputError unless the metadata are of the format ``name`` and no newer than ``version``."""
    found, found_version = metadata.get("format"), metadata.get("format_version", 0)
    if found != name:
        raise InputError(f"{path}: found {found or 'a foreign Parquet file'}, expected {name}; name another file")
    if found_version > version:
        raise InputError(
            f"{path}: {name} version {found_version}, this program reads up to {version}; "
            f"it was written by {metadata.get('program', 'a newer program')}: upgrade with pip install -U sumh2"
        )


# ---------------------------------------------------------------------------------------------------------------------
# Writing


def write_tsv(
    path: str | Path, table: pa.Table | Iterable[pa.Table], float_format: str | None = None, missing: str = "NA"
) -> None:
    """Write a tab-separated table with a header; gzip when the name ends in .gz.

    Parameters
    ----------
    table
        A table, or its parts in their order: one after another, so that memory holds one of them.
    float_format
        e.g. ``%.3f``; by default the shortest text that reads back to the same number.
    missing
        Text for nulls and NaN.
    """
    options = pa.csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
    parts = [table] if isinstance(table, pa.Table) else table
    with written_whole(path) as partial, _open_for_writing(partial, str(path).endswith(".gz")) as stream:
        for place, part in enumerate(parts):
            text = as_text(part, float_format, missing)
            if text is None:
                part.to_pandas().to_csv(
                    stream, sep="\t", header=place == 0, index=False, na_rep=missing, float_format=float_format,
                    lineterminator="\n",
                )  # fmt: skip
                stream.flush()
                continue
            if place == 0:
                stream.write("\t".join(text.column_names) + "\n")
                stream.flush()
            pa.csv.write_csv(text, stream.buffer, options)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    with written_whole(path) as partial:
        partial.write_text(text, encoding="utf-8")


def read_text(path: str | Path) -> str:
    """A text file, decompressed if need be."""
    path = Path(path)
    with reading(path), open_stream(path) as stream:
        return stream.read().decode("utf-8")


def write_json(path: str | Path, content: Mapping[str, Any]) -> None:
    """Write JSON with all digits; NaN becomes null."""
    write_text(path, json_text(content) + "\n")


def json_text(content: Mapping[str, Any]) -> str:
    """JSON with all digits; NaN becomes null."""
    return json.dumps(_without_nan(content), indent=1, allow_nan=False)


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    if hasattr(value, "tolist"):
        return _without_nan(value.tolist())
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


@contextlib.contextmanager
def _open_for_writing(path: Path, compressed: bool) -> Iterator[Any]:
    import gzip

    if not compressed:
        with path.open("w", encoding="utf-8", newline="") as stream:
            yield stream
        return
    # No time stamp and no name inside: the same table gives the same bytes.
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as stream,
    ):
        yield stream
