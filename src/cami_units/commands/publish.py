"""A round into a PostGIS database, as it may be handed to anybody."""

from __future__ import annotations

from pathlib import Path

from cami_units import layers
from cami_units.commands.decide import decided_round
from cami_units.commands.shown_round import published, without_persons
from cami_units.model import TABLES, Progress, quiet


def publish(
    directory: Path, address: str, *, schema: str = "cami", progress: Progress = quiet
) -> list[str]:
    """Write the tables of a round into a schema of a database: all of them or none.

    What a round holds that may not be told is not there, as in the annex: restricted layers, records
    of animals, precise places of sensitive species, what groups typed. Run again, the tables are
    written anew; tables that somebody else made are never touched.

    Parameters
    ----------
    directory : Path
        The folder of a round.
    address : str
        ``postgresql://user@host/name``. The password belongs into ``~/.pgpass``.
    schema : str
        Where the tables lie.

    Returns
    -------
    list of str
        The names of the tables.

    Raises
    ------
    InputError
        The folder is no round, or the database says no; nothing is written then.
    """
    progress("reading the round", 0, 2)
    tables = without_persons(published(decided_round(directory)).tables)
    progress("writing the tables", 1, 2)
    keys = {name: table.key[0] for name, table in TABLES.items() if len(table.key) == 1}
    return layers.tables_to_database(tables, address, schema, keys=keys)
