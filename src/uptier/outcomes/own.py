"""A project's own outcomes, from the files that its YAML names under ``outcomes: {extra: [...]}``.

One is a function that lists what happened and when. The house does the rest, the same for every outcome: the window
with its gap and horizon, rows that are not over yet, and accounts that left or became part of another.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from ibis.expr import types as ir

from uptier.errors import OutcomeError, SettingsError, did_you_mean
from uptier.moments import Horizon
from uptier.outcome_settings import OutcomeSettings, OutcomesSettings
from uptier.outcomes.labelling import Window, labels
from uptier.outcomes.outcome import Labels
from uptier.own_code import line_of, load
from uptier.project_file import where
from uptier.settings import GAP_DAYS, OUTCOMES, Settings
from uptier.tables.clean import Tables
from uptier.tables.contracts import CONTRACT

COLUMNS = ("account_id", "day", "known_day")

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, eq=False, kw_only=True)
class Outcome:
    """An outcome of a project's own.

    Attributes
    ----------
    function : callable
        Lists what happened, from the project's clean tables and the changes in its contracts.
    label : str
        Its name for people.
    table : str
        The table that it is seen in: where it is absent, the outcome is not available; its lag is the outcome's.
    columns : tuple of str
        Columns of that table without which it cannot be seen.
    gap_days : int
        Days between the as-of date and the window.
    horizon_days : int
        Length of the window.
    name : str
        The function's own.
    """

    function: Callable[[Tables, pd.DataFrame], pd.DataFrame | ir.Table]
    label: str
    table: str
    columns: tuple[str, ...]
    gap_days: int
    horizon_days: int
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.function.__name__)
        object.__setattr__(self, "__doc__", inspect.getdoc(self.function))

    @property
    def place(self) -> str:
        """File and line, for messages."""
        code = self.function.__code__
        return f"{code.co_filename}, line {code.co_firstlineno}"


def outcome(
    *, label: str, table: str, horizon_days: int, columns: tuple[str, ...] = (), gap_days: int = GAP_DAYS
) -> Callable[[Callable[[Tables, pd.DataFrame], Any]], Outcome]:
    """Declare a function to be an outcome.

    Parameters
    ----------
    label : str
        Its name for people.
    table : str
        The table that it is seen in.
    horizon_days : int
        Length of the window.
    columns : tuple of str
        Columns of that table without which it cannot be seen.
    gap_days : int
        Days between the as-of date and the window: time to score, sync and act.

    Returns
    -------
    callable
        A decorator that gives an :class:`Outcome`.

    Raises
    ------
    OutcomeError
        If the function has no docstring, the table is not of the contract, or the window has no length.
    """

    def declared(function: Callable[[Tables, pd.DataFrame], Any]) -> Outcome:
        name = function.__name__
        if not inspect.getdoc(function):
            raise OutcomeError(f"The outcome {name} has no docstring: say what happens, and what does not count.")
        if table not in CONTRACT:
            raise OutcomeError(f"The outcome {name} is seen in no table '{table}'.", do=did_you_mean(table, CONTRACT))
        for column in columns:
            if column not in CONTRACT[table].columns:
                raise OutcomeError(
                    f"The outcome {name} is seen in no column '{column}' of {table}.",
                    do=did_you_mean(column, CONTRACT[table].columns),
                )
        if gap_days < 0 or horizon_days < 1:
            raise OutcomeError(f"The window of the outcome {name} needs a gap of 0 days or more and a length.")
        return Outcome(
            function=function,
            label=label,
            table=table,
            columns=columns,
            gap_days=gap_days,
            horizon_days=horizon_days,
        )

    return declared


def own_outcomes(settings: Settings) -> tuple[Outcome, ...]:
    """Give the outcomes that a project declares.

    Parameters
    ----------
    settings : Settings
        The project.

    Returns
    -------
    tuple of Outcome
        In the order of the YAML and of its files.

    Raises
    ------
    SettingsError
        If a file is missing, is not Python or fails when it is run, or the YAML names an outcome that there is not.
    OutcomeError
        With file and line, if a file declares no outcome, or one whose name is taken.
    """
    found: dict[str, Outcome] = {}
    for number, path in enumerate(settings.outcomes.extra):
        module = load(path, place=_place(settings.path, "extra", number))
        mine = [one for one in vars(module).values() if isinstance(one, Outcome)]
        # what a file imports to build on is not declared by it, and one thing may have two names
        mine = [one for one in dict.fromkeys(mine) if one.function.__module__ == module.__name__]
        if not mine:
            raise OutcomeError(
                f"{path}: no outcome is declared in this file.",
                do="Put @outcome(...) above a function of the tables; see docs/your-own-signals.md.",
            )
        for one in mine:
            if one.name in (*OUTCOMES, *OutcomesSettings.model_fields) or one.name in found:
                raise OutcomeError(
                    f"{one.place}: the name of the outcome '{one.name}' is taken.",
                    found=f"it stands in {found[one.name].place if one.name in found else 'uptier'} too",
                    do="Choose another name.",
                )
            if not _NAME.fullmatch(one.name):
                raise OutcomeError(
                    f"{one.place}: '{one.name}' is no name for a column.",
                    do="Use small letters, digits and underscores, at most 40 of them.",
                )
            found[one.name] = one
    for name in settings.outcomes.windows:
        if name not in OUTCOMES and name not in found:
            raise SettingsError(
                f"{_place(settings.path, name)}: there is no outcome '{name}'.",
                do=did_you_mean(name, [*OUTCOMES, *found]),
            )
    return tuple(found.values())


def with_own_windows(settings: Settings) -> Settings:
    """Give settings that know the windows of the project's own outcomes.

    Parameters
    ----------
    settings : Settings
        As read.

    Returns
    -------
    Settings
        What the YAML says of an outcome goes before what its file says.
    """
    given = settings.outcomes
    windows = given.windows
    for one in own_outcomes(settings):
        horizon = _window(one, settings).horizon
        windows[one.name] = OutcomeSettings(gap_days=horizon.gap_days, horizon_days=horizon.horizon_days)
    kept = {name: getattr(given, name) for name in OutcomesSettings.model_fields}
    return settings.model_copy(update={"outcomes": OutcomesSettings.model_validate({**kept, **windows})})


def own_labels(one: Outcome, tables: Tables, looks: pd.DataFrame, changes: pd.DataFrame) -> Labels:
    """Label rows by whether a project's own outcome happened in the window.

    Parameters
    ----------
    one : Outcome
        Which.
    tables : Tables
        The project's clean tables.
    looks : DataFrame
        Columns account_id and as_of.
    changes : DataFrame
        From :func:`uptier.outcomes.changes.changes`.

    Returns
    -------
    Labels
        The outcome itself or a leaving in the gap leaves a row out, counted, as does a window that is not over; where
        the project lacks what the outcome is seen in, all rows are ``not_available``.

    Raises
    ------
    OutcomeError
        If the function fails, or gives something else than accounts with days.
    """
    settings = tables.settings
    if one.table not in tables or not set(one.columns) <= tables.present[one.table]:
        nothing = labels(looks[:0], changes, _window(one, settings))
        return Labels(one.name, nothing.rows, {"not_available": len(looks)})
    events = _events(one, tables, changes).assign(kind=_kind(one))
    together = pd.concat([changes[["account_id", "day", "known_day", "kind"]], events], ignore_index=True)
    return labels(looks, together, _window(one, settings))


def _kind(one: Outcome) -> str:
    return f"own {one.name}"  # a kind of change may have the same name


def _window(one: Outcome, settings: Settings) -> Window:
    given = settings.outcomes.of(one.name)
    return Window(
        outcome=one.name,
        kinds=(_kind(one),),
        excluding=(_kind(one), "leaving"),
        horizon=Horizon(
            gap_days=one.gap_days if given.gap_days is None else given.gap_days,
            horizon_days=one.horizon_days if given.horizon_days is None else given.horizon_days,
        ),
        lag_days=settings.table(one.table).lag_days,
        data_until=settings.data_until,
    )


def _events(one: Outcome, tables: Tables, changes: pd.DataFrame) -> pd.DataFrame:
    try:
        found = one.function(tables, changes.copy())
        found = found.to_pandas() if isinstance(found, ir.Table) else found
    except Exception as error:  # noqa: BLE001  # somebody else's code may raise anything: told, never passed over
        line = line_of(one.function.__code__.co_filename, error.__traceback__)
        # only what sort of error: its words may hold a value of a row
        raise OutcomeError(
            f"{one.function.__code__.co_filename}, line {line}: the outcome {one.name} cannot be formed.",
            found=type(error).__name__,
            do="Mend that line; docs/your-own-signals.md has an example.",
        ) from None
    if not isinstance(found, pd.DataFrame) or not set(COLUMNS) <= set(found.columns):
        held = ", ".join(map(str, found.columns)) if isinstance(found, pd.DataFrame) else type(found).__name__
        raise OutcomeError(
            f"{one.place}: the outcome {one.name} does not list what happened.",
            found=held or "no columns",
            do="Give a table with account_id, day and known_day, one row for each thing that happened.",
        )
    events = found[list(COLUMNS)].astype({"account_id": "str", "day": "datetime64[us]", "known_day": "datetime64[us]"})
    undated = int(events["day"].isna().sum()) + int(found["account_id"].isna().sum())
    if undated:
        raise OutcomeError(
            f"{one.place}: rows of the outcome {one.name} say neither whom nor when.",
            found=f"{undated:,} of {len(events):,} rows without account_id or day",
            do="Leave them out: what cannot be dated cannot be learnt from.",
        )
    lag = pd.Timedelta(days=tables.settings.table(one.table).lag_days)
    events["known_day"] = events["known_day"].fillna(events["day"] + lag)
    # what became known later than the data reach is not known
    return events[events["known_day"] < pd.Timestamp(tables.settings.data_until)].reset_index(drop=True)


def _place(path: Path, *keys: str | int) -> str:
    # settings that were not read from a file have no lines
    return where(path, "outcomes", *keys) if path.is_file() else ".".join(map(str, ("outcomes", *keys)))
