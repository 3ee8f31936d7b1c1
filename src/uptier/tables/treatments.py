"""What happens to rows that break the contract: which they are, and how a project has them treated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from uptier.tables.contracts import CONTRACT
from uptier.tables.latest import FAR_AHEAD

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.settings import Accepted, Settings
    from uptier.tables.mapping import Mapped


def repeated_keys(table: ir.Table, key: tuple[str, ...]) -> ir.Table:
    """List the keys that stand in several rows.

    Parameters
    ----------
    table : Table
        In canonical columns.
    key : tuple of str
        Columns of the key.

    Returns
    -------
    Table
        The key's columns and `rows`, how many have it.
    """
    grouped = table.group_by([table[column] for column in key]).aggregate(rows=table.count())
    return grouped.filter(grouped.rows > 1)


def without_equal_rows(table: ir.Table, key: tuple[str, ...]) -> ir.Table:
    """Leave out rows that are equal to another in every column.

    Parameters
    ----------
    table : Table
        In canonical columns.
    key : tuple of str
        Columns of the key; empty if rows have none.

    Returns
    -------
    Table
        Each row once. Only rows whose key repeats are compared in full: over many events that is far less work.
    """
    if not key:
        return table.distinct()
    # rows without a full key are compared in full at once: equality that lets null be null is slow in some engines
    whole = table.filter([table[column].notnull() for column in key])
    rest = table.filter(_any([table[column].isnull() for column in key])).distinct()
    repeated = repeated_keys(whole, key)
    return whole.anti_join(repeated, key).union(whole.semi_join(repeated, key).distinct()).union(rest)


def within_subscription(usage: ir.Table, subscriptions: ir.Table) -> ir.Table:
    """Keep the usage that falls on a day on which its account had a subscription.

    Parameters
    ----------
    usage : Table
        Dated usage.
    subscriptions : Table
        Dated versions.

    Returns
    -------
    Table
        Some of the rows of `usage`.
    """
    # comparisons alone are a hash join to DuckDB; with an "or" among them it looks at every pair
    versions = subscriptions.select(
        "account_id", began=subscriptions.day, end_day=ibis.coalesce(subscriptions.end_day, ibis.date(FAR_AHEAD))
    )
    return usage.semi_join(
        versions,
        [
            usage.account_id == versions.account_id,
            usage.day >= versions.began,
            usage.day < versions.end_day,
        ],
    )


def future_rows(table: ir.Table, settings: Settings) -> ir.BooleanValue:
    """Say which rows became known too late for the project.

    Parameters
    ----------
    table : Table
        A dated table.
    settings : Settings
        The project, with its `data_until`.

    Returns
    -------
    BooleanValue
        True for rows known on or after `data_until`.
    """
    future: ir.BooleanValue = table.known_day >= settings.data_until
    return future


def negative_numbers(table: ir.Table, name: str) -> ir.BooleanValue:
    """Say which rows hold a number below zero.

    Parameters
    ----------
    table : Table
        In canonical columns.
    name : str
        Canonical name.

    Returns
    -------
    BooleanValue
        True for such rows; no column of the contract may be negative.
    """
    kinds = ("count", "number", "money")
    checks = [table[column] < 0 for column, kept in CONTRACT[name].columns.items() if kept.kind in kinds]
    # false for every row where there is nothing to compare, so that it stays a column
    none = table[CONTRACT[name].required_columns()[0]].isnull() & False
    return _any([none, *(ibis.coalesce(check, False) for check in checks)])


def null_values(table: ir.Table, name: str) -> ir.BooleanValue:
    """Say which rows lack a value that the contract requires.

    Parameters
    ----------
    table : Table
        In canonical columns.
    name : str
        Canonical name.

    Returns
    -------
    BooleanValue
        True for such rows.
    """
    return _any([table[column].isnull() for column in CONTRACT[name].required_columns()])


def treated(table: ir.Table, one: Mapped, settings: Settings, *codes: str) -> ir.Table:
    """Treat the rows of some findings as the project says.

    Parameters
    ----------
    table : Table
        In canonical columns.
    one : Mapped
        What is known of the table.
    settings : Settings
        The project, with what it accepts.
    *codes : str
        Codes of findings, in the order of their treatment.

    Returns
    -------
    Table
        The same table where the project accepts none of them.
    """
    for code in codes:
        treatment = treatment_of(settings.accept, code, one.name)
        if treatment is not None:
            table = _TREATMENTS[code](table, one, settings, treatment)
    return table


def treatment_of(accept: tuple[Accepted, ...], code: str, table: str) -> str | None:
    """Say how a finding in a table is treated.

    Parameters
    ----------
    accept : tuple of Accepted
        What the project accepts.
    code : str
        Code of the finding.
    table : str
        Canonical name.

    Returns
    -------
    str or None
        None where it is not accepted.
    """
    return next((one.treatment for one in accept if one.code == code and one.table in (None, table)), None)


def _without_nulls(table: ir.Table, one: Mapped, settings: Settings, treatment: str) -> ir.Table:
    return table.filter(~null_values(table, one.name)) if treatment == "drop" else table


def _without_reversed(table: ir.Table, one: Mapped, settings: Settings, treatment: str) -> ir.Table:
    if treatment != "drop" or "end_day" not in table.columns:
        return table
    return table.filter(ibis.coalesce(table.valid_to >= table.valid_from, True))


def _without_negatives(table: ir.Table, one: Mapped, settings: Settings, treatment: str) -> ir.Table:
    return table.filter(~negative_numbers(table, one.name)) if treatment == "drop" else table


def _without_future(table: ir.Table, one: Mapped, settings: Settings, treatment: str) -> ir.Table:
    if treatment != "drop" or "known_day" not in table.columns:
        return table
    return table.filter(~future_rows(table, settings))


def _one_for_each_key(table: ir.Table, one: Mapped, settings: Settings, treatment: str) -> ir.Table:
    key = list(CONTRACT[one.name].key_of(one.present))
    if treatment == "keep" or not key:
        return table
    # ordered by every column, so that the same row is kept whatever the order of the file
    order = [table[column] for column in table.columns]
    ranked = table.mutate(
        _place=ibis.row_number().over(group_by=[table[column] for column in key], order_by=order),
        _rows=table.count().over(group_by=[table[column] for column in key]),
    )
    kept = ranked._place == 0 if treatment == "keep_first" else ranked._rows == 1
    return ranked.filter(kept).drop("_place", "_rows")


_TREATMENTS = {
    "null-value": _without_nulls,
    "ends-before-begins": _without_reversed,
    "negative-number": _without_negatives,
    "future-row": _without_future,
    "duplicate-key": _one_for_each_key,
}


def _any(checks: list[ir.BooleanValue]) -> ir.BooleanValue:
    found = checks[0]
    for check in checks[1:]:
        found = found | check
    return found
