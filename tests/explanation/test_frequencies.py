"""A natural frequency is near the probability, and its interval holds the interval."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from uptier.explanation.frequencies import accounts_in_words, in_words, interval_in_words, percent
from uptier.explanation.words import Words
from uptier.signals.speech import Numbers, Speech

GERMAN = Words(
    Speech(
        numbers=Numbers(decimal=",", thousands="."),
        fixed={"frequencies.about": "etwa {count} von {of}", "frequencies.interval": "{low} bis {high} von {of}"},
    )
)


@given(st.floats(0, 1))
def test_a_natural_frequency_is_near_the_probability(probability):
    words = in_words(probability)
    assert "0 in" not in words.removeprefix("about 10") or words.startswith("about 10 in")
    kind, count, of = (
        words.replace(",", "").replace("than ", "").split()[0],
        *(int(part) for part in words.replace(",", "").split() if part.isdigit()),
    )
    if kind == "about":
        assert abs(count / of - probability) <= 0.5 / of + 1e-12
        assert 0 < count < of
    else:
        assert probability >= count / of if kind == "more" else probability < count / of


@given(st.floats(0, 1), st.floats(0, 0.3), st.floats(0, 0.3))
def test_an_interval_in_words_holds_the_interval_in_the_same_measure(probability, below, above):
    interval = max(probability - below, 0.0), min(probability + above, 1.0)
    said, words = in_words(probability), interval_in_words(probability, interval)
    if not said.startswith("about"):
        assert words == ""
        return
    *figures, of = (int(part) for part in words.replace(",", "").split() if part.isdigit())
    low, high = figures[0], figures[-1]
    usual = int(said.rpartition(" ")[2].replace(",", ""))
    assert of == usual or (of > usual and interval[0] * usual < 1)
    assert low > 0 or interval[0] < 1 / 1000
    assert low / of <= interval[0] + 1e-5
    assert high / of >= interval[1] - 1e-5
    assert (high - low) / of <= interval[1] - interval[0] + 2 / of + 1e-5


def test_the_words_and_the_signs_are_the_projects():
    assert (in_words(0.002, GERMAN), percent(0.0444, GERMAN)) == ("etwa 2 von 1.000", "4,4 %")
    assert interval_in_words(0.002, (0.001, 0.004), GERMAN) == "1 bis 4 von 1.000"


@given(st.floats(0, 1))
def test_one_account_in_so_many_is_spoken_of_as_one(probability):
    assert (accounts_in_words(probability) == 1) == in_words(probability).startswith("about 1 in")
