"""Dosages to counts, frequencies and standardised genotypes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.compiled import compiled

#: A missing call among int8 dosages, as bed-reader writes it.
MISSING = -127


@dataclass(frozen=True)
class SnpSummary:
    """What the genotypes of each SNP look like.

    Parameters
    ----------
    counts : int64, (n_snps, 4)
        People with 0, 1 and 2 copies of the counted allele, and with a missing call.
    """

    counts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def n_called(self) -> NDArray[np.int64]:
        """People with a call, (n_snps,)."""
        return self.counts[:, :3].sum(axis=1)

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean number of copies among called people, (n_snps,); NaN without calls."""
        n_called = self.n_called.astype(np.float64)
        copies = (self.counts[:, 1] + 2 * self.counts[:, 2]).astype(np.float64)
        return np.divide(copies, n_called, out=np.full(len(self), np.nan), where=n_called > 0)

    @property
    def frequency(self) -> NDArray[np.float64]:
        """Frequency of the counted allele among called people, (n_snps,); NaN without calls."""
        return self.mean / 2

    @property
    def maf(self) -> NDArray[np.float64]:
        """Minor allele frequency, (n_snps,); NaN without calls.

        LDSC takes the frequency of the other allele, and so do we: at exactly 5% the rounding of ``1 - 0.95`` decides
        whether a SNP counts as common (M_5_50).
        """
        n_called = self.n_called.astype(np.float64)
        copies = (self.counts[:, 1] + 2 * self.counts[:, 0]).astype(np.float64)
        other = np.divide(copies, 2 * n_called, out=np.full(len(self), np.nan), where=n_called > 0)
        return np.minimum(other, 1 - other)

    @property
    def variance(self) -> NDArray[np.float64]:
        """Mean square minus squared mean of the copies among called people, (n_snps,); zero without calls.

        Computed from integers, so that a SNP without variation has exactly zero.
        """
        n_called = self.n_called
        copies = self.counts[:, 1] + 2 * self.counts[:, 2]
        squares = self.counts[:, 1] + 4 * self.counts[:, 2]
        scaled = (n_called * squares - copies * copies).astype(np.float64)
        return np.divide(scaled, n_called.astype(np.float64) ** 2, out=np.zeros(len(self)), where=n_called > 0)

    @property
    def imputed_variance(self) -> NDArray[np.float64]:
        """Variance of the copies over all people after missing calls are set to the mean, (n_snps,).

        It is the variance among called people times the call rate, LDAK's d_j; LDSC's standard deviation is its root.
        """
        n_people = self.counts.sum(axis=1)
        return self.variance * np.divide(self.n_called, n_people, out=np.zeros(len(self)), where=n_people > 0)


@compiled(nogil=True)
def _count_genotypes(dosages: NDArray[np.int8], counts: NDArray[np.int64]) -> None:
    n_snps, n_people = dosages.shape
    for snp in range(n_snps):
        n_one = n_two = n_missing = np.int32(0)
        for person in range(n_people):
            dosage = dosages[snp, person]
            n_one += np.int32(dosage == 1)
            n_two += np.int32(dosage == 2)
            n_missing += np.int32(dosage < 0)
        counts[snp, 0] = n_people - n_one - n_two - n_missing
        counts[snp, 1] = n_one
        counts[snp, 2] = n_two
        counts[snp, 3] = n_missing


def summarise_dosages(dosages: NDArray[np.int8]) -> SnpSummary:
    """Counts of the genotypes of each SNP.

    Parameters
    ----------
    dosages : int8, (n_snps, n_people)
        0, 1, 2 copies; :data:`MISSING` for a missing call.
    """
    counts = np.empty((len(dosages), 4), dtype=np.int64)
    _count_genotypes(np.ascontiguousarray(dosages), counts)
    return SnpSummary(counts)


@compiled(nogil=True)
def _standardise(dosages, means, scales, standardised) -> None:
    n_snps, n_people = dosages.shape
    for snp in range(n_snps):
        mean, scale = means[snp], scales[snp]
        for person in range(n_people):
            dosage = dosages[snp, person]
            # In double precision up to the last step: an error of the scale would be one of every r² of this SNP.
            centred = (np.float64(dosage) - mean) * scale
            standardised[snp, person] = centred if dosage >= 0 else 0.0


def standardise_dosages(
    dosages: NDArray[np.int8],
    summary: SnpSummary | None = None,
    dtype: type[np.floating] = np.float32,
) -> NDArray[np.floating]:
    """Dosages with mean 0 and mean square 1 over all people, missing calls at the mean; zeros without variation.

    ``z_ij = (x_ij - c_j) / sqrt(d_j)`` with the mean c_j among called people and the variance d_j after missing calls
    are set to the mean.  LDSC (population standard deviation after imputation) and LDAK (``sqrt(var_j r_j)``, r_j the
    call rate) agree on it.

    Parameters
    ----------
    dosages : int8, (n_snps, n_people)
        0, 1, 2 copies; :data:`MISSING` for a missing call.
    summary : SnpSummary, optional
        Of the same SNPs; computed when absent.

    Returns
    -------
    float32 or float64, (n_snps, n_people)
    """
    summary = summarise_dosages(dosages) if summary is None else summary
    standardised = np.empty(dosages.shape, dtype=dtype)
    variance = summary.imputed_variance
    scales = np.divide(1.0, np.sqrt(variance), out=np.zeros(len(variance)), where=variance > 0)
    means = np.nan_to_num(summary.mean)
    _standardise(np.ascontiguousarray(dosages), means, scales, standardised)
    return standardised
