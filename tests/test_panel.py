"""The panel type, and centimorgans from genetic maps."""

from __future__ import annotations

import gzip
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from ldscores.panels.genetic_map_files import read_genetic_map
from ldscores.panels.reference_panel import ReferencePanel, make_panel, repeated_names, single_letter_rows
from ldscores.shared.errors import InputError

DOSAGES = np.array([[0, 1, 2, -127], [2, 2, 1, 0], [1, 0, 0, 1], [0, 0, 0, 2]], dtype=np.int8)


def small_panel() -> ReferencePanel:
    return make_panel(DOSAGES, ["1", "1", "2", "X"], np.array([100, 200, 50, 70]))


def test_panel__rows_of_chromosomes_and_blocks():
    panel = small_panel()
    assert panel.chromosomes() == {"1": slice(0, 2), "2": slice(2, 3), "X": slice(3, 4)}
    assert panel.n_individuals == 4 and len(panel) == 4
    np.testing.assert_array_equal(panel.dosages(1, 3), DOSAGES[1:3])
    part = panel.take(np.array([0, 2, 3]))
    np.testing.assert_array_equal(part.dosages(1), DOSAGES[2:])
    np.testing.assert_array_equal(part.take(slice(1, 2)).dosages(), DOSAGES[2:3])
    np.testing.assert_array_equal(part.summarise().counts[0], [1, 1, 1, 1])


def test_panel__standardises():
    values = small_panel().standardised(1, 2, np.float64)
    np.testing.assert_allclose(values.mean(), 0, atol=1e-12)
    np.testing.assert_allclose((values**2).mean(), 1)


def test_repeated_names__are_refused_by_name():
    with pytest.raises(InputError, match=r"2 SNPs share their name with another one \(first: rs1\); expected unique"):
        replace(small_panel(), snp=pa.array(["rs1", "rs2", "rs1", "rs3"]))
    np.testing.assert_array_equal(repeated_names(pa.array(["a", "b", "a"])), [True, False, True])


def test_unsorted_positions__are_refused_with_both_snps():
    with pytest.raises(InputError, match=r"SNP rs1 \(1:20\) stands after rs0 \(1:30\); expected SNPs sorted.*plink2"):
        make_panel(DOSAGES, ["1", "1", "2", "X"], np.array([30, 20, 1, 1]))


def test_no_snps__is_said():
    with pytest.raises(InputError, match="found 0 SNPs and 4 people"):
        small_panel().take(np.array([], dtype=int))


def test_single_letters__are_ldaks_rule():
    alleles = pa.array(["A", "AT", "1", "C"]), pa.array(["C", "A", "2", "C"])
    np.testing.assert_array_equal(single_letter_rows(alleles, np.array([5, 5, 0, 5])), [True, False, False, False])


# ---------------------------------------------------------------------------------------------------------------------
# Genetic maps

MAPS = {
    "shapeit": "pos\tchr\tcM\n100\t1\t0\n200\t1\t1.0\n",
    "hapmap": "Chromosome\tPosition(bp)\tRate(cM/Mb)\tMap(cM)\nchr1\t100\t1\t0\nchr1\t200\t1\t1.0\n",
    "plink": "1 rsA 0 100\n1 rsB 1.0 200\n",
}


@pytest.mark.parametrize("layout", MAPS)
def test_genetic_map__is_interpolated_and_constant_beyond(layout, tmp_path):
    (tmp_path / "map.txt").write_text(MAPS[layout])
    panel = make_panel(DOSAGES, ["1"] * 4, np.array([50, 100, 150, 900]))
    placed = read_genetic_map(tmp_path / "map.txt").place(panel)
    np.testing.assert_allclose(placed.cm, [0, 0, 0.5, 1])
    assert placed.notes[-1].startswith("centimorgans from")


def test_genetic_map__one_file_per_chromosome_without_its_name(tmp_path):
    for chrom, end in (("1", 1.0), ("2", 3.0)):
        with gzip.open(tmp_path / f"chr{chrom}.b37.gmap.gz", "wt") as stream:
            stream.write(f"position COMBINED_rate(cM/Mb) Genetic_Map(cM)\n0 1 0\n100 1 {end}\n")
    panel = make_panel(DOSAGES[:2], ["chr1", "chr2"], np.array([50, 50]))
    np.testing.assert_allclose(read_genetic_map(tmp_path / "chr@.b37.gmap").place(panel).cm, [0.5, 1.5])


def test_genetic_map__messages(tmp_path):
    (tmp_path / "other.txt").write_text("a b\n1 2\n")
    with pytest.raises(InputError, match="found columns a b; expected a position and centimorgans, e.g. 'pos chr cM'"):
        read_genetic_map(tmp_path / "other.txt")
    (tmp_path / "falls.txt").write_text("pos chr cM\n1 1 2\n2 1 1\n")
    with pytest.raises(InputError, match="centimorgans fall while positions rise on chromosome 1"):
        read_genetic_map(tmp_path / "falls.txt")
    (tmp_path / "one.txt").write_text(MAPS["shapeit"])
    with pytest.raises(InputError, match="no chromosome 2, which panel has; found 1; give a map of all chromosomes"):
        read_genetic_map(tmp_path / "one.txt").place(small_panel())


@pytest.mark.shared
def test_genetic_map__of_shapeit(shared):
    """Real HapMap map: centimorgans of the panel's .bim came from a map like it."""
    genetic_map = read_genetic_map(shared / "data" / "ldblocks_genes_maps" / "chr@.b37.gmap.gz")
    assert sorted(genetic_map.points) == ["21", "22"]
