"""From aligned traits to the arrays of one regression, with the checks that every fit needs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import FitError, InputError
from ldscores.tagging import Tagging

#: Which totals stand for M: SNPs with MAF above 5%, all SNPs, or the user's own numbers.
Totals = Literal["M_5_50", "M"] | float | Sequence[float]

#: Condition number of the scaled columns from which they are called collinear (LDSC's limit, which never fires there).
CONDITION_LIMIT = 1e5


def resolve_totals(tagging: Tagging, m: Totals) -> NDArray[np.float64]:
    """M of each category, (n_categories,).

    Raises
    ------
    InputError
        The files lack the totals, their number is wrong, or one is not positive.
    """
    if isinstance(m, str):
        return tagging.totals(m)
    totals = np.atleast_1d(np.asarray(m, dtype=np.float64))
    n_categories = tagging.tagging.shape[1]
    if len(totals) != n_categories:
        raise InputError(f"--m: found {len(totals)} numbers, expected {n_categories}, one a category; correct --m")
    if not (np.isfinite(totals) & (totals > 0)).all():
        raise InputError(f"--m: found {totals.tolist()}, expected positive numbers of SNPs; correct --m")
    return totals


def check_not_collinear(columns: NDArray[np.float64], names: Sequence[str], limit: float = CONDITION_LIMIT) -> None:
    """Raise FitError when the columns, scaled to length one, have a condition number above the limit.

    LDSC hands column names to its check, so that it never fires for a heritability; here it does.
    """
    lengths = np.linalg.norm(columns, axis=0)
    constant = [name for name, length in zip(names, lengths, strict=True) if not length > 0]
    if constant:
        raise FitError(f"LD scores: {constant[0]} is zero at all regression SNPs; drop this category")
    scaled = columns / lengths
    values, vectors = np.linalg.eigh(scaled.T @ scaled)
    condition = np.sqrt(values[-1] / max(values[0], np.finfo(float).tiny))
    if condition > limit:
        heavy = np.argsort(-np.abs(vectors[:, 0]))[:4]
        raise FitError(
            f"LD scores: categories are collinear, condition number {condition:.3g}, limit {limit:.0e}; "
            f"mostly {', '.join(names[i] for i in sorted(heavy))}; drop one of them"
        )


def check_varies(ld_score: NDArray[np.float64], name: str) -> None:
    """Raise FitError when an LD score is constant: it cannot be told from the intercept."""
    if np.ptp(ld_score) == 0:
        raise FitError(
            f"LD scores: {name} is {ld_score[0]:g} at all {len(ld_score)} regression SNPs, expected values that vary; "
            "check that this is the LD score column"
        )


def check_enough(n_snps: int, n_blocks: int, n_coefs: int, what: str) -> int:
    """Jackknife blocks that these SNPs allow (LDSC: never more than SNPs).

    Raises
    ------
    FitError
        Too few SNPs or blocks for the number of coefficients.
    """
    if n_blocks < 2:
        raise InputError(f"--n-blocks: found {n_blocks}, expected at least 2; 200 are usual")
    blocks = min(n_snps, n_blocks)
    if blocks <= n_coefs:
        raise FitError(
            f"{what}: {n_snps} SNPs in {blocks} jackknife blocks for {n_coefs} coefficients, expected more blocks "
            "than coefficients; use a file with more SNPs, or raise --n-blocks"
        )
    return blocks


@contextlib.contextmanager
def fitting(what: str) -> Iterator[None]:
    """Turn a singular system or impossible weights into one message."""
    try:
        yield
    except np.linalg.LinAlgError as error:
        raise FitError(
            f"{what}: the regression is singular ({error}); LD scores are constant or collinear, or too few SNPs stand "
            "outside one block; use more SNPs or fewer blocks"
        ) from error
    except FitError:
        raise
    except ArithmeticError as error:
        raise FitError(
            f"{what}: {error}; an intercept or heritability is far out of range: check N and the fixed intercepts, "
            "or remove outliers with --chisq-max"
        ) from error
