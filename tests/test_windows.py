"""Windows against plain loops, and LDSC's rounding to chunks against its rule written out."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ldscores.kernels.windows import count_neighbours, round_to_chunks, sum_neighbours, window_ends, window_starts

positions = st.lists(st.integers(0, 300), min_size=1, max_size=60).map(sorted).map(np.array)


def slow_starts(places: np.ndarray, width: float) -> list[int]:
    return [next(j for j in range(len(places)) if abs(places[j] - place) <= width) for place in places]


@settings(deadline=None)  # numba compiles on the first call
@given(positions, st.integers(0, 100))
def test_window_starts__is_the_first_within_reach(places, width):
    assert window_starts(places, width).tolist() == slow_starts(places, width)


def test_window_starts__is_closed():
    assert window_starts(np.array([0, 10, 20, 31]), 10).tolist() == [0, 0, 1, 3]


def slow_chunk_pairs(starts: list[int], chunk: int) -> set[tuple[int, int]]:
    """SPEC-LDSC 6.1, word for word: which pairs (later, earlier) are added up."""
    m = len(starts)
    first = next((j for j in range(m) if starts[j] > 0), m)
    b0 = min(-(-first // chunk) * chunk, m)
    pairs = {(i, k) for i in range(b0) for k in range(i)}
    for s in range(b0, m, chunk):
        e = min(s + chunk, m)
        width = -(-(s - starts[s]) // chunk) * chunk
        pairs |= {(i, k) for i in range(s, e) for k in range(s, i)}
        pairs |= {(i, k) for i in range(s, e) for k in range(s - width, s)}
    return pairs


@settings(deadline=None)  # numba compiles on the first call
@given(positions, st.integers(0, 100), st.integers(1, 20))
def test_round_to_chunks__makes_ldscs_pairs(places, width, chunk):
    starts = window_starts(places, width)
    rounded = round_to_chunks(starts, chunk)
    pairs = {(i, k) for i in range(len(places)) for k in range(rounded[i], i)}
    assert pairs == slow_chunk_pairs(starts.tolist(), chunk)
    assert (np.diff(rounded) >= 0).all()


@settings(deadline=None)  # numba compiles on the first call
@given(positions, st.integers(0, 100))
def test_round_to_chunks__of_one_is_exact(places, width):
    starts = window_starts(places, width)
    np.testing.assert_array_equal(round_to_chunks(starts, 1), starts)


@settings(deadline=None)  # numba compiles on the first call
@given(positions, st.integers(0, 100))
def test_neighbours__are_counted_and_summed_on_both_sides(places, width):
    starts = window_starts(places, width)
    near = np.abs(np.subtract.outer(places, places)) <= width
    np.testing.assert_array_equal(count_neighbours(starts), near.sum(axis=1))
    np.testing.assert_array_equal(window_ends(starts), len(places) - near[:, ::-1].argmax(axis=1))
    columns = np.column_stack([places, np.ones(len(places))]).astype(float)
    np.testing.assert_allclose(sum_neighbours(starts, columns), near @ columns - columns, atol=1e-9)
