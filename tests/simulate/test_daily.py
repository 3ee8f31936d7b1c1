"""Usage by account and day is what the events add up to."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from uptier.simulate.daily import by_day
from uptier.simulate.usage import DAY_SECONDS, KINDS

COLUMNS = ["account", "day", "kind", "feature", "events", "users", "day_users", "recorded"]
CELL, DAY = ["account", "day", "kind", "feature"], ["account", "day"]
LOGIN, USED = KINDS.index("login"), KINDS.index("feature_used")


def events(*rows: tuple[int, int, int, int, int, int, int]) -> pd.DataFrame:
    """Number, account, person, kind, feature, occurred and recorded."""
    names = ["number", "account", "person", "kind", "feature", "occurred", "recorded"]
    return pd.DataFrame(rows, columns=names, dtype=np.int64)


def plainly(some: pd.DataFrame) -> pd.DataFrame:
    some = some.drop_duplicates()
    some = some.assign(day=some["occurred"] // DAY_SECONDS)
    cells = some.groupby(CELL).agg(events=("number", "size"), users=("person", "nunique")).reset_index()
    days = some.groupby(DAY).agg(day_users=("person", "nunique"), recorded=("recorded", "max")).reset_index()
    return cells.merge(days, on=DAY).sort_values(CELL, ignore_index=True)[COLUMNS]


def test_people_are_counted_once_and_the_day_is_known_with_its_last_event() -> None:
    found = by_day(
        events(
            (0, 0, 7, LOGIN, -1, 10, 40),
            (1, 0, 7, USED, 2, 20, 50),
            (2, 0, 7, USED, 2, 30, 60),
            (3, 0, 9, USED, 2, 40, DAY_SECONDS + 5),  # arrives on the day after
            (4, 0, 9, USED, 0, DAY_SECONDS + 1, DAY_SECONDS + 2),
            (5, 1, 9, LOGIN, -1, 10, 11),  # somebody who is in two accounts
        )
    )
    late = DAY_SECONDS + 5
    assert found[COLUMNS].to_numpy().tolist() == [
        [0, 0, LOGIN, -1, 1, 1, 2, late],
        [0, 0, USED, 2, 3, 2, 2, late],
        [0, 1, USED, 0, 1, 1, 1, DAY_SECONDS + 2],
        [1, 0, LOGIN, -1, 1, 1, 1, 11],
    ]


def test_an_event_that_arrived_twice_counts_once() -> None:
    one, other = (0, 0, 7, USED, 2, 20, 50), (1, 0, 7, USED, 2, 20, 50)
    pd.testing.assert_frame_equal(by_day(events(one, one, other)), by_day(events(one, other)))
    assert by_day(events(one, one, other))["events"].tolist() == [2]


@pytest.mark.parametrize("seed", range(5))
def test_many_events_add_up_as_pandas_adds_them_up(seed: int) -> None:
    random, count = np.random.default_rng(seed), 600
    occurred = 20_000 * DAY_SECONDS + random.integers(9 * DAY_SECONDS, size=count)
    some = pd.DataFrame(
        {
            "number": np.arange(count),
            "account": random.integers(4, size=count),  # in no order, as after mergers
            "person": random.integers(6, size=count),
            "kind": random.integers(len(KINDS), size=count),
            "feature": random.integers(-1, 3, size=count),
            "occurred": occurred,
            "recorded": occurred + random.integers(2 * DAY_SECONDS, size=count),
        }
    )
    doubled = some.loc[np.repeat(np.arange(count), 1 + (random.random(count) < 0.1))].reset_index(drop=True)
    assert len(doubled) > count
    pd.testing.assert_frame_equal(by_day(doubled)[COLUMNS], plainly(some))


def test_without_events_there_are_no_days() -> None:
    found = by_day(events())
    assert len(found) == 0
    assert list(found.columns) == COLUMNS
