"""Charts as SVG files: the same bytes wherever they are made, light, and readable in print and by the colour-blind."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

# vl-convert brings the first along, so that texts are measured alike on every machine; readers have one of the others
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
GREY, INK, PALE = "#767676", "#222222", "#e6e6e6"
BLUE, ORANGE, GREEN = "#0072b2", "#e69f00", "#009e73"  # Okabe and Ito 2008: told apart by the colour-blind too
SEQUENCE = ("#f2f2f2", "#c6dbef", "#6baed6", "#2171b5", "#08306b")  # light to dark, also in grey

_LONG = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?")
_NOISE = re.compile(r' (?:role|aria-[a-z]+|pointer-events)="[^"]*"')
_EMPTY = re.compile(r'<path class="(?:fore|back)ground"[^>]*? d="(?:M0,0h0v0h0Z)?"[^>]*/>')
_NAME = re.compile(r'(?<=id=")[a-z_]*\d+(?=")')
_BREAK = re.compile(r"(?=<(?:g|text|path|line|rect|defs)\b)")


def svg(chart: alt.TopLevelMixin) -> str:
    """Draw a chart, without a browser.

    Parameters
    ----------
    chart : altair chart
        Any.

    Returns
    -------
    str
        The SVG, a mark to a line; on white, so that a dark page does not swallow it.
    """
    import vl_convert

    specification = chart.to_dict()
    specification["config"] = _style()
    return tidy(vl_convert.vegalite_to_svg(specification))


def tidy(text: str) -> str:
    """Make an SVG small and the same in every process.

    Parameters
    ----------
    text : str
        As vega writes it: with sixteen digits, and names that count on from the chart drawn before.

    Returns
    -------
    str
        With two decimals and names of its own.
    """
    text = _EMPTY.sub("", _NOISE.sub("", text))
    text = _LONG.sub(lambda found: f"{float(found.group()):.2f}".rstrip("0").rstrip("."), text)
    for number, name in enumerate(dict.fromkeys(_NAME.findall(text))):
        text = re.sub(rf'(?<=[#"]){name}(?=[)"])', f"part-{number}", text)
    return _BREAK.sub("\n", text).lstrip("\n") + "\n"


def _style() -> dict[str, Any]:
    axis = {"labelColor": INK, "titleColor": INK, "gridColor": PALE, "domainColor": GREY, "tickColor": GREY}
    plain = {"labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal"}
    return {
        "font": FONT,
        "background": "white",
        "padding": 10,
        "aria": False,
        "view": {"stroke": None},
        "axis": axis | plain,
        "legend": plain | {"labelColor": INK, "titleColor": INK, "symbolSize": 80, "orient": "top"},
        "header": plain | {"labelColor": INK, "labelFontSize": 12, "labelFontWeight": "bold", "titleColor": INK},
        "title": {
            "anchor": "start",
            "fontSize": 14,
            "color": INK,
            "subtitleColor": GREY,
            "subtitleFontSize": 11,
            "offset": 12,
        },
        "text": {"color": INK, "fontSize": 11},
    }
