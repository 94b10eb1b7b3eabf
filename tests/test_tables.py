"""The one table reader and writer: what it takes, what it refuses, what it leaves behind."""

from __future__ import annotations

import bz2
import gzip
import lzma

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldscores.shared.arrow_arrays import table_of_records
from ldscores.shared.errors import InputError
from ldscores.shared.tables import (
    WHITESPACE,
    check_format,
    read_header,
    read_parquet,
    read_table,
    write_json,
    write_parquet,
    write_tsv,
    written_whole,
)
from ldscores.shared.text_columns import as_text

TEXT = "SNP\tN\tZ\nrs1\t10\t0.5\nrs2\t20\tNA\n"


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "pack"),
    [("a.txt", bytes), ("a.txt.gz", gzip.compress), ("a.bz2", bz2.compress), ("a.xz", lzma.compress),
     ("wrong_ending.txt", gzip.compress)],
)  # fmt: skip
def test_compression__is_told_from_the_content(tmp_path, name, pack):
    table = read_table(write(tmp_path / name, pack(TEXT.encode())))
    assert table.to_pydict() == {"SNP": ["rs1", "rs2"], "N": [10, 20], "Z": [0.5, None]}


def test_zstd(tmp_path):
    with pa.output_stream(str(tmp_path / "a.zst"), compression="zstd") as stream:
        stream.write(TEXT.encode())
    assert read_table(tmp_path / "a.zst").num_rows == 2


def test_many_members__as_bgzip_writes_them(tmp_path):
    lines = TEXT.splitlines(keepends=True)
    path = write(tmp_path / "a.gz", b"".join(gzip.compress(line.encode()) for line in lines))
    assert read_table(path).num_rows == 2


@pytest.mark.parametrize("separator", ["\t", ",", " ", "   "])
def test_separator__is_told_from_the_header(tmp_path, separator):
    table = read_table(write(tmp_path / "a", TEXT.replace("\t", separator)))
    assert table.column_names == ["SNP", "N", "Z"] and table["SNP"].to_pylist() == ["rs1", "rs2"]


def test_blank_cells__stay_in_place_between_tabs_and_shift_between_blanks(tmp_path):
    path = write(tmp_path / "a", "SNP\tN\tZ\nrs0\t1\t2\nrs1\t\t0.5\n")
    assert read_table(path)["N"].to_pylist() == [1, None]
    assert read_table(path, separator=WHITESPACE)["N"].to_pylist() == [1, 0.5]


def test_byte_order_mark_windows_lines_and_quotes(tmp_path):
    path = write(tmp_path / "a", b'\xef\xbb\xbf"SNP"\t"N"\r\nrs1\t5\r\n')
    assert read_header(path) == (["SNP", "N"], "\t")
    assert read_table(path).to_pydict() == {"SNP": ["rs1"], "N": [5]}


def test_comment_lines__before_the_header(tmp_path):
    table = read_table(write(tmp_path / "a", "##x=1\n##y\n" + TEXT), comment="##")
    assert table.num_rows == 2


def test_columns_and_types(tmp_path):
    table = read_table(write(tmp_path / "a", TEXT), columns=["N", "SNP"], types={"N": pa.float64()})
    assert table.column_names == ["N", "SNP"] and table["N"].to_pylist() == [10.0, 20.0]


BAD = {
    "missing": (None, "no such file"),
    "empty": (b"", "empty"),
    "truncated gzip": (gzip.compress(TEXT.encode() * 500)[:-40], "truncated"),
    "damaged gzip": (gzip.compress(TEXT.encode() * 500)[:60] + b"x" * 40, "d"),
    "truncated xz": (lzma.compress(TEXT.encode() * 5000)[:-40], "truncated|damaged"),
    "ragged": (TEXT + "rs3\t1\n", "2 fields where the header has 3.*rs3"),
    "text in a number": (TEXT.replace("20", "many"), "'many'.*expected.*number"),
    "twice": (TEXT.replace("N\t", "SNP\t", 1), "column 'SNP' twice"),
    "binary": (b"\x00\x01\x02" * 50, "binary data"),
    "only blank": (b"\n\n\n", "no header line"),
    "not utf-8": ("SNP\tN\tZ\nrs\xe9\t1\t2\n".encode("latin-1"), "UTF-8"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files__end_in_one_message_that_names_the_file(tmp_path, case):
    content, message = BAD[case]
    path = tmp_path / "bad.txt"
    if content is not None:
        write(path, content)
    with pytest.raises(InputError, match=message) as error:
        read_table(path, types={"SNP": pa.string(), "N": pa.float64()})
    assert str(error.value).startswith(str(path))


def test_missing_column__lists_what_is_there(tmp_path):
    with pytest.raises(InputError, match="no column P, BETA; found SNP N Z"):
        read_table(write(tmp_path / "a", TEXT), columns=["SNP", "P", "BETA"])


def test_folder_and_missing_folder(tmp_path):
    with pytest.raises(InputError, match="found a folder"):
        read_table(tmp_path)
    with pytest.raises(InputError, match="does not exist; create it"):
        write_json(tmp_path / "no" / "a.json", {})


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_round_trips__keep_every_digit(tmp_path_factory, values):
    folder = tmp_path_factory.mktemp("round")
    table = pa.table({"x": np.array(values)})
    write_tsv(folder / "a.tsv", table)
    write_parquet(folder / "a.parquet", table, {"format": "f", "n": 1})
    assert read_table(folder / "a.tsv", types={"x": pa.float64()})["x"].to_pylist() == values
    found, metadata = read_parquet(folder / "a.parquet")
    assert found["x"].to_pylist() == values and metadata == {"format": "f", "n": 1}


def test_failed_write__leaves_the_old_file_and_no_part(tmp_path):
    path = write(tmp_path / "a.txt", "old")
    with pytest.raises(RuntimeError), written_whole(path) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"] and path.read_text() == "old"


def test_gz__has_no_time_stamp(tmp_path):
    for name in ("a.tsv.gz", "b.tsv.gz"):
        write_tsv(tmp_path / name, pa.table({"x": [1.5, None]}), "%.3f")
    assert (tmp_path / "a.tsv.gz").read_bytes() == (tmp_path / "b.tsv.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.tsv.gz").read_bytes()) == b"x\n1.500\nNA\n"


def test_json__has_null_for_nan_and_no_numpy(tmp_path):
    write_json(tmp_path / "a.json", {"x": np.array([1.0, np.nan]), "y": (np.float64(2), float("inf"))})
    assert '"x": [\n  1.0,\n  null\n ]' in (tmp_path / "a.json").read_text()


def test_newer_format__is_refused_by_name():
    check_format("f", {"format": "a", "format_version": 1}, "a", 1)
    with pytest.raises(InputError, match="a version 2, this program reads up to 1.*upgrade"):
        check_format("f", {"format": "a", "format_version": 2}, "a", 1)
    with pytest.raises(InputError, match="foreign Parquet file, expected a"):
        check_format("f", {}, "a", 1)


RECORDS = [
    {"name": "a", "x": 1.5, "n": 3, "ok": True, "why": "µ", "nothing": None, "either": 1},
    {"name": None, "x": float("nan"), "n": 4, "ok": False, "why": "", "nothing": None, "either": 2.5},
    {"name": "c", "x": None, "n": -5, "ok": None, "why": "1e-300", "nothing": None, "either": None},
]


def test_records__become_the_table_that_arrow_makes():
    found, wanted = table_of_records(RECORDS), pa.Table.from_pylist(RECORDS)
    assert found.schema == wanted.schema
    assert str(found.to_pylist()) == str(wanted.to_pylist())  # as text, in which NaN equals itself
    assert table_of_records([]).num_rows == 0


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_floats__are_written_with_the_shortest_text(values):
    """As pandas writes them."""
    table = pa.table({"x": values, "name": ["é"] * len(values), "ok": [True] * len(values)})
    text = as_text(table, None, "NA")
    wanted = table.to_pandas().to_csv(sep="\t", index=False, na_rep="NA").splitlines()[1:]
    assert ["\t".join(row.values()) for row in text.to_pylist()] == wanted
