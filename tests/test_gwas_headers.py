"""Which column is which: tools, options, doubts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldscores.shared.errors import InputError
from sumh2.gwas.header_names import FIELDS, clean_header
from sumh2.gwas.headers import map_columns
from sumh2.gwas.headers_ldsc import map_columns_ldsc
from sumh2.munging.result import MungeOptions

#: Tool, its header, and what must come of it.  The effect allele is what goes wrong elsewhere.
TOOLS = {
    "LDSC": ("SNP A1 A2 Z N", "A1=A1 A2=A2 Z=Z N=N SNP=SNP"),
    "PLINK 2": (
        "#CHROM POS ID REF ALT A1 A1_FREQ TEST OBS_CT BETA SE T_STAT P ERRCODE",
        "A1=A1 SNP=ID N=OBS_CT EAF=A1_FREQ BP=POS CHR=#CHROM BETA=BETA SE=SE Z=T_STAT",
    ),
    "REGENIE": (
        "CHROM GENPOS ID ALLELE0 ALLELE1 A1FREQ INFO N TEST BETA SE CHISQ LOG10P EXTRA",
        "A1=ALLELE1 A2=ALLELE0 EAF=A1FREQ LOG10P=LOG10P BP=GENPOS SNP=ID N=N",
    ),
    "SAIGE": (
        "CHR POS MarkerID Allele1 Allele2 AC_Allele2 AF_Allele2 MissingRate BETA SE Tstat var p.value N",
        "A1=Allele2 A2=Allele1 EAF=AF_Allele2 P=p.value SNP=MarkerID",
    ),
    "BOLT-LMM": (
        (
            "SNP CHR BP GENPOS ALLELE1 ALLELE0 A1FREQ INFO CHISQ_LINREG P_LINREG BETA SE CHISQ_BOLT_LMM_INF "
            "P_BOLT_LMM_INF CHISQ_BOLT_LMM P_BOLT_LMM"
        ),
        "A1=ALLELE1 A2=ALLELE0 BP=BP P=P_BOLT_LMM_INF EAF=A1FREQ",
    ),
    "GCTA fastGWA": ("CHR SNP POS A1 A2 N AF1 BETA SE P", "A1=A1 A2=A2 EAF=AF1 N=N"),
    "GCTA COJO": ("SNP A1 A2 freq b se p N", "A1=A1 A2=A2 EAF=freq BETA=b SE=se P=p N=N"),
    "GIANT": (
        "MarkerName Allele1 Allele2 Freq.Allele1.HapMapCEU b se p N",
        "A1=Allele1 A2=Allele2 EAF=Freq.Allele1.HapMapCEU BETA=b",
    ),
    "METAL": (
        "MarkerName Allele1 Allele2 Freq1 FreqSE Effect StdErr P-value Direction",
        "A1=Allele1 A2=Allele2 EAF=Freq1 BETA=Effect SE=StdErr P=P-value",
    ),
    "PGC daner": (
        "CHR SNP BP A1 A2 FRQ_A_12882 FRQ_U_21770 INFO OR SE P ngt",
        "A1=A1 A2=A2 EAF=FRQ_U_21770 OR=OR SE=SE",
    ),
    "SSGAC": ("MarkerName CHR POS A1 A2 EAF Beta SE Pval", "A1=A1 A2=A2 BETA=Beta P=Pval EAF=EAF"),
    "PGC": ("hg19chrc snpid a1 a2 bp info or se p ngt", "A1=a1 A2=a2 OR=or CHR=hg19chrc SNP=snpid"),
    "GWAS-SSF": (
        (
            "chromosome base_pair_location effect_allele other_allele beta standard_error effect_allele_frequency p_value "
            "variant_id rsid n"
        ),
        "A1=effect_allele A2=other_allele SNP=rsid EAF=effect_allele_frequency BETA=beta SE=standard_error N=n",
    ),
    "GWAS Catalog, harmonised": (
        (
            "hm_variant_id hm_rsid hm_chrom hm_pos hm_other_allele hm_effect_allele hm_beta hm_odds_ratio "
            "hm_effect_allele_frequency variant_id effect_allele other_allele beta standard_error p_value"
        ),
        "A1=hm_effect_allele A2=hm_other_allele SNP=hm_rsid BETA=hm_beta SE=standard_error",
    ),
    "PLINK 1 .assoc": ("CHR SNP BP A1 F_A F_U A2 CHISQ P OR", "A1=A1 A2=A2 OR=OR EAF=F_U"),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_tools(tool):
    header, expected = TOOLS[tool]
    found = map_columns(header.split())
    assert found.tool == tool
    wanted = dict(pair.split("=") for pair in expected.split())
    assert {name: found.columns.get(name) for name in wanted} == wanted


@pytest.mark.parametrize("tool", TOOLS)
@given(order=st.randoms())
def test_order_of_columns_is_no_matter(tool, order):
    header = TOOLS[tool][0].split()
    shuffled = list(header)
    order.shuffle(shuffled)
    assert map_columns(shuffled).columns == map_columns(header).columns


def test_plink2_other_allele_is_the_one_that_is_not_a1():
    found = map_columns(TOOLS["PLINK 2"][0].split())
    assert found.allele_pair == ("REF", "ALT")
    assert "A2" not in found.columns
    assert found.keep_rows == ("TEST", "ADD")
    assert "REF or ALT, whichever is not A1" in str(found)
    assert map_columns([*TOOLS["PLINK 2"][0].split(), "OMITTED"]).columns["A2"] == "OMITTED"


def test_daner_header_states_people():
    assert map_columns(TOOLS["PGC daner"][0].split()).header_n == {"N_CAS": 12882, "N_CON": 21770}


def test_saige_score_is_no_z():
    assert "Z" not in map_columns(TOOLS["SAIGE"][0].split()).columns


def test_plink1_without_other_allele():
    header = ["CHR", "SNP", "BP", "A1", "TEST", "NMISS", "OR", "STAT", "P"]
    with pytest.raises(InputError, match=r"found the effect allele \(A1\).*\.bim.*--no-alleles"):
        map_columns(header)
    found = map_columns(header, need_alleles=False)
    assert (found.columns["N"], found.keep_rows, found.columns["Z"]) == ("NMISS", ("TEST", "ADD"), "STAT")


def test_a_named_effect_allele_beats_a_tool():
    header = ["CHR", "POS", "SNPID", "Allele1", "Allele2", "AF_Allele2", "BETA", "SE", "p.value", "N"]
    assert map_columns(header).columns["A1"] == "Allele2"
    found = map_columns(header, {"A1": "Allele1"}).columns
    assert (found["A1"], found["A2"]) == ("Allele1", "Allele2")


def test_named_effect_allele_beside_a1_and_a2():
    """A1 and A2 say nothing about which is which once the effect allele is named: the other is the one that differs."""
    found = map_columns(["SNP", "A1", "A2", "EFFECT_ALLELE", "BETA", "SE", "N"])
    assert (found.columns["A1"], found.allele_pair) == ("EFFECT_ALLELE", ("A1", "A2"))


@pytest.mark.parametrize("pair", ["REF ALT", "ref alt", "reference_allele alt_allele"])
def test_ref_and_alt_stop(pair):
    header = f"rsid {pair} beta se n".split()
    rows = [["rs1", "A", "G", "0.1", "0.02", "100"], ["rs2", "C", "T", "-0.3", "0.02", "100"]]
    with pytest.raises(InputError) as raised:
        map_columns(header, first_rows=rows, where="bmi.tsv")
    message = str(raised.value)
    assert message.startswith("bmi.tsv: the alleles are headed")
    assert "rs1  A  G  0.1" in message and "rs2  C  T  -0.3" in message
    assert message.endswith(f"--effect-allele {pair.split()[1]}.")


@pytest.mark.parametrize(("effect", "other"), [("ALT", "REF"), ("REF", "ALT")])
def test_ref_and_alt_with_the_option(effect, other):
    found = map_columns(["rsid", "REF", "ALT", "beta", "se", "n"], {"A1": effect}).columns
    assert (found["A1"], found["A2"]) == (effect, other)


def test_no_alleles_at_all():
    with pytest.raises(InputError, match="no columns with the alleles.*--no-alleles"):
        map_columns(["SNP", "BETA", "SE", "N"])
    assert "A1" not in map_columns(["SNP", "BETA", "SE", "N"], need_alleles=False).columns


@pytest.mark.parametrize(
    ("header", "option", "columns"),
    [
        ("SNP A1 A2 BETA EFFECT SE N", "--beta", "BETA, EFFECT"),
        ("SNP A1 A2 BETA SE STDERR N", "--se", "SE, STDERR"),
        ("SNP A1 A2 Z P PVAL N", "--p", "P, PVAL"),
        ("SNP MARKERNAME A1 A2 Z N", "--snp", "SNP, MARKERNAME"),
        ("SNP A1 ALLELE1 A2 Z N", "--effect-allele", "A1, ALLELE1"),
        ("SNP EA EFFECT_ALLELE NEA Z N", "--effect-allele", "EFFECT_ALLELE, EA"),
        ("SNP A1 A2 Z N SAMPLESIZE", "--n-col", "N, SAMPLESIZE"),
        ("SNP A1 A2 Z N EAF AF", "--eaf", "EAF, AF"),
        ("SNP A1 A2 Z N INFO IMPINFO", "--info", "INFO, IMPINFO"),
    ],
)
def test_two_candidates_stop_and_the_option_settles(header, option, columns):
    with pytest.raises(InputError) as raised:
        map_columns(header.split(), where="bmi.tsv")
    message = str(raised.value)
    assert message.startswith("bmi.tsv: which column is the")
    assert columns in message and f"name it with {option}, e.g. {option} " in message
    field = next(name for name, each in FIELDS.items() if each.option == option)
    last = columns.split(", ")[1]
    assert map_columns(header.split(), {field: last}).columns[field] == last


def test_flag_replaces():
    """LDSC: Found 2 different SNP columns."""
    header = ["SNP", "ID", "A1", "A2", "BETA", "SE", "P", "N"]
    assert map_columns(header, {"SNP": "ID"}).columns["SNP"] == "ID"
    with pytest.raises(InputError, match="2 different SNP columns"):
        map_columns_ldsc(header, MungeOptions(snp="ID"))


def test_flag_of_an_effect_replaces_other_effects():
    assert map_columns(["SNP", "A1", "A2", "BETA", "SE", "Z", "P", "N"], {"Z": "Z"}).columns.get("BETA") is None


def test_preferences():
    found = map_columns(["SNPID", "rsid", "A1", "A2", "Z", "N", "NEFF", "WEIGHT", "GC_PVALUE", "PVAL"]).columns
    assert (found["SNP"], found["N"], found["P"]) == ("rsid", "N", "PVAL")


def test_unclear_carried_column_is_left_out_with_a_note():
    found = map_columns(["SNP", "CHR", "CHROM", "A1", "A2", "Z", "N"])
    assert "CHR" not in found.columns
    assert any("CHR, CHROM could each be it" in note for note in found.notes)


def test_column_named_twice():
    with pytest.raises(InputError, match="P appears twice.*giving the columns different names"):
        map_columns(["SNP", "A1", "A2", "Z", "P", "P", "N"])


def test_absent_column_of_an_option():
    with pytest.raises(InputError, match="no column betta, which --beta names.*did you mean BETA.*give --beta one"):
        map_columns(["SNP", "A1", "A2", "BETA", "SE", "N"], {"BETA": "betta"})


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("CHR A1 A2 Z N", "names of the variants.*--snp"),
        ("SNP A1 A2 P N", "sign of the effect.*--beta, --odds-ratio, --z or --signed-sumstats"),
        ("SNP A1 A2 BETA N", "neither a standard error nor a p-value.*--z, --se, --p or --log10p"),
    ],
)
def test_missing_columns(header, message):
    with pytest.raises(InputError, match=message):
        map_columns(header.split())


def test_report_names_every_column():
    text = str(map_columns(["rsid", "Effect_allele", "Other_allele", "pval", "beta", "se", "N", "extra"]))
    for line in ("A1 (effect allele) <- Effect_allele", "P <- pval", "not used: extra"):
        assert line in text


def test_no_header_is_of_two_fields_of_one_signature():
    """A header that two tiers claim would make the outcome depend on their order."""
    for each in FIELDS.values():
        names = [name for tier in each.names() for name in tier]
        assert len(names) == len(set(names)), each.name
        assert all(clean_header(name) == name for name in names)
    owners: dict[str, str] = {}
    for each in FIELDS.values():
        for tier in each.names():
            for name in tier:
                assert owners.setdefault(name, each.name) == each.name


def test_ldsc_is_blind_to_dashes_in_z_and_knows_reference_allele_as_effect():
    options = MungeOptions(n=10)
    assert map_columns_ldsc(["SNP", "reference_allele", "NEA", "P", "Z"], options).column("A1") == "reference_allele"
    with pytest.raises(InputError, match="no column with the sign"):
        map_columns_ldsc(["SNP", "A1", "A2", "P", "Z-score"], options)
    with pytest.raises(InputError, match="LDSC has no --beta"):
        map_columns_ldsc(["SNP", "A1", "A2", "P", "Z-score"], MungeOptions(n=10, beta="B"))


def test_ldsc_daner_errors():
    with pytest.raises(InputError, match="no column FRQ_U_<n>"):
        map_columns_ldsc(["SNP", "A1", "A2", "OR", "P"], MungeOptions(daner=True))
    with pytest.raises(InputError, match="no column Nca"):
        map_columns_ldsc(["SNP", "A1", "A2", "OR", "P", "FRQ_U_10"], MungeOptions(daner_n=True))
    with pytest.raises(InputError, match="do not end in numbers"):
        map_columns_ldsc(["SNP", "A1", "A2", "OR", "P", "FRQ_U_x", "FRQ_A_y"], MungeOptions(daner=True))
