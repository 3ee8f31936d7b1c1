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
from uptier.work.models import Models
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
    from uptier.work.forgetting import Forgotten
    from uptier.work.outcomes import OutcomeReport
    from uptier.work.preview import Preview

Progress = Callable[[str, int, int], None]

__all__ = ["Backtest", "Framed", "Progress", "Project", "Scoring", "Training"]


class Project(Models):
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
        from uptier.work.outcomes import every_example

        return every_example(self._material, self._progress or (lambda what, done, of: None))

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

    def score(self, as_of: dt.date | None = None) -> Scoring:
        """Score every account, and write the scorecard with the worklist beside it.

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
        from uptier.work.scoring import score

        return score(self._material, as_of or self.settings.data_until, self._progress or (lambda what, done, of: None))

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
        from uptier.work.briefs import brief_of

        return brief_of(self._material, account_id, as_of or self.settings.data_until)

    def worklist(self, csm: str, as_of: dt.date | None = None) -> list[Brief]:
        """Write the briefs of a CSM's own accounts.

        Parameters
        ----------
        csm : str
            As `owner` of the accounts table names them.
        as_of : date, optional
            The date to look from; `data_until` by default.

        Returns
        -------
        list of Brief
            Those to pitch to first, then those to protect, to nurture and to leave alone.

        Raises
        ------
        ScoringError
            If nobody of that name owns an account with a subscription at that date.
        """
        from uptier.work.briefs import briefs_of

        return briefs_of(self._material, csm, as_of or self.settings.data_until)

    # ---------------------------------------------------------------------------------------------------------------

    @property
    def _tables(self) -> Tables:
        return self._material.tables

    def _tell(self, what: str) -> None:
        if self._progress is not None:
            self._progress(what, 0, 0)


def _with_windows(settings: Settings) -> Settings:
    if not settings.outcomes.extra:
        return settings
    from uptier.outcomes.own import with_own_windows

    return with_own_windows(settings)
