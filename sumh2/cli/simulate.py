"""`sumh2 simulate`: GWAS with a known truth."""

from __future__ import annotations

from ldscores.shared.command_line import command


@command(group="Design and truth")
def simulate(
    *,
    out: str,
    bfile: str | None = None,
    pfile: str | None = None,
    model: str = "gcta",
    power: float | None = None,
    h2: list[float] = [0.5],  # noqa: B006 (shown in --help, never changed)
    n: list[float] | None = None,
    cases: list[float] | None = None,
    controls: list[float] | None = None,
    prevalence: list[float] | None = None,
    traits: list[str] | None = None,
    rg: str | None = None,
    overlap: str | None = None,
    causal_share: float = 1.0,
    enrichment: list[str] | None = None,
    confounding: list[float] = [0.0],  # noqa: B006
    ld_confounding: list[float] = [0.0],  # noqa: B006
    annot: str | None = None,
    annotation_prefix: str | None = None,
    annotation_number: int | None = None,
    weights: str | None = None,
    thin: str | None = None,
    ld_blocks: str | None = None,
    block_kb: float = 1000.0,
    keep: str | None = None,
    extract: str | None = None,
    maf: float = 0.0,
    seed: int = 1,
) -> str:
    """Simulate GWAS summary statistics with the LD of a panel, under any heritability model.

    No genotypes of the GWAS are needed: effects are drawn from the model, z scores from the panel's LD within blocks.
    Lists have one value a trait, or one for all.  The truth, as designed and as drawn, is in <out>.truth.json.
    The exact taggings of what is drawn: ldscores build --ld-blocks <out>.blocks.bed --raw-r2.  Taggings of a window
    with corrected r2 miss LD that is drawn, which then looks like confounding.

    Parameters
    ----------
    out
        Stem of the files: <out>.<trait>.sumstats.parquet, <out>.truth.json, <out>.blocks.bed.
    bfile
        PLINK 1 panel: a prefix, a folder, or a path with @ for the chromosome.
    pfile
        PLINK 2 panel instead.
    model
        One heritability model, as in ldscores build: gcta, human-default, ldak, ldak-thin, bld-ldak, own, ...
    power
        alpha, instead of the model's.
    h2
        Heritability of each trait; on the liability scale for cases and controls.
    n
        People in each study.
    cases
        Cases of each study; nan for a quantitative trait.
    controls
        Controls of each study; nan for a quantitative trait.
    prevalence
        Prevalence of each trait in the population; nan for a quantitative trait.
    traits
        Names; by default trait1, trait2, ...  Their number is that of the longest list.
    rg
        Genetic correlations: one number for all pairs, or the rows of the matrix as in 1,0.5;0.5,1.
    overlap
        Correlation of the noise, people shared x phenotypic correlation / sqrt(N1 N2): in the same form.
    causal_share
        Share of the SNPs that have an effect.
    enrichment
        Enrichment of categories, as name=value; others have no effect of their own.
    confounding
        What confounding adds to the chi2 of every SNP.
    ld_confounding
        What it adds per unit of LD score: confounding that looks like heritability.
    annot
        Annotations in LDSC's format, with @ for the chromosome.
    annotation_prefix
        Annotations in LDAK's format.
    annotation_number
        How many of them.
    weights
        LDAK weightings, for ldak and bld-ldak.
    thin
        SNPs kept after thinning, for ldak-thin.
    ld_blocks
        BED file of blocks between which there is no LD, e.g. Berisa and Pickrell's.
    block_kb
        Length of the blocks where none are given.
    keep
        File of people to keep.
    extract
        File of SNPs to keep.
    maf
        SNPs at or below this frequency have no effect.
    seed
        Of the random numbers.

    Examples
    --------
    sumh2 simulate --bfile eur@ --model human-default --h2 0.4 --n 100000 --out sim

    sumh2 simulate --bfile eur@ --h2 0.5,0.2 --n 50000,200000 --rg 0.6 --overlap 0.1 --traits bmi,t2d --out sim

    sumh2 simulate --bfile eur@ --model own --annot bl.@ --enrichment coding=8,enhancer=3 --n 1e5 --out enriched
    """
    options = dict(locals())
    from ldscores.models.panel_model_files import check_one_panel, read_panel_model
    from sumh2.cli.loading import check_outputs, resolved
    from sumh2.simulation.design import design_expected, design_simulation
    from sumh2.simulation.draw import simulate_gwas
    from sumh2.simulation.simulation_files import write_simulation

    check_one_panel(bfile, pfile)
    design = design_simulation(
        names=traits, h2=h2, n=n, cases=cases, controls=controls, prevalence=prevalence, rg=rg, overlap=overlap,
        causal_share=causal_share, confounding=confounding, ld_confounding=ld_confounding, seed=seed,
    )  # fmt: skip
    check_outputs(out, [])
    laid = read_panel_model(
        resolved(bfile, "--bfile"), pfile, model=model, ld_blocks=ld_blocks, block_kb=block_kb, maf=maf, power=power,
        annot=resolved(annot, "--annot"), annotation_prefix=resolved(annotation_prefix, "--annotation-prefix"),
        annotation_number=annotation_number, weights=weights, thin=thin,
        panel_choice={"keep": keep, "extract": resolved(extract, "--extract")},
    )  # fmt: skip
    expected, tau = design_expected(laid.values, laid.names, enrichment)
    simulated = simulate_gwas(laid.panel, expected, laid.block_numbers, design)
    written = write_simulation(simulated, laid, tau, out, options)
    return "\n".join(f"written: {path}" for path in written)
