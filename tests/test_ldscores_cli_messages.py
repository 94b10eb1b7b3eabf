"""What the ``ldscores`` commands say of bad input: exit status 1, one message, and nothing left behind."""

from __future__ import annotations

import gzip
import lzma
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import names_in

from ldscores.shared import tables
from ldscores.shared.cores import choose_threads, usable_cores
from ldscores.shared.errors import InputError
from ldscores.taggings.tagging_files import read_own


@pytest.fixture
def own_panel(portable_panel, tmp_path) -> Path:
    """A copy that a test may spoil."""
    for suffix in ("bed", "fam"):
        shutil.copy(f"{portable_panel}.{suffix}", tmp_path / f"mine.{suffix}")
    (tmp_path / "mine.bim").write_bytes(lzma.decompress(Path(f"{portable_panel}.bim.xz").read_bytes()))
    return tmp_path / "mine"


def spoil_bim(prefix: Path, change: Callable[[list[list[str]]], object]) -> None:
    rows = [line.split() for line in Path(f"{prefix}.bim").read_text().splitlines()]
    change(rows)
    Path(f"{prefix}.bim").write_text("".join("\t".join(row) + "\n" for row in rows))


def misalign(prefix: Path) -> None:
    with gzip.open(prefix.with_name("a.1.annot.gz"), "wt") as stream:
        stream.write("CHR\tBP\tSNP\tCM\tA\n" + "".join(f"1\t{place}\tsnp{place}\t0\t1\n" for place in range(4500)))


def shorten(prefix: Path) -> None:
    with gzip.open(prefix.with_name("a.1.annot.gz"), "wt") as stream:
        stream.write("A\n" + "1\n" * 4499)


def repeat_name(rows: list[list[str]]) -> None:
    rows[5][1] = rows[9][1]


def clear_cm(rows: list[list[str]]) -> None:
    for row in rows:
        row[2] = "0"


def swap_rows(rows: list[list[str]]) -> None:
    rows[7], rows[8] = rows[8], rows[7]


def truncate(prefix: Path) -> None:
    bed = Path(f"{prefix}.bed")
    bed.write_bytes(bed.read_bytes()[:-1000])


def other_fam(prefix: Path) -> None:
    fam = Path(f"{prefix}.fam")
    fam.write_text("".join(fam.read_text().splitlines(keepends=True)[:250]))


BAD_INPUT = {
    "misaligned names": (misalign, "none of the 4500 SNPs of chromosome 1 of"),
    "misaligned rows": (shorten, "found 4499 rows without names of SNPs; expected 4500"),
    "duplicated rsIDs": (lambda prefix: spoil_bim(prefix, repeat_name), "2 SNPs share their name with another one"),
    "no cM": (lambda prefix: spoil_bim(prefix, clear_cm), "or give the window in kb (--window-kb)"),
    "unsorted": (lambda prefix: spoil_bim(prefix, swap_rows), "expected SNPs sorted by chromosome and position"),
    "truncated .bed": (truncate, "the file is truncated after 7986 SNPs"),
    "other .fam": (other_fam, "8000 SNPs (mine.bim) and 250 people (mine.fam); .bim or .fam are of another panel"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input__one_message_and_nothing_half_written(case, own_panel, tmp_path, run_ldscores):
    spoil, expected = BAD_INPUT[case]
    spoil(own_panel)
    before = names_in(tmp_path)
    words = ("--model", "own", "--annot", f"{tmp_path}/a.@") if "misaligned" in case else ()
    status, printed, said = run_ldscores(
        "build", "--bfile", own_panel, *words, "--window-cm", 1, "--quiet", "--out", tmp_path / "o"
    )
    assert (status, printed) == (1, "")
    assert said.startswith("error: ") and said.count("\n") == 1 and expected in said
    assert names_in(tmp_path) == before


@pytest.mark.parametrize("verb", ["build", "annotate", "thin", "weights"])
def test_panel_and_folder__are_checked_first(verb, portable_panel, tmp_path, run_ldscores):
    status, _, said = run_ldscores(verb, "--out", tmp_path / "o")
    assert status == 2 and "found neither of --bfile (PLINK 1: .bed .bim .fam) and --pfile" in said
    status, _, said = run_ldscores(verb, "--bfile", portable_panel, "--pfile", portable_panel, "--out", tmp_path / "o")
    assert status == 2 and "found both of --bfile" in said
    status, _, said = run_ldscores(verb, "--bfile", portable_panel, "--out", tmp_path / "no" / "o")
    assert status == 1 and "no does not exist; create it or choose another --out" in said
    assert names_in(tmp_path) == set()


def test_models__say_which_files_they_need_and_where_from(portable_panel, tmp_path, run_ldscores):
    cases = {
        ("ldak",): "needs LDAK weightings, which are not given; compute them with: ldscores weights",
        ("ldak-thin",): "make the list with: ldscores thin --bfile ... --window-kb 100 --r2 0.98",
        ("bld-ldak",): "needs 64 annotations and LDAK weightings",
        ("baseline-ld",): "Baseline-LD is among LDSC's reference files",
        ("own",): "make those of intervals, genes or tables with: ldscores annotate",
        ("bld-ldak-lite",): "cannot be built: the published descriptions here do not say which annotations it keeps",
        (
            "human-default",
            "--pq-exp",
            1,
        ): "--pq-exp: found --model human-default beside it; expected --model gcta or own",
    }
    for words, expected in cases.items():
        status, _, said = run_ldscores(
            "build", "--bfile", portable_panel, "--quiet", "--model", *words, "--out", tmp_path / "o"
        )
        assert status == 1 and expected in said and said.count("\n") == 1, words
    assert names_in(tmp_path) == set()


# ---------------------------------------------------------------------------------------------------------------------
# Lists, threads, names of columns


def test_min_cor__leaves_pairs_out_of_the_values_but_not_of_the_weights(portable_panel, tmp_path, run_ldscores):
    """LDAK's digits are in tests/test_build_ldak_reference.py."""
    for name, words in (("all", ()), ("some", ("--min-cor", 0.02))):
        assert run_ldscores("build", "--bfile", portable_panel, *words, "--double", "--out", tmp_path / name)[0] == 0
    whole, some = (read_own(tmp_path / f"{name}.tagging.parquet") for name in ("all", "some"))
    np.testing.assert_allclose(some.regression_tagging, whole.regression_tagging, rtol=1e-12)
    np.testing.assert_array_equal(some.ldak.neighbours, whole.ldak.neighbours)
    assert np.abs(some.tagging - whole.tagging).max() > 0.1 and "pairs below r2 0.02 left out" in some.window
    status, _, said = run_ldscores("build", "--bfile", portable_panel, "--min-cor", 1, "--out", tmp_path / "x")
    assert status == 1 and "--min-cor 1: expected a squared correlation, 0 or more and below 1" in said


def test_lists__say_how_many_of_their_lines_name_nothing(portable_panel, tmp_path, run_ldscores):
    people = [line.split()[:2] for line in Path(f"{portable_panel}.fam").read_text().splitlines()]
    (tmp_path / "keep").write_text("".join(f"{fid} {iid}\n" for fid, iid in people[:50]) + "no body\nno one\n")
    (tmp_path / "empty").write_text("\n")
    snps = [line.split()[1] for line in tables.read_text(f"{portable_panel}.bim.xz").splitlines()[:300]]
    (tmp_path / "snps").write_text("\n".join([*snps, "rs_other"]) + "\n")
    status, _, said = run_ldscores(
        "build", "--bfile", portable_panel, "--keep", tmp_path / "keep", "--remove", tmp_path / "empty", "--exclude",
        tmp_path / "empty", "--extract", tmp_path / "snps", "--regression-snps", tmp_path / "snps", "--threads", 1000,
        "--out", tmp_path / "o",
    )  # fmt: skip
    assert status == 0, said
    assert "50 people kept by --keep, 2 of 52 lines name none of the panel" in said
    assert f"--remove: {tmp_path}/empty is empty and leaves nobody out" in said
    assert f"--exclude: {tmp_path}/empty is empty and leaves nothing out" in said
    assert "300 SNPs kept by --extract, 1 of 301 lines name none of the panel" in said
    assert "--regression-snps: 300 SNPs; 1 of its 301 names are not in the panel" in said
    assert f"--threads 1000: this process has {usable_cores()} cores, and so many are used" in said
    status, _, said = run_ldscores("build", "--bfile", portable_panel, "--keep", tmp_path / "empty", "--out", "o")
    assert status == 1 and said.count("error: ") == 1  # of an empty list to keep, nobody would be left


def test_threads__are_never_more_than_the_cores():
    assert choose_threads(None) == choose_threads(1000) == usable_cores() and choose_threads(1) == 1
    with pytest.raises(InputError, match="--threads 0: expected at least 1"):
        choose_threads(0)


def test_position_na__is_not_answered_with_na(portable_panel, tmp_path, run_ldscores):
    for suffix in ("bed", "fam"):
        (tmp_path / f"p.{suffix}").write_bytes(Path(f"{portable_panel}.{suffix}").read_bytes())
    lines = tables.read_text(f"{portable_panel}.bim.xz").splitlines()
    for text in ("NA", "nan"):
        words = lines[3].split()
        changed = "\t".join([*words[:3], text, *words[4:]])
        (tmp_path / "p.bim").write_text("\n".join([*lines[:3], changed, *lines[4:]]) + "\n")
        status, _, said = run_ldscores("build", "--bfile", tmp_path / "p", "--out", tmp_path / "o")
        assert status == 1 and "every" in said and "write NA" not in said and "swapped" not in said, said


def test_annotate__says_each_thing_once(portable_panel, tmp_path, run_ldscores):
    (tmp_path / "genes.gmt").write_text("brain\tx\tG1\tG2\n")
    (tmp_path / "genes.loc").write_text("GENE CHR START END\nG1 1 100 200\nG2 2 100 100\n")
    status, printed, said = run_ldscores(
        "annotate", "--bfile", portable_panel, "--gene-sets", tmp_path / "genes.gmt", "--gene-coordinates",
        tmp_path / "genes.loc", "--out", tmp_path / "a",
    )  # fmt: skip
    assert status == 0 and (printed + said).count("2 of 2 genes have coordinates") == 1


def test_ldscs_names_of_columns__are_the_same_from_build_and_convert(portable_panel, portable, tmp_path, run_ldscores):
    annot = ("--model", "own", "--annot", portable / "inputs" / "ann.@.annot.gz")
    for name, words in (("one", ()), ("many", annot)):
        words = ("--bfile", portable_panel, "--window-cm", 1, "--double", *words, "--out")
        assert run_ldscores("build", *words, tmp_path / name)[0] == 0
        assert run_ldscores("build", *words, tmp_path / f"{name}.built", "--format", "ldsc")[0] == 0
        made = tmp_path / f"{name}.converted"
        assert run_ldscores("convert", tmp_path / name, "--format", "ldsc", "--out", made)[0] == 0
        built, converted = (
            tables.read_text(tmp_path / f"{name}.{how}.l2.ldscore.gz") for how in ("built", "converted")
        )
        assert built == converted
        header = built.splitlines()[0].split("\t")[3:]
        assert header == ["L2"] if name == "one" else all(word.endswith("L2") for word in header)


def test_merge__of_a_file_with_itself_or_its_copy_is_refused(portable_panel, tmp_path, run_ldscores):
    first, copy = (tmp_path / f"{name}.tagging.parquet" for name in ("first", "copy"))
    assert run_ldscores("build", "--bfile", portable_panel, "--out", tmp_path / "first")[0] == 0
    copy.write_bytes(first.read_bytes())
    for other in (first, copy):
        for along in ("auto", "categories", "snps"):
            status, _, said = run_ldscores("merge", first, other, "--along", along, "--out", tmp_path / "m")
            assert status == 1 and said.count("error: ") == 1
        assert f"{other}: " in said
        said = run_ldscores("merge", first, other, "--out", tmp_path / "m")[2]
        assert "holds the same categories with the same values" in said and "name each file once" in said
