"""Guards of a partitioned fit: is the annotation large enough, is it told apart from the others, is the p-value honest.

Everything is a pure function of numbers that a fit has at hand; the screen and the partitioned fit share them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldscores.annotations.annotation_sums import BLOCK_CM
from sumh2.kernels.dependence import effective_blocks, inverse_correlation
from sumh2.verdicts import Finding, Level

Floats = NDArray[np.float64]

#: Type-1 error of stratified regressions is inflated for annotations that touch less (Tashman et al. 2021; the figure
#: is the one its authors give to users of LDSC).
SMALL_BLOCK_SHARE = 0.017
#: Where blocks are not known: the share of reference SNPs below which an annotation is called small.
SMALL_SNP_SHARE = 0.005
#: Variance inflation from which a coefficient is hardly told from the others' (Marquardt 1970), and a level at which
#: it is not.
HIGH_INFLATION, EXTREME_INFLATION = 10.0, 1000.0
#: Condition number of scaled columns from which coefficients lose their digits (Belsley et al. 1980), and LDSC's limit.
HIGH_CONDITION, CONDITION_LIMIT = 100.0, 1e5
#: With fewer jackknife blocks (LDSC's usual number), or fewer that a coefficient effectively rests on than
#: `FEW_EFFECTIVE`, p-values are Student's.
USUAL_BLOCKS, FEW_EFFECTIVE = 200, 50
#: Residuals that are held by less than this share of the blocks are those of few large effects: simulated, 0.9 of a
#: polygenic trait and 0.6 of a strongly powered one with 1,300 causal variants; schizophrenia on chromosome 1 has 0.87.
CONCENTRATED = 0.7
#: Of such a trait's blocks, those that an annotation should meet: 43 go with 9% of two-sided tests below 5%, 80 with 8%.
FEW_LOCI = 60
#: A share of h2 further outside [0, 1], in SEs, is more than error; with an SE above `_NO_POWER` it may be any share.
_FAR_OUTSIDE, _NO_POWER = 2.0, 0.5
#: How far a share of h2 may be outside [0, 1] for rounding.
_SHARE_ROUNDING = 1e-6


# ---------------------------------------------------------------------------------------------------------------------
# Collinearity


def variance_inflation(gram: Floats, has_intercept: bool = True) -> Floats:
    """Variance inflation factors of the columns, (n_columns,).

    ``1 / (1 - R²_c)`` with R²_c that of column c regressed on the others: how much larger the variance of its
    coefficient is than if the columns were uncorrelated (Marquardt 1970).  1 is the least, inf says that the column is
    a combination of the others.

    Parameters
    ----------
    gram : float64, (n_coefs, n_coefs)
        ``XᵀWX`` of the regression, e.g. ``sums.xtx.sum(axis=0)``; the intercept, if there is one, is the last column.
    has_intercept
        Whether there is one; without, R² is not centred.
    """
    return np.diag(inverse_correlation(gram, has_intercept)[0]).copy()


def condition_of(gram: Floats, has_intercept: bool = True) -> float:
    """Condition number of the columns, each scaled to length one and centred where there is an intercept; inf if
    dependent."""
    values = inverse_correlation(gram, has_intercept)[1]
    return float(np.sqrt(values[-1] / values[0])) if values[0] > 0 else float("inf")


# ---------------------------------------------------------------------------------------------------------------------
# p-values


def degrees_of_freedom(n_blocks: int, effective: Floats | float | None = None) -> Floats:
    """Degrees of freedom of a jackknife z: infinite (normal) with the usual 200 blocks, else Student's blocks - 1.

    Parameters
    ----------
    n_blocks
        Jackknife blocks.
    effective
        Blocks that the coefficient rests on (:func:`sumh2.kernels.dependence.effective_blocks`); where these are fewer
        than `FEW_EFFECTIVE`, they count instead.
    """
    freedom = np.asarray(np.inf if n_blocks >= USUAL_BLOCKS else n_blocks - 1.0)
    if effective is None:
        return freedom
    few = np.asarray(effective, dtype=np.float64)
    return np.where(few < FEW_EFFECTIVE, np.maximum(few - 1, 1.0), freedom)


def upper_tail(statistic: Floats | float, freedom: Floats | float = np.inf) -> tuple[Floats, Floats]:
    """Upper-tail probability of a statistic and its log10: normal where the degrees of freedom are infinite."""
    from scipy.special import log_ndtr, ndtr, stdtr

    statistic, freedom = np.broadcast_arrays(np.asarray(statistic, float), np.asarray(freedom, float))
    normal = np.isinf(freedom)
    finite = np.where(normal, 1.0, freedom)
    p = np.where(normal, ndtr(-statistic), stdtr(finite, -statistic))
    with np.errstate(divide="ignore"):
        log10_p = np.where(normal, log_ndtr(-statistic) / np.log(10), np.log10(p))
    return p, log10_p


def two_sided_p(estimate: Floats | float, se: Floats | float, freedom: Floats | float) -> tuple[Floats, Floats, Floats]:
    """z, two-sided p and its log10; NaN where the SE is missing or zero."""
    estimate, se = np.asarray(estimate, dtype=np.float64), np.asarray(se, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(se > 0, estimate / se, np.nan)
    p, log10_p = upper_tail(np.abs(z), freedom)
    return z, np.minimum(2 * p, 1.0), np.minimum(log10_p + np.log10(2), 0.0)


def t_p_values(
    estimate: Floats | float, se: Floats | float, n_blocks: int, effective: Floats | float | None = None
) -> tuple[Floats, Floats, Floats, Floats]:
    """z, two-sided p, its log10, and one-sided p (estimate above zero); NaN where the SE is missing or zero.

    Normal with 200 blocks or more, Student's t with fewer: see :func:`degrees_of_freedom`.
    """
    freedom = degrees_of_freedom(n_blocks, effective)
    z, p, log10_p = two_sided_p(estimate, se, freedom)
    return z, p, log10_p, upper_tail(z, freedom)[0]


# ---------------------------------------------------------------------------------------------------------------------
# Findings


@dataclass(frozen=True)
class Dependence:
    """How the columns of one fit depend on each other.

    Parameters
    ----------
    inflation : float64, (n_categories,)
        Variance inflation factors.
    effective_blocks : float64, (n_categories,)
        Blocks that each coefficient rests on.
    condition
        Condition number of the scaled columns.
    """

    inflation: Floats
    effective_blocks: Floats
    condition: float


def measure_dependence(xtx: Floats, has_intercept: bool = True) -> Dependence:
    """Variance inflation, effective blocks and condition number from block sums, (n_blocks, n_coefs, n_coefs)."""
    gram = xtx.sum(axis=0)
    inverse, values = inverse_correlation(gram, has_intercept)
    if values[0] == 0:
        return Dependence(np.diag(inverse).copy(), np.full(len(values), np.nan), float("inf"))
    return Dependence(
        np.diag(inverse).copy(), effective_blocks(xtx, has_intercept), float(np.sqrt(values[-1] / values[0]))
    )


def size_findings(block_share: float, snp_share: float, binary: bool = True) -> list[Finding]:
    """Whether an annotation is too small: by blocks touched where they are known, else by its share of the SNPs.

    NaN stands for what is not known; the share of SNPs says nothing of a continuous annotation.
    """
    if np.isfinite(block_share):
        if block_share < SMALL_BLOCK_SHARE:
            return [
                Finding("caution", "small annotation", f"it touches {100 * block_share:.2g}% of the genome's "
                        f"{BLOCK_CM:g} cM blocks; below {100 * SMALL_BLOCK_SHARE:.2g}% p-values are too small: confirm "
                        "with a wider annotation, e.g. with flanks")
            ]  # fmt: skip
        return []
    if binary and np.isfinite(snp_share) and snp_share < SMALL_SNP_SHARE:
        return [
            Finding("caution", "small annotation", f"it holds {100 * snp_share:.2g}% of the reference SNPs; below "
                    f"{100 * SMALL_SNP_SHARE:.2g}% p-values tend to be too small: confirm with a wider annotation, "
                    "e.g. with flanks")
        ]  # fmt: skip
    return []


def inflation_findings(inflation: float) -> list[Finding]:
    """Whether the coefficient is told apart from the others'."""
    if inflation > EXTREME_INFLATION:
        return [
            Finding("unusable", "collinear", f"variance inflation {inflation:.3g}: the other annotations say nearly the "
                    "same; neither coefficient means anything by itself: leave one of them out")
        ]  # fmt: skip
    if inflation > HIGH_INFLATION:
        return [
            Finding("note", "collinear", f"variance inflation {inflation:.3g}: the coefficient is estimated against "
                    "annotations that say much the same; its enrichment is better determined")
        ]  # fmt: skip
    return []


def share_findings(share: float, share_se: float, binary: bool = True, small: bool = False) -> list[Finding]:
    """Whether a share of h2 is outside [0, 1], which no share of a binary annotation can be.

    An estimate within its error of the limit is noise; only one that is far outside says something of the model, unless
    the annotation is so small that its SE is not to be trusted.
    """
    if not np.isfinite(share) or not binary or -_SHARE_ROUNDING <= share <= 1 + _SHARE_ROUNDING:
        return []
    limit = 0 if share < 0 else 1
    beyond = abs(share - limit) / share_se if share_se > 0 else np.inf
    found = f"the share of h2 is {share:.3g} (SE {share_se:.2g})"
    if beyond > _FAR_OUTSIDE:
        why = (
            "the SE of so small an annotation is too small; take a wider one" if small else
            "the model is wrong for this trait or these annotations; check the baseline, outliers (--chisq-max) and LD "
            "scores"
        )  # fmt: skip
        return [Finding("unusable", "share outside [0, 1]", f"{found}, {beyond:.1f} SE outside: {why}")]
    if share_se > _NO_POWER:
        read = "the data do not tell it from any share: do not read its enrichment, not even the sign"
    else:
        read = f"within its error of {limit}: read it as {'about none' if limit == 0 else 'nearly all'} of h2"
    return [Finding("caution", "share outside [0, 1]", f"{found}, {read}")]


def shares_of_continuous() -> Finding:
    """Why a continuous annotation has no enrichment."""
    return Finding(
        "note", "continuous", "no share of SNPs or of h2 and no enrichment: it is no set of SNPs; read tau*, or its bins "
        "(sumh2 partition --quantile-of)",
    )  # fmt: skip


def block_findings(effective: float, n_blocks: int, remedy: str = "see --influence") -> list[Finding]:
    """Whether few blocks decide the coefficient, or there are few at all.

    Parameters
    ----------
    effective
        Blocks that the coefficient rests on; NaN where they are not known.
    n_blocks
    remedy
        Where a command shows which region it is.
    """
    if np.isfinite(effective) and effective < min(FEW_EFFECTIVE, n_blocks / 2):
        return [
            Finding("caution", "few effective blocks", f"the coefficient rests on {effective:.0f} of {n_blocks} "
                    "jackknife blocks: its p-values are Student's with as many; a single region may decide it, "
                    f"{remedy}")
        ]  # fmt: skip
    if n_blocks < USUAL_BLOCKS:
        text = f"{n_blocks} jackknife blocks: p-values of coefficients are Student's with {n_blocks - 1} d.f."
        return [Finding("note", "jackknife t", text)]
    return []


def locus_findings(effective: float, residual_blocks: float, n_blocks: int) -> list[Finding]:
    """Whether the trait's large effects are so few that an annotation hardly meets any of them.

    A strongly powered trait of few causal variants leaves residuals that few blocks hold.  Of an annotation that rests
    on a part of the blocks, an estimate is then either that of none of the large effects, a little below the truth with
    an error that is far too small, or that of one.  Simulated (tests/test_screen_truth.py, 150,000 people, 64,000 SNPs
    of which 2% are causal): two-sided tests at 5% reject 13% to 26% of true nulls, one-sided ones 2.5% and fewer.  The
    limit on chi2 is not the reason: without it they reject more.

    Parameters
    ----------
    effective
        Blocks that the coefficient rests on.
    residual_blocks
        Blocks that hold the weighted squares of the residuals: :func:`sumh2.kernels.bordered_regression.residual_blocks`.
    n_blocks
    """
    share = residual_blocks / n_blocks
    said_already = effective < min(FEW_EFFECTIVE, n_blocks / 2)
    if said_already or not (share < CONCENTRATED and effective * share < min(FEW_LOCI, n_blocks / 2)):
        return []
    return [
        Finding("caution", "few loci", f"the trait's largest effects are in {residual_blocks:.0f} of {n_blocks} blocks, "
                f"of which the annotation meets some {effective * share:.0f}: two-sided p-values are too small and tau "
                "leans below zero; trust the one-sided p-value")
    ]  # fmt: skip


def condition_findings(condition: float, inflation: Floats, names: Sequence[str]) -> list[Finding]:
    """Whether the whole set of annotations is near collinear, and which of them are."""
    if not condition > HIGH_CONDITION:
        return []
    worst = [names[place] for place in np.argsort(-inflation)[:4] if inflation[place] > HIGH_INFLATION]
    level: Level = "unusable" if condition > CONDITION_LIMIT else "caution"
    return [
        Finding(level, "collinear annotations", f"condition number {condition:.3g} of the scaled LD scores; mostly "
                f"{', '.join(worst) or 'all of them together'}: leave out what repeats another")
    ]  # fmt: skip
