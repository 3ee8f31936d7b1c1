"""The rule of reasons once more, row by row and in no hurry: what choosing by columns is held against."""

from __future__ import annotations

import numpy as np

from uptier.explanation.choosing import AGAINST_AT_MOST, BESIDE, FOR_AT_MOST, WEIGHTY
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
        able = {1: [], -1: []}
        opening = {trigger.name for trigger in ranked if trigger.opens == explained.outcome}
        for trigger in ranked:
            points, has_fired = explained.points.iloc[place][trigger.family], bool(fired.iloc[place][trigger.name])
            fires = [name for name in trigger.says if name in frame and firing[trigger.name, name][place]]
            for sign, side in able.items():
                warns = sign > 0 and has_fired and trigger.opens is None and explained.outcome in CONVERSIONS
                facts = facts_of(trigger, sign, row, weights, has_fired, fires, catalog)
                if sign * points >= 0 and facts and not warns:
                    side.append((trigger.name, points, has_fired, facts))
        supporting, opposing = weighty(able)
        supporting = supporting + openings(able, opening)
        answers.append((supporting[:FOR_AT_MOST], opposing[:AGAINST_AT_MOST]))
    return answers


def weighty(able):
    """Give the reasons for and against that weigh enough beside the heaviest of them."""
    heaviest = max((abs(points) for side in able.values() for _, points, _, _ in side), default=0.0)
    least = max(WEIGHTY, BESIDE * heaviest)
    return [[one for one in able[sign] if abs(one[1]) >= least] for sign in (1, -1)]


def openings(able, opening):
    """Give the triggers that open the talk and weigh less, where no weighty reason opens it."""
    reasons, _ = weighty(able)
    if any(name in opening and has_fired for name, _, has_fired, _ in reasons):
        return []
    return [one for one in able[1] if one not in reasons and one[0] in opening and one[2]]


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
    least, said = BESIDE * max((pull[name] for name in able), default=0.0), []
    for name in able:
        light = said and name not in telling and pull[name] < least
        if len(said) < 2 and not light and sentence(catalog.signal(name), row, catalog, "USD") is not None:
            said.append(name)
    return tuple(sorted(said, key=lambda name: saying.get(name, np.inf)))
