"""What several commands do before and after their work: read inputs, resolve options, write the report."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ldscores.shared.errors import InputError
from ldscores.shared.outputs import check_stem

if TYPE_CHECKING:
    from ldscores.taggings.tagging import Tagging
    from sumh2.regression_input import Totals
    from sumh2.sumstats import SumStats

log = logging.getLogger(__name__)


def read_traits(
    files: list[str], samp_prev: list[float] | None, pop_prev: list[float] | None, names: list[str] | None
) -> list[SumStats]:
    """Summary statistics files with their prevalences and names."""
    from sumh2.ldsc.log import file_word
    from sumh2.sumstats_files import read_sumstats, trait_name

    if names is not None and len(names) != len(files):
        raise InputError(f"--traits: found {len(names)} names for {len(files)} files, expected one each; correct them")
    names = names or [trait_name(path) for path in files]
    words = [file_word(name) for name in names]
    for name, word in zip(names, words, strict=True):
        if words.count(word) > 1:
            raise InputError(f"found two traits called {name}, expected different names; name them with --traits")
    prevalences = _prevalences(samp_prev, pop_prev, names)
    traits = [read_sumstats(path, trait=name) for path, name in zip(files, names, strict=True)]
    if prevalences is None:
        return traits
    return [trait.with_prevalences(samp, pop) for trait, (samp, pop) in zip(traits, prevalences, strict=True)]


def _prevalences(
    samp_prev: list[float] | None, pop_prev: list[float] | None, names: list[str]
) -> list[tuple[float | None, float | None]] | None:
    """Pairs of prevalences, a trait each, nan as None; None where the flags are not given."""
    if samp_prev is None and pop_prev is None:
        return None
    if samp_prev is None or pop_prev is None:
        raise InputError("prevalences: found one of --samp-prev and --pop-prev, expected both; add the other")
    for flag, values in (("--samp-prev", samp_prev), ("--pop-prev", pop_prev)):
        if len(values) != len(names):
            raise InputError(
                f"{flag}: found {len(values)} values for {len(names)} traits, expected one each; write nan for a "
                "quantitative trait"
            )
    pairs = [
        tuple(None if value != value else value for value in pair) for pair in zip(samp_prev, pop_prev, strict=True)
    ]
    return pairs


def read_chosen_tagging(ld: str, w_ld: str | None) -> Tagging:
    """LD scores with weights; columns that are the same everywhere are left out, with a warning."""
    from ldscores.taggings.tagging_files import read_tagging

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


def check_outputs(out: str | None, plot: str | None, inputs: list[str], **flags: bool) -> None:
    """Refuse, before any work, outputs that cannot or must not be written."""
    asked = [f"--{name.replace('_', '-')}" for name, value in flags.items() if value]
    if asked and out is None:
        raise InputError(f"{asked[0]} writes files named after --out, found no --out; add it")
    if out is not None:
        check_stem(out, (".tsv", ".json", ".log", ".cov", ".delete", ".part_delete"), inputs)
    if plot is not None:
        from sumh2.plots.figures import check_figure

        check_figure(plot)


def logged(out: str | None) -> contextlib.AbstractContextManager[Callable[[str], None] | None]:
    """Copy the log to ``<out>.log``; without ``--out`` nothing."""
    from ldscores.shared.logs import log_to_file

    return contextlib.nullcontext() if out is None else log_to_file(f"{out}.log")


def run_provenance(files: list[str], tagging: Tagging, options: dict[str, Any]) -> dict[str, Any]:
    """Inputs with size and hash, and the options of the command."""
    from ldscores.shared.provenance import provenance

    return provenance([*files, *tagging.sources], options)


def hash_ahead(names: list[str]) -> Callable[[], object]:
    """Hash what is known to be a file beside the reading of it; the answer is found again by the provenance."""
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path

    from ldscores.shared.provenance import describe_file

    pool = ThreadPoolExecutor(1)
    future = pool.submit(lambda: [describe_file(name) for name in names if Path(name).is_file()])
    pool.shutdown(wait=False)
    return lambda: future.exception()  # a file that cannot be read is reported by those who need it


def start_provenance(
    files: list[str], tagging: Tagging, options: dict[str, Any], ahead: Callable[[], object] = lambda: None
) -> Callable[[], dict[str, Any]]:
    """:func:`run_provenance` at once, beside the fit: hashing a large tagging takes as long as reading it.

    Parameters
    ----------
    ahead
        Of :func:`hash_ahead`: waited for first.

    Returns
    -------
    Callable
        Waits for the answer and gives it.
    """
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(1)
    future = pool.submit(lambda: (ahead(), run_provenance(files, tagging, options))[1])
    pool.shutdown(wait=False)
    return future.result


def written_report(result: object, ldsc_text: str | None, out: str | None, note: Callable[[str], None] | None) -> str:
    """The text to print, also noted in the log file, and the names of what was written."""
    text = str(result) if ldsc_text is None else ldsc_text.rstrip("\n")
    if note is None:
        return text
    note(text)
    return f"{text}\n\nwritten: {out}.tsv, {out}.json, {out}.log"


def with_influence(measured: Any, result: Any, text: str | None, out: str | None) -> str:
    """Save what an estimate hangs on beside it, and add it to the report (or to LDSC's words)."""
    if out is not None:
        measured.with_provenance(result.provenance).save(f"{out}.influence")
    return f"{result if text is None else text.rstrip()}\n\n{measured}"
