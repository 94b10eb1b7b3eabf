"""Chosen pairs exactly as LDSC fits them, beside an atlas of separable weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from ldscores.shared.cores import choose_threads
from ldscores.shared.errors import InputError
from ldscores.shared.table_headers import read_header
from ldscores.shared.tables import read_table
from ldscores.taggings.tagging import Tagging
from sumh2.atlas.assembly import ListedTrait
from sumh2.atlas.store import weighted_tagging
from sumh2.atlas.store_files import read_stored, store_traits
from sumh2.atlas.tiles import align_stored
from sumh2.atlas.trait_fit import AtlasOptions, build_reference
from sumh2.ldsc.rg import fit_rg
from sumh2.ldsc.rg_result import RgPair, RgResult
from sumh2.regression_input import Totals


def read_pair_list(path: str | Path, listed: Sequence[ListedTrait]) -> list[tuple[int, int]]:
    """Pairs of a table with the columns ``trait1`` and ``trait2``, as numbers of the listed traits.

    Raises
    ------
    InputError
        A column is missing, a trait is not listed, or a pair is one trait twice.
    """
    header = read_header(path)[0]
    missing = [name for name in ("trait1", "trait2") if name not in header]
    if missing:
        raise InputError(
            f"{path}: no column {' or '.join(missing)}; found {' '.join(header[:10])}; name the columns so"
        )
    table = read_table(path, columns=["trait1", "trait2"], types={"trait1": pa.string(), "trait2": pa.string()})
    number_of = {trait.name: number for number, trait in enumerate(listed)}
    pairs = []
    for row in table.to_pylist():
        unknown = next((name for name in row.values() if name not in number_of), None)
        if unknown is not None or row["trait1"] == row["trait2"]:
            found = f"a trait called {unknown}" if row["trait1"] != row["trait2"] else f"{row['trait1']} with itself"
            raise InputError(f"{path}: found {found}, expected two different traits of the atlas; correct the row")
        pairs.append((number_of[row["trait1"]], number_of[row["trait2"]]))
    if not pairs:
        raise InputError(f"{path}: found no pair, expected one a row; add rows, or leave --ldsc-pairs out")
    return pairs


def fit_listed_pairs(
    listed: Sequence[ListedTrait],
    pairs: Sequence[tuple[int, int]],
    tagging: Tagging,
    store: str | Path,
    options: AtlasOptions,
    *,
    m: Totals | None = None,
    check_alleles: bool = True,
    n_threads: int | None = None,
) -> RgResult:
    """Chosen pairs with LDSC's weights, all digits of the files kept; two traits in memory at a time.

    Parameters
    ----------
    listed, pairs
        Traits, and pairs of their numbers.
    tagging, store, m, check_alleles
        As for :func:`sumh2.atlas.atlas_files.build_atlas`; the traits are stored once more, in float64.
    options
        Intercepts, blocks and chisq_max; its weights do not matter.
    n_threads
        Traits stored at the same time; by default one a core.

    Raises
    ------
    InputError
        A trait has no alleles.
    """
    tagging = weighted_tagging(tagging)
    reference = build_reference(tagging, options.n_blocks, m)
    n_threads = choose_threads(n_threads)
    numbers = sorted({number for pair in pairs for number in pair})
    chosen = [listed[number] for number in numbers]
    entries = dict(
        zip(
            numbers,
            store_traits(chosen, tagging, Path(store), check_alleles=check_alleles, double=True, n_threads=n_threads),
            strict=True,
        )
    )
    fitted: list[RgPair] = []
    for first, second in pairs:
        names = listed[first].name, listed[second].name
        missing = next((number for number in (first, second) if not entries[number].key), None)
        if missing is not None:
            fitted.append(RgPair(*names, status="unusable", why=f"{listed[missing].name}: {entries[missing].why}"))
            continue
        stored = [
            (name, read_stored(entries[number].path)) for name, number in zip(names, (first, second), strict=True)
        ]
        fitted += fit_rg(
            align_stored(stored, reference),
            intercept=options.intercept,
            gcov_intercept=options.gcov_intercept,
            chisq_max=options.chisq_max,
            n_blocks=reference.n_blocks,
            m=reference.m,
        ).pairs
    return RgResult(tuple(fitted), reference.m)
