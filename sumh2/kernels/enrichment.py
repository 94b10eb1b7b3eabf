"""From coefficients of a stratified regression to shares of heritability and enrichments, with jackknife errors.

With tau_k the heritability per unit of category k, M_k its sum over the reference SNPs, O_ik its sum over the SNPs of
category i (the overlap), n_i the number of those SNPs and M the number of all:

    h2 = sum_k M_k tau_k          h2_i = sum_k O_ik tau_k          share_i = h2_i / h2
    enrichment_i = share_i / (n_i / M)
    difference_i = h2_i / n_i - (h2 - h2_i) / (M - n_i)

(Finucane et al. 2015, Online Methods; SPEC-LDSC 4.1.)  LDSC writes h2_i / h2 as S (M tau / h2) with S_ik = O_ik / M_k,
which is the same but divides by totals that may be zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sumh2.kernels.jackknife import jackknife_covariance

Floats = NDArray[np.float64]

#: An SE below this share of its estimate is rounding: the category of all SNPs has a share of exactly 1.
_ROUNDING = 1e-10


@dataclass(frozen=True)
class Estimated:
    """Numbers with their standard errors and delete values.

    Parameters
    ----------
    value, se : float64, (n,)
    delete_values : float64, (n_blocks, n)
    """

    value: Floats
    se: Floats
    delete_values: Floats


def estimated(value: Floats, delete_values: Floats) -> Estimated:
    """Standard errors from delete values; an SE that is rounding is zero."""
    with np.errstate(invalid="ignore"):
        se = np.sqrt(np.maximum(np.diag(jackknife_covariance(value, delete_values)), 0.0))
        se[se <= _ROUNDING * np.abs(value)] = 0.0
    return Estimated(value, se, delete_values)


@dataclass(frozen=True)
class Enrichments:
    """What follows from the coefficients, an entry a category.

    Parameters
    ----------
    h2
        Heritability of the SNPs of the category, whatever coefficient it comes from.
    share
        Its share of the total.
    enrichment
        Share of h2 over share of SNPs.
    difference, difference_se : float64, (n_categories,)
        Heritability per SNP inside less outside: the test of enrichment.  NaN for a category of all SNPs or of none.
    tau_star
        Coefficient in units of the average per-SNP heritability for one standard deviation of the annotation; NaN for
        a category of all SNPs, which has no spread.
    prop_snps : float64, (n_categories,)
        Share of the reference SNPs, n_i / M.
    """

    h2: Estimated
    share: Estimated
    enrichment: Estimated
    difference: Floats
    difference_se: Floats
    tau_star: Estimated
    prop_snps: Floats


def derive_enrichments(
    tau: Floats, tau_delete: Floats, overlap: Floats, totals: Floats, sizes: Floats, n_reference: float, sd: Floats
) -> Enrichments:
    """Shares, enrichments and standardised coefficients.

    Parameters
    ----------
    tau : float64, (n_categories,)
    tau_delete : float64, (n_blocks, n_categories)
    overlap : float64, (n_categories, n_categories)
        O_ik: sum of column k over the SNPs of category i.
    totals, sizes : float64, (n_categories,)
        M_k and n_i.
    n_reference
        M.
    sd : float64, (n_categories,)
        Standard deviation of each annotation over the reference SNPs.
    """
    total, total_delete = tau @ totals, tau_delete @ totals
    inside, inside_delete = overlap @ tau, tau_delete @ overlap.T
    share, share_delete = inside / total, inside_delete / total_delete[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        prop_snps = sizes / n_reference
        per_prop = np.where(prop_snps != 0, 1 / prop_snps, np.nan)
        contrast = overlap / sizes[:, None] - (totals - overlap) / (n_reference - sizes)[:, None]
    contrast[(sizes == n_reference) | (sizes == 0)] = np.nan
    covariance = jackknife_covariance(tau, tau_delete)
    variance = np.einsum("ik,kl,il->i", contrast, covariance, contrast)
    standard = np.where(sd > 0, sd * n_reference, np.nan)
    return Enrichments(
        h2=estimated(inside, inside_delete),
        share=estimated(share, share_delete),
        enrichment=estimated(share * per_prop, share_delete * per_prop),
        difference=contrast @ tau,
        difference_se=np.sqrt(np.maximum(variance, 0.0)),
        tau_star=estimated(tau * standard / total, tau_delete * standard / total_delete[:, None]),
        prop_snps=prop_snps,
    )


@dataclass(frozen=True)
class QuantileHeritabilities:
    """Heritability of bins of SNPs, an entry a bin.

    Parameters
    ----------
    h2, share, enrichment
        Of the SNPs in the bin.
    difference, difference_se : float64, (n_bins,)
        Heritability per SNP inside less outside.
    """

    h2: Estimated
    share: Estimated
    enrichment: Estimated
    difference: Floats
    difference_se: Floats


def derive_quantiles(
    tau: Floats, tau_delete: Floats, sums: Floats, n_snps: NDArray[np.int64]
) -> QuantileHeritabilities:
    """Heritability of bins that together hold all SNPs that count: ``h2_q = sum_c tau_c sums_qc``.

    Shares are of the sum over the bins, and enrichments are over the bins' shares of SNPs (LDSC's quantile_h2g, whose
    standard errors are right for 200 blocks only, a number written into it; these hold for any).

    Parameters
    ----------
    sums : float64, (n_bins, n_categories)
        Sum of each annotation over the SNPs of the bin.
    n_snps : int64, (n_bins,)
    """
    n_inside = n_snps.astype(np.float64)
    inside, inside_delete = sums @ tau, tau_delete @ sums.T
    total, total_delete = inside.sum(), inside_delete.sum(axis=1, keepdims=True)
    n_total = n_inside.sum()
    prop_snps = n_inside / n_total

    def difference(h2: Floats, of: Floats) -> Floats:
        return h2 / n_inside - (of - h2) / (n_total - n_inside)

    contrast = estimated(difference(inside, total), difference(inside_delete, total_delete))
    return QuantileHeritabilities(
        h2=estimated(inside, inside_delete),
        share=estimated(inside / total, inside_delete / total_delete),
        enrichment=estimated(inside / total / prop_snps, inside_delete / total_delete / prop_snps),
        difference=contrast.value,
        difference_se=contrast.se,
    )
