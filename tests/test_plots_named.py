"""Figures hide nothing silently: what the frame cuts has an arrow and its number, what is left out is named."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from sumh2.plots.figures import plain_names
from sumh2.plots.forest import Estimates, draw_forest, forest_axes

LONG = [
    f"Roadmap_epigenome_{number:03d}_H3K27ac_consolidated_narrow_{number % 7}_flanking_500bp_extended"
    for number in range(40)
]


def forest(n_rows, n_series):
    value, se = np.linspace(1, 3, n_rows), np.full(n_rows, 0.5)
    value[2], se[2] = 60, 12
    se[3] = 40
    series = [Estimates(value, se, ["ok"] * n_rows, f"trait {number}") for number in range(n_series)]
    names = LONG[:n_rows] if n_rows <= len(LONG) else [f"row {number}" for number in range(n_rows)]
    ax = forest_axes(120, n_rows, n_series, names=names)
    draw_forest(ax, names, series, null=1.0, numbers="enrichment (SE)")
    return ax


@pytest.mark.parametrize(("n_rows", "n_series"), [(10, 1), (10, 3), (150, 1)])
def test_forest__says_the_numbers_of_what_it_cuts(n_rows, n_series):
    ax = forest(n_rows, n_series)
    low, high = ax.get_xlim()
    assert high < 20  # the two rows are cut
    arrows = [line for line in ax.lines if line.get_gid() == "beyond"]
    at = sorted((float(x), line.get_marker()) for line in arrows for x in line.get_xdata())
    assert at == sorted([(low, "<"), (high, ">"), (high, ">")] * n_series)
    assert all(line.get_markersize() >= 2 and not line.get_clip_on() for line in arrows)
    said = [text.get_text() for text in ax.texts]
    for number in ("60", "40"):
        assert sum(number in words for words in said) >= n_series


def test_forest__without_cuts_has_no_further_column():
    ax = forest_axes(120, 2, 2)
    series = [Estimates([1.0, 2.0], [0.5, 0.5], ["ok", "ok"], name) for name in "ab"]
    draw_forest(ax, ["a", "b"], series)
    assert not ax.texts


@pytest.mark.parametrize("most", [20, 34, 60])
def test_long_names__stay_different(most):
    names = [
        *LONG, "a" * 80 + "1", "a" * 80 + "2", "x" + "b" * 90, "y" + "b" * 90, "same", "same",
        "c" * 30 + "1" + "c" * 60, "c" * 30 + "2" + "c" * 60, "c" * 31 + "2" + "c" * 60,
    ]  # fmt: skip
    shown = plain_names(names, most)
    assert len(set(shown)) == len(set(names))
    assert shown[names.index("same")] == "same"
    assert sum(len(name) > most for name in shown) <= 3  # whole names are the last resort


def test_forest__shows_names_that_differ_and_leaves_room_for_the_intervals():
    ax = forest(20, 1)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert len(set(labels)) == 20
    ax.figure.canvas.draw()
    assert ax.get_position().width * ax.figure.get_size_inches()[0] * 25.4 > 45


# --- Traits that are not drawn ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def atlas_folder(portable, tmp_path_factory):
    """An atlas of three traits, one of them a second time, and two files that are no summary statistics."""
    from ldscores.shared.command_line import call_command
    from sumh2.cli import COMMANDS

    folder = tmp_path_factory.mktemp("named")
    traits = [folder / f"{name}.sumstats.xz" for name in ("one", "two", "three", "twin")]
    for path, number in zip(traits, (1, 2, 3, 1), strict=True):
        path.write_bytes((portable / "inputs" / f"trait{number}.sumstats.xz").read_bytes())
    for name in ("broken", "damaged"):
        traits.append(folder / f"{name}.sumstats.gz")
        traits[-1].write_bytes(b"\x00\x01")
    words = ["atlas", *traits, "--ld", portable / "ldsc" / "ld.", "--n-blocks", "40", "--out", folder / "atlas", "--plot",
             folder / "heat.svg"]  # fmt: skip
    (folder / "said.txt").write_text(str(call_command("sumh2", COMMANDS, [str(word) for word in words])))
    return folder


def test_heatmap__names_traits_without_any_estimate_and_puts_them_last(atlas_folder):
    from sumh2 import read_atlas
    from sumh2.plots import plot_heatmap

    assert "2 traits without any estimate (grey): broken, damaged" in (atlas_folder / "heat.svg").read_text()
    ax = plot_heatmap(read_atlas(atlas_folder / "atlas"))
    assert [label.get_text() for label in ax.get_yticklabels()][-2:] == ["broken", "damaged"]
    assert sum(patch.get_gid() == "no estimate" for patch in ax.patches) == 2


def test_heatmap__of_whole_atlas_has_no_caption():
    import plot_worlds as worlds

    from sumh2.plots import plot_consistent, plot_heatmap

    for ax in (plot_heatmap(worlds.atlas_result()), plot_consistent(worlds.consistent_result())):
        assert ax.get_figure()._supxlabel is None
        assert not [patch for patch in ax.patches if patch.get_gid() == "no estimate"]


def test_consistent__names_what_it_leaves_out_in_its_figures(atlas_folder, run_sumh2):
    plot, heatmap = atlas_folder / "plot.svg", atlas_folder / "consistent.svg"
    status, _, said = run_sumh2("consistent", atlas_folder / "atlas", "--traits", "one,two,three,broken", "--draws", "0",
                                "--plot", plot, "--heatmap", heatmap)  # fmt: skip
    assert status == 0, said
    for path in (plot, heatmap):
        assert "1 trait left out of the fit: broken" in path.read_text()


def test_same_study_twice__is_on_the_screen(atlas_folder, run_sumh2, portable):
    assert "same data: one - twin: both traits have the same z scores" in (atlas_folder / "said.txt").read_text()
    _, _, said = run_sumh2("consistent", atlas_folder / "atlas", "--draws", "0", "--no-replicates")
    assert "one and twin: the same data under two names; leave out one" in said
    trait = portable / "inputs" / "trait1.sumstats.xz"
    status, printed, _ = run_sumh2("rg", trait, trait, "--traits", "a,b", "--ld", portable / "ldsc" / "ld.")
    assert status == 0 and "a - b: same data: both traits have the same z scores" in printed
