"""What the rollup counts, drawn; what the store keeps of it stands in test_rollup.py."""

from __future__ import annotations

import pytest

from tests.tables.rollups import told
from uptier.tables.drawn import tables_of
from uptier.tables.rolling import features_of, rolled_up, usage_of, words_of
from uptier.tables.rollup import Rollup, usage_rollup

EVENTS = """
    account | user | occurred_at      | kind         | feature | recorded_at
    a       | u    | 2026-03-01 09:00 | login        |         |
    a       | u    | 2026-03-01 10:00 | login        |         |
    a       | u    | 2026-03-01 23:59 | login        |         | 2026-03-05
    a       | v    | 2026-03-01       | login        |         |
    a       | u    | 2026-03-01       | feature_used | reports |
    a       | u    | 2026-03-01 01:00 | feature_used | boards  |
    a       | v    | 2026-03-01 02:00 | feature_used | boards  |
    a       | u    | 2026-03-01       | export       | csv     |
    a       | v    | 2026-03-01       | export       | csv     |
    a       | u    | 2026-03-01 01:00 | export       | pdf     |
    a       | u    | 2026-03-01       | gate_hit     |         |
    a       | u    | 2026-03-02       | trial_use    | audit   | 2026-02-20
    b       |      | 2026-03-02       | login        |         |
    """


def rolled(text: str) -> Rollup:
    rollup = usage_rollup(tables_of(text, data_until="2026-04-01"))
    assert rollup is not None
    return rollup


def test_people_are_counted_by_day_and_by_the_day_that_knows_them_first() -> None:
    rollup = rolled(EVENTS)
    assert rollup.per_user
    assert rollup.features == ("audit", "boards", "csv", "pdf", "reports")
    # events, logins, features used, and whether the row is the first that knows of that user's day
    assert told(rollup, "people", "events", "logins", "used", "first") == {
        ("a", "u", "2026-03-01", "2026-03-01"): (7, 2, {"boards", "reports"}, 1),
        ("a", "u", "2026-03-01", "2026-03-05"): (1, 1, set(), 0),
        ("a", "v", "2026-03-01", "2026-03-01"): (3, 1, {"boards"}, 1),
        # what is known before it happens is seen once it has happened
        ("a", "u", "2026-03-02", "2026-03-02"): (1, 0, set(), 1),
        ("b", None, "2026-03-02", "2026-03-02"): (1, 1, set(), 1),
    }


def test_days_count_users_once_and_those_without_a_name_never() -> None:
    assert told(rolled(EVENTS), "days", "events", "logins", "users", "users_so_far", "used", "first") == {
        ("a", "2026-03-01", "2026-03-01"): (10, 3, 2, 2, {"boards", "reports"}, 1),
        ("a", "2026-03-01", "2026-03-05"): (1, 1, 0, 2, set(), 0),
        ("a", "2026-03-02", "2026-03-02"): (1, 0, 1, 1, set(), 1),
        ("b", "2026-03-02", "2026-03-02"): (1, 1, 0, 0, set(), 1),
    }


def test_touches_are_counted_by_kind_and_feature_and_leave_the_everyday_kinds_out() -> None:
    assert told(rolled(EVENTS), "touches", "events", "used") == {
        ("a", "2026-03-01", "2026-03-01", "export", "csv"): (2, {"csv"}),
        ("a", "2026-03-01", "2026-03-01", "export", "pdf"): (1, {"pdf"}),
        ("a", "2026-03-01", "2026-03-01", "gate_hit", None): (1, set()),
        ("a", "2026-03-02", "2026-03-02", "trial_use", "audit"): (1, {"audit"}),
    }


def test_a_day_that_becomes_known_bit_by_bit_adds_up() -> None:
    rollup = rolled("""
        account | user | occurred_at | kind         | feature | recorded_at
        a       | u    | 2026-03-01  | feature_used | reports | 2026-03-02
        a       | v    | 2026-03-01  | feature_used | boards  | 2026-03-04
        a       | u    | 2026-03-01  | feature_used | alerts  | 2026-03-04
        a       | w    | 2026-03-01  | login        |         | 2026-03-09
        a       |      | 2026-03-01  | login        |         | 2026-03-10
        a       | u    | 2026-03-01 08:00 | login   |         | 2026-03-11
        """)
    assert told(rollup, "days", "events", "users", "users_so_far", "used", "first") == {
        ("a", "2026-03-01", "2026-03-02"): (1, 1, 1, {"reports"}, 1),
        ("a", "2026-03-01", "2026-03-04"): (2, 1, 2, {"boards", "alerts"}, 0),
        ("a", "2026-03-01", "2026-03-09"): (1, 1, 3, set(), 0),
        ("a", "2026-03-01", "2026-03-10"): (1, 0, 3, set(), 0),
        ("a", "2026-03-01", "2026-03-11"): (1, 0, 3, set(), 0),
    }
    firsts = told(rollup, "people", "first")
    assert [key[1:] for key, first in firsts.items() if first == (1,) and key[1]] == [
        ("u", "2026-03-01", "2026-03-02"),
        ("v", "2026-03-01", "2026-03-04"),
        ("w", "2026-03-01", "2026-03-09"),
    ]


def test_daily_usage_keeps_the_users_that_it_names() -> None:
    rollup = rolled("""
        # usage_daily
        account | day        | kind         | feature | events | users | day_users | recorded_at
        a       | 2026-03-01 | login        |         | 9      | 3     | 4         |
        a       | 2026-03-01 | feature_used | reports | 5      | 2     | 4         |
        a       | 2026-03-01 | export       | csv     | 2      | 1     | 4         |
        a       | 2026-03-01 | feature_used | boards  | 7      | 6     |           | 2026-03-04
        a       | 2026-03-01 | login        | late    | 1      | 1     | 7         | 2026-03-06
        a       | 2026-03-02 | login        |         | 1      |       |           |
        a       | 2026-03-03 | login        |         | 1      | 2     |           |
        a       | 2026-03-03 | export       |         | 1      | 3     |           |
        """)
    assert not rollup.per_user
    # where the users of the day are named they hold; else the most of any one kind is the best that is known
    assert told(rollup, "days", "events", "logins", "users", "users_so_far", "used", "first") == {
        ("a", "2026-03-01", "2026-03-01"): (16, 9, 4, 4, {"reports"}, 1),
        ("a", "2026-03-01", "2026-03-04"): (7, 0, 0, 4, {"boards"}, 0),
        ("a", "2026-03-01", "2026-03-06"): (1, 1, 3, 7, set(), 0),
        ("a", "2026-03-02", "2026-03-02"): (1, 1, 0, 0, set(), 1),
        ("a", "2026-03-03", "2026-03-03"): (2, 1, 3, 3, set(), 1),
    }
    assert told(rollup, "touches", "events", "used") == {
        ("a", "2026-03-01", "2026-03-01", "export", "csv"): (2, {"csv"}),
        ("a", "2026-03-03", "2026-03-03", "export", None): (1, set()),
    }


@pytest.mark.parametrize(("count", "words"), [(0, 1), (1, 1), (62, 1), (63, 2), (124, 2), (125, 3)])
def test_features_are_told_apart_however_many_there_are(count: int, words: int) -> None:
    names = [f"f{number:03}" for number in range(count)]
    assert [len(word) for word in words_of(names)] == [62] * (count // 62) + [count % 62] * (
        count % 62 > 0 or not count
    )
    text = "account | user | occurred_at | kind | feature\na | v | 2026-03-02 | login |\n"
    text += "\n".join(f"a | u | 2026-03-01 | feature_used | {name}" for name in names)
    text += "\n" + "\n".join(f"a | u | 2026-03-01 | export | {name}" for name in names[::2])
    rollup = rolled(text)
    assert rollup.words == [f"bits_{number}" for number in range(words)]
    for part in ("days", "people"):
        found = told(rollup, part, "used")
        assert set().union(*(used for (used,) in found.values())) == set(names)
    exported = {key[-1]: used for key, (used,) in told(rollup, "touches", "used").items()}
    assert exported == {name: {name} for name in names[::2]}


def test_an_engine_where_nothing_is_kept_counts_the_same() -> None:
    many = "\n".join(f"a | w | 2026-03-03 | feature_used | f{number} |" for number in range(70))
    tables = tables_of(EVENTS + many, data_until="2026-04-01")
    usage = usage_of(tables)
    assert usage is not None
    features = features_of(usage)
    kept, bare = rolled_up(usage, features, tables.source.kept), rolled_up(usage, features)
    for part, columns in (
        ("people", ("events", "logins", "used", "first")),
        ("days", ("events", "logins", "users", "users_so_far", "used", "first")),
        ("touches", ("events", "used")),
    ):
        assert told(kept, part, *columns) == told(bare, part, *columns)


def test_without_usage_there_is_no_rollup() -> None:
    assert usage_rollup(tables_of("", data_until="2026-04-01")) is None
