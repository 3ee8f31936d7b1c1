"""Drawn timelines of accounts, with rows from the future and rows that became known late; and what the past may see.

The cut is formed here once more, row by row in plain Python, so that the product's own is compared with something.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from uptier.signals.catalog import catalog
from uptier.signals.script import Script, script_of
from uptier.tables.drawn import tables_of
from uptier.tables.history import History
from uptier.tables.rolling import rolled_up, usage_of

Row = dict[str, Any]
Rows = dict[str, list[Row]]

TIME = {
    "usage_events": "occurred_at",
    "usage_daily": "day",
    "subscriptions": "valid_from",
    "addons": "valid_from",
    "meter_readings": "read_at",
    "milestones": "reached_at",
    "tickets": "opened_at",
    "survey_responses": "answered_at",
    "outreach": "contacted_at",
    "users": "created_at",
}
INTERVALS = ("subscriptions", "addons")
TEXTS = ("we miss a spreadsheet", "felt pressured", "thanks", None)
REASONS = ("expansion", "price_uplift", "correction", None)
FEATURES = ("audit", "reports", "sso")
KINDS = ("login", "feature_used", "gate_hit", "trial_use", "limit_error", "export", "integration_call")
PLANS = """
# plans
plan  | tier_rank | price | seats
basic | 1         | 50    | 5
pro   | 2         | 120   | 20
top   | 3         | 300   | 50
# plan_features
plan  | feature
basic | reports
pro   | reports
pro   | sso
top   | reports
top   | sso
top   | audit
# plan_quotas
plan  | meter | quota
basic | api   | 100
pro   | api   | 1000
"""


@dataclass(frozen=True)
class Timeline:
    """One account's rows, by table; every row has its day and hour, and perhaps the day on which it became known."""

    rows: Rows

    def seen_from(self, as_of: dt.date, lag: int) -> Timeline:
        """Keep what had happened and was known before `as_of`."""
        kept = {
            name: [_with_known_end(row, name, as_of, lag) for row in rows if visible(row, name, as_of, lag)]
            for name, rows in self.rows.items()
        }
        return Timeline(kept)

    def otherwise_after(self, as_of: dt.date, lag: int) -> Timeline:
        """Change what must not matter: rows that are not seen become other rows, ends not known other ends."""
        seen = self.seen_from(as_of, lag).rows
        changed: Rows = {name: list(rows) for name, rows in seen.items()}
        for name, rows in self.rows.items():
            for number, row in enumerate(rows):
                if not visible(row, name, as_of, lag):
                    changed[name].append(_other(row, name, number))
        later = f"{as_of + dt.timedelta(days=300)} 00:00"
        for name in INTERVALS:
            for row in changed.get(name, []):
                if row["valid_to"] is None:
                    row.update(valid_to=later, end_recorded_at=later)
        for row in changed.get("tickets", []):
            row["closed_at"] = row["closed_at"] or later
        for row in changed.get("outreach", []):
            if row["result_at"] is None:
                row.update(result="lost", result_at=later)
        return Timeline(changed)

    def holds_future(self, as_of: dt.date) -> bool:
        return any(_day(row[TIME[name]]) >= as_of for name, rows in self.rows.items() for row in rows)

    def holds_late(self, as_of: dt.date, lag: int) -> bool:
        return any(
            _day(row[TIME[name]]) < as_of <= _known(row, name, lag) for name, rows in self.rows.items() for row in rows
        )


def visible(row: Row, name: str, as_of: dt.date, lag: int) -> bool:
    return _day(row[TIME[name]]) < as_of and _known(row, name, lag) < as_of


def _known(row: Row, name: str, lag: int) -> dt.date:
    return _day(row["recorded_at"]) if row.get("recorded_at") else _day(row[TIME[name]]) + dt.timedelta(days=lag)


def _with_known_end(row: Row, name: str, as_of: dt.date, lag: int) -> Row:
    row = dict(row)
    if name in INTERVALS and row["valid_to"] is not None:
        known = _day(row["end_recorded_at"]) if row["end_recorded_at"] else _day(row["valid_to"]) + dt.timedelta(lag)
        if known >= as_of:
            row.update(valid_to=None, end_recorded_at=None)
    if name == "tickets" and row["closed_at"] is not None and _day(row["closed_at"]) >= as_of:
        row["closed_at"] = None
    if name == "outreach" and row["result_at"] is not None and _day(row["result_at"]) >= as_of:
        row.update(result=None, result_at=None)
    return row


def _other(row: Row, name: str, number: int) -> Row:
    """Alter all but the days of a row."""
    other = dict(row)
    fresh = {
        "kind": "gate_hit",
        "feature": "audit",
        "user_id": "nobody",
        "meter": "api",
        "addon_id": "later",
        "plan_id": "top",
    }
    fresh |= {"milestone": f"later {number}", "stage": "lost", "role": "executive", "event_id": f"later-{number}"}
    fresh |= {"text": "we miss an export", "nps": "0", "ticket_id": f"later-{number}", "response_id": f"later-{number}"}
    fresh |= {"outreach_id": f"later-{number}", "result": "won", "escalated": "1", "priority": "urgent"}
    fresh |= {"change_reason": "expansion"}
    fresh |= {"seats": "777", "mrr": "7777", "value": "99999", "quota": "1", "events": "500", "users": "99"}
    other.update({column: value for column, value in fresh.items() if column in row})
    return other


def _day(moment: str) -> dt.date:
    return dt.date.fromisoformat(moment[:10])


# drawing -----------------------------------------------------------------------------------------------------------

# the day before, the day itself and the day after are where cuts go wrong
_OFFSETS = st.one_of(st.sampled_from([-2, -1, 0, 1]), st.integers(-100, 40))
# a contract may be known before it begins: then only its own day hides it
_LATE = st.one_of(st.none(), st.integers(1, 60), st.integers(-30, 0))


def _moment(as_of: dt.date, offset: int, hour: str = "00:00") -> str:
    return f"{as_of + dt.timedelta(days=offset)} {hour}"


@st.composite
def _dated(draw: st.DrawFn, as_of: dt.date, time: str) -> Row:
    offset, late = draw(_OFFSETS), draw(_LATE)
    hour = draw(st.sampled_from(["00:00", "12:00", "23:59"]))
    recorded = None if late is None else _moment(as_of, offset + late, hour)
    if draw(st.integers(0, 7)) == 0:
        # known on the as-of date itself, which is one day too late
        recorded = _moment(as_of, 0, hour)
    return {time: _moment(as_of, offset, hour), "recorded_at": recorded}


@st.composite
def _usage(draw: st.DrawFn, as_of: dt.date) -> list[Row]:
    rows = draw(st.lists(_dated(as_of, "occurred_at"), max_size=8))
    for number, row in enumerate(rows):
        row |= {"event_id": str(number), "user_id": draw(st.sampled_from("uvw")), "kind": draw(st.sampled_from(KINDS))}
        row["feature"] = draw(st.sampled_from(["reports", "sso", None]))
    return rows


@st.composite
def _daily(draw: st.DrawFn, as_of: dt.date) -> list[Row]:
    rows = draw(st.lists(_dated(as_of, "day"), max_size=8))
    for row in rows:
        row["day"] = row["day"][:10]
        row |= {"kind": draw(st.sampled_from(KINDS)), "feature": draw(st.sampled_from(["reports", "sso"]))}
        users = draw(st.integers(1, 9))
        row |= {"events": str(users * 3), "users": str(users), "day_users": str(users + 1)}
    # one row for each key: the source counts a day only once
    return list({(row["day"], row["kind"], row["feature"]): row for row in rows}.values())


@st.composite
def _subscription(draw: st.DrawFn, as_of: dt.date, number: int) -> list[Row]:
    starts = sorted(draw(st.sets(st.one_of(st.integers(-400, 40), st.sampled_from([-1, 0])), min_size=1, max_size=3)))
    rows = []
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        late, end_late = draw(_LATE), draw(_LATE)
        ends = following if following is not None else draw(st.one_of(st.none(), st.integers(start + 1, start + 200)))
        rows.append(
            {
                "subscription_id": str(number),
                "plan_id": draw(st.sampled_from(["basic", "pro", "top"])),
                "seats": str(draw(st.integers(1, 6))),
                "mrr": str(draw(st.integers(10, 200))),
                "billing_period_months": draw(st.sampled_from(["1", "12"])),
                "term_end": _moment(as_of, start + 365),
                "change_reason": draw(st.sampled_from(REASONS)),
                "valid_from": _moment(as_of, start),
                "valid_to": None if ends is None else _moment(as_of, ends),
                "recorded_at": None if late is None else _moment(as_of, start + late),
                "end_recorded_at": None if ends is None or end_late is None else _moment(as_of, ends + end_late),
            }
        )
    return rows


@st.composite
def timelines(draw: st.DrawFn, as_of: dt.date, usage: str) -> Timeline:
    """Draw one account's rows in every dated table that signals read."""
    rows: Rows = {usage: draw(_usage(as_of) if usage == "usage_events" else _daily(as_of))}
    rows["subscriptions"] = [
        row for number in range(draw(st.integers(1, 2))) for row in draw(_subscription(as_of, number))
    ]
    rows["addons"] = draw(st.lists(_dated(as_of, "valid_from"), max_size=2))
    for number, row in enumerate(rows["addons"]):
        ends = draw(st.one_of(st.none(), st.integers(41, 60), st.integers(-120, 40)))
        begins = (_day(row["valid_from"]) - as_of).days
        row |= {"addon_id": f"addon {number}", "mrr": "5", "end_recorded_at": None, "valid_to": None}
        if ends is not None and ends >= begins:
            row |= {"valid_to": _moment(as_of, ends), "end_recorded_at": _moment(as_of, ends + 3)}
    rows["meter_readings"] = draw(st.lists(_dated(as_of, "read_at"), max_size=4, unique_by=lambda row: row["read_at"]))
    for row in rows["meter_readings"]:
        row |= {"meter": draw(st.sampled_from(["api", "disk"])), "value": str(draw(st.integers(0, 200)))}
        row["quota"] = draw(st.sampled_from(["90.5", "0", None]))
    rows["milestones"] = draw(st.lists(_dated(as_of, "reached_at"), max_size=2))
    for number, row in enumerate(rows["milestones"]):
        row["milestone"] = draw(st.sampled_from([f"goal {number}", "go_live"])) if number else "go_live"
    rows["tickets"] = draw(st.lists(_dated(as_of, "opened_at"), max_size=2))
    for number, row in enumerate(rows["tickets"]):
        row |= {"ticket_id": str(number), "text": draw(st.sampled_from(TEXTS))}
        row |= {"escalated": draw(st.sampled_from(["0", "1", None])), "priority": "low"}
        closes = draw(st.one_of(st.none(), st.integers(0, 60)))
        opened = _day(row["opened_at"])
        row["closed_at"] = None if closes is None else f"{opened + dt.timedelta(days=closes)} 23:59"
    rows["survey_responses"] = draw(st.lists(_dated(as_of, "answered_at"), max_size=2))
    for number, row in enumerate(rows["survey_responses"]):
        row |= {"response_id": str(number), "nps": str(draw(st.integers(0, 10))), "text": draw(st.sampled_from(TEXTS))}
    rows["outreach"] = draw(st.lists(_dated(as_of, "contacted_at"), max_size=3))
    for number, row in enumerate(rows["outreach"]):
        after = draw(st.one_of(st.none(), st.integers(0, 60)))
        contacted = _day(row["contacted_at"])
        row["outreach_id"] = str(number)
        row["result"] = None if after is None else draw(st.sampled_from(["won", "lost", "open"]))
        row["result_at"] = None if after is None else f"{contacted + dt.timedelta(days=after)} 12:00"
    rows["users"] = [{"user_id": user, "role": "champion"} | draw(_dated(as_of, "created_at")) for user in "uv"]
    return Timeline(rows)


@dataclass(frozen=True)
class World:
    """Some timelines that are looked at on one date; `lag` is the worst-case lag of every table in days."""

    as_of: dt.date
    lag: int
    timelines: tuple[Timeline, ...]
    usage: str

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        # hypothesis would print thousands of lines; what differs stands in the assertion
        printer.text(f"a world of {len(self.timelines)} timelines seen on {self.as_of}, lag {self.lag}")


@st.composite
def worlds(draw: st.DrawFn, usage: str, lags: tuple[int, ...], size: int = 24) -> World:
    """Draw independent timelines that share one date: one engine call looks at them all."""
    as_of = dt.date.fromisoformat(draw(st.sampled_from(["2026-03-01", "2024-02-29", "2025-12-31"])))
    return World(as_of, draw(st.sampled_from(lags)), tuple(draw(timelines(as_of, usage)) for _ in range(size)), usage)


# looking -----------------------------------------------------------------------------------------------------------

COLUMNS = {
    "usage_events": "event_id user_id kind feature",
    "usage_daily": "kind feature events users day_users",
    "subscriptions": (
        "subscription_id plan_id seats mrr billing_period_months term_end valid_to end_recorded_at change_reason"
    ),
    "addons": "addon_id mrr valid_to end_recorded_at",
    "meter_readings": "meter value quota",
    "milestones": "milestone",
    "tickets": "ticket_id text closed_at escalated priority",
    "survey_responses": "response_id nps text",
    "outreach": "outreach_id result result_at",
    "users": "user_id role",
}
OWN = ("subscription_id", "event_id", "ticket_id", "response_id", "outreach_id")  # ids that no two accounts share


class Looker:
    """Looks at many worlds with one compiled catalogue: compiling costs ten times more than computing."""

    def __init__(self, *lags: int) -> None:
        self.lags = lags
        self._looks: dict[tuple[str, int], tuple[History, Script]] = {}

    def frame(self, timelines: dict[str, Timeline], world: World) -> pd.DataFrame:
        """Compute all signals of some timelines, by account."""
        if (world.usage, world.lag) not in self._looks:
            self._looks[world.usage, world.lag] = _compiled(world)
        history, script = self._looks[world.usage, world.lag]
        engine: Any = history.tables.source.connection.con
        _filled(engine, "accounts", [{"account_id": account} for account in timelines])
        _filled(engine, "grid", [{"account_id": account, "as_of": str(world.as_of)} for account in timelines])
        for name in _tables(world):
            _filled(engine, name, [_row(account, row) for account, one in timelines.items() for row in one.rows[name]])
        # from the first statement: what the tables hold now is in no table that was made before
        return pd.concat(script.run(history)).set_index("account_id").drop(columns="as_of")


def _compiled(world: World) -> tuple[History, Script]:
    headers = [
        f"# {name}\n" + " | ".join(["account_id", *COLUMNS[name].split(), TIME[name], "recorded_at"])
        for name in _tables(world)
    ]
    tables = tables_of(
        PLANS + "\n".join(headers),
        data_until=world.as_of.isoformat(),
        accounts="",
        tables={name: {"lag_days": world.lag} for name in TIME},
        holds_since={"users.role": "2020-01-01", "tickets.escalated": "2020-01-01"},
        threads=1,
    )
    connection = tables.source.connection
    grid = connection.create_table("grid", schema={"account_id": "string", "as_of": "date"})
    # compiled before there are rows: the features are told, not read
    history = History(tables, grid, rolled_up(usage_of(tables), FEATURES))
    return history, script_of(lambda past: catalog().plan(past).table, history)


def _tables(world: World) -> list[str]:
    return [name for name in COLUMNS if not name.startswith("usage_") or name == world.usage]


def _row(account: str, row: Row) -> Row:
    return {"account_id": account} | {
        column: f"{account}-{value}" if column in OWN else value for column, value in row.items()
    }


def _filled(engine: Any, name: str, rows: list[Row]) -> None:
    engine.execute(f"DELETE FROM {name}")
    if rows:
        engine.register("fresh", pa.Table.from_pylist(rows))
        engine.execute(f"INSERT INTO {name} BY NAME SELECT * FROM fresh")


def differences(one: pd.DataFrame, other: pd.DataFrame) -> list[str]:
    """Name accounts and signals that are not the same to the last bit, in frames of the same shape."""
    mine, theirs = _bits(one), _bits(other)
    return [
        f"{account}: {column} is {one[column].iloc[place]}, was {other[column].iloc[place]}"
        for column in one.columns
        for place, account in enumerate(other.index)
        if mine[column][place] != theirs[column][place]
    ]


def _bits(frame: pd.DataFrame) -> dict[str, list[Any]]:
    numbers = {column for column in frame.columns if pd.api.types.is_numeric_dtype(frame[column])}
    return {
        column: values.fillna(-1e300).to_numpy().view("int64").tolist()
        if column in numbers
        else values.astype(object).where(values.notna(), None).tolist()
        for column, values in frame.items()
    }


# checks: the tests call them, and test_checks_can_fail requires that planted faults make them fail --------------------


class DifferentError(AssertionError):
    """Signals changed that must not."""


def _require_same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    found = differences(one, other)
    if found:
        raise DifferentError("\n".join(found))


def _searching(examples: int, usage: str, looker: Looker, holds: Callable[[World], None]) -> None:
    # no shrinking: it takes minutes, and the assertion names the account and the signal
    @settings(
        max_examples=examples,
        phases=(Phase.generate,),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(world=worlds(usage, looker.lags))
    def searched(world: World) -> None:
        holds(world)

    searched()


def check_only_the_past_matters(usage: str, looker: Looker, *, examples: int) -> Counter[str]:
    """Compare drawn timelines with their past alone and with another future, side by side in one table.

    Gives how many histories were drawn, and how many of them held a future row and a late one.
    """
    tally = Counter[str]()

    def holds(world: World) -> None:
        for one in world.timelines:
            tally["histories"] += 1
            tally["future"] += one.holds_future(world.as_of)
            tally["late"] += one.holds_late(world.as_of, world.lag)
        past, variants = _looks(world, looker)
        for variant in variants:
            _require_same(variant, past)

    _searching(examples, usage, looker, holds)
    return tally


def signals_that_see_more_than_the_past(usage: str, looker: Looker, *, examples: int) -> set[str]:
    """Name the signals that change, in any of some worlds, with what happens or becomes known later."""
    found: set[str] = set()

    def seen(world: World) -> None:
        past, variants = _looks(world, looker)
        found.update(line.split(": ", 1)[1].split(" is ", 1)[0] for one in variants for line in differences(one, past))

    _searching(examples, usage, looker, seen)
    return found


def _looks(world: World, looker: Looker) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Look at the past alone, and at the same past with its own future and with another."""
    together: dict[str, Timeline] = {}
    for number, one in enumerate(world.timelines):
        together[f"all{number}"] = one
        together[f"past{number}"] = one.seen_from(world.as_of, world.lag)
        together[f"other{number}"] = one.otherwise_after(world.as_of, world.lag)
    frame = looker.frame(together, world)
    past, *variants = (
        frame.loc[[f"{variant}{number}" for number in range(len(world.timelines))]]
        for variant in ("past", "all", "other")
    )
    return past, variants


def check_equal_rows_count_once(usage: str, looker: Looker, *, examples: int) -> None:
    """Give every row of drawn timelines twice: nothing changes."""

    def holds(world: World) -> None:
        once = {f"account{number}": one for number, one in enumerate(world.timelines)}
        twice = {
            account: Timeline({name: [*rows, *rows] for name, rows in one.rows.items()})
            for account, one in once.items()
        }
        _require_same(looker.frame(twice, world), looker.frame(once, world))

    _searching(examples, usage, looker, holds)
