"""Answers drawn as text, for tests of what becomes of them."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from uptier.tables.answers import typed


def drawn_answers(text: str) -> pd.DataFrame:
    """Read a table of answers: columns as in the store, `key` short for uptier_key, account and type told by it."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    rows = []
    for cells in lines[1:]:
        row = {name: cell or None for name, cell in zip(lines[0], cells, strict=True)}
        row["uptier_key"] = row.pop("key")
        row["account_id"], row["upsell"], _ = str(row["uptier_key"]).rsplit(":", 2)
        row.setdefault("source", "crm")
        for name in ("until", "answered_at", "known_at"):
            row[name] = dt.datetime.fromisoformat(row[name]) if row.get(name) else None
        rows.append(row)
    return typed(rows)
