"""A CSM's briefs are of their own accounts, in the order of the day."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from tests.end_to_end import jobs
from tests.explanation.test_brief import PITCH, PROTECT, RULES, VALUE
from uptier import Project
from uptier.decision.actions import Action
from uptier.errors import ScoringError
from uptier.work.briefs import FIRST, _place


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.getbasetemp()
    jobs.small_run(folder)  # so that it has a rollup and compiled signals
    return Project(jobs.small_project(folder))


def test_what_is_to_be_done_comes_first_and_what_brings_most_before_the_rest() -> None:
    dear = replace(PITCH, account_id="dear", value=replace(VALUE, expected_value=5000.0))
    unknown = replace(PITCH, account_id="unknown", value=replace(VALUE, expected_value=float("nan")))
    left = replace(PITCH, account_id="left", action=Action.LEAVE, value=replace(VALUE, expected_value=9000.0))
    ordered = sorted([left, PROTECT, RULES, unknown, PITCH, dear], key=_place)
    assert [one.account_id for one in ordered] == ["dear", "0417", "unknown", "0417", "0417", "left"]
    assert [FIRST.index(one.action) for one in ordered] == [0, 0, 0, 1, 2, 3]


def test_under_rules_points_decide() -> None:
    low, high = replace(RULES, account_id="low", points=20), replace(RULES, account_id="high", points=90)
    assert [one.account_id for one in sorted([low, high], key=_place)] == ["high", "low"]


def test_a_csm_gets_every_account_of_their_own_and_no_other(project: Project) -> None:
    as_of = project.settings.data_until
    card = project.score().scorecard
    for csm in sorted(card["owner"].dropna().unique())[:2]:
        briefs = project.worklist(csm)
        assert sorted(one.account_id for one in briefs) == sorted(card.loc[card["owner"] == csm, "account_id"])
        assert {one.as_of for one in briefs} == {as_of}
        assert [_place(one) for one in briefs] == sorted(_place(one) for one in briefs)
        alone = project.explain(briefs[0].account_id)
        assert alone == briefs[0]


def test_briefs_tell_what_happened_lately_and_hold_what_is_drawn(project: Project) -> None:
    briefs = [one for csm in ("csm-01", "csm-02") for one in project.worklist(csm)]
    told = [one.recent for one in briefs if one.recent is not None]
    assert len(told) == len(briefs)
    assert all(one.milestones is not None and one.tickets is not None and one.has_outreach for one in told)
    assert any(one.milestones for one in told)
    assert any(one.contact for one in told)
    assert all(one.trends is not None and one.trends.seats is not None for one in briefs)
    assert any(one.trends is not None and one.trends.gates is not None for one in briefs)
    for one in briefs:
        text = one.text().partition("\n\nThe talk:")[0]
        assert [label for label in ("milestones", "tickets", "contacted") if f"\n{label}" in text] == [
            "milestones",
            "tickets",
            "contacted",
        ]


def test_a_csm_that_there_is_not_is_met_with_the_nearest(project: Project) -> None:
    owners = pd.read_parquet(project.settings.path.parent / "world" / "accounts.parquet")["owner"].dropna()
    with pytest.raises(ScoringError, match="Nobody called 'csm-'") as refused:
        project.worklist("csm-")
    assert any(owner in str(refused.value) for owner in set(owners))
