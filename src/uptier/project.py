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
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from uptier.errors import ModelError, ScoringError, StoreError, TrainingError, closest
from uptier.settings import CONVERSIONS, Settings, read_settings
from uptier.store import write_whole

if TYPE_CHECKING:
    import pandas as pd

    from uptier.explanation.brief import Brief
    from uptier.model.bundle import Bundle
    from uptier.outcomes.outcome import Examples
    from uptier.scoring.scorecard import Written
    from uptier.signals.catalog import Catalog
    from uptier.tables.clean import Tables
    from uptier.tables.findings import Findings
    from uptier.tables.mapping import Mapped
    from uptier.tables.rollup import Rollup
    from uptier.tables.source import Source
    from uptier.training.tracking import Registered
    from uptier.training.training import Trained

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Training:
    """What a training run gave.

    Attributes
    ----------
    trained : Trained
        The bundle, and how its heads were judged.
    registered : Registered
        The MLflow run and version.
    seconds : dict of str to float
        By phase: check, signals, fit, judge, register.
    """

    trained: Trained
    registered: Registered
    seconds: dict[str, float]


@dataclass(frozen=True, eq=False)
class Scoring:
    """What a scoring run gave.

    Attributes
    ----------
    scorecard : DataFrame
        One row for each account, see :func:`uptier.scoring.batch.score`.
    written : Written
        Where it was written.
    version : str or None
        Version of the model; None under rules.
    as_of : date
        The date it looks from.
    """

    scorecard: pd.DataFrame
    written: Written
    version: str | None
    as_of: dt.date


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
        self.settings: Settings = read_settings(path)
        self._progress = progress

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
        findings, mapped = self._checked
        costs = self._costs(mapped)
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
        return self._signals(self._looks() if as_of is None else self._accounts_at(as_of))

    def write_frame(self, as_of: dt.date | None = None, out: Path | None = None) -> tuple[pd.DataFrame, Path]:
        """Compute the signals of every account and write them as Parquet.

        Parameters
        ----------
        as_of : date, optional
            At this date; at all monthly as-of dates by default.
        out : Path, optional
            Where to; by default ``frames/<as-of date or "months">.parquet`` in the store.

        Returns
        -------
        frame : DataFrame
            As from :meth:`frame`.
        path : Path
            The file.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        if out is not None and out.exists():
            raise StoreError(
                f"There is a file {out} already.", do="Name another one: only files in the store are replaced."
            )
        frame = self.frame(as_of)
        path = out or self.settings.store / "frames" / f"{as_of or 'months'}.parquet"
        return frame, write_whole(path, lambda fresh: frame.to_parquet(fresh, index=False))

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

        from uptier.outcomes.churn import churn_labels, post_upsell_labels, upsell_episodes
        from uptier.outcomes.outcome import examples
        from uptier.outcomes.upsell import upsell_labels

        tables, looks, changes = self._tables, self._looks(), self._changes
        episodes = upsell_episodes(changes)
        labels = [upsell_labels(tables, looks, changes, outcome) for outcome in CONVERSIONS]
        labels += [churn_labels(tables, looks, changes), post_upsell_labels(tables, episodes, changes)]
        frame = self._signals(pd.concat([looks, episodes], ignore_index=True))
        return {one.outcome: examples(one, frame) for one in labels}

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
        from uptier.outcomes.upsell import median_gains
        from uptier.training.store import require_writable
        from uptier.training.tracking import log_and_register
        from uptier.training.training import train

        require_writable(self.settings.store)
        clock = _Clock()
        findings = self.check()
        findings.require_no_errors(self.settings.path)
        self._require_usage_until_the_end()
        clock.lap("check")
        examples = self.examples()
        clock.lap("signals")
        trained = train(
            examples,
            self._catalog,
            self.settings,
            gains=median_gains(self._changes),
            data_hashes=self._data_hashes(),
            warnings=[f"{one.code} in {one.table}: {one.message}" for one in findings.warnings if one.accepted],
            progress=self._progress,
        )
        self._tell("Writing to MLflow")
        clock.lap("train")
        registered = log_and_register(trained, self.settings)
        clock.lap("register")
        seconds = {"check": clock.laps["check"], "signals": clock.laps["signals"], **trained.seconds}
        return Training(trained, registered, {**seconds, "register": clock.laps["register"]})

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
        bundle, version, run_id = self._champion()
        self._tell("Scoring")
        scorecard = score(
            frame,
            account_facts(self._tables, frame),
            bundle,
            self._catalog,
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
            catalogue_hash=self._catalog.fingerprint(self.settings.thresholds),
            expected_accounts=self._subscribed_accounts(as_of),
            newest_usage=self._newest_usage(as_of),
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
        looks = self._accounts_at(as_of)
        looks = looks[looks["account_id"] == account_id]
        if looks.empty:
            raise self._not_scored(account_id, as_of)
        frame = self._signals(looks)
        bundle, version, _ = self._champion()
        return brief(
            frame,
            account_facts(self._tables, frame),
            bundle,
            self._catalog,
            self.settings,
            as_of=as_of,
            version=version,
            sources=source_dates(self._tables, as_of),
        )

    # ---------------------------------------------------------------------------------------------------------------

    @cached_property
    def _source(self) -> Source:
        from uptier.tables.source import connect

        return connect(self.settings.source)

    @cached_property
    def _checked(self) -> tuple[Findings, dict[str, Mapped]]:
        from uptier.tables.check import check

        return check(self._source, self.settings, progress=lambda table: self._tell(f"Checking {table}"))

    @cached_property
    def _tables(self) -> Tables:
        from uptier.tables.clean import clean

        findings, mapped = self._checked
        findings.require_no_errors(self.settings.path)
        return clean(self._source, self.settings, mapped)

    @cached_property
    def _usage(self) -> Rollup | None:
        from uptier.tables.rollup import usage_rollup

        self._tell("Rolling up usage")
        return usage_rollup(self._tables)

    @cached_property
    def _catalog(self) -> Catalog:
        from uptier.signals.catalog import catalog

        return catalog()

    @cached_property
    def _changes(self) -> pd.DataFrame:
        from uptier.outcomes.changes import changes

        return changes(self._tables)

    def _signals(self, looks: pd.DataFrame) -> pd.DataFrame:
        from uptier.tables.history import History, grid_of

        usage = self._usage
        self._tell(f"Forming {len(self._catalog.signals)} signals of {len(looks):,} looks at accounts")
        return self._catalog.frame(History(self._tables, grid_of(self._tables, looks), usage))

    def _looks(self) -> pd.DataFrame:
        from uptier.outcomes.snapshots import snapshots

        if self._checked[1]["subscriptions"].form == "current":
            raise TrainingError(
                "The subscriptions tell only what holds today: there is no past to learn from.",
                do="Keep a dated copy of the table every day from now on, and use form: snapshots once there are some "
                "months of it. Until then 'uptier score' works by rules.",
            )
        return snapshots(self._tables)

    def _accounts_at(self, as_of: dt.date) -> pd.DataFrame:
        from uptier.outcomes.snapshots import first_day, running_at

        if as_of > self.settings.data_until:
            raise ScoringError(
                f"The data end before {as_of}: data_until is {self.settings.data_until}.",
                do="Choose an earlier date, or load newer data and raise data_until.",
            )
        looks = running_at(self._tables, [as_of])
        if looks.empty:
            first = first_day(self._tables)
            found = "no subscriptions" if first is None else f"the first subscription begins on {first}"
            raise ScoringError(
                f"No account has a subscription just before {as_of}.",
                found=found,
                do="Choose a later date with --as-of.",
            )
        return looks

    def _champion(self) -> tuple[Bundle | None, str | None, str | None]:
        from uptier.training.tracking import load_champion, run_of

        found = load_champion(self.settings)
        if found is None:
            return None, None, None
        bundle, version = found
        if bundle.project != self.settings.project:
            raise ModelError(
                f"The champion '{self.settings.mlflow.model}' was trained for another project.",
                found=f"project {bundle.project}, not {self.settings.project}",
                do=f"Give each project its own name under mlflow.model in {self.settings.path}.",
            )
        return bundle, version, run_of(self.settings, version)

    def _subscribed_accounts(self, as_of: dt.date) -> int:
        import pandas as pd

        # counted apart from the scored rows, by another way, to catch a list that lost accounts
        versions = self._tables["subscriptions"].to_pandas()
        day = pd.Timestamp(as_of)
        known = versions[(versions["day"] < day) & (versions["known_day"] < day)]
        latest = known.sort_values(["day", "valid_from", "known_day"]).groupby("subscription_id").tail(1)
        ended = (latest["end_day"] < day) & (latest["end_known_day"] < day)
        running = latest[~ended]
        return int(running["account_id"].nunique())

    def _newest_usage(self, as_of: dt.date) -> dt.date | None:
        import pandas as pd

        usage = self._usage
        if usage is None:
            return None
        before = usage.table.filter((usage.table.day < as_of) & (usage.table.known_day < as_of))
        day = before.aggregate(day=before.day.max()).to_pandas()["day"].iloc[0]
        return None if pd.isna(day) else pd.Timestamp(day).date()

    def _require_usage_until_the_end(self) -> None:
        # months that the data do not cover would be learnt as months in which nobody bought
        until, most = self.settings.data_until, self.settings.scoring.max_age_days
        newest = self._newest_usage(until)
        if newest is None or (until - newest).days > most:
            told = "there is none" if newest is None else f"newest usage of {newest}"
            raise TrainingError(
                f"The usage does not reach data_until, {until}: what came of the months between is not known.",
                found=f"{told}; scoring.max_age_days is {most}",
                do=f"Set data_until in {self.settings.path} to the day after the newest data, or load newer data.",
            )

    def _not_scored(self, account_id: str, as_of: dt.date) -> ScoringError:
        known = self._tables["accounts"].select("account_id").to_pandas()["account_id"].tolist()
        if account_id in known:
            return ScoringError(
                f"Account {account_id} has no subscription just before {as_of}, so there is nothing to sell more of.",
                do="Choose another date with --as-of.",
            )
        near = " or ".join(f"'{one}'" for one in closest(account_id, known))
        return ScoringError(
            f"There is no account '{account_id}'.",
            do=f"Did you mean {near}?" if near else f"{len(known):,} accounts are known.",
        )

    def _costs(self, mapped: dict[str, Mapped]) -> dict[str, list[str]]:
        from uptier.tables.clean import Tables

        tables = Tables(
            source=self._source,
            settings=self.settings,
            clean={name: one.table for name, one in mapped.items()},
            present={name: one.present for name, one in mapped.items()},
        )
        costs: dict[str, list[str]] = {}
        for signal, lacking in self._catalog.unavailable(tables).items():
            for table in lacking:
                costs.setdefault(table.partition(" ")[0], []).append(signal)
        return costs

    def _data_hashes(self) -> dict[str, str]:
        hashes = {}
        for file in self._source.files:
            with file.open("rb") as opened:
                hashes[file.name] = hashlib.file_digest(opened, "sha256").hexdigest()
        return hashes

    def _tell(self, what: str) -> None:
        if self._progress is not None:
            self._progress(what, 0, 0)


class _Clock:
    """Tells how long each phase took."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, phase: str) -> None:
        now = time.perf_counter()
        self.laps[phase], self._since = now - self._since, now
