"""What moves heads, as tables and pictures beside a run."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.training.test_moves import moves, trained_with
from tests.training.worlds import settings
from uptier.training.card import model_card
from uptier.training.moves_files import (
    FAMILIES,
    PANELS,
    contradictions,
    foremost_signals,
    moves_pictures,
    moves_tables,
    partners_of,
)
from uptier.training.record import head_files, head_metrics, metrics
from uptier.training.training import Trained


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained_with(tmp_path_factory.mktemp("files"), "seat_expansion", "churn")


def test_tables_can_be_read_back_and_hold_no_row(trained: Trained) -> None:
    told = moves_tables(trained)
    assert set(told) == {
        f"explanation/{name}"
        for outcome in ("seat_expansion", "churn")
        for name in (f"effects_{outcome}.csv", f"interactions_{outcome}.csv", f"moves_{outcome}.json")
    }
    table = pd.read_csv(io.BytesIO(told["explanation/effects_seat_expansion.csv"]))
    assert list(table.columns) == ["signal", "declared", "spearman", "importance", "share", "agreement"]
    assert len(table) == len(trained.bundle.signals)
    assert table["spearman"].isna().any()  # of the category
    figures = json.loads(told["explanation/moves_churn.json"])
    assert figures["reasons/accounts"] == 50
    assert not [name for name, content in told.items() if b"account-" in content]


def test_pictures_are_drawn_for_heads_that_are_used(trained: Trained) -> None:
    drawn = moves_pictures(trained)
    assert {name for name in drawn if "churn" in name} >= {"figures/families_churn.png"}
    assert "figures/dependence_seat_expansion_velocity.png" in drawn
    assert all(content.startswith(b"\x89PNG") for content in drawn.values())
    fewer = replace(trained, explained={"churn": trained.explained["churn"]})
    assert {name for name in moves_pictures(fewer) if "seat_expansion" in name} == set()
    assert moves_pictures(trained) == drawn


def test_without_a_trigger_there_is_nothing_to_draw(trained: Trained) -> None:
    made = trained.judgements["churn"]
    silent = replace(made, moves=replace(moves(trained, "churn"), families=pd.DataFrame(index=range(3))))
    assert moves_pictures(replace(trained, judgements={"churn": silent})) == {}


def test_the_most_important_signals_of_families_that_carry_weight_are_pictured(trained: Trained) -> None:
    seen = moves(trained)
    chosen = foremost_signals(seen, trained)
    share = seen.effects.set_index("signal")["share"]
    assert len(chosen) <= FAMILIES
    assert chosen["velocity"][0] == "growth"
    assert "commercial" not in chosen  # it has no trigger
    assert all(share[names].is_monotonic_decreasing and len(names) <= PANELS for names in chosen.values())
    light = seen.effects.assign(share=seen.effects["share"] * (seen.effects["signal"] != "growth") / 1000)
    assert foremost_signals(replace(seen, effects=light), trained) == {}


def test_a_signal_is_coloured_by_the_one_it_acts_with_most(trained: Trained) -> None:
    listed = pd.DataFrame({"first": ["a", "a", "b"], "second": ["b", "c", "c"]})
    assert partners_of(replace(moves(trained), pairs=listed)) == {"a": "b", "b": "a", "c": "a"}


def test_contradictions_stand_in_the_model_card(trained: Trained, tmp_path: Path) -> None:
    found = contradictions(trained)
    assert found is not None
    assert ("seat_expansion", "peak_daily_utilisation") in {(one["outcome"], one["signal"]) for one in found}
    part = model_card(trained, settings(tmp_path)).partition("## Declared effects that were not learnt\n\n")[2]
    assert "| seat_expansion | peak_daily_utilisation | lowers | 0." in part.partition("\n\n## ")[0]


def test_a_card_says_so_where_nothing_is_contradicted_or_declared(trained: Trained, tmp_path: Path) -> None:
    made = trained.judgements["seat_expansion"]
    table = moves(trained).effects.assign(agreement="agrees")
    agreeing = replace(made, moves=replace(moves(trained), effects=table))
    card = model_card(
        replace(trained, judgements={**trained.judgements, "seat_expansion": agreeing}), settings(tmp_path)
    )
    assert "No signal that carries weight moves a head the other way than it declares." in card
    of_churn = replace(trained, judgements={"churn": trained.judgements["churn"]})
    assert contradictions(of_churn) is None


def test_figures_are_a_heads_own_without_its_name(trained: Trained) -> None:
    assert (
        metrics(trained)["seat_expansion/reasons/first_kept"]
        == head_metrics(trained, "seat_expansion")["reasons/first_kept"]
    )
    assert "effects/contradicting" in head_metrics(trained, "seat_expansion")
    assert "effects/contradicting" not in head_metrics(trained, "churn")


def test_a_head_keeps_its_own_files_even_where_a_family_is_called_like_another_head(trained: Trained) -> None:
    drawn = {**moves_tables(trained), "figures/dependence_seat_expansion_churn.png": b"", "figures/lift.svg": b""}
    assert {name for name in head_files(drawn, trained, "churn") if "seat" in name} == set()
    assert "figures/dependence_seat_expansion_churn.png" in head_files(drawn, trained, "seat_expansion")
    other = {"figures/dependence_churn_seat_expansion.png": b""}
    assert set(head_files(other, trained, "churn")) == {*other, "judgement.json"}
    assert "explanation/effects_seat_expansion.csv" in head_files(drawn, trained, "seat_expansion")
