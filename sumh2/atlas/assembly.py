"""From tiles to an atlas: matrices, the table of pairs, verdicts, false discovery rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ldscores.shared.cores import choose_threads
from ldscores.shared.errors import InputError, OptionError
from sumh2.alignment import AlignedData
from sumh2.atlas.atlas_result import AtlasTrait, RgAtlas, cell_count, cell_number
from sumh2.atlas.empty_blocks import LEAST_BLOCKS, empty_block_findings, empty_blocks_text
from sumh2.atlas.store import StoredTrait, trait_of_aligned
from sumh2.atlas.tiles import FIRST, SECOND, TileEstimates, fit_tile, lay_out, pairs_of_tile, panel_width, tiles_of
from sumh2.atlas.trait_fit import (
    AtlasOptions,
    TraitFit,
    Weights,
    build_aligned_reference,
    chromosomes_of,
    fit_trait,
    n_snps_of_file,
)
from sumh2.kernels.significance import false_discovery_rates, z_and_p_of
from sumh2.liability import derive_sample_prevalence, liability_factor
from sumh2.regression_input import Totals
from sumh2.verdicts import (
    FEW_BLOCKS,
    FEW_SNPS,
    MANY_MISMATCHES,
    WEAK_H2_Z,
    WHY_SEPARATOR,
    Finding,
    held_gcov_intercept,
    judge,
    rg_findings,
)

Floats = NDArray[np.float64]

NAN = float("nan")


def fit_atlas(
    aligned: AlignedData,
    *,
    weights: Weights = "separable",
    intercept: float | None = None,
    gcov_intercept: float | None = None,
    chisq_max: float | None = None,
    n_blocks: int = 200,
    m: Totals | None = None,
    double: bool = False,
    n_threads: int | None = None,
) -> RgAtlas:
    """Genetic correlations of all pairs of aligned traits, in memory.

    For hundreds of traits the command ``sumh2 atlas`` (:func:`sumh2.atlas.atlas_files.build_atlas`) keeps them in a
    store on disk, and can be stopped, resumed and extended.

    Parameters
    ----------
    aligned
        Two traits or more, from :func:`sumh2.align`.
    weights
        ``separable``: all pairs by matrix products (:mod:`sumh2.kernels.pair_products`); ``ldsc``: pair by pair with
        LDSC's weights, as :func:`sumh2.fit_rg`, whose numbers these are.
    intercept, gcov_intercept
        Hold the h2 intercepts, and the gcov intercepts, at these values.
    chisq_max
        Leave out SNPs with a chi2 at or above it; with LDSC's weights those with ``(z1 z2)²`` at or above its square.
    n_blocks
        Jackknife blocks, cut over the chromosomes of the traits on the tagging, the same for all traits.
    m
        "M_5_50", "M", or the number of reference SNPs; by default M_5_50, or M for files without it.
    double
        Products in float64 instead of float32.
    n_threads
        By default one a core.

    Raises
    ------
    InputError
        Several categories, fewer than two traits, options that contradict each other.
    """
    if aligned.n_traits < 2:
        raise InputError("atlas: found one trait, expected two or more; name other summary statistics files")
    options = AtlasOptions(n_blocks, intercept, gcov_intercept, chisq_max, weights, double)
    n_threads = choose_threads(n_threads)
    stored = [trait_of_aligned(aligned, column) for column in range(aligned.n_traits)]
    covered = () if options.weights == "ldsc" else chromosomes_of(stored)
    reference = build_aligned_reference(aligned, n_blocks, m, covered)
    fits = [fit_trait(one, info.name, reference, options) for one, info in zip(stored, aligned.traits, strict=True)]
    listed = [
        ListedTrait(info.name, info.source).completed(trait) for info, trait in zip(aligned.traits, stored, strict=True)
    ]
    width = panel_width(len(aligned.rows), n_blocks, 4.0, n_threads, options)
    panels = lay_out([str(place) for place in range(len(listed))], [], width)
    both = list(zip(stored, fits, strict=True))
    sides = [[both[int(key)] for key in panel] for panel in panels]
    tiles = (
        (
            [int(key) for key in panels[first]],
            [int(key) for key in panels[second]],
            fit_tile(sides[first], sides[second], reference, options, n_threads),
        )
        for first, second in tiles_of(panels, [key for panel in panels for key in panel])
    )
    factor = np.full((reference.n_blocks, cell_count(len(listed))), np.nan, dtype=options.dtype)
    return assemble_atlas(listed, fits, tiles, reference.m, options, factor)


@dataclass(frozen=True)
class ListedTrait:
    """A trait as the manifest names it; None or empty where it says nothing.

    Parameters
    ----------
    name
        Of the trait.
    source
        Its file of summary statistics.
    n
        Sample size, in the place of the file's.
    n_cases, n_controls
        People of a case-control study.
    samp_prev, pop_prev
        Share of cases in the sample and in the population.
    group, label
        For figures and pages: what it belongs to, and what it is called there.
    """

    name: str
    source: str
    n: float | None = None
    n_cases: float | None = None
    n_controls: float | None = None
    samp_prev: float | None = None
    pop_prev: float | None = None
    group: str = ""
    label: str = ""

    def completed(self, trait: StoredTrait) -> ListedTrait:
        """The same with what the manifest leaves open: cases, controls and prevalences as the file of the trait has them.

        Where only the prevalence in the population is given, the share of cases follows from their number and N.

        Raises
        ------
        InputError
            It does not, or the share of cases is given alone.
        """
        facts, samp, pop = trait.facts, self.samp_prev, self.pop_prev
        cases, controls = self.n_cases, self.n_controls
        if pop is None and samp is not None:
            raise OptionError(f"{self.name}: found samp_prev without pop_prev, expected both; add pop_prev")
        if pop is None:
            samp, pop = facts.get("samp_prev"), facts.get("pop_prev")
        if cases is None and controls is None:
            cases, controls = facts.get("cases"), facts.get("controls")
            samp = facts.get("samp_prev") if samp is None else samp
        if samp is None and pop is not None:
            n = trait.n[np.isfinite(trait.n)]
            samp = derive_sample_prevalence(self.source or self.name, cases, controls, n, ("samp_prev", "pop_prev"))
        return replace(self, n_cases=cases, n_controls=controls, samp_prev=samp, pop_prev=pop)


Tile = tuple[Sequence[int], Sequence[int], TileEstimates]


def assemble_atlas(
    listed: Sequence[ListedTrait],
    fits: Sequence[TraitFit | str],
    tiles: Iterable[Tile],
    m: float,
    options: AtlasOptions,
    factor: NDArray,
) -> RgAtlas:
    """Put fitted traits and tiles together.

    Parameters
    ----------
    listed
        The traits in the order of the tables.
    fits
        A fit for each, or why there is none.
    tiles
        Numbers of the traits of the first and of the second panel, -1 for a trait that is not listed, and estimates.
    m
        Reference SNPs.
    options
        Of the fits.
    factor : (n_blocks, n_cells)
        Filled in place; in memory or mapped.
    """
    n_traits = len(listed)
    work = _Matrices(n_traits, factor)
    for place, fit in enumerate(fits):
        if isinstance(fit, TraitFit):
            work.put_trait(place, fit)
    for first, second, estimates in tiles:
        work.put_tile(np.asarray(first), np.asarray(second), estimates)
    traits = tuple(_atlas_trait(one, fit) for one, fit in zip(listed, fits, strict=True))
    return RgAtlas(
        traits=traits,
        gcov=work.matrices["gcov"],
        gcov_se=work.matrices["gcov_se"],
        gcov_int=work.matrices["gcov_int"],
        gcov_int_se=work.matrices["gcov_int_se"],
        rg=work.matrices["rg"],
        rg_se=work.matrices["rg_se"],
        n_snps=work.n_snps,
        factor=factor,
        delete_mean=work.delete_mean,
        pair_table=_pair_table(traits, fits, work, options),
        m=m,
        weights=options.weights,
    )


@dataclass
class _Matrices:
    """What the tiles fill."""

    n_traits: int
    factor: NDArray
    matrices: dict[str, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = (self.n_traits, self.n_traits)
        for name in ("gcov", "gcov_se", "gcov_int", "gcov_int_se", "rg", "rg_se"):
            self.matrices[name] = np.full(shape, np.nan)
        self.n_snps, self.n_shared = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        self.n_bad = np.zeros(shape, dtype=np.int64)
        self.n_used = np.full(shape, len(self.factor), dtype=np.int64)
        self.delete_mean = np.full(cell_count(self.n_traits), np.nan)
        self.exact: dict[tuple[int, int], dict[str, Any]] = {}

    def put_trait(self, place: int, fit: TraitFit) -> None:
        values = {"gcov": fit.h2, "gcov_se": fit.h2_se, "gcov_int": fit.intercept, "gcov_int_se": fit.intercept_se}
        for name, value in values.items():
            self.matrices[name][place, place] = value
        if fit.h2 > 0:
            self.matrices["rg"][place, place], self.matrices["rg_se"][place, place] = 1.0, 0.0
        self.n_snps[place, place] = self.n_shared[place, place] = fit.n_snps
        cell = cell_number(self.n_traits, place, place)
        n_blocks = len(fit.h2_delete)
        self.delete_mean[cell] = fit.h2_delete.mean()
        self.factor[:, cell] = np.sqrt((n_blocks - 1) / n_blocks) * (fit.h2_delete - self.delete_mean[cell])

    def put_tile(self, first: NDArray, second: NDArray, tile: TileEstimates) -> None:
        rows, columns = pairs_of_tile(len(first), len(second), first is second or np.array_equal(first, second))
        rows, columns = first[rows], second[columns]
        kept = np.flatnonzero((rows >= 0) & (columns >= 0))
        rows, columns = rows[kept], columns[kept]
        for name, matrix in self.matrices.items():
            matrix[rows, columns] = matrix[columns, rows] = getattr(tile, name)[kept]
        for name in ("n_snps", "n_shared", "n_bad", "n_used"):
            matrix = getattr(self, name)
            matrix[rows, columns] = matrix[columns, rows] = getattr(tile, name)[kept]
        cells = cell_number(self.n_traits, rows, columns)
        self.delete_mean[cells] = tile.delete_mean[kept]
        for block in range(len(self.factor)):
            self.factor[block, cells] = tile.factor[block, kept]
        for number, row, column in zip(kept, rows.tolist(), columns.tolist(), strict=True) if tile.exact else ():
            values = {name: column_[number] for name, column_ in tile.exact.items()}
            self.exact[min(row, column), max(row, column)] = values if row < column else _swapped(values)


def _swapped(values: Mapping[str, Any]) -> dict[str, Any]:
    other = {"h2_1": "h2_2", "h2_2": "h2_1", "h2_1_se": "h2_2_se", "h2_2_se": "h2_1_se"}
    swapped = {name: values[other.get(name, name)] for name in values}
    return swapped | {"why": str(values["why"]).translate(str.maketrans(FIRST + SECOND, SECOND + FIRST))}


def _atlas_trait(listed: ListedTrait, fit: TraitFit | str) -> AtlasTrait:
    known: dict[str, Any] = {
        "name": listed.name,
        "source": listed.source,
        "group": listed.group,
        "label": listed.label,
        "n_cases": listed.n_cases,
        "n_controls": listed.n_controls,
        "samp_prev": listed.samp_prev,
        "pop_prev": listed.pop_prev,
    }
    if isinstance(fit, str):
        return AtlasTrait(**known, status="unusable", why=fit)
    factor = liability_factor(listed.samp_prev, listed.pop_prev)
    return AtlasTrait(
        **known,
        n_mean=fit.n_mean,
        n_snps=fit.n_snps,
        mean_chi2=fit.mean_chi2,
        lambda_gc=fit.lambda_gc,
        h2=fit.h2,
        h2_se=fit.h2_se,
        h2_int=fit.intercept,
        h2_int_se=fit.intercept_se,
        h2_liab=fit.h2 * factor,
        h2_liab_se=fit.h2_se * factor,
        status=fit.status,
        why=fit.why,
    )


# ---------------------------------------------------------------------------------------------------------------------
# The table of pairs


def _pair_table(
    traits: Sequence[AtlasTrait], fits: Sequence[TraitFit | str], work: _Matrices, options: AtlasOptions
) -> pa.Table:
    rows, columns = np.triu_indices(len(traits), 1)
    names = pa.array([trait.name for trait in traits], pa.string())
    values = {name: matrix[rows, columns] for name, matrix in work.matrices.items()}
    rg_z, rg_p, rg_log10_p = z_and_p_of(values["rg"], values["rg_se"])
    gcov_z, gcov_p, gcov_log10_p = z_and_p_of(values["gcov"], values["gcov_se"])
    h2, h2_se = np.diag(work.matrices["gcov"]), np.diag(work.matrices["gcov_se"])
    heritabilities = {"h2_1": h2[rows], "h2_1_se": h2_se[rows], "h2_2": h2[columns], "h2_2_se": h2_se[columns]}
    if work.exact:
        pairs = list(zip(rows.tolist(), columns.tolist(), strict=True))
        for name in heritabilities:
            heritabilities[name] = np.array([work.exact[pair][name] if pair in work.exact else NAN for pair in pairs])
    # A quantitative trait has no liability scale of its own: its factor in the covariance is 1.
    factors = np.array([trait.liability_factor for trait in traits])
    has_scale = np.array([trait.samp_prev is not None for trait in traits], dtype=bool)
    both = np.where(has_scale[rows] | has_scale[columns], np.sqrt(factors[rows] * factors[columns]), NAN)
    status, why = _verdicts(traits, fits, rows, columns, values, work, options)
    return pa.table(
        {
            "trait1": names.take(pa.array(rows)).dictionary_encode(),
            "trait2": names.take(pa.array(columns)).dictionary_encode(),
            "rg": values["rg"],
            "rg_se": values["rg_se"],
            "rg_z": rg_z,
            "rg_p": rg_p,
            "rg_log10_p": rg_log10_p,
            "rg_fdr": false_discovery_rates(rg_p),
            "gcov": values["gcov"],
            "gcov_se": values["gcov_se"],
            "gcov_z": gcov_z,
            "gcov_p": gcov_p,
            "gcov_log10_p": gcov_log10_p,
            "gcov_int": values["gcov_int"],
            "gcov_int_se": values["gcov_int_se"],
            "gcov_liab": values["gcov"] * both,
            "gcov_liab_se": values["gcov_se"] * both,
            **heritabilities,
            "n_snps": work.n_snps[rows, columns],
            "status": pa.array(status, pa.string()),
            "why": pa.array(why, pa.string()),
        }
    )


def _verdicts(traits, fits, rows, columns, values, work: _Matrices, options: AtlasOptions):
    """Status and why of every pair; only pairs with something to say are looked at one by one."""
    n_blocks = work.factor.shape[0]
    h2 = np.array([trait.h2 for trait in traits])
    h2_z = np.array([trait.h2 / trait.h2_se if trait.h2_se > 0 else NAN for trait in traits])
    shared, matching = work.n_shared[rows, columns], work.n_snps[rows, columns]
    mismatched = np.where(shared > 0, 1 - matching / np.maximum(shared, 1), 0.0)
    hashes: dict[str, int] = {}
    contents = np.array(
        [
            hashes.setdefault(fit.facts["z_hash"], place) if isinstance(fit, TraitFit) else -1 - place
            for place, fit in enumerate(fits)
        ]
    )
    same = contents[rows] == contents[columns]
    with np.errstate(invalid="ignore"):
        fine = (
            (h2[rows] <= 1) & (h2[columns] <= 1)
            & (h2_z[rows] >= WEAK_H2_Z) & (h2_z[columns] >= WEAK_H2_Z) & (np.abs(values["rg"]) <= 1) & (values["rg_se"] > 0)
            & ~same & (matching >= FEW_SNPS) & (mismatched <= MANY_MISMATCHES) & (work.n_bad[rows, columns] == 0)
        )  # fmt: skip
    sound = np.array([trait.status != "unusable" for trait in traits], dtype=bool)
    fine &= sound[rows] & sound[columns] & (work.n_used[rows, columns] >= min(FEW_BLOCKS, n_blocks))
    fine &= n_blocks >= FEW_BLOCKS and options.gcov_intercept is None and not work.exact
    status, why = ["ok"] * len(rows), [""] * len(rows)
    for number in np.flatnonzero(~fine):
        first, second = int(rows[number]), int(columns[number])
        if (first, second) in work.exact and (exact := work.exact[first, second])["status"]:
            status[number] = str(exact["status"])
            why[number] = str(exact["why"]).replace(FIRST, traits[first].name).replace(SECOND, traits[second].name)
            continue
        counts = int(shared[number]), int(matching[number]), int(work.n_used[first, second])
        reason = _why_no_fit(traits, fits, first, second, *counts, n_blocks)
        if np.isnan(values["gcov"][number]):
            status[number] = "unusable"
            why[number] = (
                reason or "no fit: the regression is singular on the SNPs of this pair; use studies of the same SNPs"
            )
            continue
        findings = rg_findings(
            rg=float(values["rg"][number]),
            rg_se=float(values["rg_se"][number]),
            h2=(traits[first].h2, traits[second].h2),
            h2_z=(float(h2_z[first]), float(h2_z[second])),
            names=(traits[first].name, traits[second].name),
            n_bad_deletes=int(work.n_bad[first, second]),
            n_blocks=n_blocks,
            n_snps=int(matching[number]),
            share_mismatched=float(mismatched[number]),
            same_data=bool(same[number]),
            available={
                f"the file of {traits[place].name}": n_snps_of_file(fits[place].facts) for place in (first, second)
            },
        )
        findings += empty_block_findings(int(work.n_used[first, second]), n_blocks)
        findings += [
            Finding("unusable", "unusable trait", f"{trait.name}: {trait.why.split(WHY_SEPARATOR)[0]}")
            for trait in (traits[first], traits[second])
            if trait.status == "unusable" and trait.h2 > 0
        ]
        if options.gcov_intercept is not None:
            findings.append(held_gcov_intercept(options.gcov_intercept))
        status[number], why[number] = judge(findings)
    return status, why


def _why_no_fit(traits, fits, first: int, second: int, shared: int, matching: int, used: int, n_blocks: int) -> str:
    for place in (first, second):
        fit = fits[place]
        reason = fit if isinstance(fit, str) else fit.pairs_why
        if reason:
            return f"{traits[place].name}: {reason}"
    if not shared:
        return "no fit: the traits share no SNP; expected most; use studies of the same SNPs"
    if not matching:
        return (
            f"no fit: none of {shared} shared SNPs has the same unambiguous alleles in both; check the allele columns"
        )
    if matching < n_blocks:
        return f"no fit: {matching} shared SNPs for {n_blocks} jackknife blocks; use studies of the same SNPs"
    if used < LEAST_BLOCKS:
        return f"no fit: {empty_blocks_text(used, n_blocks)}"
    return ""
