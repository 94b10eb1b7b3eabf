"""Files for GenomicSEM, LAVA and MTAG from an atlas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from ldscores.shared.errors import InputError
from ldscores.shared.outputs import written_together
from ldscores.shared.tables import write_text, write_tsv
from sumh2.atlas.atlas_result import RgAtlas
from sumh2.atlas.clustering import cluster_traits
from sumh2.atlas.export import MtagMatrices, cases_and_controls, cell_labels, overlap_for_lava
from sumh2.atlas.genomicsem import GenomicSemMatrices

#: All digits of a double.
_ALL_DIGITS = "%.17g"


@written_together()
def write_genomicsem(matrices: GenomicSemMatrices, stem: str | Path) -> list[Path]:
    """Write ``<stem>.S.tsv``, ``.V.tsv``, ``.I.tsv``, ``.N.tsv``, ``.m.tsv``, ``.S_Stand.tsv``, ``.V_Stand.tsv``
    and ``<stem>.R``,
    which loads them as the list that GenomicSEM's ``ldsc()`` returns.

    Returns
    -------
    list of Path
        The files written.
    """
    names = matrices.names
    cells = cell_labels(names)
    written = [
        _write_matrix(f"{stem}.S.tsv", names, matrices.s),
        _write_matrix(f"{stem}.V.tsv", cells, matrices.v),
        _write_matrix(f"{stem}.I.tsv", names, matrices.i),
        _write_matrix(f"{stem}.N.tsv", cells, matrices.n[None, :]),
        _write_matrix(f"{stem}.m.tsv", ["m"], np.array([[matrices.m]])),
        _write_matrix(f"{stem}.S_Stand.tsv", names, matrices.s_stand),
        _write_matrix(f"{stem}.V_Stand.tsv", cells, matrices.v_stand),
    ]
    script = Path(f"{stem}.R")
    write_text(script, genomicsem_script(Path(stem).name, names))
    return [*written, script]


def genomicsem_script(stem: str, names: tuple[str, ...]) -> str:
    """R lines that make GenomicSEM's list of the files; run where they are: ``source("<stem>.R")``."""
    quoted = ", ".join(_r_text(name) for name in names)
    base = _r_text(stem)
    return (
        f"# GenomicSEM's list from the files {stem}.*.tsv: source this file in their folder, then e.g.\n"
        "# usermodel(LDSCoutput, model = ...)\n"
        f"traits <- c({quoted})\n"
        f"read_part <- function(part) unname(as.matrix(read.delim(paste0({base}, '.', part, '.tsv'), "
        "check.names = FALSE, quote = '')))\n"
        "LDSCoutput <- list(V = read_part('V'), S = read_part('S'), I = read_part('I'), N = read_part('N'), "
        "m = read_part('m')[1, 1])\n"
        "colnames(LDSCoutput$S) <- traits  # as ldsc(trait.names = traits): columns only\n"
        "LDSCoutput$S_Stand <- read_part('S_Stand'); LDSCoutput$V_Stand <- read_part('V_Stand')\n"
    )


def _r_text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _write_matrix(path: str, names, matrix: np.ndarray) -> Path:
    columns = [pa.array(column) for column in np.ascontiguousarray(matrix.T)]
    write_tsv(path, pa.Table.from_arrays(columns, names=list(names)), float_format=_ALL_DIGITS)
    return Path(path)


@written_together()
def write_lava(atlas: RgAtlas, stem: str | Path) -> tuple[list[Path], list[str]]:
    """Write ``<stem>.sample.overlap.txt`` and ``<stem>.input.info.txt`` for LAVA's ``process.input``.

    Returns
    -------
    files, notes
        What was written, and what was left out or taken as 0.

    Raises
    ------
    InputError
        A trait's name or file has a blank, a quote or #, at which LAVA's readers (R's ``read.table``) split.
    """
    names, overlap, notes = overlap_for_lava(atlas)
    for name in names:
        _check_word(name, "trait")
    traits = {trait.name: trait for trait in atlas.traits}
    # read.table takes the first column as row names where the header has one field less.
    lines = [" ".join(names)]
    lines += [f"{name} " + " ".join(f"{value:.6g}" for value in row) for name, row in zip(names, overlap, strict=True)]
    overlap_path, info_path = Path(f"{stem}.sample.overlap.txt"), Path(f"{stem}.input.info.txt")
    info = ["phenotype\tcases\tcontrols\tprevalence\tfilename"]
    for name in names:
        trait = traits[name]
        _check_word(trait.source or name, "file")
        cases, controls = cases_and_controls(trait)
        prevalence = "NA" if trait.pop_prev is None else f"{trait.pop_prev:g}"
        info.append(f"{name}\t{cases:.10g}\t{controls:.10g}\t{prevalence}\t{trait.source or name}")
    write_text(overlap_path, "\n".join(lines) + "\n")
    write_text(info_path, "\n".join(info) + "\n")
    return [overlap_path, info_path], notes


def _check_word(word: str, what: str) -> None:
    if any(letter.isspace() or letter in "'\"#" for letter in word):
        raise InputError(
            f"lava: {what} {word!r} has a blank, a quote or #, which LAVA's files cannot hold; rename it in the manifest"
        )


@written_together()
def write_mtag(matrices: MtagMatrices, stem: str | Path) -> list[Path]:
    """Write ``<stem>.sigma.txt`` (--residcov_path), ``<stem>.omega.txt`` (--gencov_path) and
    ``<stem>.traits.txt``, the order of
    the GWAS files that MTAG must be given."""
    paths = [Path(f"{stem}.{what}.txt") for what in ("sigma", "omega", "traits")]
    for path, matrix in zip(paths[:2], (matrices.sigma, matrices.omega), strict=True):
        write_text(path, "".join(" ".join(_ALL_DIGITS % value for value in row) + "\n" for row in matrix))
    write_text(paths[2], "".join(f"{name}\n" for name in matrices.names))
    return paths


@written_together()
def write_order(atlas: RgAtlas, stem: str | Path) -> Path:
    """Write ``<stem>.order.txt``: names of the traits in clustered order."""
    path = Path(f"{stem}.order.txt")
    write_text(path, "".join(f"{atlas.names[place]}\n" for place in cluster_traits(atlas.rg)))
    return path
