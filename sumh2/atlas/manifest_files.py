"""Which traits an atlas is made of: files by name or pattern, or a manifest (TSV or YAML)."""

from __future__ import annotations

import difflib
import glob
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from ldscores.shared.errors import InputError, OptionError
from ldscores.shared.messages import first_of
from ldscores.shared.streams import check_files, is_parquet
from ldscores.shared.table_headers import read_header
from ldscores.shared.tables import NULL_TEXTS, read_table, read_text
from sumh2.atlas.assembly import ListedTrait
from sumh2.sumstats_files import trait_name

log = logging.getLogger(__name__)

#: Columns of a manifest, as they are written, and what they are here.
COLUMNS = {
    "trait": "name", "file": "source", "N": "n", "cases": "n_cases", "controls": "n_controls",
    "samp_prev": "samp_prev", "pop_prev": "pop_prev", "group": "group", "label": "label",
}  # fmt: skip
_NUMBERS = ("N", "cases", "controls", "samp_prev", "pop_prev")
_YAML = (".yaml", ".yml")


def read_trait_list(words: Sequence[str | Path]) -> list[ListedTrait]:
    """Traits of files, patterns (``traits/*.sumstats.parquet``) and manifests, in this order.

    A word that is a YAML file, or a table with the column ``file``, is a manifest; anything else is a file of summary
    statistics or a pattern of such files, and the trait is called as the file without its endings.

    Parameters
    ----------
    words
        Names of files, patterns and manifests.

    Raises
    ------
    InputError
        A pattern matches nothing, two traits have one name, or a manifest has an unknown column or a wrong number.
    OptionError
        There are fewer than two traits.
    """
    listed: list[ListedTrait] = []
    for word in map(str, words):
        if _is_manifest(word):
            listed += read_manifest(word)
        else:
            listed += [ListedTrait(trait_name(path), path) for path in _matching_files(word)]
    if len(listed) < 2:
        raise OptionError(
            f"atlas: found {len(listed)} trait, expected two or more; name files, a pattern in quotes such as "
            "'traits/*.sumstats.parquet', or a manifest"
        )
    _check_names(listed)
    return listed


def tell_of_missing_files(listed: Sequence[ListedTrait]) -> None:
    """Warn of traits whose file is not there: each will be a row with that reason, hours later.

    Raises
    ------
    InputError
        No file is there.
    """
    missing = [trait.source for trait in listed if not os.path.exists(trait.source)]
    if len(missing) == len(listed):
        check_files(missing)
    if missing:
        log.warning(
            "%s: no such file; %s; stop and correct the names unless this is meant",
            first_of(missing), "this trait will be a row without an estimate" if len(missing) == 1
            else f"these {len(missing)} traits will be rows without an estimate",
        )  # fmt: skip


def _matching_files(word: str) -> list[str]:
    expanded = os.path.expandvars(os.path.expanduser(word))
    if not glob.has_magic(expanded) or os.path.exists(expanded):
        return [expanded]
    found = sorted(glob.glob(expanded, recursive=True))
    if not found:
        raise InputError(f"{word}: no file matches; expected summary statistics; check the folder and the pattern")
    return found


def _is_manifest(word: str) -> bool:
    path = Path(word)
    if not path.is_file():
        return word.lower().endswith(_YAML)
    if word.lower().endswith(_YAML):
        return True
    if is_parquet(path):
        return False
    try:
        return "file" in [name.lower() for name in read_header(path)[0]]
    except InputError:
        return False  # a damaged file of summary statistics is a trait with its reason


def _check_names(listed: Sequence[ListedTrait]) -> None:
    seen: dict[str, str] = {}
    for trait in listed:
        if trait.name in seen:
            raise InputError(
                f"found two traits called {trait.name} ({seen[trait.name]} and {trait.source}), expected different "
                "names; name them in a manifest with the columns trait and file"
            )
        seen[trait.name] = trait.source


# ---------------------------------------------------------------------------------------------------------------------
# Manifests


def read_manifest(path: str | Path) -> list[ListedTrait]:
    """A manifest: a table or a YAML list with ``file`` and any of ``trait N cases controls samp_prev pop_prev group
    label``.

    Files are sought from the manifest's folder.  ``N`` replaces the file's N at every SNP.  Where ``pop_prev`` is given
    and ``samp_prev`` is not, the share of cases follows from ``cases``, ``controls`` (or the file's) and N.

    Raises
    ------
    InputError
        A column is unknown, ``file`` is missing, a number is no number or out of range, or there is no row.
    """
    path = Path(path)
    rows = _read_yaml(path) if path.suffix.lower() in _YAML else _read_rows(path)
    if not rows:
        raise InputError(f"{path}: found no trait, expected one a row; see the columns {' '.join(COLUMNS)}")
    return [_listed_trait(path, number, row) for number, row in enumerate(rows, 1)]


def _read_rows(path: Path) -> list[dict[str, Any]]:
    header = read_header(path)[0]
    names = _known_names(path, header)
    table = read_table(path, types={name: pa.string() for name in header}, null_texts=NULL_TEXTS)
    return table.rename_columns(names).to_pylist()


def _read_yaml(path: Path) -> list[dict[str, Any]]:
    try:
        import yaml
    except ImportError as error:
        raise InputError(
            f"{path}: reading YAML wants PyYAML, found none; pip install 'sumh2[yaml]', or write the manifest as a table "
            f"with the columns {' '.join(COLUMNS)}"
        ) from error
    try:
        content = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise InputError(f"{path}: no YAML ({' '.join(str(error).split())}); correct it") from error
    if isinstance(content, Mapping) and set(content) == {"traits"}:
        content = content["traits"]
    if isinstance(content, Mapping):  # name: {file: ...}
        content = [
            {"trait": name, **(row if isinstance(row, Mapping) else {"file": row})} for name, row in content.items()
        ]
    if not isinstance(content, list) or not all(isinstance(row, Mapping) for row in content):
        raise InputError(
            f"{path}: found no list of traits, expected '- file: bmi.sumstats.parquet' and so on; write one entry a trait"
        )
    return [dict(zip(_known_names(path, list(row)), row.values(), strict=True)) for row in content]


def _known_names(path: Path, header: Sequence[Any]) -> list[str]:
    by_word = {name.lower(): name for name in COLUMNS}
    names = []
    for word in map(str, header):
        if word.lower() not in by_word:
            near = difflib.get_close_matches(word.lower(), by_word, 1)
            hint = f"did you mean {by_word[near[0]]}?" if near else "rename or remove it"
            raise InputError(f"{path}: unknown column {word!r}; expected some of {' '.join(COLUMNS)}; {hint}")
        names.append(by_word[word.lower()])
    if "file" not in names:
        raise InputError(f"{path}: no column file; found {' '.join(map(str, header))}; add the paths of the files")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{path}: column {twice} is there twice; expected each once; remove one")
    return names


def _listed_trait(path: Path, number: int, row: Mapping[str, Any]) -> ListedTrait:
    where = f"{path}, trait {number}"
    if not row.get("file"):
        raise InputError(f"{where}: no file; expected the path of its summary statistics; complete the row")
    source = os.path.expandvars(os.path.expanduser(str(row["file"])))
    if not os.path.isabs(source):
        source = os.path.normpath(os.path.join(path.parent, source))
    values: dict[str, Any] = {"name": str(row.get("trait") or trait_name(source)), "source": source}
    values |= {COLUMNS[name]: str(row[name]) for name in ("group", "label") if row.get(name) is not None}
    values |= {COLUMNS[name]: _number(where, name, row[name]) for name in _NUMBERS if row.get(name) is not None}
    return ListedTrait(**values)


def _number(where: str, name: str, word: Any) -> float:
    try:
        value = float(word)
    except (TypeError, ValueError):
        value = float("nan")
    highest = 1.0 if name.endswith("_prev") else float("inf")
    if not 0 < value < highest:
        expected = "a share between 0 and 1" if name.endswith("_prev") else "a positive number"
        raise InputError(f"{where}: {name} is {word!r}; expected {expected}, or nothing; correct it")
    return value
