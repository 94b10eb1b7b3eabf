"""The headers of the field: what each quantity is called, and how each tool's files look.

A new format needs new rows here, not new code.  How the tables are used is in :mod:`sumh2.gwas_headers`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

TEXT, CATEGORY, NUMBER = "text", "category", "number"


def clean_header(name: str) -> str:
    """The spelling in which headers are compared."""
    return re.sub(r"[-. ]", "_", name.strip().strip('"').lstrip("#").upper())


@dataclass(frozen=True)
class Field:
    """A quantity, the headers it goes by, and the option that names its column.

    Parameters
    ----------
    tiers
        Cleaned headers, best first: a lower tier counts only where no header of a higher one is there.  Two columns of
        the same tier stop munge, which names the option that settles it.
    carried
        The column is only carried along: if it is unclear which it is, it is left out with a note.
    """

    name: str
    option: str
    meaning: str
    tiers: tuple[str, ...]
    kind: str = NUMBER
    carried: bool = False

    def names(self) -> tuple[tuple[str, ...], ...]:
        """The tiers, split into headers."""
        return tuple(tuple(tier.split()) for tier in self.tiers)


# fmt: off
FIELDS: dict[str, Field] = {each.name: each for each in (
    Field("SNP", "--snp", "name of the variant", (
        "RSID RS_ID RSIDS RS RS_NUMBER RS_NUMBERS HM_RSID",
        "SNP MARKERNAME MARKER_NAME SNPID SNP_ID MARKER PREDICTOR SNPID_UKB",
        "ID VARIANT VARIANT_ID VARIANTID MARKERID MARKER_ID HM_VARIANT_ID"), TEXT),
    Field("CHR", "--chr", "chromosome", (
        "CHR CHROM CHROMOSOME CHR_NAME HM_CHR HM_CHROM SEQNAME HG18CHR HG19CHR HG19CHRC",), CATEGORY, carried=True),
    Field("BP", "--bp", "position in base pairs", (
        "BP POS BPOS POSITION BASE_PAIR_LOCATION BASE_PAIR_POSITION CHR_POSITION PS HM_POS POS_B37 BP_HG19 POS_HG19",
        "POS_B38 BP_HG38 POS_HG38"), carried=True),
    Field("A1", "--effect-allele", "effect allele", (
        "EFFECT_ALLELE EFFECTALLELE EFF_ALLELE EA INC_ALLELE TESTED_ALLELE CODED_ALLELE ALLELE_EFFECT HM_EFFECT_ALLELE",
        "A1 ALLELE1 ALLELE_1 AL1"), CATEGORY),
    Field("A2", "--other-allele", "other allele", (
        ("OTHER_ALLELE OTHERALLELE NEA NON_EFFECT_ALLELE NONEFFECT_ALLELE NON_EFF_ALLELE DEC_ALLELE NONCODED_ALLELE "
        "NON_CODED_ALLELE ALLELE_OTHER HM_OTHER_ALLELE"),
        "A2 ALLELE2 ALLELE_2 AL2 ALLELE0 A0"), CATEGORY),
    Field("REF", "--other-allele", "allele of the reference genome", ("REF REF_ALLELE REFERENCE_ALLELE",), CATEGORY),
    Field("ALT", "--effect-allele", "alternative allele", (
        "ALT ALT_ALLELE ALTERNATE_ALLELE ALTERNATIVE_ALLELE",), CATEGORY),
    Field("P", "--p", "p-value", (
        "P PVALUE P_VALUE PVAL P_VAL P_BOLT_LMM P_LINREG P_WALD WALD_P MTAG_PVAL FREQUENTIST_ADD_PVALUE PVAL_NOMINAL",
        "GC_PVALUE P_BOLT_LMM_INF"), TEXT),
    Field("LOG10P", "--log10p", "-log10 of the p-value", (
        "LOG10P LOG10_P MLOG10P MLOGP NEG_LOG_10_P_VALUE NEG_LOG10_P NEG_LOG10_PVALUE NEGLOG10_PVAL NEGLOG10P LP LOGP",
        )),
    Field("BETA", "--beta", "effect of one copy of A1", (
        ("BETA B EFFECT EFFECTS ES EST EFFECT_SIZE EFFECT_WEIGHT LOG_ODDS LOGODDS LOGOR LOG_OR MTAG_BETA SLOPE HM_BETA "
        "EFFECT_A1 BETA_A1"),)),
    Field("OR", "--odds-ratio", "odds ratio (or hazard ratio) of one copy of A1", (
        "OR ODDS_RATIO ODDSRATIO OR_A1 HR HAZARD_RATIO HM_ODDS_RATIO",)),
    Field("SE", "--se", "standard error of the effect (of log OR for an odds ratio)", (
        "SE SEBETA STDERR STANDARD_ERROR LOG(OR)_SE STDERRLOGOR MTAG_SE SE_C SLOPE_SE BETA_SE SE_BETA STD_ERR",)),
    Field("Z", "--z", "Z score", (
        "Z ZSCORE Z_SCORE Z_STAT ZSTAT EZ MTAG_Z",
        "GC_ZSCORE T_STAT TSTAT STAT Z_OR_F_STAT T_OR_F_STAT")),
    Field("N", "--n-col", "sample size", (
        ("N OBS_CT SAMPLE_SIZE SAMPLESIZE TOTALSAMPLESIZE TOTAL_N N_TOTAL TOTALN N_ANALYZED N_COMPLETE_SAMPLES SS "
        "N_INFORMATIVE N_SAMPLES NTOT"),
        "NEFF N_EFF N_EFFECTIVE EFFECTIVE_N SUMNEFF",
        "WEIGHT")),
    Field("N_CAS", "--n-cas-col", "number of cases", (
        "N_CAS NCA NCAS NCASE NCASES N_CASE N_CASES CASES_N CASEN CASE_N",)),
    Field("N_CON", "--n-con-col", "number of controls", (
        "N_CON NCO NCON NCONTROL NCONTROLS N_CONTROL N_CONTROLS CONTROLS_N CONTROLN CONTROL_N N_CTRL N_CTRLS",)),
    Field("N_EFF_HALF", "--n-col", "half of the effective sample size", ("NEFFDIV2 NEFF_HALF",)),
    Field("NSTUDY", "--nstudy", "number of studies", ("NSTUDY N_STUDY NSTUDIES N_STUDIES",)),
    Field("EAF", "--eaf", "frequency of A1", (
        ("EAF FRQ FREQ FREQ1 AF AF1 A1FREQ A1_FREQ FREQ_A1 FREQUENCY EFFECT_ALLELE_FREQUENCY EFFECT_ALLELE_FREQ "
        "FREQ_EFFECT FREQ_EFFECT_ALLELE HM_EFFECT_ALLELE_FREQUENCY FREQ_ALLELE1_HAPMAPCEU"),
        "FRQ_U F_U")),
    Field("MAF", "--maf", "minor allele frequency", ("MAF MINOR_AF FREQ_MAF_HAPMAP",)),
    Field("INFO", "--info", "imputation quality", (
        "INFO IMPINFO IMP_INFO IMPUTATIONINFO IMPUTATION_INFO MEDIAN_INFO INFO_SCORE",
        "RSQ MACH_R2 SI")),
)}


@dataclass(frozen=True)
class Signature:
    """What a tool's header looks like, and what its columns mean there.

    Parameters
    ----------
    needs
        Cleaned headers (regular expressions) that must all be there.
    fields
        Field to cleaned headers (regular expressions), best first; they replace the field's general names.  An empty
        text says that the file has no such column, whatever its headers suggest.
    keep_rows
        Column and value of the rows that hold the additive effect of the variant.
    header_n
        Field to a regular expression whose group is a number of people that the header itself states.
    """

    tool: str
    needs: str
    fields: Mapping[str, str] = field(default_factory=dict)
    keep_rows: tuple[str, str] | None = None
    header_n: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    def matches(self, header: Iterable[str]) -> bool:
        """Whether all the needed headers are among the cleaned ones."""
        names = list(header)
        return all(any(re.fullmatch(need, name) for name in names) for need in self.needs.split())


#: The first that matches wins, so the more particular stand first.
SIGNATURES: tuple[Signature, ...] = (
    Signature("GWAS Catalog, harmonised", "HM_RSID HM_EFFECT_ALLELE HM_OTHER_ALLELE", {
        "SNP": "HM_RSID", "CHR": "HM_CHROM", "BP": "HM_POS", "A1": "HM_EFFECT_ALLELE", "A2": "HM_OTHER_ALLELE",
        "BETA": "HM_BETA", "OR": "HM_ODDS_RATIO", "EAF": "HM_EFFECT_ALLELE_FREQUENCY"}),
    Signature("GWAS-SSF", "CHROMOSOME BASE_PAIR_LOCATION EFFECT_ALLELE OTHER_ALLELE", {
        "SNP": "RSID VARIANT_ID", "OR": "ODDS_RATIO HAZARD_RATIO"}),
    Signature("PGC daner", r"SNP A1 A2 FRQ_A_\d+ FRQ_U_\d+ OR SE P", {
        "EAF": r"FRQ_U_\d+", "N_CAS": "NCA", "N_CON": "NCO"},
        header_n={"N_CAS": r"FRQ_A_(\d+)", "N_CON": r"FRQ_U_(\d+)"}),
    Signature("REGENIE", "GENPOS ID ALLELE0 ALLELE1 A1FREQ LOG10P", {
        "SNP": "ID", "BP": "GENPOS", "A1": "ALLELE1", "A2": "ALLELE0", "EAF": "A1FREQ"}, keep_rows=("TEST", "ADD")),
    Signature("BOLT-LMM", "SNP ALLELE1 ALLELE0 A1FREQ BETA SE P_(LINREG|BOLT_LMM|BOLT_LMM_INF)", {
        "A1": "ALLELE1", "A2": "ALLELE0", "BP": "BP", "EAF": "A1FREQ", "P": "P_BOLT_LMM_INF P_BOLT_LMM P_LINREG"},
        note="BETA/SE is BOLT-LMM's statistic under the infinitesimal model, so its P is P_BOLT_LMM_INF"),
    # TSTAT is SAIGE's score, not a t statistic.
    Signature("SAIGE", "ALLELE1 ALLELE2 AF_ALLELE2", {
        "SNP": "RSID SNPID MARKERID", "A1": "ALLELE2", "A2": "ALLELE1", "EAF": "AF_ALLELE2", "Z": "", "P": "P_VALUE"},
        note="SAIGE's effect allele is Allele2"),
    Signature("PLINK 2", "ID REF ALT A1 (OBS_CT|TEST|ERRCODE)", {
        "SNP": "ID", "A1": "A1", "A2": "OMITTED AX", "EAF": "A1_FREQ"}, keep_rows=("TEST", "ADD")),
    Signature("PLINK 1 .assoc.linear or .assoc.logistic", "SNP A1 TEST NMISS STAT", {
        "N": "NMISS"}, keep_rows=("TEST", "ADD")),
    Signature("PLINK 1 .assoc", "SNP A1 A2 F_A F_U OR P", {"EAF": "F_U"}),
    Signature("PLINK 1 .qassoc", "SNP NMISS BETA SE R2 T P", {"N": "NMISS", "Z": "T"}),
    Signature("GCTA fastGWA", "CHR SNP POS A1 A2 N AF1 BETA SE P"),
    Signature("METAL", "MARKERNAME ALLELE1 ALLELE2 (ZSCORE|EFFECT) P_VALUE DIRECTION"),
    Signature("GIANT", "MARKERNAME ALLELE1 ALLELE2 FREQ_ALLELE1_HAPMAPCEU B SE P N"),
    Signature("GCTA COJO", "SNP A1 A2 FREQ B SE P N"),
    Signature("SSGAC", "MARKERNAME CHR POS A1 A2 EAF BETA SE PVAL"),
    Signature("PGC", "SNPID A1 A2 OR SE P INFO NGT"),
    Signature("LDSC", "SNP A1 A2 Z N"),
)
# fmt: on
