"""What docstrings say is so: the fields and arguments they name exist, all are named, and references lead somewhere."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from itertools import pairwise

import pytest
from conftest import ROOT

import ldscores
import sumh2
from ldscores.shared import errors

PACKAGES = (ldscores, sumh2)
ERRORS = {"InputError", "FitError", "OptionError", "UsageError"}
REFERENCE = re.compile(r":(?:func|class|mod|data|meth|attr|exc):`~?([^`]*)`")

# ---------------------------------------------------------------------------------------------------------------------
# Reading docstrings and syntax trees


def section(text: str | None, title: str) -> list[str]:
    """Lines of a numpy section, without its heading."""
    lines = inspect.cleandoc(text or "").splitlines()
    rules = [place for place, line in enumerate(lines) if place and re.fullmatch("-{3,}", line)]
    for start, end in pairwise([*rules, len(lines) + 1]):
        if lines[start - 1] == title:
            return lines[start + 1 : end - 1]
    return []


def described(text: str | None, title: str = "Parameters") -> list[str]:
    """Names at the margin of a section: ``a, b : type`` names two."""
    heads = [line for line in section(text, title) if line and not line[0].isspace()]
    return [name.strip().lstrip("*") for line in heads for name in line.partition(" : ")[0].split(",")]


def is_dataclass_node(node: ast.AST) -> bool:
    decorators = node.decorator_list if isinstance(node, ast.ClassDef) else []
    return any(ast.unparse(each).partition("(")[0].endswith("dataclass") for each in decorators)


def own_fields(node: ast.ClassDef) -> list[str]:
    notes = [each for each in node.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)]
    return [each.target.id for each in notes if "ClassVar" not in ast.unparse(each.annotation)]


def top_names(tree: ast.Module) -> set[str]:
    """Names that a module defines, imports (for type checkers alone too) or finds when they are first used."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        for target in [*getattr(node, "targets", []), getattr(node, "target", None)]:
            if isinstance(target, ast.Name):
                found.add(target.id)
                if target.id == "_HOMES":
                    found |= set(ast.literal_eval(node.value))
    return found


def documented(node: ast.AST, inside: ast.ClassDef | None = None) -> Iterator[tuple[ast.AST, ast.ClassDef | None]]:
    """Module, classes and functions, each with the class it stands in."""
    yield node, inside
    inside = node if isinstance(node, ast.ClassDef) else inside
    for child in getattr(node, "body", []):
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            yield from documented(child, inside)


@dataclass(frozen=True)
class House:
    """Both packages as syntax trees.

    Parameters
    ----------
    trees
        By module.
    classes
        By name; a name may stand in several modules.
    """

    trees: dict[str, ast.Module]
    classes: dict[str, list[ast.ClassDef]]

    def family(self, node: ast.ClassDef) -> list[ast.ClassDef]:
        """A class and its bases."""
        names = [ast.unparse(base).rpartition(".")[2] for base in node.bases]
        return [node, *(one for name in names for base in self.classes.get(name, [])[:1] for one in self.family(base))]

    def members(self, node: ast.ClassDef) -> set[str]:
        """Methods, properties and fields of a class and its bases, and what it sets on itself."""
        family = self.family(node)
        own = {each.name for one in family for each in one.body if isinstance(each, ast.FunctionDef)}
        attributes = [each for one in family for each in ast.walk(one) if isinstance(each, ast.Attribute)]
        return own | {name for one in family for name in own_fields(one)} | {
            each.attr for each in attributes if isinstance(each.ctx, ast.Store) and ast.unparse(each.value) == "self"
        }  # fmt: skip

    def resolves(self, name: str, module: str, inside: ast.ClassDef | None = None) -> bool:
        """Whether a name in a docstring is a module, a name in one, or a member of a class."""
        parts = name.removesuffix("()").split(".")
        if inside is not None and len(parts) == 1 and name in self.members(inside):
            return True
        if parts[0] in {package.__name__ for package in PACKAGES}:
            module = max((home for home in self.trees if f"{name}.".startswith(f"{home}.")), key=len)
            parts = name.removeprefix(module).removeprefix(".").split(".") if name != module else []
        if not parts:
            return True
        here = parts[0] in top_names(self.trees[module])
        return here and (
            len(parts) == 1 or any(parts[1] in self.members(node) for node in self.classes.get(parts[0], []))
        )


def house_of(sources: dict[str, str]) -> House:
    trees = {module: ast.parse(source) for module, source in sources.items()}
    classes: dict[str, list[ast.ClassDef]] = {}
    for tree in trees.values():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                classes.setdefault(node.name, []).append(node)
    return House(trees, classes)


@pytest.fixture(scope="module")
def house() -> House:
    paths = [path for package in PACKAGES for path in (ROOT / package.__name__).rglob("*.py")]
    names = {path: ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths}
    return house_of({name: path.read_text(encoding="utf-8") for path, name in names.items()})


# ---------------------------------------------------------------------------------------------------------------------
# Dataclasses and references


def wrong_fields(house: House) -> list[str]:
    """Names among the Parameters of a dataclass that are no fields, and fields that neither it nor a base describes.

    A dataclass without Parameters is explained by its sentence; private fields are its own affair.
    """
    wrong = []
    for module, tree in house.trees.items():
        for node in ast.walk(tree):
            if not is_dataclass_node(node) or not described(ast.get_docstring(node)):
                continue
            family = house.family(node)
            told = {name for one in family for name in described(ast.get_docstring(one))}
            fields = {name for one in family for name in own_fields(one)}
            wrong += [
                f"{module}.{node.name}: {name} is no field" for name in {*described(ast.get_docstring(node))} - fields
            ]
            wrong += [f"{module}.{node.name}: {name} is not described" for name in fields - told if name[0] != "_"]
    return sorted(wrong)


def lost_references(house: House) -> list[str]:
    return [
        f"{module}, {getattr(node, 'name', 'docstring')}: {name}"
        for module, tree in house.trees.items()
        for node, inside in documented(tree)
        for name in REFERENCE.findall(ast.get_docstring(node) or "")
        if not house.resolves(name, module, node if isinstance(node, ast.ClassDef) else inside)
    ]


def test_dataclasses__describe_their_fields_and_nothing_else(house):
    assert not wrong_fields(house)


def test_references__lead_somewhere(house):
    assert not lost_references(house)


def test_lies_of_docstrings__would_be_noticed():
    source = '''
"""See :func:`f`, :func:`sumh2.gone.f` and :class:`g`."""
def f(): "See :meth:`A.one`, :attr:`A.other`."
class Base:
    """B

    Parameters
    ----------
    of_base
        Told here.
    """
    of_base: int
@dataclass
class A(Base):
    """A, see :meth:`two` and :meth:`three`.

    Parameters
    ----------
    one, nothing : int
        Told.
    """
    kind: ClassVar[str]
    one: int
    silent: int
    _own: int
    def two(self): pass
'''
    house = house_of({"sumh2": "", "sumh2.a": source})
    assert wrong_fields(house) == ["sumh2.a.A: nothing is no field", "sumh2.a.A: silent is not described"]
    assert lost_references(house) == [
        "sumh2.a, docstring: sumh2.gone.f", "sumh2.a, docstring: g", "sumh2.a, f: A.other", "sumh2.a, A: three",
    ]  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------------
# Functions and dataclasses of the two front doors

PUBLIC = [
    pytest.param(getattr(package, name), id=f"{package.__name__}.{name}")
    for package in PACKAGES
    for name in package.__all__
    if inspect.isfunction(getattr(package, name))
]


RECORDS = [
    pytest.param(getattr(package, name), id=f"{package.__name__}.{name}")
    for package in PACKAGES
    for name in package.__all__
    if is_dataclass(getattr(package, name))
]


@pytest.mark.parametrize("record", RECORDS)
def test_public_dataclasses__describe_their_fields(record):
    """Private ones of one sentence may do without; these are what users hold in their hands."""
    assert described(record.__doc__)


def raised(function: object) -> set[str]:
    """Errors of ours that a function raises in its own lines."""
    calls = [node.exc for node in ast.walk(ast.parse(inspect.getsource(function))) if isinstance(node, ast.Raise)]
    return {ast.unparse(call).partition("(")[0] for call in calls if call is not None} & ERRORS


def untold(function: object) -> set[str]:
    """Those that its section Raises does not name, by themselves or by their kind: an OptionError is an InputError."""
    told = set(described(function.__doc__, "Raises"))
    return {name for name in raised(function) if not told & {kind.__name__ for kind in getattr(errors, name).__mro__}}


@pytest.mark.parametrize("function", PUBLIC)
def test_public_functions__describe_every_argument_and_their_errors(function):
    told = described(function.__doc__)
    assert sorted(told) == sorted(inspect.signature(function).parameters)
    assert not untold(function)


def fit_something(first, *, second=1, **options):
    """Fit.

    Parameters
    ----------
    first, second
        Two.
    **options
        More.

    Raises
    ------
    FitError
        It cannot.
    """
    if first:
        raise FitError(options)  # noqa: F821
    raise InputError(second)  # noqa: F821


def test_arguments_and_errors__are_read_from_the_docstring():
    assert described(fit_something.__doc__) == ["first", "second", "options"]
    assert untold(fit_something) == {"InputError"}
