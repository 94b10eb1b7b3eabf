"""What SumHer finds in data whose heritability model is known: the README's tables.

    python benchmarks/truth_sumher.py [folder]

Seeded; about ten minutes on two cores.  The experiments are those of ``pytest -m slow tests/test_sumher_truth.py``.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from sumher_truth import (
    ALPHA_REPLICATES,
    ALPHA_SETTINGS,
    ENRICHMENT,
    H2,
    MODEL_N,
    MODEL_REPLICATES,
    MODELS,
    SEEDS,
    binomial_limits,
    build_truth_panel,
    cover_alpha,
    fit_all_models,
)


def print_models(folder: Path) -> None:
    """Heritability of every model in data of every model, beside theory, and how often the right one is found."""
    print(f"\nh2 = {H2}, N = {MODEL_N:,.0f}, {MODEL_REPLICATES} replicates a row; mean (SD), then what theory gives\n")
    print("| simulated | " + " | ".join(f"fitted: {name}" for name in MODELS) + " | largest loglSS | smallest AIC |")
    print("|---" * (len(MODELS) + 3) + "|")
    for simulated in MODELS:
        truth = fit_all_models(folder, simulated, MODEL_REPLICATES, MODEL_N, SEEDS[simulated])
        cells = [
            f"{np.mean(truth.h2[name]):.3f} ({np.std(truth.h2[name], ddof=1):.3f}) {truth.theory[name].h2:.3f}"
            for name in MODELS
        ]
        print(
            f"| {simulated} | " + " | ".join(cells) + f" | {truth.share_right():.0%} | {truth.share_chosen():.0%} |",
            flush=True,
        )
    print(
        "\nloglSS of the right model over the others: mean (jackknife SE; SD of replicates), then what theory gives\n"
    )
    print("| simulated | " + " | ".join(f"over {name}" for name in MODELS) + " |")
    print("|---" * (len(MODELS) + 1) + "|")
    for simulated in MODELS:
        truth = fit_all_models(folder, simulated, MODEL_REPLICATES, MODEL_N, SEEDS[simulated])
        cells = []
        for name in MODELS:
            if name not in truth.lead:
                cells.append("")
                continue
            lead = truth.lead[name]
            expected = truth.theory[simulated].logl - truth.theory[name].logl
            cells.append(
                f"{np.mean(lead):+.1f} ({np.mean(truth.lead_se[name]):.1f}; {np.std(lead, ddof=1):.1f}) {expected:+.1f}"
            )
        print(f"| {simulated} | " + " | ".join(cells) + " |")
    enrichment = np.array(fit_all_models(folder, "annotated", MODEL_REPLICATES, MODEL_N, SEEDS["annotated"]).enrichment)
    found = ", ".join(
        f"{mean:.2f} (SD {sd:.2f})" for mean, sd in zip(enrichment.mean(0), enrichment.std(0), strict=True)
    )
    print(f"\nenrichments simulated {', '.join(f'{value:g}' for value in ENRICHMENT.values())}; found {found}")
    print("\nh2 of the right model: SD of replicates, mean jackknife SE, mean SE by likelihood (LDAK's)\n")
    for simulated in MODELS:
        truth = fit_all_models(folder, simulated, MODEL_REPLICATES, MODEL_N, SEEDS[simulated])
        print(
            f"- {simulated}: {np.std(truth.h2[simulated], ddof=1):.4f}, {np.mean(truth.se[simulated]):.4f}, "
            f"{np.mean(truth.model_se[simulated]):.4f}; mean less theory "
            + ", ".join(f"{name} {truth.deviation(name):+.1f} SE" for name in MODELS)
        )


def print_alpha(folder: Path) -> None:
    """Coverage of the intervals of alpha."""
    low, high = binomial_limits(ALPHA_REPLICATES)
    print(f"\nalpha, {ALPHA_REPLICATES} replicates a row; 99% binomial limits of 95%: {low:.1%} to {high:.1%}\n")
    print("| setting | alpha | N | causal | fitted | mean (SD) | jackknife SE | Gaussian SD "
          "| covered: our interval | alpha ± 1.96 SE | LDAK's Gaussian |")  # fmt: skip
    print("|---" * 11 + "|")
    for name, (alpha, n, causal_share, kind, confounding) in ALPHA_SETTINGS.items():
        found = cover_alpha(folder, alpha, ALPHA_REPLICATES, n, 7, causal_share, kind, confounding)
        print(
            f"| {name} | {alpha} | {n:,.0f} | {causal_share:g} | {kind} | {found.estimates.mean():.3f} "
            f"({found.estimates.std(ddof=1):.3f}) | {np.nanmean(found.errors):.3f} | {found.gaussian_sds.mean():.3f} | "
            f"{found.covered:.1%} | {found.covered_wald:.1%} | {found.covered_gaussian:.1%} |",
            flush=True,
        )


def main() -> None:
    """Both tables, in a folder that is kept when it is named."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        build_truth_panel(folder)
        print_models(folder)
        print_alpha(folder)
    print(f"\n{time.perf_counter() - started:.0f} s, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
