"""What the figures of a result take beside its estimates: the data it was fitted to, read again where they still are.

A record names its inputs with size and SHA-256.  Only the very same files are read: a figure of other data would be wrong
without saying so.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldscores.shared.errors import FitError, InputError
from ldscores.shared.provenance import describe_file
from sumh2.report.section import SavedResult, number

#: A run in a folder names its files from there; its record may lie some folders deeper.
_FOLDERS_ABOVE = 4

if TYPE_CHECKING:
    from ldscores.taggings.tagging import Tagging
    from sumh2.alignment import AlignedData
    from sumh2.sumher.rows import RowRules


def read_figure_data(saved: SavedResult, taggings: dict[Any, Tagging]) -> Any:
    """Aligned data, z scores or an atlas; None where a kind needs nothing; words where they cannot be had.

    Parameters
    ----------
    saved
        Of :func:`sumh2.report.record_files.read_result`.
    taggings
        Those that were read so far: results of a report mostly share one.
    """
    if saved.kind == "munge":
        return _munged_z(saved)
    if saved.kind == "atlas":
        return saved.result
    if saved.kind not in ("h2", "sumher h2"):
        return None
    if not saved.source:
        return "Figures of the regression need the data: save the result from the command line, and report its file."
    try:
        return _aligned(saved, taggings)
    except (InputError, FitError) as error:
        return f"No figures: the data could not be read again ({error})."


def _munged_z(saved: SavedResult) -> Any:
    """Z of the munged file beside the record, or of the object."""
    if saved.result is not None:
        return saved.result.sumstats.z
    path = Path(saved.source.removesuffix(".munge.json") + ".sumstats.parquet")
    if not path.is_file():
        return f"No figures: {path.name}, which the record is of, is not there any more."
    from sumh2.sumstats_files import read_sumstats

    read = read_sumstats(path)
    if len(read) != number(saved.record, "n_snps"):
        return f"No figures: {path.name} is not what the record is of: it has {len(read):,} SNPs."
    return read.z


def _aligned(saved: SavedResult, taggings: dict[Any, Tagging]) -> Any:
    """The regression's data, of the same files; words where they changed."""
    options = saved.provenance.get("options") or {}
    inputs = saved.provenance.get("inputs") or []
    if not options.get("sumstats") or not options.get("ld") or not inputs:
        return "No figures: the record does not say which files the estimate was made of."
    folder = _where(inputs, Path(saved.source).resolve())
    if folder is None:
        return "No figures: the files that the estimate was made of are not where they were."
    changed = [one["path"] for one in inputs if describe_file(folder / one["path"])["sha256"] != one.get("sha256")]
    if changed:
        return f"No figures: {changed[0]} is not the file any more that the estimate was made of."
    from sumh2.alignment import align
    from sumh2.regression_snps_files import read_regression_tagging
    from sumh2.sumher.rows import RowRules
    from sumh2.sumstats_files import read_sumstats

    ld, *others = chosen = tuple(
        _placed(options.get(name), f"--{name.replace('_', '-')}", folder) for name in ("ld", "w_ld", "extract", "exclude")
    )
    if ld is None:
        return "No figures: the record does not say which LD scores were used."
    trait = read_sumstats(folder / options["sumstats"], trait=str(saved.rows[0].get("trait")))
    if chosen not in taggings:
        taggings[chosen] = read_regression_tagging(ld, *others)
    if saved.kind == "h2":
        aligned = align([trait], taggings[chosen])
        found: Any = aligned
        n_snps = _count_ldsc(aligned, saved.rows[0])
    else:
        aligned = align([trait], taggings[chosen], ambiguous="letters")
        rules = RowRules.of_options(options, allow_ambiguous=not options.get("no_ambiguous"))
        found, n_snps = (aligned, rules), _count_sumher(aligned, rules)
    if n_snps != number(saved.rows[0], "n_snps"):
        return "No figures: the SNPs of the fit could not be found again."
    return found


def _count_ldsc(aligned: AlignedData, row: Mapping[str, Any]) -> int:
    import numpy as np

    chi2 = aligned.z[:, 0] ** 2
    limit = number(row, "chisq_max")
    return int((np.isfinite(chi2) & (chi2 < (limit if np.isfinite(limit) else np.inf))).sum())


def _count_sumher(aligned: AlignedData, rules: RowRules) -> int:
    from sumh2.sumher.rows import choose_rows

    (rows,) = choose_rows(aligned, (0,), rules)
    return len(rows.chi2)


def _where(inputs: list[Mapping[str, Any]], record: Path) -> Path | None:
    """Folder that the inputs' names start from: where this program runs, the record's, or one of those above it."""
    for folder in (Path(), *record.parents[:_FOLDERS_ABOVE]):
        if all(isinstance(one.get("path"), str) and (folder / one["path"]).is_file() for one in inputs):
            return folder
    return None


def _placed(words: Any, flag: str, folder: Path) -> str | None:
    """Names that start from a folder, separated by commas; a folder keeps its stroke at the end."""
    if words and "refs:" in words:
        from sumh2.references.cache_files import resolve_references

        words = resolve_references(words, flag)
    if not words or folder == Path():
        return words or None
    return ",".join(f"{folder / name}{'/' if name.endswith('/') else ''}" for name in str(words).split(","))
