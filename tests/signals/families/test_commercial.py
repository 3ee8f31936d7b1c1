from __future__ import annotations

import pytest

from tests.signals.answers import Answers, answers_of, unavailable

# 180 days before 2026-03-29 is 2025-09-30
TEXT = """
    # accounts
    account | region | segment    | industry
    grown   | EMEA   | enterprise | retail
    two     | APAC   | start-up   | health
    young   |        |            |
    zero    |        |            |
    ended   |        |            |
    none    |        |            |
    # plans
    plan  | tier_rank | price
    basic | 1         | 40
    pro   | 2         | 120
    # subscriptions
    subscription_id | account | plan  | seats | mrr    | billing_period_months | term_end   | valid_from | valid_to
    grown           | grown   | basic | 5     | 50.50  | 1                     | 2026-01-31 | 2025-01-28 | 2026-02-01
    grown           | grown   | pro   | 8     | 150.50 | 12                    | 2027-01-31 | 2026-02-01 |
    two-1           | two     | basic | 5     | 30     | 1                     | 2026-04-10 | 2025-03-29 |
    two-2           | two     | basic | 3     | 20     | 12                    | 2026-03-29 | 2025-10-10 |
    two-3           | two     | pro   | 9     | 90     | 12                    | 2026-12-31 | 2025-05-01 | 2026-03-28
    young           | young   | pro   | 2     | 150    | 1                     |            | 2026-03-28 |
    zero            | zero    | other | 0     | 0      | 1                     | 2026-03-28 | 2025-01-01 |
    ended           | ended   | basic | 5     | 50     | 1                     | 2026-03-01 | 2025-01-01 | 2026-03-01
    # addons
    account | addon     | valid_from | valid_to
    grown   | sso       | 2025-01-28 |
    grown   | sso       | 2026-01-28 |
    grown   | analytics | 2025-02-01 | 2026-03-28
    grown   | roles     | 2026-03-28 | 2026-03-30
    grown   | audit     | 2026-03-29 |
    """
ACCOUNTS = "grown two young zero ended none"
UNKNOWN = dict.fromkeys(ACCOUNTS.split())
EXPECTED: Answers = {
    "plan": UNKNOWN | {"grown": "pro", "two": "basic", "young": "pro", "zero": "other"},
    "tier": UNKNOWN | {"grown": 2, "two": 1, "young": 2},
    "region": UNKNOWN | {"grown": "EMEA", "two": "APAC"},
    "segment": UNKNOWN | {"grown": "enterprise", "two": "start-up"},
    "industry": UNKNOWN | {"grown": "retail", "two": "health"},
    "mrr": UNKNOWN | {"grown": 150.5, "two": 50, "young": 150, "zero": 0},
    "price_per_seat": UNKNOWN | {"grown": 150.5 / 8, "two": 50 / 8, "young": 75},
    "share_of_list_price": UNKNOWN | {"grown": 150.5 / 120, "two": 50 / 40, "young": 150 / 120},
    "price_step": UNKNOWN | {"two": 120 - 50},
    "days_until_renewal": UNKNOWN | {"grown": 308, "two": 0},
    "tenure": UNKNOWN | {"grown": 425, "two": 365, "young": 1, "zero": 452, "ended": 452},
    "billing_months": UNKNOWN | {"grown": 12, "two": 1, "young": 1, "zero": 1},
    "seats_gained": UNKNOWN | {"grown": 3, "two": 8 - 14, "zero": 0},
    "tiers_gained": UNKNOWN | {"grown": 1, "two": -1},
    "revenue_growth": UNKNOWN | {"grown": 100 / 50.5, "two": (50 - 120) / 120},
    "addons_held": {"grown": 2, "two": 0, "young": 0, "zero": 0, "ended": 0, "none": 0},
}
SINCE = dict.fromkeys(("accounts.region", "accounts.segment", "accounts.industry"), "2026-03-29")


@pytest.fixture(scope="module")
def answers() -> Answers:
    return answers_of("commercial", TEXT, accounts=ACCOUNTS, holds_since=SINCE)


@pytest.mark.parametrize("name", EXPECTED)
def test_commercial(name: str, answers: Answers) -> None:
    assert answers[name] == EXPECTED[name]


def test_what_a_crm_overwrites_is_unknown_before_the_project_says_that_it_holds() -> None:
    told = ("region", "segment", "industry")
    later = dict.fromkeys((f"accounts.{column}" for column in told), "2026-03-30")
    answers = answers_of("commercial", TEXT, accounts="grown", holds_since=later)
    assert [answers[column] for column in told] == [{"grown": None}] * 3
    assert unavailable(TEXT, accounts=ACCOUNTS) >= set(told)


def test_a_list_without_prices_has_no_price_step() -> None:
    text = """
        # plans
        plan  | tier_rank
        basic | 1
        pro   | 2
        # subscriptions
        account | plan  | mrr | valid_from
        a       | basic | 50  | 2025-01-01
        """
    answers = answers_of("commercial", text, accounts="a")
    assert (answers["share_of_list_price"], answers["price_step"]) == ({"a": None}, {"a": None})


def test_an_end_that_is_not_known_yet_has_not_come() -> None:
    text = """
        # subscriptions
        account | seats | mrr | valid_from | valid_to   | end_recorded_at
        told    | 5     | 50  | 2025-01-01 | 2026-03-01 | 2026-03-28
        untold  | 5     | 50  | 2025-01-01 | 2026-03-01 | 2026-03-29
        """
    assert answers_of("commercial", text, accounts="told untold")["mrr"] == {"told": None, "untold": 50}


def test_what_subscriptions_do_not_tell_is_not_available() -> None:
    missing = unavailable("# subscriptions\naccount | valid_from")
    assert missing >= {"mrr", "price_per_seat", "plan", "tier", "billing_months", "days_until_renewal", "addons_held"}
    assert "tenure" not in missing
