"""Results of a build from the parts of its work folder, in our own format, LDSC's or LDAK's."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ldscores.building.reference_sums import ReferenceSums, add_reference_sums
from ldscores.taggings.ld_score_files import ldsc_names, write_ldsc_ld_scores, write_ldsc_totals
from ldscores.taggings.ldak_tagging_files import write_ldak_tagging
from ldscores.taggings.merge import merge_snps
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import OWN_SUFFIX, read_own, write_tagging

logger = logging.getLogger(__name__)

#: Parts of up to this size in all are read once; larger ones are read a second time when it is their turn.
_HELD_BYTES = 1 << 26


@dataclass(frozen=True, eq=False)
class BuiltParts:
    """The parts of one model.

    Parameters
    ----------
    paths : dict of str to Path
        Taggings of the chromosomes that have rows, in the order of the genome.
    sums : dict of str to ReferenceSums
        Of the chromosomes that have none.
    sources : tuple of str
        Files that the results were made of.
    """

    paths: Mapping[str, Path]
    sums: Mapping[str, ReferenceSums]
    sources: tuple[str, ...]

    def read(self) -> Iterator[tuple[str, Tagging]]:
        """Chromosome and tagging, one after another."""
        for chromosome, path in self.paths.items():
            yield chromosome, replace(read_own(path, announce=False), sources=self.sources)


def write_results(
    parts: BuiltParts, stem: str, file_format: str = "tagging", settings: Mapping[str, Any] | None = None
) -> list[Path]:
    """Write the tagging of one model, and return the files written.

    Parameters
    ----------
    stem
        Of the files; ``@`` stands for the chromosome in LDSC's format.
    file_format
        ``tagging``, ``ldsc`` or ``ldak``.
    settings
        Options of the command, for the provenance.
    """
    if file_format == "ldsc" and "@" in stem:
        return _write_ldsc_chromosomes(parts, stem)
    # Sums and words are those of all chromosomes, told from a row of each; the rows follow chromosome by chromosome.
    heads: list[Tagging] = []
    held: list[Tagging] = []
    empty, n_bytes = np.array(True), 0
    for _, tagging in parts.read():
        heads.append(tagging.take(np.array([0])))
        empty = empty & (tagging.tagging == 0).all(axis=0)
        n_bytes += tagging.tagging.nbytes
        held = [*held, tagging] if n_bytes <= _HELD_BYTES else []
    _warn_of_empty_categories(heads[0].names, empty)
    sums = add_reference_sums(merge_snps(heads), parts.sums)
    rows = held or (tagging for _, tagging in parts.read())
    if file_format == "ldsc":
        return write_ldsc_ld_scores(replace(sums, names=ldsc_names(sums.names)), stem, rows)
    written = Path(stem + (OWN_SUFFIX if file_format == "tagging" else ".tagging"))
    if file_format == "tagging":
        write_tagging(written, sums, settings, rows)
    else:
        write_ldak_tagging(written, sums, rows)
    return [written]


def _write_ldsc_chromosomes(parts: BuiltParts, stem: str) -> list[Path]:
    """LDSC's files, one set a chromosome."""
    names: tuple[str, ...] = ()
    written, empty = [], np.array(True)
    for chromosome, tagging in parts.read():
        names, empty = tagging.names, empty & (tagging.tagging == 0).all(axis=0)
        written += write_ldsc_ld_scores(
            replace(tagging, names=ldsc_names(tagging.names)), stem.replace("@", chromosome)
        )
    for chromosome, sums in parts.sums.items():
        totals = {"M": sums.m, "M_5_50": sums.m_5_50}
        written += write_ldsc_totals(stem.replace("@", chromosome), ldsc_names(sums.names), totals)
    _warn_of_empty_categories(names, empty)
    return written


def _warn_of_empty_categories(names: tuple[str, ...], empty: np.ndarray) -> None:
    """Annotations by chromosome are read one after another: only now is it known which were 0 on all of them."""
    found = [name for name, is_empty in zip(names, empty, strict=True) if is_empty]
    if found:
        logger.warning("0 at every SNP, so that fits leave it out: %s", ", ".join(found[:5]))
