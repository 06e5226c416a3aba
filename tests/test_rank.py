"""Decision, score, tiers and ranks, from findings written by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cami_units.commands.assess import decide
from cami_units.model import (
    AREA_OF_INTEREST,
    FINDINGS,
    NOT_ASSESSED,
    NOT_PROPOSED,
    PROPOSED,
    Findings,
    InputError,
    Note,
    PlanError,
    Profile,
    notes_as_text,
)
from cami_units.plan import read_profile
from cami_units.rank import rank_units, value_scores


@pytest.fixture(scope="module")
def profile() -> Profile:
    return read_profile()


def findings(
    met: dict[str, str], numbers: dict[str, tuple[float, float, float, float]] | None = None
) -> Findings:
    """Findings of some sites: what is met, as "G1 G2 C1"; a "?" behind one was not assessed.

    `numbers` are T, W, the largest S in % and the worth of the best crossing.
    """
    rows = []
    for site, words in met.items():
        held = set(words.split())
        for name in FINDINGS:
            verdict = pd.NA if f"{name}?" in held else name in held
            said = Note("", {"text": f"says {name}" if name in held else f"no {name} here"})
            clause = Note(NOT_ASSESSED, {"why": said}) if verdict is pd.NA else said
            rows.append((site, name, verdict, notes_as_text([clause])))
    criteria = pd.DataFrame(rows, columns=["site", "criterion", "met", "facts"])
    criteria["met"] = criteria["met"].astype("boolean")
    summary = pd.DataFrame({"site": list(met)})
    columns = ["n_transboundary", "threat_weight", "max_share", "movement_grade"]
    values = [(numbers or {}).get(site, (0.0, 0.0, 0.0, np.nan)) for site in met]
    summary[columns] = pd.DataFrame(values, columns=columns)
    empty = pd.DataFrame()
    return Findings(criteria=criteria, species=empty, countries=empty, summary=summary)


@pytest.mark.parametrize(
    ("met", "decision"),
    [
        ("G1 G2 C1 C9", PROPOSED),
        ("G1 G2 C2 C9", PROPOSED),
        ("G1 G2 C3 C9", PROPOSED),
        ("G1 G2 C5 C9", PROPOSED),
        ("G1 G2 C1 C5? C9", PROPOSED),
        ("G1 G2 C4 C6 C7 C8 C9", NOT_PROPOSED),  # need and support earn nothing
        ("G1 G2 C3", AREA_OF_INTEREST),
        ("G1 G2 C3 C9?", AREA_OF_INTEREST),  # evidence that was not weighed is no evidence
        ("G2 C1 C2 C3 C5 C9", NOT_PROPOSED),
        ("G1 C1 C2 C3 C5 C9", NOT_PROPOSED),
        ("G1? G2 C1 C9", NOT_PROPOSED),
        ("G1 G2 C5? C9", NOT_PROPOSED),  # what was not assessed does not hold
        ("", NOT_PROPOSED),
    ],
)
def test_the_rule_of_the_decision(profile: Profile, met: str, decision: str) -> None:
    assert decide(findings({"S": met}), profile)["decision"].tolist() == [decision]


@pytest.mark.parametrize(
    ("met", "reason"),
    [
        ("G1 G2 C1 C3 C9", "G1 and G2 hold, and C1 and C3 are met, with enough evidence (C9)."),
        (
            "G1 G2 C3",
            "G1 and G2 hold, and C3 is met, but the evidence is thin. C9 fails: no C9 here.",
        ),
        ("G1 C1 C9", "G2 fails: no G2 here."),
        ("", "G1 fails: no G1 here. G2 fails: no G2 here."),
        (
            "G1 G2 C5? C9",
            "G1 and G2 hold, but none of C1, C2, C3, C5 is met. C1 fails: no C1 here. C2 fails: no C2 here. "
            "C3 fails: no C3 here. C5 was not assessed: no C5 here.",
        ),
    ],
)
def test_the_reason_names_what_failed(profile: Profile, met: str, reason: str) -> None:
    assert decide(findings({"S": met}), profile)["reason"].tolist() == [reason]


def test_the_rule_is_the_profile_s(profile: Profile) -> None:
    rule = profile.decision.model_copy(update={"any_of": ("C8",), "evidence": ()})
    other = profile.model_copy(update={"decision": rule})
    decided = decide(findings({"a": "G1 G2 C8", "b": "G1 G2 C1 C9"}), other)
    assert decided["decision"].tolist() == [PROPOSED, NOT_PROPOSED]
    assert decided["reason"][0] == "G1 and G2 hold, and C8 is met."


def test_decisions_keep_the_order_of_the_sites(profile: Profile) -> None:
    sites = {"b": "G1 G2 C1 C9", "a": "", "c": "G1 G2 C1"}
    assert decide(findings(sites), profile)["site"].tolist() == ["b", "a", "c"]


GOOD = "G1 G2 C1 C9"


def ranked(profile: Profile, numbers: dict[str, tuple[float, float, float, float]]) -> pd.DataFrame:
    found = findings(dict.fromkeys(numbers, GOOD), numbers)
    return rank_units(found, decide(found, profile), profile)


def test_score_by_hand(profile: Profile) -> None:
    # T 3/6 = 0.5, W 6/15 = 0.4, S 5/20 = 0.25, C5 0.75; mean 0.475
    # capped: T 9/6, W 30/15, S 80/20, C5 1 are all 1
    # C5 not assessed leaves the denominator: (0.5 + 0.4 + 0.25) / 3
    found = ranked(
        profile,
        {
            "S1": (3.0, 6.0, 5.0, 0.75),
            "S2": (9.0, 30.0, 80.0, 1.0),
            "S3": (3.0, 6.0, 5.0, np.nan),
        },
    ).set_index("site")
    assert found["score"].to_dict() == {"S2": 1.0, "S1": 0.475, "S3": 0.383}
    assert found["rank"].to_dict() == {"S2": 1, "S1": 2, "S3": 3}


def test_tiers_begin_at_their_bounds(profile: Profile) -> None:
    # with equal weights, T = 6 a alone gives a / 4 + …: use one criterion only
    rule = profile.score.model_copy(update={"weights": {"C3": 1.0}})
    one = profile.model_copy(update={"score": rule})
    numbers = {name: (0.0, 0.0, share, 0.0) for name, share in
               (("a", 12.0), ("b", 11.98), ("c", 7.0), ("d", 6.98), ("e", 0.0))}  # fmt: skip
    assert ranked(one, numbers)["tier"].tolist() == [
        "very high",  # 12 / 20 = 0.6
        "high",
        "high",  # 7 / 20 = 0.35
        "moderate",
        "moderate",
    ]


def test_scores_equal_to_three_decimals_share_a_rank(profile: Profile) -> None:
    found = ranked(
        profile,
        {
            "d": (3.0, 6.0, 5.0, 0.75),
            "c": (3.0, 6.0, 5.001, 0.75),  # a score of 0.4750125
            "b": (6.0, 6.0, 5.0, 0.75),
            "a": (1.0, 6.0, 5.0, 0.75),
        },
    )
    assert found["site"].tolist() == ["b", "c", "d", "a"]
    assert found["rank_label"].tolist() == ["1", "2=", "2=", "4"]
    assert found["rank"].tolist() == [1, 2, 2, 4]


def test_what_is_not_proposed_is_scored_and_not_ranked(profile: Profile) -> None:
    numbers = {"a": (6.0, 15.0, 20.0, 1.0), "b": (1.0, 1.0, 1.0, 0.0)}
    found = findings({"a": "", "b": "G1 G2 C1"}, numbers)
    table = rank_units(found, decide(found, profile), profile)
    assert table["site"].tolist() == ["b", "a"]
    assert table["rank"].isna().tolist() == [False, True]
    assert table["rank_label"].tolist() == ["1", ""]
    assert table["score"].tolist()[1] == 1.0


def test_no_sites(profile: Profile) -> None:
    found = findings({})
    assert len(rank_units(found, decide(found, profile), profile)) == 0


def test_a_score_of_nothing_is_not_zero(profile: Profile) -> None:
    bare = pd.DataFrame(np.nan, index=["S"], columns=["n_transboundary", "threat_weight", "max_share", "movement_grade"])  # fmt: skip
    assert value_scores(bare, profile).isna().all()


def test_decisions_of_other_sites_are_refused(profile: Profile) -> None:
    found = findings({"a": GOOD, "b": GOOD})
    with pytest.raises(InputError, match=r"2 sites were assessed, 1 decided on \(without b\)"):
        rank_units(found, decide(findings({"a": GOOD}), profile), profile)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (decide, r"leaves decision\.any_of, decision\.evidence open"),
        (lambda found, rules: rank_units(found, found.summary, rules), r"leaves score\.weights"),
        (lambda found, rules: value_scores(found.summary, rules), r"leaves score\.weights"),
    ],
)
def test_an_empty_profile_decides_nothing(call: object, words: str) -> None:
    empty = Profile(name="empty", status="operational proxy")
    assert callable(call)
    with pytest.raises(PlanError, match=words):
        call(findings({"a": GOOD}), empty)


NUMBERS = st.tuples(
    st.floats(0, 20), st.floats(0, 60), st.floats(0, 100), st.sampled_from([0.0, 0.5, 1.0, np.nan])
)


@given(numbers=st.lists(NUMBERS, min_size=2, max_size=8), edit=NUMBERS)
@settings(deadline=None, max_examples=50, derandomize=True)
def test_editing_one_site_never_moves_another_score(
    numbers: list[tuple[float, float, float, float]], edit: tuple[float, float, float, float]
) -> None:
    rules = read_profile()
    columns = ["n_transboundary", "threat_weight", "max_share", "movement_grade"]
    before = value_scores(pd.DataFrame(numbers, columns=columns), rules)
    after = value_scores(pd.DataFrame([edit, *numbers[1:]], columns=columns), rules)
    pd.testing.assert_series_equal(before.iloc[1:], after.iloc[1:], check_exact=True)
    assert after.between(0, 1).all()


@given(numbers=st.lists(NUMBERS, min_size=1, max_size=8), seed=st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=30, derandomize=True)
def test_row_order_changes_no_rank(
    numbers: list[tuple[float, float, float, float]], seed: object
) -> None:
    rules = read_profile()
    named = {f"S{i}": values for i, values in enumerate(numbers)}
    keys = list(named)
    seed.shuffle(keys)  # type: ignore[attr-defined]
    pd.testing.assert_frame_equal(
        ranked(rules, named), ranked(rules, {key: named[key] for key in keys})
    )
