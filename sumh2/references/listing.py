"""The catalogue as text: a line each, or everything of some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sumh2.references.catalogue import TAKEN_BY, Reference
from sumh2.references.record import Record, State

_SHOWN = {"absent": "-", "verified": "verified", "changed": "to verify", "damaged": "DAMAGED"}


def list_text(references: Sequence[Reference], states: Mapping[str, State], cache: Path) -> str:
    """One line a reference: name, ancestry, build, whether it is here, what it is."""
    rows = [("name", "ancestry", "build", "here", "what")]
    rows += [
        (entry.name, entry.ancestry, entry.build, _SHOWN[states[entry.name].status], entry.what) for entry in references
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join([*(word.ljust(width) for word, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    ]
    here = sum(states[entry.name].status != "absent" for entry in references)
    return "\n".join([
        *lines,
        "",
        f"{here} of {len(references)} are in {cache}",
        "sumh2 refs list NAME says all of one, licence and citation too; sumh2 refs get NAME brings it",
    ])  # fmt: skip


def card_text(entry: Reference, record: Record, state: State, cache: Path) -> str:
    """Everything that is known of a reference."""
    size = f"{record.bytes:,} bytes" if record.bytes else f"{entry.bytes:,} bytes" if entry.bytes else "not known"
    checked = f"{len(entry.contents)} hashes of its content, from {entry.contents_from}" if entry.contents else ""
    here = {"absent": "no", "verified": f"{cache / entry.name}, {record.basis}"}.get(
        state.status, f"{cache / entry.name}, {_SHOWN[state.status]}: {state.why}"
    )
    parts = ", ".join(filter(None, entry.serves))
    rows = [
        ("what", entry.what),
        ("kind", f"{entry.kind}; {entry.ancestry}; {entry.build}"),
        ("licence", entry.licence),
        ("cite", entry.citation),
        ("page", entry.page),
        ("from", "; ".join(source.address for source in entry.sources)),
        ("address tried", entry.tried or "never by the makers of this catalogue"),
        ("archive", f"{entry.archive}, {size}, at most {entry.at_most_gb:g} GB"),
        ("SHA-256", entry.sha256 or "not known: the first download is trusted, and written down"),
        ("content", checked),
        ("here", here),
        ("SHA-256 here", record.sha256 if state.status != "absent" else ""),
        ("parts", f"{parts}: refs:{entry.name}/{parts.split(', ')[0]}" if parts else ""),
        ("use", _use(entry)),
    ]
    return "\n".join([entry.name, *(f"  {title:14}{text}" for title, text in rows if text)])


def _use(entry: Reference) -> str:
    """The flags that take it, as they are written; empty where it has parts only."""
    flags = [flag for flag, kinds in TAKEN_BY.items() if entry.kind in kinds]
    return f"{flags[0]} refs:{entry.name}" + "".join(f", {flag}" for flag in flags[1:]) if "" in entry.serves else ""
