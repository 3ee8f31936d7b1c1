"""History: the one door through which signals see an account's past.

For each account and as-of date it shows what had happened before that date **and** was known before it. Ends and
results show once they were known; columns that the source overwrites in place do not show at all, unless the project
states since when they hold. The world's `truth` is not behind this door.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from uptier.errors import SignalError, did_you_mean
from uptier.tables.clean import SHOWN_ONCE_KNOWN, hidden_columns, vouched_columns
from uptier.tables.contracts import CONTRACT

if TYPE_CHECKING:
    import pandas as pd
    from ibis.expr import types as ir

    from uptier.tables.clean import Tables
    from uptier.tables.rollup import Rollup

DESCRIBING = ("accounts", "users", "plans", "plan_features", "plan_quotas")


@dataclass(frozen=True)
class History:
    """The past of some accounts, as it was known at some dates.

    Attributes
    ----------
    tables : Tables
        The project's clean tables.
    grid : Table
        Columns account_id and as_of (date): who is looked at, and when.
    usage : Rollup or None
        Usage by day.
    """

    tables: Tables
    grid: ir.Table
    usage: Rollup | None

    def has(self, table: str, columns: Iterable[str] = ()) -> bool:
        """Say whether the project has a table with certain columns.

        Parameters
        ----------
        table : str
            Canonical name, or ``usage``.
        columns : iterable of str
            Canonical columns that must come from the source; ``kind=export`` for a kind of usage event.

        Returns
        -------
        bool
            False too if a column is overwritten in place and the project does not state since when it holds.
        """
        return self.tables.has(table, columns)

    def past(self, name: str, *, days: int | None = None) -> ir.Table:
        """Show a table's past.

        Parameters
        ----------
        name : str
            Canonical name of a dated table.
        days : int, optional
            How far back to look; all the way by default.

        Returns
        -------
        Table
            One row for each row of the grid and each row of the table that had happened and was known before it:
            the table's columns with `as_of` and `age`, the days from the row to the as-of date (1 or more).

        Raises
        ------
        SignalError
            If there is no such table behind this door.
        """
        if name not in CONTRACT or not CONTRACT[name].time or name not in self.tables:
            dated = [one for one in self.tables.clean if CONTRACT[one].time]
            raise SignalError(f"History has no past of '{name}' to show.", do=did_you_mean(name, dated))
        past = self._cut(self.tables[name].drop(*hidden_columns(name, self.tables.settings)), days)
        return self._masked(past, name)

    def running(self, before: Sequence[int] = (0,)) -> ir.Table:
        """Show the subscriptions that ran, as far as was known at each as-of date.

        Parameters
        ----------
        before : sequence of int
            How many days before the as-of date to look; 0 for the date itself.

        Returns
        -------
        Table
            For each row of the grid, each `before` and each subscription that ran then its latest version, with
            `before`, `age` and `first_day`, the first day of the stretch without a break that it belongs to.
        """
        past = self.past("subscriptions")
        one = ["account_id", "as_of", "subscription_id"]
        order = [past.day, past.valid_from, past.known_day]
        returned = past.day > past.end_day.lag().over(ibis.window(group_by=one, order_by=order))
        past = past.mutate(_returned=ibis.coalesce(returned, False).cast("int64"))
        so_far = ibis.cumulative_window(group_by=one, order_by=[past.day, past.valid_from, past.known_day])
        past = past.mutate(_stretch=past._returned.sum().over(so_far))
        past = past.mutate(first_day=past.day.min().over(ibis.window(group_by=[*one, past._stretch])))
        rows = past.mutate(before=ibis.array(list(before)).unnest())
        rows = rows.filter(rows.age > rows.before)
        # several versions of one day: the one that began last is the one that holds
        latest = ibis.row_number().over(
            group_by=[*one, "before"], order_by=[rows.age, ibis.desc(rows.valid_from), ibis.desc(rows.known_day)]
        )
        rows = rows.mutate(_place=latest)
        ended = rows.end_day.notnull() & (rows.as_of.delta(rows.end_day, unit="day") > rows.before)
        return rows.filter((rows._place == 0) & ~ended).drop("_place", "_returned", "_stretch")

    def past_usage(
        self, grain: Iterable[str], *, days: int, seen: Mapping[str, Iterable[str]] | None = None
    ) -> ir.Table:
        """Show the past of usage, rolled up further before it is looked at from each date.

        Parameters
        ----------
        grain : iterable of str
            Columns of the rollup beside account, day and known day, which always stay: what is cut is the same.
        days : int
            How far back to look.
        seen : mapping of str to iterable of str, optional
            New columns, 1 where one of these kinds of event is among the rows; no kinds for any.

        Returns
        -------
        Table
            As :meth:`past`: account_id, as_of, age, the grain, events, users, day_users and what was seen.

        Raises
        ------
        SignalError
            If the project has no usage.
        """
        if self.usage is None:
            raise SignalError("History has no usage to show.", do="Map usage_events or usage_daily.")
        table = self.usage.table
        flags = {
            name: (table.kind.isin(list(kinds)) if list(kinds) else table.events >= 0).cast("int64").max()
            for name, kinds in (seen or {}).items()
        }
        rolled = table.group_by(["account_id", *grain, "day", "known_day"]).aggregate(
            events=table.events.sum().cast("int64"), users=table.users.max(), day_users=table.day_users.max(), **flags
        )
        return self._cut(rolled, days)

    def facts(self, name: str) -> ir.Table:
        """Show a table that only describes: accounts or the plan list.

        Parameters
        ----------
        name : str
            ``accounts``, ``users``, ``plans``, ``plan_features`` or ``plan_quotas``.

        Returns
        -------
        Table
            Its columns, without those that are overwritten in place; those that the project vouches for come with
            `<column>_since`, the date before which they must not be used.

        Raises
        ------
        SignalError
            If the table tells of what happened, which only :meth:`past` may show.
        """
        if name not in DESCRIBING:
            raise SignalError(f"The table '{name}' does not only describe.", do=f"Known: {', '.join(DESCRIBING)}.")
        table = self.tables[name].drop(*hidden_columns(name, self.tables.settings))
        since = vouched_columns(name, self.tables.settings)
        return table.mutate(**{f"{column}_since": ibis.date(day.isoformat()) for column, day in since.items()})

    def kept(self, answer: ir.Table) -> ir.Table:
        """Keep an intermediate answer, so that it is computed once.

        Parameters
        ----------
        answer : Table
            What several others build on.

        Returns
        -------
        Table
            The same rows; a temporary table where the engine is our own, the expression itself on a server.
        """
        if not self.tables.source.is_ours:
            return answer
        name = ibis.util.gen_name("answer")
        kept: ir.Table = self.tables.source.connection.create_table(name, answer, temp=True)
        return kept

    def _cut(self, table: ir.Table, days: int | None = None) -> ir.Table:
        grid = self.grid
        seen = [table.account_id == grid.account_id, table.day < grid.as_of, table.known_day < grid.as_of]
        if days is not None:
            seen.append(table.day >= (grid.as_of - ibis.interval(days=days)).cast("date"))
        joined = table.inner_join(grid, seen)
        return joined.select(*table.columns, "as_of").mutate(age=lambda row: row.as_of.delta(row.day, unit="day"))

    def _masked(self, past: ir.Table, name: str) -> ir.Table:
        shown: dict[str, Any] = {}
        for column, known in SHOWN_ONCE_KNOWN.get(name, {}).items():
            if column not in past.columns:
                continue
            day = past[known] if past[known].type().is_date() else past[known].date()
            shown[column] = ibis.ifelse(day < past.as_of, past[column], ibis.null(past[column].type()))
        for column, since in vouched_columns(name, self.tables.settings).items():
            if column in past.columns:
                shown[column] = ibis.ifelse(
                    past.as_of >= ibis.date(since.isoformat()), past[column], ibis.null(past[column].type())
                )
        return past.mutate(**shown)


def grid_of(tables: Tables, pairs: pd.DataFrame) -> ir.Table:
    """Make a grid of accounts and dates that the engine can join.

    Parameters
    ----------
    tables : Tables
        The project's tables, for the engine.
    pairs : DataFrame, columns account_id and as_of
        Who is looked at, and when; a pair that stands twice counts once.

    Returns
    -------
    Table
        Columns account_id (text) and as_of (date).
    """
    rows = pairs[["account_id", "as_of"]].drop_duplicates()
    table = ibis.memtable(rows, schema={"account_id": "string", "as_of": "timestamp"})
    grid = table.select(table.account_id, as_of=table.as_of.date())
    if tables.source.is_ours:
        grid = tables.source.connection.create_table(ibis.util.gen_name("grid"), grid, temp=True)
    return grid
