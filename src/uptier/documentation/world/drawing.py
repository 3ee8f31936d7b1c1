"""Pieces that all pictures are drawn with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uptier.documentation.world.figures import Row
from uptier.documentation.world.svg import BLUE, GREEN, ORANGE

if TYPE_CHECKING:
    import altair as alt

WORDS = {
    "seat_expansion": "More seats",
    "plan_upgrade": "A higher plan",
    "add_on": "An add-on",
    "churn": "Leaving",
    "": "All types",
    "upsold": "After an upsell",
    "timed": "After a well-timed one",
    "pushed": "After a pushed one",
    "everybody": "Everybody in those months",
}
COLOURS = {"seat_expansion": BLUE, "plan_upgrade": ORANGE, "add_on": GREEN}
PERCENT = "format(datum.value * 100, '.3~g') + ' %'"


def charted(rows: list[Row]) -> alt.Chart:
    """Begin a chart.

    Parameters
    ----------
    rows : list of dict
        What is drawn.

    Returns
    -------
    Chart
        Without a mark.
    """
    import altair as alt

    return alt.Chart(alt.InlineData(values=rows))


def coloured(field: str, colours: dict[str, str], title: str | None, other: str | None = None) -> alt.Color:
    """Give things their colours.

    Parameters
    ----------
    field : str
        Name of what they are told apart by.
    colours : dict of str to str
        Colour by name.
    title : str or None
        Of the legend.
    other : str, optional
        Colour of `both`.

    Returns
    -------
    Color
        For an encoding.
    """
    import altair as alt

    known = colours | ({"both": other} if other else {})
    return alt.Color(f"{field}:N", title=title, scale=alt.Scale(domain=list(known), range=list(known.values())))


def labelled(shown: bool) -> alt.Axis:
    """Give an axis of names, with or without them.

    Parameters
    ----------
    shown : bool
        Whether the names stand there.

    Returns
    -------
    Axis
        Without a line.
    """
    import altair as alt

    return alt.Axis(labels=shown, ticks=False, domain=False)


def few_ticks(*, percent: bool = False) -> alt.Axis:
    """Give an axis for a low panel.

    Parameters
    ----------
    percent : bool, optional
        Whether shares are told in percent.

    Returns
    -------
    Axis
        With few ticks.
    """
    import altair as alt

    return alt.Axis(tickCount=3, labelExpr=PERCENT) if percent else alt.Axis(tickCount=3)


def titled(text: str, more: str) -> alt.TitleParams:
    """Give a picture its title.

    Parameters
    ----------
    text : str
        What is to be seen.
    more : str
        How it was made.

    Returns
    -------
    TitleParams
        In two lines.
    """
    import altair as alt

    return alt.TitleParams(text=text, subtitle=more)


def small_title(text: str) -> alt.TitleParams:
    """Give a panel its title.

    Parameters
    ----------
    text : str
        What it shows.

    Returns
    -------
    TitleParams
        Smaller than that of a picture.
    """
    import altair as alt

    return alt.TitleParams(text=text, fontSize=12, offset=4)


def milliseconds(day: str) -> int:
    """Count milliseconds, as vega does: a text would be read in the time zone of the machine.

    Parameters
    ----------
    day : str
        As ``2025-12-31``.

    Returns
    -------
    int
        Since 1970.
    """
    import numpy as np

    return int(np.datetime64(day, "ms").astype(np.int64))
