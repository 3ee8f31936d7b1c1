"""What the verbs of a project work on: its tables, checked and clean, its usage, its catalogue; each formed once."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from uptier.errors import ModelError, ScoringError, TrainingError
from uptier.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from uptier.model.bundle import Bundle
    from uptier.signals.catalog import Catalog
    from uptier.tables.clean import Tables
    from uptier.tables.findings import Findings
    from uptier.tables.mapping import Mapped
    from uptier.tables.rollup import Rollup
    from uptier.tables.source import Source

FORMED_BY = ("signals", "tables", "settings", "moments")  # whose code forms a frame


class Material:
    """A project's data, opened when it is first asked for.

    Parameters
    ----------
    settings : Settings
        The project.
    tell : callable
        Told what is being done.
    """

    def __init__(self, settings: Settings, tell: Callable[[str], None]) -> None:
        self.settings = settings
        self._tell = tell
        self.forgotten_ids: frozenset[str] = frozenset()  # what the source still has of those who were forgotten
        self._unseen = False  # whether the data are opened without a check

    @cached_property
    def source(self) -> Source:
        """Where the data are."""
        from uptier.tables.source import connect

        return connect(self.settings.source, self.settings.backend)

    @cached_property
    def looked_at(self) -> tuple[Findings, dict[str, Mapped]]:
        """Findings and mapped tables, of a look at every row now."""
        from uptier.tables.check import check
        from uptier.tables.kept_check import keep_check

        looked = check(self.source, self.settings, progress=lambda table: self._tell(f"Checking {table}"))
        keep_check(self.source, self.settings, looked[0])
        return looked

    @cached_property
    def checked(self) -> tuple[Findings, dict[str, Mapped]]:
        """Findings and mapped tables, of the last look at the same files if there was one."""
        from uptier.tables.kept_check import kept_check

        if "looked_at" in self.__dict__:
            return self.looked_at
        return kept_check(self.source, self.settings) or self.looked_at

    def unchecked(self) -> bool:
        """Go on without a check, for a preview, which must not read events.

        Returns
        -------
        bool
            Whether a check is kept, so that nothing is gone without.
        """
        from uptier.tables.findings import Findings
        from uptier.tables.kept_check import kept_check, mapped_tables

        kept = self.__dict__.get("looked_at") or kept_check(self.source, self.settings)
        self.__dict__["checked"] = kept or (Findings(()), mapped_tables(self.source, self.settings))
        self._unseen = kept is None
        return not self._unseen

    @property
    def repeated(self) -> frozenset[str] | None:
        """The tables in which the check saw equal rows; None where that is not known now."""
        # rows may arrive at a server between the check and now; files are as they were
        return None if self._unseen or not self.source.files else self.checked[0].repeated

    @cached_property
    def tables(self) -> Tables:
        """The clean tables; FindingsError if the data have errors that the project has not accepted."""
        from uptier.tables.clean import clean
        from uptier.tables.forgotten import read_list, without_forgotten

        findings, mapped = self.checked
        findings.require_no_errors(self.settings.path)
        mapped = self._answered(mapped)
        listed = read_list(self.settings.store)
        if listed is not None:
            mapped, self.forgotten_ids = without_forgotten(mapped, listed)
        return clean(self.source, self.settings, mapped, self.repeated)

    @cached_property
    def usage(self) -> Rollup | None:
        """The usage by day."""
        from uptier.tables.rollup import usage_rollup

        self._tell("Rolling up usage")
        return usage_rollup(self.tables)

    @cached_property
    def catalog(self) -> Catalog:
        """The signals and triggers, in the project's own words."""
        from uptier.signals.wording import worded_catalog

        return worded_catalog(self.settings)

    @cached_property
    def changes(self) -> pd.DataFrame:
        """What subscriptions and add-ons changed to."""
        from uptier.outcomes.changes import changes

        return changes(self.tables)

    @cached_property
    def months(self) -> pd.DataFrame:
        """Who is looked at on the firsts of months; TrainingError if the tables tell only what holds today."""
        from uptier.outcomes.snapshots import snapshots

        if self.checked[1]["subscriptions"].form == "current":
            raise TrainingError(
                "The subscriptions tell only what holds today: there is no past to learn from.",
                do="Keep a dated copy of the table every day from now on, and use form: snapshots once there are some "
                "months of it. Until then 'uptier score' works by rules.",
            )
        return snapshots(self.tables)

    def looks(self, as_of: dt.date | None) -> pd.DataFrame:
        """List who is looked at.

        Parameters
        ----------
        as_of : date or None
            From one date; None for the firsts of months.

        Returns
        -------
        DataFrame
            Columns account_id and as_of.
        """
        return self.months if as_of is None else self.accounts_at(as_of)

    def accounts_at(self, as_of: dt.date) -> pd.DataFrame:
        """List who is looked at from one date.

        Parameters
        ----------
        as_of : date
            The date.

        Returns
        -------
        DataFrame
            Columns account_id and as_of.

        Raises
        ------
        ScoringError
            If the data do not reach the date, or nobody had a subscription before it.
        """
        from uptier.outcomes.snapshots import first_day, running_at

        if as_of > self.settings.data_until:
            raise ScoringError(
                f"The data end before {as_of}: data_until is {self.settings.data_until}.",
                do="Choose an earlier date, or load newer data and raise data_until.",
            )
        looks = running_at(self.tables, [as_of])
        if looks.empty:
            first = first_day(self.tables)
            found = "no subscriptions" if first is None else f"the first subscription begins on {first}"
            raise ScoringError(
                f"No account has a subscription just before {as_of}.",
                found=found,
                do="Choose a later date with --as-of.",
            )
        return looks

    def signals(self, looks: pd.DataFrame) -> pd.DataFrame:
        """Compute the signals of some looks.

        Parameters
        ----------
        looks : DataFrame, columns account_id and as_of
            Who is looked at, and when.

        Returns
        -------
        DataFrame, shape (n_rows, 2 + n_signals)
            The frame.
        """
        import pandas as pd

        return pd.concat(self.signal_parts(looks), ignore_index=True)

    def signal_parts(self, looks: pd.DataFrame) -> Iterator[pd.DataFrame]:
        """Compute the signals of some looks, a stretch of accounts at a time.

        Parameters
        ----------
        looks : DataFrame, columns account_id and as_of
            Who is looked at, and when.

        Yields
        ------
        DataFrame, shape (n_rows, 2 + n_signals)
            The frame's rows, in order.
        """
        from uptier.tables.history import history_of

        usage = self.usage
        self._tell(f"Forming {len(self.catalog.signals)} signals of {len(looks):,} looks at accounts")
        yield from self.catalog.parts(history_of(self.tables, looks, usage))

    def digests(self, looks: pd.DataFrame, usage: Rollup | None) -> dict[dt.date, str] | None:
        """Digest what some looks see.

        Parameters
        ----------
        looks : DataFrame, columns account_id and as_of
            Who is looked at, and when.
        usage : Rollup or None
            The usage by day.

        Returns
        -------
        dict of date to str, or None
            By as-of date; None where the source is a server.
        """
        from uptier.tables import fingerprint
        from uptier.tables.digest import visible

        settings = self.settings
        context = [
            fingerprint.of_code(*FORMED_BY),
            self.catalog.fingerprint(settings.thresholds),
            repr(sorted(self.catalog.unavailable(self.tables).items())),
            settings.model_dump_json(include={"thresholds", "holds_since"}),
        ]
        return visible(self.tables, usage, looks, context)

    def newest_usage(self, as_of: dt.date) -> dt.date | None:
        """Give the day of the newest usage that was known at a date.

        Parameters
        ----------
        as_of : date
            The date.

        Returns
        -------
        date or None
            None where there is none.
        """
        import pandas as pd

        usage = self.usage
        if usage is None:
            return None
        before = usage.days.filter((usage.days.day < as_of) & (usage.days.known_day < as_of))
        day = before.aggregate(day=before.day.max()).to_pandas()["day"].iloc[0]
        return None if pd.isna(day) else pd.Timestamp(day).date()

    def subscribed_accounts(self, as_of: dt.date) -> int:
        """Count the accounts with a running subscription, apart from the scored rows and by another way.

        Parameters
        ----------
        as_of : date
            The date.

        Returns
        -------
        int
            What a list is held against that may have lost accounts.
        """
        import pandas as pd

        versions = self.tables["subscriptions"].to_pandas()
        day = pd.Timestamp(as_of)
        known = versions[(versions["day"] < day) & (versions["known_day"] < day)]
        latest = known.sort_values(["day", "valid_from", "known_day"]).groupby("subscription_id").tail(1)
        ended = (latest["end_day"] < day) & (latest["end_known_day"] < day)
        running = latest[~ended]
        return int(running["account_id"].nunique())

    def require_usage_until_the_end(self) -> None:
        """Stop where the usage ends before the data are said to.

        Raises
        ------
        TrainingError
            If so: months that the data do not cover would be learnt as months in which nobody bought.
        """
        until, most = self.settings.data_until, self.settings.scoring.max_age_days
        newest = self.newest_usage(until)
        if newest is None or (until - newest).days > most:
            told = "there is none" if newest is None else f"newest usage of {newest}"
            raise TrainingError(
                f"The usage does not reach data_until, {until}: what came of the months between is not known.",
                found=f"{told}; scoring.max_age_days is {most}",
                do=f"Set data_until in {self.settings.path} to the day after the newest data, or load newer data.",
            )

    def costs(self) -> dict[str, list[str]]:
        """Say which signals are not available, by the table that they lack.

        Returns
        -------
        dict of str to list of str
            Names of signals by canonical table.
        """
        from uptier.tables.clean import Tables

        mapped = self._answered(self.checked[1])
        tables = Tables(
            source=self.source,
            settings=self.settings,
            clean={name: one.table for name, one in mapped.items()},
            present={name: one.present for name, one in mapped.items()},
        )
        costs: dict[str, list[str]] = {}
        for signal, lacking in self.catalog.unavailable(tables).items():
            for table in lacking:
                costs.setdefault(table.partition(" ")[0], []).append(signal)
        return costs

    def _answered(self, mapped: dict[str, Mapped]) -> dict[str, Mapped]:
        from uptier.tables.answered import with_answers
        from uptier.tables.answers import read_answers

        return with_answers(mapped, self.source, self.settings, read_answers(self.settings.store))

    def data_hashes(self) -> dict[str, str]:
        """Hash the files of the source.

        Returns
        -------
        dict of str to str
            By name of the file; empty for a server.
        """
        hashes = {}
        for file in self.source.files:
            with file.open("rb") as opened:
                hashes[file.name] = hashlib.file_digest(opened, "sha256").hexdigest()
        return hashes

    def champion(self) -> tuple[Bundle | None, str | None, str | None]:
        """Find the model that scores.

        Returns
        -------
        tuple of Bundle, str and str, or of None
            With its version and the run that trained it; None for each where nothing was promoted yet.

        Raises
        ------
        ModelError
            If it was trained for another project.
        """
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
