from __future__ import annotations

import pandas as pd

from uptier.simulate.voice import GAP_TEXTS, VERBATIMS

Tables = dict[str, pd.DataFrame]
UNTIL = pd.Timestamp("2026-01-01", tz="UTC")


def test_tickets_name_gaps_most_where_they_are_urgent(tables: Tables) -> None:
    tickets = tables["tickets"]
    parts = [text.split("{words}")[0] for text in GAP_TEXTS]
    named = tickets[tickets["text"].str.startswith(tuple(parts))]
    month = named["opened_at"].dt.tz_localize(None).dt.to_period("M").dt.to_timestamp()
    count = named.groupby(["account_id", month]).size().rename("count")
    told = tables["truth"].merge(count, left_on=["account_id", "as_of"], right_index=True, how="left")
    mean = told.fillna({"count": 0}).groupby("gap")["count"].mean()
    assert mean["urgent"] > 3 * mean["none"]


def test_a_ticket_closes_after_it_opened_and_in_the_time_of_the_world(tables: Tables) -> None:
    tickets = tables["tickets"]
    closed = tickets.dropna(subset="closed_at")
    assert (closed["closed_at"] >= closed["opened_at"]).all()
    assert (closed["closed_at"] < UNTIL).all()
    assert set(tickets["escalated"]) == {0, 1}


def test_answers_lie_between_0_and_10_and_follow_the_mood(tables: Tables) -> None:
    answers = tables["survey_responses"]
    assert answers["nps"].between(0, 10).all()
    kind = {text: mood for mood, texts in VERBATIMS.items() for text in texts}
    by_mood = answers.groupby(answers["text"].map(kind))["nps"].mean()
    assert by_mood["good"] > by_mood["fair"] > by_mood["poor"]


def test_first_value_is_reached_once_by_new_customers_only(tables: Tables) -> None:
    reached = tables["milestones"]
    first = reached[reached["milestone"] == "first_value"]
    assert first["account_id"].duplicated().sum() == 0
    created = tables["accounts"].set_index("account_id")["created_at"]
    assert (first["account_id"].map(created) >= pd.Timestamp("2025-01-01", tz="UTC")).all()
    assert set(reached["milestone"]) == {"go_live", "first_value", "goal_met"}
