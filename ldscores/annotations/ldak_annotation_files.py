"""LDAK's files of annotations, partitions and SNP weights: lists of SNPs, with or without a value (SPEC-LDAK 4)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.annotations.annotation_set import Annotations, first_rows
from ldscores.ldak.weighting_files import read_ldak_weights
from ldscores.shared import tables
from ldscores.shared.arrow_arrays import as_numpy, one_chunk
from ldscores.shared.errors import InputError
from ldscores.shared.snp_names import describe_names
from ldscores.shared.unique_names import all_unique

logger = logging.getLogger(__name__)

#: Thinning and weightings leave tens of per cent of a panel; fewer tell of a list made for another one.
_FEW_WEIGHTED = 0.05

BACKGROUND = "Background"
_RESERVED_LABELS = ("Base", BACKGROUND)
_HEADER_WORDS = ("Predictor", "SNP")


def read_ldak_annotations(
    prefix: str, snp: pa.Array, number: int | None = None, labels: Sequence[str] | None = None
) -> Annotations:
    """Annotations ``<prefix>1`` to ``<prefix>K`` on the rows of a panel.

    A file with exactly two columns holds names and values; any other one holds names, whose value is 1.  SNPs that a
    file does not list have the value 0 and are no members; those listed are members even with the value 0.

    Parameters
    ----------
    prefix
        Of the files' names; compressed files are found too.
    snp : string array, (n_snps,)
        SNPs of the panel.
    number
        K; by default as many as there are without a gap.
    labels
        Names; ``Annotation_k`` by default.

    Raises
    ------
    InputError
        A file is missing, holds text for a value, lists a SNP twice with different values, or shares no SNP with the
        panel; labels are not K words, or one of them is Base or Background.
    """
    return _read_set(prefix, snp, number, labels, "annotation")


def read_ldak_partitions(
    prefix: str,
    snp: pa.Array,
    number: int | None = None,
    background: bool | None = None,
    all_one: bool = True,
    labels: Sequence[str] | None = None,
) -> Annotations:
    """Partitions ``<prefix>1`` to ``<prefix>K`` on the rows of a panel; no base category is added to them.

    Parameters
    ----------
    prefix, snp, number, labels
        As in :func:`read_ldak_annotations`; names are ``Partition_k`` by default.
    background
        What becomes of SNPs that no partition lists: True puts them in one more category, Background; False leaves
        them without heritability.
    all_one
        Whether a SNP of X partitions counts fully in each, or 1/X.

    Raises
    ------
    InputError
        As :func:`read_ldak_annotations`; also when SNPs are in no partition and `background` is None.
    """
    partitions = _read_set(prefix, snp, number, labels, "partition")
    values, members = partitions.values, partitions.membership
    n_partitions = members.sum(axis=1)
    if not all_one:
        values = values / np.maximum(n_partitions, 1)[:, None]
    names, outside = partitions.names, n_partitions == 0
    if outside.any() and background is None:
        raise InputError(
            f"{prefix}: {int(outside.sum())} of {len(snp)} SNPs are in none of the {len(names)} partitions (first: "
            f"{snp[int(np.argmax(outside))]}); expected all, or a word on the others: --background puts them in "
            "a category of their own, --no-background leaves them without heritability"
        )
    if outside.any() and background:
        values = np.column_stack([values, outside.astype(np.float64)])
        members = np.column_stack([members, outside])
        names = (*names, BACKGROUND)
    return Annotations(values, names, snp=snp, members=members, kind="partition", sources=partitions.sources,
                       notes=partitions.notes)  # fmt: skip


def read_snp_weights(path: str | Path, snp: pa.Array) -> NDArray[np.float64]:
    """SNP weights on the rows of a panel, (n_snps,); SNPs that the file lacks get 0.

    Parameters
    ----------
    path
        Weights as in :func:`ldscores.ldak.weighting_files.read_ldak_weights`, or names alone (``thin.in``), whose weight
        is 1.
    snp : string array, (n_snps,)
        SNPs of the panel.

    Raises
    ------
    InputError
        A weight is negative or no number, a SNP is listed twice, or none is in the panel.
    """
    path = Path(path)
    named = len(tables.read_header(path)[0]) > 1
    weights = read_ldak_weights(path).on(snp, absent=0.0) if named else _on_rows_of(path, *_read_list(path), snp)[0]
    n_weighted = int(np.count_nonzero(weights))
    level = logging.WARNING if n_weighted < _FEW_WEIGHTED * len(snp) else logging.INFO
    logger.log(level, "%s: %d of the panel's %d SNPs have a weight above 0", path, n_weighted, len(snp))
    return weights


# ---------------------------------------------------------------------------------------------------------------------


def _read_set(prefix: str, snp: pa.Array, number: int | None, labels: Sequence[str] | None, kind: str) -> Annotations:
    paths = _find_numbered(prefix, number, kind)
    if labels is None:
        labels = [f"{kind.capitalize()}_{place}" for place in range(1, len(paths) + 1)]
    _check_labels(prefix, labels, len(paths))
    values, members = np.zeros((len(snp), len(paths))), np.zeros((len(snp), len(paths)), dtype=bool)
    for place, path in enumerate(paths):
        values[:, place], members[:, place] = _on_rows_of(path, *_read_list(path), snp)
        if np.isnan(values[:, place]).any():
            first = snp[int(np.argmax(np.isnan(values[:, place])))]
            raise InputError(f"{path}: SNP {first} has no value; expected a number; add it or delete the line")
    covered = members.any(axis=1).sum()
    logger.info("%s: %d files list %d of %d SNPs", prefix, len(paths), covered, len(snp))
    note = f"{prefix}1 to {prefix}{len(paths)} list {covered} of the {len(snp)} SNPs"
    return Annotations(values, tuple(labels), snp=snp, members=members, kind=kind,
                       sources=tuple(map(str, paths)), notes=(note,))  # fmt: skip


def _find_numbered(prefix: str, number: int | None, kind: str) -> list[Path]:
    """Files ``<prefix>1``, ``<prefix>2``, ..."""
    option = f"--{kind}-number"
    if number is not None and number < 1:
        raise InputError(f"{option} {number}: expected 1 or more; correct it, or leave it out to use all files")
    paths: list[Path] = []
    while number is None or len(paths) < number:
        name = f"{prefix}{len(paths) + 1}"
        found = [Path(name + end) for end in ("", ".gz", ".bz2", ".xz", ".zst") if Path(name + end).is_file()]
        if not found and (number is not None or not paths):
            raise InputError(
                f"{name}: no such file; expected {prefix}1 to {prefix}{number or 'K'}, a list of SNPs each; check "
                f"--{kind}-prefix and {option}"
            )
        if not found:
            break
        paths.append(found[0])
    return paths


def _check_labels(prefix: str, labels: Sequence[str], n_files: int) -> None:
    wrong = next((label for label in labels if label in _RESERVED_LABELS or len(label.split()) != 1), None)
    if len(labels) != n_files or wrong is not None:
        found = f"{len(labels)} labels" if wrong is None else f"label {wrong!r}"
        raise InputError(
            f"{prefix}: found {found} for {n_files} files; expected one word for each file, none of them Base or "
            "Background; correct --labels"
        )


def _read_list(path: Path) -> tuple[pa.Array, NDArray[np.float64]]:
    """Names and values of a file; 1 unless it has exactly two columns."""
    header = tables.read_header(path)[0]
    has_header = header[0] in _HEADER_WORDS
    place = 1 if len(header) == 2 else None
    columns = header if has_header else [f"column {number}" for number in range(1, len(header) + 1)]
    wanted = [columns[0]] if place is None else [columns[0], columns[place]]
    types = dict(zip(wanted, (pa.string(), pa.float64()), strict=False))
    table = tables.read_table(path, columns=wanted, types=types, column_names=None if has_header else columns)
    names = one_chunk(table.column(0))
    return names, np.ones(len(names)) if place is None else as_numpy(table.column(1))


def _on_rows_of(
    path: Path, names: pa.Array, values: NDArray[np.float64], snp: pa.Array
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Values on the rows of a panel, 0 where a SNP is not listed, and which are listed."""
    if not all_unique(names):
        _check_repeats_agree(path, names, values)
    rows = pc.index_in(snp, value_set=names)
    listed = as_numpy(rows.is_valid())
    if not listed.any() and len(names):
        raise InputError(
            f"{path}: none of its {len(names)} SNPs is in the panel; it names SNPs by {describe_names(names)}, the "
            f"panel by {describe_names(snp)}; use names of the same kind"
        )
    found = np.zeros(len(snp))
    found[listed] = values[as_numpy(pc.drop_null(rows))]
    return found, listed


def _check_repeats_agree(path: Path, names: pa.Array, values: NDArray[np.float64]) -> None:
    differs = values != values[first_rows(names)]
    if differs.any():
        row = int(np.argmax(differs))
        raise InputError(f"{path}: SNP {names[row]} is listed twice with different values; expected it once; keep one")
