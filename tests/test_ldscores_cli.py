"""The ``ldscores`` command line: each command from files to files on the portable portable_panel, and its messages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import names_in

import ldscores.building.build_files as build_files
from ldscores import __version__
from ldscores.cli import COMMANDS, convert
from ldscores.shared import tables
from ldscores.shared.command_line import check_commands
from ldscores.shared.errors import InputError
from ldscores.taggings.ldak_tagging_files import read_ldak_tagging
from ldscores.taggings.tagging_files import read_own, read_tagging


def read_text(path: Path | str) -> str:
    """A text file, unpacked; the reference files above 90 kB end in .xz."""
    return tables.read_text(path if Path(path).exists() else f"{path}.xz")


def test_examples_are_accepted():
    check_commands(COMMANDS, "ldscores")


def test_help_is_quick():
    slow = "numpy", "pyarrow", "pandas", "fire"
    code = f"import sys, ldscores.cli; print([name for name in {slow} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_build__starts_without_the_solvers_of_weightings():
    code = "import sys, ldscores.building.build_files; print([n for n in sys.modules if n.startswith('scipy.opt')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_convert(tmp_path, portable, run_ldscores):
    out = tmp_path / "ann"
    words = ("convert", f"{portable}/ldsc/ann.", "--w-ld", f"{portable}/ldsc/ld.", "--out", out)
    status, printed, _ = run_ldscores(*words)
    assert (status, printed) == (0, f"{out}.tagging.parquet: 8000 SNPs, 4 categories\n")
    tagging = read_tagging(f"{out}.tagging.parquet")
    np.testing.assert_array_equal(tagging.regression_tagging, read_tagging(f"{portable}/ldsc/ld.").tagging[:, 0])


def test_convert__to_ldsc_and_back(tmp_path, portable):
    assert convert(f"{portable}/ldsc/ld.", out=f"{tmp_path}/ld.tagging.parquet").endswith("8000 SNPs, 1 category")
    text = convert(f"{tmp_path}/ld", format="ldsc", out=f"{tmp_path}/again.@")
    assert text == f"{tmp_path}/again.1.l2.ldscore.gz and 5 more files: 8000 SNPs, 1 category"
    np.testing.assert_array_equal(
        read_tagging(f"{tmp_path}/again.").tagging, read_tagging(f"{portable}/ldsc/ld.").tagging
    )
    with pytest.raises(InputError, match="--w-ld: .* expected none with --format ldsc"):
        convert(f"{portable}/ldsc/ld.", format="ldsc", w_ld="w", out=f"{tmp_path}/x")


def test_show(portable, run_ldscores):
    status, printed, _ = run_ldscores("show", f"{portable}/ldsc/ld.1")
    assert status == 0
    last = printed.splitlines()[-1].split()
    # LDSC's log of the same run: mean 10.8197, std 6.9603, min 0.8098, max 34.0295, of scores not yet rounded.
    assert last[:3] == ["L2", "4500", "3337"]
    np.testing.assert_allclose([float(word) for word in last[3:7]], [10.8197, 6.9603, 0.8098, 34.0295], atol=6e-4)
    assert "4500 on 1 chromosome\n" in printed


def test_errors_are_one_message(tmp_path, run_ldscores):
    status, printed, complaint = run_ldscores("show", tmp_path)
    assert (status, printed) == (1, "")
    assert complaint.startswith(f"error: {tmp_path}: found no LD scores; expected ")
    assert complaint.count("\n") == 1


def test_version(run_ldscores):
    assert run_ldscores("--version")[1] == f"ldscores {__version__}\n"


def test_build_help__says_units_defaults_and_what_memory_bounds(run_ldscores):
    status, printed, _ = run_ldscores("build", "--help")
    text = " ".join(printed.split())
    assert status == 0 and "--memory NUMBER [default: 2.0] Bound in GB" in text and "On top come the program" in text
    order = (
        "--model",
        "--window-cm",
        "--annot",
        "--cts-bin",
        "--pq-exp",
        "--weights",
        "--keep",
        "--raw-r2",
        "--memory",
    )
    places = [printed.index(f"\n  {flag} ") if f"\n  {flag} " in printed else printed.index(f"\n  {flag}\n")
              for flag in order]  # fmt: skip
    assert places == sorted(places)


# ---------------------------------------------------------------------------------------------------------------------
# build


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("ld", "--window-cm 1 --ldsc-windows"),
        ("exact", "--window-cm 1"),
        ("kb200", "--window-kb 200 --ldsc-windows"),
        ("pq", "--window-cm 1 --ldsc-windows --pq-exp 0.75"),
        ("ann", "--window-cm 1 --ldsc-windows --model own --annot {inputs}/ann.@.annot.gz"),
        ("ctA", "--window-cm 1 --ldsc-windows --model own --annot {inputs}/ctA.@.annot.gz --no-base"),
    ],
)
def test_build__ldscs_files_to_the_byte(name, flags, portable_panel, portable, tmp_path, run_ldscores):
    words = flags.format(inputs=portable / "inputs").split()
    status, printed, _ = run_ldscores(
        "build", "--bfile", portable_panel, *words, "--format", "ldsc", "--out", tmp_path / "out.@"
    )
    assert status == 0 and printed.splitlines()[0] == f"written: {tmp_path}/out.1.l2.ldscore.gz"
    assert len(names_in(tmp_path)) == 6
    for chromosome in "12":
        theirs = portable / "ldsc" / f"{name}.{chromosome}.l2"
        ours = tmp_path / f"out.{chromosome}.l2"
        # But for the sign of what rounds to zero, which we leave out.
        assert read_text(f"{ours}.ldscore.gz") == read_text(f"{theirs}.ldscore.gz").replace("\t-0.000", "\t0.000")
        for total in ("M", "M_5_50"):
            ours_m, theirs_m = (np.array(read_text(f"{stem}.{total}").split(), float) for stem in (ours, theirs))
            np.testing.assert_allclose(ours_m, theirs_m, rtol=1e-12)


LDAK_RUNS = {
    "gcta": "--model gcta",
    "gctacm": "--model gcta --window-cm 1",
    "humdef": "--model human-default",
    "ldak": "--model ldak --weights {ldak}/weights/weights.short",
    "ldakthin": "--model ldak-thin --thin {ldak}/thin98.in",
    "bld": "--model own --power -0.25 --annotation-prefix {inputs}/ann --annotation-number 4",
    "alpha-1": "--model human-default --power -1",
}


@pytest.mark.parametrize("name", LDAK_RUNS)
def test_build__ldaks_files(name, portable_panel, portable, tmp_path, run_ldscores):
    """As far as LDAK's single precision goes: SPEC-LDAK section 12, and tests/test_build_ldak_reference.py."""
    words = LDAK_RUNS[name].format(ldak=portable / "ldak", inputs=portable / "inputs").split()
    window = [] if "--window-cm" in words else ["--window-kb", 1000]
    more = ["--conventions", "ldak", "--format", "ldak", "--out", tmp_path / "out"]
    assert run_ldscores("build", "--bfile", portable_panel, *words, *window, *more)[0] == 0
    ours, theirs = (
        read_ldak_tagging(path) for path in (tmp_path / "out.tagging", portable / "ldak" / f"{name}.tagging.xz")
    )
    assert ours.snp.equals(theirs.snp)
    np.testing.assert_array_equal(ours.ldak.neighbours, theirs.ldak.neighbours)
    np.testing.assert_allclose(ours.regression_tagging, theirs.regression_tagging, rtol=0, atol=1.1e-3)
    np.testing.assert_allclose(ours.tagging, theirs.tagging, rtol=0, atol=1.1e-4)
    np.testing.assert_allclose(ours.ldak.contributions, theirs.ldak.contributions, rtol=1e-8, atol=1.1e-4)
    # The text too: a last digit may be rounded the other way here and there.
    pairs = list(zip(*(read_text(path).splitlines() for path in (
        tmp_path / "out.tagging", portable / "ldak" / f"{name}.tagging")), strict=True))  # fmt: skip
    assert [one.split()[0] for one, _ in pairs] == [two.split()[0] for _, two in pairs]


def test_build__several_models_and_alphas_in_one_run(portable_panel, portable, tmp_path, run_ldscores):
    """Each equals the run of its own; LDAK-Thin in both of its spellings."""
    status, printed, _ = run_ldscores(
        "build", "--bfile", portable_panel, "--model", "gcta,human-default,ldak-thin", "--alphas=-1:0.5:0.05", "--thin",
        portable / "ldak" / "thin98.in", "--window-cm", 1, "--out", tmp_path / "all",
    )  # fmt: skip
    models = ("gcta", "human-default", "ldak-thin", "alpha")
    assert status == 0 and printed.splitlines() == [f"written: {tmp_path}/all.{m}.tagging.parquet" for m in models]
    assert names_in(tmp_path) == {f"all.{m}.tagging.parquet" for m in models}
    found = {model: read_own(tmp_path / f"all.{model}.tagging.parquet") for model in models}
    assert found["alpha"].n_categories == 31
    np.testing.assert_array_equal(found["alpha"].tagging[:, 0], found["gcta"].tagging[:, 0])
    words = ("--model", "ldak-thin", "--window-cm", 1, "--thin", portable / "ldak" / "weights.thin")
    assert (
        run_ldscores("build", "--bfile", portable_panel, *words, "--conventions", "ldsc", "--out", tmp_path / "thin")[0]
        == 0
    )
    alone = read_own(tmp_path / "thin.tagging.parquet")
    np.testing.assert_allclose(found["ldak-thin"].tagging, alone.tagging, rtol=2e-5, atol=1e-5)
    metadata = tables.read_parquet(tmp_path / "thin.tagging.parquet")[1]
    assert "thin" in str(metadata) and "sha256" in str(metadata)


def test_build__goes_on_after_it_was_killed(portable_panel, tmp_path, run_ldscores, monkeypatch):
    whole = build_files.build_chromosome
    words = ("build", "--bfile", portable_panel, "--out", tmp_path / "out", "--threads", 1)

    def killed(prepared, options):
        if prepared.panel.chrom[0].as_py() == "2":
            raise KeyboardInterrupt
        return whole(prepared, options)

    monkeypatch.setattr(build_files, "build_chromosome", killed)
    status, printed, said = run_ldscores(*words)
    assert (status, printed) == (130, "") and said.endswith("interrupted\n")
    assert names_in(tmp_path) == {"out.parts"}
    monkeypatch.setattr(build_files, "build_chromosome", whole)
    status, printed, said = run_ldscores(*words)
    assert (status, printed) == (0, f"written: {tmp_path}/out.tagging.parquet\n")
    assert f"8000 SNPs of 2 chromosomes, 1 of them found in {tmp_path}/out.parts" in said
    assert names_in(tmp_path) == {"out.tagging.parquet"}
    assert run_ldscores("build", "--bfile", portable_panel, "--out", tmp_path / "anew")[0] == 0
    again, anew = (read_own(tmp_path / f"{name}.tagging.parquet") for name in ("out", "anew"))
    np.testing.assert_array_equal(again.tagging, anew.tagging)


def test_build__regression_snps(portable_panel, tmp_path, run_ldscores):
    names = read_text(f"{portable_panel}.bim.xz").split()[1::6][::10]
    (tmp_path / "hm3").write_text("\n".join(names) + "\n")
    for out, words in (("all", ()), ("some", ("--regression-snps", tmp_path / "hm3"))):
        assert run_ldscores("build", "--bfile", portable_panel, "--double", *words, "--out", tmp_path / out)[0] == 0
    whole, some = (read_own(tmp_path / f"{name}.tagging.parquet") for name in ("all", "some"))
    assert some.snp.to_pylist() == names and some.m[0] == 8000
    np.testing.assert_allclose(some.tagging, whole.tagging[::10], rtol=1e-12)
    assert (some.regression_tagging < some.tagging[:, 0] + 2).all()


def test_build__bins_of_variables(portable_panel, tmp_path, run_ldscores):
    """LDSC's --cts-bin: all combinations of bins, without a base, and with it on request."""
    names = read_text(f"{portable_panel}.bim.xz").split()[1::6]
    for name, period in (("a", 7), ("b", 3)):
        lines = [f"{snp} {place % period - 1}\n" for place, snp in enumerate(names)]
        (tmp_path / name).write_text("".join(lines))
    words = (
        "--model",
        "own",
        "--cts-bin",
        f"{tmp_path}/a,{tmp_path}/b",
        "--cts-breaks",
        "0,3xN0.5",
        "--cts-names",
        "A,B",
    )
    assert run_ldscores("build", "--bfile", portable_panel, *words, "--out", tmp_path / "bins")[0] == 0
    found = read_own(tmp_path / "bins.tagging.parquet")
    assert found.names[:2] == ("A_min_0.0_B_min_-0.5", "A_min_0.0_B_-0.5_max") and found.n_categories == 6
    assert found.m.sum() == 8000
    assert run_ldscores("build", "--bfile", portable_panel, *words, "--base", "--out", tmp_path / "base")[0] == 0
    assert read_own(tmp_path / "base.tagging.parquet").names[-1] == "Base"
    status, _, said = run_ldscores("build", "--bfile", portable_panel, *words[:4], "--out", tmp_path / "x")
    assert status == 2 and "found one of --cts-bin and --cts-breaks; expected both" in said


def test_build__empty_and_constant_annotations_are_said(portable_panel, tmp_path, run_ldscores):
    for chromosome, n_snps in (("1", 4500), ("2", 3500)):
        (tmp_path / f"a.{chromosome}.annot").write_text("empty\tfull\n" + "0\t1\n" * n_snps)
    status, _, said = run_ldscores(
        "build", "--bfile", portable_panel, "--model", "own", "--annot", f"{tmp_path}/a.@", "--out", tmp_path / "o"
    )
    assert status == 0 and "0 at every SNP, so that fits leave it out: empty" in said
    (tmp_path / "whole.annot").write_text("empty\tfull\n" + "0\t1\n" * 8000)
    whole = tmp_path / "whole.annot"
    status, _, said = run_ldscores(
        "build", "--bfile", portable_panel, "--model", "own", "--annot", whole, "--out", tmp_path / "o"
    )
    assert "full is 1 at every SNP: fits cannot tell it from the base" in said
    assert said.count("at every SNP") == 2, "each column once"


# ---------------------------------------------------------------------------------------------------------------------
# annotate, thin, weights


def test_annotate(portable_panel, tmp_path, run_ldscores):
    bim = np.array(read_text(f"{portable_panel}.bim.xz").split()).reshape(-1, 6)
    chrom, bp = bim[:, 0], bim[:, 3].astype(int)
    (tmp_path / "enh.bed").write_text(f"chr1\t{bp[10] - 1}\t{bp[20]}\nchr2\t0\t{bp[-1]}\n")
    (tmp_path / "genes.gmt").write_text("brain\tx\tG1\tG2\nliver\tx\tG2\tG9\n")
    (tmp_path / "genes.loc").write_text(f"GENE CHR START END\nG1 1 {bp[100]} {bp[110]}\nG2 2 {bp[5000]} {bp[5000]}\n")
    (tmp_path / "score").write_text("".join(f"{snp} {place / 8}\n" for place, snp in enumerate(bim[:, 1])))
    status, printed, _ = run_ldscores(
        "annotate", "--bfile", portable_panel, "--bed", tmp_path / "enh.bed", "--gene-sets", tmp_path / "genes.gmt",
        "--gene-coordinates", tmp_path / "genes.loc", "--window-kb", 1, "--tables", tmp_path / "score", "--out",
        tmp_path / "ann.@",
    )  # fmt: skip
    assert status == 0 and "brain: 2 of 2 genes have coordinates" in printed and "liver: 1 of 2 genes" in printed
    assert printed.endswith(f"written: {tmp_path}/ann.1.annot.gz\nwritten: {tmp_path}/ann.2.annot.gz\n")
    lines = [read_text(tmp_path / f"ann.{name}.annot.gz").splitlines() for name in "12"]
    assert lines[0][0] == "CHR\tBP\tSNP\tCM\tenh\tbrain\tliver\tscore"
    values = np.array([line.split("\t")[4:] for line in lines[0][1:] + lines[1][1:]], float)
    near = {"enh": ("1", bp[10] - 1000, bp[20] + 1000), "G1": ("1", bp[100] - 1000, bp[110] + 1000),
            "G2": ("2", bp[5000] - 1000, bp[5000] + 1000)}  # fmt: skip
    inside = {name: (chrom == where) & (bp >= low) & (bp <= high) for name, (where, low, high) in near.items()}
    np.testing.assert_array_equal(values[:, 0], inside["enh"] | (chrom == "2"))
    np.testing.assert_array_equal(values[:, 1], inside["G1"] | inside["G2"])
    np.testing.assert_array_equal(values[:, 2], inside["G2"])
    np.testing.assert_array_equal(values[:, 3], np.arange(8000) / 8)
    words = ("--annot", f"{tmp_path}/ann.@", "--model", "own", "--out", tmp_path / "built")
    assert run_ldscores("build", "--bfile", portable_panel, *words)[0] == 0
    assert read_own(tmp_path / "built.tagging.parquet").names == ("enh", "brain", "liver", "score", "Base")


def test_annotate__messages(portable_panel, tmp_path, run_ldscores):
    (tmp_path / "a.bed").write_text("chr1\t0\t5\n")
    cases = {
        "found none of --bed, --gene-sets and --tables; expected at least one": (),
        "found one of --gene-sets and --gene-coordinates": ("--gene-sets", "x"),
        "--names: found 2 names for 1 BED files": ("--bed", tmp_path / "a.bed", "--names", "a,b"),
        "--window-kb -1: expected 0 or more": ("--bed", tmp_path / "a.bed", "--window-kb", -1),
    }
    for expected, words in cases.items():
        status, _, said = run_ldscores(
            "annotate", "--bfile", portable_panel, *words, "--quiet", "--out", tmp_path / "out"
        )
        assert status == (2 if "found none" in expected or "found one" in expected else 1) and expected in said
        assert said.count("\n") == status, "one line, and where to read of the flags"
    assert names_in(tmp_path) == {"a.bed"}


def test_thin__equals_ldak(portable_panel, portable, tmp_path, run_ldscores):
    status, printed, _ = run_ldscores("thin", "--bfile", portable_panel, "--out", tmp_path / "thin98")
    assert status == 0 and printed.startswith("5,969 of 8,000 SNPs stay: no two of them within 100 kb with r2 of 0.98")
    for suffix in ("in", "out", "trivial"):
        assert (tmp_path / f"thin98.{suffix}").read_text() == (portable / "ldak" / f"thin98.{suffix}").read_text()
    assert read_text(tmp_path / "thin98.weights") == read_text(portable / "ldak" / "weights.thin")


def test_weights__equal_ldak_and_build_the_same_tagging(portable_panel, portable, tmp_path, run_ldscores):
    status, printed, _ = run_ldscores("weights", "--bfile", portable_panel, "--out", tmp_path / "w", "--quiet")
    assert status == 0 and printed.endswith(f"written: {tmp_path}/w/weights.short and 8 more files beside it\n")
    ours, theirs = (
        [line.split() for line in read_text(path / "weights.short").splitlines()]
        for path in (tmp_path / "w", portable / "ldak" / "weights")
    )
    assert [name for name, _ in ours] == [name for name, _ in theirs]
    np.testing.assert_allclose([float(w) for _, w in ours], [float(w) for _, w in theirs], rtol=0, atol=1.1e-6)
    words = (
        "--bfile",
        portable_panel,
        "--model",
        "ldak",
        "--weights",
        tmp_path / "w" / "weights.short",
        "--format",
        "ldak",
    )
    assert run_ldscores("build", *words, "--out", tmp_path / "ldak")[0] == 0
    found, expected = (
        read_ldak_tagging(path) for path in (tmp_path / "ldak.tagging", portable / "ldak" / "ldak.tagging.xz")
    )
    np.testing.assert_allclose(found.tagging, expected.tagging, rtol=1e-6, atol=2e-4)


def test_thin__with_pvalues_keeps_the_smaller(portable_panel, tmp_path, run_ldscores):
    names = read_text(f"{portable_panel}.bim.xz").split()[1::6]
    rng = np.random.default_rng(1)
    (tmp_path / "p").write_text(
        "Predictor P\n" + "".join(f"{name} {p:.6f}\n" for name, p in zip(names, rng.random(8000), strict=True))
    )
    words = ("--pvalues", tmp_path / "p", "--pvalue-cutoff", 0.2, "--r2", 0.1, "--window-cm", 1, "--min-maf", 0.01)
    status, printed, _ = run_ldscores("thin", "--bfile", portable_panel, *words, "--out", tmp_path / "tops")
    assert status == 0 and "not used: beyond the p-value cutoff or below the MAF limit" in printed
    kept = (tmp_path / "tops.in").read_text().split()
    p = dict(line.split() for line in (tmp_path / "p").read_text().splitlines()[1:])
    assert 0 < len(kept) < 1600 and max(float(p[name]) for name in kept) <= 0.2


def test_weights__other_solvers_and_files(portable_panel, tmp_path, run_ldscores):
    words = ("--solver", "quick", "--no-thin", "--window-cm", 0.1, "--half-life", 0.05, "--min-r2", 0.01, "--spread")
    assert run_ldscores("weights", "--bfile", portable_panel, *words, "--out", tmp_path / "w")[0] == 0
    assert names_in(tmp_path / "w") >= {"weights.short", "weights.all", "weights.spread", "section.details"}
    (tmp_path / "taken").write_text("")
    status, _, said = run_ldscores("weights", "--bfile", portable_panel, *words, "--out", tmp_path / "taken")
    assert status == 1 and "found a file; expected a folder" in said


# ---------------------------------------------------------------------------------------------------------------------
# merge


def test_merge__chromosomes_make_the_whole(portable_panel, tmp_path, run_ldscores):
    bim = np.array(read_text(f"{portable_panel}.bim.xz").split()).reshape(-1, 6)
    for name in "12":
        (tmp_path / f"snps.{name}").write_text("\n".join(bim[bim[:, 0] == name, 1]) + "\n")
    for name, words in (
        ("1", ("--extract", tmp_path / "snps.1")),
        ("2", ("--extract", tmp_path / "snps.2")),
        ("all", ()),
    ):
        assert run_ldscores("build", "--bfile", portable_panel, "--double", *words, "--out", tmp_path / name)[0] == 0
    parts = [tmp_path / f"{name}.tagging.parquet" for name in "21"]
    status, printed, _ = run_ldscores("merge", *parts, "--out", tmp_path / "whole")
    assert (status, printed) == (0, f"{tmp_path}/whole.tagging.parquet: 8000 SNPs, 1 category\n")
    merged, built = (read_own(tmp_path / f"{name}.tagging.parquet") for name in ("whole", "all"))
    assert merged.snp.equals(built.snp)
    np.testing.assert_array_equal(merged.tagging, built.tagging)
    np.testing.assert_array_equal(merged.overlap, built.overlap)
    assert (merged.m[0], merged.m_5_50[0]) == (built.m[0], built.m_5_50[0])
    status, printed, said = run_ldscores("merge", parts[0], "--out", tmp_path / "x")
    assert status == 2 and "found 1 file, expected two or more" in said


def test_merge__models_side_by_side(portable_panel, portable, tmp_path, run_ldscores):
    words = ("--model", "gcta,human-default", "--window-kb", 100, "--out", tmp_path / "m")
    assert run_ldscores("build", "--bfile", portable_panel, *words)[0] == 0
    models = [tmp_path / f"m.{name}.tagging.parquet" for name in ("gcta", "human-default")]
    assert run_ldscores("merge", *models, "--out", tmp_path / "both.tagging")[0] == 0
    assert read_tagging(tmp_path / "both.tagging").n_categories == 2
    assert run_ldscores("merge", *models, "--out", tmp_path / "both")[0] == 0
    both = read_own(tmp_path / "both.tagging.parquet")
    assert both.names == ("Base[gcta]", "Base[human-default]")
    status, printed, _ = run_ldscores("show", tmp_path / "both.tagging.parquet")
    assert status == 0 and "Base[human-default]" in printed
    ldak = [portable / "ldak" / f"{name}.tagging.xz" for name in ("gcta", "humdef")]
    assert run_ldscores("merge", *ldak, "--along", "categories", "--out", tmp_path / "ldak.tagging")[0] == 0
    status, _, said = run_ldscores("merge", *ldak, "--along", "snps", "--quiet", "--out", tmp_path / "x")
    assert status == 1 and said.count("\n") == 1 and not (tmp_path / "x.tagging.parquet").exists()
