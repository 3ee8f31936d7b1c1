"""The demo's world and what the product sees in it, made once for all tests that need it whole."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from uptier.project import Project
from uptier.simulate.demo import demo_project

if TYPE_CHECKING:
    from uptier.outcomes.outcome import Examples

SEED = 7


@cache
def demo(folder: Path) -> Project:
    """Make the world, or find the one that another test made, and its project."""
    return Project(demo_project(folder / "demo-worlds", seed=SEED))


def world_of(folder: Path) -> Path:
    """Give the folder of the world's tables."""
    demo(folder)
    return folder / "demo-worlds" / f"seed-{SEED}" / "world"


@cache
def examples(folder: Path) -> dict[str, Examples]:
    """Let the product look at it."""
    return demo(folder).examples()
