"""Pictures of an account's trends, as SVG that stands within a page: no script, nothing loaded, light and dark.

What a picture looks like stands in :mod:`uptier.explanation.picture_forms`; here it gets its figures, its title and
words that say the same to whoever does not see it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from uptier.explanation.brief_words import day_of
from uptier.explanation.picture_forms import KINDS, SEATS, USERS, drawn
from uptier.explanation.trends import GateTrend, GateWeek, MeterTrend, SeatTrend, Trends

Drawn = dict[str, list[dict[str, object]]]
DAY, WEEK = dt.timedelta(days=1), dt.timedelta(days=7)


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes
    ----------
    title : str
        What it shows.
    words : str
        The same in words.
    svg : str
        An element for a page; title and words are in it.
    """

    title: str
    words: str
    svg: str


def pictures(trends: Trends) -> Iterator[Picture]:
    """Draw an account's trends.

    Parameters
    ----------
    trends : Trends
        The series.

    Yields
    ------
    Picture
        Of users and seats, of meters and of gates; none where nothing is known.
    """
    if trends.seats is not None:
        yield _of_seats(trends.seats)
    if trends.meters:
        yield _of_meters(trends.meters)
    if trends.gates is not None:
        yield _of_gates(trends.gates)


def _of_seats(trend: SeatTrend) -> Picture:
    title = "Active users and seats, by 28 days"
    first, last = trend.points[0], trend.points[-1]
    words = f"{last.users} users were active in the 28 days to {day_of(last.day)}"
    if last.seats is not None:
        words += f"; the licence covers {last.seats:,.0f} seats"
    if first is not last:
        words += f". In the 28 days to {day_of(first.day)} it was {first.users}"
        words += "" if first.seats is None or first.seats == last.seats else f" of {first.seats:,.0f} seats"
    ahead = []
    if trend.full_on is not None and last.seats is not None:
        words += f". At the pace of the last four months the seats are full on {day_of(trend.full_on)}"
        ahead = [_at(last.day, USERS, last.users), _at(trend.full_on, USERS, last.seats)]
    held = [_at(point.day, SEATS, point.seats) for point in trend.points if point.seats is not None]
    if ahead and held:
        held.append(_at(trend.full_on or last.day, SEATS, last.seats or 0.0))
    data: Drawn = {
        "users": [_at(point.day, USERS, point.users) for point in trend.points],
        "seats": held,
        "ahead": ahead,
    }
    return _picture("seats", data, title, f"{words}.")


def _of_meters(meters: tuple[MeterTrend, ...]) -> Picture:
    title = "Meters against their quota, by 28 days"
    said = []
    for trend in meters:
        first, last = trend.points[0], trend.points[-1]
        stands = f"{_figure(last.value)} of {_figure(last.quota)} on {day_of(last.day)}, {_percent(last.share)}"
        words = f"{_name(trend.meter)}: {stands}"
        said.append(words if first is last else f"{words}; it was {_percent(first.share)} on {day_of(first.day)}")
    data: Drawn = {
        "readings": [_at(point.day, _name(one.meter), point.share) for one in meters for point in one.points],
        "quota": [{"value": 1.0}],
    }
    return _picture("meters", data, title, f"{'. '.join(said)}.")


def _of_gates(trend: GateTrend) -> Picture:
    title = "Gates and limits of the plan that were met, by week"
    totals = [sum(week.times[place] for week in trend.weeks) for place in range(len(trend.kinds))]
    met = ", ".join(f"{KINDS[kind]} {_times(total)}" for kind, total in zip(trend.kinds, totals, strict=True))
    together = f"{trend.least} or more within {trend.span_days} days"
    if trend.clusters:
        last = trend.clusters[-1]
        when = f"on {day_of(last.last)}" if last.first == last.last else f"{day_of(last.first)} to {day_of(last.last)}"
        count = "1 cluster" if len(trend.clusters) == 1 else f"{len(trend.clusters)} clusters"
        title += f"; shaded: {together}"
        clustered = f"{count} of {together}, shaded; the last {when}, {_times(last.times)}"
    else:
        clustered = f"No cluster of {together}"
    data: Drawn = {
        "weeks": [bar for week in trend.weeks for bar in _bars(week, trend)],
        "clusters": [_span(max(one.first, trend.weeks[0].begins), one.last + DAY) for one in trend.clusters],
    }
    return _picture("gates", data, title, f"In the {len(trend.weeks)} weeks: {met}. {clustered}.")


def _bars(week: GateWeek, trend: GateTrend) -> Iterator[dict[str, object]]:
    low = 0
    for kind, times in zip(trend.kinds, week.times, strict=True):
        # a bar of no height says up to where the weeks go
        if times or week in (trend.weeks[0], trend.weeks[-1]):
            span = _span(week.begins, week.begins + WEEK)
            yield {**span, "kind": KINDS[kind], "low": low, "high": low + times}
        low += times


def _span(first: dt.date, until: dt.date) -> dict[str, object]:
    return {"from": f"{first:%Y-%m-%d}", "to": f"{until:%Y-%m-%d}"}


def _picture(form: str, data: Drawn, title: str, words: str) -> Picture:
    return Picture(title, words, drawn(form, data, title, words))


def _at(day: dt.date, series: str, value: float) -> dict[str, object]:
    return {"day": f"{day:%Y-%m-%d}", "series": series, "value": value}


def _name(meter: str) -> str:
    clean = "".join(letter if letter.isprintable() else " " for letter in meter)
    return " ".join(clean.replace("_", " ").split())


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _figure(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
