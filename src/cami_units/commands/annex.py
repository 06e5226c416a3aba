"""The annex: map, list, GeoPackage and manifest of a round, in one command, the same bytes again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from cami_units import __version__, figures, store, words, workshop
from cami_units.commands.activities import known_activities
from cami_units.commands.decide import decided_round, read_decisions
from cami_units.commands.shown_round import drawn_scene, published
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
    done = decided_round(directory)
    decisions = read_decisions(directory)
    known = known_activities(directory)
    speaking = lang or done.imprint.languages[0]
    species = done.tables["species"]
    more: dict[str, pd.DataFrame] = {
        "decisions": decisions,
        "species by unit": workshop.species_by_unit(done.tables["unit_species"], species),
    }
    if known is not None:
        more["activities"] = known
    public = published(done)
    tables = {**_without_persons(public.tables), "decisions": decisions}
    tables |= {} if known is None else {"activities": known}
    target = out or directory / "annex"
    store.check_only(target, is_ours=lambda name: name in ANNEX_FILES)
    with store.staging(target, replace=True) as folder:
        progress("writing the annex", 0, 0)
        write_annex(
            folder / "annex.docx",
            done,
            cards=words.unit_cards(done.tables, species, lang=speaking),
            activities=known,
            decisions=decisions,
            lang=speaking,
        )
        write_units_workbook(folder / "annex.xlsx", done, more=more)
        store.write_geopackage(folder / "annex.gpkg", replace(public, tables=tables))
        figures.write_figure(folder / "annex.pdf", figures.poster(drawn_scene(done, lang=speaking)))
        outputs = {path.name: store.sha256(path) for path in sorted(folder.iterdir())}
        told = {
            **done.manifest,
            **_without_files(done.manifest),
            "version": __version__,
            "imprint": asdict(done.imprint),
            "outputs": outputs,
        }
        store.write_json(folder / store.MANIFEST, told)
    return target


def _without_persons(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Tables without remarks, and without what somebody called a file or a placemark."""
    kept = {name: table for name, table in tables.items() if name != "remarks"}
    if "set_aside" in kept:
        kept["set_aside"] = kept["set_aside"].drop(columns=["file", "placemark"], errors="ignore")
    return kept


def _without_files(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What the manifest says of files handed in: whose and which bytes, not what they were called."""
    if "collected" not in manifest:
        return {}
    named = ("file", "refused")
    return {
        "collected": [
            {key: value for key, value in one.items() if key not in named}
            for one in manifest["collected"]
        ]
    }
