from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
import pytest

from tests.signals.answers import answers_of
from uptier.errors import SignalError
from uptier.signals import families
from uptier.signals.catalog import Catalog, catalog
from uptier.signals.contract_plans import PLAN_FACTS, plan_facts
from uptier.signals.measures import Measures, Question, growth, ratio
from uptier.signals.meter_plans import METER_LOOKBACK_DAYS, METER_TREND_DAYS
from uptier.signals.plans import answered
from uptier.signals.usage_plans import near_and_far
from uptier.signals.windows import LOOKBACK_DAYS, months_after, reach, whole_months, within
from uptier.tables.check import check
from uptier.tables.clean import clean
from uptier.tables.drawn import drawn, settings_of
from uptier.tables.history import History, grid_of
from uptier.tables.rollup import usage_rollup
from uptier.tables.source import connect
from uptier.thresholds import Thresholds

PLANS = """
    # plans
    plan   | tier_rank | price | seats
    basic  | 1         | 10    | 5
    pro-b  | 2         | 30    | 20
    pro-a  | 2         | 20    | 10
    top    | 9         | 99    | 50
    # plan_features
    plan   | feature
    basic  | reports
    pro-a  | reports
    pro-a  | sso
    pro-a  | audit
    top    | reports
    """


def test_the_next_plan_is_the_nearest_above_by_rank_then_name() -> None:
    facts = plan_facts(drawn(PLANS, as_of="2026-01-01", accounts="a")).to_pandas().set_index("plan_id")
    assert set(facts.columns) == {*PLAN_FACTS, "next_plan_id"}
    facts = facts.astype(object).where(facts.notna(), None)
    assert facts["next_plan_id"].to_dict() == {"basic": "pro-a", "pro-a": "top", "pro-b": "top", "top": None}
    assert facts["next_price"].to_dict() == {"basic": 2000, "pro-a": 9900, "pro-b": 9900, "top": None}
    assert facts["features"].to_dict() == {"basic": 1, "pro-a": 3, "pro-b": None, "top": 1}
    assert facts["next_new_features"].to_dict() == {"basic": 2, "pro-a": None, "pro-b": 1, "top": None}


def test_how_far_back_questions_reach() -> None:
    month, week = (
        Question(plan="usage_days", what="events", last=28),
        Question(plan="usage_days", what="events", last=7),
    )
    earlier = Question(plan="usage_days", what="events", last=28, before=56)
    assert reach([week]) == 7
    assert reach([earlier, week, month]) == 84
    assert reach([Question(plan="usage_last", what="days_since_last")]) == LOOKBACK_DAYS


def test_questions_of_a_month_and_of_longer_are_answered_apart() -> None:
    near = [Question(plan="usage_days", what="events", last=28), Question(plan="usage_days", what="events", last=31)]
    far = [Question(plan="usage_days", what="events", last=28, before=4)]
    assert near_and_far([near[0], far[0], near[1]]) == [near, far]
    assert near_and_far(far) == [far]
    assert near_and_far([]) == []


@pytest.mark.parametrize(
    ("first", "day", "months"),
    [
        ("2026-01-15", "2026-02-14", 0),
        ("2026-01-15", "2026-02-15", 1),
        ("2025-12-31", "2026-02-28", 2),
        ("2025-12-31", "2026-02-27", 1),
        ("2024-02-29", "2025-02-28", 12),
        ("2024-02-29", "2026-03-28", 24),
        ("2024-02-29", "2026-03-29", 25),
        ("2026-03-29", "2026-03-29", 0),
    ],
)
def test_months_begin_on_the_day_of_the_first_or_on_the_last_day_that_there_is(
    first: str, day: str, months: int
) -> None:
    rows = ibis.memtable({"first": [first], "day": [day]}).cast({"first": "date", "day": "date"})
    told = rows.select(months=whole_months(rows["first"], rows.day)).to_pandas()
    assert told["months"].tolist() == [months]
    after = rows.select(begins=months_after(rows["first"], ibis.literal(months, "int32"))).to_pandas()["begins"]
    assert str(after.iloc[0])[:10] <= day


@pytest.mark.parametrize(("last", "before", "ages"), [(3, 0, [1, 2, 3]), (3, 3, [4, 5, 6]), (1, 0, [1]), (2, 7, [])])
def test_a_window_holds_the_days_that_it_says(last: int, before: int, ages: list[int]) -> None:
    rows = ibis.memtable(pd.DataFrame({"age": range(1, 8)}))
    one = Question(plan="usage_days", what="events", last=last, before=before)
    assert rows.filter(within(rows, one)).age.to_pandas().tolist() == ages


def test_nothing_is_ever_divided_by_zero() -> None:
    rows = ibis.memtable(pd.DataFrame({"now": [3.0, 3.0, 0.0, 3.0], "then": [2.0, 0.0, 0.0, None]}))
    told = rows.select(ratio=ratio(ibis._.now, ibis._.then), growth=growth(ibis._.now, ibis._.then)).to_pandas()
    told = told.astype(object).where(told.notna(), None)
    assert told["ratio"].tolist() == [1.5, None, None, None]
    assert told["growth"].tolist() == [0.5, None, None, None]


def test_a_question_is_asked_once_and_what_is_lacking_is_told() -> None:
    there = {"usage": ("feature",), "subscriptions": ()}

    def has(table: str, columns: tuple[str, ...]) -> bool:
        return table in there and set(columns) <= set(there[table])

    measures = Measures(has, Thresholds())
    measures.events(last=28)
    measures.events(last=28)
    measures.events(last=28, before=28)
    assert len(measures.asked) == 2
    assert not measures.lacking
    measures.seats()
    measures.tickets(last=90)
    assert measures.lacking == {"subscriptions (seats)", "tickets"}
    assert measures.unanswerable == {"seats", "tickets_last90"}


def test_columns_of_different_questions_never_share_a_name() -> None:
    measures = Measures(lambda table, columns: True, Thresholds())
    for one in catalog().signals:
        one(measures)
    assert len({one.column for one in measures.asked.values()}) == len(measures.asked)
    assert all(column == one.column for column, one in measures.asked.items())


def test_an_account_that_no_table_knows_is_counted_0_and_its_facts_are_unknown() -> None:
    questions = [
        Question(plan="usage_days", what="events", last=28),
        Question(plan="subscriptions", what="seats"),
        Question(plan="tickets", what="tickets", last=90),
    ]
    text = "account | occurred_at | kind\n# subscriptions\naccount | seats | valid_from"
    asked = {one.column: one for one in questions}
    history = drawn(text, as_of="2026-01-01", accounts="a")
    found = answered(history, asked, frozenset({"tickets_last90"})).to_pandas()
    row = found.astype(object).where(found.notna(), None).iloc[0]
    assert (row["events_last28"], row["seats"], row["tickets_last90"]) == (0, None, None)


def asked(ask: Callable[[Measures], Any], text: str, *, accounts: str = "a", as_of: str = "2026-01-01") -> list[Any]:
    """Answer one question to the past of each account."""
    history = drawn(text, as_of=as_of, accounts=accounts)
    measures = Measures(history.has, Thresholds())
    formed = ask(measures)
    answers = answered(history, measures.asked, frozenset(measures.unanswerable)).order_by("account_id")
    found = answers.select(answer=formed.resolve(answers)).to_pandas()["answer"]
    return list(found.astype(object).where(found.notna(), None))


USED = """
    account | user | occurred_at | kind             | feature
    a       | u    | 2025-12-03  | feature_used     | old
    a       | u    | 2025-12-30  | feature_used     | x
    a       | u    | 2025-12-31  | feature_used     | x
    a       | v    | 2025-12-31  | gate_hit         | x
    a       | v    | 2025-12-31  | gate_hit         | y
    a       | v    | 2025-12-29  | integration_call | z
    a       | v    | 2025-12-29  | integration_call |
    a       | v    | 2025-12-28  | login            | login page
    a       | v    | 2026-01-01  | feature_used     | later
    """


@pytest.mark.parametrize(
    ("kinds", "features", "events"),
    [
        (("feature_used",), 1, 2),
        (("gate_hit",), 2, 2),
        (("feature_used", "gate_hit"), 2, 4),
        (("integration_call", "gate_hit"), 3, 4),
        # what people log in to is no feature that they use
        ((), 3, 7),
        (("login",), 0, 1),
        (("login", "feature_used", "integration_call"), 2, 5),
        (("export",), 0, 0),
    ],
)
def test_features_and_events_are_counted_over_days_and_kinds(
    kinds: tuple[str, ...], features: int, events: int
) -> None:
    if kinds != ("login",):
        assert asked(lambda past: past.features(*kinds, last=28), USED) == [features]
    assert asked(lambda past: past.events(*kinds, last=28), USED) == [events]


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (lambda past: past.days_with(last=28), 4),
        (lambda past: past.days_with("gate_hit", "integration_call", last=28), 2),
        (lambda past: past.days_since_last(), 1),
        (lambda past: past.days_since_last("integration_call"), 3),
        (lambda past: past.days_since_last("export"), None),
        (lambda past: past.user_days(last=28), 5),
        (lambda past: past.peak_daily_users(last=28), 2),
        (lambda past: past.active_users(last=2), 2),
        (lambda past: past.active_users(last=27, before=2), 2),
        (lambda past: past.active_users(last=2, before=26), 0),
    ],
)
def test_what_usage_can_be_asked(ask: Callable[[Measures], Any], answer: Any) -> None:
    assert asked(ask, USED) == [answer]


@pytest.mark.parametrize("what", ["days_with", "largest_cluster", "days_since_last"])
@pytest.mark.parametrize("kind", ["login", "feature_used"])
def test_what_is_not_kept_of_the_everyday_kinds_is_refused(what: str, kind: str) -> None:
    measures = Measures(lambda table, columns: True, Thresholds())
    named: dict[str, dict[str, int]] = {"days_with": {"last": 28}, "largest_cluster": {"span": 14, "last": 42}}
    with pytest.raises(SignalError, match=f"{what} is not kept for events of the kind '{kind}'"):
        getattr(measures, what)("gate_hit", kind, **named.get(what, {}))


def test_of_a_plan_that_is_not_known_no_features_are_counted() -> None:
    text = (
        PLANS
        + """
        # subscriptions
        account | plan     | valid_from
        a       | pro-a    | 2025-01-01
        b       | unlisted | 2025-01-01
        c       |          | 2025-01-01
        d       | pro-b    | 2025-01-01
        # usage_events
        account | occurred_at | kind         | feature
        a       | 2025-12-31  | feature_used | sso
        b       | 2025-12-31  | feature_used | sso
        c       | 2025-12-31  | feature_used | sso
        d       | 2025-12-31  | feature_used | reports
        """
    )
    held = asked(lambda past: past.features("feature_used", last=28, of="of_plan"), text, accounts="a b c d")
    assert held == [1, None, None, 0]
    added = asked(lambda past: past.features("feature_used", last=28, of="of_next_plan"), text, accounts="a b c d")
    assert added == [0, None, None, 1]


def test_users_who_emerged_are_compared_with_the_window_before_whatever_else_is_asked() -> None:
    rows = [f"a | {user} | {day:%Y-%m-%d} | login" for user, days in (("u", 56), ("v", 1), ("w", 1)) for day in
            pd.date_range("2025-11-06", periods=days)]  # fmt: skip
    rows += [f"a | {user} | 2025-12-10 | login" for user in "vw"]
    text = "account | user | occurred_at | kind\n" + "\n".join(rows)
    assert asked(lambda past: past.power_users(last=28), text) == [1]
    assert asked(lambda past: past.emerged_power_users(last=28), text) == [0]


def test_meters_look_as_far_back_as_they_say() -> None:
    as_of = pd.Timestamp("2026-03-29")
    rows = {
        "inside": as_of - pd.Timedelta(days=METER_LOOKBACK_DAYS),
        "outside": as_of - pd.Timedelta(days=METER_LOOKBACK_DAYS + 1),
    }
    text = "# meter_readings\naccount | meter | read_at | value | quota\n" + "\n".join(
        f"{account} | api | {day:%Y-%m-%d} | 50 | 100" for account, day in rows.items()
    )
    answers = answers_of("capacity", text, accounts="inside outside")
    assert answers["highest_quota_utilisation"] == {"inside": 0.5, "outside": None}
    pace = "# meter_readings\naccount | meter | read_at | value | quota\n" + "\n".join(
        f"{account} | api | {as_of - pd.Timedelta(days=days):%Y-%m-%d} | {value} | 100"
        for account, apart in (("apart", METER_TREND_DAYS), ("near", METER_TREND_DAYS - 1))
        for days, value in ((1, 60), (1 + apart, 40))
    )
    ahead = answers_of("capacity", pace, accounts="apart near")["days_until_quota_used_up"]
    assert ahead == {"apart": 40 * METER_TREND_DAYS / 20 - 1, "near": None}


def test_a_folder_of_files_and_tables_in_memory_give_the_same_signals(tmp_path: Path) -> None:
    """The first keeps intermediate answers and the rollup, as a project's own run does; the second keeps nothing."""
    text = """
        # accounts
        account
        a
        b
        # subscriptions
        account | seats | mrr | valid_from
        a       | 2     | 20  | 2025-01-31
        b       | 5     | 50  | 2025-05-05
        # usage_events
        account | user | occurred_at | kind         | feature
        a       | u    | 2026-01-10  | feature_used | x
        a       | v    | 2026-02-10  | gate_hit     | y
        a       | u    | 2026-02-20  | export       |
        # milestones
        account | milestone | reached_at
        a       | go_live   | 2026-01-10
        """
    in_memory = drawn(text, as_of="2026-03-01", accounts="a b")
    connection = in_memory.tables.source.connection
    data = tmp_path / "data"
    data.mkdir()
    for name in ("accounts", "subscriptions", "usage_events", "milestones"):
        connection.table(name).to_parquet(data / f"{name}.parquet")
    source = connect(str(data))
    settings = settings_of(data_until="2026-03-01", store=tmp_path / "store")
    tables = clean(source, settings, check(source, settings)[1])
    pairs = pd.DataFrame({"account_id": ["a", "b"], "as_of": pd.Timestamp("2026-03-01")})
    kept = History(tables, grid_of(tables, pairs), usage_rollup(tables))
    pd.testing.assert_frame_equal(catalog().frame(kept), catalog().frame(in_memory), check_exact=True)


def test_one_family_alone_gives_what_it_gives_among_all() -> None:
    text = (
        PLANS
        + """
        # subscriptions
        account | plan  | seats | mrr | valid_from
        a       | basic | 2     | 20  | 2025-01-31
        # plan_quotas
        plan  | meter | quota
        basic | api   | 100
        # meter_readings
        account | meter | read_at    | value
        a       | api   | 2026-02-20 | 50
        # usage_events
        account | user | occurred_at | kind     | feature
        a       | u    | 2026-02-10  | gate_hit | sso
        """
    )
    history = drawn(text, as_of="2026-03-01", accounts="a")
    every = catalog().frame(history)
    for family in families.FAMILIES:
        signals = tuple(one for one in catalog().signals if one.family == family)
        alone: Any = Catalog(signals, ()).frame(history)
        pd.testing.assert_frame_equal(alone, every[alone.columns.tolist()], check_exact=True)
