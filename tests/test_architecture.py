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
#: What the numbers of the literature are computed with, beyond the doors of all: models and what they take.
DOORS_OF_VALIDATION = re.compile(r"ldscores\.(models\.(heritability_models|ldak_columns)|annotations\.annotation_set)$")
#: The demo runs the command lines of both programs.
DOOR_OF_DEMO = re.compile(r"ldscores\.cli$")
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
                own_door = module.startswith("sumh2.validation.") and DOORS_OF_VALIDATION.match(name)
                own_door = own_door or (module == "sumh2.demo" and DOOR_OF_DEMO.match(name))
                assert CROSSINGS.match(name) or own_door, f"{module} imports {name}"


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


# ---------------------------------------------------------------------------------------------------------------------
# Sizes and words

#: Longest file and function outside the command lines, whose functions are signature and help.
MOST_LINES_OF_A_FILE, MOST_LINES_OF_A_FUNCTION = 460, 100


def functions(tree: ast.AST) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", [path for path in FILES if "cli" not in path.parts], ids=module_name)
def test_files_and_functions__are_of_a_size_to_be_read(path, trees):
    assert len(path.read_text(encoding="utf-8").splitlines()) < MOST_LINES_OF_A_FILE
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in functions(trees[module_name(path)])
        if node.end_lineno - node.lineno + 1 > MOST_LINES_OF_A_FUNCTION
    }
    assert not long


def undocumented(tree: ast.AST, described: dict[str, set[str]]) -> list[str]:
    """Public classes, functions and methods without a docstring; a method may have that of a base class."""
    found = []

    def look(body: list[ast.stmt], prefix: str, inherited: set[str]) -> None:
        for node in body:
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                continue
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            stub = isinstance(node.body[-1], ast.Expr) and ast.unparse(node.body[-1]) == "..."  # of a Protocol
            if ast.get_docstring(node) is None and node.name not in inherited and not stub:
                found.append(prefix + node.name)
            if isinstance(node, ast.ClassDef):
                bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
                look(node.body, f"{node.name}.", set().union(*(described.get(base, set()) for base in bases)))

    look(tree.body, "", set())
    return found


@pytest.fixture(scope="module")
def described(trees) -> dict[str, set[str]]:
    """Methods with a docstring, by class."""
    classes = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    return {node.name: {method.name for method in functions(node) if ast.get_docstring(method)} for node in classes}


@pytest.mark.parametrize("module", [name for name in MODULES if ".cli" not in name])
def test_everything_public__has_a_docstring(module, trees, described):
    assert ast.get_docstring(trees[module])
    assert not undocumented(trees[module], described)


def test_a_missing_docstring__would_be_noticed(described):
    tree = ast.parse(
        "class A(Result):\n    'x'\n    def to_records(self): pass\n    def other(self): pass\ndef f(): pass"
    )
    assert undocumented(tree, described) == ["A.other", "f"]


def messages_without_remedy(tree: ast.AST) -> list[str]:
    """Refusals that say what is wrong and not what to do: "file: found; expected; remedy" has a semicolon.

    Messages that are put together elsewhere (their own words are few) are looked at where they are written.
    """
    kinds = {"InputError", "OptionError", "UsageError", "FitError"}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds and node.args:
            pieces = [each.value for each in ast.walk(node.args[0]) if isinstance(each, ast.Constant)]
            words = " ".join(piece for piece in pieces if isinstance(piece, str))
            if ";" not in words and len(words.split()) > 8:
                found.append(f"line {node.lineno}: {words}")
    return found


@pytest.mark.parametrize("module", MODULES)
def test_refusals__say_what_to_do(module, trees):
    assert not messages_without_remedy(trees[module])


def test_a_refusal_without_remedy__would_be_noticed():
    tree = ast.parse("raise InputError(f'{path}: found {n} columns, expected as many as the header names in line 1')")
    assert len(messages_without_remedy(tree)) == 1


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
    """Only reference/portable and reference/gwas_tools, which were simulated for this project, may be here."""
    folders = {path.name for path in (ROOT / "tests" / "reference").iterdir()}
    assert folders == {"portable", "gwas_tools"}


MAP = re.compile(r"^## Map of the house\n+```\n(.*?)```", re.DOTALL | re.MULTILINE)


def named_in_the_map(readme: str) -> dict[str, set[str]]:
    """Modules (``x.py``) and rooms (``x/``) that the map names, by package."""
    parts = re.split(rf"^({'|'.join(PACKAGES)})/", MAP.search(readme)[1], flags=re.MULTILINE)[1:]
    found = re.compile(r"(?<![\w/.])(\w+\.py\b|\w+/(?=\s))")
    return {package: set(found.findall(text)) for package, text in zip(parts[::2], parts[1::2], strict=True)}


def lost_in_the_map(readme: str, root: Path) -> list[str]:
    """What the map names and the tree has not, and what stands at the door of a package and the map does not name."""
    wrong = []
    for package, named in named_in_the_map(readme).items():
        tree = [path for path in (root / package).rglob("*") if "__pycache__" not in path.parts]
        there = {f"{path.name}/" if path.is_dir() else path.name for path in tree}
        doors = {f"{path.name}/" if path.is_dir() else path.name for path in tree if path.parent == root / package}
        wrong += [f"{package}: no {name}" for name in named - there]
        wrong += [f"{package}: {name} is not in the map" for name in doors - named - {"__init__.py", "py.typed"}]
    return sorted(wrong)


def test_map_of_the_house__is_that_of_the_tree():
    assert not lost_in_the_map((ROOT / "README.md").read_text(encoding="utf-8"), ROOT)


def test_a_wrong_map__would_be_noticed(tmp_path):
    for name in ("ldscores/panels/x.py", "ldscores/new.py", "ldscores/__init__.py", "sumh2/a.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    text = "## Map of the house\n\n```\nldscores/  it\n  panels/  x.py  all\nsumh2/  it\n  a.py, gone.py  b/c text\n```\n"
    assert lost_in_the_map(text, tmp_path) == ["ldscores: new.py is not in the map", "sumh2: no gone.py"]
