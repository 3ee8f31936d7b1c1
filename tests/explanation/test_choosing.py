"""Choosing by columns gives what the rule gives row by row, over the whole catalogue."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.explanation.by_row import chosen_by_row
from uptier.explanation.choosing import NOBODY, Facts, chosen
from uptier.explanation.reasons import fired_triggers
from uptier.explanation.sentences import sentence, tells
from uptier.explanation.shares import Explained, blocks
from uptier.signals.catalog import catalog
from uptier.thresholds import Thresholds

CATALOG = catalog()
NUMBERS = [0.0, 1.0, 2.0, 5.0, 0.9, 1.2, -0.3, 40.0, np.nan, np.inf]
CHANCES = [0.25, 0.1, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.13, 0.02]
TEXTS = np.array(["Team", "nan", " two  words ", None, "None", ""], dtype=object)


def drawn(rows, seed):
    """Draw every signal: values on both sides of thresholds, unknown ones, texts that stand for nothing."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            signal.name: rng.choice(TEXTS, rows) if signal.is_category else rng.choice(NUMBERS, rows, p=CHANCES)
            for signal in CATALOG.signals
        }
    )


def weighed(rows, outcome, seed):
    """Draw contributions; many are 0 and many alike, and some signals are not in the model."""
    rng = np.random.default_rng(seed)
    margin = pd.DataFrame(
        {
            signal.name: np.where(rng.random(rows) < 0.3, 0, rng.normal(0, 0.2, rows)).round(1)
            for signal in CATALOG.signals
            if rng.random() < 0.9
        }
    )
    family_of = {signal.name: signal.family for signal in CATALOG.signals}
    by_family = margin.T.groupby(family_of).sum().T
    points = by_family.reindex(columns=[trigger.family for trigger in CATALOG.triggers]).round(2) * 0.05
    return Explained(
        outcome=outcome, base=0.1, context=pd.Series(np.zeros(rows)), points=points,
        probability=0.1 + points.sum(axis=1), contributions=margin,
    )  # fmt: skip


def told(side, place):
    names = [signal.name for signal in CATALOG.signals]
    return [
        (
            CATALOG.triggers[trigger].name,
            side.points[place, number],
            bool(side.fired[place, number]),
            tuple(names[fact] for fact in side.facts[place, number] if fact != NOBODY),
        )
        for number, trigger in enumerate(side.trigger[place])
        if trigger != NOBODY
    ]


@pytest.mark.parametrize(("outcome", "seed"), [("seat_expansion", 1), ("plan_upgrade", 2), ("churn", 3)])
def test_columns_give_what_rows_give(outcome, seed):
    frame, explained = drawn(150, seed), weighed(150, outcome, seed + 10)
    fired = fired_triggers(frame, CATALOG, Thresholds())
    sides = chosen(explained, frame=frame, fired=fired, catalog=CATALOG, thresholds=Thresholds())
    by_row = chosen_by_row(explained, frame, fired, CATALOG, Thresholds())
    assert [tuple(told(side, place) for side in sides) for place in range(150)] == by_row
    assert sum(len(supporting) + len(opposing) for supporting, opposing in by_row) > 400


def test_what_tells_and_what_has_a_sentence_is_the_same_by_column_and_by_row():
    frame = drawn(200, 4)
    facts = Facts(frame, CATALOG)
    for signal in CATALOG.signals:
        tell, speak, value = facts.tells(signal), facts.speaks(signal), facts.value(signal.name)
        for place in range(len(frame)):
            row = frame.iloc[place].to_dict()
            assert tell[place] == tells(signal, row), (signal.name, row[signal.name])
            if not np.isnan(value[place]):
                assert speak[place] == (sentence(signal, row, CATALOG, "USD") is not None), (signal.name, row)


def test_a_signal_that_the_frame_lacks_is_not_known():
    assert np.isnan(Facts(pd.DataFrame({"seats": [1.0, 2.0]}), CATALOG).value("mrr")).all()


def test_blocks_are_the_frame():
    frame = drawn(25, 5)
    assert [len(block) for block in blocks(frame, 10)] == [10, 10, 5]
    pd.testing.assert_frame_equal(pd.concat(blocks(frame, 10)), frame)


def test_no_rows_have_no_reasons():
    frame, explained = drawn(3, 6).iloc[:0], weighed(3, "add_on", 6)
    nobody = Explained(
        outcome="add_on", base=0.1, context=explained.context.iloc[:0], points=explained.points.iloc[:0],
        probability=explained.probability.iloc[:0], contributions=explained.contributions.iloc[:0],
    )  # fmt: skip
    fired = fired_triggers(frame, CATALOG, Thresholds())
    supporting, opposing = chosen(nobody, frame=frame, fired=fired, catalog=CATALOG, thresholds=Thresholds())
    assert supporting.facts.shape == (0, 3, 2)
    assert opposing.trigger.shape == (0, 2)
