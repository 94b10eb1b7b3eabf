"""Downloads that go on where they stopped, for pooch, and what a publisher says of its files."""

from __future__ import annotations

import contextlib
import fnmatch
import json
import logging
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ldscores import __version__
from ldscores.shared.errors import InputError
from ldscores.shared.messages import first_of
from ldscores.shared.outputs import written_whole
from ldscores.shared.progress import progress

log = logging.getLogger(__name__)

_MIB = 1 << 20
_TIMEOUT = (20.0, 60.0)  # seconds to connect, and between two pieces
_HEADERS = {"User-Agent": f"sumh2/{__version__}", "Accept-Encoding": "identity"}
#: Tries in one call; every one that follows goes on where the last stopped.
_ATTEMPTS = 4
#: Before the second try, and twice as long before each further one; the tests wait less.
WAIT_SECONDS = 1.0
#: The server is busy or restarting: worth another try.
_PASSING = (429, 500, 502, 503, 504)


class Unavailable(Exception):
    """An address that gave nothing; another one may."""


class _Unreachable(Unavailable):
    """Nobody answered."""


class _Broken(Exception):
    """A download that stopped on its way; it can go on."""


class ResumingDownloader:
    """A downloader for pooch that continues a part left by an earlier try, with Range and If-Range.

    pooch's own starts again from nothing.  The part lies at `part` with a note of what it is part of beside it; it is
    continued only if the server says that its file is still the same (ETag or Last-Modified), else it starts again.

    Parameters
    ----------
    part
        Where the part lies until it is whole.
    label
        What progress lines call it.
    at_most
        Bytes after which the download is given up.
    """

    def __init__(self, part: Path, label: str, at_most: int) -> None:
        self.part, self.label, self.at_most = part, label, at_most
        self._note = part.with_name(part.name + ".json")

    def __call__(self, url: str, output_file: str | Path, pooch: object, check_only: bool = False) -> None:
        """Bring `url` to `output_file`.

        Raises
        ------
        Unavailable
            The address gives nothing, or broke off again and again; the part is kept.
        InputError
            The server sends more than `at_most` bytes.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._continue(url)
                break
            except (_Broken, _Unreachable) as error:
                kept = self._size()
                if attempt == _ATTEMPTS or (isinstance(error, _Unreachable) and not kept):
                    said = f"; {kept:,} bytes are kept, the same command goes on from there" if kept else ""
                    raise Unavailable(f"{error}{said}") from error
                log.warning("%s: %s after %s bytes; going on", self.label, error, f"{kept:,}")
                time.sleep(WAIT_SECONDS * 2 ** (attempt - 1))
        os.replace(self.part, output_file)
        self._note.unlink(missing_ok=True)

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _validator(self, url: str) -> str | None:
        """What the server called the file of which we have a part; None if it can only start again."""
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return note.get("validator") if note.get("url") == url else None

    def _drop(self) -> None:
        self.part.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def _continue(self, url: str) -> None:
        import urllib3

        validator = self._validator(url)
        if validator is None:
            self._drop()
        offset = self._size()
        headers = {} if validator is None or not offset else {"Range": f"bytes={offset}-", "If-Range": validator}
        with answer_of(url, headers) as response:
            if response.status_code == 416:
                if response.headers.get("Content-Range") == f"bytes */{offset}":
                    return  # it was whole already
                self._drop()
                raise _Broken("the file on the server has changed")
            _check_status(response)
            if response.status_code == 206:
                told = response.headers.get("Content-Range", "")
                if not told.startswith(f"bytes {offset}-"):
                    self._drop()
                    raise _Broken(f"the server sent {told or 'another part'}, not the rest")
            else:
                offset = 0
                self._write_note(url, response.headers)
            length = response.headers.get("Content-Length", "")
            total = offset + int(length) if length.isdecimal() else None
            if total is not None and total > self.at_most:
                raise self._too_large(total)
            try:
                self._receive(response, offset, total)
            except (urllib3.exceptions.HTTPError, ConnectionError, TimeoutError) as error:
                raise _Broken(f"the connection broke ({_short(error)})") from error
        if total is not None and self._size() != total:
            raise _Broken(f"the connection ended at {self._size():,} of {total:,} bytes")

    def _receive(self, response: Any, offset: int, total: int | None) -> None:
        # The bytes as they are sent: a server that calls a .gz "encoded" must not make us decompress it.
        pieces = response.raw.stream(_MIB, decode_content=False)
        count = None if total is None else -(-(total - offset) // _MIB)
        with self.part.open("ab" if offset else "wb") as target:
            for piece in progress(pieces, label=f"downloading {self.label}", unit="MiB", total=count):
                if target.tell() + len(piece) > self.at_most:
                    raise self._too_large(target.tell() + len(piece))
                target.write(piece)

    def _write_note(self, url: str, headers: Any) -> None:
        etag = headers.get("ETag", "")
        # A weak ETag does not promise the same bytes, and a server must not accept it here.
        validator = etag if etag and not etag.startswith("W/") else headers.get("Last-Modified")
        self._drop()
        if validator:
            with written_whole(self._note) as path:
                path.write_text(json.dumps({"url": url, "validator": validator}), encoding="utf-8")

    def _too_large(self, found: int) -> InputError:
        self._drop()
        return InputError(
            f"{self.label}: found {found:,} bytes or more, the catalogue allows {self.at_most:,}; it is not what it "
            "should be; nothing of it was kept"
        )


@contextlib.contextmanager
def answer_of(url: str, headers: dict[str, str] | None = None) -> Any:
    """The server's answer with its body unread.

    Raises
    ------
    Unavailable
        Nobody answers at that address, or it leads from https to http.
    """
    import requests

    try:
        response = requests.get(url, headers={**_HEADERS, **(headers or {})}, stream=True, timeout=_TIMEOUT)
    except requests.exceptions.RequestException as error:
        raise _Unreachable(_short(error)) from error
    with response:
        if url.startswith("https:") and not response.url.startswith("https:"):
            raise Unavailable(f"it leads to {response.url}, which is not encrypted")
        yield response


def _check_status(response: Any) -> None:
    if response.status_code in _PASSING:
        raise _Broken(f"the server said {response.status_code} {response.reason}")
    if response.status_code not in (200, 206):
        raise Unavailable(f"the server said {response.status_code} {response.reason}")


def _short(error: BaseException) -> str:
    """The heart of what requests and urllib3 wrap several times."""
    text = str(error)
    for mark, plain in (
        ("NameResolutionError", "the host's name is not known here: no internet?"),
        ("getaddrinfo", "the host's name is not known here: no internet?"),
        ("Connection refused", "connection refused"),
        ("Network is unreachable", "the network cannot be reached"),
        ("CERTIFICATE", "its certificate is not accepted"),
        ("Tunnel connection failed", "the proxy refuses it"),
        ("timed out", "no answer in time"),
        ("IncompleteRead", "it ended too early"),
    ):
        if mark in text or mark in repr(error):
            return plain
    return text[:120] or type(error).__name__


# --- What a publisher says -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Published:
    """A file of a record: address, size, and the checksum as ``algorithm:digits``."""

    url: str
    bytes: int | None
    checksum: str | None


def find_in_record(record: str, pattern: str) -> Published:
    """Ask a record (Zenodo's and other InvenioRDM archives' interface) for one of its files.

    Raises
    ------
    Unavailable
        No answer, or none or several of its files are called so.
    """
    base, _, number = record.rpartition("/")
    base = re.sub(r"/records?$", "", base)
    with answer_of(f"{base}/api/records/{number}") as response:
        if response.status_code != 200:
            raise Unavailable(f"the server said {response.status_code} {response.reason}")
        try:
            entries = json.loads(response.raw.read(8 * _MIB, decode_content=True))["files"]
            files = {entry.get("key") or entry["filename"]: entry for entry in entries}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unavailable("the record's answer could not be read") from error
    found = [name for name in sorted(files) if fnmatch.fnmatchcase(name, pattern)]
    if len(found) != 1:
        raise Unavailable(
            f"the record has {len(found)} files called {pattern}{': ' + first_of(found) if found else ''}; "
            f"its files: {first_of(sorted(files), 30)}"
        )
    entry = files[found[0]]
    checksum = str(entry.get("checksum") or "") or None
    if checksum is not None and ":" not in checksum:
        checksum = f"md5:{checksum}"
    size = entry.get("size", entry.get("filesize"))
    return Published(f"{base}/records/{number}/files/{found[0]}?download=1", size, checksum)
