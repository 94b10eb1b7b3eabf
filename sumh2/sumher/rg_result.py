"""Genetic correlations of SumHer: the columns of the LD Score regression's table, inflation, and categories."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sumh2.ldsc.rg_result import NAN, RgPair, RgResult
from sumh2.results import with_se

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PairQuantity:
    """A number for each category with its jackknife standard error, (n_categories,) each."""

    value: Floats
    se: Floats


@dataclass(frozen=True)
class PairPartition:
    """What the SNPs of each category add, whatever coefficient it comes from.

    Parameters
    ----------
    names
        Categories of the tagging.
    h2_1, h2_2, gcov, rg : PairQuantity
        Correlations are NaN where a heritability is not positive.
    """

    names: tuple[str, ...]
    h2_1: PairQuantity
    h2_2: PairQuantity
    gcov: PairQuantity
    rg: PairQuantity

    def to_records(self) -> list[dict[str, Any]]:
        """One row a category."""
        columns: dict[str, Any] = {"category": self.names}
        for name in ("h2_1", "h2_2", "gcov", "rg"):
            quantity = getattr(self, name)
            columns |= {name: quantity.value, f"{name}_se": quantity.se}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


@dataclass(frozen=True)
class SumherRgPair(RgPair):
    """One pair of traits by SumHer: a :class:`sumh2.ldsc.rg_result.RgPair`, and what LDAK tells beyond it.

    Its intercepts of heritabilities are those of :class:`sumh2.SumherResult`: values at the mean sample size.

    Parameters
    ----------
    scaling_1, scaling_1_se, scaling_2, scaling_2_se
        Multiplicative inflation of each trait; 1 and NaN where not fitted.
    n_with_statistics, n_tagging_snps
        SNPs that both traits have, before large statistics were left out, and SNPs of the tagging.
    delete_values : float64, (n_blocks, 3)
        h2 of trait 1, of trait 2 and gcov with each block left out; None where the pair could not be fitted.
    partition
        By category; None where the pair could not be fitted, or across ancestries.
    """

    scaling_1: float = NAN
    scaling_1_se: float = NAN
    scaling_2: float = NAN
    scaling_2_se: float = NAN
    n_with_statistics: int = 0
    n_tagging_snps: int = 0
    delete_values: Floats | None = field(default=None, repr=False)
    partition: PairPartition | None = field(default=None, repr=False)

    def to_record(self) -> dict[str, Any]:
        return {name: value for name, value in super().to_record().items() if name not in _NOT_IN_TABLE}


_NOT_IN_TABLE = ("delete_values", "partition")


@dataclass(frozen=True)
class SumherRgResult(RgResult):
    """Genetic correlations under a heritability model.

    Parameters
    ----------
    model
        The model in words.
    """

    kind: ClassVar[str] = "sumher rg"

    pairs: tuple[SumherRgPair, ...]
    model: str = ""

    def details(self) -> dict[str, Any]:
        """The categories of each pair."""
        return {
            "model": self.model,
            "categories": [
                {"trait1": pair.trait1, "trait2": pair.trait2, **record}
                for pair in self.pairs
                if pair.partition is not None
                for record in pair.partition.to_records()
            ],
        }

    def __str__(self) -> str:
        lines = [f"genetic correlation by SumHer, {self.model}", "", super().__str__()]
        for pair in self.pairs:
            if pair.partition is not None and len(pair.partition.names) > 1:
                lines += ["", *_category_lines(pair, pair.partition)]
        return "\n".join(lines)


def _category_lines(pair: SumherRgPair, partition: PairPartition) -> list[str]:
    width = max(len("category"), *(len(name) for name in partition.names))
    lines = [f"  {pair.trait1} - {pair.trait2} by category", f"  {'category':<{width}}  {'rg':>17}  {'gcov':>17}"]
    for place, name in enumerate(partition.names):
        cells = [with_se(one.value[place], one.se[place]) for one in (partition.rg, partition.gcov)]
        lines.append(f"  {name:<{width}}  {cells[0]:>17}  {cells[1]:>17}")
    return lines
