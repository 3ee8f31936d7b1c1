from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tests.training.worlds import CATALOG, drawn_examples, settings
from uptier.model.bundle import BundleSignal
from uptier.training.learning import learnt_head, unseen_scores
from uptier.training.splitting import split_in_time

SIGNALS = tuple(BundleSignal(one.name, one.family, one.is_category) for one in CATALOG.signals)


def test_each_test_row_is_scored_by_a_model_that_never_saw_its_account() -> None:
    margins = np.array([[0.0, 0.1, 0.2, 0.3, 0.4], [1.0, 1.1, 1.2, 1.3, 1.4]])
    fit = pd.Series(["a", "b", "a", "c"])
    test = pd.Series(["b", "a", "new", "c", "newer"])
    made = unseen_scores(margins, np.array([0, 1, 0, 1]), fit, test)
    # b and c were held out of the second model; new accounts are dealt to the models in turn
    assert made[[0, 1, 3]].tolist() == [1.0, 0.1, 1.3]
    assert {made[2], made[4]} <= set(margins[:, [2, 4]].ravel())


def test_peak_daily_use_is_named_where_it_is_the_baseline(tmp_path: Path) -> None:
    drawn = drawn_examples(accounts=300)
    drawn.frame["seat_utilisation"] = np.nan
    slices = split_in_time(drawn, 0.3)
    head, judgement = learnt_head(drawn, slices, SIGNALS, {"segment": ()}, settings=settings(tmp_path), seconds={})
    assert head.is_fitted
    assert judgement.utilisation_signal == "peak_daily_utilisation"
    assert [one.against for one in judgement.comparisons] == [
        "the points model",
        "peak daily utilisation alone",
        "a constant",
        "logistic regression",
        "the base rate",
    ]


def test_phases_are_timed(tmp_path: Path) -> None:
    drawn = drawn_examples(accounts=300)
    seconds: dict[str, float] = {}
    learnt_head(
        drawn, split_in_time(drawn, 0.3), SIGNALS, {"segment": ()}, settings=settings(tmp_path), seconds=seconds
    )
    assert set(seconds) == {"fit", "judge"}
    assert min(seconds.values()) > 0
