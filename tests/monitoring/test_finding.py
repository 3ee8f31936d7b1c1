from __future__ import annotations

from uptier.monitoring.finding import Finding, beyond, percent, some


def test_a_bound_itself_is_not_beyond_however_it_is_rounded() -> None:
    assert not beyond(0.9 - 0.7, 0.2)
    assert not beyond(0.2, 0.2)
    assert beyond(0.2001, 0.2)


def test_a_finding_says_code_what_bound_and_where_to_look() -> None:
    one = Finding(code="rows-lost", found="50 accounts, 100 last time", bound="at most 20.0 % less", look="See why.")
    assert str(one) == "rows-lost: 50 accounts, 100 last time; at most 20.0 % less. See why."


def test_only_a_few_of_many_are_named() -> None:
    assert some({"a": "1", "b": "2"}) == "a 1, b 2"
    assert some(dict.fromkeys("abcdefg", "x")) == "a x, b x, c x, d x, e x and 2 more"


def test_shares_are_said_with_a_decimal() -> None:
    assert percent(0.2) == "20.0 %"
    assert percent(1.5) == "150.0 %"
