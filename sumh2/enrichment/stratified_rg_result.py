"""What genetic covariances by category hold and say."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.outputs import written_together
from ldscores.shared.tables import write_json
from sumh2.enrichment.overlap_sums import OverlapSums
from sumh2.kernels.column_regression import ColumnFit
from sumh2.kernels.enrichment import Enrichments
from sumh2.kernels.jackknife import jackknife_covariance
from sumh2.reasons import shared_reasons
from sumh2.results import Result, p_text, with_se
from sumh2.trait_pairs import gcov_liability_factor

Floats = NDArray[np.float64]

REASONS_SHOWN = 12


@dataclass(frozen=True)
class StratifiedCell:
    """One heritability (both traits the same) or genetic covariance, by category.

    Parameters
    ----------
    trait1, trait2
        Places of the traits.
    n_snps
        SNPs of the regression.
    n
        Sample size behind it: the mean, or the geometric mean of two means.
    mean_product
        Mean of z1 z2.
    total, total_se
        Heritability or covariance of all categories together.
    total_delete : float64, (n_blocks,)
    intercept, intercept_se
        The SE is NaN for a fixed intercept.
    enrichments
        ``h2`` is the heritability or covariance of the SNPs of each category, ``share`` its share.
    fit
        Coefficients with delete values, and block sums.
    """

    trait1: int
    trait2: int
    n_snps: int
    n: float
    mean_product: float
    total: float
    total_se: float
    total_delete: Floats
    intercept: float
    intercept_se: float
    enrichments: Enrichments
    fit: ColumnFit = field(repr=False)


@dataclass(frozen=True)
class StratifiedPair:
    """Genetic correlations of two traits, the last entry that of all SNPs, by category before.

    Parameters
    ----------
    cell
        The covariance.
    rg, rg_se, rg_z, rg_p, rg_log10_p : float64, (n_categories + 1,)
        NaN where a heritability is not positive.
    gcov, gcov_se, gcov_z, gcov_p, gcov_log10_p : float64, (n_categories + 1,)
        Covariance of the SNPs of the category.
    statuses, whys : tuple of str, (n_categories + 1,)
    """

    cell: StratifiedCell
    rg: Floats
    rg_se: Floats
    rg_z: Floats
    rg_p: Floats
    rg_log10_p: Floats
    gcov: Floats
    gcov_se: Floats
    gcov_z: Floats
    gcov_p: Floats
    gcov_log10_p: Floats
    statuses: tuple[str, ...]
    whys: tuple[str, ...]


_NUMBERS = (
    "rg", "rg_se", "rg_z", "rg_p", "rg_log10_p", "gcov", "gcov_se", "gcov_z", "gcov_p", "gcov_log10_p",
)  # fmt: skip

#: The row of all SNPs in tables.
ALL = "all"


@dataclass(frozen=True)
class StratifiedRgResult(Result):
    """Heritabilities, genetic covariances and correlations of traits, by category.

    Parameters
    ----------
    traits
        Names.
    categories
        Names.
    sums
        Sizes and overlap of the categories.
    cells
        By pair of places, the first not above the second.
    pairs
        By pair of places.
    convention
        ldsc or genomicsem.
    n_blocks
        Jackknife blocks.
    liability_factors : tuple of float, (n_traits,)
        Factor of h2 to the liability scale; NaN for a trait without prevalences.  Cells are on the observed scale.
    """

    kind: ClassVar[str] = "stratified rg"

    traits: tuple[str, ...]
    categories: tuple[str, ...]
    sums: OverlapSums
    cells: Mapping[tuple[int, int], StratifiedCell]
    pairs: Mapping[tuple[int, int], StratifiedPair]
    convention: str
    n_blocks: int
    liability_factors: tuple[float, ...]
    origin: Mapping[str, Any] = field(default_factory=dict)

    def liability_factor(self, first: int, second: int) -> float:
        """Factor of a heritability or covariance to the liability scale; NaN where no trait of it has prevalences."""
        return gcov_liability_factor(self.liability_factors[first], self.liability_factors[second])

    def matrices(self, category: str | None = None, *, of_coefficients: bool = False) -> tuple[Floats, Floats]:
        """Genetic covariance matrix of a category and the sampling covariance of its cells, as GenomicSEM takes them.

        On the liability scale of traits with prevalences.

        Parameters
        ----------
        category
            Name; None for all SNPs.
        of_coefficients
            ``M_c tau_c``, what the category's own coefficient adds (GenomicSEM's S_Tau and V_Tau), in the place of the
            covariance of all its SNPs (S and V).

        Returns
        -------
        S : float64, (n_traits, n_traits)
        V : float64, (n_cells, n_cells)
            Cells of the lower triangle of S, column by column.
        """
        order = list(itertools.combinations_with_replacement(range(len(self.traits)), 2))
        values, deleted = [], []
        for pair in order:
            value, delete = self._cell_values(self.cells[pair], category, of_coefficients)
            factor = float(np.nan_to_num(self.liability_factor(*pair), nan=1.0))
            values.append(factor * value)
            deleted.append(factor * delete)
        s = np.empty((len(self.traits),) * 2)
        for (first, second), value in zip(order, values, strict=True):
            s[first, second] = s[second, first] = value
        return s, jackknife_covariance(np.array(values), np.column_stack(deleted))

    def intercepts(self) -> Floats:
        """Matrix of the intercepts, (n_traits, n_traits): GenomicSEM's I."""
        intercepts = np.empty((len(self.traits),) * 2)
        for (first, second), cell in self.cells.items():
            intercepts[first, second] = intercepts[second, first] = cell.intercept
        return intercepts

    def _cell_values(self, cell: StratifiedCell, category: str | None, of_coefficients: bool) -> tuple[float, Floats]:
        if category is None:
            return cell.total, cell.total_delete
        place = self.categories.index(category)
        if of_coefficients:
            total = self.sums.totals[place]
            return float(total * cell.fit.tau.estimate[place]), total * cell.fit.tau.delete_values[:, place]
        return float(cell.enrichments.h2.value[place]), cell.enrichments.h2.delete_values[:, place]

    def to_records(self) -> list[dict[str, Any]]:
        records = []
        for (first, second), pair in self.pairs.items():
            one, two, cross = (self.cells[key] for key in ((first, first), (second, second), (first, second)))
            factors = {"h2_1": self.liability_factors[first], "h2_2": self.liability_factors[second],
                       "gcov": self.liability_factor(first, second)}  # fmt: skip
            for place, name in enumerate((*self.categories, ALL)):
                whole = place == len(self.categories)
                numbers = {key: float(getattr(pair, key)[place]) for key in _NUMBERS}
                share = {
                    "prop_snps": 1.0,
                    "prop_gcov": 1.0,
                    "prop_gcov_se": 0.0,
                    "tau_gcov": np.nan,
                    "tau_gcov_se": np.nan,
                }
                heritabilities = {
                    "h2_1": one.total,
                    "h2_1_se": one.total_se,
                    "h2_2": two.total,
                    "h2_2_se": two.total_se,
                }
                if not whole:
                    share = {
                        "prop_snps": cross.enrichments.prop_snps[place], "prop_gcov": cross.enrichments.share.value[place],
                        "prop_gcov_se": cross.enrichments.share.se[place],
                        "tau_gcov": cross.fit.tau.estimate[place], "tau_gcov_se": cross.fit.tau.se[place],
                    }  # fmt: skip
                    heritabilities = {
                        f"h2_{number}{end}": getattr(cell.enrichments.h2, part)[place]
                        for number, cell in ((1, one), (2, two))
                        for end, part in (("", "value"), ("_se", "se"))
                    }
                observed = numbers | heritabilities
                on_liability = {
                    f"{key.replace('h2', 'h2_liab').replace('gcov', 'gcov_liab')}{end}": factor * observed[f"{key}{end}"]
                    for key, factor in factors.items() for end in ("", "_se")
                }  # fmt: skip
                records.append(
                    {"trait1": self.traits[first], "trait2": self.traits[second], "category": name}
                    | numbers
                    | {key: float(value) for key, value in (share | heritabilities | on_liability).items()}
                    | {"gcov_int": cross.intercept, "gcov_int_se": cross.intercept_se, "n_snps": cross.n_snps,
                       "status": pair.statuses[place], "why": pair.whys[place]}
                )  # fmt: skip
        return records

    def details(self) -> dict[str, Any]:
        """Heritabilities of the traits, also on the liability scale of those with prevalences."""
        return {
            "h2": [
                {
                    "trait": self.traits[first], "h2": cell.total, "h2_se": cell.total_se,
                    "h2_liab": factor * cell.total, "h2_liab_se": factor * cell.total_se, "intercept": cell.intercept,
                    "intercept_se": cell.intercept_se, "mean_chi2": cell.mean_product, "n_snps": cell.n_snps, "n": cell.n,
                }
                for (first, second), cell in self.cells.items() if first == second
                for factor in [self.liability_factors[first]]
            ],
            "overlap_from": self.sums.origin,
            "convention": self.convention,
            "n_blocks": self.n_blocks,
        }  # fmt: skip

    def __str__(self) -> str:
        lines = []
        for (first, second), cell in self.cells.items():
            if first == second:
                factor = self.liability_factors[first]
                liability = f" ({with_se(factor * cell.total, factor * cell.total_se)} on the liability scale)"
                lines.append(
                    f"{self.traits[first]}: h2 {with_se(cell.total, cell.total_se)}"
                    f"{liability if np.isfinite(factor) else ''}, intercept "
                    f"{with_se(cell.intercept, cell.intercept_se)}, {cell.n_snps:,} SNPs"
                )
        width = max(len("category"), *(len(name) for name in self.categories))
        reasons = []
        for (first, second), pair in self.pairs.items():
            title = f"{self.traits[first]} - {self.traits[second]}"
            lines += ["", f"{title}: gcov intercept {with_se(pair.cell.intercept, pair.cell.intercept_se)}, "
                      f"{pair.cell.n_snps:,} SNPs"]  # fmt: skip
            lines.append(f"  {'category':<{width}}  {'gcov':>17}  {'p':>8}  {'rg':>17}  {'p':>8}  status")
            for place, name in enumerate((*self.categories, ALL)):
                lines.append(
                    f"  {name:<{width}}  {with_se(pair.gcov[place], pair.gcov_se[place]):>17}  "
                    f"{p_text(pair.gcov_p[place], pair.gcov_log10_p[place]):>8}  "
                    f"{with_se(pair.rg[place], pair.rg_se[place]):>17}  "
                    f"{p_text(pair.rg_p[place], pair.rg_log10_p[place]):>8}  {pair.statuses[place]}"
                )
            judged = zip((*self.categories, ALL), pair.whys, pair.statuses, strict=True)
            found = shared_reasons(((name, why) for name, why, status in judged if status != "ok"), merge_numbers=True)
            reasons += [f"  {title}, {reason}" for reason in found]
        if reasons:
            lines += ["", *reasons[:REASONS_SHOWN]]
        if len(reasons) > REASONS_SHOWN:
            lines.append(f"  and {len(reasons) - REASONS_SHOWN} more, in the column why of the table")
        return "\n".join(lines)


@written_together()
def write_matrices(path: str | Path, result: StratifiedRgResult) -> Path:
    """S and V of every category and of all SNPs, S_Tau and V_Tau, intercepts I: GenomicSEM's names, all digits."""
    by_category = {}
    for name in (*result.categories, None):
        s, v = result.matrices(name)
        by_category[name or ALL] = {"S": s, "V": v}
        if name is not None:
            s_tau, v_tau = result.matrices(name, of_coefficients=True)
            by_category[name] |= {"S_Tau": s_tau, "V_Tau": v_tau}
    write_json(
        path,
        {
            "traits": list(result.traits), "categories": by_category, "I": result.intercepts(),
            "N": [cell.n for cell in result.cells.values()], "m": result.sums.totals,
            "provenance": dict(result.provenance),
        },
    )  # fmt: skip
    return Path(path)
