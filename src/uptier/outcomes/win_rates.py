"""Win rates of outreach: of the accounts that were contacted, how many bought.

An account that nobody contacted is not here: whether it would have said yes is not known. For propensity it is
different, there an account that did not buy in a mature window is a negative, contacted or not.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from uptier.tables.clean import Tables

WON, LOST = "won", "lost"
CALENDAR = "calendar"
ANY_TRIGGER, NOT_TOLD, EVERY_CONTACT = "any trigger", "not told", "all"
Z95 = 1.959964  # of the normal distribution, for 95 %
COLUMNS = ("by", "group", "contacts", "open", "won", "lost", "rate", "low", "high")


def win_rates(tables: Tables) -> pd.DataFrame:
    """Give win rates by what started the contact and by what it was about.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.

    Returns
    -------
    DataFrame
        One row for each group: `by` (``started_by``, ``upsell_type`` or ``all``) and `group` (a trigger, ``calendar``,
        ``any trigger`` for all but the calendar, an upsell type, ``not told``); contacts; open, those without a result
        that was known before `data_until`, which are censored: neither won nor lost; won, lost; rate, won / (won +
        lost), share, NaN where nothing is decided; low and high, Wilson's 95 % interval. No rows where the project has
        no table of outreach.

    Notes
    -----
    A contact counts, not an account: one that was called twice counts twice, and the interval is a little too narrow
    where that is common. The rate compares groups that were not drawn by lot: whom a trigger picked was more ready.
    """
    contacts = _contacts(tables)
    by_trigger = contacts["started_by"].isin((CALENDAR, NOT_TOLD))
    groups = [("all", EVERY_CONTACT, contacts), ("started_by", ANY_TRIGGER, contacts[~by_trigger])]
    for column in ("started_by", "upsell_type"):
        groups += [(column, str(group), rows) for group, rows in contacts.groupby(column, sort=True)]
    found = [_rate(by, group, rows["result"]) for by, group, rows in groups if len(rows)]
    return pd.DataFrame(found, columns=COLUMNS)


def wilson(won: float, decided: float) -> tuple[float, float]:
    """Give Wilson's 95 % interval of a share.

    Parameters
    ----------
    won : float
        How many; not whole where rows count for less than one, since they hang together.
    decided : float
        Of how many.

    Returns
    -------
    low, high : float
        Share 0 to 1; both NaN of none.

    Notes
    -----
    Wilson, E. B. (1927): Probable inference, the law of succession, and statistical inference. JASA 22, 209-212.

    Examples
    --------
    >>> low, high = wilson(9, 20)
    >>> round(low, 3), round(high, 3)
    (0.258, 0.658)
    """
    if not decided:
        return math.nan, math.nan
    share, spread = won / decided, Z95**2 / decided
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(spread * share * (1 - share) + spread**2 / 4) / (1 + spread)
    # at the ends the two terms are equal but for rounding
    return (0.0 if won == 0 else middle - half), (1.0 if won == decided else middle + half)


def _contacts(tables: Tables) -> pd.DataFrame:
    """Give every contact with its result as far as it is known; open where it is not."""
    columns = ["started_by", "upsell_type", "result"]
    if "outreach" not in tables:
        return pd.DataFrame({column: pd.Series(dtype="str") for column in columns})
    table = tables["outreach"]
    rows = table.select(*columns, told=table.result_at.date()).to_pandas()
    late = rows["told"].astype("datetime64[us]") >= pd.Timestamp(tables.settings.data_until)
    for column in columns[:2]:
        rows[column] = rows[column].astype("object").fillna(NOT_TOLD).astype("str")
    result = rows["result"].astype("object")
    known: pd.DataFrame = rows.assign(result=result.where(result.isin((WON, LOST)) & ~late, "open").astype("str"))
    return known[columns]


def _rate(by: str, group: str, results: pd.Series) -> tuple[str, str, int, int, int, int, float, float, float]:
    won, lost = int((results == WON).sum()), int((results == LOST).sum())
    decided = won + lost
    low, high = wilson(won, decided)
    return by, group, len(results), len(results) - decided, won, lost, won / decided if decided else math.nan, low, high
