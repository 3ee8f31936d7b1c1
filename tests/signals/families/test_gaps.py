from __future__ import annotations

import pytest

from tests.signals.answers import AS_OF, Answers, answers_of, fired_on, fires, unavailable
from uptier.signals.catalog import catalog
from uptier.tables.drawn import drawn
from uptier.thresholds import Thresholds

# 60 days before 2026-03-29 is 2026-01-28
TEXT = """
    # tickets
    account | opened_at        | text
    names   | 2026-01-27       | We are missing an audit log
    names   | 2026-01-28       | MISSING: an audit log
    names   | 2026-03-10       | We keep a Spreadsheet beside it
    names   | 2026-03-20       | The login page is slow
    names   | 2026-03-21       |
    names   | 2026-03-29       | Is there a way to do it by hand?
    both    | 2026-03-20       | An export is missing
    old     | 2025-03-28       | No way to do it
    older   | 2025-03-27       | No way to do it
    none    | 2026-03-20       | Thank you
    # survey_responses
    account | answered_at      | text
    both    | 2026-03-25 18:00 | Good, but we miss an audit log
    says    | 2026-01-27       | We do it by hand
    says    | 2026-03-28 22:30 | We do it MANUALLY in another tool
    says    | 2026-03-29       | We do it by hand
    none    | 2026-03-20       |
    # usage_events
    account | occurred_at      | kind
    names   | 2026-02-28       | export
    names   | 2026-03-01       | export
    names   | 2026-03-28       | export
    names   | 2026-03-28       | login
    both    | 2026-02-01       | export
    both    | 2026-02-11       | export
    both    | 2026-02-28 08:00 | export
    both    | 2026-02-28 09:00 | export
    both    | 2026-03-27       | export
    both    | 2026-03-28 08:00 | export
    both    | 2026-03-28 09:00 | export
    both    | 2026-03-29       | export
    """
ACCOUNTS = "names both says old older none silent"
NONE = dict.fromkeys(ACCOUNTS.split(), 0)
UNKNOWN = dict.fromkeys(ACCOUNTS.split())
EXPECTED: Answers = {
    "gaps_named": NONE | {"names": 2, "both": 2, "says": 1},
    "hours_since_gap_named": UNKNOWN | {"names": 19 * 24, "both": 3 * 24 + 6, "says": 1.5, "old": 366 * 24},
    "workarounds_named": NONE | {"names": 1, "says": 1},
    "exports": NONE | {"names": 2, "both": 3},
    "export_days": NONE | {"names": 2, "both": 2},
    "export_growth": UNKNOWN | {"names": 1.0, "both": -0.25},
}


@pytest.fixture(scope="module")
def answers() -> Answers:
    return answers_of("gaps", TEXT, accounts=ACCOUNTS)


@pytest.mark.parametrize("name", EXPECTED)
def test_gaps(name: str, answers: Answers) -> None:
    assert answers[name] == EXPECTED[name]


def test_the_words_are_the_projects_own() -> None:
    own = {"gap_words": ["slow"], "workaround_words": ["LOGIN", "audit log"]}
    answers = answers_of("gaps", TEXT, accounts="names", thresholds=own)
    assert answers["gaps_named"] == {"names": 1}
    assert answers["hours_since_gap_named"] == {"names": 9 * 24}
    assert answers["workarounds_named"] == {"names": 2}


def test_without_words_nothing_is_named() -> None:
    answers = answers_of("gaps", TEXT, accounts="names", thresholds={"gap_words": []})
    assert (answers["gaps_named"], answers["hours_since_gap_named"]) == ({"names": 0}, {"names": None})


def test_other_words_are_another_catalogue() -> None:
    lists = (Thresholds(), Thresholds(gap_words=("slow",)), Thresholds(implementation_milestones=("set up",)))
    assert len({catalog().fingerprint(thresholds) for thresholds in lists}) == 3


NAMED = {"gaps_named", "hours_since_gap_named", "workarounds_named"}
TICKETS, ANSWERS = "# tickets\naccount | opened_at", "# survey_responses\naccount | answered_at"


def test_one_of_the_two_texts_is_enough() -> None:
    answered = ANSWERS + " | text\na | 2026-03-20 | We do it by hand\n"
    asked = TICKETS + " | text\na | 2026-03-20 | We do it by hand\n"
    for text in (answered, asked, answered + TICKETS + "\na | 2026-03-20\n"):
        answers = answers_of("gaps", text, accounts="a b")
        assert answers["gaps_named"] == answers["workarounds_named"] == {"a": 1, "b": 0}
        assert answers["hours_since_gap_named"] == {"a": 9 * 24, "b": None}
        assert not NAMED & unavailable(text)


def test_without_texts_or_exports_gaps_are_not_available() -> None:
    assert unavailable(f"{TICKETS}\n{ANSWERS}") >= NAMED
    assert unavailable("") >= set(EXPECTED)
    lacking = catalog().plan(drawn(TICKETS, as_of=AS_OF)).unavailable["gaps_named"]
    assert lacking == ("survey_responses", "tickets (text)")


def test_the_trigger_fires_up_to_72_hours_after_a_gap_was_named() -> None:
    assert fires("gaps", hours_since_gap_named=[0.5, 71.9, 72, 72.1, None]) == [True, True, True, False, False]


def test_the_trigger_clears_once_the_hours_are_over() -> None:
    text = TICKETS + " | text\na | 2026-03-10 00:00 | We do it by hand\n"
    as_of = "2026-03-10 2026-03-11 2026-03-13 2026-03-14"
    assert fired_on("gaps", text, as_of=as_of, account="a") == [False, True, True, False]
