from __future__ import annotations

import datetime as dt
import xml.etree.ElementTree as ET

from uptier.training.figures import rendered
from uptier.training.origin_chart import stability_chart


def rows() -> list[dict[str, object]]:
    told = []
    for outcome in ("seat_expansion", "churn"):
        for measure in ("auc", "calibration_slope", "precision_at_capacity"):
            for month in (3, 6, 9):
                figure = {"low": 0.6, "figure": 0.6 + month / 100, "high": 0.8, "n": 400, "positives": 30}
                told.append({"outcome": outcome, "origin": dt.date(2026, month, 1), "measure": measure, **figure})
    return told


def test_a_panel_for_each_outcome_and_measure_in_svg_and_png() -> None:
    drawn = rendered("stability", stability_chart(rows()))
    text = "".join(ET.fromstring(drawn["stability.svg"].decode()).itertext())
    for words in ("seat expansion: AUC", "churn: calibration slope", "churn: precision at capacity", "2026-09-01"):
        assert words in text
    assert drawn["stability.png"].startswith(b"\x89PNG")


def test_a_figure_that_is_not_known_is_left_out_and_one_without_interval_has_no_bar() -> None:
    told = [row for row in rows() if row["outcome"] == "churn" and row["measure"] == "auc"]
    told[0] |= {"figure": float("nan")}
    told[1] |= {"low": None}
    written = stability_chart(told).to_dict()
    bars, points, even = (layer["data"]["name"] for layer in written["vconcat"][0]["hconcat"][0]["layer"])
    assert [row["origin"] for row in written["datasets"][bars]] == ["2026-09-01"]
    assert [row["origin"] for row in written["datasets"][points]] == ["2026-06-01", "2026-09-01"]
    assert written["datasets"][even] == [{"even": 0.5}]
