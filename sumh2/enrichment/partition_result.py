"""What a heritability partitioned over categories holds and says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.messages import some_of
from sumh2.enrichment.annotation_guards import Dependence, shares_of_continuous
from sumh2.enrichment.overlap_sums import OverlapSums
from sumh2.kernels.column_regression import ColumnFit
from sumh2.kernels.enrichment import Enrichments, QuantileHeritabilities
from sumh2.ldsc.h2_result import H2Result
from sumh2.reasons import shared_reasons
from sumh2.results import Result, number_text, p_text, with_se
from sumh2.verdicts import WHY_SEPARATOR

Floats = NDArray[np.float64]

#: Reasons that the report shows; the table has all.
REASONS_SHOWN = 12
#: Categories that the report shows; the table has all.
CATEGORIES_SHOWN = 120


@dataclass(frozen=True)
class Coefficients:
    """tau of each category with its tests, (n_categories,) each.

    Parameters
    ----------
    value, se
        Heritability per SNP and unit of annotation, and its jackknife SE.
    z, p, log10_p
        Two-sided.
    p_above_zero
        One-sided: tau > 0.
    """

    value: Floats
    se: Floats
    z: Floats
    p: Floats
    log10_p: Floats
    p_above_zero: Floats


@dataclass(frozen=True)
class PartitionResult(Result):
    """Heritability of one trait by category.

    Parameters
    ----------
    total
        The heritability of all categories together, its intercept, counts and status.
    categories
        Names of the categories.
    coefficients
        tau and its tests.
    enrichments
        Share of h2, enrichment, tau*, each with SE and delete values.  Those of continuous annotations are LDSC's numbers;
        table and report have NA in their place (:attr:`OverlapSums.has_shares`).
    enrichment_p, enrichment_log10_p : float64, (n_categories,)
        Of the difference in heritability per SNP inside and outside (LDSC's Enrichment_p: Student's t with as many
        degrees of freedom as blocks); NaN for a category of all SNPs.
    sums
        Sizes, overlap and spread of the categories.
    dependence
        Variance inflation, effective blocks, condition number.
    statuses, whys : tuple of str, (n_categories,)
        ok, caution or unusable, and what to do.
    quantiles
        Heritability by bins of one annotation, where asked for.
    quantile_p : float64, (n_bins,)
        Of the difference in heritability per SNP inside and outside the bin, two-sided normal, as LDSC's.
    estimator
        ldsc or sumher.
    fit
        Block sums and delete values of the regression; None for SumHer's.
    places : int64, (n_snps,)
        Rows of the aligned data that the regression used.
    """

    kind: ClassVar[str] = "partition"

    total: H2Result
    categories: tuple[str, ...]
    coefficients: Coefficients
    enrichments: Enrichments
    enrichment_p: Floats
    enrichment_log10_p: Floats
    sums: OverlapSums
    dependence: Dependence
    statuses: tuple[str, ...]
    whys: tuple[str, ...]
    quantiles: QuantileHeritabilities | None = None
    quantile_p: Floats | None = None
    estimator: str = "ldsc"
    fit: ColumnFit | None = field(default=None, repr=False)
    places: NDArray[np.int64] | None = field(default=None, repr=False)
    origin: Mapping[str, Any] = field(default_factory=dict)

    @property
    def trait(self) -> str:
        """Name of the trait."""
        return self.total.trait

    @property
    def tau_cov(self) -> Floats:
        """Covariance of the coefficients, (n_categories, n_categories)."""
        return self.total.tau_cov

    @property
    def tau_delete(self) -> Floats:
        """Coefficients with each block left out, (n_blocks, n_categories)."""
        return self.total.tau_delete

    def to_records(self) -> list[dict[str, Any]]:
        enrichments, coefficients = self.enrichments, self.coefficients
        shown = self._where_shares
        columns: dict[str, Any] = {
            "trait": [self.trait] * len(self.categories),
            "category": self.categories,
            "m": self.sums.totals,
            "prop_snps": shown(enrichments.prop_snps),
            "h2": shown(enrichments.h2.value),
            "h2_se": shown(enrichments.h2.se),
            "prop_h2": shown(enrichments.share.value),
            "prop_h2_se": shown(enrichments.share.se),
            "enrichment": shown(enrichments.enrichment.value),
            "enrichment_se": shown(enrichments.enrichment.se),
            "enrichment_p": shown(self.enrichment_p),
            "enrichment_log10_p": shown(self.enrichment_log10_p),
            "tau": coefficients.value,
            "tau_se": coefficients.se,
            "tau_z": coefficients.z,
            "tau_p": coefficients.p,
            "tau_log10_p": coefficients.log10_p,
            "tau_p_above_zero": coefficients.p_above_zero,
            "tau_star": enrichments.tau_star.value,
            "tau_star_se": enrichments.tau_star.se,
            "sd": self.sums.sd,
            "variance_inflation": self.dependence.inflation,
            "effective_blocks": self.dependence.effective_blocks,
            "block_share": self.sums.block_share,
            "status": self.statuses,
            "why": self.whys,
        }
        listed = {name: values.tolist() if hasattr(values, "tolist") else values for name, values in columns.items()}
        return [dict(zip(listed, row, strict=True)) for row in zip(*listed.values(), strict=True)]

    def _where_shares(self, values: Floats) -> Floats:
        """Values where the category has shares, NaN of continuous annotations."""
        return np.where(self.sums.has_shares, values, np.nan)

    def quantile_records(self) -> list[dict[str, Any]]:
        """One row a bin of the annotation that was cut; empty where none was."""
        found, sums, p = self.quantiles, self.sums.quantiles, self.quantile_p
        if found is None or sums is None or p is None:
            return []
        return [
            {
                "trait": self.trait, "annotation": sums.of, "bin": place + 1, "from": sums.edges[place],
                "to": sums.edges[place + 1], "n_snps": int(sums.n_snps[place]), "h2": found.h2.value[place],
                "h2_se": found.h2.se[place], "prop_h2": found.share.value[place], "prop_h2_se": found.share.se[place],
                "enrichment": found.enrichment.value[place], "enrichment_se": found.enrichment.se[place],
                "enrichment_p": float(p[place]),
            }
            for place in range(len(sums.n_snps))
        ]  # fmt: skip

    def details(self) -> dict[str, Any]:
        """The heritability of all categories together, and the bins of an annotation."""
        details: dict[str, Any] = {"h2": self.total.to_records()[0], "estimator": self.estimator}
        details |= {"overlap_from": self.sums.origin}
        details |= {"n_reference": self.sums.n_reference, "condition_number": self.dependence.condition}
        details |= {"steps": self.total.details()["steps"]}
        return details | ({"quantiles": self.quantile_records()} if self.quantiles is not None else {})

    def __str__(self) -> str:
        total = str(self.total).split("\n\n  status:")[0].replace(": SNP heritability", ": partitioned heritability")
        if self.estimator == "sumher":
            total = total.replace("LD scores, one weighted fit", "categories, SumHer's likelihood, jackknife errors")
        lines = [total, "", *self._category_lines(), *self._quantile_lines(), "", f"  status: {self.total.status}"]
        lines += [f"    {reason}" for reason in self.total.why.split(WHY_SEPARATOR) if reason]
        judged = zip(self.categories, self.whys, self.statuses, strict=True)
        reasons = shared_reasons(((name, why) for name, why, status in judged if status != "ok"), merge_numbers=True)
        without = [name for name, has in zip(self.categories, self.sums.has_shares, strict=True) if not has]
        if without:
            reasons.append(f"NA: {some_of(without)}: {shares_of_continuous().text}")
        lines += [f"    {reason}" for reason in reasons[:REASONS_SHOWN]]
        if len(reasons) > REASONS_SHOWN:
            lines.append(f"    and {len(reasons) - REASONS_SHOWN} more, in the column why of the table")
        return "\n".join(lines)

    def _category_lines(self) -> list[str]:
        width = max(len("category"), *(len(name) for name in self.categories))
        coefficients, shown = self.coefficients, self._where_shares
        shares, share_errors, values, errors = (
            shown(numbers)
            for found in (self.enrichments.share, self.enrichments.enrichment)
            for numbers in (found.value, found.se)
        )
        prop_snps, p, log10_p = map(shown, (self.enrichments.prop_snps, self.enrichment_p, self.enrichment_log10_p))
        header = f"  {'category':<{width}}  {'% SNPs':>7}  {'% h2':>15}  {'enrichment':>17}  {'p':>8}"
        lines = [f"{header}  {'tau*':>17}  {'tau z':>6}  {'p':>8}  status"]
        for place, name in enumerate(self.categories[:CATEGORIES_SHOWN]):
            share = with_se(100 * shares[place], 100 * share_errors[place], 1)
            enrichment = with_se(values[place], errors[place], 2)
            snps, tau_z = number_text(100 * prop_snps[place], ".2f"), number_text(coefficients.z[place], ".2f")
            star = with_se(self.enrichments.tau_star.value[place], self.enrichments.tau_star.se[place], 3)
            lines.append(
                f"  {name:<{width}}  {snps:>7}  {share:>15}  {enrichment:>17}  "
                f"{p_text(p[place], log10_p[place]):>8}  {star:>17}  "
                f"{tau_z:>6}  {p_text(coefficients.p[place], coefficients.log10_p[place]):>8}  "
                f"{self.statuses[place]}"
            )
        if len(self.categories) > CATEGORIES_SHOWN:
            lines.append(f"  and {len(self.categories) - CATEGORIES_SHOWN} more, in the table")
        return lines

    def _quantile_lines(self) -> list[str]:
        records = self.quantile_records()
        if not records:
            return []
        lines = [
            "",
            f"  by {records[0]['annotation']}:",
            f"  {'bin':>5}  {'SNPs':>10}  {'% h2':>15}  {'enrichment':>17}  {'p':>8}",
        ]
        for row in records:
            p = row["enrichment_p"]
            lines.append(
                f"  {row['bin']:>5}  {row['n_snps']:>10,}  "
                f"{with_se(100 * row['prop_h2'], 100 * row['prop_h2_se'], 1):>15}  "
                f"{with_se(row['enrichment'], row['enrichment_se'], 2):>17}  "
                f"{number_text(p, '.3g'):>8}"
            )
        return lines
