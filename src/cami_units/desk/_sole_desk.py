"""One desk a workshop: the second says where the first is."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cami_units import store
from cami_units.model import InputError, Note, clean_name


def record_of(directory: Path) -> Path:
    """The machine, process and address of the desk of a workshop while it is open: a file beside its folder.

    Not in it: whoever begins with an empty folder makes the workshop on the page.
    """
    place = directory.resolve()
    return place.parent / f".{place.name}.cami-units-desk.json"


@contextmanager
def sole_desk(directory: Path, address: str) -> Iterator[Note | None]:
    """Be the only desk of a workshop on this machine, for as long as the block runs.

    Two would share the cookie of the browser, which knows no ports: the page of the first would be shut
    out. The lock is the system's, so that a desk that was killed stands in nobody's way, whatever record
    it left. Where nothing can be written there is no record.

    Yields
    ------
    Note or None
        That a desk on another machine was not closed: here nobody knows whether it still runs.

    Raises
    ------
    InputError
        A desk of this machine has it: with its address and process, as far as they are known.
    """
    path, host = record_of(directory), platform.node()
    with store.alone(path) as is_alone:
        left = _record(path)
        if not is_alone:
            key = "other desk" if left.get("address") else "other desk somewhere"
            raise InputError.of(key, folder=str(directory), **left)
        mine = json.dumps({"host": host, "pid": os.getpid(), "address": address})
        with suppress(OSError, InputError):
            store.write_atomically(path, store.text_writer(mine))
        is_elsewhere = left.get("host", host) != host
        try:
            yield Note("other desk elsewhere", left) if is_elsewhere else None
        finally:
            # what another machine has written meanwhile is its own
            if _record(path).get("host") == host:
                with suppress(OSError):
                    path.unlink()


def _record(path: Path) -> dict[str, str]:
    """What a record says; of none, or a damaged one, nothing."""
    try:
        record = store.read_json(path)
        return {name: clean_name(str(record[name])) for name in ("host", "pid", "address")}
    except (OSError, InputError, KeyError, TypeError):
        return {}
