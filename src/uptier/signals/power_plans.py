"""Who stands far above the rest of a team: by frequency, breadth and depth, against the account's own distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from uptier.signals.feature_plans import ones
from uptier.signals.windows import KEY
from uptier.tables.rolling import WORD

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.signals.question import Question
    from uptier.tables.history import History
    from uptier.thresholds import Thresholds

WAYS = {"frequent": "days", "broad": "features", "deep": "depth"}  # and what tells them
EMERGING = ("emerged_users", "days_since_emerged")
POWER = (*(f"{way}_users" for way in WAYS), "power_users", *EMERGING)
THOUSANDTHS = 1000  # of an event on a day of work: whole numbers have the same quartiles on every engine
LOWER, UPPER = 0.25, 0.75  # quartiles


def windows_of(one: Question) -> list[tuple[int, int]]:
    """Give the windows that a question about users looks at.

    Parameters
    ----------
    one : Question
        About users.

    Returns
    -------
    list of tuple of int
        Length of each, and days between it and the as-of date: its own, and where somebody emerges the one before.
    """
    return [(one.last, one.before), *([(one.last, one.before + one.last)] if one.what in EMERGING else [])]


def measured(history: History, people: ir.Table, windows: set[tuple[int, int]]) -> ir.Table:
    """Say by what users are set beside each other.

    Parameters
    ----------
    history : History
        The past, for its engine.
    people : Table
        A row for each user and row of the grid, with `days`, `events` and the bits of features in each window.
    windows : set of tuple of int
        Of the questions.

    Returns
    -------
    Table
        With `features`, and with `depth`, the thousandths of an event on a day of work, for each window.
    """
    words = [column for column in people.columns if column.startswith(WORD)]
    more: dict[str, Any] = {}
    for name in _names(windows):
        days, events = people[f"days_{name}"], people[f"events_{name}"]
        more[f"features_{name}"] = ones(history, [people[word] for word in words if word.endswith(f"_{name}")])
        more[f"depth_{name}"] = ibis.coalesce((events * THOUSANDTHS // days.nullif(0)).cast("int64"), 0)
    return people.mutate(**more)


def team_sums(people: ir.Table, windows: set[tuple[int, int]], limits: Thresholds) -> dict[str, Any]:
    """Sum over a team what its means are made of, and find the most of those who do enough to stand out.

    Parameters
    ----------
    people : Table
        As measured.
    windows : set of tuple of int
        Of the questions.
    limits : Thresholds
        What is enough.

    Returns
    -------
    dict of str to Value
        Sums over users.
    """
    sums: dict[str, Any] = {}
    for name in _names(windows):
        sums |= {f"all_{what}_{name}": people[f"{what}_{name}"].sum() for what in ("days", "events", "features")}
        sums[f"all_users_{name}"] = ibis.ifelse(people[f"days_{name}"] > 0, 1, 0).sum()
        for way, what in WAYS.items():
            enough = _enough(people, way, name, limits)
            sums[f"most_{what}_{name}"] = ibis.ifelse(enough, people[f"{what}_{name}"], 0).max()
    # the factor is no whole number, and engines multiply their widest sums by decimals slowly
    return {name: total.cast("float64") for name, total in sums.items()}


def power_answers(
    history: History, people: ir.Table, teams: ir.Table, questions: list[Question], limits: Thresholds
) -> ir.Table:
    """Answer how many users stand far above the rest of their team, and who emerged when.

    Far above is what is at least `power_user_factor` times the mean of the account's active users, and lies at least
    `power_user_spread` times the distance between the team's quartiles above the upper one. The upper quartile is the
    most that is left when the busiest quarter, rounded up, is set apart; the lower one is the most of the quietest
    quarter, rounded up. Both are whole numbers that somebody has, so no engine rounds; and several power users do not
    hide each other, as they would in a standard deviation in which they have part. Where the rest are all alike the
    multiple of the mean decides. An account of one active user has nobody to stand above, and so no power user.

    Parameters
    ----------
    history : History
        The past, for its engine.
    people : Table
        As measured.
    teams : Table
        A row for each row of the grid that has users, with `team_sums`.
    questions : list of Question
        Those of `POWER`.
    limits : Thresholds
        What is far, and enough.

    Returns
    -------
    Table
        A row for each row of the grid in which somebody stands far above the rest.
    """
    names = _names({window for one in questions for window in windows_of(one)})
    # few teams have somebody so far above the mean, and sorting is dear
    some = {
        f"some_{what}_{name}": (most > 0) & _above(teams, what, name, limits, value=most)
        for name in names
        for what in WAYS.values()
        for most in [teams[f"most_{what}_{name}"]]
    }
    sums = [column for column in teams.columns if column.startswith("all_")]
    teams = teams.select(*KEY, *sums, **some)
    # who stood far above the rest before only matters where somebody may now
    asked = _names({(one.last, one.before) for one in questions})
    teams = teams.filter(ibis.or_(*(teams[f"some_{what}_{name}"] for name in asked for what in WAYS.values())))
    far = _far(history.kept(_set_beside(people.inner_join(teams, KEY), names, limits)), names, limits)
    flags: dict[str, Any] = {}
    for name in names:
        mine = far.window == name
        flags |= {f"{way}_{name}": ibis.ifelse(mine & (far.way == way), 1, 0).max() for way in WAYS}
        flags |= {
            f"power_{name}": ibis.ifelse(mine, 1, 0).max(),
            f"began_{name}": ibis.ifelse(mine, far.began, 0).max(),
        }
    users = far.group_by([*KEY, "user_id"]).aggregate(**flags)
    return users.group_by(KEY).aggregate(**{one.column: _answer(users, one) for one in questions})


def _names(windows: set[tuple[int, int]]) -> list[str]:
    return [f"{last}_{before}" for last, before in sorted(windows)]


def _far(people: ir.Table, names: list[str], limits: Thresholds) -> ir.Table:
    """Give a row for each user, window and way in which they stand far above the rest."""
    active = ibis.union(*(_active(people, way, name) for name in names for way in WAYS), distinct=False)
    team = [*KEY, "window", "way"]
    ranked = active.mutate(rank=ibis.row_number().over(group_by=team, order_by=active.value) + 1)
    three_quarters = (4 * ranked["rank"] <= 3 * ranked.team) & (4 * ranked["rank"] > 3 * ranked.team - 4)
    quarter = (4 * ranked["rank"] >= ranked.team) & (4 * ranked["rank"] < ranked.team + 4)
    nothing = ibis.null("int64")
    quartiles = ranked.group_by(team).aggregate(
        upper=ibis.ifelse(three_quarters, ranked.value, nothing).max(),
        lower=ibis.ifelse(quarter, ranked.value, nothing).max(),
    )
    outstanding = active.filter(active.above).inner_join(quartiles, team)
    beyond = outstanding.upper + limits.power_user_spread * (outstanding.upper - outstanding.lower)
    return outstanding.filter(outstanding.value >= beyond)


def _set_beside(people: ir.Table, names: list[str], limits: Thresholds) -> ir.Table:
    """Give what is needed of teams in which somebody is above the multiple of the mean; of other ways nothing."""
    columns: dict[str, Any] = {}
    for name in names:
        active = people[f"days_{name}"] > 0
        columns |= {column: people[column] for column in (f"all_users_{name}", f"began_{name}")}
        for way, what in WAYS.items():
            some = people[f"some_{what}_{name}"] & active
            columns[f"value_{way}_{name}"] = ibis.ifelse(some, people[f"{what}_{name}"], ibis.null("int64"))
            columns[f"above_{way}_{name}"] = _above(people, what, name, limits) & _enough(people, way, name, limits)
    return people.select(*KEY, "user_id", **columns)


def _active(people: ir.Table, way: str, name: str) -> ir.Table:
    value = people[f"value_{way}_{name}"]
    return people.filter(value.notnull()).select(
        *KEY,
        "user_id",
        window=ibis.literal(name),
        way=ibis.literal(way),
        value=value,
        team=people[f"all_users_{name}"],
        began=people[f"began_{name}"],
        above=people[f"above_{way}_{name}"],
    )


def _above(people: ir.Table, what: str, name: str, limits: Thresholds, value: Any = None) -> Any:
    """Whether a value is at least the multiple of the mean, without dividing: whole numbers stay whole."""
    value = people[f"{what}_{name}"] if value is None else value
    if what == "depth":  # of all days of work, whoever worked; by less than a thousandth it is met
        value, users, total = value + 1, people[f"all_days_{name}"], THOUSANDTHS * people[f"all_events_{name}"]
        return value * users > limits.power_user_factor * total
    return value * people[f"all_users_{name}"] >= limits.power_user_factor * people[f"all_{what}_{name}"]


def _enough(people: ir.Table, way: str, name: str, limits: Thresholds) -> Any:
    if way == "broad":
        return people[f"features_{name}"] >= limits.power_user_features
    return people[f"days_{name}"] >= {"frequent": limits.power_user_days, "deep": limits.deep_user_days}[way]


def _answer(people: ir.Table, one: Question) -> Any:
    name = f"{one.last}_{one.before}"
    if one.what not in EMERGING:
        return people[f"{one.what.removesuffix('_users')}_{name}"].sum().cast("int64")
    emerged = (people[f"power_{name}"] == 1) & (people[f"power_{one.last}_{one.before + one.last}"] == 0)
    if one.what == "emerged_users":
        return ibis.ifelse(emerged, 1, 0).sum().cast("int64")
    return ibis.ifelse(emerged, people[f"began_{name}"], ibis.null("int64")).min()
