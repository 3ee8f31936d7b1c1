"""A project's own signals and triggers, from the files that its YAML names under ``signals: {extra: [...]}``.

They are declared as uptier's own are, one file a family. What is wrong with one is told with file and line before
anything is computed; what it must promise is looked at by :mod:`uptier.signals.promises`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import pandas as pd
from ibis.common.deferred import Deferred
from ibis.expr import types as ir

from uptier.errors import SignalError, did_you_mean
from uptier.own_code import line_of, load
from uptier.project_file import where
from uptier.settings import Settings
from uptier.signals.catalog import Catalog, catalog
from uptier.signals.families import FAMILIES
from uptier.signals.measures import answers_to
from uptier.signals.signal import Signal
from uptier.signals.trigger import Trigger
from uptier.signals.trigger_measures import SINCE_UNITS
from uptier.thresholds import Thresholds

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_NAME = 40  # letters; a CRM's field names are short

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LABEL = re.compile(r"[A-Z][^.{}]*[^.{}\s]")


def catalog_of(settings: Settings) -> Catalog:
    """Give the catalogue of a project: uptier's own signals and triggers, then the project's.

    Parameters
    ----------
    settings : Settings
        The project.

    Returns
    -------
    Catalog
        In reading order: families of uptier, then the files in the order of the YAML.

    Raises
    ------
    SettingsError
        If a file is missing, is not Python, or fails when it is run.
    SignalError
        With file and line, if a file declares no signal, or one that collides with another, asks for what is not there
        or is no expression.
    """
    built_in = catalog()
    modules = [load(path, place=_place(settings.path, number)) for number, path in enumerate(settings.signals.extra)]
    if not modules:
        return built_in
    families: dict[str, str] = {}
    for module in modules:
        _refuse_family(module, families)
        families[_family(module)] = str(module.__file__)
    signals = [one for module in modules for one in _declared(module, Signal)]
    triggers = [one for module in modules for one in _declared(module, Trigger)]
    whole = Catalog((*built_in.signals, *signals), (*built_in.triggers, *triggers))
    _refuse_collisions([*built_in.signals, *built_in.triggers], [*signals, *triggers])
    for module in modules:
        mine = [one for one in triggers if one.rule.__module__ == module.__name__]
        if len(mine) > 1:
            raise SignalError(
                f"{_at(mine[1])}: the file declares a second trigger, {mine[1].name}.",
                do="A family speaks with one voice: put the other trigger and its signals into a file of its own.",
            )
    for signal in signals:
        _refuse_signal(signal, whole, settings.thresholds)
    for trigger in triggers:
        _refuse_trigger(trigger, whole, settings.thresholds)
    return whole


def own_part(whole: Catalog) -> Catalog:
    """Give the project's own part of its catalogue.

    Parameters
    ----------
    whole : Catalog
        From :func:`catalog_of`.

    Returns
    -------
    Catalog
        Empty where the project has no signals of its own.
    """
    return Catalog(
        tuple(one for one in whole.signals if one.family not in FAMILIES),
        tuple(one for one in whole.triggers if one.family not in FAMILIES),
    )


def _place(path: Path, number: int) -> str:
    # settings that were not read from a file have no lines
    return where(path, "signals", "extra", number) if path.is_file() else f"signals.extra.{number}"


def _family(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def _declared(module: ModuleType, kind: type[Any]) -> list[Any]:
    # what a file imports from uptier to build on is not declared by it
    found = [one for one in vars(module).values() if isinstance(one, kind)]
    return [one for one in dict.fromkeys(found) if _function(one).__module__ == module.__name__]


def _function(one: Signal | Trigger) -> Callable[..., Any]:
    return one.function if isinstance(one, Signal) else one.rule


def _at(one: Signal | Trigger) -> str:
    code = _function(one).__code__
    return f"{code.co_filename}, line {code.co_firstlineno}"


def _refuse_family(module: ModuleType, before: dict[str, str]) -> None:
    family, file = _family(module), str(module.__file__)
    if family in FAMILIES:
        raise SignalError(
            f"{file}: there is a family '{family}' in uptier already.",
            do="Name the file otherwise: it names the family.",
        )
    if family in before:
        raise SignalError(
            f"{file}: there is a family '{family}' already.",
            found=f"the same name in {before[family]}",
            do="Name one of the two files otherwise, or name it once in the YAML.",
        )
    if not (module.__doc__ or "").strip():
        raise SignalError(
            f"{file}, line 1: the file has no docstring.",
            do='Begin it with what the family is about: """Parcels: how what is shipped grows.""" The words before the '
            "colon are its title.",
        )
    if not _declared(module, Signal):
        raise SignalError(
            f"{file}: no signal is declared in this file.",
            do="Put @signal(...) above a function of the history; see docs/your-own-signals.md.",
        )


def _refuse_collisions(built_in: Iterable[Signal | Trigger], own: Iterable[Signal | Trigger]) -> None:
    names = {one.name: "uptier" for one in built_in}
    labels = {one.label: "uptier" for one in built_in}
    for one in own:
        what = "signal" if isinstance(one, Signal) else "trigger"
        for kind, said, taken in (("name", one.name, names), ("label", one.label, labels)):
            if said in taken:
                raise SignalError(
                    f"{_at(one)}: the {kind} of the {what} '{said}' is taken.",
                    found=f"it stands in {taken[said]} too",
                    do=f"Choose another {kind}.",
                )
            taken[said] = _at(one)
        if not _NAME.fullmatch(one.name) or len(one.name) > LONGEST_NAME:
            raise SignalError(
                f"{_at(one)}: '{one.name}' is no name for a column.",
                do=f"Use small letters, digits and underscores, at most {LONGEST_NAME} of them.",
            )
        if not _LABEL.fullmatch(one.label):
            raise SignalError(
                f"{_at(one)}: the label '{one.label}' is no name for people.",
                do="Begin it with a capital letter and leave out full stops and braces.",
            )


def _refuse_signal(one: Signal, whole: Catalog, thresholds: Thresholds) -> None:
    names = [each.name for each in whole.signals]
    for name in sorted(one.phrase.placeholders() - {"value"}):
        if name not in names:
            raise SignalError(
                f"{_at(one)}: the phrase of {one.name} says {{{name}}}, and there is no such signal.",
                do=did_you_mean(name, names),
            )
    if "{" in one.phrase.missing:
        raise SignalError(
            f"{_at(one)}: the phrase of {one.name} for what is missing says a value.",
            do="Say in 'missing' what is not known, without braces.",
        )
    measures = whole.measures(lambda table, columns: True, thresholds)
    formed = _called(one, lambda: one(measures), measures)
    if not isinstance(formed, Deferred):
        raise SignalError(
            f"{_at(one)}: {one.name} gives no Number.",
            found=_sort(formed),
            do="Return an expression of what the history is asked: history.exports(last=28) / history.seats(). Is a "
            "question without its parentheses, or a return missing?",
        )
    value = _called(one, lambda: formed.resolve(answers_to(measures)), measures)
    fits = isinstance(value, ir.StringValue if one.is_category else ir.NumericValue | ir.BooleanValue)
    if not fits:
        raise SignalError(
            f"{_at(one)}: {one.name} gives no {'text' if one.is_category else 'Number'}.",
            found=str(value.type()) if isinstance(value, ir.Value) else _sort(value),
            do="Give it the unit that it counts in, and an expression of that sort: text for a category only.",
        )


def _refuse_trigger(one: Trigger, whole: Catalog, thresholds: Thresholds) -> None:
    family = [each.name for each in whole.signals if each.family == one.family]
    for name in one.says:
        if name not in family:
            raise SignalError(
                f"{_at(one)}: the trigger {one.name} is told by {name}, which is no signal of its own family.",
                do=did_you_mean(name, family),
            )
    if not one.says:
        raise SignalError(f"{_at(one)}: no signal tells the trigger {one.name}.", do="Name one or more under says.")
    if (one.act_within_days is None) != (one.opens is None):
        raise SignalError(
            f"{_at(one)}: the trigger {one.name} opens a talk and says no time to act within, or the other way round.",
            do="Give both 'opens' and 'act_within_days', or neither.",
        )
    if one.since:
        if one.since not in {each.name for each in whole.signals}:
            raise SignalError(
                f"{_at(one)}: the trigger {one.name} has fired since {one.since}, and there is no such signal.",
                do=did_you_mean(one.since, [each.name for each in whole.signals]),
            )
        unit = whole.signal(one.since).unit.value
        if unit not in SINCE_UNITS:
            raise SignalError(
                f"{_at(one)}: the trigger {one.name} has fired since {one.since}, which counts no time.",
                found=f"its unit is {unit}",
                do="Name a signal in days or hours.",
            )
    unknown = pd.DataFrame({each.name: [None if each.is_category else float("nan")] for each in whole.signals})
    fired = _called(one, lambda: one.rule(unknown, thresholds), thresholds)
    if not isinstance(fired, pd.Series) or len(fired) != 1:
        raise SignalError(
            f"{_at(one)}: the rule of {one.name} gives no answer for each row.",
            found=_sort(fired),
            do="Compare signals: signals['parcels'] >= 100, joined by & and |.",
        )
    if one.fired(unknown, thresholds).any():
        raise SignalError(
            f"{_at(one)}: the trigger {one.name} fires where nothing is known.",
            do="Add what must be known: & signals['parcels'].notnull().",
        )
    # the same rule as an expression of the engine
    measures = whole.measures(lambda table, columns: True, thresholds)
    _called(one, measures.fired, thresholds)


def _called(one: Signal | Trigger, call: Callable[[], Any], asked: object) -> Any:
    try:
        return call()
    except Exception as error:  # noqa: BLE001  # somebody else's code may raise anything: told, never passed over
        file = _function(one).__code__.co_filename
        line = max(line_of(file, error.__traceback__), _function(one).__code__.co_firstlineno)
        known: Sequence[str] = [name for name in dir(asked) if not name.startswith("_")]
        unknown = cast("str", error.name) if isinstance(error, AttributeError) and error.obj is asked else ""
        raise SignalError(
            f"{file}, line {line}: {one.name} cannot be formed.",
            found=f"{type(error).__name__}: {error}".splitlines()[0].rstrip(". "),
            do=did_you_mean(unknown, known) if unknown else "Mend that line; docs/your-own-signals.md has an example.",
        ) from None


def _sort(value: object) -> str:
    return f"{type(value).__name__}" if value is not None else "nothing"
