"""What would give a wrong number silently is refused, or said: guards of panels, models and parts."""

from __future__ import annotations

import lzma
import shutil
from pathlib import Path

import numpy as np
import pytest

from ldscores.ldak.thinning import thin_panel
from ldscores.panels.plink_files import read_panel
from ldscores.panels.reference_panel import LDAK_CONVENTIONS


@pytest.fixture
def bim(portable_panel) -> list[list[str]]:
    return [
        line.split() for line in lzma.decompress(Path(f"{portable_panel}.bim.xz").read_bytes()).decode().splitlines()
    ]


@pytest.fixture
def write_panel(portable_panel, tmp_path, bim):
    """Write rows of the portable panel in any order; the prefix."""

    def write(name: str, rows, change=lambda row: row) -> Path:
        prefix = tmp_path / name
        bed = Path(f"{portable_panel}.bed").read_bytes()
        width = (len(bed) - 3) // len(bim)
        genotypes = b"".join(bed[3 + width * row : 3 + width * (row + 1)] for row in rows)
        Path(f"{prefix}.bed").write_bytes(bed[:3] + genotypes)
        Path(f"{prefix}.bim").write_text("".join("\t".join(change(list(bim[row]))) + "\n" for row in rows))
        shutil.copy(f"{portable_panel}.fam", f"{prefix}.fam")
        return prefix

    return write


def test_chromosomes_in_any_file_order__give_the_same_thinning(write_panel, bim):
    chrom = np.array([row[0] for row in bim])
    first, second = np.flatnonzero(chrom == "1")[:300], np.flatnonzero(chrom == "2")[:300]
    # 1, 2, 3 in the file order 1, 3, 2: the first and the last place are right, the middle is not.
    halves = [first[:150], first[150:], second]
    labels = {int(row): label for rows, label in zip(halves, "123", strict=True) for row in rows}

    def relabel(row):
        return [labels[[other[1] for other in bim].index(row[1])], *row[1:]]

    kept = []
    for name, order in (("sorted", [0, 1, 2]), ("shuffled", [0, 2, 1])):
        prefix = write_panel(name, np.concatenate([halves[place] for place in order]).tolist(), relabel)
        panel = read_panel(prefix, conventions=LDAK_CONVENTIONS)
        kept.append(thin_panel(panel, window_kb=1000, r2=0.2).kept.tolist())
    assert kept[0] == kept[1]


def refused(run_ldscores, *words) -> str:
    status, _, said = run_ldscores(*words, "--quiet")
    assert status in (1, 2) and said.count("error: ") == 1 and "Traceback" not in said
    return said


def test_lists_and_options_that_would_mislead__are_refused(portable_panel, tmp_path, bim, run_ldscores, write_panel):
    whole = write_panel("whole", range(len(bim)))
    build = ("build", "--bfile", whole, "--window-cm", 1, "--out", tmp_path / "o")
    (tmp_path / "few").write_text("rs_other\n")
    assert "none of its 1 names (first: rs_other)" in refused(
        run_ldscores, *build, "--regression-snps", tmp_path / "few"
    )
    (tmp_path / "people").write_text("F0 I0\nF1 I1\n")
    assert "found 2 people" in refused(run_ldscores, *build, "--keep", tmp_path / "people")
    assert "beside a grid of alphas" in refused(
        run_ldscores, *build, "--model", "alpha", "--alphas=-1,0", "--power", -1
    )
    annot = portable_panel.parent / "ann.@"
    assert "no model of gcta uses" in refused(run_ldscores, *build, "--annot", annot)
    (tmp_path / "w").write_text("\n".join(f"{row[1]} 1" for row in bim))
    assert "weights that no model of gcta uses" in refused(run_ldscores, *build, "--weights", tmp_path / "w")
    assert "found a folder" in refused(run_ldscores, *build[:-1], f"{tmp_path}/")


def test_one_chromosome_under_two_names__is_refused(write_panel, bim, run_ldscores, tmp_path):
    rows = list(range(200))
    prefix = write_panel(
        "mixed", rows, lambda row: [f"chr{row[0]}" if int(row[1][2:]) % 200 < 100 else row[0], *row[1:]]
    )
    said = refused(run_ldscores, "build", "--bfile", prefix, "--window-cm", 1, "--out", tmp_path / "o")
    assert "one under two names" in said


def test_zero_centimorgans_on_one_chromosome__are_refused_before_any_work(write_panel, bim, run_ldscores, tmp_path):
    prefix = write_panel("zero", range(len(bim)), lambda row: [*row[:2], "0" if row[0] == "2" else row[2], *row[3:]])
    for verb in ("build", "thin"):
        said = refused(run_ldscores, verb, "--bfile", prefix, "--window-cm", 1, "--out", tmp_path / "o")
        assert "all positions of chromosome 2 in centimorgans are zero" in said
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("o")]


def test_a_damaged_part__is_built_again(portable_panel, tmp_path, bim, run_ldscores, write_panel, monkeypatch):
    from ldscores.building import build_files

    prefix = write_panel("whole", range(len(bim)))
    words = ("build", "--bfile", prefix, "--window-cm", 1, "--out", tmp_path / "o", "--quiet")
    kept = build_files.shutil.rmtree if hasattr(build_files, "shutil") else None
    if kept is not None:
        monkeypatch.setattr(build_files.shutil, "rmtree", lambda *args, **options: None)
    assert run_ldscores(*words)[0] == 0
    whole = (tmp_path / "o.tagging.parquet").read_bytes()
    for part in tmp_path.glob("o.parts/*.tagging.parquet"):
        part.write_bytes(b"")
    (tmp_path / "o.tagging.parquet").unlink()
    assert run_ldscores(*words)[0] == 0
    assert (tmp_path / "o.tagging.parquet").read_bytes() == whole


def test_a_list_of_another_panel__is_warned_about(bim, write_panel, tmp_path, run_ldscores):
    prefix = write_panel("whole", range(len(bim)))
    (tmp_path / "t.in").write_text(f"{bim[3][1]}\nrs_other\n")
    status, _, said = run_ldscores(
        "build", "--bfile", prefix, "--model", "ldak-thin", "--thin", tmp_path / "t.in", "--out", tmp_path / "o"
    )
    assert status == 0 and "warning: " in said and "1 of the panel's 8000 SNPs have a weight" in said
