"""The result of an atlas: every trait, every pair, and the jackknife factor from which all covariances follow.

**Cells.**  A symmetric matrix over T traits has ``n_cells = T (T + 1) / 2`` cells, numbered along the rows of its upper
triangle, diagonal included: (0,0) (0,1) ... (0,T-1) (1,1) ... (T-1,T-1), the order of ``numpy.triu_indices(T)``.  By
symmetry this is the lower triangle by columns, the order of GenomicSEM's V.

**Jackknife factor.**  With B blocks and delete values d_b of a cell, ``factor_b = sqrt((B - 1) / B) (d_b - mean(d))``.
Then the jackknife covariance of two cells (:mod:`sumh2.kernels.jackknife`) is ``factor[:, a] @ factor[:, b]``: all
n_cells² covariances from B x n_cells numbers, and never a dense matrix.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.errors import InputError
from ldscores.shared.messages import counted, first_of, some_of
from sumh2.liability import liability_factor
from sumh2.reasons import shared_reasons
from sumh2.results import Result, p_text, with_se
from sumh2.verdicts import SAME_DATA, WHY_SEPARATOR

NAN = float("nan")

Floats = NDArray[np.float64]

#: The report lists this many pairs, strongest first, and this many traits that are not usable; the tables have all.
SHOWN = 15


# ---------------------------------------------------------------------------------------------------------------------
# Cells and factor


def cell_count(n_traits: int) -> int:
    """Number of cells of a symmetric matrix, diagonal included."""
    return n_traits * (n_traits + 1) // 2


def cell_number(n_traits: int, row: Any, column: Any) -> Any:
    """Number of the cell at (row, column) in either order; whole numbers or arrays of them."""
    first, second = np.minimum(row, column), np.maximum(row, column)
    return first * n_traits - first * (first - 1) // 2 + (second - first)


def cells_of(matrix: NDArray) -> NDArray:
    """The cells of a symmetric matrix (..., T, T) as (..., n_cells)."""
    rows, columns = np.triu_indices(matrix.shape[-1])
    return matrix[..., rows, columns]


def matrix_of(cells: NDArray, n_traits: int) -> NDArray:
    """The symmetric matrix (..., T, T) of cells (..., n_cells)."""
    rows, columns = np.triu_indices(n_traits)
    matrix = np.empty((*cells.shape[:-1], n_traits, n_traits), dtype=cells.dtype)
    matrix[..., rows, columns] = cells
    matrix[..., columns, rows] = cells
    return matrix


def jackknife_factor(delete_values: NDArray) -> tuple[NDArray, Floats]:
    """Factor and mean of delete values (n_blocks, n_cells), see the head of this module."""
    n_blocks = len(delete_values)
    mean = delete_values.mean(axis=0, dtype=np.float64)
    return np.sqrt((n_blocks - 1) / n_blocks) * (delete_values - mean), mean


# ---------------------------------------------------------------------------------------------------------------------
# Traits and atlas


@dataclass(frozen=True)
class AtlasTrait:
    """One trait of an atlas.

    Parameters
    ----------
    name, source
        Name in tables, and file it came from.
    group, label
        From the manifest: what it is shown with, and as what.
    n_mean
        Mean sample size over its SNPs.
    n_cases, n_controls
        From the manifest; None where not given.
    samp_prev, pop_prev
        Share of cases in sample and population; None for a quantitative trait.
    n_snps
        SNPs in its heritability regression.
    mean_chi2, lambda_gc
        Over these SNPs.
    h2, h2_se, h2_int, h2_int_se
        Heritability on the observed scale and its intercept, in one step; the SE is NaN for a fixed intercept.
    h2_liab, h2_liab_se
        Liability scale; NaN without prevalences.
    status, why
        ok, caution or unusable, and what to do.
    """

    name: str
    source: str = ""
    group: str = ""
    label: str = ""
    n_mean: float = NAN
    n_cases: float | None = None
    n_controls: float | None = None
    samp_prev: float | None = None
    pop_prev: float | None = None
    n_snps: int = 0
    mean_chi2: float = NAN
    lambda_gc: float = NAN
    h2: float = NAN
    h2_se: float = NAN
    h2_int: float = NAN
    h2_int_se: float = NAN
    h2_liab: float = NAN
    h2_liab_se: float = NAN
    status: str = "ok"
    why: str = ""

    @property
    def liability_factor(self) -> float:
        """Factor from the observed to the liability scale of h2; 1 for a quantitative trait."""
        return liability_factor(self.samp_prev, self.pop_prev, quantitative=1.0)

    def to_record(self) -> dict[str, Any]:
        """The row of the traits table."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


#: Columns of the pairs table, one row a pair of different traits, first trait first: (0,1) (0,2) ... (T-2,T-1).
PAIR_COLUMNS = (
    "trait1", "trait2", "rg", "rg_se", "rg_z", "rg_p", "rg_log10_p", "rg_fdr", "gcov", "gcov_se", "gcov_z", "gcov_p",
    "gcov_log10_p", "gcov_int", "gcov_int_se", "gcov_liab", "gcov_liab_se", "h2_1", "h2_1_se", "h2_2", "h2_2_se",
    "n_snps", "status", "why",
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class RgAtlas(Result):
    """Genetic correlations of all pairs of many traits, with the sampling covariance of every cell.

    Parameters
    ----------
    traits : tuple, (n_traits,)
        Every trait of the manifest; one that could not be read or fitted is "unusable" and NaN in every matrix.
    gcov, gcov_se : float64, (n_traits, n_traits)
        Genetic covariances on the observed scale; heritabilities, each from all SNPs of its trait, on the diagonal.
    gcov_int, gcov_int_se : float64, (n_traits, n_traits)
        Cross-trait intercepts (overlap of samples); heritability intercepts on the diagonal.  An SE is NaN where the
        intercept was fixed.
    rg, rg_se : float64, (n_traits, n_traits)
        Genetic correlations as they are, also outside ±1; 1 and 0 on the diagonal; NaN where an h2 is not positive.
        ``weights="separable"``: ``gcov_st / sqrt(h2_s h2_t)`` with the heritabilities of the diagonal;
        ``weights="ldsc"``: LDSC's, with both heritabilities on the pair's own SNPs (columns h2_1, h2_2 of the pairs).
    n_snps : int64, (n_traits, n_traits)
        SNPs that both have with matching alleles; a trait's own on the diagonal.
    factor : float32 or float64, (n_blocks, n_cells)
        Jackknife factor of the cells of `gcov`, possibly memory-mapped; NaN where a cell is.
    delete_mean : float64, (n_cells,)
        Mean of each cell's delete values, which gives them back (:meth:`delete_values`).
    pair_table
        The tidy table of pairs, columns :data:`PAIR_COLUMNS`.
    m
        Reference SNPs behind the LD scores.
    weights
        "separable" or "ldsc".
    origin
        Provenance.
    """

    kind: ClassVar[str] = "atlas"

    traits: tuple[AtlasTrait, ...]
    gcov: Floats
    gcov_se: Floats
    gcov_int: Floats
    gcov_int_se: Floats
    rg: Floats
    rg_se: Floats
    n_snps: NDArray[np.int64]
    factor: NDArray
    delete_mean: Floats
    pair_table: pa.Table
    m: float
    weights: str = "separable"
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n_traits = self.n_traits
        for name in ("gcov", "gcov_se", "gcov_int", "gcov_int_se", "rg", "rg_se", "n_snps"):
            if (found := getattr(self, name).shape) != (n_traits, n_traits):
                raise ValueError(f"atlas: {name} has shape {found}, expected {(n_traits, n_traits)}")
        n_cells = cell_count(n_traits)
        if self.factor.ndim != 2 or self.factor.shape[1] != n_cells or self.delete_mean.shape != (n_cells,):
            raise ValueError(
                f"atlas: factor has shape {self.factor.shape}, delete_mean {self.delete_mean.shape}, expected "
                f"{n_cells} cells"
            )
        if len(self.pair_table) != n_traits * (n_traits - 1) // 2:
            raise ValueError(f"atlas: {len(self.pair_table)} pairs of {n_traits} traits")

    def __repr__(self) -> str:
        return f"RgAtlas({self.n_traits} traits, {len(self.pair_table):,} pairs, {self.n_blocks} blocks)"

    @property
    def provenance(self) -> Mapping[str, Any]:
        return self.origin

    def with_provenance(self, origin: Mapping[str, Any]) -> RgAtlas:
        """The same result, knowing where it comes from."""
        return replace(self, origin=origin)

    @property
    def n_traits(self) -> int:
        """Number of traits, those that are not usable included."""
        return len(self.traits)

    @property
    def n_blocks(self) -> int:
        """Jackknife blocks."""
        return self.factor.shape[0]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the traits."""
        return tuple(trait.name for trait in self.traits)

    @property
    def h2(self) -> Floats:
        """Heritabilities, (n_traits,)."""
        return np.diag(self.gcov).copy()

    @property
    def liability_factors(self) -> Floats:
        """Factors of h2 to the liability scale, (n_traits,), 1 for quantitative traits; gcov takes sqrt(c_s c_t)."""
        return np.array([trait.liability_factor for trait in self.traits])

    def trait_number(self, name: str) -> int:
        """Place of a trait; InputError where there is none of this name."""
        if name not in self.names:
            import difflib

            near = difflib.get_close_matches(name, self.names, 3)
            hint = f"did you mean {', '.join(near)}?" if near else f"there are {first_of(self.names, 5)}"
            raise InputError(f"trait {name}: not among the {self.n_traits} traits of the atlas; {hint}")
        return self.names.index(name)

    # --- Sampling covariance -----------------------------------------------------------------------------------------

    def cov(self, cells_a: NDArray[np.integer], cells_b: NDArray[np.integer] | None = None) -> Floats:
        """Sampling covariance between cells of `gcov`, (len(cells_a), len(cells_b)).

        Parameters
        ----------
        cells_a, cells_b
            Numbers of cells (:func:`cell_number`); by default `cells_b` is `cells_a`.
        """
        first = np.asarray(self.factor[:, np.asarray(cells_a)], dtype=np.float64)
        second = first if cells_b is None else np.asarray(self.factor[:, np.asarray(cells_b)], dtype=np.float64)
        return first.T @ second

    def delete_values(self, cells: NDArray[np.integer] | slice | None = None) -> Floats:
        """Delete values of cells of `gcov`, (n_blocks, n_cells asked for)."""
        chosen = slice(None) if cells is None else cells
        factor = np.asarray(self.factor[:, chosen], dtype=np.float64)
        return self.delete_mean[chosen] + factor / np.sqrt((self.n_blocks - 1) / self.n_blocks)

    def replicates(self) -> Iterator[Floats]:
        """`gcov` with each block left out, one (n_traits, n_traits) matrix after the other."""
        for block in range(self.n_blocks):
            factor = np.asarray(self.factor[block], dtype=np.float64)
            scale = np.sqrt((self.n_blocks - 1) / self.n_blocks)
            yield matrix_of(self.delete_mean + factor / scale, self.n_traits)

    def take(self, traits: Sequence[int]) -> RgAtlas:
        """The atlas of the traits at these places, in this order; only the FDR is not made anew: it stays that of all."""
        places: NDArray[np.int64] = np.asarray(traits, dtype=np.int64)
        if len(set(places.tolist())) < len(places):
            raise InputError("atlas: a trait is chosen twice; expected each once")
        grid = np.ix_(places, places)
        rows, columns = np.triu_indices(len(places))
        cells = cell_number(self.n_traits, places[rows], places[columns])
        matrices = ("gcov", "gcov_se", "gcov_int", "gcov_int_se", "rg", "rg_se", "n_snps")
        return replace(
            self,
            traits=tuple(self.traits[place] for place in places),
            **{name: getattr(self, name)[grid] for name in matrices},
            factor=self.factor[:, cells],
            delete_mean=self.delete_mean[cells],
            pair_table=_take_pairs(self.pair_table, places, self.n_traits),
        )

    # --- Report ------------------------------------------------------------------------------------------------------

    def to_records(self) -> list[dict[str, Any]]:
        """One dictionary a pair."""
        return self.pair_table.to_pylist()

    def to_frame(self):
        """The tidy table of pairs as a pandas DataFrame."""
        return self.pair_table.to_pandas()

    def details(self) -> dict[str, Any]:
        """The traits; what the matrices hold besides is in the files of the atlas."""
        return {"traits": [trait.to_record() for trait in self.traits], "m": self.m, "weights": self.weights}

    def __str__(self) -> str:
        n_pairs = len(self.pair_table)
        counts = {level: sum(trait.status == level for trait in self.traits) for level in ("ok", "caution", "unusable")}
        fdr = self.pair_table["rg_fdr"].to_numpy()
        n_found = int(np.count_nonzero(fdr < 0.05))
        n_with_rg = int(np.isfinite(self.pair_table["rg"].to_numpy()).sum())
        lines = [
            f"{self.n_traits} traits ({', '.join(f'{count} {level}' for level, count in counts.items())}), "
            f"{counted(n_pairs, 'pair')}, {self.n_blocks} jackknife blocks, {self.weights} weights, M {self.m:,.0f}",
            f"{counted(n_with_rg, 'pair has', 'pairs have')} an rg, {counted(n_found, 'differs', 'differ')} from 0 at 5% "
            "false discovery rate",
        ]
        if n_with_rg:
            lines += ["", *self._strongest_lines()]
        if (more := n_with_rg - SHOWN) > 0:
            lines.append(f"  and {more:,} more, of larger p, in the table of pairs")
        lines += self._no_rg_lines()
        alike = [f"{first} - {second}" for first, second in self.same_data()]
        if alike:
            lines += ["", f"  {SAME_DATA}: {some_of(alike)}: both traits have the same z scores: leave out one of them"]
        unusable = (trait for trait in self.traits if trait.status == "unusable")
        reasons = shared_reasons((trait.name, trait.why.split(WHY_SEPARATOR)[0]) for trait in unusable)
        if reasons:
            lines += ["", "  unusable traits:", *(f"  {reason}" for reason in reasons[:SHOWN])]
        if len(reasons) > SHOWN:
            lines.append(f"  and {len(reasons) - SHOWN} more, in the column why of the traits table")
        return "\n".join(lines)

    def same_data(self) -> list[tuple[str, str]]:
        """Pairs of traits that have the same z scores: the same file twice, or two names of one study."""
        table = self.pair_table
        alike = pc.fill_null(pc.match_substring(table["why"], f"{SAME_DATA}:"), fill_value=False)
        return [(row["trait1"], row["trait2"]) for row in table.filter(alike).select(["trait1", "trait2"]).to_pylist()]

    def _no_rg_lines(self) -> list[str]:
        """Why pairs of traits that are usable have no rg, each reason once."""
        unusable = {trait.name for trait in self.traits if trait.status == "unusable"}
        table = self.pair_table.filter(pc.invert(pc.is_finite(pc.fill_null(self.pair_table["rg"], NAN))))
        rows = table.select(["trait1", "trait2", "why"]).to_pylist()
        whys = [
            row["why"].split(WHY_SEPARATOR)[0] for row in rows if unusable.isdisjoint((row["trait1"], row["trait2"]))
        ]
        reasons = [f"  {reason} ({counted(count, 'pair')})" for reason, count in Counter(whys).most_common()]
        more = len(reasons) - SHOWN
        rest = [f"  and {more} more reasons, in the column why of the table of pairs"] if more > 0 else []
        return ["", "  no rg:", *reasons[:SHOWN], *rest] if reasons else []

    def _strongest_lines(self) -> list[str]:
        table = self.pair_table
        z = np.abs(table["rg_z"].to_numpy())
        strongest = [place for place in np.argsort(-np.nan_to_num(z, nan=-1), kind="stable")[:SHOWN] if z[place] >= 0]
        rows = table.take(pa.array(strongest, pa.int64())).to_pylist()
        width = max([7, *(len(row[name]) for row in rows for name in ("trait1", "trait2"))])
        head = f"  {'trait 1':<{width}}  {'trait 2':<{width}}  {'rg':>17}  {'p':>9}  {'gcov intercept':>17}  status"
        return [head] + [
            f"  {row['trait1']:<{width}}  {row['trait2']:<{width}}  {with_se(row['rg'], row['rg_se']):>17}  "
            f"{p_text(row['rg_p'], row['rg_log10_p']):>9}  {with_se(row['gcov_int'], row['gcov_int_se']):>17}  "
            f"{row['status']}"
            for row in rows
        ]


def _take_pairs(table: pa.Table, places: NDArray[np.int64], n_traits: int) -> pa.Table:
    """Rows of the pairs among some traits; first and second trait change places where the order asks for it."""
    rows, columns = np.triu_indices(len(places), 1)
    first, second = places[rows], places[columns]
    low, high = np.minimum(first, second), np.maximum(first, second)
    taken = table.take(pa.array(low * n_traits - low * (low + 1) // 2 + (high - low - 1), pa.int64()))
    swapped = pa.array(first > second)
    both = [("trait1", "trait2"), ("h2_1", "h2_2"), ("h2_1_se", "h2_2_se")]
    columns_by_name = {name: taken[name] for name in taken.column_names}
    for one, other in both:
        columns_by_name[one] = pc.if_else(swapped, taken[other], taken[one])
        columns_by_name[other] = pc.if_else(swapped, taken[one], taken[other])
    return pa.table(columns_by_name)
