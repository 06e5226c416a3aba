"""The desk's address on this machine, and the thread that works behind it."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from cami_units import store
from cami_units.desk._day import read_day
from cami_units.desk._desk_pages import Desk, Pages, routes
from cami_units.desk._guard import ENTRANCE, Guard, Keys
from cami_units.desk._sole_desk import sole_desk
from cami_units.desk._worker import Worker
from cami_units.model import InputError, Note

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
    import uvicorn

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
        server = uvicorn.Server(
            uvicorn.Config(
                application(desk, port=number, keys=keys),
                log_level="error",
                access_log=False,
                server_header=False,
                ws="none",
                lifespan="off",
                timeout_graceful_shutdown=2,
            )
        )
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
