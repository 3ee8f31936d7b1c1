"""What was an absorbed account's is the other's from the day on, under keys of its own."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.simulate.worlds import chronicle
from uptier.simulate.books import NEVER, Books
from uptier.simulate.commerce import Chronicle
from uptier.simulate.looks import looks_of
from uptier.simulate.mergers import HAPPENED, Mergers, draw_mergers, merged
from uptier.simulate.presets import Parameters
from uptier.simulate.timeline import day_number
from uptier.simulate.usage import DAY_SECONDS

ACCOUNTS = 3
MOMENT = "2025-11-05"
TODAY = day_number(dt.date.fromisoformat(MOMENT))
# account 1 becomes part of account 0; account 2 has nothing to do with it
MERGER = Mergers(np.array([0, 0, 2]), np.array([NEVER, TODAY, NEVER]), np.array([500, 600, 700]))
KNOWN = f"{MOMENT} 10:00"


def past(accounts: int = ACCOUNTS, months: int = 10) -> Chronicle:
    found = chronicle(Parameters(), accounts=accounts, seed=4, months=months)
    start = np.full(accounts, found.timeline.edges[0])
    end = np.full(accounts, found.timeline.edges[-1])
    return replace(found, end_day=end, population=replace(found.population, start_day=start))


def at(*when: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(when), format="ISO8601")).astype("datetime64[us]")


def subscriptions(*rows: tuple[int, str, str, str | None]) -> pd.DataFrame:
    """Account, subscription, from and to; known at once."""
    account, one, begins, ends = zip(*rows, strict=True)
    frame = pd.DataFrame({"account": account, "subscription_id": one, "seats": 10, "mrr": 100.0})
    frame = frame.assign(valid_from=at(*begins), valid_to=at(*ends), change_reason="renewal")
    last = frame["valid_to"].isna()
    return frame.assign(
        end_reason=pd.Series("changed", index=frame.index).mask(last, None),
        recorded_at=frame["valid_from"],
        end_recorded_at=frame["valid_to"],
    )


def addons(*rows: tuple[int, str, str, str | None]) -> pd.DataFrame:
    frame = subscriptions(*rows).rename(columns={"subscription_id": "addon_id"})
    return frame.drop(columns=["seats", "change_reason", "end_reason"])


def books(**tables: pd.DataFrame) -> Books:
    """Each account has a person, who does something the day before, on the day and the day after."""
    days = np.array([TODAY - 1, TODAY, TODAY + 1])
    account = np.repeat(np.arange(ACCOUNTS), len(days))
    events = pd.DataFrame({"number": np.arange(len(account)), "account": account, "person": account})
    moment = at("2025-10-02", "2025-10-02", "2025-10-02")
    users = pd.DataFrame({"account": np.arange(ACCOUNTS), "person": np.arange(ACCOUNTS), "role": "member"})
    row = pd.DataFrame({"account": [0], "meter": "x", "milestone": "x", "value": 0.0, "quota": 0.0})
    row = row.assign(**dict.fromkeys(["recorded_at", *HAPPENED.values()], at(MOMENT)))
    usual = {
        **{name: row.head(0) for name in HAPPENED},
        "subscriptions": subscriptions((0, "s0", "2025-10-01", None)),
        "addons": addons((0, "a", "2025-10-01", None)),
    }
    ran = past()
    return Books(
        population=ran.population,
        user_ids=["u1", "u2", "u3"],
        users=users.assign(created_at=moment, recorded_at=moment, last_day=NEVER),
        events=events.assign(occurred=np.tile(days, ACCOUNTS) * DAY_SECONDS + 5),
        tables={**usual, **tables},
        looks=looks_of(ran),
    )


def after(**tables: pd.DataFrame) -> Books:
    return merged(books(**tables), past(), MERGER)


def told(rows: pd.DataFrame, *columns: str) -> list[tuple[object, ...]]:
    rows = rows[list(columns)].copy()
    for name in rows.select_dtypes("datetime"):
        rows[name] = rows[name].dt.strftime("%m-%d")
    return [tuple(None if pd.isna(one) else one for one in row) for row in rows.itertuples(index=False)]


def test_rows_are_the_absorbing_accounts_from_the_day_on() -> None:
    assert len(MERGER) == 1
    account, day = np.array([1, 1, 1, 0, 2]), TODAY + np.array([-1, 0, 1, 9, 9])
    assert MERGER.owner(account, day).tolist() == [1, 0, 0, 0, 2]
    events = after().events
    assert events["account"].tolist() == [0, 0, 0, 1, 0, 0, 2, 2, 2]
    pd.testing.assert_frame_equal(events.drop(columns="account"), books().events.drop(columns="account"))


@pytest.mark.parametrize("name", [name for name in HAPPENED if name not in ("meter_readings", "milestones")])
def test_tables_follow_by_the_day_on_which_a_row_happened(name: str) -> None:
    rows = pd.DataFrame({"account": [1, 1, 2], HAPPENED[name]: at("2025-11-04 23:59", MOMENT, MOMENT)})
    assert after(**{name: rows}).tables[name]["account"].tolist() == [1, 0, 2]


def test_the_subscription_ends_and_goes_on_with_the_same_terms_under_another_id() -> None:
    rows = subscriptions(
        (0, "s0", "2025-10-01", None),
        (1, "s1", "2025-10-01", "2025-10-20"),
        (1, "s1", "2025-10-20", "2025-11-20"),
        (1, "s1", "2025-11-20", None),
    )
    found = after(subscriptions=rows).tables["subscriptions"]
    assert told(found, "account", "subscription_id", "valid_from", "valid_to", "change_reason", "end_reason") == [
        (0, "s0", "10-01", None, "renewal", None),
        (0, "s1m", "11-05", "11-20", "merge", "changed"),
        (0, "s1m", "11-20", None, "renewal", None),
        (1, "s1", "10-01", "10-20", "renewal", "changed"),
        (1, "s1", "10-20", "11-05", "renewal", "merged"),
    ]
    goes_on, ended = found.loc[1], found.loc[4]
    assert goes_on["recorded_at"] == ended["end_recorded_at"] == pd.Timestamp(KNOWN)
    assert set(found["mrr"]) == {100.0}
    assert not found.duplicated(["subscription_id", "valid_from"]).any()


def test_on_the_day_of_another_change_one_version_ends_and_the_other_begins_by_the_merger() -> None:
    rows = subscriptions((1, "s1", "2025-10-01", MOMENT), (1, "s1", MOMENT, None))
    found = after(subscriptions=rows).tables["subscriptions"]
    assert told(found, "account", "subscription_id", "valid_from", "valid_to", "change_reason", "end_reason") == [
        (0, "s1m", "11-05", None, "merge", None),
        (1, "s1", "10-01", "11-05", "renewal", "merged"),
    ]


def test_add_ons_are_not_taken_over_and_so_look_like_no_purchase() -> None:
    rows = addons(
        (0, "a", "2025-10-10", None),
        (1, "b", "2025-10-10", None),  # runs on the day
        (1, "c", "2025-10-10", MOMENT),
        (1, "d", "2025-11-20", None),  # bought later, by those who are the other's then
    )
    found = after(addons=rows).tables["addons"]
    assert told(found, "account", "addon_id", "valid_from", "valid_to") == [
        (0, "a", "10-10", None),
        (1, "b", "10-10", "11-05"),
        (1, "c", "10-10", "11-05"),
        (0, "d", "11-20", None),
    ]
    assert found["end_recorded_at"].tolist()[1] == pd.Timestamp(KNOWN)
    assert found["recorded_at"].equals(rows["recorded_at"])


def test_an_add_on_that_both_buy_on_one_day_is_there_once() -> None:
    rows = addons((0, "a", "2025-11-20", None), (1, "a", "2025-11-20", None), (1, "b", MOMENT, None))
    found = after(addons=rows).tables["addons"]
    assert told(found, "account", "addon_id", "valid_from") == [(0, "a", "11-20"), (0, "b", "11-05")]


def test_meters_read_at_one_moment_add_up() -> None:
    rows = pd.DataFrame(
        [
            (0, "x", 1.1, 10.0, "11-02"),
            (1, "x", 2.2, 20.0, "11-02"),
            (0, "x", 1.1, 10.0, "11-09"),
            (1, "x", 2.2, 20.0, "11-09"),
            (1, "y", 3.0, 30.0, "11-09"),
            (2, "x", 4.0, 40.0, "11-09"),
        ],
        columns=["account", "meter", "value", "quota", "day"],
    )
    moment = at(*("2025-" + rows.pop("day")))
    late = moment + pd.to_timedelta([1, 1, 2, 7, 1, 1], unit="min")
    found = after(meter_readings=rows.assign(read_at=moment, recorded_at=late)).tables["meter_readings"]
    assert sorted(told(found, "account", "meter", "read_at", "value", "quota")) == [
        (0, "x", "11-02", 1.1, 10.0),
        (0, "x", "11-09", 3.3, 30.0),
        (0, "y", "11-09", 3.0, 30.0),
        (1, "x", "11-02", 2.2, 20.0),
        (2, "x", "11-09", 4.0, 40.0),
    ]
    both = found[(found["account"] == 0) & (found["meter"] == "x")]["recorded_at"].max()
    assert both == pd.Timestamp("2025-11-09 00:07")  # known with the later of the two


def test_a_milestone_that_both_reach_at_one_moment_is_there_once() -> None:
    rows = pd.DataFrame({"account": [0, 1, 1], "milestone": ["x", "x", "y"]})
    rows = rows.assign(reached_at=at("2025-11-20", "2025-11-20", "2025-11-20"))
    found = after(milestones=rows).tables["milestones"]
    assert told(found, "account", "milestone") == [(0, "x"), (0, "y")]


def test_people_are_users_of_both_and_whoever_comes_later_of_the_absorbing_one_alone() -> None:
    every = books()
    moment = at("2025-10-02", "2025-10-02", "2025-10-02", "2025-10-02", "2025-11-20", "2025-10-02")
    users = pd.DataFrame({"account": [0, 0, 1, 1, 1, 1], "person": [0, 9, 1, 2, 3, 9]})  # 9 is of the staff
    users = users.assign(role="member", created_at=moment, recorded_at=moment, last_day=NEVER)
    users.loc[3, "last_day"] = TODAY  # gone by then
    found = merged(replace(every, users=users), past(), MERGER).users
    assert told(found, "account", "person", "created_at") == [
        (0, 0, "10-02"),
        (0, 9, "10-02"),
        (0, 3, "11-20"),
        (0, 1, "11-05"),
        (1, 1, "10-02"),
        (1, 2, "10-02"),
        (1, 9, "10-02"),
    ]
    assert found.loc[3, "recorded_at"] == pd.Timestamp(KNOWN)


def test_truth_is_silent_of_both_as_soon_as_a_window_reaches_the_day() -> None:
    before, found = books().looks, after().looks
    month = np.datetime64(past().timeline.first_day, "M") + before.month
    reached = month.astype("datetime64[D]").astype(np.int64) + 97 > TODAY
    both = np.isin(before.account_id, past().population.ids[:2])
    silent = reached & both
    assert silent.any()
    assert (both & ~reached).any()
    assert list(zip(found.account_id, found.month, strict=True)) == list(
        zip(before.account_id[~silent], before.month[~silent], strict=True)
    )


def test_without_a_merger_the_books_stay() -> None:
    every = books()
    nobody = Mergers(np.arange(ACCOUNTS), np.full(ACCOUNTS, NEVER), np.zeros(ACCOUNTS, dtype=np.int64))
    assert merged(every, past(), nobody) is every


@pytest.mark.parametrize("seed", range(5))
def test_each_takes_part_in_one_merger_on_a_day_on_which_both_are_customers(seed: int) -> None:
    ran, random = past(40, months=12), np.random.default_rng(seed)
    first, until = int(ran.timeline.edges[0]), int(ran.timeline.edges[-1])
    start = np.sort(random.integers(first, until - 100, size=40))
    end = np.minimum(start + random.integers(30, 300, size=40), until)
    ran = replace(ran, end_day=end, population=replace(ran.population, start_day=start))
    found = draw_mergers(ran, share=0.4, fewest_days=60, random=random)
    absorbed = np.flatnonzero(found.day < NEVER)
    assert len(absorbed) == len(found) > 3
    into, day = found.into[absorbed], found.day[absorbed]
    assert len(set(absorbed) | set(into)) == 2 * len(absorbed)
    for one in (absorbed, into):
        assert (start[one] < day).all()
        assert (day < end[one]).all()
    beside = np.minimum(end[absorbed], end[into]) - np.maximum(start[absorbed], start[into])
    assert (beside > 60).all()
    rest = np.setdiff1d(np.arange(40), absorbed)
    assert (found.into[rest] == rest).all()
    assert ((found.minute >= 8 * 60) & (found.minute < 17 * 60)).all()


@pytest.mark.parametrize(("share", "days"), [(0.0, 60), (1.0, 60), (0.5, 10_000)])
def test_nobody_is_absorbed_where_there_is_nobody_to_absorb(share: float, days: int) -> None:
    found = draw_mergers(past(), share=share, fewest_days=days, random=np.random.default_rng(1))
    assert len(found) == 0
    assert found.into.tolist() == list(range(ACCOUNTS))
