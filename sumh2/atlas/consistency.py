"""Test whether a matrix of genetic correlations could come from any genetic covariance.

Statistic and null are those of the structured metric (:mod:`sumh2.kernels.error_structure`), where the nearest
covariance is an eigenvalue decomposition away: with the negative eigenvalues -v of ``L^-1 S L^-T``,

    t = sum (v / (1 + kappa v))²

kappa takes out that an estimate low by chance has a low estimated variance
(:func:`~sumh2.kernels.error_structure.error_skewness`); without it the test rejects two to three times too often.

The null distribution of such a distance is a mixture of chi-squares whose weights depend on how many eigenvalues of
the truth are zero (Shapiro 1988, Int. Stat. Rev. 56:49). It is drawn: errors with the jackknife's covariance are added
to a null matrix. That matrix keeps of the estimates what stands clear of the noise, whitened eigenvalues above ``2
sqrt(T mu / 2)``, the edge of the eigenvalues of pure noise (Wigner 1955), and sets the rest to zero: the least
favourable choice that the estimates allow (generalised moment selection, Andrews and Soares 2010, Econometrica
78:119). So the test keeps its level where eigenvalues of the truth are zero, and is conservative where small ones are
positive.
"""

from __future__ import annotations

import numpy as np

from ldscores.shared.progress import progress
from sumh2.atlas.atlas_result import RgAtlas
from sumh2.atlas.joint_errors import build_metric
from sumh2.kernels.error_structure import draw_from_factor, error_skewness
from sumh2.kernels.nearest_covariance import positive_part


def check_consistency(atlas: RgAtlas, n_draws: int, seed: int) -> tuple[float, float]:
    """Statistic and p-value, (1 + draws as far) / (1 + n_draws), for an atlas whose cells are all finite.

    Raises
    ------
    FitError
        As :func:`sumh2.atlas.joint_errors.build_metric`.
    """
    errors = build_metric(atlas, "structured")
    whitened = errors.whiten(atlas.gcov)
    skewness = max(error_skewness(atlas.factor, errors.root), 0.0)
    below = -np.minimum(np.linalg.eigvalsh(whitened), 0)
    statistic = float(((below / (1 + skewness * below)) ** 2).sum())
    if statistic == 0:
        return 0.0, 1.0
    generator = np.random.default_rng(seed)
    edge = 2 * np.sqrt(atlas.n_traits * errors.variance / 2)
    clear = int(np.count_nonzero(np.linalg.eigvalsh(whitened) > edge))
    null = positive_part(whitened, clear) if clear else np.zeros_like(whitened)
    further = 0
    for _ in progress(range(n_draws), total=n_draws, label="test", unit="draws"):
        drawn = null + draw_from_factor(atlas.factor, errors.root, generator)
        further += float((np.minimum(np.linalg.eigvalsh(drawn), 0) ** 2).sum()) >= statistic
    return statistic, (1 + further) / (1 + n_draws)
