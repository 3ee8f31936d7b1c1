"""Training, from examples to a judged bundle: the one use case of this room, to be read top to bottom."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from uptier.errors import TrainingError
from uptier.model.bundle import Bundle, BundleSignal, Head
from uptier.outcomes.outcome import WORDS
from uptier.settings import CONVERSIONS
from uptier.training.champion import Champion, carried_over, known_categories
from uptier.training.judging import Judgement
from uptier.training.learning import learnt_head
from uptier.training.promotion import Verdict, verdicts
from uptier.training.splitting import origins_of

if TYPE_CHECKING:
    from uptier.outcomes.outcome import Examples
    from uptier.settings import Settings
    from uptier.signals.catalog import Catalog
    from uptier.training.known_at_audit import Difference

    Progress = Callable[[str, int, int], None]

EXPLAINED_ROWS = 500  # of the test slice, for the figure of what moves a head


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """A bundle with everything that is known about it.

    Attributes
    ----------
    bundle : Bundle
        What scores; heads that failed are their fallbacks.
    judgements : dict of str to Judgement
        By outcome.
    refused_because : tuple of str
        Why no conversion head may be used; empty where the bundle may become the champion.
    seconds : dict of str to float
        By phase.
    data_hashes : dict of str to str
        Of the tables it was trained on.
    warnings : tuple of str
        Findings that the project accepted; they stand in the model card.
    explained : dict of str to DataFrame
        For each fitted head a sample of test rows, for figures.
    """

    bundle: Bundle
    judgements: dict[str, Judgement]
    refused_because: tuple[str, ...]
    seconds: dict[str, float]
    data_hashes: dict[str, str]
    warnings: tuple[str, ...]
    explained: dict[str, pd.DataFrame] = field(repr=False)  # rows of customers: not for a log

    @property
    def promoted(self) -> bool:
        """Whether the bundle may become the champion."""
        return not self.refused_because


def train(
    examples: Mapping[str, Examples],
    catalog: Catalog,
    settings: Settings,
    *,
    gains: Mapping[str, float],
    data_hashes: Mapping[str, str],
    warnings: Sequence[str],
    champion: Champion | None = None,
    differing: Callable[[], Sequence[Difference]] = tuple,
    progress: Progress | None = None,
) -> Trained:
    """Learn, calibrate and judge a head for each outcome.

    Parameters
    ----------
    examples : mapping of str to Examples
        Labelled rows by outcome; the order of rows does not matter.
    catalog : Catalog
        The signals that formed their frames.
    settings : Settings
        The project.
    gains : mapping of str to float
        Median relative gain in MRR by upsell type, share; kept in the bundle.
    data_hashes : mapping of str to str
        Of the tables, for the record.
    warnings : sequence of str
        Findings that the project accepted, for the model card.
    champion : Champion, optional
        The model that scores today: what a new head is held against, and what stays where one does not pass.
    differing : callable
        Does the known-at audit and tells what it found: signals that see what became known after their as-of date.
        Called once, and not at all where no outcome has cases enough: then nothing is learnt that could leak.
    progress : callable, optional
        Told ``(what, done, of)`` as it goes.

    Returns
    -------
    Trained
        Nothing is written yet. The same input gives the same bundle, byte for byte.

    Raises
    ------
    TrainingError
        If there are no examples at all or labels are neither 0 nor 1.
    ModelError
        If a frame lacks a signal.
    """
    seconds: dict[str, float] = {}
    ordered = {outcome: in_order(given) for outcome, given in examples.items()}
    if not any(len(given.frame) for given in ordered.values()):
        raise TrainingError(
            "There is nothing to learn from: no account has a window that is over.",
            do="Give more history, or shorten the horizons under 'outcomes' in the project's YAML.",
        )
    signals = tuple(BundleSignal(one.name, one.family, one.is_category) for one in catalog.signals)
    fingerprint, knobs = catalog.fingerprint(settings.thresholds), settings.training
    categories = _known_categories(ordered, signals, champion)

    differing = cache(differing)
    heads: dict[str, Head] = {}
    judgements: dict[str, Judgement] = {}
    explained: dict[str, pd.DataFrame] = {}
    for number, (outcome, given) in enumerate(ordered.items()):
        if progress:
            progress(f"Learning {outcome}", number, len(ordered))
        origins = origins_of(given, test_share=knobs.test_share, origins=knobs.origins)
        # sums of many threads differ in their last digits from those of one: figures are to be the same everywhere
        with threadpool_limits(1, user_api="blas"):
            heads[outcome], judgements[outcome] = learnt_head(
                given,
                origins,
                signals,
                categories,
                settings=settings,
                seconds=seconds,
                champion=champion,
                catalog=catalog,
                differing=differing,
                gain=gains.get(outcome),
            )
        if heads[outcome].is_fitted:
            tested = np.concatenate([origin.test for origin in origins])
            explained[outcome] = _sampled(given.frame.iloc[tested], knobs.seed)
    judged = verdicts(
        {name: made.comparisons for name, made in judgements.items()},
        {name: made.conditions for name, made in judgements.items()},
    )
    for outcome, verdict in judged.items():
        heads[outcome], judgements[outcome] = _sentenced(heads[outcome], judgements[outcome], verdict)
    refused = _refusals(heads)
    if progress:
        progress("Heads judged", len(ordered), len(ordered))

    bundle = Bundle(
        project=settings.project,
        catalogue_hash=fingerprint,
        trained_at_as_of=_last_as_of(ordered),
        signals=signals,
        categories=categories,
        heads=carried_over(heads, champion, fingerprint),
        gains={name: float(gain) for name, gain in gains.items()},
        thresholds=settings.thresholds.model_dump(mode="json"),
    )
    return Trained(
        bundle=bundle,
        judgements=judgements,
        refused_because=refused,
        seconds=seconds,
        data_hashes=dict(data_hashes),
        warnings=tuple(warnings),
        explained={outcome: rows for outcome, rows in explained.items() if heads[outcome].is_fitted},
    )


def in_order(given: Examples) -> Examples:
    """Order examples by date and account, so that the order in which rows came does not matter.

    Parameters
    ----------
    given : Examples
        Labelled rows.

    Returns
    -------
    Examples
        The same rows.

    Raises
    ------
    TrainingError
        If labels are neither 0 nor 1, or an account is looked at twice on a date.
    """
    if not given.label.isin([0, 1]).all():
        raise TrainingError(
            f"The labels of '{given.outcome}' must be 0 or 1.",
            found="missing or other values",
            do="Check the project's own outcome, if it has one.",
        )
    twice = int(given.frame.duplicated(["account_id", "as_of"]).sum())
    if twice:
        raise TrainingError(
            f"Each account may be looked at once on a date; the rows of '{given.outcome}' repeat some.",
            found=f"{twice:,} of {len(given.frame):,} rows are repeated",
            do="Leave one row for each account_id and as_of.",
        )
    order = given.frame.sort_values(["as_of", "account_id"], kind="stable").index
    beside = ("label", "known_at", "event_at", *(name for name in (*WORDS, "gained") if len(getattr(given, name))))
    parts = {name: getattr(given, name).loc[order].reset_index(drop=True) for name in beside}
    return dataclasses.replace(given, frame=given.frame.loc[order].reset_index(drop=True), **parts)


def _known_categories(
    ordered: Mapping[str, Examples], signals: Sequence[BundleSignal], champion: Champion | None
) -> dict[str, tuple[str, ...]]:
    known: dict[str, tuple[str, ...]] = {}
    for one in signals:
        if one.is_category:
            seen = [given.frame[one.name] for given in ordered.values() if one.name in given.frame]
            values = {str(value) for part in seen for value in part.dropna().unique()}
            known[one.name] = known_categories(values, one.name, champion)
    return known


def _sentenced(head: Head, judgement: Judgement, verdict: Verdict) -> tuple[Head, Judgement]:
    if not verdict.comparisons:  # never fitted: it has its reason already
        return head, judgement
    judgement = dataclasses.replace(judgement, comparisons=verdict.comparisons, passed=verdict.passed)
    if verdict.passed:
        return head, judgement
    why = f"{verdict.why()} Every account gets the base rate."
    return head.pooled(why), dataclasses.replace(judgement, fallback=why)


def _refusals(heads: Mapping[str, Head]) -> tuple[str, ...]:
    conversions = [heads[outcome] for outcome in CONVERSIONS if outcome in heads]
    if any(head.is_fitted for head in conversions):
        return ()
    if not conversions:
        return ("No conversion outcome was given to learn.",)
    return tuple(f"{head.outcome}: {head.fallback}" for head in conversions)


def _last_as_of(ordered: Mapping[str, Examples]) -> dt.date:
    return pd.Timestamp(max(given.frame["as_of"].max() for given in ordered.values() if len(given.frame))).date()


def _sampled(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    chosen = np.random.default_rng(seed).permutation(len(rows))[:EXPLAINED_ROWS]
    return rows.iloc[np.sort(chosen)].reset_index(drop=True)
