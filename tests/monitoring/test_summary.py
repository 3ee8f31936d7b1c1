"""What is kept of a list says enough to hold the next one against, and names nobody."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from tests.explanation.tiny import AS_OF as TINY_AS_OF
from tests.explanation.tiny import CATALOG, bundle, facts
from tests.explanation.tiny import frame as tiny_frame
from tests.explanation.tiny import settings as tiny_settings
from tests.monitoring.lists import AS_OF, frame, ruled, scorecard, summed
from uptier.monitoring.summary import COLUMNS, ages_of, summary
from uptier.scoring.batch import score


@pytest.mark.parametrize("learnt", [True, False])
def test_a_real_scorecard_is_summed_up(learnt: bool) -> None:
    given = tiny_frame(30)
    model = bundle() if learnt else None
    card = score(
        given, facts(given), model, CATALOG, tiny_settings(), as_of=TINY_AS_OF, version="3" if learnt else None
    )
    found = summary(card, given)
    assert (found["rows"], found["accounts"], found["by_rules"]) == (30, 30, not learnt)
    assert found["model_version"] == ("3" if learnt else None)
    assert set(COLUMNS) <= set(card.columns)
    assert set(found["null_rates"]) == {signal.name for signal in CATALOG.signals}
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_only_the_columns_that_it_names_are_read() -> None:
    assert summary(scorecard()[list(COLUMNS)], frame()) == summary(scorecard(), frame())


def test_counts_shares_and_dates_are_those_of_the_list() -> None:
    found = summed(signals=frame(gate_hits=0.25), unavailable=["health"])
    assert (found["as_of"], found["expires_on"], found["model_version"]) == ("2026-03-01", "2026-03-31", "3")
    assert found["null_rates"] == {"seat_utilisation": 0.0, "gate_hits": 0.25, "health": 0.0}
    assert found["unavailable"] == ["health"]
    assert found["actions"] == {"leave alone": 0.25, "nurture first": 0.25, "pitch": 0.25, "protect": 0.25}
    assert found["tiers"] == {"High": 0.25, "Low": 0.25, "Medium": 0.25, "Not ready": 0.25}


def test_a_chance_is_told_by_mean_spread_deciles_and_histogram() -> None:
    chances = np.concatenate([np.full(50, 0.1), np.full(50, 0.3)])
    one = summed(scorecard(p_churn=chances))["chances"]["churn"]
    assert one["known"] == sum(one["histogram"].values()) == 100
    assert one["mean"] == pytest.approx(0.2)
    assert one["spread"] == pytest.approx(0.5)
    assert one["deciles"][0] == pytest.approx(0.1)
    assert one["deciles"][8] == pytest.approx(0.3)
    assert one["lacking"] == 0


def test_only_what_a_model_gave_has_to_spread() -> None:
    pooled = summed(scorecard(p_churn=0.1, basis_churn="pooled rate"))["chances"]["churn"]
    assert (pooled["spread"], pooled["mean"]) == (None, pytest.approx(0.1))
    topped = scorecard()
    topped.loc[:89, ["p_plan_upgrade", "basis_plan_upgrade"]] = [0.0, "no plan above"]
    assert summed(topped)["chances"]["plan_upgrade"]["spread"] < 0.1  # of ten that lie close together
    assert summed(scorecard(9))["chances"]["churn"]["spread"] is None


def test_a_chance_lacks_only_where_a_head_should_give_one() -> None:
    chances = np.full(100, 0.1)
    chances[:10] = np.nan
    owed = summed(scorecard(p_churn=chances))["chances"]["churn"]
    assert owed["lacking"] == pytest.approx(0.1)
    not_there = summed(scorecard(p_churn=np.nan, basis_churn="not available"))["chances"]["churn"]
    assert (not_there["lacking"], not_there["mean"], not_there["histogram"]) == (0, None, {})


def test_rules_give_points_and_no_chance() -> None:
    found = summed(ruled())
    assert found["by_rules"]
    assert found["model_version"] is None
    assert found["points"]["spread"] > 0.5
    assert all(one["known"] == 0 for one in found["chances"].values())


def test_the_null_rates_may_be_given_instead_of_the_frame() -> None:
    rates = {"seat_utilisation": 0.0, "gate_hits": 0.25, "health": 0.0}
    assert summary(scorecard(), rates) == summary(scorecard(), frame(gate_hits=0.25))


def test_a_worklist_counts_its_open_rows_and_those_on_a_list() -> None:
    worklist = pd.DataFrame(
        {"state": ["open", "closed", "open"], "tier": ["A", "B", "B"], "rank": [1.0, np.nan, np.nan]}
    )
    assert summed(worklist=worklist)["worklist"] == {"rows": 3, "open": 2, "listed": 1, "tiers": {"A": 0.5, "B": 0.5}}
    bare = pd.DataFrame({"account_id": ["a", "a", "b"]})
    assert summed(worklist=bare)["worklist"] == {"rows": 3, "open": 3, "listed": 3, "tiers": {}}
    assert summed()["worklist"] is None


def test_an_empty_list_is_summed_up_too() -> None:
    found = summed(scorecard(0), frame(0))
    assert (found["rows"], found["as_of"], found["null_rates"], found["actions"]) == (0, None, {}, {})
    json.dumps(found, allow_nan=False)


def test_no_account_is_named() -> None:
    assert "secret" not in json.dumps(summed(worklist=scorecard()))


def test_an_age_is_days_before_the_date() -> None:
    newest = {"usage_events": AS_OF - dt.timedelta(days=2), "tickets": None}
    assert ages_of(newest, AS_OF) == {"usage_events": 2, "tickets": None}
