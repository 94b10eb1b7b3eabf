"""What both packages offer from Python: sorted, all there, quick to import, described in a tutorial, and put to use.

`python tests/test_public_names.py` writes the first sentences of the docstrings into the tutorial of the names.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from conftest import ROOT

import ldscores
import sumh2
from ldscores import (
    ModelSet,
    build_tagging,
    build_to_files,
    find_models,
    make_annotations,
    parse_models,
    plan_build,
    read_panel,
    weigh_panel,
    write_ldak_weights,
)
from sumh2 import (
    choose_regression_snps,
    design_expected,
    design_simulation,
    design_studies,
    predict_held_out,
    predict_power_curve,
    read_panel_model,
    simulate_gwas,
    write_simulation,
)

PACKAGES = (ldscores, sumh2)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_names__are_sorted_and_there(package):
    assert package.__all__ == sorted(set(package.__all__))
    for name in package.__all__:
        home = package._HOMES.get(name)
        assert home is None or getattr(package, name) is getattr(importlib.import_module(home), name)
        assert name in dir(package)
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'nothing'"):
        package.nothing  # noqa: B018


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_type_checkers__see_the_same_names(package):
    tree = ast.parse((ROOT / package.__name__ / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imported = {alias.name: node.module for node in block.body for alias in node.names}
    assert imported == dict(package._HOMES)
    assert list(package._HOMES) == sorted(package._HOMES)


@pytest.mark.parametrize("name", ["ldscores", "sumh2"])
def test_import__loads_nothing_heavy(name):
    heavy = "{'numpy', 'pandas', 'pyarrow', 'scipy', 'numba', 'matplotlib'}"
    code = f"import sys, {name}; print({heavy} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert found.stdout == "set()\n", found.stderr


def test_a_public_name__is_what_users_call():
    """Verbs that make, read and write, results, errors: no helper has slipped in."""
    verbs = {
        "align", "build", "check", "choose", "count", "design", "examine", "expect", "find", "fit", "make",
        "measure", "merge", "munge", "parse", "place", "plan", "predict", "read", "remove", "simulate", "summarise",
        "thin", "weigh", "write",
    }  # fmt: skip
    for package in PACKAGES:
        functions = [name for name in package.__all__ if name[0].islower()]
        assert {name.partition("_")[0] for name in functions} <= verbs, package.__name__


# ---------------------------------------------------------------------------------------------------------------------
# Types


def classes_of_the_house() -> set[str]:
    files = [path for package in PACKAGES for path in (ROOT / package.__name__).rglob("*.py")]
    return {name for path in files for name in re.findall(r"^class (\w+)", path.read_text(encoding="utf-8"), re.M)}


def types_of(functions: list) -> set[str]:
    """Names in the annotations of functions: of what they take and what they return."""
    signatures = [inspect.signature(function) for function in functions]
    notes = [each.annotation for signature in signatures for each in signature.parameters.values()]
    notes += [signature.return_annotation for signature in signatures]
    words = [node for note in notes for node in ast.walk(ast.parse(str(note)))]
    return {node.id for node in words if isinstance(node, ast.Name)}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_types__are_in_when_a_public_function_takes_or_returns_them(package):
    """Beside them only errors; what lies inside a type is reached through it."""
    offered = [getattr(package, name) for name in package.__all__ if name != "__version__"]
    types = {each.__name__ for each in offered if inspect.isclass(each) and not issubclass(each, Exception)}
    assert types == types_of([each for each in offered if inspect.isfunction(each)]) & classes_of_the_house()
    assert {each.__name__ for each in offered if inspect.isclass(each)} - types == {
        "FitError", "InputError", "OptionError",
    }  # fmt: skip


def test_a_type_left_out__would_be_noticed():
    def fit(tagging: Tagging, rules: RowRules | None = None) -> list[H2Result]:  # noqa: F821
        return []

    assert types_of([fit]) & classes_of_the_house() == {"Tagging", "RowRules", "H2Result"}


# ---------------------------------------------------------------------------------------------------------------------
# The tutorial of the names

TUTORIAL = ROOT / "tutorials" / "11_python_names.md"
ROW = re.compile(r"^\| `(\w+)` \|.*$", re.MULTILINE)


def first_sentence(thing: object) -> str:
    """The first paragraph of a docstring as Markdown: one line, references as bare names."""
    line = " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())
    return re.sub(r":\w+:`~?(?:[^`]*\.)?([^`]*)`", r"`\1`", line).replace("``", "`").replace("|", r"\|")


def parts(text: str) -> Iterator[tuple[object, str]]:
    """The part of the tutorial on each package."""
    for package in PACKAGES:
        yield package, re.split(rf"^## `{package.__name__}`$", text, flags=re.M)[1].partition("\n## ")[0]


def filled(text: str) -> str:
    for package, part in parts(text):
        rows = ROW.sub(lambda row, home=package: f"| `{row[1]}` | {first_sentence(getattr(home, row[1]))} |", part)
        text = text.replace(part, rows)
    return text


def test_the_tutorial__has_every_name_once_in_the_words_of_its_docstring():
    text = TUTORIAL.read_text(encoding="utf-8")
    for package, part in parts(text):
        assert sorted(ROW.findall(part)) == [name for name in package.__all__ if name != "__version__"]
    assert filled(text) == text, "docstrings have changed: run python tests/test_public_names.py"


def test_a_sentence_of_the_tutorial__is_plain_markdown():
    def thing():
        """Reads ``x | y`` of
        :func:`sumh2.fit_h2`, see :class:`Tagging`.

        More.
        """

    assert first_sentence(thing) == r"Reads `x \| y` of `fit_h2`, see `Tagging`."
    assert filled("## `ldscores`\n## `sumh2`\n| `InputError` | old |\n").endswith(
        f"| {first_sentence(sumh2.InputError)} |\n"
    )


# ---------------------------------------------------------------------------------------------------------------------
# From Python: the examples of the packages' docstrings, and names that the commands alone would try


def test_panel_to_tagging__from_python(portable_panel, tmp_path):
    models = parse_models("gcta,human-default")
    options = plan_build(models, window_kb=200)
    panel = read_panel(portable_panel, conventions=options.conventions)
    written = build_to_files(panel, find_models(panel, models), options, tmp_path / "eur")
    assert [path.name for path in written] == ["eur.gcta.tagging.parquet", "eur.human-default.tagging.parquet"]
    taggings = build_tagging(panel, ModelSet(tuple(models)), options)
    again = sumh2.read_tagging(str(written[0]))
    assert again.tagging.tolist() == taggings["gcta"].tagging.astype(again.tagging.dtype).tolist()


def test_simulation__from_python(portable_panel, tmp_path):
    laid = read_panel_model(str(portable_panel), block_kb=500.0)
    expected, tau = design_expected(laid.values, laid.names, None)
    simulated = simulate_gwas(laid.panel, expected, laid.block_numbers, design_simulation(h2=[0.4], n=[3000.0]))
    assert len(simulated.traits[0]) > 7000
    trait, blocks, truth = write_simulation(simulated, laid, tau, str(tmp_path / "sim"), {})
    assert sumh2.read_sumstats(trait).z.tolist() == simulated.traits[0].z.tolist()
    assert [path.name for path in (blocks, truth)] == ["sim.blocks.bed", "sim.truth.json"]


def test_annotations_and_weights__from_python(portable_panel, tmp_path):
    panel = read_panel(portable_panel)
    first = int(panel.bp[0])
    (tmp_path / "start.bed").write_text(f"{panel.chrom[0]}\t{first - 1}\t{first}\n")
    annotations = make_annotations(panel, bed=[str(tmp_path / "start.bed")])
    assert annotations.values.sum() == annotations.values[0, 0] == 1
    part = panel.take(np.arange(300))
    weights = weigh_panel(part, window_kb=200)
    written = write_ldak_weights(weights, tmp_path / "weights")
    lines = written[0].read_text().splitlines()
    assert len(lines) == np.count_nonzero(np.round(weights.weight, 6) > 0) > 0


def test_held_out__from_python(portable, tmp_path):
    whole = sumh2.read_tagging(portable / "ldak" / "alpha-0.25.tagging.xz")
    traits = [sumh2.read_sumstats(portable / "inputs" / "trait1.ldak.xz")]
    (tmp_path / "some").write_text("\n".join(whole.snp[:500].to_pylist()))
    rest = choose_regression_snps(whole, exclude=str(tmp_path / "some"))
    assert len(rest) == len(whole) - 500
    result = sumh2.fit_sumher(sumh2.align(traits, rest, ambiguous="letters"), n_blocks=20)
    held_out = predict_held_out(result, sumh2.align(traits, whole, ambiguous="letters"), whole.snp[:500])
    assert set(held_out.snp.to_pylist()) <= set(whole.snp[:500].to_pylist())
    assert len(held_out.snp) > 300 and np.isfinite(held_out.correlation)


def test_power_curve__from_python(portable):
    tagging = sumh2.read_tagging(portable / "ldak" / "alpha-0.25.tagging.xz")
    curve = predict_power_curve(tagging, design_studies([5e4], [0.2]), [1.0, 2.0], m="M")
    low, high = curve.column("h2", "", "se")
    assert high < low


if __name__ == "__main__":
    TUTORIAL.write_text(filled(TUTORIAL.read_text(encoding="utf-8")), encoding="utf-8")
