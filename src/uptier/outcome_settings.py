"""What is to be predicted: windows, the least change that counts, and the day that dates an upsell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from uptier.thresholds import Days, Part, PositiveDays, Share

# which of the minimums an outcome knows; an account's revenue changes with any of the three upsells
MINIMUMS: Mapping[str, tuple[str, ...]] = {
    "seat_expansion": ("minimum_seats", "minimum_share", "minimum_mrr"),
    "plan_upgrade": ("minimum_tiers", "minimum_mrr"),
    "add_on": ("minimum_mrr",),
}
_EVERY_MINIMUM = ("minimum_seats", "minimum_share", "minimum_tiers", "minimum_mrr")


class OutcomeSettings(Part):
    """Where an outcome is looked for, and how small a change still counts.

    Attributes
    ----------
    gap_days : int or None
        Days between the as-of date and the window; by default 7, for churn after an upsell 0.
    horizon_days : int or None
        Length of the window; by default 60 for upsells, 90 for churn.
    minimum_seats : int
        Seats that a seat expansion adds at least.
    minimum_share : float
        Seats that a seat expansion adds at least, share of those before.
    minimum_tiers : int
        Steps on the price list that a plan upgrade takes at least.
    minimum_mrr : float
        MRR that an upsell adds at least, account currency per month; 0 asks for none, so that an upsell at a discount
        counts too. Where the price is not known the change counts.
    """

    gap_days: Days | None = None
    horizon_days: PositiveDays | None = None
    minimum_seats: Annotated[int, Field(ge=1)] = 1
    minimum_share: Share = 0.0
    minimum_tiers: Annotated[int, Field(ge=1)] = 1
    minimum_mrr: Annotated[float, Field(ge=0)] = 0.0


class OutcomesSettings(Part):
    """What is to be predicted, and where it is looked for; beside these keys each key is the name of an outcome.

    Attributes
    ----------
    extra : tuple of Path
        Python files that declare outcomes of the project's own; see the guide on your own signals and outcomes.
    label_time : str
        What dates an upsell: ``contract``, the day from which the contract is another; or ``evidence``, the first
        commercial evidence of it, where that is known: its opportunity created, or its order or checkout recorded,
        before the contract changed. See the guide on outcomes for what either means.
    evidence_days : int
        An opportunity that was created longer ago than so many days did not begin the upsell, and one that is open for
        longer is not waited for.
    settling_days : int
        Days from an opportunity being won until the contract has changed, or the other way round, at most.
    """

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, OutcomeSettings]

    extra: tuple[Path, ...] = ()
    label_time: Literal["contract", "evidence"] = "contract"
    evidence_days: PositiveDays = 180
    settling_days: Days = 31

    @property
    def windows(self) -> dict[str, OutcomeSettings]:
        """What the project says of each outcome that it names."""
        return dict(self.__pydantic_extra__)

    def of(self, outcome: str) -> OutcomeSettings:
        """Give what the project says of an outcome.

        Parameters
        ----------
        outcome : str
            Its name.

        Returns
        -------
        OutcomeSettings
            Defaults where it says nothing.
        """
        return self.windows.get(outcome, OutcomeSettings())

    @model_validator(mode="after")
    def _minimums_where_they_act(self) -> Self:
        for name, given in self.windows.items():
            known = MINIMUMS.get(name, ())
            for key in _EVERY_MINIMUM:
                if key in given.model_fields_set and key not in known:
                    fitting = ", ".join(known) or "none"
                    raise ValueError(f"'{key}' says nothing about {name}; minimums that do: {fitting}")
        return self
