"""The command line: options in, one call, words and progress out.

Results go to standard output, progress and complaints to standard error. What comes from a file is
cleaned before it reaches the terminal. The rooms are imported when a command runs, so that
`cami-units --help` answers at once.
"""

import atexit
import gc
import io
import sys
from collections.abc import Sequence

from cami_units.cli import (
    _round_commands as _round_commands,  # each command joins the app where it is read
)
from cami_units.cli import _workshop_commands as _workshop_commands
from cami_units.cli._terminal import app, listening

__all__ = ["app", "main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; ends the process with one of the exit codes of the room."""
    # Without a terminal, and where one was closed (>&-), there is none: what is said is said to nobody.
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(io.BytesIO(), encoding="utf-8") if stream is None else stream
        for stream in (sys.stdout, sys.stderr)
    )
    for stream in (sys.stdout, sys.stderr):
        # A pipe on Windows speaks a code page in which ✓ and Cyrillic do not exist.
        if (stream.encoding or "").lower().replace("-", "") != "utf8":
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    # Millions of cells and elements come and go, hardly any in a circle: to look for circles at
    # every 700th object takes a twelfth of the time of a large round. What is imported alone is
    # more than 100,000 objects that stay: a decision is over before anybody looks for any.
    gc.set_threshold(200_000, 4, 4)
    # Python's last act is to look through all that is left for circles, 0.2 s after the last word is
    # said; what goes into the permanent generation it leaves to the system.
    atexit.register(gc.freeze)
    with listening():
        app(args=None if arguments is None else list(arguments), prog_name="cami-units")
