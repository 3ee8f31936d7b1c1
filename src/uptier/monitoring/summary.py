"""What is kept of a list to hold the next one against: counts, shares and histograms, no value of a row.

It is a dict that JSON can hold, written beside the scorecard.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from uptier.monitoring.stability import histogram
from uptier.scoring.cycles import OPEN
from uptier.scoring.deciding import MODEL, POOLED
from uptier.settings import OUTCOMES

SCHEMA_VERSION = 1
IDS = ("account_id", "as_of")  # columns of a frame that are no signals
DECILES = tuple(number / 10 for number in range(1, 10))
FEWEST_SCORES = 10  # fewer say nothing about how much scores differ

# what is read of a scorecard; other columns need not be there
COLUMNS = (
    *("account_id", "as_of", "expires_on", "model_version", "basis", "action", "tier", "points"),
    *(f"{kind}_{outcome}" for outcome in OUTCOMES for kind in ("p", "basis")),
)


def summary(
    scorecard: pd.DataFrame,
    frame: pd.DataFrame | Mapping[str, float],
    *,
    worklist: pd.DataFrame | None = None,
    unavailable: Iterable[str] = (),
    ages: Mapping[str, int | None] | None = None,
) -> dict[str, Any]:
    """Sum up a list: what the circuit breakers look at, and what is kept for the next time.

    Parameters
    ----------
    scorecard : DataFrame, shape (n_accounts, n_columns)
        Of one date, at least :data:`COLUMNS`.
    frame : DataFrame, shape (n_accounts, 2 + n_signals), or mapping of str to float
        The signals of the same accounts, or by signal the share of accounts that lack it.
    worklist : DataFrame, optional
        What is made of the scorecard: where there are such columns, state, rank (NaN for what is on no CSM's list) and
        tier.
    unavailable : iterable of str
        Signals that the project has no table for: nobody has them, and that is no fault.
    ages : mapping of str to int or None, optional
        As from :func:`ages_of`.

    Returns
    -------
    dict
        Nothing in it names an account. None stands for what is not known.

        * schema_version; as_of and expires_on (ISO dates), model_version;
        * rows and accounts, counts; by_rules, whether no row rests on a model;
        * null_rates by signal, share; unavailable, names;
        * actions and tiers, shares;
        * points: mean and spread; chances by outcome: known (count), lacking (share of those whose head should give
          one), mean, spread of what a model gave, deciles, histogram as from
          :func:`uptier.monitoring.stability.histogram`. A spread is the standard deviation over the mean; None for
          fewer than 10 accounts.
        * worklist: rows, open, listed (open and with a place), tiers of the open ones; None where there is none;
        * ages by table, days.
    """
    rates = frame.drop(columns=list(IDS)).isna().mean() if isinstance(frame, pd.DataFrame) else pd.Series(frame)
    version = _first(scorecard["model_version"])
    return {
        "schema_version": SCHEMA_VERSION,
        "as_of": _day(scorecard["as_of"]),
        "expires_on": _day(scorecard["expires_on"]),
        "model_version": None if version is None else str(version),
        "rows": len(scorecard),
        "accounts": int(scorecard["account_id"].nunique()),
        "by_rules": not scorecard["basis"].isin((MODEL, POOLED)).any(),
        # without rows there is nothing to lack
        "null_rates": {str(name): float(rate) for name, rate in rates.dropna().items()},
        "unavailable": sorted(unavailable),
        "actions": _parts(scorecard["action"]),
        "tiers": _parts(scorecard["tier"]),
        "points": _spread_out(scorecard["points"].to_numpy(dtype=np.float64)),
        "chances": {
            outcome: _chances(scorecard[f"p_{outcome}"], scorecard[f"basis_{outcome}"]) for outcome in OUTCOMES
        },
        "worklist": None if worklist is None else _worklist(worklist),
        "ages": dict(ages or {}),
    }


def ages_of(newest: Mapping[str, dt.date | None], as_of: dt.date) -> dict[str, int | None]:
    """Say how old the newest row of each table is.

    Parameters
    ----------
    newest : mapping of str to date or None
        By canonical table the day of its newest row that was known at the as-of date; None where there was none.
    as_of : date
        The date that is looked from.

    Returns
    -------
    dict of str to int or None
        Days.
    """
    return {table: None if day is None else (as_of - day).days for table, day in newest.items()}


def _chances(values: pd.Series[float], basis: pd.Series[str]) -> dict[str, Any]:
    given: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    known = given[~np.isnan(given)]
    owed = basis.isin((MODEL, POOLED)).to_numpy()
    # of heads that are no model, and on the highest plan, all chances are alike, and rightly
    of_model = given[(basis == MODEL).to_numpy() & ~np.isnan(given)]
    return {
        "known": len(known),
        "lacking": float(np.isnan(given[owed]).mean()) if owed.any() else 0.0,
        "mean": float(known.mean()) if len(known) else None,
        "spread": _spread_out(of_model)["spread"],
        "deciles": [float(one) for one in np.quantile(known, DECILES)] if len(known) else [],
        "histogram": histogram(known),
    }


def _spread_out(values: NDArray[np.float64]) -> dict[str, float | None]:
    if len(values) < FEWEST_SCORES:
        return {"mean": float(values.mean()) if len(values) else None, "spread": None}
    mean = float(values.mean())
    # of equal values the deviation may come out a little above 0
    return {"mean": mean, "spread": float(values.std()) / abs(mean) if mean and np.ptp(values) > 0 else 0.0}


def _worklist(rows: pd.DataFrame) -> dict[str, Any]:
    still_open = rows[rows["state"] == OPEN] if "state" in rows else rows
    listed = still_open["rank"].notna().sum() if "rank" in rows else len(still_open)
    tiers = _parts(still_open["tier"]) if "tier" in rows else {}
    return {"rows": len(rows), "open": len(still_open), "listed": int(listed), "tiers": tiers}


def _parts(values: pd.Series[str]) -> dict[str, float]:
    # as text, so that a column of categories does not tell of those that nobody is in
    shares = values.astype("object").value_counts(normalize=True).sort_index()
    return {str(name): float(share) for name, share in shares.items()}


def _day(values: pd.Series[Any]) -> str | None:
    first = _first(values)
    return None if first is None else str(pd.Timestamp(first).date())


def _first(values: pd.Series[Any]) -> Any:
    known = values.dropna()
    return known.iloc[0] if len(known) else None
