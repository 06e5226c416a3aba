"""A rehearsal: a dozen files with the usual human damage, and whether the loop catches each of it."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pandas as pd
import shapely
from shapely.affinity import scale, translate

from cami_units import store
from cami_units.commands.collect import Collected, collect, next_directory, write_collected
from cami_units.commands.decide import decided_round
from cami_units.commands.pack import pack
from cami_units.commands.round_files import allocation, groups_in
from cami_units.documents.collect_report import row_said
from cami_units.kml import rehearsal as draw
from cami_units.model import (
    InputError,
    Progress,
    Round,
    answer_said,
    clean_name,
    quiet,
    records,
    with_aside,
)

# So many the script of damages gives parts to: five groups, eight units of the first, some of the
# rest.
_LEAST_GROUPS: Final = 5
_LEAST_UNITS: Final = 14
_LEAST_OF_LARGEST: Final = 8


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing done to a file, and the line of a report that must tell of it.

    `table` is the report ("changes", "conflicts", "problems", "files"); `line` what its columns
    must hold, as a part of their text.
    """

    file: str
    done: str
    table: str
    line: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Caught:
    """A damage, and the line that told of it; empty where none did."""

    damage: Damage
    line: str


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a rehearsal gave: what was caught, the round it made, and where all of it is."""

    caught: tuple[Caught, ...]
    collected: Collected
    folder: Path
    handed_in: Path
    next_round: Path


def rehearse(base_dir: Path, folder: Path, *, progress: Progress = quiet) -> Rehearsed:
    """Pack a round, fabricate ten damaged files of its groups, collect them, and look what was told.

    Parameters
    ----------
    base_dir : Path
        A round with at least five groups that have units.
    folder : Path
        A new folder: ``pack``, ``handed-in`` and the next round go there.

    Raises
    ------
    InputError
        The round has too few groups or units, or the folder cannot be written.
    """
    base = decided_round(base_dir)
    # before anything is packed: a folder that is no longer empty could not be named again
    counts = allocation(base, groups_in(base))["group"].value_counts()
    _check_size(counts.tolist())
    packed = pack(base_dir, folder / "pack", progress=progress)
    kmz = {
        str(group): draw.handed_out(packed.directory / str(group) / f"edit_{group}.kmz")
        for group in packed.allocation["group"].value_counts().index
    }
    progress("spoiling a dozen files", 0, 0)
    files, damages = fabricated(kmz, base)
    handed_in = folder / "handed-in"
    store.write_folder(handed_in, files)
    collected = collect(
        [handed_in], base, base_dir=base_dir, pack=packed.directory, progress=progress
    )
    target = folder / next_directory(base_dir, base).name
    write_collected(collected, target, progress=progress)
    caught = tuple(Caught(damage, _told(damage, collected)) for damage in damages)
    return Rehearsed(caught, collected, folder, handed_in, target)


def check_rehearsal(folder: Path) -> None:
    """Refuse a folder that holds something, before anything is computed.

    Raises
    ------
    InputError
        It is a file, or not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError.of("folder not empty", folder=str(folder))


def fabricated(
    kmz: Mapping[str, bytes], base: Round
) -> tuple[dict[str, bytes], tuple[Damage, ...]]:
    """Ten files as groups hand them in, and everything that is wrong with them.

    Parameters
    ----------
    kmz : mapping
        The editable KMZ of each group, the group with the most units first.
    base : Round
        The round they were packed from.

    Raises
    ------
    InputError
        There are too few groups with units, or too few units.
    """
    ids = {group: draw.unit_ids(content) for group, content in kmz.items()}
    groups = [group for group in kmz if ids[group]]
    _check_size([len(ids[group]) for group in groups])
    script = _Script()
    first, second, third, fourth, fifth = groups[:5]
    _everyday(script, first, kmz[first], ids[first])
    _resaved(script, second, kmz[second], ids[second])
    _careless(script, third, kmz, first)
    _in_mail(script, fourth, kmz[fourth], ids[fourth])
    _zipped(script, fifth, kmz[fifth], ids[fifth])
    _same_group_twice(script, fifth, kmz[fifth], ids[fifth])
    if len(groups) > 5:
        _on_the_page(script, groups[5], kmz[groups[5]], ids[groups[5]])
    _hopeless(script, kmz[first])
    return script.files, tuple(script.damages)


def _check_size(counts: Sequence[int]) -> None:
    """Refuse a round with too few groups, or too few units in them; the largest group is the first."""
    if len(counts) < _LEAST_GROUPS or sum(counts) < _LEAST_UNITS or counts[0] < _LEAST_OF_LARGEST:
        least = {"least": _LEAST_UNITS, "least_groups": _LEAST_GROUPS, "most": _LEAST_OF_LARGEST}
        facts = {"count": sum(counts), "n_groups": len(counts), **least}
        raise InputError.of("too few to rehearse", **facts)


class _Script:
    """Files and damages as they are made."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.damages: list[Damage] = []

    def expect(self, file: str, done: str, table: str, /, **line: str) -> None:
        self.damages.append(Damage(file, done, table, line))


def _everyday(script: _Script, group: str, kmz: bytes, ids: list[str]) -> None:
    """What groups are asked to do, and what they do instead: one file, eight units and more."""
    file = f"edit_{group}.kmz"
    around = draw.outline(kmz, ids[0])
    # well inside the unit, so that it cannot be taken for a change of its edge
    hole = around.representative_point().buffer(0.05, quad_segs=2)
    # one edit a unit: two on one would hide which of them was caught
    content = draw.edited(
        kmz,
        draw.renamed(ids[0], f"{ids[0]} Ворота снежного барса"),
        draw.stripped(ids[1]),
        draw.copied(ids[2], 1.5, 0.5),
        draw.halved(ids[3]),
        draw.swallowed(ids[4], ids[5]),
        draw.twisted(ids[6]),
        draw.deleted(ids[7]),
        *([draw.as_path(ids[8])] if len(ids) > 8 else []),
        *([draw.rejected(ids[9], "no animals since 2005")] if len(ids) > 9 else []),
        *([draw.commented(ids[10], "extend to the river")] if len(ids) > 10 else []),
        *([draw.grown(ids[11], 0.5)] if len(ids) > 11 else []),
        draw.drawn("Untitled Polygon", hole, "2 "),
        draw.drawn("fence here", around.representative_point(), "4 ", "built in 2019"),
    )
    script.files[file] = draw.packed(doc__kml=content)
    expect = partial(script.expect, file)
    expect("name retyped, in Cyrillic", "changes", unit_id=ids[0], change="renamed", group=group)
    expect("drawn anew: id, data and name lost", "changes", unit_id=ids[1], matched_by="overlap")
    expect("a unit copied", "conflicts", unit_id=ids[2], facts="claimed twice")
    expect("a unit split in two under one id", "changes", unit_id=ids[3], change="split")
    expect("its pieces", "changes", unit_id=f"{ids[3]}b", change="new")
    expect("two units merged", "changes", unit_id=ids[5], change="merged")
    expect("a ring that crosses itself", "problems", placemark=ids[6], kind="crossed itself")
    expect("a unit deleted", "changes", unit_id=ids[7], change="deleted")
    if len(ids) > 8:
        expect("a path instead of a polygon", "problems", placemark=ids[8], kind="closed path")
    if len(ids) > 9:
        expect("a unit rejected", "changes", unit_id=ids[9], change="rejected", note="2005")
    if len(ids) > 10:
        expect("a comment", "changes", unit_id=ids[10], change="commented", note="river")
    if len(ids) > 11:
        expect("a unit made smaller", "changes", unit_id=ids[11], change="reshaped")
    expect("Untitled Polygon, a hole drawn as one", "problems", kind="inside a unit")
    expect("a pin", "remarks", text="built in 2019", kind="pin")


def _resaved(script: _Script, group: str, kmz: bytes, ids: list[str]) -> None:
    """Opened in Google Earth and saved as "My Places": nothing was changed."""
    file = f"edit_{group}.kml"
    script.files[file] = draw.edited(kmz, draw.resaved, draw.wrapped("My Places"))
    for unit_id in ids:
        script.expect(file, "re-saved as My Places", "changes", unit_id=unit_id, change="kept")


def _careless(script: _Script, group: str, kmz: Mapping[str, bytes], group_there: str) -> None:
    """Shapes where they should not be."""
    file = f"edit_{group}.kmz"
    theirs = draw.unit_ids(kmz[group_there])[0]
    moved_unit = translate(draw.outline(kmz[group_there], theirs), 0.4, 0.0)
    far = draw.outline(kmz[group_there], draw.unit_ids(kmz[group_there])[2])
    spot = far.representative_point()
    neighbour = draw.unit_ids(kmz[group_there])[1]
    smaller = scale(draw.outline(kmz[group_there], neighbour), 0.7, 0.7)
    content = draw.edited(
        kmz[group],
        draw.neighbour_drawn(neighbour, smaller),
        draw.drawn(f"{theirs} better like this", moved_unit, "2 "),
        draw.drawn("our idea", spot.buffer(0.3, quad_segs=3), "2 "),
        draw.drawn("all of Mongolia", shapely.Point(103, 46).buffer(5, quad_segs=10), "2 "),
        draw.drawn("axes swapped", shapely.box(44, 79, 45, 80.5), "2 "),
        draw.drawn("beyond", shapely.box(200, 40, 201, 41), "2 "),
        draw.drawn("over the date line", _across_the_date_line(), "2 "),
        draw.reordered,
    )
    script.files[file] = draw.packed(doc__kml=content)
    expect = partial(script.expect, file)
    expect("another group's unit moved", "conflicts", unit_id=theirs, groups=group)
    expect(
        "another group's unit drawn in the evidence",
        "conflicts",
        unit_id=neighbour,
        groups=group,
        kind="another group's unit",
    )
    expect("a shape outside the section", "conflicts", groups=group, kind="outside the section")
    expect("a blob over half of Mongolia", "problems", placemark="Mongolia", kind="too large")
    expect("longitude and latitude swapped", "problems", placemark="axes swapped", kind="far away")
    expect("coordinates beyond ±180", "problems", placemark="beyond", kind="longitudes past 180")
    expect(
        "a shape over the 180° meridian",
        "problems",
        placemark="date line",
        kind="cut at the meridian",
    )
    expect("folders re-ordered", "files", file=file, group=group, refused="")


def _across_the_date_line() -> Any:
    """A box over the 180° meridian, as somebody would draw it by mistake."""
    ring = [(179, 66), (-179, 66), (-179, 67), (179, 67), (179, 66)]
    return shapely.Polygon(ring)


def _in_mail(script: _Script, group: str, kmz: bytes, ids: list[str]) -> None:
    """One folder pasted into an e-mail; rings left open, points repeated, altitudes."""
    file = f"mail_from_{group}.eml"
    content = draw.edited(
        kmz,
        draw.respelt(ids[0], lambda points: points[:-1]),
        draw.respelt(ids[1 % len(ids)], _with_altitudes),
        draw.nested(ids[-1]),
        draw.only("2 "),
    )
    script.files[file] = draw.in_a_mail(content)
    expect = partial(script.expect, file)
    expect("KML pasted into an e-mail", "problems", file=file, kind="cut out of a mail")
    expect("a ring that was not closed", "problems", placemark=ids[0], kind="ring closed")
    expect("altitudes", "problems", file=file, kind="altitudes")
    expect("points repeated", "changes", unit_id=ids[1 % len(ids)], change="kept")
    expect("a MultiGeometry in another", "changes", unit_id=ids[-1], change="kept")


def _with_altitudes(points: list[str]) -> list[str]:
    """Points with an altitude, and each of them twice."""
    high = [",".join(point.split(",")[:2]) + ",1250.5" for point in points]
    return [point for point in high for _ in range(2)]


def _zipped(script: _Script, group: str, kmz: bytes, ids: list[str]) -> None:
    """A KMZ renamed .zip, without doc.kml, two KML in it; the encoding is not what it says."""
    file = f"edit_{group}.zip"
    notes = draw.edited(
        kmz, draw.drawn("Каскыр", shapely.Point(70, 45), "4 ", "волки"), draw.only("4 ")
    )
    # the header goes on saying UTF-8: so does Windows when a text editor saves "ANSI"
    spelt = notes.decode("utf-8").encode("cp1251", "xmlcharrefreplace")
    by_recipe = _split_by_recipe(kmz, ids[1]) if len(ids) > 1 else ()
    by_recipe += _merged_by_recipe(kmz, ids[2], ids[3]) if len(ids) > 3 else ()
    units = draw.edited(kmz, draw.grown(ids[0], 1.2), *by_recipe, draw.only("2 "))
    old = draw.with_namespace(units, "http://earth.google.com/kml/2.1")
    script.files[file] = draw.packed(units__kml=b"\xef\xbb\xbf" + old, notes__kml=spelt)
    expect = partial(script.expect, file)
    expect(
        "a KMZ renamed .zip, several KML, no doc.kml",
        "files",
        file=f"{file}/units.kml",
        group=group,
    )
    expect("Windows-1251 under a UTF-8 header", "problems", file=file, kind="encoding")
    expect("Cyrillic kept", "remarks", text="волки")
    expect("KML 2.1 with a byte order mark", "changes", unit_id=ids[0], change="reshaped")
    if len(ids) > 1:
        expect("split as the how-to page says", "changes", unit_id=ids[1], change="split")
    if len(ids) > 3:
        expect("merged as the how-to page says", "changes", unit_id=ids[3], change="merged")


def _split_by_recipe(kmz: bytes, cu_id: str) -> tuple[draw.Edit, ...]:
    """The new part drawn, and the old one pulled back from it."""
    outline = draw.outline(kmz, cu_id)
    west, south, east, north = outline.bounds
    middle = outline.centroid.x
    halves = [
        max(shapely.get_parts(outline & shapely.box(*box)), key=lambda part: part.area)
        for box in ((west, south, middle, north), (middle, south, east, north))
    ]
    return draw.drawn_as(cu_id, halves[0]), draw.drawn("the eastern part", halves[1], "2 ")


def _merged_by_recipe(kmz: bytes, cu_id: str, mate: str) -> tuple[draw.Edit, ...]:
    """One outline drawn over both, and an X before the other."""
    both = shapely.union(draw.outline(kmz, cu_id), draw.outline(kmz, mate)).convex_hull
    return draw.drawn_as(cu_id, both), draw.rejected(mate, "one landscape")


def _same_group_twice(script: _Script, group: str, kmz: bytes, ids: list[str]) -> None:
    """The same group hands in a second file, with another outline of the same unit."""
    file = f"edit_{group}_final.kmz"
    content = draw.edited(kmz, draw.grown(ids[0], 0.7), draw.loose(*ids[:1]))
    script.files[file] = draw.packed(doc__kml=content)
    script.expect(
        file, "the same group twice", "conflicts", unit_id=ids[0], kind="same group twice"
    )
    script.expect(file, "the same group twice", "problems", file=file, kind="second file")


def _on_the_page(script: _Script, group: str, kmz: bytes, ids: list[str]) -> None:
    """Drawn in the browser: facts that the ground would not tell, and a tick that will turn out otherwise."""
    if len(ids) < 3:
        return
    file = f"edit_{group}.kml"
    shrunk, taker, gone = ids[:3]
    script.files[file] = draw.edited(
        kmz,
        draw.only("2 "),
        draw.grown(shrunk, 0.9),
        draw.stated(shrunk, ticks="G1=open"),
        draw.stated(taker, merged_from=gone),
        draw.deleted(gone),
        *([draw.stated(ids[3], rejected="yes", reason="flooded")] if len(ids) > 3 else []),
    )
    expect = partial(script.expect, file)
    tick = {"kind": "tick otherwise", "facts": f'"unit_id": "{shrunk}"'}
    expect("a tick that turned out otherwise", "problems", **tick)
    merge = {"unit_id": gone, "change": "merged", "matched_by": "cu_id"}
    expect("a merge that is told, not seen", "changes", **merge)
    if len(ids) > 3:
        reject = {"unit_id": ids[3], "change": "rejected", "note": "flooded"}
        expect("a unit rejected on the page", "changes", **reject)


def _hopeless(script: _Script, kmz: bytes) -> None:
    """Files that cannot or must not be read: each is refused, and none stops the others."""
    wrong = draw.edited(kmz, draw.only("3 "))
    hopeless: dict[str, tuple[bytes, str, str]] = {
        "evidence.kml": (wrong, "the wrong folder saved", "nothing drawn"),
        "truncated.kmz": (kmz[: len(kmz) // 2], "a file cut off", "archive damaged"),
        "empty.kmz": (b"", "an empty file", "file empty"),
        "entities.kml": (_BOMB, "an entity bomb", "document type"),
        "slip.kmz": (_slip(), "a path out of the archive", "entry points out"),
    }
    for file, (content, done, key) in hopeless.items():
        script.files[file] = content
        # by the key of its note: the sentence is in the language of the round
        script.expect(file, done, "problems", file=file, facts=f'"{key}"')


_BOMB: Final = (
    b'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">'
    b'<!ENTITY c SYSTEM "file:///etc/passwd">]><kml><Document><name>&b;&c;</name></Document></kml>'
)


def _slip() -> bytes:
    """An archive whose member would land outside of the folder."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        # the first date that a zip can hold: no clock in what is fabricated
        archive.writestr(zipfile.ZipInfo("../../doc.kml", (1980, 1, 1, 0, 0, 0)), b"<kml/>")
    return buffer.getvalue()


# -- what was told --------------------------------------------------------------------------------


def _told(damage: Damage, collected: Collected) -> str:
    """The line of a report that tells of a damage, in words; empty where there is none."""
    table = _tables(collected)[damage.table]
    lang = collected.round.imprint.languages[0]
    for row in records(table):
        if all(_holds(row[column], part) for column, part in damage.line.items()):
            said = {**row_said(row, lang), "default": _default_said(row.get("default"), lang)}
            cells = (clean_name(said.get(column)) for column in _LINES[damage.table])
            return " · ".join(filter(None, cells))
    return ""


def _default_said(default: object, lang: str) -> str:
    """A default in words; what people would type for it stands behind, where that is another word."""
    word = clean_name(default)
    said = answer_said(word, lang)
    return said if said.casefold() in (word.casefold(), "") else with_aside(said, word, lang)


def _holds(value: object, part: str) -> bool:
    """Whether a value says so; an empty part asks for an empty value."""
    text = clean_name(value)
    return part in text if part else not text


def _tables(collected: Collected) -> dict[str, pd.DataFrame]:
    """What a collect told, by table."""
    files = pd.DataFrame(
        [{"file": f.file, "group": f.group, "refused": f.refused} for f in collected.files]
    )
    return {
        "changes": collected.changes,
        "conflicts": collected.conflicts,
        "problems": collected.problems,
        "remarks": pd.DataFrame(collected.remarks.drop(columns="geometry")),
        "files": files,
    }


_LINES: Final[Mapping[str, tuple[str, ...]]] = {
    "changes": ("unit_id", "change", "matched_by", "group", "note"),
    "conflicts": ("unit_id", "groups", "what", "default"),
    "problems": ("file", "placemark", "what", "assumed"),
    "remarks": ("group", "kind", "text"),
    "files": ("file", "group"),
}
