"""Simulated GWAS as files: summary statistics of each trait, the truth, and the LD blocks behind them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ldscores.building.ld_block_files import write_ld_blocks
from ldscores.models.panel_model_files import PanelModel
from ldscores.shared.outputs import written_together
from ldscores.shared.provenance import provenance
from ldscores.shared.tables import write_json
from sumh2.results import record_header
from sumh2.simulation.draw import SimulatedGwas
from sumh2.sumstats_files import write_sumstats


@written_together()
def write_simulation(
    simulated: SimulatedGwas, model: PanelModel, tau: Mapping[str, float], stem: str, options: Mapping[str, Any]
) -> list[Path]:
    """Write ``<stem>.<trait>.sumstats.parquet``, ``<stem>.blocks.bed`` and ``<stem>.truth.json``, last.

    Parameters
    ----------
    simulated
        Z scores and truth.
    model
        Panel and model they come from.
    tau
        Coefficient by category, in the proportions used.
    stem
        Of the files' names.
    options
        Of the run, for the provenance.
    """
    written = []
    for trait in simulated.traits:
        path = Path(f"{stem}.{trait.trait}.sumstats.parquet")
        write_sumstats(trait, path, inputs=model.sources, options=options)
        written.append(path)
    blocks, truth = Path(f"{stem}.blocks.bed"), Path(f"{stem}.truth.json")
    write_ld_blocks(blocks, model.blocks)
    matrices = {name: getattr(simulated, name).tolist() for name in ("rg", "rg_drawn", "overlap")}
    content = {
        "traits": simulated.truth,
        **matrices,
        "model": model.model,
        "tau": dict(tau),
        "n_snps": len(model.panel),
    }
    origin = provenance(model.sources, options)
    write_json(truth, {**record_header("simulation"), **content, "provenance": origin})
    return [*written, blocks, truth]
