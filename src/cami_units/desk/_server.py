"""The desk's address on this machine, the thread that works behind it, and that it is the only one."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from cami_units import store
from cami_units.desk._day import read_day
from cami_units.desk._desk_pages import Desk, Pages, routes
from cami_units.desk._guard import ENTRANCE, Guard, Keys
from cami_units.desk._worker import Worker
from cami_units.model import InputError, Note, clean_name

if TYPE_CHECKING:
    import uvicorn

LOOPBACK: Final = "127.0.0.1"
PORT: Final = 8765
"""Free on most machines; another is taken where it is not."""

_TRIES: Final = 20


def application(desk: Desk, *, port: int, keys: Keys) -> Guard:
    """The desk as an ASGI application, walled in."""
    pages = Pages(desk)
    app = Starlette(
        routes=routes(pages),
        exception_handlers={InputError: pages.refused, HTTPException: pages.odd},
    )
    return Guard(app, port=port, keys=keys)


def serve(
    workshop: Path,
    *,
    port: int | None = None,
    browser: bool = True,
    announce: Callable[[str], None],
    warn: Callable[[Note], None] = lambda _: None,
) -> None:
    """Serve the desk of a workshop folder until it is stopped (Ctrl+C).

    Parameters
    ----------
    workshop : Path
        The folder that ``cami-units init`` made, with a proposed round in it.
    port : int, optional
        The port on 127.0.0.1; ``None``: 8765, or the next that is free.
    browser : bool
        Whether to open the page.
    announce : callable
        Gets the address with its one-time key once the desk listens.
    warn : callable
        Gets what is noticed before that: a desk on another machine that was not closed.

    Raises
    ------
    InputError
        The folder is no workshop, its desk is open already, or the port is taken.
    """
    store.ignore_missing_names()
    read_day(workshop)
    keys = Keys()
    sockets, number = _listening(port)
    with (
        contextlib.closing(sockets),
        sole_desk(workshop, f"http://{LOOPBACK}:{number}/") as noticed,
        store.scratch("cami-units-desk-") as scratch,
    ):
        if noticed is not None:
            warn(noticed)
        worker = Worker()
        desk = Desk(workshop.resolve(), worker, scratch)
        server = _server(application(desk, port=number, keys=keys), worker)
        address = f"http://{LOOPBACK}:{number}{ENTRANCE}?key={keys.entry}"
        announce(address)
        desk.start()
        if browser:
            # the server is started below, in this thread: by then it answers
            threading.Timer(0.3, webbrowser.open, [address]).start()

        def stop(*_: object) -> None:
            """End as after Ctrl+C: nothing is left among the temporary files."""
            server.should_exit = True

        # A terminal that is closed, and a system that shuts down. uvicorn raises SIGTERM once more
        # when it has ended: then it comes here, and does no harm.
        if threading.current_thread() is threading.main_thread():
            for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
                signal.signal(getattr(signal, name, signal.SIGTERM), stop)
        try:
            with contextlib.suppress(KeyboardInterrupt):
                server.run(sockets=[sockets])
        finally:
            worker.stop()
            desk.close()


def _server(app: Guard, worker: Worker) -> uvicorn.Server:
    """What serves the pages, and answers the windows that wait before it ends.

    A window left waiting would be cut off after two seconds, with pages of English in the terminal.
    """
    import uvicorn

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            worker.touch()
            await super().shutdown(sockets)

    return Server(
        uvicorn.Config(
            app,
            log_level="error",
            access_log=False,
            server_header=False,
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
    )


def _listening(port: int | None) -> tuple[socket.socket, int]:
    """A socket on the loopback address, and its port."""
    for number in [port] if port else range(PORT, PORT + _TRIES):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # On Windows "reuse" lets another program take a port that is in use, with our requests.
        alone = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
        listener.setsockopt(socket.SOL_SOCKET, alone, 1)
        try:
            listener.bind((LOOPBACK, number))
            listener.listen(128)  # whoever is told the address can come at once, and waits
        except OSError:
            listener.close()
            continue
        return listener, int(listener.getsockname()[1])
    raise InputError(
        f"Port {port} of this machine is taken. Choose another: --port {(port or PORT) + 1}"
    )


# -- one desk a workshop: the second says where the first is ---------------------------------------


def record_of(directory: Path) -> Path:
    """The machine, process and address of the desk of a workshop while it is open: a file beside its folder.

    Not in it: whoever begins with an empty folder makes the workshop on the page.
    """
    place = directory.resolve()
    return place.parent / f".{place.name}.cami-units-desk.json"


@contextlib.contextmanager
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
        with contextlib.suppress(OSError, InputError):
            store.write_atomically(path, store.text_writer(mine))
        is_elsewhere = left.get("host", host) != host
        try:
            yield Note("other desk elsewhere", left) if is_elsewhere else None
        finally:
            # what another machine has written meanwhile is its own
            if _record(path).get("host") == host:
                with contextlib.suppress(OSError):
                    path.unlink()


def _record(path: Path) -> dict[str, str]:
    """What a record says; of none, or a damaged one, nothing."""
    try:
        record = store.read_json(path)
        return {name: clean_name(str(record[name])) for name in ("host", "pid", "address")}
    except (OSError, InputError, KeyError, TypeError):
        return {}
