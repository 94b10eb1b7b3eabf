"""The main job from beginning to end on the data embedded in the package."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path

from ldscores.shared.errors import InputError
from ldscores.shared.tables import read_text
from ldscores.taggings.tagging_files import read_tagging
from sumh2.alignment import align
from sumh2.ldsc.h2 import fit_h2
from sumh2.ldsc.rg import fit_rg
from sumh2.munging.munge_files import munge
from sumh2.results import with_se
from sumh2.sumstats_files import read_sumstats

_GWAS = {"height": "height.tsv.gz", "depression": "daner_depression.gz"}


def run_demo(out: str | Path | None = None) -> str:
    """Munge two messy GWAS files, fit both heritabilities and their correlation; the text to print.

    Parameters
    ----------
    out
        Folder for the files; a temporary one, removed at the end, by default.

    Raises
    ------
    InputError
        The folder cannot be made.
    """
    with as_file(files("sumh2.embedded")) as embedded, _folder(out) as folder:
        truth = json.loads(read_text(embedded / "truth.json"))
        lines = [
            "A run from GWAS files to a genetic correlation, on simulated data that come with the package.",
            "",
            "1. sumh2 munge: two files of different shapes become one format; each filter says what it removed.",
        ]
        _copy(embedded, folder)
        traits = []
        for trait, name in _GWAS.items():
            munged = munge(folder / name, out=folder / trait, trait=trait)
            lines += ["", _indented(f"$ sumh2 munge {name} --out {trait}\n\n{munged}")]
            traits.append(read_sumstats(folder / f"{trait}.sumstats.parquet"))
        aligned = align(traits, read_tagging(str(folder / "ld")))
        lines += ["", "2. sumh2 h2: chi2 regressed on LD scores; the slope is the heritability."]
        results = [fit_h2(aligned, trait=number) for number in range(len(traits))]
        for trait, result in zip(_GWAS, results, strict=True):
            lines += ["", _indented(f"$ sumh2 h2 {trait}.sumstats.parquet --ld ld/\n\n{result}")]
        correlation = fit_rg(aligned)
        lines += [
            "",
            "3. sumh2 rg: products of z scores regressed on LD scores; alleles are compared on both strands.",
            "",
            _indented(f"$ sumh2 rg height.sumstats.parquet depression.sumstats.parquet --ld ld/\n\n{correlation}"),
            "",
            "The data were simulated, so the truth is known:",
            "",
        ]
        rows = [(f"h2 of {each.trait}", truth[each.trait]["h2"], each.h2, each.h2_se) for each in results]
        pair = correlation.pairs[0]
        rows += [("rg", truth["rg"], pair.rg, pair.rg_se)]
        rows += [("gcov intercept", truth["gcov_intercept"], pair.gcov_int, pair.gcov_int_se)]
        lines += [f"  {'':<18}{'truth':>8}  estimate (SE)"]
        lines += [f"  {what:<18}{true:>8.2f}  {with_se(value, se)}" for what, true, value, se in rows]
        if out is not None:
            results[0].save(folder / "height.h2")
            results[1].save(folder / "depression.h2")
            correlation.save(folder / "rg")
            lines += ["", f"Files, to try the commands above on: {folder}"]
        return "\n".join(lines)


@contextmanager
def _folder(out: str | Path | None) -> Iterator[Path]:
    if out is None:
        with tempfile.TemporaryDirectory(prefix="sumh2-demo-") as folder:
            yield Path(folder)
        return
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: found a file, expected a folder; choose another --out")
    folder.mkdir(parents=True, exist_ok=True)
    yield folder


def _copy(embedded: Path, folder: Path) -> None:
    """The GWAS files beside the results, the LD scores in a folder of their own."""
    (folder / "ld").mkdir(exist_ok=True)
    for path in sorted(embedded.iterdir()):
        if ".l2." in path.name:
            shutil.copy(path, folder / "ld")
        elif path.name in _GWAS.values():
            shutil.copy(path, folder)


def _indented(text: str) -> str:
    return "\n".join(f"   {line}".rstrip() for line in text.splitlines())
