"""Small worlds for the tests, in memory: as `simulate` makes them, before they are written."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from uptier.simulate.block import BLOCK, account_ids, stream
from uptier.simulate.commerce import Chronicle, run
from uptier.simulate.defects import Defects
from uptier.simulate.parameters import leaves
from uptier.simulate.plans import price_list
from uptier.simulate.population import Population, settle
from uptier.simulate.presets import DATA_UNTIL, Parameters
from uptier.simulate.rates import Rates, eras
from uptier.simulate.timeline import Timeline, months_before


def timeline(months: int) -> Timeline:
    """The clock of a world that runs so long."""
    return Timeline(months_before(DATA_UNTIL, months), DATA_UNTIL)


@cache
def population(parameters: Parameters, *, accounts: int, seed: int, months: int = 12) -> Population:
    """Settle the first block of a world."""
    return settle(
        parameters.customers,
        block=0,
        ids=account_ids(accounts)[:BLOCK],
        csms=5,
        timeline=timeline(months),
        never_contacted=parameters.rates.never_contacted,
        random=stream(seed, "population"),
    )


@cache
def chronicle(given: Parameters | Rates, *, accounts: int, seed: int, months: int = 12) -> Chronicle:
    """Let the first block of a world run; of all parameters, or of those rates and the usual others."""
    parameters = Parameters(rates=given) if isinstance(given, Rates) else given
    return run(
        eras=eras(parameters.rates, parameters.shift),
        commerce=parameters.commerce,
        programme=parameters.programme,
        population=population(parameters, accounts=accounts, seed=seed, months=months),
        prices=price_list(),
        timeline=timeline(months),
        random=stream(seed, "commerce"),
    )


def without_defects(folder: Path) -> Path:
    """Write a YAML of changes that switches every defect off."""
    off = {name: 0.0 for name, value in leaves(Defects()) if isinstance(value, float)}
    path = folder / "sound.yaml"
    path.write_text(yaml.safe_dump({"defects": off}), encoding="utf-8")
    return path
