"""Genetic correlations as results: a row a pair, with everything that was estimated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from sumh2.kernels.product_regression import ProductFit
from sumh2.reasons import shared_reasons
from sumh2.results import Result, p_text, record_of, with_se

NAN = float("nan")
#: The report of many pairs shows this many reasons, the table all of them.
REASONS_SHOWN = 20


@dataclass(frozen=True)
class RgPair:
    """One pair of traits; every estimate is made on the pair's own SNPs.

    Parameters
    ----------
    trait1, trait2
        Names.
    rg, rg_se, rg_z, rg_p, rg_log10_p
        Genetic correlation as it is, also outside ±1; NaN where a heritability is not positive.
    gcov, gcov_se, gcov_z, gcov_p, gcov_log10_p
        Genetic covariance on the observed scale.
    gcov_int, gcov_int_se
        Its intercept: overlap of the samples times phenotypic correlation.
    h2_1, h2_1_se, h2_int_1, h2_int_1_se, h2_2, h2_2_se, h2_int_2, h2_int_2_se
        Heritabilities on these SNPs, in one step unless a cutoff is given (as LDSC --rg; they differ from --h2).
    gcov_liab, gcov_liab_se, h2_liab_1, h2_liab_1_se, h2_liab_2, h2_liab_2_se
        Liability scale, NaN for a trait without prevalences; the correlation is the same on both scales.
    mean_z1z2, mean_chi2_1, mean_chi2_2, lambda_gc_1, lambda_gc_2
        Over the regression SNPs.
    n_shared, n_snps
        SNPs that both traits have, and those of them with matching alleles (and below ``chisq_max``).
    n_blocks
        Jackknife blocks; 0 where the pair could not be fitted.
    status, why
        ok, caution or unusable, and what to do.
    fits
        The three regressions (trait 1, trait 2, covariance) with their delete values; None where they failed.
    """

    trait1: str
    trait2: str
    rg: float = NAN
    rg_se: float = NAN
    rg_z: float = NAN
    rg_p: float = NAN
    rg_log10_p: float = NAN
    gcov: float = NAN
    gcov_se: float = NAN
    gcov_z: float = NAN
    gcov_p: float = NAN
    gcov_log10_p: float = NAN
    gcov_int: float = NAN
    gcov_int_se: float = NAN
    h2_1: float = NAN
    h2_1_se: float = NAN
    h2_int_1: float = NAN
    h2_int_1_se: float = NAN
    h2_2: float = NAN
    h2_2_se: float = NAN
    h2_int_2: float = NAN
    h2_int_2_se: float = NAN
    gcov_liab: float = NAN
    gcov_liab_se: float = NAN
    h2_liab_1: float = NAN
    h2_liab_1_se: float = NAN
    h2_liab_2: float = NAN
    h2_liab_2_se: float = NAN
    mean_z1z2: float = NAN
    mean_chi2_1: float = NAN
    mean_chi2_2: float = NAN
    lambda_gc_1: float = NAN
    lambda_gc_2: float = NAN
    n_shared: int = 0
    n_snps: int = 0
    n_blocks: int = 0
    status: str = "ok"
    why: str = ""
    fits: tuple[ProductFit, ProductFit, ProductFit] | None = field(default=None, repr=False)

    def to_record(self) -> dict[str, Any]:
        """The row of the tidy table."""
        return record_of(self, without=("fits",))


@dataclass(frozen=True)
class RgResult(Result):
    """Genetic correlations of the pairs asked for.

    Parameters
    ----------
    pairs
        In the order asked for.
    m
        Reference SNPs behind the LD scores.
    """

    kind: ClassVar[str] = "rg"

    pairs: tuple[RgPair, ...]
    m: float
    origin: Mapping[str, Any] = field(default_factory=dict)

    def to_records(self) -> list[dict[str, Any]]:
        return [pair.to_record() for pair in self.pairs]

    def _liability_lines(self) -> list[str]:
        on_liability = [pair for pair in self.pairs if np.isfinite(pair.gcov_liab)]
        if not on_liability:
            return []
        lines = ["", "  h2 above are on the observed scale; on the liability scale:"]
        for pair in on_liability:
            parts = [f"gcov {with_se(pair.gcov_liab, pair.gcov_liab_se)}"]
            for name, h2, se in (
                (pair.trait1, pair.h2_liab_1, pair.h2_liab_1_se),
                (pair.trait2, pair.h2_liab_2, pair.h2_liab_2_se),
            ):
                parts += [f"h2 of {name} {with_se(h2, se)}"] if np.isfinite(h2) else []
            lines.append(f"  {pair.trait1} - {pair.trait2}: {', '.join(parts)}")
        return lines

    def __str__(self) -> str:
        width = max(len("trait 1"), *(len(name) for pair in self.pairs for name in (pair.trait1, pair.trait2)))
        lines = [
            f"{'trait 1':<{width}}  {'trait 2':<{width}}  {'rg':>17}  {'p':>9}  {'gcov intercept':>17}"
            f"  {'h2 1':>17}  {'h2 2':>17}  {'SNPs':>9}  status"
        ]
        for pair in self.pairs:
            lines.append(
                f"{pair.trait1:<{width}}  {pair.trait2:<{width}}  {with_se(pair.rg, pair.rg_se):>17}  "
                f"{p_text(pair.rg_p, pair.rg_log10_p):>9}  {with_se(pair.gcov_int, pair.gcov_int_se):>17}  "
                f"{with_se(pair.h2_1, pair.h2_1_se):>17}  {with_se(pair.h2_2, pair.h2_2_se):>17}  "
                f"{pair.n_snps:>9,}  {pair.status}"
            )
        lines += self._liability_lines()
        # Numbers are not merged: traits may be called by numbers, as those of UK Biobank.
        reasons = shared_reasons((f"{pair.trait1} - {pair.trait2}", pair.why) for pair in self.pairs)
        if reasons:
            lines += ["", *(f"  {reason}" for reason in reasons[:REASONS_SHOWN])]
        if len(reasons) > REASONS_SHOWN:
            lines.append(f"  and {len(reasons) - REASONS_SHOWN} more, in the column why of the table")
        return "\n".join(lines)
