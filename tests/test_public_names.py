"""What both packages offer from Python: sorted, all there, quick to import, and the examples of their docstrings."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys

import pytest
from conftest import ROOT

import ldscores
import sumh2
from ldscores import ModelSet, build_tagging, build_to_files, find_models, parse_models, plan_build, read_panel
from sumh2 import design_expected, design_simulation, read_panel_model, simulate_gwas

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
        "align", "build", "check", "choose", "count", "design", "examine", "expect", "find", "fit", "ldak",
        "make", "measure", "merge", "munge", "panel", "parse", "place", "plan", "predict", "read", "remove",
        "simulate", "summarise", "thin", "write",
    }  # fmt: skip
    for package in PACKAGES:
        functions = [name for name in package.__all__ if name[0].islower()]
        assert {name.partition("_")[0] for name in functions} <= verbs, package.__name__


def test_panel_to_tagging__from_python(portable_panel, tmp_path):
    models = parse_models("gcta,human-default")
    options = plan_build(models, window_kb=200)
    panel = read_panel(portable_panel, conventions=options.conventions)
    written = build_to_files(panel, find_models(panel, models), options, tmp_path / "eur")
    assert [path.name for path in written] == ["eur.gcta.tagging.parquet", "eur.human-default.tagging.parquet"]
    taggings = build_tagging(panel, ModelSet(tuple(models)), options)
    again = sumh2.read_tagging(str(written[0]))
    assert again.tagging.tolist() == taggings["gcta"].tagging.astype(again.tagging.dtype).tolist()


def test_simulation__from_python(portable_panel):
    laid = read_panel_model(str(portable_panel), block_kb=500.0)
    expected, _ = design_expected(laid.values, laid.names, None)
    simulated = simulate_gwas(laid.panel, expected, laid.block_numbers, design_simulation(h2=[0.4], n=[3000.0]))
    assert len(simulated.traits[0]) > 7000
