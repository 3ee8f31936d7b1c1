"""Reasons: what speaks for and against, trigger by trigger, in sentences that are true for the account.

The rule, for one account and one outcome:

1. A family of signals with a trigger speaks with one voice; its points are the sum of its signals' points. Families
   without a trigger are context and never a reason.
2. A family that adds at least half a point (0.005) is a reason for; one that takes as much is a reason against. It
   must also weigh at least a quarter of the heaviest reason of the account, for or against: what moves the chance that
   much less is not why, and oftener untrue. The heaviest come first; families that weigh the same stand in the order
   of the catalogue.
3. A talk needs its opening: where no reason by rule 2 has fired and opens a talk about this upsell, the triggers that
   do so and weigh less are listed after the others. What takes points is never a reason for. A fired trigger that opens
   no talk ("Unhappy customer") is never a reason for an upsell, whatever it weighs; it may be one against it, or for
   leaving.
4. A family is told by its facts. Only signals whose own contribution has the family's sign are said, the heaviest
   first. If the trigger has fired, the signals that tell it come first, in its own order, unless they pull the other
   way, or are 0 and have words of their own for it. What is not known is never a reason: a value may be missing for
   several causes, and nobody can act on any. A second fact must weigh at least a quarter of the heaviest, or tell a
   fired trigger. What was chosen is said in the order in which the trigger is told. A family without one true
   sentence is not shown.
5. Only a fired trigger is called by its label ("Approaching seat ceiling"); a family that weighs without having fired
   is called by its own name ("Seats"), so that nothing is claimed. The code is the trigger's name in both cases, and
   `fired` tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from uptier.explanation.choosing import FACTS_AT_MOST, FOR_AT_MOST, NOBODY, chosen
from uptier.explanation.sentences import sentence, tells
from uptier.explanation.words import Words
from uptier.model.points import RULES, rules

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uptier.explanation.choosing import Chosen
    from uptier.explanation.shares import Explained
    from uptier.signals.catalog import Catalog
    from uptier.signals.trigger import Trigger
    from uptier.thresholds import Thresholds


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One reason, as a CSM can say it.

    Attributes
    ----------
    code : str
        Name of the trigger; stable.
    label : str
        The trigger's label if it fired, else the family's name.
    sentence : str
        One or two facts, each true for the account.
    points : float or None
        Share of probability that it adds (below 0: takes); None where no model gives any.
    fired : bool
        Whether the trigger's rule is true.
    opens : str or None
        The upsell type that the trigger opens a talk about.
    act_within_days : int or None
        Days within which to act, if it fired.
    signals : tuple of str
        The signals whose facts are said.
    """

    code: str
    label: str
    sentence: str
    points: float | None
    fired: bool
    opens: str | None
    act_within_days: int | None
    signals: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Reasons:
    """An account's reasons for one outcome.

    Attributes
    ----------
    supporting : tuple of Reason
        For, at most three, the heaviest first.
    opposing : tuple of Reason
        Against, at most two, the heaviest first.
    """

    supporting: tuple[Reason, ...] = ()
    opposing: tuple[Reason, ...] = ()


def fired_triggers(frame: pd.DataFrame, catalog: Catalog, thresholds: Thresholds) -> pd.DataFrame:
    """Say which triggers have fired.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_signals)
        Signals by name.
    catalog : Catalog
        The triggers.
    thresholds : Thresholds
        Where they fire.

    Returns
    -------
    DataFrame of bool, shape (n_rows, n_triggers)
        Columns are the triggers' names, in catalogue order.
    """
    return pd.DataFrame(
        {trigger.name: trigger.fired(frame, thresholds).to_numpy() for trigger in catalog.triggers},
        index=frame.index,
        dtype=bool,
    )


def weighed_reasons(
    explained: Explained,
    *,
    frame: pd.DataFrame,
    fired: pd.DataFrame,
    catalog: Catalog,
    thresholds: Thresholds,
    currency: str,
) -> Iterator[Reasons]:
    """Give the reasons of each row under a fitted head.

    Parameters
    ----------
    explained : Explained
        The rows' probabilities, taken apart.
    frame : DataFrame, shape (n_rows, n_signals)
        The same rows' signals.
    fired : DataFrame of bool, shape (n_rows, n_triggers)
        The same rows' triggers.
    catalog : Catalog
        Signals and triggers.
    thresholds : Thresholds
        Where triggers fire: the fact that fired one is chosen before those that only go with it.
    currency : str
        ISO code, for money.

    Yields
    ------
    Reasons
        In the order of the rows.
    """
    sides = chosen(explained, frame=frame, fired=fired, catalog=catalog, thresholds=thresholds)
    columns = _columns(frame)
    for place in range(len(frame)):
        row = _Row(columns, place)
        supporting, opposing = (
            tuple(_told(side, place, number, row, catalog, currency) for number in range(_count(side, place)))
            for side in sides
        )
        yield Reasons(supporting=supporting, opposing=opposing)


def _count(side: Chosen, place: int) -> int:
    return int((side.trigger[place] != NOBODY).sum())


def _told(side: Chosen, place: int, number: int, row: _Row, catalog: Catalog, currency: str) -> Reason:
    signals = [catalog.signals[fact] for fact in side.facts[place, number] if fact != NOBODY]
    said = [(signal.name, sentence(signal, row, catalog, currency)) for signal in signals]
    return _reason(
        catalog.triggers[side.trigger[place, number]],
        [(name, words) for name, words in said if words is not None],
        catalog,
        points=float(side.points[place, number]),
        fired=bool(side.fired[place, number]),
    )


def fired_reasons(
    *,
    frame: pd.DataFrame,
    fired: pd.DataFrame,
    catalog: Catalog,
    thresholds: Thresholds,
    currency: str,
    outcome: str | None,
) -> Iterator[Reasons]:
    """Give the reasons of each row where no model weighs them: the triggers that have fired, in catalogue order.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_signals)
        Signals by name.
    fired : DataFrame of bool, shape (n_rows, n_triggers)
        The same rows' triggers.
    catalog : Catalog
        Signals and triggers.
    thresholds : Thresholds
        Where triggers fire: the fact that fired one is chosen before those that only go with it.
    currency : str
        ISO code, for money.
    outcome : str or None
        Only triggers that open a talk about this; None for all triggers that open one.

    Yields
    ------
    Reasons
        Without points, and with nothing against.
    """
    voices = [
        _Voice(trigger, frame, thresholds)
        for trigger in catalog.triggers
        if trigger.opens is not None and outcome in (None, trigger.opens)
    ]
    said = fired[[voice.trigger.name for voice in voices]].to_numpy(dtype=bool)
    columns = _columns(frame)
    for place in range(len(frame)):
        row = _Row(columns, place)
        reasons = (voice.told(row, catalog, currency) for number, voice in enumerate(voices) if said[place, number])
        yield Reasons(supporting=tuple(reason for reason in reasons if reason is not None)[:FOR_AT_MOST])


def ruled_reasons(
    *, frame: pd.DataFrame, fired: pd.DataFrame, catalog: Catalog, thresholds: Thresholds, currency: str
) -> Iterator[Reasons]:
    """Give the reasons of each row where there is no model at all: fired triggers, then rules of the points model.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_signals)
        Signals by name.
    fired : DataFrame of bool, shape (n_rows, n_triggers)
        The same rows' triggers.
    catalog : Catalog
        Signals and triggers.
    thresholds : Thresholds
        Where rules begin to hold.
    currency : str
        ISO code, for money.

    Yields
    ------
    Reasons
        Without points, and with nothing against. A rule is left out if a trigger has told its signal already.
    """
    holding = rules(frame, thresholds).to_numpy(dtype=bool)
    columns, words = _columns(frame), Words(catalog.speech)
    labels = {rule.name: words.say(f"rules.{rule.name}") for rule in RULES}
    triggered = fired_reasons(
        frame=frame, fired=fired, catalog=catalog, thresholds=thresholds, currency=currency, outcome=None
    )
    for place, reasons in enumerate(triggered):
        told = [name for reason in reasons.supporting for name in reason.signals]
        row = _Row(columns, place)
        more = [
            Reason(
                code=rule.name,
                label=labels[rule.name],
                sentence=sentence(catalog.signal(rule.column), row, catalog, currency) or labels[rule.name],
                points=None,
                fired=False,
                opens=None,
                act_within_days=None,
                signals=(rule.column,),
            )
            for rule, holds in zip(RULES, holding[place], strict=True)
            if holds and rule.column not in told
        ]
        yield Reasons(supporting=(*reasons.supporting, *more)[:FOR_AT_MOST])


def _columns(frame: pd.DataFrame) -> dict[str, NDArray[Any]]:
    return {name: frame[name].to_numpy() for name in frame.columns}


class _Row(Mapping[str, object]):
    """One row of a frame without the cost of making a Series of it."""

    def __init__(self, columns: dict[str, NDArray[Any]], place: int) -> None:
        self._columns = columns
        self._place = place

    def __getitem__(self, name: str) -> object:
        return self.of(self._columns[name])

    def of(self, column: NDArray[Any]) -> object:
        return column[self._place]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


class _Voice:
    """A trigger where nothing is weighed: it tells what fired it, then what else it says."""

    def __init__(self, trigger: Trigger, frame: pd.DataFrame, thresholds: Thresholds) -> None:
        self.trigger = trigger
        self.firing = _columns(
            pd.DataFrame({name: trigger.fires_on(name, frame, thresholds) for name in trigger.says if name in frame})
        )

    def told(self, row: _Row, catalog: Catalog, currency: str) -> Reason | None:
        said: list[tuple[str, str]] = []
        able = [name for name in self.trigger.says if tells(catalog.signal(name), row)]
        for name in sorted(able, key=lambda name: not row.of(self.firing[name])):
            if len(said) < FACTS_AT_MOST:
                words = sentence(catalog.signal(name), row, catalog, currency)
                said.extend(() if words is None else ((name, words),))
        if not said:
            return None
        said.sort(key=lambda fact: self.trigger.says.index(fact[0]))
        return _reason(self.trigger, said, catalog, points=None, fired=True)


def _reason(
    trigger: Trigger, said: list[tuple[str, str]], catalog: Catalog, *, points: float | None, fired: bool
) -> Reason:
    return Reason(
        code=trigger.name,
        label=trigger.label if fired else catalog.title(trigger.family),
        sentence=". ".join(words for _, words in said),
        points=points,
        fired=fired,
        opens=trigger.opens,
        act_within_days=trigger.act_within_days if fired else None,
        signals=tuple(name for name, _ in said),
    )
