"""Observed scale to liability scale."""

from __future__ import annotations

from ldscores.shared.errors import InputError
from sumh2.verdicts import Finding


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


def scale_findings(
    samp_prev: float | None, pop_prev: float | None, cases: float | None, controls: float | None
) -> list[Finding]:
    """A note where a disease's heritability stays on the observed scale, which depends on how many cases were sampled."""
    if cases is None or controls is None or (samp_prev is not None and pop_prev is not None):
        return []
    text = (
        f"{cases:,.0f} cases and {controls:,.0f} controls: h2 is on the observed scale; for the liability scale give "
        f"--samp-prev {cases / (cases + controls):.3g} (0.5 where N is the effective N) and --pop-prev, the share of "
        "people with the disease"
    )
    return [Finding("note", "case-control", text)]
