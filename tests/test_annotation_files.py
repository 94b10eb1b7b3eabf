"""Annotation files: LDSC's, LDAK's, Parquet, tables, bins, BED intervals and gene sets."""

from __future__ import annotations

import gzip
import lzma

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from conftest import PORTABLE, SHARED
from hypothesis import given
from hypothesis import strategies as st

from ldscores.annotations.annotation_files import (
    bin_variable,
    parse_breaks,
    read_annotation_file,
    read_annotations,
    read_binned_variables,
    read_snp_values,
    write_annotations,
)
from ldscores.annotations.annotation_set import Annotations
from ldscores.annotations.interval_files import (
    Intervals,
    annotate_bed,
    annotate_gene_sets,
    read_bed_intervals,
    read_gene_coordinates,
    read_gene_sets,
    snps_in_intervals,
)
from ldscores.annotations.ldak_annotation_files import read_ldak_annotations, read_ldak_partitions, read_snp_weights
from ldscores.shared import tables
from ldscores.shared.errors import InputError

INPUTS = PORTABLE / "inputs"
LDSC = SHARED / "reference" / "ldsc"
TRACKS = SHARED / "data" / "ldblocks_genes_maps"
SNPS = pa.array(["rs1", "rs2", "rs3", "rs4"])

ANNOT = "CHR\tBP\tSNP\tCM\tcoding\tscore\n1\t10\trs1\t0.1\t1\t-0.5\n1\t20\trs2\t0.2\t0\t2.25\n"


# ---------------------------------------------------------------------------------------------------------------------
# LDSC's files


def test_annot__portable_sums_equal_ldscs_totals():
    for chromosome in ("1", "2"):
        annotations = read_annotations(INPUTS / "ann.@", chromosome=chromosome)
        assert annotations.names == ("base", "regA", "regB", "score")
        totals = np.loadtxt(PORTABLE / "ldsc" / f"ann.{chromosome}.l2.M")
        np.testing.assert_allclose(annotations.values.sum(axis=0), totals, rtol=1e-14)
    both = read_annotations(INPUTS / "ann.")
    assert len(both) == 8000 and set(both.chrom.to_pylist()) == {"1", "2"} and both.constant() == {"base": 1.0}


def test_annot__thin_files_have_no_names():
    thin = read_annotations(INPUTS / "ctA.1.annot.gz")
    assert thin.snp is None and thin.names == ("ctA",) and len(thin) == 4500
    together = read_annotations(f"{INPUTS / 'ann.1.annot.gz'},{INPUTS / 'ctA.1.annot.gz'}")
    assert together.names == ("base", "regA", "regB", "score", "ctA") and together.snp[0].as_py() == "rs1000"


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_annot__compressed_or_not(tmp_path, pack):
    (tmp_path / "x.annot").write_bytes(pack(ANNOT.encode()))
    annotations = read_annotations(tmp_path / "x.annot")
    np.testing.assert_array_equal(annotations.values, [[1, -0.5], [0, 2.25]])
    assert annotations.bp.tolist() == [10, 20] and annotations.snp.to_pylist() == ["rs1", "rs2"]


def test_annot__parquet_with_alleles_and_pandas_rows(tmp_path):
    frame = pa.table({"SNP": ["rs1", "rs2"], "CHR": [1.0, 1.0], "BP": [10.0, 20.0], "A1": ["A", "C"], "A2": ["G", "T"],
                      "coding": [True, False], "__index_level_0__": [5, 6]})  # fmt: skip
    pyarrow.parquet.write_table(frame, tmp_path / "x.1.annot.parquet")
    annotations = read_annotations(tmp_path / "x.@", dtype=np.float32)
    assert annotations.names == ("coding",) and annotations.values.dtype == np.float32
    assert annotations.chrom.to_pylist() == ["1", "1"] and annotations.bp.tolist() == [10, 20]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ANNOT.replace("2.25", "high"), "column score: found 'high', expected a number"),
        (ANNOT.replace("2.25", "NA"), "1 values are missing or infinite .first: score of SNP rs2"),
        (ANNOT.replace("rs2", "NA"), "row 2 has no SNP"),
        (ANNOT.replace("\t20\t", "\t20.5\t"), "positions are not whole numbers .first: 20.5 in row 2"),
        ("CHR\tBP\tSNP\tCM\n1\t10\trs1\t0\n", "and no annotation; expected at least one column of numbers"),
        (ANNOT.replace("coding", "score"), "found column 'score' twice"),
        (ANNOT[:-6], "a line has 5 fields where the header has 6"),
    ],
)
def test_annot__messages(tmp_path, text, says):
    (tmp_path / "x.annot").write_text(text)
    with pytest.raises(InputError, match=says) as error:
        read_annotation_file(tmp_path / "x.annot")
    assert "x.annot" in str(error.value)


def test_annot__missing_files_and_chromosomes(tmp_path):
    with pytest.raises(InputError, match="found no annotations; expected"):
        read_annotations(tmp_path / "none.@")
    with pytest.raises(InputError, match="no annotations of chromosome 3; found 1 2"):
        read_annotations(INPUTS / "ann.@", chromosome="3")


@pytest.mark.shared
def test_annot__baseline_model_of_chromosome_22():
    folder = SHARED / "data" / "baseline_v1.2_chr22"
    annotations = read_annotations(folder / "baseline.@")
    assert annotations.values.shape == (141123, 53) and annotations.constant() == {"base": 1.0}
    np.testing.assert_array_equal(annotations.values.sum(axis=0), np.loadtxt(folder / "baseline.22.l2.M"))


@pytest.mark.shared
def test_annot__continuous_golden_outputs():
    """Positions like 16886873.0; the totals of LDSC agree to its own rounding of sums."""
    folder = SHARED / "data" / "golden_LDSC_outputs_on_EUR503"
    for chromosome in ("21", "22"):
        annotations = read_annotations(folder / "s_het_w_chr@", chromosome=chromosome)
        totals = np.loadtxt(folder / f"s_het_w_chr{chromosome}.l2.M")
        np.testing.assert_allclose(annotations.values.sum(axis=0), totals, rtol=1e-13)


def test_write__round_trips(tmp_path):
    annotations = read_annotations(INPUTS / "ann.@")
    cm = tables.read_table(INPUTS / "ann.1.annot.gz")["CM"].to_numpy()
    written = write_annotations(tmp_path / "again.@.annot.gz", annotations, np.append(cm, np.zeros(3500)))
    assert [path.name for path in written] == ["again.1.annot.gz", "again.2.annot.gz"]
    again = read_annotations(tmp_path / "again.@")
    np.testing.assert_array_equal(again.values, annotations.values)
    assert again.snp.equals(annotations.snp)
    first = gzip.decompress(written[0].read_bytes()).decode().splitlines()
    assert first[:2] == ["CHR\tBP\tSNP\tCM\tbase\tregA\tregB\tscore", "1\t4539\trs1000\t0.001741\t1\t0\t0\t1.7485"]
    thin = write_annotations(tmp_path / "thin", annotations.select(["regA"]), thin=True)[0]
    assert gzip.decompress(thin.read_bytes()).decode().splitlines()[:2] == ["regA", "0"]
    with pytest.raises(InputError, match="has no names and positions"):
        write_annotations(tmp_path / "x", read_annotations(thin))


# ---------------------------------------------------------------------------------------------------------------------
# Tables and bins


@pytest.mark.parametrize(
    ("text", "names", "second"),
    [
        ("rs1 0.5\nrs2 -1e-3\n", ("age",), [-1e-3]),
        ("SNP,age\nrs1,0.5\nrs2,2\n", ("age",), [2.0]),
        ("SNP\tage\tgerp\nrs1\t0.5\t1\nrs2\t2\t3\n", ("age", "gerp"), [2.0, 3.0]),
        ("rs1 0.5 1\nrs2 2 3\n", ("age_1", "age_2"), [2.0, 3.0]),
    ],
)
def test_values__with_and_without_header(tmp_path, text, names, second):
    (tmp_path / "age.txt").write_text(text)
    annotations = read_snp_values(tmp_path / "age.txt")
    assert annotations.names == names
    np.testing.assert_array_equal(annotations.values[1], second)


def test_values__one_column_is_refused(tmp_path):
    (tmp_path / "x").write_text("rs1\n")
    with pytest.raises(InputError, match="found one column; expected two or more"):
        read_snp_values(tmp_path / "x")


def reference_bins(name: str) -> tuple[list[str], np.ndarray]:
    """The .annot.gz that LDSC wrote; it puts L2 behind the names."""
    table = tables.read_table(LDSC / "l2" / f"{name}.annot.gz")
    names = table.column_names[4:]
    return [label.removesuffix("L2") for label in names], np.column_stack([table[label].to_numpy() for label in names])


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "variables", "breaks"),
    [
        ("ctsbin1", ["maf.22.cts.gz"], "0.05,0.2,0.35"),
        ("ctsbin2", ["maf.22.cts.gz", "dist.22.cts.xz"], "0.05,0.2xN1,10,100"),
    ],
)
def test_bins__equal_ldscs_cts_bin(name, variables, breaks):
    names, values = reference_bins(name)
    paths = [LDSC / "partition_inputs" / variable for variable in variables]
    binned = read_binned_variables(paths, parse_breaks(breaks), ["MAF", "DIST"][: len(paths)])
    assert list(binned.names) == names
    np.testing.assert_array_equal(binned.values, values)


@pytest.mark.shared
def test_bins__names_without_cts_names():
    binned = read_binned_variables([LDSC / "partition_inputs" / "maf.22.cts.gz"], parse_breaks("0.05"))
    assert binned.names == ("ANNOT0_min_0.05", "ANNOT0_0.05_max")
    np.testing.assert_array_equal(binned.values.sum(axis=0), np.loadtxt(LDSC / "l2" / "ctsbin_noprint.l2.M"))


@given(st.lists(st.integers(-20, 20), min_size=2, max_size=20), st.sets(st.integers(-25, 25), min_size=1, max_size=4))
def test_bins__every_snp_is_in_one_bin(values, breaks):
    values = np.array(values, dtype=float)
    inside_range = [cut for cut in breaks if values.min() < cut < values.max()]
    if not inside_range:
        with pytest.raises(InputError, match="lie outside the values"):
            bin_variable(values, sorted(breaks), "x", "file")
        return
    bins, names = bin_variable(values, sorted(breaks), "x", "file")
    assert (bins.sum(axis=1) == 1).all()
    assert len(names) == bins.shape[1] == len(set(names))


def test_bins__a_value_at_a_break_is_in_the_lower_bin():
    bins, names = bin_variable(np.array([0.0, 0.1, 0.2, 0.5]), [0.1, 0.2], "MAF", "file")
    assert names == ["MAF_min_0.1", "MAF_0.1_0.2", "MAF_0.2_max"]
    np.testing.assert_array_equal(bins.argmax(axis=1), [0, 0, 1, 2])


def test_bins__messages(tmp_path):
    (tmp_path / "x").write_text("rs1 0.5\n")
    with pytest.raises(InputError, match="names 1 files, --cts-breaks 2 sets of breaks"):
        read_binned_variables([tmp_path / "x"], parse_breaks("0.1x0.2"))
    with pytest.raises(InputError, match="expected numbers separated by commas"):
        parse_breaks("0.1,high")


# ---------------------------------------------------------------------------------------------------------------------
# LDAK's files


def write_lists(folder, *texts: str) -> str:
    for place, text in enumerate(texts, start=1):
        (folder / f"p{place}").write_text(text)
    return f"{folder}/p"


def test_ldak__one_column_two_columns_and_more(tmp_path):
    prefix = write_lists(tmp_path, "rs2\nrs4\nother\n", "rs1 0\nrs3 2.5\n", "rs1 9 9\nrs2 9 9\n")
    annotations = read_ldak_annotations(prefix, SNPS)
    np.testing.assert_array_equal(annotations.values, [[0, 0, 1], [1, 0, 1], [0, 2.5, 0], [1, 0, 0]])
    # rs1 is listed with the value 0: a member.
    np.testing.assert_array_equal(annotations.membership[:, 1], [True, False, True, False])
    assert annotations.names == ("Annotation_1", "Annotation_2", "Annotation_3")
    assert "list 4 of the 4 SNPs" in annotations.notes[0]
    assert read_ldak_annotations(prefix, SNPS, number=2, labels=["x", "y"]).names == ("x", "y")


def test_ldak__partitions_and_what_is_outside(tmp_path):
    prefix = write_lists(tmp_path, "rs1\nrs2\n", "rs2\n")
    with pytest.raises(InputError, match=r"2 of 4 SNPs are in none of the 2 partitions \(first: rs3\).*--background"):
        read_ldak_partitions(prefix, SNPS)
    with_background = read_ldak_partitions(prefix, SNPS, background=True)
    assert with_background.names == ("Partition_1", "Partition_2", "Background")
    np.testing.assert_array_equal(with_background.values.sum(axis=1), [1, 2, 1, 1])
    shared_out = read_ldak_partitions(prefix, SNPS, background=True, all_one=False)
    np.testing.assert_array_equal(shared_out.values.sum(axis=1), 1)
    assert shared_out.kind == "partition"
    assert read_ldak_partitions(prefix, SNPS, background=False).names == ("Partition_1", "Partition_2")


@pytest.mark.parametrize(
    ("texts", "options", "says"),
    [
        (["rs1\n"], {"number": 2}, "p2: no such file; expected .*p1 to .*p2"),
        ([], {}, "p1: no such file; expected .*p1 to .*pK"),
        (["rs1\n"], {"number": 0}, "--annotation-number 0: expected 1 or more"),
        (["rs1\n"], {"labels": ["Base"]}, "found label 'Base' for 1 files"),
        (["rs1\n"], {"labels": ["two words"]}, "found label 'two words'"),
        (["rs1\n"], {"labels": ["a", "b"]}, "found 2 labels for 1 files"),
        (["rs1 a\nrs2 b\n"], {}, "found 'a', expected a number"),
        (["rs1 1\nrs2 NA\n"], {}, "SNP rs2 has no value"),
        (["rs1 1\nrs1 2\n"], {}, "SNP rs1 is listed twice with different values"),
        (["1:5\n"], {}, "none of its 1 SNPs is in the panel.*chr:pos names .1:5"),
    ],
)
def test_ldak__messages(tmp_path, texts, options, says):
    with pytest.raises(InputError, match=says):
        read_ldak_annotations(write_lists(tmp_path, *texts), SNPS, **options)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rs2 0.5\nrs4 1\n", [0, 0.5, 0, 1]),
        ("Predictor Weight\nrs2 0.5\n", [0, 0.5, 0, 0]),
        ("Predictor Weight Neighbours Tagging Info Check\nrs1 NA NA NA NA NA\nrs3 0.25 4 1 1 1\n", [0, 0, 0.25, 0]),
        ("rs1\nrs4\n", [1, 0, 0, 1]),
    ],
)
def test_weights__in_ldaks_forms(tmp_path, text, expected):
    (tmp_path / "weights").write_text(text)
    np.testing.assert_array_equal(read_snp_weights(tmp_path / "weights", SNPS), expected)


# ---------------------------------------------------------------------------------------------------------------------
# Intervals


intervals_of_one_chromosome = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 8)), max_size=8)


@given(intervals_of_one_chromosome, intervals_of_one_chromosome)
def test_intervals__equal_a_look_at_every_pair(first, second):
    listed = [("1", start, start + length) for start, length in first]
    listed += [("2", start, start + length) for start, length in second]
    chrom, bp = pa.array(["chr1"] * 50 + ["2"] * 50), np.tile(np.arange(1, 51), 2)
    intervals = Intervals(
        pa.array([one[0] for one in listed], pa.string()), np.array([one[1] for one in listed], dtype=np.int64),
        np.array([one[2] for one in listed], dtype=np.int64),
    )  # fmt: skip
    slow = [
        any(name == where.removeprefix("chr") and start <= position - 1 < end for name, start, end in listed)
        for where, position in zip(chrom.to_pylist(), bp, strict=True)
    ]
    np.testing.assert_array_equal(snps_in_intervals(chrom, bp, intervals), slow)


@pytest.mark.parametrize(
    "text",
    [
        "chr1\t9\t20\tname\t0\t+\nchr2\t0\t5\tname\t0\t-\n",
        "track name=x\nbrowser position chr1\n# comment\nchr1\t9\t20\nchr2\t0\t5\n",
        "chr \t start \t stop\nchr1 \t 9 \t 20\nchr2 \t 0 \t 5\n",
        "1 9 20\n2 0 5\n",
    ],
)
def test_bed__forms(tmp_path, text):
    (tmp_path / "x.bed").write_text(text)
    intervals = read_bed_intervals(tmp_path / "x.bed")
    assert intervals.chrom.to_pylist() == ["1", "2"]
    assert (intervals.start.tolist(), intervals.end.tolist()) == ([9, 0], [20, 5])


def test_bed__annotation_is_half_open_and_named_after_the_file(tmp_path):
    (tmp_path / "enhancers.bed.gz").write_bytes(gzip.compress(b"chr1\t9\t20\n"))
    panel = {"snp": SNPS, "chrom": pa.array(["1", "1", "1", "2"]), "bp": np.array([9, 10, 20, 15])}
    annotations = annotate_bed([tmp_path / "enhancers.bed.gz"], **panel)
    assert annotations.names == ("enhancers",)
    np.testing.assert_array_equal(annotations.values[:, 0], [0, 1, 1, 0])
    wider = annotate_bed([tmp_path / "enhancers.bed.gz"], **panel, names=["wide"], flank_bp=1)
    np.testing.assert_array_equal(wider.values[:, 0], [1, 1, 1, 0])
    assert "2 of 4 SNPs lie in 1 intervals" in annotations.notes[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("chr1\t9\n", "found 2 columns; expected a BED file"),
        ("chr1\t20\t9\n", "interval 1 goes from 20 to 9"),
        ("chr1\t9\tx\n", "found 'x' as the end of an interval, expected a whole number; correct it$"),
        (
            "CHR\tSNP\tPOS\n22\trs5\t9\n",
            "found 'rs5' in column SNP as the start of an interval; expected a BED file of int",
        ),
        ("l\x1b\x01\x02", "found PLINK genotypes; expected a BED file of intervals"),
        ("PAR1", "found a Parquet file; expected a BED file of intervals"),
        ("chr7\t9\t20\n", r"its chromosomes \(7\) are not those of the panel \(1\)"),
    ],
)
def test_bed__messages(tmp_path, text, says):
    (tmp_path / "x.bed").write_text(text)
    with pytest.raises(InputError, match=says):
        annotate_bed([tmp_path / "x.bed"], SNPS, pa.array(["1"] * 4), np.arange(4))


@pytest.mark.shared
@pytest.mark.parametrize("track", ["hg19.refGene.chr22.bed.gz", "hela.h3k4.chip.bg.gz", "hg19.rmsk.chr22.bed.gz"])
def test_bed__real_tracks_equal_coverage_written_out(track):
    """Against a bitmap of all base pairs of the chromosome."""
    annot = read_annotations(SHARED / "data" / "baseline_v1.2_chr22" / "baseline.@").select(["base"])
    covered = np.zeros(60_000_000, dtype=bool)
    for line in gzip.decompress((TRACKS / track).read_bytes()).decode().splitlines():
        chrom, start, end = line.split()[:3]
        if chrom == "chr22":
            covered[int(start) : int(end)] = True
    found = annotate_bed([TRACKS / track], annot.snp, annot.chrom, annot.bp)
    np.testing.assert_array_equal(found.values[:, 0] == 1, covered[annot.bp - 1])
    assert 0 < found.values.sum() < len(annot)


# ---------------------------------------------------------------------------------------------------------------------
# Gene sets


def test_genes__window_is_closed_and_names_are_found(tmp_path):
    (tmp_path / "genes.txt").write_text("GENE\tCHR\tSTART\tEND\nE1\t1\t5000\t6000\nE2\tchrX\t1\t2\nE3\t2\t5000\t6000\n")
    (tmp_path / "set.txt").write_text("E1\nE9\n")
    panel = {
        "snp": pa.array([f"rs{row}" for row in range(5)]), "chrom": pa.array(["1", "1", "1", "1", "2"]),
        "bp": np.array([3999, 4000, 7000, 7001, 5500]),
    }  # fmt: skip
    sets = read_gene_sets(tmp_path / "set.txt")
    annotations = annotate_gene_sets(sets, tmp_path / "genes.txt", **panel, window_kb=1)
    assert annotations.names == ("set",)
    np.testing.assert_array_equal(annotations.values[:, 0], [0, 1, 1, 0, 0])
    assert "1 of 2 genes have coordinates; 2 of 5 SNPs" in annotations.notes[0]
    with pytest.raises(InputError, match="has none of the 1 genes of other .BRCA2.*names them like E1, E2, E3"):
        annotate_gene_sets({"other": ("BRCA2",)}, tmp_path / "genes.txt", **panel)


def test_genes__gmt(tmp_path):
    (tmp_path / "sets.gmt").write_text("one\turl\tA\tB\ntwo\turl\tC\n")
    assert read_gene_sets(tmp_path / "sets.gmt") == {"one": ("A", "B"), "two": ("C",)}
    (tmp_path / "bad.gmt").write_text("one\turl\n")
    with pytest.raises(InputError, match="line 'one' has 2 fields"):
        read_gene_sets(tmp_path / "bad.gmt")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("A 1 5\n", "found 3 columns; expected name, chromosome, start and end"),
        ("SYMBOL where from to\nA 1 5 6\n", "expected GENE CHR START END"),
        ("A 1 6 5\n", "gene A goes from 6 to 5"),
    ],
)
def test_genes__messages(tmp_path, text, says):
    (tmp_path / "genes").write_text(text)
    with pytest.raises(InputError, match=says):
        read_gene_coordinates(tmp_path / "genes")


@pytest.mark.shared
def test_genes__magma_and_ldak_tables():
    """MAGMA's table by Entrez number and by symbol, and LDAK's RefSeq table, against a scan of all genes."""
    annot = read_annotations(SHARED / "data" / "baseline_v1.2_chr22" / "baseline.@").select(["base"])
    annot = annot.take(np.arange(0, len(annot), 50))
    magma = lzma.decompress((TRACKS / "NCBI37.3.gene.loc.xz").read_bytes()).decode()
    lines = [line.split() for line in magma.splitlines()]
    genes = [line for line in lines if line[1] == "22"][::7]
    slow = np.zeros(len(annot), dtype=bool)
    for line in genes:
        slow |= (annot.bp >= int(line[2]) - 10_000) & (annot.bp <= int(line[3]) + 10_000)
    sets = {"numbers": [line[0] for line in genes], "symbols": [line[5] for line in genes]}
    found = annotate_gene_sets(sets, TRACKS / "NCBI37.3.gene.loc.xz", annot.snp, annot.chrom, annot.bp, window_kb=10)
    np.testing.assert_array_equal(found.values[:, 0] == 1, slow)
    np.testing.assert_array_equal(found.values[:, 1] == 1, slow)
    rows, intervals = read_gene_coordinates(TRACKS / "LDAK_RefSeq_GRCh37.txt.xz")
    first = rows["DDX11L1"][0]
    assert (intervals.chrom[first].as_py(), intervals.start[first], intervals.end[first]) == ("1", 11872, 14409)


def test_annotations_type__is_what_readers_return():
    assert isinstance(read_annotations(INPUTS / "ann.@"), Annotations)
