"""The brief reads as plain English on one screen."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import math
import re

import pytest
from rich.console import Console

from uptier.decision.actions import Action
from uptier.decision.value import Value
from uptier.explanation.brief import LABEL, WIDTH, Brief, Chance, render
from uptier.explanation.reasons import Reason, Reasons
from uptier.explanation.recent import Contact, OpenTickets, Reached, Recent
from uptier.explanation.talk import Talk
from uptier.settings import CONVERSIONS, OUTCOMES
from uptier.signals.fixed_words import english
from uptier.signals.speech import Speech
from uptier.terminal import as_json

AS_OF = dt.date(2026, 3, 1)
SEATS = Reason(
    code="approaching_seat_ceiling",
    label="Approaching seat ceiling",
    sentence="23 of the 25 seats were active in the last 28 days",
    points=0.18,
    fired=True,
    opens="seat_expansion",
    act_within_days=30,
    signals=("seat_utilisation",),
)
GROWTH = Reason(
    code="usage_inflection",
    label="Usage velocity inflection",
    sentence="Use grew by 24 % since last month. Use grew by 21 % the month before",
    points=0.002,
    fired=True,
    opens=None,
    act_within_days=None,
    signals=("usage_growth", "usage_growth_before"),
)
CAPACITY = Reason(
    code="quota_nearly_used_up",
    label="Capacity",
    sentence="44 % of a quota is used up",
    points=-0.011,
    fired=False,
    opens="plan_upgrade",
    act_within_days=None,
    signals=("highest_quota_utilisation",),
)
VALUE = Value(
    upsell="seat_expansion",
    chance=0.523,
    incrementality=0.5,
    added_chance=0.2615,
    arr=14400.0,
    gain_arr=3600.0,
    churn=0.03,
    churn_upsold=0.044,
    kept_gain=3441.6,
    at_stake=201.6,
    contact_cost=50.0,
    expected_value=797.26,
)


def chances(**given):
    usual = dict(zip(OUTCOMES, (0.523, 0.012, 0.0004, 0.03, 0.044), strict=True))
    return tuple(
        Chance(
            outcome=outcome,
            probability=(usual | given)[outcome],
            days=60 if outcome in CONVERSIONS else 90,
            pooled="Only 14 accounts left after an upsell." if outcome == "post_upsell_churn" else "",
        )
        for outcome in OUTCOMES
    )


PITCH = Brief(
    account_id="0417",
    owner="North team",
    segment="mid-market",
    plan="Team",
    seats=25.0,
    mrr=1200.0,
    currency="USD",
    as_of=AS_OF,
    expires_on=dt.date(2026, 3, 31),
    action=Action.PITCH,
    action_reason="a trigger that opens the talk has fired, and it is worth its cost",
    about="seat_expansion",
    reasons=Reasons(supporting=(SEATS, GROWTH), opposing=(CAPACITY,)),
    chances=chances(),
    base=0.06,
    context=0.031,
    value=VALUE,
    points=75,
    tier="High",
    rules=("Many of the licences are used daily", "The health score is high"),
    unknown_rules=1,
    sources={"usage": dt.date(2026, 2, 28), "tickets": dt.date(2026, 2, 21), "survey_responses": None},
    model_version="3",
)
PROTECT = dataclasses.replace(
    PITCH,
    account_name="Blue Harbour",
    action=Action.PROTECT,
    action_reason="the risk of leaving is high: put right what is wrong before asking for more",
    about="churn",
    chances=chances(churn=0.41),
    reasons=Reasons(
        supporting=(dataclasses.replace(GROWTH, label="Velocity", sentence="Use fell by 38 %", points=0.21),),
        opposing=(dataclasses.replace(SEATS, points=-0.02),),
    ),
    base=0.08,
    context=-0.11,
)
RULES = Brief(
    account_id="0417",
    plan="Team plan",
    currency="USD",
    as_of=AS_OF,
    expires_on=dt.date(2026, 3, 31),
    action=Action.NURTURE,
    action_reason="the rules place it high enough, but no trigger has fired yet",
    about=None,
    reasons=Reasons(supporting=(dataclasses.replace(CAPACITY, points=None),)),
    points=55,
    tier="Medium",
    rules=("Renewal is far enough away",),
)
POOLED = dataclasses.replace(
    PITCH,
    action=Action.NURTURE,
    action_reason="a talk would pay, but nothing at the account opens it yet",
    chances=(Chance(outcome="seat_expansion", probability=0.06, days=60, pooled="Too few cases."), *chances()[1:]),
    reasons=Reasons(),
    base=None,
    context=None,
    value=dataclasses.replace(VALUE, arr=math.nan, gain_arr=math.nan, expected_value=math.nan),
    owner=None,
    segment=None,
    sources={},
)
TALK = Talk(
    kind="seat_expansion",
    name="growth continuity",
    speak_to="Whoever manages the licence.",
    value="In use in the last four weeks: 9 functions.",
    trend="23 of the 25 seats were active in the last 28 days. The seats are full in 41 days.",
    continuity="Have the seats ready before anybody is locked out at a bad moment.",
    option="Add 7 seats: about USD 336 a month on top of USD 1,200. Say it once, then ask whether that fits.",
    next_step="Send the figures and this one option, and ask for their decision by Tuesday, 31 March 2026.",
    by=dt.date(2026, 3, 31),
)
TALKED = dataclasses.replace(PITCH, talk=TALK)
LATELY = dataclasses.replace(
    PITCH,
    chances=tuple(dataclasses.replace(one, interval=(0.44, 0.58)) for one in chances()),
    recent=Recent(
        milestones=(
            Reached(milestone="goal_met", day=dt.date(2026, 2, 3)),
            Reached(milestone="first_value", day=dt.date(2025, 12, 12)),
        ),
        tickets=OpenTickets(count=3, oldest_days=41, escalated=1),
        has_outreach=True,
        contact=Contact(
            day=dt.date(2025, 9, 12), about="plan_upgrade", started_by="Reaching for the next plan", result="lost"
        ),
    ),
)
BRIEFS = {"talked": TALKED, "pitch": PITCH, "protect": PROTECT, "rules": RULES, "pooled": POOLED, "lately": LATELY}


@pytest.mark.parametrize("name", BRIEFS)
def test_a_brief_as_it_is_read(name, snapshot):
    assert BRIEFS[name].text() == snapshot


@pytest.mark.parametrize("name", BRIEFS)
def test_a_brief_fits_on_one_screen(name):
    lines = BRIEFS[name].text().splitlines()
    before, _, talk = "\n".join(lines).partition("\n\nThe talk:")
    assert len(before.splitlines()) <= 25
    assert len(talk.splitlines()) <= 16
    assert max(map(len, lines)) <= WIDTH


@pytest.mark.parametrize("name", BRIEFS)
def test_who_why_and_what_to_do_take_no_more_than_120_words(name):
    opening = BRIEFS[name].text().partition("\n\n")[0]
    assert len(opening.split()) <= 120


@pytest.mark.parametrize("name", BRIEFS)
def test_a_brief_has_no_word_of_machine_learning_and_no_hole(name):
    text = BRIEFS[name].text()
    for word in ("SHAP", "feature", "log-odds", "margin", "model", "classifier", "None", "nan", "_"):
        assert word not in text
    assert all("  " not in line[LABEL:].strip() or "in 1" in line for line in text.splitlines())


def test_it_begins_with_who_why_and_what_to_do_today():
    head = " ".join(PITCH.text().splitlines()[:5])
    said = ("Account 0417, Team plan", "about 5 in 10", "(+18 points)", "Today: pitch more seats")
    places = [head.index(words) for words in said]
    assert places == sorted(places)
    assert "Act within 30 days." in head


def test_under_rules_no_chance_is_said():
    text = RULES.text()
    assert "55 of 140 points" in text
    assert " in 10" not in text.replace("in 100", "in 10") or "accounts" not in text
    assert "within 60 days" not in text


def test_the_age_of_each_source_is_said():
    assert "usage 1 day old, tickets 8 days old, survey responses not known" in " ".join(PITCH.text().split())


def test_context_that_leads_past_certainty_is_said_in_points():
    assert "weigh -11 points" in PROTECT.text()


def test_what_a_customer_wrote_is_never_read_as_markup_and_never_breaks_a_line():
    odd = dataclasses.replace(PITCH, account_name="[red]Tall[/red]\n[bold]\x1b[31mTrees")
    console = Console(width=WIDTH, color_system=None, file=open_nowhere())
    with console.capture() as capture:
        console.print(render(odd))
    assert "[red]Tall[/red] [bold] [31mTrees" in capture.get()
    assert "\x1b" not in odd.text()


def test_the_terminal_says_the_same_lines_as_the_text():
    assert render(PITCH).plain == PITCH.text()


def test_an_interval_stands_beside_the_chance_and_says_when_it_is_another():
    def opening(interval):
        told = tuple(dataclasses.replace(one, interval=interval) for one in chances())
        return " ".join(dataclasses.replace(PITCH, chances=told).text().split())

    assert "about 5 in 10 accounts like this (4 to 6 in 10) add seats within 60 days (52.3 %)." in opening((0.44, 0.58))
    assert "about 5 in 10 accounts like this (3 to 4 in 10 when tested) add seats" in opening((0.31, 0.38))
    assert "about 5 in 10 accounts like this add seats" in opening(None)


def test_the_words_go_with_a_brief_and_are_no_part_of_its_json():
    speech = Speech(fixed={"today.later": "Später."})
    other = dataclasses.replace(dataclasses.replace(PROTECT, speech=speech), about="seat_expansion")
    for one in (other, copy.deepcopy(other)):
        assert "\nSpäter.\n" in one.text()
    assert as_json(dataclasses.replace(PROTECT, speech=speech)) == as_json(PROTECT)


def test_a_column_of_chances_widens_with_its_words():
    longer = "moves, within no more than {days} days, to a higher plan"
    text = dataclasses.replace(PITCH, speech=Speech(fixed={"chances.plan_upgrade": longer})).text()
    rows = [line for line in text.splitlines() if re.search(r" in 1(0|00|,000) +\d", line)]
    assert len(rows) == len(OUTCOMES)
    assert len({line.index(" %") for line in rows}) == 1


def test_every_outcome_has_its_words():
    keys = [f"{part}.{outcome}" for part in ("does", "chances") for outcome in OUTCOMES]
    assert [key for key in keys if key not in english()] == []


def open_nowhere():
    import io

    return io.StringIO()
