"""States by the names that layers and people call them, for tables without a code."""

from __future__ import annotations

from functools import cache

import geopandas as gpd
import pandas as pd

from cami_units.model import LAYERS, STATES_ALSO, clean_name, data_dir


def state_called(name: object) -> str | None:
    """The code of the state that a name is of, among those that the bundled layer has; else ``None``.

    Examples
    --------
    >>> state_called("Iran  (Islamic Republic of)"), state_called("Россия"), state_called("Elbonia")
    ('IR', 'RU', None)
    """
    return state_names().get(plain_state(name)) if isinstance(name, str) else None


def plain_state(name: object) -> str:
    """A name of a state as it is compared: without case, and without what stands in brackets."""
    return clean_name(name).casefold().split("(")[0].strip()


@cache
def names_of_states() -> dict[str, tuple[str, str]]:
    """The English and the Russian name of each bundled state, by its code."""
    table = _bundled()
    return {row["iso2"]: (row["name_en"], row["name_ru"]) for row in table.to_dict("records")}


@cache
def _bundled() -> pd.DataFrame:
    (path,) = data_dir().glob(LAYERS["countries"].files)
    table: pd.DataFrame = gpd.read_file(path, ignore_geometry=True)
    return table


@cache
def state_names() -> dict[str, str]:
    """By name in small letters, in each language of the bundled states, the code of the state."""
    table = _bundled()
    bundled = {
        plain_state(name): code
        for column in table.columns
        if column.startswith("name_")
        for name, code in zip(table[column], table["iso2"], strict=True)
    }
    also = {
        plain_state(name): code for code, names in STATES_ALSO.items() for name in names.split(", ")
    }
    return bundled | also
