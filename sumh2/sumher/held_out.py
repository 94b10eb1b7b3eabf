"""How well a fit predicts SNPs that it has not seen: LDAK's ``--cv-predictors``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError
from sumh2.alignment import AlignedData
from sumh2.sumher.result import SumherResult

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class HeldOut:
    """SNPs left out of a fit, and what it expects of them, (n_snps,) each.

    Parameters
    ----------
    snp
        Names.
    chi2, expected, weights
        Statistic S_j, its expectation E_j and 1 / max(Tagging_j, 1).
    """

    snp: pa.Array
    chi2: Floats
    expected: Floats
    weights: Floats

    @property
    def correlation(self) -> float:
        """Pearson's, of statistics and expectations; NaN where one of them is constant."""
        if len(self.chi2) < 2 or not (np.ptp(self.chi2) > 0 and np.ptp(self.expected) > 0):
            return float("nan")
        return float(np.corrcoef(self.chi2, self.expected)[0, 1])


def expected_chi2(result: SumherResult, n: Floats, tagging: Floats) -> Floats:
    """E[S_j] = g (1 + n_j a + n_j sum_k tau_k t_jk) of SNPs, (n_snps,), from their n and t, (n_snps, n_categories)."""
    confounding = n * (result.intercept - 1) / result.n_bar
    return result.scaling * (1 + confounding + n * (tagging @ result.partition.tau))


def predict_held_out(result: SumherResult, aligned: AlignedData, snp: pa.Array, trait: int = 0) -> HeldOut:
    """Statistics of SNPs that were not fitted, and what the fit expects of them.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_sumher` on the other SNPs.
    aligned, trait
        The trait on the tagging of all SNPs.
    snp
        Names of those held out.

    Raises
    ------
    InputError
        None of them has a statistic.
    """
    names = aligned.reference.snp.take(pa.array(aligned.rows))
    kept = as_numpy(pc.is_in(names, value_set=snp)) & np.isfinite(aligned.z[:, trait])
    if not kept.any():
        raise InputError(f"--hold-out: none of the {len(snp)} SNPs has statistics of {result.trait}; use other SNPs")
    return HeldOut(
        names.filter(pa.array(kept)),
        aligned.z[kept, trait] ** 2,
        expected_chi2(result, aligned.n_samples[kept, trait], aligned.tagging[kept]),
        1 / np.maximum(aligned.regression_tagging[kept], 1.0),
    )
