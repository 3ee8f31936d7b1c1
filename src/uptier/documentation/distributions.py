"""How signals are distributed in a company: a small chart and a sentence for each, and how often triggers fire.

Zeros and what is not known are told in words and left out of the charts: most signals are 0 for most accounts, and
nothing else would be seen. Two of a hundred values, the lowest and the highest, are left out too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from uptier.documentation.bars import columns, names
from uptier.signals.signal import Signal, Unit

if TYPE_CHECKING:
    import pandas as pd

    from uptier.signals.catalog import Catalog
    from uptier.signals.trigger import Trigger
    from uptier.thresholds import Thresholds

BINS = 16
MOST_NAMES = 6
LOWEST, HIGHEST = 1, 99  # percentiles between which is drawn
DIGITS = 9  # of a value that count: the rest may differ between machines
WHOLE = 2.0**40  # whole numbers beyond are only large ones
PERCENT = (Unit.SHARE, Unit.GROWTH)


@dataclass(frozen=True)
class Seen:
    """What was seen of the catalogue in a company.

    Attributes
    ----------
    looks : str
        Which rows were looked at.
    pictures : dict of str to str
        SVG by signal; none of a signal that has one value at most besides 0.
    sentences : dict of str to str
        Sentence by signal.
    fired : dict of str to float
        Share of the rows for which a trigger fires, by trigger.
    """

    looks: str
    pictures: Mapping[str, str]
    sentences: Mapping[str, str]
    fired: Mapping[str, float]


@dataclass(frozen=True)
class Limit:
    """A value with which a trigger compares a signal.

    Attributes
    ----------
    value : float
        The value.
    least : bool
        Whether the trigger looks for this much or more; else for this much or less.
    """

    value: float
    least: bool


class _Asked:
    """A signal, or what a rule makes of signals, that notes with what it is compared."""

    def __init__(self, name: str, limits: dict[str, Limit]) -> None:
        self.name = name
        self.limits = limits

    def __ge__(self, limit: float) -> _Asked:
        self.limits[self.name] = Limit(float(limit), least=True)
        return self

    def __le__(self, limit: float) -> _Asked:
        self.limits[self.name] = Limit(float(limit), least=False)
        return self

    __gt__, __lt__ = __ge__, __le__

    def __and__(self, other: _Asked) -> _Asked:
        return self

    __or__ = __and__

    def __invert__(self) -> _Asked:
        return self

    def isnull(self) -> _Asked:
        return self

    notnull = isnull


class _Asking(dict[str, _Asked]):
    """Signals by name, any name."""

    def __init__(self) -> None:
        self.limits: dict[str, Limit] = {}

    def __missing__(self, name: str) -> _Asked:
        return _Asked(name, self.limits)


def limits_of(trigger: Trigger, thresholds: Thresholds) -> dict[str, Limit]:
    """Give the values with which a trigger's rule compares signals.

    Parameters
    ----------
    trigger : Trigger
        The trigger.
    thresholds : Thresholds
        Where it fires.

    Returns
    -------
    dict of str to Limit
        By signal, for all that the rule compares with a number.
    """
    asking = _Asking()
    trigger.rule(asking, thresholds)
    return asking.limits


def seen_in(frame: pd.DataFrame, catalog: Catalog, thresholds: Thresholds) -> Seen:
    """Look at signals and triggers in a frame.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_signals)
        account_id, as_of, and all signals of the catalogue by name.
    catalog : Catalog
        Signals and triggers.
    thresholds : Thresholds
        Where triggers fire.

    Returns
    -------
    Seen
        Pictures, sentences and shares.
    """
    limits: dict[str, Limit] = {}
    for trigger in catalog.triggers:
        limits |= limits_of(trigger, thresholds)
    pictures, sentences = {}, {}
    for one in catalog.signals:
        draw = _category if one.is_category else _number
        picture, sentences[one.name] = draw(frame[one.name], one, limits.get(one.name))
        if picture:
            pictures[one.name] = picture
    fired = {one.name: round(float(one.fired(frame, thresholds).mean()), 3) for one in catalog.triggers}
    dates = " and ".join(f"{as_of:%-d %B %Y}" for as_of in sorted(frame["as_of"].unique()))
    return Seen(f"all {len(frame):,} looks at its accounts on {dates}", pictures, sentences, fired)


def _category(values: pd.Series, one: Signal, limit: Limit | None) -> tuple[str, str]:
    known = values.dropna()
    counts = known.value_counts()
    # what is equally frequent stands in the order of names
    ordered = sorted(((str(name), int(count)) for name, count in counts.items()), key=lambda row: (-row[1], row[0]))
    shares = [(name, count / len(values)) for name, count in ordered[:MOST_NAMES]]
    rest = len(ordered) - len(shares)
    said = [f"{rest} more are not drawn"] if rest > 0 else []
    said += _unknown(values)
    return (names(shares) if shares else ""), _sentence(said or ["known for all"])


def _number(values: pd.Series, one: Signal, limit: Limit | None) -> tuple[str, str]:
    numbers = np.round(values.to_numpy(dtype=np.float64, na_value=np.nan), DIGITS)
    zeros = float((numbers == 0).mean())
    drawn = numbers[~np.isnan(numbers) & (numbers != 0)]
    if not len(drawn):
        return "", _sentence([f"{_share(zeros)} are 0", *_unknown(values)])
    # values that there are, so that no half user is told
    quarter, three = (_told(float(value), one.unit) for value in np.percentile(drawn, [25, 75], method="nearest"))
    alike = np.ptp(drawn) == 0
    first = f"{_share(zeros)} are 0; of the others " if zeros else ""
    lie = f"half lie from {quarter} to {three}" if quarter != three else f"half or more are {quarter}"
    said = [f"{first}{'all are ' + quarter if alike else lie}"]
    low, high, counts = _bins(drawn)
    mark = None
    if limit is not None:
        bound = f"{_told(limit.value, one.unit)} or {'more' if limit.least else 'less'}"
        said.append(f"the trigger asks for {bound}")
        mark = _mark(limit, drawn, low, high)
    left, right = (_told(end, one.unit) for end in _ends(drawn, low, high))
    picture = "" if alike else columns(counts, left, right, mark)
    return picture, _sentence([*said, *_unknown(values)])


def _bins(drawn: npt.NDArray[np.float64]) -> tuple[float, float, list[int]]:
    """Count values in columns of equal width; whole numbers are never parted unevenly."""
    low, high = (float(one) for one in np.percentile(drawn, [LOWEST, HIGHEST], method="nearest"))
    inside = drawn[(drawn >= low) & (drawn <= high)]
    if (inside == np.floor(inside)).all() and high - low < WHOLE:
        wide = max(-(-(high - low + 1) // BINS), 1.0)
        number = int((high - low) // wide) + 1
        low, high = low - 0.5, low - 0.5 + wide * number
    else:
        number = BINS if high > low else 1
    # numpy's own histogram refuses ranges that are narrow for their place
    share = (inside - low) / ((high - low) or 1.0)
    places = np.clip((share * number).astype(np.int64), 0, number - 1)
    return low, high, [int(count) for count in np.bincount(places, minlength=number)]


def _mark(limit: Limit, drawn: npt.NDArray[np.float64], low: float, high: float) -> float | None:
    # between two whole numbers, so that the columns that count lie on one side
    half = 0.5 if (drawn == np.floor(drawn)).all() else 0.0
    at = limit.value - half if limit.least else limit.value + half
    return (at - low) / (high - low) if low <= at <= high and high > low else None


def _ends(drawn: npt.NDArray[np.float64], low: float, high: float) -> tuple[float, float]:
    inside = drawn[(drawn >= low) & (drawn <= high)]
    return float(inside.min()), float(inside.max())


def _unknown(values: pd.Series) -> list[str]:
    missing = float(values.isna().mean())
    return [f"not known for {_share(missing)}"] if missing else []


def _sentence(said: list[str]) -> str:
    text = "; ".join(said)
    return f"{text[:1].upper()}{text[1:]}."


def _share(share: float) -> str:
    return Unit.SHARE.told(share)


def _told(value: float, unit: Unit) -> str:
    if unit in PERCENT:
        return f"{100 * value:,.0f} %"
    if abs(value) >= 10 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2g}"
