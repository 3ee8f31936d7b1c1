"""Every trigger's rule, from drawn tables to whether it fires: just below its threshold, at it, above it, and cleared.

Thresholds stand here as numbers, apart from the defaults of the settings, which must give the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pytest

from tests.signals.answers import AS_OF, days
from uptier.signals.catalog import Catalog, catalog
from uptier.signals.trigger import Trigger
from uptier.tables.drawn import drawn
from uptier.thresholds import Thresholds


def of(name: str) -> Trigger:
    return next(one for one in catalog().triggers if one.name == name)


def fired(name: str, text: str, accounts: Sequence[str], as_of: Sequence[str], **settings: Any) -> dict[Any, bool]:
    """Say for each account and as-of date whether a trigger fires, by its own rule over a frame."""
    trigger = of(name)
    history = drawn(text, as_of=" ".join(as_of), accounts=" ".join(accounts), **settings)
    signals = tuple(one for one in catalog().signals if one.family == trigger.family)
    frame = Catalog(signals, (trigger,)).frame(history)
    told = trigger.fired(frame, history.tables.settings.thresholds)
    keys = zip(frame["account_id"], frame["as_of"].astype("datetime64[us]").dt.strftime("%Y-%m-%d"), strict=True)
    return dict(zip(keys, map(bool, told), strict=True))


def drawn_rows(header: str, rows: Sequence[str]) -> str:
    return "\n".join([header, *rows]) + "\n"


# at the threshold --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A part of a trigger's rule: tables with accounts on both sides of one threshold, and which of them fire."""

    trigger: str
    part: str
    text: str
    fires: dict[str, bool]
    settings: dict[str, Any] = field(default_factory=dict)


# billing periods begin on the first of the month: the last complete one before 2026-03-29 is February
SEATS = """
    # subscriptions
    account | seats | valid_from | billing_period_months
    below   | 20    | 2025-01-01 | 1
    at      | 20    | 2025-01-01 | 12
    above   | 20    | 2025-01-01 | 1
    one     | 20    | 2025-01-01 | 1
    three   | 20    | 2025-01-01 | 12
    broken  | 20    | 2025-01-01 | 1
    """
# 85 % of 20 seats are 17; the trigger needs two periods in a row
USERS_BY_MONTH = {
    "below": {"2026-01": 16, "2026-02": 16},
    "at": {"2026-01": 17, "2026-02": 17},
    "above": {"2026-01": 18, "2026-02": 18},
    "one": {"2025-12": 20, "2026-01": 16, "2026-02": 17},
    "three": {"2025-12": 17, "2026-01": 17, "2026-02": 17},
    "broken": {"2025-12": 20, "2026-01": 20, "2026-02": 16},
}
SEATS_FIRE = {"below": False, "at": True, "above": True, "one": False, "three": True, "broken": False}
EACH_USER_ON_A_DAY_OF_ITS_OWN = drawn_rows(
    "# usage_events\naccount | user | occurred_at | kind",
    [
        f"{account} | u{user} | {month}-{user % 28 + 1:02} | login"
        for account, months in USERS_BY_MONTH.items()
        for month, users in months.items()
        for user in range(users)
    ],
)
BUSIEST_DAY = drawn_rows(
    "# usage_daily\naccount | day | kind | events | users | day_users",
    [
        f"{account} | {month}-10 | login | 100 | {users} | {users}"
        for account, months in USERS_BY_MONTH.items()
        for month, users in months.items()
    ],
)


def growing(**months: tuple[int, int, int, int]) -> str:
    """Draw events of the last 28 days before 2026-03-29, the 28 before them, and so on."""
    return drawn_rows(
        "# usage_daily\naccount | day | kind | events",
        [
            f"{account} | {day} | login | {events}"
            for account, counts in months.items()
            for day, events in zip(("2026-03-14", "2026-02-14", "2026-01-17", "2025-12-20"), counts, strict=True)
        ],
    )


def working(**users: dict[str, int]) -> str:
    """Draw on how many days from 2026-03-05 each user of an account works."""
    return drawn_rows(
        "# usage_events\naccount | user | occurred_at | kind",
        [
            f"{account} | {user} | {day} | login"
            for account, each in users.items()
            for user, count in each.items()
            for day in days("2026-03-05", count=count)
        ],
    )


def crossing(**gates: str) -> str:
    return drawn_rows(
        "# usage_events\naccount | occurred_at | kind",
        [f"{account} | {day} | gate_hit" for account, some in gates.items() for day in some.split()],
    )


FEATURES = [f"feature {number:02}" for number in range(20)]


def plan_of(features: Sequence[str], *, accounts: Sequence[str]) -> str:
    return (
        "# plans\nplan | tier_rank\nbasic | 1\n"
        + drawn_rows("# plan_features\nplan | feature", [f"basic | {one}" for one in features])
        + drawn_rows(
            "# subscriptions\naccount | plan | valid_from", [f"{one} | basic | 2025-01-01" for one in accounts]
        )
    )


def using(**counts: int) -> str:
    return drawn_rows(
        "# usage_events\naccount | occurred_at | kind | feature",
        [f"{account} | 2026-03-20 | feature_used | {one}" for account, n in counts.items() for one in FEATURES[:n]],
    )


RULES = (
    Rule(
        trigger="approaching_seat_ceiling",
        part="users of 85 % of the seats in two billing periods",
        text=SEATS + EACH_USER_ON_A_DAY_OF_ITS_OWN,
        fires=SEATS_FIRE,
    ),
    Rule(
        trigger="approaching_seat_ceiling",
        part="a day with 85 % of the seats in two billing periods",
        text=SEATS + BUSIEST_DAY,
        fires=SEATS_FIRE,
    ),
    Rule(
        trigger="running_out_of_capacity",
        part="80 % of a quota",
        text="""
            # meter_readings
            account | meter | read_at    | value | quota
            below   | api   | 2026-03-25 | 79.9  | 100
            at      | api   | 2026-03-25 | 80    | 100
            above   | api   | 2026-03-25 | 80.1  | 100
            """,
        fires={"below": False, "at": True, "above": True},
    ),
    Rule(
        trigger="running_out_of_capacity",
        part="12 limit errors in 30 days",
        text=drawn_rows(
            "# usage_events\naccount | occurred_at | kind",
            [
                # 30 days before 2026-03-29 is 2026-02-27
                f"{account} | 2026-02-27 {hour:02}:00 | limit_error"
                for account, count in {"below": 11, "at": 12, "above": 13, "too_old": 11}.items()
                for hour in range(count)
            ]
            + ["too_old | 2026-02-26 | limit_error"],
        ),
        fires={"below": False, "at": True, "above": True, "too_old": False},
    ),
    Rule(
        trigger="reaching_for_next_plan",
        part="2 crossings within 14 days",
        text=crossing(
            below="2026-03-20",
            at="2026-03-20 2026-03-21",
            above="2026-03-20 2026-03-21 2026-03-22",
            day_14="2026-03-10 2026-03-23",
            day_15="2026-03-10 2026-03-24",
        ),
        fires={"below": False, "at": True, "above": True, "day_14": True, "day_15": False},
    ),
    Rule(
        trigger="reaching_for_next_plan",
        part="80 % of what the next plan adds",
        text="# plans\nplan | tier_rank\nbasic | 1\npro | 2\n"
        + drawn_rows("# plan_features\nplan | feature", [f"pro | {one}" for one in FEATURES])
        + drawn_rows(
            "# subscriptions\naccount | plan | valid_from",
            [f"{account} | basic | 2025-01-01" for account in ("below", "at", "above")],
        )
        + using(below=15, at=16, above=17),
        fires={"below": False, "at": True, "above": True},
    ),
    Rule(
        trigger="reaching_for_next_plan",
        part="a cluster of 14 days ago",
        text=crossing(day_13="2026-03-10 2026-03-16", day_14="2026-03-10 2026-03-15", day_15="2026-03-10 2026-03-14"),
        fires={"day_13": True, "day_14": True, "day_15": False},
    ),
    Rule(
        trigger="reaching_for_next_plan",
        part="a trial on 4 days a week",
        # days of trial are crossings too: a cluster is put out of reach
        settings={"thresholds": {"gate_crossings": 1000}},
        text=drawn_rows(
            "# usage_events\naccount | occurred_at | kind",
            [
                f"{account} | {day} | trial_use"
                for account, count in {"below": 15, "at": 16, "above": 17}.items()
                for day in days("2026-03-02", count=count)
            ],
        ),
        fires={"below": False, "at": True, "above": True},
    ),
    Rule(
        trigger="power_users_emerge",
        part="one user with 10 days of work, twice the mean, and far out of the team",
        text=working(
            below={"u": 9, "v": 1, "w": 1},
            at={"u": 10, "v": 1, "w": 1},
            above={"u": 11, "u2": 11, "v": 1, "w": 1, "x": 1},
            # 12 days are twice the mean of 6, and less than twice that of 6.5
            at_mean={"u": 12, "v": 4, "w": 2},
            below_mean={"u": 12, "v": 4, "w": 3},
            # three quarters of the team work 6 days at most, a quarter 2 at most: 6 + 3 * (6 - 2) is 18
            at_spread={"u": 18} | dict(zip("opqrstv", (2, 2, 4, 4, 4, 6, 6), strict=True)),
            below_spread={"u": 17} | dict(zip("opqrstv", (2, 2, 4, 4, 4, 6, 6), strict=True)),
        ),
        fires={
            "below": False,
            "at": True,
            "above": True,
            "at_mean": True,
            "below_mean": False,
            "at_spread": True,
            "below_spread": False,
        },
    ),
    Rule(
        trigger="use_accelerates",
        part="growth of 20 % for two months",
        text=growing(
            below=(143, 120, 100, 100),
            at=(144, 120, 100, 100),
            above=(145, 120, 100, 100),
            one=(144, 120, 101, 100),
            three=(144, 120, 100, 80),
        ),
        fires={"below": False, "at": True, "above": True, "one": False, "three": True},
    ),
    Rule(
        trigger="deep_adoption",
        part="95 % of the plan's features",
        text=plan_of(FEATURES, accounts=["below", "at", "above"]) + using(below=18, at=19, above=20),
        fires={"below": False, "at": True, "above": True},
    ),
    Rule(
        trigger="success_achieved",
        part="a milestone of the last 60 days",
        # 60 days before 2026-03-29 is 2026-01-28
        text="""
            # milestones
            account | milestone | reached_at
            day_59  | goal_met  | 2026-01-29
            day_60  | goal_met  | 2026-01-28
            day_61  | goal_met  | 2026-01-27
            """,
        fires={"day_59": True, "day_60": True, "day_61": False},
    ),
    Rule(
        trigger="gap_named",
        part="a gap named within 72 hours",
        text="""
            # tickets
            account | opened_at        | text
            later   | 2026-03-26 00:01 | We keep a spreadsheet
            hour_72 | 2026-03-26 00:00 | We keep a spreadsheet
            before  | 2026-03-25 23:59 | We keep a spreadsheet
            nothing | 2026-03-28 12:00 | Thank you
            """,
        fires={"later": True, "hour_72": True, "before": False, "nothing": False},
    ),
    Rule(
        trigger="unhappy_customer",
        part="6 of 10",
        text="""
            # survey_responses
            account | answered_at | nps
            below   | 2026-03-20  | 5
            at      | 2026-03-20  | 6
            above   | 2026-03-20  | 7
            """,
        fires={"below": True, "at": True, "above": False},
    ),
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.trigger}: {rule.part}")
def test_a_trigger_fires_from_its_threshold(rule: Rule) -> None:
    told = fired(rule.trigger, rule.text, list(rule.fires), [AS_OF], **rule.settings)
    assert {account: one for (account, _), one in told.items()} == rule.fires


# fired and then cleared --------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Cleared:
    """What happens to one account, and on which dates its trigger fires."""

    trigger: str
    what: str
    text: str
    fires: dict[str, bool]


CLEARED = (
    Cleared(
        trigger="approaching_seat_ceiling",
        what="a period with fewer users is over",
        # December and January are full, February is not
        text="# subscriptions\naccount | seats | valid_from\na | 20 | 2025-01-01\n"
        + drawn_rows(
            "# usage_events\naccount | user | occurred_at | kind",
            [
                f"a | u{user} | {month}-10 | login"
                for month, users in {"2025-12": 17, "2026-01": 17, "2026-02": 16}.items()
                for user in range(users)
            ],
        ),
        fires={"2026-01-31": False, "2026-02-01": True, "2026-02-28": True, "2026-03-01": False},
    ),
    Cleared(
        trigger="running_out_of_capacity",
        what="the meter begins anew",
        text="""
            # meter_readings
            account | meter | read_at    | value | quota
            a       | api   | 2026-03-01 | 79    | 100
            a       | api   | 2026-03-10 | 80    | 100
            a       | api   | 2026-03-20 | 1     | 100
            """,
        fires={"2026-03-10": False, "2026-03-11": True, "2026-03-20": True, "2026-03-21": False},
    ),
    Cleared(
        trigger="running_out_of_capacity",
        what="the limit errors are 30 days old",
        text=drawn_rows(
            "# usage_events\naccount | occurred_at | kind",
            [f"a | 2026-02-{day:02} | limit_error" for day in range(10, 22)],
        ),
        fires={"2026-02-21": False, "2026-02-22": True, "2026-03-12": True, "2026-03-13": False},
    ),
    Cleared(
        trigger="reaching_for_next_plan",
        what="the cluster is 14 days old",
        text=crossing(a="2026-02-25 2026-03-05"),
        fires={"2026-03-05": False, "2026-03-06": True, "2026-03-19": True, "2026-03-20": False},
    ),
    Cleared(
        trigger="power_users_emerge",
        what="the power user is no longer new",
        # every day from 2026-02-01; twice the mean of all three, who work on at least one day in every four weeks
        text=drawn_rows(
            "# usage_events\naccount | user | occurred_at | kind",
            [f"a | u | {day} | login" for day in days("2026-02-01", count=50)]
            + [f"a | {user} | {day} | login" for user in "vw" for day in ("2026-02-01", "2026-02-20", "2026-03-10")],
        ),
        # from 2026-03-11 the four weeks before the last four hold ten of those days
        fires={"2026-02-10": False, "2026-02-11": True, "2026-03-10": True, "2026-03-11": False},
    ),
    Cleared(
        trigger="use_accelerates",
        what="the third month stands still",
        text=drawn_rows(
            "# usage_daily\naccount | day | kind | events",
            [
                f"a | 2026-{month}-10 | login | {events}"
                for month, events in {"01": 100, "02": 120, "03": 144, "04": 144}.items()
            ],
        ),
        fires={"2026-03-01": False, "2026-03-29": True, "2026-04-26": False},
    ),
    Cleared(
        trigger="deep_adoption",
        what="the features were last used 28 days ago",
        text=plan_of(FEATURES, accounts=["a"]) + using(a=19),
        fires={"2026-03-20": False, "2026-03-21": True, "2026-04-17": True, "2026-04-18": False},
    ),
    Cleared(
        trigger="success_achieved",
        what="the milestone is 60 days old",
        text="# milestones\naccount | milestone | reached_at\na | goal_met | 2026-01-28",
        fires={"2026-01-28": False, "2026-01-29": True, "2026-03-29": True, "2026-03-30": False},
    ),
    Cleared(
        trigger="gap_named",
        what="the 72 hours are over",
        text="# survey_responses\naccount | answered_at | text\na | 2026-03-10 00:00 | We do it by hand",
        fires={"2026-03-10": False, "2026-03-11": True, "2026-03-13": True, "2026-03-14": False},
    ),
    Cleared(
        trigger="unhappy_customer",
        what="a better answer came",
        text="""
            # survey_responses
            account | answered_at | nps
            a       | 2026-03-01  | 7
            a       | 2026-03-10  | 6
            a       | 2026-03-20  | 7
            """,
        fires={"2026-03-10": False, "2026-03-11": True, "2026-03-20": True, "2026-03-21": False},
    ),
)


@pytest.mark.parametrize("one", CLEARED, ids=lambda one: f"{one.trigger}: {one.what}")
def test_a_trigger_that_fired_clears(one: Cleared) -> None:
    told = fired(one.trigger, one.text, ["a"], list(one.fires))
    assert {as_of: fires for (_, as_of), fires in sorted(told.items())} == one.fires


# all of them -------------------------------------------------------------------------------------------------------


def test_every_trigger_of_the_catalogue_has_its_thresholds_and_its_clearing_here() -> None:
    names = {one.name for one in catalog().triggers}
    assert {rule.trigger for rule in RULES} == names
    assert {one.trigger for one in CLEARED} == names


def test_every_part_of_a_rule_is_drawn_on_both_sides_of_its_threshold() -> None:
    for rule in RULES:
        # just below, at and just above
        assert len(rule.fires) >= 3
        assert set(rule.fires.values()) == {True, False}, rule.part
    for one in CLEARED:
        fires = list(one.fires.values())
        assert list(one.fires) == sorted(one.fires)
        assert not fires[0], "it had not fired before"
        assert any(fires), "it fires"
        assert not fires[-1], "and clears"


def test_nothing_fires_for_an_account_that_no_table_knows_and_nothing_fires_for_missing_values() -> None:
    text = RULES[0].text + "# survey_responses\naccount | answered_at | nps | text\nat | 2026-03-20 | 3 | by hand"
    for trigger in catalog().triggers:
        told = fired(trigger.name, text, ["nobody"], [AS_OF])
        assert told == {("nobody", AS_OF): False}, trigger.name
        columns = {one.name: [float("nan")] for one in catalog().signals}
        assert trigger.fired(pd.DataFrame(columns), Thresholds()).tolist() == [False], trigger.name
