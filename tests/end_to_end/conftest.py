"""The jobs that these tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end import jobs
from tests.end_to_end.jobs import Called, Job


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return jobs.demo(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return jobs.small_project(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Called:
    return jobs.small_run(tmp_path_factory.getbasetemp())
