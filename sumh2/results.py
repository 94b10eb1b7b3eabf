"""What all results share: a report, a tidy table, files."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from ldscores.shared.arrow_arrays import table_of_records
from ldscores.shared.outputs import written_together
from ldscores.shared.tables import write_json, write_tsv

if TYPE_CHECKING:
    import pandas as pd


#: What the record of a result says of itself; readers refuse a newer version.
FORMAT_NAME, FORMAT_VERSION = "sumh2 result", 1


def record_header(kind: str) -> dict[str, Any]:
    """The first entries of a result's ``.json``, by which `sumh2 report` knows what it is."""
    return {"format": FORMAT_NAME, "format_version": FORMAT_VERSION, "kind": kind}


class Result(ABC):
    """Estimates with their status; ``str(result)`` is the report.

    Parameters
    ----------
    origin
        Program, command, inputs and options; empty until :meth:`with_provenance`.
    """

    #: What it is, in the words of the commands: "h2", "rg", "sumher h2", ...
    kind: ClassVar[str]

    @abstractmethod
    def to_records(self) -> list[dict[str, Any]]:
        """One dictionary an estimate, the tidy table's rows."""

    #: Results are dataclasses.
    __dataclass_fields__: ClassVar[dict[str, Any]]

    #: A field of each.
    origin: Mapping[str, Any]

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Program, command, inputs and options behind the result."""
        return self.origin

    def with_provenance(self, origin: Mapping[str, Any]) -> Self:
        """The same result, knowing where it comes from."""
        return replace(self, origin=origin)

    def details(self) -> dict[str, Any]:
        """What the record holds beyond the table."""
        return {}

    def to_frame(self) -> pd.DataFrame:
        """The tidy table, one row an estimate; missing is NaN, its reason is in ``why``."""
        import pandas as pd

        return pd.DataFrame(self.to_records())

    def save(self, stem: str | Path) -> list[Path]:
        """Write ``<stem>.tsv``, what people read, and ``<stem>.json``, all digits and provenance.

        Returns
        -------
        list of Path
            The files written, each whole, and all of them or none.
        """
        table, record = Path(f"{stem}.tsv"), Path(f"{stem}.json")
        with written_together():
            write_tsv(table, table_of_records(self.to_records()))
            write_json(record, self.record())
        return [table, record]

    def record(self) -> dict[str, Any]:
        """What ``<stem>.json`` holds: format and kind, the rows, the details, the provenance."""
        rows = {"estimates": self.to_records(), **self.details()}
        return {**record_header(self.kind), **rows, "provenance": dict(self.provenance)}


def record_of(row: Any, without: Collection[str] = ()) -> dict[str, Any]:
    """The fields of a dataclass by name, a row of a tidy table; but for those that are no numbers or words."""
    return {item.name: getattr(row, item.name) for item in fields(row) if item.name not in without}


def number_text(value: float, form: str) -> str:
    """A number to print in this format, ``NA`` where there is none."""
    return f"{value:{form}}" if np.isfinite(value) else "NA"


def with_se(value: float, se: float, digits: int = 4) -> str:
    """``0.3808 (0.0245)``, or ``1 (fixed)`` without an SE."""
    if not np.isfinite(value):
        return "NA"
    if not np.isfinite(se):
        return f"{value:.{digits}f} (fixed)"
    return f"{value:.{digits}f} ({se:.{digits}f})"


def p_text(p: float, log10_p: float) -> str:
    """A p-value to print: from its logarithm where it underflows."""
    if not np.isfinite(log10_p):
        return "NA"
    if p > 1e-300:
        return f"{p:.3g}"
    if log10_p < -9999:
        return "<1e-9999"
    whole = math.floor(log10_p)
    return f"{10 ** (log10_p - whole):.2f}e{whole}"
