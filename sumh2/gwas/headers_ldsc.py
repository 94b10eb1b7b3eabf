"""The headers LDSC 1.0.1 knows and how it maps them, for ``sumh2 munge --ldsc``; else see :mod:`sumh2.gwas.headers`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ldscores.shared.errors import InputError
from sumh2.munging.result import MungeOptions

#: Headers of LDSC 1.0.1.  ``Z-SCORE`` of its own table can never match a cleaned header (case m19 of the reference).
LDSC_NAMES: dict[str, str] = {
    "SNP": "SNP MARKERNAME SNPID RS RSID RS_NUMBER RS_NUMBERS",
    "NSTUDY": "NSTUDY N_STUDY NSTUDIES N_STUDIES",
    "P": "P PVALUE P_VALUE PVAL P_VAL GC_PVALUE",
    "A1": "A1 ALLELE1 ALLELE_1 EFFECT_ALLELE REFERENCE_ALLELE INC_ALLELE EA",
    "A2": "A2 ALLELE2 ALLELE_2 OTHER_ALLELE NON_EFFECT_ALLELE DEC_ALLELE NEA",
    "N": "N WEIGHT",
    "N_CAS": "NCASE CASES_N N_CASE N_CASES N_CAS",
    "N_CON": "NCONTROL CONTROLS_N N_CONTROL N_CONTROLS N_CON",
    "Z": "ZSCORE GC_ZSCORE Z",
    "OR": "OR",
    "BETA": "B BETA EFFECT EFFECTS",
    "LOG_ODDS": "LOG_ODDS",
    "SIGNED_SUMSTAT": "SIGNED_SUMSTAT",
    "INFO": "INFO",
    "FRQ": "EAF FRQ MAF FRQ_U F_U",
}

#: The value of a signed column that means no effect.
LDSC_NULL_VALUES = {"LOG_ODDS": 0.0, "BETA": 0.0, "OR": 1.0, "Z": 0.0}

_DESCRIPTIONS = {
    "SNP": "Variant ID (e.g., rs number)",
    "P": "p-Value",
    "A1": "Allele 1, interpreted as ref allele for signed sumstat.",
    "A2": "Allele 2, interpreted as non-ref allele for signed sumstat.",
    "N": "Sample size",
    "N_CAS": "Number of cases",
    "N_CON": "Number of controls",
    "Z": "Z-score (0 --> no effect; above 0 --> A1 is trait/risk increasing)",
    "OR": "Odds ratio (1 --> no effect; above 1 --> A1 is risk increasing)",
    "BETA": "[linear/logistic] regression coefficient (0 --> no effect; above 0 --> A1 is trait/risk increasing)",
    "LOG_ODDS": "Log odds ratio (0 --> no effect; above 0 --> A1 is risk increasing)",
    "INFO": "INFO score (imputation quality; higher --> better imputation)",
    "FRQ": "Allele frequency",
    "SIGNED_SUMSTAT": "Directional summary statistic as specified by --signed-sumstats.",
    "NSTUDY": "Number of studies in which the SNP was genotyped.",
}


@dataclass(frozen=True)
class LdscColumnMap:
    """What LDSC reads: column of the file to field, the null of the signed column, and people counted in the header."""

    fields: Mapping[str, str]
    described: Mapping[str, str]
    sign_name: str
    null_value: float | None
    n_cas: float | None = None
    n_con: float | None = None

    def column(self, name: str) -> str | None:
        """The file's column of a field."""
        return next((column for column, value in self.fields.items() if value == name), None)

    def file_columns(self) -> tuple[str, ...]:
        """Every column that must be read."""
        return tuple(self.fields)

    def __str__(self) -> str:
        lines = []
        if self.n_cas is not None:
            lines.append(f"Inferred that N_cas = {self.n_cas}, N_con = {self.n_con} from the FRQ_[A/U] columns.")
        lines.append("Interpreting column names as follows:")
        lines += [f"{column}:\t{_DESCRIPTIONS[name]}" for column, name in self.described.items()]
        return "\n".join(lines) + "\n"


def clean_header_ldsc(name: str) -> str:
    """LDSC's spelling for comparing headers."""
    return name.upper().replace("-", "_").replace(".", "_")


def map_columns_ldsc(header: Sequence[str], options: MungeOptions, where: str = "the header") -> LdscColumnMap:
    """Find the columns as LDSC 1.0.1 does.

    Raises
    ------
    InputError
        Wherever LDSC stops: a column is missing or twice there, two columns are the same field, N is not to be had,
        there is no or more than one signed column.
    """
    flags, null_value = _flag_names(options, where)
    automatic = not options.signed and not options.a1_inc
    names = {text: name for name, texts in LDSC_NAMES.items() for text in texts.split()}
    if not automatic:
        names = {text: name for text, name in names.items() if name not in LDSC_NULL_VALUES}
    ignored = {clean_header_ldsc(name) for name in options.ignore}
    names = {text: name for text, name in {**names, **flags}.items() if text not in ignored}
    stated = _daner_names(header, options, names, where)
    fields = {column: names[clean_header_ldsc(column)] for column in header if clean_header_ldsc(column) in names}
    described = dict(fields)
    sign_name = "SIGNED_SUMSTATS"
    if automatic:
        signed = [column for column, name in fields.items() if name in LDSC_NULL_VALUES]
        if not signed:
            raise InputError(
                f"{where}: no column with the sign of the effect; found {' '.join(header[:40])}; "
                "name it with --signed-sumstats, e.g. --signed-sumstats BETA,0"
            )
        if len(signed) > 1:
            raise InputError(
                f"{where}: found {len(signed)} signed columns ({', '.join(signed)}), LDSC expects one; "
                "leave the others out with --ignore"
            )
        sign_name, null_value = signed[0], LDSC_NULL_VALUES[fields[signed[0]]]
        fields[sign_name] = "SIGNED_SUMSTAT"
    _check_fields(header, fields, options, stated, where)
    found = set(fields.values())
    if "N" in found or {"N_CAS", "N_CON"} <= found:
        fields = {column: name for column, name in fields.items() if name != "NSTUDY"}
    return LdscColumnMap(fields, described, sign_name, null_value, *stated)


def _flag_names(options: MungeOptions, where: str) -> tuple[dict[str, str], float | None]:
    """Fields of the columns that options name."""
    named = {
        "NSTUDY": options.nstudy, "SNP": options.snp, "N": options.n_col, "N_CAS": options.n_cas_col,
        "N_CON": options.n_con_col, "A1": options.effect_allele, "A2": options.other_allele, "P": options.p,
        "FRQ": options.eaf or options.maf, "INFO": options.info,
    }  # fmt: skip
    unknown = {"log10p": "-log10 P", "beta": "BETA", "odds_ratio": "OR", "se": "SE", "z": "Z"}
    used = [f"--{name.replace('_', '-')}" for name in unknown if getattr(options, name)]
    if used:
        raise InputError(
            f"{where}: LDSC has no {', '.join(used)}; use --signed-sumstats NAME,NULL for the effect and --p for the "
            "p-value, or leave out --ldsc"
        )
    if options.z_from != "auto":
        raise InputError(
            f"{where}: LDSC has no --z-from: its Z is always that of P; leave out --z-from, or leave out --ldsc"
        )
    if options.extract_given:
        raise InputError(
            f"{where}: LDSC has no --extract; use --merge-alleles with a table of SNP, A1, A2, or leave out --ldsc"
        )
    flags = {clean_header_ldsc(column): name for name, column in named.items() if column}
    flags |= {clean_header_ldsc(column): "INFO" for column in options.info_list}
    if not options.signed:
        return flags, None
    column, null_value = options.signed
    return {**flags, clean_header_ldsc(column): "SIGNED_SUMSTAT"}, float(null_value)


def _daner_names(header: Sequence[str], options: MungeOptions, names: dict[str, str], where: str) -> tuple:
    """Add the columns of PGC's daner formats to ``names``; numbers of cases and controls from the header of --daner."""
    if not (options.daner or options.daner_n):
        return None, None
    found = {}
    for prefix in ("FRQ_U_", "FRQ_A_") if options.daner else ("FRQ_U_",):
        columns = [column for column in header if column.startswith(prefix)]
        if not columns:
            raise InputError(
                f"{where}: no column {prefix}<n>, as the daner format has; check the file, or drop the flag"
            )
        found[prefix] = columns[0]
    names[clean_header_ldsc(found["FRQ_U_"])] = "FRQ"
    if options.daner_n:
        for column, name in (("Nca", "N_CAS"), ("Nco", "N_CON")):
            if column not in header:
                raise InputError(f"{where}: no column {column}, as --daner-n expects; check the file, or use --daner")
            names[clean_header_ldsc(column)] = name
        return None, None
    try:
        return float(found["FRQ_A_"][6:]), float(found["FRQ_U_"][6:])
    except ValueError:
        raise InputError(
            f"{where}: {found['FRQ_A_']} and {found['FRQ_U_']} do not end in numbers of people; check the header"
        ) from None


def _check_fields(header, fields: Mapping[str, str], options: MungeOptions, stated: tuple, where: str) -> None:
    found, values = set(fields.values()), list(fields.values())
    for name in ("SNP", "P", *(() if options.a1_inc else ("SIGNED_SUMSTAT",))):
        if name not in found:
            raise InputError(
                f"{where}: no column for {name}; found {' '.join(header[:40])}; "
                f"name it with {'--signed-sumstats' if name == 'SIGNED_SUMSTAT' else '--' + name.lower()}"
            )
    for column in fields:
        if header.count(column) > 1:
            raise InputError(f"{where}: found {header.count(column)} columns named {column}, expected one; rename them")
    for name in found:
        columns = [column for column, value in fields.items() if value == name]
        if values.count(name) > 1:
            raise InputError(
                f"{where}: found {len(columns)} different {name} columns ({', '.join(columns)}), LDSC expects one; "
                "leave the others out with --ignore, or leave out --ldsc"
            )
    of_cases = options.n_cas is not None and options.n_con is not None
    people = options.n is not None or of_cases or (stated[0] and stated[1])
    if not people and "N" not in found and not {"N_CAS", "N_CON"} <= found:
        raise InputError(
            f"{where}: no sample size; found {' '.join(header)}; give --n, or --n-cas and --n-con, "
            "or name the column with --n-col, or the columns with --n-cas-col and --n-con-col"
        )
    if not options.no_alleles and not {"A1", "A2"} <= found:
        raise InputError(f"{where}: no columns for A1 and A2; name them with --effect-allele and --other-allele")
