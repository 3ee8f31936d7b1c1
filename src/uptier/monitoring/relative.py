"""Breakers that hold a list against the last one that was delivered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from uptier.breaker_settings import BreakerSettings
from uptier.monitoring.finding import Finding, beyond, percent, some
from uptier.monitoring.stability import chance_stability, stability

Summary = Mapping[str, Any]


def against_last(
    now: Summary,
    before: Summary,
    settings: BreakerSettings,
    ages: Mapping[str, int | None],
    moved: Mapping[str, Any] | None,
) -> Iterator[Finding]:
    """Hold a list against the last one that was delivered.

    Chances and actions are held against those of the same model version alone: a new champion's differ, and are told
    by :func:`uptier.monitoring.comparing.told_champion` instead.

    Parameters
    ----------
    now : mapping of str to object
        As from :func:`uptier.monitoring.summary.summary`.
    before : mapping of str to object
        That of the last list.
    settings : BreakerSettings
        The bounds.
    ages : mapping of str to int or None
        Age of the newest row by table, days; None where a table has none.
    moved : mapping of str to object, or None
        As from :func:`uptier.monitoring.comparing.compared`; None where the last scorecard is gone. How many accounts
        changed is then taken from the shares of both lists: so many did at the least.

    Yields
    ------
    Finding
        What lies beyond its bound.
    """
    if now["as_of"] is not None and before["as_of"] is not None and now["as_of"] < before["as_of"]:
        yield Finding(
            code="older-than-last",
            found=f"this list looks from {now['as_of']}",
            bound=f"not before the last one that was delivered, of {before['as_of']}",
            look="See which scorecard is meant: a newer one was delivered already.",
        )
    yield from _aged(before, settings, ages)
    yield from _rows("rows", "accounts", now["rows"], before["rows"], settings.rows_lost, settings.rows_gained)
    listed, last_listed = now["worklist"], before["worklist"]
    if listed is not None and last_listed is not None:
        lost, gained = settings.worklist_lost, settings.worklist_gained
        yield from _rows("worklist", "open rows of the worklist", listed["open"], last_listed["open"], lost, gained)
    if not now["rows"]:
        return  # nothing else can be said of nobody
    yield from _nulls(now, before, settings)
    yield from _changed("tier", "accounts", now["tiers"], before["tiers"], settings.tier_changed, moved)
    if now["model_version"] == before["model_version"]:
        yield from _changed("action", "accounts", now["actions"], before["actions"], settings.action_changed, moved)
        if listed is not None and last_listed is not None and listed["open"] and last_listed["open"]:
            tiers, last_tiers = listed["tiers"], last_listed["tiers"]
            yield from _changed("tier", "worklist's open rows", tiers, last_tiers, settings.tier_changed, None)
        yield from _drift(now, before, settings)
    elif now["model_version"] is None:
        yield Finding(
            code="champion-gone",
            found="these scores come from rules",
            bound=f"last time they came from version {before['model_version']} of the model",
            look="See 'uptier history' for why no version is the champion, and whether the registry answers.",
        )


def _aged(before: Summary, settings: BreakerSettings, ages: Mapping[str, int | None]) -> Iterator[Finding]:
    # what has no rows now and had some is as if infinitely old
    known = {table: age for table, age in before["ages"].items() if age is not None and table in ages}
    risen = {table: _risen(ages[table], age) for table, age in known.items()}
    aged = {
        table: "has no rows any more" if ages[table] is None else f"{ages[table]:,} days, {known[table]:,} last time"
        for table in sorted(risen, key=lambda one: (-risen[one], one))
        if risen[table] > settings.age_risen_days
    }
    if aged:
        yield Finding(
            code="data-stands-still",
            found=f"the newest rows are much older than last time: {some(aged)}",
            bound=f"at most {settings.age_risen_days:,} days more (breakers.age_risen_days)",
            look="See whether the load of these tables still runs.",
            about=tuple(aged),
        )


def _risen(age: int | None, before: int) -> float:
    return float("inf") if age is None else age - before


def _rows(code: str, what: str, now: int, before: int, may_lose: float, may_gain: float) -> Iterator[Finding]:
    if not before:
        return
    lost, gained = (before - now) / before, (now - before) / before
    counts = f"{now:,} {what}, {before:,} last time"
    if beyond(lost, may_lose):
        yield Finding(
            code=f"{code}-lost",
            found=f"{counts}, {percent(lost)} less",
            bound=f"at most {percent(may_lose)} less (breakers.{code}_lost)",
            look="See whether a table was loaded in part, which accounts are gone, and what holds them back.",
        )
    if beyond(gained, may_gain):
        yield Finding(
            code=f"{code}-gained",
            found=f"{counts}, {percent(gained)} more",
            bound=f"at most {percent(may_gain)} more (breakers.{code}_gained)",
            look="See which accounts are new: trials, tests, another region, or the same ones under other ids.",
        )


def _nulls(now: Summary, before: Summary, settings: BreakerSettings) -> Iterator[Finding]:
    then = before["null_rates"]
    risen = {name: rate - then[name] for name, rate in now["null_rates"].items() if name in then}
    worst = sorted((name for name in risen if beyond(risen[name], settings.nulls_risen)), key=lambda one: -risen[one])
    if worst:
        told = {name: f"{percent(now['null_rates'][name])}, {percent(then[name])} last time" for name in worst}
        yield Finding(
            code="nulls-risen",
            found=f"accounts that lack a signal: {some(told)}",
            bound=f"at most {percent(settings.nulls_risen)} of the accounts more (breakers.nulls_risen)",
            look="See in docs/signals.md which tables these need, and whether they are filled: 'uptier check'.",
            about=tuple(worst),
        )


def _changed(
    what: str,
    who: str,
    now: Mapping[str, float],
    before: Mapping[str, float],
    bound: float,
    moved: Mapping[str, Any] | None,
) -> Iterator[Finding]:
    share = None if moved is None else moved[f"{what}_changed"]
    least = ""
    if share is None:
        # the total variation distance: so many must have moved for one list's shares to become the other's
        share = sum(abs(now.get(name, 0.0) - before.get(name, 0.0)) for name in {*now, *before}) / 2
        least = " at the least"
    if beyond(share, bound):
        yield Finding(
            code=f"{what}-changed",
            found=f"{percent(share)} of the {who} have another {what} than last time{least}",
            bound=f"at most {percent(bound)} (breakers.{what}_changed)",
            look=f"See which way they went ({_went(now, before)}), and which signals moved with them.",
        )


def _went(now: Mapping[str, float], before: Mapping[str, float]) -> str:
    names = sorted({*now, *before})
    return ", ".join(f"{name} {percent(before.get(name, 0.0))} to {percent(now.get(name, 0.0))}" for name in names)


def _drift(now: Summary, before: Summary, settings: BreakerSettings) -> Iterator[Finding]:
    indexes, bounds = {}, {}
    for outcome, one in now["chances"].items():
        today, then = one["histogram"], before["chances"].get(outcome, {}).get("histogram", {})
        if not today or not then:
            continue  # what is gone altogether is lacking, or there was no model
        bounds[outcome] = max(settings.score_drift, chance_stability(today, then))
        indexes[outcome] = stability(today, then)
    beyond_bound = [name for name in indexes if beyond(indexes[name], bounds[name])]
    worst = sorted(beyond_bound, key=lambda name: -indexes[name])
    if worst:
        told = {
            name: f"{indexes[name]:.2f} (mean {percent(before['chances'][name]['mean'])} to "
            f"{percent(now['chances'][name]['mean'])})"
            for name in worst
        }
        allowed = ", ".join(f"{name} {bounds[name]:.2f}" for name in worst)
        yield Finding(
            code="score-drift",
            found=f"chances lie elsewhere than last time; population stability index: {some(told)}",
            bound=f"at most {allowed} (breakers.score_drift, or what so few accounts give by chance)",
            look="See which signals moved, with the same model: a changed unit, a new source, or the market itself.",
            about=tuple(worst),
        )
