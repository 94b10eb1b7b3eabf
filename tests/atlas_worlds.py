"""Simulated atlases at the level of block statistics: known genetic covariance, errors as LD Score regression has them.

Each of B blocks holds ``nu`` independent draws x ~ N(0, Sigma + E) of the traits' scaled z scores: their mean product less
E estimates Sigma, E being what the intercepts take (1 / N on the diagonal, overlap off it).  A pair of traits sees only the
draws that both have; a few large loci make the blocks unequal.  The mean over blocks, and with each block left out, is what
an atlas has: estimates, delete values, factor.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sumh2.atlas.atlas_result import PAIR_COLUMNS, AtlasTrait, RgAtlas, cells_of, jackknife_factor, matrix_of

NAN = float("nan")


def build_truth(rng: np.random.Generator, n_traits: int, n_factors: int = 3, unique: tuple[float, float] = (0.1, 0.5)):
    """Sigma (T, T) with heritabilities .05 to .4; rank `n_factors` where `unique` is (0, 0)."""
    loadings = rng.standard_normal((n_traits, n_factors)) / np.sqrt(n_factors)
    sigma = loadings @ loadings.T + np.diag(rng.uniform(*unique, n_traits))
    scale = np.sqrt(rng.uniform(0.05, 0.4, n_traits) / np.diag(sigma))
    return sigma * np.outer(scale, scale)


def build_noise(rng: np.random.Generator, n_traits: int, overlap: bool = True, per_n: float = 30_000.0):
    """E (T, T): ``per_n`` / N, N from 20,000 to 500,000; half of the traits share people."""
    n = np.exp(rng.uniform(np.log(2e4), np.log(5e5), n_traits))
    noise = np.diag(per_n / n)
    if overlap:
        shared = np.arange(n_traits) % 2 == 0
        # The smaller sample lies in the larger one: correlation .3 of phenotypes, N_shared / sqrt(N1 N2) of people.
        common = 0.3 * per_n * np.minimum.outer(n, n) / np.outer(n, n)
        both = np.outer(shared, shared) & ~np.eye(n_traits, dtype=bool)
        noise = noise + np.where(both, common, 0.0)
    return noise


def draw_blocks(rng, sigma, noise, n_blocks=200, nu=50, missing=0.0, loci=0.0):
    """Block means of products less `noise`, (B, T, T), and the weight of each cell's block mean, (B, T, T)."""
    n_traits = len(sigma)
    root = np.linalg.cholesky(sigma + noise + 1e-12 * np.eye(n_traits))
    values, vectors = np.linalg.eigh(sigma)
    genetic = vectors * np.sqrt(np.maximum(values, 0))
    means = np.empty((n_blocks, n_traits, n_traits))
    weights = np.empty_like(means)
    for block in range(n_blocks):
        draws = rng.standard_normal((nu, n_traits)) @ root.T
        if loci:
            # Effects of one locus: mean zero over blocks, since E[exponential] = 1 and `draws` give Sigma already.
            effect = genetic @ rng.standard_normal(n_traits)
            locus = loci * (rng.exponential() * np.outer(effect, effect) - sigma)
        else:
            locus = 0.0
        seen = rng.random((nu, n_traits)) >= missing
        draws = draws * seen
        counts = seen.T.astype(float) @ seen
        means[block] = draws.T @ draws / np.maximum(counts, 1) - noise + locus
        weights[block] = counts
    return means, weights


def estimate_with_jackknife(means, weights):
    """Weighted means over blocks (T, T), and with each block left out (B, n_cells)."""
    cells, counts = cells_of(means), cells_of(weights)
    total, weighted = counts.sum(axis=0), (counts * cells).sum(axis=0)
    delete_values = (weighted - counts * cells) / (total - counts)
    return matrix_of(weighted / total, means.shape[-1]), delete_values


def make_atlas(gcov, delete_values, names=None, noise=None, n_mean=None) -> RgAtlas:
    """An atlas of these estimates."""
    n_traits = len(gcov)
    names = names or [f"trait{i + 1}" for i in range(n_traits)]
    factor, mean = jackknife_factor(delete_values)
    gcov_se = matrix_of(np.sqrt((factor**2).sum(axis=0)), n_traits)
    rg, rg_se = rg_with_se(gcov, mean + factor / np.sqrt(1 - 1 / len(factor)))
    h2 = np.diag(gcov)
    traits = tuple(
        AtlasTrait(name=name, source=f"{name}.sumstats.gz", h2=h2[i], h2_se=gcov_se[i, i], h2_int=1.0, n_snps=1_000_000,
                   n_mean=50_000.0 if n_mean is None else float(n_mean[i]))
        for i, name in enumerate(names)
    )  # fmt: skip
    intercepts = np.eye(n_traits) if noise is None else noise / np.sqrt(np.outer(np.diag(noise), np.diag(noise)))
    first, second = np.triu_indices(n_traits, 1)
    columns = {name: pa.array(np.full(len(first), NAN)) for name in PAIR_COLUMNS}
    pair = first, second
    intercept_se = np.full_like(gcov, 0.01)
    columns |= {
        "trait1": pa.array([names[i] for i in first], pa.string()),
        "trait2": pa.array([names[i] for i in second], pa.string()),
        "rg": pa.array(rg[pair]), "rg_se": pa.array(rg_se[pair]), "rg_z": pa.array(rg[pair] / rg_se[pair]),
        "gcov": pa.array(gcov[pair]), "gcov_se": pa.array(gcov_se[pair]), "gcov_int": pa.array(intercepts[pair]),
        "gcov_int_se": pa.array(intercept_se[pair]), "h2_1": pa.array(h2[first]), "h2_2": pa.array(h2[second]),
        "n_snps": pa.array(np.full(len(first), 1_000_000)), "status": pa.array(["ok"] * len(first), pa.string()),
        "why": pa.array([""] * len(first), pa.string()),
    }  # fmt: skip
    return RgAtlas(
        traits=traits, gcov=gcov, gcov_se=gcov_se, gcov_int=intercepts, gcov_int_se=intercept_se, rg=rg,
        rg_se=rg_se, n_snps=np.full((n_traits, n_traits), 1_000_000), factor=factor, delete_mean=mean,
        pair_table=pa.table(columns), m=5_961_159.0,
    )  # fmt: skip


def rg_with_se(gcov, delete_values):
    """Correlations and their jackknife errors."""

    def correlate(matrices):
        with np.errstate(invalid="ignore"):
            scale = np.sqrt(np.diagonal(matrices, axis1=-2, axis2=-1))
        return matrices / (scale[..., :, None] * scale[..., None, :])

    n_blocks, deleted = len(delete_values), correlate(matrix_of(delete_values, len(gcov)))
    spread = deleted - deleted.mean(axis=0)
    return correlate(gcov), np.sqrt((spread**2).sum(axis=0) * (n_blocks - 1) / n_blocks)


def simulate_atlas(rng, sigma, noise, **options) -> RgAtlas:
    """One simulated atlas."""
    return make_atlas(*estimate_with_jackknife(*draw_blocks(rng, sigma, noise, **options)), noise=noise)
