"""Leaving out the SNPs that tag certain targets, e.g. strong loci: LDAK's ``--remove-tags`` (SPEC-LDAK, section 9)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ldscores.kernels.genotypes import standardise_dosages
from ldscores.kernels.pruning import mark_tags
from ldscores.panels.pair_windows import PairWindow, choose_window
from ldscores.shared.cores import choose_threads
from ldscores.shared.errors import InputError
from ldscores.shared.progress import progress
from ldscores.shared.snp_names import describe_names

if TYPE_CHECKING:
    from ldscores.panels.reference_panel import ReferencePanel

logger = logging.getLogger(__name__)

_TARGETS_AT_A_TIME = 32


@dataclass(frozen=True, eq=False)
class TagRemoval:
    """Which SNPs of a panel tag no target.

    Parameters
    ----------
    snp : string array, (n_snps,)
    is_target : bool, (n_snps,)
        The targets themselves: neither kept nor lost.
    tagged_target : int64, (n_snps,)
        Row of a target that the SNP tags, -1 without one.
    r2 : float
        Smallest r2 of a tag.
    window : PairWindow
    n_absent : int
        Targets that the panel lacks.
    """

    snp: pa.Array
    is_target: NDArray[np.bool_]
    tagged_target: NDArray[np.int64]
    r2: float
    window: PairWindow
    n_absent: int

    @property
    def kept(self) -> NDArray[np.bool_]:
        """SNPs that tag no target, (n_snps,)."""
        return ~self.is_target & (self.tagged_target < 0)

    @property
    def lost(self) -> NDArray[np.bool_]:
        """SNPs that tag a target, (n_snps,)."""
        return ~self.is_target & (self.tagged_target >= 0)

    def names(self, which: NDArray[np.bool_]) -> pa.Array:
        """Names of the SNPs marked in `which`."""
        return self.snp.filter(pa.array(which))

    def __str__(self) -> str:
        absent = f" ({self.n_absent:,} more are not in the panel)" if self.n_absent else ""
        return (
            f"{int(self.kept.sum()):,} of {len(self.snp):,} SNPs stay; {int(self.lost.sum()):,} tag one of "
            f"{int(self.is_target.sum()):,} targets{absent} with r2 of {self.r2:g} or more within {self.window}"
        )


def remove_tags(
    panel: ReferencePanel,
    targets: pa.Array,
    *,
    r2: float,
    window_kb: float | None = None,
    window_cm: float | None = None,
    window_snps: float | None = None,
    n_threads: int | None = None,
) -> TagRemoval:
    """Find the SNPs whose raw r2 with any target in the window is at least `r2`.

    Parameters
    ----------
    panel : ReferencePanel
    targets : string array
        Names; those that the panel lacks are counted.
    r2 : float
        Above 0.
    window_kb, window_cm, window_snps : float
        Exactly one.
    n_threads : int, optional
        All usable cores by default.

    Raises
    ------
    InputError
        Not exactly one window, r2 not positive, or no target in the panel.
    """
    window = choose_window(window_kb, window_cm, window_snps)
    if not r2 > 0:
        raise InputError(f"r2: found {r2:g}; expected a number above 0, e.g. 0.1")
    is_target = pc.is_in(panel.snp, value_set=targets).to_numpy(zero_copy_only=False)
    if not is_target.any():
        raise InputError(
            f"{panel.where}: none of {len(targets)} targets is in the panel: it has {describe_names(panel.snp)}, they "
            f"are {describe_names(targets)}; expected the same names; check that both are of one build"
        )
    n_threads = choose_threads(n_threads)
    tagged = _tagged_targets(panel, np.flatnonzero(is_target), window, r2, n_threads)
    removal = TagRemoval(panel.snp, is_target, tagged, float(r2), window, len(targets) - int(is_target.sum()))
    logger.info("%s: %d SNPs kept, %d lost", panel.where, int(removal.kept.sum()), int(removal.lost.sum()))
    return removal


def _tagged_targets(
    panel: ReferencePanel, rows: NDArray[np.int64], window: PairWindow, r2: float, n_threads: int
) -> NDArray[np.int64]:
    stops = window.stops(panel)
    starts = np.searchsorted(stops, np.arange(len(panel)), side="right")  # first SNP whose window holds each one
    tagged = np.full(len(panel), -1, dtype=np.int64)
    groups = _groups_of_neighbours(rows, starts[rows], stops[rows])
    with threadpool_limits(n_threads, user_api="blas"):
        for some in progress(groups, label="looking for tags", unit="groups of targets"):
            first, behind = int(starts[some[0]]), int(stops[some[-1]])
            dosages = panel.dosages(first, behind, n_threads)
            genotypes = standardise_dosages(dosages)
            places = some - first
            products = genotypes[places] @ genotypes.T
            found = mark_tags(products, dosages[places], dosages, starts[some] - first, stops[some] - first, r2)
            new = np.flatnonzero((found >= 0) & (tagged[first:behind] < 0))
            tagged[first + new] = some[found[new]]
    return tagged


def _groups_of_neighbours(
    rows: NDArray[np.int64], starts: NDArray[np.int64], stops: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """Targets whose windows overlap, a limited number at a time: what lies between far ones need not be read."""
    groups, current = [], [0]
    for place in range(1, len(rows)):
        if starts[place] >= stops[place - 1] or len(current) == _TARGETS_AT_A_TIME:
            groups.append(rows[current])
            current = []
        current.append(place)
    return [*groups, rows[current]]
