"""What a file is that is no text: told by its first bytes, with what to do about it."""

from __future__ import annotations

import shlex
from pathlib import Path

_ANOTHER = "name the text table with one row a SNP"
_SHEET = "save its sheet as text (tab delimited) and name that"
_IN_R = "write its table as text in R: write.table(..., quote = FALSE, row.names = FALSE)"
_RDS = b"X\n"
#: First bytes of files that users name in place of a text table, up to a line feed; what they are; what to do.
_KINDS = (
    (b"\x6c\x1b\x01", "PLINK's .bed: genotypes", f"ldscores build --bfile takes it; {_ANOTHER}"),
    (b"\x6c\x1b\x10", "PLINK's .pgen: genotypes", f"ldscores build --pfile takes it; {_ANOTHER}"),
    (b"\x89HDF\r\n", "HDF5", "write its table as text or Parquet, e.g. with pandas.read_hdf(...).to_parquet(...)"),
    (b"\x89PNG\r\n", "a PNG picture", _ANOTHER),
    (b"\xff\xd8\xff", "a JPEG picture", _ANOTHER),
    (b"%PDF-", "a PDF document", _ANOTHER),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook, .xls", _SHEET),
    (b"ARROW1", "a Feather or Arrow file", "write it as Parquet, e.g. with pandas.read_feather(...).to_parquet(...)"),
    (b"\x93NUMPY", "a NumPy array", _ANOTHER),
    (b"SQLite format 3", "an SQLite database", "write its table as text"),
    (b"BCF\x02", "BCF", "convert it: bcftools view -O z -o FILE.vcf.gz FILE.bcf"),
    (b"BAM\x01", "BAM: sequence reads", _ANOTHER),
    (b"RDX2\n", "R's .RData", _IN_R),
    (b"RDX3\n", "R's .RData", _IN_R),
    (_RDS, "R's .rds", _IN_R),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it and name the file in it"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it and name the file in it"),
    (b"PAR1", "Parquet within another compression", "undo the outer compression: Parquet is compressed by itself"),
    (b"\x1f\x8b", "a gzip file within another compression", "undo the outer compression"),
)  # fmt: skip
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
#: Control characters that no text has: all but tab, line feed, vertical tab, form feed, carriage return; and 26, with
#: which old DOS programs end a text.
_CONTROL = bytes(sorted({*range(32)} - {9, 10, 11, 12, 13, 26}))


def describe_binary(path: str | Path, first: bytes) -> str | None:
    """What is found in place of text, what was expected and what to do; None for what may be text.

    Parameters
    ----------
    path
        The file, which is looked into if it is a ZIP archive.
    first
        Its first bytes, decompressed; those up to the first line feed are enough.
    """
    if first.startswith(_UTF16):
        command = f"iconv -f utf-16 -t utf-8 {shlex.quote(str(path))} > utf8.txt"
        return f"found text in UTF-16, expected UTF-8; convert it: {command}"
    if first.startswith(_ZIP):
        found, remedy = _zip_kind(path)
    else:
        kind = next((kind for kind in _KINDS if first.startswith(kind[0])), None)
        if kind is not None and kind[0] == _RDS and not str(path).lower().endswith(".rds"):
            kind = None  # a column called X
        if kind is None and first.translate(None, _CONTROL) == first:
            return None
        found, remedy = kind[1:] if kind is not None else ("of a kind not known here", _ANOTHER)
    return f"this is no text table: found binary data ({found}), expected lines of text, plain or compressed; {remedy}"


def _zip_kind(path: str | Path) -> tuple[str, str]:
    """What a ZIP archive is, by the names in it, and how to get at its table."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
    except (OSError, zipfile.BadZipFile):
        return "a ZIP archive", "unpack it and name the file in it"
    if any(name.startswith("xl/") for name in names):
        return "an Excel workbook, .xlsx", _SHEET
    if names and all(name.endswith(".npy") for name in names):
        return "NumPy arrays, .npz", _ANOTHER
    shown = f" of {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "") if names else ""
    command = (
        shlex.join(["unzip", "-p", str(path), *names[:1]]) + " > " + shlex.quote(Path(names[0]).name if names else "")
    )
    remedy = f"unpack it and name the file in it: {command}" if names else _ANOTHER
    return f"a ZIP archive{shown}", remedy
