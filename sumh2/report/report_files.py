"""Writes a report, and reads what it is made of."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from ldscores.shared.errors import InputError
from ldscores.shared.tables import read_text, write_text
from sumh2.munging.result import MungeResult
from sumh2.pages import check_page
from sumh2.report.data_files import read_figure_data
from sumh2.report.figures import can_draw, with_figures
from sumh2.report.page import ReportTemplate, build_report
from sumh2.report.record_files import read_result, saved_result
from sumh2.report.section import SavedResult, Section
from sumh2.report.sections import build_section
from sumh2.results import Result

log = logging.getLogger(__name__)

#: Rows of a table that a page shows; a screen has thousands.
MOST_ROWS = 500


def read_report_template() -> ReportTemplate:
    """Markup, style and script that come with the package."""
    with as_file(files("sumh2.report")) as folder:
        return ReportTemplate(*(read_text(folder / f"report.{ending}") for ending in ("html.jinja", "css", "js")))


def write_report(
    results: Sequence[Result | MungeResult | str | Path] | Result | MungeResult | str | Path,
    out: str | Path,
    *,
    title: str | None = None,
    figures: bool = True,
    most_rows: int = MOST_ROWS,
) -> Path:
    """Write one page of HTML on one or more results: what was estimated, what it means, what would mislead.

    Parameters
    ----------
    results
        Results, or saved ones: the ``.json`` of any result or its stem, the folder of an atlas, ``.sumstats.parquet`` or
        ``.munge.json`` of munge.
    out
        Name of the page, ``.html``; written whole or not at all.
    title
        Heading; by default what it is about.
    figures
        Whether to draw figures; they need matplotlib (extra ``[plot]``), without which the page says so.  Those of a
        regression read its data again, if they are still there and the same.
    most_rows
        Rows of a table that are shown; the note below says how many there are.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        There is nothing to report, a result is not there, damaged, or of a newer version, or the page cannot be written.
    """
    listed = [results] if isinstance(results, Result | MungeResult | str | Path) else list(results)
    if not listed:
        raise InputError("report: found no result, expected one or more; name them")
    if most_rows < 1:
        raise InputError(f"--most-rows: found {most_rows}, expected 1 or more; correct it")
    check_page(out)
    read = [read_result(one) if isinstance(one, str | Path) else saved_result(one) for one in listed]
    if any(saved.source and Path(saved.source).resolve() == Path(out).resolve() for saved in read):
        raise InputError(f"--out {out}: found a result of this name, expected another; choose another --out")
    taggings: dict[Any, Any] = {}
    sections = [_section(saved, figures, most_rows, taggings) for saved in read]
    out = Path(out)
    write_text(out, build_report(sections, read_report_template(), _title(sections) if title is None else title))
    return out


def _section(saved: SavedResult, figures: bool, most_rows: int, taggings: dict[Any, Any]) -> Section:
    section = build_section(saved, most_rows)
    if not figures:
        return section
    data = read_figure_data(saved, taggings) if can_draw() else None
    drawn = with_figures(section, data)
    if isinstance(data, str):
        log.warning("%s: %s", saved.source or saved.kind, data)
    return drawn


def _title(sections: Sequence[Section]) -> str:
    first = sections[0]
    if len(sections) == 1:
        return f"{first.title}: {first.family}"
    titles = list(dict.fromkeys(section.title for section in sections))
    return ", ".join(titles[:3]) + (f" and {len(titles) - 3} more" if len(titles) > 3 else "")
