"""Which cases there are, and which have come to their end: a case keeps its key from its first worklist to its last.

A case is one talk with one account about one upsell type, for as long as its cause lasts. Its cycle is the date of the
worklist that opened it; account, type and cycle are its key. Once it is closed, what comes up later is another case.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.errors import ScoringError
from uptier.scoring.suppression import FOR_GOOD, LABELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]

OPEN, CLOSED = "open", "closed"
GONE = "the account has no subscription any more"
BOUGHT = "the account has bought more since"
CLEARED = "what spoke for it has passed"
CASE = ["account_id", "upsell"]
KEPT = ("cycle", "act_by", "triggers_fired", "tier")  # of the worklist before, as <name>_before


def cases(wanted: pd.DataFrame, before: pd.DataFrame | None, *, as_of: dt.date) -> pd.DataFrame:
    """Put what is wanted now beside the cases of the worklist before.

    Parameters
    ----------
    wanted : DataFrame, shape (n_wanted, 2)
        account_id and upsell, each pair once.
    before : DataFrame or None
        The worklist of the run before.
    as_of : date
        The date looked from.

    Returns
    -------
    DataFrame, shape (n_cases, 9)
        account_id, upsell, wanted, was_open and was_for_good (closed then, for a reason that lasts), and of the
        worklist before cycle_before, act_by_before, triggers_fired_before and tier_before: nothing for new cases.
        Sorted by account and type.

    Raises
    ------
    ScoringError
        If the worklist before is not from an earlier date: keys would be given twice.
    """
    told = wanted[CASE].assign(wanted=True)
    if before is None or before.empty:
        found = told.assign(**{f"{name}_before": None for name in KEPT}, was_open=False, was_for_good=False)
        return found.sort_values(CASE, ignore_index=True)
    if before["as_of"].max() >= pd.Timestamp(as_of):
        raise ScoringError(
            f"The worklist of {as_of} cannot follow one of {before['as_of'].max():%Y-%m-%d}.",
            do="Give the worklist of an earlier date: cycles are named by the date that opened them.",
        )
    lasting = [LABELS[code] for code in FOR_GOOD]
    earlier = before[CASE].assign(
        **{f"{name}_before": before[name] for name in KEPT},
        was_open=before["state"] == OPEN,
        was_for_good=(before["state"] == CLOSED) & before["closed_because"].isin(lasting),
    )
    earlier = earlier[earlier["was_open"] | earlier["was_for_good"]]
    found = told.merge(earlier, on=CASE, how="outer")
    for name in ("wanted", "was_open", "was_for_good"):
        found[name] = found[name].eq(True).fillna(False).astype(bool)
    return found.sort_values(CASE, ignore_index=True)


def settled(found: pd.DataFrame, held: pd.DataFrame, *, as_of: dt.date) -> pd.DataFrame:
    """Say which cases there are, which of them are closed, and why.

    Parameters
    ----------
    found : DataFrame, shape (n_cases, n_columns)
        As :func:`cases` gave it, with here (whether the account is on the scorecard), cause (whether anything still
        speaks for the talk) and days_since_upsell (NaN where not known).
    held : DataFrame of bool, shape (n_cases, n_rules)
        What holds each back.
    as_of : date
        The date looked from.

    Returns
    -------
    DataFrame, shape (n_kept, n_columns + 4)
        Those that belong on the worklist, with their index, and with cycle, uptier_key, state and closed_because.
    """
    here, cause = found["here"].to_numpy(dtype=bool), found["cause"].to_numpy(dtype=bool)
    was_open, wanted = found["was_open"].to_numpy(dtype=bool), found["wanted"].to_numpy(dtype=bool)
    for_good = held[list(FOR_GOOD)]
    held_for_good = for_good.any(axis=1).to_numpy()
    going_on = was_open | (found["was_for_good"].to_numpy(dtype=bool) & here & cause & held_for_good)
    earlier = pd.to_datetime(found["cycle_before"])
    cycle = earlier.where(going_on, pd.Timestamp(as_of)).astype("datetime64[us]")
    open_days = (pd.Timestamp(as_of) - cycle).dt.days.to_numpy()
    bought = was_open & (found["days_since_upsell"].to_numpy(dtype=np.float64) <= open_days)
    lasting = for_good.idxmax(axis=1).map(LABELS).to_numpy(dtype=object) if len(found) else np.zeros(0, dtype=object)
    because = np.select(
        [~here, bought, held_for_good, ~cause], [GONE, BOUGHT, lasting, CLEARED], default=np.array(None, dtype=object)
    )
    closed = pd.notna(because)
    kept = found.assign(
        cycle=cycle,
        uptier_key=key(found["account_id"], found["upsell"], cycle),
        state=np.where(closed, CLOSED, OPEN),
        closed_because=pd.Series(because, index=found.index, dtype=object),
    )
    belongs: pd.DataFrame = kept[going_on | wanted]
    return belongs


def key(account_id: pd.Series[str], upsell: pd.Series[str], cycle: pd.Series[pd.Timestamp]) -> pd.Series[str]:
    """Give the key of each case.

    Parameters
    ----------
    account_id : Series of str, shape (n_cases,)
        Accounts.
    upsell : Series of str, shape (n_cases,)
        Upsell types.
    cycle : Series of datetime, shape (n_cases,)
        When each case was opened.

    Returns
    -------
    Series of str, shape (n_cases,)
        Account, type and ISO date between colons. Types and dates hold none, so no two cases share one.
    """
    day = cycle.dt.strftime("%Y-%m-%d").astype(object)
    made: pd.Series[str] = account_id.astype(object) + ":" + upsell.astype(object) + ":" + day
    return made


def of_gone_accounts(rows: pd.DataFrame, *, as_of: dt.date) -> pd.DataFrame:
    """Give the last row of cases whose account is gone.

    Parameters
    ----------
    rows : DataFrame, shape (n_rows, n_columns)
        Their rows on the worklist before.
    as_of : date
        The date looked from.

    Returns
    -------
    DataFrame, shape (n_rows, n_columns)
        The same, closed, without a place.
    """
    return rows.assign(
        state=CLOSED,
        closed_because=GONE,
        as_of=pd.Timestamp(as_of),
        rank=None,
        exploration=False,
        suppressed_by=None,
        held_by=None,
        unlisted_because=None,
        changed=None,
    )
