"""What the reference panel says of the categories of a partition: sizes, overlap, spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldscores.annotations.annotation_sums import AnnotationSums, QuantileSums
from ldscores.shared.errors import InputError
from ldscores.taggings.tagging import Tagging
from sumh2.regression_input import Totals, resolve_totals
from sumh2.verdicts import Finding

Floats = NDArray[np.float64]

#: How far sums of annotations may be from the totals of their LD scores.
_TOTALS_TOLERANCE = 0.01
#: From here shares are of something else.
_TOTALS_LIMIT = 0.1
#: How far a sum of squares may be from a sum for an annotation to be called binary.
_BINARY_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class OverlapSums:
    """Sums over the reference SNPs, an entry a category.

    Parameters
    ----------
    totals : float64, (n_categories,)
        M_k, the sum of the category's values.
    overlap : float64, (n_categories, n_categories)
        O_ik, the sum of column k over the SNPs of category i.
    sizes : float64, (n_categories,)
        n_i, the number of SNPs of the category; of a continuous annotation its total, as in LDSC.
    n_reference
        M, the number of reference SNPs.
    sd : float64, (n_categories,)
        Standard deviation of the annotation over them; NaN where it is not known.
    binary : bool, (n_categories,)
        Categories to which a SNP belongs or not.
    block_share : float64, (n_categories,)
        Share of the genome's 0.01 cM blocks touched; NaN where it is not known.
    origin
        Where the overlap comes from, in words.
    quantiles
        Sums over bins of one annotation, where asked for.
    mismatch
        How the annotations differ from the totals; None where they agree.
    """

    totals: Floats
    overlap: Floats
    sizes: Floats
    n_reference: float
    sd: Floats
    binary: NDArray[np.bool_]
    block_share: Floats
    origin: str
    quantiles: QuantileSums | None = None
    mismatch: Finding | None = None

    @property
    def has_shares(self) -> NDArray[np.bool_]:
        """Categories with a share of SNPs and of h2, (n_categories,): sets of SNPs and probabilities."""
        return self.binary | has_share(self.totals, np.diag(self.overlap))


def has_share(sums: Floats, squares: Floats) -> NDArray[np.bool_]:
    """Whether values may all be between 0 and 1, as of sets of SNPs and of probabilities that a SNP belongs.

    Squares of such values add up to no more than the values.  Of other annotations a share of SNPs, and so an enrichment,
    is not defined.
    """
    with np.errstate(invalid="ignore"):
        return squares <= sums * (1 + _BINARY_TOLERANCE)


def resolve_overlap(
    tagging: Tagging,
    m: Totals | None,
    annotations: AnnotationSums | None = None,
    disjoint: bool = False,
    by_members: bool = False,
) -> OverlapSums:
    """Sums of the categories from annotation files, from the tagging itself, or by the word that they do not overlap.

    Parameters
    ----------
    tagging
        Whose categories are fitted.
    m
        "M_5_50", "M" or numbers; None is M_5_50 of LD scores, M of LDAK's taggings.
    annotations
        From :func:`ldscores.annotations.overlap_files.read_annotation_sums`, under the names of the categories.
    disjoint
        No SNP is in two categories: totals are all there is to know.
    by_members
        Take LDAK's sums over members wherever the tagging has them, also of a model that counts SNPs alike.

    Raises
    ------
    InputError
        The overlap is not known: the message says what to give.
    """
    if annotations is not None:
        return _from_annotations(tagging, m, annotations.select(tagging.names))
    if disjoint:
        totals = resolve_totals(tagging, "M_5_50" if m is None else m)
        n_categories = len(totals)
        share = totals / totals.sum()
        return OverlapSums(
            totals, np.diag(totals), totals, float(totals.sum()), np.sqrt(np.maximum(share * (1 - share), 0)),
            np.ones(n_categories, dtype=bool), np.full(n_categories, np.nan), "disjoint categories",
        )  # fmt: skip
    ldak = tagging.ldak
    if ldak is not None and (by_members or not _counts_snps_alike(tagging, ldak.exp_heritability)):
        return _from_contributions(tagging.where, ldak.contributions, ldak.counts, ldak.n_reference, m)
    which = m if m in ("M", "M_5_50") else "M_5_50"
    overlap, n_reference = (
        (tagging.overlap_5_50, tagging.n_reference_5_50)
        if which == "M_5_50"
        else (tagging.overlap, tagging.n_reference)
    )
    if overlap is None or n_reference is None:
        raise InputError(_no_overlap(tagging, which))
    totals = resolve_totals(tagging, "M_5_50" if m is None else m)
    sums = tagging.totals(which)
    squares = np.diag(overlap)
    return OverlapSums(
        totals, overlap, totals, float(n_reference), _spread(squares, sums, n_reference),
        np.isclose(squares, sums, rtol=_BINARY_TOLERANCE, atol=0),
        np.full(len(totals), np.nan) if tagging.touched is None else tagging.touched.share, "the tagging",
    )  # fmt: skip


def _counts_snps_alike(tagging: Tagging, expected: Floats | None) -> bool:
    """Whether the model expects as much heritability of every SNP in a category, as LDSC's: then values are 0 and 1, or
    those of annotations, and the overlap of the tagging is LDSC's."""
    return tagging.overlap_5_50 is not None and expected is not None and bool(np.ptp(expected) <= 1e-9)


def _from_annotations(tagging: Tagging, m: Totals | None, annotations: AnnotationSums) -> OverlapSums:
    which = "M_5_50" if m is None else m
    if isinstance(which, str) and (which == "M_5_50") != annotations.common:
        found, remedy = (
            ("all SNPs of the annotations", "name their frequencies with --frq, or take all SNPs with --m M")
            if which == "M_5_50"
            else ("common SNPs alone", "leave --frq out")
        )
        raise InputError(
            f"{annotations.where}: found {found} beside totals {which}; expected the same SNPs behind both; {remedy}"
        )
    totals = resolve_totals(tagging, which)
    _check_same_genome(tagging, totals, annotations)
    return OverlapSums(
        totals, annotations.overlap, totals, float(annotations.n_reference),
        _spread(np.diag(annotations.overlap), annotations.sums, annotations.n_reference), annotations.binary,
        annotations.block_share, "annotation files", annotations.quantiles, _mismatch(totals, annotations),
    )  # fmt: skip


def _check_same_genome(tagging: Tagging, totals: Floats, annotations: AnnotationSums) -> None:
    """Totals of 22 chromosomes beside annotations of one make shares of thousands of percent: no caution is enough."""
    place = int(np.argmax(np.abs(totals)))
    total, found = float(totals[place]), float(annotations.sums[place])
    if total / 2 <= found <= 2 * total:
        return
    covered = next((note for note in tagging.notes if "LD scores cover" in note), "")
    raise InputError(
        f"{annotations.where}: the annotations add up to {found:,.6g} for {annotations.names[place]}, the LD scores' total "
        f"is {total:,.6g}; expected sums over the same SNPs{'; ' + covered if covered else ''}; give LD scores and "
        "annotations of the same chromosomes: a folder or prefix with the files of those alone, totals included"
    )


def _mismatch(totals: Floats, annotations: AnnotationSums) -> Finding | None:
    """What differs where the totals were summed over other SNPs, or of other annotations, than those read here."""
    # Centred annotations add up to nearly nothing: a root of the sum of squares is the size of chance.
    chance = np.sqrt(np.diag(annotations.overlap))
    excess = np.abs(annotations.sums - totals) - np.maximum(chance, 1.0)
    relative = excess / np.maximum(np.abs(totals), 1.0)
    place = int(np.argmax(relative))
    if not relative[place] > _TOTALS_TOLERANCE:
        return None
    return Finding(
        "unusable" if relative[place] > _TOTALS_LIMIT else "caution", "annotations do not fit",
        f"the annotation files of {annotations.where} add up to {annotations.sums[place]:,.6g} for "
        f"{annotations.names[place]}, the LD scores' total is {totals[place]:,.6g}: shares and enrichments mix the two; "
        "name the annotations (and --frq) of which these LD scores were made, of all chromosomes",
    )  # fmt: skip


def _from_contributions(
    where: str, contributions: Floats, counts: NDArray[np.int64], n_reference: int, m: Totals | None
) -> OverlapSums:
    """LDAK's sums over the members of each category, of all heritability SNPs."""
    if m == "M_5_50" or not (m is None or isinstance(m, str)):
        raise InputError(
            f"--m: {where} brings the sums of its heritability model over all SNPs, expected M or nothing; drop --m"
        )
    unknown = np.full(len(counts), np.nan)
    return OverlapSums(
        np.diag(contributions).copy(), contributions.T, counts.astype(np.float64),
        float(n_reference), unknown, np.ones(len(unknown), dtype=bool), unknown, "LDAK's sums",
    )  # fmt: skip


def _spread(squares: Floats, sums: Floats, n_reference: float) -> Floats:
    """Standard deviation from sums of squares and sums; zero for an annotation of all SNPs."""
    variance = squares / n_reference - (sums / n_reference) ** 2
    return np.sqrt(np.where(variance > 1e-12 * squares / n_reference, variance, 0.0))


def _no_overlap(tagging: Tagging, which: str) -> str:
    return (
        f"{tagging.where}: the overlap of its {tagging.n_categories} categories is not stored in it; without it shares "
        "and enrichments are unknown; name the annotations that the LD scores were made of with --annot"
        + (" and their frequencies with --frq" if which == "M_5_50" else "")
        + ", build a .tagging.parquet with ldscores build, or say --disjoint where no SNP is in two categories"
    )
