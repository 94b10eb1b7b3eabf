"""Observed scale to liability scale."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import InputError, OptionError
from sumh2.verdicts import Finding

log = logging.getLogger(__name__)


def liability_factor(samp_prev: float | None, pop_prev: float | None, *, quantitative: float = float("nan")) -> float:
    """Factor from observed-scale to liability-scale heritability of a case-control study.

        c = K² (1 - K)² / (P (1 - P) phi(t)²),        t = upper-tail normal quantile of K

    (Lee et al. 2011, eq. 23).  A covariance of two traits takes ``sqrt(c1 c2)``; a correlation does not change.

    Parameters
    ----------
    samp_prev
        P, share of cases in the sample, between 0 and 1; None for a quantitative trait.
    pop_prev
        K, prevalence in the population, between 0 and 1; None for a quantitative trait.
    quantitative
        The answer for a quantitative trait, whose only scale is the observed one.

    Raises
    ------
    InputError
        A prevalence is not between 0 and 1.
    """
    if samp_prev is None or pop_prev is None:
        return quantitative
    from scipy.stats import norm

    for name, value in (("sample", samp_prev), ("population", pop_prev)):
        if not 0 < value < 1:
            raise InputError(
                f"{name} prevalence: found {value}, expected a share between 0 and 1 "
                "(0.01 for one per cent); correct --samp-prev or --pop-prev"
            )
    density = norm.pdf(norm.isf(pop_prev))
    return float(pop_prev**2 * (1 - pop_prev) ** 2 / (samp_prev * (1 - samp_prev) * density**2))


#: N may be off the number of people by this share: SNPs that some cohorts lack, rounding.
_NEAR = 0.05


def sample_prevalence(cases: float | None, controls: float | None, n: NDArray[np.float64]) -> float | None:
    """Share of cases that goes with an N: that of the people, or 0.5 where N is the effective N, 4 / (1/cases +
    1/controls), as if the study were balanced (Grotzinger et al. 2023, Biological Psychiatry).

    Parameters
    ----------
    cases, controls
        People in the study; None if unknown.
    n : float64, (n_snps,)
        N of each SNP; its median or its largest value is to be one of the two numbers.

    Returns
    -------
    float or None
        None where the numbers are unknown, or N is neither of them.
    """
    if cases is None or controls is None:
        return None
    shares = {cases + controls: cases / (cases + controls), 4 / (1 / cases + 1 / controls): 0.5}
    distance, share = min(
        (abs(float(typical) / people - 1), share)
        for typical in (np.median(n), n.max())
        for people, share in shares.items()
    )
    return share if distance < _NEAR else None


def derive_sample_prevalence(
    where: str,
    cases: float | None,
    controls: float | None,
    n: NDArray[np.float64],
    names: tuple[str, str] = ("--samp-prev", "--pop-prev"),
) -> float:
    """:func:`sample_prevalence` of a study of which only the prevalence in the population is given, told in the log.

    Parameters
    ----------
    where
        The study's file.
    cases, controls, n
        See :func:`sample_prevalence`.
    names
        What the prevalences in sample and population are called where they are given.

    Raises
    ------
    OptionError
        The numbers leave it open.
    """
    share = sample_prevalence(cases, controls, n)
    people = "" if cases is None or controls is None else f"{cases:,.0f} cases and {controls:,.0f} controls"
    if share is None:
        why = "does not say how many cases and controls there are"
        if people:
            why = f"has an N that is neither {people} nor their effective N"
        raise OptionError(
            f"prevalences: found {names[1]} without {names[0]}, and {where} {why}; expected both; add {names[0]}, the "
            "share of cases (0.5 where N is the effective N)"
        )
    of_effective_n = ", of which N is the effective number" if share == 0.5 else ""
    log.info("%s: sample prevalence %.4g, from %s%s", where, share, people, of_effective_n)
    return share


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
