"""An order of traits that puts those next to each other that share genetics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def cluster_traits(rg: NDArray[np.float64]) -> NDArray[np.int64]:
    """Order of traits by average linkage of ``1 - rg``, leaves turned so that neighbours are most alike.

    Parameters
    ----------
    rg : float64, (n_traits, n_traits)
        Correlations; outside ±1 they count as ±1, missing ones as 0.

    Returns
    -------
    int64, (n_traits,)
        Places of the traits, first to last.

    Notes
    -----
    Average linkage: Sokal and Michener 1958; optimal order of the leaves: Bar-Joseph et al. 2001 (Bioinformatics 17:S22).
    """
    n_traits = len(rg)
    if n_traits < 3:
        return np.arange(n_traits)
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    similarity = np.clip(np.nan_to_num(rg, nan=0.0), -1, 1)
    distance = 1 - (similarity + similarity.T) / 2
    np.fill_diagonal(distance, 0)
    return leaves_list(linkage(squareform(distance, checks=False), "average", optimal_ordering=True)).astype(np.int64)
