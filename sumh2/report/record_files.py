"""Reads saved results: the `.json` beside a table, an atlas's folder, munged summary statistics."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ldscores.shared.errors import InputError
from ldscores.shared.tables import check_format, read_parquet, read_text
from sumh2.atlas import atlas_files
from sumh2.munging.result import MungeResult
from sumh2.report.section import SavedResult
from sumh2.report.sections import SECTIONS
from sumh2.results import FORMAT_NAME, FORMAT_VERSION, Result

_MUNGED, _MUNGE_RECORD, _ATLAS_RECORD = ".sumstats.parquet", ".munge.json", atlas_files.RECORD
#: Endings of the files that a result is written to, beside its record.
_BESIDE = (".tsv", ".parquet", ".log", ".profile.tsv", ".enrichment.tsv", ".forward.tsv", ".contrasts.tsv")


def read_result(path: str | Path) -> SavedResult:
    """Read a result from its record, from any file beside it, from its stem, or from an atlas's folder.

    Parameters
    ----------
    path
        ``x.json``, ``x.tsv`` or ``x`` of a result saved as x; the folder of an atlas; ``x.sumstats.parquet`` or
        ``x.munge.json`` of munge.

    Raises
    ------
    InputError
        There is no such result; its record is damaged, of another program, or of a newer version.
    """
    record_path = _find_record(Path(path))
    record = _read_record(record_path)
    written = datetime.fromtimestamp(record_path.stat().st_mtime, UTC).strftime("%Y-%m-%d %H:%M UTC")
    if record_path.name == _ATLAS_RECORD:
        check_format(record_path, record, atlas_files.FORMAT, atlas_files.FORMAT_VERSION)
        atlas = atlas_files.read_atlas(record_path.parent)
        rows = _plain(atlas.to_records())
        return SavedResult("atlas", record, rows, str(record_path.parent), written, result=atlas)
    kind = _checked_kind(record_path, record)
    return SavedResult(kind, record, _rows(record_path, record, kind), str(record_path), written)


def saved_result(result: Result | MungeResult) -> SavedResult:
    """A result that was given as an object, as its files would hold it."""
    if isinstance(result, MungeResult):
        return SavedResult("munge", _plain(result.to_json()), [], result=result)
    record = _plain(result.record())
    return SavedResult(result.kind, record, record["estimates"], result=result)


def _find_record(path: Path) -> Path:
    """The record behind a path; InputError where there is none."""
    if path.is_dir():
        if not (path / _ATLAS_RECORD).is_file():
            raise InputError(
                f"{path}: found a folder without {_ATLAS_RECORD}, expected that of an atlas, or a saved result; name the "
                ".json of a result"
            )
        return path / _ATLAS_RECORD
    stems = [
        str(path).removesuffix(ending) for ending in (_MUNGED, _MUNGE_RECORD, *_BESIDE) if str(path).endswith(ending)
    ]
    found = [path] if path.suffix == ".json" else []
    for stem in (*stems, str(path)):
        found += [Path(f"{stem}{ending}") for ending in (".json", _MUNGE_RECORD)]
    for one in found:
        if one.is_file():
            return one
    what = "found no record beside it" if path.is_file() else "not found"
    raise InputError(
        f"{path}: {what}; expected what --out wrote: the .json of a result (or its stem), the .munge.json of munge, the "
        "folder of an atlas; run the command with --out first"
    )


def _read_record(path: Path) -> Mapping[str, Any]:
    try:
        record = json.loads(read_text(path))
    except ValueError as error:
        raise InputError(
            f"{path}: no JSON ({error}); expected the record of a result; run the command again"
        ) from error
    if not isinstance(record, Mapping) or not isinstance(record.get("provenance", {}), Mapping):
        raise InputError(f"{path}: found JSON of another shape, expected the record of a result; name another file")
    return record


def _checked_kind(path: Path, record: Mapping[str, Any]) -> str:
    """The kind of a record of our own that this version can read."""
    if "format" not in record:
        raise InputError(
            f"{path}: found JSON without a format, expected the record of a result of this version of sumh2 (format "
            f"{FORMAT_NAME!r}); name another file, or run the command that made it again"
        )
    if record["format"] != FORMAT_NAME:
        raise InputError(f"{path}: found the format {record['format']!r}, expected {FORMAT_NAME!r}; name another file")
    if not isinstance(record.get("format_version"), int):
        raise InputError(f"{path}: found no format_version, expected a number; run the command that made it again")
    origin = record.get("provenance") or {}
    check_format(path, {**record, "program": origin.get("program", "a newer program")}, FORMAT_NAME, FORMAT_VERSION)
    kind = str(record.get("kind"))
    if kind not in SECTIONS:
        raise InputError(
            f"{path}: found a result of the kind {kind!r}, expected one of {', '.join(SECTIONS)}; it is of a newer "
            "version: "
            "upgrade with pip install -U sumh2"
        )
    return kind


def _rows(path: Path, record: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    """The estimates; those of a large screen are in Parquet."""
    if kind in ("munge", "simulation"):
        return []
    rows = record.get("estimates")
    if rows is None and kind == "screen":
        table = path.with_suffix(".parquet")
        if not table.is_file():
            raise InputError(f"{table}: not found; expected the rows of the screen {path}; run sumh2 screen again")
        rows = _plain(read_parquet(table)[0].to_pylist())
    if not isinstance(rows, list) or not rows or not all(isinstance(row, Mapping) for row in rows):
        raise InputError(f"{path}: found no estimates, expected one or more; run the command that made it again")
    return rows


def _plain(value: Any) -> Any:
    """As JSON would give it back: missing numbers are None, arrays lists."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
