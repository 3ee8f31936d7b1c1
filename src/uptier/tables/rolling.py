"""The usage rollup: what windows over months read instead of raw events, in three tables.

`people` has a row for each account, user, day and known day; `days` one for each account, day and known day; `touches`
one for each account, day, known day, kind and feature of the kinds that tell something by themselves. Everything in
them adds up: what becomes known later is a row of its own that counts what it adds to the rows known before.

Features are kept as bits: which features were used on a day is the union of bits, and of a month again, with no second
look at events. The place of a feature's bit is its place in the list that is kept with the rollup.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from uptier.tables.contracts import USAGE_KINDS

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.tables.clean import Tables

    Kept = Callable[[ir.Table, str], ir.Table]

BITS = 62  # features in a word; the sign of a 64-bit number is left alone
LOGIN, FEATURE_USED = "login", "feature_used"
EVERYDAY = (LOGIN, FEATURE_USED)  # kinds that make nearly all rows: counted by the day, features as bits
OTHER_KIND = len(USAGE_KINDS)  # of kinds that the contract does not have

PEOPLE = ["account_id", "user_id", "day", "known_day"]
DAYS = ["account_id", "day", "known_day"]
TOUCHES = ["account_id", "day", "known_day", "kind", "feature"]
WORD = "bits_"  # before the number of a word of features


@dataclass(frozen=True)
class Rollup:
    """Usage by day.

    Attributes
    ----------
    days : Table
        account_id, day, known_day; `events` of all kinds, `logins`; `users`, not counting those seen that day in rows
        known earlier, and `users_so_far`, with them; `first`, 1 for the row of that day that was known first;
        `bits_0`, ...: features used (kind ``feature_used``).
    touches : Table
        account_id, day, known_day, `kind` (its place in `USAGE_KINDS`), `feature` (its place among `features`; null for
        none), `events` and `bits_0`, ..., for all but the everyday kinds.
    people : Table or None
        account_id, user_id, day, known_day; `events`, `logins`, `bits_0`, ... as in `days`; `first`, 1 for the row of
        that user and day that was known first. None where the source does not tell users apart.
    features : tuple of str
        All features, in the order of their bits.
    """

    days: ir.Table
    touches: ir.Table
    people: ir.Table | None
    features: tuple[str, ...]

    @property
    def per_user(self) -> bool:
        """Whether the source tells users apart."""
        return self.people is not None

    @property
    def words(self) -> list[str]:
        """The columns that hold features as bits."""
        return [f"{WORD}{word}" for word, _ in enumerate(words_of(self.features))]


def rolled_up(usage: ir.Table, features: Sequence[str], kept: Kept | None = None) -> Rollup:
    """Roll usage up.

    Parameters
    ----------
    usage : Table
        Clean usage, of either form.
    features : sequence of str
        All features that it names, in the order of their bits.
    kept : callable, optional
        Told ``(table, name)``, gives the table, kept, since others build on it. Without it nothing is kept and
        everything is an expression, for engines that create nothing.

    Returns
    -------
    Rollup
        Not yet read, but for what was kept.
    """
    # a row is seen once it has happened and is known: the later of both days says when
    usage = usage.mutate(known_day=ibis.greatest(usage.day, usage.known_day))
    listed = _listed_by_case(usage, features) if kept is None else _listed_by_join(usage, features, kept)
    keep: Kept = kept or (lambda table, name: table)
    touches = _touches(listed, usage)
    if "user_id" not in usage.columns:
        return Rollup(with_users(_daily(listed)), touches, None, tuple(features))
    people = keep(with_first(keep(_people(listed), "people"), ["account_id", "user_id", "day"]), "people")
    return Rollup(days_of(people), touches, people, tuple(features))


def _people(listed: ir.Table) -> ir.Table:
    return listed.group_by(PEOPLE).aggregate(
        events=listed.count().cast("int64"),
        logins=ibis.ifelse(listed.kind == LOGIN, 1, 0).sum().cast("int64"),
        **_used(listed),
    )


def _daily(listed: ir.Table) -> ir.Table:
    return listed.group_by(DAYS).aggregate(
        events=listed.events.sum().cast("int64"),
        logins=ibis.ifelse(listed.kind == LOGIN, listed.events, 0).sum().cast("int64"),
        day_users=listed.day_users.max(),
        kind_users=listed.users.max(),
        **_used(listed),
    )


def _touches(listed: ir.Table, usage: ir.Table) -> ir.Table:
    rare = listed.filter(~listed.kind.isin(EVERYDAY))
    kind = rare.kind.cases(
        *((kind, place) for place, kind in enumerate(USAGE_KINDS) if kind not in EVERYDAY), else_=OTHER_KIND
    )
    rare = rare.mutate(kind=kind.cast("int64"), feature=rare.feature_place)
    events = rare.events.sum() if "events" in usage.columns else rare.count()
    words = {column: rare[column].max() for column in rare.columns if column.startswith(WORD)}
    return rare.group_by(TOUCHES).aggregate(events=events.cast("int64"), **words)


def _used(listed: ir.Table) -> dict[str, Any]:
    return {
        column: ibis.ifelse(listed.kind == FEATURE_USED, listed[column], ibis.literal(0, "int64")).bit_or()
        for column in listed.columns
        if column.startswith(WORD)
    }


def with_first(rows: ir.Table, key: list[str]) -> ir.Table:
    """Say which of the rows of a key was known first.

    Parameters
    ----------
    rows : Table
        Rows of usage by key and known day.
    key : list of str
        Columns that several rows may share, a day among them.

    Returns
    -------
    Table
        With `first`, 1 for one row of each key, else 0.
    """
    prompt, some = _parted(rows, key)
    some = some.mutate(first=ibis.ifelse(some.known_day == some.known_day.min().over(group_by=key), 1, 0))
    return _together(prompt.mutate(first=ibis.literal(1, "int64")), some)


def days_of(people: ir.Table) -> ir.Table:
    """Roll people up by account, day and known day.

    Parameters
    ----------
    people : Table
        As `Rollup.people`.

    Returns
    -------
    Table
        As `Rollup.days`.
    """
    seen = ibis.ifelse(people.user_id.notnull(), people["first"], 0)
    days = people.group_by(DAYS).aggregate(
        events=people.events.sum().cast("int64"),
        logins=people.logins.sum().cast("int64"),
        users=seen.sum().cast("int64"),
        **{column: people[column].bit_or() for column in people.columns if column.startswith(WORD)},
    )
    return _with_so_far(days, lambda row, so_far: row.users.sum().over(so_far))


def with_users(days: ir.Table) -> ir.Table:
    """Say of daily usage how many users each row adds to those known earlier.

    Parameters
    ----------
    days : Table
        Daily usage with the most users of a row: of the day (`day_users`) and of a kind (`kind_users`).

    Returns
    -------
    Table
        As `Rollup.days`. Without `day_users` the most users of any one kind is the best known lower bound of the day.
    """
    days = days.mutate(users=ibis.coalesce(days.day_users, days.kind_users, 0))
    days = _with_so_far(
        days,
        lambda row, so_far: ibis.coalesce(row.day_users.max().over(so_far), row.kind_users.max().over(so_far), 0),
    )
    earlier = days.users_so_far.lag().over(ibis.window(group_by=["account_id", "day"], order_by="known_day"))
    return days.mutate(users=days.users_so_far - ibis.coalesce(earlier, 0)).drop("day_users", "kind_users")


def _with_so_far(days: ir.Table, users_so_far: Callable[[ir.Table, Any], Any]) -> ir.Table:
    key = ["account_id", "day"]
    prompt, some = _parted(days, key)
    so_far = ibis.cumulative_window(group_by=key, order_by="known_day")
    first = ibis.ifelse(some.known_day == some.known_day.min().over(group_by=key), 1, 0)
    some = some.mutate(first=first, users_so_far=users_so_far(some, so_far))
    return _together(prompt.mutate(first=ibis.literal(1, "int64"), users_so_far=prompt.users), some)


def _parted(rows: ir.Table, key: list[str]) -> tuple[ir.Table, ir.Table]:
    """Part the rows known on their own day, nearly all and each the first of its key, from the keys with late rows."""
    late = rows.known_day > rows.day
    # where nobody is named there is no key to be first of
    nobody = ibis.or_(*(rows[column].isnull() for column in key))
    return rows.filter(~late | nobody), rows.semi_join(rows.filter(late).select(key).distinct(), key)


def _together(prompt: ir.Table, some: ir.Table) -> ir.Table:
    """Put the rows known on their own day before the late ones, which have been looked at beside all of their key."""
    late = some.filter(some.known_day > some.day)
    prompt = prompt.cast({name: "int64" for name, kind in prompt.schema().items() if kind.is_integer()})
    return prompt.union(late.select(*prompt.columns).cast(prompt.schema()))


# features as bits ---------------------------------------------------------------------------------------------------


def words_of(features: Sequence[str]) -> list[Sequence[str]]:
    """Part features into words of bits.

    Parameters
    ----------
    features : sequence of str
        All features, in the order of their bits.

    Returns
    -------
    list of sequence of str
        At most `BITS` each; one empty word where there are no features.
    """
    return [features[start : start + BITS] for start in range(0, max(len(features), 1), BITS)]


def bits_of(feature: ir.StringColumn, features: Sequence[str]) -> dict[str, ir.IntegerValue]:
    """Give the bit of a feature, word by word, where nothing can be joined.

    Parameters
    ----------
    feature : StringColumn
        Names of features.
    features : sequence of str
        All features, in the order of their bits.

    Returns
    -------
    dict of str to IntegerValue
        By column of a word: the bit where the feature is of that word, else 0.
    """
    none = ibis.literal(0, "int64")
    bits: dict[str, ir.IntegerValue] = {}
    for number, word in enumerate(words_of(features)):
        cases = [(name, ibis.literal(2**place, "int64")) for place, name in enumerate(word)]
        # without features there still is a word, a column of zeros
        bits[f"{WORD}{number}"] = feature.cases(*cases, else_=none) if cases else ibis.ifelse(feature == "", none, none)
    return bits


def _listed_by_case(usage: ir.Table, features: Sequence[str]) -> ir.Table:
    places = [(name, ibis.literal(place, "int64")) for place, name in enumerate(features)]
    place = usage.feature.cases(*places, else_=ibis.null("int64")) if places else ibis.null("int64")
    return usage.mutate(feature_place=place, **bits_of(usage.feature, features))


def _listed_by_join(usage: ir.Table, features: Sequence[str], kept: Kept) -> ir.Table:
    # three times faster than a CASE of thirty names over twenty million rows
    import pandas as pd

    words = words_of(features)
    rows: dict[str, Any] = {"feature_name": list(features), "feature_place": list(range(len(features)))}
    for number, word in enumerate(words):
        before = number * BITS
        rows[f"{WORD}{number}"] = [
            2 ** (place - before) if before <= place < before + len(word) else 0 for place in range(len(features))
        ]
    schema = {name: "string" if name == "feature_name" else "int64" for name in rows}
    listed = kept(ibis.memtable(pd.DataFrame(rows), schema=schema), "features")
    joined = usage.left_join(listed, usage.feature == listed.feature_name).drop("feature_name")
    return joined.mutate(
        **{f"{WORD}{number}": joined[f"{WORD}{number}"].fill_null(0) for number, _ in enumerate(words)}
    )


# a project's usage --------------------------------------------------------------------------------------------------


def usage_of(tables: Tables) -> ir.Table | None:
    """Give a project's usage, the finer form where there are both.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.

    Returns
    -------
    Table or None
        None if there is neither.
    """
    name = next((one for one in ("usage_events", "usage_daily") if one in tables), None)
    return None if name is None else tables[name]


def features_of(usage: ir.Table) -> tuple[str, ...]:
    """List the features that usage names.

    Parameters
    ----------
    usage : Table
        Clean usage.

    Returns
    -------
    tuple of str
        In alphabetical order.
    """
    named = usage.select("feature").distinct().to_pandas()["feature"]
    return tuple(sorted(named.dropna().tolist()))
