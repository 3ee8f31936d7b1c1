"""What every signal promises, whoever writes it."""

from __future__ import annotations

import doctest
import importlib
import inspect
import math
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.signals.timelines import PLANS
from uptier.errors import SignalError
from uptier.explanation.sentences import sentence
from uptier.signals import families
from uptier.signals.catalog import answer, catalog
from uptier.signals.measures import Measures
from uptier.signals.signal import Effect, Phrase, Signal, Unit, signal
from uptier.signals.trigger import Trigger, trigger
from uptier.tables.drawn import drawn
from uptier.thresholds import Thresholds

SIGNALS = catalog().signals
TRIGGERS = catalog().triggers
NAMES = [one.name for one in SIGNALS]

every_signal = pytest.mark.parametrize("one", SIGNALS, ids=NAMES)
every_trigger = pytest.mark.parametrize("one", TRIGGERS, ids=[one.name for one in TRIGGERS])


# the catalogue -----------------------------------------------------------------------------------------------------


def test_every_family_file_is_listed() -> None:
    folder = Path(inspect.getfile(families)).parent
    assert sorted(families.FAMILIES) == sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
    assert {one.family for one in SIGNALS} == set(families.FAMILIES)


def test_every_signal_has_a_drawn_example_with_the_answer_written_out() -> None:
    drawn_names: list[str] = []
    for family in families.FAMILIES:
        expected = importlib.import_module(f"tests.signals.families.test_{family}").EXPECTED
        assert set(expected) == {one.name for one in SIGNALS if one.family == family}, family
        drawn_names += expected
    assert sorted(drawn_names) == sorted(NAMES)


def test_names_and_labels_are_unique() -> None:
    assert len(set(NAMES)) == len(NAMES)
    labels = [one.label for one in (*SIGNALS, *TRIGGERS)]
    assert len(set(labels)) == len(labels)
    assert not {one.name for one in TRIGGERS} & set(NAMES)
    assert len({one.family for one in TRIGGERS}) == len(TRIGGERS)


def test_at_least_25_signals_and_all_four_usage_triggers() -> None:
    assert len(SIGNALS) >= 25
    assert {one.name for one in TRIGGERS} >= {
        "approaching_seat_ceiling",
        "reaching_for_next_plan",
        "power_users_emerge",
        "use_accelerates",
    }


# each signal -------------------------------------------------------------------------------------------------------


@every_signal
def test_a_signal_is_named_for_people_and_machines(one: Signal) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", one.name)
    assert len(one.name) <= 40, "a CRM's field names are short"
    assert one.family in families.FAMILIES
    assert re.fullmatch(r"[A-Z][^.{}]*[^.{}\s]", one.label)


@every_signal
def test_a_signal_says_what_it_is_and_when_it_is_not_known(one: Signal, empty: pd.DataFrame) -> None:
    text = str(one.__doc__)
    assert re.fullmatch(r"[A-Z][^\n]*\.", text.splitlines()[0])
    if not one.is_category and empty[one.name].isna().any():
        assert "NaN" in text, "it can be missing: its page must say when"


@every_signal
def test_a_phrase_asks_for_signals_that_exist(one: Signal) -> None:
    assert "value" in one.phrase.placeholders()
    assert one.phrase.placeholders() - {"value"} <= set(NAMES)
    assert "{" not in one.phrase.missing, "what is missing cannot be said"
    for text in (one.phrase.value, one.phrase.missing, one.phrase.zero, one.phrase.negative):
        assert text == text.strip()
        assert not text.endswith(".")


@every_signal
@settings(max_examples=30)
@given(data=st.data())
def test_a_sentence_is_clean_for_any_value(one: Signal, data: st.DataObject) -> None:
    asked = [one.name, *sorted(one.phrase.placeholders() - {"value"})]
    row = {name: data.draw(_values(catalog().signal(name)), label=name) for name in asked}
    said = sentence(one, row, catalog(), "USD")
    if said is None:
        assert any(_unknown(row[name]) for name in asked)
        return
    assert said == " ".join(said.split())
    assert said[0].isupper() or not said[0].isalpha()
    if not any(catalog().signal(name).is_category for name in asked):
        assert not re.search(r"[{}]|\bnan\b|\binf\b|\bNone\b(?! of)|--|-0(\.0)?( |$)", said), said


@every_signal
def test_the_examples_in_a_docstring_run(one: Signal) -> None:
    # by hand: doctest does not find what is no function
    names = {"drawn": drawn, "answer": answer, one.name: one}
    example = doctest.DocTestParser().get_doctest(str(one.__doc__), names, one.name, None, None)
    assert doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(example).failed == 0


@pytest.fixture(scope="module")
def empty() -> pd.DataFrame:
    """Give the signals of accounts of which every table knows, but nothing is known: no row is about them."""
    return catalog().frame(_history("2026-03-01", "a b c", rows=[]))


def test_one_value_for_each_account_and_date_whether_known_or_not(empty: pd.DataFrame) -> None:
    assert empty["account_id"].tolist() == ["a", "b", "c"]
    assert list(empty.columns) == ["account_id", "as_of", *NAMES]
    frame = catalog().frame(_history("2026-01-01 2026-03-01 2024-02-29", "b a"))
    assert frame["account_id"].tolist() == ["a"] * 3 + ["b"] * 3
    assert frame["as_of"].dt.strftime("%Y-%m-%d").tolist() == ["2024-02-29", "2026-01-01", "2026-03-01"] * 2
    for one in SIGNALS:
        assert frame[one.name].dtype == (object if one.is_category else "float64"), one.name


@pytest.fixture(scope="module")
def two() -> pd.DataFrame:
    return catalog().frame(_history("2026-03-01", "a b"))


def test_the_order_of_rows_does_not_matter(two: pd.DataFrame) -> None:
    backwards = catalog().frame(_history("2026-03-01", "a b", rows=ROWS[::-1]))
    pd.testing.assert_frame_equal(two, backwards, check_exact=True)


def test_other_accounts_do_not_matter(two: pd.DataFrame) -> None:
    alone = catalog().frame(_history("2026-03-01", "a"))
    pd.testing.assert_frame_equal(two[two["account_id"] == "a"], alone, check_exact=True)


def test_the_hash_knows_formulas_and_thresholds_but_not_wording() -> None:
    before = catalog().fingerprint(Thresholds())
    assert re.fullmatch(r"[0-9a-f]{16}", before)
    assert type(catalog())(SIGNALS, TRIGGERS).fingerprint(Thresholds()) == before
    assert catalog().fingerprint(Thresholds(gate_days=13)) != before
    fewer = type(catalog())(SIGNALS[1:], TRIGGERS)
    assert fewer.fingerprint(Thresholds()) != before
    first = SIGNALS[0]
    reworded = Signal(
        first.function,
        label="Reworded",
        unit=first.unit,
        effect=first.effect,
        phrase=Phrase(value="Reworded: {value}", missing="Reworded"),
    )
    assert type(catalog())((reworded, *SIGNALS[1:]), TRIGGERS).fingerprint(Thresholds()) == before


# triggers ----------------------------------------------------------------------------------------------------------


@every_trigger
def test_a_trigger_speaks_for_its_own_family(one: Trigger) -> None:
    assert one.family in families.FAMILIES
    assert one.says
    assert {catalog().signal(name).family for name in one.says} == {one.family}
    assert one.opens in (None, "seat_expansion", "plan_upgrade", "add_on")
    assert (one.act_within_days is None) == (one.opens is None)
    assert re.fullmatch(r"[A-Z][^.{}]*", one.label)
    assert one.frame
    assert re.search(r"[Ss]ources? S\d", str(one.__doc__)), "a threshold without a source"


@every_trigger
def test_a_trigger_never_fires_on_what_is_not_known(one: Trigger) -> None:
    unknown = pd.DataFrame({each.name: [None if each.is_category else math.nan] for each in SIGNALS})
    assert one.fired(unknown, Thresholds()).tolist() == [False]


# declaring ---------------------------------------------------------------------------------------------------------


def test_a_signal_without_docstring_or_value_is_refused() -> None:
    def declared(phrase: str, doc: str | None) -> Signal:
        def some(history: Measures) -> object:
            return history.seats()

        some.__doc__ = doc
        words = Phrase(value=phrase, missing="Not known")
        return signal(label="Some", unit=Unit.SEATS, effect=Effect.EITHER, phrase=words)(some)

    assert declared("There are {value}", "Say it.").name == "some"
    with pytest.raises(SignalError, match="has no docstring"):
        declared("There are {value}", None)
    with pytest.raises(SignalError, match="never says its value"):
        declared("There are some", "Say it.")


def test_a_trigger_without_docstring_is_refused() -> None:
    def rule(signals: pd.DataFrame, thresholds: Thresholds) -> pd.Series:
        return signals["seats"] > 0

    with pytest.raises(SignalError, match="has no docstring"):
        trigger(label="Some", says=("seats",), frame="some")(rule)


def test_a_signal_that_does_not_exist_is_told_with_one_that_does() -> None:
    with pytest.raises(SignalError) as caught:
        catalog().signal("seat_utilization")
    assert str(caught.value) == "There is no signal 'seat_utilization'.\nDid you mean 'seat_utilisation'?"


def test_an_answer_is_given_at_one_date() -> None:
    with pytest.raises(SignalError, match="at one date only"):
        answer(SIGNALS[0], drawn("", as_of="2026-01-01 2026-02-01", accounts="a"))


def _values(one: Signal) -> st.SearchStrategy[object]:
    if one.is_category:
        return st.one_of(st.none(), st.text(max_size=20), st.sampled_from(["nan", "EMEA", " two  words ", "\n"]))
    usual = st.sampled_from([0.0, 0.004, 0.5, 0.999, 1.0, 1.5, 2.0, 1e9, math.nan, math.inf])
    # a signal that may fall below zero has words for it
    least = -1e12 if one.phrase.negative else 0.0
    return st.one_of(st.none(), usual, st.floats(least, 1e12))


def _unknown(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in ("", "nan", "none", "null", "nat", "<na>")
    return value is None or not math.isfinite(float(str(value)))


ROWS = [
    *(f"# usage_events\na | u{number % 5} | 2026-02-{1 + number % 28:02} 10:{number} | {kind} | reports"
      for number, kind in enumerate(("login", "gate_hit", "export", "feature_used") * 12)),
    "# subscriptions\na | pro | 7 | 99.99 | 2025-01-31 | 2025-09-01",
    "# subscriptions\na | pro | 9 | 120 | 2025-09-01 |",
    "# subscriptions\nb | basic | 3 | 30 | 2025-05-05 |",
    "# meter_readings\na | api | 2026-01-10 | 10.25",
    "# meter_readings\na | api | 2026-02-20 | 33.5",
    "# milestones\na | go_live | 2026-01-10",
    "# tickets\na | 2026-01-10 | we miss an export | 2026-01-20",
    "# survey_responses\na | 2026-01-10 | 7",
    "# addons\na | sso | 2026-01-10",
    "# users\na | u1 | champion",
]  # fmt: skip
HEADERS = {
    "usage_events": "account | user | occurred_at | kind | feature",
    "subscriptions": "account | plan | seats | mrr | valid_from | valid_to",
    "meter_readings": "account | meter | read_at | value",
    "milestones": "account | milestone | reached_at",
    "tickets": "account | opened_at | text | closed_at",
    "survey_responses": "account | answered_at | nps",
    "addons": "account | addon | valid_from",
    "users": "account | user | role",
}


def _history(as_of: str, accounts: str, rows: list[str] = ROWS) -> object:
    parts = [PLANS]
    for name, header in HEADERS.items():
        mine = [row.partition("\n")[2] for row in rows if row.startswith(f"# {name}\n")]
        kept = [row for row in mine if row.split(" | ")[0] in accounts.split()]
        parts.append("\n".join([f"# {name}", header, *kept]))
    since = {f"accounts.{column}": "2020-01-01" for column in ("region", "segment", "industry")}
    parts.append(
        "# accounts\naccount | region | segment | industry\n" + "\n".join(f"{a} | | |" for a in accounts.split())
    )
    return drawn("\n".join(parts), as_of=as_of, accounts=accounts, holds_since=since | {"users.role": "2020-01-01"})
