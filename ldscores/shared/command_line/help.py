"""The text of --help, made from signature and docstring."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Sequence

from ldscores.shared.command_line.signature import (
    FLAG,
    GLOBAL_FLAGS,
    POSITIONAL,
    REQUIRED,
    VARIADIC,
    Command,
    Parameter,
)

# --- Help ------------------------------------------------------------------------------------------------------------


def usage_line(program: str, chosen: Command) -> str:
    """One line with the words and flags that a command cannot do without."""
    words = [program, chosen.verb]
    for parameter in sorted(chosen.parameters, key=lambda p: p.kind is FLAG):
        if parameter.kind is VARIADIC or parameter.default is REQUIRED:
            shown = f"{parameter.label} {parameter.placeholder}" if parameter.kind is FLAG else parameter.label
            words.append(shown.strip())
        elif parameter.kind is POSITIONAL:
            words.append(f"[{parameter.label}]")
    return f"usage: {' '.join(words)} [flags]"


def _fill(text: str, indent: str = "") -> str:
    """Wrap paragraphs to the terminal; what is indented or a list keeps its lines."""
    width = max(40, min(shutil.get_terminal_size().columns, 100))
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        if re.search(r"^(\s|[-*] |>>> )", block, re.MULTILINE):
            blocks.append(textwrap.indent(block, indent))
        else:
            blocks.append(
                textwrap.fill(
                    " ".join(block.split()),
                    width,
                    initial_indent=indent,
                    subsequent_indent=indent,
                    break_long_words=False,
                    break_on_hyphens=False,
                )
            )
    return "\n\n".join(blocks)


def _describe_parameter(parameter: Parameter) -> str:
    default = parameter.default
    if parameter.kind is VARIADIC:
        head, state = f"{parameter.label} ({parameter.placeholder})", "one or more"
    elif parameter.kind is POSITIONAL:
        head, state = f"{parameter.label} ({parameter.placeholder}), or {parameter.flag}", "optional"
    elif parameter.type is bool:
        head = parameter.flag if default is False else f"{parameter.flag}, --no-{parameter.flag[2:]}"
        state = "" if default is False else "default: on" if default else "optional"
    else:
        head, state = f"{parameter.flag} {parameter.placeholder}", "optional"
    if parameter.kind is not VARIADIC:
        if default is REQUIRED:
            state = "required"
        elif default is not None and parameter.type is not bool:
            shown = ",".join(map(str, default)) if isinstance(default, (list, tuple)) else default
            state = f"default: {shown}"
    return f"  {head}{f'  [{state}]' if state else ''}\n{_fill(parameter.description, '      ')}"


def command_help(program: str, chosen: Command) -> str:
    """What ``--help`` of a command prints: usage, summary, every flag, examples."""
    parts = [_fill(usage_line(program, chosen)), _fill(chosen.summary), _fill(chosen.sections.get("description", ""))]
    named = [p for p in chosen.parameters if p.kind is not FLAG]
    flags = [p for p in chosen.parameters if p.kind is FLAG]
    for title, parameters in (("Arguments", named), ("Flags", flags), ("Flags of every command", GLOBAL_FLAGS)):
        if parameters:
            parts.append("\n".join([title, *map(_describe_parameter, parameters)]))
    for title, body in chosen.sections.items():
        if title in ("Notes", "References", "See Also"):
            parts.append(f"{title}\n{_fill(body, '  ')}")
    if "Examples" in chosen.sections:
        parts.append("Examples\n" + textwrap.indent(chosen.sections["Examples"], "  "))
    return "\n\n".join(part for part in parts if part)


def program_help(program: str, summary: str, commands: Sequence[Command]) -> str:
    """What ``--help`` of a program prints: its commands by group, the flags of all, an example."""
    parts = [f"usage: {program} COMMAND ...", _fill(summary)]
    indent = " " * (max(len(chosen.verb) for chosen in commands) + 4)
    for group in dict.fromkeys(chosen.group for chosen in commands):
        lines = [group]
        for chosen in (chosen for chosen in commands if chosen.group == group):
            lines.append(f"  {chosen.verb}".ljust(len(indent)) + _fill(chosen.summary, indent).lstrip())
        parts.append("\n".join(lines))
    parts.append("\n".join(["Flags of every command", *map(_describe_parameter, GLOBAL_FLAGS)]))
    example = next((chosen.sections["Examples"] for chosen in commands if "Examples" in chosen.sections), "")
    if example:
        parts.append("Example\n" + textwrap.indent(example.split("\n\n")[0], "  "))
    parts.append(f"'{program} COMMAND --help' explains every flag of a command.")
    return "\n\n".join(parts)
