"""What changed at a case since the worklist before, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from uptier.signals.catalog import Catalog

NEW = "new on the list"


def changed(rows: pd.DataFrame, seen: pd.DataFrame, catalog: Catalog) -> pd.Series[str]:
    """Tell by trigger what changed at each case.

    Parameters
    ----------
    rows : DataFrame, shape (n_cases, n_columns)
        triggers_fired (codes, joined by commas) and tier as they are now.
    seen : DataFrame, shape (n_cases, n_columns)
        The same cases, with was_open, triggers_fired_before and tier_before.
    catalog : Catalog
        For the triggers' labels.

    Returns
    -------
    Series of object, shape (n_cases,)
        None where nothing did.
    """
    labels = {trigger.name: trigger.label for trigger in catalog.triggers}
    columns = (seen["was_open"], rows["triggers_fired"], seen["triggers_fired_before"], rows["tier"])
    said = [_line(*row, labels) for row in zip(*columns, seen["tier_before"], strict=True)]
    return pd.Series(said, index=rows.index, dtype=object)


def _line(was_open: bool, now: object, then: object, tier: object, tier_then: object, labels: dict[str, str]) -> object:
    if not was_open:
        return NEW
    fired, before = _codes(now), _codes(then)
    parts = []
    if rose := [labels[code] for code in labels if code in fired - before]:
        parts.append(f"fired since: {', '.join(rose)}")
    if fell := [labels[code] for code in labels if code in before - fired]:
        parts.append(f"holds no longer: {', '.join(fell)}")
    if isinstance(tier, str) and isinstance(tier_then, str) and tier != tier_then:
        parts.append(f"tier {tier_then} before, {tier} now")
    return "; ".join(parts) or None


def _codes(joined: object) -> set[str]:
    return set(joined.split(",")) - {""} if isinstance(joined, str) else set()
