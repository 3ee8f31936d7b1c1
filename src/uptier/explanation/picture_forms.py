"""How the pictures of a brief look: each form is compiled once, and then filled for any number of accounts."""

from __future__ import annotations

import html
import json
import re
from copy import copy
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from uptier.explanation.words import IN_ENGLISH, Words
from uptier.signals.speech import Dates, Speech

if TYPE_CHECKING:
    import altair as alt

    Texts = dict[str, str]

WIDTH, HEIGHT = 250, 130  # pixels, of what is between the axes
KINDS = ("gate_hit", "upgrade_prompt", "trial_use", "limit_error")  # of what is met above the plan
SHORT = 3  # signs of a month where there is little room, if nobody gave others

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


def drawn(form: str, data: dict[str, list[dict[str, object]]], title: str, told: str, words: Words = IN_ENGLISH) -> str:
    """Fill one of the forms.

    Parameters
    ----------
    form : str
        ``seats``, ``meters`` or ``gates``.
    data : dict of str to list of dict
        The rows of each of its data sets.
    title, told : str
        What the picture shows, and the same in words, for whoever does not see it.
    words : Words
        The project's, for axes and legends.

    Returns
    -------
    str
        An ``<svg>`` element for a page: the same bytes for the same data, with the page's own colour for its text.
    """
    import vl_convert

    compiled = copy(_compiled(form, tuple(_texts(words).items())))
    compiled["data"] = [
        {**one, "values": data[one["name"]]} if one["name"] in data else one for one in compiled["data"]
    ]
    return _tidy(vl_convert.vega_to_svg(compiled, **_locale(words.speech)), title, told)


@lru_cache(maxsize=24)  # three forms in eight languages
def _compiled(form: str, texts: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    # to compile takes longer than to draw, and nothing in it depends on the account
    import vl_convert

    specification = _FORMS[form](dict(texts)).to_dict()
    specification["config"] = _style()
    compiled: dict[str, Any] = vl_convert.vegalite_to_vega(specification)
    return compiled


def _texts(words: Words) -> Texts:
    names = ("users", "seats", "users_and_seats", "stretches", "quota", "readings", "times", "weeks")
    texts = {name: words.say(f"axes.{name}") for name in names} | {kind: words.say(f"kinds.{kind}") for kind in KINDS}
    before, after = words.speech.numbers.per_cent.split("{number}", 1)
    return texts | {"before_per_cent": before, "after_per_cent": after}


def _locale(speech: Speech) -> dict[str, Any]:
    """How a project writes what stands on the axes; nothing where it writes as the drawing does by itself."""
    numbers, dates = speech.numbers, speech.dates
    locale: dict[str, Any] = {}
    if (numbers.decimal, numbers.thousands) != (".", ","):
        signs = {"decimal": numbers.decimal, "thousands": numbers.thousands, "grouping": [3], "currency": ["", ""]}
        locale["format_locale"] = signs
    short = dates.short_months or tuple(name[:SHORT] for name in dates.months)
    if short != tuple(name[:SHORT] for name in Dates().months):
        names = {"days": dates.weekdays, "shortDays": dates.weekdays, "months": dates.months, "shortMonths": short}
        whole = {"dateTime": "%x %X", "date": "%Y-%m-%d", "time": "%H:%M", "periods": ["AM", "PM"]}
        locale["time_format_locale"] = whole | {name: list(said) for name, said in names.items()}
    return locale


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


def _seats(texts: Texts) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    day = _days("day:T", texts["stretches"])
    scale = alt.Scale(zero=True, nice=True)
    value = alt.Y("value:Q", title=texts["users_and_seats"], scale=scale, axis=_whole_numbers())
    colour = _colours("series:N", [texts["users"], texts["seats"]], [BLUE, ORANGE])
    users, seats, ahead = (alt.Chart(alt.NamedData(name)) for name in ("users", "seats", "ahead"))
    return _sized(
        seats.mark_line(interpolate="step-after").encode(x=day, y=value, color=colour),
        users.mark_line(point={"size": 22}).encode(x=day, y=value, color=colour),
        ahead.mark_line(strokeDash=[4, 3]).encode(x=day, y=value, color=colour),
    )


def _meters(texts: Texts) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    day = _days("day:T", texts["readings"])
    percent = alt.Axis(labelExpr=_per_cent(texts), tickCount=5)
    value = alt.Y("value:Q", title=texts["quota"], axis=percent)
    colour = alt.Color("series:N", sort=None, scale=alt.Scale(range=[BLUE, ORANGE, GREEN]), title=None)
    readings, quota = (alt.Chart(alt.NamedData(name)) for name in ("readings", "quota"))
    shape = alt.Shape("series:N", sort=None, legend=None)
    return _sized(
        readings.mark_line().encode(x=day, y=value, color=colour),
        readings.mark_point(filled=True, size=24).encode(x=day, y=value, color=colour, shape=shape),
        quota.mark_rule(color=INK, strokeDash=[2, 2]).encode(y="value:Q"),
    )


def _gates(texts: Texts) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    colour = _colours("kind:N", [texts[kind] for kind in KINDS], [BLUE, ORANGE, GREEN, PINK])
    week = _days("from:T", texts["weeks"])
    weeks, clusters = (alt.Chart(alt.NamedData(name)) for name in ("weeks", "clusters"))
    return _sized(
        clusters.mark_rect(color=INK, opacity=0.14).encode(x=week, x2="to:T"),
        weeks.mark_bar().encode(
            x=week,
            x2="to:T",
            y=alt.Y("low:Q", title=texts["times"], axis=_whole_numbers()),
            y2="high:Q",
            color=colour,
        ),
    )


_FORMS = {"seats": _seats, "meters": _meters, "gates": _gates}


def _per_cent(texts: Texts) -> str:
    parts = (texts["before_per_cent"], texts["after_per_cent"])
    before, after = (json.dumps(part, ensure_ascii=False) if part else "" for part in parts)
    return " + ".join(part for part in (before, "format(datum.value * 100, '.0f')", after) if part)


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
