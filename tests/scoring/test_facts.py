from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from uptier.scoring.facts import account_facts, source_dates
from uptier.signals.catalog import catalog
from uptier.tables.clean import Tables
from uptier.tables.drawn import tables_of
from uptier.tables.history import History, grid_of
from uptier.tables.rollup import usage_rollup

AS_OF = dt.date(2026, 3, 1)
WORLD = """
# accounts
account_id | account_name | owner | segment
talks      | Talks Ltd    | north | enterprise
top        | Top Ltd      | south |
calm       | Calm Ltd     |       |
# plans
plan  | plan_name | tier_rank
basic |           | 1
pro   | Pro       | 2
# subscriptions
account | plan  | seats | mrr | valid_from
talks   | basic | 5     | 100 | 2025-01-01
top     | pro   | 9     | 300 | 2025-01-01
calm    | other | 2     | 50  | 2025-01-01
# opportunities
account | upsell_type | stage      | entered_at
talks   | add_on      | identified | 2026-02-01
calm    | add_on      | identified | 2026-01-01
calm    | add_on      | lost       | 2026-01-20
# milestones
account | milestone   | reached_at
top     | first_value | 2025-06-01
# usage_events
account | user | occurred_at | kind
talks   | u1   | 2026-02-27  | login
talks   | u1   | 2026-03-02  | login
"""


def test_facts_stand_beside_the_frame_in_its_order() -> None:
    tables = tables_of(WORLD, data_until="2026-04-01")
    frame = signals_of(tables).iloc[::-1]
    facts = account_facts(tables, frame)
    assert facts.index.equals(frame.index)
    assert list(facts["account_id"]) == list(frame["account_id"])
    told = facts.set_index("account_id")
    assert told["account_name"].to_dict() == {"talks": "Talks Ltd", "top": "Top Ltd", "calm": "Calm Ltd"}
    # a plan without a name is called by its id, as a name; one that is on no list keeps it
    assert told["plan_name"].to_dict() == {"talks": "Basic", "top": "Pro", "calm": "Other"}
    assert told["mrr"].to_dict() == {"talks": 100.0, "top": 300.0, "calm": 50.0}
    assert told["open_opportunity"].to_dict() == {"talks": True, "top": False, "calm": False}
    assert told["on_highest_plan"].to_dict() == {"talks": False, "top": True, "calm": False}
    assert told["before_first_value"].to_dict() == {"talks": True, "top": False, "calm": True}


def test_without_milestones_nobody_is_said_to_be_before_first_value() -> None:
    without = WORLD[: WORLD.index("# milestones")] + WORLD[WORLD.index("# usage_events") :]
    tables = tables_of(without, data_until="2026-04-01")
    assert account_facts(tables, signals_of(tables))["before_first_value"].isna().all()


def test_each_source_tells_its_newest_day_before_the_as_of_date() -> None:
    told = source_dates(tables_of(WORLD, data_until="2026-04-01"), AS_OF)
    assert told == {
        "subscriptions": dt.date(2025, 1, 1),
        "opportunities": dt.date(2026, 2, 1),
        "milestones": dt.date(2025, 6, 1),
        "usage_events": dt.date(2026, 2, 27),
    }


def test_a_source_without_a_row_before_the_date_is_not_known() -> None:
    told = source_dates(tables_of(WORLD, data_until="2026-04-01"), dt.date(2025, 3, 1))
    assert told["usage_events"] is None
    assert told["subscriptions"] == dt.date(2025, 1, 1)


def test_a_rollup_in_the_store_tells_the_same_days(monkeypatch: pytest.MonkeyPatch) -> None:
    late = "".join(f"calm | u2 | {day} | 2026-03-05 | login\n" for day in ("2026-02-28", "2026-03-01"))
    tables = tables_of(
        WORLD.replace("occurred_at | kind", "occurred_at | recorded_at | kind")
        .replace("-27  | login", "-27  | | login")
        .replace("-02  | login", "-02  | | login")
        + late,
        data_until="2026-04-01",
    )
    days = dt.date(2025, 3, 1), AS_OF, dt.date(2026, 3, 6)
    told = [source_dates(tables, day) for day in days]
    assert [one["usage_events"] for one in told] == [None, dt.date(2026, 2, 27), dt.date(2026, 3, 2)]
    monkeypatch.setattr("uptier.scoring.facts.kept_rollup", usage_rollup)
    assert [source_dates(tables, day) for day in days] == told


def signals_of(tables: Tables) -> pd.DataFrame:
    looks = pd.DataFrame({"account_id": ["talks", "top", "calm"], "as_of": pd.Timestamp(AS_OF)})
    return catalog().frame(History(tables, grid_of(tables, looks), usage_rollup(tables)))
