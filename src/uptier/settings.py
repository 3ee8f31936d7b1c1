"""A project's YAML, read into frozen settings; what is wrong with it is said with file, line and key.

`${NAME}` takes a value from the environment. Such values are never shown: messages quote the YAML as it is written.
Relative paths start at the folder of the YAML.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from uptier.breaker_settings import BreakerSettings
from uptier.delivery_settings import DeliverySettings
from uptier.errors import did_you_mean
from uptier.mistakes import mistakes
from uptier.moments import Horizon
from uptier.outcome_settings import OutcomesSettings
from uptier.pages_settings import PagesSettings
from uptier.project_file import read_project_file
from uptier.thresholds import Days, Part, PositiveDays, Share, Thresholds
from uptier.training_settings import TrainingSettings
from uptier.worklist_settings import WorklistSettings

OUTCOMES = ("seat_expansion", "plan_upgrade", "add_on", "churn", "post_upsell_churn")
CONVERSIONS = ("seat_expansion", "plan_upgrade", "add_on")

GAP_DAYS = 7  # to score, sync and act
UPSELL_DAYS = 60
CHURN_DAYS = 90  # domain: post-upsell churn is leaving or downgrading within 90 days


class TableSettings(Part):
    """How one canonical table is found in the source.

    Attributes
    ----------
    source : str or None
        Name of the table or file in the source (``from:`` in the YAML); the canonical name by default.
    sql : str or None
        A SELECT in the source's own dialect that gives the table, instead of ``from``.
    columns : dict
        Canonical column to the column in the source; columns that are not listed keep their names.
    constants : dict
        Canonical column to one value for all rows.
    values : dict
        Canonical column to a map from values (or patterns with ``*``) in the source to canonical values.
    kinds : tuple of str
        For usage: the kinds of events that the source records, all by default. Signals of the others are not available,
        rather than zero.
    form : str
        Form of the subscriptions: intervals, change_log, snapshots, billing_periods or current.
    identity : str or None
        Which id the table's account_id column holds: a column of the `identities` table.
    lag_days : int
        Worst-case days between a row's time and its becoming known, where the source has no recorded_at.
    timezone : str or None
        Zone of times without one; the project's by default.
    """

    source: str | None = Field(default=None, alias="from")
    sql: str | None = None
    columns: dict[str, str] = {}
    constants: dict[str, str | int | float] = {}
    values: dict[str, dict[str, str]] = {}
    kinds: tuple[str, ...] = ()
    form: Literal["intervals", "change_log", "snapshots", "billing_periods", "current"] = "intervals"
    identity: str | None = None
    lag_days: Days = 0
    timezone: str | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if self.source is not None and self.sql is not None:
            raise ValueError("give either 'from' or 'sql', not both")
        return self


class IdentitySettings(Part):
    """A table that says which ids name the same account.

    Attributes
    ----------
    source : str
        Name of the table or file in the source (``from:`` in the YAML); one row for each account.
    columns : dict
        Name of an id space (one of them ``account_id``) to the column that holds it.
    """

    source: str = Field(alias="from")
    columns: dict[str, str]


class Accepted(Part):
    """A finding that the project has looked at and lives with.

    Attributes
    ----------
    code : str
        Code of the finding.
    table : str or None
        Only in this table; all tables by default.
    reason : str
        Why it is acceptable; stands in the model card.
    treatment : str
        ``drop`` leaves the rows out, ``keep`` uses them as they are, ``keep_first`` keeps one row for each key.
    """

    code: str
    table: str | None = None
    reason: str = Field(min_length=10)
    treatment: Literal["drop", "keep", "keep_first"]


class Snapshots(Part):
    """At which dates accounts are looked at to learn: the first of each month between these.

    Attributes
    ----------
    first : date or None
        Not before this; by default six months after the first subscription.
    last : date or None
        Not after this; by default as late as the outcomes allow.
    """

    first: dt.date | None = None
    last: dt.date | None = None


class SignalsSettings(Part):
    """Signals beside those of uptier.

    Attributes
    ----------
    extra : tuple of Path
        Python files that declare signals of the project's own, each a family; see the guide on your own signals and
        outcomes.
    """

    extra: tuple[Path, ...] = ()


class ScoringSettings(Part):
    """What a scorecard must fulfil, and what decisions cost.

    Attributes
    ----------
    max_age_days : int
        Usage older than this at the as-of date stops scoring.
    expires_after_days : int
        Days after which a scorecard is not to be acted on.
    incrementality : dict
        Share of conversions that contact adds, by upsell type: an assumption until contact is randomised.
    contact_cost : float
        Cost of one contact, the project's currency.
    churn_risk : float
        Probability of churn within 90 days from which an account is protected rather than asked.
    rates : Path or None
        A CSV with currency, day and rate: how much of the project's currency one unit of another is worth, for accounts
        that pay in others (column `currency` of the accounts). The latest rate on or before the as-of date counts.
    rates_max_age_days : int
        How much older than the as-of date a rate may be.
    """

    max_age_days: PositiveDays = 7
    expires_after_days: PositiveDays = 30
    incrementality: dict[Literal["seat_expansion", "plan_upgrade", "add_on"], Share] = {
        "seat_expansion": 0.5,
        "plan_upgrade": 0.5,
        "add_on": 0.5,
    }
    contact_cost: Annotated[float, Field(ge=0)] = 50
    churn_risk: Share = 0.25
    rates: Path | None = None
    rates_max_age_days: PositiveDays = 45  # a rate a month, with some days until it is known


class TrackingSettings(Part):
    """Where MLflow keeps runs and models.

    Attributes
    ----------
    uri : str or None
        Tracking and registry address; a SQLite file in the store by default.
    experiment : str
        Name of the experiment; the project's by default.
    model : str
        Registered name.
    """

    uri: str | None = None
    experiment: str | None = None
    model: str = "uptier"


class Settings(Part):
    """One project.

    Attributes
    ----------
    project : str
        Its name: letters, digits, dashes, underscores.
    path : Path
        The YAML it was read from.
    source : str
        A folder of Parquet and CSV files, a DuckDB file, or any address that Ibis connects to.
    backend : str
        What reads a folder: ``duckdb`` on this machine, or ``spark``, on this machine or on a cluster.
    store : Path
        The folder that uptier writes to.
    data_until : date
        First day that the source does not cover: a row known at or after it comes from the future.
    currency : str
        ISO code of the project's currency: what accounts pay in unless the accounts table says otherwise, and what
        amounts are ranked in.
    timezone : str or None
        Zone of times that carry none; where it is not given, such times are an error.
    tables : dict
        How each canonical table is found; tables that are not listed are looked up by their own names.
    identities : IdentitySettings or None
        Which ids name the same account.
    accept : list
        Findings that the project lives with.
    holds_since : dict
        ``table.column`` of a `current` column to the date since which its values hold, so that signals may see it.
    talks : Path or None
        A YAML with the project's own words for talks; what it leaves out is as in the one that ships.
    wording : Path or None
        A YAML with the project's own words for signals, triggers, families and what is counted, and its way of writing
        numbers; what it leaves out is as uptier says it.
    snapshots, signals, outcomes, thresholds, training, scoring, mlflow, worklist, breakers, delivery, pages
        See the parts.
    """

    project: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
    path: Path
    source: str
    backend: Literal["duckdb", "spark"] = "duckdb"
    store: Path
    data_until: dt.date
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    timezone: str | None = None
    tables: dict[str, TableSettings] = {}
    identities: IdentitySettings | None = None
    accept: tuple[Accepted, ...] = ()
    holds_since: dict[str, dt.date] = {}
    talks: Path | None = None
    wording: Path | None = None
    snapshots: Snapshots = Snapshots()
    signals: SignalsSettings = SignalsSettings()
    outcomes: OutcomesSettings = OutcomesSettings.model_validate({})
    thresholds: Thresholds = Thresholds()
    training: TrainingSettings = TrainingSettings()
    scoring: ScoringSettings = ScoringSettings()
    mlflow: TrackingSettings = TrackingSettings()
    worklist: WorklistSettings = WorklistSettings()
    breakers: BreakerSettings = BreakerSettings()
    delivery: DeliverySettings = DeliverySettings()
    pages: PagesSettings = PagesSettings()

    @field_validator("outcomes")
    @classmethod
    def _known_outcomes(cls, outcomes: OutcomesSettings) -> OutcomesSettings:
        # names of the project's own outcomes are known once its files are read
        for name in outcomes.windows:
            if name not in OUTCOMES and not outcomes.extra:
                raise ValueError(f"there is no outcome '{name}'. {did_you_mean(name, OUTCOMES)}")
        return outcomes

    def horizon(self, outcome: str) -> Horizon:
        """Give the window of an outcome.

        Parameters
        ----------
        outcome : str
            One of the five outcomes.

        Returns
        -------
        Horizon
            As the YAML says; what it leaves out is a gap of 7 days (none after an upsell), and 60 days for upsells or
            90 for churn.
        """
        given = self.outcomes.of(outcome)
        gap = 0 if outcome == "post_upsell_churn" else GAP_DAYS
        days = UPSELL_DAYS if outcome in CONVERSIONS else CHURN_DAYS
        return Horizon(
            gap_days=gap if given.gap_days is None else given.gap_days,
            horizon_days=days if given.horizon_days is None else given.horizon_days,
        )

    def table(self, name: str) -> TableSettings:
        """Give the settings of a table.

        Parameters
        ----------
        name : str
            Canonical name.

        Returns
        -------
        TableSettings
            Defaults where the YAML says nothing.
        """
        return self.tables.get(name, TableSettings())


def read_settings(path: Path | str, environment: Mapping[str, str] | None = None) -> Settings:
    """Read a project's YAML.

    Parameters
    ----------
    path : Path or str
        The YAML.
    environment : mapping of str to str, optional
        Where `${NAME}` is looked up; the process's environment by default.

    Returns
    -------
    Settings
        Validated; relative paths made absolute.

    Raises
    ------
    SettingsError
        With file, line and key, if it cannot be read.
    """
    path = Path(path)
    file = read_project_file(path)
    values = file.expanded(os.environ if environment is None else environment)
    folder = path.absolute().parent
    if isinstance(values.get("source"), str) and "://" not in values["source"]:
        values["source"] = str(_absolute(folder, values["source"]))
    for part in ("store", "talks", "wording"):
        if isinstance(values.get(part), str):
            values[part] = _absolute(folder, values[part])
    for part in ("signals", "outcomes"):
        if isinstance(values.get(part), dict) and isinstance(values[part].get("extra"), list):
            files = values[part]["extra"]
            values[part] = values[part] | {
                "extra": [_absolute(folder, file) if isinstance(file, str) else file for file in files]
            }
    scoring = values.get("scoring")
    if isinstance(scoring, dict) and isinstance(scoring.get("rates"), str):
        values["scoring"] = scoring | {"rates": _absolute(folder, scoring["rates"])}
    _place_destinations(values, folder)
    try:
        return Settings.model_validate({**values, "path": path})
    except ValidationError as error:
        # from None: pydantic's own text quotes values, which may come from the environment
        raise mistakes(error, file, Settings) from None


def _place_destinations(values: dict[str, Any], folder: Path) -> None:
    """Make the folders of destinations absolute; whatever else is wrong with that part is told when it is read."""
    delivery = values.get("delivery")
    destinations = delivery.get("destinations") if isinstance(delivery, dict) else None
    if not isinstance(delivery, dict) or not isinstance(destinations, dict):
        return
    placed = {
        name: one | {"folder": _absolute(folder, one["folder"])}
        if isinstance(one, dict) and isinstance(one.get("folder"), str)
        else one
        for name, one in destinations.items()
    }
    values["delivery"] = delivery | {"destinations": placed}


def _absolute(folder: Path, path: str) -> Path:
    return Path(os.path.normpath(folder / Path(path).expanduser()))
