"""Other views of a round: by codes, by barrier, by border, and as a set that covers everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from cami_units import complementarity, grid, layers, overlap
from cami_units.commands._measure import Cells, Pieces, assess_sites
from cami_units.commands._readings import read_otherwise
from cami_units.model import LONLAT, PRESENCE, Profile
from cami_units.plan import Plan
from cami_units.sensitivity import Design, readings

SHARE_OF_RANGE: Final = 0.3
"""Which part of a species' transboundary range a complementary set should hold, 0–1."""

FENCE_KM: Final = 10.0
"""A fence this close to a border counts as running along it: what both lines may be off."""

PAIR_LOOK_KM: Final = 100.0
"""How far the nearest pair of protected areas across a border is looked for."""

EDGE_COST: Final = 0.25
"""What an outline costs beside cells: one side of a cell as much as this part of the cell."""

CELL_GAP: Final = 0.03
"""The set of cells is good enough when it is proven to be this close to the best, 0–1."""

SENSITIVE_DEG: Final = 0.5
"""Where a barrier cuts a sensitive species is told on a lattice of this many degrees."""

CAMI: Final = "yes"


def _counted(pieces: Pieces) -> list[str]:
    species = pieces.layers.species
    return sorted(species.loc[species["in_cami"].astype(str).str.lower() == CAMI, "sci_name"])


# -- by codes -------------------------------------------------------------------------------------


def unit_presence(
    units: gpd.GeoDataFrame, pieces: Pieces, plan: Plan, design: Design
) -> pd.DataFrame:
    """What each unit comes to with each choice of presence codes.

    Returns
    -------
    DataFrame
        ``unit_id``, ``presence`` ("1, 2"), ``as_stated``, ``decision``, ``n_species``, ``species``
        (qualifying), ``gained`` and ``lost`` (against the plan's own codes), ``criteria_met``,
        ``species_supporting`` (possibly extant), in the order of the units.
    """
    parts = []
    named = units.assign(named=every_name(units))
    for codes in sorted(readings(design, plan.codes.presence).values()):
        read = read_otherwise(pieces, plan, design, codes, 0)
        found = assess_sites(named, read, plan, site="named")
        summary = found.findings.summary
        parts.append(
            pd.DataFrame(
                {
                    "unit_id": units["unit_id"].array,
                    "presence": ", ".join(map(str, codes)),
                    "as_stated": codes == tuple(sorted(set(plan.codes.presence))),
                    "decision": found.decisions["decision"].array,
                    "n_species": summary["n_species"],
                    "species": summary["species"],
                    "criteria_met": summary["criteria_met"],
                    "species_supporting": summary["species_supporting"],
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    stated = table[table["as_stated"]].set_index("unit_id")["species"].str.split(";").map(set)
    own = table["species"].str.split(";").map(set)
    base = table["unit_id"].map(stated)
    told = [
        (";".join(sorted(one - other - {""})), ";".join(sorted(other - one - {""})))
        for one, other in zip(own, base, strict=True)
    ]
    table.insert(6, "gained", [gained for gained, _ in told])
    table.insert(7, "lost", [lost for _, lost in told])
    order = {unit: number for number, unit in enumerate(units["unit_id"])}
    return table.sort_values(
        ["unit_id", "presence"],
        key=lambda column: column.map(order) if column.name == "unit_id" else column,
        ignore_index=True,
    )


def every_name(units: gpd.GeoDataFrame) -> pd.Series[str]:
    """The id of each unit and those of its hotspots: an override may name any of them."""
    hotspots = units["hotspot_ids"] if "hotspot_ids" in units else pd.Series("", units.index)
    names: pd.Series[str] = units["unit_id"].str.cat(hotspots.fillna(""), sep=";").str.rstrip(";")
    return names


def restoration_notes(units: gpd.GeoDataFrame, pieces: Pieces) -> pd.DataFrame:
    """Where in each unit a species is possibly extinct or extinct: notes, never counted.

    Returns
    -------
    DataFrame
        ``unit_id``, ``sci_name``, ``presence``, ``note`` (its meaning), ``overlap_km2``.
    """
    ranges = pieces.layers.ranges
    gone = ranges[ranges["presence"].isin([4, 5]) & ranges["sci_name"].isin(_counted(pieces))]
    whole = layers.dissolved(gone, ("sci_name", "presence"))
    found = overlap.overlap(units, whole, by=("sci_name", "presence"), kind="polygon")
    found = found.rename(columns={"km2": "overlap_km2"})
    found.insert(3, "note", found["presence"].map(PRESENCE).astype(object))
    return found


# -- by barrier -----------------------------------------------------------------------------------


def crossings_of(units: gpd.GeoDataFrame, pieces: Pieces) -> gpd.GeoDataFrame:
    """Which species' range each barrier cuts inside each unit, and where corridors meet barriers.

    Returns
    -------
    GeoDataFrame
        ``unit_id``, ``corridor_id`` (empty: the barrier cuts the range, no corridor is known to
        cross it there), ``barrier_id``, ``sci_name``, ``permeability``, ``lon``, ``lat``, ``kind``,
        ``name``, ``evidence_grade`` of the corridor, ``km`` of the barrier within the range (empty
        for corridors) and a point in longitude and latitude: the crossing, or the middle of the
        longest stretch. For sensitive species the point is on a lattice of half a degree.
    """
    known = pieces.layers
    names = ["unit_id", "corridor_id", "barrier_id", "sci_name"]
    if known.barriers is None or not len(known.barriers):
        empty = gpd.GeoDataFrame({name: [] for name in names}, geometry=[], crs=LONLAT)
        return empty.assign(
            **dict.fromkeys(("permeability", "lon", "lat", "kind", "name", "evidence_grade", "km"))
        )
    features = known.features[known.features["sci_name"].isin(_counted(pieces))]
    within = overlap.split(known.barriers, features, keep=("barrier_id", "sci_name"))
    inside = overlap.split(within, units, keep=("unit_id", "barrier_id", "sci_name"))
    cuts = inside.assign(corridor_id="", evidence_grade="", km=overlap.length_km(inside))
    cuts = cuts.set_geometry(overlap.middles(inside))
    parts = [cuts[cuts["km"] > 0]]
    if known.corridors is not None:
        parts.append(_met_by_corridors(units, known.corridors, known.barriers, _counted(pieces)))
    table = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=units.crs)
    table = table.merge(known.barriers[["barrier_id", "kind", "name", "permeability"]])
    points = table.to_crs(LONLAT).geometry
    species = known.species.set_index("sci_name")
    coarse = table["sci_name"].map(species["sensitive"]).eq("yes").to_numpy()
    for column, degrees in (("lon", points.x), ("lat", points.y)):
        lattice = np.round(degrees / SENSITIVE_DEG) * SENSITIVE_DEG
        table[column] = np.where(coarse, lattice, degrees.round(5))
    columns = [*names, "permeability", "lon", "lat", "kind", "name", "evidence_grade", "km"]
    table = table.sort_values([*names, "lon", "lat"], ignore_index=True)
    return gpd.GeoDataFrame(
        table[columns], geometry=gpd.points_from_xy(table["lon"], table["lat"]), crs=LONLAT
    )


def _met_by_corridors(
    units: gpd.GeoDataFrame,
    corridors: gpd.GeoDataFrame,
    barriers: gpd.GeoDataFrame,
    counted: Sequence[str],
) -> gpd.GeoDataFrame:
    own = corridors[corridors["sci_name"].isin(counted)]
    met = overlap.crossings(own, barriers, line="corridor_id", border="barrier_id")
    met = met.merge(own[["corridor_id", "sci_name", "evidence_grade"]], on="corridor_id")
    keep = ("unit_id", "corridor_id", "barrier_id", "sci_name", "evidence_grade")
    return overlap.split(met, units, keep=keep).assign(km=np.nan)


# -- by border ------------------------------------------------------------------------------------


def border_pairs(units: gpd.GeoDataFrame, pieces: Pieces, profile: Profile) -> gpd.GeoDataFrame:
    """Every pair of neighbouring range states: their border, and what lies along it.

    Returns
    -------
    GeoDataFrame
        ``pair``; ``border_km``, and ``disputed_km`` of it; ``units`` on it (";"), ``n_units``;
        ``species_shared`` (";": kept range runs across it), ``n_species``; ``fenced_km``, fences
        within :data:`FENCE_KM` of it, each km less what is permeable; ``n_crossings`` documented,
        ``best_grade`` among them; ``pa_pairs`` of protected areas that face each other within the
        profile's distance, ``nearest_pa_pair_km`` within :data:`PAIR_LOOK_KM`; and the border
        itself. Sorted by ``pair``.
    """
    known = pieces.layers
    borders = layers.dissolved(known.borders, ("pair",))
    km = overlap.length_km(known.borders)
    pair = known.borders["pair"]
    on_it = overlap.overlap(units, borders, by=("pair",), kind="line")
    shared = pieces.shared_borders
    shared = shared[shared["sci_name"].isin(_counted(pieces))]
    made = pd.DataFrame(
        {
            "border_km": km.groupby(pair).sum(),
            "disputed_km": km.where(known.borders["disputed"].astype(bool), 0.0)
            .groupby(pair)
            .sum(),
            "units": _listed(on_it, "unit_id"),
            "species_shared": _listed(shared, "sci_name"),
            "fenced_km": _fenced_km(known.barriers, borders, profile),
        },
        index=pd.Index(borders["pair"], name="pair"),
    )
    for column, count in (("units", "n_units"), ("species_shared", "n_species")):
        made[column] = made[column].fillna("").astype(str)
        made.insert(
            made.columns.get_loc(column) + 1,  # type: ignore[arg-type,operator]
            count,
            [len(names.split(";")) if names else 0 for names in made[column]],
        )
    made = made.join(_graded_crossings(pieces)).join(_facing(pieces, profile))
    made["n_crossings"] = made["n_crossings"].fillna(0).astype(int)
    made["best_grade"] = made["best_grade"].fillna("").astype(str)
    made["pa_pairs"] = made["pa_pairs"].fillna(0).astype(int)
    return gpd.GeoDataFrame(made.reset_index(), geometry=borders.geometry.array, crs=borders.crs)


def _listed(table: pd.DataFrame, column: str) -> pd.Series[str]:
    names = table[["pair", column]].drop_duplicates().sort_values(["pair", column])
    joined: pd.Series[str] = names.groupby("pair")[column].agg(";".join)
    return joined


def _fenced_km(
    barriers: gpd.GeoDataFrame | None, borders: gpd.GeoDataFrame, profile: Profile
) -> pd.Series[float]:
    whole = pd.Series(0.0, index=borders["pair"])
    if barriers is None or profile.C6.fences is None:
        return whole * np.nan
    fences = barriers[barriers["kind"].isin(profile.C6.fences) & barriers["permeability"].notna()]
    if fences.empty:
        return whole
    near = overlap.along(fences, borders, line="barrier_id", within_km=FENCE_KM)
    open_ = fences.set_index("barrier_id")["permeability"]
    closed = overlap.length_km(near) * (1 - near["barrier_id"].map(open_))
    summed: pd.Series[float] = closed.groupby(near["pair"]).sum()
    return summed.reindex(whole.index, fill_value=0.0)


def _graded_crossings(pieces: Pieces) -> pd.DataFrame:
    """How many documented crossings each border has, and the best grade of their evidence."""
    known = pieces.crossings
    if known is None:
        return pd.DataFrame({"n_crossings": [], "best_grade": []})
    told = known[known["sci_name"].isin(_counted(pieces)) & (known["evidence_grade"] != "N")]
    by_pair = told.groupby("pair")["evidence_grade"]
    return pd.DataFrame({"n_crossings": by_pair.size(), "best_grade": by_pair.min()})


def _facing(pieces: Pieces, profile: Profile) -> pd.DataFrame:
    """Pairs of protected areas across each border: how many near each other, and how near."""
    areas = pieces.layers.protected_areas
    if areas is None:
        return pd.DataFrame({"pa_pairs": [], "nearest_pa_pair_km": []})
    near = profile.C7.pair_km or 0.0
    apart = overlap.pairs_apart(areas, key="pa_id", group="iso2", within_km=max(near, PAIR_LOOK_KM))
    by_pair = apart.groupby("pair")["km"]
    return pd.DataFrame(
        {
            "pa_pairs": apart[apart["km"] <= near].groupby("pair").size(),
            "nearest_pa_pair_km": by_pair.min(),
        },
        index=by_pair.min().index,
    )


# -- as a set that covers everything --------------------------------------------------------------


def complementary(
    units: gpd.GeoDataFrame,
    unit_species: pd.DataFrame,
    cells: Cells,
    pieces: Pieces,
    *,
    locked: Sequence[str] = (),
) -> dict[str, pd.DataFrame]:
    """The smallest set of units that covers every species on both sides, and what replaces what.

    Parameters
    ----------
    units : GeoDataFrame
        ``unit_id``, ``score`` and polygons in the CRS of the layers.
    unit_species : DataFrame
        Table `unit_species` of the units.
    cells : Cells
        Scored planning units; a species' transboundary range is its range in the cells where it is
        shared.
    pieces : Pieces
        What :func:`cut` made of the layers.
    locked : sequence of str
        Units that must be in the set.

    Returns
    -------
    dict
        ``complementarity``: ``unit_id``, ``chosen``, ``locked``, ``order_greedy``,
        ``replacement_cost`` (in units; the part after the point is score; empty where nothing
        replaces the unit), ``irreplaceable``, ``lost`` (targets out of reach without it), ``gap``.
        ``complementarity_curve``: ``order``, ``unit_id``, ``species_covered``, ``targets_met``,
        ``share``. ``complementarity_targets``: ``sci_name``, ``asks`` ("both sides", "range"),
        ``target`` (units; km²), ``reached``, ``attainable``, ``missing``, ``met``.
    """
    ground = _transboundary_range(cells, pieces)
    amounts, targets = _unit_problem(units, unit_species, ground, _counted(pieces))
    sites = pd.DataFrame(
        {
            "site": units["unit_id"].array,
            "cost": complementarity.nearly_equal_costs(units["score"]).array,
        }
    )
    best = complementarity.smallest_set(sites, amounts, targets, locked=locked)
    table = complementarity.replacement_costs(sites, amounts, targets, locked=locked)
    order = complementarity.greedy_order(sites, amounts, targets, locked=locked)
    place = order.set_index("site")["order"]
    lone = np.isinf(table["replacement_cost"])
    chosen = pd.DataFrame(
        {
            "unit_id": table["site"],
            "chosen": table["chosen"],
            "locked": table["site"].isin(locked),
            "order_greedy": table["site"].map(place).astype("Int64"),
            "replacement_cost": table["replacement_cost"].where(~lone),
            "irreplaceable": lone,
            "lost": table["lost"],
            "gap": best.gap,
        }
    )
    both = amounts[amounts["feature"].str.endswith(_SIDES)]
    covered = order["site"].map(lambda site: set(both.loc[both["site"] == site, "feature"]))
    seen: set[str] = set()
    curve = order.rename(columns={"site": "unit_id", "met": "targets_met"})
    curve.insert(2, "species_covered", [len(seen := seen | names) for names in covered])
    return {
        "complementarity": chosen,
        "complementarity_curve": curve.drop(columns="gain"),
        "complementarity_targets": _targets_told(targets, amounts, set(best.chosen)),
    }


_SIDES: Final = ": both sides"
_RANGE: Final = ": range"


def _transboundary_range(cells: Cells, pieces: Pieces) -> gpd.GeoDataFrame:
    """The range of each species within the cells where it also lives close by in another state."""
    shared = cells.units[["pu_id", "geometry"]].merge(cells.shared, on="pu_id")
    shared = shared[shared["sci_name"].isin(_counted(pieces))]
    where = layers.dissolved(shared, ("sci_name",)).rename(columns={"sci_name": "shared"})
    whole = overlap.split(pieces.layers.features, where, keep=("sci_name", "shared"))
    own = whole[whole["sci_name"] == whole["shared"]].drop(columns="shared")
    return own.reset_index(drop=True)


def _unit_problem(
    units: gpd.GeoDataFrame,
    unit_species: pd.DataFrame,
    ground: gpd.GeoDataFrame,
    counted: Sequence[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Amounts and targets: each species on both sides of one unit, and part of its range."""
    here = overlap.overlap(units, ground)
    sides = unit_species["sides"].fillna("").str.contains(";")
    both = unit_species[sides & (unit_species["role"] == "qualifying")]
    both = both[both["unit_id"].isin(units["unit_id"])]
    amounts = pd.concat(
        [
            here.assign(feature=here["sci_name"] + _RANGE, amount=here["km2"]),
            both.assign(feature=both["sci_name"] + _SIDES, amount=1.0),
        ]
    ).rename(columns={"unit_id": "site"})[["site", "feature", "amount"]]
    whole = overlap.area_km2(ground)
    targets = pd.DataFrame(
        {
            "feature": [*(ground["sci_name"] + _RANGE), *(f"{name}{_SIDES}" for name in counted)],
            "target": [*(SHARE_OF_RANGE * whole), *np.ones(len(counted))],
        }
    )
    return amounts.reset_index(drop=True), targets


def _targets_told(targets: pd.DataFrame, amounts: pd.DataFrame, chosen: set[str]) -> pd.DataFrame:
    whole = amounts.groupby("feature")["amount"].sum()
    own = amounts[amounts["site"].isin(chosen)].groupby("feature")["amount"].sum()
    name = targets["feature"].str.rpartition(": ")
    attainable = targets["feature"].map(whole).fillna(0.0)
    reached = targets["feature"].map(own).fillna(0.0)
    table = pd.DataFrame(
        {
            "sci_name": name[0],
            "asks": name[2],
            "target": targets["target"],
            "reached": reached,
            "attainable": attainable,
            "missing": (targets["target"] - attainable).clip(lower=0.0),
            "met": reached >= targets["target"] * (1 - 1e-9),
        }
    )
    return table.sort_values(["sci_name", "asks"], ignore_index=True)


def cell_problem(cells: Cells, pieces: Pieces, profile: Profile) -> dict[str, Any]:
    """What :func:`cami_units.complementarity.smallest_set` asks of planning units.

    The targets are those of units, at the price of the outline of the set: cells of one species'
    range on two sides, together and not scattered.
    """
    shared = cells.shared[cells.shared["sci_name"].isin(_counted(pieces))]
    key = ["pu_id", "sci_name"]
    held = shared[key].merge(cells.species, on=key)
    ids = pd.Index(sorted(held["pu_id"].unique()))
    own = cells.units[cells.units["pu_id"].isin(ids)].sort_values("pu_id", ignore_index=True)
    by_state = overlap.overlap(own, pieces.sides, site="pu_id", by=("sci_name", "iso2"))
    links = grid.neighbours(own, corners=False)
    names = own["pu_id"].to_numpy()
    corners = 6 if len(own) and len(own.geometry.iloc[0].exterior.coords) == 7 else 4
    our_words = {"pu_id": "site", "sci_name": "feature", "iso2": "side", "km2": "amount"}
    amounts = held.rename(columns=our_words)
    targets = SHARE_OF_RANGE * amounts.groupby("feature")["amount"].sum()
    return {
        # The length of an outline is counted in sides of cells.
        "sites": pd.DataFrame({"site": ids, "cost": 1.0, "outline_km": float(corners)}),
        "amounts": amounts,
        "targets": targets.rename("target").reset_index(),
        "edges": pd.DataFrame(
            {"site_a": names[links[:, 0]], "site_b": names[links[:, 1]], "km": 1.0}
        ),
        "edge_weight": EDGE_COST,
        "sides": complementarity.Sides(
            shared[key].merge(by_state, on=key).rename(columns=our_words),
            least=profile.occurrence.side_km2 or 0.0,
            number=profile.G2.min_sides or 2,
        ),
        "gap": CELL_GAP,
    }
