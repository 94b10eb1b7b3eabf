"""Reference panels to LD scores and taggings, under any heritability model.

>>> from ldscores import build_to_files, find_models, parse_models, plan_build, read_panel
>>> models = parse_models("gcta,human-default")
>>> options = plan_build(models, window_cm=1)
>>> panel = read_panel("eur@", conventions=options.conventions)
>>> build_to_files(panel, find_models(panel, models), options, "eur")
"""

# ruff: noqa: F401 (imports for type checkers alone; the names themselves are those of _HOMES)
from __future__ import annotations

from typing import TYPE_CHECKING

from ldscores.shared.lazy_names import lazy_names

__version__ = "0.1.0"

if TYPE_CHECKING:
    from ldscores.annotations.annotation_files import read_annotations, write_annotations
    from ldscores.annotations.annotation_set import Annotations
    from ldscores.annotations.interval_files import make_annotations
    from ldscores.building.build import BuildOptions, build_tagging
    from ldscores.building.build_files import build_to_files, plan_build
    from ldscores.ldak.tag_removal import TagRemoval, remove_tags
    from ldscores.ldak.thinning import ThinResult, thin_panel
    from ldscores.ldak.weighting_files import write_ldak_weights
    from ldscores.ldak.weightings import LdakWeights, weigh_panel
    from ldscores.models.heritability_models import HeritabilityModel, parse_models
    from ldscores.models.model_files import ModelFiles, find_models
    from ldscores.models.model_sets import ModelSet
    from ldscores.panels.pgen_files import read_pgen_panel
    from ldscores.panels.plink_files import read_panel
    from ldscores.panels.reference_panel import PanelConventions, ReferencePanel, make_panel
    from ldscores.shared.errors import FitError, InputError, OptionError
    from ldscores.taggings.ld_score_files import write_ldsc_ld_scores
    from ldscores.taggings.ldak_tagging_files import write_ldak_tagging
    from ldscores.taggings.merge import merge_taggings, place_on_genome
    from ldscores.taggings.tagging import Tagging
    from ldscores.taggings.tagging_files import read_tagging, write_tagging
    from ldscores.taggings.tagging_summary import TaggingSummary, summarise_tagging

#: Where each public name lives; modules are imported when a name is first used.
_HOMES = {
    "Annotations": "ldscores.annotations.annotation_set",
    "BuildOptions": "ldscores.building.build",
    "FitError": "ldscores.shared.errors",
    "HeritabilityModel": "ldscores.models.heritability_models",
    "InputError": "ldscores.shared.errors",
    "LdakWeights": "ldscores.ldak.weightings",
    "ModelFiles": "ldscores.models.model_files",
    "ModelSet": "ldscores.models.model_sets",
    "OptionError": "ldscores.shared.errors",
    "PanelConventions": "ldscores.panels.reference_panel",
    "ReferencePanel": "ldscores.panels.reference_panel",
    "TagRemoval": "ldscores.ldak.tag_removal",
    "Tagging": "ldscores.taggings.tagging",
    "TaggingSummary": "ldscores.taggings.tagging_summary",
    "ThinResult": "ldscores.ldak.thinning",
    "build_tagging": "ldscores.building.build",
    "build_to_files": "ldscores.building.build_files",
    "find_models": "ldscores.models.model_files",
    "make_annotations": "ldscores.annotations.interval_files",
    "make_panel": "ldscores.panels.reference_panel",
    "merge_taggings": "ldscores.taggings.merge",
    "parse_models": "ldscores.models.heritability_models",
    "place_on_genome": "ldscores.taggings.merge",
    "plan_build": "ldscores.building.build_files",
    "read_annotations": "ldscores.annotations.annotation_files",
    "read_panel": "ldscores.panels.plink_files",
    "read_pgen_panel": "ldscores.panels.pgen_files",
    "read_tagging": "ldscores.taggings.tagging_files",
    "remove_tags": "ldscores.ldak.tag_removal",
    "summarise_tagging": "ldscores.taggings.tagging_summary",
    "thin_panel": "ldscores.ldak.thinning",
    "weigh_panel": "ldscores.ldak.weightings",
    "write_annotations": "ldscores.annotations.annotation_files",
    "write_ldak_tagging": "ldscores.taggings.ldak_tagging_files",
    "write_ldak_weights": "ldscores.ldak.weighting_files",
    "write_ldsc_ld_scores": "ldscores.taggings.ld_score_files",
    "write_tagging": "ldscores.taggings.tagging_files",
}

__all__ = sorted([*_HOMES, "__version__"])  # noqa: PLE0605
__getattr__, __dir__ = lazy_names("ldscores", _HOMES)
