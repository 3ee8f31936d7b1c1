"""The smallest change of what a CSM can move that moves the action, found by asking the model.

Trees answer alike between two of their split points, so those are the only values worth trying, within the range that
the trees have seen and as a person would say them: whole users, whole per cents. How far a value lies is counted in
split points that are passed, as a share of the signal's: trees split where there are accounts, so that is near to the
share of accounts that lie between. One signal alone comes before any two.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.decision.actions import Action
from uptier.decision.money import ACCOUNT_CURRENCY
from uptier.explanation.choosing import WEIGHTY
from uptier.explanation.reasons import fired_triggers
from uptier.explanation.sentences import currency_of, known
from uptier.explanation.turning import Move, Sensitivity, Turn
from uptier.model.splits import seen_ranges, split_points
from uptier.scoring.deciding import decided, flag
from uptier.signals.lever import Lever
from uptier.signals.signal import Unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uptier.model.bundle import Bundle
    from uptier.settings import Settings
    from uptier.signals.catalog import Catalog
    from uptier.signals.signal import Signal

TRIED_AT_MOST = 10  # values of a signal on each side of where it is
PAIRED = 6  # signals that pairs are formed of: those that alone move the account furthest
TRIED_IN_PAIRS = 4
WANTED = {
    Action.PITCH: (Action.NURTURE, Action.PROTECT, Action.LEAVE),
    Action.NURTURE: (Action.PITCH,),
    Action.PROTECT: (Action.PITCH, Action.NURTURE, Action.LEAVE),
    Action.LEAVE: (Action.PITCH, Action.NURTURE),
}
STEPS = {Unit.SHARE: 100, Unit.GROWTH: 100, Unit.RATIO: 10}  # how finely a value is said


NOTHING = Turn(action=None, moves=())
SETTLED = ("open_opportunity", "before_first_value")  # facts that decide whatever the signals are
RISKS = ("churn", "post_upsell_churn")
AT_ONCE = 50  # accounts that are asked about in one go: some ten thousand rows


@dataclass(frozen=True, kw_only=True)
class _Try:
    """One signal at one other value."""

    signal: Signal
    value: float
    distance: float
    for_better: bool


_Tries = tuple[_Try, ...]


def sensitivities(
    frame: pd.DataFrame,
    facts: pd.DataFrame,
    bundle: Bundle,
    catalog: Catalog,
    settings: Settings,
) -> list[Sensitivity]:
    """Find for each account the smallest change that moves its action, and which levers move its chances.

    Parameters
    ----------
    frame : DataFrame, shape (n_accounts, 2 + n_signals)
        The accounts' signals.
    facts : DataFrame, shape (n_accounts, n_facts)
        As for :func:`uptier.scoring.batch.score`, in the same order.
    bundle : Bundle
        The model.
    catalog : Catalog
        Signals and triggers; signals with a lever are those that a CSM can move.
    settings : Settings
        Thresholds, costs, windows.

    Returns
    -------
    list of Sensitivity
        Without a turn where the action does not rest on signals (talks are open, the worth is not known, there is no
        first value yet), and where nothing that a CSM can move is known.
    """
    frame, facts = frame.reset_index(drop=True), facts.reset_index(drop=True)
    asked = _Asked(frame, facts, bundle, catalog, settings)
    found: dict[int, Sensitivity] = {}
    for begin in range(0, len(frame), AT_ONCE):
        found |= asked.about(range(begin, min(begin + AT_ONCE, len(frame))))
    return [found[place] for place in range(len(frame))]


class _Asked:
    """A model that is asked about accounts as they are not."""

    def __init__(
        self, frame: pd.DataFrame, facts: pd.DataFrame, bundle: Bundle, catalog: Catalog, settings: Settings
    ) -> None:
        self.frame, self.facts, self.bundle, self.catalog, self.settings = frame, facts, bundle, catalog, settings
        self.now = self._decided(frame, facts)
        weighed = {signal.name: place for place, signal in enumerate(bundle.signals) if not signal.is_category}
        self.levers = [
            (signal, *_grid(bundle, weighed[signal.name], settings))
            for signal in catalog.signals
            if signal.lever and signal.name in weighed
        ]

    def about(self, places: Iterable[int]) -> dict[int, Sensitivity]:
        coarse: dict[int, list[_Tries]] = {place: [(one,) for one in self._tries(place)] for place in places}
        found = dict.fromkeys(coarse, Sensitivity())
        fine: dict[int, list[_Tries]] = {}
        pairs: dict[int, list[_Tries]] = {}
        for place, answers in self._answers(coarse):
            raising, calming = self._helping(place, coarse[place], answers)
            found[place] = Sensitivity(raising=raising, calming=calming)
            if not self._rests_on_signals(place):
                continue
            turn = self._nearest(place, coarse[place], answers)
            found[place] = replace(found[place], turn=turn or NOTHING)
            if turn is None:
                pairs[place] = list(self._pairs([some[0] for some in coarse[place]], answers, self._action(place)))
            else:
                within = self._turning(place, coarse[place], answers)
                fine[place] = [(one,) for one in self._tries(place, within)]
        for place, answers in self._answers(fine | pairs):
            turn = self._nearest(place, (fine | pairs)[place], answers)
            found[place] = replace(found[place], turn=turn or found[place].turn)
        return found

    def _helping(self, place: int, tries: list[_Tries], answers: pd.DataFrame) -> tuple[dict[str, str], dict[str, str]]:
        """Name the signals whose lever raises the chance of the best upsell, and those whose lever lowers a risk."""
        now, best = self.now.iloc[place], f"p_{self.now['best_type'].iloc[place]}"
        raised = answers[best].to_numpy(dtype=np.float64) - now[best] >= WEIGHTY
        calmed = np.zeros(len(answers), dtype=bool)
        for outcome in RISKS:
            calmed |= now[f"p_{outcome}"] - answers[f"p_{outcome}"].to_numpy(dtype=np.float64) >= WEIGHTY
        told = [
            {
                one.signal.name: (one.signal.lever or Lever()).words
                for (one,), helps in zip(tries, helping, strict=True)
                if helps and one.for_better
            }
            for helping in (raised, calmed)
        ]
        return told[0], told[1]

    def _action(self, place: int) -> Action:
        return Action(self.now["action"].iloc[place])

    def _rests_on_signals(self, place: int) -> bool:
        settled = any(flag(self.facts[name])[place] for name in SETTLED if name in self.facts)
        if math.isnan(self.now["expected_value"].iloc[place]):
            return False
        return not settled or self._action(place) is Action.PROTECT

    def _tries(self, place: int, within: Mapping[str, float] | None = None) -> Iterator[_Try]:
        """Some values of each signal; or of some signals all that lie nearer than a distance, itself included."""
        for signal, points, (least, most) in self.levers:
            value = known(self.frame[signal.name].iloc[place])
            if not isinstance(value, float) or not len(points) or (within is not None and signal.name not in within):
                continue
            furthest = math.inf if within is None else within[signal.name]
            at = int(np.searchsorted(points, value))
            lever = signal.lever or Lever()
            for way, words in ((1, lever.more), (-1, lever.less)):
                ahead = points[at:] if way > 0 else points[:at][::-1]
                tried = _spread(len(ahead), TRIED_AT_MOST if within is None else len(ahead))
                for number in tried[-1:] if lever.resets and words else tried:
                    there = _sayable(float(ahead[number]), signal.unit, way)
                    passed = abs(int(np.searchsorted(points, there)) - at) / len(points)
                    said = self._said(signal, there, place) != self._said(signal, value, place)
                    if least <= there <= most and 0 < passed <= furthest and said:
                        yield _Try(signal=signal, value=there, distance=passed, for_better=bool(words))

    def _turning(self, place: int, tries: list[_Tries], answers: pd.DataFrame) -> dict[str, float]:
        """Name the signals that alone turn the action, each with the least distance at which it did."""
        found: dict[str, float] = {}
        for (one,), turned in zip(tries, self._turned(place, tries, answers), strict=True):
            if turned:
                found[one.signal.name] = min(found.get(one.signal.name, math.inf), one.distance)
        return found

    def _pairs(self, tries: list[_Try], answers: pd.DataFrame, action: Action) -> Iterator[_Tries]:
        aim = _aim(answers, action)
        best: dict[str, float] = {}
        # a pitch is turned by a change for the worse, all else by one for the better
        tries, aim = _sorted_out(tries, aim, for_better=action is not Action.PITCH)
        for one, reached in zip(tries, aim, strict=True):
            best[one.signal.name] = max(best.get(one.signal.name, -math.inf), float(reached))
        chosen = sorted(best, key=lambda name: -best[name])[:PAIRED]
        by_signal = {name: [one for one in tries if one.signal.name == name] for name in chosen}
        some = {name: [own[at] for at in _spread(len(own), TRIED_IN_PAIRS)] for name, own in by_signal.items()}
        for first, second in combinations(chosen, 2):
            yield from ((one, other) for one in some[first] for other in some[second])

    def _nearest(self, place: int, tries: list[_Tries], answers: pd.DataFrame) -> Turn | None:
        moved = np.flatnonzero(self._turned(place, tries, answers))
        if not len(moved):
            return None
        # the first of equals, so the order of the catalogue decides
        nearest = min(moved, key=lambda number: sum(one.distance for one in tries[number]))
        return Turn(
            action=Action(answers["action"].iloc[nearest]),
            moves=tuple(self._move(place, one) for one in tries[nearest]),
        )

    def _turned(self, place: int, tries: list[_Tries], answers: pd.DataFrame) -> NDArray[np.bool_]:
        """Say which answers are another action that is asked about."""
        action = self._action(place)
        # a pitch is turned by a change for the worse, all else by one for the better
        asked = [all(one.for_better != (action is Action.PITCH) for one in some) for some in tries]
        there: NDArray[np.bool_] = answers["action"].isin([one.value for one in WANTED[action]]).to_numpy(dtype=bool)
        found: NDArray[np.bool_] = there & np.array(asked, dtype=bool)
        return found

    def _move(self, place: int, one: _Try) -> Move:
        signal, before = one.signal, float(self.frame[one.signal.name].iloc[place])
        told = [self._said(signal, value, place) for value in (before, one.value)]
        lever = signal.lever or Lever()
        return Move(
            signal=signal.name,
            label=signal.label,
            value=before,
            moved=one.value,
            before=told[0],
            after=told[1],
            lever=lever.more if one.value > before else lever.less,
        )

    def _said(self, signal: Signal, value: float, place: int) -> str:
        own = self.frame[ACCOUNT_CURRENCY].iloc[place] if ACCOUNT_CURRENCY in self.frame else None
        currency = currency_of({ACCOUNT_CURRENCY: own}, self.settings.currency)
        return signal.unit.told(value, currency=currency, speech=self.catalog.speech)

    def _answers(self, asked: dict[int, list[_Tries]]) -> Iterator[tuple[int, pd.DataFrame]]:
        """Ask about all at once, and give each account its own answers."""
        every = [(place, some) for place, own in asked.items() for some in own]
        if not every:
            return
        rows = np.array([place for place, _ in every])
        frame = self.frame.iloc[rows].reset_index(drop=True)
        changes: dict[str, list[tuple[int, float]]] = {}
        for number, (_, some) in enumerate(every):
            for one in some:
                changes.setdefault(one.signal.name, []).append((number, one.value))
        for name, changed in changes.items():
            values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan).copy()
            values[[number for number, _ in changed]] = [value for _, value in changed]
            frame[name] = values
        answers = self._decided(frame, self.facts.iloc[rows].reset_index(drop=True))
        for place in asked:
            yield place, answers[rows == place]

    def _decided(self, frame: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
        fired = fired_triggers(frame, self.catalog, self.settings.thresholds)
        return decided(frame, facts, fired, self.bundle, self.catalog, self.settings)


def _sorted_out(
    tries: list[_Try], aim: NDArray[np.float64], *, for_better: bool
) -> tuple[list[_Try], NDArray[np.float64]]:
    kept = [number for number, one in enumerate(tries) if one.for_better == for_better]
    return [tries[number] for number in kept], aim[kept]


def _aim(answers: pd.DataFrame, action: Action) -> NDArray[np.float64]:
    """How far each answer lies on the way to another action; more is further."""
    if action is Action.PROTECT:
        return -answers["p_churn"].to_numpy(dtype=np.float64)
    worth = answers["expected_value"].to_numpy(dtype=np.float64)
    return -worth if action is Action.PITCH else worth


def _grid(bundle: Bundle, column: int, settings: Settings) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """All values at which a head, or a trigger, may answer otherwise; and the range that was seen."""
    texts = [head.trees for head in bundle.heads.values() if head.trees is not None]
    ranges = [seen for text in texts if (seen := seen_ranges(text)[column]) is not None]
    if not ranges:
        return np.empty(0), (0.0, 0.0)
    least, most = min(low for low, _ in ranges), max(high for _, high in ranges)
    fires = [float(value) for _, value in settings.thresholds if isinstance(value, int | float)]
    points = np.unique(np.concatenate([*(split_points(text)[column] for text in texts), np.array(fires)]))
    return points[(points >= least) & (points <= most)], (least, most)


def _sayable(point: float, unit: Unit, way: int) -> float:
    """The first value beyond a split point that people would say; a point itself lies on its lower side."""
    steps = STEPS.get(unit, 1)
    # a split point in the text of a model stands a hair off the value that it was found between
    scaled = round(point * steps, 6)
    return (math.floor(scaled) + 1 if way > 0 else math.floor(scaled)) / steps


def _spread(count: int, at_most: int) -> list[int]:
    """Some places of so many: the first, the last, and others evenly between them."""
    if count <= at_most:
        return list(range(count))
    return sorted({round(place) for place in np.linspace(0, count - 1, at_most)})
