"""A scoring run on a small world: the worklist follows the one before it, and a second run changes nothing."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from tests.end_to_end import jobs
from tests.end_to_end.jobs import SMALL
from uptier import Project
from uptier.errors import ScoringError
from uptier.scoring.scorecard import read_manifest, read_worklist
from uptier.work.scoring import score

END, BEFORE = dt.date(2026, 1, 1), dt.date(2025, 12, 1)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = jobs.small_project(tmp_path_factory.getbasetemp()).with_name("listed.yaml")
    path.write_text(SMALL.replace("store: ", "store: listed-") + "worklist: {capacity: 3, dismissed: away.csv}\n")
    path.with_name("away.csv").write_text("account_id,upsell,until\nnone,,2026-03-01\n")
    return path


def test_a_worklist_follows_the_one_before_it_and_a_second_run_is_the_same(config: Path) -> None:
    told: list[str] = []
    project = Project(config, lambda what, done, of: told.append(what))
    first, second = project.score(BEFORE).worklist, project.score(END).worklist
    assert told.index("Scoring") > 0
    assert first is not None
    assert second is not None
    assert set(first["cycle"]) == {pd.Timestamp(BEFORE)}
    assert set(second["cycle"]) == {pd.Timestamp(BEFORE), pd.Timestamp(END)}
    still = set(first.loc[first["state"] == "open", "uptier_key"])
    assert still
    assert still <= set(second["uptier_key"])
    assert second.groupby("owner", dropna=False)["rank"].max().max() <= 3
    again = project.score(END)
    assert again.worklist is not None
    pd.testing.assert_frame_equal(again.worklist, second)
    written = read_worklist(again.written.folder)
    assert written is not None
    pd.testing.assert_frame_equal(written, second)
    assert read_manifest(again.written.folder)["worklist"]["rows"] == len(second)


def test_dismissals_that_cannot_be_read_stop_the_run_before_the_long_work(config: Path) -> None:
    config.with_name("away.csv").write_text("nothing\n")
    project, told = Project(config), list[str]()
    with pytest.raises(ScoringError, match="lack a column"):
        score(project._material, END, told.append)
    assert told == []
