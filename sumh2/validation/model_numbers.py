"""Numbers of heritability models: counts of parameters, the scaling of annotations, annotations as partitions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ldscores.annotations.annotation_set import Annotations
from ldscores.models.heritability_models import ALPHA_GRID, MODELS, ModelColumns, model_columns, parse_alphas

Floats = NDArray[np.float64]

N_SNPS = 500


def invented(seed: int = 1) -> tuple[Floats, Floats, Floats]:
    """Frequencies, SNP weights and 74 annotations, (n_snps,), (n_snps,), (n_snps, 74)."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0.01, 0.5, N_SNPS), rng.uniform(0.1, 1, N_SNPS), rng.uniform(0.1, 1, (N_SNPS, 74))


def annotated(values: Floats, kind: str = "annotation") -> Annotations:
    """Annotations with names."""
    return Annotations(values, tuple(f"a{place + 1}" for place in range(values.shape[1])), kind=kind)


def largest_difference(ours: Floats, theirs: Floats) -> float:
    """Largest relative difference of two arrays; infinite where they are not alike in shape."""
    if ours.shape != theirs.shape:
        return float("inf")
    return float(np.max(np.abs(ours - theirs) / np.maximum(np.abs(theirs), np.finfo(float).tiny), initial=0.0))


def scaling_difference() -> float:
    """a_kj = P_kj v_j^(1 + alpha) with power -1 against P_kj with power alpha, v = 2f(1-f), alpha = -0.25."""
    frequency, _, values = invented()
    scale = (2 * frequency * (1 - frequency)) ** 0.75
    direct = model_columns("own", frequency, annotated(values), power=-0.25, base=False).values
    scaled = model_columns("own", frequency, annotated(values * scale[:, None]), power=-1.0, base=False).values
    return largest_difference(scaled, direct)


def base_against_partition() -> float:
    """74 annotations, whose model adds a base, against 75 of a partition with all SNPs in the last."""
    frequency, _, values = invented()
    annotation = model_columns("own", frequency, annotated(values), power=-1.0)
    last = np.column_stack([values, np.ones(N_SNPS)])
    partition = model_columns("own", frequency, annotated(last, kind="partition"), power=-1.0)
    return largest_difference(annotation.values, partition.values)


def built(name: str) -> ModelColumns:
    """Columns of a published model with as many annotations as it takes."""
    frequency, weights, values = invented()
    model = MODELS[name]
    chosen = annotated(values[:, : model.n_annotations]) if model.n_annotations else None
    return model_columns(model, frequency, chosen, weights if model.weights != "none" else None)


def exponent_of(name: str) -> float:
    """Exponent of v = 2f(1-f) in the columns that a model gives SNPs of equal weight."""
    frequency = invented()[0]
    weights = np.ones(N_SNPS) if MODELS[name].weights != "none" else None
    values = model_columns(MODELS[name], frequency, weights=weights).values[:, 0]
    slope = np.polyfit(np.log(2 * frequency * (1 - frequency)), np.log(values), 1)[0]
    return float(slope)


def spread_of_gcta() -> float:
    """Relative spread of E[h2_j] over SNPs under the GCTA model."""
    values = built("gcta").values
    return float(np.ptp(values) / values.mean())


def common_exponent() -> float:
    """Exponent of LDAK, LDAK-Thin and Human Default; NaN where they differ."""
    found = [exponent_of(name) for name in ("ldak", "ldak-thin", "human-default")]
    return found[0] if np.ptp(found) < 1e-12 else float("nan")


NUMBERS: dict[str, Callable[[], float]] = {
    "bld_ldak_parameters": lambda: built("bld-ldak").values.shape[1],
    "bld_ldak_alpha_parameters": lambda: built("bld-ldak+alpha").values.shape[1] + 1,  # and alpha
    "baseline_parameters": lambda: built("baseline-ld").values.shape[1],
    "baseline_annotations": lambda: MODELS["baseline-ld"].n_annotations or 0,
    "bld_annotations": lambda: MODELS["bld-ldak"].n_annotations or 0,
    "alpha_instances": lambda: len(parse_alphas(ALPHA_GRID)),
    "ldak_exponent": common_exponent,
    "gcta_constant": spread_of_gcta,
    "scaling_identity": scaling_difference,
    "base_is_partition": base_against_partition,
}
