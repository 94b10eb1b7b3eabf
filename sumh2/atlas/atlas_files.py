"""An atlas from files to a folder: store, fits, tiles, results; restartable, extendable, on one machine or a cluster.

The folder holds ``pairs.parquet`` and ``pairs.tsv`` (a row a pair), ``traits.tsv``, the matrices ``rg.tsv`` and
``overlap.tsv``, ``factor.npy`` and ``delete_mean.npy`` (:mod:`sumh2.atlas.atlas_result`), and ``atlas.json`` with
provenance, written last.  ``parts/`` holds the store and the parts: kept, so that traits can be added.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ldscores.shared.cores import choose_threads
from ldscores.shared.errors import InputError
from ldscores.shared.locks import locked_folder
from ldscores.shared.messages import counted
from ldscores.shared.outputs import written_whole
from ldscores.shared.progress import format_seconds, progress
from ldscores.shared.provenance import describe_file, provenance
from ldscores.shared.tables import check_format, read_parquet, read_text, write_json, write_parquet, write_tsv
from ldscores.taggings.tagging import Tagging
from sumh2.atlas.assembly import ListedTrait, assemble_atlas
from sumh2.atlas.atlas_result import AtlasTrait, RgAtlas, cell_count
from sumh2.atlas.part_files import (
    PartTrait,
    TileJob,
    extend_layout,
    fit_stored,
    is_whole,
    part_key,
    read_tile,
    run_tiles_here,
    run_tiles_on_cluster,
)
from sumh2.atlas.store import weighted_tagging
from sumh2.atlas.store_files import StoreEntry, read_stored, store_traits
from sumh2.atlas.tiles import panel_width, tiles_of
from sumh2.atlas.trait_fit import AtlasOptions, AtlasReference, TraitFit, build_reference, chromosomes_of
from sumh2.regression_input import Totals

log = logging.getLogger(__name__)

FORMAT, FORMAT_VERSION = "sumh2 atlas", 1
RECORD, FACTOR, LOG = "atlas.json", "factor.npy", "atlas.log"
#: What is written after the factor, in this order.
TABLES = ("delete_mean.npy", "pairs.parquet", "pairs.tsv", "traits.tsv", "rg.tsv", "overlap.tsv", RECORD)
#: Gigabytes that a tile may use unless --memory says otherwise.
DEFAULT_MEMORY = 4.0

_NOT_NUMBERS = ("name", "source", "group", "label", "status", "why", "n_cases", "n_controls", "samp_prev", "pop_prev")


def build_atlas(
    listed: Sequence[ListedTrait],
    tagging: Tagging,
    out: str | Path,
    *,
    options: AtlasOptions | None = None,
    m: Totals | None = None,
    check_alleles: bool = True,
    memory_gb: float = DEFAULT_MEMORY,
    n_threads: int | None = None,
    scheduler: str | None = None,
    store: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
) -> RgAtlas:
    """Fit all pairs of traits and write the atlas.

    Stopped at any moment, the same call goes on where it was and ends with the same bytes.  Called with more traits, it
    fits the new pairs only, unless one of them brings chromosomes that no trait had, which changes the blocks of all.

    Parameters
    ----------
    listed
        From :func:`sumh2.atlas.manifest_files.read_trait_list`.
    tagging
        LD scores or a tagging of one category, with regression weights.
    out
        Folder of the atlas, created if need be.
    options
        How to fit.
    m
        "M_5_50", "M" or a number; by default M_5_50, or M for files without it.
    check_alleles
        False trusts that all files count the same allele.
    memory_gb
        What one tile may use (10^9 bytes).
    n_threads
        By default one a core.
    scheduler
        Address of a Dask scheduler whose workers see the same files; ``local`` starts a cluster here.
    store
        Folder of aligned traits, where several atlases share one; by default in `out`.
    settings
        Options of the command, for the provenance.

    Returns
    -------
    RgAtlas
        Its factor is mapped from ``factor.npy``.

    Raises
    ------
    InputError
        No trait can be read; another run is at work in `out`; the tagging has several categories.
    """
    out, options = Path(out), options or AtlasOptions()
    n_threads = choose_threads(n_threads)
    tagging = weighted_tagging(tagging)
    build_reference(tagging, options.n_blocks, m)  # what cannot be used is told before anything is written
    make_atlas_folder(out)
    parts = out / "parts"
    with locked_folder(parts, "wait for it, or choose another --out"), _interrupts_explained(parts):
        _remove_partial(out, parts)
        entries = store_traits(
            listed, tagging, Path(store) if store is not None else parts / "store", check_alleles=check_alleles,
            double=options.dtype == np.float64, n_threads=n_threads,
        )  # fmt: skip
        _check_some_stored(entries)
        covered = (
            [] if options.weights == "ldsc" else chromosomes_of(read_stored(one.path) for one in entries if one.key)
        )
        reference = build_reference(tagging, options.n_blocks, m, covered)
        listed = [
            one.completed(read_stored(entry.path)) if entry.key else one
            for one, entry in zip(listed, entries, strict=True)
        ]
        started = time.monotonic()
        traits = _part_traits(entries, parts, reference, options)
        (parts / "fits").mkdir(exist_ok=True)
        fits = _fit_traits(entries, traits, reference, options, n_threads)
        tiles = _run_tiles(traits, parts, reference, options, memory_gb, n_threads, scheduler)
        seconds = format_seconds(time.monotonic() - started)
        n_pairs = len(traits) * (len(traits) - 1) // 2
        log.info("%s, %s in %s", counted(len(traits), "trait"), counted(n_pairs, "pair"), seconds)
        (out / RECORD).unlink(missing_ok=True)  # until all files are new
        atlas = _assemble(listed, entries, fits, tiles, out, reference, options)
        atlas = atlas.with_provenance(_provenance(entries, tagging, settings))
        _write_tables(atlas, out)
    return atlas


@contextmanager
def _interrupts_explained(parts: Path) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        log.warning("stopped; the same command goes on with what is in %s", parts)
        raise


def make_atlas_folder(out: str | Path) -> None:
    """Make the folder of an atlas, unless it is there.

    Raises
    ------
    InputError
        It is a file, cannot be written to, or lies in a folder that does not exist.
    """
    out = Path(out)
    if out.is_file():
        raise InputError(f"--out {out}: found a file, expected a folder for the atlas; choose another --out")
    if not out.parent.is_dir():
        raise InputError(f"--out {out}: the folder {out.parent} does not exist; create it or choose another --out")
    out.mkdir(exist_ok=True)
    if not os.access(out, os.W_OK):
        raise InputError(f"--out {out}: the folder cannot be written to; choose another --out")


def _remove_partial(out: Path, parts: Path) -> None:
    """Remove what a run that was killed had begun to write; the lock says that no other run is writing."""
    begun = [path for name in (FACTOR, *TABLES, LOG) for path in out.glob(f".{name}.*.partial")]
    begun += parts.rglob(".*.partial")
    for path in begun:
        if not path.name.endswith(f".{os.getpid()}.partial"):  # our own log
            path.unlink(missing_ok=True)


def _check_some_stored(entries: Sequence[StoreEntry]) -> None:
    if not any(entry.key for entry in entries):
        raise InputError(f"atlas: none of {len(entries)} traits can be used; the first: {entries[0].why}")


def _part_traits(
    entries: Sequence[StoreEntry], parts: Path, reference: AtlasReference, options: AtlasOptions
) -> dict[int, PartTrait]:
    """The stored traits by their number; a file that is listed twice is two traits."""
    run = part_key(reference.fingerprint(), asdict(options))
    traits: dict[int, PartTrait] = {}
    seen: dict[str, int] = {}
    for number, entry in enumerate(entries):
        if entry.key:
            again = seen.setdefault(entry.key, 0)
            seen[entry.key] += 1
            key = part_key(entry.key, run, again)
            traits[number] = PartTrait(key, entry.path, parts / "fits" / f"{key}.npz")
    return traits


def _fit_traits(
    entries: Sequence[StoreEntry],
    traits: Mapping[int, PartTrait],
    reference: AtlasReference,
    options: AtlasOptions,
    n_threads: int,
) -> list[TraitFit | str]:
    fits: list[TraitFit | str] = [entry.why for entry in entries]
    pool = ThreadPoolExecutor(n_threads)
    try:
        fitted = pool.map(lambda part: fit_stored(part, reference, options), traits.values())
        for number, fit in zip(traits, progress(fitted, total=len(traits), label="h2", unit="traits"), strict=True):
            fits[number] = fit
    finally:
        pool.shutdown(cancel_futures=True)  # an interrupt does not wait for traits that have not begun
    return fits


def _run_tiles(
    traits: Mapping[int, PartTrait],
    parts: Path,
    reference: AtlasReference,
    options: AtlasOptions,
    memory_gb: float,
    n_threads: int,
    scheduler: str | None,
) -> list[tuple[list[int], list[int], Path]]:
    """Fit all tiles that are not there; of each the numbers of its traits (-1 for one not listed) and its part."""
    width = panel_width(len(reference.ld_score), reference.n_blocks, memory_gb, n_threads, options)
    by_key = {part.key: part for part in traits.values()}
    number_of = {part.key: number for number, part in traits.items()}
    run = part_key(reference.fingerprint(), asdict(options))
    panels = extend_layout(parts / f"layout.{run}.json", list(by_key), width)
    (parts / "tiles").mkdir(exist_ok=True)
    tiles, jobs = [], []
    for first, second in tiles_of(panels, list(by_key)):
        keys: tuple[list[str], ...] = (panels[first], panels[second])
        path = parts / "tiles" / f"{part_key(run, *keys)}.npz"
        if not is_whole(path):
            # A trait that is not listed any more may be gone: the tile is made of those that are.
            keys = tuple([key for key in panel if key in by_key] for panel in keys)
            path = parts / "tiles" / f"{part_key(run, *keys)}.npz"
            if not is_whole(path):
                of_rows, of_columns = (tuple(by_key[key] for key in panel) for panel in keys)
                jobs.append(TileJob(of_rows, of_columns, path))
        rows, columns = ([number_of.get(key, -1) for key in panel] for panel in keys)
        tiles.append((rows, columns, path))
    if len(jobs) < len(tiles):
        log.info("%d of %d tiles found in %s", len(tiles) - len(jobs), len(tiles), parts)
    run_jobs = (
        run_tiles_here(jobs, reference, options, n_threads)
        if scheduler is None
        else run_tiles_on_cluster(jobs, reference, options, scheduler)
    )
    for _ in progress(run_jobs, total=len(jobs), label="atlas", unit="tiles"):
        pass
    return tiles


# ---------------------------------------------------------------------------------------------------------------------
# Results


def _assemble(
    listed: Sequence[ListedTrait],
    entries: Sequence[StoreEntry],
    fits: Sequence[TraitFit | str],
    tiles: Sequence[tuple[list[int], list[int], Path]],
    out: Path,
    reference: AtlasReference,
    options: AtlasOptions,
) -> RgAtlas:
    shape = (reference.n_blocks, cell_count(len(listed)))
    with written_whole(out / FACTOR) as partial:
        factor = np.lib.format.open_memmap(partial, mode="w+", dtype=options.dtype, shape=shape)
        factor[:] = np.nan
        read = ((first, second, read_tile(path)) for first, second, path in tiles)
        atlas = assemble_atlas(listed, fits, read, reference.m, options, factor)
        factor.flush()
    return replace(atlas, factor=np.load(out / FACTOR, mmap_mode="r"))


def _provenance(entries: Sequence[StoreEntry], tagging: Tagging, settings: Mapping[str, Any] | None) -> dict[str, Any]:
    origin = provenance((), settings)
    sources = [describe_file(path) for path in tagging.sources if os.path.isfile(path)]
    return origin | {"inputs": [*(entry.described for entry in entries), *sources]}


def write_atlas(atlas: RgAtlas, folder: str | Path) -> list[Path]:
    """Write an atlas to a folder, from which :func:`read_atlas` reads it.

    Parameters
    ----------
    atlas
        In memory, e.g. of :func:`sumh2.fit_atlas`.
    folder
        Made if it is not there.

    Returns
    -------
    list of Path
        The files; ``atlas.json`` is written last.
    """
    folder = Path(folder)
    make_atlas_folder(folder)
    (folder / RECORD).unlink(missing_ok=True)
    with written_whole(folder / FACTOR) as partial, partial.open("wb") as stream:
        np.save(stream, atlas.factor)
    return [folder / FACTOR, *_write_tables(atlas, folder)]


def _write_tables(atlas: RgAtlas, folder: Path) -> list[Path]:
    paths = {name: folder / name for name in TABLES}
    with written_whole(paths["delete_mean.npy"]) as partial, partial.open("wb") as stream:
        np.save(stream, atlas.delete_mean)
    metadata = {"format": FORMAT, "format_version": FORMAT_VERSION}
    words = ["trait1", "trait2", "status", "why"]
    write_parquet(paths["pairs.parquet"], atlas.pair_table, metadata, dictionary_columns=words)
    plain = atlas.pair_table.cast(
        pa.schema([(one.name, pa.string() if one.name in words else one.type) for one in atlas.pair_table.schema])
    )
    write_tsv(paths["pairs.tsv"], plain)
    records = [trait.to_record() for trait in atlas.traits]
    write_tsv(paths["traits.tsv"], pa.Table.from_pylist(records, schema=_trait_schema()))
    for name, matrix in (("rg.tsv", atlas.rg), ("overlap.tsv", atlas.gcov_int)):
        columns = [pa.array(atlas.names, pa.string()), *map(pa.array, matrix)]
        table = pa.Table.from_arrays(columns, names=["trait", *atlas.names])
        write_tsv(paths[name], table)
    content = {"m": atlas.m, "weights": atlas.weights, "n_blocks": atlas.n_blocks, "traits": records}
    write_json(paths[RECORD], metadata | content | {"provenance": dict(atlas.provenance)})
    return list(paths.values())


def _trait_schema() -> pa.Schema:
    words = ("name", "source", "group", "label", "status", "why")
    kinds = {name: pa.string() for name in words} | {"n_snps": pa.int64()}
    return pa.schema([(one.name, kinds.get(one.name, pa.float64())) for one in fields(AtlasTrait)])


def read_atlas(folder: str | Path) -> RgAtlas:
    """Read an atlas; the jackknife factor stays on disk and is mapped.

    Parameters
    ----------
    folder
        That ``sumh2 atlas --out``, :func:`build_atlas` or :func:`write_atlas` wrote.

    Raises
    ------
    InputError
        The folder holds no complete atlas, or one of a newer format.
    """
    folder = Path(folder)
    record_path = folder / RECORD
    if not record_path.is_file():
        begun = (folder / "parts").is_dir()
        found = "an atlas that is not complete" if begun else "no atlas"
        remedy = (
            "run sumh2 atlas again with the same options: it goes on where it stopped"
            if begun
            else "correct the path, or make one with sumh2 atlas"
        )
        raise InputError(
            f"{folder}: found {found} (no {RECORD}); expected the folder that sumh2 atlas --out wrote; {remedy}"
        )
    try:
        record = json.loads(read_text(record_path))
    except ValueError as error:
        raise InputError(f"{record_path}: no JSON ({error}); run sumh2 atlas again") from error
    check_format(record_path, record, FORMAT, FORMAT_VERSION)
    pairs, metadata = read_parquet(folder / "pairs.parquet")
    check_format(folder / "pairs.parquet", metadata, FORMAT, FORMAT_VERSION)
    traits = tuple(
        AtlasTrait(**{name: _from_json(name, value) for name, value in trait.items()}) for trait in record["traits"]
    )
    return RgAtlas(
        traits=traits,
        **_matrices(traits, pairs),
        factor=np.load(folder / FACTOR, mmap_mode="r"),
        delete_mean=np.load(folder / "delete_mean.npy"),
        pair_table=pairs,
        m=record["m"],
        weights=record["weights"],
        origin=record["provenance"],
    )


def _from_json(name: str, value: Any) -> Any:
    return float("nan") if value is None and name not in _NOT_NUMBERS else value


def _matrices(traits: Sequence[AtlasTrait], pairs: pa.Table) -> dict[str, np.ndarray]:
    rows, columns = np.triu_indices(len(traits), 1)
    diagonals = {
        "gcov": [trait.h2 for trait in traits],
        "gcov_se": [trait.h2_se for trait in traits],
        "gcov_int": [trait.h2_int for trait in traits],
        "gcov_int_se": [trait.h2_int_se for trait in traits],
        "rg": [1.0 if trait.h2 > 0 else np.nan for trait in traits],
        "rg_se": [0.0 if trait.h2 > 0 else np.nan for trait in traits],
        "n_snps": [trait.n_snps for trait in traits],
    }
    matrices = {}
    for name, diagonal in diagonals.items():
        matrix = np.diag(np.array(diagonal))
        matrix[rows, columns] = matrix[columns, rows] = pairs[name].to_numpy()
        matrices[name] = matrix
    return matrices
