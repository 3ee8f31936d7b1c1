"""The picture of one account: what it did, what it needed, what it bought, on one axis of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptier.documentation.world.drawing import COLOURS, WORDS, charted, coloured, few_ticks, milliseconds, titled
from uptier.documentation.world.figures import Row
from uptier.documentation.world.life import BANDS, Life
from uptier.documentation.world.svg import GREY, INK, SEQUENCE
from uptier.documentation.world.tables import TYPES

if TYPE_CHECKING:
    import altair as alt

WIDTH = 680  # pixels of a picture that takes the whole page
LONG_ENOUGH = 50  # days of a band that has room for its name
ROOM_FOR_LABEL = 95  # days
TEXT_WEEKS = 26  # over which the name of a line stretches
LOWEST_LABEL = 0.85  # of the height
DAY = 86_400_000  # milliseconds
MONTH = "%b %Y"
SHAPES = {"seat_expansion": "circle", "plan_upgrade": "triangle-up", "add_on": "square"}


def account(life: Life) -> alt.TopLevelMixin:
    """Draw one account over the whole time.

    Parameters
    ----------
    life : Life
        Its life.

    Returns
    -------
    altair chart
        Users and seats, gates and exports, and the latent states as bands on one axis of time.
    """
    import altair as alt

    ends = [life.seats[0]["day"], life.seats[-1]["day"]]
    # without padding, which bars would bring along: all panels have one axis of time
    time = alt.Scale(type="utc", domain=[milliseconds(end) for end in ends], padding=0, nice=False)
    quiet = alt.Axis(format=MONTH, labels=False, ticks=False, title=None, tickCount="month", grid=False)
    told = alt.Axis(format=MONTH, title="month", tickCount=alt.TimeIntervalStep("month", 3), grid=False)
    top = max(max(row["seats"] for row in life.seats), max(row["month"] for row in life.weeks)) * 1.25
    heights = alt.Scale(domain=[0, top])
    names = {"said_month": "active in four weeks (dashed)", "said_week": "active in the week"}
    weeks = [row | {"week": milliseconds(row["week"])} for row in life.weeks]
    weeks[-1] |= names | {"above": max(row["month"] for row in weeks[-TEXT_WEEKS:])}
    sold = [
        row | {"day": milliseconds(row["day"]), "at": height * top, "name": WORDS[row["type"]]}
        for row, height in zip(life.sold, _heights([row["day"] for row in life.sold]), strict=True)
    ]
    seats = [row | {"day": milliseconds(row["day"]), "label": "licensed seats"} for row in life.seats]

    def rules(axis: alt.Axis) -> alt.Chart:
        drawn: alt.Chart = charted(sold).mark_rule(color=GREY, strokeDash=[3, 3])
        return drawn.encode(x=alt.X("day:T", scale=time, axis=axis))

    marks = charted(sold).encode(x=alt.X("day:T", scale=time, axis=quiet), y=alt.Y("at:Q", scale=heights))
    upper = alt.layer(
        charted(weeks)
        .mark_area(color=SEQUENCE[1], line={"color": SEQUENCE[3], "strokeWidth": 1.2}, opacity=1)
        .encode(
            x=alt.X("week:T", scale=time, axis=quiet),
            y=alt.Y("active:Q", scale=heights, title="users and seats"),
        ),
        charted(weeks)
        .mark_line(color=SEQUENCE[3], strokeDash=[5, 3], strokeWidth=1.5)
        .encode(x=alt.X("week:T", scale=time, axis=quiet), y=alt.Y("month:Q", scale=heights)),
        charted(weeks[-1:])
        .mark_text(align="right", dy=-8, color=SEQUENCE[4])
        .encode(x=alt.X("week:T", scale=time, axis=quiet), y=alt.Y("above:Q", scale=heights), text="said_month:N"),
        charted(weeks[-1:])
        .mark_text(align="right", dx=-4, dy=-6, color=SEQUENCE[4])
        .encode(x=alt.X("week:T", scale=time, axis=quiet), y=alt.value(184), text="said_week:N"),
        charted(seats)
        .mark_line(color=INK, interpolate="step-after", strokeWidth=2)
        .encode(x=alt.X("day:T", scale=time, axis=quiet), y=alt.Y("seats:Q", scale=heights)),
        charted(seats[:1])
        .mark_text(align="left", baseline="bottom", dx=4, dy=-3)
        .encode(x=alt.X("day:T", scale=time, axis=quiet), y=alt.Y("seats:Q", scale=heights), text="label:N"),
        rules(quiet),
        marks.mark_point(filled=True, size=90, opacity=1).encode(
            color=coloured("name", {WORDS[one]: COLOURS[one] for one in TYPES}, "sold"),
            shape=alt.Shape(
                "name:N",
                title="sold",
                scale=alt.Scale(domain=[WORDS[one] for one in TYPES], range=[SHAPES[one] for one in TYPES]),
            ),
        ),
        marks.mark_text(align="left", dx=7, baseline="middle").encode(text="label:N"),
    ).properties(width=WIDTH, height=190)
    kinds = (("gates", "gates a week"), ("exports", "exports a week"))
    bars = [
        alt.layer(
            charted(weeks)
            .mark_bar(color=GREY, width=4)
            .encode(x=alt.X("week:T", scale=time, axis=quiet), y=alt.Y(f"{name}:Q", title=title, axis=few_ticks())),
            rules(quiet),
        ).properties(width=WIDTH, height=60)
        for name, title in kinds
    ]
    states = [
        row | {"begin": milliseconds(row["begin"]), "end": milliseconds(row["end"]), "axis": f"{row['axis']} (latent)"}
        for row in life.states
    ]
    wide = [row for row, whole in zip(states, life.states, strict=True) if _days(whole) >= LONG_ENOUGH]
    middle = [row | {"middle": (row["begin"] + row["end"]) // 2, "dark": row["level"] >= 3} for row in wide]
    rows_ = alt.Y("axis:N", title=None, sort=[f"{one} (latent)" for one in BANDS], axis=alt.Axis(ticks=False))
    bands = alt.layer(
        charted(states)
        .mark_rect(stroke="white")
        .encode(
            x=alt.X("begin:T", scale=time, axis=told),
            x2="end:T",
            y=rows_,
            color=alt.Color("level:O", legend=None, scale=alt.Scale(domain=[0, 1, 2, 3, 4], range=list(SEQUENCE))),
        ),
        charted(middle)
        .mark_text()
        .encode(
            x=alt.X("middle:T", scale=time, axis=told),
            y=rows_,
            text="state:N",
            color=alt.condition("datum.dark", alt.value("white"), alt.value(INK)),
        ),
        rules(told),
    ).properties(width=WIDTH, height=96)
    picture: alt.VConcatChart = alt.vconcat(upper, *bars, bands, spacing=8)
    picture = picture.resolve_scale(color="independent", shape="independent")
    return picture.properties(
        title=titled(
            f"Account {life.account_id}: what it needs comes first, then what it does, then what it buys",
            "use as the tables have it; below, as only truth knows it, how much is needed (darker is more)",
        )
    )


def _heights(days: list[str]) -> list[float]:
    """Where labels go, from the top: one that follows soon after another stands lower."""
    heights: list[float] = []
    for place, day in enumerate(days):
        crowded = place > 0 and milliseconds(day) - milliseconds(days[place - 1]) < ROOM_FOR_LABEL * DAY
        heights.append(heights[-1] - 0.09 if crowded and heights[-1] > LOWEST_LABEL else 1.0)
    return heights


def _days(row: Row) -> int:
    return (milliseconds(row["end"]) - milliseconds(row["begin"])) // DAY
