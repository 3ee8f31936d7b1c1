"""The latest row of each thing, from any day: found once for the table instead of once for each date.

A row is the latest one from the day after it is seen until the next later row is. So each row has an interval of days
on which it stands, whatever the dates are that look at it, and however late it or the next one became known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from uptier.tables.contracts import CONTRACT

if TYPE_CHECKING:
    from ibis.expr import types as ir

FAR_AHEAD = "9999-12-31"  # until when the last row stands


@dataclass(frozen=True)
class Latest:
    """Rows with the days on which each is the latest of its thing.

    Attributes
    ----------
    rows : Table
        Dated rows with `seen`, the day after which each is seen, and `next_seen`, that of the first later one.
    thing : tuple of str
        Columns that tell things of an account apart.
    """

    rows: ir.Table
    thing: tuple[str, ...]

    def seen_on(self, looks: ir.Table, *, days: int, columns: Mapping[str, str]) -> ir.Table:
        """Give the latest row of each thing as it was seen on some days.

        Parameters
        ----------
        looks : Table
            Columns account_id, as_of and `seen_on`, the day from which to look back: the as-of date, or one before it,
            as which a later one counts. Columns of the thing, if it has them, say which is looked at; else all are.
        days : int
            How far back to look from that day.
        columns : mapping of str to str
            What is wanted of the row: new column to that of the table.

        Returns
        -------
        Table
            The looks that see something, without `seen_on`, with the thing and the new columns; one row for each thing.
        """
        rows, conditions = self._standing(looks, days, columns)
        named = [column for column in self.thing if column not in looks.columns]
        joined = looks.inner_join(rows, conditions)
        kept = joined.select(*looks.columns, *(f"_{column}" for column in named), *columns).drop("seen_on")
        return kept.rename({column: f"_{column}" for column in named})

    def beside(self, looks: ir.Table, *, days: int, columns: Mapping[str, str]) -> ir.Table:
        """Put beside each look what it sees, if it does.

        Parameters
        ----------
        looks : Table
            As for :meth:`seen_on`, with the columns of the thing.
        days : int
            How far back to look from that day.
        columns : mapping of str to str
            What is wanted of the row: new column to that of the table.

        Returns
        -------
        Table
            All looks, without `seen_on`, with the new columns; null where nothing was seen.
        """
        rows, conditions = self._standing(looks, days, columns)
        return looks.left_join(rows, conditions).select(*looks.columns, *columns).drop("seen_on")

    def _standing(self, looks: ir.Table, days: int, columns: Mapping[str, str]) -> tuple[ir.Table, list[Any]]:
        ids = ("account_id", *self.thing)
        rows = self.rows
        rows = rows.select(
            **{f"_{column}": rows[column] for column in ids},
            _day=rows.day,
            _seen=rows.seen,
            _next_seen=rows.next_seen,
            **{name: rows[column] for name, column in columns.items()},
        )
        # never from a day after the as-of date, whoever asks
        day = ibis.least(looks.seen_on, looks.as_of)
        return rows, [
            *(looks[column] == rows[f"_{column}"] for column in ids if column in looks.columns),
            rows._seen < day,
            rows._next_seen >= day,
            rows._day >= (day - ibis.interval(days=days)).cast("date"),
        ]


def latest_of(table: ir.Table, name: str, thing: Sequence[str]) -> Latest:
    """Find the days on which each row of a table is the latest of its thing.

    Parameters
    ----------
    table : Table
        A dated table, none of whose columns shows later than its row.
    name : str
        Canonical name.
    thing : sequence of str
        Columns that tell things of an account apart.

    Returns
    -------
    Latest
        Of several rows of one moment the one with the highest values stands.
    """
    ids = ["account_id", *thing]
    time = CONTRACT[name].time
    # what comes after the moment only breaks ties; rows that differ in nothing else are one and the same
    aside = ("day", "known_day", "recorded_at", time, *ids)
    order = [table[column] for column in (time, *(one for one in table.columns if one not in aside))]
    one = [table[column] for column in ids]
    rows = table.mutate(seen=ibis.greatest(table.day, table.known_day))
    later = ibis.window(group_by=one, order_by=order, following=(1, None))
    # never null: an engine joins by plain comparisons, and by anything else row against row
    next_seen = ibis.coalesce(rows.seen.min().over(later), ibis.date(FAR_AHEAD))
    return Latest(rows.mutate(next_seen=next_seen), tuple(thing))
