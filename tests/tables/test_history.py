from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.signals.stored import open_company, write_company
from uptier.errors import SignalError
from uptier.signals import promises
from uptier.signals.catalog import Catalog, catalog
from uptier.signals.drawn_timelines import worlds
from uptier.tables.drawn import drawn, tables_of
from uptier.tables.history import History, grid_of, history_of
from uptier.tables.rollup import usage_rollup
from uptier.thresholds import Thresholds

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


@pytest.mark.parametrize("which", ["days", "touches", "people"])
def test_usage_is_refused_where_there_is_none(which: str) -> None:
    history = drawn("", as_of="2026-01-01", accounts="a")
    for ask in (history.past_usage, history.latest_usage):
        with pytest.raises(SignalError) as caught:
            ask(which, days=28)
        assert str(caught.value) == f"History has no usage of {which} to show.\nMap usage_events or usage_daily."
    daily = drawn("# usage_daily\naccount | day | kind | events", as_of="2026-01-01", accounts="a")
    assert daily.past_usage("days", days=28).count().to_pandas() == 0
    with pytest.raises(SignalError, match="no usage of people"):
        daily.past_usage("people", days=28)


USAGE = """
    account | user | occurred_at      | kind         | feature | recorded_at
    a       | u    | 2026-01-09 23:59 | login        |         |
    a       | u    | 2026-01-10 00:00 | login        |         |
    a       | u    | 2026-01-15       | gate_hit     | sso     | 2026-01-20
    a       | v    | 2026-01-15       | export       | csv     |
    a       | u    | 2026-01-18       | feature_used | reports | 2026-01-10
    b       | u    | 2026-01-19       | login        |         |
    b       | u    | 2026-01-20       | trial_use    | sso     |
    c       | u    | 2026-01-19       | login        |         |
    """


def looked(text: str, *looks: tuple[str, str], dense: bool = False, everyone: bool = False) -> History:
    """Look at some accounts from dates of their own."""
    tables = tables_of(text, data_until="2026-12-31", accounts="a b c d")
    pairs = pd.DataFrame(looks, columns=["account_id", "as_of"]).assign(as_of=lambda rows: pd.to_datetime(rows.as_of))
    return History(tables, grid_of(tables, pairs), usage_rollup(tables), dense, everyone)


def ages(past: Any, *columns: str) -> list[tuple[Any, ...]]:
    rows = past.to_pandas()
    rows["as_of"] = rows["as_of"].astype("datetime64[us]").dt.strftime("%m-%d")
    return sorted(rows[["account_id", "as_of", *columns, "age"]].itertuples(index=False, name=None))


WAYS = [(False, False), (True, False), (True, True)]


@pytest.mark.parametrize(("dense", "everyone"), WAYS)
def test_usage_shows_from_the_day_after_it_happened_and_became_known(dense: bool, everyone: bool) -> None:
    looks = [("a", "2026-01-20"), ("a", "2026-01-21"), ("b", "2026-01-20"), ("b", "2026-01-21")]
    history = looked(USAGE, *looks, dense=dense, everyone=everyone)
    past = history.past_usage("people", days=11)
    told = [row for row in ages(past, "user_id") if row[0] != "c"]
    assert told == [
        ("a", "01-20", "u", 2),
        ("a", "01-20", "u", 10),
        ("a", "01-20", "u", 11),
        ("a", "01-20", "v", 5),
        # eleven days back the 9th is out, and what became known on the 20th is there
        ("a", "01-21", "u", 3),
        ("a", "01-21", "u", 6),
        ("a", "01-21", "u", 11),
        ("a", "01-21", "v", 6),
        ("b", "01-20", "u", 1),
        ("b", "01-21", "u", 1),
        ("b", "01-21", "u", 2),
    ]
    touches = ages(history.past_usage("touches", days=11, kinds=("gate_hit", "trial_use")))
    assert touches == [("a", "01-21", 6), ("b", "01-21", 1)]


@pytest.mark.parametrize(("dense", "everyone"), WAYS)
def test_how_long_ago_the_latest_usage_was(dense: bool, everyone: bool) -> None:
    looks = [("a", day) for day in ("2026-01-09", "2026-01-10", "2026-01-18", "2026-01-19", "2026-02-20")]
    looks += [("b", "2026-01-20"), ("d", "2026-01-20")]
    history = looked(USAGE, *looks, dense=dense, everyone=everyone)
    asked = {(account, day[5:]) for account, day in looks}
    found = {row[:2]: row[2] for row in ages(history.latest_usage("days", days=32)) if row[:2] in asked}
    # nothing was known on the 9th; on the 20th of February the 18th is 33 days ago
    assert found == {("a", "01-10"): 1, ("a", "01-18"): 3, ("a", "01-19"): 1, ("b", "01-20"): 1}
    longer = {row[:2]: row[2] for row in ages(history.latest_usage("days", days=33)) if row[:2] in asked}
    assert longer == found | {("a", "02-20"): 33}
    gates = {row[:2]: row[2] for row in ages(history.latest_usage("touches", days=366, kinds=("gate_hit",)))}
    assert {key: age for key, age in gates.items() if key in asked} == {("a", "02-20"): 36}


def test_where_others_are_left_out_only_those_who_are_looked_at_show() -> None:
    history = looked(USAGE, ("b", "2026-01-21"), dense=True)
    assert {row[0] for row in ages(history.past_usage("days", days=366))} == {"b"}
    history = looked(USAGE, ("b", "2026-01-21"))
    assert {row[0] for row in ages(history.past_usage("days", days=366))} == {"b"}


@pytest.mark.parametrize("place", [1, 2, 3])
def test_looking_up_dates_first_gives_the_same_signals(place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over timelines drawn by chance, where most rows come late or lie ahead."""
    world = worlds(7)[place]
    look = promises.Look(accounts=world.accounts, thresholds=Thresholds())
    sparse = promises.frame_of(catalog(), world, look)
    monkeypatch.setattr(promises, "History", partial(History, dense=True, everyone=True))
    dense = promises.frame_of(catalog(), world, look)
    assert dense["activity"].sum() > 0
    pd.testing.assert_frame_equal(dense, sparse, check_exact=True)


def test_a_grid_of_which_each_account_has_dates_of_its_own_is_answered_for_these() -> None:
    looks = [("a", "2026-01-16"), ("a", "2026-01-21"), ("b", "2026-01-21"), ("d", "2026-01-16")]
    frames = [catalog().frame(looked(USAGE, *looks, dense=dense, everyone=everyone)) for dense, everyone in WAYS]
    assert frames[0]["activity"].tolist() == [3, 5, 2, 0]
    for frame in frames[1:]:
        pd.testing.assert_frame_equal(frame, frames[0], check_exact=True)


def test_a_small_company_is_looked_at_in_one_way_whatever_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One compiled catalogue then serves months, single days and days of their own; signals are what they were."""
    write_company(tmp_path)
    company = open_company(tmp_path)
    days = pd.DataFrame({"account_id": ["a", "b"] * 15, "as_of": pd.date_range("2026-01-05", periods=30)})
    one = days.iloc[[5]]
    ways = [history_of(company.tables, looks, company.usage) for looks in (days, one)]
    assert {(some.dense, some.everyone) for some in (company, *ways)} == {(True, True)}
    monkeypatch.setattr("uptier.tables.history.SMALL", 0)
    monkeypatch.setattr("uptier.tables.history.DENSE", 0.75)
    large = history_of(company.tables, days, company.usage)
    assert (large.dense, large.everyone) == (False, True)
    asked = Catalog(tuple(map(catalog().signal, ("seats", "activity", "days_since_last_use", "usage_growth"))), ())
    told = asked.frame(ways[0])
    assert told["activity"].nunique() > 5
    pd.testing.assert_frame_equal(told, asked.frame(large), check_exact=True)


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
