"""Arrow columns to and from Python without pandas, which pyarrow's own conversions import (0.3 s of every start)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def one_chunk(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """A column as one array."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(column, pa.ChunkedArray):  # of an old pyarrow, which leaves no chunk of none
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    return column


def as_numpy(column: pa.Array | pa.ChunkedArray) -> NDArray:
    """Numbers or truth values of a column, (n_rows,); missing ones are NaN, which makes whole numbers float64.

    The array shares memory with the column and is read-only, unless something is missing.
    """
    column = one_chunk(column)
    if pa.types.is_boolean(column.type) and not column.null_count:
        bits = np.frombuffer(column.buffers()[1] or b"", dtype=np.uint8)
        return np.unpackbits(bits, bitorder="little")[column.offset : column.offset + len(column)].view(bool)
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise TypeError(f"a column of {column.type} has no numbers, or truth values with missing ones")
    kind = "f" if pa.types.is_floating(column.type) else "i" if pa.types.is_signed_integer(column.type) else "u"
    dtype = np.dtype(f"{kind}{column.type.bit_width // 8}")
    if len(column) == 0:
        return np.empty(0, dtype=dtype)
    validity, values = column.buffers()
    rows = slice(column.offset, column.offset + len(column))
    numbers = np.frombuffer(values, dtype=dtype)[rows]
    if column.null_count:
        numbers = numbers.astype(dtype if kind == "f" else np.float64)
        bits = np.frombuffer(validity, dtype=np.uint8)
        numbers[np.unpackbits(bits, bitorder="little")[rows] == 0] = np.nan
    return numbers


def as_arrow(numbers: NDArray) -> pa.Array:
    """A column that shares memory with an array of numbers, (n_rows,), all of them valid; truth values are copied.

    ``pa.array`` does the same but imports pandas first, a third of a second that most runs do not owe.
    """
    numbers = np.ascontiguousarray(numbers)
    if numbers.dtype == bool:
        bits = pa.py_buffer(np.packbits(numbers, bitorder="little"))
        return pa.Array.from_buffers(pa.bool_(), len(numbers), [None, bits])
    return pa.Array.from_buffers(pa.from_numpy_dtype(numbers.dtype), len(numbers), [None, pa.py_buffer(numbers)])


def as_arrow_texts(texts: Sequence[str | None]) -> pa.StringArray:
    """A column of texts, (n_rows,); None is missing."""
    encoded = [b"" if text is None else text.encode() for text in texts]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int32)
    np.cumsum([len(text) for text in encoded], out=offsets[1:])
    validity = _validity([text is not None for text in texts])
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded)), validity)


def as_scalar(value: str | int | float) -> pa.Scalar:
    """One value, to compare a column with."""
    return _column([value])[0]


def repeat_text(text: str, n_rows: int) -> pa.StringArray:
    """A column with the same text in each row."""
    return as_arrow_texts([text]).take(as_arrow(np.zeros(n_rows, dtype=np.int64)))


def table_of_arrays(columns: Mapping[str, NDArray | pa.Array | None]) -> pa.Table:
    """A table of arrays of numbers and of columns; those that are None are left out."""
    there = {name: column for name, column in columns.items() if column is not None}
    return pa.table(
        {name: as_arrow(column) if isinstance(column, np.ndarray) else column for name, column in there.items()}
    )


def table_of_records(records: Sequence[Mapping[str, Any]]) -> pa.Table:
    """What ``pa.Table.from_pylist`` makes of rows: columns are the keys of the first, None is missing."""
    names = list(records[0]) if records else []
    return pa.table({name: _column([record.get(name) for record in records]) for name in names})


def _column(values: list[Any]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {str}:
        return as_arrow_texts(values)
    if kinds == {bool}:
        bits = np.packbits([bool(value) for value in values], bitorder="little")
        return pa.Array.from_buffers(
            pa.bool_(), len(values), [_validity([value is not None for value in values]), pa.py_buffer(bits)]
        )
    if kinds == {int} or (kinds and all(issubclass(kind, float) for kind in kinds)):
        numbers = np.array(
            [0 if value is None else value for value in values], np.int64 if kinds == {int} else np.float64
        )
        validity = _validity([value is not None for value in values])
        return pa.Array.from_buffers(
            pa.from_numpy_dtype(numbers.dtype), len(numbers), [validity, pa.py_buffer(numbers)]
        )
    return pa.array(values) if kinds else pa.nulls(len(values))


def _validity(is_there: list[bool]) -> pa.Buffer | None:
    return None if all(is_there) else pa.py_buffer(np.packbits(is_there, bitorder="little"))
