"""From aligned traits to the arrays of a SumHer regression: which SNPs, which weights, which sums of categories."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.alleles import allele_kinds
from ldscores.shared.collinearity import check_gram_not_collinear
from ldscores.shared.errors import FitError, InputError
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_summary import snps_by_chromosome
from sumh2.alignment import AlignedData
from sumh2.kernels.heritability_shares import CategorySums
from sumh2.kernels.likelihood import ScaledDesign
from sumh2.regression_input import Totals, check_positive, resolve_totals, trait_info
from sumh2.sumstats import FilterCount
from sumh2.trait_pairs import check_common_snps

Floats = NDArray[np.float64]

#: In the place of a chi2 of zero, whose logarithm the likelihood needs (SPEC-LDAK 5).
SMALLEST_CHI2 = 1e-6

#: ``Base[-0.25]`` of a grid of alphas, ``Base[alpha(-0.25)]`` of models put side by side.
BRACKETED_ALPHA = re.compile(r".*\[(?:[^][]*\()?\s*([-+]?\d+(?:\.\d+)?)\)?\]$")

#: Sample sizes for which 1 less the cosine of n and a constant is smaller are one n: the eigenvalue at which LDAK
#: leaves a direction out of its steps, so that an intercept beside genomic control would be what it started from.
_ONE_N = 1e-6

#: What LDAK calls the category of all SNPs; annotation models start from it.
BASE = "Base"


@dataclass(frozen=True)
class RowRules:
    """Which statistics count, in LDAK's order (SPEC-LDAK 5).

    Parameters
    ----------
    cutoff
        Leave out SNPs that explain this share of the phenotype or more: rho² = S / (S + n) (not their neighbours).
    truncate
        Statistics above this become this.
    allow_ambiguous
        Whether A/T and C/G SNPs count.
    check_sums
        Whether a SNP of the tagging without statistics is an error, as in LDAK; else it is counted.
    chisq_factor
        Statistics are multiplied by it (rho² is not).
    """

    cutoff: float | None = None
    truncate: float | None = None
    allow_ambiguous: bool = True
    check_sums: bool = False
    chisq_factor: float = 1.0

    @classmethod
    def of_options(cls, options: Mapping[str, Any], *, allow_ambiguous: bool) -> RowRules:
        """The rules that the flags of a command give, by name."""
        names = ("cutoff", "truncate", "check_sums", "chisq_factor")
        given = {name: options[name] for name in names if options.get(name) is not None}
        return cls(allow_ambiguous=allow_ambiguous, **given)

    def check(self) -> None:
        """InputError where a number is out of range."""
        check_positive(self.truncate, "--truncate", "80")
        check_positive(self.chisq_factor, "--chisq-factor", "1")
        if self.cutoff is not None and not 0 < self.cutoff <= 1:
            raise InputError(
                f"--cutoff: found {self.cutoff:g}, expected a share of the phenotype's variance, above 0 and not above "
                "1; 0.01 leaves out SNPs that explain 1% (for a limit on chi2 itself use --truncate)"
            )


@dataclass(frozen=True)
class SumherRows:
    """The SNPs of one regression, in the order of the tagging.

    Parameters
    ----------
    rows : int64, (n_snps,)
        Rows of the aligned data.
    chi2, n : float64, (n_snps,)
        S_j, positive, and sample sizes.
    tagging : float64, (n_snps, n_categories)
        t_jk.
    weights : float64, (n_snps,)
        1 / max(Tagging_j, 1).
    n_with_statistics
        SNPs with statistics, before any was left out for being large.
    steps
        SNPs removed and kept.
    """

    rows: NDArray[np.int64]
    chi2: Floats
    n: Floats
    tagging: Floats
    weights: Floats
    n_with_statistics: int
    steps: tuple[FilterCount, ...]

    @cached_property
    def n_bar(self) -> float:
        """Weighted mean sample size."""
        return weighted_mean_n(self.n, self.weights)

    def design(self, scaling: bool, intercept: bool) -> ScaledDesign:
        """X of E[S_j] = 1 + x_j theta (SPEC-LDAK 6.1)."""
        return ScaledDesign(self.tagging, self.n / self.n_bar, constant=scaling, scaled_constant=intercept)


def weighted_mean_n(n: Floats, weights: Floats) -> float:
    """Mean sample size under the weights of the regression."""
    return float(weights @ n / weights.sum())


def choose_rows(aligned: AlignedData, traits: tuple[int, ...], rules: RowRules) -> list[SumherRows]:
    """The SNPs that all these traits have and that pass the rules, with the statistics of each trait.

    Raises
    ------
    InputError
        A rule is out of range, or SNPs of the tagging lack statistics and ``check_sums`` holds.
    FitError
        No SNP is left.
    """
    rules.check()
    of_traits = [trait_info(aligned, trait).name for trait in traits]
    names = " - ".join(of_traits)
    present = np.all(np.isfinite(aligned.z[:, list(traits)]), axis=1)
    steps: list[FilterCount] = []
    if len(traits) > 1:
        steps.append(FilterCount("with statistics of both traits", 0, int(present.sum())))
        present, steps = _without(present, ~aligned.matching(*traits), steps, "with the same alleles in both")
    if not rules.allow_ambiguous:
        present, steps = _without(present, _ambiguous(aligned, traits), steps, "not ambiguous (A/T, C/G)")
    n_with_statistics = int(present.sum())
    _check_sums(aligned, n_with_statistics, names, rules)
    if rules.cutoff is not None:
        large = np.zeros(len(present), dtype=bool)
        for trait in traits:
            chi2 = aligned.z[:, trait] ** 2
            large |= chi2 / (chi2 + aligned.n_samples[:, trait]) >= rules.cutoff
        present, steps = _without(present, large, steps, f"below {rules.cutoff:g} of the phenotype's variance")
    if not present.any():
        if len(traits) > 1:
            check_common_snps(of_traits[0], of_traits[1], steps[0].kept, steps[1].kept)
        raise FitError(f"{names}: no SNP is left for the regression; the losses are counted above; loosen the rules")
    rows = np.flatnonzero(present)
    every = len(rows) == len(present)
    tagging = aligned.tagging if every else aligned.tagging[rows]
    weights = 1 / np.maximum(aligned.regression_tagging if every else aligned.regression_tagging[rows], 1.0)
    return [
        SumherRows(
            rows=rows,
            chi2=_statistics(aligned.z[rows, trait], rules),
            n=aligned.n_samples[rows, trait],
            tagging=tagging,
            weights=weights,
            n_with_statistics=n_with_statistics,
            steps=tuple(steps),
        )
        for trait in traits
    ]


def _without(
    present: NDArray[np.bool_], dropped: NDArray[np.bool_], steps: list[FilterCount], what: str
) -> tuple[NDArray[np.bool_], list[FilterCount]]:
    kept = present & ~dropped
    n_kept = int(kept.sum())
    return kept, [*steps, FilterCount(what, int(present.sum()) - n_kept, n_kept)]


def _ambiguous(aligned: AlignedData, traits: tuple[int, ...]) -> NDArray[np.bool_]:
    """SNPs whose strand letters cannot tell, by the alleles of the tagging or, without them, of the traits."""
    reference = aligned.reference
    if reference.a1 is not None and reference.a2 is not None:
        return allele_kinds(reference.a1[aligned.rows], reference.a2[aligned.rows]) == 0
    if not all(aligned.traits[trait].has_alleles for trait in traits):
        raise InputError(
            "--no-ambiguous: neither the tagging nor the summary statistics have alleles, expected columns A1 and A2; "
            "munge the file with its alleles, or drop the option"
        )
    return np.logical_not(np.isin(aligned.kinds[:, list(traits)], (1, 2)).all(axis=1))


def _check_sums(aligned: AlignedData, n_present: int, names: str, rules: RowRules) -> None:
    n_tagging = len(aligned.reference)
    if rules.check_sums and n_present < n_tagging:
        raise InputError(
            f"{names}: found summary statistics for {n_present} of the {n_tagging} SNPs of "
            f"{aligned.reference.where}, expected all; make a tagging of the SNPs of the study, or drop --check-sums"
        )


def _statistics(z: Floats, rules: RowRules) -> Floats:
    chi2 = z * z
    if rules.chisq_factor != 1.0:
        chi2 *= rules.chisq_factor
    if rules.truncate is not None:
        np.minimum(chi2, rules.truncate, out=chi2)
    chi2[chi2 <= 0] = SMALLEST_CHI2
    return chi2


# ---------------------------------------------------------------------------------------------------------------------
# What can be told apart


def chromosomes_of(aligned: AlignedData, rows: SumherRows) -> tuple[frozenset[str], dict[str, int]]:
    """Chromosomes of the regression SNPs, and the tagging's with the number of SNPs of each."""
    return aligned.chromosomes_of(rows.rows), snps_by_chromosome(aligned.reference)


def check_identified(design: ScaledDesign, tagging: Tagging) -> None:
    """Refuse columns of X that depend on each other, naming them and what to do.

    Parameters
    ----------
    design
        X, with its terms for confounding.
    tagging
        Where its categories come from.

    Raises
    ------
    InputError
        The categories are one model at several alphas.
    FitError
        Others are collinear; or an intercept and genomic control are fitted to one sample size.
    """
    if design.constant and design.scaled_constant:
        scale = design.scale
        cosine = scale.sum() / np.sqrt(len(scale) * (scale @ scale))
        if 1 - cosine < _ONE_N:
            raise FitError(
                "confounding: found an intercept and genomic control, and sample sizes that are the same at all SNPs, or "
                "nearly; only an n that varies tells the two apart; keep one of them"
            )
    gram = np.zeros((design.shape[1],) * 2)
    for rows in design.chunks():
        x = design[rows]
        gram += x.T @ x
    terms = [*["genomic control"] * design.constant, *["intercept"] * design.scaled_constant]
    try:
        check_gram_not_collinear(gram, [*tagging.names, *terms], tagging.where)
    except FitError as error:
        alphas = {found[1] for name in tagging.names if (found := BRACKETED_ALPHA.match(name))}
        if len(alphas) < 2:
            raise
        raise InputError(
            f"{tagging.where}: found a model at {len(alphas)} alphas, which are collinear, expected one model; profile "
            "them with sumh2 alpha, or build the tagging of one alpha"
        ) from error


# ---------------------------------------------------------------------------------------------------------------------
# Sums of categories


def resolve_sums(tagging: Tagging, m: Totals | None) -> CategorySums:
    """What the panel says of the categories: LDAK's contributions, or of LD scores their totals and overlap.

    LD scores are the taggings of a model in which a SNP's value is its annotation: s_k is the total M, s_kq the overlap
    sum_j a_kj a_qj, which for categories of 0 and 1 is LDAK's sum over members, and expected is M_q / M_tot (LDSC's
    convention for other categories too).

    Parameters
    ----------
    m
        Totals of LD scores, "M_5_50" by default; taggings of a heritability model bring their own.

    Raises
    ------
    InputError
        Totals are given for a tagging that has its own, or missing for one that has not.
    """
    ldak = tagging.ldak
    if ldak is not None:
        if m is not None:
            raise InputError(
                f"--m: {tagging.where} brings the sums of its heritability model, expected no totals; drop --m"
            )
        expected = ldak.counts / ldak.n_reference
        return CategorySums(np.diag(ldak.contributions).copy(), ldak.contributions, expected)
    which = "M_5_50" if m is None else m
    totals = resolve_totals(tagging, which)
    if tagging.n_categories == 1:
        return CategorySums(totals, totals[:, None].copy(), np.ones(1))
    stored = {"M_5_50": (tagging.overlap_5_50, tagging.n_reference_5_50), "M": (tagging.overlap, tagging.n_reference)}
    overlap, n_reference = stored.get(which, (None, None)) if isinstance(which, str) else (None, None)
    unknown = np.full((len(totals), len(totals)), np.nan)
    return CategorySums(
        totals,
        unknown if overlap is None else overlap,
        unknown[0] if n_reference is None else totals / n_reference,
    )


def first_categories(tagging: Tagging) -> list[int] | None:
    """Places of the categories fitted first: LDAK's rule, the Base of an annotation model; None to start from zero."""
    return [tagging.n_categories - 1] if tagging.n_categories > 1 and tagging.names[-1] == BASE else None


def model_name(tagging: Tagging) -> str:
    """The heritability model of a tagging in a few words."""
    if tagging.model:
        return tagging.model
    return "a model of LDAK's" if tagging.ldak is not None else "LD scores (GCTA model)"
