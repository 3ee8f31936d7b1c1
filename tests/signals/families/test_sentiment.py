from __future__ import annotations

import pytest

from tests.signals.answers import Answers, answers_of, fired_on, fires, unavailable

# before 2026-03-29: 90 days is 2025-12-29, 120 is 2025-11-29, 180 is 2025-09-30, 366 is 2025-03-28
TEXT = """
    # survey_responses
    account | answered_at      | nps | text                    | recorded_at
    latest  | 2026-01-10       | 9   |                         |
    latest  | 2026-03-10       | 3   |                         |
    latest  | 2026-03-20       |     |                         |
    latest  | 2026-03-29       | 10  | Felt pressured          |
    several | 2026-03-10 09:00 | 8   |                         |
    several | 2026-03-10 10:00 | 9   |                         |
    several | 2026-03-10 11:00 | 9   |                         |
    apart   | 2026-03-10 09:00 | 10  |                         |
    apart   | 2026-03-10 10:00 | 2   |                         |
    apart   | 2026-03-10 11:00 | 9   |                         |
    untold  | 2026-03-10       | 3   |                         | 2026-03-29
    old     | 2025-03-27       | 3   |                         |
    year    | 2025-03-28       | 0   |                         |
    year    | 2025-11-28 10:00 | 9   |                         |
    year    | 2025-11-28 11:00 | 7   |                         |
    year    | 2025-11-29       | 4   |                         |
    pushed  | 2025-09-29       | 7   | Another sales call      |
    pushed  | 2025-09-30       | 8   | We felt PRESSURED       |
    pushed  | 2026-03-20       |     | The team keeps pushing  |
    # tickets
    account | opened_at        | closed_at        | escalated | text
    latest  | 2025-12-28       |                  | 1         |
    latest  | 2025-12-29       | 2026-01-03       | 1         |
    latest  | 2026-03-28       | 2026-03-29       | 0         |
    latest  | 2026-03-29       |                  | 1         |
    several | 2026-03-01       | 2026-03-28       | 0         |
    pushed  | 2025-12-01       | 2025-12-28       | 0         |
    pushed  | 2025-12-20       | 2025-12-29       | 0         |
    pushed  | 2026-03-01 06:00 | 2026-03-02 18:00 | 1         | No more sales calls
    pushed  | 2026-03-10       | 2026-03-09       |           |
    """
ACCOUNTS = "latest several apart untold old year pushed"
NONE = dict.fromkeys(ACCOUNTS.split(), 0)
UNKNOWN = dict.fromkeys(ACCOUNTS.split())
EXPECTED: Answers = {
    "nps": UNKNOWN | {"latest": 3, "several": 8, "apart": 2, "year": 4, "pushed": 8},
    "nps_change": UNKNOWN | {"latest": -6, "year": -3, "pushed": 1},
    "nps_mean": UNKNOWN | {"latest": 6, "several": 26 / 3, "apart": 7, "year": 4},
    "days_since_survey": UNKNOWN | {"latest": 19, "several": 19, "apart": 19, "year": 120, "pushed": 180},
    "pressure_named": NONE | {"pushed": 3},
    "tickets_opened": NONE | {"latest": 2, "several": 1, "pushed": 2},
    # the one that was closed on the as-of date was open until then
    "open_tickets": NONE | {"latest": 2},
    "escalations": NONE | {"latest": 1, "pushed": 1},
    # the one that was closed before it was opened tells nothing
    "days_to_close": UNKNOWN | {"latest": 5, "several": 27, "pushed": (1.5 + 9) / 2},
    "days_since_ticket_closed": UNKNOWN | {"latest": 85, "several": 1, "pushed": 27},
}
HOLDS = {"tickets.escalated": "2026-03-29"}


@pytest.fixture(scope="module")
def answers() -> Answers:
    return answers_of("sentiment", TEXT, accounts=ACCOUNTS, holds_since=HOLDS)


@pytest.mark.parametrize("name", EXPECTED)
def test_sentiment(name: str, answers: Answers) -> None:
    assert answers[name] == EXPECTED[name]


def test_escalations_are_unknown_before_the_project_says_that_they_hold() -> None:
    later = answers_of("sentiment", TEXT, accounts="latest none", holds_since={"tickets.escalated": "2026-03-30"})
    assert later["escalations"] == {"latest": None, "none": None}
    assert "escalations" in unavailable(TEXT)


def test_the_words_are_the_projects_own() -> None:
    answers = answers_of("sentiment", TEXT, accounts="pushed", thresholds={"pressure_words": ["the TEAM"]})
    assert answers["pressure_named"] == {"pushed": 1}


def test_without_surveys_and_tickets_sentiment_is_not_available() -> None:
    assert unavailable("") >= set(EXPECTED)
    closing = {"open_tickets", "days_to_close", "days_since_ticket_closed"}
    assert unavailable("# tickets\naccount | opened_at") >= closing
    asked = {"nps", "nps_change", "nps_mean", "days_since_survey"}
    told = unavailable("# survey_responses\naccount | answered_at | text")
    assert told >= asked
    assert "pressure_named" not in told


def test_the_trigger_fires_for_a_detractor() -> None:
    assert fires("sentiment", nps=[5, 6, 7, None]) == [True, True, False, False]


def test_the_trigger_clears_with_a_better_answer() -> None:
    text = """
        # survey_responses
        account | answered_at | nps
        a       | 2026-03-01  | 7
        a       | 2026-03-10  | 6
        a       | 2026-03-20  | 7
        """
    as_of = "2026-03-10 2026-03-11 2026-03-20 2026-03-21"
    assert fired_on("sentiment", text, as_of=as_of, account="a") == [False, True, True, False]
