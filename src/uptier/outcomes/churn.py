"""Churn: leaving within 90 days, and leaving or downgrading within 90 days after an upsell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from uptier.outcomes.kinds import CHEAPER
from uptier.outcomes.labelling import Window, labels
from uptier.outcomes.outcome import Labels
from uptier.settings import CONVERSIONS

if TYPE_CHECKING:
    from uptier.tables.clean import Tables


def churn_labels(tables: Tables, looks: pd.DataFrame, changes: pd.DataFrame) -> Labels:
    """Label rows by whether the account's last subscription ended in the window.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.
    looks : DataFrame
        Columns account_id and as_of.
    changes : DataFrame
        What changed in contracts.

    Returns
    -------
    Labels
        A leaving inside the gap leaves the row out, counted; `how` tells cancellations from terms not renewed.
    """
    settings = tables.settings
    window = Window(
        outcome="churn",
        kinds=("leaving",),
        excluding=("leaving",),
        horizon=settings.horizon("churn"),
        lag_days=settings.table("subscriptions").lag_days,
        data_until=settings.data_until,
    )
    return labels(looks, changes, window)


def upsell_episodes(changes: pd.DataFrame) -> pd.DataFrame:
    """List the days on which an account bought more: where learning about post-upsell churn looks from.

    Parameters
    ----------
    changes : DataFrame
        What changed in contracts.

    Returns
    -------
    DataFrame
        Columns account_id; as_of, the day of the upsell; known_day, when it became known. Signals see what lay before
        that day, which is what is known when the question "and if we sell to them today?" is asked.
    """
    upsells = changes[changes["kind"].isin(CONVERSIONS)]
    episodes = upsells.groupby(["account_id", "day"])["known_day"].max().reset_index()
    return episodes.rename(columns={"day": "as_of"}).sort_values(["account_id", "as_of"], ignore_index=True)


def post_upsell_labels(tables: Tables, episodes: pd.DataFrame, changes: pd.DataFrame) -> Labels:
    """Label upsells by whether the account left or downgraded soon after.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.
    episodes : DataFrame
        From :func:`upsell_episodes`.
    changes : DataFrame
        What changed in contracts.

    Returns
    -------
    Labels
        1 where the account left or downgraded in the window after the day of the upsell; `how` tells which.
    """
    settings = tables.settings
    # what is given up on the day of the upsell is part of the deal: an add-on that the higher plan includes
    both = changes.merge(
        episodes.rename(columns={"as_of": "day"}), on=["account_id", "day"], how="left", indicator=True
    )
    changes = changes[(both["_merge"] == "left_only").to_numpy()]
    window = Window(
        outcome="post_upsell_churn",
        kinds=("leaving", "downgrade"),
        excluding=("leaving", "downgrade"),
        horizon=settings.horizon("post_upsell_churn"),
        # an add-on that is given up is a downgrade
        lag_days=max(settings.table(name).lag_days for name in ("subscriptions", "addons") if name in tables),
        data_until=settings.data_until,
        not_counted=("downgrade", CHEAPER),
    )
    found = labels(episodes, changes, window)
    # nothing can be learnt from an upsell that is not known of yet
    known = found.rows.merge(episodes, on=["account_id", "as_of"], how="left")["known_day"]
    rows = found.rows.assign(known_at=pd.concat([found.rows["known_at"], known], axis=1).max(axis=1))
    return Labels(found.outcome, rows, found.left_out)
