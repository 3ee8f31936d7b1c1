"""Figures origin by origin, drawn: whether a head lasts, and where it broke."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import altair as alt

NAMES = {"auc": "AUC", "points_auc": "AUC of the points model", "ece": "ECE", "brier": "Brier score"}
EVEN = {  # what says nothing, or what is right: a line to compare with
    "auc": 0.5,
    "points_auc": 0.5,
    "log_loss_gain": 0.0,
    "calibration_ratio": 1.0,
    "calibration_slope": 1.0,
    "predicted_over_observed": 1.0,
    "predicted_over_observed_top": 1.0,
}
PANEL = {"width": 240, "height": 150}  # pixels


def stability_chart(rows: Iterable[Mapping[str, Any]]) -> alt.VConcatChart:
    """Draw figures over time.

    Parameters
    ----------
    rows : iterable of mapping
        Each with outcome, origin (a date), measure, low, figure, high, n and positives. A figure that is None or NaN,
        as an AUC without a positive, is left out; one without an interval has no bar.

    Returns
    -------
    altair chart
        A row of panels for each outcome, a panel for each measure, in the order given: a point for each origin, with
        the bar of its interval, and a line at what says nothing or is right.
    """
    import altair as alt

    known = [{**row, "origin": str(row["origin"])} for row in rows if _is_known(row["figure"])]
    lines = []
    for outcome in dict.fromkeys(row["outcome"] for row in known):
        told = [row for row in known if row["outcome"] == outcome]
        origins = sorted({row["origin"] for row in told})
        measures = dict.fromkeys(row["measure"] for row in told)
        panels = (_panel([row for row in told if row["measure"] == measure], origins) for measure in measures)
        lines.append(alt.hconcat(*panels))
    return alt.vconcat(*lines)


def _panel(rows: list[dict[str, Any]], origins: list[str]) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    measure = str(rows[0]["measure"])
    name = NAMES.get(measure, measure.replace("_", " "))
    bars = [row for row in rows if _is_known(row["low"]) and _is_known(row["high"])]
    x = alt.X("origin:N", title="origin", scale=alt.Scale(domain=origins))
    title, scale = f"{name}, 95 % interval", alt.Scale(zero=False)
    layers = [
        alt.Chart(alt.InlineData(values=bars))
        .mark_rule(color="#7a9cc6")
        .encode(x=x, y=alt.Y("low:Q", title=title, scale=scale), y2=alt.Y2("high:Q")),
        alt.Chart(alt.InlineData(values=rows))
        .mark_point(filled=True, color="#1f5fa8")
        .encode(
            x=x,
            y=alt.Y("figure:Q", title=title, scale=scale),
            tooltip=["figure:Q", alt.Tooltip("n:Q", title="windows"), alt.Tooltip("positives:Q", title="with outcome")],
        ),
    ]
    if measure in EVEN:
        layers.append(
            alt.Chart(alt.InlineData(values=[{"even": EVEN[measure]}]))
            .mark_rule(strokeDash=[4, 4], color="#999999")
            .encode(y=alt.Y("even:Q", title=title, scale=scale))
        )
    return alt.layer(*layers).properties(title=f"{rows[0]['outcome'].replace('_', ' ')}: {name}", **PANEL)


def _is_known(value: float | None) -> bool:
    return value is not None and bool(np.isfinite(value))
