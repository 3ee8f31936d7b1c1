"""What people answered is outreach: once, from the day on which it was known, and nothing of it is ever taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.tables.told_answers import drawn_answers
from uptier.tables.answered import contacts, with_answers
from uptier.tables.clean import Tables, clean
from uptier.tables.contracts import CONTRACT
from uptier.tables.drawn import settings_of, source_of
from uptier.tables.history import History, grid_of
from uptier.tables.mapping import map_table
from uptier.tables.source import Source, connect

UNTIL = "2026-03-01"
ONE = """
key                 | reason_code | status    | answered_at      | known_at
a:add_on:2026-01-01 | ceiling     | Contacted | 2026-01-05 10:00 | 2026-01-06 06:00
"""
OWN = """
# outreach
outreach | account | contacted_at     | upsell_type | started_by | result | result_at  | recorded_at
x        | a       | 2026-01-05 15:00 | add_on      | calendar   | won    | 2026-02-01 | 2026-01-09
"""


def laid(own: str, told: str, *, source: Source | None = None, until: str = UNTIL, **settings: Any) -> Tables:
    """Give clean tables with answers laid over them, as `Material` does."""
    source = source or source_of(own.replace("outreach |", "outreach_id |"), accounts="a b c")
    project = settings_of(data_until=until, **settings)
    mapped = {name: one for name in CONTRACT if (one := map_table(source, project, name)) is not None}
    return clean(source, project, with_answers(mapped, source, project, drawn_answers(told)))


def rows(tables: Tables) -> list[tuple[Any, ...]]:
    """Account, day, type, what started it, result and known day of each contact."""
    table = tables["outreach"]
    asked = table.select("account_id", "day", "upsell_type", "started_by", "result", "known_day")
    found = asked.to_pandas().astype(object)
    found = found.where(found.notna(), None)
    days = {name: found[name].map(lambda one: f"{pd.Timestamp(one):%m-%d}") for name in ("day", "known_day")}
    return sorted(found.assign(**days).itertuples(index=False, name=None), key=str)


def seen(tables: Tables, *days: str) -> dict[str, int]:
    """Count account a's contacts that each date sees."""
    grid = pd.DataFrame({"account_id": "a", "as_of": pd.to_datetime(list(days))})
    past = History(tables, grid_of(tables, grid), None).past("outreach")
    counts = past.group_by("as_of").aggregate(n=past.count()).to_pandas()
    told = {f"{pd.Timestamp(day):%m-%d}": int(n) for day, n in zip(counts["as_of"], counts["n"], strict=True)}
    return {day[5:]: told.get(day[5:], 0) for day in days}


# contacts ------------------------------------------------------------------------------------------------------------


def begun(told: str) -> list[tuple[str, ...]]:
    found = contacts(drawn_answers(told))
    found["contacted_at"] = found["contacted_at"].map(lambda one: f"{one:%m-%d}")
    names = ["outreach_id", "contacted_at", "upsell_type", "started_by", "result"]
    return [tuple(row) for row in found[names].astype(object).where(found[names].notna(), "").itertuples(index=False)]


def test_a_contact_begins_when_somebody_says_that_they_talked() -> None:
    told = """
        key                 | reason_code | status    | known_at
        a:add_on:2026-01-01 | ceiling     | Contacted | 2026-01-03
        a:add_on:2026-01-01 | ceiling     | Done      | 2026-01-05
        b:add_on:2026-01-01 | gates       | Done      | 2026-01-05
        c:add_on:2026-01-01 | gates       | Dismissed | 2026-01-05
        """
    assert begun(told) == [
        ("answer:a:add_on:2026-01-01:1", "01-03", "add_on", "ceiling", ""),
        ("answer:b:add_on:2026-01-01:1", "01-05", "add_on", "gates", ""),
    ]


def test_a_row_that_is_taken_up_again_is_talked_about_a_second_time() -> None:
    told = """
        key                 | reason_code | status    | known_at
        a:add_on:2026-01-01 | ceiling     | Contacted | 2026-01-03
        a:add_on:2026-01-01 | ceiling     | Dismissed | 2026-01-05
        a:add_on:2026-01-01 | ceiling     | Contacted | 2026-01-20
        """
    assert [one[0][-1:] + one[1] for one in begun(told)] == ["101-03", "201-20"]


def test_the_first_result_of_a_contact_stands_from_when_it_was_known() -> None:
    told = """
        key                 | status    | answered_at | known_at
        a:add_on:2026-01-01 | Contacted |             | 2026-01-03
        a:add_on:2026-01-01 | Won       | 2026-01-10  | 2026-01-12
        a:add_on:2026-01-01 | Lost      |             | 2026-01-20
        """
    found = contacts(drawn_answers(told)).iloc[0]
    assert (found["result"], f"{found['result_at']:%m-%d}") == ("won", "01-12")


def test_a_talk_about_no_type_is_about_any_and_two_sources_tell_of_one_contact() -> None:
    told = """
        key                    | source | status    | known_at
        a:discovery:2026-01-01 | crm    | Contacted | 2026-01-03
        a:discovery:2026-01-01 | file   | Contacted | 2026-01-03
        """
    assert begun(told) == [("answer:a:discovery:2026-01-01:1", "01-03", "", "", "")]


STATUS = some.sampled_from(["New", "Contacted", "Done", "Dismissed", "Won", "Lost"])


@given(some.lists(some.tuples(some.sampled_from("ab"), STATUS, some.integers(0, 3)), max_size=12), some.integers(0, 12))
def test_what_is_answered_later_changes_nothing_of_what_was_known(told: list[tuple[str, str, int]], until: int) -> None:
    lines, day = ["key | status | known_at"], 1
    for account, status, days in told:
        day += days
        lines.append(f"{account}:add_on:2026-01-01 | {status} | 2026-01-{day:02d} 06:00")
    answers = drawn_answers("\n".join(lines))
    cut = pd.Timestamp("2026-01-01") + pd.Timedelta(days=2 * until)
    then, now = contacts(answers[answers["known_at"] < cut]), contacts(answers)
    now = now[now["recorded_at"] < cut] if len(now) else now
    late = pd.to_datetime(now["result_at"]) >= cut
    now = now.assign(result=now["result"].mask(late), result_at=now["result_at"].mask(late))
    assert then.astype(str).values.tolist() == now.astype(str).values.tolist()


# laid over -----------------------------------------------------------------------------------------------------------


def test_without_answers_nothing_changes() -> None:
    source, project = source_of("", accounts="a"), settings_of(data_until=UNTIL)
    mapped = {name: one for name in CONTRACT if (one := map_table(source, project, name)) is not None}
    assert with_answers(mapped, source, project, drawn_answers("key | known_at")) == mapped


def test_a_project_without_outreach_has_the_contacts_that_were_answered() -> None:
    tables = laid("", ONE)
    assert rows(tables) == [("a", "01-05", "add_on", "ceiling", None, "01-06")]
    assert tables.has("outreach", ["upsell_type", "started_by"])
    assert not tables.has("outreach", ["result", "result_at"])
    assert seen(tables, "2026-01-05", "2026-01-06", "2026-01-07") == {"01-05": 0, "01-06": 0, "01-07": 1}


def test_results_are_there_once_somebody_tells_one() -> None:
    assert laid("", ONE.replace("Contacted", "Won")).has("outreach", ["result", "result_at"])


def test_what_was_pulled_after_the_data_end_is_not_there() -> None:
    assert "outreach" not in laid("", ONE, until="2026-01-06")
    assert "outreach" in laid("", ONE, until="2026-01-07")


def test_an_account_that_the_source_does_not_have_is_left_out() -> None:
    assert rows(laid("", ONE.replace("a:", "stranger:"))) == []


def test_what_the_project_tells_itself_is_there_once_and_known_since_the_earlier_of_both() -> None:
    tables = laid(OWN, ONE)
    # its own row, though recorded on the ninth only
    assert rows(tables) == [("a", "01-05", "add_on", "calendar", "won", "01-06")]
    assert seen(tables, "2026-01-06", "2026-01-07", "2026-01-10") == {"01-06": 0, "01-07": 1, "01-10": 1}


def test_what_the_project_knew_first_stays_as_it_was() -> None:
    late = ONE.replace("2026-01-06", "2026-01-20")
    assert rows(laid(OWN, late)) == [("a", "01-05", "add_on", "calendar", "won", "01-09")]


def test_a_lag_counts_as_when_the_project_knew() -> None:
    own = "\n".join(line.rpartition("|")[0] if "|" in line else line for line in OWN.splitlines())
    lagging = {"tables": {"outreach": {"lag_days": 3}}}
    assert rows(laid(own, ONE, **lagging))[0][-1] == "01-06"
    late = ONE.replace("2026-01-06", "2026-01-20")
    assert rows(laid(own, late, **lagging))[0][-1] == "01-08"


@pytest.mark.parametrize(
    "other",
    [
        ("a:add_on", "a:plan_upgrade"),
        ("a:add_on", "b:add_on"),
        ("2026-01-05 10:00", "2026-01-04 23:59"),
    ],
)
def test_another_type_account_or_day_is_another_contact(other: tuple[str, str]) -> None:
    assert len(rows(laid(OWN, ONE.replace(*other)))) == 2


def test_a_project_that_never_says_the_type_tells_of_any() -> None:
    own = "# outreach\naccount | contacted_at\na | 2026-01-05 15:00\nb | 2026-01-07\n"
    assert [row[:2] for row in rows(laid(own, ONE))] == [("a", "01-05"), ("b", "01-07")]


def test_rows_that_the_project_has_twice_stay_the_business_of_the_check() -> None:
    doubled = OWN + OWN.strip().splitlines()[-1] + "\n"
    assert len(rows(laid(doubled, ONE))) == 1


def test_files_get_the_rows_as_they_are_and_see_the_same(tmp_path: Path) -> None:
    pd.DataFrame({"account_id": ["a", "b"]}).to_parquet(tmp_path / "accounts.parquet")
    held = {"subscription_id": ["s"], "account_id": ["a"], "seats": [1], "valid_from": ["2025-01-01"]}
    pd.DataFrame({**held, "valid_from": pd.to_datetime(held["valid_from"])}).to_parquet(
        tmp_path / "subscriptions.parquet"
    )
    source = connect(str(tmp_path))
    assert source.is_ours
    assert rows(laid("", ONE, source=source)) == rows(laid("", ONE))
