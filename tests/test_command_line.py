"""Every rule of the command line, and the words of its messages."""

from __future__ import annotations

import dataclasses
import errno
import inspect
import logging
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from ldscores.shared.command_line import check_commands, command, ranges, run_commands
from ldscores.shared.command_line import run as run_module
from ldscores.shared.command_line.words import Line
from ldscores.shared.errors import FitError, InputError, UsageError
from ldscores.shared.logs import configure_logging, log_to_file

pytestmark = pytest.mark.usefixtures("leave_loggers_as_they_were", "any_number")


@pytest.fixture
def any_number(monkeypatch):
    """The commands here are made up: their flags mean nothing, whatever they are called."""
    monkeypatch.setattr(ranges, "RANGES", {})


calls: list[tuple] = []


@command(group="Estimates")
def h2(
    sumstats: str,
    *,
    ld: str,
    out: str | None = None,
    n_blocks: int = 200,
    chisq_max: float | None = None,
    no_intercept: bool = False,
    two_step: bool = True,
    samp_prev: list[float] | None = None,
    chromosomes: list[int] | None = None,
    traits: list[str] | None = None,
    folder: Path = Path("."),
    estimator: Literal["ldsc", "sumher"] = "ldsc",
) -> NoSuchTypeAtRunTime:  # noqa: F821  the real commands name types that only the type checker imports
    """SNP heritability of one trait.

    How much of the variance of the trait is tagged by common SNPs; the text goes on until it has to be wrapped.

    Parameters
    ----------
    sumstats
        Munged file.
    ld : str
        Prefix of the LD scores.
    out
        Stem of the files written.
    n_blocks
        Blocks of the
        jackknife.
    chisq_max
        SNPs with a larger chi2 are left out.
    no_intercept
        Fix the intercept at 1.
    two_step
        Estimate the intercept first.
    samp_prev, chromosomes, traits, folder
        One text for several.
    estimator
        Weights of the regression.

    Notes
    -----
    LDSC, equation 1.

    Examples
    --------
    sumh2 h2 scz.sumstats.parquet --ld eur_w_ld_chr/ \\
        --out scz.h2
    """
    calls.append(tuple(locals().values()))


@command
def rg(*sumstats: str, ld: str, pairs: bool | None = None) -> str | None:
    """Genetic correlation of traits.

    Parameters
    ----------
    *sumstats
        Two munged files or more.
    ld
        Prefix of the LD scores.
    pairs
        Whether to print every pair.

    Examples
    --------
    $ sumh2 rg 'traits/*.parquet' --ld eur --no-pairs > all.txt  # an annotated line
    """
    calls.append((sumstats, ld, pairs))
    if len(sumstats) < 2:
        raise UsageError(f"rg needs two files or more, found {len(sumstats)}")
    return f"{len(sumstats)} traits"


class Outcome(NamedTuple):
    status: int | None
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    def run_words(*words: str, commands: tuple = (h2, rg)) -> Outcome:
        calls.clear()
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            run_commands("sumh2", summary="Heritability.", commands=commands, version="7.8", argv=words)
        return Outcome(stopped.value.code, *capsys.readouterr())

    return run_words


def call_h2(*words: str) -> dict[str, object]:
    """Run h2 with these words after the required ones and return what it was called with."""
    calls.clear()
    with pytest.raises(SystemExit) as stopped:
        run_commands("sumh2", summary="", commands=(h2, rg), version="7.8", argv=["h2", "a", "--ld", "b", *words])
    assert stopped.value.code == 0
    return dict(zip(inspect.signature(h2).parameters, calls[0], strict=True))


def raising(error: BaseException) -> Callable[..., object]:
    def fail() -> None:
        """Fail."""
        raise error

    return command(fail)


# --- Words and values ------------------------------------------------------------------------------------------------

ODD_WORDS = [
    "1e5",
    "None",
    "a,b",
    "{a:1}",
    "True",
    "007",
    "-5",
    "-0.1",
    "a b",
    "x=y",
    "=",
    "#1",
    "é²",
    "-",
    "'q'",
    "[1]",
]


@pytest.mark.parametrize("word", ODD_WORDS)
def test_words_stay_words(word):
    assert call_h2("--out", word)["out"] == word
    assert call_h2(f"--out={word}")["out"] == word


@given(st.text(min_size=1))
@example("--")
@example("--ld")
@example("-h")
@example("help")
@example("\n")
@settings(max_examples=60, deadline=None)
def test_any_word_after_an_equals_sign_arrives_unchanged(word):
    assert call_h2("--out=" + word)["out"] == word


@given(st.lists(st.text(min_size=1), min_size=2, max_size=5))
@example(["--help", "-"])
@settings(max_examples=60, deadline=None)
def test_any_positional_word_after_two_dashes_arrives_unchanged(words):
    calls.clear()
    with pytest.raises(SystemExit) as stopped:
        run_commands("sumh2", summary="", commands=(h2, rg), version="", argv=["rg", "--ld=x", "--", *words])
    assert stopped.value.code == 0
    assert calls == [(tuple(words), "x", None)]


def test_defaults_are_pythons_own():
    assert call_h2() == {
        "sumstats": "a",
        "ld": "b",
        "out": None,
        "n_blocks": 200,
        "chisq_max": None,
        "no_intercept": False,
        "two_step": True,
        "samp_prev": None,
        "chromosomes": None,
        "traits": None,
        "folder": Path("."),
        "estimator": "ldsc",
    }


@pytest.mark.parametrize(
    ("word", "name", "value"),
    [
        ("--n-blocks=100", "n_blocks", 100),
        ("--n_blocks=100", "n_blocks", 100),
        ("--n-blocks=1e3", "n_blocks", 1000),
        ("--n-blocks=-3", "n_blocks", -3),
        ("--n-blocks=0", "n_blocks", 0),
        ("--chisq-max=-.5", "chisq_max", -0.5),
        ("--chisq-max=80", "chisq_max", 80.0),
        ("--chisq-max=1e-3", "chisq_max", 0.001),
        ("--no-intercept", "no_intercept", True),
        ("--no-intercept=no", "no_intercept", False),
        ("--no-intercept=True", "no_intercept", True),
        ("--no-two-step", "two_step", False),
        ("--two_step=false", "two_step", False),
        ("--two-step", "two_step", True),
        ("--chromosomes=1,2, 22", "chromosomes", [1, 2, 22]),
        ("--traits=bmi, 1e5", "traits", ["bmi", "1e5"]),
        ("--traits=None", "traits", ["None"]),
        ("--folder=my files", "folder", Path("my files")),
        ("--estimator=sumher", "estimator", "sumher"),
    ],
)
def test_values_by_annotation(word, name, value):
    found = call_h2(word)[name]
    assert found == value
    assert type(found) is type(value)


def test_nan_is_for_lists_of_numbers_alone(run):
    prevalences = call_h2("--samp-prev", "-0.1,nan")["samp_prev"]
    assert prevalences[0] == -0.1
    assert prevalences[1] != prevalences[1]
    assert "--chisq-max: expected a number, got 'nan'" in run("h2", "a", "--ld=b", "--chisq-max=nan").err


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("--n-blocks=abc", "--n-blocks: expected a whole number, got 'abc'"),
        ("--n-blocks=1.5", "--n-blocks: expected a whole number, got '1.5'"),
        ("--n-blocks=1_000", "--n-blocks: expected a whole number, got '1_000'"),
        ("--n-blocks=1e999999999", "--n-blocks: expected a whole number, got '1e999999999'"),
        ("--n-blocks=1e-3", "--n-blocks: expected a whole number, got '1e-3'"),
        ("--n-blocks=٣", "--n-blocks: expected a whole number, got '٣'"),
        ("--n-blocks=", "--n-blocks: expected a whole number, got nothing; is a variable of the shell empty?"),
        ("--out=", "--out: expected a word, got nothing"),
        ("--chisq-max=inf", "--chisq-max: expected a number, got 'inf'"),
        ("--chisq-max=1e999", "--chisq-max: expected a number, got '1e999'"),
        ("--samp-prev=0.5,x", "--samp-prev: expected a number, got 'x' in the comma-separated list '0.5,x'"),
        ("--samp-prev=inf", "--samp-prev: expected a number, got 'inf'\n"),
        ("--traits=a,,b", "--traits: expected a word, got nothing"),
        ("--no-intercept=1", "--no-intercept: expected true, false, yes or no, got '1'"),
        ("--no-two-step=true", "--no-two-step: takes no value 'true'; write --two-step=true or --two-step=false"),
        ("--estimator=sumer", "--estimator: expected one of ldsc, sumher; got 'sumer'; did you mean sumher?"),
        ("--quiet=maybe", "--quiet: expected true, false, yes or no, got 'maybe'"),
    ],
)
def test_wrong_values_are_refused_before_the_command_runs(run, word, message):
    outcome = run("h2", "a", "--ld", "b", word)
    assert outcome.status == 2
    assert f"error: {message}" in outcome.err
    assert "usage: sumh2 h2 SUMSTATS --ld TEXT [flags]" in outcome.err
    assert "'sumh2 h2 --help'" in outcome.err
    assert outcome.out == ""
    assert not calls


# --- Which word belongs to which parameter ---------------------------------------------------------------------------


def test_flags_may_stand_anywhere_and_positionals_may_be_flags(run):
    assert run("h2", "--ld", "b", "a").status == 0
    plain = calls[0]
    assert run("h2", "--sumstats", "a", "--ld=b").status == 0
    assert calls[0] == plain
    assert call_h2("--no-intercept", "--out", "x")["no_intercept"] is True


def test_a_positional_given_twice_is_refused(run):
    err = run("h2", "a", "--sumstats", "c", "--ld", "b").err
    assert "too many words: nothing takes 'a'; SUMSTATS was already given with --sumstats" in err
    assert not calls


def test_missing_parameters_are_named_all_at_once(run):
    outcome = run("h2")
    assert outcome.status == 2
    assert outcome.err.splitlines() == [
        "error: missing: SUMSTATS, --ld",
        "usage: sumh2 h2 SUMSTATS --ld TEXT [flags]",
        "'sumh2 h2 --help' explains every flag.",
    ]


def test_too_many_words_are_shown(run):
    err = run("h2", "a", "c d", "e", "--ld", "b").err
    assert "error: too many words: nothing takes 'c d', 'e'; h2 takes one SUMSTATS: run it once for each\n" in err


def test_variadic_words(run):
    outcome = run("rg", "-5", "a=b", "--ld", "x", "-", "None")
    assert (outcome.status, outcome.out) == (0, "4 traits\n")
    assert calls == [(("-5", "a=b", "-", "None"), "x", None)]
    assert "--sumstats: give the values of SUMSTATS... by themselves" in run("rg", "--sumstats", "a", "b", "--ld=x").err
    assert not calls
    assert "SUMSTATS...: expected a word, got nothing" in run("rg", "a", "", "--ld=x").err


def test_a_command_may_refuse_its_own_line(run):
    outcome = run("rg", "a", "--ld", "x")
    assert outcome.status == 2
    assert outcome.err.startswith("error: rg needs two files or more, found 1\nusage: sumh2 rg SUMSTATS... --ld TEXT")


def test_a_repeated_flag_is_refused(run):
    assert "--out: given more than once; give it once\n" in run("h2", "a", "--ld=b", "--out=x", "--out=y").err
    assert "--no-two-step: given more than once" in run("h2", "a", "--ld=b", "--two-step", "--no-two-step").err
    err = run("h2", "a", "--ld=b", "--traits=x", "--traits=y").err
    assert "--traits: given more than once; give it once, with commas between the values" in err
    assert not calls


def test_a_flag_without_its_value_is_refused(run):
    err = run("h2", "a", "--out", "--ld", "b", "--n-blocks").err
    assert "--out: needs a value, but --ld follows; if that is the value write --out=--ld\n" in err
    assert "--n-blocks: needs a value\n" in err
    assert err.count("error:") == 2
    assert call_h2("--out=--ld")["out"] == "--ld"


def test_a_switch_does_not_swallow_the_next_word(run):
    outcome = run("h2", "--no-intercept", "true", "--ld", "b")
    assert "--no-intercept: takes no value 'true'; write --no-intercept=true or --no-intercept=false" in outcome.err
    assert run("h2", "--no-intercept", "truth", "--ld", "b").status == 0
    assert calls[0][0] == "truth"


def test_every_wrong_flag_is_in_one_message(run):
    err = run("h2", "a", "--n-blokcs", "5", "-ld", "b", "--LD=c", "--zzz", "--chisq-max", "x").err
    assert err.splitlines()[:5] == [
        "error: --n-blokcs: no such flag; did you mean --n-blocks?",
        "error: -ld: no such flag; did you mean --ld?",
        "error: --LD: no such flag; did you mean --ld?",
        "error: --zzz: no such flag",
        "error: --chisq-max: expected a number, got 'x'",
    ]
    assert "did you mean --estimator?" in run("h2", "a", "--ld=b", "--estim=ldsc").err
    assert "did you mean --quiet?" in run("h2", "a", "--ld=b", "--no-quit").err


KNOWN_FLAGS = [name.replace("_", "-") for name in inspect.signature(h2).parameters]
KNOWN_FLAGS += ["quiet", "debug", "help", "version"]


@given(st.sampled_from(KNOWN_FLAGS), st.integers(0, 30), st.sampled_from("abcxyz-_1"), st.booleans())
@settings(max_examples=100, deadline=None)
def test_any_misspelt_flag_is_refused_before_the_command_runs(flag, place, letter, insert):
    place %= len(flag)
    misspelt = flag[:place] + letter + flag[place + (not insert) :]
    spelling = misspelt.replace("_", "-").removeprefix("no-")
    assume(spelling not in {name.removeprefix("no-") for name in KNOWN_FLAGS})
    calls.clear()
    with pytest.raises(SystemExit) as stopped:
        run_commands("sumh2", summary="", commands=(h2, rg), version="", argv=["h2", "a", "--ld=b", f"--{misspelt}=1"])
    assert stopped.value.code == 2
    assert not calls


@pytest.mark.parametrize("key", ["__class__", "_run", "verbose", "trace", "interactive", "separator", "completion"])
def test_fires_own_words_mean_nothing(run, key):
    for words in ([key], [f"--{key}"], ["--", key], ["--", f"--{key}"]):
        assert run("h2", "a", "--ld=b", *words).status == 2
        assert not calls


def test_unknown_command(run):
    outcome = run("h3", "--help")
    assert outcome.status == 2
    assert "error: sumh2 has no command 'h3'; did you mean h2?" in outcome.err
    assert run("help", "nothing").status == 2
    assert "--ld: no such flag before the command" in run("--ld", "x", "h2", "a").err


# --- Help, version and the global flags ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["h2", "--help"],
        ["h2", "-h"],
        ["h2", "help"],
        ["help", "h2"],
        ["--help", "h2"],
        ["h2", "--wrong", "--help"],
        ["h2", "--wrong=1", "help"],
        ["h2", "a", "b", "help"],
        ["h2", "--n-blocks=abc", "-h"],
        ["h2", "--out", "-h"],
    ],
)
def test_help_of_a_command(run, words):
    outcome = run(*words)
    assert outcome == run("h2", "--help")
    assert (outcome.status, outcome.err) == (0, "")
    for line in (
        "usage: sumh2 h2 SUMSTATS --ld TEXT [flags]",
        "SNP heritability of one trait.",
        "  SUMSTATS (TEXT), or --sumstats  [required]",
        "  --ld TEXT  [required]",
        "      Prefix of the LD scores.",
        "  --out TEXT  [optional]",
        "  --n-blocks INTEGER  [default: 200]",
        "      Blocks of the jackknife.",
        "  --chisq-max NUMBER  [optional]",
        "  --no-intercept",
        "  --two-step, --no-two-step  [default: on]",
        "  --samp-prev NUMBER,NUMBER,...  [optional]",
        "  --folder PATH  [default: .]",
        "  --estimator ldsc|sumher  [default: ldsc]",
        "  --debug",
        "  LDSC, equation 1.",
        "  sumh2 h2 scz.sumstats.parquet --ld eur_w_ld_chr/ \\",
    ):
        assert line in outcome.out.splitlines()
    assert not calls


def test_help_is_a_word_where_a_value_is_expected(run):
    assert call_h2("--out", "help")["out"] == "help"
    assert run("rg", "--ld=x", "--", "help", "a").status == 0
    assert calls[0][0] == ("help", "a")


def test_help_fits_the_terminal(run, monkeypatch):
    for columns, width in (("60", 60), ("90", 90), ("300", 100)):
        monkeypatch.setenv("COLUMNS", columns)
        longest = max(map(len, run("h2", "--help").out.splitlines()))
        assert width - 20 < longest <= width


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"], ["--quiet"], ["help", "--help"]])
def test_help_of_the_program(run, words):
    outcome = run(*words)
    assert (outcome.status, outcome.err) == (0, "")
    text = outcome.out
    assert text.startswith("usage: sumh2 COMMAND ...\n\nHeritability.\n\nEstimates\n")
    assert "Estimates\n  h2  SNP heritability of one trait.\n" in text
    assert "Commands\n  rg  Genetic correlation of traits.\n" in text
    assert "  --quiet\n" in text
    assert "Example\n  sumh2 h2 scz.sumstats.parquet" in text


def test_version(run):
    assert run("--version") == (0, "sumh2 7.8\n", "")
    assert run("h2", "--version") == (0, "sumh2 7.8\n", "")


def test_quiet_and_debug(run):
    def chat() -> None:
        """Log on three levels."""
        logger = logging.getLogger("sumh2.chat")
        logger.debug("fine print")
        logger.info("1,000 SNPs read")
        logger.warning("few SNPs")

    commands = (command(chat),)
    assert run("chat", commands=commands).err == "1,000 SNPs read\nwarning: few SNPs\n"
    assert run("chat", "--quiet", commands=commands).err == "warning: few SNPs\n"
    assert run("--quiet", "chat", commands=commands).err == "warning: few SNPs\n"
    assert run("chat", "--debug", commands=commands).err == "debug: fine print\n1,000 SNPs read\nwarning: few SNPs\n"
    assert "--quiet and --debug exclude each other" in run("chat", "--quiet", "--debug", commands=commands).err


# --- Exit statuses ---------------------------------------------------------------------------------------------------


def os_error(number: int, *names: str) -> OSError:
    return OSError(number, os.strerror(number), *names)


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (InputError("a.gz: no column A1"), 1, "error: a.gz: no column A1\n"),
        (FitError("mean chi2 is below 1"), 1, "error: mean chi2 is below 1\n"),
        (os_error(errno.ENOENT, "no.gz"), 1, "error: no.gz: no such file or folder; check the path\n"),
        (os_error(errno.EACCES, "no"), 1, "error: no: permission denied; check who owns it, or choose another place\n"),
        (os_error(errno.ENOSPC), 1, "error: the disk is full; free some space or choose another place for --out\n"),
        (os_error(errno.ELOOP, "l"), 1, f"error: l: {os.strerror(errno.ELOOP)}\n"),
        (OSError("Couldn't deserialize thrift"), 1, "error: Couldn't deserialize thrift\n"),
        (FileNotFoundError(2, "Failed to open local file 'x'"), 1, "error: Failed to open local file 'x'\n"),
        (MemoryError("Unable to allocate 9 TiB"), 1, "error: out of memory: Unable to allocate 9 TiB\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 141, ""),
    ],
)
def test_errors_of_the_outside_world_are_one_message(run, error, status, message):
    outcome = run("fail", commands=(raising(error),))
    assert outcome == (status, "", message)


def test_debug_shows_the_traceback_of_an_input_error(run):
    outcome = run("fail", "--debug", commands=(raising(InputError("no column A1")),))
    assert outcome.status == 1
    assert outcome.err.startswith("Traceback")
    assert outcome.err.endswith("error: no column A1\n")
    refused = run("fail", "--debug", "--wrong", commands=(raising(InputError("no column A1")),))
    assert "Traceback" not in refused.err


@pytest.mark.parametrize("flags", [[], ["--debug"]])
def test_anything_else_is_a_bug_of_ours(run, flags):
    outcome = run("fail", *flags, commands=(raising(ZeroDivisionError("oh")),))
    assert outcome.status == 1
    assert outcome.err.count("ZeroDivisionError: oh") == 1
    assert outcome.err.splitlines()[-1] == (
        "error: this is a bug in sumh2 7.8, not in your files; please report it with the lines above"
    )


PROGRAM = textwrap.dedent('''
    from ldscores.shared.command_line import command, run_commands
    @command
    def long():
        """Print much."""
        return "line\\n" * 100_000
    @command
    def odd():
        """Print what the terminal cannot."""
        return "h\\u00b2"
    run_commands("sumh2", summary="", commands=(long, odd), version="1")
''')


def run_shell(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    python = f'PYTHONPATH={Path(__file__).parents[1]} {sys.executable} -W error -c "$PROGRAM"'
    return subprocess.run(
        ["bash", "-c", script.format(python=python)],
        env={**os.environ, "PROGRAM": PROGRAM, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_is_no_error(unbuffered):
    finished = run_shell("set -o pipefail; {python} long | head -n 1", PYTHONUNBUFFERED=unbuffered)
    assert (finished.stdout, finished.stderr, finished.returncode) == ("line\n", "", 141)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_one_message(unbuffered):
    for verb in ("long", "odd"):  # odd is short: it would wait in the buffer for a second failure at exit
        finished = run_shell(f"{{python}} {verb} > /dev/full", PYTHONUNBUFFERED=unbuffered)
        assert finished.stderr == "error: the disk is full; free some space or choose another place for --out\n"
        assert finished.returncode == 1


def test_output_survives_an_ascii_terminal():
    assert run_shell("{python} odd", PYTHONIOENCODING="ascii").stdout == "h\\xb2\n"


def test_help_needs_neither_fire_nor_numpy():
    code = (
        "import sys; from ldscores.shared import command_line, progress; "
        "print({'fire', 'numpy', 'pandas', 'tqdm', 'pyarrow'} & set(sys.modules))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1]
    )
    assert loaded.stdout == "set()\n"


# --- Commands that are wrong themselves ------------------------------------------------------------------------------


def documented(*names: str) -> str:
    return "Do.\n\nParameters\n----------\n" + "\n".join(f"{name}\n    Text." for name in names)


def test_a_command_stays_a_function():
    calls.clear()
    assert rg("a", "b", ld="c") == "2 traits"
    assert rg.__name__ == "rg"
    assert rg.__doc__.startswith("Genetic correlation")


def no_annotation(x): ...
def unsupported(x: dict): ...
def union(x: int | str): ...
def literal_number(*, x: Literal[1, 2] = 1): ...
def list_of_booleans(x: list[bool]): ...
def positional_boolean(x: bool): ...
def swallows(**x: str): ...
def positional_only(x: str, /): ...
def hidden_none(x: str = None): ...  # noqa: RUF013
def reserved(*, quiet: bool = False): ...


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (no_annotation, "x has no annotation"),
        (unsupported, "a command line cannot give"),
        (union, "a command line cannot give"),
        (literal_number, "a command line cannot give"),
        (list_of_booleans, "a command line cannot give"),
        (positional_boolean, "a command line cannot give"),
        (swallows, "not supported"),
        (positional_only, "not supported"),
        (hidden_none, r"needs the annotation '\| None'"),
        (reserved, "two parameters share the flag --quiet"),
    ],
)
def test_signatures_that_cannot_be_commands(function, message):
    function.__doc__ = documented(*inspect.signature(function).parameters)
    with pytest.raises(TypeError, match=message):
        command(function)


def test_two_spellings_of_one_switch_are_refused():
    def both(*, intercept: bool = True, no_intercept: bool = False) -> None: ...

    both.__doc__ = documented("intercept", "no_intercept")
    with pytest.raises(TypeError, match="share the flag --no-intercept"):
        command(both)


@pytest.mark.parametrize("docstring", [None, "Do.", documented("y"), documented("x", "y"), documented("x")[:-9]])
def test_undocumented_parameters_are_our_bug(docstring):
    def do(x: str) -> None: ...

    do.__doc__ = docstring
    with pytest.raises(TypeError, match=r"differ in: |no description"):
        command(do)


def test_names_that_python_reserves_lose_their_underscore(run):
    def from_file(*, from_: str, lambda_: float = 1.0) -> str:
        return f"{from_} {lambda_}"

    from_file.__doc__ = documented("from_", "lambda_")
    commands = (command(from_file),)
    assert run("from-file", "--from", "x", "--lambda=2", commands=commands).out == "x 2.0\n"
    assert run("from_file", "--from", "x", commands=commands).out == "x 1.0\n"


def test_commands_must_be_distinct_commands():
    with pytest.raises(TypeError, match="'h2' is taken"):
        check_commands([h2, h2], "sumh2")

    def help() -> None:
        """Shadow the help."""

    with pytest.raises(TypeError, match="'help' is taken"):
        check_commands([command(help)], "sumh2")
    with pytest.raises(TypeError, match="not made with @command"):
        check_commands([len], "sumh2")


def test_check_commands_reads_the_examples():
    check_commands([h2, rg], "sumh2")
    with pytest.raises(TypeError, match="h2: no example line beginning with 'ldscores h2'"):
        check_commands([h2], "ldscores")

    def do(x: str) -> None: ...

    do.__doc__ = documented("x") + textwrap.dedent("""

        Examples
        --------
        ldscores anything goes here
        sumh2 do a --missing-flag
        sumh2 do 'a
        sumh2 nothing
        """)
    with pytest.raises(TypeError) as wrong:
        check_commands([command(do)], "sumh2")
    assert str(wrong.value).splitlines() == [
        "do: example 'sumh2 do a --missing-flag': --missing-flag: no such flag",
        'do: example "sumh2 do \'a": No closing quotation',
        "do: example 'sumh2 nothing': sumh2 has no command 'nothing'",
    ]
    do.__doc__ = "\n".join(documented("x").splitlines()[1:])
    with pytest.raises(TypeError, match="do: no summary\ndo: no example line"):
        check_commands([command(do)], "sumh2")


def test_nothing_runs_when_fire_and_the_reader_disagree():
    """Fire is given one flag more than the signature has, as if the reader had overlooked it."""
    line = Line(h2.__command__).read(["a", "--ld", "b"])
    overlooked = dataclasses.replace(line.command.parameters[1], name="ld2")
    line.command = dataclasses.replace(line.command, parameters=(*line.command.parameters, overlooked))
    line.given["ld2"] = "x"
    calls.clear()
    with pytest.raises(RuntimeError, match="Fire did not take what was checked: h2"):
        run_module._job_from_fire("sumh2", line)
    assert not calls


def test_the_job_is_started_by_us_and_not_by_fire():
    line = Line(h2.__command__).read(["a", "--ld", "b", "--out=1e5"])
    calls.clear()
    job = run_module._job_from_fire("sumh2", line)
    assert not calls
    job._run()
    assert calls[0][:3] == ("a", "b", "1e5")


# --- Logs ------------------------------------------------------------------------------------------------------------


def test_configuring_twice_prints_once(capsys):
    configure_logging(quiet=True)
    configure_logging()
    root = list(logging.getLogger().handlers)
    logging.getLogger("ldscores.x").info("one line")
    logging.getLogger("ldscores.x").error("bad")
    logging.getLogger("numba").warning("not ours")
    assert capsys.readouterr().err.startswith("one line\nerror: bad\n")
    assert logging.getLogger().handlers == root
    assert logging.getLogger("numba").handlers == []


def test_log_file_starts_with_the_call_and_holds_what_quiet_hides(tmp_path, capsys):
    configure_logging(quiet=True)
    path = tmp_path / "scz.log"
    with log_to_file(path, argv=["/usr/bin/sumh2", "h2", "a b"]):
        logging.getLogger("sumh2.ldsc.h2").info("é: 1,000 SNPs")
        logging.getLogger("sumh2.ldsc.h2").warning("few")
        logging.getLogger("sumh2.ldsc.h2").debug("never")
    logging.getLogger("sumh2.ldsc.h2").warning("after")
    date, version, call, *lines, last = path.read_text(encoding="utf-8").splitlines()
    assert date[:2] == "20" and date[10] == " "
    assert version.startswith("sumh2 ")
    assert call == "sumh2 h2 'a b'"
    assert lines == ["é: 1,000 SNPs", "warning: few"]
    assert last.startswith("done in ")
    assert capsys.readouterr().err == "warning: few\nwarning: after\n"
    assert logging.getLogger("sumh2").level == logging.WARNING


def test_a_run_that_fails_leaves_the_log_of_the_run_before(tmp_path):
    (tmp_path / "x.log").write_text("good")
    handlers = list(logging.getLogger("sumh2").handlers)
    with pytest.raises(InputError), log_to_file(tmp_path / "x.log"):
        raise InputError("no column A1")
    assert [path.name for path in tmp_path.iterdir()] == ["x.log"] and (tmp_path / "x.log").read_text() == "good"
    assert logging.getLogger("sumh2").handlers == handlers
    with pytest.raises(InputError, match="nowhere does not exist"), log_to_file(tmp_path / "nowhere" / "x.log"):
        pass
