"""From mapped tables to the ones that everything else reads: treated as the project says, with days known-at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import ibis

from uptier.tables.contracts import CONTRACT, Change
from uptier.tables.forms import as_versions
from uptier.tables.treatments import treated, treatment_of, within_subscription, without_equal_rows

if TYPE_CHECKING:
    import datetime as dt

    from ibis.expr import types as ir

    from uptier.settings import Settings
    from uptier.tables.mapping import Mapped
    from uptier.tables.source import Source

USAGE = "usage"  # whichever form of usage the project has
KIND = "kind="  # marks a kind of usage event among the columns that are asked for

_ENDS = ("valid_to", "end_day", "end_known_day", "end_recorded_at", "end_reason")  # those that a table has

# a column that tells an outcome, and the day on which that became known
SHOWN_ONCE_KNOWN = {
    "subscriptions": dict.fromkeys(_ENDS, "end_known_day"),
    "addons": dict.fromkeys(_ENDS, "end_known_day"),
    "tickets": {"closed_at": "closed_at"},
    "outreach": {"result": "result_at", "result_at": "result_at"},
}


@dataclass(frozen=True, kw_only=True)
class Tables:
    """A project's tables, clean and dated.

    Attributes
    ----------
    source : Source
        Where they are.
    settings : Settings
        The project.
    clean : dict
        Canonical name to table. Beside the columns of the contract each dated table has `day`, when the row happened,
        and `known_day`, when it became known; tables of intervals have `end_day` and `end_known_day` too.
    present : dict
        Canonical name to the columns that the source has.
    """

    source: Source
    settings: Settings
    clean: Mapping[str, ir.Table]
    present: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def has(self, table: str, columns: Iterable[str] = ()) -> bool:
        """Say whether the project has a table with certain columns that may be looked at in the past.

        Parameters
        ----------
        table : str
            Canonical name, or ``usage`` for whichever form there is.
        columns : iterable of str
            Canonical columns that must come from the source; ``kind=export`` for a kind of usage event.

        Returns
        -------
        bool
            False too if a column is overwritten in place and the project does not state since when it holds.
        """
        if table == USAGE:
            table = "usage_events" if "usage_events" in self.clean else "usage_daily"
        if table not in self.clean:
            return False
        kinds = {column.removeprefix(KIND) for column in columns if column.startswith(KIND)}
        wanted = {column for column in columns if not column.startswith(KIND)}
        recorded = set(self.settings.table(table).kinds) or kinds
        return (
            (not kinds or bool(kinds & recorded))
            and wanted <= self.present[table]
            and not wanted & hidden_columns(table, self.settings)
        )

    def __contains__(self, name: str) -> bool:
        return name in self.clean

    def __getitem__(self, name: str) -> ir.Table:
        return self.clean[name]


def vouched_columns(name: str, settings: Settings) -> dict[str, dt.date]:
    """Give the overwritten columns of a table for which the project states since when they hold.

    Parameters
    ----------
    name : str
        Canonical name.
    settings : Settings
        The project.

    Returns
    -------
    dict of str to date
        Column to the first date on which it may be used.
    """
    places = ((*place.partition("."), day) for place, day in settings.holds_since.items())
    return {column: day for table, _, column, day in places if table == name}


def hidden_columns(name: str, settings: Settings) -> set[str]:
    """Give the columns of a table that the past must not see: what they said then is not known.

    Parameters
    ----------
    name : str
        Canonical name.
    settings : Settings
        The project.

    Returns
    -------
    set of str
        Columns that are overwritten in place, without those that the project vouches for and those that carry the day
        on which they became known.
    """
    overwritten = {
        column
        for column, described in CONTRACT[name].columns.items()
        if described.change is Change.CURRENT and column not in SHOWN_ONCE_KNOWN.get(name, {})
    }
    return overwritten - set(vouched_columns(name, settings))


def dated(table: ir.Table, name: str, lag_days: int) -> ir.Table:
    """Add the days on which each row happened and became known.

    Parameters
    ----------
    table : Table
        In canonical columns.
    name : str
        Canonical name.
    lag_days : int
        Worst-case days until a row is known, where it does not say itself.

    Returns
    -------
    Table
        With `day` and `known_day`; for intervals with `end_day` and `end_known_day` too.
    """
    contract = CONTRACT[name]
    if not contract.time:
        return table
    moment = table[contract.time]
    day = moment if moment.type().is_date() else moment.date()
    table = table.mutate(day=day)
    table = table.mutate(known_day=ibis.coalesce(table.recorded_at.date(), later(table.day, lag_days)))
    if "valid_to" in contract.columns:
        table = table.mutate(end_day=table.valid_to.date())
        table = table.mutate(end_known_day=ibis.coalesce(table.end_recorded_at.date(), later(table.end_day, lag_days)))
    return table


def clean(
    source: Source, settings: Settings, mapped: Mapping[str, Mapped], repeated: frozenset[str] | None = None
) -> Tables:
    """Treat and date the mapped tables.

    Parameters
    ----------
    source : Source
        Where they are.
    settings : Settings
        The project, with what it accepts and how that is treated.
    mapped : mapping of str to Mapped
        The tables that the source has.
    repeated : frozenset of str, optional
        The tables in which the check saw rows that are equal to another: only there are they looked for once more.
        Where it is not given nothing is known, and they are looked for in every table.

    Returns
    -------
    Tables
        Still expressions, save what is small and asked for often.
    """
    accounts = mapped["accounts"].table.filter(lambda row: row.account_id.notnull())
    ready: dict[str, ir.Table] = {}
    for name, one in mapped.items():
        table = one.table
        if repeated is None or name in repeated:
            table = without_equal_rows(table, CONTRACT[name].key_of(one.present))
        # what is left out must not end a version before it
        table = treated(table, one, settings, "null-value", "negative-number", "duplicate-key")
        if name == "subscriptions":
            table = as_versions(table, one.form)
        table = dated(table, name, settings.table(name).lag_days)
        table = treated(table, one, settings, "ends-before-begins", "future-row")
        if "end_day" in table.columns:
            table = without_future_ends(table, settings)
        if "account_id" in table.columns and name != "accounts":
            table = table.semi_join(accounts, "account_id")
        ready[name] = table
    if "subscriptions" in ready:
        for name in ("usage_events", "usage_daily"):
            if name in ready and treatment_of(settings.accept, "usage-outside-subscription", name) == "drop":
                ready[name] = within_subscription(ready[name], ready["subscriptions"])
    # small, and read by every measure: once is enough. Usage is read once anyway, by its rollup.
    ready = {name: table if name.startswith("usage_") else source.kept(table, name) for name, table in ready.items()}
    present = {name: one.present for name, one in mapped.items()}
    if "subscriptions" in mapped and mapped["subscriptions"].form == "billing_periods":
        present["subscriptions"] |= {"term_end"}
    return Tables(source=source, settings=settings, clean=ready, present=present)


def future_ends(table: ir.Table, settings: Settings) -> ir.BooleanValue:
    """Say which rows tell of an end that became known too late for the project.

    Parameters
    ----------
    table : Table
        A dated table of intervals.
    settings : Settings
        The project, with its `data_until`.

    Returns
    -------
    BooleanValue
        True where the row ended before `data_until`, which was known only later.
    """
    until = settings.data_until
    late: ir.BooleanValue = ibis.coalesce((table.end_day < until) & (table.end_known_day >= until), False)
    return late


def without_future_ends(table: ir.Table, settings: Settings) -> ir.Table:
    """Let rows run on whose end became known too late for the project.

    Parameters
    ----------
    table : Table
        A dated table of intervals.
    settings : Settings
        The project, with its `data_until`.

    Returns
    -------
    Table
        The same rows.
    """
    late = future_ends(table, settings)
    return table.mutate(
        **{
            column: ibis.ifelse(late, ibis.null(table[column].type()), table[column])
            for column in _ENDS
            if column in table.columns
        }
    )


def later(day: ir.DateValue, days: int) -> ir.DateValue:
    """Give the day that lies some days after another.

    Parameters
    ----------
    day : DateValue
        The day.
    days : int
        Days after it.

    Returns
    -------
    DateValue
        Null where the day is.
    """
    if days == 0:
        return day
    shifted: ir.DateValue = (day + ibis.interval(days=days)).cast("date")
    return shifted
