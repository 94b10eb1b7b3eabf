"""What a command is: its parameters read from annotations and docstring, and one word to one value."""

from __future__ import annotations

import difflib
import functools
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

REQUIRED = inspect.Parameter.empty
POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD
VARIADIC = inspect.Parameter.VAR_POSITIONAL
FLAG = inspect.Parameter.KEYWORD_ONLY

TRUE_WORDS = ("true", "yes")
FALSE_WORDS = ("false", "no")
_PLACEHOLDERS = {str: "TEXT", Path: "PATH", int: "INTEGER", float: "NUMBER"}
_EXPECTED = {str: "a word", Path: "a file or folder", int: "a whole number", float: "a number"}

# Python's own float() would also take "1_000", "nan", "infinity" and digits of other scripts.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)

#: Before every word of a `*names` parameter on its way through Fire, so that none looks like a flag or a separator.
MARK = "="


# --- What a command is -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parameter:
    """An argument or flag of a command, read from its signature and docstring."""

    name: str
    kind: Any
    type: Any  # the annotation without `| None`
    default: Any
    description: str

    @property
    def key(self) -> str:
        """The name as looked up: `from_` is typed --from."""
        return self.name.strip("_")

    @property
    def flag(self) -> str:
        """As it is typed: ``--n-blocks``."""
        return "--" + self.key.replace("_", "-")

    @property
    def placeholder(self) -> str:
        """What the help shows in the place of the value."""
        if typing.get_origin(self.type) is list:
            item = _PLACEHOLDERS[typing.get_args(self.type)[0]]
            return f"{item},{item},..."
        if typing.get_origin(self.type) is Literal:
            return "|".join(typing.get_args(self.type))
        return _PLACEHOLDERS.get(self.type, "")

    @property
    def label(self) -> str:
        """How usage lines and messages call it."""
        if self.kind is FLAG:
            return self.flag
        return self.key.upper() + ("..." if self.kind is VARIADIC else "")


@dataclass(frozen=True)
class Command:
    """A function as the command line knows it."""

    function: Callable[..., object]
    verb: str
    group: str
    summary: str
    sections: dict[str, str]
    parameters: tuple[Parameter, ...]


GLOBAL_FLAGS = (
    Parameter(
        "quiet",
        FLAG,
        bool,
        False,
        "Only warnings and errors on standard error, and on standard output the answer alone: "
        "estimates, or the names of the files that were made.",
    ),
    Parameter("debug", FLAG, bool, False, "Log in detail, and show the traceback of every error."),
    Parameter("version", FLAG, bool, False, "Print the version and stop."),
    Parameter("help", FLAG, bool, False, "Print this text and stop; -h and the word help do the same."),
)


def command(function: Callable[..., object] | None = None, *, group: str = "Commands") -> Callable[..., Any]:
    """Make a function a command; it stays an ordinary function for Python.

    The verb is the function's name with dashes.  Parameters before the ``*`` are positional, those after it are flags.

    Parameters
    ----------
    function : callable
        Every parameter annotated with str, int, float, bool, Path, Literal of words, a list of the first three or of
        Path, any of these ``| None``, and described under "Parameters" in the docstring.
    group : str
        Heading under which the program's help lists the command: ``@command(group="Estimates")``.

    Raises
    ------
    TypeError
        If the signature or docstring lacks something: a bug of ours, so it shows when the module is imported.
    """
    if function is None:
        return functools.partial(command, group=group)
    sections = _read_docstring(function.__doc__ or "")
    summary, _, sections["description"] = sections.pop("").partition("\n\n")
    spec = Command(
        function=function,
        verb=function.__name__.strip("_").replace("_", "-"),
        group=group,
        summary=" ".join(summary.split()),
        parameters=_read_parameters(function, _read_descriptions(sections.pop("Parameters", ""))),
        sections=sections,
    )
    setattr(function, "__command__", spec)  # noqa: B010 (a type checker knows of no such attribute)
    return function


def _read_docstring(docstring: str) -> dict[str, str]:
    """Sections of a numpydoc docstring by title; what precedes the first is under ''."""
    lines = inspect.cleandoc(docstring).split("\n")
    sections: dict[str, list[str]] = {"": []}
    title = ""
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if following and set(following) == {"-"} and line.strip():
            title = line.strip()
            sections[title] = []
        elif not (sections[title] == [] and title and set(line) == {"-"}):
            sections[title].append(line)
    return {title: "\n".join(body).strip("\n") for title, body in sections.items()}


def _read_descriptions(section: str) -> dict[str, str]:
    descriptions: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if line and not line[0].isspace():
            names = [name.strip().lstrip("*") for name in line.partition(" : ")[0].split(",")]
        for name in names:
            known = descriptions.get(name)
            descriptions[name] = "" if known is None else f"{known} {line.strip()}".strip()
    return descriptions


def _read_parameters(function: Callable[..., object], descriptions: dict[str, str]) -> tuple[Parameter, ...]:
    where = function.__qualname__
    parameters = inspect.signature(function).parameters
    # Without the return annotation, which may name a type that is imported only for the type checker.
    annotations = {name: hint for name, hint in function.__annotations__.items() if name != "return"}
    hints = typing.get_type_hints(types.SimpleNamespace(__annotations__=annotations), function.__globals__)
    if sys.flags.optimize < 2 and set(descriptions) != set(parameters):  # python -OO has no docstrings
        odd = ", ".join(sorted(set(descriptions) ^ set(parameters)))
        raise TypeError(f"{where}: signature and docstring differ in: {odd}")
    result = []
    for name, parameter in parameters.items():
        if name not in hints:
            raise TypeError(f"{where}: {name} has no annotation")
        if parameter.kind not in (POSITIONAL, VARIADIC, FLAG):
            raise TypeError(f"{where}: {name}: positional-only parameters and **names are not supported")
        kind, optional = _without_none(hints[name])
        if not _is_supported(kind) or (kind is bool and parameter.kind is not FLAG):
            raise TypeError(f"{where}: {name}: a command line cannot give {parameter.annotation} here")
        if parameter.default is None and not optional:
            raise TypeError(f"{where}: {name}: a default of None needs the annotation '| None'")
        result.append(Parameter(name, parameter.kind, kind, parameter.default, descriptions.get(name, "")))
        if not result[-1].description and sys.flags.optimize < 2:
            raise TypeError(f"{where}: {name} has no description")
    flags_by_key((*result, *GLOBAL_FLAGS), where)
    return tuple(result)


def _without_none(hint: Any) -> tuple[Any, bool]:
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return hint, False
    members = [member for member in typing.get_args(hint) if member is not types.NoneType]
    return (members[0] if len(members) == 1 else hint), len(members) < len(typing.get_args(hint))


def _is_supported(kind: Any) -> bool:
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) is list:
        return arguments[0] in _PLACEHOLDERS
    if typing.get_origin(kind) is Literal:
        return all(isinstance(choice, str) for choice in arguments)
    return kind is bool or kind in _PLACEHOLDERS


def flags_by_key(parameters: Sequence[Parameter], where: str) -> dict[str, tuple[Parameter, str | None]]:
    """Parameter, and the value that the bare flag stands for, by flag name with underscores."""
    flags: dict[str, tuple[Parameter, str | None]] = {}
    for parameter in parameters:
        spellings = (
            {parameter.key: "true", f"no_{parameter.key}": "false"} if parameter.type is bool else {parameter.key: None}
        )
        for key, bare in spellings.items():
            if key in flags:
                raise TypeError(f"{where}: two parameters share the flag --{key.replace('_', '-')}")
            flags[key] = parameter, bare
    return flags


# --- One word to one value -------------------------------------------------------------------------------------------


def read_value(kind: Any, word: str) -> Any:
    """The value that a word stands for; ValueError says what was expected."""
    if kind is bool:
        if word.lower() not in TRUE_WORDS + FALSE_WORDS:
            raise ValueError(f"expected true, false, yes or no, got {word!r}")
        return word.lower() in TRUE_WORDS
    if typing.get_origin(kind) is Literal:
        choices = typing.get_args(kind)
        if word not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}; got {word!r}{did_you_mean(word, choices)}")
        return word
    if typing.get_origin(kind) is list:
        item_kind = typing.get_args(kind)[0]
        # Only lists may say nan: LDSC's "this trait is quantitative" in lists of prevalences.
        items = [item.strip() for item in word.split(",")]
        try:
            return [
                float("nan") if item_kind is float and item.lower() == "nan" else read_value(item_kind, item)
                for item in items
            ]
        except ValueError as error:
            raise ValueError(f"{error} in the comma-separated list {word!r}" if len(items) > 1 else error) from None
    if not word:
        raise ValueError(f"expected {_EXPECTED[kind]}, got nothing; is a variable of the shell empty?")
    if kind in (int, float):
        return _read_number(kind, word)
    return kind(word)


def _read_number(kind: type, word: str) -> int | float:
    wrong = ValueError(f"expected {_EXPECTED[kind]}, got {word!r}")
    if not _NUMBER.fullmatch(word):
        raise wrong
    if kind is float:
        number = float(word)
        if abs(number) == float("inf"):
            raise wrong
        return number
    # Decimal is exact; the bound keeps 1e999999999 from filling the memory.
    exact = Decimal(word)
    if exact.adjusted() > 18 or (exact and exact.adjusted() < 0) or exact != int(exact):
        raise wrong
    return int(exact)


def did_you_mean(word: str, known: Sequence[str], prefix: str = "") -> str:
    """``; did you mean NAME?`` with the nearest known name, or nothing when none is near."""
    by_lower = {name.lower(): name for name in known}
    guesses = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.5)
    guesses = guesses or [lower for lower in by_lower if lower.startswith(word.lower())]
    return f"; did you mean {prefix}{by_lower[guesses[0]]}?" if guesses else ""
