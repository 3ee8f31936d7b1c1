"""Leakage alarms: signs at train time that a signal knows what it could not have known.

Four of them; each names a signal, or the whole head, and keeps the head from being promoted until the project has
accepted it with a reason. `docs/alarms.md` says what to do about each, and which leaks are too small to be seen; why
they are formed as they are stands in `docs/decisions/0016-what-rings-as-a-leak.md`. The fourth, `known_at`, forms the
signals again from tables cut on the as-of date: see `known_at_audit.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.errors import SettingsError, did_you_mean
from uptier.training.alarm_judging import SURE_ACCOUNTS, Alarm, Looked, collapses, past_as_good, too_good
from uptier.training.alarm_ranks import Columns, among, auc_within, columns_of, surest_end
from uptier.training.alarm_times import (
    LEAST_ACCOUNTS,
    Cut,
    PastLabels,
    Step,
    blocks_of_time,
    cuts_of,
    mean_by_account,
    past_labels,
    since_before,
    steps,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uptier.model.encoding import BundleSignal
    from uptier.outcomes.outcome import Examples
    from uptier.settings import Settings
    from uptier.training_settings import AcceptedAlarm

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Whole = NDArray[np.int64]

__all__ = ["CODES", "Alarm", "accepted", "alarms_of", "alarms_of_table"]

CODES = ("too_good", "past_better_than_future", "collapses_with_gap", "known_at")
ROWS_AT_MOST = 300_000  # of the fit slice; of more, whole accounts are drawn
SCHEDULED = frozenset({"days_until_renewal"})  # dates agreed beforehand: they may tell the very day of an event
TIME_BLOCKS = 8  # within which signals are ranked once more


def alarms_of(
    given: Examples,
    fit_rows: Whole,
    signals: Sequence[BundleSignal],
    categories: Collection[str],
    *,
    settings: Settings,
    margin: Floats | None = None,
) -> tuple[Alarm, ...]:
    """Look for signs of a leak in the fit slice of one outcome.

    Parameters
    ----------
    given : Examples
        Labelled rows of one outcome.
    fit_rows : ndarray of int, shape (n_fit,)
        The fit slice; the rest is not looked at.
    signals : sequence of BundleSignal
        The model's columns.
    categories : collection of str
        Those that are categories; a mapping by their names will do.
    settings : Settings
        The project, for the outcome's window and the seed.
    margin : ndarray, shape (n_fit,), optional
        Of the head, each row's by trees that never saw its account: then the head is looked at as signals are.

    Returns
    -------
    tuple of Alarm
        By code, then in the order of the signals. Empty too where fewer than `LEAST_ACCOUNTS` accounts have the
        outcome: nothing can be told then.
    """
    window, seed = settings.horizon(given.outcome), settings.training.seed
    rows = drawn_rows(given.frame["account_id"].to_numpy(dtype=object)[fit_rows], seed=seed)
    kept = fit_rows[rows]
    frame = given.frame.iloc[kept].reset_index(drop=True)
    account, _ = pd.factorize(frame["account_id"], sort=True)
    label = given.label.iloc[kept].to_numpy() == 1
    offset = (given.event_at.iloc[kept].reset_index(drop=True) - frame["as_of"]).dt.days.to_numpy(dtype=np.float64)
    names = [one.name for one in signals]
    text = {one.name for one in signals if one.is_category} | set(categories)
    times = _Times(
        blocks=blocks_of_time(frame["as_of"], blocks=TIME_BLOCKS),
        cuts=cuts_of(offset[label] - window.gap_days, np.asarray(account, dtype=np.int64)[label]),
        order=np.lexsort((frame["as_of"].to_numpy(), account)),
        past=past_labels(given, kept, days=window.days),
    )
    columns = columns_of(frame, names, text, label=label, account=np.asarray(account, dtype=np.int64), seed=seed)
    found = _rung(given.outcome, columns, times)
    if margin is not None:
        head = columns_of(
            pd.DataFrame({_HEAD: margin[rows]}), [_HEAD], (), label=label, account=columns.account, seed=seed
        )
        looked = _looked_at(head, times)
        rung = past_as_good(given.outcome, looked)
        # where an agreed date tells the very day, the head may
        if not any(one.code == "collapses_with_gap" and one.signal in SCHEDULED for one in found):
            rung += collapses(given.outcome, looked)
        found += [one.of_the_head() for one in rung]
    found = [one for one in found if one.code != "collapses_with_gap" or one.signal not in SCHEDULED]
    return tuple(sorted(found, key=lambda one: CODES.index(one.code)))


def alarms_of_table(
    table: pd.DataFrame, label: Sequence[int] | pd.Series, *, times: Sequence[object] | None = None, seed: int = 0
) -> tuple[Alarm, ...]:
    """Look for signs of a leak in a ready feature table, where each row is a case of its own.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_features)
        Numbers and categories; missing values are welcome.
    label : sequence of int, shape (n_rows,)
        0 or 1.
    times : sequence, optional
        A date or number for each row by which the rows can be put in order.
    seed : int
        Of the folds by which categories are scored.

    Returns
    -------
    tuple of Alarm
        Of the code ``too_good`` alone: the others need to know of whom a row is, and the day of the event. Their
        outcome is ``label``.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"age": [31, 45] * 100, "call_seconds": [*range(150), *range(500, 550)]})
    >>> [alarm.signal for alarm in alarms_of_table(table, [0] * 150 + [1] * 50)]
    ['call_seconds']
    """
    rows = drawn_rows(np.arange(len(table)), seed=seed)
    some = table.iloc[rows].reset_index(drop=True)
    some.columns = some.columns.map(str)
    positive = np.asarray(label)[rows] == 1
    moments = np.zeros(len(table)) if times is None else np.asarray(times)
    columns = columns_of(some, some.columns.tolist(), (), label=positive, account=np.arange(len(rows)), seed=seed)
    without = _Times(blocks=blocks_of_time(pd.Series(moments[rows]), blocks=TIME_BLOCKS))
    return tuple(_rung("label", columns, without))


def accepted(
    alarms: Iterable[Alarm], accept: Sequence[AcceptedAlarm]
) -> tuple[tuple[Alarm, ...], tuple[tuple[Alarm, AcceptedAlarm], ...]]:
    """Part alarms into those that stop promotion and those that the project lives with.

    Parameters
    ----------
    alarms : iterable of Alarm
        All that rang.
    accept : sequence of AcceptedAlarm
        From ``training: {accept_alarms: [...]}``.

    Returns
    -------
    open : tuple of Alarm
        Those that nobody has accepted.
    lived_with : tuple of (Alarm, AcceptedAlarm)
        The others, each with what accepts it, whose reason stands in the model card.

    Raises
    ------
    SettingsError
        If the project accepts an alarm that there is not.
    """
    for one in accept:
        if one.alarm not in CODES:
            raise SettingsError(
                f"training.accept_alarms accepts an alarm '{one.alarm}', which there is not.",
                do=did_you_mean(one.alarm, CODES),
            )
    still: list[Alarm] = []
    lived_with: list[tuple[Alarm, AcceptedAlarm]] = []
    for alarm in alarms:
        by = next((one for one in accept if _covers(one, alarm)), None)
        if by is None:
            still.append(alarm)
        else:
            lived_with.append((alarm, by))
    return tuple(still), tuple(lived_with)


def drawn_rows(accounts: NDArray[np.object_] | Whole, *, seed: int, at_most: int = ROWS_AT_MOST) -> Whole:
    """Draw whole accounts until there are rows enough.

    Parameters
    ----------
    accounts : ndarray, shape (n_rows,)
        Account of each row.
    seed : int
        Of the draw.
    at_most : int
        Rows.

    Returns
    -------
    ndarray of int
        Rows in their order; all of them where there are no more than `at_most`.
    """
    if len(accounts) <= at_most:
        return np.arange(len(accounts))
    number, names = pd.factorize(accounts, sort=True)
    drawn = np.random.default_rng(seed).permutation(len(names))
    sizes = np.cumsum(np.bincount(number)[drawn])
    chosen = np.zeros(len(names), dtype=bool)
    chosen[drawn[sizes <= at_most]] = True
    return np.flatnonzero(chosen[number])


# -------------------------------------------------------------------------------------------------------------------

_HEAD = "the whole head"


@dataclass(frozen=True, kw_only=True, eq=False)
class _Times:
    """What is known of when: rows by block of time, days to cut the window at, rows by account, what is past."""

    blocks: list[Whole]
    cuts: tuple[Cut, ...] = ()
    order: Whole | None = None
    past: PastLabels | None = field(default=None)


def _rung(outcome: str, columns: Columns, times: _Times) -> list[Alarm]:
    label = columns.label
    if len(np.unique(columns.account[label])) < LEAST_ACCOUNTS or label.all():
        return []
    looked = _looked_at(columns, times)
    return [
        *too_good(outcome, looked, columns),
        *past_as_good(outcome, looked),
        *collapses(outcome, looked),
    ]


def _looked_at(columns: Columns, times: _Times) -> list[Looked]:
    label, account = columns.label, columns.account
    found = []
    for name in columns.names:
        values = columns.numbers(name)
        beside = among(values[label], np.sort(values[~label]))
        placements = beside.placements()
        share, accounts = surest_end(beside, account[label], least=SURE_ACCOUNTS)
        found.append(
            Looked(
                name=name,
                auc=float(placements.mean()),
                within=auc_within(values, label, times.blocks),
                sure=share,
                sure_accounts=accounts,
                rate=float(label.mean()),
                steps=_steps(values, placements, columns, times),
                past=_past(values, account, times.past),
            )
        )
    return found


def _steps(values: Floats, placements: Floats, columns: Columns, times: _Times) -> tuple[Step, ...]:
    if not times.cuts or times.order is None:
        return ()
    label = columns.label
    moved = since_before(values, columns.account, times.order)
    changed = among(moved[label], np.sort(moved[~label])).placements()
    both = steps(placements, times.cuts), steps(changed, times.cuts)
    return tuple(one for some in both for one in some)


def _past(values: Floats, account: Whole, past: PastLabels | None) -> tuple[tuple[float, float, int], ...]:
    if past is None or not past.neither.any():
        return ()
    negatives = np.sort(values[past.neither])
    groups = (past.near, past.past, past.far)
    return tuple(
        mean_by_account(among(values[rows], negatives).placements(), account[rows]) if rows.any() else (np.nan, 0.0, 0)
        for rows in groups
    )


def _covers(one: AcceptedAlarm, alarm: Alarm) -> bool:
    return one.alarm == alarm.code and one.signal in (None, alarm.signal) and one.outcome in (None, alarm.outcome)
