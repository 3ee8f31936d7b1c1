"""What a scorecard says of an account beside its signals: name, owner, plan, and whether talks are on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from uptier.decision.money import ACCOUNT_CURRENCY, paid_in, read_rates, worth_of
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
    DataFrame, shape (n_accounts, 10 or 11)
        With the frame's index: account_id, account_name, owner, segment (as they are today), plan_name, seats, mrr
        (the project's currency per month), open_opportunity, on_highest_plan and before_first_value (None where it is
        not recorded). Where the accounts table says what accounts pay in, `currency` too: its ISO code.

    Raises
    ------
    ScoringError
        If an account pays in a currency that has no rate at that date, or an old one, or if rates cannot be read.
    """
    accounts = _accounts(tables, frame["account_id"], *SHOWN)
    facts = frame[["account_id"]].merge(accounts, on="account_id", how="left").set_axis(frame.index)
    facts["plan_name"] = _plan_names(tables, frame)
    facts["seats"], facts["mrr"] = frame["seats"], frame["mrr"]
    talks = in_talks(tables, frame)
    facts["open_opportunity"] = frame["account_id"].isin(talks["account_id"])
    facts["on_highest_plan"] = frame["tier"] == highest_tier(tables)
    facts["before_first_value"] = (frame["milestones_reached"] == 0) if "milestones" in tables else None
    if "currency" in tables.present.get("accounts", ()) and len(facts):
        return _in_one_currency(facts, tables, pd.Timestamp(frame["as_of"].iloc[0]).date())
    return facts


def with_currency(frame: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Add what each account pays in to its signals, so that sentences say amounts in it; no model ever sees it.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        account_id and signals.
    tables : Tables
        The project's clean tables.

    Returns
    -------
    DataFrame, shape (n_rows, n_columns or one more)
        With the column :data:`uptier.decision.money.ACCOUNT_CURRENCY`; the frame itself where the accounts table
        has no currencies.
    """
    if "currency" not in tables.present.get("accounts", ()):
        return frame
    return frame.assign(**{ACCOUNT_CURRENCY: _currencies(frame["account_id"], tables)})


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


def _in_one_currency(facts: pd.DataFrame, tables: Tables, as_of: dt.date) -> pd.DataFrame:
    """Add what accounts pay in, and bring what they pay into the project's currency."""
    project, scoring = tables.settings.currency, tables.settings.scoring
    codes = _currencies(facts["account_id"], tables)
    rates = None if scoring.rates is None else read_rates(scoring.rates, currency=project)
    worth = worth_of(codes, rates, currency=project, as_of=as_of, max_age_days=scoring.rates_max_age_days)
    return facts.assign(mrr=facts["mrr"] * worth, currency=codes)


def _currencies(accounts: pd.Series[str], tables: Tables) -> pd.Series[str]:
    paid = _accounts(tables, accounts, "currency").set_index("account_id")["currency"]
    return paid_in(accounts.map(paid), currency=tables.settings.currency)


def _accounts(tables: Tables, asked: pd.Series[str], *columns: str) -> pd.DataFrame:
    """Read what the accounts table says of some accounts; a block is a stretch of ids, and others need not be read."""
    accounts = tables["accounts"].select("account_id", *columns)
    if len(asked):
        accounts = accounts.filter(accounts.account_id.between(asked.min(), asked.max()))
    read: pd.DataFrame = accounts.to_pandas()
    return read


def _plan_names(tables: Tables, frame: pd.DataFrame) -> pd.Series[str]:
    if "plans" not in tables:
        return frame["plan"]
    plans = tables["plans"].select("plan_id", "plan_name").to_pandas().set_index("plan_id")["plan_name"]
    names: pd.Series[str] = frame["plan"].map(plans).fillna(frame["plan"].map(_titled))
    return names


def _titled(plan: object) -> object:
    # an id such as 'premier' reads better as a name
    return plan.capitalize() if isinstance(plan, str) and plan.islower() else plan
