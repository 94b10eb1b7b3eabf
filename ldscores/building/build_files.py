"""Taggings from files to files: chromosome by chromosome, restartable, on one machine or a Dask cluster.

Each chromosome is built into a work folder beside the output.  A part is written under a temporary name and renamed;
its key, a hash of genotypes, SNPs, columns and options, is written last.  A restart skips parts whose keys match.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ldscores.building.build import (
    LDSC_CHUNK,
    BuildOptions,
    ChromosomeColumns,
    ModelSet,
    build_chromosome,
    check_build,
    default_options,
    no_snp_left,
    prepare_chromosome,
    reference_sums,
)
from ldscores.building.ld_block_files import read_ld_blocks
from ldscores.building.ld_blocks import BlockWindow
from ldscores.building.matrix_files import MATRIX_SUFFIX, matrix_tables, write_matrix, write_matrix_part
from ldscores.building.memory import memory_needs, warn_of_memory
from ldscores.building.reference_sums import ReferenceSums
from ldscores.building.result_files import BuiltParts, write_results
from ldscores.building.sweep import DEFAULT_MEMORY, SweepOptions
from ldscores.models.heritability_models import HeritabilityModel
from ldscores.models.model_files import ModelFiles
from ldscores.models.model_sets import family_name
from ldscores.panels.covariate_files import read_covariates
from ldscores.panels.pair_windows import choose_window
from ldscores.panels.panel_files import read_snp_names
from ldscores.panels.reference_panel import CONVENTIONS, ReferencePanel
from ldscores.shared import tables
from ldscores.shared.cluster import connect_cluster
from ldscores.shared.cores import choose_threads
from ldscores.shared.errors import InputError, OptionError
from ldscores.shared.locks import locked_folder
from ldscores.shared.progress import format_seconds, progress
from ldscores.shared.provenance import describe_file
from ldscores.taggings.tagging_files import OWN_SUFFIX, read_own, write_tagging

logger = logging.getLogger(__name__)

#: Changes whenever the numbers of a part may change, so that older parts are not taken.
_PART_VERSION = 2
_RETRIES = 2

#: Files of the work folder that a complete run leaves to nobody.
_PART_NAME = re.compile(r"\.json$|\.(tagging|matrix)\.parquet$|\.partial$")


# ---------------------------------------------------------------------------------------------------------------------
# Options


def plan_build(
    models: Sequence[HeritabilityModel],
    *,
    window_cm: float | None = None,
    window_kb: float | None = None,
    window_snps: float | None = None,
    ld_blocks: str | os.PathLike[str] | None = None,
    ldsc_windows: bool = False,
    maf: float = 0.0,
    conventions: str = "preset",
    raw_r2: bool = False,
    min_cor: float = 0.0,
    regression_snps: str | os.PathLike[str] | None = None,
    n_threads: int | None = None,
    memory_gb: float = DEFAULT_MEMORY,
    double: bool = False,
) -> BuildOptions:
    """Options of a build from those of the command line; what is not given comes from the first model.

    Parameters
    ----------
    models
        Of :func:`ldscores.parse_models`.
    window_cm, window_kb, window_snps
        Largest distance of neighbours in centimorgans, kilobases or SNPs, one of the three; by default that of the first
        model's publication.
    ld_blocks
        BED file of blocks: the neighbours of a SNP are those of its block.
    ldsc_windows
        Enlarge windows to chunks of 50 SNPs, as LDSC.
    maf
        SNPs whose minor allele frequency is not above it are not part of the panel.
    conventions
        Which SNPs and people count: ``ldsc``, ``ldak``, or ``preset``, as the first model's program.
    raw_r2
        Add up r2 as it is; otherwise r2 - (1 - r2) / (n - 2), corrected for the n people.
    min_cor
        Pairs with a smaller r2 count as 0 (LDAK's ``--min-cor``); 0 or more and below 1.
    regression_snps
        File of the names of the SNPs that get a row; all by default.
    n_threads
        By default all cores.
    memory_gb
        Bound on the genotypes held at a time, in units of 10^9 bytes.
    double
        Double precision throughout; otherwise single precision, which agrees to some six digits.

    Raises
    ------
    OptionError
        Several windows are given.
    InputError
        A number is out of range, or a file is missing or broken.
    """
    if not memory_gb > 0:
        raise InputError(f"--memory {memory_gb:g}: expected a positive number of GB; e.g. --memory 2")
    if not 0 <= min_cor < 1:
        raise InputError(f"--min-cor {min_cor:g}: expected a squared correlation, 0 or more and below 1; e.g. 0.01")
    sweep = SweepOptions(choose_threads(n_threads), memory_gb, double, not raw_r2, min_cor)
    options = default_options(ModelSet(tuple(models)), sweep)
    given = (window_cm, window_kb, window_snps) != (None, None, None)
    if ld_blocks is not None:
        if given or ldsc_windows:
            raise OptionError("found --ld-blocks and another window; expected one of them; drop one")
        options = replace(options, window=BlockWindow(read_ld_blocks(ld_blocks)))
    elif given:
        options = replace(options, window=choose_window(window_kb, window_cm, window_snps))
    if conventions == "preset" and len({model.conventions for model in models}) > 1:
        first = models[0]
        logger.info("all models take SNPs by %s's rules, those of %s", first.conventions.upper(), first.name)
    if conventions != "preset":
        options = replace(options, conventions=CONVENTIONS[conventions])
    names = None if regression_snps is None else read_snp_names(regression_snps)
    return replace(options, ldsc_windows=LDSC_CHUNK if ldsc_windows else 0, min_maf=maf, regression_snps=names)


def add_covariates(options: BuildOptions, path: str | os.PathLike[str] | None, panel: ReferencePanel) -> BuildOptions:
    """Options with the covariates of a file; unchanged without one."""
    return options if path is None else replace(options, covariates=read_covariates(path, panel))


# ---------------------------------------------------------------------------------------------------------------------
# Parts


@dataclass(frozen=True, eq=False)
class _Part:
    """One chromosome to build; all that a worker needs."""

    chromosome: str
    panel: ReferencePanel
    models: ModelFiles
    options: BuildOptions
    folder: Path
    genotypes: str
    save_matrix: bool = False


def _matrix_path(folder: Path, chromosome: str, model: str) -> Path:
    return folder / f"{_plain(chromosome)}.{model}{MATRIX_SUFFIX}"


def _part_path(folder: Path, chromosome: str, model: str) -> Path:
    return folder / f"{_plain(chromosome)}.{model}{OWN_SUFFIX}"


def _key_path(folder: Path, chromosome: str) -> Path:
    return folder / f"{_plain(chromosome)}.json"


def _plain(chromosome: str) -> str:
    """A chromosome's name as part of a file's name; its hash keeps names apart that differ in other characters."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", chromosome)
    return plain if plain == chromosome else f"{plain}.{hashlib.sha256(chromosome.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class _Done:
    """A chromosome that is built: the models that have rows there; whether a former run built it.

    One without rows has sums by model instead, which are soon made and lie in no file.
    """

    chromosome: str
    models: tuple[str, ...]
    found: bool
    n_rows: int = 0
    sums: Mapping[str, ReferenceSums] = field(default_factory=dict)


def _build_part(part: _Part) -> _Done:
    """Build one chromosome into the work folder, unless it is there already."""
    prepared = prepare_chromosome(part.panel, part.models.load(part.panel, part.chromosome), part.options)
    if prepared is None:
        return _Done(part.chromosome, (), False)
    if part.save_matrix:  # soon made: written anew by every run
        for model, table in matrix_tables(prepared).items():
            write_matrix_part(_matrix_path(part.folder, part.chromosome, model), table)
    if len(prepared.rows) == 0:
        return _Done(part.chromosome, (), False, sums=reference_sums(prepared))
    models = tuple(dict.fromkeys(family_name(columns.model) for columns in prepared.columns))
    key = _key(part, prepared)
    key_path = _key_path(part.folder, part.chromosome)
    paths = {model: _part_path(part.folder, part.chromosome, model) for model in models}
    if key_path.is_file() and _stored_key(key_path) == key and all(map(_is_whole, paths.values())):
        return _Done(part.chromosome, models, True, len(prepared.rows))
    key_path.unlink(missing_ok=True)
    for model, tagging in build_chromosome(prepared, part.options).items():
        write_tagging(paths[model], replace(tagging, sources=()))
    tables.write_json(key_path, {"key": key})
    return _Done(part.chromosome, models, False, len(prepared.rows))


def _is_whole(path: Path) -> bool:
    """Whether a part can be read: a power cut may leave an empty file under a good name."""
    try:
        return path.is_file() and len(read_own(path, announce=False)) > 0
    except InputError:
        return False


def _stored_key(path: Path) -> str:
    found = re.search(r'"key": "([0-9a-f]+)"', tables.read_text(path))
    return found[1] if found else ""


def _key(part: _Part, prepared: ChromosomeColumns) -> str:
    """Hash of all that the numbers of a part depend on."""
    panel, options = prepared.varying, part.options
    sweep = {name: value for name, value in asdict(options.sweep).items() if name not in ("n_threads", "memory_gb")}
    rules = (options.window_text, options.min_maf, options.conventions, prepared.n_reference, sweep)
    digest = hashlib.sha256(repr((_PART_VERSION, part.genotypes, rules)).encode())
    for columns in prepared.columns:
        digest.update(repr((columns.names, columns.model)).encode())
        digest.update(columns.values.tobytes() + np.packbits(columns.members).tobytes())
    arrays = [prepared.summary.counts, prepared.starts, prepared.rows, panel.rows, panel.bp, panel.cm]
    for array in arrays + ([] if options.covariates is None else [options.covariates]):
        digest.update(np.ascontiguousarray(array).tobytes())
    for names in (panel.snp, panel.chrom, panel.allele_1, panel.allele_2, panel.individuals):
        digest.update("\n".join(names.to_pylist()).encode())
    return digest.hexdigest()


# ---------------------------------------------------------------------------------------------------------------------
# Running


def build_to_files(
    panel: ReferencePanel,
    models: ModelFiles,
    options: BuildOptions,
    out: str | os.PathLike[str],
    *,
    file_format: str = "tagging",
    scheduler: str | None = None,
    save_matrix: bool = False,
    settings: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Build taggings and write them.

    Parameters
    ----------
    panel
        Of :func:`ldscores.read_panel`, read with the conventions of `options`.
    models
        Of :func:`ldscores.find_models`.
    options
        Of :func:`ldscores.plan_build`.
    out
        Stem of the files; with several models, ``.<model>`` is added.  The work folder is ``<out>.parts``: it stays
        when the run stops, and is removed when it is complete.  One run at a time holds it.
    file_format
        ``tagging`` (our own Parquet), ``ldsc`` (with ``@`` in `out` one set per chromosome) or ``ldak``.
    scheduler
        Address of a Dask scheduler whose workers see the same files; ``local`` starts a cluster here.
    save_matrix
        Write ``<stem>.matrix.parquet`` too: a_kj of every SNP, for per-SNP heritabilities.
    settings
        Options of the command, for the provenance.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    InputError
        As :func:`ldscores.building.build.build_tagging`; the folder of `out` does not exist; another run has this `out`;
        Dask is not installed.
    """
    check_build(panel, models.models, options)
    stem = os.fspath(out).removesuffix(OWN_SUFFIX)
    folder = _work_folder(stem, file_format)
    started = time.monotonic()
    warn_of_memory(memory_needs(panel, sum(models.n_columns().values())), options.sweep.memory_gb)
    with locked_folder(folder, "wait until it has ended, or choose another --out"):
        # A run that was killed may have left half a file; whoever wrote it is dead: the lock is ours.
        _remove(folder.glob(".*.partial"))
        written, done = _build_in(folder, panel, models, options, stem, file_format, scheduler, save_matrix, settings)
        _remove(path for path in folder.iterdir() if _PART_NAME.search(path.name))
    n_found, n_rows = (sum(getattr(one, name) for one in done) for name in ("found", "n_rows"))
    again = f", {n_found} of them found in {folder}" if n_found else ""
    seconds = format_seconds(time.monotonic() - started)
    logger.info("%d SNPs of %d chromosomes%s in %s", n_rows, sum(one.n_rows > 0 for one in done), again, seconds)
    return written


def _build_in(
    folder: Path,
    panel: ReferencePanel,
    models: ModelFiles,
    options: BuildOptions,
    stem: str,
    file_format: str,
    scheduler: str | None,
    save_matrix: bool,
    settings: Mapping[str, Any] | None,
) -> tuple[list[Path], list[_Done]]:
    """All parts, and the results of them."""
    fingerprint = "".join(describe_file(source)["sha256"] for source in panel.genotype_files)
    chromosomes = panel.chromosomes()
    # One after another: each part holds its rows of the annotations.
    parts = (
        _Part(name, panel.take(rows), models.take(rows), options, folder, fingerprint, save_matrix)
        for name, rows in chromosomes.items()
    )
    run = map(_build_part, parts) if scheduler is None else _run_on_cluster(list(parts), scheduler)
    done = list(progress(run, label="tagging", unit="chromosomes", total=len(chromosomes)))
    done.sort(key=lambda one: list(chromosomes).index(one.chromosome))
    with_rows = [one for one in done if one.models]
    if not with_rows:
        raise InputError(no_snp_left(panel, options))
    names = list(dict.fromkeys(model for one in with_rows for model in one.models))
    sources, written = (*panel.sources, *models.sources), []
    for model in names:
        built = BuiltParts(
            {one.chromosome: _part_path(folder, one.chromosome, model) for one in with_rows},
            {one.chromosome: one.sums[model] for one in done if one.sums}, sources,
        )  # fmt: skip
        name = stem if len(names) == 1 else f"{stem}.{model}"
        written += write_results(built, name, file_format, settings)
        if save_matrix:
            own = [one.chromosome for one in done if one.models or one.sums]
            paths = [_matrix_path(folder, chromosome, model) for chromosome in own]
            written.append(write_matrix(Path(name.replace("@", "all") + MATRIX_SUFFIX), paths))
    return written, done


def _remove(paths: Iterable[Path]) -> None:
    for path in list(paths):
        path.unlink(missing_ok=True)


def _work_folder(stem: str, file_format: str) -> Path:
    if "@" in stem and file_format != "ldsc":
        raise InputError(
            f"--out {stem}: found @, which stands for the chromosome in LDSC's files; expected a plain name for "
            "one file of all chromosomes; leave @ out, or add --format ldsc"
        )
    folder = Path(stem.replace("@", "all") + ".parts")
    if not folder.parent.is_dir():
        raise InputError(f"{stem}: the folder {folder.parent} does not exist; create it or choose another --out")
    return folder


def _run_on_cluster(parts: Sequence[_Part], scheduler: str) -> Iterator[_Done]:
    """Parts over the workers of a Dask cluster, the largest first; each worker writes its own."""
    with connect_cluster(scheduler) as client:
        import distributed

        largest_first = sorted(parts, key=lambda part: -len(part.panel))
        # Folders are made absolute: a worker may run elsewhere.
        futures = [
            client.submit(_build_part, replace(part, folder=part.folder.resolve()), pure=False, retries=_RETRIES)
            for part in largest_first
        ]
        for future in distributed.as_completed(futures):
            yield future.result()
