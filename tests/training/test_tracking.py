from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training import tracked
from tests.training.worlds import drawn_examples, settings
from uptier.errors import ModelError, StoreError, TrainingError
from uptier.settings import Settings
from uptier.training import logged_model, registry
from uptier.training.connection import DATABASE, connected
from uptier.training.tracking import log_and_register
from uptier.training.training import Trained
from uptier.training.versions import CHAMPION, load_champion, load_version

FRESH = """
import sys, warnings
warnings.simplefilter("ignore")
import mlflow, pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_registry_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/uptier@champion")
frame = pd.read_parquet(sys.argv[2])
model.predict(frame).to_parquet(sys.argv[3])
import uptier
print(uptier.__file__)
try:
    model.predict(frame.drop(columns="growth"))
except Exception as error:
    print(type(error).__name__, str(error).splitlines()[0])
"""


@pytest.fixture(scope="module")
def trained() -> Trained:
    return tracked.trained()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    return tracked.empty_project(tmp_path)


@pytest.fixture(autouse=True)
def undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "drawn" not in request.node.name:
        monkeypatch.setattr("uptier.training.record.figures", lambda _: {})


def database(project: Settings) -> str:
    return f"sqlite:///{project.store / DATABASE}"


def artifact(project: Settings, name: str) -> Path:
    found = list(project.store.rglob(name))
    assert len(found) == 1
    return found[0]


def test_champion_predicts_the_same_in_a_fresh_process(trained: Trained, project: Settings, tmp_path: Path) -> None:
    log_and_register(trained, project)
    frame = drawn_examples(accounts=40, seed=5).frame
    frame.loc[::3, "growth"] = np.nan
    frame.loc[::7, "segment"] = "gigantic"
    shuffled = frame[sorted(frame.columns, reverse=True)]
    shuffled.to_parquet(tmp_path / "frame.parquet")
    # nothing of the checkout on its path: the model brings its own code
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MLFLOW"))}
    said = subprocess.run(
        [sys.executable, "-c", FRESH, database(project), tmp_path / "frame.parquet", tmp_path / "out.parquet"],
        env={**clean, "MLFLOW_DISABLE_TELEMETRY": "true"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    expected = trained.bundle.probabilities(frame)
    made = pd.read_parquet(tmp_path / "out.parquet")
    assert list(made) == ["seat_expansion", "churn"]
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-12)
    assert expected["seat_expansion"].nunique() > 50
    assert str(project.store) in said[0]
    assert said[1] == "ModelError The frame lacks 1 of the 12 signals of the model: growth."


def test_champion_is_found_again(trained: Trained, project: Settings) -> None:
    registered = log_and_register(trained, project)
    assert (registered.name, registered.version, registered.alias) == ("uptier", "1", CHAMPION)
    assert load_champion(project) == (trained.bundle, "1")
    assert load_version(project, "1") == trained.bundle


def test_a_refused_bundle_is_registered_and_the_champion_stays(trained: Trained, project: Settings) -> None:
    log_and_register(trained, project)
    refused = replace(
        trained, bundle=replace(trained.bundle, gains={}), refused_because=("seat_expansion: Not better.",)
    )
    registered = log_and_register(refused, project)
    assert (registered.version, registered.alias) == ("2", "challenger")
    assert load_champion(project) == (trained.bundle, "1")
    assert load_version(project, "2") == refused.bundle


def test_before_any_training_there_is_no_champion_and_no_database(tmp_path: Path, project: Settings) -> None:
    assert load_champion(project) is None
    assert load_champion(settings(tmp_path / "..").model_copy(update={"store": tmp_path / "new"})) is None
    assert not (tmp_path / "new").exists()


def test_a_refused_first_bundle_leaves_no_champion(trained: Trained, project: Settings) -> None:
    log_and_register(replace(trained, refused_because=("Not better.",)), project)
    assert load_champion(project) is None


def test_a_model_stored_without_its_signature_is_not_registered(
    trained: Trained, project: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logged_model, "signature", lambda _: None)
    with pytest.raises(TrainingError, match=r"without the signature of its signals; it was not registered"):
        log_and_register(trained, project)
    with connected(project, writes=False) as client:
        assert client.search_registered_models() == []


def test_a_model_with_the_signature_of_others_is_not_registered(
    trained: Trained, project: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = logged_model.signature(replace(trained.bundle, signals=trained.bundle.signals[1:]))
    monkeypatch.setattr(logged_model, "signature", lambda _: other)
    with pytest.raises(TrainingError, match="other columns in it"):
        log_and_register(trained, project)


def test_everything_is_written_down(trained: Trained, project: Settings) -> None:
    registered = log_and_register(trained, project)
    with connected(project, writes=False) as client:
        run = client.get_run(registered.run_id)
        names = {experiment.name for experiment in client.search_experiments()}
    judgement = trained.judgements["seat_expansion"]
    assert judgement.head is not None
    assert run.data.metrics["seat_expansion/auc"] == judgement.head.auc[1]
    assert run.data.metrics["seat_expansion/points/auc_high"] == judgement.baselines["points"].auc[2]
    assert run.data.params["seed"] == "7"
    assert run.data.params["churn/horizon_days"] == "90"
    assert run.data.tags["fitted"] == "seat_expansion"
    assert run.info.status == "FINISHED"
    assert "drawn" in names
    assert json.loads(artifact(project, "data_hashes.json").read_text()) == {"accounts": "abc"}
    assert json.loads(artifact(project, "judgements.json").read_text())["churn"]["fallback"].startswith("Too few")
    assert artifact(project, "model_card.md").read_text().startswith("# Model card")


def test_the_yaml_is_kept_as_written(trained: Trained, project: Settings) -> None:
    log_and_register(trained, project)
    assert artifact(project, "project.yaml").read_text() == "project: drawn\nsource: ${SECRET_SOURCE}\n"


def test_nothing_is_pickled_and_nothing_lands_outside_the_store(
    trained: Trained, project: Settings, tmp_path: Path
) -> None:
    log_and_register(trained, project)
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".pkl", ".pickle")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drawn.yaml", "store"]


def test_figures_are_drawn_and_logged(trained: Trained, project: Settings) -> None:
    log_and_register(trained, project)
    of_training, of_head = sorted(project.store.rglob("figures"), key=lambda path: -len(list(path.iterdir())))
    assert [path.name for path in of_head.iterdir()] == ["shap_seat_expansion.png"]
    images = {path.name for path in of_training.iterdir()}
    assert images >= {
        "calibration.svg",
        "calibration.png",
        "lift_by_decile.svg",
        "lift_by_decile.png",
        "shap_seat_expansion.png",
    }


def test_addresses_of_mlflow_are_put_back(project: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = f"sqlite:///{project.store / DATABASE}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", elsewhere)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
    load_champion(project)
    assert os.environ["MLFLOW_TRACKING_URI"] == elsewhere
    assert "MLFLOW_REGISTRY_URI" not in os.environ


def test_each_head_is_a_run_below_the_training(trained: Trained, project: Settings) -> None:
    made = log_and_register(trained, project)
    with connected(project, writes=False) as client:
        experiment = client.get_run(made.run_id).info.experiment_id
        below = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{made.run_id}'")
    heads = {run.data.tags["outcome"]: run for run in below}
    assert set(heads) == {"seat_expansion", "churn"}
    seats = heads["seat_expansion"]
    judged = trained.judgements["seat_expansion"]
    assert judged.head is not None
    assert seats.data.metrics["auc"] == judged.head.auc[1]
    assert seats.data.params["horizon_days"] == "60"
    assert {run.info.status for run in below} == {"FINISHED"}


def test_mlflow_is_told_columns_counts_and_hashes_and_no_row(trained: Trained, project: Settings) -> None:
    import mlflow

    made = log_and_register(trained, project)
    with connected(project, writes=False) as client:
        experiment = client.get_run(made.run_id).info.experiment_id
        (run,) = client.search_runs([experiment], "tags.outcome = 'seat_expansion'")
        given = {one.tags[0].value: one.dataset for one in run.inputs.dataset_inputs}
        source = mlflow.data.get_source(given["training"])
    assert set(given) == {"training", "testing"}
    columns = json.loads(given["testing"].schema)["mlflow_colspec"]
    assert {"name": "growth", "type": "double", "required": False} in columns
    assert json.loads(given["testing"].profile)["num_rows"] == trained.judgements["seat_expansion"].test.n
    assert source.to_dict() == {"tags": {"accounts": "abc"}}
    assert given["training"].digest != given["testing"].digest
    kept = "".join(path.read_bytes().decode(errors="replace") for path in project.store.rglob("*") if path.is_file())
    assert "account-0001" not in kept


def test_a_run_that_a_notebook_has_open_is_left_alone(trained: Trained, project: Settings) -> None:
    import mlflow

    uri = database(project)
    mlflow.set_tracking_uri(uri)
    try:
        with mlflow.start_run(experiment_id="0") as open_run:
            made = log_and_register(trained, project)
            mlflow.set_tracking_uri(uri)
        assert made.run_id != open_run.info.run_id
        assert mlflow.get_run(open_run.info.run_id).data.metrics == {}
    finally:
        mlflow.set_tracking_uri(None)
        os.environ.pop("MLFLOW_TRACKING_URI", None)


def test_a_version_is_described_in_a_few_lines(trained: Trained, project: Settings) -> None:
    log_and_register(trained, project)
    with connected(project, writes=False) as client:
        described = client.get_model_version("uptier", "1").description
    assert described.startswith("**drawn**, 12 signals, learnt from as-of dates up to ")
    assert "- churn: base rate" in described


def test_a_store_that_cannot_be_written_is_said_so(trained: Trained, tmp_path: Path) -> None:
    project = settings(tmp_path)
    project.store.write_text("a file in the way")
    with pytest.raises(StoreError) as refused:
        log_and_register(trained, project)
    assert str(refused.value) == (
        f"The store {project.store} cannot be written: File exists.\n"
        "Name a folder that you may write to under 'store' in the project's YAML."
    )


def test_a_damaged_database_is_said_so(project: Settings) -> None:
    (project.store / DATABASE).write_text("this is no database, and long enough to be looked at" * 50)
    with pytest.raises(StoreError, match=r"mlflow\.db cannot be read\.\nFound: DatabaseError"):
        load_champion(project)


def test_a_full_disk_leaves_nothing_registered(
    trained: Trained, project: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(logged_model, "_log_model", full)
    with pytest.raises(StoreError, match=r"cannot be written\.[\s\S]*space left on its disk"):
        log_and_register(trained, project)
    with connected(project, writes=False) as client:
        assert client.search_registered_models() == []
        runs = client.search_runs([client.get_experiment_by_name("drawn").experiment_id])
    assert [run.info.status for run in runs] == ["FAILED"]


@pytest.mark.parametrize("before", [0, 1], ids=["first version", "beside a champion"])
def test_what_fails_after_a_version_was_made_takes_it_back(
    before: int, trained: Trained, project: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(before):
        log_and_register(trained, project)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(registry, "enter", full)
    with pytest.raises(StoreError, match="Found: No space left on device"):
        log_and_register(trained, project)
    with connected(project, writes=False) as client:
        assert len(client.search_model_versions()) == len(client.search_registered_models()) == before
        experiment = client.get_experiment_by_name("drawn").experiment_id
        runs = client.search_runs([experiment], "attributes.status = 'FAILED'")
        assert len(client.search_logged_models([experiment])) == before
    assert len(runs) == 3  # the training and its heads
    assert (load_champion(project) is None) == (before == 0)


def test_an_unknown_version_is_said_so(trained: Trained, project: Settings) -> None:
    log_and_register(trained, project)
    with pytest.raises(StoreError, match="'uptier' has no version 9"):
        load_version(project, "9")


def test_a_stored_model_that_was_tampered_with_is_refused(trained: Trained, project: Settings) -> None:
    log_and_register(trained, project)
    trees = artifact(project, "seat_expansion.txt")
    trees.write_text(trees.read_text().replace("leaf_value=", "leaf_value=1", 1))
    with pytest.raises(ModelError, match=r"seat_expansion\.txt .* is damaged"):
        load_champion(project)
