"""Arrow columns as numpy arrays without pandas, which pyarrow's own ``to_numpy`` imports (0.2 s of every start)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def as_numpy(column: pa.Array | pa.ChunkedArray) -> NDArray:
    """Numbers or truth values of a column, (n_rows,); missing ones are NaN, which makes whole numbers float64.

    The array shares memory with the column and is read-only, unless something is missing.
    """
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(column, pa.ChunkedArray):  # of an old pyarrow, which leaves no chunk of none
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
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
    """A column that shares memory with an array of numbers, (n_rows,), all of them valid.

    ``pa.array`` does the same but imports pandas first, a fifth of a second that most runs do not owe.
    """
    numbers = np.ascontiguousarray(numbers)
    return pa.Array.from_buffers(pa.from_numpy_dtype(numbers.dtype), len(numbers), [None, pa.py_buffer(numbers)])
