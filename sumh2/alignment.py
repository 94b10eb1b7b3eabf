"""Every trait on the tagging's SNP order and on one allele orientation, once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.alleles import NOT_A_BASE, allele_kinds, allele_orientations
from ldscores.shared.arrow_arrays import as_arrow, as_numpy
from ldscores.shared.errors import InputError
from ldscores.shared.snp_names import describe_names
from ldscores.taggings.tagging import Tagging
from sumh2.sumstats import FilterCount, SumStats

log = logging.getLogger(__name__)

#: A correlation of frequencies over fewer SNPs says little.
_MAF_SNPS_NEEDED = 1000


@dataclass(frozen=True)
class AlignedTrait:
    """What is known of a trait besides its columns.

    Parameters
    ----------
    name, source
        Name in tables, and file it came from.
    has_alleles
        Whether it can be compared with other traits.
    samp_prev, pop_prev
        Share of cases in sample and population; None for a quantitative trait.
    steps
        SNPs removed and kept, from the file to here.
    share_mismatched
        Share of the SNPs in the LD reference that were dropped for other alleles than the reference's.
    maf_correlation
        Correlation of its minor allele frequencies with the reference's; NaN where either lacks them.
    cases, controls
        People of either kind, where the file knows them.
    """

    name: str
    source: str
    has_alleles: bool
    samp_prev: float | None
    pop_prev: float | None
    steps: tuple[FilterCount, ...]
    share_mismatched: float
    maf_correlation: float
    cases: float | None = None
    controls: float | None = None


@dataclass(frozen=True, repr=False)
class AlignedData:
    """Traits side by side on the SNPs of a tagging; rows are the SNPs that at least one trait has.

    Parameters
    ----------
    rows : int64, (n_snps,)
        The SNPs, as rows of the reference.
    z, n_samples : float64, (n_snps, n_traits), a trait's column contiguous
        NaN where a trait lacks the SNP.  Z has the common orientation of :mod:`ldscores.shared.alleles`.
    kinds : int8, (n_snps, n_traits)
        Kind of the alleles; two traits describe the same variant where theirs are equal and not zero.
    tagging : float64, (n_snps, n_categories)
    regression_tagging : float64, (n_snps,)
    reference
        The tagging all rows come from, for its names and totals.
    traits
        One entry a column of z.
    """

    rows: NDArray[np.int64]
    z: NDArray[np.float64]
    n_samples: NDArray[np.float64]
    kinds: NDArray[np.int8]
    tagging: NDArray[np.float64]
    regression_tagging: NDArray[np.float64]
    reference: Tagging
    traits: tuple[AlignedTrait, ...]

    def __repr__(self) -> str:
        names = ", ".join(trait.name for trait in self.traits)
        return f"AlignedData({names}: {len(self.rows):,} SNPs, {len(self.reference.names)} categories)"

    @property
    def snp(self) -> pa.Array:
        """Names of the SNPs, (n_snps,)."""
        return self.reference.snp.take(as_arrow(self.rows))

    @property
    def chrom(self) -> pa.Array:
        """Chromosomes of the SNPs, (n_snps,)."""
        return self.reference.chrom.take(as_arrow(self.rows))

    def chromosomes_of(self, used: NDArray[np.bool_] | NDArray[np.int64]) -> frozenset[str]:
        """Chromosomes of these SNPs, a mask or places among (n_snps,)."""
        return frozenset(pc.unique(self.reference.chrom.take(as_arrow(self.rows[used]))).to_pylist())

    @property
    def n_traits(self) -> int:
        """Number of traits."""
        return len(self.traits)

    def matching(self, first: int, second: int) -> NDArray[np.bool_]:
        """SNPs of which two traits have the same unambiguous alleles, (n_snps,); any SNP for a trait with itself."""
        kinds = self.kinds[:, first]
        return (kinds == self.kinds[:, second]) & ((kinds != 0) | (first == second))


#: Kinds that allele letters alone give to A/T and C/G, beside those of :mod:`ldscores.shared.alleles`.
_KIND_AT, _KIND_CG = 3, 4


def align(
    traits: Sequence[SumStats],
    tagging: Tagging,
    *,
    check_alleles: bool = True,
    ambiguous: Literal["unsigned", "letters"] = "unsigned",
) -> AlignedData:
    """Put traits on the SNP order of a tagging.

    SNPs are matched by name, as in LDSC; rows keep the order of the tagging (chromosome, position).  Where the tagging
    knows alleles, a SNP whose alleles are another variant's is dropped and counted.

    Parameters
    ----------
    traits
        One or more traits.
    tagging
        LD scores or taggings, with regression weights (``regression_tagging``) or, without them, its own first column
        in their place.
    check_alleles
        False trusts that all files count the same allele: nothing is flipped or dropped (LDSC's --no-check-alleles).
    ambiguous
        What becomes of SNPs whose strand letters cannot tell (A/T, C/G).  "unsigned": they count for heritabilities, for
        no pair of traits, and their letters are not compared (LDSC).  "letters": strands are trusted, so that they have
        a sign and must match like any other; SNPs with longer alleles are dropped (LDAK, which compares the letters of
        *all* SNPs and so also drops unambiguous ones from the other strand, which are kept here).

    Raises
    ------
    InputError
        No trait is given, or one shares no SNP with the tagging: the message says what names each side uses.
    """
    if isinstance(traits, SumStats) or not isinstance(tagging, Tagging):
        raise InputError("align: expected a list of summary statistics, then a tagging; write align([trait], tagging)")
    if not traits:
        raise InputError("no trait: found none, expected at least one summary statistics file; name one")
    if ambiguous not in ("unsigned", "letters"):
        raise InputError(f"ambiguous: found {ambiguous!r}, expected unsigned or letters; correct it")
    by_letters = ambiguous == "letters"
    regression_tagging = tagging.weights(
        "name the LD scores among regression SNPs with --w-ld, e.g. weights_hm3_no_hla/weights."
    )
    on_reference = [
        _put_on_reference(trait, tagging, np.isfinite(regression_tagging), check_alleles, by_letters)
        for trait in traits
    ]
    present = np.zeros(len(tagging.snp), dtype=bool)
    for columns in on_reference:
        present[columns.places] = True
    rows = np.flatnonzero(present)
    row_of = np.empty(len(present), dtype=np.int32)
    row_of[rows] = np.arange(len(rows), dtype=np.int32)
    shape = (len(rows), len(traits))
    z, n_samples = np.full(shape, np.nan, order="F"), np.full(shape, np.nan, order="F")
    kinds = np.zeros(shape, dtype=np.int8, order="F")
    for number, columns in enumerate(on_reference):
        own = row_of[columns.places]
        z[own, number], n_samples[own, number], kinds[own, number] = columns.z, columns.n, columns.kinds
    every = len(rows) == len(present)  # nothing is copied then, and a genome of 97 categories is a gigabyte
    return AlignedData(
        rows=rows,
        z=z,
        n_samples=n_samples,
        kinds=kinds,
        tagging=tagging.tagging if every else tagging.tagging[rows],
        regression_tagging=regression_tagging if every else regression_tagging[rows],
        reference=tagging,
        traits=tuple(columns.info for columns in on_reference),
    )


@dataclass(frozen=True)
class _OnReference:
    """The SNPs of one trait that count, with their rows in the reference."""

    places: NDArray[np.int64]
    z: NDArray[np.float64]
    n: NDArray[np.float64]
    kinds: NDArray[np.int8]
    info: AlignedTrait


def available_snps(traits: Sequence[AlignedTrait], tagging: Tagging) -> dict[str, int]:
    """How many SNPs each file has for a regression, for :func:`sumh2.verdicts.count_findings`.

    Parameters
    ----------
    traits
        One or more.
    tagging
        The LD scores, whose SNPs with a regression weight count.

    Returns
    -------
    dict
        Before any SNP was removed, by the name of the file in a sentence.
    """
    files = ["the file"] if len(traits) == 1 else [f"the file of {trait.name}" for trait in traits]
    first_steps = [trait.steps[0] for trait in traits]
    found = {name: step.kept + step.removed for name, step in zip(files, first_steps, strict=True)}
    weights = tagging.regression_tagging
    weighted = len(tagging) if weights is None else int(np.count_nonzero(np.isfinite(weights)))
    return found | {"the LD reference": weighted}


def _put_on_reference(
    trait: SumStats, tagging: Tagging, weighted: NDArray[np.bool_], check_alleles: bool, by_letters: bool
) -> _OnReference:
    """Match one trait to the reference, drop what does not count, put z on the common orientation."""
    rows, places = _matching_rows(trait, tagging)
    steps = [FilterCount("in the LD scores", len(trait) - len(rows), len(rows))]
    counts = weighted[places]
    if not counts.all():
        rows, places = rows[counts], places[counts]
    steps.append(FilterCount("with a regression weight", steps[-1].kept - len(rows), len(rows)))
    signs, kinds = _signs_and_kinds(trait, rows, check_alleles, by_letters)
    share_mismatched = 0.0
    if check_alleles and (trait.a1 is None or trait.a2 is None):
        steps.append(FilterCount("by name alone: the file has no alleles", 0, len(rows)))
    elif check_alleles and tagging.a1 is not None and tagging.a2 is not None:
        theirs = _kinds(tagging.a1[places], tagging.a2[places], by_letters)
        same = kinds == theirs
        if by_letters:
            same &= kinds != 0
        else:
            same |= (kinds == 0) | (theirs == 0)
        rows, places, signs, kinds = rows[same], places[same], signs[same], kinds[same]
        steps.append(FilterCount("with the alleles of the LD reference", steps[-1].kept - len(rows), len(rows)))
        share_mismatched = float(1 - same.mean()) if len(same) else 0.0
    if not len(rows):
        raise InputError(_no_overlap(trait, tagging, steps))
    info = AlignedTrait(
        name=trait.trait,
        source=trait.source,
        has_alleles=trait.a1 is not None,
        samp_prev=trait.samp_prev,
        pop_prev=trait.pop_prev,
        steps=trait.filters + tuple(steps),
        share_mismatched=share_mismatched,
        maf_correlation=_maf_correlation(trait, tagging, rows, places),
        cases=trait.cases,
        controls=trait.controls,
    )
    log.info("%s: %d SNPs, %s", trait.trait, len(trait), "; ".join(f"{step.kept} {step.what}" for step in steps))
    return _OnReference(places, trait.z[rows] * signs, trait.n[rows], kinds, info)


def _matching_rows(trait: SumStats, tagging: Tagging) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the trait and of the tagging that hold the same SNP."""
    found = as_numpy(pc.index_in(trait.snp, value_set=tagging.snp))
    if found.dtype.kind == "f":  # some are not there
        rows = np.flatnonzero(np.isfinite(found))
        return rows, found[rows].astype(np.int64)
    return np.arange(len(found)), found.astype(np.int64)


def _kinds(a1: NDArray[np.uint8], a2: NDArray[np.uint8], by_letters: bool) -> NDArray[np.int8]:
    """Kind of each allele pair; with `by_letters` also of A/T and C/G, whose strand is then trusted."""
    kinds = allele_kinds(a1, a2)
    if by_letters:
        kinds[(a1 < NOT_A_BASE) & (a1 == 3 - a2)] = _KIND_AT
        kinds[(kinds == _KIND_AT) & ((a1 == 1) | (a1 == 2))] = _KIND_CG
    return kinds


def _signs_and_kinds(
    trait: SumStats, rows: NDArray[np.int64], check_alleles: bool, by_letters: bool
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Factor to the common orientation, and kind of the alleles; without alleles z stays as it is."""
    if not check_alleles:
        return np.ones(len(rows), np.int8), np.ones(len(rows), np.int8)
    if trait.a1 is None or trait.a2 is None:
        return np.ones(len(rows), np.int8), np.zeros(len(rows), np.int8)
    a1, a2 = trait.a1[rows], trait.a2[rows]
    kind = _kinds(a1, a2, by_letters)
    # An ambiguous SNP keeps its own sign: its chi2 counts for a heritability, its kind keeps it out of every pair.
    signs = np.where(kind == 0, np.int8(1), allele_orientations(a1, a2))
    if by_letters:
        signs = np.where(kind >= _KIND_AT, np.where(a1 < a2, np.int8(1), np.int8(-1)), signs)
    return signs, kind


def _maf_correlation(trait: SumStats, tagging: Tagging, rows: NDArray, found: NDArray) -> float:
    if trait.eaf is None or tagging.maf is None:
        return float("nan")
    study, reference = trait.eaf[rows], tagging.maf[found]
    known = np.isfinite(study) & np.isfinite(reference)
    if known.sum() < _MAF_SNPS_NEEDED:
        return float("nan")
    study, reference = np.minimum(study, 1 - study)[known], np.minimum(reference, 1 - reference)[known]
    if np.ptp(study) == 0 or np.ptp(reference) == 0:
        return float("nan")
    return float(np.corrcoef(study, reference)[0, 1])


def _no_overlap(trait: SumStats, tagging: Tagging, steps: Sequence[FilterCount]) -> str:
    where = trait.source or trait.trait
    if steps[0].kept:
        lost = next(step for step in steps if not step.kept)
        return (
            f"{where}: {steps[0].kept} SNPs are in the LD scores, none of them {lost.what}; "
            "expected most; check that LD scores, weights and study describe the same SNPs"
        )
    ours, theirs = describe_names(trait.snp), describe_names(tagging.snp)
    remedy = (
        "translate one of them"
        if ours.split(" (")[0] != theirs.split(" (")[0]
        else "check the build, the chromosomes and the reference"
    )
    return f"{where}: no SNP name is in the LD scores; found {ours} here and {theirs} there; {remedy}"
