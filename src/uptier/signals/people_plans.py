"""What is asked of the lists of people and of contacts, each answered together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from uptier.signals.windows import KEY, LOOKBACK_DAYS, reach, within

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.signals.question import Question
    from uptier.tables.history import History

RESULTS = ("won", "lost")  # any other result says that a talk is still open


def roles(history: History, questions: list[Question], contract: ir.Table | None) -> ir.Table:
    """Answer how many people lead an account.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        ``people``, by role.
    contract : Table or None
        Not used.

    Returns
    -------
    Table
        One row for each row of the grid with somebody in one of the roles.
    """
    listed = history.facts("users")
    # few people lead: the others are left out before each date looks at the list
    listed = listed.filter(listed.role.isin(sorted({kind for one in questions for kind in one.kinds})))
    rows = history.grid.inner_join(listed, "account_id")
    # a list need not say when each was invited; where it does, who is not known yet is not there
    there = ibis.coalesce(rows.day < rows.as_of, True) & ibis.coalesce(rows.known_day < rows.as_of, True)
    counts: dict[str, Any] = {
        one.column: ibis.ifelse(there & rows.role.isin(one.kinds), 1, 0).sum().cast("int64") for one in questions
    }
    return rows.group_by(KEY).aggregate(**counts)


def invitations(history: History, questions: list[Question], contract: ir.Table | None) -> ir.Table:
    """Answer how many people were invited.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        ``invited`` within windows.
    contract : Table or None
        Not used.

    Returns
    -------
    Table
        One row for each row of the grid in whose windows somebody was invited.
    """
    past = history.past("users", days=reach(questions))
    counts = {one.column: ibis.ifelse(within(past, one), 1, 0).sum().cast("int64") for one in questions}
    return past.group_by(KEY).aggregate(**counts)


def outreach(history: History, questions: list[Question], contract: ir.Table | None) -> ir.Table:
    """Answer how often we talked about more, and what came of it.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        Contacts, those with a result, and days since either.
    contract : Table or None
        Not used.

    Returns
    -------
    Table
        One row for each row of the grid of which the table knows something.
    """
    past = history.past("outreach", days=LOOKBACK_DAYS)
    return past.group_by(KEY).aggregate(**{one.column: _of_outreach(past, one) for one in questions})


def _of_outreach(past: ir.Table, one: Question) -> Any:
    if one.what == "outreach":
        return ibis.ifelse(within(past, one), 1, 0).sum().cast("int64")
    if one.what == "days_since_outreach":
        return past.age.min()
    if one.what == "days_since_result":
        since = past.as_of.delta(past.result_at.date(), unit="day")
        return ibis.ifelse(past.result == one.name, since, ibis.null("int64")).min()
    known = ibis.coalesce(past.result.isin(RESULTS), False)
    came = past.result == one.name if one.name in RESULTS else ~known
    return ibis.ifelse(within(past, one) & came, 1, 0).sum().cast("int64")
