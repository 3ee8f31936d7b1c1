from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tests.signals.timelines import Looker, check_equal_rows_count_once, check_only_the_past_matters, differences
from uptier.signals.catalog import catalog
from uptier.tables.clean import clean
from uptier.tables.contracts import CONTRACT
from uptier.tables.drawn import settings_of
from uptier.tables.history import History, grid_of
from uptier.tables.mapping import map_table
from uptier.tables.rollup import usage_rollup
from uptier.tables.source import in_memory

EXAMPLES = {"usage_events": 10, "usage_daily": 4}  # of 24 histories each
LEAST_SHARE = 0.3  # of the drawn histories that must hold a future row, and a late one

EVENTS = 150_000  # more than one row group of DuckDB, or a second thread has nothing to do
ACCOUNTS = 60


@pytest.fixture(scope="module")
def looker() -> Looker:
    return Looker(0, 3)


@pytest.mark.parametrize("usage", EXAMPLES)
def test_no_signal_changes_with_what_happens_or_becomes_known_later(usage: str, looker: Looker) -> None:
    tally = check_only_the_past_matters(usage, looker, examples=EXAMPLES[usage])
    assert tally["future"] >= LEAST_SHARE * tally["histories"], tally
    assert tally["late"] >= LEAST_SHARE * tally["histories"], tally


@pytest.mark.parametrize("usage", EXAMPLES)
def test_a_row_that_stands_twice_counts_once(usage: str, looker: Looker) -> None:
    check_equal_rows_count_once(usage, looker, examples=2)


def test_signals_are_the_same_on_one_thread_and_two_and_in_any_order_of_rows() -> None:
    tables = _many_events()
    backwards = {name: table.take(np.arange(table.num_rows)[::-1]) for name, table in tables.items()}
    one = _frame(tables, threads=1)
    assert differences(_frame(tables, threads=2), one) == []
    assert differences(_frame(backwards, threads=2), one) == []
    assert (one["active_users"] > 1).all()


def test_the_rollup_counts_what_raw_events_count_where_rows_come_late() -> None:
    tables = _many_events()
    events = tables["usage_events"].to_pandas()
    known = events["recorded_at"].fillna(events["occurred_at"]).dt.normalize()
    for as_of in (pd.Timestamp("2026-02-01"), pd.Timestamp("2026-03-01")):
        past = events[(events["occurred_at"] < as_of) & (known < as_of)]
        month = past[past["occurred_at"] >= as_of - pd.Timedelta(days=28)].groupby("account_id")
        expected = {
            "activity": month.size(),
            "active_users": month["user_id"].nunique(),
            "active_days": month["occurred_at"].agg(lambda days: days.dt.normalize().nunique()),
            "features_in_use": past[
                (past["kind"] == "feature_used") & (past["occurred_at"] >= as_of - pd.Timedelta(days=28))
            ]
            .groupby("account_id")["feature"]
            .nunique(),
            "days_since_last_use": past.groupby("account_id")["occurred_at"].agg(
                lambda days, as_of=as_of: (as_of - days.max().normalize()).days
            ),
        }
        frame = _frame(tables, threads=1, as_of=as_of)
        for name, values in expected.items():
            assert frame[name].to_dict() == values.to_dict(), name


def _many_events() -> dict[str, pa.Table]:
    rng = np.random.default_rng(3)
    accounts = np.array([f"account{number:03}" for number in range(ACCOUNTS)])
    occurred = pd.Timestamp("2025-11-01") + pd.to_timedelta(rng.integers(0, 150 * 86400, EVENTS), unit="s")
    late = pd.to_timedelta(np.where(rng.random(EVENTS) < 0.3, rng.integers(0, 20 * 86400, EVENTS), np.nan), unit="s")
    events = pd.DataFrame(
        {
            "event_id": [str(number) for number in range(EVENTS)],
            "account_id": rng.choice(accounts, EVENTS),
            "user_id": rng.choice(np.array([f"user{number}" for number in range(40)]), EVENTS),
            "occurred_at": occurred.astype("datetime64[us]"),
            "kind": rng.choice(np.array(["login", "feature_used", "gate_hit", "export"]), EVENTS),
            "feature": rng.choice(np.array(["reports", "sso", "audit"]), EVENTS),
            "recorded_at": (occurred + late).astype("datetime64[us]"),
        }
    )
    readings = events.head(5000)[["account_id", "occurred_at"]].rename(columns={"occurred_at": "read_at"})
    readings = readings.assign(meter="api", value=rng.random(len(readings)) * 90, quota=97.3)
    subscriptions = pd.DataFrame(
        {
            "subscription_id": accounts,
            "account_id": accounts,
            "seats": 41,
            "mrr": 99.99,
            "valid_from": pd.Timestamp("2025-01-31"),
        }
    )
    frames = {
        "accounts": pd.DataFrame({"account_id": accounts}),
        "subscriptions": subscriptions,
        "usage_events": events,
        "meter_readings": readings,
    }
    return {name: pa.Table.from_pandas(frame, preserve_index=False) for name, frame in frames.items()}


def _frame(tables: dict[str, pa.Table], *, threads: int, as_of: pd.Timestamp | None = None) -> pd.DataFrame:
    as_of = as_of or pd.Timestamp("2026-03-01")
    source, settings = in_memory(tables, threads=threads), settings_of(data_until="2026-06-01")
    mapped = {name: map_table(source, settings, name) for name in CONTRACT}
    clean_tables = clean(source, settings, {name: one for name, one in mapped.items() if one is not None})
    pairs = pd.DataFrame({"account_id": tables["accounts"]["account_id"].to_pylist(), "as_of": as_of})
    history = History(clean_tables, grid_of(clean_tables, pairs), usage_rollup(clean_tables))
    return catalog().frame(history).set_index("account_id").sort_index().drop(columns="as_of")


# billing periods, where months have different lengths --------------------------------------------------------------
