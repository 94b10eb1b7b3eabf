"""The store of an atlas: every trait aligned once, one memory-mapped file a trait.

A file is an Arrow IPC file of uncompressed columns ``z``, ``kinds`` and, where it varies, ``n``; its name is the key, a
hash of the summary statistics, the SNPs of the tagging and the options.  What is there under its name is whole.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa

from ldscores.shared.errors import InputError
from ldscores.shared.outputs import written_whole
from ldscores.shared.progress import progress
from ldscores.shared.provenance import describe_file
from ldscores.shared.tables import read_text, write_json
from ldscores.taggings.tagging import Tagging
from sumh2.atlas.assembly import ListedTrait
from sumh2.atlas.store import StoredTrait, fingerprint_snps, store_trait
from sumh2.sumstats_files import read_sumstats

log = logging.getLogger(__name__)

#: Changes whenever a stored trait may change.
STORE_VERSION = 3
SUFFIX = ".trait.arrow"

_METADATA_KEY = b"sumh2"
_INDEX = "index.json"


@dataclass(frozen=True)
class StoreEntry:
    """Where a trait is stored, or why it is not.

    Parameters
    ----------
    key
        Hash of all that the stored numbers depend on; empty where there are none.
    path
        Its file.
    why
        Why there is none.
    described
        Path, size and SHA-256 of the summary statistics.
    """

    key: str
    path: Path
    why: str
    described: dict[str, Any]


def write_stored(path: str | Path, trait: StoredTrait) -> None:
    """Write one trait, whole or not at all."""
    columns = {"z": trait.z, "kinds": trait.kinds} | ({"n": trait.n} if len(trait.n) > 1 else {})
    metadata = {"facts": dict(trait.facts), "n": None if len(trait.n) > 1 else float(trait.n[0])}
    table = pa.table({name: np.ascontiguousarray(column) for name, column in columns.items()})
    table = table.replace_schema_metadata({_METADATA_KEY: json.dumps(metadata).encode()})
    with (
        written_whole(path) as partial,
        pa.OSFile(str(partial), "wb") as sink,
        pa.ipc.new_file(sink, table.schema) as writer,
    ):
        writer.write_table(table)


def read_stored(path: str | Path) -> StoredTrait:
    """Map a stored trait into memory; nothing is read before it is used.

    Raises
    ------
    InputError
        The file is damaged.
    """
    try:
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_file(source).read_all()
        metadata = json.loads(table.schema.metadata[_METADATA_KEY])
    except (pa.ArrowInvalid, OSError, KeyError, TypeError) as error:
        raise InputError(f"{path}: {error}; expected a trait of an atlas store; delete it and run again") from error
    # One chunk each, taken as it is: combining would copy what is mapped.
    columns = {name: table[name].chunk(0).to_numpy() for name in table.column_names}
    n = columns.get("n")
    if n is None:
        n = np.array([metadata["n"]], dtype=columns["z"].dtype)
    return StoredTrait(columns["z"], n, columns["kinds"], metadata["facts"])


def store_key(sha256: str, snps: str, check_alleles: bool = True, double: bool = False, n: float | None = None) -> str:
    """Key of a trait: a hash of its file, of the SNPs (:func:`sumh2.atlas.store.fingerprint_snps`) and of options."""
    return hashlib.sha256(repr((STORE_VERSION, sha256, snps, check_alleles, double, n)).encode()).hexdigest()[:24]


def store_traits(
    listed: Sequence[ListedTrait],
    tagging: Tagging,
    folder: Path,
    *,
    check_alleles: bool = True,
    double: bool = False,
    n_threads: int = 1,
) -> list[StoreEntry]:
    """Put every trait into the store that is not there yet.

    Parameters
    ----------
    listed
        Traits with their files.
    tagging
        From :func:`sumh2.atlas.store.weighted_tagging`.
    folder
        The store; created if need be.
    check_alleles, double
        See :func:`sumh2.atlas.store.store_trait`.
    n_threads
        Traits at the same time.

    Returns
    -------
    list of StoreEntry
        One a trait; what cannot be read has its reason, and the others go on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = _read_index(folder)
    snps = fingerprint_snps(tagging)
    locks: defaultdict[str, Lock] = defaultdict(Lock)  # one file under two names is stored once

    def store_one(trait: ListedTrait) -> StoreEntry:
        described: dict[str, Any] = {"path": trait.source}
        try:
            described = _describe(trait.source, known)
            key = store_key(described["sha256"], snps, check_alleles, double, trait.n)
            path = folder / f"{key}{SUFFIX}"
            with locks[key]:
                if not _is_whole(path, len(tagging)):
                    sumstats = read_sumstats(trait.source, trait=trait.name)
                    if trait.n is not None:
                        sumstats = replace(sumstats, n=np.full(len(sumstats), float(trait.n)))
                    write_stored(path, store_trait(sumstats, tagging, check_alleles=check_alleles, double=double))
        except InputError as error:
            log.warning("%s is left out: %s", trait.name, error)
            return StoreEntry("", folder, str(error), described)
        return StoreEntry(key, path, "", described)

    pool = ThreadPoolExecutor(max(1, n_threads))
    try:
        entries = list(progress(pool.map(store_one, listed), total=len(listed), label="store", unit="traits"))
    finally:
        pool.shutdown(cancel_futures=True)  # an interrupt does not wait for traits that have not begun
    _write_index(folder, known)
    return entries


def _is_whole(path: Path, n_snps: int) -> bool:
    """Whether a stored trait can be read: a power cut may leave an empty file under a good name."""
    try:
        return path.is_file() and len(read_stored(path).z) == n_snps
    except InputError:
        return False


def _describe(source: str, known: dict[str, Any]) -> dict[str, Any]:
    """Path, size and hash; a file whose size and time of change are known is not read again."""
    path = Path(source)
    try:
        status = path.stat()
        stamp = [status.st_size, status.st_mtime_ns]
        place = os.path.abspath(path)
        if known.get(place, {}).get("stamp") != stamp:
            known[place] = {"stamp": stamp, "sha256": describe_file(path)["sha256"]}
    except OSError as error:
        raise InputError(
            f"{source}: {error.strerror or error}; expected summary statistics; correct the path"
        ) from error
    return {"path": source, "bytes": status.st_size, "sha256": known[place]["sha256"]}


def _read_index(folder: Path) -> dict[str, Any]:
    path = folder / _INDEX
    try:
        return json.loads(read_text(path)) if path.is_file() else {}
    except (InputError, ValueError):
        return {}  # it only saves time


def _write_index(folder: Path, known: dict[str, Any]) -> None:
    write_json(folder / _INDEX, dict(sorted(known.items())))
