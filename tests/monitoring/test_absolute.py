"""What no list may be, a first one neither: each bound just inside and just outside."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.monitoring.lists import AS_OF, FRESH, chances, frame, ruled, scorecard, summed
from uptier.breaker_settings import BreakerSettings
from uptier.monitoring.absolute import by_itself
from uptier.monitoring.finding import Finding


def found(now: dict[str, Any], ages: Any = FRESH, today: dt.date | None = None, **bounds: Any) -> list[Finding]:
    return list(by_itself(now, BreakerSettings(**bounds), ages, today))


def codes(*given: Any, **more: Any) -> list[str]:
    return [one.code for one in found(*given, **more)]


@pytest.mark.parametrize("card", [scorecard(), ruled()], ids=["model", "rules"])
def test_a_clean_first_list_trips_nothing(card: pd.DataFrame) -> None:
    assert found(summed(card)) == []


def test_a_list_needs_rows() -> None:
    assert codes(summed(scorecard(0), frame(0))) == ["rows-few"]
    assert codes(summed(scorecard(20)), rows_at_least=20) == []
    assert codes(summed(scorecard(20)), rows_at_least=21) == ["rows-few"]


def test_an_account_stands_in_it_once() -> None:
    twice = pd.concat([scorecard(), scorecard().iloc[:1]], ignore_index=True)
    assert codes(summed(twice)) == ["accounts-doubled"]


def test_somebody_is_to_be_contacted() -> None:
    one = ["leave alone"] * 99 + ["protect"]
    assert codes(summed(scorecard(action=one))) == []
    assert codes(summed(scorecard(action="leave alone"))) == ["nobody-to-contact"]


def test_somebody_is_on_a_list() -> None:
    worklist = pd.DataFrame({"state": ["open", "open", "closed"], "rank": [1.0, np.nan, np.nan]})
    assert codes(summed(worklist=worklist)) == []
    assert codes(summed(worklist=worklist.assign(state="closed"))) == ["worklist-empty"]
    assert codes(summed(worklist=worklist.iloc[1:])) == ["worklist-empty"]
    assert codes(summed(worklist=worklist.iloc[:0])) == ["worklist-empty"]


def test_not_too_many_signals_may_be_known_of_nobody() -> None:
    # of two signals one is half of them
    assert codes(summed(signals=frame(gate_hits=1.0).drop(columns="health"))) == []
    assert codes(summed(signals=frame(gate_hits=0.99, health=1.0, seat_utilisation=1.0))) == ["signals-lacking"]
    assert codes(summed(signals=frame(gate_hits=0.99, health=0.99, seat_utilisation=0.99))) == []


def test_signals_without_a_table_are_no_fault() -> None:
    signals = frame(health=1.0, gate_hits=1.0)
    assert codes(summed(signals=signals, unavailable=["health", "gate_hits"])) == []
    alone = frame(health=1.0, gate_hits=1.0, seat_utilisation=1.0)
    told = found(summed(signals=alone, unavailable=["health", "gate_hits"]))
    assert [one.about for one in told] == [("seat_utilisation",)]


def test_a_model_gives_every_account_its_chance() -> None:
    for lacking, expected in ((1, []), (2, ["chances-lacking"])):
        given = chances(100)
        given[:lacking] = np.nan
        told = found(summed(scorecard(p_churn=given)))
        assert [one.code for one in told] == expected
        assert all(one.about == ("churn",) for one in told)


def test_scores_differ() -> None:
    # half of the accounts a share above the mean, half as much below: the share is the deviation over the mean
    for share, expected in ((0.0501, []), (0.0499, ["scores-alike"]), (0.0, ["scores-alike"])):
        given = 0.1 * np.where(np.arange(100) % 2, 1 + share, 1 - share)
        assert codes(summed(scorecard(p_add_on=given))) == expected, share


def test_points_differ_under_rules() -> None:
    assert codes(summed(ruled(points=[25] + [0] * 99))) == []
    assert codes(summed(ruled(points=25))) == ["scores-alike"]
    assert codes(summed(ruled(points=0))) == ["scores-alike"]


def test_not_everybody_buys() -> None:
    given = chances(100)
    for mean, expected in ((0.499, []), (0.501, ["chances-high"])):
        assert codes(summed(scorecard(p_add_on=given - given.mean() + mean))) == expected
    assert codes(summed(scorecard(p_churn=given - given.mean() + 0.6))) == []  # a bound of upsells alone


def test_the_newest_row_of_a_table_is_not_old() -> None:
    now = summed()
    assert codes(now, {"usage_events": 7, "tickets": 400}) == []
    assert codes(now, {"usage_events": 8}) == ["data-old"]
    assert codes(now, {"usage_events": None}) == ["data-old"]
    assert codes(now, {"tickets": 30}, age_days={"tickets": 30}) == []
    told = found(now, {"usage_events": 8, "tickets": 31}, age_days={"tickets": 30})
    assert [(one.code, one.about) for one in told] == [("data-old", ("usage_events", "tickets"))]


def test_a_list_that_has_expired_does_not_leave() -> None:
    last_day = AS_OF + dt.timedelta(days=30)
    assert codes(summed(), today=last_day) == []
    assert codes(summed(), today=last_day + dt.timedelta(days=1)) == ["expired"]
