"""What to put right first is what the reasons speak of and the model answers to."""

from __future__ import annotations

from uptier.explanation.reasons import Reason
from uptier.explanation.risk import Risk, put_right


def reason(*signals):
    return Reason(
        code="unhappy_customer", label="Sentiment", sentence="6 tickets are open", points=0.1, fired=False, opens=None,
        act_within_days=None, signals=signals,
    )  # fmt: skip


CALMING = {
    "champions": "win a champion",
    "open_tickets": "close open tickets",
    "days_to_close": "answer tickets faster",
    "escalations": "settle what was escalated",
    "stickiness": "make it part of the team's week",
    "active_days": "make it part of the team's week",
}


def test_what_a_reason_speaks_of_comes_first():
    said = put_right([reason("nps", "escalations"), reason("open_tickets")], CALMING)
    assert said == "settle what was escalated, close open tickets, win a champion"


def test_one_deed_is_said_once():
    same = {name: CALMING[name] for name in ("stickiness", "active_days")}
    assert put_right([reason("stickiness", "active_days")], same) == "make it part of the team's week"


def test_where_nothing_is_known_to_help_nothing_is_said():
    assert put_right([reason("open_tickets")], {}) == ""


def test_a_risk_is_plain_values():
    assert Risk(outcome="churn", high=True, reasons=(reason(),)).reasons[0].code == "unhappy_customer"
