"""What a panel adds: the effect allele by frequency, names by position in either build, liftover; and N in all its ways."""

from __future__ import annotations

import gzip

import numpy as np
import pyarrow as pa
import pytest
from gwas_formats import CASES, CONTROLS, FORMATS, make_snps
from hypothesis import given, settings
from hypothesis import strategies as st

from ldscores.shared.errors import InputError
from sumh2.gwas.liftover_files import lift_positions
from sumh2.gwas.panel import KnownVariants, allele_pairs, chromosome_codes, position_keys
from sumh2.gwas.panel_files import read_known_variants
from sumh2.munging.munge_files import munge
from sumh2.munging.sample_sizes import effective_n, implied_n

SNPS = make_snps(200)


def write_reference(path, noise: float = 0.02):
    """Known variants with the frequency of the first allele, REF in one half and ALT in the other."""
    random = np.random.default_rng(4)
    lines = ["rsid\tCHR\tPOS_hg19\tPOS_hg38\tA1\tA2\tFRQ"]
    for snp in SNPS:
        first = snp if snp.bp % 3 else snp.swapped
        frequency = min(max(first.frequency + random.normal() * noise, 0.001), 0.999)
        lines.append(
            f"{snp.name}\tchr{snp.chrom}\t{snp.bp}\t{snp.bp + 5000}\t{first.alt}\t{first.ref}\t{frequency:.4f}"
        )
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def reference(tmp_path):
    return write_reference(tmp_path / "known.tsv")


def write_gwas(path, header: str, row, snps=SNPS):
    lines = [header, *(" ".join(map(str, row(snp))) for snp in snps)]
    path.write_text("\n".join(lines) + "\n")
    return path


def oriented(sumstats) -> dict[str, float]:
    """Z of ALT by name."""
    alt = {snp.name: snp.alt for snp in SNPS}
    return {row.SNP: row.Z if alt[row.SNP] == row.A1 else -row.Z for row in sumstats.to_frame().itertuples()}


def check_oriented(sumstats) -> None:
    found = oriented(sumstats)
    assert len(found) == len(SNPS)
    np.testing.assert_allclose([found[snp.name] for snp in SNPS], [snp.z for snp in SNPS], rtol=1e-6)


# ---------------------------------------------------------------------------------------------------------------------
# The effect allele by frequency


@pytest.mark.parametrize("effect", ["alt", "ref"])
def test_ref_and_alt_are_settled_by_the_effect_alleles_frequency(effect, tmp_path, reference):
    def row(snp):
        counted = snp if effect == "alt" else snp.swapped
        return (snp.name, snp.ref, snp.alt, counted.frequency, counted.beta, snp.se, snp.n)

    path = write_gwas(tmp_path / "gwas.txt", "rsid REF ALT EAF BETA SE N", row)
    with pytest.raises(InputError, match="headed REF and ALT"):
        munge(path)
    result = munge(path, reference=reference)
    check_oriented(result.sumstats)
    assert (
        f"{effect.upper()} is the effect allele: EAF correlates {'-' if effect == 'alt' else '+'}1.00" in result.columns
    )
    assert "effect allele  " in str(result)


def test_a_frequency_of_no_one_settles_nothing_and_says_what_it_knows(tmp_path, reference):
    path = write_gwas(tmp_path / "gwas.txt", "rsid REF ALT AF BETA SE N",
                      lambda s: (s.name, s.ref, s.alt, s.frequency, s.beta, s.se, s.n))  # fmt: skip
    with pytest.raises(InputError, match=r"(?s)headed REF and ALT.*AF correlates -1.00.*frequency of ALT.*--eaf AF"):
        munge(path, reference=reference)
    check_oriented(munge(path, reference=reference, eaf="AF").sumstats)


def test_frequencies_that_settle_nothing_stop(tmp_path, reference):
    random = np.random.default_rng(1)
    path = write_gwas(tmp_path / "gwas.txt", "rsid REF ALT EAF BETA SE N",
                      lambda s: (s.name, s.ref, s.alt, random.uniform(), s.beta, s.se, s.n))  # fmt: skip
    with pytest.raises(InputError, match="which settles nothing"):
        munge(path, reference=reference)


def test_convention_is_checked_against_the_panel(tmp_path, reference):
    """MungeSumstats writes A2 for the effect allele; LDSC reads A1: the frequency of the effect allele tells."""
    path = write_gwas(tmp_path / "gwas.txt", "SNP CHR BP A1 A2 EAF BETA SE N",
                      lambda s: (s.name, s.chrom, s.bp, s.ref, s.alt, s.frequency, s.beta, s.se, s.n))  # fmt: skip
    assert "A1 is taken for the effect allele" in munge(path).columns
    with pytest.raises(InputError, match="EAF correlates -1.00.*is that of A2.*--effect-allele A2 --other-allele A1"):
        munge(path, reference=reference)
    check_oriented(munge(path, reference=reference, effect_allele="A2", other_allele="A1").sumstats)
    right = write_gwas(tmp_path / "right.txt", "SNP CHR BP A1 A2 EAF BETA SE N",
                       lambda s: (s.name, s.chrom, s.bp, s.alt, s.ref, s.frequency, s.beta, s.se, s.n))  # fmt: skip
    result = munge(right, reference=reference)
    check_oriented(result.sumstats)
    assert "is taken for" not in result.columns and "EAF correlates +1.00" in result.columns


def test_settled_by_positions_where_names_differ(tmp_path, reference):
    path = write_gwas(tmp_path / "gwas.txt", "ID CHR BP REF ALT EAF BETA SE N",
                      lambda s: (f"v{s.bp}", s.chrom, s.bp + 5000, s.ref, s.alt, s.frequency, s.beta, s.se, 9))  # fmt: skip
    result = munge(path, reference=reference, match_by="position")
    check_oriented(result.sumstats)
    assert "200 of 200 variants found in known by position and alleles (hg38)" in result.columns


# ---------------------------------------------------------------------------------------------------------------------
# Positions


@pytest.mark.parametrize("shift", [0, 5000])
@pytest.mark.parametrize("prefix", ["", "chr", "0"])
def test_names_by_position_in_either_build(shift, prefix, tmp_path, reference):
    flip = str.maketrans("ACGT", "TGCA")

    def row(snp):
        counted = snp if snp.bp % 2 else snp.swapped
        alleles = (counted.alt, counted.ref)
        if snp.bp % 5 == 0:  # the other strand
            alleles = tuple(letter.translate(flip) for letter in alleles)
        return (f"{prefix}{snp.chrom}", snp.bp + shift, *alleles, counted.beta, snp.se, snp.n)

    path = write_gwas(tmp_path / "gwas.txt", "CHR BP EA NEA BETA SE N", row)
    result = munge(path, reference=reference, match_by="position")
    assert result.sumstats.snp.to_pylist() == [snp.name for snp in SNPS]
    z = {}
    for entry in result.sumstats.to_frame().itertuples():
        snp = next(snp for snp in SNPS if snp.name == entry.SNP)
        a1 = entry.A1.translate(flip) if snp.bp % 5 == 0 else entry.A1
        z[entry.SNP] = entry.Z if a1 == snp.alt else -entry.Z
    np.testing.assert_allclose([z[snp.name] for snp in SNPS], [snp.z for snp in SNPS], rtol=1e-9)


def test_other_alleles_at_the_position_are_another_variant(tmp_path, reference):
    def row(snp):
        other = next(letter for letter in "ACGT" if letter not in (snp.ref, snp.alt))
        alleles = (other, snp.ref) if snp is SNPS[3] else (snp.alt, snp.ref)
        return (f"v{snp.bp}", snp.chrom, snp.bp, *alleles, snp.beta, snp.se, snp.n)

    path = write_gwas(tmp_path / "gwas.txt", "ID CHR BP EA NEA BETA SE N", row)
    result = munge(path, reference=reference, match_by="position")
    lost = [each.removed for each in result.sumstats.filters if "no variant of the panel" in each.what]
    assert lost == [1] and SNPS[3].name not in result.sumstats.snp.to_pylist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"match_by": "position"}, "without a panel, expected one with positions"),
        ({"liftover": "x.chain"}, "--liftover without --match-by position"),
        ({"match_by": "rsid"}, "found --match-by rsid, expected name or position"),
        ({"infer_n": "yes"}, "found --infer-n yes, expected standardised or case-control"),
        ({"ld": "x", "reference": "y"}, "--ld together with --reference"),
        ({"ldsc": True, "neff": True}, "LDSC has no --neff"),
        ({"ldsc": True, "match_by": "position"}, "LDSC has no --match-by"),
    ],
)
def test_options_that_do_not_do(options, message, tmp_path):
    path = write_gwas(tmp_path / "g", "SNP EA NEA BETA SE N", lambda s: (s.name, s.alt, s.ref, s.beta, s.se, s.n))
    with pytest.raises(InputError, match=message):
        munge(path, **options)


def test_another_build_stops_with_the_remedy(tmp_path, reference):
    path = write_gwas(tmp_path / "g", "CHR BP EA NEA BETA SE N",
                      lambda s: (s.chrom, s.bp + 77, s.alt, s.ref, s.beta, s.se, s.n))  # fmt: skip
    with pytest.raises(InputError, match="none of 200 variants is in .*check the builds.*--liftover"):
        munge(path, reference=reference, match_by="position")


def test_chance_matches_of_another_build_are_refused(tmp_path, reference):
    """Where most variants with a name of the panel lie elsewhere, those that match are wrong ones."""
    path = write_gwas(tmp_path / "g", "SNP CHR BP EA NEA BETA SE N",
                      lambda s: (s.name, s.chrom, s.bp + 77 * (s != SNPS[0]), s.alt, s.ref, s.beta, s.se, s.n))  # fmt: skip
    with pytest.raises(
        InputError, match="0.5% of the 200 variants with a name.*another build.*match by name.*liftover"
    ):
        munge(path, reference=reference, match_by="position")


@pytest.mark.parametrize("n_found", [5, 30])
def test_few_matches_of_nameless_variants_are_chance(n_found, tmp_path):
    places = range(1000, 1000 + 7 * 2000, 7)
    panel, gwas = tmp_path / "panel.tsv", tmp_path / "gwas.tsv"
    panel.write_text("SNP CHR BP A1 A2\n" + "".join(f"rs{bp} 1 {bp} A G\n" for bp in places))
    rows = (f"1 {bp + (place >= n_found)} A G {0.01 * (-1) ** place} 0.01 5000\n" for place, bp in enumerate(places))
    gwas.write_text("CHR BP EA NEA BETA SE N\n" + "".join(rows))
    if n_found == 30:
        assert len(munge(gwas, reference=panel, match_by="position").sumstats) == 30
        return
    with pytest.raises(InputError, match="only 5 of 2000 variants are in .*another build.*one build; lift over"):
        munge(gwas, reference=panel, match_by="position")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(1, 6), st.sampled_from("ACGT"), st.sampled_from("ACGT")), min_size=1
    ),
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(1, 6), st.sampled_from("ACGT"), st.sampled_from("ACGT")), min_size=1
    ),
)
def test_positions_against_a_plain_loop(known, asked):
    """The oracle looks at every pair of variants."""
    complement = dict(zip("ACGT", "TGCA", strict=True))

    def key(chrom, bp, first, second):
        pair = frozenset((first, second))
        return chrom, bp, min(sorted(pair), sorted(complement[letter] for letter in pair)), len(pair)

    known = [each for each in dict.fromkeys(known) if each[2] != each[3]] or [(1, 1, "A", "C")]

    def arrays(rows):
        codes = [np.array(["ACGT".index(row[place]) for row in rows], np.uint8) for place in (2, 3)]
        return np.array([row[0] for row in rows], np.int64), np.array([row[1] for row in rows], np.int64), *codes

    chrom, bp, a1, a2 = arrays(known)
    panel = KnownVariants(pa.array([str(number) for number in range(len(known))]), chrom, {"b": bp}, a1, a2)
    chrom, bp, a1, a2 = arrays(asked)
    rows = panel.find_positions("b", position_keys(chrom, bp), allele_pairs(a1, a2))
    for row, each in zip(rows, asked, strict=True):
        matches = [place for place, other in enumerate(known) if key(*each) == key(*other) and each[2] != each[3]]
        # More than eight variants at one position are not looked at.
        before = sum(other[:2] == each[:2] for other in known[: matches[0] + 1]) if matches else 0
        assert row == (matches[0] if matches and before <= 8 else -1)


def test_chromosome_names():
    names = ["1", "chr1", "01", "CHR1", "1.0", "X", "chrX", "23", "MT", "M", "26", None, "scaffold_7"]
    codes = chromosome_codes(pa.array(names))
    assert codes[:11].tolist() == [1, 1, 1, 1, 1, 23, 23, 23, 26, 26, 26]
    assert codes[11] == -1 and codes[12] > 1000


CHAIN = (
    "chain 1000 chr1 5000 + 0 5000 chr1 6000 + 100 5050 1\n1000 50 0\n3950\n\n"
    "chain 900 chr2 5000 + 0 4000 chr7 9000 - 500 4500 2\n4000\n\n"
)


def lifted(chrom: int, bp: int) -> tuple[int, int]:
    """The same chain by hand: positions count from 1, blocks from 0."""
    place = bp - 1
    if chrom == 1 and place < 1000:
        return 1, place + 100 + 1
    if chrom == 1 and 1050 <= place < 5000:
        return 1, place - 1050 + 1100 + 1
    if chrom == 2 and place < 4000:
        return 7, 9000 - (place + 500)
    return -1, 0


@pytest.mark.parametrize("packed", [False, True])
def test_liftover_against_the_chain_by_hand(packed, tmp_path):
    pytest.importorskip("liftover")
    path = tmp_path / ("a.chain.gz" if packed else "a.chain")
    path.write_bytes(gzip.compress(CHAIN.encode()) if packed else CHAIN.encode())
    chrom = np.repeat([1, 2, 3], 60)
    bp = np.concatenate([np.linspace(1, 5000, 60).astype(int), np.linspace(1, 4500, 60).astype(int), np.arange(1, 61)])
    bp[7] = 0
    found = lift_positions(path, chrom, bp)
    expected = [lifted(*each) if each[1] else (-1, 0) for each in zip(chrom.tolist(), bp.tolist(), strict=True)]
    assert list(zip(found[0].tolist(), found[1].tolist(), strict=True)) == expected


def test_liftover_then_match(tmp_path):
    pytest.importorskip("liftover")
    chain = tmp_path / "a.chain"
    size = 5_000_000
    chain.write_text("".join(f"chain 1 chr{c} {size} + 0 {size - 5000} chr{c} {size} + 5000 {size} {c}\n{size - 5000}\n\n"
                             for c in range(1, 23)))  # fmt: skip
    reference = tmp_path / "hg38.tsv"
    lines = ["SNP CHR POS_hg38 A1 A2", *(f"{s.name} {s.chrom} {s.bp + 5000} {s.ref} {s.alt}" for s in SNPS)]
    reference.write_text("\n".join(lines) + "\n")
    path = write_gwas(tmp_path / "g", "CHR BP EA NEA BETA SE N",
                      lambda s: (s.chrom, s.bp, s.alt, s.ref, s.beta, s.se, s.n))  # fmt: skip
    with pytest.raises(InputError, match="none of 200 variants"):
        munge(path, reference=reference, match_by="position")
    result = munge(path, reference=reference, match_by="position", liftover=str(chain))
    check_oriented(result.sumstats)
    assert result.sumstats.bp.tolist() == [snp.bp + 5000 for snp in SNPS]
    assert "200 of 200 positions lifted over by a.chain" in result.columns
    chain.write_text("SNP A1\n")
    with pytest.raises(InputError, match="expected a chain file"):
        munge(path, reference=reference, match_by="position", liftover=str(chain))


# ---------------------------------------------------------------------------------------------------------------------
# Panels in files


def test_panels_of_plink(tmp_path):
    (tmp_path / "p.bim").write_text("1\trs1\t0\t100\tA\tG\n2\trs2\t0\t200\tC\tT\n")
    (tmp_path / "p.frq").write_text(
        " CHR  SNP  A1  A2  MAF  NCHROBS\n 1  rs1  A  G  0.2  1000\n 2  rs2  C  T  0.4  998\n"
    )
    (tmp_path / "p.afreq").write_text(
        "#CHROM\tID\tREF\tALT\tALT_FREQS\tOBS_CT\n1\trs1\tG\tA\t0.2\t1000\n2\trs2\tT\tC\t0.4\t998\n"
    )
    bim, frq, afreq = (read_known_variants(str(tmp_path / f"p.{end}")) for end in ("bim", "frq", "afreq"))
    assert bim.positions["its build"].tolist() == [100, 200] and bim.frequency is None
    for each in (frq, afreq):
        assert each.snp.to_pylist() == ["rs1", "rs2"] and each.frequency.tolist() == [0.2, 0.4]
        assert (each.a1.tolist(), each.a2.tolist(), each.n_people, each.folded) == ([0, 1], [2, 3], 500, False)
    assert frq.name == "p"
    for chromosome in (1, 2):
        (tmp_path / f"c.{chromosome}.frq").write_text(
            f"CHR SNP A1 A2 MAF NCHROBS\n{chromosome} rs{chromosome} A G 0.2 10\n"
        )
    assert read_known_variants(str(tmp_path / "c.@.frq")).chrom.tolist() == [1, 2]


def test_panels_that_do_not_do(tmp_path):
    (tmp_path / "x.txt").write_text("CHR BP A1\n1 2 A\n")
    with pytest.raises(InputError, match="no column with the names of the variants"):
        read_known_variants(str(tmp_path / "x.txt"))
    with pytest.raises(InputError, match="no file of that pattern"):
        read_known_variants(str(tmp_path / "y.@.frq"))


# ---------------------------------------------------------------------------------------------------------------------
# N


def test_effective_n_and_its_conventions():
    assert effective_n(100, 100) == 200
    assert effective_n(100.0, 300.0) == pytest.approx(4 * 100 * 300 / 400)
    assert np.isnan(effective_n(0, 5)) and np.isnan(effective_n(np.nan, 5))


def test_implied_n_of_a_simulated_study():
    """Least squares on simulated people: the standard error implies their number."""
    random = np.random.default_rng(8)
    n, frequency = 4000, 0.3
    genotype = random.binomial(2, frequency, n) - 2 * frequency
    trait = random.normal(size=n)
    beta = genotype @ trait / (genotype @ genotype)
    residual = trait - beta * genotype
    se = np.sqrt(residual @ residual / (n - 2) / (genotype @ genotype))
    assert implied_n(np.array([se]), np.array([frequency]))[0] == pytest.approx(n, rel=0.06)
    assert np.isnan(implied_n(np.array([0.0, 1.0]), np.array([0.3, 0.0]))).all()


def daner() -> str:
    return next(each for each in FORMATS if each.tool == "PGC daner").text(make_snps())


def test_neff_of_header_columns_and_options(tmp_path):
    path = tmp_path / "gwas.txt"
    path.write_text(daner())
    expected = 4 / (1 / CASES + 1 / CONTROLS)
    assert set(munge(path, neff=True).sumstats.n) == {expected}
    assert set(munge(path, neff=True, n_cas=10, n_con=30).sumstats.n) == {30}
    assert "effective N" in munge(path, neff=True).n_source
    write_gwas(path, "SNP EA NEA BETA SE N_CAS N_CON", lambda s: (s.name, s.alt, s.ref, s.beta, s.se, CASES, CONTROLS))
    assert set(munge(path, neff=True).sumstats.n) == {expected}
    write_gwas(path, "SNP EA NEA BETA SE N N_EFF_X NEFF", lambda s: (s.name, s.alt, s.ref, s.beta, s.se, 9, 8, 7))
    assert set(munge(path).sumstats.n) == {9}
    write_gwas(path, "SNP EA NEA BETA SE N", lambda s: (s.name, s.alt, s.ref, s.beta, s.se, 9))
    with pytest.raises(InputError, match="--neff: found a column of N .* that does not say it is effective"):
        munge(path, neff=True)


def test_cohorts_are_summed_where_they_have_the_snp(tmp_path):
    words = ["++-", "+?-", "??+"]
    path = write_gwas(tmp_path / "g", "SNP EA NEA BETA SE Direction",
                      lambda s: (s.name, s.alt, s.ref, s.beta, s.se, words[int(s.name[2:]) % 3]))  # fmt: skip
    cohorts = tmp_path / "cohorts.txt"
    cohorts.write_text("cohort cases controls n\na 100 300 NA\nb 50 50 NA\nc NA NA 900\n")
    sizes, effective = np.array([400, 100, 900]), np.array([300, 100, 900])
    present = np.array([[True, True, True], [True, False, True], [False, False, True]])
    rows = [int(snp.name[2:]) % 3 for snp in SNPS]
    found = munge(path, cohorts=str(cohorts), n_min=0)
    assert found.sumstats.n.tolist() == [(present[row] * sizes).sum() for row in rows]
    found = munge(path, cohorts=str(cohorts), neff=True, n_min=0)
    assert found.sumstats.n.tolist() == [(present[row] * effective).sum() for row in rows]
    assert found.n_source == "effective N summed over the cohorts present at each SNP"
    assert set(munge(path, cohorts=str(cohorts), neff=True, ignore=("Direction",)).sumstats.n) == {1300}
    cohorts.write_text("cohort cases controls\na 100 300\n")
    with pytest.raises(InputError, match="words of 3 letters, .* has 1 cohorts"):
        munge(path, cohorts=str(cohorts))
    cohorts.write_text("cohort cases controls\na 100 -3\n")
    with pytest.raises(InputError, match="found cohort a without a positive number"):
        munge(path, cohorts=str(cohorts))
    cohorts.write_text("cohort people\na 100\n")
    with pytest.raises(InputError, match="expected cases and controls, or N, of each cohort"):
        munge(path, cohorts=str(cohorts))


@pytest.mark.parametrize(("kind", "factor"), [("standardised", 1), ("case-control", 4)])
def test_n_is_inferred_with_a_caution(kind, factor, tmp_path, reference):
    path = write_gwas(tmp_path / "g", "SNP EA NEA EAF BETA SE",
                      lambda s: (s.name, s.alt, s.ref, s.frequency, s.beta, s.se))  # fmt: skip
    with pytest.raises(InputError, match="no sample size.*--infer-n"):
        munge(path)
    result = munge(path, infer_n=kind)
    np.testing.assert_allclose(result.sumstats.n, factor * 10_000, rtol=0.01)
    assert any("N is inferred" in each and "prefer --n" in each for each in result.warnings)
    write_gwas(path, "SNP EA NEA BETA SE", lambda s: (s.name, s.alt, s.ref, s.beta, s.se))
    with pytest.raises(InputError, match="--infer-n: found .*; expected a standard error and a frequency"):
        munge(path, infer_n=kind)
    result = munge(path, infer_n=kind, reference=write_reference(tmp_path / "exact.tsv", noise=0))
    np.testing.assert_allclose(result.sumstats.n, factor * 10_000, rtol=0.02)
