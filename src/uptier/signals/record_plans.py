"""What is asked of milestones and of the account's own row, each answered together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from uptier.signals.windows import KEY, within

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.signals.question import Question
    from uptier.tables.history import History


def milestones(history: History, questions: list[Question], contract: ir.Table | None) -> ir.Table:
    """Answer what an account has achieved, and when.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        Counts, and days since the latest, the first and that of being set up.
    contract : Table or None
        Not used.

    Returns
    -------
    Table
        One row for each row of the grid of which the table knows something.
    """
    past = history.past("milestones")
    return past.group_by(KEY).aggregate(**{one.column: _of_milestones(past, one) for one in questions})


def _of_milestones(past: ir.Table, one: Question) -> Any:
    if one.what == "milestones":
        return ibis.ifelse(within(past, one), 1, 0).sum().cast("int64") if one.last else past.count()
    if one.what == "days_since_milestone":
        return past.age.min()
    if one.what == "days_since_first":
        return past.age.max()
    set_up = past.milestone.lower().isin([name.lower() for name in one.words])
    return ibis.ifelse(set_up, past.age, ibis.null("int64")).max()


def accounts(history: History, questions: list[Question], contract: ir.Table | None) -> ir.Table:
    """Answer what is known of the account itself.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        Columns of the table `accounts`.
    contract : Table or None
        Not used.

    Returns
    -------
    Table
        One row for each row of the grid of which the table knows something.
    """
    rows = history.grid.inner_join(history.facts("accounts"), "account_id")
    facts: dict[str, Any] = {}
    for one in questions:
        value = rows[one.name]
        if f"{one.name}_since" in rows.columns:
            value = ibis.ifelse(rows[f"{one.name}_since"] <= rows.as_of, value, ibis.null("string"))
        facts[one.column] = value
    return rows.select("account_id", "as_of", **facts)
