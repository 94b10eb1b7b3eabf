"""Building taggings: models side by side, regression SNPs, restarts, a Dask cluster, covariates, the command line."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_plink_files import write_panel
from test_tagging_kernels import invent_dosages, slow_taggings

import ldscores.building.build_files as build_files
from ldscores.annotations.annotation_set import Annotations
from ldscores.building.build import LDSC_CHUNK, BuildOptions, ModelSet, build_tagging, default_options
from ldscores.building.build_files import build_to_files, plan_build
from ldscores.building.sweep import SweepOptions
from ldscores.models.heritability_models import find_model, parse_models
from ldscores.models.model_files import ModelFiles, find_models
from ldscores.panels.covariate_files import read_covariates
from ldscores.panels.pair_windows import PairWindow
from ldscores.panels.plink_files import read_panel
from ldscores.panels.reference_panel import LDAK_CONVENTIONS, make_panel
from ldscores.shared import tables
from ldscores.shared.errors import InputError
from ldscores.taggings.tagging_files import read_own, read_tagging

KB = BuildOptions(PairWindow("kb", 0.3), sweep=SweepOptions(double=True))


def invent_panel(n_snps: int = 60, n_people: int = 30, n_chromosomes: int = 2, seed: int = 1):
    dosages = np.concatenate([invent_dosages(seed + place, n_snps, n_people) for place in range(n_chromosomes)])
    chrom = [str(place + 1) for place in range(n_chromosomes) for _ in range(n_snps)]
    bp = np.tile(np.arange(n_snps) * 20 + 1, n_chromosomes)
    return make_panel(dosages, chrom, bp, bp / 1000)


def test_build__two_chromosomes_equal_plain_python():
    panel = invent_panel()
    tagging = build_tagging(panel, ModelSet((find_model("gcta"),)), KB)["gcta"]
    for rows in panel.chromosomes().values():
        slow = slow_taggings(panel.dosages(rows.start, rows.stop), panel.bp[rows].tolist(), 300, [[1.0]] * 60)
        np.testing.assert_allclose(tagging.tagging[rows], slow, rtol=1e-11)
    np.testing.assert_array_equal(tagging.regression_tagging, tagging.tagging[:, 0])
    maf = panel.summarise().maf
    assert (tagging.m[0], tagging.m_5_50[0]) == (120, (maf > 0.05).sum())
    assert (tagging.n_reference, tagging.n_reference_5_50) == (120, (maf > 0.05).sum())
    assert tagging.overlap[0, 0] == 120 and tagging.window == "0.3 kb" and tagging.model == "gcta"
    np.testing.assert_allclose(tagging.maf, maf)


def test_build__regression_snps_limit_rows_not_columns():
    panel = invent_panel()
    named = pa.array(["rs3", "rs50", "rs61", "rs100"])
    whole = build_tagging(panel, ModelSet((find_model("gcta"),)), KB)["gcta"]
    some = build_tagging(panel, ModelSet((find_model("gcta"),)), replace(KB, regression_snps=named))["gcta"]
    rows = np.array([3, 50, 61, 100])
    assert some.snp.equals(named)
    np.testing.assert_allclose(some.tagging, whole.tagging[rows], rtol=1e-12)
    assert some.m[0] == 120
    indicator = np.isin(np.arange(120), rows).astype(float)[:, None]
    slow = slow_taggings(panel.dosages(0, 60), panel.bp[:60].tolist(), 300, indicator[:60].tolist())
    np.testing.assert_allclose(some.regression_tagging[:2], [slow[3][0], slow[50][0]], rtol=1e-10)


def test_build__monomorphic_snps_get_no_row_and_count_as_each_program_counts():
    panel = invent_panel()
    dosages = panel.dosages()
    dosages[[4, 70]], dosages[9] = 2, -127
    panel = make_panel(dosages, panel.chrom.to_pylist(), panel.bp)
    for conventions, n_reference in ((KB.conventions, 117), (LDAK_CONVENTIONS, 120)):
        tagging = build_tagging(panel, ModelSet((find_model("gcta"),)), replace(KB, conventions=conventions))["gcta"]
        assert len(tagging) == 117 and tagging.m[0] == 117
        assert (tagging.ldak.n_reference, tagging.ldak.counts[0]) == (n_reference, n_reference)
        assert tagging.ldak.n_heritability == 117


def test_build__maf_is_strict():
    panel = invent_panel()
    maf = panel.summarise().maf
    limit = float(np.sort(maf)[40])
    tagging = build_tagging(panel, ModelSet((find_model("gcta"),)), replace(KB, min_maf=limit))["gcta"]
    assert len(tagging) == (maf > limit).sum() == tagging.m[0] and limit not in tagging.maf


@settings(max_examples=15, deadline=None)
@given(st.floats(-1, 0.5), st.integers(0, 100))
def test_power__minus_one_with_weights_equals_power_alpha(alpha, seed):
    """P_kj [f(1-f)]^(1+alpha) with power -1 is P_kj with power alpha, up to LDAK's factor 2^(1+alpha)."""
    panel = invent_panel(seed=seed)
    maf = panel.summarise().maf
    values = np.random.default_rng(seed).normal(size=(120, 2))
    weighted = values * ((maf * (1 - maf)) ** (1 + alpha))[:, None] * 2 ** (1 + alpha)
    own = find_model("own")
    found = [
        build_tagging(panel, ModelSet((own,), Annotations(v, ("a", "b")), power=p), KB)["own"].tagging[:, :2]
        for v, p in ((weighted, -1.0), (values, alpha))
    ]  # fmt: skip
    np.testing.assert_allclose(*found, rtol=1e-9, atol=1e-9)


def test_grid_of_alpha__is_one_tagging_of_31_columns_and_models_share_the_sweep():
    panel = invent_panel()
    models = tuple(parse_models("gcta,human-default", alphas="-1:0.5:0.05"))
    taggings = build_tagging(panel, ModelSet(models), KB)
    assert list(taggings) == ["gcta", "human-default", "alpha"]
    grid = taggings["alpha"]
    assert grid.n_categories == 31 and grid.names[0] == "Base[-1]" and grid.names[15] == "Base[-0.25]"
    np.testing.assert_array_equal(grid.tagging[:, 0], taggings["gcta"].tagging[:, 0])
    np.testing.assert_array_equal(grid.tagging[:, 15], taggings["human-default"].tagging[:, 0])


def test_models__have_their_published_sizes():
    annotations = Annotations(np.random.default_rng(1).uniform(size=(120, 64)), tuple(f"b{k}" for k in range(64)))
    weights = {"ldak": np.ones(120), "thin": np.ones(120)}
    models = ModelSet((find_model("bld-ldak"), find_model("ldak"), find_model("ldak-thin")), annotations, weights)
    taggings = build_tagging(invent_panel(), models, KB)
    assert {name: tagging.n_categories for name, tagging in taggings.items()} == {
        "bld-ldak": 66, "ldak": 1, "ldak-thin": 1,
    }  # fmt: skip


def test_default_options__are_those_of_the_first_model():
    options = default_options(ModelSet((find_model("gcta"), find_model("ldak"))))
    assert (str(options.window), options.conventions.name) == ("1 cM", "ldsc")
    assert str(default_options(ModelSet((find_model("ldak"),))).window) == "1000 kb"


# ---------------------------------------------------------------------------------------------------------------------
# Messages


def build_message(panel, options, models=("gcta",)) -> str:
    with pytest.raises(InputError) as error:
        build_tagging(panel, ModelSet(tuple(find_model(name) for name in models)), options)
    return str(error.value)


def test_no_centimorgans__offers_kb_and_a_map():
    panel = replace(invent_panel(), cm=np.zeros(120))
    found = build_message(panel, replace(KB, window=PairWindow("cM", 1.0)))
    assert "all positions in centimorgans are zero" in found and "--genetic-map" in found and "--window-kb" in found


def test_falling_centimorgans__are_named():
    panel = invent_panel()
    cm = panel.cm.copy()
    cm[5] = 0
    options = replace(KB, window=PairWindow("cM", 1.0))
    assert "SNP rs5 lies at 0 cM, behind" in build_message(replace(panel, cm=cm), options)


def test_other_messages():
    panel = invent_panel()
    assert build_message(panel, replace(KB, regression_snps=pa.array(["x"]))) == (
        "--regression-snps: none of its 1 names (first: x) is among the 120 SNPs of panel (first: rs0); expected the "
        "same kind of names"
    )
    assert "--maf 0.7: expected 0 or more and below 0.5" in build_message(panel, replace(KB, min_maf=0.7))
    many = replace(KB, covariates=np.ones((30, 40)))
    assert "40 covariates for 30 people; expected fewer" in build_message(panel, many)
    assert "none of 120 SNPs varies above MAF 0.499" in build_message(panel, replace(KB, min_maf=0.499))
    with pytest.raises(InputError, match="--threads 0: expected at least 1"):
        plan_build(parse_models("gcta"), n_threads=0)
    with pytest.raises(InputError, match="--memory -1: expected a positive number"):
        plan_build(parse_models("gcta"), memory_gb=-1)
    with pytest.raises(InputError, match="window: found 5 kb and 1 cM; expected one"):
        plan_build(parse_models("gcta"), window_kb=5, window_cm=1)
    with pytest.raises(InputError, match="found --annot and --annotation-prefix; expected one kind"):
        find_models(panel, parse_models("own"), annot="a", annotation_prefix="b")
    with pytest.raises(InputError, match="needs LDAK weightings, which are not given; compute them with"):
        build_tagging(panel, ModelSet((find_model("ldak"),)), KB)


def test_out_with_at__is_for_ldscs_files(plink_panel, tmp_path):
    files = ModelFiles(ModelSet((find_model("gcta"),)))
    with pytest.raises(InputError, match="found @, which stands for the chromosome in LDSC's files; expected a plain"):
        build_to_files(read_panel(plink_panel), files, KB, tmp_path / "out.@")


def test_annotations_of_chr1__are_found_as_1(tmp_path):
    write_panel(tmp_path / "p", invent_dosages(1, 30, 20), "chr1")
    for token in ("1", "2"):
        (tmp_path / f"a.{token}.annot").write_text("coding\n" + "1\n0\n" * 15)
    panel = read_panel(tmp_path / "p")
    files = find_models(panel, parse_models("own"), annot=str(tmp_path / "a.@"))
    build_to_files(panel, files, KB, tmp_path / "out")
    assert read_own(tmp_path / "out.tagging.parquet").names == ("coding", "Base")


def test_misaligned_annotations__are_named(tmp_path):
    panel = invent_panel(n_chromosomes=1)
    lines = "".join(f"1\t{20 * row + 1}\tsnp{row}\t0\t1\n" for row in range(60))
    (tmp_path / "a.1.annot").write_text("CHR\tBP\tSNP\tCM\tcoding\n" + lines)
    files = find_models(panel, parse_models("own"), annot=str(tmp_path / "a.@"))
    with pytest.raises(InputError, match="none of the 60 SNPs of chromosome 1 of panel is among its 60"):
        build_to_files(panel, files, KB, tmp_path / "out")
    thin = tmp_path / "thin.annot"
    thin.write_text("coding\n" + "1\n" * 59)
    with pytest.raises(InputError, match="found 59 rows without names of SNPs; expected 60"):
        find_models(panel, parse_models("own"), annot=str(thin))


# ---------------------------------------------------------------------------------------------------------------------
# Files to files


@pytest.fixture
def plink_panel(tmp_path: Path) -> Path:
    for chrom in "123":
        write_panel(
            tmp_path / f"eur.{chrom}", invent_dosages(int(chrom), 80, 20), chrom, [20 * row + 1 for row in range(80)],
            cm=[0.02 * row for row in range(80)],
        )  # fmt: skip
    return tmp_path / "eur.@"


def test_files__are_what_the_function_returns_and_parts_are_gone(plink_panel, tmp_path):
    panel, models = read_panel(plink_panel), ModelSet((find_model("gcta"), find_model("human-default")))
    written = build_to_files(panel, ModelFiles(models), KB, tmp_path / "out", settings={"model": "gcta"})
    assert [path.name for path in written] == ["out.gcta.tagging.parquet", "out.human-default.tagging.parquet"]
    assert not (tmp_path / "out.parts").exists()
    for name, tagging in build_tagging(panel, models, KB).items():
        stored = read_own(tmp_path / f"out.{name}.tagging.parquet")
        np.testing.assert_array_equal(stored.tagging, tagging.tagging)
        np.testing.assert_array_equal(stored.overlap, tagging.overlap)
        np.testing.assert_array_equal(stored.ldak.neighbours, tagging.ldak.neighbours)
    metadata = tables.read_parquet(written[0])[1]
    assert len(metadata["inputs"]) == 9 and metadata["options"] == {"model": "gcta"}


def test_restart__skips_what_is_there_and_only_that(plink_panel, tmp_path, monkeypatch, caplog):
    panel, files = read_panel(plink_panel), ModelFiles(ModelSet((find_model("gcta"),)))
    real, built = build_files.build_chromosome, []

    def failing(prepared, options):
        if len(built) == 2:
            raise KeyboardInterrupt
        built.append(prepared.panel.chrom[0].as_py())
        return real(prepared, options)

    monkeypatch.setattr(build_files, "build_chromosome", failing)
    with pytest.raises(KeyboardInterrupt):
        build_to_files(panel, files, KB, tmp_path / "out")
    assert built == ["1", "2"] and not (tmp_path / "out.tagging.parquet").exists()
    assert sorted(path.name for path in (tmp_path / "out.parts").iterdir()) == [
        "1.gcta.tagging.parquet", "1.json", "2.gcta.tagging.parquet", "2.json",
    ]  # fmt: skip

    built.clear()
    (tmp_path / "out.parts" / "1.json").write_text('{"key": "of other options"}')  # as if --maf had changed
    with caplog.at_level(logging.INFO, logger="ldscores"):
        build_to_files(panel, files, KB, tmp_path / "out")
    assert built == ["1", "3"] and "240 SNPs of 3 chromosomes, 1 of them found in" in caplog.text
    whole = build_tagging(panel, files.models, KB)["gcta"]
    np.testing.assert_array_equal(read_own(tmp_path / "out.tagging.parquet").tagging, whole.tagging)


@pytest.mark.parametrize("change", ["window", "maf", "genotypes", "weights", "unbiased"])
def test_key_of_a_part__changes_with_all_that_matters(change, plink_panel, tmp_path, monkeypatch):
    keys = []
    monkeypatch.setattr(build_files, "_build_part", lambda part: keys.append(key_of(part)) or done(part))

    def key_of(part):
        prepared = build_files.prepare_chromosome(part.panel, part.models.models, part.options)
        return build_files._key(part, prepared)

    def done(part):
        return build_files._Done(part.chromosome, (), False)

    def run(options=KB, power=-1.0):
        models = ModelFiles(ModelSet((find_model("gcta"),), power=power))
        with pytest.raises(InputError, match="none of"):
            build_to_files(read_panel(plink_panel), models, options, tmp_path / "out")

    run()
    run(replace(KB, sweep=replace(KB.sweep, n_threads=2)))
    assert keys[:3] == keys[3:]
    if change == "genotypes":
        bed = tmp_path / "eur.1.bed"
        content = bytearray(bed.read_bytes())
        content[3:8] = content[8:13]
        bed.write_bytes(bytes(content))
    run(
        {
            "window": replace(KB, window=PairWindow("kb", 0.2)), "maf": replace(KB, min_maf=0.3),
            "unbiased": replace(KB, sweep=replace(KB.sweep, unbiased=False)),
        }.get(change, KB),
        power=-0.5 if change == "weights" else -1.0,
    )  # fmt: skip
    assert keys[6] != keys[0]


def test_dask__gives_the_same_taggings(plink_panel, tmp_path):
    distributed = pytest.importorskip("distributed", reason="needs the extra: pip install 'sumh2[dask]'")
    panel, files = read_panel(plink_panel), ModelFiles(ModelSet((find_model("gcta"),)))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None, silence_logs=logging.ERROR
    ) as cluster:
        build_to_files(panel, files, KB, tmp_path / "out", scheduler=cluster.scheduler_address)
    whole = build_tagging(panel, files.models, KB)["gcta"]
    np.testing.assert_array_equal(read_own(tmp_path / "out.tagging.parquet").tagging, whole.tagging)


def test_dask__not_installed_is_said(plink_panel, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    files = ModelFiles(ModelSet((find_model("gcta"),)))
    with pytest.raises(InputError, match=r"Dask is not installed; expected the extra: pip install 'sumh2\[dask\]'"):
        build_to_files(read_panel(plink_panel), files, KB, tmp_path / "out", scheduler="local")


def run_ldscores(*words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", "from ldscores.cli import main; main()", *words]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "COLUMNS": "80"})


def test_command_line__builds_and_reads_back(plink_panel, tmp_path):
    out = tmp_path / "eur"
    done = run_ldscores(
        "build", "--bfile", str(plink_panel), "--model", "gcta", "--window-cm", "0.3", "--alphas=-1,0", "--out",
        str(out),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"written: {out}.gcta.tagging.parquet\n" in done.stdout
    assert read_tagging(f"{out}.alpha.tagging.parquet").names == ("Base[-1]", "Base[0]")
    ldak = run_ldscores(
        "build", "--bfile", str(plink_panel), "--window-kb", "1", "--format", "ldak", "--conventions", "ldak", "--out",
        str(out),
    )  # fmt: skip
    assert ldak.returncode == 0, ldak.stderr
    assert len(read_tagging(f"{out}.tagging")) == 240


def test_command_line__messages(plink_panel, tmp_path):
    out = str(tmp_path / "no" / "out")
    folder = run_ldscores("build", "--bfile", str(plink_panel), "--out", out, "--window-cm", "1")
    assert folder.returncode == 1 and "the folder" in folder.stderr and "does not exist" in folder.stderr
    model = run_ldscores("build", "--bfile", str(plink_panel), "--out", "x", "--model", "bld-ldak", "--window-kb", "1")
    assert model.returncode == 1 and "needs 64 annotations and LDAK weightings" in model.stderr


# ---------------------------------------------------------------------------------------------------------------------
# Covariates


def test_covariates__are_put_in_the_order_of_the_people(plink_panel, tmp_path):
    panel = read_panel(plink_panel)
    lines = [f"F{p} I{p} {p}.5 {-p}" for p in reversed(range(20))]
    for name, header in (("with", "#FID IID PC1 PC2\n"), ("without", "")):
        (tmp_path / name).write_text(header + "\n".join(lines) + "\n")
        found = read_covariates(tmp_path / name, panel)
        np.testing.assert_array_equal(found, [[p + 0.5, -p] for p in range(20)])
    cases = {
        "F0 I0 1\n": "no covariates for 19 of 20 people of the panel (first: F1 I1)",
        "F0 I0\n": "found 2 columns; expected FID, IID and at least one covariate",
        "\n".join([*lines, lines[0]]) + "\n": "F19 I19 stands there twice",
        "\n".join(lines).replace(" 3.5", " NA") + "\n": "is missing; expected a number for everybody",
    }
    for text, expected in cases.items():
        (tmp_path / "bad").write_text(text)
        with pytest.raises(InputError) as error:
            read_covariates(tmp_path / "bad", panel)
        assert expected in str(error.value)


@pytest.mark.shared
def test_covariates__equal_cov_ldsc(shared):
    """cov-LDSC's published scores: intercept and covariates out, unit variance again, LDSC's n - 2 and chunks."""
    golden = shared / "data" / "golden_covLDSC_AMR347_chr21"
    panel = read_panel(golden / "AMR_chr21_cm")
    complete = panel.summarise().counts[:, 3] == 0
    options = BuildOptions(
        PairWindow("cM", 20.0), ldsc_windows=LDSC_CHUNK, covariates=read_covariates(golden / "AMR.evec", panel),
        sweep=SweepOptions(2),
    )  # fmt: skip
    ours = build_tagging(panel, ModelSet((find_model("gcta"),)), options)["gcta"].tagging[:, 0]
    published = tables.read_table(golden / "AMR_chr21_20cm_covldsc.l2.ldscore.gz")["L2"].to_numpy()
    assert np.corrcoef(ours, published)[0, 1] > 0.999999
    assert abs(ours.mean() - published.mean()) < 1e-4
    # Three SNPs miss calls, which cov-LDSC treats in a way of its own: they and their neighbours differ by up to 0.8.
    assert np.median(np.abs(ours - published)[complete]) < 1e-3
    assert np.abs(ours - published)[complete].max() < 0.06
