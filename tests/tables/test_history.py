from __future__ import annotations

import pandas as pd
import pytest

from uptier.errors import SignalError
from uptier.tables.drawn import drawn, tables_of
from uptier.tables.history import grid_of

SUBSCRIPTIONS = """
    # subscriptions
    account | seats | valid_from | valid_to   | recorded_at | end_recorded_at | end_reason
    a       | 5     | 2026-01-01 | 2026-02-10 | 2026-01-03  | 2026-02-20      | changed
    a       | 8     | 2026-02-10 |            | 2026-02-20  |                 |
    """


def seen(text: str, name: str, as_of: str, *columns: str, **settings: object) -> list[tuple[object, ...]]:
    past = drawn(text, as_of=as_of, accounts="a", **settings).past(name).order_by("day").to_pandas()
    shown = past[list(columns)].astype(object)
    return list(shown.where(shown.notna(), None).itertuples(index=False, name=None))


def test_a_row_shows_from_the_day_after_it_happened_and_became_known() -> None:
    assert seen(SUBSCRIPTIONS, "subscriptions", "2026-01-03", "seats") == []
    assert seen(SUBSCRIPTIONS, "subscriptions", "2026-01-04", "seats", "age") == [(5, 3)]
    assert seen(SUBSCRIPTIONS, "subscriptions", "2026-02-20", "seats") == [(5,)]
    assert seen(SUBSCRIPTIONS, "subscriptions", "2026-02-21", "seats", "age") == [(5, 51), (8, 11)]


def test_an_end_shows_once_it_is_known() -> None:
    as_of = pd.Timestamp("2026-02-10")
    assert seen(SUBSCRIPTIONS, "subscriptions", "2026-02-20", "valid_to", "end_day") == [(None, None)]
    assert seen(SUBSCRIPTIONS, "subscriptions", "2026-02-21", "valid_to")[0] == (as_of,)


def test_why_it_ended_shows_with_the_end() -> None:
    assert seen(SUBSCRIPTIONS, "subscriptions", "2026-02-20", "end_reason") == [(None,)]
    assert seen(SUBSCRIPTIONS, "subscriptions", "2026-02-21", "end_reason") == [("changed",), (None,)]
    # a reason without an end is not known to have come
    early = "# subscriptions\naccount | valid_from | end_reason\na | 2026-01-01 | cancelled"
    assert seen(early, "subscriptions", "2026-02-21", "end_reason") == [(None,)]


def test_the_last_minute_of_a_day_belongs_to_it() -> None:
    text = "# milestones\naccount | milestone | reached_at\na | x | 2026-01-01 23:59\na | y | 2026-01-02 00:00"
    assert seen(text, "milestones", "2026-01-02", "milestone") == [("x",)]


def test_a_lag_stands_in_for_a_time_of_recording() -> None:
    text = "# milestones\naccount | milestone | reached_at\na | x | 2026-01-01"
    lag = {"milestones": {"lag_days": 5}}
    assert seen(text, "milestones", "2026-01-06", "milestone", tables=lag) == []
    assert seen(text, "milestones", "2026-01-07", "milestone", tables=lag) == [("x",)]


def test_what_the_source_overwrites_does_not_show_unless_vouched_for() -> None:
    text = "# tickets\naccount | opened_at | priority | closed_at\na | 2026-01-01 | high | 2026-01-05"
    assert "priority" not in drawn(text, as_of="2026-02-01", accounts="a").past("tickets").columns
    since = {"tickets.priority": "2026-01-04"}
    assert seen(text, "tickets", "2026-01-03", "priority", holds_since=since) == [(None,)]
    assert seen(text, "tickets", "2026-01-04", "priority", holds_since=since) == [("high",)]
    assert seen(text, "tickets", "2026-01-05", "closed_at") == [(None,)]
    assert seen(text, "tickets", "2026-01-06", "closed_at") == [(pd.Timestamp("2026-01-05"),)]


def test_the_result_of_a_contact_shows_once_it_is_known() -> None:
    text = "# outreach\naccount | contacted_at | result | result_at\na | 2026-01-01 | won | 2026-01-05"
    assert seen(text, "outreach", "2026-01-05", "result") == [(None,)]
    assert seen(text, "outreach", "2026-01-06", "result") == [("won",)]


def test_facts_come_with_the_day_since_which_they_hold() -> None:
    text = "# accounts\naccount | region | segment\na | EMEA | small"
    history = drawn(text, as_of="2026-01-01", accounts="a", holds_since={"accounts.region": "2025-01-01"})
    facts = history.facts("accounts")
    assert "segment" not in facts.columns
    assert str(facts.region_since.to_pandas().iloc[0])[:10] == "2025-01-01"
    assert history.has("accounts", ["region"])
    assert not history.has("accounts", ["segment"])


@pytest.mark.parametrize("name", ["truth", "accounts", "tickets", "usage"])
def test_what_has_no_past_is_refused(name: str) -> None:
    with pytest.raises(SignalError, match=f"History has no past of '{name}' to show"):
        drawn("", as_of="2026-01-01", accounts="a").past(name)


@pytest.mark.parametrize("name", ["truth", "subscriptions", "usage_events"])
def test_what_happened_is_no_fact(name: str) -> None:
    with pytest.raises(SignalError, match="does not only describe"):
        drawn("", as_of="2026-01-01", accounts="a").facts(name)


def test_usage_is_refused_where_there_is_none() -> None:
    with pytest.raises(SignalError) as caught:
        drawn("", as_of="2026-01-01", accounts="a").past_usage([], days=28)
    assert str(caught.value) == "History has no usage to show.\nMap usage_events or usage_daily."


def test_a_pair_that_stands_twice_in_the_grid_counts_once() -> None:
    tables = tables_of("", data_until="2026-01-01", accounts="a")
    pairs = pd.DataFrame({"account_id": ["a", "a"], "as_of": pd.to_datetime(["2026-01-01"] * 2)})
    assert len(grid_of(tables, pairs).to_pandas()) == 1


def test_a_stretch_begins_anew_after_a_break() -> None:
    history = drawn(
        """
        # subscriptions
        account | subscription_id | valid_from | valid_to
        back    | s1              | 2024-01-10 | 2024-06-10
        back    | s1              | 2025-02-20 |
        stayed  | s2              | 2024-01-10 | 2024-06-10
        stayed  | s2              | 2024-06-10 |
        """,
        as_of="2025-05-01",
        accounts="back stayed",
    )
    rows = history.running().select("account_id", "first_day").to_pandas()
    told = {row.account_id: str(row.first_day)[:10] for row in rows.itertuples()}
    assert told == {"back": "2025-02-20", "stayed": "2024-01-10"}
