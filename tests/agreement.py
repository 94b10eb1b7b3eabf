"""Agreement in matching significant digits, the way this project states it."""

from __future__ import annotations

import os

import numpy as np


def matching_digits(ours, theirs) -> float:
    """Fewest matching significant digits between two sets of numbers; 16 when they are equal to the last bit."""
    ours, theirs = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    if ours.shape != theirs.shape:
        raise AssertionError(f"shapes differ: {ours.shape} and {theirs.shape}")
    if not np.array_equal(np.isnan(ours), np.isnan(theirs)):
        raise AssertionError("NaN in different places")
    scale = np.maximum(np.abs(theirs), np.finfo(float).tiny)
    relative = np.nan_to_num(np.abs(ours - theirs) / scale)
    worst = float(np.max(relative, initial=0.0))
    return 16.0 if worst < 1e-16 else float(-np.log10(worst))


def check_digits(ours, theirs, digits: float, what: str = "") -> None:
    """Raise AssertionError unless at least ``digits`` significant digits match."""
    found = matching_digits(ours, theirs)
    record = os.environ.get("SUMH2_DIGITS")
    if record:  # benchmarks/digits.py makes the README's table of it
        test = os.environ.get("PYTEST_CURRENT_TEST", "").split(" ")[0]
        with open(record, "a", encoding="utf-8") as stream:
            stream.write(f"{test}\t{what}\t{np.size(theirs)}\t{found:.2f}\n")
    if found < digits:
        raise AssertionError(f"{what}: {found:.1f} digits match, {digits} expected; {ours!r} against {theirs!r}")
