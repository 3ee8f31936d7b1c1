"""What customers say: tickets, and answers to surveys."""

from __future__ import annotations

from typing import Any

import pandas as pd

from _pandas.cut import DAY_MINUTES, FAR, LOOKBACK_DAYS, column_of, dated, day_numbers, minutes_of, window

QUARTER = 90
SUBJECTS = {"gap": ("gap_words", 60), "workaround": ("workaround_words", 60), "pressure": ("pressure_words", 180)}


def tickets_of(table: pd.DataFrame, accounts: pd.Index, thresholds: Any) -> pd.DataFrame:
    """Give tickets with the day of their end, the minutes until it, and what their texts name."""
    rows = _read(dated(table, "opened_at", accounts), thresholds)
    closed = rows["closed_at"]
    return rows.assign(
        minute=minutes_of(rows["opened_at"]),
        closed=day_numbers(closed),
        took=(day_numbers(closed) - rows["day"]) * DAY_MINUTES + minutes_of(closed) - minutes_of(rows["opened_at"]),
    )


def answers_of(table: pd.DataFrame, accounts: pd.Index, thresholds: Any) -> pd.DataFrame:
    """Give answers with what their texts name."""
    rows = _read(dated(table, "answered_at", accounts), thresholds)
    return rows.assign(minute=minutes_of(rows["answered_at"]))


def _read(rows: pd.DataFrame, thresholds: Any) -> pd.DataFrame:
    texts = column_of(rows, "text").astype("category")
    # the same text is read once
    lowered = texts.cat.categories.astype(str).str.lower()
    named = {}
    for subject, (words, _) in SUBJECTS.items():
        holds = pd.Series(False, index=range(len(lowered)))
        for word in getattr(thresholds, words):
            holds |= lowered.str.contains(word.lower(), regex=False)
        named[subject] = (texts.cat.codes >= 0) & holds.reindex(texts.cat.codes, fill_value=False).to_numpy()
    return rows.assign(**named)


def voices(tickets: pd.DataFrame, answers: pd.DataFrame, as_of: int, everyone: pd.Index) -> dict[str, pd.Series]:
    """Measure how often customers speak, about what, and how it goes."""
    measures: dict[str, pd.Series] = {}
    both = [tickets, answers]
    for subject, (_, days) in SUBJECTS.items():
        some = [window(rows, as_of, days) for rows in both]
        spoken = pd.concat([rows.loc[rows[subject], "account"] for rows in some])
        measures[f"{subject}_named"] = spoken.value_counts().reindex(everyone, fill_value=0)
    year = [window(rows, as_of, LOOKBACK_DAYS) for rows in both]
    gaps = pd.concat([rows.loc[rows["gap"], ["account", "day", "minute"]] for rows in year])
    since = (as_of - gaps["day"]) * DAY_MINUTES - gaps["minute"]
    measures["minutes_since_gap"] = since.groupby(gaps["account"]).min().reindex(everyone)
    return measures | _of_tickets(year[0], as_of, everyone) | _of_answers(year[1], as_of, everyone)


def _of_tickets(past: pd.DataFrame, as_of: int, everyone: pd.Index) -> dict[str, pd.Series]:
    recent = past[past["day"] >= as_of - QUARTER]
    # an end shows once it was known; one before the beginning tells nothing
    closed = past[(past["closed"] < as_of) & (past["took"] >= 0)]
    lately = closed[closed["closed"] >= as_of - QUARTER].groupby("account")["took"]
    counts = {
        "tickets": recent.groupby("account").size(),
        "escalations": recent[recent["escalated"] > 0].groupby("account").size(),
        "open_tickets": past[past["closed"] >= as_of].groupby("account").size(),
    }
    measures = {name: one.reindex(everyone, fill_value=0) for name, one in counts.items()}
    measures["minutes_to_close"] = (lately.sum() / lately.size()).reindex(everyone)
    measures["days_since_closed"] = (as_of - closed.groupby("account")["closed"].max()).reindex(everyone)
    return measures


def _of_answers(past: pd.DataFrame, as_of: int, everyone: pd.Index) -> dict[str, pd.Series]:
    told = past[past["nps"].notna()]
    lowest = told.groupby(["account", "day"], as_index=False)["nps"].min()  # of each day, days in order
    by_account = lowest.groupby("account")
    last = lowest.drop_duplicates("account", keep="last").set_index("account")
    before = lowest[by_account.cumcount(ascending=False) == 1].set_index("account")
    recent = told[told["day"] >= as_of - 120].groupby("account")["nps"]
    measures = {
        "nps": last["nps"],
        "nps_before": before["nps"],
        "nps_mean": recent.sum() / recent.size(),
        "days_since_nps": as_of - last["day"],
    }
    return {name: values.reindex(everyone) for name, values in measures.items()}


def outreach_of(table: pd.DataFrame, accounts: pd.Index) -> pd.DataFrame:
    """Give our talks with the day on which the result of each was known."""
    rows = dated(table, "contacted_at", accounts)
    return rows.assign(resulted=day_numbers(rows["result_at"]))


def talks(outreach: pd.DataFrame, as_of: int, everyone: pd.Index) -> dict[str, pd.Series]:
    """Measure how often we talked about more, and what came of it."""
    past = window(outreach, as_of, LOOKBACK_DAYS)
    known = past["resulted"] < as_of
    won, lost = (known & (past["result"] == result) for result in ("won", "lost"))
    recent, year = past["day"] >= as_of - QUARTER, past["day"] >= as_of - 365
    counts = {
        "outreach": recent,
        "talks_open": recent & ~won & ~lost,
        "talks_won": year & won,
        "talks_lost": year & lost,
    }
    measures = {
        name: past[chosen].groupby("account").size().reindex(everyone, fill_value=0) for name, chosen in counts.items()
    }
    measures["days_since_outreach"] = (as_of - past.groupby("account")["day"].max()).reindex(everyone)
    resulted = past[lost & (past["resulted"] < FAR)].groupby("account")["resulted"].max()
    measures["days_since_lost"] = (as_of - resulted).reindex(everyone)
    return measures
