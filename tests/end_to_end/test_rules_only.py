"""Where there is too little to learn from, or no past at all: rules decide, and everything says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.end_to_end.jobs import SMALL, Called, called
from uptier.project import Project
from uptier.settings import OUTCOMES

NUMBERS = ("p_any", "gain_arr", "expected_value", "priority", "base_points", "context_points", "other_points")

# what a company has that keeps only what holds today
CURRENT = """\
tables:
  subscriptions:
    form: current
    sql: SELECT subscription_id, account_id, plan_id, seats, mrr FROM subscriptions WHERE valid_to IS NULL
accept:
  - code: usage-outside-subscription
    reason: it is that of customers who have left, and nothing tells when
    treatment: drop
"""


@pytest.fixture(scope="module")
def told(small_run: Called) -> dict[str, Any]:
    return small_run.json()


@pytest.fixture(scope="module")
def card(told: dict[str, Any]) -> pd.DataFrame:
    return pd.read_parquet(told["score"]["scorecard"])


@pytest.fixture(scope="module")
def current(small: Path) -> Path:
    config = small.with_name("current.yaml")
    config.write_text(SMALL.replace("./store", "./current-store") + CURRENT)
    return config


def test_the_gate_refuses_and_the_job_finishes(small_run: Called, told: dict[str, Any]) -> None:
    assert small_run.code == 3
    assert told["train"]["registered"] == {"name": "uptier", "version": "1", "alias": "challenger"}
    assert told["score"]["fallback"] is True
    assert told["score"]["model_version"] is None


def test_every_upsell_says_why_it_has_no_model(told: dict[str, Any]) -> None:
    reasons = told["train"]["refused_because"]
    assert [reason.partition(":")[0] for reason in reasons] == ["seat_expansion", "plan_upgrade", "add_on"]
    assert all("Too few cases to learn from" in reason for reason in reasons)


def test_no_percentage_is_given_and_every_row_says_that_it_rests_on_rules(card: pd.DataFrame) -> None:
    assert set(card["basis"]) == {"rules"}
    for outcome in OUTCOMES:
        assert set(card[f"basis_{outcome}"]) == {"rules"}
        assert card[f"p_{outcome}"].isna().all()
    assert card[[*NUMBERS, *(name for name in card if name.endswith("_points"))]].isna().all().all()
    assert card["model_version"].isna().all()


def test_rows_stand_in_the_order_of_points_with_tier_and_reasons(card: pd.DataFrame) -> None:
    assert card["points"].is_monotonic_decreasing
    assert set(card["tier"]) <= {"High", "Medium", "Low", "Not ready"}
    assert card["tier"].nunique() > 1
    assert card["reason_1"].notna().mean() > 0.5


def test_a_brief_by_rules_names_no_chance(small: Path, small_run: Called, card: pd.DataFrame) -> None:
    text = Project(small).explain(card["account_id"].iloc[0]).text()
    assert "points by the rules" in text
    assert "none are given" in text
    assert "in 10 accounts" not in text


def test_a_table_without_a_past_is_not_learnt_from(current: Path) -> None:
    refused = called("train", current)
    assert refused.code == 4
    assert refused.out == ""
    assert refused.err == (
        "The subscriptions tell only what holds today: there is no past to learn from.\n"
        "Keep a dated copy of the table every day from now on, and use form: snapshots once there are some months of "
        "it. Until then 'uptier score' works by rules.\n"
    )


def test_a_table_without_a_past_is_scored_by_rules(current: Path, card: pd.DataFrame) -> None:
    scored = called("score", current, "--json")
    assert scored.code == 0
    assert scored.json()["fallback"] is True
    now = pd.read_parquet(scored.json()["scorecard"])
    assert set(now["basis"]) == {"rules"}
    # what is held today is what the dated table says of today
    same = now.merge(card, on="account_id")
    assert len(same) > 50
    assert (same["seats_x"] == same["seats_y"]).all()
