"""What z scores say: p-values, false discovery rates, and how inflated all of them are."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: From here on the two-sided p-value is below the smallest double that has all its digits.
_UNDERFLOW_Z = 37.0
#: An SE below this share of its estimate is rounding, as of a trait with itself.
_ROUNDING = 1e-10
#: Median of chi2 with one degree of freedom, to LDSC's four digits.
CHI2_MEDIAN = 0.4549


def normal_p(z: float) -> float:
    """Two-sided normal p-value of z."""
    return math.erfc(abs(z) / math.sqrt(2))


def normal_log10_p(z: float) -> float:
    """log10 of the two-sided normal p-value of z: finite where the p-value itself underflows."""
    if abs(z) < _UNDERFLOW_Z:
        return math.log10(normal_p(z))
    # Mills' ratio: P(Z > z) = phi(z) / z (1 - 1/z^2 + 3/z^4 - 15/z^6 + 105/z^8 - ...), here exact to rounding
    # (Abramowitz and Stegun 26.2.12); scipy's log_ndtr would cost its import.
    x = 1 / (z * z)
    series = -x * (1 - x * (3 - x * (15 - x * 105)))
    log_tail = -z * z / 2 - math.log(abs(z) * math.sqrt(2 * math.pi)) + math.log1p(series)
    return (log_tail + math.log(2)) / math.log(10)


def z_and_p(estimate: float, se: float) -> tuple[float, float, float]:
    """z, two-sided p and its log10; NaN where the SE is missing, or zero but for rounding."""
    if not (np.isfinite(estimate) and np.isfinite(se) and se > _ROUNDING * abs(estimate)):
        return (float("nan"),) * 3
    z = estimate / se
    return z, normal_p(z), normal_log10_p(z)


def z_and_p_of(estimates: Floats, errors: Floats) -> tuple[Floats, Floats, Floats]:
    """:func:`z_and_p` of many estimates at once."""
    from scipy.special import erfc, log_ndtr

    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        z = np.where(errors > _ROUNDING * np.abs(estimates), estimates / errors, np.nan)
    return z, erfc(np.abs(z) / np.sqrt(2)), (log_ndtr(-np.abs(z)) + np.log(2)) / np.log(10)


def false_discovery_rates(p: Floats) -> Floats:
    """Smallest false discovery rate at which each p-value is a discovery (Benjamini and Hochberg 1995); NaN stays.

    As scipy.stats.false_discovery_control, whose import takes longer than many a screen.
    """
    order = np.argsort(p, kind="stable")
    order = order[np.isfinite(p[order])]
    raised = p[order] * len(order) / np.arange(1, len(order) + 1)
    rates = np.full(len(p), np.nan)
    rates[order] = np.minimum.accumulate(raised[::-1])[::-1].clip(max=1)
    return rates


def lambda_gc(z: Floats) -> float:
    """Genomic inflation: median chi2 over the median expected without signal and confounding."""
    middle = [(len(z) - 1) // 2, len(z) // 2]
    # numpy's median is this, and the import of masked arrays: a tenth of a small command's time.
    return float(np.partition(z * z, middle)[middle].mean() / CHI2_MEDIAN)
