"""Results in the files of LDAK 6.2, byte for byte but for what LDAK gets wrong (``--ldak-files``).

The Z of ``.enrich`` comes from the right formula (LDAK reads past an array with an intercept or genomic control); where
a correlation has no jackknife error because a heritability is not positive in some samples, the error is to first order
in the place of ``-nan``; an error that does not exist is NA, never -9999.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ldscores.shared.outputs import written_together
from ldscores.shared.tables import write_text
from sumh2.ldsc.log import file_word
from sumh2.sumher.held_out import HeldOut
from sumh2.sumher.result import Quantity, SumherResult
from sumh2.sumher.rg_result import PairPartition, SumherRgPair, SumherRgResult
from sumh2.sumher.rows import BASE

Floats = NDArray[np.float64]


def _number(value: float | None) -> str:
    return f"{value:.6f}" if value is not None and np.isfinite(value) else "NA"


def _small(value: float) -> str:
    return f"{value:.6e}" if np.isfinite(value) else "NA"


def component_names(names: Sequence[str]) -> list[str]:
    """LDAK's short names: A1, A2, ..., Base for annotations, Base for one category, else P1, P2, ..."""
    if len(names) == 1:
        return [BASE]
    if names[-1] == BASE:
        return [*(f"A{place}" for place in range(1, len(names))), BASE]
    return [f"P{place}" for place in range(1, len(names) + 1)]


def _lines(rows: Iterable[Iterable[str]]) -> str:
    return "".join(" ".join(row) + "\n" for row in rows)


# ---------------------------------------------------------------------------------------------------------------------
# Heritabilities


@written_together()
def write_ldak_h2(result: SumherResult, stem: str | Path, *, jackknife: bool | None = None) -> list[Path]:
    """Write .hers .cats .share .enrich .taus .cross .extra .labels .overlap, and on the liability scale .factor,
    .hers.liab and .cats.liab.

    Parameters
    ----------
    result
        Of :func:`sumh2.fit_sumher`.
    stem
        What the names begin with.
    jackknife
        Whether errors are the jackknife's (LDAK's ``--num-blocks``) or those of the likelihood; by default the latter
        where there are any.

    Returns
    -------
    list of Path
    """
    by_jackknife = not np.isfinite(result.h2_se) if jackknife is None else jackknife
    texts = {
        "hers": _hers(result, by_jackknife, 1.0),
        "cats": _cats(result, by_jackknife, 1.0),
        "share": _shares(result, by_jackknife),
        "enrich": _enrichments(result, by_jackknife),
        "taus": _covariances(result, by_jackknife, "Tau", np.ones(len(result.partition.tau)), _small),
        "cross": _covariances(result, by_jackknife, "Her", result.partition.sums.own, _number),
        "extra": _extra(result, by_jackknife),
        "labels": _labels(result.partition.names),
        "overlap": _overlap(result.n_tagging_snps, result.n_with_statistics),
    }
    if np.isfinite(result.liability):
        texts |= {
            "hers.liab": _hers(result, by_jackknife, result.liability),
            "cats.liab": _cats(result, by_jackknife, result.liability),
            "factor": _factor(result),
        }
    return _write(stem, texts)


def _write(stem: str | Path, texts: dict[str, str]) -> list[Path]:
    written = [Path(f"{stem}.{ending}") for ending in texts]
    for path, text in zip(written, texts.values(), strict=True):
        write_text(path, text)
    return written


@written_together()
def write_held_out(held_out: HeldOut, stem: str | Path) -> list[Path]:
    """Write .cv.exps (statistic, expectation and weight of every SNP) and .cv.cor, their correlation."""
    columns = (held_out.chi2, held_out.expected, held_out.weights)
    rows = zip(held_out.snp.to_pylist(), *([f"{value:.4f}" for value in column] for column in columns), strict=True)
    correlation = held_out.correlation
    texts = {
        "cv.exps": _lines([("Predictor", "Stat", "Expectation", "Weighting"), *rows]),
        "cv.cor": f"Num_Predictors {len(held_out.chi2)}\n"
        f"Correlation {f'{correlation:.4f}' if np.isfinite(correlation) else 'NA'}\n",
    }
    return _write(stem, texts)


def _errors(quantity: Quantity, by_jackknife: bool) -> Floats:
    return quantity.jackknife_se if by_jackknife else quantity.se


def _hers(result: SumherResult, by_jackknife: bool, factor: float) -> str:
    partition = result.partition
    component, influence = partition.component_h2, partition.influence
    columns = (
        component.value * factor,
        _errors(component, by_jackknife) * factor,
        influence.value,
        _errors(influence, by_jackknife),
    )
    rows = [["Component", "Heritability", "SE", "Influence", "SE"]]
    for name, *values in zip(component_names(partition.names), *columns, strict=True):
        rows.append([f"Her_{name}", *map(_number, values)])
    h2_se = result.h2_jackknife_se if by_jackknife else result.h2_se
    unit = partition.influence_factor * partition.sums.own
    tau_cov = partition.tau_jackknife_cov if by_jackknife else partition.tau_cov
    total_se = np.sqrt(max(float(unit @ tau_cov @ unit), 0.0)) if np.isfinite(tau_cov).all() else np.nan
    total = (result.h2 * factor, h2_se * factor, influence.value.sum(), total_se)
    return _lines([*rows, ["Her_All", *map(_number, total)]])


def _cats(result: SumherResult, by_jackknife: bool, factor: float) -> str:
    category = result.partition.category_h2
    rows = [["Component", "Heritability", "SE"]]
    columns = (category.value * factor, _errors(category, by_jackknife) * factor)
    for name, *values in zip(component_names(result.partition.names), *columns, strict=True):
        rows.append([f"Cat_{name}", *map(_number, values)])
    return _lines(rows)


def _shares(result: SumherResult, by_jackknife: bool) -> str:
    share = result.partition.component_share
    rows = [["Component", "Share", "SE"]]
    columns = (share.value, _errors(share, by_jackknife))
    for name, *values in zip(component_names(result.partition.names), *columns, strict=True):
        rows.append([f"Share_{name}", *map(_number, values)])
    return _lines(rows)


def _enrichments(result: SumherResult, by_jackknife: bool) -> str:
    partition = result.partition
    rows = [["Component", "Share", "SE", "Expected", "Enrichment", "SE", "Z"]]
    columns = (
        partition.category_share.value,
        _errors(partition.category_share, by_jackknife),
        partition.expected,
        partition.enrichment.value,
        _errors(partition.enrichment, by_jackknife),
        partition.enrichment_z(by_jackknife),
    )
    for name, *values in zip(component_names(partition.names), *columns, strict=True):
        rows.append([f"Enrich_{name}", *map(_number, values)])
    return _lines(rows)


def _covariances(
    result: SumherResult, by_jackknife: bool, word: str, scale: Floats, text: Callable[[float], str]
) -> str:
    partition = result.partition
    covariance = (partition.tau_jackknife_cov if by_jackknife else partition.tau_cov) * np.outer(scale, scale)
    rows = [["Component", "Estimate", *(f"Covar_{place}" for place in range(1, len(scale) + 1))]]
    for name, value, row in zip(component_names(partition.names), partition.tau * scale, covariance, strict=True):
        rows.append([f"{word}_{name}", text(value), *map(text, row)])
    return _lines(rows)


def _extra(result: SumherResult, by_jackknife: bool) -> str:
    rows = [
        ["Weighted_Sample_Size", f"{result.n_bar:.2f}"],
        ["Num_Datapoints", f"{result.n_snps}"],
        ["Effective_Size", f"{result.effective_size:.2f}"],
        ["Weighted_Mean_Chisq", f"{result.weighted_mean_chi2:.4f}"],
        ["Weighted_GIF", f"{result.weighted_gif:.4f}"],
        ["Null_logl", _number(result.null_logl)],
        ["Alt_logl", _number(result.logl)],
    ]
    for word, name in (("Scaling", "scaling"), ("Intercept", "intercept")):
        if np.isfinite(getattr(result, f"{name}_jackknife_se")):
            error = getattr(result, f"{name}_jackknife_se" if by_jackknife else f"{name}_se")
            rows += [[f"{word}_Estimate", _number(getattr(result, name))], [f"{word}_SE", _number(error)]]
    rows += [
        ["Converged", "YES" if result.converged else "NO"],
        ["Num_Neg_Exp_Her", f"{result.n_negative_heritability}"],
        ["Effective_Neg_Exp_Her", f"{result.effective_negative_heritability:.2f}"],
        ["Num_Non_Pos_Stat", f"{result.n_impossible}"],
        ["Effective_Non_Pos_Stat", f"{result.effective_impossible:.2f}"],
    ]
    return _lines(rows)


def _labels(names: Sequence[str], *, ends_open: bool = True) -> str:
    """LDAK does not end the line of the Base where it writes of heritabilities; of correlations it does."""
    short = component_names(names)
    rows = [["Category", "Label"], *([name, label] for name, label in zip(short, names, strict=True))]
    text = _lines(rows)
    return text.removesuffix("\n") if ends_open and short[-1] == BASE else text


def _overlap(n_tagging: int, n_statistics: int) -> str:
    return _lines(
        [
            ["Tagging_File_Predictors", f"{n_tagging}"],
            ["Summary_Statistic_Predictors", f"{n_statistics}"],
            ["Overlap_Proportion", f"{n_statistics / n_tagging:.4f}"],
        ]
    )


def _factor(result: SumherResult) -> str:
    return _lines(
        [
            ["Prevalence", _number(result.pop_prev)],
            ["Ascertainment", _number(result.samp_prev)],
            ["Scaling_Factor_Observed->Liability", _number(result.liability)],
            ["Scaling_Factor_Liability->Observed", _number(1 / result.liability)],
        ]
    )


# ---------------------------------------------------------------------------------------------------------------------
# Correlations


@written_together()
def write_ldak_rg(result: SumherRgResult, stem: str | Path) -> list[Path]:
    """Write .cors .cors.full .labels .overlap; of several pairs ``<stem>.<trait1>.<trait2>.cors`` and so on.

    A pair that could not be fitted has no files; neither .cors.full nor .labels are written across ancestries.
    """
    written = []
    for pair in result.pairs:
        if pair.delete_values is None:
            continue
        several = len(result.pairs) > 1
        name = f"{stem}.{file_word(pair.trait1)}.{file_word(pair.trait2)}" if several else stem
        texts = {"cors": _cors(pair)}
        if pair.partition is not None:
            labels = _labels(pair.partition.names, ends_open=False)
            texts |= {"cors.full": _cors_full(pair, pair.partition), "labels": labels}
        texts["overlap"] = _overlap(pair.n_tagging_snps, pair.n_with_statistics)
        written += _write(name, texts)
    return written


def _cors(pair: SumherRgPair) -> str:
    rows = [
        ("Her1_All", pair.h2_1, pair.h2_1_se),
        ("Her2_All", pair.h2_2, pair.h2_2_se),
        ("Coher_All", pair.gcov, pair.gcov_se),
        ("Cor_All", pair.rg, pair.rg_se),
    ]
    for word, name in (("Scaling", "scaling"), ("Intercept", "h2_int")):
        for trait in (1, 2):
            error = getattr(pair, f"{name}_{trait}_se")
            if np.isfinite(error):
                rows.append((f"{word}{trait}", getattr(pair, f"{name}_{trait}"), error))
    lines = [["Component", "Value", "SE"], *([name, _number(value), _number(se)] for name, value, se in rows)]
    if np.isfinite(pair.gcov_int_se):
        lines.append(["Overlap", _number(pair.gcov_int), _number(pair.gcov_int_se)])
    else:
        lines.append(["Overlap", f"{pair.gcov_int:g}", "0"])
    return _lines(lines)


def _cors_full(pair: SumherRgPair, partition: PairPartition) -> str:
    header = ["Category", "Trait1_Her", "SE", "Trait2_Her", "SE", "Both_Coher", "SE", "Correlation", "SE"]
    rows = [header]
    quantities = (partition.h2_1, partition.h2_2, partition.gcov, partition.rg)
    for place, name in enumerate(component_names(partition.names)):
        rows.append([name, *(_number(number[place]) for one in quantities for number in (one.value, one.se))])
    totals = (pair.h2_1, pair.h2_1_se, pair.h2_2, pair.h2_2_se, pair.gcov, pair.gcov_se, pair.rg, pair.rg_se)
    return _lines([*rows, ["ALL", *map(_number, totals)]])
