"""What all figures share: files, sizes, words, no trace in matplotlib's settings; and figures from the command line."""

from __future__ import annotations

import ast
import importlib
import inspect
import re

import numpy as np
import plot_worlds as worlds
import pytest
from conftest import PORTABLE, ROOT

from ldscores.shared.errors import InputError
from ldscores.taggings.tagging_files import write_tagging
from sumh2 import plots
from sumh2.plots import figures
from sumh2.plots.figures import MM, ONE_COLUMN, TWO_COLUMNS, check_figure, new_axes, new_panels, plain, save_figure
from sumh2.plots.forest import Estimates, draw_forest, forest_height
from sumh2.plots.names import name_points
from sumh2.sumstats_files import write_sumstats

matplotlib = pytest.importorskip("matplotlib")

LD = PORTABLE / "ldsc" / "ld."
TRAITS = [PORTABLE / "inputs" / f"trait{number}.sumstats.xz" for number in (1, 2, 3)]
STARTS = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}


# ---------------------------------------------------------------------------------------------------------------------
# Files


@pytest.mark.parametrize("ending", STARTS)
def test_save_figure__writes_each_format_whole_and_the_same_again(ending, tmp_path):
    path = tmp_path / f"figure{ending}"
    contents = []
    for _ in range(2):
        save_figure(plots.plot_rg(worlds.rg_result()), path)
        contents.append(path.read_bytes())
    assert contents[0].startswith(STARTS[ending]) and contents[0] == contents[1]
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_save_figure__that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "figure.png"
    path.write_text("old")
    ax = new_axes(50, 50)
    ax.set_title("$\\nonsense$")  # matplotlib finds out when it draws
    with pytest.raises(ValueError, match="nonsense"):
        save_figure(ax, path)
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 1


def test_save_figure__keeps_letters_as_letters(tmp_path):
    path = tmp_path / "figure.svg"
    save_figure(plots.plot_rg(worlds.rg_result()), path)
    text = path.read_text()
    assert "trait_a – trait_b</text>" in text and "genetic correlation, 95% interval</text>" in text
    save_figure(plots.plot_rg(worlds.rg_result()), tmp_path / "figure.pdf")
    assert b"/Type3" not in (tmp_path / "figure.pdf").read_bytes()


def test_check_figure__names_the_flag(tmp_path, monkeypatch):
    for path, flag, message in (
        (tmp_path / "a.gif", "--plot", "--plot .*a.gif: found ending '.gif', expected .png, .pdf or .svg; rename it"),
        (tmp_path / "a", "--volcano", "--volcano .*a: found ending '', expected"),
        (tmp_path / "no" / "a.png", "--heatmap", "--heatmap .*: the folder .*no does not exist"),
    ):
        with pytest.raises(InputError, match=message):
            check_figure(path, flag)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InputError, match="found a folder, expected the name of a file"):
        check_figure(tmp_path / "folder.png")
    check_figure(tmp_path / "A.PNG")
    monkeypatch.setattr(figures.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"--plot: matplotlib is not installed.*pip install 'sumh2\[plot\]'"):
        check_figure(tmp_path / "a.png")


# ---------------------------------------------------------------------------------------------------------------------
# Style


def test_figures__leave_no_trace(tmp_path):
    import sys

    before = dict(matplotlib.rcParams)
    save_figure(plots.plot_h2_panels(worlds.h2_result(), worlds.one_trait()), tmp_path / "a.pdf")
    save_figure(plots.plot_heatmap(worlds.atlas_result()), tmp_path / "a.svg")
    assert dict(matplotlib.rcParams) == before
    if "matplotlib.pyplot" in sys.modules:
        assert not sys.modules["matplotlib.pyplot"].get_fignums()


def test_no_figure__imports_pyplot_or_sets_parameters():
    for path in (ROOT / "sumh2" / "plots").glob("*.py"):
        text = path.read_text()
        assert not re.search(r"import.*pyplot", text), path
        assert not re.search(r"rcParams\[|style\.use|matplotlib\.use", text), path


def test_sizes__are_those_of_a_journal():
    width, height = new_axes(ONE_COLUMN, 60).get_figure().get_size_inches() / MM
    assert (width, height) == pytest.approx((89, 60))
    axes = new_panels(TWO_COLUMNS, 70, (1, 2), (1, 1))
    assert len(axes) == 4 and axes[0].get_figure().get_size_inches()[0] / MM == pytest.approx(183)
    assert forest_height(97) <= 247 and forest_height(5) < 50
    # Where a page is too short for names that can be read, the figure grows.
    assert forest_height(400) > 700


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("height", "height"),
        ("two\nlines  and\tblanks", "two lines and blanks"),
        ("_hidden", " _hidden"),
        ("a$b$c", r"a\$b\$c"),
        ("x" * 20 + "middle" + "y" * 20, "x" * 20 + "mi…" + "y" * 11),
    ],
)
def test_plain__makes_any_name_fit(name, shown):
    assert plain(name) == shown
    assert plain(plain(name)) == shown


def test_names_of_points__do_not_overlap():
    rng = np.random.default_rng(1)
    ax = new_axes(ONE_COLUMN, 80)
    x, y = rng.normal(0, 0.05, 10) + 1, rng.normal(0, 0.1, 10) + 3
    ax.scatter(x, y)
    ax.set(xlim=(0, 2), ylim=(0, 6))
    name_points(ax, x, y, [f"an annotation with a name {place}" for place in range(10)])
    ax.get_figure().draw_without_rendering()
    # The box of an annotation with a line holds the line: the words alone count.
    boxes = [matplotlib.text.Text.get_window_extent(text) for text in ax.texts]
    frame = ax.get_window_extent()
    for place, box in enumerate(boxes):
        assert frame.x0 - 1 <= box.x0 and box.x1 <= frame.x1 + 1 and frame.y0 - 1 <= box.y0 and box.y1 <= frame.y1 + 1
        assert not any(box.overlaps(other) for other in boxes[:place])


# ---------------------------------------------------------------------------------------------------------------------
# Forests


def markers(ax):
    """x and y of all estimates drawn."""
    lines = [one.lines[0] for one in ax.containers]
    return np.concatenate([line.get_xdata() for line in lines]), np.concatenate([line.get_ydata() for line in lines])


def numbers(ax):
    return [text.get_text() for text in ax.texts if text.get_gid() == "number"]


def test_forest__cuts_what_is_far_beyond_the_others():
    values, errors = [0.1, 0.2, 0.3, 9.0], [0.1, 0.1, 0.1, 7.0]
    ax = new_axes(100, 50)
    draw_forest(ax, list("abcd"), [Estimates(values, errors, ["ok"] * 4)], numbers="x (SE)")
    low, high = ax.get_xlim()
    assert low < -0.1 and 0.5 < high < 2
    heads = [line for line in ax.lines if line.get_gid() == "beyond"]
    assert [line.get_marker() for line in heads] == ["<", ">"]
    assert all(line.get_ydata().tolist() == [3] for line in heads)
    assert numbers(ax) == ["0.10 (0.10)", "0.20 (0.10)", "0.30 (0.10)", "9.00 (7.00)"]
    assert markers(ax)[0].tolist() == values and markers(ax)[1].tolist() == [0, 1, 2, 3]


def test_forest__shows_the_largest_point_and_cuts_its_interval_alone():
    """The largest enrichment is what a reader looks for, however uncertain it is."""
    values, errors = [1.0, 2.0, -1.0, 8.0, 13.0], [0.5, 0.4, 0.6, 2.0, 6.0]
    ax = new_axes(100, 50)
    draw_forest(ax, list("abcde"), [Estimates(values, errors, ["ok"] * 5)], null=1.0)
    low, high = ax.get_xlim()
    assert 13 < high < 13 + 1.96 * 6 and -5 < low < -2
    assert [line.get_marker() for line in ax.lines if line.get_gid() == "beyond"] == [">"]


def test_forest__says_what_is_missing():
    ax = new_axes(100, 50)
    series = [Estimates([np.nan, 0.5], [np.nan, np.nan], ["unusable", "caution"])]
    draw_forest(ax, ["a", "b"], series, numbers="x (SE)")
    words = [text.get_text() for text in ax.texts]
    assert "no estimate (unusable)" in words and numbers(ax) == ["0.50"]
    empty = new_axes(100, 50)
    draw_forest(empty, ["a"], [Estimates([np.nan], [np.nan], ["unusable"])])
    assert np.isfinite(empty.get_xlim()).all()


def test_forest__series_share_a_row():
    ax = new_axes(100, 50)
    one = Estimates([1, 2], [0.1, 0.1], ["ok"] * 2, "one")
    two = Estimates([np.nan, 3], [0.1, 0.1], ["ok"] * 2, "two", missing=["", ""])
    draw_forest(ax, ["a", "b"], [one, two])
    _, y = markers(ax)
    # Alone in a row it stands in its middle.
    assert y[0] == 0 and y[1] < 1 < y[2] and y[1] + y[2] == pytest.approx(2)
    assert not numbers(ax)
    colours = {container.lines[0].get_color() for container in ax.containers}
    shapes = {container.lines[0].get_marker() for container in ax.containers}
    assert len(colours) == len(shapes) == 2


# ---------------------------------------------------------------------------------------------------------------------
# Every function


def functions():
    return [name for name in plots.__all__ if name.startswith("plot_")]


def test_public_names__are_all_there():
    for name in plots.__all__:
        function = getattr(plots, name)
        assert function.__module__.startswith("sumh2.plots.") and function.__doc__
    found = set()
    for path in (ROOT / "sumh2" / "plots").glob("*.py"):
        module = importlib.import_module(f"sumh2.plots.{path.stem}") if path.stem != "__init__" else plots
        found |= {name for name, _ in inspect.getmembers(module, inspect.isfunction) if name.startswith("plot_")}
    assert found == set(functions())
    with pytest.raises(AttributeError, match="no attribute 'plot_nothing'"):
        plots.plot_nothing  # noqa: B018


def test_commands__draw_figures_that_exist_and_check_them_before_any_work():
    """Each command with a flag for a figure draws what `sumh2.plots` has and refuses a bad name before it reads a file."""
    drawn = set()
    for path in (ROOT / "sumh2" / "cli").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "draw_figure":
                drawn.add(node.args[1].value)
    assert drawn <= set(plots.__all__) and len(drawn) > 15


FLAGS = {
    "munge": ("a.tsv", "--out", "o"),
    "doctor": ("a.tsv",),
    "h2": ("a.sumstats", "--ld", "ld."),
    "rg": ("a.sumstats", "b.sumstats", "--ld", "ld."),
    "partition": ("a.sumstats", "--ld", "ld."),
    "screen": ("a.sumstats", "--ld", "ld.", "--annotations", "c.ldcts"),
    "alpha": ("a.sumstats", "--ld", "ld."),
    "compare": ("a.sumstats", "--ld", "ld.,le."),
    "atlas": ("a.sumstats", "b.sumstats", "--ld", "ld.", "--out", "o"),
    "consistent": ("rg.tsv",),
    "atlas-factors": ("atlas",),
    "atlas-test": ("atlas", "rg(a, b) = 0"),
    "atlas-page": ("atlas", "--out", "o.html"),
    "power": ("--ld", "ld.", "--n", "1000", "--h2", "0.5"),
}
OTHERS = {
    "h2": ("--influence-plot",), "rg": ("--influence-plot", "--heatmap"), "partition": ("--influence-plot",),
    "screen": ("--volcano",), "consistent": ("--heatmap",),
}  # fmt: skip


@pytest.mark.parametrize("command", FLAGS)
def test_commands__refuse_a_bad_ending_before_any_work(command, run_sumh2, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for flag in ("--plot", *OTHERS.get(command, ())):
        more = ("--influence", "--out", "o") if flag == "--influence-plot" else ()
        status, _, error = run_sumh2(command, *FLAGS[command], *more, flag, "figure.jpeg")
        assert status == 2 and f"{flag} figure.jpeg: found ending '.jpeg', expected .png, .pdf or .svg" in error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", FLAGS)
def test_commands__show_how_to_draw(command):
    from sumh2.cli import COMMANDS

    function = next(each for each in COMMANDS if each.__name__ == command.replace("-", "_"))
    examples = inspect.getdoc(function).split("Examples")[1]
    assert "--plot " in examples
    for flag in ("--plot", *OTHERS.get(command, ())):
        parameter = flag[2:].replace("-", "_")
        words = inspect.getdoc(function).split(f"\n{parameter}\n")[1].split("\n\n")[0]
        assert ".png, .pdf or .svg" in " ".join(words.split()[:60]), flag


def test_two_figures__need_two_names(run_sumh2, tmp_path):
    same = tmp_path / "same.png"
    words = ("--ld", LD, "--plot", same, "--heatmap", same)
    status, _, error = run_sumh2("rg", *TRAITS[:2], *words)
    assert status == 2 and "found --plot and --heatmap with one name, expected a file each" in error
    status, _, error = run_sumh2("h2", TRAITS[0], "--ld", LD, "--influence-plot", same)
    assert status == 2 and "--influence-plot: found no --influence, expected it; add it" in error
    for verb, files in (("h2", TRAITS[:1]), ("rg", TRAITS[:2])):
        words = (*files, "--ld", LD, "--plot", same, "--influence", "--influence-plot", same, "--out", tmp_path / "o")
        status, _, error = run_sumh2(verb, *words)
        assert status == 2 and "found --plot and --influence-plot with one name, expected a file each" in error, verb


def check_written(text, *paths):
    for path in paths:
        assert path.read_bytes().startswith(STARTS[path.suffix]) and str(path) in text.split("ritten: ", 1)[1]


def test_command_h2__draws(run_sumh2, tmp_path):
    figure, influence = tmp_path / "h2.png", tmp_path / "influence.svg"
    words = ("--plot", figure, "--influence", "--influence-plot", influence, "--out", tmp_path / "h2")
    status, text, error = run_sumh2("h2", TRAITS[0], "--ld", LD, *words)
    assert status == 0, error
    check_written(text, figure, influence)
    tagging = PORTABLE / "ldak" / "alpha-0.25.tagging.xz"
    figure = tmp_path / "sumher.svg"
    status, text, error = run_sumh2("h2", TRAITS[0], "--ld", tagging, "--estimator", "sumher", "--plot", figure)
    assert status == 0, error
    check_written(text, figure)


def test_command_rg_and_atlas__draw(run_sumh2, tmp_path):
    forest, heatmap, influence = tmp_path / "f.svg", tmp_path / "h.pdf", tmp_path / "i.png"
    words = (
        "--plot",
        forest,
        "--heatmap",
        heatmap,
        "--influence",
        "--influence-plot",
        influence,
        "--out",
        tmp_path / "rg",
    )
    status, text, error = run_sumh2("rg", *TRAITS, "--ld", LD, *words)
    assert status == 0, error
    check_written(text, forest, heatmap, influence)
    figure = tmp_path / "atlas.png"
    status, text, error = run_sumh2("atlas", *TRAITS, "--ld", LD, "--out", tmp_path / "atlas", "--plot", figure)
    assert status == 0, error
    check_written(text, figure)
    table, heat = tmp_path / "table.svg", tmp_path / "heat.svg"
    words = (tmp_path / "rg.tsv", "--plot", table, "--heatmap", heat)
    status, text, error = run_sumh2("consistent", *words)
    assert status == 0, error
    check_written(text, table, heat)


def test_command_munge_doctor_power__draw(run_sumh2, tmp_path):
    gwas = ROOT / "sumh2" / "embedded" / "height.tsv.gz"
    figures = [tmp_path / name for name in ("qq.png", "doctor.svg", "power.pdf")]
    calls = (
        ("munge", gwas, "--out", tmp_path / "height"), ("doctor", gwas), ("power", "--ld", LD, "--n", 5000, "--h2", 0.3),
    )  # fmt: skip
    for words, figure in zip(calls, figures, strict=True):
        status, text, error = run_sumh2(*words, "--plot", figure)
        assert status == 0, error
        check_written(text, figure)


def test_command_partition__draws(run_sumh2, tmp_path):
    write_tagging(tmp_path / "m.tagging.parquet", worlds.category_tagging())
    files = []
    for place in range(2):
        z = worlds.category_traits().z[:, place]
        files.append(tmp_path / f"t{place}.sumstats.parquet")
        write_sumstats(worlds.trait(f"t{place}", z), files[-1])
    ld = ("--ld", tmp_path / "m.tagging.parquet")
    one, influence, several = (tmp_path / name for name in ("p.svg", "i.svg", "s.svg"))
    words = ("--plot", one, "--influence", "--influence-plot", influence, "--out", tmp_path / "p")
    status, text, error = run_sumh2("partition", files[0], *ld, *words)
    assert status == 0, error
    check_written(text, one, influence)
    status, text, error = run_sumh2("partition", *files, *ld, "--plot", several)
    assert status == 0, error
    check_written(text, several)
