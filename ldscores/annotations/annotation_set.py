"""Annotations of SNPs: checked, selected, joined, and matched to the SNPs of a panel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ldscores.annotations.annotation_positions import check_positions
from ldscores.shared.arrow_arrays import as_arrow, as_numpy
from ldscores.shared.errors import InputError
from ldscores.shared.snp_names import describe_names
from ldscores.shared.unique_names import all_unique

#: Common SNPs of the totals M_5_50 and of LDSC's overlap matrix have a MAF above this, strictly.
COMMON_MAF = 0.05


@dataclass(frozen=True, eq=False)
class Annotations:
    """Values of annotations, one row a SNP, one column an annotation.

    Parameters
    ----------
    values : float32 or float64, (n_snps, n_annots)
        Finite.
    names : tuple of str, (n_annots,)
        Unique.
    snp : string array, (n_snps,), optional
        Names of the SNPs; thin files have none, and then rows are matched by their number alone.
    chrom : string array, (n_snps,), optional
        Chromosomes as text.
    bp : int64, (n_snps,), optional
        Positions in base pairs.
    members : bool, (n_snps, n_annots), optional
        Which SNPs belong to an annotation, for LDAK's counts: a SNP that its file lists is a member even with the
        value 0.  By default those with a value other than 0.
    kind : str
        ``annotation`` (a base category is added to the model) or ``partition`` (none is).
    sources, notes : tuple of str
        Files read; what reading found and did.

    Raises
    ------
    InputError
        A value is not finite, a name appears twice or is empty, or there are no SNPs or annotations.
    """

    values: NDArray[np.floating]
    names: tuple[str, ...]
    snp: pa.Array | None = None
    chrom: pa.Array | None = None
    bp: NDArray[np.int64] | None = None
    members: NDArray[np.bool_] | None = None
    kind: str = "annotation"
    sources: tuple[str, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        _check_shapes(self)
        _check_names(self)
        _check_values(self)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def n_annots(self) -> int:
        """Number of annotations."""
        return len(self.names)

    @property
    def where(self) -> str:
        """The files in a few words, for messages."""
        if not self.sources:
            return "annotations"
        return self.sources[0] if len(self.sources) == 1 else f"{self.sources[0]} and {len(self.sources) - 1} more"

    @property
    def membership(self) -> NDArray[np.bool_]:
        """Which SNPs belong to each annotation, (n_snps, n_annots)."""
        return self.values != 0 if self.members is None else self.members

    def take(self, rows: NDArray[np.integer]) -> Annotations:
        """The SNPs at these rows."""
        places = as_arrow(rows)
        return replace(
            self, values=self.values[rows],
            snp=None if self.snp is None else self.snp.take(places),
            chrom=None if self.chrom is None else self.chrom.take(places),
            bp=None if self.bp is None else self.bp[rows],
            members=None if self.members is None else self.members[rows],
        )  # fmt: skip

    def select(self, names: Sequence[str]) -> Annotations:
        """These annotations, in this order; InputError names one that is not there."""
        missing = [name for name in names if name not in self.names]
        if missing:
            raise InputError(
                f"{self.where}: no annotation {', '.join(missing[:5])}; found {', '.join(self.names[:30])}; "
                "correct the name"
            )
        places = [self.names.index(name) for name in names]
        return replace(
            self, names=tuple(names), values=np.ascontiguousarray(self.values[:, places]),
            members=None if self.members is None else np.ascontiguousarray(self.members[:, places]),
        )  # fmt: skip

    def constant(self) -> dict[str, float]:
        """Annotations that have the same value at every SNP, with that value; a base has 1, an empty one 0."""
        low, high = self.values.min(axis=0), self.values.max(axis=0)
        return {name: float(low[place]) for place, name in enumerate(self.names) if low[place] == high[place]}

    def warnings(self, *, of_empty: bool = True) -> list[str]:
        """What a fit could not use: columns without variation, but for a base, and columns that repeat another.

        Parameters
        ----------
        of_empty
            Whether to name columns of zeros, which a build tells of itself.
        """
        constant = self.constant()
        found = []
        for name, value in constant.items():
            if value == 0:
                found += [f"{self.where}: {name} is 0 at every SNP: it tells fits nothing; leave it out"] * of_empty
            elif not name.lower().startswith("base"):
                found.append(
                    f"{self.where}: {name} is {value:g} at every SNP: fits cannot tell it from the base; leave it out"
                )
        return found + [
            f"{self.where}: {name} has the values of {twin} at every SNP: fits cannot tell them apart; leave one out"
            for name, twin in self.repeated()
            if constant.get(name) != 0
        ]

    def repeated(self) -> list[tuple[str, str]]:
        """Pairs of annotations with equal values at every SNP: the later one, and the first that it repeats."""
        first_of: dict[bytes, list[int]] = {}
        found = []
        # Added up row by row: equal columns have equal sums, to the bit.
        sums = np.array([self.values.sum(axis=0), np.einsum("ij,ij->j", self.values, self.values)])
        for place, name in enumerate(self.names):
            same_sum = first_of.setdefault(sums[:, place].tobytes(), [])
            column = self.values[:, place]
            twin = next((other for other in same_sum if np.array_equal(self.values[:, other], column)), None)
            if twin is None:
                same_sum.append(place)
            else:
                found.append((name, self.names[twin]))
        return found


# ---------------------------------------------------------------------------------------------------------------------
# Invariants


def _check_shapes(annotations: Annotations) -> None:
    if annotations.values.ndim != 2:
        raise ValueError(f"values have {annotations.values.ndim} dimensions, expected 2")
    n_snps, n_annots = annotations.values.shape
    expected = {"names": n_annots, "snp": n_snps, "chrom": n_snps, "bp": n_snps, "members": n_snps}
    for name, length in expected.items():
        column = getattr(annotations, name)
        if column is not None and len(column) != length:
            raise ValueError(f"{annotations.where}: {name} has length {len(column)}, expected {length}")
    if annotations.kind not in ("annotation", "partition"):
        raise ValueError(f"kind is annotation or partition, not {annotations.kind!r}")
    if n_snps == 0 or n_annots == 0:
        raise InputError(
            f"{annotations.where}: found {n_snps} SNPs and {n_annots} annotations; expected at least one of each; "
            "check that the file is whole, and that columns of numbers follow CHR BP SNP CM"
        )


def _check_names(annotations: Annotations) -> None:
    names = annotations.names
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(
            f"{annotations.where}: annotation {twice!r} appears twice; expected unique names; rename one of them"
        )
    if any(not name.strip() for name in names):
        raise InputError(f"{annotations.where}: an annotation has no name; expected one; add it to the header")


def _check_values(annotations: Annotations) -> None:
    # One sum is cheaper than a mask of the whole matrix; it is not finite if any value is not.
    with np.errstate(invalid="ignore", over="ignore"):
        total = annotations.values.sum(dtype=np.float64)
    if np.isfinite(total):
        return
    bad = ~np.isfinite(annotations.values)
    if bad.any():
        row, column = np.unravel_index(int(np.argmax(bad)), bad.shape)
        name = f"SNP {annotations.snp[int(row)]}" if annotations.snp is not None else f"row {row + 1}"
        raise InputError(
            f"{annotations.where}: {int(bad.sum())} values are missing or infinite (first: {annotations.names[column]} "
            f"of {name}); expected a number for every SNP; write 0 for SNPs outside the annotation"
        )


# ---------------------------------------------------------------------------------------------------------------------
# Joining


def join_annotations(sets: Sequence[Annotations]) -> Annotations:
    """Annotations of several files for the same SNPs side by side.

    Sets with names of SNPs are put on the rows of the one with the fewest (the first of equals), so that a baseline of all
    SNPs of a reference may stand beside annotations of one panel; thin sets must have as many rows.

    Raises
    ------
    InputError
        A name appears in two sets, SNPs are missing in one, row counts differ, or annotations and partitions are mixed.
    """
    first, *others = sets
    if not others:
        return first
    thin = [len(one) for one in sets if one.snp is None]
    candidates = [one for one in sets if one.snp is not None and (not thin or len(one) == thin[0])]
    named = min(candidates, key=len, default=next((one for one in sets if one.snp is not None), first))
    if len({one.kind for one in sets}) > 1:
        raise InputError(
            f"{sets[1].where}: annotations and partitions cannot be joined: only the former get a base category; give "
            "all files in one way"
        )
    aligned = [one if one is named else match_annotations(one, named.snp, len(named), named.where) for one in sets]
    if named.chrom is not None and named.bp is not None:
        for one in aligned:
            check_positions(one, named.chrom, named.bp, named.where)
    members = None
    if any(one.members is not None for one in aligned):
        members = np.concatenate([one.membership for one in aligned], axis=1)
    return replace(
        named,
        values=np.concatenate([one.values for one in aligned], axis=1),
        names=tuple(name for one in aligned for name in one.names),
        members=members,
        sources=tuple(dict.fromkeys(source for one in sets for source in one.sources)),
        notes=tuple(dict.fromkeys(note for one in aligned for note in one.notes)),
    )


def stack_annotations(parts: Sequence[Annotations]) -> Annotations:
    """Annotations of several chromosomes one below the other; InputError when their columns differ."""
    first, *others = parts
    for other in others:
        if other.names != first.names:
            pairs = zip([*first.names, None], [*other.names, None], strict=False)
            place, (expected, found) = next((place, pair) for place, pair in enumerate(pairs) if pair[0] != pair[1])
            raise InputError(
                f"{other.where}: annotation {place + 1} is {found or 'missing'}, in {first.where} it is "
                f"{expected or 'missing'}; expected the same columns in every file; make the file again"
            )
    if not others:
        return first

    def stacked(name: str) -> pa.Array | NDArray | None:
        columns = [getattr(part, name) for part in parts]
        if any(column is None for column in columns):
            return None
        return pa.concat_arrays(columns) if isinstance(columns[0], pa.Array) else np.concatenate(columns)

    columns: dict[str, Any] = {name: stacked(name) for name in ("values", "snp", "chrom", "bp", "members")}
    return replace(
        first,
        **columns,
        sources=tuple(dict.fromkeys(source for part in parts for source in part.sources)),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def match_annotations(
    annotations: Annotations, snp: pa.Array | None, n_snps: int | None = None, where: str = "the panel"
) -> Annotations:
    """Annotations on the rows of a panel.

    With names, rows are looked up by name, so that their order may differ and SNPs that the panel lacks are left out
    (LDSC stops unless the same SNPs stand in the same order).  Without names the number of rows must agree.

    Parameters
    ----------
    annotations
        With names of SNPs, or thin.
    snp : string array, (n_snps,), optional
        Names of the panel's SNPs.
    n_snps
        Number of SNPs of the panel, when it has no names either.
    where
        What the panel is called in messages.

    Raises
    ------
    InputError
        The panel has SNPs that the annotations lack (the first is named), or row counts of a thin file differ, or a
        name that is looked up stands in two rows with different values.
    """
    length = len(snp) if snp is not None else n_snps
    if annotations.snp is None or snp is None:
        if len(annotations) != length:
            raise InputError(
                f"{annotations.where}: found {len(annotations)} rows without names of SNPs; expected {length}, one for "
                f"each SNP of {where} in its order; use a file with the columns CHR BP SNP CM, or make it again"
            )
        return annotations
    if annotations.snp.equals(snp):
        return annotations
    rows = pc.index_in(snp, value_set=annotations.snp)
    if rows.null_count:
        raise InputError(_not_covered(annotations, snp, rows, where))
    if not all_unique(annotations.snp):
        _check_repeats_agree(annotations, annotations.snp)
    matched = annotations.take(as_numpy(rows))
    n_left_out = len(annotations) - len(pc.unique(rows))
    if n_left_out:
        note = f"{annotations.where}: {n_left_out} of {len(annotations)} SNPs are not in {where} and are left out"
        matched = replace(matched, notes=(*matched.notes, note))
    return matched


def _not_covered(annotations: Annotations, snp: pa.Array, rows: pa.Array, where: str) -> str:
    n_missing = rows.null_count
    first = int(np.argmax(pc.is_null(rows).to_numpy(zero_copy_only=False)))
    if n_missing == len(snp):
        return (
            f"{annotations.where}: none of the {len(snp)} SNPs of {where} is among its {len(annotations)}; it names "
            f"SNPs by {describe_names(annotations.snp)}, {where} by {describe_names(snp)}; use annotations of the same "
            "panel and chromosome"
        )
    return (
        f"{annotations.where}: {n_missing} of {len(snp)} SNPs of {where} have no row (first: {snp[first]}, row "
        f"{first + 1}); expected all of them; make the annotations for this panel, or leave these SNPs out with "
        "--extract"
    )


def _check_repeats_agree(annotations: Annotations, names: pa.Array) -> None:
    """Rows with the same name must have the same values, so that it does not matter which one is looked up."""
    differs = (annotations.values != annotations.values[first_rows(names)]).any(axis=1)
    if differs.any():
        row = int(np.argmax(differs))
        raise InputError(
            f"{annotations.where}: SNP {names[row]} stands in two rows with different values; expected each "
            "name once, unless the rows are those of the panel in its order; keep one row"
        )


def first_rows(names: pa.Array) -> NDArray[np.int64]:
    """For each row the first one with its name, (n_snps,)."""
    codes = as_numpy(names.dictionary_encode().indices)
    first = np.empty(int(codes.max()) + 1, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return first[codes]


# ---------------------------------------------------------------------------------------------------------------------
# Sums over the reference SNPs


@dataclass(frozen=True, eq=False)
class CategoryOverlap:
    """Sums over reference SNPs that partitioned heritability needs; those of several chromosomes are added.

    Parameters
    ----------
    overlap, overlap_5_50 : float64, (n_categories, n_categories)
        A'A over all reference SNPs and over the common ones: LDSC's overlap matrix O.
    m, m_5_50 : float64, (n_categories,)
        Column sums of A over the same.
    n_reference, n_reference_5_50 : int
        Number of SNPs: LDSC's M_tot.
    """

    overlap: NDArray[np.float64]
    overlap_5_50: NDArray[np.float64]
    m: NDArray[np.float64]
    m_5_50: NDArray[np.float64]
    n_reference: int
    n_reference_5_50: int

    def __add__(self, other: CategoryOverlap) -> CategoryOverlap:
        return CategoryOverlap(**{name: getattr(self, name) + getattr(other, name) for name in vars(self)})


def category_overlap(values: NDArray[np.floating], common: NDArray[np.bool_]) -> CategoryOverlap:
    """Overlap and totals of categories, over all reference SNPs and over the common ones.

    Parameters
    ----------
    values : float, (n_snps, n_categories)
        A, the value of each category at each reference SNP.
    common : bool, (n_snps,)
        SNPs with 0.05 < MAF; LDSC's condition 0.05 < FRQ < 0.95 is the same (SPEC-LDSC 4.1).
    """
    n_categories = values.shape[1]
    overlap, overlap_5_50 = np.zeros((n_categories, n_categories)), np.zeros((n_categories, n_categories))
    m_5_50 = np.zeros(n_categories)
    with threadpool_limits(1, user_api="blas"):  # products this small only wait for a second thread
        for rows in _blocks(len(values)):
            block = np.asarray(values[rows], dtype=np.float64)
            of_common = block[common[rows]]
            overlap += block.T @ block
            overlap_5_50 += of_common.T @ of_common
            m_5_50 += of_common.sum(axis=0)
    return CategoryOverlap(
        overlap=overlap, overlap_5_50=overlap_5_50, m=values.sum(axis=0, dtype=np.float64), m_5_50=m_5_50,
        n_reference=len(values), n_reference_5_50=int(common.sum()),
    )  # fmt: skip


def _blocks(n_snps: int) -> Iterator[slice]:
    """Rows that stay in the cache while they are multiplied: copies of the whole matrix would cost more."""
    for start in range(0, n_snps, 4096):
        yield slice(start, min(start + 4096, n_snps))


def category_contributions(values: NDArray[np.floating], members: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How much each category contributes to each, (n_categories, n_categories): LDAK's s_qk at ``[k, q]``.

    Parameters
    ----------
    values : float, (n_snps, n_categories)
        a_kl, the expected heritability that category k gives to heritability SNP l.
    members : bool, (n_snps, n_categories)
        I_ql, whether SNP l is a member of category q.
    """
    sums = np.zeros((values.shape[1], members.shape[1]))
    with threadpool_limits(1, user_api="blas"):
        for rows in _blocks(len(values)):
            sums += np.asarray(values[rows], dtype=np.float64).T @ members[rows].astype(np.float64)
    return sums
