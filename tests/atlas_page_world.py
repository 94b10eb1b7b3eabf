"""A small atlas with names that try to break a page, and its consistent fit."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from sumh2 import ConsistentAtlas, fit_consistent, write_atlas_page
from sumh2.atlas.atlas_result import PAIR_COLUMNS, AtlasTrait, RgAtlas, cell_count, jackknife_factor, matrix_of

EVIL = (
    "</script><img src=x onerror=alert(1)>",
    "<!--<script>alert(2)</script>",
    "a\u2028b\u2029 'c' \"d\" &amp; {{script}}",
)
NAMES = ("height", "bmi", "scz", "bip", "mdd", "ldl", "hdl", "crp", *EVIL, "failed")
NAN = float("nan")
N_BLOCKS = 60


def make_atlas(names=NAMES, seed=3, n_blocks=N_BLOCKS) -> RgAtlas:
    """Numbers of the right shape: true correlations of three factors plus normal errors; the last trait failed."""
    rng = np.random.default_rng(seed)
    n_traits = len(names)
    loadings = rng.standard_normal((n_traits, 3))
    loadings /= np.linalg.norm(loadings, axis=1)[:, None] * 1.02
    truth = 0.2 * (loadings @ loadings.T)
    np.fill_diagonal(truth, 0.2)
    delete_values = rng.normal(0, 0.02 / np.sqrt(n_blocks), (n_blocks, cell_count(n_traits)))
    errors = rng.normal(0, 0.02, cell_count(n_traits))
    gcov = truth + matrix_of(errors, n_traits)
    delete_values = delete_values + gcov[np.triu_indices(n_traits)]
    factor, mean = jackknife_factor(delete_values)
    gcov_se = matrix_of(np.sqrt((factor**2).sum(axis=0)), n_traits)
    scale = np.sqrt(np.outer(np.diag(gcov), np.diag(gcov)))
    rg, rg_se = gcov / scale, gcov_se / scale
    np.fill_diagonal(rg, 1), np.fill_diagonal(rg_se, 0)
    gcov_int, gcov_int_se = rng.normal(0, 0.1, rg.shape), np.full_like(rg, 0.01)
    gcov_int = (gcov_int + gcov_int.T) / 2
    n_snps = rng.integers(900_000, 1_200_000, rg.shape)
    n_snps = np.minimum(n_snps, n_snps.T)
    for matrix in (gcov, gcov_se, rg, rg_se, gcov_int, gcov_int_se):
        matrix[-1, :] = matrix[:, -1] = NAN
    n_snps[-1, :] = n_snps[:, -1] = 0
    traits = tuple(
        AtlasTrait(name=name, source=f"/secret/folder/{place}.gz", label="C-reactive protein" if name == "crp" else "",
                   group=("body", "brain", "blood")[place % 3], n_mean=5e4 + place, n_snps=int(n_snps[place, place]),
                   h2=gcov[place, place], h2_se=gcov_se[place, place], h2_int=1.01, h2_int_se=0.01, mean_chi2=1.3)
        for place, name in enumerate(names)
    )  # fmt: skip
    traits = (*traits[:-1], replace(traits[-1], status="unusable", why="no file <b>here</b>; name another"))
    first, second = np.triu_indices(n_traits, 1)
    z = rg[first, second] / rg_se[first, second]
    p = 2 * stats.norm.sf(np.abs(z))
    known = np.isfinite(p)
    fdr = np.full(len(p), NAN)
    fdr[known] = stats.false_discovery_control(p[known])
    columns = {name: pa.array(rng.standard_normal(len(first))) for name in PAIR_COLUMNS}
    columns |= {
        "trait1": pa.array([names[place] for place in first]), "trait2": pa.array([names[place] for place in second]),
        "rg": rg[first, second], "rg_se": rg_se[first, second], "rg_z": z, "rg_p": p,
        "rg_log10_p": np.log10(p, where=p > 0, out=np.full(len(p), NAN)), "rg_fdr": fdr, "gcov": gcov[first, second],
        "gcov_se": gcov_se[first, second], "gcov_int": gcov_int[first, second],
        "gcov_int_se": gcov_int_se[first, second], "n_snps": pa.array(n_snps[first, second]),
        "status": pa.array(["unusable" if not ok else "caution" if place % 7 == 0 else "ok"
                            for place, ok in enumerate(known)]),
        "why": pa.array([f"look at {names[place]} again" if place % 7 == 0 else "" for place in first]),
    }  # fmt: skip
    return RgAtlas(
        traits=traits, gcov=gcov, gcov_se=gcov_se, gcov_int=gcov_int, gcov_int_se=gcov_int_se, rg=rg, rg_se=rg_se,
        n_snps=n_snps, factor=factor, delete_mean=mean, pair_table=pa.table(columns), m=1e6,
        origin={"program": "sumh2 test"},
    )  # fmt: skip


@functools.cache
def build_world() -> tuple[RgAtlas, ConsistentAtlas]:
    """The atlas and its consistent fit."""
    made = make_atlas()
    return made, fit_consistent(made, n_draws=20)


@pytest.fixture(scope="module")
def atlas():
    return build_world()[0]


@pytest.fixture(scope="module")
def consistent():
    return build_world()[1]


@pytest.fixture(scope="module")
def page_path(atlas, consistent, tmp_path_factory):
    return write_atlas_page(atlas, tmp_path_factory.mktemp("page") / "page.html", consistent=consistent, title="A <b>")
