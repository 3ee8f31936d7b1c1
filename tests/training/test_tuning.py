from __future__ import annotations

import dataclasses
import sqlite3
import sys
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from tests.training import tracked
from tests.training.worlds import CATALOG, drawn_examples, settings, without_signal
from uptier.errors import SettingsError, StoreError, TrainingError
from uptier.model.bundle import BundleSignal
from uptier.outcomes.outcome import Examples
from uptier.settings import OUTCOMES, Settings, read_settings
from uptier.training import trials, tuning
from uptier.training.connection import connected
from uptier.training.rolled import model_of
from uptier.training.shapes import Shape
from uptier.training.splitting import origins_of
from uptier.training.training import in_order
from uptier.training.tuned_runs import run_ended, search_began
from uptier.training.tuning import Tuned, before_the_test, snippet, tuned
from uptier.training_settings import TrainingSettings, TreeSettings, TunedOutcome

SIGNALS = tuple(BundleSignal(one.name, one.family, one.is_category) for one in CATALOG.signals)
KNOBS = {"min_fit_positives": 20, "min_test_positives": 10, "folds": 2, "bootstraps": 50}


def drawn(**kinds: Any) -> Examples:
    return in_order(drawn_examples(**{"accounts": 200, "months": 12, **kinds}))


def project(folder: Path) -> Settings:
    made = tracked.empty_project(folder)
    return made.model_copy(update={"training": TrainingSettings(**KNOBS)})


def sought(given: Examples, made: Settings, trials: int, **more: Any) -> Tuned:
    return tuned(given, SIGNALS, made, catalogue_hash="abc", trials=trials, **more)


def trials_of(made: Settings) -> list[Any]:
    import optuna

    storage = optuna.storages.RDBStorage(f"sqlite:///{made.store / tuning.DATABASE}")
    studies = optuna.get_all_study_names(storage)
    found = [trial for name in studies for trial in optuna.load_study(study_name=name, storage=storage).get_trials()]
    storage.engine.dispose()
    return found


def values(made: Settings) -> list[float | None]:
    return [trial.value for trial in trials_of(made) if trial.state.name in ("COMPLETE", "PRUNED")]


@pytest.fixture(scope="module")
def given() -> Examples:
    return drawn()


@pytest.fixture(scope="module")
def whole(given: Examples, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Tuned]:
    made = project(tmp_path_factory.mktemp("whole"))
    return made, sought(given, made, 4)


def test_what_training_does_by_itself_is_tried_first(whole: tuple[Settings, Tuned]) -> None:
    made, found = whole
    first, *others = trials_of(made)
    assert first.user_attrs["defaults"]
    assert first.value == found.default_loss
    assert not any(trial.user_attrs.get("defaults") for trial in others)
    assert len({str(trial.params) for trial in trials_of(made)}) == found.trials == 4
    assert found.best_loss == min(trial.value for trial in trials_of(made))


def test_a_second_call_with_as_many_trials_tries_nothing(whole: tuple[Settings, Tuned], given: Examples) -> None:
    made, found = whole
    steps: list[tuple[str, int, int]] = []
    assert sought(given, made, 4, progress=lambda *step: steps.append(step)) == found
    assert steps == []
    assert len(trials_of(made)) == 4


def test_a_killed_search_goes_on_as_if_it_had_not_been(
    whole: tuple[Settings, Tuned], given: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = project(tmp_path)
    grown, calls = trials.model_of, []

    def killed(*arguments: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) == 7:  # one looks for a shape, two origins are asked by each of two trials, one by the third
            raise KeyboardInterrupt
        return grown(*arguments, **more)

    with monkeypatch.context() as patched:
        patched.setattr(trials, "model_of", killed)
        with pytest.raises(KeyboardInterrupt):
            sought(given, made, 4)
    assert [trial.state.name for trial in trials_of(made)] == ["COMPLETE", "COMPLETE", "RUNNING"]
    found = sought(given, made, 4)
    assert [trial.state.name for trial in trials_of(made)] == ["COMPLETE", "COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
    assert values(made) == values(whole[0])
    assert dataclasses.replace(found, run_id="") == dataclasses.replace(whole[1], run_id="")
    with connected(made, writes=False) as client:
        ends = [run.info.status for run in _children(client, made, found)]
    assert sorted(ends) == ["FINISHED"] * 4 + ["KILLED"]


def test_the_months_of_the_test_are_never_touched(
    whole: tuple[Settings, Tuned], given: Examples, tmp_path: Path
) -> None:
    made = project(tmp_path)
    cut = origins_of(given, test_share=made.training.test_share, origins=made.training.origins)
    known = before_the_test(given, made.training)
    assert (known.known_at <= cut[0].date).all()
    label, other = given.label.copy(), given.frame.copy()
    hidden = np.setdiff1d(np.arange(len(label)), cut[0].fit)
    label.iloc[hidden] = 1 - label.iloc[hidden]
    other.loc[hidden, "segment"] = "a new one"
    assert dataclasses.replace(
        sought(dataclasses.replace(given, label=label, frame=other), made, 4), run_id=""
    ) == dataclasses.replace(whole[1], run_id="")
    assert values(made) == values(whole[0])


def test_other_labels_or_signals_begin_a_new_search(given: Examples, tmp_path: Path) -> None:
    made = project(tmp_path)
    sought(given, made, 1)
    tuned(given, SIGNALS, made, catalogue_hash="abd", trials=1)
    label = given.label.copy()
    label.iloc[0] = 1 - label.iloc[0]
    sought(dataclasses.replace(given, label=label), made, 1)
    assert len(trials_of(made)) == 3


def test_every_trial_is_a_child_run_in_mlflow(whole: tuple[Settings, Tuned]) -> None:
    made, found = whole
    with connected(made, writes=False) as client:
        parent, children = client.get_run(found.run_id), _children(client, made, found)
    assert parent.info.run_name == "tuning seat_expansion"
    assert parent.data.tags["tuning"] == "true"
    assert parent.data.metrics["best_log_loss"] == found.best_loss
    assert parent.info.status == "FINISHED"
    assert sorted(run.info.run_name for run in children) == [f"trial {number}" for number in range(4)]
    assert sorted(run.data.metrics["log_loss"] for run in children) == sorted(values(made))
    for run in children:
        assert run.info.status == "FINISHED"
        assert run.data.tags["tuning"] == "true"
        assert run.data.metrics["seconds"] > 0
        assert {"trees", "depth", "leaves", "rate"} <= set(run.data.params)


def test_what_the_project_has_is_tried_too(given: Examples, tmp_path: Path) -> None:
    made = project(tmp_path)
    own = TreeSettings(depth=2, leaves=3, rate=0.123)
    knobs = made.training.model_copy(update={"trees": {"seat_expansion": own}})
    made = made.model_copy(update={"training": knobs})
    found = sought(given, made, 2)
    with connected(made, writes=False) as client:
        told = {run.data.params["trees"]: run.data.params["rate"] for run in _children(client, made, found)}
    assert set(told) == {"defaults", "own"}
    assert told["own"] == "0.123"
    assert told["defaults"] != "0.123"


def test_better_by_chance_is_not_recommended(tmp_path: Path) -> None:
    found = sought(without_signal(drawn(), seed=3), project(tmp_path), 4)
    assert found.trials == 4
    assert not found.recommended


def test_trees_that_are_better_are_recommended(
    given: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # as if training by itself took trees that learn next to nothing
    poor = Shape(depth=1, leaves=2, rate=0.001)
    monkeypatch.setattr(trials.Inside, "sought", lambda inside: poor)
    found = sought(given, project(tmp_path), 4)
    assert found.recommended
    assert 0 < found.gain[0] < found.gain[1] == pytest.approx(found.default_loss - found.best_loss)
    assert found.as_json()["recommended"] is True


def test_the_best_of_more_trials_must_be_better_by_more(whole: tuple[Settings, Tuned], given: Examples) -> None:
    known = before_the_test(given, whole[0].training)
    inside = trials.Inside(
        material=tuning.material_of(known, SIGNALS),
        origins=origins_of(known, test_share=tuning.SHARE, origins=tuning.ORIGINS),
        knobs=whole[0].training,
    )
    less = np.random.default_rng(0).normal(0.01, 0.1, len(inside.rows))
    lows = [tuning._gain(less, inside, others=others)[0] for others in (1, 30, 300)]
    assert lows == sorted(lows, reverse=True)
    assert len(set(lows)) == 3


def test_the_snippet_changes_the_trees_that_are_grown(given: Examples, tmp_path: Path) -> None:
    made = project(tmp_path)
    best = TreeSettings(depth=2, leaves=3, rate=0.07, l2=33.0, features=0.9, rows_in_leaf=77)
    text = snippet([Tuned(outcome="seat_expansion", best=best), Tuned(outcome="churn")])
    yaml = tmp_path / "acme.yaml"
    yaml.write_text(f"project: acme\nsource: .\nstore: store\ndata_until: 2026-01-01\n{text}", encoding="utf-8")
    read = read_settings(yaml).training
    assert read.trees == {"seat_expansion": best}
    material = tuning.material_of(before_the_test(given, made.training), SIGNALS)
    rows = np.arange(len(material.label))
    knobs = made.training.model_copy(update={"trees": read.trees})
    learnt = model_of(material, rows, rows[:5], knobs)[0].learnt
    assert (learnt.shape.depth, learnt.shape.leaves, learnt.shape.rate) == (2, 3, 0.07)
    for told in ("[lambda_l2: 33]", "[feature_fraction: 0.9]", "[min_data_in_leaf: 77]"):
        assert told in learnt.trees
    other = knobs.model_copy(update={"trees": {"churn": best}})
    assert model_of(material, rows, rows[:5], other)[0].learnt.shape.rate != 0.07


def test_a_yaml_that_leaves_knobs_out_is_read_and_written() -> None:
    some = TreeSettings(depth=2, leaves=4, rate=0.1)
    assert snippet([Tuned(outcome="churn", best=some)]).endswith(
        "    churn: {depth: 2, leaves: 4, rate: 0.1, features: 0.6}\n"
    )


@pytest.mark.parametrize(
    ("trees", "told"),
    [
        ("chrun: {depth: 2, leaves: 4, rate: 0.1}", "there is no outcome 'chrun'. Did you mean 'churn'?"),
        ("churn: {depth: 6, leaves: 4, rate: 0.1}", "less than or equal to 5. Found: 6."),
        ("churn: {depth: 2, leaves: 5, rate: 0.1}", "a tree of depth 2 has at most 4 leaves."),
        ("churn: {depth: 2, leaves: 4, rate: 0.1, leafs: 7}", "there is no such key. Did you mean 'leaves'?"),
    ],
)
def test_trees_that_cannot_be_are_said_with_file_and_line(trees: str, told: str, tmp_path: Path) -> None:
    yaml = tmp_path / "acme.yaml"
    top = "project: acme\nsource: .\nstore: store\ndata_until: 2026-01-01\n"
    yaml.write_text(f"{top}training:\n  trees:\n    {trees}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"acme\.yaml") as caught:
        read_settings(yaml)
    assert told in str(caught.value)


def test_trees_may_be_set_for_every_outcome() -> None:
    assert get_args(TunedOutcome) == OUTCOMES


def test_a_search_whose_run_is_gone_begins_a_new_one(tmp_path: Path) -> None:
    made = project(tmp_path)
    first = search_began(made, "churn", known=None, parameters={"rows": 3}, study="one")
    assert search_began(made, "churn", known=first, parameters={"rows": 3}, study="one") == first
    with connected(made, writes=True) as client:
        client.delete_run(first)
    run_ended(made, first, metrics={"log_loss": 0.4})
    for gone in (first, "never there"):
        assert search_began(made, "churn", known=gone, parameters={"rows": 3}, study="one") not in (first, gone)


def test_nothing_to_recommend_is_no_snippet() -> None:
    assert snippet([Tuned(outcome="churn", why_not="Too few.")]) == ""


def test_too_few_cases_are_said_so(tmp_path: Path) -> None:
    found = sought(drawn(accounts=15), project(tmp_path), 3)
    assert found.why_not.startswith("Too few cases to tell trees apart")
    assert found.trials == 0
    assert found.as_json()["default_loss"] is None
    assert not (tmp_path / "store" / tuning.DATABASE).exists()


def test_without_optuna_it_says_what_to_install(
    given: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(TrainingError, match=r"pip install 'uptier\[tune\]'"):
        sought(given, settings(tmp_path), 1)


def test_a_damaged_database_is_said_so(given: Examples, tmp_path: Path) -> None:
    made = project(tmp_path)
    (made.store / tuning.DATABASE).write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match=r"tuning\.db cannot be read or written"):
        sought(given, made, 1)


def test_a_server_that_is_away_is_said_before_a_tree_is_grown(
    given: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    made = project(tmp_path)
    away = made.mlflow.model_copy(update={"uri": "http://127.0.0.1:9"})
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:9 cannot be written"):
        sought(given, made.model_copy(update={"mlflow": away}), 1)
    with sqlite3.connect(made.store / tuning.DATABASE) as database:
        assert database.execute("SELECT count(*) FROM trials").fetchone() == (0,)
    database.close()


def _children(client: Any, made: Settings, found: Tuned) -> list[Any]:
    experiment = client.get_experiment_by_name(made.project)
    return list(client.search_runs([experiment.experiment_id], f"tags.`mlflow.parentRunId` = '{found.run_id}'"))
