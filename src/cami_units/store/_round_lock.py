"""One writer at a time: two commands on the same round wait for each other.

A round is replaced as a whole folder, copied from the one that is there. A line that another process
appends to its log between the copy and the swap would be in the old folder only, and gone.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import filelock

from cami_units.model import InputError

_PATIENCE: Final = 60.0
"""Seconds to wait for another command: far more than a swap of folders takes on a slow stick."""


@contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """Be the only one on this machine that changes a round, for as long as the block runs.

    The lock is the operating system's: it goes when the process goes, however that happens. Its
    file lies among the temporary files, so that no folder of a workshop gains one.

    Raises
    ------
    InputError
        Another process has held it for a minute.
    """
    name = hashlib.sha256(str(directory.resolve()).encode("utf-8", "surrogateescape")).hexdigest()
    path = Path(tempfile.gettempdir()) / f"cami_units-{name[:20]}.lock"
    try:
        # Within one process the same lock may be taken again by what it calls, hence the singleton.
        with filelock.FileLock(path, timeout=_PATIENCE, is_singleton=True, mode=0o666):
            yield
    except filelock.Timeout as error:
        raise InputError(
            f"Another command has been writing to '{directory}' for a minute. "
            "Wait for it or stop it, and try again; nothing was changed."
        ) from error
