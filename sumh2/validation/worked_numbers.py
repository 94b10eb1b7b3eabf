"""Numbers that follow from others in the same text: each function is one of them, named in ``literature.tsv``."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np

from sumh2.atlas.consistent_table import RgTable, fit_consistent_table
from sumh2.liability import liability_factor

#: Correlations of twins and h2 of SNPs of the worked example.
R_MZ, R_DZ, H2_SNPS = 0.62, 0.36, 0.31
#: Correlations of three traits that no traits can have, and an SE for each of them (any will do).
IMPOSSIBLE, SE = (0.9, 0.9, 0.2), 0.05


# ---------------------------------------------------------------------------------------------------------------------
# Liability scale


def liability_difference(n_cases: float, n_controls: float, pop_prev: float = 0.01) -> float:
    """Relative difference of two ways to the liability scale of one cohort.

    N and the true share of cases P; or the effective N, 4 / (1/cases + 1/controls), with P = 0.5.  The regression
    estimates the product N h2, so that the observed h2 of the second is N / N_eff times that of the first.
    """
    n, effective = n_cases + n_controls, 4 / (1 / n_cases + 1 / n_controls)
    true = liability_factor(n_cases / n, pop_prev)
    return abs(n / effective * liability_factor(0.5, pop_prev) / true - 1)


# ---------------------------------------------------------------------------------------------------------------------
# Twins, tagging, two loci


def falconer(r_mz: float, r_dz: float) -> tuple[float, float, float]:
    """h2, c2 and e2 of the ACE model: r(MZ) = h2 + c2, r(DZ) = h2/2 + c2 (Falconer's formula)."""
    h2 = 2 * (r_mz - r_dz)
    return h2, r_mz - h2, 1 - r_mz


def two_locus_heritabilities() -> tuple[float, float]:
    """Broad and narrow heritability of two loci with dominance and additive-by-additive epistasis, by enumeration.

    ``G = sum of a x + d [heterozygote] + i x_A x_B`` with x = -1, 0, 1 (Falconer's scale), Hardy-Weinberg and linkage
    equilibrium; the additive part is the linear regression of G on x_A and x_B.  The text does not say how it codes
    genotypes.
    """
    p, a, d, epistasis, noise = (0.2, 0.8), (0.8, 0.4), (0.5, -0.3), 0.6, 0.5
    codes = np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=2)))
    shares = np.prod([_genotype_shares(p[k])[codes[:, k].astype(int) + 1] for k in (0, 1)], axis=0)
    value = epistasis * codes.prod(axis=1) + sum(a[k] * codes[:, k] + d[k] * (codes[:, k] == 0) for k in (0, 1))
    design = np.column_stack([np.ones(len(codes)), codes])
    weighted = design * shares[:, None]
    additive = design @ np.linalg.solve(weighted.T @ design, weighted.T @ value)
    total = shares @ (value - shares @ value) ** 2
    return float(total / (total + noise)), float(shares @ (additive - shares @ additive) ** 2 / (total + noise))


def _genotype_shares(p: float) -> np.ndarray:
    return np.array([(1 - p) ** 2, 2 * p * (1 - p), p**2])


# ---------------------------------------------------------------------------------------------------------------------
# Correlations of three traits


def correlation_of_three(r12: float, r13: float, r23: float) -> np.ndarray:
    """The matrix, (3, 3)."""
    return np.array([[1, r12, r13], [r12, 1, r23], [r13, r23, 1.0]])


def psd_condition(matrix: np.ndarray) -> float:
    """r12² + r13² + r23² - 2 r12 r13 r23: 1 less the determinant, at most 1 for three traits that can be."""
    r12, r13, r23 = matrix[0, 1], matrix[0, 2], matrix[1, 2]
    return float(r12**2 + r13**2 + r23**2 - 2 * r12 * r13 * r23)


def consistent_three() -> np.ndarray:
    """The impossible correlations made consistent, (3, 3)."""
    raw = correlation_of_three(*IMPOSSIBLE)
    errors = np.where(np.eye(3, dtype=bool), np.nan, SE)
    return fit_consistent_table(RgTable(("1", "2", "3"), raw, errors)).rg


# ---------------------------------------------------------------------------------------------------------------------
# Binomial limits


def binomial_limits(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Exact limits of a share (Clopper and Pearson 1934)."""
    from scipy.stats import beta

    tail = (1 - level) / 2
    return float(beta.ppf(tail, successes, n - successes + 1)), float(beta.isf(tail, successes + 1, n - successes))


def binomial_p(successes: int, n: int, share: float) -> float:
    """Two-sided exact p-value."""
    from scipy.stats import binomtest

    return float(binomtest(successes, n, share).pvalue)


# ---------------------------------------------------------------------------------------------------------------------
# By name


def pairs(n: int) -> int:
    """Pairs of n traits."""
    return n * (n - 1) // 2


def variance_ratio(smaller: float) -> float:
    """Variance over the variance of an estimate whose SE is this share smaller."""
    return 1 / (1 - smaller) ** 2


def gt_variance(covariance: float, parts: Sequence[float] = (0.4, 0.4, 0.2)) -> float:
    """Var(y) of genome, transcriptome and residual with a covariance between the first two (CORE GREML)."""
    return sum(parts) + 2 * covariance


NUMBERS: dict[str, Callable[[], float]] = {
    "liability_half": lambda: liability_factor(0.5, 0.5),
    "liability_one_percent": lambda: liability_factor(0.5, 0.01),
    "liability_conventions_balanced": lambda: liability_difference(25_000, 25_000),
    "liability_conventions_unbalanced": lambda: liability_difference(5_000, 45_000),
    "falconer_h2": lambda: falconer(R_MZ, R_DZ)[0],
    "falconer_c2": lambda: falconer(R_MZ, R_DZ)[1],
    "falconer_e2": lambda: falconer(R_MZ, R_DZ)[2],
    "missing_share": lambda: 1 - H2_SNPS / falconer(R_MZ, R_DZ)[0],
    "tagging_loss": lambda: 0.9 * 0.2 + 0.25 * 0.3,
    "two_locus_broad": lambda: two_locus_heritabilities()[0],
    "two_locus_narrow": lambda: two_locus_heritabilities()[1],
    "two_locus_difference": lambda: -float(np.diff(two_locus_heritabilities())[0]),
    "psd_condition": lambda: psd_condition(correlation_of_three(*IMPOSSIBLE)),
    "psd_eigenvalue": lambda: float(np.linalg.eigvalsh(correlation_of_three(*IMPOSSIBLE))[0]),
    "psd_after": lambda: psd_condition(consistent_three()),
    "mgreml_variance_h2": lambda: variance_ratio(0.327),
    "mgreml_variance_rg": lambda: variance_ratio(0.506),
    "mgreml_pairs": lambda: pairs(86),
    "mgreml_significant": lambda: 100 * 1519 / pairs(86),
    "mgreml_significant_ldsc": lambda: 100 * 954 / pairs(86),
    "mgreml_traits": lambda: 76 + 8 + 2,
    "mgreml_people": lambda: 9747 + 10_433,
    "core_type1_partition": lambda: 19 / 500,
    "core_low_partition": lambda: binomial_limits(19, 500)[0],
    "core_high_partition": lambda: binomial_limits(19, 500)[1],
    "core_type1_transcriptome": lambda: 21 / 500,
    "core_low_transcriptome": lambda: binomial_limits(21, 500)[0],
    "core_high_transcriptome": lambda: binomial_limits(21, 500)[1],
    "core_binomial_p": lambda: binomial_p(19, 500, 0.05),
    "core_variance_positive": lambda: gt_variance(0.2),
    "core_variance_negative": lambda: gt_variance(-0.2),
    "core_correlation": lambda: 0.2 / math.sqrt(0.4 * 0.4),
    "core_partition_sum": lambda: math.fsum((0.3, 0.4, 0.1, 0.2)),
    "core_snps": lambda: 75_396 + 255_665 + 799_935,
    "hdl_sample_size": lambda: 1 / (1 - 0.6),
    "hdl_pairs": lambda: pairs(30),
}
