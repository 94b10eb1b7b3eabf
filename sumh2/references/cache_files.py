"""Where references lie, and whether they are whole.

A cache is a folder: ``NAME/`` holds what was unpacked, ``.records/NAME.json`` what is known of it, ``.work/NAME/`` what
is on its way.  ``NAME/`` comes into being by one renaming, when everything in it has been checked.  The record is also
the lock file of trust on first use: by address, the SHA-256 of the archive that came from there; it stays when the data
are removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from ldscores.shared.errors import InputError
from ldscores.shared.locks import locked_folder
from ldscores.shared.outputs import written_whole
from ldscores.shared.progress import progress
from ldscores.shared.provenance import hash_of_file
from sumh2.references.catalogue import TAKEN_BY, Reference, unknown_name
from sumh2.references.catalogue_files import read_catalogue
from sumh2.references.content_files import files_below
from sumh2.references.record import Record, State, StoredFile

#: Names the cache where --folder does not.
ENVIRONMENT = "SUMH2_REFS"
_FORMAT = "sumh2 reference record"
_CHROMOSOME = r"(?:chr)?(?:\d{1,2}|X|Y|XY|MT?)"


def cache_folder(chosen: str | None = None) -> Path:
    """The folder named, or that of SUMH2_REFS, or the user's own place for caches."""
    if chosen or os.environ.get(ENVIRONMENT):
        return Path(chosen or os.environ[ENVIRONMENT]).expanduser()
    import pooch

    return Path(pooch.os_cache("sumh2")) / "refs"


def record_path(cache: Path, name: str) -> Path:
    """Where the record of a reference lies."""
    return cache / ".records" / f"{name}.json"


def read_record(cache: Path, name: str) -> Record:
    """What is known; an empty record of something never heard of.

    Raises
    ------
    InputError
        The record is damaged.
    """
    path = record_path(cache, name)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != _FORMAT or content.pop("version") != 1:
            raise ValueError("another format or version")
        return Record(**{**content, "files": tuple(StoredFile(**item) for item in content["files"])})
    except FileNotFoundError:
        return Record(name)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: found a damaged record ({error}), expected what sumh2 wrote; remove it and get {name} again"
        ) from error


def write_record(cache: Path, record: Record) -> None:
    """Write the record of a reference, whole or not at all."""
    path = record_path(cache, record.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as partial:
        partial.write_text(json.dumps({"format": _FORMAT, "version": 1, **asdict(record)}, indent=1), encoding="utf-8")


def names_here(cache: Path) -> list[str]:
    """References of which something was once complete here, sorted."""
    names = sorted(path.stem for path in (cache / ".records").glob("*.json") if not path.name.startswith("."))
    return [name for name in names if read_record(cache, name).files]


def state_of(cache: Path, record: Record) -> State:
    """What a look at sizes and times tells, without reading the files."""
    folder = cache / record.name
    if not record.files or not folder.is_dir():
        return State("absent")
    changed = []
    for stored in record.files:
        path = folder / stored.path
        if not path.is_file():
            return State("damaged", f"{stored.path} is missing")
        found = path.stat()
        if found.st_size != stored.bytes:
            return State("damaged", f"{stored.path} has {found.st_size:,} bytes, had {stored.bytes:,}")
        if found.st_mtime_ns != stored.changed_ns:
            changed.append(stored.path)
    return State("changed", f"{changed[0]} was touched since it was hashed") if changed else State("verified")


def stored_files(folder: Path, name: str) -> tuple[StoredFile, ...]:
    """Every file below a folder, hashed."""
    stored = []
    for path in progress(files_below(folder), label=f"hashing {name}", unit="files"):
        state = path.stat()
        where = path.relative_to(folder).as_posix()
        stored.append(StoredFile(where, state.st_size, hash_of_file(path), state.st_mtime_ns))
    return tuple(stored)


def verify_files(cache: Path, record: Record) -> tuple[Record, list[str]]:
    """Hash every file again: the record with new times, and what is wrong, a sentence each."""
    problems, files = [], []
    for stored in progress(record.files, label=f"hashing {record.name}", unit="files"):
        path = cache / record.name / stored.path
        if not path.is_file():
            problems.append(f"{stored.path}: is missing")
        elif (found := hash_of_file(path)) != stored.sha256:
            problems.append(f"{stored.path}: found SHA-256 {found[:12]}..., expected {stored.sha256[:12]}...")
        else:
            stored = replace(stored, changed_ns=path.stat().st_mtime_ns)
        files.append(stored)
    return replace(record, files=tuple(files)), problems


@contextlib.contextmanager
def work_folder(cache: Path, name: str) -> Iterator[Path]:
    """The folder in which one process at a time prepares a reference; parts of a download stay in it, nothing else."""
    (cache / ".work").mkdir(parents=True, exist_ok=True)
    folder = cache / ".work" / name
    with locked_folder(folder, f"wait until it has ended: {name} is then here"):
        _remove_unpacked(folder)
        try:
            yield folder
        finally:
            _remove_unpacked(folder)


def _remove_unpacked(work: Path) -> None:
    for name in ("unpacked", "old"):
        shutil.rmtree(work / name, ignore_errors=True)


def install(cache: Path, unpacked: Path, record: Record) -> None:
    """Put a folder that was checked in its place, by one renaming, and write its record."""
    place = cache / record.name
    if place.exists():
        os.replace(place, unpacked.with_name("old"))
    os.replace(unpacked, place)
    write_record(cache, record)


# --- Finding what was got --------------------------------------------------------------------------------------------


def resolve_references(names: str, flag: str) -> str:
    """A flag's files, with every ``refs:NAME`` as the place where `sumh2 refs get NAME` has put it.

    Parameters
    ----------
    names
        The flag's value; names with commas between.  A word may have a name of its own before it, ``eur=refs:NAME``.
    flag
        One of `TAKEN_BY`, which kinds of references it takes.

    Raises
    ------
    InputError
        A reference is not here, not whole, or of another kind.
    """
    words = []
    for word in names.split(","):
        before, mark, asked = word.strip().rpartition("refs:")
        is_asked = mark and (not before or before.endswith("="))
        words.append(before + reference_path(asked, flag=flag) if is_asked else word.strip())
    return ",".join(words)


def reference_path(asked: str, folder: str | None = None, flag: str | None = None) -> str:
    """What ``--ld`` and its like are given for a reference: a prefix, a file or a folder.

    Parameters
    ----------
    asked
        ``NAME``, or ``NAME/PART`` where a reference has several parts, as ancestries.
    folder
        The cache, where it is not the usual one.
    flag
        Of the command line, one of `TAKEN_BY`: the kind of the reference must be one that it takes.

    Raises
    ------
    InputError
        It is not here, not whole, has no such part, or is of another kind; the message says how to get it, or which
        flag takes it.
    """
    name, _, part = asked.partition("/")
    cache = cache_folder(folder)
    record = read_record(cache, name) if name else Record(name)
    if flag is not None:
        _check_kind(asked, record, flag)
    state = state_of(cache, record)
    if state.status == "absent":
        catalogue: dict[str, Reference] = read_catalogue()
        if name not in catalogue and not record.trusted:
            raise InputError(unknown_name(name, catalogue))
        raise InputError(
            f"refs:{asked}: {name} is not in {cache}; get it once with: sumh2 refs get {name}; without internet: "
            f"sumh2 refs pack {name} --out {name}.tar on a machine that has it, then sumh2 refs unpack {name}.tar here"
        )
    if state.status == "damaged":
        raise InputError(f"refs:{asked}: found it damaged ({state.why}); get it again with: sumh2 refs get {name}")
    return served_path(cache / name, record.serves, asked)


def _check_kind(asked: str, record: Record, flag: str) -> None:
    """Refuse weights where LD scores are wanted, and the like; a kind that nobody knows is left to the reader."""
    kind = record.kind
    if not kind and (known := read_catalogue().get(record.name)) is not None:
        kind = known.kind
    wanted = TAKEN_BY[flag]
    if not kind or kind in wanted:
        return
    others = [other for other, kinds in TAKEN_BY.items() if kind in kinds]
    remedy = f"it goes with {', '.join(others)}" if others else "sumh2 refs list shows what there is"
    raise InputError(f"{flag} refs:{asked}: found {kind}, expected {' or '.join(wanted)}; {remedy}")


def served_path(folder: Path, serves: dict[str, str], asked: str) -> str:
    """Where the files of a part lie, whatever folders the archive put around them."""
    _, _, part = asked.partition("/")
    if part not in serves:
        parts = ", ".join(filter(None, serves))
        if not part and not serves:
            return f"{folder}{os.sep}"
        raise InputError(f"refs:{asked}: found no part {part!r}; expected one of {parts or 'none'}")
    pattern = serves[part]
    before, each, after = pattern.partition("@")
    name = re.compile(re.escape(before) + (_CHROMOSOME + re.escape(after) + r"\." if each else ""))
    files = [path for path in files_below(folder) if name.match(path.name)]
    if len(files) == 1 and not each:
        return str(files[0])
    folders = {path.parent for path in files}
    if len(folders) != 1:
        raise InputError(
            f"refs:{asked}: found files called {pattern} in {len(folders)} folders below {folder}, expected one; name "
            "the files themselves"
        )
    return f"{folders.pop()}{os.sep}{pattern}"
