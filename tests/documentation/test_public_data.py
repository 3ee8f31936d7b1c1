"""docs/public-data.md says what was measured on public data, to the last digit that it shows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "public-data.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if re.search(r"\| `\w+`: `[\w.]+` \|$", line)
]


def measured(of: str) -> Any:
    """Look up what a row names: a claim, and the way to a figure of it."""
    name, way = re.fullmatch(r"`(\w+)`: `([\w.]+)`", of).groups()  # type: ignore[union-attr]  # else it fails
    value: Any = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text(encoding="utf-8"))["figures"]
    for part in way.split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def told(value: Any) -> list[str]:
    """Write a figure as the page does: an interval, an origin, a table of the classifier, or names."""
    match value:
        case [float(low), float(middle), float(high)]:
            return [f"{middle:.2f} ({low:.2f} to {high:.2f})"]
        case {"date": date, "n": n, "positives": positives, "auc": auc, "calibration_ratio": ratio}:
            return [date, f"{n:,}", f"{positives:,}", *told(auc), *told(ratio)]
        case {"uptier": _}:
            tools = ("uptier", "lightgbm", "logistic", "hist_boosting")
            return [
                " / ".join(f"{value[tool][measure]['mean']:.{digits}f}" for tool in tools)
                for measure, digits in (("auc", 3), ("log_loss", 4), ("ece", 3))
            ]
        case list():
            return [", ".join(value) or "nothing"]
    raise TypeError(value)


def test_the_page_has_figures() -> None:
    assert len(ROWS) > 10


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[-1])
def test_the_figures_are_those_that_were_measured(row: list[str]) -> None:
    *said, of = row
    wanted = told(measured(of))
    assert said[-len(wanted) :] == wanted


@pytest.mark.parametrize(
    ("said", "of"),
    [("14,226 rows", "usage-outside-subscription"), ("500 accounts", "side-by-side"), ("21\nids", "duplicate-key")],
)
def test_what_the_check_finds_is_what_was_counted(said: str, of: str) -> None:
    count = json.loads((ROOT / "benchmarks/results/ravenstack.json").read_text(encoding="utf-8"))["figures"]["findings"]
    assert said in PAGE
    assert said.split()[0].replace(",", "") == str(count[of])


def test_the_drift_of_the_bank_is_the_one_that_was_told() -> None:
    drift = measured("`bank_in_time`: `drift`")
    first, last = re.search(r"drifts: ([\d.]+)% from 0 on, ([\d.]+)% from", drift).groups()  # type: ignore[union-attr]  # else it fails
    assert f"from {float(first):.0f} % of the first calls to {float(last):.0f} % of the last" in PAGE


def test_the_readme_quotes_them_too() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pooled = measured("`churnsim`: `backtest.pooled`")
    ours, alone = (f"{pooled[scorer][1]:.2f}" for scorer in ("head", "utilisation"))
    assert f"an AUC of {ours}\nwhere utilisation alone reaches {alone}" in readme


@pytest.mark.parametrize("name", ["churnsim", "ravenstack", "bank_in_time", "public_tables"])
def test_what_the_page_quotes_has_met_its_bounds(name: str) -> None:
    assert json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text(encoding="utf-8"))["met"] is True
