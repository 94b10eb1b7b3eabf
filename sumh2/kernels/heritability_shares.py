"""From coefficients of a tagging regression to heritabilities, shares and enrichments, with first-order errors.

With tau_k the heritability per unit of category k, and s_kq the sum of category k's values over the members of category
q (LDAK's "relative contribution of k to q"), s_k = s_kk:

    component_k = tau_k s_k                            h2 = sum_k component_k
    category_q  = sum_k tau_k s_kq                     enrichment_q = (category_q / h2) / expected_q
    excess_q    = category_q - expected_q h2           (zero without enrichment)

(Speed and Balding 2019, Nature Genetics 51:277; SPEC-LDAK 6.4 and 6.5).  Everything but the SEs works on stacks of tau,
(..., n_categories), so that the delete values of a jackknife go through the same formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CategorySums:
    """What the reference panel says of the categories.

    Parameters
    ----------
    own : float64, (n_categories,)
        s_k: a category's values summed over its members.
    contributions : float64, (n_categories, n_categories)
        s_kq; NaN where unknown.
    expected : float64, (n_categories,)
        Share of the reference SNPs that are members; NaN where unknown.
    """

    own: Floats
    contributions: Floats
    expected: Floats

    def select(self, places: list[int]) -> CategorySums:
        """The categories at these places."""
        return CategorySums(self.own[places], self.contributions[np.ix_(places, places)], self.expected[places])


@dataclass(frozen=True)
class Parameters:
    """Heritability per unit of each category, multiplicative inflation and intercept, in stacks.

    Parameters
    ----------
    tau : float64, (..., n_categories)
    scaling : float64, (...)
        g, 1 where it is not fitted.
    intercept : float64, (...)
        1 + n_bar a, the expected statistic without heritability at the mean sample size, over g; 1 where not fitted.
    """

    tau: Floats
    scaling: Floats
    intercept: Floats

    def stacked(self) -> Floats:
        """tau, then scaling, then intercept, (..., n_categories + 2)."""
        return np.concatenate([self.tau, self.scaling[..., None], self.intercept[..., None]], axis=-1)


def resolve_parameters(theta: Floats, n_bar: float, n_categories: int, scaling: bool, intercept: bool) -> Parameters:
    """Undo the scale of the coefficients: theta_k = g tau_k n_bar, theta_gc = g - 1, theta_int = g a n_bar.

    Parameters
    ----------
    theta : float64, (..., n_coefs)
    """
    g = 1.0 + theta[..., n_categories] if scaling else np.ones(theta.shape[:-1])
    tau = theta[..., :n_categories] / (g[..., None] * n_bar)
    at_mean = 1.0 + theta[..., -1] / g if intercept else np.ones(theta.shape[:-1])
    return Parameters(tau, np.asarray(g), np.asarray(at_mean))


def parameter_covariance(
    theta: Floats, covariance: Floats, n_bar: float, n_categories: int, scaling: bool, intercept: bool
) -> Floats:
    """Covariance of (tau, scaling, intercept), to first order, (n_categories + 2, n_categories + 2).

    Scaling and intercept have variance zero where they are not fitted.
    """
    g = 1.0 + theta[n_categories] if scaling else 1.0
    jacobian = np.zeros((n_categories + 2, len(theta)))
    own = np.arange(n_categories)
    jacobian[own, own] = 1 / (g * n_bar)
    if scaling:
        jacobian[own, n_categories] = -theta[:n_categories] / (n_bar * g**2)
        jacobian[n_categories, n_categories] = 1.0
    if intercept:
        jacobian[n_categories + 1, -1] = 1 / g
        if scaling:
            jacobian[n_categories + 1, n_categories] = -theta[-1] / g**2
    return jacobian @ covariance @ jacobian.T


#: What follows from tau: name of the quantity, in the order of the module's docstring.
QUANTITIES = ("component_h2", "component_share", "category_h2", "category_share", "enrichment", "excess")


def derive_quantities(tau: Floats, sums: CategorySums) -> dict[str, Floats]:
    """All `QUANTITIES`, each (..., n_categories), and ``h2``, (...).

    Shares of a heritability of zero are NaN.
    """
    component = tau * sums.own
    h2 = component.sum(axis=-1)
    total = np.where(h2 == 0, np.nan, h2)[..., None]
    category = tau @ sums.contributions
    share = category / total
    return {
        "h2": h2,
        "component_h2": component,
        "component_share": component / total,
        "category_h2": category,
        "category_share": share,
        "enrichment": share / sums.expected,
        "excess": category - sums.expected * h2[..., None],
    }


def first_order_errors(tau: Floats, tau_covariance: Floats, sums: CategorySums) -> dict[str, Floats]:
    """Standard errors of all `QUANTITIES` and of ``h2`` from the covariance of tau (delta method).

    A variance that is zero but for rounding (a category of all SNPs has a share of 1) counts as zero.
    """
    at = derive_quantities(tau, sums)
    total = at["h2"] if at["h2"] != 0 else np.nan
    own, to_category = np.diag(sums.own), sums.contributions.T
    share = (to_category - at["category_share"][:, None] * sums.own) / total
    jacobians = {
        "h2": sums.own[None],
        "component_h2": own,
        "component_share": (own - at["component_share"][:, None] * sums.own) / total,
        "category_h2": to_category,
        "category_share": share,
        "enrichment": share / sums.expected[:, None],
        "excess": to_category - sums.expected[:, None] * sums.own,
    }
    errors = {name: _errors(jacobian, tau_covariance) for name, jacobian in jacobians.items()}
    return errors | {"h2": errors["h2"][0]}


#: A variance this small against the terms it is the difference of is rounding.
_ROUNDING = 1e-12


def _errors(jacobian: Floats, covariance: Floats) -> Floats:
    variance = np.einsum("qk,kl,ql->q", jacobian, covariance, jacobian)
    largest = (np.abs(jacobian) * np.sqrt(np.abs(np.diag(covariance)))).sum(axis=1) ** 2
    variance = np.where(np.abs(variance) <= _ROUNDING * largest, 0.0, variance)
    return np.sqrt(np.where(variance < 0, np.nan, variance))
