"""How the pictures of a brief look: each form is compiled once, and then filled for any number of accounts."""

from __future__ import annotations

import html
import re
from copy import copy
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

WIDTH, HEIGHT = 250, 130  # pixels, of what is between the axes
USERS, SEATS = "active users", "seats"
KINDS = {
    "gate_hit": "functions above the plan",
    "upgrade_prompt": "upgrade page",
    "trial_use": "trials",
    "limit_error": "limits",
}

INK = "currentColor"  # of the page's text, light or dark
# Okabe and Ito 2008: told apart by the colour-blind, and against white and near-black alike
BLUE, ORANGE, GREEN, PINK = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
# vl-convert brings the first along, so that texts are measured alike on every machine
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"

_LONG = re.compile(r"-?\d+\.\d{2,}(?:e-?\d+)?")
_NOISE = re.compile(r' (?:role|class|aria-[a-z]+|pointer-events|xmlns(?::xlink)?|version|font-family)="[^"]*"')
_USUAL = re.compile(r' (?:opacity|stroke-width|fill-opacity|stroke-opacity)="1"| font-size="10px"| text-anchor="start"')
_UNSEEN = re.compile(r'<path[^>]*? d="(?:M0,0h0v0h0Z)?"[^>]*/>|<text[^>]* opacity="0"[^>]*>[^<]*</text>')
_NO_GROUP = re.compile(r"<g[^>]*></g>")
_OPENING = re.compile(r'<svg width="(\d+)" height="(\d+)" viewBox="([^"]*)">')


def drawn(form: str, data: dict[str, list[dict[str, object]]], title: str, words: str) -> str:
    """Fill one of the forms.

    Parameters
    ----------
    form : str
        ``seats``, ``meters`` or ``gates``.
    data : dict of str to list of dict
        The rows of each of its data sets.
    title, words : str
        What the picture shows, and the same in words, for whoever does not see it.

    Returns
    -------
    str
        An ``<svg>`` element for a page: the same bytes for the same data, with the page's own colour for its text.
    """
    import vl_convert

    compiled = copy(_compiled(form))
    compiled["data"] = [
        {**one, "values": data[one["name"]]} if one["name"] in data else one for one in compiled["data"]
    ]
    return _tidy(vl_convert.vega_to_svg(compiled), title, words)


@cache
def _compiled(form: str) -> dict[str, Any]:
    # to compile takes longer than to draw, and nothing in it depends on the account
    import vl_convert

    specification = _FORMS[form]().to_dict()
    specification["config"] = _style()
    compiled: dict[str, Any] = vl_convert.vegalite_to_vega(specification)
    return compiled


def _tidy(svg: str, title: str, words: str) -> str:
    """Make an SVG small, and put in words what it shows."""
    svg = _NOISE.sub("", svg)
    svg = _LONG.sub(lambda found: f"{float(found.group()):.1f}".removesuffix(".0"), svg)
    svg = _UNSEEN.sub("", _USUAL.sub("", svg))
    while (less := _NO_GROUP.sub("", svg)) != svg:
        svg = less
    told = f"<title>{html.escape(title)}</title><desc>{html.escape(words)}</desc>"
    found = _OPENING.match(svg)
    if found is None:
        return svg
    width, height, box = found.groups()
    head = f'<svg role="img" width="{width}" height="{height}" viewBox="{box}" font-family="{FONT}" font-size="10px">'
    return f"{head}{told}{svg[found.end() :]}"


# the forms ----------------------------------------------------------------------------------------------------------


def _seats() -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    day = _days("day:T", "end of each 28 days")
    value = alt.Y("value:Q", title="users, seats", scale=alt.Scale(zero=True, nice=True), axis=_whole_numbers())
    colour = _colours("series:N", [USERS, SEATS], [BLUE, ORANGE])
    users, seats, ahead = (alt.Chart(alt.NamedData(name)) for name in ("users", "seats", "ahead"))
    return _sized(
        seats.mark_line(interpolate="step-after").encode(x=day, y=value, color=colour),
        users.mark_line(point={"size": 22}).encode(x=day, y=value, color=colour),
        ahead.mark_line(strokeDash=[4, 3]).encode(x=day, y=value, color=colour),
    )


def _meters() -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    day = _days("day:T", "day of the reading")
    percent = alt.Axis(labelExpr="format(datum.value * 100, '.0f') + ' %'", tickCount=5)
    value = alt.Y("value:Q", title="share of the quota", axis=percent)
    colour = alt.Color("series:N", sort=None, scale=alt.Scale(range=[BLUE, ORANGE, GREEN]), title=None)
    readings, quota = (alt.Chart(alt.NamedData(name)) for name in ("readings", "quota"))
    shape = alt.Shape("series:N", sort=None, legend=None)
    return _sized(
        readings.mark_line().encode(x=day, y=value, color=colour),
        readings.mark_point(filled=True, size=24).encode(x=day, y=value, color=colour, shape=shape),
        quota.mark_rule(color=INK, strokeDash=[2, 2]).encode(y="value:Q"),
    )


def _gates() -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    colour = _colours("kind:N", list(KINDS.values()), [BLUE, ORANGE, GREEN, PINK])
    week = _days("from:T", "week from")
    weeks, clusters = (alt.Chart(alt.NamedData(name)) for name in ("weeks", "clusters"))
    return _sized(
        clusters.mark_rect(color=INK, opacity=0.14).encode(x=week, x2="to:T"),
        weeks.mark_bar().encode(
            x=week,
            x2="to:T",
            y=alt.Y("low:Q", title="times a week", axis=_whole_numbers()),
            y2="high:Q",
            color=colour,
        ),
    )


_FORMS = {"seats": _seats, "meters": _meters, "gates": _gates}


def _days(field: str, title: str) -> alt.X:
    import altair as alt

    axis = alt.Axis(grid=False, tickCount=4, format="%b %Y", labelOverlap=True)
    return alt.X(field, title=title, scale=alt.Scale(type="utc"), axis=axis)


def _whole_numbers() -> alt.Axis:
    import altair as alt

    return alt.Axis(tickMinStep=1, tickCount=5, format="~s")


def _colours(field: str, names: list[str], colours: list[str]) -> alt.Color:
    import altair as alt

    return alt.Color(field, scale=alt.Scale(domain=names, range=colours), title=None)


def _sized(*layers: alt.Chart) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)


def _style() -> dict[str, Any]:
    plain = {"labelFontSize": 10, "titleFontSize": 10, "titleFontWeight": "normal"}
    ink = {"labelColor": INK, "titleColor": INK}
    return {
        "font": FONT,
        "background": None,
        "padding": 2,
        "aria": False,
        "view": {"stroke": None},
        "axis": plain | ink | {"gridColor": INK, "gridOpacity": 0.15, "domainColor": INK, "tickColor": INK},
        "legend": plain | ink | {"orient": "top", "symbolSize": 60, "columns": 2, "labelLimit": 130},
        "line": {"strokeWidth": 2},
    }
