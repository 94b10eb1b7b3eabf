"""What several commands do before and after their work: read inputs, resolve options, write the report."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ldscores.shared.errors import InputError

if TYPE_CHECKING:
    from ldscores.tagging import Tagging
    from sumh2.regression_input import Totals
    from sumh2.sumstats import SumStats

log = logging.getLogger(__name__)


def read_traits(
    files: list[str], samp_prev: list[float] | None, pop_prev: list[float] | None, names: list[str] | None
) -> list[SumStats]:
    """Summary statistics files with their prevalences and names."""
    from sumh2.sumstats_files import read_sumstats

    if names is not None and len(names) != len(files):
        raise InputError(f"--traits: found {len(names)} names for {len(files)} files, expected one each; correct them")
    if (samp_prev is None) != (pop_prev is None):
        raise InputError("prevalences: found one of --samp-prev and --pop-prev, expected both; add the other")
    prevalences = [_prevalences(values, len(files)) for values in (samp_prev, pop_prev)]
    return [
        replace(read_sumstats(path, trait=names[i] if names else None), samp_prev=samp, pop_prev=pop)
        for i, (path, samp, pop) in enumerate(zip(files, *prevalences, strict=True))
    ]


def _prevalences(values: list[float] | None, n_traits: int) -> list[float | None]:
    if values is None:
        return [None] * n_traits
    if len(values) != n_traits:
        raise InputError(
            f"prevalences: found {len(values)} values for {n_traits} traits, expected one each; "
            "write nan for a quantitative trait"
        )
    return [None if value != value else value for value in values]


def read_chosen_tagging(ld: str, w_ld: str | None) -> Tagging:
    """LD scores with weights; columns that are the same everywhere are left out, with a warning."""
    from ldscores.tagging_files import read_tagging

    tagging, constant = read_tagging(ld, weights=w_ld).drop_constant_categories()
    if constant:
        log.warning("left out LD scores that are the same at every SNP: %s", ", ".join(constant))
    return tagging


def chosen_totals(m: str) -> Totals:
    """``--m`` as fits understand it."""
    if m in ("M", "M_5_50"):
        return m
    try:
        return [float(number) for number in m.split(",")]
    except ValueError:
        raise InputError(f"--m: found {m!r}, expected M_5_50, M or numbers, one an LD score; correct it") from None


def one_or_none(value: float | None) -> list[float] | None:
    """A flag of one trait as a list of one."""
    return None if value is None else [value]


def chosen_intercept(value: float | None, no_intercept: bool, null: float) -> float | None:
    """``--intercept`` or ``--no-intercept``, not both."""
    if no_intercept and value is not None:
        raise InputError("intercept: found --intercept and --no-intercept, expected one of them; drop one")
    return null if no_intercept else value


def check_out(out: str | None, **flags: bool) -> None:
    """Refuse flags that write files when there is no ``--out`` to name them after."""
    asked = [f"--{name.replace('_', '-')}" for name, value in flags.items() if value]
    if asked and out is None:
        raise InputError(f"{asked[0]} writes files named after --out, found no --out; add it")


def logged(out: str | None) -> contextlib.AbstractContextManager[Callable[[str], None] | None]:
    """Copy the log to ``<out>.log``; without ``--out`` nothing."""
    from ldscores.shared.logs import log_to_file

    return contextlib.nullcontext() if out is None else log_to_file(f"{out}.log")


def run_provenance(files: list[str], tagging: Tagging, options: dict[str, Any]) -> dict[str, Any]:
    """Inputs with size and hash, and the options of the command."""
    from ldscores.shared.provenance import provenance

    return provenance([*files, *tagging.sources], options)


def written_report(result: object, ldsc_text: str | None, out: str | None, note: Callable[[str], None] | None) -> str:
    """The text to print, also noted in the log file, and the names of what was written."""
    text = str(result) if ldsc_text is None else ldsc_text.rstrip("\n")
    if note is None:
        return text
    note(text)
    return f"{text}\n\nwritten: {out}.tsv, {out}.json, {out}.log"
