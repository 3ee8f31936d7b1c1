"""The brief of an account says what its row in the scorecard says."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.explanation.tiny import AS_OF, CATALOG, bundle, facts, frame, settings
from uptier.decision.actions import Action
from uptier.errors import ScoringError
from uptier.scoring.account import brief
from uptier.scoring.batch import score
from uptier.settings import OUTCOMES

SOURCES = {"usage": dt.date(2026, 2, 28)}


def briefed(rows, *, model=True, **scoring):
    return brief(
        rows,
        facts(rows),
        bundle() if model else None,
        CATALOG,
        settings(**scoring),
        as_of=AS_OF,
        version="3" if model else None,
        sources=SOURCES,
    )


def test_a_brief_says_what_the_scorecard_says():
    rows = frame(80)
    card = score(rows, facts(rows), bundle(), CATALOG, settings(), as_of=AS_OF, version="3").set_index("account_id")
    for place in range(len(rows)):
        one = briefed(rows.iloc[[place]])
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


def test_an_account_to_protect_is_told_why_it_may_leave():
    one = briefed(frame(1), churn_risk=0.0)
    assert one.action is Action.PROTECT
    assert one.about == "churn"
    assert "leave" in one.text().splitlines()[0] + one.text().splitlines()[1]


def test_under_rules_a_brief_gives_no_chances():
    one = briefed(frame(1), model=False)
    assert one.chances == ()
    assert one.value is None
    assert all(reason.points is None for reason in one.reasons.supporting)


def test_a_brief_is_about_one_account():
    with pytest.raises(ScoringError, match="one account"):
        briefed(frame(2))
