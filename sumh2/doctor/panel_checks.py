"""What an audit looks at beside a panel: effect allele, frequencies, alleles, palindromes, ancestry, build.

Distances between populations are Hudson's F_ST as a ratio of averages (Bhatia et al. 2013, Genome Research 23:1514).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.alleles import effect_signs
from sumh2.doctor.check import AuditCheck
from sumh2.doctor.columns import AuditColumns, unclear_alleles
from sumh2.gwas.alleles import FEWEST_FREQUENCIES, FrequencyComparison, compare_frequencies
from sumh2.gwas.header_names import EFFECT_FREQUENCIES, clean_header
from sumh2.gwas.headers import ColumnMap
from sumh2.gwas.panel import ANOTHER_BUILD, KnownVariants, allele_pairs, is_palindromic

#: Fewer rows tell nothing about a column.
_FEW = 100
#: Share of rows from which a fault is worth a caution.
_SHARE = 0.01
#: A share of positions that agree above which the build is told.
_BUILD_TOLD = 0.8
#: F_ST within a continent is mostly below this (1000 Genomes: European populations differ by up to 0.01).
_FAR = 0.02


def check_effect_allele(column_map: ColumnMap) -> AuditCheck | None:
    """How the effect allele was told."""
    if "A1" not in column_map.columns:
        return None
    column = column_map.columns["A1"]
    how = {
        "option": "named by an option", "header": "its header says so", "tool": f"as {column_map.tool} defines it",
        "frequency": "its frequency agrees with the panel", "convention": "only by LDSC's convention about A1",
    }.get(column_map.rule, "unknown")  # fmt: skip
    if column_map.rule != "convention":
        return AuditCheck("effect allele", "ok", f"{column}: {how}")
    return AuditCheck(
        "effect allele", "note", f"{column}: {how}; MungeSumstats would take the other",
        "look it up where the file comes from, or give --ld or --reference a panel with frequencies",
    )  # fmt: skip


def compare_with_panel(columns: AuditColumns, panel: KnownVariants | None) -> FrequencyComparison | None:
    """The effect allele's frequency beside the panel's; None where either is missing."""
    if panel is None or columns.eaf is None or columns.alleles is None or columns.places is None:
        return None
    compared = compare_frequencies(columns.eaf, *columns.alleles, panel, columns.places)
    return compared if compared.n_compared >= FEWEST_FREQUENCIES else None


def check_frequency(columns: AuditColumns, panel: KnownVariants | None) -> AuditCheck | None:
    """Whose frequency the column is: the correlation with the panel's frequency of A1 is positive, or A2's it is."""
    if columns.eaf is None:
        return None
    known = columns.eaf[np.isfinite(columns.eaf)]
    name = columns.name("EAF")
    if len(known) < FEWEST_FREQUENCIES:
        return None
    outside = float(np.mean((known < 0) | (known > 1)))
    if outside > _SHARE:
        return AuditCheck("frequency", "caution", f"{100 * outside:.0f}% of {name} are outside 0 to 1",
                          f"name the column of frequencies with --eaf, or leave it out with --ignore {name}")  # fmt: skip
    compared = compare_with_panel(columns, panel)
    if panel is None or compared is None:
        if len(known) >= _FEW and known.max() <= 0.5:
            # PLINK 1 counts the minor allele: then this is right.
            found = (
                f"{name} is never above 0.5: the effect allele is always the minor one, or this is not its frequency"
            )
            return AuditCheck(
                "frequency", "note", found, f"give a panel with --reference to tell; --maf {name} if it is not"
            )
        found = f"{name} between {known.min():.3g} and {known.max():.3g}; "
        if panel is None:
            return AuditCheck("frequency", "ok", found + "no panel to compare with")
        found += f"not compared: fewer than {FEWEST_FREQUENCIES} SNPs have alleles and a frequency in {panel.name}"
        return AuditCheck("frequency", "note", found, "give --reference or --ld with alleles and frequencies, e.g. a "
                          "tagging.parquet of ldscores build, to tell whose frequency it is")  # fmt: skip
    r = compared.correlation
    values = {"correlation": r, "n_compared": compared.n_compared}
    found = f"{name} correlates {r:+.3f} with the frequency of {columns.name('A1')} in {panel.name}"
    found += f" ({compared.n_compared} SNPs)"
    if compared.settled > 0:
        return AuditCheck("frequency", "ok", found, values=values)
    if compared.settled < 0:
        labelled = clean_header(name) in EFFECT_FREQUENCIES
        found += f": it is the frequency of the other allele, {columns.name('A2')}"
        advice = (
            "find out which of the two is wrong: if the effect is of the other allele, exchange --effect-allele and "
            "--other-allele; if only the column is the other allele's, nothing is flipped"
            + (" (it is headed as the effect allele's)" if labelled else "")
        )
        return AuditCheck("frequency", "caution", found, advice, values)
    if known.max() <= 0.5:
        return AuditCheck("frequency", "caution", f"{found}; it is never above 0.5: the minor allele's, not A1's",
                          f"say so with --maf {name}", values)  # fmt: skip
    if len(known) < _FEW:
        return AuditCheck("frequency", "note", found, values=values)
    return AuditCheck("frequency", "caution", f"{found}: of neither allele",
                      "check the column, the alleles, and that the panel is of this ancestry", values)  # fmt: skip


def check_alleles(columns: AuditColumns, panel: KnownVariants | None) -> AuditCheck | None:
    """Alleles that are no bases, and other alleles than the panel's."""
    if columns.alleles is None:
        return None
    unclear = unclear_alleles(*columns.alleles)
    share = float(np.mean(unclear))
    if panel is None or panel.alleles is None or panel.pairs is None or columns.places is None:
        found = f"{100 * share:.1f}% are no single bases (indels, codes)"
        return AuditCheck("alleles", "note" if share > 0.5 else "ok", found)
    known = (columns.places >= 0) & ~unclear
    if known.sum() < _FEW:
        return AuditCheck("alleles", "note", f"{int(known.sum())} SNPs in {panel.name}: too few to compare alleles",
                          "is the panel of the same variants, and are the names of one kind?")  # fmt: skip
    places = columns.places[known]
    a1, a2 = (codes[known] for codes in columns.alleles)
    panel_a1, panel_a2 = (codes[places] for codes in panel.alleles)
    theirs = panel.pairs[places]
    different = float(np.mean((allele_pairs(a1, a2) != theirs) & (theirs > 0)))
    clear = (effect_signs(a1, a2, panel_a1, panel_a2) != 0) & (theirs > 0)
    same = ((a1 == panel_a1) & (a2 == panel_a2)) | ((a1 == panel_a2) & (a2 == panel_a1))
    strand = float(np.mean(~same[clear])) if clear.any() else 0.0
    values = {"share_different": different, "share_other_strand": strand}
    found = f"{100 * different:.1f}% differ from {panel.name}, {100 * strand:.1f}% are on the other strand"
    if different > 0.05:
        return AuditCheck("alleles", "caution", found, "check the build, the columns of alleles and the panel", values)
    return AuditCheck("alleles", "ok", found, values=values)


def check_palindromes(columns: AuditColumns, panel: KnownVariants | None) -> AuditCheck | None:
    """A/T and C/G SNPs: how many, how many near 0.5, and on which strand their frequencies say they are."""
    if columns.alleles is None:
        return None
    a1, a2 = columns.alleles
    palindromic = is_palindromic(a1, a2)
    share = float(np.mean(palindromic))
    found = f"{100 * share:.1f}% A/T or C/G"
    if columns.eaf is None or not palindromic.any():
        return AuditCheck("palindromes", "ok", found, values={"share": share})
    eaf = columns.eaf[palindromic]
    near = float(np.mean(np.abs(eaf - 0.5) < 0.08))
    found += f", {100 * near:.0f}% of them with a frequency within 0.08 of 0.5"
    values = {"share": share, "share_near_half": near}
    if panel is None or panel.frequency is None or panel.alleles is None or columns.places is None:
        return AuditCheck("palindromes", "ok", found, values=values)
    compared = compare_with_panel(columns, panel)
    rows = np.flatnonzero(palindromic & (columns.places >= 0))
    expected = panel.frequency[columns.places[rows]]
    expected = np.where(a1[rows] == panel.alleles[0][columns.places[rows]], expected, 1 - expected)
    clear = (np.abs(expected - 0.5) > 0.15) & np.isfinite(columns.eaf[rows])
    if clear.sum() < _FEW or compared is None or compared.settled <= 0:
        return AuditCheck("palindromes", "ok", found, values=values)
    other = float(np.mean((columns.eaf[rows][clear] > 0.5) != (expected[clear] > 0.5)))
    values["share_other_strand"] = other
    found += f"; frequencies put {100 * other:.0f}% on the other strand than {panel.name}"
    if other > 0.1:
        advice = "leave them out of everything that needs signs (munge does)"
        return AuditCheck("palindromes", "caution", found, advice, values)
    return AuditCheck("palindromes", "ok", found, values=values)


def hudson_fst(study: NDArray[np.float64], panel: NDArray[np.float64], n_people: float = float("nan")) -> float:
    """Hudson's F_ST between a large study and a panel of ``n_people``, as a ratio of averages; NaN without variants.

    ``sum[(p1 - p2)^2 - p2 (1 - p2) / (2 n2 - 1)] / sum[p1 (1 - p2) + p2 (1 - p1)]``; the correction for the study's own
    sampling is neglected, and the panel's where its size is unknown.
    """
    correction = panel * (1 - panel) / (2 * n_people - 1) if np.isfinite(n_people) and n_people > 1 else 0.0
    below = np.sum(study * (1 - panel) + panel * (1 - study))
    return float(np.sum((study - panel) ** 2 - correction) / below) if len(study) and below > 0 else float("nan")


def check_ancestry(
    columns: AuditColumns, panel: KnownVariants | None, others: Sequence[tuple[KnownVariants, NDArray[np.int64]]] = ()
) -> AuditCheck | None:
    """Distance to the panels: the nearest should be the one that is used."""
    candidates = [(panel, columns.places)] if panel is not None else []
    distances: dict[str, float] = {}
    for each, places in (*candidates, *others):
        if each.frequency is None or columns.eaf is None or columns.alleles is None or places is None:
            continue
        compared = compare_frequencies(columns.eaf, *columns.alleles, each, places)
        if compared.n_compared >= _FEW:
            study = compared.study if compared.correlation >= 0 else 1 - compared.study
            if each.folded:
                # That A1 is the minor allele is an assumption: compare what does not hang on it.
                fold = np.minimum(study, 1 - study)
                distances[each.name] = hudson_fst(fold, np.minimum(compared.panel, 1 - compared.panel), each.n_people)
            else:
                distances[each.name] = hudson_fst(study, compared.panel, each.n_people)
    if not distances:
        return None
    nearest = min(distances, key=distances.__getitem__)
    found = "F_ST " + ", ".join(
        f"{value:.4f} to {name}" for name, value in sorted(distances.items(), key=lambda x: x[1])
    )
    values = {f"fst_{name}": value for name, value in distances.items()}
    used = panel.name if panel is not None and panel.name in distances else nearest
    if used != nearest and distances[used] > distances[nearest] + 0.002:
        return AuditCheck("ancestry", "caution", found, f"use {nearest}, which is nearer than {used}", values)
    if distances[nearest] > _FAR:
        return AuditCheck("ancestry", "caution", f"{found}: far from all",
                          "use LD scores of the study's ancestry, or of its mixture", values)  # fmt: skip
    return AuditCheck("ancestry", "ok", found, values=values)


def check_build(columns: AuditColumns, panel: KnownVariants | None) -> AuditCheck | None:
    """The build of the positions, from SNPs whose name the panel knows."""
    stated = columns.gwas.column_map.stated.get("build", "")
    if panel is None or columns.bp is None or columns.places is None or not panel.positions:
        return AuditCheck("build", "ok", f"{stated}, as stated beside the file") if stated else None
    known = (columns.places >= 0) & (columns.bp > 0)
    if known.sum() < FEWEST_FREQUENCIES:
        return None
    mine, places = columns.bp[known], columns.places[known]
    shares = {build: float(np.mean(bp[places] == mine)) for build, bp in panel.positions.items()}
    shifted = max(float(np.mean(bp[places] == mine + 1)) for bp in panel.positions.values())
    values = {f"share_{build}": share for build, share in shares.items()}
    best = max(shares, key=shares.__getitem__)
    found = ", ".join(f"{100 * share:.1f}% of positions as in {build}" for build, share in shares.items())
    found = found.replace("its build", f"{panel.name}")
    if shifted > _BUILD_TOLD:
        found = f"{100 * shifted:.0f}% of positions are one less than in {panel.name}: counted from 0"
        return AuditCheck("build", "caution", found, "add 1 to the positions before matching by position", values)
    if stated and shares[best] > _BUILD_TOLD and best.startswith("hg") and best != stated:
        found += f", but {stated} is stated beside the file"
        return AuditCheck("build", "caution", found, "trust the positions", values)
    if shares[best] < ANOTHER_BUILD:
        advice = "match by name (the default), or lift over: --match-by position --liftover CHAIN"
        return AuditCheck("build", "caution", f"{found}: another build", advice, values)
    return AuditCheck("build", "ok", found, values=values)
