"""Make a world: its customers, what they do and decide, and what it knows; written as one folder or not at all."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from uptier.errors import SimulationError
from uptier.simulate.commerce import run
from uptier.simulate.files import refuse_full_folder, write_world
from uptier.simulate.people import active_days, invite
from uptier.simulate.plans import price_list
from uptier.simulate.population import settle
from uptier.simulate.presets import DATA_UNTIL, Preset, find_preset
from uptier.simulate.tables import account_table, as_contract, event_table, plan_tables, user_table, with_ids
from uptier.simulate.timeline import Timeline, months_before
from uptier.simulate.truth import truth
from uptier.simulate.usage import events, meter_readings
from uptier.simulate.voice import milestones, survey_responses, tickets

FEWEST_MONTHS, MOST_MONTHS = 1, 120

Progress = Callable[[str, float], None]


@dataclass(frozen=True, kw_only=True)
class World:
    """What was made.

    Attributes
    ----------
    folder : Path
        Where it is: one Parquet file for each table, and `truth.parquet`.
    seed : int
        The seed that makes it again.
    preset : str
        Its preset.
    accounts : int
        How many customers there ever were.
    first_day : date
        First day that the tables cover.
    data_until : date
        First day that they do not cover.
    rows : dict of str to int
        Rows by table.
    """

    folder: Path
    seed: int
    preset: str
    accounts: int
    first_day: dt.date
    data_until: dt.date
    rows: Mapping[str, int]


def simulate(
    *,
    preset: str,
    seed: int,
    out: Path,
    accounts: int | None = None,
    months: int | None = None,
    progress: Progress | None = None,
) -> World:
    """Make a world and write it.

    The same preset, seed, accounts and months give the same bytes, on any number of threads.

    Parameters
    ----------
    preset : str
        Name of the world, as in :data:`uptier.simulate.presets.PRESETS`.
    seed : int
        0 or more; another seed is another world.
    out : Path
        The folder to write to; missing or empty.
    accounts : int, optional
        How many customers; as the preset has it by default.
    months : int, optional
        How many months, up to 2026-01-01; as the preset has it by default.
    progress : callable, optional
        Told the name of each part as it begins, and the share that is done, 0 to 1.

    Returns
    -------
    World
        What was made, and where it is.

    Raises
    ------
    SimulationError
        If the preset is unknown, a number makes no sense or the folder cannot be used. Nothing is written then.
    """
    chosen = find_preset(preset)
    count = _whole("accounts", chosen.accounts if accounts is None else accounts, least=1)
    length = _whole("months", chosen.months if months is None else months, least=FEWEST_MONTHS, most=MOST_MONTHS)
    _whole("seed", seed, least=0)
    out = Path(out)
    refuse_full_folder(out)
    timeline = Timeline(months_before(DATA_UNTIL, length), DATA_UNTIL)
    tell = progress or _silent
    tables = _made(chosen, seed=seed, accounts=count, timeline=timeline, tell=tell)
    tell("write", 0.9)
    write_world(tables, out)
    tell("done", 1.0)
    return World(
        folder=out,
        seed=seed,
        preset=preset,
        accounts=count,
        first_day=timeline.first_day,
        data_until=timeline.data_until,
        rows={name: table.num_rows for name, table in tables.items()},
    )


def _made(preset: Preset, *, seed: int, accounts: int, timeline: Timeline, tell: Progress) -> dict[str, pa.Table]:
    prices = price_list()
    tell("customers", 0.0)
    population = settle(
        accounts=accounts,
        timeline=timeline,
        never_contacted=preset.rates.never_contacted,
        all_on_first_tier=preset.all_on_first_tier,
        random=_chance(seed, "population"),
    )
    tell("decisions", 0.05)
    chronicle = run(
        rates=preset.rates, population=population, prices=prices, timeline=timeline, random=_chance(seed, "commerce")
    )
    tell("usage", 0.1)
    people = invite(chronicle, _chance(seed, "people"))
    active = active_days(people, chronicle, _chance(seed, "days"))
    done = events(active, chronicle, _chance(seed, "events"))
    tell("voices", 0.3)
    frames = {
        **chronicle.tables,
        "meter_readings": meter_readings(chronicle, _chance(seed, "meters")),
        "tickets": tickets(chronicle, _chance(seed, "tickets")),
        "survey_responses": survey_responses(chronicle, _chance(seed, "surveys")),
        "milestones": milestones(chronicle, _chance(seed, "milestones")),
    }
    tell("truth", 0.35)
    known = with_ids(truth(preset.rates, chronicle), population)
    return {
        "accounts": account_table(population),
        **plan_tables(prices),
        "users": user_table(people, population, timeline, _chance(seed, "invitations")),
        "usage_events": event_table(done, people, population, prices),
        **{name: as_contract(name, with_ids(frame, population)) for name, frame in frames.items()},
        "truth": _truth_table(known),
    }


def _truth_table(known: pd.DataFrame) -> pa.Table:
    """Beside the contract: its as-of dates are midnights without a zone, as frames of signals hold them."""
    return pa.Table.from_pandas(known, preserve_index=False).replace_schema_metadata(None)


def _chance(seed: int, part: str) -> np.random.Generator:
    """A stream for each part, so that a change to one leaves the others as they were."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(zlib.crc32(part.encode()),)))


def _whole(name: str, value: object, *, least: int, most: int | None = None) -> int:
    bounds = f"{least} or more" if most is None else f"between {least} and {most}"
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise SimulationError(f"The {name} of a world must be a whole number.", found=repr(value))
    if value < least or (most is not None and value > most):
        raise SimulationError(f"The {name} of a world must be {bounds}.", found=str(value))
    return int(value)


def _silent(part: str, share: float) -> None:
    del part, share
