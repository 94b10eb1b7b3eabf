"""GWAS files and taggings to heritability, enrichment and genetic correlation.

>>> from sumh2 import align, fit_h2, read_sumstats, read_tagging
>>> traits = [read_sumstats("bmi.sumstats.parquet")]
>>> result = fit_h2(align(traits, read_tagging("eur_w_ld_chr/")))
>>> print(result)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ldscores import __version__

if TYPE_CHECKING:
    from ldscores.shared.errors import FitError, InputError
    from ldscores.tagging import Tagging
    from ldscores.tagging_files import read_tagging, write_tagging
    from sumh2.alignment import AlignedData, align
    from sumh2.gwas_files import munge
    from sumh2.h2 import H2Result, fit_h2
    from sumh2.rg import fit_rg
    from sumh2.rg_result import RgPair, RgResult
    from sumh2.sumstats import SumStats
    from sumh2.sumstats_files import read_sumstats, write_sumstats

#: Where each public name lives; modules are imported when a name is first used, so that `import sumh2` is quick.
_HOMES = {
    "AlignedData": "sumh2.alignment",
    "FitError": "ldscores.shared.errors",
    "H2Result": "sumh2.h2",
    "InputError": "ldscores.shared.errors",
    "RgPair": "sumh2.rg_result",
    "RgResult": "sumh2.rg_result",
    "SumStats": "sumh2.sumstats",
    "Tagging": "ldscores.tagging",
    "align": "sumh2.alignment",
    "fit_h2": "sumh2.h2",
    "fit_rg": "sumh2.rg",
    "munge": "sumh2.gwas_files",
    "read_sumstats": "sumh2.sumstats_files",
    "read_tagging": "ldscores.tagging_files",
    "write_sumstats": "sumh2.sumstats_files",
    "write_tagging": "ldscores.tagging_files",
}

__all__ = [
    "AlignedData", "FitError", "H2Result", "InputError", "RgPair", "RgResult", "SumStats", "Tagging", "__version__",
    "align", "fit_h2", "fit_rg", "munge", "read_sumstats", "read_tagging", "write_sumstats", "write_tagging",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'sumh2' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
