"""What is in a tagging: counts, totals, spread of the scores, and what might go wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ldscores.chromosomes import rank_chromosomes
from ldscores.models.heritability_models import MODELS
from ldscores.taggings.tagging import Tagging

if TYPE_CHECKING:
    import pandas as pd

#: Above this the columns are as good as dependent; LDSC's limit.
CONDITION_LIMIT = 1e5


@dataclass(frozen=True, eq=False)
class TaggingSummary:
    """Counts, totals and spread of a tagging, and what will go wrong in a fit.

    Parameters
    ----------
    where
        The files, in a few words.
    n_snps, n_categories, n_files
        Counts.
    chromosomes : dict
        Number of SNPs by chromosome, in natural order.
    names : tuple of str, (n_categories,)
        Categories.
    m, m_5_50 : float64, (n_categories,), optional
        Totals.
    mean, sd, min, max : float64, (n_categories,)
        Of the scores over the SNPs; the standard deviation divides by n - 1, as in LDSC's log.
    maf_correlation : float64, (n_categories,), optional
        Pearson correlation of the scores with MAF, over SNPs with a known MAF.
    condition_number : float
        Of the scores with columns of unit length; inf when one follows from the others.
    n_weighted : int, optional
        SNPs with a regression weight.
    model, window
        Heritability model and window, in words.
    notes : tuple of str
        What reading found.
    warnings : tuple of str
        What will go wrong in a fit, and what to do.
    """

    where: str
    n_snps: int
    n_categories: int
    n_files: int
    chromosomes: dict[str, int]
    names: tuple[str, ...]
    m: NDArray[np.float64] | None
    m_5_50: NDArray[np.float64] | None
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    min: NDArray[np.float64]
    max: NDArray[np.float64]
    maf_correlation: NDArray[np.float64] | None
    condition_number: float
    n_weighted: int | None
    model: str
    window: str
    notes: tuple[str, ...]
    warnings: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row a category; what is not known is NaN."""
        import pandas as pd

        unknown = np.full(self.n_categories, np.nan)
        columns = {"category": self.names, "M": self.m, "M_5_50": self.m_5_50, "mean": self.mean, "sd": self.sd}
        columns |= {"min": self.min, "max": self.max, "maf_correlation": self.maf_correlation}
        return pd.DataFrame({name: unknown if column is None else column for name, column in columns.items()})

    def __str__(self) -> str:
        facts = {
            "files": f"{self.where}",
            "SNPs": f"{self.n_snps} on {len(self.chromosomes)} chromosome{'' if len(self.chromosomes) == 1 else 's'}",
            "by chromosome": " ".join(f"{name}:{count}" for name, count in self.chromosomes.items()),
            "categories": str(self.n_categories),
            "M": _total(self.m),
            "M_5_50": _total(self.m_5_50),
            "weights": "none" if self.n_weighted is None else f"{self.n_weighted} of {self.n_snps} SNPs",
            "condition": f"{self.condition_number:.4g}",
            "model": self.model,
            "window": self.window,
        }
        lines = [f"{name:<15}{fact}" for name, fact in facts.items() if fact]
        lines += ["", *_aligned(self.to_frame())]
        lines += ["", *(f"note: {note}" for note in self.notes)] if self.notes else []
        lines += ["", *(f"warning: {warning}" for warning in self.warnings)] if self.warnings else []
        return "\n".join(lines)


def snps_by_chromosome(tagging: Tagging) -> dict[str, int]:
    """Number of SNPs of every chromosome of a tagging, in natural order."""
    names, rank = rank_chromosomes(tagging.chrom)
    return {name: int(count) for name, count in zip(names, np.bincount(rank, minlength=len(names)), strict=True)}


def summarise_tagging(tagging: Tagging) -> TaggingSummary:
    """Count, measure and judge a tagging.

    Parameters
    ----------
    tagging
        Of any heritability model, or LD scores.
    """
    scores = tagging.tagging
    maf_correlation = None
    low, high = scores.min(axis=0), scores.max(axis=0)
    if tagging.maf is not None:
        known = np.isfinite(tagging.maf)
        maf_correlation = np.array([_correlation(tagging.maf[known], column) for column in scores[known].T])
    weights, condition = tagging.regression_tagging, tagging.condition_number()
    return TaggingSummary(
        where=tagging.where,
        n_snps=len(tagging),
        n_categories=tagging.n_categories,
        n_files=len(tagging.sources),
        chromosomes=snps_by_chromosome(tagging),
        names=tagging.names,
        m=tagging.m,
        m_5_50=tagging.m_5_50,
        mean=scores.mean(axis=0),
        sd=scores.std(axis=0, ddof=1) if len(tagging) > 1 else np.full(tagging.n_categories, np.nan),
        min=low,
        max=high,
        maf_correlation=maf_correlation,
        condition_number=condition,
        n_weighted=None if weights is None else int(np.isfinite(weights).sum()),
        model=_model_in_words(tagging.model),
        window=tagging.window,
        notes=tagging.notes,
        warnings=tuple(_warnings(tagging, low, high, condition)),
    )


def _model_in_words(name: str) -> str:
    """``human-default: E[h2 of a SNP] = tau v^0.75, v = 2f(1-f)``; a name that is no model's as it stands."""
    formula = MODELS[name].formula if name in MODELS else ""
    return f"{name}: E[h2 of a SNP] = {formula}{', v = 2f(1-f)' if 'v^' in formula else ''}" if formula else name


def _total(totals: NDArray[np.float64] | None) -> str:
    """A single total; several overlap, so that their sum counts nothing."""
    if totals is None:
        return "not there"
    return f"{totals[0]:.12g}" if len(totals) == 1 else ""


def _correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    if len(first) == 0:
        return np.nan
    first, second = first - first.mean(), second - second.mean()
    scale = np.sqrt((first @ first) * (second @ second))
    return float(first @ second / scale) if scale > 0 else np.nan


def _warnings(tagging: Tagging, low: NDArray[np.float64], high: NDArray[np.float64], condition: float) -> list[str]:
    found = []
    constant = [name for name, least, most in zip(tagging.names, low, high, strict=True) if least == most]
    if constant:
        found.append(f"the same at every SNP, so that fits leave it out: {', '.join(constant[:5])}")
    if tagging.m is None and tagging.m_5_50 is None:
        found.append("no totals: put the .l2.M or .l2.M_5_50 files beside the LD scores, or fit with --m")
    if condition > CONDITION_LIMIT and not constant:
        found.append(f"collinear categories (condition number {condition:.3g}): leave one of them out")
    return found


def _aligned(frame: pd.DataFrame) -> list[str]:
    """Lines of a table: names to the left, numbers to the right, unknown as a dash."""
    # A total is a count: it is printed whole.
    digits = [12 if name in ("M", "M_5_50") else 6 for name in frame.columns[1:]]
    rows = [list(frame.columns)]
    for name, *numbers in frame.itertuples(index=False):
        cells = ["-" if np.isnan(number) else f"{number:.{n}g}" for number, n in zip(numbers, digits, strict=True)]
        rows.append([name, *cells])
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = []
    for name, *cells in rows:
        padded = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        lines.append("  ".join([name.ljust(widths[0]), *padded]))
    return lines
