"""What a brief says, before it is laid out: every sentence of it, in order.

Its words stand in ``signals/fixed_words.yaml``, or are the project's own; here is what is said when. Chances are said
as natural frequencies, with the figure beside them. Under rules alone no chance is said at all.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from uptier.decision.actions import Action
from uptier.explanation.changed import changed_words
from uptier.explanation.frequencies import accounts_in_words, in_words, interval_in_words, percent
from uptier.explanation.recent import recent_words
from uptier.explanation.risk import TOLD_AT_MOST, put_right
from uptier.explanation.turning import turn_words
from uptier.explanation.weights import hundredths, weight_words
from uptier.explanation.words import IN_ENGLISH, Words
from uptier.model.points import MOST_POINTS, RULES

if TYPE_CHECKING:
    from uptier.decision.value import Value
    from uptier.explanation.brief import Brief, Chance
    from uptier.explanation.reasons import Reason

TALKED = ("value", "trend", "decision", "option", "next_step")  # the five parts of a talk
COLUMNS = (39, 22)  # of a chance: what, and how often; other words may need more
FIGURE = 7  # columns, at their right


@dataclass(frozen=True)
class Told:
    """One thing that a brief says, before it is laid out.

    Attributes
    ----------
    style : str
        ``head``, ``today``, ``plain`` (empty between parts), ``labelled`` or ``chance``, a line of columns.
    text : str
        The words.
    label : str
        What stands at their left.
    """

    style: str
    text: str
    label: str = ""


def told(brief: Brief) -> Iterator[Told]:
    """Say all that a brief says, in order.

    Parameters
    ----------
    brief : Brief
        The brief.

    Yields
    ------
    Told
        Words as they came, line breaks of customers included.
    """
    words = brief.words

    def labelled(name: str, text: str) -> Told:
        return Told("labelled", text, words.say(f"labels.{name}"))

    yield Told("head", " ".join(_head(brief)))
    yield Told("today", _today(brief))
    if brief.action is Action.PROTECT and brief.about != "churn":
        yield Told("plain", words.say("today.later"))
    yield Told("plain", "")
    first = brief.reasons.supporting[:1]
    names = ("also", "lowers_it") if brief.about == "churn" else ("also_for", "against")
    sides = (brief.reasons.supporting[len(first) :], brief.reasons.opposing)
    for name, reasons in zip(names, sides, strict=True):
        for reason in reasons:
            yield labelled(name, _reason(reason, words) + _deed(reason, brief, name))
    if brief.base is not None and brief.context is not None:
        yield labelled("in_general", _from_base(brief.base, brief.context, _chance(brief), words))
    for name, text in _risk(brief):
        yield labelled(name, text)
    if brief.sensitivity is not None and brief.sensitivity.turn is not None:
        name = "turned_by" if brief.action is Action.PITCH else "to_move_it"
        yield labelled(name, turn_words(brief.sensitivity.turn, brief.action, words))
    if brief.changed is not None:
        yield labelled("changed", changed_words(brief.changed, words))
    if brief.recent is not None:
        for label, text in recent_words(brief.recent, brief.as_of, words):
            yield Told("labelled", text, label)
    yield from _chances(brief)
    if brief.value is not None and not math.isnan(brief.value.expected_value):
        yield labelled("worth", _worth(brief.value, brief.currency, words))
    yield labelled("rules", _ruled(brief))
    yield labelled("looked_at", _dates(brief))
    yield from _talk(brief)


def _head(brief: Brief) -> Iterator[str]:
    words = brief.words
    parts = [who(brief)]
    if brief.plan:
        parts.append(_plan(brief.plan, words))
    if brief.segment:
        parts.append(brief.segment)
    if brief.owner:
        parts.append(words.say("who.owner", owner=brief.owner))
    chance = _chance(brief)
    tier = words.of_english("tiers", brief.tier)
    standing = _frequency(chance, words) if chance else words.say("opening.by_rules", points=brief.points, tier=tier)
    yield f"{', '.join(parts)}: {standing}."
    if brief.reasons.supporting:
        reason = brief.reasons.supporting[0]
        yield f"{reason.sentence}{_weighing(reason, words)}."
    else:
        yield words.say("opening.nothing_raises" if chance else "opening.nothing_speaks")


def _plan(plan: str, words: Words) -> str:
    before, after = words.say("who.plan", plan="\n").lower().split("\n", 1)
    # "Team plan" is not said to be a plan once more
    named = (before and plan.lower().startswith(before.strip())) or (after and plan.lower().endswith(after.strip()))
    return plan if named else words.say("who.plan", plan=plan)


def who(brief: Brief) -> str:
    """Name an account, by its name and id.

    Parameters
    ----------
    brief : Brief
        The brief.

    Returns
    -------
    str
        ``"Blue Harbour (0417)"``, or ``"Account 0417"`` where it has no name.
    """
    if not brief.account_name:
        return brief.words.say("who.account", id=brief.account_id)
    if brief.account_id in brief.account_name:
        return brief.account_name
    return f"{brief.account_name} ({brief.account_id})"


def _frequency(chance: Chance, words: Words) -> str:
    frequency = in_words(chance.probability, words)
    accounts = words.say("frequencies.here" if chance.pooled else "frequencies.like_this", frequency=frequency)
    between = interval_in_words(chance.probability, chance.interval, words) if chance.interval else ""
    return words.count(
        f"does.{chance.outcome}",
        accounts_in_words(chance.probability),
        accounts=f"{accounts} ({between})" if between else accounts,
        days=chance.days,
        figure=percent(chance.probability, words),
    )


def _today(brief: Brief) -> str:
    words, name = brief.words, brief.action.name.lower()
    offered = f"offers.{brief.about}"
    deed = words.say(f"actions.{name}")
    if brief.action in (Action.PITCH, Action.NURTURE) and words.has(offered):
        deed = words.say(f"today.{name}", offer=words.say(offered))
    days = [
        reason.act_within_days
        for reason in brief.reasons.supporting
        if reason.fired and reason.act_within_days is not None and reason.opens == brief.about
    ]
    hurry = f" {words.count('today.hurry', min(days))}" if days and brief.action is Action.PITCH else ""
    return words.say("today.line", deed=deed, because=words.of_english("because", brief.action_reason)) + hurry


def _reason(reason: Reason, words: Words) -> str:
    return f"{reason.label}: {reason.sentence}{_weighing(reason, words)}."


def _weighing(reason: Reason, words: Words) -> str:
    return "" if reason.points is None else f" ({_weight(reason.points, words)})"


def _deed(reason: Reason, brief: Brief, side: str) -> str:
    """Tell what can be acted on from what only explains, where it speaks against an upsell."""
    helping = {} if brief.sensitivity is None or side != "against" else brief.sensitivity.raising
    deed = next((helping[name] for name in reason.signals if name in helping), "")
    return f" {brief.words.say('reasons.deed', deed=deed)}" if deed else ""


def _risk(brief: Brief) -> Iterator[tuple[str, str]]:
    calming = {} if brief.sensitivity is None else brief.sensitivity.calming
    risk, reasons = brief.risk, brief.reasons.supporting
    if risk is not None:
        reasons = risk.reasons
        chance = next((one for one in brief.chances if one.outcome == risk.outcome), None)
        if chance is not None and reasons:
            said = ". ".join(reason.sentence for reason in reasons[:TOLD_AT_MOST])
            yield "risk", f"{_frequency(chance, brief.words)}. {said}."
    if (risk is not None and risk.high) or brief.about == "churn":
        deeds = put_right(reasons, calming)
        if deeds:
            yield "put_right", f"{deeds}."


def _weight(points: float, words: Words) -> str:
    whole = hundredths(points)
    return weight_words(whole, words) if whole else words.say("weights.little")


def _from_base(base: float, context: float, chance: Chance | None, words: Words) -> str:
    moved = base + context
    final = moved if chance is None else chance.probability
    possible = 0 <= moved <= 1
    of = 100 if min(base, final, moved if possible else base) >= 0.01 else 1000
    begins, goes, ends = (f"{share * of:.0f}" for share in (base, moved, final))
    within = words.number(f"{of:,}")
    if not possible:
        # on its own the context may lead past certainty; only with the reasons is it a chance again
        return words.say("general.weighed", base=begins, of=within, weight=_weight(context, words), final=ends)
    if goes == begins:
        return words.say("general.unmoved", base=begins, of=within, final=ends)
    return words.say("general.moved", base=begins, of=within, moved=goes, final=ends)


def _chance(brief: Brief) -> Chance | None:
    return next((chance for chance in brief.chances if chance.outcome == brief.about), None)


def _chances(brief: Brief) -> Iterator[Told]:
    words, label = brief.words, brief.words.say("labels.chances")
    rows = [
        (
            words.say(f"chances.{chance.outcome}", days=chance.days),
            in_words(chance.probability, words),
            percent(chance.probability, words),
            f"  {words.say('chances.pooled')}" if chance.pooled else "",
        )
        for chance in brief.chances
    ]
    doing, often = (max([least, *(len(row[at]) + 1 for row in rows)]) for at, least in enumerate(COLUMNS))
    for number, (what, frequency, share, pooled) in enumerate(rows):
        line = f"{what:<{doing}}{frequency:<{often}}{share:>{FIGURE}}{pooled}"
        yield Told("chance", line, "" if number else label)
    if not brief.chances:
        yield Told("labelled", words.say("chances.none"), label)


def _worth(value: Value, currency: str, words: Words) -> str:
    return words.say(
        "worth.brings" if value.expected_value >= 0 else "worth.costs",
        upsell=words.say(f"upsells.{value.upsell}"),
        gain=words.money(value.gain_arr, currency),
        arr=words.money(value.arr, currency),
        value=words.money(abs(value.expected_value), currency),
        share=words.share(f"{value.incrementality * 100:.0f}"),
    )


def _ruled(brief: Brief) -> str:
    words = brief.words
    tier = words.of_english("tiers", brief.tier)
    said = words.say("points.standing", points=brief.points, most=MOST_POINTS, tier=tier)
    held = f": {'; '.join(brief.rules)}" if brief.rules else ""
    unknown = words.count("points.unknown", brief.unknown_rules, of=len(RULES)) if brief.unknown_rules else ""
    return f"{said}{held}{f' {unknown}' if unknown else ''}."


def _dates(brief: Brief) -> str:
    words = brief.words
    said = words.say("looked_at.until", day=words.day(brief.as_of), until=words.day(brief.expires_on))
    ages = [_age(brief, source, newest) for source, newest in brief.sources.items()]
    return f"{said}; {', '.join(ages)}." if ages else f"{said}."


def _age(brief: Brief, source: str, newest: dt.date | None) -> str:
    words, key = brief.words, f"sources.{source}"
    named = words.say(key) if words.has(key) else source.replace("_", " ")
    if newest is None:
        return words.say("looked_at.unknown", source=named)
    return words.count("looked_at.age", (brief.as_of - newest).days, source=named)


def _talk(brief: Brief) -> Iterator[Told]:
    talk, words = brief.talk, brief.words
    if talk is None:
        return
    yield Told("plain", "")
    yield Told("head", words.say("talk.head", name=talk.name))
    yield Told("labelled", talk.speak_to, words.say("labels.with"))
    parts = (talk.value, talk.trend, talk.continuity, talk.option, talk.next_step)
    for number, (name, said) in enumerate(zip(TALKED, parts, strict=True), start=1):
        yield Told("labelled", said, f"{number} {words.say(f'talk_labels.{name}')}")


def day_of(day: dt.date) -> str:
    """Say a date in English, where no project's words are known.

    Parameters
    ----------
    day : date
        The date.

    Returns
    -------
    str
        ``"1 March 2026"``.
    """
    return IN_ENGLISH.day(day)
