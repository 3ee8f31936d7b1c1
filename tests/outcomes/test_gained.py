from __future__ import annotations

import pandas as pd

from uptier.outcomes.gained import with_gains
from uptier.outcomes.outcome import Examples


def examples(outcome: str, event_at: list[str | None]) -> Examples:
    names = ["a", "b", "c", "d"][: len(event_at)]
    when = pd.to_datetime(pd.Series(event_at))
    frame = pd.DataFrame({"account_id": names, "as_of": pd.Timestamp("2026-01-01")})
    return Examples(outcome, frame, when.notna().astype("int64"), when, when)


CHANGES = pd.DataFrame(
    {
        "account_id": ["a", "a", "a", "b", "c"],
        "day": pd.to_datetime(["2026-01-10", "2026-01-20", "2026-02-20", "2026-01-20", "2026-01-20"]),
        "kind": ["seat_expansion", "add_on", "add_on", "add_on", "add_on"],
        "mrr_before": [10_000.0, 10_000.0, 15_000.0, 20_000.0, float("nan")],
        "mrr_after": [30_000.0, 15_000.0, 99_000.0, 21_000.0, 30_000.0],
    }
)


def test_the_first_change_of_the_kind_from_that_day_on_is_what_it_brought() -> None:
    made = with_gains(examples("add_on", ["2026-01-15", "2026-01-20", "2026-01-20", None]), CHANGES)
    # (150.00 - 100.00) and (210.00 - 200.00) a month; an unknown price; nothing bought
    assert made.gained.tolist()[:2] == [600.0, 120.0]
    assert pd.isna(made.gained.iloc[2])
    assert made.gained.iloc[3] == 0.0


def test_a_contract_long_after_its_evidence_is_another_one() -> None:
    made = with_gains(examples("add_on", ["2024-06-01"]), CHANGES)
    assert pd.isna(made.gained.iloc[0])


def test_an_outcome_that_is_no_upsell_brings_nothing() -> None:
    assert len(with_gains(examples("churn", ["2026-01-15"]), CHANGES).gained) == 0
