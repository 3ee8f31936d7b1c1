from __future__ import annotations

from typing import Any

import pytest

from uptier.outcomes.changes import changes
from uptier.outcomes.upsell import median_gains
from uptier.tables.drawn import tables_of

PLANS = """
# plans
plan  | tier_rank
basic | 1
pro   | 2
"""


def test_what_is_an_upsell_and_what_is_not() -> None:
    told = kinds("""
        # subscriptions
        account        | plan  | seats | mrr | valid_from | valid_to
        seats          | basic | 5     | 50  | 2025-01-01 | 2025-04-01
        seats          | basic | 9     | 90  | 2025-04-01 |
        upgrade        | basic | 5     | 50  | 2025-01-01 | 2025-04-01
        upgrade        | pro   | 5     | 80  | 2025-04-01 |
        both           | basic | 5     | 50  | 2025-01-01 | 2025-04-01
        both           | pro   | 9     | 99  | 2025-04-01 |
        fewer_seats_up | basic | 9     | 50  | 2025-01-01 | 2025-04-01
        fewer_seats_up | pro   | 5     | 99  | 2025-04-01 |
        price          | basic | 5     | 50  | 2025-01-01 | 2025-04-01
        price          | basic | 5     | 60  | 2025-04-01 |
        renewal        | basic | 5     | 50  | 2025-01-01 | 2025-04-01
        renewal        | basic | 5     | 50  | 2025-04-01 |
        fewer_seats    | basic | 5     | 50  | 2025-01-01 | 2025-04-01
        fewer_seats    | basic | 4     | 40  | 2025-04-01 |
        lower_plan     | pro   | 5     | 80  | 2025-01-01 | 2025-04-01
        lower_plan     | basic | 9     | 90  | 2025-04-01 |
        leaves         | pro   | 5     | 80  | 2025-01-01 | 2025-04-01
        stays          | pro   | 5     | 80  | 2025-01-01 |
        """)
    assert told == {
        "seats": [("2025-04-01", "seat_expansion")],
        "upgrade": [("2025-04-01", "plan_upgrade")],
        "both": [("2025-04-01", "plan_upgrade")],
        "fewer_seats_up": [("2025-04-01", "plan_upgrade")],
        "price": [("2025-04-01", "repriced")],
        "renewal": [],
        "fewer_seats": [("2025-04-01", "downgrade")],
        "lower_plan": [("2025-04-01", "downgrade")],
        "leaves": [("2025-04-01", "leaving")],
        "stays": [],
    }


def test_subscriptions_side_by_side_are_one_account() -> None:
    told = kinds("""
        # subscriptions
        subscription_id | account   | plan  | seats | valid_from | valid_to
        moved-1         | moved     | basic | 5     | 2025-01-01 | 2025-04-01
        moved-2         | moved     | basic | 5     | 2025-04-01 |
        second-1        | second    | pro   | 5     | 2025-01-01 |
        second-2        | second    | basic | 3     | 2025-04-01 |
        one_ends-1      | one_ends  | basic | 5     | 2025-01-01 |
        one_ends-2      | one_ends  | basic | 3     | 2025-01-01 | 2025-04-01
        both_end-1      | both_end  | basic | 5     | 2025-01-01 | 2025-04-01
        both_end-2      | both_end  | basic | 3     | 2025-01-01 | 2025-06-01
        comes_back-1    | comes_back| basic | 5     | 2025-01-01 | 2025-04-01
        comes_back-2    | comes_back| pro   | 9     | 2025-06-01 |
        """)
    assert told == {
        "moved": [],
        "second": [("2025-04-01", "seat_expansion")],
        "one_ends": [("2025-04-01", "downgrade")],
        "both_end": [("2025-04-01", "downgrade"), ("2025-06-01", "leaving")],
        # to come back is a new sale, not an upsell
        "comes_back": [("2025-04-01", "leaving")],
    }


def test_a_version_ends_where_the_next_of_its_id_begins() -> None:
    told = kinds("""
        # subscriptions
        account  | plan  | seats | valid_from | valid_to
        open_end | basic | 5     | 2025-01-01 |
        open_end | basic | 8     | 2025-04-01 |
        overlaps | basic | 5     | 2025-01-01 | 2025-08-01
        overlaps | basic | 8     | 2025-04-01 |
        """)
    assert told == {
        "open_end": [("2025-04-01", "seat_expansion")],
        "overlaps": [("2025-04-01", "seat_expansion")],
    }


def test_a_plan_that_is_not_on_the_list_makes_no_upgrade() -> None:
    told = kinds("""
        # subscriptions
        account | plan   | seats | valid_from | valid_to
        a       | legacy | 5     | 2025-01-01 | 2025-04-01
        a       | pro    | 5     | 2025-04-01 | 2025-06-01
        a       | legacy | 5     | 2025-06-01 |
        """)
    assert told == {"a": []}


def test_without_seats_plans_and_prices_only_leaving_shows() -> None:
    told = kinds("""
        # subscriptions
        account | valid_from | valid_to
        leaves  | 2025-01-01 | 2025-04-01
        stays   | 2025-01-01 | 2025-04-01
        stays   | 2025-04-01 |
        # addons
        account | addon | valid_from
        """)
    assert told == {"leaves": [("2025-04-01", "leaving")], "stays": []}


def test_what_an_addon_is_news_of() -> None:
    told = kinds("""
        # subscriptions
        account    | plan  | seats | valid_from | valid_to
        new        | basic | 5     | 2025-01-01 |
        first_sale | basic | 5     | 2025-01-01 |
        rebilled   | basic | 5     | 2025-01-01 |
        open_end   | basic | 5     | 2025-01-01 |
        inside     | basic | 5     | 2025-01-01 |
        again      | basic | 5     | 2025-01-01 |
        given_up   | basic | 5     | 2025-01-01 |
        leaves     | basic | 5     | 2025-01-01 | 2025-06-01
        gone       | basic | 5     | 2025-01-01 | 2025-02-01
        # addons
        account    | addon     | valid_from | valid_to
        new        | analytics | 2025-04-01 |
        first_sale | analytics | 2025-01-01 |
        rebilled   | analytics | 2025-01-01 | 2025-04-01
        rebilled   | analytics | 2025-04-01 |
        open_end   | analytics | 2025-01-01 |
        open_end   | analytics | 2025-04-01 |
        inside     | analytics | 2025-01-01 | 2025-12-01
        inside     | analytics | 2025-02-01 | 2025-03-01
        inside     | analytics | 2025-04-01 | 2025-12-15
        again      | analytics | 2025-01-01 | 2025-03-01
        again      | analytics | 2025-04-01 |
        given_up   | analytics | 2025-01-01 | 2025-06-01
        leaves     | analytics | 2025-01-01 | 2025-06-01
        gone       | analytics | 2025-03-01 | 2025-05-01
        """)
    assert told == {
        "new": [("2025-04-01", "add_on")],
        "first_sale": [],
        "rebilled": [],
        "open_end": [],
        "inside": [("2025-12-15", "downgrade")],
        "again": [("2025-03-01", "downgrade"), ("2025-04-01", "add_on")],
        "given_up": [("2025-06-01", "downgrade")],
        "leaves": [("2025-06-01", "leaving")],
        "gone": [("2025-02-01", "leaving")],
    }


def test_a_change_is_known_when_its_last_row_is() -> None:
    found = rows("""
        # subscriptions
        subscription_id | account | seats | valid_from | valid_to   | recorded_at | end_recorded_at
        a               | a       | 5     | 2025-01-01 | 2025-04-01 | 2025-01-01  | 2025-05-05
        a               | a       | 8     | 2025-04-01 |            | 2025-04-20  |
        b               | b       | 5     | 2025-01-01 | 2025-04-01 | 2025-01-01  | 2025-04-30
        c1              | c       | 5     | 2025-01-01 | 2025-04-01 | 2025-01-01  | 2025-04-02
        c2              | c       | 5     | 2025-01-01 | 2025-04-01 | 2025-01-01  | 2025-04-09
        d               | d       | 5     | 2025-01-01 | 2025-04-01 | 2025-01-01  | 2025-02-01
        e               | e       | 5     | 2025-01-01 | 2025-04-01 | 2025-01-01  |
        """)
    assert {account: known for account, _, known, _ in found} == {
        "a": "2025-04-20",  # the new version says it, whenever the end of the old one was written down
        "b": "2025-04-30",
        "c": "2025-04-09",  # that nothing runs is known once both ends are
        "d": "2025-04-01",  # told in advance; it has not happened before it happens
        "e": "2025-04-01",
    }


def test_the_lag_of_the_table_is_added_where_it_does_not_say_itself() -> None:
    found = rows(
        """
        # subscriptions
        account | seats | valid_from | valid_to
        a       | 5     | 2025-01-01 | 2025-04-01
        a       | 8     | 2025-04-01 | 2025-06-01
        # addons
        account | addon | valid_from | valid_to
        a       | sso   | 2025-05-01 | 2025-05-11
        """,
        tables={"subscriptions": {"lag_days": 3}, "addons": {"lag_days": 9}},
    )
    assert found == [
        ("a", "2025-04-01", "2025-04-04", "seat_expansion"),
        ("a", "2025-05-01", "2025-05-10", "add_on"),
        ("a", "2025-05-11", "2025-05-20", "downgrade"),
        ("a", "2025-06-01", "2025-06-04", "leaving"),
    ]


def test_what_ends_after_the_data_has_not_ended_yet() -> None:
    text = """
        # subscriptions
        account  | seats | valid_from | valid_to
        a        | 5     | 2025-01-01 | 2025-06-01
        # addons
        account | addon | valid_from | valid_to
        a       | sso   | 2025-01-01 | 2025-05-31
        """
    assert kinds(text, data_until="2025-05-31") == {"a": []}
    assert kinds(text, data_until="2025-06-01") == {"a": [("2025-05-31", "downgrade")]}
    assert kinds(text, data_until="2025-06-02") == {"a": [("2025-05-31", "downgrade"), ("2025-06-01", "leaving")]}


def test_money_before_and_after() -> None:
    tables = tables_of(
        """
        # subscriptions
        account | seats | mrr | valid_from | valid_to
        a       | 5     | 100 | 2025-01-01 | 2025-04-01
        a       | 8     | 150 | 2025-04-01 |
        b       | 5     | 100 | 2025-01-01 | 2025-04-01
        b       | 8     | 120 | 2025-04-01 |
        # addons
        account | addon | mrr | valid_from
        a       | sso   | 30  | 2025-05-01
        """,
        data_until="2026-01-01",
    )
    found = changes(tables)
    assert found[["account_id", "kind", "mrr_before", "mrr_after"]].to_numpy().tolist() == [
        ["a", "seat_expansion", 10000.0, 15000.0],
        ["a", "add_on", 15000.0, 18000.0],
        ["b", "seat_expansion", 10000.0, 12000.0],
    ]
    assert median_gains(found) == {"seat_expansion": pytest.approx(0.35), "plan_upgrade": 0.0, "add_on": 0.2}


@pytest.mark.parametrize("turned", [False, True])
def test_of_several_versions_of_one_day_the_last_one_holds_whatever_the_order_of_rows(*, turned: bool) -> None:
    rows = [
        "a | 5 | 2025-01-01       | 2025-04-01 09:00",
        "a | 7 | 2025-04-01 09:00 | 2025-04-01 15:00",
        "a | 9 | 2025-04-01 15:00 |",
    ]
    text = "\n".join(["# subscriptions", "account | seats | valid_from | valid_to", *(rows[::-1] if turned else rows)])
    found = changes(tables_of(text, data_until="2026-01-01", accounts="a"))
    assert found["kind"].tolist() == ["seat_expansion"]


def test_an_end_that_became_known_after_the_data_is_no_leaving() -> None:
    text = """
        # subscriptions
        account | seats | valid_from | valid_to   | end_recorded_at
        a       | 5     | 2025-01-01 | 2025-03-01 | 2025-08-01
        b       | 5     | 2025-01-01 | 2025-03-01 | 2025-03-02
        """
    found = changes(tables_of(text, data_until="2025-06-01", accounts="a b"))
    assert found[["account_id", "kind"]].to_numpy().tolist() == [["b", "leaving"]]


def test_an_addon_that_ended_on_the_day_it_began_was_never_held() -> None:
    text = """
        # addons
        account | addon | mrr | valid_from | valid_to
        a       | sso   | 10  | 2025-04-01 | 2025-04-01
        b       | sso   | 10  | 2025-04-01 | 2025-05-01
        """
    found = changes(tables_of(text, data_until="2026-01-01", accounts="a b"))
    assert found[["account_id", "kind"]].to_numpy().tolist() == [["b", "add_on"], ["b", "downgrade"]]


def test_a_price_that_is_not_known_is_no_loss() -> None:
    text = """
        # subscriptions
        account | seats | mrr | valid_from | valid_to
        a       | 5     | 100 | 2025-01-01 | 2025-04-01
        a       | 9     | 150 | 2025-04-01 |
        b       | 5     | 100 | 2025-01-01 | 2025-04-01
        b       | 9     |     | 2025-04-01 |
        """
    found = changes(tables_of(text, data_until="2026-01-01", accounts="a b"))
    assert found["kind"].tolist() == ["seat_expansion", "seat_expansion"]
    assert median_gains(found)["seat_expansion"] == pytest.approx(0.5)


# the same story in every form of subscriptions --------------------------------------------------------------------

STORY = {
    "grows": [("2025-02-01", "seat_expansion"), ("2025-05-01", "plan_upgrade")],
    "leaves": [("2025-03-01", "leaving")],
    "stays": [],
}
FORMS = {
    "intervals": """
        # subscriptions
        account | plan  | seats | mrr | valid_from | valid_to
        grows   | basic | 5     | 50  | 2025-01-01 | 2025-02-01
        grows   | basic | 8     | 80  | 2025-02-01 | 2025-05-01
        grows   | pro   | 8     | 99  | 2025-05-01 |
        leaves  | basic | 5     | 50  | 2025-01-01 | 2025-03-01
        stays   | basic | 5     | 50  | 2025-01-01 |
        """,
    "change_log": """
        # subscriptions
        account | plan  | seats | mrr | valid_from
        grows   | basic | 5     | 50  | 2025-01-01
        grows   | basic | 8     | 80  | 2025-02-01
        grows   | pro   | 8     | 99  | 2025-05-01
        leaves  | basic | 5     | 50  | 2025-01-01
        leaves  |       | 0     | 0   | 2025-03-01
        stays   | basic | 5     | 50  | 2025-01-01
        """,
    "snapshots": """
        # subscriptions
        account | plan  | seats | mrr | valid_from
        grows   | basic | 5     | 50  | 2025-01-01
        leaves  | basic | 5     | 50  | 2025-01-01
        stays   | basic | 5     | 50  | 2025-01-01
        grows   | basic | 8     | 80  | 2025-02-01
        leaves  | basic | 5     | 50  | 2025-02-01
        stays   | basic | 5     | 50  | 2025-02-01
        grows   | basic | 8     | 80  | 2025-03-01
        stays   | basic | 5     | 50  | 2025-03-01
        grows   | basic | 8     | 80  | 2025-04-01
        stays   | basic | 5     | 50  | 2025-04-01
        grows   | pro   | 8     | 99  | 2025-05-01
        stays   | basic | 5     | 50  | 2025-05-01
        """,
    "billing_periods": """
        # subscriptions
        account | plan  | seats | mrr | valid_from | valid_to
        grows   | basic | 5     | 50  | 2025-01-01 | 2025-02-01
        grows   | basic | 8     | 80  | 2025-02-01 | 2025-03-01
        grows   | basic | 8     | 80  | 2025-03-01 | 2025-04-01
        grows   | basic | 8     | 80  | 2025-04-01 | 2025-05-01
        grows   | pro   | 8     | 99  | 2025-05-01 | 2025-06-01
        leaves  | basic | 5     | 50  | 2025-01-01 | 2025-02-01
        leaves  | basic | 5     | 50  | 2025-02-01 | 2025-03-01
        stays   | basic | 5     | 50  | 2025-01-01 | 2025-06-01
        """,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_subscriptions_tells_the_same_story(form: str) -> None:
    tables = {"subscriptions": {"form": form}}
    assert kinds(FORMS[form], data_until="2025-05-20", tables=tables) == STORY


def kinds(text: str, *, data_until: str = "2026-01-01", **settings: Any) -> dict[str, list[tuple[str, str]]]:
    """Give the changes of each account as pairs of day and kind."""
    tables = tables_of(PLANS + text, data_until=data_until, accounts=_accounts(text), **settings)
    found = changes(tables)
    told: dict[str, list[tuple[str, str]]] = {account: [] for account in _accounts(text).split()}
    for row in found.itertuples():
        told[row.account_id].append((f"{row.day:%Y-%m-%d}", row.kind))
    return told


def rows(text: str, **settings: Any) -> list[tuple[str, str, str, str]]:
    found = changes(tables_of(text, data_until="2026-01-01", accounts=_accounts(text), **settings))
    return [
        (row.account_id, f"{row.day:%Y-%m-%d}", f"{row.known_day:%Y-%m-%d}", row.kind) for row in found.itertuples()
    ]


def _accounts(text: str) -> str:
    """List the accounts of the drawn subscriptions, in order."""
    lines = [
        line.split("|") for line in text.partition("# subscriptions")[2].partition("#")[0].splitlines() if "|" in line
    ]
    place = [cell.strip() for cell in lines[0]].index("account")
    return " ".join(dict.fromkeys(line[place].strip() for line in lines[1:]))
