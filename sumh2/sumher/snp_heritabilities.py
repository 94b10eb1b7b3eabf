"""Expected heritability of each SNP under a fitted model: the prior that prediction tools want."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.alleles import decode_alleles
from ldscores.shared.errors import InputError
from ldscores.shared.messages import first_of
from ldscores.taggings.tagging import Tagging
from sumh2.sumher.result import SumherResult

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]

#: A sum of per-SNP heritabilities this far from h2, relative, is told: the matrix is not that of the tagging.
_SUM_TOLERANCE = 0.01


@dataclass(frozen=True)
class CategoryMatrix:
    """The matrix A of a heritability model: what each heritability SNP has of each category.

    Parameters
    ----------
    snp : string array, (n_snps,)
    names : tuple of str, (n_categories,)
    values : float64, (n_snps, n_categories)
        a_jk.
    source
        The file, for messages.
    """

    snp: pa.Array
    names: tuple[str, ...]
    values: Floats
    source: str = ""


@dataclass(frozen=True)
class SnpHeritabilities:
    """Expected heritability of each SNP.

    Parameters
    ----------
    snp : string array, (n_snps,)
    h2 : float64, (n_snps,)
        E[h2_j] = sum_k tau_k a_jk; of some SNPs it may be negative.
    """

    snp: pa.Array
    h2: Floats


def matrix_of_tagging(tagging: Tagging) -> CategoryMatrix:
    """The matrix of a model with one category, which its tagging knows: a_j = e_j, of LD scores 1.

    Only the SNPs of the tagging are there; a panel may hold more.

    Raises
    ------
    InputError
        The tagging has several categories, or does not hold e_j.
    """
    values = None
    if tagging.n_categories == 1 and tagging.ldak is not None:
        values = tagging.ldak.exp_heritability
    elif tagging.n_categories == 1:
        values = np.ones(len(tagging))
    if values is None:
        raise InputError(
            f"{tagging.where}: found {tagging.n_categories} categories and no values of single SNPs, expected the "
            "matrix of the model for per-SNP heritabilities; name it with --matrix, e.g. LDAK's .matrix file"
        )
    return CategoryMatrix(tagging.snp, tagging.names, values[:, None], tagging.where)


def expect_snp_heritabilities(result: SumherResult, matrix: CategoryMatrix) -> SnpHeritabilities:
    """E[h2_j] = sum_k tau_k a_jk of every SNP of the matrix (SPEC-LDAK 6.6, ``.ind.hers``).

    Their sum is h2 when the matrix holds all heritability SNPs of the tagging's panel; it is told when it does not.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_sumher`.
    matrix
        Of the same model, from :func:`sumh2.read_category_matrix`.

    Raises
    ------
    InputError
        The matrix has other categories than the model.
    """
    names = result.partition.names
    if len(matrix.names) != len(names) or set(matrix.names) != set(names):
        raise InputError(
            f"{matrix.source or '--matrix'}: found the categories {first_of(matrix.names, 5)} "
            f"({len(matrix.names)}), expected those of the tagging, {first_of(names, 5)} ({len(names)}); use the "
            "matrix that was written with the tagging"
        )
    tau = dict(zip(names, result.tau, strict=True))
    h2 = matrix.values @ np.array([tau[name] for name in matrix.names])
    total = float(h2.sum())
    if abs(total - result.h2) > _SUM_TOLERANCE * abs(result.h2):
        log.warning(
            "per-SNP heritabilities of %d SNPs add up to %.4f, h2 is %.4f: the matrix lacks SNPs of the panel",
            len(h2), total, result.h2,
        )  # fmt: skip
    return SnpHeritabilities(matrix.snp, h2)


def table_with_alleles(heritabilities: SnpHeritabilities, tagging: Tagging) -> pa.Table:
    """Columns SNP A1 A2 h2; alleles are those of the tagging, null for a SNP that it lacks."""
    columns: dict[str, pa.Array] = {"SNP": heritabilities.snp}
    if tagging.a1 is not None and tagging.a2 is not None:
        places = pc.index_in(heritabilities.snp, value_set=tagging.snp)
        for name, codes in (("A1", tagging.a1), ("A2", tagging.a2)):
            columns[name] = pc.take(decode_alleles(codes).cast(pa.string()), places)
    return pa.table(columns | {"h2": heritabilities.h2})


def expect_tagged_heritabilities(result: SumherResult, tagging: Tagging) -> Floats:
    """What each SNP of a tagging tags: sum_k tau_k t_jk, (n_snps,) (LDAK's ``--calc-exps``)."""
    return np.asarray(tagging.tagging @ result.tau)
