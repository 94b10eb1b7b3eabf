"""Which pairs of traits are compared, and the options that go with traits and pairs: the same for every estimator."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from ldscores.shared.errors import FitError, InputError
from sumh2.alignment import AlignedData


def choose_pairs(aligned: AlignedData, pairs: str | Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Column numbers of the pairs.

    Parameters
    ----------
    pairs
        "all", "first" (the first trait with each other one) or pairs of column numbers.

    Raises
    ------
    InputError
        One trait alone, a trait without alleles, another word, or a pair that is not two different traits.
    """
    n_traits = aligned.n_traits
    if n_traits < 2:
        raise InputError("rg: found one trait, expected two or more; name another summary statistics file")
    check_signs_known(aligned, "correlation")
    if isinstance(pairs, str) and pairs == "all":
        return list(itertools.combinations(range(n_traits), 2))
    if isinstance(pairs, str) and pairs == "first":
        return [(0, other) for other in range(1, n_traits)]
    if isinstance(pairs, str) or not len(pairs):
        raise InputError(f"pairs: found {pairs!r}, expected all, first or pairs of column numbers; correct it")
    for pair in pairs:
        if len(pair) != 2 or len({*pair}) != 2 or not {*pair} <= {*range(n_traits)}:
            raise InputError(
                f"pairs: found {pair!r}, expected two different column numbers from 0 to {n_traits - 1}; correct it"
            )
    return [(int(first), int(second)) for first, second in pairs]


def check_signs_known(aligned: AlignedData, what: str) -> None:
    """InputError where a trait lacks the alleles that give a covariance or correlation its sign."""
    for place, trait in enumerate(aligned.traits):
        # Where files are trusted to count the same allele (--no-check-alleles), SNPs have kinds without alleles.
        if not trait.has_alleles and not (aligned.kinds[:, place] > 0).any():
            raise InputError(
                f"{trait.source or trait.name}: no allele columns; expected A1 and A2, without which the sign of a "
                f"{what} is unknown; munge the file with its alleles"
            )


def values_per_trait(value: float | Sequence[float] | None, n_traits: int, what: str) -> tuple[float | None, ...]:
    """One value a trait from one for all, one each, or none; NaN as None."""
    if value is None:
        return (None,) * n_traits
    values = np.atleast_1d(np.asarray(value, dtype=np.float64)).tolist()
    if len(values) == 1:
        values = values * n_traits
    if len(values) != n_traits:
        raise InputError(f"{what}: found {len(values)} values, expected one or {n_traits}, one a trait; correct them")
    return tuple(None if np.isnan(item) else item for item in values)


def gcov_intercepts_of_pairs(
    value: float | Sequence[float] | None, pairs: list[tuple[int, int]], n_traits: int
) -> dict[tuple[int, int], float | None]:
    """Fixed intercept of each pair: one value for all, or that of the pair's second trait."""
    per_trait = values_per_trait(value, n_traits, "gcov intercept")
    n_values = 1 if value is None else np.size(value)
    if n_values > 1 and any(first != 0 for first, _ in pairs):
        raise InputError(
            f"gcov intercept: found {n_values} values for pairs among all traits, expected one value; one value a "
            "trait goes with the pairs of the first trait only: add --pairs first"
        )
    return {(first, second): per_trait[second] for first, second in pairs}


def check_common_snps(first: str, second: str, n_shared: int, n_matching: int) -> None:
    """FitError where two traits share no SNP, or none with the same unambiguous alleles."""
    if not n_shared:
        raise FitError(f"{first} - {second}: the traits share no SNP; expected most; use studies of the same SNPs")
    if not n_matching:
        raise FitError(
            f"{first} - {second}: none of {n_shared} shared SNPs has the same unambiguous alleles in both; check the "
            "allele columns"
        )


def gcov_liability_factor(factor1: float, factor2: float) -> float:
    """Factor of a covariance; a quantitative trait's own factor is then 1; NaN where both are quantitative."""
    if not np.isfinite([factor1, factor2]).any():
        return float("nan")
    return float(np.sqrt((factor1 if np.isfinite(factor1) else 1.0) * (factor2 if np.isfinite(factor2) else 1.0)))
