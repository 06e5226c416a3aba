"""What the files of a plan hold, as hashes: whether anything has to be read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from cami_units.layers._files import file_hash
from cami_units.layers._gather import files_of
from cami_units.model import INPUT_LAYERS


def input_hashes(sources: Mapping[str, Sequence[Path] | None]) -> dict[str, list[list[str]]]:
    """Name and SHA-256 of every file of every layer, in the order in which they are read.

    `sources` is as in :func:`read_layers`: a layer that is ``None`` or left out is the bundled one.
    """
    found = {}
    for layer in INPUT_LAYERS:
        files, problems, own = files_of(layer, sources.get(layer))
        told = [[path.name, file_hash(path)] for path in files if path.exists()]
        found[layer] = [["own" if own else "bundled", ""], *told, *[[p.what, ""] for p in problems]]
    return found
