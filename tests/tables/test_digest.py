from __future__ import annotations

import datetime as dt
import json
from functools import cache
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.signals.timelines import COLUMNS, PLANS, TIME, Timeline, World, worlds
from uptier.tables.clean import clean
from uptier.tables.contracts import CONTRACT
from uptier.tables.digest import visible
from uptier.tables.drawn import settings_of, source_of, tables_of
from uptier.tables.mapping import map_table
from uptier.tables.rolling import rolled_up, usage_of
from uptier.tables.rollup import usage_rollup
from uptier.tables.source import in_memory

FEATURES = ("audit", "reports", "sso")  # all that drawn timelines use
DATES = ("2026-02-01", "2026-03-01", "2026-04-01")
BEFORE = """
    # accounts
    account | segment | owner
    a       | start   | kim
    b       | start   | kim
    # plans
    plan  | tier_rank
    basic | 1
    # subscriptions
    account | plan  | seats | valid_from | valid_to   | end_recorded_at
    a       | basic | 10    | 2025-01-01 |            |
    b       | basic | 10    | 2025-01-01 | 2026-03-10 | 2026-03-15
    # users
    account | user | role   | created_at
    a       | u    | member | 2025-01-01
    # tickets
    ticket_id | account | opened_at  | closed_at  | priority | text
    1         | a       | 2026-01-10 | 2026-02-10 | low      | help
    # outreach
    outreach_id | account | contacted_at | result | result_at
    1           | a       | 2026-01-10   | won    | 2026-03-10
    # usage_events
    account | user | occurred_at | kind  | feature | recorded_at
    a       | u    | 2026-01-10  | login |         |
    a       | u    | 2026-02-10  | login |         |
    """
EVENT = "    a       | u    | 2026-02-10  | login |         |\n"

ALL, NONE = (True, True, True), (False, False, False)


def digests(text: str, context: tuple[str, ...] = (), looks: str = "a b", **given: Any) -> list[str]:
    tables = tables_of(text, data_until="2026-05-01", **given)
    grid = pd.MultiIndex.from_product([looks.split(), pd.to_datetime(list(DATES))], names=["account_id", "as_of"])
    made = visible(tables, usage_rollup(tables), grid.to_frame(index=False), context)
    assert made is not None
    assert list(made) == [dt.date.fromisoformat(date) for date in DATES]
    return list(made.values())


def changed(text: str, **given: Any) -> tuple[bool, ...]:
    """Say which dates see that the tables are others than before."""
    return tuple(one != other for one, other in zip(digests(text, **given), before(json.dumps(given)), strict=True))


@cache
def before(given: str) -> list[str]:
    return digests(BEFORE, **json.loads(given))


def replaced(old: str, new: str) -> str:
    assert BEFORE.count(old) == 1
    return BEFORE.replace(old, new)


# what was changed, and which of the three dates see it
CHANGES = {
    "nothing": (BEFORE, NONE),
    "an event more": (BEFORE + EVENT.replace("02-10", "02-11"), (False, True, True)),
    "the same event again": (BEFORE + EVENT, NONE),
    "an event on the day itself": (BEFORE + EVENT.replace("02-10", "03-01"), (False, False, True)),
    "an old event that became known late": (
        BEFORE + "    a       | u    | 2026-01-11  | login |         | 2026-03-05\n",
        (False, False, True),
    ),
    "an event of another kind": (replaced("2026-02-10  | login", "2026-02-10  | export"), (False, True, True)),
    "a plan of another rank": (replaced("basic | 1\n", "basic | 2\n"), ALL),
    "other seats from the beginning": (replaced("a       | basic | 10    |", "a       | basic | 11    |"), ALL),
    "an end that was known later": (replaced("2026-03-15", "2026-03-20"), (False, False, True)),
    "an end that was known earlier": (replaced("2026-03-15", "2026-02-15"), (False, True, True)),
    "no end": (replaced("2026-03-10 | 2026-03-15", "           |           "), (False, False, True)),
    "a ticket closed later": (replaced("2026-02-10 | low", "2026-02-11 | low"), (False, True, True)),
    "another text": (replaced("help", "hilfe"), ALL),
    "another result": (replaced("won ", "lost"), (False, False, True)),
    "what is overwritten in place": (replaced("| low ", "| high"), NONE),
    "an owner, whom no signal sees": (replaced("a       | start   | kim", "a       | start   | lee"), NONE),
    "a customer more, at whom nobody looks": (replaced("# plans", "c | start | kim\n# plans"), NONE),
    "a user more": (
        replaced("# tickets", "a | v | member | 2026-02-20\n# tickets"),
        (False, True, True),
    ),
}


@pytest.mark.parametrize(("text", "expected"), CHANGES.values(), ids=CHANGES)
def test_exactly_the_dates_that_see_a_change_have_other_digests(text: str, expected: tuple[bool, ...]) -> None:
    assert changed(text) == expected


def test_a_column_that_is_vouched_for_counts_from_its_date() -> None:
    vouched = {"holds_since": {"accounts.segment": "2026-03-01", "users.role": "2026-03-02"}}
    other_segment = replaced("a       | start   | kim", "a       | grown   | kim")
    assert changed(other_segment) == NONE
    assert changed(other_segment, **vouched) == (False, True, True)
    other_role = replaced("| member |", "| admin  |")
    assert changed(other_role) == NONE
    assert changed(other_role, **vouched) == (False, False, True)


def test_the_order_of_rows_does_not_matter_nor_do_threads() -> None:
    lines = [EVENT.replace("02-10", f"02-{day:02}") for day in range(1, 28)]
    one = digests(BEFORE + "".join(lines), threads=1)
    assert digests(BEFORE + "".join(reversed(lines)), threads=2) == one


def test_who_is_looked_at_and_what_else_matters_count() -> None:
    everybody = digests(BEFORE)
    assert not set(digests(BEFORE, looks="a")) & set(everybody)
    assert not set(digests(BEFORE, context=("threshold 0.9",))) & set(everybody)
    assert len(set(everybody)) == len(DATES)


def test_values_that_change_places_are_another_digest() -> None:
    two = "    a | u | 2026-01-11 | export | x |\n    b | u | 2026-01-11 | export | y |\n"
    swapped = two.replace("x", "z").replace("y", "x").replace("z", "y")
    assert not set(digests(BEFORE + two)) & set(digests(BEFORE + swapped))


def test_a_server_has_none() -> None:
    tables = tables_of(BEFORE, data_until="2026-05-01")
    object.__setattr__(tables.source, "connection", type("Server", (), {"name": "postgres"})())
    looks = pd.DataFrame({"account_id": ["a"], "as_of": pd.to_datetime(["2026-02-01"])})
    assert visible(tables, None, looks) is None


# against drawn timelines, whose past is formed once more by hand ------------------------------------------------------


def _digest(timeline: Timeline, world: World) -> str:
    rows = {
        name: [{"account_id": "a", **row} for row in timeline.rows.get(name, [])]
        for name in (*COLUMNS,)
        if not name.startswith("usage_") or name == world.usage
    }
    source = source_of(PLANS, accounts="a")
    tables = {name: source.connection.table(name).to_pyarrow() for name in ("accounts", "plans", "plan_features")}
    for name, several in rows.items():
        columns = ["account_id", *COLUMNS[name].split(), TIME[name], "recorded_at"]
        text = [(column, pa.string()) for column in columns]
        tables[name] = pa.Table.from_pylist(
            [{one: row.get(one) for one in columns} for row in several], pa.schema(text)
        )
    own = in_memory(tables, threads=1)
    project = settings_of(
        data_until=world.as_of.isoformat(),
        tables={name: {"lag_days": world.lag} for name in TIME},
        holds_since={"users.role": "2020-01-01"},
    )
    mapped = {name: map_table(own, project, name) for name in CONTRACT}
    ready = clean(own, project, {name: one for name, one in mapped.items() if one is not None})
    looks = pd.DataFrame({"account_id": ["a"], "as_of": pd.to_datetime([world.as_of])})
    usage = usage_of(ready)
    assert usage is not None
    # an appended rollup keeps the places of features; one that is made anew may not, and then all is computed anew
    made = visible(ready, rolled_up(usage, FEATURES), looks)
    assert made is not None
    return made[world.as_of]


@pytest.mark.parametrize("usage", ["usage_events", "usage_daily"])
def test_what_is_not_seen_is_not_digested(usage: str) -> None:
    seen: list[bool] = []

    @settings(max_examples=4, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
    @given(world=worlds(usage, (0, 3), size=1), data=st.data())
    def holds(world: World, data: st.DataObject) -> None:
        (one,) = world.timelines
        past = _digest(one.seen_from(world.as_of, world.lag), world)
        assert _digest(one, world) == past
        assert _digest(one.otherwise_after(world.as_of, world.lag), world) == past
        seen.append(one.holds_future(world.as_of) or one.holds_late(world.as_of, world.lag))

    holds()
    assert any(seen)
