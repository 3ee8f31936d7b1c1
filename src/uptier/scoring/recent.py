"""What the tables tell of some accounts' last months: milestones, open tickets, the last contact.

All of it comes through :class:`~uptier.tables.history.History`, one question a table for all accounts, so that a brief
says nothing that was not known before its date.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from uptier.explanation.recent import RECENT_DAYS, Contact, OpenTickets, Reached, Recent
from uptier.explanation.sentences import known
from uptier.settings import CONVERSIONS
from uptier.tables.clean import vouched_columns

if TYPE_CHECKING:
    from uptier.tables.history import History

CALENDAR = "calendar"
RESULTS = ("won", "lost")  # any other result says that a talk is still open


def recent_of(history: History, as_of: dt.date, triggers: Mapping[str, str]) -> dict[str, Recent]:
    """Gather what happened lately at the accounts of a history.

    Parameters
    ----------
    history : History
        The past of some accounts at one date.
    as_of : date
        That date.
    triggers : mapping of str to str
        Name of each trigger to its label: what else may have started a contact might be a person, and is not told.

    Returns
    -------
    dict of str to Recent
        By account.
    """
    accounts = history.grid.select("account_id").to_pandas()["account_id"]
    milestones, tickets, contacts = _milestones(history), _tickets(history, as_of), _contacts(history, triggers)
    return {
        str(account): Recent(
            milestones=None if milestones is None else milestones.get(account, ()),
            tickets=None if tickets is None else tickets.get(account, OpenTickets(count=0)),
            has_outreach=contacts is not None,
            contact=None if contacts is None else contacts.get(account),
        )
        for account in accounts
    }


def _milestones(history: History) -> dict[str, tuple[Reached, ...]] | None:
    if not history.has("milestones"):
        return None
    past = history.past("milestones", days=RECENT_DAYS)
    rows = past.select("account_id", "milestone", "day", "reached_at").to_pandas().dropna(subset=["milestone"])
    rows = rows.sort_values(["reached_at", "milestone"], ascending=[False, True])
    return {
        str(account): tuple(
            Reached(milestone=name, day=_date(day))
            for milestone, day in zip(some["milestone"], some["day"], strict=True)
            if isinstance(name := known(milestone), str)
        )
        for account, some in rows.groupby("account_id", sort=False)
    }


def _tickets(history: History, as_of: dt.date) -> dict[str, OpenTickets] | None:
    if not history.has("tickets", ["closed_at"]):
        return None  # without ends all would look open
    past = history.past("tickets")
    since = vouched_columns("tickets", history.tables.settings)
    told = [
        column
        for column in ("priority", "escalated")
        if history.has("tickets", [column]) and since.get(column, as_of) <= as_of
    ]
    rows = past.filter(past.closed_at.isnull()).select("account_id", "age", *told).to_pandas()
    return {
        str(account): OpenTickets(
            count=len(some),
            oldest_days=int(some["age"].max()),
            urgent=int((some["priority"] == "urgent").sum()) if "priority" in told else None,
            escalated=int((some["escalated"] == 1).sum()) if "escalated" in told else None,
        )
        for account, some in rows.groupby("account_id", sort=False)
    }


def _contacts(history: History, triggers: Mapping[str, str]) -> dict[str, Contact] | None:
    if not history.has("outreach"):
        return None
    past = history.past("outreach")
    names = [name for name in ("upsell_type", "started_by", "result") if name in past.columns]
    rows = past.select("account_id", "day", "contacted_at", "outreach_id", *names).to_pandas()
    rows = rows.sort_values(["contacted_at", "outreach_id"]).drop_duplicates("account_id", keep="last")
    dated = history.has("outreach", ["result", "result_at"])
    return {str(row["account_id"]): _contact(row, triggers, dated=dated) for _, row in rows.iterrows()}


def _contact(row: pd.Series[Any], triggers: Mapping[str, str], *, dated: bool) -> Contact:
    about, begun = (known(row.get(name)) for name in ("upsell_type", "started_by"))
    result = known(row.get("result"))
    return Contact(
        day=_date(row["day"]),
        about=str(about) if about in CONVERSIONS else None,
        started_by=CALENDAR if begun == CALENDAR else triggers.get(str(begun)),
        result=None if not dated else str(result) if result in RESULTS else "open",
    )


def _date(day: object) -> dt.date:
    return pd.Timestamp(day).date()  # type: ignore[arg-type]  # a date, as the engine gives it
