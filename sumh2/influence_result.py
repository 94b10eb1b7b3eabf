"""What a measurement of influence holds and says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sumh2.results import Result, number_text
from sumh2.verdicts import WHY_SEPARATOR, Finding, judge

Floats = NDArray[np.float64]

#: Blocks listed for each quantity; the others move it less.
BLOCKS_LISTED = 5
#: Quantities that the report shows; the table has all.
QUANTITIES_SHOWN = 12
#: Change, in standard errors, from which one block or one chromosome carries too much.  Leaving out a share f of the
#: information moves an estimate by chance by sqrt(f / (1 - f)) SE: a block of 200 by 0.07, the largest of them by 0.2; a
#: chromosome of 8% by 0.3, and three times that is much.
LARGE_BLOCK, LARGE_CHROMOSOME, CHANCES, LARGE_CAP = 0.5, 1.0, 3.0, 2.0


@dataclass(frozen=True)
class Capped:
    """An estimate from the SNPs with a chi2 below a cap.

    Parameters
    ----------
    cap
        chi2 at or above it is left out.
    estimate, se
        NaN where these SNPs allow no fit.
    n_snps
        SNPs left.
    """

    cap: float
    estimate: float
    se: float
    n_snps: int


@dataclass(frozen=True)
class Influence:
    """What one estimate hangs on.

    Parameters
    ----------
    trait, quantity
        Whose, and which: ``h2``, ``intercept``, ``rg``, ``enrichment of coding``, ...
    estimate, se
        With all SNPs.
    without_block : float64, (n_blocks,)
        The estimate with each jackknife block left out.
    without_chromosome : float64, (n_chromosomes,)
        The estimate with each chromosome left out.
    capped : tuple of Capped
    blocks : tuple of str, (n_blocks,)
        Where the blocks are: ``1:752566-3049837``.
    chromosomes : tuple of str, (n_chromosomes,)
    chromosome_shares : float64, (n_chromosomes,)
        Share of the SNPs on each.
    """

    trait: str
    quantity: str
    estimate: float
    se: float
    without_block: Floats
    without_chromosome: Floats
    capped: tuple[Capped, ...]
    blocks: tuple[str, ...]
    chromosomes: tuple[str, ...]
    chromosome_shares: Floats

    def in_se(self, without: Floats | float) -> Floats:
        """Change when something is left out, in standard errors; NaN without an SE."""
        return (np.asarray(without) - self.estimate) / (self.se if self.se > 0 else np.nan)

    @property
    def largest_block(self) -> tuple[str, float]:
        """Block that moves the estimate most, and its change in SE."""
        return _largest(self.blocks, self.in_se(self.without_block))

    @property
    def largest_chromosome(self) -> tuple[str, float]:
        """Chromosome that moves the estimate most, and its change in SE."""
        return _largest(self.chromosomes, self.in_se(self.without_chromosome))

    def findings(self) -> list[Finding]:
        """Single places that carry too much of the estimate."""
        found = []
        block, change = self.largest_block
        if abs(change) > LARGE_BLOCK:
            found.append(
                Finding("caution", "one block", f"without {block} it is {change:+.2f} SE different: a single locus "
                        "carries much of it; leave that region out and compare")
            )  # fmt: skip
        chromosome, change = self.largest_chromosome
        if abs(change) > self._large_change(chromosome):
            found.append(
                Finding(
                    "caution", "one chromosome", f"without chromosome {chromosome} it is {change:+.2f} SE different"
                )
            )
        changes = [(float(self.in_se(one.estimate)), one.cap) for one in self.capped if np.isfinite(one.estimate)]
        if changes and max(abs(change) for change, _ in changes) > LARGE_CAP:
            change, cap = max(changes, key=lambda pair: abs(pair[0]))
            found.append(
                Finding("caution", "large chi2", f"with chi2 below {cap:g} it is {change:+.2f} SE different: the largest "
                        "effects decide it; report both")
            )  # fmt: skip
        return found

    def _large_change(self, chromosome: str) -> float:
        share = float(self.chromosome_shares[self.chromosomes.index(chromosome)]) if chromosome else 0.0
        return max(LARGE_CHROMOSOME, CHANCES * np.sqrt(share / (1 - share)))

    def to_records(self) -> list[dict[str, Any]]:
        """One row a block (the most influential ones), a chromosome and a cap."""
        status, why = judge(self.findings())
        shared = {"trait": self.trait, "quantity": self.quantity, "estimate": self.estimate, "se": self.se}
        changes = self.in_se(self.without_block)
        order = np.argsort(-np.abs(np.nan_to_num(changes)), kind="stable")[:BLOCKS_LISTED]
        rows = [
            {"left_out": "block", "what": self.blocks[place], "without": float(self.without_block[place]),
             "without_se": float("nan"), "change_in_se": float(changes[place]), "n_snps": None}
            for place in order
        ]  # fmt: skip
        rows += [
            {"left_out": "chromosome", "what": name, "without": float(without), "without_se": float("nan"),
             "change_in_se": float(self.in_se(without)), "n_snps": None}
            for name, without in zip(self.chromosomes, self.without_chromosome, strict=True)
        ]  # fmt: skip
        rows += [
            {"left_out": "large chi2", "what": f"{one.cap:g} and above", "without": one.estimate, "without_se": one.se,
             "change_in_se": float(self.in_se(one.estimate)), "n_snps": one.n_snps}
            for one in self.capped
        ]  # fmt: skip
        return [shared | row | {"status": status, "why": why} for row in rows]


def _largest(names: tuple[str, ...], changes: Floats) -> tuple[str, float]:
    if not len(changes) or not np.isfinite(changes).any():
        return "", float("nan")
    place = int(np.nanargmax(np.abs(changes)))
    return names[place], float(changes[place])


@dataclass(frozen=True)
class InfluenceResult(Result):
    """Influence of blocks, chromosomes and large chi2 on the estimates of one result.

    Parameters
    ----------
    influences
        One an estimate, in the order of the result.
    """

    kind: ClassVar[str] = "influence"

    influences: tuple[Influence, ...]
    origin: Mapping[str, Any] = field(default_factory=dict)

    def to_records(self) -> list[dict[str, Any]]:
        return [row for influence in self.influences for row in influence.to_records()]

    def most_moved(self, most: int) -> tuple[Influence, ...]:
        """The first estimate and, of the others without coefficients, those that a block moves most; `most` in all."""
        shown = tuple(one for one in self.influences if not one.quantity.startswith("tau of "))
        if len(shown) <= most:
            return shown
        moved = sorted(shown[1:], key=lambda one: -abs(np.nan_to_num(one.largest_block[1])))
        return (shown[0], *moved[: most - 1])

    def __str__(self) -> str:
        shown = self.most_moved(QUANTITIES_SHOWN)
        labels = [f"{one.trait} {one.quantity}" for one in shown]
        width = max(len("estimate"), *map(len, labels))
        columns = f"{'with all':>17}  {'without':<32} {'SE':>6}  {'without chr':>11} {'SE':>6}"
        lines = [f"{'estimate':<{width}}  {columns}  caps on chi2"]
        for label, one in zip(labels, shown, strict=True):
            block, by_block = one.largest_block
            chromosome, by_chromosome = one.largest_chromosome
            without = f"{chromosome or 'one only':>11} {number_text(by_chromosome, '+.2f'):>6}"
            caps = ", ".join(
                f"{capped.cap:g}: {capped.estimate:.4g}" for capped in one.capped if np.isfinite(capped.estimate)
            )
            with_all = f"{one.estimate:.4g} ({one.se:.2g})"
            lines.append(
                f"{label:<{width}}  {with_all:>17}  {block:<32} {number_text(by_block, '+.2f'):>6}  {without}  "
                f"{caps or 'none below the largest chi2'}"
            )
        if len(self.influences) > len(shown):
            lines.append(f"and {len(self.influences) - len(shown)} more, in the table")
        reasons = [
            f"  {label}: {reason}"
            for label, one in zip(labels, shown, strict=True)
            for reason in judge(one.findings())[1].split(WHY_SEPARATOR)
            if reason
        ]
        return "\n".join([*lines, *(["", *reasons] if reasons else [])])
