"""Files that are not there, are no text, or do not belong together: one message, and before the slow work."""

import gzip
import zipfile

import pytest

# --- Files that are not there ----------------------------------------------------------------------------------------

MISSING = "no_such.sumstats.gz"


@pytest.fixture
def trait(portable):
    return str(portable / "inputs" / "trait1.sumstats.xz")


@pytest.fixture
def ld(portable):
    return str(portable / "ldsc" / "ld.")


@pytest.fixture
def no_reading(monkeypatch):
    """Reading LD scores, or summary statistics, is an error."""
    from ldscores.taggings import tagging_files
    from sumh2 import sumstats_files

    def read(*_, **__):
        raise AssertionError("a file was read before all were looked for")

    monkeypatch.setattr(tagging_files, "_read", read)
    monkeypatch.setattr(sumstats_files, "read_header", read)


@pytest.mark.usefixtures("no_reading")
@pytest.mark.parametrize(
    "command",
    [
        "h2 MISSING --ld LD", "h2 MISSING --ld LD --estimator sumher", "h2 TRAIT --ld LD --extract MISSING",
        "h2 TRAIT --ld LD --w-ld MISSING", "rg TRAIT MISSING --ld LD", "rg TRAIT MISSING --ld LD --estimator sumher",
        "rg TRAIT TRAIT --traits a,b --ld MISSING", "partition MISSING --ld LD", "partition TRAIT --ld LD --annot MISSING",
        "screen MISSING --ld LD --annotations LD", "screen TRAIT --ld LD --annotations MISSING.ldcts",
        "alpha MISSING --ld LD", "compare MISSING --ld LD,LD", "compare TRAIT --ld LD,MISSING",
        "atlas TRAIT TWO --ld MISSING --out OUT", "atlas MISSING 2.MISSING --ld LD --out OUT",
    ],
)  # fmt: skip
def test_missing_file__is_told_before_anything_is_read(run_sumh2, portable, tmp_path, trait, ld, command):
    here = {"TRAIT": trait, "TWO": trait.replace("1", "2"), "LD": ld, "OUT": str(tmp_path / "atlas")}
    words = [",".join(here.get(part, part.replace("MISSING", MISSING)) for part in word.split(","))
             for word in command.split()]  # fmt: skip
    status, _, said = run_sumh2(*words)
    assert status == 1 and said.startswith("error: ") and MISSING in said, said


@pytest.mark.usefixtures("no_reading")
def test_missing_files__are_all_named(run_sumh2, trait, ld):
    _, _, said = run_sumh2("rg", trait, "one.sumstats.gz", "two.sumstats.gz", "--ld", ld)
    assert said.startswith("error: one.sumstats.gz, two.sumstats.gz: 2 files that are not there; check")


def test_atlas__warns_of_a_missing_trait_before_the_work(run_sumh2, trait, ld, tmp_path):
    status, _, said = run_sumh2("atlas", trait, trait.replace("1", "2"), MISSING, "--ld", ld, "--n-blocks", "20",
                                "--out", tmp_path / "atlas")  # fmt: skip
    assert status == 0, said
    assert said.index(f"{MISSING}: no such file; this trait will be a row") < said.index("SNPs")


# --- Files that are no text ------------------------------------------------------------------------------------------


def write_zip(path, *names):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "SNP A1 A2 Z N\nrs1 A G 1 100\n")
    return path.read_bytes()


@pytest.fixture
def binaries(tmp_path):
    png = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    return {
        "a.png": (png, "PNG", "name the text table"),
        "b.txt.gz": (gzip.compress(png), "PNG", "name the text table"),
        "a.pdf": (b"%PDF-1.4\n1 0 obj\n", "PDF", "name the text table"),
        "a.bed": (b"\x6c\x1b\x01" + bytes(range(256)), "PLINK's .bed", "--bfile takes it"),
        "a.h5": (b"\x89HDF\r\n\x1a\n" + bytes(40), "HDF5", "as text or Parquet"),
        "a.zip": (write_zip(tmp_path / "a.zip", "gwas.tsv"), "ZIP archive of gwas.tsv", "gwas.tsv > gwas.tsv"),
        "a.xlsx": (write_zip(tmp_path / "a.xlsx", "xl/workbook.xml"), "Excel workbook", "save its sheet as text"),
        "a.rds": (gzip.compress(b"X\n\0\0\0\3\0\4"), "R's .rds", "write.table"),
        "a.dat": (bytes(range(256)) * 9, "of a kind not known here", "name the text table"),
        "a.txt": ("SNP\tA1\nrs1\tA\n".encode("utf-16"), "UTF-16", "iconv -f utf-16"),
    }


def test_binary_file__is_named_by_its_kind_with_a_remedy(run_sumh2, binaries, tmp_path, ld):
    for name, (content, kind, remedy) in binaries.items():
        path = tmp_path / name
        path.write_bytes(content)
        for words in (["munge", path, "--out", tmp_path / "x"], ["doctor", path], ["h2", path, "--ld", ld]):
            status, _, said = run_sumh2(*words)
            assert status == 1 and said.startswith(f"error: {path}: ") and said.count("\n") == 1, said
            assert kind in said and remedy in said and ("no text table" in said or kind == "UTF-16"), said


def test_text_with_a_column_x__is_text():
    from ldscores.shared.binary_kinds import describe_binary

    assert describe_binary("x.txt", b"X\n") is None
    assert describe_binary("x.txt", "SNP\tα\x1a".encode()) is None


# --- Names that do not belong together -------------------------------------------------------------------------------


@pytest.fixture
def screen(run_sumh2, portable, tmp_path, trait, ld):
    """Screens three annotations whose SNPs are called by a function of the panel's names."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from sumh2 import read_tagging

    snp = read_tagging(ld).snp.to_pylist()

    def run(rename, *words):
        names = [rename(place, name) for place, name in enumerate(snp)]
        columns = {f"cell{number}": [float(place % (number + 3)) for place in range(len(snp))] for number in range(3)}
        pq.write_table(pa.table({"SNP": names, **columns}), tmp_path / "cells.parquet")
        return run_sumh2(
            "screen", trait, "--ld", ld, "--annotations", tmp_path / "cells.parquet", "--n-blocks", 30, *words
        )

    return run


def test_screen__says_how_snps_are_called_on_both_sides(screen):
    status, _, said = screen(lambda place, _: f"1:{place}:A:G")
    assert status == 1 and "none of its 8,000 SNPs is among the" in said and "cells.parquet" in said
    assert "(1:0:A:G, 1:1:A:G" in said and "expected the names of the baseline, rsIDs (rs1" in said
    assert "translate one of them" in said


def test_screen__lists_of_other_snps_are_rows_that_say_so(run_sumh2, tmp_path, trait, ld):
    with gzip.open(tmp_path / "other.l2.ldscore.gz", "wt") as stream:
        stream.write("CHR\tSNP\tBP\tL2\n" + "".join(f"1\tx{row}\t{row + 1}\t{row % 7}.5\n" for row in range(50)))
    (tmp_path / "other.l2.M_5_50").write_text("40\n")
    (tmp_path / "list.ldcts").write_text(f"liver {tmp_path}/other\n")
    status, out, _ = run_sumh2("screen", trait, "--ld", ld, "--annotations", tmp_path / "list.ldcts", "--n-blocks", 30)
    assert (
        status == 0
        and "liver: not fitted: " in out
        and "(x0, x1" in out
        and "expected the names of the baseline" in out
    )


def test_screen__gives_the_nearest_name(screen, run_sumh2, tmp_path, trait):
    status, _, said = screen(lambda _, name: name, "--contrast", "cell0,cel1")
    assert status == 1 and "no annotation 'cel1'; expected two of the 3 annotations tested, e.g. cell1" in said


def test_nearest_names__are_like_the_wrong_one():
    from ldscores.shared.messages import nearest_names

    assert nearest_names("Codng_UCSC", ["base", "Conserved", "Coding_UCSC"], 1) == ["Coding_UCSC"]
    assert nearest_names("?", ["b", "a", "c"], 2) == ["a", "b"]


# --- Numbers that a flag cannot have ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_reading")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("power --ld LD --n 0 --h2 0.3", "--n: found 0, expected a number of people above 0"),
        ("power --ld LD --n 1000,2000 --h2 0.3,0.4 --rg 3", "--rg: found 3, expected a correlation from -1 to 1"),
        ("munge no_such.txt --out x --n 0", "--n: found 0, expected"),
        ("h2 TRAIT --ld LD --n-blocks 1", "--n-blocks: found 1, expected at least 2"),
        ("h2 TRAIT --ld LD --chisq-max -4", "--chisq-max: found -4, expected a number above 0"),
        ("rg TRAIT TRAIT --ld LD --samp-prev nan,50 --pop-prev nan,0.1", "--samp-prev: found 50, expected a share"),
        ("screen TRAIT --ld LD --annotations LD --forward-p 2", "--forward-p: found 2, expected a p-value"),
        ("compare TRAIT --ld LD,LD --threads -1", "--threads: found -1, expected 1 core or more"),
        ("atlas TRAIT TRAIT --ld LD --out x --memory 0", "--memory: found 0, expected a positive number of GB"),
    ],
)
def test_impossible_number__is_misuse_before_any_work(run_sumh2, trait, ld, words, message):
    line = [{"TRAIT": trait, "LD": ld, "LD,LD": f"{ld},{ld}"}.get(word, word) for word in words.split()]
    status, _, said = run_sumh2(*line)
    assert status == 2 and said.startswith(f"error: {message}"), said


def test_ranges__are_of_flags_that_there_are():
    from ldscores.cli import COMMANDS as THEIRS
    from ldscores.shared.command_line.ranges import RANGES
    from sumh2.cli import COMMANDS as OURS

    assert set(RANGES) <= {each.name for one in (*OURS, *THEIRS) for each in one.__command__.parameters}
