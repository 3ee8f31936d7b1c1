"""The worlds that can be asked for by name."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from uptier.errors import SimulationError, did_you_mean
from uptier.simulate.rates import DEAF, Rates

DATA_UNTIL = dt.date(2026, 1, 1)  # first day that no world covers


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A world by name.

    Attributes
    ----------
    name : str
        Its name.
    accounts : int
        How many customers there ever are.
    months : int
        How long it runs.
    rates : Rates
        What drives it.
    all_on_first_tier : bool
        Whether everyone begins on the lowest plan, so that the plan says nothing about who can still upgrade.
    """

    name: str
    accounts: int
    months: int
    rates: Rates
    all_on_first_tier: bool = False


PRESETS = {
    preset.name: preset
    for preset in (
        Preset(name="demo", accounts=800, months=24, rates=Rates()),
        Preset(name="null", accounts=800, months=24, rates=DEAF, all_on_first_tier=True),
    )
}


def find_preset(name: str) -> Preset:
    """Find a preset.

    Parameters
    ----------
    name : str
        Its name.

    Returns
    -------
    Preset
        The world.

    Raises
    ------
    SimulationError
        If there is none of that name.
    """
    if name not in PRESETS:
        raise SimulationError(f"There is no preset '{name}'.", do=did_you_mean(name, PRESETS))
    return PRESETS[name]
