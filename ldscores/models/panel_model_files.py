"""A heritability model laid on a panel, from files: the door for those who need genotypes and a_kj, not taggings.

`sumh2 simulate` draws effects and z scores from it; per-SNP heritabilities are a_kj times the fitted taus.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldscores.building.ld_block_files import read_ld_blocks
from ldscores.building.ld_blocks import LdBlocks, even_blocks
from ldscores.models.heritability_models import parse_models
from ldscores.models.model_files import find_models
from ldscores.panels.either_files import check_one_panel, read_either_panel
from ldscores.panels.reference_panel import CONVENTIONS, ReferencePanel
from ldscores.shared.cores import usable_cores
from ldscores.shared.errors import InputError

__all__ = ["PanelModel", "check_one_panel", "read_panel_model"]


@dataclass(frozen=True, eq=False)
class PanelModel:
    """A panel and the matrix of one model on its SNPs.

    Parameters
    ----------
    panel : ReferencePanel
        Genotypes.
    values : float64, (n_snps, n_categories)
        a_kj, what category k adds to E[h2_j] per unit of tau_k; rows of SNPs that do not vary are zero.
    names : tuple of str, (n_categories,)
    maf : float64, (n_snps,)
    model : str
        Name of the model.
    blocks : LdBlocks
        Between which there is no LD.
    sources : tuple of str
        Files read.
    """

    panel: ReferencePanel
    values: NDArray[np.float64]
    names: tuple[str, ...]
    maf: NDArray[np.float64]
    model: str
    blocks: LdBlocks
    sources: tuple[str, ...]

    @property
    def block_numbers(self) -> NDArray[np.int64]:
        """Block of each SNP, (n_snps,)."""
        return self.blocks.number_snps(self.panel.chrom, self.panel.bp)


def read_panel_model(
    bfile: str | None,
    pfile: str | None = None,
    *,
    model: str = "gcta",
    ld_blocks: str | None = None,
    block_kb: float = 1000.0,
    panel_choice: Mapping[str, Any] | None = None,
    maf: float = 0.0,
    **model_files: Any,
) -> PanelModel:
    """Read what simulations start from: a panel, one heritability model on its SNPs, and LD blocks.

    Parameters
    ----------
    bfile, pfile
        PLINK 1 or PLINK 2 panel, one of them.
    model
        One heritability model, see `ldscores build`.
    ld_blocks
        File of blocks between which there is no LD.
    block_kb
        Length of the blocks in kilobases where no file is given.
    panel_choice
        keep, remove, extract, exclude as for :func:`ldscores.panels.plink_files.read_panel`.
    maf
        SNPs at or below this frequency get no heritability.
    model_files
        Annotations and weights as for :func:`ldscores.models.model_files.find_models`.

    Raises
    ------
    InputError
        Several models, files that do not fit, or a chromosome without a block.
    """
    chosen = parse_models(model)
    if len(chosen) != 1:
        raise InputError(
            f"--model {model}: found {len(chosen)} models, expected one; name one, with --power for another alpha"
        )
    choice = {"conventions": CONVENTIONS[chosen[0].conventions], **(panel_choice or {})}
    panel = read_either_panel(bfile, pfile, **choice)
    files = find_models(panel, chosen, **model_files)
    blocks = even_blocks(panel.chrom, panel.bp, block_kb) if ld_blocks is None else read_ld_blocks(ld_blocks)
    values, frequencies = [], []
    names: tuple[str, ...] = ()
    for chromosome, rows in panel.chromosomes().items():
        part = panel.take(rows)
        summary = part.summarise(usable_cores())
        columns = files.take(rows).load(part, chromosome).columns(summary)[0]
        used = (summary.variance > 0) & (summary.maf > maf)
        values.append(columns.values * used[:, None])
        frequencies.append(summary.maf)
        names = columns.names
    return PanelModel(
        panel, np.concatenate(values), names, np.concatenate(frequencies), chosen[0].name, blocks,
        (*panel.sources, *files.sources, *([] if ld_blocks is None else [ld_blocks])),
    )  # fmt: skip
