"""`sumh2 atlas-test --plot`: the differences that a hypothesis is about, and its p-value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from atlas_page_world import make_atlas

from sumh2.atlas.atlas_files import write_atlas
from sumh2.atlas.hypotheses import check_hypothesis
from sumh2.plots import plot_hypothesis
from sumh2.results import p_text


@pytest.fixture(scope="module")
def atlas():
    return make_atlas()


def points(ax):
    """x of all points drawn, in the order of the rows."""
    found = [tuple(xy) for line in ax.lines for xy in zip(*line.get_data(), strict=True) if line.get_marker() == "o"]
    return [x for x, _ in sorted(found, key=lambda xy: xy[1])]


def caption(ax):
    return ax.get_figure().get_supxlabel()


def test_plot__shows_each_difference_and_the_joint_p(atlas):
    result = check_hypothesis(atlas, "rg(height, {bmi, scz}) = 0.1")
    ax = plot_hypothesis(result)
    assert [label.get_text().replace("−", "-") for label in ax.get_yticklabels()] == [
        str(row.equation) for row in result.equations
    ]
    assert points(ax) == [row.difference for row in result.equations] and len(result.equations) == 2
    assert f"all 2 together ({result.test}): p = {p_text(result.p, result.log10_p)}" in caption(ax)


def test_plot__of_one_equation_says_its_p_once(atlas):
    result = check_hypothesis(atlas, "rg(height, bmi) = rg(height, scz)")
    assert caption(plot_hypothesis(result)) == f"p = {p_text(result.p, result.log10_p)}"


def test_plot__of_many_keeps_the_smallest_p(atlas):
    one = check_hypothesis(atlas, "rg(height, bmi) = 0").equations[0]
    rng = np.random.default_rng(1)
    rows = tuple(replace(one, difference=float(z), log10_p=-abs(float(z))) for z in rng.normal(size=150))
    ax = plot_hypothesis(replace(check_hypothesis(atlas, "rg(height, bmi) = 0"), equations=rows))
    kept = sorted((abs(row.difference) for row in rows), reverse=True)[:100]
    assert len(ax.get_yticks()) == 100 and "50 equations with larger p-values are not drawn" in caption(ax)
    assert sorted((abs(x) for x in points(ax)), reverse=True) == kept


def test_atlas_test__draws_with_and_without_out(run_sumh2, atlas, tmp_path):
    (tmp_path / "a").mkdir()
    write_atlas(atlas, tmp_path / "a")
    line = ["atlas-test", tmp_path / "a", "rg(height, {bmi, scz}) = 0"]
    status, out, _ = run_sumh2(*line, "--plot", tmp_path / "p.svg")
    assert status == 0 and f"written: {tmp_path / 'p.svg'}" in out and "all 2 together" in out
    assert "left minus right side" in (tmp_path / "p.svg").read_text()
    status, out, _ = run_sumh2(*line, "--plot", tmp_path / "q.png", "--out", tmp_path / "q")
    assert status == 0 and all((tmp_path / f"q.{ending}").is_file() for ending in ("tsv", "json", "log", "png"))
    status, _, err = run_sumh2(*line, "rg(bmi, scz) = 0", "--plot", tmp_path / "r.svg")
    assert status == 2 and "--plot: found several hypotheses" in err


def test_atlas_test__without_a_hypothesis_asks_for_one(run_sumh2, tmp_path):
    status, _, err = run_sumh2("atlas-test", tmp_path, "--plot", tmp_path / "p.svg")
    assert status == 2 and "found no hypothesis" in err
