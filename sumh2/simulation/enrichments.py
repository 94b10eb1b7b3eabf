"""From wanted enrichments to the coefficients of a model: what simulations and power share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import InputError

Floats = NDArray[np.float64]


def parse_enrichments(words: Sequence[str] | None) -> dict[str, float]:
    """``name=value`` words as a dictionary.

    Raises
    ------
    InputError
        A word is not of this form.
    """
    wanted = {}
    for word in words or []:
        name, _, number = word.rpartition("=")
        try:
            wanted[name] = float(number)
        except ValueError:
            raise InputError(f"--enrichment {word}: expected name=number, e.g. coding=8; correct it") from None
    return wanted


def check_categories(enrichments: Sequence[str], names: Sequence[str]) -> list[int]:
    """Places of the categories whose enrichments are wanted.

    Raises
    ------
    InputError
        A category is not among `names`.
    """
    unknown = sorted(set(enrichments) - set(names))
    if unknown:
        raise InputError(
            f"enrichment: found no category {', '.join(unknown)}, expected some of {', '.join(names)}; correct the name"
        )
    return [list(names).index(name) for name in enrichments]


def taus_of_enrichments(
    inside: Floats, base_inside: Floats, totals: Floats, base_total: float, shares: Floats, names: Sequence[str]
) -> NDArray[np.floating]:
    """tau of categories whose shares of the heritability are wanted, beside a base category of tau 1.

    Category k is to hold the share h_k of the heritability: ``sum_q s_kq tau_q + s_kb = h_k (sum_q M_q tau_q + M_b)``,
    linear in the taus.

    Parameters
    ----------
    inside : float64, (n_categories, n_categories)
        s_kq, the sum of category q over the SNPs of category k.
    base_inside, totals : float64, (n_categories,)
        s_kb, and M_q, sums over all SNPs.
    base_total
        M_b.
    shares : float64, (n_categories,)
        h_k.
    names
        Of the categories, for messages.

    Raises
    ------
    InputError
        The categories hold the same SNPs, so that no coefficients give them these shares, or many do.
    """
    system = inside - np.outer(shares, totals)
    if len(system) and np.linalg.matrix_rank(system) < len(system):
        raise InputError(
            f"enrichment: the categories {', '.join(names)} cannot be told apart, or one holds every SNP; expected "
            "categories of different SNPs; name fewer of them"
        )
    return np.linalg.solve(system, shares * base_total - base_inside)
