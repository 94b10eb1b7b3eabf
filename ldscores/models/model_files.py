"""Heritability models with the annotations and weights that they need, from files."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ldscores.annotations.annotation_files import (
    find_annotations,
    parse_breaks,
    read_annotation_names,
    read_annotations,
    read_binned_variables,
)
from ldscores.annotations.annotation_positions import check_positions
from ldscores.annotations.annotation_set import Annotations, match_annotations
from ldscores.annotations.base_annotation import find_base, places_called_base
from ldscores.annotations.ldak_annotation_files import read_ldak_annotations, read_ldak_partitions, read_snp_weights
from ldscores.chromosome_files import split_names
from ldscores.models.heritability_models import HeritabilityModel
from ldscores.models.model_sets import ModelSet, family_name
from ldscores.panels.reference_panel import ReferencePanel
from ldscores.shared.errors import InputError, OptionError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class ModelFiles:
    """Models whose annotations may still lie in files.

    Parameters
    ----------
    models : ModelSet
        On the rows of the panel, or of a part of it.
    annot : str, optional
        Annotations of LDSC, one file per chromosome, read when a chromosome's turn comes; whole genomes of them would
        fill the memory.
    sources : tuple of str
        Files of annotations and weights, for the provenance.
    """

    models: ModelSet
    annot: str | None = None
    sources: tuple[str, ...] = ()

    def n_columns(self) -> dict[str, int]:
        """Columns of each tagging that the models make, at most; from headers alone where annotations lie in files."""
        n_annots = 0 if self.models.annotations is None else self.models.annotations.n_annots
        for name in [] if self.annot is None else split_names(self.annot):
            n_annots += len(read_annotation_names(next(iter(find_annotations(name).files.values()))))
        found: dict[str, int] = {}
        for model in self.models.models:
            n_categories = 1 if model.n_annotations == 0 else n_annots + 1 + (model.weights == "category")
            found[family_name(model)] = found.get(family_name(model), 0) + n_categories
        return found

    def take(self, rows: slice) -> ModelFiles:
        """The same for these rows of the panel."""
        return replace(self, models=self.models.take(rows))

    def load(self, panel: ReferencePanel, chromosome: str) -> ModelSet:
        """Models of one chromosome with all they need."""
        if self.annot is None:
            return self.models
        return replace(self.models, annotations=_read_chromosome(self.annot, panel, chromosome))


def _read_chromosome(annot: str, panel: ReferencePanel, chromosome: str) -> Annotations:
    """Annotations of one chromosome from files of one each, on the rows of its panel."""
    annotations = read_annotations(annot, _token_of(annot, chromosome))
    return _on_panel(annotations, panel, f"chromosome {chromosome} of {panel.where}")


def _on_panel(annotations: Annotations, panel: ReferencePanel, where: str) -> Annotations:
    """Annotations on the rows of a panel; those without names of SNPs stand in the order of its files."""
    if annotations.snp is None and len(annotations) == len(panel):
        annotations = annotations.take(np.argsort(np.argsort(panel.rows)))
    matched = match_annotations(annotations, panel.snp, where=where)
    check_positions(matched, panel.chrom, panel.bp, where)
    return matched


def _first_has_base(annot: str, panel: ReferencePanel) -> bool:
    """Whether the files of the first chromosome have a base, and with them all others.

    Each chromosome alone could not tell: an annotation may be 1 at every SNP of one of them only.
    """
    names = split_names(annot)
    ends = [read_annotation_names(next(iter(find_annotations(name).files.values()))) for name in (names[0], names[-1])]
    if not places_called_base((ends[0][0], ends[1][-1])):
        return False
    first, rows = next(iter(panel.chromosomes().items()))
    return find_base(_read_chromosome(annot, panel.take(rows), first)).is_base


def _token_of(annot: str, chromosome: str) -> str:
    """The chromosome as the names of the files spell it: with or without ``chr``."""
    tokens = find_annotations(split_names(annot)[0]).files
    bare = re.sub("^chr", "", chromosome, flags=re.IGNORECASE)
    return next((name for name in (chromosome, bare, f"chr{bare}") if name in tokens), chromosome)


def find_models(
    panel: ReferencePanel,
    models: Sequence[HeritabilityModel],
    *,
    annot: str | None = None,
    annotation_prefix: str | None = None,
    annotation_number: int | None = None,
    partition_prefix: str | None = None,
    partition_number: int | None = None,
    background: bool | None = None,
    all_one: bool = True,
    weights: str | None = None,
    thin: str | None = None,
    power: float | None = None,
    hwe_stand: bool = True,
    cts_bin: str | None = None,
    cts_breaks: str | None = None,
    cts_names: Sequence[str] | None = None,
    base: bool | None = None,
    pq_exp: float | None = None,
) -> ModelFiles:
    """Models with the files that they need, on the rows of a panel.

    Parameters
    ----------
    panel
        Whose SNPs the annotations and weights are put on.
    models
        Of :func:`ldscores.parse_models`.
    annot
        LDSC's ``.annot`` files.
    annotation_prefix, annotation_number, partition_prefix, partition_number, background, all_one
        LDAK's files, see :mod:`ldscores.annotations.ldak_annotation_files`.
    weights, thin
        LDAK weightings; SNPs kept after thinning.
    power
        Replaces the alpha of every model.
    hwe_stand
        Whether the variance of a SNP is 2f(1-f), or the observed one.
    cts_bin, cts_breaks, cts_names
        LDSC's variables in bins, see :func:`ldscores.annotations.annotation_files.read_binned_variables`.
    base
        Whether the user's own annotations get a base category; by default unless LDSC's `cts_bin` or `pq_exp` is asked
        for, which add none.
    pq_exp
        LDSC's ``--pq-exp``.

    Raises
    ------
    InputError
        More than one kind of annotations is given, a file is missing or broken, or options exclude each other.
    """
    _check_pq_exp(models, pq_exp, power, weights)
    if (cts_bin is None) != (cts_breaks is None):
        raise OptionError(
            "found one of --cts-bin and --cts-breaks; expected both; e.g. --cts-bin maf.txt --cts-breaks 0.1"
        )
    kinds = {
        "--annot": annot, "--annotation-prefix": annotation_prefix, "--partition-prefix": partition_prefix,
        "--cts-bin": cts_bin,
    }  # fmt: skip
    given = [flag for flag, value in kinds.items() if value is not None]
    if len(given) > 1:
        raise InputError(f"found {' and '.join(given)}; expected one kind of annotations; make a run for each")
    _check_used(models, given, weights, power)
    annotations, later = None, None
    if annot is not None:
        per_chromosome = all("" not in find_annotations(name).files for name in split_names(annot))
        later = annot if per_chromosome else None
        if later is None:
            annotations = _on_panel(read_annotations(annot), panel, panel.where)
    elif annotation_prefix is not None:
        annotations = read_ldak_annotations(annotation_prefix, panel.snp, annotation_number)
    elif partition_prefix is not None:
        annotations = read_ldak_partitions(partition_prefix, panel.snp, partition_number, background, all_one)
    elif cts_bin is not None and cts_breaks is not None:
        annotations = read_binned_variables(split_names(cts_bin), parse_breaks(cts_breaks), cts_names, panel.snp)
    # Empty ones are told of at the end of the build: of annotations by chromosome, one may be empty on some.
    for warning in [] if annotations is None else annotations.warnings(of_empty=False):
        logger.warning("%s", warning)
    if base is None:
        base = cts_bin is None and pq_exp is None
    snp_weights = {"ldak": weights, "thin": thin}
    loaded = {key: read_snp_weights(path, panel.snp) for key, path in snp_weights.items() if path is not None}
    if "thin" in loaded:
        loaded["extract"] = loaded["thin"]
    sources = [] if annotations is None else [*annotations.sources]
    if later is not None:
        sources += [str(path) for name in split_names(later) for path in find_annotations(name).files.values()]
    sources += [path for path in (weights, thin) if path is not None]
    has_base = None if later is None else _first_has_base(later, panel)
    chosen = ModelSet(tuple(models), annotations, loaded, power, hwe_stand, base, pq_exp, has_base)
    return ModelFiles(chosen, later, tuple(sources))


def _check_used(
    models: Sequence[HeritabilityModel], annotations: Sequence[str], weights: str | None, power: float | None
) -> None:
    """Refuse what no model would use, and a power that would make a grid of alphas one alpha many times."""
    if annotations and all(model.n_annotations == 0 for model in models):
        raise InputError(
            f"{annotations[0]}: found annotations that no model of {', '.join(m.name for m in models)} uses; expected a "
            f"model with annotations; write --model own, or drop {annotations[0]}"
        )
    if weights is not None and all(model.weights == "none" and model.name != "own" for model in models):
        raise InputError(
            f"--weights: found weights that no model of {', '.join(m.name for m in models)} uses; expected a model with "
            "weights; write --model ldak or own, or drop --weights"
        )
    grid = [model.name for model in models if "(" in model.name]
    if power is not None and grid:
        raise OptionError(
            f"--power: found {power:g} beside a grid of alphas ({grid[0]}, ...), expected one of them; drop --power or "
            "--alphas"
        )


def _check_pq_exp(
    models: Sequence[HeritabilityModel], pq_exp: float | None, power: float | None, weights: str | None
) -> None:
    if pq_exp is None:
        return
    others = [model.name for model in models if model.name not in ("gcta", "own")]
    if others or power is not None or weights is not None:
        found = f"--model {others[0]}" if others else "--power" if power is not None else "--weights"
        raise InputError(
            f"--pq-exp: found {found} beside it; expected --model gcta or own, whose columns it multiplies by "
            "[p(1-p)]^a as LDSC does; leave one of the two out"
        )
