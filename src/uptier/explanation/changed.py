"""What changed at an account since it was last scored: by trigger, in points that add up to the change.

Both dates are looked at with the model of today, so that what changed is the account. Where another model spoke then,
what it said differs from what today's says of that date: that is a term of its own, and never hidden among the others.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uptier.explanation.weights import hundredths, weight_words
from uptier.explanation.words import IN_ENGLISH, Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptier.explanation.shares import Explained
    from uptier.signals.catalog import Catalog

TOLD_AT_MOST = 3  # families whose change is said; the others are one sum


@dataclass(frozen=True, kw_only=True)
class Chances:
    """How the probability of one outcome moved.

    Attributes
    ----------
    before : float
        As it was told then; what today's model says of that date where nothing was told. Share.
    now : float
        Share.
    families : tuple of (str, float)
        Name of each family with a trigger, and what it added or took since, share of probability; the heaviest first.
    context : float
        What circumstances added or took, share of probability.
    model : float
        What today's model says of that date, less what was told then, share of probability.
    """

    before: float
    now: float
    families: tuple[tuple[str, float], ...]
    context: float
    model: float


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What changed since an earlier date.

    Attributes
    ----------
    since : date
        When the account was last scored.
    fired, cleared : tuple of str
        Labels of triggers that have fired since, and of those that hold no longer; in catalogue order.
    chances : Chances or None
        Of the outcome that the brief is about; None where no model weighs it.
    """

    since: dt.date
    fired: tuple[str, ...]
    cleared: tuple[str, ...]
    chances: Chances | None


def moved(now: Explained, then: Explained, told: float | None, catalog: Catalog) -> Chances:
    """Take the change of a probability apart.

    Parameters
    ----------
    now, then : Explained
        One account at two dates, by the same head.
    told : float or None
        The probability that was told then, share; None or NaN where none was.
    catalog : Catalog
        For the families' names.

    Returns
    -------
    Chances
        before + model + context + families = now.
    """
    ours = float(then.probability.iloc[0])
    before = ours if told is None or np.isnan(told) else float(told)
    difference = now.points.iloc[0] - then.points.iloc[0]
    # a stable sort: what weighs the same stays in the order of the catalogue
    heaviest = difference.iloc[np.argsort(-difference.abs().to_numpy(), kind="stable")]
    return Chances(
        before=before,
        now=float(now.probability.iloc[0]),
        families=tuple((catalog.title(str(family)), float(points)) for family, points in heaviest.items()),
        context=float(now.context.iloc[0] - then.context.iloc[0]),
        model=ours - before,
    )


def turned(now: Sequence[bool], then: Sequence[bool], catalog: Catalog) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name the triggers that have fired since, and those that hold no longer.

    Parameters
    ----------
    now, then : sequence of bool
        Whether each trigger of the catalogue has fired.
    catalog : Catalog
        The triggers.

    Returns
    -------
    fired, cleared : tuple of str
        Labels.
    """
    rows = list(zip(catalog.triggers, now, then, strict=True))
    return (
        tuple(trigger.label for trigger, here, before in rows if here and not before),
        tuple(trigger.label for trigger, here, before in rows if before and not here),
    )


def changed_words(changed: Changed, words: Words = IN_ENGLISH) -> str:
    """Say what changed.

    Parameters
    ----------
    changed : Changed
        What did.
    words : Words
        The project's.

    Returns
    -------
    str
        Since when, how the chance moved, in whole points that add up, and which triggers turned.
    """
    said = [] if changed.chances is None else [_moved(changed.chances, words)]
    if changed.fired:
        said.append(words.say("changed.fired", triggers=", ".join(changed.fired)))
    if changed.cleared:
        said.append(words.say("changed.cleared", triggers=", ".join(changed.cleared)))
    changes = " ".join(said) or words.say("changed.nothing")
    return words.say("changed.since", day=words.day(changed.since), changes=changes)


def _moved(chances: Chances, words: Words) -> str:
    before, now = (hundredths(share) for share in (chances.before, chances.now))
    shown = [(name, hundredths(points)) for name, points in chances.families[:TOLD_AT_MOST] if hundredths(points)]
    if before == now and not shown:
        return words.say("changed.stays", now=now)
    # what circumstances and another model make is told apart, and never hidden in the rest
    context, model = hundredths(chances.context), hundredths(chances.model)
    # what is not shown, rounding too: what stands there adds up
    rest = now - before - context - model - sum(points for _, points in shown)
    others = (("changed.context", context), ("changed.rest", rest), ("changed.learnt", model))
    parts = [*shown, *((words.say(key), points) for key, points in others if points)]
    head = words.say("changed.moved", before=before, now=now) if before != now else words.say("changed.still", now=now)
    return f"{head}: {', '.join(f'{name} {weight_words(points, words)}' for name, points in parts)}."
