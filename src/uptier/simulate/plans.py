"""The simulated company's price list: `plans.yaml` beside this file, or a YAML like those in `configs/plans/`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from uptier.simulate.given import checked, read_given
from uptier.simulate.parameters import FaultAtError, Group

TIERS = 3  # the latent need for a higher plan knows the way from the first to the second to the third
# features of the lowest plan that the events speak of by name
INVITES, EXPORTS, CALLS = EVERYBODYS = ("invite_user", "export", "api")


def _named(name: str) -> str:
    if not re.fullmatch("[a-z][a-z0-9_]*", name):
        raise ValueError("must be lower-case letters, digits and underscores, a letter first")
    return name


Name = Annotated[str, AfterValidator(_named)]
Words = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1)]
Price = Annotated[float, Field(gt=0)]


class Plan(Group):
    """A plan on the price list.

    Attributes
    ----------
    id, name : str
        What systems and what customers call it.
    seats : int
        Seats included.
    seat_price : float
        Price of a seat, account currency per month.
    trial_days : int
        How long the features that it adds can be tried by those on the plan below; 0 where they cannot. Days.
    features : tuple of str
        What it adds to the plan below.
    quotas : dict of str to float
        Most that it allows, by meter.
    """

    id: Name
    name: Words
    seats: Count
    seat_price: Price
    trial_days: int = Field(default=0, ge=0, le=90)
    features: tuple[Name, ...] = Field(min_length=1)
    quotas: dict[Name, Price] = Field(min_length=1)

    @property
    def price(self) -> float:
        """List price with the seats included, account currency per month."""
        return round(self.seats * self.seat_price, 2)


class Extra(Group):
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

    id: Name
    price: Price
    words: Words


class PriceList(Group):
    """What can be bought.

    Attributes
    ----------
    plans : tuple of Plan
        Lowest tier first.
    extras : tuple of Extra
        Add-ons; ``addons`` in the YAML.
    """

    plans: tuple[Plan, ...]
    extras: tuple[Extra, ...] = Field(alias="addons", min_length=1)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if len(self.plans) != TIERS:
            raise FaultAtError(("plans",), f"must be {TIERS} plans, lowest first, and there are {len(self.plans)}")
        _refuse_doubles("plan", {("plans", rank, "id"): plan.id for rank, plan in enumerate(self.plans)})
        _refuse_doubles("add-on", {("addons", number, "id"): extra.id for number, extra in enumerate(self.extras)})
        places = [
            ("plans", rank, "features", number)
            for rank, plan in enumerate(self.plans)
            for number in range(len(plan.features))
        ]
        _refuse_doubles("feature", dict(zip(places, self.features(TIERS), strict=True)))
        for feature in EVERYBODYS:
            if feature not in self.plans[0].features:
                raise FaultAtError(("plans", 0, "features"), f"must have {feature}, which people of every account use")
        for rank in range(1, TIERS):
            self._refuse_less(rank)
        return self

    def _refuse_less(self, rank: int) -> None:
        """A higher plan costs more and allows more of the same."""
        lower, higher = self.plans[rank - 1], self.plans[rank]
        if higher.seat_price <= lower.seat_price:
            what = f"must be more than the {lower.seat_price:g} of the plan below, '{lower.id}'"
            raise FaultAtError(("plans", rank, "seat_price"), what)
        if list(higher.quotas) != list(lower.quotas):
            what = f"must be those of the plan below, '{lower.id}', in the same order: {', '.join(lower.quotas)}"
            raise FaultAtError(("plans", rank, "quotas"), what)
        for meter, quota in lower.quotas.items():
            if higher.quotas[meter] <= quota:
                what = f"must be more than the {quota:g} of the plan below, '{lower.id}'"
                raise FaultAtError(("plans", rank, "quotas", meter), what)

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


def price_list(path: Path | None = None) -> PriceList:
    """Read a price list.

    Parameters
    ----------
    path : Path, optional
        A YAML like those in `configs/plans/`, or the `world.yaml` of another world; the built-in one by default.

    Returns
    -------
    PriceList
        Checked.

    Raises
    ------
    SimulationError
        With file, line and key, if it is no price list or makes no sense.
    """
    given = read_given(path or Path(__file__).with_name("plans.yaml"), part="prices", what="a price list")
    return checked(PriceList, given.raw, given, whose="a price list")


def _refuse_doubles(sort: str, names: dict[tuple[str | int, ...], str]) -> None:
    seen = set()
    for place, name in names.items():
        if name in seen:
            raise FaultAtError(place, f"there is another {sort} of the name '{name}'")
        seen.add(name)
