from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from tests.end_to_end import jobs
from tests.tables.told_answers import drawn_answers
from uptier.settings import read_settings
from uptier.tables.answers import add_answers
from uptier.work.material import Material
from uptier.work.results import Framed


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return jobs.tiny_project(tmp_path_factory.mktemp("material"), seed=9)


def material(config: Path, told: list[str] | None = None) -> Material:
    return Material(read_settings(config), (lambda what: None) if told is None else told.append)


def test_a_check_is_used_by_later_runs_until_somebody_asks_for_a_look(config: Path) -> None:
    told: list[str] = []
    first, _ = material(config, told).checked
    assert [what for what in told if what.startswith("Checking")]
    told.clear()
    again = material(config, told)
    assert again.checked[0] == first
    assert told == []
    assert again.looked_at[0] == first
    assert [what for what in told if what.startswith("Checking")]


def test_what_was_looked_at_is_what_was_checked(config: Path) -> None:
    one = material(config)
    assert one.looked_at is one.checked


def test_only_a_preview_goes_without_a_check(config: Path) -> None:
    fresh = material(config)
    fresh.settings = fresh.settings.model_copy(update={"store": config.parent / "another-store"})
    assert fresh.unchecked() is False
    assert fresh.repeated is None
    assert set(fresh.tables.clean) == set(material(config).tables.clean)
    assert not (config.parent / "another-store").exists()


def test_what_is_given_is_held_together() -> None:
    assert set(Framed.__dataclass_fields__) == {"frame", "path", "written"}


def test_signals_see_what_people_answered_from_the_day_on_which_it_was_known(config: Path) -> None:
    until = dt.date(2026, 1, 1)
    before = material(config)
    account = before.accounts_at(until)["account_id"].iloc[0]
    fresh = material(config)
    fresh.settings = fresh.settings.model_copy(update={"store": config.parent / "answered"})
    told = f"key | status | known_at\n{account}:add_on:2025-12-01 | Contacted | 2025-12-29 06:00\n"
    add_answers(fresh.settings.store, drawn_answers(told))

    def days(one: Material, as_of: dt.date) -> float:
        looks = pd.DataFrame({"account_id": [account], "as_of": [pd.Timestamp(as_of)]})
        return float(one.signals(looks)["days_since_outreach"].iloc[0])

    assert days(fresh, until) == 3
    earlier, unanswered = days(fresh, dt.date(2025, 12, 29)), days(before, dt.date(2025, 12, 29))
    assert earlier == unanswered or pd.isna(earlier) == pd.isna(unanswered)
    looks = pd.DataFrame({"account_id": [account] * 2, "as_of": pd.to_datetime(["2025-12-29", "2026-01-01"])})
    mine, theirs = fresh.digests(looks, fresh.usage), before.digests(looks, before.usage)
    assert mine is not None
    assert theirs is not None
    assert mine[dt.date(2025, 12, 29)] == theirs[dt.date(2025, 12, 29)]
    assert mine[until] != theirs[until]
