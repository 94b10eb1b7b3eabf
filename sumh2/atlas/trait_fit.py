"""What an atlas knows of one trait before any pair: its heritability, and the weights that follow from it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import FitError, InputError, OptionError
from ldscores.shared.messages import first_of
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_summary import snps_by_chromosome
from sumh2.alignment import AlignedData
from sumh2.atlas.empty_blocks import LEAST_BLOCKS, empty_block_findings, empty_blocks_text
from sumh2.atlas.store import StoredTrait
from sumh2.coverage_verdicts import coverage_findings
from sumh2.kernels.block_sums import block_edges
from sumh2.kernels.pair_products import pack_presence
from sumh2.kernels.product_regression import RegressionRows, fit_product
from sumh2.kernels.significance import lambda_gc
from sumh2.kernels.weights import ProductWeights
from sumh2.liability import liability_factor
from sumh2.regression_input import Totals, check_enough, check_positive, check_varies, fitting, resolve_totals
from sumh2.verdicts import h2_findings, judge

log = logging.getLogger(__name__)

NAN = float("nan")

Floats = NDArray[np.float64]
Weights = Literal["separable", "ldsc"]

#: Changes whenever the numbers of a fit may change, so that parts of older versions are not taken.
FIT_VERSION = 2


@dataclass(frozen=True)
class AtlasOptions:
    """How an atlas is fitted.

    Parameters
    ----------
    n_blocks
        Jackknife blocks.
    intercept, gcov_intercept
        Hold the h2 intercepts, and the gcov intercepts, at these values.
    chisq_max
        ``separable``: leave out, trait by trait, SNPs with a chi2 at or above it.  ``ldsc``: as LDSC --rg, SNPs whose
        ``(z1 z2)²`` is at or above its square.
    weights
        ``separable`` or ``ldsc``.
    double
        Products in float64.
    """

    n_blocks: int = 200
    intercept: float | None = None
    gcov_intercept: float | None = None
    chisq_max: float | None = None
    weights: Weights = "separable"
    double: bool = False

    def __post_init__(self) -> None:
        check_positive(self.chisq_max, "--chisq-max", "80")
        if self.weights not in ("separable", "ldsc"):
            raise InputError(f"weights: found {self.weights!r}, expected separable or ldsc; correct it")
        if self.n_blocks < 3:
            raise OptionError(f"--n-blocks: found {self.n_blocks}, expected at least 3; 200 are usual")

    @property
    def dtype(self) -> np.dtype:
        """Of stored z scores and products; exact LDSC numbers want all digits."""
        return np.dtype(np.float64 if self.double or self.weights == "ldsc" else np.float32)


@dataclass(frozen=True, eq=False)
class AtlasReference:
    """The SNPs of an atlas, and what its regressions know of them.

    Parameters
    ----------
    tagging
        One category; every SNP has a regression weight.
    ld_score, regression_ld : float64, (n_snps,)
    m
        Reference SNPs behind the LD scores.
    edges : int64, (n_blocks + 1,)
        Blocks by position in the tagging: the same for all traits and pairs, so that delete values line up.  A trait has
        no SNP in some of them where it covers fewer chromosomes than the others: its delete value there is the estimate
        itself, and adds nothing to an error (:mod:`sumh2.atlas.empty_blocks`).
    """

    tagging: Tagging
    ld_score: Floats
    regression_ld: Floats
    m: float
    edges: NDArray[np.int64]

    @cached_property
    def chromosomes(self) -> dict[str, int]:
        """Chromosomes of the tagging, with the number of SNPs of each."""
        return snps_by_chromosome(self.tagging)

    @property
    def n_blocks(self) -> int:
        """Jackknife blocks."""
        return len(self.edges) - 1

    def fingerprint(self) -> str:
        """SHA-256 of all numbers in it."""
        digest = hashlib.sha256(repr((FIT_VERSION, self.m)).encode())
        for array in (self.ld_score, self.regression_ld, self.edges):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def choose_column(tagging: Tagging) -> Tagging:
    """A tagging that an atlas can use: one category, LDAK's in units of an average SNP.

    Within the weights 1 at least is used of a tagging, which for LD scores is a SNP's own r².  A tagging of LDAK counts
    in units of expected heritability; divided, together with its total, by the mean over the heritability SNPs, the
    same floor means the same.  Estimates of h2 and gcov do not depend on the unit.

    Raises
    ------
    InputError
        Several categories.
    """
    if tagging.n_categories > 1:
        raise InputError(
            f"{tagging.where}: found {tagging.n_categories} categories ({first_of(tagging.names)}), expected "
            "one; an atlas fits one slope a pair: use plain LD scores, or a tagging of a model with one category (GCTA, "
            "LDAK, LDAK-Thin), e.g. ldscores build --model ldak-thin"
        )
    if tagging.ldak is None or tagging.m is None or not tagging.ldak.n_heritability:
        return tagging
    unit = float(tagging.m[0]) / tagging.ldak.n_heritability
    m_5_50 = None if tagging.m_5_50 is None else tagging.m_5_50 / unit
    return replace(tagging, tagging=tagging.tagging / unit, m=tagging.m / unit, m_5_50=m_5_50)


def usual_totals(tagging: Tagging) -> Totals:
    """Which total stands for M where none is named: M_5_50 as LDSC, or M where there is no other (LDAK's files)."""
    return "M" if tagging.m_5_50 is None else "M_5_50"


def build_reference(
    tagging: Tagging, n_blocks: int, m: Totals | None = None, covered: Collection[str] = ()
) -> AtlasReference:
    """The reference of an atlas over all SNPs of a tagging (:func:`sumh2.atlas.store.weighted_tagging`).

    Parameters
    ----------
    tagging
        LD scores of one category.
    n_blocks, m
        Jackknife blocks, and which total stands for M.
    covered
        Chromosomes of the traits: blocks are cut over the SNPs of these, so that none is empty for all traits.  By
        default over all SNPs.
    """
    chosen = choose_column(tagging)
    rows = np.arange(len(chosen))
    return _reference(chosen, rows, n_blocks, m, covered)


def build_aligned_reference(
    aligned: AlignedData, n_blocks: int, m: Totals | None = None, covered: Collection[str] = ()
) -> AtlasReference:
    """The same over the rows of aligned data; blocks are still cut on the tagging, and not on these rows."""
    return _reference(choose_column(aligned.reference), aligned.rows, n_blocks, m, covered)


def _reference(
    tagging: Tagging, rows: NDArray[np.int64], n_blocks: int, m: Totals | None, covered: Collection[str]
) -> AtlasReference:
    total = float(resolve_totals(tagging, usual_totals(tagging) if m is None else m)[0])
    column = tagging.tagging[:, 0]
    regression = column if tagging.regression_tagging is None else tagging.regression_tagging
    weighted = np.flatnonzero(np.isfinite(regression))
    on_covered = pc.is_in(tagging.chrom, value_set=pa.array(sorted(covered), pa.string()))
    within = weighted[as_numpy(on_covered)[weighted]]
    if n_blocks <= len(within) < len(weighted):
        log.info(
            "jackknife blocks are cut over the chromosomes of the traits: %d of %d SNPs", len(within), len(weighted)
        )
        weighted = within
    n_used = check_enough(len(weighted), n_blocks, 2, tagging.where)
    places = block_edges(len(weighted), n_used)
    edges = np.concatenate([[0], np.searchsorted(rows, weighted[places[1:-1]]), [len(rows)]]).astype(np.int64)
    return AtlasReference(
        tagging=tagging,
        ld_score=np.ascontiguousarray(column[rows]),
        regression_ld=np.ascontiguousarray(regression[rows]),
        m=total,
        edges=edges,
    )


def chromosomes_of(traits: Iterable[StoredTrait]) -> frozenset[str]:
    """Chromosomes on which some trait has SNPs: what :func:`build_reference` cuts its blocks over."""
    return frozenset(name for trait in traits for name in trait.facts["chromosomes"])


@dataclass(frozen=True, eq=False)
class TraitFit:
    """Heritability of one trait on its own SNPs, and what its pairs need.

    Parameters
    ----------
    h2, h2_se, intercept, intercept_se
        In one step, as in LDSC --rg; the SE of a fixed intercept is NaN.
    h2_delete : float64, (n_blocks,)
    presence : uint64, (3, n_words)
        Its SNPs as bits (:func:`sumh2.kernels.pair_products.pack_presence`).
    n_snps, n_mean, mean_chi2, lambda_gc
        Over its SNPs.
    status, why
        ok, caution or unusable, and what to do.
    pairs_why
        Why it can have no pair; empty where it can.
    facts
        Those of the stored trait.
    """

    h2: float
    h2_se: float
    intercept: float
    intercept_se: float
    h2_delete: Floats
    presence: NDArray[np.uint64]
    n_snps: int
    n_mean: float
    mean_chi2: float
    lambda_gc: float
    status: str
    why: str
    pairs_why: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def fit_trait(trait: StoredTrait, name: str, reference: AtlasReference, options: AtlasOptions) -> TraitFit:
    """Heritability of one trait; a trait that these data cannot answer is "unusable" with its reason."""
    present = np.isfinite(trait.z)
    if options.chisq_max is not None:
        with np.errstate(invalid="ignore"):
            present &= trait.z * trait.z < options.chisq_max
    places = np.flatnonzero(present)
    rows = _regression_rows(trait, places, reference)
    presence = pack_presence(np.where(present, trait.z, np.nan), np.where(present, trait.kinds, np.int8(0)))
    n_snps = len(places)
    chi2 = rows.z1**2
    facts: dict[str, Any] = {"n_snps": n_snps, "presence": presence, "facts": trait.facts}
    if n_snps:
        facts |= {"n_mean": float(rows.n1.mean()), "mean_chi2": float(chi2.mean()), "lambda_gc": lambda_gc(rows.z1)}
    try:
        fit = _fit_rows(rows, places, name, reference, options)
    except FitError as error:
        return _failed_fit(f"no fit: {error}", reference.n_blocks, **facts)
    found = _findings(fit, rows, trait, reference, options)
    if options.weights != "ldsc":
        found += empty_block_findings(_count_blocks(places, reference), reference.n_blocks)
    status, why = judge(found)
    return TraitFit(
        h2=fit.total,
        h2_se=fit.total_se,
        intercept=fit.intercept,
        intercept_se=fit.intercept_se,
        h2_delete=fit.total_delete,
        status=status,
        why=why,
        pairs_why=_why_no_pairs(fit.total, fit.intercept, rows, trait, reference.m),
        **facts,
    )


def _regression_rows(trait: StoredTrait, places: NDArray[np.int64], reference: AtlasReference) -> RegressionRows:
    z = trait.z[places].astype(np.float64)
    n = trait.n[places].astype(np.float64) if len(trait.n) > 1 else np.full(len(places), float(trait.n[0]))
    return RegressionRows(z, z, n, n, reference.ld_score[places], reference.regression_ld[places], reference.m)


def _fit_rows(rows, places, name: str, reference: AtlasReference, options: AtlasOptions):
    n_blocks = check_enough(len(places), reference.n_blocks, 2, name)
    if n_blocks < reference.n_blocks:
        raise FitError(
            f"{name}: {len(places)} SNPs for {reference.n_blocks} jackknife blocks; expected many more; see the counts "
            "of the filters, or use fewer blocks with --n-blocks"
        )
    check_varies(rows.ld_score, reference.tagging.names[0])
    # LDSC cuts blocks among the trait's own SNPs; else they are those of all pairs, so that delete values line up.
    edges = None if options.weights == "ldsc" else np.searchsorted(places, reference.edges).astype(np.int64)
    n_used = n_blocks if edges is None else _count_blocks(places, reference)
    if n_used < LEAST_BLOCKS:
        raise FitError(empty_blocks_text(n_used, reference.n_blocks))
    with fitting(name):
        return fit_product(rows, n_blocks, ProductWeights.of_one_trait, 1.0, options.intercept, edges=edges)


def _count_blocks(places: NDArray[np.int64], reference: AtlasReference) -> int:
    """Blocks that hold one of these SNPs or more."""
    return int(np.count_nonzero(np.diff(np.searchsorted(places, reference.edges))))


def _failed_fit(why: str, n_blocks: int, **facts: Any) -> TraitFit:
    facts = {"n_mean": NAN, "mean_chi2": NAN, "lambda_gc": NAN} | facts
    return TraitFit(NAN, NAN, NAN, NAN, np.full(n_blocks, NAN), status="unusable", why=why, pairs_why=why, **facts)


def _findings(fit, rows: RegressionRows, trait: StoredTrait, reference: AtlasReference, options: AtlasOptions) -> list:
    excess = fit.mean_product - 1
    free = np.isfinite(fit.intercept_se)
    found = coverage_findings(
        study_chromosomes=trait.facts["chromosomes"],
        reference_chromosomes=reference.chromosomes,
        share_mismatched=trait.facts["share_mismatched"],
        m=reference.m,
        n_snps=len(rows.z1),
        max_chi2=float((rows.z1**2).max()),
        max_n=float(rows.n1.max()),
        outliers_removed=options.chisq_max is not None,
        reference_notes=reference.tagging.notes,
    )
    return found + h2_findings(
        h2=fit.total,
        h2_se=fit.total_se,
        intercept=fit.intercept,
        intercept_se=fit.intercept_se,
        ratio=(fit.intercept - 1) / excess if excess > 0 and free else NAN,
        mean_chi2=fit.mean_product,
        n_snps=len(rows.z1),
        n_blocks=fit.n_blocks,
        maf_correlation=trait.facts["maf_correlation"],
        liability_factor=liability_factor(trait.facts["samp_prev"], trait.facts["pop_prev"]),
        available={
            "the file": n_snps_of_file(trait.facts),
            "the LD reference": len(reference.tagging),
        },
    )


def n_snps_of_file(facts: Mapping[str, Any]) -> int:
    """SNPs of a trait's file before any was removed: those that the first of its steps saw."""
    first = facts["steps"][0]
    return first["kept"] + first["removed"]


def _why_no_pairs(h2: float, intercept: float, rows: RegressionRows, trait: StoredTrait, m: float) -> str:
    if not trait.facts["has_alleles"]:
        return "no alleles: the sign of a correlation is unknown without A1 and A2; munge the file with its alleles"
    lowest = intercept + np.clip(h2, 0, 1) * float((rows.n1 * np.maximum(rows.ld_score, 1)).min()) / m
    if not lowest > 0:
        return (
            f"no weights: the h2 intercept is {intercept:.3g}, so that the expected chi2 is not positive; check Z and N, "
            "or hold the intercepts with --intercept 1"
        )
    return ""
