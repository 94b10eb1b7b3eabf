"""LDAK weightings: how much of its heritability each SNP shares with its neighbours, as a weight.

Weights w >= 0 solve ``C w = 1`` as nearly as possible, C_jk the r2 of neighbours: SNPs in regions of strong linkage
disequilibrium get small weights or none.  Source: SPEC-LDAK, section 3; Speed et al. 2012, Am. J. Hum. Genet. 91, 1011.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ldscores.kernels import ldak_weightings as kernels
from ldscores.kernels.genotypes import standardise_dosages
from ldscores.ldak.thinning import DUPLICATE_R2, DUPLICATE_WINDOW_KB, ThinResult, thin_panel
from ldscores.panels.pair_windows import PairWindow, choose_window
from ldscores.shared.cores import choose_threads
from ldscores.shared.errors import InputError
from ldscores.shared.progress import progress

if TYPE_CHECKING:
    import pandas as pd

    from ldscores.panels.reference_panel import ReferencePanel

logger = logging.getLogger(__name__)

Solver = Literal["nnls", "simplex", "quick"]

SECTION_LENGTH = 1000


# ---------------------------------------------------------------------------------------------------------------------
# Types


@dataclass(frozen=True)
class Sections:
    """Stretches of a chromosome that are solved one by one.

    Parameters
    ----------
    start, stop : int64, (n_sections,)
        Rows that are analysed, ``start`` to ``stop - 1`` of the SNPs with a weight to find: those kept, with buffers.
    kept_start, kept_stop : int64, (n_sections,)
        Rows whose weights are kept; each SNP belongs to exactly one section.
    """

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    kept_start: NDArray[np.int64]
    kept_stop: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start)


@dataclass(frozen=True, eq=False)
class LdakWeights:
    """LDAK weightings of the SNPs of a panel.

    Parameters
    ----------
    snp : string array, (n_snps,)
        All SNPs of the panel.
    weight : float64, (n_snps,)
        0 for SNPs that were thinned out or do not vary.
    solved : bool, (n_snps,)
        SNPs that took part: those kept by thinning.
    neighbours : float64, (n_snps,)
        SNPs in the window that took part, the SNP itself included; with decay each counts less the farther away.
    tagging : float64, (n_snps,)
        Sum of r2 with those, with decay if any; C's row sum.
    check : float64, (n_snps,)
        ``(C w)_j``, ideally 1.  These three are 0 where `solved` is not.
    sections : Sections
        By place among the SNPs that took part.
    solvers : tuple of str, (n_sections,)
        Which method found the weights of each section, see :class:`ldscores.kernels.ldak_weightings.Solution`.
    thin : ThinResult, optional
        Absent when nothing was thinned out.
    window : PairWindow
    decays : bool
        Whether r2 were multiplied by a decay with distance.
    sources : tuple of str
        Files of the panel.
    """

    snp: pa.Array
    weight: NDArray[np.float64]
    solved: NDArray[np.bool_]
    neighbours: NDArray[np.float64]
    tagging: NDArray[np.float64]
    check: NDArray[np.float64]
    sections: Sections
    solvers: tuple[str, ...]
    thin: ThinResult | None
    window: PairWindow
    decays: bool
    sources: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.snp)

    def spread(self) -> NDArray[np.float64]:
        """Weights with each kept SNP's shared equally with the SNPs that thinning lost to it, (n_snps,).

        The sum stays.  Without thinning there is nothing to share.
        """
        if self.thin is None:
            return self.weight.copy()
        representative = self.thin.representative
        stands = representative >= 0
        size = np.bincount(representative[stands], minlength=len(self))
        share = np.zeros(len(self))
        share[stands] = self.weight[representative[stands]] / size[representative[stands]]
        return share

    def to_frame(self) -> pd.DataFrame:
        """One row a SNP: SNP, weight, neighbours, tagging, check, solved."""
        import pandas as pd

        columns = {"SNP": self.snp.to_pandas(), "weight": self.weight, "neighbours": self.neighbours}
        return pd.DataFrame(columns | {"tagging": self.tagging, "check": self.check, "solved": self.solved})

    def __str__(self) -> str:
        solved, weight = self.solved, self.weight[self.solved]
        check, thin = self.check[solved], self.thin
        thinned = "not thinned" if thin is None else f"after thinning at r2 {thin.r2:g} within {thin.window}"
        lines = [
            f"{int((weight > 0).sum()):,} of {len(self):,} SNPs have a weight above 0; "
            f"{int(solved.sum()):,} took part, {thinned}",
            f"Sum of weights {weight.sum():,.1f}: that many independent SNPs; largest {weight.max():.3f}, "
            f"mean of those above 0 {weight[weight > 0].mean():.3f}",
            f"Tagging under the weights (ideally 1): mean {check.mean():.4f}, sd {check.std():.4f}",
            f"{len(self.sections):,} sections, window {self.window}; solved by " + _count_words(self.solvers),
        ]
        return "\n".join(lines)


def _count_words(words: tuple[str, ...]) -> str:
    return ", ".join(f"{word} ({words.count(word)})" for word in dict.fromkeys(words))


@dataclass(frozen=True)
class _Plan:
    """What every section needs to know."""

    window: PairWindow
    min_r2: float
    half_life: float | None  # in the unit of positions
    solver: Solver


# ---------------------------------------------------------------------------------------------------------------------
# Weightings


def weigh_panel(
    panel: ReferencePanel,
    *,
    window_kb: float | None = None,
    window_cm: float | None = None,
    window_snps: float | None = None,
    buffer: float | None = None,
    section_length: int = SECTION_LENGTH,
    section_kb: float | None = None,
    thin: ThinResult | bool = True,
    r2: float = DUPLICATE_R2,
    half_life: float | None = None,
    min_r2: float = 0.0,
    solver: Solver = "nnls",
    n_threads: int | None = None,
) -> LdakWeights:
    """LDAK weightings, as ``--cut-weights`` and ``--calc-weights-all``.

    SNPs are thinned, cut in sections of a chromosome with a buffer on each side, and in each section weights are found
    that minimise ``||C w - 1||`` with ``w >= 0``; C_jk is the raw r2 of SNPs that share a window, 1 on the diagonal.

    Weights of copies of a SNP (``thin=False``) are only determined as a sum, as in LDAK.

    Parameters
    ----------
    panel : ReferencePanel
        With LDAK's conventions (:data:`ldscores.panels.reference_panel.LDAK_CONVENTIONS`) where weights shall equal LDAK's.
    window_kb, window_cm, window_snps : float
        At most one; 100 kb by default.
    buffer : float, optional
        In the unit of the window; the window by default.
    section_length : int
        Largest number of SNPs in a section, without buffers.
    section_kb : float, optional
        Largest width of a section instead (cM with a window in cM).
    thin : ThinResult or bool
        A thinning of this panel, or whether to thin with `r2` and the window.
    r2 : float
        Of the thinning.
    half_life : float, optional
        Distance, in the unit of the window, over which the r2 of two SNPs counts half.
    min_r2 : float
        Smaller r2 count as zero.
    solver : {"nnls", "simplex", "quick"}
        Non-negative least squares; least absolute deviations with weights up to 1; or ``1 / sum_k C_jk``.
    n_threads : int, optional
        Sections at a time; all usable cores by default.

    Returns
    -------
    LdakWeights

    Raises
    ------
    InputError
        An option is out of range, several windows are given, the thinning is of another panel, or no SNP varies.
    """
    given = any(size is not None for size in (window_kb, window_cm, window_snps))
    window = choose_window(window_kb if given else DUPLICATE_WINDOW_KB, window_cm, window_snps)
    _check_options(window, buffer, section_length, section_kb, half_life, min_r2, solver)
    n_threads = choose_threads(n_threads)
    thin_result, rows = _rows_to_solve(panel, thin, window, r2, n_threads)
    solved_panel = panel.take(rows)
    positions = window.positions(solved_panel)
    unit = PairWindow(window.unit, 1.0).reach
    reach = window.reach if buffer is None else buffer * unit
    sections = cut_sections(solved_panel, positions, reach, section_length, section_kb, unit)
    plan = _Plan(window, min_r2, None if half_life is None else half_life * unit, solver)
    parts = _solve_sections(solved_panel, positions, sections, plan, n_threads)
    solved = np.zeros(len(panel), dtype=bool)
    solved[rows] = True
    columns = {name: np.zeros(len(panel)) for name in ("weight", "neighbours", "tagging", "check")}
    for place, name in enumerate(columns):
        columns[name][rows] = np.concatenate([part[0][place] for part in parts])
    solvers = tuple(part[1] for part in parts)
    logger.info("%s: weights of %d SNPs in %d sections (%s)", panel.where, len(rows), len(parts), _count_words(solvers))
    return LdakWeights(
        snp=panel.snp, solved=solved, sections=sections, solvers=solvers, thin=thin_result, window=window,
        decays=half_life is not None, sources=panel.sources, **columns,
    )  # fmt: skip


def _check_options(
    window: PairWindow,
    buffer: float | None,
    section_length: int,
    section_kb: float | None,
    half_life: float | None,
    min_r2: float,
    solver: str,
) -> None:
    for name, size in {"buffer": buffer, "section width": section_kb, "half-life": half_life}.items():
        if size is not None and not (np.isfinite(size) and size > 0):
            raise InputError(f"{name}: found {size:g} {window.unit}; expected a positive number; e.g. 100")
    if window.unit == "SNPs" and (half_life is not None or section_kb is not None):
        raise InputError(
            "window: found a number of SNPs with a half-life or a section width; expected a window in kb or cM, whose "
            "unit these have; use --window-kb or --window-cm"
        )
    if section_length < 1:
        raise InputError(f"section length: found {section_length}; expected at least 1; 1000 is LDAK's")
    if not 0 <= min_r2 < 1:
        raise InputError(f"min_r2: found {min_r2:g}; expected 0 to below 1; 0 is LDAK's")
    if solver not in ("nnls", "simplex", "quick"):
        raise InputError(f"solver: found {solver!r}; expected nnls, simplex or quick; nnls is LDAK's")


def _rows_to_solve(
    panel: ReferencePanel, thin: ThinResult | bool, window: PairWindow, r2: float, n_threads: int
) -> tuple[ThinResult | None, NDArray[np.int64]]:
    """The thinning, and rows of the SNPs that get a weight."""
    if thin is False:
        rows = np.flatnonzero(panel.summarise(n_threads).variance > 0)
        if len(rows) == 0:
            raise InputError(f"{panel.where}: none of {len(panel)} SNPs varies; expected genotypes; is the .bed right?")
        return None, rows
    if thin is True:
        size = {window.unit: window.size}
        thin = thin_panel(
            panel, r2=r2, n_threads=n_threads, window_kb=size.get("kb"), window_cm=size.get("cM"),
            window_snps=size.get("SNPs"),
        )  # fmt: skip
    elif not thin.snp.equals(panel.snp):
        raise InputError(
            f"{panel.where}: the thinning is of {len(thin)} SNPs, not of these {len(panel)} in this order; expected "
            "one of the same panel; thin this panel, or leave the thinning to the weightings"
        )
    return thin, np.flatnonzero(thin.kept)


def cut_sections(
    panel: ReferencePanel,
    positions: NDArray[np.float64],
    buffer: float,
    section_length: int = SECTION_LENGTH,
    section_kb: float | None = None,
    unit: float = 1e3,
) -> Sections:
    """Sections of each chromosome, as LDAK's ``--cut-weights``.

    With `section_kb`, LDAK compares a span in base pairs with a width in kb when it asks whether one section is enough
    (SPEC-LDAK, section 11, number 11); so it is here, and makes one section rarer than meant.

    Parameters
    ----------
    panel : ReferencePanel
        Only SNPs that get a weight.
    positions : float64, (n_snps,)
        Where they lie, from :meth:`PairWindow.positions`.
    buffer : float
        In the unit of the positions.
    section_length : int
        Largest number of SNPs in a section, without buffers.
    section_kb : float, optional
        Largest width of a section instead, in kb or cM.
    unit : float
        How many units of the positions one kb or cM has.
    """
    parts = []
    for rows in panel.chromosomes().values():
        along = positions[rows]
        if section_kb is None:
            edges = kernels.section_edges(along, section_length, buffer)
        else:
            edges = kernels.section_edges_by_distance(along, section_kb * unit, section_kb, buffer)
        left, right = kernels.section_reach(along, edges, buffer)
        parts.append(np.stack([left, right, edges[:-1], edges[1:]]) + rows.start)
    return Sections(*np.concatenate(parts, axis=1))


def _solve_sections(
    panel: ReferencePanel, positions: NDArray[np.float64], sections: Sections, plan: _Plan, n_threads: int
) -> list[tuple[NDArray[np.float64], str]]:
    """For each section the columns weight, neighbours, tagging, check of the SNPs it keeps, and the solver."""
    stops = plan.window.stops(panel)
    reading = threading.Lock()

    def solve(number: int) -> tuple[NDArray[np.float64], str]:
        start, stop = int(sections.start[number]), int(sections.stop[number])
        with reading:  # two readers at a time would only wait for the same disk
            dosages = panel.dosages(start, stop)
        genotypes = standardise_dosages(dosages, dtype=np.float64)
        reach = np.minimum(stops[start:stop], stop) - start
        columns, solver = _solve_section(genotypes, reach, positions[start:stop], plan)
        return columns[:, sections.kept_start[number] - start : sections.kept_stop[number] - start], solver

    # Sections run side by side; threads inside their small products would only get in each other's way.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(n_threads) as pool:
        answers = pool.map(solve, range(len(sections)))
        return list(progress(answers, label="weightings", unit="sections", total=len(sections)))


def _solve_section(
    genotypes: NDArray[np.floating], stops: NDArray[np.int64], positions: NDArray[np.float64], plan: _Plan
) -> tuple[NDArray[np.float64], str]:
    """Columns weight, neighbours, tagging, check, (4, n_snps), and the solver."""
    band = kernels.squared_correlation_band(genotypes, stops, plan.min_r2)
    presence = _presence_band(stops, band.shape[1])
    if plan.half_life is not None:
        kernels.decay_band(band, positions, plan.half_life)
        kernels.decay_band(presence, positions, plan.half_life)
    try:
        solution = _SOLVERS[plan.solver](band)
    except ArithmeticError as error:
        # LDAK's own way out when a solver reaches its limit.
        logger.warning("%s; quick weights take their place", error)
        solution = kernels.solve_quick(band)
    ones = np.ones(len(band))
    neighbours = kernels.multiply_band(presence, ones)
    tagging = kernels.multiply_band(band, ones)
    check = kernels.multiply_band(band, solution.weights)
    return np.stack([solution.weights, neighbours, tagging, check]), solution.solver


_SOLVERS = {"nnls": kernels.solve_nnls, "simplex": kernels.solve_simplex, "quick": kernels.solve_quick}


def _presence_band(stops: NDArray[np.int64], width: int) -> NDArray[np.float64]:
    """1 for each pair that shares a window, as a band."""
    return (np.arange(width) < (stops - np.arange(len(stops)))[:, None]).astype(np.float64)
