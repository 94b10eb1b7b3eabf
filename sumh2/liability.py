"""Observed scale to liability scale."""

from __future__ import annotations

from ldscores.shared.errors import InputError


def liability_factor(samp_prev: float, pop_prev: float) -> float:
    """Factor from observed-scale to liability-scale heritability of a case-control study.

        c = K² (1 - K)² / (P (1 - P) phi(t)²),        t = upper-tail normal quantile of K

    (Lee et al. 2011, eq. 23).  A covariance of two traits takes ``sqrt(c1 c2)``; a correlation does not change.

    Parameters
    ----------
    samp_prev
        P, share of cases in the sample, between 0 and 1.
    pop_prev
        K, prevalence in the population, between 0 and 1.

    Raises
    ------
    InputError
        A prevalence is not between 0 and 1.
    """
    from scipy.stats import norm

    for name, value in (("sample", samp_prev), ("population", pop_prev)):
        if not 0 < value < 1:
            raise InputError(
                f"{name} prevalence: found {value}, expected a share between 0 and 1 "
                "(0.01 for one per cent); correct --samp-prev or --pop-prev"
            )
    density = norm.pdf(norm.isf(pop_prev))
    return float(pop_prev**2 * (1 - pop_prev) ** 2 / (samp_prev * (1 - samp_prev) * density**2))
