"""Learning and judging one head, up to the gate."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from uptier.model.bundle import BundleSignal, Head
from uptier.model.reliability import ReliabilityBin
from uptier.settings import CONVERSIONS
from uptier.signals.signal import Effect
from uptier.training import baselines
from uptier.training.alarms import accepted, alarms_of
from uptier.training.at_origins import by_origin, led_in
from uptier.training.champion import Champion, not_worse
from uptier.training.judging import Judgement, Scored, calibration_by_segment, calibration_curve, predicted, scored
from uptier.training.known_at_audit import known_at_alarms
from uptier.training.moves import moves_of
from uptier.training.pooling import counted, pooled_head, too_few
from uptier.training.promotion import (
    LOGISTIC_MARGIN,
    Comparison,
    above_one_signal,
    calibrated,
    compared,
    led_origins,
    without_alarm,
)
from uptier.training.rate_drift import base_rate_drift
from uptier.training.resampling import drawn_accounts, equal_bins, losses
from uptier.training.rolled import Rolled, material_of, model_of, rolled
from uptier.training.splitting import Origin
from uptier.training.trigger_records import records_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from uptier.outcomes.outcome import Examples
    from uptier.settings import Settings
    from uptier.signals.catalog import Catalog
    from uptier.training.known_at_audit import Difference
    from uptier.training.reliability import CalibrationBin

SEGMENTS = ("plan", "segment", "industry", "region")  # signals by whose values calibration is looked at
MRR, MONTHS = "mrr", 12  # the signal that says what an account pays a month
NOTHING_LEARNT = (
    "On accounts that the model had not seen, a higher margin did not mean a higher chance: nothing was learnt "
    "that holds for others. Every account gets the base rate."
)


def learnt_head(
    given: Examples,
    origins: Sequence[Origin],
    signals: Sequence[BundleSignal],
    categories: Mapping[str, Sequence[str]],
    *,
    settings: Settings,
    seconds: dict[str, float],
    champion: Champion | None = None,
    catalog: Catalog | None = None,
    differing: Callable[[], Sequence[Difference]] = tuple,
    gain: float | None = None,
) -> tuple[Head, Judgement]:
    """Learn a head from all that is known, and measure at every origin the way in which it was learnt.

    Parameters
    ----------
    given : Examples
        Labelled rows of one outcome.
    origins : sequence of Origin
        Where the way of learning is tested.
    signals : sequence of BundleSignal
        The model's columns.
    categories : mapping of str to sequence of str
        Known values of the category signals.
    settings : Settings
        The project.
    seconds : dict of str to float
        Time by phase; added to.
    champion : Champion, optional
        The model that scores today.
    catalog : Catalog, optional
        Signals and triggers: whether the champion was learnt on the same, whose track records are kept, and what is
        declared of what moves the head.
    differing : callable
        Tells what the known-at audit found; asked only where there are cases enough to learn from.
    gain : float, optional
        Median relative gain in MRR by an upsell of this kind, share; for the ARR that is expected at capacity.

    Returns
    -------
    head : Head
        Fitted on all rows, whether or not it will pass the gate; the pooled rate where there are too few cases, or
        where nothing was learnt.
    judgement : Judgement
        With what the gate is to look at; no comparisons for a pooled head. With a catalogue it also knows what moves a
        fitted head.
    """
    every_row = np.arange(len(given.frame))
    tested = np.concatenate([origin.test for origin in origins]) if origins else every_row[:0]
    first = origins[0].fit if origins else every_row[:0]
    judgement = Judgement(
        outcome=given.outcome,
        everything=counted(given, every_row),
        fit=counted(given, first),
        test=counted(given, tested),
        purged=origins[0].purged if origins else 0,
        left_out=dict(given.left_out),
    )
    knobs = settings.training
    why = too_few(everything=judgement.everything, fit=judgement.fit, test=judgement.test, settings=knobs)
    if why:
        return pooled_head(given, every_row, why=why), dataclasses.replace(judgement, fallback=why)

    material = material_of(given, signals, categories, effects=held_effects(given.outcome, catalog, settings))
    with _measured(seconds, "fit"):
        model, _ = model_of(material, every_row, every_row[:0], knobs)
    judgement = dataclasses.replace(judgement, rounds=model.learnt.rounds, depth=model.learnt.shape.depth)
    with _measured(seconds, "audit"):
        found = differing()
    ringing = (
        *alarms_of(given, every_row, signals, categories, settings=settings, margin=model.learnt.out_of_fold),
        *known_at_alarms(given.outcome, found),
    )
    alarms, lived_with = accepted(ringing, knobs.accept_alarms)
    drift = base_rate_drift(given.label, given.frame["as_of"], account=given.frame["account_id"])
    judgement = dataclasses.replace(judgement, alarms=alarms, accepted_alarms=lived_with, drift=drift.told())
    base = pooled_head(given, every_row, why="")
    if model.calibrator is None:
        return base.pooled(NOTHING_LEARNT), dataclasses.replace(judgement, fallback=NOTHING_LEARNT)
    head = dataclasses.replace(
        base,
        trees=model.learnt.trees,
        calibrator=model.calibrator,
        expected_margin=model.learnt.expected_margin,
        fallback=None,
    )
    with _measured(seconds, "test"):
        asked = rolled(material, origins, knobs)
    with _measured(seconds, "judge"):
        judgement = _judged(judgement, given, asked, settings, champion, catalog, gain)
        head = dataclasses.replace(head, reliability=_reliability(asked.unseen, judgement.calibration))
    if catalog is not None:
        with _measured(seconds, "explain"):
            moves = moves_of(model.learnt.trees, material, asked, catalog=catalog, settings=settings)
            judgement = dataclasses.replace(judgement, moves=moves)
    return head, judgement


def _reliability(probability: NDArray[np.float64], calibration: Sequence[CalibrationBin]) -> tuple[ReliabilityBin, ...]:
    """Say of each bin of the calibration curve from which chance it reaches on."""
    bins = equal_bins(probability)
    return tuple(
        ReliabilityBin(
            lower=float(probability[bins == part].min()),
            n=one.n,
            predicted=one.predicted,
            low=one.observed[0],
            observed=one.observed[1],
            high=one.observed[2],
        )
        for part, one in zip(np.unique(bins), calibration, strict=True)
    )


def held_effects(outcome: str, catalog: Catalog | None, settings: Settings) -> tuple[int, ...]:
    """Say which effects trees are held to.

    Parameters
    ----------
    outcome : str
        Which head.
    catalog : Catalog or None
        The signals, each with the effect that it declares.
    settings : Settings
        The project; `training.monotone` decides.

    Returns
    -------
    tuple of int
        For each signal 1, -1 or 0; empty where none is held. Effects are declared on the chance of an upsell, and say
        nothing of churn.
    """
    if catalog is None or settings.training.monotone == "off" or outcome not in CONVERSIONS:
        return ()
    ways = {Effect.RAISES: 1, Effect.LOWERS: -1}
    return tuple(ways.get(one.effect, 0) for one in catalog.signals)


def _judged(
    judgement: Judgement,
    given: Examples,
    asked: Rolled,
    settings: Settings,
    champion: Champion | None,
    catalog: Catalog | None,
    gain: float | None,
) -> Judgement:
    test, knobs = given.frame.iloc[asked.rows], settings.training
    truth = given.label.to_numpy(dtype=np.int64)[asked.rows]
    draws = drawn_accounts(test["account_id"].to_numpy(dtype=object), draws=knobs.bootstraps, seed=knobs.seed)
    points = baselines.points_score(test, settings.thresholds)
    dates = test["as_of"].to_numpy()
    measured = partial(predicted, truth, draws=draws, capacity_share=knobs.capacity_share, as_of=dates)
    ranked = partial(scored, truth, draws=draws, capacity_share=knobs.capacity_share, as_of=dates)
    expected, realised = _values(given, asked, test, gain)
    itself = measured(asked.unseen, expected_value=expected, realised_value=realised)
    beside = {
        "points": ranked(points),
        "utilisation": ranked(asked.utilisation),
        "best_single": ranked(asked.single),
        "logistic": measured(asked.logistic),
        "constant": measured(asked.base),
    }
    figures, stable = itself.figures(), by_origin(asked, truth, points, draws)
    lead = -losses(truth, asked.unseen, draws).log_loss, -losses(truth, asked.base, draws).log_loss
    held = not_worse(
        champion,
        given.outcome,
        test,
        truth,
        asked.unseen,
        draws,
        # half a second of compiling, which only a champion is worth
        catalogue_hash="" if catalog is None or champion is None else catalog.fingerprint(settings.thresholds),
        least_cases=knobs.min_test_positives,
    )
    return dataclasses.replace(
        judgement,
        head=figures,
        ungrouped=measured(asked.ungrouped).figures(),
        baselines={name: scorer.figures() for name, scorer in beside.items()},
        utilisation_signal=asked.utilisation_signal,
        best_single_signal=asked.single_signal,
        comparisons=(
            *_auc_comparisons(itself, beside, asked),
            compared(*lead, against="the base rate", measure="log loss"),
        ),
        calibration=calibration_curve(truth, asked.unseen, draws),
        segments=calibration_by_segment(
            {name: test[name].to_numpy() for name in SEGMENTS if name in test}, truth, asked.unseen, draws
        ),
        origins=stable,
        conditions=(
            led_origins(led_in(stable), len(stable)),
            above_one_signal(
                compared(
                    itself.ranking.auc,
                    beside["best_single"].ranking.auc,
                    against=f"the best single signal ({asked.single_signal or 'none tells anything'})",
                    measure="AUC",
                )
            ),
            calibrated(
                {"slope": figures.calibration_slope, "predicted over observed": figures.predicted_over_observed}
            ),
            without_alarm([one.told() for one in judgement.alarms]),
            *([held] if held else []),
        ),
        triggers=() if catalog is None else records_of(given, catalog, settings=settings, origins=asked.dates),
    )


def _values(
    given: Examples, asked: Rolled, test: pd.DataFrame, gain: float | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | tuple[None, None]:
    """Give the ARR that each tested row was expected to bring, and did; nothing where prices are not known."""
    if gain is None or not len(given.gained) or MRR not in test:
        return None, None
    arr = MONTHS * test[MRR].to_numpy(dtype=np.float64, na_value=np.nan)
    return asked.unseen * arr * gain, given.gained.to_numpy(dtype=np.float64)[asked.rows]


def _auc_comparisons(itself: Scored, beside: Mapping[str, Scored], asked: Rolled) -> tuple[Comparison, ...]:
    auc = itself.ranking.auc
    alone = {
        "seat_utilisation": "seat utilisation alone",
        "peak_daily_utilisation": "peak daily utilisation alone",
    }.get(asked.utilisation_signal, "seat utilisation, which is not known,")
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
