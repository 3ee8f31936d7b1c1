from __future__ import annotations

import pytest

from tests.signals.answers import Answers, answers_of, unavailable
from uptier.tables.contracts import CHANGE_REASONS

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
    # usage_events
    account | user  | occurred_at      | kind
    grown   | one   | 2026-03-01       | login
    grown   | two   | 2026-03-28 08:00 | login
    grown   | two   | 2026-03-28 09:00 | login
    grown   | three | 2026-02-28       | login
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
    "mrr_per_active_user": UNKNOWN | {"grown": 150.5 / 2},
    # grown: analytics, the higher plan, roles; not what came with the first subscription, nor the new bill for sso
    "upsells_before": dict.fromkeys(ACCOUNTS.split(), 0) | {"grown": 3, "two": 2},
    "days_since_upsell": UNKNOWN | {"grown": 1, "two": 170},
    # grown gave analytics up for roles; two left its higher plan 169 days after the latest upsell
    "setbacks_after_upsell": dict.fromkeys(ACCOUNTS.split(), 0),
    "addons_held": {"grown": 2, "two": 0, "young": 0, "zero": 0, "ended": 0, "none": 0},
    # together, and since when: tests/signals/test_trigger_measures.py
    "triggers_fired": dict.fromkeys(ACCOUNTS.split(), 0),
    "days_triggers_together": UNKNOWN,
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


@pytest.mark.parametrize("reason", [*CHANGE_REASONS, "whatever", ""])
def test_an_upsell_is_a_step_up_that_somebody_chose(reason: str) -> None:
    text = f"""
        # subscriptions
        account | seats | valid_from | valid_to   | change_reason
        a       | 5     | 2025-01-01 | 2026-01-01 | new
        a       | 8     | 2026-01-01 |            | {reason}
        """
    chosen = reason in ("new", "expansion", "upgrade", "contraction", "downgrade", "whatever", "")
    assert answers_of("commercial", text, accounts="a")["upsells_before"] == {"a": int(chosen)}


PRICES = """
    # plans
    plan  | tier_rank
    basic | 1
    pro   | 2
    """


def test_an_upsell_is_seen_over_all_subscriptions_together() -> None:
    text = (
        PRICES
        + """
        # subscriptions
        subscription_id | account | plan  | seats | valid_from | valid_to   | recorded_at
        beside-1        | beside  | basic | 5     | 2025-01-01 |            |
        beside-2        | beside  | basic | 3     | 2026-01-01 |            |
        moved-1         | moved   | basic | 5     | 2025-01-01 | 2026-01-01 |
        moved-2         | moved   | basic | 5     | 2026-01-01 |            |
        more-1          | more    | basic | 5     | 2025-01-01 | 2026-01-01 |
        more-2          | more    | basic | 6     | 2026-01-01 |            |
        higher-1        | higher  | basic | 5     | 2025-01-01 | 2026-01-01 |
        higher-1        | higher  | pro   | 3     | 2026-01-01 |            |
        lower-1         | lower   | pro   | 5     | 2025-01-01 | 2026-01-01 |
        lower-1         | lower   | basic | 9     | 2026-01-01 |            |
        back-1          | back    | basic | 5     | 2025-01-01 | 2025-06-01 |
        back-2          | back    | basic | 9     | 2026-01-01 |            |
        told-1          | told    | basic | 5     | 2025-01-01 | 2026-01-01 |
        told-1          | told    | basic | 9     | 2026-01-01 |            | 2026-03-28
        untold-1        | untold  | basic | 5     | 2025-01-01 | 2026-01-01 |
        untold-1        | untold  | basic | 9     | 2026-01-01 |            | 2026-03-29
        """
    )
    accounts = "beside moved more higher lower back told untold"
    answers = answers_of("commercial", text, accounts=accounts)
    bought = {"beside": 1, "moved": 0, "more": 1, "higher": 1, "lower": 0, "back": 0, "told": 1, "untold": 0}
    assert answers["upsells_before"] == bought
    # 2026-01-01 was 87 days before
    assert answers["days_since_upsell"] == {account: 87 if count else None for account, count in bought.items()}


def test_a_setback_is_what_is_given_up_within_90_days_after_an_upsell() -> None:
    steps = {
        "soon": ("5 8 6", "2025-09-01 2025-11-30", "", ""),  # 90 days later
        "later": ("5 8 6", "2025-09-01 2025-12-01", "", ""),
        "priced": ("5 8 6", "2025-09-01 2025-10-01", "price_uplift", ""),
        "corrected": ("5 8 6", "2025-09-01 2025-10-01", "correction", ""),
        "left": ("5 8", "2025-09-01 2025-10-01", "", "cancelled"),
        "merged": ("5 8", "2025-09-01 2025-10-01", "", "merged"),
        "twice": ("5 8 6 9 7", "2025-03-01 2025-04-01 2025-09-01 2025-10-01", "", ""),
        "shrank": ("8 6 5", "2025-09-01 2025-10-01", "", ""),
    }
    rows = ["# subscriptions", "account | seats | valid_from | valid_to | change_reason | end_reason"]
    for account, (seats, days, reason, end) in steps.items():
        held, turns = seats.split(), days.split()
        ends = [*turns, ""][: len(held)]
        for number, (size, begins, until) in enumerate(zip(held, ["2025-01-01", *turns], ends, strict=False)):
            last = number == len(held) - 1
            why = reason if last and not end else ""
            rows.append(f"{account} | {size} | {begins} | {until} | {why} | {end if last else ''}")
    answers = answers_of("commercial", "\n".join(rows), accounts=" ".join(steps))
    assert answers["setbacks_after_upsell"] == {
        "soon": 1,
        "later": 0,
        "priced": 1,
        "corrected": 0,
        "left": 1,
        "merged": 0,
        "twice": 2,
        "shrank": 0,
    }


def test_an_addon_is_bought_once_and_given_up_while_the_account_runs_on() -> None:
    text = """
        # subscriptions
        account | seats | valid_from | valid_to
        kept    | 5     | 2025-01-01 |
        gone    | 5     | 2025-01-01 |
        again   | 5     | 2025-01-01 |
        never   | 5     | 2025-01-01 |
        # addons
        account | addon | valid_from | valid_to
        kept    | sso   | 2025-02-01 | 2025-03-01
        kept    | sso   | 2025-03-01 | 2025-04-01
        kept    | sso   | 2025-04-01 |
        gone    | sso   | 2025-02-01 | 2025-03-01
        gone    | sso   | 2025-03-01 | 2025-04-01
        again   | sso   | 2025-02-01 | 2025-03-01
        again   | sso   | 2025-06-01 |
        never   | sso   | 2025-02-01 | 2025-02-01
        """
    answers = answers_of("commercial", text, accounts="kept gone again never")
    assert answers["upsells_before"] == {"kept": 1, "gone": 1, "again": 2, "never": 0}
    assert answers["setbacks_after_upsell"] == {"kept": 0, "gone": 1, "again": 1, "never": 0}


def test_upsells_are_seen_by_what_the_project_records() -> None:
    upsells = {"upsells_before", "days_since_upsell", "setbacks_after_upsell"}
    dated = "# subscriptions\naccount | plan | valid_from\na | basic | 2025-01-01\na | pro | 2026-01-01"
    assert unavailable(dated, accounts="a") >= upsells
    assert not upsells & unavailable(dated + PRICES, accounts="a")
    assert answers_of("commercial", dated + PRICES, accounts="a")["upsells_before"] == {"a": 1}
    addons = dated + "\n# addons\naccount | addon | valid_from\na | sso | 2025-06-01"
    assert answers_of("commercial", addons, accounts="a")["upsells_before"] == {"a": 1}
