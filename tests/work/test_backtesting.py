from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.training.worlds import CATALOG, drawn_examples, settings
from uptier.tables.findings import Findings
from uptier.work.backtesting import FOLDER, backtest
from uptier.work.results import Backtest


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Backtest:
    project = settings(tmp_path_factory.mktemp("backtesting"))
    material = SimpleNamespace(
        settings=project, checked=(Findings(()), {}), require_usage_until_the_end=lambda: None, catalog=CATALOG
    )
    given = {"seat_expansion": drawn_examples(months=12), "churn": drawn_examples("churn", accounts=20)}
    return backtest(material, lambda: given, origins=3, test_share=0.5, progress=None)  # type: ignore[arg-type]


def test_page_document_and_picture_are_written_into_the_store(done: Backtest) -> None:
    assert done.folder.parent.name == FOLDER
    assert sorted(path.name for path in done.folder.iterdir()) == [
        "backtest.json",
        "backtest.md",
        "stability.png",
        "stability.svg",
    ]
    told = json.loads((done.folder / "backtest.json").read_text())
    assert [at["date"] for at in told["seat_expansion"]["origins"]] == ["2025-07-01", "2025-09-01", "2025-11-01"]
    assert (done.folder / "backtest.md").read_text().startswith("# Backtest of drawn")
    assert "<svg" in (done.folder / "stability.svg").read_text()


def test_customers_are_not_named(done: Backtest, tmp_path: Path) -> None:
    for path in done.folder.iterdir():
        assert b"account-0" not in path.read_bytes(), path.name
