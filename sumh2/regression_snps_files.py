"""The tagging of a regression: of files, and of the SNPs that lists of names leave it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ldscores.shared.errors import InputError
from ldscores.shared.messages import first_of
from ldscores.shared.snp_names import describe_names
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import read_tagging

if TYPE_CHECKING:
    from sumh2.gwas.table import SnpList

log = logging.getLogger(__name__)


def read_regression_tagging(
    ld: str, w_ld: str | None = None, extract: str | None = None, exclude: str | None = None
) -> Tagging:
    """LD scores with weights, of the chosen SNPs; columns that are the same everywhere are left out, with a warning.

    Parameters
    ----------
    ld, w_ld
        LD scores or a tagging, and weights, as :func:`ldscores.read_tagging` takes them.
    extract, exclude
        See :func:`choose_regression_snps`.
    """
    tagging = read_tagging(ld, weights=w_ld)
    if extract is not None or exclude is not None:
        tagging = choose_regression_snps(tagging, extract, exclude)
    tagging, constant = tagging.drop_constant_categories()
    if constant:
        log.warning("left out LD scores that are the same at every SNP: %s", ", ".join(constant))
    return tagging


def choose_regression_snps(tagging: Tagging, extract: str | None = None, exclude: str | None = None) -> Tagging:
    """The tagging without the SNPs that are not to be regressed; its taggings and totals stay those of all SNPs.

    LDAK's ``--extract`` and ``--exclude`` of ``--sum-hers`` (SPEC-LDAK 5): leaving out a SNP here is not leaving it out
    of the panel, whose sums are unchanged.

    Parameters
    ----------
    tagging
        Taggings or LD scores.
    extract, exclude
        Lists of names, one a line: to keep, and to leave out.

    Raises
    ------
    InputError
        A list has no SNP of the tagging, or nothing is left.
    """
    kept = np.ones(len(tagging), dtype=bool)
    for flag, path, wanted in (("--extract", extract, True), ("--exclude", exclude, False)):
        if path is None:
            continue
        listed = _read_list(path)
        inside = listed.contains(tagging.snp)
        if not inside.any():
            raise InputError(
                f"{flag} {path}: none of its {len(listed.snp)} names is in {tagging.where}; found "
                f"{describe_names(listed.snp)}, expected {describe_names(tagging.snp)}; use the same names"
            )
        kept &= inside == wanted
        log.info("%s %s: %d of its %d SNPs are in the LD scores", flag, path, int(inside.sum()), len(listed.snp))
    if not kept.any():
        lists = first_of(path for path in (extract, exclude) if path is not None)
        raise InputError(f"{tagging.where}: no SNP is left by the lists {lists}, expected some; correct the lists")
    return tagging if kept.all() else tagging.take(np.flatnonzero(kept))


def held_out_snps(tagging: Tagging, path: str) -> pa.Array:
    """Names of a list that the tagging has."""
    listed = _read_list(path)
    return tagging.snp.filter(pa.array(listed.contains(tagging.snp)))


def _read_list(path: str) -> SnpList:
    # With it comes scipy.special, which small commands have no time for.
    from sumh2.gwas.list_files import read_snp_list

    return read_snp_list(path, with_alleles=False)
