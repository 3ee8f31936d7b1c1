from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.training.worlds import CATALOG, drawn_examples, settings
from uptier.training.card import LONGEST_SHORT, Evidence, model_card, short_card
from uptier.training.training import Trained, train


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    project = settings(tmp_path_factory.mktemp("card"))
    examples = {
        "seat_expansion": drawn_examples("seat_expansion"),
        "post_upsell_churn": drawn_examples("post_upsell_churn", accounts=10),
    }
    found = ["duplicate_rows in usage_events: export bug until March; kept the first"]
    return train(examples, CATALOG, project, gains={}, data_hashes={"accounts": "abc123"}, warnings=found)


@pytest.fixture(scope="module")
def card(made: Trained, tmp_path_factory: pytest.TempPathFactory) -> str:
    return model_card(made, settings(tmp_path_factory.mktemp("card")))


def part(card: str, title: str) -> str:
    return card.partition(f"## {title}\n\n")[2].partition("\n\n## ")[0].strip()


def test_says_what_it_is_and_what_it_is_not_for(card: str) -> None:
    assert card.startswith("# Model card: uptier, project drawn\n")
    assert "Not for deciding prices, credit, or anything about single persons." in card
    assert "so it may become the champion" in card


def test_counts_the_slices_of_each_outcome(card: str) -> None:
    row = next(line for line in part(card, "Outcomes and slices").splitlines() if line.startswith("| seat_expansion |"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:4] == ["7", "60", "2,000"]
    assert cells[5] == "1,200"
    assert cells[7:] == ["800"]


def test_what_each_rule_left_out_is_counted(card: str) -> None:
    assert "| seat_expansion | censored | 3 |" in part(card, "Exclusions")


def test_the_window_and_the_signals_by_family_are_told(card: str) -> None:
    assert "The data end before 2026-01-01" in part(card, "Data window")
    assert "| commercial | 1 | segment |" in part(card, "Signals")


def test_what_was_not_looked_at_is_not_passed_over_in_silence(made: Trained, tmp_path: Path) -> None:
    bare = {outcome: replace(one, origins=(), segments=(), triggers=()) for outcome, one in made.judgements.items()}
    card = model_card(replace(made, judgements=bare), settings(tmp_path))
    for title in ("Figures by origin", "Segments", "Track record of the triggers"):
        assert part(card, title) == "Not looked at."


def test_alarms_and_those_that_were_accepted_stand_apart(made: Trained, tmp_path: Path) -> None:
    evidence = Evidence(alarms=("growth alone reaches AUC 0.97.",), accepted_alarms=("noise: known since March.",))
    told = part(model_card(made, settings(tmp_path), evidence), "Leakage alarms")
    raised, _, accepted = told.partition("### Accepted")
    assert "- growth alone reaches AUC 0.97." in raised
    assert "- noise: known since March." in accepted


def test_rows_of_a_report_take_the_place_of_bare_counts(made: Trained, tmp_path: Path) -> None:
    evidence = Evidence(removed=({"outcome": "add_on", "rule": "true-up | co-term", "rows": 1234, "share": 0.25},))
    told = part(model_card(made, settings(tmp_path), evidence), "Exclusions")
    assert "| add_on | true-up \\| co-term | 1,234 | 0.250 |" in told
    assert "censored" not in told


def test_the_short_card_holds_figures_gate_and_use(made: Trained, tmp_path: Path) -> None:
    project = settings(tmp_path)
    short = short_card(made, project)
    assert "- seat_expansion: AUC 0." in short
    assert "- post_upsell_churn: base rate " in short
    assert "Passed the gate with: seat_expansion." in short
    assert "Not for deciding prices" in short
    refused = replace(made, refused_because=("long words " * 2000,))
    assert len(short_card(refused, project)) == LONGEST_SHORT


def test_figures_stand_beside_the_baselines(card: str) -> None:
    assert "### seat_expansion: passed" in card
    for scorer in ("head, as scoring meets it", "points model", "utilisation alone (seat_utilisation)", "base rate"):
        assert f"| {scorer} | 0." in card
    assert "- against logistic regression: AUC +0." in card


def test_fallbacks_findings_hashes_and_limits_are_told(card: str) -> None:
    assert "- **post_upsell_churn**: " in card
    assert "Too few cases to learn from" in card
    assert "- duplicate_rows in usage_events: export bug until March; kept the first" in card
    assert "| accounts | `abc123` |" in card
    assert "learnt from accounts that did buy" in card


def test_a_refused_bundle_says_that_it_must_not_score(tmp_path: Path) -> None:
    project = settings(tmp_path)
    examples = {"add_on": drawn_examples("add_on", accounts=20)}
    card = model_card(train(examples, CATALOG, project, gains={}, data_hashes={}, warnings=[]), project)
    assert "must not score" in card
    assert "No head was fitted" in card
    assert "## Accepted findings\n\nNone." in card
