"""Rounds on disk: a folder with a GeoPackage, the products of other rooms, and a manifest.

A folder appears whole or not at all: it is built beside its target under a hidden name, flushed to
the disk, and renamed into place. The same round gives the same bytes, and the only date inside is
the round's own. Beside rounds: logs that only grow, and the folder of a workshop.
"""

from cami_units.store._atomic_write import (
    Writer,
    copy_of,
    left_behind,
    move_aside,
    sha256,
    staging,
    write_atomically,
    write_folder,
)
from cami_units.store._geopackage import (
    GEOPACKAGE,
    UNIT_TABLES,
    write_geopackage,
    write_stream,
)
from cami_units.store._growing_log import append_to_log, read_log
from cami_units.store._manifest import (
    MANIFEST,
    SUMS,
    damaged_json,
    read_json,
    read_sums,
    write_json,
    write_sums,
)
from cami_units.store._round_folder import (
    check_only,
    check_place,
    discard,
    is_litter,
    read_round,
    rounds_in,
    update_round,
    write_round,
    write_workshop,
)

__all__ = [
    "GEOPACKAGE",
    "MANIFEST",
    "SUMS",
    "UNIT_TABLES",
    "Writer",
    "append_to_log",
    "check_only",
    "check_place",
    "copy_of",
    "damaged_json",
    "discard",
    "is_litter",
    "left_behind",
    "move_aside",
    "read_json",
    "read_log",
    "read_round",
    "read_sums",
    "rounds_in",
    "sha256",
    "staging",
    "update_round",
    "write_atomically",
    "write_folder",
    "write_geopackage",
    "write_json",
    "write_round",
    "write_stream",
    "write_sums",
    "write_workshop",
]
