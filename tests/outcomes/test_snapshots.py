from __future__ import annotations

import datetime as dt

import pytest

from uptier.errors import OutcomeError
from uptier.outcomes.snapshots import as_of_dates, running_at, snapshots
from uptier.tables.drawn import settings_of, tables_of

SUBSCRIPTIONS = """
    # subscriptions
    subscription_id | account | valid_from       | valid_to
    1               | a       | 2025-01-01       |
    2               | b       | 2025-01-01       | 2025-08-01
    3               | c       | 2025-07-31 09:00 |
    4               | d       | 2025-08-01       |
    5               | e       | 2025-01-01       | 2025-03-01
    6               | e       | 2025-07-15       |
    7               | f       | 2025-01-01       | 2025-07-20
    8               | f       | 2025-02-01       | 2025-09-01
    """


def test_an_account_is_looked_at_while_a_subscription_runs() -> None:
    tables = tables_of(SUBSCRIPTIONS, data_until="2025-09-10", accounts="a b c d e f")
    looks = snapshots(tables)
    found = {f"{day:%Y-%m-%d}": "".join(rows["account_id"]) for day, rows in looks.groupby("as_of")}
    # what begins on the date is not known yet, and what ends on it ran until then
    assert found == {"2025-08-01": "abcef", "2025-09-01": "acdef"}
    assert looks["as_of"].dtype == "datetime64[us]"
    assert not looks.duplicated().any()


def test_the_first_look_comes_half_a_year_after_the_first_subscription() -> None:
    settings = settings_of(data_until="2025-09-10")
    assert as_of_dates(settings, dt.date(2025, 1, 1)) == [dt.date(2025, 8, 1), dt.date(2025, 9, 1)]
    assert as_of_dates(settings, dt.date(2024, 12, 30)) == [dt.date(2025, month, 1) for month in (7, 8, 9)]


def test_the_project_may_say_when_to_begin_and_end() -> None:
    settings = settings_of(data_until="2025-09-01", snapshots={"first": "2025-06-02", "last": "2025-12-01"})
    assert as_of_dates(settings, dt.date(2025, 1, 1)) == [dt.date(2025, month, 1) for month in (7, 8, 9)]
    settings = settings_of(data_until="2025-09-01", snapshots={"first": "2025-06-01", "last": "2025-07-31"})
    assert as_of_dates(settings, dt.date(2025, 1, 1)) == [dt.date(2025, month, 1) for month in (6, 7)]


def test_no_month_to_learn_from_is_told_with_what_to_do() -> None:
    with pytest.raises(OutcomeError) as caught:
        as_of_dates(settings_of(data_until="2025-03-01"), dt.date(2025, 1, 1))
    assert str(caught.value) == (
        "There is no month to learn from between 2025-07-03 and 2025-03-01.\n"
        "See snapshots: and data_until: in the project's YAML."
    )


def test_no_subscription_is_told_with_what_to_do() -> None:
    tables = tables_of("# subscriptions\naccount | valid_from", data_until="2025-09-10")
    with pytest.raises(OutcomeError) as caught:
        snapshots(tables)
    assert str(caught.value) == ("There is no subscription to look at.\nDoes the table 'subscriptions' have rows?")


def test_who_is_looked_at_is_decided_by_what_was_known() -> None:
    text = """
        # subscriptions
        account  | subscription_id | valid_from | valid_to   | recorded_at | end_recorded_at
        renewed  | r1              | 2025-01-01 | 2025-04-01 | 2025-01-01  | 2025-04-01
        renewed  | r2              | 2025-04-01 |            | 2025-04-20  |
        ended    | e1              | 2025-01-01 | 2025-04-01 | 2025-01-01  | 2025-04-01
        late_end | l1              | 2025-01-01 | 2025-04-01 | 2025-01-01  | 2025-05-10
        late     | x1              | 2025-01-01 |            | 2025-01-01  |
        late     | x2              | 2025-01-01 |            | 2025-06-01  |
        """
    tables = tables_of(text, data_until="2026-01-01", accounts="renewed ended late_end late")
    looks = running_at(tables, [dt.date(2025, 4, 10), dt.date(2025, 5, 1)])
    told = looks.groupby(looks["as_of"].dt.strftime("%m-%d"))["account_id"].agg(list).to_dict()
    assert told == {"04-10": ["late", "late_end"], "05-01": ["late", "late_end", "renewed"]}
