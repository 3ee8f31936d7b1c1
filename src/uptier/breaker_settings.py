"""When nothing may leave: the part of a project's YAML under `breakers:`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from uptier.thresholds import Part, PositiveDays, Share

AGE_DAYS = {"usage_events": 7, "usage_daily": 7}  # as scoring.max_age_days


class BreakerSettings(Part):
    """Bounds of what is delivered; beyond one of them nothing is sent.

    Attributes
    ----------
    rows_lost : float
        Share of the accounts of last time by which the list may be shorter.
    rows_gained : float
        Share of the accounts of last time by which the list may be longer.
    rows_at_least : int
        Fewest accounts of a list, also of a first one.
    worklist_lost : float
        Share of the worklist's open rows of last time by which there may be fewer. What is to be done differs more from
        month to month than who is there.
    worklist_gained : float
        Share of the worklist's open rows of last time by which there may be more.
    nulls_risen : float
        How much more of the accounts a signal may lack than last time, share of accounts.
    signals_lacking : float
        Most of the available signals, as a share of them, that may be known of no account, also the first time.
    chances_lacking : float
        Most accounts that may lack a chance which the model should give, share, also the first time.
    mean_chance : float
        Highest mean chance of an upsell that is believed, share, also the first time.
    spread : float
        Least that scores differ, as their standard deviation over their mean, also the first time.
    score_drift : float
        Largest population stability index of a chance against last time. Up to 0.1 is by custom no change, from 0.25
        a large one.
    action_changed : float
        Share of the accounts of both times that may have another action than last time.
    tier_changed : float
        Share of the accounts of both times that may have another tier than last time; of the worklist's open rows as
        well.
    age_days : dict of str to int
        Oldest that the newest row of a table may be at the as-of date, days, also the first time. What is not listed is
        not held, but for usage: 7.
    age_risen_days : int
        How much older the newest row of any table may be than it was last time, days.
    """

    rows_lost: Share = 0.2
    rows_gained: Annotated[float, Field(ge=0)] = 0.5
    rows_at_least: Annotated[int, Field(ge=1)] = 1
    worklist_lost: Share = 0.4
    worklist_gained: Annotated[float, Field(ge=0)] = 1.0
    nulls_risen: Share = 0.2
    signals_lacking: Share = 0.5
    chances_lacking: Share = 0.01
    mean_chance: Share = 0.5
    spread: Annotated[float, Field(ge=0)] = 0.05
    score_drift: Annotated[float, Field(gt=0)] = 0.25
    action_changed: Share = 0.5
    tier_changed: Share = 0.5
    age_days: dict[str, PositiveDays] = AGE_DAYS
    age_risen_days: PositiveDays = 45

    def oldest(self, table: str) -> int | None:
        """Say how old the newest row of a table may be.

        Parameters
        ----------
        table : str
            Canonical name.

        Returns
        -------
        int or None
            Days at the as-of date; None where nothing is asked of it.
        """
        return {**AGE_DAYS, **self.age_days}.get(table)
