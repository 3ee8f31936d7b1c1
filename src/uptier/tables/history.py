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
from uptier.tables.contracts import CONTRACT, USAGE_KINDS
from uptier.tables.latest import Latest, latest_of
from uptier.tables.versions import with_neighbours, with_stretches
from uptier.tables.written import written_grid

if TYPE_CHECKING:
    import pandas as pd
    from ibis.common.deferred import Deferred
    from ibis.expr import types as ir

    from uptier.tables.clean import Tables
    from uptier.tables.rollup import Rollup

DENSE = 0.25  # share of all pairs of account and date from which on dates are looked up first
# Share of accounts from which on the others are not worth leaving out: most of them have left, so what is recent has no
# rows of theirs. One way for months and for the newest date also means one compiled catalogue for both.
MOST = 0.5
FEW = 100  # accounts up to which they are looked up first
SMALL = 20_000  # pairs of account and date that are looked up sooner than a catalogue is compiled for some of them
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
    dense : bool
        Whether most of the accounts are looked at from most of the dates: then dates are looked up first, and rows of
        the grid last. What is shown is the same; rows of other accounts and dates may be beside it.
    everyone : bool
        Whether most accounts are in the grid, so that others need not be left out.
    """

    tables: Tables
    grid: ir.Table
    usage: Rollup | None
    dense: bool = False
    everyone: bool = False

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

    def past(self, name: str, *, days: int | None = None, also: Mapping[str, Deferred] | None = None) -> ir.Table:
        """Show a table's past.

        Parameters
        ----------
        name : str
            Canonical name of a dated table.
        days : int, optional
            How far back to look; all the way by default.
        also : mapping of str to Deferred, optional
            New columns, formed once for each row of the table instead of once for each date from which it is seen. They
            may use only what was written once: a column that shows later is not there.

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
        table = self.tables[name].drop(*hidden_columns(name, self.tables.settings))
        later = {*SHOWN_ONCE_KNOWN.get(name, {}), *vouched_columns(name, self.tables.settings)}
        fixed = table.drop(*(column for column in table.columns if column in later))
        # resolved where what shows later is not there, so that it cannot slip through as another column
        for one in (also or {}).values():
            one.resolve(fixed)
        return self._masked(self._cut(table.mutate(**(also or {})), days), name)

    def latest(self, name: str, thing: Sequence[str], *, days: int) -> Latest:
        """Show the latest row of each thing of an account, from whatever day one looks.

        Parameters
        ----------
        name : str
            Canonical name of a dated table, none of whose columns shows later than its row.
        thing : sequence of str
            Columns that tell things of an account apart, such as its meters.
        days : int
            How far back from an as-of date anything matters; older rows need not be there.

        Returns
        -------
        Latest
            What is asked for the rows that were the latest on some day, no later than the as-of date.

        Raises
        ------
        SignalError
            If a column of the table shows later than its row: :meth:`past` knows when.
        """
        if name in SHOWN_ONCE_KNOWN or vouched_columns(name, self.tables.settings):
            raise SignalError(f"The latest rows of '{name}' tell more than was known then.", do="Ask History.past.")
        rows = self._within(self.tables[name].drop(*hidden_columns(name, self.tables.settings)), days)
        found = latest_of(rows, name, thing)
        return Latest(self.kept(found.rows), found.thing)

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
        table = self.tables["subscriptions"].drop(*hidden_columns("subscriptions", self.tables.settings))
        past = self._masked(self._cut(with_neighbours(table)), "subscriptions")
        past = with_stretches(past)
        rows = past.mutate(before=ibis.array(list(before)).unnest())
        # the latest version that had begun by then: the next one, if there is any, had not
        latest = (rows.age > rows.before) & ibis.coalesce(rows.next_age <= rows.before, True)
        ended = ibis.coalesce(rows.as_of.delta(rows.end_day, unit="day") > rows.before, False)
        return rows.filter(latest & ~ended).drop("next_age")

    def past_usage(self, which: str, *, days: int, kinds: Sequence[str] = ()) -> ir.Table:
        """Show the past of usage, by day.

        Parameters
        ----------
        which : str
            A table of the rollup: ``days``, ``touches`` or ``people``.
        days : int
            How far back to look.
        kinds : sequence of str
            For ``touches``: only these kinds of events; all by default.

        Returns
        -------
        Table
            As :meth:`past`: the columns of that table with `as_of` and `age`.

        Raises
        ------
        SignalError
            If the project has no such usage.
        """
        return self._cut(self._usage(which, kinds), days)

    def latest_usage(self, which: str, *, days: int, kinds: Sequence[str] = ()) -> ir.Table:
        """Show how long ago the latest usage was.

        Parameters
        ----------
        which : str
            ``days``, ``touches`` or ``people``.
        days : int
            How far back to look.
        kinds : sequence of str
            For ``touches``: only these kinds of events; all by default.

        Returns
        -------
        Table
            account_id, as_of and `age`, for each row of the grid with usage in that time.

        Raises
        ------
        SignalError
            If the project has no such usage.
        """
        key = ["account_id", "as_of"]
        if not self.dense:
            past = self.past_usage(which, days=days, kinds=kinds)
            return past.group_by(key).aggregate(age=past.age.min())
        # each row once, for the first date that sees it; the dates after that see it too
        ages = self._ages(days)
        first = ages.group_by("day").aggregate(seen_from=ages.as_of.min()).rename(seen_day="day")
        rows = self._usage(which, kinds)
        rows = rows.inner_join(first, rows.known_day == first.seen_day)
        latest = rows.group_by(["account_id", "seen_from"]).aggregate(day=rows.day.max())
        dates = self._dates()
        seen = latest.inner_join(dates, latest.seen_from <= dates.as_of)
        last = seen.group_by(key).aggregate(day=seen.day.max())
        last = last.mutate(age=last.as_of.delta(last.day, unit="day"))
        return last.filter(last.age <= days).drop("day")

    def usage_by_day(self, which: str, *, days: int) -> ir.Table:
        """Give a table of the rollup, not yet cut.

        Parameters
        ----------
        which : str
            ``days``, ``touches`` or ``people``.
        days : int
            How far back from an as-of date anything matters; rows that no date looks back at are left out.

        Returns
        -------
        Table
            Rows with `known_day`, the first day that knows them: whoever reads this compares that with each as-of date,
            which the other methods do by themselves.

        Raises
        ------
        SignalError
            If the project has no such usage.
        """
        return self._within(self._usage(which), days)

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
            The same rows, kept where the engine is our own; on a server the expression itself.
        """
        return self.tables.source.kept(answer, "answer")

    def _cut(self, table: ir.Table, days: int | None = None) -> ir.Table:
        if days is not None:
            return self._cut_by_day(table, days)
        grid = self.grid
        seen = [table.account_id == grid.account_id, table.day < grid.as_of, table.known_day < grid.as_of]
        joined = table.inner_join(grid, seen)
        return joined.select(*table.columns, "as_of").mutate(age=lambda row: row.as_of.delta(row.day, unit="day"))

    def _cut_by_day(self, table: ir.Table, days: int) -> ir.Table:
        # each row meets the few dates from which it is seen by its day alone: an equality, which engines join fast
        ages = self._ages(days)
        if self.dense:
            joined = table.inner_join(ages, "day")
            if not self.everyone:
                joined = joined.semi_join(self.grid, "account_id")
        else:
            looks = self.grid.inner_join(ages, "as_of")
            joined = table.inner_join(looks, ["account_id", "day"])
        return joined.filter(joined.known_day < joined.as_of)

    def _usage(self, which: str, kinds: Sequence[str] = ()) -> ir.Table:
        table: ir.Table | None = getattr(self.usage, which, None)
        if table is None:
            raise SignalError(f"History has no usage of {which} to show.", do="Map usage_events or usage_daily.")
        if kinds:
            table = table.filter(table.kind.isin([USAGE_KINDS.index(kind) for kind in kinds]))
        return table

    def _within(self, table: ir.Table, days: int) -> ir.Table:
        """Leave out rows of days that no date looks back at."""
        return table.semi_join(self._ages(days).select("day").distinct(), "day")

    def _dates(self) -> ir.Table:
        return self.grid.select("as_of").distinct()

    def _ages(self, days: int) -> ir.Table:
        """Give for each as-of date the days before it, with their age."""
        ages = ibis.range(ibis.literal(1, "int64"), ibis.literal(days + 1, "int64"))
        dates = self._dates().mutate(age=ages.unnest())  # Spark unnests nothing within a cast
        return dates.mutate(day=(dates.as_of - dates.age.as_interval("D")).cast("date"))

    def _masked(self, past: ir.Table, name: str) -> ir.Table:
        shown: dict[str, Any] = {}
        for column, known in SHOWN_ONCE_KNOWN.get(name, {}).items():
            if column not in past.columns:
                continue
            day = past[known] if past[known].type().is_date() else past[known].date()
            shown[column] = ibis.ifelse(day < past.as_of, past[column], ibis.null(past[column].type()))
        for column, since in vouched_columns(name, self.tables.settings).items():
            # what a project vouches for since some day still shows only once it was known
            if column in past.columns:
                shown[column] = ibis.ifelse(
                    past.as_of >= ibis.date(since.isoformat()),
                    shown.get(column, past[column]),
                    ibis.null(past[column].type()),
                )
        return past.mutate(**shown)


def history_of(tables: Tables, looks: pd.DataFrame, usage: Rollup | None) -> History:
    """Open the door for some looks at accounts, in the way that suits how they lie.

    Parameters
    ----------
    tables : Tables
        The project's tables.
    looks : DataFrame, columns account_id and as_of
        Who is looked at, and when.
    usage : Rollup or None
        Usage by day.

    Returns
    -------
    History
        Dense where most accounts are looked at from most dates, as at the ends of months, and always in a small
        company of which files tell; not where each look has a date of its own, as upsells have.
    """
    accounts, dates = looks["account_id"].nunique(), looks["as_of"].nunique()
    small = everyone = False
    if tables.source.is_ours:
        known = int(tables["accounts"].count().to_pandas())
        small = known * dates <= SMALL
        everyone = small or accounts >= MOST * known
    dense = small or (len(looks) >= DENSE * accounts * dates and (everyone or accounts > FEW))
    return History(tables, grid_of(tables, looks), usage, dense=dense, everyone=everyone)


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
    if tables.source.is_ours:
        rows = pairs[["account_id", "as_of"]].drop_duplicates()
        table = ibis.memtable(rows, schema={"account_id": "string", "as_of": "timestamp"})
        return tables.source.kept(table.select(table.account_id, as_of=table.as_of.date()), "grid")
    return tables.source.kept(written_grid(pairs), "grid")
