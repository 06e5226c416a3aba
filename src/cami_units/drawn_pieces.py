"""What is dear to draw or to read, and hangs on nothing but bytes: kept by whoever runs a command.

A room that draws says which pieces those are; it neither knows nor needs a place to keep them. A
command lends it one with :func:`keeping`. A kept piece is the same, to the last bit, as a new one.
Pieces that go into an archive are kept :class:`Packed`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from io import BytesIO

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


# -- archives -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Packed:
    """A file as an archive holds it: deflated, with its CRC-32 and its size in bytes before."""

    deflated: bytes
    crc: int
    size: int

    def __bytes__(self) -> bytes:
        """As a piece is kept."""
        return struct.pack("<II", self.crc, self.size) + self.deflated


def packed(content: bytes) -> Packed:
    """A file, packed as `zipfile` packs it."""
    packer = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, -zlib.MAX_WBITS)
    deflated = packer.compress(content) + packer.flush()
    return Packed(deflated, zlib.crc32(content), len(content))


def kept_packed(piece_bytes: bytes) -> Packed:
    """A packed file of the bytes that it was kept as."""
    return Packed(piece_bytes[8:], *struct.unpack("<II", piece_bytes[:8]))


def archive(files: Mapping[str, Packed]) -> bytes:
    """A ZIP of packed files by their names (ASCII), in order: one date and mode for ever.

    `zipfile` cannot take what is packed already: the few records around it are written here
    (APPNOTE.TXT 4.3).
    """
    content, directory = BytesIO(), BytesIO()
    for name, file in files.items():
        # version 2.0, no flags, deflated, midnight of 1 January 1980: the first that a ZIP can hold
        sizes = (file.crc, len(file.deflated), file.size)
        about = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, *sizes, len(name), 0)
        # made on Unix, whatever this runs on, so that the mode of the file counts
        entry = struct.pack("<HHHII", 0, 0, 0, 0o644 << 16, content.tell())
        directory.write(b"PK\x01\x02" + struct.pack("<BB", 20, 3) + about + entry + name.encode())
        content.write(b"PK\x03\x04" + about + name.encode() + file.deflated)
    start, listed_files = content.tell(), directory.getvalue()
    end = struct.pack("<HHHHIIH", 0, 0, len(files), len(files), len(listed_files), start, 0)
    return content.getvalue() + listed_files + b"PK\x05\x06" + end


def packed_archive(files: Mapping[str, bytes]) -> bytes:
    """As :func:`archive`, of files that are not packed yet."""
    return archive({name: packed(content) for name, content in files.items()})
