"""A round as files: tables, workbook, Google Earth, map; and opened again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from cami_units import (  # of plan nothing is read before it is asked for
    kml,
    layers,
    plan,
    scene,
    store,
    webmap,
    workshop,
)
from cami_units.commands.shown_round import (
    FENCE_TABLES,
    annotated_layers,
    as_stored,
    crs_of,
    kept_pieces,
    legend_png,
    public_layers,
    seasonal_parts,
    shown_context,
    shown_fences,
    spoken_layers,
    stamp_of_layers,
    stamp_of_round,
    stamps_by_layer,
)
from cami_units.documents.csv_tables import write_csv
from cami_units.documents.units_workbook import write_units_workbook
from cami_units.documents.workbook_cells import read_table
from cami_units.drawn_pieces import piece
from cami_units.model import (
    CONTEXT,
    ROUND_LAYERS,
    InputError,
    Layers,
    Problem,
    Progress,
    Round,
    Step,
    as_typed,
    check_arguments,
    in_short,
    quiet,
)
from cami_units.words.finding_sentences import with_languages
from cami_units.words.unit_card import unit_cards


def write_proposal(
    proposal: Round, directory: Path | str, *, force: bool = False, progress: Progress = quiet
) -> tuple[Problem, ...]:
    """Write a round as a folder: tables, workbook, both KMZ, the map, the manifest. Whole or not.

    Returns
    -------
    tuple of Problem
        What had to be simplified or left out of the KMZ to keep its budgets.

    Raises
    ------
    InputError
        The folder holds a round already and `force` is not given, or cannot be written.
    """
    check_arguments(write_proposal, locals())
    directory = Path(directory)
    problems: list[Problem] = []
    files = products(proposal, noticed=problems, progress=progress)
    store.write_round(proposal, directory, files=files, force=force)
    return tuple(problems)


def write_added(
    round_: Round,
    directory: Path,
    added: Sequence[str],
    files: Callable[[Round], Mapping[str, store.Writer]],
    *,
    columns: Sequence[str] = (),
    progress: Progress = quiet,
) -> tuple[Problem, ...]:
    """Write the tables `added` to a round into it, `columns` of its units, and the files made of it then.

    Whole, or not at all; what the folder holds beside stays, and so does what was decided or added while
    these tables were made. Returns and raises as :func:`write_proposal`, and where there is no round, or
    another one by now.
    """
    problems: list[Problem] = []
    with store.rewriting(directory), kept_pieces(directory):
        stored = store.open_round(directory)
        if _made_of(stored) != _made_of(round_):
            raise InputError.of("round replaced meanwhile", folder=str(directory))
        tables = {name: round_.tables[name] for name in added}
        if columns:
            units = stored.tables["conservation_units"]
            by_id = round_.tables["conservation_units"].set_index("unit_id")
            cells = {name: units["unit_id"].map(by_id[name]) for name in columns}
            tables["conservation_units"] = units.assign(**cells)
        together = store.with_tables(stored, tables)
        writers = {**products(together, noticed=problems, progress=progress), **files(together)}
        store.update_round(together, directory, files=writers)
    return tuple(problems)


def _made_of(round_: Round) -> bytes:
    """What a round was made of, which nothing that is decided or added changes."""
    parts = ("plan", "profile", "inputs")
    return store.as_json({name: round_.manifest.get(name) for name in parts})


PROJECT: Final = "conservation_units.qgs"


def qgis_project(shown: Round, *, stamp: bytes = b"") -> store.Writer:
    """What writes the project of QGIS that opens the GeoPackage of a round beside it.

    `stamp` is what all tables but the units hang on, where that is known.
    """

    def drawn() -> Sequence[bytes]:
        """The project, its view on the units; of most rounds of a plan the same one."""
        from cami_units import qgis  # for who draws anew

        crs, tables, imprint = crs_of(shown), shown.tables, shown.imprint
        units = gpd.GeoDataFrame(tables["conservation_units"])
        in_view = units if len(units) else gpd.GeoDataFrame(tables["countries"])
        contents = qgis.contents(tables)
        frame = layers.to_equal_area(in_view, crs).total_bounds.tolist()

        def project() -> list[bytes]:
            text = qgis.project(
                contents,
                geopackage=store.GEOPACKAGE,
                imprint=imprint,
                crs=crs,
                lang=imprint.languages[0],
            )
            return [text.encode()]

        # outlines of groups move the frame and nothing else
        about = repr((store.GEOPACKAGE, contents, imprint, crs))
        [text] = piece("project", [about.encode()], project)
        return [qgis.in_view(text.decode(), frame).encode()]

    def write(path: Path) -> None:
        """Write the project that was made of the same before, or a new one."""
        units = gpd.GeoDataFrame(shown.tables["conservation_units"])
        content = [stamp, repr(list(units.columns)).encode(), *units.geometry.to_wkb()]
        [text] = piece("qgis", content, drawn) if stamp else drawn()
        store.text_writer(text.decode())(path)

    return write


_DRAWN_BESIDE: Final = ("not_proposed", "border_pairs", "ranges_used", *FENCE_TABLES)
"""Tables from which something is drawn or told beside the layers of a round."""


def products(
    proposal: Round, *, noticed: list[Problem], progress: Progress = quiet
) -> dict[str, store.Writer]:
    """What every round has beside its GeoPackage and its manifest, by file name.

    `noticed` is added to as the files are written.
    """
    tables, imprint = proposal.tables, proposal.imprint
    species = tables["species"]
    cards = {lang: unit_cards(tables, species, lang=lang) for lang in imprint.languages}
    lang = imprint.languages[0]
    # What is left out of a context layer is said each time, so these are looked at each time.
    has_context = any(name.startswith(CONTEXT) for name in tables)

    @cache
    def stamps(folder: Path) -> tuple[bytes, bytes, Mapping[str, bytes]]:
        """What everything but the units hangs on, what the evidence of a KMZ does, and each layer of it.

        Known of a stored round, or of one that was just stored beside. What groups hand in seldom
        changes the second, other numbers of the criteria few of the third.
        """
        stored = as_stored(proposal, folder / store.GEOPACKAGE)
        if not (whole := stamp_of_round(stored)):
            return b"", b"", {}
        return whole, stamp_of_layers(stored, *_DRAWN_BESIDE), stamps_by_layer(stored)

    def stamp(folder: Path) -> bytes:
        return stamps(folder)[0]

    @cache
    def spoken_tables() -> Mapping[str, pd.DataFrame]:
        """The tables with their sentences in each language of the round."""
        return with_languages(tables, imprint.languages)

    @cache
    def evidence_layers() -> Mapping[str, gpd.GeoDataFrame]:
        """What maps show beside the units and what groups pinned and typed."""
        shown_evidence = annotated_layers(public_layers(proposal), spoken_tables())
        shown_evidence |= shown_context(proposal, problems=noticed)
        return shown_evidence | shown_fences(proposal, lang)

    earlier, remarks = (
        table if isinstance(table, gpd.GeoDataFrame) else None
        for table in (tables.get("earlier_units"), tables.get("remarks"))
    )

    @cache
    def both(folder: Path) -> Mapping[kml.Profile, Callable[[Path], tuple[Problem, ...]]]:
        """The writers of both KMZ, which share what they draw."""
        units = tables["conservation_units"]
        _, stamp_of_evidence, by_layer = stamps(folder)
        return kml.earth_writers(
            units,
            cards=cards[lang],
            imprint=imprint,
            lang=lang,
            layers=scene.LaterLayers(
                b"" if has_context else stamp_of_evidence,
                lambda: spoken_layers(evidence_layers(), lang) | seasonal_parts(proposal),
                by_layer=by_layer,
            ),
            typed=remarks,
            species=species,
            legend=partial(legend_png, lang=lang),
        )

    def google_earth(profile: kml.Profile) -> store.Writer:
        """The writer of the KMZ for one of Google Earth's programs."""

        def write(path: Path) -> None:
            progress(Step("writing", path.name), 0, 0)
            noticed.extend(both(path.parent)[profile](path))

        return write

    def web_map(path: Path) -> None:
        """Write the map for browsers."""
        progress(Step("writing", path.name), 0, 0)
        webmap.write_map(
            path,
            tables["conservation_units"],
            cards=cards,
            imprint=imprint,
            layers=scene.LaterLayers(
                b"" if has_context else stamp(path.parent),
                evidence_layers,
                by_layer=stamps(path.parent)[2],
                lasting=b"" if has_context else stamps(path.parent)[1],
            ),
            remarks=remarks,
            species=species,
            planning_units=partial(tables.__getitem__, "planning_units"),
            unit_criteria=lambda: spoken_tables()["unit_criteria"],
            unit_species=tables.get("unit_species"),
            unit_countries=tables.get("unit_countries"),
            sensitivity=tables.get("sensitivity"),
            earlier=earlier,
            lang=lang,
        )

    # The KMZ first: of a round of thousands of units it needs the most memory.
    return {
        "conservation_units.kmz": google_earth("earth-pro"),
        "conservation_units_web.kmz": google_earth("earth-web"),
        "map.html": web_map,
        PROJECT: lambda path: qgis_project(proposal, stamp=stamp(path.parent))(path),
        "conservation_units.csv": lambda path: write_csv(path, tables["conservation_units"]),
        "conservation_units.xlsx": lambda path: write_units_workbook(
            path, proposal, stamp=stamp(path.parent)
        ),
    }


# -- opened again, from nothing but the round itself ----------------------------------------------

ACTIVITIES: Final = "activities.csv"
ACTIVITY_LOG: Final = "activities_log.csv"
PACK_FILE: Final = "pack.json"
"""What packs say of themselves: their round, and who was given what."""

_NEEDED = ("species", "ranges_used", "features", "countries", "borders")


def reopened(base_round: Round) -> tuple[plan.Plan, Layers]:
    """The plan and the layers that a round was made with, to measure other sites on them.

    Raises
    ------
    InputError
        The round is one for publication: it came without its ranges.

    Examples
    --------
    >>> import cami_units as cu
    >>> from cami_units.model import Imprint, Round
    >>> cu.reopened(Round(Imprint("T", "2026-11-22", "Round 00", "p"), {}, {}))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    cami_units.model.InputError: This round came without species, ranges_used, ...
    """
    check_arguments(reopened, locals())
    if missing := [name for name in _NEEDED if name not in base_round.tables]:
        raise InputError.of("cannot be measured again", names=in_short(missing))
    manifest: Mapping[str, Any] = base_round.manifest
    round_plan = plan.stored_plan(manifest["plan"], manifest["profile"])
    crs = round_plan.study.crs
    flat = {
        name: layers.to_equal_area(table, crs)
        for name in ("ranges_used", "occurrences", "coverage_areas", *ROUND_LAYERS)
        if isinstance(table := base_round.tables.get(name), gpd.GeoDataFrame)
    }
    areas = base_round.tables.get("coverage")
    flat["countries"]["range_state"] = flat["countries"]["range_state"].astype(bool)
    return round_plan, Layers(
        crs=crs,
        species=base_round.tables["species"],
        ranges=flat.pop("ranges_used"),
        overrides=base_round.tables.get("overrides"),
        animal_crossings=base_round.tables.get("animal_crossings"),
        # rounds of before it was kept have none
        coverage=None if areas is None else areas[["layer", "states"]].fillna("").astype(str),
        sources=tuple(manifest["inputs"]),
        **flat,
    )


def allocation(base_round: Round, groups: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Which group edits each unit: :func:`cami_units.workshop.allocated` on the tables of a round."""
    crs = crs_of(base_round)
    units, sections = (
        layers.to_equal_area(gpd.GeoDataFrame(table), crs)
        if (table := base_round.tables.get(name)) is not None
        else None
        for name in ("conservation_units", "sections")
    )
    return workshop.allocated(units, sections, groups)


def groups_in(base_round: Round) -> dict[str, tuple[str, ...]]:
    """The sections of each group of a round: :func:`cami_units.workshop.groups_of` on its own plan."""
    sections_of = workshop_rules(base_round).get("groups", {})
    return workshop.groups_of(sections_of, base_round.tables.get("sections"))


def workshop_rules(base_round: Round) -> Mapping[str, Any]:
    """``[workshop]`` of the plan that a round was made by."""
    # read as `propose` wrote it there, checked, for the reason that :func:`crs_of` gives
    rules: Mapping[str, Any] = base_round.manifest["plan"].get("workshop", {})
    return rules


def known_activities(directory: Path) -> pd.DataFrame | None:
    """The activities of a round so far; ``None`` where nobody has brought any.

    Raises
    ------
    InputError
        The file is damaged.
    """
    columns = workshop.ACTIVITY_COLUMNS
    return table_left(directory / ACTIVITIES, columns=columns, needs=columns[:4])


def table_left(path: Path, *, columns: Sequence[str], needs: Sequence[str]) -> pd.DataFrame | None:
    """A table that a command left in a round, as text; ``None`` where it left none.

    Raises
    ------
    InputError
        The file is damaged, or a folder has its name: what the table held may lie elsewhere.
    """
    if path.is_dir():
        raise InputError.of("folder for a log", folder=str(path))
    if not path.is_file():
        return None
    # the apostrophe that keeps a spreadsheet from running a cell as a formula is no part of it
    return read_table(path, columns=columns, needs=needs).map(as_typed)


def next_number(base: Round) -> str:
    """The number of the round after this one, in two digits."""
    return f"{int(base.imprint.number) + 1:02d}"
