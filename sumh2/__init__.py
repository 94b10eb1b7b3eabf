"""GWAS files and taggings to heritability, enrichment and genetic correlation.

>>> from sumh2 import align, fit_h2, read_sumstats, read_tagging
>>> traits = [read_sumstats("bmi.sumstats.parquet")]
>>> result = fit_h2(align(traits, read_tagging("eur_w_ld_chr/")))
>>> print(result)
"""

# ruff: noqa: F401 (imports for type checkers alone; the names themselves are those of _HOMES)
from __future__ import annotations

from typing import TYPE_CHECKING

from ldscores import __version__
from ldscores.shared.lazy_names import lazy_names

if TYPE_CHECKING:
    from ldscores.annotations.annotation_sums import AnnotationSums, QuantileSums
    from ldscores.annotations.overlap_files import read_annotation_sums, read_quantile_sums
    from ldscores.models.panel_model_files import PanelModel, read_panel_model
    from ldscores.shared.errors import FitError, InputError, OptionError
    from ldscores.taggings.tagging import Tagging
    from ldscores.taggings.tagging_files import read_tagging, write_tagging
    from sumh2.alignment import AlignedData, align
    from sumh2.atlas.assembly import ListedTrait, fit_atlas
    from sumh2.atlas.atlas_files import build_atlas, read_atlas, write_atlas
    from sumh2.atlas.atlas_result import RgAtlas
    from sumh2.atlas.consistent import ConsistentAtlas, fit_consistent
    from sumh2.atlas.consistent_table import ConsistentTable, RgTable, fit_consistent_table
    from sumh2.atlas.factor_count import FactorCount, count_factors
    from sumh2.atlas.genomicsem import GenomicSemMatrices, fit_genomicsem
    from sumh2.atlas.hypotheses import HypothesisResult, check_hypothesis
    from sumh2.atlas.manifest_files import read_trait_list
    from sumh2.atlas.page import ConsistentPairs
    from sumh2.atlas.page_files import write_atlas_page
    from sumh2.atlas.rg_table_files import read_rg_table
    from sumh2.atlas.trait_fit import AtlasOptions
    from sumh2.doctor.examination import DoctorResult
    from sumh2.doctor.examine_files import examine
    from sumh2.enrichment.partition import fit_partition
    from sumh2.enrichment.partition_result import PartitionResult
    from sumh2.enrichment.stratified_rg import fit_stratified_rg
    from sumh2.enrichment.stratified_rg_result import StratifiedRgResult
    from sumh2.influence import measure_h2_influence, measure_partition_influence, measure_rg_influence
    from sumh2.influence_result import InfluenceResult
    from sumh2.ldsc.h2 import fit_h2
    from sumh2.ldsc.h2_result import H2Result
    from sumh2.ldsc.rg import fit_rg
    from sumh2.ldsc.rg_result import RgResult
    from sumh2.models.alpha import fit_alpha, fit_alpha_likelihoods, fit_alpha_models
    from sumh2.models.alpha_result import AlphaProfile
    from sumh2.models.compare import fit_comparison
    from sumh2.models.compare_result import ModelComparison
    from sumh2.munging.munge_files import munge
    from sumh2.munging.result import MungeResult
    from sumh2.regression_snps_files import choose_regression_snps
    from sumh2.report.report_files import write_report
    from sumh2.results import Result
    from sumh2.screens.annotation_tagging_files import find_annotations
    from sumh2.screens.annotation_taggings import AnnotationSource
    from sumh2.screens.result import ScreenResult
    from sumh2.screens.screen import fit_screen
    from sumh2.simulation.design import SimulationDesign, design_expected, design_simulation
    from sumh2.simulation.draw import Genotyped, SimulatedGwas, simulate_gwas
    from sumh2.simulation.power import PowerResult, StudyDesign, design_studies, predict_power
    from sumh2.simulation.power_curve import PowerCurve, predict_power_curve
    from sumh2.simulation.simulation_files import write_simulation
    from sumh2.sumher.fit import fit_sumher
    from sumh2.sumher.held_out import HeldOut, predict_held_out
    from sumh2.sumher.partition import fit_sumher_partition
    from sumh2.sumher.result import SumherResult
    from sumh2.sumher.rg import fit_sumher_rg
    from sumh2.sumher.rg_result import SumherRgResult
    from sumh2.sumher.rows import RowRules
    from sumh2.sumher.snp_heritabilities import CategoryMatrix, SnpHeritabilities, expect_snp_heritabilities
    from sumh2.sumher.snp_heritability_files import read_category_matrix, write_snp_heritabilities
    from sumh2.sumstats import SumStats
    from sumh2.sumstats_files import read_sumstats, write_sumstats

#: Where each public name lives; modules are imported when a name is first used, so that `import sumh2` is quick.
_HOMES = {
    "AlignedData": "sumh2.alignment",
    "AlphaProfile": "sumh2.models.alpha_result",
    "AnnotationSource": "sumh2.screens.annotation_taggings",
    "AnnotationSums": "ldscores.annotations.annotation_sums",
    "AtlasOptions": "sumh2.atlas.trait_fit",
    "CategoryMatrix": "sumh2.sumher.snp_heritabilities",
    "ConsistentAtlas": "sumh2.atlas.consistent",
    "ConsistentPairs": "sumh2.atlas.page",
    "ConsistentTable": "sumh2.atlas.consistent_table",
    "DoctorResult": "sumh2.doctor.examination",
    "FactorCount": "sumh2.atlas.factor_count",
    "FitError": "ldscores.shared.errors",
    "GenomicSemMatrices": "sumh2.atlas.genomicsem",
    "Genotyped": "sumh2.simulation.draw",
    "H2Result": "sumh2.ldsc.h2_result",
    "HeldOut": "sumh2.sumher.held_out",
    "HypothesisResult": "sumh2.atlas.hypotheses",
    "InfluenceResult": "sumh2.influence_result",
    "InputError": "ldscores.shared.errors",
    "ListedTrait": "sumh2.atlas.assembly",
    "ModelComparison": "sumh2.models.compare_result",
    "MungeResult": "sumh2.munging.result",
    "OptionError": "ldscores.shared.errors",
    "PanelModel": "ldscores.models.panel_model_files",
    "PartitionResult": "sumh2.enrichment.partition_result",
    "PowerCurve": "sumh2.simulation.power_curve",
    "PowerResult": "sumh2.simulation.power",
    "QuantileSums": "ldscores.annotations.annotation_sums",
    "Result": "sumh2.results",
    "RgAtlas": "sumh2.atlas.atlas_result",
    "RgResult": "sumh2.ldsc.rg_result",
    "RgTable": "sumh2.atlas.consistent_table",
    "RowRules": "sumh2.sumher.rows",
    "ScreenResult": "sumh2.screens.result",
    "SimulatedGwas": "sumh2.simulation.draw",
    "SimulationDesign": "sumh2.simulation.design",
    "SnpHeritabilities": "sumh2.sumher.snp_heritabilities",
    "StratifiedRgResult": "sumh2.enrichment.stratified_rg_result",
    "StudyDesign": "sumh2.simulation.power",
    "SumStats": "sumh2.sumstats",
    "SumherResult": "sumh2.sumher.result",
    "SumherRgResult": "sumh2.sumher.rg_result",
    "Tagging": "ldscores.taggings.tagging",
    "align": "sumh2.alignment",
    "build_atlas": "sumh2.atlas.atlas_files",
    "check_hypothesis": "sumh2.atlas.hypotheses",
    "choose_regression_snps": "sumh2.regression_snps_files",
    "count_factors": "sumh2.atlas.factor_count",
    "design_expected": "sumh2.simulation.design",
    "design_simulation": "sumh2.simulation.design",
    "design_studies": "sumh2.simulation.power",
    "examine": "sumh2.doctor.examine_files",
    "expect_snp_heritabilities": "sumh2.sumher.snp_heritabilities",
    "find_annotations": "sumh2.screens.annotation_tagging_files",
    "fit_alpha": "sumh2.models.alpha",
    "fit_alpha_likelihoods": "sumh2.models.alpha",
    "fit_alpha_models": "sumh2.models.alpha",
    "fit_atlas": "sumh2.atlas.assembly",
    "fit_comparison": "sumh2.models.compare",
    "fit_consistent": "sumh2.atlas.consistent",
    "fit_consistent_table": "sumh2.atlas.consistent_table",
    "fit_genomicsem": "sumh2.atlas.genomicsem",
    "fit_h2": "sumh2.ldsc.h2",
    "fit_partition": "sumh2.enrichment.partition",
    "fit_rg": "sumh2.ldsc.rg",
    "fit_screen": "sumh2.screens.screen",
    "fit_stratified_rg": "sumh2.enrichment.stratified_rg",
    "fit_sumher": "sumh2.sumher.fit",
    "fit_sumher_partition": "sumh2.sumher.partition",
    "fit_sumher_rg": "sumh2.sumher.rg",
    "measure_h2_influence": "sumh2.influence",
    "measure_partition_influence": "sumh2.influence",
    "measure_rg_influence": "sumh2.influence",
    "munge": "sumh2.munging.munge_files",
    "predict_held_out": "sumh2.sumher.held_out",
    "predict_power": "sumh2.simulation.power",
    "predict_power_curve": "sumh2.simulation.power_curve",
    "read_annotation_sums": "ldscores.annotations.overlap_files",
    "read_atlas": "sumh2.atlas.atlas_files",
    "read_category_matrix": "sumh2.sumher.snp_heritability_files",
    "read_panel_model": "ldscores.models.panel_model_files",
    "read_quantile_sums": "ldscores.annotations.overlap_files",
    "read_rg_table": "sumh2.atlas.rg_table_files",
    "read_sumstats": "sumh2.sumstats_files",
    "read_tagging": "ldscores.taggings.tagging_files",
    "read_trait_list": "sumh2.atlas.manifest_files",
    "simulate_gwas": "sumh2.simulation.draw",
    "write_atlas": "sumh2.atlas.atlas_files",
    "write_atlas_page": "sumh2.atlas.page_files",
    "write_report": "sumh2.report.report_files",
    "write_simulation": "sumh2.simulation.simulation_files",
    "write_snp_heritabilities": "sumh2.sumher.snp_heritability_files",
    "write_sumstats": "sumh2.sumstats_files",
    "write_tagging": "ldscores.taggings.tagging_files",
}

__all__ = sorted([*_HOMES, "__version__"])  # noqa: PLE0605
__getattr__, __dir__ = lazy_names("sumh2", _HOMES)
