"""Points are whole, with their sign."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from uptier.explanation.weights import hundredths, weight_words
from uptier.explanation.words import Words
from uptier.signals.speech import Speech


@given(st.floats(-1, 1))
def test_rounding_keeps_the_sign_and_is_as_far_from_0_on_both_sides(share):
    assert abs(hundredths(share) / 100 - share) <= 0.005 + 1e-12
    assert hundredths(-share) == -hundredths(share)


def test_the_word_follows_the_number_and_not_its_sign():
    german = Words(Speech(fixed={"weights.points": ("{points} Punkt", "{points} Punkte")}))
    assert [weight_words(whole, german) for whole in (1, -1, 2, -2)] == [
        "+1 Punkt",
        "-1 Punkt",
        "+2 Punkte",
        "-2 Punkte",
    ]
