"""Whole or not at all: what is written appears under its name when all of it is on the disk.

It is built beside its target under a hidden name, flushed, and renamed into place. Whoever pulls the
plug keeps what was there.
"""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import IO, Any, Final

import filelock

from cami_units.model import InputError, Note, quoted

Writer = Callable[[Path], None]
"""Writes one file, at the path it is given."""

# A folder on its way in, and the one it replaces: both hidden, both beside the target.
_STAGED: Final = "writing"
_ASIDE: Final = "replaced"


@contextmanager
def staging(
    directory: Path, *, replace: bool = False, carry: Callable[[Path], None] | None = None
) -> Iterator[Path]:
    """A hidden folder that becomes `directory` when the block ends well, and vanishes otherwise.

    Parameters
    ----------
    directory : Path
        The folder that is to be there afterwards, with what was put into the staging folder.
    replace : bool
        Whether a folder with something in it may be replaced as a whole.
    carry : callable, optional
        Brings over, at the very end, what the old folder holds and nobody wrote anew. Until the
        folders are swapped nobody else can change the old one then, so no line of a log is lost.

    Raises
    ------
    InputError
        When the folder holds something and `replace` is false; when the place cannot be written
        to, the disk is full, or a program has a file of the old folder open.
    """
    target = absolute(directory)
    check_free(target, directory, replace)
    check_not_here(target, directory)
    with _workplace(target, directory) as staged:
        yield staged
        # Only now, for the moment of the swap: whoever reads meanwhile sees the old folder, whole.
        with exclusive(_guarded(target)):
            check_free(target, directory, replace)  # another run may have made it meanwhile
            if carry is not None:
                carry(staged)
            # To the disk before the swap: a stick pulled out right after must hold files, not
            # names.
            for path in sorted(staged.rglob("*")):
                flush(path)
            flush(staged)
            _swap(staged, target)
            flush(target.parent)


def _guarded(target: Path) -> Path:
    """The folder whose lock a product is put in place under: the round that it lies in, if it lies in one.

    A round is replaced as a whole folder, with all products that it holds; for the blink of an eye, or since
    the power went in it, the old one lies aside.
    """
    folders = (target.parent, _beside(target.parent, _ASIDE))
    is_round = any(all((folder / name).is_file() for name in _ROUND) for folder in folders)
    return target.parent if is_round else target


_ROUND: Final = ("manifest.json", "conservation_units.gpkg")
"""What makes a folder a round: a site that people publish has a `manifest.json` too."""


def check_free(target: Path, named_path: Path, replace: bool) -> None:
    """Refuse a place that holds something and is not to be replaced; a file never is, by a folder."""
    if target.exists() and not target.is_dir():
        raise InputError.of("file for a folder", file=str(named_path))
    if not replace and target.exists() and any(target.iterdir()):
        raise InputError.of("folder not empty", folder=str(named_path))


def write_atomically(path: Path, writer: Writer) -> Path:
    """Write one file so that it is there whole, or as it was.

    Parameters
    ----------
    path : Path
        The file to write or to replace. Its folder is made when it is missing.
    writer : callable
        Writes the file at the path it is given, which has the same name and lies elsewhere.

    Raises
    ------
    InputError
        When the place cannot be written to or the disk is full.
    """
    if (target := absolute(path)).is_dir():
        raise InputError.of("folder for a file", folder=str(path))
    with _workplace(target, path) as staged:
        writer(staged / target.name)
        flush(staged / target.name)
        round_ = _guarded(target)
        # a round that is replaced now has its files copied already
        with exclusive(round_) if round_ != target else nullcontext():
            (staged / target.name).replace(target)
        flush(target.parent)
    return path


def write_files(
    directory: Path, writers: Mapping[str, Writer], *, carry: Callable[[Path], None] | None = None
) -> tuple[Path, ...]:
    """Write several files of a folder: all of them, or none.

    Parameters
    ----------
    directory : Path
        The folder, which keeps whatever else it holds.
    writers : mapping
        The writer of each file by its name. Files take their places in this order, once all of them
        are on the disk.
    carry : callable, optional
        As of :func:`staging`: what it puts into the folder that it is given takes its place last.

    Raises
    ------
    InputError
        When the place cannot be written to or the disk is full.
    """
    target = absolute(directory)
    with _workplace(target / next(iter(writers)), directory) as staged:
        for name, write in writers.items():
            write(staged / name)
        with exclusive(target):
            if carry is not None:
                carry(staged)
            names = [*writers, *sorted({file.name for file in staged.iterdir()} - set(writers))]
            for name in names:
                flush(staged / name)
            # nothing but renames is left to fail
            for name in names:
                (staged / name).replace(target / name)
            flush(target)
    return tuple(directory / name for name in writers)


def copy_of(path: Path) -> Writer:
    """A writer of one file of a round: the bytes of another file."""

    def write(target: Path) -> None:
        shutil.copyfile(path, target)

    return write


def text_writer(text: str) -> Writer:
    """A writer of one file of text: UTF-8, a bare line feed on every system."""

    def write(target: Path) -> None:
        target.write_text(text, encoding="utf-8", newline="\n")

    return write


def copy_of_stream(stream: IO[bytes]) -> Writer:
    """A writer that copies what comes out of a stream, from its beginning, block by block."""

    def write(target: Path) -> None:
        stream.seek(0)
        with target.open("wb") as file:
            shutil.copyfileobj(stream, file, 1 << 20)

    return write


def move_aside(path: Path, folder: Path) -> Path:
    """Move a file or a folder into another folder, under a name that is free there; hands back where.

    The copy of a file is whole and on the disk before the original goes; a folder moves in one step,
    and so only on its own disk.
    """
    target, number = folder / path.name, 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem} ({number}){path.suffix}"
    if path.is_dir():
        folder.mkdir(exist_ok=True)
        with exclusive(absolute(path)):
            path.rename(target)
        flush(folder)
        return target
    write_atomically(target, copy_of(path))
    path.unlink()
    return target


def content_of(path: Path) -> bytes | None:
    """What a file holds at this moment; ``None`` where it has just been moved or was never there."""
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return None


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_of_stream(stream: IO[bytes]) -> str:
    """SHA-256 of what comes out of a stream, from its beginning, block by block."""
    stream.seek(0)
    digest = hashlib.sha256()
    while block := stream.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def left_behind(directory: Path) -> list[Path]:
    """Hidden folders that runs which were killed have left beside a folder they were making.

    They are no rounds and do no harm; the next one that writes to `directory` removes them.
    """
    place = _on_its_way(absolute(directory), "*")
    return sorted(place.parent.glob(f"{glob.escape(place.name[:-1])}*"))


def sweep_up(directory: Path) -> None:
    """Remove what :func:`left_behind` names."""
    _sweep(left_behind(directory))


def check_not_here(target: Path, named_path: Path) -> None:
    """Refuse to replace the folder that the shell stands in."""
    # It would be swapped for another folder of the same name, under the feet of the shell.
    if target in (Path.cwd(), *Path.cwd().parents):
        raise InputError.of("folder you are in", folder=str(named_path))


@contextmanager
def _workplace(target: Path, named_path: Path) -> Iterator[Path]:
    """A hidden folder beside the target, gone afterwards, as are parents that were made in vain."""
    new_parents = [parent for parent in target.parents if not parent.exists()]
    staged = _on_its_way(target, uuid.uuid4().hex[:8])
    at_work = _lock(staged)
    try:
        with disk_words(named_path), at_work:
            # of a file in a round this is the folder of rounds: the round is there, or is about to be
            _make_folder(staged.parent)
            put_back(target)
            sweep_up(target)
            _make_folder(staged)
            yield staged
    finally:
        _clear(staged, at_work)
        for parent in new_parents:
            with suppress(OSError):  # it holds what was written
                parent.rmdir()


def _make_folder(folder: Path) -> None:
    """Make a folder, and those that it lies in, where they are not there yet."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError as error:
        # what takes no folders, as /proc, says of a new one that it is not there
        if not Path(error.filename).parent.is_dir():
            raise
        raise PermissionError(errno.EACCES, error.strerror, error.filename) from error


def absolute(path: Path) -> Path:
    # Through links, so that what a link points to is replaced and not the link; a loop of them stays
    # as it is, where Path.resolve stops, as does Path.expanduser at the name of nobody here.
    return Path(os.path.realpath(os.path.expanduser(path)))  # noqa: PTH111


def _on_its_way(target: Path, mark: str) -> Path:
    """Where a product is made: beside its place, or beside the round, which may be replaced meanwhile."""
    round_ = _guarded(target)
    parts = [round_.name, *target.relative_to(round_).parts, f"{_STAGED}-{mark}"]
    return round_.with_name("." + ".".join(parts))


def _beside(target: Path, suffix: str) -> Path:
    return target.with_name(f".{target.name}.{suffix}")


def _swap(staged: Path, target: Path) -> None:
    """Put a finished folder in the place of the old one, which is kept until then."""
    aside = _beside(target, _ASIDE)
    if target.exists():
        target.replace(aside)
    try:
        staged.replace(target)
    except OSError:
        _put_back(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def put_back(target: Path) -> None:
    """Undo a replacement that was cut off halfway, or finish clearing up after one.

    One that is under way is waited for: whoever put the old folder back between the two renames
    would take the place of the new one.
    """
    if _beside(target, _ASIDE).exists():
        with exclusive(_guarded(target)):
            _put_back(target)


def put_back_in(directory: Path) -> None:
    """The same for every folder that was being replaced in a folder of rounds."""
    for aside in directory.glob(f".*.{_ASIDE}"):
        put_back(aside.with_name(aside.name[1 : -len(_ASIDE) - 1]))


def _put_back(target: Path) -> None:
    """The same, whoever else is at work."""
    aside = _beside(target, _ASIDE)
    with suppress(OSError):
        # a folder that somebody made in the place of a round is none: it gives way, or both stay
        manifest = _ROUND[0]
        is_stray = (aside / manifest).is_file() and not (target / manifest).is_file()
        if target.exists() and not is_stray:
            shutil.rmtree(aside, ignore_errors=True)
        elif aside.exists():
            aside.replace(target)


def _sweep(folders: Iterable[Path]) -> None:
    """Remove what a run that was killed has left; a run that is still at work holds its lock."""
    for left in folders:
        with suppress(filelock.Timeout, OSError), _lock(left).acquire(timeout=0) as lock:
            _clear(left, lock)


def _clear(folder: Path, lock: filelock.BaseFileLock) -> None:
    """Remove a folder and the file of its lock: the folder's name is never used again."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        Path(lock.lock_file).unlink()


@contextmanager
def scratch(prefix: str) -> Iterator[Path]:
    """A folder among the temporary files, for as long as the block runs.

    What a process that was killed has left is removed by the next one that asks for such a folder.
    """
    temporary = Path(tempfile.gettempdir())
    _sweep(temporary.glob(f"{prefix}*"))
    folder = temporary / f"{prefix}{uuid.uuid4().hex}"
    lock = _lock(folder)
    try:
        # locked before it is there: nobody can take it for one that was left
        with lock:
            folder.mkdir(mode=0o700)
            yield folder
    finally:
        _clear(folder, lock)


def flush(path: Path) -> None:
    """Ask the system to put a file or a folder on the disk now. Windows cannot do so for folders."""
    if path.is_file():
        with path.open("r+b") as stream:
            os.fsync(stream.fileno())
        return
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def disk_words(place: Path) -> Iterator[None]:
    """Turn what the system says of a disk into what a person can do about it."""
    try:
        yield
    except InputError as error:
        if error.note.key != "not written":
            raise
        # of a file in a folder on its way in people know the folder
        raise InputError.of("not written", file=str(place), why=error.note.facts["why"]) from error
    except OSError as error:
        raise InputError.of("not written", file=str(place), why=disk_reason(error)) from error


def system_refusal(error: OSError) -> InputError:
    """What the system says of a path, or of what it could not read or write, as a refusal."""
    is_ours = error.errno in {errno.ENOSPC, errno.ENAMETOOLONG}
    why = disk_reason(error) if is_ours else quoted(error.strerror)
    if error.filename is None:
        return InputError.of("system refuses", why=why)
    return InputError.of("system refuses path", file=str(error.filename), why=why)


def disk_reason(error: OSError) -> Note:
    """Why a disk refused, and what helps."""
    # By what a person can do about it; what the system calls it comes only where nothing else fits.
    if error.errno in {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}:
        return Note("disk full")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return Note("writing not allowed")
    if error.errno in {errno.ENAMETOOLONG, errno.EINVAL}:
        return Note("name not allowed")
    if error.errno == errno.ENOENT:
        return Note("file vanished")
    if error.errno in {errno.EEXIST, errno.ENOTDIR}:
        return Note("file in the way")
    return Note("disk trouble", {"why": quoted(error.strerror or error)})


def write_folder(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write a new folder of files that are at hand as bytes: all of them, or none.

    Raises
    ------
    InputError
        As :func:`cami_units.store.staging`.
    """
    with staging(directory) as folder:
        for name, content in files.items():
            (folder / name).write_bytes(content)


# -- one writer at a time --------------------------------------------------------------------------

# A round is replaced as a whole folder, copied from the one that is there. A line that another
# process appends to its log between the copy and the swap would be in the old folder only, and gone.

_PATIENCE: Final = 60.0
"""Seconds to wait for another command: far more than a swap of folders takes on a slow stick."""


def exclusive(directory: Path) -> AbstractContextManager[None]:
    """Be the only one on this machine that changes a round, for as long as the block runs.

    The lock is the operating system's: it goes when the process goes, however that happens. Its
    file lies among the temporary files, so that no folder of a workshop gains one. Folders share 256
    such files, which stay: nobody could remove one without a race. As no command holds the locks of
    two folders at once, those that share one wait for each other and never in a circle.

    Raises
    ------
    InputError
        Another process has held it for a minute.
    """
    return _lock_held(directory, letters=2, patience=_PATIENCE, refusal="another command writes")


def rewriting(directory: Path) -> AbstractContextManager[None]:
    """Be the only one that writes the tables of a round anew, from their reading to the swap of the folders.

    Whoever read them before somebody added to them would write that out of the round again. The lock is
    none of those of :func:`exclusive` and is taken before any of them, so nobody waits in a circle; the
    log of a round grows meanwhile.

    Raises
    ------
    InputError
        Another process has held it for ten minutes, which are more than a round of 5,000 units takes.
    """
    return _lock_held(
        directory, letters=3, patience=10 * _PATIENCE, refusal="tables written elsewhere"
    )


@contextmanager
def _lock_held(directory: Path, *, letters: int, patience: float, refusal: str) -> Iterator[None]:
    """The lock of a folder, among those whose names have so many letters."""
    try:
        # Within one process the same lock may be taken again by what it calls, hence the singleton.
        with _lock(absolute(directory), letters=letters, timeout=patience, is_singleton=True):
            yield
    except filelock.Timeout as error:
        raise InputError.of(refusal, folder=str(directory)) from error


@contextmanager
def alone(place: Path) -> Iterator[bool]:
    """Whether nobody else on this machine is in such a block for a place; nobody is while it runs.

    As with :func:`exclusive` the system lets go of the place when the process ends; its file stays.
    """
    lock = _lock(absolute(place))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _lock(place: Path, letters: int = 20, **how: Any) -> filelock.BaseFileLock:
    """The lock of a place, among the temporary files; of few letters it is shared by places."""
    name = hashlib.sha256(str(place).encode("utf-8", "surrogateescape")).hexdigest()
    path = Path(tempfile.gettempdir()) / f"cami_units-{name[:letters]}.lock"
    return filelock.FileLock(path, mode=0o666, **how)
