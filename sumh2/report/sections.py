"""Which section says what of which result."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ldscores.shared.errors import InputError
from sumh2.report.correlations import (
    atlas_section,
    consistent_section,
    consistent_table_section,
    factors_section,
    genomicsem_section,
    hypothesis_section,
)
from sumh2.report.enrichment import partition_section, screen_section, stratified_rg_section
from sumh2.report.estimates import h2_section, influence_section, rg_section, sumher_h2_section
from sumh2.report.models import alpha_section, compare_section
from sumh2.report.section import SavedResult, Section
from sumh2.report.studies import (
    doctor_section,
    munge_section,
    power_section,
    simulation_section,
    validation_section,
)

#: By the kind that a record names.
SECTIONS: Mapping[str, Callable[[SavedResult, int], Section]] = {
    "h2": h2_section,
    "sumher h2": sumher_h2_section,
    "rg": rg_section,
    "sumher rg": rg_section,
    "partition": partition_section,
    "stratified rg": stratified_rg_section,
    "screen": screen_section,
    "influence": influence_section,
    "alpha": alpha_section,
    "compare": compare_section,
    "atlas": atlas_section,
    "consistent": consistent_section,
    "consistent table": consistent_table_section,
    "atlas-test": hypothesis_section,
    "atlas-factors": factors_section,
    "genomicsem": genomicsem_section,
    "munge": munge_section,
    "doctor": doctor_section,
    "power": power_section,
    "simulation": simulation_section,
    "validate": validation_section,
}


def build_section(saved: SavedResult, most_rows: int) -> Section:
    """The section of a result.

    Raises
    ------
    InputError
        A kind of result that this version does not know.
    """
    build = SECTIONS.get(saved.kind)
    if build is None:
        raise InputError(
            f"{saved.source or 'result'}: found a result of the kind {saved.kind!r}, expected one of "
            f"{', '.join(SECTIONS)}; it is of a newer version: upgrade with pip install -U sumh2"
        )
    return build(saved, most_rows)
