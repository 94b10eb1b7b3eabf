"""What stands beside or before the table: GWAS-SSF's YAML side file, and comment lines that state people and build."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ldscores.shared.errors import InputError
from ldscores.shared.tables import read_text

_BUILDS = {"37": "hg19", "19": "hg19", "38": "hg38", "36": "hg18", "18": "hg18"}


def build_name(text: str) -> str:
    """``GRCh38``, ``hg38`` or ``b38`` as ``hg38``; "" for what is no build."""
    found = re.search(r"(?:grch|hg|b|build|ncbi)\s*_?(\d\d)", text, re.IGNORECASE) or re.fullmatch(
        r"\s*(\d\d)\s*", text
    )
    return _BUILDS.get(found.group(1), "") if found else ""


def read_comment_words(comments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """``KEY=VALUE`` words of comment lines in upper case, and the genome build if one states it (PGC's VCF-like files)."""
    words, stated = [], {}
    for line in comments:
        found = re.fullmatch(r"##\s*([A-Za-z_ ]+?)\s*[=:]\s*\"?([^\"]*)\"?\s*", line)
        if not found:
            continue
        key, value = re.sub(r"[^A-Z]", "", found.group(1).upper()), found.group(2).replace(",", "")
        words.append(f"{key}={value}")
        if key in ("GENOMEREFERENCE", "GENOMEBUILD", "BUILD", "REFERENCE") and build_name(value):
            stated["build"] = build_name(value)
    return words, stated


def read_side_file(path: str | Path) -> tuple[dict[str, float], dict[str, str], str]:
    """Numbers of people, what else is stated, and a note, of the YAML beside a GWAS-SSF file.

    Stated may be ``build``, ``ancestry`` and ``coordinates`` (0-based).

    The standard names it ``<file>-meta.yaml``.  Nothing where there is none.

    Raises
    ------
    InputError
        The file is no YAML, or PyYAML is not installed.
    """
    side = _find_side_file(Path(path))
    if side is None:
        return {}, {}, ""
    try:
        import yaml
    except ImportError:
        raise InputError(
            f"{side}: reading it needs PyYAML, which is not installed; install it with pip install sumh2[yaml], or move "
            "the file away and give --n"
        ) from None
    try:
        content = yaml.safe_load(read_text(side))
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"{side}: is no YAML ({reason}); correct it, or move it away") from None
    if not isinstance(content, Mapping):
        raise InputError(f"{side}: found no keys; expected those of GWAS-SSF, e.g. genome_assembly; move it away")
    return _people_of(content, side), _stated_in(content), f"people, build and ancestry as stated in {side.name}"


def _find_side_file(path: Path) -> Path | None:
    stem = re.sub(r"(\.(gz|bgz|bz2|xz|zst))?$", "", path.name)
    stem = re.sub(r"\.(tsv|txt|csv)$", "", stem)
    files = [path.with_name(f"{name}-meta.yaml") for name in (path.name, stem, f"{stem}.tsv", f"{stem}.tsv.gz")]
    return next((each for each in files if each.is_file()), None)


def _keys(content: Mapping[Any, Any]) -> dict[str, Any]:
    """Keys in one spelling: ``sampleSize`` and ``sample_size`` are the same."""
    return {re.sub(r"[^a-z]", "", str(key).lower()): value for key, value in content.items()}


def _people_of(content: Mapping[Any, Any], side: Path) -> dict[str, float]:
    samples = _keys(content).get("samples") or [content]
    samples = [samples] if isinstance(samples, Mapping) else samples
    totals = {"N": 0.0, "N_CAS": 0.0, "N_CON": 0.0}
    for sample in samples:
        if not isinstance(sample, Mapping):
            continue
        values = _keys(sample)
        for name, keys in (("N", ("samplesize",)), ("N_CAS", ("casecount",)), ("N_CON", ("controlcount",))):
            value = next((values[key] for key in keys if values.get(key) not in (None, "")), 0)
            try:
                totals[name] += float(value)
            except (TypeError, ValueError):
                raise InputError(
                    f"{side}: found {str(value)[:40]!r} for {keys[0]}, expected a number of people; correct it"
                ) from None
    if totals["N_CAS"] > 0 and totals["N_CON"] > 0:
        return {name: totals[name] for name in ("N_CAS", "N_CON")}
    return {"N": totals["N"]} if totals["N"] > 0 else {}


def _stated_in(content: Mapping[Any, Any]) -> dict[str, str]:
    values = _keys(content)
    stated = {}
    if build := build_name(str(values.get("genomeassembly", ""))):
        stated["build"] = build
    if str(values.get("coordinatesystem", "")).startswith("0"):
        stated["coordinates"] = "0-based"
    samples = values.get("samples") or []
    ancestries = []
    for sample in samples if isinstance(samples, Sequence) else [samples]:
        if isinstance(sample, Mapping):
            found = _keys(sample).get("sampleancestry") or _keys(sample).get("sampleancestrycategory") or []
            ancestries += [found] if isinstance(found, str) else list(found)
    if ancestries:
        stated["ancestry"] = ", ".join(dict.fromkeys(map(str, ancestries)))
    return stated
