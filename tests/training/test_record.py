from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.training.worlds import CATALOG, drawn_examples, settings
from uptier.training.record import (
    LONGEST_TAG,
    files,
    head_files,
    head_metrics,
    head_parameters,
    metrics,
    parameters,
    rows,
    tags,
)
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


def test_a_head_has_what_is_its_own(tmp_path: Path) -> None:
    project = settings(tmp_path)
    given = {name: drawn_examples(name, accounts=20) for name in ("churn", "post_upsell_churn")}
    made = train(given, CATALOG, project, gains={}, data_hashes={"accounts": "abc"}, warnings=[])
    assert head_parameters(made, project, "churn")["gap_days"] == 7
    assert head_parameters(made, project, "post_upsell_churn")["gap_days"] == 0
    assert head_metrics(made, "churn")["n"] == metrics(made)["churn/n"] > 0
    drawn = {"figures/shap_churn.png": b"one", "figures/shap_post_upsell_churn.png": b"other", "figures/lift.svg": b""}
    assert set(head_files(drawn, made, "churn")) == {"figures/shap_churn.png", "judgement.json"}
    assert set(head_files(drawn, made, "post_upsell_churn")) == {"figures/shap_post_upsell_churn.png", "judgement.json"}


def test_the_digest_of_rows_follows_tables_signals_outcome_and_slice(tmp_path: Path) -> None:
    project = settings(tmp_path)
    given = {name: drawn_examples(name, accounts=20) for name in ("churn", "add_on")}
    made = train(given, CATALOG, project, gains={}, data_hashes={"accounts": "abc"}, warnings=[])
    others = [
        rows(made, "add_on"),
        rows(replace(made, data_hashes={"accounts": "abd"}), "churn"),
        rows(replace(made, bundle=replace(made.bundle, catalogue_hash="other")), "churn"),
    ]
    digests = [one.digest for described in (rows(made, "churn"), *others) for one in described]
    assert len(digests) == len(set(digests)) == 8
    assert rows(made, "churn") == rows(made, "churn")
    assert "account" not in rows(made, "churn")[0].schema
