"""What other programs want of an atlas: GenomicSEM's list, LAVA's overlap, MTAG's covariances.  Arrays only; files are
:mod:`sumh2.atlas.export_files`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import FitError, InputError
from ldscores.shared.messages import counted
from sumh2.atlas.atlas_result import AtlasTrait, RgAtlas, cell_number
from sumh2.atlas.consistent import ConsistentAtlas
from sumh2.atlas.genomicsem import GenomicSemMatrices
from sumh2.atlas.joint_errors import build_metric, usable_traits

Floats = NDArray[np.float64]

#: V of more traits is a table of more than 12 million numbers.
MOST_TRAITS_WITH_V = 80


def matrices_for_genomicsem(
    atlas: RgAtlas,
    *,
    covariance: Literal["jackknife", "shrunk"] = "jackknife",
    consistent: ConsistentAtlas | None = None,
) -> GenomicSemMatrices:
    """S, V, I, N and m of an atlas in the form of GenomicSEM's ``ldsc()``.

    Numbers are the atlas's (those of LDSC with ``--weights ldsc``), on the liability scale where traits have prevalences;
    GenomicSEM's own estimator is :func:`sumh2.atlas.genomicsem.fit_genomicsem`.

    Parameters
    ----------
    atlas
        Traits that cannot be used (unusable, no positive h2, missing pairs) are left out.
    covariance
        "jackknife": as GenomicSEM's; singular where there are more cells than blocks.  "shrunk": positive definite
        (:mod:`sumh2.kernels.error_structure`).
    consistent
        Take S, and with "jackknife" V, from the consistent fit of this atlas.

    Raises
    ------
    InputError
        More traits than V can be written for.
    FitError
        Fewer than two traits can be used.
    """
    places, _ = usable_traits(atlas)
    if len(places) > MOST_TRAITS_WITH_V:
        raise InputError(
            f"genomicsem: found {len(places)} traits, expected at most {MOST_TRAITS_WITH_V}: V would have "
            f"{(len(places) * (len(places) + 1) // 2) ** 2:,} numbers; choose some with --traits"
        )
    chosen = atlas.take(places)
    gcov, factor = chosen.gcov, np.asarray(chosen.factor, dtype=np.float64)
    if consistent is not None:
        if consistent.names != chosen.names:
            raise InputError("genomicsem: the consistent fit is of other traits than the atlas; fit it again")
        gcov = consistent.gcov
        if consistent.factor is not None:
            factor = consistent.factor.astype(np.float64)
        elif covariance == "jackknife":
            raise InputError(
                "genomicsem: the consistent fit has no replicates, expected them for V; fit with replicates"
            )
    v = build_metric(chosen).dense() if covariance == "shrunk" else factor.T @ factor
    scale = np.sqrt(chosen.liability_factors)
    first, second = np.triu_indices(chosen.n_traits)
    cells = scale[first] * scale[second]
    n_mean = np.array([trait.n_mean for trait in chosen.traits])
    return GenomicSemMatrices(
        names=chosen.names,
        s=gcov * np.outer(scale, scale),
        v=v * np.outer(cells, cells),
        i=chosen.gcov_int,
        n=np.sqrt(n_mean[first] * n_mean[second]),
        m=chosen.m,
        origin=atlas.origin,
    )


def overlap_for_lava(atlas: RgAtlas) -> tuple[tuple[str, ...], Floats, list[str]]:
    """LAVA's sample overlap: the intercepts as a correlation matrix, ``c_st / sqrt(c_ss c_tt)``.

    Returns
    -------
    names, overlap, notes
        Traits with an intercept; (n_traits, n_traits); what was left out or taken as 0.
    """
    own = np.diag(atlas.gcov_int)
    places = [place for place in range(atlas.n_traits) if own[place] > 0]
    if not places:
        raise FitError("lava: no trait has a positive intercept; see the why of the traits")
    intercepts = atlas.gcov_int[np.ix_(places, places)]
    scale = 1 / np.sqrt(np.diag(intercepts))
    overlap = intercepts * np.outer(scale, scale)
    notes = [f"{trait.name} left out: no intercept" for place, trait in enumerate(atlas.traits) if place not in places]
    n_missing = int(np.isnan(overlap).sum()) // 2
    if n_missing:
        notes.append(f"{counted(n_missing, 'pair')} without an intercept: taken as not overlapping (0)")
    overlap = np.nan_to_num(overlap, nan=0.0)
    overlap[np.diag_indices(len(overlap))] = 1.0
    return tuple(atlas.names[place] for place in places), overlap, notes


def cases_and_controls(trait: AtlasTrait) -> tuple[float, float]:
    """LAVA's columns: counts of a disease, 1 and 0 for a continuous trait."""
    if trait.n_cases is not None and trait.n_controls is not None:
        return float(trait.n_cases), float(trait.n_controls)
    if trait.samp_prev is not None:
        cases = round(trait.samp_prev * trait.n_mean)
        return float(cases), float(round(trait.n_mean) - cases)
    return 1.0, 0.0


@dataclass(frozen=True, eq=False)
class MtagMatrices:
    """MTAG's inputs ``--residcov_path`` (sigma) and ``--gencov_path`` (omega).

    Parameters
    ----------
    names
        Traits, in the order in which MTAG must be given their files.
    sigma : float64, (n_traits, n_traits)
        Covariance of estimation errors of z scores: the intercepts.
    omega : float64, (n_traits, n_traits)
        Covariance of the effects of a SNP, in units of phenotype per standardised genotype: ``gcov mean(l) / M``.
    ld_per_m
        mean(l) / M.
    notes
        What keeps MTAG from using them, if anything.
    """

    names: tuple[str, ...]
    sigma: Floats
    omega: Floats
    ld_per_m: float
    notes: tuple[str, ...]


def matrices_for_mtag(
    atlas: RgAtlas, *, consistent: ConsistentAtlas | None = None, mean_ld_score: float | None = None
) -> MtagMatrices:
    """MTAG's sigma and omega (Turley et al. 2018, Nature Genetics 50:229, Online Methods).

    MTAG's own omega is ``E[z z' - sigma] / sqrt(N N')``, whose expectation under LD Score regression is ``gcov
    mean(l) / M``.
    Where the mean LD score is not given it follows from the traits themselves: ``mean chi2 - intercept = N h2
    mean(l) / M``.

    Parameters
    ----------
    atlas
        Traits that cannot be used are left out.
    consistent
        Take gcov from the consistent fit: MTAG needs a positive semi-definite omega.
    mean_ld_score
        Mean LD score of the SNPs that MTAG will use.

    Raises
    ------
    FitError
        Fewer than two traits can be used, or no mean LD score follows from them.
    """
    places, _ = usable_traits(atlas)
    chosen = atlas.take(places)
    gcov = chosen.gcov
    if consistent is not None:
        if consistent.names != chosen.names:
            raise InputError("mtag: the consistent fit is of other traits than the atlas; fit it again")
        gcov = consistent.gcov
    if mean_ld_score is not None:
        ld_per_m = mean_ld_score / chosen.m
    else:
        excess = np.array([trait.mean_chi2 - trait.h2_int for trait in chosen.traits])
        signal = np.array([trait.n_mean * trait.h2 for trait in chosen.traits])
        ld_per_m = float(np.sum(excess) / np.sum(signal))
        if not ld_per_m > 0:
            raise FitError("mtag: mean chi2 is not above the intercepts, so no mean LD score follows; give --mean-ld")
    sigma, notes = chosen.gcov_int, []
    if not np.isfinite(sigma).all():
        notes.append("sigma has missing cells: MTAG will refuse it; leave out the traits concerned with --traits")
    elif np.linalg.eigvalsh(sigma)[0] <= 0:
        notes.append("sigma is not positive definite: MTAG will refuse it; leave out one of the most alike traits")
    scale = 1 / np.sqrt(np.diag(gcov))
    if np.linalg.eigvalsh(gcov * np.outer(scale, scale))[0] < -1e-10:
        notes.append("omega is not positive semi-definite: MTAG will fail or overfit; export with --consistent")
    return MtagMatrices(chosen.names, sigma, gcov * ld_per_m, ld_per_m, tuple(notes))


def cell_labels(names: tuple[str, ...]) -> list[str]:
    """Names of V's rows in its order, e.g. ``b~a``: lower triangle by columns."""
    first, second = np.triu_indices(len(names))
    order = np.argsort(cell_number(len(names), first, second), kind="stable")
    return [f"{names[second[cell]]}~{names[first[cell]]}" for cell in order]
