"""What a brief says, before it is laid out: every sentence of it, in order.

Chances are said as natural frequencies ("about 5 in 10 accounts like this"), which people judge better than bare
percentages (Gigerenzer and Hoffrage, How to Improve Bayesian Reasoning Without Instruction, 1995), with the figure
beside them. Under rules alone no chance is said at all.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from uptier.decision.actions import WORDS, Action
from uptier.explanation.recent import recent_words
from uptier.explanation.risk import TOLD_AT_MOST, put_right
from uptier.explanation.turning import turn_words
from uptier.model.points import MOST_POINTS, RULES

if TYPE_CHECKING:
    from uptier.decision.value import Value
    from uptier.explanation.brief import Brief, Chance
    from uptier.explanation.changed import Chances, Changed
    from uptier.explanation.reasons import Reason

CHANGES_AT_MOST = 3  # families whose change is said; the others are one sum
MOST_ACCOUNTS = 1000  # that a frequency is said out of
TALKED = ("value", "trend", "decision", "option", "next step")  # the five parts of a talk

# What accounts do, after "accounts like this" and after "1 in 10 accounts like this".
DOING = {
    "seat_expansion": ("add seats", "adds seats"),
    "plan_upgrade": ("move to a higher plan", "moves to a higher plan"),
    "add_on": ("buy an add-on", "buys an add-on"),
    "churn": ("leave", "leaves"),
    "post_upsell_churn": ("leave after an upsell", "leaves after an upsell"),
}


def in_words(probability: float) -> str:
    """Say a probability as a natural frequency.

    Parameters
    ----------
    probability : float
        Share, 0 to 1.

    Returns
    -------
    str
        To the nearest tenth, hundredth or thousandth, whichever is the first that is not 0.

    Examples
    --------
    >>> in_words(0.523), in_words(0.0444), in_words(0.002), in_words(0.0001), in_words(0.97)
    ('about 5 in 10', 'about 4 in 100', 'about 2 in 1,000', 'fewer than 1 in 1,000', 'more than 9 in 10')
    """
    if probability >= 0.95:
        return "more than 9 in 10"
    hundredths = math.floor(probability * 100 + 0.5)
    if hundredths >= 10:
        return f"about {math.floor(probability * 10 + 0.5)} in 10"
    thousandths = math.floor(probability * 1000 + 0.5)
    if thousandths >= 10:
        return f"about {hundredths} in 100"
    if thousandths:
        return f"about {thousandths} in 1,000"
    return "fewer than 1 in 1,000"


def interval_in_words(probability: float, interval: tuple[float, float]) -> str:
    """Say the interval of a probability as natural frequencies.

    Parameters
    ----------
    probability : float
        Share, 0 to 1.
    interval : tuple of float
        Low and high, shares.

    Returns
    -------
    str
        Out of as many as :func:`in_words` says, or of more where the low end would read as none, rounded outwards;
        where it does not hold the probability, it says that this is what the tests showed. Empty where :func:`in_words`
        names no figure.

    Examples
    --------
    >>> interval_in_words(0.523, (0.44, 0.58)), interval_in_words(0.0444, (0.021, 0.07))
    ('4 to 6 in 10', '2 to 7 in 100')
    >>> interval_in_words(0.523, (0.31, 0.4)), interval_in_words(0.13, (0.08, 0.151)), interval_in_words(0.97, (0.9, 1))
    ('3 to 4 in 10 when tested', '8 to 16 in 100', '')
    """
    said = in_words(probability)
    if not said.startswith("about"):
        return ""
    of = int(said.rpartition(" ")[2].replace(",", ""))
    while of < MOST_ACCOUNTS and 0 < interval[0] * of < 1:
        of *= 10
    # 3.0000001 tenths are 3
    low, high = math.floor(interval[0] * of + 1e-6), math.ceil(interval[1] * of - 1e-6)
    tested = "" if interval[0] <= probability <= interval[1] else " when tested"
    figures = f"{low} to {high}" if low < high else str(low)
    return f"{figures} in {of:,}{tested}"


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
    yield Told("head", " ".join(_head(brief)))
    yield Told("today", f"Today: {_today(brief)}")
    if brief.action is Action.PROTECT and brief.about != "churn":
        yield Told("plain", "What follows is about the upsell, for when that is put right.")
    yield Told("plain", "")
    first = brief.reasons.supporting[:1]
    labels = ("also", "lowers it") if brief.about == "churn" else ("also for", "against")
    sides = (brief.reasons.supporting[len(first) :], brief.reasons.opposing)
    for label, reasons in zip(labels, sides, strict=True):
        for reason in reasons:
            yield Told("labelled", _told(reason) + _deed(reason, brief, label), label)
    if brief.base is not None and brief.context is not None:
        yield Told("labelled", _from_base(brief.base, brief.context, _chance(brief)), "in general")
    yield from _risk(brief)
    if brief.sensitivity is not None and brief.sensitivity.turn is not None:
        label = "turned by" if brief.action is Action.PITCH else "to move it"
        yield Told("labelled", turn_words(brief.sensitivity.turn, brief.action), label)
    if brief.changed is not None:
        yield Told("labelled", _changed(brief.changed), "changed")
    if brief.recent is not None:
        for label, said in recent_words(brief.recent, brief.as_of):
            yield Told("labelled", said, label)
    yield from _chances(brief)
    if brief.value is not None and not math.isnan(brief.value.expected_value):
        yield Told("labelled", _worth(brief.value, brief.currency), "worth")
    yield Told("labelled", _ruled(brief), "rules")
    yield Told("labelled", _dates(brief), "looked at")
    yield from _talk(brief)


def _head(brief: Brief) -> Iterator[str]:
    parts = [who(brief)]
    if brief.plan:
        parts.append(brief.plan if brief.plan.lower().endswith("plan") else f"{brief.plan} plan")
    if brief.segment:
        parts.append(brief.segment)
    if brief.owner:
        parts.append(f"looked after by {brief.owner}")
    chance = _chance(brief)
    standing = _frequency(chance) if chance else f"{brief.points} points by the rules, {brief.tier}"
    yield f"{', '.join(parts)}: {standing}."
    if brief.reasons.supporting:
        reason = brief.reasons.supporting[0]
        weight = "" if reason.points is None else f" ({_weight(reason.points)})"
        yield f"{reason.sentence}{weight}."
    else:
        yield "Nothing in particular raises that." if chance else "No rule or trigger speaks for it."


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
        return f"Account {brief.account_id}"
    if brief.account_id in brief.account_name:
        return brief.account_name
    return f"{brief.account_name} ({brief.account_id})"


def _frequency(chance: Chance) -> str:
    words = in_words(chance.probability)
    many, one = DOING[chance.outcome]
    like = "here" if chance.pooled else "like this"
    doing = one if words.startswith("about 1 in") else many
    between = interval_in_words(chance.probability, chance.interval) if chance.interval else ""
    told = f" ({between})" if between else ""
    return f"{words} accounts {like}{told} {doing} within {chance.days} days ({_figure(chance.probability)})"


def _today(brief: Brief) -> str:
    about = ""
    if brief.about in WORDS:
        joined = {Action.PITCH: " ", Action.NURTURE: ", towards "}
        about = joined[brief.action] + WORDS[brief.about] if brief.action in joined else ""
    days = [
        reason.act_within_days
        for reason in brief.reasons.supporting
        if reason.fired and reason.act_within_days is not None and reason.opens == brief.about
    ]
    hurry = f" Act within {min(days)} days." if days and brief.action is Action.PITCH else ""
    return f"{brief.action.value}{about}, because {brief.action_reason}.{hurry}"


def _told(reason: Reason) -> str:
    weight = "" if reason.points is None else f" ({_weight(reason.points)})"
    return f"{reason.label}: {reason.sentence}{weight}."


def _deed(reason: Reason, brief: Brief, label: str) -> str:
    """Tell what can be acted on from what only explains, where it speaks against an upsell."""
    helping = {} if brief.sensitivity is None or label != "against" else brief.sensitivity.raising
    deed = next((helping[name] for name in reason.signals if name in helping), "")
    return f" You can: {deed}." if deed else ""


def _risk(brief: Brief) -> Iterator[Told]:
    calming = {} if brief.sensitivity is None else brief.sensitivity.calming
    risk, reasons = brief.risk, brief.reasons.supporting
    if risk is not None:
        reasons = risk.reasons
        chance = next((one for one in brief.chances if one.outcome == risk.outcome), None)
        if chance is not None and reasons:
            said = ". ".join(reason.sentence for reason in reasons[:TOLD_AT_MOST])
            yield Told("labelled", f"{_frequency(chance)}. {said}.", "risk")
    if (risk is not None and risk.high) or brief.about == "churn":
        deeds = put_right(reasons, calming)
        if deeds:
            yield Told("labelled", f"{deeds}.", "put right")


def _weight(points: float) -> str:
    whole = _hundredths(points)
    return _points(whole) if whole else "of little weight"


def _from_base(base: float, context: float, chance: Chance | None) -> str:
    moved = base + context
    final = moved if chance is None else chance.probability
    possible = 0 <= moved <= 1
    of = 100 if min(base, final, moved if possible else base) >= 0.01 else 1000
    said = f"{base * of:.0f} in {of:,} accounts; plan, size and the like"
    does = f"what this account does to {final * of:.0f}"
    if not possible:
        # on its own the context may lead past certainty; only with the reasons is it a chance again
        return f"{said} weigh {_weight(context)}, and {does.replace(' to ', ' brings that to ')}."
    if f"{moved * of:.0f}" == f"{base * of:.0f}":
        return f"{said} do not change that, {does.replace(' to ', ' brings it to ')}."
    return f"{said} move that to {moved * of:.0f}, and {does}."


def _chance(brief: Brief) -> Chance | None:
    return next((chance for chance in brief.chances if chance.outcome == brief.about), None)


def _chances(brief: Brief) -> Iterator[Told]:
    for chance in brief.chances:
        doing = f"{DOING[chance.outcome][1]} within {chance.days} days"
        pooled = "  (all accounts)" if chance.pooled else ""
        line = f"{doing:<39}{in_words(chance.probability):<22}{_figure(chance.probability):>7}{pooled}"
        yield Told("chance", line, "chances" if chance is brief.chances[0] else "")
    if not brief.chances:
        yield Told("labelled", "none are given: nothing learnt is in use, so rules decide.", "chances")


def _worth(value: Value, currency: str) -> str:
    brings = value.expected_value
    said = "to bring" if brings >= 0 else "to cost"
    return (
        f"{WORDS[value.upsell]} would add about {_money(value.gain_arr, currency)} a year to "
        f"{_money(value.arr, currency)}; one contact is expected {said} {_money(abs(brings), currency)}, "
        f"if contact adds {value.incrementality * 100:.0f} % of the chance (assumed)."
    )


def _ruled(brief: Brief) -> str:
    said = f"{brief.points} of {MOST_POINTS} points, {brief.tier}"
    held = f": {'; '.join(brief.rules)}" if brief.rules else ""
    unknown = f" ({brief.unknown_rules} of the {len(RULES)} rules could not be judged)" if brief.unknown_rules else ""
    return f"{said}{held}{unknown}."


def _dates(brief: Brief) -> str:
    ages = [f"{source.replace('_', ' ')} {_age(brief, newest)}" for source, newest in brief.sources.items()]
    said = f"{day_of(brief.as_of)}, good until {day_of(brief.expires_on)}"
    return f"{said}; {', '.join(ages)}." if ages else f"{said}."


def _changed(changed: Changed) -> str:
    said = "" if changed.chances is None else _moved(changed.chances)
    fired = f" Fired since: {', '.join(changed.fired)}." if changed.fired else ""
    cleared = f" No longer: {', '.join(changed.cleared)}." if changed.cleared else ""
    return f"since {day_of(changed.since)}: {f'{said}{fired}{cleared}'.strip() or 'no trigger fired or cleared.'}"


def _moved(chances: Chances) -> str:
    before, now = (_hundredths(share) for share in (chances.before, chances.now))
    shown = [(name, _hundredths(points)) for name, points in chances.families[:CHANGES_AT_MOST] if _hundredths(points)]
    if before == now and not shown:
        return f"the chance stays at {before} in 100."
    # what is not shown, rounding too: what stands there adds up
    model = _hundredths(chances.model)
    rest = now - before - model - sum(points for _, points in shown)
    parts = [f"{name} {_points(points)}" for name, points in shown]
    parts += [f"all else {_points(rest)}"] if rest else []
    parts += [f"learnt since {_points(model)}"] if model else []
    head = f"from {before} to {now} in 100" if before != now else f"still {now} in 100"
    return f"{head}: {', '.join(parts)}."


def _hundredths(share: float) -> int:
    whole = math.floor(abs(share) * 100 + 0.5)
    return whole if share > 0 else -whole


def _points(whole: int) -> str:
    return f"{'+' if whole > 0 else '-'}{abs(whole)} {'point' if abs(whole) == 1 else 'points'}"


def _talk(brief: Brief) -> Iterator[Told]:
    talk = brief.talk
    if talk is None:
        return
    yield Told("plain", "")
    yield Told("head", f"The talk: {talk.name}.")
    yield Told("labelled", talk.speak_to, "with")
    parts = (talk.value, talk.trend, talk.continuity, talk.option, talk.next_step)
    for number, (label, said) in enumerate(zip(TALKED, parts, strict=True), start=1):
        yield Told("labelled", said, f"{number} {label}")


def _age(brief: Brief, newest: dt.date | None) -> str:
    if newest is None:
        return "not known"
    days = (brief.as_of - newest).days
    return f"{days} {'day' if days == 1 else 'days'} old"


def day_of(day: dt.date) -> str:
    """Say a date.

    Parameters
    ----------
    day : date
        The date.

    Returns
    -------
    str
        ``"1 March 2026"``.
    """
    return f"{day.day} {day:%B} {day.year}"


def _figure(share: float) -> str:
    # a chance that is not 0 never reads as 0
    return f"{share * 100:.1f} %" if share >= 0.001 or share == 0 else f"{share * 100:.2g} %"


def _money(amount: float, currency: str) -> str:
    return f"{currency} {amount:,.0f}"
