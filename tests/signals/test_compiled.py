"""Compiled statements in the store: run by the next process, and by none for which they would not be right."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import uptier.signals.compiled as compiled
from tests.signals.stored import open_company, write_company
from uptier.signals.catalog import Catalog, catalog
from uptier.signals.signal import Signal, signal
from uptier.tables.history import History

Open = Callable[..., History]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    write_company(tmp_path)
    return lambda **changed: open_company(tmp_path, **changed)


def some() -> Catalog:
    """Part of the catalogue, small and of several tables; a new object each time, for which nothing is compiled yet."""
    return Catalog((catalog().signal("seat_utilisation"), catalog().signal("active_users")), ())


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count what is compiled."""
    import uptier.signals.catalog as module

    counted: list[int] = []
    real = module.script_of

    def noted(*arguments: object) -> object:
        counted.append(1)
        return real(*arguments)

    monkeypatch.setattr(module, "script_of", noted)
    return counted


def files(history: History) -> list[Path]:
    return sorted((history.tables.settings.store / "compiled").iterdir())


def test_what_was_compiled_once_gives_the_same_frame_to_the_next_process(opened: Open, compilations: list[int]) -> None:
    first = some().frame(opened())
    second = some().frame(opened())
    assert len(compilations) == 1
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    assert first["seat_utilisation"].notna().all()


def test_no_name_of_an_engines_table_stands_in_the_file(opened: Open) -> None:
    history = opened()
    some().frame(history)
    [file] = files(history)
    text = file.read_text(encoding="utf-8")
    assert "<subscriptions>" in text
    assert "<usage_people>" in text
    assert "ibis_" not in text


@pytest.mark.parametrize(
    "changed", [{"thresholds": {"power_user_days": 3}}, {"holds_since": {"subscriptions.seats": "2025-06-01"}}]
)
def test_other_settings_are_compiled_anew(opened: Open, compilations: list[int], changed: dict[str, object]) -> None:
    some().frame(opened())
    some().frame(opened(**changed))
    assert len(compilations) == 2


def test_fewer_looks_that_lie_otherwise_are_compiled_anew_and_the_same_are_not(
    opened: Open, compilations: list[int]
) -> None:
    history = opened()
    some().frame(history)
    some().frame(replace(history, dense=not history.dense))
    some().frame(opened())
    assert len(compilations) == 2


def test_another_part_of_the_catalogue_is_another_file(opened: Open, compilations: list[int]) -> None:
    history = opened()
    some().frame(history)
    less = Catalog(some().signals[:1], ())
    assert set(less.frame(history)) < set(some().frame(opened()))
    assert len(compilations) == 2
    assert len(files(history)) == 2


def own(factor: float) -> Signal:
    from uptier.signals.measures import Measures, Number
    from uptier.signals.signal import Effect, Phrase, Unit

    @signal(label="Own", unit=Unit.SHARE, effect=Effect.EITHER, phrase=Phrase(value="{value}", missing="nothing"))
    def own_signal(history: Measures) -> Number:
        """Seats, weighed."""
        return history.seats() * factor

    return own_signal


def test_an_own_signal_that_counts_otherwise_is_compiled_anew(opened: Open, compilations: list[int]) -> None:
    twice = Catalog((own(2.0),), ()).frame(opened())
    thrice = Catalog((own(3.0),), ()).frame(opened())
    assert (thrice["own_signal"] == twice["own_signal"] * 1.5).all()
    assert len(compilations) == 2


def test_other_code_of_uptier_is_compiled_anew(
    opened: Open, compilations: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    some().frame(opened())
    monkeypatch.setattr(compiled, "_code", lambda: "changed")
    some().frame(opened())
    assert len(compilations) == 2


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"looks": 1}', '{"looks": "looks", "steps": [{}], "frame": ""}'])
def test_a_damaged_file_is_compiled_anew_and_mended(opened: Open, compilations: list[int], damage: str) -> None:
    first = some().frame(opened())
    [file] = files(opened())
    whole = file.read_text(encoding="utf-8")
    file.write_text(damage, encoding="utf-8")
    pd.testing.assert_frame_equal(some().frame(opened()), first)
    assert len(compilations) == 2
    assert json.loads(file.read_text(encoding="utf-8")) == json.loads(whole)


def test_a_store_that_keeps_nothing_only_costs_time(opened: Open, compilations: list[int]) -> None:
    history = opened()
    folder = history.tables.settings.store / "compiled"
    folder.write_text("a file where the folder would be")
    first = some().frame(history)
    pd.testing.assert_frame_equal(some().frame(opened()), first)
    assert len(compilations) == 2


def test_only_the_latest_are_kept(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "KEPT", 2)
    history = opened()
    for one in catalog().signals[:4]:
        Catalog((one,), ()).frame(history)
    assert len(files(history)) == 2
    shutil.rmtree(history.tables.settings.store / "compiled")
    some().frame(opened())
    assert len(files(history)) == 1
