"""The rule of reasons once more, row by row and in no hurry: what choosing by columns is held against."""

from __future__ import annotations

import numpy as np

from uptier.explanation.choosing import AGAINST_AT_MOST, FOR_AT_MOST, SECOND_FACT, WEIGHTY
from uptier.explanation.sentences import known, sentence, tells
from uptier.settings import CONVERSIONS


def chosen_by_row(explained, frame, fired, catalog, thresholds):
    """Give for each row two lists of (trigger, points, fired, facts): for and against."""
    firing = {
        (trigger.name, name): trigger.fires_on(name, frame, thresholds).to_numpy()
        for trigger in catalog.triggers
        for name in trigger.says
        if name in frame
    }
    answers = []
    for place in range(len(frame)):
        row = frame.iloc[place].to_dict()
        weights = explained.contributions.iloc[place].to_dict()
        ranked = sorted(
            (trigger for trigger in catalog.triggers if trigger.family in explained.points),
            key=lambda trigger: -abs(explained.points.iloc[place][trigger.family]),
        )
        sides = []
        for sign, at_most in ((1, FOR_AT_MOST), (-1, AGAINST_AT_MOST)):
            side = []
            for trigger in ranked:
                points, has_fired = explained.points.iloc[place][trigger.family], bool(fired.iloc[place][trigger.name])
                if len(side) < at_most and belongs(sign, points, has_fired, trigger, explained.outcome):
                    fires = [name for name in trigger.says if name in frame and firing[trigger.name, name][place]]
                    facts = facts_of(trigger, sign, row, weights, has_fired, fires, catalog)
                    side.extend([(trigger.name, points, has_fired, facts)] if facts else [])
            sides.append(side)
        answers.append(tuple(sides))
    return answers


def belongs(sign, points, fired, trigger, outcome):
    """Say whether a family is a reason on a side."""
    if sign < 0:
        return points <= -WEIGHTY
    if fired and trigger.opens is None and outcome in CONVERSIONS:
        return False
    return points >= WEIGHTY or (0 <= points < WEIGHTY and fired and trigger.opens == outcome)


def facts_of(trigger, sign, row, weights, fired, fires, catalog):
    """Name the facts that tell a family, in the order in which they are said."""
    saying = {name: number for number, name in enumerate(trigger.says)}
    telling = [name for name in trigger.says if fired and tells(catalog.signal(name), row)]
    telling.sort(key=lambda name: name not in fires)
    pull = {
        signal.name: sign * weights[signal.name]
        for signal in catalog.signals
        if signal.family == trigger.family and signal.name in weights and known(row.get(signal.name)) is not None
    }
    able = [name for name, weight in pull.items() if weight > 0 or (weight == 0 and name in telling)]
    place = {name: number for number, name in enumerate(telling)}
    able.sort(key=lambda name: (place.get(name, np.inf), -pull[name], saying.get(name, np.inf)))
    least, said = SECOND_FACT * max((pull[name] for name in able), default=0.0), []
    for name in able:
        light = said and name not in telling and pull[name] < least
        if len(said) < 2 and not light and sentence(catalog.signal(name), row, catalog, "USD") is not None:
            said.append(name)
    return tuple(sorted(said, key=lambda name: saying.get(name, np.inf)))
