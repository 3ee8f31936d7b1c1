"""The simulated company's price list, read from `plans.yaml` beside this file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan on the price list.

    Attributes
    ----------
    id, name : str
        What systems and what customers call it.
    seats : int
        Seats included.
    price : float
        List price, account currency per month.
    seat_price : float
        Price of a seat, account currency per month.
    features : tuple of str
        What it adds to the plan below.
    quotas : dict of str to float
        Most that it allows, by meter.
    """

    id: str
    name: str
    seats: int
    price: float
    seat_price: float
    features: tuple[str, ...]
    quotas: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Extra:
    """An add-on on the price list.

    Attributes
    ----------
    id : str
        What systems call it.
    price : float
        For an account of 20 seats, account currency per month.
    words : str
        What customers call what they lack without it.
    """

    id: str
    price: float
    words: str


@dataclass(frozen=True, kw_only=True)
class PriceList:
    """What can be bought.

    Attributes
    ----------
    plans : tuple of Plan
        Lowest tier first.
    extras : tuple of Extra
        Add-ons.
    """

    plans: tuple[Plan, ...]
    extras: tuple[Extra, ...]

    def features(self, tier: int) -> tuple[str, ...]:
        """Give the features that a tier includes.

        Parameters
        ----------
        tier : int
            Rank of the plan, 1 for the lowest.

        Returns
        -------
        tuple of str
            Those of the lower tiers first.
        """
        return tuple(feature for plan in self.plans[:tier] for feature in plan.features)

    @property
    def meters(self) -> tuple[str, ...]:
        """What is counted."""
        return tuple(self.plans[0].quotas)


@cache
def price_list() -> PriceList:
    """Read the price list.

    Returns
    -------
    PriceList
        As `plans.yaml` has it.
    """
    raw = yaml.safe_load(Path(__file__).with_name("plans.yaml").read_text(encoding="utf-8"))
    plans = tuple(
        Plan(**{**plan, "features": tuple(plan["features"]), "quotas": dict(plan["quotas"])}) for plan in raw["plans"]
    )
    return PriceList(plans=plans, extras=tuple(Extra(**extra) for extra in raw["addons"]))
