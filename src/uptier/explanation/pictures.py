"""Pictures of an account's trends, as SVG that stands within a page: no script, nothing loaded, light and dark.

What a picture looks like stands in :mod:`uptier.explanation.picture_forms`; here it gets its figures, its title and
words that say the same to whoever does not see it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from uptier.explanation.picture_forms import drawn
from uptier.explanation.trends import GateTrend, GateWeek, MeterTrend, SeatTrend, Trends
from uptier.explanation.words import IN_ENGLISH, Words

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


def pictures(trends: Trends, words: Words = IN_ENGLISH) -> Iterator[Picture]:
    """Draw an account's trends.

    Parameters
    ----------
    trends : Trends
        The series.
    words : Words
        The project's.

    Yields
    ------
    Picture
        Of users and seats, of meters and of gates; none where nothing is known.
    """
    if trends.seats is not None:
        yield _of_seats(trends.seats, words)
    if trends.meters:
        yield _of_meters(trends.meters, words)
    if trends.gates is not None:
        yield _of_gates(trends.gates, words)


def _of_seats(trend: SeatTrend, words: Words) -> Picture:
    first, last = trend.points[0], trend.points[-1]
    users, seats = words.say("axes.users"), words.say("axes.seats")
    said = words.count("pictures.users", last.users, day=words.day(last.day))
    if last.seats is not None:
        held = words.number(f"{last.seats:,.0f}")
        said += f"; {words.count('pictures.licence', round(last.seats), count=held)}"
    if first is not last:
        then = {"day": words.day(first.day), "users": first.users}
        said += ". " + (
            words.say("pictures.before", **then)
            if first.seats is None or first.seats == last.seats
            else words.say("pictures.before_of", **then, seats=words.number(f"{first.seats:,.0f}"))
        )
    ahead = []
    if trend.full_on is not None and last.seats is not None:
        said += f". {words.say('pictures.full_on', day=words.day(trend.full_on))}"
        ahead = [_at(last.day, users, last.users), _at(trend.full_on, users, last.seats)]
    ceiling = [_at(point.day, seats, point.seats) for point in trend.points if point.seats is not None]
    if ahead and ceiling:
        ceiling.append(_at(trend.full_on or last.day, seats, last.seats or 0.0))
    data: Drawn = {
        "users": [_at(point.day, users, point.users) for point in trend.points],
        "seats": ceiling,
        "ahead": ahead,
    }
    return _picture("seats", data, words.say("pictures.seats"), f"{said}.", words)


def _of_meters(meters: tuple[MeterTrend, ...], words: Words) -> Picture:
    told = []
    for trend in meters:
        first, last = trend.points[0], trend.points[-1]
        stands = words.say(
            "pictures.meter",
            value=words.number(_figure(last.value)),
            quota=words.number(_figure(last.quota)),
            day=words.day(last.day),
            share=_percent(last.share, words),
        )
        said = f"{_name(trend.meter)}: {stands}"
        if first is not last:
            before = {"share": _percent(first.share, words), "day": words.day(first.day)}
            said += f"; {words.say('pictures.meter_before', **before)}"
        told.append(said)
    data: Drawn = {
        "readings": [_at(point.day, _name(one.meter), point.share) for one in meters for point in one.points],
        "quota": [{"value": 1.0}],
    }
    return _picture("meters", data, words.say("pictures.meters"), f"{'. '.join(told)}.", words)


def _of_gates(trend: GateTrend, words: Words) -> Picture:
    title = words.say("pictures.gates")
    totals = [sum(week.times[place] for week in trend.weeks) for place in range(len(trend.kinds))]
    met = ", ".join(
        f"{words.say(f'kinds.{kind}')} {_times(total, words)}" for kind, total in zip(trend.kinds, totals, strict=True)
    )
    together = words.say("pictures.together", least=trend.least, days=trend.span_days)
    if trend.clusters:
        last = trend.clusters[-1]
        first, until = words.day(last.first), words.day(last.last)
        when = (
            words.say("pictures.one_day", day=until)
            if first == until
            else words.say("pictures.span", first=first, last=until)
        )
        title += f"; {words.say('pictures.shaded', together=together)}"
        clustered = words.count(
            "pictures.clusters", len(trend.clusters), together=together, when=when, times=_times(last.times, words)
        )
    else:
        clustered = words.say("pictures.no_cluster", together=together)
    data: Drawn = {
        "weeks": [bar for week in trend.weeks for bar in _bars(week, trend, words)],
        "clusters": [_span(max(one.first, trend.weeks[0].begins), one.last + DAY) for one in trend.clusters],
    }
    said = f"{words.say('pictures.met', weeks=len(trend.weeks), met=met)} {clustered}."
    return _picture("gates", data, title, said, words)


def _bars(week: GateWeek, trend: GateTrend, words: Words) -> Iterator[dict[str, object]]:
    low = 0
    for kind, times in zip(trend.kinds, week.times, strict=True):
        # a bar of no height says up to where the weeks go
        if times or week in (trend.weeks[0], trend.weeks[-1]):
            span = _span(week.begins, week.begins + WEEK)
            yield {**span, "kind": words.say(f"kinds.{kind}"), "low": low, "high": low + times}
        low += times


def _span(first: dt.date, until: dt.date) -> dict[str, object]:
    return {"from": f"{first:%Y-%m-%d}", "to": f"{until:%Y-%m-%d}"}


def _picture(form: str, data: Drawn, title: str, told: str, words: Words) -> Picture:
    return Picture(title, told, drawn(form, data, title, told, words))


def _at(day: dt.date, series: str, value: float) -> dict[str, object]:
    return {"day": f"{day:%Y-%m-%d}", "series": series, "value": value}


def _name(meter: str) -> str:
    clean = "".join(letter if letter.isprintable() else " " for letter in meter)
    return " ".join(clean.replace("_", " ").split())


def _times(count: int, words: Words) -> str:
    return words.count("pictures.times", count, count=words.number(f"{count:,}"))


def _figure(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")


def _percent(share: float, words: Words) -> str:
    return words.share(f"{share * 100:.0f}")
