"""What the rows of a guessed table say about it: form, event names, newest day, how its times are kept.

Only counts, bounds and the names of events are read; never a row.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as types

from uptier.tables.contracts import CONTRACT, Kind

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.tables.guesses import TableGuess

MOST_NAMES = 200  # of events, above which a column is free text rather than a vocabulary
READABLE = 0.9  # share of texts that must be times, for a column to be taken as times
MOSTLY = 0.8
EPOCH_SECONDS = (10**8, 10**10)  # 1973 to 2286
EPOCH_MILLISECONDS = (10**11, 10**13)
BULK_DAYS = 30  # between a row's time and its loading, above which the loading was a backfill
# days of one, two, three, four, six, twelve and twenty-four months
WHOLE_MONTHS = (28, 29, 30, 31, 59, 60, 61, 62, *range(89, 93), *range(120, 124), *range(181, 185), 365, 366, 730, 731)

_NAME = re.compile(r"[\w .:/()&+-]{1,60}")  # what a name in a vocabulary looks like; no address, no sentence


@dataclass(frozen=True, kw_only=True)
class Form:
    """In which form a source keeps subscriptions.

    Attributes
    ----------
    name : str
        Intervals, change_log, snapshots, billing_periods or current.
    doubt : str
        What speaks for it, and what to look at; empty if there is none.
    """

    name: str
    doubt: str = ""


def moment(table: ir.Table, column: str) -> Any:
    """Give a column of times as timestamps, however it is kept.

    Parameters
    ----------
    table : Table
        Of the source.
    column : str
        A date, timestamp, text, or number that counts from 1970.

    Returns
    -------
    TimestampValue
        Null where a text is no time, and for any other type.
    """
    value: Any = table[column]
    given = value.type()
    if given.is_numeric():
        seconds = ibis.ifelse(value > EPOCH_SECONDS[1], value / 1000, value)
        return seconds.cast("int64").as_timestamp("s").cast(types.timestamp)
    if given.is_string():
        return value.try_cast(types.timestamp)
    if given.is_date() or given.is_timestamp():
        return value.cast(types.timestamp)
    # null on every row, and still a column
    return ibis.ifelse(value.isnull() & value.notnull(), ibis.timestamp("1970-01-01"), ibis.null(types.timestamp))


def time_keeping(table: ir.Table, column: str) -> str:
    """Say how a column of times is kept.

    Parameters
    ----------
    table : Table
        Of the source.
    column : str
        A candidate for times.

    Returns
    -------
    str
        ``date``, ``zoned``, ``naive``, ``epoch_s`` or ``epoch_ms``; empty if its values are no times.
    """
    given = table[column].type()
    if given.is_date():
        return "date"
    if given.is_timestamp():
        return "zoned" if given.timezone is not None else "naive"
    if given.is_numeric():
        # nothing written yet says nothing of how it would be: 0 fits no epoch
        bounds = table.aggregate(low=table[column].min(), high=table[column].max()).execute().fillna(0).iloc[0]
        for name, (low, high) in (("epoch_s", EPOCH_SECONDS), ("epoch_ms", EPOCH_MILLISECONDS)):
            if low <= bounds["low"] <= bounds["high"] <= high:
                return name
        return ""
    if not given.is_string():
        return ""
    written = _number(table.filter(table[column].notnull() & (table[column] != "")).count())
    read = _number(table.filter(moment(table, column).notnull()).count())
    # nothing written yet says nothing against it
    return "naive" if read >= READABLE * written else ""


def newest_day(table: ir.Table, columns: list[str]) -> dt.date | None:
    """Give the day of the newest time in some columns.

    Parameters
    ----------
    table : Table
        Of the source.
    columns : list of str
        Columns of times.

    Returns
    -------
    date or None
        None if there is no time.
    """
    if not columns:
        return None
    bounds = table.aggregate(**{f"newest{place}": moment(table, one).max() for place, one in enumerate(columns)})
    days = [value.date() for value in bounds.execute().iloc[0].dropna()]
    return max(days, default=None)


def event_names(table: ir.Table, column: str) -> list[tuple[str, int]] | None:
    """Give the names of events, most frequent first.

    Parameters
    ----------
    table : Table
        Usage.
    column : str
        The column that may hold the names.

    Returns
    -------
    list of (str, int) or None
        Name and rows; None if the values are no vocabulary: too many, or sentences. They are then not to be shown.
    """
    named = table.select(name=table[column].cast("string"))
    counted = named.filter(named.name.notnull()).group_by("name").aggregate(rows=lambda row: row.count())
    frame = counted.order_by([ibis.desc("rows"), "name"]).limit(MOST_NAMES + 1).execute()
    names = [(str(name), int(rows)) for name, rows in zip(frame["name"], frame["rows"], strict=True)]
    if len(names) > MOST_NAMES or not all(_NAME.fullmatch(name) for name, _ in names):
        return None
    return names


def loaded_in_bulk(table: ir.Table, time: str, recorded: str) -> bool:
    """Say whether most rows were loaded long after they happened: the load then does not say when they were known.

    Parameters
    ----------
    table : Table
        Of the source.
    time : str
        When a row happened.
    recorded : str
        When it was loaded.

    Returns
    -------
    bool
        True for a backfill.
    """
    late = moment(table, recorded) > moment(table, time) + ibis.interval(days=BULK_DAYS)
    both = table.filter(moment(table, recorded).notnull() & moment(table, time).notnull())
    rows = _number(both.count())
    return rows > 0 and _number(both.filter(late).count()) > rows / 2


def subscription_form(table: ir.Table, guess: TableGuess) -> Form:
    """Guess in which form subscriptions are kept.

    Parameters
    ----------
    table : Table
        Of the source.
    guess : TableGuess
        Its columns.

    Returns
    -------
    Form
        With what is to be looked at.
    """
    subscription, start, end = (guess.theirs(one) for one in ("subscription_id", "valid_from", "valid_to"))
    if subscription is None:
        return Form(name="intervals")
    if start is None:
        return Form(name="current", doubt="no column says since when a row holds, so it tells only what holds today")
    plan = guess.theirs("plan_id") or subscription
    ends = moment(table, end) if end else ibis.null(types.timestamp)
    rows = table.select(id=table[subscription], plan=table[plan], start=moment(table, start), end=ends)
    facts = _facts(rows)
    if not facts["rows"]:
        return Form(name="intervals", doubt="the table has no rows to tell by")
    if end is None:
        return _form_without_end(facts)
    touching = facts["touching"] >= MOSTLY * facts["following"]
    if facts["following"] and touching and facts["whole_months"] >= MOSTLY * facts["rows"]:
        return Form(name="billing_periods", doubt="rows last whole months and touch, as periods paid do")
    if facts["ids"] == facts["rows"]:
        return Form(
            name="intervals",
            doubt="no subscription has a second row; where seats and plans are overwritten, this is form: current",
        )
    return Form(name="intervals")


def side_by_side(table: ir.Table, guess: TableGuess) -> float:
    """Say how often a row begins before the row before it, of the same subscription, has ended.

    Parameters
    ----------
    table : Table
        Of the source.
    guess : TableGuess
        Its columns.

    Returns
    -------
    float
        Share of all rows, 0 to 1; 0 without an end.
    """
    subscription, start, end = (guess.theirs(one) for one in ("subscription_id", "valid_from", "valid_to"))
    if subscription is None or start is None or end is None:
        return 0.0
    rows = table.select(id=table[subscription], start=moment(table, start), end=moment(table, end))
    before = ibis.window(group_by=rows.id, order_by=[rows.start, rows.end])
    rows = rows.mutate(previous=rows.end.lag().over(before))
    return _number(rows.filter(rows.start < rows.previous).count()) / max(_number(rows.count()), 1)


def _form_without_end(facts: dict[str, int]) -> Form:
    if facts["ids"] == facts["rows"]:
        return Form(
            name="current", doubt="one row for each subscription and no end: taken as what holds today, with no past"
        )
    if facts["rows"] >= MOSTLY / 2 * facts["ids"] * facts["starts"]:
        return Form(name="snapshots", doubt="the same few days stand in most subscriptions' rows, as in regular copies")
    return Form(
        name="change_log", doubt="several rows for a subscription and no end: each is taken to hold until the next"
    )


def _facts(rows: ir.Table) -> dict[str, int]:
    before = ibis.window(group_by=[rows.id, rows.plan], order_by=[rows.start, rows.end])
    rows = rows.mutate(previous=rows.end.lag().over(before), days=rows.end.date().delta(rows.start.date(), unit="day"))
    facts = rows.aggregate(
        rows=rows.count(),
        ids=rows.id.nunique(),
        starts=rows.start.nunique(),
        following=rows.previous.notnull().sum(),
        touching=(rows.previous == rows.start).sum(),
        whole_months=rows.days.isin(WHOLE_MONTHS).sum(),
    )
    # a sum over no rows is null
    return {str(name): int(value) for name, value in facts.execute().fillna(0).iloc[0].items()}


def _number(value: Any) -> int:
    return int(value.execute())


def time_columns(guess: TableGuess) -> list[str]:
    """Give the canonical columns of times and days that were guessed for a table.

    Parameters
    ----------
    guess : TableGuess
        Its columns.

    Returns
    -------
    list of str
        In the contract's order.
    """
    columns = CONTRACT[guess.name].columns
    return [one.column for one in guess.columns if columns[one.column].kind in (Kind.TIME, Kind.DAY)]
