"""What a scorecard says of an account beside its signals: name, owner, plan, and whether talks are on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from uptier.outcomes.upsell import highest_tier, in_talks
from uptier.tables.contracts import CONTRACT
from uptier.tables.rollup import kept_rollup

if TYPE_CHECKING:
    import datetime as dt

    from uptier.tables.clean import Tables

SHOWN = ("account_name", "owner", "segment")


def account_facts(tables: Tables, frame: pd.DataFrame) -> pd.DataFrame:
    """Gather what people read beside the signals; no model ever sees it.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.
    frame : DataFrame, shape (n_accounts, 2 + n_signals)
        Signals of the accounts at one date.

    Returns
    -------
    DataFrame, shape (n_accounts, 10)
        With the frame's index: account_id, account_name, owner, segment (as they are today), plan_name, seats, mrr
        (account currency per month), open_opportunity, on_highest_plan and before_first_value (None where it is not
        recorded).
    """
    accounts = tables["accounts"].select("account_id", *SHOWN).to_pandas()
    facts = frame[["account_id"]].merge(accounts, on="account_id", how="left").set_axis(frame.index)
    facts["plan_name"] = _plan_names(tables, frame)
    facts["seats"], facts["mrr"] = frame["seats"], frame["mrr"]
    talks = in_talks(tables, frame)
    facts["open_opportunity"] = frame["account_id"].isin(talks["account_id"])
    facts["on_highest_plan"] = frame["tier"] == highest_tier(tables)
    facts["before_first_value"] = (frame["milestones_reached"] == 0) if "milestones" in tables else None
    return facts


def source_dates(tables: Tables, as_of: dt.date) -> dict[str, dt.date | None]:
    """Give the newest day that each table tells of.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.
    as_of : date
        What happened or became known at or after it does not count.

    Returns
    -------
    dict of str to date or None
        Dated table to its newest day before `as_of`; None for a table without such a row.
    """
    newest: dict[str, dt.date | None] = {}
    # the rollup has the same days, and is a hundredth of the events
    usage, rolled = kept_rollup(tables), "usage_events" if "usage_events" in tables else "usage_daily"
    for name, table in tables.clean.items():
        if "known_day" in table.columns and CONTRACT[name].time in tables.present[name]:
            table = usage.days if usage is not None and name == rolled else table
            before = table.filter((table.day < as_of) & (table.known_day < as_of))
            day = before.aggregate(day=before.day.max()).to_pandas()["day"].iloc[0]
            newest[name] = None if pd.isna(day) else pd.Timestamp(day).date()
    return newest


def _plan_names(tables: Tables, frame: pd.DataFrame) -> pd.Series[str]:
    if "plans" not in tables:
        return frame["plan"]
    plans = tables["plans"].select("plan_id", "plan_name").to_pandas().set_index("plan_id")["plan_name"]
    names: pd.Series[str] = frame["plan"].map(plans).fillna(frame["plan"].map(_titled))
    return names


def _titled(plan: object) -> object:
    # an id such as 'premier' reads better as a name
    return plan.capitalize() if isinstance(plan, str) and plan.islower() else plan
