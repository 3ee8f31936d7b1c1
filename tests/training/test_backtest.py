from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.training.worlds import CATALOG, drawn_examples, settings
from uptier.model.bundle import BundleSignal
from uptier.training.backtest import Backtested, as_document, backtest, page

SIGNALS = tuple(BundleSignal(one.name, one.family, one.is_category) for one in CATALOG.signals)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Backtested]:
    given = {"seat_expansion": drawn_examples(months=12), "churn": drawn_examples("churn", accounts=20)}
    project = settings(tmp_path_factory.mktemp("backtest"))
    return backtest(given, SIGNALS, project, origins=4, test_share=0.5)


def test_each_of_the_last_origins_is_shown(found: dict[str, Backtested]) -> None:
    one = found["seat_expansion"]
    assert [at.date for at in one.origins] == ["2025-07-01", "2025-09-01", "2025-11-01", "2025-12-01"]
    assert sum(at.n for at in one.origins) == one.test.n
    assert one.figures["head"].auc[1] > one.figures["points"].auc[2]
    assert all(at.auc[1] > at.points_auc[1] for at in one.origins)


def test_too_few_cases_are_said_so(found: dict[str, Backtested]) -> None:
    assert found["churn"].why_not.startswith("Too few cases to learn from")
    assert found["churn"].origins == ()


def test_the_page_has_a_row_for_each_origin(found: dict[str, Backtested]) -> None:
    text = page(found, "drawn")
    assert text.count("| 2025-") == 4
    assert "It ranked better than the points model at 4 of 4 origins." in text
    assert found["churn"].why_not in text


def test_the_document_is_plain_json(found: dict[str, Backtested]) -> None:
    told = json.loads(as_document(found))
    assert told["seat_expansion"]["led_points_at"] == 4
    assert len(told["seat_expansion"]["origins"]) == 4
    assert told["churn"]["figures"] == {}


def test_progress_is_told(tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    backtest(
        {"churn": drawn_examples("churn", accounts=20)},
        SIGNALS,
        settings(tmp_path),
        progress=lambda *step: steps.append(step),
    )
    assert steps == [("Backtesting churn", 0, 1), ("Backtested", 1, 1)]
