"""What follows from published tables of results: z from estimates, p-values from z, estimates from delete values.

A printed number is half a unit of its last digit off at most: it agrees when it lies in what the others allow.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sumh2.kernels.significance import normal_p

Floats = NDArray[np.float64]


class Printed(NamedTuple):
    """Numbers as printed: values and half a unit of the last digit, both (n,)."""

    value: Floats
    half: Floats

    @property
    def smallest(self) -> Floats:
        """Least absolute values that are printed so."""
        return np.maximum(np.abs(self.value) - self.half, 0)

    @property
    def largest(self) -> Floats:
        """Largest absolute values that are printed so."""
        return np.abs(self.value) + self.half


def as_printed(words: Sequence[str]) -> Printed:
    """Values and precision of numbers in text; a whole number is good to half a unit.

    Zeros that end the mantissa of ``1.00E-04`` are a spreadsheet's, which pads what was 0.0001: they are no digits.
    """
    numbers = [Decimal(word).normalize() if "e" in word.lower() else Decimal(word) for word in words]
    return Printed(
        np.array([float(number) for number in numbers]),
        np.array([0.5 * 10.0 ** int(number.as_tuple().exponent) for number in numbers]),
    )


def share_of_p(z: Printed, p: Printed) -> float:
    """Share of the two-sided p-values that lie in what their z allow."""
    low = np.array([normal_p(value) for value in z.largest]) - p.half
    high = np.array([normal_p(value) for value in z.smallest]) + p.half
    return float(np.mean((low <= p.value) & (p.value <= high)))


def share_of_z(estimate: Printed, se: Printed, z: Printed) -> float:
    """Share of the z that lie in what estimate and standard error allow."""
    low, high = estimate.smallest / se.largest, estimate.largest / np.maximum(se.smallest, np.finfo(float).tiny)
    return float(np.mean((low <= z.largest) & (z.smallest <= high)))


def share_of_delete_mean(h2: Floats, delete: Floats) -> float:
    """Mean over traits of the mean of the delete values, (n_blocks, n_traits), over the estimate, (n_traits,)."""
    return float(np.mean(delete.mean(axis=0) / h2))
