"""What CSMs do: calls, what started them, what became of them, and the opportunities kept about them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from uptier.simulate.chain import CONVERSIONS, State, place
from uptier.simulate.parameters import Group, Share
from uptier.simulate.plans import PriceList
from uptier.simulate.population import Population
from uptier.simulate.rates import Eras, Rates
from uptier.simulate.rules import calls, tiers
from uptier.simulate.shelf import SEATS_OF_A_PRICE
from uptier.simulate.timeline import Floats, Ints, Timeline, moments, office_minutes

STAGES = ("identified", "qualified", "engaged", "negotiation")
CLOSED = ("won", "lost")
SIGNS = ("approaching_seat_ceiling", "boundary_crossings", "named_gap")  # what a CSM calls about, by conversion
IDLE, REST = place("talk", "idle"), place("talk", "rest")


class Programme(Group):
    """How the upsell programme keeps its books; whom it calls stands in the rates.

    Attributes
    ----------
    logged : float
        Share of calls about which an opportunity is kept.
    further : float
        Chance per step that an open opportunity reaches its next stage.
    seats_asked : float
        Share of the seats that an opportunity about seats is put at.
    """

    logged: Share = 0.8
    further: Share = 0.55
    seats_asked: Share = 0.25


@dataclass(eq=False, kw_only=True)
class Talks:
    """The talks that are open, and a record of all.

    Attributes
    ----------
    eras : Eras
        The rates of the world.
    programme : Programme
        How its books are kept.
    smallest_addon : float
        Price of an add-on for the smallest accounts, share of that on the price list.
    prices : PriceList
        What can be bought.
    population : Population
        The accounts.
    timeline : Timeline
        The world's clock.
    random : Generator
        Where chance comes from.
    """

    eras: Eras
    programme: Programme
    smallest_addon: float
    prices: PriceList
    population: Population
    timeline: Timeline
    random: np.random.Generator
    _talk: Ints = field(init=False)  # number of the account's latest talk
    _stage: Ints = field(init=False)  # stage of its opportunity, -1 without one
    _talks: int = field(default=0, init=False)
    _begun: list[pd.DataFrame] = field(default_factory=list, init=False)
    _ended: list[pd.DataFrame] = field(default_factory=list, init=False)
    _stages: list[pd.DataFrame] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._talk = np.full(len(self.population), -1, dtype=np.int64)
        self._stage = np.full(len(self.population), -1, dtype=np.int64)

    def live(
        self, step: int, *, before: State, after: State, decision: Ints, day: Ints, minute: Ints, seats: Ints
    ) -> None:
        """Write down what a step did to talks.

        Parameters
        ----------
        step : int
            The step.
        before, after : dict of str to ndarray, shape (n_accounts,)
            States at the beginning of the step and of the next one.
        decision, day, minute : ndarray of int, shape (n_accounts,)
            What was decided, and when.
        seats : ndarray of int, shape (n_accounts,)
            Licensed seats at the beginning of the step.
        """
        talk = before["talk"]
        open_ = (talk > IDLE) & (talk < REST)
        won = open_ & (decision == talk)
        left = open_ & (after["talk"] < 0)
        lost = open_ & ~won & ((after["talk"] == REST) | left)
        talk_day = self.timeline.working_day(step, self.random.random(len(talk)))
        talk_minute = office_minutes(self.random, len(talk))
        self._ends(np.flatnonzero(won), "won", day, minute)
        self._ends(np.flatnonzero(lost), "lost", np.where(left, day, talk_day), np.where(left, minute, talk_minute))
        further = self.random.random(len(talk)) < self.programme.further
        goes_on = open_ & ~won & ~lost & further & (self._stage >= 0) & (self._stage < len(STAGES) - 1)
        self._stage = self._stage + goes_on
        self._entered(np.flatnonzero(goes_on), talk_day, talk_minute)
        begins = np.flatnonzero((talk == IDLE) & (after["talk"] > IDLE) & (after["talk"] < REST))
        self._begins(begins, step, before, after, talk_day, talk_minute, seats)

    def outreach(self) -> pd.DataFrame:
        """Give all calls.

        Returns
        -------
        DataFrame
            The table `outreach`, with `account` as a number.
        """
        calls_ = pd.concat(self._begun, ignore_index=True)
        ended = pd.concat(self._ended, ignore_index=True)
        rows = calls_.merge(ended, on="talk", how="left", sort=False)
        return pd.DataFrame(
            {
                "outreach_id": _ids("o", rows["talk"], self.population),
                "account": rows["account"],
                "contacted_at": rows["at"],
                "upsell_type": rows["upsell_type"],
                "started_by": rows["started_by"],
                "result": rows["result"].fillna("open"),
                "result_at": rows["result_at"],
                "recorded_at": rows["at"] + np.timedelta64(4, "m"),
            }
        )

    def opportunities(self) -> pd.DataFrame:
        """Give the stages of all opportunities.

        Returns
        -------
        DataFrame
            The table `opportunities`, with `account` as a number.
        """
        calls_ = pd.concat(self._begun, ignore_index=True)
        rows = pd.concat(self._stages, ignore_index=True).merge(calls_, on="talk", sort=False)
        rows = rows.sort_values(["talk", "entered_at"], kind="stable", ignore_index=True)
        return pd.DataFrame(
            {
                "opportunity_id": _ids("p", rows["talk"], self.population),
                "account": rows["account"],
                "upsell_type": rows["upsell_type"],
                "stage": rows["stage"],
                "entered_at": rows["entered_at"],
                "amount": rows["amount"],
                "recorded_at": rows["entered_at"] + np.timedelta64(9, "m"),
            }
        )

    def _begins(
        self, these: Ints, step: int, before: State, after: State, day: Ints, minute: Ints, seats: Ints
    ) -> None:
        self._talk[these] = self._talks + np.arange(len(these))
        self._talks += len(these)
        about = after["talk"][these] - 1
        at = moments(day[these], minute[these])
        self._begun.append(
            pd.DataFrame(
                {
                    "talk": self._talk[these],
                    "account": these,
                    "at": at,
                    "upsell_type": np.array(CONVERSIONS, dtype=object)[about],
                    "started_by": self._started_by(these, self.eras.at(step), before, about),
                    "amount": self._amount(tiers(after["need"][these]), about, seats[these]),
                }
            )
        )
        logged = self.random.random(len(these)) < self.programme.logged
        self._stage[these] = np.where(logged, 0, -1)
        self._entered(these[logged], day, minute)

    def _started_by(
        self, these: Ints, rates: Rates, before: State, about: Ints
    ) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
        """What started each call, drawn in proportion to what could have."""
        signs, calendar = calls(rates)
        need = before["need"][these]
        by_sign = signs[before["pressure"][these], need, before["gap"][these], about]
        by_calendar = calendar[need, about]
        total = np.maximum(by_sign + by_calendar, 1e-12)
        from_calendar = self.random.random(len(these)) < by_calendar / total
        return np.where(from_calendar, "calendar", np.array(SIGNS, dtype=object)[about])

    def _amount(self, tier: Ints, about: Ints, seats: Ints) -> Floats:
        price = np.array([plan.seat_price for plan in self.prices.plans])
        more = self.programme.seats_asked * seats * price[tier - 1]
        dearer = seats * (price[np.minimum(tier, len(price) - 1)] - price[tier - 1])
        size = np.maximum(self.smallest_addon, seats / SEATS_OF_A_PRICE)
        extra = float(np.mean([one.price for one in self.prices.extras])) * size
        amount: Floats = np.round(12 * np.select([about == 0, about == 1], [more, dearer], extra), 2)
        return amount

    def _ends(self, these: Ints, result: str, day: Ints, minute: Ints) -> None:
        at = moments(day[these], minute[these])
        self._ended.append(pd.DataFrame({"talk": self._talk[these], "result": result, "result_at": at}))
        logged = these[self._stage[these] >= 0]
        self._stages.append(
            pd.DataFrame(
                {"talk": self._talk[logged], "stage": result, "entered_at": moments(day[logged], minute[logged])}
            )
        )
        self._stage[these] = -1

    def _entered(self, these: Ints, day: Ints, minute: Ints) -> None:
        self._stages.append(
            pd.DataFrame(
                {
                    "talk": self._talk[these],
                    "stage": np.array(STAGES, dtype=object)[self._stage[these]],
                    "entered_at": moments(day[these], minute[these]),
                }
            )
        )


def _ids(letter: str, numbers: pd.Series, population: Population) -> list[str]:
    return [f"{letter}{population.first_number + number + 1:05d}" for number in numbers]
