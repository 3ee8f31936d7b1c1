"""Answers of one family's signals over drawn tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from uptier.signals.catalog import Catalog, catalog
from uptier.signals.trigger import Trigger
from uptier.tables.drawn import drawn
from uptier.thresholds import Thresholds

Answers = dict[str, dict[str, float | str | None]]

AS_OF = "2026-03-29"  # the last 28 days are 03-01 to 03-28, the 28 before them 02-01 to 02-28, then 01-04 to 01-31


def answers_of(family: str, text: str, *, accounts: str, as_of: str = AS_OF, **settings: Any) -> Answers:
    """Give every signal of a family by account; None for what is not available or not known."""
    signals = tuple(one for one in catalog().signals if one.family == family)
    frame = Catalog(signals, ()).frame(drawn(text, as_of=as_of, accounts=accounts, **settings))
    frame = frame.set_index("account_id")
    return {one.name: frame[one.name].astype(object).where(frame[one.name].notna(), None).to_dict() for one in signals}


def unavailable(text: str, **settings: Any) -> set[str]:
    """Name the signals that drawn tables do not allow."""
    return set(catalog().plan(drawn(text, as_of=AS_OF, **settings)).unavailable)


def fires(family: str, **signals: list[float | None]) -> list[bool]:
    """Say for each drawn row whether a family's trigger fires, thresholds as in an empty project."""
    trigger = catalog().trigger_of(family)
    assert isinstance(trigger, Trigger)
    frame = pd.DataFrame({name: pd.Series(values, dtype="float64") for name, values in signals.items()})
    fired = trigger.fired(frame, Thresholds())
    assert fired.dtype == bool
    return [bool(one) for one in fired]


def fired_on(family: str, text: str, *, as_of: str, account: str, **settings: Any) -> list[bool]:
    """Say for each of some dates whether a family's trigger had fired for an account, from drawn tables."""
    trigger = catalog().trigger_of(family)
    assert isinstance(trigger, Trigger)
    frame, thresholds = _frame_on(family, (trigger,), text, as_of, account, settings)
    return [bool(one) for one in trigger.fired(frame, thresholds)]


def answers_on(family: str, text: str, *, as_of: str, account: str, **settings: Any) -> pd.DataFrame:
    """Give every signal of a family at each of some dates, in their order, for an account of drawn tables."""
    return _frame_on(family, (), text, as_of, account, settings)[0]


def _frame_on(
    family: str, triggers: tuple[Trigger, ...], text: str, as_of: str, account: str, settings: dict[str, Any]
) -> tuple[pd.DataFrame, Thresholds]:
    history = drawn(text, as_of=as_of, accounts=account, **settings)
    signals = tuple(one for one in catalog().signals if one.family == family)
    frame = Catalog(signals, triggers).frame(history).sort_values("as_of").reset_index(drop=True)
    return frame, history.tables.settings.thresholds


def days(first: str, *, count: int) -> list[str]:
    """List days in a row."""
    return [f"{day:%Y-%m-%d}" for day in pd.date_range(first, periods=count)]
