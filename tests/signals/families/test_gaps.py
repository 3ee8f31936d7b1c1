from __future__ import annotations

import pytest

from tests.signals.answers import Answers, answers_of, fires, unavailable

# 60 days before 2026-03-29 is 2026-01-28
TEXT = """
    # tickets
    account | opened_at  | text
    names   | 2026-01-27 | We are missing an audit log
    names   | 2026-01-28 | MISSING: an audit log
    names   | 2026-03-10 | We keep a Spreadsheet beside it
    names   | 2026-03-20 | The login page is slow
    names   | 2026-03-21 |
    names   | 2026-03-29 | Is there a way to do it by hand?
    old     | 2025-03-28 | No way to do it
    older   | 2025-03-27 | No way to do it
    none    | 2026-03-20 | Thank you
    # usage_events
    account | occurred_at | kind
    names   | 2026-02-28  | export
    names   | 2026-03-01  | export
    names   | 2026-03-28  | export
    names   | 2026-03-28  | login
    """
EXPECTED: Answers = {
    "gaps_named": {"names": 2, "old": 0, "older": 0, "none": 0, "silent": 0},
    "days_since_gap_named": {"names": 19, "old": 366, "older": None, "none": None, "silent": None},
    "exports": {"names": 2, "old": 0, "older": 0, "none": 0, "silent": 0},
}


@pytest.fixture(scope="module")
def answers() -> Answers:
    return answers_of("gaps", TEXT, accounts="names old older none silent")


@pytest.mark.parametrize("name", EXPECTED)
def test_gaps(name: str, answers: Answers) -> None:
    assert answers[name] == EXPECTED[name]


def test_the_words_are_the_projects_own() -> None:
    answers = answers_of("gaps", TEXT, accounts="names", thresholds={"gap_words": ["slow"]})
    assert answers["gaps_named"] == {"names": 1}
    assert answers["days_since_gap_named"] == {"names": 9}


def test_without_texts_or_exports_gaps_are_not_available() -> None:
    assert unavailable("# tickets\naccount | opened_at") >= {"gaps_named", "days_since_gap_named"}
    assert unavailable("") >= set(EXPECTED)


def test_the_trigger_fires_up_to_30_days_after_a_gap_was_named() -> None:
    assert fires("gaps", days_since_gap_named=[1, 29, 30, 31, None]) == [True, True, True, False, False]
