"""Sums of annotations straight from LDSC's annotation and frequency files, one chromosome in memory at a time."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ldscores.annotations.annotation_files import find_annotations, read_annotation_file
from ldscores.annotations.annotation_set import COMMON_MAF, Annotations, category_overlap
from ldscores.annotations.annotation_sums import (
    BLOCK_BP,
    BLOCK_CM,
    AnnotationSums,
    QuantileSums,
    count_touched_blocks,
    has_map,
    quantile_edges,
)
from ldscores.chromosome_files import FileSet, find_files, split_names
from ldscores.shared import tables
from ldscores.shared.errors import InputError
from ldscores.shared.progress import progress

logger = logging.getLogger(__name__)

#: Columns that hold allele frequencies, as LDSC reads them.
_FREQUENCY_COLUMNS = ("FRQ", "MAF")


def read_annotation_sums(
    annot: str,
    frq: str | None = None,
    *,
    quantile_of: str | None = None,
    n_quantiles: int = 5,
    exclude_zero: bool = False,
) -> AnnotationSums:
    """Overlap of annotations, their sums, and the blocks they touch, as LDSC's ``--overlap-annot`` makes them.

    Parameters
    ----------
    annot
        Annotation files as :func:`ldscores.annotations.annotation_files.read_annotations` takes them, several sets by
        commas.
    frq
        Files ``.frq`` with SNP and FRQ or MAF: only SNPs with 0.05 < frequency < 0.95 count, as in M_5_50.  None counts
        all SNPs, as in M.  Rows are matched by the names of the SNPs where the annotations have them; LDSC counts rows.
    quantile_of
        Cut this annotation in bins and sum all over the SNPs of each (LDSC's quantile_M, whose common SNPs are
        0.05 <= frequency <= 0.95).
    n_quantiles
        Number of bins.
    exclude_zero
        Leave SNPs with the value 0 out of the bins.

    Raises
    ------
    InputError
        Files are missing or broken, do not hold the same SNPs, or lack the annotation to cut.
    """
    chromosomes = _Chromosomes(annot, frq)
    if quantile_of is not None and n_quantiles < 2:
        raise InputError(f"--quantiles: found {n_quantiles}, expected at least 2; 5 are usual")
    total: Any = None  # the CategoryOverlap so far
    binary, values_of = True, []
    touched: Any = 0
    n_blocks: int = 0
    for annotated, frequency, coordinates in progress(
        chromosomes, total=len(chromosomes), label="annotations", unit="chromosomes"
    ):
        values = annotated.values
        common = np.ones(len(values), bool) if frequency is None else _within(frequency, COMMON_MAF)
        part = category_overlap(values, common)
        total = part if total is None else total + part
        binary = binary & ((values == 0) | (values == 1)).all(axis=0)
        counted = (np.nan, 0) if coordinates is None else count_touched_blocks(values, *coordinates)
        touched, n_blocks = touched + counted[0], n_blocks + counted[1]
        if quantile_of is not None:
            values_of.append(_quantile_values(annotated, frequency, quantile_of, exclude_zero))
    names = annotated.names
    quantiles = None
    if quantile_of is not None:
        edges = quantile_edges(np.concatenate(values_of), n_quantiles)
        quantiles = _sum_bins(chromosomes, quantile_of, edges, exclude_zero)
    logger.info("%s: overlap of %d annotations over %d SNPs", annot, len(names), total.n_reference_5_50)
    return AnnotationSums(
        names=names, overlap=total.overlap_5_50, sums=total.m_5_50, n_reference=total.n_reference_5_50,
        common=frq is not None, binary=np.asarray(binary),
        block_share=np.broadcast_to(touched / max(n_blocks, 1), len(names)).astype(np.float64),
        set_sizes=chromosomes.set_sizes, sources=tuple(chromosomes.sources), quantiles=quantiles,
    )  # fmt: skip


def has_annotations(names: str) -> bool:
    """Whether there are annotation files of these names, e.g. of the prefix of LD scores.

    A file that is named itself counts where its name says that it holds annotations: LD scores and taggings do not.
    """
    try:
        found = [path for name in split_names(names) for path in find_annotations(name).files.values()]
    except InputError:
        return False
    return all(re.search(r"\.annot(\.\w+)?$", path.name) is not None for path in found)


def check_annotation_files(annot: str, frq: str | None = None) -> None:
    """Raise InputError where :func:`read_annotation_sums` would find no file, without reading any."""
    for name in split_names(annot):
        find_annotations(name)
    if frq is not None:
        find_files(split_names(frq)[0], "allele frequencies", (".frq",))


def read_quantile_sums(path: str | Path) -> QuantileSums:
    """Bins as LDSC's quantile_M writes them: a line N with the numbers of SNPs, then a line for each annotation.

    Parameters
    ----------
    path
        The file, plain or compressed.

    Raises
    ------
    InputError
        The first line is not N, or a line holds another number of bins.
    """
    path = Path(path)
    lines = [line.split() for line in tables.read_text(path).splitlines() if line.strip()]
    if not lines or lines[0][0] != "N" or len(lines) < 2 or len(lines[0]) < 3:
        found = " ".join(lines[0][:6]) if lines else "nothing"
        raise InputError(
            f"{path}: found {found!r} in the first line; expected N and the number of SNPs in each bin, then a line for "
            "each annotation, as LDSC's quantile_M.pl writes them; check that this is the right file"
        )
    for words in lines:
        if len(words) != len(lines[0]):
            raise InputError(
                f"{path}: line {words[0]} has {len(words) - 1} numbers, expected {len(lines[0]) - 1}, one a bin; make "
                "the file again"
            )
    try:
        numbers = np.array([[float(word) for word in words[1:]] for words in lines])
    except ValueError as error:
        raise InputError(f"{path}: {error}; expected numbers after the first word of each line; correct it") from error
    return QuantileSums(
        of=path.name, n_snps=numbers[0].astype(np.int64), sums=np.ascontiguousarray(numbers[1:].T),
        edges=np.full(numbers.shape[1] + 1, np.nan), names=tuple(words[0] for words in lines[1:]),
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# Chromosome by chromosome


class _Chromosomes:
    """Annotations, frequencies and positions of each chromosome; can be gone through more than once."""

    def __init__(self, annot: str, frq: str | None) -> None:
        self.sets = [find_annotations(name) for name in split_names(annot)]
        self.frq = None if frq is None else find_files(split_names(frq)[0], "allele frequencies", (".frq",))
        tokens = self.sets[0].files
        for other in self.sets[1:]:
            if list(other.files) != list(tokens):
                raise InputError(
                    f"{other.name}: found annotations of {' '.join(other.files) or 'one file'}, expected the files of "
                    f"{self.sets[0].name} ({' '.join(tokens)}); name sets with the same chromosomes"
                )
        if self.frq is not None and list(self.frq.files) != list(tokens) and "" not in self.frq.files:
            missing = [token for token in tokens if token not in self.frq.files]
            if missing:
                raise InputError(
                    f"{self.frq.name}: found no frequencies of {' '.join(missing)}; expected a file for each file of "
                    f"{self.sets[0].name}; add them, or leave --frq out and take all SNPs with --m M"
                )
        self.tokens = list(tokens)
        self.set_sizes: tuple[int, ...] = ()
        self._frequencies_of_all: tuple[pa.Array | None, NDArray[np.float64]] | None = None

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def sources(self) -> list[str]:
        """Files read."""
        files = [path for one in self.sets for path in one.files.values()]
        return [str(path) for path in files + ([] if self.frq is None else list(self.frq.files.values()))]

    def __iter__(self) -> Iterator[tuple[Annotations, NDArray | None, tuple[NDArray, NDArray, float] | None]]:
        first_names = None
        for token in self.tokens:
            parts = [read_annotation_file(one.files[token], np.float64) for one in self.sets]
            self.set_sizes = tuple(part.n_annots for part in parts)
            annotations = _side_by_side(parts)
            if first_names is not None and annotations.names != first_names:
                raise InputError(
                    f"{annotations.where}: found annotations {', '.join(annotations.names[:5])}, in the first file they "
                    f"are {', '.join(first_names[:5])}; expected the same columns in every file; make the file again"
                )
            first_names = annotations.names
            frequency = None if self.frq is None else self._frequency(self.frq, token, annotations)
            yield annotations, frequency, _coordinates(self.sets[0], token, annotations)

    def _frequency(self, frq: FileSet, token: str, annotations: Annotations) -> NDArray[np.float64]:
        if "" not in frq.files:
            return _match_frequencies(*_read_frequencies(frq.files[token]), annotations, frq.files[token])
        if self._frequencies_of_all is None:
            self._frequencies_of_all = _read_frequencies(frq.files[""])
        return _match_frequencies(*self._frequencies_of_all, annotations, frq.files[""])


def _side_by_side(parts: list[Annotations]) -> Annotations:
    """Sets of one chromosome as one; names may repeat, as in LDSC, and get numbers."""
    first, *others = parts
    if not others:
        return first
    for other in others:
        names_agree = first.snp is None or other.snp is None or first.snp.equals(other.snp)
        if len(other) != len(first) or not names_agree:
            raise InputError(
                f"{other.where}: found {len(other)} SNPs that are not the {len(first)} of {first.where} in their order; "
                "expected sets of the same SNPs; make the annotations for one panel"
            )
    return Annotations(
        values=np.concatenate([part.values for part in parts], axis=1),
        names=tuple(f"{name}_{place}" for place, part in enumerate(parts) for name in part.names),
        snp=next((part.snp for part in parts if part.snp is not None), None),
        chrom=next((part.chrom for part in parts if part.chrom is not None), None),
        bp=next((part.bp for part in parts if part.bp is not None), None),
        sources=tuple(source for part in parts for source in part.sources),
    )


def _read_frequencies(path: Path) -> tuple[pa.Array | None, NDArray[np.float64]]:
    header = tables.read_header(path)[0]
    column = next((name for name in _FREQUENCY_COLUMNS if name in header), None)
    if column is None:
        raise InputError(
            f"{path}: found columns {' '.join(header[:12])}; expected FRQ or MAF, as PLINK's --freq writes it; "
            "rename the column"
        )
    names = ["SNP"] if "SNP" in header else []
    table = tables.read_table(path, columns=[*names, column], types={"SNP": pa.string(), column: pa.float64()})
    snp = table["SNP"].combine_chunks() if names else None
    if isinstance(snp, pa.ChunkedArray):
        snp = snp.chunk(0)
    return snp, table[column].to_numpy().astype(np.float64)


def _match_frequencies(
    snp: pa.Array | None, frequency: NDArray[np.float64], annotations: Annotations, path: Path
) -> NDArray[np.float64]:
    """Frequencies on the rows of the annotations."""
    import pyarrow.compute as pc

    same_rows = len(frequency) == len(annotations)
    if same_rows and (snp is None or annotations.snp is None or snp.equals(annotations.snp)):
        return frequency
    if snp is None or annotations.snp is None:
        raise InputError(
            f"{path}: found {len(frequency)} SNPs, expected the {len(annotations)} of {annotations.where}; without "
            "names in both files rows are matched by their number: use files of one panel"
        )
    places = pc.index_in(annotations.snp, value_set=snp)
    if places.null_count:
        row = int(np.argmax(pc.is_null(places).to_numpy(zero_copy_only=False)))
        raise InputError(
            f"{path}: found no frequency for {places.null_count} of the {len(annotations)} SNPs of "
            f"{annotations.where} (first: {annotations.snp[row]}); expected one for each; use files of one panel"
        )
    return frequency[places.to_numpy(zero_copy_only=False)]


def _within(frequency: NDArray[np.float64], limit: float, inclusive: bool = False) -> NDArray[np.bool_]:
    if inclusive:
        return (frequency >= limit) & (frequency <= 1 - limit)
    return (frequency > limit) & (frequency < 1 - limit)


def _coordinates(files: FileSet, token: str, annotations: Annotations) -> tuple[NDArray, NDArray, float] | None:
    """Chromosome codes, positions and the width of a block in their unit; None of a thin file, which has neither."""
    codes = np.zeros(len(annotations), dtype=np.int32)
    if annotations.chrom is not None:
        codes = annotations.chrom.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    path = files.files[token]
    if not tables.is_parquet(path) and "CM" in tables.read_header(path)[0]:
        cm = tables.read_table(path, columns=["CM"], types={"CM": pa.float64()})["CM"].to_numpy()
        if has_map(cm):
            return codes, cm, BLOCK_CM
    if annotations.bp is not None:
        return codes, annotations.bp, BLOCK_BP
    return None


# ---------------------------------------------------------------------------------------------------------------------
# Bins of one annotation


def _quantile_values(
    annotations: Annotations, frequency: NDArray | None, of: str, exclude_zero: bool
) -> NDArray[np.float64]:
    """Values of the annotation to cut at the SNPs that count."""
    values = annotations.select([of]).values[:, 0].astype(np.float64)
    return values[_in_bins(values, frequency, exclude_zero)]


def _in_bins(values: NDArray, frequency: NDArray | None, exclude_zero: bool) -> NDArray[np.bool_]:
    counts = np.ones(len(values), bool) if frequency is None else _within(frequency, COMMON_MAF, inclusive=True)
    return counts & (values != 0) if exclude_zero else counts


def _sum_bins(chromosomes: _Chromosomes, of: str, edges: NDArray, exclude_zero: bool) -> QuantileSums:
    n_bins = len(edges) - 1
    n_snps = np.zeros(n_bins, dtype=np.int64)
    names: tuple[str, ...] = ()
    sums: Any = 0
    for annotated, frequency, _ in chromosomes:
        values = annotated.select([of]).values[:, 0].astype(np.float64)
        places = np.searchsorted(edges, values, side="left") - 1
        inside = _in_bins(values, frequency, exclude_zero) & (places >= 0) & (places < n_bins)
        places = places[inside]
        n_snps += np.bincount(places, minlength=n_bins)
        weights = annotated.values[inside]
        sums = sums + np.stack([weights[places == place].sum(axis=0, dtype=np.float64) for place in range(n_bins)])
        names = annotated.names
    if not n_snps.all():
        empty = int(np.argmin(n_snps))
        raise InputError(
            f"--quantile-of {of}: bin {empty + 1} of {n_bins} is empty: too many SNPs share one value; ask for fewer "
            "--quantiles, or leave zeros out with --exclude-zero"
        )
    return QuantileSums(of, n_snps, sums, edges, names)
