"""Maps for paper and projector, and the atlas: a round drawn in the CRS it was measured in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Final

import geopandas as gpd
from shapely.geometry.base import BaseGeometry

from cami_units import figures, store, webmap
from cami_units.cache import kept_file
from cami_units.commands.shown_round import (
    crs_of,
    drawing_keys,
    drawn_scene,
    open_parts,
    public_layers,
    shown_context,
    shown_sections,
)
from cami_units.layers import to_equal_area
from cami_units.model import Note, Problem, Progress, Round, clean_name, in_short, problem_of, quiet
from cami_units.scene import Scene, shown_units
from cami_units.words.finding_sentences import with_languages
from cami_units.words.unit_card import unit_cards

if TYPE_CHECKING:  # half a second, for who draws anew
    from matplotlib.figure import Figure

    from cami_units.figures import Page

POSTER: Final = "poster_a1.pdf"


def figure_writers(
    round_: Round, *, lang: str = "", progress: Progress = quiet
) -> dict[str, store.Writer]:
    """Every figure of a round, by file name: what writes it when called with a path.

    ``poster_a1.pdf``; ``section_<id>_a3.pdf`` for each section; ``units_a4.pdf``, a page a unit;
    ``slide_region.png`` and ``slide_<unit>.png`` of 1920 × 1080; ``atlas.html``, the map with all
    evidence in full detail. Ids that are no file names are cleaned of what a name may not hold.
    """
    first_lang = lang or round_.imprint.languages[0]
    table = gpd.GeoDataFrame(round_.tables["conservation_units"])
    shown = shown_units(table)
    units = sorted(map(str, shown["unit_id"]))
    crs = crs_of(round_)
    flat = to_equal_area(table, crs)

    @cache
    def drawn() -> Scene:
        """The scene, made when a figure of it was not kept."""
        return drawn_scene(round_, lang=first_lang)

    key_of = drawing_keys(round_)

    def key_around(shape: BaseGeometry, *what: object) -> list[bytes]:
        """Of a map of one shape only what stands around it is seen, whatever was decided elsewhere."""
        return key_of(first_lang, *what, is_shown=figures.is_around(flat, shape))

    # a unit's page and its slide hang on the same
    shapes = dict(zip(flat["unit_id"].astype(str), flat.geometry, strict=True))
    keys = {unit_id: key_around(shapes[unit_id], unit_id) for unit_id in units}

    def pages(forms: Mapping[str, Page]) -> Iterator[Page]:
        reach = [float(edge) for edge in flat.total_bounds]
        for number, unit_id in enumerate(units):
            progress("drawing a page for each unit", number, len(units))
            draw = partial(lambda name: figures.unit_page(drawn(), name), unit_id)
            key = [*keys[unit_id], repr(reach).encode()] if keys[unit_id] else []
            yield figures.kept_page(key, draw, forms)

    def unit_pages(path: Path) -> None:
        """The pages, and apart from them the small map that shows every unit on each of them."""
        key = key_of(first_lang, figures.LOCATION)
        region = figures.kept_page(key, lambda: figures.location_map(drawn()))
        forms = {figures.LOCATION: region}
        figures.write_pages(path, pages(forms), forms)

    def drawing(draw: Callable[[], Figure]) -> store.Writer:
        return lambda path: figures.write_figure(path, draw())

    writers: dict[str, store.Writer] = {
        POSTER: drawing(lambda: figures.poster(drawn())),
        "slide_region.png": drawing(lambda: figures.slide(drawn())),
        "atlas.html": lambda path: write_atlas(path, round_, lang=lang),
    }
    if units:
        writers["units_a4.pdf"] = unit_pages
    kept_writers = {
        name: kept_file("figure", key_of(first_lang, name), write)
        for name, write in writers.items()
    }
    if section_ids := shown_sections(round_):
        sections = to_equal_area(gpd.GeoDataFrame(round_.tables["sections"]), crs)
    for section_id, part in _file_names(section_ids).items():
        [shape] = sections.geometry[sections["section_id"] == section_id]
        write = drawing(partial(lambda name: figures.section_sheet(drawn(), name), section_id))
        key = key_around(shape, section_id)
        kept_writers[f"section_{part}_a3.pdf"] = kept_file("figure", key, write)
    for unit_id, part in _file_names(units).items():
        write = drawing(partial(lambda name: figures.unit_slide(drawn(), name), unit_id))
        kept_writers[f"slide_{part}.png"] = kept_file("figure", keys[unit_id], write)
    return kept_writers


def write_figures(
    round_: Round, directory: Path, *, lang: str = "", progress: Progress = quiet
) -> tuple[Problem, ...]:
    """Draw every figure of a round into a folder: all of them, or none.

    Returns
    -------
    tuple of Problem
        Characters that the fonts lack, with what stands in their place.

    Raises
    ------
    InputError
        The folder holds anything but figures, or cannot be written to.
    """
    writers = figure_writers(round_, lang=lang, progress=progress)
    store.check_only(directory, is_ours=_is_figure)
    with store.staging(directory, replace=True) as folder:
        for number, (name, write) in enumerate(writers.items()):
            progress("drawing figures", number, len(writers))
            write(folder / name)
        progress("drawing figures", len(writers), len(writers))
    return _undrawable(round_)


def write_atlas(path: Path, round_: Round, *, lang: str = "") -> None:
    """Write the atlas of a round: the map with every layer in full detail, for a laptop."""
    tables = round_.tables
    languages = round_.imprint.languages
    earlier = tables.get("earlier_units")
    webmap.write_map(
        path,
        tables["conservation_units"],
        cards={one: unit_cards(tables, tables["species"], lang=one) for one in languages},
        imprint=round_.imprint,
        layers=_atlas_layers(round_),
        species=tables["species"],
        planning_units=tables.get("planning_units"),
        unit_criteria=with_languages(tables, languages)["unit_criteria"],
        unit_species=tables.get("unit_species"),
        unit_countries=tables.get("unit_countries"),
        sensitivity=tables.get("sensitivity"),
        earlier=earlier if isinstance(earlier, gpd.GeoDataFrame) else None,
        lang=lang if lang in languages else languages[0],
        detail="atlas",
    )


def _atlas_layers(round_: Round) -> dict[str, gpd.GeoDataFrame]:
    """What a map shows, and beside it the coded parts of every range that may be told in full."""
    tables, layer_tables = round_.tables, public_layers(round_)
    pairs = tables.get("border_pairs")
    if isinstance(pairs, gpd.GeoDataFrame) and "borders" in layer_tables:
        layer_tables["borders"] = pairs.assign(disputed=False)
    layer_tables |= shown_context(round_)
    remarks = tables.get("remarks")
    if isinstance(remarks, gpd.GeoDataFrame):
        layer_tables["remarks"] = remarks
    if (parts := open_parts(round_)) is not None:
        layer_tables["ranges"] = parts
    return layer_tables


def _is_figure(name: str) -> bool:
    """Whether a file is one that this command writes, and may replace."""
    stem, _, ending = name.rpartition(".")
    return stem in ("poster_a1", "units_a4", "atlas") or (
        ending in ("pdf", "png") and stem.startswith(("section_", "slide_"))
    )


def _file_names(ids: Iterable[str]) -> dict[str, str]:
    """Each id as part of a file name: ASCII letters, digits, "-" and "_"; no two alike, whatever their case."""
    parts: dict[str, str] = {}
    for id_ in ids:
        plain = re.sub(r"[^0-9A-Za-z_-]", "-", clean_name(id_))[:40] or "-"
        taken = {part.casefold() for part in parts.values()}
        further = (f"{plain}-{number}" for number in count(2))
        parts[id_] = next(part for part in chain([plain], further) if part.casefold() not in taken)
    return parts


def _undrawable(round_: Round) -> tuple[Problem, ...]:
    """A note on letters that no font of the figures has."""
    tables = round_.tables
    names = [
        str(value)
        for table in ("conservation_units", "species", "gazetteer", "sections")
        if table in tables
        for column in ("name_en", "name_ru")
        for value in tables[table][column]
    ]
    missing_letters = figures.undrawable([round_.imprint.title, *round_.imprint.sources, *names])
    if not missing_letters:
        return ()
    facts = {"count": len(missing_letters), "names": in_short(missing_letters, 12)}
    return (problem_of("note", "figures", "", "", Note("letters missing", facts)),)
