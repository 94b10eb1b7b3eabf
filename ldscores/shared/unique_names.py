"""Whether names of SNPs are unique, several times faster and smaller than a hash table of them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.arrow_arrays import as_numpy

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio, odd: spreads neighbouring values
_PIECE = 1 << 14


def all_unique(names: pa.Array) -> bool:
    """Whether no name appears twice.

    Equal names have equal hashes, so that different hashes settle it; the rare case of equal ones is looked at name by
    name.
    """
    hashes = np.sort(hash_names(names))
    if not (hashes[1:] == hashes[:-1]).any():
        return True
    return len(pc.unique(names)) == len(names)


def first_of_each(names: pa.Array) -> NDArray[np.int64] | None:
    """Rows that hold a name for the first time, ascending; None when all do."""
    if all_unique(names):
        return None
    names = names.dictionary_decode() if pa.types.is_dictionary(names.type) else names
    codes = as_numpy(names.dictionary_encode(null_encoding="encode").indices)
    return np.sort(np.unique(codes, return_index=True)[1])


def is_first_of_each(names: pa.Array) -> NDArray[np.bool_]:
    """Whether a row is the first with its name, (n_rows,)."""
    rows = first_of_each(names)
    if rows is None:
        return np.ones(len(names), dtype=bool)
    first = np.zeros(len(names), dtype=bool)
    first[rows] = True
    return first


def hash_names(names: pa.Array) -> NDArray[np.uint64]:
    """A 64-bit hash of each name, (n_snps,): eight bytes at a time, multiplied and folded; missing is the empty name."""
    hashes = np.empty(len(names), dtype=np.uint64)
    # In pieces that stay in the cache: fresh memory would cost more than the arithmetic.
    for start in range(0, len(names), _PIECE):
        # Only this type has 32-bit offsets: a large_string's, read as such, would be those of other texts.
        piece = names.slice(start, _PIECE).cast(pa.string())
        piece = piece.fill_null("") if piece.null_count else piece
        _, offset_buffer, text_buffer = piece.buffers()
        offsets = np.frombuffer(offset_buffer, dtype=np.int32)[piece.offset : piece.offset + len(piece) + 1]
        text = np.zeros(int(offsets[-1] - offsets[0]) + 8, dtype=np.uint8)  # a word may reach beyond the last name
        if len(text) > 8:
            text[:-8] = np.frombuffer(text_buffer, dtype=np.uint8)[offsets[0] : offsets[-1]]
        hashes[start : start + len(piece)] = _hash_words(text, (offsets[:-1] - offsets[0]), np.diff(offsets))
    return hashes


def _hash_words(text: NDArray[np.uint8], starts: NDArray[np.int32], lengths: NDArray[np.int32]) -> NDArray[np.uint64]:
    words = np.lib.stride_tricks.sliding_window_view(text, 8)
    hashes = lengths.astype(np.uint64)
    rows: slice | NDArray[np.int64] = slice(None)  # those whose names go on
    for begin in range(0, int(lengths.max()), 8):
        if begin:
            rows = np.flatnonzero(lengths > begin)
        word = words[starts[rows] + begin].view("<u8")[:, 0]
        beyond = 8 * np.maximum(8 - (lengths[rows] - begin), 0).astype(np.uint64)
        # Shifted in two steps: a shift by all 64 bits is undefined, and an empty name asks for it.
        word = (word << (beyond >> np.uint64(1))) << (beyond - (beyond >> np.uint64(1)))
        mixed = (hashes[rows] ^ word) * _MULTIPLIER
        hashes[rows] = mixed ^ (mixed >> np.uint64(29))
    return hashes
