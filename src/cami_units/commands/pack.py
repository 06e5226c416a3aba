"""Packs: a folder for each working group, one for plenary, one with everything."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely

from cami_units import __version__, cache, figures, kml, store, webmap, words, workshop
from cami_units.commands.decide import decided_round
from cami_units.commands.draw_map import DrawingGround, ground_of_round, group_page
from cami_units.commands.figures import POSTER
from cami_units.commands.round_files import (
    PACK_FILE,
    PROJECT,
    allocation,
    groups_in,
    known_activities,
    products,
    qgis_project,
    workshop_rules,
)
from cami_units.commands.shown_round import (
    all_context,
    annotated_layers,
    drawing_keys,
    drawn_scene,
    kept_pieces,
    legend_png,
    published,
    seasonal_parts,
    spoken_layers,
    without_persons,
)
from cami_units.documents.group_form import write_form
from cami_units.documents.html_pages import write_howto
from cami_units.model import (
    ROUND_LAYERS,
    InputError,
    Note,
    Problem,
    Progress,
    Round,
    check_arguments,
    frames_on_globe,
    in_short,
    narrowest_bounds,
    nearest_note,
    problem_of,
    quiet,
    records,
    widened,
)
from cami_units.plan import Plan
from cami_units.scene import Scene, light_context, shown_units
from cami_units.words.finding_sentences import with_languages
from cami_units.words.unit_card import unit_cards

MOST_BYTES: Final = 200_000_000
"""A folder of a pack fits on any stick and goes through any mail room in one piece."""
AROUND_DEGREES: Final = 2.0
"""How far around its sections and units a group sees the evidence."""


@dataclass(frozen=True, slots=True)
class Packed:
    """What was packed: who owns which unit and who edits which, what was noticed, the files with their sizes."""

    directory: Path
    allocation: pd.DataFrame
    units: Mapping[str, Sequence[str]]
    problems: tuple[Problem, ...]
    files: Mapping[str, int]


def pack(
    directory: Path,
    out: Path | None = None,
    *,
    plan: Plan | None = None,
    progress: Progress = quiet,
) -> Packed:
    """Make the packs of a round.

    Parameters
    ----------
    directory : Path
        The folder of the round that is handed out: the base of what comes back.
    out : Path, optional
        Where to; ``None``: ``pack`` beside the round. Packs that are there are replaced, as long
        as nobody has changed or added a file in them.
    plan : Plan, optional
        A plan whose ``[workshop.groups]`` count instead of those the round was made with.

    Raises
    ------
    InputError
        A group asks for a section that is not there, or the folder holds something that would be
        lost.
    """
    base_round = decided_round(directory)
    groups = groups_of(base_round, plan)
    allocated = allocation(base_round, groups)
    target = out or directory.resolve().parent / "pack"
    _check_replaceable(target)
    languages = languages_of(base_round, groups, plan)
    first = base_round.imprint.languages[0]
    shared = _Shared(base_round, allocated, known_activities(directory))
    problems = _unowned(base_round, groups)
    if "ranges_used" not in base_round.tables:
        problems.append(problem_of("note", "pack", "", "", Note("no drawing pages", level="note")))
    with kept_pieces(directory), store.staging(target, replace=True) as folder:
        key_of = drawing_keys(base_round)
        for number, (group, sections) in enumerate(groups.items()):
            progress("packing for groups", number, len(groups))
            own = languages[group]
            content = key_of(allocated, group, sections, own, shared.activities, dict(groups))
            write = partial(_write_group, folder / group, shared, group, sections, own)
            problems += cache.kept_files("group", content, folder / group, write)
        progress("packing everything", 0, 0)
        everything = folder / "everything"
        write_all = partial(_write_everything, everything, shared)
        problems += cache.kept_files("everything", key_of(), everything, write_all)
        progress("packing for plenary", 0, 0)
        _write_plenary(folder / "plenary", everything, shared, first, key_of(first, POSTER))
        store.write_json(folder / PACK_FILE, _about(base_round, groups, allocated))
        _check_names(path.name for path in folder.rglob("*"))
        files = store.write_sums(folder)
    problems += _too_heavy(files)
    units = workshop.units_in_packs(allocated, groups)
    return Packed(target, allocated, units, tuple(problems), files)


@dataclass(frozen=True)
class _Shared:
    """What the folders of a pack have in common, each part made when a folder wants it."""

    base_round: Round
    allocated: pd.DataFrame
    activities: pd.DataFrame | None
    scenes: dict[str, Scene] = field(default_factory=dict)
    all_cards: dict[str, pd.DataFrame] = field(default_factory=dict)
    translated: dict[tuple[str, ...], Mapping[str, pd.DataFrame]] = field(default_factory=dict)

    @cached_property
    def public(self) -> Round:
        """The round as it may be handed to anybody."""
        return published(self.base_round)

    @cached_property
    def everyone(self) -> gpd.GeoDataFrame:
        """All units with the group that edits each."""
        return _spatial(self.public, "conservation_units").merge(self.allocated, on="unit_id")

    @cached_property
    def titles(self) -> dict[str, dict[str, str]]:
        """What each section is called, by language."""
        table = self.public.tables.get("sections")
        return {
            str(row["section_id"]): {lang: words.name_in(row, lang) for lang in words.LANGUAGES}
            for row in ([] if table is None else records(table))
        }

    @cached_property
    def ground(self) -> DrawingGround | None:
        """What drawing pages measure on; None for a round that came without its ranges."""
        return ground_of_round(self.base_round) if "ranges_used" in self.base_round.tables else None

    def scene(self, lang: str) -> Scene:
        """What figures draw, in a language."""
        if lang not in self.scenes:
            self.scenes[lang] = drawn_scene(self.base_round, lang=lang)
        return self.scenes[lang]

    def cards(self, lang: str, units: pd.DataFrame) -> pd.DataFrame:
        """What some units say of themselves in a language: all do at once, as one table."""
        if lang not in self.all_cards:
            tables = self.public.tables
            self.all_cards[lang] = unit_cards(tables, tables["species"], lang=lang)
        cards = self.all_cards[lang]
        return cards[cards["unit_id"].isin(units["unit_id"])]

    def tables_in(self, languages: tuple[str, ...]) -> Mapping[str, pd.DataFrame]:
        """What may be handed to anybody, its sentences in some languages."""
        if languages not in self.translated:
            self.translated[languages] = with_languages(self.public.tables, languages)
        return self.translated[languages]


def groups_of(base_round: Round, plan: Plan | None = None) -> dict[str, tuple[str, ...]]:
    """The working groups with their sections: the plan's, else one a section, named after it.

    Raises
    ------
    InputError
        With everything at once that is wrong with the names of the groups, or a section that a
        group asks for is not there.
    """
    groups = groups_in(base_round)
    if plan:
        groups = workshop.groups_of(plan.workshop.groups, base_round.tables.get("sections"))
    if faults := workshop.group_name_faults(groups):
        raise InputError.of("groups cannot be packed for", clauses=faults)
    return groups


def languages_of(
    base_round: Round, groups: Collection[str], plan: Plan | None = None
) -> dict[str, tuple[str, ...]]:
    """The languages of each group's pack, its own first, then those of the round.

    Raises
    ------
    InputError
        ``[workshop.languages]`` names a group that is not there.
    """
    own = plan.workshop.languages if plan else workshop_rules(base_round).get("languages", {})
    if faults := workshop.language_faults(own, groups):
        raise InputError(faults[0])
    others = base_round.imprint.languages
    return {
        group: tuple(dict.fromkeys((*([own[group]] if group in own else []), *others)))
        for group in groups
    }


def _spatial(base_round: Round, name: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(base_round.tables[name])


def _unowned(base_round: Round, groups: Mapping[str, Sequence[str]]) -> list[Problem]:
    """A note on sections that were given to no group."""
    given_sections = {section for of_group in groups.values() for section in of_group}
    sections = base_round.tables.get("sections", pd.DataFrame({"section_id": []}))
    if not (left := sorted(set(map(str, sections["section_id"])) - given_sections)):
        return []
    note = Note("sections of no group", {"names": in_short(left)}, "note")
    return [problem_of("note", "pack", "", "", note)]


# -- folders --------------------------------------------------------------------------------------


def _write_group(
    folder: Path, shared: _Shared, group: str, sections: Sequence[str], languages: tuple[str, ...]
) -> list[Problem]:
    """Write the folder of one group; what had to be left out of its KMZ."""
    spoken_imprint = replace(shared.public.imprint, languages=languages)
    public = replace(shared.public, imprint=words.imprint_in(spoken_imprint, languages[0]))
    imprint, species = public.imprint, public.tables["species"]
    own_units, others = _own_and_others(shared, group, sections)
    spoken_tables = shared.tables_in(languages)
    near = _near(replace(public, tables=spoken_tables), own_units, sections)
    cards = {lang: shared.cards(lang, own_units) for lang in imprint.languages}
    # what a map says of the units of other groups it says of none of its own
    of_units: Any = {
        name: table[table["unit_id"].isin(own_units["unit_id"])]
        for name in ("unit_criteria", "unit_species", "unit_countries", "sensitivity")
        if (table := spoken_tables.get(name)) is not None
    }
    lang = imprint.languages[0]
    mine = kml.Pack(group=group, neighbours=others)
    earth = kml.earth_writers(
        own_units,
        cards=cards[lang],
        imprint=imprint,
        lang=lang,
        layers=spoken_layers(near, lang) | seasonal_parts(shared.base_round),
        species=species,
        pack=mine,
        legend=partial(legend_png, lang=lang),
    )
    problems = [
        *earth["earth-pro"](folder / f"edit_{group}.kmz"),
        *earth["earth-web"](folder / f"edit_{group}_web.kmz"),
    ]
    sheet = webmap.write_map(
        folder / f"map_{group}.html",
        own_units,
        cards=cards,
        imprint=imprint,
        layers=near,
        species=species,
        lang=lang,
        **of_units,
    )
    if shared.ground is not None:
        page = group_page(group, own_units, others, shared.ground, public, sheet)
        page.save(folder / f"draw_{group}.html")
    if sections:
        figures.write_pages(
            folder / f"map_{group}.pdf",
            (figures.section_sheet(shared.scene(lang), name) for name in sections),
        )
    # what plenary has taken away stands in no list to fill in: the map keeps it, hidden
    standing = shown_units(own_units)
    write_form(
        folder / f"form_{group}.xlsx",
        standing,
        imprint=imprint,
        group=group,
        activities=shared.activities,
    )
    for language in imprint.languages:
        write_howto(
            folder / f"howto_{group}_{language}.html",
            standing,
            imprint=imprint,
            group=group,
            sections=[f"{name} {shared.titles[name][language]}" for name in sections],
            paper=bool(sections),
            lang=language,
        )
    return problems


def _own_and_others(
    shared: _Shared, group: str, sections: Sequence[str]
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """The units that a group edits, and those of the others that are still there."""
    everyone = shared.everyone
    ids = workshop.units_in_packs(shared.allocated, {group: sections})[group]
    in_pack = everyone["unit_id"].isin(ids)
    own_units = everyone[in_pack].reset_index(drop=True)
    others = everyone[~in_pack]
    return own_units, shown_units(others).reset_index(drop=True)


def draw_map(base_round: Round, *, group: str) -> webmap.DrawingPage:
    """The page on which a working group draws, with the verdict beside its outlines.

    Parameters
    ----------
    base_round : Round
        The round that is handed out, with its ranges.
    group : str
        A working group of its plan, such as "S1".

    Returns
    -------
    DrawingPage
        It shows itself in a notebook; ``.save("draw_S1.html")`` writes the one file that `pack`
        puts beside the group's KMZ. What it saves, ``edit_S1.kml``, is read by `collect`.

    Raises
    ------
    InputError
        There is no such group, or the round came without its ranges.
    """
    check_arguments(draw_map, locals())
    groups = groups_of(base_round)
    if group not in groups:
        facts = {"hint": nearest_note(group, groups), "names": in_short(groups, 20)}
        raise InputError.of("group unknown", group=group, **facts)
    shared = _Shared(base_round, allocation(base_round, groups), None)
    public, species = shared.public, shared.public.tables["species"]
    own_units, others = _own_and_others(shared, group, groups[group])
    near = _near(public, own_units, groups[group])
    sheet = webmap.drawn_sheet(own_units, near, imprint=public.imprint, species=species)
    return group_page(group, own_units, others, ground_of_round(base_round), public, sheet)


def _near(
    public: Round, own_units: gpd.GeoDataFrame, sections: Sequence[str]
) -> dict[str, gpd.GeoDataFrame]:
    """The layers around a group's sections and units; borders and countries stay whole."""
    mine = _spatial(public, "sections") if sections else _spatial(public, "countries").iloc[:0]
    mine = mine[mine["section_id"].isin(sections)] if sections else mine
    # a unit may reach out of every section; where there is neither, it is about the states
    about = [*mine.geometry, *own_units.geometry] or [*_spatial(public, "countries").geometry]
    seen = narrowest_bounds(about)
    assert seen is not None  # no round is without states
    reach = widened(seen, AROUND_DEGREES)
    frame = shapely.union_all([shapely.box(*one) for one in frames_on_globe(reach)])
    shapely.prepare(frame)
    near = {}
    for name in ROUND_LAYERS:
        table = public.tables.get(name)
        if not isinstance(table, gpd.GeoDataFrame):
            continue
        if name not in ("countries", "borders", "disputed"):
            table = _parts_in(table, frame, name)
        near[name] = table
    around = {name: _parts_in(table, frame, name) for name, table in all_context(public).items()}
    near = annotated_layers(near, public.tables) | dict(light_context(around))
    if sections:
        near["sections"] = mine.reset_index(drop=True)
    return near


def _parts_in(table: gpd.GeoDataFrame, frame: Any, name: str) -> gpd.GeoDataFrame:
    """The rows that reach into a frame; of a species' range the parts that do, whole."""
    if name == "features":
        shapes = [_parts(shape, frame) for shape in table.geometry]
        table = table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs))
        return table[~table.is_empty].reset_index(drop=True)
    is_near = shapely.intersects(frame, table.geometry.to_numpy())
    # the very table, of which things are known
    return table if is_near.all() else table[is_near].reset_index(drop=True)


def _parts(shape: Any, frame: Any) -> Any:
    """The parts of a shape that reach into a frame."""
    parts = shapely.get_parts(shape)
    near = parts[shapely.intersects(frame, parts)]
    if len(near) == len(parts):  # the very shape, of which things are known
        return shape
    return near[0] if len(near) == 1 else shapely.multipolygons(near)


def _write_everything(folder: Path, shared: _Shared) -> list[Problem]:
    """Write the folder with all units, for whoever leads the workshop; what had to be left out."""
    problems: list[Problem] = []
    for name, write in products(shared.base_round, noticed=problems).items():
        write(folder / name)
    # packs are passed on: what somebody asked or remarked stays in the round
    public = replace(shared.public, tables=without_persons(shared.public.tables))
    store.write_geopackage(folder / store.GEOPACKAGE, public)
    qgis_project(public)(folder / PROJECT)
    return problems


def _write_plenary(
    folder: Path, everything: Path, shared: _Shared, lang: str, content: Sequence[bytes]
) -> None:
    """What the projector and the printer in the plenary hall need; `content` is what its poster hangs on."""
    folder.mkdir()
    for name in ("units.kmz", "units_web.kmz", "units.xlsx"):
        store.copy_of(everything / f"conservation_{name}")(folder / name)
    store.copy_of(everything / "map.html")(folder / "map.html")

    def draw(path: Path) -> None:
        """Draw the poster."""
        figures.write_figure(path, figures.poster(shared.scene(lang)))

    cache.kept_file("figure", content, draw)(folder / "poster.pdf")


def _about(
    base_round: Round, groups: Mapping[str, Sequence[str]], allocated: pd.DataFrame
) -> dict[str, Any]:
    """What the packs are, for whoever reads them back: base round, groups, who edits what."""
    return {
        "version": __version__,
        "round": base_round.imprint.number,
        "title": base_round.imprint.title,
        "date": base_round.imprint.date,
        "groups": {group: list(sections) for group, sections in groups.items()},
        "units": dict(zip(allocated["unit_id"], allocated["group"], strict=True)),
    }


# -- names and sizes --------------------------------------------------------------------------------


def _check_names(names: Iterable[str]) -> None:
    """Refuse names of groups that cannot be part of a file's name on every system."""
    odd = sorted(name for name in names if not name.isascii() or " " in name or len(name) > 60)
    if odd:
        raise InputError.of("names not plain", names=in_short(odd))


def _too_heavy(files: Mapping[str, int]) -> list[Problem]:
    """A note on each folder that is too large for a stick or a mail."""
    sizes: dict[str, int] = {}
    for name, size in files.items():
        top = name.partition("/")[0]
        sizes[top] = sizes.get(top, 0) + size
    notes = {
        folder: Note("heavy pack", {"mb": size / 1e6, "most": MOST_BYTES / 1e6}, "note")
        for folder, size in sizes.items()
        if size > MOST_BYTES
    }
    return [problem_of("note", "pack", folder, "", note) for folder, note in notes.items()]


def _check_replaceable(target: Path) -> None:
    """Refuse to replace a folder that holds what the last packing did not put there."""
    if not target.is_dir() or not any(target.iterdir()):
        return
    if not (target / store.SUMS).is_file():
        raise InputError.of("no packs in it", folder=str(target))
    written_sums = store.read_sums(target)
    changed = [
        name
        for path in sorted(target.rglob("*"))
        if path.is_file()
        and (name := path.relative_to(target).as_posix()) != store.SUMS
        and not store.is_litter(path.name)
        and written_sums.get(name) != store.sha256(path)
    ]
    if changed:
        raise InputError.of("packs and more", folder=str(target), names=in_short(changed))
