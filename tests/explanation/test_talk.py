"""Talks say what is known of the account, and nothing twice."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptier.decision.actions import Action
from uptier.errors import SettingsError
from uptier.explanation.reasons import Reason
from uptier.explanation.talk import SHIPPED, SPOKEN, Talk, kind_of, more_seats, next_day, read_talks, talk
from uptier.signals.catalog import catalog
from uptier.thresholds import Thresholds

AS_OF = dt.date(2026, 3, 2)  # a Monday
FILES = read_talks(None, catalog())
KINDS = ("seat_expansion", "plan_upgrade", "add_on", "discovery", "repair")
SEATS = Reason(
    code="approaching_seat_ceiling",
    label="Approaching seat ceiling",
    sentence="The team had 23 users active in the last 28 days: 92 % of 25 seats",
    points=0.18,
    fired=True,
    opens="seat_expansion",
    act_within_days=30,
    signals=("seat_utilisation",),
)
HELP = Reason(
    code="outcome_achieved",
    label="A stated goal was achieved",
    sentence="Reached so far: 4 milestones",
    points=0.3,
    fired=True,
    opens=None,
    act_within_days=None,
    signals=("milestones_reached",),
)
ROW = {
    "seats": 25.0,
    "active_users": 23.0,
    "team_pace": 2.0,
    "price_per_seat": 29.0,
    "mrr": 725.0,
    "days_until_ceiling": 41.0,
    "features_in_use": 9.0,
    "active_days": 22.0,
    "milestones_in_90_days": 0.0,
    "price_step": 250.0,
}


def made(kind: str = "seat_expansion", row=ROW, reasons=(HELP, SEATS), segment=None, files=FILES, as_of=AS_OF) -> Talk:
    return talk(
        kind,
        files,
        row,
        reasons,
        upsell="seat_expansion" if kind in ("discovery", "repair") else kind,
        segment=segment,
        as_of=as_of,
        catalog=catalog(),
        thresholds=Thresholds(),
        currency="USD",
    )


def own(folder: Path, text: str):
    path = folder / "talks.yaml"
    path.write_text(text, encoding="utf-8")
    return read_talks(path, catalog())


@pytest.mark.parametrize("kind", KINDS)
def test_a_talk_as_it_is_read(kind, snapshot):
    assert made(kind) == snapshot


def test_a_talk_begins_with_what_opens_it_and_says_the_accounts_own_numbers():
    said = made()
    assert said.trend == f"{SEATS.sentence}. At the pace of the last four months the seats are full in 41 days."
    assert said.option.startswith("Add 7 seats: about USD 203 a month on top of USD 725.")
    assert said.next_step.endswith("by Wednesday, 1 April 2026.")
    assert said.by == dt.date(2026, 4, 1)


def test_what_tells_nothing_is_passed_over():
    # no milestone in 90 days is no value delivered
    assert made().value == "In use in the last four weeks: 9 functions. The product was in use on 22 days of 28."


def test_a_plan_that_costs_less_has_no_price_step():
    assert "USD" in made("plan_upgrade").option
    assert "USD" not in made("plan_upgrade", row={**ROW, "price_step": -500.0}).option


def test_what_must_be_put_right_is_the_heaviest_reason_whatever_opens_a_talk():
    assert made("repair").trend.startswith(HELP.sentence)


def test_nothing_is_said_twice():
    ceiling = Reason(**{**vars(SEATS), "signals": ("seat_utilisation", "days_until_ceiling")})
    assert "41 days" not in made(reasons=(ceiling,)).trend


def test_where_nothing_is_known_every_part_still_has_words():
    for kind in KINDS:
        said = made(kind, row={}, reasons=())
        for part in SPOKEN:
            words = getattr(said, part)
            assert words.endswith("."), (kind, part)
            assert "{" not in words


def test_a_segment_knows_the_talk_by_another_name_whatever_its_case():
    assert made(segment="Start-Up").name == "capacity planning"
    assert made(segment="unheard of").name == "growth continuity"
    assert made(segment="Start-Up").trend == made().trend


def test_a_project_changes_some_words_and_keeps_the_others(tmp_path):
    files = own(tmp_path, "seat_expansion: {option: ['Room for {more_seats}.', 'More room.']}\n")
    assert made(files=files).option == "Room for 7 seats."
    assert made(files=files, row={}).option == "More room."
    assert made(files=files).trend == made().trend


def test_the_projects_words_for_all_segments_give_way_to_its_own_for_one(tmp_path):
    files = own(
        tmp_path,
        "seat_expansion: {name: room to grow}\nsegments: {enterprise: {seat_expansion: {name: the big review}}}\n",
    )
    assert made(files=files, segment="enterprise").name == "the big review"
    assert made(files=files, segment="start-up").name == "room to grow"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("seat_expansion: {value: ['{say:seat_utilization}', 'x.']}", "there is no signal 'seat_utilization'"),
        ("seat_expansion: {value: ['{value:nothing}', 'x.']}", "there is no signal 'nothing'"),
        ("seat_expansion: {value: ['{more_seat}', 'x.']}", "there is no blank {more_seat}"),
        ("seat_expansion: {value: ['{0}', 'x.']}", "there is no blank {0}"),
        ("seat_expansion: {value: ['half {', 'x.']}", "a brace is not closed"),
        ("seat_expansion: {value: ['{reason}']}", "the last line must have no blank"),
        ("seat_expansion: {value: []}", "the last line must have no blank"),
        ("seat_expansion: {opening: ['x.']}", "there is no such key"),
        ("seats: {name: x}", "there is no such key"),
        ("segments: {enterprise: {value: {name: x}}}", "segments"),
        ("- a list", "talks.yaml"),
    ],
)
def test_a_file_that_is_wrong_is_told_with_its_place(tmp_path, text, told):
    with pytest.raises(SettingsError) as caught:
        own(tmp_path, text + "\n")
    assert told in str(caught.value)
    assert "talks.yaml" in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SettingsError, match="Correct 'talks' in the project's YAML"):
        read_talks(tmp_path / "talks.yaml", catalog())


def test_each_action_has_its_talk():
    assert kind_of(Action.PITCH, "add_on") == "add_on"
    assert kind_of(Action.PITCH, None) == "discovery"
    assert kind_of(Action.NURTURE, "add_on") == "discovery"
    assert kind_of(Action.PROTECT, "add_on") == "repair"
    assert kind_of(Action.LEAVE, "add_on") is None


@given(st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1)), st.integers(1, 60))
def test_the_next_step_is_on_a_weekday_ahead_and_no_later_than_asked(as_of, days):
    reason = Reason(**{**vars(SEATS), "act_within_days": days})
    day = next_day(as_of, (HELP, reason), "seat_expansion")
    assert day > as_of
    assert day.weekday() < 5
    # asked on a Friday to act within a day or two, Monday is the first that is ahead
    assert day <= as_of + dt.timedelta(days=days) or (day - as_of).days <= 3


def test_without_a_trigger_there_are_two_weeks():
    assert next_day(AS_OF, (HELP,), "seat_expansion") == dt.date(2026, 3, 16)


@given(st.integers(1, 500), st.integers(0, 600), st.one_of(st.none(), st.floats(-20, 20)))
def test_so_many_seats_more_that_the_ceiling_is_far_again(seats, people, pace):
    row = {"seats": float(seats), "active_users": float(people), "team_pace": pace}
    more = more_seats(row, Thresholds())
    coming = people + 2 * max(pace or 0.0, 0.0)
    assert more >= 1
    assert coming / (seats + more) <= Thresholds().seat_utilisation + 1e-9
    if more > 1:
        assert coming / (seats + more - 1) > Thresholds().seat_utilisation - 1e-9


def test_no_fewer_seats_than_accounts_usually_add():
    row = {"seats": 70.0, "active_users": 50.0}
    assert more_seats(row, Thresholds()) == 1
    assert more_seats(row, Thresholds(), usual=0.3) == 21
    assert more_seats({**row, "active_users": 84.0}, Thresholds(), usual=0.3) == 29


def test_seats_that_are_not_known_are_not_offered():
    assert more_seats({"seats": math.nan, "active_users": 3.0}, Thresholds()) is None


def test_the_shipped_words_name_signals_that_there_are():
    assert read_talks(SHIPPED, catalog()) == (FILES[0], FILES[0])


def test_the_shipped_words_are_plain_english():
    text = SHIPPED.read_text(encoding="utf-8")
    words = [line for line in text.splitlines() if not line.startswith("#")]
    for word in ("SHAP", "log-odds", "model", "None", "nan ", "  and"):
        assert not [line for line in words if word in line]
