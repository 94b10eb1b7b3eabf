"""The parts of an atlas on disk: fits of single traits, tiles of pairs, and the layout of the panels.

A part's name is a hash of all that its numbers depend on.  It is written under another name and renamed, so that what
is there under its name is whole: a run that was stopped goes on, and traits that come later find the old tiles.
"""

from __future__ import annotations

import hashlib
import json
import logging
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from ldscores.shared.cluster import connect_cluster
from ldscores.shared.errors import InputError
from ldscores.shared.outputs import written_whole
from ldscores.shared.tables import read_text, write_json
from sumh2.atlas.store import StoredTrait
from sumh2.atlas.store_files import read_stored
from sumh2.atlas.tiles import TileEstimates, fit_tile, lay_out
from sumh2.atlas.trait_fit import AtlasOptions, AtlasReference, TraitFit, fit_trait

log = logging.getLogger(__name__)

_RETRIES = 2
_EXACT = "exact_"


@dataclass(frozen=True)
class PartTrait:
    """A trait as parts know it.

    Parameters
    ----------
    key
        Hash of its stored numbers, and of the reference and options of its fit.
    stored, fit
        Its files.
    """

    key: str
    stored: Path
    fit: Path


def part_key(*what: Any) -> str:
    """A short hash of what a part depends on."""
    return hashlib.sha256(repr(what).encode()).hexdigest()[:24]


def is_whole(path: Path) -> bool:
    """Whether a part can be read to its end: a power cut may leave an empty file under a good name."""
    if not path.is_file():
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, OSError):
        return False


# ---------------------------------------------------------------------------------------------------------------------
# Fits of single traits


def write_fit(path: Path, fit: TraitFit) -> None:
    """Write one fit, whole or not at all."""
    arrays = {"h2_delete": fit.h2_delete, "presence": fit.presence}
    rest = {one.name: getattr(fit, one.name) for one in fields(fit) if one.name not in arrays}
    _write_arrays(path, arrays | {"rest": np.array(json.dumps(rest))})


def read_fit(path: Path) -> TraitFit:
    """Read one fit."""
    with np.load(path, allow_pickle=False) as arrays:
        return TraitFit(**json.loads(str(arrays["rest"])), h2_delete=arrays["h2_delete"], presence=arrays["presence"])


def fit_stored(trait: PartTrait, reference: AtlasReference, options: AtlasOptions) -> TraitFit:
    """The fit of a stored trait: from its part, or made and written; it does not depend on the trait's name."""
    if is_whole(trait.fit):
        return read_fit(trait.fit)
    fit = fit_trait(read_stored(trait.stored), "the trait", reference, options)
    write_fit(trait.fit, fit)
    return fit


# ---------------------------------------------------------------------------------------------------------------------
# Tiles


@dataclass(frozen=True)
class TileJob:
    """One tile to fit; all that a worker needs but the reference.

    Parameters
    ----------
    first, second
        The traits of both panels; the same within one panel.
    path
        Its part.
    """

    first: tuple[PartTrait, ...]
    second: tuple[PartTrait, ...]
    path: Path


def run_tile(job: TileJob, reference: AtlasReference, options: AtlasOptions, n_threads: int | None) -> Path:
    """Fit a tile and write its part, unless it is there.

    Parameters
    ----------
    n_threads
        None for those of the Dask worker that this runs on.
    """
    if not is_whole(job.path):
        if n_threads is None:
            import distributed

            n_threads = distributed.get_worker().state.nthreads
        first = _load_panel(job.first)
        second = first if job.second == job.first else _load_panel(job.second)
        write_tile(job.path, fit_tile(first, second, reference, options, n_threads))
    return job.path


def _load_panel(traits: Sequence[PartTrait]) -> list[tuple[StoredTrait, TraitFit]]:
    return [(read_stored(trait.stored), read_fit(trait.fit)) for trait in traits]


def write_tile(path: Path, tile: TileEstimates) -> None:
    """Write one tile, whole or not at all."""
    arrays = {one.name: getattr(tile, one.name) for one in fields(tile) if one.name != "exact"}
    _write_arrays(path, arrays | {f"{_EXACT}{name}": column for name, column in tile.exact.items()})


def read_tile(path: Path) -> TileEstimates:
    """Read one tile."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    exact = {name.removeprefix(_EXACT): arrays.pop(name) for name in list(arrays) if name.startswith(_EXACT)}
    return TileEstimates(**arrays, exact=exact)


def run_tiles_here(
    jobs: Sequence[TileJob], reference: AtlasReference, options: AtlasOptions, n_threads: int
) -> Iterator[Path]:
    """Tiles one after another, each with all threads."""
    return (run_tile(job, reference, options, n_threads) for job in jobs)


def run_tiles_on_cluster(
    jobs: Sequence[TileJob], reference: AtlasReference, options: AtlasOptions, scheduler: str
) -> Iterator[Path]:
    """Tiles over the workers of a Dask cluster, which see the same files; each worker writes its own.

    Raises
    ------
    InputError
        Dask is not installed, or no scheduler answers.
    """
    with connect_cluster(scheduler) as client:
        import distributed

        everywhere = client.scatter(reference, broadcast=True, hash=False)
        futures = [
            client.submit(run_tile, _absolute(job), everywhere, options, None, pure=False, retries=_RETRIES)
            for job in jobs
        ]
        for future in distributed.as_completed(futures):
            yield future.result()


def _absolute(job: TileJob) -> TileJob:
    """The same with absolute paths: a worker may run elsewhere."""
    first, second = (
        tuple(replace(trait, stored=trait.stored.resolve(), fit=trait.fit.resolve()) for trait in panel)
        for panel in (job.first, job.second)
    )
    return TileJob(first, second, job.path.resolve())


# ---------------------------------------------------------------------------------------------------------------------
# Layout


def extend_layout(path: Path, keys: Sequence[str], width: int) -> list[list[str]]:
    """Panels of traits, those of former runs first; written before any tile, so that a run that is stopped goes on.

    Panels wider than `width`, of a run with more memory, are not used again.
    """
    panels: list[list[str]] = []
    if path.is_file():
        try:
            panels = json.loads(read_text(path))["panels"]
        except (ValueError, KeyError, InputError) as error:
            log.warning("%s: %s; starting anew", path, error)
    if any(len(panel) > width for panel in panels):
        log.info("panels of a former run are wider than memory allows now: their tiles are made again")
        panels = []
    panels = lay_out(keys, panels, width)
    write_json(path, {"panels": panels})
    return panels


# ---------------------------------------------------------------------------------------------------------------------


def _write_arrays(path: Path, arrays: dict[str, Any]) -> None:
    # NumPy's archives bear no time: the same arrays give the same bytes.
    with written_whole(path) as partial, partial.open("wb") as stream:
        np.savez(stream, **arrays)
