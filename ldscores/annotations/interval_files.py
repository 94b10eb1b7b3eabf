"""Annotations made for a panel: from BED files, gene sets with a window around the genes, and tables of values.

Which SNPs lie in a set of intervals is a look-up in their sorted edges: ten lines of numpy, and a million SNPs
in a tenth of a second.  Libraries of intervals would bring many times that, and data frames, for the same answer.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.annotations.annotation_files import read_snp_values
from ldscores.annotations.annotation_set import Annotations, join_annotations, match_annotations
from ldscores.chromosomes import bare_chromosomes
from ldscores.panels.plink_files import PLINK_MAGIC
from ldscores.shared import tables
from ldscores.shared.errors import InputError, OptionError
from ldscores.shared.messages import first_of
from ldscores.shared.streams import is_parquet, open_stream, reading

if TYPE_CHECKING:
    from ldscores.panels.reference_panel import ReferencePanel

logger = logging.getLogger(__name__)

#: Around genes: LDSC-SEG's.
GENE_WINDOW_KB = 100.0

#: What a file for --bed is, for messages.
_BED_EXPECTED = (
    "expected a BED file of intervals: chromosome, start (0-based) and end in its first three columns, separated by tabs; "
    "name such a file"
)

#: Lines of a BED file that are no intervals.
_COMMENTS = ("#", "track", "browser")

#: Headers of tables of genes, in lower case, by what they mean.
_GENE_COLUMNS = {
    "gene": ("gene", "name", "id", "gene_id", "ensgid", "geneid"),
    "chrom": ("chr", "chrom", "chromosome", "#chr", "#chrom"),
    "start": ("start", "begin", "txstart"),
    "end": ("end", "stop", "txend"),
}


@dataclass(frozen=True, eq=False)
class Intervals:
    """Intervals of the genome, 0-based and half-open: the SNP at base pair p is inside when start <= p - 1 < end.

    Parameters
    ----------
    chrom : string array, (n_intervals,)
        Chromosomes as text, without a leading ``chr``.
    start, end : int64, (n_intervals,)
        0-based edges.
    """

    chrom: pa.Array
    start: NDArray[np.int64]
    end: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start)


def snps_in_intervals(chrom: pa.Array, bp: NDArray[np.int64], intervals: Intervals) -> NDArray[np.bool_]:
    """Which SNPs lie in at least one interval, (n_snps,).

    Parameters
    ----------
    chrom : string array, (n_snps,)
        Chromosomes, with or without a leading ``chr``.
    bp : int64, (n_snps,)
        1-based positions.
    """
    inside = np.zeros(len(bp), dtype=bool)
    encoded = bare_chromosomes(chrom).dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    places = pc.index_in(intervals.chrom, value_set=encoded.dictionary)
    code_of_interval = pc.fill_null(places, -1).to_numpy(zero_copy_only=False)
    for code in np.unique(code_of_interval[code_of_interval >= 0]):
        here = code_of_interval == code
        order = np.argsort(intervals.start[here], kind="stable")
        starts = intervals.start[here][order]
        reach = np.maximum.accumulate(intervals.end[here][order])  # of all intervals that have started so far
        snps = codes == code
        zero_based = bp[snps] - 1
        n_started = np.searchsorted(starts, zero_based, side="right")
        inside[snps] = (n_started > 0) & (zero_based < reach[n_started - 1])
    return inside


# ---------------------------------------------------------------------------------------------------------------------
# BED files


def read_bed_intervals(path: str | Path) -> Intervals:
    """Intervals of a BED or bedGraph file: its first three columns, chromosome, start and end.

    Lines before the first interval that begin with ``#``, ``track`` or ``browser`` and a header line are passed over.

    Raises
    ------
    InputError
        Fewer than three columns, positions that are not whole numbers, or an interval that ends before it starts.
    """
    path = Path(path)
    _check_is_text(path)
    header = tables.read_header(path, comment=_COMMENTS)[0]
    if len(header) < 3:
        raise InputError(f"{path}: found {len(header)} columns; {_BED_EXPECTED}")
    named = not header[1].isdigit()
    columns = header if named else [f"column {place}" for place in range(1, len(header) + 1)]
    wanted = columns[:3]
    types = dict(zip(wanted, (pa.string(), pa.int64(), pa.int64()), strict=True))
    try:
        table = tables.read_table(
            path,
            columns=wanted,
            types=types,
            comment=_COMMENTS,
            column_names=None if named else columns,
            null_texts=("",),
        )
    except InputError as error:
        text = re.search(r"column (.+): found ('.*'), expected a whole number", str(error))
        if text is None:
            raise
        edge = "start" if text[1] == wanted[1] else "end"
        remedy = f"; {_BED_EXPECTED}" if named else ", expected a whole number; correct it"
        what = f"found {text[2]}{f' in column {text[1]}' if named else ''}"
        raise InputError(f"{path}: {what} as the {edge} of an interval{remedy}") from None
    chrom, start, end = (table[name] for name in wanted)
    if chrom.null_count or start.null_count or end.null_count:
        raise InputError(f"{path}: an interval lacks its chromosome, start or end; expected all three; complete it")
    start, end = start.to_numpy(), end.to_numpy()
    if (end < start).any() or (start < 0).any():
        row = int(np.argmax((end < start) | (start < 0)))
        raise InputError(
            f"{path}: interval {row + 1} goes from {start[row]} to {end[row]}; expected 0 <= start <= end; correct it"
        )
    logger.info("%s: %d intervals", path, len(start))
    return Intervals(bare_chromosomes(pc.utf8_trim_whitespace(chrom.combine_chunks())), start, end)


def _check_is_text(path: Path) -> None:
    """Raise InputError for genotypes, which end in .bed too, and for Parquet."""
    with reading(path), open_stream(path) as stream:
        is_panel = stream.read(len(PLINK_MAGIC)) == PLINK_MAGIC
    if is_panel or is_parquet(path):
        raise InputError(f"{path}: found {'PLINK genotypes' if is_panel else 'a Parquet file'}; {_BED_EXPECTED}")


def annotate_bed(
    paths: Sequence[str | Path], snp: pa.Array, chrom: pa.Array, bp: NDArray[np.int64],
    names: Sequence[str] | None = None, flank_bp: int = 0,
) -> Annotations:  # fmt: skip
    """One annotation for each BED file: 1 for SNPs in its intervals.

    Parameters
    ----------
    paths
        BED files.
    snp, chrom, bp
        SNPs of the panel.
    names
        Of the annotations; by default the files' names without their endings.
    flank_bp
        Base pairs added on both sides of each interval.

    Raises
    ------
    InputError
        A file is broken, or has no chromosome in common with the panel.
    """
    names = [re.sub(r"\.(bed|bedgraph|bg|narrowpeak|broadpeak|txt|gz|bz2|xz|zst)\b", "", Path(path).name,
                    flags=re.IGNORECASE) for path in paths] if names is None else names  # fmt: skip
    if len(names) != len(paths):
        raise InputError(f"--names: found {len(names)} names for {len(paths)} BED files; expected one each; correct it")
    columns, notes = [], []
    for path, name in zip(paths, names, strict=True):
        intervals = read_bed_intervals(path)
        _check_chromosomes(path, intervals, chrom)
        widened = Intervals(intervals.chrom, np.maximum(intervals.start - flank_bp, 0), intervals.end + flank_bp)
        columns.append(snps_in_intervals(chrom, bp, widened))
        notes.append(f"{name}: {int(columns[-1].sum())} of {len(bp)} SNPs lie in {len(intervals)} intervals of {path}")
    return Annotations(
        np.column_stack(columns).astype(np.float64), tuple(names), snp=snp, chrom=chrom, bp=bp,
        sources=tuple(map(str, paths)), notes=tuple(notes),
    )  # fmt: skip


def _check_chromosomes(path: str | Path, intervals: Intervals, chrom: pa.Array) -> None:
    in_file = set(pc.unique(intervals.chrom).to_pylist())
    in_panel = set(pc.unique(bare_chromosomes(chrom)).to_pylist())
    if not in_file & in_panel:
        raise InputError(
            f"{path}: its chromosomes ({', '.join(sorted(in_file)[:5])}) are not those of the panel "
            f"({', '.join(sorted(in_panel)[:5])}); expected a common one, with or without chr; name a file of the "
            "same species and assembly"
        )


# ---------------------------------------------------------------------------------------------------------------------
# Gene sets


def read_gene_coordinates(path: str | Path) -> tuple[dict[str, NDArray[np.int64]], Intervals]:
    """Genes with their coordinates, which are 1-based with both ends included.

    Parameters
    ----------
    path
        Name, chromosome, start and end, with a header (LDSC's ``ENSG_coord.txt``: GENE CHR START END) or in this order
        without one (LDAK's, MAGMA's ``.gene.loc``).  MAGMA's sixth column, the symbol, is a second name.

    Returns
    -------
    rows : dict
        Rows of the intervals by name of the gene; a name may have several.
    intervals : Intervals
        One for each line.
    """
    path = Path(path)
    header = tables.read_header(path)[0]
    if len(header) < 4:
        raise InputError(
            f"{path}: found {len(header)} columns; expected name, chromosome, start and end of genes; name another file"
        )
    named = not header[2].isdigit()
    columns = header if named else [f"column {place}" for place in range(1, len(header) + 1)]
    wanted = _gene_columns(path, header) if named else columns[:4]
    types = dict.fromkeys(columns, pa.string()) | {wanted[2]: pa.int64(), wanted[3]: pa.int64()}
    table = tables.read_table(path, types=types, column_names=None if named else columns).drop_null()
    starts, ends = table[wanted[2]].to_numpy(), table[wanted[3]].to_numpy()
    if (ends < starts).any():
        row = int(np.argmax(ends < starts))
        raise InputError(
            f"{path}: gene {table[wanted[0]][row]} goes from {starts[row]} to {ends[row]}; expected start <= end; "
            "correct it"
        )
    symbols = [columns[5]] if not named and len(header) >= 6 else []
    rows: dict[str, list[int]] = {}
    for name in (wanted[0], *symbols):
        known = set(rows)
        for row, gene in enumerate(table[name].to_pylist()):
            if gene not in known:  # a symbol never overrides an identifier
                rows.setdefault(gene, []).append(row)
    intervals = Intervals(bare_chromosomes(table[wanted[1]].combine_chunks()), starts - 1, ends)
    return {gene: np.array(places) for gene, places in rows.items()}, intervals


def _gene_columns(path: Path, header: Sequence[str]) -> list[str]:
    by_lower = {name.lower(): name for name in reversed(header)}
    candidates = [[by_lower[name] for name in names if name in by_lower] for names in _GENE_COLUMNS.values()]
    if not all(candidates):
        raise InputError(
            f"{path}: found columns {' '.join(header[:10])}; expected GENE CHR START END; rename them, or leave the "
            "header out if the columns stand in this order"
        )
    return [first for first, *_ in candidates]


def read_gene_sets(path: str | Path) -> dict[str, tuple[str, ...]]:
    """Gene sets by name: every line of a ``.gmt`` file, or one set, named after the file, with one gene a line."""
    path = Path(path)
    lines = [line.strip() for line in tables.read_text(path).splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        raise InputError(f"{path}: found no gene; expected one on each line; check the file")
    if re.search(r"\.gmt(\.\w+)?$", path.name):
        fields = [line.split("\t") for line in lines]
        short = next((words for words in fields if len(words) < 3), None)
        if short is not None:
            raise InputError(
                f"{path}: line {short[0][:60]!r} has {len(short)} fields; expected a name, a description and "
                "genes, separated by tabs; correct it"
            )
        return {words[0]: tuple(words[2:]) for words in fields}
    return {path.name.split(".")[0]: tuple(line.split()[0] for line in lines)}


def annotate_gene_sets(
    gene_sets: Mapping[str, Sequence[str]], coordinates: str | Path, snp: pa.Array, chrom: pa.Array,
    bp: NDArray[np.int64], window_kb: float = GENE_WINDOW_KB,
) -> Annotations:  # fmt: skip
    """One annotation for each gene set: 1 for SNPs in its genes or within a window around them.

    Parameters
    ----------
    gene_sets
        Genes by name of the set, see :func:`read_gene_sets`.
    coordinates
        Table of genes, see :func:`read_gene_coordinates`.
    snp, chrom, bp
        SNPs of the panel.
    window_kb
        Added on both sides of each gene; 100 kb is LDSC-SEG's.

    Raises
    ------
    InputError
        None of the genes of a set has coordinates, or a table has no chromosome in common with the panel.
    """
    rows, intervals = read_gene_coordinates(coordinates)
    _check_chromosomes(coordinates, intervals, chrom)
    flank = round(window_kb * 1000)
    columns, notes = [], []
    for name, genes in gene_sets.items():
        known = [gene for gene in dict.fromkeys(genes) if gene in rows]
        if not known:
            raise InputError(
                f"{coordinates}: has none of the {len(genes)} genes of {name} ({first_of(genes, 3)}); it "
                f"names them like {first_of(rows, 3)}; use one kind of names: symbols, Entrez or Ensembl"
            )
        places = np.unique(np.concatenate([rows[gene] for gene in known]))
        around = Intervals(
            intervals.chrom.take(pa.array(places)), np.maximum(intervals.start[places] - flank, 0),
            intervals.end[places] + flank,
        )  # fmt: skip
        columns.append(snps_in_intervals(chrom, bp, around))
        notes.append(
            f"{name}: {len(known)} of {len(set(genes))} genes have coordinates; {int(columns[-1].sum())} of {len(bp)} "
            f"SNPs lie within {window_kb:g} kb of them"
        )
    return Annotations(
        np.column_stack(columns).astype(np.float64), tuple(gene_sets), snp=snp, chrom=chrom, bp=bp,
        sources=(str(coordinates),), notes=tuple(notes),
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# All kinds together


def make_annotations(
    panel: ReferencePanel,
    *,
    bed: Sequence[str | Path] | None = None,
    names: Sequence[str] | None = None,
    gene_sets: Sequence[str | Path] | None = None,
    gene_coordinates: str | Path | None = None,
    window_kb: float | None = None,
    value_tables: Sequence[str | Path] | None = None,
) -> Annotations:
    """Annotations of a panel's SNPs from intervals, gene sets and tables of values, side by side.

    Parameters
    ----------
    panel
        Whose SNPs are annotated.
    bed, names
        As in :func:`annotate_bed`.
    gene_sets, gene_coordinates
        Files of gene sets, see :func:`read_gene_sets`, and the table of genes.
    window_kb
        Added on both sides of intervals (0 by default) and genes (100 by default).
    value_tables
        Files of values, see :func:`ldscores.annotations.annotation_files.read_snp_values`.

    Raises
    ------
    InputError
        Nothing is given, options do not go together, a set or name appears twice, or a file is broken.
    """
    if not (bed or gene_sets or value_tables):
        raise OptionError(
            "annotate: found none of --bed, --gene-sets and --tables; expected at least one; name what to annotate with"
        )
    if (not gene_sets) != (gene_coordinates is None):
        raise OptionError(
            "found one of --gene-sets and --gene-coordinates; expected both; add the other or leave it out"
        )
    if names is not None and not bed:
        raise OptionError("--names: found no --bed, whose annotations it names; expected both; leave it out")
    if window_kb is not None and (window_kb < 0 or not (bed or gene_sets)):
        raise InputError(
            f"--window-kb {window_kb:g}: expected 0 or more, with --bed or --gene-sets; correct it or leave it out"
        )
    parts = []
    if bed:
        parts.append(annotate_bed(bed, panel.snp, panel.chrom, panel.bp, names, round((window_kb or 0) * 1000)))
    if gene_sets and gene_coordinates is not None:
        sets: dict[str, tuple[str, ...]] = {}
        for path in gene_sets:
            found = read_gene_sets(path)
            repeated = next((name for name in found if name in sets), None)
            if repeated is not None:
                raise InputError(f"{path}: gene set {repeated} was named before; expected unique names; rename one")
            sets |= found
        window = GENE_WINDOW_KB if window_kb is None else window_kb
        parts.append(annotate_gene_sets(sets, gene_coordinates, panel.snp, panel.chrom, panel.bp, window))
    for path in value_tables or ():
        values = match_annotations(read_snp_values(path), panel.snp, where=panel.where)
        note = f"{', '.join(values.names)}: values of {len(values)} SNPs from {path}"
        parts.append(replace(values, chrom=panel.chrom, bp=panel.bp, notes=(note,)))
    annotations = join_annotations(parts)
    for warning in annotations.warnings():
        logger.warning("%s", warning)
    return annotations
