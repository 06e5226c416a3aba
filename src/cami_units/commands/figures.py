"""Maps for paper and projector, and the atlas: a round drawn in the CRS it was measured in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
from matplotlib.figure import Figure

from cami_units import figures, store, webmap, words
from cami_units.commands.shown_round import drawn_scene, open_parts, shown_context, shown_layers
from cami_units.model import (
    HIDDEN_STATUSES,
    Problem,
    Progress,
    Round,
    clean_name,
    listed,
    quiet,
)
from cami_units.scene import Scene


def figure_writers(
    done: Round, *, lang: str = "", progress: Progress = quiet
) -> dict[str, store.Writer]:
    """Every figure of a round, by file name: what writes it when called with a path.

    ``poster_a1.pdf``; ``section_<id>_a3.pdf`` for each section; ``units_a4.pdf``, a page a unit;
    ``slide_region.png`` and ``slide_<unit>.png`` of 1920 × 1080; ``atlas.html``, the map with all
    evidence in full detail. Ids that are no file names are cleaned of what a name may not hold.
    """
    drawn = drawn_scene(done, lang=lang or done.imprint.languages[0])
    seen = drawn.units[~drawn.units["status"].isin(HIDDEN_STATUSES)]
    units = sorted(map(str, seen["unit_id"]))
    sections = (
        sorted(map(str, drawn.layers["sections"]["section_id"]))
        if "sections" in drawn.layers
        else []
    )

    def pages() -> Iterator[Figure]:
        for number, unit_id in enumerate(units):
            progress("drawing a page for each unit", number, len(units))
            yield figures.unit_page(drawn, unit_id)

    made: dict[str, store.Writer] = {
        "poster_a1.pdf": lambda path: figures.write_figure(path, figures.poster(drawn)),
        "slide_region.png": lambda path: figures.write_figure(path, figures.slide(drawn)),
        "atlas.html": lambda path: write_atlas(path, done, lang=lang),
    }
    if units:
        made["units_a4.pdf"] = lambda path: figures.write_pages(path, pages())
    for section_id in sections:
        made[f"section_{_file_name(section_id)}_a3.pdf"] = _writer(
            figures.section_sheet, drawn, section_id
        )
    for unit_id in units:
        made[f"slide_{_file_name(unit_id)}.png"] = _writer(figures.unit_slide, drawn, unit_id)
    return made


def write_figures(
    done: Round, directory: Path, *, lang: str = "", progress: Progress = quiet
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
    made = figure_writers(done, lang=lang, progress=progress)
    store.check_only(directory, is_ours=_is_figure)
    with store.staging(directory, replace=True) as folder:
        for number, (name, write) in enumerate(made.items()):
            progress("drawing figures", number, len(made))
            write(folder / name)
        progress("drawing figures", len(made), len(made))
    return _undrawable(done)


def write_atlas(path: Path, done: Round, *, lang: str = "") -> None:
    """Write the atlas of a round: the map with every layer in full detail, for a laptop."""
    tables = done.tables
    languages = done.imprint.languages
    webmap.write_map(
        path,
        tables["conservation_units"],
        cards={one: words.unit_cards(tables, tables["species"], lang=one) for one in languages},
        imprint=done.imprint,
        layers=_atlas_layers(done),
        species=tables["species"],
        planning_units=tables.get("planning_units"),
        unit_criteria=tables["unit_criteria"],
        unit_species=tables.get("unit_species"),
        unit_countries=tables.get("unit_countries"),
        sensitivity=tables.get("sensitivity"),
        lang=lang if lang in languages else languages[0],
        detail="atlas",
    )


def _atlas_layers(done: Round) -> dict[str, gpd.GeoDataFrame]:
    """What a map shows, and beside it the coded parts of every range that may be told in full."""
    tables, shown = done.tables, shown_layers(done)
    pairs = tables.get("border_pairs")
    if isinstance(pairs, gpd.GeoDataFrame) and "borders" in shown:
        shown["borders"] = pairs.assign(disputed=False)
    shown |= shown_context(done)
    parts = open_parts(done)
    if parts is not None:
        shown["ranges"] = parts
    return shown


def _writer(draw: figures.Draw, drawn: Scene, name: str) -> store.Writer:
    return lambda path: figures.write_figure(path, draw(drawn, name))


def _is_figure(name: str) -> bool:
    stem, _, ending = name.rpartition(".")
    return stem in ("poster_a1", "units_a4", "atlas") or (
        ending in ("pdf", "png") and stem.startswith(("section_", "slide_"))
    )


def _file_name(value: str) -> str:
    """An id as part of a file name: ASCII letters, digits, "-" and "_"."""
    kept = "".join(
        c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in clean_name(value)
    )
    return kept[:40] or "-"


def _undrawable(done: Round) -> tuple[Problem, ...]:
    tables = done.tables
    names = [
        str(value)
        for table, columns in (
            ("conservation_units", ("name_en", "name_ru")),
            ("species", ("name_en", "name_ru")),
            ("gazetteer", ("name_en", "name_ru")),
            ("sections", ("name_en", "name_ru")),
        )
        if table in tables
        for column in columns
        for value in tables[table][column]
    ]
    lacking = figures.undrawable([done.imprint.title, *done.imprint.sources, *names])
    if not lacking:
        return ()
    what = f"the fonts of the figures lack {len(lacking)} characters: {listed(lacking, 12)}"
    cure = "They are drawn as □. Give these names in Latin or Cyrillic letters as well."
    return (Problem("note", "figures", "", "", what, cure),)
