from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from tests.training.worlds import CATALOG, drawn_examples, settings
from uptier.model.bundle import BundleSignal
from uptier.training.learning import learnt_head
from uptier.training.splitting import origins_of

SIGNALS = tuple(BundleSignal(one.name, one.family, one.is_category) for one in CATALOG.signals)


def test_peak_daily_use_is_named_where_it_is_the_baseline(tmp_path: Path) -> None:
    drawn = drawn_examples(accounts=300)
    drawn.frame["seat_utilisation"] = np.nan
    origins = origins_of(drawn, test_share=0.3, origins=3)
    head, judgement = learnt_head(drawn, origins, SIGNALS, {"segment": ()}, settings=settings(tmp_path), seconds={})
    assert head.is_fitted
    assert judgement.utilisation_signal == "peak_daily_utilisation"
    assert [one.against for one in judgement.comparisons] == [
        "the points model",
        "peak daily utilisation alone",
        "a constant",
        "logistic regression",
        "the base rate",
    ]


def test_a_head_keeps_what_followed_where_such_chances_were_given(tmp_path: Path) -> None:
    drawn = drawn_examples(accounts=300)
    origins = origins_of(drawn, test_share=0.3, origins=2)
    head, judgement = learnt_head(drawn, origins, SIGNALS, {"segment": ()}, settings=settings(tmp_path), seconds={})
    kept, curve = head.reliability, judgement.calibration
    assert len(kept) == len(curve) > 5
    assert [(one.n, one.predicted, (one.low, one.observed, one.high)) for one in kept] == [
        (part.n, part.predicted, part.observed) for part in curve
    ]
    lowest = [one.lower for one in kept]
    assert lowest == sorted(set(lowest))
    # each bin's mean lies in the bin
    assert all(one.lower <= one.predicted for one in kept)
    assert all(one.predicted < after.lower for one, after in pairwise(kept))
    assert any(head.interval_of(one.predicted) for one in kept)
    assert head.pooled("Refused.").interval_of(head.base_rate) == head.interval


def test_phases_are_timed(tmp_path: Path) -> None:
    drawn = drawn_examples(accounts=300)
    seconds: dict[str, float] = {}
    learnt_head(
        drawn,
        origins_of(drawn, test_share=0.3, origins=2),
        SIGNALS,
        {"segment": ()},
        settings=settings(tmp_path),
        seconds=seconds,
    )
    assert set(seconds) == {"fit", "audit", "test", "judge"}  # nothing is explained without a catalogue
    assert min(seconds.values()) > 0
