"""Brings a reference into the cache: asked, downloaded, checked, unpacked, checked again, put in its place."""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

from ldscores.shared.errors import InputError
from ldscores.shared.messages import counted, first_of
from ldscores.shared.provenance import hash_of_file
from sumh2.references.cache_files import (
    install,
    read_record,
    record_path,
    state_of,
    stored_files,
    verify_files,
    work_folder,
    write_record,
)
from sumh2.references.catalogue import Reference
from sumh2.references.content_files import check_contents
from sumh2.references.download_files import ResumingDownloader, Unavailable, find_in_record
from sumh2.references.record import Record
from sumh2.references.unpack_files import unpack_archive

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Candidate:
    """One address, and what is known of the archive there before it comes."""

    url: str
    checksum: str | None = None
    bytes: int | None = None


def get_reference(
    reference: Reference, cache: Path, mirror: str | None = None, accept_different: bool = False
) -> tuple[Record, str]:
    """Bring a reference into the cache, unless it is there and whole.

    Parameters
    ----------
    mirror
        An address, or a folder, below which the archives lie under the file names of the catalogue; asked alone.
    accept_different
        Take what differs from the first download, or from the content that the catalogue knows.

    Returns
    -------
    record, str
        What is known now, and a sentence for the user.

    Raises
    ------
    InputError
        Nothing came, or not what was expected; the cache is as it was, parts of a download excepted.
    """
    record = read_record(cache, reference.name)
    if state_of(cache, record).status == "verified":
        return record, f"{reference.name}: was here already, {record.basis}"
    with work_folder(cache, reference.name) as work:
        record = read_record(cache, reference.name)  # another process may have just brought it
        state = state_of(cache, record)
        if state.status == "changed":
            touched, problems = verify_files(cache, record)
            if not problems:
                write_record(cache, touched)
                return touched, f"{reference.name}: was here already, hashed again, {record.basis}"
        archive, url, basis = _fetch(reference, record, work, mirror, accept_different)
        size, digest = archive.stat().st_size, hash_of_file(archive)
        unpacked = work / "unpacked"
        unpacked.mkdir()
        try:
            unpack_archive(archive, unpacked, reference.at_most_bytes, _plain_name(reference, url))
            check_known_contents(reference, unpacked, url, accept_different)
        except InputError:
            archive.unlink(missing_ok=True)  # the same bytes would be refused again
            raise
        record = Record(
            reference.name,
            url,
            digest,
            size,
            basis,
            dict(reference.serves),
            stored_files(unpacked, reference.name),
            {**record.trusted, url: digest},
            reference.kind,
        )
        install(cache, unpacked, record)
        for left in work.glob("archive.*"):  # also what another address began
            left.unlink()
        return record, _sentence(reference, record)


def _sentence(reference: Reference, record: Record) -> str:
    known = f"; content as in {reference.contents_from}" if reference.contents else ""
    text = f"{record.name}: {counted(len(record.files), 'file')} from {record.url}, {record.basis}{known}"
    if record.basis.startswith("trusted"):
        text += (
            f"\n  SHA-256 {record.sha256}\n  nobody gave a checksum for this address: this first download is believed, "
            "and any later one that differs is refused; compare the value with a colleague's"
        )
    return text


def check_known_contents(reference: Reference, folder: Path, origin: str, accept_different: bool) -> None:
    """Refuse content that is not what the catalogue knows, or warn where it is accepted."""
    problems = check_contents(folder, reference.contents, reference.name)
    if not problems:
        return
    text = (
        f"{reference.name}: the content that came from {origin} differs from that of {reference.contents_from} in "
        f"{len(problems)} of {len(reference.contents)} places ({first_of(problems, 3)})"
    )
    if not accept_different:
        raise InputError(
            f"{text}; nothing of it was kept; use another source with --mirror, or take it nevertheless with "
            "--accept-different"
        )
    log.warning("%s; it was taken nevertheless", text)


# --- Addresses, one after the other ----------------------------------------------------------------------------------


def _fetch(
    reference: Reference, record: Record, work: Path, mirror: str | None, accept_different: bool
) -> tuple[Path, str, str]:
    """Archive, its address, and why it is believed."""
    failures = []
    for address, find in _addresses(reference, mirror):
        try:
            candidate = find()
            if candidate.bytes is not None and candidate.bytes > reference.at_most_bytes:
                raise Unavailable(f"{candidate.bytes:,} bytes, the catalogue allows {reference.at_most_bytes:,}")
            return _fetch_one(reference, record, work, candidate, accept_different)
        except Unavailable as error:
            failures.append(f"{address}: {error}")
            log.debug("%s", failures[-1])
    untried = "" if reference.tried or mirror else " (its addresses were never tried by the makers of this catalogue)"
    tried = "\n  ".join(failures)
    raise InputError(
        f"{reference.name}: could not be downloaded{untried}:\n  {tried}\n"
        "expected one of them to answer; what to do:\n"
        f"  no internet here: on a machine that has it, sumh2 refs get {reference.name} and sumh2 refs pack "
        f"{reference.name} --out {reference.name}.tar; carry the file here: sumh2 refs unpack {reference.name}.tar\n"
        f"  you have {reference.archive}, or your institute does: --mirror FOLDER or --mirror URL\n"
        f"  it has moved: look at {reference.page}; name the new address in a catalogue of your own, --catalogue FILE"
    )


def _addresses(reference: Reference, mirror: str | None) -> Iterator[tuple[str, Callable[[], Candidate]]]:
    if mirror is not None:
        url = f"{mirror.rstrip('/')}/{quote(reference.archive) if '://' in mirror else reference.archive}"
        yield url, lambda: Candidate(url)
        return
    for source in reference.sources:
        if source.url is not None:
            yield source.url, partial(Candidate, source.url)
        elif source.record is not None and source.file is not None:
            yield source.address, partial(_published, source.record, source.file)


def _published(record: str, file: str) -> Candidate:
    found = find_in_record(record, file)
    return Candidate(found.url, found.checksum, found.bytes)


def _fetch_one(
    reference: Reference, record: Record, work: Path, candidate: Candidate, accept_different: bool
) -> tuple[Path, str, str]:
    known, basis = _known_hash(reference, record, candidate, accept_different)
    archive = work / f"archive.{hashlib.sha256(candidate.url.encode()).hexdigest()[:12]}"
    if "://" in candidate.url:
        _download(reference, candidate.url, archive, known, record_path(work.parent.parent, reference.name))
    else:
        source = Path(candidate.url).expanduser()
        if not source.is_file():
            raise Unavailable("no such file")
        shutil.copyfile(source, archive)
    # pooch has compared one of them; a file of a mirror's folder, and the publisher's sum, are compared here.
    for expected in filter(None, {known, candidate.checksum}):
        _compare(reference, archive, candidate.url, expected)
    return archive, candidate.url, basis


def _known_hash(
    reference: Reference, record: Record, candidate: Candidate, accept_different: bool
) -> tuple[str | None, str]:
    """What the archive must be, and who says so: the catalogue, the first download, the publisher, or nobody."""
    if reference.sha256 is not None:
        return f"sha256:{reference.sha256}", "SHA-256 as in the catalogue"
    first = record.trusted.get(candidate.url)
    if first is not None and not accept_different:
        return f"sha256:{first}", "SHA-256 as at the first download"
    if candidate.checksum is not None:
        return candidate.checksum, f"{candidate.checksum.partition(':')[0].upper()} as the publisher says"
    return None, "trusted on first use"


def _download(reference: Reference, url: str, archive: Path, known: str | None, record: Path) -> None:
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")  # what it says at each step is said here, once
    part = archive.with_name(f"{archive.name}.part")
    downloader = ResumingDownloader(part, reference.archive, reference.at_most_bytes)
    try:
        pooch.retrieve(url, known, fname=archive.name, path=archive.parent, downloader=downloader)
    except requests.exceptions.RequestException as error:
        raise Unavailable(str(error)[:120]) from error
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise _mismatch(reference, url, str(known), _found_in(error), record) from error


def _found_in(error: ValueError) -> str:
    """pooch's message ends in the hash that it computed before it removed the file."""
    words = [word.strip(".") for word in str(error).split()]
    return next((word for word in reversed(words) if len(word) >= 32 and word.isalnum()), "another")


def _compare(reference: Reference, archive: Path, url: str, expected: str) -> None:
    algorithm, _, digits = expected.partition(":")
    if algorithm not in hashlib.algorithms_available:
        log.warning("%s: the publisher's checksum %s is of a kind not known here; not compared", url, expected)
        return
    with archive.open("rb") as stream:
        found = hashlib.file_digest(stream, algorithm).hexdigest()
    if found != digits.lower():
        archive.unlink()
        raise _mismatch(reference, url, expected, found, record_path(archive.parents[2], reference.name))


def _mismatch(reference: Reference, url: str, expected: str, found: str, record: Path) -> InputError:
    algorithm, _, digits = expected.partition(":")
    if digits == reference.sha256:
        who, remedy = "the catalogue", "if it stays so use another source with --mirror"
    elif algorithm == "sha256" and record.is_file():
        who = f"your first download ({record})"
        remedy = "if it stays so the file was changed: ask its publisher, and take it with --accept-different only then"
    else:
        who, remedy = "its publisher", "if it stays so use another source with --mirror"
    return InputError(
        f"{reference.name}: {url}: found {algorithm} {found}, expected {digits}, as {who} says; nothing of it was kept; "
        f"download it again; {remedy}"
    )


# --- Is it still what it was? ----------------------------------------------------------------------------------------


def verify_reference(reference: Reference | None, name: str, cache: Path) -> tuple[str, list[str]]:
    """Hash what lies in the cache, and compare its content with the catalogue's: a sentence, and what is wrong."""
    record = read_record(cache, name)
    if state_of(cache, record).status == "absent":
        return f"{name}: not in {cache}", ["not here"]
    touched, problems = verify_files(cache, record)
    contents: Mapping[str, str] = reference.contents if reference is not None else {}
    if not problems:
        problems = check_contents(cache / name, contents, name)
    if problems:
        return f"{name}: DAMAGED: {first_of(problems)}; get it again: sumh2 refs get {name}", problems
    if touched != record:
        try:
            write_record(cache, touched)
        except OSError:  # a cache that others fill and we only read
            log.info("%s: cannot be written to; the next verify hashes %s again", cache, name)
    also = f", {len(contents)} contents as in {reference.contents_from}" if contents and reference else ""
    return f"{name}: {len(record.files)} files as they were when they came ({record.basis}){also}", []


def verify_folder(reference: Reference, folder: Path) -> tuple[str, list[str]]:
    """Compare a folder that was not made here with the content that the catalogue knows."""
    if not reference.contents:
        raise InputError(
            f"{reference.name}: the catalogue knows nothing of its content; expected one that has contents"
        )
    if not folder.is_dir():
        raise InputError(f"--at {folder}: no such folder; expected the files of {reference.name}")
    problems = check_contents(folder, reference.contents, reference.name)
    if problems:
        return f"{folder}: NOT {reference.name}: {first_of(problems)}", problems
    return f"{folder}: is {reference.name}: {len(reference.contents)} contents as in {reference.contents_from}", []


def _plain_name(reference: Reference, url: str) -> str:
    """The file name that the archive had where it came from, if it is a sound one: its ending says what it must be."""
    from urllib.parse import unquote, urlsplit

    name = Path(unquote(urlsplit(url).path)).name if "://" in url else reference.archive
    return name if name and not name.startswith(".") and name.isprintable() else reference.archive
