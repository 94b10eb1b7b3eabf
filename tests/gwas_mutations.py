"""Damage to GWAS files: a clean one by one to three mutations, from a seed; for the fuzzing of munge and of the doctor."""

from __future__ import annotations

import bz2
import gzip
import lzma

import numpy as np
from gwas_formats import FORMATS, Format, make_snps

SNPS = make_snps(40, seed=11)
TRUTH = {snp.name: snp for snp in SNPS}
USABLE = [
    each for each in FORMATS if not each.by_position and not {"reference", "no_alleles"} & set(dict(each.options))
]


class File:
    """Lines of cells, and the names of the SNPs whose cells were changed to something plausible."""

    def __init__(self, text: str, separator: str, n_before: int) -> None:
        lines = text.splitlines()
        self.before, lines = lines[:n_before], lines[n_before:]
        self.separator = separator
        self.rows = [line.split() for line in lines]
        self.touched: set[int] = set()
        self.trust_signs = True
        self.raw: bytes | None = None

    def encode(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return ("\n".join([*self.before, *(self.separator.join(row) for row in self.rows)]) + "\n").encode()


def truncate(file: File, random) -> None:
    raw = file.encode()
    file.raw = raw[: int(random.integers(1, len(raw)))]
    # The last line may have lost digits.
    file.touched |= {len(file.raw.splitlines()) - 1 - len(file.before)}


def swap_columns(file: File, random) -> None:
    """Header and cells together: nothing may change."""
    a, b = random.integers(0, len(file.rows[0]), 2)
    for row in file.rows:
        if max(a, b) < len(row):
            row[a], row[b] = row[b], row[a]


def swap_headers(file: File, random) -> None:
    """Two names exchanged: a file that lies; signs are not compared, but nothing may break."""
    a, b = random.integers(0, len(file.rows[0]), 2)
    file.rows[0][a], file.rows[0][b] = file.rows[0][b], file.rows[0][a]
    file.trust_signs &= a == b


def duplicate_header(file: File, random) -> None:
    a, b = random.integers(0, len(file.rows[0]), 2)
    file.rows[0][a] = file.rows[0][b]
    file.trust_signs &= a == b


def rename_header(file: File, random) -> None:
    place = int(random.integers(len(file.rows[0])))
    file.rows[0][place] = str(random.choice(["X", "", "Effect Allele 1", "BÉTA", "N" * 300, "1", "-", "#", "\x7f"]))
    file.trust_signs = False  # what is left may mean something else


def put(words):
    def mutation(file: File, random) -> None:
        row = int(random.integers(1, len(file.rows)))
        place = int(random.integers(len(file.rows[row]) or 1))
        if place < len(file.rows[row]):
            file.rows[row][place] = str(random.choice(words))
            file.touched.add(row)

    return mutation


missing = put(["NA", ".", "nan", "NaN", "", "null", "#NA", "-"])
huge = put(["1e308", "-1e308", "1e309", "-inf", "inf", "1e-320", "0", "-0", "9" * 400, "1e999999999"])
text_in_number = put(["abc", "0,5", "1.2.3", "--1", "0x1F", "1_000", "١٢", "½", "TRUE", "'", "\x00", "\x1b[0m"])
odd_allele = put(["a", "N", "<DEL>", "ACGT", "*", "0", "I", "D", "-", "A,C"])


def drop_cell(file: File, random) -> None:
    row = int(random.integers(1, len(file.rows)))
    if file.rows[row]:
        del file.rows[row][int(random.integers(len(file.rows[row])))]
        file.touched.add(row)


def add_cell(file: File, random) -> None:
    row = int(random.integers(1, len(file.rows)))
    file.rows[row].insert(int(random.integers(len(file.rows[row]) + 1)), "1")
    file.touched.add(row)


def duplicate_row(file: File, random) -> None:
    row, place = int(random.integers(1, len(file.rows))), int(random.integers(1, len(file.rows)))
    file.rows.insert(place, list(file.rows[row]))
    copy = {place} if row in file.touched else set()
    file.touched = {number + (number >= place) for number in file.touched} | copy


def shuffle_rows(file: File, random) -> None:
    body = file.rows[1:]
    random.shuffle(body)
    file.rows[1:] = body
    file.touched = set() if not file.touched else set(range(len(file.rows)))


def mix_separators(file: File, random) -> None:
    raw = bytearray(file.encode())
    places = [place for place, byte in enumerate(raw) if byte in b"\t "]
    for place in random.choice(places, int(random.integers(1, 6))) if places else []:
        raw[place] = int(random.choice(list(b"\t ,;|")))
    file.raw, file.trust_signs = bytes(raw), False


def flip_bytes(file: File, random) -> None:
    raw = bytearray(file.encode())
    for place in random.integers(0, len(raw), int(random.integers(1, 8))):
        raw[place] = int(random.integers(256))
    file.raw, file.trust_signs = bytes(raw), False


def binary_rubbish(file: File, random) -> None:
    raw = file.encode()
    rubbish = random.integers(0, 256, int(random.integers(1, 300)), dtype=np.uint8).tobytes()
    place = int(random.integers(len(raw) + 1))
    file.raw, file.trust_signs = raw[:place] + rubbish + raw[place:], False


def other_encoding(file: File, random) -> None:
    text = file.encode().decode("utf-8", "replace")
    coding = str(random.choice(["utf-16", "utf-8-sig", "latin-1", "cp037", "utf-32"]))
    file.raw = text.encode(coding, "replace")
    file.trust_signs &= coding in ("utf-8-sig", "latin-1")


def other_line_ends(file: File, random) -> None:
    end = str(random.choice(["\r\n", "\r", "\n\n", "\n\r"]))
    file.raw = file.encode().decode("utf-8", "replace").replace("\n", end).encode()


def compress_and_cut(file: File, random) -> None:
    packed = [gzip.compress, bz2.compress, lzma.compress][int(random.integers(3))](file.encode())
    cut = int(random.integers(1, len(packed) + 1)) if random.random() < 0.7 else len(packed)
    file.raw = packed[:cut]
    if cut < len(packed):
        file.touched |= set(range(len(file.rows)))


MUTATIONS = [
    truncate, swap_columns, swap_headers, duplicate_header, rename_header, missing, huge, text_in_number, odd_allele,
    drop_cell, add_cell, duplicate_row, shuffle_rows, mix_separators, flip_bytes, binary_rubbish, other_encoding,
    other_line_ends, compress_and_cut,
]  # fmt: skip


def damaged_file(seed: int, part: int = 2024) -> tuple[Format, File]:
    """The format and the file of a seed."""
    random = np.random.default_rng([part, seed])
    each = USABLE[int(random.integers(len(USABLE)))]
    file = File(each.text(SNPS), each.separator, each.before.count("\n"))
    for mutation in random.choice(np.array(MUTATIONS, dtype=object), int(random.integers(1, 4)), replace=False):
        if file.raw is None:
            mutation(file, random)
    return each, file
