"""Sizes of categories and large sums that a tagging stores; annotations that are not those of the LD scores."""

from __future__ import annotations

import gzip
import importlib
import json
import sys

import numpy as np
import pytest
from conftest import PORTABLE

from ldscores import __version__
from ldscores.annotations.annotation_sums import TouchedBlocks, count_touched_blocks, join_touched, touched_blocks
from ldscores.annotations.overlap_files import read_annotation_sums
from ldscores.shared import tables
from ldscores.shared.command_line import run_commands
from ldscores.shared.errors import InputError
from ldscores.shared.logs import configure_logging
from ldscores.shared.stored_arrays import MOST_LISTED, pack_array, unpack_array
from ldscores.taggings.merge import merge_snps
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import read_own, read_tagging, write_tagging
from sumh2.alignment import align
from sumh2.enrichment.annotation_guards import locus_findings
from sumh2.enrichment.overlap_sums import resolve_overlap
from sumh2.enrichment.partition import fit_partition
from sumh2.enrichment.stratified_rg import fit_stratified_rg
from sumh2.kernels.bordered_regression import RegressionColumns, residual_blocks
from sumh2.screens.annotation_tagging_files import ParquetAnnotations, read_baseline
from sumh2.screens.annotation_taggings import ReadingPlan
from sumh2.sumstats_files import read_sumstats

INPUTS = PORTABLE / "inputs"


def wide_tagging(chromosome: str = "1", n_categories: int = 210, seed: int = 0) -> Tagging:
    rng = np.random.default_rng(seed)
    import pyarrow as pa

    values = (rng.random((300, n_categories)) < 0.1).astype(float)
    values[:, 0] = 1
    values[:, 1] = rng.normal(size=300)
    bp = np.sort(rng.choice(900_000, 300, replace=False)).astype(np.int64)
    overlap = values.T @ values
    return Tagging(
        snp=pa.array([f"rs{chromosome}_{place}" for place in range(300)]), chrom=pa.array([chromosome] * 300), bp=bp,
        tagging=np.ascontiguousarray(values + rng.random(values.shape)),
        names=tuple(f"c{place}" for place in range(n_categories)), m=values.sum(axis=0), m_5_50=values.sum(axis=0),
        overlap=overlap, overlap_5_50=overlap / 3, n_reference=300, n_reference_5_50=300,
        regression_tagging=rng.random(300) + 1, touched=touched_blocks(values, bp, np.zeros(300)),
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# Large matrices


@pytest.mark.parametrize("n", [3, 250])
def test_packed_arrays__come_back_to_the_last_bit(n):
    numbers = np.random.default_rng(1).normal(size=(n, n)) / 3
    stored = json.loads(json.dumps(pack_array(numbers)))
    assert isinstance(stored, dict) == (n * n > MOST_LISTED)
    np.testing.assert_array_equal(unpack_array(stored), numbers)
    assert unpack_array(pack_array(None)) is None


def test_wide_tagging__is_packed_and_read_the_same_everywhere(tmp_path):
    tagging, path = wide_tagging(), tmp_path / "wide.tagging.parquet"
    write_tagging(path, tagging)
    metadata = tables.read_metadata(path)[1]
    assert metadata["format_version"] == 2 and isinstance(metadata["overlap"], dict)
    # As text a matrix of fractions takes some 18 characters a number.
    assert len(json.dumps(metadata["overlap_5_50"])) < 11 * tagging.overlap.size
    found = read_own(path)
    for name in ("m", "m_5_50", "overlap", "overlap_5_50"):
        np.testing.assert_array_equal(getattr(found, name), getattr(tagging, name))
    baseline = read_baseline(path, "4")
    np.testing.assert_array_equal(baseline.overlap_5_50, tagging.overlap_5_50[:4, :4])
    plan = ReadingPlan(tagging.snp, "M", baseline.names, baseline.m, 8)
    batch = next(ParquetAnnotations(path).batches([7, 9], plan))
    np.testing.assert_array_equal(batch.totals.overlap, tagging.overlap[np.ix_([7, 9], range(4))])
    np.testing.assert_array_equal(batch.totals.block_share, tagging.touched.share[[7, 9]])


def test_files_of_the_first_version__are_read(tmp_path):
    tagging, path = wide_tagging(n_categories=5), tmp_path / "narrow.tagging.parquet"
    write_tagging(path, tagging)
    table, metadata = tables.read_parquet(path)
    assert metadata["format_version"] == 1 and metadata["overlap"] == tagging.overlap.tolist()
    del metadata["touched_blocks"], metadata["n_blocks"]
    tables.write_parquet(path, table, metadata | {"overlap": tagging.overlap.tolist()})
    found = read_own(path)
    assert found.touched is None and np.array_equal(found.overlap, tagging.overlap)
    assert np.isnan(resolve_overlap(found, "M").block_share).all()


def test_damaged_numbers__are_told(tmp_path):
    path = tmp_path / "wide.tagging.parquet"
    write_tagging(path, wide_tagging())
    table, metadata = tables.read_parquet(path)
    tables.write_parquet(path, table, metadata | {"overlap": {"shape": [210, 210], "zlib_float64": "AAAA"}})
    with pytest.raises(InputError, match="packed numbers are damaged.*write it again"):
        read_own(path)


# ---------------------------------------------------------------------------------------------------------------------
# Blocks touched


def test_touched_blocks__equal_a_count_by_hand_in_any_order():
    rng = np.random.default_rng(3)
    values = (rng.random((500, 70)) < 0.02) * rng.normal(size=(500, 70))
    chromosomes, positions = rng.integers(1, 4, 500), rng.random(500)
    keys = [(c, int(p // 0.01)) for c, p in zip(chromosomes, positions, strict=True)]
    expected = [len({key for key, value in zip(keys, column, strict=True) if value != 0}) for column in values.T]
    touched, n_blocks = count_touched_blocks(values, chromosomes, positions, 0.01)
    assert touched.tolist() == expected and n_blocks == len(set(keys))


def test_touched_blocks__are_added_over_chromosomes_and_kept_by_selections():
    first, second = wide_tagging("1"), wide_tagging("2", seed=5)
    merged = merge_snps([first, second])
    np.testing.assert_array_equal(merged.touched.counts, first.touched.counts + second.touched.counts)
    assert merged.touched.n_blocks == first.touched.n_blocks + second.touched.n_blocks
    np.testing.assert_array_equal(merged.select(np.array([3, 1])).touched.counts, merged.touched.counts[[3, 1]])
    assert join_touched([first.touched, None]) is None
    assert join_touched([first.touched, TouchedBlocks(first.touched.counts, 1)]) is None
    assert len(join_touched([first.touched, first.touched]).counts) == 420


def test_built_tagging__knows_the_blocks_that_its_annotations_touch(tmp_path, portable_files, run_cli):
    run_cli("ldscores", "build", "--bfile", "panel", "--model", "own", "--annot", "ann.", "--no-base", "--conventions",
            "ldsc", "--window-cm", 1, "--out", "model")  # fmt: skip
    sums = resolve_overlap(read_own("model.tagging.parquet"), None)
    np.testing.assert_allclose(sums.block_share, read_annotation_sums("ann.").block_share, rtol=1e-12)
    assert 0 < sums.block_share[1] < sums.block_share[2] < 1


# ---------------------------------------------------------------------------------------------------------------------
# Annotations that are not those of the LD scores


def test_annotations_with_fewer_rows_than_the_ld_scores__are_unusable(tmp_path, portable_files):
    for chromosome in (1, 2):
        with gzip.open(f"ann.{chromosome}.annot.gz", "rt") as file:
            lines = file.readlines()
        with gzip.open(f"short.{chromosome}.annot.gz", "wt") as file:
            file.writelines(lines[: 1 + 3 * len(lines) // 4])
    tagging = read_tagging(str(PORTABLE / "ldsc" / "ann."), str(PORTABLE / "ldsc" / "ld."))
    aligned = align([read_sumstats("trait1.sumstats.xz")], tagging)
    good, short = (
        fit_partition(aligned, annotations=read_annotation_sums(name).for_categories(tagging.names), m="M")
        for name in ("ann.", "short.")
    )
    assert good.sums.mismatch is None and "do not fit" not in good.total.why + "".join(good.whys)
    assert set(short.statuses) == {"unusable"} and all("annotations do not fit" in why for why in short.whys)
    assert short.total.status == "caution" and "short." in short.total.why
    traits = [read_sumstats(f"trait{place}.sumstats.xz") for place in (1, 2)]
    sums = read_annotation_sums("short.").for_categories(tagging.names)
    pair = next(iter(fit_stratified_rg(align(traits, tagging), annotations=sums, m="M").pairs.values()))
    assert set(pair.statuses[:-1]) == {"unusable"} and "short." in pair.whys[0]


def test_annotations_of_one_chromosome_beside_totals_of_two__are_refused(portable_files):
    with gzip.open("ann.2.annot.gz", "rt") as file:
        lines = file.readlines()
    with gzip.open("part.2.annot.gz", "wt") as file:
        file.writelines(lines[: len(lines) // 2])
    tagging = read_tagging(str(PORTABLE / "ldsc" / "ann."), str(PORTABLE / "ldsc" / "ld."))
    aligned = align([read_sumstats("trait1.sumstats.xz")], tagging)
    sums = read_annotation_sums("part.").for_categories(tagging.names)
    with pytest.raises(InputError, match="the annotations add up to .* expected sums over the same SNPs"):
        fit_partition(aligned, annotations=sums, m="M")


def test_influence__of_one_chromosome_is_by_block(tmp_path, portable_files, run_cli):
    run_cli("ldscores", "build", "--bfile", "panel", "--model", "own", "--annot", "ann.", "--no-base", "--conventions",
            "ldsc", "--window-cm", 1, "--out", "model")  # fmt: skip
    whole = read_own("model.tagging.parquet")
    write_tagging("one.tagging.parquet", whole.take(np.arange(4500)))
    words = ("trait1.sumstats.xz", "--ld", "one.tagging.parquet", "--influence", "--out", "one")
    code, text, error = run_cli("sumh2", "partition", *words, "--n-blocks", 50)
    assert code == 0, error
    assert "one only" in text and "one.influence.tsv" in text
    assert "chromosome\t" not in (tmp_path / "one.influence.tsv").read_text(), "nothing is left without it"
    words = ("trait1.sumstats.xz", "--ld", "model.tagging.parquet", "--out", "p", "--influence-plot", "i.png")
    code, _, error = run_cli("sumh2", "partition", *words)
    assert code == 2 and "--influence-plot: found no --influence" in error
    assert run_cli("sumh2", "partition", *words, "--influence")[0] == 0
    assert (tmp_path / "i.png").stat().st_size > 10_000


# ---------------------------------------------------------------------------------------------------------------------
# Few large effects


def test_residual_blocks__equal_a_plain_count():
    rng = np.random.default_rng(4)
    n, n_blocks = 4000, 20
    ld, weights = rng.random((n, 2)) + 1, rng.random(n)
    scale, y = rng.random(n) + 0.5, rng.chisquare(1, n)
    y[100:110] += 300
    edges = np.linspace(0, n, n_blocks + 1).astype(np.int64)
    columns = RegressionColumns(ld, scale, y, weights, edges, True, np.empty((0, n)))
    coefficients = np.array([0.3, -0.1, 1.0])
    residuals = y - (ld * scale[:, None]) @ coefficients[:2] - 1.0
    held = [
        sum(weights[j] * residuals[j] ** 2 for j in range(a, b)) for a, b in zip(edges[:-1], edges[1:], strict=True)
    ]
    expected = sum(held) ** 2 / sum(h * h for h in held) * (1 + 14 / 200)
    assert residual_blocks(columns, coefficients) == pytest.approx(expected, rel=1e-12) and expected < 2
    few = RegressionColumns(ld[:400], scale[:400], y[:400], weights[:400], edges // 10, True, np.empty((0, 400)))
    assert np.isnan(residual_blocks(few, coefficients))


def test_few_loci__are_said_where_blocks_do_not_say_it():
    assert "largest effects are in 80 of 200 blocks" in locus_findings(70.0, 80.0, 200)[0].text
    assert locus_findings(70.0, 170.0, 200) == [] and locus_findings(150.0, 80.0, 200) == []
    # Said already, as few effective blocks.
    assert locus_findings(30.0, 80.0, 200) == [] and locus_findings(70.0, float("nan"), 200) == []


@pytest.fixture
def portable_files(tmp_path, monkeypatch):
    """The panel, annotations and a trait, in a folder that is the current one."""
    for pattern in ("panel.*", "ann.*.annot.gz", "trait[12].sumstats.xz"):
        for path in INPUTS.glob(pattern):
            (tmp_path / path.name).symlink_to(path)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run_cli(monkeypatch, capsys):
    def run(program, *words):
        commands = importlib.import_module(f"{program}.cli").COMMANDS
        monkeypatch.setattr(sys, "argv", [program, *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            run_commands(program, summary="", commands=commands, version=__version__)
        return stopped.value.code or 0, *capsys.readouterr()

    yield run
    configure_logging()
