r"""What an audit looks at in the columns: each check says what was found, how bad it is, and what to do.

Formulas: the variance of an effect is that of the trait over ``N 2 p (1 - p)``, so that ``k = N 2 p (1 - p) SE^2`` is 1
for a quantitative trait of variance 1; for log odds ratios 4 where N is the effective N, ``1 / (v (1 - v))`` where N counts
all people and v is the share of cases, and 2 where N is half of the effective N.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sumh2.doctor.check import AuditCheck
from sumh2.doctor.columns import AuditColumns
from sumh2.gwas.alleles import FEWEST_FREQUENCIES
from sumh2.kernels.significance import lambda_gc
from sumh2.munging.checks import contradicts_zero
from sumh2.munging.sample_sizes import implied_n

#: Fewer rows tell nothing about a column.
_FEW = 100
#: Fewer may all lie in one region that was imputed badly.
_MANY = 1000
#: Share of rows from which a fault is worth a caution.
_SHARE = 0.01
#: An N below this is something else.
_FEWEST_PEOPLE = 50
#: N below this share of what SE and frequency imply is too small: between an effective N and half of it.
_N_TOO_SMALL = 0.65
#: Above this it is about half of it.
_HALF = 0.4
#: The same where nothing but the name of N says that effects are log odds ratios: a quantitative trait may come to 0.4.
_SURELY_HALF = 0.45
#: An N that calls itself effective and is larger than this many times what SE and frequency imply is another N.
_NOT_EFFECTIVE = 1.8
#: N above this many times what SE and frequency imply counts people who were not analysed.
_N_TOO_LARGE = 1.6
#: A 5th percentile of the implied N below this share of its median: SNPs were seen in different numbers of people.
_N_SPREAD = 0.5
#: Logarithm of a typical Z over that of P from which P (or SE) is corrected; from which it is worth a note.
_P_CORRECTED, _P_A_LITTLE_CORRECTED = 0.07, 0.03
#: Share of Z apart from P by more than 0.2 and 10 % from which they are of different things.
_P_APART = 0.25
#: A mean chi2 or a lambda above this is beyond what heritability gives over the genome, but in millions of people.
_EXTREME, _MILLIONS = 10, 1e6
#: Share of SNPs with |Z| of P below 1, two thirds by chance alone, from which the file holds those without effect too.
_NULL_BY_P = 0.2
#: Lambda below this over many SNPs is a corrected or mistaken standard error.
_DEFLATED = 0.85


#: Names of the checks whose finding is explained by odds ratios in the place of effects.
_OF_ODDS_RATIOS = ("z", "signs", "inflation", "munge")


def explain_odds_ratios(columns: AuditColumns, check: AuditCheck) -> AuditCheck:
    """The same check with the one advice that helps, where odds ratios were taken for effects."""
    column = columns.odds_ratios_in
    if not column or check.check not in _OF_ODDS_RATIOS or check.status not in ("caution", "unusable"):
        return check
    return replace(check, advice=f"{column} holds odds ratios: say so with --odds-ratio {column}")


def check_z(columns: AuditColumns) -> AuditCheck | None:
    """Z against BETA/SE against P: signs and sizes."""
    found, status, advice, values = [], "ok", "", {}
    from_effect = None
    if columns.beta is not None and columns.se is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            from_effect = np.where(columns.se > 0, columns.beta / columns.se, np.nan)
    signed = [(columns.name("Z"), columns.z)] if columns.z is not None else []
    if columns.odds_ratio is not None and "BETA" in columns.gwas:
        signed.append((columns.name("OR"), np.log(np.where(columns.odds_ratio > 0, columns.odds_ratio, np.nan))))
    for name, other in signed:
        if columns.beta is None:
            continue
        both = np.isfinite(other) & np.isfinite(columns.beta) & (np.abs(other) > 1e-12) & (columns.beta != 0)
        if both.sum() < _FEW:
            continue
        opposite = float(np.mean(np.sign(other[both]) != np.sign(columns.beta[both])))
        values[f"share_opposite_{name}"] = opposite
        if opposite > _SHARE:
            status = "unusable"
            found.append(f"{100 * opposite:.0f}% of {name} have the other sign than {columns.name('BETA')}")
            advice = "one of the two is of the other allele: find out which, and name it with --beta or --z"
    if columns.z is not None and from_effect is not None:
        apart = _share_apart(np.abs(columns.z), np.abs(from_effect))
        if np.isfinite(apart):
            values["share_z_apart"] = apart
            found.append(f"{100 * apart:.1f}% of {columns.name('Z')} differ from BETA / SE")
            if apart > 0.1 and status == "ok":
                status, advice = (
                    "caution",
                    "are Z and SE of the same model? name the right ones with --z, --beta and --se",
                )
    size = from_effect if from_effect is not None else columns.z
    if size is not None and columns.p_size is not None:
        apart = _share_apart(np.abs(size), columns.p_size)
        if np.isfinite(apart):
            values["share_p_apart"] = apart
            values["factor"] = factor = _typical_factor(np.abs(size), columns.p_size)
            found.append(f"{100 * apart:.1f}% of Z differ from P (a typical Z is {factor:.2f} times that of P)")
            # A constant factor is a correction; without one, P is of something else.
            off = abs(np.log(factor)) if factor > 0 else np.inf
            if status == "ok" and (off > _P_CORRECTED or apart > _P_APART):
                status = "caution"
                advice = "P is corrected, or of another test, or SE is not the effect's; --z-from p takes P"
            elif status == "ok" and off > _P_A_LITTLE_CORRECTED:
                status, advice = "note", "P or SE is a little corrected, or of another test; munge takes BETA / SE"
        zero = float(np.mean(contradicts_zero(np.abs(size), columns.p_size)))
        if zero > 0:
            values["share_p_zero"] = zero
            found.append(f"{max(100 * zero, 0.01):.2g}% have P = 0 beside a Z that is not large")
            if status in ("ok", "note"):
                status = "caution" if zero > _SHARE else "note"
                name = columns.name("LOG10P" if "LOG10P" in columns.gwas else "P")
                advice = f"0 in {name} is a code for missing: write NA there; Z does not come from these P"
    return AuditCheck("z", status, "; ".join(found), advice, values) if found else None


def _typical_factor(size: NDArray, other: NDArray) -> float:
    """Median of |Z| over that of P where neither is near 0 nor cut off; of the medians where there are few such."""
    usable = np.isfinite(size) & (other > 1) & (other < 20)
    if usable.sum() < _FEW:
        return float(np.nanmedian(size) / max(np.nanmedian(other), 1e-300))
    return float(np.median(size[usable] / other[usable]))


def _share_apart(size: NDArray, other: NDArray) -> float:
    """Share of the rows with two |Z| apart by more than 0.2 and 10 % of the second; NaN where too few can be compared."""
    both = np.isfinite(size) & np.isfinite(other) & (other < 37)
    if both.sum() < _FEW:
        return float("nan")
    return float(np.mean(np.abs(size[both] - other[both]) > 0.2 + 0.1 * other[both]))


def check_n(columns: AuditColumns) -> AuditCheck | None:
    """N as stated against N as SE and frequency imply it."""
    few = _check_few_people(columns)
    if few is not None:
        return few
    frequency = columns.frequency
    if frequency is None or columns.se is None:
        return None
    factor = 4.0 if columns.is_binary else 1.0
    implied = implied_n(columns.se, frequency, factor)
    well = (np.minimum(frequency, 1 - frequency) > 0.05) & np.isfinite(implied)
    if columns.info is not None:
        well &= ~(columns.info < 0.9)
    if well.sum() < FEWEST_FREQUENCIES:
        return None
    typical = float(np.median(implied[well]))
    if columns.n is None:
        what = "an effective N" if columns.is_binary else "for a trait of variance 1"
        return AuditCheck("n", "caution", f"no N; SE and frequency imply {typical:,.0f} ({what})",
                          "give --n, --n-cas and --n-con, or --infer-n", {"implied": typical})  # fmt: skip
    stated = float(np.nanmedian(columns.n[well]))
    ratio = stated / typical
    # Poor imputation lowers what SE implies: the best SNPs tell whether N is too large.
    values = {"stated": stated, "implied": typical, "ratio": ratio, "best": float(np.quantile(implied[well], 0.9))}
    spread = _check_spread(columns, columns.n[well], implied[well], stated, values)
    if spread is not None:
        return spread
    if columns.is_binary:
        return _check_binary_n(columns, stated, typical, int(well.sum()), values)
    if columns.n_is_effective and _SURELY_HALF < stated / (4 * typical) < _N_TOO_SMALL:
        values |= {"implied": 4 * typical, "ratio": stated / (4 * typical)}
        return _check_binary_n(columns, stated, 4 * typical, int(well.sum()), values)
    found = f"N {stated:,.0f}; SE and frequency imply {typical:,.0f} for a trait of variance 1"
    if 0.8 < ratio < 1.25:
        return AuditCheck("n", "ok", found, values=values)
    found += f" (N is {ratio:.2f} times that: the trait's SD is {np.sqrt(ratio):.3g}, or N is off by that factor)"
    advice = "if the trait was standardised, N is wrong" if 0.3 < ratio < 3.5 else ""
    return AuditCheck("n", "note", found, advice, values)


def _check_few_people(columns: AuditColumns) -> AuditCheck | None:
    """An N of a handful: no number of people."""
    known = columns.n[np.isfinite(columns.n)] if columns.n is not None else np.empty(0)
    if len(known) == 0 or (typical := float(np.median(known))) >= _FEWEST_PEOPLE:
        return None
    return AuditCheck("n", "unusable", f"a typical N is {typical:.4g}: no GWAS has so few people",
                      "is it the number of studies, or N in thousands? name the column of N with --n-col, or give --n",
                      {"stated": typical})  # fmt: skip


def _check_spread(columns: AuditColumns, n, implied, stated: float, values: dict) -> AuditCheck | None:
    """One N for all SNPs although they were seen in different numbers of people."""
    constant = np.nanmax(n) - np.nanmin(n) <= 1e-6 * stated
    low = float(np.quantile(implied, 0.05) / np.median(implied))
    values["implied_5th_percentile"] = low
    if not constant or low >= _N_SPREAD or len(n) < _FEW or not columns.rounding_of_se < 0.025:
        return None
    return AuditCheck(
        "n", "caution", f"N is {stated:,.0f} for every SNP, but SE and frequency imply {low:.0%} of the typical N at the "
        "5th percentile: SNPs were seen in different numbers of people",
        "use the N of each SNP (a column, or --cohorts with the column of directions), or --infer-n", values,
    )  # fmt: skip


def _check_binary_n(columns: AuditColumns, stated: float, typical: float, n_compared: int, values: dict) -> AuditCheck:
    ratio, share = stated / typical, columns.share_cases
    found = f"N {stated:,.0f}; SE and frequency imply an effective N of {typical:,.0f}"
    # A standard error that is corrected by genomic control raises the ratio up to twofold.
    linear = 0.7 < ratio * 4 / (share * (1 - share)) < 2 if np.isfinite(share) else ratio * 4 < 0.3
    if linear:
        return AuditCheck("n", "note", f"{found} if effects were log odds ratios; they are of a linear model of 0 and 1",
                          "Z is good as it is; do not take BETA for a log odds ratio", values)  # fmt: skip
    if ratio < _N_TOO_SMALL:
        cases = columns.n_cas
        if cases is not None and abs(stated / max(np.nanmedian(cases), 1) - 1) < 0.02:
            what = "N counts the cases without the controls"
            advice = "give --n-cas and --n-con, or --neff with both columns"
        elif ratio > _HALF:
            what = "N is half of the effective N, or counts cases without controls"
            advice = (
                f"double it (--n {2 * stated:.0f} if it is one number, or call the column Neff_half), or give --n-cas and "
                "--n-con"
            )
        else:
            what, advice = "N is too small, as of one cohort", "give --n-cas and --n-con, or --cohorts"
        return AuditCheck("n", "caution", f"{found}: {what}; heritability would come out {1 / ratio:.1f} times too large",
                          advice, values)  # fmt: skip
    if ratio <= 1.35:
        return AuditCheck("n", "ok", found, values=values)
    if columns.n_is_effective and stated / values["best"] > _NOT_EFFECTIVE and n_compared >= _MANY:
        return AuditCheck("n", "caution", f"{found}: N is headed as effective, but is {ratio:.2f} times that",
                          "is it the number of all people? give --n-cas and --n-con with --neff", values)  # fmt: skip
    if np.isfinite(share):
        expected = 1 / (4 * share * (1 - share))
        if stated / values["best"] / expected > _N_TOO_LARGE and n_compared >= _MANY:
            return AuditCheck(
                "n", "caution", f"{found}; {100 * share:.0f}% cases explain a factor of {expected:.2f}, not {ratio:.2f}",
                "N counts people who were not analysed at these SNPs, or cohorts of different balance: use the sum of the "
                "cohorts' effective N (--cohorts --neff)", values,
            )  # fmt: skip
        found += f"; N counts all people, {100 * share:.0f}% of them cases"
        return AuditCheck("n", "ok" if ratio / expected < _N_TOO_LARGE else "note", found, values=values)
    return AuditCheck("n", "note", f"{found}; N seems to count all people of an unbalanced study",
                      "for the liability scale: --n-cas and --n-con with --neff, --samp-prev 0.5", values)  # fmt: skip


def check_inflation(columns: AuditColumns) -> AuditCheck | None:
    """Lambda GC, mean chi2, and whether the null SNPs are there at all."""
    z = columns.effect_z
    if z is None:
        return None
    z = z[np.isfinite(z)]
    chi2 = z**2
    if len(chi2) < _FEW:
        return None
    inflation, mean = lambda_gc(z), float(chi2.mean())
    values = {"lambda_gc": inflation, "mean_chi2": mean, "smallest_chi2": float(chi2.min())}
    # munge prints the same of the rows that it keeps, which may be far from these.
    found = f"lambda GC {inflation:.3f}, mean chi2 {mean:.3f} before the filters of munge"
    weak = float(np.mean(chi2 < 1))
    if weak < 0.05:
        return AuditCheck("inflation", "unusable", f"{found}; {100 * weak:.0f}% of SNPs have chi2 below 1",
                          _why_no_null(columns), values)  # fmt: skip
    if mean < 0.5:
        return AuditCheck("inflation", "unusable", f"{found}: chance alone gives 1",
                          "SE is a standard deviation or another column; name the right one with --se", values)  # fmt: skip
    if inflation < _DEFLATED and len(chi2) > 5000:
        return AuditCheck("inflation", "caution", f"{found}: less than chance gives",
                          "SE is corrected twice, or SNPs are rare; --z-from p takes P", values)  # fmt: skip
    if mean > _EXTREME:
        return _describe_extreme(columns, found, values)
    return AuditCheck("inflation", "ok", found, values=values)


def _why_no_null(columns: AuditColumns) -> str:
    """What to do where no Z is small: P tells whether that is so of the SNPs or only of the columns."""
    p_size = columns.p_size[np.isfinite(columns.p_size)] if columns.p_size is not None else np.empty(0)
    if len(p_size) >= _FEW and np.mean(p_size < 1) > _NULL_BY_P:
        return (
            "P is not small: Z is made of the wrong columns; name the right ones with --beta, --odds-ratio, --se or --z"
        )
    return "the file holds only SNPs with small P: LD score regression needs all SNPs; get the whole file"


def _describe_extreme(columns: AuditColumns, found: str, values: dict) -> AuditCheck:
    """A mean chi2 that is extreme: of a few SNPs, as in an extract with the MHC; or of all, which is worse."""
    if values["lambda_gc"] <= _EXTREME:
        return AuditCheck("inflation", "note", f"{found}: the mean is extreme, by few SNPs",
                          "an extract, or a large region such as the MHC? LD score regression needs the whole genome; see "
                          "--chisq-max of sumh2 h2", values)  # fmt: skip
    if columns.n is not None and np.nanmedian(columns.n) >= _MILLIONS:
        return AuditCheck("inflation", "ok", found, values=values)
    return AuditCheck("inflation", "caution", f"{found}: extreme; only millions of people give so much",
                      "is SE too small, or chi2 in the place of Z? name the right columns with --se or --z; or the study "
                      "is confounded (structure, relatives): look at the intercept of sumh2 h2", values)  # fmt: skip


def check_signs(columns: AuditColumns) -> AuditCheck | None:
    """Effects that lean to one side."""
    z = columns.beta if columns.beta is not None else columns.z
    if z is None:
        return None
    z = z[np.isfinite(z) & (z != 0)]
    if len(z) < _FEW:
        return None
    positive = float(np.mean(z > 0))
    values = {"share_positive": positive}
    if abs(positive - 0.5) > 0.2:
        return AuditCheck("signs", "caution", f"{100 * positive:.0f}% of effects are positive",
                          "the column is not signed, odds ratios were taken for effects, or A1 is always the risk allele "
                          "(--a1-inc)", values)  # fmt: skip
    return AuditCheck("signs", "ok", f"{100 * positive:.0f}% of effects are positive", values=values)


def check_info(columns: AuditColumns) -> AuditCheck | None:
    """Imputation quality."""
    if columns.info is None:
        return None
    known = columns.info[np.isfinite(columns.info)]
    missing = 1 - len(known) / max(columns.n_rows, 1)
    if len(known) == 0:
        return AuditCheck("info", "note", "no values of INFO")
    outside, low = float(np.mean((known < 0) | (known > 1.5))), float(np.mean(known < 0.9))
    values = {"share_below_0.9": low, "share_missing": missing, "share_outside": outside}
    found = f"{100 * low:.0f}% below 0.9, {100 * missing:.0f}% missing"
    if outside > _SHARE:
        advice = f"{columns.name('INFO')} is not the imputation quality: --ignore {columns.name('INFO')}"
        return AuditCheck("info", "caution", f"{found}, {100 * outside:.0f}% outside 0 to 1.5", advice, values)
    return AuditCheck("info", "ok", found, values=values)
