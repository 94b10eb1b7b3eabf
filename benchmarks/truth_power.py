"""Predicted against simulated standard errors: python benchmarks/truth_power.py PANEL BLOCKS.bed [replicates]

PANEL is a PLINK prefix (with @ for the chromosome), BLOCKS.bed its LD blocks.  GWAS are simulated with the panel's LD
(`sumh2.simulation.draw`), fitted with LD scores that are exactly those of the simulation, and the spread of the estimates,
and the mean of their jackknife errors, are set beside what `sumh2 power` predicts.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from ldscores.models.panel_model_files import read_panel_model
from ldscores.taggings.tagging_files import read_tagging
from sumh2 import align, fit_h2, fit_rg
from sumh2.simulation.design import design_expected, design_simulation
from sumh2.simulation.draw import simulate_gwas
from sumh2.simulation.power import StudyDesign, predict_power

DESIGNS = ((2000, 0.2), (6000, 0.5), (20_000, 0.5))
RG, OVERLAP = 0.5, 0.1


def main(bfile: str, blocks: str, n_replicates: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "exact")
        words = ["ldscores", "build", "--bfile", bfile, "--ld-blocks", blocks, "--raw-r2", "--out", out, "--quiet"]
        subprocess.run(words, check=True)
        tagging = read_tagging(f"{out}.tagging.parquet")
    laid = read_panel_model(bfile, ld_blocks=blocks)
    expected, _ = design_expected(laid.values, laid.names, None)
    print(f"{len(laid.panel)} SNPs, {n_replicates} replicates, rg {RG}, overlap {OVERLAP}")
    print(f"{'N':>7} {'h2':>5}  {'quantity':<8} {'mean':>8} {'SD':>8} {'mean SE':>8} {'predicted':>9} {'SD/pred':>8}")
    for n, h2 in DESIGNS:
        estimates = []
        for seed in range(n_replicates):
            design = design_simulation(
                names=["a", "b"], h2=[h2], n=[float(n)], rg=str(RG), overlap=str(OVERLAP), seed=seed
            )
            simulated = simulate_gwas(laid.panel, expected, laid.block_numbers, design)
            aligned = align(simulated.traits, tagging)
            own = fit_h2(aligned, m="M", two_step=None)
            pair = fit_rg(aligned, m="M").pairs[0]
            estimates.append((own.h2, own.h2_se, pair.rg, pair.rg_se))
        study = StudyDesign(n, h2)
        predicted = predict_power(tagging, [study, study], rg=RG, overlap=OVERLAP, m="M")
        found = np.array(estimates)
        for name, place, se in (
            ("h2", 0, predicted.of("h2 of study 1")["se"]),
            ("rg", 2, predicted.of("rg")["se"]),
        ):
            values, errors = found[:, place], found[:, place + 1]
            spread = values.std(ddof=1)
            print(
                f"{n:>7} {h2:>5.2f}  {name:<8} {values.mean():>8.4f} {spread:>8.4f} {np.nanmean(errors):>8.4f} {se:>9.4f} "
                f"{spread / se:>8.3f}"
            )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 100)
