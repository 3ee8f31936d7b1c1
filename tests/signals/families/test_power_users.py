from __future__ import annotations

import pytest

from tests.signals.answers import Answers, answers_of, days, fires, unavailable

# user: first day of use and how many days in a row
WORK = {
    "emerges": {"u": ("2026-03-10", 10), "v": ("2026-03-10", 1), "w": ("2026-03-11", 1), "x": ("2026-03-12", 1)},
    "below_floor": {"u": ("2026-03-10", 9), "v": ("2026-03-10", 1), "w": ("2026-03-10", 1)},
    "at_factor": {"u": ("2026-03-10", 12), "v": ("2026-03-10", 4), "w": ("2026-03-10", 2)},
    "below_factor": {"u": ("2026-03-10", 12), "v": ("2026-03-10", 4), "w": ("2026-03-10", 3)},
    "alike": {"u": ("2026-03-01", 28), "v": ("2026-03-01", 28)},
    "faded": {"u": ("2026-02-01", 10), "v": ("2026-02-01", 1), "w": ("2026-02-01", 1)},
    "late": {"u": ("2026-03-28", 10), "v": ("2026-03-28", 1)},
}
TEXT = "account | user | occurred_at | kind\n" + "\n".join(
    f"{account} | {user} | {day} | login"
    for account, users in WORK.items()
    for user, (first, count) in users.items()
    for day in days(first, count=count)
)
ACCOUNTS = " ".join([*WORK, "silent"])
NOBODY = dict.fromkeys(ACCOUNTS.split(), 0)
EXPECTED: Answers = {
    "power_users": NOBODY | {"emerges": 1, "at_factor": 1},
    # all by how often they work: each did one thing on a day of work, with no named feature
    "frequent_users": NOBODY | {"emerges": 1, "at_factor": 1},
    "broad_users": NOBODY,
    "deep_users": NOBODY,
    "new_power_users": NOBODY | {"emerges": 1, "at_factor": 1},
    "days_since_power_user_emerged": dict.fromkeys(ACCOUNTS.split()) | {"emerges": 19, "at_factor": 19},
    "busiest_user_days": NOBODY
    | {"emerges": 10, "below_floor": 9, "at_factor": 12, "below_factor": 12, "alike": 28, "late": 1},
    "busiest_user_share": {
        "emerges": 10 / 13,
        "below_floor": 9 / 11,
        "at_factor": 12 / 18,
        "below_factor": 12 / 19,
        "alike": 28 / 56,
        "faded": None,
        "late": 1 / 2,
        "silent": None,
    },
}


@pytest.fixture(scope="module")
def answers() -> Answers:
    return answers_of("power_users", TEXT, accounts=ACCOUNTS)


@pytest.mark.parametrize("name", EXPECTED)
def test_power_users(name: str, answers: Answers) -> None:
    assert answers[name] == EXPECTED[name]


def test_factor_and_floor_are_thresholds() -> None:
    lower = answers_of("power_users", TEXT, accounts="below_floor", thresholds={"power_user_days": 9})
    assert lower["power_users"] == {"below_floor": 1}
    higher = answers_of("power_users", TEXT, accounts="at_factor", thresholds={"power_user_factor": 2.1})
    assert higher["power_users"] == {"at_factor": 0}


# quarters of eight: 2 and 2, 4 and 4, 4 and 6, and the busiest; three times 6 - 2 above 6 is 18, 1.5 times is 12
REST = {"p": 2, "q": 2, "r": 4, "s": 4, "t": 4, "v": 6, "w": 6}


@pytest.mark.parametrize(
    ("busiest", "spread", "power"), [(18, None, 1), (17, None, 0), (12, 1.5, 1), (11, 1.5, 0), (17, 2.75, 1)]
)
def test_a_power_user_lies_far_out_of_the_team(busiest: int, spread: float | None, power: int) -> None:
    # all of them are at least twice the mean: 2 * (28 + 11) / 8 is less than 10
    team = worked(*((user, "2026-03-01", count) for user, count in {**REST, "u": busiest}.items()))
    limits = {} if spread is None else {"power_user_spread": spread}
    assert answers_of("power_users", team, accounts="a", thresholds=limits)["frequent_users"] == {"a": power}


def test_the_busiest_quarter_hides_nobody_and_is_rounded_up() -> None:
    # nine users: three are set apart, and stand 14 days above the rest
    nine = [(user, "2026-03-01", 20) for user in "xyz"] + [(user, "2026-03-01", 4) for user in "opqrst"]
    assert answers_of("power_users", worked(*nine), accounts="a")["frequent_users"] == {"a": 3}
    # eight: only two are, and the third of them is what the rest reach
    assert answers_of("power_users", worked(*nine[:-1]), accounts="a")["frequent_users"] == {"a": 0}


def test_who_is_alone_stands_above_nobody() -> None:
    alone = answers_of("power_users", worked(("u", "2026-03-01", 28)), accounts="a")
    assert (alone["power_users"], alone["new_power_users"]) == ({"a": 0}, {"a": 0})


def used(features: dict[str, int], *, on: str = "2026-03-10") -> str:
    """Draw users of one account, each with so many features on one day."""
    return "account | user | occurred_at | kind | feature\n" + "\n".join(
        f"a | {user} | {on} | feature_used | f{number:03}"
        for user, count in features.items()
        for number in range(count)
    )


@pytest.mark.parametrize(
    ("features", "broad"),
    [
        ({"u": 6, "v": 2, "w": 1}, 1),  # twice the mean of 3
        ({"u": 6, "v": 2, "w": 2}, 0),
        ({"u": 4, "v": 1, "w": 1}, 0),  # twice the mean, but fewer than 5
        ({"u": 5, "v": 1, "w": 1}, 1),
        ({"u": 130, "v": 62, "w": 62, "x": 62, "y": 9}, 1),  # twice the mean of 65, in three words of bits
        ({"u": 129, "v": 63, "w": 62, "x": 62, "y": 9}, 0),
        ({"u": 130, "v": 66, "w": 62, "x": 2}, 0),  # twice the mean, but the rest reach from 2 to 66
    ],
)
def test_a_power_user_by_breadth_alone(features: dict[str, int], broad: int) -> None:
    answers = answers_of("power_users", used(features), accounts="a")
    ways = {name: answers[name]["a"] for name in ("frequent_users", "broad_users", "deep_users", "power_users")}
    # everybody worked on one day: nobody is frequent, or deep
    assert ways == {"frequent_users": 0, "broad_users": broad, "deep_users": 0, "power_users": broad}


def test_breadth_is_of_features_used_and_not_of_those_met_at_a_gate() -> None:
    text = used({"u": 6, "v": 2, "w": 1}).replace("feature_used", "gate_hit")
    assert answers_of("power_users", text, accounts="a")["broad_users"] == {"a": 0}


@pytest.mark.parametrize(
    ("work", "deep"),
    [
        # user: days of work, events on the first of them; one event on each of the others
        ({"u": (5, 16), "v": (10, 1)}, 1),  # 4 events a day, twice the 30 events of 15 days
        ({"u": (5, 16), "v": (10, 2)}, 0),
        ({"u": (4, 40), "v": (9, 1)}, 0),  # fewer than 5 days
        ({"u": (5, 40), "v": (9, 1)}, 1),
    ],
)
def test_a_power_user_by_depth_alone(work: dict[str, tuple[int, int]], deep: int) -> None:
    rows = [
        f"a | {user} | {day} {hour // 60:02}:{hour % 60:02} | export"
        for user, (count, first) in work.items()
        for place, day in enumerate(days("2026-03-10", count=count))
        for hour in range(1 if place else first)
    ]
    text = "account | user | occurred_at | kind\n" + "\n".join(rows)
    answers = answers_of("power_users", text, accounts="a")
    ways = {name: answers[name]["a"] for name in ("frequent_users", "broad_users", "deep_users", "power_users")}
    assert ways == {"frequent_users": 0, "broad_users": 0, "deep_users": deep, "power_users": deep}


def worked(*rows: tuple[str, str, int]) -> str:
    """Draw users of one account: who, from which day, on how many days."""
    return "account | user | occurred_at | kind\n" + "\n".join(
        f"a | {user} | {day} | login" for user, first, count in rows for day in days(first, count=count)
    )


def test_one_who_rises_is_new_where_another_falls_and_where_another_stays() -> None:
    others = [(user, month, 1) for user in "xyz" for month in ("2026-02-10", "2026-03-10")]
    swapped = worked(("u", "2026-02-01", 20), ("v", "2026-03-03", 12), *others)
    answers = answers_of("power_users", swapped, accounts="a")
    assert (answers["power_users"], answers["new_power_users"]) == ({"a": 1}, {"a": 1})
    # 2026-03-03 is 26 days before 2026-03-29
    assert answers["days_since_power_user_emerged"] == {"a": 26}
    stayed = worked(("u", "2026-02-01", 56), *others)
    answers = answers_of("power_users", stayed, accounts="a")
    assert (answers["power_users"], answers["new_power_users"]) == ({"a": 1}, {"a": 0})
    assert answers["days_since_power_user_emerged"] == {"a": None}


def test_the_latest_to_emerge_tells_since_when() -> None:
    # mean of active days: 23 / 5
    others = [(user, "2026-03-20", 1) for user in "xyz"]
    both = worked(("u", "2026-03-05", 10), ("w", "2026-03-12", 10), *others)
    answers = answers_of("power_users", both, accounts="a")
    assert (answers["new_power_users"], answers["days_since_power_user_emerged"]) == ({"a": 2}, {"a": 17})
    # who was active before, but no power user, emerges on the first day within the window
    before = worked(("u", "2026-02-27", 11), ("x", "2026-02-20", 1), *others)
    answers = answers_of("power_users", before, accounts="a", as_of="2026-03-28")
    # 10 days from 2026-02-28, which is 28 days before
    assert (answers["new_power_users"], answers["days_since_power_user_emerged"]) == ({"a": 1}, {"a": 28})


@pytest.mark.parametrize(("as_of", "power", "busiest"), [("2026-03-25", 0, 9), ("2026-03-26", 1, 10)])
def test_days_count_once_they_are_known_and_each_once(as_of: str, power: int, busiest: int) -> None:
    early = "\n".join(f"a | u | {day} 08:00 | login | {day}" for day in days("2026-03-03", count=9))
    again = "\n".join(f"a | u | {day} 09:00 | login | 2026-03-20" for day in days("2026-03-03", count=9))
    text = f"""
        account | user | occurred_at | kind  | recorded_at
        {early}
        {again}
        a       | u    | 2026-03-15  | login | 2026-03-25
        a       | v    | 2026-03-15  | login |
        a       | w    | 2026-03-15  | login |
        a       |      | 2026-03-16  | login |
        """
    answers = answers_of("power_users", text, accounts="a", as_of=as_of)
    assert (answers["frequent_users"], answers["power_users"]) == ({"a": power}, {"a": power})
    assert answers["busiest_user_days"] == {"a": busiest}


def test_floors_of_breadth_and_depth_are_thresholds() -> None:
    text = used({"u": 6, "v": 2, "w": 1})
    for limits, broad in (({"power_user_features": 6}, 1), ({"power_user_features": 7}, 0)):
        assert answers_of("power_users", text, accounts="a", thresholds=limits)["broad_users"] == {"a": broad}
    text = used({"u": 6, "v": 1, "w": 1})
    assert answers_of("power_users", text, accounts="a", thresholds={"deep_user_days": 1})["deep_users"] == {"a": 1}


def test_daily_usage_does_not_tell_users_apart() -> None:
    daily = "# usage_daily\naccount | day | kind | events | users | day_users"
    assert unavailable(daily) >= set(EXPECTED)


def test_the_trigger_fires_where_somebody_emerged() -> None:
    assert fires("power_users", new_power_users=[0, 1, 2, None]) == [False, True, True, False]
