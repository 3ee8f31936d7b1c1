from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end import jobs
from uptier.settings import read_settings
from uptier.work.material import Material
from uptier.work.results import Framed


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return jobs.tiny_project(tmp_path_factory.mktemp("material"), seed=9)


def material(config: Path, told: list[str] | None = None) -> Material:
    return Material(read_settings(config), (lambda what: None) if told is None else told.append)


def test_a_check_is_used_by_later_runs_until_somebody_asks_for_a_look(config: Path) -> None:
    told: list[str] = []
    first, _ = material(config, told).checked
    assert [what for what in told if what.startswith("Checking")]
    told.clear()
    again = material(config, told)
    assert again.checked[0] == first
    assert told == []
    assert again.looked_at[0] == first
    assert [what for what in told if what.startswith("Checking")]


def test_what_was_looked_at_is_what_was_checked(config: Path) -> None:
    one = material(config)
    assert one.looked_at is one.checked


def test_only_a_preview_goes_without_a_check(config: Path) -> None:
    fresh = material(config)
    fresh.settings = fresh.settings.model_copy(update={"store": config.parent / "another-store"})
    assert fresh.unchecked() is False
    assert fresh.repeated is None
    assert set(fresh.tables.clean) == set(material(config).tables.clean)
    assert not (config.parent / "another-store").exists()


def test_what_is_given_is_held_together() -> None:
    assert set(Framed.__dataclass_fields__) == {"frame", "path", "written"}
