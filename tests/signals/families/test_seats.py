from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.signals.answers import Answers, answers_of, answers_on, days, fires, unavailable

ACCOUNTS = "full half slow zero none young silent"
# monthly periods from the 15th: 02-15 to 03-14 is the last complete one, 01-15 to 02-14 the one before
TEXT = """
    # subscriptions
    account | seats | valid_from | billing_period_months
    full    | 2     | 2025-01-15 | 12
    half    | 4     | 2025-01-15 | 1
    slow    | 40    | 2025-01-15 | 1
    zero    | 0     | 2025-01-15 | 1
    young   | 2     | 2026-03-20 | 1
    silent  | 5     | 2025-01-15 | 1
    # usage_events
    account | user | occurred_at | kind
    full    | u    | 2025-12-20  | login
    full    | u    | 2026-02-01  | login
    full    | v    | 2026-02-01  | login
    full    | u    | 2026-03-01  | login
    full    | v    | 2026-03-01  | login
    full    | u    | 2026-03-20  | login
    full    | v    | 2026-03-20  | login
    full    | w    | 2026-03-29  | login
    half    | u    | 2026-01-10  | login
    half    | u    | 2026-03-05  | login
    half    | v    | 2026-03-06  | login
    slow    | u    | 2026-01-10  | login
    slow    | u    | 2026-03-05  | login
    slow    | v    | 2026-03-06  | login
    zero    | u    | 2026-03-05  | login
    none    | u    | 2026-03-05  | login
    young   | u    | 2026-03-21  | login
    young   | v    | 2026-03-21  | login
    """
EXPECTED: Answers = {
    "seat_utilisation": {
        "full": 1.0, "half": 0.5, "slow": 0.05, "zero": None, "none": None, "young": 1.0, "silent": 0.0,
    },
    "peak_daily_utilisation": {
        "full": 1.0, "half": 0.25, "slow": 0.025, "zero": None, "none": None, "young": 1.0, "silent": 0.0,
    },
    # 2026-02-01 and 2026-03-01 are Sundays, 2026-03-21 is a Saturday: only Monday to Friday counts
    "daily_active_share": {
        "full": 2 / 20 / 2, "half": 2 / 20 / 4, "slow": 2 / 20 / 40, "zero": None, "none": None, "young": 0.0,
        "silent": 0.0,
    },
    "periods_near_ceiling": {
        "full": 2, "half": 0, "slow": 0, "zero": None, "none": None, "young": None, "silent": 0,
    },
    "periods_peak_near_ceiling": {
        "full": 2, "half": 0, "slow": 0, "zero": None, "none": None, "young": None, "silent": 0,
    },
    # half had 2, 0, 1 and no active users in the last four periods: it gained 2, -1 and 1, and has 2 seats to spare;
    # slow would need 38 * 30 days
    "days_until_ceiling": {
        "full": 0, "half": 2 * 30 / 1, "slow": None, "zero": None, "none": None, "young": 0, "silent": None,
    },
    "days_until_ceiling_earliest": {
        "full": 0, "half": 2 * 30 / 2, "slow": None, "zero": None, "none": None, "young": 0, "silent": None,
    },
    "days_until_ceiling_latest": {
        "full": 0, "half": None, "slow": None, "zero": None, "none": None, "young": 0, "silent": None,
    },
    "days_near_ceiling": {
        "full": 2 * 30, "half": 0, "slow": 0, "zero": None, "none": None, "young": None, "silent": 0,
    },
    "active_users": {"full": 2, "half": 2, "slow": 2, "zero": 1, "none": 1, "young": 2, "silent": 0},
    "seats": {"full": 2, "half": 4, "slow": 40, "zero": 0, "none": None, "young": 2, "silent": 5},
}  # fmt: skip


PROJECTED = ("days_until_ceiling", "days_until_ceiling_earliest", "days_until_ceiling_latest")


@pytest.fixture(scope="module")
def answers() -> Answers:
    return answers_of("seats", TEXT, accounts=ACCOUNTS)


@pytest.mark.parametrize("name", EXPECTED)
def test_seats(name: str, answers: Answers) -> None:
    assert answers[name] == EXPECTED[name]


def test_daily_usage_knows_the_busiest_day_but_not_who_was_there() -> None:
    daily = """
        # usage_daily
        account | day        | kind  | events | users | day_users
        a       | 2026-02-20 | login | 20     | 9     |
        a       | 2026-03-01 | login | 20     | 7     | 9
        a       | 2026-03-02 | login | 20     | 8     |
        a       | 2026-03-02 | other | 20     | 6     |
        a       | 2026-03-29 | login | 20     | 10    | 10
        """
    answers = answers_of("seats", daily, accounts="a b")
    assert answers["peak_daily_utilisation"] == {"a": 0.9, "b": 0.0}
    # periods from 2020-01-01: February is the last complete one, its busiest day had 9 of 10
    assert answers["periods_peak_near_ceiling"] == {"a": 1, "b": 0}
    assert answers["days_near_ceiling"] == {"a": 30, "b": 0}
    of_users = {"seat_utilisation", "periods_near_ceiling", "active_users", *PROJECTED}
    assert unavailable(daily) & set(EXPECTED) == of_users


@pytest.mark.parametrize(("since", "ahead"), [("2025-11-29", 30), ("2025-11-30", None)])
def test_a_pace_needs_four_complete_billing_periods(since: str, ahead: float | None) -> None:
    text = f"""
        # subscriptions
        account | seats | valid_from
        a       | 3     | {since}
        # usage_events
        account | user | occurred_at | kind
        a       | u    | 2026-01-20  | login
        a       | u    | 2026-03-05  | login
        a       | v    | 2026-03-05  | login
        """
    # 2 users in the last period, then 0, 1 and 0: gains of 2, -1 and 1, and one seat to spare
    answers = answers_of("seats", text, accounts="a")
    assert [answers[name]["a"] for name in PROJECTED] == [ahead, ahead and ahead / 2, None]


MONTHS = ("2025-11", "2025-12", "2026-01", "2026-02", "2026-03")  # four billing periods, and the current one


@dataclass(frozen=True)
class Team:
    """So many users in each month, and ten visitors in one of them."""

    seats: int
    users: tuple[int, ...]
    visitors_in: str = ""

    def logins(self) -> list[tuple[str, str]]:
        users = [
            (f"u{number}", month) for month, count in zip(MONTHS, self.users, strict=True) for number in range(count)
        ]
        return users + [(f"visitor {number}", self.visitors_in) for number in range(10) if self.visitors_in]


GROWING = (4, 8, 12, 16, 20)
# where the visitors come, what is to spare today, and what was gained each month: least, median, most
ODD_MONTHS = {
    "": (20, (4, 4, 4)),
    # whichever month they come in, they raise one gain and lower the next
    "2025-11": (20, (-6, 4, 4)),
    "2025-12": (20, (-6, 4, 14)),
    "2026-01": (20, (-6, 4, 14)),
    "2026-02": (20, (4, 4, 14)),
    # today they only take seats
    "2026-03": (10, (4, 4, 4)),
}
# one more each month: 13 seats would take 390 days
FAR_AHEAD = {16: 12 * 30, 17: None}


@pytest.fixture(scope="module")
def teams() -> Answers:
    """Draw them all as accounts of one company: they do not know each other."""
    named = {f"visited-{month}": Team(40, GROWING, month) for month in ODD_MONTHS}
    named |= {f"of-{seats}": Team(seats, (1, 2, 3, 4, 4)) for seats in FAR_AHEAD}
    text = "# subscriptions\naccount | seats | valid_from\n"
    text += "\n".join(f"{name} | {one.seats} | 2025-01-01" for name, one in named.items())
    text += "\n# usage_events\naccount | user | occurred_at | kind\n"
    text += "\n".join(
        f"{name} | {user} | {month}-10 | login" for name, one in named.items() for user, month in one.logins()
    )
    return answers_of("seats", text, accounts=" ".join(named))


@pytest.mark.parametrize("visitors_in", ODD_MONTHS)
def test_one_odd_month_does_not_move_the_pace(visitors_in: str, teams: Answers) -> None:
    spare, (slowest, median, fastest) = ODD_MONTHS[visitors_in]
    assert {signal: teams[signal][f"visited-{visitors_in}"] for signal in PROJECTED} == {
        "days_until_ceiling": spare * 30 / median,
        "days_until_ceiling_earliest": spare * 30 / fastest,
        "days_until_ceiling_latest": spare * 30 / slowest if slowest > 0 else None,
    }


@pytest.mark.parametrize("seats", FAR_AHEAD)
def test_a_ceiling_more_than_a_year_ahead_is_not_in_sight(seats: int, teams: Answers) -> None:
    assert teams["days_until_ceiling"][f"of-{seats}"] == FAR_AHEAD[seats]


def test_who_works_every_day_of_the_week_is_at_work_on_every_working_day_and_no_more() -> None:
    events = "\n".join(f"a | u | {day} | login" for day in days("2026-02-20", count=40))
    text = f"""
# subscriptions
account | seats | valid_from
a       | 1     | 2025-01-01
# usage_events
account | user | occurred_at | kind
{events}
"""
    week = days("2026-03-23", count=7)
    frame = answers_on("seats", text, account="a", as_of=" ".join(week))
    assert frame["as_of"].dt.strftime("%Y-%m-%d").tolist() == week
    assert frame["daily_active_share"].tolist() == [1.0] * 7


def test_without_day_users_the_most_users_of_one_kind_is_the_best_known_of_a_day() -> None:
    daily = """
        # usage_daily
        account | day        | kind  | events | users | day_users
        a       | 2026-03-01 | login | 20     | 7     | 9
        a       | 2026-03-02 | login | 20     | 8     |
        a       | 2026-03-02 | other | 20     | 6     |
        a       | 2026-03-03 | login | 20     | 7     | 9
        a       | 2026-03-30 | login | 20     | 10    | 10
        """
    assert answers_of("seats", daily, accounts="a b")["daily_active_share"] == {"a": (8 + 9) / 20 / 10, "b": 0.0}


def test_without_users_or_seats_utilisation_is_not_available() -> None:
    assert unavailable("account | occurred_at | kind") >= {"seat_utilisation", "peak_daily_utilisation", "active_users"}
    assert unavailable("# subscriptions\naccount | valid_from") >= {"seats", "seat_utilisation"}


def test_monthly_periods_begin_on_the_day_of_the_month_on_which_the_subscription_began() -> None:
    # one user each on the first and the last day of the period before the current one, and on the days beside them
    text = """
        # subscriptions
        account | seats | valid_from
        short   | 2     | 2025-01-31
        leap    | 2     | 2024-02-29
        exact   | 2     | 2025-03-01
        outside | 2     | 2025-01-31
        # usage_events
        account | user | occurred_at | kind
        short   | u    | 2026-01-31  | login
        short   | v    | 2026-02-27  | login
        leap    | u    | 2026-01-29  | login
        leap    | v    | 2026-02-27  | login
        exact   | u    | 2026-02-01  | login
        exact   | v    | 2026-02-28  | login
        outside | u    | 2026-01-30  | login
        outside | v    | 2026-02-28  | login
        """
    answers = answers_of("seats", text, accounts="short leap exact outside", as_of="2026-03-01")
    # 31 January + 1 month = 28 February, where the current period begins; so the last complete one ends on the 27th
    assert answers["periods_near_ceiling"] == {"short": 1, "leap": 1, "exact": 1, "outside": 0}


def test_the_trigger_fires_from_two_periods_counted_in_users_else_by_the_busiest_day() -> None:
    assert fires(
        "seats",
        periods_near_ceiling=[1, 2, 3, None, None, None, 1],
        periods_peak_near_ceiling=[6, 0, 0, 1, 2, None, 6],
    ) == [False, True, True, False, True, False, False]


@pytest.mark.parametrize(("users", "periods"), [(16, 0), (17, 6), (19, 6), (20, 6)])
def test_a_period_counts_from_85_per_cent_of_the_seats(users: int, periods: int) -> None:
    months = ("2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2025-09")
    events = "\n".join(f"a | {user} | {month}-10 | login" for month in months for user in range(users))
    subscription = "# subscriptions\naccount | seats | valid_from\na | 20 | 2020-01-01"
    text = f"account | user | occurred_at | kind\n{events}\n{subscription}"
    answers = answers_of("seats", text, accounts="a", as_of="2026-03-01")
    assert answers["periods_near_ceiling"] == {"a": periods}
