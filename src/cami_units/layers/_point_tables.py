"""Tables whose rows lie somewhere: downloads of GBIF, Darwin Core archives, Movebank, any CSV."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice, pairwise
from pathlib import Path
from typing import IO, Any, Final, NamedTuple
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cami_units.layers._dialects import DIALECTS, numbers, plain
from cami_units.layers._equal_area import projected
from cami_units.layers._reading import AdvisedError
from cami_units.model import (
    LONLAT,
    InputError,
    Note,
    guessed_text,
    in_short,
    is_written,
    plan_lines,
    quoted,
    read_crs,
    same_crs,
    toml_key,
    transformer,
)

TABLES: Final = (".csv", ".tsv", ".txt")
"""Endings of tables of points."""

WORKBOOKS: Final = (".xlsx", ".xlsm", ".xls", ".ods")
"""Endings of workbooks, which hold several sheets: which of them is meant is said by saving it as CSV."""

MOST_ROWS: Final = 3_000_000
"""Rows that are read: a GBIF download of all species here, or a study of 40 animals, has fewer."""

_META: Final = "meta.xml"
_LARGE: Final = 50_000_000
"""Bytes from which on a text is taken for UTF-8, as such exports are: to guess takes long."""


class _Sheet(NamedTuple):
    """The text of a table, its sign between columns, and whether quotes are quotes in it.

    `events` are what an archive says of the events that its records are of, by their ids, which stand
    in the column `key`.
    """

    text: io.TextIOBase
    delimiter: str
    quotes: bool
    headings: list[str]
    constants: Mapping[str, str]
    key: str = ""
    events: pd.DataFrame = pd.DataFrame()


def is_record_archive(path: Path) -> bool:
    """Whether a zip is a Darwin Core archive, or a table of GBIF or Movebank as it was downloaded."""
    if path.suffix.casefold() != ".zip" or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.startswith("__MACOSX")]
    leaves = {name.rsplit("/", 1)[-1].casefold() for name in names}
    endings = {Path(leaf).suffix for leaf in leaves}
    shapes = {".shp", ".gpkg", ".geojson", ".kml", ".gdb", ".zip"}
    return not endings & shapes and (_META in leaves or bool(endings & set(TABLES)))


def point_table(
    path: Path,
    *,
    layer: str = "context",
    columns: Mapping[str, str] | None = None,
    key: str = "",
    crs: str = LONLAT,
) -> gpd.GeoDataFrame:
    """The rows of a table as points in longitude and latitude, as they stand; nothing is left out.

    Parameters
    ----------
    path
        A CSV in any dialect; a GBIF download, whose tabs part columns and whose quotes are letters;
        a Darwin Core archive, whose `meta.xml` says how its records are written (those of a core of
        events lie where and when their event does); a zip of one of these.
    layer
        Whose columns are meant. Of a context layer all are kept; else those that it knows, so that
        a download of 200 columns fits into memory.
    columns
        What the plan says of columns, ours → theirs.
    key
        What the file is called in a plan.
    crs
        In which its coordinates are, where the plan says so: metres, and degrees of another datum,
        become degrees of ours. Degrees are taken as they are where this is a system of metres.

    Returns
    -------
    GeoDataFrame
        Texts; a row whose coordinates are no numbers has no geometry. `attrs` has under ``as_degrees``
        whether coordinates are taken for degrees against the word of a plan.

    Raises
    ------
    AdvisedError
        There are no columns of coordinates, with the lines of a plan that say which they are.
    InputError
        The file is no table.
    """
    columns = columns or {}
    with _sheet(path) as sheet:
        names = [str(heading).strip().lstrip("\ufeff") for heading in sheet.headings]
        kept_columns = _kept_columns(names, layer, columns)
        most_rows = MOST_ROWS + 1  # one more, to see that there are more
        known_names = [*(names[at] for at in kept_columns), *sheet.events.columns]
        if _place_columns(known_names, layer, columns) is None:
            # the first rows of all columns, to see in which of them degrees stand
            kept_columns, most_rows = [at for at, name in enumerate(names) if name], _FIRST_ROWS
        if len(sheet.events) and sheet.key not in [names[at] for at in kept_columns]:
            kept_columns = [*kept_columns, names.index(sheet.key)]
        cells = _cells(sheet, kept_columns, most_rows)
    if len(cells) > MOST_ROWS:
        raise InputError.of("table long", most=MOST_ROWS)
    table = pd.DataFrame(cells, columns=[names[at] for at in kept_columns], dtype=object)
    for name, value in sheet.constants.items():
        if name not in table:
            table[name] = value
    if len(sheet.events):
        table = _with_events(table, sheet, layer, columns)
    points, is_moved = _points(table, columns, key or path.name, layer, crs)
    plain_table = table.drop(columns="geometry", errors="ignore")
    placed_table = gpd.GeoDataFrame(plain_table, geometry=points, crs=LONLAT)
    placed_table.attrs["as_degrees"] = not (
        is_moved or same_crs(crs, LONLAT) or placed_table.geometry.isna().all()
    )
    return placed_table


def _with_events(
    table: pd.DataFrame, sheet: _Sheet, layer: str, columns: Mapping[str, str]
) -> pd.DataFrame:
    """Records with what is said of their event where they do not say it themselves."""
    kept_columns = _kept_columns([*sheet.events.columns], layer, columns)
    of_records = sheet.events.iloc[:, kept_columns].reindex(table[sheet.key])
    whole_table = table.copy()
    for name, event_texts in of_records.fillna("").items():
        own_texts = whole_table.get(name, pd.Series("", index=table.index, dtype=object))
        whole_table[name] = np.where(own_texts != "", own_texts, event_texts)
    return whole_table


def _cells(sheet: _Sheet, kept_columns: Sequence[int], most_rows: int) -> list[tuple[str, ...]]:
    """Some columns of the rows of a table; cells that a row lacks are empty."""
    rows = csv.reader(
        _lines(sheet.text),
        delimiter=sheet.delimiter,
        quoting=csv.QUOTE_MINIMAL if sheet.quotes else csv.QUOTE_NONE,
    )
    wide = max(kept_columns, default=-1) + 1
    whole = (
        row if len(row) >= wide else [*row, *[""] * wide]
        for row in islice(rows, most_rows)
        if any(row)
    )
    # a name that stands in each of 100,000 rows is one text in memory, and not as many
    texts: dict[str, str] = {}
    return [tuple([texts.setdefault(row[at], row[at]) for at in kept_columns]) for row in whole]


def _lines(text: io.TextIOBase) -> Iterator[str]:
    """The lines of a text; one that is longer than memory should hold ends it with an error of `csv`."""
    while line := text.readline(_LONGEST_LINE + 1):
        if len(line) > _LONGEST_LINE:
            raise csv.Error(f"field larger than field limit ({_LONGEST_LINE})")
        yield line


_LONGEST_LINE: Final = 10_000_000
"""Letters of a line: a footprint or a list of media in one field is long."""


def is_reference_table(path: Path) -> bool:
    """Whether a table is the one that Movebank hands out beside positions: who wore which collar when."""
    with _sheet(path) as sheet:
        words = {plain(heading) for heading in sheet.headings}
    return bool(words & {"deployondate", "deployontimestamp"}) and "locationlong" not in words


def _kept_columns(names: Sequence[str], layer: str, columns: Mapping[str, str]) -> list[int]:
    """Which columns of a table are read, each heading once."""
    spellings = {word for column in DIALECTS[layer] for word in column.spellings}
    spellings |= {plain(column) for column in columns.values()}
    seen_names: set[str] = set()
    kept_numbers = []
    for at, name in enumerate(names):
        word = plain(name)
        if name and word not in seen_names and (layer == "context" or word in spellings):
            seen_names.add(word)
            kept_numbers.append(at)
    return kept_numbers


# Enough to see what a column holds.
_FIRST_ROWS: Final = 1000


def _place_columns(
    names: Sequence[str], layer: str, columns: Mapping[str, str]
) -> tuple[str, str] | str | None:
    """The headings of longitude and latitude, or of WKT; ``None``: neither is known."""
    headings = {plain(heading): heading for heading in reversed(names)}
    # a context layer has no columns of ours, and lies where records do
    dialect = DIALECTS["occurrences" if layer == "context" else layer]
    spellings = {column.name: column.spellings for column in dialect}

    def heading(name: str) -> str | None:
        """The heading that stands for a column: the plan's, else the best known spelling."""
        theirs = columns.get(name)
        words = (plain(theirs),) if theirs else spellings[name]
        return next((headings[word] for word in words if word in headings), None)

    longitude, latitude = heading("longitude"), heading("latitude")
    if longitude is not None and latitude is not None:
        return longitude, latitude
    return heading("wkt")


def _points(
    table: pd.DataFrame, columns: Mapping[str, str], key: str, layer: str, crs: str
) -> tuple[Any, bool]:
    """The point of each row, from its longitude and latitude, else from its WKT, and whether it was moved."""
    place = _place_columns(list(table.columns), layer, columns)
    if isinstance(place, str):
        shapes = shapely.from_wkt(table[place].to_numpy(), on_invalid="ignore")
        is_moved = _is_in(crs, *shapely.bounds(shapes).T[:2])
        return projected(shapes, crs, LONLAT) if is_moved else shapes, is_moved
    if place is not None:
        x, y = (_degrees(table[heading]) for heading in place)
        is_moved = _is_in(crs, x, y)
        if is_moved:
            x, y = transformer(crs, LONLAT).transform(x, y)
        if layer != "context":  # which shows them as they are written
            table[[*place]] = np.column_stack([x, y])
        is_known = np.isfinite(x) & np.isfinite(y)
        points = np.full(len(table), None, dtype=object)
        points[is_known] = shapely.points(x[is_known], y[is_known])
        return points, is_moved
    what = Note("no coordinates known", {"names": in_short(table.columns, 12)})
    if (pair := _degrees_by_content(table)) is None:
        raise AdvisedError(what, "degrees wanted")
    lines = dict(zip(("longitude", "latitude"), pair, strict=True))
    raise AdvisedError(what, "degrees found", plan_lines(f"columns.{toml_key(key)}", **lines))


def _degrees_by_content(table: pd.DataFrame) -> tuple[str, str] | None:
    """The columns that look most like longitude and latitude, by their names and what is in them."""
    spans = {}
    for heading in table.columns:
        texts = table[heading].astype(str).str.strip()
        values = numbers(texts[texts != ""], of_degrees=True).to_numpy()
        if len(values) and np.isfinite(values).mean() > _MOSTLY_NUMBERS:
            spans[str(heading)] = float(np.nanmax(np.abs(values)))

    def best(words: Sequence[str], limit: float, taken_name: str) -> str:
        """Of the columns with numbers up to a limit the one whose name begins most like such a word."""
        fitting = [name for name in spans if spans[name] <= limit and name != taken_name]
        named = [name for word in words for name in fitting if plain(name).startswith(word)]
        return next(iter(named), "")

    y = best(("lat", "шир", "y", "север"), 90, "")
    if (x := best(("lon", "lng", "долг", "x", "вост"), 180, y)) and y:
        return x, y
    # without names that say so: of two columns of degrees, in this part of the world
    others = [name for name, span in spans.items() if span <= 180 and not _is_number(span)]
    if len(others) != 2:
        return None
    first, second = others
    return (first, second) if spans[first] > spans[second] else (second, first)


# A few rows of a table may lack their place.
_MOSTLY_NUMBERS: Final = 0.5


def _is_number(span: float) -> bool:
    """Whether the greatest of some numbers is a whole one, as of counts and years; degrees have parts."""
    return float(span).is_integer()


def _is_in(crs: str, x: Any, y: Any) -> bool:
    """Whether places are in the plan's system and not in ours; degrees are in none that has metres."""
    if same_crs(crs, LONLAT):
        return False
    return read_crs(crs).is_geographic or _are_metres(x, y)


def _are_metres(x: Any, y: Any) -> bool:
    """Whether most places are beyond all degrees: a plan's system is of files that need one."""
    far = (np.abs(x) > 360) | (np.abs(y) > 90)
    return bool(np.count_nonzero(far) > 0.5 * np.count_nonzero(np.isfinite(x)))


def _degrees(texts: pd.Series) -> Any:
    """Numbers from texts; degrees, minutes and seconds are one too: 42°30'15"N is 42.504167.

    Examples
    --------
    >>> _degrees(pd.Series(["42.5", "42°30'N", "W 57 12 30", "42,5° S", "42°70'", ""])).round(4).tolist()
    [42.5, 42.5, -57.2083, -42.5, nan, nan]
    >>> _degrees(pd.Series(["42˚30´N", "42.5 30", "42 30.5 10", "190°30'"])).round(4).tolist()
    [42.5, nan, nan, nan]
    """
    values = numbers(texts, of_degrees=True).to_numpy(copy=True)
    cells = texts.to_numpy()
    for row in np.flatnonzero(np.isnan(values)):
        if (match := _SEXAGESIMAL.fullmatch(str(cells[row]).strip().upper())) is None:
            continue
        before, sign, *parts, after = match.groups()
        degrees, minutes, seconds = (float((part or "0").replace(",", ".")) for part in parts)
        # a fraction ends a place: "42.5 30" is two numbers
        is_cut = any(
            "." in part.replace(",", ".") and later for part, later in pairwise(parts) if part
        )
        if minutes < 60 and seconds < 60 and degrees <= 180 and not is_cut:
            is_negative = sign in ("-", "−") or (before or after or "") in ("S", "W", "Ю", "З")
            size = degrees + minutes / 60 + seconds / 3600
            values[row] = -size if is_negative else size
    return values


_SEXAGESIMAL: Final = re.compile(
    r"([NSEWСЮВЗ])?\s*([-−+])?\s*(\d{1,3}(?:[.,]\d+)?)"
    r"(?:[°º˚:\s]+(\d{1,2}(?:[.,]\d+)?)(?:['′’´ʹ:\s]+(?:(\d{1,2}(?:[.,]\d+)?)(?:[\"″”]|''|’’|′′|´´|ʹʹ)?)?)?)?"
    r"[°º˚]?\s*([NSEWСЮВЗ])?"
)
"""A place in degrees, minutes and seconds, the side of the world before or behind, Latin or Cyrillic."""


# -- the dialects of text -------------------------------------------------------------------------


@contextmanager
def _sheet(path: Path) -> Iterator[_Sheet]:
    """The table of a file, or of the archive that it came in, open at its first row."""
    csv.field_size_limit(_LONGEST_LINE)
    try:
        with path.open("rb") as stream:
            if path.suffix.casefold() == ".zip":
                with zipfile.ZipFile(stream) as archive, _sheet_in(archive, path.name) as sheet:
                    yield sheet
            else:
                yield _sheet_of(_text(stream, path.stat().st_size))
    except csv.Error as error:
        raise InputError.of("no table", why=quoted(error)) from error


@contextmanager
def _sheet_in(archive: zipfile.ZipFile, file: str) -> Iterator[_Sheet]:
    """The table of an archive: what its `meta.xml` says is the core, else the largest."""
    members = {
        info.filename: info
        for info in archive.infolist()
        if not info.is_dir() and "__MACOSX" not in info.filename
    }
    if sum(info.file_size for info in members.values()) > _LARGEST:
        raise InputError.of("archive large")
    meta = next((name for name in members if Path(name).name.casefold() == _META), None)
    if meta is None:
        tables = [name for name in members if Path(name).suffix.casefold() in TABLES]
        # what is written about the data comes beside them: the largest table is the data
        name, encoding = max(tables, key=lambda name: members[name].file_size), ""
    else:
        core, events = _record_tables(archive, meta)
        name, encoding = _core_file(archive, core, meta), core.get("encoding", "utf-8")
    for part in (
        [name] if meta is None or events is None else [name, _core_file(archive, events, meta)]
    ):
        size, packed = members[part].file_size, members[part].compress_size
        if size > _LARGE and size > _MOST_RATIO * packed:
            raise InputError.of("zip bomb", file=file, mb=size / 1e6, kb=packed / 1e3)
    with archive.open(name) as stream:
        text = _text(stream, members[name].file_size, encoding)
        if meta is None:
            yield _sheet_of(text)
        elif events is None:
            yield _core_sheet(core, text)
        else:
            sheet = _core_sheet(core, text, is_keyed=True)
            yield sheet._replace(events=_event_rows(archive, events, meta))


def _event_rows(archive: zipfile.ZipFile, core: Any, meta: str) -> pd.DataFrame:
    """The events of an archive by their ids; what one does not say its parent does."""
    name = _core_file(archive, core, meta)
    with archive.open(name) as stream:
        size = archive.getinfo(name).file_size
        text = _text(stream, size, core.get("encoding", "utf-8"))
        sheet = _core_sheet(core, text, is_keyed=True)
        kept_columns = [at for at, heading in enumerate(sheet.headings) if heading]
        cells = _cells(sheet, kept_columns, MOST_ROWS)
    names = [sheet.headings[at] for at in kept_columns]
    events = pd.DataFrame(cells, columns=names, dtype=object).drop_duplicates(sheet.key)
    events = events.assign(**dict(sheet.constants)).set_index(sheet.key)
    above = events.get("parentEventID", pd.Series("", index=events.index))
    for _ in range(_MOST_LEVELS):
        of_parents = events.reindex(above).set_axis(events.index, axis=0).fillna("")
        events = events.where(events != "", of_parents)
        above = above.map(above).fillna("")
    return events


_MOST_LEVELS: Final = 3
"""A survey, its transects and their stops."""


_LARGEST: Final = 4_000_000_000
_MOST_RATIO: Final = 200
"""Tables of records shrink ten to thirty times when they are packed; a bomb a thousand times."""


def _text(stream: IO[bytes], size: int, encoding: str = "") -> io.TextIOWrapper:
    """Bytes as text: in the encoding that is said, else by its mark, else as it looks."""
    start = stream.read(size if size <= _LARGE else 200_000)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif not encoding:
        encoding = guessed_text(start.removeprefix(codecs.BOM_UTF8)).encoding
    if encoding.casefold().replace("_", "-") in ("utf-8", "utf8", "ascii", "us-ascii"):
        encoding = "utf-8-sig"
    if not is_written(start.decode(encoding, "replace")):
        raise InputError.of("no table", why=Note("no text inside"))
    stream.seek(0)
    content = io.BytesIO(start) if size <= _LARGE else stream
    return io.TextIOWrapper(content, encoding, errors="replace", newline="")


def _sheet_of(text: io.TextIOWrapper) -> _Sheet:
    """A table by itself: its separator is the sign that parts most headings."""
    lines = _lines(text)
    first = next(lines, "")
    if separator := re.fullmatch(r"sep=(.)\s*", first.casefold()):
        delimiter, first = separator[1], next(lines, "")
    else:
        delimiter = max(",;\t", key=lambda sign: len(next(csv.reader([first], delimiter=sign), [])))
    headings = next(csv.reader([first], delimiter=delimiter), [])
    # GBIF parts columns by tabs and quotes nothing: one inch sign would swallow the rows behind it
    is_of_gbif = delimiter == "\t" and plain(headings[0] if headings else "") == "gbifid"
    return _Sheet(text, delimiter, not is_of_gbif, headings, {})


def _record_tables(archive: zipfile.ZipFile, meta: str) -> tuple[Any, Any]:
    """What the `meta.xml` of a Darwin Core archive says of its records, and of their events if it has any.

    References
    ----------
    Darwin Core text guide, TDWG 2009. http://rs.tdwg.org/dwc/terms/guides/text/
    """
    with archive.open(meta) as stream:
        content = stream.read(_LONGEST_LINE)  # a few kilobytes, but of a bomb
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise InputError.of("meta with entities")
    try:
        return _tables_of(ElementTree.fromstring(content))
    except ElementTree.ParseError as error:
        raise InputError.of("meta no XML", why=quoted(error)) from error


def _core_file(archive: zipfile.ZipFile, core: Any, meta: str) -> str:
    """The member of an archive that holds its core."""
    name = next(
        (place.text or "" for place in core.iter() if _tag(place) == "location"), ""
    ).strip()
    member = meta.rsplit("/", 1)[0] + f"/{name}" if "/" in meta else name
    if member not in archive.namelist():
        raise InputError.of("meta names nothing", name=name or Note("meta no file"))
    return member


def _core_sheet(core: Any, text: io.TextIOWrapper, *, is_keyed: bool = False) -> _Sheet:
    """A table of a Darwin Core archive, written as its `meta.xml` says; with its column of ids, if wanted."""
    terms, constants = _terms_of(core)
    ids = (element for element in core if _tag(element) in ("id", "coreid"))
    key_at = next((int(element.get("index", "0")) for element in ids), 0)
    if is_keyed:
        terms.setdefault(key_at, "coreid")
    for _ in range(int(core.get("ignoreHeaderLines", "0") or 0)):
        next(_lines(text), "")
    delimiter = core.get("fieldsTerminatedBy", ",").replace("\\t", "\t")
    headings = [terms.get(at, "") for at in range(max(terms, default=-1) + 1)]
    has_quotes = core.get("fieldsEnclosedBy", '"') == '"'
    key = terms[key_at] if is_keyed else ""
    return _Sheet(text, delimiter[:1] or ",", has_quotes, headings, constants, key)


def _tag(element: Any) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rsplit("}", 1)[-1]


def _tables_of(root: Any) -> tuple[Any, Any]:
    """The table of occurrences that a `meta.xml` describes, and the core of events that it extends, if any."""
    kinds = {
        element: element.get("rowType", "").rsplit("/", 1)[-1]
        for element in root.iter()
        if _tag(element) in ("core", "extension")
    }
    tables = [element for element, kind in kinds.items() if kind.casefold() == "occurrence"]
    if not tables:
        cores = [kind for element, kind in kinds.items() if _tag(element) == "core"]
        kind = (cores[0] if cores else "") or Note("nothing")
        raise InputError.of("archive of another kind", kind=kind)
    is_event = {element: kind.casefold() == "event" for element, kind in kinds.items()}
    events = next((core for core in kinds if _tag(core) == "core" and is_event[core]), None)
    return tables[0], events


def _terms_of(core: Any) -> tuple[dict[int, str], dict[str, str]]:
    """The term of each column of a core, and the terms that have one value in all of its rows."""
    terms: dict[int, str] = {}
    constants: dict[str, str] = {}
    for element in core.iter():
        term = element.get("term", "").rsplit("/", 1)[-1]
        if _tag(element) == "field" and element.get("index") is not None:
            terms[int(element.get("index", "0"))] = term
        elif _tag(element) == "field" and element.get("default"):
            constants[term] = element.get("default", "")
    return terms, constants
