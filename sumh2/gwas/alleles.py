"""Alleles of a GWAS as codes, and whose frequency a column holds: what a panel tells of the effect allele."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.alleles import NOT_A_BASE, decode_alleles, effect_signs, encode_alleles
from ldscores.shared.arrow_arrays import one_chunk
from sumh2.gwas.panel import KnownVariants, allele_pairs, chromosome_codes, position_keys
from sumh2.gwas.table import GwasTable, read_positions

#: PLINK's --allele1234.
_NUMBERED = {"1": "A", "2": "C", "3": "G", "4": "T"}

#: Fewer variants than this do not settle whose frequency a column holds.
FEWEST_FREQUENCIES = 30

#: Correlation of frequencies from which the allele is settled, on either side of 0.
_SETTLED = 0.5

#: A correlation nearer to 0 than this many of its standard errors settles nothing.
_SETTLED_Z = 5.0


def name_numbered_alleles(columns: dict[str, pa.ChunkedArray | pa.Array]) -> bool:
    """Replace alleles 1 2 3 4 by A C G T in place, where all are such; whether that was done.

    Files with 1 and 2 alone are left alone: there 1 is the minor allele of each SNP (PLINK's --recode12).
    """
    coded = {name: columns[name] for name in ("A1", "A2", "PAIR1", "PAIR2") if name in columns}
    seen: set[str] = set()
    encoded = {}
    for name, column in coded.items():
        whole = one_chunk(column)
        encoded[name] = whole if pa.types.is_dictionary(whole.type) else pc.dictionary_encode(whole)
        seen |= set(encoded[name].dictionary.to_pylist())
        if len(seen) > len(_NUMBERED):
            return False
    if len(seen) < 3 or not seen <= set(_NUMBERED):
        return False
    for name, column in encoded.items():
        letters = pa.array([_NUMBERED[value] for value in column.dictionary.to_pylist()], pa.string())
        columns[name] = pa.DictionaryArray.from_arrays(column.indices, letters)
    return True


def allele_codes(gwas: GwasTable) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Effect and other allele as codes of :mod:`ldscores.shared.alleles`, (n_rows,) each."""
    a1 = encode_alleles(gwas.array("A1"))
    if "A2" in gwas:
        return a1, encode_alleles(gwas.array("A2"))
    if "PAIR1" not in gwas:
        return a1, np.full(len(a1), NOT_A_BASE, dtype=np.uint8)
    first, second = encode_alleles(gwas.array("PAIR1")), encode_alleles(gwas.array("PAIR2"))
    return a1, np.where(a1 == first, second, np.where(a1 == second, first, np.uint8(NOT_A_BASE)))


def panel_rows(gwas: GwasTable, panel: KnownVariants, rows: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Row of the panel for each row of the GWAS, by name, else by position and alleles, (n,); -1 where there is none.

    Parameters
    ----------
    rows
        Rows of the GWAS to look at; all by default.
    """
    index = None if rows is None else pa.array(rows)
    found = np.full(gwas.table.num_rows if rows is None else len(rows), -1, dtype=np.int64)
    if "SNP" in gwas:
        snp = gwas.array("SNP")
        found = panel.find_names(snp if index is None else snp.take(index))
    if (found >= 0).any() or not {"CHR", "BP", "A1"} <= set(gwas.table.column_names):
        return found
    keys = gwas_keys(gwas, rows)
    a1, a2 = allele_codes(gwas)
    pairs = allele_pairs(a1, a2) if rows is None else allele_pairs(a1[rows], a2[rows])
    tried = [panel.find_positions(build, keys, pairs) for build in panel.positions]
    return max(tried, key=lambda each: np.count_nonzero(each >= 0), default=found)


def gwas_keys(gwas: GwasTable, rows: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Chromosome and position of each row as one number, (n,); -1 where one is missing."""
    chrom, positions = gwas.array("CHR"), gwas.array("BP")
    if rows is not None:
        chrom, positions = chrom.take(pa.array(rows)), positions.take(pa.array(rows))
    return position_keys(chromosome_codes(chrom), read_positions(positions)[0])


@dataclass(frozen=True)
class FrequencyComparison:
    """A GWAS's frequencies beside a panel's, on variants whose strand is clear.

    Parameters
    ----------
    n_compared
        Variants compared.
    correlation
        Of the column with the panel's frequency of the effect allele; with two alleles to choose from, of the first.
    study, panel : float64, (n_compared,)
        The frequencies.
    """

    n_compared: int
    correlation: float
    study: NDArray[np.float64]
    panel: NDArray[np.float64]

    @property
    def settled(self) -> int:
        """1 where the column is the frequency of that allele, -1 where it is the other's, 0 where it is not settled."""
        if self.n_compared < FEWEST_FREQUENCIES or not np.isfinite(self.correlation):
            return 0
        chance = max(_SETTLED, _SETTLED_Z / np.sqrt(self.n_compared))
        return int(np.sign(self.correlation)) if abs(self.correlation) >= min(chance, 0.95) else 0


def compare_frequencies(
    frequency: NDArray[np.float64],
    a1: NDArray[np.uint8],
    a2: NDArray[np.uint8],
    panel: KnownVariants,
    places: NDArray[np.int64],
) -> FrequencyComparison:
    """Compare a column of frequencies with a panel's frequency of ``a1``.

    Variants with A/T or C/G are left out: on the other strand they look like the other allele.  The panel's frequency of
    its first allele is taken as it is, or its complement where ``a1`` is the panel's second allele.

    Parameters
    ----------
    frequency : float64, (n,)
        The column.
    a1, a2 : uint8, (n,)
        Alleles.
    panel
        With alleles and frequencies.
    places : int64, (n,)
        Row in the panel, -1 where there is none.
    """
    empty = np.empty(0)
    alleles = panel.alleles
    if panel.frequency is None or alleles is None:
        return FrequencyComparison(0, float("nan"), empty, empty)
    rows = np.flatnonzero(places >= 0)
    signs = effect_signs(a1[rows], a2[rows], alleles[0][places[rows]], alleles[1][places[rows]])
    expected = panel.frequency[places[rows]]
    expected = np.where(signs > 0, expected, 1 - expected)
    study = frequency[rows]
    known = (signs != 0) & np.isfinite(study) & np.isfinite(expected) & (study >= 0) & (study <= 1)
    study, expected = study[known], expected[known]
    varies = len(study) > 2 and np.ptp(study) > 0 and np.ptp(expected) > 0
    correlation = float(np.corrcoef(study, expected)[0, 1]) if varies else float("nan")
    return FrequencyComparison(len(study), correlation, study, expected)


def fill_other_allele(
    a1: NDArray[np.uint8], alleles: tuple[NDArray[np.uint8], NDArray[np.uint8]], places: NDArray[np.int64]
) -> pa.DictionaryArray:
    """The panel's other allele where one of its two is ``a1``, on ``a1``'s strand, (n,); null where none is.

    A palindromic variant (A/T, C/G) matches on both strands with the same answer.

    Parameters
    ----------
    a1 : uint8, (n,)
    alleles : uint8, (n_variants,) each
        Of the panel.
    places : int64, (n,)
        Row in the panel, -1 where there is none.
    """
    known = places >= 0
    first, second = (np.where(known, codes[np.maximum(places, 0)], NOT_A_BASE) for codes in alleles)

    def complement(codes: NDArray) -> NDArray:
        return np.where(codes == NOT_A_BASE, NOT_A_BASE, 3 - codes.astype(np.int16)).astype(np.uint8)

    other = np.full(len(a1), NOT_A_BASE, dtype=np.uint8)
    for mine, theirs in ((complement(first), complement(second)), (complement(second), complement(first)),
                         (first, second), (second, first)):  # fmt: skip
        other = np.where((a1 == mine) & (a1 != NOT_A_BASE), theirs, other)
    return decode_alleles(other.astype(np.uint8))
