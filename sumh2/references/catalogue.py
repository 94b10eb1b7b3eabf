"""What a catalogue of reference data says, checked entry by entry."""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ldscores.shared.errors import InputError
from ldscores.shared.messages import first_of

FORMAT = "sumh2 references"
VERSION = 1

#: hg19 and hg38 are positions; data that name SNPs by rsID alone belong to any build.
BUILDS = ("hg19", "hg38", "any")
KINDS = (
    "LD scores",
    "weights",
    "baseline annotations",
    "frequencies",
    "genotypes",
    "SNP list",
    "tagging",
    "annotations",
)

#: What flags take, the kinds that hold it; LD scores of baseline annotations lie beside them.
TAKEN_BY = {
    "--ld": ("LD scores", "tagging", "baseline annotations"),
    "--w-ld": ("weights", "LD scores"),
    "--annotations": ("LD scores", "tagging", "baseline annotations"),
    "--annot": ("baseline annotations", "annotations"),
    "--annotation-prefix": ("annotations",),
    "--frq": ("frequencies",),
    "--reference": ("frequencies", "genotypes", "SNP list"),
    "--panels": ("frequencies", "genotypes", "SNP list", "LD scores", "tagging"),
    "--bfile": ("genotypes",),
    "--merge-alleles": ("SNP list",),
    "--extract": ("SNP list",),
    "--exclude": ("SNP list",),
}

#: A name is also a folder in the cache: no separators, nothing hidden, nothing that a shell would expand.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
_FILE = re.compile(r"[A-Za-z0-9._@*?\[\]-]+", re.ASCII)
_URL = re.compile(r"https?://[^\s/?#]+(/[^\s]*)?", re.ASCII)
_RECORD = re.compile(r"https?://[^\s/]+/records?/\w+", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Source:
    """Where the archive of a reference is published: an address, or a file of a record.

    Parameters
    ----------
    url
        The archive itself.
    record
        Page of a record in an InvenioRDM archive such as Zenodo, ``https://zenodo.org/records/NUMBER``.  It is asked for
        its files, their sizes and MD5 sums.
    file
        Which file of the record; ``*`` and ``?`` as in a shell.
    """

    url: str | None = None
    record: str | None = None
    file: str | None = None

    @property
    def address(self) -> str:
        """How messages call it."""
        return self.url or f"{self.record} ({self.file})"


@dataclass(frozen=True)
class Reference:
    """One entry of a catalogue.

    Parameters
    ----------
    name
        What commands call it.
    what
        One line for the list.
    kind
        One of `KINDS`.
    ancestry
        EUR, EAS, ..., several with "/"; "any" where there is none.
    build
        One of `BUILDS`.
    licence, citation
        As the publisher states them.
    page
        Where people read about it.
    archive
        File name under which a mirror has it.
    sources
        Tried one after the other.
    at_most_gb
        No archive, and no unpacked content, is larger: what goes on longer is a fault or an attack.
    serves
        What ``--ld`` and the like are given, by part: the beginning of the names of files, ``@`` for the chromosome; ""
        is the part that needs no name.
    sha256, bytes
        Of the archive; None where nobody has seen it.
    contents
        SHA-256 of what is inside, by name (see `content_files`): holds for any archive of the same data.
    contents_from
        Where the copy lay of which `contents` were taken.
    tried
        Day on which the address was last seen to work; None if never.
    """

    name: str
    what: str
    kind: str
    ancestry: str
    build: str
    licence: str
    citation: str
    page: str
    archive: str
    sources: tuple[Source, ...]
    at_most_gb: float
    serves: Mapping[str, str]
    sha256: str | None = None
    bytes: int | None = None
    contents: Mapping[str, str] = field(default_factory=lambda: types.MappingProxyType({}))
    contents_from: str | None = None
    tried: str | None = None

    @property
    def at_most_bytes(self) -> int:
        """`at_most_gb` in bytes."""
        return int(self.at_most_gb * 1e9)


_TEXTS = ("name", "what", "kind", "ancestry", "build", "licence", "citation", "page", "archive")
_REQUIRED = (*_TEXTS, "sources", "at_most_gb", "serves")


def parse_catalogue(content: Any, where: str) -> dict[str, Reference]:
    """Entries by name.

    Parameters
    ----------
    content
        What the JSON holds: ``{"format": "sumh2 references", "version": 1, "references": [{...}, ...]}``.
    where
        File name for messages.

    Raises
    ------
    InputError
        Naming the first entry that is not right, and what it should be.
    """
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f'{where}: found no catalogue; expected JSON with "format": "{FORMAT}"; see sumh2 refs --help')
    if content.get("version") != VERSION:
        raise InputError(f"{where}: found version {content.get('version')}, expected {VERSION}; update sumh2")
    entries = content.get("references")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f'{where}: found no list "references"; expected one entry for each; add it')
    references: dict[str, Reference] = {}
    for number, entry in enumerate(entries, 1):
        reference = _parse_entry(entry, f"{where}: reference {number} ({entry.get('name')})")
        if reference.name in references:
            raise InputError(f"{where}: found {reference.name} twice, expected each name once; rename one")
        references[reference.name] = reference
    return references


def _parse_entry(entry: dict[str, Any], where: str) -> Reference:
    known = {item.name for item in fields(Reference)}
    if unknown := sorted(set(entry) - known):
        raise InputError(f"{where}: found unknown keys {first_of(unknown)}; expected {first_of(sorted(known), 20)}")
    if missing := [key for key in _REQUIRED if key not in entry]:
        raise InputError(f"{where}: found no {first_of(missing)}; expected every entry to state it; add it")
    checks = {
        **{key: isinstance(entry[key], str) and bool(entry[key].strip()) for key in _TEXTS},
        "name": is_name(entry["name"]),
        "kind": entry["kind"] in KINDS,
        "build": entry["build"] in BUILDS,
        "page": bool(_URL.fullmatch(str(entry["page"]))),
        "archive": bool(_NAME.fullmatch(str(entry["archive"]))),
        "at_most_gb": isinstance(entry["at_most_gb"], int | float) and entry["at_most_gb"] > 0,
        "serves": _is_texts(entry["serves"]) and all("/" not in prefix for prefix in entry["serves"].values()),
        "sha256": entry.get("sha256") is None or bool(_SHA256.fullmatch(str(entry["sha256"]))),
        "bytes": entry.get("bytes") is None or (isinstance(entry["bytes"], int) and entry["bytes"] > 0),
        "contents": _is_texts(entry.get("contents", {}))
        and all(_SHA256.fullmatch(value) for value in entry.get("contents", {}).values()),
        "contents_from": isinstance(entry.get("contents_from", "" if not entry.get("contents") else None), str | None)
        and bool(entry.get("contents_from")) == bool(entry.get("contents")),
        "tried": entry.get("tried") is None or bool(_DATE.fullmatch(str(entry["tried"]))),
    }
    for key, right in checks.items():
        if not right:
            raise InputError(f"{where}: {key}: found {entry.get(key)!r}; {_EXPECTED.get(key, 'expected a text')}")
    return Reference(
        **{
            **entry,
            "sources": _parse_sources(entry["sources"], where),
            "serves": types.MappingProxyType(dict(entry["serves"])),
            "contents": types.MappingProxyType(dict(entry.get("contents", {}))),
        }
    )


_EXPECTED = {
    "name": "expected letters, digits, '.', '_' and '-', a letter or digit first",
    "kind": f"expected one of {', '.join(KINDS)}",
    "build": f"expected one of {', '.join(BUILDS)}",
    "page": "expected an address, https://...",
    "archive": "expected a file name without folders",
    "at_most_gb": "expected a number of gigabytes",
    "serves": 'expected {"": "beginning of file names, @ for the chromosome"} or one by part',
    "sha256": "expected 64 hexadecimal digits in small letters, or null where nobody has seen the file",
    "bytes": "expected a whole number, or null",
    "contents": "expected SHA-256 by file name",
    "contents_from": "expected where the copy lay of which contents were taken, and contents",
    "tried": "expected a day, YYYY-MM-DD, or null",
}


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _parse_sources(entries: Any, where: str) -> tuple[Source, ...]:
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{where}: sources: found {entries!r}; expected one or more addresses")
    return tuple(_parse_source(entry, where) for entry in entries)


def _parse_source(entry: Any, where: str) -> Source:
    if isinstance(entry, dict) and all(isinstance(value, str) for value in entry.values()):
        if set(entry) == {"url"} and _URL.fullmatch(entry["url"]):
            return Source(url=entry["url"])
        if set(entry) == {"record", "file"} and _RECORD.fullmatch(entry["record"]) and _FILE.fullmatch(entry["file"]):
            return Source(record=entry["record"], file=entry["file"])
    raise InputError(
        f'{where}: sources: found {entry!r}; expected {{"url": "https://..."}} or {{"record": '
        '"https://zenodo.org/records/NUMBER", "file": "name or pattern"}; correct it'
    )


def is_name(word: object) -> bool:
    """Whether a word may be the name of a reference, and so of a folder."""
    return isinstance(word, str) and bool(_NAME.fullmatch(word))


def find_references(catalogue: Mapping[str, Reference], names: Iterable[str]) -> list[Reference]:
    """The entries of these names, each once.

    Raises
    ------
    InputError
        A name is not in the catalogue.
    """
    found = []
    for name in dict.fromkeys(names):
        if name not in catalogue:
            raise InputError(unknown_name(name, catalogue))
        found.append(catalogue[name])
    return found


def unknown_name(name: str, known: Iterable[str]) -> str:
    """The message about a name that no catalogue has, with the nearest one that it has."""
    by_lower = {other.lower(): other for other in known}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    near = near or [lower for lower in by_lower if name.lower() in lower or lower in name.lower()]
    guess = f"did you mean {by_lower[near[0]]}? " if near else ""
    return f"{name}: no such reference in the catalogue; {guess}sumh2 refs list names all"
