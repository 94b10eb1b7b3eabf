"""Where each format's header was seen: tool -> how, walked by test_gwas_formats.py.

``ran FILE``
    a tool wrote it here on 21 November 2026: ``reference/gwas_tools/FILE``; version and command in ``sources.json`` there.
``real PATH``
    a published file or a program's own output, under ``../shared``.
``book KEY``
    gwaslab's format book (``../shared/data/hm3_snplist_hg19_hg38/gwaslab_formatbook.json``), which cites the tool's
    documentation; the roles of its alleles are compared with ours.  No file was seen.
``documentation``
    ../shared/FIELD.md, D1, and what the tool's documentation is known to say; no file was seen and no page opened.
"""

SEEN: dict[str, tuple[str, ...]] = {
    "GWAS Catalog, harmonised": ("book gwascatalog_hm",),
    "GWAS-SSF": ("ran study.ssf.tsv", "book ssf"),
    "GWAS-VCF": ("real data/gwas_header_samples/ALSvcf.vcf.gz", "book vcf"),
    "PGC daner": ("real reference/ldsc/munge/raw/t4.daner.small.gz", "real reference/ldsc/munge/raw/t5.danern.small.gz"),
    "PGC VCF-like": ("documentation",),
    "REGENIE, several traits": ("documentation",),
    "REGENIE": ("book regenie",),
    "BOLT-LMM": ("ran bolt.lmm", "ran bolt.inf", "ran bolt.linreg",
                 "real data/panel_EUR489_22x1Mb_with_UKB_BOLT_gwas/bolt.sumstats.txt.gz", "book bolt_lmm"),
    "SAIGE": ("book saige",),
    "PLINK 2": ("ran plink2.linear", "ran plink2.alt1.linear", "ran plink2.omit-ref.covar.linear",
                "ran plink2.genotypic.linear", "ran plink2.interaction.linear", "ran plink2.logistic",
                "ran plink2.hybrid", "ran plink2.firth", "ran plink2.residualize", "ran plink2.log10.linear.zst",
                "book plink2_linear", "book plink2_logistic"),
    "PLINK 2, chosen columns": ("ran plink2.few.linear",),
    "PLINK 1 .assoc.linear or .assoc.logistic": (
        "ran plink19.linear", "ran plink19.covar.linear", "ran plink19.genotypic.linear", "ran plink19.logistic",
        "ran plink19.beta.logistic", "ran plink107.linear", "ran plink107.logistic",
        "real data/gwas_header_samples/plink_1_0_7.assoc.linear", "book plink_linear", "book plink_logistic"),
    "PLINK 1 .assoc": ("ran plink19.assoc", "ran plink19.ci.assoc", "ran plink19.counts.assoc", "ran plink19.fisher",
                       "ran plink107.assoc", "book plink_assoc", "book plink_fisher"),
    "PLINK 1 .meta": ("ran plink19.meta",),
    "PLINK 1 .assoc.dosage": ("ran plink19.dosage", "book plink_dosage"),
    "PLINK 1 .qassoc": ("ran plink19.qassoc",),
    "GCTA fastGWA": ("real data/gwas_real/ukb_height_chr22.fastGWA.gz", "book fastgwa"),
    "GCTA COJO": ("book cojo",),
    "GCTA MLMA": ("documentation",),
    "GenomicSEM": ("book genomicsem",),
    "Popcorn": ("book popcorn",),
    "GEMMA": ("ran gemma.lm", "ran gemma.wald", "ran gemma.score", "ran gemma.all", "book gemma"),
    "SNPTEST": ("book snptest",),
    "METAL": ("book metal",),
    "GWAMA": ("ran gwama.quantitative", "ran gwama.binary"),
    "ProbABEL": ("ran probabel.linear", "ran probabel.logistic"),
    "FaST-LMM": ("ran fastlmm",),
    "Neale lab UK Biobank": ("documentation",),
    "Pan-UKB": ("documentation",),
    "FinnGen": ("documentation",),
    "PheWeb": ("book pheweb",),
    "GIANT": ("documentation",),
    "GIANT 2015": ("documentation",),
    "GIANT and UK Biobank 2018": ("documentation",),
    "MTAG": ("documentation",),
    "MTAG input": ("book mtag",),
    "SSGAC": ("real data/gwas_header_samples/SSGAC_Okbay2016_a.gz",),
    "PGC": ("real data/gwas_header_samples/PGC_SCZ2_2014.gz",),
    "LDAK .assoc": ("real reference/ldak/gctatest/in/sim.assoc",),
    "LDAK summaries": ("real reference/ldak/gctatest/in/sim.summaries", "book ldak"),
    "LDSC": ("real reference/ldsc/sumstats/t1.sumstats.xz", "book ldsc"),
}  # fmt: skip
