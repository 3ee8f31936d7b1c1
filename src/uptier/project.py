"""A project, from its YAML to a scorecard: what the command line is a thin layer over.

In Python as on the command line::

    from uptier import Project

    project = Project("acme.yaml")
    project.check().errors  # nothing is raised yet
    project.train().registered.alias  # "champion", or None where no head was good enough
    project.score().scorecard.head()
    print(project.explain("0417").text())
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from uptier.settings import Settings, read_settings
from uptier.work.material import Material
from uptier.work.results import Backtest, Framed, Scoring, Training

if TYPE_CHECKING:
    import pandas as pd

    from uptier.explanation.brief import Brief
    from uptier.outcomes.outcome import Examples
    from uptier.signals.catalog import Catalog
    from uptier.signals.promises import Verdict
    from uptier.signals.signal import Signal
    from uptier.tables.clean import Tables
    from uptier.tables.findings import Findings
    from uptier.training.audit import Event
    from uptier.work.forgetting import Forgotten
    from uptier.work.outcomes import OutcomeReport
    from uptier.work.preview import Preview
    from uptier.work.tuning import Tuning

Progress = Callable[[str, int, int], None]

__all__ = ["Backtest", "Framed", "Progress", "Project", "Scoring", "Training"]


class Project:
    """A project: its data, signals, models and scorecards.

    Parameters
    ----------
    path : Path or str
        The project's YAML.
    progress : callable, optional
        Told ``(what, done, of)`` as long work goes on.

    Raises
    ------
    SettingsError
        If the YAML cannot be used.
    """

    def __init__(self, path: Path | str, progress: Progress | None = None) -> None:
        self.settings: Settings = _with_windows(read_settings(path))
        self._progress = progress
        self._material = Material(self.settings, self._tell)

    def check(self) -> Findings:
        """Look for what in the data breaks the contract.

        Returns
        -------
        Findings
            Errors first; nothing is raised for them here.

        Raises
        ------
        SourceError
            If the source cannot be read at all.
        """
        findings, _ = self._material.looked_at
        costs = self._material.costs()
        told = tuple(
            replace(one, message=f"{one.message} Not available without it: {', '.join(costs[one.table])}.")
            if one.code == "table-absent" and costs.get(one.table)
            else one
            for one in findings.all
        )
        return replace(findings, all=told)

    def frame(self, as_of: dt.date | None = None) -> pd.DataFrame:
        """Compute the signals of every account.

        Parameters
        ----------
        as_of : date, optional
            At this date; at all monthly as-of dates by default.

        Returns
        -------
        DataFrame, shape (n_rows, 2 + n_signals)
            Columns account_id, as_of and the signals; NaN where one is not available or not known.

        Raises
        ------
        FindingsError
            If the data have errors that the project has not accepted.
        """
        return self._material.signals(self._material.looks(as_of))

    def write_frame(self, as_of: dt.date | None = None, out: Path | None = None) -> Framed:
        """Write the signals of every account as Parquet; in the store only what changed is computed.

        Parameters
        ----------
        as_of : date, optional
            At this date; at all monthly as-of dates by default.
        out : Path, optional
            One file for all of it, computed anew; by default a folder of the store with one partition for each date.

        Returns
        -------
        Framed
            The frame, as from :meth:`frame`, and where it is.

        Raises
        ------
        StoreError
            If it cannot be written, or there is a file already.
        """
        from uptier.work.framing import write_frame

        return write_frame(self._material, as_of, out, self._progress or (lambda what, done, of: None))

    def preview(self, as_of: dt.date | None = None) -> Preview:
        """Say what computing the signals would read and build, without doing it and without reading events.

        Parameters
        ----------
        as_of : date, optional
            At this date; at all monthly as-of dates by default.

        Returns
        -------
        Preview
            Tables, columns, windows, looks, partitions, and the SQL.

        Raises
        ------
        FindingsError
            If the last check found errors that the project has not accepted.
        """
        from uptier.work.framing import frame_folder
        from uptier.work.preview import preview

        return preview(self._material, as_of, frame_folder(self.settings, as_of))

    def forget(self, account_id: str | None, user_id: str | None = None, *, dry_run: bool = False) -> Forgotten:
        """Erase an account or a user from everything that uptier keeps, and keep it out of later runs.

        Parameters
        ----------
        account_id : str or None
            The account; with `user_id`, the account whose user is meant.
        user_id : str or None
            The user: of that account, or of any.
        dry_run : bool
            Only say what would be touched.

        Returns
        -------
        Forgotten
            The files that were, or would be, rewritten or removed.

        Raises
        ------
        StoreError
            If nothing names the account or user, or the store cannot be written.
        """
        from uptier.work.forgetting import forget

        return forget(self._material, account_id=account_id, user_id=user_id, dry_run=dry_run)

    def catalog(self) -> Catalog:
        """Give the catalogue: uptier's signals and triggers, then the project's own.

        Returns
        -------
        Catalog
            In reading order.

        Raises
        ------
        SignalError
            With file and line, if a signal of the project's own cannot be used.
        """
        return self._material.catalog

    def try_own_signals(self) -> Verdict:
        """Try whether the project's own signals keep what every signal promises, on timelines drawn by chance.

        Returns
        -------
        Verdict
            Of no signals where the project has none of its own.
        """
        from uptier.signals.own import own_part

        return self._tried(own_part(self.catalog()).signals)

    def try_all_signals(self) -> Verdict:
        """Try whether all signals keep what they promise, uptier's too.

        Returns
        -------
        Verdict
            As :meth:`try_own_signals`.
        """
        return self._tried(self.catalog().signals)

    def _tried(self, signals: Sequence[Signal]) -> Verdict:
        from uptier.explanation.sentences import sentence
        from uptier.signals.promises import tried

        self._tell(f"Trying {len(signals)} signals")
        return tried(signals, self.catalog(), self.settings.thresholds, sentence)

    def examples(self) -> dict[str, Examples]:
        """Put signals beside what came of them, for every outcome.

        Returns
        -------
        dict of str to Examples
            By outcome; an outcome that the tables cannot show has no rows and says so.

        Raises
        ------
        FindingsError
            If the data have errors that the project has not accepted.
        """
        import pandas as pd

        from uptier.outcomes.churn import upsell_episodes
        from uptier.outcomes.gained import with_gains
        from uptier.outcomes.outcome import examples
        from uptier.work.outcomes import every_label

        looks, episodes = self._material.months, upsell_episodes(self._material.changes)
        labels = every_label(self._material)
        # apart: months look at everybody at once, upsells at one account each on its own day
        frames = [self._months()] if len(looks) else []
        frames += [self._material.signals(episodes)] if len(episodes) else []
        frame = pd.concat(frames, ignore_index=True).drop_duplicates(["account_id", "as_of"])
        return {one.outcome: with_gains(examples(one, frame), self._material.changes) for one in labels}

    def outcomes(self) -> OutcomeReport:
        """Report what came of every look at an account, and what each rule on outcomes removed.

        Returns
        -------
        OutcomeReport
            Formed without a signal.

        Raises
        ------
        FindingsError
            If the data have errors that the project has not accepted.
        """
        from uptier.work.outcomes import outcome_report

        return outcome_report(self._material)

    def train(self) -> Training:
        """Learn, judge and register a model.

        Returns
        -------
        Training
            Whether it was promoted stands in ``trained.refused_because``.

        Raises
        ------
        FindingsError
            If the data have errors that the project has not accepted.
        TrainingError
            If there is nothing to learn from.
        """
        from uptier.work.training import train

        return train(self._material, self.examples, self._progress)

    def promote(self, version: str, why: str) -> Event:
        """Make a version that passed its gate the champion.

        Parameters
        ----------
        version : str
            As ``7`` or ``v7``.
        why : str
            The reason, for the audit.

        Returns
        -------
        Event
            What was written into the audit.

        Raises
        ------
        TrainingError
            If the gate refused it, or it was learnt on other signals or for another project.
        """
        from uptier.work.promoting import promote

        return promote(self._material, version, why=why)

    def promote_against_the_gate(self, version: str, why: str) -> Event:
        """Make a version the champion although its gate refused it; the audit says so.

        Parameters
        ----------
        version : str
            As ``7`` or ``v7``.
        why : str
            The reason, for the audit.

        Returns
        -------
        Event
            What was written into the audit.
        """
        from uptier.work.promoting import promote_against_the_gate

        return promote_against_the_gate(self._material, version, why=why)

    def rollback(self, why: str) -> Event:
        """Give the champion's place back to the version that had it before.

        Parameters
        ----------
        why : str
            The reason, for the audit.

        Returns
        -------
        Event
            What was written into the audit.
        """
        from uptier.work.promoting import rollback

        return rollback(self._material, why=why)

    def history(self) -> list[Event]:
        """Tell what happened to the project's versions.

        Returns
        -------
        list of Event
            In order.
        """
        from uptier.work.promoting import history

        return history(self._material)

    def export(self, version: str | None = None, folder: Path | None = None) -> Path:
        """Copy a version with its model card out of MLflow.

        Parameters
        ----------
        version : str, optional
            As ``7`` or ``v7``; the champion by default.
        folder : Path, optional
            Where to; in the store under ``models`` by default.

        Returns
        -------
        Path
            The folder.
        """
        from uptier.work.promoting import export

        return export(self._material, version, folder)

    def backtest(self, origins: int = 6, test_share: float = 0.5) -> Backtest:
        """Begin learning anew at each of the last origins, and see how stable that is; nothing is shipped.

        Parameters
        ----------
        origins : int
            How many.
        test_share : float
            Share of the as-of dates, the latest ones, that they are spread over.

        Returns
        -------
        Backtest
            By outcome, and the folder of its page, document and picture.

        Raises
        ------
        FindingsError
            If the data have errors that the project has not accepted.
        """
        from uptier.work.backtesting import backtest

        return backtest(self._material, self.examples, origins=origins, test_share=test_share, progress=self._progress)

    def tune(self, outcome: str | None = None, trials: int = 30) -> Tuning:
        """Seek trees that do better than those which training finds by itself; the YAML stays as it is.

        Parameters
        ----------
        outcome : str, optional
            Only for this one; for all by default.
        trials : int
            How many there are to be for each outcome, with those of an earlier call: a search that was stopped goes on.

        Returns
        -------
        Tuning
            By outcome, and what is recommended for the YAML.

        Raises
        ------
        FindingsError
            If the data have errors that the project has not accepted.
        OutcomeError
            If there is no such outcome.
        TrainingError
            If Optuna is not installed.
        """
        from uptier.work.tuning import tune

        return tune(self._material, self.examples, outcome=outcome, trials=trials, progress=self._progress)

    def score(self, as_of: dt.date | None = None) -> Scoring:
        """Score every account and write the scorecard.

        Parameters
        ----------
        as_of : date, optional
            The date to look from; `data_until` by default, before which everything is known.

        Returns
        -------
        Scoring
            By the champion; by rules where there is none.

        Raises
        ------
        ScoringError
            If the scorecard would be empty, incomplete or stale; the last one stands.
        """
        from uptier.scoring.batch import score
        from uptier.scoring.facts import account_facts
        from uptier.scoring.scorecard import write

        as_of = as_of or self.settings.data_until
        frame = self.frame(as_of)
        bundle, version, run_id = self._material.champion()
        self._tell("Scoring")
        scorecard = score(
            frame,
            account_facts(self._material.tables, frame),
            bundle,
            self._material.catalog,
            self.settings,
            as_of=as_of,
            version=version,
        )
        written = write(
            scorecard,
            settings=self.settings,
            as_of=as_of,
            run_id=run_id,
            model_version=version,
            catalogue_hash=self._material.catalog.fingerprint(self.settings.thresholds),
            expected_accounts=self._material.subscribed_accounts(as_of),
            newest_usage=self._material.newest_usage(as_of),
        )
        return Scoring(scorecard, written, version, as_of)

    def explain(self, account_id: str, as_of: dt.date | None = None) -> Brief:
        """Write the brief of one account.

        Parameters
        ----------
        account_id : str
            The account.
        as_of : date, optional
            The date to look from; `data_until` by default.

        Returns
        -------
        Brief
            ``.text()`` is the page.

        Raises
        ------
        ScoringError
            If there is no such account, or it has no subscription at that date.
        """
        from uptier.scoring.account import brief
        from uptier.scoring.facts import account_facts, source_dates

        as_of = as_of or self.settings.data_until
        looks = self._material.accounts_at(as_of)
        looks = looks[looks["account_id"] == account_id]
        if looks.empty:
            raise self._material.not_scored(account_id, as_of)
        frame = self._material.signals(looks)
        bundle, version, _ = self._material.champion()
        return brief(
            frame,
            account_facts(self._material.tables, frame),
            bundle,
            self._material.catalog,
            self.settings,
            as_of=as_of,
            version=version,
            sources=source_dates(self._material.tables, as_of),
        )

    # ---------------------------------------------------------------------------------------------------------------

    @property
    def _tables(self) -> Tables:
        return self._material.tables

    def _months(self) -> pd.DataFrame:
        """The frame of all months: kept in the store, so that a second training computes only what is new."""
        if not self._material.source.files:
            # what a server holds cannot be told from what it held without reading all of it
            return self._material.signals(self._material.months)
        from uptier.work.framing import write_frame

        return write_frame(self._material, None, None, self._progress or (lambda what, done, of: None)).frame

    def _tell(self, what: str) -> None:
        if self._progress is not None:
            self._progress(what, 0, 0)


def _with_windows(settings: Settings) -> Settings:
    if not settings.outcomes.extra:
        return settings
    from uptier.outcomes.own import with_own_windows

    return with_own_windows(settings)
