"""`ldscores build`: LD scores and taggings of a reference panel."""

from __future__ import annotations

from typing import Literal

from ldscores.cli.loading import check_out, read_chosen_panel
from ldscores.shared.command_line import command


@command(group="Panels")
def build(
    *,
    bfile: str | None = None,
    pfile: str | None = None,
    out: str,
    model: str = "gcta",
    alphas: str | None = None,
    power: float | None = None,
    window_cm: float | None = None,
    window_kb: float | None = None,
    window_snps: int | None = None,
    ld_blocks: str | None = None,
    ldsc_windows: bool = False,
    genetic_map: str | None = None,
    annot: str | None = None,
    annotation_prefix: str | None = None,
    annotation_number: int | None = None,
    partition_prefix: str | None = None,
    partition_number: int | None = None,
    background: bool | None = None,
    all_one: bool = True,
    cts_bin: str | None = None,
    cts_breaks: str | None = None,
    cts_names: list[str] | None = None,
    base: bool | None = None,
    pq_exp: float | None = None,
    weights: str | None = None,
    thin: str | None = None,
    hwe_stand: bool = True,
    keep: str | None = None,
    remove: str | None = None,
    extract: str | None = None,
    exclude: str | None = None,
    maf: float = 0.0,
    regression_snps: str | None = None,
    conventions: Literal["preset", "ldsc", "ldak"] = "preset",
    covar: str | None = None,
    raw_r2: bool = False,
    min_cor: float = 0.0,
    double: bool | None = None,
    format: Literal["tagging", "ldsc", "ldak"] = "tagging",
    save_matrix: bool = False,
    threads: int | None = None,
    memory: float = 2.0,
    scheduler: str | None = None,
) -> str:
    """Compute LD scores and taggings of a reference panel, for all models and annotations in one sweep.

    Flags are listed in this order: panel and output; models; windows; annotations; SNP weights; people and SNPs; r2;
    file format; resources.

    Parameters
    ----------
    bfile
        PLINK 1 panel (.bed, .bim, .fam): a prefix, a folder, or a path with @ or {chr} for the chromosome.
    pfile
        PLINK 2 panel (.pgen, .pvar, .psam) instead, named in the same way; hard calls are read. Needs the extra [pgen].
    out
        Stem of the files written; with several models, .<model> is added. With @ and --format ldsc, one set per
        chromosome. Work in progress lies in <out>.parts; the same command started again goes on from there.
    model
        Heritability models, separated by commas: gcta, human-default, ldak, ldak-thin, ldak-thin-extract, bld-ldak,
        bld-ldak+alpha, baseline-ld, alpha, own (the annotations given, and a base).
    alphas
        Grid of alpha, first:last:step or a list, e.g. --alphas=-1:0.5:0.05; adds the model alpha unless one with a
        grid is named.
    power
        alpha of all models, instead of their own; -1 weighs all SNPs alike.
    window_cm
        Largest distance of neighbours in centimorgans, the distance itself included. One of the three windows; by
        default that of the first model's publication: 1 cM for gcta and baseline-ld, 1000 kb for all others.
    window_kb
        The same in kilobases.
    window_snps
        The same in SNPs on each side.
    ld_blocks
        BED file of blocks: the neighbours of a SNP are those of its block. With --raw-r2 these are the very LD scores
        of what `sumh2 simulate` draws with the same blocks.
    ldsc_windows
        Enlarge windows to chunks of 50 SNPs as LDSC does, for its very numbers; by default windows are exact.
    genetic_map
        Genetic map for centimorgans, with @ for the chromosome; by default those of the .bim or .pvar.
    annot
        Annotations in LDSC's format (.annot, plain, gz, bz2, xz, zst or Parquet; with or without CHR BP SNP CM), with @
        for the chromosome; several sets are separated by commas.
    annotation_prefix
        Annotations in LDAK's format: files <prefix>1, <prefix>2, ...
    annotation_number
        How many of them; by default as many as there are.
    partition_prefix
        Partitions in LDAK's format; no base category is added.
    partition_number
        How many of them; by default as many as there are.
    background
        Whether SNPs outside all partitions make a category of their own (or have no heritability); asked for where there
        are such SNPs.
    all_one
        Whether a SNP of several partitions counts fully in each; otherwise in equal shares.
    cts_bin
        Files SNP VALUE without a header, separated by commas: each value is cut into bins, and every combination of
        bins is an annotation, as in LDSC. Goes with --model own and --cts-breaks; no base category is added.
    cts_breaks
        Cuts of each file of --cts-bin: numbers separated by commas, files by x, N for minus, e.g. 0.05,0.2xN1,10.
    cts_names
        Names of the variables of --cts-bin, separated by commas; by default ANNOT0, ANNOT1, ...
    base
        Whether --model own adds a category of all SNPs where the annotations have none; by default yes, except with
        --cts-bin and --pq-exp. LDSC never adds one: use --no-base to repeat its files.
    pq_exp
        Multiply the columns of --model gcta or own by [p(1-p)]^a with this a, p the minor allele frequency, as LDSC;
        1 is LDSC's --per-allele. No base category is added.
    weights
        LDAK weightings (weights.short of: ldscores weights), for ldak and bld-ldak.
    thin
        SNPs kept after thinning (<out>.in of: ldscores thin), for ldak-thin.
    hwe_stand
        Take the variance of a SNP from its frequency f, 2f(1-f); otherwise the observed one.
    keep
        File of people to keep: FID IID, or IID alone.
    remove
        File of people to leave out.
    extract
        File of SNPs to keep, one name a line.
    exclude
        File of SNPs to leave out.
    maf
        Leave out SNPs whose minor allele frequency (0 to 0.5) is not above this; SNPs that do not vary always are.
    regression_snps
        File of the SNPs that get a row, e.g. HapMap3; all SNPs stay reference SNPs, also those of chromosomes without a
        row. By default all.
    conventions
        Whose rules say which SNPs are used; by default those of the first model: LDSC's for gcta and baseline-ld, LDAK's
        (alleles of one letter, no repeated names) for all others, own included.
    covar
        Covariates to regress out of the genotypes (FID IID PC1 ...), for admixed panels as in cov-LDSC.
    raw_r2
        Add up r2 as it is, without the correction for the number of people.
    min_cor
        Leave pairs whose raw r2 is below this out of the taggings, as LDAK's --min-cor; regression weights keep them.
    double
        Double precision throughout; by default where LDSC's or LDAK's printed digits are asked for (--format ldsc or
        ldak, --ldsc-windows), single precision with some six digits elsewhere.
    format
        Our own tagging.parquet with all digits and provenance; LDSC's .l2.ldscore.gz, .l2.M and .l2.M_5_50; or LDAK's
        .tagging.
    save_matrix
        Write <out>.matrix.parquet too: the expected heritability of every SNP by category, from which `sumh2 h2
        --estimator sumher --print-snp-h2` makes per-SNP heritabilities.
    threads
        Cores to use; all by default.
    memory
        Bound in GB (10^9 bytes) on the genotypes and products that all threads together hold at a time; less makes the
        pieces smaller, and what does not fit is refused. On top come the program (some 0.3 GB), the table of SNPs (some
        250 bytes each) and the columns of one chromosome (8 bytes x SNPs x columns, five times over), in every format. A
        warning tells before the work when these are more than the bound.
    scheduler
        Address of a Dask scheduler that gets the chromosomes, e.g. tcp://host:8786; 'local' starts a cluster on this
        machine. Needs the extra [dask].

    Examples
    --------
    ldscores build --bfile eur@ --model gcta --window-cm 1 --out eur.gcta

    ldscores build --bfile eur@ --model gcta,human-default --alphas=-1:0.5:0.05 --window-cm 1 --out eur

    ldscores build --bfile eur@ --model own --annot bl.@ --no-base --ldsc-windows --window-cm 1 --format ldsc --out bl.@

    ldscores build --pfile eur --model bld-ldak --annotation-prefix bld --weights weights.short --out eur.bld
    """
    settings = {name: value for name, value in locals().items() if value is not None}
    from ldscores.building.build_files import add_covariates, build_to_files, plan_build
    from ldscores.models.heritability_models import parse_models
    from ldscores.models.model_files import find_models

    check_out(out)
    models = parse_models(model, alphas)
    options = plan_build(
        models, window_cm=window_cm, window_kb=window_kb, window_snps=window_snps, ld_blocks=ld_blocks,
        ldsc_windows=ldsc_windows, maf=maf, conventions=conventions, raw_r2=raw_r2, min_cor=min_cor,
        regression_snps=regression_snps, n_threads=threads, memory_gb=memory,
        double=format != "tagging" or ldsc_windows if double is None else double,
    )  # fmt: skip
    panel = read_chosen_panel(
        bfile, pfile, keep=keep, remove=remove, extract=extract, exclude=exclude, genetic_map=genetic_map,
        conventions=options.conventions,
    )  # fmt: skip
    chosen = find_models(
        panel, models, annot=annot, annotation_prefix=annotation_prefix, annotation_number=annotation_number,
        partition_prefix=partition_prefix, partition_number=partition_number, background=background, all_one=all_one,
        weights=weights, thin=thin, power=power, hwe_stand=hwe_stand, cts_bin=cts_bin, cts_breaks=cts_breaks,
        cts_names=cts_names, base=base, pq_exp=pq_exp,
    )  # fmt: skip
    written = build_to_files(
        panel, chosen, add_covariates(options, covar, panel), out, file_format=format, scheduler=scheduler,
        save_matrix=save_matrix, settings=settings,
    )  # fmt: skip
    return "\n".join(f"written: {path}" for path in written)
