"""Files of LDAK's thinning and weightings, written as LDAK 6.2 prints them; p-values and weights by name, read."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ldscores.ldak.thinning import ThinResult
from ldscores.shared import tables
from ldscores.shared.arrow_arrays import one_chunk
from ldscores.shared.errors import InputError
from ldscores.shared.snp_names import describe_names
from ldscores.shared.table_headers import is_number
from ldscores.shared.unique_names import all_unique

if TYPE_CHECKING:  # their solvers take half of the time that the start of `ldscores build` takes, which solves nothing
    from ldscores.ldak.tag_removal import TagRemoval
    from ldscores.ldak.weightings import LdakWeights

logger = logging.getLogger(__name__)


# ---------------------------------------------------------------------------------------------------------------------
# Reading


@dataclass(frozen=True, eq=False)
class SnpValues:
    """A number for each of some SNPs: weights or p-values.

    Parameters
    ----------
    snp : string array, (n_snps,)
        Names, unique.
    values : float64, (n_snps,)
    source : str
        The file, for messages.
    """

    snp: pa.Array
    values: NDArray[np.float64]
    source: str

    def __len__(self) -> int:
        return len(self.snp)

    def on(self, snp: pa.Array, absent: float) -> NDArray[np.float64]:
        """The values on other rows, `absent` for SNPs without one, (len(snp),).

        Raises
        ------
        InputError
            None of the SNPs has a value.
        """
        rows = pc.index_in(snp, value_set=self.snp)
        if rows.null_count == len(snp):
            raise InputError(
                f"{self.source}: none of its {describe_names(self.snp)} is in the panel, which has "
                f"{describe_names(snp)}; expected the same names; check that both are of one build and naming"
            )
        places = pc.fill_null(rows, len(self)).to_numpy(zero_copy_only=False)
        return np.append(self.values, absent)[places]


def read_ldak_weights(path: str | Path) -> SnpValues:
    """SNP weights as LDAK reads and writes them.

    Two columns, name and weight, with a header or without (``weights.short``, ``weights.spread``, ``weights.thin``); or
    LDAK's six (``weights.all``: Predictor Weight Neighbours Tagging Info Check).  Lines with NA for a weight are left
    out.  SNPs that are not listed have weight 0.

    Raises
    ------
    InputError
        The file is missing or has one column only, a name appears twice, or a weight is negative or no number.
    """
    remedy = "turn a list of names into weights with: awk '{print $1, 1}'"
    values = _read_values(path, ("weight",), "a weight", remedy)
    _check_range(values, values.values >= 0, "weight", "0 or more")
    return values


def read_pvalues(path: str | Path) -> SnpValues:
    """p-values, a name and a number a line, with a header or without; lines with NA are left out.

    Raises
    ------
    InputError
        The file is missing or has one column only, a name appears twice, or a p-value is not from 0 to 1.
    """
    names = ("p", "pvalue", "p_value", "wald_p")
    values = _read_values(path, names, "a p-value", "add the p-values as a second column")
    _check_range(values, (values.values >= 0) & (values.values <= 1), "p-value", "0 to 1")
    return values


def _read_values(path: str | Path, names: tuple[str, ...], what: str, remedy: str) -> SnpValues:
    first = tables.read_header(path)[0]
    if len(first) < 2:
        raise InputError(f"{path}: found one column; expected a SNP's name and {what} on each line; {remedy}")
    if first[1] in tables.NULL_TEXTS or is_number(first[1]):
        header, number = [f"column {place + 1}" for place in range(len(first))], "column 2"
    else:
        header = None
        number = next((name for name in first if name.lower() in names), first[1])
    label = header[0] if header else first[0]
    types = {label: pa.string(), number: pa.float64()}
    table = tables.read_table(path, columns=[label, number], types=types, column_names=header, fill_short_lines=False)
    table = table.filter(pc.is_valid(table[number]))
    snp, values = one_chunk(table[label]), table[number].to_numpy()
    if len(snp) == 0:
        raise InputError(f"{path}: found no SNP with {what}; expected a line for each; check that the file is complete")
    if snp.null_count:
        raise InputError(f"{path}: {snp.null_count} lines lack the SNP's name; expected one; complete or delete them")
    if not all_unique(snp):
        counts = pc.value_counts(snp)
        twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
        raise InputError(
            f"{path}: {len(twice)} SNP names appear more than once (first: {twice[0]}); expected unique names; "
            "keep one line each"
        )
    logger.info("%s: %d SNPs with %s", path, len(snp), what)
    return SnpValues(snp, values, str(path))


def _check_range(values: SnpValues, right: NDArray[np.bool_], what: str, expected: str) -> None:
    right = right & np.isfinite(values.values)
    if not right.all():
        row = int(np.argmin(right))
        raise InputError(
            f"{values.source}: {int((~right).sum())} SNPs have a wrong {what} (first: {values.values[row]:g} of "
            f"{values.snp[row]}); expected {expected}; is this the right file and column?"
        )


# ---------------------------------------------------------------------------------------------------------------------
# Writing


def write_thin_lists(result: ThinResult | TagRemoval, stem: str | Path) -> list[Path]:
    """Write lists as LDAK does: ``<stem>.in`` (kept), ``.out`` (lost) and, of a thinning, ``.trivial``.

    One name per line, in the order of the panel; SNPs that took no part are in none.

    Returns
    -------
    list of Path
        The files written.
    """
    lists = {".in": result.kept, ".out": result.lost}
    if isinstance(result, ThinResult):
        lists[".trivial"] = result.trivial
    return [_write_lines(f"{stem}{suffix}", result.names(which).to_pylist()) for suffix, which in lists.items()]


def write_thin_weights(result: ThinResult, path: str | Path) -> Path:
    """Write the kept SNPs with weight 1, the ``weights.thin`` of the LDAK-Thin model."""
    return _write_lines(path, [f"{name} 1" for name in result.names(result.kept).to_pylist()])


def write_ldak_weights(weights: LdakWeights, folder: str | Path, spread: bool = False) -> list[Path]:
    """Write weightings as LDAK does in the folder of ``--cut-weights``.

    ``weights.short`` (name and weight, only above 0 after rounding to six decimals), ``weights.all`` (all SNPs of the
    panel), ``weights.predictors``, ``section.details``, ``section.number``, and the lists of the thinning with
    ``thin.dups``, the number of each SNP's representative.

    Parameters
    ----------
    weights
        Of :func:`ldscores.weigh_panel`.
    folder
        Made if it is not there; its parent must be.
    spread
        Write ``weights.spread`` too: each weight shared with the SNPs lost to its SNP.

    Returns
    -------
    list of Path
        The files written, ``weights.short`` first.

    Raises
    ------
    InputError
        The folder cannot be made, or a file is in its place.
    """
    folder = Path(folder)
    if not folder.parent.is_dir():
        raise InputError(f"{folder}: the folder {folder.parent} does not exist; create it or choose another --out")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: found a file; expected a folder, or a name not in use; choose another --out")
    folder.mkdir(exist_ok=True)
    names = weights.snp.to_pylist()
    written = [_write_lines(folder / "weights.short", _short_lines(names, weights.weight))]
    if spread:
        printed = replace(weights, weight=np.round(weights.weight, 6))  # LDAK shares what it has printed before
        written.append(_write_lines(folder / "weights.spread", _short_lines(names, printed.spread())))
    written.append(_write_lines(folder / "weights.all", _all_lines(names, weights)))
    written.append(_write_lines(folder / "weights.predictors", names))
    written += _write_sections(weights, folder)
    if weights.thin is None:
        dups = ["Predictor Replacement", *(f"{name} {name}" for name in names)]
    else:
        written += write_thin_lists(weights.thin, folder / "thin")
        numbers = np.where(weights.thin.representative < 0, -1, weights.thin.representative + 1)
        dups = ["Replacement_Index", *map(str, numbers.tolist())]
    return [*written, _write_lines(folder / "thin.dups", dups)]


def _short_lines(names: list[str], weight: NDArray[np.float64]) -> Iterable[str]:
    texts = ((name, f"{number:.6f}") for name, number in zip(names, weight.tolist(), strict=True) if number > 0)
    return (f"{name} {text}" for name, text in texts if text != "0.000000")


def _all_lines(names: list[str], weights: LdakWeights) -> Iterable[str]:
    effective, digits = ("Eff_", 3) if weights.decays else ("", 0)
    yield f"Predictor Weight {effective}Neighbours {effective}Tagging Info Check"
    # LDAK joins sections whose files hold effective neighbours with two decimals.
    neighbours = np.round(weights.neighbours, 2)
    columns = (weights.weight, neighbours, weights.tagging, weights.check, weights.solved)
    rows = zip(names, *(column.tolist() for column in columns), strict=True)
    for name, weight, near, tagging, check, solved in rows:
        numbers = f"{weight:.6f} {near:.{digits}f} {tagging:.3f} 1.000 {check:.3f}" if solved else "0 0 0 0 0"
        yield f"{name} {numbers}"


def _write_sections(weights: LdakWeights, folder: Path) -> list[Path]:
    sections = weights.sections
    thinned = "All" if weights.thin is None else "Thinned"
    unit = {"kb": "kb", "cM": "cM", "SNPs": "length"}[weights.window.unit]
    lines = [
        f"Datafiles {' '.join(weights.sources) or 'NA'}",
        f"Using {thinned} Predictors",
        f"Window {unit} {weights.window.size:.2f}",
        "Section Analysed_Predictors Retained_Predictors",
    ]
    columns = (sections.start, sections.stop, sections.kept_start, sections.kept_stop)
    for number, (start, stop, kept_start, kept_stop) in enumerate(zip(*columns, strict=True), start=1):
        lines.append(f"{number} {start + 1}-{stop} {kept_start - start + 1}-{kept_stop - start}")
    return [
        _write_lines(folder / "section.details", lines),
        _write_lines(folder / "section.number", [str(len(sections))]),
    ]


def _write_lines(path: str | Path, lines: Iterable[str]) -> Path:
    path = Path(path)
    tables.write_text(path, "".join(f"{line}\n" for line in lines))
    return path
