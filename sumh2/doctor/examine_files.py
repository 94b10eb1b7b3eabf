"""Reading a GWAS and panels for an audit, and writing what it found."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ldscores.shared.errors import InputError
from ldscores.shared.outputs import check_stem
from ldscores.shared.provenance import provenance
from ldscores.shared.tables import json_text
from sumh2.doctor.examination import DoctorResult, examine_gwas
from sumh2.gwas.list_files import read_cohorts
from sumh2.gwas.panel_files import read_known_variants
from sumh2.gwas.read_files import read_gwas
from sumh2.munging.munge_files import check_munge_options, read_known_panel


def examine(
    path: str | Path,
    *,
    ld: str | Path | None = None,
    reference: str | Path | None = None,
    panels: Sequence[str] = (),
    out: str | Path | None = None,
    **options: Any,
) -> DoctorResult:
    """Audit a GWAS file: what is wrong with it, and what munging it would lose.

    What is looked at: :func:`sumh2.doctor.examination.examine_gwas`.

    Parameters
    ----------
    path
        The GWAS.
    ld, reference
        The panel to compare with, as for :func:`sumh2.munging.munge_files.munge`.
    panels
        More panels for the ancestry: files, or ``name=file``.
    out
        Stem of ``out.tsv`` and ``out.json``; nothing is written without it.
    **options
        Fields of :class:`sumh2.munging.result.MungeOptions`.

    Raises
    ------
    InputError
        A file cannot be read, or no column is recognised; everything else is in the result.
    """
    if out is not None:
        check_stem(str(out), (".tsv", ".json"), [str(path)])
    chosen = check_munge_options(options, str(path))
    panel = read_known_panel(ld, reference, str(path))
    others = [_named_panel(word) for word in panels]
    cohorts = read_cohorts(chosen.cohorts) if chosen.cohorts is not None else None
    gwas = read_gwas(path, chosen, panel, everything=True)
    result = examine_gwas(gwas, chosen, panel, others, cohorts)
    if out is None:
        return result
    files = [each for each in (path, reference, chosen.cohorts) if each is not None and Path(each).is_file()]
    result = dataclasses.replace(result, run=provenance(files, chosen.given()))
    result.save(out)
    return result


def _named_panel(word: str):
    name, mark, path = word.partition("=")
    if mark and not path:
        raise InputError(f"--panels: found {word!r}; expected a file, or name=file; correct it")
    return read_known_variants(path, name) if mark else read_known_variants(word)


def report_as_json(result: DoctorResult) -> str:
    """The whole audit as JSON."""
    return json_text({"checks": result.to_records(), **result.details()})
