"""LDAK's ``.tagging`` files, read and written as LDAK 6.2 prints them.

One line a SNP with nine columns and a value for each category; then one line a category with its contributions to all
categories, and one with counts.  Each of these has nine words too, so that the whole file is one table.

LDAK's files name neither chromosome nor position, and its jackknife cuts blocks in the order of the lines.  That order
is kept: every SNP gets the chromosome :data:`ldscores.models.ldak_columns.LDAK_CHROMOSOME` and the number of its line as
position.  :func:`ldscores.taggings.merge.place_on_genome` gives them those of a panel.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.models.ldak_columns import LDAK_CHROMOSOME, LdakColumns
from ldscores.shared import tables
from ldscores.shared.alleles import NOT_A_BASE, decode_alleles, encode_alleles
from ldscores.shared.arrow_arrays import as_arrow, as_arrow_texts, as_numpy, as_scalar, one_chunk, repeat_text
from ldscores.shared.errors import InputError
from ldscores.shared.messages import counted
from ldscores.shared.text_columns import fixed_point
from ldscores.taggings.tagging import Tagging

logger = logging.getLogger(__name__)

#: The nine columns before the categories.  BLANK and -1 stand where several models lie side by side; Variance where
#: LDAK ran with ``--hwe-stand NO``.
_HEADER = (
    ("Predictor",), ("A1",), ("A2",), ("Neighbours",), ("Tagging",), ("Weight", "BLANK"), ("MAF", "Variance", "BLANK"),
    ("Categories",), ("Exp_Heritability", "BLANK"),
)  # fmt: skip
_SHOWN_HEADER = " ".join(names[0] for names in _HEADER)

_ROWS_AT_A_TIME = 50_000


def is_ldak_tagging_name(name: str) -> bool:
    """Whether a name ends as LDAK's taggings do, compressed or not."""
    return re.search(r"\.tagging(\.(gz|bz2|xz|zst))?$", name) is not None


# ---------------------------------------------------------------------------------------------------------------------
# Reading


def read_ldak_tagging(path: str | Path) -> Tagging:
    """A tagging of LDAK: of one panel, joined, merged or reduced.

    The Tagging column becomes `regression_tagging`; the totals M are the categories' contributions to themselves, the
    sums of their values over the heritability SNPs.

    Parameters
    ----------
    path
        Plain, gzip, bz2, xz or zstd.

    Raises
    ------
    InputError
        The header is not LDAK's, a label appears twice, the lines at the end are missing or cut short, a count
        disagrees with the lines, or a value is no number.
    """
    path = Path(path)
    header = tables.read_header(path)[0]
    labels = _check_header(path, header)
    n_fixed, n_labels = len(_HEADER), len(labels)
    columns = [f"{place + 1} ({name})" for place, name in enumerate(header)]  # BLANK is there three times
    types = {name: pa.string() for name in columns[:n_fixed]} | {name: pa.float64() for name in columns[n_fixed:]}
    table = tables.read_table(
        path, column_names=columns, types=types, comment=header[0], fill_short_lines=False, null_texts=()
    )
    fixed = [one_chunk(table[name]) for name in columns[:n_fixed]]
    values = np.empty((table.num_rows, n_labels))
    for place, name in enumerate(columns[n_fixed:]):
        values[:, place] = as_numpy(table[name])
    n_rows = _check_tail(path, fixed, n_labels)
    n_reference, n_heritability, counts = _read_counts(path, fixed, values[-1], n_rows, labels)
    words = [column.slice(0, n_rows) for column in fixed]
    numbers = {name: _numbers(path, words, place, header) for place, name in enumerate(header[:9]) if place > 2}
    known = {name: numbers[name] for name in ("MAF", "Exp_Heritability") if name in header[:9]}
    ldak = LdakColumns(
        contributions=values[n_rows:-1].copy(), counts=counts, n_reference=n_reference, n_heritability=n_heritability,
        kind=_kind_of_rows(fixed, n_rows), neighbours=numbers["Neighbours"].astype(np.int64),
        n_memberships=numbers["Categories"].astype(np.int64), exp_heritability=known.get("Exp_Heritability"),
        weight=_weights(words[5], numbers.get("Weight")),
        # LDAK prints d_j squared in this column.
        variance=np.sqrt(numbers["Variance"]) if "Variance" in numbers else None,
    )  # fmt: skip
    tagging = Tagging(
        snp=words[0], chrom=repeat_text(LDAK_CHROMOSOME, n_rows), bp=np.arange(1, n_rows + 1),
        tagging=values[:n_rows], names=labels, m=np.diag(ldak.contributions).copy(),
        regression_tagging=numbers["Tagging"], a1=encode_alleles(words[1]), a2=encode_alleles(words[2]),
        maf=known.get("MAF"), sources=(str(path),), ldak=ldak,
    )  # fmt: skip
    logger.info("%s: %s", path, tagging.counts)
    return tagging


def _check_header(path: Path, header: Sequence[str]) -> tuple[str, ...]:
    """Labels of the categories."""
    fixed, labels = tuple(header[: len(_HEADER)]), tuple(header[len(_HEADER) :])
    wrong = len(fixed) < len(_HEADER) or any(name not in names for name, names in zip(fixed, _HEADER, strict=True))
    if wrong or not labels:
        raise InputError(
            f"{path}: found the header {' '.join(header[:10])!r}; expected {_SHOWN_HEADER} and the categories, as LDAK "
            "writes them; check that this is a .tagging file"
        )
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise InputError(f"{path}: category {twice!r} appears twice; expected unique labels; rename one in the header")
    return labels


def _check_tail(path: Path, fixed: Sequence[pa.Array], n_labels: int) -> int:
    """Number of lines with a SNP; the others must be a line for each category and the counts."""
    first = fixed[0]
    in_tail = pc.or_(
        pc.and_(pc.equal(first, as_scalar("The")), pc.equal(fixed[1], as_scalar("relative"))),
        pc.and_(pc.equal(first, as_scalar("There")), pc.equal(fixed[1], as_scalar("are"))),
    )
    in_tail = as_numpy(in_tail)
    n_rows = int(np.argmax(in_tail)) if in_tail.any() else len(first)
    n_tail = len(first) - n_rows
    complete = n_tail == n_labels + 1 and in_tail[n_rows:].all() and first[-1].as_py() == "There"
    if not complete:
        raise InputError(
            f"{path}: found {n_tail} lines of sums after {n_rows} SNPs; expected {n_labels + 1}, one for each of the "
            f"{n_labels} categories and one of counts; the file is truncated, or two were put together: calculate it "
            "again"
        )
    if n_rows == 0:
        raise InputError(f"{path}: found no SNP before the lines of sums; expected a line for each; calculate it again")
    return n_rows


def _read_counts(
    path: Path, fixed: Sequence[pa.Array], counts: NDArray[np.float64], n_rows: int, labels: Sequence[str]
) -> tuple[int, int, NDArray[np.int64]]:
    """Reference and heritability SNPs, and members of each category, from the last line."""
    words = [column[-1].as_py() for column in fixed]
    written = " ".join([*words, *(f"{count:g}" for count in counts[:3])])
    numbers = [word for word in words[2:7:2] if word.isdigit()]
    if len(numbers) != 3 or (counts != np.rint(counts)).any() or (counts < 0).any():
        raise InputError(
            f"{path}: the last line is {written!r}; expected 'There are x reference y regression z heritability "
            "predictors' and a count for each category; calculate the file again"
        )
    n_reference, n_regression, n_heritability = map(int, numbers)
    if n_regression != n_rows:
        raise InputError(
            f"{path}: found {n_rows} SNPs, but the last line counts {n_regression} regression predictors; expected as "
            "many; lines were removed or added: calculate the file again, or choose SNPs when fitting"
        )
    # Every heritability SNP is in the Base; a smaller count is one whose last digits are missing.
    too_few = labels[-1] == "Base" and counts[-1] < n_heritability
    if too_few or counts.max() > n_reference:
        raise InputError(
            f"{path}: the last line is {written!r}: its counts do not fit together; expected no category larger than "
            f"the {n_reference} reference predictors, and all {n_heritability} heritability predictors in the Base; "
            "the file is truncated: calculate it again"
        )
    return n_reference, n_heritability, counts.astype(np.int64)


def _numbers(path: Path, words: Sequence[pa.Array], place: int, header: Sequence[str]) -> NDArray[np.float64]:
    try:
        return as_numpy(words[place].cast(pa.float64()))
    except pa.ArrowInvalid as error:
        raise InputError(
            f"{path}: column {header[place]} holds text ({str(error)[:80]}); expected numbers; calculate the file again"
        ) from error


def _weights(words: pa.Array, weights: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """Weights; None where they are ignored, for which LDAK prints 1 without digits."""
    ignored = weights is None or bool(pc.all(pc.equal(words, as_scalar("1"))).as_py())
    return None if ignored else weights


def _kind_of_rows(fixed: Sequence[pa.Array], row: int) -> str:
    """What the first line of sums calls its category, e.g. 'The relative contribution of Annotation 1 to ...'."""
    kinds = {"Partition": "partition", "Category": "category", "Subset": "subset"}
    if fixed[5][row].as_py() == "Background":
        return "partition"
    return kinds.get(fixed[4][row].as_py(), "annotation")


# ---------------------------------------------------------------------------------------------------------------------
# Writing


def write_ldak_tagging(path: str | Path, tagging: Tagging, parts: Iterable[Tagging] | None = None) -> None:
    """Write a tagging as LDAK 6.2 does: Tagging %.3f, MAF %.6f, all other values %.4f; gzip when the name ends in .gz.

    A file of LDAK that was read is written with the same bytes.  Chromosomes and positions have no place in it, nor
    have totals M_5_50 and overlaps.

    Parameters
    ----------
    path
        The file.
    tagging
        Where `parts` are given, only its sums and names count, and which columns it has.
    parts
        The rows, in parts that are asked for one after another: those of a genome may not fit in the memory.

    Raises
    ------
    InputError
        The tagging lacks LDAK's sums, its Tagging column or alleles, or an allele is none of A C G T.
    """
    _complete_columns(path, tagging)
    _write_lines(path, _pieces(path, tagging, [tagging] if parts is None else parts))


def _pieces(path: str | Path, tagging: Tagging, parts: Iterable[Tagging]) -> Iterator[str]:
    """The text of the file; what is wrong with a part is said when it is its turn, and nothing is left then."""
    ldak = _complete_columns(path, tagging).ldak
    yield _header_of(tagging, ldak)
    n_rows = 0
    for part in parts:
        yield from _snp_lines(part, _complete_columns(path, part))
        n_rows += len(part)
    yield _tail_of(tagging, ldak, n_rows)


def _write_lines(path: str | Path, pieces: Iterable[str]) -> None:
    import gzip

    with tables.written_whole(path) as partial, partial.open("wb") as raw:
        if not str(path).endswith(".gz"):
            raw.writelines(piece.encode() for piece in pieces)
            return
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as packed:
            packed.writelines(piece.encode() for piece in pieces)


class _Columns(NamedTuple):
    """What LDAK's format needs of a tagging and another one may lack."""

    ldak: LdakColumns
    regression_tagging: NDArray[np.float64]
    a1: NDArray[np.uint8]
    a2: NDArray[np.uint8]


def _complete_columns(path: str | Path, tagging: Tagging) -> _Columns:
    ldak, regression_tagging, a1, a2 = tagging.ldak, tagging.regression_tagging, tagging.a1, tagging.a2
    if ldak is None or regression_tagging is None or a1 is None or a2 is None:
        alleles = None if a1 is None else a2
        parts = {"sums of contributions": ldak, "Tagging column": regression_tagging, "alleles": alleles}
        missing = [name for name, part in parts.items() if part is None]
        raise InputError(
            f"{path}: {tagging.where} has no {' and no '.join(missing)}, which LDAK's format needs; build the tagging "
            "with ldscores build under a heritability model, or write another format"
        )
    odd = (a1 == NOT_A_BASE) | (a2 == NOT_A_BASE)
    if odd.any():
        raise InputError(
            f"{path}: {int(odd.sum())} SNPs have alleles other than A C G T (first: "
            f"{tagging.snp[int(np.argmax(odd))]}); LDAK matches SNPs by one letter for each "
            "allele; leave these SNPs out with --exclude"
        )
    if np.isnan(regression_tagging).any():
        raise InputError(
            f"{path}: {counted(int(np.isnan(regression_tagging).sum()), 'SNP')} without a regression weight, which LDAK's "
            "format needs for each; leave them out with --regression-snps"
        )
    return _Columns(ldak, regression_tagging, a1, a2)


def _header_of(tagging: Tagging, ldak: LdakColumns) -> str:
    one_model = ldak.exp_heritability is not None
    frequency = "Variance" if ldak.variance is not None else "MAF" if one_model else "BLANK"
    words = ["Predictor", "A1", "A2", "Neighbours", "Tagging", "Weight" if one_model else "BLANK", frequency]
    words += ["Categories", "Exp_Heritability" if one_model else "BLANK"]
    return " ".join([*words, *tagging.names]) + "\n"


def _snp_lines(tagging: Tagging, columns: _Columns) -> Iterator[str]:
    """Text of all SNPs, in pieces."""
    ldak = columns.ldak
    for start in range(0, len(tagging), _ROWS_AT_A_TIME):
        rows = slice(start, start + _ROWS_AT_A_TIME)
        n_rows = len(tagging.bp[rows])
        blank = repeat_text("-1", n_rows)
        heritability, weight = ldak.exp_heritability, ldak.weight
        # Merged models have no common MAF in LDAK's files.
        frequency = None if heritability is None else tagging.maf if ldak.variance is None else ldak.variance**2
        unweighted = blank if heritability is None else repeat_text("1", n_rows)
        texts = [
            tagging.snp.slice(start, n_rows),
            *(decode_alleles(codes[rows]).cast(pa.string()) for codes in (columns.a1, columns.a2)),
            blank if ldak.neighbours is None else as_arrow(ldak.neighbours[rows]).cast(pa.string()),
            _text(columns.regression_tagging[rows], 3),
            unweighted if weight is None else _text(weight[rows], 4),
            blank if frequency is None else _text(frequency[rows], 6),
            blank if ldak.n_memberships is None else as_arrow(ldak.n_memberships[rows]).cast(pa.string()),
            blank if heritability is None else _text(heritability[rows], 4),
            *(_text(tagging.tagging[rows, place], 4) for place in range(tagging.n_categories)),
        ]  # fmt: skip
        lines = pc.binary_join_element_wise(*texts, as_scalar(" "))
        yield "\n".join(lines.to_pylist()) + "\n"


def _text(values: NDArray[np.float64], digits: int) -> pa.Array:
    """Numbers as C prints them: a negative one that rounds to zero keeps its sign."""
    text = fixed_point(values, digits)
    if text is None:
        return as_arrow_texts([f"{value:.{digits}f}" for value in values])
    zero = f"{0:.{digits}f}"
    negative = as_arrow(np.signbit(values))
    if not negative.true_count:
        return text
    return pc.if_else(pc.and_(negative, pc.equal(text, as_scalar(zero))), as_scalar(f"-{zero}"), text)


def _tail_of(tagging: Tagging, ldak: LdakColumns, n_rows: int) -> str:
    words = row_names(tagging.names, ldak.kind)
    lines = [
        f"The relative contribution of {name} to each category " + " ".join(f"{value:.4f}" for value in row)
        for name, row in zip(words, ldak.contributions, strict=True)
    ]
    counts = " ".join(str(count) for count in ldak.counts)
    lines.append(
        f"There are {ldak.n_reference} reference {n_rows} regression {ldak.n_heritability} heritability "
        f"predictors {counts}"
    )
    return "\n".join(lines) + "\n"


def row_names(names: Sequence[str], kind: str) -> list[str]:
    """What LDAK calls the categories in its lines of sums: always two words, numbered by place."""
    special = {"annotation": ("Base", "the Base"), "partition": ("Background", "the Background")}
    special |= {"subset": ("Cross_Term", "cross term")}
    label, words = special.get(kind, ("", ""))
    return [words if name == label else f"{kind.capitalize()} {place}" for place, name in enumerate(names, start=1)]
