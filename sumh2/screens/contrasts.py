"""Whether two annotations differ: in one regression, and each in its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import FitError
from sumh2.enrichment.annotation_guards import t_p_values
from sumh2.kernels.jackknife import Jackknife
from sumh2.regression_input import fitting
from sumh2.screens.annotation_taggings import AnnotationBatch
from sumh2.screens.regression import ScreenBaseline
from sumh2.screens.result import Contrast, ScreenRow

Floats = NDArray[np.float64]


def compare_annotations(
    pairs: Sequence[tuple[str, str]],
    rows: Sequence[ScreenRow],
    tau_delete: Floats,
    read: Callable[[tuple[str, str]], list[AnnotationBatch]],
    baseline: ScreenBaseline,
    weights: str,
) -> tuple[Contrast, ...]:
    """Differences in tau of pairs of annotations.

    ``tau_A - tau_B`` has the jackknife error of the difference of their delete values over common blocks, which holds
    their covariance, whether both stand in one regression ("joint") or each in its own ("marginal", from the screen).

    Parameters
    ----------
    pairs
    rows, tau_delete
        Of the screen.
    read
        Hands over the two annotations.
    baseline
        Beside which both are fitted; the joint regression has its weights, also where the screen has LDSC's.
    weights
        Of the screen.
    """
    place_of = {row.annotation: place for place, row in enumerate(rows)}
    found = []
    for pair in pairs:
        first, second = (rows[place_of[name]] for name in pair)
        broken = next((row for row in (first, second) if not np.isfinite(row.tau_se)), None)
        if broken is not None:
            why = f"{broken.annotation}: {broken.why}"
            found += [Contrast(*pair, model, status="unusable", why=why) for model in ("joint", "marginal")]
            continue
        found.append(_joint(pair, (first, second), read(pair), baseline))
        places = [place_of[name] for name in pair]
        estimate = np.array([first.tau, second.tau])
        found.append(_contrast(pair, "marginal", Jackknife(estimate, tau_delete[:, places]), (first, second)))
    return tuple(found)


def _joint(
    pair: tuple[str, str],
    rows: tuple[ScreenRow, ScreenRow],
    batches: Sequence[AnnotationBatch],
    baseline: ScreenBaseline,
) -> Contrast:
    try:
        both = baseline
        for batch in batches:
            both = both.with_controls(batch.controls)
        with fitting(" and ".join(pair)):
            for name, batch in zip(pair, batches, strict=True):
                both = both.joined(name, batch.values[0], float(batch.totals.m[0]))
            fit = both.fit()
    except FitError as error:
        return Contrast(*pair, "joint", status="unusable", why=f"not fitted: {error}")
    at = slice(len(both.names) - 2, len(both.names))
    tau = Jackknife(fit.estimate[at] / both.rows.n_mean, fit.delete_values[:, at] / both.rows.n_mean)
    return _contrast(pair, "joint", tau, rows)


def _contrast(pair: tuple[str, str], model: str, tau: Jackknife, rows: tuple[ScreenRow, ScreenRow]) -> Contrast:
    covariance, n_blocks = tau.cov, tau.n_blocks
    difference, se = _difference(tau, np.array([1.0, -1.0]))
    z, p, log10_p, _ = t_p_values(difference, se, n_blocks)
    # tau* is tau times a number that hardly varies between jackknife samples; it is taken as known here.
    scale = np.array([row.tau_star / row.tau if row.tau else np.nan for row in rows])
    star, star_se = _difference(tau, scale * [1.0, -1.0])
    return Contrast(
        *pair, model,
        tau_first=float(tau.estimate[0]), tau_first_se=float(np.sqrt(covariance[0, 0])),
        tau_second=float(tau.estimate[1]), tau_second_se=float(np.sqrt(covariance[1, 1])),
        difference=difference, difference_se=se, difference_z=float(z), difference_p=float(p),
        difference_log10_p=float(log10_p), covariance=float(covariance[0, 1]),
        difference_star=star, difference_star_se=star_se, difference_star_p=float(t_p_values(star, star_se, n_blocks)[1]),
        joint_p=_both_zero_p(tau.estimate, covariance, n_blocks),
    )  # fmt: skip


def _difference(tau: Jackknife, weights: Floats) -> tuple[float, float]:
    variance = weights @ tau.cov @ weights
    return float(weights @ tau.estimate), float(np.sqrt(variance))


def _both_zero_p(estimate: Floats, covariance: Floats, n_blocks: int) -> float:
    """Hotelling's T² of two estimates whose covariance is of n_blocks pseudo-values; NaN if it is singular."""
    from scipy.special import fdtrc

    if n_blocks < 4 or not np.linalg.cond(covariance) < 1 / np.finfo(float).eps:
        return float("nan")
    t_squared = float(estimate @ np.linalg.solve(covariance, estimate))
    return float(fdtrc(2, n_blocks - 2, t_squared * (n_blocks - 2) / (2 * (n_blocks - 1))))
