"""What every signal promises, tried on timelines drawn by chance: uptier's own and a project's own alike.

``uptier signals CONFIG --test`` looks at the project's own signals in this way. A promise that is seen kept here is not
proved; one that is seen broken is broken.
"""

from __future__ import annotations

import datetime as dt
import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from uptier.signals.catalog import Catalog
from uptier.signals.drawn_timelines import price_list, worlds
from uptier.signals.signal import Signal
from uptier.signals.timelines import World, otherwise, seen_from
from uptier.tables.clean import clean
from uptier.tables.contracts import CONTRACT, Change, Kind
from uptier.tables.drawn import settings_of
from uptier.tables.history import History, grid_of
from uptier.tables.mapping import map_table
from uptier.tables.rollup import usage_rollup
from uptier.tables.source import in_memory

if TYPE_CHECKING:
    from uptier.signals.timelines import Rows
    from uptier.thresholds import Thresholds

    Say = Callable[[Signal, Mapping[str, object], Catalog, str], str | None]
    Frames = Callable[[Catalog, World, "Look"], pd.DataFrame]

SEED = 20260301
VOUCHED_SINCE = dt.date(2020, 1, 1)  # before any drawn row, so that signals may see columns that are overwritten
SAID = (0.0, 0.004, 0.5, 0.999, 1.0, 1.5, 2.0, 59.6, 1e9, math.nan, math.inf)  # values that sentences are tried with
SAID_WORDS = ("EMEA", " two  words ", "nan", "", None)

_UNCLEAN = re.compile(r"[{}]|\bnan\b|\binf\b|\bNone\b(?! of)|--|-0(\.0)?( |$)")


class Promise(StrEnum):
    """One thing that every signal promises; the text completes "it promises ..."."""

    ONE_VALUE = "one value for each account and as-of date, a finite number or nothing"
    ORDER = "the order of rows does not matter"
    TWICE = "a row that stands twice counts once"
    OTHERS = "other accounts do not matter"
    FUTURE = "what has not happened yet does not matter"
    LATE = "what was not known yet does not matter"
    THREADS = "the same value again, on one thread and on two"
    SENTENCE = "a clean sentence for any value"
    DOCSTRING = "a docstring that says what it is, and what NaN means where it can be missing"


@dataclass(frozen=True)
class Verdict:
    """Which promises were seen broken.

    Attributes
    ----------
    signals : tuple of str
        Those that were tried.
    broken : dict of (str, Promise) to str
        Signal and promise to what was seen; empty where all were kept.
    """

    signals: tuple[str, ...]
    broken: dict[tuple[str, Promise], str] = field(default_factory=dict)

    def told(self) -> str:
        """Say what was broken.

        Returns
        -------
        str
            One line for each signal and promise; empty where all were kept.
        """
        return "\n".join(f"{name}: {promise.value}: {seen}." for (name, promise), seen in self.broken.items())


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a world is looked at.

    Attributes
    ----------
    accounts : dict of str to dict
        By account its rows, by table.
    backwards : bool
        Whether the rows come in the opposite order.
    threads : int
        Of the engine.
    thresholds : Thresholds
        Where triggers fire.
    """

    accounts: Mapping[str, Rows]
    thresholds: Thresholds
    backwards: bool = False
    threads: int = 1


def tried(
    signals: Sequence[Signal],
    catalog: Catalog,
    thresholds: Thresholds,
    say: Say,
    on: Sequence[World] = (),
) -> Verdict:
    """Try the promises of signals.

    Parameters
    ----------
    signals : sequence of Signal
        Those to try.
    catalog : Catalog
        The whole catalogue, where phrases find other signals.
    thresholds : Thresholds
        Where triggers fire.
    say : callable
        Gives the sentence of a signal for one account: :func:`uptier.explanation.sentences.sentence`.
    on : sequence of World
        What to try them on; by default, what `SEED` draws.

    Returns
    -------
    Verdict
        The same for the same worlds.
    """
    verdict = Verdict(tuple(one.name for one in signals))
    # triggers of the project come with their signals
    triggers = tuple(one for one in catalog.triggers if one.family in {each.family for each in signals})
    whole = {one.name for one in signals} >= {one.name for one in catalog.signals if one.family in _families(signals)}
    alike = Catalog(tuple(signals), triggers if whole else ())
    frames: list[pd.DataFrame] = []
    on = on or worlds(SEED)
    for world in on:
        look = Look(accounts=_variants(world), thresholds=thresholds)
        sound, frame = _sound(alike, world, look, verdict)
        if not sound.signals:
            continue
        frames.append(frame)
        _refuse_infinite(sound, frame, world, verdict)
        _compare_pasts(frame, world, verdict)
        _compare_ways(sound, world, look, frame, verdict)
        # all of some accounts' variants and nobody else
        fewer = {account: rows for account, rows in look.accounts.items() if account.startswith(("second", "silent"))}
        alone = frame_of(sound, world, Look(accounts=fewer, thresholds=thresholds))
        _compare(alone, frame[frame.index.get_level_values(0).isin(fewer)], Promise.OTHERS, world, verdict)
    empty = _empty(on[0])
    frames.append(_sound(alike, empty, Look(accounts=empty.accounts, thresholds=thresholds), verdict)[1])
    for one in signals:
        values = [value for frame in frames if one.name in frame for value in frame[one.name].tolist()]
        _try_sentences(one, values, catalog, say, verdict)
        _try_docstring(one, values, verdict)
    return verdict


def frame_of(catalog: Catalog, world: World, look: Look) -> pd.DataFrame:
    """Compute signals over a drawn world.

    Parameters
    ----------
    catalog : Catalog
        The signals.
    world : World
        For its dates, zone and lag.
    look : Look
        Whose rows, in which order.

    Returns
    -------
    DataFrame, shape (n_accounts * n_dates, n_signals)
        By account and date.
    """
    holds_since = {
        f"{name}.{column}": VOUCHED_SINCE
        for name, table in CONTRACT.items()
        for column, described in table.columns.items()
        if described.change is Change.CURRENT
    }
    settings = settings_of(
        data_until=str(max(world.dates) + dt.timedelta(days=60)),
        timezone=world.zone,
        tables={name: {"lag_days": world.lag_days} for name, table in CONTRACT.items() if table.time},
        holds_since=holds_since,
        thresholds=look.thresholds,
    )
    source = in_memory(_tables(world, look), threads=look.threads)
    mapped = {name: one for name in CONTRACT if (one := map_table(source, settings, name)) is not None}
    tables = clean(source, settings, mapped)
    index = pd.MultiIndex.from_product([look.accounts, pd.to_datetime(world.dates)], names=["account_id", "as_of"])
    pairs = index.to_frame(index=False)
    history = History(tables, grid_of(tables, pairs[::-1] if look.backwards else pairs), usage_rollup(tables))
    return catalog.frame(history).set_index(["account_id", "as_of"])


def _families(signals: Sequence[Signal]) -> set[str]:
    return {one.family for one in signals}


# what is looked at -------------------------------------------------------------------------------------------------


def _variants(world: World) -> dict[str, Rows]:
    """Put every account beside its past alone and its other futures: accounts do not know each other."""
    found: dict[str, Rows] = {}
    for account, rows in world.accounts.items():
        found[account] = rows
        for place, date in enumerate(world.dates):
            found[f"{account} seen {place}"] = seen_from(world, rows, date)
            found[f"{account} future {place}"] = otherwise(world, rows, date, late=False)
            found[f"{account} late {place}"] = otherwise(world, rows, date, late=True)
    return found


def _empty(world: World) -> World:
    nothing: dict[str, Rows] = {
        account: {name: [] for name in rows} for account, rows in list(world.accounts.items())[:2]
    }
    return World(
        name="empty tables",
        dates=world.dates,
        lag_days=world.lag_days,
        zone=world.zone,
        usage=world.usage,
        accounts=nothing,
    )


def _tables(world: World, look: Look) -> dict[str, pa.Table]:
    rows: Rows = {"accounts": [{"account_id": account, **_described(account)} for account in look.accounts]}
    rows |= price_list()
    for name, table in CONTRACT.items():
        if table.time and (name == world.usage or not name.startswith("usage_")):
            rows[name] = [
                {"account_id": account, **{column: _own(account, table, column, cell) for column, cell in row.items()}}
                for account, given in look.accounts.items()
                for row in given.get(name, [])
            ]
    return {
        name: pa.table(
            {
                column: pa.array([row.get(column) for row in (given[::-1] if look.backwards else given)], pa.string())
                for column in CONTRACT[name].columns
            }
        )
        for name, given in rows.items()
    }


def _described(account: str) -> dict[str, str | None]:
    # variants of one account are alike in what is said of them
    first = account.split(" ")[0]
    return {"account_name": first, "segment": first, "industry": None, "region": first, "created_at": None}


def _own(account: str, table: Any, column: str, cell: str | None) -> str | None:
    # no two accounts share an event, a ticket or a subscription
    named = column in (table.own_key, *table.key) and table.columns[column].kind is Kind.ID and column != "user_id"
    return f"{account}-{cell}" if named and cell is not None else cell


# promises ----------------------------------------------------------------------------------------------------------


def _sound(catalog: Catalog, world: World, look: Look, verdict: Verdict) -> tuple[Catalog, pd.DataFrame]:
    """Compute signals, without those that cannot be computed at all or give another number of rows."""
    so_far = tuple(one for one in catalog.signals if (one.name, Promise.ONE_VALUE) not in verdict.broken)
    frame, wrong = _tried(replace(catalog, signals=so_far), world, look)
    if wrong:
        for one in so_far:
            _, why = _tried(Catalog((one,), ()), world, look)
            if why:
                verdict.broken[one.name, Promise.ONE_VALUE] = f"{why} ({world.name})"
        so_far = tuple(one for one in so_far if (one.name, Promise.ONE_VALUE) not in verdict.broken)
        frame, _ = _tried(Catalog(so_far, ()), world, look)
    return Catalog(so_far, () if wrong else catalog.triggers), frame


def _tried(catalog: Catalog, world: World, look: Look) -> tuple[pd.DataFrame, str]:
    """Give a frame, and what is wrong with it; empty where nothing is."""
    if not catalog.signals:
        return pd.DataFrame(), ""
    try:
        frame = frame_of(catalog, world, look)
    except Exception as error:  # noqa: BLE001  # an engine raises what it likes: told, never passed over
        words = str(error).partition("\n")[0]
        return pd.DataFrame(), f"{type(error).__name__}: {words}".rstrip(": .")
    expected = len(look.accounts) * len(world.dates)
    return frame, f"{len(frame)} values for {expected} accounts and dates" if len(frame) != expected else ""


def _refuse_infinite(catalog: Catalog, frame: pd.DataFrame, world: World, verdict: Verdict) -> None:
    for one in catalog.signals:
        if not one.is_category and (frame[one.name].abs() == math.inf).any():
            verdict.broken.setdefault((one.name, Promise.ONE_VALUE), f"it is infinite ({world.name}): use ratio()")


def _compare_ways(catalog: Catalog, world: World, look: Look, frame: pd.DataFrame, verdict: Verdict) -> None:
    twice = {account: {name: [*rows, *rows] for name, rows in one.items()} for account, one in look.accounts.items()}
    # all that should not matter at once; each by itself only where something did
    at_once = replace(look, accounts=twice, backwards=True, threads=2)
    if not _differing(frame_of(catalog, world, at_once).reindex(frame.index), frame):
        return
    for promise, way in (
        (Promise.THREADS, replace(look, threads=2)),
        (Promise.ORDER, replace(look, backwards=True)),
        (Promise.TWICE, replace(look, accounts=twice)),
    ):
        _compare(frame_of(catalog, world, way), frame, promise, world, verdict)


def _compare_pasts(frame: pd.DataFrame, world: World, verdict: Verdict) -> None:
    for place, date in enumerate(world.dates):
        at = pd.DataFrame(frame.xs(pd.Timestamp(date), level="as_of"))
        whole = at.reindex(list(world.accounts))
        for variant, promise in (("future", Promise.FUTURE), ("late", Promise.LATE)):
            other = at.reindex([f"{account} {variant} {place}" for account in world.accounts]).set_axis(whole.index)
            _note(_differing(other, whole), promise, world, verdict)
        # what the past alone shows and neither of the two explains is an end that was not known
        seen = at.reindex([f"{account} seen {place}" for account in world.accounts]).set_axis(whole.index)
        found = {
            name: where
            for name, where in _differing(seen, whole).items()
            if (name, Promise.FUTURE) not in verdict.broken and (name, Promise.LATE) not in verdict.broken
        }
        _note(found, Promise.FUTURE, world, verdict)


def _compare(one: pd.DataFrame, other: pd.DataFrame, promise: Promise, world: World, verdict: Verdict) -> None:
    _note(_differing(one.reindex(other.index), other), promise, world, verdict)


def _note(differing: Mapping[str, str], promise: Promise, world: World, verdict: Verdict) -> None:
    for name, where in differing.items():
        verdict.broken.setdefault((name, promise), f"{where} ({world.name})")


def _differing(one: pd.DataFrame, other: pd.DataFrame) -> dict[str, str]:
    """Name the columns that are not the same to the last bit, with the first place."""
    found = {}
    for name in other.columns:
        mine, theirs = one[name], other[name]
        same = (mine.isna() & theirs.isna()) | (mine == theirs).fillna(False).astype(bool)
        if not same.all():
            place = int((~same).to_numpy().argmax())
            found[str(name)] = f"{mine.iloc[place]} instead of {theirs.iloc[place]}"
    return found


def _try_sentences(one: Signal, seen: Sequence[object], catalog: Catalog, say: Say, verdict: Verdict) -> None:
    others = sorted(one.phrase.placeholders() - {"value"})
    values: list[object] = [*(SAID_WORDS if one.is_category else SAID), *seen[:200]]
    if one.phrase.negative:
        values += [-value for value in SAID]
    for value in values:
        if not one.phrase.negative and isinstance(value, float) and value < 0:
            _note({one.name: f"{value:g} is below 0, and has no words"}, Promise.SENTENCE, _NOWHERE, verdict)
        row = {one.name: value} | {name: 5.0 for name in others if not catalog.signal(name).is_category}
        said = say(one, row, catalog, "USD")
        clean_words = said is None or (
            said == " ".join(said.split())
            and not said.endswith(".")
            and (said[0].isupper() or not said[0].isalpha())
            and (one.is_category or not _UNCLEAN.search(said))
        )
        if not clean_words:
            _note({one.name: f'"{said}"'}, Promise.SENTENCE, _NOWHERE, verdict)
        if said is None and not others:
            _note({one.name: f"nothing is said of {value}"}, Promise.SENTENCE, _NOWHERE, verdict)


def _try_docstring(one: Signal, seen: Sequence[object], verdict: Verdict) -> None:
    text = inspect.cleandoc(str(one.__doc__))
    if not re.fullmatch(r"[A-Z][^\n]*\.", text.splitlines()[0]):
        _note({one.name: "its first line is no sentence"}, Promise.DOCSTRING, _NOWHERE, verdict)
    missing = any(value is None or value != value for value in seen)  # NaN differs from itself
    if missing and "NaN" not in text and not one.is_category:
        _note({one.name: "it can be missing and does not say when"}, Promise.DOCSTRING, _NOWHERE, verdict)


_NOWHERE = World(name="as written", dates=(), lag_days=0, zone="UTC", usage="usage_events", accounts={})
