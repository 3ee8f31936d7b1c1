"""Make a world: its customers, what they do and decide, and what it knows; written as one folder or not at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import yaml
from pydantic import ValidationError

from uptier.errors import SimulationError
from uptier.simulate.block import BLOCK, make_block, stream
from uptier.simulate.files import WorldFolder, refuse_full_folder
from uptier.simulate.given import WORLD_FILE, faults
from uptier.simulate.looks import joined
from uptier.simulate.parameters import jittered
from uptier.simulate.plans import PriceList, price_list
from uptier.simulate.presets import DATA_UNTIL, PRESETS, Parameters, find_preset, with_changes
from uptier.simulate.rates import eras
from uptier.simulate.tables import plan_tables
from uptier.simulate.timeline import Timeline, months_before
from uptier.simulate.truth import truth

SHARE_OF_BLOCKS = 0.7  # of the work, for the bar of progress

Progress = Callable[[str, float], None]


@dataclass(frozen=True, kw_only=True)
class World:
    """What was made.

    Attributes
    ----------
    folder : Path
        Where it is: one Parquet file or folder for each table, `truth.parquet`, and `world.yaml`, which says what makes
        it again.
    seed : int
        The seed.
    preset : str
        Its preset.
    parameters : Parameters
        All of them, as they were used.
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
    parameters: Parameters
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
    jitter: float = 0.0,
    changes: Path | None = None,
    plans: Path | None = None,
    progress: Progress | None = None,
) -> World:
    """Make a world and write it.

    The same arguments give the same bytes, on any number of threads.

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
    jitter : float, optional
        Draw every rate evenly within this share around what it is, 0 to 1.
    changes : Path, optional
        A YAML with parameters that differ from the preset's, or the `world.yaml` of another world for all of its.
    plans : Path, optional
        A YAML with another price list, or the `world.yaml` of another world for its own; the built-in one by default.
    progress : callable, optional
        Told the name of each part as it begins, and the share that is done, 0 to 1.

    Returns
    -------
    World
        What was made, and where it is.

    Raises
    ------
    SimulationError
        If the preset is unknown, a parameter or the price list makes no sense, or the folder cannot be used. Nothing is
        written then.
    """
    given = {name: value for name, value in {"accounts": accounts, "months": months}.items() if value is not None}
    _whole("seed", seed)
    for name, value in given.items():
        _whole(name, value)
    parameters = with_changes(find_preset(preset), changes, given)
    parameters = _jittered(parameters, preset, jitter, seed)
    prices = price_list(plans)
    out = Path(out)
    refuse_full_folder(out)
    timeline = Timeline(months_before(DATA_UNTIL, parameters.months), DATA_UNTIL)
    tell = progress or _silent
    blocks = -(-parameters.accounts // BLOCK)
    looks = []
    with WorldFolder(out, blocks) as folder:
        for number in range(blocks):
            tell(f"accounts {number * BLOCK + 1:,} and on", SHARE_OF_BLOCKS * number / blocks)
            block = make_block(parameters, prices, timeline, seed=seed, number=number)
            for name, table in block.tables.items():
                folder.write(name, table, number)
            looks.append(block.looks)
            del block
        for name, table in plan_tables(prices).items():
            folder.write(name, table)
        tell("truth", SHARE_OF_BLOCKS)
        known = truth(
            eras(parameters.rates, parameters.shift),
            joined(looks),
            timeline.first_day,
            lambda share: tell("truth", SHARE_OF_BLOCKS + (0.95 - SHARE_OF_BLOCKS) * share),
        )
        folder.write("truth", pa.Table.from_pandas(known, preserve_index=False).replace_schema_metadata(None))
        folder.note(WORLD_FILE, _note(preset, seed, jitter, parameters, prices))
    tell("done", 1.0)
    return World(
        folder=out,
        seed=seed,
        preset=preset,
        parameters=parameters,
        first_day=timeline.first_day,
        data_until=timeline.data_until,
        rows=folder.rows,
    )


def _jittered(parameters: Parameters, preset: str, jitter: float, seed: int) -> Parameters:
    if isinstance(jitter, bool) or not isinstance(jitter, int | float) or not 0 <= jitter <= 1:
        raise SimulationError("The jitter of a world must be a share between 0 and 1.", found=repr(jitter))
    if jitter == 0:
        return parameters
    try:
        return jittered(parameters, jitter, stream(seed, "jitter"), held=PRESETS[preset].held)
    except ValidationError as error:
        raise SimulationError(
            f"With a jitter of {jitter:g} the rates leave no room: {faults(error)}.",
            do="Ask for less jitter, or for lower rates.",
        ) from None


def _note(preset: str, seed: int, jitter: float, parameters: Parameters, prices: PriceList) -> str:
    """What makes the same world again."""
    said = {
        "preset": preset,
        "seed": seed,
        "jitter": jitter,
        "parameters": parameters.model_dump(mode="json"),
        "prices": prices.model_dump(mode="json", by_alias=True),
    }
    head = (
        "# What this world was made of; the jitter is in the parameters already. The same again:\n"
        f"# uptier simulate --preset {preset} --seed {seed} --changes {WORLD_FILE} --plans {WORLD_FILE} --out DIR\n"
    )
    return head + yaml.safe_dump(said, sort_keys=False, width=120)


def _whole(name: str, value: object) -> None:
    """Ids and counts are whole numbers; their bounds stand with the parameters."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise SimulationError(f"The {name} of a world must be a whole number.", found=repr(value))
    if value < 0:
        raise SimulationError(f"The {name} of a world must be 0 or more.", found=str(value))


def _silent(part: str, share: float) -> None:
    del part, share
