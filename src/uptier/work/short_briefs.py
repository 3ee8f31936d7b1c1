"""A case as a field of text holds it: the brief in short, made of a row of the worklist alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from uptier.decision.actions import WORDS, Action
from uptier.explanation.brief_words import day_of
from uptier.explanation.frequencies import in_words
from uptier.scoring.suppression import LABELS

WHO = ("account_id", "account_name", "plan", "segment")  # columns of the scorecard


def short_brief(row: Mapping[Any, Any], *, who: str = "") -> str:
    """Write the brief of a case as a field of text can hold it, for where there is no page to link to.

    Parameters
    ----------
    row : mapping
        A row of the worklist.
    who : str
        The account, as people call it.

    Returns
    -------
    str
        Who it is, what to do, why, what speaks against it, when not to ask, what changed and what to say, a line each;
        what is not known is left out. It is made of the row alone, so the same row is told in the same words.
    """

    def said(name: str) -> str:
        value = row.get(name)
        return "" if value is None or value != value else str(value)

    about = WORDS.get(said("upsell"), "") if said("action") == Action.PITCH.value else ""
    do = " ".join(part for part in (said("action").capitalize(), about) if part)
    held = [LABELS.get(code, code) for code in said("held_by").split(",") if code]
    risk, until = _known(row.get("risk")), _known(row.get("expires_on"))
    lines = [f"{who}."] if who else []
    lines += [f"{do}: {said('action_reason')}."] if said("action_reason") else []
    lines += [f"For: {said(f'reason_{number}')}." for number in (1, 2, 3) if said(f"reason_{number}")]
    lines += [f"Against: {said('against_1')}."] if said("against_1") else []
    lines += [f"Risk: {in_words(risk)} accounts like this leave within 90 days."] if risk is not None else []
    lines += [f"Do not ask now: {'; '.join(held)}."] if held else []
    lines += [f"Do not act on this after {day_of(until)}."] if until is not None else []
    lines += [f"Changed: {said('changed')}."] if said("changed") else []
    lines += [said("talk")] if said("talk") else []
    return "\n".join(lines)


def who_of(scorecard: pd.DataFrame, accounts: pd.Series[str]) -> dict[str, str]:
    """Say who each account of a list is.

    Parameters
    ----------
    scorecard : DataFrame, shape (n_accounts, n_columns)
        Where their names are.
    accounts : Series of str, shape (n_rows,)
        The ids on the list.

    Returns
    -------
    dict of str to str
        By id: name, id, plan and segment, as far as they are known.
    """
    own = scorecard[scorecard["account_id"].isin(accounts)]
    columns = (own[name].astype(object).where(own[name].notna(), "") for name in WHO)
    told = {}
    for account, name, plan, segment in zip(*columns, strict=True):
        named = f"{name} ({account})" if name and str(account) not in str(name) else str(name or f"Account {account}")
        on = f"{plan} plan" if plan and not str(plan).lower().endswith("plan") else plan
        told[str(account)] = ", ".join(str(part) for part in (named, on, segment) if part)
    return told


def _known(value: Any) -> Any:
    return value if value == value else None  # what is missing differs from itself
