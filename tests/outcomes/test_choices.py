from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from uptier.outcomes.changes import changes
from uptier.outcomes.choices import left_out
from uptier.outcomes.churn import churn_labels
from uptier.outcomes.upsell import median_gains, upsell_labels
from uptier.tables.contracts import CHANGE_REASONS
from uptier.tables.drawn import tables_of

PLANS = """
# plans
plan  | tier_rank
basic | 1
pro   | 2
"""
RAISED = """
    # subscriptions
    account | plan  | seats | valid_from | valid_to   | change_reason
    seats   | basic | 5     | 2025-01-01 | 2025-04-01 | new
    seats   | basic | 8     | 2025-04-01 |            | {reason}
    tier    | basic | 5     | 2025-01-01 | 2025-04-01 | new
    tier    | pro   | 5     | 2025-04-01 |            | {reason}
    """
LOWERED = """
    # subscriptions
    account | plan  | seats | valid_from | valid_to   | change_reason
    seats   | basic | 8     | 2025-01-01 | 2025-04-01 | new
    seats   | basic | 5     | 2025-04-01 |            | {reason}
    tier    | pro   | 5     | 2025-01-01 | 2025-04-01 | new
    tier    | basic | 5     | 2025-04-01 |            | {reason}
    """
OF_PRICE = ["price_uplift", "currency"]
WHATEVER_WAY = ["true_up", "co_term", "merge", "correction"]
# empty, and what the contract does not know: the source has not told
UNTOLD = ["", "amendment"]
CHOSEN = [reason for reason in CHANGE_REASONS if reason not in (*OF_PRICE, *WHATEVER_WAY)]


@pytest.mark.parametrize("reason", [*OF_PRICE, *WHATEVER_WAY])
def test_seats_and_plans_that_rise_of_themselves_are_no_upsell(reason: str) -> None:
    assert kinds(RAISED.format(reason=reason)) == {"seats": ["not_a_choice"], "tier": ["not_a_choice"]}


@pytest.mark.parametrize("reason", [*CHOSEN, *UNTOLD])
def test_any_other_reason_and_none_leave_it_to_seats_and_plans(reason: str) -> None:
    assert kinds(RAISED.format(reason=reason)) == {"seats": ["seat_expansion"], "tier": ["plan_upgrade"]}
    assert kinds(LOWERED.format(reason=reason)) == {"seats": ["downgrade"], "tier": ["downgrade"]}


@pytest.mark.parametrize("reason", WHATEVER_WAY)
def test_seats_and_plans_that_fall_of_themselves_are_no_downgrade(reason: str) -> None:
    assert kinds(LOWERED.format(reason=reason)) == {"seats": ["not_a_choice"], "tier": ["not_a_choice"]}


@pytest.mark.parametrize("reason", OF_PRICE)
def test_to_give_up_seats_at_a_new_price_is_a_choice(reason: str) -> None:
    assert kinds(LOWERED.format(reason=reason)) == {"seats": ["downgrade"], "tier": ["downgrade"]}
    # the same where the new price comes with a new id
    assert kinds(f"""
        # subscriptions
        subscription_id | account | plan  | seats | valid_from | valid_to   | change_reason
        fewer-1         | fewer   | basic | 8     | 2025-01-01 | 2025-04-01 | new
        fewer-2         | fewer   | basic | 5     | 2025-04-01 |            | {reason}
        more-1          | more    | basic | 5     | 2025-01-01 | 2025-04-01 | new
        more-2          | more    | basic | 8     | 2025-04-01 |            | {reason}
        """) == {"fewer": ["downgrade"], "more": ["not_a_choice"]}
    # a higher plan with fewer seats is a plan change alone, as everywhere
    assert kinds(f"""
        # subscriptions
        account | plan  | seats | valid_from | valid_to   | change_reason
        a       | basic | 8     | 2025-01-01 | 2025-04-01 | new
        a       | pro   | 5     | 2025-04-01 |            | {reason}
        """) == {"a": ["not_a_choice"]}


def test_without_the_columns_all_is_as_seats_and_plans_say() -> None:
    assert kinds("""
        # subscriptions
        account | plan  | seats | valid_from | valid_to
        a       | basic | 5     | 2025-01-01 | 2025-04-01
        a       | basic | 8     | 2025-04-01 | 2025-06-01
        """) == {"a": ["seat_expansion", "leaving"]}


def test_a_customers_own_words_for_reasons_are_mapped() -> None:
    text = RAISED.format(reason="Wahre Zahl")
    mapped = {"subscriptions": {"values": {"change_reason": {"Wahre*": "true_up"}}}}
    assert kinds(text, tables=mapped) == {"seats": ["not_a_choice"], "tier": ["not_a_choice"]}


def test_the_chain_goes_on_from_the_new_level() -> None:
    text = """
        # subscriptions
        account | seats | valid_from | valid_to   | change_reason
        falls   | 5     | 2025-01-01 | 2025-02-01 |
        falls   | 9     | 2025-02-01 | 2025-04-01 | true_up
        falls   | 7     | 2025-04-01 |            | contraction
        rises   | 5     | 2025-01-01 | 2025-02-01 |
        rises   | 9     | 2025-02-01 | 2025-04-01 | true_up
        rises   | 10    | 2025-04-01 |            | expansion
        same    | 5     | 2025-01-01 | 2025-02-01 |
        same    | 9     | 2025-02-01 | 2025-04-01 | true_up
        same    | 9     | 2025-04-01 |            | renewal
        """
    assert kinds(text) == {
        "falls": ["not_a_choice", "downgrade"],
        "rises": ["not_a_choice", "seat_expansion"],
        "same": ["not_a_choice"],
    }


def test_two_subscriptions_of_one_day_are_each_judged_by_their_own_reason() -> None:
    text = """
        # subscriptions
        subscription_id | account       | plan  | seats | mrr | valid_from | valid_to   | change_reason
        1               | uplift_beside | basic | 5     | 50  | 2025-01-01 | 2025-04-01 |
        1               | uplift_beside | basic | 8     | 80  | 2025-04-01 |            | expansion
        2               | uplift_beside | basic | 5     | 50  | 2025-01-01 | 2025-04-01 |
        2               | uplift_beside | basic | 5     | 70  | 2025-04-01 |            | price_uplift
        3               | both_rise     | basic | 5     | 50  | 2025-01-01 | 2025-04-01 |
        3               | both_rise     | basic | 8     | 80  | 2025-04-01 |            | expansion
        4               | both_rise     | basic | 5     | 50  | 2025-01-01 | 2025-04-01 |
        4               | both_rise     | basic | 9     | 90  | 2025-04-01 |            | true_up
        5               | hidden_fall   | basic | 8     | 80  | 2025-01-01 | 2025-04-01 |
        5               | hidden_fall   | basic | 5     | 50  | 2025-04-01 |            | contraction
        6               | hidden_fall   | basic | 5     | 50  | 2025-01-01 | 2025-04-01 |
        6               | hidden_fall   | basic | 9     | 90  | 2025-04-01 |            | true_up
        7               | hidden_rise   | basic | 5     | 50  | 2025-01-01 | 2025-04-01 |
        7               | hidden_rise   | basic | 6     | 60  | 2025-04-01 |            | expansion
        8               | hidden_rise   | basic | 9     | 90  | 2025-01-01 | 2025-04-01 |
        8               | hidden_rise   | basic | 5     | 50  | 2025-04-01 |            | correction
        9               | tiers         | basic | 5     | 50  | 2025-01-01 | 2025-04-01 |
        9               | tiers         | pro   | 5     | 80  | 2025-04-01 |            | merge
        10              | tiers         | basic | 5     | 50  | 2025-01-01 | 2025-04-01 |
        10              | tiers         | basic | 6     | 60  | 2025-04-01 |            | expansion
        11              | none_chosen   | basic | 5     | 50  | 2025-01-01 | 2025-04-01 |
        11              | none_chosen   | basic | 6     | 60  | 2025-04-01 |            | true_up
        12              | none_chosen   | basic | 5     | 50  | 2025-01-01 | 2025-04-01 |
        12              | none_chosen   | basic | 6     | 60  | 2025-04-01 |            | merge
        13              | stays_put     | basic | 5     | 50  | 2025-01-01 |            | true_up
        14              | stays_put     | basic | 5     | 50  | 2025-01-01 | 2025-04-01 |
        14              | stays_put     | basic | 6     | 60  | 2025-04-01 |            | expansion
        """
    assert kinds(text) == {
        "uplift_beside": ["seat_expansion"],
        "both_rise": ["not_a_choice", "seat_expansion"],
        "hidden_fall": ["downgrade", "not_a_choice"],
        "hidden_rise": ["not_a_choice", "seat_expansion"],
        "tiers": ["not_a_choice", "seat_expansion"],
        "none_chosen": ["not_a_choice"],
        "stays_put": ["seat_expansion"],
    }
    found = changes(project(text))
    uplift = found[found["account_id"] == "uplift_beside"]
    # what the price did is not what the upsell brought
    assert uplift[["mrr_before", "mrr_after"]].to_numpy().tolist() == [[12000.0, 15000.0]]
    assert median_gains(uplift)["seat_expansion"] == pytest.approx(0.25)
    assert left_out(found) == {"true_up": 2, "correction": 1, "merge": 1, "merge, true_up": 1}


def test_several_versions_of_one_day_and_one_subscription_are_judged_one_by_one() -> None:
    text = """
        # subscriptions
        account      | seats | valid_from       | valid_to         | change_reason
        true_then_up | 5     | 2025-01-01       | 2025-04-01 09:00 |
        true_then_up | 8     | 2025-04-01 09:00 | 2025-04-01 15:00 | true_up
        true_then_up | 9     | 2025-04-01 15:00 |                  | expansion
        then_renewed | 5     | 2025-01-01       | 2025-04-01 09:00 |
        then_renewed | 8     | 2025-04-01 09:00 | 2025-04-01 15:00 | true_up
        then_renewed | 8     | 2025-04-01 15:00 |                  | renewal
        then_uplift  | 5     | 2025-01-01       | 2025-04-01 09:00 |
        then_uplift  | 8     | 2025-04-01 09:00 | 2025-04-01 15:00 | expansion
        then_uplift  | 8     | 2025-04-01 15:00 |                  | price_uplift
        mistaken     | 5     | 2025-01-01       | 2025-04-01 09:00 |
        mistaken     | 50    | 2025-04-01 09:00 | 2025-04-01 15:00 | expansion
        mistaken     | 5     | 2025-04-01 15:00 |                  | correction
        misspelt     | 5     | 2025-01-01       | 2025-04-01 09:00 |
        misspelt     | 50    | 2025-04-01 09:00 | 2025-04-01 15:00 | expansion
        misspelt     | 8     | 2025-04-01 15:00 |                  | correction
        """
    assert kinds(text) == {
        "true_then_up": ["not_a_choice", "seat_expansion"],
        "then_renewed": ["not_a_choice"],
        "then_uplift": ["seat_expansion"],
        "mistaken": [],
        "misspelt": ["seat_expansion"],
    }


def test_contracts_that_become_one_under_a_new_id_are_no_downgrade() -> None:
    text = """
        # subscriptions
        subscription_id | account   | plan  | seats | valid_from | valid_to   | change_reason | end_reason
        1               | one_term  | basic | 5     | 2025-01-01 | 2025-04-01 |               |
        2               | one_term  | pro   | 3     | 2025-01-01 | 2025-04-01 |               | changed
        3               | one_term  | pro   | 7     | 2025-04-01 |            | co_term       |
        4               | and_more  | basic | 5     | 2025-01-01 | 2025-04-01 |               | merged
        5               | and_more  | basic | 3     | 2025-01-01 | 2025-04-01 |               | merged
        6               | and_more  | basic | 9     | 2025-04-01 |            | expansion     |
        7               | given_up  | basic | 5     | 2025-01-01 | 2025-04-01 |               |
        8               | given_up  | basic | 3     | 2025-01-01 | 2025-04-01 |               | cancelled
        9               | given_up  | basic | 5     | 2025-04-01 |            | co_term       |
        10              | re_issued | basic | 5     | 2025-01-01 | 2025-04-01 |               | changed
        11              | re_issued | pro   | 5     | 2025-04-01 |            | upgrade       |
        12              | took_over | basic | 5     | 2025-01-01 |            |               |
        13              | took_over | pro   | 4     | 2025-04-01 |            | merge         |
        14              | founded   | basic | 5     | 2025-04-01 |            | merge         |
        """
    assert kinds(text) == {
        "one_term": ["not_a_choice"],
        "and_more": ["seat_expansion"],
        "given_up": ["downgrade"],
        "re_issued": ["plan_upgrade"],
        "took_over": ["not_a_choice"],
        "founded": [],
    }


def test_an_end_by_a_merger_is_no_leaving() -> None:
    text = """
        # subscriptions
        subscription_id | account    | seats | valid_from | valid_to   | end_reason
        1               | merged     | 5     | 2025-01-01 | 2025-04-01 | merged
        2               | all_merged | 5     | 2025-01-01 | 2025-04-01 | merged
        3               | all_merged | 5     | 2025-01-01 | 2025-04-01 | merged
        4               | in_part    | 5     | 2025-01-01 | 2025-04-01 | merged
        5               | in_part    | 5     | 2025-01-01 | 2025-06-01 | not_renewed
        6               | same_day   | 5     | 2025-01-01 | 2025-04-01 | merged
        7               | same_day   | 5     | 2025-01-01 | 2025-04-01 | cancelled
        8               | cancelled  | 5     | 2025-01-01 | 2025-04-01 | cancelled
        9               | untold     | 5     | 2025-01-01 | 2025-04-01 |
        10              | unknown    | 5     | 2025-01-01 | 2025-04-01 | bankrupt
        11              | changed    | 5     | 2025-01-01 | 2025-04-01 | changed
        12              | to_come    | 5     | 2025-01-01 | 2026-01-01 | merged
        13              | comes_back | 5     | 2025-01-01 | 2025-04-01 | merged
        13              | comes_back | 8     | 2025-06-01 |            |
        """
    assert kinds(text) == {
        "merged": ["merged_away"],
        "all_merged": ["merged_away"],
        "in_part": ["not_a_choice", "leaving"],
        "same_day": ["leaving", "not_a_choice"],
        "cancelled": ["leaving"],
        "untold": ["leaving"],
        "unknown": ["leaving"],
        "changed": ["leaving"],
        "to_come": [],
        "comes_back": ["merged_away"],
    }
    assert left_out(changes(project(text))) == {"merged": 5}


def test_a_log_of_changes_tells_the_end_in_the_row_that_ends_it() -> None:
    text = """
        # subscriptions
        account | seats | mrr | valid_from | change_reason | end_reason
        a       | 5     | 50  | 2025-01-01 | new           |
        a       | 8     | 80  | 2025-03-01 | true_up       | changed
        a       | 0     | 0   | 2025-06-01 |               | merged
        """
    log = {"subscriptions": {"form": "change_log"}}
    assert kinds(text, tables=log) == {"a": ["not_a_choice", "merged_away"]}


def test_an_account_that_merged_before_its_window_was_over_has_no_label() -> None:
    text = """
        # subscriptions
        account   | seats | valid_from | valid_to   | change_reason | end_reason
        in_gap    | 5     | 2024-01-01 | 2025-03-03 |               | merged
        in_window | 5     | 2024-01-01 | 2025-05-01 |               | merged
        after     | 5     | 2024-01-01 | 2025-12-01 |               | merged
        trued_up  | 5     | 2024-01-01 | 2025-04-01 |               | changed
        trued_up  | 8     | 2025-04-01 |            | true_up       |
        expands   | 5     | 2024-01-01 | 2025-04-01 |               | changed
        expands   | 8     | 2025-04-01 | 2025-05-01 | expansion     | merged
        """
    tables = project(text)
    looks = pd.DataFrame({"account_id": accounts_of(text).split(), "as_of": pd.Timestamp("2025-03-01")})
    looks = looks.astype({"as_of": "datetime64[us]"})
    told = changes(tables)
    churn = churn_labels(tables, looks, told)
    assert dict(zip(churn.rows["account_id"], churn.rows["label"], strict=True)) == {"after": 0, "trued_up": 0}
    assert churn.left_out == {"censored": 0, "in_the_gap": 0, "merged_away": 3}
    upsell = upsell_labels(tables, looks, told, "seat_expansion")
    labels = dict(zip(upsell.rows["account_id"], upsell.rows["label"], strict=True))
    assert labels == {"after": 0, "trued_up": 0, "expands": 1}
    assert upsell.left_out["merged_away"] == 2


def test_seats_and_prices_that_are_not_told_are_no_change() -> None:
    text = """
        # subscriptions
        account | valid_from | valid_to   | change_reason
        a       | 2025-01-01 | 2025-04-01 |
        a       | 2025-04-01 |            | true_up
        """
    assert kinds(text) == {"a": []}
    partly = """
        # subscriptions
        subscription_id | account | seats | mrr | valid_from | valid_to   | change_reason
        1               | a       | 5     | 50  | 2025-01-01 |            |
        2               | a       |       |     | 2025-01-01 | 2025-04-01 |
        2               | a       | 9     | 90  | 2025-04-01 |            | true_up
        """
    assert kinds(partly) == {"a": ["not_a_choice"]}


def test_a_price_that_is_not_known_is_not_known_before_an_upsell_either() -> None:
    found = changes(
        project("""
        # subscriptions
        subscription_id | account | seats | mrr | valid_from | valid_to   | change_reason
        1               | a       | 5     | 50  | 2025-01-01 | 2025-04-01 |
        1               | a       | 5     |     | 2025-04-01 |            | price_uplift
        2               | a       | 5     | 50  | 2025-01-01 | 2025-04-01 |
        2               | a       | 8     | 80  | 2025-04-01 |            | expansion
        """)
    )
    assert found["kind"].tolist() == ["seat_expansion"]
    assert found[["mrr_before", "mrr_after"]].isna().all(axis=None)


@pytest.mark.parametrize("columns", ["change_reason", "end_reason"])
def test_one_of_the_two_columns_will_do(columns: str) -> None:
    value = {"change_reason": "true_up", "end_reason": "changed"}[columns]
    text = f"""
        # subscriptions
        account | seats | valid_from | valid_to   | {columns}
        a       | 5     | 2025-01-01 | 2025-04-01 | {value}
        a       | 8     | 2025-04-01 |            | {value}
        """
    assert kinds(text) == {"a": ["not_a_choice" if columns == "change_reason" else "seat_expansion"]}


def project(text: str, **settings: Any) -> Any:
    return tables_of(PLANS + text, data_until="2026-01-01", accounts=accounts_of(text), **settings)


def kinds(text: str, **settings: Any) -> dict[str, list[str]]:
    """Give the kinds of change of each account, by day and name."""
    found = changes(project(text, **settings))
    told: dict[str, list[str]] = {account: [] for account in accounts_of(text).split()}
    for row in found.itertuples():
        told[row.account_id].append(row.kind)
        assert bool(row.because) == (row.kind in ("not_a_choice", "merged_away"))
    return told


def accounts_of(text: str) -> str:
    lines = [line.split("|") for line in text.splitlines() if "|" in line]
    place = [cell.strip() for cell in lines[0]].index("account")
    return " ".join(dict.fromkeys(line[place].strip() for line in lines[1:]))
