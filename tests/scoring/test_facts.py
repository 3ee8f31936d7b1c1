from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import ibis
import pandas as pd
import pytest

from uptier.errors import ScoringError
from uptier.scoring.facts import account_facts, source_dates, with_currency
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


RATES = "EUR,2026-02-01,1.1\nEUR,2026-03-02,9\n"


def paying(folder: Path, rates: str | None = RATES, **scoring) -> Tables:
    """Give tables where talks pays in euros, top in nothing that is said, and calm in the project's dollars."""
    if rates is not None:
        (folder / "rates.csv").write_text("currency,day,rate\n" + rates, encoding="utf-8")
        scoring["rates"] = folder / "rates.csv"
    tables = tables_of(WORLD, data_until="2026-04-01", scoring=scoring)
    accounts = tables["accounts"]
    codes = ibis.cases(
        (accounts.account_id == "talks", "EUR"), (accounts.account_id == "calm", "USD"), else_=ibis.null("string")
    )
    return dataclasses.replace(
        tables,
        clean={**tables.clean, "accounts": accounts.mutate(currency=codes)},
        present={**tables.present, "accounts": tables.present["accounts"] | {"currency"}},
    )


def paid(folder: Path, rates: str | None = RATES, **scoring) -> pd.DataFrame:
    tables = paying(folder, rates, **scoring)
    return account_facts(tables, signals_of(tables).iloc[::-1]).set_index("account_id")


def test_what_accounts_pay_is_told_in_the_projects_currency(tmp_path: Path) -> None:
    facts = paid(tmp_path)
    assert facts["mrr"].to_dict() == {"talks": pytest.approx(110.0), "top": 300.0, "calm": 50.0}
    assert facts["currency"].to_dict() == {"talks": "EUR", "top": "USD", "calm": "USD"}


def test_what_accounts_pay_in_stands_beside_their_signals_whatever_the_date(tmp_path: Path) -> None:
    tables = paying(tmp_path, None)
    frame = pd.DataFrame({"account_id": ["calm", "talks", "top", "talks"]}, index=[7, 5, 3, 1])
    told = with_currency(frame, tables)
    assert told["account_currency"].to_dict() == {7: "USD", 5: "EUR", 3: "USD", 1: "EUR"}
    plain = tables_of(WORLD, data_until="2026-04-01")
    assert with_currency(frame, plain) is frame


def test_a_currency_without_a_rate_that_counts_stops(tmp_path: Path) -> None:
    with pytest.raises(ScoringError, match="pay in EUR, and the project has no rates"):
        paid(tmp_path, None)
    with pytest.raises(ScoringError, match="no rate on or before 2026-03-01"):
        paid(tmp_path, "EUR,2026-03-02,9\n")
    with pytest.raises(ScoringError, match="too old for 2026-03-01: at most 27 days"):
        paid(tmp_path, rates_max_age_days=27)


def test_rates_that_no_account_needs_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "rates.csv").write_text("currency,day,rate\nEUR,2026-02-01,1.1\n", encoding="utf-8")
    plain = tables_of(WORLD, data_until="2026-04-01")
    with_rates = tables_of(WORLD, data_until="2026-04-01", scoring={"rates": tmp_path / "rates.csv"})
    told = [account_facts(tables, signals_of(tables)) for tables in (plain, with_rates)]
    pd.testing.assert_frame_equal(*told, check_exact=True)
    assert "currency" not in told[0]


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
