from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis
import pandas as pd
import pytest

from tests.signals.answers import answers_of
from uptier.settings import Thresholds
from uptier.signals import families
from uptier.signals.catalog import Catalog, catalog
from uptier.signals.contract_plans import PLAN_FACTS, plan_facts
from uptier.signals.measures import Measures, Question, growth, ratio
from uptier.signals.record_plans import METER_LOOKBACK_DAYS, METER_TREND_DAYS
from uptier.signals.plans import answered
from uptier.signals.usage_plans import activity
from uptier.signals.windows import LOOKBACK_DAYS, reach, within
from uptier.tables.check import check
from uptier.tables.clean import clean
from uptier.tables.drawn import drawn, settings_of
from uptier.tables.history import History, grid_of
from uptier.tables.rollup import usage_rollup
from uptier.tables.source import connect

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
    assert (
        reach(
            [Question(plan="usage", what="events", last=28, before=56), Question(plan="usage", what="events", last=7)]
        )
        == 84
    )
    # the current period of up to 31 days lies before the last complete one
    assert reach([Question(plan="usage_days", what="peak_daily_users", period=2)]) == 93
    assert reach([Question(plan="usage", what="days_since_last")]) == LOOKBACK_DAYS


@pytest.mark.parametrize(("last", "before", "ages"), [(3, 0, [1, 2, 3]), (3, 3, [4, 5, 6]), (1, 0, [1]), (2, 7, [])])
def test_a_window_holds_the_days_that_it_says(last: int, before: int, ages: list[int]) -> None:
    rows = ibis.memtable(pd.DataFrame({"age": range(1, 8)}))
    one = Question(plan="usage", what="events", last=last, before=before)
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
        Question(plan="usage", what="events", last=28),
        Question(plan="subscriptions", what="seats"),
        Question(plan="tickets", what="tickets", last=90),
    ]
    text = "account | occurred_at | kind\n# subscriptions\naccount | seats | valid_from"
    asked = {one.column: one for one in questions}
    history = drawn(text, as_of="2026-01-01", accounts="a")
    found = answered(history, asked, frozenset({"tickets_last90"})).to_pandas()
    row = found.astype(object).where(found.notna(), None).iloc[0]
    assert (row["events_last28"], row["seats"], row["tickets_last90"]) == (0, None, None)


def test_features_are_counted_over_days_and_kinds() -> None:
    text = """
        account | occurred_at | kind         | feature
        a       | 2025-12-30  | feature_used | x
        a       | 2025-12-31  | gate_hit     | x
        a       | 2025-12-31  | gate_hit     | y
        """
    one = Question(plan="usage", what="features", kinds=("feature_used", "gate_hit"), last=28)
    found = activity(drawn(text, as_of="2026-01-01", accounts="a"), [one], None).to_pandas()
    assert found[one.column].tolist() == [2]


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
