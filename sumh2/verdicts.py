"""A status and a why for every estimate: what a reader should know before using the number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ldscores.shared.messages import counted

Level = Literal["note", "caution", "unusable"]

#: Between the findings of a ``why``.
WHY_SEPARATOR = " | "

#: Code of the finding that two traits are one.
SAME_DATA = "same data"

#: LDSC's own advice: heritability z-scores below 4 are too weak for genetic correlations (ldsc wiki, FAQ).
WEAK_H2_Z = 4.0
#: LDSC warns below this number of SNPs.
FEW_SNPS = 200_000
#: With fewer, an estimate says nothing.
VERY_FEW_SNPS = 2_000
#: LDSC's munge warns below this mean chi2.
LOW_MEAN_CHI2 = 1.02
#: Chance alone gives a mean chi2 of 1; half of it comes from a wrong column.
IMPOSSIBLE_MEAN_CHI2 = 0.5
#: Ascertained cases push an observed-scale h2 above 1, but not this far.
IMPOSSIBLE_H2 = 5.0
#: An h2 above 1 by more of its standard errors is no sampling error.
BEYOND_ERROR_Z = 4.0
#: Share of the inflation that the intercept takes in well-behaved studies is mostly below this.
HIGH_RATIO = 0.2
FEW_BLOCKS = 50
#: LD reaches over more SNPs than this: shorter blocks depend on each other, and the jackknife's errors are too small.
SHORT_BLOCK = 20
#: From this share of what the smallest file has on, hardly any SNP was lost on the way.
HARDLY_LOST = 0.9
#: LDSC leaves out a chi2 above max(0.001 N, 80) from its stratified fits.
OUTLIER_PER_N, OUTLIER_CHI2 = 0.001, 80.0
#: Losing more of the inflation, or of the SNPs, with large chi2 is worth a caution.
MUCH_EXCESS, MANY_REMOVED = 0.1, 0.01
#: Below this correlation of minor allele frequencies, study and LD reference are hardly of one ancestry.
MAF_CORRELATION_EXPECTED = 0.9
#: A share of mismatched alleles above this points at another build or a mixed-up file.
MANY_MISMATCHES = 0.05

#: Code of a heritability that cannot be so large.
H2_ABOVE_1 = "h2 above 1"


@dataclass(frozen=True)
class Finding:
    """One thing to know about an estimate.

    Parameters
    ----------
    level
        ``note`` does not change the status.
    code
        Short name, stable across versions.
    text
        What was found and what to do.
    """

    level: Level
    code: str
    text: str


def judge(findings: Sequence[Finding]) -> tuple[str, str]:
    """Status (ok, caution, unusable) and the why, worst finding first."""
    order = ("unusable", "caution", "note")
    ranked = sorted(findings, key=lambda finding: order.index(finding.level))
    status = ranked[0].level if ranked and ranked[0].level != "note" else "ok"
    return status, WHY_SEPARATOR.join(f"{finding.code}: {finding.text}" for finding in ranked)


def h2_findings(
    *,
    h2: float,
    h2_se: float,
    intercept: float,
    intercept_se: float,
    ratio: float,
    mean_chi2: float,
    n_snps: int,
    n_blocks: int,
    maf_correlation: float,
    liability_factor: float = float("nan"),
    available: Mapping[str, int] | None = None,
) -> list[Finding]:
    """What to know about a heritability.

    Parameters
    ----------
    h2, h2_se, intercept, intercept_se, ratio, mean_chi2, n_snps, n_blocks
        The estimates; ``intercept_se`` is NaN for a fixed intercept.
    maf_correlation
        Of the study's minor allele frequencies with the reference's; NaN where they are not known.
    liability_factor
        h2 on the liability scale over ``h2``; NaN where the trait has no prevalences.
    available
        See :func:`count_findings`.
    """
    found = []
    if not h2 > 0:
        found.append(
            Finding("unusable", "negative h2", f"h2 is {h2:.4g} (SE {h2_se:.2g}); the study is too small, or N or the "
                    "LD reference do not fit; no correlation or enrichment can rest on it")
        )  # fmt: skip
    elif h2 < WEAK_H2_Z * h2_se:
        found.append(
            Finding("caution", "weak power", f"h2 is {h2 / h2_se:.1f} SE from zero; genetic correlations and "
                    f"enrichments want {WEAK_H2_Z:.0f} and more: use a larger study")
        )  # fmt: skip
    found += h2_size_findings(h2, h2_se, liability_factor)
    found += intercept_findings(intercept, intercept_se, ratio, mean_chi2, n_snps)
    if np.isfinite(maf_correlation) and maf_correlation < MAF_CORRELATION_EXPECTED:
        found.append(
            Finding("caution", "frequencies differ", f"allele frequencies correlate {maf_correlation:.2f} with the LD "
                    "reference: another ancestry, or the frequency column is not the effect allele's; use LD scores "
                    "of the study's ancestry")
        )  # fmt: skip
    return found + count_findings(n_snps, n_blocks, available)


def h2_size_findings(h2: float, h2_se: float, liability_factor: float = float("nan"), of: str = "") -> list[Finding]:
    """What to know about a heritability above 1.

    Parameters
    ----------
    h2, h2_se
        On the observed scale.
    liability_factor
        See :func:`h2_findings`: where it is known, the liability scale decides.
    of
        " of <name> ..." where there are several traits.
    """
    factor = liability_factor if np.isfinite(liability_factor) else 1.0
    value, se = h2 * factor, h2_se * factor
    if h2 > IMPOSSIBLE_H2:
        return [
            Finding("unusable", "impossible h2", f"h2{of} is {h2:.4g}: N, Z or the LD scores are not what they seem; check "
                    "the columns of the GWAS and its largest chi2")
        ]  # fmt: skip
    if not value > 1:
        return []
    scale = "" if factor == 1.0 else " on the liability scale"
    prevalences = "check the prevalences" if scale else "if cases are ascertained give --samp-prev and --pop-prev"
    if value - 1 > BEYOND_ERROR_Z * se:
        return [
            Finding("unusable", H2_ABOVE_1, f"h2{of}{scale} is {value:.4g} (SE {se:.2g}), above 1 beyond its error: N "
                    "may be too small in the file (half an effective N, one cohort's N), or Z or the LD scores are not "
                    f"what they seem; check the columns of the GWAS; {prevalences}")
        ]  # fmt: skip
    return [
        Finding("caution", H2_ABOVE_1, f"h2{of}{scale} is {value:.4g} (SE {se:.2g}): N may be too small in the file "
                f"(half an effective N, one cohort's N); {prevalences}")
    ]  # fmt: skip


def removed_outlier_findings(limit: float, n_removed: int, n_snps: int, excess_share: float) -> list[Finding]:
    """What to know of SNPs left out for their chi2.

    Parameters
    ----------
    limit
        chi2 from which they were left out.
    n_removed, n_snps
        Of them, and of those that stayed.
    excess_share
        Share of the sum of chi2 - 1 that went with them.
    """
    if not n_removed:
        return []
    much = excess_share > MUCH_EXCESS or n_removed > MANY_REMOVED * (n_removed + n_snps)
    one = n_removed == 1
    return [
        Finding("caution" if much else "note", "large chi2 left out", f"{counted(n_removed, 'SNP')} with a chi2 of "
                f"{limit:.4g} and more {'is' if one else 'are'} not in the regression, and with {'it' if one else 'them'} "
                f"{100 * excess_share:.0f}% of the inflation: what {'this locus adds' if one else 'these loci add'} "
                "is missing from h2; compare with a larger --chisq-max")
    ]  # fmt: skip


def first_step_findings(cutoff: float, n_above: int, n_snps: int) -> list[Finding]:
    """What to know of a two-step fit whose first step leaves out many SNPs.

    Where a polygenic trait has so large a study that many SNPs exceed the cutoff, those of much LD do so most often: the
    line through the rest is too flat, its intercept too high, and h2 too low (benchmarks/calibration.py, N 20,000).  The
    cutoff is made for few strong loci.
    """
    if n_above <= MANY_REMOVED * n_snps:
        return []
    return [
        Finding("caution", "two-step cutoff", f"{100 * n_above / n_snps:.1f}% of the SNPs have a chi2 of {cutoff:g} and "
                "more and do not set the intercept: in a polygenic trait that makes it too high and h2 too low; compare "
                "with --one-step")
    ]  # fmt: skip


def outlier_limit(max_n: float) -> float:
    """chi2 above which single loci weigh much, LDSC's limit of its stratified fits."""
    return max(OUTLIER_PER_N * max_n, OUTLIER_CHI2)


def intercept_findings(
    intercept: float, intercept_se: float, ratio: float, mean_chi2: float, n_snps: int, of: str = ""
) -> list[Finding]:
    """What to know about an h2 intercept from so many SNPs; ``of`` names the trait where there are several."""
    found = []
    if mean_chi2 < IMPOSSIBLE_MEAN_CHI2:
        found.append(
            Finding("unusable", "impossible chi2", f"mean chi2{of} is {mean_chi2:.3g}, chance alone gives 1: a standard "
                    "deviation was taken for a standard error, or another column for Z; munge again")
        )  # fmt: skip
    elif mean_chi2 < LOW_MEAN_CHI2:
        found.append(
            Finding("caution", "low mean chi2", f"mean chi2{of} is {mean_chi2:.3f}; below {LOW_MEAN_CHI2} there is "
                    "hardly a signal to regress")
        )  # fmt: skip
    if not np.isfinite(intercept_se):
        text = f"intercept{of} held at {intercept:g}: confounding, if there is any, counts as h2"
        return [*found, Finding("note", "fixed intercept", text)]
    if not mean_chi2 > 1:
        found.append(Finding("note", "no ratio", f"mean chi2{of} is not above 1"))
    if intercept < 1 - 2 * intercept_se and n_snps >= VERY_FEW_SNPS:  # of fewer the error itself is not known
        found.append(
            Finding("caution", "intercept below 1", f"{intercept:.3f} (SE {intercept_se:.3f}){of}: the study was "
                    "probably corrected by genomic control; h2 is then too low")
        )  # fmt: skip
    elif intercept > 1 + 2 * intercept_se and ratio > HIGH_RATIO:
        found.append(
            Finding("caution", "confounding", f"the intercept{of} takes {100 * ratio:.0f}% of the inflation: "
                    "stratification, relatedness, or LD scores of another population")
        )  # fmt: skip
    return found


def held_gcov_intercept(value: float) -> Finding:
    """What to know about a genetic covariance whose intercept is not fitted."""
    text = f"gcov intercept held at {value:g}: overlap, if it is another, biases rg"
    return Finding("note", "fixed gcov intercept", text)


def count_findings(n_snps: int, n_blocks: int, available: Mapping[str, int] | None = None) -> list[Finding]:
    """What to know about the number of SNPs and of jackknife blocks.

    Parameters
    ----------
    n_snps, n_blocks
        In the regression.
    available
        SNPs of each file that the regression could have used, by the file's name: whether SNPs were lost on the way, or
        never were there.  None where it is not known.
    """
    found = []
    if n_snps < FEW_SNPS:
        level: Level = "unusable" if n_snps < VERY_FEW_SNPS else "caution"
        text = (
            f"{n_snps:,} SNPs in the regression, {FEW_SNPS:,} and more are usual; {_why_few(n_snps, available or {})}"
        )
        found.append(Finding(level, "few SNPs", text))
    if n_blocks < FEW_BLOCKS:
        found.append(Finding("caution", "few blocks", f"{n_blocks} jackknife blocks: standard errors are rough"))
    elif VERY_FEW_SNPS <= n_snps < SHORT_BLOCK * n_blocks:
        found.append(
            Finding("caution", "short blocks", f"{n_blocks:,} jackknife blocks of {n_snps / n_blocks:.0f} SNPs: LD reaches "
                    "from block to block, so that standard errors are too small; use fewer with --n-blocks, 200 are usual")
        )  # fmt: skip
    return found


def _why_few(n_snps: int, available: Mapping[str, int]) -> str:
    smallest = min(available, key=lambda name: available[name], default="")
    if not smallest or available[smallest] >= FEW_SNPS:
        return "check the losses step by step"
    count = available[smallest]
    if n_snps >= HARDLY_LOST * count:
        return f"{'none' if count == n_snps else 'hardly any'} was lost: {smallest} has {count:,}"
    return f"{smallest} has {count:,}, and {100 * (1 - n_snps / count):.0f}% of them are lost: check the steps"


def correlation_findings(
    rg: float,
    rg_se: float,
    heritabilities: Sequence[tuple[str, float, float]],
    n_bad_deletes: int,
    n_blocks: int,
    *,
    where: str,
    bounded: bool = True,
) -> list[Finding]:
    """What to know about a genetic correlation from the numbers it is made of.

    Parameters
    ----------
    rg, rg_se
        NaN where it is not defined.
    heritabilities
        Name, h2 and its z of both traits.
    n_bad_deletes, n_blocks
        Jackknife samples in which a heritability is not positive, of so many.
    where
        Behind "h2 of <name>": "on these SNPs", "in this category".
    bounded
        Whether to speak of a correlation outside -1 to 1.
    """
    found = []
    for name, value, z in heritabilities:
        if not value > 0:
            found.append(
                Finding("unusable", "negative h2", f"h2 of {name} {where} is {value:.4g}: no correlation is defined; the "
                        "genetic covariance still is")
            )  # fmt: skip
        elif z < WEAK_H2_Z:
            text = f"h2 of {name} {where} is {z:.1f} SE from zero, {WEAK_H2_Z:.0f} are wanted"
            found.append(Finding("caution", "weak power", text))
    if bounded and np.isfinite(rg) and abs(rg) > 1:
        found.append(
            Finding("caution", "rg outside ±1", f"{rg:.3f}: sampling error of a strong correlation, or of a weak h2; "
                    "report it as it is, with its SE")
        )  # fmt: skip
    if np.isfinite(rg) and not np.isfinite(rg_se):
        found.append(
            Finding("unusable", "no SE", f"the jackknife of {n_blocks} blocks has no standard error of this rg: too few "
                    "SNPs or blocks hold data of both; do not use it")
        )  # fmt: skip
    elif n_bad_deletes and np.isfinite(rg):
        found.append(
            Finding("caution", "SE by delta method", f"an h2 is not positive in {n_bad_deletes} of {n_blocks} "
                    "jackknife samples; the SE is from the joint covariance of h2 and gcov")
        )  # fmt: skip
    return found


def rg_findings(
    *,
    rg: float,
    rg_se: float,
    h2_z: tuple[float, float],
    h2: tuple[float, float],
    names: tuple[str, str],
    n_bad_deletes: int,
    n_blocks: int,
    n_snps: int,
    share_mismatched: float,
    same_data: bool = False,
    liability_factors: tuple[float, float] = (float("nan"), float("nan")),
    available: Mapping[str, int] | None = None,
) -> list[Finding]:
    """What to know about a genetic correlation of two traits on the SNPs they share.

    Parameters as in :func:`correlation_findings`, :func:`h2_findings` and :func:`count_findings`, where two are of either
    trait; ``same_data`` is whether their z scores are the same.
    """
    numbers = list(zip(names, h2, h2_z, strict=True))
    found = correlation_findings(
        rg, rg_se, numbers, n_bad_deletes, n_blocks, where="on these SNPs", bounded=not same_data
    )
    for name, value, z, factor in zip(names, h2, h2_z, liability_factors, strict=True):
        sizes = h2_size_findings(value, value / z if z else float("nan"), factor, f" of {name} on these SNPs")
        # A wrong N, M or prevalence scales h2 and leaves rg as it is: a warning, unless nothing fits.
        found += [replace(one, level="caution") if one.code == H2_ABOVE_1 else one for one in sizes]
    if same_data:
        found.append(
            Finding("caution", SAME_DATA, "both traits have the same z scores: the same file twice, or two names of "
                    "one study")
        )  # fmt: skip
    if share_mismatched > MANY_MISMATCHES:
        found.append(
            Finding("caution", "alleles differ", f"{100 * share_mismatched:.0f}% of the shared SNPs have other alleles "
                    "or an ambiguous strand; check build and allele columns")
        )  # fmt: skip
    return found + count_findings(n_snps, n_blocks, available)
