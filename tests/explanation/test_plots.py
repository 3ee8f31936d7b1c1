"""Pictures for data scientists: whole, the same bytes again, and without a trace in the process."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pandas as pd
import pytest

from tests.explanation.tiny import bundle, frame
from uptier.errors import ModelError
from uptier.explanation.plots import dependence, family_summary, shap_summary

ROWS = frame(40)
MOSTLY = np.where(np.arange(40) % 10 == 0, 0.0, 1.0)  # has fired


def contributions() -> pd.DataFrame:
    return bundle().contributions(ROWS, "plan_upgrade")[0]


def picture(drawn: bytes) -> np.ndarray:
    from matplotlib.image import imread

    return np.rint(255 * imread(io.BytesIO(drawn))[..., :3]).astype(int)


def of_families(fired: float | np.ndarray) -> bytes:
    sums = contributions()[["gate_crossings", "seat_utilisation"]].set_axis(["gates", "seats"], axis=1)
    both = pd.DataFrame({"gates": fired, "seats": fired}, index=ROWS.index)
    return family_summary(sums, both, "plan_upgrade")


def beside(signals: list[str], partners: dict[str, str], rows: pd.DataFrame = ROWS) -> bytes:
    return dependence(rows, contributions(), signals, partners, outcome="plan_upgrade")


def test_a_beeswarm_is_a_png_and_leaves_no_trace():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - what is drawn must leave it as it is
    drawn = shap_summary(bundle(), "plan_upgrade", ROWS)
    assert drawn.startswith(b"\x89PNG\r\n")
    assert len(drawn) > 5000
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002 - as above
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []
    with pytest.raises(UserWarning):
        warnings.warn("still an error here", UserWarning, stacklevel=1)


def test_the_same_rows_give_the_same_bytes_whatever_was_drawn_before():
    first = shap_summary(bundle(), "plan_upgrade", ROWS), of_families(MOSTLY), beside(["gate_crossings"], {})
    np.random.seed(5)  # noqa: NPY002 - what the caller's global state is must not matter
    assert (shap_summary(bundle(), "plan_upgrade", ROWS), of_families(MOSTLY), beside(["gate_crossings"], {})) == first


def test_a_pooled_head_has_no_beeswarm():
    with pytest.raises(ModelError, match="no fitted head"):
        shap_summary(bundle(), "post_upsell_churn", frame(4))


def test_families_are_coloured_by_whether_their_trigger_has_fired():
    # shap's red where it has, its blue where it has not; the scale beside it has both
    red, blue = (
        [
            int(((one[..., 0] - one[..., 2]) * way > 120).sum())
            for one in map(picture, (of_families(fired) for fired in (MOSTLY, 1.0 - MOSTLY, 1.0)))
        ]
        for way in (1, -1)
    )
    assert red[0] > red[1] + 200
    assert blue[1] > blue[0] + 200
    # what tells nothing apart is grey, and so is what is not known
    assert max(red[2] - red[1], blue[2] - blue[0]) < 0
    assert of_families(1.0) == of_families(0.0) == of_families(np.nan)


def test_a_panel_stands_for_each_signal():
    one, three = (
        picture(beside(names, {}))
        for names in (["gate_crossings"], ["gate_crossings", "trial_days_per_week", "plan_name"])
    )
    assert three.shape[1] == 3 * one.shape[1]
    assert three.shape[0] == one.shape[0]


def test_a_partner_gives_the_colours_and_its_missing_values_are_grey():
    alone = picture(beside(["gate_crossings"], {}))
    told = picture(beside(["gate_crossings"], {"gate_crossings": "usage_growth"}))
    blank = picture(beside(["gate_crossings"], {"gate_crossings": "usage_growth"}, ROWS.assign(usage_growth=np.nan)))
    saturated = [int((np.ptp(one, axis=2) > 100).sum()) for one in (alone, told, blank)]
    assert saturated[0] > 50
    assert saturated[1] > 50
    assert saturated[2] == 0
    assert (alone != told).any()


def test_rows_without_a_value_are_drawn_all_the_same():
    known = ROWS.assign(gate_crossings=ROWS["gate_crossings"].fillna(0.0))
    assert beside(["gate_crossings"], {}) != beside(["gate_crossings"], {}, known)
    for value in (np.nan, 3.0):
        drawn = picture(beside(["gate_crossings"], {}, ROWS.assign(gate_crossings=value)))
        assert (np.ptp(drawn, axis=2) > 100).sum() > 50
    assert beside(["plan_name"], {"plan_name": "plan_name"}).startswith(b"\x89PNG")
