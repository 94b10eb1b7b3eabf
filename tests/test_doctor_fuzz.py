"""The doctor on damaged GWAS files: a report or an InputError, never a traceback, and never another verdict than munge's.

The suite of 5,000 files: ``pytest -m slow tests/test_doctor_fuzz.py``; 200 run with the others.  The damage is that of
`gwas_mutations`; a failing seed is in the test's message and makes the same file again.
"""

from __future__ import annotations

import json
import warnings
from collections import Counter

import numpy as np
import pytest
from gwas_mutations import SNPS, damaged_file

from ldscores.shared.errors import InputError
from sumh2.doctor.check import STATUSES
from sumh2.doctor.examine_files import examine, report_as_json
from sumh2.munging.munge_files import munge


def write_panel(path) -> str:
    """The SNPs of the files as a panel knows them: half in the other order, frequencies a little off."""
    random = np.random.default_rng(1)
    lines = ["SNP\tCHR\tPOS_hg19\tPOS_hg38\tA1\tA2\tFRQ"]
    for number, snp in enumerate(SNPS):
        frequency = float(np.clip(snp.frequency + random.normal() * 0.01, 0.01, 0.99))
        a1, a2, frequency = (snp.alt, snp.ref, frequency) if number % 2 else (snp.ref, snp.alt, 1 - frequency)
        lines.append(f"{snp.name}\t{snp.chrom}\t{snp.bp}\t{snp.bp + 9000}\t{a1}\t{a2}\t{frequency:.4f}")
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def verdict_of(call) -> tuple[object, str]:
    """What a call gives, or the message of its InputError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return call(), ""
    except InputError as error:
        return None, str(error)


def one_file(seed: int, folder, panel: str) -> str:
    """Make the file of a seed, examine it, check the report; what came out, in a word."""
    each, file = damaged_file(seed, part=2025)
    path = folder / "gwas.txt"
    path.write_bytes(file.encode())
    options = dict(each.options) | ({"reference": panel} if seed % 3 == 0 else {})
    result, refusal = verdict_of(lambda: examine(path, **options))
    munged, munge_refusal = verdict_of(lambda: munge(path, **options))
    if result is None:
        assert path.name in refusal, refusal
        # What the doctor cannot read munge cannot either.
        assert munged is None, refusal
        return "refused"
    stored = json.loads(report_as_json(result))
    assert stored["status"] in ("ok", "caution", "unusable") and len(str(result)) > 100
    assert all(check.status in STATUSES and check.found for check in result.checks)
    assert all(check.advice for check in result.checks if check.status in ("caution", "unusable")), result.checks
    names = [check.check for check in result.checks]
    assert len(names) == len(set(names))
    # Where munge stops, the doctor says so; where it does not, both keep the same rows.
    if "names" in names:
        assert "--match-by position" in munge_refusal
        return "ill"
    assert ("munge" in names) == (munged is None), (munge_refusal, str(result))
    assert result.n_kept == (-1 if munged is None else len(munged.sumstats))
    # That these files have few rows is no damage.
    alarms = [
        check
        for check in result.checks
        if check.status in ("caution", "unusable") and "too few to tell" not in check.found
    ]
    return "ill" if alarms else "well"


def run_seeds(seeds, folder) -> Counter:
    counts: Counter = Counter()
    panel = write_panel(folder / "panel.tsv")
    for seed in seeds:
        try:
            counts[one_file(seed, folder, panel)] += 1
        except Exception as error:
            raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error
    return counts


def test_200_damaged_files(tmp_path):
    counts = run_seeds(range(200), tmp_path)
    assert min(counts["refused"], counts["ill"], counts["well"]) > 10, counts


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_5000_damaged_files(part, tmp_path):
    counts = run_seeds(range(500 * part, 500 * (part + 1)), tmp_path)
    assert sum(counts.values()) == 500 and min(counts.values()) > 25, counts
