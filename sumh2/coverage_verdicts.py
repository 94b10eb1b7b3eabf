"""What the SNPs behind a heritability cover: chromosomes, alleles, and reference SNPs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ldscores.shared.messages import in_runs
from sumh2.verdicts import MANY_MISMATCHES, Finding, Level, outlier_limit

#: Stands for the chromosome where a tagging names none, as LDAK's.
UNKNOWN_CHROMOSOME = "NA"
#: Chromosomes without a SNP of the study that hold less of the LD scores are worth a note (X holds 3 to 5%).
MUCH_MISSING = 0.1


def coverage_findings(
    *,
    study_chromosomes: Collection[str],
    reference_chromosomes: Mapping[str, int],
    share_mismatched: float,
    m: float,
    n_snps: int,
    max_chi2: float,
    max_n: float,
    outliers_removed: bool,
    reference_notes: Sequence[str] = (),
) -> list[Finding]:
    """What to know of the SNPs behind a heritability; chromosomes as in :func:`chromosome_findings`."""
    found = chromosome_findings(study_chromosomes, reference_chromosomes)
    found += [Finding("caution", "LD scores incomplete", note) for note in reference_notes if "LD scores cover" in note]
    if share_mismatched > MANY_MISMATCHES:
        found.append(
            Finding("caution", "alleles differ", f"{100 * share_mismatched:.0f}% of the SNPs have other alleles than "
                    "the LD reference; check build and allele columns")
        )  # fmt: skip
    if m < n_snps / 2:
        found.append(
            Finding("caution", "few reference SNPs", f"M is {m:,.0f}, less than half of the {n_snps:,} regression SNPs; "
                    "h2 is in proportion to M: check --m and the .l2.M files")
        )  # fmt: skip
    limit = outlier_limit(max_n)
    if max_chi2 > limit and not outliers_removed:
        level: Level = "caution" if max_chi2 > 5 * limit else "note"
        found.append(
            Finding(level, "outliers", f"the largest chi2 is {max_chi2:,.0f}; compare with --chisq-max {limit:.0f}, which "
                    "leaves out what single loci add")
        )  # fmt: skip
    return found


def chromosome_findings(study: Collection[str], reference: Mapping[str, int]) -> list[Finding]:
    """What the chromosomes of the study and of the LD scores say of M, and so of h2.

    M counts the reference SNPs of every chromosome of the LD scores.  Where the study has SNPs on some of them only, its
    h2 takes the others to have as much heritability per SNP.

    Parameters
    ----------
    study
        Chromosomes with regression SNPs.
    reference
        Those of the LD scores, in order, with the number of SNPs of each.
    """
    if set(reference) == {UNKNOWN_CHROMOSOME}:
        return []
    return _reference_findings(list(reference)) + _study_findings(study, reference)


def _reference_findings(chromosomes: Sequence[str]) -> list[Finding]:
    """LD scores of a part of the genome: of one chromosome, or of numbers with many left out before the last."""
    if len(chromosomes) == 1:
        text = f"the LD scores are of chromosome {chromosomes[0]} alone, so is the h2: it is that of the chromosome, "
        return [Finding("caution", "one chromosome", f"{text}not of the trait")]
    numbers = {int(bare) for name in chromosomes if (bare := name.lower().removeprefix("chr")).isdecimal()}
    if len(numbers) >= (1 - MUCH_MISSING) * max(numbers, default=0):
        return []
    text = (f"the LD scores are of chromosomes {in_runs(chromosomes)} alone, so is the h2: it is that of "
            "these chromosomes, not of the trait")  # fmt: skip
    return [Finding("caution", "some chromosomes", text)]


def _study_findings(study: Collection[str], reference: Mapping[str, int]) -> list[Finding]:
    covered = [name for name in reference if name in study]
    missing = [name for name in reference if name not in study]
    if not missing or not covered:
        return []
    share = sum(reference[name] for name in missing) / sum(reference.values())
    if share <= MUCH_MISSING:
        text = (f"no SNP is on {in_runs(missing)} of the LD scores, {100 * share:.0f}% of their SNPs: M "
                "counts them, so h2 takes them to have as much h2 per SNP")  # fmt: skip
        return [Finding("note", "chromosomes missing", text)]
    every = "both" if len(reference) == 2 else f"all {len(reference)}"
    own = f"chromosome {covered[0]} alone give its" if len(covered) == 1 else f"these {len(covered)} alone give their"
    text = (f"SNPs are on {len(covered)} of the {len(reference)} chromosomes of the LD scores "
            f"({in_runs(covered)}): M is of all, so h2 stands for {every}, as if the others had "
            f"as much h2 per SNP; LD scores of {own} own h2")  # fmt: skip
    return [Finding("caution", "chromosomes missing", text)]
