"""The figures of a training run: calibration, lift and gain as SVG and PNG, and what moves each head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from uptier.training.judging import Judgement

if TYPE_CHECKING:
    import altair as alt

    from uptier.training.training import Trained

PANEL = 220  # pixels
PNG_SCALE = 2.0


def figures(trained: Trained) -> dict[str, bytes]:
    """Draw everything that is kept beside a run.

    Parameters
    ----------
    trained : Trained
        The bundle, its judgements, and a sample of rows for each fitted head.

    Returns
    -------
    dict of str to bytes
        By file name: calibration, lift and gain as SVG and PNG where a head was judged, and a SHAP summary as PNG for
        each fitted head of the bundle.
    """
    drawn: dict[str, bytes] = {}
    judged = {outcome: made for outcome, made in trained.judgements.items() if made.head is not None}
    if judged:
        charts = {
            "calibration": calibration_chart(judged),
            "lift_by_decile": lift_chart(judged),
            "gain_by_decile": gain_chart(judged),
        }
        for name, chart in charts.items():
            drawn |= rendered(name, chart)
    return drawn | shap_summaries(trained)


def calibration_chart(judged: Mapping[str, Judgement]) -> alt.ConcatChart:
    """Draw predicted against observed rates.

    Parameters
    ----------
    judged : mapping of str to Judgement
        By outcome; each with its calibration curve.

    Returns
    -------
    altair chart
        One panel for each outcome; on the diagonal, a probability is what it says.
    """
    rows = [
        {
            "outcome": outcome,
            "predicted": part.predicted,
            "low": part.observed[0],
            "observed": part.observed[1],
            "high": part.observed[2],
        }
        for outcome, made in judged.items()
        for part in made.calibration
    ]
    ends = [
        {"outcome": outcome, "predicted": end, "observed": end}
        for outcome, made in judged.items()
        for end in (0.0, max(max(part.observed[2], part.predicted) for part in made.calibration))
    ]
    return _panels(
        rows,
        [
            ("line", ends, {"strokeDash": [4, 4], "color": "#999999"}, {}),
            ("rule", rows, {"color": "#7a9cc6"}, {"y": "low", "y2": "high"}),
            ("point", rows, {"filled": True, "color": "#1f5fa8"}, {}),
        ],
        x=("predicted", "predicted probability"),
        y=("observed", "observed rate, 95 % interval"),
    )


def lift_chart(judged: Mapping[str, Judgement]) -> alt.ConcatChart:
    """Draw the lift of each tenth of the accounts.

    Parameters
    ----------
    judged : mapping of str to Judgement
        By outcome; each with its figures.

    Returns
    -------
    altair chart
        One panel for each outcome; 1 is what choosing at random reaches.
    """
    rows = [
        {"outcome": outcome, "tenth": tenth + 1, "low": low, "lift": middle, "high": high}
        for outcome, made in judged.items()
        if made.head is not None
        for tenth, (low, middle, high) in enumerate(made.head.lift_by_decile)
    ]
    ends = [{"outcome": outcome, "tenth": end, "lift": 1.0} for outcome in judged for end in (0.5, 10.5)]
    return _panels(
        rows,
        [
            ("line", ends, {"strokeDash": [4, 4], "color": "#999999"}, {}),
            ("rule", rows, {"color": "#7a9cc6"}, {"y": "low", "y2": "high"}),
            ("point", rows, {"filled": True, "color": "#1f5fa8"}, {}),
        ],
        x=("tenth", "tenth of the windows, highest scores first"),
        y=("lift", "rate over the mean rate, 95 % interval"),
    )


def gain_chart(judged: Mapping[str, Judgement]) -> alt.ConcatChart:
    """Draw how many of the positives the highest tenths hold together.

    Parameters
    ----------
    judged : mapping of str to Judgement
        By outcome; each with its figures.

    Returns
    -------
    altair chart
        One panel for each outcome; the diagonal is what choosing at random reaches.
    """
    rows = [
        {"outcome": outcome, "share": (tenth + 1) / 10, "low": low, "gain": middle, "high": high}
        for outcome, made in judged.items()
        if made.head is not None and made.head.gain_by_decile is not None
        for tenth, (low, middle, high) in enumerate(made.head.gain_by_decile)
    ]
    ends = [{"outcome": outcome, "share": end, "gain": end} for outcome in judged for end in (0.0, 1.0)]
    return _panels(
        rows,
        [
            ("line", ends, {"strokeDash": [4, 4], "color": "#999999"}, {}),
            ("rule", rows, {"color": "#7a9cc6"}, {"y": "low", "y2": "high"}),
            ("point", rows, {"filled": True, "color": "#1f5fa8"}, {}),
        ],
        x=("share", "share of the windows, highest scores first"),
        y=("gain", "share of the conversions among them, 95 % interval"),
    )


def rendered(name: str, chart: alt.ConcatChart | alt.VConcatChart) -> dict[str, bytes]:
    """Render a chart, without a browser.

    Parameters
    ----------
    name : str
        File name without its ending.
    chart : altair chart
        What to render.

    Returns
    -------
    dict of str to bytes
        SVG and PNG by file name.
    """
    import vl_convert

    specification = chart.to_dict()
    return {
        f"{name}.svg": vl_convert.vegalite_to_svg(specification).encode(),
        f"{name}.png": vl_convert.vegalite_to_png(specification, scale=PNG_SCALE),
    }


def shap_summaries(trained: Trained) -> dict[str, bytes]:
    """Draw what moves each fitted head.

    Parameters
    ----------
    trained : Trained
        The bundle and a sample of rows for each fitted head.

    Returns
    -------
    dict of str to bytes
        PNG by file name.
    """
    if not trained.explained:
        return {}
    from uptier.explanation.plots import shap_summary

    return {
        f"shap_{outcome}.png": shap_summary(trained.bundle, outcome, rows)
        for outcome, rows in trained.explained.items()
    }


def _panels(
    rows: list[dict[str, Any]],
    layers: list[tuple[str, list[dict[str, Any]], dict[str, Any], dict[str, str]]],
    *,
    x: tuple[str, str],
    y: tuple[str, str],
) -> alt.ConcatChart:
    import altair as alt

    panels = []
    for outcome in dict.fromkeys(row["outcome"] for row in rows):
        drawn = []
        for mark, data, style, other in layers:
            values = alt.InlineData(values=[row for row in data if row["outcome"] == outcome])
            heights: dict[str, Any] = {"y": alt.Y(f"{other.get('y', y[0])}:Q", title=y[1])}
            if "y2" in other:
                heights["y2"] = alt.Y2(f"{other['y2']}:Q")
            chart = getattr(alt.Chart(values), f"mark_{mark}")(**style)
            drawn.append(chart.encode(x=alt.X(f"{x[0]}:Q", title=x[1]), **heights))
        panels.append(alt.layer(*drawn).properties(title=outcome.replace("_", " "), width=PANEL, height=PANEL))
    return alt.concat(*panels, columns=3)
