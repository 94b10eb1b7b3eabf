"""LD scores as published: LDSC's ``.l2.ldscore`` with ``.l2.M`` and ``.l2.M_5_50``, and PLINK 2's ``.ldscore``."""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.chromosome_files import FileSet, find_files
from ldscores.chromosomes import genome_order, rank_chromosomes
from ldscores.shared import tables
from ldscores.shared.alleles import encode_alleles
from ldscores.shared.arrow_arrays import as_numpy, table_of_arrays
from ldscores.shared.cores import usable_cores
from ldscores.shared.errors import InputError
from ldscores.shared.messages import first_of
from ldscores.shared.snp_columns import number_column, position_column, text_column
from ldscores.shared.unique_names import first_of_each
from ldscores.taggings.tagging import TOTALS, Tagging, check_finite, totals_suffix

logger = logging.getLogger(__name__)

SUFFIXES = (".l2.ldscore", ".ldscore")

#: Names under which a column is known, after upper-casing and without a leading #; the first that is there is taken.
#: LDSC writes CHR SNP BP; PLINK 2 writes #CHROM POS ID REF ALT.  Its other columns could not be confirmed, so that
#: scores are recognised by name there.
COLUMN_NAMES = {
    "CHR": ("CHR", "CHROM"),
    "SNP": ("SNP", "ID"),
    "BP": ("BP", "POS"),
    "CM": ("CM",),
    "A1": ("ALT", "A1"),
    "A2": ("REF", "A2"),
    "MAF": ("MAF",),
}
_REQUIRED = ("CHR", "SNP", "BP")
_TEXT_COLUMNS = ("CHR", "SNP", "A1", "A2")
_PLINK2_SCORE = re.compile(r"(L2|LD_?SCORE)(_.*)?", re.IGNORECASE)

#: More threads than this only wait for the disk and hold memory.
_MOST_THREADS = 8


@dataclass
class _Part:
    """One file's worth of LD scores."""

    path: Path
    table: pa.Table  # SNP, CHR and what is there of CM A1 A2 MAF
    bp: NDArray[np.int64]
    scores: NDArray[np.float64] | None
    names: tuple[str, ...]
    n_unnamed: int  # lines left out because they have no SNP name


# ---------------------------------------------------------------------------------------------------------------------
# Reading


def find_ld_scores(name: str) -> FileSet:
    """The files of LD scores that one name stands for; see :func:`ldscores.chromosome_files.find_files`."""
    return find_files(name, "LD scores", SUFFIXES, or_else=", .tagging.parquet or LDAK's .tagging")


def read_ld_scores(files: FileSet, with_totals: bool = True) -> Tagging:
    """One set of LD scores, as LDSC or PLINK 2 wrote it.

    Columns CHR SNP BP come first, the others are scores, but for MAF, CM and alleles.  LDSC leaves out MAF and CM only
    when both are there and takes a single one of them for a score; here neither ever is one.  SNPs are sorted by
    (CHR, BP), stable, and the first of several with one name is kept, as in LDSC.

    Totals are summed over all ``.l2.M`` files of the prefix, as in LDSC, also of chromosomes without scores; a note
    says when there are such.

    Parameters
    ----------
    files
        From :func:`find_ld_scores`.
    with_totals
        Whether to read the files of totals; regression weights need none.

    Raises
    ------
    InputError
        A file is missing, truncated, without a column, with a score that is not finite or with a wrong number of
        totals; files differ in their columns; a chromosome is in two files.
    """
    n_threads = min(len(files.files), usable_cores(), _MOST_THREADS)
    # Largest first, so that no thread is left with a big file at the end.
    ordered = sorted(files.files.values(), key=lambda path: -path.stat().st_size)
    with ThreadPoolExecutor(n_threads) as pool:
        read = dict(zip(ordered, pool.map(lambda path: _read_part(path, files.suffix), ordered), strict=True))
    parts = [read[path] for path in files.files.values()]
    _check_parts_agree(parts)
    if not any(len(part.bp) for part in parts):
        raise InputError(f"{parts[0].path}: found no SNP; expected a line for each; download or compute the file again")
    notes = [f"{part.path}: found no SNP; only its totals count" for part in parts if not len(part.bp)]
    notes += [
        f"{part.path}: {part.n_unnamed} lines without a SNP name are left out" for part in parts if part.n_unnamed
    ]
    columns = _stack(parts, notes)
    sources, totals = [str(part.path) for part in parts], {}
    for which in TOTALS if with_totals else ():
        totals[which], used = _read_totals(files, which, parts[0].names, notes)
        sources += used
    for note in notes:
        logger.warning("%s", note)
    tagging = Tagging(
        names=parts[0].names, m=totals.get("M"), m_5_50=totals.get("M_5_50"),
        sources=tuple(sources), notes=tuple(notes), **columns,
    )  # fmt: skip
    logger.info("%s: %s from %d file%s", files.name, tagging.counts, len(parts), "" if len(parts) == 1 else "s")
    return tagging


def _read_part(path: Path, suffix: str) -> _Part:
    if tables.is_parquet(path):
        table = tables.read_parquet(path)[0]
        # pandas keeps the row labels of a frame under such names.
        header = [name for name in table.column_names if not name.startswith("__index_level_")]
        source_of, scores = _sort_columns(path, header, suffix)
    else:
        header = tables.read_header(path)[0]
        source_of, scores = _sort_columns(path, header, suffix)
        types = dict.fromkeys([*source_of.values(), *scores], pa.float64())
        types |= {source_of[name]: pa.string() for name in _TEXT_COLUMNS if name in source_of}
        table = tables.read_table(path, columns=[*source_of.values(), *scores], types=types)
    texts = {name: text_column(table[source]) for name, source in source_of.items() if name in _TEXT_COLUMNS}
    n_unnamed = texts["SNP"].null_count
    if n_unnamed:
        named = pc.is_valid(texts["SNP"])
        texts = {name: column.filter(named) for name, column in texts.items()}
        table = table.filter(named)
    numbers = {name: number_column(path, table, source_of[name]) for name in ("CM", "MAF") if name in source_of}
    bp = position_column(path, table, source_of["BP"], texts["SNP"])
    values = np.empty((table.num_rows, len(scores)))
    for place, name in enumerate(scores):
        values[:, place] = number_column(path, table, name)
    if texts["CHR"].null_count:
        row = pc.index(pc.is_null(texts["CHR"]), True).as_py()
        raise InputError(f"{path}: SNP {texts['SNP'][row]} has no chromosome; expected one; add it or delete the line")
    check_finite(str(path), texts["SNP"], values, scores)
    return _Part(path, pa.table(texts | numbers), bp, values, tuple(scores), n_unnamed)


def _sort_columns(path: Path, header: Sequence[str], suffix: str) -> tuple[dict[str, str], list[str]]:
    """Header name of each known column, and the names of the scores."""
    bare = {name.lstrip("#").upper(): name for name in reversed(header)}
    source_of = {
        column: next(bare[name] for name in names if name in bare)
        for column, names in COLUMN_NAMES.items()
        if any(name in bare for name in names)
    }
    tables.check_columns(path, header, [column for column in _REQUIRED if column not in source_of])
    known = {name for names in COLUMN_NAMES.values() for name in names}
    scores = [name for name in header if name.lstrip("#").upper() not in known]
    if suffix == ".ldscore":
        scores = [name for name in scores if _PLINK2_SCORE.fullmatch(name)]
    if not scores:
        expected = "L2 or LDSCORE" if suffix == ".ldscore" else "a column of scores after CHR SNP BP"
        raise InputError(
            f"{path}: found columns {' '.join(header[:30])}, none of them LD scores; expected {expected}; "
            "check that this is the right file"
        )
    return source_of, scores


def _check_parts_agree(parts: Sequence[_Part]) -> None:
    first = parts[0]
    file_of: dict[str, Path] = {}
    for part in parts:
        for name in pc.unique(part.table["CHR"]).to_pylist():
            other = file_of.setdefault(name, part.path)
            if other != part.path:
                raise InputError(
                    f"{part.path}: chromosome {name} is also in {other.name}; expected one file per chromosome; if "
                    "these are two sets of LD scores, write a longer prefix or give each a folder of its own"
                )
        if part.names != first.names:
            pairs = zip([*first.names, None], [*part.names, None], strict=False)
            place, pair = next((place, pair) for place, pair in enumerate(pairs) if pair[0] != pair[1])
            raise InputError(
                f"{part.path}: score column {place + 1} is {pair[1] or 'missing'}, in {first.path.name} it is "
                f"{pair[0] or 'missing'}; expected the same columns in every file; compute it again, or move it away"
            )


def _stack(parts: list[_Part], notes: list[str]) -> dict[str, Any]:
    """The columns of a tagging: parts one below the other, sorted, the first of each SNP name."""
    shared = [name for name in parts[0].table.column_names if all(name in part.table.column_names for part in parts)]
    table = pa.concat_tables([part.table.select(shared) for part in parts]).combine_chunks()
    text = {name: text_column(table[name]) for name in shared if name in _TEXT_COLUMNS}
    bp = np.concatenate([part.bp for part in parts])
    scores = np.empty((len(bp), len(parts[0].names)))
    start = 0
    for part in parts:
        scores[start : start + len(part.bp)] = part.scores
        start += len(part.bp)
        part.scores = None  # the largest thing here is not held twice
    columns = {"snp": text["SNP"], "chrom": text["CHR"], "bp": bp, "tagging": scores}
    columns |= {name.lower(): as_numpy(table[name]) for name in ("CM", "MAF") if name in shared}
    if "A1" in text and "A2" in text:
        columns |= {name.lower(): encode_alleles(text[name]) for name in ("A1", "A2")}
    rows = genome_order(text["CHR"], bp)
    if rows is not None:
        columns = _take(columns, rows)
    kept = first_of_each(columns["snp"])
    if kept is not None:
        where = parts[0].path if len(parts) == 1 else f"{parts[0].path} and {len(parts) - 1} more"
        notes.append(f"{where}: {len(bp) - len(kept)} lines repeat the name of a SNP; the first of each is kept")
        columns = _take(columns, kept)
    return columns


def _take(columns: dict, rows: NDArray[np.int64]) -> dict:
    indices = pa.array(rows)
    return {
        name: column.take(indices) if isinstance(column, pa.Array) else column[rows] for name, column in columns.items()
    }


# ---------------------------------------------------------------------------------------------------------------------
# Totals


def _read_totals(
    files: FileSet, which: str, names: tuple[str, ...], notes: list[str]
) -> tuple[NDArray[np.float64] | None, list[str]]:
    """Totals of the categories summed over chromosomes, and the files read; None where files are missing."""
    found = files.beside(totals_suffix(files.suffix, which))
    missing = [path.name for token, path in files.files.items() if token not in found]
    if missing:
        if found:
            notes.append(
                f"{files.name}: {which} is not used: {len(missing)} of {len(files.files)} files of LD scores have none "
                f"beside them (first: {missing[0]})"
            )
        return None, [str(path) for path in found.values()]
    if len(found) > len(files.files):
        note = (
            f"{files.name}: LD scores cover {len(files.files)} of the {len(found)} chromosomes that have totals; the "
            f"totals are those of all {len(found)}, as in LDSC"
        )
        covered = f"{files.name}: LD scores cover"
        notes += [] if any(line.startswith(covered) for line in notes) else [note]
    return np.sum([_read_total(path, names) for path in found.values()], axis=0), [str(path) for path in found.values()]


def _read_total(path: Path, names: tuple[str, ...]) -> NDArray[np.float64]:
    """Numbers on the first line of a file of totals, (n_categories,)."""
    lines = tables.read_text(path).splitlines()
    words = lines[0].split() if lines else []
    try:
        numbers = np.array([float(word) for word in words])
    except ValueError as error:
        found = repr(lines[0][:60])
        raise InputError(f"{path}: found {found}; expected numbers on the first line; correct the file") from error
    if not np.isfinite(numbers).all():
        raise InputError(f"{path}: found a number that is missing or infinite: {lines[0][:60]!r}; correct the file")
    if len(numbers) != len(names):
        raise InputError(
            f"{path}: found {len(numbers)} numbers; expected {len(names)}, one per column of LD scores "
            f"({first_of(names)}); take both files from the same run"
        )
    return numbers


# ---------------------------------------------------------------------------------------------------------------------
# Writing


def write_ldsc_ld_scores(tagging: Tagging, stem: str | Path, parts: Iterable[Tagging] | None = None) -> list[Path]:
    """Write LD scores for LDSC: ``<stem>.l2.ldscore.gz`` (CHR SNP BP and scores, ``%.3f``), ``.l2.M``, ``.l2.M_5_50``.

    Regression weights, alleles, MAF and CM have no place in these files.

    Parameters
    ----------
    tagging
        Where `parts` are given, only its totals and names count.
    stem
        With ``@``, one file per chromosome is written under the chromosome's name.  A tagging only knows the totals of
        the genome: they are then shared out by the number of SNPs, so that only their sum is right.
    parts
        The rows of one file, in parts that are asked for one after another: those of a genome may not fit in the memory.

    Returns
    -------
    list of Path
        The files written.
    """
    stem = str(stem)
    if parts is not None:
        stems, edges, written = [stem], np.array([0, len(tagging)]), [Path(f"{stem}.l2.ldscore.gz")]
        rows = (_ldsc_columns(replace(part, names=tagging.names)) for part in parts)
        tables.write_tsv(written[0], rows, float_format="%.3f")
        return written + _write_totals(tagging, stems, edges)
    table = _ldsc_columns(tagging)
    chromosomes, rank = rank_chromosomes(tagging.chrom)
    if "@" not in stem:
        stems, edges = [stem], np.array([0, len(tagging)])
    else:
        stems = [stem.replace("@", chromosome) for chromosome in chromosomes]
        edges = np.searchsorted(rank, np.arange(len(chromosomes) + 1))
    written = [Path(f"{name}.l2.ldscore.gz") for name in stems]
    with ThreadPoolExecutor(min(len(stems), usable_cores(), _MOST_THREADS)) as pool:
        slices = [table.slice(start, stop - start) for start, stop in itertools.pairwise(edges)]
        list(pool.map(lambda path, part: tables.write_tsv(path, part, float_format="%.3f"), written, slices))
    return written + _write_totals(tagging, stems, edges)


def _ldsc_columns(tagging: Tagging) -> pa.Table:
    columns = {"CHR": tagging.chrom, "SNP": tagging.snp, "BP": tagging.bp}
    columns |= {name: np.ascontiguousarray(tagging.tagging[:, place]) for place, name in enumerate(tagging.names)}
    return table_of_arrays(columns)


def _write_totals(tagging: Tagging, stems: Sequence[str], edges: NDArray[np.int64]) -> list[Path]:
    """The totals of files that hold the rows between these edges."""
    written = []
    for which, totals in zip(TOTALS, (tagging.m, tagging.m_5_50), strict=True):
        if totals is not None:
            shares = _share_out(totals, edges / len(tagging))
            for name, share in zip(stems, shares, strict=True):
                written.append(Path(f"{name}.l2.{which}"))
                tables.write_text(written[-1], "\t".join(_shortest(number) for number in share) + "\n")
    return written


def write_ldsc_totals(stem: str | Path, names: Sequence[str], totals: Mapping[str, NDArray[np.float64]]) -> list[Path]:
    """Write LDSC's files of a chromosome whose reference SNPs count but have no LD score: a header alone, and totals.

    LDSC takes a chromosome as there when it finds any of its files, and then wants all of them.

    Parameters
    ----------
    totals
        By their names, ``M`` and ``M_5_50``.
    """
    header = pa.table({name: pa.array([], pa.string()) for name in ("CHR", "SNP", "BP", *names)})
    written = [Path(f"{stem}.l2.ldscore.gz")]
    tables.write_tsv(written[0], header)
    for which, numbers in totals.items():
        written.append(Path(f"{stem}.l2.{which}"))
        tables.write_text(written[-1], "\t".join(_shortest(number) for number in numbers) + "\n")
    return written


def ldsc_names(names: Sequence[str]) -> tuple[str, ...]:
    """LDSC's names of columns: ``L2`` where there is one, else ``<name>L2``; ``_S<a>`` of --pq-exp stays behind it."""
    if all(re.search(r"L2(_S[^_]+)?$", name) for name in names):
        return tuple(names)
    if len(names) == 1:
        return ("L2",)
    return tuple(name if name.endswith("L2") else f"{name}L2" for name in names)


def _shortest(number: float) -> str:
    """Text that reads back to the same number, without a point when it is whole."""
    return str(int(number)) if number == int(number) else repr(float(number))


def _share_out(totals: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Totals in proportion to the widths between edges, (n_parts, n_categories); whole totals in whole numbers."""
    running = np.outer(edges, totals)
    whole = totals == np.rint(totals)
    running[:, whole] = np.rint(running[:, whole])
    return np.diff(running, axis=0)
