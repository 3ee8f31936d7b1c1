"""The demo's world looks like a company that one could know; wide bounds, since 800 accounts say little.

The narrow ones are held on 5,000 accounts by benchmarks/anchors.py, which measures by the same code.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import duckdb
import pandas as pd
import pytest

from tests.end_to_end import jobs
from tests.simulate import anchors
from tests.simulate.anchors import Aftermath, Share
from uptier.explanation.reasons import fired_triggers
from uptier.settings import read_settings
from uptier.signals.catalog import catalog

FIRST, UNTIL = dt.date(2024, 1, 1), dt.date(2026, 1, 1)
SLACK = 0.08  # of win rates, beyond the interval of what was counted


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    opened = anchors.opened(jobs.demo_config(tmp_path_factory.getbasetemp()).parent / "world", memory="2GB")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def after(base: duckdb.DuckDBPyConnection) -> Aftermath:
    return anchors.aftermath(base, until=UNTIL)


@pytest.mark.parametrize(
    ("upsell", "began", "low", "high"),
    [
        ("seat_expansion", "signal", 0.45, 0.60),
        ("seat_expansion", "calendar", 0.0, 0.25),
        ("plan_upgrade", "signal", 0.35, 0.50),
        ("add_on", "signal", 0.30, 0.45),
        ("add_on", "calendar", 0.0, 0.20),
    ],
)
def test_calls_are_won_as_often_as_the_domain_says(
    base: duckdb.DuckDBPyConnection, upsell: str, began: str, low: float, high: float
) -> None:
    share = anchors.win_rates(base)[upsell, began]
    assert share.of > 50
    assert share.meets(low - SLACK, high + SLACK)


def test_calls_that_a_sign_started_are_won_more_often(base: duckdb.DuckDBPyConnection) -> None:
    rates = anchors.win_rates(base)
    assert anchors.pooled(rates, "signal").value > 1.4 * anchors.pooled(rates, "calendar").value


def test_customers_come_to_pay_more(base: duckdb.DuckDBPyConnection) -> None:
    year = anchors.retention(base, since=dt.date(2025, 1, 1), until=UNTIL)
    assert 0.98 < year["all"] < 1.35
    assert year["upsells"] > 0 > year["left"]


def test_few_leave_after_an_upsell(after: Aftermath) -> None:
    assert after.upselled.of > 500
    assert 0.02 < after.upselled.value < 0.13


def test_a_well_timed_sale_is_followed_by_less_churn_and_a_pushed_one_by_more(after: Aftermath) -> None:
    assert after.timed.value < after.timed_base
    assert after.pushed.value > after.pushed_base


def test_power_users_lead_seats(base: duckdb.DuckDBPyConnection) -> None:
    lead = anchors.lead_of_power_users(base, since=FIRST, until=UNTIL)
    assert lead.mean(4, 9) > 0  # 30 to 60 days
    assert lead.mean(4, 9) > lead.mean(-9, -4)


def test_signals_say_more_than_tenure_or_the_renewal(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    seen = jobs.demo_examples(folder)
    thresholds = read_settings(jobs.demo_config(folder)).thresholds
    fired = fired_triggers(seen["seat_expansion"].frame, catalog(), thresholds)
    fired = fired[[trigger.name for trigger in catalog().triggers if trigger.opens is not None]]
    found = anchors.selections(seen, fired, highest_tier=3.0)
    assert found.times(3) > 1.2
    assert found.times_silent(3) > 1.7
    assert found.several[2].value < found.several[3].value


def test_an_interval_holds_what_was_counted() -> None:
    share = Share(30, 100)
    low, high = share.interval
    assert low == pytest.approx(0.2189, abs=1e-4)  # by Wilson's formula, worked out by hand
    assert high == pytest.approx(0.3958, abs=1e-4)
    assert share.meets(0.39, 0.5)
    assert not share.meets(0.4, 0.5)
    assert not Share(0, 0).meets(0.0, 1.0)


def drawn(**tables: list[tuple[object, ...]]) -> duckdb.DuckDBPyConnection:
    """A world of a few rows."""
    base = duckdb.connect()
    base.execute("SET TimeZone = 'UTC'")
    columns = {
        "subscriptions": "account_id VARCHAR, subscription_id VARCHAR, mrr DOUBLE, valid_from TIMESTAMPTZ, "
        "valid_to TIMESTAMPTZ, change_reason VARCHAR, end_reason VARCHAR",
        "addons": "account_id VARCHAR, mrr DOUBLE, valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ",
        "outreach": "account_id VARCHAR, upsell_type VARCHAR, started_by VARCHAR, result VARCHAR, "
        "result_at TIMESTAMPTZ",
        "truth": "account_id VARCHAR, as_of TIMESTAMP, pressure VARCHAR, need VARCHAR, gap VARCHAR",
    }
    for name, kinds in columns.items():
        base.execute(f"CREATE TABLE {name} ({kinds})")
        for row in tables.get(name, []):
            base.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row)
    return base


def test_retention_is_that_of_the_domain_page() -> None:
    """1,000 at first, 100 leave, 300 more: 120 %; who came later does not count."""
    year = anchors.retention(
        drawn(
            subscriptions=[
                ("stays", "s1", 900.0, "2024-03-01", "2025-05-01", "new", "changed"),
                ("stays", "s1", 1100.0, "2025-05-01", None, "expansion", None),
                ("leaves", "s2", 100.0, "2024-03-01", "2025-06-01", "new", "cancelled"),
                ("later", "s3", 500.0, "2025-03-01", None, "new", None),
            ],
            addons=[("stays", 100.0, "2025-07-01", None)],
        ),
        since=dt.date(2025, 1, 1),
        until=UNTIL,
    )
    assert year == pytest.approx({"all": 1.2, "chosen": 1.2, "upsells": 0.3, "left": -0.1})


def test_a_sale_is_pushed_where_the_calendar_alone_was_behind_it() -> None:
    states = [(name, "2025-03-01", "easy", "none", "none") for name in ("pushed", "asked", "alone")]
    states += [("needed", "2025-03-01", "full", "none", "none")]
    sold = [(name, "seat_expansion", by, "won", "2025-03-10 09:00") for name, by in CALLED.items()]
    versions = [
        row
        for name in ("pushed", "asked", "alone", "needed")
        for row in (
            (name, name, 10.0, "2024-01-01", "2025-03-10", "new", "changed"),
            (name, name, 12.0, "2025-03-10", ENDS.get(name), "expansion", "cancelled" if name in ENDS else None),
        )
    ]
    after = anchors.aftermath(drawn(subscriptions=versions, outreach=sold, truth=states), until=UNTIL)
    assert after.upselled == Share(1, 4)
    assert after.timed == Share(0, 2)
    assert after.pushed == Share(1, 1)
    assert after.pushed_left == Share(1, 1)
    assert after.base == pytest.approx(0.25)


CALLED = {"pushed": "calendar", "asked": "approaching_seat_ceiling", "needed": "calendar"}
ENDS = {"pushed": "2025-05-20"}


def test_what_happens_on_the_day_itself_or_after_90_days_does_not_follow() -> None:
    rows = pd.DataFrame({"account_id": ["a"], "day": pd.to_datetime(["2025-03-01"]).astype("datetime64[us]")})
    for day, follows in (("2025-03-01", False), ("2025-03-02", True), ("2025-05-29", True), ("2025-05-30", False)):
        change = pd.DataFrame({"account_id": ["a"], "day": pd.to_datetime([day])})
        assert anchors._followed(rows, change, after=1).tolist() == [follows]
