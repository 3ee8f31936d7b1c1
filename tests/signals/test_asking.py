from __future__ import annotations

from dataclasses import replace

import pytest

from uptier.signals.asking import Asking, recorded
from uptier.signals.measures import Measures
from uptier.signals.question import GATE_KINDS, Question
from uptier.thresholds import Thresholds

ASKED = Question(plan="usage_days", what="events", last=28)


@pytest.mark.parametrize(
    "other",
    [
        {"what": "logins"},
        {"kinds": ("export",)},
        {"last": 27},
        {"before": 28},
        {"period": 1},
        {"name": "working"},
        {"factor": 2.0},
        {"least": 10},
        {"words": ("missing",)},
    ],
)
def test_another_question_has_another_column(other: dict[str, object]) -> None:
    assert replace(ASKED, **other).column != ASKED.column


def test_other_words_are_another_question() -> None:
    assert replace(ASKED, words=("a", "b")).column != replace(ASKED, words=("a", "c")).column


def test_a_question_asked_twice_is_answered_once() -> None:
    measures = Measures(lambda table, columns: True, Thresholds())
    first, second = measures.events(last=28), measures.events(last=28)
    assert list(measures.asked) == ["events_last28"]
    assert repr(first) == repr(second)


def test_what_the_project_lacks_is_noted_with_its_columns() -> None:
    measures = Measures(lambda table, columns: table == "usage_events" and not columns, Thresholds())
    measures.active_users(last=28)
    measures.milestones()
    assert measures.lacking == {"usage_events (user_id)", "milestones"}
    assert measures.unanswerable == {"active_users_last28", "milestones"}


def test_kinds_are_asked_for_as_columns() -> None:
    assert recorded(GATE_KINDS[:2]) == ("kind=gate_hit", "kind=upgrade_prompt")
    assert issubclass(Measures, Asking)
