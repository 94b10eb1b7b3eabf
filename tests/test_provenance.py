"""Where a result comes from: hashes of the inputs, also when they are computed ahead."""

from __future__ import annotations

import hashlib
import os

from ldscores.shared.provenance import describe_file, provenance
from sumh2.cli.loading import hash_ahead


def test_hash__is_that_of_the_content_and_follows_a_change(tmp_path):
    path = tmp_path / "trait.tsv"
    path.write_bytes(b"SNP\tZ\n")
    assert describe_file(path) == {"path": str(path), "bytes": 6, "sha256": hashlib.sha256(b"SNP\tZ\n").hexdigest()}
    path.write_bytes(b"SNP\tN\n")
    os.utime(path, ns=(0, 12_345))  # a clock too coarse for two writes must not hide the second
    assert describe_file(path)["sha256"] == hashlib.sha256(b"SNP\tN\n").hexdigest()


def test_hash_ahead__gives_what_the_provenance_says(tmp_path):
    path = tmp_path / "big.parquet"
    path.write_bytes(b"x" * 100_000)
    wait = hash_ahead([str(path), str(tmp_path / "absent"), str(tmp_path)])
    assert wait() is None
    (described,) = provenance([path], {})["inputs"]
    assert described["sha256"] == hashlib.sha256(b"x" * 100_000).hexdigest()


def test_hash_ahead__keeps_errors_for_those_who_need_the_file(tmp_path, monkeypatch):
    path = tmp_path / "trait.tsv"
    path.write_text("SNP\n")
    monkeypatch.setattr("ldscores.shared.provenance.describe_file", lambda name: (_ for _ in ()).throw(OSError("gone")))
    assert isinstance(hash_ahead([str(path)])(), OSError)
