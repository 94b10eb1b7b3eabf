"""Sections to one page of HTML that needs nothing else.

**Names.**  Whatever stands in a file may stand in a name.  The template escapes everything (jinja2's autoescape); figures
are images, inside of which nothing runs; and the Content-Security-Policy names the hashes of the page's one script and one
style sheet: nothing else runs, nothing is fetched.
"""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ldscores import __version__
from sumh2.pages import content_policy
from sumh2.report.section import SavedResult, Section, whole

#: Input files of a result that the page lists; the record has all.
_MOST_INPUTS = 60


@dataclass(frozen=True)
class ReportTemplate:
    """What a page is made of besides its sections: a jinja2 template, CSS and JavaScript."""

    markup: str
    style: str
    script: str


class _InputFile(NamedTuple):
    """A file as a record names it."""

    path: str
    bytes: Any
    sha256: str


def build_report(sections: Sequence[Section], template: ReportTemplate, title: str) -> str:
    """The page as one HTML text.

    Parameters
    ----------
    sections
        One a result, in their order.
    template
        Markup, style and script.
    title
        Heading of the page.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    environment.filters |= {
        "base64": lambda content: base64.b64encode(content).decode(),
        "thousands": lambda value: whole(float(value)) if isinstance(value, int | float) else "–",
        "shell": _shell_line,
        "given": _given_options,
        "origin": _origin,
    }
    text = environment.from_string(template.markup).render(
        sections=list(sections),
        title=title,
        program=f"sumh2 {__version__}",
        policy=content_policy(template.script, template.style, images=True),
        # Our own, not of any file; escaped they would be other texts than those whose hashes the policy names.
        style=Markup(template.style),
        script=Markup(template.script),
        most_inputs=_MOST_INPUTS,
        inputs=_numbered_inputs(sections),
    )
    # A lone surrogate, from a file name that is no text, cannot be written.
    return text.encode("utf-8", "replace").decode("utf-8")


def _origin(saved: SavedResult) -> dict[str, Any]:
    """Provenance with an entry for all that the page shows, empty where a record lacks it."""
    found = saved.provenance
    listed = [one for one in found.get("inputs") or () if isinstance(one, Mapping)]
    inputs = [_input_file(one) for one in listed]
    words = {name: found.get(name) or "" for name in ("program", "python", "command")}
    options = found.get("options")
    return words | {"inputs": inputs, "options": options if isinstance(options, Mapping) else {}}


def _input_file(record: Mapping[str, Any]) -> _InputFile:
    n_bytes = record.get("bytes", "")
    return _InputFile(
        str(record.get("path", "")), n_bytes if isinstance(n_bytes, int | float) else "", str(record.get("sha256", ""))
    )


def _numbered_inputs(sections: Sequence[Section]) -> dict[_InputFile, int]:
    """The input files that the sections name, each content once, numbered from 1 in the order of the page."""
    named = (one for section in sections for one in _origin(section.saved)["inputs"][:_MOST_INPUTS])
    return {one: number for number, one in enumerate(dict.fromkeys(named), 1)}


def _shell_line(words: Any) -> str:
    """A command as it was typed."""
    return shlex.join(map(str, words)) if isinstance(words, list | tuple) else str(words)


def _given_options(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Options that say something: neither missing nor off."""
    return [
        (str(name), value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in options.items()
        if value is not None and value is not False and value != [] and value != ""
    ]
