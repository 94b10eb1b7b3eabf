"""The headers of the field: what each quantity is called.

A new header needs a new word here, not new code.  How the tools' files look is in :mod:`sumh2.gwas.signatures`, and how
both tables are used in :mod:`sumh2.gwas.headers`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TEXT, CATEGORY, NUMBER = "text", "category", "number"


def clean_header(name: str) -> str:
    """The spelling in which headers are compared."""
    return re.sub(r"[-. ]", "_", name.strip().strip('"').lstrip("#").upper())


@dataclass(frozen=True)
class Field:
    """A quantity, the headers it goes by, and the option that names its column.

    Parameters
    ----------
    name
        Of the quantity, e.g. A1.
    option
        The flag, e.g. --effect-allele.
    meaning
        In words, for messages.
    tiers
        Cleaned headers, best first: a lower tier counts only where no header of a higher one is there.  Two columns of
        the same tier stop munge, which names the option that settles it.
    kind
        How its column is read: number, text or category.
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
        "CHR CHROM CHROMOSOME CHR_NAME HM_CHR HM_CHROM SEQNAME HG18CHR HG19CHR HG19CHRC",
        "NAME:CHR"), CATEGORY, carried=True),
    Field("BP", "--bp", "position in base pairs", (
        "BP POS BPOS POSITION BASE_PAIR_LOCATION BASE_PAIR_POSITION CHR_POSITION PS HM_POS POS_B37 BP_HG19 POS_HG19",
        "POS_B38 BP_HG38 POS_HG38",
        "NAME:POS"), carried=True),
    Field("A1", "--effect-allele", "effect allele", (
        ("EFFECT_ALLELE EFFECTALLELE EFF_ALLELE EA INC_ALLELE TESTED_ALLELE CODED_ALLELE ALLELE_EFFECT HM_EFFECT_ALLELE "
        "RISK_ALLELE"),
        "A1 ALLELE1 ALLELE_1 AL1"), CATEGORY),
    Field("A2", "--other-allele", "other allele", (
        ("OTHER_ALLELE OTHERALLELE NEA NON_EFFECT_ALLELE NONEFFECT_ALLELE NON_EFF_ALLELE DEC_ALLELE NONCODED_ALLELE "
        "NON_CODED_ALLELE ALLELE_OTHER HM_OTHER_ALLELE NON_RISK_ALLELE"),
        "A2 ALLELE2 ALLELE_2 AL2 ALLELE0 A0"), CATEGORY),
    Field("REF", "--other-allele", "allele of the reference genome", (
        "REF REF_ALLELE REFERENCE_ALLELE", "NAME:REF"), CATEGORY),
    Field("ALT", "--effect-allele", "alternative allele", (
        "ALT ALT_ALLELE ALTERNATE_ALLELE ALTERNATIVE_ALLELE", "ALT1", "NAME:ALT"), CATEGORY),
    Field("P", "--p", "p-value", (
        "P PVALUE P_VALUE PVAL P_VAL P_BOLT_LMM P_LINREG P_WALD WALD_P MTAG_PVAL FREQUENTIST_ADD_PVALUE PVAL_NOMINAL",
        "GC_PVALUE P_BOLT_LMM_INF"), TEXT),
    Field("LOG10P", "--log10p", "-log10 of the p-value", (
        ("LOG10P LOG10_P MLOG10P MLOGP NEG_LOG_10_P_VALUE NEGLOG10_P_VALUE NEG_LOG10_P_VALUE NEG_LOG10_P "
        "NEG_LOG10_PVALUE NEGLOG10_PVAL NEGLOG10P LP LOGP LOG10_PVAL MINUS_LOG10_P"),)),
    Field("BETA", "--beta", "effect of one copy of A1", (
        ("BETA B EFFECT EFFECTS ES EST EFFECT_SIZE EFFECT_WEIGHT LOG_ODDS LOGODDS LOGOR LOG_OR MTAG_BETA SLOPE HM_BETA "
        "EFFECT_A1 BETA_A1 LOG(OR) LN_OR LNOR"),)),
    Field("OR", "--odds-ratio", "odds ratio (or hazard ratio) of one copy of A1", (
        "OR ODDS_RATIO ODDSRATIO OR_A1 HR HAZARD_RATIO HM_ODDS_RATIO",)),
    Field("SE", "--se", "standard error of the effect (of log OR for an odds ratio)", (
        ("SE SEBETA STDERR STANDARD_ERROR LOG(OR)_SE STDERRLOGOR MTAG_SE SE_C SLOPE_SE BETA_SE SE_BETA STD_ERR SE_A1 "
        "SEBETA_A1"),)),
    Field("Z", "--z", "Z score", (
        "Z ZSCORE Z_SCORE Z_STAT ZSTAT EZ MTAG_Z",
        "GC_ZSCORE T_STAT TSTAT STAT Z_OR_F_STAT T_OR_F_STAT")),
    Field("CHISQ", "--chisq", "chi-square statistic with one degree of freedom", ("CHISQ CHI2 CHI_SQ CHISQUARE",)),
    Field("SIGN", "--sign", "sign of the effect of A1: + or -, 1 or -1", ("SIGN",), CATEGORY),
    Field("DIRECTION", "--direction", "signs of the effects in the cohorts of a meta-analysis", (
        "DIRECTION DIRECTIONS DIRE",), CATEGORY, carried=True),
    Field("N", "--n-col", "sample size", (
        ("N OBS_CT SAMPLE_SIZE SAMPLESIZE TOTALSAMPLESIZE TOTAL_N N_TOTAL TOTALN N_ANALYZED N_COMPLETE_SAMPLES SS "
        "N_INFORMATIVE N_SAMPLES NTOT ALL_TOTAL N_OBS"),
        "NEFF N_EFF N_EFFECTIVE EFFECTIVE_N SUMNEFF EFFECTIVE_SAMPLE_SIZE",
        "WEIGHT")),
    Field("N_CAS", "--n-cas-col", "number of cases", (
        "N_CAS NCA NCAS NCASE NCASES N_CASE N_CASES CASES_N CASEN CASE_N CASES_TOTAL NUM_CASES N_CASES_TOTAL",)),
    Field("N_CON", "--n-con-col", "number of controls", (
        ("N_CON NCO NCON NCONTROL NCONTROLS N_CONTROL N_CONTROLS CONTROLS_N CONTROLN CONTROL_N N_CTRL N_CTRLS "
        "CONTROLS_TOTAL NUM_CONTROLS"),)),
    Field("N_EFF_HALF", "--n-col", "half of the effective sample size", ("NEFFDIV2 NEFF_HALF NEFFHALF",)),
    Field("NSTUDY", "--nstudy", "number of studies", ("NSTUDY N_STUDY NSTUDIES N_STUDIES",)),
    Field("EAF", "--eaf", "frequency of A1", (
        ("EAF FRQ FREQ FREQ1 AF AF1 A1FREQ A1_FREQ FREQ_A1 FREQUENCY EFFECT_ALLELE_FREQUENCY EFFECT_ALLELE_FREQ "
        "FREQ_EFFECT FREQ_EFFECT_ALLELE HM_EFFECT_ALLELE_FREQUENCY FREQ_ALLELE1_HAPMAPCEU FREQ1_HAPMAP EAF_HRC EAF_UKB "
        "FREQ_TESTED_ALLELE FREQ_TESTED_ALLELE_IN_HRS RISK_ALLELE_FREQUENCY ALLELEFREQUENCY_EFFECT"),
        "FRQ_U F_U")),
    Field("MAF", "--maf", "minor allele frequency", ("MAF MINOR_AF FREQ_MAF_HAPMAP ALL_MAF",)),
    Field("INFO", "--info", "imputation quality", (
        "INFO IMPINFO IMP_INFO IMPUTATIONINFO IMPUTATION_INFO MEDIAN_INFO INFO_SCORE",
        "RSQ MACH_R2 SI")),
)}
# fmt: on

_OF_THE_EFFECT_ALLELE = (
    "EAF EFFECT_ALLELE_FREQUENCY EFFECT_ALLELE_FREQ FREQ_EFFECT FREQ_EFFECT_ALLELE HM_EFFECT_ALLELE_FREQUENCY EAF_HRC "
    "EAF_UKB FREQ_TESTED_ALLELE FREQ_TESTED_ALLELE_IN_HRS RISK_ALLELE_FREQUENCY ALLELEFREQUENCY_EFFECT"
)

#: Headers of frequencies that say whose they are: the effect allele's.  Only these settle which allele that is.
EFFECT_FREQUENCIES = frozenset(_OF_THE_EFFECT_ALLELE.split())

#: Made of names like 1:12345:A:G where the file has no columns for them; never headers of a file.
NAME_PARTS = ("name:chr", "name:pos", "name:ref", "name:alt")
