"""One small written world for all tests that read tables."""

from __future__ import annotations

import pandas as pd
import pytest

from uptier.simulate.world import World, simulate


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return simulate(preset="demo", seed=5, accounts=110, months=12, out=tmp_path_factory.mktemp("worlds") / "five")


@pytest.fixture(scope="session")
def tables(world: World) -> dict[str, pd.DataFrame]:
    return {path.stem: pd.read_parquet(path) for path in sorted(world.folder.glob("*.parquet"))}
