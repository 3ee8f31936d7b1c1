from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.training import tracked
from tests.training.tracked import registered, trained
from tests.training.worlds import CATALOG, DrawnCatalog, settings
from uptier.errors import ModelError
from uptier.model.bundle import Bundle
from uptier.settings import Settings
from uptier.training.connection import DATABASE
from uptier.work.promoting import export, history, promote, promote_against_the_gate, rollback


@dataclass(frozen=True)
class Drawn:
    """What promoting asks of a project's material."""

    settings: Settings
    catalog: DrawnCatalog = CATALOG


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    project = tracked.empty_project(tmp_path_factory.mktemp("two"))
    registered(project)
    registered(project, replace(trained(), refused_because=("Not better.",)))
    return project


@pytest.fixture
def material(two: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("UPTIER_ACTOR", "whoever is on duty")
    made = settings(tmp_path)
    made.store.mkdir()
    shutil.copy(two.store / DATABASE, made.store / DATABASE)
    return Drawn(made)


def test_versions_are_promoted_and_rolled_back_in_somebodys_name(material: Any) -> None:
    with pytest.raises(ModelError, match="did not pass its gate"):
        promote(material, "v2", why="we need it")
    promote_against_the_gate(material, "v2", why="we need it")
    rollback(material, why="we do not")
    promote(material, "1", why="it is there already")
    last = history(material)[-2:]
    assert [(one.action, one.before, one.after, one.why) for one in last] == [
        ("promote-against-the-gate", "1", "2", "we need it"),
        ("rollback", "2", "1", "we do not"),
    ]
    assert {one.actor for one in last} == {"whoever is on duty"}
    assert last[0].at < last[1].at


def test_the_champion_is_exported_with_its_card(material: Any, tmp_path: Path) -> None:
    folder = export(material)
    assert folder == material.settings.store / "models" / "uptier-v1"
    assert sorted(path.name for path in folder.iterdir()) == ["bundle.json", "model_card.md", "seat_expansion.txt"]
    assert Bundle.load(folder) == trained().bundle
    assert Bundle.load(export(material, "v2", tmp_path / "there")) == trained().bundle


def test_without_a_champion_there_is_nothing_to_export(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no champion to export"):
        export(Drawn(settings(tmp_path)))  # type: ignore[arg-type]  # all that is asked for
