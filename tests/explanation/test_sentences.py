"""Sentences are clean English with the account's own numbers, or are not said."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.explanation.tiny import CATALOG, SIGNALS
from uptier.explanation.sentences import known, sentence
from uptier.signals.signal import Unit

NEIGHBOURS = {"seats": 25.0, "active_users": 23.0}


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_every_phrase_at_typical_extreme_and_missing_values(signal, snapshot):
    values = [None, "Team", " Team\nplus "] if signal.is_category else [None, 0.0, 1.0, 0.917, 1234567.0, -0.3, -12.0]
    said = {str(value): sentence(signal, NEIGHBOURS | {signal.name: value}, CATALOG, "USD") for value in values}
    assert said == snapshot


def test_money_is_said_in_what_the_account_pays_in():
    pays = CATALOG.signal("mrr")
    for own, said in (("EUR", "EUR"), (None, "USD"), (float("nan"), "USD"), ("", "USD")):
        row = {"mrr": 1200.0, "account_currency": own}
        assert sentence(pays, row, CATALOG, "USD") == f"The account pays {said} 1,200 a month"


def test_zero_negative_and_missing_have_their_own_words():
    growth = CATALOG.signal("usage_growth")
    said = {value: sentence(growth, {"usage_growth": value}, CATALOG, "USD") for value in (0.25, 0.0, -0.25, None)}
    assert said == {
        0.25: "Use grew by 25 % since last month",
        0.0: "Use is as it was last month",
        -0.25: "Use fell by 25 % since last month",
        None: "Too young for a trend",
    }


def test_a_sentence_that_needs_another_value_is_not_said_without_it():
    utilisation = CATALOG.signal("seat_utilisation")
    assert sentence(utilisation, {"seat_utilisation": 0.92, "seats": 25.0}, CATALOG, "") == (
        "92 % of the 25 seats were active in the last 28 days"
    )
    assert sentence(utilisation, {"seat_utilisation": 0.92, "seats": math.nan}, CATALOG, "") is None
    assert sentence(utilisation, {"seat_utilisation": 0.92}, CATALOG, "") is None
    # the words for a missing value need no other
    assert sentence(utilisation, {"seat_utilisation": math.nan}, CATALOG, "") is not None


def test_money_is_said_in_the_currency():
    assert sentence(CATALOG.signal("mrr"), {"mrr": 1200.0}, CATALOG, "EUR") == "The account pays EUR 1,200 a month"


ANY_NUMBER = st.one_of(
    st.none(), st.floats(), st.integers(-(10**6), 10**6), st.sampled_from([np.float64(0.5), np.int64(3)])
)
ANY_TEXT = st.one_of(st.none(), st.text(), st.sampled_from(["nan", "None", " NaT ", "", "{value}", "{0.__class__}"]))


@given(st.data())
def test_no_value_makes_an_unclean_sentence(data):
    row = {signal.name: data.draw(ANY_TEXT if signal.unit is Unit.CATEGORY else ANY_NUMBER) for signal in SIGNALS}
    for signal in SIGNALS:
        said = sentence(signal, row, CATALOG, "USD")
        if said is not None:
            assert said == " ".join(said.split())
            own = str(row[signal.name]) if signal.is_category else ""
            words = set(said.replace(own, "").lower().split())
            assert not words & {"nan", "none", "inf", "nat", "{value}", "-inf", "<na>"}
            assert said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.float64(2.0), 2.0),
        (np.int64(2), 2.0),
        (True, 1.0),
        (np.nan, None),
        (pd.NA, None),
        (pd.NaT, None),
        (math.inf, None),
        (dt.date(2026, 3, 1), None),
        (None, None),
        ("None", None),
        ("  ", None),
        (" two\n words ", "two words"),
    ],
)
def test_what_counts_as_known(value, said):
    assert known(value) == said
