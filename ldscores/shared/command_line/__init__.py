"""Fire made strict: see :mod:`ldscores.shared.command_line.run`."""

from ldscores.shared.command_line.run import call_command, check_commands, run_commands, run_program
from ldscores.shared.command_line.signature import command

__all__ = ["call_command", "check_commands", "command", "run_commands", "run_program"]
