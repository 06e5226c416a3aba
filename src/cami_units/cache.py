"""What was computed once and need not be again: tables kept beside the plan, by what they hang on.

The name of an entry is a hash of everything that went into it: the content of the input files, the
numbers of the plan, this program and the libraries that measure. So an entry is never out of date;
when anything changes, another one is looked for. Nothing here is needed: a folder that is missing,
full, read-only or damaged costs time and no answer.

Of sites there is one entry for all of a plan's layers, and it says of each shape what was measured of it:
shapes are added, and what is said of one does not change.

Entries are Arrow tables, JSON and plain bytes, not pickles: a workshop's folder travels on memory sticks, and
opening an entry must not be able to run anything.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyproj
import shapely
from pandas.api.types import infer_dtype, is_object_dtype

from cami_units.drawn_pieces import Keeper, Make, piece
from cami_units.model import (
    Problem,
    check_arguments,
    data_dir,
    problem_of_row,
    problem_row,
    read_crs,
    version_of,
)

FOLDER: Final = ".cami-units-cache"
"""The folder's name, beside the plan."""

MOST_BYTES: Final = 1_000_000_000
"""Above this the entries that were written longest ago go."""

_FORMAT: Final = b"cami-units cache 1\n"
_SUFFIX: Final = ".entry"
_README: Final = """What cami-units has measured and need not measure again: copies of your layers among it.
It can be deleted at any time. Do not pass it on: layers may be restricted.
"""

Value = TypeVar("Value")

Parts = Mapping[str, Any]
"""What an entry holds, by name: tables, bytes, ``None``, and what JSON can say."""


@dataclass(frozen=True, slots=True)
class Cache:
    """Where entries are kept, and the key of what all of them hang on. No folder: nothing is kept."""

    folder: Path | None = None
    key: str = ""


NOTHING_KEPT: Final = Cache()
"""The cache that keeps nothing."""


def cache_beside(plan: Path | str | None) -> Cache:
    """The cache of a workshop, beside its plan; the bundled demonstration keeps nothing.

    Examples
    --------
    >>> import cami_units as cu
    >>> cu.cache_beside(None).folder is None
    True
    """
    check_arguments(cache_beside, locals())
    return NOTHING_KEPT if plan is None else Cache(Path(plan).resolve().parent / FOLDER)


def narrowed(cache: Cache, *what: Any) -> Cache:
    """The same cache for what also hangs on something else."""
    return Cache(cache.folder, digest(cache.key, *what)) if cache.folder else cache


def kept(cache: Cache, kind: str, key: Any, make: Callable[[], Parts]) -> Parts:
    """Parts that were made before from the same things, else made now and kept.

    Parameters
    ----------
    cache : Cache
        Where, and what all of it hangs on.
    kind : str
        What the parts are, in a word: the beginning of the file's name.
    key
        What else they hang on; anything that :func:`digest` takes.
    make : callable
        Makes the parts. They are the same, to the last bit, whether they were made or kept.
    """
    if cache.folder is None:
        return make()
    path = _path(cache.folder, cache.key, kind, key)
    if (stored := _read(path)) is not None:
        return stored
    new_parts = make()
    with suppress(OSError):  # a full or read-only disk: the answer is there all the same
        _write(path, new_parts)
    return new_parts


def entry(cache: Cache, kind: str, key: Any) -> Parts | None:
    """The parts that :func:`kept` would find; ``None`` where they are still to be made."""
    return None if cache.folder is None else _read(_path(cache.folder, cache.key, kind, key))


def keep(cache: Cache, kind: str, key: Any, parts: Parts) -> None:
    """Keep parts in place of those that were kept: the same, and more that hangs on what is in them."""
    if cache.folder is not None:
        with suppress(OSError):  # as of `kept`
            _write(_path(cache.folder, cache.key, kind, key), parts)


def _path(folder: Path, ground: str, kind: str, key: Any) -> Path:
    """The file of an entry."""
    return folder / f"{kind}-{digest(ground, kind, key)[:32]}{_SUFFIX}"


def kept_value(
    cache: Cache, kind: str, key: Any, of: type[Value], make: Callable[[], Value], **at_hand: Any
) -> Value:
    """A dataclass of tables, as :func:`kept`; the fields that are `at_hand` already are not kept."""

    def parts() -> dict[str, Any]:
        return {name: part for name, part in parts_of(make()).items() if name not in at_hand}

    if cache.folder is None:
        return make()
    return of(**at_hand, **kept(cache, kind, key, parts))


def kept_table(cache: Cache, kind: str, key: Any, make: Callable[[], Any]) -> Any:
    """One table, as :func:`kept`."""
    return kept(cache, kind, key, lambda: {"table": make()})["table"]


def keeper_of(cache: Cache) -> Keeper | None:
    """Where the rooms that draw keep their pieces: see :mod:`cami_units.drawn_pieces`."""
    if cache.folder is None:
        return None

    def keeper(kind: str, content: Sequence[bytes], make: Make) -> Sequence[bytes]:
        """Pieces drawn before from the same content by the same program, or drawn now."""
        total = hashlib.sha256()
        for part in content:
            # With its length before it: "ab" and "c" are other content than "a" and "bc".
            total.update(struct.pack("<q", len(part)) + part)

        def parts() -> Parts:
            return {str(number): one for number, one in enumerate(make())}

        # Pieces of another version of the program are other pieces, even from the same content.
        key = [program_key(), total.hexdigest()]
        return list(kept(cache, kind, key, parts).values())

    return keeper


def kept_files(
    kind: str, content: Sequence[bytes], folder: Path, write: Callable[[], Sequence[Problem]]
) -> tuple[Problem, ...]:
    """Write files into a folder, or put those there that were written of the same before.

    Parameters
    ----------
    kind, content
        As :func:`cami_units.drawn_pieces.piece` takes them; no content: what it hangs on is not
        known, and it is written anew.
    folder : Path
        An empty folder, or one that is made here.
    write : callable
        Writes the files into it, none below another folder, and says what it noticed.
    """
    folder.mkdir(exist_ok=True)
    if not content:
        return tuple(write())

    def written() -> list[bytes]:
        """What was noticed, the names, and the files."""
        noticed = [problem_row(problem) for problem in write()]
        paths = sorted(folder.iterdir())
        about = {"noticed": noticed, "names": [path.name for path in paths]}
        return [json.dumps(about).encode(), *(path.read_bytes() for path in paths)]

    listing, *bodies = piece(kind, content, written)
    about = json.loads(listing)
    for name, body in zip(about["names"], bodies, strict=True):
        # a cache that came along may be made up: nothing of it is written beside the folder
        if not (place := folder / Path(name).name).exists():
            place.write_bytes(body)
    return tuple(map(problem_of_row, about["noticed"]))


def kept_file(
    kind: str, content: Sequence[bytes], write: Callable[[Path], object]
) -> Callable[[Path], None]:
    """What writes a file, or puts the one there that was written of the same before.

    Parameters are those of :func:`kept_files`.
    """

    def writer(path: Path) -> None:
        def written() -> list[bytes]:
            write(path)
            return [path.read_bytes()]

        if not content:
            write(path)
            return
        [body] = piece(kind, content, written)
        if not path.exists():
            path.write_bytes(body)

    return writer


def cache_of_round(directory: Path) -> Cache:
    """The cache of the workshop a round belongs to: beside its plan, else beside the round."""
    folder_of_plan = directory.resolve().parent
    homes = [
        folder
        for folder in (folder_of_plan, folder_of_plan.parent)
        if (folder / "plan.toml").is_file()
    ]
    return Cache([*homes, folder_of_plan][0] / FOLDER)


def parts_of(value: Any) -> dict[str, Any]:
    """The fields of a dataclass by name, as they are."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def digest(*things: Any) -> str:
    """A hash of numbers, texts, lists, mappings and tables, by what is in them."""
    total = hashlib.sha256()
    for thing in things:
        _add(total, thing)
    return total.hexdigest()


@lru_cache(maxsize=1)
def program_key() -> str:
    """A hash of this program, its bundled data, and the libraries that measure, draw and write."""
    package = Path(__file__).resolve().parent
    data = data_dir()
    about = [f"{name} {version_of(name)}" for name in _LIBRARIES]
    total = hashlib.sha256(
        repr([*about, shapely.geos_version_string, pyproj.proj_version_str]).encode()
    )
    # what pieces are drawn of, too: scripts, styles, phrases
    for path in sorted(_files_below(package)):
        if path.endswith(_WRITTEN) and not path.startswith(f"{data}{os.sep}"):
            total.update(f"{path.removeprefix(str(package))}\0".encode())
            total.update(hashlib.sha256(Path(path).read_bytes()).digest())
    # what is bundled changes with a version only: its size tells versions apart
    for path in sorted(_files_below(data)):
        total.update(f"{path.removeprefix(str(data))} {Path(path).stat().st_size}\0".encode())
    return total.hexdigest()


def _files_below(folder: Path) -> list[str]:
    """The paths of the files in a folder and those below it; a `Path` of each took 8 ms."""
    return [f"{parent}{os.sep}{name}" for parent, _, names in os.walk(folder) for name in names]


_WRITTEN: Final = (".py", ".toml", ".qgs", ".qpt", ".js", ".css", ".html", ".svg", ".xml")
"""Endings of the files that make the program what it is."""

_LIBRARIES: Final = (
    *("geopandas", "matplotlib", "numba", "numpy", "pandas", "pillow", "pyogrio", "scipy"),
    # what writes the pieces that are kept
    *("fonttools", "jinja2", "openpyxl", "python-docx", "shapely", "simplekml"),
)


def _add(total: Any, thing: Any) -> None:
    """Add a thing to a digest, marked with its kind and length so that no two things are alike."""
    if isinstance(thing, pd.DataFrame):
        data = b"table" + _table_bytes(thing)
    elif isinstance(thing, Mapping):
        data = (
            b"mapping"
            + digest(*(part for key in sorted(thing) for part in (key, thing[key]))).encode()
        )
    elif isinstance(thing, list | tuple):
        data = b"list" + digest(*thing).encode()
    elif thing is None or isinstance(thing, str | bool | int | float):
        data = json.dumps(thing, ensure_ascii=True).encode()
    else:
        raise TypeError(f"no entry can hang on a {type(thing).__name__}")
    total.update(struct.pack("<q", len(data)) + data)


# -- entries --------------------------------------------------------------------------------------


def _read(path: Path) -> Parts | None:
    """An entry, if it is there and whole."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    body, seal = memoryview(data)[:-_SEAL], data[-_SEAL:]
    if not data.startswith(_FORMAT) or hashlib.sha256(body).digest() != seal:
        return None
    return _unpacked(body[len(_FORMAT) :])


def _write(path: Path, parts: Parts) -> None:
    """Keep an entry, whole or not at all; not if it would not come back as it is."""
    packed = _packed(parts)
    # bytes come back as they are; of tables and JSON that is seen before they are kept
    if not all(isinstance(part, bytes) for part in parts.values()) and not _same(
        parts, _unpacked(memoryview(packed))
    ):
        return
    # no copy of what may be a whole folder of a pack
    content = (_FORMAT, packed)
    seal = hashlib.sha256()
    for part in content:
        seal.update(part)
    folder = path.parent
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "README.txt").write_text(_README, encoding="utf-8")
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    # Another process may be writing the same entry: each has a file of its own, and either will do.
    staged = folder / f"{path.stem}.{uuid.uuid4().hex[:8]}.writing"
    try:
        with staged.open("wb") as file:
            file.writelines((*content, seal.digest()))
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)
    # Each entry is added to what was there at the first: to look at hundreds of them after each of
    # hundreds took a tenth of a second. What others write meanwhile is seen by them, or next time.
    size = len(_FORMAT) + len(packed) + _SEAL
    _BYTES_IN[folder] = _BYTES_IN[folder] + size if folder in _BYTES_IN else MOST_BYTES + 1
    if _BYTES_IN[folder] > MOST_BYTES:
        _BYTES_IN[folder] = _make_room(folder, path)


_BYTES_IN: Final[dict[Path, int]] = {}
"""How much each folder that this process wrote to holds, at most."""


def _make_room(folder: Path, newest: Path) -> int:
    """Remove the oldest entries above the limit, and what a process that was killed has left.

    Returns how many bytes stay. Of a full folder a tenth is emptied at once, not an entry at a time.
    """
    entries = [(entry.stat(), entry) for entry in folder.glob(f"*{_SUFFIX}") if entry != newest]
    entries.sort(key=lambda pair: (pair[0].st_mtime, pair[1].name), reverse=True)
    total = newest.stat().st_size
    is_full = total + sum(stat.st_size for stat, _ in entries) > MOST_BYTES
    room = MOST_BYTES * 0.9 if is_full else MOST_BYTES
    for number, (stat, _) in enumerate(entries):
        if total + stat.st_size > room:
            for _, entry in entries[number:]:
                entry.unlink(missing_ok=True)
            break
        total += stat.st_size
    oldest = newest.stat().st_mtime - _ABANDONED_S
    for left in folder.glob("*.writing"):
        if left.stat().st_mtime < oldest:
            left.unlink(missing_ok=True)
    return total


_ABANDONED_S: Final = 3600

_SEAL: Final = 32
"""Bytes of the SHA-256 at the end of an entry."""


def _packed(parts: Parts) -> bytes:
    """Parts as bytes: a listing, then each body."""
    heads, bodies = [], []
    for name, part in parts.items():
        if isinstance(part, bytes):
            heads.append([name, "bytes"])
            bodies.append(part)
        elif isinstance(part, pd.DataFrame):
            heads.append([name, "table"])
            bodies.append(_table_bytes(part))
        else:
            heads.append([name, "json"])
            bodies.append(json.dumps(part, ensure_ascii=True).encode())
    head = json.dumps(
        [[*head, len(body)] for head, body in zip(heads, bodies, strict=True)]
    ).encode()
    return b"".join([struct.pack("<q", len(head)), head, *bodies])


def _unpacked(data: memoryview) -> Parts:
    """Parts of bytes, tables without a copy."""
    (size,) = struct.unpack("<q", data[:8])
    heads = json.loads(bytes(data[8 : 8 + size]))
    at = 8 + size
    parts: dict[str, Any] = {}
    for name, kind, length in heads:
        body = data[at : at + length]
        if kind == "table":
            parts[name] = _table(body)
        else:
            parts[name] = bytes(body) if kind == "bytes" else json.loads(bytes(body))
        at += length
    return parts


def _table_bytes(table: pd.DataFrame) -> bytes:
    """A table as Arrow, with what Arrow forgets of it."""
    about: dict[str, Any] = {
        "columns": list(table.columns),
        "dtypes": [str(dtype) for dtype in table.dtypes],
    }
    plain_columns = about["columns"]
    if isinstance(table, gpd.GeoDataFrame):
        name = table.geometry.name
        crs = None if table.crs is None else table.crs.srs
        about |= {"geometry": name, "crs": crs}
        plain_columns = [column for column in plain_columns if column != name]
    arrow = pa.Table.from_pandas(pd.DataFrame(table), columns=plain_columns)
    if "geometry" in about:
        # As WKB and no library's own geometry type: read back, it is the same to the bit.
        wkb = pa.array(shapely.to_wkb(table.geometry.to_numpy()), type=pa.large_binary())
        arrow = arrow.append_column(about["geometry"], wkb)
    metadata = {**(arrow.schema.metadata or {}), b"cami_units": json.dumps(about).encode()}
    arrow = arrow.replace_schema_metadata(metadata)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, arrow.schema) as stream:
        stream.write_table(arrow)
    return bytes(sink.getvalue())


def _table(data: memoryview) -> pd.DataFrame:
    """A table of Arrow, as it was."""
    with pa.ipc.open_stream(pa.py_buffer(data)) as stream:
        arrow = stream.read_all()
    about = json.loads(arrow.schema.metadata[b"cami_units"])
    name = about.get("geometry")
    plain: pd.DataFrame = (arrow.drop_columns([name]) if name else arrow).to_pandas()
    for column, dtype in zip(about["columns"], about["dtypes"], strict=True):
        if column != name and str(plain[column].dtype) != dtype:
            plain[column] = plain[column].astype(dtype)
    if name is None:
        return plain
    shapes = shapely.from_wkb(arrow[name].to_numpy(zero_copy_only=False))
    plain.insert(about["columns"].index(name), name, shapes)
    crs = about["crs"] and read_crs(about["crs"])
    table: pd.DataFrame = gpd.GeoDataFrame(plain, geometry=name, crs=crs)
    return table


def _same(before: Parts, after: Parts) -> bool:
    """Whether parts came back as they went in: kinds, columns, dtypes, index, every value."""
    return list(before) == list(after) and all(
        _same_part(before[name], after[name]) for name in before
    )


def _same_part(before: Any, after: Any) -> bool:
    """Whether a part read back is what was written. Shapes come back from WKB as they were."""
    if not isinstance(before, pd.DataFrame):
        return bool(before == after)
    if type(before) is not type(after) or before.attrs:
        return False
    if isinstance(before, gpd.GeoDataFrame):
        crs = (None if table.crs is None else table.crs.srs for table in (before, after))
        if len(set(crs)) > 1 or before.geometry.name != after.geometry.name:
            return False
    plain_before, plain_after = (
        pd.DataFrame(table).drop(columns=getattr(table, "_geometry_column_name", None) or [])
        for table in (before, after)
    )
    axes = zip(plain_before.axes, plain_after.axes, strict=True)
    return (
        all(axis.identical(read_back) for axis, read_back in axes)
        and plain_before.equals(plain_after)
        # equal objects may still be of other kinds, as 1 and 1.0 are
        and all(
            infer_dtype(plain_before[column]) == infer_dtype(plain_after[column])
            for column in plain_before
            if is_object_dtype(plain_before[column])
        )
    )
