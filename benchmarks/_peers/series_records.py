"""The series of dated records: tickets, answers, talks, milestones and people invited, as a date has seen them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from _pandas.cut import DAY_MINUTES, LOOKBACK_DAYS, dated, window
from _pandas.records import milestones_of
from _pandas.voices import SUBJECTS, answers_of, outreach_of, tickets_of

from _peers.reading import read

INVITED_DAYS, QUARTER, NPS_DAYS, YEAR = 28, 90, 120, 365
Series = dict[str, tuple[pd.DataFrame, Any]]  # by kind: rows with their accounts, and a value of each


def records_of(folder: Path, accounts: pd.Index, thresholds: Any) -> dict[str, pd.DataFrame]:
    """Read the records with their days, as the twin of the catalogue does."""
    return {
        "users": dated(read(folder, "users"), "created_at", accounts),
        "milestones": milestones_of(read(folder, "milestones"), accounts, thresholds),
        "tickets": tickets_of(read(folder, "tickets"), accounts, thresholds),
        "answers": answers_of(read(folder, "survey_responses"), accounts, thresholds),
        "outreach": outreach_of(read(folder, "outreach"), accounts),
    }


def of_records(records: dict[str, pd.DataFrame], as_of: int) -> Series:
    """Cut the series of one date."""
    milestones = window(records["milestones"], as_of, as_of)  # as far back as there are any
    invited = window(records["users"], as_of, INVITED_DAYS)
    recent = window(milestones, as_of, QUARTER)
    set_up = milestones[milestones["set_up"]]
    return {
        "invited": (invited, as_of - invited["day"]),
        "milestones": (milestones, as_of - milestones["day"]),
        "milestones_recent": (recent, as_of - recent["day"]),
        "set_up": (set_up, as_of - set_up["day"]),
        **_of_tickets(records["tickets"], as_of),
        **_of_answers(records["answers"], as_of),
        **_of_texts([records["tickets"], records["answers"]], as_of),
        **_of_talks(records["outreach"], as_of),
    }


def _of_tickets(tickets: pd.DataFrame, as_of: int) -> Series:
    past, recent = (window(tickets, as_of, last) for last in (LOOKBACK_DAYS, QUARTER))
    escalated, still_open = recent[recent["escalated"] > 0], past[past["closed"] >= as_of]
    # an end shows once it was known; one before the beginning tells nothing
    closed = past[(past["closed"] < as_of) & (past["took"] >= 0)]
    lately = closed[closed["closed"] >= as_of - QUARTER]
    return {
        "tickets": (recent, as_of - recent["day"]),
        "escalations": (escalated, as_of - escalated["day"]),
        "open_tickets": (still_open, as_of - still_open["day"]),
        "took": (lately, lately["took"]),
        "closed": (closed, as_of - closed["closed"]),
    }


def _of_answers(answers: pd.DataFrame, as_of: int) -> Series:
    told = answers[answers["nps"].notna()]
    past, recent = (window(told, as_of, last) for last in (LOOKBACK_DAYS, NPS_DAYS))
    return {"answers": (past, as_of - past["day"]), "nps": (recent, recent["nps"])}


def _of_texts(both: list[pd.DataFrame], as_of: int) -> Series:
    series = {}
    for subject, (_, days) in SUBJECTS.items():
        named = pd.concat(
            [rows.loc[rows[subject], ["account", "day"]] for rows in (window(one, as_of, days) for one in both)]
        )
        series[subject] = (named, as_of - named["day"])
    year = [window(one, as_of, LOOKBACK_DAYS) for one in both]
    gaps = pd.concat([rows.loc[rows["gap"], ["account", "day", "minute"]] for rows in year])
    series["minutes"] = (gaps, (as_of - gaps["day"]) * DAY_MINUTES - gaps["minute"])
    return series


def _of_talks(outreach: pd.DataFrame, as_of: int) -> Series:
    past = window(outreach, as_of, LOOKBACK_DAYS)
    known, age = past["resulted"] < as_of, as_of - past["day"]
    won, lost = (known & (past["result"] == result) for result in ("won", "lost"))
    chosen = {
        "outreach": age > 0,
        "outreach_recent": age <= QUARTER,
        "talks_open": (age <= QUARTER) & ~won & ~lost,
        "talks_won": (age <= YEAR) & won,
        "talks_lost": (age <= YEAR) & lost,
    }
    series = {name: (past[rows], age[rows]) for name, rows in chosen.items()}
    return series | {"lost": (past[lost], as_of - past.loc[lost, "resulted"])}
