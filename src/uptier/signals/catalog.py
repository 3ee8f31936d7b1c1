"""The catalogue: all signals and triggers in reading order, and what is formed from them."""

from __future__ import annotations

import hashlib
import importlib
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

import ibis

from uptier.errors import SignalError, did_you_mean
from uptier.signals.compiled import kept_script
from uptier.signals.families import FAMILIES
from uptier.signals.forming import fetched, typed
from uptier.signals.measures import Measures, answers_to
from uptier.signals.plans import answered
from uptier.signals.script import Script, script_of
from uptier.signals.signal import Signal, docstring_of_family
from uptier.signals.speech import ENGLISH, Speech
from uptier.signals.trigger import Trigger
from uptier.signals.windows import KEY

if TYPE_CHECKING:
    import pandas as pd
    from ibis.expr import types as ir

    from uptier.tables.clean import Tables
    from uptier.tables.history import History
    from uptier.tables.rollup import Rollup
    from uptier.thresholds import Thresholds


SCRIPTS_KEPT = 8  # compiled catalogues, a few hundred kilobytes of SQL each


@dataclass(frozen=True, eq=False)
class _Compiled:
    tables: Callable[[], Tables | None]
    usage: Callable[[], Rollup | None]
    script: Script


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
    speech : Speech
        How the project says numbers and what is counted.
    """

    signals: tuple[Signal, ...]
    triggers: tuple[Trigger, ...]
    speech: Speech = ENGLISH

    @cached_property
    def _by_name(self) -> dict[str, Signal]:
        return {one.name: one for one in self.signals}

    @cached_property
    def _scripts(self) -> dict[tuple[int, int, bool, bool], _Compiled]:
        return {}

    @cached_property
    def _fingerprints(self) -> dict[str, str]:
        return {}

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

    def title(self, family: str) -> str:
        """Give a family's name for people.

        Parameters
        ----------
        family : str
            Its name.

        Returns
        -------
        str
            What the project calls it, else what stands before the colon in its file's docstring: ``"Power users"``.
        """
        return self.speech.families.get(family) or docstring_of_family(self.signals, family)[0]

    def about(self, family: str) -> str:
        """Say what a family is about.

        Parameters
        ----------
        family : str
            Its name.

        Returns
        -------
        str
            What stands after the colon in the docstring of its file.
        """
        return docstring_of_family(self.signals, family)[1]

    def measures(self, has: Callable[[str, tuple[str, ...]], bool], thresholds: Thresholds) -> Measures:
        """Give what these signals ask.

        Parameters
        ----------
        has : callable
            Says whether the project has a table with certain columns.
        thresholds : Thresholds
            Where triggers fire.

        Returns
        -------
        Measures
            They know uptier's own triggers and these, so that a part of the catalogue answers as all of it does.
        """
        signals, triggers = _built_in()
        return Measures(
            has,
            thresholds,
            signals={one.name: one for one in (*signals, *self.signals)},
            # by name: with a label of the project's own it is still the same trigger, and counts once
            triggers=tuple({one.name: one for one in (*triggers, *self.triggers)}.values()),
        )

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
        measures = self.measures(history.has, history.tables.settings.thresholds)
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
        return self._formed(self.measures(tables.has, tables.settings.thresholds))[1]

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
        import pandas as pd

        return pd.concat(self.parts(history), ignore_index=True)

    def parts(self, history: History) -> Iterator[pd.DataFrame]:
        """Compute all signals, a stretch of accounts at a time.

        Parameters
        ----------
        history : History
            The past of some accounts at some dates.

        Yields
        ------
        DataFrame, shape (n_rows, 2 + n_signals)
            As :meth:`frame`, whose rows they are, in order; at least one, which may be empty.
        """
        if history.tables.source.is_in_process:
            given = self._script(history).run(history)
        else:
            given = fetched(self.plan(history).table)
        for part in given:
            yield typed(part, self.signals)

    def _script(self, history: History) -> Script:
        key = (id(history.tables), id(history.usage), history.dense, history.everyone)
        compiled = self._scripts.get(key)
        # an address may come to be another's, once what had it is gone: a reference that is no longer held says so
        if compiled is None or compiled.tables() is not history.tables or compiled.usage() is not history.usage:
            script = kept_script(
                history,
                lambda: self._asked_of(history.tables),
                lambda: script_of(lambda past: self.plan(past).table, history),
            )
            while len(self._scripts) >= SCRIPTS_KEPT:
                self._scripts.pop(next(iter(self._scripts)))
            compiled = _Compiled(weakref.ref(history.tables), _reference(history.usage), script)
            self._scripts[key] = compiled
        return compiled.script

    def _asked_of(self, tables: Tables) -> str:
        measures = self.measures(tables.has, tables.settings.thresholds)
        formed, unavailable = self._formed(measures)
        kinds = {one.name: one.is_category for one in self.signals}
        return repr((measures.asked, sorted(measures.unanswerable), formed, unavailable, kinds))

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
        asked = thresholds.model_dump_json()
        if asked not in self._fingerprints:
            self._fingerprints[asked] = self._fingerprint(thresholds)
        return self._fingerprints[asked]

    def _fingerprint(self, thresholds: Thresholds) -> str:
        measures = self.measures(lambda table, columns: True, thresholds)
        formed, _ = self._formed(measures)
        answers = answers_to(measures)
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
    return Catalog(*_built_in())


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


@cache
def _built_in() -> tuple[tuple[Signal, ...], tuple[Trigger, ...]]:
    signals: list[Signal] = []
    triggers: list[Trigger] = []
    for family in FAMILIES:
        module = importlib.import_module(f"uptier.signals.families.{family}")
        signals.extend(one for one in vars(module).values() if isinstance(one, Signal))
        triggers.extend(one for one in vars(module).values() if isinstance(one, Trigger))
    return tuple(signals), tuple(triggers)


def _reference(usage: Rollup | None) -> Callable[[], Rollup | None]:
    return (lambda: None) if usage is None else weakref.ref(usage)


def _cast(expression: ir.Value, one: Signal) -> ir.Value:
    return expression.cast("string" if one.is_category else "float64")


def _missing(one: Signal) -> ir.Value:
    return ibis.null("string" if one.is_category else "float64")
