"""The one picture that shap draws."""

from __future__ import annotations

import warnings

import pytest

from tests.explanation.tiny import bundle, frame
from uptier.errors import ModelError
from uptier.explanation.plots import shap_summary


def test_a_beeswarm_is_a_png_and_leaves_no_trace():
    drawn = shap_summary(bundle(), "plan_upgrade", frame(40))
    assert drawn.startswith(b"\x89PNG\r\n")
    assert len(drawn) > 5000
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []
    with pytest.raises(UserWarning):
        warnings.warn("still an error here", UserWarning, stacklevel=1)


def test_a_pooled_head_has_no_beeswarm():
    with pytest.raises(ModelError, match="no fitted head"):
        shap_summary(bundle(), "post_upsell_churn", frame(4))
