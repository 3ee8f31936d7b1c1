"""Who is put before whom, and who is left alone: the part of a project's YAML under `worklist:`."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from uptier.thresholds import Days, Part, PositiveDays

Talk = Literal["seat_expansion", "plan_upgrade", "add_on", "discovery"]
SliceShare = Annotated[float, Field(ge=0, lt=1)]

COOLDOWN_DAYS = 30
TIERS = {"A": 1000.0, "B": 300.0, "C": 100.0}  # 20, 6 and 2 times the default cost of a contact


class WorklistSettings(Part):
    """What makes a worklist of a scorecard.

    No source gives a figure for capacity, cooldown, freeze, escalations or tiers: their defaults are uptier's choice.
    Up to which NPS a customer is a detractor stands in `thresholds.detractor_nps`, for the trigger and for this alike.

    Attributes
    ----------
    capacity : int
        Accounts that a CSM can talk to before the next worklist.
    capacity_of : dict of str to int
        Capacity of a CSM that differs, by `owner` of the accounts table.
    cooldown_days : dict
        Days after a contact about an upsell type during which no talk about it is proposed; what is left out keeps 30.
        For a `discovery` talk a contact about anything counts.
    freeze_days : int
        Days before the end of the term within which no upsell is opened; 0 for no freeze. That 60 days and more before
        a renewal are a good time (source S0) is `thresholds.renewal_days`; this is the time that belongs to the renewal
        alone.
    escalation_days : int
        Days for which an escalated ticket counts as open where the source does not say when tickets were closed.
    tiers : dict
        Expected value of a contact from which a row is in tier A, B or C, the project's currency; below is D.
        Fixed, so that an account does not move because others do.
    holdout_share : float
        Share of the accounts that nobody is asked to talk to, so that what the worklist brings can be measured.
    exploration_share : float
        Share of a CSM's capacity, rounded up, and share of the pitches beyond it, that is drawn from lower ranks.
    salt : str or None
        What the draws of both begin from: another salt draws others. The project's name by default.
    calendar_days : int
        Days before renewal from which an account where nothing fired gets a discovery talk (source S1: the calendar is
        the backstop, with a 90-day check-in); 0 for none.
    dismissed : Path or None
        A CSV with account_id, upsell (empty for all) and until: talks that stay away until that date.
    """

    capacity: Annotated[int, Field(ge=0)] = 20
    capacity_of: dict[str, Annotated[int, Field(ge=0)]] = {}
    cooldown_days: dict[Talk, Days] = {
        "seat_expansion": COOLDOWN_DAYS,
        "plan_upgrade": COOLDOWN_DAYS,
        "add_on": COOLDOWN_DAYS,
        "discovery": COOLDOWN_DAYS,
    }
    freeze_days: Days = 30
    escalation_days: PositiveDays = 30
    tiers: dict[Literal["A", "B", "C"], float] = TIERS  # type: ignore[assignment]  # its keys are these
    holdout_share: SliceShare = 0
    exploration_share: SliceShare = 0
    salt: Annotated[str, Field(min_length=1)] | None = None
    calendar_days: Days = 90
    dismissed: Path | None = None

    @model_validator(mode="after")
    def _falling_tiers(self) -> Self:
        bounds = list(self.bounds().values())
        if not all(higher > lower for higher, lower in pairwise(bounds)):
            raise ValueError("the bound of tier A must lie above that of B, and that of B above that of C")
        return self

    def bounds(self) -> dict[str, float]:
        """Give the bounds of the tiers.

        Returns
        -------
        dict of str to float
            Best first, the project's currency; what the YAML leaves out keeps its default.
        """
        given = {str(name): bound for name, bound in self.tiers.items()}
        return {name: given.get(name, bound) for name, bound in TIERS.items()}

    def cooldown(self, upsell: str) -> int:
        """Give the cooldown after a contact about an upsell type.

        Parameters
        ----------
        upsell : str
            Its code, or ``discovery``.

        Returns
        -------
        int
            Days.
        """
        given: dict[str, int] = {str(name): days for name, days in self.cooldown_days.items()}
        return given.get(upsell, COOLDOWN_DAYS)
