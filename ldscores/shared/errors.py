"""The errors a user can cause.  Everything else that is raised is a bug of ours and shows its traceback.

A message reads *file: what was found; what was expected; what to do*, and ends with the remedy.
"""


class UsageError(Exception):
    """The command line was misused: an unknown flag, a missing value, a wrong type.  Exit status 2."""


class InputError(ValueError):
    """The user's files or options cannot give a right answer.  Exit status 1."""


class OptionError(InputError):
    """Options that exclude each other, or one without the other that it needs.  Exit status 2, as other misuse."""


class FitError(ArithmeticError):
    """The files are sound, but these data cannot answer the question.  Exit status 1."""
