"""The annex: map, list, GeoPackage and manifest of a round, in one command, the same bytes again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from cami_units import __version__, figures, store, workshop
from cami_units.commands.decide import all_decisions, decided_round, decisions_told
from cami_units.commands.round_files import known_activities
from cami_units.commands.shown_round import drawn_scene, published, without_persons
from cami_units.documents.annex_document import write_annex
from cami_units.documents.units_workbook import write_units_workbook
from cami_units.model import Progress, quiet

ANNEX_FILES: Final = ("annex.docx", "annex.xlsx", "annex.pdf", "annex.gpkg", store.MANIFEST)


def annex(
    directory: Path, out: Path | None = None, *, lang: str = "", progress: Progress = quiet
) -> Path:
    """Write the annex of a round.

    Parameters
    ----------
    directory : Path
        The folder of the round, with its decisions and activities.
    out : Path, optional
        Where to; ``None``: ``annex`` in the round. An annex that is there is replaced.
    lang : {"", "en", "ru"}
        Language of text and map; nothing: the first of the round.

    Returns
    -------
    Path
        The folder: text, workbook, map, GeoPackage, and a manifest with the SHA-256 of each and of
        the logs that went in. Restricted layers are left out, sensitive places made coarse; what
        groups pinned and typed, and the names of their files, stay in the round: they may name
        persons.

    Raises
    ------
    InputError
        The folder is no round, or that of the annex holds something else.
    """
    round_ = decided_round(directory)
    decisions = all_decisions(directory)
    activities = known_activities(directory)
    language = lang or round_.imprint.languages[0]
    species = round_.tables["species"]
    further_tables: dict[str, pd.DataFrame] = {
        "decisions": decisions,
        "species by unit": workshop.species_by_unit(
            round_.tables["unit_species"], species, round_.imprint.languages[0]
        ),
    }
    if activities is not None:
        further_tables["activities"] = activities
    public = published(round_)
    tables = {**without_persons(public.tables), "decisions": decisions}
    tables |= {} if activities is None else {"activities": activities}
    target = out or directory / "annex"
    store.check_only(target, is_ours=lambda name: name in ANNEX_FILES)
    with store.staging(target, replace=True) as folder:
        progress("writing the annex", 0, 0)
        shown_scene = drawn_scene(round_, lang=language)
        write_annex(
            folder / "annex.docx",
            round_,
            cards=shown_scene.cards,
            activities=activities,
            decisions=decisions_told(directory, round_),
            lang=language,
        )
        write_units_workbook(folder / "annex.xlsx", round_, further_tables=further_tables)
        store.write_geopackage(folder / "annex.gpkg", replace(public, tables=tables))
        figures.write_figure(folder / "annex.pdf", figures.poster(shown_scene))
        # before the manifest is written, which cannot hold its own hash
        outputs = {path.name: store.sha256(path) for path in sorted(folder.iterdir())}
        manifest = {
            **_without_files(round_.manifest),
            "version": __version__,
            "imprint": asdict(round_.imprint),
            "outputs": outputs,
        }
        store.write_json(folder / store.MANIFEST, manifest)
    return target


def _without_files(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest without what files handed in were called: whose they are and which bytes stays.

    A conflict may be settled by the name of a file: in its place stands the group that it is of.
    Of earlier rounds it is not known whose a file was, so what was settled by then is left out.
    """
    collected_files = manifest.get("collected", ())
    group_of = {file["file"]: file.get("group", "") for file in collected_files}
    before = ("resolved_before", "collected_before")
    about = {key: value for key, value in manifest.items() if key not in before}
    if "collected" in about:
        file_keys = ("file", "refused")
        about["collected"] = [
            {key: value for key, value in file.items() if key not in file_keys}
            for file in collected_files
        ]
    if "resolutions" in about:
        about["resolutions"] = [
            {"unit_id": row["unit_id"], "choice": group_of.get(row["choice"], row["choice"])}
            for row in manifest["resolutions"]
        ]
    return about
