"""Scoring: signals of one date, the champion's or the rules' scorecard, and the worklist beside it.

It goes through the accounts in blocks, so that memory does not grow with their signals: the signals are written into
the store, a stretch of accounts at a time, and read from there. A run that was killed after that goes on from them, and
a second run over the same data finds them there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pandas as pd

from uptier.signals import frames
from uptier.store import only_copy
from uptier.work.framing import written_frame
from uptier.work.results import Scoring

if TYPE_CHECKING:
    from uptier.scoring.suppression import Dismissed
    from uptier.signals.frames import Frame
    from uptier.work.material import Material

LOCK = ".scoring.lock"
BLOCK = 50_000  # accounts: with a hundred signals about 50 MiB, and three times that while they are scored


def score(material: Material, as_of: dt.date, progress: Callable[[str, int, int], None]) -> Scoring:
    """Score every account at one date, and write the scorecard with the worklist beside it.

    Parameters
    ----------
    material : Material
        The project's.
    as_of : date
        The date to look from.
    progress : callable
        Told ``(what, done, of)``.

    Returns
    -------
    Scoring
        By the champion; by rules where there is none.

    Raises
    ------
    ScoringError
        If the scorecard would be empty, incomplete or stale; the last one stands. If the dismissals cannot be read, or
        the rates of currencies, though no account should need one today.
    StoreError
        If another process scores this project now.
    """
    from uptier.decision.money import read_rates
    from uptier.scoring.suppression import dismissals

    # looked at first: what is wrong with any of these is told before the long work, and before anything is written
    dismissed = dismissals(material.settings, before=None if as_of >= material.settings.data_until else as_of)
    if material.settings.scoring.rates is not None:
        read_rates(material.settings.scoring.rates, currency=material.settings.currency)
    looks = material.looks(as_of)
    with only_copy(material.settings.store / LOCK, "Scoring"):
        return _scored(material, as_of, looks, dismissed, progress)


def _scored(
    material: Material,
    as_of: dt.date,
    looks: pd.DataFrame,
    dismissed: Dismissed,
    progress: Callable[[str, int, int], None],
) -> Scoring:
    from uptier.monitoring.summary import ages_of, summary
    from uptier.scoring import batch
    from uptier.scoring.earlier import worklist_before
    from uptier.scoring.facts import account_facts, source_dates, with_currency
    from uptier.scoring.scorecard import write
    from uptier.scoring.standing import standing
    from uptier.scoring.talks import with_talks
    from uptier.scoring.worklist import SIGNALS, worklist

    settings, catalog = material.settings, material.catalog
    bundle, version, run_id = material.champion()
    stored = written_frame(material, looks, frames.SCORED, whole=True, progress=progress)
    facts: list[pd.DataFrame] = []

    def facts_of(block: pd.DataFrame) -> pd.DataFrame:
        facts.append(account_facts(material.tables, block))
        return facts[-1]

    def blocks(what: str) -> Iterator[pd.DataFrame]:
        return (with_currency(block, material.tables) for block in _blocks(stored, as_of, progress, what))

    scorecard = batch.score_blocks(
        lambda: blocks("Scoring"), facts_of, bundle, catalog, settings, as_of=as_of, version=version
    )
    cases = None
    if len(scorecard) and scorecard["account_id"].is_unique:  # else the guard stops what is written
        progress("Making the worklist", 0, 0)
        slim = frames.read(stored.folder, [as_of], SIGNALS)
        known = pd.concat(facts, ignore_index=True)
        cases = worklist(
            scorecard,
            slim,
            pd.concat([known, standing(material.tables, known.assign(as_of=pd.Timestamp(as_of)))], axis=1),
            catalog,
            settings,
            as_of=as_of,
            before=worklist_before(settings.store, as_of),
            dismissed=dismissed,
            bundle=bundle,
        )
        talked = blocks("Filling talks") if cases["rank"].notna().any() else ()
        cases = with_talks(cases, talked, scorecard, catalog, settings, as_of=as_of, bundle=bundle)
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
            frames.null_rates(stored.folder, as_of),
            worklist=cases,
            unavailable=catalog.unavailable(material.tables),
            ages=ages_of(source_dates(material.tables, as_of), as_of),
        ),
    )
    learnt_until = None if bundle is None else bundle.trained_at_as_of
    return Scoring(scorecard, written, version, as_of, cases, learnt_until)


def _blocks(
    stored: Frame, as_of: dt.date, progress: Callable[[str, int, int], None], what: str
) -> Iterator[pd.DataFrame]:
    rows, done = stored.dates[as_of].rows, 0
    progress(what, done, rows)
    for block in frames.read_blocks(stored.folder, as_of, BLOCK):
        yield block
        done += len(block)
        progress(what, done, rows)
