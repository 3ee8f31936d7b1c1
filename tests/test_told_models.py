from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from uptier.told import as_data
from uptier.told_models import (
    backtest_words,
    events_words,
    not_counted_words,
    origins_table,
    removed_table,
    win_rates_table,
)
from uptier.training.at_origins import AtOrigin
from uptier.training.audit import Event
from uptier.training.backtest import Backtested
from uptier.training.judging import Figures
from uptier.training.pooling import Counts
from uptier.work.outcomes import OutcomeReport
from uptier.work.results import Backtest

COUNTS = Counts(n=100, positives=9, accounts=50, positive_accounts=8, cases=8)
THIRD = (0.1, 0.3, 0.5)
AT = AtOrigin(
    date="2026-01-01",
    n=100,
    positives=9,
    base_rate=(0.05, 0.09, 0.13),
    auc=(0.6, 0.7, 0.8),
    points_auc=(0.5, 0.55, 0.6),
    log_loss_gain=(0.0, 0.01, 0.02),
    calibration_ratio=(1.5, 2.0, 2.5),
    broke=("2.00 times as many cases as expected (1.50 to 2.50)",),
)
FIGURES = Figures(
    auc=(0.6, 0.7, 0.8), average_precision=THIRD, precision_at_capacity=THIRD, lift_by_decile=(THIRD,) * 10
)
BACKTEST = Backtest(
    {
        "add_on": Backtested(outcome="add_on", test=COUNTS, origins=(AT,), figures={"head": FIGURES}),
        "churn": Backtested(outcome="churn", test=COUNTS, figures={}, why_not="Too few cases to learn from."),
    },
    Path("backtests"),
)
EVENT = Event(
    number=1,
    at=dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC),
    actor="ops",
    action="promote",
    version="3",
    before="2",
    after="3",
    why="It is better.",
)
REPORT = OutcomeReport(
    removed=pd.DataFrame({"outcome": ["add_on", "all"], "looks": [1200, 1200], "censored": [200, 200], "gap": [0, 0]}),
    not_counted=pd.DataFrame({"outcome": ["add_on"], "why": ["true_up"], "rows": [2]}),
    changes_not_counted={"price_uplift": 1050},
    win_rates=pd.DataFrame(
        {
            "by": ["all", "all"],
            "group": ["calendar", "named_gap"],
            "contacts": [10, 1],
            "open": [0, 1],
            "won": [4, 0],
            "lost": [6, 0],
            "rate": [0.4, float("nan")],
            "low": [0.2, float("nan")],
            "high": [0.6, float("nan")],
        }
    ),
)


def shown(table: Table) -> str:
    screen = Console(file=io.StringIO(), width=140)
    screen.print(table)
    return screen.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_each_origin_is_a_row_and_a_break_is_marked() -> None:
    told = shown(origins_table(BACKTEST))
    assert "2026-01-01" in told
    assert "0.700 (0.600 to 0.800)" in told
    assert "broke" in told


def test_a_backtest_is_said_in_words() -> None:
    told = backtest_words(BACKTEST)
    assert "Add-on: AUC 0.700 (0.600 to 0.800) together; better than the points model at 1 of 1 origins." in told
    assert "  Broke 2026-01-01: 2.00 times as many cases as expected (1.50 to 2.50)." in told
    assert "Churn: Too few cases to learn from." in told
    assert told.endswith("Wrote backtests.")
    assert as_data(BACKTEST)["heads"]["add_on"]["led_points_at"] == 1  # type: ignore[index]


def test_events_are_lines() -> None:
    assert events_words([EVENT]) == (
        "2026-01-02 03:04 UTC, ops: promote version 3. It is better. The champion is version 3, before 2."
    )
    assert "Nothing was registered yet" in events_words([])
    assert as_data({"events": [EVENT]})["events"][0]["why"] == "It is better."  # type: ignore[index]


def test_what_was_removed_is_a_column_for_each_outcome() -> None:
    told = shown(removed_table(REPORT))
    assert "1,200" in told
    assert "censored" in told
    assert "gap" not in told, "a rule that removed nothing is not shown"


def test_only_decided_contacts_have_a_win_rate() -> None:
    told = shown(win_rates_table(REPORT))
    assert "40.0% (20.0% to 60.0%)" in told
    assert "nan" not in told


def test_what_counts_as_no_outcome_is_said() -> None:
    assert not_counted_words(REPORT) == "Changes in contracts that count as no outcome: price uplift 1,050."
    data = as_data(REPORT)
    assert data["win_rates"][1]["rate"] is None  # type: ignore[index]
