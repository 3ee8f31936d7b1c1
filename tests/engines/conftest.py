"""The two companies, made once for each process that tests an engine."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from tests.engines.worlds import World, world


@pytest.fixture(scope="session")
def world_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], World]:
    """Give a function that makes a company when it is first asked for."""

    @cache
    def made(name: str) -> World:
        return world(name, tmp_path_factory.mktemp(f"engines-{name}"))

    return made
