"""Annotations to screen: their taggings, handed over in batches, and what is known of them beyond that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError
from ldscores.shared.snp_names import describe_names
from ldscores.taggings.tagging import Tagging

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class AnnotationTotals:
    """Sums over the reference SNPs behind the annotations of a batch; NaN where they are not known.

    Parameters
    ----------
    m : float64, (n_annotations,)
        Sum of the annotation: its number of SNPs where it is binary.
    squares : float64, (n_annotations,)
        Sum of its squares.
    overlap : float64, (n_annotations, n_categories)
        Sums of its products with each category of the baseline; a row is NaN where one of them is not known.
    block_share : float64, (n_annotations,)
        Share of the genome's 0.01 cM blocks that it touches.
    n_reference : float
        Number of reference SNPs.
    """

    m: Floats
    squares: Floats
    overlap: Floats
    block_share: Floats
    n_reference: float

    @classmethod
    def unknown(cls, n_annotations: int, n_categories: int) -> AnnotationTotals:
        """Nothing is known."""
        missing = np.full(n_annotations, np.nan)
        return cls(missing, missing, np.full((n_annotations, n_categories), np.nan), missing, float("nan"))


@dataclass(frozen=True)
class ControlColumns:
    """Columns that stand beside the tested one, e.g. the control annotation of a ``.ldcts`` line.

    Parameters
    ----------
    names : tuple of str
    values : float, (n_controls, n_snps)
    m : float64, (n_controls,)
    """

    names: tuple[str, ...]
    values: NDArray[np.floating]
    m: Floats


@dataclass(frozen=True)
class AnnotationBatch:
    """Annotations with the same control columns.

    Parameters
    ----------
    names : tuple of str, (n_annotations,)
    values : float32 or float64, (n_annotations, n_snps)
        Taggings of the regression SNPs; NaN where the annotation lacks a SNP.
    totals
    controls
        None without.
    problems : tuple of str, (n_annotations,)
        Why an annotation could not be read; empty where it was.
    """

    names: tuple[str, ...]
    values: NDArray[np.floating]
    totals: AnnotationTotals
    controls: ControlColumns | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReadingPlan:
    """What a source has to hand over, and for which regression.

    Parameters
    ----------
    snp : string array, (n_snps,)
        The regression SNPs.
    which
        "M" or "M_5_50": which reference SNPs totals are of.
    categories, category_m
        Names of the baseline's categories and their totals, for overlaps.
    batch_size
        Annotations at a time.
    """

    snp: pa.Array
    which: str
    categories: tuple[str, ...]
    category_m: Floats
    batch_size: int


class AnnotationSource(ABC):
    """Annotations of one origin, read in batches when a screen asks for them."""

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of the annotations, unique."""

    @property
    @abstractmethod
    def where(self) -> str:
        """Where they come from, for messages and tables."""

    @property
    @abstractmethod
    def files(self) -> tuple[str, ...]:
        """Files behind them, for the provenance."""

    @abstractmethod
    def batches(self, places: Sequence[int], plan: ReadingPlan) -> Iterator[AnnotationBatch]:
        """The annotations at these places, in this order."""

    @property
    def snp(self) -> pa.Array | None:
        """Names of the SNPs that the annotations have in common; None where each annotation has SNPs of its own."""
        return None

    def covers(self, snp: pa.Array) -> NDArray[np.bool_] | None:
        """Which SNPs the annotations have in common, (n_snps,); None where each annotation has SNPs of its own."""
        return None


# ---------------------------------------------------------------------------------------------------------------------
# What a tagging knows of its categories


@dataclass(frozen=True)
class StoredTotals:
    """Sums that are stored with a tagging, of all its categories.

    Parameters
    ----------
    names : tuple of str, (n_stored,)
    m : dict of str to float64 (n_stored,)
        By "M" and "M_5_50"; missing where not stored.
    overlap : dict of str to float64 (n_stored, n_stored)
    n_reference : dict of str to int
    block_share : float64, (n_stored,), optional
    """

    names: tuple[str, ...]
    m: dict[str, Floats] = field(default_factory=dict)
    overlap: dict[str, Floats] = field(default_factory=dict)
    n_reference: dict[str, int] = field(default_factory=dict)
    block_share: Floats | None = None

    @classmethod
    def of_tagging(cls, tagging: Tagging) -> StoredTotals:
        """Those of a tagging in memory."""

        def known(**arrays):
            return {name: value for name, value in arrays.items() if value is not None}

        return cls(
            tagging.names, known(M=tagging.m, M_5_50=tagging.m_5_50),
            known(M=tagging.overlap, M_5_50=tagging.overlap_5_50),
            known(M=tagging.n_reference, M_5_50=tagging.n_reference_5_50),
            None if tagging.touched is None else tagging.touched.share,
        )  # fmt: skip

    def of(self, places: Sequence[int], plan: ReadingPlan) -> AnnotationTotals:
        """Those of some categories.

        Overlaps with the baseline are known where its categories are stored here too, under the same names and with the
        same totals.
        """
        rows = np.asarray(places, dtype=np.int64)
        unknown = AnnotationTotals.unknown(len(rows), len(plan.categories))
        m, products = self.m.get(plan.which), self.overlap.get(plan.which)
        overlap, squares = unknown.overlap, unknown.squares
        if products is not None:
            squares = np.diag(products)[rows]
            at = self._places_of(plan)
            overlap = unknown.overlap if at is None else products[np.ix_(rows, at)]
        return AnnotationTotals(
            m=unknown.m if m is None else m[rows],
            squares=squares,
            overlap=overlap,
            block_share=unknown.block_share if self.block_share is None else self.block_share[rows],
            n_reference=float(self.n_reference.get(plan.which, np.nan)),
        )

    def _places_of(self, plan: ReadingPlan) -> NDArray[np.int64] | None:
        """Places of the baseline's categories, if all of them are here with the same totals."""
        place_of = {name: place for place, name in enumerate(self.names)}
        m = self.m.get(plan.which)
        if m is None or any(name not in place_of for name in plan.categories):
            return None
        places = np.array([place_of[name] for name in plan.categories], dtype=np.int64)
        return places if np.allclose(m[places], plan.category_m, rtol=1e-6) else None


# ---------------------------------------------------------------------------------------------------------------------
# In memory


class TaggingAnnotations(AnnotationSource):
    """The categories of a tagging as annotations."""

    def __init__(self, tagging: Tagging) -> None:
        self.tagging = tagging
        self._stored = StoredTotals.of_tagging(tagging)

    @property
    def names(self) -> tuple[str, ...]:
        return self.tagging.names

    @property
    def where(self) -> str:
        return self.tagging.where

    @property
    def files(self) -> tuple[str, ...]:
        return self.tagging.sources

    @property
    def snp(self) -> pa.Array:
        return self.tagging.snp

    def covers(self, snp: pa.Array) -> NDArray[np.bool_]:
        return rows_of(snp, self.tagging.snp) >= 0

    def batches(self, places: Sequence[int], plan: ReadingPlan) -> Iterator[AnnotationBatch]:
        rows = rows_of(plan.snp, self.tagging.snp)
        missing = rows < 0
        for first in range(0, len(places), plan.batch_size):
            chosen = list(places[first : first + plan.batch_size])
            values = np.ascontiguousarray(self.tagging.tagging[:, chosen].T[:, rows])
            values[:, missing] = np.nan
            names = tuple(self.names[place] for place in chosen)
            yield AnnotationBatch(names, values, self._stored.of(chosen, plan), problems=("",) * len(names))


def no_common_names(baseline: pa.Array, annotations: pa.Array, where: str) -> str:
    """What is wrong where baseline and annotations have no SNP name in common, with examples of both."""
    ours, theirs = describe_names(baseline), describe_names(annotations)
    alike = ours.split(" (")[0] == theirs.split(" (")[0]
    remedy = "check that both are of one panel and build" if alike else "translate one of them"
    return (
        f"{where}: none of its {len(annotations):,} SNPs is among the {len(baseline):,} of the trait in the baseline; "
        f"found {theirs} in the annotations, expected the names of the baseline, {ours}; {remedy}, and compute both for "
        "one list of SNPs"
    )


def rows_of(snp: pa.Array, among: pa.Array) -> NDArray[np.int64]:
    """Row of each SNP among others, (n_snps,); -1 where it is not there."""
    if snp.equals(among):
        return np.arange(len(snp))
    found = pc.index_in(snp, value_set=among)
    return as_numpy(pc.fill_null(found, -1)).astype(np.int64)


def as_sources(annotations: object, baseline: Sequence[str] = ()) -> list[AnnotationSource]:
    """Sources from what a caller may give: one or several sources or taggings.

    Parameters
    ----------
    annotations
    baseline
        Names of the baseline's categories, which are not tested and may be in several sources.

    Raises
    ------
    InputError
        None is given, something else is, or two annotations bear one name.
    """
    given: list[Any] = list(annotations) if isinstance(annotations, list | tuple) else [annotations]
    wrong = next((one for one in given if not isinstance(one, Tagging | AnnotationSource)), None)
    if wrong is not None or not given:
        found = "none" if not given else type(wrong).__name__
        raise InputError(f"screen: annotations: found {found}, expected taggings or sources of annotations; name some")
    sources: list[AnnotationSource] = [TaggingAnnotations(one) if isinstance(one, Tagging) else one for one in given]
    seen: dict[str, str] = {}
    for source in sources:
        for name in set(source.names).difference(baseline):
            if name in seen:
                raise InputError(
                    f"{source.where}: annotation {name!r} is also in {seen[name]}; expected names that differ; rename "
                    "one, or leave one of the files out"
                )
            seen[name] = source.where
    return sources
