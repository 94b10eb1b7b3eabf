"""Which files a name on the command line means: one file, one file per chromosome, or a folder of them.

LDSC loops over 1 to 22 and takes a chromosome as present when any file matches ``<prefix><chr>.*``.  Here the files
that are there say which chromosomes there are, so that X, chrX, 2L or scaffold_12 need no special option.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ldscores.chromosomes import natural_chromosome_key
from ldscores.shared.errors import InputError
from ldscores.shared.messages import counted, first_of

#: Endings of a compressed file or of the same table as Parquet.
COMPRESSIONS = ("", ".gz", ".bz2", ".xz", ".zst", ".parquet")

_COMPRESSION = r"(?:\.(?:gz|bz2|xz|zst|parquet))?"
_TOKEN = r"[A-Za-z0-9_]+"
_EXAMPLES = 5


@dataclass(frozen=True)
class FileSet:
    """Files that belong together.

    Parameters
    ----------
    name
        As the user wrote it, with ``~`` and variables expanded.
    stem
        Path without suffix; ``@`` stands for the chromosome where there is one file per chromosome.
    suffix
        E.g. ``.l2.ldscore``, without compression.
    files
        Path of each file by its chromosome token, in natural order; the token is empty for a single file.
    """

    name: str
    stem: str
    suffix: str
    files: dict[str, Path]

    def beside(self, suffix: str) -> dict[str, Path]:
        """Files with another suffix and the same stem by chromosome token, also of chromosomes not in `files`."""
        if "" not in self.files:
            return _one_each(_match(self.stem, suffix))
        paths = _existing(self.stem + suffix)
        return _one_each({"": paths} if paths else {})


def split_names(names: str | os.PathLike[str]) -> list[str]:
    """Elements of a comma-separated list, ``~`` and ``$VAR`` expanded."""
    elements = [element.strip() for element in os.fspath(names).split(",")]
    if not all(elements):
        raise InputError(
            f"{os.fspath(names)!r}: found an empty name in the list; expected names separated by single commas; "
            "remove the comma that is too many, or check the variable of the shell"
        )
    return [os.path.expandvars(os.path.expanduser(element)) for element in elements]


def find_files(name: str, what: str, suffixes: Sequence[str], compressed: bool = True, or_else: str = "") -> FileSet:
    """The files that a name stands for.

    In this order: an existing file; a path in which ``@`` or ``{chr}`` stands for the chromosome; a prefix of one
    file; a folder, or a prefix, followed by the chromosome.  A folder whose files all begin with one other prefix
    means that prefix.

    Parameters
    ----------
    name
        A name without commas, expanded by :func:`split_names`.
    what
        What the files hold, for messages, e.g. "LD scores".
    suffixes
        Suffixes without compression.  The first is appended to prefixes and folders; the others are recognised only
        when they are written out.
    compressed
        Whether messages offer the endings of compressed files.
    or_else
        Other endings that the caller takes, for the message about a file of none.

    Raises
    ------
    InputError
        Nothing is found, one chromosome is there in two compressions, or a folder holds several sets.
    """
    path = Path(name)
    written_out = _split_suffix(name, suffixes)
    if path.is_file():
        if written_out is None:
            raise InputError(
                f"{name}: found a file whose name does not end in {_spelled(suffixes[0], compressed)}{or_else}; expected "
                f"{what}; name a file of {what}, their prefix or their folder"
            )
        return FileSet(name, written_out[0], written_out[1], {"": path})
    pattern = name.replace("{chr}", "@")
    if "@" in pattern:
        stem, suffix = _split_suffix(pattern, suffixes) or (pattern, suffixes[0])
        found = _file_set(name, stem, suffix)
        if found is None:
            raise InputError(_nothing_found(name, stem, suffix, what, compressed))
        return found
    suffix = suffixes[0]
    single = _existing(name + suffix)
    if single:
        return FileSet(name, name, suffix, _one_each({"": single}))
    stem = os.path.join(name, "@") if path.is_dir() else f"{name}@"
    found = _file_set(name, stem, suffix)
    if found is None and path.is_dir():
        found = _other_prefix(name, suffix, what)
    if found is None:
        raise InputError(_nothing_found(name, stem, suffix, what, compressed))
    return found


# ---------------------------------------------------------------------------------------------------------------------
# Matching


def _split_suffix(path: str, suffixes: Sequence[str]) -> tuple[str, str] | None:
    for suffix in suffixes:
        found = re.fullmatch(f"(.+|.*/){re.escape(suffix)}{_COMPRESSION}", path, re.DOTALL)
        if found:
            return found[1], suffix
    return None


def _match(stem: str, suffix: str) -> dict[str, list[Path]]:
    """Files by chromosome token, in natural order; every ``@`` of the stem is the same token."""
    parts = stem.split("@")
    candidates = glob.glob("*".join(map(glob.escape, parts)) + glob.escape(suffix) + "*")
    first, *rest = map(re.escape, parts)
    regex = re.compile(first + f"(?P<chr>{_TOKEN})" + "(?P=chr)".join(rest) + re.escape(suffix) + _COMPRESSION)
    found: dict[str, list[Path]] = {}
    for candidate in sorted(candidates):
        matched = regex.fullmatch(candidate)
        if matched and os.path.isfile(candidate):
            found.setdefault(matched["chr"], []).append(Path(candidate))
    return {token: found[token] for token in sorted(found, key=natural_chromosome_key)}


def _one_each(found: dict[str, list[Path]]) -> dict[str, Path]:
    for paths in found.values():
        if len(paths) > 1:
            raise InputError(
                f"{paths[0]}: the same file is there as {paths[1].name} too; expected it once; remove or rename one of "
                "them"
            )
    return {token: paths[0] for token, paths in found.items()}


def _existing(path: str) -> list[Path]:
    return [Path(path + end) for end in COMPRESSIONS if os.path.isfile(path + end)]


def _file_set(name: str, stem: str, suffix: str) -> FileSet | None:
    found = _one_each(_match(stem, suffix))
    return FileSet(name, stem, suffix, found) if found else None


def _stems_in(folder: str, suffix: str) -> dict[str, list[str]]:
    """Stems of the files in a folder, grouped by what they are with ``@`` in place of a last word."""
    found: dict[str, list[str]] = {}
    for path in sorted(glob.glob(os.path.join(glob.escape(folder), f"*{glob.escape(suffix)}*"))):
        split = _split_suffix(path, (suffix,))
        if split is not None and os.path.isfile(path):
            found.setdefault(re.sub(rf"(?<![A-Za-z0-9_]){_TOKEN}$", "@", split[0]), []).append(split[0])
    return found


def _other_prefix(name: str, suffix: str, what: str) -> FileSet | None:
    found = _stems_in(name, suffix)
    if len(found) > 1:
        raise InputError(
            f"{name}: found {len(found)} sets of {what}; expected one; write {_listed(found)}, where @ stands for the "
            "chromosome"
        )
    return _file_set(name, next(iter(found)), suffix) if found else None


# ---------------------------------------------------------------------------------------------------------------------
# Messages


def _spelled(suffix: str, compressed: bool) -> str:
    return f"{suffix}[{'|'.join(end for end in COMPRESSIONS if end)}]" if compressed else suffix


def _listed(found: dict[str, list[str]]) -> str:
    """Names to write: of several files their common stem with ``@``, of a single one its own."""
    names = [stem if len(files) > 1 else files[0] for stem, files in found.items()]
    more = f" or {counted(len(names) - _EXAMPLES, 'other')}" if len(names) > _EXAMPLES else ""
    return " or ".join(names[:_EXAMPLES]) + more


def _nothing_found(name: str, stem: str, suffix: str, what: str, compressed: bool) -> str:
    exact = "" if "@" in name or "{chr}" in name or os.path.isdir(name) else f"{name}{suffix} or "
    return (
        f"{name}: found no {what}; expected {exact}{stem}{_spelled(suffix, compressed)}, @ being a chromosome; "
        f"{_remedy(stem, suffix, what)}"
    )


def _remedy(stem: str, suffix: str, what: str) -> str:
    folder = os.path.dirname(stem.partition("@")[0]) or "."
    if "$" in stem:
        return "a variable of the shell in this name is not set: set it"
    if not os.path.isdir(folder):
        return f"the folder {folder} does not exist: correct its name"
    others = _stems_in(folder, suffix)
    if others:
        begun = stem.partition("@")[0]
        others = {other: files for other, files in others.items() if other.startswith(begun)} or others
        return f"that folder has {what} of other names: write {_listed(others)}"
    files = sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
    if not files:
        return f"the folder {folder} holds no files: name the one with the {what}"
    return f"the folder {folder} holds other files ({first_of(files, 3)}): name the one with the {what}"
