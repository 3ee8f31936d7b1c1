"""The brief of an account says what its row in the scorecard says."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.explanation.tiny import AS_OF, CATALOG, bundle, facts, frame, settings
from uptier.decision.actions import Action
from uptier.errors import ScoringError
from uptier.explanation.recent import Recent
from uptier.explanation.trends import Trends
from uptier.scoring.account import briefs
from uptier.scoring.batch import score
from uptier.scoring.earlier import Earlier
from uptier.settings import OUTCOMES

SINCE = dt.date(2025, 12, 1)
SOURCES = {"usage": dt.date(2026, 2, 28)}


def briefed(rows, *, model=True, earlier=None, recent=None, trends=None, **scoring):
    return briefs(
        rows,
        facts(rows),
        bundle() if model else None,
        CATALOG,
        settings(**scoring),
        as_of=AS_OF,
        version="3" if model else None,
        sources=SOURCES,
        earlier=earlier,
        recent=recent,
        trends=trends,
    )


def test_a_brief_says_what_the_scorecard_says():
    rows = frame(80)
    card = score(rows, facts(rows), bundle(), CATALOG, settings(), as_of=AS_OF, version="3").set_index("account_id")
    made = briefed(rows)
    assert [one.account_id for one in made] == rows["account_id"].tolist()
    for one in made:
        row = card.loc[one.account_id]
        assert one.action == row["action"]
        assert {chance.outcome: chance.probability for chance in one.chances} == {
            outcome: row[f"p_{outcome}"] for outcome in OUTCOMES
        }
        assert one.value.expected_value == pytest.approx(row["expected_value"])
        if one.about != "churn":
            said = [reason.sentence for reason in one.reasons.supporting]
            assert said == row[["reason_1", "reason_2", "reason_3"]].dropna().tolist()
            assert one.about == row["best_type"]
        assert "nan" not in one.text()
        assert "None" not in one.text()


def test_a_chance_has_the_interval_of_its_head_and_a_fitted_head_without_tests_has_none():
    heads = bundle().heads
    assert {head.is_fitted for head in heads.values()} == {True, False}
    for one in briefed(frame(5)):
        for chance in one.chances:
            head = heads[chance.outcome]
            assert chance.interval == (None if head.is_fitted else head.interval)


def test_what_happened_lately_and_what_is_drawn_go_to_the_account_that_they_are_of():
    rows = frame(3)
    second = rows["account_id"].iloc[1]
    lately, drawn = Recent(milestones=()), Trends()
    made = briefed(rows, recent={second: lately}, trends={second: drawn})
    assert [one.recent for one in made] == [None, lately, None]
    assert [one.trends for one in made] == [None, drawn, None]


def test_an_account_to_protect_is_told_why_it_may_leave():
    (one,) = briefed(frame(1), churn_risk=0.0)
    assert one.action is Action.PROTECT
    assert one.about == "churn"
    assert "leave" in one.text().splitlines()[0] + one.text().splitlines()[1]


def test_under_rules_a_brief_gives_no_chances():
    (one,) = briefed(frame(1), model=False)
    assert one.chances == ()
    assert one.value is None
    assert all(reason.points is None for reason in one.reasons.supporting)


@pytest.mark.parametrize("model", [True, False])
def test_an_account_has_the_same_brief_alone_as_among_others(model):
    rows = frame(60)
    told = {account: dict.fromkeys(OUTCOMES, 0.1) for account in rows["account_id"]}
    then = frame(60, seed=7).iloc[::2]
    together = briefed(rows, model=model, earlier=Earlier(SINCE, then, told))
    for place in (0, 1, 30, 59):
        account = rows["account_id"].iloc[place]
        earlier = Earlier(SINCE, then[then["account_id"] == account], told)
        assert briefed(rows.iloc[[place]], model=model, earlier=earlier) == [together[place]]
    assert [one.changed is not None for one in together] == [place % 2 == 0 for place in range(60)]


def test_there_is_no_brief_of_nobody():
    with pytest.raises(ScoringError, match="no account"):
        briefed(frame(2).iloc[:0])


def test_beside_an_upsell_stands_its_risk_and_what_would_move_the_action():
    made = briefed(frame(60), churn_risk=0.15)
    beside = [one for one in made if one.about != "churn"]
    assert {one.risk.outcome for one in beside} == {"churn"}  # no head knows what follows an upsell here
    assert {one.risk for one in made if one.about == "churn"} == {None}
    for one in beside:
        risk = next(chance.probability for chance in one.chances if chance.outcome == "churn")
        assert one.risk.high == (risk >= 0.15)
        assert all(reason.points > 0 for reason in one.risk.reasons)
        if one.risk.reasons:
            assert one.risk.reasons[0].sentence in " ".join(one.text().split())
    assert all(one.sensitivity is not None for one in made)
    assert {one.sensitivity for one in briefed(frame(5), model=False)} == {None}
