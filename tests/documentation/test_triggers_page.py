"""What the sources say is mapped to the catalogue, whole, and by names that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from uptier.documentation import triggers_page as of_triggers
from uptier.documentation.distributions import limits_of
from uptier.documentation.domain_line import GUARDS, OTHER, OURS, POINTS, SECTIONS, WINDOWS, Line
from uptier.documentation.domain_map import DOMAIN
from uptier.documentation.signals_page import anchors, signals_page
from uptier.documentation.triggers_page import triggers_page
from uptier.errors import SignalError
from uptier.model.points import RULES
from uptier.signals.catalog import catalog
from uptier.signals.families import FAMILIES
from uptier.thresholds import Thresholds

TEXT = triggers_page(catalog(), Thresholds())


@pytest.mark.parametrize("line", DOMAIN, ids=lambda line: line.said[:40])
def test_every_name_on_a_line_is_there(line: Line) -> None:
    assert line.section in SECTIONS
    assert set(line.signals) <= {one.name for one in catalog().signals}
    assert set(line.triggers) <= {one.name for one in catalog().triggers}
    assert set(line.thresholds) <= set(Thresholds.model_fields)
    assert set(line.rules) <= {rule.name for rule in RULES}
    assert line.signals, "a line without a signal is not measured at all"
    assert line.source == OURS or set(line.source.split(", ")) <= {"S0", "S1", "S2", "S3", "S4"}


def test_every_signal_trigger_threshold_and_rule_is_on_a_line() -> None:
    assert {one.name for one in catalog().signals} - {name for line in DOMAIN for name in line.signals} == set()
    assert {one.name for one in catalog().triggers} - {name for line in DOMAIN for name in line.triggers} == set()
    assert set(Thresholds.model_fields) - {name for line in DOMAIN for name in line.thresholds} == set()
    assert {rule.name for rule in RULES} - {name for line in DOMAIN for name in line.rules} == set()


def test_every_family_is_on_a_line() -> None:
    family = {one.name: one.family for one in catalog().signals}
    assert {family[name] for line in DOMAIN for name in line.signals} == set(FAMILIES)


def test_a_trigger_stands_beside_a_signal_that_its_rule_looks_at() -> None:
    asked = {one.name: set(limits_of(one, Thresholds())) for one in catalog().triggers}
    for line in DOMAIN:
        for name in line.triggers:
            assert asked[name] & set(line.signals), f"{line.said}: {name} looks at {asked[name]}"


def test_all_that_a_rule_looks_at_stands_on_lines_with_its_trigger() -> None:
    for one in catalog().triggers:
        lines = [line for line in DOMAIN if one.name in line.triggers]
        assert set(limits_of(one, Thresholds())) <= {name for line in lines for name in line.signals}, one.name


def test_a_rule_stands_beside_the_signal_that_it_looks_at_and_tells_its_points() -> None:
    for line in DOMAIN:
        for rule in RULES:
            if rule.name in line.rules:
                assert rule.column in line.signals, line.said
                assert line.section != POINTS or line.said.startswith(f"{rule.points} points: ")


def test_each_section_tells_as_much_as_the_sources_do() -> None:
    count = {section: sum(line.section == section for line in DOMAIN) for section in SECTIONS}
    assert count[WINDOWS] >= 4
    assert count[OTHER] >= 15
    assert count[GUARDS] >= 3
    assert count[POINTS] == len(RULES) == 7


def test_only_context_may_be_our_own() -> None:
    assert {line.section for line in DOMAIN if line.source == OURS} == {"Context"}


def test_every_trigger_is_told_with_its_rule_its_days_and_since_when() -> None:
    for one in catalog().triggers:
        [row] = [line for line in TEXT.splitlines() if line.startswith(f"| [{one.label}](")]
        assert " ".join(str(one.__doc__).split("\n\n")[0].split()) in row
        assert one.frame in row
        assert f"| {one.act_within_days or ''} |" in row
        assert not one.since or f"`{one.since}`" in row


def test_every_link_leads_to_a_heading() -> None:
    page = signals_page(catalog(), Thresholds())
    there = set(anchors(catalog()).values())
    assert set(re.findall(r"\(signals\.md(#[^)]+)\)", TEXT)) <= there
    assert set(re.findall(r"\]\((#[^)]+)\)", page)) == there
    headings = re.findall(r"^##+ (.*)$", page, re.MULTILINE)
    assert len(headings) == len(there)


def test_a_signal_called_like_its_family_has_an_address_of_its_own() -> None:
    places = anchors(catalog())
    assert (places["family power_users"], places["power_users"]) == ("#power-users", "#power-users-1")


def test_thresholds_are_told_as_the_project_has_set_them() -> None:
    assert "`gate_days` 14" in TEXT
    assert "`gate_days` 21" in triggers_page(catalog(), Thresholds(gate_days=21))


def test_a_line_about_a_signal_that_is_gone_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Line(OTHER, "Something", "S0", signals=("seat_utilization",))
    monkeypatch.setattr(of_triggers, "DOMAIN", (gone,))
    with pytest.raises(SignalError, match="There is no signal 'seat_utilization'"):
        triggers_page(catalog(), Thresholds())


def test_no_line_names_a_place_on_a_machine() -> None:
    assert not any(
        "/work" in text or "/tmp" in text for text in (TEXT, Path(of_triggers.__file__).read_text(encoding="utf-8"))
    )
