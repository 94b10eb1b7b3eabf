"""Packs for machines without internet: one tar with a manifest in front and SHA-256 of all that follows."""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ldscores.shared.errors import InputError
from ldscores.shared.messages import counted, first_of
from ldscores.shared.outputs import check_writable_folder, written_whole
from ldscores.shared.progress import progress
from ldscores.shared.provenance import hash_of_file
from sumh2.references.cache_files import (
    install,
    read_record,
    state_of,
    stored_files,
    verify_files,
    work_folder,
)
from sumh2.references.catalogue import Reference, is_name
from sumh2.references.get_files import check_known_contents
from sumh2.references.record import Record, State, StoredFile
from sumh2.references.unpack_files import Writer, check_end, opened_tar

_FORMAT = "sumh2 reference pack"
_MANIFEST = "manifest.json"
_LARGEST_MANIFEST = 8 << 20


def write_pack(names: Sequence[str], catalogue: Mapping[str, Reference], cache: Path, out: str) -> str:
    """Write references of the cache to one file; the same references give the same bytes.

    Raises
    ------
    InputError
        One of them is not here, or not as it was when it came.
    """
    check_writable_folder(Path(out), "--out")
    records = []
    for name in dict.fromkeys(names):
        record = read_record(cache, name)
        state = state_of(cache, record)
        problems = verify_files(cache, record)[1]
        if state.status == "absent" or problems:
            found = "not here" if state.status == "absent" else f"damaged ({first_of(problems)})"
            raise InputError(f"{name}: found it {found}, expected it whole in {cache}; first: sumh2 refs get {name}")
        records.append(record)
    manifest = json.dumps(
        {"format": _FORMAT, "version": 1, "references": [_described(record, catalogue) for record in records]}, indent=1
    )
    with written_whole(out) as partial, tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(_member(_MANIFEST, len(manifest.encode())), io.BytesIO(manifest.encode()))
        for record in records:
            for stored in progress(record.files, label=f"packing {record.name}", unit="files"):
                with (cache / record.name / stored.path).open("rb") as stream:
                    tar.addfile(_member(f"{record.name}/{stored.path}", stored.bytes), stream)
    files = sum(len(record.files) for record in records)
    return (
        f"{out}: {', '.join(record.name for record in records)}; {counted(files, 'file')}, "
        f"{Path(out).stat().st_size:,} bytes\n"
        f"  SHA-256 {hash_of_file(Path(out))}\n"
        f"  on the other machine: sumh2 refs unpack {Path(out).name} prints the same value"
    )


def _member(name: str, size: int) -> tarfile.TarInfo:
    """Without time, owner or mode of this machine."""
    member = tarfile.TarInfo(name)
    member.size = size
    return member


def _described(record: Record, catalogue: Mapping[str, Reference]) -> dict[str, Any]:
    described = asdict(record)
    del described["trusted"]
    described["files"] = [{key: file[key] for key in ("path", "bytes", "sha256")} for file in described["files"]]
    if record.name in catalogue:  # for people who open the pack
        entry = catalogue[record.name]
        described["about"] = {key: getattr(entry, key) for key in ("what", "licence", "citation", "page")}
    return described


def read_pack(pack: str, catalogue: Mapping[str, Reference], cache: Path, accept_different: bool = False) -> str:
    """Put the references of a pack in the cache: all of them or none.

    Raises
    ------
    InputError
        It is no pack, was cut or changed, holds more or less than its manifest says, or a reference that differs from
        what the catalogue knows or from the one that is here.
    """
    path = Path(pack)
    if not path.is_file():
        raise InputError(f"{pack}: no such file; expected what sumh2 refs pack wrote; check the name")
    lines = [f"{pack}: SHA-256 {hash_of_file(path)}; compare it with what sumh2 refs pack printed"]
    size = path.stat().st_size
    with contextlib.ExitStack() as stack:
        tar = stack.enter_context(opened_tar(path, size, pack))
        records = _read_manifest(tar, pack)
        folders = {}
        for name in records:
            folders[name] = stack.enter_context(work_folder(cache, name)) / "unpacked"
            folders[name].mkdir()
        _extract(tar, records, folders, size, pack)
        ready = []
        for name, record in records.items():
            stored = stored_files(folders[name], name)
            _compare(pack, record, stored)
            if name in catalogue:
                check_known_contents(catalogue[name], folders[name], pack, accept_different)
            ready.append((name, _joined(pack, record, stored, catalogue.get(name), cache, accept_different)))
        for name, (joined, sentence) in ready:
            if joined is not None:
                install(cache, folders[name], joined)
            lines.append(sentence)
    return "\n".join(lines)


def _read_manifest(tar: tarfile.TarFile, pack: str) -> dict[str, Record]:
    member = tar.next()
    if member is None or member.name != _MANIFEST or not member.isreg() or member.size > _LARGEST_MANIFEST:
        raise InputError(f"{pack}: found no {_MANIFEST} in front, expected what sumh2 refs pack wrote; make it again")
    stream = tar.extractfile(member)
    try:
        content = json.loads(stream.read() if stream else b"")
        if content["format"] != _FORMAT or content["version"] != 1:
            raise ValueError("another format or version: update sumh2")
        records = {}
        for entry in content["references"]:
            files = tuple(StoredFile(**file, changed_ns=0) for file in entry["files"])
            entry = {key: value for key, value in entry.items() if key != "about"}
            record = Record(**{**entry, "files": files, "serves": dict(entry["serves"])})
            if not is_name(record.name) or record.name in records or not files:
                raise ValueError(f"a reference called {record.name!r}")
            if not all(isinstance(word, str) for word in (record.url, record.sha256, record.basis, record.kind)):
                raise ValueError(f"{record.name}: address, hash, basis or kind is no text")
            if any(type(file.bytes) is not int or file.bytes < 0 for file in files):
                raise ValueError(f"{record.name}: a size is no number")
            records[record.name] = record
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{pack}: found a manifest that is not right ({error}); make the pack again") from error
    return records


def _extract(
    tar: tarfile.TarFile, records: Mapping[str, Record], folders: Mapping[str, Path], size: int, pack: str
) -> None:
    expected = {f"{name}/{stored.path}": stored for name, record in records.items() for stored in record.files}
    writers = {name: Writer(folder, size, pack) for name, folder in folders.items()}
    for member in progress(tar, label=f"unpacking {pack}", unit="files", total=len(expected) + 1):
        if member.name == _MANIFEST:
            continue
        stored = expected.pop(member.name, None)
        if stored is None or not member.isreg() or member.size != stored.bytes:
            raise InputError(
                f"{pack}: member {member.name!r} is not as the manifest says; expected what sumh2 refs pack wrote; "
                "nothing of it was kept; make it again"
            )
        name, _, inside = member.name.partition("/")
        writers[name].declare(member.size)
        writers[name].write(inside, tar.extractfile(member), member.size)
    check_end(tar)
    if expected:
        raise InputError(
            f"{pack}: found no {first_of(expected)}, which the manifest names; the pack is cut: copy it again"
        )


def _compare(pack: str, record: Record, stored: Sequence[StoredFile]) -> None:
    found = {file.path: file.sha256 for file in stored}
    for file in record.files:
        if found.get(file.path) != file.sha256:
            raise InputError(
                f"{pack}: {record.name}/{file.path}: found SHA-256 {found.get(file.path)}, expected {file.sha256}, as "
                "the manifest says; nothing of it was kept; copy the pack again"
            )


def _joined(
    pack: str,
    record: Record,
    stored: tuple[StoredFile, ...],
    reference: Reference | None,
    cache: Path,
    accept_different: bool,
) -> tuple[Record | None, str]:
    """The record to write, None where the same is here already, and a sentence."""
    name, here = record.name, read_record(cache, record.name)
    state: State = state_of(cache, here)
    hashes = {(file.path, file.sha256) for file in stored}
    if state.status == "verified" and {(file.path, file.sha256) for file in here.files} == hashes:
        return None, f"{name}: was here already, {here.basis}"
    expected = reference.sha256 if reference is not None and reference.sha256 else here.trusted.get(record.url)
    differs = expected is not None and expected != record.sha256
    if not accept_different and (differs or state.status in ("verified", "changed")):
        known = reference is not None and reference.sha256
        than = (
            f"is in {cache}" if not differs else "the catalogue knows" if known else "came here first from its address"
        )
        raise InputError(
            f"{pack}: {name}: found another one than {than}; expected the same; nothing of the pack was kept; take it in "
            "its place with --accept-different"
        )
    basis = record.basis if record.basis.endswith("(from a pack)") else f"{record.basis} (from a pack)"
    trusted = {**here.trusted, **({record.url: record.sha256} if record.url else {})}
    whole = Record(name, record.url, record.sha256, record.bytes, basis, record.serves, stored, trusted, record.kind)
    return whole, f"{name}: {counted(len(stored), 'file')}, first from {record.url}, {basis}"
