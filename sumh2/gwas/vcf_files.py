"""GWAS-VCF: one line a variant, the effect of ALT in a column a study (github.com/MRCIEU/gwas-vcf-specification)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ldscores.shared.arrow_arrays import as_numpy
from ldscores.shared.errors import InputError
from ldscores.shared.tables import read_table
from sumh2.gwas.headers import ColumnMap
from sumh2.gwas.table import GwasTable

_CATEGORY = pa.dictionary(pa.int32(), pa.string())
_COMMENT = "##"

#: Keys of FORMAT and what they are; SS and NC are all people and cases.
_FIELDS = {
    "ES": "BETA", "SE": "SE", "LP": "LOG10P", "EZ": "Z", "AF": "EAF", "SS": "N", "NC": "N_CAS", "NO": "N_CON",
    "SI": "INFO",
}  # fmt: skip

_NUMBER = r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"


def is_vcf(header: Sequence[str], first_line: str) -> bool:
    """Whether a file is a VCF: by its first line, or by the columns of its header."""
    return first_line.startswith("##fileformat=VCF") or (
        [name.upper() for name in header[:1]] == ["#CHROM"] and {"FORMAT", "QUAL"} <= set(header)
    )


def read_gwas_vcf(path: str | Path, header: Sequence[str], comments: Sequence[str], sample: str = "") -> GwasTable:
    """Read the columns of one study of a GWAS-VCF.

    Parameters
    ----------
    path
        The file, plain or compressed.
    header
        Its column names.
    comments
        The lines before the header: ``##SAMPLE`` states cases and controls.
    sample
        Which study, where the file holds several.

    Raises
    ------
    InputError
        There is no study, or several and none is chosen; or FORMAT has no effect.
    """
    studies = list(header[9:])
    if not studies:
        raise InputError(
            f"{path}: found a VCF without a column after FORMAT; expected a GWAS-VCF, which has the effects there; name "
            "another file"
        )
    if sample and sample not in studies:
        raise InputError(f"{path}: no study {sample}; found {', '.join(studies[:12])}; give --suffix one of these")
    if not sample and len(studies) > 1:
        raise InputError(
            f"{path}: found {len(studies)} studies ({', '.join(studies[:12])}); expected to be told which one to use; "
            f"choose it with --suffix, e.g. --suffix {studies[0]}"
        )
    sample = sample or studies[0]
    types = {"#CHROM": _CATEGORY, "POS": pa.string(), "ID": pa.string(), "REF": _CATEGORY, "ALT": _CATEGORY,
             "FORMAT": _CATEGORY, sample: pa.string()}  # fmt: skip
    table = read_table(path, columns=list(types), types=types, separator="\t", comment=_COMMENT)
    if table.num_rows == 0:
        raise InputError(f"{path}: found a header and no rows; expected one row a SNP; is the file complete?")
    values = _split_sample(table.column("FORMAT").combine_chunks(), table.column(sample).combine_chunks(), str(path))
    columns: dict[str, Any] = {
        "SNP": table.column("ID"), "CHR": table.column("#CHROM"), "BP": table.column("POS"),
        "A1": table.column("ALT"), "A2": table.column("REF"),
    }  # fmt: skip
    taken = {"SNP": "ID", "CHR": "#CHROM", "BP": "POS", "A1": "ALT", "A2": "REF"}
    for key, name in _FIELDS.items():
        numbers = values.get(key)
        if numbers is not None and np.isfinite(numbers).any():
            columns[name], taken[name] = numbers, key
    if not {"BETA", "Z"} & set(columns):
        found = ", ".join(sorted(values)) or "nothing"
        raise InputError(
            f"{path}: FORMAT holds {found}; expected ES and SE, the effect of ALT and its standard error, as in a "
            "GWAS-VCF; make a table of the file instead"
        )
    if "N" in columns and "N_CAS" in columns and "N_CON" not in columns:
        # SS counts all people and NC cases: what is left are controls.
        columns["N_CON"], taken["N_CON"] = columns["N"] - columns["N_CAS"], "SS - NC"
    notes = [f"of the {len(studies)} studies in the file, {sample} is used"] if len(studies) > 1 else []
    column_map = ColumnMap(
        taken, tool="GWAS-VCF", header_n=_stated_people(comments, sample), notes=tuple(notes), rule="tool",
        stated=_stated_build(comments),
    )  # fmt: skip
    return GwasTable(pa.table(columns), column_map, str(path))


def _split_sample(formats: pa.DictionaryArray, sample: pa.Array, where: str) -> dict[str, np.ndarray]:
    """Numbers by key of FORMAT, NaN where a row lacks them, (n_rows,) each.

    Rows of one FORMAT have their fields in the same places: few FORMATs, so that each is split in one go.
    """
    found: dict[str, np.ndarray] = {}
    indices = as_numpy(pc.fill_null(formats.indices, -1))
    for code, text in enumerate(formats.dictionary.to_pylist()):
        rows = np.flatnonzero(indices == code)
        keys = text.split(":")
        parts = pc.split_pattern(pc.fill_null(sample.take(pa.array(rows)), ""), ":")
        lengths = as_numpy(pc.list_value_length(parts))
        whole = lengths == len(keys)
        if not whole.all():
            # Trailing fields may be left out (VCF 4.2); others cannot.
            if (lengths > len(keys)).any():
                bad = int(rows[int(np.argmax(lengths > len(keys)))])
                raise InputError(
                    f"{where}: variant {bad + 1} has more fields than its FORMAT {text}; expected {len(keys)}; is the "
                    "file damaged? download it again"
                )
            parts = pa.array([each + ["."] * (len(keys) - len(each)) for each in parts.to_pylist()])
        flat = parts.flatten()
        for place, key in enumerate(keys):
            if key not in _FIELDS:
                continue
            texts = flat.take(pa.array(np.arange(place, len(flat), len(keys))))
            is_number = pc.match_substring_regex(texts, _NUMBER)
            numbers = as_numpy(pc.if_else(is_number, texts, None).cast(pa.float64()))
            found.setdefault(key, np.full(len(formats), np.nan))[rows] = numbers
    return found


def _stated_people(comments: Sequence[str], sample: str) -> dict[str, float]:
    """Cases and controls of the ``##SAMPLE`` line of this study."""
    lines = [
        line for line in comments if line.startswith("##SAMPLE=") and re.search(rf"ID={re.escape(sample)}[,>]", line)
    ]
    found = {}
    for name, key in (("N_CAS", "TotalCases"), ("N_CON", "TotalControls")):
        match = re.search(rf"{key}=([0-9.]+)", lines[0]) if lines else None
        if match and float(match.group(1)) > 0:
            found[name] = float(match.group(1))
    if set(found) == {"N_CON"}:
        # A quantitative trait: everybody is counted as a control.
        return {"N": found["N_CON"]}
    return found if set(found) == {"N_CAS", "N_CON"} else {}


def _stated_build(comments: Sequence[str]) -> dict[str, str]:
    text = " ".join(line for line in comments if line.startswith(("##reference", "##contig")))[:20_000].lower()
    for build, words in (("hg38", ("grch38", "hg38", "b38")), ("hg19", ("grch37", "hg19", "b37", "hs37"))):
        if any(word in text for word in words):
            return {"build": build}
    return {}
