"""Expected standard errors and power of a study that is not there yet.

LD Score regression weighs SNP j by 1/(w_j V_j), with V_j the variance of its response and w_j its LD score among the
regression SNPs.  If the weighted regressors vary little within the reach of LD, neighbours share their information in
proportion to r², sum_k r²_jk = w_j, and the sandwich covariance of the coefficients collapses to the model's own,

    cov(theta) = (sum_j x_j x_j' / (w_j V_j))^-1,

    chi2 of one trait:       x_j = (N l_j, 1),             V_j = 2 E_j²,               E_j = N h2 l_j / M + a
    product of two traits:   x_j = (sqrt(N1 N2) l_j, 1),   V_j = E1_j E2_j + E12_j²

(Bulik-Sullivan et al. 2015a, Online Methods; 2015b, Supplementary Note).  It leaves out that z scores of causal regions
are correlated beyond r², so that studies with a strong signal per SNP have larger standard errors than predicted: the
ratio to what simulations give is printed by ``benchmarks/truth_power.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import InputError
from ldscores.taggings.tagging import Tagging
from sumh2.regression_input import Totals, fitting, resolve_totals
from sumh2.results import Result
from sumh2.simulation.enrichments import check_categories, taus_of_enrichments

Floats = NDArray[np.float64]

#: Two-sided level of the power.
ALPHA = 0.05


@dataclass(frozen=True)
class StudyDesign:
    """One study whose precision is asked for.

    Parameters
    ----------
    n
        People (effective number for cases and controls).
    h2
        Heritability on the observed scale.
    intercept
        Expected intercept, 1 without confounding.
    """

    n: float
    h2: float
    intercept: float = 1.0

    def __post_init__(self) -> None:
        for name, value, fits in (
            ("N", self.n, np.isfinite(self.n) and self.n > 0),
            ("h2", self.h2, 0 < self.h2 <= 1),
            ("intercept", self.intercept, self.intercept > 0),
        ):
            if not fits:
                raise InputError(
                    f"{name}: found {value:g}, expected {'0 to 1' if name == 'h2' else 'above 0'}; correct it"
                )


@dataclass(frozen=True)
class PowerResult(Result):
    """Expected precision of a design.

    Parameters
    ----------
    rows
        One dictionary an estimate: quantity, category, expected, se, z, power, status, why.
    origin
        Program, inputs and options.
    """

    kind: ClassVar[str] = "power"

    rows: tuple[Mapping[str, Any], ...]
    origin: Mapping[str, Any] = field(default_factory=dict)

    def to_records(self) -> list[dict[str, Any]]:
        return [dict(row) for row in self.rows]

    def of(self, quantity: str, category: str = "") -> Mapping[str, Any]:
        """The row of a quantity, e.g. ``of("rg")`` or ``of("enrichment", "coding")``."""
        for row in self.rows:
            if row["quantity"] == quantity and row["category"] == category:
                return row
        raise KeyError(f"{quantity} {category}".strip())

    def __str__(self) -> str:
        lines = ["Expected precision", "", f"  {'quantity':<34} {'expected':>9} {'SE':>8} {'z':>7} {'power':>6}"]
        for row in self.rows:
            name = f"{row['quantity']} {row['category']}".strip()
            lines.append(
                f"  {name:<34} {row['expected']:>9.4f} {row['se']:>8.4f} {row['z']:>7.2f} {row['power']:>6.3f}"
            )
        lines += [
            "", f"  power: two-sided test at {ALPHA:g}; of an enrichment, against 1",
            "  z scores of strong loci are correlated beyond r2: large studies of few causal SNPs have larger SEs",
        ]  # fmt: skip
        lines += [f"  {row['quantity']}: {row['status']}: {row['why']}" for row in self.rows if row["why"]]
        return "\n".join(lines)


def predict_power(
    tagging: Tagging,
    studies: Sequence[StudyDesign],
    *,
    rg: float = 0.0,
    overlap: float = 0.0,
    enrichments: Mapping[str, float] | None = None,
    free_intercept: bool = True,
    m: Totals = "M_5_50",
) -> PowerResult:
    """Expected SE and power for the h2 of each study, for the rg of two, and for enrichments of the first.

    Parameters
    ----------
    tagging
        LD scores that the study will be fitted to, with regression weights.  Several categories give enrichments (the
        overlap of the categories has to be stored); h2 and rg then use their total, which must be a category of its own.
    studies
        One or two.
    rg, overlap
        Genetic correlation, and correlation of the noise by shared people.
    enrichments
        Expected enrichment by category; categories that are not named follow from the heritability being even.
    free_intercept
        Whether intercepts are estimated.
    m
        Reference SNPs, as in :func:`sumh2.fit_h2`.

    Raises
    ------
    InputError
        Neither one nor two studies, correlations outside -1 to 1, a tagging without weights, base or overlap.
    """
    if len(studies) not in (1, 2):
        raise InputError(f"studies: found {len(studies)}, expected one, or two for an rg; correct them")
    for name, value in (("rg", rg), ("overlap", overlap)):
        if not -1 <= value <= 1:
            raise InputError(f"{name}: found {value:g}, expected -1 to 1; correct it")
    totals = resolve_totals(tagging, m)
    base = _base_place(tagging)
    ld, m_all = np.maximum(tagging.tagging[:, base], 1.0), float(totals[base])
    weights = tagging.regression_tagging if tagging.regression_tagging is not None else tagging.tagging[:, base]
    used = np.isfinite(weights)
    ld, weights = ld[used], np.maximum(weights[used], 1.0)
    expected = [study.n * study.h2 * ld / m_all + study.intercept for study in studies]
    h2_se = []
    for study, chi2 in zip(studies, expected, strict=True):
        cov = _covariance([study.n * ld / m_all], 2 * chi2**2 * weights, free_intercept)
        h2_se.append(float(np.sqrt(cov[0, 0])))
    rows = [
        _row(f"h2 of study {number}" if len(studies) > 1 else "h2", "", study.h2, se, 0.0)
        for number, (study, se) in enumerate(zip(studies, h2_se, strict=True), start=1)
    ]
    if len(studies) == 2:
        rows += _rg_rows(studies, expected, ld, weights, m_all, rg, overlap, free_intercept)
    if tagging.n_categories > 1:
        rows += _enrichment_rows(
            tagging, totals, base, used, studies[0], weights, dict(enrichments or {}), free_intercept, m
        )
    elif enrichments:
        raise InputError(
            f"{tagging.where}: found one category, expected those of the enrichments; name their LD scores"
        )
    return PowerResult(tuple(rows))


def design_studies(
    n: Sequence[float], h2: Sequence[float], intercept: Sequence[float] | None = None
) -> list[StudyDesign]:
    """Studies for :func:`predict_power` from lists with one value each, or one for all.

    Parameters
    ----------
    n
        People (effective numbers for cases and controls).
    h2
        Heritabilities on the observed scale.
    intercept
        Expected intercepts, 1 by default.

    Raises
    ------
    InputError
        Lists of different length, or a value that is out of range.
    """
    lists = {"--n": n, "--h2": h2, "--intercept": intercept or [1.0]}
    n_studies = max(map(len, lists.values()))
    for flag, values in lists.items():
        if len(values) not in (1, n_studies):
            raise InputError(
                f"{flag}: found {len(values)} values for {n_studies} studies, expected one, or one a study; correct them"
            )
    return [
        StudyDesign(*(values[place if len(values) > 1 else 0] for values in lists.values()))
        for place in range(n_studies)
    ]


def _covariance(columns: Sequence[Floats], variance: Floats, free_intercept: bool) -> Floats:
    """Covariance of the coefficients of these columns, and of an intercept, last."""
    design = np.column_stack([*columns, np.ones(len(variance))] if free_intercept else list(columns))
    with fitting("power"):
        return np.asarray(np.linalg.inv(design.T @ (design / variance[:, None])), dtype=np.float64)


def _row(quantity: str, category: str, expected: float, se: float, null: float, why: str = "") -> dict[str, Any]:
    from scipy.stats import norm

    z = (expected - null) / se
    limit = norm.isf(ALPHA / 2)
    return {
        "quantity": quantity, "category": category, "expected": expected, "se": se, "z": z,
        "power": float(norm.sf(limit - z) + norm.cdf(-limit - z)), "status": "caution" if why else "ok", "why": why,
    }  # fmt: skip


def _rg_rows(
    studies: Sequence[StudyDesign], expected: Sequence[Floats], ld: Floats, weights: Floats, m_all: float, rg: float,
    overlap: float, free_intercept: bool,
) -> list[dict[str, Any]]:  # fmt: skip
    """Genetic covariance and correlation of the two studies, from the joint covariance of two h2 and the gcov.

    For responses a and b with variances V and covariance C_ab at each SNP, neighbours sharing information as above,
    ``cov(theta_a, theta_b) = A_a^-1 [sum_j x_aj x_bj' C_abj / (w_j V_aj V_bj)] A_b^-1`` with
    ``A_a = sum_j x_aj x_aj' / (w_j V_aj)``.  Normal z scores give C = 2 E12² for two chi2, 2 E1 E12 for a chi2 and the
    product.  The correlation follows by the delta method.
    """
    n1, n2 = (study.n for study in studies)
    h1, h2 = (study.h2 for study in studies)
    gcov = rg * np.sqrt(h1 * h2)
    product = np.sqrt(n1 * n2) * gcov * ld / m_all + overlap
    slopes = [n1 * ld / m_all, n2 * ld / m_all, np.sqrt(n1 * n2) * ld / m_all]
    cross = {
        (0, 0): 2 * expected[0] ** 2, (1, 1): 2 * expected[1] ** 2, (2, 2): expected[0] * expected[1] + product**2,
        (0, 1): 2 * product**2, (0, 2): 2 * expected[0] * product, (1, 2): 2 * expected[1] * product,
    }  # fmt: skip
    designs = [np.column_stack([slope, np.ones(len(ld))] if free_intercept else [slope]) for slope in slopes]
    with fitting("power"):
        inverses = [
            np.linalg.inv(design.T @ (design / (cross[place, place] * weights)[:, None]))
            for place, design in enumerate(designs)
        ]
    cov = np.empty((3, 3))
    for (one, other), covariance in cross.items():
        shared = covariance / (weights * cross[one, one] * cross[other, other])
        middle = designs[one].T @ (designs[other] * shared[:, None])
        cov[one, other] = cov[other, one] = (inverses[one] @ middle @ inverses[other])[0, 0]
    gradient = np.array([-rg / (2 * h1), -rg / (2 * h2), 1 / np.sqrt(h1 * h2)])
    rg_se = float(np.sqrt(gradient @ cov @ gradient))
    weak = min(h1 / np.sqrt(cov[0, 0]), h2 / np.sqrt(cov[1, 1]))
    why = "an h2 is less than 4 SE from zero: the rg will be rough" if weak < 4 else ""
    return [_row("gcov", "", gcov, float(np.sqrt(cov[2, 2])), 0.0), _row("rg", "", rg, rg_se, 0.0, why)]


def _enrichment_rows(
    tagging: Tagging, totals: Floats, base: int, used: NDArray[np.bool_], study: StudyDesign, weights: Floats,
    enrichments: dict[str, float], free_intercept: bool, m: Totals,
) -> list[dict[str, Any]]:  # fmt: skip
    """Enrichment of each category in the fit of all categories, by the delta method.

    With overlaps s_kq, M = s_bb: share_k = sum_q s_kq tau_q / h2 and enrichment = share / (s_kb / M), where
    h2 = sum_q M_q tau_q.
    """
    overlap = tagging.overlap_5_50 if m == "M_5_50" else tagging.overlap
    if overlap is None:
        raise InputError(
            f"{tagging.where}: no overlap of its {tagging.n_categories} categories is stored, expected it for "
            "enrichments; use a .tagging.parquet of ldscores build, or LD scores of one category"
        )
    chosen = check_categories(list(enrichments), tagging.names)
    shares = overlap[:, base] / overlap[base, base]
    tau = np.zeros(tagging.n_categories)
    tau[base] = 1.0
    tau[chosen] = taus_of_enrichments(
        overlap[np.ix_(chosen, chosen)], overlap[chosen, base], totals[chosen], totals[base],
        np.array(list(enrichments.values())) * shares[chosen], list(enrichments),
    )  # fmt: skip
    tau *= study.h2 / (tau @ totals)
    scores = tagging.tagging[used]
    chi2 = np.maximum(study.n * (scores @ tau) + study.intercept, np.finfo(float).eps)
    cov = _covariance([study.n * column for column in scores.T], 2 * chi2**2 * weights, free_intercept)
    cov = cov[: len(tau), : len(tau)]
    rows = []
    for place, name in enumerate(tagging.names):
        if place == base or not shares[place] > 0:
            continue
        share = overlap[place] @ tau / study.h2
        slope = (overlap[place] - share * totals) / study.h2 / shares[place]
        rows.append(_row("enrichment", name, float(share / shares[place]), float(np.sqrt(slope @ cov @ slope)), 1.0))
    return rows


def _base_place(tagging: Tagging) -> int:
    if tagging.n_categories == 1:
        return 0
    for place, name in enumerate(tagging.names):
        if name.lower().startswith("base"):
            return place
    raise InputError(
        f"{tagging.where}: found no base category among {', '.join(tagging.names[:8])}; expected one that all SNPs are "
        "in; build the LD scores with a base"
    )
