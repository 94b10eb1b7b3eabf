"""A publisher on this machine: files with ETag and Range, breaks on demand, and a record as Zenodo has them."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Publisher:
    """What the server has and how it behaves; what it was asked."""

    base: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    #: Bytes after which the connection is cut, for one answer each; None does not cut.
    cuts: list[int | None] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    validators: bool = True
    lengths: bool = True
    records: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def etag(self, name: str) -> str:
        return f'"{hashlib.md5(self.files[name]).hexdigest()}"'

    def add_record(self, number: int, *names: str) -> None:
        """A record of some of the files, with their MD5 sums."""
        self.records[str(number)] = {
            "files": [
                {"key": name, "size": len(self.files[name]),
                 "checksum": f"md5:{hashlib.md5(self.files[name]).hexdigest()}"}
                for name in names
            ]
        }  # fmt: skip


@contextlib.contextmanager
def serving() -> Iterator[Publisher]:
    """A publisher on a free port of the loopback, until the block ends."""
    publisher = Publisher()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *words: object) -> None:
            pass

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            publisher.asked.append((path, self.headers.get("Range")))
            if path.startswith("/api/records/"):
                return self.answer_record(path.rpartition("/")[2])
            name = path.rpartition("/")[2]
            status = publisher.statuses.pop(0) if publisher.statuses else 200
            if name not in publisher.files or status != 200:
                return self.send(404 if status == 200 else status, b"no", {})
            return self.answer_file(name)

        def answer_record(self, number: str) -> None:
            found = publisher.records.get(number)
            self.send(404 if found is None else 200, json.dumps(found).encode(), {})

        def answer_file(self, name: str) -> None:
            content, etag = publisher.files[name], publisher.etag(name)
            headers = {"ETag": etag, "Accept-Ranges": "bytes"} if publisher.validators else {}
            wanted = self.headers.get("Range")
            if wanted and self.headers.get("If-Range", etag) == etag:
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
                if start >= len(content):
                    return self.send(416, b"", {"Content-Range": f"bytes */{len(content)}"})
                headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
                return self.send(206, content[start:], headers)
            return self.send(200, content, headers)

        def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            if publisher.lengths:
                self.send_header("Content-Length", str(len(body)))
            else:
                self.send_header("Connection", "close")
            self.end_headers()
            cut = publisher.cuts.pop(0) if publisher.cuts and status in (200, 206) else None
            self.wfile.write(body[:cut])
            if cut is not None:
                self.close_connection = True
                self.wfile.flush()
                self.connection.shutdown(2)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    publisher.base = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield publisher
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def tar_of(files: dict[str, bytes], mode: str = "w:gz", *more: tarfile.TarInfo) -> bytes:
    """An archive of these files, and of members that no honest one has."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for member in more:
            tar.addfile(member)
    return packed.getvalue()
