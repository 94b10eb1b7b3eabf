"""Is this a table of a GWAS?  What the first lines tell when it is not."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ldscores.shared.errors import InputError
from sumh2.gwas.header_names import FIELDS, clean_header

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_VARIANT = re.compile(r"rs\d+|(chr)?[0-9XY]{1,2}[:_]\d+.*", re.IGNORECASE)
#: Every header that some field goes by.
KNOWN_HEADERS = {name for each in FIELDS.values() for tier in each.names() for name in tier}


def check_is_gwas_table(header: Sequence[str], first_rows: Sequence[Sequence[str]], where: str) -> None:
    """Raise InputError where the first lines are not those of a table with column names.

    Parameters
    ----------
    header, first_rows
        Fields of the header and of the next lines.
    where
        The file's name.
    """
    names = {clean_header(name) for name in header}
    shown = " ".join(header)[:80]
    if len(names & KNOWN_HEADERS) > 2:
        return
    n_values = sum(bool(_NUMBER.fullmatch(field) or _VARIANT.fullmatch(field)) for field in header)
    if len(header) > 2 and 3 * n_values >= len(header):
        raise InputError(
            f"{where}: this looks like a file without a header line: found {shown!r} in its place; expected column names; "
            "add a first line with them, e.g. SNP A1 A2 BETA SE P N"
        )
    is_prose = any(len(name.split()) > 5 or name.endswith((",", ":", ".")) for name in header)
    if len(header) < 3 or is_prose or (first_rows and all(len(row) != len(header) for row in first_rows)):
        raise InputError(
            f"{where}: this is no table: found {shown!r} in the first line; expected at least three column names, "
            "separated by tabs, commas, semicolons or blanks, and as many fields in each line; name another file"
        )
