"""What the ``ldscores`` commands say of bad input: exit status 1, one message, and nothing left behind."""

from __future__ import annotations

import gzip
import lzma
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def own_panel(portable_panel, tmp_path) -> Path:
    """A copy that a test may spoil."""
    for suffix in ("bed", "fam"):
        shutil.copy(f"{portable_panel}.{suffix}", tmp_path / f"mine.{suffix}")
    (tmp_path / "mine.bim").write_bytes(lzma.decompress(Path(f"{portable_panel}.bim.xz").read_bytes()))
    return tmp_path / "mine"


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


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
    assert status == 1 and "found neither of --bfile (PLINK 1: .bed .bim .fam) and --pfile" in said
    status, _, said = run_ldscores(verb, "--bfile", portable_panel, "--pfile", portable_panel, "--out", tmp_path / "o")
    assert status == 1 and "found both of --bfile" in said
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
