"""fit_partition and fit_stratified_rg against LDSC 1.0.1 and GenomicSEM, which published these estimators."""

from __future__ import annotations

import functools
import itertools
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from agreement import check_digits
from conftest import PORTABLE, SHARED

from ldscores.annotations.overlap_files import read_annotation_sums, read_quantile_sums
from ldscores.taggings.tagging_files import read_tagging
from sumh2 import align, fit_h2, fit_partition, fit_stratified_rg, read_sumstats
from sumh2.ldsc.log import write_h2_side_files
from sumh2.ldsc.partition_log import partition_log, write_ldsc_results

LDSC = SHARED / "reference" / "ldsc"
INPUTS = LDSC / "partition_inputs"

#: Case: trait, LD scores, whether frequencies are given, options of the fit.
CASES = {
    "overlap": ("trait1", "ovl.", True, {}),
    "overlap_notM": ("trait1", "ovl.", False, {"m": "M"}),
    "overlap_t2": ("trait2", "ovl.", True, {}),
    "noint": ("trait1", "ovl.", True, {"intercept": 1.0}),
    "liab": ("trait1", "ovl.", True, {}),
    "two_prefixes": ("trait1", "ovl.,ctA.", True, {}),
    "chisqmax30_blocks50": ("trait1", "ovl.", True, {"chisq_max": 30, "n_blocks": 50}),
}
RESULTS = {
    "Prop._SNPs": lambda result: result.enrichments.prop_snps,
    "Prop._h2": lambda result: result.enrichments.share.value,
    "Prop._h2_std_error": lambda result: result.enrichments.share.se,
    "Enrichment": lambda result: result.enrichments.enrichment.value,
    "Enrichment_std_error": lambda result: result.enrichments.enrichment.se,
    "Enrichment_p": lambda result: result.enrichment_p,
    "Coefficient": lambda result: result.coefficients.value,
    "Coefficient_std_error": lambda result: result.coefficients.se,
    "Coefficient_z-score": lambda result: result.coefficients.z,
}
GREPPED = (
    r"^(After merging.*|Removed .*|Total (?!time).*|Categories.*|Observed scale.*|Proportion.*|Enrichment:.*|"
    r"Coefficient.*|Lambda GC.*|Mean Chi.*|Intercept.*|Ratio.*|WARNING: number.*)$"
)


def prefixes(names):
    return ",".join(f"{INPUTS}/ld/{name}" for name in names.split(","))


@functools.cache
def categories(names):
    return read_tagging(prefixes(names), weights=f"{INPUTS}/ld/w.")


@functools.cache
def sums_of(names, common):
    sums = read_annotation_sums(prefixes(names), f"{INPUTS}/frq." if common else None)
    return sums.for_categories(categories(names).names)


@functools.cache
def data_of(trait, names):
    return align([read_sumstats(INPUTS / f"{trait}.sumstats.gz")], categories(names))


@functools.cache
def fitted(case):
    trait, names, common, options = CASES[case]
    aligned = data_of(trait, names)
    if case == "liab":
        aligned = replace(aligned, traits=(replace(aligned.traits[0], samp_prev=0.5, pop_prev=0.01),))
    return fit_partition(aligned, annotations=sums_of(names, common), **options)


def numbers(values):
    return [np.nan if value == "NA" else value for value in values]


@pytest.mark.shared
@pytest.mark.parametrize("case", CASES)
def test_results__equal_ldsc(case):
    reference = json.loads((LDSC / "partition" / f"{case}.json").read_text())
    result = fitted(case)
    of_all = result.sums.sizes == result.sums.n_reference
    for name, found in RESULTS.items():
        ours, theirs = found(result), np.array(numbers(reference["results"][name]), dtype=float)
        if "std_error" in name and "Coef" not in name or name == "Enrichment_p":
            # The share of all SNPs is 1 without error; LDSC gets there by terms that cancel and may print 5e-9.
            assert (ours[of_all] == 0).all() or np.isnan(ours[of_all]).all()
            assert (np.nan_to_num(theirs[of_all]) < 1e-8).all()
            ours, theirs = ours[~of_all], theirs[~of_all]
        check_digits(ours, theirs, 10, name)
    check_digits(result.sums.n_reference, reference["M_tot"], 15, "M_tot")
    # O holds sums of five-digit values of a continuous annotation that cancel; LDSC sums in another order.
    check_digits(result.sums.overlap, reference["overlap_matrix"], 12, "overlap")


@pytest.mark.shared
@pytest.mark.parametrize("case", [*CASES, "nonoverlap", "zero_variance_nooverlap"])
def test_totals_and_coefficients__equal_ldsc(case):
    reference = json.loads((LDSC / "partition" / f"{case}.json").read_text())
    if case in CASES:
        result = fitted(case)
    else:
        names = "ovl." if case == "nonoverlap" else "full."
        tagging = categories(names).drop_constant_categories()[0]
        result = fit_partition(align([read_sumstats(INPUTS / "trait1.sumstats.gz")], tagging), disjoint=True)
    total = result.total
    check_digits(total.h2, reference["tot"], 10, "h2")
    check_digits(total.h2_se, reference["tot_se"], 10, "h2 SE")
    check_digits(total.intercept, reference["intercept"], 10, "intercept")
    check_digits(total.delete_values, reference["tot_delete_values"], 10, "delete values")
    check_digits(result.tau_cov, reference["coef_cov"], 10, "coefficient covariance")
    check_digits(result.coefficients.value, reference["coef"], 10, "coefficients")
    if reference["intercept_se"] != "NA":
        check_digits(total.intercept_se, reference["intercept_se"], 10, "intercept SE")
        check_digits(total.ratio, reference["ratio"], 10, "ratio")


@pytest.mark.shared
@pytest.mark.parametrize("case", ["nonoverlap", "zero_variance_nooverlap"])
def test_disjoint_categories__equal_ldsc(case):
    reference = json.loads((LDSC / "partition" / f"{case}.json").read_text())
    names = "ovl." if case == "nonoverlap" else "full."
    tagging = categories(names).drop_constant_categories()[0]
    result = fit_partition(align([read_sumstats(INPUTS / "trait1.sumstats.gz")], tagging), disjoint=True)
    found = result.enrichments
    expected = {name: np.ravel(reference[name]) for name in ("cat", "cat_se", "prop", "prop_se", "enrichment")}
    ours = (found.h2.value, found.h2.se, found.share.value, found.share.se, found.enrichment.value)
    for (name, theirs), values in zip(expected.items(), ours, strict=True):
        check_digits(values, theirs, 10, name)
    theirs = re.findall(GREPPED, (LDSC / "partition" / f"{case}.log").read_text(), re.MULTILINE)
    assert re.findall(GREPPED, partition_log(result, disjoint=True), re.MULTILINE) == theirs


@pytest.mark.shared
@pytest.mark.parametrize("case", CASES)
def test_log_lines__are_those_of_ldsc(case):
    theirs = re.findall(GREPPED, (LDSC / "partition" / f"{case}.log").read_text(), re.MULTILINE)
    ours = re.findall(GREPPED, partition_log(fitted(case)), re.MULTILINE)
    assert [line.replace("chi^2 > 30 ", "chi^2 > 30.0 ") for line in ours] == theirs


@pytest.mark.shared
@pytest.mark.parametrize("case", CASES)
def test_results_file__reads_as_that_of_ldsc(case, tmp_path):
    theirs = [line.split("\t") for line in (LDSC / "partition" / f"{case}.results").read_text().splitlines()]
    path = write_ldsc_results(tmp_path / "own.results", fitted(case))
    ours = [line.split("\t") for line in path.read_text().splitlines()]
    assert ours[0] == theirs[0]
    assert [row[0] for row in ours] == [row[0] for row in theirs]
    for our_row, their_row in zip(ours[2:], theirs[2:], strict=True):  # the row of all SNPs: test_results__equal_ldsc
        assert "NA" not in our_row
        check_digits([float(cell) for cell in our_row[1:]], [float(cell) for cell in their_row[1:]], 10, our_row[0])
    assert ours[1][6] == "NA"
    np.testing.assert_allclose([float(cell) for cell in ours[1][1:6]], [1, 1, 0, 1, 0], rtol=1e-14)


def digits_of_scale(ours, theirs, what, digits=10):
    """Digits of a column's largest number: single delete values pass zero, and have as few digits in LDSC as here."""
    scale = np.abs(theirs).max(axis=0)
    check_digits(1 + (ours - theirs) / scale, np.ones_like(theirs), digits, what)


@pytest.mark.shared
@pytest.mark.parametrize("case", ["overlap", "overlap_t2"])
def test_side_files__equal_ldsc(case, tmp_path):
    write_h2_side_files(fitted(case).total, tmp_path / "own", cov=True, delete_values=True)
    read = {
        ending: (np.loadtxt(tmp_path / f"own.{ending}"), np.loadtxt(LDSC / "partition" / f"{case}.{ending}"))
        for ending in ("cov", "delete", "part_delete")
        if (LDSC / "partition" / f"{case}.{ending}").exists()
    }
    assert len(read) == (3 if case == "overlap" else 2)
    for ending in read.keys() - {"part_delete"}:
        check_digits(*read[ending], 10, ending)
    digits_of_scale(*read["part_delete"], "part_delete")


@pytest.mark.shared
def test_a_category_without_variance__is_left_out_with_its_overlap():
    """LDSC stops here with a broadcast error (zero_variance.log ends before its results)."""
    full = categories("full.")
    tagging, dropped = full.drop_constant_categories()
    assert dropped == ("emptyL2",)
    assert "Results printed" not in (LDSC / "partition" / "zero_variance.log").read_text()
    sums = read_annotation_sums(prefixes("full."), f"{INPUTS}/frq.").for_categories(full.names)
    result = fit_partition(align([read_sumstats(INPUTS / "trait1.sumstats.gz")], tagging), annotations=sums)
    check_digits(result.enrichments.share.value, fitted("overlap").enrichments.share.value, 12, "without it")


@pytest.mark.shared
def test_two_step__is_refused_with_categories_as_in_ldsc():
    with pytest.raises(Exception, match="two-step: found several LD scores"):
        fit_h2(data_of("trait1", "ovl."), two_step=30)
    assert "two-step" in (LDSC / "partition" / "two_step_partitioned_err.log").read_text()


@pytest.mark.shared
def test_quantiles__equal_quantile_h2g():
    """Bins made here equal quantile_M's, and heritabilities by bin equal quantile_h2g's."""
    sums = read_annotation_sums(f"{INPUTS}/ld/ovl.", f"{INPUTS}/frq.", quantile_of="recomb")
    theirs = read_quantile_sums(LDSC / "quantile" / "recomb.q5.M")
    assert sums.quantiles.n_snps.tolist() == theirs.n_snps.tolist()
    # quantile_M prints fifteen digits of sums that cancel.
    check_digits(sums.quantiles.sums, theirs.sums, 11, "sums")
    without_zero = read_annotation_sums(f"{INPUTS}/ld/ovl.", f"{INPUTS}/frq.", quantile_of="recomb", exclude_zero=True)
    assert (
        without_zero.quantiles.n_snps.tolist() == read_quantile_sums(LDSC / "quantile/recomb.q5.ex0.M").n_snps.tolist()
    )
    result = fit_partition(data_of("trait1", "ovl."), annotations=sums.for_categories(categories("ovl.").names))
    names = ("h2", "h2_se", "prop_h2", "prop_h2_se", "enrichment", "enrichment_se", "enrichment_p")
    found = [[row[name] for name in names] for row in result.quantile_records()]
    check_digits(found, np.loadtxt(LDSC / "quantile" / "recomb.q5.txt", skiprows=1), 12, "quantile_h2g")
    from_file = fit_partition(
        data_of("trait1", "ovl."), annotations=sums_of("ovl.", True), quantiles=theirs
    ).quantile_records()
    check_digits([[row[name] for name in names] for row in from_file], found, 11, "from the file of bins")


# ---------------------------------------------------------------------------------------------------------------------
# The portable set


@functools.cache
def portable_fit(trait):
    tagging = read_tagging(f"{PORTABLE}/ldsc/ann.", weights=f"{PORTABLE}/ldsc/ld.")
    sums = read_annotation_sums(f"{PORTABLE}/inputs/ann.", f"{PORTABLE}/inputs/chr.").for_categories(tagging.names)
    aligned = align([read_sumstats(PORTABLE / "inputs" / f"trait{trait}.sumstats.xz")], tagging)
    return aligned, fit_partition(aligned, annotations=sums)


@pytest.mark.parametrize("trait", [1, 2, 3])
def test_portable_set__equals_ldsc(trait):
    """LDSC's SE of a share that is 0.998 by cancellation has 8.3 to 8.5 digits: see the next test for ours."""
    result = portable_fit(trait)[1]
    theirs = [line.split("\t") for line in (PORTABLE / "ldsc" / f"part_{trait}.results").read_text().splitlines()]
    for place, name in enumerate(theirs[0][1:], start=1):
        expected = np.array([float(row[place]) for row in theirs[1:]])
        cancels = name in ("Prop._h2_std_error", "Enrichment_std_error")
        check_digits(RESULTS[name](result)[1:], expected[1:], 10, name)
        check_digits(RESULTS[name](result)[0], expected[0], 8 if cancels else 10, f"{name} of the base")
    log = re.findall(GREPPED, (PORTABLE / "ldsc" / f"part_{trait}.log").read_text(), re.MULTILINE)
    assert re.findall(GREPPED, partition_log(result), re.MULTILINE) == log
    for ending, ours in (("cov", result.tau_cov), ("delete", result.total.delete_values)):
        check_digits(ours, np.loadtxt(PORTABLE / "ldsc" / f"part_{trait}.{ending}"), 10, ending)
    digits_of_scale(result.tau_delete, np.loadtxt(PORTABLE / "ldsc" / f"part_{trait}.part_delete"), "part_delete")


@pytest.mark.parametrize("trait", [1, 2, 3])
def test_portable_set__equals_long_double(trait):
    """A plain version in 80-bit numbers: where LDSC's last digits are rounding, ours are not."""
    aligned, result = portable_fit(trait)
    tau, tau_delete, share, share_se = plain_partition(aligned, result.sums)
    check_digits(result.coefficients.value, tau, 11, "tau")
    check_digits(result.enrichments.share.value, share, 11, "share")
    check_digits(result.enrichments.share.se, share_se, 11, "SE of the share")
    digits_of_scale(result.tau_delete, tau_delete, "delete values", 11)


def plain_partition(aligned, sums, n_blocks=200):
    """The formulas of SPEC-LDSC 4 and 4.1, one after another, in long doubles."""
    long = np.longdouble
    z = aligned.z[:, 0]
    kept = np.isfinite(z) & (np.nan_to_num(z) ** 2 < max(0.001 * np.nanmax(aligned.n_samples[:, 0]), 80))
    chi2, n = z[kept].astype(long) ** 2, aligned.n_samples[kept, 0].astype(long)
    ld, m = aligned.tagging[kept].astype(long), sums.totals.astype(long)
    total = ld.sum(axis=1)
    h2 = min(max(m.sum() * (chi2.mean() - 1) / (total * n).mean(), 0), 1)
    v = 1 / (2 * (1 + h2 * n * np.maximum(total, 1) / m.sum()) ** 2 * np.maximum(aligned.regression_tagging[kept], 1))
    x = np.column_stack([ld * (n / n.mean())[:, None], np.ones(len(n), long)])
    edges = np.floor(np.linspace(0, len(n), n_blocks + 1)).astype(int)
    a = np.array([(x[i:j] * v[i:j, None]).T @ x[i:j] for i, j in itertools.pairwise(edges)])
    b = np.array([(x[i:j] * v[i:j, None]).T @ chi2[i:j] for i, j in itertools.pairwise(edges)])
    tau = eliminate(a.sum(axis=0), b.sum(axis=0))[:-1] / n.mean()
    deleted = [eliminate(a.sum(axis=0) - one, b.sum(axis=0) - other)[:-1] for one, other in zip(a, b, strict=True)]
    tau_delete = np.array(deleted) / n.mean()
    overlap = sums.overlap.astype(long)
    share, share_delete = overlap @ tau / (m @ tau), tau_delete @ overlap.T / (tau_delete @ m)[:, None]
    pseudo = n_blocks * share - (n_blocks - 1) * share_delete
    se = np.sqrt(((pseudo - pseudo.mean(axis=0)) ** 2).sum(axis=0) / (n_blocks - 1) / n_blocks)
    return tuple(values.astype(float) for values in (tau, tau_delete, share, se))


def eliminate(a, b):
    """Gaussian elimination with pivoting: numpy's solver knows no long doubles."""
    a, b = a.copy(), b.copy()
    for i in range(len(b)):
        pivot = i + int(np.argmax(np.abs(a[i:, i])))
        a[[i, pivot]], b[[i, pivot]] = a[[pivot, i]], b[[pivot, i]]
        for j in range(i + 1, len(b)):
            factor = a[j, i] / a[i, i]
            a[j, i:] -= factor * a[i, i:]
            b[j] -= factor * b[i]
    for i in reversed(range(len(b))):
        b[i] = (b[i] - a[i, i + 1 :] @ b[i + 1 :]) / a[i, i]
    return b


# ---------------------------------------------------------------------------------------------------------------------
# Several traits


@functools.cache
def both_traits(n_categories=6):
    tagging = categories("ovl.").select(np.arange(n_categories))
    return align([read_sumstats(INPUTS / f"trait{trait}.sumstats.gz") for trait in (1, 2)], tagging)


@pytest.mark.shared
@pytest.mark.parametrize(("case", "n_categories"), [("all", 6), ("binary", 5)])
def test_stratified_matrices__equal_genomicsem(case, n_categories):
    result = fit_stratified_rg(both_traits(n_categories), annotations=sums_of("ovl.", True), convention="genomicsem")
    folder = LDSC / "genomicsem"
    for place, name in enumerate(result.categories, start=1):
        for of_coefficients, ending in ((False, ""), (True, "_Tau")):
            s, v = result.matrices(name, of_coefficients=of_coefficients)
            check_digits(s, np.loadtxt(folder / f"{case}.S{ending}.{place}.txt"), 11, f"S{ending}")
            check_digits(v, np.loadtxt(folder / f"{case}.V{ending}.{place}.txt"), 11, f"V{ending}")
    check_digits(result.intercepts(), np.loadtxt(folder / f"{case}.I.txt"), 12, "I")
    check_digits([cell.n for cell in result.cells.values()], np.loadtxt(folder / f"{case}.N.txt"), 12, "N")
    check_digits(result.sums.totals, np.loadtxt(folder / f"{case}.m.txt"), 15, "m")


@pytest.mark.shared
def test_stratified_rg__has_the_heritabilities_of_a_partition():
    result = fit_stratified_rg(both_traits(), annotations=sums_of("ovl.", True))
    for place, case in enumerate(("overlap", "overlap_t2")):
        cell, alone = result.cells[place, place], fitted(case)
        check_digits(cell.total, alone.total.h2, 12, "h2")
        check_digits(cell.intercept, alone.total.intercept, 12, "intercept")
        check_digits(cell.enrichments.h2.value, alone.enrichments.h2.value, 11, "h2 of categories")
        # Blocks are those of the genome, not of this trait's SNPs: errors agree, digits do not.
        np.testing.assert_allclose(cell.enrichments.h2.se, alone.enrichments.h2.se, rtol=0.2)


@pytest.mark.shared
def test_ldsc_rg_with_several_ld_scores__is_the_mistake_described():
    """LDSC re-weights with coefficient 2 as the intercept and M times coefficient 1 as the total; we do not.

    A plain version with that mistake gives LDSC's number to all printed digits, which names it; without it the total
    agrees with the unpartitioned fit.
    """
    log = (LDSC / "partition" / "rg_part.log").read_text()
    printed = re.findall(r"Total Observed scale h2: (\S+) \((\S+)\)\nCategories.*?\nIntercept: (\S+)", log, re.DOTALL)
    aligned = both_traits()
    kept = (
        np.isfinite(aligned.z).all(axis=1) & (aligned.kinds[:, 0] == aligned.kinds[:, 1]) & (aligned.kinds[:, 0] != 0)
    )
    m = categories("ovl.").m_5_50
    for trait, (h2, _, intercept) in enumerate(printed[:2]):
        wrong = mistaken_h2(aligned, kept, trait, m)
        assert f"{wrong[0]:.4f}".rstrip("0") == h2 and f"{wrong[1]:.4f}".rstrip("0") == intercept
    right = fit_stratified_rg(aligned, annotations=sums_of("ovl.", True))
    unpartitioned = (LDSC / "partition" / "rg_unpart.log").read_text()
    theirs = [float(value) for value in re.findall(r"Genetic Correlation: (\S+) \((\S+)\)", unpartitioned)[0]]
    assert abs(right.pairs[0, 1].rg[-1] - theirs[0]) < theirs[1] / 2


def mistaken_h2(aligned, kept, trait, m):
    """IRWLS of a partitioned heritability whose weights take coefficient 2 for the intercept."""
    z, n, ld = aligned.z[kept, trait], aligned.n_samples[kept, trait], aligned.tagging[kept]
    total, w, big_m = ld.sum(axis=1), np.maximum(aligned.regression_tagging[kept], 1), m.sum()
    design = np.column_stack([n[:, None] * ld / n.mean(), np.ones(len(z))])

    def weights(h2, a):
        return 1 / (2 * (a + np.clip(h2, 0, 1) * n * np.maximum(total, 1) / big_m) ** 2 * w)

    v = weights(big_m * (np.mean(z**2) - 1) / np.mean(total * n), 1.0)
    for _ in range(2):
        b = np.linalg.solve((design.T * v) @ design, (design.T * v) @ z**2)
        v = weights(big_m * b[0] / n.mean(), b[1])
    b = np.linalg.solve((design.T * v) @ design, (design.T * v) @ z**2)
    return float(m @ b[:-1] / n.mean()), float(b[-1])
