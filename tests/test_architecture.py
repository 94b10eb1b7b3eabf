"""The rooms and who may knock at which door, read from the syntax trees (README, "Map of the house")."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest
from conftest import ROOT

PACKAGES = ("ldscores", "sumh2")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
KERNEL_IMPORTS = {"numpy", "scipy", "numba"}
#: What sumh2 may know of ldscores; ldscores knows nothing of sumh2.
CROSSINGS = re.compile(
    r"ldscores(\.shared(\..*)?|\.taggings(\..*)?|\.models\.panel_model_files|\.building\.ld_block_files"
    r"|\.annotations\.(annotation_sums|overlap_files)|\.__version__)?$"
)
OPENERS = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "open_text"}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.append(node.module)
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def layer(module: str) -> int:
    """kernels 0 <- types and fits 1 <- files 2 <- command line 3."""
    parts = module.split(".")
    if "kernels" in parts:
        return 0
    if "cli" in parts:
        return 3
    return 2 if parts[-1].endswith("_files") else 1


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.AST]:
    return {module_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


MODULES = [module_name(path) for path in FILES]


@pytest.mark.parametrize("module", [name for name in MODULES if ".kernels" in name])
def test_kernels__know_arrays_only(module, trees):
    package = module.split(".")[0]
    for name in imports(trees[module]):
        top = name.split(".")[0]
        allowed = top in KERNEL_IMPORTS or top in sys.stdlib_module_names or name.startswith(f"{package}.kernels")
        allowed |= name.startswith("ldscores.shared.compiled")
        assert allowed and top != "logging", f"{module} imports {name}"


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("ldscores")])
def test_ldscores__knows_nothing_of_sumh2(module, trees):
    assert not [name for name in imports(trees[module]) if name.split(".")[0] == "sumh2"]


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("sumh2")])
def test_sumh2__enters_ldscores_by_its_doors(module, trees):
    for node in ast.walk(trees[module]):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "ldscores":
            names = [node.module] if node.module != "ldscores" else [f"ldscores.{alias.name}" for alias in node.names]
            for name in names:
                assert CROSSINGS.match(name), f"{module} imports {name}"


#: Verbs that load and save on behalf of the user; they belong to the command line.
ABOVE_FILES = {"sumh2.demo"}


@pytest.mark.parametrize("module", MODULES)
def test_directions__kernels_types_files_cli(module, trees):
    if module in PACKAGES or module in ABOVE_FILES or ".shared" in module:
        return  # the packages' front doors point at everything
    for name in imports(trees[module]):
        if name.split(".")[0] in PACKAGES and ".shared" not in name and name in MODULES:
            assert layer(name) <= layer(module), f"{module} imports {name}"


@pytest.mark.parametrize("module", MODULES)
def test_only_files_modules__open_files(module, trees):
    if layer(module) == 2 or module.startswith("ldscores.shared."):
        return
    for node in ast.walk(trees[module]):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
            method_of_tables = isinstance(function, ast.Name) and name != "open"
            assert name not in OPENERS or method_of_tables, f"{module}:{node.lineno} calls {name}"


@pytest.mark.parametrize("module", MODULES)
def test_no_module__changes_the_state_of_the_process(module, trees):
    forbidden = {"seterr", "set_option", "seed", "set_printoptions", "simplefilter", "filterwarnings", "basicConfig"}
    for node in ast.walk(trees[module]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in forbidden, f"{module}:{node.lineno} calls {node.func.attr}"


@pytest.mark.parametrize("module", [name for name in MODULES if name.endswith(".cli") or ".cli." in name])
def test_command_line__does_no_arithmetic_and_loads_lazily(module, trees):
    top_level = [node for node in trees[module].body if isinstance(node, ast.Import | ast.ImportFrom)]
    heavy = {"numpy", "pandas", "pyarrow", "scipy", "numba", "matplotlib", "fire", "statsmodels"}
    for name in (name for node in top_level for name in imports(node)):
        assert name.split(".")[0] not in heavy, f"{module} imports {name} before any command runs"


def test_top_level__holds_what_the_readme_says():
    allowed = {
        "setup.cfg", "pyproject.toml", "LICENSE", ".gitignore", ".ci", "README.md", "benchmarks", "ldscores", "sumh2",
        "tests", "tutorials",
    }  # fmt: skip
    import subprocess

    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    assert {line.split("/")[0] for line in listed.stdout.splitlines()} <= allowed


def test_nothing_of_shared__is_in_the_repository():
    """Only reference/portable, which was simulated for this project, may be here."""
    folders = {path.name for path in (ROOT / "tests" / "reference").iterdir()}
    assert folders == {"portable"}
