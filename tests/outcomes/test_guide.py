from __future__ import annotations

import doctest
from pathlib import Path

import uptier.outcomes.report
from uptier.outcomes import endings, evidence

GUIDE = Path(__file__).parents[2] / "docs" / "outcomes.md"


def test_the_examples_of_the_guide_are_true() -> None:
    found = doctest.testfile(str(GUIDE), module_relative=False)
    assert found.attempted > 10
    assert found.failed == 0


def test_the_guide_names_every_rule_and_every_way_to_leave() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    words = (*uptier.outcomes.report.RULES, *endings.HOW, *(f"`{word}`" for word in ("contract", "evidence")))
    assert [word for word in words if word not in text] == []
    assert evidence.DATED_BY == ("contract", "opportunity", "order")
