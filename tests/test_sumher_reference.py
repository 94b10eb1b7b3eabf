"""fit_sumher and fit_sumher_rg against every run of LDAK 6.2 in the reference sets, file by file, number by number.

Numbers of the written files are compared with LDAK's word by word.  LDAK's stopping rule (a change of logl below 0.001)
is the default here too, so that they agree to the digits printed, but for what two roundings of nearly the same number
can do: one unit of the last digit, in fewer than one word in a hundred.
"""

from __future__ import annotations

import numpy as np
import pytest
from agreement import check_digits
from conftest import PORTABLE
from ldak_commands import Run, h2_as_ldak, last_digit, reference_runs, rg_as_ldak, tagging_of

from ldscores.shared.errors import FitError, InputError
from sumh2.sumher.ldak_output_files import write_ldak_h2, write_ldak_rg
from sumh2.sumher.snp_heritabilities import expect_snp_heritabilities, expect_tagged_heritabilities
from sumh2.sumher.snp_heritability_files import read_category_matrix, write_snp_heritabilities

#: Written by us; .progress is LDAK's log.
H2_FILES = (
    "hers", "cats", "share", "enrich", "taus", "cross", "extra", "labels", "overlap", "hers.liab", "cats.liab", "factor",
)  # fmt: skip
RG_FILES = ("cors", "cors.full", "labels", "overlap")

#: LDAK evaluates given taus and prints errors of zero; there are none.
WITHOUT_ERRORS = ("x/taus",)


def as_parameters(runs):
    return [pytest.param(run, id=run.name, marks=() if run.folder == PORTABLE else pytest.mark.shared) for run in runs]


EVERY_FIT = [run for run in reference_runs("sum-hers") if run.options.get("check-sums") == "NO"]
#: Of the panel eas some taggings and outputs were not kept.
FITS = [run for run in EVERY_FIT if run.is_there()]
HELD_OUT = [run for run in FITS if "cv-predictors" in run.options]
COMPLETE = [run for run in FITS if run not in HELD_OUT]
#: Every SNP of one panel is ambiguous: without these nothing is left, and LDAK stops.
NOTHING_LEFT = [run for run in EVERY_FIT if run.name == "ambig/hers/humdef.noamb"]
REFUSED = [run for run in reference_runs("sum-hers") if "check-sums" not in run.options]
PAIRS = [run for run in reference_runs("sum-cors") if run.is_there()]


def test_every_run_that_was_kept__is_compared():
    assert len([run for run in COMPLETE if run.folder == PORTABLE]) == 57
    assert len([run for run in PAIRS if run.folder == PORTABLE]) == 15


@pytest.mark.shared
def test_every_run_of_every_panel__is_compared():
    assert len(COMPLETE) == 216
    assert len(PAIRS) == 34


def words_of(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def is_number(word: str) -> bool:
    try:
        return bool(np.isfinite(float(word)))
    except ValueError:
        return False


def compare_text(ours: str, theirs: str, where: str, excused) -> tuple[int, int]:
    """Number of numbers compared and of those that are not the same word; AssertionError beyond one last digit."""
    mine, ldaks = words_of(ours), words_of(theirs)
    assert [len(line) for line in mine] == [len(line) for line in ldaks], where
    n_compared = n_unequal = 0
    for row, (line, reference) in enumerate(zip(mine, ldaks, strict=True)):
        for column, (word, expected) in enumerate(zip(line, reference, strict=True)):
            if excused(reference, column, word, expected):
                continue
            if not (is_number(word) and is_number(expected)):
                assert word == expected, f"{where}, line {row + 1}: {line} against {reference}"
                continue
            n_compared += 1
            if word != expected:
                n_unequal += 1
                unit = last_digit(expected)
                assert abs(float(word) - float(expected)) < 1.01 * unit, f"{where}: {line} against {reference}"
    return n_compared, n_unequal


def excuse_enrichment(run: Run):
    """A category of all SNPs has a share of 1 without error, and no Z: LDAK prints rounding, or NA; LDAK's Z is wrong
    with genomic control or an intercept."""
    wrong_z = run.yes("genomic-control") or run.yes("intercept")

    def excused(reference, column, word, expected):
        everything = reference[0].startswith("Enrich_") and reference[1] == reference[3] == "1.000000"
        of_everything = everything and column in (2, 5, 6) and word in ("0.000000", "NA")
        return of_everything or (reference[0].startswith("Enrich_") and column == 6 and wrong_z)

    return excused


def excuse_everything_share(reference, column, word, expected):
    """The share of the only category is 1 without error."""
    return reference[0].startswith("Share_") and reference[1] == "1.000000" and column == 2 and word == "0.000000"


@pytest.mark.parametrize("run", as_parameters(COMPLETE))
def test_h2__writes_what_ldak_writes(run, tmp_path):
    result = h2_as_ldak(run)
    jackknife = "num-blocks" in run.options or not np.isfinite(result.h2_se)
    write_ldak_h2(result, tmp_path / "ours", jackknife=jackknife)
    excused = excuse_enrichment(run)
    n_compared = n_unequal = 0
    for ending in H2_FILES:
        theirs = run.text(ending)
        if theirs is None:
            assert ending.endswith((".liab", "factor")), f"LDAK wrote no {ending}"
            continue
        ours = (tmp_path / f"ours.{ending}").read_text()
        if run.out in WITHOUT_ERRORS:
            theirs, ours = (drop_errors(text, ending) for text in (theirs, ours))
        counts = compare_text(
            ours, theirs, f"{run.name}.{ending}",
            lambda *words: excused(*words) or excuse_everything_share(*words),
        )  # fmt: skip
        n_compared, n_unequal = n_compared + counts[0], n_unequal + counts[1]
    assert n_compared >= 20
    assert n_unequal <= 0.01 * n_compared + 1, f"{n_unequal} of {n_compared} words differ by one in the last digit"
    words = {line[0]: line[1:] for line in words_of(run.text("hers"))}
    check_h2_digits(result, words["Her_All"], jackknife, words_of(run.text("extra")))


def check_h2_digits(result, total, jackknife, extra):
    """Digits for the README's table: h2, its SE and the likelihood, as far as LDAK prints them."""
    check_printed(result.h2, total[0], "SumHer h2")
    if np.isfinite(result.h2_jackknife_se):
        check_printed(result.h2_jackknife_se if jackknife else result.h2_se, total[1], "SumHer h2 SE")
    for name, value in (("Null_logl", result.null_logl), ("Alt_logl", result.logl)):
        check_printed(value, dict(line[:2] for line in extra)[name], f"SumHer {name}")


def check_printed(ours: float, printed: str, what: str):
    """Agreement within the rounding of what is printed (half a unit of the last digit), as digits."""
    theirs = float(printed)
    if abs(theirs) > 1e-3:
        check_digits(ours, theirs, -np.log10(0.51 * last_digit(printed) / abs(theirs)), what)


def drop_errors(text: str, ending: str) -> str:
    """Estimates alone: of evaluated taus there are no errors."""
    columns = {
        "hers": (0, 1, 3),
        "cats": (0, 1),
        "share": (0, 1),
        "enrich": (0, 1, 3, 4),
        "taus": (0, 1),
        "cross": (0, 1),
    }
    if ending not in columns:
        return text
    return "\n".join(" ".join(line[place] for place in columns[ending]) for line in words_of(text))


@pytest.mark.parametrize("run", as_parameters(REFUSED))
def test_check_sums__refuses_what_ldak_refuses(run):
    with pytest.raises(InputError, match=r"found summary statistics for \d+ of the \d+ SNPs .* drop --check-sums"):
        h2_as_ldak(run)


@pytest.mark.parametrize("run", as_parameters(NOTHING_LEFT))
def test_no_snp_left__is_told(run):
    assert run.text("hers") is None
    with pytest.raises(FitError, match="no SNP is left"):
        h2_as_ldak(run)


@pytest.mark.parametrize("run", as_parameters(PAIRS))
def test_rg__writes_what_ldak_writes(run, tmp_path):
    result = rg_as_ldak(run)
    write_ldak_rg(result, tmp_path / "ours")
    n_compared = n_unequal = 0
    for ending in RG_FILES:
        theirs = run.text(ending)
        if theirs is None or not (tmp_path / f"ours.{ending}").is_file():
            assert "cross-tagfile" in run.options and ending in ("cors.full", "labels"), ending
            continue
        counts = compare_text((tmp_path / f"ours.{ending}").read_text(), theirs, f"{run.name}.{ending}", excuse_nan)
        n_compared, n_unequal = n_compared + counts[0], n_unequal + counts[1]
    assert n_unequal <= 0.01 * n_compared + 1, f"{n_unequal} of {n_compared} words differ by one in the last digit"
    words = {line[0]: line[1:] for line in words_of(run.text("cors"))}
    (pair,) = result.pairs
    for name, value, se in (
        ("Her1_All", pair.h2_1, pair.h2_1_se),
        ("Her2_All", pair.h2_2, pair.h2_2_se),
        ("Coher_All", pair.gcov, pair.gcov_se),
        ("Cor_All", pair.rg, pair.rg_se),
    ):
        check_printed(value, words[name][0], f"sum-cors {name}")
        if "nan" not in words[name][1]:
            check_printed(se, words[name][1], f"sum-cors {name} SE")


def excuse_nan(reference, column, word, expected):
    """LDAK has no error where a heritability is not positive in one jackknife sample; here it is to first order."""
    if "nan" not in expected:
        return False
    return is_number(word) or word == "NA"


@pytest.mark.parametrize("run", as_parameters(HELD_OUT))
def test_held_out_snps__are_predicted_as_by_ldak(run):
    """--cv-predictors: expectations of SNPs that the fit has not seen, and their correlation with the statistics."""
    result = h2_as_ldak(run)
    whole = tagging_of(Run(run.folder, run.verb, run.out, {"tagfile": run.options["tagfile"]}))
    place = {name: row for row, name in enumerate(whole.snp.to_pylist())}
    expected = 1 + result.n_bar * expect_tagged_heritabilities(result, whole)
    lines = words_of(run.text("cv.exps"))[1:]
    rows = [place[line[0]] for line in lines]
    constant_n = {line[4] for line in run.lines(run.options["summary"])[1:]}
    assert len(constant_n) == 1
    np.testing.assert_allclose(expected[rows], [float(line[2]) for line in lines], atol=5.1e-5)
    np.testing.assert_allclose(
        1 / np.maximum(whole.regression_tagging[rows], 1), [float(line[3]) for line in lines], atol=5.1e-5
    )
    correlation = np.corrcoef([float(line[1]) for line in lines], expected[rows])[0, 1]
    assert correlation == pytest.approx(float(words_of(run.text("cv.cor"))[1][1]), abs=6e-5)


@pytest.mark.parametrize("run", as_parameters([run for run in FITS if "matrix" in run.options]))
def test_snp_heritabilities__are_ldaks(run, tmp_path):
    result = h2_as_ldak(run)
    matrix = read_category_matrix(run.path(run.options["matrix"]))
    written = write_snp_heritabilities(expect_snp_heritabilities(result, matrix), tagging_of(run), tmp_path / "ours")
    scale = dict(zip(matrix.snp.to_pylist(), np.abs(matrix.values) @ np.abs(result.tau), strict=True))
    for path, ending in zip(written[:2], ("ind.hers", "ind.hers.positive"), strict=True):
        ours, theirs = words_of(path.read_text()), words_of(run.text(ending))
        assert [line[0] for line in ours] == [line[0] for line in theirs] and len(ours) > 3000
        assert ours[0] == theirs[0]
        for line, reference in zip(ours[1:], theirs[1:], strict=True):
            # Terms of both signs: LDAK's taus stop within its tolerance, ours agree with them to one part in a million.
            allowed = 1e-6 * scale[line[0]] + last_digit(reference[1])
            assert abs(float(line[1]) - float(reference[1])) <= allowed, (line, reference)


@pytest.mark.parametrize("run", as_parameters([run for run in FITS if run.out.endswith("hers/humdef.trait1")]))
def test_tagged_heritabilities__are_those_of_calc_exps(run):
    result = h2_as_ldak(run)
    tagging = tagging_of(run)
    theirs = [line for line in words_of(Run(run.folder, "", "other/humdef", {}).text("exps"))[1:]]
    assert [line[0] for line in theirs] == tagging.snp.to_pylist()
    np.testing.assert_allclose(
        expect_tagged_heritabilities(result, tagging), [float(line[3]) for line in theirs], rtol=6e-5
    )
