from __future__ import annotations

import numpy as np
import pytest

from uptier.errors import ModelError
from uptier.model.contributions import split_contributions


def test_splits_signals_from_the_expected_margin() -> None:
    values, expected = split_contributions(np.array([[0.5, -0.2, -2.0]]), np.array([-1.7]), outcome="churn")
    assert values.tolist() == [[0.5, -0.2]]
    assert expected == -2.0


@pytest.mark.parametrize("wrong", [1e-6, float("nan")])
def test_refuses_contributions_that_do_not_add_up(wrong: float) -> None:
    with pytest.raises(ModelError, match=r"head 'churn' do not add up[\s\S]*1 of 1 rows"):
        split_contributions(np.array([[0.5, -0.2, -2.0 + wrong]]), np.array([-1.7]), outcome="churn")
