"""One small written world for all tests that read tables; nothing is wrong with its data."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

from tests.end_to_end import jobs
from tests.simulate.worlds import without_defects
from uptier.simulate.world import World, simulate


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("worlds")
    changes = without_defects(folder)
    return simulate(preset="demo", seed=5, accounts=110, months=12, out=folder / "five", changes=changes)


@pytest.fixture
def no_chances() -> Iterator[None]:
    """Leave the truth out, where all that is around it is looked at."""
    with jobs.no_chances():
        yield


@pytest.fixture(scope="session")
def tables(world: World) -> dict[str, pd.DataFrame]:
    return {path.stem: pd.read_parquet(path) for path in sorted(world.folder.glob("*.parquet"))}
