"""Results put together again from their records, as far as figures need them.

A record has all estimates with their errors, not the delete values and covariances behind them: what is given back here
is good for drawing and for nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import numpy as np

from sumh2.report.section import Record, SavedResult, number

#: Fields that are missing as None; all others are missing as NaN.
_OPTIONAL = {"two_step", "chisq_max", "samp_prev", "pop_prev", "n_factors"}
#: Spread of a set of SNPs, sqrt(p (1 - p)), but for rounding: by it a binary annotation is told from a continuous one.
_ROUNDING = 1e-6
_SHAPE = ("mean", "sd", "correlation")
_BEYOND = {"alpha_low": -np.inf, "alpha_high": np.inf}


def _filled(kind: type, row: Record) -> dict[str, Any]:
    """The fields of a class that a row has, missing numbers as NaN."""
    names = {field.name for field in fields(kind)}
    return {
        name: np.nan if value is None and name not in _OPTIONAL else value
        for name, value in row.items()
        if name in names
    }


def _numbers(rows: Sequence[Record], name: str) -> np.ndarray:
    return np.array([number(row, name) for row in rows], dtype=np.float64)


def revive_h2(saved: SavedResult) -> Any:
    """An H2Result, without delete values."""
    from sumh2.ldsc.h2_result import H2Result

    categories = saved.record.get("categories") or []
    nothing = np.empty(0)
    return H2Result(
        **_filled(H2Result, saved.rows[0]), steps=(), tau=_numbers(categories, "tau"), tau_cov=np.empty((0, 0)),
        categories=tuple(str(one.get("category")) for one in categories), totals=_numbers(categories, "m"),
        delete_values=nothing, tau_delete=nothing, intercept_delete=nothing,
    )  # fmt: skip


def revive_sumher(saved: SavedResult) -> Any:
    """What the figures of a SumherResult take."""
    row, categories = saved.rows[0], saved.record.get("categories") or []
    enrichment = SimpleNamespace(
        value=_numbers(categories, "enrichment"), jackknife_se=_numbers(categories, "enrichment_jackknife_se")
    )
    partition = SimpleNamespace(
        names=tuple(str(one.get("category")) for one in categories), tau=_numbers(categories, "tau"),
        expected=_numbers(categories, "expected_share"), enrichment=enrichment,
    )  # fmt: skip
    numbers = {name: number(row, name) for name in ("h2", "h2_jackknife_se", "intercept", "scaling", "n_bar")}
    return SimpleNamespace(trait=str(row.get("trait")), model=str(row.get("model")), partition=partition, **numbers)


def revive_rg(rows: Sequence[Record]) -> Any:
    """An RgResult."""
    from sumh2.ldsc.rg_result import RgPair, RgResult

    return RgResult(tuple(RgPair(**_filled(RgPair, row)) for row in rows), float("nan"))


def revive_alpha(saved: SavedResult) -> Any:
    """What the figures of an AlphaProfile take."""
    from sumh2.kernels.profile_shape import GaussianShape
    from sumh2.models.alpha_result import AlphaCurve

    curves = []
    for row in saved.rows:
        points = [one for one in saved.record.get("profile") or () if one.get("confounding") == row.get("confounding")]
        columns = {
            name: _numbers(points, name) for name in ("logl", "h2", "h2_se", "h2_jackknife_se", "intercept", "scaling")
        }
        shapes = {
            which: GaussianShape(number(row, "mode"), *(number(row, f"{which}_{name}") for name in _SHAPE))
            for which in ("gaussian", "powerfile")
        }
        # An end beyond the grid is missing in a record, and infinite in a result; without both there is no interval.
        ends = {"alpha_low": number(row, "alpha_low"), "alpha_high": number(row, "alpha_high")}
        if np.isfinite(list(ends.values())).any():
            ends = {name: value if np.isfinite(value) else _BEYOND[name] for name, value in ends.items()}
        given = _filled(AlphaCurve, row) | columns | shapes | ends
        given |= {
            "alphas": _numbers(points, "alpha"),
            "alpha_delete": np.empty(0),
            "converged": np.empty(0, dtype=bool),
        }
        curves.append(AlphaCurve(**given))
    return SimpleNamespace(trait=str(saved.rows[0].get("trait")), curves=tuple(curves))


def revive_comparison(saved: SavedResult) -> Any:
    """What the figures of a ModelComparison take."""
    record = saved.record
    models = []
    for row in saved.rows:
        gain = number(row, "delta_logl")
        difference = SimpleNamespace(difference=gain, se=number(row, "delta_logl_se")) if np.isfinite(gain) else None
        words = {name: str(row.get(name)) for name in ("model", "confounding", "estimator")}
        numbers = {name: number(row, name) for name in ("alpha", "h2", "h2_jackknife_se")}
        models.append(SimpleNamespace(**words, **numbers, difference=difference))
    best = record.get("best") or {}
    chosen = next(
        (one for one in models if (one.model, one.confounding) == (best.get("model"), best.get("confounding"))),
        models[0],
    )
    return SimpleNamespace(
        trait=str(saved.rows[0].get("trait")), models=tuple(models), reference=str(record.get("reference")),
        best_model=chosen,
        h2_average=number(record, "h2_average"), h2_average_se=number(record, "h2_average_se"),
    )  # fmt: skip


def revive_partition(saved: SavedResult) -> Any:
    """What the figures of a PartitionResult take."""
    record, rows = saved.record, saved.rows
    share, spread = _numbers(rows, "prop_snps"), _numbers(rows, "sd")
    inside = (share >= 0) & (share <= 1)
    variance = np.where(inside, share * (1 - share), np.nan)
    with np.errstate(invalid="ignore"):
        binary = inside & (
            np.isnan(spread) | (np.abs(spread**2 - variance) <= _ROUNDING * np.maximum(variance, _ROUNDING))
        )
    bins = record.get("quantiles") or []
    quantiles = SimpleNamespace(enrichment=_estimates(bins, "enrichment")) if bins else None
    of = SimpleNamespace(of=str(bins[0].get("annotation"))) if bins else None
    return SimpleNamespace(
        trait=str((record.get("h2") or {}).get("trait")), categories=tuple(str(row.get("category")) for row in rows),
        statuses=tuple(str(row.get("status")) for row in rows), enrichment_p=_numbers(rows, "enrichment_p"),
        enrichments=SimpleNamespace(enrichment=_estimates(rows, "enrichment")), quantiles=quantiles,
        sums=SimpleNamespace(binary=binary, quantiles=of),
    )  # fmt: skip


def _estimates(rows: Sequence[Record], name: str) -> Any:
    return SimpleNamespace(value=_numbers(rows, name), se=_numbers(rows, f"{name}_se"))


def revive_stratified_rg(saved: SavedResult) -> Any:
    """What the figure of a StratifiedRgResult takes."""
    traits = list(dict.fromkeys(str(row.get(end)) for row in saved.rows for end in ("trait1", "trait2")))
    categories = list(dict.fromkeys(str(row.get("category")) for row in saved.rows))
    by_pair: dict[tuple[int, int], list[Record]] = {}
    for row in saved.rows:
        pair = traits.index(str(row.get("trait1"))), traits.index(str(row.get("trait2")))
        by_pair.setdefault(pair, []).append(row)
    pairs = {
        pair: SimpleNamespace(
            rg=_numbers(rows, "rg"), rg_se=_numbers(rows, "rg_se"), statuses=[str(row.get("status")) for row in rows]
        )
        for pair, rows in by_pair.items()
    }
    return SimpleNamespace(traits=tuple(traits), categories=tuple(categories[:-1]), pairs=pairs)


def revive_screen(saved: SavedResult) -> Any:
    """What the figures of a ScreenResult take."""
    from sumh2.screens.result import ScreenRow

    baseline: Mapping[str, Any] = saved.record.get("baseline") or {}
    return SimpleNamespace(
        rows=tuple(ScreenRow(**_filled(ScreenRow, row)) for row in saved.rows), trait=str(baseline.get("trait")),
        alternative=baseline.get("alternative", "greater"),
    )  # fmt: skip


def revive_influence(saved: SavedResult) -> Any:
    """An InfluenceResult of the blocks that are listed: those that move an estimate most."""
    from sumh2.influence_result import Capped, Influence, InfluenceResult

    groups: dict[tuple[str, str], list[Record]] = {}
    for row in saved.rows:
        groups.setdefault((str(row.get("trait")), str(row.get("quantity"))), []).append(row)
    influences = []
    for (trait, quantity), rows in groups.items():
        of = {
            kind: [row for row in rows if row.get("left_out") == kind] for kind in ("block", "chromosome", "large chi2")
        }
        names = {kind: tuple(str(row.get("what")) for row in listed) for kind, listed in of.items()}
        influences.append(
            Influence(
                trait, quantity, number(rows[0], "estimate"), number(rows[0], "se"), _numbers(of["block"], "without"),
                _numbers(of["chromosome"], "without"),
                tuple(
                    Capped(float(name.split()[0]), number(row, "without"), number(row, "without_se"), 0)
                    for name, row in zip(names["large chi2"], of["large chi2"], strict=True)
                ),
                names["block"], names["chromosome"], np.full(len(names["chromosome"]), np.nan),
            )
        )  # fmt: skip
    return InfluenceResult(tuple(influences))


def revive_consistent(saved: SavedResult) -> Any:
    """A ConsistentAtlas, without the jackknife factor."""
    from sumh2.atlas.consistent import ConsistentAtlas

    record = saved.record
    heritabilities = record.get("heritabilities") or []
    names = tuple(str(one.get("trait")) for one in heritabilities)
    diagonals = {"gcov": "h2", "gcov_se": "h2_se", "raw_gcov": "raw_h2", "raw_gcov_se": "raw_h2_se"}
    matrices: dict[str, Any] = {
        name: _matrix(saved.rows, names, name, _numbers(heritabilities, own)) for name, own in diagonals.items()
    }
    for name, diagonal in (("rg", 1.0), ("rg_se", 0.0), ("raw_rg", 1.0), ("raw_rg_se", 0.0)):
        matrices[name] = _matrix(saved.rows, names, name, np.full(len(names), diagonal))
    numbers: dict[str, Any] = {
        name: number(record, name) for name in ("distance", "statistic", "p", "n_draws", "shrinkage", "n_rounds")
    }
    unusable = tuple(
        (str(row.get("trait1")), str(row.get("trait2")), str(row.get("why") or ""))
        for row in saved.rows
        if row.get("status") == "unusable"
    )
    return ConsistentAtlas(
        names=names, left_out=(), factor=None, unusable_pairs=unusable, **matrices, **_eigenvalues(record), **numbers,
        n_factors=record.get("n_factors"), unique=True, converged=True, n_unconverged=0,
    )  # fmt: skip


def revive_consistent_table(saved: SavedResult) -> Any:
    """A ConsistentTable."""
    from sumh2.atlas.consistent_table import ConsistentTable, RgTable

    names = tuple(dict.fromkeys(str(row.get(end)) for row in saved.rows for end in ("trait1", "trait2")))
    ones = np.ones(len(names))
    table = RgTable(
        names, _matrix(saved.rows, names, "raw_rg", ones), _matrix(saved.rows, names, "raw_rg_se", ones), saved.source
    )
    return ConsistentTable(
        table, _matrix(saved.rows, names, "rg", ones), distance=number(saved.record, "distance"), n_rounds=0,
        converged=True,
        **_eigenvalues(saved.record),
    )  # fmt: skip


def revive_factors(saved: SavedResult) -> Any:
    """A FactorCount."""
    from sumh2.atlas.factor_count import FactorCount

    rows = saved.rows
    quantile = number(saved.provenance.get("options") or {}, "quantile")
    return FactorCount(
        names=tuple(str(row.get("factor")) for row in rows), n_factors=sum(bool(row.get("counts")) for row in rows),
        eigenvalues=_numbers(rows, "eigenvalue"), null_mean=_numbers(rows, "null_mean"),
        null_limit=_numbers(rows, "null_limit"), quantile=quantile if np.isfinite(quantile) else 0.95, n_draws=0,
        left_out=(),
    )  # fmt: skip


def _eigenvalues(record: Record) -> dict[str, Any]:
    names = ("eigenvalues_before", "eigenvalues_after")
    return {name: np.array(record.get(name) or [], dtype=np.float64) for name in names}


def _matrix(rows: Sequence[Record], names: Sequence[str], value: str, diagonal: np.ndarray) -> np.ndarray:
    place = {name: number for number, name in enumerate(names)}
    matrix = np.full((len(names), len(names)), np.nan)
    np.fill_diagonal(matrix, diagonal)
    for row in rows:
        first, second = place.get(str(row.get("trait1"))), place.get(str(row.get("trait2")))
        if first is not None and second is not None:
            matrix[first, second] = matrix[second, first] = number(row, value)
    return matrix
