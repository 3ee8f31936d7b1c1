"""Small companies that every engine looks at, and how what they see is compared.

Two have all that signals are made of; the third has everything that two engines might read in two ways.
"""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd

from tests.end_to_end.jobs import beside, no_chances
from tests.end_to_end.test_churnsim import draw
from uptier.outcomes.snapshots import running_at
from uptier.scoring.facts import account_facts, source_dates
from uptier.scoring.standing import standing
from uptier.settings import Settings, read_settings
from uptier.signals.catalog import catalog
from uptier.signals.families import FAMILIES
from uptier.simulate.demo import project_text
from uptier.simulate.world import simulate
from uptier.tables.clean import Tables, clean
from uptier.tables.contracts import CONTRACT
from uptier.tables.history import History, grid_of
from uptier.tables.mapping import map_table
from uptier.tables.rollup import usage_rollup
from uptier.tables.source import Source, connect

NAMES = ("demo", "churnsim")
ODD = "odd"
RELATIVE = 1e-9  # how far two engines may be apart; what is counted must be equal

# a first of a month, a leap day, the middle of a month, and the end
DATES = {
    "demo": (dt.date(2025, 7, 1), dt.date(2025, 9, 17), dt.date(2026, 1, 1)),
    "churnsim": (dt.date(2022, 9, 1), dt.date(2022, 11, 15), dt.date(2023, 12, 1)),
}


@dataclass(frozen=True)
class World:
    """A company as a folder of files, and what our own DuckDB sees of it."""

    name: str
    settings: Settings

    @property
    def folder(self) -> Path:
        return Path(self.settings.source)

    @cached_property
    def looks(self) -> pd.DataFrame:
        return running_at(self.tables, DATES[self.name])

    @cached_property
    def tables(self) -> Tables:
        return tables_in(connect(self.settings.source), self.settings)

    @cached_property
    def frame(self) -> pd.DataFrame:
        return seen(self.tables, self.looks)


def world(name: str, folder: Path) -> World:
    """Make one of them."""
    if name == ODD:
        return World(name, _odd(folder))
    if name == "demo":
        # mid-month changes, late rows and doubled rows are as common as in the demo itself
        with no_chances():
            simulate(preset="demo", seed=7, accounts=30, months=14, out=folder / "world")
        config = folder / "demo.yaml"
        config.write_text(project_text(project="demo", source="./world"), encoding="utf-8")
        return World(name, read_settings(config))
    with mock.patch.dict(os.environ, UPTIER_DATA=str(draw(folder / "data"))):
        return World(name, read_settings(beside("churnsim.yaml", folder)))


def tables_in(source: Source, settings: Settings) -> Tables:
    """Map and clean the tables, without the check, which finds nothing there."""
    mapped = {name: map_table(source, settings, name) for name in CONTRACT}
    return clean(source, settings, {name: one for name, one in mapped.items() if one is not None})


def seen(tables: Tables, looks: pd.DataFrame) -> pd.DataFrame:
    """Compute all signals."""
    return catalog().frame(History(tables, grid_of(tables, looks), usage_rollup(tables)))


def beside_signals(tables: Tables, frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, dt.date | None]]:
    """Gather what a scorecard and a worklist say beside signals, at the last date of a frame."""
    as_of = frame["as_of"].max()
    last = frame[frame["as_of"] == as_of].reset_index(drop=True)
    told = pd.concat([account_facts(tables, last), standing(tables, last)], axis=1)
    return told, source_dates(tables, as_of.date())


def apart(frame: pd.DataFrame, reference: pd.DataFrame, family: str) -> list[str]:
    """Name the signals of a family of which an engine sees something else."""
    assert family in FAMILIES
    return [
        f"{one.name}: {told}"
        for one in catalog().signals
        if one.family == family
        and (told := _apart(frame[one.name], reference[one.name], whole=_is_counted(reference[one.name])))
    ]


def _is_counted(values: pd.Series) -> bool:
    if values.dtype == object:
        return True
    known = values[values.notna()]
    return bool((known == np.floor(known)).all())


def _apart(mine: pd.Series, theirs: pd.Series, *, whole: bool) -> str:
    if not mine.isna().equals(theirs.isna()):
        return f"{int(mine.isna().sum())} rows are null, not {int(theirs.isna().sum())}"
    known = theirs.notna()
    one, other = mine[known], theirs[known]
    same = one == other if whole else np.isclose(one.astype(float), other.astype(float), rtol=RELATIVE, atol=0)
    wrong = one[~same]
    if wrong.empty:
        return ""
    place = wrong.index[0]
    return f"{len(wrong)} of {len(one)} rows differ, {mine[place]!r} instead of {theirs[place]!r} first"


# what two engines might read in two ways -----------------------------------------------------------------------------

# as words, as what ends a literal, as what separates, as what is left out
ODD_IDS = (
    "plain",
    "o'clock",
    'said "so"',
    "back\\slash",
    "line\nbreak",
    "a,b;c|d~e^f",
    "100%s {x} $1 :y",
    "zoë 🙂",
    " led",
    "0",
)
ODD_NUMBERS = ("7", " 8 ", "2.5", "3.5", "1e2", "0.285", "1.005", "seven", "", "-0.5", "12.344999")
ODD_TIMES = (
    *("2026-01-31", "2026-02-28 23:59:59.999", "2024-02-29T12:00:00", "2026-03-29 02:30:00", "2026-10-25 00:30:00"),
    *(
        "2026-07-01 12:00:00+02:00",
        "2026-07-01T12:00:00Z",
        "2026-02-30",
        "2025-02-29 10:00",
        "tomorrow",
        "2026-1-5 7:08",
    ),
)
ODD_MOMENTS = ("2026-01-31 23:30", "2026-03-29 01:59", "2026-03-29 03:00", "2026-06-30 00:30", "2026-12-31 23:59:59")
ODD_YAML = """
project: odd
source: ./tables
store: ./store
data_until: 2027-01-01
timezone: Europe/Berlin
tables:
  milestones: {timezone: epoch_ms}
  meter_readings: {timezone: epoch_s}
  usage_events:
    values: {kind: {"Export*(csv)": export, "lim*it": limit_error, "Log in": login}}
"""


def _odd(folder: Path) -> Settings:
    places = range(len(ODD_TIMES))
    accounts = [ODD_IDS[place % len(ODD_IDS)] for place in places]
    moments = [pd.Timestamp(ODD_MOMENTS[place % len(ODD_MOMENTS)]) for place in places]
    seconds = [int(pd.Timestamp(one, tz="UTC").timestamp()) for one in moments]
    tables = {
        "accounts": {"account_id": list(ODD_IDS)},
        "subscriptions": {
            "subscription_id": [float(place) for place in places],
            "account_id": accounts,
            "seats": list(ODD_NUMBERS),
            "mrr": list(ODD_NUMBERS),
            "valid_from": list(ODD_TIMES),
        },
        "addons": {
            "account_id": accounts,
            "addon_id": ["sso"] * len(places),
            "valid_from": moments,
            "mrr": [0.125, 0.285, 1.005, 2.675, 1e9 + 0.005, -0.125, None, 0.0, 3.0, 0.5, 12.344999],
        },
        "milestones": {
            "account_id": accounts,
            "milestone": accounts,
            "reached_at": [one * 1000 + 1 for one in seconds],
        },
        "meter_readings": {"account_id": accounts, "meter": accounts, "read_at": seconds, "value": list(ODD_NUMBERS)},
        "usage_events": {
            "event_id": list(places),
            "account_id": accounts,
            "occurred_at": pd.to_datetime(moments).tz_localize("America/New_York"),
            "kind": [
                "Export all (csv)",
                "Exportcsv",
                "lim\nit",
                "Log in",
                "log in",
                "x.login",
                None,
                "login",
                "",
                "export",
                "lim",
            ],
        },
    }
    (folder / "tables").mkdir()
    for name, columns in tables.items():
        pd.DataFrame(columns).to_parquet(folder / "tables" / f"{name}.parquet", index=False)
    (folder / "odd.yaml").write_text(ODD_YAML, encoding="utf-8")
    return read_settings(folder / "odd.yaml")


def read(tables: Tables) -> dict[str, list[tuple[str, ...]]]:
    """Write down every row of every table, in an order that no engine gives."""
    told = {}
    for name, table in tables.clean.items():
        frame = table.to_pandas().astype(object)
        rows = frame.where(frame.notna(), None).map(_written).itertuples(index=False, name=None)
        told[name] = sorted(rows)
    return told


def _written(value: object) -> str:
    return str(pd.Timestamp(value)) if isinstance(value, dt.date) else repr(value)


def odd_looks() -> pd.DataFrame:
    """Look at some odd ids at some dates, not at all of them at all."""
    days = pd.to_datetime(["2026-02-01", "2026-03-01", "2024-02-29"])
    pairs = [(one, day) for place, one in enumerate(ODD_IDS) for number, day in enumerate(days) if (place + number) % 3]
    return pd.DataFrame(pairs, columns=["account_id", "as_of"])


def looked_at(tables: Tables) -> pd.DataFrame:
    """Give the odd looks as an engine has them."""
    grid = grid_of(tables, odd_looks()).to_pandas().astype({"account_id": "str", "as_of": "datetime64[us]"})
    return grid.sort_values(["account_id", "as_of"]).reset_index(drop=True)
