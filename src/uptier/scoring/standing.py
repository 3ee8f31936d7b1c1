"""How an account stands today as far as it may hold a talk back: escalations, contacts, and the length of its term.

No model ever sees any of it. A ticket counts as escalated as its source has it today, though that column is overwritten
in place: who asks for more in the middle of an escalation does more harm than who waits.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from uptier.settings import CONVERSIONS

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.tables.clean import Tables

CONTACT = "days_since_contact_"


def standing(tables: Tables, frame: pd.DataFrame) -> pd.DataFrame:
    """Gather what may hold a talk back and is no signal.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.
    frame : DataFrame, shape (n_accounts, 2 + n_signals)
        Signals of the accounts at one date; account_id and as_of are read.

    Returns
    -------
    DataFrame, shape (n_accounts, 5)
        With the frame's index:

        * open_escalation (bool; None without tickets that tell of it): an escalated ticket that is not known to be
          closed, or that was opened within `worklist.escalation_days` where closing is not recorded;
        * days_since_contact_<type> for each upsell type: days since the latest contact about it; a contact that does
          not say what it was about counts for every type. NaN where there was none;
        * term_days: the longest term that any version of the account's subscriptions was agreed for. NaN where no end
          of a term is known.
    """
    account = frame["account_id"]
    if frame.empty:
        names = ["open_escalation", *(f"{CONTACT}{upsell}" for upsell in CONVERSIONS), "term_days"]
        return pd.DataFrame({name: pd.Series(dtype="float64") for name in names}, index=frame.index)
    as_of = pd.Timestamp(frame["as_of"].iloc[0]).date()
    escalated = _escalated(tables, as_of)
    known: dict[str, Any] = {"open_escalation": None if escalated is None else account.isin(escalated)}
    contacts = _contacts(tables, as_of)
    for upsell in CONVERSIONS:
        latest = contacts[contacts["upsell_type"].isin([upsell, ""])].groupby("account_id")["age"].min()
        known[f"{CONTACT}{upsell}"] = account.map(latest).astype("float64")
    known["term_days"] = account.map(_terms(tables, as_of)).astype("float64")
    return pd.DataFrame(known, index=frame.index)


def _before(tables: Tables, name: str, as_of: dt.date) -> ir.Table:
    table = tables[name]
    return table.filter((table.day < as_of) & (table.known_day < as_of))


def _escalated(tables: Tables, as_of: dt.date) -> set[str] | None:
    if "tickets" not in tables or "escalated" not in tables.present["tickets"]:
        return None
    rows = _before(tables, "tickets", as_of)
    rows = rows.filter(rows.escalated > 0)
    if "closed_at" in tables.present["tickets"]:
        rows = rows.filter(rows.closed_at.isnull() | (rows.closed_at.date() >= as_of))
    else:
        rows = rows.filter(rows.day >= as_of - dt.timedelta(days=tables.settings.worklist.escalation_days))
    return set(rows.select("account_id").distinct().to_pandas()["account_id"])


def _contacts(tables: Tables, as_of: dt.date) -> pd.DataFrame:
    if "outreach" not in tables:
        return pd.DataFrame({"account_id": [], "upsell_type": [], "age": []})
    rows = _before(tables, "outreach", as_of)
    about = rows.upsell_type if "upsell_type" in rows.columns else ibis.null("string")
    # what is none of the types may have been about any
    typed = rows.mutate(upsell_type=ibis.ifelse(about.isin(CONVERSIONS), about, "").fill_null(""))
    latest = typed.group_by(["account_id", "upsell_type"]).aggregate(day=typed.day.max()).to_pandas()
    age = (pd.Timestamp(as_of) - pd.to_datetime(latest["day"])).dt.days
    aged: pd.DataFrame = latest.assign(age=age.astype("float64"))
    return aged


def _terms(tables: Tables, as_of: dt.date) -> pd.Series[float]:
    if "term_end" not in tables.present["subscriptions"]:
        return pd.Series(dtype="float64")
    rows = _before(tables, "subscriptions", as_of)
    term = rows.term_end.date().delta(rows.day, unit="day")
    longest = rows.group_by("account_id").aggregate(days=term.max()).to_pandas()
    days: pd.Series[float] = longest.set_index("account_id")["days"].astype("float64")
    return days
