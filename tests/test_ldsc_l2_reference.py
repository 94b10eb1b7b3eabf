"""LD scores against LDSC 1.0.1: all digits of its arrays, every printed digit of its files."""

from __future__ import annotations

import gzip
import lzma
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from agreement import check_digits

from ldscores.annotations.annotation_files import read_annotation_file, read_annotations
from ldscores.annotations.annotation_set import Annotations, match_annotations
from ldscores.building.build import LDSC_CHUNK, BuildOptions, ModelSet, build_tagging, panel_starts
from ldscores.building.build_files import build_to_files, plan_build
from ldscores.building.sweep import SweepOptions, sweep_taggings
from ldscores.kernels.windows import round_to_chunks, window_starts
from ldscores.models.heritability_models import find_model, ldsc_columns, parse_models
from ldscores.models.model_files import find_models
from ldscores.panels.pair_windows import PairWindow
from ldscores.panels.plink_files import read_panel
from ldscores.panels.reference_panel import ReferencePanel
from ldscores.shared import tables

EUR = "panel_EUR489_22x1Mb_with_UKB_BOLT_gwas"
EUR503 = "panel_1000G_EUR503_hm3_allchr"
DENSE = "panel_dense_chr22_GEUVADIS373"
DOUBLE = SweepOptions(1, 2.0, double=True)


class Case(NamedTuple):
    """A run of --l2; the commands were not kept, so that windows are those that its block_left shows."""

    unit: str = "kb"
    size: float = 100.0
    chunk: int = LDSC_CHUNK
    maf: float = 0.0
    annot: str = ""
    pq_exp: float | None = None
    panel: str = "chr22"
    digits: float = 12


CASES = {
    "annot": Case(annot="full.22.annot.gz", digits=9),
    "annot_maf_print": Case("cM", 0.2, maf=0.01, annot="ovl.22.annot.gz", digits=9),
    "bigsnpr_kb500": Case(size=500, panel="ambig"),
    "bigsnpr_snps100": Case("SNPs", 100, panel="ambig"),
    "cm_0.2": Case("cM", 0.2),
    "extract_keep": Case(panel="chr22 of 300"),
    "flashpca_missing_kb2000": Case(size=2000, panel="flashpca"),
    "kb_100": Case(),
    "kb_100_chunk1": Case(chunk=1),
    "kb_100_chunk200": Case(chunk=200),
    "kb_100_chunk7": Case(chunk=7),
    "kb_20": Case(size=20),
    "maf0.01": Case(maf=0.01),
    "maf0.05": Case(maf=0.05),
    "per_allele": Case(pq_exp=1.0, digits=10.5),
    "pqexp0.5_annot": Case(annot="ovl.22.annot.gz", pq_exp=0.5, digits=9),
    "pqexp_neg": Case(pq_exp=-0.25),
    "printsnps": Case(),
    "snps_150": Case("SNPs", 150),
    "thin": Case(annot="ctA.22.annot.gz", digits=9),
    "whole_yesreally": Case(size=1000),
    "ctsbin1": Case(annot="../l2/ctsbin1.annot.gz", digits=9),
    "ctsbin2": Case(annot="../l2/ctsbin2.annot.gz", digits=9),
    "ctsbin_noprint": Case(annot="bins", digits=9),
}


def unpack(source: Path, target: Path) -> Path:
    """A file decompressed."""
    with lzma.open(source, "rb") as packed, target.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    return target


@pytest.fixture(scope="module")
def chr22(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Path:
    """Prefix of chromosome 22 of the panel of 489 Europeans."""
    folder = tmp_path_factory.mktemp("eur489")
    for suffix in ("bed", "bim"):
        unpack(shared / "data" / EUR / f"1000G.subset.22.{suffix}.xz", folder / f"22.{suffix}")
    fam = shared / "data" / EUR / "1000G.subset.22.fam"
    found = fam if fam.exists() else next((shared / "data" / EUR).glob("*.fam*"))
    if found.suffix == ".xz":
        unpack(found, folder / "22.fam")
    else:
        shutil.copy(found, folder / "22.fam")
    return folder / "22"


def panel_of(case: Case, chr22: Path, shared: Path) -> ReferencePanel:
    l2 = shared / "reference" / "ldsc" / "l2"
    if case.panel == "chr22 of 300":
        return read_panel(chr22, keep=l2 / "keep300.txt", extract=l2 / "extract22.txt")
    if case.panel == "flashpca":
        return read_panel(l2 / "inputs" / "flashpca")
    return read_panel(chr22 if case.panel == "chr22" else shared / "reference" / "ldak" / "panels" / case.panel)


def annotations_of(case: Case, shared: Path) -> Annotations | None:
    inputs = shared / "reference" / "ldsc" / "partition_inputs"
    if case.annot == "bins":
        # --cts-bin with the break 0.05: bins are open below and closed above.
        values = tables.read_table(inputs / "maf.22.cts.gz", column_names=["SNP", "MAF"])["MAF"].to_numpy()
        return Annotations(np.column_stack([values <= 0.05, values > 0.05]).astype(float), ("low", "high"))
    return read_annotation_file(inputs / case.annot) if case.annot else None


@pytest.mark.shared
@pytest.mark.parametrize("name", CASES)
def test_l2__has_ldscs_digits(name, chr22, shared):
    case, expected = CASES[name], np.load(shared / "reference" / "ldsc" / "l2" / f"{name}.npz")
    panel = panel_of(case, chr22, shared)
    summary = panel.summarise()
    kept = np.flatnonzero((summary.variance > 0) & (summary.maf > case.maf))
    annotations = annotations_of(case, shared)
    part = panel.take(kept)
    values, _ = ldsc_columns(summary.maf[kept], None if annotations is None else annotations.take(kept), case.pq_exp)
    starts = panel_starts(part, BuildOptions(PairWindow(case.unit, case.size)))
    # LDSC parses centimorgans with an error in the last digit; its block_left is what its windows were.
    np.testing.assert_array_equal(starts, expected["block_left"])
    found = sweep_taggings(part, part.summarise(), round_to_chunks(starts, case.chunk), values, DOUBLE)
    np.testing.assert_allclose(part.summarise().maf, expected["maf"], rtol=1e-12)
    if values.shape[1] == 1 and not case.annot:
        check_digits(found, expected["l2"], case.digits, name)
    else:  # columns cross zero: digits are counted relative to the largest score
        scale = np.abs(expected["l2"]).max()
        np.testing.assert_allclose(found, expected["l2"], rtol=0, atol=scale * 10.0**-case.digits)
    assert part.n_individuals == expected["n"]


@pytest.mark.shared
def test_l2__several_chromosomes_in_one_file(shared):
    """LDSC scans a file of all chromosomes as one sequence: chunks cross their borders; so does the kernel."""
    expected = np.load(shared / "reference" / "ldsc" / "l2" / "hdl_allchr_kb1000.npz")
    panel = read_panel(shared / "reference" / "ldak" / "panels" / "eas")
    summary = panel.summarise()
    kept = np.flatnonzero(summary.variance > 0)
    part = panel.take(kept)
    starts = window_starts(part.bp, 1e6)
    np.testing.assert_array_equal(starts, expected["block_left"])
    found = sweep_taggings(part, part.summarise(), round_to_chunks(starts, 50), np.ones((len(part), 1)), DOUBLE)
    check_digits(found, expected["l2"], 12, "hdl_allchr_kb1000")


@pytest.mark.shared
def test_single_precision__keeps_six_digits(chr22, shared):
    """The default with many columns: what --double costs twice the time for."""
    case, expected = CASES["annot"], np.load(shared / "reference" / "ldsc" / "l2" / "annot.npz")
    panel, annotations = read_panel(chr22), annotations_of(case, shared)
    starts = round_to_chunks(window_starts(panel.bp, 1e5), 50)
    values, _ = ldsc_columns(np.empty(len(panel)), annotations)
    found = sweep_taggings(panel, panel.summarise(), starts, values, SweepOptions())
    scale = np.abs(expected["l2"]).max()
    np.testing.assert_allclose(found, expected["l2"], rtol=0, atol=scale * 1e-6)


# ---------------------------------------------------------------------------------------------------------------------
# Printed digits, on the portable set


@pytest.fixture(scope="module")
def portable_panel(tmp_path_factory: pytest.TempPathFactory, portable: Path) -> Path:
    """``chr.@``: the portable panel split by chromosome, as LDSC read it, with its annotations."""
    inputs, folder = portable / "inputs", tmp_path_factory.mktemp("portable")
    bim = lzma.decompress((inputs / "panel.bim.xz").read_bytes()).decode().splitlines()
    bed = (inputs / "panel.bed").read_bytes()
    n_people = len((inputs / "panel.fam").read_text().splitlines())
    width, chroms = (n_people + 3) // 4, [line.split()[0] for line in bim]
    for chrom in dict.fromkeys(chroms):
        rows = [row for row, name in enumerate(chroms) if name == chrom]
        (folder / f"chr.{chrom}.bim").write_text("".join(bim[row] + "\n" for row in rows))
        pieces = [bed[3 + row * width : 3 + (row + 1) * width] for row in rows]
        (folder / f"chr.{chrom}.bed").write_bytes(bed[:3] + b"".join(pieces))
        shutil.copy(inputs / "panel.fam", folder / f"chr.{chrom}.fam")
        for name in ("ann", "ctA"):
            shutil.copy(inputs / f"{name}.{chrom}.annot.gz", folder)
    return folder


PORTABLE_CASES = {
    "ld": {"window_cm": 1.0, "ldsc_windows": True},
    "exact": {"window_cm": 1.0},
    "kb200": {"window_kb": 200.0, "ldsc_windows": True},
    "ann": {"window_cm": 1.0, "ldsc_windows": True},
}


@pytest.mark.parametrize("name", PORTABLE_CASES)
def test_build__prints_what_ldsc_prints(name, portable_panel, portable, tmp_path):
    """Files to files: rows, names, every printed digit, M and M_5_50 of each chromosome."""
    models = parse_models("own" if name == "ann" else "gcta")
    panel = read_panel(portable_panel / "chr.@")
    files = find_models(panel, models, annot=str(portable_panel / "ann.@") if name == "ann" else None)
    options = plan_build(models, double=True, n_threads=1, **PORTABLE_CASES[name])
    build_to_files(panel, files, options, tmp_path / f"{name}.@", file_format="ldsc")
    for chrom in "12":
        expected, found = (
            gzip.decompress((base / f"{name}.{chrom}.l2.ldscore.gz").read_bytes()).decode().splitlines()
            for base in (portable / "ldsc", tmp_path)
        )
        columns = expected[0].split("\t")
        places = [found[0].split("\t").index(column) for column in columns]
        lines = ["\t".join(line.split("\t")[place] for place in places) for line in found]
        # -0.000 is how Python prints a tiny negative number; LDSC prints it too or not by luck of the last bit.
        assert [line.replace("-0.000", "0.000") for line in lines] == [
            line.replace("-0.000", "0.000") for line in expected
        ]
        for which in ("M", "M_5_50"):
            theirs = np.array((portable / "ldsc" / f"{name}.{chrom}.l2.{which}").read_text().split(), dtype=float)
            ours = np.array((tmp_path / f"{name}.{chrom}.l2.{which}").read_text().split(), dtype=float)
            check_digits(ours[: len(theirs)], theirs, 6, which)


@pytest.mark.parametrize(("name", "pq_exp"), [("pq", 0.75), ("ctA", None)])
def test_columns__print_what_ldsc_prints(name, pq_exp, portable_panel, portable):
    for chrom in "12":
        panel = read_panel(portable_panel / f"chr.{chrom}")
        summary = panel.summarise()
        kept = np.flatnonzero(summary.variance > 0)
        annot = read_annotations(str(portable_panel / f"ctA.{chrom}.annot.gz")) if name == "ctA" else None
        part = panel.take(kept)
        values, _ = ldsc_columns(summary.maf[kept], None if annot is None else annot.take(kept), pq_exp)
        starts = round_to_chunks(panel_starts(part, BuildOptions(PairWindow("cM", 1.0))), 50)
        found = sweep_taggings(part, part.summarise(), starts, values, DOUBLE)[:, 0]
        expected = tables.read_table(portable / "ldsc" / f"{name}.{chrom}.l2.ldscore.gz")
        column = expected.column_names[-1]
        assert expected["SNP"].to_pylist() == part.snp.to_pylist()
        np.testing.assert_allclose(found, expected[column].to_numpy(), atol=5.0000001e-4, rtol=0)


@pytest.mark.shared
@pytest.mark.parametrize("chrom", ["21", "22"])
def test_real_ldsc_run__continuous_annotations(chrom, shared, tmp_path):
    """golden_LDSC_outputs_on_EUR503: ldsc.py --l2 --ld-wind-cm 1 --annot by its users, three decimals."""
    golden, panel_folder = (shared / "data" / name for name in ("golden_LDSC_outputs_on_EUR503", EUR503))
    for suffix in ("bed", "bim"):
        unpack(panel_folder / f"eur503_hm3.{chrom}.{suffix}.xz", tmp_path / f"p.{suffix}")
    shutil.copy(panel_folder / "eur503_hm3.fam", tmp_path / "p.fam")
    panel = read_panel(tmp_path / "p")
    annotations = read_annotation_file(golden / f"s_het_w_chr{chrom}.annot.xz")
    # Its SNPs are named chr:pos:A:B, in the order of the panel: matched by row.
    models = ModelSet((find_model("own"),), Annotations(annotations.values, annotations.names))
    options = BuildOptions(PairWindow("cM", 1.0), ldsc_windows=LDSC_CHUNK, sweep=DOUBLE)
    tagging = build_tagging(panel, models, options)["own"]
    expected = tables.read_table(golden / f"s_het_w_chr{chrom}.l2.ldscore.gz")
    names = [name for name in expected.column_names if name.endswith("L2")]
    theirs = np.column_stack([expected[name].to_numpy() for name in names])
    ours = tagging.tagging[:, [tagging.names.index(name.removesuffix("L2")) for name in names]]
    np.testing.assert_array_equal(tagging.bp, expected["BP"].to_numpy())
    np.testing.assert_allclose(ours, theirs, atol=5.00001e-4, rtol=0)


@pytest.mark.shared
def test_published_weights__agree_on_chromosomes_19_to_22(shared, tmp_path):
    """weights.hm3_noMHC are LD scores over HapMap3 SNPs of (nearly) this panel."""
    folder = shared / "data" / EUR503
    for chrom in (19, 20, 21, 22):
        for suffix in ("bed", "bim"):
            unpack(folder / f"eur503_hm3.{chrom}.{suffix}.xz", tmp_path / f"p.{chrom}.{suffix}")
    shutil.copy(folder / "eur503_hm3.fam", tmp_path / "p.fam")
    panel = read_panel(tmp_path / "p.@")
    tagging = build_tagging(panel, ModelSet((find_model("gcta"),)), BuildOptions(PairWindow("cM", 1.0)))["gcta"]
    weights = shared / "data" / "weights_hm3_noMHC"
    published = [tables.read_table(path) for path in sorted(weights.glob("*.ldscore.*"))]
    snp = pa.concat_arrays([table["SNP"].combine_chunks() for table in published])
    scores = np.concatenate([table["L2"].to_numpy() for table in published])
    place = {name: row for row, name in enumerate(snp.to_pylist())}
    rows = np.array([place.get(name, -1) for name in tagging.snp.to_pylist()])
    ours, theirs = tagging.tagging[rows >= 0, 0], scores[rows[rows >= 0]]
    assert (rows >= 0).sum() > 87_000
    assert np.corrcoef(ours, theirs)[0, 1] > 0.999
    assert abs(np.polyfit(ours, theirs, 1)[0] - 1) < 0.01


@pytest.mark.shared
@pytest.mark.slow
def test_published_scores__agree_on_all_chromosomes(shared, tmp_path):
    """eur_w_ld_chr was computed over many more SNPs than HapMap3."""
    for packed in (shared / "data" / EUR503).glob("*.xz"):
        unpack(packed, tmp_path / packed.stem)
    shutil.copy(shared / "data" / EUR503 / "eur503_hm3.fam", tmp_path)
    panel = read_panel(tmp_path / "eur503_hm3.@")
    options = BuildOptions(PairWindow("cM", 1.0), sweep=SweepOptions(2))
    tagging = build_tagging(panel, ModelSet((find_model("gcta"),)), options)["gcta"]
    published = [tables.read_table(path) for path in (shared / "data" / "ldscores_eur_w_ld_chr").glob("*.ldscore*")]
    snp = pa.concat_arrays([table["SNP"].combine_chunks() for table in published])
    rows = pc.index_in(tagging.snp, value_set=snp)
    there = rows.is_valid().to_numpy(zero_copy_only=False)
    theirs = np.concatenate([table["L2"].to_numpy() for table in published])[rows.drop_null().to_numpy()]
    assert there.sum() == 1_165_111
    assert np.corrcoef(tagging.tagging[there, 0], theirs)[0, 1] > 0.99


@pytest.mark.shared
def test_baseline_of_chromosome_22__agrees_as_far_as_the_panel_is_the_same(shared, tmp_path):
    """53 annotations of baseline v1.2 on imputed genotypes of 373 people: the published scores are of 489 others."""
    dense, baseline = (shared / "data" / name for name in (DENSE, "baseline_v1.2_chr22"))
    for suffix in ("bed", "bim", "fam"):
        packed = next(dense.glob(f"geuvadis373.22.{suffix}*"))
        if packed.suffix == ".xz":
            unpack(packed, tmp_path / f"p.{suffix}")
        else:
            shutil.copy(packed, tmp_path / f"p.{suffix}")
    annotations = read_annotation_file(next(baseline.glob("baseline.22.annot*")))
    (tmp_path / "named").write_text("\n".join(annotations.snp.to_pylist()) + "\n")
    panel = read_panel(tmp_path / "p", extract=tmp_path / "named")
    models = ModelSet((find_model("own"),), match_annotations(annotations, panel.snp))
    tagging = build_tagging(panel, models, BuildOptions(PairWindow("cM", 1.0)))["own"]
    published = tables.read_table(next(baseline.glob("baseline.22.l2.ldscore*")))
    place = {name: row for row, name in enumerate(tagging.snp.to_pylist())}
    rows = np.array([place.get(name, -1) for name in published["SNP"].to_pylist()])
    assert (rows >= 0).sum() > 12_000
    for column, name in enumerate(tagging.names):
        theirs = published[f"{name}L2"].to_numpy()[rows >= 0]
        assert np.corrcoef(tagging.tagging[rows[rows >= 0], column], theirs)[0, 1] > 0.97, name
