from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tests.training.worlds import CATALOG, drawn_examples, settings
from uptier.training.figures import calibration_chart, figures, gain_chart, lift_chart, rendered
from uptier.training.training import Trained, train


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    project = settings(tmp_path_factory.mktemp("figures"), min_fit_positives=20, min_test_positives=10)
    examples = {
        "seat_expansion": drawn_examples("seat_expansion", accounts=250),
        "churn": drawn_examples("churn", accounts=250, seed=1),
        "add_on": drawn_examples("add_on", accounts=10, seed=2),
    }
    return train(examples, CATALOG, project, gains={}, data_hashes={}, warnings=[])


def test_a_panel_for_each_judged_head_in_svg_and_png(trained: Trained) -> None:
    judged = {name: made for name, made in trained.judgements.items() if made.head is not None}
    assert set(judged) == {"seat_expansion", "churn"}
    for chart in (calibration_chart(judged), lift_chart(judged), gain_chart(judged)):
        drawn = rendered("chart", chart)
        text = "".join(ET.fromstring(drawn["chart.svg"].decode()).itertext())
        assert "seat expansion" in text
        assert "churn" in text
        assert drawn["chart.png"].startswith(b"\x89PNG")


def test_all_ten_bins_are_drawn(trained: Trained) -> None:
    judged = {"churn": trained.judgements["churn"]}
    for chart in (calibration_chart(judged), lift_chart(judged), gain_chart(judged)):
        written = chart.to_dict()
        points = written["concat"][0]["layer"][2]["data"]["name"]
        assert len(written["datasets"][points]) == 10


def test_what_moves_a_head_is_drawn_for_fitted_heads_alone(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def summary(bundle: object, outcome: str, rows: object) -> bytes:
        asked.append((outcome, len(rows)))
        return b"picture"

    monkeypatch.setattr("uptier.explanation.plots.shap_summary", summary)
    drawn = figures(trained)
    assert asked == [("seat_expansion", 500), ("churn", 500)]
    assert drawn["shap_churn.png"] == b"picture"
    assert "shap_add_on.png" not in drawn
