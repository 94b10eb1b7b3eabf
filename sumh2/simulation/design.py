"""What to simulate: traits, their correlations, and the expected heritability of SNPs under enrichments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.errors import InputError, OptionError
from sumh2.liability import liability_factor
from sumh2.simulation.enrichments import check_categories, parse_enrichments, taus_of_enrichments

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TraitDesign:
    """One trait to simulate.

    Parameters
    ----------
    name
        In files and tables.
    h2
        Heritability of the panel's SNPs: observed scale, or liability scale for a case-control study.
    n
        People; cases and controls together.
    n_cases, pop_prev
        For a case-control study: cases among the people, and prevalence in the population.
    confounding
        a: what is added to the expected chi2 of every SNP.
    ld_confounding
        b: what is added per unit of LD score.
    """

    name: str
    h2: float
    n: float
    n_cases: float | None = None
    pop_prev: float | None = None
    confounding: float = 0.0
    ld_confounding: float = 0.0

    def __post_init__(self) -> None:
        for what, value, fits in (
            ("h2", self.h2, 0 <= self.h2 <= 1),
            ("N", self.n, np.isfinite(self.n) and self.n > 1),
            ("confounding", self.confounding, self.confounding > -1),
            ("confounding that rises with LD", self.ld_confounding, self.ld_confounding >= 0),
        ):
            if not fits:
                expected = {"h2": "0 to 1", "N": "more than 1", "confounding": "above -1"}.get(what, "0 or more")
                raise InputError(f"{self.name}: found {what} {value:g}, expected {expected}; correct it")
        if (self.n_cases is None) != (self.pop_prev is None):
            raise InputError(
                f"{self.name}: found one of cases and prevalence, expected both for a case-control study; add the other"
            )
        if self.pop_prev is not None and not 0 < self.pop_prev < 1:
            raise InputError(
                f"{self.name}: found prevalence {self.pop_prev:g}, expected a share between 0 and 1; correct --prevalence"
            )
        if self.n_cases is not None and not 0 < self.n_cases < self.n:
            raise InputError(
                f"{self.name}: found {self.n_cases:g} cases among {self.n:g} people, expected a part of them; correct them"
            )

    @property
    def samp_prev(self) -> float | None:
        """Share of cases among the people; None for a quantitative trait."""
        return None if self.n_cases is None else self.n_cases / self.n

    @property
    def observed_h2(self) -> float:
        """Heritability on the scale of the study: of the 0/1 trait in the sample for cases and controls."""
        return self.h2 / liability_factor(self.samp_prev, self.pop_prev, quantitative=1.0)


@dataclass(frozen=True)
class SimulationDesign:
    """Traits to simulate together.

    Parameters
    ----------
    traits
        One or more.
    rg : float64, (n_traits, n_traits)
        Genetic correlations, positive semi-definite with ones on the diagonal.
    overlap : float64, (n_traits, n_traits)
        Correlation of the noise: people shared times phenotypic correlation over sqrt(N1 N2), LDSC's gcov intercept.
    causal_share
        p: share of the SNPs with expected heritability that have an effect.
    seed
        Of the random numbers: the same seed, panel and design give the same z scores.
    """

    traits: tuple[TraitDesign, ...]
    rg: Floats
    overlap: Floats
    causal_share: float = 1.0
    seed: int = 1

    def __post_init__(self) -> None:
        names = [trait.name for trait in self.traits]
        if not names or len(set(names)) < len(names):
            raise InputError(f"traits: found {names}, expected one or more different names; correct them")
        if not 0 < self.causal_share <= 1:
            raise InputError(f"share of causal SNPs: found {self.causal_share:g}, expected 0 to 1; correct it")
        for what, matrix in (("rg", self.rg), ("overlap", self.overlap)):
            if matrix.shape != (len(names), len(names)):
                raise OptionError(
                    f"{what}: found a {matrix.shape} matrix for {len(names)} traits; give one row a trait"
                )
            if not (np.allclose(matrix, matrix.T) and np.allclose(np.diag(matrix), 1)):
                raise OptionError(f"{what}: expected a symmetric matrix with ones on the diagonal; correct it")
            smallest = float(np.linalg.eigvalsh(matrix)[0])
            if smallest < -1e-8:
                raise OptionError(
                    f"{what}: found a matrix with the eigenvalue {smallest:.3g}, expected none below 0: no traits "
                    "can be correlated so; bring the correlations closer to 0"
                )


def expected_from_categories(
    values: Floats, names: Sequence[str], base: str, enrichments: dict[str, float]
) -> tuple[Floats, Floats]:
    """E[h2_j] under which categories have given enrichments: tau with tau_base = 1, and the sums over categories.

    Category k holds the share p_k = mean of its annotation (its column over the base's); its heritability is to be
    e_k p_k of the whole:  ``sum_l tau_l s_lk = e_k p_k sum_l tau_l s_l``, linear in the taus of the named categories.
    Categories that are not named have tau 0.

    Parameters
    ----------
    values : float64, (n_snps, n_categories)
        Columns a_kj of the model.
    names
        Of the columns.
    base
        The column all SNPs have.
    enrichments
        Enrichment by name of the category.

    Returns
    -------
    expected : float64, (n_snps,)
    tau : float64, (n_categories,)

    Raises
    ------
    InputError
        A category is not there or not binary, or the enrichments ask for SNPs with negative heritability.
    """
    names = list(names)
    chosen = check_categories(list(enrichments), names)
    check_categories([base], names)
    base_values = values[:, names.index(base)]
    for place in chosen:
        inside = values[:, place] != 0
        if not np.allclose(values[inside, place], base_values[inside]):
            raise InputError(f"enrichment: {names[place]} is not a category of 0 and 1; enrichments are of such ones")
    inside = values[:, chosen] != 0
    shares = inside[base_values > 0].mean(axis=0)
    tau = np.zeros(len(names))
    tau[names.index(base)] = 1.0
    tau[chosen] = taus_of_enrichments(
        inside.T @ values[:, chosen], inside.T @ base_values, values[:, chosen].sum(axis=0), float(base_values.sum()),
        np.array(list(enrichments.values()), dtype=np.float64) * shares, list(enrichments),
    )  # fmt: skip
    expected = values @ tau
    if expected.min() < -1e-12 * np.abs(expected).max():
        raise InputError(
            "enrichment: these values give some SNPs a negative heritability; expected every sum of tau to be 0 or "
            "more; bring the enrichments of overlapping categories closer to 1"
        )
    return np.maximum(expected, 0), tau


# ---------------------------------------------------------------------------------------------------------------------
# From words to a design


def design_simulation(
    *,
    names: Sequence[str] | None = None,
    h2: Sequence[float],
    n: Sequence[float] | None = None,
    cases: Sequence[float] | None = None,
    controls: Sequence[float] | None = None,
    prevalence: Sequence[float] | None = None,
    rg: str | None = None,
    overlap: str | None = None,
    causal_share: float = 1.0,
    confounding: Sequence[float] = (0.0,),
    ld_confounding: Sequence[float] = (0.0,),
    seed: int = 1,
) -> SimulationDesign:
    """Design from lists with one value a trait, or one for all; nan stands for a quantitative trait.

    Parameters
    ----------
    names
        Of the traits; trait1, trait2, ... by default.
    h2
        Heritabilities: observed scale, or liability scale for case-control traits.
    n
        People of quantitative traits.
    cases, controls
        People of case-control traits, in the place of `n`.
    prevalence
        Of case-control traits, in the population.
    rg, overlap
        Genetic correlation, and correlation of the noise by shared people (LDSC's gcov intercept): a number for all
        pairs, or the rows of a matrix as in ``"1,0.5;0.5,1"``; 0 by default.
    causal_share
        Share of the SNPs with expected heritability that have an effect, above 0 to 1.
    confounding
        What is added to the expected chi2 of every SNP.
    ld_confounding
        What is added to it per unit of LD score.
    seed
        Of the random numbers.

    Raises
    ------
    InputError
        Lists of different length, or neither N nor cases and controls.
    OptionError
        A matrix that cannot be.
    """
    lists = {
        "--traits": names, "--h2": h2, "--n": n, "--cases": cases, "--controls": controls, "--prevalence": prevalence,
        "--confounding": confounding, "--ld-confounding": ld_confounding,
    }  # fmt: skip
    n_traits = max(len(values) for values in lists.values() if values is not None)
    if names is None:
        lists["--traits"] = [f"trait{number}" for number in range(1, n_traits + 1)]
    for flag, values in lists.items():
        if values is not None and len(values) not in (1, n_traits):
            raise InputError(
                f"{flag}: found {len(values)} values for {n_traits} traits, expected one, or one a trait; correct them"
            )
    if names is not None and len(names) != n_traits:
        raise InputError(f"--traits: found {len(names)} names for {n_traits} traits, expected one each; complete them")

    def of_trait(flag: str, place: int) -> Any:
        values = lists[flag]
        if values is None:
            return None
        value = values[place if len(values) > 1 else 0]
        return None if isinstance(value, float) and np.isnan(value) else value

    traits = []
    for place in range(n_traits):
        name = of_trait("--traits", place)
        people, n_cases, n_controls = (of_trait(flag, place) for flag in ("--n", "--cases", "--controls"))
        if (n_cases is None) != (n_controls is None) or (people is None) == (n_cases is None):
            raise InputError(
                f"{name}: expected --n for a quantitative trait, or --cases and --controls; give one of them"
            )
        traits.append(
            TraitDesign(
                name, of_trait("--h2", place), people if n_cases is None else n_cases + n_controls, n_cases,
                of_trait("--prevalence", place), of_trait("--confounding", place), of_trait("--ld-confounding", place),
            )
        )  # fmt: skip
    return SimulationDesign(
        tuple(traits), _matrix("--rg", rg, n_traits), _matrix("--overlap", overlap, n_traits), causal_share, seed
    )


def design_expected(
    values: Floats, names: Sequence[str], enrichment: Sequence[str] | None
) -> tuple[Floats, dict[str, float]]:
    """E[h2_j] and tau by category from words such as ``coding=8``; without them the base, or the only category, counts.

    Parameters
    ----------
    values : float64, (n_snps, n_categories)
        Columns a_kj of the model, e.g. of :func:`sumh2.read_panel_model`.
    names
        Of the categories.
    enrichment
        ``name=value`` words, the enrichment that a category is to have; None for none.

    Returns
    -------
    expected : float64, (n_snps,)
        E[h2_j] up to a factor.
    tau : dict
        Coefficient by category, that of the base 1.

    Raises
    ------
    InputError
        A word is not name=number; the model has no base and several categories.
    """
    wanted = parse_enrichments(enrichment)
    base = _base_name(values, names)
    if wanted:
        expected, tau = expected_from_categories(values, names, base, wanted)
    else:
        tau = np.array([float(name == base) for name in names])
        expected = np.maximum(values @ tau, 0)
    return expected, dict(zip(names, tau.tolist(), strict=True))


def _base_name(values: Floats, names: Sequence[str]) -> str:
    """The category of all SNPs: the only one, or the one that is largest everywhere."""
    largest = values.max(axis=1)
    for name, column in zip(names, values.T, strict=True):
        if len(names) == 1 or (name.lower().startswith("base") and (column[largest > 0] > 0).all()):
            return name
    raise InputError(
        f"annotations: found no category of all SNPs among {', '.join(list(names)[:10])}; expected one called base"
    )


def _matrix(flag: str, words: str | None, n_traits: int) -> Floats:
    """A correlation matrix from one number for all pairs, or from rows separated by semicolons."""
    if words is None:
        return np.eye(n_traits)
    try:
        rows = [[float(number) for number in row.split(",")] for row in words.split(";")]
    except ValueError:
        raise OptionError(f"{flag} {words}: expected a number, or rows as in 1,0.5;0.5,1; correct it") from None
    if len(rows) == 1 and len(rows[0]) == 1:
        return np.where(np.eye(n_traits, dtype=bool), 1.0, rows[0][0])
    if {len(row) for row in rows} != {n_traits} or len(rows) != n_traits:
        raise OptionError(f"{flag} {words}: expected {n_traits} rows of {n_traits} numbers, one a trait; correct it")
    return np.array(rows)
