from __future__ import annotations

import json

import pytest

from uptier import saying
from uptier.tables.findings import Finding, Findings, Severity


def test_nothing_but_json_is_said_where_only_json_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    saying.say_findings(Findings(()), quiet=True)
    assert capsys.readouterr() == ("", "")


def test_findings_are_said_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    finding = Finding(
        code="future-row", table="usage_events", count=3, severity=Severity.ERROR, message="Is data_until right?"
    )
    saying.say_findings(Findings((finding,)), quiet=False)
    assert "future-row" in capsys.readouterr().out


def test_json_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    saying.print_json({"rows": 3})
    told = capsys.readouterr().out
    assert told.count("\n") == 1
    assert json.loads(told) == {"rows": 3}
