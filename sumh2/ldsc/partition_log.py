"""A partition in the words of LDSC's log, and LDSC's ``.results`` file."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ldscores.shared.outputs import written_together
from ldscores.shared.tables import write_tsv
from sumh2.enrichment.partition_result import PartitionResult
from sumh2.ldsc.log import h2_log


def ldsc_category_name(name: str) -> str:
    """A category's name as LDSC writes it: ``<annotation>L2_<number of the file>``."""
    if re.search(r"L2_\d+$", name):
        return name
    return f"{name}_0" if name.endswith("L2") else f"{name}L2_0"


def partition_log(result: PartitionResult, disjoint: bool = False) -> str:
    """The part of LDSC's log that reports results: categories, and without overlap their numbers, after the total."""
    lines = []
    for line in h2_log(result.total).splitlines():
        lines.append(line)
        if line.startswith("Total "):
            lines.append("Categories: " + " ".join(map(ldsc_category_name, result.categories)))
            lines += _disjoint_lines(result) if disjoint else []
    return "\n".join(lines) + "\n"


def _disjoint_lines(result: PartitionResult) -> list[str]:
    enrichments, coefficients, total = result.enrichments, result.coefficients, result.total
    scale = "Liability" if np.isfinite(total.h2_liab) else "Observed"
    factor = total.h2_liab / total.h2 if np.isfinite(total.h2_liab) else 1.0
    rows = {
        f"{scale} scale h2": enrichments.h2.value * factor,
        f"{scale} scale h2 SE": enrichments.h2.se * factor,
        "Proportion of SNPs": enrichments.prop_snps,
        "Proportion of h2g": enrichments.share.value,
        "Enrichment": enrichments.enrichment.value,
        "Coefficients": coefficients.value * factor,
        "Coefficient SE": coefficients.se * factor,
    }
    return [f"{name}: {_numbers(values)}" for name, values in rows.items()]


def _numbers(values: NDArray[np.float64]) -> str:
    """Numbers as LDSC prints an array: four digits, one width for all, no brackets."""
    return np.array2string(values, precision=4, max_line_width=10**6)[1:-1].strip()


@written_together()
def write_ldsc_results(path: str | Path, result: PartitionResult) -> Path:
    """``.results`` of LDSC's ``--overlap-annot --print-coefficients``: all digits, NA where there is no p-value."""
    enrichments, coefficients = result.enrichments, result.coefficients
    columns = {
        "Category": [ldsc_category_name(name) for name in result.categories],
        "Prop._SNPs": enrichments.prop_snps,
        "Prop._h2": enrichments.share.value,
        "Prop._h2_std_error": enrichments.share.se,
        "Enrichment": enrichments.enrichment.value,
        "Enrichment_std_error": enrichments.enrichment.se,
        "Enrichment_p": result.enrichment_p,
        "Coefficient": coefficients.value,
        "Coefficient_std_error": coefficients.se,
        "Coefficient_z-score": coefficients.z,
    }
    write_tsv(path, pa.table(columns))
    return Path(path)
