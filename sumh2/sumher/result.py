"""Results of a SumHer fit: heritability, confounding, likelihood and what each category adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sumh2.kernels.heritability_shares import CategorySums
from sumh2.kernels.jackknife import jackknife_covariance
from sumh2.kernels.significance import z_and_p
from sumh2.results import Result, number_text, p_text, with_se
from sumh2.sumstats import FilterCount
from sumh2.verdicts import WHY_SEPARATOR

Floats = NDArray[np.float64]

#: The report of a model with many categories shows this many of them, the record all.
CATEGORIES_SHOWN = 100


#: An error of an excess below this share of the category's heritability is rounding, as of a category of all SNPs.
_ROUNDING = 1e-10


@dataclass(frozen=True)
class Quantity:
    """A number for each category with both its standard errors.

    Parameters
    ----------
    value, se, jackknife_se : float64, (n_categories,)
        ``se`` is LDAK's, from the curvature of the likelihood; NaN where there is none.
    """

    value: Floats
    se: Floats
    jackknife_se: Floats


def quantities_with_errors(
    values: Mapping[str, Floats], errors: Mapping[str, Floats], deleted: Mapping[str, Floats] | None
) -> dict[str, Quantity]:
    """Values with errors from the likelihood and from delete values, (n_blocks, n_categories)."""
    quantities = {}
    for name, value in values.items():
        jackknife_se = np.full(np.shape(value), np.nan)
        if deleted is not None and np.ndim(value):
            jackknife_se = np.sqrt(np.diag(jackknife_covariance(value, deleted[name])))
        quantities[name] = Quantity(value, errors[name], jackknife_se)
    return quantities


@dataclass(frozen=True)
class Partition:
    """Heritability by category, (n_categories,) each.

    Parameters
    ----------
    names
        Categories of the tagging.
    expected
        Share of the reference SNPs that are members.
    tau, tau_cov, tau_jackknife_cov, tau_delete
        Heritability per unit of the category, its covariance by likelihood and by jackknife, and its delete values,
        (n_blocks, n_categories).
    sums
        Sums over the reference SNPs.
    component_h2, component_share
        What the category's own coefficient adds, tau_k s_k, and its share of h2 (LDAK's Her and Share).
    influence, influence_factor
        Share of the weighted excess of the test statistics that the component explains, and that share a unit.
    category_h2, category_share, enrichment
        Heritability of the SNPs that are members, whatever coefficient it comes from; its share; share over expected.
    excess
        category_h2 - expected h2: zero without enrichment; its z is the test of enrichment.
    """

    names: tuple[str, ...]
    expected: Floats
    tau: Floats
    tau_cov: Floats
    tau_jackknife_cov: Floats
    tau_delete: Floats | None
    sums: CategorySums
    component_h2: Quantity
    component_share: Quantity
    influence: Quantity
    influence_factor: Floats
    category_h2: Quantity
    category_share: Quantity
    enrichment: Quantity
    excess: Quantity

    def enrichment_z(self, jackknife: bool = True) -> Floats:
        """excess over its SE, (n_categories,): the test of enrichment; NaN for a category of all SNPs."""
        return np.array([z for z, _, _ in self.enrichment_tests(jackknife)])

    def enrichment_tests(self, jackknife: bool = True) -> list[tuple[float, float, float]]:
        """z, two-sided p and its log10 of each category's excess; NaN where its error is rounding alone."""
        se = self.excess.jackknife_se if jackknife else self.excess.se
        smallest = _ROUNDING * np.abs(self.category_h2.value)
        return [
            z_and_p(value, error if error > least else float("nan"))
            for value, error, least in zip(self.excess.value, se, smallest, strict=True)
        ]

    def to_records(self) -> list[dict[str, Any]]:
        """One row a category: every quantity with both SEs."""
        tau_se, tau_jackknife_se = (np.sqrt(np.diag(cov)) for cov in (self.tau_cov, self.tau_jackknife_cov))
        quantities = {
            "tau": Quantity(self.tau, tau_se, tau_jackknife_se),
            **{name: getattr(self, name) for name in _QUANTITIES},
        }
        columns: dict[str, Any] = {"category": self.names, "expected_share": self.expected}
        for name, quantity in quantities.items():
            columns |= {name: quantity.value, f"{name}_se": quantity.se, f"{name}_jackknife_se": quantity.jackknife_se}
        tests = self.enrichment_tests()
        columns |= {
            "enrichment_z": [z for z, _, _ in tests],
            "enrichment_p": [p for _, p, _ in tests],
            "enrichment_log10_p": [log10_p for _, _, log10_p in tests],
            "enrichment_model_z": self.enrichment_z(jackknife=False),
        }
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


_QUANTITIES = ("component_h2", "component_share", "influence", "category_h2", "category_share", "enrichment")


@dataclass(frozen=True)
class SumherResult(Result):
    """Heritability of one trait under one model.

    ``*_se`` is LDAK's, from the curvature of the weighted likelihood, which takes SNPs for independent; NaN for least
    squares.  ``*_jackknife_se`` is from the block jackknife.

    Parameters
    ----------
    trait, model
        Names.
    h2, h2_se, h2_jackknife_se
        Observed-scale heritability.
    h2_z, h2_p, h2_log10_p
        By the jackknife SE; the p-value is two-sided.
    intercept, intercept_se, intercept_jackknife_se
        1 + n_bar a, expected statistic without heritability at the mean sample size; 1 and NaN where not fitted.
    scaling, scaling_se, scaling_jackknife_se
        g, multiplicative inflation; 1 and NaN where not fitted.
    h2_liab, h2_liab_se, h2_liab_jackknife_se
        Liability scale; NaN without prevalences.
    logl, null_logl
        loglSS at the fit and without heritability; models are compared by it on identical SNPs and weights.
    n_parameters
        Coefficients fitted.
    converged, n_iter
        Whether the fit settled, and its steps.
    n_snps, n_with_statistics, n_tagging_snps
        SNPs in the regression, SNPs with statistics before large ones were left out, SNPs in the tagging.
    effective_size
        Sum of the weights 1 / Tagging.
    n_bar
        Weighted mean sample size.
    mean_chi2, max_chi2, lambda_gc
        Over the regression SNPs.
    weighted_mean_chi2, weighted_gif
        The same with weights (LDAK's Weighted_Mean_Chisq and Weighted_GIF).
    n_negative_heritability, effective_negative_heritability
        SNPs whose expected tagged heritability is negative, and the sum of their weights.
    n_impossible, effective_impossible
        SNPs whose expected statistic is not positive.
    n_blocks
        Jackknife blocks.
    steps
        SNPs removed and kept, step by step.
    status, why
        ok, caution or unusable, and what to do.
    partition
        By category.
    theta, theta_cov
        Coefficients of the regression and their covariance.
    delete_values, intercept_delete, scaling_delete : float64, (n_blocks,)
        With each block left out.
    liability
        Factor to the liability scale.
    samp_prev, pop_prev
        Share of cases in the sample and in the population; None for a quantitative trait.
    """

    kind: ClassVar[str] = "sumher h2"

    trait: str
    model: str
    h2: float
    h2_se: float
    h2_jackknife_se: float
    h2_z: float
    h2_p: float
    h2_log10_p: float
    intercept: float
    intercept_se: float
    intercept_jackknife_se: float
    scaling: float
    scaling_se: float
    scaling_jackknife_se: float
    h2_liab: float
    h2_liab_se: float
    h2_liab_jackknife_se: float
    logl: float
    null_logl: float
    n_parameters: int
    converged: bool
    n_iter: int
    n_snps: int
    n_with_statistics: int
    n_tagging_snps: int
    effective_size: float
    n_bar: float
    mean_chi2: float
    max_chi2: float
    lambda_gc: float
    weighted_mean_chi2: float
    weighted_gif: float
    n_negative_heritability: int
    effective_negative_heritability: float
    n_impossible: int
    effective_impossible: float
    n_blocks: int
    steps: tuple[FilterCount, ...]
    status: str
    why: str
    partition: Partition
    theta: Floats
    theta_cov: Floats | None
    delete_values: Floats | None
    intercept_delete: Floats | None
    scaling_delete: Floats | None
    liability: float
    samp_prev: float | None = None
    pop_prev: float | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tau(self) -> Floats:
        """Heritability per unit of each category, (n_categories,)."""
        return self.partition.tau

    @property
    def tau_cov(self) -> Floats:
        """Its covariance by the jackknife, as of :class:`sumh2.H2Result`, (n_categories, n_categories)."""
        return self.partition.tau_jackknife_cov

    @property
    def tau_delete(self) -> Floats | None:
        """tau with each block left out, (n_blocks, n_categories)."""
        return self.partition.tau_delete

    @property
    def aic(self) -> float:
        """2 n_parameters - 2 logl; smaller is better, on identical SNPs and weights."""
        return 2 * self.n_parameters - 2 * self.logl

    def with_status(self, status: str, why: str) -> SumherResult:
        """The same result, judged."""
        return replace(self, status=status, why=why)

    def to_records(self) -> list[dict[str, Any]]:
        names = (
            "trait", "model", "h2", "h2_se", "h2_jackknife_se", "h2_z", "h2_p", "h2_log10_p", "intercept",
            "intercept_se", "intercept_jackknife_se", "scaling", "scaling_se", "scaling_jackknife_se", "h2_liab",
            "h2_liab_se", "h2_liab_jackknife_se", "samp_prev", "pop_prev", "logl", "null_logl", "n_parameters", "aic",
            "lambda_gc", "mean_chi2", "max_chi2", "weighted_mean_chi2", "weighted_gif", "n_snps", "n_tagging_snps",
            "effective_size", "n_bar", "n_blocks", "n_negative_heritability", "n_impossible", "converged", "status",
            "why",
        )  # fmt: skip
        return [{name: getattr(self, name) for name in names}]

    def details(self) -> dict[str, Any]:
        """SNP counts step by step; every quantity of every category with both SEs; covariances of tau."""
        partition = self.partition
        return {
            "steps": [{"what": step.what, "removed": step.removed, "kept": step.kept} for step in self.steps],
            "categories": partition.to_records(),
            "tau_cov": partition.tau_cov.tolist(),
            "tau_jackknife_cov": partition.tau_jackknife_cov.tolist(),
        }

    def __str__(self) -> str:
        lines = [f"{self.trait}: SNP heritability by SumHer, {self.model}", ""]
        shown = [step for step in self.steps if step.removed or step in self.steps[-2:]]
        width = max((len(step.what) for step in shown), default=0)
        lines += [f"  {step.what:<{width}} {step.kept:>11,} SNPs" + _minus(step.removed) for step in shown]
        lines += ["", f"  {'':<20} {'estimate':>9}  {'SE (likelihood)':>15}  {'SE (jackknife)':>14}"]
        lines.append(_line("h2 (observed scale)", self.h2, self.h2_se, self.h2_jackknife_se))
        if np.isfinite(self.h2_liab):
            lines.append(_line("h2 (liability scale)", self.h2_liab, self.h2_liab_se, self.h2_liab_jackknife_se))
        lines += [
            _line("intercept at mean n", self.intercept, self.intercept_se, self.intercept_jackknife_se),
            _line("scaling", self.scaling, self.scaling_se, self.scaling_jackknife_se),
            f"  h2 z {number_text(self.h2_z, '.2f')}, p {p_text(self.h2_p, self.h2_log10_p)} by the jackknife",
            f"  loglSS {self.logl:.4f}, without heritability {self.null_logl:.4f}, {self.n_parameters} parameters, "
            f"AIC {self.aic:.2f}",
            f"  lambda GC {self.lambda_gc:.4f}, mean chi2 {self.mean_chi2:.4f}, max chi2 {self.max_chi2:.1f}, "
            f"mean n {self.n_bar:,.0f}",
            f"  {self.n_snps:,} of {self.n_tagging_snps:,} SNPs of the tagging, effective size "
            f"{self.effective_size:,.0f}, {self.n_blocks} jackknife blocks",
        ]
        if len(self.partition.names) > 1:
            lines += ["", *self._category_lines()]
        lines += ["", f"  status: {self.status}"]
        lines += [f"    {reason}" for reason in self.why.split(WHY_SEPARATOR) if reason]
        return "\n".join(lines)

    def _category_lines(self) -> list[str]:
        partition = self.partition
        width = max(len("category"), *(len(name) for name in partition.names))
        lines = [
            f"  {'category':<{width}}  {'h2':>17}  {'share':>17}  expected  {'enrichment':>17}       z   (jackknife)"
        ]
        z = partition.enrichment_z()
        for place, name in enumerate(partition.names[:CATEGORIES_SHOWN]):
            shown = (partition.category_h2, partition.category_share, partition.enrichment)
            cells = [f"{with_se(one.value[place], one.jackknife_se[place]):>17}" for one in shown]
            expected, tested = number_text(partition.expected[place], ".4f"), number_text(z[place], ".2f")
            lines.append(f"  {name:<{width}}  {cells[0]}  {cells[1]}  {expected:>8}  {cells[2]}  {tested:>6}")
        if len(partition.names) > CATEGORIES_SHOWN:
            lines.append(f"  and {len(partition.names) - CATEGORIES_SHOWN} more, in the record")
        return lines


def _line(name: str, value: float, se: float, jackknife_se: float) -> str:
    texts = [f"{error:.4f}" if np.isfinite(error) else "NA" for error in (se, jackknife_se)]
    if texts == ["NA", "NA"]:
        return f"  {name:<20} {value:9.4f}  (fixed)"
    return f"  {name:<20} {value:9.4f}  {texts[0]:>15}  {texts[1]:>14}"


def _minus(removed: int) -> str:
    return f"  (-{removed:,})" if removed else ""
