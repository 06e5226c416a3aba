"""Tables too long for memory, as Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cami_units.model import InputError
from cami_units.store._atomic_write import write_atomically


def write_stream(
    path: Path,
    parts: Iterable[pd.DataFrame],
    *,
    about: Mapping[str, Any],
    words: Sequence[str] = (),
) -> Path:
    """Write a table that comes in parts as one Parquet file, whole or not at all.

    Parameters
    ----------
    path : Path
        The file to write or to replace.
    parts : iterable of DataFrame
        One after another, with the same columns; each becomes row groups of its own.
    about : mapping
        What the file says of itself, kept in its metadata under ``cami_units`` as JSON.
    words : sequence of str
        The columns whose few values return over and over.

    Raises
    ------
    InputError
        When there is no part at all, or the place cannot be written to.
    """

    def write(staged: Path) -> None:
        waiting = iter(parts)
        first = next(waiting, None)
        if first is None:
            raise InputError(f"'{path}' was not written: there is nothing to write.")
        table = pa.Table.from_pandas(first, preserve_index=False)
        metadata = {"cami_units": json.dumps(about, ensure_ascii=False, sort_keys=True)}
        schema = table.schema.with_metadata(metadata)
        with pq.ParquetWriter(
            staged, schema, compression="zstd", use_dictionary=list(words)
        ) as out:
            out.write_table(table.cast(schema))
            for part in waiting:
                table = pa.Table.from_pandas(part, schema=schema, preserve_index=False)
                out.write_table(table.cast(schema))

    return write_atomically(path, write)
