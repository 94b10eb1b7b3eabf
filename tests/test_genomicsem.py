"""fit_genomicsem against GenomicSEM's own S, V, I and N (six traits; two of them are in ../shared).

The reference files have 4% of their alleles on the other strand, which GenomicSEM's rule (flip where A1 differs) gives the
wrong sign.  To compare estimators and not rules, `pair` applies that rule to its input; `test_signs` is about the rule.
"""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pyarrow.compute as pc
import pytest
from agreement import check_digits
from conftest import PORTABLE, SHARED

from ldscores.shared.errors import FitError, InputError
from ldscores.taggings.tagging_files import read_tagging
from sumh2 import align
from sumh2.atlas.genomicsem import fit_genomicsem
from sumh2.kernels.jackknife import jackknife_covariance
from sumh2.liability import liability_factor
from sumh2.sumstats_files import read_sumstats

LDSC = SHARED / "reference" / "ldsc"
EUR = SHARED / "data" / "ldscores_eur_w_ld_chr"
ODD = [str(number) for number in range(1, 23, 2)]

#: Cells of traits 1 and 2 among those of six: (1,1), (2,1), (2,2).
CELLS = [0, 1, 6]


@functools.cache
def traits():
    return [read_sumstats(LDSC / "sumstats" / f"t{number}.sumstats.xz") for number in (1, 2)]


@functools.cache
def pair():
    first, second = traits()
    places = pc.index_in(second.snp, value_set=first.snp).to_numpy(zero_copy_only=False)
    shared = np.isfinite(places)
    other = np.zeros(len(second), dtype=bool)
    other[shared] = first.a1[places[shared].astype(int)] != second.a1[shared]
    return align(
        [first, replace(second, z=np.where(other, -second.z, second.z))], read_tagging(str(EUR)), check_alleles=False
    )


@functools.cache
def m_of_odd():
    return sum(float((EUR / f"{name}.l2.M_5_50").read_text().split()[0]) for name in ODD)


def reference(case, what):
    return np.loadtxt(LDSC / "genomicsem" / f"{case}.{what}.txt")


CASES = {
    "obs": dict,
    "odd": lambda: {"chromosomes": ODD, "m": m_of_odd()},
    "chisq200_b100": lambda: {"chisq_max": 200, "n_blocks": 100},
}


@pytest.mark.shared
@pytest.mark.parametrize("case", CASES)
def test_matrices__equal_genomicsem(case):
    found = fit_genomicsem(pair(), **CASES[case]())
    check_digits(found.s, reference(case, "S")[:2, :2], 10, "S")
    check_digits(found.v, reference(case, "V")[np.ix_(CELLS, CELLS)], 10, "V")
    check_digits(found.i, reference(case, "I")[:2, :2], 10, "I")
    check_digits(found.n, reference(case, "N").ravel()[CELLS], 10, "N")
    check_digits(found.s_stand, reference(case, "S_Stand")[:2, :2], 10, "S_Stand")
    check_digits(found.v_stand, reference(case, "V_Stand")[np.ix_(CELLS, CELLS)], 10, "V_Stand")


@pytest.mark.shared
def test_signs__of_strand_flips_are_right():
    """h2 .5 and .2 with rg .6: the truth is .190; GenomicSEM has .179 from 8% wrong signs."""
    found = fit_genomicsem(align(traits(), read_tagging(str(EUR))))
    truth = 0.6 * np.sqrt(0.5 * 0.2)
    assert abs(found.s[0, 1] - truth) < 0.005 < abs(reference("obs", "S")[0, 1] - truth)
    check_digits(np.diag(found.s), np.diag(reference("obs", "S"))[:2], 10, "h2")


# ---------------------------------------------------------------------------------------------------------------------
# Without ../shared


@functools.cache
def portable():
    tagging = read_tagging(f"{PORTABLE}/ldsc/ld.", weights=f"{PORTABLE}/ldsc/ld.")
    return align([read_sumstats(PORTABLE / "inputs" / f"trait{number}.sumstats.xz") for number in (1, 2, 3)], tagging)


def plain_cell(aligned, a, b, n_blocks, limits, m):
    """The same estimator, slowly: one least-squares problem a block left out."""
    z, n, ld = aligned.z, aligned.n_samples, aligned.tagging[:, 0]
    rows = np.isfinite(z[:, a] * z[:, b]) & (z[:, a] ** 2 <= limits[a]) & (z[:, b] ** 2 <= limits[b])
    if a != b:
        rows &= (aligned.kinds[:, a] == aligned.kinds[:, b]) & (aligned.kinds[:, a] != 0)
    ld, y = ld[rows], z[rows, a] * z[rows, b]
    root = 0
    for trait in {a, b}:
        chi2, size = z[rows, trait] ** 2, n[rows, trait]
        h2 = min(max(m * (chi2.mean() - 1) / (ld * size).mean(), 0), 1)
        l1 = np.maximum(ld, 1)
        root = root + np.sqrt(1 / (2 * (1 + h2 * size * l1 / m) ** 2) / l1)
    design, response = np.column_stack([ld, np.ones(len(ld))]) * root[:, None], y * root
    fit = np.linalg.lstsq(design, response, rcond=None)[0]
    first = [int(np.floor(1 + block * (len(y) - 1) / n_blocks)) - 1 for block in range(n_blocks)] + [len(y)]
    deleted = []
    for start, end in zip(first[:-1], first[1:], strict=True):
        kept = np.r_[0:start, end : len(y)]
        deleted.append(np.linalg.lstsq(design[kept], response[kept], rcond=None)[0][0])
    size = np.sqrt(n[rows, a].mean() * n[rows, b].mean())
    return fit[0] * m / size, fit[1], size, np.array(deleted) * m / size


def test_every_cell__equals_plain_least_squares():
    aligned, m = portable(), 8000.0
    found = fit_genomicsem(aligned, n_blocks=40, m=m)
    limits = [max(0.001 * np.nanmax(aligned.n_samples[:, trait]), 80) for trait in range(3)]
    cells = [plain_cell(aligned, a, b, 40, limits, m) for a in range(3) for b in range(a, 3)]
    upper = np.triu_indices(3)
    slopes, deleted = np.array([cell[0] for cell in cells]), np.column_stack([cell[3] for cell in cells])
    check_digits(found.s[upper], slopes, 9, "S")
    check_digits(found.i[upper], [cell[1] for cell in cells], 9, "I")
    check_digits(found.n, [cell[2] for cell in cells], 12, "N")
    check_digits(found.v, jackknife_covariance(slopes, deleted), 7, "V")


def test_liability__scales_s_and_v():
    aligned = portable()
    liable = replace(aligned.traits[0], samp_prev=0.4, pop_prev=0.01)
    before = fit_genomicsem(aligned)
    after = fit_genomicsem(replace(aligned, traits=(liable, *aligned.traits[1:])))
    factor = liability_factor(0.4, 0.01)
    check_digits(after.s[0], before.s[0] * [factor, factor**0.5, factor**0.5], 12)
    check_digits(after.v[0, 0], before.v[0, 0] * factor**2, 12)
    check_digits(after.v[1, 3], before.v[1, 3] * factor**0.5, 12)
    check_digits(after.i, before.i, 16)


def test_more_than_18_traits__more_blocks():
    aligned = portable()
    many = replace(
        aligned,
        z=np.tile(aligned.z[:, :1], (1, 19)) + np.random.default_rng(1).normal(0, 0.5, (len(aligned.z), 19)),
        n_samples=np.tile(aligned.n_samples[:, :1], (1, 19)),
        kinds=np.ones((len(aligned.z), 19), np.int8),
        traits=tuple(replace(aligned.traits[0], name=f"t{number}") for number in range(19)),
    )
    found = fit_genomicsem(many)
    assert np.linalg.matrix_rank(found.v, tol=1e-12 * np.linalg.norm(found.v)) == 190, "211 blocks make V invertible"


def test_wrong_input__is_named():
    aligned = portable()
    with pytest.raises(InputError, match="found 2 LD scores, expected one"):
        fit_genomicsem(replace(aligned, tagging=np.tile(aligned.tagging, (1, 2))))
    with pytest.raises(InputError, match="found none of 99"):
        fit_genomicsem(aligned, chromosomes=["99"])
    with pytest.raises(FitError, match="SNPs for 1000000 blocks"):
        fit_genomicsem(aligned, n_blocks=1_000_000)
