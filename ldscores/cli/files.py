"""`ldscores convert`, `merge` and `show`: files of LD scores and taggings."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ldscores.shared.command_line import command

if TYPE_CHECKING:
    from ldscores.taggings.tagging_summary import TaggingSummary


log = logging.getLogger(__name__)


@command(group="Files")
def convert(
    ld_scores: str,
    *,
    out: str,
    w_ld: str | None = None,
    format: Literal["tagging", "ldsc"] = "tagging",
) -> str:
    """Turn LD scores as published into one file that is read in a moment, or back into LDSC's files.

    Parameters
    ----------
    ld_scores : str
        A tagging.parquet file; or LD scores of LDSC (.l2.ldscore, plain, gz, bz2, xz, zst or Parquet) or PLINK 2
        (.ldscore): a file, a folder, a prefix, or a path with @ or {chr} for the chromosome. Several sets of the same
        SNPs are separated by commas.
    out : str
        For "tagging", the file to write; .tagging.parquet is added if it lacks. For "ldsc", the prefix; with @, one
        file per chromosome is written.
    w_ld : str
        LD scores with the regression SNPs for the weights, named in the same way; they are stored in the tagging, so
        that fits need no --w-ld.
    format : str
        What to write: our own tagging.parquet with all digits, or LDSC's .l2.ldscore.gz, .l2.M and .l2.M_5_50 with
        three decimals and LDSC's names of columns, L2 or <name>L2.

    Examples
    --------
    ldscores convert eur_w_ld_chr/ --w-ld weights.hm3_noMHC. --out eur.tagging.parquet

    ldscores convert baseline.@,cell_types.@ --w-ld weights.@ --out baseline_and_cells

    ldscores convert eur.tagging.parquet --format ldsc --out eur.@
    """
    from dataclasses import replace

    from ldscores.shared.errors import OptionError
    from ldscores.taggings.ld_score_files import ldsc_names, write_ldsc_ld_scores
    from ldscores.taggings.tagging_files import OWN_SUFFIX, read_tagging, write_tagging

    if format == "ldsc":
        if w_ld is not None:
            raise OptionError(
                "--w-ld: LDSC keeps regression weights in files of their own; expected none with --format ldsc; "
                f"write them with: ldscores convert {w_ld} --format ldsc --out ..."
            )
        tagging = read_tagging(ld_scores)
        written = write_ldsc_ld_scores(replace(tagging, names=ldsc_names(tagging.names)), out)
    else:
        tagging = read_tagging(ld_scores, w_ld)
        written = [Path(out if out.endswith(OWN_SUFFIX) else out + OWN_SUFFIX)]
        write_tagging(written[0], tagging, options={"ld_scores": ld_scores, "w_ld": w_ld})
    more = f" and {len(written) - 1} more files" if len(written) > 1 else ""
    return f"{written[0]}{more}: {tagging.counts}"


@command(group="Files")
def merge(*taggings: str, out: str, along: Literal["auto", "snps", "categories"] = "auto") -> str:
    """Merge taggings: chromosomes or shards below each other, models side by side.

    Totals, overlaps and LDAK's sums are added over the parts of one panel.  Side by side the overlap between the files is
    not known: without it there are no shares, enrichments and tau*, which want one build of all annotations.

    Parameters
    ----------
    taggings
        Two or more: .tagging.parquet, LDSC's or LDAK's files.
    out
        File to write; .tagging.parquet is added if it lacks, a name that ends in .tagging is written as LDAK does.
    along
        snps puts different SNPs below each other, categories puts models of the same SNPs side by side; by default told
        from the SNPs.

    Examples
    --------
    ldscores merge eur.1.tagging.parquet eur.2.tagging.parquet --out eur.tagging.parquet
    ldscores merge gcta.tagging.parquet bld.tagging.parquet --out both.tagging.parquet
    """
    from ldscores.shared.errors import UsageError
    from ldscores.taggings.ldak_tagging_files import write_ldak_tagging
    from ldscores.taggings.merge import merge_taggings
    from ldscores.taggings.tagging_files import OWN_SUFFIX, read_tagging, write_tagging

    if len(taggings) < 2:
        raise UsageError(f"merge: found {len(taggings)} file, expected two or more; name the others")
    parts = [read_tagging(name) for name in taggings]
    merged = merge_taggings(parts, along)
    if merged.overlap is None and all(part.overlap is not None for part in parts):
        log.warning(
            "the overlap between the categories of these files is not known and left out: no shares, enrichments and tau*; "
            "for these build one tagging of all annotations together"
        )
    if out.endswith(".tagging"):
        write_ldak_tagging(out, merged)
        return f"{out}: {merged.counts}"
    path = Path(out if out.endswith(OWN_SUFFIX) else out + OWN_SUFFIX)
    write_tagging(path, merged, options={"taggings": list(taggings), "along": along})
    return f"{path}: {merged.counts}"


@command(group="Files")
def show(ld_scores: str, *, w_ld: str | None = None) -> TaggingSummary:
    """Say what is in LD scores or a tagging: SNPs, chromosomes, categories, totals, spread, what may go wrong.

    Parameters
    ----------
    ld_scores : str
        A tagging.parquet file, or LD scores as in 'ldscores convert'.
    w_ld : str
        LD scores with the regression SNPs for the weights, to see how many SNPs have one.

    Examples
    --------
    ldscores show eur_w_ld_chr/

    ldscores show eur.tagging.parquet
    """
    from ldscores.taggings.tagging_files import read_tagging
    from ldscores.taggings.tagging_summary import summarise_tagging

    return summarise_tagging(read_tagging(ld_scores, w_ld))
