from __future__ import annotations

import pytest

from tests.signals.answers import AS_OF, Answers, answers_of, unavailable
from uptier.signals.measures import Measures
from uptier.signals.plans import answered
from uptier.tables.drawn import drawn

# before 2026-03-29: 90 days is 2025-12-29, 365 is 2025-03-29
TEXT = """
    # users
    account | user  | role      | created_at | recorded_at
    a       | chief | executive | 2025-01-01 |
    a       | fan   | champion  | 2025-01-01 |
    a       | other | member    | 2025-01-01 |
    b       | other | member    | 2025-01-01 |
    late    | chief | executive | 2025-01-01 | 2026-03-29
    late    | fan   | champion  | 2025-01-01 | 2026-03-29
    a       | new   | champion  | 2026-03-29 |
    two     | one   | champion  |            |
    two     | other | champion  | 2026-03-28 | 2026-03-28
    # usage_events
    account | user  | occurred_at      | kind
    a       | chief | 2026-03-01       | login
    a       | chief | 2026-03-10       | login
    a       | chief | 2026-03-10 12:00 | login
    a       | fan   | 2026-03-28       | login
    a       | other | 2026-03-26       | login
    a       | other | 2026-03-27       | login
    a       | other | 2026-03-28       | login
    b       | chief | 2026-03-28       | login
    b       | other | 2026-03-28       | login
    late    | chief | 2026-03-28       | login
    two     | one   | 2025-12-29       | login
    two     | other | 2025-12-28       | login
    # outreach
    account | contacted_at | result | result_at  | recorded_at
    a       | 2025-12-28   | lost   | 2026-01-05 |
    a       | 2025-12-29   | won    | 2026-01-10 |
    a       | 2026-03-20   | lost   | 2026-03-28 |
    a       | 2026-03-25   | won    | 2026-03-29 |
    a       | 2026-03-26   | open   | 2026-03-27 |
    a       | 2026-03-27   |        |            |
    a       | 2026-03-29   | won    | 2026-03-29 |
    b       | 2025-03-29   | lost   | 2025-04-10 |
    late    | 2026-03-01   | won    | 2026-03-02 | 2026-03-29
    two     | 2025-03-28   | lost   | 2025-03-29 |
    """
ACCOUNTS = "a b late two silent"
NONE = dict.fromkeys(ACCOUNTS.split(), 0)
UNKNOWN = dict.fromkeys(ACCOUNTS.split())
EXPECTED: Answers = {
    "champion_active_days": NONE | {"a": 1},
    "executive_active_days": NONE | {"a": 2},
    "champions": NONE | {"a": 1, "two": 2},
    "days_since_champion_active": UNKNOWN | {"a": 1, "two": 90},
    "outreach_in_90_days": NONE | {"a": 5},
    "days_since_outreach": UNKNOWN | {"a": 2, "b": 365, "two": 366},
    # a result of the as-of date was not known yet
    "talks_open": NONE | {"a": 3},
    "talks_won": NONE | {"a": 1},
    "talks_lost": NONE | {"a": 2, "b": 1},
    "days_since_talk_lost": UNKNOWN | {"a": 1, "b": 353, "two": 365},
}
OF_ROLES = ("champion_active_days", "executive_active_days", "champions", "days_since_champion_active")
TALKS = tuple(name for name in EXPECTED if name not in OF_ROLES)


@pytest.mark.parametrize("name", EXPECTED)
def test_relationship(name: str) -> None:
    answers = answers_of("relationship", TEXT, accounts=ACCOUNTS, holds_since={"users.role": "2026-03-29"})
    assert answers[name] == EXPECTED[name]


@pytest.mark.parametrize("name", OF_ROLES)
def test_a_role_is_unknown_before_the_project_says_that_it_holds(name: str) -> None:
    later = answers_of("relationship", TEXT, accounts="a silent", holds_since={"users.role": "2026-03-30"})
    assert later[name] == {"a": None, "silent": None}
    assert name in unavailable(TEXT)


@pytest.mark.parametrize("name", [name for name in OF_ROLES if name != "champions"])
def test_who_used_the_product_cannot_be_told_from_daily_usage(name: str) -> None:
    assert name in unavailable("# usage_daily\naccount | day | kind | events\n# users\naccount | user")


def test_without_outreach_or_its_results_talks_are_not_available() -> None:
    assert unavailable("") >= set(TALKS)
    contacts = {"outreach_in_90_days", "days_since_outreach"}
    for columns in ("", " | result", " | result_at"):
        lost = unavailable(f"# outreach\naccount | contacted_at{columns}")
        assert lost & set(TALKS) == set(TALKS) - contacts


def test_a_contact_counts_from_the_day_after_it() -> None:
    text = "# outreach\naccount | contacted_at | result | result_at\na | 2026-03-28 | |"
    assert answers_of("relationship", text, accounts="a")["outreach_in_90_days"] == {"a": 1}
    assert answers_of("relationship", text, accounts="a", as_of="2026-03-28")["outreach_in_90_days"] == {"a": 0}


def test_people_who_were_invited_are_counted_by_window() -> None:
    text = """
        # users
        account | user | created_at | recorded_at
        a       | u1   | 2026-02-28 |
        a       | u2   | 2026-03-01 |
        a       | u3   | 2026-03-28 |
        a       | u4   | 2026-03-29 |
        a       | u5   | 2026-03-02 | 2026-03-29
        a       | u6   |            |
        """
    history = drawn(text, as_of=AS_OF, accounts="a b")
    measures = Measures(history.has, history.tables.settings.thresholds)
    measures.invited(last=28)
    measures.invited(last=28, before=28)
    found = answered(history, measures.asked, frozenset()).to_pandas().set_index("account_id")
    assert found["invited_last28"].to_dict() == {"a": 2, "b": 0}
    assert found["invited_last28_before28"].to_dict() == {"a": 1, "b": 0}
    undated = drawn("# users\naccount | user", as_of=AS_OF)
    measures = Measures(undated.has, undated.tables.settings.thresholds)
    measures.invited(last=28)
    assert measures.lacking == {"users (created_at)"}
