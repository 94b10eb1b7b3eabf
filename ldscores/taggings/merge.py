"""Several taggings as one: chromosomes below each other, or models for the same SNPs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.chromosomes import genome_order
from ldscores.models.ldak_columns import LDAK_CHROMOSOME, LdakColumns, place_side_by_side, stack_rows
from ldscores.shared.errors import InputError
from ldscores.shared.snp_names import describe_names
from ldscores.taggings.joining import join_taggings
from ldscores.taggings.tagging import Tagging

_SNP_COLUMNS = ("regression_tagging", "a1", "a2", "maf", "cm")
_SUMS = ("m", "m_5_50", "overlap", "overlap_5_50", "n_reference", "n_reference_5_50", "touched")


def merge_taggings(taggings: Sequence[Tagging], along: Literal["auto", "snps", "categories"] = "auto") -> Tagging:
    """Merge taggings: those of different SNPs below each other, those of the same SNPs side by side.

    Parameters
    ----------
    taggings
        One or more.
    along
        ``snps``: below each other; ``categories``: side by side; ``auto``: below each other where no SNP of the first is
        in another one.

    Raises
    ------
    ValueError
        There is none.
    InputError
        The taggings share some SNPs but not all, or do not fit together; see :func:`merge_snps` and
        :func:`merge_models`.
    """
    if not taggings:
        raise ValueError("no taggings to merge")
    if len(taggings) == 1:
        return taggings[0]
    if along == "auto":
        shared = [pc.index_in(taggings[0].snp, value_set=other.snp) for other in taggings[1:]]
        n_shared = [len(places) - places.null_count for places in shared]
        along = "snps" if not any(n_shared) else "categories"
    return merge_snps(taggings) if along == "snps" else merge_models(taggings)


def merge_snps(taggings: Sequence[Tagging]) -> Tagging:
    """Parts of one panel (chromosomes, shards) below each other, as LDAK's ``--join-tagging``.

    Totals, overlaps, contributions and counts are sums over reference SNPs, so that those of the parts are added;
    columns and sums that a part lacks are dropped, with a note.  SNPs are put in the order of the genome.  Files of
    LDAK name no chromosomes: their lines stay in the order given.

    Raises
    ------
    InputError
        Categories, model or window differ, a SNP is in two parts, or only some of the parts know their positions.
    """
    first = taggings[0]
    for other in taggings[1:]:
        _check_same_model(first, other)
    placed = [not _without_positions(tagging) for tagging in taggings]
    if any(placed) and not all(placed):
        bare = taggings[placed.index(False)]
        raise InputError(
            f"{bare.where}: its SNPs have no chromosomes and positions, as in LDAK's files, but those of "
            f"{taggings[placed.index(True)].where} have; expected files of one kind; build or read them in the same way"
        )
    notes = [note for tagging in taggings for note in tagging.notes]

    def from_all(name: str) -> list | None:
        found = [getattr(tagging, name) for tagging in taggings]
        if not any(part is None for part in found):
            return found
        if any(part is not None for part in found):
            without = taggings[[part is None for part in found].index(True)].where
            notes.append(f"{name} is left out: {without} has none")
        return None

    columns: dict[str, Any] = {
        name: None if (parts := from_all(name)) is None else np.concatenate(parts) for name in _SNP_COLUMNS
    }
    sums: dict[str, Any] = {
        name: None if (parts := from_all(name)) is None else sum(parts[1:], parts[0]) for name in _SUMS
    }
    snp = pa.concat_arrays([tagging.snp for tagging in taggings])
    _check_no_snp_twice(taggings, snp)
    ldak_parts = from_all("ldak")
    n_snps = [len(tagging) for tagging in taggings]
    chrom = pa.concat_arrays([tagging.chrom for tagging in taggings])
    bp = np.concatenate([tagging.bp for tagging in taggings]) if all(placed) else np.arange(1, sum(n_snps) + 1)
    scores = np.concatenate([tagging.tagging for tagging in taggings])
    ldak = None if ldak_parts is None else stack_rows(ldak_parts, n_snps)
    order = genome_order(chrom, bp)
    if order is not None:
        indices = pa.array(order)
        snp, chrom, bp, scores = snp.take(indices), chrom.take(indices), bp[order], scores[order]
        columns = {name: None if column is None else column[order] for name, column in columns.items()}
        ldak = None if ldak is None else ldak.take(order)
    return replace(
        first, snp=snp, chrom=chrom, bp=bp, tagging=scores, ldak=ldak, **columns, **sums,
        sources=tuple(dict.fromkeys(source for tagging in taggings for source in tagging.sources)),
        notes=tuple(dict.fromkeys(notes)),
    )  # fmt: skip


def merge_models(taggings: Sequence[Tagging], names: Sequence[str] | None = None) -> Tagging:
    """Categories of several models for the same SNPs side by side, as LDAK's ``--merge-tagging``.

    Weights and expected heritability belong to one model each and are dropped; contributions of one model to another's
    categories are 0.

    Parameters
    ----------
    names
        Names of all categories; by default ``Model_1``, ``Model_2``, ... for files of LDAK, as there; else
        ``<category>[<model>]`` where all models are known and differ; where not, as they are if no two taggings share a
        name, and those of :func:`ldscores.taggings.joining.join_taggings` if some do.

    Raises
    ------
    InputError
        The taggings do not hold the same SNPs.
    """
    joined = join_taggings(taggings)
    if len(taggings) == 1:
        return joined
    _check_no_model_twice(taggings)
    models = [tagging.model for tagging in taggings]
    if names is not None:
        joined = replace(joined, names=tuple(names))
    elif all(map(_without_positions, taggings)):
        joined = replace(joined, names=tuple(f"Model_{place}" for place in range(1, joined.n_categories + 1)))
    elif all(models) and len(set(models)) == len(models):
        joined = replace(joined, names=tuple(f"{name}[{one.model}]" for one in taggings for name in one.names))
    elif len({name for one in taggings for name in one.names}) == joined.n_categories:
        joined = replace(joined, names=tuple(name for one in taggings for name in one.names))
    parts = [_ldak_on_rows_of(taggings[0], one, one.ldak) for one in taggings if one.ldak is not None]
    return replace(joined, ldak=place_side_by_side(parts)) if len(parts) == len(taggings) else joined


def _ldak_on_rows_of(first: Tagging, other: Tagging, ldak: LdakColumns) -> LdakColumns:
    if other.snp.equals(first.snp):
        return ldak
    return ldak.take(pc.index_in(first.snp, value_set=other.snp).to_numpy(zero_copy_only=False))


def place_on_genome(tagging: Tagging, snp: pa.Array, chrom: pa.Array, bp: NDArray[np.int64]) -> Tagging:
    """A tagging of LDAK with chromosomes and positions of a panel, looked up by name, in the order of the genome.

    Parameters
    ----------
    tagging
        With names of SNPs alone, as LDAK's files have them.
    snp, chrom : string array, (n_panel_snps,)
        Names and chromosomes.
    bp : int64, (n_panel_snps,)
        Positions.

    Raises
    ------
    InputError
        The panel lacks a SNP of the tagging.
    """
    places = pc.index_in(tagging.snp, value_set=snp)
    if places.null_count:
        missing = tagging.snp.filter(pc.is_null(places))
        raise InputError(
            f"{tagging.where}: {len(missing)} of {len(tagging)} SNPs are not in the panel (first: {missing[0]}); it "
            f"names SNPs by {describe_names(snp)}; expected all of them; name the panel of which the tagging was made"
        )
    found = places.to_numpy(zero_copy_only=False)
    chrom, bp = chrom.take(places), bp[found]
    order = genome_order(chrom, bp)
    if order is None:
        return replace(tagging, chrom=chrom, bp=bp)
    # Rows are put in order under made-up positions, which the last step replaces.
    there = {name: getattr(tagging, name) for name in _SNP_COLUMNS}
    columns: dict[str, Any] = {name: None if column is None else column[order] for name, column in there.items()}
    made_up = replace(
        tagging, snp=tagging.snp.take(pa.array(order)), tagging=tagging.tagging[order],
        ldak=None if tagging.ldak is None else tagging.ldak.take(order), **columns,
    )  # fmt: skip
    return replace(made_up, chrom=chrom.take(pa.array(order)), bp=bp[order])


# ---------------------------------------------------------------------------------------------------------------------
# Checks


def _without_positions(tagging: Tagging) -> bool:
    return pc.unique(tagging.chrom).to_pylist() == [LDAK_CHROMOSOME]


def _check_same_model(first: Tagging, other: Tagging) -> None:
    if other.names != first.names:
        pairs = zip([*first.names, None], [*other.names, None], strict=False)
        place, (expected, found) = next((place, pair) for place, pair in enumerate(pairs) if pair[0] != pair[1])
        raise InputError(
            f"{other.where}: category {place + 1} is {found or 'missing'}, in {first.where} it is "
            f"{expected or 'missing'}; expected the same categories in every part; build them with the same options"
        )
    kinds = [None if tagging.ldak is None else tagging.ldak.kind for tagging in (first, other)]
    differences = {
        "model": (first.model, other.model), "window": (first.window, other.window), "kind": tuple(kinds),
    }  # fmt: skip
    for what, (expected, found) in differences.items():
        if expected and found and expected != found:
            raise InputError(
                f"{other.where}: its {what} is {found}, that of {first.where} is {expected}; expected the same in "
                "every part; build them with the same options"
            )


def _check_no_model_twice(taggings: Sequence[Tagging]) -> None:
    """Refuse a tagging beside itself, or beside a copy of its file: no fit can tell the two apart."""
    for place, tagging in enumerate(taggings):
        for other in taggings[place + 1 :]:
            same_words = (other.model, other.names) == (tagging.model, tagging.names)
            if same_words and other.snp.equals(tagging.snp) and np.array_equal(other.tagging, tagging.tagging):
                raise InputError(
                    f"{other.where}: holds the same categories with the same values as {tagging.where}; expected "
                    "different models, or different SNPs; name each file once"
                )


def _check_no_snp_twice(taggings: Sequence[Tagging], snp: pa.Array) -> None:
    if len(pc.unique(snp)) == len(snp):
        return
    for place, tagging in enumerate(taggings):
        for other in taggings[place + 1 :]:
            common = other.snp.filter(pc.is_valid(pc.index_in(other.snp, value_set=tagging.snp)))
            if len(common):
                raise InputError(
                    f"{other.where}: {len(common)} of its {len(other)} SNPs are also in {tagging.where} (first: "
                    f"{common[0]}); expected each SNP in one part; leave one of the files out, or name them once"
                )
