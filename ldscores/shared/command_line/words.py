"""One line to the words of each parameter; everything wrong with it is found before anything runs."""

from __future__ import annotations

import typing
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from ldscores.shared.command_line.foreign_flags import foreign_hint
from ldscores.shared.command_line.ranges import range_problem
from ldscores.shared.command_line.signature import (
    FALSE_WORDS,
    GLOBAL_FLAGS,
    POSITIONAL,
    REQUIRED,
    TRUE_WORDS,
    VARIADIC,
    Command,
    Parameter,
    did_you_mean,
    flags_by_key,
    read_value,
)

# --- One line to the words of each parameter -------------------------------------------------------------------------


def looks_like_flag(word: str) -> bool:
    """Whether a word is a flag, and so not the value of the flag before it: -0.1 and - alone are values."""
    return word.startswith("--") or (word.startswith("-") and word[1:2].isalpha())


@dataclass
class Line:
    """A command line being read: the words of each parameter, and everything that is wrong with it."""

    command: Command
    given: dict[str, str] = field(default_factory=dict)  # parameter name: word
    words: list[str] = field(default_factory=list)  # those without a flag
    rest: tuple[str, ...] = ()  # those of a `*names` parameter
    problems: list[str] = field(default_factory=list)
    incomplete: set[str] = field(default_factory=set)  # parameter names whose value is already complained of
    unknown: bool = False  # some flag was not known, so that what is missing or too many cannot be told for sure

    def __post_init__(self) -> None:
        self.flags = flags_by_key((*self.command.parameters, *GLOBAL_FLAGS), self.command.verb)

    def read(self, words: Sequence[str]) -> Line:
        """Take in the words after the verb."""
        ahead = deque(words)
        flags_ended = False
        while ahead:
            word = ahead.popleft()
            if flags_ended or not looks_like_flag(word):
                if word == "help" and not flags_ended:
                    self.given["help"] = "true"
                else:
                    self.words.append(word)
            elif word == "--":
                flags_ended = True
            else:
                self._read_flag(word, ahead)
        if self.is_on("quiet") and self.is_on("debug"):
            self.problems.append("--quiet and --debug exclude each other")
        self._place_words()
        self._check_values()
        return self

    def is_on(self, name: str) -> bool:
        """Whether a switch was given, and not switched off."""
        return self.given.get(name, "").lower() in TRUE_WORDS

    def _read_flag(self, word: str, ahead: deque[str]) -> None:
        name, equals, value = word.partition("=")
        key = "help" if name == "-h" else name.removeprefix("--").replace("-", "_")
        if key not in self.flags:
            return self._refuse_unknown(name, bool(equals), ahead)
        parameter, bare = self.flags[key]
        if parameter.kind is VARIADIC:
            self.problems.append(f"{name}: give the values of {parameter.label} by themselves, without a flag")
            self.unknown = True
            return None
        if bare is not None:
            value = self._read_switch(name, parameter, bare, value if equals else None, ahead)
        elif not equals:
            if not ahead or looks_like_flag(ahead[0]):
                follows = f", but {ahead[0]} follows; if that is the value write {name}={ahead[0]}" if ahead else ""
                self.problems.append(f"{name}: needs a value{follows}")
                self.given.setdefault(parameter.name, "")
                self.incomplete.add(parameter.name)
                return None
            value = ahead.popleft()
        if parameter.name in self.given and parameter.name != "help":
            commas = ", with commas between the values" if typing.get_origin(parameter.type) is list else ""
            self.problems.append(f"{name}: given more than once; give it once{commas}")
        self.given.setdefault(parameter.name, value)
        return None

    def _read_switch(self, name: str, parameter: Parameter, bare: str, value: str | None, ahead: deque[str]) -> str:
        """The word that a boolean flag stands for: its own after '=', or `bare`."""
        separate = value is None and bool(ahead) and ahead[0].lower() in TRUE_WORDS + FALSE_WORDS
        if separate:
            value = ahead.popleft()
        if separate or (value is not None and bare == "false"):
            self.problems.append(
                f"{name}: takes no value {value!r}; write {parameter.flag}=true or {parameter.flag}=false"
            )
        return bare if value is None or bare == "false" else value

    def _refuse_unknown(self, name: str, has_value: bool, ahead: deque[str]) -> None:
        # The negation of a flag that is off anyway is understood, but is nothing to propose.
        known = [
            key.replace("_", "-")
            for key, (parameter, bare) in self.flags.items()
            if not (bare == "false" and parameter.default is False)
        ]
        guess = foreign_hint(name) or did_you_mean(name.lstrip("-").replace("_", "-"), known, prefix="--")
        self.problems.append(f"{name}: no such flag{guess}")
        self.unknown = True
        # The word after it is most likely its value; called "one word too many" it would only confuse.
        if not has_value and ahead and not looks_like_flag(ahead[0]):
            ahead.popleft()

    def _place_words(self) -> None:
        parameters = self.command.parameters
        words = deque(self.words)
        taken = []
        for parameter in parameters:
            if parameter.kind is POSITIONAL and parameter.name not in self.given and words:
                self.given[parameter.name] = words.popleft()
                taken.append(parameter)
        if any(parameter.kind is VARIADIC for parameter in parameters):
            self.rest = tuple(words)
            words.clear()
        if self.unknown:
            return
        if words:
            by_flag = [p for p in parameters if p.kind is POSITIONAL and p not in taken and p.name in self.given]
            found = ", ".join(map(repr, words))
            also = "".join(f"; {p.label} was already given with {p.flag}" for p in by_flag)
            also = also or self._once_each()
            self.problems.append(f"too many words: nothing takes {found}{also}")
        missing = [
            p.label for p in parameters if p.default is REQUIRED and p.kind is not VARIADIC and p.name not in self.given
        ]
        if missing:
            self.problems.append(f"missing: {', '.join(missing)}")

    def _once_each(self) -> str:
        """What to do with more words than one, where a command works on one."""
        one = [p for p in self.command.parameters if p.kind is POSITIONAL]
        if len(one) != 1 or len(self.words) < 2:
            return ""
        return f"; {self.command.verb} takes one {one[0].label}: run it once for each"

    def _check_values(self) -> None:
        for parameter in (*self.command.parameters, *GLOBAL_FLAGS):
            words = self.rest if parameter.kind is VARIADIC else ()
            if parameter.name in self.given and parameter.name not in self.incomplete:
                words = (self.given[parameter.name],)
            for word in words:
                try:
                    problem = range_problem(parameter.name, read_value(parameter.type, word))
                except ValueError as error:
                    problem = str(error)
                if problem is not None:
                    self.problems.append(f"{parameter.label}: {problem}")
