"""Unpacks archives of strangers: into an empty folder, nothing outside it, no links, no more than was declared."""

from __future__ import annotations

import contextlib
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from ldscores.shared.errors import InputError
from ldscores.shared.progress import progress
from ldscores.shared.streams import open_stream, reading

_MIB = 1 << 20
#: Far above any reference, and a bound on what a hostile archive makes the file system do.
MOST_FILES = 100_000
#: tarfile reads a member's long name or extended header in one piece: no honest one is larger.
_LARGEST_READ = 16 * _MIB
_JUNK = ("__MACOSX",)


def unpack_archive(archive: Path, folder: Path, at_most: int, name: str) -> None:
    """Unpack tar (plain, gzip, bzip2, xz, zstd) or zip; any other file is moved as it is, under `name`.

    Parameters
    ----------
    archive
        Told by its content, not by its name.
    folder
        Empty.
    at_most
        Bytes that the content may have.
    name
        File name for what is no archive; one that ends as archives do must be one.

    Raises
    ------
    InputError
        A member with an absolute path or "..", a link, a device, a name that comes twice; more bytes than allowed;
        damage.  What was unpacked by then is the caller's to remove.
    """
    with archive.open("rb") as stream:
        first = stream.read(512).lstrip().lower()
    if first.startswith((b"<!doctype html", b"<html", b"<?xml")):
        raise InputError(f"{name}: found a web page, expected data; the address leads elsewhere, or a login is needed")
    if zipfile.is_zipfile(archive):
        _unpack_zip(archive, folder, at_most, name)
    elif is_tar(archive):
        _unpack_tar(archive, folder, at_most, name)
    elif name.endswith((".tar", ".tgz", ".tbz2", ".zip", ".tar.gz", ".tar.bz2", ".tar.xz")):
        raise InputError(f"{name}: found no tar or zip archive, expected one; the file is damaged or another one")
    else:
        shutil.move(archive, folder / name)


def is_tar(path: Path) -> bool:
    """Whether a file is a tar archive, compressed or not."""
    try:
        with opened_tar(path, _LARGEST_READ, path.name):
            return True
    except InputError:
        return False


class _Bounded:
    """A decompressed stream that ends in an error when more comes out of it than was declared."""

    def __init__(self, stream: IO[bytes], at_most: int, name: str) -> None:
        self._stream, self._at_most, self._name = stream, at_most, name
        self._last = b""

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LARGEST_READ:
            raise _too_large(self._name, _LARGEST_READ, "in one header")
        self._last = self._stream.read(size)
        self._check(self._stream.tell())
        return self._last

    def check_end(self) -> None:
        """After the last member: tarfile takes a cut for the end, and never looks at the checksum that follows it."""
        if not self._last:  # the end is a block of zeros, which was read
            raise InputError(f"{self._name}: found no end of the archive, it is cut; download or copy it again")
        while self.read(_MIB):
            pass

    def seek(self, place: int, whence: int = 0) -> int:
        if whence == 0:
            self._check(place)
        return self._stream.seek(place, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def _check(self, place: int) -> None:
        # Beyond the content: a header of 512 bytes or a few for each member, and the end.
        if place > self._at_most + self._at_most // 8 + _LARGEST_READ:
            raise _too_large(self._name, self._at_most)


def _too_large(name: str, at_most: int, where: str = "in the catalogue") -> InputError:
    return InputError(
        f"{name}: found more than {at_most:,} bytes in it, the most that is allowed {where}; it is not what it should "
        "be; nothing of it was kept"
    )


@contextlib.contextmanager
def opened_tar(archive: Path, at_most: int, name: str) -> Iterator[tarfile.TarFile]:
    """A tar archive whose reading is bounded; InputError for what is none, or is damaged."""
    try:
        with (
            reading(archive),
            open_stream(archive) as stream,
            tarfile.open(fileobj=_Bounded(stream, at_most, name), mode="r:") as tar,  # type: ignore[call-overload]
        ):
            yield tar
    except tarfile.TarError as error:
        raise InputError(f"{name}: found a damaged or cut archive ({error}); download or copy it again") from error


def _unpack_tar(archive: Path, folder: Path, at_most: int, name: str) -> None:
    with opened_tar(archive, at_most, name) as tar:
        writer = Writer(folder, at_most, name)
        for member in progress(tar, label=f"unpacking {name}", unit="files"):
            if not member.isreg() and not member.isdir():
                kind = "a link" if member.islnk() or member.issym() else "a device or another special file"
                raise _unsafe(name, member.name, kind)
            try:
                tarfile.data_filter(member, str(folder))  # a second pair of eyes beside the checks of ours
            except tarfile.FilterError as error:
                raise _unsafe(name, member.name, str(error)) from error
            writer.declare(member.size)
            if member.isreg():
                writer.write(member.name, tar.extractfile(member), member.size)
            else:
                writer.path_of(member.name)
        check_end(tar)


def check_end(tar: tarfile.TarFile) -> None:
    """See that the archive goes on to its end, and that its checksum is right."""
    tar.fileobj.check_end()  # type: ignore[attr-defined]


def _unpack_zip(archive: Path, folder: Path, at_most: int, name: str) -> None:
    try:
        with zipfile.ZipFile(archive) as packed:
            writer = Writer(folder, at_most, name)
            for member in progress(packed.infolist(), label=f"unpacking {name}", unit="files"):
                mode = member.external_attr >> 16
                if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                    raise _unsafe(name, member.filename, "a link or a special file")
                if member.flag_bits & 1:
                    raise _unsafe(name, member.filename, "encrypted")
                writer.declare(member.file_size)
                if member.is_dir():
                    writer.path_of(member.filename)
                else:
                    with packed.open(member) as source:
                        writer.write(member.filename, source, member.file_size)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise InputError(f"{name}: found a damaged or cut archive ({error}); download or copy it again") from error


class Writer:
    """Writes members below a folder and counts what they say and what they are."""

    def __init__(self, folder: Path, at_most: int, archive: str) -> None:
        self._folder, self._at_most, self._archive = folder, at_most, archive
        self._declared = self._members = 0

    def declare(self, size: int) -> None:
        """Before a byte is written: what a member says of itself."""
        self._members += 1
        self._declared += size
        if self._declared > self._at_most:
            raise _too_large(self._archive, self._at_most)
        if self._members > MOST_FILES:
            raise InputError(f"{self._archive}: found more than {MOST_FILES:,} files in it; nothing of it was kept")

    def path_of(self, member: str) -> Path | None:
        """Where a member goes; None for what a Mac leaves in archives."""
        path = PurePosixPath(member)
        windows = "\\" in member or ":" in member
        if path.is_absolute() or ".." in path.parts or windows or not member.isprintable():
            raise _unsafe(self._archive, member, "a path that leads out of the folder")
        if any(part in _JUNK or part.startswith("._") or part == ".DS_Store" for part in path.parts):
            return None
        return self._folder.joinpath(*path.parts)

    def write(self, member: str, source: object, size: int) -> None:
        """Copy one member, and see that it is as large as it says."""
        path = self.path_of(member)
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            target = path.open("xb")
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            raise _unsafe(self._archive, member, "a name that comes twice") from None
        with target:
            written = 0
            while piece := source.read(_MIB):  # type: ignore[attr-defined]
                written += len(piece)
                if written > size:
                    raise _too_large(self._archive, size, "by its own declaration")
                target.write(piece)
        if written != size:
            raise InputError(
                f"{self._archive}: {member}: found {written:,} bytes, expected {size:,}; the archive is cut: "
                "download or copy it again"
            )


def _unsafe(archive: str, member: str, what: str) -> InputError:
    return InputError(
        f"{archive}: member {member!r} is {what}; expected plain files and folders; the archive is refused and nothing "
        "of it was kept"
    )
