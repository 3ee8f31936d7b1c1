"""Breakers that need no last time: what no list may be, the first one neither."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from uptier.breaker_settings import BreakerSettings
from uptier.decision.actions import Action
from uptier.monitoring.finding import Finding, beyond, percent, some
from uptier.settings import CONVERSIONS

Summary = Mapping[str, Any]


def by_itself(
    now: Summary, settings: BreakerSettings, ages: Mapping[str, int | None], today: dt.date | None
) -> Iterator[Finding]:
    """Hold a list against what no list may be.

    Parameters
    ----------
    now : mapping of str to object
        As from :func:`uptier.monitoring.summary.summary`.
    settings : BreakerSettings
        The bounds.
    ages : mapping of str to int or None
        Age of the newest row by table, days; None where a table has none.
    today : date or None
        The day on which it would leave; None to ask no such thing.

    Yields
    ------
    Finding
        What lies beyond its bound.
    """
    if today is not None and now["expires_on"] is not None and today.isoformat() > now["expires_on"]:
        yield Finding(
            code="expired",
            found=f"the list of {now['as_of']} was good until {now['expires_on']}",
            bound=f"today is {today} (scoring.expires_after_days)",
            look="See why no newer one was written: the log of the last 'uptier score'.",
        )
    yield from _old(settings, ages)
    if now["rows"] < settings.rows_at_least:
        yield Finding(
            code="rows-few",
            found=f"{now['rows']:,} accounts",
            bound=f"at least {settings.rows_at_least:,} (breakers.rows_at_least)",
            look="See whether the subscriptions are loaded and run at this date: 'uptier check' counts them.",
        )
    if not now["rows"]:
        return  # nothing else can be said of nobody
    if now["accounts"] < now["rows"]:
        yield Finding(
            code="accounts-doubled",
            found=f"{now['rows']:,} rows about {now['accounts']:,} accounts",
            bound="one row for each account",
            look="See whether the accounts table has an account twice, or an identity names two.",
        )
    yield from _nobody(now)
    yield from _lacking(now, settings)
    yield from _alike(now, settings)


def _old(settings: BreakerSettings, ages: Mapping[str, int | None]) -> Iterator[Finding]:
    bounds = {table: settings.oldest(table) for table in ages}
    old = {
        table: ("has no rows" if age is None else f"{age:,} days", bound)
        for table, age in ages.items()
        if (bound := bounds[table]) is not None and (age is None or age > bound)
    }
    if old:
        allowed = ", ".join(f"{table} {bound:,} days" for table, (_, bound) in old.items())
        yield Finding(
            code="data-old",
            found=f"the newest rows are old: {some({table: said for table, (said, _) in old.items()})}",
            bound=f"at most {allowed} (breakers.age_days)",
            look="See whether the load of these tables still runs, and whether this is last month's copy.",
            about=tuple(old),
        )


def _nobody(now: Summary) -> Iterator[Finding]:
    if set(now["actions"]) <= {Action.LEAVE.value}:
        yield Finding(
            code="nobody-to-contact",
            found=f"of {now['rows']:,} accounts all are to be left alone",
            bound="at least one to pitch to, nurture or protect",
            look="See why in action_reason of the scorecard: costs, gains, open opportunities, signals that are gone.",
        )
    worklist = now["worklist"]
    if worklist is not None and not worklist["listed"]:
        yield Finding(
            code="worklist-empty",
            found=f"{worklist['open']:,} of {worklist['rows']:,} rows are open, and none is on a CSM's list",
            bound="at least one row on a list",
            look="See in the worklist what holds accounts back, and worklist.capacity.",
        )


def _lacking(now: Summary, settings: BreakerSettings) -> Iterator[Finding]:
    available = {name: rate for name, rate in now["null_rates"].items() if name not in set(now["unavailable"])}
    gone = {name: "" for name, rate in available.items() if rate == 1}
    share = len(gone) / len(available) if available else 0.0
    if beyond(share, settings.signals_lacking):
        yield Finding(
            code="signals-lacking",
            found=f"{len(gone)} of {len(available)} signals are known of no account, {percent(share)}",
            bound=f"at most {percent(settings.signals_lacking)} (breakers.signals_lacking)",
            look="See which tables are empty or end early ('uptier check'), and whether their ids still match.",
            about=tuple(gone),
        )
    none = {name: one["lacking"] for name, one in now["chances"].items()}
    none = {name: rate for name, rate in _worst_first(none) if beyond(rate, settings.chances_lacking)}
    if none:
        yield Finding(
            code="chances-lacking",
            found=f"accounts without a chance that the model should give: {_shares(none)}",
            bound=f"at most {percent(settings.chances_lacking)} (breakers.chances_lacking)",
            look="See whether the champion is the one that was trained, and the log of the scoring run.",
            about=tuple(none),
        )


def _alike(now: Summary, settings: BreakerSettings) -> Iterator[Finding]:
    spreads = {name: one["spread"] for name, one in now["chances"].items() if one["spread"] is not None}
    if now["by_rules"] and now["points"]["spread"] is not None:
        spreads = {"points": now["points"]["spread"]}
    alike = {name: f"{spread:.3f}" for name, spread in spreads.items() if beyond(settings.spread, spread)}
    if alike:
        yield Finding(
            code="scores-alike",
            found=f"accounts are scored alike; standard deviation over mean: {some(alike)}",
            bound=f"at least {settings.spread:g} (breakers.spread)",
            look="See whether signals are the same for all accounts, and what the model card says of these heads.",
            about=tuple(alike),
        )
    means = {name: now["chances"][name]["mean"] for name in CONVERSIONS if now["chances"][name]["mean"] is not None}
    high = {name: mean for name, mean in _worst_first(means) if beyond(mean, settings.mean_chance)}
    if high:
        yield Finding(
            code="chances-high",
            found=f"mean chance of an upsell: {_shares(high)}",
            bound=f"at most {percent(settings.mean_chance)} (breakers.mean_chance)",
            look="See the base rates in the model card, and whether signals have the units they were trained with.",
            about=tuple(high),
        )


def _worst_first(rates: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(rates.items(), key=lambda one: (-one[1], one[0]))


def _shares(rates: Mapping[str, float]) -> str:
    return some({name: percent(rate) for name, rate in rates.items()})
