"""Timelines of accounts in every table of the contract, and what may be seen of them from a date.

What may be seen is formed here row by row in plain Python, apart from the product's own cut, so that the two are
compared: see :mod:`uptier.signals.promises`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from uptier.tables.clean import SHOWN_ONCE_KNOWN
from uptier.tables.contracts import CONTRACT, Kind

Row = dict[str, str | None]
Rows = dict[str, list[Row]]

DATED = tuple(name for name, table in CONTRACT.items() if table.time)
END = "end_known_day"  # the day on which an interval's end became known

_LATER: dict[Kind, str] = {
    Kind.ID: "later",
    Kind.CATEGORY: "later",
    Kind.TEXT: "we miss an export",
    Kind.COUNT: "7",
    Kind.NUMBER: "99999",
    Kind.MONEY: "7777",
}


@dataclass(frozen=True, kw_only=True)
class World:
    """Some accounts that are looked at from some dates.

    Attributes
    ----------
    name : str
        What is told of it where a promise breaks.
    dates : tuple of date
        As-of dates.
    lag_days : int
        Worst-case days until a row is known that does not say so itself, of every table.
    zone : str
        Of all times.
    usage : str
        Which form of usage there is.
    accounts : dict of str to dict
        By account its rows, by table.
    """

    name: str
    dates: tuple[dt.date, ...]
    lag_days: int
    zone: str
    usage: str
    accounts: dict[str, Rows]

    def day(self, moment: str | None) -> dt.date | None:
        """Give the day of a moment.

        Parameters
        ----------
        moment : str or None
            In the world's zone.

        Returns
        -------
        date or None
            UTC.
        """
        if moment is None:
            return None
        local = dt.datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(self.zone))
        return local.astimezone(dt.UTC).date()

    def happened(self, row: Row, table: str) -> dt.date | None:
        """Give the day on which a row happened.

        Parameters
        ----------
        row : dict
            Of a dated table.
        table : str
            Canonical name.

        Returns
        -------
        date or None
            None where it does not say.
        """
        moment = row[CONTRACT[table].time]
        # a calendar day has no zone
        return dt.date.fromisoformat(str(moment)) if moment and len(moment) == len("2026-01-01") else self.day(moment)

    def known(self, row: Row, table: str) -> dt.date | None:
        """Give the day on which a row became known.

        Parameters
        ----------
        row : dict
            Of a dated table.
        table : str
            Canonical name.

        Returns
        -------
        date or None
            As it says itself, else its own day and the lag.
        """
        return self.day(row.get("recorded_at")) or self._later(self.happened(row, table))

    def end_known(self, row: Row, table: str, known: str) -> tuple[dt.date | None, dt.date | None]:
        """Give the days on which an end or a result happened and became known.

        Parameters
        ----------
        row : dict
            Of a table with ends or results.
        table : str
            Canonical name.
        known : str
            Where the table says so, as in `SHOWN_ONCE_KNOWN`.

        Returns
        -------
        tuple of date or None
            None where it has not ended.
        """
        ended = self.day(row["valid_to" if known == END else known])
        return ended, ((self.day(row["end_recorded_at"]) or self._later(ended)) if known == END else ended)

    def _later(self, day: dt.date | None) -> dt.date | None:
        return None if day is None else day + dt.timedelta(days=self.lag_days)


def seen_from(world: World, rows: Rows, as_of: dt.date) -> Rows:
    """Keep of an account's rows what had happened and was known before a date.

    Parameters
    ----------
    world : World
        Of which the account is.
    rows : dict of str to list of dict
        All its rows.
    as_of : date
        The date.

    Returns
    -------
    dict of str to list of dict
        New rows, without ends and results that were not known.
    """
    kept: Rows = {}
    for table, given in rows.items():
        dated = [row for row in given if table not in DATED or not _hidden(world, row, table, as_of)]
        kept[table] = [_without_ends(world, row, table, as_of) for row in dated]
    return kept


def otherwise(world: World, rows: Rows, as_of: dt.date, *, late: bool) -> Rows:
    """Change of an account's rows what must not matter at a date.

    Parameters
    ----------
    world : World
        Of which the account is.
    rows : dict of str to list of dict
        All its rows.
    as_of : date
        The date.
    late : bool
        Whether to change what had happened and was not known yet, rather than what had not happened.

    Returns
    -------
    dict of str to list of dict
        New rows: the hidden ones say something else or are gone, ends that were not seen are others.
    """
    changed: Rows = {}
    for table, given in rows.items():
        changed[table] = []
        for number, row in enumerate(given):
            happened = world.happened(row, table) if table in DATED else None
            hidden = table in DATED and _hidden(world, row, table, as_of)
            if hidden and late == (happened is not None and happened < as_of):
                if number % 2:
                    continue  # every second one is not there at all, so that counts differ too
                row = _other(row, table, number)
            changed[table].append(_with_other_end(world, row, table, as_of, late=late))
    return changed


def _hidden(world: World, row: Row, table: str, as_of: dt.date) -> bool:
    happened, known = world.happened(row, table), world.known(row, table)
    return happened is None or known is None or happened >= as_of or known >= as_of


def _ends(table: str) -> dict[str, list[str]]:
    """Give the columns that show once something is known, by what that is."""
    found: dict[str, list[str]] = {}
    for column, known in SHOWN_ONCE_KNOWN.get(table, {}).items():
        if column in CONTRACT[table].columns:
            found.setdefault(known, []).append(column)
    return found


def _without_ends(world: World, row: Row, table: str, as_of: dt.date) -> Row:
    row = dict(row)
    for known, columns in _ends(table).items():
        _, day = world.end_known(row, table, known)
        if day is not None and day >= as_of:
            row.update(dict.fromkeys(columns))
    return row


def _with_other_end(world: World, row: Row, table: str, as_of: dt.date, *, late: bool) -> Row:
    row = dict(row)
    for known, columns in _ends(table).items():
        ended, day = world.end_known(row, table, known)
        unseen = day is None or day >= as_of
        if unseen and late == (ended is not None and ended < as_of):
            moment = f"{as_of + dt.timedelta(days=300)} 12:00"
            times = [column for column in columns if CONTRACT[table].columns[column].kind is Kind.TIME]
            row.update({column: moment if column in times else "later" for column in columns})
    return row


def _other(row: Row, table: str, number: int) -> Row:
    """Alter all but the moments of a row, and whose it is."""
    other = dict(row)
    for name, column in CONTRACT[table].columns.items():
        if name in ("account_id", "subscription_id") or column.kind not in _LATER or name not in row:
            continue
        other[name] = column.values[-1] if column.values else f"{_LATER[column.kind]}"
        if column.kind is Kind.ID or name in CONTRACT[table].key:
            other[name] = "top" if name == "plan_id" else f"later {number}"
    return other
