"""Several heritability models on identical SNPs: one set of rows, of weights and of blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.alleles import allele_kinds
from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError
from ldscores.shared.snp_names import describe_names
from ldscores.taggings.tagging import Tagging
from sumh2.alignment import AlignedData, align
from sumh2.sumher.rows import RowRules, SumherRows, choose_rows, chromosomes_of
from sumh2.sumstats import FilterCount, SumStats

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CommonRows:
    """The SNPs that the trait and all taggings have, in the order of the first tagging.

    Parameters
    ----------
    aligned
        The trait on the first tagging; its z is NaN at SNPs that are not common.
    rows
        Statistics, sample sizes, regression weights; its ``tagging`` is the first one's.
    taggings : tuple of float64, each (n_snps, n_categories)
        Taggings of the models on these SNPs.
    references
        The models they come from.
    places : tuple of int64, each (n_snps,)
        The SNPs as rows of each tagging.
    """

    aligned: AlignedData
    rows: SumherRows
    taggings: tuple[Floats, ...]
    references: tuple[Tagging, ...]
    places: tuple[NDArray[np.int64], ...]

    @property
    def chromosomes(self) -> tuple[frozenset[str], dict[str, int]]:
        """Chromosomes of these SNPs, and the first tagging's with the number of SNPs of each."""
        return chromosomes_of(self.aligned, self.rows)

    def aligned_to(self, number: int) -> AlignedData:
        """The trait on these SNPs of one of the taggings; z is the root of the statistic, without its sign."""
        info, rows = self.aligned.traits[0], self.rows
        return AlignedData(
            rows=self.places[number], z=np.sqrt(rows.chi2)[:, None], n_samples=rows.n[:, None],
            kinds=np.zeros((len(rows.chi2), 1), dtype=np.int8), tagging=self.taggings[number],
            regression_tagging=1 / rows.weights, reference=self.references[number],
            traits=(replace(info, steps=info.steps + rows.steps),),
        )  # fmt: skip


def align_models(
    trait: SumStats, taggings: Sequence[Tagging], rules: RowRules | None = None, weights_from: int = 0
) -> CommonRows:
    """Put a trait on the SNPs that all taggings share.

    Parameters
    ----------
    trait
        Summary statistics.
    taggings
        One or more; the first gives the order of the SNPs and of the blocks.
    rules
        Which statistics count.
    weights_from
        The tagging whose ``regression_tagging`` makes the weights of all models, 1 / max(Tagging, 1).

    Raises
    ------
    InputError
        The taggings share no SNP, or none with the trait; the one that gives the weights has none.
    """
    first = taggings[0]
    places = [_places(first, other) for other in taggings]
    remedy = (
        "take those of another tagging with --weights-from, or name LD scores among the regression SNPs with --w-ld"
    )
    weighting = taggings[weights_from].weights(remedy)[places[weights_from]]
    common = np.all([place >= 0 for place in places], axis=0) & np.isfinite(weighting)
    for other, place in zip(taggings[1:], places[1:], strict=True):
        common &= _same_alleles(first, other, place)
    aligned = align([trait], replace(first, regression_tagging=weighting), ambiguous="letters")
    present = np.isfinite(aligned.z[:, 0])
    kept = present & common[aligned.rows]
    if not kept.any():
        raise InputError(
            f"{trait.source or trait.trait}: none of its {int(present.sum())} SNPs in {first.where} is in every one of "
            f"the {len(taggings)} taggings; expected most; make the taggings from one panel"
        )
    if not kept.all():
        z = aligned.z.copy()
        z[~kept] = np.nan
        aligned = replace(aligned, z=z)
    (rows,) = choose_rows(aligned, (0,), rules or RowRules())
    if len(taggings) > 1:
        step = FilterCount("in every tagging", int(present.sum() - kept.sum()), int(kept.sum()))
        rows = replace(rows, steps=(step, *rows.steps))
    at = [place[aligned.rows[rows.rows]] for place in places]
    own = [rows.tagging, *(other.tagging[row] for other, row in zip(taggings[1:], at[1:], strict=True))]
    return CommonRows(aligned, rows, tuple(own), tuple(taggings), tuple(at))


def _places(first: Tagging, other: Tagging) -> NDArray[np.int64]:
    """Row of the other tagging for each SNP of the first; -1 where it lacks it."""
    if other is first or other.snp.equals(first.snp):
        return np.arange(len(first))
    found = pc.index_in(first.snp, value_set=other.snp)
    if found.null_count == len(first):
        raise InputError(
            f"{other.where}: none of its {len(other)} SNPs is among the {len(first)} of {first.where}; they name SNPs "
            f"by {describe_names(other.snp)} and {describe_names(first.snp)}; expected taggings of one panel"
        )
    return as_numpy(pc.fill_null(found, pa.scalar(-1, found.type))).astype(np.int64)


def _same_alleles(first: Tagging, other: Tagging, place: NDArray[np.int64]) -> NDArray[np.bool_]:
    if first.a1 is None or first.a2 is None or other.a1 is None or other.a2 is None:
        return np.ones(len(first), dtype=bool)
    ours, theirs = allele_kinds(first.a1, first.a2), allele_kinds(other.a1, other.a2)[place]
    return (ours == theirs) | (ours == 0) | (theirs == 0)
