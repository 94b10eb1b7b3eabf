"""Reading LD scores as published, and our own file of them."""

from __future__ import annotations

import bz2
import gzip
import lzma
import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ldscores.shared import tables
from ldscores.shared.errors import InputError
from ldscores.taggings import ld_score_files
from ldscores.taggings.ld_score_files import find_ld_scores, read_ld_scores, write_ldsc_ld_scores
from ldscores.taggings.tagging import Tagging
from ldscores.taggings.tagging_files import read_tagging, read_weights, write_tagging

HEADER = "CHR\tSNP\tBP\tL2\n"


def write_scores(path: Path, chromosome: str, n_snps: int = 4, score: float = 1.5, m: float | None = 10.0) -> None:
    """A file of LD scores of one chromosome, and its M_5_50."""
    rows = [f"{chromosome}\t{chromosome}_{place}\t{100 * place + 5}\t{score + place}\n" for place in range(n_snps)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER + "".join(rows))
    if m is not None:
        Path(f"{str(path).partition('.l2.')[0]}.l2.M_5_50").write_text(f"{m}\n")


def assert_same(ours: Tagging, theirs: Tagging) -> None:
    """Every array is equal to the last bit."""
    assert ours.names == theirs.names
    assert ours.snp.equals(theirs.snp)
    assert ours.chrom.equals(theirs.chrom)
    for name in ("bp", "tagging", "m", "m_5_50", "regression_tagging", "a1", "a2", "maf", "cm", "overlap"):
        first, second = getattr(ours, name), getattr(theirs, name)
        assert (first is None) == (second is None), name
        if first is not None:
            assert first.dtype == second.dtype, name
            np.testing.assert_array_equal(first, second, err_msg=name)


def message_of(function, *arguments) -> str:
    with pytest.raises(InputError) as raised:
        function(*arguments)
    message = str(raised.value)
    assert ";" in message, f"no remedy: {message}"
    return message


@pytest.fixture
def in_folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- Against LDSC's own files, read by pandas ------------------------------------------------------------------------


def test_reads_ldscs_files(portable):
    tagging = read_tagging(f"{portable}/ldsc/ann.", f"{portable}/ldsc/ld.")
    files = [pd.read_csv(portable / f"ldsc/ann.{chromosome}.l2.ldscore.gz", sep=r"\s+") for chromosome in (1, 2)]
    expected = pd.concat(files).sort_values(["CHR", "BP"], kind="stable").drop_duplicates("SNP")
    assert tagging.names == ("baseL2", "regAL2", "regBL2", "scoreL2")
    assert tagging.snp.to_pylist() == expected["SNP"].tolist()
    assert tagging.chrom.to_pylist() == expected["CHR"].astype(str).tolist()
    np.testing.assert_array_equal(tagging.bp, expected["BP"])
    np.testing.assert_array_equal(tagging.tagging, expected[list(tagging.names)])
    for which in ("M", "M_5_50"):
        totals = sum(np.loadtxt(portable / f"ldsc/ann.{chromosome}.l2.{which}") for chromosome in (1, 2))
        np.testing.assert_array_equal(tagging.totals(which), totals)
    weights = pd.concat(pd.read_csv(portable / f"ldsc/ld.{n}.l2.ldscore.gz", sep="\t") for n in (1, 2))
    np.testing.assert_array_equal(tagging.regression_tagging, weights.set_index("SNP")["L2"][expected["SNP"]])


def test_several_sets(portable):
    joined = read_tagging(f"{portable}/ldsc/ann.,{portable}/ldsc/ctA.@")
    assert joined.names == ("baseL2_0", "regAL2_0", "regBL2_0", "scoreL2_0", "L2_1")
    np.testing.assert_array_equal(joined.tagging[:, 4], read_tagging(f"{portable}/ldsc/ctA.").tagging[:, 0])
    assert joined.totals().tolist()[4] == 867 + 654


def test_several_sets__of_other_snps(in_folder):
    write_scores(Path("a.1.l2.ldscore"), "1", 4)
    write_scores(Path("b.1.l2.ldscore"), "1", 3)
    message = message_of(read_tagging, "a.,b.")
    assert message.startswith("b.1.l2.ldscore: its 3 SNPs are not the 4 of a.1.l2.ldscore: 1 are missing and 0 are ")
    assert "first: 1_3" in message


@pytest.mark.shared
def test_reads_eur_w_ld_chr(shared):
    tagging = read_tagging(shared / "data/ldscores_eur_w_ld_chr")
    assert len(tagging) == 1_290_028
    assert tagging.totals().tolist() == [1_173_569]
    assert tagging.names == ("L2",)
    assert np.isfinite(tagging.maf).all()
    assert len(tagging.cm) == len(tagging)
    assert tagging.chrom[0].as_py() == "1"
    assert tagging.chrom[-1].as_py() == "22"
    assert "there is no" in message_of(tagging.totals, "M")
    assert "22.l2.M" not in message_of(tagging.totals, "M").replace(" and 19 more", "")


@pytest.mark.shared
def test_reads_the_baseline_of_one_chromosome(shared, caplog):
    tagging = read_tagging(shared / "data/baseline_v1.2_chr22")
    assert (len(tagging), tagging.n_categories) == (17_489, 53)
    assert tagging.totals("M")[0] == 9_997_231  # of all chromosomes, as in LDSC
    assert tagging.totals("M_5_50")[0] == 5_961_159
    (note,) = tagging.notes
    assert note.endswith(
        "LD scores cover 1 of the 22 chromosomes that have totals; the totals are those of all 22, as in LDSC"
    )
    assert note in caplog.messages
    # LDSC's own log prints this number, of the scores before they were rounded for the file.
    assert np.linalg.cond(tagging.tagging) == pytest.approx(962.6884, rel=1e-3)


@pytest.mark.shared
def test_reads_the_right_set_of_a_folder(shared):
    folder = shared / "reference/ldsc/mini/data/ld"
    tagging = read_tagging(folder, f"{folder}/w.")
    assert tagging.sources[0].endswith("/21.l2.ldscore.gz")
    assert np.corrcoef(tagging.regression_tagging, tagging.tagging[:, 0])[0, 1] < 1
    first = pd.read_csv(folder / "w.21.l2.ldscore.gz", sep="\t").iloc[0]
    assert tagging.regression_tagging[tagging.snp.index(first["SNP"]).as_py()] == first["L2"]
    weights = read_weights(shared / "data/weights_hm3_noMHC")
    assert weights.chrom.unique().to_pylist() == ["19", "20", "21", "22"]
    assert (weights.m, weights.m_5_50) == (None, None)


# --- Names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["ld", "ld/", "ld/@", "ld/{chr}", "ld/@.l2.ldscore", "{cwd}/ld", "~/ld", "$LDSCORES/ld", "${LDSCORES}/ld", " ld "],
)
def test_names(in_folder, monkeypatch, name):
    monkeypatch.setenv("HOME", str(in_folder))
    monkeypatch.setenv("LDSCORES", str(in_folder))
    for chromosome in ("X", "2L", "scaffold_12", "10", "9", "chr7"):
        write_scores(in_folder / f"ld/{chromosome}.l2.ldscore", chromosome)
    # What a longer prefix would name is no part of the folder's set.
    write_scores(in_folder / "ld/w.9.l2.ldscore", "9")
    (in_folder / "ld/9.annot").write_text("x")
    tagging = read_tagging(name.replace("{cwd}", str(in_folder)))
    assert tagging.chrom.unique().to_pylist() == ["chr7", "9", "10", "X", "2L", "scaffold_12"]
    assert len(tagging) == 24
    assert tagging.totals().tolist() == [60]


@pytest.mark.parametrize("name", ["all/eur", "all/eur.l2.ldscore", "all/eur.@", "all/eur."])
def test_names__one_file_or_one_per_chromosome(in_folder, name):
    write_scores(Path("all/eur.l2.ldscore"), "1", m=7)
    write_scores(Path("all/eur.1.l2.ldscore"), "1", score=9)
    write_scores(Path("all/eur.2.l2.ldscore"), "2", score=9)
    tagging = read_tagging(name)
    if name in ("all/eur", "all/eur.l2.ldscore"):
        assert (len(tagging), tagging.tagging[0, 0], tagging.totals()[0]) == (4, 1.5, 7)
    else:
        assert (len(tagging), tagging.tagging[0, 0], tagging.totals()[0]) == (8, 9, 20)


def test_names__chromosome_in_the_folder_too(in_folder):
    for folder, chromosome in (("chr1", "1"), ("chr2", "2"), ("chr1", "2")):
        write_scores(Path(f"{folder}/ld.chr{chromosome}.l2.ldscore"), chromosome)
    tagging = read_tagging("chr@/ld.chr@")
    assert tagging.sources[:2] == ("chr1/ld.chr1.l2.ldscore", "chr2/ld.chr2.l2.ldscore")


def test_names__folder_with_one_other_prefix(in_folder):
    for chromosome in ("1", "2"):
        write_scores(Path(f"w/weights.hm3.{chromosome}.l2.ldscore"), chromosome)
    assert len(read_tagging("w")) == len(read_tagging("w/")) == len(read_tagging("w/weights.hm3.")) == 8
    assert read_tagging("w").totals().tolist() == [20]


def test_names__folder_with_several_prefixes(in_folder):
    for prefix in ("b", "a"):
        for chromosome in ("1", "2"):
            write_scores(Path(f"w/{prefix}.{chromosome}.l2.ldscore"), chromosome)
    write_scores(Path("w/all-3.l2.ldscore"), "3")
    assert message_of(read_tagging, "w") == (
        "w: found 3 sets of LD scores; expected one; write w/a.@ or w/all-3 or w/b.@, where @ stands for the chromosome"
    )
    assert len(read_tagging("w/a.@")) == 8
    assert len(read_tagging("w/all-3")) == 4


def test_names__two_sets_that_only_content_tells_apart(in_folder):
    write_scores(Path("ld/1.l2.ldscore"), "1")
    write_scores(Path("ld/w_1.l2.ldscore"), "1")
    message = message_of(read_tagging, "ld")
    assert "ld/w_1.l2.ldscore: chromosome 1 is also in 1.l2.ldscore; expected one file per chromosome" in message


def test_names__two_compressions(in_folder):
    write_scores(Path("ld/1.l2.ldscore"), "1")
    Path("ld/1.l2.ldscore.gz").write_bytes(gzip.compress(Path("ld/1.l2.ldscore").read_bytes()))
    for name in ("ld/", "ld/1"):
        message = message_of(read_tagging, name)
        assert message.startswith("ld/1.l2.ldscore: the same file is there as 1.l2.ldscore.gz too; expected it once")
    # A file that is written out is that file.
    assert len(read_tagging("ld/1.l2.ldscore.gz")) == 4


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("none/x.", ["none/x.: found no LD scores", "none/x.@.l2.ldscore[.gz|", "the folder none does not exist"]),
        ("ld/a", ["write ld/a.@"]),
        ("ld/zzz", ["that folder has LD scores of other names: write ld/a.@"]),
        ("ld/zzz@", ["expected ld/zzz@.l2.ldscore[", "write ld/a.@"]),
        ("annots", ["expected annots/@.l2.ldscore", "holds other files (1.annot.gz, 2.annot.gz)"]),
        ("annots/1.annot.gz", ["does not end in .l2.ldscore[.gz|", "LDAK's .tagging; expected LD scores"]),
        ("empty", ["the folder empty holds no files"]),
        ("$NOT_SET/ld", ["a variable of the shell in this name is not set"]),
        ("x.tagging.parquet", ["x.tagging.parquet: no such file"]),
        ("ld/a.,", ["found an empty name in the list"]),
        ("", ["found an empty name in the list"]),
    ],
)
def test_names__nothing_found(in_folder, monkeypatch, name, parts):
    monkeypatch.delenv("NOT_SET", raising=False)
    for chromosome in ("1", "2"):
        write_scores(Path(f"ld/a.{chromosome}.l2.ldscore"), chromosome)
    Path("annots").mkdir()
    Path("annots/1.annot.gz").write_text("CHR BP SNP CM base\n")
    Path("annots/2.annot.gz").write_text("CHR BP SNP CM base\n")
    Path("empty").mkdir()
    message = message_of(read_tagging, name)
    for part in parts:
        assert part in message


def test_names__nothing_found_but_something_like_it(in_folder):
    for prefix in ("a.1", "a.2", "b.1", "b.2"):
        write_scores(Path(f"ld/{prefix}.l2.ldscore"), prefix[-1])
    assert message_of(read_tagging, "ld/a").endswith("that folder has LD scores of other names: write ld/a.@")
    assert message_of(read_tagging, "ld/c").endswith("that folder has LD scores of other names: write ld/a.@ or ld/b.@")


# --- Formats ---------------------------------------------------------------------------------------------------------

COMPRESS = {"": lambda text: text, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


@pytest.mark.parametrize("ending", ["", ".gz", ".bz2", ".xz", ".zst", ".parquet"])
def test_compressions(in_folder, portable, ending):
    expected = read_tagging(f"{portable}/ldsc/ann.")
    for chromosome in (1, 2):
        stem = f"ld/ann.{chromosome}.l2"
        Path("ld").mkdir(exist_ok=True)
        text = gzip.decompress((portable / f"ldsc/ann.{chromosome}.l2.ldscore.gz").read_bytes())
        for which in ("M", "M_5_50"):
            totals = (portable / f"ldsc/ann.{chromosome}.l2.{which}").read_bytes()
            plain = ending in ("", ".parquet", ".zst")
            Path(f"{stem}.{which}{'' if plain else ending}").write_bytes(totals if plain else COMPRESS[ending](totals))
        if ending == ".parquet":  # as PolyFun writes it: whole numbers for chromosomes, and the alleles
            frame = pd.read_csv(portable / f"ldsc/ann.{chromosome}.l2.ldscore.gz", sep="\t")
            frame.insert(3, "A1", "C")
            frame.insert(4, "A2", "T")
            frame.iloc[::-1].to_parquet(f"{stem}.ldscore.parquet")
        elif ending == ".zst":
            with pa.output_stream(f"{stem}.ldscore.zst", compression="zstd") as stream:
                stream.write(text)
        else:
            Path(f"{stem}.ldscore{ending}").write_bytes(COMPRESS[ending](text))
    found = read_tagging("ld")
    if ending == ".parquet":
        assert set(found.a1) == {1}
        assert set(found.a2) == {3}
    else:
        assert_same(found, expected)
    assert found.snp.equals(expected.snp)
    np.testing.assert_array_equal(found.tagging, expected.tagging)
    np.testing.assert_array_equal(found.totals("M"), expected.totals("M"))


def test_blanks_as_separators(in_folder):
    Path("a.l2.ldscore").write_text(" CHR  SNP BP   L2\n  1  rs1  5  1.25\n  1  rs2  9 2.5 \n")
    tagging = read_tagging("a")
    assert tagging.snp.to_pylist() == ["rs1", "rs2"]
    assert tagging.tagging.tolist() == [[1.25], [2.5]]


@pytest.mark.parametrize(
    ("header", "names", "kept"),
    [
        ("CHR\tSNP\tBP\tCM\tMAF\tL2", ("L2",), ("cm", "maf")),
        ("CHR\tSNP\tBP\tMAF\tL2\tbaseL2", ("L2", "baseL2"), ("maf",)),
        ("CHR\tSNP\tBP\tL2\tCM\tbaseL2", ("L2", "baseL2"), ("cm",)),
        ("BP\tSNP\tL2\tCHR\tMAF\tCM", ("L2",), ("maf", "cm")),
    ],
)
def test_frequency_and_centimorgans_are_no_scores(in_folder, header, names, kept):
    values = {"CHR": "1", "SNP": "rs1", "BP": "7", "CM": "NA", "MAF": "0.25"}
    row = "\t".join(values.get(name, "2.5") for name in header.split("\t"))
    Path("a.l2.ldscore").write_text(f"{header}\n{row}\n")
    tagging = read_tagging("a")
    assert tagging.names == names
    assert tagging.bp.tolist() == [7]
    for name, expected in (("cm", math.nan), ("maf", 0.25)):
        column = getattr(tagging, name)
        if name in kept:
            np.testing.assert_array_equal(column, [expected])
        else:
            assert column is None


@pytest.mark.parametrize("chrom", ["#CHROM", "#CHR", "CHROM"])
@pytest.mark.parametrize("score", ["L2", "LDSCORE", "LD_SCORE", "LDSCORE_1000KB"])
def test_plink2(in_folder, chrom, score):
    Path("x.ldscore").write_text(
        f"{chrom}\tPOS\tID\tREF\tALT\tA1\tOBS_CT\t{score}\n"
        "X\t50\trs2\tA\tG\tA\t500\t3.5\n1\t9\trs1\tC\tT\tT\t500\t1.5\n"
    )
    Path("x.ldscore.M").write_text("12\n")
    tagging = read_tagging("x.ldscore")
    assert tagging.snp.to_pylist() == ["rs1", "rs2"]
    assert tagging.names == (score,)
    assert tagging.tagging[:, 0].tolist() == [1.5, 3.5]
    assert tagging.a1.tolist() == [3, 2]  # ALT
    assert tagging.a2.tolist() == [1, 0]
    assert tagging.totals("M").tolist() == [12]
    assert "there is no x.ldscore.M_5_50" in message_of(tagging.totals)


def test_plink2__no_score(in_folder):
    Path("x.ldscore").write_text("#CHROM\tPOS\tID\tOBS_CT\n1\t5\trs1\t9\n")
    message = message_of(read_tagging, "x.ldscore")
    assert "found columns #CHROM POS ID OBS_CT, none of them LD scores; expected L2 or LDSCORE" in message


# --- Order and duplicates --------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(8)), st.integers(1, 7))
def test_order_of_lines_and_files_does_not_matter(in_folder, order, cut):
    rows = [f"{chrom}\t{chrom}_{place}\t{place * 10}\t{place}.5\n" for chrom in ("2", "X") for place in range(4)]
    Path("sorted.l2.ldscore").write_text(HEADER + "".join(rows))
    shuffled = [rows[place] for place in order]
    Path("shuffled.l2.ldscore").write_text(HEADER + "".join(shuffled))
    expected = read_tagging("sorted")
    assert expected.chrom.to_pylist() == ["2"] * 4 + ["X"] * 4
    assert_same(read_tagging("shuffled"), expected)
    # The second set has the same lines: joined, they are the same columns again.
    joined = read_tagging("sorted,shuffled", "shuffled")
    np.testing.assert_array_equal(joined.tagging[:, 0], joined.tagging[:, 1])
    np.testing.assert_array_equal(joined.regression_tagging, joined.tagging[:, 0])


def test_duplicates__the_first_in_the_genome_is_kept(in_folder, caplog):
    rows = ["2\trs9\t5\t1", "1\trs1\t50\t2", "1\trs1\t7\t3", "1\trs2\t7\t4", "1\trs9\t99\t5", "1\trs1\t7\t6"]
    Path("a.l2.ldscore").write_text(HEADER + "\n".join(rows) + "\n")
    tagging = read_tagging("a")
    frame = pd.read_csv("a.l2.ldscore", sep="\t").sort_values(["CHR", "BP"], kind="stable").drop_duplicates("SNP")
    assert tagging.snp.to_pylist() == frame["SNP"].tolist() == ["rs1", "rs2", "rs9"]
    assert tagging.tagging[:, 0].tolist() == frame["L2"].tolist() == [3, 4, 5]
    assert tagging.notes == ("a.l2.ldscore: 3 lines repeat the name of a SNP; the first of each is kept",)
    assert tagging.notes[0] in caplog.messages


def test_lines_without_a_name_are_left_out(in_folder):
    Path("a.l2.ldscore").write_text(HEADER + "1\t.\t5\t1\n1\trs1\t7\t2\n1\tNA\t9\t3\n")
    tagging = read_tagging("a")
    assert tagging.snp.to_pylist() == ["rs1"]
    assert tagging.tagging.tolist() == [[2]]
    assert tagging.notes == ("a.l2.ldscore: 2 lines without a SNP name are left out",)


# --- Files that cannot give a right answer ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (HEADER + "1\trs1\t5\tNA\n", ["1 LD scores are missing or infinite", "nan in column L2 of SNP rs1"]),
        (HEADER + "1\trs1\t5\t2\n1\trs2\t6\tinf\n", ["inf in column L2 of SNP rs2"]),
        (HEADER + "1\trs1\t5\tabc\n", ["column L2", "'abc'", "a number"]),
        (HEADER + "1\trs1\t5.5\t2\n", ["1 positions are not whole numbers (first: 5.5 of SNP rs1)"]),
        (HEADER + "1\trs1\tNA\t2\n", ["positions are not whole numbers (first: nan of SNP rs1)"]),
        (HEADER + "1\trs1\t-5\t2\n", ["positions are not whole numbers (first: -5.0 of SNP rs1)"]),
        (HEADER + "NA\trs1\t5\t2\n", ["SNP rs1 has no chromosome"]),
        (HEADER + "1\trs1\t5\n", ["a line has 3 fields where the header has 4"]),
        (HEADER, ["found no SNP; expected a line for each"]),
        ("", ["the file is empty"]),
        ("CHR\tSNP\tL2\n1\trs1\t2\n", ["no column BP; found CHR SNP L2"]),
        ("1\trs1\t5\t2\n", ["no column CHR, SNP, BP; found 1 rs1 5 2"]),
        ("CHR\tSNP\tBP\tCM\tMAF\n1\trs1\t5\t0\t.1\n", ["found columns CHR SNP BP CM MAF, none of them LD scores"]),
        ("CHR\tSNP\tBP\tL2\tL2\n1\trs1\t5\t0\t.1\n", ["found column 'L2' twice"]),
        ("CHR\tSNP\tBP\tregression_tagging\n1\trs1\t5\t1\n", ["a category is called 'regression_tagging'"]),
    ],
)
def test_broken_text(in_folder, text, parts):
    Path("a.l2.ldscore").write_text(text)
    message = message_of(read_tagging, "a")
    assert message.startswith("a.l2.ldscore: ")
    for part in parts:
        assert part in message


def test_positions_as_r_writes_them(in_folder):
    Path("a.l2.ldscore").write_text(HEADER + "1\trs1\t1e+05\t2\n1\trs2\t100001\t2.5\n")
    assert read_tagging("a").bp.tolist() == [100_000, 100_001]


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz"])
def test_truncated(in_folder, portable, ending):
    text = gzip.decompress((portable / "ldsc/ld.1.l2.ldscore.gz").read_bytes())
    packed = COMPRESS[ending](text)
    Path(f"a.l2.ldscore{ending}").write_bytes(packed[: len(packed) // 2])
    message = message_of(read_tagging, "a")
    assert message.startswith(f"a.l2.ldscore{ending}: ")
    assert "again" in message


def test_text_in_a_parquet_score(in_folder):
    pq.write_table(pa.table({"CHR": [1], "SNP": ["rs1"], "BP": [5], "GENE": ["abc"]}), "a.l2.ldscore.parquet")
    assert message_of(read_tagging, "a").startswith("a.l2.ldscore.parquet: column GENE holds string, expected numbers")


def test_one_broken_file_of_many_is_named(in_folder):
    for chromosome in range(1, 12):
        write_scores(Path(f"ld/{chromosome}.l2.ldscore"), str(chromosome))
    Path("ld/7.l2.ldscore").write_text(HEADER + "7\trs1\t5\tNaN\n")
    assert message_of(read_tagging, "ld").startswith("ld/7.l2.ldscore: 1 LD scores are missing")


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("CHR\tSNP\tBP\tbaseL2\tL2", "score column 1 is baseL2, in 1.l2.ldscore it is L2"),
        ("CHR\tSNP\tBP\tL2\textraL2", "score column 2 is extraL2, in 1.l2.ldscore it is missing"),
    ],
)
def test_files_differ_in_columns(in_folder, header, found):
    write_scores(Path("ld/1.l2.ldscore"), "1")
    Path("ld/2.l2.ldscore").write_text(f"{header}\n2\trs1\t5\t1\t2\n")
    assert found in message_of(read_tagging, "ld")


# --- Totals ----------------------------------------------------------------------------------------------------------


def test_totals__first_line_and_any_blanks(in_folder):
    Path("a.l2.ldscore").write_text("CHR\tSNP\tBP\taL2\tbL2\n1\trs1\t5\t1\t2\n")
    Path("a.l2.M").write_text("  3 \t 4.25\nwhatever\n")
    assert read_tagging("a").totals("M").tolist() == [3, 4.25]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("1 2\n", "found 2 numbers; expected 1, one per column of LD scores (L2)"),
        ("\n", "found 0 numbers; expected 1"),
        ("nan\n", "found a number that is missing or infinite: 'nan'"),
        ("inf\n", "found a number that is missing or infinite: 'inf'"),
        ("many\n", "found 'many'; expected numbers on the first line"),
        ("", "the file is empty"),
    ],
)
def test_totals__broken(in_folder, text, part):
    write_scores(Path("ld/1.l2.ldscore"), "1")
    Path("ld/1.l2.M_5_50").write_text(text)
    message = message_of(read_tagging, "ld")
    assert message.startswith("ld/1.l2.M_5_50: ")
    assert part in message


def test_totals__missing_only_matters_when_asked_for(in_folder):
    write_scores(Path("ld/1.l2.ldscore"), "1", m=None)
    tagging = read_tagging("ld")
    assert (tagging.m, tagging.m_5_50, tagging.notes) == (None, None, ())
    assert "there is no ld/1.l2.M_5_50; expected 1 numbers" in message_of(tagging.totals)


def test_totals__of_some_chromosomes_are_not_used(in_folder):
    write_scores(Path("ld/1.l2.ldscore"), "1")
    write_scores(Path("ld/2.l2.ldscore"), "2", m=None)
    tagging = read_tagging("ld")
    assert tagging.m_5_50 is None
    (note,) = tagging.notes
    assert "ld: M_5_50 is not used: 1 of 2 files of LD scores have none beside them (first: 2.l2.ldscore)" in note
    assert "ld/2.l2.M_5_50" in message_of(tagging.totals)


def test_totals__of_chromosomes_without_scores_count(in_folder):
    write_scores(Path("ld/1.l2.ldscore"), "1", m=10)
    Path("ld/2.l2.M_5_50").write_text("5\n")
    tagging = read_tagging("ld")
    assert tagging.totals().tolist() == [15]
    assert tagging.notes[0].startswith("ld: LD scores cover 1 of the 2 chromosomes that have totals")


# --- Weights ---------------------------------------------------------------------------------------------------------


def test_weights__are_not_read_twice(in_folder, monkeypatch):
    for chromosome in ("1", "2"):
        write_scores(Path(f"ld/{chromosome}.l2.ldscore"), chromosome)
    write_scores(Path("w/1.l2.ldscore"), "1", score=3, m=None)
    read = []
    original = ld_score_files._read_part
    monkeypatch.setattr(ld_score_files, "_read_part", lambda *given: read.append(given[0]) or original(*given))
    tagging = read_tagging("ld/", f"{in_folder}/ld/@")
    assert sorted(map(str, read)) == ["ld/1.l2.ldscore", "ld/2.l2.ldscore"]
    np.testing.assert_array_equal(tagging.regression_tagging, tagging.tagging[:, 0])
    read.clear()
    assert read_tagging("ld/,ld/@").n_categories == 2
    assert len(read) == 2
    read.clear()
    tagging = read_tagging("ld/", "w/")
    assert len(read) == 3
    np.testing.assert_array_equal(tagging.regression_tagging, [3, 4, 5, 6, *[np.nan] * 4])


def test_weights__several_columns_or_sets(portable):
    for read in (read_weights, lambda name: read_tagging(f"{portable}/ldsc/ld.", name)):
        message = message_of(read, f"{portable}/ldsc/ann.")
        assert "found 4 score columns (baseL2, regAL2, regBL2, scoreL2); expected one" in message
        message = message_of(read, f"{portable}/ldsc/ld.,{portable}/ldsc/ctA.")
        assert "found 2 sets of regression weights; expected one" in message


def test_weights__files_of_totals_are_not_looked_at(in_folder):
    write_scores(Path("w/1.l2.ldscore"), "1", m=None)
    Path("w/1.l2.M").write_text("broken")
    assert read_weights("w").m is None


# --- Our own file ----------------------------------------------------------------------------------------------------


def full_tagging() -> Tagging:
    rng = np.random.default_rng(8)
    n_snps = 50
    return Tagging(
        snp=pa.array([f"rs{place}" for place in range(n_snps)]),
        chrom=pa.array(["2"] * 20 + ["X"] * 20 + ["scaffold_12"] * 10),
        bp=np.arange(n_snps, dtype=np.int64) + np.repeat([0, -20, -40], [20, 20, 10]),
        tagging=rng.normal(size=(n_snps, 3)) / 3,
        names=("base", "alpha_-0.25", "Größe"),
        m=rng.uniform(1, 1e6, 3),
        m_5_50=np.array([1e5 / 3, 5e-324, 7.0]),
        regression_tagging=np.where(rng.uniform(size=n_snps) < 0.2, np.nan, rng.normal(size=n_snps)),
        a1=rng.integers(0, 5, n_snps).astype(np.uint8),
        a2=rng.integers(0, 5, n_snps).astype(np.uint8),
        maf=np.where(np.arange(n_snps) == 3, np.nan, rng.uniform(size=n_snps)),
        cm=rng.uniform(size=n_snps),
        overlap=rng.normal(size=(3, 3)),
        model="GCTA",
        window="1 cM",
        sources=("not there.l2.ldscore",),
        notes=("something was seen",),
    )


def test_own_format__reads_back_equal(in_folder):
    written = full_tagging()
    write_tagging("full.tagging.parquet", written, {"window_cm": 1})
    read = read_tagging("full.tagging.parquet")
    assert_same(read, written)
    assert (read.model, read.window, read.notes) == (written.model, written.window, written.notes)
    assert read.sources == ("full.tagging.parquet",)
    assert read.tagging.flags.c_contiguous
    assert_same(read_tagging("full"), written)


def test_own_format__keeps_what_ldsc_files_held(in_folder, portable):
    published = read_tagging(f"{portable}/ldsc/ann.", f"{portable}/ldsc/ld.")
    write_tagging("a.tagging.parquet", published)
    assert_same(read_tagging("a"), published)
    metadata = tables.read_parquet("a.tagging.parquet")[1]
    assert (metadata["format"], metadata["format_version"]) == ("sumh2 tagging", 1)
    assert metadata["names"] == list(published.names)
    assert [file["path"] for file in metadata["inputs"]] == list(published.sources)
    assert all(len(file["sha256"]) == 64 for file in metadata["inputs"])
    first = Path("a.tagging.parquet").read_bytes()
    write_tagging("a.tagging.parquet", published)
    assert Path("a.tagging.parquet").read_bytes() == first


def test_own_format__as_weights_and_in_a_list(in_folder, portable):
    write_tagging("w.tagging.parquet", read_tagging(f"{portable}/ldsc/ld."))
    joined = read_tagging(f"{portable}/ldsc/ann.,w", "w.tagging.parquet")
    assert joined.names[-1] == "L2_1"
    np.testing.assert_array_equal(joined.regression_tagging, joined.tagging[:, -1])


def test_own_format__refused(in_folder):
    table = full_tagging().to_table()
    metadata = {"format": "sumh2 tagging", "format_version": 1, "names": ["base"]}
    name = "x.tagging.parquet"
    tables.write_parquet(name, table, metadata | {"format_version": 3, "program": "sumh2 9.0"})
    assert f"{name}: sumh2 tagging version 3, this program reads up to 2; it was" in message_of(read_tagging, name)
    tables.write_parquet(name, table, metadata | {"format": "sumh2 sumstats"})
    assert message_of(read_tagging, name).startswith(f"{name}: found sumh2 sumstats, expected sumh2 tagging")
    pq.write_table(table, name)
    assert "found a foreign Parquet file, expected sumh2 tagging" in message_of(read_tagging, name)
    tables.write_parquet(name, table, metadata | {"names": ["base", "other"]})
    assert f"{name}: no column other; found SNP CHR BP" in message_of(read_tagging, name)
    sums = {"contributions": None, "counts": [1], "n_reference": 1, "n_heritability": 1, "kind": "category"}
    tables.write_parquet(name, table, metadata | {"ldak": sums})
    assert f"{name}: LDAK's sums are missing; expected a whole file" in message_of(read_tagging, name)
    tables.write_parquet(name, table, metadata)
    whole = Path(name).read_bytes()
    Path(name).write_bytes(whole[:-200])
    assert message_of(read_tagging, name).startswith(f"{name}: ")
    Path(name).write_text(HEADER)
    assert f"{name}: found another kind of file, expected Parquet; check the name" in message_of(read_tagging, name)


def test_own_format__is_known_by_its_name(in_folder):
    assert "expected a name that ends in .tagging.parquet" in message_of(write_tagging, "x.parquet", full_tagging())
    assert "the folder none does not exist" in message_of(write_tagging, "none/x.tagging.parquet", full_tagging())
    assert os.listdir() == []


# --- Writing for LDSC ------------------------------------------------------------------------------------------------


def test_writes_ldscs_files__byte_for_byte(in_folder, portable):
    written = write_ldsc_ld_scores(read_tagging(f"{portable}/ldsc/ld.1"), "again")
    assert [path.name for path in written] == ["again.l2.ldscore.gz", "again.l2.M", "again.l2.M_5_50"]
    ours, theirs = (gzip.decompress(path.read_bytes()) for path in (written[0], portable / "ldsc/ld.1.l2.ldscore.gz"))
    assert ours == theirs
    for which in ("M", "M_5_50"):
        assert Path(f"again.l2.{which}").read_text().split() == (portable / f"ldsc/ld.1.l2.{which}").read_text().split()


def test_writes_ldscs_files__one_per_chromosome(in_folder, portable):
    tagging = read_tagging(f"{portable}/ldsc/ann.")
    write_ldsc_ld_scores(tagging, "ann.@")
    again = read_tagging("ann.")
    assert again.snp.equals(tagging.snp)
    np.testing.assert_array_equal(again.tagging, tagging.tagging)  # three decimals hold what three decimals held
    for which in ("M", "M_5_50"):
        np.testing.assert_allclose(again.totals(which), tagging.totals(which), rtol=1e-15)
    # 4500 of 8000 SNPs are on chromosome 1: its share of the total, in whole numbers where the total is whole.
    assert Path("ann.1.l2.M").read_text().split()[:3] == ["4500", "369", "676"]


def test_writes_ldscs_files__rounded_and_without_totals(in_folder):
    tagging = full_tagging()
    write_ldsc_ld_scores(tagging, "x")
    again = read_ld_scores(find_ld_scores("x"))
    np.testing.assert_array_equal(again.tagging, [[float(f"{score:.3f}") for score in row] for row in tagging.tagging])
    np.testing.assert_array_equal(again.totals("M"), tagging.totals("M"))
    assert again.chrom.equals(tagging.chrom)
