"""Amounts are brought into one currency at the rate of their day, or not at all."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from uptier.decision.money import paid_in, read_rates, worth_of
from uptier.errors import ScoringError

AS_OF = dt.date(2026, 3, 1)
GIVEN = """\
currency,day,rate
EUR,2026-03-02,9.0
EUR,2026-02-01,1.08
EUR,2026-01-01,1.04
GBP,2026-03-01,1.27
CHF,2026-01-02,1.1
JPY,2026-04-01,0.0066
"""


def read(folder: Path, text: str, currency: str = "USD") -> pd.DataFrame:
    path = folder / "rates.csv"
    path.write_text(text, encoding="utf-8")
    return read_rates(path, currency=currency)


def worth(codes, rates, *, as_of=AS_OF, max_age_days=45):
    given = paid_in(pd.Series(codes, dtype="object"), currency="USD")
    return worth_of(given, rates, currency="USD", as_of=as_of, max_age_days=max_age_days)


def test_the_latest_rate_on_or_before_the_date_counts_and_never_a_later_one(tmp_path: Path) -> None:
    rates = read(tmp_path, GIVEN)
    assert worth(["EUR", "USD", "GBP", "EUR"], rates).tolist() == [1.08, 1.0, 1.27, 1.08]
    assert worth(["EUR"], rates, as_of=dt.date(2026, 3, 2)).tolist() == [9.0]
    assert worth(["EUR"], rates, as_of=dt.date(2026, 1, 31)).tolist() == [1.04]


def test_what_is_missing_is_the_projects_own_and_needs_no_rates() -> None:
    codes = [None, float("nan"), "", " ", "usd", "USD"]
    told = paid_in(pd.Series(codes, index=list("abcdef"), dtype="object"), currency="USD")
    assert told.to_dict() == dict.fromkeys("abcdef", "USD")
    assert worth(codes, None).tolist() == [1.0] * 6


def test_a_code_is_read_whatever_its_case_and_blanks(tmp_path: Path) -> None:
    assert worth([" eur "], read(tmp_path, GIVEN)).tolist() == [1.08]


def test_a_project_in_another_currency_is_worth_one_in_its_own(tmp_path: Path) -> None:
    rates = read(tmp_path, "currency,day,rate\nUSD,2026-02-01,0.9\nEUR,2026-02-01,1\n", currency="EUR")
    assert rates["currency"].tolist() == ["USD"]
    given = pd.Series(["USD", "EUR"])
    assert worth_of(given, rates, currency="EUR", as_of=AS_OF, max_age_days=45).tolist() == [0.9, 1.0]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("JPY", ("pay in JPY", "on or before 2026-03-01", "first of 1 rates is of 2026-04-01", "how much USD one JPY")),
        ("SEK", ("pay in SEK", "no rate of it at all")),
        ("CHF", ("rate of CHF is too old for 2026-03-01", "at most 45 days", "the latest is of 2026-01-02")),
    ],
)
def test_a_currency_without_a_rate_by_then_is_told_with_the_days_there_are(tmp_path: Path, code, words) -> None:
    with pytest.raises(ScoringError) as raised:
        worth(["EUR", code], read(tmp_path, GIVEN))
    for word in words:
        assert word in str(raised.value)


@pytest.mark.parametrize(("age", "fits"), [(28, True), (27, False)])
def test_a_rate_may_be_just_as_old_as_allowed(tmp_path: Path, age: int, fits: bool) -> None:
    rates = read(tmp_path, GIVEN)
    if fits:
        assert worth(["EUR"], rates, max_age_days=age).tolist() == [1.08]
    else:
        with pytest.raises(ScoringError, match="later ones, from 2026-03-02 on, which were not known then"):
            worth(["EUR"], rates, max_age_days=age)


def test_accounts_in_other_currencies_need_rates() -> None:
    with pytest.raises(ScoringError, match="pay in EUR, and the project has no rates; its currency is USD") as raised:
        worth(["USD", "EUR"], None)
    assert "scoring.rates" in str(raised.value)


def test_what_is_no_code_is_told_without_what_it_says() -> None:
    with pytest.raises(ScoringError, match="no ISO code") as raised:
        worth(["a customer's note"], None)
    assert "NOTE" not in str(raised.value).upper()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("EUR,2026-02-10,0", "no number above 0"),
        ("EUR,2026-02-10,-1", "no number above 0"),
        ("EUR,2026-02-10,", "no number above 0"),
        ("EUR,2026-02-10,inf", "no number above 0"),
        ("EUR,2026-02-10,1e400", "no number above 0"),
        ('EUR,2026-02-10,"1,08"', "no number above 0"),
        ("EUR,10.02.2026,1.1", "name no day"),
        ("EUR,,1.1", "name no day"),
        ("euro,2026-02-10,1.1", "name no currency"),
        (",2026-02-10,1.1", "name no currency"),
        ("EUR,2026-01-01,1.2", "a second rate on one day"),
        ("EUR,2026-01-01,1.04", "a second rate on one day"),
        ("USD,2026-02-10,0.93", "the project's own currency, is not worth 1"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_by_its_number(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(ScoringError, match=words) as raised:
        read(tmp_path, GIVEN + line + "\n")
    assert "1 such rows, first on line 8" in str(raised.value)


def test_a_file_that_is_none_or_lacks_a_column_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScoringError, match="cannot be read"):
        read_rates(tmp_path / "nowhere.csv", currency="USD")
    with pytest.raises(ScoringError, match="lack a column"):
        read(tmp_path, "currency,rate\nEUR,1.1\n")
    (tmp_path / "rates.csv").write_bytes(b"currency,day,rate\n\xff\xfe,2026-01-01,1\n")
    with pytest.raises(ScoringError, match="cannot be read"):
        read_rates(tmp_path / "rates.csv", currency="USD")


@given(
    some.lists(some.dates(dt.date(2026, 1, 1), dt.date(2026, 6, 1)), min_size=1, max_size=20, unique=True),
    some.dates(dt.date(2026, 1, 1), dt.date(2026, 6, 1)),
    some.integers(1, 90),
)
def test_no_rate_of_another_day_than_the_latest_known_is_ever_used(days, as_of, age) -> None:
    # each day's rate is a number of its own
    rates = pd.DataFrame(
        {"currency": "EUR", "day": sorted(days), "rate": [float(day.toordinal()) for day in sorted(days)]}
    )
    latest = max((day for day in days if day <= as_of), default=None)
    if latest is None or (as_of - latest).days > age:
        with pytest.raises(ScoringError):
            worth(["EUR"], rates, as_of=as_of, max_age_days=age)
    else:
        assert worth(["EUR"], rates, as_of=as_of, max_age_days=age).tolist() == [float(latest.toordinal())]
