"""Taggings against LDAK 6.2: every command of its log whose file was kept, run again from the same words."""

from __future__ import annotations

import lzma
from pathlib import Path

import numpy as np
import pytest
from conftest import PORTABLE, SHARED

from ldscores.building.build import BuildOptions, build_tagging
from ldscores.building.sweep import SweepOptions
from ldscores.models.heritability_models import find_model
from ldscores.models.model_files import find_models
from ldscores.panels.pair_windows import PairWindow
from ldscores.panels.panel_files import read_snp_names
from ldscores.panels.plink_files import read_panel
from ldscores.panels.reference_panel import LDAK_CONVENTIONS
from ldscores.taggings.ldak_tagging_files import read_ldak_tagging
from ldscores.taggings.tagging import Tagging

PANELS = SHARED / "reference" / "ldak"


def find_cases() -> dict[str, tuple[Path, dict[str, str]]]:
    """Commands by panel and name of the output, where the file of a command is there."""
    cases = {}
    for log in [*PANELS.glob("*/COMMANDS*.txt"), PORTABLE / "ldak" / "COMMANDS.txt"]:
        for line in log.read_text().splitlines():
            words = line.split()
            if words[:2] != ["ldak", "--calc-tagging"]:
                continue
            # The portable set's paths are relative to the folder above its ldak/.
            folder = log.parent.parent if "portable" in str(log) else log.parent
            options = dict(zip(words[3::2], words[4::2], strict=True))
            if any(folder.glob(f"{words[2]}.tagging*")) and "--subset-number" not in options:
                cases[f"{log.parent.parent.name if 'portable' in str(log) else log.parent.name}/{words[2]}"] = (
                    folder, options | {"out": words[2]},
                )  # fmt: skip
    return cases


CASES = find_cases()


def located(folder: Path, name: str | None) -> str | None:
    """A path or prefix of a command; the portable set keeps inputs in inputs/, and large files are packed."""
    if name is None:
        return None
    places = [base / f"{name}{end}" for base in (folder, folder / "inputs") for end in ("", ".xz")]
    prefixes = [base / name for base in (folder, folder / "inputs") if any(base.glob(f"{name}*"))]
    return str(next((place for place in places if place.is_file()), prefixes[0]))


def build(folder: Path, options: dict[str, str], bfile: str) -> Tagging:
    extract = located(folder, options.get("--extract"))
    panel = read_panel(
        bfile, extract=extract, keep=located(folder, options.get("--keep")), conventions=LDAK_CONVENTIONS
    )
    annotated = "--annotation-prefix" in options or "--partition-prefix" in options
    model = find_model("own" if annotated else "ldak" if "--weights" in options else "human-default")
    number = {key: int(options[key]) for key in options if key.endswith("-number")}
    files = find_models(
        panel, [model], weights=located(folder, options.get("--weights")), power=float(options["--power"]),
        annotation_prefix=located(folder, options.get("--annotation-prefix")),
        annotation_number=number.get("--annotation-number"),
        partition_prefix=located(folder, options.get("--partition-prefix")),
        partition_number=number.get("--partition-number"),
        background={"YES": True, "NO": False, None: None}[options.get("--background")],
        all_one=options.get("--all-one", "YES") == "YES", hwe_stand=options.get("--hwe-stand", "YES") == "YES",
    )  # fmt: skip
    window = PairWindow("cM", float(options["--window-cm"])) if "--window-cm" in options else PairWindow("kb", 1000.0)
    regression = options.get("--regression-predictors")
    built = build_tagging(
        panel, files.models,
        BuildOptions(
            window, conventions=LDAK_CONVENTIONS,
            regression_snps=None if regression is None else read_snp_names(folder / regression),
            sweep=SweepOptions(
                2, double=True, unbiased=options.get("--unbiased", "YES") == "YES",
                min_r2=float(options.get("--min-cor", 0)),
            ),
        ),
    )  # fmt: skip
    return built[model.name]


@pytest.fixture(scope="module")
def portable_panel(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("portable")
    for suffix in ("bed", "fam"):
        (folder / f"panel.{suffix}").write_bytes((PORTABLE / "inputs" / f"panel.{suffix}").read_bytes())
    (folder / "panel.bim").write_bytes(lzma.decompress((PORTABLE / "inputs" / "panel.bim.xz").read_bytes()))
    return str(folder / "panel")


@pytest.mark.parametrize("name", CASES)
def test_tagging__equals_ldaks(name, portable_panel):
    """Neighbours exactly; Tagging, values and sums to the rounding of the file (SPEC-LDAK section 12)."""
    folder, options = CASES[name]
    bfile = portable_panel if name.startswith("portable") else str(PANELS / "panels" / folder.name)
    expected = read_ldak_tagging(next(folder.glob(f"{options['out']}.tagging*")))
    found = build(folder, options, bfile)
    assert found.snp.equals(expected.snp)
    np.testing.assert_array_equal(found.ldak.neighbours, expected.ldak.neighbours)
    np.testing.assert_array_equal(found.ldak.n_memberships, expected.ldak.n_memberships)
    # Half a unit of the last digit printed; u_jk as LDAK's single precision adds it up errs by a little more.
    np.testing.assert_allclose(found.regression_tagging, expected.regression_tagging, rtol=1e-7, atol=5.02e-4)
    np.testing.assert_allclose(found.tagging, expected.tagging, rtol=1e-7, atol=5.1e-5)
    np.testing.assert_allclose(found.ldak.exp_heritability, expected.ldak.exp_heritability, rtol=0, atol=5.1e-5)
    if expected.ldak.variance is None:
        np.testing.assert_allclose(found.maf, expected.maf, rtol=0, atol=5.1e-7)
    if "--heritability-predictors" not in options:
        sums = expected.ldak.contributions
        np.testing.assert_allclose(found.ldak.contributions, sums, rtol=1e-8, atol=5.1e-5)
        np.testing.assert_array_equal(found.ldak.counts, expected.ldak.counts)
        assert (found.ldak.n_reference, found.ldak.n_heritability) == (
            expected.ldak.n_reference, expected.ldak.n_heritability,
        )  # fmt: skip


def test_cases__were_found():
    """Commands are matched to files by pattern: a change of the folder must not make the test pass emptily."""
    n_portable = sum(name.startswith("portable") for name in CASES)
    assert n_portable == 13
    assert not SHARED.is_dir() or len(CASES) - n_portable > 40
