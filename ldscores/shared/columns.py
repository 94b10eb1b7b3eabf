"""The glossary: one spelling for every column and quantity, in files, in Python and on the command line."""

from __future__ import annotations

#: Columns of our own files and of ``to_frame()``.
COLUMNS: dict[str, str] = {
    "SNP": "name of the variant, usually an rsID",
    "CHR": "chromosome, any name",
    "BP": "position on the chromosome in base pairs",
    "CM": "position on the chromosome in centimorgans",
    "A1": "effect allele: Z and BETA count its copies",
    "A2": "other allele",
    "MAF": "minor allele frequency, 0 to 0.5",
    "EAF": "frequency of A1, 0 to 1",
    "INFO": "imputation quality, 0 to 1",
    "BETA": "effect of one copy of A1 (log odds ratio for a disease)",
    "SE": "standard error of BETA",
    "P": "two-sided p-value of BETA",
    "Z": "BETA / SE, positive when A1 increases the trait",
    "N": "number of people behind this SNP",
}

#: Quantities that results report.
QUANTITIES: dict[str, str] = {
    "chi2": "Z squared",
    "ld_score": "sum of r2 with the SNPs in the window, the SNP itself included",
    "tagging": "LD score weighted by a heritability model's column",
    "M": "number of reference SNPs behind an LD score",
    "M_5_50": "the same, only SNPs with MAF above 5%",
    "intercept": "expected chi2 of a SNP that tags no heritability; 1 without confounding",
    "ratio": "(intercept - 1) / (mean_chi2 - 1): share of the inflation that is not heritability",
    "lambda_gc": "median chi2 / 0.4549",
    "mean_chi2": "mean chi2 of the regression SNPs",
    "h2": "SNP heritability on the scale of the study (observed scale)",
    "h2_liab": "SNP heritability on the liability scale",
    "gcov": "genetic covariance",
    "gcov_int": "intercept of the genetic covariance regression: sample overlap x phenotypic correlation",
    "rg": "genetic correlation, gcov / sqrt(h2_1 h2_2)",
    "tau": "heritability per unit of annotation and SNP",
    "status": "ok, caution or unusable",
    "why": "what is wrong, and what to do next",
}
