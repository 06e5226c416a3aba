"""One thing at a time: the long work of the desk in one thread, in order, with its progress.

The commands rewrite whole folders; two of them at once on one round would be a race. A job that is
asked for again while it waits runs once.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from cami_units.model import InputError, Note, Progress, quoted

WAITING: Final = "waiting"
RUNNING: Final = "running"
DONE: Final = "done"
REFUSED: Final = "refused"
BROKEN: Final = "broken"


@dataclass(frozen=True, slots=True)
class Job:
    """What was asked for and how far it is: `state` is a word of this module, `refusal` says why not."""

    name: str
    state: str = WAITING
    step: str = ""
    finished: int = 0
    total: int = 0
    refusal: Note | None = None


Work = Callable[[Progress], object]
"""Does a job; what it hands back, if anything, nobody asks for."""


class Worker:
    """A thread, what waits for it, a number that grows with every change, and how much has ended."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[str, Work] | None] = queue.Queue()
        self._changed = threading.Lock()
        self._windows: set[Callable[[], None]] = set()
        self.version = 0
        self.ended = 0
        self.jobs: dict[str, Job] = {}
        # a daemon: work that hangs does not keep the program from ending
        self._thread = threading.Thread(target=self._run, name="desk-worker", daemon=True)
        self._thread.start()

    def ask(self, name: str, work: Work, key: str = "") -> None:
        """Put a job at the end of the line, unless the same one waits there already.

        The same is what has the same key, which is its name unless it is told otherwise.
        """
        key = key or name
        with self._changed:
            job = self.jobs.get(key)
            # one that runs already may have read the files before this click: it is asked for again
            if job and job.state == WAITING:
                return
            self.jobs[key] = Job(name)
            self._waiting.put((key, work))
            self._announce()

    def touch(self) -> None:
        """Say that something has changed that a page shows."""
        with self._changed:
            self._announce()

    async def newer(self, version: int, seconds: float) -> int:
        """The version once it is no longer the one that is known, or after some seconds.

        A window that waits holds no thread: there are forty for all requests, and many windows.
        """
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            """Wake the window, from whatever thread something has changed in."""
            loop.call_soon_threadsafe(changed.set)

        with self._changed:
            if self.version != version:
                return self.version
            self._windows.add(tell)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), seconds)
        finally:
            with self._changed:
                self._windows.discard(tell)
        return self.version

    def stop(self) -> None:
        """End after the job that runs."""
        self._waiting.put(None)
        self._thread.join(timeout=60)

    def _announce(self) -> None:
        """Tell all windows that something is new; with the lock held."""
        self.version += 1
        for tell in self._windows:
            tell()

    def _set(self, name: str, **changes: object) -> None:
        """Change what is known of a job, and tell all windows."""
        with self._changed:
            self.jobs[name] = replace(self.jobs[name], **changes)  # type: ignore[arg-type]
            self._announce()

    def _run(self) -> None:
        """Work off what waits, one after the other, until told to stop."""
        while (task := self._waiting.get()) is not None:
            name, work = task
            self._set(name, state=RUNNING)

            def progress(step: str, finished: int, total: int, name: str = name) -> None:
                self._set(name, step=step, finished=finished, total=total)

            try:
                work(progress)
            except InputError as error:
                self._set(name, state=REFUSED, refusal=error.note)
            except Exception as error:  # a fault of ours must not end the day
                self._set(name, state=BROKEN, refusal=quoted(f"{type(error).__name__}: {error}"))
            else:
                self._set(name, state=DONE)
            self.ended += 1
            self.touch()
