"""What the activities of a round come to: counts by unit, theme, cost and funding; what is missing."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from cami_units.workshop._activities import DROPPED, GENERAL

IN_NO_SUM = "in_no_sum"
SUM_COLUMNS = ("by", "key", "activities", "without_cost", "without_funding", "without_partner")
IMPLEMENTATION_STATUSES = ("done", "under way", "planned", "not started")
"""How far a measure of the last programme has come; anything else is *not said*."""

_GAPS = {"without_cost": "cost_band", "without_funding": "funding_source"} | {
    "without_partner": "partner"
}


def once_in_general(activities: pd.DataFrame) -> pd.DataFrame:
    """Activities with one row for those of the general section that say the same under one theme.

    Parameters
    ----------
    activities : DataFrame
        :data:`ACTIVITY_COLUMNS`.

    Returns
    -------
    DataFrame
        The same columns and order. The one row, the first of them, names all units that it was moved
        from, and everybody's partners and sources of funding; else it says what the first says.

    Examples
    --------
    >>> rows = {"unit_id": ["general", "general", "CU-1"], "theme": "finance", "text": "A fund"}
    >>> rows |= {"partner": ["WWF", "FZS", ""], "funding_source": "", "moved_from": ["CU-2", "CU-3", ""]}
    >>> once_in_general(pd.DataFrame(rows) .assign(status="proposed")).to_dict("list")["partner"]
    ['FZS;WWF', '']
    """
    table = activities.copy()
    is_general = table["unit_id"].eq(GENERAL)
    keys = ["theme", "text", "status"]
    for column in ("moved_from", "partner", "funding_source"):
        of_all = table[is_general].groupby(keys)[column].transform(_together)
        table.loc[is_general, column] = of_all
    return table[~(is_general & table.where(is_general).duplicated(keys))]


def _together(cells: pd.Series[str]) -> str:
    """What several cells of `a;b` name, each once."""
    return ";".join(sorted({name for cell in cells.fillna("") for name in _named(cell)}))


def _named(cell: str) -> list[str]:
    """What a cell of `a;b` names, each once: people end a list with a semicolon, and say a thing twice."""
    return list(dict.fromkeys(filter(None, map(str.strip, cell.split(";")))))


def activity_sums(activities: pd.DataFrame, unit_ids: Collection[str]) -> pd.DataFrame:
    """How many activities each unit, theme, cost band and funding source has, and what they lack.

    Parameters
    ----------
    activities : DataFrame
        :data:`ACTIVITY_COLUMNS`; dropped ones are not counted, and a line of the general section,
        though it came out of five units, once.
    unit_ids : collection of str
        The units that are shown: what is planned in any other is planned nowhere.

    Returns
    -------
    DataFrame
        :data:`SUM_COLUMNS`: ``by`` the column that is counted, ``key`` its value (empty: not said),
        most activities first. An activity with two sources of funding counts for both. What is in no
        sum (of other units, and said again in the general section) is counted by unit under
        :data:`IN_NO_SUM`: with it the activities of each theme add up to all that are not dropped.

    Examples
    --------
    >>> rows = {"unit_id": ["CU-1", "CU-1"], "theme": "finance", "text": ["a", "b"], "moved_from": ""}
    >>> rows |= {"funding_source": "GEF;GCF", "partner": "", "status": "proposed"}
    >>> rows |= {"cost_band": ["", "low"]}
    >>> sums = activity_sums(pd.DataFrame(rows), ["CU-1"])
    >>> sums[sums["by"] == "cost_band"].to_dict("list")["key"]
    ['', 'low']
    """
    live = activities[activities["status"] != DROPPED].fillna("")
    summed = once_in_general(of_shown(live, unit_ids))
    parts = [
        _sums(summed, column).assign(by=column)
        for column in ("unit_id", "theme", "cost_band", "funding_source")
    ]
    left = live.drop(summed.index)
    parts += [_sums(left, "unit_id").assign(by=IN_NO_SUM)] if len(left) else []
    return pd.concat(parts, ignore_index=True)[list(SUM_COLUMNS)]


def of_shown(activities: pd.DataFrame, unit_ids: Collection[str]) -> pd.DataFrame:
    """The activities of units that are shown, of the general section, and of no unit at all."""
    return activities[activities["unit_id"].isin([*unit_ids, GENERAL, ""])]


def _sums(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """How many activities have each value of a column, and what they lack, most activities first."""
    lacks = pd.DataFrame({name: ~rows[gap].map(_named).astype(bool) for name, gap in _GAPS.items()})
    keys = rows[column].map(lambda cell: _named(cell) or [""])
    sums = lacks.assign(key=keys, activities=1).explode("key").groupby("key").sum().reset_index()
    return sums.sort_values(["activities", "key"], ascending=[False, True])


def theme_gaps(
    units: pd.DataFrame, activities: pd.DataFrame, themes: Sequence[str]
) -> pd.DataFrame:
    """How many activities each unit has under each theme, those of the general section in a row too.

    Parameters
    ----------
    units : DataFrame
        ``unit_id``, ``name_en``: the rows.
    activities : DataFrame
        :data:`ACTIVITY_COLUMNS`; dropped ones are not counted, and a line of the general section,
        though it came out of five units, once.
    themes : sequence of str
        The columns; 0 is a gap.
    """
    live = once_in_general(activities[activities["status"] != DROPPED])
    counts = pd.crosstab(live["unit_id"], live["theme"])
    rows = [*units["unit_id"], GENERAL]
    table = counts.reindex(index=rows, columns=list(themes), fill_value=0).reset_index()
    names = dict(zip(units["unit_id"], units["name_en"], strict=True))
    table.insert(1, "name_en", table["unit_id"].map(names).fillna(""))
    return table.rename_axis(columns=None)


def offers(activities: pd.DataFrame) -> pd.DataFrame:
    """Who has offered what: a row for each organisation and activity.

    Returns
    -------
    DataFrame
        ``partner``, ``activity_id``, ``unit_id``, ``theme``, ``text``, ``timeframe``, by partner.
        Two partners of one activity, between semicolons, are two rows.
    """
    live = once_in_general(activities[activities["status"] != DROPPED])
    rows = live.assign(partner=live["partner"].fillna("").map(_named)).explode("partner")
    columns = ["partner", "activity_id", "unit_id", "theme", "text", "timeframe"]
    return rows.loc[rows["partner"].notna(), columns].sort_values(
        ["partner", "unit_id", "activity_id"], ignore_index=True
    )


def implementation(measures: pd.DataFrame) -> pd.DataFrame:
    """How far the measures of the last programme have come, by theme.

    Parameters
    ----------
    measures : DataFrame
        ``theme``, ``status``; a status that is none of :data:`IMPLEMENTATION_STATUSES` is not said.

    Returns
    -------
    DataFrame
        ``theme``, a column for each status and for ``not said``, and ``measures`` in all.
    """
    words = measures["status"].str.strip().str.casefold()
    status = words.where(words.isin(IMPLEMENTATION_STATUSES), "not said")
    counts = pd.crosstab(measures["theme"], status)
    counts = counts.reindex(columns=[*IMPLEMENTATION_STATUSES, "not said"], fill_value=0)
    table = counts.assign(measures=counts.sum(axis=1)).reset_index()
    return table.rename_axis(columns=None)
