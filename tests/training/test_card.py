from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.worlds import CATALOG, drawn_examples, settings
from uptier.training.card import model_card
from uptier.training.training import train


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> str:
    project = settings(tmp_path_factory.mktemp("card"))
    examples = {
        "seat_expansion": drawn_examples("seat_expansion"),
        "post_upsell_churn": drawn_examples("post_upsell_churn", accounts=10),
    }
    found = ["duplicate_rows in usage_events: export bug until March; kept the first"]
    made = train(examples, CATALOG, project, gains={}, data_hashes={"accounts": "abc123"}, warnings=found)
    return model_card(made, project)


def test_says_what_it_is_and_what_it_is_not_for(card: str) -> None:
    assert card.startswith("# Model card: uptier, project drawn\n")
    assert "Not for deciding prices, credit, or anything about single persons." in card
    assert "so it may become the champion" in card


def test_counts_the_slices_of_each_outcome(card: str) -> None:
    row = next(line for line in card.splitlines() if line.startswith("| seat_expansion |"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:4] == ["7", "60", "2,000"]
    assert cells[5] == "1,200"
    assert cells[7:] == ["800", "censored: 3"]


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
