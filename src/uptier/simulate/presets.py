"""The worlds that can be asked for by name, and all parameters of one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from uptier.errors import SimulationError, did_you_mean
from uptier.simulate.commerce import Commerce
from uptier.simulate.defects import Defects
from uptier.simulate.given import checked, read_given
from uptier.simulate.outreach import Programme
from uptier.simulate.parameters import Group
from uptier.simulate.people import Teams
from uptier.simulate.population import Customers
from uptier.simulate.rates import DEAF, HAZARDS, Rates, Shift
from uptier.simulate.usage import Usage
from uptier.simulate.voice import Voices

DATA_UNTIL = dt.date(2026, 1, 1)  # first day that no world covers
FEWEST_MONTHS, MOST_MONTHS = 1, 120


class Parameters(Group):
    """All parameters of a world.

    Attributes
    ----------
    accounts : int
        How many customers there ever are.
    months : int
        How long it runs, up to 2026-01-01; months.
    customers : Customers
        See below.
    rates : Rates
        See below.
    shift : Shift
        See below.
    commerce : Commerce
        See below.
    programme : Programme
        See below.
    teams : Teams
        See below.
    usage : Usage
        See below.
    voices : Voices
        See below.
    defects : Defects
        See below.
    """

    accounts: int = Field(default=800, ge=1)
    months: int = Field(default=24, ge=FEWEST_MONTHS, le=MOST_MONTHS)
    customers: Customers = Customers()
    rates: Rates = Rates()
    shift: Shift = Shift()
    commerce: Commerce = Commerce()
    programme: Programme = Programme()
    teams: Teams = Teams()
    usage: Usage = Usage()
    voices: Voices = Voices()
    defects: Defects = Defects()


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A world that can be asked for by name.

    Attributes
    ----------
    about : str
        What it is, in a line; the help of the command line shows it.
    parameters : Parameters
        All of them.
    held : tuple of str
        Dotted names of parameters that jitter leaves as they are, since the world would no longer be what it is called.
    """

    about: str
    parameters: Parameters
    held: tuple[str, ...] = ()


def _rates(**changed: object) -> Rates:
    return Rates.model_validate(Rates().model_dump() | changed)


def _scarce(times: float) -> dict[str, object]:
    """Every hazard of buying, so many times."""
    return {name: tuple(times * one for one in getattr(Rates(), name)) for name in HAZARDS}


PRESETS: dict[str, Preset] = {
    "demo": Preset(
        about="A company to look around in: 800 accounts over two and a half years.",
        parameters=Parameters(months=30, usage=Usage(features_a_day=(0.5, 0.9))),  # light enough for any machine
    ),
    "standard": Preset(
        about="The same company with 5,000 accounts and more than 20 million events: where claims are measured.",
        parameters=Parameters(accounts=5000),
    ),
    "large": Preset(
        about="100,000 small accounts over one year, written in parts: for load tests.",
        parameters=Parameters(
            accounts=100_000,
            months=12,
            customers=Customers(seats=(6.0, 6.0, 10.0, 20.0)),
            usage=Usage(features_a_day=(0.3, 0.6)),
        ),
    ),
    "null": Preset(
        about="Outcomes fall evenly on everybody, so nothing can be learnt.",
        # who merges lives on as part of another account, so its cancellations would tell of that account's
        parameters=Parameters(rates=DEAF, defects=Defects(mergers=0.0)),
        held=tuple(f"rates.{name}" for name in sorted(DEAF.model_fields_set)),
    ),
    "few": Preset(
        about="A young company with fewer than 60 upsells to learn from.",
        parameters=Parameters(accounts=200, rates=_rates(**_scarce(0.09))),
    ),
    "shifted": Preset(
        about="The market turns in month 15: budgets freeze, and who used to buy no longer does.",
        parameters=Parameters(accounts=2000, shift=Shift(month=15, buying=0.5, churn=1.8, freed=0.3, backing=-0.5)),
        held=("shift.backing",),
    ),
    "pushy": Preset(
        about="A programme that calls by the calendar and pushes until somebody signs; it does harm.",
        parameters=Parameters(
            accounts=2000,
            rates=_rates(
                seat_sign=(0.0, 0.005, 0.010),
                plan_sign=(0.0, 0.004, 0.010),
                gap_sign=(0.0, 0.004, 0.010),
                calendar_contact=0.14,
                talk_lost=(0.20, 0.13, 0.09, 0.07),
                seat_in_talk=(0.030, 0.034, 0.050, 0.13, 0.20),
                upgrade_in_talk=(0.040, 0.07, 0.18),
                addon_in_talk=(0.040, 0.06, 0.14),
                soured=0.9,
            ),
        ),
    ),
    "dirty": Preset(
        about="The demo's company with every defect that real data has.",
        parameters=Parameters(
            defects=Defects(
                late_events=0.05,
                late_event_days=20,
                late_rows=0.10,
                late_row_days=30,
                migrated=0.3,
                doubled_events=2000.0,
                doubled_tickets=5000.0,
                bots=0.10,
                test_users=0.15,
                true_ups=0.15,
                abroad=0.15,
                mergers=0.03,
                backfilled=0.8,
                missing=("milestones",),
            )
        ),
    ),
}


def find_preset(name: str) -> Parameters:
    """Find a preset.

    Parameters
    ----------
    name : str
        Its name.

    Returns
    -------
    Parameters
        The world's.

    Raises
    ------
    SimulationError
        If there is none of that name.
    """
    if name not in PRESETS:
        raise SimulationError(f"There is no preset '{name}'.", do=did_you_mean(name, PRESETS))
    return PRESETS[name].parameters


def with_changes(parameters: Parameters, changes: Path | None, given: Mapping[str, object]) -> Parameters:
    """Put a person's own values in the place of a preset's.

    Parameters
    ----------
    parameters : Parameters
        The preset's.
    changes : Path or None
        A YAML of parameters that differ, in their groups; or the `world.yaml` of another world, for all of its.
    given : mapping of str to object
        Values by name that count more than those of the YAML.

    Returns
    -------
    Parameters
        Checked.

    Raises
    ------
    SimulationError
        If the YAML names a parameter that does not exist, or a value that makes no sense.
    """
    file = None if changes is None else read_given(changes, part="parameters", what="parameters that differ")
    values = _merged(parameters.model_dump(), {} if file is None else file.raw) | dict(given)
    return checked(Parameters, values, file, overruled=given, whose="a world", like=parameters)


def _merged(base: dict[str, object], over: Mapping[str, object]) -> dict[str, object]:
    merged = dict(base)
    for name, value in over.items():
        inner = merged.get(name)
        merged[name] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged
