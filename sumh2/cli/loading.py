"""What several commands do before and after their work: read inputs, resolve options, write the report."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ldscores.shared.errors import InputError, OptionError
from ldscores.shared.messages import first_of
from ldscores.shared.outputs import appearing_at_the_end, check_stem, written_together

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
    from sumh2.sumstats_files import read_sumstats, trait_names

    if names is not None and len(names) != len(files):
        raise InputError(f"--traits: found {len(names)} names for {len(files)} files, expected one each; correct them")
    names = names or trait_names(files)
    words = [file_word(name) for name in names]
    for name, word in zip(names, words, strict=True):
        if words.count(word) > 1:
            raise InputError(f"found two traits called {name}, expected different names; name them with --traits")
    prevalences = _prevalences(samp_prev, pop_prev, names)
    traits = [read_sumstats(path, trait=name) for path, name in zip(files, names, strict=True)]
    if prevalences is None:
        return traits
    if samp_prev is None:
        prevalences = [(_known_share(trait, pop), pop) for trait, (_, pop) in zip(traits, prevalences, strict=True)]
    return [trait.with_prevalences(samp, pop) for trait, (samp, pop) in zip(traits, prevalences, strict=True)]


def _known_share(trait: SumStats, pop_prev: float | None) -> float | None:
    """The share of cases that the file says, where only ``--pop-prev`` is given; None for a quantitative trait."""
    if pop_prev is None:
        return None
    if trait.samp_prev is not None:
        return trait.samp_prev
    from sumh2.liability import derive_sample_prevalence

    return derive_sample_prevalence(trait.source, trait.cases, trait.controls, trait.n)


def _prevalences(
    samp_prev: list[float] | None, pop_prev: list[float] | None, names: list[str]
) -> list[tuple[float | None, float | None]] | None:
    """Pairs of prevalences, a trait each, nan as None; None where the flags are not given.  Without ``--samp-prev`` the
    first of each pair is None: the files may know it."""
    if samp_prev is None and pop_prev is None:
        return None
    if pop_prev is None:
        raise OptionError("prevalences: found --samp-prev without --pop-prev, expected both; add --pop-prev")
    for flag, values in (("--samp-prev", samp_prev), ("--pop-prev", pop_prev)):
        if values is not None and len(values) != len(names):
            raise InputError(
                f"{flag}: found {len(values)} values for {len(names)} traits, expected one each; write nan for a "
                "quantitative trait"
            )
    pop = [None if value != value else value for value in pop_prev]
    samp = [None if value != value else value for value in samp_prev] if samp_prev is not None else [None] * len(pop)
    return list(zip(samp, pop, strict=True))


Name = TypeVar("Name", str, str | None)


def resolved(names: Name, flag: str) -> Name:
    """:func:`sumh2.references.cache_files.resolve_references`, which is loaded where a flag has ``refs:`` alone."""
    if names is None or "refs:" not in names:
        return names
    from sumh2.references.cache_files import resolve_references

    return resolve_references(names, flag)


def check_inputs(files: Iterable[str | None], *ld: str | None, w_ld: str | None = None) -> None:
    """Refuse, before anything is read, files that are not there.

    Reading LD scores takes seconds: a misspelt name of another file should not wait for them.

    Parameters
    ----------
    files
        Summary statistics, lists of SNPs and the like; None for a flag that was not given.
    *ld, w_ld
        LD scores and weights, as ``--ld`` and ``--w-ld`` name them.
    """
    from ldscores.shared.streams import check_files
    from ldscores.taggings.tagging_files import check_tagging_files

    check_files(name for name in files if name is not None)
    for names in [*(resolved(names, "--ld") for names in ld), resolved(w_ld, "--w-ld")]:
        if names is not None:
            check_tagging_files(names)


def read_chosen_tagging(ld: str, w_ld: str | None, extract: str | None = None, exclude: str | None = None) -> Tagging:
    """The tagging that these flags name."""
    from sumh2.regression_snps_files import read_regression_tagging

    return read_regression_tagging(resolved(ld, "--ld"), resolved(w_ld, "--w-ld"), extract, exclude)


def chosen_totals(m: str) -> Totals:
    """``--m`` as fits understand it."""
    words: dict[str, Totals] = {"M": "M", "M_5_50": "M_5_50"}
    if m in words:
        return words[m]
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
        raise OptionError("intercept: found --intercept and --no-intercept, expected one of them; drop one")
    return null if no_intercept else value


def check_two_step(two_step: float | None, held: float | Sequence[float] | None) -> None:
    """Refuse, before any work, ``--two-step`` with an intercept that is held at a value."""
    values = [held] if isinstance(held, float) else held or ()
    if two_step is not None and any(value == value for value in values):
        raise OptionError(
            "two-step: found --two-step and a fixed intercept, expected one of them; the two-step estimator is there to "
            "find the intercept: drop one"
        )


def check_outputs(out: str | None, inputs: list[str], **flags: bool) -> None:
    """Refuse, before any work, outputs that cannot or must not be written."""
    asked = [f"--{name.replace('_', '-')}" for name, value in flags.items() if value]
    if asked and out is None:
        raise OptionError(f"{asked[0]} writes files named after --out, found no --out; add it")
    if out is not None:
        check_stem(out, (".tsv", ".json", ".log", ".cov", ".delete", ".part_delete"), inputs)


def check_figures(**figures: str | None) -> None:
    """Refuse, before any work, figures that cannot be written or would overwrite each other, by the names of their flags.

    All figures of a command go into one call.
    """
    asked = {f"--{name.replace('_', '-')}": path for name, path in figures.items() if path is not None}
    for flag, path in asked.items():
        from sumh2.plots.figures import check_figure

        check_figure(path, flag)
    if len(set(asked.values())) < len(asked):
        raise OptionError(f"found {' and '.join(asked)} with one name, expected a file each; choose another name")


def check_influence_plot(influence: bool, path: str | None) -> None:
    """Refuse ``--influence-plot`` without ``--influence``."""
    if path is not None and not influence:
        raise OptionError("--influence-plot: found no --influence, expected it; add it")


def draw_figure(path: str | None, name: str, *objects: Any, **options: Any) -> list[str]:
    """Draw a figure of :mod:`sumh2.plots`, by name, where it is asked for.

    Parameters
    ----------
    path
        The flag's value.
    name
        Of the function, e.g. ``plot_rg``.
    *objects, **options
        What it draws.

    Returns
    -------
    list of str
        The file written, if any.
    """
    if path is None:
        return []
    import importlib

    plots: Any = importlib.import_module("sumh2.plots")
    figure = getattr(plots, name)(*objects, **options)
    with written_together():
        plots.save_figure(figure, path)
    return [path]


@contextlib.contextmanager
def logged(out: str | None) -> Iterator[Callable[[str], None] | None]:
    """Files appear when the block ends well, all or none; the log is copied to ``<out>.log``, if there is a stem.

    A run that fails says which results are older than it.
    """
    from ldscores.shared.logs import log_to_file

    if out is None:
        with appearing_at_the_end():
            yield None
        return
    results = [Path(f"{out}{ending}") for ending in (".tsv", ".json")]
    before = {path: path.stat().st_mtime_ns for path in results if path.is_file()}
    try:
        with appearing_at_the_end(), log_to_file(f"{out}.log") as note:
            yield note
    except Exception:
        left = [str(path) for path, changed in before.items() if path.is_file() and path.stat().st_mtime_ns == changed]
        if left:
            log.warning("%s: of an earlier run, not of this one, which failed", ", ".join(left))
        raise


def run_provenance(files: list[str], tagging: Tagging, options: dict[str, Any]) -> dict[str, Any]:
    """Inputs with size and hash, and the options of the command."""
    from ldscores.shared.provenance import provenance

    return provenance([*files, *tagging.sources], options)


def hash_ahead(names: list[str]) -> Callable[[], object]:
    """Hash what is known to be a file beside the reading of it; the answer is found again by the provenance."""
    from concurrent.futures import ThreadPoolExecutor

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
    # In the context of the command line that is running, which the provenance names.
    run = copy_context().run
    future = pool.submit(run, lambda: (ahead(), run_provenance(files, tagging, options))[1])
    pool.shutdown(wait=False)
    return future.result


def written_report(
    result: object,
    ldsc_text: str | None,
    out: str | None,
    note: Callable[[str], None] | None,
    written: Sequence[str | Path],
) -> str:
    """The text to print, also noted in the log file, and the names of all that was written.

    Parameters
    ----------
    result
        Whose report is printed.
    ldsc_text
        What is printed in its place.
    out, note
        ``--out`` and the log file of it.
    written
        The files, figures among them, in the order in which they are named; the log is added.
    """
    text = str(result) if ldsc_text is None else ldsc_text.rstrip("\n")
    if note is not None:
        note(text)
        written = [*written, f"{out}.log"]
    named = first_of(dict.fromkeys(map(str, written)), _FILES_NAMED)
    return f"{text}\n\nwritten: {named}" if named else text


#: Of the files of a run so many are named: LDSC's delete values of many pairs are hundreds.
_FILES_NAMED = 24


def with_influence(measured: Any, result: Any, text: str | None, out: str | None) -> tuple[str, list[Path]]:
    """Save what an estimate hangs on beside it, and add it to the report (or to LDSC's words); also the files."""
    written = [] if out is None else measured.with_provenance(result.provenance).save(f"{out}.influence")
    return f"{result if text is None else text.rstrip()}\n\n{measured}", written
