"""What was told before is what the newest earlier scorecard says, whole and by account."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path

import pandas as pd

from uptier.scoring import placing
from uptier.scoring.earlier import told_before, worklist_before
from uptier.scoring.scorecard import FOLDER, MANIFEST, PARQUET, WORKLIST
from uptier.settings import OUTCOMES


def scored(store: Path, date: str, **chances: float) -> None:
    """Put a scorecard of some accounts, each with one chance for every outcome, into a store."""

    def fill(hidden: Path) -> None:
        shares = {f"p_{outcome}": list(chances.values()) for outcome in OUTCOMES}
        pd.DataFrame({"account_id": list(chances), **shares}).to_parquet(hidden / PARQUET)
        (hidden / MANIFEST).write_text(json.dumps({"as_of": date}))

    (store / FOLDER).mkdir(parents=True, exist_ok=True)
    placing.put(store / FOLDER, date, fill)


def test_it_is_the_newest_one_before_the_date_and_not_of_it(tmp_path: Path) -> None:
    scored(tmp_path, "2025-11-01", a=0.1)
    scored(tmp_path, "2025-12-01", a=0.2, b=math.nan)
    scored(tmp_path, "2026-01-01", a=0.3)
    found = told_before(tmp_path, dt.date(2026, 1, 1))
    assert found is not None
    assert found[0] == dt.date(2025, 12, 1)
    assert found[1]["a"] == dict.fromkeys(OUTCOMES, 0.2)
    assert all(math.isnan(share) for share in found[1]["b"].values())


def test_before_the_first_there_is_none(tmp_path: Path) -> None:
    assert told_before(tmp_path, dt.date(2026, 1, 1)) is None
    scored(tmp_path, "2026-01-01", a=0.3)
    assert told_before(tmp_path, dt.date(2026, 1, 1)) is None


def test_the_worklist_before_is_the_newest_of_an_earlier_date_that_has_one(tmp_path: Path) -> None:
    for month in ("2025-10-01", "2025-11-01", "2025-12-01", "2026-01-01"):
        scored(tmp_path, month, a=0.1)
        if month != "2025-12-01":  # of a uptier that made none
            rows = pd.DataFrame({"as_of": [pd.Timestamp(month)]})
            rows.to_parquet(tmp_path / FOLDER / month / WORKLIST)
    found = worklist_before(tmp_path, dt.date(2026, 1, 1))
    assert found is not None
    assert found["as_of"].tolist() == [pd.Timestamp("2025-11-01")]
    assert worklist_before(tmp_path, dt.date(2025, 10, 1)) is None
    assert worklist_before(tmp_path / "none", dt.date(2026, 1, 1)) is None
