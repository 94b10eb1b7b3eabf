"""What a heritability of one trait holds and says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sumh2.results import Result, p_text, with_se
from sumh2.sumstats import FilterCount
from sumh2.verdicts import WHY_SEPARATOR

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class H2Result(Result):
    """Heritability of one trait.

    Parameters
    ----------
    trait
        Name.
    h2, h2_se, h2_z, h2_p, h2_log10_p
        Observed-scale heritability; the p-value is two-sided.
    intercept, intercept_se
        The SE is NaN for a fixed intercept.
    ratio, ratio_se
        (intercept - 1) / (mean chi2 - 1), its mean chi2 treated as known (as LDSC); NaN unless mean chi2 > 1 and the
        intercept is free.
    h2_liab, h2_liab_se
        Liability scale; NaN without prevalences.
    lambda_gc, mean_chi2, max_chi2
        Over the regression SNPs.
    n_snps, n_blocks
        SNPs in the regression, jackknife blocks.
    n_mean
        Mean sample size over the regression SNPs.
    m
        Reference SNPs behind the LD scores, summed over categories.
    two_step
        Cutoff of the two-step estimator, None without.
    chisq_max
        SNPs with a chi2 at or above it were left out; None where none was.
    steps
        SNPs removed and kept, step by step.
    status, why
        ok, caution or unusable, and what to do.
    categories, tau, tau_cov
        Heritability per SNP of each category, (n_categories,), and its covariance.
    delete_values : float64, (n_blocks,)
        h2 with each block left out.
    tau_delete : float64, (n_blocks, n_categories)
    intercept_delete : float64, (n_blocks,)
    totals : float64, (n_categories,)
        Reference SNPs behind each LD score.
    samp_prev, pop_prev
        Share of cases in the sample and in the population; None for a quantitative trait.
    """

    kind: ClassVar[str] = "h2"

    trait: str
    h2: float
    h2_se: float
    h2_z: float
    h2_p: float
    h2_log10_p: float
    intercept: float
    intercept_se: float
    ratio: float
    ratio_se: float
    h2_liab: float
    h2_liab_se: float
    lambda_gc: float
    mean_chi2: float
    max_chi2: float
    n_snps: int
    n_blocks: int
    n_mean: float
    m: float
    two_step: float | None
    chisq_max: float | None
    steps: tuple[FilterCount, ...]
    status: str
    why: str
    categories: tuple[str, ...]
    tau: Floats
    tau_cov: Floats
    delete_values: Floats
    tau_delete: Floats
    intercept_delete: Floats
    totals: Floats
    samp_prev: float | None = None
    pop_prev: float | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)

    def to_records(self) -> list[dict[str, Any]]:
        names = (
            "trait", "h2", "h2_se", "h2_z", "h2_p", "h2_log10_p", "intercept", "intercept_se", "ratio", "ratio_se",
            "h2_liab", "h2_liab_se", "samp_prev", "pop_prev", "lambda_gc", "mean_chi2", "max_chi2", "n_snps",
            "n_blocks", "n_mean", "m", "two_step", "chisq_max", "status", "why",
        )  # fmt: skip
        return [{name: getattr(self, name) for name in names}]

    def details(self) -> dict[str, Any]:
        """SNP counts step by step; for each LD score its M, tau and heritability with standard errors."""
        tau_se = np.sqrt(np.diag(self.tau_cov))
        return {
            "steps": [{"what": step.what, "removed": step.removed, "kept": step.kept} for step in self.steps],
            "categories": [
                {"category": name, "m": m, "tau": tau, "tau_se": se, "h2": m * tau, "h2_se": m * se}
                for name, m, tau, se in zip(self.categories, self.totals, self.tau, tau_se, strict=True)
            ],
        }

    def __str__(self) -> str:
        lines = [f"{self.trait}: SNP heritability", ""]
        shown = [step for step in self.steps if step.removed or step in self.steps[-2:]]
        width = max((len(step.what) for step in shown), default=0)
        lines += [f"  {step.what:<{width}} {step.kept:>11,} SNPs" + _minus(step.removed) for step in shown]
        estimator = f"two-step, cutoff {self.two_step:g}" if self.two_step is not None else "one step"
        if len(self.categories) > 1:
            estimator = f"{len(self.categories)} LD scores, one weighted fit"
        lines += [
            "",
            f"  h2 (observed scale)  {with_se(self.h2, self.h2_se)}   "
            f"z {self.h2_z:.2f}, p {p_text(self.h2_p, self.h2_log10_p)}",
        ]
        if np.isfinite(self.h2_liab):
            lines.append(
                f"  h2 (liability scale) {with_se(self.h2_liab, self.h2_liab_se)}   "
                f"sample prevalence {self.samp_prev:g}, population prevalence {self.pop_prev:g}"
            )
        lines += [
            f"  intercept            {with_se(self.intercept, self.intercept_se)}",
            f"  ratio                {with_se(self.ratio, self.ratio_se)}",
            f"  lambda GC {self.lambda_gc:.4f}, mean chi2 {self.mean_chi2:.4f}, max chi2 {self.max_chi2:.1f}, "
            f"mean N {self.n_mean:,.0f}",
            f"  {self.n_snps:,} SNPs, M {self.m:,.0f}, {self.n_blocks} jackknife blocks, {estimator}",
            "",
            f"  status: {self.status}",
        ]
        lines += [f"    {reason}" for reason in self.why.split(WHY_SEPARATOR) if reason]
        return "\n".join(lines)


def _minus(removed: int) -> str:
    return f"  (-{removed:,})" if removed else ""
