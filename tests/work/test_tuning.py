from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest

from tests.training import tracked
from tests.training.worlds import CATALOG, DrawnCatalog, drawn_examples
from uptier.errors import OutcomeError
from uptier.outcomes.outcome import Examples
from uptier.settings import Settings, read_settings
from uptier.told import as_data
from uptier.told_models import trials_table, tuning_words
from uptier.training import tuning
from uptier.training_settings import TrainingSettings, TreeSettings
from uptier.work.tuning import Tuning, tune

BEST = TreeSettings(depth=2, leaves=4, rate=0.1, l2=20.0, rows_in_leaf=50)


@dataclass(frozen=True)
class Drawn:
    """What tuning asks of a project's material."""

    settings: Settings
    catalog: DrawnCatalog = CATALOG

    @property
    def checked(self) -> Any:
        return SimpleNamespace(require_no_errors=lambda path: None), None

    def require_usage_until_the_end(self) -> None:
        """Nothing is missing."""


@pytest.fixture
def material(tmp_path: Path) -> Any:
    made = tracked.empty_project(tmp_path)
    return Drawn(made.model_copy(update={"training": TrainingSettings(min_fit_positives=20, folds=2, bootstraps=50)}))


def examples() -> dict[str, Examples]:
    return {
        "seat_expansion": drawn_examples(accounts=150, months=12),
        "churn": drawn_examples("churn", accounts=10),
        "called": drawn_examples("called", accounts=150),
    }


def given(material: Any, *, gains: dict[str, tuple[float, float, float]], **chosen: Any) -> Tuning:
    """Tune where Optuna found what the test says."""

    def found(one: Examples, *_: Any, **more: Any) -> tuning.Tuned:
        low, middle, high = gains[one.outcome]
        return tuning.Tuned(
            outcome=one.outcome,
            trials=more["trials"],
            best=BEST,
            default_loss=0.4,
            best_loss=0.4 - middle,
            gain=(low, middle, high),
        )

    with mock.patch("uptier.training.tuning.tuned", found):
        return tune(material, examples, **{"outcome": None, "trials": 3, "progress": None, **chosen})


def test_every_outcome_is_tuned_or_said_not_to_be(material: Any) -> None:
    steps: list[tuple[str, int, int]] = []
    found = tune(material, examples, outcome=None, trials=1, progress=lambda *step: steps.append(step))
    assert found.found["seat_expansion"].trials == 1
    assert found.found["churn"].why_not.startswith("Too few cases")
    assert found.found["called"].why_not.startswith("Outcomes of the project's own")
    assert steps == [("Tuning seat_expansion", 0, 1), ("Tuned", 3, 3)]
    # one trial is no tuning: there is nothing to recommend
    assert found.files == {}
    assert found.snippet == ""
    assert trials_table(found).row_count == 1
    words = tuning_words(found)
    assert "Seat expansion: defaults are as good" in words
    assert "Churn: Too few cases" in words


def test_only_what_is_better_beyond_chance_is_recommended(material: Any) -> None:
    gains = {"seat_expansion": (0.001, 0.002, 0.003), "churn": (-0.001, 0.001, 0.003)}
    found = given(material, gains=gains)
    assert "seat_expansion: {depth: 2" in found.snippet
    assert "churn" not in found.snippet
    words = tuning_words(found)
    assert "Seat expansion: better than defaults by more than chance." in words
    assert "Churn: defaults are as good" in words
    assert words.endswith(found.snippet.rstrip())
    told = as_data(found)
    assert told["heads"]["churn"]["recommended"] is False  # type: ignore[index]
    assert told["files"] == {name: str(path) for name, path in found.files.items()}  # type: ignore[index]


def test_what_is_written_can_be_put_into_the_yaml(material: Any, tmp_path: Path) -> None:
    gains = {"seat_expansion": (0.001, 0.002, 0.003), "churn": (-0.001, 0.001, 0.003)}
    found = given(material, gains=gains)
    assert set(found.files) == {"seat_expansion", "churn"}
    for outcome, path in found.files.items():
        assert path == material.settings.store / "tuning" / f"{outcome}.yaml"
        yaml = tmp_path / f"with_{outcome}.yaml"
        top = "project: acme\nsource: .\nstore: store\ndata_until: 2026-01-01\n"
        yaml.write_text(top + path.read_text(encoding="utf-8"), encoding="utf-8")
        assert read_settings(yaml).training.trees == {outcome: BEST}
    assert "not better than defaults" in found.files["churn"].read_text(encoding="utf-8")


def test_trees_of_an_earlier_search_do_not_stay(material: Any) -> None:
    path = given(material, gains={"churn": (0.1, 0.2, 0.3)}, outcome="churn").files["churn"]
    assert path.exists()
    found = tune(material, examples, outcome="churn", trials=1, progress=None)
    assert list(found.found) == ["churn"]
    assert not path.exists()


def test_the_yaml_of_the_project_stays_as_it_is(material: Any) -> None:
    before = material.settings.path.read_bytes()
    given(material, gains={"churn": (0.1, 0.2, 0.3)}, outcome="churn")
    assert material.settings.path.read_bytes() == before


def test_an_unknown_outcome_is_an_error_before_anything_is_read(material: Any) -> None:
    def unread() -> dict[str, Examples]:
        raise AssertionError

    with pytest.raises(OutcomeError, match=r"no outcome 'chrun'.\nDid you mean 'churn'\?"):
        tune(material, unread, outcome="chrun", trials=1, progress=None)
