from __future__ import annotations

import math

import pandas as pd
import pytest

from uptier.outcomes.changes import changes
from uptier.outcomes.outcome import Labels
from uptier.outcomes.upsell import highest_tier, in_talks, upsell_labels
from uptier.settings import CONVERSIONS
from uptier.tables.clean import Tables
from uptier.tables.drawn import tables_of

AS_OF = "2025-03-01"
WORLD = """
# plans
plan  | tier_rank
basic | 1
pro   | 2
# subscriptions
account    | plan  | seats | valid_from | valid_to
more_seats | basic | 5     | 2024-01-01 | 2025-04-01
more_seats | basic | 8     | 2025-04-01 |
upgrade    | basic | 5     | 2024-01-01 | 2025-04-01
upgrade    | pro   | 9     | 2025-04-01 |
add_on     | basic | 5     | 2024-01-01 |
in_gap     | basic | 5     | 2024-01-01 | 2025-03-04
in_gap     | pro   | 5     | 2025-03-04 |
left       | basic | 5     | 2024-01-01 | 2025-03-04
reprice    | basic | 5     | 2024-01-01 | 2025-04-01
reprice    | basic | 5     | 2025-04-01 |
back       | basic | 5     | 2024-01-01 | 2025-02-01
back       | pro   | 9     | 2025-04-01 |
# addons
account | addon | valid_from
add_on  | sso   | 2025-04-01
"""
ACCOUNTS = "more_seats upgrade add_on in_gap left reprice"


def test_each_upsell_is_a_positive_of_its_own_outcome_alone() -> None:
    tables = tables_of(WORLD, data_until="2026-01-01", accounts=ACCOUNTS + " back")
    assert {outcome: positives(labelled(tables, outcome)) for outcome in CONVERSIONS} == {
        "seat_expansion": ["more_seats"],
        "plan_upgrade": ["upgrade"],
        "add_on": ["add_on"],
    }


@pytest.mark.parametrize("outcome", CONVERSIONS)
def test_an_upsell_of_any_kind_or_a_leaving_in_the_gap_leaves_a_row_out_of_every_outcome(outcome: str) -> None:
    tables = tables_of(WORLD, data_until="2026-01-01", accounts=ACCOUNTS)
    found = labelled(tables, outcome)
    assert sorted(found.rows["account_id"]) == ["add_on", "more_seats", "reprice", "upgrade"]
    assert {reason: count for reason, count in found.left_out.items() if count} == {"in_the_gap": 2}


def test_nobody_upgrades_from_the_highest_plan() -> None:
    text = """
        # plans
        plan  | tier_rank
        basic | 1
        pro   | 2
        # subscriptions
        account  | plan   | valid_from | valid_to
        top      | pro    | 2024-01-01 |
        below    | basic  | 2024-01-01 |
        unlisted | legacy | 2024-01-01 |
        as_of    | basic  | 2024-01-01 | 2025-03-01
        as_of    | pro    | 2025-03-01 |
        before   | basic  | 2024-01-01 | 2025-02-28
        before   | pro    | 2025-02-28 |
        """
    tables = tables_of(text, data_until="2026-01-01", accounts="top below unlisted as_of before")
    found = labelled(tables, "plan_upgrade", accounts="top below unlisted as_of before")
    assert found.rows["account_id"].tolist() == ["below", "unlisted"]
    assert {reason: count for reason, count in found.left_out.items() if count} == {
        "on_highest_plan": 2,
        "in_the_gap": 1,
    }


def test_an_empty_price_list_has_no_highest_plan() -> None:
    tables = tables_of("# plans\nplan | tier_rank", data_until="2026-01-01", accounts="a")
    assert math.isnan(highest_tier(tables))
    assert math.isnan(highest_tier(tables_of("", data_until="2026-01-01", accounts="a")))


def test_an_account_that_comes_back_has_not_been_upsold() -> None:
    tables = tables_of(WORLD, data_until="2026-01-01", accounts="back")
    for outcome in CONVERSIONS:
        assert labelled(tables, outcome, accounts="back").rows["label"].tolist() == [0]


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        ("plan_upgrade", "# subscriptions\naccount | seats | valid_from\na | 5 | 2024-01-01"),
        ("add_on", "# subscriptions\naccount | seats | valid_from\na | 5 | 2024-01-01"),
        ("seat_expansion", "# subscriptions\naccount | plan | valid_from\na | basic | 2024-01-01"),
    ],
)
def test_an_outcome_that_the_tables_cannot_show_is_not_available(outcome: str, text: str) -> None:
    tables = tables_of(text, data_until="2026-01-01", accounts="a")
    found = labelled(tables, outcome, accounts="a")
    assert found.left_out == {"not_available": 1}
    assert found.rows.empty
    kept = labelled(tables_of(WORLD, data_until="2026-01-01", accounts=ACCOUNTS), "add_on")
    assert list(found.rows.columns) == list(kept.rows.columns)


@pytest.mark.parametrize(
    ("lags", "censored"),
    [
        # the window is over on 2025-05-07, the data reach to 2025-05-10
        ({"addons": 3}, ()),
        ({"addons": 4}, ("add_on",)),
        # that the account still runs, subscriptions tell
        ({"subscriptions": 4}, CONVERSIONS),
        # what is bought in the gap, until 2025-03-08, is known in time up to 63 days later
        ({"addons": 63}, ("add_on",)),
        ({"addons": 64}, CONVERSIONS),
        # who is in talks is asked as of the as-of date: their lag makes no window later
        ({"opportunities": 64}, ()),
    ],
)
def test_the_lag_that_censors_is_that_of_the_tables_that_tell(lags: dict[str, int], censored: tuple[str, ...]) -> None:
    given = {name: {"lag_days": days} for name, days in lags.items()}
    tables = tables_of(WORLD, data_until="2025-05-10", accounts=ACCOUNTS, tables=given)
    counts = {outcome: labelled(tables, outcome).left_out["censored"] for outcome in CONVERSIONS}
    assert counts == {outcome: len(ACCOUNTS.split()) * (outcome in censored) for outcome in CONVERSIONS}


def test_who_does_not_buy_is_a_negative_contacted_or_not() -> None:
    text = """
        # subscriptions
        account   | seats | valid_from
        called    | 5     | 2024-01-01
        uncalled  | 5     | 2024-01-01
        # outreach
        account | contacted_at | upsell_type    | result | result_at
        called  | 2025-03-20   | seat_expansion | lost   | 2025-03-30
        """
    tables = tables_of(text, data_until="2026-01-01", accounts="called uncalled")
    found = labelled(tables, "seat_expansion", accounts="called uncalled")
    assert dict(zip(found.rows["account_id"], found.rows["label"], strict=True)) == {"called": 0, "uncalled": 0}


# what is too small, and what is none, is told of ------------------------------------------------------------------


def test_an_upsell_below_the_minimum_is_no_upsell_and_spoils_no_gap() -> None:
    text = """
        # plans
        plan  | tier_rank
        basic | 1
        pro   | 2
        top   | 3
        # subscriptions
        account     | plan  | seats | mrr | valid_from | valid_to
        three       | basic | 50    | 500 | 2024-01-01 | 2025-04-01
        three       | basic | 53    | 530 | 2025-04-01 |
        four        | basic | 50    | 500 | 2024-01-01 | 2025-04-01
        four        | basic | 54    | 540 | 2025-04-01 |
        four_of_100 | basic | 100   | 500 | 2024-01-01 | 2025-04-01
        four_of_100 | basic | 104   | 540 | 2025-04-01 |
        seven_more  | basic | 100   | 500 | 2024-01-01 | 2025-04-01
        seven_more  | basic | 107   | 540 | 2025-04-01 |
        four_cheap  | basic | 50    | 500 | 2024-01-01 | 2025-04-01
        four_cheap  | basic | 54    | 519 | 2025-04-01 |
        unpriced    | basic | 50    |     | 2024-01-01 | 2025-04-01
        unpriced    | basic | 54    |     | 2025-04-01 |
        gap         | basic | 50    | 500 | 2024-01-01 | 2025-03-05
        gap         | basic | 51    | 510 | 2025-03-05 |
        one_step    | basic | 50    | 500 | 2024-01-01 | 2025-04-01
        one_step    | pro   | 50    | 600 | 2025-04-01 |
        two_steps   | basic | 50    | 500 | 2024-01-01 | 2025-04-01
        two_steps   | top   | 50    | 600 | 2025-04-01 |
        # addons
        account | addon | mrr | valid_from
        gap     | sso   | 19  | 2025-04-01
        gap     | audit | 20  | 2025-04-02
        """
    accounts = "three four four_of_100 seven_more four_cheap unpriced gap one_step two_steps"
    asked = {
        "seat_expansion": {"minimum_seats": 4, "minimum_share": 0.07, "minimum_mrr": 20},
        "plan_upgrade": {"minimum_tiers": 2},
        "add_on": {"minimum_mrr": 20},
    }
    tables = tables_of(text, data_until="2026-01-01", accounts=accounts, outcomes=asked)
    found = {outcome: labelled(tables, outcome, accounts=accounts) for outcome in CONVERSIONS}
    assert {outcome: positives(one) for outcome, one in found.items()} == {
        "seat_expansion": ["four", "seven_more", "unpriced"],
        "plan_upgrade": ["two_steps"],
        "add_on": ["gap"],
    }
    assert {outcome: not_counted(one) for outcome, one in found.items()} == {
        "seat_expansion": dict.fromkeys(("three", "four_of_100", "four_cheap"), "below_minimum"),
        "plan_upgrade": {"one_step": "below_minimum"},
        "add_on": {},
    }
    assert {outcome: one.left_out["in_the_gap"] for outcome, one in found.items()} == dict.fromkeys(CONVERSIONS, 0)
    as_it_is = labelled(
        tables_of(text, data_until="2026-01-01", accounts=accounts), "seat_expansion", accounts=accounts
    )
    assert positives(as_it_is) == ["four", "four_cheap", "four_of_100", "seven_more", "three", "unpriced"]
    assert as_it_is.left_out["in_the_gap"] == 1


def test_money_that_nobody_asked_for_is_no_upsell_and_is_told_of() -> None:
    text = """
        # subscriptions
        account  | seats | mrr | valid_from | valid_to   | change_reason
        uplift   | 5     | 50  | 2024-01-01 | 2025-04-01 | new
        uplift   | 5     | 52  | 2025-04-01 |            | price_uplift
        currency | 5     | 50  | 2024-01-01 | 2025-04-01 | new
        currency | 5     | 53  | 2025-04-01 |            | currency
        untold   | 5     | 50  | 2024-01-01 | 2025-04-01 | new
        untold   | 5     | 53  | 2025-04-01 |            |
        cheaper  | 5     | 50  | 2024-01-01 | 2025-04-01 | new
        cheaper  | 5     | 47  | 2025-04-01 |            |
        true_up  | 5     | 50  | 2024-01-01 | 2025-04-01 | new
        true_up  | 7     | 70  | 2025-04-01 |            | true_up
        last_day | 5     | 50  | 2024-01-01 | 2025-05-06 | new
        last_day | 5     | 53  | 2025-05-06 |            |
        after    | 5     | 50  | 2024-01-01 | 2025-05-07 | new
        after    | 5     | 53  | 2025-05-07 |            |
        """
    accounts = "uplift currency untold cheaper true_up last_day after"
    tables = tables_of(text, data_until="2026-01-01", accounts=accounts)
    found = labelled(tables, "seat_expansion", accounts=accounts)
    assert positives(found) == []
    assert not_counted(found) == {
        "uplift": "price_uplift",
        "currency": "currency",
        "untold": "price_alone",
        "true_up": "true_up",
        "last_day": "price_alone",
    }


# open opportunities ------------------------------------------------------------------------------------------------

TALKS = """
# opportunities
account      | upsell_type    | stage       | entered_at | recorded_at
open         | seat_expansion | engaged     | 2025-02-01 | 2025-02-01
untyped      |                | identified  | 2025-02-28 | 2025-02-28
won          | seat_expansion | negotiation | 2025-02-01 | 2025-02-01
won          | seat_expansion | won         | 2025-02-20 | 2025-02-20
lost         | seat_expansion | engaged     | 2025-02-01 | 2025-02-01
lost         | seat_expansion | lost        | 2025-02-28 | 2025-02-28
won_unknown  | seat_expansion | engaged     | 2025-02-01 | 2025-02-01
won_unknown  | seat_expansion | won         | 2025-02-20 | 2025-03-01
later        | seat_expansion | engaged     | 2025-03-01 | 2025-03-01
late         | seat_expansion | engaged     | 2025-02-01 | 2025-03-01
# subscriptions
account     | seats | valid_from
open        | 5     | 2024-01-01
untyped     | 5     | 2024-01-01
won         | 5     | 2024-01-01
lost        | 5     | 2024-01-01
won_unknown | 5     | 2024-01-01
later       | 5     | 2024-01-01
late        | 5     | 2024-01-01
# plans
plan | tier_rank
pro  | 1
"""
TALKERS = "open untyped won lost won_unknown later late"


def test_an_upsell_that_is_already_talked_about_is_left_out_and_counted() -> None:
    tables = tables_of(TALKS, data_until="2026-01-01", accounts=TALKERS)
    found = labelled(tables, "seat_expansion", accounts=TALKERS)
    assert sorted(found.rows["account_id"]) == ["late", "later", "lost", "won"]
    assert found.left_out == {"censored": 0, "in_the_gap": 0, "merged_away": 0, "open_opportunity": 3}
    # the talk about seats does not spoil the question of the plan; one of unknown kind spoils every question
    tables = tables_of(TALKS.replace("seats |", "plan |"), data_until="2026-01-01", accounts=TALKERS)
    other = labelled(tables, "plan_upgrade", accounts=TALKERS)
    assert other.left_out["open_opportunity"] == 1
    assert "untyped" not in set(other.rows["account_id"])


def test_talks_are_told_with_their_kind() -> None:
    tables = tables_of(TALKS, data_until="2026-01-01", accounts=TALKERS)
    found = in_talks(tables, looks(TALKERS))
    types = found["upsell_type"].astype(object).where(found["upsell_type"].notna(), None)
    told = dict(zip(found["account_id"], types, strict=True))
    assert told == {"open": "seat_expansion", "untyped": None, "won_unknown": "seat_expansion"}
    without = tables_of(WORLD, data_until="2026-01-01", accounts=ACCOUNTS)
    assert in_talks(without, looks(ACCOUNTS)).empty
    assert in_talks(tables, looks("")).empty


def labelled(tables: Tables, outcome: str, accounts: str = ACCOUNTS) -> Labels:
    return upsell_labels(tables, looks(accounts), changes(tables), outcome)


def looks(accounts: str) -> pd.DataFrame:
    rows = pd.DataFrame({"account_id": pd.Series(accounts.split(), dtype="str"), "as_of": pd.Timestamp(AS_OF)})
    return rows.astype({"as_of": "datetime64[us]"})


def positives(found: Labels) -> list[str]:
    return sorted(found.rows.loc[found.rows["label"] == 1, "account_id"])


def not_counted(found: Labels) -> dict[str, str]:
    told = found.rows[found.rows["not_counted"] != ""]
    return dict(zip(told["account_id"], told["not_counted"], strict=True))
