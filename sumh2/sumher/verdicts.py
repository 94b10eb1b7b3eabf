"""What to know of a SumHer fit before using its numbers, beyond what holds for every heritability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ldscores.shared.messages import counted
from sumh2.verdicts import Finding, Level

if TYPE_CHECKING:
    from sumh2.sumher.result import SumherResult

#: A jackknife SE this many times LDAK's says that LD beyond the weights matters.
_SE_RATIO = 1.5
#: A heritability of a category this many SE below zero is more than noise.
_NEGATIVE_Z = -2.0
#: Share of the effective size with a negative expected heritability that deserves a caution.
_MANY_NEGATIVE = 0.05
#: Share of the tagging's SNPs without statistics that deserves a caution.
_MANY_MISSING = 0.1


def sumher_findings(result: SumherResult, has_model: bool, outlier_limit: float | None) -> list[Finding]:
    """Findings of the solver, the categories, the standard errors and the SNPs.

    Parameters
    ----------
    result
        The fit.
    has_model
        Whether the tagging came with the sums of its heritability model; plain LD scores do not.
    outlier_limit
        chi2 above which single loci weigh much; None where large statistics were left out or truncated.
    """
    found = []
    if not result.converged:
        found.append(
            Finding("unusable", "not converged", f"{result.n_iter} steps did not settle; categories are nearly "
                    "collinear, or a statistic is extreme: try --truncate 80, or fewer categories")
        )  # fmt: skip
    found += _category_findings(result) + _snp_findings(result)
    if outlier_limit is not None and result.max_chi2 > outlier_limit:
        level: Level = "caution" if result.max_chi2 > 5 * outlier_limit else "note"
        found.append(
            Finding(level, "outliers", f"the largest chi2 is {result.max_chi2:,.0f}; compare with --truncate "
                    f"{outlier_limit:.0f}, or with --cutoff 0.01, which leaves out what single loci add")
        )  # fmt: skip
    if np.isfinite(result.h2_se) and result.h2_jackknife_se > _SE_RATIO * result.h2_se:
        found.append(
            Finding("note", "SE by likelihood too small", f"the jackknife SE is "
                    f"{result.h2_jackknife_se / result.h2_se:.1f} times LDAK's, which takes SNPs for independent once "
                    "each is weighted: use the jackknife's")
        )  # fmt: skip
    if np.isfinite(result.scaling_jackknife_se) and abs(result.scaling - 1) > 2 * result.scaling_jackknife_se:
        found.append(
            Finding("note", "inflation", f"statistics are {result.scaling:.3f} times what the model expects; with "
                    "constant n an intercept fits as well, and gives another h2")
        )  # fmt: skip
    if not has_model:
        found.append(
            Finding("note", "LD scores", "taken as taggings of the GCTA model, all SNPs alike; other models need a "
                    "tagging of their own: ldscores build --model")
        )  # fmt: skip
    return found


def _category_findings(result: SumherResult) -> list[Finding]:
    category = result.partition.category_h2
    if len(category.value) < 2 or not np.isfinite(category.value).all():
        return []
    se = np.where(np.isfinite(category.jackknife_se), category.jackknife_se, category.se)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = category.value / se
    if not (category.value < 0).any():
        return []
    names = [name for name, value in zip(result.partition.names, category.value, strict=True) if value < 0]
    level: Level = "caution" if (z < _NEGATIVE_Z).any() else "note"
    return [
        Finding(level, "negative category", f"the heritability of {', '.join(names[:3])}"
                f"{' and others' if len(names) > 3 else ''} is negative"
                + (", beyond noise: the model or the LD reference does not fit" if level == "caution" else
                   ", within noise: read its interval, not its enrichment"))
    ]  # fmt: skip


def _snp_findings(result: SumherResult) -> list[Finding]:
    found = []
    if result.n_impossible:
        found.append(
            Finding("caution", "impossible expectation",
                    f"{counted(result.n_impossible, 'SNP has', 'SNPs have')} an expected statistic that is not "
                    "positive: a negative heritability per SNP, or an intercept far below zero; use fewer categories")
        )  # fmt: skip
    share = result.effective_negative_heritability / result.effective_size
    if share > _MANY_NEGATIVE:
        found.append(
            Finding("caution", "negative heritability of SNPs", f"{100 * share:.0f}% of the regression SNPs (by weight) "
                    "tag a negative heritability; use fewer categories, or leave per-SNP heritabilities aside")
        )  # fmt: skip
    missing = 1 - result.n_snps / result.n_tagging_snps
    if missing > _MANY_MISSING:
        found.append(
            Finding("caution", "statistics missing", f"{100 * missing:.0f}% of the tagging's SNPs have no statistics; "
                    "weights 1 / Tagging count LD with SNPs that are not there: LDAK wants a tagging of the SNPs that "
                    "the study has (--check-sums makes this an error)")
        )  # fmt: skip
    return found
