"""One result of every kind, for reports; results of fits are those that the figures are tested with."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import plot_worlds as worlds
from atlas_page_world import EVIL
from atlas_page_world import build_world as build_page_world
from conftest import PORTABLE

from sumh2 import check_hypothesis, examine, fit_genomicsem, fit_sumher_rg, munge, write_atlas
from sumh2.simulation.power import StudyDesign, predict_power

INPUTS = PORTABLE / "inputs"


@functools.cache
def sumher_rg():
    return fit_sumher_rg(worlds.category_traits(), n_blocks=40)


@functools.cache
def power():
    return predict_power(worlds.one_tagging(), [StudyDesign(5e4, 0.3), StudyDesign(2e4, 0.2)], rg=0.4)


def hypothesis():
    return check_hypothesis(build_page_world()[0], "rg(height, bmi) = rg(height, scz)")


def validation():
    from sumh2.validation.validate_files import validate

    return validate()


#: Kinds that are a Result, and one of each.
RESULTS: dict[str, Callable] = {
    "h2": worlds.h2_result,
    "rg": worlds.rg_result,
    "sumher h2": worlds.sumher_result,
    "sumher rg": sumher_rg,
    "partition": worlds.partition_result,
    "stratified rg": worlds.stratified_result,
    "screen": worlds.screen_result,
    "influence": worlds.influence_result,
    "alpha": worlds.alpha_result,
    "compare": worlds.comparison,
    "consistent": lambda: build_page_world()[1],
    "consistent table": worlds.consistent_table,
    "atlas-test": hypothesis,
    "atlas-factors": worlds.factor_count,
    "genomicsem": lambda: fit_genomicsem(worlds.several_traits(3), n_blocks=40),
    "power": power,
    "validate": validation,
}


def write_gwas(path: Path, n_rows: int = 400) -> Path:
    """A small GWAS file."""
    lines = ["SNP CHR BP A1 A2 EAF BETA SE P N"]
    lines += [
        f"rs{i} 1 {1000 * i} A C 0.3 {0.001 * (i % 7 - 3)} 0.01 {0.9 - 0.1 * (i % 5)} 10000" for i in range(n_rows)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def save_all(folder: Path) -> dict[str, Path]:
    """One of every kind saved in a folder; what to name to report it."""
    saved = {}
    for kind, make in RESULTS.items():
        stem = folder / kind.replace(" ", "_")
        make().save(stem)
        saved[kind] = Path(f"{stem}.json")
    gwas = write_gwas(folder / "gwas.txt")
    munge(gwas, out=folder / "munged", maf_min=0.0)
    examine(gwas, out=str(folder / "doctor"))
    write_atlas(build_page_world()[0], folder / "atlas")
    saved |= {"munge": folder / "munged.munge.json", "doctor": folder / "doctor.json", "atlas": folder / "atlas"}
    truth = {
        "format": "sumh2 result", "format_version": 1, "kind": "simulation", "n_snps": 100, "model": "gcta",
        "rg": [[1, 0.5], [0.5, 1]],
        "traits": [{"trait": name, "h2": 0.4, "h2_drawn": 0.39, "n": 1e4} for name in ("a", "b")],
        "rg_drawn": [[1, 0.48], [0.48, 1]], "overlap": [[1, 0], [0, 1]], "provenance": {},
    }  # fmt: skip
    saved["simulation"] = folder / "sim.truth.json"
    saved["simulation"].write_text(json.dumps(truth))
    return saved


def evil_h2():
    """A heritability whose trait tries to break the page, in its reasons too."""
    return replace(worlds.h2_result(), trait=EVIL[0], why=f"few SNPs: {EVIL[1]} | other: {EVIL[2]}", status="caution")
