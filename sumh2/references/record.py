"""What is known of a reference in the cache: where it came from, its files, why it is believed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class StoredFile:
    """A file as it lay when it was last hashed; `changed_ns` tells cheaply that nobody touched it since."""

    path: str
    bytes: int
    sha256: str
    changed_ns: int


@dataclass(frozen=True)
class Record:
    """What is known of a reference in the cache.

    Parameters
    ----------
    name
        Of the catalogue.
    url, sha256, bytes
        Of the archive that it came from.
    basis
        Why the archive was believed.
    serves
        As in `Reference`.
    files
        What lies in the folder; empty if it was never complete.
    trusted
        By address, the archive's SHA-256 when it first came from there.
    kind
        As in `Reference`; empty in records of older versions.
    """

    name: str
    url: str = ""
    sha256: str = ""
    bytes: int = 0
    basis: str = ""
    serves: dict[str, str] = field(default_factory=dict)
    files: tuple[StoredFile, ...] = ()
    trusted: dict[str, str] = field(default_factory=dict)
    kind: str = ""


@dataclass(frozen=True)
class State:
    """Whether a reference is there: ``absent``, ``verified`` (since it was hashed nothing changed), ``changed``
    (same sizes, other times: hash it again) or ``damaged``."""

    status: Literal["absent", "verified", "changed", "damaged"]
    why: str = ""
