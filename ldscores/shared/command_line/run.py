"""Fire made strict: the command lines of both programs.

A command is a Python function whose annotations and docstring say everything: types, defaults, help and examples.
Plain Fire would turn a trait called ``1e5`` into a number, let ``--n-blocks=abc`` through and report a misspelt flag
after hours of work.  Here the whole line is read against the signature first; every mistake in it is refused in one
message before anything runs.  The line then goes to Fire in the one form that Fire cannot misread
(``--name=value``), with a parser for each parameter, and what Fire makes of it is a job that is not started until Fire
has used every argument.

Exit status: 0 success; 1 the user's files, the data, options that do not fit them, the disk, or a bug of ours (with its
traceback); 2 misuse of the command line, before any work: options that contradict each other and numbers that a flag
cannot have, whatever the data (:mod:`ldscores.shared.command_line.ranges`), among it; 130 interrupted; 141 the reader of
our output went away, as with ``| head``.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import gc
import inspect
import itertools
import os
import re
import shlex
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TextIO

from ldscores.shared.calls import running
from ldscores.shared.command_line.foreign_flags import foreign_hint
from ldscores.shared.command_line.help import command_help, program_help, usage_line
from ldscores.shared.command_line.signature import (
    GLOBAL_FLAGS,
    MARK,
    VARIADIC,
    Command,
    did_you_mean,
    read_value,
)
from ldscores.shared.command_line.words import Line, looks_like_flag
from ldscores.shared.errors import FitError, InputError, OptionError, UsageError
from ldscores.shared.logs import configure_logging

#: Exit status of a run that was interrupted: 128 and the number of the signal.
_INTERRUPTED = 130
#: Python looks for garbage after every 700 new objects; imports make hundreds of thousands, and all of them stay.
_OBJECTS_A_COLLECTION = 50_000

# --- Through Fire ----------------------------------------------------------------------------------------------------


class _Job:
    """A call that Fire has put together and that has not been made; nothing in it for Fire to step into."""

    __slots__ = ("_function", "_options", "_words")

    def __init__(self, function: Callable[..., object], words: tuple[Any, ...], options: dict[str, Any]) -> None:
        self._function, self._words, self._options = function, words, options

    def _run(self) -> object:
        return self._function(*self._words, **self._options)


def _job_from_fire(program: str, line: Line) -> _Job:
    import fire  # 50 ms that --help and mistakes need not wait for
    from fire.decorators import SetParseFn, SetParseFns

    chosen = line.command

    def defer(*words: Any, **options: Any) -> _Job:
        return _Job(chosen.function, words, options)

    defer.__name__ = chosen.verb
    setattr(defer, "__signature__", inspect.signature(chosen.function))  # noqa: B010
    parsers = {p.name: functools.partial(read_value, p.type) for p in chosen.parameters if p.kind is not VARIADIC}
    rest_type = next((p.type for p in chosen.parameters if p.kind is VARIADIC), str)
    SetParseFns(**parsers)(defer)
    SetParseFn(lambda word: read_value(rest_type, word.removeprefix(MARK)))(defer)
    words = [f"--{name}={word}" for name, word in line.given.items() if name in parsers]
    words += [MARK + word for word in line.rest]
    try:
        return fire.Fire({chosen.verb: defer}, [chosen.verb, *words], program, serialize=lambda _: None)
    except fire.core.FireExit as error:
        raise RuntimeError(f"Fire did not take what was checked: {chosen.verb} {words}") from error


def call_command(program: str, commands: Sequence[Callable[..., object]], words: Sequence[str]) -> object:
    """Run one command line in this process, read and checked as any; what the command returns.

    Nothing is printed, and errors are raised: for a command that runs others, such as `sumh2 demo`.

    Raises
    ------
    UsageError
        The line is wrong.
    """
    specs = _by_verb(commands)
    verb, rest = _split_verb(program, list(words), specs)
    if verb is None:
        raise UsageError(f"{program}: found no command in {shlex.join(words)!r}, expected one; name it")
    line = Line(specs[verb]).read(rest)
    if line.problems:
        raise UsageError("; ".join(line.problems))
    with running([program, *words]):
        return _job_from_fire(program, line)._run()


# --- From argv to the exit status ------------------------------------------------------------------------------------


def run_commands(
    program: str,
    *,
    summary: str,
    commands: Sequence[Callable[..., object]],
    version: str,
    argv: Sequence[str] | None = None,
) -> NoReturn:
    """Run the command that the command line names, print what it returns on standard output, and exit.

    Parameters
    ----------
    program : str
        Name under which the program is called.
    summary : str
        One line about the program.
    commands : sequence of functions made with `command`
        In the order of the help.
    version : str
        What ``--version`` prints.
    argv : sequence of str, optional
        The words after the program's name; those of the process by default.

    Raises
    ------
    SystemExit
        Always; the module's docstring lists the exit statuses.
    TypeError
        If `commands` holds something that is no command, or two of one name: our bug.
    """
    specs = _by_verb(commands)
    words = list(sys.argv[1:] if argv is None else argv)
    line: Line | None = None
    try:
        verb, rest = _split_verb(program, words, specs)
        line = None if verb is None else Line(specs[verb]).read(rest)
        text = _answer_without_running(program, summary, version, specs, line, words)
        if text is not None:
            _print(text)
        elif line is not None:
            configure_logging(quiet=line.is_on("quiet"), debug=line.is_on("debug"))
            if line.problems:
                raise UsageError("\nerror: ".join(line.problems))
            result = _job_from_fire(program, line)._run()
            if result is not None:
                _print(_answer(result, quiet=line.is_on("quiet")))
        status = 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  every end has its status and message
        # Not for a line that was refused: where in our code that happened tells nobody anything.
        if line is not None and line.is_on("debug") and not line.problems:
            _say("".join(traceback.format_exception(error)).rstrip())
        status = _explain(error, program, version, line)
    raise SystemExit(status)


def run_program(program: str, *, summary: str, commands: Sequence[Callable[..., object]], version: str) -> NoReturn:
    """`run_commands` as the whole life of a process: what the entry point of a console script calls."""
    gc.set_threshold(_OBJECTS_A_COLLECTION)
    try:
        run_commands(program, summary=summary, commands=commands, version=version)
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            _leave_at_once()
        raise
    except KeyboardInterrupt:  # a second one, while the first was being explained
        _leave_at_once()
    finally:
        # Python ends with a collection that walks every object there is, a third of a second after numba's import.
        gc.freeze()


def _leave_at_once() -> NoReturn:
    """End an interrupted process without Python's own end.

    Every ``with`` has ended by now: no half-written file and no lock is left.  But threads of readers may still be at
    work, and an ordinary exit takes from under them what they use: C++ then aborts the process.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(_INTERRUPTED)


def _by_verb(commands: Sequence[Callable[..., object]]) -> dict[str, Command]:
    specs: dict[str, Command] = {}
    for function in commands:
        spec = getattr(function, "__command__", None)
        if not isinstance(spec, Command):
            raise TypeError(f"{function!r} is not made with @command")
        if spec.verb in specs or spec.verb == "help":
            raise TypeError(f"the command name {spec.verb!r} is taken")
        specs[spec.verb] = spec
    return specs


def _split_verb(program: str, words: list[str], specs: dict[str, Command]) -> tuple[str | None, list[str]]:
    """The command named and the words for it, with global flags that came before it; None if no command is named."""
    flags = [*itertools.takewhile(looks_like_flag, words)]
    for word in flags:
        if word not in ("-h", *(parameter.flag for parameter in GLOBAL_FLAGS)):
            foreign = foreign_hint(word.partition("=")[0])
            after = f"; flags of a command come after its name: {program} COMMAND {word}"
            raise UsageError(
                f"{word}: no such flag before the command{foreign or did_you_mean(word, list(specs)) + after}"
            )
    rest = words[len(flags) :]
    if rest[:1] == ["help"]:
        flags, rest = [*flags, "--help"], rest[1:]
    if not rest:
        return None, flags
    verb = rest[0].replace("_", "-")
    if verb not in specs:
        if "--help" in flags and looks_like_flag(verb):
            return None, flags
        raise UsageError(f"{program} has no command {rest[0]!r}{did_you_mean(verb, list(specs))}")
    return verb, [*flags, *rest[1:]]


def _answer_without_running(
    program: str, summary: str, version: str, specs: dict[str, Command], line: Line | None, words: list[str]
) -> str | None:
    """The text that answers a line which asks for help or the version, whatever else may be wrong with it."""
    if line is None:
        return f"{program} {version}" if "--version" in words else program_help(program, summary, list(specs.values()))
    if line.is_on("help"):
        return command_help(program, line.command)
    return f"{program} {version}" if line.is_on("version") else None


def _answer(result: object, *, quiet: bool) -> str:
    """What is printed of a result: its report; with --quiet less, where the answer is in files.

    Such a result has a method ``brief``, which gives its warnings, for standard error, and the names of its files.
    """
    brief = getattr(result, "brief", None) if quiet else None
    if brief is None:
        return str(result)
    warnings, text = brief()
    for warning in warnings:
        _say(f"warning: {warning}")
    return text


def _print(text: str) -> None:
    """Print on standard output, now: a reader that went away or a full disk must show here and not at exit."""
    if sys.stdout is None:  # closed by whoever started us
        return
    if not text.endswith("\n"):
        text += "\n"
    try:
        _write_whole(sys.stdout, text)
    except OSError:
        # Otherwise Python tries once more when it exits, and fails with a message of its own.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def _write_whole(stream: TextIO, text: str) -> None:
    binary = getattr(stream, "buffer", None)
    if binary is None:  # a notebook's
        stream.write(text)
        return
    try:
        encoded = text.encode(stream.encoding, stream.errors or "strict")
    except UnicodeEncodeError:  # a terminal of the old kind, or a file name that is no text
        encoded = text.encode(stream.encoding, "backslashreplace")
    stream.flush()
    # Under PYTHONUNBUFFERED=1, usual in containers, print() silently drops what the system did not take at once.
    ahead = memoryview(encoded)
    while ahead:
        ahead = ahead[binary.write(ahead) or 0 :]
    stream.flush()


def _say(text: str) -> None:
    if sys.stderr is None:  # closed by whoever started us
        return
    with contextlib.suppress(OSError):  # as in `2>&1 | head`: there is nobody left to tell
        _write_whole(sys.stderr, text + "\n")


def _explain(error: BaseException, program: str, version: str, line: Line | None) -> int:
    """Say on standard error what went wrong and return the exit status."""
    if isinstance(error, BrokenPipeError):
        return 141
    if isinstance(error, KeyboardInterrupt):
        _say("interrupted")
        return _INTERRUPTED
    if isinstance(error, UsageError):
        usage = usage_line(program, line.command) if line else f"usage: {program} COMMAND ..."
        asking = f"{program} {line.command.verb} --help" if line else f"{program} --help"
        _say(f"error: {error}\n{usage}\n'{asking}' explains every {'flag' if line else 'command'}.")
        return 2
    if isinstance(error, OptionError):
        _say(f"error: {error}" + (f"\n'{program} {line.command.verb} --help' explains every flag." if line else ""))
        return 2
    if isinstance(error, (InputError, FitError)):
        _say(f"error: {error}")
    elif isinstance(error, OSError):
        _say(f"error: {_describe_os_error(error)}")
    elif isinstance(error, MemoryError):
        _say(f"error: out of memory{f': {error}' if str(error) else ''}")
    else:
        if line is None or not line.is_on("debug"):  # with --debug it has been shown already
            _say("".join(traceback.format_exception(error)).rstrip())
        _say(f"error: this is a bug in {program} {version}, not in your files; please report it with the lines above")
    return 1


def _describe_os_error(error: OSError) -> str:
    remedies: dict[int | None, str] = {
        errno.ENOENT: "no such file or folder; check the path",
        errno.EACCES: "permission denied; check who owns it, or choose another place",
        errno.ENOSPC: "the disk is full; free some space or choose another place for --out",
        errno.EFBIG: "larger than files may be here; raise the limit (ulimit -f) or choose another place for --out",
        errno.EDQUOT: "your disk quota is used up; free some space or choose another place for --out",
        errno.EISDIR: "this is a folder; a file was expected",
        errno.ENOTDIR: "a part of this path is a file; a folder was expected",
        errno.EROFS: "this file system cannot be written to; choose another place for --out",
    }
    names = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, (str, bytes))]
    own_text = error.strerror or str(error)
    if not names and (error.errno is None or own_text != os.strerror(error.errno)):
        return own_text  # pyarrow's errors carry the file in their text
    what = remedies.get(error.errno, own_text)
    return f"{', '.join(names)}: {what}" if names else what


# --- For the tests of each program -----------------------------------------------------------------------------------


def check_commands(commands: Sequence[Callable[..., object]], program: str) -> None:
    """Check that each command has a summary and an example, and that every example would be accepted.

    Parameters
    ----------
    commands : sequence of functions made with `command`
    program : str
        Lines of the "Examples" sections that begin with it are read as command lines.

    Raises
    ------
    TypeError
        Naming everything that is wrong.
    """
    specs = _by_verb(commands)
    wrong = []
    for verb, spec in specs.items():
        if not spec.summary:
            wrong.append(f"{verb}: no summary")
        seen = set()
        for example in _example_lines(spec.sections.get("Examples", ""), program):
            try:
                named, rest = _split_verb(program, _shell_words(example)[1:], specs)
                problems = Line(specs[named]).read(rest).problems if named else []
            except (UsageError, ValueError) as error:  # shlex's for a quotation mark that is never closed
                named, problems = None, [str(error)]
            seen.add(named)
            wrong += [f"{verb}: example {example!r}: {problem}" for problem in problems]
        if verb not in seen:
            wrong.append(f"{verb}: no example line beginning with '{program} {verb}'")
    if wrong:
        raise TypeError("\n".join(wrong))


def _example_lines(section: str, program: str) -> list[str]:
    joined = re.sub(r"\\\n\s*", "", section)
    lines = [line.strip().removeprefix("$ ") for line in joined.splitlines()]
    return [line for line in lines if line.split()[:1] == [program]]


def _shell_words(line: str) -> list[str]:
    """The words of one shell command, up to a pipe, a redirection, a comment or the next command."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    return [*itertools.takewhile(lambda word: not word.startswith("#") and not set(word) <= set("();<>|&"), lexer)]
