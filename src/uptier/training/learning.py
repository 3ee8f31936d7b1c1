"""Learning and judging one head, up to the gate."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.model.bundle import BundleSignal, Head, encoded
from uptier.training import baselines
from uptier.training.calibrating import platt
from uptier.training.fitting import learnt
from uptier.training.judging import Judgement, Scored, calibration_curve, predicted, scored
from uptier.training.pooling import counted, pooled_head, too_few
from uptier.training.promotion import LOGISTIC_MARGIN, Comparison, compared
from uptier.training.resampling import Draws, drawn_accounts, losses
from uptier.training.splitting import Slices, account_folds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uptier.outcomes.outcome import Examples
    from uptier.settings import Settings


def learnt_head(
    given: Examples,
    slices: Slices,
    signals: Sequence[BundleSignal],
    categories: Mapping[str, Sequence[str]],
    *,
    settings: Settings,
    seconds: dict[str, float],
) -> tuple[Head, Judgement]:
    """Learn a head, and measure it and its baselines on the test slice.

    Parameters
    ----------
    given : Examples
        Labelled rows of one outcome.
    slices : Slices
        Which of them are fit and which are test.
    signals : sequence of BundleSignal
        The model's columns.
    categories : mapping of str to sequence of str
        Known values of the category signals.
    settings : Settings
        The project.
    seconds : dict of str to float
        Time by phase; added to.

    Returns
    -------
    head : Head
        Fitted, whether or not it will pass the gate; the pooled rate where there are too few cases, or where nothing
        was learnt.
    judgement : Judgement
        With what the gate is to look at; no comparisons for a pooled head.
    """
    every_row = np.arange(len(given.frame))
    judgement = Judgement(
        outcome=given.outcome,
        everything=counted(given, every_row),
        fit=counted(given, slices.fit),
        test=counted(given, slices.test),
        purged=slices.purged,
        left_out=dict(given.left_out),
    )
    knobs = settings.training
    why = too_few(everything=judgement.everything, fit=judgement.fit, test=judgement.test, settings=knobs)
    if why:
        return pooled_head(given, every_row, why=why), dataclasses.replace(judgement, fallback=why)

    label, account = given.label.to_numpy(dtype=np.int64), given.frame["account_id"]
    matrix = encoded(given.frame, signals, categories)
    codes = [place for place, one in enumerate(signals) if one.is_category]
    with _measured(seconds, "fit"):
        folds = account_folds(
            account.iloc[slices.fit], given.label.iloc[slices.fit], folds=knobs.folds, seed=knobs.seed
        )
        model = learnt(
            matrix[slices.fit], label[slices.fit], folds, matrix[slices.test], categories=codes, settings=knobs
        )
    judgement = dataclasses.replace(judgement, rounds=model.rounds, depth=model.shape.depth)
    calibrator = platt(model.out_of_fold, label[slices.fit])
    base = pooled_head(given, slices.fit, why="")
    if calibrator is None:
        why = (
            "On accounts that the model had not seen, a higher margin did not mean a higher chance: nothing was learnt "
            "that holds for others. Every account gets the base rate."
        )
        return base.pooled(why), dataclasses.replace(judgement, fallback=why)
    head = dataclasses.replace(
        base, trees=model.trees, calibrator=calibrator, expected_margin=model.expected_margin, fallback=None
    )
    with _measured(seconds, "judge"):
        test = given.frame.iloc[slices.test]
        truth, share = label[slices.test], knobs.capacity_share
        draws = drawn_accounts(test["account_id"].to_numpy(dtype=object), draws=knobs.bootstraps, seed=knobs.seed)
        unseen = calibrator(unseen_scores(model.fold_test, folds, account.iloc[slices.fit], test["account_id"]))
        ungrouped = predicted(truth, calibrator(model.whole_test), draws, capacity_share=share)

        constant = np.full(len(truth), head.base_rate)
        beside, signal = _baselines(given, slices, matrix, codes, folds, truth, draws, settings=settings)
        beside["constant"] = predicted(truth, constant, draws, capacity_share=share)
        itself = predicted(truth, unseen, draws, capacity_share=share)
        lead = -losses(truth, unseen, draws).log_loss, -losses(truth, constant, draws).log_loss
        judgement = dataclasses.replace(
            judgement,
            head=itself.figures(),
            ungrouped=ungrouped.figures(),
            baselines={name: scorer.figures() for name, scorer in beside.items()},
            utilisation_signal=signal,
            comparisons=(
                *_auc_comparisons(itself, beside, signal),
                compared(*lead, against="the base rate", measure="log loss"),
            ),
            calibration=calibration_curve(truth, unseen, draws),
        )
    return head, judgement


def unseen_scores(
    fold_test: NDArray[np.float64], folds: NDArray[np.int64], fit_accounts: pd.Series, test_accounts: pd.Series
) -> NDArray[np.float64]:
    """Give each test row a score by a model that never saw its account.

    Parameters
    ----------
    fold_test : ndarray, shape (n_folds, n_test)
        Scores of the test rows by each fold's model.
    folds : ndarray of int, shape (n_fit,)
        Account fold of each fit row.
    fit_accounts, test_accounts : Series of str
        Account of each row.

    Returns
    -------
    ndarray, shape (n_test,)
        By the model of the fold that held the account out. Accounts that are in no fold, which no model has seen, are
        dealt to the fold models in turn: their mean would be a better score than any one that ships.
    """
    fold_of = pd.Series(folds, index=fit_accounts.to_numpy())
    fold_of = fold_of[~fold_of.index.duplicated()]
    number, _ = pd.factorize(test_accounts, sort=True)
    fold = test_accounts.map(fold_of).to_numpy(dtype=np.float64, na_value=np.nan)
    fold = np.where(np.isnan(fold), number % len(fold_test), fold).astype(np.int64)
    return np.asarray(fold_test[fold, np.arange(len(fold))])


def _baselines(
    given: Examples,
    slices: Slices,
    matrix: NDArray[np.float64],
    codes: list[int],
    folds: NDArray[np.int64],
    truth: NDArray[np.int64],
    draws: Draws,
    *,
    settings: Settings,
) -> tuple[dict[str, Scored], str]:
    fit, test = given.frame.iloc[slices.fit], given.frame.iloc[slices.test]
    share = settings.training.capacity_share
    utilised, signal = baselines.utilisation_score(fit, test)
    label = given.label.to_numpy(dtype=np.int64)[slices.fit]
    # by the same folds as the head: neither has seen the account that it scores
    by_fold = [
        baselines.logistic_probability(
            matrix[slices.fit][folds != fold], label[folds != fold], matrix[slices.test], categories=codes
        )
        for fold in range(int(folds.max()) + 1)
    ]
    logistic = unseen_scores(np.array(by_fold), folds, fit["account_id"], test["account_id"])
    points = baselines.points_score(test, settings.thresholds)
    return {
        "points": scored(truth, points, draws, capacity_share=share),
        "utilisation": scored(truth, utilised, draws, capacity_share=share),
        "logistic": predicted(truth, logistic, draws, capacity_share=share),
    }, signal


def _auc_comparisons(itself: Scored, beside: Mapping[str, Scored], signal: str) -> tuple[Comparison, ...]:
    auc = itself.ranking.auc
    alone = {
        "seat_utilisation": "seat utilisation alone",
        "peak_daily_utilisation": "peak daily utilisation alone",
    }.get(signal, "seat utilisation, which is not known,")
    return (
        compared(auc, beside["points"].ranking.auc, against="the points model", measure="AUC"),
        compared(auc, beside["utilisation"].ranking.auc, against=alone, measure="AUC"),
        compared(auc, 0.5, against="a constant", measure="AUC"),
        compared(
            auc,
            beside["logistic"].ranking.auc,
            against="logistic regression",
            measure="AUC",
            least=LOGISTIC_MARGIN,
        ),
    )


@contextmanager
def _measured(seconds: dict[str, float], phase: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds[phase] = seconds.get(phase, 0.0) + time.perf_counter() - began
