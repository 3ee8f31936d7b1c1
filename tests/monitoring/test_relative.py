"""A list against the last one: each bound just inside and just outside; against itself nothing trips."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.monitoring.lists import ACTIONS, FRESH, TIERS, chances, frame, ruled, scorecard, summed
from uptier.breaker_settings import BreakerSettings
from uptier.monitoring.comparing import compared
from uptier.monitoring.finding import Finding
from uptier.monitoring.relative import against_last
from uptier.monitoring.stability import chance_stability, stability

SHARE = st.one_of(st.just(float("nan")), st.floats(0, 1))


def found(now: Any, before: Any, ages: Any = FRESH, moved: Any = None, **bounds: Any) -> list[Finding]:
    return list(against_last(now, before, BreakerSettings(**bounds), ages, moved))


def codes(*given: Any, **more: Any) -> list[str]:
    return [one.code for one in found(*given, **more)]


def shifted(share: float, names: tuple[str, ...]) -> list[str]:
    """Of a hundred accounts, a share with the next name."""
    return [names[(number + (number < share * 100)) % 4] for number in range(100)]


@given(
    st.lists(
        st.tuples(SHARE, st.sampled_from(ACTIONS), st.sampled_from(TIERS), st.integers(0, 140), SHARE), max_size=60
    ),
    st.one_of(st.none(), st.integers(0, 900)),
)
def test_any_list_against_itself_trips_nothing(rows: list[tuple[Any, ...]], age: int | None) -> None:
    columns = list(zip(*rows, strict=True)) or [[], [], [], [], []]
    card = scorecard(len(rows), p_churn=columns[0], action=columns[1], tier=columns[2], points=columns[3])
    signals = frame(len(rows)).assign(health=np.array(columns[4], dtype=float))
    ages = {"usage_events": age}
    now = summed(card, signals, worklist=card, ages=ages)
    assert found(now, now, ages) == []
    assert found(now, now, ages, compared(card, card)) == []


def test_accounts_do_not_vanish() -> None:
    before = summed(scorecard(100))
    assert codes(summed(scorecard(80)), before) == []
    assert codes(summed(scorecard(79)), before) == ["rows-lost"]


def test_accounts_do_not_come_from_nowhere() -> None:
    before = summed(scorecard(100))
    assert codes(summed(scorecard(150)), before) == []
    assert codes(summed(scorecard(151)), before) == ["rows-gained"]


def test_the_open_rows_of_a_worklist_neither() -> None:
    before = summed(worklist=scorecard(100))
    assert codes(summed(worklist=scorecard(60)), before) == []
    assert codes(summed(worklist=scorecard(59)), before) == ["worklist-lost"]
    assert codes(summed(worklist=scorecard(200)), before) == []
    assert codes(summed(worklist=scorecard(201)), before) == ["worklist-gained"]
    assert codes(summed(worklist=scorecard(10)), summed()) == []  # there was none to hold it against


def test_the_tiers_of_a_worklist_do_not_all_move() -> None:
    before = summed(worklist=scorecard(tier="B"))
    assert codes(summed(worklist=scorecard(tier=["A"] * 50 + ["B"] * 50)), before) == []
    told = found(summed(worklist=scorecard(tier=["A"] * 51 + ["B"] * 49)), before)
    assert [one.code for one in told] == ["tier-changed"]
    assert told[0].found == "51.0 % of the worklist's open rows have another tier than last time at the least"
    other = scorecard(model_version="4")
    assert codes(summed(other, worklist=scorecard(tier="A")), before) == []


def test_a_signal_does_not_vanish() -> None:
    before = summed(signals=frame(health=0.3))
    assert codes(summed(signals=frame(health=0.5)), before) == []
    told = found(summed(signals=frame(health=0.51)), before)
    assert [(one.code, one.about) for one in told] == [("nulls-risen", ("health",))]
    assert "51.0 %, 30.0 % last time" in told[0].found


def test_signals_that_are_new_or_gone_from_the_catalogue_are_not_compared() -> None:
    before = summed(signals=frame().drop(columns="health"))
    assert codes(summed(signals=frame(health=1.0)), before) == []
    assert codes(before, summed(signals=frame(health=1.0))) == []


@pytest.mark.parametrize(("what", "names"), [("action", ACTIONS), ("tier", TIERS)])
def test_accounts_do_not_all_move(what: str, names: tuple[str, ...]) -> None:
    before = scorecard()
    for share, expected in ((0.5, []), (0.51, [f"{what}-changed"])):
        card = scorecard(**{what: shifted(share, names)})
        assert codes(summed(card), summed(before), moved=compared(card, before)) == expected


@pytest.mark.parametrize("what", ["action", "tier"])
def test_without_the_last_scorecard_its_shares_tell_how_many_moved_at_the_least(what: str) -> None:
    before = summed(scorecard(**{what: ["one"] * 100}))
    for moved, expected in ((50, []), (51, [f"{what}-changed"])):
        told = found(summed(scorecard(**{what: ["two"] * moved + ["one"] * (100 - moved)})), before)
        assert [one.code for one in told] == expected
        assert all("at the least" in one.found for one in told)


def test_scores_do_not_drift() -> None:
    rows = 2000
    before = summed(scorecard(rows))
    then = before["chances"]["churn"]["histogram"]
    odds = chances(rows) / 4 / (1 - chances(rows) / 4)
    for times, expected in ((1.25, []), (1.27, ["score-drift"])):
        now = summed(scorecard(rows, p_churn=times * odds / (1 + times * odds)))
        index = stability(now["chances"]["churn"]["histogram"], then)
        assert (index > 0.25) is bool(expected)
        told = found(now, before)
        assert [one.code for one in told] == expected
        assert all(one.about == ("churn",) for one in told)
        # the bound itself decides, to the last digit
        assert codes(now, before, score_drift=index) == []
        assert codes(now, before, score_drift=index - 1e-6) == ["score-drift"]


def test_few_accounts_may_drift_as_far_as_chance_takes_them() -> None:
    now, before = summed(scorecard(40, p_churn=chances(40) / 2.5)), summed(scorecard(40))
    today, then = (one["chances"]["churn"]["histogram"] for one in (now, before))
    assert 0.25 < stability(today, then) < chance_stability(today, then)
    assert codes(now, before) == []


def test_another_champion_is_told_and_does_not_trip_unseen() -> None:
    turned = scorecard(model_version="4", p_churn=0.5 + chances(100), action=shifted(1.0, ACTIONS))
    moved = compared(turned, scorecard())
    assert codes(summed(turned), summed(), moved=moved) == []
    same = turned.assign(model_version="3")
    assert codes(summed(same), summed(), moved=moved) == ["action-changed", "score-drift"]


def test_another_champion_excuses_no_fault_of_the_data() -> None:
    now = summed(scorecard(50, model_version="4"), frame(50, health=0.9))
    assert codes(now, summed()) == ["rows-lost", "nulls-risen"]


def test_rules_do_not_replace_a_champion_unseen() -> None:
    assert codes(summed(ruled()), summed()) == ["champion-gone"]
    assert codes(summed(), summed(ruled())) == []
    assert codes(summed(ruled()), summed(ruled())) == []


def test_a_list_is_not_older_than_what_was_delivered() -> None:
    earlier = scorecard(as_of=pd.Timestamp("2026-02-28"))
    assert codes(summed(), summed(earlier)) == []
    assert codes(summed(earlier), summed()) == ["older-than-last"]


def test_a_table_does_not_stand_still() -> None:
    before = summed()  # tickets: 3 days
    assert codes(summed(), before, {"usage_events": 1, "tickets": 48}) == []
    assert codes(summed(), before, {"usage_events": 1, "tickets": 49}) == ["data-stands-still"]
    assert codes(summed(), before, {"usage_events": 1, "tickets": None}) == ["data-stands-still"]
    assert codes(summed(), before, {}) == []  # what is not told is not held


def test_a_last_list_of_nobody_holds_nothing_against_this_one() -> None:
    empty = summed(scorecard(0), frame(0))
    assert "rows-gained" not in codes(summed(), empty)
    assert codes(empty, summed()) == ["rows-lost"]
