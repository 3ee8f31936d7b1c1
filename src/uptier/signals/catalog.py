"""The catalogue: all signals and triggers in reading order, and what is formed from them."""

from __future__ import annotations

import hashlib
import importlib
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

import ibis

from uptier.errors import SignalError, did_you_mean
from uptier.signals.families import FAMILIES
from uptier.signals.measures import Measures
from uptier.signals.plans import answered
from uptier.signals.question import Question
from uptier.signals.signal import Signal
from uptier.signals.trigger import Trigger
from uptier.signals.windows import KEY

if TYPE_CHECKING:
    import pandas as pd
    from ibis.expr import types as ir

    from uptier.settings import Thresholds
    from uptier.tables.clean import Tables
    from uptier.tables.history import History


@dataclass(frozen=True)
class Planned:
    """The catalogue's signals over one project's past, not yet computed.

    Attributes
    ----------
    table : Table
        Columns account_id, as_of and one for each signal.
    unavailable : dict of str to tuple of str
        Signal to the tables and columns that it needs and the project lacks.
    """

    table: ir.Table
    unavailable: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Catalog:
    """Signals and triggers, in reading order.

    Attributes
    ----------
    signals : tuple of Signal
        All signals.
    triggers : tuple of Trigger
        One for each family that has one.
    """

    signals: tuple[Signal, ...]
    triggers: tuple[Trigger, ...]

    @cached_property
    def _by_name(self) -> dict[str, Signal]:
        return {one.name: one for one in self.signals}

    @cached_property
    def _by_family(self) -> dict[str, Trigger]:
        return {one.family: one for one in self.triggers}

    def signal(self, name: str) -> Signal:
        """Find a signal.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        Signal
            The signal.

        Raises
        ------
        SignalError
            If there is none of that name.
        """
        if name not in self._by_name:
            raise SignalError(f"There is no signal '{name}'.", do=did_you_mean(name, self._by_name))
        return self._by_name[name]

    def trigger_of(self, family: str) -> Trigger | None:
        """Find a family's trigger.

        Parameters
        ----------
        family : str
            Name of the family.

        Returns
        -------
        Trigger or None
            None for a family that only gives context.
        """
        return self._by_family.get(family)

    def plan(self, history: History) -> Planned:
        """Plan all signals over a past: every question is answered by one pass over its table.

        Parameters
        ----------
        history : History
            The past of some accounts at some dates.

        Returns
        -------
        Planned
            The expressions, and which signals the project's tables do not allow.
        """
        measures = Measures(history.has, history.tables.settings.thresholds)
        formed, unavailable = self._formed(measures)
        answers = answered(history, measures.asked, frozenset(measures.unanswerable))
        columns = {
            one.name: _missing(one) if one.name in unavailable else _cast(formed[one.name].resolve(answers), one)
            for one in self.signals
        }
        return Planned(answers.select(*KEY, **columns), unavailable)

    def unavailable(self, tables: Tables) -> dict[str, tuple[str, ...]]:
        """Say which signals a project's tables do not allow.

        Parameters
        ----------
        tables : Tables
            The tables that are there.

        Returns
        -------
        dict of str to tuple of str
            Signal to the tables and columns that it needs and the project lacks.
        """
        return self._formed(Measures(tables.has, tables.settings.thresholds))[1]

    def frame(self, history: History) -> pd.DataFrame:
        """Compute all signals.

        Parameters
        ----------
        history : History
            The past of some accounts at some dates.

        Returns
        -------
        DataFrame, shape (n_rows, 2 + n_signals)
            Columns account_id, as_of (midnight) and one for each signal, ordered by account and date. Numbers are
            float64, NaN where not available or not known; categories are text or None.
        """
        frame: pd.DataFrame = self.plan(history).table.order_by(KEY).to_pandas()
        for one in self.signals:
            values = frame[one.name]
            frame[one.name] = (
                values.astype(object).where(values.notna(), None) if one.is_category else values.astype("float64")
            )
        frame["as_of"] = frame["as_of"].astype("datetime64[us]")
        return frame

    def fingerprint(self, thresholds: Thresholds) -> str:
        """Give the catalogue hash: names, types and compiled expressions, not wording.

        Parameters
        ----------
        thresholds : Thresholds
            They are part of what signals count.

        Returns
        -------
        str
            16 hexadecimal digits; a model is only used with the catalogue that it was trained on.
        """
        measures = Measures(lambda table, columns: True, thresholds)
        formed, _ = self._formed(measures)
        schema = {column: _kind(asked) for column, asked in measures.asked.items()}
        answers = ibis.table(schema, name="measures")
        columns = {one.name: _cast(formed[one.name].resolve(answers), one) for one in self.signals}
        sql = str(ibis.to_sql(answers.select(**columns), dialect="duckdb"))
        return hashlib.sha256(sql.encode()).hexdigest()[:16]

    def _formed(self, measures: Measures) -> tuple[dict[str, ibis.Deferred], dict[str, tuple[str, ...]]]:
        formed, unavailable = {}, {}
        for one in self.signals:
            measures.lacking.clear()
            formed[one.name] = one(measures)
            if measures.lacking:
                unavailable[one.name] = tuple(sorted(measures.lacking))
        return formed, unavailable


@cache
def catalog() -> Catalog:
    """Give the catalogue of uptier's own signals.

    Returns
    -------
    Catalog
        Families in reading order, signals and triggers as their files declare them.
    """
    signals: list[Signal] = []
    triggers: list[Trigger] = []
    for family in FAMILIES:
        module = importlib.import_module(f"uptier.signals.families.{family}")
        signals.extend(one for one in vars(module).values() if isinstance(one, Signal))
        triggers.extend(one for one in vars(module).values() if isinstance(one, Trigger))
    return Catalog(tuple(signals), tuple(triggers))


def answer(one: Signal, history: History) -> dict[str, float | str | None]:
    """Compute one signal, for examples and tests.

    Parameters
    ----------
    one : Signal
        The signal.
    history : History
        The past of some accounts at one date.

    Returns
    -------
    dict of str to float, str or None
        Value by account; None for what is not available or not known.

    Raises
    ------
    SignalError
        If the history is looked at from several dates.
    """
    frame = Catalog((one,), ()).frame(history)
    if frame["account_id"].duplicated().any():
        raise SignalError("One answer for each account can be given at one date only.", do="Draw one as-of date.")
    values = frame[one.name].astype(object).where(frame[one.name].notna(), None)
    return dict(zip(frame["account_id"].tolist(), values.tolist(), strict=True))


def _cast(expression: ir.Value, one: Signal) -> ir.Value:
    return expression.cast("string" if one.is_category else "float64")


def _missing(one: Signal) -> ir.Value:
    return ibis.null("string" if one.is_category else "float64")


def _kind(asked: Question) -> str:
    return "string" if asked.what in ("plan_id", "account") else "float64"
