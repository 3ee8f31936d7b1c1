from __future__ import annotations

import pytest

from tests.signals.answers import Answers, answers_of, fires, unavailable

# 90 days before 2026-03-29 is 2025-12-29
TEXT = """
    # survey_responses
    account | answered_at      | nps | recorded_at
    latest  | 2026-01-10       | 9   |
    latest  | 2026-03-10       | 3   |
    latest  | 2026-03-20       |     |
    latest  | 2026-03-29       | 10  |
    several | 2026-03-10 09:00 | 8   |
    several | 2026-03-10 10:00 | 9   |
    several | 2026-03-10 11:00 | 9   |
    apart   | 2026-03-10 09:00 | 10  |
    apart   | 2026-03-10 10:00 | 2   |
    apart   | 2026-03-10 11:00 | 9   |
    untold  | 2026-03-10       | 3   | 2026-03-29
    old     | 2025-03-27       | 3   |
    # tickets
    account | opened_at  | closed_at
    latest  | 2025-12-28 |
    latest  | 2025-12-29 | 2026-01-03
    latest  | 2026-03-28 | 2026-03-29
    latest  | 2026-03-29 |
    several | 2026-03-01 | 2026-03-28
    """
EXPECTED: Answers = {
    "nps": {"latest": 3, "several": 8, "apart": 2, "untold": None, "old": None},
    "tickets_opened": {"latest": 2, "several": 1, "apart": 0, "untold": 0, "old": 0},
    # the one that was closed on the as-of date was open until then
    "open_tickets": {"latest": 2, "several": 0, "apart": 0, "untold": 0, "old": 0},
}


@pytest.fixture(scope="module")
def answers() -> Answers:
    return answers_of("sentiment", TEXT, accounts="latest several apart untold old")


@pytest.mark.parametrize("name", EXPECTED)
def test_sentiment(name: str, answers: Answers) -> None:
    assert answers[name] == EXPECTED[name]


def test_without_surveys_and_tickets_sentiment_is_not_available() -> None:
    assert unavailable("") >= set(EXPECTED)
    assert unavailable("# tickets\naccount | opened_at") >= {"open_tickets"}


def test_the_trigger_fires_for_a_detractor() -> None:
    assert fires("sentiment", nps=[5, 6, 7, None]) == [True, True, False, False]
