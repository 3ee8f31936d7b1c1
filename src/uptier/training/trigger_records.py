"""Track records of a catalogue's triggers: each held against the outcome that it opens a talk about.

A trigger that opens no talk is a warning. It is held against churn, which it should tell of, and against any
conversion: a warning that tells of those is no warning. What people answered to rows whose first reason a trigger was
counts as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.moments import Horizon
from uptier.settings import CONVERSIONS
from uptier.training.firing import any_of, fired
from uptier.training.said import said_of
from uptier.training.track_record import TriggerRecord, track_record

if TYPE_CHECKING:
    from uptier.outcomes.outcome import Examples
    from uptier.settings import Settings
    from uptier.signals.catalog import Catalog

ANY = "any conversion"
CHURN = "churn"
KEY = ["account_id", "as_of"]


def records_of(
    given: Examples, catalog: Catalog, *, settings: Settings, origins: Sequence[pd.Timestamp]
) -> tuple[TriggerRecord, ...]:
    """Hold triggers against one outcome.

    Parameters
    ----------
    given : Examples
        Rows of the outcome, all that have a label.
    catalog : Catalog
        The triggers; those that open a talk about the outcome, for churn those that open none.
    settings : Settings
        The project: thresholds, windows, draws and seed.
    origins : sequence of Timestamp
        Dates at which rows are parted to see whether a record lasts; rows before the first are a part too.

    Returns
    -------
    tuple of TriggerRecord
        In the order of the catalogue; empty where no trigger is about the outcome.
    """
    opens = None if given.outcome == CHURN else given.outcome
    names = [one.name for one in catalog.triggers if one.opens == opens]
    if not names or given.frame.empty:
        return ()
    return _held(
        _rows(given, origins),
        fired(given.frame, catalog, settings.thresholds)[names],
        outcome=given.outcome,
        window=settings.horizon(given.outcome),
        settings=settings,
    )


def warning_records(
    examples: Mapping[str, Examples], catalog: Catalog, *, settings: Settings, origins: Sequence[pd.Timestamp]
) -> tuple[TriggerRecord, ...]:
    """Hold the triggers that open no talk against any conversion.

    Parameters
    ----------
    examples : mapping of str to Examples
        Rows by outcome; those of conversions are used.
    catalog : Catalog
        The triggers.
    settings : Settings
        The project: thresholds, windows, draws and seed.
    origins : sequence of Timestamp
        Dates at which rows are parted.

    Returns
    -------
    tuple of TriggerRecord
        In the order of the catalogue; empty without a conversion or without such a trigger. The window is the longest
        of the conversions, the gap their shortest.
    """
    names = [one.name for one in catalog.triggers if one.opens is None]
    given = [examples[outcome] for outcome in CONVERSIONS if outcome in examples and len(examples[outcome].frame)]
    if not names or not given:
        return ()
    rows = any_of({one.outcome: _rows(one, origins) for one in given})
    on = pd.concat(
        [pd.concat([one.frame[KEY], fired(one.frame, catalog, settings.thresholds)[names]], axis=1) for one in given]
    ).drop_duplicates(KEY)
    windows = [settings.horizon(one.outcome) for one in given]
    gap = min(window.gap_days for window in windows)
    return _held(
        rows,
        rows[KEY].merge(on, on=KEY, how="left", validate="one_to_one")[names],
        outcome=ANY,
        window=Horizon(gap_days=gap, horizon_days=max(window.days for window in windows) - gap),
        settings=settings,
    )


def _held(
    rows: pd.DataFrame, on: pd.DataFrame, *, outcome: str, window: Horizon, settings: Settings
) -> tuple[TriggerRecord, ...]:
    return track_record(
        rows,
        on,
        outcome=outcome,
        gap_days=window.gap_days,
        horizon_days=window.horizon_days,
        draws=settings.training.bootstraps,
        seed=settings.training.seed,
        said=said_of(settings),
    )


def _rows(given: Examples, origins: Sequence[pd.Timestamp]) -> pd.DataFrame:
    dates = np.sort(np.array(list(origins), dtype="datetime64[ns]"))
    as_of = given.frame["as_of"]
    return pd.DataFrame(
        {
            "account_id": given.frame["account_id"].to_numpy(),
            "as_of": as_of.to_numpy(),
            "origin": np.searchsorted(dates, as_of.to_numpy(dtype="datetime64[ns]"), side="right"),
            "label": given.label.to_numpy(),
            "event_at": given.event_at.to_numpy(),
        }
    )
