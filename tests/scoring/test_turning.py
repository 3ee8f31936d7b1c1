"""What would change the action is the smallest change of what a CSM can move, and the model does answer so."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from tests.explanation.tiny import AS_OF, CATALOG, SIGNALS, TRIGGERS, TinyCatalog, bundle, facts, frame, settings
from uptier.decision.actions import Action
from uptier.explanation.turning import turn_words
from uptier.scoring.batch import score
from uptier.scoring.turning import WANTED, sensitivities
from uptier.signals.lever import Lever

LEVERS = {
    "seat_utilisation": Lever(more="bring idle seats into use"),
    "days_since_last_login": Lever(less="win the team back"),
    "trial_days_per_week": Lever(more="offer a trial"),
}
MOVABLE = TinyCatalog(tuple(dataclasses.replace(one, lever=LEVERS.get(one.name)) for one in SIGNALS), TRIGGERS)
ROWS = frame(80)


def found(rows, *, catalog=MOVABLE, told=None, **scoring):
    told = facts(rows) if told is None else told
    return [one.turn for one in sensitivities(rows, told, bundle(), catalog, settings(**scoring))]


def actions(rows, **scoring):
    card = score(rows, facts(rows), bundle(), CATALOG, settings(**scoring), as_of=AS_OF, version="3")
    return [Action(one) for one in card.set_index("account_id")["action"].loc[rows["account_id"]]]


def test_the_model_answers_as_it_is_said():
    turned = 0
    for place, (turn, now) in enumerate(zip(found(ROWS, churn_risk=0.2), actions(ROWS, churn_risk=0.2), strict=True)):
        if turn is None or turn.action is None:
            continue
        turned += 1
        assert turn.action in WANTED[now]
        moved = ROWS.iloc[[place]].copy()
        for move in turn.moves:
            moved[move.signal] = move.moved
        assert actions(moved, churn_risk=0.2) == [turn.action]
    assert turned > 30


def test_no_smaller_change_of_one_signal_would_do():
    checked = 0
    for place, (turn, now) in enumerate(zip(found(ROWS, churn_risk=0.2), actions(ROWS, churn_risk=0.2), strict=True)):
        if turn is None or len(turn.moves) != 1 or turn.moves[0].signal != "seat_utilisation" or now is Action.PITCH:
            continue
        before, after = turn.moves[0].value, turn.moves[0].moved
        between = [share / 100 for share in range(math.ceil(before * 100), round(after * 100) - 2)]
        tried = pd.concat(
            [ROWS.iloc[[place]].assign(seat_utilisation=share) for share in between] or [ROWS.iloc[:0]],
            ignore_index=True,
        )
        if len(tried):
            tried["account_id"] = [f"{number:04d}" for number in range(len(tried))]
            checked += 1
            assert not set(actions(tried, churn_risk=0.2)) & set(WANTED[now])
    assert checked > 5


def test_only_what_can_be_moved_is_moved_the_way_it_can_be():
    for turn, now in zip(found(ROWS, churn_risk=0.2), actions(ROWS, churn_risk=0.2), strict=True):
        for move in () if turn is None else turn.moves:
            rises = move.moved > move.value
            wanted = bool(LEVERS[move.signal].more) == rises
            # what would turn a pitch is a change for the worse, and nobody is told to bring it about
            assert wanted == (now is not Action.PITCH)
            assert bool(move.lever) == wanted


def test_what_a_deed_resets_is_only_tried_at_its_least():
    reset = {**LEVERS, "days_since_last_login": Lever(less="win the team back", resets=True)}
    catalog = TinyCatalog(tuple(dataclasses.replace(one, lever=reset.get(one.name)) for one in SIGNALS), TRIGGERS)
    moved = [
        move.moved
        for turn, now in zip(found(ROWS, catalog=catalog, churn_risk=0.2), actions(ROWS, churn_risk=0.2), strict=True)
        for move in (() if turn is None or now is Action.PITCH else turn.moves)
        if move.signal == "days_since_last_login"
    ]
    assert moved
    assert max(moved) <= 3  # the least that trees tell apart


def test_without_levers_nothing_is_found():
    assert found(ROWS, catalog=CATALOG) == [None] * len(ROWS)


@pytest.mark.parametrize("settled", ["open_opportunity", "before_first_value"])
def test_where_the_action_rests_on_no_signal_nothing_is_asked(settled):
    told = facts(ROWS).assign(**{settled: True})
    turned = found(ROWS, told=told, churn_risk=1.0)
    assert turned == [None] * len(ROWS)
    assert any(turn is not None for turn in found(ROWS, told=told, churn_risk=0.0))


def test_what_is_not_known_is_not_moved_and_an_unknown_worth_is_not_asked_about():
    blind = ROWS.assign(**dict.fromkeys(LEVERS, np.nan))
    assert found(blind) == [None] * len(ROWS)
    assert found(ROWS, told=facts(ROWS).assign(mrr=np.nan), churn_risk=1.0) == [None] * len(ROWS)


def test_an_account_alone_gets_the_same_answer_as_among_others():
    together = found(ROWS)
    for place in (0, 7, 33):
        assert found(ROWS.iloc[[place]]) == [together[place]]


def test_a_lever_helps_where_the_model_answers_to_it():
    helped = 0
    for place, one in enumerate(sensitivities(ROWS, facts(ROWS), bundle(), MOVABLE, settings())):
        chances = bundle().probabilities(ROWS.iloc[[place]])
        assert set(one.raising) | set(one.calming) <= set(LEVERS)
        if "days_since_last_login" in one.calming:
            helped += 1
            assert one.calming["days_since_last_login"] == "win the team back"
            back = bundle().probabilities(ROWS.iloc[[place]].assign(days_since_last_login=0.0))
            tried = [
                bundle().probabilities(ROWS.iloc[[place]].assign(days_since_last_login=float(days)))["churn"].iloc[0]
                for days in range(int(ROWS["days_since_last_login"].iloc[place]))
            ]
            assert min([*tried, back["churn"].iloc[0]]) < chances["churn"].iloc[0] - 0.005
    assert helped > 10


def test_the_words_say_who_answers():
    (turn,) = [one for one in found(ROWS, churn_risk=0.2) if one is not None and one.action is Action.PITCH][:1]
    said = turn_words(turn, Action.NURTURE)
    assert said.startswith("seat_utilisation from ")
    assert said.endswith(
        "would make it one to pitch to. So accounts went that were like this; it is a pattern, no promise."
    )
    assert "(bring idle seats into use)" in said
