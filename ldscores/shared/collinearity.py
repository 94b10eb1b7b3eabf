"""Whether columns of a regression depend on each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import FitError
from ldscores.shared.messages import first_of

#: Condition number from which columns are called collinear (LDSC's limit).
CONDITION_LIMIT = 1e5


def condition_number(columns: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Largest over smallest singular value of columns scaled to length one, and each one's part in the dependency.

    LDSC takes the columns as they are, so that a rare annotation looks collinear; for ``--h2`` its check looks at the
    column names instead and never fires.

    Parameters
    ----------
    columns : float64, (n_snps, n_categories)

    Returns
    -------
    float
        inf when the columns are dependent, or one of them is zero.
    float64, (n_categories,)
        Absolute loadings on the nearest dependency.
    """
    return condition_of_gram(columns.T @ columns)


def condition_of_gram(gram: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """The same from the products of the columns, (n_categories, n_categories), weighted or not."""
    norm = np.sqrt(np.diag(gram))
    if not norm.all():
        return float("inf"), (norm == 0).astype(np.float64)
    values, vectors = np.linalg.eigh(gram / np.outer(norm, norm))
    # Eigenvalues are squares: what lies below the rounding of the largest cannot be told from zero.
    too_small = values[0] <= len(values) * np.finfo(np.float64).eps * values[-1]
    return float("inf") if too_small else float(np.sqrt(values[-1] / values[0])), np.abs(vectors[:, 0])


def check_not_collinear(
    columns: NDArray[np.float64], names: Sequence[str], where: str, limit: float = CONDITION_LIMIT
) -> None:
    """Raise FitError when the condition number is above ``limit``, naming the columns that depend on each other."""
    check_gram_not_collinear(columns.T @ columns, names, where, limit)


def check_gram_not_collinear(
    gram: NDArray[np.float64], names: Sequence[str], where: str, limit: float = CONDITION_LIMIT
) -> None:
    """The same from the products of the columns, (n_categories, n_categories), weighted or not."""
    condition, dependency = condition_of_gram(gram)
    if condition > limit:
        involved = [names[place] for place in np.flatnonzero(dependency > 0.2 * dependency.max()).tolist()]
        raise FitError(
            f"{where}: categories are collinear: condition number {condition:.3g}, limit {limit:.0e}; they "
            f"are {first_of(involved, 6)}; leave one of them out"
        )
