"""Versions of a subscription side by side: which comes next, and since when they run without a break.

From one date not all versions are seen, nor all their ends. For most subscriptions that changes nothing: each version
became known after the one before it, and so did each end that was followed by a break. Their neighbours are found once
for the table. Only where something became known out of order are they found anew from every date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    from ibis.expr import types as ir

SUBSCRIPTION = ("account_id", "subscription_id")
# what comes after the moments only breaks ties
ORDER = (
    *("day", "valid_from", "known_day", "recorded_at"),
    *("plan_id", "seats", "mrr", "billing_period_months", "term_end"),
)


def with_neighbours(table: ir.Table) -> ir.Table:
    """Add what is beside each version, before anything is cut.

    Parameters
    ----------
    table : Table
        Dated versions.

    Returns
    -------
    Table
        With `_number` (place among the versions of the subscription), `_next_day`, `_next_seen` (the day after which
        the next version is seen), `_first_day` and `_in_order`: whether these hold from whatever date.
    """
    subscription = [table[column] for column in SUBSCRIPTION]
    order = [table[column] for column in ORDER if column in table.columns]
    beside = ibis.window(group_by=subscription, order_by=order)
    table = table.mutate(_number=ibis.row_number().over(beside), _seen=ibis.greatest(table.day, table.known_day))
    one = [table[column] for column in SUBSCRIPTION]
    beside = ibis.window(group_by=one, order_by=table._number)
    before = {"_seen_before": table._seen, "_ended_before": table.end_day, "_told_before": table.end_known_day}
    table = table.mutate(
        _next_day=table.day.lead().over(beside),
        _next_seen=table._seen.lead().over(beside),
        **{name: column.lag().over(beside) for name, column in before.items()},
    )
    after_break = ibis.coalesce(table.day > table._ended_before, False)
    in_order = ibis.coalesce(table._seen >= table._seen_before, True) & (
        ~after_break | ibis.coalesce(table._told_before <= table._seen, False)
    )
    table = table.mutate(
        _begins=ibis.ifelse(after_break | (table._number == 0), table.day, ibis.null("date")),
        _disorder=ibis.ifelse(in_order, 0, 1),
    )
    one = [table[column] for column in SUBSCRIPTION]
    # days rise along the versions: the latest beginning so far is that of the stretch
    table = table.mutate(
        _first_day=table._begins.max().over(ibis.cumulative_window(group_by=one, order_by=table._number)),
        _in_order=table._disorder.max().over(ibis.window(group_by=one)) == 0,
    )
    return table.drop("_seen", *before, "_begins", "_disorder")


def with_stretches(past: ir.Table) -> ir.Table:
    """Add what is beside each version as it is seen from each date.

    Parameters
    ----------
    past : Table
        Versions with their neighbours, cut and masked: as seen from `as_of`, with `age`.

    Returns
    -------
    Table
        The columns of the versions with `next_age` (days from the next version to the as-of date, null for the latest
        that is seen) and `first_day`, the first day of the stretch without a break.
    """
    added = ("_number", "_next_day", "_next_seen", "_first_day", "_in_order")
    columns = [column for column in past.columns if column not in added]
    known = past.filter(past._in_order)
    next_age = known.as_of.delta(known._next_day, unit="day")
    at_once = known.select(
        *columns,
        next_age=ibis.ifelse(known._next_seen < known.as_of, next_age, ibis.null(next_age.type())),
        first_day=known._first_day,
    )
    late = past.filter(~past._in_order)
    one = [late[column] for column in ("as_of", *SUBSCRIPTION)]
    beside = ibis.window(group_by=one, order_by=late._number)
    begins = ibis.coalesce(late.day > late.end_day.lag().over(beside), late.day.lag().over(beside).isnull())
    late = late.mutate(next_age=late.age.lead().over(beside), _begins=ibis.ifelse(begins, late.day, ibis.null("date")))
    one = [late[column] for column in ("as_of", *SUBSCRIPTION)]
    so_far = ibis.cumulative_window(group_by=one, order_by=late._number)
    late = late.mutate(first_day=late._begins.max().over(so_far))
    return at_once.union(late.select(*columns, "next_age", "first_day"))
