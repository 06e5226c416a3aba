"""Pieces of maps that are dear to draw, and hang on nothing but bytes: kept by whoever runs a command.

A room that draws says which pieces those are; it neither knows nor needs a place to keep them. A
command lends it one with :func:`keeping`. A kept piece is the same, to the last bit, as a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

Make = Callable[[], Sequence[bytes]]
Keeper = Callable[[str, Sequence[bytes], Make], Sequence[bytes]]
"""Gives the piece of a kind that was made of some content before, else makes and keeps it."""

_KEEPER: ContextVar[Keeper | None] = ContextVar("keeper", default=None)


@contextmanager
def keeping(keeper: Keeper | None) -> Iterator[None]:
    """Lend a place to keep pieces in, for as long as the block runs; ``None``: none is kept."""
    token = _KEEPER.set(keeper)
    try:
        yield
    finally:
        _KEEPER.reset(token)


def is_kept() -> bool:
    """Whether somebody lends a place for pieces: what only they hang on need not be computed else."""
    return _KEEPER.get() is not None


def piece(kind: str, content: Sequence[bytes], make: Make) -> Sequence[bytes]:
    """A piece, as bytes: the one that was made of this content before, or a new one.

    Parameters
    ----------
    kind : str
        What it is, in a word.
    content : sequence of bytes
        Everything that it hangs on, beside this program and its libraries.
    make : callable
        Makes it.

    Examples
    --------
    >>> piece("doubled", [b"ab"], lambda: [b"abab"])
    [b'abab']
    """
    keeper = _KEEPER.get()
    return make() if keeper is None else keeper(kind, content, make)
