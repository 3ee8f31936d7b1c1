from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from uptier.settings import Settings
from uptier.signals.catalog import Catalog, catalog
from uptier.tables.clean import clean
from uptier.tables.contracts import CONTRACT
from uptier.tables.drawn import settings_of
from uptier.tables.history import history_of
from uptier.tables.mapping import Mapped, map_table
from uptier.tables.rollup import unbuilt_rollup
from uptier.tables.source import Source, in_memory
from uptier.training.known_at_audit import (
    Difference,
    cut_tables,
    differences,
    formed_again,
    known_at_alarms,
    looks_again,
    not_auditable,
)

NAMES = ("seats", "days_since_upsell", "activity", "active_users", "plan", "days_since_ticket_closed")
ACCOUNTS = 12
FEBRUARY, MARCH = pd.Timestamp("2026-02-01"), pd.Timestamp("2026-03-01")


def _world(*, honest: bool = True) -> tuple[Source, Settings, dict[str, Mapped]]:
    """Draw a company whose rows come up to 40 days late; without their recorded_at where it is not honest."""
    rng = np.random.default_rng(5)
    names = np.array([f"account-{number:02d}" for number in range(ACCOUNTS)])
    at = pd.Timestamp("2025-10-01") + pd.to_timedelta(rng.integers(0, 150 * 24, 3000), unit="h")
    events = pd.DataFrame(
        {
            "event_id": [str(number) for number in range(3000)],
            "account_id": rng.choice(names, 3000),
            "user_id": rng.choice(np.array(list("uvwxyz")), 3000),
            "occurred_at": at.astype("datetime64[us]"),
            "kind": rng.choice(np.array(["login", "feature_used", "gate_hit"]), 3000),
            "feature": "reports",
            "recorded_at": (at + pd.to_timedelta(rng.integers(0, 40 * 24, 3000), unit="h")).astype("datetime64[us]"),
        }
    )
    began = pd.to_datetime(["2025-06-01"] * ACCOUNTS + ["2026-01-20"] * ACCOUNTS).astype("datetime64[us]")
    late = pd.to_datetime(["2025-06-02"] * ACCOUNTS + ["2026-02-10"] * ACCOUNTS).astype("datetime64[us]")
    subscriptions = pd.DataFrame(
        {
            "subscription_id": [*names, *names],
            "account_id": [*names, *names],
            "plan_id": ["basic"] * ACCOUNTS + ["pro"] * ACCOUNTS,
            "seats": [5] * ACCOUNTS + [9] * ACCOUNTS,
            "mrr": [50.0] * ACCOUNTS + [90.0] * ACCOUNTS,
            "valid_from": began,
            "recorded_at": late,
        }
    )
    opened = pd.to_datetime(["2026-01-05"] * ACCOUNTS).astype("datetime64[us]")
    tickets = pd.DataFrame(
        {
            "ticket_id": names,
            "account_id": names,
            "opened_at": opened,
            "closed_at": opened + pd.to_timedelta(rng.integers(5, 60, ACCOUNTS), unit="D"),
            "recorded_at": opened,
        }
    )
    frames = {
        "accounts": pd.DataFrame({"account_id": names}),
        "subscriptions": subscriptions,
        "usage_events": events,
        "tickets": tickets,
        "plans": pd.DataFrame({"plan_id": ["basic", "pro"], "tier_rank": [1, 2], "price": [50.0, 90.0]}),
    }
    if not honest:
        frames = {name: frame.drop(columns="recorded_at", errors="ignore") for name, frame in frames.items()}
    source = in_memory({name: pa.Table.from_pandas(one, preserve_index=False) for name, one in frames.items()})
    settings = settings_of(data_until="2026-06-01")
    mapped = {name: map_table(source, settings, name) for name in CONTRACT}
    return source, settings, {name: one for name, one in mapped.items() if one is not None}


@pytest.fixture(scope="module")
def part() -> Catalog:
    return Catalog(tuple(catalog().signal(name) for name in NAMES), ())


def _frame(world: tuple[Source, Settings, dict[str, Mapped]], part: Catalog, looks: pd.DataFrame) -> pd.DataFrame:
    source, settings, mapped = world
    tables = clean(source, settings, mapped)
    return part.frame(history_of(tables, looks, unbuilt_rollup(tables)))


@pytest.fixture(scope="module")
def looks() -> pd.DataFrame:
    names = [f"account-{number:02d}" for number in range(ACCOUNTS)]
    every = pd.DataFrame({"account_id": names}).merge(pd.DataFrame({"as_of": [FEBRUARY, MARCH]}), how="cross")
    return every.astype({"as_of": "datetime64[us]"})


@pytest.fixture(scope="module")
def again(part: Catalog, looks: pd.DataFrame) -> pd.DataFrame:
    source, settings, mapped = _world()
    return formed_again(looks, mapped, source, settings, part, repeated=frozenset())


def test_signals_of_the_past_alone_are_the_same(part: Catalog, looks: pd.DataFrame, again: pd.DataFrame) -> None:
    seen = _frame(_world(), part, looks)
    assert len(again) == 2 * ACCOUNTS
    assert differences(seen, again) == ()
    # and there was something to see: what came late is not there yet in February
    told = again.groupby("as_of")["seats"].max().to_dict()
    assert told == {FEBRUARY: 5.0, MARCH: 9.0}
    assert again["days_since_ticket_closed"].isna().any()
    assert again["days_since_ticket_closed"].notna().any()


def test_where_nobody_checked_rows_that_are_equal_are_looked_for(
    part: Catalog, looks: pd.DataFrame, again: pd.DataFrame
) -> None:
    source, settings, mapped = _world()
    pd.testing.assert_frame_equal(formed_again(looks, mapped, source, settings, part), again)


def test_signals_that_saw_rows_before_they_were_known_are_named(
    part: Catalog, looks: pd.DataFrame, again: pd.DataFrame
) -> None:
    seen = _frame(_world(honest=False), part, looks)
    found = {one.signal: one for one in differences(seen, again)}
    assert {"seats", "activity", "plan"} <= set(found)
    assert "days_since_ticket_closed" not in found
    assert found["seats"].rows == ACCOUNTS  # in February, and no more in March
    assert found["seats"].compared == 2 * ACCOUNTS


def test_one_row_of_many_is_enough(looks: pd.DataFrame, again: pd.DataFrame) -> None:
    seen = again.copy()
    seen.loc[3, "seats"] += 1
    assert differences(seen, again) == (Difference(signal="seats", rows=1, compared=2 * ACCOUNTS),)
    assert differences(seen.sample(frac=1, random_state=1), again) == differences(seen, again)


@pytest.mark.parametrize(
    ("before", "after", "differ"),
    [
        (np.nan, np.nan, 0),
        (np.nan, 0.0, 1),
        (1.0, np.nan, 1),
        (0.1 + 0.2, 0.3, 0),
        (0.3, 0.3001, 1),
        ("pro", "pro", 0),
        ("pro", "basic", 1),
        (None, None, 0),
        (None, "pro", 1),
    ],
)
def test_values_are_compared_as_people_would(before: object, after: object, differ: int) -> None:
    key = {"account_id": ["a"], "as_of": [FEBRUARY]}
    seen, cut = pd.DataFrame({**key, "one": [before]}), pd.DataFrame({**key, "one": [after]})
    assert sum(one.rows for one in differences(seen, cut)) == differ


def test_what_was_cut_is_gone() -> None:
    _, settings, mapped = _world()
    cut = cut_tables(mapped, settings, dt.date(2026, 2, 1))
    events, tickets = cut["usage_events"].table.to_pandas(), cut["tickets"].table.to_pandas()
    assert 0 < len(events) < 3000
    assert (events["occurred_at"] < FEBRUARY).all()
    assert (events["recorded_at"] < FEBRUARY).all()
    assert len(cut["subscriptions"].table.to_pandas()) == ACCOUNTS
    assert tickets["closed_at"].isna().any()
    assert (tickets["closed_at"].dropna() < FEBRUARY).all()
    assert list(cut["tickets"].table.columns) == list(mapped["tickets"].table.columns)
    assert len(cut["accounts"].table.to_pandas()) == ACCOUNTS


def test_looks_are_drawn_from_dates_in_between() -> None:
    dates = pd.date_range("2025-01-01", periods=10, freq="MS")
    names = pd.DataFrame({"account_id": [f"{number:03d}" for number in range(50)]})
    frame = names.merge(pd.DataFrame({"as_of": dates}), how="cross")
    chosen = looks_again(frame, seed=1, dates=2, accounts=20)
    assert chosen.groupby("as_of").size().to_dict() == {dates[3]: 20, dates[6]: 20}
    assert chosen.equals(looks_again(frame.sample(frac=1, random_state=2), seed=1, dates=2, accounts=20))
    assert not chosen.equals(looks_again(frame, seed=2, dates=2, accounts=20))
    assert looks_again(frame.head(0), seed=1).empty
    alone = pd.DataFrame({"account_id": "one", "as_of": pd.date_range("2025-03-02", periods=28)})
    assert set(looks_again(pd.concat([frame, alone]), seed=1)["as_of"]) <= set(dates)


def test_an_alarm_names_the_signal_and_counts_rows() -> None:
    [alarm] = known_at_alarms("churn", [Difference(signal="seats", rows=12, compared=1400)])
    assert (alarm.code, alarm.outcome, alarm.signal) == ("known_at", "churn", "seats")
    assert "12 of 1,400 rows" in alarm.told()


def test_tables_that_do_not_say_when_they_were_known_are_told() -> None:
    source, settings, mapped = _world(honest=False)
    told = not_auditable(clean(source, settings, mapped))
    assert [sentence.split("'")[1] for sentence in told] == ["subscriptions", "usage_events", "tickets"]
    source, settings, mapped = _world()
    assert not_auditable(clean(source, settings, mapped)) == ()
    vouched = settings.model_copy(update={"holds_since": {"tickets.priority": dt.date(2025, 1, 1)}})
    [sentence] = not_auditable(clean(source, vouched, mapped))
    assert "'tickets.priority' is overwritten in place" in sentence
    assert "2025-01-01" in sentence
