"""Files of summary statistics: round trips, LDSC's text, and what is refused."""

from __future__ import annotations

import bz2
import dataclasses
import gzip
import lzma
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldscores.shared.alleles import allele_kinds
from ldscores.shared.errors import InputError
from ldscores.shared.tables import write_parquet
from ldscores.taggings.tagging import Tagging
from sumh2.alignment import align
from sumh2.ldsc.h2 import fit_h2
from sumh2.sumstats import FilterCount, SumStats
from sumh2.sumstats_files import _three_decimals, read_sumstats, trait_name, write_sumstats


def example(n_snps: int = 50, **more) -> SumStats:
    random = np.random.default_rng(7)
    return SumStats(
        trait="bmi",
        snp=pa.array([f"rs{number}" for number in range(n_snps)]),
        z=random.normal(size=n_snps),
        n=random.uniform(1000, 2000, n_snps),
        a1=random.integers(0, 2, n_snps).astype(np.uint8),
        a2=random.integers(2, 4, n_snps).astype(np.uint8),
        **more,
    )


def assert_equal(found: SumStats, expected: SumStats, but: tuple[str, ...] = ("source",)) -> None:
    for each in dataclasses.fields(SumStats):
        one, two = getattr(found, each.name), getattr(expected, each.name)
        if each.name in but:
            continue
        if isinstance(one, np.ndarray):
            assert np.array_equal(one, two, equal_nan=True), each.name
            assert one.dtype == two.dtype
        elif isinstance(one, pa.Array):
            assert one.to_pylist() == two.to_pylist(), each.name
        else:
            assert one == two, each.name


def test_parquet_keeps_everything(tmp_path):
    n_snps = 50
    sumstats = example(
        n_snps, chrom=pa.array(["1", None, "X"] * 16 + ["2", "3"]).dictionary_encode(), bp=np.arange(n_snps),
        eaf=np.linspace(0, 1, n_snps), info=np.where(np.arange(n_snps) % 7, 0.95, np.nan), samp_prev=0.4,
        pop_prev=0.01, filters=(FilterCount("INFO < 0.9", 3, 50),),
    )  # fmt: skip
    path = tmp_path / "x.sumstats.parquet"
    source = tmp_path / "gwas.txt"
    source.write_text("SNP\n")
    write_sumstats(sumstats, path, inputs=[source], options={"n": 5})
    assert_equal(read_sumstats(path), sumstats)
    metadata = pq.read_schema(path).metadata[b"sumh2"].decode()
    for text in ('"format": "sumh2 sumstats"', '"format_version": 1', '"sha256"', '"n": 5'):
        assert text in metadata
    assert read_sumstats(path, trait="other").trait == "other"


def test_parquet_without_alleles(tmp_path):
    sumstats = dataclasses.replace(example(), a1=None, a2=None)
    write_sumstats(sumstats, tmp_path / "x.sumstats.parquet")
    assert_equal(read_sumstats(tmp_path / "x.sumstats.parquet"), sumstats)


@pytest.mark.parametrize("ending", [".sumstats", ".sumstats.gz"])
def test_text_is_ldscs(ending, tmp_path):
    sumstats = SumStats(
        "t", pa.array(["rs1", "rs2", "rs3"]), np.array([1.23456, -0.0001, 0.0005]), np.array([1000.0, 2e5, 33.3333]),
        np.array([0, 1, 2], np.uint8), np.array([1, 3, 0], np.uint8), eaf=np.array([0.1, 0.2, 0.3]),
    )  # fmt: skip
    path = tmp_path / f"x{ending}"
    write_sumstats(sumstats, path)
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if ending.endswith("gz") else raw).decode()
    assert text == (
        "SNP\tA1\tA2\tZ\tN\nrs1\tA\tC\t1.235\t1000.000\nrs2\tC\tT\t-0.000\t200000.000\nrs3\tG\tA\t0.001\t33.333\n"
    )
    found = read_sumstats(path)
    assert found.trait == "x"
    np.testing.assert_allclose(found.z, sumstats.z, atol=5.1e-4, rtol=0)


@given(st.lists(st.floats(-1e300, 1e300) | st.just(math.nan), min_size=1))
def test_three_decimals_are_pythons(numbers):
    found = _three_decimals(np.array(numbers)).to_pylist()
    assert found == [None if math.isnan(number) else f"{number:.3f}" for number in numbers]


@given(st.lists(st.integers(-40_000, 40_000), min_size=1))
def test_three_decimals_of_halves(thousandths):
    numbers = [value / 1000 + 0.0005 for value in thousandths]
    assert _three_decimals(np.array(numbers)).to_pylist() == [f"{number:.3f}" for number in numbers]


ROWS = "SNP A1 A2 Z N\nrs1 A C 1.5 100\nrs2 a g -2 200\n"


@pytest.mark.parametrize("compress", [None, gzip.compress, bz2.compress, lzma.compress])
def test_compressions_are_told_by_content(compress, tmp_path):
    path = tmp_path / "x.sumstats"
    path.write_bytes(compress(ROWS.encode()) if compress else ROWS.encode())
    found = read_sumstats(path)
    assert (found.snp.to_pylist(), found.z.tolist(), found.n.tolist()) == (["rs1", "rs2"], [1.5, -2.0], [100.0, 200.0])
    assert (found.a1.tolist(), found.a2.tolist()) == ([0, 0], [1, 2])


@pytest.mark.parametrize("separator", ["\t", " ", "  "])
def test_separators_and_order_of_columns(separator, tmp_path):
    path = tmp_path / "x.sumstats"
    path.write_text("N Z X SNP\n100 1.5 q rs1\n200 -2 q rs2\n".replace(" ", separator))
    found = read_sumstats(path)
    assert (found.snp.to_pylist(), found.z.tolist(), found.a1) == (["rs1", "rs2"], [1.5, -2.0], None)


def test_missing_values_drop_rows_as_in_ldsc(tmp_path):
    path = tmp_path / "x.sumstats"
    path.write_text(
        "SNP\tA1\tA2\tZ\tN\nrs1\t\t\t\t\nrs2\tA\tC\t1\t10\nrs3\tA\tC\tNA\t10\nrs4\tA\tC\t1\t.\n\nrs5\tC\tA\t2\t7\n"
    )
    found = read_sumstats(path)
    assert found.snp.to_pylist() == ["rs2", "rs5"]
    assert found.filters[0] == FilterCount("missing values", 3, 2)


def test_heritability_keeps_rows_without_usable_alleles(tmp_path):
    """LDSC looks at A1 and A2 for genetic correlations only: missing, A/T and C/G alleles are no matter for h2."""
    n_snps = 600
    random = np.random.default_rng(5)
    z = random.normal(size=n_snps).tolist()
    pairs = ["A\tC", "A\tT", "C\tG", "\t", "NA\tG", "AT\tA"]
    rows = [f"rs{number}\t{pairs[number % 6]}\t{z[number]!r}\t100" for number in range(n_snps)]
    path = tmp_path / "x.sumstats"
    path.write_text("\n".join(["SNP\tA1\tA2\tZ\tN", *rows]) + "\n")
    found = read_sumstats(path)
    assert len(found) == n_snps
    assert allele_kinds(found.a1, found.a2)[:6].tolist() == [1, 0, 0, 0, 0, 0]
    ld_scores = random.uniform(1, 50, n_snps)
    tagging = Tagging(
        snp=found.snp, chrom=pa.array(["1"] * n_snps), bp=np.arange(n_snps), tagging=ld_scores[:, None], names=("L2",),
        m=np.array([1e4]), m_5_50=np.array([1e4]), regression_tagging=ld_scores,
    )  # fmt: skip
    with_alleles = fit_h2(align([found], tagging), n_blocks=20)
    without = fit_h2(align([dataclasses.replace(found, a1=None, a2=None)], tagging), n_blocks=20)
    assert (with_alleles.n_snps, with_alleles.h2) == (n_snps, without.h2)


def test_first_of_a_repeated_name_stays(tmp_path, caplog):
    path = tmp_path / "x.sumstats"
    path.write_text("SNP Z N\nrs1 1 10\nrs2 2 10\nrs1 3 10\n")
    found = read_sumstats(path)
    assert (found.snp.to_pylist(), found.z.tolist()) == (["rs1", "rs2"], [1.0, 2.0])
    assert found.filters[1].removed == 1
    assert "1 row repeats the name of a SNP" in caplog.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SNP A1 A2 N\nrs1 A C 5\n", "no column Z; found SNP A1 A2 N; expected.*sumh2 munge"),
        ("SNP Z N\nrs1 inf 5\n", "values of Z are not finite.*rs1, inf"),
        ("SNP Z N\nrs1 1 0\n", "values of N are not positive.*rs1, 0"),
        ("SNP Z N\nrs1 1 -5\n", "values of N are not positive"),
        ("SNP Z N\nrs1 1 Inf\n", "values of N are not positive"),
        ("SNP\tZ\tN\nrs1\tone\t5\n", "column Z: found 'one', expected a number"),
        ("SNP Z N\nrs1 one 5\n", "column Z: found 'one', expected a number"),
        ("SNP Z N\n", "no SNP is left"),
        ("SNP Z N\nrs1 NA 5\n", "no SNP is left"),
        ("", "the file is empty"),
        ("\n", "no header line"),
    ],
)
def test_refused(text, message, tmp_path):
    path = tmp_path / "x.sumstats"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as raised:
        read_sumstats(path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_truncated(compress, tmp_path):
    path = tmp_path / "x.sumstats.gz"
    rows = "SNP Z N\n" + "".join(f"rs{number} {math.sin(number)} 100\n" for number in range(20_000))
    path.write_bytes(compress(rows.encode())[:-2000])
    with pytest.raises(InputError, match=r"(end too early|damaged).*again"):
        read_sumstats(path)


def test_absent_binary_and_foreign(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_sumstats(tmp_path / "no.sumstats.gz")
    binary = tmp_path / "x.bed"
    binary.write_bytes(b"\x6c\x1b\x01\x00\x00\n")
    with pytest.raises(InputError, match="binary data"):
        read_sumstats(binary)
    foreign = tmp_path / "x.parquet"
    pq.write_table(pa.table({"SNP": ["rs1"]}), foreign)
    with pytest.raises(InputError, match="foreign Parquet file, expected sumh2 sumstats"):
        read_sumstats(foreign)
    newer = tmp_path / "y.parquet"
    write_parquet(newer, pa.table({"SNP": ["rs1"], "Z": [1.0], "N": [5.0]}),
                  {"format": "sumh2 sumstats", "format_version": 2, "program": "sumh2 9"})  # fmt: skip
    with pytest.raises(InputError, match="version 2, this program reads up to 1.*sumh2 9.*upgrade"):
        read_sumstats(newer)


def test_nothing_half_written(tmp_path):
    with pytest.raises(InputError, match="folder .* does not exist"):
        write_sumstats(example(), tmp_path / "no" / "x.sumstats.parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["bmi.sumstats.gz", "bmi.sumstats.parquet", "a/bmi.tsv.xz", "bmi.txt", "bmi"])
def test_trait_name(name):
    assert trait_name(name) == "bmi"
