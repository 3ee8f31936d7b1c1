"""The forms in which companies keep subscriptions, each brought to versions with a beginning and an end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.datatypes as dt

if TYPE_CHECKING:
    from ibis.expr import types as ir

LONG_AGO = "1970-01-01"  # since when a current-state table is taken to hold


def as_versions(table: ir.Table, form: str) -> ir.Table:
    """Bring a subscriptions table to versions.

    Parameters
    ----------
    table : Table
        Subscriptions in canonical columns.
    form : str
        ``intervals``: already versions. ``change_log``: one row for each change, holding until the next; a row with
        neither seats nor revenue ends the subscription. ``snapshots``: all subscriptions on certain days; what is
        not in the next snapshot has ended. ``billing_periods``: one row for each period paid, `valid_to` its end.
        ``current``: what holds today, with no past.

    Returns
    -------
    Table
        The same columns; `valid_from` and `valid_to` bound each version.
    """
    if form == "change_log":
        return _from_change_log(table)
    if form == "snapshots":
        return _from_snapshots(table)
    if form == "billing_periods":
        # the end of a period is a term as agreed, not yet a leaving: whether another follows is seen from the rows
        # by its length where that is told: an end that was written anew when the customer left is no agreed term
        agreed = (table.valid_from + table.billing_period_months.as_interval("M")).cast(dt.timestamp)
        return table.mutate(term_end=ibis.coalesce(table.term_end, agreed, table.valid_to))
    if form == "current":
        return table.mutate(valid_from=ibis.literal(LONG_AGO).cast(dt.timestamp), valid_to=ibis.null(dt.timestamp))
    return table


def _from_change_log(table: ir.Table) -> ir.Table:
    window = ibis.window(group_by=table.subscription_id, order_by=table.valid_from)
    changes = table.mutate(
        valid_to=table.valid_from.lead().over(window),
        end_recorded_at=table.recorded_at.lead().over(window),
        # a log says why something ended in the row that ends it
        end_reason=table.end_reason.lead().over(window),
    )
    nothing = (ibis.coalesce(changes.seats, 0) == 0) & (ibis.coalesce(changes.mrr, 0) == 0)
    # a log that tells neither seats nor revenue still tells plans
    said = (changes.seats == 0) | (changes.mrr == 0) | changes.plan_id.isnull()
    return changes.filter(~(nothing & ibis.coalesce(said, False)))


def _from_snapshots(table: ir.Table) -> ir.Table:
    # by day: the rows of one snapshot may be seconds apart
    table = table.mutate(_day=table.valid_from.date())
    days = table.group_by("_day").aggregate(_taken=table.valid_from.min(), _known=table.recorded_at.max())
    window = ibis.window(order_by=days._day)
    following = days.select("_day", _next=days._taken.lead().over(window), _next_known=days._known.lead().over(window))
    joined = table.left_join(following, "_day")
    ended = joined.mutate(valid_to=joined._next, end_recorded_at=joined._next_known)
    return ended.select(*(column for column in table.columns if column != "_day"))
