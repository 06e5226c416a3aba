"""The smallest set of sites that covers every species, solved exactly, with its proven gap.

Ranking by score picks rich mountains over and over and skips tugai and steppe. A set that covers
everything asks another question: what does this site hold that the others do not? It is a small
mixed-integer programme [1]_, solved by HiGHS [2]_; beside it stands the greedy order, which is easy
to explain and never better.

A room of its own and not part of `rank`: it answers another question, from other tables, and it is
the only one that needs a solver.

References
----------
.. [1] Beyer, H. L., Dujardin, Y., Watts, M. E. & Possingham, H. P. (2016). Solving conservation
   planning problems with integer linear programming. *Ecological Modelling* 328, 14–22.
   doi:10.1016/j.ecolmodel.2016.02.005
.. [2] Huangfu, Q. & Hall, J. A. J. (2018). Parallelizing the dual revised simplex method.
   *Mathematical Programming Computation* 10, 119–142. doi:10.1007/s12532-017-0130-5
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp

from cami_units.model import DIGITS, InputError, check_arguments, listed

_SLACK: Final = 1e-9
"""A target counts as met when less than this part of it is missing: rounding of the solver."""

_NODES: Final = 200_000
"""After so many branches the solver stops and tells its gap: a count, so that no clock decides."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A set of sites, and how far it is from the best there could be.

    Attributes
    ----------
    chosen : the sites, sorted.
    cost : the sum of their costs.
    bound : no set that meets the targets costs less: proven.
    gap : (cost − bound) ÷ cost, 0–1; 0 means proven optimal.
    unmet : ``feature``, ``target``, ``attainable``, ``missing`` – targets that all sites together
        cannot meet. They were left out of the problem, not lowered.
    """

    chosen: tuple[str, ...]
    cost: float
    bound: float
    gap: float
    unmet: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Sides:
    """Features that a set must hold on several sides of a border.

    Attributes
    ----------
    amounts : ``site``, ``feature``, ``side``, ``amount`` – what each site holds on each side.
    least : the amount from which a side counts.
    number : how many sides must count.
    """

    amounts: pd.DataFrame
    least: float
    number: int = 2


def smallest_set(
    sites: pd.DataFrame,
    amounts: pd.DataFrame,
    targets: pd.DataFrame,
    *,
    locked: Collection[str] = (),
    barred: Collection[str] = (),
    edges: pd.DataFrame | None = None,
    edge_weight: float = 0.0,
    sides: Sides | None = None,
    gap: float = 0.0,
    nodes: int = _NODES,
) -> Selection:
    """The cheapest set of sites that meets every target that can be met.

    .. math:: \\min \\sum_i c_i x_i + \\beta \\Big(\\sum_i e_i x_i - 2 \\sum_{ij} b_{ij} y_{ij}\\Big)
       \\quad \\text{so that} \\quad \\sum_i a_{is} x_i \\ge t_s, \\;
       y_{ij} \\le x_i, \\; y_{ij} \\le x_j

    with *x* in {0, 1}, cost *c*, amount *a*, target *t*; *e* the whole outline of a site, *b* the
    edge that two sites share and *y* 1 where both are chosen, so that the bracket is the length of
    the outline of the set.

    Parameters
    ----------
    sites : DataFrame
        ``site``, ``cost`` (0 or more); with `edges` also ``outline_km``.
    amounts : DataFrame
        ``site``, ``feature``, ``amount``: what each site holds. Rows of one pair add up.
    targets : DataFrame
        ``feature``, ``target``. A target of 0 is always met.
    locked, barred : collection of str
        Sites that must be in the set, and sites that must not.
    edges : DataFrame, optional
        ``site_a``, ``site_b``, ``km``: the edges that neighbours share.
    edge_weight : float, default 0
        :math:`\\beta`: what a kilometre of outline costs. 0 asks for nothing but cost.
    sides : Sides, optional
        Features that must also be held on several sides of a border.
    gap : float, default 0
        The solver may stop when the set is proven to be within this share of the best, 0–1.
    nodes : int
        The solver stops after so many branches and says how far it got.

    Raises
    ------
    InputError
        A table lacks a column, names an unknown site, or holds a negative number; a site is both
        locked and barred; no set was found within `nodes`.

    Notes
    -----
    The answer says which sites *complement* each other, not which are best: where several sets are
    equally small, which one comes out hangs on the costs alone. Give the better sites a slightly
    lower cost (see :func:`nearly_equal_costs`) to break ties by value.

    Examples
    --------
    >>> import cami_units as cu
    >>> import pandas as pd
    >>> sites = pd.DataFrame({"site": ["a", "b", "c"], "cost": 1.0})
    >>> amounts = pd.DataFrame({"site": ["a", "b", "c", "c"], "feature": ["x", "y", "x", "y"],
    ...                         "amount": 1.0})
    >>> cu.smallest_set(sites, amounts, pd.DataFrame({"feature": ["x", "y"], "target": 1.0})).chosen
    ('c',)
    """
    check_arguments(smallest_set, locals())
    problem = _Problem.of(sites, amounts, targets, edges, edge_weight, sides)
    if gap < 0 or nodes < 1:
        _refuse([f"gap must be 0 or more, and nodes 1 or more; {gap:g} and {nodes} came"])
    return _smallest(problem, locked, barred, gap, nodes)


def _smallest(
    problem: _Problem,
    locked: Collection[str],
    barred: Collection[str],
    gap: float,
    nodes: int,
    *,
    fewest: int = 0,
) -> Selection:
    """As :func:`smallest_set`, of a problem that may be asked more than once.

    `fewest` is how many sites any set is known to have at least.
    """
    names = problem.names
    _check_fixed(names, locked, barred)
    # Locked sites are held at 1 and barred ones at 0 by their bounds: the search never branches on
    # them.
    low = np.isin(names, list(locked)).astype(float)
    high = 1.0 - np.isin(names, list(barred)).astype(float)
    # What no set can reach is taken out of the problem and told: one target too high must not cost
    # all others their answer.
    attainable = problem.held @ high
    reachable = attainable >= problem.target * (1 - _SLACK)
    open_sides = problem.sides_held @ high >= problem.side_least * (1 - _SLACK)
    n_sides = pd.Series(open_sides).groupby(problem.side_feature).sum().astype(float)
    crossing = n_sides.index[n_sides >= problem.min_sides]
    one_sided = n_sides[n_sides < problem.min_sides]
    unmet = pd.DataFrame(
        {
            "feature": [*problem.features[~reachable], *one_sided.index],
            "target": [*problem.target[~reachable], *[float(problem.min_sides)] * len(one_sided)],
            "attainable": [*attainable[~reachable], *one_sided],
        }
    )
    unmet["missing"] = unmet["target"] - unmet["attainable"]
    open_sides &= np.isin(problem.side_feature, crossing)
    solved = problem.solved(low, high, reachable, open_sides, gap, nodes, fewest)
    if solved.x is None:
        raise InputError(
            f"No set of sites was found within {nodes} branches of the search. Allow more with "
            "`nodes`, or a larger `gap`."
        )
    # The solver's whole numbers are whole to 1e-6 only; behind the sites stand variables for edges
    # and sides.
    in_set = np.round(solved.x[: len(names)]) > 0
    cost = problem.cost_of(in_set)
    # Cost is added up anew from the sites, and may lie a digit below the bound that the solver
    # computed.
    bound = min(float(solved.mip_dual_bound), cost) if solved.mip_dual_bound is not None else cost
    return Selection(
        chosen=tuple(sorted(str(name) for name in names[in_set])),
        cost=cost,
        bound=bound,
        gap=max(0.0, (cost - bound) / cost) if cost > 0 else 0.0,
        unmet=unmet,
    )


@dataclass(frozen=True, slots=True)
class _Problem:
    """The tables as arrays: sites are columns, features (and their sides) are rows."""

    names: NDArray[np.object_]
    cost: NDArray[np.float64]
    features: NDArray[np.object_]
    target: NDArray[np.float64]
    held: sparse.csr_array
    pairs: NDArray[np.intp]
    saved: NDArray[np.float64]
    side_feature: NDArray[np.object_]
    sides_held: sparse.csr_array
    side_least: float
    min_sides: int

    @classmethod
    def of(
        cls,
        sites: pd.DataFrame,
        amounts: pd.DataFrame,
        targets: pd.DataFrame,
        edges: pd.DataFrame | None = None,
        edge_weight: float = 0.0,
        sides: Sides | None = None,
    ) -> _Problem:
        """The problem as matrices, sites and features in the order of their names."""
        given_tables = {"sites": sites, "amounts": amounts, "targets": targets}
        given_tables |= {} if edges is None else {"edges": edges}
        given_tables |= {} if sides is None else {"sides": sides.amounts}
        _check_tables(given_tables, edge_weight)
        # By name, whatever order the rows came in: of several best sets the solver then takes the
        # same one.
        ordered = sites.sort_values("site")
        names = ordered["site"].to_numpy(dtype=object)
        ordered_targets = targets.sort_values("feature")
        features = ordered_targets["feature"].to_numpy(dtype=object)
        place = pd.Series(np.arange(len(names)), index=names)
        wanted_amounts = amounts[amounts["feature"].isin(features)]
        side_amounts = sides.amounts if sides else amounts.iloc[:0].assign(side="")
        key = pd.MultiIndex.from_frame(side_amounts[["feature", "side"]])
        side_keys = key.unique().sort_values()
        cost = ordered["cost"].to_numpy(dtype=float).copy()
        pairs, saved = np.empty((0, 2), dtype=np.intp), np.empty(0)
        if edges is not None and edge_weight > 0:
            cost += edge_weight * ordered["outline_km"].to_numpy(dtype=float)
            shared = edges.sort_values(["site_a", "site_b"])
            ends = [shared[name].map(place).to_numpy(np.intp) for name in ("site_a", "site_b")]
            pairs = np.column_stack(ends)
            # An edge inside the set leaves the outline of both of its sites.
            saved = 2 * edge_weight * shared["km"].to_numpy(dtype=float)
        return cls(
            names,
            cost,
            features,
            ordered_targets["target"].to_numpy(dtype=float),
            _matrix(wanted_amounts, pd.Index(features), wanted_amounts["feature"], place),
            pairs,
            saved,
            side_keys.get_level_values(0).to_numpy(dtype=object),
            _matrix(side_amounts, side_keys, key, place),
            sides.least if sides else 0.0,
            sides.number if sides else 0,
        )

    def cost_of(self, in_set: NDArray[np.bool_]) -> float:
        """What a set costs: its sites, less the edges that two of them share."""
        saved_pairs = in_set[self.pairs].all(axis=1)
        return float(self.cost[in_set].sum() - self.saved[saved_pairs].sum())

    def solved(
        self,
        low: NDArray[np.float64],
        high: NDArray[np.float64],
        reachable: NDArray[np.bool_],
        open_sides: NDArray[np.bool_],
        gap: float,
        nodes: int,
        fewest: int,
    ) -> OptimizeResult:
        """What the solver makes of it: variables are sites, then shared edges, then sides.

        The rows of the matrix, block by block (columns: sites *x*, shared edges *y*, sides *z*)::

            amounts   0    0      ≥ target     enough of each feature
            ends      -1   0      ≥ 0          an edge is saved where both its ends are chosen (2 ×)
            sides     0    -1     ≥ 0          a side counts where the sites hold enough on it
            0         0    count  ≥ min_sides  enough sides of each feature
            1         0    0      ≥ fewest     as many sites as any set has
        """
        # Rows in units of their own target: km² and counts side by side confuse a solver. All
        # bounds give way by _SLACK, or the rounding of a sum makes a set that fits infeasible.
        scale = np.where(self.target > 0, self.target, 1.0)[reachable]
        blocks: list[list[sparse.sparray | None]] = [
            [sparse.diags_array(1 / scale) @ self.held[reachable], None, None]
        ]
        least = [self.target[reachable] / scale * (1 - _SLACK)]
        m = len(self.pairs)
        # y ≤ x at both ends, as two blocks: tighter for the solver than 2y ≤ x + x in one.
        for end in (0, 1):
            entries = (np.ones(m), (np.arange(m), self.pairs[:, end]))
            tie = sparse.coo_array(entries, shape=(m, len(self.names)))
            blocks.append([tie, -sparse.eye_array(m), None])
            least.append(np.zeros(m))
        # Only sides that can be held at all: one out of reach would forbid every set.
        k = int(open_sides.sum())
        unit = self.side_least if self.side_least > 0 else 1.0
        blocks.append([self.sides_held[open_sides] / unit, None, -sparse.eye_array(k)])
        least.append(np.full(k, -_SLACK))
        names_asked, of = np.unique(self.side_feature[open_sides].astype(str), return_inverse=True)
        count = sparse.coo_array((np.ones(k), (of, np.arange(k))), shape=(len(names_asked), k))
        blocks.append([sparse.coo_array((len(names_asked), len(self.names))), None, count])
        least.append(np.full(len(names_asked), float(self.min_sides)))
        if fewest > 0:
            blocks.append([sparse.coo_array(np.ones((1, len(self.names)))), None, None])
            least.append(np.array([float(fewest)]))
        bound = np.concatenate(least)
        ties = LinearConstraint(sparse.block_array(blocks, format="csr"), bound, np.inf)
        is_whole = np.concatenate([np.ones(len(self.names)), np.zeros(m), np.ones(k)])

        def best(
            least: NDArray[np.float64], most: NDArray[np.float64], integrality: NDArray[np.float64]
        ) -> OptimizeResult:
            """What HiGHS finds between some bounds."""
            return milp(
                np.concatenate([self.cost, -self.saved, np.zeros(k)]),
                integrality=integrality,
                bounds=Bounds(least, most),
                constraints=ties,
                options={"mip_rel_gap": gap, "node_limit": nodes},
            )

        low, high = np.concatenate([low, np.zeros(m + k)]), np.concatenate([high, np.ones(m + k)])
        if gap > 0:
            # In parts first, which is quick, and less than which no set can cost; then among the sites
            # of which that answer takes a part. Of 3,524 cells these were 913, and the set was
            # proven near enough in a quarter of the time, and cheaper, than a search among all.
            parts = best(low, high, np.zeros_like(is_whole))
            if parts.x is not None:
                is_taken, is_left = parts.x > 1 - _PART, parts.x < _PART
                few = best(
                    np.where(is_taken & (is_whole > 0), high, low),
                    np.where(is_left & (is_whole > 0), low, high),
                    is_whole,
                )
                if few.x is not None and few.fun - parts.fun <= gap * abs(few.fun):
                    few.mip_dual_bound = parts.fun
                    return few
        return best(low, high, is_whole)


_PART: Final = 1e-6
"""Less of a site than this is none of it: the solver's own tolerance of a whole number."""


def _matrix(
    amounts: pd.DataFrame, rows: pd.Index, key: pd.Index | pd.Series, place: pd.Series
) -> sparse.csr_array:
    """The amounts as a matrix of `rows` and sites; what comes twice adds up, in a fixed order."""
    order = amounts.assign(_row=rows.get_indexer(pd.Index(key)), _column=amounts["site"].map(place))
    # What stands twice is added up: in one order, whatever order the table has.
    order = order.sort_values(["_row", "_column", "amount"])
    where = (order["_row"].to_numpy(int), order["_column"].to_numpy(int))
    shape = (len(rows), len(place))
    return sparse.coo_array((order["amount"].to_numpy(float), where), shape=shape).tocsr()


_COLUMNS: Final = {
    "sites": ("site", "cost"),
    "amounts": ("site", "feature", "amount"),
    "targets": ("feature", "target"),
    "edges": ("site_a", "site_b", "km"),
    "sides": ("site", "feature", "side", "amount"),
}
"""What each table must have; `sites` also ``outline_km`` where there are edges."""


_NAMES: Final = ("site", "feature", "side", "site_a", "site_b")
"""Columns by which rows of the tables know each other."""


def _check_tables(given_tables: Mapping[str, pd.DataFrame], edge_weight: float) -> None:
    """Refuse tables that lack columns, repeat rows or hold what is no amount."""
    columns: dict[str, tuple[str, ...]] = {name: _COLUMNS[name] for name in given_tables}
    if "edges" in given_tables:
        columns["sites"] += ("outline_km",)
    if not (faults := _column_faults(given_tables, columns)):
        faults = [
            f"'{name}' holds numbers below 0, or none, in '{column}'"
            for name, table in given_tables.items()
            for column in columns[name]
            if column in ("cost", "amount", "target", "km", "outline_km")
            and not (pd.to_numeric(table[column], errors="coerce") >= 0).all()
        ]
        faults += _name_faults(given_tables)
    if edge_weight < 0:
        faults.append(f"edge_weight must be 0 or more, {edge_weight:g} came")
    _refuse(faults)


def _column_faults(
    given_tables: Mapping[str, pd.DataFrame], columns: Mapping[str, Sequence[str]]
) -> list[str]:
    """Columns that are missing, and rows without a name."""
    faults = []
    for name, table in given_tables.items():
        missing = [column for column in columns[name] if column not in table.columns]
        faults += [f"'{name}' lacks the column {listed(missing)}"] if missing else []
        there = [column for column in columns[name] if column in table.columns]
        bare = [column for column in there if column in _NAMES and table[column].isna().any()]
        faults += [f"'{name}' has rows without {listed(bare)}"] if bare else []
    return faults


def _name_faults(given_tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Sites that nobody knows, and rows that stand twice."""
    named = {
        site
        for name, table in given_tables.items()
        for column in _COLUMNS[name]
        if column.startswith("site")
        for site in table[column]
    }
    strange = sorted(map(str, named - set(given_tables["sites"]["site"])))
    faults = [f"sites that are not in 'sites': {listed(strange)}"] if strange else []
    for name, key in (("sites", "site"), ("targets", "feature")):
        keys = given_tables[name][key]
        twice = keys[keys.duplicated()].unique()
        if len(twice):
            faults.append(f"each {key} stands once in '{name}'; repeated: {listed(twice)}")
    return faults


def _refuse(faults: Sequence[str]) -> None:
    """Refuse where there are faults, all of them in one sentence."""
    if faults:
        raise InputError("No set can be looked for: " + "; ".join(faults) + ".")


def _check_fixed(
    names: NDArray[np.object_], locked: Collection[str], barred: Collection[str]
) -> None:
    """Refuse sites that nobody knows, or that are to be in and out at once."""
    strange = sorted(map(str, {*locked, *barred} - set(names)))
    twice = sorted(map(str, set(locked) & set(barred)))
    faults = [f"unknown sites are locked in or out: {listed(strange)}"] if strange else []
    _refuse(faults + ([f"locked in and out at once: {listed(twice)}"] if twice else []))


def nearly_equal_costs(score: pd.Series) -> pd.Series:
    """Costs that count sites first, and of equally many prefer those of a higher score.

    A site costs 1 and at most 1 ÷ (n + 1) more, where its score (0–1) is low: the extras of all *n*
    sites together are less than one site more.

    Examples
    --------
    >>> nearly_equal_costs(pd.Series([1.0, 0.0, 0.5])).tolist()
    [1.0, 1.25, 1.125]
    """
    extra: pd.Series = (1 - score.astype(float).clip(0, 1).fillna(0.0)) / (len(score) + 1)
    return 1 + extra


def replacement_costs(
    sites: pd.DataFrame,
    amounts: pd.DataFrame,
    targets: pd.DataFrame,
    *,
    locked: Collection[str] = (),
    nodes: int = _NODES,
    best: Selection | None = None,
) -> pd.DataFrame:
    """What it costs to do without each site of the best set, or to force in one that is not in it.

    Parameters
    ----------
    sites, amounts, targets, locked, nodes
        As in :func:`smallest_set`.
    best : Selection, optional
        What that function gives for these; ``None``: it is asked.

    Returns
    -------
    DataFrame
        ``site``, ``chosen``, ``replacement_cost``, ``lost`` (targets, ";", that cannot be met
        without the site by all others together). In the order of `sites`. The cost is that of the
        best set under the constraint less that of the best set, 0 or more; infinite where a target
        would be lost: then nothing replaces the site.

    References
    ----------
    Cabeza, M. & Moilanen, A. (2006). Replacement cost: a practical measure of site value for
    cost-effective reserve planning. *Biological Conservation* 132, 336–342.
    doi:10.1016/j.biocon.2006.04.025
    """
    if best is None:
        best = smallest_set(sites, amounts, targets, locked=locked, nodes=nodes)
    # A target that nobody can reach would make every site irreplaceable.
    could = targets[~targets["feature"].isin(best.unmet["feature"])]
    problem = _Problem.of(sites, amounts, could)
    # No set that is asked for more costs less than the best: with so many of the dearest sites it may
    # just cost as much. Told of it, the solver proves an answer in three quarters of the time.
    dearest = np.sort(problem.cost)[::-1].cumsum()
    fewest = int(np.searchsorted(dearest, best.bound * (1 - _SLACK))) + 1 if best.chosen else 0
    total = amounts.groupby("feature")["amount"].sum().reindex(could["feature"], fill_value=0.0)
    rows = []
    for site in sites["site"]:
        amount_here = amounts[amounts["site"] == site].groupby("feature")["amount"].sum()
        left = total - amount_here.reindex(total.index, fill_value=0.0)
        needed = could.set_index("feature")["target"]
        # With the slack of the solver: what it takes as reached must not be called lost here.
        lost_targets = sorted(str(name) for name in needed.index[left < needed * (1 - _SLACK)])
        if site in best.chosen:
            # A locked site is asked about as any other: what would it cost to unlock it.
            others = [name for name in locked if name != site]
            cost = np.inf
            # Where the rest cannot reach a target, no set without the site exists: the cost is
            # infinite, unasked.
            if not lost_targets:
                # without its lock a set may cost less than the best
                at_least = 0 if site in locked else fewest
                without = _smallest(problem, others, [site], 0.0, nodes, fewest=at_least)
                cost = without.cost - best.cost
        else:
            # Of a site outside the set the price is that of forcing it in.
            forced = _smallest(problem, [*locked, site], (), 0.0, nodes, fewest=fewest)
            cost = forced.cost - best.cost
        rows.append((site, site in best.chosen, max(cost, 0.0), ";".join(lost_targets)))
    return pd.DataFrame(rows, columns=["site", "chosen", "replacement_cost", "lost"])


def greedy_order(
    sites: pd.DataFrame,
    amounts: pd.DataFrame,
    targets: pd.DataFrame,
    *,
    locked: Collection[str] = (),
) -> pd.DataFrame:
    """Sites one after another, each the one that adds most to what is still missing, for its cost.

    Parameters
    ----------
    sites, amounts, targets, locked
        As in :func:`smallest_set`; locked sites come first, in the order of their names.

    Returns
    -------
    DataFrame
        ``order`` (1 …), ``site``, ``gain`` (sum over the targets of the share that it adds),
        ``met`` (targets met so far), ``share`` (mean share of the targets reached so far, 0–1).
        Sites that add nothing are not there. Ties go to the first name.
    """
    problem = _Problem.of(sites, amounts, targets)
    _check_fixed(problem.names, locked, ())
    # A target of nothing is reached, and its share would be a division by zero.
    positive = problem.target > 0
    target = np.where(positive, problem.target, 1.0)
    shares = problem.held.toarray() / target[:, None]
    reached = np.where(positive, 0.0, 1.0)
    free = np.ones(len(problem.names), dtype=bool)
    waiting = [place for place, name in enumerate(problem.names) if name in set(locked)]
    rows = []
    while free.any():
        gain = np.minimum(reached[:, None] + shares, 1.0).sum(axis=0) - reached.sum()
        # A site that costs nothing is worth more than any that does, and still no division by zero.
        worth = np.where(free, gain / np.maximum(problem.cost, 1e-12), -1.0)
        # Rounded, so that gains that differ in the last digit only are a tie, and go to the first
        # name.
        best = waiting.pop(0) if waiting else int(np.argmax(np.round(worth, 12)))
        if not waiting and gain[best] <= _SLACK and problem.names[best] not in locked:
            break
        free[best] = False
        reached = np.minimum(reached + shares[:, best], 1.0)
        met = int((reached >= 1 - _SLACK).sum())
        rows.append((problem.names[best], float(gain[best]), met, float(reached.mean())))
    table = pd.DataFrame(rows, columns=["site", "gain", "met", "share"])
    table.insert(0, "order", np.arange(1, len(table) + 1))
    return table


# -- the sets that a round is told ----------------------------------------------------------------

SHARE_OF_RANGE: Final = 0.3
"""Which part of a species' transboundary range a complementary set should hold, 0–1."""

EDGE_COST: Final = 0.25
"""What an outline costs beside cells: one side of a cell as much as this part of the cell."""

CELL_GAP: Final = 0.03
"""The set of cells is good enough when it is proven to be this close to the best, 0–1."""


def set_of_units(
    units: pd.DataFrame,
    unit_species: pd.DataFrame,
    unit_range: pd.DataFrame,
    range_km2: pd.Series[float],
    *,
    counted: Sequence[str],
    locked: Sequence[str] = (),
) -> dict[str, pd.DataFrame]:
    """The smallest set of units that covers every species on both sides, and what replaces what.

    Parameters
    ----------
    units : DataFrame
        ``unit_id``, ``score``.
    unit_species : DataFrame
        Table `unit_species` of the units.
    unit_range : DataFrame
        ``unit_id``, ``sci_name``, ``km2``: transboundary range in each unit.
    range_km2 : Series
        The transboundary range of each species: its range in the cells where it is shared.
    counted : sequence of str
        The species that are counted.
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
    targets = _unit_targets(range_km2, counted)
    amounts = _unit_amounts(units, unit_species, unit_range)
    costs = nearly_equal_costs(units["score"]).array
    sites = pd.DataFrame({"site": units["unit_id"].array, "cost": costs})
    best = smallest_set(sites, amounts, targets, locked=locked)
    table = replacement_costs(sites, amounts, targets, locked=locked, best=best)
    order = greedy_order(sites, amounts, targets, locked=locked)
    # Infinity is no number of a table: a flag says so, and the cost stays empty.
    irreplaceable = np.isinf(table["replacement_cost"])
    members = pd.DataFrame(
        {
            "unit_id": table["site"],
            "chosen": table["chosen"],
            "locked": table["site"].isin(locked),
            "order_greedy": table["site"].map(order.set_index("site")["order"]).astype("Int64"),
            "replacement_cost": table["replacement_cost"].where(~irreplaceable),
            "irreplaceable": irreplaceable,
            "lost": table["lost"],
            "gap": best.gap,
        }
    )
    # Only units where a species lives on both sides cover it: range on one side is not
    # transboundary.
    on_sides = amounts[amounts["asks"] == _BOTH_SIDES]
    on_both = on_sides.groupby("site")["feature"].agg(set)
    features = [on_both.get(site, set()) for site in order["site"]]
    covered: set[str] = set()
    curve = order.rename(columns={"site": "unit_id", "met": "targets_met"})
    curve.insert(2, "species_covered", [len(covered := covered | names) for names in features])
    return {
        "complementarity": members,
        "complementarity_curve": curve.drop(columns="gain"),
        "complementarity_targets": _reached_targets(targets, amounts, set(best.chosen)),
    }


_BOTH_SIDES: Final = "both sides"
_RANGE: Final = "range"


def _unit_targets(range_km2: pd.Series[float], counted: Sequence[str]) -> pd.DataFrame:
    """Each species on both sides of one unit, and part of its transboundary range."""
    rows = [(name, _RANGE, SHARE_OF_RANGE * km2) for name, km2 in range_km2.items()]
    rows += [(name, _BOTH_SIDES, 1.0) for name in counted]
    targets = pd.DataFrame(rows, columns=["sci_name", "asks", "target"])
    # what is asked of a species, under one name: a species is asked for twice
    return targets.assign(feature=targets["sci_name"] + ": " + targets["asks"])


def _unit_amounts(
    units: pd.DataFrame, unit_species: pd.DataFrame, unit_range: pd.DataFrame
) -> pd.DataFrame:
    """What each unit gives to each target."""
    # A list of sides with a semicolon names two at least.
    two_sides = unit_species["sides"].fillna("").str.contains(";")
    on_two_sides = unit_species[two_sides & (unit_species["role"] == "qualifying")]
    on_two_sides = on_two_sides[on_two_sides["unit_id"].isin(units["unit_id"])]
    amounts = pd.concat(
        [
            unit_range.assign(asks=_RANGE, amount=unit_range["km2"]),
            on_two_sides.assign(asks=_BOTH_SIDES, amount=1.0),
        ],
        ignore_index=True,
    ).rename(columns={"unit_id": "site"})
    amounts["feature"] = amounts["sci_name"].astype(str) + ": " + amounts["asks"]
    return amounts[["site", "feature", "asks", "amount"]]


def _reached_targets(
    targets: pd.DataFrame, amounts: pd.DataFrame, set_members: set[str]
) -> pd.DataFrame:
    """Every target with what the set reaches of it, and what all units together could."""
    total = amounts.groupby("feature")["amount"].sum()
    in_set = amounts[amounts["site"].isin(set_members)].groupby("feature")["amount"].sum()
    attainable = targets["feature"].map(total).fillna(0.0)
    reached = targets["feature"].map(in_set).fillna(0.0)
    table = targets[["sci_name", "asks", "target"]].assign(
        reached=reached,
        attainable=attainable,
        missing=(targets["target"] - attainable).clip(lower=0.0),
        met=reached >= targets["target"] * (1 - _SLACK),
    )
    return table.sort_values(["sci_name", "asks"], ignore_index=True)


def set_of_cells(
    shared_km2: pd.DataFrame,
    side_km2: pd.DataFrame,
    links: NDArray[np.intp],
    *,
    corners: int,
    least_km2: float,
    min_sides: int,
) -> Selection:
    """The smallest set of planning units under the targets of units, at the price of its outline.

    Cells of one species' range on two sides, together and not scattered.

    Parameters
    ----------
    shared_km2 : DataFrame
        ``pu_id``, ``sci_name``, ``km2``: range in the cells where a species is shared.
    side_km2 : DataFrame
        ``pu_id``, ``sci_name``, ``iso2``, ``km2``: the same by state.
    links : (n, 2) array of int
        Positions of the neighbours that share an edge, among the cells sorted by ``pu_id``.
    corners : int
        How many neighbours a cell has: 4, or 6 for hexagons.
    least_km2, min_sides : float, int
        The km² from which a side counts, and how many must.
    """
    ours = {"pu_id": "site", "sci_name": "feature", "iso2": "side", "km2": "amount"}
    # As tables have them: of many sets as small, the last bits of a sum would choose one.
    amounts, by_side = (
        table.rename(columns=ours).round({"amount": DIGITS}) for table in (shared_km2, side_km2)
    )
    # `links` counts in this order.
    ids = np.array(sorted(amounts["site"].unique()), dtype=object)
    targets = SHARE_OF_RANGE * amounts.groupby("feature")["amount"].sum()
    return smallest_set(
        # The length of an outline is counted in sides of cells.
        pd.DataFrame({"site": ids, "cost": 1.0, "outline_km": float(corners)}),
        amounts,
        targets.rename("target").reset_index(),
        edges=pd.DataFrame({"site_a": ids[links[:, 0]], "site_b": ids[links[:, 1]], "km": 1.0}),
        edge_weight=EDGE_COST,
        sides=Sides(by_side, least=least_km2, number=min_sides),
        gap=CELL_GAP,
    )
