"""The fixed words of a brief: all in one place, and what is told where a project's own cannot be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptier.decision.actions import WORDS, Action, decide, decide_by_rules
from uptier.errors import SettingsError
from uptier.model.points import NOT_READY, RULES, TIERS
from uptier.settings import CONVERSIONS, OUTCOMES
from uptier.signals.catalog import catalog
from uptier.signals.fixed_words import EITHER, LONGEST, blanks, english, own_words
from uptier.signals.measures import GATE_KINDS
from uptier.signals.speech import Said
from uptier.signals.wording import worded
from uptier.tables.contracts import CONTRACT

GUIDE = Path(__file__).parents[2] / "docs" / "wording.md"


def part(name: str) -> dict[str, Said]:
    return {key.partition(".")[2]: said for key, said in english().items() if key.startswith(f"{name}.")}


def texts(said: Said) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else said


def told(folder: Path, text: str) -> str:
    """Give what is said of a file, without its folder."""
    path = folder / "words.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        worded(catalog(), path)
    return str(caught.value).replace(f"{folder}/", "")


# what ships --------------------------------------------------------------------------------------------------------


def test_what_ships_could_be_a_projects_own() -> None:
    own: dict[str, dict[str, object]] = {}
    for key, said in english().items():
        name, _, rest = key.partition(".")
        own.setdefault(name, {})[rest] = said if isinstance(said, str) else list(said)
    assert own_words(own) == (dict(english()), [])


def test_both_forms_say_the_same_but_for_the_count() -> None:
    forms = [said for said in english().values() if not isinstance(said, str)]
    assert forms
    for one, many in forms:
        assert blanks(many) - blanks(one) <= {"count"}
        assert blanks(one) <= blanks(many)


def test_what_other_parts_call_by_a_code_has_its_words() -> None:
    assert set(part("actions")) == set(part("called")) == {action.name.lower() for action in Action}
    assert {name: part("actions")[name.lower()] for name in Action.__members__} == {
        name: action.value for name, action in Action.__members__.items()
    }
    assert part("upsells") == part("offers") == WORDS
    assert set(WORDS) == set(CONVERSIONS)
    assert set(part("does")) == set(OUTCOMES)
    assert set(part("chances")) == {*OUTCOMES, "pooled", "none"}
    assert part("rules") == {rule.name: rule.label for rule in RULES}
    assert list(part("tiers").values()) == [*(name for _, name in TIERS), NOT_READY]
    assert set(part("kinds")) == set(GATE_KINDS)
    dated = {name: name.replace("_", " ") for name, table in CONTRACT.items() if table.time}
    assert part("sources") == dated


def test_every_reason_of_an_action_has_its_words() -> None:
    yes, no = np.array([True]), np.array([False])
    said = set()
    for worth in (-1.0, 1.0, np.nan):
        for risk in (0.0, 1.0):
            values = pd.DataFrame({"expected_value": [worth], "churn": [risk]})
            for opened in (yes, no):
                for too_early in (yes, no):
                    for talks in (yes, no):
                        done = decide(values, opened=opened, too_early=too_early, in_talks=talks, churn_risk=0.5)
                        said.add(done["action_reason"].iloc[0])
    for tier in ("High", "Low"):
        for fired in (yes, no):
            for talks in (yes, no):
                done = decide_by_rules(pd.Series([tier]), fired=fired, in_talks=talks)
                said.add(done["action_reason"].iloc[0])
    assert said == set(part("because").values())


# what is told ------------------------------------------------------------------------------------------------------

WRONG = {
    "a part that there is not": (
        "brief:\n  todays: {line: Heute}",
        "words.yaml, line 2, brief.todays: there is no such key. Did you mean 'today'?",
    ),
    "a name that there is not": (
        "brief:\n  today:\n    hury: x",
        "words.yaml, line 3, brief.today.hury: there is no such key. Did you mean 'hurry'?",
    ),
    "a name like none": (
        "brief: {called: {xyzzy: x}}",
        "brief.called.xyzzy: there is no such key. Possible: leave, nurture, pitch, protect.",
    ),
    "a key that YAML takes for another": ("brief: {pictures: {on: x}}", "brief.pictures.True: there is no such key."),
    "a misspelt blank": (
        "brief:\n  today:\n    pitch: '{ofer} anbieten'",
        "words.yaml, line 3, brief.today.pitch: there is no {ofer}. Did you mean {offer}?",
    ),
    "a blank that there is not": (
        "brief: {today: {line: '{deed}, {because} {owner}'}}",
        "brief.today.line: there is no {owner}. Possible: {because}, {deed}.",
    ),
    "a blank that is missing": (
        "brief: {today: {line: 'Heute: {deed}'}}",
        "brief.today.line: it never says {because}.",
    ),
    "blanks that are missing": (
        "brief: {today: {line: Heute}}",
        "brief.today.line: it never says {because} and {deed}.",
    ),
    "a count that is missing where there are many": (
        "brief: {tickets: {since: [ein Tag, Tage]}}",
        "brief.tickets.since: it never says {count}.",
    ),
    "a count that is missing from words for both": (
        "brief: {tickets: {since: Tage}}",
        "brief.tickets.since: it never says {count}.",
    ),
    "braces where nothing is filled in": (
        "brief: {labels: {also: '{x}'}}",
        "brief.labels.also: nothing is filled in here: leave out the braces.",
    ),
    "a look into a value": (
        "brief: {today: {pitch: '{offer.__class__}'}}",
        "brief.today.pitch: nothing but a name may stand between braces",
    ),
    "an open brace": ("brief: {today: {pitch: '{offer'}}", "a brace is not closed, or was never opened"),
    "a label that does not fit": (
        "brief: {labels: {milestones: Meilensteine}}",
        "brief.labels.milestones: it has 12 signs, and only 11 fit.",
    ),
    "a part of a talk that does not fit": (
        "brief: {talk_labels: {value: Kundennutzen}}",
        "brief.talk_labels.value: it has 12 signs, and only 9 fit.",
    ),
    "nothing": ("brief: {labels: {also: ''}}", "brief.labels.also: it is empty"),
    "no text": ("brief: {labels: {also: no}}", "brief.labels.also: it must be one text, in quotes where YAML"),
    "a list for one text": ("brief: {labels: {also: [a, b]}}", "brief.labels.also: it must be one text"),
    "three texts": (
        "brief: {tickets: {since: [a, b, c]}}",
        "brief.tickets.since: give two texts, for one and for many",
    ),
    "a part that is a text": ("brief: {today: Heute}", "brief.today: it must hold names and words."),
    "a number that takes the word for one": ("numbers: {singular: [-1]}", "numbers.singular.0: "),
    "eleven short months": (
        f"dates: {{short_months: [{', '.join('abcdefghijk')}]}}",
        "dates.short_months: there are 12 months, not 11.",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_told_with_its_place(wrong: str, tmp_path: Path) -> None:
    text, expected = WRONG[wrong]
    assert expected in told(tmp_path, text)


def test_all_is_told_at_once(tmp_path: Path) -> None:
    said = told(tmp_path, "signals: {xyz: {label: A}}\nbrief:\n  todays: {}\n  labels: {also: '{x}', milestone: a}\n")
    assert [line.partition(":")[0].partition(", ")[2] for line in said.splitlines()[:-1]] == [
        "line 1, signals.xyz",
        "line 3, brief.todays",
        "line 4, brief.labels.also",
        "line 4, brief.labels.milestone",
    ]


def test_what_is_left_out_stays_and_a_text_for_both_forms_is_one(tmp_path: Path) -> None:
    path = tmp_path / "words.yaml"
    path.write_text("brief: {tickets: {since: 'Tage: {count}'}, turn: {move: '{label}: {before}, {after}'}}\n")
    fixed = worded(catalog(), path).speech.fixed
    assert fixed == {"tickets.since": ("Tage: {count}", "Tage: {count}"), "turn.move": "{label}: {before}, {after}"}
    assert "small_label" in EITHER


@given(st.sampled_from(sorted(english())), st.text(max_size=40))
def test_whatever_is_written_is_taken_or_refused_and_what_is_taken_can_be_filled(key: str, text: str) -> None:
    name, _, rest = key.partition(".")
    words, faults = own_words({name: {rest: text}})
    assert bool(words) != bool(faults)
    for said in words.values():
        for one in texts(said):
            one.format_map(dict.fromkeys((*blanks(texts(english()[key])[-1]), *EITHER.values()), "x"))


def test_every_label_that_ships_fits() -> None:
    assert [key for name, most in LONGEST.items() for key, said in part(name).items() if len(str(said)) > most] == []


# the guide ---------------------------------------------------------------------------------------------------------


def test_the_guide_names_every_part() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    assert [name for name in {key.partition(".")[0] for key in english()} if f"`{name}`" not in guide] == []
