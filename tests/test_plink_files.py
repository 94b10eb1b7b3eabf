"""PLINK 1 files: what is read, and one message for each way in which they can be wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ldscores.panels.plink_files import read_panel
from ldscores.panels.reference_panel import LDAK_CONVENTIONS
from ldscores.shared.errors import InputError

CODES = {2: 0b00, -127: 0b01, 1: 0b10, 0: 0b11}


def write_panel(
    prefix: Path,
    dosages: np.ndarray,
    chrom: str | list[str] = "1",
    bp: list | None = None,
    alleles: list[tuple[str, str]] | None = None,
    snp: list[str] | None = None,
    people: list[str] | None = None,
    cm: list[float] | None = None,
) -> Path:
    """A PLINK 1 panel written bit by bit, by the format's description."""
    n_snps, n_people = dosages.shape
    packed = bytearray(b"\x6c\x1b\x01")
    for row in dosages.tolist():
        for start in range(0, n_people, 4):
            packed.append(sum(CODES[x] << (2 * place) for place, x in enumerate(row[start : start + 4])))
    prefix.with_name(prefix.name + ".bed").write_bytes(bytes(packed))
    chroms = [chrom] * n_snps if isinstance(chrom, str) else chrom
    lines = [
        f"{chroms[row]}\t{snp[row] if snp else f'rs{chroms[row]}_{row}'}\t{cm[row] if cm else 0}\t"
        f"{bp[row] if bp else 10 * row + 10}\t{alleles[row][0] if alleles else 'A'}\t"
        f"{alleles[row][1] if alleles else 'G'}\n"
        for row in range(n_snps)
    ]
    prefix.with_name(prefix.name + ".bim").write_text("".join(lines))
    people = people or [f"F{place} I{place}" for place in range(n_people)]
    prefix.with_name(prefix.name + ".fam").write_text("".join(f"{person} 0 0 1 -9\n" for person in people))
    return prefix


@pytest.fixture
def dosages() -> np.ndarray:
    found = np.random.default_rng(1).integers(0, 3, (7, 9)).astype(np.int8)
    found[2, 4] = found[6, 8] = -127
    return found


def test_read__counts_the_first_allele(dosages, tmp_path):
    panel = read_panel(write_panel(tmp_path / "p", dosages, alleles=[("1", "2")] * 6 + [("ATT", "A")]))
    np.testing.assert_array_equal(panel.dosages(), dosages)
    np.testing.assert_array_equal(panel.dosages(2, 5), dosages[2:5])
    assert panel.allele_1.to_pylist() == ["1"] * 6 + ["ATT"]
    assert panel.individuals[0].as_py() == "F0 I0"


@pytest.mark.parametrize("name", ["p", "p.bed"])
def test_read__by_prefix_or_file(name, dosages, tmp_path):
    write_panel(tmp_path / "p", dosages)
    assert len(read_panel(tmp_path / name)) == 7


def test_read__one_set_per_chromosome_any_names_natural_order(dosages, tmp_path):
    for chrom in ("X", "10", "2"):
        write_panel(tmp_path / f"eur.{chrom}", dosages, f"chr{chrom}")
    for name in ("eur.@", "eur.{chr}", "eur."):
        panel = read_panel(tmp_path / name)
        assert list(panel.chromosomes()) == ["chr2", "chr10", "chrX"]
        np.testing.assert_array_equal(panel.dosages(5, 9), np.concatenate([dosages[5:], dosages[:2]]))


def test_read__one_fam_for_all_chromosomes(dosages, tmp_path):
    for chrom in "12":
        write_panel(tmp_path / f"eur.{chrom}", dosages, chrom)
        (tmp_path / f"eur.{chrom}.fam").rename(tmp_path / "eur.fam")
    assert read_panel(tmp_path / "eur.@").n_individuals == 9


def test_keep_remove_extract_exclude(dosages, tmp_path):
    write_panel(tmp_path / "p", dosages)
    files = {"both": "F1 I1\nF3 I3\n", "iid": "I1\nI3\n", "ldsc": "I1 x\nI3 x\n", "snps": "rs1_0\nrs1_6\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    for name in ("both", "iid", "ldsc"):
        panel = read_panel(tmp_path / "p", keep=tmp_path / name, extract=tmp_path / "snps")
        np.testing.assert_array_equal(panel.dosages(), dosages[np.ix_([0, 6], [1, 3])])
    panel = read_panel(tmp_path / "p", remove=tmp_path / "both", exclude=tmp_path / "snps")
    np.testing.assert_array_equal(panel.dosages(1, 3), dosages[2:4, [0, 2, 4, 5, 6, 7, 8]])
    assert panel.notes == ("2 SNPs left out by --exclude", "2 people left out by --remove")


def test_ldaks_conventions__leave_snps_out(dosages, tmp_path):
    alleles = [("A", "G"), ("AT", "G"), ("A", "A"), *[("A", "G")] * 4]
    names = ["a", "b", "c", "d", "d", "e", "f"]
    write_panel(tmp_path / "p", dosages, bp=[0, 1, 2, 3, 4, 5, 6], alleles=alleles, snp=names)
    panel = read_panel(tmp_path / "p", conventions=LDAK_CONVENTIONS)
    assert panel.snp.to_pylist() == ["e", "f"]
    with pytest.raises(InputError, match=r"2 SNPs share their name with another one \(first: d\)"):
        read_panel(tmp_path / "p")


def test_positions_of_r__are_whole_numbers(dosages, tmp_path):
    panel = read_panel(write_panel(tmp_path / "p", dosages, bp=[1, 2, 3, 4, 5, 6, "1e+05"]))
    assert panel.bp[-1] == 100_000 and panel.bp.dtype == np.int64


# ---------------------------------------------------------------------------------------------------------------------
# Messages


def message(prefix: Path, **options) -> str:
    with pytest.raises(InputError) as error:
        read_panel(prefix, **options)
    return str(error.value)


def test_truncated_bed(dosages, tmp_path):
    write_panel(tmp_path / "p", dosages)
    bed = tmp_path / "p.bed"
    bed.write_bytes(bed.read_bytes()[:-4])
    assert message(tmp_path / "p") == (
        f"{bed}: 20 bytes, expected 24 for 7 SNPs (p.bim) and 9 people (p.fam); the file is truncated after 5 SNPs, or "
        ".bim or .fam are of another panel: copy all three again"
    )


def test_bed_of_another_panel(dosages, tmp_path):
    write_panel(tmp_path / "p", dosages)
    bed = tmp_path / "p.bed"
    bed.write_bytes(bed.read_bytes() + b"\x00" * 3)
    assert "27 bytes, expected 24" in message(tmp_path / "p")
    assert message(tmp_path / "p").endswith(".bim or .fam are of another panel: copy all three again")


def test_no_bed_at_all(dosages, tmp_path):
    write_panel(tmp_path / "p", dosages)
    (tmp_path / "p.bed").write_bytes(b"VCF")
    assert "does not begin with the bytes 6c 1b of a PLINK 1 .bed (found 56 43)" in message(tmp_path / "p")
    (tmp_path / "p.bed").write_bytes(b"\x6c\x1b\x00")
    assert "individual-major .bed; expected a SNP-major one; write it again with plink --make-bed" in message(
        tmp_path / "p"
    )


@pytest.mark.parametrize("suffix", [".bim", ".fam"])
def test_missing_bim_or_fam(suffix, dosages, tmp_path):
    write_panel(tmp_path / "p", dosages)
    (tmp_path / f"p{suffix}").unlink()
    assert message(tmp_path / "p").startswith(f"{tmp_path / 'p'}{suffix}: no such file; expected it beside")


def test_compressed_bed(dosages, tmp_path):
    write_panel(tmp_path / "p", dosages)
    (tmp_path / "p.bed").rename(tmp_path / "p.bed.xz")
    assert message(tmp_path / "p").endswith(f"unpack it, e.g. with: xz -dk {tmp_path / 'p.bed.xz'}")


def test_missing_panel__offers_no_compressed_files(tmp_path):
    stem = tmp_path / "p"
    assert message(stem).startswith(f"{stem}: found no PLINK genotypes; expected {stem}.bed or {stem}@.bed, @ being a ")


def test_fam_of_another_panel(dosages, tmp_path):
    write_panel(tmp_path / "e.1", dosages, "1")
    write_panel(tmp_path / "e.2", dosages, "2", people=[f"F{p} J{p}" if p == 4 else f"F{p} I{p}" for p in range(9)])
    assert "its 9 people are not the 9 of" in message(tmp_path / "e.@")
    assert "(first difference on line 5); expected the same people in the same order" in message(tmp_path / "e.@")


def test_unsorted_positions(dosages, tmp_path):
    write_panel(tmp_path / "p", dosages, bp=[1, 2, 9, 4, 5, 6, 7])
    assert "SNP rs1_3 (1:4) stands after rs1_2 (1:9); expected SNPs sorted" in message(tmp_path / "p")


def test_swapped_columns(dosages, tmp_path):
    write_panel(tmp_path / "p", dosages, bp=[0.5] * 7)
    assert "has position 0.5; expected a whole number of base pairs; are columns 3" in message(tmp_path / "p")


def test_lists_of_other_names(dosages, tmp_path):
    write_panel(tmp_path / "p", dosages)
    (tmp_path / "list").write_text("nobody\nnothing\n")
    assert "none of its names is among the 7 SNPs" in message(tmp_path / "p", extract=tmp_path / "list")
    assert "none of its 2 people (first: nobody) is in the panel (first: F0 I0)" in message(
        tmp_path / "p", keep=tmp_path / "list"
    )


def test_ragged_bim(dosages, tmp_path):
    write_panel(tmp_path / "p", dosages)
    bim = tmp_path / "p.bim"
    bim.write_text(bim.read_text().replace("\tA\tG\n", "\tA\n", 1))
    assert "p.bim" in message(tmp_path / "p")
