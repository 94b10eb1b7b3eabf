"""Many models of one category, fitted to the same statistics in passes over the SNPs that all of them share: an alpha grid.

What a model of :mod:`sumh2.kernels.likelihood` costs is the way of chi2, weights and sample sizes through the processor,
a division and a logarithm a SNP.  Here the models take their Newton steps together; each step reads the SNPs once, by
blocks of the genome, and so leaves what :mod:`sumh2.kernels.likelihood_blocks` wants for the jackknife behind it.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.compiled import compiled
from sumh2.kernels.block_sums import BlockSums
from sumh2.kernels.likelihood import (
    MAX_ITER,
    SMALLEST_STEP,
    TOLERANCE,
    ScaledDesign,
    fit_likelihood,
    invert_scaled,
    likelihood_constant,
    null_log_likelihood,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GridSums:
    """Parts of the likelihoods of several models, in the order (block, model).

    Parameters
    ----------
    logl : float64, (n_blocks, n_models)
        Without the part that does not depend on theta.
    gradient : float64, (n_blocks, n_models, n_coefs)
    hessian : float64, (n_blocks, n_models, n_coefs, n_coefs)
        Minus the second derivatives.
    """

    logl: Floats
    gradient: Floats
    hessian: Floats

    def put(self, models: NDArray[np.int64], other: GridSums, chosen: NDArray[np.bool_]) -> None:
        """Take over the chosen models of `other`, which holds `models`."""
        for name in ("logl", "gradient", "hessian"):
            getattr(self, name)[:, models[chosen]] = getattr(other, name)[:, chosen]


@dataclass(frozen=True)
class GridFit:
    """A maximum of the likelihood, as :class:`sumh2.kernels.likelihood.LikelihoodFit`, with its parts by block.

    Parameters
    ----------
    theta : float64, (n_coefs,)
    logl, null_logl
    covariance : float64, (n_coefs, n_coefs)
    converged
    block_logl, block_sums
        What :class:`sumh2.kernels.likelihood_blocks.LikelihoodBlocks` holds, at theta.
    """

    theta: Floats
    logl: float
    null_logl: float
    covariance: Floats
    converged: bool
    block_logl: Floats
    block_sums: BlockSums


@dataclass(frozen=True)
class Grid:
    """Models of one category on the same SNPs: E_j = 1 + (n_j / n_bar) (t_jk theta_0 + a) + c.

    Parameters
    ----------
    tagging : float64, (n_snps, n_columns)
        t_jk; it is not copied.
    columns : int64, (n_models,)
        The column of each model.
    scale, chi2, weights : float64, (n_snps,)
        n_j / n_bar, S_j (positive) and w_j.
    edges : int64, (n_blocks + 1,)
    constant, scaled_constant
        Whether c and a are fitted, as in :class:`sumh2.kernels.likelihood.ScaledDesign`.
    pool
        Threads among which the blocks are divided; None for this one alone.
    n_threads
    """

    tagging: Floats
    columns: NDArray[np.int64]
    scale: Floats
    chi2: Floats
    weights: Floats
    edges: NDArray[np.int64]
    constant: bool = False
    scaled_constant: bool = False
    pool: Executor | None = None
    n_threads: int = 1

    @property
    def places(self) -> NDArray[np.int64]:
        """Which of (theta_0, c, a) are fitted."""
        return np.flatnonzero([True, self.constant, self.scaled_constant])

    def at(self, theta: Floats, models: NDArray[np.int64]) -> GridSums:
        """Parts of the likelihoods of these models at theta, (n_models, n_coefs): one pass over the SNPs."""
        n_blocks, n_models, places = len(self.edges) - 1, len(models), self.places
        coefs = np.zeros((n_models, 3))
        coefs[:, places] = theta
        sums = np.empty((n_blocks, n_models, 10))
        columns = self.columns[models]

        def add(first: int, last: int) -> None:
            _add_blocks(
                self.tagging, columns, self.scale, self.chi2, self.weights, coefs, self.edges[first : last + 1],
                sums[first:last],
            )  # fmt: skip

        cuts = np.linspace(0, n_blocks, self.n_threads + 1).astype(int)
        list((map if self.pool is None else self.pool.map)(add, cuts[:-1], cuts[1:]))
        hessian = sums[..., _HESSIAN][..., places[:, None], places]
        return GridSums(sums[..., 0], sums[..., 1:4][..., places], hessian)

    def design(self, model: int) -> ScaledDesign:
        """One of the models on its own."""
        column = np.ascontiguousarray(self.tagging[:, [self.columns[model]]])
        return ScaledDesign(column, self.scale, self.constant, self.scaled_constant)


#: Where the kernel's row of ten sums holds the second derivatives by (theta_0, c, a).
_HESSIAN = np.array([[4, 5, 6], [5, 7, 8], [6, 8, 9]])


def fit_likelihood_grid(
    grid: Grid, start: Floats | None = None, *, tolerance: float = TOLERANCE, max_iter: int = MAX_ITER
) -> list[GridFit]:
    """Maxima of the likelihoods by the steps of :func:`sumh2.kernels.likelihood.fit_likelihood`, all models together.

    A model whose halved steps all lead down, which is rare, is fitted on its own.

    Parameters
    ----------
    grid
        Models and statistics.
    start : float64, (n_models, n_coefs)
        Where to begin; by default at 0.
    tolerance, max_iter
        A model stops when a step changes its logl by less, or after so many steps.
    """
    n_models = len(grid.columns)
    theta = np.zeros((n_models, len(grid.places))) if start is None else np.array(start, dtype=np.float64)
    point = grid.at(theta, np.arange(n_models))
    converged = np.zeros(n_models, dtype=bool)
    moving = np.arange(n_models)
    for _ in range(max_iter):
        before = point.logl.sum(axis=0)
        stuck = _move(grid, theta, point, moving, tolerance)
        for model in stuck:
            fit = fit_likelihood(
                grid.design(model), grid.chi2, grid.weights, start=theta[model], tolerance=tolerance, max_iter=max_iter
            )
            theta[model], converged[model] = fit.theta, fit.converged
            point.put(np.array([model]), grid.at(theta[[model]], np.array([model])), np.array([True]))
        moved = np.setdiff1d(moving, stuck)
        small = np.abs(point.logl.sum(axis=0) - before)[moved] < tolerance
        converged[moved[small]] = True
        moving = moved[~small]
        if not len(moving):
            break
    return _fits(grid, theta, point, converged)


def _move(grid: Grid, theta: Floats, point: GridSums, models: NDArray[np.int64], tolerance: float) -> NDArray[np.int64]:
    """Newton's step of each of these models, halved until its likelihood does not fall; those for which none is good."""
    logl, gradient, hessian = (part.sum(axis=0) for part in (point.logl, point.gradient, point.hessian))
    step = np.array([invert_scaled(hessian[model]) @ gradient[model] for model in models])
    old, relax = theta[models], 1.0
    waiting = np.arange(len(models))
    while len(waiting) and relax > SMALLEST_STEP:
        proposal = old[waiting] + relax * step[waiting]
        there = grid.at(proposal, models[waiting])
        good = there.logl.sum(axis=0) > logl[models[waiting]] - tolerance
        theta[models[waiting[good]]] = proposal[good]
        point.put(models[waiting], there, good)
        waiting = waiting[~good]
        relax /= 2
    return models[waiting]


def _fits(grid: Grid, theta: Floats, point: GridSums, converged: NDArray[np.bool_]) -> list[GridFit]:
    constant = likelihood_constant(grid.chi2, grid.weights)
    null_logl = null_log_likelihood(grid.chi2, grid.weights, grid.constant or grid.scaled_constant)
    fits = []
    for model, coefs in enumerate(theta):
        xtx = np.ascontiguousarray(point.hessian[:, model])
        logl = point.logl[:, model].copy()
        fits.append(
            GridFit(
                theta=coefs.copy(),
                logl=constant + float(logl.sum()),
                null_logl=null_logl,
                covariance=invert_scaled(xtx.sum(axis=0)),
                converged=bool(converged[model]),
                block_logl=logl,
                block_sums=BlockSums(xtx, point.gradient[:, model] + xtx @ coefs, np.zeros(len(logl))),
            )
        )
    return fits


# ---------------------------------------------------------------------------------------------------------------------
# The pass

#: SNPs whose columns wait in the nearest cache together.
_ROWS = 512
#: Bits of a double below its exponent, and of sqrt(1/2) and 1.
_MANTISSA = (1 << 52) - 1
_HALF_ROOT = int(np.array(np.sqrt(0.5)).view(np.int64))
_ONE = int(np.array(1.0).view(np.int64))
_LOG_2 = float(np.log(2))


@compiled(nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp"})
def _add_blocks(tagging, columns, scale, chi2, weights, coefs, edges, sums):
    """Ten sums of each block and model: logl, gradient and curvatures by (theta_0, c, a).

    The logarithm is written out, because a call of the library's stops the processor from taking eight SNPs at a time:
    E = 2^e m with m within sqrt(1/2) and sqrt(2), log m = 2 atanh(u) with u = (m - 1) / (m + 1), whose square is below
    0.0295: eleven terms of the series are exact to rounding.
    """
    x, expected = np.empty(_ROWS), np.empty(_ROWS)
    mantissa, exponent = np.empty(_ROWS), np.empty(_ROWS)
    bits, mantissa_bits = expected.view(np.int64), mantissa.view(np.int64)
    for block in range(len(edges) - 1):
        sums[block] = 0.0
        for start in range(edges[block], edges[block + 1], _ROWS):
            n_rows = min(_ROWS, edges[block + 1] - start)
            for model in range(len(columns)):
                column, slope, c, a = columns[model], coefs[model, 0], coefs[model, 1], coefs[model, 2]
                for i in range(n_rows):
                    s = scale[start + i]
                    x[i] = s * tagging[start + i, column]
                    value = 1.0 + x[i] * slope + c + s * a
                    expected[i] = value if value > 0.0 else 1e-6
                for i in range(n_rows):
                    shifted = bits[i] - _HALF_ROOT + _ONE
                    exponent[i] = (shifted >> 52) - 1023
                    mantissa_bits[i] = (shifted & _MANTISSA) + _HALF_ROOT
                total = g0 = g1 = g2 = 0.0
                h00 = h01 = h02 = h11 = h12 = h22 = 0.0
                for i in range(n_rows):
                    u = (mantissa[i] - 1.0) / (mantissa[i] + 1.0)
                    q = u * u
                    series = 1 / 19 + q * (1 / 21 + q / 23)
                    series = 1 / 13 + q * (1 / 15 + q * (1 / 17 + q * series))
                    series = 1 / 7 + q * (1 / 9 + q * (1 / 11 + q * series))
                    series = u + u * q * (1 / 3 + q * (1 / 5 + q * series))
                    log = exponent[i] * _LOG_2 + 2.0 * series
                    inverse = 1.0 / expected[i]
                    s, w = scale[start + i], weights[start + i]
                    ratio = chi2[start + i] * inverse
                    total += w * (ratio + log)
                    v = 0.5 * w * (ratio - 1.0) * inverse
                    d = w * (ratio - 0.5) * inverse * inverse
                    g0 += v * x[i]
                    g1 += v
                    g2 += v * s
                    h00 += d * x[i] * x[i]
                    h01 += d * x[i]
                    h02 += d * x[i] * s
                    h11 += d
                    h12 += d * s
                    h22 += d * s * s
                row = sums[block, model]
                row[0] -= 0.5 * total
                row[1] += g0
                row[2] += g1
                row[3] += g2
                row[4] += h00
                row[5] += h01
                row[6] += h02
                row[7] += h11
                row[8] += h12
                row[9] += h22
