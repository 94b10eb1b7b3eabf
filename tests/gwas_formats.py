"""One truth in the clothes of every format: sixty SNPs, their effects, and how each tool would have written them.

Beside each header stands the page or program that documents it, as `sumh2.gwas.signatures` names it too; the pages were not
opened.  Which headers were seen in a file, and how, is in `gwas_sources`: where it says "documentation", the header here
proves how we read it, not that every version of the tool writes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

CASES, CONTROLS = 4000, 6000
PAIRS = ("AC", "AG", "CA", "CT", "GA", "GT", "TC", "TG")


@dataclass(frozen=True)
class Snp:
    """A variant with the effect of ALT; MINOR tells which allele is rarer."""

    name: str
    chrom: int
    bp: int
    ref: str
    alt: str
    beta: float
    se: float
    frequency: float
    n: int

    @property
    def z(self) -> float:
        return self.beta / self.se

    @property
    def p(self) -> float:
        return 2 * norm.sf(abs(self.z))

    @property
    def log10p(self) -> float:
        return -(norm.logsf(abs(self.z)) + np.log(2)) / np.log(10)

    @property
    def odds_ratio(self) -> float:
        return float(np.exp(self.beta))

    @property
    def maf(self) -> float:
        return min(self.frequency, 1 - self.frequency)

    @property
    def minor(self) -> str:
        return self.alt if self.frequency < 0.5 else self.ref

    @property
    def swapped(self) -> Snp:
        """The same variant with the effect of REF."""
        return Snp(self.name, self.chrom, self.bp, self.alt, self.ref, -self.beta, self.se, 1 - self.frequency, self.n)

    @property
    def of_minor(self) -> Snp:
        """The effect of the minor allele, as PLINK 1 and GEMMA count it."""
        return self if self.minor == self.alt else self.swapped

    @property
    def of_some(self) -> Snp:
        """The effect of ALT in one half and of REF in the other."""
        return self if self.bp % 2 else self.swapped


def make_snps(n_snps: int = 60, seed: int = 5) -> list[Snp]:
    random = np.random.default_rng(seed)
    snps = []
    for number in range(n_snps):
        frequency = round(float(random.uniform(0.06, 0.94)), 4)
        se = round(float(1 / np.sqrt(2 * frequency * (1 - frequency) * 10_000)), 7)
        beta = round(float(random.normal() * 1.5 * se), 7)
        pair = PAIRS[number % len(PAIRS)]
        bp = 1_000_000 + 977 * number
        snps.append(Snp(f"rs{100 + number}", 1 + number % 22, bp, pair[0], pair[1], beta, se, frequency, 10_000))
    return snps


@dataclass(frozen=True)
class Format:
    """A format: its header as documented, a row, and what munge needs besides."""

    tool: str
    source: str
    header: str
    row: Callable[[Snp], tuple]
    separator: str = "\t"
    before: str = ""
    after: str = ""
    options: tuple = ()
    by_position: bool = False
    n: float = 10_000

    def text(self, snps: list[Snp]) -> str:
        names = self.header.split()
        lines = [self.separator.join(names)]
        for snp in snps:
            values = [str(value) for value in self.row(snp)]
            assert len(values) == len(names), (self.tool, len(values), len(names))
            lines.append(self.separator.join(values))
        return self.before + "\n".join(lines) + "\n" + self.after


def third(s: Snp) -> float:
    """-log10 P of a third of Z."""
    return -(norm.logsf(abs(s.z) / 3) + np.log(2)) / np.log(10)


def _plink2(s: Snp) -> tuple:
    e = s.of_some
    return (s.chrom, s.bp, s.name, s.ref, s.alt, e.alt, e.frequency, "ADD", s.n, e.beta, e.se, e.z, e.p, ".")


def _plink2_logistic(s: Snp) -> tuple:
    e = s.of_some
    return (s.chrom, s.bp, s.name, s.ref, s.alt, e.alt, e.ref, e.frequency, "N", "ADD", s.n, repr(e.odds_ratio), e.se, e.z,
            e.log10p, ".")  # fmt: skip


def _hm(s: Snp) -> tuple:
    # The original columns are of the other allele in every second row: only hm_ counts.
    o = s.of_some
    return (f"{s.chrom}_{s.bp}_{s.ref}_{s.alt}", s.name, s.chrom, s.bp, s.ref, s.alt, s.beta, "NA", "NA", "NA", s.frequency,
            "10", s.name, o.alt, o.ref, o.beta, o.se, o.frequency, s.p)  # fmt: skip


def _neale(s: Snp) -> tuple:
    name = f"{s.chrom}:{s.bp}:{s.ref}:{s.alt}"
    return (name, s.minor, s.maf, "false", s.n, 2 * s.n * s.frequency, 1.5, s.beta, s.se, s.z, s.p)


def _pan_ukb(s: Snp) -> tuple:
    other = s.swapped
    return (s.chrom, s.bp, s.ref, s.alt, 0.3, s.frequency, other.beta, s.beta, 0.9, s.se, 0.1, s.log10p, "false")


def _snptest(s: Snp) -> tuple:
    counts = (s.n * (1 - s.frequency) ** 2, 2 * s.n * s.frequency * (1 - s.frequency), s.n * s.frequency**2, 0)
    return (".", s.name, s.chrom, s.bp, s.ref, s.alt, 1, 0.98, 0.97, *counts, s.n, s.maf, s.p, 0.97, s.beta, s.se, "NA")


def _vcf(s: Snp) -> tuple:
    return (s.chrom, s.bp, s.name, s.ref, s.alt, ".", "PASS", f"AF={s.frequency}", "ES:SE:LP:AF:SS:ID",
            f"{s.beta}:{s.se}:{s.log10p}:{s.frequency}:{s.n}:{s.name}")  # fmt: skip


_VCF = (
    '##fileformat=VCFv4.2\n##FORMAT=<ID=ES,Number=A,Type=Float,Description="Effect size">\n'
    "##SAMPLE=<ID=study,TotalCases=4000,TotalControls=6000,StudyType=CaseControl>\n##contig=<ID=1,assembly=GRCh37>\n"
)

FORMATS = [
    Format("LDSC", "github.com/bulik/ldsc/wiki/Summary-Statistics-File-Format", "SNP A1 A2 Z N",
           lambda s: (s.name, s.of_some.alt, s.of_some.ref, s.of_some.z, s.n)),
    Format("GWAS-SSF", "github.com/EBISPOT/gwas-summary-statistics-standard v1.0",
           "chromosome base_pair_location effect_allele other_allele beta standard_error effect_allele_frequency p_value "
           "variant_id rsid n",
           lambda s: (s.chrom, s.bp, s.of_some.alt, s.of_some.ref, s.of_some.beta, s.se, s.of_some.frequency, s.p,
                      f"{s.chrom}_{s.bp}_{s.ref}_{s.alt}", s.name, s.n)),
    Format("GWAS-SSF", "the same, hazard ratios, -log10 P and #NA",
           "chromosome base_pair_location effect_allele other_allele hazard_ratio standard_error effect_allele_frequency "
           "neg_log_10_p_value rsid ref_allele n info",
           lambda s: (s.chrom, s.bp, s.of_some.alt, s.of_some.ref, repr(s.of_some.odds_ratio), s.se, s.of_some.frequency,
                      s.log10p, s.name, "EA" if s.of_some.alt == s.ref else "OA", s.n, "#NA")),
    Format("GWAS Catalog, harmonised", "ebi.ac.uk/gwas/docs/methods/summary-statistics (2018-2022 .h.tsv.gz)",
           "hm_variant_id hm_rsid hm_chrom hm_pos hm_other_allele hm_effect_allele hm_beta hm_odds_ratio hm_ci_lower "
           "hm_ci_upper hm_effect_allele_frequency hm_code variant_id effect_allele other_allele beta standard_error "
           "effect_allele_frequency p_value", _hm, options=(("n", 10_000),)),
    Format("GWAS-VCF", "github.com/MRCIEU/gwas-vcf-specification 1.0",
           "#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT study", _vcf, before=_VCF),
    Format("PGC daner", "Ricopili daner: FRQ_A_<cases> FRQ_U_<controls>",
           f"CHR SNP BP A1 A2 FRQ_A_{CASES} FRQ_U_{CONTROLS} INFO OR SE P ngt Direction HetISqt HetDf HetPVa",
           lambda s: (s.chrom, s.name, s.bp, s.of_some.alt, s.of_some.ref, s.of_some.frequency, s.of_some.frequency, 0.98,
                      repr(s.of_some.odds_ratio), s.se, s.p, 0, "++", 0, 1, 0.5)),
    Format("PGC VCF-like", "header of PGC3_SCZ_wave3.*.public.v3.vcf.tsv.gz (figshare)",
           "CHROM ID POS A1 A2 FCAS FCON IMPINFO BETA SE PVAL NCAS NCON NEFF",
           lambda s: (s.chrom, s.name, s.bp, s.of_some.alt, s.of_some.ref, s.of_some.frequency, s.of_some.frequency, 0.98,
                      s.of_some.beta, s.se, s.p, CASES, CONTROLS, 4800),
           before='##fileFormat="PGCsumstatsVCFv1.0"\n##genomeReference="GRCh37"\n##nCase="4000"\n'),
    Format("PLINK 1 .assoc", "cog-genomics.org/plink/1.9/formats#assoc", "CHR SNP BP A1 F_A F_U A2 CHISQ P OR",
           lambda s: (s.chrom, s.name, s.bp, s.of_minor.alt, s.of_minor.frequency, s.of_minor.frequency, s.of_minor.ref,
                      s.z**2, s.p, repr(s.of_minor.odds_ratio)), separator="   ", options=(("n", 10_000),)),
    Format("PLINK 1 .assoc.linear or .assoc.logistic", "cog-genomics.org/plink/1.9/formats#assoc_linear",
           "CHR SNP BP A1 TEST NMISS BETA STAT P",
           lambda s: (s.chrom, s.name, s.bp, s.of_minor.alt, "ADD", s.n, s.of_minor.beta, s.of_minor.z, s.p),
           separator="  ", options=(("reference", True),)),
    Format("PLINK 2", "cog-genomics.org/plink/2.0/formats#glm_linear",
           "#CHROM POS ID REF ALT A1 A1_FREQ TEST OBS_CT BETA SE T_STAT P ERRCODE", _plink2),
    Format("PLINK 2", "cog-genomics.org/plink/2.0/formats#glm_logistic, --glm firth-fallback omit-ref log10",
           "#CHROM POS ID REF ALT A1 OMITTED A1_FREQ FIRTH? TEST OBS_CT OR LOG(OR)_SE Z_STAT LOG10_P ERRCODE",
           _plink2_logistic),
    Format("REGENIE", "rgcgithub.github.io/regenie/options, step 2",
           "CHROM GENPOS ID ALLELE0 ALLELE1 A1FREQ INFO N TEST BETA SE CHISQ LOG10P EXTRA",
           lambda s: (s.chrom, s.bp, s.name, s.ref, s.alt, s.frequency, 0.98, s.n, "ADD", s.beta, s.se, s.z**2, s.log10p,
                      "NA"), separator=" "),
    Format("REGENIE, several traits", "rgcgithub.github.io/regenie/options, --no-split",
           "CHROM GENPOS ID ALLELE0 ALLELE1 A1FREQ INFO N TEST BETA.Y1 SE.Y1 CHISQ.Y1 LOG10P.Y1 BETA.Y2 SE.Y2 CHISQ.Y2 "
           "LOG10P.Y2 EXTRA",
           lambda s: (s.chrom, s.bp, s.name, s.ref, s.alt, s.frequency, 0.98, s.n, "ADD", -s.beta, 3 * s.se, 1, third(s),
                      s.beta,
                      s.se, s.z**2, s.log10p, "NA"), separator=" ", options=(("suffix", "Y2"),)),
    Format("SAIGE", "saigegit.github.io/SAIGE-doc/docs/single_step2.html",
           "CHR POS MarkerID Allele1 Allele2 AC_Allele2 AF_Allele2 MissingRate BETA SE Tstat var p.value p.value.NA Is.SPA "
           "AF_case AF_ctrl N_case N_ctrl",
           lambda s: (s.chrom, s.bp, s.name, s.ref, s.alt, 2 * s.n * s.frequency, s.frequency, 0, s.beta, s.se,
                      s.beta / s.se**2, 1 / s.se**2, s.p, s.p, "false", s.frequency, s.frequency, CASES, CONTROLS)),
    Format("BOLT-LMM", "BOLT-LMM manual, output of association tests",
           "SNP CHR BP GENPOS ALLELE1 ALLELE0 A1FREQ INFO CHISQ_LINREG P_LINREG BETA SE CHISQ_BOLT_LMM_INF P_BOLT_LMM_INF "
           "CHISQ_BOLT_LMM P_BOLT_LMM",
           lambda s: (s.name, s.chrom, s.bp, 0.01, s.of_some.alt, s.of_some.ref, s.of_some.frequency, 0.98, 1, 0.5,
                      s.of_some.beta, s.se, s.z**2, s.p, s.z**2, s.p), options=(("n", 10_000),)),
    Format("GCTA fastGWA", "yanglab.westlake.edu.cn/software/gcta/#fastGWA", "CHR SNP POS A1 A2 N AF1 BETA SE P",
           lambda s: (s.chrom, s.name, s.bp, s.of_some.alt, s.of_some.ref, s.n, s.of_some.frequency, s.of_some.beta, s.se,
                      s.p)),
    Format("GCTA COJO", "yanglab.westlake.edu.cn/software/gcta/#COJO", "SNP A1 A2 freq b se p N",
           lambda s: (s.name, s.of_some.alt, s.of_some.ref, s.of_some.frequency, s.of_some.beta, s.se, s.p, s.n),
           separator=" "),
    Format("GEMMA", "GEMMA manual, output of univariate tests",
           "chr rs ps n_miss allele1 allele0 af beta se logl_H1 l_remle p_wald",
           lambda s: (s.chrom, s.name, s.bp, 0, s.of_minor.alt, s.of_minor.ref, s.of_minor.frequency, s.of_minor.beta, s.se,
                      -100, 1, s.p), options=(("n", 10_000),)),
    Format("SNPTEST", "well.ox.ac.uk/~gav/snptest v2.5.4",
           "alternate_ids rsid chromosome position alleleA alleleB index average_maximum_posterior_call info all_AA all_AB "
           "all_BB all_NULL all_total all_maf frequentist_add_pvalue frequentist_add_info frequentist_add_beta_1 "
           "frequentist_add_se_1 comment", _snptest, separator=" ",
           before="# Analysis: \"SNPTEST analysis\"\n#  started: 2021-01-01\n#\n# Model: frequentist\n",
           after="# Completed successfully at 2021-01-01\n"),
    Format("METAL", "genome.sph.umich.edu/wiki/METAL_Documentation (SCHEME STDERR, AVERAGEFREQ, TotalSampleSize)",
           "MarkerName Allele1 Allele2 Freq1 FreqSE Effect StdErr P-value Direction TotalSampleSize",
           lambda s: (s.name, s.of_some.alt.lower(), s.of_some.ref.lower(), s.of_some.frequency, 0.01, s.of_some.beta, s.se,
                      s.p, "++-?", s.n)),
    Format("METAL", "the same, SCHEME SAMPLESIZE", "MarkerName Allele1 Allele2 Weight Zscore P-value Direction",
           lambda s: (s.name, s.of_some.alt.lower(), s.of_some.ref.lower(), s.n, s.of_some.z, s.p, "++")),
    Format("MTAG", "github.com/JonJala/mtag/wiki/Tutorial-1:-The-Basics, output",
           "SNP CHR BP A1 A2 Z N FRQ mtag_beta mtag_se mtag_z mtag_pval",
           lambda s: (s.name, s.chrom, s.bp, s.of_some.alt, s.of_some.ref, -s.of_some.z, s.n, s.of_some.frequency,
                      s.of_some.beta, s.se, s.of_some.z, s.p)),
    Format("MTAG input", "github.com/JonJala/mtag/wiki/Tutorial-1:-The-Basics, input",
           "snpid chr bpos a1 a2 freq z n pval",
           lambda s: (s.name, s.chrom, s.bp, s.of_some.alt, s.of_some.ref, s.of_some.frequency, s.of_some.z, s.n, s.p)),
    Format("Neale lab UK Biobank", "nealelab.github.io/UKBB_ldsc, round 2 README",
           "variant minor_allele minor_AF low_confidence_variant n_complete_samples AC ytx beta se tstat pval", _neale,
           by_position=True),
    Format("Pan-UKB", "pan.ukbb.broadinstitute.org/docs/per-phenotype-files",
           "chr pos ref alt af_meta af_EUR beta_meta beta_EUR se_meta se_EUR neglog10_pval_meta neglog10_pval_EUR "
           "low_confidence_EUR", _pan_ukb, by_position=True, options=(("suffix", "EUR"), ("n", 10_000))),
    Format("FinnGen", "finngen.gitbook.io/documentation/data-description",
           "#chrom pos ref alt rsids nearest_genes pval mlogp beta sebeta af_alt af_alt_cases af_alt_controls",
           lambda s: (s.chrom, s.bp, s.ref, s.alt, f"{s.name},rs9{s.name[2:]}", "GENE", s.p, s.log10p, s.beta, s.se,
                      s.frequency, s.frequency, s.frequency), options=(("n_cas", CASES), ("n_con", CONTROLS))),
    Format("PheWeb", "github.com/statgen/pheweb/blob/master/etc/detailed-loading-instructions.md",
           "chrom pos ref alt rsids nearest_genes pval beta sebeta af",
           lambda s: (s.chrom, s.bp, s.ref, s.alt, s.name, "GENE", s.p, s.beta, s.se, s.frequency),
           options=(("n", 10_000),)),
    Format("GIANT", "portals.broadinstitute.org/collaboration/giant, Wood 2014",
           "MarkerName Allele1 Allele2 Freq.Allele1.HapMapCEU b SE p N",
           lambda s: (s.name, s.of_some.alt, s.of_some.ref, s.of_some.frequency, s.of_some.beta, s.se, s.p, s.n)),
    Format("GIANT 2015", "portals.broadinstitute.org/collaboration/giant, Locke 2015",
           "SNP A1 A2 Freq1.Hapmap b se p N",
           lambda s: (s.name, s.of_some.alt, s.of_some.ref, s.of_some.frequency, s.of_some.beta, s.se, s.p, s.n)),
    Format("GIANT and UK Biobank 2018", "portals.broadinstitute.org/collaboration/giant, Yengo 2018",
           "CHR POS SNP Tested_Allele Other_Allele Freq_Tested_Allele_in_HRS BETA SE P N",
           lambda s: (s.chrom, s.bp, s.name, s.of_some.alt, s.of_some.ref, s.of_some.frequency, s.of_some.beta, s.se, s.p,
                      s.n)),
    Format("SSGAC", "thessgac.com, EduYears_Main.txt of Okbay 2016", "MarkerName CHR POS A1 A2 EAF Beta SE Pval",
           lambda s: (s.name, s.chrom, s.bp, s.of_some.alt, s.of_some.ref, s.of_some.frequency, s.of_some.beta, s.se, s.p),
           options=(("n", 10_000),)),
    Format("PGC", "README of scz2.snp.results.txt, 2014", "hg19chrc snpid a1 a2 bp info or se p ngt",
           lambda s: (f"chr{s.chrom}", s.name, s.of_some.alt, s.of_some.ref, s.bp, 0.98, repr(s.of_some.odds_ratio), s.se,
                      s.p, 0), options=(("n_cas", CASES), ("n_con", CONTROLS))),
    Format("LDAK .assoc", "dougspeed.com/single-predictor-analysis",
           "Chromosome Predictor Basepair A1 A2 Wald_Stat Wald_P Effect SE MAF CallRate MachR2 SPA_Status",
           lambda s: (s.chrom, s.name, s.bp, s.of_some.alt, s.of_some.ref, s.of_some.z, s.p, s.of_some.beta, s.se,
                      s.maf, 0.99, "NA", "NOT_USED"), separator=" ", options=(("n", 10_000),)),
    Format("LDAK summaries", "dougspeed.com/summary-statistics, Z", "Predictor A1 A2 n Z A1Freq",
           lambda s: (s.name, s.of_some.alt, s.of_some.ref, s.n, s.of_some.z, s.of_some.frequency), separator=" "),
    Format("LDAK summaries", "dougspeed.com/summary-statistics, Direction and Stat", "Predictor A1 A2 Direction Stat n",
           lambda s: (s.name, s.of_some.alt, s.of_some.ref, 1 if s.of_some.beta > 0 else -1, s.z**2, s.n), separator=" "),
    Format("LDAK summaries", "dougspeed.com/summary-statistics, Direction and P", "Predictor A1 A2 Direction P n",
           lambda s: (s.name, s.of_some.alt, s.of_some.ref, "+" if s.of_some.beta > 0 else "-", s.p, s.n), separator=" "),
    Format("PLINK 1 .assoc.dosage", "cog-genomics.org/plink/1.9/formats#assoc_dosage",
           "CHR SNP BP A1 A2 FRQ_A FRQ_U INFO OR SE P",
           lambda s: (s.chrom, s.name, s.bp, s.of_some.alt, s.of_some.ref, s.of_some.frequency, s.of_some.frequency, 0.98,
                      repr(s.of_some.odds_ratio), s.se, s.p), separator=" ", options=(("n", 10_000),)),
    Format("PLINK 1 .qassoc", "cog-genomics.org/plink/1.9/formats#qassoc",
           "CHR SNP BP NMISS BETA SE R2 T P",
           lambda s: (s.chrom, s.name, s.bp, s.n, s.of_minor.beta, s.se, 0.01, s.of_minor.z, s.p), separator=" ",
           options=(("no_alleles", True),)),
    Format("PLINK 2, chosen columns", "plink2 --help glm, cols=ax,nobs,beta,se,p", "#ID A1 AX OBS_CT BETA SE P",
           lambda s: (s.name, s.of_some.alt, s.of_some.ref, s.n, s.of_some.beta, s.se, s.p)),
    Format("PLINK 1 .meta", "cog-genomics.org/plink/1.9/formats#meta",
           "CHR BP SNP A1 A2 N P P(R) OR OR(R) Q I",
           lambda s: (s.chrom, s.bp, s.name, s.of_some.alt, s.of_some.ref, 2, s.p, 0.5, repr(s.of_some.odds_ratio), 1, 0.5,
                      0), separator=" ", options=(("n", 10_000),)),
    Format("GWAMA", "geenivaramu.ee/en/tools/gwama, .out",
           "chromosome position rs_number reference_allele other_allele eaf OR OR_se OR_95L OR_95U z p-value "
           "_-log10_p-value q_statistic q_p-value i2 n_studies n_samples effects",
           lambda s: (s.chrom, s.bp, s.name, s.of_some.alt, s.of_some.ref, s.of_some.frequency, s.of_some.odds_ratio,
                      s.se * s.of_some.odds_ratio / 2, 0.9, 1.1, s.of_some.z, s.p, s.log10p, 1, 0.5, 0, 2, s.n, "++")),
    Format("ProbABEL", "ProbABEL manual, palinear",
           "name A1 A2 Freq1 MAF Quality Rsq n Mean_predictor_allele beta_SNP_addA1 sebeta_SNP_addA1 chi2_SNP_add",
           lambda s: (s.name, s.of_some.alt, s.of_some.ref, s.of_some.frequency, s.maf, 1, 0.98, s.n, s.of_some.frequency,
                      s.of_some.beta, s.se, s.z**2), separator=" "),
    Format("FaST-LMM", "fastlmm.association.single_snp, output_file_name",
           "sid_index SNP Chr GenDist ChrPos PValue SnpWeight SnpWeightSE EffectSize Mixing Nullh2",
           lambda s: (1, s.name, float(s.chrom), 0.1, float(s.bp), s.p, s.beta, s.se, 0.01, 0, 0.5),
           options=(("n", 10_000), ("no_alleles", True))),
    Format("GCTA MLMA", "yanglab.westlake.edu.cn/software/gcta/#MLMA", "Chr SNP bp A1 A2 Freq b se p",
           lambda s: (s.chrom, s.name, s.bp, s.of_some.alt, s.of_some.ref, s.of_some.frequency, s.of_some.beta, s.se, s.p),
           options=(("n", 10_000),)),
    Format("GenomicSEM", "github.com/GenomicSEM/GenomicSEM/wiki/4.-Common-Factor-GWAS",
           "SNP CHR BP MAF A1 A2 lhs op rhs est se_c SE Z_Estimate Pval_Estimate chisq chisq_df",
           lambda s: (s.name, s.chrom, s.bp, s.maf, s.of_some.alt, s.of_some.ref, "F1", "~", "SNP", s.of_some.beta, s.se,
                      9 * s.se, s.of_some.z, s.p, 77, 3), options=(("n", 10_000),)),
    Format("Popcorn", "github.com/brielin/Popcorn, README", "rsid a1 a2 af N beta SE",
           lambda s: (s.name, s.of_some.ref, s.of_some.alt, s.of_some.frequency, s.n, s.of_some.beta, s.se),
           options=(("effect_allele", "a2"), ("other_allele", "a1"))),
]  # fmt: skip
