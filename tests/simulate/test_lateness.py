"""Rows that become known late, in an order that could be, and rows that stand there twice."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from uptier.simulate.lateness import delivered, doubled_rows, late_events, late_rows, migrated
from uptier.simulate.timeline import Timeline
from uptier.simulate.usage import DAY_SECONDS

WORLD = Timeline(dt.date(2025, 1, 1), dt.date(2025, 7, 1))
FIRST, UNTIL = (int(edge) * DAY_SECONDS for edge in WORLD.edges[[0, -1]])
LAST = pd.Timestamp("2025-06-30 23:59")
MILLION = 1_000_000
A_DAY = pd.Timedelta(days=1)


def chance(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def events(count: int = 400, seed: int = 3) -> pd.DataFrame:
    random = chance(seed)
    account = np.sort(random.integers(5, size=count))
    occurred = FIRST + random.integers(UNTIL - FIRST - 60, size=count)
    order = np.lexsort((occurred, account))
    return pd.DataFrame(
        {"number": np.arange(count), "account": account, "occurred": occurred[order], "recorded": occurred[order] + 60}
    )


def subscriptions(count: int = 145) -> pd.DataFrame:
    """Three versions each, 10 days from one to the next; the last of every other has ended by itself."""
    begins = pd.Timestamp("2025-01-02") + pd.to_timedelta(np.arange(count), unit="D").repeat(3)
    begins = begins + pd.to_timedelta(np.tile([0, 10, 20], count), unit="D")
    nth = np.tile(np.arange(3), count)
    one = np.repeat(np.arange(count), 3)
    ends = pd.Series(begins + 10 * A_DAY).mask((nth == 2) & (one % 2 == 1))
    frame = pd.DataFrame({"subscription_id": [f"s{number}" for number in one], "valid_from": begins, "valid_to": ends})
    hour = pd.Timedelta(hours=1)
    return frame.assign(recorded_at=frame["valid_from"] + hour, end_recorded_at=frame["valid_to"] + hour)


def test_late_events_wait_some_days_and_are_otherwise_the_same() -> None:
    found = late_events(events(), share=0.5, days=3, random=chance())
    waited = (found["recorded"] - events()["recorded"]).to_numpy() / DAY_SECONDS
    assert (waited > 0).mean() == pytest.approx(0.5, abs=0.1)
    assert waited[waited > 0].min() >= 1
    assert 2.5 < waited.max() <= 3
    pd.testing.assert_frame_equal(found.drop(columns="recorded"), events().drop(columns="recorded"))
    pd.testing.assert_frame_equal(late_events(events(), share=0.0, days=3, random=chance()), events())


def test_rows_that_come_behind_change_nothing_of_those_before() -> None:
    every = late_events(events(), share=0.5, days=3, random=chance())
    some = late_events(events().head(50), share=0.5, days=3, random=chance())
    pd.testing.assert_frame_equal(every.head(50), some)


def test_what_arrives_after_the_worlds_end_is_missing() -> None:
    some = events()
    some.loc[::7, "recorded"] = UNTIL
    some.loc[1::7, "recorded"] = UNTIL - 1
    found = delivered(some, WORLD, doubled=0, random=chance())
    pd.testing.assert_frame_equal(found, some[some["recorded"] < UNTIL].reset_index(drop=True))
    assert set(range(1, 400, 7)) <= set(found["number"])


def test_events_are_delivered_by_account_and_time() -> None:
    some = events()
    some.loc[::7, "recorded"] = UNTIL
    found = delivered(some.sample(frac=1, random_state=4), WORLD, doubled=0, random=chance())
    pd.testing.assert_frame_equal(found, some[some["recorded"] < UNTIL].reset_index(drop=True))


def test_a_doubled_event_stands_in_two_equal_rows_side_by_side() -> None:
    found = delivered(events(), WORLD, doubled=MILLION, random=chance())
    pd.testing.assert_frame_equal(found[::2].reset_index(drop=True), events())
    pd.testing.assert_frame_equal(found[1::2].reset_index(drop=True), events())
    some = delivered(events(), WORLD, doubled=0.3 * MILLION, random=chance())
    pd.testing.assert_frame_equal(some.drop_duplicates(ignore_index=True), events())
    assert len(some) / len(events()) == pytest.approx(1.3, abs=0.07)
    assert (some["number"].diff().dropna() >= 0).all()


def test_doubled_rows_are_wholly_equal_and_in_their_order() -> None:
    rows = subscriptions()
    found = doubled_rows(rows, doubled=MILLION, random=chance())
    for half in (found[::2], found[1::2]):
        pd.testing.assert_frame_equal(half.reset_index(drop=True), rows)
    some = doubled_rows(rows, doubled=0.3 * MILLION, random=chance())
    pd.testing.assert_frame_equal(some.drop_duplicates(ignore_index=True), rows)
    assert len(some) / len(rows) == pytest.approx(1.3, abs=0.07)
    pd.testing.assert_frame_equal(doubled_rows(rows, doubled=0, random=chance()), rows)


@pytest.mark.parametrize("seed", range(4))
def test_versions_of_a_subscription_become_known_in_their_order(seed: int) -> None:
    found = late_rows(subscriptions(), WORLD, share=0.5, days=40, random=chance(seed))  # later than the next ones
    following = found.groupby("subscription_id")[["valid_from", "recorded_at"]].shift(-1)
    goes_on = following["valid_from"].notna()
    assert (following["recorded_at"] >= found["recorded_at"])[goes_on].all()
    # the end of a version is known with the one that follows it
    assert (found["end_recorded_at"] == following["recorded_at"])[goes_on].all()
    ended = found["valid_to"].notna()
    assert (found["end_recorded_at"] >= found["recorded_at"])[ended].all()
    assert found["end_recorded_at"][~ended].isna().all()


def test_late_rows_are_the_same_rows_and_known_before_the_world_ends() -> None:
    rows = subscriptions()
    found = late_rows(rows, WORLD, share=0.5, days=40, random=chance())
    told = ["subscription_id", "valid_from", "valid_to"]
    pd.testing.assert_frame_equal(found[told], rows[told])
    waited = found["recorded_at"] - rows["recorded_at"]
    assert 0.4 < (waited > pd.Timedelta(0)).mean() < 0.8  # half of them, and those behind them that must wait
    assert waited.max() <= 40 * A_DAY
    assert waited.min() == pd.Timedelta(0)
    assert found[["recorded_at", "end_recorded_at"]].max().max() == LAST


def test_an_end_that_nothing_follows_is_late_by_itself() -> None:
    gap = subscriptions(1).assign(valid_from=lambda rows: rows["valid_from"] + [0 * A_DAY, 5 * A_DAY, 5 * A_DAY])
    gap["recorded_at"] = gap["valid_from"] + pd.Timedelta(hours=1)
    both = pd.concat([gap.assign(subscription_id=f"s{number}") for number in range(60)], ignore_index=True)
    found = late_rows(both, WORLD, share=0.5, days=3, random=chance())
    first = found[::3]
    waited = first["end_recorded_at"] - both["end_recorded_at"][::3]
    assert 0.2 < (waited > pd.Timedelta(0)).mean() < 0.8
    assert waited.max() <= 3 * A_DAY  # the next version begins later than that


def test_the_end_of_an_add_on_is_not_known_before_its_beginning() -> None:
    rows = subscriptions().drop(columns="subscription_id")
    found = late_rows(rows, WORLD, share=0.5, days=40, random=chance())
    ended = found["valid_to"].notna()
    assert (found["end_recorded_at"] >= found["recorded_at"])[ended].all()
    assert (found["end_recorded_at"] > rows["end_recorded_at"])[ended].mean() > 0.4
    assert found["end_recorded_at"][~ended].isna().all()


def test_rows_without_an_end_are_late_too() -> None:
    rows = pd.DataFrame({"recorded_at": pd.to_datetime(["2025-02-01"] * 300)})
    found = late_rows(rows, WORLD, share=0.5, days=1, random=chance())
    waited = found["recorded_at"] - rows["recorded_at"]
    assert set(waited) == {pd.Timedelta(0), A_DAY}
    pd.testing.assert_frame_equal(late_rows(rows, WORLD, share=0.0, days=1, random=chance()), rows)


@pytest.mark.parametrize(("name", "happened"), [("tickets", "opened_at"), ("survey_responses", "answered_at")])
def test_all_that_was_known_before_the_migration_becomes_known_with_it(name: str, happened: str) -> None:
    moment = "2025-04-01 02:00"  # after 90 of 181 days
    rows = pd.DataFrame(
        [
            ("2025-01-05 10:00", "2025-01-05 10:05", moment),
            ("2025-04-01 01:00", "2025-04-01 01:59", moment),
            ("2025-04-01 01:00", "2025-04-09 12:00", "2025-04-09 12:00"),  # learnt of later
            (moment, "2025-04-01 02:05", "2025-04-01 02:05"),
            ("2025-05-01 10:00", "2025-05-01 10:05", "2025-05-01 10:05"),
        ],
        columns=[happened, "recorded_at", "expected"],
        dtype="datetime64[us]",
    )
    found = migrated(rows, name, WORLD, share=0.5)
    assert found["recorded_at"].tolist() == rows["expected"].tolist()
    assert found[happened].equals(rows[happened])


def test_a_migration_at_the_end_is_within_the_world() -> None:
    rows = pd.DataFrame({"opened_at": pd.to_datetime(["2025-01-05"]), "recorded_at": pd.to_datetime(["2025-01-05"])})
    found = migrated(rows, "tickets", WORLD, share=1.0)
    assert found["recorded_at"].tolist() == [pd.Timestamp("2025-06-30 02:00")]
