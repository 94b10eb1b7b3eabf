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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ldscores.build import (
    LDSC_CHUNK,
    BuildOptions,
    ChromosomeColumns,
    ModelSet,
    build_chromosome,
    check_build,
    default_options,
    family_name,
    no_snp_left,
    prepare_chromosome,
)
from ldscores.covariate_files import read_covariates
from ldscores.heritability_models import HeritabilityModel
from ldscores.ld_score_files import write_ldsc_ld_scores
from ldscores.ldak_tagging_files import write_ldak_tagging
from ldscores.merge import merge_snps
from ldscores.model_files import ModelFiles
from ldscores.panel import CONVENTIONS, ReferencePanel
from ldscores.panel_files import read_snp_names
from ldscores.shared import tables
from ldscores.shared.cores import usable_cores
from ldscores.shared.errors import InputError
from ldscores.shared.progress import format_seconds, progress
from ldscores.shared.provenance import describe_file
from ldscores.sweep import DEFAULT_MEMORY, SweepOptions
from ldscores.tagging import Tagging
from ldscores.tagging_files import OWN_SUFFIX, read_own, write_tagging
from ldscores.thinning import choose_window

logger = logging.getLogger(__name__)

#: Changes whenever the numbers of a part may change, so that older parts are not taken.
_PART_VERSION = 1
_RETRIES = 2


# ---------------------------------------------------------------------------------------------------------------------
# Options


def plan_build(
    models: Sequence[HeritabilityModel],
    *,
    window_cm: float | None = None,
    window_kb: float | None = None,
    window_snps: float | None = None,
    ldsc_windows: bool = False,
    maf: float = 0.0,
    conventions: str = "preset",
    raw_r2: bool = False,
    regression_snps: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    memory: float = DEFAULT_MEMORY,
    double: bool = False,
) -> BuildOptions:
    """Options of a build from those of the command line; what is not given comes from the first model.

    Raises
    ------
    InputError
        Several windows are given, or a number is out of range.
    """
    if threads is not None and threads < 1:
        raise InputError(f"--threads {threads}: expected at least 1; leave it out to use all cores")
    if not memory > 0:
        raise InputError(f"--memory {memory:g}: expected a positive number of GB; e.g. --memory 2")
    sweep = SweepOptions(threads or usable_cores(), memory, double, not raw_r2)
    options = default_options(ModelSet(tuple(models)), sweep)
    if (window_cm, window_kb, window_snps) != (None, None, None):
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
    """A chromosome that is built: the models that have rows there; whether a former run built it."""

    chromosome: str
    models: tuple[str, ...]
    found: bool
    n_rows: int = 0


def _build_part(part: _Part) -> _Done:
    """Build one chromosome into the work folder, unless it is there already."""
    prepared = prepare_chromosome(part.panel, part.models.load(part.panel, part.chromosome), part.options)
    if prepared is None or len(prepared.rows) == 0:
        return _Done(part.chromosome, (), False)
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
    panel, options = prepared.panel, part.options
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
    settings: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Build taggings and write them.

    Parameters
    ----------
    out
        Stem of the files; with several models, ``.<model>`` is added.  The work folder is ``<out>.parts``: it stays
        when the run stops, and is removed when it is complete.
    file_format
        ``tagging`` (our own Parquet), ``ldsc`` (with ``@`` in `out` one set per chromosome) or ``ldak``.
    scheduler
        Address of a Dask scheduler whose workers see the same files; ``local`` starts a cluster here.
    settings
        Options of the command, for the provenance.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    InputError
        As :func:`ldscores.build.build_tagging`; the folder of `out` does not exist; Dask is not installed.
    """
    check_build(panel, models.models, options)
    stem = os.fspath(out).removesuffix(OWN_SUFFIX)
    folder = _work_folder(stem, file_format)
    started = time.monotonic()
    fingerprint = "".join(describe_file(source)["sha256"] for source in panel.genotype_files)
    chromosomes = panel.chromosomes()
    # One after another: each part holds its rows of the annotations.
    parts = (
        _Part(name, panel.take(rows), models.take(rows), options, folder, fingerprint)
        for name, rows in chromosomes.items()
    )
    run = map(_build_part, parts) if scheduler is None else _run_on_cluster(list(parts), scheduler)
    try:
        done = list(progress(run, label="tagging", unit="chromosomes", total=len(chromosomes)))
        done = sorted((one for one in done if one.models), key=lambda one: list(chromosomes).index(one.chromosome))
        if not done:
            raise InputError(no_snp_left(panel, options))
        written = _write_all((*panel.sources, *models.sources), folder, done, stem, file_format, settings)
        for one in done:
            _key_path(folder, one.chromosome).unlink(missing_ok=True)
            for model in one.models:
                _part_path(folder, one.chromosome, model).unlink(missing_ok=True)
    finally:
        if not any(folder.iterdir()):
            folder.rmdir()
    n_found, n_rows = (sum(getattr(one, name) for one in done) for name in ("found", "n_rows"))
    again = f", {n_found} of them found in {folder}" if n_found else ""
    seconds = format_seconds(time.monotonic() - started)
    logger.info("%d SNPs of %d chromosomes%s in %s", n_rows, len(done), again, seconds)
    return written


def _work_folder(stem: str, file_format: str) -> Path:
    if "@" in stem and file_format != "ldsc":
        raise InputError(
            f"--out {stem}: found @, which stands for the chromosome in LDSC's files; expected a plain name for "
            "one file of all chromosomes; leave @ out, or add --format ldsc"
        )
    folder = Path(stem.replace("@", "all") + ".parts")
    if not folder.parent.is_dir():
        raise InputError(f"{stem}: the folder {folder.parent} does not exist; create it or choose another --out")
    folder.mkdir(exist_ok=True)
    return folder


def _run_on_cluster(parts: Sequence[_Part], scheduler: str) -> Iterator[_Done]:
    """Parts over the workers of a Dask cluster, the largest first; each worker writes its own."""
    try:
        import distributed
    except ImportError as error:
        raise InputError(
            "--scheduler: Dask is not installed; expected the extra: pip install 'sumh2[dask]', or leave "
            "--scheduler out"
        ) from error
    try:
        client = distributed.Client() if scheduler == "local" else distributed.Client(scheduler, timeout=20)
    except (OSError, ValueError) as error:
        raise InputError(
            f"--scheduler {scheduler}: no Dask scheduler answers there ({error}); expected an address such as "
            "tcp://host:8786; start one with: dask scheduler"
        ) from error
    with client:
        largest_first = sorted(parts, key=lambda part: -len(part.panel))
        # Folders are made absolute: a worker may run elsewhere.
        futures = [
            client.submit(_build_part, replace(part, folder=part.folder.resolve()), pure=False, retries=_RETRIES)
            for part in largest_first
        ]
        for future in distributed.as_completed(futures):
            yield future.result()


def _write_all(
    sources: tuple[str, ...],
    folder: Path,
    done: Sequence[_Done],
    stem: str,
    file_format: str,
    settings: Mapping[str, Any] | None,
) -> list[Path]:
    models = list(dict.fromkeys(model for one in done for model in one.models))
    written: list[Path] = []
    for model in models:
        loaded = [
            replace(read_own(_part_path(folder, one.chromosome, model), announce=False), sources=sources)
            for one in done if model in one.models
        ]  # fmt: skip
        _warn_of_empty_categories(loaded)
        name = stem if len(models) == 1 else f"{stem}.{model}"
        if file_format == "tagging":
            written.append(Path(name + OWN_SUFFIX))
            write_tagging(written[-1], merge_snps(loaded), settings)
        elif file_format == "ldak":
            written.append(Path(name + ".tagging"))
            write_ldak_tagging(written[-1], merge_snps(loaded))
        else:
            whole = loaded if "@" in name else [merge_snps(loaded)]
            for tagging in whole:
                written += write_ldsc_ld_scores(_ldsc_names(tagging), name.replace("@", tagging.chrom[0].as_py()))
    return written


def _warn_of_empty_categories(parts: Sequence[Tagging]) -> None:
    """Annotations by chromosome are read one after another: only now is it known which were 0 on all of them."""
    filled = np.any([(part.tagging != 0).any(axis=0) for part in parts], axis=0)
    empty = [name for name, any_ in zip(parts[0].names, filled, strict=True) if not any_]
    if empty:
        logger.warning("0 at every SNP, so that fits leave it out: %s", ", ".join(empty[:5]))


def _ldsc_names(tagging: Tagging) -> Tagging:
    """The same with LDSC's names of columns: ``L2`` alone, else ``<name>L2``; ``_S<a>`` stays behind it."""
    if all(re.search(r"L2(_S[^_]+)?$", name) for name in tagging.names):
        return tagging
    if tagging.n_categories == 1:
        return replace(tagging, names=("L2",))
    return replace(tagging, names=tuple(name if name.endswith("L2") else f"{name}L2" for name in tagging.names))
