"""What the issue names stops before anything is sent, and says what to look at."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.monitoring.lists import AS_OF, FRESH, frame, ruled, scorecard, summed
from uptier.breaker_settings import BreakerSettings
from uptier.errors import BreakerError, DeliveryError, PartlyDeliveredError, UptierError
from uptier.monitoring.breakers import forced, require_none, tripped
from uptier.monitoring.comparing import compared
from uptier.settings import OUTCOMES

BOUNDS = BreakerSettings()
AT = dt.datetime(2026, 3, 2, 6, tzinfo=dt.UTC)
NOTHING_KNOWN = dict.fromkeys(("seat_utilisation", "gate_hits", "health"), 1.0)
OLD = {table: age + 31 for table, age in FRESH.items()}


def alike(rows: int = 100) -> Any:
    return scorecard(rows, **{f"p_{outcome}": 0.05 for outcome in OUTCOMES})


CASES = {
    "an empty list": (summed(scorecard(0), frame(0)), FRESH, "rows-few", "subscriptions"),
    "half the rows": (summed(scorecard(50)), FRESH, "rows-lost", "loaded in part"),
    "all nulls": (summed(signals=frame(**NOTHING_KNOWN)), FRESH, "signals-lacking", "tables"),
    "last month's data": (summed(), OLD, "data-old", "last month's copy"),
    "everyone alike": (summed(alike()), FRESH, "scores-alike", "the same for all accounts"),
}


@pytest.mark.parametrize("name", CASES)
def test_each_case_stops_by_name_and_says_where_to_look(name: str) -> None:
    now, ages, code, look = CASES[name]
    found = tripped(now, summed(), BOUNDS, ages=ages)
    assert code in [one.code for one in found]
    with pytest.raises(BreakerError) as stopped:
        require_none(found)
    told = str(stopped.value)
    assert f"- {code}: " in told
    assert look in told
    assert "nothing was sent" in told
    assert "secret" not in told


@pytest.mark.parametrize("name", [name for name in CASES if name != "half the rows"])
def test_each_case_stops_the_first_time_too(name: str) -> None:
    now, ages, code, _ = CASES[name]
    assert code in [one.code for one in tripped(now, None, BOUNDS, ages=ages)]


def test_a_clean_list_leaves_the_first_time_and_the_next() -> None:
    assert tripped(summed(), None, BOUNDS, ages=FRESH, today=AS_OF) == []
    moved = compared(scorecard(), scorecard())
    assert tripped(summed(), summed(), BOUNDS, ages=FRESH, moved=moved, today=AS_OF) == []
    assert tripped(summed(ruled()), summed(ruled()), BOUNDS, ages=FRESH) == []
    require_none([])


@given(st.integers(10, 300), st.floats(0, 0.4), st.floats(0, 0.4))
def test_a_run_held_against_itself_trips_nothing(rows: int, health: float, gate_hits: float) -> None:
    now = summed(scorecard(rows), frame(rows, health=health, gate_hits=gate_hits), worklist=scorecard(rows))
    assert tripped(now, json.loads(json.dumps(now)), BOUNDS, ages=FRESH) == []


def test_a_new_champion_trips_on_absolute_bounds_alone() -> None:
    better = scorecard(model_version="4", action="pitch", p_churn=scorecard()["p_churn"] ** 2)
    assert tripped(summed(better), summed(), BOUNDS, ages=FRESH, moved=compared(better, scorecard())) == []
    broken = summed(alike().assign(model_version="4"))
    assert [one.code for one in tripped(broken, summed(), BOUNDS, ages=FRESH)] == ["scores-alike"]


def test_every_breaker_is_told_in_one_error() -> None:
    now, ages, _, _ = CASES["last month's data"]
    found = tripped(now | {"rows": 40}, summed(), BOUNDS, ages=ages)
    with pytest.raises(BreakerError, match="2 circuit breakers tripped") as stopped:
        require_none(found)
    assert str(stopped.value).count("\n- ") == 2
    assert "--force REASON" in str(stopped.value)


def test_the_exit_codes_tell_stopped_from_partly_delivered() -> None:
    assert (BreakerError.exit_code, PartlyDeliveredError.exit_code, UptierError.exit_code) == (5, 6, 4)


def test_a_run_passes_by_force_with_a_reason_that_is_recorded() -> None:
    found = tripped(summed(scorecard(50)), summed(), BOUNDS, ages=FRESH)
    record = forced(found, "  half of the accounts\nwere sold ", by="ana", at=AT)
    assert record["reason"] == "half of the accounts were sold"
    assert (record["by"], record["at"]) == ("ana", "2026-03-02T06:00:00+00:00")
    assert [one["code"] for one in record["findings"]] == ["rows-lost"]
    assert set(record["findings"][0]) == {"code", "found", "bound", "look", "about"}
    assert json.loads(json.dumps(record)) == record


def test_a_reason_has_ten_characters_at_least() -> None:
    assert forced([], "0123456789", by="ana", at=AT)["findings"] == []
    for short in ("012345678", "", "  a         b  "):
        with pytest.raises(DeliveryError, match="needs a reason"):
            forced([], short, by="ana", at=AT)


def test_bounds_are_shares_and_days_of_the_yaml() -> None:
    with pytest.raises(ValueError, match="rows_lost"):
        BreakerSettings.model_validate({"rows_lost": 1.2})
    with pytest.raises(ValueError, match="rows_lots"):
        BreakerSettings.model_validate({"rows_lots": 0.1})
    listed = BreakerSettings.model_validate({"age_days": {"tickets": 30}})
    assert (listed.oldest("tickets"), listed.oldest("usage_events"), listed.oldest("plans")) == (30, 7, None)
