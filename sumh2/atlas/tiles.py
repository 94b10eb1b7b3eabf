"""Tiles: the pairs of two panels of traits, the parts of which an atlas is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from sumh2.alignment import AlignedData, AlignedTrait
from sumh2.atlas.atlas_result import jackknife_factor
from sumh2.atlas.empty_blocks import LEAST_BLOCKS
from sumh2.atlas.store import StoredTrait
from sumh2.atlas.trait_fit import AtlasOptions, AtlasReference, TraitFit
from sumh2.kernels.pair_products import (
    N_SUMS,
    SNPS_AT_A_TIME,
    TraitPanel,
    correlate_pairs,
    count_common_snps,
    pair_block_sums,
    solve_pairs,
)
from sumh2.ldsc.rg import fit_rg
from sumh2.ldsc.rg_result import RgPair
from sumh2.sumstats import FilterCount

Floats = NDArray[np.float64]

#: Wide enough for matrix products to run at full speed, and for the making of their factors not to count.
WIDEST = 256
#: Exact pairs are fitted one by one: a tile of 8 x 8 takes seconds to a minute.
WIDTH_LDSC = 8
#: Stand for the names of the two traits in the reasons of exact pairs: names may change, parts stay.
FIRST, SECOND = "\x02", "\x03"
#: Bytes in a gigabyte, as --memory counts.
_GB = 1e9


def panel_width(n_snps: int, n_blocks: int, memory_gb: float, n_threads: int, options: AtlasOptions) -> int:
    """Traits in a panel, so that a tile of two fits in `memory_gb` gigabytes; mapped files do not count.

    A tile of width K holds block sums (5 B K² numbers), delete values and factor (2 B K² float64), and for each thread
    the matrices and copies of one step of two panels (14 K numbers a SNP of a block), and the traits' SNPs as bits.
    """
    if options.weights == "ldsc":
        return WIDTH_LDSC
    size = options.dtype.itemsize
    for width in range(WIDEST, 0, -8):
        sums = (N_SUMS * size + 16) * n_blocks * width**2
        factors = n_threads * 2 * (N_SUMS + 2) * size * width * min(n_snps / n_blocks, SNPS_AT_A_TIME)
        if sums + factors + 2 * width * 3 * n_snps / 8 <= memory_gb * _GB:
            return width
    return 1


def lay_out(keys: Sequence[str], panels: Sequence[Sequence[str]], width: int) -> list[list[str]]:
    """Panels that hold all traits: those there are, unchanged, then new ones of the traits that they lack.

    A tile depends on its two panels alone, so that traits that come later cost their own tiles only.
    """
    placed = {key for panel in panels for key in panel}
    new = [key for key in dict.fromkeys(keys) if key not in placed]
    n_panels = -(-len(new) // width)
    # Panels of one size waste least on the squares of the diagonal, where every pair is computed twice.
    edges = [len(new) * number // max(n_panels, 1) for number in range(n_panels + 1)]
    return [list(panel) for panel in panels] + [new[edges[k] : edges[k + 1]] for k in range(n_panels)]


def tiles_of(panels: Sequence[Sequence[str]], wanted: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of panels, first at most second, that hold a pair of wanted traits."""
    counts = [len(set(panel) & set(wanted)) for panel in panels]
    return [
        (first, second)
        for first in range(len(panels))
        for second in range(first, len(panels))
        if (counts[first] > 1 if first == second else counts[first] and counts[second])
    ]


def pairs_of_tile(n_first: int, n_second: int, same: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places in the first and in the second panel of each pair of a tile, (n_pairs,) each."""
    if same:
        return np.triu_indices(n_first, 1)
    first, second = np.indices((n_first, n_second))
    return first.ravel(), second.ravel()


@dataclass(frozen=True, eq=False)
class TileEstimates:
    """Every pair of a tile, in the order of :func:`pairs_of_tile`; all (n_pairs,) but the factor.

    Parameters
    ----------
    gcov, gcov_se, gcov_int, gcov_int_se, rg, rg_se
        NaN where a pair cannot be fitted.
    n_shared, n_snps
        SNPs that both traits have, and those of them with matching alleles.
    n_bad
        Jackknife samples in which a heritability is not positive.
    n_used
        Jackknife blocks that hold one of the `n_snps` or more; LDSC cuts its own for each pair, all of which do.
    factor, delete_mean
        Jackknife factor (n_blocks, n_pairs) and mean of the delete values of gcov.
    exact
        LDSC's heritabilities on the pair's SNPs and verdicts (h2_1, h2_1_se, h2_2, h2_2_se, status, why); empty for
        separable weights.
    """

    gcov: Floats
    gcov_se: Floats
    gcov_int: Floats
    gcov_int_se: Floats
    rg: Floats
    rg_se: Floats
    n_shared: NDArray[np.int64]
    n_snps: NDArray[np.int64]
    n_bad: NDArray[np.int64]
    n_used: NDArray[np.int64]
    factor: NDArray
    delete_mean: Floats
    exact: dict[str, NDArray]


def fit_tile(
    first: Sequence[tuple[StoredTrait, TraitFit]],
    second: Sequence[tuple[StoredTrait, TraitFit]],
    reference: AtlasReference,
    options: AtlasOptions,
    n_threads: int = 1,
) -> TileEstimates:
    """All pairs of two panels.

    Parameters
    ----------
    first, second
        Traits with their own fits; the same object for the pairs within one panel.
    reference, options
        Of the atlas.
    n_threads
        Blocks, or exact pairs, at the same time.
    """
    if options.weights == "ldsc":
        return _fit_exact(first, second, reference, options, n_threads)
    with threadpool_limits(1, user_api="blas"):  # the threads are the blocks'
        sums = pair_block_sums(
            _panel(first, options), _panel(second, options) if second is not first else _panel(first, options),
            reference.ld_score, reference.regression_ld, reference.edges, reference.m, options.dtype, n_threads,
        )  # fmt: skip
    pairs = solve_pairs(sums, options.gcov_intercept)
    used = np.count_nonzero(sums[0], axis=0)  # the sum of weights is zero where a block holds no SNP of both
    del sums
    present_first, present_second = (np.stack([fit.presence for _, fit in side]) for side in (first, second))
    shared, matching = count_common_snps(present_first, present_second, n_threads)
    # A singular system shows by itself; fewer SNPs than blocks hide it in rounding.
    fitted = _can_pair(first)[:, None] & _can_pair(second) & (matching >= reference.n_blocks)
    fitted &= used >= LEAST_BLOCKS
    for array in (pairs.gcov, pairs.gcov_se, pairs.gcov_int, pairs.gcov_int_se):
        array[~fitted] = np.nan
    rg, rg_se, n_bad = correlate_pairs(pairs, *_heritabilities(first), *_heritabilities(second))
    rows, columns = pairs_of_tile(len(first), len(second), second is first)
    factor, mean = jackknife_factor(pairs.gcov_delete[:, rows, columns])
    unfitted = np.isnan(pairs.gcov[rows, columns])
    factor[:, unfitted], mean[unfitted] = np.nan, np.nan
    return TileEstimates(
        gcov=pairs.gcov[rows, columns], gcov_se=pairs.gcov_se[rows, columns],
        gcov_int=pairs.gcov_int[rows, columns], gcov_int_se=pairs.gcov_int_se[rows, columns],
        rg=rg[rows, columns], rg_se=rg_se[rows, columns], n_shared=shared[rows, columns],
        n_snps=matching[rows, columns], n_bad=n_bad[rows, columns], n_used=used[rows, columns],
        factor=factor.astype(options.dtype, copy=False),
        delete_mean=mean,
        exact={},
    )  # fmt: skip


def _panel(traits: Sequence[tuple[StoredTrait, TraitFit]], options: AtlasOptions) -> TraitPanel:
    usable = _can_pair(traits)
    h2, intercept = (np.array([getattr(fit, name) for _, fit in traits]) for name in ("h2", "intercept"))
    return TraitPanel(
        z=[trait.z for trait, _ in traits],
        n=[trait.n for trait, _ in traits],
        kinds=[trait.kinds for trait, _ in traits],
        # What a trait without weights gives is not used.
        h2=np.where(usable, np.clip(h2, 0, 1), 0.0),
        intercept=np.where(usable, intercept, 1.0),
        chisq_max=np.inf if options.chisq_max is None else options.chisq_max,
    )


def _can_pair(traits: Sequence[tuple[StoredTrait, TraitFit]]) -> NDArray[np.bool_]:
    return np.array([not fit.pairs_why for _, fit in traits], dtype=bool)


def _heritabilities(traits: Sequence[tuple[StoredTrait, TraitFit]]) -> tuple[Floats, Floats]:
    return np.array([fit.h2 for _, fit in traits]), np.stack([fit.h2_delete for _, fit in traits], axis=1)


# ---------------------------------------------------------------------------------------------------------------------
# Pairs exactly as LDSC fits them


def _fit_exact(
    first: Sequence[tuple[StoredTrait, TraitFit]],
    second: Sequence[tuple[StoredTrait, TraitFit]],
    reference: AtlasReference,
    options: AtlasOptions,
    n_threads: int,
) -> TileEstimates:
    rows, columns = pairs_of_tile(len(first), len(second), second is first)
    traits = list(first) if second is first else [*first, *second]
    shift = 0 if second is first else len(first)
    able = np.flatnonzero(_can_pair(traits))
    place_of = {int(trait): place for place, trait in enumerate(able)}
    chosen = [
        (number, (place_of[row], place_of[column + shift]))
        for number, (row, column) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True))
        if row in place_of and column + shift in place_of
    ]
    fitted: dict[int, RgPair] = {}
    if chosen:
        result = fit_rg(
            align_stored([(_placeholder(place), traits[place][0]) for place in able.tolist()], reference),
            pairs=[pair for _, pair in chosen],
            intercept=options.intercept,
            gcov_intercept=options.gcov_intercept,
            chisq_max=options.chisq_max,
            n_blocks=reference.n_blocks,
            m=reference.m,
            n_threads=n_threads,
        )
        fitted = {number: _without_names(pair) for (number, _), pair in zip(chosen, result.pairs, strict=True)}
    return _exact_tile([fitted.get(number) for number in range(len(rows))], reference.n_blocks)


def _placeholder(place: int) -> str:
    return f"{FIRST}{place}{SECOND}"


def _without_names(pair: RgPair) -> RgPair:
    return replace(pair, why=pair.why.replace(pair.trait1, FIRST).replace(pair.trait2, SECOND))


def align_stored(traits: Sequence[tuple[str, StoredTrait]], reference: AtlasReference) -> AlignedData:
    """Stored traits, with names, as the aligned data that single fits take."""
    shape = (len(reference.ld_score), len(traits))
    z, n = np.empty(shape, order="F"), np.empty(shape, order="F")
    kinds = np.empty(shape, dtype=np.int8, order="F")
    for place, (_, trait) in enumerate(traits):
        z[:, place], n[:, place], kinds[:, place] = trait.z, trait.n, trait.kinds
    infos = tuple(
        AlignedTrait(
            name=name,
            source="",
            has_alleles=trait.facts["has_alleles"],
            samp_prev=None,
            pop_prev=None,
            steps=tuple(FilterCount(**step) for step in trait.facts["steps"]),
            share_mismatched=trait.facts["share_mismatched"],
            maf_correlation=trait.facts["maf_correlation"],
        )
        for name, trait in traits
    )
    return AlignedData(
        rows=np.arange(shape[0]),
        z=z,
        n_samples=n,
        kinds=kinds,
        tagging=reference.ld_score[:, None],
        regression_tagging=reference.regression_ld,
        reference=reference.tagging,
        traits=infos,
    )


def _exact_tile(pairs: Sequence[RgPair | None], n_blocks: int) -> TileEstimates:
    delete = np.full((n_blocks, len(pairs)), np.nan)
    for number, pair in enumerate(pairs):
        # LDSC takes fewer blocks where a pair has fewer SNPs: no factor then.
        if pair is not None and pair.fits is not None and pair.n_blocks == n_blocks:
            delete[:, number] = pair.fits[2].total_delete
    factor, mean = jackknife_factor(delete)

    def numbers(name: str, dtype=np.float64, missing=np.nan) -> NDArray:
        return np.array([missing if pair is None else getattr(pair, name) for pair in pairs], dtype=dtype)

    words = {name: [("" if pair is None else getattr(pair, name)) for pair in pairs] for name in ("status", "why")}
    return TileEstimates(
        gcov=numbers("gcov"),
        gcov_se=numbers("gcov_se"),
        gcov_int=numbers("gcov_int"),
        gcov_int_se=numbers("gcov_int_se"),
        rg=numbers("rg"),
        rg_se=numbers("rg_se"),
        n_shared=numbers("n_shared", np.int64, 0),
        n_snps=numbers("n_snps", np.int64, 0),
        n_bad=np.zeros(len(pairs), dtype=np.int64),
        n_used=np.full(len(pairs), n_blocks, dtype=np.int64),
        factor=factor,
        delete_mean=mean,
        exact={name: numbers(name) for name in ("h2_1", "h2_1_se", "h2_2", "h2_2_se")}
        | {name: np.array(text, dtype=np.str_) for name, text in words.items()},
    )
