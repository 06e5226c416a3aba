"""The command line: options in, one call, words and progress out.

Results go to standard output, progress and complaints to standard error. What comes from a file is
cleaned before it reaches the terminal. The rooms are imported when a command runs, so that
`cami-units --help` answers at once.
"""

from cami_units.cli._commands import app, main

__all__ = ["app", "main"]
