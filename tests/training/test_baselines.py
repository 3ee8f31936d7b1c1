from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from uptier.training.baselines import logistic_probability, utilisation_score


def test_utilisation_ranks_what_is_unknown_in_the_middle() -> None:
    fit = pd.DataFrame({"seat_utilisation": [0.2, 0.5, 0.9]})
    test = pd.DataFrame({"seat_utilisation": [0.9, np.nan, 0.1]})
    score, signal = utilisation_score(fit, test)
    assert score.tolist() == [0.9, 0.5, 0.1]
    assert signal == "seat_utilisation"


def test_peak_daily_use_stands_in_where_users_are_not_known() -> None:
    rows = pd.DataFrame({"seat_utilisation": [np.nan, np.nan], "peak_daily_utilisation": [0.4, 0.8]})
    score, signal = utilisation_score(rows, rows)
    assert score.tolist() == [0.4, 0.8]
    assert signal == "peak_daily_utilisation"


def test_no_utilisation_at_all_is_a_constant() -> None:
    rows = pd.DataFrame({"seat_utilisation": [np.nan, np.nan]})
    score, signal = utilisation_score(rows, rows)
    assert score.tolist() == [0.0, 0.0]
    assert signal == ""


def test_logistic_regression_reads_numbers_categories_and_what_is_missing() -> None:
    rng = np.random.default_rng(0)
    n = 4_000
    number, category, missing = rng.normal(size=n), rng.integers(0, 3, size=n).astype(float), rng.random(n) < 0.3
    log_odds = number * ~missing + 1.5 * missing + 1.0 * (category == 1) - 2
    label = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(int)
    unknown = np.where(rng.random(n) < 0.2, np.nan, category)
    matrix = np.column_stack([np.where(missing, np.nan, number), np.full(n, np.nan), unknown])
    probability = logistic_probability(matrix[:3000], label[:3000], matrix[3000:], categories=[2])
    truth = 1 / (1 + np.exp(-log_odds[3000:]))
    assert roc_auc_score(label[3000:], probability) > roc_auc_score(label[3000:], truth) - 0.02
    assert probability.mean() == pytest.approx(label[:3000].mean(), abs=0.02)


def test_logistic_regression_takes_a_category_it_never_saw() -> None:
    matrix = np.column_stack([np.linspace(-1, 1, 100), np.tile([0.0, 1.0], 50)])
    label = (matrix[:, 0] > 0).astype(int)
    probability = logistic_probability(matrix, label, np.array([[0.5, 7.0], [-0.5, np.nan]]), categories=[1])
    assert probability[0] > 0.5 > probability[1]
