"""Scoring: signals of one date, the champion's or the rules' scorecard, and the worklist beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from uptier.work.results import Scoring

if TYPE_CHECKING:
    from uptier.work.material import Material


def score(material: Material, as_of: dt.date, tell: Callable[[str], None]) -> Scoring:
    """Score every account at one date, and write the scorecard with the worklist beside it.

    Parameters
    ----------
    material : Material
        The project's.
    as_of : date
        The date to look from.
    tell : callable
        Told what is being done.

    Returns
    -------
    Scoring
        By the champion; by rules where there is none.

    Raises
    ------
    ScoringError
        If the scorecard would be empty, incomplete or stale; the last one stands. If the dismissals cannot be read.
    """
    from uptier.monitoring.summary import ages_of, summary
    from uptier.scoring import batch
    from uptier.scoring.earlier import worklist_before
    from uptier.scoring.facts import account_facts, source_dates
    from uptier.scoring.scorecard import write
    from uptier.scoring.standing import standing
    from uptier.scoring.suppression import read_dismissed
    from uptier.scoring.worklist import worklist

    settings, catalog = material.settings, material.catalog
    away = settings.worklist.dismissed
    # looked at first: what is wrong with it is told before the long work
    dismissed = {} if away is None else read_dismissed(settings.path.absolute().parent / away.expanduser())
    frame = material.signals(material.looks(as_of))
    bundle, version, run_id = material.champion()
    tell("Scoring")
    facts = account_facts(material.tables, frame)
    scorecard = batch.score(frame, facts, bundle, catalog, settings, as_of=as_of, version=version)
    cases = None
    if len(scorecard) and scorecard["account_id"].is_unique:  # else the guard stops what is written
        cases = worklist(
            scorecard,
            frame,
            pd.concat([facts, standing(material.tables, frame)], axis=1),
            catalog,
            settings,
            as_of=as_of,
            before=worklist_before(settings.store, as_of),
            dismissed=dismissed,
            bundle=bundle,
        )
    written = write(
        scorecard,
        settings=settings,
        as_of=as_of,
        run_id=run_id,
        model_version=version,
        catalogue_hash=catalog.fingerprint(settings.thresholds),
        expected_accounts=material.subscribed_accounts(as_of),
        newest_usage=material.newest_usage(as_of),
        worklist=cases,
        summary=summary(
            scorecard,
            frame,
            worklist=cases,
            unavailable=catalog.unavailable(material.tables),
            ages=ages_of(source_dates(material.tables, as_of), as_of),
        ),
    )
    return Scoring(scorecard, written, version, as_of, cases)
