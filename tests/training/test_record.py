from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.training.worlds import CATALOG, drawn_examples, settings
from uptier.training.record import LONGEST_TAG, files, metrics, parameters, tags
from uptier.training.training import train


def test_everything_of_a_run_is_flat_and_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uptier.training.record.figures", lambda _: {"lift.svg": b"<svg/>"})
    project = settings(tmp_path)
    given = {"churn": drawn_examples("churn", accounts=20)}
    made = train(given, CATALOG, project, gains={}, data_hashes={"accounts": "abc"}, warnings=["kept"])
    assert parameters(made, project)["churn/gap_days"] == 7
    # a pooled head has counts and no figures
    assert {name for name in metrics(made) if name.startswith("churn/")} == {
        "churn/passed",
        "churn/n",
        "churn/positives",
        "churn/base_rate",
    }
    assert len(tags(replace(made, refused_because=("long " * 2000,)))["refused_because"]) == LONGEST_TAG
    written = files(made, project)
    assert json.loads(written["accepted_findings.json"]) == ["kept"]
    assert written["figures/lift.svg"] == b"<svg/>"
    assert written["project.yaml"] == project.path.read_bytes()
