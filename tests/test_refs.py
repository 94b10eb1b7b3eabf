"""References: the catalogue, downloads that break, hashes that differ, what `--ld refs:NAME` finds."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PORTABLE, ROOT
from refs_server import serving, tar_of

from ldscores.shared.errors import InputError
from sumh2.references import download_files
from sumh2.references.cache_files import reference_path
from sumh2.references.catalogue import parse_catalogue
from sumh2.references.catalogue_files import OWN_CATALOGUE, read_catalogue
from sumh2.references.content_files import content_hash

LD_FILES = {
    f"ld.{chromosome}.l2.{ending}": (PORTABLE / "ldsc" / f"ld.{chromosome}.l2.{ending}").read_bytes()
    for chromosome in (1, 2)
    for ending in ("ldscore.gz", "M", "M_5_50")
}
ARCHIVE = tar_of({f"panel/{name}": content for name, content in LD_FILES.items()})


@pytest.fixture(autouse=True)
def at_home(monkeypatch, tmp_path):
    """No proxy between us and our own server, a cache of our own, no waiting."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("SUMH2_REFS", str(tmp_path / "cache"))
    monkeypatch.setattr(download_files, "WAIT_SECONDS", 0.0)


@pytest.fixture
def publisher():
    with serving() as server:
        server.files["panel.tar.gz"] = ARCHIVE
        yield server


def entry(sources, **changes):
    """An entry of a catalogue."""
    return {
        "name": "panel", "what": "a panel", "kind": "LD scores", "ancestry": "EUR", "build": "hg19", "licence": "CC0",
        "citation": "us", "page": "https://example.org/panel", "archive": "panel.tar.gz", "sources": sources,
        "at_most_gb": 0.1, "serves": {"": "ld.@"}, **changes,
    }  # fmt: skip


@pytest.fixture
def catalogue(tmp_path):
    """Write a catalogue and return its name."""

    def write(*entries):
        path = tmp_path / "own.json"
        path.write_text(json.dumps({"format": "sumh2 references", "version": 1, "references": entries}))
        return str(path)

    return write


def at(server, **changes):
    return entry([{"url": f"{server.base}/panel.tar.gz"}], **changes)


def cached(tmp_path):
    """All files in the cache, records and locks too."""
    cache = tmp_path / "cache"
    return sorted(path.relative_to(cache).as_posix() for path in cache.rglob("*") if path.is_file())


# ---------------------------------------------------------------------------------------------------------------------
# The catalogue


def test_own_catalogue__is_whole():
    own = read_catalogue()
    assert {"eur_w_ld_chr", "weights_hm3_noMHC", "baselineLD_v2.2", "frq_eur", "w_hm3", "bld.ldak_hapmap"} <= set(own)
    assert {"EUR", "EAS", "AFR"} <= {word for item in own.values() for word in item.ancestry.split("/")}
    for item in own.values():
        addresses = [item.page, *(source.url or source.record for source in item.sources)]
        assert all(address.startswith("https://") for address in addresses), item.name
        # An archive's hash may stand here only when somebody downloaded it.
        assert (item.sha256 is None) == (item.tried is None), item.name


@pytest.mark.parametrize(
    "change, said",
    [
        ({"name": "../panel"}, "name: found '../panel'"),
        ({"name": ".panel"}, "a letter or digit first"),
        ({"build": "hg17"}, "expected one of hg19, hg38, any"),
        ({"kind": "things"}, "expected one of LD scores"),
        ({"sha256": "abc"}, "64 hexadecimal digits"),
        ({"licence": ""}, "licence: found ''"),
        ({"at_most_gb": 0}, "gigabytes"),
        ({"sources": []}, "one or more addresses"),
        ({"sources": [{"url": "file:///etc/passwd"}]}, "sources: found"),
        ({"sources": [{"record": "https://zenodo.org/records/1", "file": "a/b"}]}, "sources: found"),
        ({"archive": "../x"}, "a file name without folders"),
        ({"contents": {"a": "b"}}, "SHA-256 by file name"),
        ({"licenze": "x"}, "unknown keys licenze"),
        ({"tried": "yes"}, "YYYY-MM-DD"),
    ],
)
def test_catalogue__refuses_an_entry_that_is_not_right(change, said):
    wrong = entry([{"url": "https://example.org/x"}]) | change
    with pytest.raises(InputError, match=re.escape(said)):
        parse_catalogue({"format": "sumh2 references", "version": 1, "references": [wrong]}, "own.json")


def test_catalogue__names_come_once():
    twice = [entry([{"url": "https://example.org/x"}])] * 2
    with pytest.raises(InputError, match="panel twice"):
        parse_catalogue({"format": "sumh2 references", "version": 1, "references": twice}, "own.json")


@pytest.mark.shared
def test_content_hashes__are_those_of_the_copies_here(shared, run_sumh2):
    """The hashes were taken from these files; here they are taken again, and a changed digit is seen."""
    folders = {"eur_w_ld_chr": "ldscores_eur_w_ld_chr", "weights_hm3_noMHC": "weights_hm3_noMHC",
               "baseline_v1.2": "baseline_v1.2_chr22"}  # fmt: skip
    for name, folder in folders.items():
        status, out, _ = run_sumh2("refs", "verify", name, "--at", shared / "data" / folder)
        assert status == 0 and f"is {name}" in out
    raw = json.loads(OWN_CATALOGUE.read_text(encoding="utf-8"))["references"]
    assert {item["name"] for item in raw if item.get("contents")} == set(folders)


def test_content_hash__sees_columns_that_count_and_no_others(tmp_path):
    table = b"CHR\tSNP\tBP\tMAF\tL2\n1\trs1\t10\t0.1\t1.23456\n1\trs2\t20\t0.2\t-0.5\n"
    plain, packed = tmp_path / "a", tmp_path / "b.gz"
    plain.write_bytes(table)
    packed.write_bytes(gzip.compress(table.replace(b"0.1\t", b"0.123\t").replace(b"1.23456", b"1.235")))
    assert content_hash(plain) != content_hash(packed) and content_hash(plain) == hashlib.sha256(table).hexdigest()
    assert content_hash(plain, "SNP,L2") == content_hash(packed, "SNP,L2")
    assert content_hash(plain, "SNP,L2") == hashlib.sha256(b"SNP\tL2\nrs1\t1.235\nrs2\t-0.500\n").hexdigest()
    plain.write_bytes(table.replace(b"1.23456", b"1.23356"))
    assert content_hash(plain, "SNP,L2") != content_hash(packed, "SNP,L2")
    with pytest.raises(InputError, match="no column Z"):
        content_hash(plain, "SNP,Z")


# ---------------------------------------------------------------------------------------------------------------------
# list, get, path, verify, and --ld refs:


def test_list__is_a_table_and_cards(run_sumh2):
    status, out, _ = run_sumh2("refs")
    assert status == 0 and re.search(r"^eur_w_ld_chr +EUR +hg19 +- ", out, re.MULTILINE) and "0 of 16" in out
    status, out, _ = run_sumh2("refs", "list", "eur_w_ld_chr", "w_hm3")
    assert status == 0 and "doi:10.1038/ng.3211" in out and "never by the makers" in out and "\n\nw_hm3\n" in out


def test_get__brings_verifies_and_serves(run_sumh2, publisher, catalogue, tmp_path):
    own = catalogue(at(publisher))
    status, out, _ = run_sumh2("refs", "get", "panel", "--catalogue", own)
    digest = hashlib.sha256(ARCHIVE).hexdigest()
    assert status == 0 and "trusted on first use" in out and digest in out
    assert cached(tmp_path) == [".records/panel.json", *(f"panel/panel/{name}" for name in sorted(LD_FILES))]
    assert not list((tmp_path / "cache" / ".work").iterdir())

    status, out, _ = run_sumh2("refs", "path", "panel")
    assert status == 0 and out.strip() == str(tmp_path / "cache" / "panel" / "panel" / "ld.@")
    trait = f"{PORTABLE}/inputs/trait1.sumstats.xz"
    status, out, _ = run_sumh2("h2", trait, "--ld", "refs:panel", "--w-ld", "refs:panel", "--out", tmp_path / "r")
    assert status == 0 and "0.2830 (0.0355)" in out
    inputs = json.loads((tmp_path / "r.json").read_text())["provenance"]["inputs"]
    assert any("cache/panel/panel/ld.1.l2.ldscore.gz" in item["path"] for item in inputs)

    asked = len(publisher.asked)
    status, out, _ = run_sumh2("refs", "get", "panel", "--catalogue", own)
    assert status == 0 and "was here already" in out and len(publisher.asked) == asked
    status, out, _ = run_sumh2("refs", "verify")
    assert status == 0 and "6 files as they were" in out
    status, out, _ = run_sumh2("refs", "list", "panel", "--catalogue", own)
    assert digest in out and "trusted on first use" in out


def test_verify__finds_a_changed_byte_and_get_repairs_it(run_sumh2, publisher, catalogue, tmp_path):
    own = catalogue(at(publisher))
    run_sumh2("refs", "get", "panel", "--catalogue", own)
    victim = tmp_path / "cache/panel/panel/ld.1.l2.M"
    before = victim.read_bytes()
    victim.write_bytes(before.replace(before[:1], b"9" if before[:1] != b"9" else b"8", 1))
    status, out, err = run_sumh2("refs", "verify", "panel")
    assert status == 1 and "DAMAGED: panel/ld.1.l2.M: found SHA-256" in out and "1 of 1" in err
    status, out, _ = run_sumh2("refs", "list", "--catalogue", own)
    assert re.search(r"^panel .* to verify ", out, re.MULTILINE)
    assert run_sumh2("refs", "get", "panel", "--catalogue", own)[0] == 0
    assert victim.read_bytes() == before and run_sumh2("refs", "verify")[0] == 0
    victim.unlink()
    status, _, err = run_sumh2("refs", "path", "panel")
    assert status == 1 and "ld.1.l2.M is missing" in err and "sumh2 refs get panel" in err
    # A file that was only touched is hashed again, not downloaded again.
    assert run_sumh2("refs", "get", "panel", "--catalogue", own)[0] == 0
    os.utime(victim, (1, 1))
    asked = len(publisher.asked)
    assert "hashed again" in run_sumh2("refs", "get", "panel", "--catalogue", own)[1]
    assert len(publisher.asked) == asked


def test_refs_in_ld__say_how_to_get_them(run_sumh2, tmp_path):
    trait = f"{PORTABLE}/inputs/trait1.sumstats.xz"
    for verb in ("h2", "partition"):
        status, _, err = run_sumh2(verb, trait, "--ld", "refs:eur_w_ld_chr", "--out", tmp_path / "x")
        assert status == 1 and "sumh2 refs get eur_w_ld_chr" in err and "sumh2 refs pack eur_w_ld_chr" in err
    status, _, err = run_sumh2("h2", trait, "--ld", "refs:eur_w_ld", "--out", tmp_path / "x")
    assert status == 1 and "did you mean eur_w_ld_chr?" in err


def test_parts__and_files_by_themselves(run_sumh2, publisher, catalogue, tmp_path):
    files = {f"x/P.{who}.l2.{end}": b"1\n" for who in ("AFR", "EUR") for end in ("ldscore.gz", "M", "M_5_50")}
    publisher.files["parts.tar"] = tar_of({**files, "x/._P.AFR.l2.M": b"junk", "__MACOSX/a": b"junk"}, "w")
    publisher.files["one.tagging.gz"] = gzip.compress(b"Predictor\n")
    own = catalogue(
        entry([{"url": f"{publisher.base}/parts.tar"}], name="parts", serves={"AFR": "P.AFR.", "EUR": "P.EUR."}),
        entry([{"url": f"{publisher.base}/one.tagging.gz"}], name="one", serves={"": "one.tagging"}),
    )
    assert run_sumh2("refs", "get", "parts", "one", "--catalogue", own)[0] == 0
    cache = tmp_path / "cache"
    assert reference_path("parts/EUR") == f"{cache}/parts/x/P.EUR."
    assert reference_path("one") == f"{cache}/one/one.tagging.gz"
    with pytest.raises(InputError, match="expected one of AFR, EUR"):
        reference_path("parts")
    assert not [name for name in cached(tmp_path) if "junk" in name or "MACOSX" in name or "._" in name]


# ---------------------------------------------------------------------------------------------------------------------
# Hashes


def test_known_hash__is_asked_and_a_mismatch_leaves_nothing(run_sumh2, publisher, catalogue, tmp_path):
    good = hashlib.sha256(ARCHIVE).hexdigest()
    own = catalogue(at(publisher, sha256=good))
    assert "as in the catalogue" in run_sumh2("refs", "get", "panel", "--catalogue", own)[1]
    own = catalogue(at(publisher, name="other", sha256="0" * 64))
    for flags in ([], ["--accept-different"]):  # a hash of the catalogue is no first impression
        status, _, err = run_sumh2("refs", "get", "other", "--catalogue", own, *flags)
        assert status == 1 and good in err and "as the catalogue says" in err
    assert not [name for name in cached(tmp_path) if "other" in name]


def test_first_download__is_trusted_and_a_later_one_that_differs_is_refused(run_sumh2, publisher, catalogue, tmp_path):
    own = catalogue(at(publisher))
    run_sumh2("refs", "get", "panel", "--catalogue", own)
    publisher.files["panel.tar.gz"] = tar_of({"panel/ld.1.l2.M": b"7\n"})
    (tmp_path / "cache/panel/panel/ld.1.l2.M").unlink()
    before = cached(tmp_path)
    status, _, err = run_sumh2("refs", "get", "panel", "--catalogue", own)
    assert status == 1 and "as your first download" in err and hashlib.sha256(ARCHIVE).hexdigest() in err
    assert cached(tmp_path) == before
    status, out, _ = run_sumh2("refs", "get", "panel", "--catalogue", own, "--accept-different")
    assert status == 0 and "trusted on first use" in out
    assert cached(tmp_path) == [".records/panel.json", "panel/panel/ld.1.l2.M"]


def test_content__that_differs_from_the_known_one_is_refused(run_sumh2, publisher, catalogue, tmp_path):
    known = {"ld.1.l2.M": hashlib.sha256(b"other\n").hexdigest()}
    own = catalogue(at(publisher, contents=known, contents_from="a copy"))
    status, _, err = run_sumh2("refs", "get", "panel", "--catalogue", own)
    assert status == 1 and "differs from that of a copy in 1 of 1 places" in err and cached(tmp_path) == []
    status, _, err = run_sumh2("refs", "get", "panel", "--catalogue", own, "--accept-different")
    assert status == 0 and "taken nevertheless" in err
    right = {"ld.2.l2.M": hashlib.sha256(LD_FILES["ld.2.l2.M"]).hexdigest()}
    own = catalogue(at(publisher, name="right", contents=right, contents_from="a copy"))
    status, out, _ = run_sumh2("refs", "get", "right", "--catalogue", own)
    assert status == 0 and "content as in a copy" in out


def test_record__gives_address_and_checksum(run_sumh2, publisher, catalogue, tmp_path):
    publisher.add_record(11, "panel.tar.gz")
    publisher.records["12"] = {"files": [{"filename": "panel.tar.gz", "checksum": "0" * 32, "filesize": len(ARCHIVE)}]}
    sources = [{"record": f"{publisher.base}/records/{number}", "file": "pan*"} for number in (10, 11)]
    status, out, _ = run_sumh2("refs", "get", "panel", "--catalogue", catalogue(entry(sources)))
    assert status == 0 and "MD5 as the publisher says" in out
    sources[1]["record"] = f"{publisher.base}/records/12"
    status, _, err = run_sumh2("refs", "get", "false", "--catalogue", catalogue(entry(sources, name="false")))
    assert status == 1 and "found md5" in err and "its publisher says" in err
    sources[1] = {"record": f"{publisher.base}/records/11", "file": "other*"}
    status, _, err = run_sumh2("refs", "get", "none", "--catalogue", catalogue(entry(sources, name="none")))
    assert status == 1 and "has 0 files called other*; its files: panel.tar.gz" in err and "404" in err
    assert not [name for name in cached(tmp_path) if "false" in name or "none" in name]


# ---------------------------------------------------------------------------------------------------------------------
# Downloads that break


def test_broken_download__goes_on_in_the_same_call(run_sumh2, publisher, catalogue, tmp_path):
    publisher.cuts = [1000, 2000, None]
    status, _, err = run_sumh2("refs", "get", "panel", "--catalogue", catalogue(at(publisher)))
    assert status == 0 and err.count("going on") == 2
    assert [wanted for _, wanted in publisher.asked] == [None, "bytes=1000-", "bytes=3000-"]


def test_broken_download__goes_on_in_the_next_call(run_sumh2, publisher, catalogue, tmp_path):
    own = catalogue(at(publisher))
    publisher.cuts = [1000, 10, 10, 10]
    status, _, err = run_sumh2("refs", "get", "panel", "--catalogue", own)
    assert status == 1 and "1,030 bytes are kept, the same command goes on" in err
    assert run_sumh2("refs", "path", "panel")[0] == 1
    status, _, _ = run_sumh2("refs", "get", "panel", "--catalogue", own)
    assert status == 0 and publisher.asked[-1][1] == "bytes=1030-"
    assert cached(tmp_path) == [".records/panel.json", *(f"panel/panel/{name}" for name in sorted(LD_FILES))]


def test_file_that_changed_meanwhile__starts_again(run_sumh2, publisher, catalogue, tmp_path):
    own = catalogue(at(publisher))
    publisher.cuts = [1000] * 4
    run_sumh2("refs", "get", "panel", "--catalogue", own)
    larger = random.Random(1).randbytes(len(ARCHIVE))  # a part of the old one could be continued with it
    publisher.files["panel.tar.gz"] = tar_of({"new/ld.1.l2.M": larger})
    assert run_sumh2("refs", "get", "panel", "--catalogue", own)[0] == 0
    assert cached(tmp_path) == [".records/panel.json", "panel/new/ld.1.l2.M"]
    assert publisher.asked[-1][1] == "bytes=4000-"


def test_server_without_validators__starts_again(run_sumh2, publisher, catalogue):
    publisher.validators, publisher.cuts = False, [1000, None]
    assert run_sumh2("refs", "get", "panel", "--catalogue", catalogue(at(publisher)))[0] == 0
    assert [wanted for _, wanted in publisher.asked] == [None, None]


def test_part_that_is_whole_already__is_taken(publisher, tmp_path):
    from sumh2.references.download_files import ResumingDownloader

    url = f"{publisher.base}/panel.tar.gz"
    (tmp_path / "p").write_bytes(ARCHIVE)
    (tmp_path / "p.json").write_text(json.dumps({"url": url, "validator": publisher.etag("panel.tar.gz")}))
    ResumingDownloader(tmp_path / "p", "p", 10**8)(url, tmp_path / "out", None)
    assert (tmp_path / "out").read_bytes() == ARCHIVE and sorted(os.listdir(tmp_path)) == ["out"]


def test_busy_server__is_asked_again(run_sumh2, publisher, catalogue):
    publisher.statuses = [503, 429]
    assert run_sumh2("refs", "get", "panel", "--catalogue", catalogue(at(publisher)))[0] == 0
    assert len(publisher.asked) == 3


def test_more_than_allowed__is_given_up(run_sumh2, publisher, catalogue, tmp_path):
    own = catalogue(at(publisher, at_most_gb=1e-6))
    for publisher.lengths in (True, False):  # told beforehand, or found on the way
        status, _, err = run_sumh2("refs", "get", "panel", "--catalogue", own)
        assert status == 1 and "the catalogue allows 1,000" in err and cached(tmp_path) == []


def test_no_internet__one_message_with_address_and_remedies(run_sumh2, catalogue, tmp_path):
    with serving() as server:
        gone = server.base
    sources = [{"url": f"{gone}/a.tar"}, {"record": f"{gone}/records/1", "file": "a"}]
    status, out, err = run_sumh2("refs", "get", "panel", "--catalogue", catalogue(entry(sources)))
    assert status == 1 and out == "" and err.count("error:") == 1 and "Traceback" not in err
    for part in (f"{gone}/a.tar: connection refused", f"{gone}/records/1 (a)", "sumh2 refs pack panel", "--mirror",
                 "https://example.org/panel", "never tried"):  # fmt: skip
        assert part in err
    assert cached(tmp_path) == []


# ---------------------------------------------------------------------------------------------------------------------
# Mirrors, processes, the command line


def test_mirror__is_an_address_or_a_folder(run_sumh2, publisher, catalogue, tmp_path):
    own = catalogue(entry([{"url": "https://nowhere.invalid/x"}]))
    status, out, _ = run_sumh2("refs", "get", "panel", "--catalogue", own, "--mirror", f"{publisher.base}/sub/")
    assert status == 0 and f"{publisher.base}/sub/panel.tar.gz" in out
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "panel.tar.gz").write_bytes(ARCHIVE)
    line = ["refs", "get", "panel", "--catalogue", own, "--folder", tmp_path / "second", "--mirror"]
    assert run_sumh2(*line, tmp_path / "mirror")[0] == 0
    assert (tmp_path / "mirror" / "panel.tar.gz").exists()
    other = catalogue(entry([{"url": "https://nowhere.invalid/x"}], name="other", sha256="0" * 64))
    status, _, err = run_sumh2("refs", "get", "other", "--catalogue", other, "--mirror", tmp_path / "mirror")
    assert status == 1 and "as the catalogue says" in err and not (tmp_path / "cache" / "other").exists()
    own = catalogue(entry([{"url": "https://nowhere.invalid/x"}]))
    status, _, err = run_sumh2(*line[:-2], tmp_path / "third", "--mirror", tmp_path)
    assert status == 1 and f"{tmp_path}/panel.tar.gz: no such file" in err


def test_second_process__is_told_to_wait(run_sumh2, publisher, catalogue, tmp_path):
    work = tmp_path / "cache" / ".work" / "panel"
    work.mkdir(parents=True)
    with (work / ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        status, _, err = run_sumh2("refs", "get", "panel", "--catalogue", catalogue(at(publisher)))
        assert status == 1 and "another run is at work" in err and "wait until it has ended" in err
    assert run_sumh2("refs", "get", "panel", "--catalogue", catalogue(at(publisher)))[0] == 0


def test_killed_in_the_middle__leaves_nothing_that_looks_whole(publisher, catalogue, tmp_path, run_sumh2):
    """A process that dies while it unpacks: what it left is cleared away by the next."""
    own = catalogue(at(publisher))
    code = (
        "import os, sumh2.references.unpack_files as u\n"
        "u.Writer.write = lambda *words: os._exit(9)\n"
        f"from sumh2.cli import main\nimport sys\nsys.argv = ['sumh2', 'refs', 'get', 'panel', '--catalogue', {own!r}]\n"
        "main()"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True).returncode == 9
    assert (tmp_path / "cache/.work/panel/unpacked").is_dir() and not (tmp_path / "cache/panel").exists()
    assert run_sumh2("refs", "path", "panel")[0] == 1
    assert run_sumh2("refs", "get", "panel", "--catalogue", own)[0] == 0
    assert not list((tmp_path / "cache/.work").iterdir())


@pytest.mark.parametrize(
    "line, said",
    [
        (["get"], "found no name"),
        (["path", "a", "b"], "found 2 words, expected one, a reference"),
        (["unpack"], "found 0 words, expected one, a pack"),
        (["pack", "eur_w_ld_chr"], "found no --out"),
        (["list", "--mirror", "x"], "--mirror: found with refs list, expected with refs get"),
        (["verify", "--at", "x"], "found 0 names, expected one"),
        (["fetch"], "expected one of list, get, verify"),
    ],
)
def test_misuse__is_exit_2(run_sumh2, line, said):
    status, _, err = run_sumh2("refs", *line)
    assert status == 2 and said in err


def test_names_that_are_not_there(run_sumh2, tmp_path):
    status, _, err = run_sumh2("refs", "get", "eur_wld_chr")
    assert status == 1 and "did you mean eur_w_ld_chr?" in err
    status, _, err = run_sumh2("refs", "verify")
    assert status == 1 and "first: sumh2 refs get NAME" in err
    status, _, err = run_sumh2("refs", "list", "--catalogue", tmp_path / "none.json")
    assert status == 1 and "check --catalogue" in err
    (tmp_path / "bad.json").write_text("{")
    assert "cannot be read as JSON" in run_sumh2("refs", "list", "--catalogue", tmp_path / "bad.json")[2]
    status, _, err = run_sumh2("refs", "path", "../../etc")
    assert status == 1


def test_help_and_list__load_no_network(tmp_path):
    code = (
        "import sys\nfrom sumh2.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'pooch', 'requests', 'numpy', 'pandas', 'numba', 'pyarrow'} & set(sys.modules)))"
    )
    for words, expected in ((["refs", "--help"], "[]"), (["refs", "list"], "[]")):
        line = [sys.executable, "-c", code, *words]
        finished = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
        assert finished.stdout.splitlines()[-1] == expected, words
    assert Path(tmp_path / "cache").exists() is False
