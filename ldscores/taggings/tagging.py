"""Taggings: how much heritability each SNP tags under a model; LD scores are the taggings of the GCTA model.

This type and its Parquet file are the whole contract between `ldscores`, which computes taggings, and `sumh2`, which
fits them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.annotations.annotation_sums import TouchedBlocks
from ldscores.chromosomes import genome_order
from ldscores.models.ldak_columns import LDAK_COLUMNS, SNP_COLUMNS, LdakColumns
from ldscores.shared.alleles import decode_alleles
from ldscores.shared.arrow_arrays import as_arrow, as_numpy, table_of_arrays
from ldscores.shared.collinearity import CONDITION_LIMIT, check_not_collinear, condition_number
from ldscores.shared.errors import InputError
from ldscores.shared.messages import first_of
from ldscores.shared.snp_names import describe_names
from ldscores.shared.unique_names import all_unique

if TYPE_CHECKING:
    import pandas as pd

#: Columns of the table of a tagging that are not categories.
RESERVED_COLUMNS = ("SNP", "CHR", "BP", "CM", "A1", "A2", "MAF", "regression_tagging", *LDAK_COLUMNS)

#: The two totals: all reference SNPs, and those with MAF above 5%.
TOTALS = ("M", "M_5_50")

#: Columns of SNPs that a tagging may have, by the names of its fields.
OPTIONAL_COLUMNS = ("regression_tagging", "a1", "a2", "maf", "cm")

#: Optional arrays by category: totals, and sums of products of two categories.
#: Rows that nearly always show that a category varies.
_FIRST_ROWS = 4096
_TOTALS_BY_CATEGORY, _SUMS_BY_CATEGORY = ("m", "m_5_50"), ("overlap", "overlap_5_50")


# ---------------------------------------------------------------------------------------------------------------------
# Where totals lie beside LD scores


def split_score_file(path: str) -> tuple[str, str] | None:
    """Stem and suffix of a file of LD scores without its compression, e.g. ``("ld/1", ".l2.ldscore")``; else None."""
    found = re.fullmatch(r"(.*?)((?:\.l2)?\.ldscore)(?:\.(?:gz|bz2|xz|zst|parquet))?", path, re.DOTALL)
    return (found[1], found[2]) if found else None


def totals_suffix(score_suffix: str, which: str) -> str:
    """Suffix of the file of totals: ``.l2.M`` beside ``.l2.ldscore``; ``.ldscore.M`` beside PLINK 2's ``.ldscore``."""
    return f".l2.{which}" if score_suffix == ".l2.ldscore" else f"{score_suffix}.{which}"


# ---------------------------------------------------------------------------------------------------------------------
# The type


@dataclass(frozen=True, eq=False)
class Tagging:
    """What each SNP tags, one row a SNP, one column a category of the heritability model.

    Parameters
    ----------
    snp : string array, (n_snps,)
        Names of the SNPs, unique.
    chrom : string array, (n_snps,)
        Chromosomes as text, any names.
    bp : int64, (n_snps,)
        Positions in base pairs; rows are sorted by (chromosome in natural order, BP).
    tagging : float64, (n_snps, n_categories)
        Sum over the SNPs i in the window of r2_ij times the category's value at i; finite.  C-contiguous, because fits
        add up blocks of rows.
    names : tuple of str, (n_categories,)
        Names of the categories, unique and none of `RESERVED_COLUMNS`.
    m, m_5_50 : float64, (n_categories,), optional
        Sum of the category over all reference SNPs, and over those with MAF above 5%.  A category's total may be zero
        or negative (an empty or a centred annotation); :meth:`totals` wants a positive sum.
    regression_tagging : float64, (n_snps,), optional
        LD score with the regression SNPs, for the weights (LDSC's ``--w-ld``); NaN where the weights lack the SNP.
    a1, a2 : uint8, (n_snps,), optional
        Alleles as codes of :mod:`ldscores.shared.alleles`.
    maf, cm : float64, (n_snps,), optional
        Minor allele frequency, and position in centimorgans; NaN where missing.
    overlap : float64, (n_categories, n_categories), optional
        Sums over the reference SNPs of the products of two categories.
    model, window
        Heritability model and window, in words.
    sources : tuple of str
        Files read, for messages.
    notes : tuple of str
        What reading found and did: duplicates left out, chromosomes without scores, ...
    overlap_5_50 : float64, (n_categories, n_categories), optional
        The same as `overlap` over the reference SNPs with 0.05 < MAF.
    n_reference, n_reference_5_50 : int, optional
        Number of reference SNPs behind `overlap` and `overlap_5_50` (LDSC's M_tot).
    ldak : LdakColumns, optional
        LDAK's columns and sums: contributions, category counts, neighbours, expected heritability, ...
    touched : TouchedBlocks, optional
        Blocks of the genome that each category touches.

    Raises
    ------
    InputError
        A score is not finite, a name of a SNP or category appears twice, a category bears the name of another column,
        the SNPs are not sorted, or there are none.
    """

    snp: pa.Array
    chrom: pa.Array
    bp: NDArray[np.int64]
    tagging: NDArray[np.float64]
    names: tuple[str, ...]
    m: NDArray[np.float64] | None = None
    m_5_50: NDArray[np.float64] | None = None
    regression_tagging: NDArray[np.float64] | None = None
    a1: NDArray[np.uint8] | None = None
    a2: NDArray[np.uint8] | None = None
    maf: NDArray[np.float64] | None = None
    cm: NDArray[np.float64] | None = None
    overlap: NDArray[np.float64] | None = None
    model: str = ""
    window: str = ""
    sources: tuple[str, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())
    overlap_5_50: NDArray[np.float64] | None = None
    n_reference: int | None = None
    n_reference_5_50: int | None = None
    ldak: LdakColumns | None = None
    touched: TouchedBlocks | None = None

    def __post_init__(self) -> None:
        _check_shapes(self)
        _check_names(self)
        _check_scores(self)
        _check_snps(self)

    def __len__(self) -> int:
        return len(self.snp)

    @property
    def n_categories(self) -> int:
        """Number of categories."""
        return len(self.names)

    @property
    def where(self) -> str:
        """The files of scores in a few words, for messages."""
        scores = [source for source in self.sources if not re.search(r"\.M(_5_50)?(\.\w+)?$", source)]
        if not scores:
            return "tagging"
        return scores[0] if len(scores) == 1 else f"{scores[0]} and {len(scores) - 1} more"

    @property
    def counts(self) -> str:
        """How many SNPs and categories, in words."""
        return f"{len(self)} SNPs, {self.n_categories} {'category' if self.n_categories == 1 else 'categories'}"

    def totals(self, which: str = "M_5_50") -> NDArray[np.float64]:
        """Totals of the categories, (n_categories,).

        Parameters
        ----------
        which
            ``M_5_50`` (reference SNPs with MAF above 5%, LDSC's default) or ``M`` (all reference SNPs).

        Raises
        ------
        InputError
            The files that hold these totals were not there, or the totals do not add up to a positive number.
        """
        if which not in TOTALS:
            raise ValueError(f"totals are {TOTALS}, not {which!r}")
        found, other = (self.m_5_50, self.m) if which == "M_5_50" else (self.m, self.m_5_50)
        if found is None:
            raise InputError(self._no_totals(which, "M" if which == "M_5_50" else "M_5_50", other is not None))
        if not found.sum() > 0:
            raise InputError(
                f"{self.where}: {which} adds up to {found.sum():g} over {self.n_categories} categories; expected a "
                "positive number of SNPs; check the files of totals, or give the numbers with --m"
            )
        return found

    def _no_totals(self, which: str, other: str, other_is_there: bool) -> str:
        there = {re.sub(r"\.(gz|bz2|xz|zst)$", "", source) for source in self.sources}
        parts = [split for split in map(split_score_file, self.sources) if split is not None]
        missing = [stem + totals_suffix(suffix, which) for stem, suffix in parts]
        missing = [name for name in missing if name not in there]
        named = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
        found = f"there is no {named}" if missing else "none is stored in it"
        remedies = ["put the file beside its LD scores"] if missing else []
        remedies += [f"use {other}"] if other_is_there else []
        remedy = ", ".join([*remedies, "or give them with --m"])
        return f"{self.where}: no totals {which}: {found}; expected {self.n_categories} numbers, one per category; {remedy}"

    def take(self, rows: NDArray[np.integer]) -> Tagging:
        """The SNPs at these rows, which must keep the order of the genome."""
        indices = as_arrow(rows)
        there = {name: getattr(self, name) for name in OPTIONAL_COLUMNS}
        columns: dict[str, Any] = {name: None if column is None else column[rows] for name, column in there.items()}
        return replace(
            self, snp=self.snp.take(indices), chrom=self.chrom.take(indices), bp=self.bp[rows],
            tagging=self.tagging[rows], ldak=None if self.ldak is None else self.ldak.take(rows), **columns,
        )  # fmt: skip

    def only_column(self) -> NDArray[np.float64]:
        """The scores of a tagging of one category, (n_snps,); InputError when it has several."""
        if self.n_categories != 1:
            raise InputError(
                f"{self.where}: found {self.n_categories} score columns ({first_of(self.names)}); expected "
                "one column of regression weights; name other files with --w-ld, e.g. weights.hm3_noMHC."
            )
        return self.tagging[:, 0].copy()

    def weights(self, remedy: str) -> NDArray[np.float64]:
        """LD scores with the regression SNPs, (n_snps,), in whose place the only category may stand.

        Parameters
        ----------
        remedy
            What to do where there are several categories and no such column.

        Raises
        ------
        InputError
            There are.
        """
        if self.regression_tagging is not None:
            return self.regression_tagging
        if self.n_categories > 1:
            raise InputError(
                f"{self.where}: found {self.n_categories} categories and no regression weights, expected a column "
                f"regression_tagging; {remedy}"
            )
        return self.tagging[:, 0]

    def with_weights(self, weights: Tagging) -> Tagging:
        """The same with the LD scores of `weights` as `regression_tagging`, joined on the names of the SNPs.

        Raises
        ------
        InputError
            `weights` has more than one column, or shares no SNP with this tagging.
        """
        column = weights.only_column()
        if weights.snp.equals(self.snp):
            return replace(self, regression_tagging=column)
        places = pc.index_in(self.snp, value_set=weights.snp)
        if places.null_count == len(self):
            raise InputError(
                f"{weights.where}: none of its {len(weights)} SNPs is among the {len(self)} of {self.where}; the "
                f"weights name SNPs by {describe_names(weights.snp)}, the LD scores by {describe_names(self.snp)}; "
                "use LD scores and weights of the same panel, with the same chromosomes and names"
            )
        joined = as_numpy(pc.take(pa.array(column), places))
        notes = self.notes
        if places.null_count:
            notes = (*notes, f"{places.null_count} of {len(self)} SNPs have no regression weight in {weights.where}")
        return replace(self, regression_tagging=joined, notes=notes)

    def drop_constant_categories(self) -> tuple[Tagging, tuple[str, ...]]:
        """Without the categories whose tagging is the same at every SNP, and the names of those left out.

        A constant column cannot be told from the intercept.  Totals and overlap lose it too (LDSC's overlap does not,
        and it stops).  Constant means equal to the last digit (LDSC: a variance of exactly 0, which rounding hides).

        Raises
        ------
        InputError
            Every category is constant.
        """
        head = self.tagging[:_FIRST_ROWS]  # decides nearly always, and costs nothing
        varies = head.max(axis=0) > head.min(axis=0)
        undecided = np.flatnonzero(~varies)
        if len(undecided):
            columns = self.tagging[:, undecided]
            varies[undecided] = columns.max(axis=0) > columns.min(axis=0)
        if varies.all():
            return self, ()
        dropped = tuple(name for name, kept in zip(self.names, varies, strict=True) if not kept)
        if not varies.any():
            found = f"{self.where}: every category is constant ({', '.join(dropped[:5])})"
            raise InputError(f"{found}; expected LD scores that differ between SNPs; check that the files are whole")
        return self.select(np.flatnonzero(varies)), dropped

    def select(self, places: NDArray[np.integer]) -> Tagging:
        """The categories at these places; totals, overlap and LDAK's sums lose the others."""
        index: dict[str, tuple] = dict.fromkeys(_TOTALS_BY_CATEGORY, (places,))
        index |= dict.fromkeys(_SUMS_BY_CATEGORY, np.ix_(places, places))
        there = {name: getattr(self, name) for name in index}
        sums: dict[str, Any] = {name: None if array is None else array[index[name]] for name, array in there.items()}
        return replace(
            self, tagging=np.ascontiguousarray(self.tagging[:, places]), names=tuple(self.names[k] for k in places),
            ldak=None if self.ldak is None else self.ldak.select(places),
            touched=None if self.touched is None else self.touched.select(places), **sums,
        )  # fmt: skip

    def condition_number(self) -> float:
        """Of the taggings: :func:`ldscores.shared.collinearity.condition_number`."""
        return condition_number(self.tagging)[0]

    def check_not_collinear(self, limit: float = CONDITION_LIMIT) -> None:
        """Raise FitError when the condition number is above `limit`, naming categories that depend on each other."""
        check_not_collinear(self.tagging, self.names, self.where, limit)

    def to_table(self) -> pa.Table:
        """Columns SNP CHR BP, what is there of CM A1 A2 MAF, one column a category, and regression_tagging."""
        columns = {"SNP": self.snp, "CHR": self.chrom.dictionary_encode(), "BP": self.bp, "CM": self.cm}
        if self.a1 is not None and self.a2 is not None:
            columns |= {"A1": decode_alleles(self.a1), "A2": decode_alleles(self.a2)}
        columns |= {"MAF": self.maf}
        columns |= {name: np.ascontiguousarray(self.tagging[:, place]) for place, name in enumerate(self.names)}
        columns |= {"regression_tagging": self.regression_tagging}
        columns |= {f"ldak_{name}": getattr(self.ldak, name, None) for name in SNP_COLUMNS}
        return table_of_arrays(columns)

    def to_frame(self) -> pd.DataFrame:
        """The same as a pandas DataFrame."""
        return self.to_table().to_pandas()


# ---------------------------------------------------------------------------------------------------------------------
# Invariants


def _check_shapes(tagging: Tagging) -> None:
    n_snps, n_categories = len(tagging.snp), len(tagging.names)
    expected = {"chrom": (n_snps,), "bp": (n_snps,), "tagging": (n_snps, n_categories)}
    expected |= dict.fromkeys(OPTIONAL_COLUMNS, (n_snps,))
    expected |= dict.fromkeys(_TOTALS_BY_CATEGORY, (n_categories,))
    expected |= dict.fromkeys(_SUMS_BY_CATEGORY, (n_categories, n_categories))
    arrays = {name: getattr(tagging, name) for name in expected}
    found_shapes = {
        name: (len(array),) if isinstance(array, pa.Array) else array.shape
        for name, array in arrays.items() if array is not None
    }  # fmt: skip
    if tagging.touched is not None:
        found_shapes["touched"], expected["touched"] = tagging.touched.counts.shape, (n_categories,)
    if tagging.ldak is not None:
        found_shapes |= tagging.ldak.shapes
        expected |= dict.fromkeys(SNP_COLUMNS, (n_snps,))
        expected |= {"counts": (n_categories,), "contributions": (n_categories, n_categories)}
    for name, found in found_shapes.items():
        if found != (shape := expected[name]):
            raise ValueError(f"{tagging.where}: {name} has shape {found}, expected {shape}")
    if not tagging.tagging.flags.c_contiguous:
        raise ValueError(f"{tagging.where}: tagging is not C-contiguous; use numpy.ascontiguousarray")
    if n_snps == 0 or n_categories == 0:
        raise InputError(
            f"{tagging.where}: found {n_snps} SNPs and {n_categories} categories; expected at least one of each; "
            "check that the files are whole, and that columns follow CHR SNP BP"
        )


def _check_names(tagging: Tagging) -> None:
    names = tagging.names
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    reserved = next((name for name in names if name in RESERVED_COLUMNS), None)
    if twice is not None:
        raise InputError(f"{tagging.where}: category {twice!r} appears twice; expected unique names; rename one")
    if reserved is not None:
        raise InputError(
            f"{tagging.where}: a category is called {reserved!r}; expected a name other than "
            f"{' '.join(RESERVED_COLUMNS)}; rename it, e.g. {reserved}_annot"
        )


def _check_scores(tagging: Tagging) -> None:
    # One sum is cheaper than a mask of the whole matrix; it is not finite if any score is not.
    with np.errstate(invalid="ignore"):
        total = tagging.tagging.sum()
    if not np.isfinite(total):
        check_finite(tagging.where, tagging.snp, tagging.tagging, tagging.names)
    for which, totals in zip(TOTALS, (tagging.m, tagging.m_5_50), strict=True):
        if totals is not None and not np.isfinite(totals).all():
            place = int(np.argmin(np.isfinite(totals)))
            raise InputError(
                f"{tagging.where}: {which} of {tagging.names[place]} is {totals[place]}; expected a number; "
                "correct the file of totals"
            )


def check_finite(where: str, snp: pa.Array, scores: NDArray[np.float64], names: Sequence[str]) -> None:
    """Raise InputError naming the first score that is not finite, its SNP and its column."""
    bad = ~np.isfinite(scores)
    if bad.any():
        row, column = np.unravel_index(int(np.argmax(bad)), bad.shape)
        raise InputError(
            f"{where}: {int(bad.sum())} LD scores are missing or infinite (first: {scores[row, column]} in column "
            f"{names[int(column)]} of SNP {snp[int(row)]}); expected finite numbers; compute them again or delete the lines"
        )


def _check_snps(tagging: Tagging) -> None:
    if tagging.snp.null_count or tagging.chrom.null_count:
        raise InputError(f"{tagging.where}: a SNP lacks its name or chromosome; expected both; delete or complete it")
    if not all_unique(tagging.snp):
        counts = pc.value_counts(tagging.snp)
        twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
        raise InputError(
            f"{tagging.where}: {len(twice)} SNP names appear more than once (first: {twice[0]}); expected unique "
            "names; keep one line each"
        )
    order = genome_order(tagging.chrom, tagging.bp)
    if order is not None:
        row = int(np.argmax(order != np.arange(len(order))))
        raise InputError(
            f"{tagging.where}: SNP {tagging.snp[row]} is not in its place; expected SNPs sorted by chromosome and BP; "
            "sort them, or read the text files again with: ldscores convert"
        )
