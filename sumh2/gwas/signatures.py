"""How each tool's files look: a table of signatures, with the page or program that documents each.

The sources say where to look; the pages were not opened.  Which headers were seen in a file that the tool wrote, and which
are known from documentation alone, is in ``tests/gwas_sources.py``.

A new format needs a new row here, not new code.  How the table is used is in :mod:`sumh2.gwas.headers`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Signature:
    """What a tool's header looks like, and what its columns mean there.

    Parameters
    ----------
    tool
        Its name.
    needs
        Cleaned headers (regular expressions) that must all be there.
    fields
        Field to cleaned headers (regular expressions), best first; they replace the field's general names.  An empty
        text says that the file has no such column, whatever its headers suggest.
    keep_rows
        Column and value of the rows that hold the additive effect of the variant.
    header_n
        Field to a regular expression whose group is a number of people that the header itself states.
    note
        What a user should know of the tool's columns.
    source
        Page or program that documents the header, and which allele the effect counts.
    sets
        Headers (regular expressions) with one group each: the file holds several sets of results, one a value of the
        group, e.g. one a population.
    only
        Other cleaned headers that the tool writes, where its own are so common that a file with more of them may be of
        anyone; such a file leaves the effect allele to convention.
    doubt
        Why a file of exactly these columns leaves the effect allele open: another tool writes it of A2.
    """

    tool: str
    needs: str
    fields: Mapping[str, str] = field(default_factory=dict)
    keep_rows: tuple[str, str] | None = None
    header_n: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    source: str = ""
    sets: str = ""
    only: str | None = None
    doubt: str = ""

    def settles_alleles(self, header: Iterable[str]) -> bool:
        """Whether the header tells the effect allele: a shape that others share does so only without more columns."""
        return self.only is None or all(name in f"{self.needs} {self.only}".split() for name in header)

    def matches(self, header: Iterable[str]) -> bool:
        """Whether all the needed headers are among the cleaned ones."""
        names = list(header)
        return all(any(re.fullmatch(need, name) for name in names) for need in self.needs.split())

    def set_names(self, header: Iterable[str]) -> list[str]:
        """The sets of results in a file, in its order."""
        names = list(header)
        groups = [
            [match.group(1) for match in (re.fullmatch(pattern, name) for name in names) if match]
            for pattern in self.sets.split()
        ]
        return [name for name in groups[0] if all(name in others for others in groups[1:])] if groups else []


_SAIGE = {"SNP": "RSID SNPID MARKERID", "A1": "ALLELE2", "A2": "ALLELE1", "EAF": "AF_ALLELE2", "Z": "", "P": "P_VALUE"}
_PLINK19 = "cog-genomics.org/plink/1.9/formats"

# fmt: off
#: The first that matches wins, so the more particular stand first.
SIGNATURES: tuple[Signature, ...] = (
    Signature("GWAS Catalog, harmonised", "HM_RSID HM_EFFECT_ALLELE HM_OTHER_ALLELE", {
        "SNP": "HM_RSID", "CHR": "HM_CHROM", "BP": "HM_POS", "A1": "HM_EFFECT_ALLELE", "A2": "HM_OTHER_ALLELE",
        "BETA": "HM_BETA", "OR": "HM_ODDS_RATIO", "EAF": "HM_EFFECT_ALLELE_FREQUENCY"},
        source="ebi.ac.uk/gwas/docs/methods/summary-statistics: hm_ columns are of hm_effect_allele"),
    Signature("GWAS-SSF", "CHROMOSOME BASE_PAIR_LOCATION EFFECT_ALLELE OTHER_ALLELE", {
        "SNP": "RSID RS_ID VARIANT_ID", "OR": "ODDS_RATIO HAZARD_RATIO"},
        source="github.com/EBISPOT/gwas-summary-statistics-standard, GWAS-SSF v1.0: the effect is of effect_allele"),
    Signature("PGC daner", r"SNP A1 A2 FRQ_A_\d+ FRQ_U_\d+ OR SE P", {
        "EAF": r"FRQ_U_\d+", "N_CAS": "NCA", "N_CON": "NCO"},
        header_n={"N_CAS": r"FRQ_A_(\d+)", "N_CON": r"FRQ_U_(\d+)"},
        source="Ricopili's daner format: OR is of A1"),
    Signature("PGC VCF-like", "CHROM POS ID A1 A2 BETA SE PVAL (FCAS|FCON|NEFFDIV2|IMPINFO|NEFF)", {
        "SNP": "ID", "EAF": "FCON", "N_CAS": "NCAS", "N_CON": "NCON", "INFO": "IMPINFO", "N": "",
        "N_EFF_HALF": "NEFFDIV2"},
        header_n={"N_CAS": "NCASE=(\\d+)", "N_CON": "NCONTROL=(\\d+)"},
        source="header of PGC3_SCZ_wave3 (##fileFormat PGCsumstatsVCFv1.0): BETA is of A1"),
    Signature("REGENIE, several traits", r"GENPOS ID ALLELE0 ALLELE1 A1FREQ BETA_.+ SE_.+ LOG10P_.+", {
        "SNP": "ID", "BP": "GENPOS", "A1": "ALLELE1", "A2": "ALLELE0", "EAF": "A1FREQ"}, keep_rows=("TEST", "ADD"),
        sets=r"BETA_(.+) SE_(.+)", source="rgcgithub.github.io/regenie/options, --no-split: ALLELE1 is the effect allele"),
    Signature("REGENIE", "GENPOS ID ALLELE0 ALLELE1 A1FREQ LOG10P", {
        "SNP": "ID", "BP": "GENPOS", "A1": "ALLELE1", "A2": "ALLELE0", "EAF": "A1FREQ"}, keep_rows=("TEST", "ADD"),
        source="rgcgithub.github.io/regenie/options, step 2 output: ALLELE1 is the effect allele"),
    Signature("BOLT-LMM", "SNP ALLELE1 ALLELE0 A1FREQ BETA SE P_(LINREG|BOLT_LMM|BOLT_LMM_INF)", {
        "A1": "ALLELE1", "A2": "ALLELE0", "BP": "BP", "EAF": "A1FREQ", "P": "P_BOLT_LMM_INF P_BOLT_LMM P_LINREG"},
        note="BETA/SE is BOLT-LMM's statistic under the infinitesimal model, so its P is P_BOLT_LMM_INF",
        source="BOLT-LMM manual, output of association tests: ALLELE1 is the effect allele"),
    # TSTAT is SAIGE's score, not a t statistic.
    Signature("SAIGE", "ALLELE1 ALLELE2 AF_ALLELE2", _SAIGE, note="SAIGE's effect allele is Allele2",
        source="saigegit.github.io/SAIGE-doc/docs/single_step2.html: effects are of Allele2"),
    Signature("PLINK 2", "ID REF (ALT|ALT1) A1 (OBS_CT|TEST|ERRCODE)", {
        "SNP": "ID", "A1": "A1", "A2": "OMITTED AX", "EAF": "A1_FREQ"}, keep_rows=("TEST", "ADD"),
        source="cog-genomics.org/plink/2.0/formats#glm_linear: A1 is the counted allele"),
    Signature("PLINK 2, chosen columns", r"ID A1 (AX|OMITTED) (OBS_CT|TEST|ERRCODE|T_STAT|Z_STAT|LOG\(OR\)_SE)", {
        "SNP": "ID", "A1": "A1", "A2": "OMITTED AX", "EAF": "A1_FREQ"}, keep_rows=("TEST", "ADD"),
        source="plink2 --help glm, cols=: A1 is the counted allele"),
    Signature("PLINK 1 .assoc.linear or .assoc.logistic", "SNP A1 TEST NMISS STAT", {
        "N": "NMISS"}, keep_rows=("TEST", "ADD"), source=f"{_PLINK19}#assoc_linear: the effect is of A1"),
    Signature("PLINK 1 .assoc", "SNP A1 A2 (F_A|C_A) (F_U|C_U) OR P", {"EAF": "F_U"},
        source=f"{_PLINK19}#assoc: OR is of A1"),
    Signature("PLINK 1 .meta", r"SNP A1 A2 N P P\(R\) (OR|BETA) (OR|BETA)\(R\) Q I", {
        "N": "", "NSTUDY": "N", "INFO": "", "SE": "", "Z": ""},
        note="N of PLINK's meta-analysis is the number of studies; give --n, or --n-cas and --n-con",
        source=f"{_PLINK19}#meta: the effect is of A1"),
    Signature("PLINK 1 .assoc.dosage", "SNP A1 A2 FRQ_A FRQ_U INFO (OR|BETA) SE P", {"EAF": "FRQ_U"},
        source=f"{_PLINK19}#assoc_dosage: the effect is of A1"),
    Signature("PLINK 1 .qassoc", "SNP NMISS BETA SE R2 T P", {"N": "NMISS", "Z": "T", "INFO": ""},
        source=f"{_PLINK19}#qassoc"),
    Signature("GCTA fastGWA", "CHR SNP POS A1 A2 N AF1 BETA SE P",
        source="yanglab.westlake.edu.cn/software/gcta/#fastGWA: A1 is the effect allele"),
    Signature("GEMMA", "RS PS (N_MISS|N_MIS) ALLELE1 ALLELE0 AF", {
        "SNP": "RS", "BP": "PS", "A1": "ALLELE1", "A2": "ALLELE0", "P": "P_WALD P_LRT P_SCORE", "EAF": "AF"},
        source="GEMMA manual, output of univariate tests: beta is of allele1"),
    Signature("SNPTEST", "RSID POSITION ALLELEA ALLELEB FREQUENTIST_ADD_PVALUE", {
        "SNP": "RSID", "CHR": "CHROMOSOME", "BP": "POSITION", "A1": "ALLELEB", "A2": "ALLELEA",
        "BETA": r"FREQUENTIST_ADD_BETA_1(\S*) FREQUENTIST_ADD_BETA_1", "SE": r"FREQUENTIST_ADD_SE_1(\S*)",
        "P": "FREQUENTIST_ADD_PVALUE", "N": "ALL_TOTAL", "EAF": "", "MAF": "ALL_MAF", "OR": "",
        "N_CAS": "CASES_TOTAL", "N_CON": "CONTROLS_TOTAL", "INFO": "INFO FREQUENTIST_ADD_INFO"},
        note="SNPTEST's effect is of alleleB",
        source="well.ox.ac.uk/~gav/snptest, 'Output file': beta is per copy of alleleB"),
    Signature("METAL", "MARKERNAME ALLELE1 ALLELE2 (ZSCORE|EFFECT) P_VALUE DIRECTION",
        source="genome.sph.umich.edu/wiki/METAL_Documentation: Effect and Zscore are of Allele1"),
    Signature("Neale lab UK Biobank", "VARIANT MINOR_ALLELE N_COMPLETE_SAMPLES AC YTX BETA SE PVAL", {
        "SNP": "VARIANT", "A1": "NAME:ALT", "A2": "NAME:REF", "CHR": "NAME:CHR", "BP": "NAME:POS", "EAF": "",
        "MAF": "MINOR_AF", "N": "N_COMPLETE_SAMPLES"},
        note="variant is chr:pos:ref:alt and the effect is of alt, not of minor_allele; use --match-by position for rsIDs",
        source="nealelab.github.io/UKBB_ldsc/details.html and the round 2 README: beta is of alt"),
    Signature("Pan-UKB", r"CHR POS REF ALT BETA_.+ SE_.+ (NEGLOG10_)?PVAL_.+", {
        "A1": "ALT", "A2": "REF", "BETA": "BETA", "SE": "SE", "P": "", "LOG10P": "NEGLOG10_PVAL",
        "EAF": "AF AF_CONTROLS"}, sets=r"BETA_(.+) SE_(.+)",
        note="pval of the releases before 2022 is the natural logarithm of P, and is not used",
        source="pan.ukbb.broadinstitute.org/docs/per-phenotype-files: beta is of alt"),
    Signature("FinnGen", "CHROM POS REF ALT RSIDS (MLOGP|PVAL) BETA SEBETA AF_ALT", {
        "SNP": "RSIDS", "A1": "ALT", "A2": "REF", "EAF": "AF_ALT"},
        note="positions are GRCh38; give --n-cas and --n-con (see the release's manifest)",
        source="finngen.gitbook.io/documentation/data-description: alt is the effect allele"),
    Signature("PheWeb", "CHROM POS REF ALT (RSIDS|NEAREST_GENES) PVAL BETA SEBETA", {
        "SNP": "RSIDS", "A1": "ALT", "A2": "REF", "EAF": "AF AF_ALT", "MAF": "MAF"},
        source="github.com/statgen/pheweb: beta is of alt"),
    Signature("GIANT", "MARKERNAME ALLELE1 ALLELE2 FREQ_ALLELE1_HAPMAPCEU B SE P N",
        source="portals.broadinstitute.org/collaboration/giant, 2014 height: Allele1 is the effect allele"),
    Signature("GIANT 2015", "SNP A1 A2 FREQ1_HAPMAP B SE P N",
        source="portals.broadinstitute.org/collaboration/giant, 2015 BMI: A1 is the effect allele"),
    Signature("GIANT and UK Biobank 2018", "SNP TESTED_ALLELE OTHER_ALLELE FREQ_TESTED_ALLELE_IN_HRS BETA SE P N",
        source="portals.broadinstitute.org/collaboration/giant, Yengo 2018: effects are of Tested_Allele"),
    # The standard error that GWAMA gives for an odds ratio is not that of its logarithm.
    Signature("GWAMA", "RS_NUMBER REFERENCE_ALLELE OTHER_ALLELE EAF (BETA|OR) Z N_STUDIES N_SAMPLES EFFECTS", {
        "A1": "REFERENCE_ALLELE", "A2": "OTHER_ALLELE", "N": "N_SAMPLES", "NSTUDY": "N_STUDIES", "DIRECTION": "EFFECTS",
        "BETA": "BETA", "SE": "SE", "LOG10P": "__LOG10_P_VALUE"},
        note="GWAMA's effect allele is the one it heads reference_allele",
        source="geenivaramu.ee/en/tools/gwama, output file: the effect is of reference_allele"),
    Signature("ProbABEL", "NAME A1 A2 FREQ1 BETA_SNP_ADDA1 SEBETA_SNP_ADDA1", {
        "SNP": "NAME", "EAF": "FREQ1", "BETA": "BETA_SNP_ADDA1", "SE": "SEBETA_SNP_ADDA1", "CHISQ": "CHI2_SNP_ADD"},
        source="ProbABEL manual, output: beta_SNP_addA1 is of A1"),
    Signature("FaST-LMM", "SNP CHR CHRPOS PVALUE SNPWEIGHT SNPWEIGHTSE", {
        "BP": "CHRPOS", "BETA": "SNPWEIGHT", "SE": "SNPWEIGHTSE"},
        note="FaST-LMM writes no alleles: good for heritability only (--no-alleles)",
        source="fastlmm.association.single_snp: the effect is of the counted allele"),
    Signature("MTAG", "SNP A1 A2 MTAG_BETA MTAG_SE MTAG_Z MTAG_PVAL", {
        "BETA": "MTAG_BETA", "SE": "MTAG_SE", "Z": "MTAG_Z", "P": "MTAG_PVAL"},
        note="N is that of the GWAS that went in; MTAG's results are worth more: give the GWAS-equivalent N with --n",
        source="github.com/JonJala/mtag/wiki/Tutorial-1:-The-Basics: A1 is the effect allele"),
    Signature("MTAG input", "SNPID CHR BPOS A1 A2 FREQ Z N PVAL",
        source="github.com/JonJala/mtag/wiki/Tutorial-1:-The-Basics: a1 is the effect allele"),
    Signature("GCTA COJO", "SNP A1 A2 FREQ B SE P N",
        source="yanglab.westlake.edu.cn/software/gcta/#COJO: A1 is the effect allele"),
    Signature("GCTA MLMA", "CHR SNP BP A1 A2 FREQ B SE P", only="",
        source="yanglab.westlake.edu.cn/software/gcta/#MLMA: A1 is the effect allele"),
    Signature("GenomicSEM", "SNP A1 A2 EST Z_ESTIMATE PVAL_ESTIMATE", {
        "BETA": "EST", "SE": "SE_C SE", "Z": "Z_ESTIMATE", "P": "PVAL_ESTIMATE", "CHISQ": ""},
        note="chisq is of GenomicSEM's model, not of the SNP, and is not used; give the effective N of the factor with --n",
        source="github.com/GenomicSEM/GenomicSEM/wiki/4.-Common-Factor-GWAS: est is of A1"),
    Signature("Popcorn", "A1 A2 AF N BETA SE", only="RSID SNP CHR POS Z OR P_VALUE",
        doubt="Popcorn's input has exactly these columns, and there beta and af are of a2",
        source="github.com/brielin/Popcorn, README: a2 is the effect allele"),
    Signature("SSGAC", "MARKERNAME CHR POS A1 A2 EAF BETA SE PVAL",
        source="thessgac.com, README of EduYears_Main: A1 is the reference allele of the effect"),
    Signature("PGC", "SNPID A1 A2 OR SE P INFO NGT",
        source="README of scz2.snp.results.txt, PGC 2014: OR is of a1"),
    Signature("LDAK .assoc", "PREDICTOR BASEPAIR A1 A2 WALD_STAT WALD_P EFFECT", {
        "SNP": "PREDICTOR", "BP": "BASEPAIR", "BETA": "EFFECT", "SE": "SE SD", "P": "WALD_P", "Z": "WALD_STAT",
        "MAF": "MAF"}, source="dougspeed.com/single-predictor-analysis: the effect is of A1"),
    Signature("LDAK summaries", "PREDICTOR A1 A2 N (Z|STAT|DIRECTION|P|BETA|B|SE)", {
        "SNP": "PREDICTOR", "CHISQ": "STAT", "SIGN": "DIRECTION", "DIRECTION": "", "EAF": "A1FREQ", "Z": "Z"},
        source="dougspeed.com/summary-statistics: the effect and Direction are of A1"),
    Signature("LDSC", "SNP A1 A2 Z N", only="FRQ",
        source="github.com/bulik/ldsc/wiki/Summary-Statistics-File-Format: A1 is the effect allele"),
)
# fmt: on
