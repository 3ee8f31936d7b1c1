"""Every parameter of simulated worlds stands on its page, or the page is refused."""

from __future__ import annotations

import pytest

from uptier.documentation.parameters_page import parameters_page
from uptier.errors import UptierError
from uptier.simulate import commerce
from uptier.simulate.parameters import leaves
from uptier.simulate.presets import Parameters


def test_every_parameter_has_a_row_in_the_chapter_of_its_group() -> None:
    text = parameters_page()
    for place, _ in leaves(Parameters()):
        group, _, name = place.rpartition(".")
        chapter = text.partition(f"\n## {f'`{group}`' if group else 'Top'}\n")[2].partition("\n## ")[0]
        rows = [line for line in chapter.splitlines() if line.startswith("| `") and f"`{name}`" in line.split(" | ")[0]]
        assert len(rows) == 1, place
        assert all(cell.strip() for cell in rows[0].strip("|").split(" | ")), place


def test_values_are_told_with_their_bounds_and_written_as_a_yaml_has_them() -> None:
    text = parameters_page()
    assert "| `accounts` | whole number, at least 1 | `800` |" in text
    assert "| `segments` | 4 numbers, 0 to 1, which add up to 1 | `[0.3, " in text
    assert "| `mood` | 4 rows of 4 numbers, 0 to 1, of which each row adds up to 1 | `[[" in text
    assert "| `coarse_usage` | true or false | `false` |" in text
    assert "| `calendar` | keys | [below](#teamscalendar) |" in text
    assert "\n## `teams.calendar`\n\nHow busy each day is.\n" in text
    assert ":data:" not in text
    assert "See below" not in text


def test_a_parameter_that_is_not_described_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    told = str(commerce.Commerce.__doc__).replace("uplift : float", "markup : float")
    monkeypatch.setattr(commerce.Commerce, "__doc__", told)
    with pytest.raises(UptierError, match=r"Found: uplift is not described, there is no markup\."):
        parameters_page()
