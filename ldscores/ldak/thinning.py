"""Thinning: of SNPs that are near-duplicates, one stays.  The lists behind LDAK-Thin and LDAK weightings.

Kept SNPs, and in which order pairs are looked at, are LDAK's (``--thin``, ``--thin-tops``, ``--thin-common``), so that
lists are the same name by name.  Source: SPEC-LDAK, sections 1 and 2.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ldscores.kernels.genotypes import standardise_dosages
from ldscores.kernels.pruning import final_representatives, prune_block
from ldscores.panels.pair_windows import PairWindow, choose_window
from ldscores.panels.reference_panel import ArrayGenotypes
from ldscores.shared.cores import choose_threads
from ldscores.shared.errors import InputError, OptionError
from ldscores.shared.progress import progress

if TYPE_CHECKING:
    import pandas as pd

    from ldscores.panels.reference_panel import ReferencePanel

logger = logging.getLogger(__name__)

#: Thinning for LDAK-Thin and before LDAK weightings.
DUPLICATE_R2 = 0.98
DUPLICATE_WINDOW_KB = 100.0

#: LDAK's values for ``--thin-common``: common SNPs, and not only near-duplicates.
COMMON_MAF, COMMON_R2 = 0.01, 0.5

#: p-value of a SNP that has none: it goes before all others.
ABSENT_P = 2.0

#: Genotypes of up to this size are read once and kept for all passes.
_HELD_BYTES = 1 << 28

#: Of dosages and standardised genotypes together; two such chunks are held.
_GENOTYPE_BYTES = 1 << 26
_FEWEST_ROWS = 256


# ---------------------------------------------------------------------------------------------------------------------
# The result


@dataclass(frozen=True, eq=False)
class ThinResult:
    """Which SNPs of a panel stay.

    Parameters
    ----------
    snp : string array, (n_snps,)
        All SNPs of the panel.
    kept : bool, (n_snps,)
    trivial : bool, (n_snps,)
        SNPs without variation: neither kept nor lost.
    representative : int64, (n_snps,)
        Row of the kept SNP that stands for each SNP, its own if kept; -1 for a SNP that did not take part.
    r2 : float
        Pairs at or above it are near-duplicates.
    window : PairWindow
    """

    snp: pa.Array
    kept: NDArray[np.bool_]
    trivial: NDArray[np.bool_]
    representative: NDArray[np.int64]
    r2: float
    window: PairWindow

    def __len__(self) -> int:
        return len(self.snp)

    @property
    def lost(self) -> NDArray[np.bool_]:
        """SNPs with a near-duplicate that stays, (n_snps,)."""
        return (self.representative >= 0) & ~self.kept

    def names(self, which: NDArray[np.bool_]) -> pa.Array:
        """Names of the SNPs marked in `which`, e.g. ``result.names(result.kept)``."""
        return self.snp.filter(pa.array(which))

    def to_frame(self) -> pd.DataFrame:
        """One row a SNP: SNP, status (kept, lost, trivial or not used) and the SNP that stands for it."""
        import pandas as pd

        status = np.select([self.kept, self.lost, self.trivial], ["kept", "lost", "trivial"], "not used")
        places = pa.array(self.representative, mask=self.representative < 0)
        return pd.DataFrame(
            {"SNP": self.snp.to_pandas(), "status": status, "representative": self.snp.take(places).to_pandas()}
        )

    def __str__(self) -> str:
        n_unused = int(len(self) - (self.kept | self.lost | self.trivial).sum())
        lines = [
            f"{int(self.kept.sum()):,} of {len(self):,} SNPs stay: no two of them within {self.window} "
            f"with r2 of {self.r2:g} or more",
            f"{int(self.lost.sum()):,} lost to a near-duplicate that stays",
        ]
        if self.trivial.any():
            lines.append(f"{int(self.trivial.sum()):,} without variation in this panel, neither kept nor lost")
        if n_unused:
            lines.append(f"{n_unused:,} not used: beyond the p-value cutoff or below the MAF limit")
        return "\n".join(lines)


# ---------------------------------------------------------------------------------------------------------------------
# Thinning


def thin_panel(
    panel: ReferencePanel,
    *,
    window_kb: float | None = None,
    window_cm: float | None = None,
    window_snps: float | None = None,
    r2: float = DUPLICATE_R2,
    pvalues: NDArray[np.float64] | None = None,
    pvalue_cutoff: float | None = None,
    min_maf: float | None = None,
    alternates: bool = True,
    n_threads: int | None = None,
) -> ThinResult:
    """Keep one of each set of near-duplicate SNPs, as LDAK's ``--thin``.

    SNPs are visited along the genome.  A SNP j meets the later SNPs k of its window one after the other; where
    ``r2_jk >= r2``, j goes and k stays, or with p-values the one with the larger p goes.  The r2 is raw: no correction
    of its bias.  If the window is wider than 25 kb (0.025 cM, 25 SNPs), a first pass with 10 kb (0.01 cM, 10 SNPs)
    makes the list shorter, and its survivors are visited again with the whole window; lists depend on this.

    Differs from the plain rule for at most two SNPs, as LDAK does (SPEC-LDAK, section 11, number 10): the first SNP of
    a pass drops every second partner, in odd places of the list, instead of being dropped, and the second those in
    even places.  An alternation was meant for all SNPs, but operator precedence confines it to these; published lists
    depend on it.  ``alternates=False`` turns it off.

    Parameters
    ----------
    panel : ReferencePanel
        With LDAK's conventions (:data:`ldscores.panels.reference_panel.LDAK_CONVENTIONS`) where lists shall equal LDAK's.
    window_kb, window_cm, window_snps : float
        At most one; 100 kb by default.  SNPs count places in the list of SNPs still there.
    r2 : float
        Above 0; above 1 nothing is lost.
    pvalues : float64, (n_snps,), optional
        The SNP with the larger p-value goes; NaN counts as larger than any (LDAK's 2).
    pvalue_cutoff : float, optional
        Only SNPs with a p-value up to it take part (``--thin-tops``).
    min_maf : float, optional
        Only SNPs with at least this minor allele frequency take part (``--thin-common``: 0.01, with r2 0.5, 100 kb).
    alternates : bool
        Whether LDAK's quirk is repeated.
    n_threads : int, optional
        With two or more, genotypes are read ahead; all usable cores by default.

    Returns
    -------
    ThinResult

    Raises
    ------
    InputError
        Several windows; r2 not positive; p-values of another length or out of range; a cutoff without
        p-values; a window in centimorgans that the panel cannot serve; no SNP takes part.
    """
    given = any(size is not None for size in (window_kb, window_cm, window_snps))
    window = choose_window(window_kb if given else DUPLICATE_WINDOW_KB, window_cm, window_snps)
    if not r2 > 0:
        raise InputError(f"r2: found {r2:g}; expected a number above 0; {DUPLICATE_R2:g} removes near-duplicates")
    if min_maf is not None and not 0 <= min_maf < 0.5:
        raise InputError(f"min_maf: found {min_maf:g}; expected a frequency from 0 to below 0.5, e.g. --min-maf 0.01")
    p_values = _check_pvalues(panel, pvalues, pvalue_cutoff)
    n_threads = choose_threads(n_threads)
    panel = _held_in_memory(panel, n_threads)
    summary = panel.summarise(n_threads)
    takes_part = np.ones(len(panel), dtype=bool)
    if pvalue_cutoff is not None:
        takes_part &= p_values <= pvalue_cutoff
    if min_maf is not None:
        takes_part &= np.nan_to_num(summary.maf) >= min_maf
    trivial = takes_part & (summary.variance <= 0)
    rows = np.flatnonzero(takes_part & ~trivial)
    if len(rows) == 0:
        raise InputError(
            f"{panel.where}: none of {len(panel)} SNPs takes part in thinning: {int(trivial.sum())} do not vary, "
            f"{int((~takes_part).sum())} miss the p-value cutoff or MAF limit; loosen those limits"
        )
    kept_instead = np.full(len(panel), -1, dtype=np.int64)
    passes = [window.narrow(), window] if window.is_wide else [window]
    for number, reach in enumerate(passes, start=1):
        label = f"thinning, pass {number} of {len(passes)}" if len(passes) > 1 else "thinning"
        partners = _one_pass(panel.take(rows), reach, r2, p_values[rows], alternates, n_threads, label)
        goes = partners >= 0
        kept_instead[rows[goes]] = rows[partners[goes]]
        rows = rows[~goes]
    result = _result(panel, rows, kept_instead, takes_part & ~trivial, trivial, r2, window)
    logger.info("%s: %d SNPs kept, %d lost", panel.where, len(rows), int(result.lost.sum()))
    return result


def _held_in_memory(panel: ReferencePanel, n_threads: int) -> ReferencePanel:
    """The panel with its dosages read, if they are few: unpacking them for each pass would cost most of the time."""
    if len(panel) * panel.n_individuals > _HELD_BYTES:
        return panel
    return replace(panel, genotypes=ArrayGenotypes(panel.dosages(n_threads=n_threads)), rows=np.arange(len(panel)))


def _check_pvalues(
    panel: ReferencePanel, pvalues: NDArray[np.float64] | None, cutoff: float | None
) -> NDArray[np.float64]:
    """p-values, 2 where absent, (n_snps,); all equal when none are given."""
    if pvalues is None:
        if cutoff is not None:
            raise OptionError(
                f"p-value cutoff: found {cutoff:g} and no p-values; expected a p-value for each SNP; give them with "
                "--pvalues"
            )
        return np.full(len(panel), ABSENT_P)
    p_values = np.array(pvalues, dtype=np.float64)
    if p_values.shape != (len(panel),):
        raise InputError(
            f"p-values: found shape {p_values.shape}; expected one for each of the {len(panel)} SNPs of {panel.where}; "
            "put them in the panel's order, NaN where absent"
        )
    absent = np.isnan(p_values)
    wrong = ~absent & ((p_values < 0) | (p_values > 1))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(
            f"p-values: found {p_values[row]:g} for SNP {panel.snp[row]}; expected 0 to 1; is this the column of P?"
        )
    if absent.all():
        raise InputError(
            f"p-values: none is for a SNP of {panel.where}; expected the names of its SNPs, e.g. {panel.snp[0]}; "
            "check that both files name SNPs alike"
        )
    return np.where(absent, ABSENT_P, p_values)


def _one_pass(
    panel: ReferencePanel,
    window: PairWindow,
    r2: float,
    p_values: NDArray[np.float64],
    alternates: bool,
    n_threads: int,
    label: str,
) -> NDArray[np.int64]:
    """For each SNP the one on whose account it goes, -1 if it stays, (n_snps,)."""
    stops = window.stops(panel)
    kept_instead = np.full(len(panel), -1, dtype=np.int64)
    chunks = list(_chunks(stops, max(_GENOTYPE_BYTES // (5 * panel.n_individuals), 1)))
    # Most products are small: a second thread is worth more as the one that reads ahead.
    with threadpool_limits(1, user_api="blas"):
        loaded = _read_ahead(panel, chunks, stops, n_threads)
        for start, stop, dosages, genotypes in progress(loaded, label=label, unit="blocks", total=len(chunks)):
            # Squares along the diagonal: half as wide as the window wastes little and keeps the product fast.
            length = int(np.clip((stops[stop - 1] - stop) // 2, 64, 512))
            for first in range(start, stop, length):
                behind = min(first + length, stop)
                columns = slice(first - start, int(stops[behind - 1]) - start)
                products = genotypes[first - start : behind - start] @ genotypes[columns].T
                prune_block(products, dosages[columns], first, stops, r2, p_values, kept_instead, alternates)
    return kept_instead


def _read_ahead(
    panel: ReferencePanel, chunks: list[tuple[int, int]], stops: NDArray[np.int64], n_threads: int
) -> Iterator[tuple[int, int, NDArray[np.int8], NDArray[np.float32]]]:
    """Rows, dosages and standardised genotypes of each chunk; with two threads the next one is read in the meantime."""

    def load(chunk: tuple[int, int]) -> tuple[int, int, NDArray[np.int8], NDArray[np.float32]]:
        start, stop = chunk
        dosages = panel.dosages(start, int(stops[stop - 1]), max(n_threads - 1, 1))
        return start, stop, dosages, standardise_dosages(dosages)

    if n_threads == 1:
        yield from map(load, chunks)
        return
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(load, chunks[0])
        for following in chunks[1:]:
            ready = coming.result()
            coming = reader.submit(load, following)
            yield ready
        yield coming.result()


def _chunks(stops: NDArray[np.int64], most_snps: int) -> Iterator[tuple[int, int]]:
    """Rows ``start`` to ``stop - 1`` that, with the windows to their right, fit in memory; 256 at least."""
    start = 0
    while start < len(stops):
        fits = int(np.searchsorted(stops, start + most_snps, side="right"))
        stop = min(max(fits, start + _FEWEST_ROWS), len(stops))
        yield start, stop
        start = stop


def _result(
    panel: ReferencePanel,
    rows: NDArray[np.int64],
    kept_instead: NDArray[np.int64],
    took_part: NDArray[np.bool_],
    trivial: NDArray[np.bool_],
    r2: float,
    window: PairWindow,
) -> ThinResult:
    kept = np.zeros(len(panel), dtype=bool)
    kept[rows] = True
    representative = np.where(took_part, final_representatives(kept_instead), -1)
    return ThinResult(panel.snp, kept, trivial, representative, float(r2), window)
