from __future__ import annotations

import datetime as dt
import io
import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from rich.table import Table

from uptier.project import Scoring
from uptier.scoring.batch import columns
from uptier.scoring.scorecard import Written
from uptier.settings import Settings
from uptier.signals.catalog import catalog
from uptier.tables.findings import Finding, Findings, Severity
from uptier.terminal import (
    HIGHEST,
    WIDTH,
    as_json,
    console,
    findings_table,
    scorecard_table,
    scoring_words,
    signals_table,
    working,
)

SETTINGS = Settings(
    project="drawn", path=Path("drawn.yaml"), source="", store=Path("store"), data_until=dt.date(2026, 1, 1)
)


def shown(table: Table) -> str:
    written = io.StringIO()
    Console(file=written, width=200).print(table)
    return written.getvalue()


def cells(table: Table) -> list[list[str]]:
    lines = [line for line in shown(table).splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def finding(**given: object) -> Finding:
    told: dict[str, object] = {"code": "future-row", "table": "users", "count": 1, "severity": Severity.WARNING}
    return Finding(**{**told, "message": "rows.", **given})


def scoring(*, fallback: bool, **given: object) -> Scoring:
    """Score twelve accounts in the order of their numbers."""
    empty: dict[type, object] = {str: None, float: np.nan, int: 0, dt.datetime: pd.NaT}
    rows = {name: [empty[kind]] * 12 for name, kind in columns().items()}
    rows |= {"account_id": [f"a{number}" for number in range(12)], "plan": ["pro"] * 12, "action": ["pitch"] * 12}
    rows |= {"reason_1_code": ["use_accelerates"] * 12, "points": list(range(40, 28, -1)), "tier": ["Low"] * 12}
    if not fallback:
        rows |= {"p_any": [0.5] * 12, "gain_arr": [1234.5] * 12, "p_churn": [0.071] * 12, "p_plan_upgrade": [0.4] * 12}
    rows |= {name: [value] * 12 for name, value in given.items()}
    folder = Path("scorecards")
    written = Written(
        folder=folder,
        parquet=folder / "scorecard.parquet",
        csv=folder / "scorecard.csv",
        manifest=folder / "manifest.json",
        rows=12,
        fallback=fallback,
    )
    learnt_until = None if fallback else dt.date(2025, 9, 1)
    return Scoring(pd.DataFrame(rows), written, None if fallback else "3", dt.date(2026, 1, 1), None, learnt_until)


# JSON ----------------------------------------------------------------------------------------------------------------


@dataclass
class Told:
    day: dt.date
    path: Path
    rows: tuple[float, ...]


def test_json_is_one_line_of_plain_values() -> None:
    told = Told(dt.date(2026, 1, 1), Path("a/b"), (1.5, math.nan, math.inf))
    line = as_json({"told": [told], 3: None, "yes": True, "severity": Severity.ERROR, "text": "two\nlines é"})
    assert "\n" not in line
    assert json.loads(line) == {
        "told": [{"day": "2026-01-01", "path": "a/b", "rows": [1.5, None, None]}],
        "3": None,
        "yes": True,
        "severity": "error",
        "text": "two\nlines é",
    }


def test_numbers_of_numpy_are_numbers_of_json() -> None:
    assert json.loads(as_json([np.float64(0.5), np.int64(3), np.bool_(True), np.float64("nan")])) == [
        0.5,
        3,
        True,
        None,
    ]


# progress ------------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_progress_is_shown_on_a_terminal_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr, stdout = Terminal(), io.StringIO()
    monkeypatch.setattr("sys.stderr", stderr)
    monkeypatch.setattr("sys.stdout", stdout)
    with working() as told:
        told("Rolling up usage", 0, 0)
        told("Learning churn", 3, 5)
    assert "Learning churn" in stderr.getvalue()
    assert stderr.getvalue().rstrip().endswith("\x1b[2K")  # the line is erased
    assert stdout.getvalue() == ""


def test_progress_is_not_written_into_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr("sys.stderr", stderr)
    with working() as told:
        told("Rolling up usage", 0, 0)
    assert stderr.getvalue() == ""


def test_a_file_gets_tables_of_a_fixed_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert console().width == WIDTH


# tables --------------------------------------------------------------------------------------------------------------


def test_findings_are_shown_with_code_count_and_what_to_do() -> None:
    errors = finding(severity=Severity.ERROR, count=1234, message="rows come from the future.")
    table = findings_table(Findings((errors, finding(code="equal-rows"))))
    assert table.title == "Check: 1 error, 1 warning"
    assert cells(table) == [
        ["error", "future-row", "users", "1,234", "rows come from the future."],
        ["warning", "equal-rows", "users", "1", "rows."],
    ]


@pytest.mark.parametrize("hostile", ["[red]seats[/red]", "[/]", "a\x1b[31mred", "[link=x]y"])
def test_what_customers_wrote_is_shown_as_it_is(hostile: str) -> None:
    as_shown = hostile.replace("\x1b", " ")
    assert cells(findings_table(Findings((finding(message=hostile, table=hostile),))))[0][2::2] == [as_shown, as_shown]
    for fallback in (True, False):
        rows = cells(scorecard_table(scoring(fallback=fallback, account_id=hostile, plan=hostile), SETTINGS))
        assert rows[0][:2] == [as_shown, as_shown]


def test_the_ten_highest_have_chances_gain_and_churn() -> None:
    rows = cells(scorecard_table(scoring(fallback=False), SETTINGS))
    assert [row[0] for row in rows] == [f"a{number}" for number in range(HIGHEST)]
    assert rows[0] == ["a0", "pro", "", "40 %", "", "50 %", "1,234", "7 %", "pitch", "Velocity"]


def test_by_rules_there_is_no_percentage() -> None:
    table = scorecard_table(scoring(fallback=True), SETTINGS)
    assert cells(table)[0] == ["a0", "pro", "40", "Low", "pitch", "Velocity"]
    assert "%" not in shown(table)
    assert "By rules" in str(table.title)


def test_only_a_trigger_that_has_fired_is_called_by_its_name() -> None:
    fired = scoring(fallback=True, triggers_fired="power_users_emerge,use_accelerates")
    label = next(one.label for one in catalog().triggers if one.name == "use_accelerates")
    assert cells(scorecard_table(fired, SETTINGS))[0][-1] == label
    other = scoring(fallback=True, triggers_fired="power_users_emerge")
    assert cells(scorecard_table(other, SETTINGS))[0][-1] == "Velocity"
    rule = scoring(fallback=True, reason_1_code="before_renewal")
    assert cells(scorecard_table(rule, SETTINGS))[0][-1] == "before renewal"


def test_what_a_scorecard_rests_on_is_said() -> None:
    assert scoring_words(scoring(fallback=False)) == (
        "12 accounts, by model version 3. Scorecard: scorecards/scorecard.csv"
    )
    assert scoring_words(scoring(fallback=True)).startswith("12 accounts, by rules alone: no model is in use.")


@pytest.mark.parametrize(("as_of", "told"), [("2025-09-02", False), ("2025-09-01", True), ("2025-01-01", True)])
def test_a_model_that_knows_what_came_of_a_date_says_so(as_of: str, told: bool) -> None:
    words = scoring_words(replace(scoring(fallback=False), as_of=dt.date.fromisoformat(as_of)))
    hindsight = (
        "This model has learnt from dates up to 2025-09-01, so from what came of these accounts after "
        f"{as_of}: how well it foretells is not to be seen here. 'uptier backtest' shows that."
    )
    assert (hindsight in words.splitlines()) is told


def test_signals_are_summed_up_whatever_they_hold() -> None:
    frame = pd.DataFrame(
        {
            "account_id": ["a", "b", "c", "d"],
            "as_of": pd.Timestamp("2026-01-01"),
            "seats": [1.0, 2.0, 3.0, np.nan],
            "plan": ["pro", "pro", None, "basic"],
            "addons_held": [np.nan] * 4,
            "industry": [None] * 4,
        }
    )
    assert cells(signals_table(frame)) == [
        ["seats", "75%", "1.5", "2", "2.5"],
        ["plan", "75%", "", "2 values", ""],
        ["addons_held", "0%", "", "", ""],
        ["industry", "0%", "", "", ""],
    ]
