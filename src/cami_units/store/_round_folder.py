"""Rounds as folders: written, replaced, read, found."""

from __future__ import annotations

import errno
import json
import os
import platform
import re
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from importlib.metadata import requires
from pathlib import Path, PurePath
from typing import Any, Final, cast

import geopandas as gpd
import numpy as np
import pandas as pd

from cami_units.model import (
    LONLAT,
    TABLES,
    Imprint,
    InputError,
    Problem,
    Round,
    check_arguments,
    check_table,
    cited_sources,
    crs_name,
    english_row,
    in_short,
    listed,
    quoted,
    same_crs,
    version_of,
)
from cami_units.store._atomic_write import (
    Writer,
    absolute,
    check_free,
    check_not_here,
    disk_reason,
    put_back,
    put_back_in,
    sha256,
    staging,
    sweep_up,
    text_writer,
    write_files,
)
from cami_units.store._geopackage import (
    GEOPACKAGE,
    UNIT_TABLES,
    StoredTables,
    read_geopackage,
    update_geopackage,
    write_geopackage,
)

# What file managers, office programs and QGIS leave behind in a folder; nobody misses it.
_LITTER: Final = ("Thumbs.db", "desktop.ini", ".DS_Store", "._*", ".directory", ".~lock.*", "~$*")
_LITTER_OF_GEOPACKAGES: Final = ("*.gpkg-wal", "*.gpkg-shm", "*.gpkg-journal")


def write_round(
    round: Round, directory: Path, *, files: Mapping[str, Writer] | None = None, force: bool = False
) -> Path:
    """Write a round as a folder: all of it, or nothing.

    Parameters
    ----------
    round : Round
        Its tables have longitude and latitude; those that :data:`~cami_units.model.TABLES` names
        are checked. The order of their rows does not matter.
    directory : Path
        The folder to make. Missing parents are made too.
    files : mapping, optional
        Further files of the round: a plain file name, and what writes it when called with a path.
    force : bool
        Whether an existing round may be replaced. It never replaces anything else: a folder that
        is no round, or that also holds files which are not the round's, is left alone.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        When the folder exists and `force` is false or may not be used; when a table is not as
        expected; when the place cannot be written to or the disk is full.

    Notes
    -----
    `manifest.json` is the round's manifest plus ``format``, ``imprint`` and ``outputs`` (SHA-256 of
    every file); `versions.txt` says which programs wrote it, and no hash holds it. Replacing takes two
    renames. Between them, for the blink of an eye, there is no folder at the target; if the power goes
    just then, the next :func:`write_round` or :func:`read_round` puts the old one back.
    """
    writers = {GEOPACKAGE: lambda path: write_geopackage(path, round), **(files or {})}
    _check_names(writers, files or {})
    _check_round(round)
    check_place(directory, force=force)

    def look_again(_: Path) -> None:
        """A decision that came in while the files were written is no file of the round's."""
        check_place(directory, force=force)

    with staging(directory, replace=True, carry=look_again) as folder:
        for name, write in writers.items():
            write(folder / name)
        # Hashed from the disk, as whoever checks will: not from what was meant to be written.
        outputs = {name: sha256(folder / name) for name in sorted(writers)}
        (folder / MANIFEST).write_bytes(as_json({**manifest_of(round), "outputs": outputs}))
        (folder / VERSIONS).write_text(versions(), encoding="utf-8", newline="\n")
    return directory


def made_beside(directory: Path) -> list[str]:
    """What lies in the folder of a round that the round itself did not write: logs, tables, products."""
    own_names = {MANIFEST, VERSIONS, *read_manifest(directory, directory).get("outputs", {})}
    names = sorted(path.name for path in directory.iterdir() if not is_litter(path.name))
    return [name for name in names if name not in own_names]


def check_place(directory: Path, *, force: bool = False) -> None:
    """Refuse a folder that :func:`write_round` would refuse, before anything is computed.

    Parameters
    ----------
    directory : Path
        The folder a round is to be written to.
    force : bool
        Whether an existing round may be replaced.

    Raises
    ------
    InputError
        When it is a file, holds something that is no round, holds a round and `force` is false, or
        holds files beside the round's own, which would be lost; when it cannot be written to, or
        is the folder one is in.
    """
    target, named_path = absolute(directory), directory
    put_back(target)
    # The nearest folder that is there: asked before minutes of work, not after.
    ground = next(parent for parent in target.parents if parent.exists())
    if not ground.is_dir():
        raise InputError.of("file for a folder", file=str(ground))
    if not os.access(ground, os.W_OK):
        why = disk_reason(PermissionError(errno.EACCES, ""))
        raise InputError.of("cannot be made", folder=str(named_path), why=why)
    check_not_here(target, named_path)
    if not target.exists():
        return
    if not target.is_dir():
        raise InputError.of("file for a folder", file=str(named_path))
    entries = sorted(path.name for path in target.iterdir() if not is_litter(path.name))
    if not entries:
        return
    if MANIFEST not in entries:
        raise InputError.of("no round in it", folder=str(named_path), names=in_short(entries))
    if not force:
        raise InputError.of("round there already", folder=str(named_path))
    # What people put beside a round is theirs: decisions, boards, figures.
    if others := made_beside(target):
        raise InputError.of("round and more", folder=str(named_path), names=in_short(others))


def check_only(directory: Path, *, is_ours: Callable[[str], bool]) -> None:
    """Refuse a folder that is to be replaced but holds what somebody else put there.

    Parameters
    ----------
    directory : Path
        The folder, there or not.
    is_ours : callable
        Says of a file name whether the caller may replace it.

    Raises
    ------
    InputError
        With the first few names that are not the caller's.
    """
    if not (target := absolute(directory)).is_dir():
        return
    others = sorted(
        path.name
        for path in target.iterdir()
        if not is_litter(path.name) and (path.is_dir() or not is_ours(path.name))
    )
    if others:
        raise InputError.of("others would be lost", folder=str(directory), names=in_short(others))


def discard(directory: Path, *, is_ours: Callable[[str], bool]) -> None:
    """Remove a folder of products that can be made again, once it is sure that it holds nothing else.

    Raises
    ------
    InputError
        As :func:`check_only`.
    """
    check_only(directory, is_ours=is_ours)
    if directory.is_dir():
        shutil.rmtree(directory)


def update_round(round: Round, directory: Path, *, files: Mapping[str, Writer]) -> Path:
    """Write a round over the one it was read from, with everything else in its folder kept.

    Parameters
    ----------
    round : Round
        The round with what was added to its tables.
    directory : Path
        The folder it was read from.
    files : mapping
        As in :func:`write_round`: what is to be written anew, or added.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        As :func:`write_round`; or when there is no round in the folder.

    Notes
    -----
    Whole or not at all, as :func:`write_round`: packs, decisions and other files in the folder are
    carried over byte by byte, and those the manifest vouches for keep their line in it.
    """
    target = absolute(directory)
    put_back(target)
    before = read_manifest(target, directory)["outputs"]

    written_by = _versions_of_ours(target)

    def write_tables(path: Path) -> None:
        """Only cells of it, where that is the same and the file is ours."""
        nonlocal written_by
        tables = round.tables
        is_ours = isinstance(tables, StoredTables) and tables.is_vouched and written_by
        if not (is_ours and update_geopackage(path, cast(StoredTables, tables))):
            write_geopackage(path, round)
            written_by = versions()

    writers = {GEOPACKAGE: write_tables, **files}
    _check_names(writers, files)
    _check_round(round)

    def carry(folder: Path) -> None:
        """What the old folder holds beside, and the manifest of all of it."""
        for path in sorted(target.iterdir()):
            if path.name not in {*writers, MANIFEST, VERSIONS} and not is_litter(path.name):
                copy: Callable[..., Any] = shutil.copytree if path.is_dir() else shutil.copy2
                copy(path, folder / path.name)
        # what is not written now keeps the hash of when it was: nobody has looked at it since
        vouched = {name: hash_ for name, hash_ in before.items() if (folder / name).is_file()}
        outputs = vouched | {name: sha256(folder / name) for name in writers}
        manifest = {**manifest_of(round), "outputs": dict(sorted(outputs.items()))}
        (folder / MANIFEST).write_bytes(as_json(manifest))

    with staging(directory, replace=True, carry=carry) as folder:
        for name, write in writers.items():
            write(folder / name)
        (folder / VERSIONS).write_text(written_by, encoding="utf-8", newline="\n")
    return directory


def _versions_of_ours(directory: Path) -> str:
    """What stands in a round of the programs that wrote it, where they are those at work now; else "".

    Of GDAL, which wrote the tables and is not needed to change a cell, it is believed.
    """
    file = directory / VERSIONS
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    gdal = re.search(r"^GDAL (\S+)$", text, re.MULTILINE)
    return text if gdal and text == versions(gdal[1]) else ""


def read_round(directory: Path | str, *, only: Collection[str] | None = None) -> Round:
    """Read a round back from its folder.

    Parameters
    ----------
    directory : Path
        A folder that :func:`write_round` made.
    only : collection of str, optional
        Names of tables, where the others are not wanted: those of them that are there are read.

    Returns
    -------
    Round
        Tables in the order of the file, sorted by key, geometry in longitude and latitude (a
        multipart geometry of one part comes back as that part). Columns of yes and no are
        ``boolean``, whole numbers with gaps ``Int64``.

    Raises
    ------
    InputError
        When the folder is no round, or a file of it is missing, damaged, or of a later version.

    Examples
    --------
    >>> import cami_units as cu
    >>> from pathlib import Path
    >>> cu.read_round(Path("nowhere"))
    Traceback (most recent call last):
        ...
    cami_units.model.InputError: There is no folder 'nowhere'. Name the folder of a round.
    """
    check_arguments(read_round, locals())
    directory = Path(directory)
    target = absolute(directory)
    put_back(target)
    manifest = read_manifest(target, directory)
    tables = read_geopackage(target / GEOPACKAGE, only=only)
    round_ = _opened(manifest, directory, tables, only)
    for name, table in round_.tables.items():
        if name in TABLES:
            check_table(table, name)
    return round_


def open_round(directory: Path) -> Round:
    """A round of which each table is read when somebody asks for it, and refused then if it must be.

    For commands that want some of the tables. As :func:`read_round` otherwise.
    """
    target = absolute(directory)
    put_back(target)
    manifest = read_manifest(target, directory)
    tables = StoredTables(target / GEOPACKAGE, str(manifest["outputs"].get(GEOPACKAGE, "")))
    return _opened(manifest, directory, tables, None)


def as_it_is_now(stored: Round, directory: Path) -> Round:
    """A round that :func:`open_round` opened, opened again where somebody has written its tables since."""
    tables, path = stored.tables, absolute(directory) / GEOPACKAGE
    is_same = isinstance(tables, StoredTables) and path.is_file() and tables.sha256 == sha256(path)
    return stored if is_same else open_round(directory)


def languages_of(directory: Path) -> tuple[str, ...]:
    """The languages of a round, the first one leads; nothing but its manifest is read.

    Raises
    ------
    InputError
        As :func:`open_round`, of the manifest.
    """
    target = absolute(directory)
    put_back(target)
    # rounds of old say their number elsewhere
    imprint = {"number": "", **read_manifest(target, directory)["imprint"]}
    return imprint_of(imprint, directory).languages


def _opened(
    manifest: dict[str, Any],
    directory: Path,
    tables: Mapping[str, pd.DataFrame],
    only: Collection[str] | None,
) -> Round:
    """A round with these tables, if those that make it one are among them."""
    # Rounds of old say their number beside the imprint only.
    imprint = {"number": f"{int(manifest.get('round', 0)):02d}", **manifest.pop("imprint")}
    for key in ("format", "outputs"):
        manifest.pop(key, None)
    missing = [
        name for name in UNIT_TABLES if name not in tables and (only is None or name in only)
    ]
    if missing:
        facts = {"file": GEOPACKAGE, "names": in_short(missing)}
        raise InputError.of("round lacks tables", folder=str(directory), **facts)
    imprint["cited"] = cited_sources(manifest.get("inputs", ()))
    return Round(imprint=imprint_of(imprint, directory), tables=tables, manifest=manifest)


def with_tables(round_: Round, tables: Mapping[str, pd.DataFrame]) -> Round:
    """A round with some tables in place of its own, or beside them; none is read for it."""
    before = round_.tables
    together = (
        before.with_tables(tables) if isinstance(before, StoredTables) else {**before, **tables}
    )
    return replace(round_, tables=together)


def rounds_in(directory: Path) -> dict[Path, Mapping[str, Any]]:
    """The rounds that lie in a folder, each with its manifest, by name; damaged ones are passed over.

    One that is being replaced is waited for: for the blink of an eye it has no folder.
    """
    put_back_in(absolute(directory))
    manifests: dict[Path, Mapping[str, Any]] = {}
    for path in sorted(Path(directory).glob(f"*/{MANIFEST}")):
        if path.parent.name.startswith("."):  # what a run that was killed has left
            continue
        with suppress(InputError):
            manifests[path.parent] = read_manifest(path.parent, path.parent)
    return manifests


def is_litter(name: str) -> bool:
    """Whether a file is what file managers and office programs leave behind; nobody misses it."""
    return any(fnmatchcase(name, pattern) for pattern in _LITTER + _LITTER_OF_GEOPACKAGES)


def _check_names(writers: Mapping[str, Writer], extra: Mapping[str, Writer]) -> None:
    """Refuse names of files that lead elsewhere, or that the store keeps for itself."""
    odd = [name for name in writers if PurePath(name).name != name or name in {"", ".", ".."}]
    if odd:
        raise InputError(f"A round holds plain file names; these are not: {listed(odd)}.")
    if reserved := sorted({GEOPACKAGE, MANIFEST, VERSIONS} & set(extra)):
        raise InputError(f"{listed(reserved)} is written by the store itself; choose another name.")


def _check_round(round: Round) -> None:
    """Refuse a round that lacks a table, or whose tables are not what they promise."""
    faults = [f"The table '{name}' is missing." for name in UNIT_TABLES if name not in round.tables]
    # What is stored was checked when it was written, and is again when it is read.
    tables = round.tables.replaced if isinstance(round.tables, StoredTables) else round.tables
    for name, table in tables.items():
        try:
            if name in TABLES:
                spatial = TABLES[name].geometry is not None
                check_table(table, name, crs=LONLAT if spatial else None)
            if isinstance(table, gpd.GeoDataFrame) and not same_crs(table.crs or LONLAT, LONLAT):
                faults.append(f"The table '{name}' is in {crs_name(table.crs)}, not in {LONLAT}.")
        except InputError as error:
            faults.append(str(error))
    try:
        date.fromisoformat(round.imprint.date)
    except ValueError:
        faults.append(f"The date must be written as 2026-11-22; '{round.imprint.date}' came.")
    if faults:
        raise InputError("This round cannot be written. " + " ".join(dict.fromkeys(faults)))


# -- the folder of a workshop, as `init` makes it ---------------------------------------------------

_PROFILE_LINE: Final = re.compile(r'^# *(profile = "criteria\.toml")', re.MULTILINE)

_LANGUAGES_LINE: Final = re.compile(r"^languages = \[[^\]]*\]", re.MULTILINE)


def write_workshop(
    directory: Path, *, plan: Path, criteria: Path, readme: str, languages: Sequence[str] = ()
) -> list[Path]:
    """Write the folder of a workshop: a plan, its criteria, a place for layers, a README.

    Parameters
    ----------
    directory : Path
        A new or an empty folder, such as the one you are in.
    plan, criteria : Path
        The files to begin with. Where the plan has the line that names `criteria.toml` switched
        off, it is switched on.
    readme : str
        What stands in `README.md`.
    languages : sequence of str
        The languages of the products, the first one leads; none: as the plan says.

    Returns
    -------
    list of Path
        What was written, in the order in which one would read it.

    Raises
    ------
    InputError
        When the folder is not empty or cannot be written to.
    """
    plan_text = _PROFILE_LINE.sub(r"\1", plan.read_text(encoding="utf-8"))
    if languages:
        listed_languages = ", ".join(f'"{language}"' for language in languages)
        plan_text = _LANGUAGES_LINE.sub(f"languages = [{listed_languages}]", plan_text)
    writers: dict[str, Writer] = {
        "README.md": text_writer(readme),
        "plan.toml": text_writer(plan_text),
        "criteria.toml": text_writer(criteria.read_text(encoding="utf-8")),
        "inputs": Path.mkdir,
    }
    target = absolute(directory)
    if target.is_dir():
        # filled and not swapped for another folder: a shell may stand in it
        sweep_up(target / next(iter(writers)))
        check_free(target, directory, replace=False)
        write_files(directory, writers)
    else:
        with staging(directory) as folder:
            for name, write in writers.items():
                write(folder / name)
    return [directory / name for name in writers]


# -- the manifest: what a round is, what went in and out of it, and which programs wrote it -------

MANIFEST: Final = "manifest.json"

VERSIONS: Final = "versions.txt"
"""Which programs wrote a round. In no hash: the same round made with others is the same round."""

FORMAT: Final = 1
"""The version of the layout of a round; a round of a later one is refused, not guessed at."""


@cache
def versions(gdal: str = "") -> str:
    """The versions of Python, of the libraries in C that measure and write, and of all we ask for.

    One line each, ours first. It is for whoever wonders why two machines do not agree. `gdal` is the
    version of GDAL, which else must be loaded to be asked.
    """
    import pyproj
    import shapely

    if not gdal:
        import pyogrio

        gdal = pyogrio.__gdal_version_string__
    requirements = [
        # extras are not on every machine
        requirement
        for requirement in requires("cami_units") or ()
        if "extra ==" not in requirement
    ]
    names = {re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in requirements}
    lines = [
        f"cami_units {version_of('cami_units')}",
        f"Python {platform.python_version()}",
        f"PROJ {pyproj.proj_version_str}",
        f"GEOS {shapely.geos_version_string}",
        f"GDAL {gdal}",
    ]
    lines += [f"{name} {version_of(name)}" for name in sorted(names, key=str.casefold)]
    return "\n".join(lines) + "\n"


def manifest_of(round: Round) -> dict[str, Any]:
    # what the sources are as values, its inputs say
    imprint = {name: value for name, value in asdict(round.imprint).items() if name != "cited"}
    return {**round.manifest, "format": FORMAT, "imprint": imprint}


def as_json(manifest: Mapping[str, Any]) -> bytes:
    """The bytes of a manifest: keys sorted, nothing that is no number."""
    text = json.dumps(
        manifest, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False, default=_plain
    )
    return (text + "\n").encode("utf-8", "replace")


def _plain(value: object) -> object:
    """A value as JSON has it; of a path its name only."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, PurePath):
        return value.name  # a folder says whose machine this was
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Problem):
        return english_row(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence | np.ndarray):
        return list(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"The manifest cannot hold a {type(value).__name__}: {value!r}")


_PARTS: Final[Mapping[str, type]] = {
    **dict.fromkeys(("imprint", "outputs", "plan", "profile"), dict),
    "inputs": list,
}
"""What the parts of a manifest are, where it has them: rounds of old lack some."""


def read_manifest(target: Path, named_path: Path) -> dict[str, Any]:
    """The manifest of a round, or why the folder is none."""
    path = target / MANIFEST
    if not target.exists():
        raise InputError.of("no folder of a round", folder=str(named_path))
    if not path.is_file():
        names = {"manifest": MANIFEST, "geopackage": GEOPACKAGE}
        raise InputError.of("not a round", folder=str(named_path), **names)
    try:
        manifest = json.loads(path.read_bytes())
        version = int(manifest["format"])
        for name, kind in _PARTS.items():
            if not isinstance(manifest.get(name, kind()), kind):
                raise TypeError(f"{name} is no {kind.__name__}")
        dict(manifest["imprint"])
        dict(manifest["outputs"])
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(named_path, f"{type(error).__name__}: {error}") from error
    if version > FORMAT:
        facts = {"version": version, "most": FORMAT}
        raise InputError.of("round of a later version", folder=str(named_path), **facts)
    return dict(manifest)


def imprint_of(fields: Mapping[str, Any], directory: Path) -> Imprint:
    """The imprint that a manifest holds."""
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()
    }
    try:
        return Imprint(**values)
    except TypeError as error:
        raise _damaged(directory, f"its imprint is not as expected: {error}") from error


def _damaged(directory: Path, what: str) -> InputError:
    """The refusal of a manifest that is not as written."""
    cause = quoted(what)
    return InputError.of("manifest damaged", file=MANIFEST, folder=str(directory), cause=cause)


# -- what travels beside files: checksums as `sha256sum` writes them, and small JSON ---------------

SUMS: Final = "SHA256SUMS.txt"

_SUM_LINE: Final = re.compile(r"([0-9a-f]{64}) [ *](\S.{0,500})")
_MOST_SUMS: Final = 1_000_000
"""Bytes of a list of checksums that is read: thousands of files."""


def write_sums(folder: Path) -> dict[str, int]:
    """Write the SHA-256 of every file below a folder beside them; each file with its size."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in files]
    lines = (f"{sha256(path)}  {name}\n" for path, name in zip(files, names, strict=True))
    (folder / SUMS).write_text("".join(lines), encoding="ascii", newline="\n")
    return {name: path.stat().st_size for path, name in zip(files, names, strict=True)}


def read_sums(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file that the list in a folder names; empty where there is no list."""
    if not (file := folder / SUMS).is_file() or file.stat().st_size > _MOST_SUMS:
        return {}
    lines = file.read_text(encoding="ascii", errors="replace").splitlines()
    matches = [match for line in lines if (match := _SUM_LINE.fullmatch(line.strip()))]
    return {match[2]: match[1] for match in matches}


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a mapping as JSON for people and programs: sorted, indented, the same bytes each time."""
    path.write_bytes(as_json(content))


def read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises
    ------
    InputError
        It is no JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise damaged_json(path, error) from error


def damaged_json(path: Path, error: Exception) -> InputError:
    """The words for a file whose JSON is not what it should be."""
    return InputError.of("file damaged", file=str(path), cause=type(error).__name__)
