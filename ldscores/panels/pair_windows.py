"""Which pairs of SNPs lie near enough to be looked at together: windows in kb, centimorgans or SNPs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ldscores.chromosomes import rank_chromosomes
from ldscores.kernels.windows import window_ends, window_starts
from ldscores.shared.errors import InputError, OptionError

if TYPE_CHECKING:
    from ldscores.panels.reference_panel import ReferencePanel

WindowUnit = Literal["kb", "cM", "SNPs"]


@dataclass(frozen=True)
class PairWindow:
    """How far apart two SNPs of one chromosome may be to be looked at together; the distance itself is included.

    Parameters
    ----------
    unit : {"kb", "cM", "SNPs"}
    size : float
        In that unit, positive.
    """

    unit: WindowUnit
    size: float

    def __str__(self) -> str:
        return f"{self.size:g} {self.unit}"

    @property
    def reach(self) -> float:
        """Greatest distance in the unit of :meth:`positions`."""
        return self.size * {"kb": 1e3, "cM": 1e6, "SNPs": 1.0}[self.unit]

    @property
    def is_wide(self) -> bool:
        """Whether a pass with :meth:`narrow` comes first: LDAK's 25 kb, 0.025 cM or 25 SNPs."""
        return self.size > (0.025 if self.unit == "cM" else 25)

    def narrow(self) -> PairWindow:
        """Window of the first of two passes: 10 kb, 0.01 cM or 10 SNPs."""
        return PairWindow(self.unit, 0.01 if self.unit == "cM" else 10.0)

    def positions(self, panel: ReferencePanel) -> NDArray[np.float64]:
        """Positions whose distance counts, (n_snps,): base pairs, millionths of a centimorgan or places in the list.

        Raises
        ------
        InputError
            The window is in centimorgans and the panel has none, or they decrease along a chromosome.
        """
        if self.unit == "kb":
            return panel.bp.astype(np.float64)
        if self.unit == "SNPs":
            return np.arange(len(panel), dtype=np.float64)
        if not panel.cm.any():
            raise InputError(
                f"{panel.where}: all positions in centimorgans are zero; a window of {self} needs them; add them with "
                "a genetic map (--genetic-map), or give the window in kb (--window-kb)"
            )
        chrom = rank_chromosomes(panel.chrom)[1]
        for number in np.unique(chrom):
            own = chrom == number
            if np.ptp(panel.bp[own]) > 0 and not panel.cm[own].any():
                name = panel.chrom[int(np.argmax(own))]
                raise InputError(
                    f"{panel.where}: all positions of chromosome {name} in centimorgans are zero; a window of {self} "
                    "needs them; add them with a genetic map (--genetic-map), or give the window in kb (--window-kb)"
                )
        falls = (np.diff(panel.cm) < 0) & (np.diff(chrom) == 0)
        if falls.any():
            row = int(np.argmax(falls)) + 1
            raise InputError(
                f"{panel.where}: SNP {panel.snp[row]} lies at {panel.cm[row]:g} cM, behind its neighbour's "
                f"{panel.cm[row - 1]:g}; expected centimorgans that do not decrease along a chromosome; correct the "
                "map, or give the window in kb (--window-kb)"
            )
        return 1e6 * panel.cm

    def stops(self, panel: ReferencePanel) -> NDArray[np.int64]:
        """Index behind the last SNP to the right within the window of each SNP, (n_snps,)."""
        positions, stops = self.positions(panel), np.empty(len(panel), dtype=np.int64)
        for rows in panel.chromosomes().values():
            stops[rows] = rows.start + window_ends(window_starts(positions[rows], self.reach))
        return stops


def choose_window(
    window_kb: float | None = None, window_cm: float | None = None, window_snps: float | None = None
) -> PairWindow:
    """The one window that is given.

    Raises
    ------
    InputError
        None or several are given, or the size is not positive.
    """
    sizes: dict[WindowUnit, float | None] = {"kb": window_kb, "cM": window_cm, "SNPs": window_snps}
    given = {unit: size for unit, size in sizes.items() if size is not None}
    if len(given) != 1:
        found = " and ".join(f"{size:g} {unit}" for unit, size in given.items()) or "no window"
        raise OptionError(
            f"window: found {found}; expected one of --window-kb, --window-cm, --window-snps; e.g. --window-kb 100, "
            "which is usual for near-duplicates"
        )
    unit, size = given.popitem()
    if not (np.isfinite(size) and size > 0):
        raise InputError(f"window: found {size:g} {unit}; expected a positive number; e.g. --window-kb 100")
    return PairWindow(unit, float(size))
