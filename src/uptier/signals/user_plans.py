"""What is asked of users, beside each other, answered from the rollup."""

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

ROLES = ("days_of_role", "days_since_role")
POWER = ("frequent_users", "broad_users", "deep_users", "power_users", "emerged_users", "days_since_emerged")


def users(history: History, questions: list[Question], contract: ir.Table | None) -> ir.Table:
    """Answer how many users, and how active they are beside each other.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        ``active_users``, ``busiest_user_days``, ``busiest_user_events``, those of roles and those of power users.
    contract : Table or None
        Not used.

    Returns
    -------
    Table
        One row for each row of the grid that has users.
    """
    # a question may look at the window before its own too
    reach = max(last + before for one in questions for last, before in _windows(one))
    past = history.past_usage("people", days=reach)
    past = past.filter(past.user_id.notnull())
    counts: dict[str, Any] = {}
    for one in questions:
        for window in _windows(one):
            counts |= _counts(past, one, window)
    people = past.group_by([*KEY, "user_id"]).aggregate(**counts)
    if any(one.what in ROLES for one in questions):
        people = _with_roles(history, people)
    power = {window for one in questions if one.what in POWER for window in _windows(one)}
    if power:
        people = _with_power(history, history.kept(people), power, next(one for one in questions if one.what in POWER))
    return people.group_by(KEY).aggregate(**{one.column: _of_people(people, one) for one in questions})


def _windows(one: Question) -> list[tuple[int, int]]:
    emerging = one.what in ("emerged_users", "days_since_emerged")
    return [(one.last, one.before), *([(one.last, one.before + one.last)] if emerging else [])]


def _counts(past: ir.Table, one: Question, window: tuple[int, int]) -> dict[str, Any]:
    last, before = window
    name = f"{last}_{before}"
    chosen = (past.age > before) & (past.age <= before + last)
    none = ibis.literal(0, "int64")
    # a day that became known in several rows is one day of work
    counts: dict[str, Any] = {f"days_{name}": ibis.ifelse(chosen, past["first"], none).sum().cast("int64")}
    if one.what in POWER or one.what == "busiest_user_events":
        counts[f"events_{name}"] = ibis.ifelse(chosen, past.events, none).sum().cast("int64")
    if one.what in POWER:
        for word in _words(past):
            counts[f"{word}_{name}"] = ibis.ifelse(chosen, past[word], none).bit_or()
        counts[f"began_{name}"] = ibis.ifelse(chosen, past.age, none).max()
    if one.what == "days_since_role":
        counts[f"last_{name}"] = ibis.ifelse(chosen, past.age, ibis.null("int64")).min()
    return counts


def _with_power(history: History, people: ir.Table, windows: set[tuple[int, int]], one: Question) -> ir.Table:
    """Say of each user whether they are far above their account's average, in which way, in each window."""
    words = [column for column in people.columns if column.startswith(WORD)]
    sums: dict[str, Any] = {}
    for last, before in sorted(windows):
        name = f"{last}_{before}"
        mine = [word for word in words if word.endswith(f"_{name}")]
        people = people.mutate(**{f"features_{name}": ones(history, [people[word] for word in mine])})
        sums |= {f"all_{what}_{name}": people[f"{what}_{name}"].sum() for what in ("days", "events", "features")}
        sums[f"all_users_{name}"] = ibis.ifelse(people[f"days_{name}"] > 0, 1, 0).sum()
    totals = people.group_by(KEY).aggregate(**{name: total.cast("int64") for name, total in sums.items()})
    people = people.inner_join(totals, KEY)
    limits = history.tables.settings.thresholds
    flags: dict[str, Any] = {}
    for last, before in sorted(windows):
        name = f"{last}_{before}"
        days, events, features = (people[f"{what}_{name}"] for what in ("days", "events", "features"))
        active = people[f"all_users_{name}"]
        # x >= factor times the mean, without dividing: whole numbers stay whole
        often = days * active >= limits.power_user_factor * people[f"all_days_{name}"]
        broad = features * active >= limits.power_user_factor * people[f"all_features_{name}"]
        deep = events * people[f"all_days_{name}"] >= limits.power_user_factor * people[f"all_events_{name}"] * days
        flags[f"frequent_{name}"] = often & (days >= limits.power_user_days)
        flags[f"broad_{name}"] = broad & (features >= limits.power_user_features)
        flags[f"deep_{name}"] = deep & (days >= limits.deep_user_days)
    people = people.mutate(**{name: ibis.ifelse(flag, 1, 0) for name, flag in flags.items()})
    power = {
        f"power_{last}_{before}": ibis.greatest(
            *(people[f"{what}_{last}_{before}"] for what in ("frequent", "broad", "deep"))
        )
        for last, before in sorted(windows)
    }
    return people.mutate(**power)


def _of_people(people: ir.Table, one: Question) -> Any:
    name = f"{one.last}_{one.before}"
    worked = people[f"days_{name}"]
    if one.what == "active_users":
        return ibis.ifelse(worked > 0, 1, 0).sum().cast("int64")
    if one.what in ("frequent_users", "broad_users", "deep_users", "power_users"):
        return people[f"{one.what.removesuffix('_users')}_{name}"].sum().cast("int64")
    if one.what == "busiest_user_days":
        return worked.max()
    if one.what == "busiest_user_events":
        return people[f"events_{name}"].max()
    if one.what == "days_since_role":
        return ibis.ifelse(people.role.isin(one.kinds), people[f"last_{name}"], ibis.null("int64")).min()
    if one.what == "days_of_role":
        return ibis.ifelse(people.role.isin(one.kinds), worked, 0).max()
    emerged = (people[f"power_{name}"] == 1) & (people[f"power_{one.last}_{one.before + one.last}"] == 0)
    if one.what == "emerged_users":
        return ibis.ifelse(emerged, 1, 0).sum().cast("int64")
    return ibis.ifelse(emerged, people[f"began_{name}"], ibis.null("int64")).min()


def _with_roles(history: History, people: ir.Table) -> ir.Table:
    listed = history.facts("users")
    roles = listed.select(
        "account_id",
        "user_id",
        role=listed.role,
        role_since=listed.role_since if "role_since" in listed.columns else ibis.null("date"),
        invited=listed.day,
        listed=listed.known_day,
    )
    joined = people.left_join(roles, ["account_id", "user_id"]).drop("account_id_right", "user_id_right")
    held = joined.role_since.isnull() | (joined.role_since <= joined.as_of)
    # a list of users need not say when each was invited; where it does, who is not known yet has no role
    held &= ibis.coalesce(joined.invited < joined.as_of, True) & ibis.coalesce(joined.listed < joined.as_of, True)
    role = ibis.ifelse(held, joined.role, ibis.null("string"))
    return joined.mutate(role=role).drop("role_since", "invited", "listed")


def _words(past: ir.Table) -> list[str]:
    return [column for column in past.columns if column.startswith(WORD)]
