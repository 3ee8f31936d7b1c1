"""A list beside the last one, account by account: who has another action or tier, and old scores against new."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from uptier.monitoring.finding import percent
from uptier.settings import OUTCOMES


def compared(now: pd.DataFrame, before: pd.DataFrame) -> dict[str, Any]:
    """Compare two scorecards, account by account.

    Parameters
    ----------
    now : DataFrame, shape (n_accounts, n_columns)
        This scorecard: account_id, action, tier and p_<outcome>.
    before : DataFrame, shape (n_accounts_before, n_columns)
        The last one.

    Returns
    -------
    dict
        Without a value of a row, as JSON can hold it: accounts (count of those in both), action_changed and
        tier_changed (shares of them, None where there are none), and chances by outcome: rank_correlation (Spearman's,
        of the accounts whose chance is known both times; None where all are alike), mean_before and mean_now (shares,
        of the same accounts, None where there are none).
    """
    both = now.drop_duplicates("account_id").merge(
        before.drop_duplicates("account_id"), on="account_id", suffixes=("", "_before")
    )
    return {
        "accounts": len(both),
        "action_changed": _changed(both, "action"),
        "tier_changed": _changed(both, "tier"),
        "chances": {outcome: _against(both[f"p_{outcome}"], both[f"p_{outcome}_before"]) for outcome in OUTCOMES},
    }


def told_champion(now: Mapping[str, Any], before: Mapping[str, Any], moved: Mapping[str, Any]) -> str | None:
    """Tell how a new champion's scores differ from those of the one before.

    Parameters
    ----------
    now : mapping of str to object
        As from :func:`uptier.monitoring.summary.summary`.
    before : mapping of str to object
        That of the last list.
    moved : mapping of str to object
        As from :func:`compared`.

    Returns
    -------
    str or None
        A line for the whole list and one for each outcome whose chances are known both times; None if the same version
        scored both lists.
    """
    if now["model_version"] == before["model_version"]:
        return None
    lines = [
        f"{_version(now)} scores, where {_version(before)} scored last time; {moved['accounts']:,} accounts in both."
    ]
    if moved["action_changed"] is not None:
        lines.append(f"Another action than last time: {percent(moved['action_changed'])} of the accounts.")
    for outcome, one in moved["chances"].items():
        if one["mean_now"] is not None:
            rank = "none" if one["rank_correlation"] is None else f"{one['rank_correlation']:.2f}"
            means = f"{percent(one['mean_before'])} before, {percent(one['mean_now'])} now"
            lines.append(f"{outcome}: rank correlation {rank}; mean chance {means}.")
    return "\n".join(lines)


def _version(one: Mapping[str, Any]) -> str:
    return "rules" if one["model_version"] is None else f"model version {one['model_version']}"


def _changed(both: pd.DataFrame, column: str) -> float | None:
    # as text: categories of different sets cannot be compared
    differ = both[column].astype("object") != both[f"{column}_before"].astype("object")
    return float(differ.mean()) if len(both) else None


def _against(now: pd.Series[float], before: pd.Series[float]) -> dict[str, float | None]:
    known = (now.notna() & before.notna()).to_numpy()
    if not known.any():
        return {"rank_correlation": None, "mean_before": None, "mean_now": None}
    new, old = now[known].rank().to_numpy(), before[known].rank().to_numpy()
    alike = np.ptp(new) == 0 or np.ptp(old) == 0
    return {
        "rank_correlation": None if alike else float(np.corrcoef(old, new)[0, 1]),
        "mean_before": float(before[known].mean()),
        "mean_now": float(now[known].mean()),
    }
