"""Arrays in JSON metadata: lists of numbers where they are short, packed doubles where text would be huge.

Matrices of products of categories grow with the square of their number: of 2,000 categories each is 4 million numbers,
some 30 seconds of text.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Arrays of more numbers than this are packed.
MOST_LISTED = 40_000


def pack_array(numbers: NDArray | None) -> Any:
    """What JSON holds of an array: a (nested) list, or an object with its packed float64 values; None of None.

    Every value comes back from :func:`unpack_array` to the last bit.
    """
    if numbers is None:
        return None
    if numbers.size <= MOST_LISTED:
        return numbers.tolist()
    packed = zlib.compress(np.ascontiguousarray(numbers, dtype="<f8").data, 1)
    return {"shape": list(numbers.shape), "zlib_float64": base64.b64encode(packed).decode("ascii")}


def unpack_array(stored: Any) -> NDArray[np.float64] | None:
    """The array of :func:`pack_array`, float64; None of None.

    Raises
    ------
    ValueError
        The packed values are damaged.
    """
    if stored is None:
        return None
    if not isinstance(stored, dict):
        return np.array(stored, dtype=np.float64)
    try:
        values = zlib.decompress(base64.b64decode(stored["zlib_float64"], validate=True))
    except (zlib.error, binascii.Error, KeyError) as error:
        raise ValueError(f"packed numbers are damaged ({error})") from error
    return np.frombuffer(values, dtype="<f8").astype(np.float64).reshape(stored["shape"])
