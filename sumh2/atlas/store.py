"""One trait on the SNPs of a tagging, as the atlas reads it, again and again, from memory or from its store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldscores.taggings.tagging import Tagging
from sumh2.alignment import AlignedData, align
from sumh2.sumstats import SumStats


@dataclass(frozen=True, eq=False)
class StoredTrait:
    """One trait, a row a SNP of the tagging that has a regression weight.

    Parameters
    ----------
    z : float32 or float64, (n_snps,)
        On the common orientation of alleles; NaN where the trait lacks the SNP.
    n : float32 or float64, (n_snps,) or (1,)
        Sample size, one number where it is the same at every SNP.
    kinds : int8, (n_snps,)
        Kind of the alleles (:mod:`ldscores.shared.alleles`); 0 where the SNP cannot be compared with other traits.
    facts
        What else is known: ``has_alleles``, ``share_mismatched``, ``maf_correlation``, ``chromosomes``,
        ``samp_prev``, ``pop_prev``, ``steps`` (what, removed, kept), ``z_hash``.
    """

    z: NDArray
    n: NDArray
    kinds: NDArray[np.int8]
    facts: Mapping[str, Any] = field(default_factory=dict)


def weighted_tagging(tagging: Tagging) -> Tagging:
    """The tagging without SNPs that lack a regression weight: the rows of every stored trait."""
    if tagging.regression_tagging is None:
        return tagging
    weighted = np.isfinite(tagging.regression_tagging)
    return tagging if weighted.all() else tagging.take(np.flatnonzero(weighted))


def fingerprint_snps(tagging: Tagging) -> str:
    """SHA-256 of names and alleles of the SNPs: what the rows of a stored trait mean."""
    digest = hashlib.sha256()
    digest.update("\n".join(tagging.snp.to_pylist()).encode())
    for codes in (tagging.a1, tagging.a2):
        digest.update(b"-" if codes is None else np.ascontiguousarray(codes).tobytes())
    return digest.hexdigest()


def store_trait(trait: SumStats, tagging: Tagging, *, check_alleles: bool = True, double: bool = False) -> StoredTrait:
    """Put one trait on the rows of a tagging.

    Parameters
    ----------
    trait
        The trait.
    tagging
        From :func:`weighted_tagging`.
    check_alleles
        See :func:`sumh2.align`.
    double
        Keep Z and N in float64 instead of float32.

    Raises
    ------
    InputError
        The trait shares no SNP with the tagging.
    """
    aligned = align([trait], tagging, check_alleles=check_alleles)
    stored = trait_of_aligned(aligned, 0)
    if len(aligned.rows) == len(tagging):
        return _with_precision(stored, double)
    z = np.full(len(tagging), np.nan)
    n = np.full(len(tagging), np.nan) if len(stored.n) > 1 else stored.n
    kinds = np.zeros(len(tagging), dtype=np.int8)
    z[aligned.rows], kinds[aligned.rows] = stored.z, stored.kinds
    if len(stored.n) > 1:
        n[aligned.rows] = stored.n
    return _with_precision(replace(stored, z=z, n=n, kinds=kinds), double)


def trait_of_aligned(aligned: AlignedData, column: int) -> StoredTrait:
    """One trait of aligned data, on the rows of these."""
    info = aligned.traits[column]
    z, n, kinds = aligned.z[:, column], aligned.n_samples[:, column], aligned.kinds[:, column]
    present = np.isfinite(z)
    known = n[present]
    facts = {
        "has_alleles": bool(info.has_alleles or (kinds > 0).any()),
        "share_mismatched": info.share_mismatched,
        "maf_correlation": info.maf_correlation,
        "chromosomes": sorted(aligned.chromosomes_of(present)),
        "samp_prev": info.samp_prev,
        "pop_prev": info.pop_prev,
        "cases": info.cases,
        "controls": info.controls,
        "steps": [vars(step) for step in info.steps],
        # Two names of one study have the same z scores but for the sign.
        "z_hash": hashlib.sha256(np.abs(z).astype(np.float32).tobytes()).hexdigest(),
    }
    constant = len(known) > 0 and known.min() == known.max()
    return StoredTrait(z, known[:1].copy() if constant else n, kinds, facts)


def _with_precision(trait: StoredTrait, double: bool) -> StoredTrait:
    if double:
        return trait
    return replace(trait, z=trait.z.astype(np.float32), n=trait.n.astype(np.float32))
