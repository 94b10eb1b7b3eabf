"""What to know of an alpha before using it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from sumh2.kernels.profile_shape import STANDARD_DEVIATIONS
from sumh2.verdicts import WEAK_H2_Z, Finding, count_findings

if TYPE_CHECKING:
    from sumh2.models.alpha_result import AlphaCurve

#: A maximum that stands out of the profile by less is within the 95% support of every alpha.
FLAT_RANGE = 1.92
#: Alpha that moves by more SEs once confounding is fitted depends on it.
SHIFT_Z = 2.0
#: Below this correlation the profile does not look like a normal.
_SHAPE_CORRELATION = 0.95


def identification_findings(curve: AlphaCurve) -> list[Finding]:
    """Whether the data tell alphas apart at all; and whether the grid holds the answer."""
    first, last = curve.alphas[0], curve.alphas[-1]
    grid = f"{first:g} to {last:g}"
    span = float(np.ptp(curve.logl))
    open_ends = [not np.isfinite(end) for end in (curve.alpha_low, curve.alpha_high)]
    known = not np.isnan(curve.alpha_low)
    if (known and all(open_ends)) or (not known and span < FLAT_RANGE):
        return [
            Finding("unusable", "not identified", f"the likelihoods from alpha {grid} differ by {span:.2f} in all, and "
                    "the interval covers the grid: this trait does not tell alphas apart; use a larger study, or take "
                    "alpha from other traits")
        ]  # fmt: skip
    if curve.mode in (first, last):
        side = "below" if curve.mode == first else "above"
        return [
            Finding("caution", "edge of the grid", f"the likelihood is largest at {curve.mode:g}, the end of the grid: "
                    f"alpha may lie {side}; SE and Gaussian mean little: make a tagging with a wider grid, "
                    "ldscores build --alphas")
        ]  # fmt: skip
    if known and any(open_ends):
        return [
            Finding("caution", "open interval", f"the 95% interval reaches the end of the grid ({grid}): alpha is bounded "
                    "on one side only")
        ]  # fmt: skip
    return []


def curve_findings(
    curve: AlphaCurve, n_snps: int, n_blocks: int, available: Mapping[str, int] | None = None
) -> list[Finding]:
    """Findings of one profile; ``available`` as in :func:`sumh2.verdicts.count_findings`."""
    found = identification_findings(curve)
    if not curve.converged.all():
        lost = ", ".join(f"{alpha:g}" for alpha in curve.alphas[~curve.converged])
        text = f"the fits at alpha {lost} did not settle; try --truncate 80"
        found.append(Finding("caution", "not converged", text))
    best = int(np.argmax(curve.logl))
    h2, se = curve.h2[best], curve.h2_jackknife_se[best]
    if np.isfinite(h2) and not h2 > 0:
        found.append(Finding("unusable", "negative h2", f"h2 is {h2:.4g} at the best alpha: there is no signal to ask"))
    elif np.isfinite(se) and h2 < WEAK_H2_Z * se:
        found.append(
            Finding("caution", "weak power", f"h2 is {h2 / se:.1f} SE from zero; alpha wants more: use a larger study")
        )
    shape = curve.gaussian
    if np.isfinite(shape.sd) and shape.sd >= STANDARD_DEVIATIONS[-1]:
        text = "LDAK's lattice ends at an SD of 0.5: the SD is a lower bound"
        found.append(Finding("note", "Gaussian at its limit", text))
    if np.isfinite(shape.correlation) and shape.correlation < _SHAPE_CORRELATION:
        found.append(
            Finding("note", "not Gaussian", f"the likelihood correlates {shape.correlation:.2f} with a normal's shape: "
                    "read the interval, not the SD")
        )  # fmt: skip
    if n_snps:
        found += count_findings(n_snps, n_blocks, available)
    return found


def describe_shift(before: str, after: str) -> str:
    """What changes from one kind of confounding term to another."""
    if "none" not in (before, after):
        return f"when {after} is fitted in the place of {before}"
    return f"when confounding is {'not ' if after == 'none' else ''}fitted"


def shift_findings(shift: float, shift_se: float, first: AlphaCurve, second: AlphaCurve) -> list[Finding]:
    """Whether alpha depends on the term for confounding."""
    if np.isfinite(shift_se) and abs(shift) > SHIFT_Z * shift_se:
        when = describe_shift(first.confounding, second.confounding)
        return [
            Finding("caution", "depends on confounding", f"alpha becomes {second.alpha:.2f} {when} "
                    f"({shift:+.2f}, SE {shift_se:.2f}): inflation is taken for common or rare heritability; report both")
        ]  # fmt: skip
    return []
