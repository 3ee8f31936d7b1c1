from __future__ import annotations

import pytest

from tests.signals.answers import Answers, answers_of, unavailable

TEXT = """
    # users
    account | user  | role      | created_at | recorded_at
    a       | chief | executive | 2025-01-01 |
    a       | fan   | champion  | 2025-01-01 |
    a       | other | member    | 2025-01-01 |
    b       | other | member    | 2025-01-01 |
    late    | chief | executive | 2025-01-01 | 2026-03-29
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
    """
EXPECTED: Answers = {
    "champion_active_days": {"a": 1, "b": 0, "late": 0, "silent": 0},
    "executive_active_days": {"a": 2, "b": 0, "late": 0, "silent": 0},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_relationship(name: str) -> None:
    answers = answers_of("relationship", TEXT, accounts="a b late silent", holds_since={"users.role": "2026-03-29"})
    assert answers[name] == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_role_is_unknown_before_the_project_says_that_it_holds(name: str) -> None:
    later = answers_of("relationship", TEXT, accounts="a", holds_since={"users.role": "2026-03-30"})
    assert later[name] == {"a": None}
    assert name in unavailable(TEXT)
    assert name in unavailable("# usage_daily\naccount | day | kind | events\n# users\naccount | user")
