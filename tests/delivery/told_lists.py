"""Worklists as answers look them up: keys, accounts, types and first reasons; nothing else of a scorecard."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from uptier.scoring import placing
from uptier.scoring.scorecard import FOLDER, WORKLIST

COLUMNS = ["uptier_key", "account_id", "upsell", "reason_1_code"]


def list_of(store: Path, date: str, *rows: tuple[str, str, str, str | None]) -> None:
    """Write the worklist of a date into a store."""
    place = store / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame(list(rows), columns=COLUMNS).astype("str")

    def fill(folder: Path) -> None:
        frame.to_parquet(folder / WORKLIST)
        (folder / placing.MANIFEST).write_text("{}")

    with placing.alone(place):
        placing.put(place, date, fill)
