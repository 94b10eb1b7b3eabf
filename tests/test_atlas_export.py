"""Exports of an atlas, figures, and the command lines around consistent fits and tests."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from agreement import check_digits
from atlas_worlds import build_noise, build_truth, simulate_atlas
from conftest import PORTABLE

from ldscores.shared.errors import InputError
from sumh2.atlas.atlas_files import write_atlas
from sumh2.atlas.consistent import fit_consistent
from sumh2.atlas.export import cell_labels, matrices_for_genomicsem, matrices_for_mtag, overlap_for_lava
from sumh2.atlas.export_files import write_genomicsem, write_lava, write_mtag
from sumh2.atlas.joint_errors import build_metric


@pytest.fixture(scope="module")
def atlas():
    rng = np.random.default_rng(1)
    sigma, noise = build_truth(rng, 6, 2, unique=(0, 0)), build_noise(rng, 6)
    made = simulate_atlas(rng, sigma, noise, n_blocks=100, nu=60)
    traits = list(made.traits)
    traits[1] = replace(traits[1], samp_prev=0.4, pop_prev=0.01)
    traits[2] = replace(traits[2], n_cases=1000.0, n_controls=9000.0, samp_prev=0.1, pop_prev=0.05)
    traits = [replace(trait, mean_chi2=1 + trait.n_mean * trait.h2 * 2e-5) for trait in traits]
    return replace(made, traits=tuple(traits))


@pytest.fixture(scope="module")
def folder(atlas, tmp_path_factory):
    path = tmp_path_factory.mktemp("atlas") / "a"
    path.mkdir()
    write_atlas(atlas, path)
    return path


# ---------------------------------------------------------------------------------------------------------------------
# GenomicSEM


def test_genomicsem__liability_scale_and_order_of_v(atlas):
    found = matrices_for_genomicsem(atlas)
    c = atlas.liability_factors
    check_digits(found.s, atlas.gcov * np.sqrt(np.outer(c, c)), 12)
    order = cell_labels(("a", "b", "c"))
    assert order == ["a~a", "b~a", "c~a", "b~b", "c~b", "c~c"]
    # Cell (2,1) with cell (2,2): numbers 1 and 6 of the lower triangle by columns of six traits.
    check_digits(found.v[1, 6], atlas.cov(np.array([1]), np.array([6]))[0, 0] * np.sqrt(c[0] * c[1]) * c[1], 10)
    check_digits(np.sqrt(np.diag(found.v))[0], atlas.gcov_se[0, 0], 10)
    check_digits(found.s_stand[0, 1], atlas.gcov[0, 1] / np.sqrt(atlas.gcov[0, 0] * atlas.gcov[1, 1]), 10)


def test_genomicsem__files_give_the_matrices_back(atlas, tmp_path):
    matrices = matrices_for_genomicsem(atlas)
    write_genomicsem(matrices, tmp_path / "x")
    for part, expected in (("S", matrices.s), ("V", matrices.v), ("I", matrices.i), ("S_Stand", matrices.s_stand),
                           ("V_Stand", matrices.v_stand), ("N", matrices.n[None, :])):  # fmt: skip
        read = np.loadtxt(tmp_path / f"x.{part}.tsv", skiprows=1, ndmin=2)
        check_digits(read, expected, 16, part)
    assert float((tmp_path / "x.m.tsv").read_text().split()[1]) == atlas.m
    script = (tmp_path / "x.R").read_text()
    assert "LDSCoutput <- list(V = read_part('V'), S = read_part('S'), I = read_part('I'), N = read_part('N')" in script


def run_r(lines: str, folder) -> list[str]:
    """Words that R prints."""
    done = subprocess.run(["Rscript", "--vanilla", "-e", lines], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


needs_r = pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")


@needs_r
def test_genomicsem__loads_in_r(atlas, tmp_path):
    """Also with names that R would take as quotes, comments or numbers."""
    names = ("height", "O'Neil's #1", 'a "b"', "1x", "x-y", "back\\slash")
    odd = replace(atlas, traits=tuple(replace(t, name=n) for t, n in zip(atlas.traits, names, strict=True)))
    matrices = matrices_for_genomicsem(odd)
    write_genomicsem(matrices, tmp_path / "x")
    numbers = "unlist(LDSCoutput[c('S', 'V', 'I', 'N', 'm', 'S_Stand', 'V_Stand')])"
    found = run_r(f"source('x.R'); cat(sprintf('%.17g', {numbers}))", tmp_path)
    parts = (matrices.s, matrices.v, matrices.i, matrices.n, matrices.m, matrices.s_stand, matrices.v_stand)
    check_digits([float(word) for word in found], np.concatenate([np.ravel(part) for part in parts]), 15)
    found = run_r(
        "source('x.R'); cat(dim(LDSCoutput$V), dim(LDSCoutput$N)); writeLines(colnames(LDSCoutput$S))", tmp_path
    )
    assert found[:3] == ["21", "21", "1"] and " ".join(found[3:]) == "21" + " ".join(names)


@needs_r
def test_lava_and_mtag__load_in_r(atlas, tmp_path):
    """As LAVA's ``process.input`` reads its two files; MTAG's are plain matrices."""
    (overlap, info), _ = write_lava(atlas, tmp_path / "x")
    read = (
        f"o <- as.matrix(read.table('{overlap.name}', check.names = FALSE)); "
        f"i <- read.table('{info.name}', header = TRUE, stringsAsFactors = FALSE); "
        "stopifnot(identical(rownames(o), colnames(o)), identical(i$phenotype, colnames(o)), isSymmetric(o)); "
        "cat(dim(o), sprintf('%.17g', o), i$cases, i$controls, i$filename)"
    )
    found = run_r(read, tmp_path)
    assert found[:2] == ["6", "6"] and found[-6:] == [trait.source for trait in atlas.traits]
    check_digits([float(word) for word in found[2:38]], overlap_for_lava(atlas)[1].ravel(), 5)
    assert found[39] == "20000" and found[45] == "30000"
    matrices = matrices_for_mtag(atlas)
    sigma = write_mtag(matrices, tmp_path / "x")[0]
    found = run_r(f"cat(sprintf('%.17g', as.matrix(read.table('{sigma.name}'))))", tmp_path)
    check_digits([float(word) for word in found], matrices.sigma.ravel(), 15)


def test_genomicsem__consistent_and_shrunk(atlas):
    fitted = fit_consistent(atlas, n_draws=0)
    found = matrices_for_genomicsem(atlas, consistent=fitted)
    assert np.linalg.eigvalsh(found.s_stand)[0] > -1e-9
    c = atlas.liability_factors
    check_digits(np.sqrt(found.v[0, 0]), fitted.gcov_se[0, 0], 5)
    shrunk = matrices_for_genomicsem(atlas, covariance="shrunk")
    unit = 1 / np.sqrt(np.diag(shrunk.v))
    assert np.linalg.eigvalsh(shrunk.v * np.outer(unit, unit))[0] > 1e-6
    check_digits(shrunk.v[6, 6], build_metric(atlas).dense()[6, 6] * c[1] ** 2, 10)
    with pytest.raises(InputError, match="has no replicates"):
        matrices_for_genomicsem(atlas, consistent=fit_consistent(atlas, n_draws=0, replicates=False))
    with pytest.raises(InputError, match="is of other traits"):
        matrices_for_genomicsem(atlas.take([0, 1, 2]), consistent=fitted)


def test_genomicsem__too_many_traits():
    rng = np.random.default_rng(1)
    large = simulate_atlas(rng, build_truth(rng, 81), build_noise(rng, 81), n_blocks=20, nu=400)
    with pytest.raises(InputError, match="found 81 traits, expected at most 80"):
        matrices_for_genomicsem(large)


# ---------------------------------------------------------------------------------------------------------------------
# LAVA, MTAG


def test_lava__reads_as_its_process_input_reads(atlas, tmp_path):
    gcov_int = atlas.gcov_int.copy()
    gcov_int[0, 2] = gcov_int[2, 0] = np.nan
    files, notes = write_lava(replace(atlas, gcov_int=gcov_int), tmp_path / "x")
    assert notes == ["1 pair without an intercept: taken as not overlapping (0)"]
    lines = files[0].read_text().splitlines()
    assert lines[0].split() == list(atlas.names)
    rows = [line.split() for line in lines[1:]]
    assert [row[0] for row in rows] == list(atlas.names)
    overlap = np.array([[float(word) for word in row[1:]] for row in rows])
    _, expected, _ = overlap_for_lava(replace(atlas, gcov_int=gcov_int))
    assert np.abs(overlap - expected).max() < 1e-5
    assert np.array_equal(np.diag(overlap), np.ones(6))
    scale = np.sqrt(np.diag(gcov_int))
    assert abs(overlap[0, 4] - gcov_int[0, 4] / (scale[0] * scale[4])) < 1e-5
    info = [line.split("\t") for line in files[1].read_text().splitlines()]
    assert info[0] == ["phenotype", "cases", "controls", "prevalence", "filename"]
    assert info[1] == ["trait1", "1", "0", "NA", "trait1.sumstats.gz"]
    assert info[2][:4] == ["trait2", "20000", "30000", "0.01"]
    assert info[3][:4] == ["trait3", "1000", "9000", "0.05"]
    blank = replace(atlas, traits=(replace(atlas.traits[0], name="a b"), *atlas.traits[1:]))
    with pytest.raises(InputError, match="trait 'a b' has a blank"):
        write_lava(blank, tmp_path / "y")
    quoted = replace(atlas, traits=(replace(atlas.traits[0], source="x#1.gz"), *atlas.traits[1:]))
    with pytest.raises(InputError, match="file 'x#1.gz' has a blank, a quote or #"):
        write_lava(quoted, tmp_path / "y")


def test_mtag__sigma_omega(atlas, tmp_path):
    found = matrices_for_mtag(atlas)
    check_digits(found.ld_per_m, 2e-5, 10)
    check_digits(found.omega, atlas.gcov * 2e-5, 10)
    assert "omega is not positive semi-definite" in found.notes[0]
    consistent = matrices_for_mtag(
        atlas, consistent=fit_consistent(atlas, n_draws=0, replicates=False), mean_ld_score=100
    )
    assert not consistent.notes
    check_digits(consistent.ld_per_m, 100 / atlas.m, 12)
    sigma, omega, names = write_mtag(consistent, tmp_path / "x")
    check_digits(np.genfromtxt(sigma), atlas.gcov_int, 16)
    check_digits(np.genfromtxt(omega), consistent.omega, 16)
    assert names.read_text().split() == list(atlas.names)


# ---------------------------------------------------------------------------------------------------------------------
# Command lines


def test_consistent__on_an_atlas(run_sumh2, folder, tmp_path):
    out, figure, heat = tmp_path / "c", tmp_path / "c.png", tmp_path / "h.pdf"
    status, text, _ = run_sumh2(
        "consistent", folder, "--out", out, "--draws", 20, "--plot", figure, "--heatmap", heat
    )  # fmt: skip
    assert status == 0
    assert "test of consistency" in text
    assert len((tmp_path / "c.tsv").read_text().splitlines()) == 16
    assert figure.stat().st_size > 1000
    assert heat.stat().st_size > 1000
    status, text, _ = run_sumh2("consistent", folder, "--traits", "trait1,trait2,trait3", "--factors", 1, "--draws", 0)
    assert status == 0
    assert "3 traits, 3 pairs" in text


def test_consistent__on_a_table(run_sumh2, tmp_path):
    table = tmp_path / "rg.tsv"
    table.write_text("trait1\ttrait2\trg\trg_se\na\tb\t0.9\t0.1\na\tc\t0.9\t0.1\nb\tc\t0.2\t0.1\n")
    status, text, _ = run_sumh2("consistent", table, "--out", tmp_path / "x", "--plot", tmp_path / "x.svg")
    assert status == 0
    assert "1 negative, smallest -0.1767" in text
    for flags, message in (
        (("--factors", 2), "--factors: found it with a table, expected it with an atlas only"),
        (("--metric", "structured"), "--metric: found it with a table, expected it with an atlas only"),
        (("--no-hold",), "--no-hold: found it with a table"),
        (("--draws", 5), "--draws: found it with a table"),
        (("--no-unique",), "--no-unique: found it without --factors"),
    ):
        status, _, error = run_sumh2("consistent", table, *flags)
        assert status == 2
        assert message in error


def test_atlas_test_and_factors(run_sumh2, folder, tmp_path):
    status, text, _ = run_sumh2(
        "atlas-test", folder, "rg(trait1, trait2) = rg(trait1, trait3)", "h2(trait1)=h2(trait2)"
    )
    assert status == 0
    assert "rg(trait1, trait2) = rg(trait1, trait3)   difference" in text
    status, text, _ = run_sumh2("atlas-test", folder, "rg({trait1,trait2},trait3)=0", "--out", tmp_path / "t")
    assert status == 0
    assert "Hotelling" in (tmp_path / "t.json").read_text()
    status, _, error = run_sumh2("atlas-test", folder, "a=b", "c=d", "--out", tmp_path / "t")
    assert status == 2
    assert "found several hypotheses" in error
    status, text, _ = run_sumh2("atlas-factors", folder, "--draws", 50, "--plot", tmp_path / "s.png")
    assert status == 0
    assert "factors (parallel analysis, 50 draws)" in text


@pytest.mark.parametrize("to", ["genomicsem", "lava", "mtag", "order"])
def test_export__of_an_atlas(run_sumh2, folder, tmp_path, to):
    flags = ["--consistent"] if to in ("genomicsem", "mtag") else []
    status, text, _ = run_sumh2("export", folder, "--to", to, "--out", tmp_path / "x", *flags)
    assert status == 0
    written = text.split("written: ")[1].strip().split(", ")
    assert all(path.startswith(str(tmp_path)) for path in written)


def test_export__with_genomicsems_engine(run_sumh2, tmp_path):
    files = [PORTABLE / "inputs" / f"trait{number}.sumstats.xz" for number in (1, 2)]
    status, text, _ = run_sumh2(
        "export", *files, "--engine", "genomicsem", "--ld", f"{PORTABLE}/ldsc/ld.", "--to", "genomicsem", "--out",
        tmp_path / "x", "--n-blocks", 50,
    )  # fmt: skip
    assert status == 0
    assert "GenomicSEM's estimator" in text
    assert (tmp_path / "x.R").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--to", "lava", "--consistent"), "--consistent: found it with --to lava"),
        (("--to", "mtag", "--engine", "genomicsem"), "--engine genomicsem: expected --to genomicsem"),
        (("--to", "genomicsem", "--engine", "genomicsem"), "found no --ld"),
        (("--to", "genomicsem", "--mean-ld", "3"), "--mean-ld: found it with --to genomicsem"),
        (("--to", "genomicsem", "--engine", "genomicsem", "--mean-ld", "3"), "--shrunk and --mean-ld; make an atlas"),
        (("--to", "lava", "--samp-prev", "0.5"), "--samp-prev: found it with --to lava"),
        (("--to", "lava", "--chisq-max", "30"), "--chisq-max: found it with --to lava"),
        (("--to", "genomicsem", "--n-blocks", "7"), "--n-blocks: found it with --to genomicsem of an atlas"),
        (("--to", "genomicsem", "--m", "M"), "--m: found it with --to genomicsem of an atlas"),
    ],
)
def test_export__wrong_options(run_sumh2, folder, tmp_path, flags, message):
    status, _, error = run_sumh2("export", folder, "--out", tmp_path / "x", *flags)
    assert status == 2
    assert message in error
    assert not list(tmp_path.iterdir()), "nothing is written"
