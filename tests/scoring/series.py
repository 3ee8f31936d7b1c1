"""Holds the series that are drawn against the signals that are said."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from uptier.explanation.trends import Trends


def differences(trends: dict[str, Trends], frame: pd.DataFrame, as_of: dt.date) -> list[tuple[str, str]]:
    """List each account and series whose last point is not what the account's signals say."""
    wrong = []
    for _, row in frame.iterrows():
        account = row["account_id"]
        wrong += [(account, what) for what, same in _compared(trends[account], row, as_of).items() if not same]
    return wrong


def _compared(drawn: Trends, row: pd.Series, as_of: dt.date) -> dict[str, bool]:
    same = {}
    seats, gates, full = drawn.seats, drawn.gates, row["highest_quota_utilisation"]
    if seats is not None:
        last = seats.points[-1]
        assert last.day == as_of - dt.timedelta(days=1)
        same["users"] = last.users == row["active_users"]
        same["seats"] = last.seats == row["seats"]
        ahead = row["days_until_ceiling"]
        sighted = pd.notna(ahead) and ahead > 0
        same["ceiling"] = (
            (seats.full_on is not None and abs((seats.full_on - as_of).days - ahead) <= 0.5)
            if sighted
            else seats.full_on is None
        )
    else:
        same["seats"] = pd.isna(row["active_users"]) or not row["seats"] > 0
    same["meters"] = abs(drawn.meters[0].points[-1].share - full) < 1e-12 if drawn.meters else pd.isna(full)
    month = row["gate_crossings_month"]
    if gates is None:
        same["gates"] = pd.isna(month) or month == 0
        return same
    same["gates"] = sum(sum(week.times) for week in gates.weeks[-4:]) == month
    since = row["days_since_gate_cluster"]
    ages = [(as_of - one.last).days for one in gates.clusters]
    # the signal looks back six weeks, the picture thirteen
    same["clusters"] = since == ages[-1] if pd.notna(since) else not [age for age in ages if age <= 28]
    return same
