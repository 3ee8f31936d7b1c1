"""The page on more than one machine adds up, and names options that there are."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from uptier.settings import Settings
from uptier.signals.catalog import catalog

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "scale-out.md").read_text(encoding="utf-8")
TIMES = 50  # from twenty million events to a thousand million
UNITS = {"MB": 1e6, "GB": 1e9, "M": 1e6, "": 1.0}
AMOUNT = re.compile(r"^([\d.,]+)(?: (MB|GB|M))?(?=,| |$)")


def amount(cell: str) -> float:
    """Read the first amount of a cell."""
    found = AMOUNT.match(cell)
    assert found, cell
    return float(found[1].replace(",", "")) * UNITS[found[2] or ""]


MEASURED = TEXT[TEXT.index("| accounts |") :].partition("\n\n")[0]
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in MEASURED.splitlines()]
COUNTED = [row for row in ROWS if AMOUNT.match(row[2]) and not row[3].endswith(("min", "most"))]


def test_most_rows_are_held_against_each_other() -> None:
    assert len(COUNTED) >= 8


@pytest.mark.parametrize("row", COUNTED, ids=lambda row: row[0][:30])
def test_what_is_on_paper_is_fifty_times_what_was_measured(row: list[str]) -> None:
    # told with two digits
    assert amount(row[3]) == pytest.approx(TIMES * amount(row[2]), rel=0.1)


@pytest.mark.parametrize("row", COUNTED, ids=lambda row: row[0][:30])
def test_ten_times_the_events_are_ten_times_the_rest(row: list[str]) -> None:
    # larger files pack some columns better
    assert amount(row[2]) == pytest.approx(10 * amount(row[1]), rel=0.3)


def test_a_row_of_the_frame_is_as_long_as_told() -> None:
    found = re.search(r"frame of 12 dates: (\d+) columns, ([\d.]+) KB a row", TEXT)
    assert found
    assert int(found[1]) == len(catalog().signals)
    assert float(found[2]) == pytest.approx(8 * len(catalog().signals) / 1000, rel=0.05)


def test_what_is_to_be_installed_and_set_is_there() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert set(re.findall(r"uptier\[(\w+)\]", TEXT)) == {"spark", "postgresql"} <= set(extras)
    assert Settings.model_fields["backend"].annotation is not None
    assert "spark" in str(Settings.model_fields["backend"].annotation)
    assert "backend: spark" in TEXT
