"""From aligned traits to the arrays of one regression, with the checks that every fit needs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import FitError, InputError
from ldscores.taggings.tagging import Tagging
from sumh2.alignment import AlignedData, AlignedTrait

#: Which totals stand for M: SNPs with MAF above 5%, all SNPs, or the user's own numbers.
Totals = Literal["M_5_50", "M"] | float | Sequence[float]


def resolve_totals(tagging: Tagging, m: Totals) -> NDArray[np.float64]:
    """M of each category, (n_categories,).

    Raises
    ------
    InputError
        The files lack the totals, their number is wrong, or one is not positive.
    """
    if isinstance(m, str):
        if m not in ("M", "M_5_50"):
            raise InputError(f"m: found {m!r}, expected M_5_50, M or numbers; correct it")
        return tagging.totals(m)
    totals = np.atleast_1d(np.asarray(m, dtype=np.float64))
    n_categories = tagging.tagging.shape[1]
    if len(totals) != n_categories:
        raise InputError(f"--m: found {len(totals)} numbers, expected {n_categories}, one a category; correct --m")
    if not (np.isfinite(totals) & (totals > 0)).all():
        raise InputError(f"--m: found {totals.tolist()}, expected positive numbers of SNPs; correct --m")
    return totals


#: Smallest spread of an LD score, relative to its largest value, that tells it from the intercept.
_SMALLEST_SPREAD = 1e-6


def trait_info(aligned: AlignedData, trait: int) -> AlignedTrait:
    """The trait of a column; InputError where there is no such column."""
    if not isinstance(trait, int | np.integer) or not -aligned.n_traits <= trait < aligned.n_traits:
        names = ", ".join(f"{number} {info.name}" for number, info in enumerate(aligned.traits))
        raise InputError(f"trait: found {trait!r}, expected the number of a column: {names}; correct it")
    return aligned.traits[trait]


def check_several_categories(tagging: Tagging, what: str, instead: str) -> None:
    """Raise InputError where there is one LD score only: nothing to partition between.

    Parameters
    ----------
    tagging
        Whose categories are fitted.
    what
        To be partitioned: "a heritability", "a covariance".
    instead
        The command for one LD score.
    """
    if tagging.n_categories == 1:
        raise InputError(
            f"{tagging.where}: found one LD score, expected two or more to partition {what} between; name LD scores of "
            f"several categories, or use {instead}"
        )


def check_varies(ld_score: NDArray[np.float64], name: str) -> None:
    """Raise FitError when an LD score is constant, or nearly: it cannot be told from a free intercept."""
    if np.ptp(ld_score) <= _SMALLEST_SPREAD * np.abs(ld_score).max():
        raise FitError(
            f"LD scores: {name} is {ld_score[0]:g} at all {len(ld_score)} regression SNPs, expected values that vary; "
            "check that this is the LD score column"
        )


def check_positive(value: float | None, option: str, usual: str) -> float | None:
    """Raise InputError unless the value is a positive number; None, for an option not given, passes."""
    if value is not None and not (np.isfinite(value) and value > 0):
        raise InputError(f"{option}: found {value:g}, expected a positive number; {usual} is usual")
    return None if value is None else float(value)


def check_enough(n_snps: int, n_blocks: int, n_coefs: int, what: str) -> int:
    """Jackknife blocks that these SNPs allow (LDSC: never more than SNPs).

    Raises
    ------
    InputError
        Fewer than two blocks are asked for.
    FitError
        Too few SNPs or blocks for the number of coefficients.
    """
    if n_blocks < 2:
        raise InputError(f"--n-blocks: found {n_blocks}, expected at least 2; 200 are usual")
    blocks = min(n_snps, int(n_blocks))
    if blocks <= n_coefs:
        remedy = "raise --n-blocks" if blocks < n_snps else "use a file with more SNPs; the losses are counted above"
        raise FitError(
            f"{what}: {n_snps} SNPs in {blocks} jackknife blocks for {n_coefs} coefficients, expected more blocks "
            f"than coefficients; {remedy}"
        )
    return blocks


def one_blas_thread() -> contextlib.AbstractContextManager:
    """Keep the BLAS to one thread: products of a block's few rows and columns only wait for a second one."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, user_api="blas")


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
