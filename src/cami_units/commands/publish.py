"""What may leave the house: a round without restricted layers, sensitive places made coarse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from cami_units.commands.round_files import shown_layers
from cami_units.model import ROUND_LAYERS, Round


def published(done: Round) -> Round:
    """A round as it may be handed to anybody.

    Layers from restricted sources are left out; ranges of sensitive species are the cells of 25 km
    that they touch, and their corridors lie on a lattice of that size. The coded range parts
    (`ranges_used`) are left out wherever one of them is restricted or sensitive: a table with gaps
    would measure wrong in silence.
    """
    tables = done.tables
    shown = shown_layers(done)
    kept = {
        name: table
        for name, table in tables.items()
        if name not in {*ROUND_LAYERS, "ranges_used", *restricted_layers(done)}
    }
    if not _ranges_are_delicate(done):
        kept["ranges_used"] = tables["ranges_used"]
    return replace(done, tables={**kept, **shown})


def sensitive_species(species: pd.DataFrame) -> frozenset[str]:
    """The species whose places are not told precisely."""
    return frozenset(species.loc[species["sensitive"].eq("yes"), "sci_name"])


def restricted_layers(done: Round) -> frozenset[str]:
    """The layers that came, in part or whole, from a source that may not be passed on."""
    inputs: list[Mapping[str, Any]] = list(done.manifest.get("inputs", ()))
    return frozenset(str(source["layer"]) for source in inputs if source.get("restricted"))


def _ranges_are_delicate(done: Round) -> bool:
    ranges = done.tables.get("ranges_used")
    delicate = sensitive_species(done.tables["species"])
    return (
        ranges is None
        or "ranges" in restricted_layers(done)
        or bool(ranges["sci_name"].isin(delicate).any())
    )
