"""A worklist: who is on it at which place, why others are not, and cases that keep their keys over months."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as drawing
from hypothesis import strategies as some

from tests.explanation.tiny import AS_OF, CATALOG, bundle
from tests.explanation.tiny import facts as tiny_facts
from tests.explanation.tiny import frame as tiny_frame
from tests.explanation.tiny import settings as tiny_settings
from tests.scoring.worked import FIRES, account, month, worked
from uptier.delivery.payload import BY_NAME, payload
from uptier.errors import ScoringError
from uptier.model.reliability import ReliabilityBin
from uptier.scoring.batch import score
from uptier.scoring.changes import NEW
from uptier.scoring.cycles import BOUGHT, CLEARED, GONE
from uptier.scoring.listing import BEYOND
from uptier.scoring.prospects import WORTH
from uptier.scoring.suppression import LABELS
from uptier.scoring.worklist import columns, told, worklist

SEATS, PLAN, ADD_ON = FIRES


def by_account(rows, column):
    values = rows[column].astype(object).where(rows[column].notna(), None)
    return dict(zip(rows["account_id"], values, strict=True))


def test_rows_are_typed_and_a_destination_can_take_each():
    rows = worked([account("a", SEATS), account("b", days_until_renewal=50, term_days=365), account("c")])
    kinds = {str: "str", float: "float64", bool: "bool", dt.datetime: "datetime64[us]"}
    assert {name: str(kind) for name, kind in rows.dtypes.items()} == {
        name: kinds[kind] for name, kind in columns().items()
    }
    assert set(BY_NAME) - set(rows.columns) == {"details", "uptier_hash"}
    empty = worked([account("c")])
    assert empty.dtypes.to_dict() == rows.dtypes.to_dict()
    sent = [payload(row) for row in rows.to_dict("records")]
    assert [(one.key, one.values["rank"], one.is_open) for one in sent] == [
        ("a:seat_expansion:2026-03-01", 1, True),
        ("b:discovery:2026-03-01", 2, True),
    ]


def test_value_ranks_within_a_csm_and_equals_go_by_account():
    rows = worked(
        [
            account("low", SEATS, value=10.0),
            account("b", SEATS, value=90.0),
            account("a", PLAN, value=90.0),
            account("other", SEATS, value=50.0, owner="ben"),
            account("nobody", SEATS, value=5.0, owner=None),
        ]
    )
    assert by_account(rows, "rank") == {"a": 1, "b": 2, "low": 3, "other": 1, "nobody": 1}


def test_under_rules_points_rank_and_nothing_is_said_of_value():
    rows = worked(
        [account("a", SEATS, points=50), account("b", SEATS, points=90, tier="High"), account("c", SEATS, tier="Low")],
        rules=True,
    )
    assert by_account(rows, "rank") == {"b": 1, "c": 2, "a": 3}
    assert by_account(rows, "tier") == {"b": "A", "a": "B", "c": "C"}
    assert rows[["expected_value", "expected_value_low", "expected_value_high"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("value", "tier"), [(1000.0, "A"), (999.99, "B"), (300.0, "B"), (299.99, "C"), (100.0, "C"), (99.99, "D")]
)
def test_tiers_have_fixed_bounds(value, tier):
    for others in (0, 5):
        rows = worked([account("a", SEATS, value=value)] + [account(f"o{one}", SEATS) for one in range(others)])
        assert by_account(rows, "tier")["a"] == tier


def test_who_is_beyond_capacity_has_no_place_and_it_is_said():
    rows = worked(
        [account(name, SEATS, value=100.0 - ord(name)) for name in "abcd"], capacity=9, capacity_of={"ana": 2}
    )
    assert by_account(rows, "rank") == {"a": 1, "b": 2, "c": None, "d": None}
    assert by_account(rows, "unlisted_because") == {"a": None, "b": None, "c": BEYOND, "d": BEYOND}
    assert set(worked([account("a", SEATS)], capacity=0)["unlisted_because"]) == {BEYOND}


@drawing(max_examples=60, deadline=None)
@given(
    some.lists(some.tuples(some.sampled_from(["ana", "ben", None]), some.integers(1, 9), some.booleans()), max_size=40),
    some.integers(0, 6),
    some.sampled_from([0.0, 0.3, 0.9]),
)
def test_capacity_is_never_exceeded_and_always_used(drawn, capacity, share):
    accounts = [account("idle")] + [
        account(f"{place:02d}", SEATS, owner=owner, value=float(value))
        if pitched
        else account(f"{place:02d}", owner=owner, days_until_renewal=value + 30, term_days=365)
        for place, (owner, value, pitched) in enumerate(drawn)
    ]
    rows = worked(accounts, capacity=capacity, capacity_of={"ben": 1}, exploration_share=share)
    for owner, some_rows in rows.groupby(rows["owner"].astype(object).fillna("")):
        room = {"ben": 1}.get(owner, capacity)
        assert sorted(some_rows["rank"].dropna()) == list(range(1, min(room, len(some_rows)) + 1))
        explored = some_rows[some_rows["exploration"]]
        assert len(explored) <= math.ceil(room * share)
        top = some_rows[some_rows["rank"].notna() & ~some_rows["exploration"] & (some_rows["action"] == "pitch")]
        left = some_rows[some_rows["rank"].isna() & (some_rows["action"] == "pitch")]
        # what is listed for its value is worth no less than anything left out
        assert top.empty or left.empty or top["expected_value"].min() >= left["expected_value"].max()
        assert explored.empty or explored["rank"].min() > top["rank"].max() or top.empty


def test_exploration_is_drawn_from_lower_ranks_and_lasts_for_the_cycle():
    accounts = [account(f"{place:03d}", SEATS, value=1000.0 - place) for place in range(200)]
    first = worked(accounts, 3, capacity=20, exploration_share=0.2)
    explored = set(first.loc[first["exploration"], "account_id"])
    assert len(explored) == 4
    assert min(explored) >= "020"
    assert sorted(first.loc[first["exploration"], "rank"]) == [17, 18, 19, 20]
    second = worked(accounts, 4, before=first, capacity=20, exploration_share=0.2)
    assert set(second.loc[second["exploration"], "account_id"]) == explored
    later = worked(accounts, 4, capacity=20, exploration_share=0.2)  # other cycles
    assert set(later.loc[later["exploration"], "account_id"]) != explored


def test_what_is_held_back_is_carried_with_all_its_reasons_and_no_place():
    rows = worked(
        [account("a", SEATS, open_escalation=True, nps=3.0), account("b", SEATS)],
        dismissed={("b", SEATS): dt.date(2026, 3, 2)},
    )
    assert by_account(rows, "suppressed_by") == {"a": "open_escalation", "b": "dismissed"}
    assert by_account(rows, "held_by") == {"a": "open_escalation,detractor", "b": "dismissed"}
    assert set(rows["state"]) == {"open"}
    assert rows["rank"].isna().all()
    assert by_account(rows, "action") == {"a": "leave alone", "b": "leave alone"}
    assert by_account(rows, "unlisted_because") == {"a": LABELS["open_escalation"], "b": LABELS["dismissed"]}
    assert (
        told(rows) == "Worklist: 2 open, 0 of them on the lists of CSMs; held back by open_escalation 1, dismissed 1."
    )


def test_a_talk_that_an_open_opportunity_turned_away_is_on_record():
    turned = account("a", SEATS, action="leave alone", open_opportunity=True)
    risky = account("b", SEATS, action="protect", open_opportunity=True)
    worthless = account("c", SEATS, action="leave alone", open_opportunity=True, value=-5.0)
    assert by_account(worked([turned, risky, worthless]), "suppressed_by") == {"a": "open_opportunity"}


def test_the_holdout_is_on_record_and_never_open():
    accounts = [account(f"{place:04d}", SEATS) for place in range(400)]
    rows = worked(accounts, holdout_share=0.25)
    held = rows[rows["suppressed_by"] == "holdout"]
    assert 70 < len(held) < 130
    assert set(held["state"]) == {"closed"}
    assert set(held["closed_because"]) == {LABELS["holdout"]}
    again = worked(accounts, 4, before=rows, holdout_share=0.25)
    assert set(again.loc[again["suppressed_by"] == "holdout", "uptier_key"]) == set(held["uptier_key"])
    ended = worked(accounts, 5, before=again)  # the experiment is over: other cases
    fresh = ended[ended["account_id"].isin(held["account_id"])]
    assert set(fresh["state"]) == {"open"}
    assert set(fresh["cycle"]) == {pd.Timestamp(month(5))}


@pytest.mark.parametrize(("left", "there"), [(90, True), (91, False), (0, True), (-1, False)])
def test_the_calendar_is_the_backstop_where_nothing_fired(left, there):
    rows = worked([account("a", days_until_renewal=left, term_days=365), account("b", SEATS, days_until_renewal=40)])
    assert ("discovery" in set(rows["upsell"])) == there
    if there:
        row = rows[rows["upsell"] == "discovery"].iloc[0]
        assert row["reason_1_code"] == "calendar"
        assert row["act_by"] == pd.Timestamp(AS_OF) + pd.Timedelta(days=left)
        # near its renewal an account is frozen, for this talk too
        assert (row["action"], pd.isna(row["suppressed_by"])) == (
            ("nurture first", True) if left > 30 else ("leave alone", False)
        )


def test_no_discovery_talk_where_terms_roll_over_or_the_account_may_leave():
    rolling = account("a", days_until_renewal=20, term_days=31)
    leaving = account("b", days_until_renewal=80, action="protect", term_days=365)
    assert worked([rolling, leaving]).empty
    assert worked([account("c", days_until_renewal=80)], calendar_days=0).empty


def test_who_is_worth_a_talk_is_listed_by_value_though_no_trigger_opens_it():
    rows = worked(
        [
            account("0001", "add_on", value=100.0),
            account("0002", best="add_on", action="nurture first", value=300.0),
            account("0003", best="add_on", action="nurture first", value=-1.0),
            account("0004", best="add_on", action="protect", value=900.0),
            account("0005", best="add_on", action="nurture first", value=900.0, before_first_value=True),
            account("0006", best="add_on", action="leave alone", value=900.0, open_opportunity=True),
        ]
    )
    assert by_account(rows, "rank") == {"0001": 2, "0002": 1, "0005": None, "0006": None}
    assert by_account(rows, "action")["0002"] == "nurture first"
    assert by_account(rows, "upsell")["0002"] == "add_on"
    assert by_account(rows, "suppressed_by")["0005"] == "before_first_value"
    assert by_account(rows, "suppressed_by")["0006"] == "open_opportunity"


def test_an_account_has_one_talk_about_an_upsell_or_one_of_the_calendar():
    worth = account("0001", best="add_on", action="nurture first", value=300.0, days_until_renewal=60.0)
    not_worth = account("0002", best="add_on", action="leave alone", value=-5.0, days_until_renewal=60.0)
    assert by_account(worked([worth, not_worth]), "upsell") == {"0001": "add_on", "0002": "discovery"}


def test_discovery_talks_come_after_all_pitches_the_nearest_renewal_first():
    accounts = [account(name, days_until_renewal=days) for name, days in (("d1", 80), ("d2", 50), ("d3", 60))]
    rows = worked([*accounts, account("p", SEATS, value=1.0)], capacity=3)
    assert by_account(rows, "rank") == {"p": 1, "d2": 2, "d3": 3, "d1": None}


def test_a_case_keeps_its_key_and_its_date_until_its_cause_has_passed():
    first = worked([account("a", SEATS)], 3)
    second = worked([account("a", SEATS, value=5000.0)], 4, before=first)
    third = worked([account("a")], 5, before=second)
    fourth = worked([account("a")], 6, before=third)
    fifth = worked([account("a", SEATS)], 7, before=fourth)
    assert first["uptier_key"].tolist() == second["uptier_key"].tolist() == third["uptier_key"].tolist()
    assert first["act_by"].tolist() == second["act_by"].tolist() == [pd.Timestamp("2026-03-15")]
    assert [rows["changed"].iloc[0] for rows in (first, second)] == [NEW, "tier B before, A now"]
    assert third[["state", "closed_because"]].to_numpy().tolist() == [["closed", CLEARED]]
    assert third["rank"].isna().all()
    assert fourth.empty
    assert fifth["uptier_key"].tolist() == ["a:seat_expansion:2026-07-01"]


def test_a_case_stays_while_its_trigger_fires_though_it_is_no_pitch_now():
    first = worked([account("a", SEATS)], 3)
    weak = worked([account("a", SEATS, action="leave alone", value=-3.0)], 4, before=first)
    risky = worked([account("a", SEATS, action="protect")], 5, before=weak)
    for rows, action in ((weak, "leave alone"), (risky, "protect")):
        assert rows["uptier_key"].tolist() == first["uptier_key"].tolist()
        assert rows[["state", "action", "unlisted_because"]].to_numpy().tolist() == [["open", action, action]]


def test_where_another_upsell_comes_first_the_case_waits_for_its_turn():
    first = worked([account("a", SEATS)], 3)
    second = worked([account("a", SEATS, PLAN, best=PLAN)], 4, before=first).set_index("upsell")
    assert second["rank"].fillna(0).to_dict() == {PLAN: 1, SEATS: 0}
    assert second.loc[SEATS, "action_reason"] == "another upsell comes first: a higher plan"
    assert pd.isna(second.loc[SEATS, "reason_1"])  # the scorecard's reasons are about the other
    assert second.loc[SEATS, "uptier_key"] == first["uptier_key"][0]
    assert second.loc[PLAN, "changed"] == NEW


def test_who_bought_more_since_is_closed_and_who_bought_before_is_not():
    first = worked([account("since", SEATS), account("before", SEATS)], 3)
    second = worked(
        [account("since", SEATS, days_since_upsell=31), account("before", SEATS, days_since_upsell=32)], 4, before=first
    )  # 31 days after the first of March
    assert by_account(second, "closed_because") == {"since": BOUGHT, "before": None}


def test_an_account_that_left_and_one_that_opted_out_are_closed():
    first = worked([account("left", SEATS), account("out", SEATS), account("stays", SEATS)], 3)
    second = worked([account("out", SEATS, opted_out=True), account("stays", SEATS)], 4, before=first)
    assert by_account(second, "closed_because") == {"left": GONE, "out": LABELS["opted_out"], "stays": None}
    assert set(second["as_of"]) == {pd.Timestamp(month(4))}
    assert second.set_index("account_id").loc["left", "reason_1"] == "reason_1 of left"
    third = worked([account("out", SEATS, opted_out=True), account("stays", SEATS)], 5, before=second)
    assert by_account(third, "closed_because") == {"out": LABELS["opted_out"], "stays": None}


def test_triggers_that_fired_or_passed_since_are_named():
    first = worked([account("a", SEATS, ADD_ON)], 3)
    second = worked([account("a", SEATS, PLAN, best=SEATS)], 4, before=first)
    row = second.set_index("upsell").loc[SEATS]
    assert row["changed"] == "fired since: Tier crossings; holds no longer: Business outcome achieved"


def test_a_date_that_has_passed_gives_way_to_a_new_trigger_alone():
    first = worked([account("a", PLAN)], 3)
    second = worked([account("a", PLAN)], 4, before=first)
    assert second["act_by"].tolist() == [pd.Timestamp("2026-03-15")]  # has passed: it is overdue, and stays so
    forgotten = first.assign(triggers_fired=pd.Series([None], dtype="str"))
    assert worked([account("a", PLAN)], 4, before=forgotten)["act_by"].tolist() == [pd.Timestamp("2026-04-15")]


def test_the_worklist_before_must_be_of_an_earlier_date():
    first = worked([account("a", SEATS)], 3)
    with pytest.raises(ScoringError, match="cannot follow one of 2026-03-01"):
        worked([account("a", SEATS)], 3, before=first)


TURNS = some.lists(some.sampled_from([SEATS, PLAN, ADD_ON]), unique=True, max_size=3)
FATES = some.fixed_dictionaries(
    {
        "fired": TURNS,
        "fate": some.sampled_from(["pitch", "pitch", "leave alone", "protect", "gone", "bought", "opted", "renews"]),
        "best": some.integers(0, 2),
    }
)


@drawing(max_examples=60, deadline=None)
@given(some.lists(some.lists(FATES, min_size=3, max_size=3), min_size=2, max_size=10), some.sampled_from([0.0, 0.4]))
def test_over_months_no_case_is_lost_doubled_or_named_twice(months, share):
    before, seen, ended = None, {}, set()
    for number, fates in enumerate(months, start=1):
        rows = worked([*living(fates), account("anchor")], number, before=before, holdout_share=share, capacity=1)
        assert rows["uptier_key"].is_unique
        still = rows[rows["state"] == "open"]
        assert not still.duplicated(["account_id", "upsell"]).any()
        assert still.loc[still["action"] == "pitch", "account_id"].is_unique
        assert still["closed_because"].isna().all()
        assert rows.loc[rows["state"] == "closed", "closed_because"].notna().all()
        assert (still["rank"].isna() == still["unlisted_because"].notna()).all()
        if before is not None:
            assert set(before.loc[before["state"] == "open", "uptier_key"]) <= set(rows["uptier_key"])
        for row in rows.itertuples():
            named = (row.account_id, row.upsell, row.cycle)
            assert seen.setdefault(row.uptier_key, named) == named
            assert row.state == "closed" or row.uptier_key not in ended
        ended |= set(rows.loc[rows["state"] == "closed", "uptier_key"])
        before = rows


def living(fates):
    for name, one in zip("xyz", fates, strict=True):
        fired, fate = one["fired"], one["fate"]
        known = {"bought": {"days_since_upsell": 5}, "opted": {"opted_out": True}, "renews": {"days_until_renewal": 45}}
        if fate != "gone":
            best = fired[one["best"] % len(fired)] if fired else None
            action = fate if fate in ("leave alone", "protect") else ""
            yield account(name, *fired, best=best, action=action, **known.get(fate, {}))


def scorecard_of(rows, model):
    about = tiny_facts(rows)
    return score(rows, about, model, CATALOG, tiny_settings(), as_of=AS_OF, version="3"), about


def test_the_order_of_accounts_changes_nothing():
    rows = tiny_frame(200)
    made = []
    for some_rows in (rows, rows.sample(frac=1, random_state=3)):
        card, about = scorecard_of(some_rows, bundle())
        made.append(
            worklist(card, some_rows, about, CATALOG, tiny_settings(), as_of=AS_OF, before=None, bundle=bundle())
        )
    pd.testing.assert_frame_equal(*made)


def test_every_pitch_of_a_scorecard_has_a_row_with_its_figures():
    rows = tiny_frame(300)
    card, about = scorecard_of(rows, bundle())
    found = worklist(card, rows, about, CATALOG, tiny_settings(), as_of=AS_OF, before=None, bundle=bundle())
    pitched = card[card["action"] == "pitch"].set_index("account_id")
    mine = found[found["upsell"] != "discovery"].set_index("account_id").loc[pitched.index]
    assert mine["expected_value"].to_numpy() == pytest.approx(pitched["expected_value"].to_numpy())
    assert mine["gain_arr"].to_numpy() == pytest.approx(pitched["gain_arr"].to_numpy())
    assert mine["risk"].to_numpy() == pytest.approx(pitched["p_churn"].to_numpy())
    assert mine["reason_1"].tolist() == pitched["reason_1"].tolist()
    assert set(WORTH) <= set(found.columns)


def test_the_value_has_the_ends_of_the_chances_interval():
    import dataclasses

    model = bundle()
    seen = ReliabilityBin(lower=0.0, n=400, predicted=0.3, low=0.25, observed=0.3, high=0.36)
    heads = {name: dataclasses.replace(head, reliability=(seen,)) for name, head in model.heads.items()}
    model = dataclasses.replace(model, heads=heads)
    rows = tiny_frame(200)
    card, about = scorecard_of(rows, model)
    found = worklist(card, rows, about, CATALOG, tiny_settings(), as_of=AS_OF, before=None, bundle=model)
    typed = found[found["upsell"] != "discovery"]
    assert (typed["expected_value_low"] < typed["expected_value_high"]).all()
    row = typed.iloc[0]
    low, high = model.heads[row["upsell"]].interval_of(row["chance"])
    for chance, end in ((low, "expected_value_low"), (high, "expected_value_high")):
        assert row[end] == pytest.approx((row["expected_value"] + 50) * chance / row["chance"] - 50)
    assert found.loc[found["upsell"] == "discovery", "expected_value_low"].isna().all()


def test_a_chance_where_the_head_was_not_tested_has_no_interval():
    rows = tiny_frame(100)
    card, about = scorecard_of(rows, bundle())
    found = worklist(card, rows, about, CATALOG, tiny_settings(), as_of=AS_OF, before=None, bundle=bundle())
    assert np.isnan(found["expected_value_low"]).all()
