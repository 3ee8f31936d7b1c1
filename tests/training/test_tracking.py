from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.worlds import CATALOG, drawn_examples, settings
from uptier.errors import ModelError, StoreError, TrainingError
from uptier.settings import Settings, TrackingSettings
from uptier.training import tracking
from uptier.training.tracking import CHAMPION, DATABASE, load_champion, load_version, log_and_register
from uptier.training.training import Trained, train

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
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    project = settings(tmp_path_factory.mktemp("trained"), min_fit_positives=20, min_test_positives=10)
    examples = {
        "seat_expansion": drawn_examples("seat_expansion", accounts=250),
        "churn": drawn_examples("churn", accounts=10, seed=1),
    }
    return train(
        examples, CATALOG, project, gains={"seat_expansion": 0.3}, data_hashes={"accounts": "abc"}, warnings=["kept"]
    )


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build MLflow's database once: that takes seconds, and copying it none."""
    store = tmp_path_factory.mktemp("template")
    with tracking._connected(settings(store), writes=True) as client:
        client.search_experiments()
    return store / "store" / DATABASE


@pytest.fixture
def project(tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    made = settings(tmp_path)
    made.store.mkdir()
    shutil.copy(template, made.store / DATABASE)
    return made


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
    assert (registered.version, registered.alias) == ("2", None)
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
    monkeypatch.setattr(tracking, "signature", lambda _: None)
    with pytest.raises(TrainingError, match=r"without the signature of its signals; it was not registered"):
        log_and_register(trained, project)
    with tracking._connected(project, writes=False) as client:
        assert client.search_registered_models() == []


def test_a_model_with_the_signature_of_others_is_not_registered(
    trained: Trained, project: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tracking.signature(replace(trained.bundle, signals=trained.bundle.signals[1:]))
    monkeypatch.setattr(tracking, "signature", lambda _: other)
    with pytest.raises(TrainingError, match="other columns in it"):
        log_and_register(trained, project)


def test_everything_is_written_down(trained: Trained, project: Settings) -> None:
    registered = log_and_register(trained, project)
    with tracking._connected(project, writes=False) as client:
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
    images = {path.name for path in artifact(project, "figures").iterdir()}
    assert images == {
        "calibration.svg",
        "calibration.png",
        "lift_by_decile.svg",
        "lift_by_decile.png",
        "shap_seat_expansion.png",
    }


def test_addresses_of_mlflow_are_put_back(project: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///elsewhere.db")
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
    load_champion(project)
    assert os.environ["MLFLOW_TRACKING_URI"] == "sqlite:///elsewhere.db"
    assert "MLFLOW_REGISTRY_URI" not in os.environ


def test_a_server_that_is_away_is_said_so_without_its_password(trained: Trained, project: Settings) -> None:
    away = project.model_copy(update={"mlflow": TrackingSettings(uri="http://someone:secret@127.0.0.1:9")})
    for ask in (lambda: log_and_register(trained, away), lambda: load_champion(away)):
        with pytest.raises(StoreError) as refused:
            ask()
        assert "MLflow at http://127.0.0.1:9 cannot be" in str(refused.value)
        assert "Check that the server answers" in str(refused.value)
        assert "secret" not in str(refused.value)


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

    monkeypatch.setattr(tracking, "_log_model", full)
    with pytest.raises(StoreError, match=r"cannot be written\.[\s\S]*space left on its disk"):
        log_and_register(trained, project)
    with tracking._connected(project, writes=False) as client:
        assert client.search_registered_models() == []
        runs = client.search_runs([client.get_experiment_by_name("drawn").experiment_id])
    assert [run.info.status for run in runs] == ["FAILED"]


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
