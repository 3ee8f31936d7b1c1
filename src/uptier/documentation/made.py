"""The simulated company that pages show: made once in a process, looked at, and thrown away."""

from __future__ import annotations

import datetime as dt
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uptier.documentation.world.figures import Figures, figures_of
from uptier.project import Project
from uptier.simulate.demo import PRESET, project_text
from uptier.simulate.world import simulate

if TYPE_CHECKING:
    import pandas as pd

SEED = 7  # ten seconds of simulating, and as many of looking
LOOKS = (dt.date(2025, 10, 1), dt.date(2026, 1, 1))  # the last two ends of a quarter that the world covers


@dataclass(frozen=True, eq=False)
class Made:
    """What pages tell of the company.

    Attributes
    ----------
    figures : Figures
        What is drawn of the world itself.
    sizes : dict of str to int or str
        `preset`, `seed`, `accounts`, `months` and `events`.
    frame : DataFrame
        account_id, as_of and all signals, at each date of `LOOKS`.
    """

    figures: Figures
    sizes: dict[str, Any]
    frame: pd.DataFrame


@cache
def made() -> Made:
    """Simulate the company and look at it.

    Returns
    -------
    Made
        The same one each time.
    """
    import pandas as pd

    with tempfile.TemporaryDirectory() as folder:
        world = simulate(preset=PRESET, seed=SEED, out=Path(folder) / "world")
        sizes = {
            "preset": PRESET,
            "seed": SEED,
            "accounts": world.parameters.accounts,
            "months": world.parameters.months,
            "events": world.rows["usage_events"],
        }
        config = Path(folder) / "demo.yaml"
        config.write_text(project_text(project="demo", source="./world"), encoding="utf-8")
        project = Project(config)
        frame = pd.concat([project.frame(as_of) for as_of in LOOKS], ignore_index=True)
        return Made(figures_of(world.folder, world.data_until), sizes, frame)
