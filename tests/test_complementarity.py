"""The smallest set of sites, against all subsets, by hand, and where there is none."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cami_units.complementarity import (
    Sides,
    greedy_order,
    nearly_equal_costs,
    replacement_costs,
    smallest_set,
)
from cami_units.model import InputError

# Four units, three species. By hand:
#            fox  goat  deer   cost
#   A         1     1     .      1      A and C hold everything: 2 units.
#   B         .     1     .      1      Nothing smaller does: deer is in C and D only, and neither
#   C         .     .     1      1      holds fox. A is the only one with fox: nothing replaces it.
#   D         .     1     1      1      C can be replaced by D at no cost, B costs one more.
UNITS = pd.DataFrame({"site": list("ABCD"), "cost": 1.0})
HELD = pd.DataFrame(
    [
        ("A", "fox", 1.0),
        ("A", "goat", 1.0),
        ("B", "goat", 1.0),
        ("C", "deer", 1.0),
        ("D", "goat", 1.0),
        ("D", "deer", 1.0),
    ],
    columns=["site", "feature", "amount"],
)
ALL = pd.DataFrame({"feature": ["fox", "goat", "deer"], "target": 1.0})


def test_the_smallest_set_by_hand():
    found = smallest_set(UNITS, HELD, ALL)
    assert found.cost == 2
    assert "A" in found.chosen
    assert len(found.chosen) == 2
    assert found.gap == 0
    assert found.bound == pytest.approx(2)
    assert found.unmet.empty


def test_of_equally_small_sets_the_better_scores_win():
    score = pd.Series([0.2, 0.9, 0.3, 0.8])
    costs = nearly_equal_costs(score)
    assert smallest_set(UNITS.assign(cost=costs), HELD, ALL).chosen == ("A", "D")
    costs = nearly_equal_costs(pd.Series([0.2, 0.9, 0.8, 0.3]))
    assert smallest_set(UNITS.assign(cost=costs), HELD, ALL).chosen == ("A", "C")
    # Any score at all never buys a second unit: the extras of all sum to less than one.
    assert nearly_equal_costs(pd.Series(np.zeros(500))).sub(1).sum() < 1


def test_locked_and_barred_sites():
    assert smallest_set(UNITS, HELD, ALL, locked=["B"]).chosen in {("A", "B", "C"), ("A", "B", "D")}
    assert smallest_set(UNITS, HELD, ALL, barred=["C"]).chosen == ("A", "D")


def test_what_replaces_what():
    table = replacement_costs(UNITS.assign(cost=[1, 1, 1, 1.1]), HELD, ALL).set_index("site")
    assert table.loc["A", "replacement_cost"] == np.inf
    assert table.loc["A", "lost"] == "fox"
    assert table.loc["C", "replacement_cost"] == pytest.approx(0.1)  # D stands in for C
    assert table.loc["B", "replacement_cost"] == pytest.approx(1)  # A, B, C
    assert table.loc["D", "replacement_cost"] == pytest.approx(0.1)
    assert table["chosen"].tolist() == [True, False, True, False]


def test_a_target_that_cannot_be_met_is_named_with_what_is_missing():
    # 10 km² of fox are asked for; all sites together hold 1. The rest of the problem stands.
    targets = ALL.assign(target=[10.0, 1.0, 1.0])
    found = smallest_set(UNITS, HELD, targets)
    assert found.chosen == ("D",)
    assert found.unmet.to_dict("records") == [
        {"feature": "fox", "target": 10.0, "attainable": 1.0, "missing": 9.0}
    ]


def test_nobody_holds_a_feature():
    targets = pd.DataFrame({"feature": ["goat", "yak"], "target": [1.0, 5.0]})
    found = smallest_set(UNITS, HELD, targets)
    assert len(found.chosen) == 1
    assert found.unmet["feature"].tolist() == ["yak"]
    assert found.unmet["missing"].tolist() == [5.0]


def test_nothing_asked_for_nothing_chosen():
    found = smallest_set(UNITS, HELD, ALL.iloc[:0])
    assert (found.chosen, found.cost, found.gap) == ((), 0.0, 0.0)


def test_sides_must_lie_on_both_sides_of_a_border():
    # Range: 100 in cell a of KZ, 100 in cell b of KZ, 30 in cell c of UZ. 100 are wanted, on two
    # sides of at least 25 each. a or b alone gives the amount; only with c is there a second side.
    cells = pd.DataFrame({"site": ["a", "b", "c"], "cost": 1.0})
    sides = pd.DataFrame(
        {
            "site": ["a", "b", "c"],
            "feature": "saiga",
            "side": ["KZ", "KZ", "UZ"],
            "amount": [100.0, 100.0, 30.0],
        }
    )
    held = sides.drop(columns="side")
    target = pd.DataFrame({"feature": ["saiga"], "target": [100.0]})
    assert len(smallest_set(cells, held, target).chosen) == 1
    both = smallest_set(cells, held, target, sides=Sides(sides, least=25))
    assert len(both.chosen) == 2
    assert "c" in both.chosen
    # From 31 the side of UZ does not count any more: said, and the rest still solved.
    none = smallest_set(cells, held, target, sides=Sides(sides, least=31))
    assert none.unmet.to_dict("records") == [
        {"feature": "saiga", "target": 2.0, "attainable": 1.0, "missing": 1.0}
    ]
    assert len(none.chosen) == 1


def test_a_compact_set_is_worth_its_shorter_outline():
    # Cells in a row, 1 km wide: a b c d e. Two are wanted; c costs a little more than the others.
    #   a+e: cost 2.0, outline 4+4 = 8 km;  b+c: cost 2.1, outline 6 km.
    # With 0.1 a km: 2.8 against 2.7, so neighbours win; without, the cheap ones do.
    row = list("abcde")
    cells = pd.DataFrame({"site": row, "cost": [1, 1.1, 1.0, 1.1, 1], "outline_km": 4.0})
    edges = pd.DataFrame({"site_a": row[:-1], "site_b": row[1:], "km": 1.0})
    held = pd.DataFrame({"site": row, "feature": "x", "amount": 1.0})
    target = pd.DataFrame({"feature": ["x"], "target": [2.0]})
    loose = smallest_set(cells, held, target)
    assert loose.cost == pytest.approx(2.0)
    tight = smallest_set(cells, held, target, edges=edges, edge_weight=0.1)
    assert tight.cost == pytest.approx(2.1 + 0.6)
    assert abs(row.index(tight.chosen[0]) - row.index(tight.chosen[1])) == 1


def test_the_greedy_order_and_its_curve():
    # First A or D, which add two species each: A by name. Then C or D, which add deer: C by name.
    table = greedy_order(UNITS, HELD, ALL)
    assert table["site"].tolist() == ["A", "C"]
    assert table["gain"].tolist() == [2, 1]
    assert table["met"].tolist() == [2, 3]
    assert table["share"].tolist() == pytest.approx([2 / 3, 1])
    assert table["order"].tolist() == [1, 2]


def test_greedy_starts_from_what_is_locked_and_skips_what_adds_nothing():
    table = greedy_order(UNITS, HELD, ALL, locked=["B"])
    assert table["site"].tolist() == ["B", "A", "C"]
    assert greedy_order(UNITS, HELD, ALL.iloc[:0]).empty


@st.composite
def problems(draw, most: int = 10):
    n, m = draw(st.integers(1, most)), draw(st.integers(1, 4))
    cell = st.integers(0, 9)
    amounts = np.array(
        draw(st.lists(st.lists(cell, min_size=n, max_size=n), min_size=m, max_size=m))
    )
    targets = np.array(draw(st.lists(st.integers(0, 25), min_size=m, max_size=m)))
    costs = np.array(draw(st.lists(st.integers(1, 5), min_size=n, max_size=n)))
    return amounts, targets, costs


def tables(amounts, targets, costs):
    m, n = amounts.shape
    names, features = [f"u{i:02d}" for i in range(n)], [f"f{i}" for i in range(m)]
    held = pd.DataFrame(
        [(names[i], features[s], float(amounts[s, i])) for s in range(m) for i in range(n)],
        columns=["site", "feature", "amount"],
    )
    return (
        pd.DataFrame({"site": names, "cost": costs.astype(float)}),
        held,
        pd.DataFrame({"feature": features, "target": targets.astype(float)}),
    )


def cheapest(amounts, targets, costs):
    """The cost of the best of all subsets, by looking at each."""
    n = amounts.shape[1]
    can = amounts.sum(axis=1) >= targets
    best = np.inf
    for chosen in itertools.product((0, 1), repeat=n):
        x = np.array(chosen)
        if (amounts @ x >= targets)[can].all():
            best = min(best, costs @ x)
    return best


@given(problems())
@settings(max_examples=60)
def test_the_optimum_is_that_of_all_subsets(problem):
    found = smallest_set(*tables(*problem))
    assert found.cost == pytest.approx(cheapest(*problem))
    assert found.gap <= 1e-6


@given(problems(most=8), st.data())
@settings(max_examples=60)
def test_with_sites_locked_and_barred_it_is_the_best_of_the_subsets_that_are_left(problem, data):
    amounts, targets, costs = problem
    sites, held, wanted = tables(*problem)
    fate = data.draw(st.lists(st.sampled_from("ioo-"), min_size=len(costs), max_size=len(costs)))
    inside = [name for name, one in zip(sites["site"], fate, strict=True) if one == "i"]
    barred = [name for name, one in zip(sites["site"], fate, strict=True) if one == "-"]
    may, must = np.array([one != "-" for one in fate]), np.array([one == "i" for one in fate])
    most = amounts @ may
    can = most >= targets
    best = min(
        costs @ x
        for x in map(np.array, itertools.product((0, 1), repeat=len(costs)))
        if (x >= must).all() and (x <= may).all() and (amounts @ x >= targets)[can].all()
    )
    found = smallest_set(sites, held, wanted, locked=inside, barred=barred)
    assert found.cost == pytest.approx(best)
    assert set(inside) <= set(found.chosen)
    assert not set(barred) & set(found.chosen)
    # What cannot be met is told: which, of how much, and how much is missing.
    assert found.unmet[["feature", "target", "attainable", "missing"]].values.tolist() == [
        [f"f{i}", targets[i], most[i], targets[i] - most[i]] for i in np.flatnonzero(~can)
    ]


@given(problems(most=7), st.integers(0, 3))
@settings(max_examples=40)
def test_with_a_price_on_the_outline_it_is_still_that_of_all_subsets(problem, weight):
    # Cells of 1 km in a row: the outline of a set is 4 km a cell, less 2 for each shared edge.
    amounts, targets, costs = problem
    sites, held, wanted = tables(*problem)
    names = sites["site"].tolist()
    edges = pd.DataFrame({"site_a": names[:-1], "site_b": names[1:], "km": 1.0})
    can = amounts.sum(axis=1) >= targets
    best = min(
        costs @ x + weight * (4 * x.sum() - 2 * (x[:-1] & x[1:]).sum())
        for x in map(np.array, itertools.product((0, 1), repeat=len(costs)))
        if (amounts @ x >= targets)[can].all()
    )
    found = smallest_set(
        sites.assign(outline_km=4.0), held, wanted, edges=edges, edge_weight=float(weight)
    )
    assert found.cost == pytest.approx(best)
    assert found.bound <= found.cost + 1e-9


@given(problems(most=7))
@settings(max_examples=30)
def test_a_replacement_cost_is_what_the_best_without_the_site_costs_more(problem):
    amounts, targets, costs = problem
    sites, held, wanted = tables(*problem)
    best = smallest_set(sites, held, wanted)
    table = replacement_costs(sites, held, wanted).set_index("site")
    can = amounts.sum(axis=1) >= targets
    for place, name in enumerate(sites["site"]):
        without = [
            costs @ x
            for x in map(np.array, itertools.product((0, 1), repeat=len(costs)))
            if x[place] == (name not in best.chosen) and (amounts @ x >= targets)[can].all()
        ]
        least = min(without, default=np.inf)
        assert table.loc[name, "replacement_cost"] == pytest.approx(least - best.cost)


def test_the_optimum_of_fifteen_units_is_that_of_all_subsets():
    lot = np.random.default_rng(15)
    problem = (lot.integers(0, 9, (5, 15)), lot.integers(5, 30, 5), lot.integers(1, 4, 15))
    assert smallest_set(*tables(*problem)).cost == pytest.approx(cheapest(*problem))


@given(problems(most=8))
@settings(max_examples=40)
def test_greedy_is_never_better_and_what_it_takes_suffices(problem):
    sites, held, targets = tables(*problem)
    best = smallest_set(sites, held, targets)
    order = greedy_order(sites, held, targets)
    cost = sites.set_index("site")["cost"].reindex(order["site"]).sum()
    if best.unmet.empty:
        assert cost >= best.cost - 1e-9
        assert (order["met"].iloc[-1] if len(order) else len(targets)) == len(targets)
    assert order["share"].is_monotonic_increasing


@given(problems(most=8), st.randoms(use_true_random=False))
@settings(max_examples=25)
def test_row_order_changes_nothing(problem, lot):
    sites, held, targets = tables(*problem)
    mixed = [
        table.sample(frac=1, random_state=lot.randint(0, 99)) for table in (sites, held, targets)
    ]
    one, other = smallest_set(sites, held, targets), smallest_set(*mixed)
    assert (one.chosen, one.cost) == (other.chosen, other.cost)
    pd.testing.assert_frame_equal(one.unmet, other.unmet)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s, a, t: (s.drop(columns="cost"), a, t), "'sites' lacks the column cost"),
        (lambda s, a, t: (s, a.drop(columns="amount"), t), "'amounts' lacks the column amount"),
        (lambda s, a, t: (s, a.assign(amount=-1.0), t), "below 0, or none, in 'amount'"),
        (lambda s, a, t: (s.assign(cost=np.nan), a, t), "below 0, or none, in 'cost'"),
        (lambda s, a, t: (s, a.assign(site="Z"), t), "sites that are not in 'sites': Z"),
        (
            lambda s, a, t: (pd.concat([s, s]), a, t),
            "each site stands once in 'sites'; repeated: A",
        ),
        (lambda s, a, t: (s, a, pd.concat([t, t])), "each feature stands once in 'targets'"),
        (lambda s, a, t: (s, a.assign(feature=None), t), "'amounts' has rows without feature"),
    ],
)
def test_tables_that_are_not_as_expected(change, message):
    with pytest.raises(InputError, match=message):
        smallest_set(*change(UNITS, HELD, ALL))


def test_what_is_locked_must_be_there_and_not_barred():
    with pytest.raises(InputError, match="unknown sites are locked in or out: Z"):
        smallest_set(UNITS, HELD, ALL, locked=["Z"])
    with pytest.raises(InputError, match="locked in and out at once: A"):
        smallest_set(UNITS, HELD, ALL, locked=["A"], barred=["A"])
    with pytest.raises(InputError, match="edge_weight must be 0 or more, -1 came"):
        smallest_set(UNITS, HELD, ALL, edge_weight=-1)
    with pytest.raises(
        InputError, match="gap must be 0 or more, and nodes 1 or more; -1 and 9 came"
    ):
        smallest_set(UNITS, HELD, ALL, gap=-1, nodes=9)


@given(st.integers(0, 2**16), st.sampled_from([0.02, 0.2]))
@settings(max_examples=12, deadline=None)
def test_a_set_with_a_gap_is_as_near_to_the_best_as_it_says(seed: int, gap: float):
    lot = np.random.default_rng(seed)
    names = [f"s{number:02d}" for number in range(12)]
    sites = pd.DataFrame({"site": names, "cost": lot.integers(1, 9, 12).astype(float)})
    held = pd.DataFrame(
        [(name, f"f{kind}", float(lot.integers(0, 5))) for name in names for kind in range(5)],
        columns=["site", "feature", "amount"],
    )
    targets = (0.4 * held.groupby("feature")["amount"].sum()).rename("target").reset_index()
    best = smallest_set(sites, held, targets)
    near = smallest_set(sites, held, targets, gap=gap)
    amounts = held[held["site"].isin(near.chosen)].groupby("feature")["amount"].sum()
    assert (amounts.reindex(targets["feature"]).to_numpy() >= targets["target"] - 1e-6).all()
    assert near.bound <= best.cost + 1e-6
    assert best.cost <= near.cost + 1e-6 <= best.cost / (1 - gap) + 2e-6
