"""A small company in files, opened as a process opens it: its rollup is in a store."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from uptier.tables.clean import clean
from uptier.tables.contracts import CONTRACT
from uptier.tables.drawn import settings_of
from uptier.tables.history import History, history_of
from uptier.tables.mapping import map_table
from uptier.tables.rollup import usage_rollup
from uptier.tables.source import connect

LOOKS = pd.MultiIndex.from_product(
    [["a", "b"], pd.to_datetime(["2026-02-01", "2026-03-01"])], names=["account_id", "as_of"]
).to_frame(index=False)


def write_company(folder: Path) -> None:
    """Write its tables: two accounts, three users, ninety events."""
    data = folder / "data"
    data.mkdir()
    pd.DataFrame({"account_id": ["a", "b"]}).to_parquet(data / "accounts.parquet")
    began = pd.DataFrame({"subscription_id": ["1", "2"], "account_id": ["a", "b"], "seats": [3, 4]})
    began.assign(valid_from=pd.Timestamp("2025-01-01")).to_parquet(data / "subscriptions.parquet")
    events = pd.DataFrame({"occurred_at": pd.date_range("2026-01-01", periods=90, freq="12h")})
    events.assign(
        account_id=["a", "b", "a"] * 30, user_id=["u", "v", "w"] * 30, kind=["login", "export", "feature_used"] * 30
    ).to_parquet(data / "usage_events.parquet")


def open_company(folder: Path, **changed: object) -> History:
    """Open it anew, as another process does: the engine's tables have other names each time."""
    source = connect(str(folder / "data"))
    settings = settings_of(data_until="2026-04-01", store=folder / "store", **changed)
    mapped = {name: map_table(source, settings, name) for name in CONTRACT}
    tables = clean(source, settings, {name: one for name, one in mapped.items() if one is not None})
    return history_of(tables, LOOKS, usage_rollup(tables))
