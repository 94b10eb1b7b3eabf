"""What the HTML pages of this program share: where they may be written, and the policy that keeps them closed."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from ldscores.shared.errors import InputError
from ldscores.shared.outputs import check_writable_folder


def check_page(path: str | Path) -> None:
    """Refuse, before any work, a page that could not be written.

    Raises
    ------
    InputError
        The ending is none of a page's, it is a folder, or its folder cannot be written to.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--out {path}: found ending {path.suffix!r}, expected .html; rename it")
    if path.is_dir():
        raise InputError(f"--out {path}: found a folder, expected the name of a page; choose another --out")
    check_writable_folder(path, "--out")


def content_policy(script: str, style: str, *, images: bool = False) -> str:
    """A Content-Security-Policy by which this script and this style sheet run, and nothing else.

    Parameters
    ----------
    script, style
        What stands between the page's ``<script>`` and ``<style>`` tags, to the letter.
    images
        Whether images inside the page (``data:``) are shown.
    """

    def source(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    shown = "img-src data:; " if images else ""
    return (
        f"default-src 'none'; {shown}script-src {source(script)}; style-src {source(style)}; base-uri 'none'; "
        "form-action 'none'"
    )
