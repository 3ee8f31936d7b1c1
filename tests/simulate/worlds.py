"""Small worlds for the tests, in memory: as `simulate` makes them, before they are written."""

from __future__ import annotations

import datetime as dt
from functools import cache

import numpy as np

from uptier.simulate.commerce import Chronicle, run
from uptier.simulate.plans import price_list
from uptier.simulate.population import settle
from uptier.simulate.rates import Rates
from uptier.simulate.timeline import Timeline


@cache
def chronicle(rates: Rates, *, accounts: int, seed: int) -> Chronicle:
    """Let a year go by."""
    timeline = Timeline(dt.date(2025, 1, 1), dt.date(2026, 1, 1))
    population = settle(
        accounts=accounts,
        timeline=timeline,
        never_contacted=rates.never_contacted,
        all_on_first_tier=False,
        random=np.random.default_rng(seed),
    )
    return run(
        rates=rates,
        population=population,
        prices=price_list(),
        timeline=timeline,
        random=np.random.default_rng(seed + 1),
    )
