"""The pictures of a simulated world."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptier.documentation.world.drawing import (
    COLOURS,
    PERCENT,
    WORDS,
    charted,
    coloured,
    few_ticks,
    labelled,
    milliseconds,
    small_title,
    titled,
)
from uptier.documentation.world.figures import FUNNEL, SHOWN_BY, Figures, Row
from uptier.documentation.world.life_picture import account
from uptier.documentation.world.rates import Rate
from uptier.documentation.world.svg import BLUE, GREY, INK, ORANGE, PALE, svg
from uptier.documentation.world.tables import TYPES

if TYPE_CHECKING:
    import altair as alt

CASE_COLOURS = {"contacted": ORANGE, "as the programme acts": BLUE, "never contacted": GREY}
CASE_SHAPES = {"contacted": "triangle-up", "as the programme acts": "circle", "never contacted": "square"}
STARTED = {"signal": ("on a signal", BLUE, "circle"), "calendar": ("by the calendar", ORANGE, "diamond")}
DAYS_SHOWN = {False: ("Monday to Friday", BLUE), True: ("Saturday and Sunday", ORANGE)}


def pictures(figures: Figures) -> dict[str, str]:
    """Draw all pictures of a world.

    Parameters
    ----------
    figures : Figures
        What is to be seen.

    Returns
    -------
    dict of str to str
        SVG by file name.
    """
    charts = {
        "world-funnel.svg": funnel(figures.funnel),
        "world-account.svg": account(figures.life),
        "world-rates.svg": rates(figures.rates),
        "world-rhythm.svg": rhythm(figures.days, figures.hours),
        "world-calibration.svg": calibration(figures.calibration),
        "world-cases.svg": cases(figures.cases),
    }
    return {name: svg(chart) for name, chart in charts.items()}


def funnel(rows: list[Row]) -> alt.TopLevelMixin:
    """Draw how far calls come, by type.

    Parameters
    ----------
    rows : list of dict
        As :class:`uptier.documentation.world.figures.Figures` has them.

    Returns
    -------
    altair chart
        Bars, one panel for each type.
    """
    import altair as alt

    most = max(row["count"] for row in rows)
    first = {row["type"]: max(row["count"], 1) for row in rows if row["stage"] == FUNNEL[0]}
    panels = []
    for upsell in TYPES:
        own = [
            row | {"label": f"{row['count']:,} ({100 * row['count'] / first[upsell]:.0f} %)"}
            for row in rows
            if row["type"] == upsell
        ]
        base = charted(own).encode(
            x=alt.X("count:Q", title="calls and opportunities", scale=alt.Scale(domain=[0, most * 1.35])).axis(
                tickCount=4
            ),
            y=alt.Y("stage:N", sort=list(FUNNEL), title=None, axis=labelled(upsell == TYPES[0])),
        )
        bars = base.mark_bar(color=COLOURS[upsell], height=18)
        texts = base.mark_text(align="left", dx=4).encode(text="label:N")
        panels.append(alt.layer(bars, texts).properties(title=small_title(WORDS[upsell]), width=185, height=150))
    return alt.hconcat(*panels, spacing=14).properties(
        title=titled(
            "From the first call to a sale, by type",
            "calls, and how many opportunities reached each stage; in brackets the share of calls",
        )
    )


def rates(found: list[Rate]) -> alt.TopLevelMixin:
    """Draw rates with their intervals over the ranges that they are held against.

    Parameters
    ----------
    found : list of Rate
        As :class:`uptier.documentation.world.figures.Figures` has them.

    Returns
    -------
    altair chart
        A panel for each kind of rate.
    """
    import altair as alt

    kinds = (
        ("win rate", "won, share of calls won or lost", True, (0.0, 0.7)),
        ("times as often", "a signal wins so many times as often as the calendar", False, (0.0, 4.5)),
        ("NRR", "what last year's customers pay now, share of what they paid then", True, (0.9, 1.4)),
        ("churn", "leave or take less within 90 days, share", True, (0.0, 0.14)),
    )
    panels = []
    for what, title, percent, domain in kinds:
        highest = max(one.high for one in found if one.what == what)
        domain = (domain[0], max(domain[1], highest))
        own = [_rate_row(one, domain) for one in found if one.what == what]
        order = [row["of"] for row in own]
        scale, axis = alt.Scale(domain=list(domain), clamp=True), alt.Axis(labelExpr=PERCENT) if percent else alt.Axis()
        y = alt.Y("of:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False))
        base = charted(own).encode(y=y)
        held = [row for row in own if row["least"] is not None]
        layers = [
            charted(held)
            .mark_bar(color=PALE, height=18)
            .encode(y=y, x=alt.X("least:Q", title=title, scale=scale, axis=axis), x2="most:Q"),
            base.mark_rule(strokeWidth=2, color=INK).encode(
                x=alt.X("low:Q", title=title, scale=scale, axis=axis), x2="high:Q"
            ),
            base.mark_point(filled=True, size=80, opacity=1).encode(
                x=alt.X("value:Q", title=title, scale=scale, axis=axis),
                color=coloured("started", {name: colour for name, colour, _ in STARTED.values()}, "call started", INK),
                shape=alt.Shape(
                    "started:N",
                    title="call started",
                    scale=alt.Scale(
                        domain=[name for name, _, _ in STARTED.values()] + ["both"],
                        range=[shape for _, _, shape in STARTED.values()] + ["square"],
                    ),
                ),
            ),
        ]
        panels.append(alt.layer(*layers).properties(width=420, height=26 * len(own)))
    picture: alt.VConcatChart = alt.vconcat(*panels, spacing=16).resolve_scale(color="shared", shape="shared")
    return picture.properties(
        title=titled(
            "Rates that emerged, over the ranges that they are held against",
            "points with 95 % intervals; grey bars are the ranges; no such rate is a parameter of the world",
        )
    )


def rhythm(days: list[Row], hours: list[Row]) -> alt.TopLevelMixin:
    """Draw when people work, over a year and over a day.

    Parameters
    ----------
    days, hours : list of dict
        As :class:`uptier.documentation.world.figures.Figures` has them.

    Returns
    -------
    altair chart
        Two panels for each region.
    """
    import altair as alt

    regions = list(dict.fromkeys(row["region"] for row in days))
    top = max(row["events"] for row in days) * 1.05
    rows_ = []
    for number, region in enumerate(regions):
        last = number == len(regions) - 1
        of_year = [
            {"day": milliseconds(row["day"]), "events": row["events"], "which": DAYS_SHOWN[row["weekend"]][0]}
            for row in days
            if row["region"] == region
        ]
        year = (
            charted(of_year)
            .mark_line(strokeWidth=1.2)
            .encode(
                x=alt.X(
                    "day:T",
                    title="day" if last else None,
                    scale=alt.Scale(type="utc"),
                    axis=alt.Axis(format="%b", tickCount="month", grid=False),
                ),
                y=alt.Y("events:Q", title="events a customer", scale=alt.Scale(domain=[0, top]), axis=few_ticks()),
                color=coloured("which", dict(DAYS_SHOWN.values()), None),
                strokeDash=alt.StrokeDash(
                    "which:N",
                    title=None,
                    scale=alt.Scale(domain=[name for name, _ in DAYS_SHOWN.values()], range=[[1, 0], [3, 2]]),
                ),
            )
        )
        day = (
            charted([row for row in hours if row["region"] == region])
            .mark_bar(color=BLUE, width=6)
            .encode(
                x=alt.X(
                    "hour:Q",
                    title="hour of the day, UTC" if last else None,
                    scale=alt.Scale(domain=[-0.5, 23.5]),
                    axis=alt.Axis(values=[0, 6, 12, 18, 23], grid=False),
                ),
                y=alt.Y("share:Q", title="share of events", axis=few_ticks(percent=True)),
            )
        )
        rows_.append(
            alt.hconcat(
                year.properties(width=400, height=95, title=small_title(region.replace("-", " ").title())),
                day.properties(width=200, height=95),
                spacing=30,
            )
        )
    return alt.vconcat(*rows_, spacing=10).properties(
        title=titled(
            "Weekends and holidays are quiet, the European summer too; each region has its own working day",
            "events a day for each customer over the last twelve months, and by hour",
        )
    )


def calibration(rows: list[Row]) -> alt.TopLevelMixin:
    """Draw true chances against what happened.

    Parameters
    ----------
    rows : list of dict
        As :class:`uptier.documentation.world.figures.Figures` has them.

    Returns
    -------
    altair chart
        A panel for each outcome, both axes on a square-root scale so that small chances can be told apart.
    """
    import altair as alt

    panels = []
    for outcome in dict.fromkeys(row["outcome"] for row in rows):
        own = [row for row in rows if row["outcome"] == outcome]
        top = max(max(row["high"], row["true"]) for row in own) * 1.08
        scale = alt.Scale(type="sqrt", domain=[0, round(top, 3)])
        ticks = alt.Axis(labelExpr=PERCENT, values=[0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4])
        x = alt.X("true:Q", title="true chance, mean of a tenth", scale=scale, axis=ticks)
        ends = [{"true": end, "happened": end} for end in (0.0, round(top, 3))]

        def height(name: str, scale: alt.Scale = scale, ticks: alt.Axis = ticks) -> alt.Y:
            return alt.Y(f"{name}:Q", title="happened", scale=scale, axis=ticks)

        layers = [
            charted(ends).mark_line(color=GREY, strokeDash=[4, 4]).encode(x=x, y=height("happened")),
            charted(own).mark_rule(color=BLUE, strokeWidth=1.5).encode(x=x, y=height("low"), y2="high:Q"),
            charted(own).mark_point(filled=True, color=BLUE, size=45, opacity=1).encode(x=x, y=height("happened")),
        ]
        panels.append(alt.layer(*layers).properties(title=small_title(WORDS[outcome]), width=270, height=200))
    return alt.concat(*panels, columns=2, spacing=24).properties(
        title=titled(
            "What truth says happens as often as it says",
            "tenths of all accounts and dates by their true chance, with 95 % intervals; square-root scales",
        )
    )


def cases(rows: list[Row]) -> alt.TopLevelMixin:
    """Draw what contact changes, by latent state.

    Parameters
    ----------
    rows : list of dict
        As :class:`uptier.documentation.world.figures.Figures` has them.

    Returns
    -------
    altair chart
        A panel for each outcome.
    """
    import altair as alt

    panels = []
    for outcome, axis in SHOWN_BY.items():
        own = [row for row in rows if row["outcome"] == outcome]
        base = charted(own).encode(
            x=alt.X("state:N", sort=None, title=axis, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("chance:Q", title="mean true chance", axis=alt.Axis(labelExpr=PERCENT, tickCount=5)),
            color=coloured("case", CASE_COLOURS, None),
        )
        shape = alt.Shape(
            "case:N",
            title=None,
            scale=alt.Scale(domain=list(CASE_SHAPES), range=list(CASE_SHAPES.values())),
        )
        points = base.mark_point(filled=True, size=60, opacity=1).encode(shape=shape)
        panels.append(
            alt.layer(base.mark_line(strokeWidth=1.5), points).properties(
                title=small_title(WORDS[outcome]), width=270, height=170
            )
        )
    return alt.concat(*panels, columns=2, spacing=24).properties(
        title=titled(
            "A call helps most where there is a need",
            "mean true chance in the window by latent state, in the three cases",
        )
    )


def _rate_row(one: Rate, domain: tuple[float, float]) -> Row:
    of = "NRR over twelve months" if one.what == "NRR" else WORDS[one.of]
    started = STARTED[one.started_by][0] if one.started_by else "both"
    bounded = one.least is not None or one.most is not None
    return {
        "of": f"{of}, {started}" if one.started_by else of,
        "started": started,
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "least": (domain[0] if one.least is None else one.least) if bounded else None,
        "most": (domain[1] if one.most is None else one.most) if bounded else None,
    }
