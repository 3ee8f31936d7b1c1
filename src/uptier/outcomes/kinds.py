"""The kinds of change in a contract, and which of them are too small to count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from uptier.settings import CONVERSIONS

if TYPE_CHECKING:
    from uptier.outcome_settings import OutcomesSettings

FAR_AHEAD = "9999-12-31"  # the end of what still runs
DECIMALS = 6  # of seats, so that 7 of 100 are no less than 0.07 of them for the last bit
HUNDREDTHS = 100  # in one unit of the account currency

# kinds that no outcome looks for
NOT_A_CHOICE, MERGED_AWAY = "not_a_choice", "merged_away"
BELOW_MINIMUM = "below_minimum"
REPRICED = "repriced"
KINDS = (*CONVERSIONS, "downgrade", "leaving", NOT_A_CHOICE, MERGED_AWAY, BELOW_MINIMUM, REPRICED)

# what a repricing would have been, had revenue been what outcomes are read from
DEARER, CHEAPER = "dearer", "cheaper"


def kinds(before: pd.DataFrame, after: pd.DataFrame) -> pd.Series:
    """Say what an account's step from one state to the next was.

    Parameters
    ----------
    before, after : DataFrame
        Columns running, seats and tier_rank; one row for each step.

    Returns
    -------
    Series of str
        NA where neither seats nor plan moved, and where nothing ran before.
    """
    had, has = before["running"].fillna(0) > 0, after["running"] > 0
    higher = had & has & (after["tier_rank"] > before["tier_rank"])
    lower = had & has & (after["tier_rank"] < before["tier_rank"])
    kind = pd.Series(pd.NA, index=after.index, dtype="str")
    kind[had & has & (after["seats"] > before["seats"])] = "seat_expansion"
    kind[had & has & (after["seats"] < before["seats"])] = "downgrade"
    # a plan change that brings or takes seats with it is a plan change alone
    kind[lower] = "downgrade"
    kind[higher] = "plan_upgrade"
    kind[had & ~has] = "leaving"
    return kind


def too_small(kind: pd.Series, before: pd.DataFrame, after: pd.DataFrame, settings: OutcomesSettings) -> pd.Series:
    """Say which upsells are below the minimum that the project asks for.

    Parameters
    ----------
    kind : Series of str
        What each change is.
    before, after : DataFrame
        Columns seats, tier_rank and mrr (hundredths of the account currency per month); those of a kind that has no
        seats or tiers may be NaN.
    settings : OutcomesSettings
        The project's minimums.

    Returns
    -------
    Series of bool
        False for what is no upsell. What is not known is not too small.
    """
    small = pd.Series(data=False, index=kind.index)
    gained = after["mrr"] - before["mrr"]
    for name in CONVERSIONS:
        least = settings.of(name)
        below = (gained < round(HUNDREDTHS * least.minimum_mrr)) & (least.minimum_mrr > 0)
        if name == "seat_expansion":
            more = after["seats"] - before["seats"]
            share = (least.minimum_share * before["seats"]).round(DECIMALS)
            below |= (more < least.minimum_seats) | (more < share)
        if name == "plan_upgrade":
            below |= after["tier_rank"] - before["tier_rank"] < least.minimum_tiers
        small |= (kind == name).fillna(value=False).astype(bool) & below
    return small


def repriced(before: pd.DataFrame, after: pd.DataFrame) -> pd.Series:
    """Say where an account paid another price for the same.

    Parameters
    ----------
    before, after : DataFrame
        Columns running, seats, tier_rank and mrr.

    Returns
    -------
    Series of str
        `DEARER` or `CHEAPER`; NA where seats or plan moved too, the revenue did not, or one is not known.
    """
    same = (before["running"].fillna(0) > 0) & (after["running"] > 0)
    for size in ("seats", "tier_rank"):
        same &= (before[size] == after[size]) | (before[size].isna() & after[size].isna())
    price = pd.Series(pd.NA, index=after.index, dtype="str")
    price[same & (after["mrr"] > before["mrr"])] = DEARER
    price[same & (after["mrr"] < before["mrr"])] = CHEAPER
    return price
