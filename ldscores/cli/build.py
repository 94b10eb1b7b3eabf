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


@command(group="Panels")
def build(
    *,
    bfile: str,
    out: str,
    model: str = "gcta",
    window_cm: float | None = None,
    window_kb: float | None = None,
    window_snps: int | None = None,
    ldsc_windows: bool = False,
    alphas: str | None = None,
    power: float | None = None,
    annot: str | None = None,
    annotation_prefix: str | None = None,
    annotation_number: int | None = None,
    partition_prefix: str | None = None,
    partition_number: int | None = None,
    background: bool | None = None,
    all_one: bool = True,
    weights: str | None = None,
    thin: str | None = None,
    hwe_stand: bool = True,
    maf: float = 0.0,
    keep: str | None = None,
    remove: str | None = None,
    extract: str | None = None,
    exclude: str | None = None,
    genetic_map: str | None = None,
    regression_snps: str | None = None,
    covar: str | None = None,
    raw_r2: bool = False,
    conventions: Literal["preset", "ldsc", "ldak"] = "preset",
    format: Literal["tagging", "ldsc", "ldak"] = "tagging",
    double: bool | None = None,
    threads: int | None = None,
    memory: float = 2.0,
    scheduler: str | None = None,
) -> str:
    """Compute LD scores and taggings of a reference panel, for all models and annotations in one sweep.

    Parameters
    ----------
    bfile : str
        PLINK 1 panel (.bed, .bim, .fam): a prefix, a folder, or a path with @ or {chr} for the chromosome.
    out : str
        Stem of the files written; with several models, .<model> is added. With @ and --format ldsc, one set per
        chromosome. Work in progress lies in <out>.parts; the same command started again goes on from there.
    model : str
        Heritability models, separated by commas: gcta, human-default, ldak, ldak-thin, bld-ldak, bld-ldak+alpha,
        baseline-ld, alpha, own.
    window_cm : float
        Largest distance of neighbours in centimorgans. One of the three windows; by default that of the first model's
        publication: 1 cM for gcta and baseline-ld, 1000 kb for LDAK's models.
    window_kb : float
        The same in kilobases.
    window_snps : int
        The same in SNPs.
    ldsc_windows : bool
        Enlarge windows to chunks of 50 SNPs as LDSC does, for its very numbers; by default windows are exact.
    alphas : str
        Grid of alpha, e.g. --alphas=-1:0.5:0.05; adds the model alpha unless one with a grid is named.
    power : float
        Replaces the alpha of the models.
    annot : str
        Annotations in LDSC's format, with @ for the chromosome; several sets are separated by commas.
    annotation_prefix : str
        Annotations in LDAK's format: files <prefix>1, <prefix>2, ...
    annotation_number : int
        How many of them; by default as many as there are.
    partition_prefix : str
        Partitions in LDAK's format; no base category is added.
    partition_number : int
        How many of them.
    background : bool
        Whether SNPs outside all partitions make a category of their own.
    all_one : bool
        Whether a SNP of several partitions counts fully in each.
    weights : str
        LDAK weightings (weights.short of: ldscores weights).
    thin : str
        SNPs kept after thinning (thin.in of: ldscores thin).
    hwe_stand : bool
        Take the variance of a SNP from its frequency, 2f(1-f); otherwise the observed one.
    maf : float
        Leave out SNPs whose minor allele frequency is not above this.
    keep : str
        File of people to keep: FID IID, or IID alone.
    remove : str
        File of people to leave out.
    extract : str
        File of SNPs to keep.
    exclude : str
        File of SNPs to leave out.
    genetic_map : str
        Genetic map for centimorgans, with @ for the chromosome; by default those of the .bim.
    regression_snps : str
        File of the SNPs that get a row, e.g. HapMap3; all SNPs stay reference SNPs.
    covar : str
        Covariates to regress out of the genotypes (FID IID PC1 ...), for admixed panels as in cov-LDSC.
    raw_r2 : bool
        Add up r2 as it is, without the correction for the number of people.
    conventions : str
        Whose rules say which SNPs are used; by default those of the first model.
    format : str
        Our own tagging.parquet, LDSC's .l2.ldscore.gz with .l2.M, or LDAK's .tagging.
    double : bool
        Double precision throughout; by default where LDSC's or LDAK's printed digits are asked for.
    threads : int
        Cores to use; all by default.
    memory : float
        Bound on the genotypes held at a time, in GB.
    scheduler : str
        Address of a Dask scheduler that gets the chromosomes; 'local' starts a cluster on this machine.

    Examples
    --------
    ldscores build --bfile eur@ --model gcta --window-cm 1 --out eur.gcta

    ldscores build --bfile eur@ --model gcta,human-default --alphas=-1:0.5:0.05 --window-cm 1 --out eur

    ldscores build --bfile eur@ --annot baseline.@ --model own --ldsc-windows --format ldsc --out baseline_scores.@
    """
    given = dict(locals())
    from ldscores.build_files import add_covariates, build_to_files, find_models, plan_build
    from ldscores.heritability_models import parse_models
    from ldscores.plink_files import read_panel

    settings = {name: value for name, value in given.items() if value is not None}
    models = parse_models(model, alphas)
    options = plan_build(
        models, window_cm=window_cm, window_kb=window_kb, window_snps=window_snps, ldsc_windows=ldsc_windows, maf=maf,
        conventions=conventions, raw_r2=raw_r2, regression_snps=regression_snps, threads=threads, memory=memory,
        double=format != "tagging" or ldsc_windows if double is None else double,
    )  # fmt: skip
    panel = read_panel(
        bfile, keep=keep, remove=remove, extract=extract, exclude=exclude, genetic_map=genetic_map,
        conventions=options.conventions,
    )  # fmt: skip
    files = find_models(
        panel, models, annot=annot, annotation_prefix=annotation_prefix, annotation_number=annotation_number,
        partition_prefix=partition_prefix, partition_number=partition_number, background=background, all_one=all_one,
        weights=weights, thin=thin, power=power, hwe_stand=hwe_stand,
    )  # fmt: skip
    written = build_to_files(
        panel, files, add_covariates(options, covar, panel), out, file_format=format, scheduler=scheduler,
        settings=settings,
    )  # fmt: skip
    more = f" and {len(written) - 1} more files" if len(written) > 1 else ""
    return f"{written[0]}{more}"


COMMANDS = (build, convert, show)


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
