from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.tables.told_answers import drawn_answers
from tests.training.worlds import drawn_examples, settings
from uptier.outcomes.outcome import Examples
from uptier.signals.catalog import catalog
from uptier.tables.answers import add_answers
from uptier.training.trigger_records import records_of, warning_records

ORIGINS = (pd.Timestamp("2025-05-01"), pd.Timestamp("2025-08-01"))


def seen(outcome: str, signal: str, high: float, low: float, *, seed: int = 0) -> Examples:
    """Draw an outcome that comes more often where a signal is high, and the catalogue's other signals unknown."""
    given = drawn_examples(outcome, accounts=200, seed=seed)
    growth = given.frame["growth"].abs()
    columns = {
        one.name: pd.Series(None, index=growth.index, dtype=object) if one.is_category else np.full(len(growth), np.nan)
        for one in catalog().signals
    }
    columns[signal] = np.where(growth > 1, high, low)
    return replace(given, frame=pd.DataFrame({**given.frame[["account_id", "as_of"]], **columns}))


def test_a_trigger_is_held_against_the_outcome_that_it_opens(tmp_path: Path) -> None:
    given = seen("plan_upgrade", "highest_quota_utilisation", 0.95, 0.2)
    made = records_of(given, catalog(), settings=settings(tmp_path), origins=ORIGINS)
    assert [one.trigger for one in made] == [one.name for one in catalog().triggers if one.opens == "plan_upgrade"]
    verdicts = {one.trigger: one.verdict for one in made}
    assert verdicts.pop("running_out_of_capacity") == "helps"
    assert set(verdicts.values()) == {"not available"}
    one = next(one for one in made if one.trigger == "running_out_of_capacity")
    assert [part.origin for part in one.by_origin] == ["2025-01-01", "2025-05-01", "2025-08-01"]


def test_a_warning_is_held_against_churn_and_any_conversion(tmp_path: Path) -> None:
    leaves = seen("churn", "nps", 3.0, 9.0)
    (one,) = records_of(leaves, catalog(), settings=settings(tmp_path), origins=ORIGINS)
    assert (one.trigger, one.outcome, one.verdict) == ("unhappy_customer", "churn", "helps")
    buys = {
        "seat_expansion": seen("seat_expansion", "nps", 9.0, 3.0),
        "add_on": seen("add_on", "nps", 9.0, 3.0),
        "churn": leaves,
    }
    (one,) = warning_records(buys, catalog(), settings=settings(tmp_path), origins=ORIGINS)
    assert (one.trigger, one.outcome, one.verdict) == ("unhappy_customer", "any conversion", "works against")
    assert one.n == len(leaves.frame)


@pytest.mark.parametrize("outcome", ["post_upsell_churn", "win_back"])
def test_an_outcome_that_no_trigger_is_about_has_no_record(outcome: str, tmp_path: Path) -> None:
    given = seen(outcome, "nps", 3.0, 9.0)
    assert records_of(given, catalog(), settings=settings(tmp_path), origins=ORIGINS) == ()
    assert warning_records({outcome: given}, catalog(), settings=settings(tmp_path), origins=ORIGINS) == ()


def test_a_trigger_that_people_call_wrong_loses_its_place(tmp_path: Path) -> None:
    project = settings(tmp_path)
    lines = ["key | reason_code | status | because | known_at"]
    lines += [
        f"{n}:add_on:2025-01-01 | running_out_of_capacity | Dismissed | reason is wrong | 2025-01-05" for n in range(12)
    ]
    add_answers(project.store, drawn_answers("\n".join(lines)))
    given = seen("plan_upgrade", "highest_quota_utilisation", 0.95, 0.2)
    made = {one.trigger: one for one in records_of(given, catalog(), settings=project, origins=ORIGINS)}
    assert made["running_out_of_capacity"].verdict == "called wrong"
    assert made["running_out_of_capacity"].said.wrong == 12
