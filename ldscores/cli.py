"""The ``ldscores`` command line: load, call, save, print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ldscores import __version__
from ldscores.shared.command_line import command, run_commands

if TYPE_CHECKING:
    from ldscores.tagging_summary import TaggingSummary

# What a command needs is imported inside it, so that --help does not wait for numpy and Arrow.


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
        three decimals.

    Examples
    --------
    ldscores convert eur_w_ld_chr/ --w-ld weights.hm3_noMHC. --out eur.tagging.parquet

    ldscores convert baseline.@,cell_types.@ --w-ld weights.@ --out baseline_and_cells

    ldscores convert eur.tagging.parquet --format ldsc --out eur.@
    """
    from ldscores.ld_score_files import write_ldsc_ld_scores
    from ldscores.shared.errors import InputError
    from ldscores.tagging_files import OWN_SUFFIX, read_tagging, write_tagging

    if format == "ldsc":
        if w_ld is not None:
            raise InputError(
                "--w-ld: LDSC keeps regression weights in files of their own; expected none with --format ldsc; "
                f"write them with: ldscores convert {w_ld} --format ldsc --out ..."
            )
        tagging = read_tagging(ld_scores)
        written = write_ldsc_ld_scores(tagging, out)
    else:
        tagging = read_tagging(ld_scores, w_ld)
        written = [Path(out if out.endswith(OWN_SUFFIX) else out + OWN_SUFFIX)]
        write_tagging(written[0], tagging, options={"ld_scores": ld_scores, "w_ld": w_ld})
    more = f" and {len(written) - 1} more files" if len(written) > 1 else ""
    return f"{written[0]}{more}: {tagging.counts}"


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
    from ldscores.tagging_files import read_tagging
    from ldscores.tagging_summary import summarise_tagging

    return summarise_tagging(read_tagging(ld_scores, w_ld))


COMMANDS = (convert, show)


def main() -> None:
    """Run the command named on the command line."""
    run_commands(
        "ldscores",
        summary="Reference panels to LD scores and taggings, under any heritability model.",
        commands=COMMANDS,
        version=__version__,
    )


if __name__ == "__main__":
    main()
